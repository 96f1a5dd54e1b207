//! One parcel's page through a loopback site that plays a county's assessor: session, terms, search, list, record, and
//! everything that can go wrong on the way. For each: the right values or a clear error, and nothing half-stored.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rusqlite::Connection;
use taptrace::ingest::fetch::client::{Client, Limits, Options};
use taptrace::ingest::fetch::guard::Guard;
use taptrace::ingest::page;
use taptrace::ingest::page::profile::PageProfile;
use taptrace::model::date::Instant;
use taptrace::pipeline::fetch_vault::EvidenceVault;
use taptrace::pipeline::page_refresh::{self, Comparison, Ended, Error, Refreshed, Wanted};
use taptrace::store::Authorship;
use tempfile::TempDir;

use crate::http_server::{Answer, Asked, How, Server};
use crate::support::PROGRAM;

const ROLL: &str = "parcel_no,assessor_account_no,situs_address,situs_city,owner,mailing_address,mail_city,mail_state,mail_zip,sale_date,sale_price,site_id
03125-93-060,R17,1722 S EXAMPLE AVE E,TULSA,\"OLDWELL, DORA\",PO BOX 1708,TULSA,OK,74101,2019-01-17,90000,501
03125-93-061,,1724 S EXAMPLE AVE E,TULSA,SAMPLE HOMES LLC,12 ELM ST,TULSA,OK,74102,,,502
03125-93-062,R19,1726 S EXAMPLE AVE E UNIT B,TULSA,EXAMPLE CHURCH,1726 S EXAMPLE AVE E,TULSA,OK,74112,,,503
";

const SITE: &str = r##"
name = "site"
base = "BASE/assessor/"
[pages]
record = [{ css = "#general" }]
list = [{ css = "#pickone" }]
no_hit = [{ text = "no records" }]
terms = [{ css = "form#terms" }]
form = [{ css = "form#search" }]
[[search]]
by = "account"
step = [{ get = "property?account={account_no}" }]
[[search]]
by = "situs"
[[search.step]]
get = "search"
[[search.step]]
post = ""
hidden = "form#search"
form = { streetno = "{address_number}", streetname = "{street_name}", subaddr = "{unit?}" }
[terms]
post = ""
hidden = "form#terms"
form = { accepted = "yes" }
[list]
row = "#pickone tr[goto]"
attr = "goto"
cells = { account_no = 1, owner = 2 }
count = '(\d+) records match'
next = "a.next"
[fields]
account_no = "Account"
parcel_no = "Parcel"
owner_lines = "Owner"
mailing_lines = "Mailing address"
sale_date = { table = "transfers", column = "date" }
sale_price = { table = "transfers", column = "price" }
[tables.transfers]
columns = { date = "Date", price = "Price", grantee = "Grantee" }
"##;

fn record_of(parcel: &str, account: &str, owner: &str) -> String {
    format!(
        "<html><body><div id=general><table><tr><td>Account:<td>{account}</tr><tr><td>Parcel:<td>{parcel}</tr>\
         <tr><td>Owner<td>{owner}</tr><tr><td>Mailing address<td>P.O. BOX 1708<br>TULSA, OK 74101-0017</tr></table></div>\
         <table><tr><th>Date<th>Price<th>Grantee</tr><tr><td>6/24/2023<td>$150,000<td>{owner}</tr></table></body></html>"
    )
}

fn seventeen() -> String {
    record_of("03125-93-060", "R17", "TESTWELL ANA &amp; BRUNO")
}

/// A database with the roll, made once and copied.
struct Desk {
    dir: TempDir,
}

impl Desk {
    fn new() -> Self {
        static MADE: OnceLock<TempDir> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("roll.csv"), ROLL).unwrap();
            let args = ["import", "roll", "roll.csv", "--as-of", "2026-01-05", "--db", "t.db"];
            let out = Command::new(PROGRAM).args(args).current_dir(dir.path()).output().unwrap();
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            Connection::open(dir.path().join("t.db"))
                .unwrap()
                .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
                .unwrap();
            dir
        });
        let dir = tempfile::tempdir().unwrap();
        std::fs::copy(made.path().join("t.db"), dir.path().join("t.db")).unwrap();
        std::fs::copy(made.path().join("t.db.anchor"), dir.path().join("t.db.anchor")).unwrap();
        Self { dir }
    }

    fn db(&self) -> PathBuf {
        self.dir.path().join("t.db")
    }

    fn count(&self, table: &str) -> i64 {
        let db = Connection::open(self.db()).unwrap();
        db.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |r| r.get(0)).unwrap()
    }

    /// Asks for a parcel; `accepts_terms` as a person would say.
    fn ask(&self, server: &Server, parcel_no: &str, accepts_terms: bool) -> Result<Ended, Error> {
        self.ask_with(&profile(server, SITE), parcel_no, accepts_terms, Duration::ZERO)
    }

    fn ask_with(&self, profile: &PageProfile, parcel: &str, terms: bool, age_max: Duration) -> Result<Ended, Error> {
        let authorship = Authorship {
            actor: "tester".to_owned(),
            reason: "fetch page".to_owned(),
            at: Instant("2026-01-06T08:00:00Z".to_owned()),
        };
        let vault = Arc::new(EvidenceVault::open(&self.db(), &authorship).unwrap());
        let ms = Duration::from_millis;
        let limits = Limits {
            silence: ms(150),
            one_try: ms(300),
            deadline: ms(700),
            n_tries_max: 2,
            pause: ms(0),
            backoff_first: ms(1),
            backoff_max: ms(2),
            ..Limits::default()
        };
        let client = Client::new(Options {
            contact: "tests@city.example".to_owned(),
            guard: Guard::new([], ["127.0.0.1"]),
            limits,
            permissions: std::collections::BTreeMap::new(),
            proxy: None,
            stop: Arc::new(AtomicBool::new(false)),
            vault: Arc::clone(&vault) as _,
        })
        .unwrap();
        let wanted = Wanted { parcel_no: parcel, profile, with: &[], accepts_terms: terms, age_max };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(page_refresh::run(&self.db(), &vault, &client, &wanted))
    }
}

fn profile(server: &Server, text: &str) -> PageProfile {
    PageProfile::parse("site", &text.replace("BASE", &server.url(""))).unwrap()
}

/// A server that answers every question for a page alike.
fn always(answer: Answer) -> Server {
    Server::start(move |asked| (asked.path != "/robots.txt").then(|| answer.clone()))
}

fn refreshed(ended: Ended) -> Refreshed {
    match ended {
        Ended::Refreshed(found) => *found,
        other => panic!("{other:?}"),
    }
}

fn page_error(result: Result<Ended, Error>) -> page::Error {
    match result {
        Err(Error::Page(error)) => *error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_stands_beside_the_roll_with_what_changed() {
    let desk = Desk::new();
    let server = always(Answer::html(seventeen()).gzip());
    let found = refreshed(desk.ask(&server, "03125-93-060", false).unwrap());
    let told: Vec<(&str, Comparison)> = found.compared.iter().map(|c| (c.field.as_str(), c.comparison)).collect();
    let wanted = [
        ("owner_lines", Comparison::Changed),
        ("mailing_lines", Comparison::Same),
        ("sale_date", Comparison::Changed),
        ("sale_price", Comparison::Changed),
    ];
    assert_eq!(told, wanted);
    assert_eq!(
        (found.compared[0].roll.as_str(), found.compared[0].page.as_str()),
        ("OLDWELL, DORA", "TESTWELL ANA & BRUNO")
    );
    assert_eq!(found.compared[3].page, "15000000");
    // The roll is as it was; the values point to their kept response and their element.
    let db = Connection::open(desk.db()).unwrap();
    let owner: String = db
        .query_row("SELECT owner_text FROM owner_on_roll WHERE parcel_no = '03125-93-060'", [], |r| r.get(0))
        .unwrap();
    assert_eq!(owner, "OLDWELL, DORA");
    let (value, path, sha256): (String, String, String) = db
        .query_row(
            "SELECT v.value, v.selector_path, r.sha256 FROM page_value v JOIN page_refresh r USING (page_refresh_id)
             JOIN fetch_response f ON f.sha256 = r.sha256 JOIN source_snapshot s ON s.snapshot_id = r.snapshot_id AND s.sha256 = f.sha256
             WHERE v.field = 'owner_lines'",
            [],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )
        .unwrap();
    assert_eq!(value, "TESTWELL ANA & BRUNO");
    assert!(path.starts_with("html > body > div > table") && path.ends_with("td:nth-of-type(2)"), "{path}");
    assert_eq!(sha256, found.source.sha256);
    assert!(db.execute("UPDATE page_value SET value = 'X'", []).is_err());
    assert!(db.execute("DELETE FROM page_value", []).is_err());
    assert!(taptrace::store::Reader::open(&desk.db()).unwrap().verify_audit().unwrap().is_empty());
}

#[test]
fn a_page_read_today_is_not_asked_for_again() {
    let desk = Desk::new();
    let server = always(Answer::html(seventeen()));
    let site = profile(&server, SITE);
    let day = Duration::from_secs(86_400);
    let first = refreshed(desk.ask_with(&site, "03125-93-060", false, day).unwrap());
    let second = refreshed(desk.ask_with(&site, "03125-93-060", false, day).unwrap());
    assert!(!first.is_earlier && second.is_earlier);
    assert_eq!(first.compared, second.compared);
    assert_eq!(server.log().len(), 1);
    // Asked again all the same: a new reading of the same bytes, under the same snapshot.
    refreshed(desk.ask_with(&site, "03125-93-060", false, Duration::ZERO).unwrap());
    assert_eq!((desk.count("page_refresh"), server.log().len()), (2, 2));
    assert_eq!(desk.count("source_snapshot WHERE source_kind = 'page'"), 1);
}

/// The whole way: session cookie, terms, hidden field of the form, list over two pages, record.
fn county(asked: &Asked) -> Option<Answer> {
    let form = "<html><form id=search method=post action=\"find?step=2\"><input type=hidden name=__VIEWSTATE value=\"v=1&2\">\
                <input type=text name=streetno></form></html>";
    let has_session = asked.header("cookie").is_some_and(|c| c.contains("sid=7"));
    let has_accepted = asked.header("cookie").is_some_and(|c| c.contains("terms=yes"));
    let row = |account: &str, owner: &str| {
        format!("<tr goto=\"/assessor/property?account={account}\"><td>{account}<td>{owner}</tr>")
    };
    Some(match asked.path.as_str() {
        "/assessor/search" if !has_accepted => Answer::html(
            "<html><form id=terms method=post action=terms><input type=hidden name=token value=t9><button>I agree</button></form></html>",
        )
        .header("Set-Cookie", "sid=7; Path=/"),
        "/assessor/terms" if has_session && asked.param("token") == Some("t9") && asked.param("accepted") == Some("yes") => {
            Answer::redirect(303, "/assessor/home").header("Set-Cookie", "terms=yes; Path=/")
        }
        "/assessor/home" => Answer::html("<html>Welcome</html>"),
        "/assessor/search" => Answer::html(form),
        "/assessor/find" if has_session && asked.param("__VIEWSTATE") == Some("v=1&2") => match asked.param("streetno") {
            Some("1724") => Answer::html(format!(
                "<html><p>3 records match</p><table id=pickone>{}{}</table><a class=next href=\"/assessor/more?page=2\">next</a></html>",
                row("R21", "TESTWELL ANA"),
                row("R22", "SAMPLE HOMES LLC")
            )),
            Some("1726") => Answer::html("<html>Sorry, no records.</html>"),
            _ => Answer::html(form),
        },
        "/assessor/more" => Answer::html(format!("<html><p>3 records match</p><table id=pickone>{}</table></html>", row("R23", "EXAMPLE INC"))),
        "/assessor/property" => match asked.param("account") {
            Some("R17") => Answer::html(seventeen()),
            Some("R19") => Answer::html("<html>No records.</html>"),
            _ => return None,
        },
        _ => return None,
    })
}

#[test]
fn terms_are_accepted_by_a_person_only_and_several_hits_are_not_decided() {
    let desk = Desk::new();
    let server = Server::start(county);
    let refused = page_error(desk.ask(&server, "03125-93-061", false));
    assert!(matches!(&refused, page::Error::Terms { url, .. } if url.ends_with("/assessor/search")));
    assert!(refused.hint().contains("--accept-terms"));
    assert!(server.log().iter().all(|a| a.path != "/assessor/terms"));
    let Ended::Several(candidates) = desk.ask(&server, "03125-93-061", true).unwrap() else { panic!("not several") };
    let owners: Vec<&str> = candidates.iter().map(|c| c.text("owner")).collect();
    assert_eq!(owners, ["TESTWELL ANA", "SAMPLE HOMES LLC", "EXAMPLE INC"]);
    assert_eq!(candidates[2].url.path(), "/assessor/property");
    assert_eq!(desk.count("page_refresh") + desk.count("page_value"), 0);
    // Every response on the way is evidence: 1 refused walk, then terms, acceptance, redirect, form, two pages of the list.
    assert_eq!(desk.count("fetch_response WHERE url_final NOT LIKE '%robots.txt'"), 7);
}

#[test]
fn no_hit_is_an_answer() {
    let desk = Desk::new();
    let server = Server::start(county);
    assert_eq!(desk.ask(&server, "03125-93-062", true).unwrap(), Ended::Nothing);
    assert_eq!(desk.count("page_refresh"), 0);
}

#[test]
fn a_candidate_with_the_very_account_is_the_one() {
    let desk = Desk::new();
    let list = "<html><p>2 records match</p><table id=pickone><tr goto=\"property?account=R18\"><td>R18<td>A</tr>\
                <tr goto=\"property?account=R17&amp;go=1\"><td>R-17<td>B</tr></table></html>";
    let server = Server::start(move |asked| match (asked.path.as_str(), asked.param("go")) {
        ("/assessor/property", None) => Some(Answer::html(list)),
        ("/assessor/property", Some(_)) => Some(Answer::html(seventeen())),
        _ => None,
    });
    let found = refreshed(desk.ask(&server, "03125-93-060", false).unwrap());
    assert!(found.source.url.ends_with("account=R17&go=1"), "{}", found.source.url);
}

#[test]
fn pages_that_cannot_be_trusted_are_told_and_nothing_is_stored() {
    let whole = seventeen();
    let cut = whole[..whole.len() - 9].to_owned();
    let other = record_of("03125-93-999", "R99", "TESTWELL ANA");
    let list = |rows: &str| format!("<html><p>2 records match</p><table id=pickone>{rows}</table></html>");
    let row = |n: u32| format!("<tr goto=\"property?account=R{n}\"><td>R{n}<td>A</tr>");
    let cases: Vec<(&str, Answer)> = vec![
        ("cut off", Answer::html(cut.clone()).how(How::UntilClose)),
        ("cut off", Answer::html(cut).gzip()),
        ("does not let us in: a captcha", Answer::html("<html><div class=g-recaptcha></div></html>")),
        ("does not let us in: access denied", Answer::new(403, "text/html", "<h1>Access Denied</h1>")),
        ("status 404", Answer::new(404, "text/html", "<html>Not here</html>")),
        ("the site has changed", Answer::html("<html><h1>Our new site</h1></html>")),
        ("search form again", Answer::html("<html><form id=search></form></html>")),
        (
            "field owner_lines: label \"Owner\" finds nothing",
            Answer::html(whole.replace("<td>Owner<td>", "<td>Holder<td>")),
        ),
        (
            "field owner_lines: label \"Owner\" is empty",
            Answer::html(whole.replace("TESTWELL ANA &amp; BRUNO</tr><tr><td>Mail", "</tr><tr><td>Mail")),
        ),
        ("column date of table transfers finds nothing", Answer::html(whole.replace("<th>Price", "<th>Amount"))),
        ("is no date", Answer::html(whole.replace("6/24/2023", "soon"))),
        ("asked for 03125-93-060 / R17, the page", Answer::html(other)),
        ("2 candidates are announced, 1 came", Answer::html(list(&row(18)))),
        (
            "came twice",
            Answer::html(
                list(&(row(18) + &row(19)))
                    .replace("</html>", "<a class=next href=\"/assessor/property?account=R17\">n</a></html>"),
            ),
        ),
        ("more than 1048576", Answer::html("x".repeat(1_048_577))),
    ];
    let desk = Desk::new();
    for (words, answer) in cases {
        let server = always(answer);
        let error = desk.ask(&server, "03125-93-060", false).unwrap_err();
        let text = match &error {
            Error::Fetch(e) => e.to_string().replace("larger than", "more than"),
            other => other.to_string(),
        };
        assert!(text.contains(words), "{words}: {text}");
        assert!(!error.hint().is_empty());
    }
    assert_eq!(
        (
            desk.count("page_refresh"),
            desk.count("page_value"),
            desk.count("source_snapshot WHERE source_kind = 'page'")
        ),
        (0, 0, 0)
    );
    // What came is evidence all the same, but for the page that was too large to take.
    assert!(desk.count("fetch_response") >= 14);
}

#[test]
fn the_network_may_break_slow_down_and_lie() {
    let desk = Desk::new();
    let body = seventeen().replace("BRUNO", "PE\u{d1}A");
    let latin: Vec<u8> = body.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let slow = body.clone().into_bytes();
    for (answer, warns) in [
        (Answer::html(latin.clone()), true),
        (Answer::new(200, "text/html", latin.clone()), false),
        (Answer::new(200, "text/html; charset=windows-1252", body.clone()), true),
        (Answer::html(slow).how(How::Slow(200, 10)), false),
        (Answer::html(body).how(How::Chunked), false),
    ] {
        let server = always(answer);
        let found = refreshed(desk.ask(&server, "03125-93-060", false).unwrap());
        assert_eq!(found.compared[0].page, "TESTWELL ANA & PEÑA", "{}", found.source.charset);
        assert_eq!(!found.warnings.is_empty(), warns, "{:?}", found.warnings);
    }
    let n_stored = desk.count("page_refresh");
    for broken in [
        Answer::html(latin).how(How::Cut(100)),
        Answer::html("").how(How::Late(5_000)),
        Answer::html("").how(How::Drop),
    ] {
        let server = always(broken);
        assert!(matches!(desk.ask(&server, "03125-93-060", false), Err(Error::Fetch(_))));
    }
    assert_eq!(desk.count("page_refresh"), n_stored);
}

#[test]
fn nobody_is_led_to_another_host() {
    let desk = Desk::new();
    let server = always(Answer::redirect(302, "http://evil.example/assessor"));
    let Err(Error::Fetch(error)) = desk.ask(&server, "03125-93-060", false) else { panic!("followed") };
    assert!(error.to_string().contains("evil.example"), "{error}");
    let list =
        "<html><p>1 records match</p><table id=pickone><tr goto=\"//evil.example/x\"><td>R17<td>A</tr></table></html>";
    let server = always(Answer::html(list));
    let error = page_error(desk.ask(&server, "03125-93-060", false));
    assert!(matches!(&error, page::Error::ForeignHost { url, .. } if url == "http://evil.example/x"), "{error}");
    assert_eq!(server.log().len(), 1);
}

#[test]
fn a_site_that_never_comes_to_an_end_is_left() {
    let desk = Desk::new();
    let n = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |asked| {
        (asked.path != "/robots.txt").then(|| {
            let n = n.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Answer::html(format!(
                "<html><p>9 records match</p><table id=pickone><tr goto=\"property?account=X{n}\"><td>X{n}<td>A</tr></table>\
                 <a class=next href=\"more?n={n}\">next</a></html>"
            ))
        })
    });
    let error = page_error(desk.ask(&server, "03125-93-060", false));
    assert!(matches!(error, page::Error::TooManyRequests { n: 12, .. }), "{error}");
    assert_eq!(server.log().len(), 12);
}

#[test]
fn nothing_is_asked_about_an_owner_withheld_by_law_or_an_unknown_parcel() {
    let desk = Desk::new();
    let server = always(Answer::html(seventeen()));
    refreshed(desk.ask(&server, "03125-93-060", false).unwrap());
    Connection::open(desk.db())
        .unwrap()
        .execute_batch(
            "INSERT INTO suppression (parcel_id, basis, order_ref, from_date, entered_by, entered_at)
             SELECT parcel_id, 'court order', 'CV-1', '2020-01-01', 't', '2026-01-01T00:00:00Z' FROM parcel WHERE parcel_no = '03125-93-060'",
        )
        .unwrap();
    assert!(matches!(desk.ask(&server, "03125-93-060", false), Err(Error::Withheld { .. })));
    assert!(matches!(desk.ask(&server, "nowhere", false), Err(Error::NoParcel { .. })));
    assert_eq!(server.log().len(), 1);
    // What was read before the order is withheld as well.
    let reader = taptrace::store::Reader::open(&desk.db()).unwrap();
    let shown = page_refresh::last_read(&reader, "03125-93-060").unwrap().unwrap();
    assert!(shown.values.iter().all(|v| !v.value.contains("TESTWELL")), "{:?}", shown.values);
    assert!(shown.compared.is_empty());
    let body = crate::support::shell(
        desk.dir.path(),
        &format!("taptrace --db t.db source show {} --body", shown.source.sha256),
    );
    let told = String::from_utf8(body.stderr).unwrap();
    assert!(body.status.code() == Some(2) && body.stdout.is_empty() && told.contains("withheld by law"), "{told}");
    // A parcel without anything to search by names what is lacking.
    let other = profile(
        &server,
        &SITE.replace("account={account_no}", "id={attr:SITE_NO}").replace("{address_number}", "{attr:NO}"),
    );
    let error = page_error(desk.ask_with(&other, "03125-93-061", true, Duration::ZERO));
    assert!(matches!(&error, page::Error::NothingToSearchBy { lacking, .. } if lacking == "attr:SITE_NO"), "{error}");
    // A column of the county's own file serves as well.
    let other = profile(&server, &SITE.replace("account={account_no}", "id={attr:SITE_ID}"));
    drop(desk.ask_with(&other, "03125-93-061", true, Duration::ZERO));
    assert_eq!(server.log().last().and_then(|a| a.param("id").map(str::to_owned)).as_deref(), Some("502"));
}

fn run(dir: &Path, server: &Server, args: &[&str]) -> Output {
    std::fs::write(dir.join("site.toml"), SITE.replace("BASE", &server.url(""))).unwrap();
    Command::new(PROGRAM)
        .args(args)
        .args(["--db", "t.db", "--page-profile", "site.toml", "--contact", "tests@city.example"])
        .args(["--allow-private", "127.0.0.1", "--pause-ms", "0"])
        .current_dir(dir)
        .env("TAPTRACE_ACTOR", "tester")
        .output()
        .unwrap()
}

fn run_research(dir: &Path, server: &Server, args: &[&str]) -> Output {
    run(dir, server, &[&["research"], args].concat())
}

#[test]
fn the_command_shows_what_changed_and_research_asks_only_when_told() {
    let desk = Desk::new();
    let server = always(Answer::html(seventeen().replace("TESTWELL", "TEST\u{1b}[2JWELL\u{202e}")));
    let out = run(desk.dir.path(), &server, &["fetch", "page", "--parcel", "03125-93-060", "--paths"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(1), "{text}{}", String::from_utf8_lossy(&out.stderr));
    for wanted in [
        "CHANGED  owner_lines    OLDWELL, DORA",
        "TEST [2JWELL ANA & BRUNO",
        "$150,000.00",
        "html > body > div > table",
        "kept as",
    ] {
        assert!(text.contains(wanted), "{wanted}:\n{text}");
    }
    assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')));
    let out = run(desk.dir.path(), &server, &["fetch", "page", "--parcel", "03125-93-060", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((json["is_earlier"].as_bool(), json["found"].as_str()), (Some(true), Some("record")));
    assert_eq!(server.log().len(), 1);
    // Research shows what was read, and asks the site only with --live.
    let out = run_research(desk.dir.path(), &server, &["03125-93-060"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("OLDWELL, DORA") && text.contains("assessor page of") && text.contains("CHANGED"), "{text}");
    let out = run_research(desk.dir.path(), &server, &["03125-93-060", "--live", "--again", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(json["live"]["is_earlier"].as_bool(), Some(false), "{json}");
    assert_eq!((out.status.code(), server.log().len()), (Some(1), 2));
    // A site that does not answer spoils no answer from the roll.
    let out = run_research(desk.dir.path(), &server, &["03125-93-061", "--live"]);
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(
        out.status.code() == Some(1) && text.contains("SAMPLE HOMES LLC") && text.contains("not refreshed"),
        "{text}"
    );
    let failed = run(desk.dir.path(), &server, &["fetch", "page", "--parcel", "nowhere"]);
    let text = String::from_utf8(failed.stderr).unwrap();
    assert!(failed.status.code() == Some(2) && text.contains("hint: taptrace --db t.db research"), "{text}");
}

#[test]
fn a_fetched_page_is_the_document_of_a_research_step() {
    let desk = Desk::new();
    let server = always(Answer::html(seventeen()).gzip());
    let dir = desk.dir.path();
    let case = |line: &str| {
        let line = format!("TAPTRACE_DB=t.db taptrace case {line} --role supervisor --reason test");
        let Output { status, stdout, stderr } = crate::support::shell(dir, &line);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    };
    let (code, opened, told) = case("open --parcel 03125-93-060 --violation slip --source tip");
    assert_eq!(code, 0, "{told}");
    let case_no = opened.split_whitespace().find(|w| w.starts_with("IC-")).unwrap().trim_end_matches(':').to_owned();
    let step = format!("checklist {case_no} --step roll --result \"page differs\" --fetched");
    let (code, _, told) = case(&format!("{step} last"));
    assert!(code == 2 && told.contains("no page was read for the parcel"), "{told}");
    let found = refreshed(desk.ask(&server, "03125-93-060", false).unwrap());
    let hash = &found.source.sha256;
    for word in [hash.get(..5).unwrap(), "ffffffffff"] {
        let (code, _, told) = case(&format!("{step} {word}"));
        assert!(code == 2 && told.contains("E_NOT_FOUND"), "{word}: {told}");
    }
    // By its hash and as the page read last it is one piece of evidence, readable although the server packed it.
    let (_, first, told) = case(&format!("{step} {}", &hash[..8]));
    assert!(first.contains("EV-"), "{first} {told}");
    let (_, second, _) = case(&format!("{step} last"));
    assert_eq!(first, second);
    let db = Connection::open(desk.db()).unwrap();
    let (n, name, mime, sha256): (i64, String, String, String) = db
        .query_row("SELECT COUNT(*), original_name, mime, sha256 FROM evidence", [], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
        })
        .unwrap();
    assert_eq!((n, mime.as_str()), (1, "text/html"));
    assert!(name.starts_with(&found.source.url) && name.contains(&format!("unpacked from {hash}")), "{name}");
    let bytes = std::fs::read(taptrace::pipeline::case_evidence::path_of(&desk.db(), &sha256)).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), seventeen());
}

#[test]
fn a_site_that_changed_is_told_with_the_way_to_mend_the_profile() {
    let desk = Desk::new();
    let server = always(Answer::html(seventeen().replace("Owner", "Holder")).gzip());
    let failed = run(desk.dir.path(), &server, &["fetch", "page", "--parcel", "03125-93-060"]);
    let told = String::from_utf8(failed.stderr).unwrap();
    assert!(failed.status.code() == Some(2) && told.contains("field owner_lines"), "{told}");
    assert!(told.contains("fetch test site.toml --page page.html"), "{told}");
    let (_, hint) = told.split_once("hint: get the page with: ").unwrap();
    let command = hint.split("   ").next().unwrap();
    let line = format!("export TAPTRACE_DB=t.db; {command} && taptrace fetch inspect-page page.html -o mine.toml");
    let made = crate::support::shell(desk.dir.path(), &line);
    assert_eq!(made.status.code(), Some(1), "{line}: {}", String::from_utf8_lossy(&made.stderr));
    let page = std::fs::read_to_string(desk.dir.path().join("page.html")).unwrap();
    assert_eq!(page, seventeen().replace("Owner", "Holder"));
}
