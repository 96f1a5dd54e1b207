//! `fetch parcels` and `source` as a user types them, against the loopback server.

use std::path::Path;
use std::process::Output;

use taptrace::model::date::Instant;
use taptrace::pipeline::fetch_vault::EvidenceVault;
use taptrace::store::Authorship;

use crate::arcgis_server::{Layer, Service};
use crate::http_server::{Answer, Asked, How, Server};
use crate::support;

/// A folder with a configuration that lets the loopback server be asked, fast.
fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let config =
        "[fetch]\ncontact = \"gis@city.example\"\nprivate_hosts = [\"127.0.0.1\"]\npause_ms = 0\nbackoff_ms = 1\n";
    std::fs::write(dir.path().join("taptrace.toml"), config).unwrap();
    dir
}

fn run(dir: &Path, line: &str) -> (i32, String, String) {
    let Output { status, stdout, stderr } = support::shell(dir, line);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn a_layer_is_described_fetched_shown_checked_and_handed_over() {
    let (layer, dir) = (Layer::start(Service::new(120)), place());
    let (url, at) = (layer.url(), dir.path());
    let (code, out, _) = run(at, &format!("taptrace fetch parcels {url}/query?f=json --dry-run"));
    assert_eq!(code, 0);
    for part in ["rows: 120", "at most 50; pages by offset: yes", "coordinate system: 3857", "parcel_no from parcel_id"]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (code, _, told) = run(at, &format!("taptrace fetch parcels {url}"));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("(Lots): 120 rows in 3 pages, paged by offset"), "{told}");
    assert!(told.contains("read 120 rows = 120 stored + 0 rejected + 0 duplicate"), "{told}");
    let (code, _, told) = run(at, &format!("taptrace fetch parcels {url}"));
    assert!(code == 0 && told.contains("the roll is as before"), "{told}");
    let (code, out, _) = run(at, "taptrace source list");
    assert!(code == 0 && out.contains("parcels") && out.contains(&url), "{out}");
    let (code, out, _) = run(at, "taptrace source show 1 --row 51");
    assert!(code == 0 && out.contains("row 1 of the page") && out.contains("\"parcel_id\":\"P-00050\""), "{out}");
    assert!(out.contains("resultOffset=50") && out.contains("fetched by tester"), "{out}");
    let (_, json, _) = run(at, "taptrace source show 1 --row 51 --format json");
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    let hash = told["row"]["response"]["sha256"].as_str().unwrap().to_owned();
    let (code, body, _) = run(at, &format!("taptrace source show {} --body", &hash[..8]));
    assert!(code == 0 && body.contains("P-00050") && !body.contains("P-00049"), "{body}");
    for wrong in ["source show 99", "source show 1 --row 121", "source show abc", "source show ffffffffffff"] {
        let (code, _, told) = run(at, &format!("taptrace {wrong}"));
        assert!(code == 2 && told.starts_with("error: "), "{wrong}: {told}");
    }
    let (code, out, _) = run(at, "taptrace source verify");
    assert!(code == 0 && out.contains("nothing to report"), "{out}");
    let withheld = "taptrace owner suppress add P-00050 --order-ref CV-1 --from 2020-01-01";
    assert_eq!(run(at, withheld).0, 0);
    for (row, is_withheld) in [(51, true), (52, false)] {
        let (_, out, _) = run(at, &format!("taptrace source show 1 --row {row}"));
        assert_eq!(out.contains("as it came: withheld by law"), is_withheld, "{out}");
        assert_eq!(out.contains("OWNER "), !is_withheld, "{out}");
    }
    let (code, out, _) = run(at, "taptrace source certify 1");
    assert!(
        code == 0 && out.contains(&hash) && out.contains("no difference was found") && !out.contains("{manifest}"),
        "{out}"
    );
    let (code, _, told) = run(
        at,
        "taptrace source export 1 -o a.warc.gz && taptrace source export 1 -o b.warc.gz && cmp a.warc.gz b.warc.gz && taptrace source export 1 -o c.warc && zcat a.warc.gz | cmp - c.warc",
    );
    assert!(code == 0 && told.contains("3 responses"), "{told}");
    let path = taptrace::pipeline::case_evidence::path_of(&at.join("taptrace.db"), &hash);
    std::fs::write(path, "something else").unwrap();
    let (code, out, _) = run(at, "taptrace source verify");
    assert!(code == 1 && out.contains("were changed"), "{out}");
    let (code, out, _) = run(at, "taptrace source certify 1");
    assert!(code == 1 && out.contains("do not sign"), "{out}");
    let (code, _, told) = run(at, "taptrace source export -o c.warc");
    assert!(code == 2 && told.contains("no longer has the hash"), "{told}");
}

#[test]
fn refusals_name_what_to_do() {
    let (layer, dir) = (Layer::start(Service::new(30)), place());
    let (url, at) = (layer.url(), dir.path());
    layer.meddle(|_, _, _| Answer::html("<title>Scheduled maintenance</title>"));
    for (line, code, parts) in [
        (format!("TAPTRACE_CONFIG=/dev/null taptrace fetch parcels {url}"), 2, ["no contact", "--contact"]),
        (
            "taptrace fetch parcels https://gis.example.gov/FeatureServer/0".to_owned(),
            2,
            ["gis.example.gov", "--allow-host"],
        ),
        ("taptrace fetch parcels generic".to_owned(), 2, ["names no service", "--profile NAME"]),
        ("taptrace fetch parcels atlantis".to_owned(), 2, ["no profile called atlantis", "hint"]),
        (format!("taptrace fetch parcels {url} --bbox 1,2,3"), 2, ["is no box", "west,south,east,north"]),
        (
            format!("taptrace fetch parcels {url} --paging pigeon"),
            2,
            ["no way of paging", "offset, oid, range and ids"],
        ),
        (format!("taptrace fetch parcels {url} --since yesterday"), 2, ["YYYY-MM-DD", "since"]),
        (format!("taptrace fetch parcels {url} --since last"), 2, ["no earlier run", "--edit-field"]),
        (format!("taptrace fetch parcels {url}"), 2, ["Scheduled maintenance", "hint: "]),
    ] {
        let (found, _, told) = run(at, &line);
        assert!(found == code && parts.iter().all(|p| told.contains(p)), "{line}: {found}\n{told}");
    }
    layer.meddle(|_, _, answer| answer);
    let (code, _, told) = run(at, &format!("taptrace fetch parcels {url} --where \"owner = 'NOBODY'\""));
    assert!(code == 1 && told.contains("no row meets the query"), "{told}");
    assert_eq!(run(at, &format!("taptrace fetch parcels {url}")).0, 0);
}

#[test]
fn a_second_fetch_is_told_who_holds_the_database_and_a_dead_one_holds_nothing() {
    let (layer, dir) = (Layer::start(Service::new(30)), place());
    let (url, at) = (layer.url(), dir.path());
    let by = Authorship { actor: "ann".to_owned(), reason: "nightly".to_owned(), at: Instant("x".to_owned()) };
    let holder = EvidenceVault::open(&at.join("taptrace.db"), &by).unwrap();
    let (code, _, told) = run(at, &format!("taptrace fetch parcels {url}"));
    let pid = std::process::id();
    let wanted = format!("error: another fetch runs on this database: process {pid}, since 20");
    assert!(code == 2 && told.starts_with(&wanted) && told.contains("by ann (nightly)"), "{told}");
    assert!(told.contains(&format!("kill -INT {pid}")), "{told}");
    assert!(layer.server.log().is_empty(), "nothing was asked");
    drop(holder);
    // A process that is killed in the middle leaves the file, but no lock.
    layer.meddle(|_, _, answer| answer.how(How::Late(60_000)));
    let line = format!(
        "taptrace fetch parcels {url} & sleep 0.4; kill -KILL $!; wait $!; cat taptrace.db.evidence/fetch.lock"
    );
    let (_, out, told) = run(at, &line);
    assert!(out.contains("\ntester\nfetch parcels "), "{out} {told}");
    layer.meddle(|_, _, answer| answer);
    let (code, _, told) = run(at, &format!("taptrace fetch parcels {url}"));
    assert!(code == 0, "{told}");
    assert_eq!(run(at, "taptrace source verify").0, 0);
}

#[test]
fn a_proxy_is_used_when_the_configuration_names_it_and_only_then() {
    let dir = place();
    let at = dir.path();
    let answer =
        |asked: &Asked| asked.path.ends_with("/a").then(|| Answer::json(format!("{{\"asked\":\"{}\"}}", asked.path)));
    let (own, proxy) = (Server::start(answer), Server::start(answer));
    let environment = "http_proxy=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1";
    let (code, _, told) = run(at, &format!("{environment} taptrace fetch url {}", own.url("/a")));
    assert!(code == 0, "the environment's proxy is not used: {told}");
    let with = |proxy: &str| {
        let text = format!(
            "[fetch]\ncontact = \"gis@city.example\"\nhosts = [\"gis.example.test\"]\nprivate_hosts = [\"127.0.0.1\"]\n\
                            pause_ms = 0\nbackoff_ms = 1\ntries = 1\nproxy = \"{proxy}\"\n"
        );
        std::fs::write(at.join("taptrace.toml"), text).unwrap();
    };
    with(&proxy.url("").replace("http://", "http://ann:secret@"));
    let (code, out, told) = run(at, "taptrace fetch url http://gis.example.test/a -o body.json; cat body.json");
    assert!(code == 0 && out.contains("\"asked\":\"http://gis.example.test/a\""), "{out} {told}");
    let evidence: String = rusqlite::Connection::open(at.join("taptrace.db"))
        .unwrap()
        .query_row("SELECT group_concat(host || ' ' || tool_version, '\n') FROM fetch_response", [], |r| r.get(0))
        .unwrap();
    let through = format!(" through the proxy {}", proxy.url("").replace("http://", ""));
    let is_told = |line: &str| line.ends_with(&through) == line.starts_with("gis.example.test ");
    assert!(evidence.contains(&through) && evidence.lines().all(is_told) && !evidence.contains("secret"), "{evidence}");
    let n_asked = proxy.log().len();
    let asked = proxy.log().pop().unwrap();
    assert_eq!(asked.header("proxy-authorization"), Some("Basic YW5uOnNlY3JldA=="));
    let (code, _, told) = run(at, &format!("taptrace fetch url {}", own.url("/b")));
    assert!(
        code == 1 && proxy.log().len() == n_asked && own.log().len() == 2,
        "a host of the own network is asked directly: {told}"
    );
    with("http://127.0.0.1:1");
    let (code, _, told) = run(at, "taptrace fetch url http://gis.example.test/a?x");
    assert!(code == 2 && told.contains("cannot connect through the proxy") && told.contains("[fetch] table"), "{told}");
    with("ann:secret@proxy");
    let (code, _, told) = run(at, "taptrace fetch url http://gis.example.test/a");
    assert!(code == 2 && told.contains("http://HOST:PORT") && !told.contains("secret"), "{told}");
}

/// 102697 is known; 999999 is nobody's.
fn unknown_crs(service: Service) -> Service {
    Service { wkid: 999_999, refuses_out_sr: true, ..service }
}

#[test]
fn the_crs_of_the_profile_stands_in_for_a_system_that_we_do_not_know() {
    let (layer, known, dir) = (Layer::start(unknown_crs(Service::new(30))), Layer::start(Service::new(30)), place());
    let at = dir.path();
    let (url, known) = (layer.url(), known.url());
    let (code, _, told) = run(at, &format!("taptrace fetch parcels {url}"));
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("unknown coordinate system EPSG:999999") || told.contains("999999"), "{told}");
    assert!(told.contains("does not give degrees either") && told.contains("crs = \"EPSG:2267\""), "{told}");
    std::fs::write(
        at.join("own.toml"),
        "name = \"own\"\ncrs = \"EPSG:3857\"\n[columns]\nparcel_no = \"parcel_id\"\nowner_lines = [\"owner\"]\n",
    )
    .unwrap();
    let place_of = |db: &str, url: &str, profile: &str| {
        let (code, _, told) = run(at, &format!("taptrace fetch parcels {url} --db {db} --profile {profile}"));
        assert_eq!(code, 0, "{told}");
        let (_, rows, _) = run(at, &format!("taptrace export parcels --format csv --db {db}"));
        let last_two = |line: &str| line.rsplitn(3, ',').take(2).map(str::to_owned).collect::<Vec<_>>();
        rows.lines().skip(1).map(last_two).collect::<Vec<_>>()
    };
    let stood_in = place_of("a.db", &url, "./own.toml");
    assert_eq!(stood_in.len(), 30);
    assert_eq!(stood_in, place_of("b.db", &known, "generic"));
}

#[test]
fn a_layer_that_can_be_read_in_no_way_says_so() {
    let service = Service { can_offset: false, can_list_ids: false, can_statistics: false, ..Service::new(120) };
    let (layer, dir) = (Layer::start(service), place());
    let (url, at) = (layer.url(), dir.path());
    let (code, _, told) = run(at, &format!("taptrace fetch parcels {url}"));
    assert!(code == 2 && told.contains("neither pages, nor lists its object ids, nor gives their range"), "{told}");
    assert!(told.contains("ask the publisher for a file"), "{told}");
    let (_, _, told) = run(at, &format!("taptrace fetch parcels {url} --where \"owner = 'OWNER 1 LLC'\""));
    assert!(told.contains("--where"), "{told}");
}

#[test]
fn a_profile_that_does_not_fit_is_refused_before_any_page_and_the_hint_leads_to_one_that_does() {
    let (layer, dir) = (Layer::start(Service::new(120)), place());
    let (url, at) = (layer.url(), dir.path());
    std::fs::write(at.join("wrong.toml"), "name = \"wrong\"\n[columns]\nparcel_no = \"APN\"\n").unwrap();
    let (code, _, told) = run(at, &format!("taptrace fetch parcels {url} --profile ./wrong.toml"));
    assert!(code == 2 && told.contains("no column for parcel_no") && told.contains("EditDate"), "{told}");
    assert_eq!(layer.n_row_requests(), 0);
    let commands: Vec<&str> = told.lines().map(str::trim).filter(|l| l.starts_with("taptrace ")).collect();
    assert_eq!(commands.len(), 2, "{told}");
    for command in commands {
        let (code, _, told) = run(at, command);
        // 1: the page of this service names its coordinate system behind the rows, where a file is asked about it.
        assert!(code < 2, "{command}: {told}");
    }
    let (code, _, told) = run(at, &format!("taptrace fetch parcels {url} --profile ./my.toml"));
    assert!(code == 0 && told.contains("120 rows"), "{told}");
}
