//! Page profiles on saved pages: the built-in samples, damaged and hostile pages, and profiles that are wrong.

use std::process::Command;

use proptest::prelude::{ProptestConfig, any, proptest};
use taptrace::ingest::page::Error;
use taptrace::ingest::page::document::Document;
use taptrace::ingest::page::extract::{self, Record};
use taptrace::ingest::page::profile::PageProfile;
use taptrace::ingest::page::propose::{self, Naming};
use taptrace::ingest::page::recognize::{PageKind, recognize};

use crate::support::PROGRAM;

fn profile(name: &str) -> PageProfile {
    PageProfile::load(name).unwrap()
}

/// The record of a page, or why there is none.
fn record(profile: &PageProfile, bytes: &[u8]) -> Result<Record, Error> {
    let page = Document::parse(bytes, None, profile.charset.as_deref())?;
    match recognize(profile, &page)? {
        PageKind::Record => extract::record(profile, &page),
        other => Err(Error::Changed { profile: profile.name.clone(), page: other.as_str().to_owned() }),
    }
}

fn sample(profile: &PageProfile) -> Vec<u8> {
    let sample = profile.sample.iter().find(|s| s.kind == "record").unwrap();
    profile.sample_bytes(&sample.page).unwrap()
}

/// A profile of one small page, for the rules themselves.
fn small(fields: &str) -> PageProfile {
    let text = format!(
        "name = \"small\"\nbase = \"https://assessor.example/\"\n[pages]\nrecord = [{{ css = \"#r\" }}]\n[fields]\n{fields}"
    );
    PageProfile::parse("small", &text).unwrap()
}

const SMALL: &str = "parcel_no = \"Parcel\"\nowner_lines = \"Owner\"\n";

fn page_of(rows: &str) -> String {
    format!("<html><body><table id=r>{rows}</table></body></html>")
}

#[test]
fn built_in_profiles_read_their_pages() {
    for name in PageProfile::built_in() {
        let out = Command::new(PROGRAM).args(["fetch", "test", name, "--format", "json"]).output().unwrap();
        assert_eq!(out.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&out.stdout));
        let lines: Vec<serde_json::Value> = serde_json::from_slice(&out.stdout).unwrap();
        // Every field of every profile must be held by an expectation of some sample, else nobody would notice it break.
        let is_right = |field: &str| lines.iter().any(|l| l["field"] == field && l["verdict"] == "right");
        for field in profile(name).fields.keys().filter(|f| (name, f.as_str()) != ("iasworld", "sale_price")) {
            assert!(is_right(field), "{name}: nothing is expected of {field}");
        }
        assert!(is_right("owner_lines") && is_right("kind"), "{name}");
    }
}

#[test]
fn a_cut_page_is_never_a_record() {
    for name in PageProfile::built_in() {
        let profile = profile(name);
        let bytes = sample(&profile);
        let whole = bytes.trim_ascii_end().len();
        for cut in (0..whole).step_by(whole / 50) {
            let found = record(&profile, &bytes[..cut]);
            assert!(matches!(found, Err(Error::Truncated { .. })), "{name} cut at {cut}: {found:?}");
        }
    }
}

#[test]
fn a_label_that_went_away_names_profile_field_and_page() {
    let profile = profile("oklahoma_county");
    let page = String::from_utf8_lossy(&sample(&profile)).replace("Owner Name 1:", "Holder:");
    let error = record(&profile, page.as_bytes()).unwrap_err();
    let Error::NothingFound { profile, field, rule, page } = &error else { panic!("{error}") };
    assert_eq!(
        (profile.as_str(), field.as_str(), rule.as_str()),
        ("oklahoma_county", "owner_lines", "label \"Owner Name 1\"")
    );
    assert_eq!(page.len(), 16);
    assert!(error.to_string().contains("finds nothing") && error.hint().contains("fetch test oklahoma_county"));
}

#[test]
fn there_is_no_empty_and_no_doubtful_owner() {
    let profile = small(SMALL);
    let read = |rows: &str| record(&profile, page_of(rows).as_bytes());
    let key = "<tr><td>Parcel<td>17</tr>";
    assert_eq!(read(&format!("{key}<tr><td>Owner:<td>TESTWELL ANA</tr>")).unwrap().text("owner_lines"), "TESTWELL ANA");
    for empty in ["", "&nbsp; ", "<script>TESTWELL</script>", "&#8203;&#x202E;"] {
        let found = read(&format!("{key}<tr><td>Owner<td>{empty}</tr>"));
        assert!(matches!(found, Err(Error::EmptyValue { .. })), "{empty:?}: {found:?}");
    }
    assert!(matches!(read(key), Err(Error::NothingFound { .. })));
    assert!(matches!(read(&format!("{key}<tr><td>Owner</tr>")), Err(Error::NothingFound { .. })));
    let two = format!("{key}<tr><td>Owner<td>ANA</tr><tr><td>Owner<td>BEN</tr>");
    assert!(matches!(read(&two), Err(Error::Ambiguous { n: 2, .. })));
    // The same owner twice, or once beside an empty cell, is one owner.
    let same = format!("{key}<tr><td>Owner<td>ANA</tr><tr><td>OWNER <td> ANA</tr><tr><td>Owner<td></tr>");
    assert_eq!(read(&same).unwrap().text("owner_lines"), "ANA");
}

#[test]
fn a_value_can_neither_steer_a_terminal_nor_show_something_else() {
    let profile = small(SMALL);
    let rows = "<tr><td>Parcel<td>17</tr><tr><td>Owner<td>AN\u{1b}]0;x\u{7}A\u{202e}\u{200b} <b onclick=x>B&lt;script&gt;</b><script>alert(1)</script>\
                <style>td{}</style>\u{9b}2J&#x9b;&#0;<br><!-- HIDDEN -->C</tr>";
    let found = record(&profile, page_of(rows).as_bytes()).unwrap();
    let text = found.text("owner_lines");
    assert_eq!(text, "AN ]0;x A B<script> 2J›\u{fffd}\nC");
    assert!(text.lines().all(|l| l.chars().all(|c| !c.is_control())));
}

#[test]
fn a_proposed_profile_reads_the_page_it_came_from() {
    for (name, n_fields_min) in
        [("oklahoma_county", 6), ("skagit_wa", 15), ("vgsi", 12), ("tulsa_county", 6), ("iasworld", 5)]
    {
        let known = profile(name);
        let bytes = sample(&known);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("page.html"), &bytes).unwrap();
        let args = ["fetch", "inspect-page", "page.html", "-o", "mine.toml"];
        let out = Command::new(PROGRAM).args(args).current_dir(dir.path()).output().unwrap();
        assert_eq!(out.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&out.stderr));
        let text = std::fs::read_to_string(dir.path().join("mine.toml")).unwrap();
        let mine = PageProfile::parse("mine", &text).unwrap();
        let (found, right) = (record(&mine, &bytes).unwrap(), record(&known, &bytes).unwrap());
        for field in ["owner_lines", "mailing_lines", "situs_address"] {
            assert_eq!(found.text(field), right.text(field), "{name} {field}\n{text}");
        }
        assert!(mine.fields.len() >= n_fields_min, "{name}: {} fields\n{text}", mine.fields.len());
    }
    // A page that is no record gives no owner, and says so with its status.
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("page.html"), profile("iasworld").sample_bytes("iasworld_form.html").unwrap())
        .unwrap();
    let out =
        Command::new(PROGRAM).args(["fetch", "inspect-page", "page.html"]).current_dir(dir.path()).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
}

/// Pages as unknown counties lay them out: HTML, and the owner, mailing address, situs and year built that a person reads there.
const LAYOUTS: &[(&str, &str, [&str; 4])] = &[
    (
        "definition list, two owners",
        "<dl><dt>Parcel ID</dt><dd>1-2</dd><dt>Owner</dt><dd>SAMPLE, ANN M</dd><dd>SAMPLE, BOB</dd><dt>Mailing Address</dt>
         <dd>PO BOX 17<br>TULSA, OK 74101</dd><dt>Property Address</dt><dd>9 PINE CT</dd></dl>",
        ["SAMPLE, ANN M\nSAMPLE, BOB", "PO BOX 17\nTULSA, OK 74101", "9 PINE CT", ""],
    ),
    (
        "bold labels in one paragraph",
        "<p><b>Owner Name:</b> SAMPLE ANN M &amp; BOB<br><b>Mailing Address:</b> 12 ELM ST APT 4<br>TULSA OK 74103<br><b>Situs:</b>
         9 PINE CT<br><b>Parcel Number:</b> 99-01<br><b>Acres:</b> 0.25 <b>Year Built:</b> 1965</p>",
        ["SAMPLE ANN M & BOB", "12 ELM ST APT 4\nTULSA OK 74103", "9 PINE CT", "1965"],
    ),
    (
        "labels above values, address in columns",
        "<table><tr><th>Parcel Number<th>Owner Name<th>Location<tr><td>0045-A<td>SAMPLE PROPERTIES LLC<td>77 RIVER RD</table>
         <table><tr><th>Mailing Address<th>City<th>State<th>Zip<tr><td>900 CORPORATE BLVD<td>DALLAS<td>TX<td>75201</table>",
        ["SAMPLE PROPERTIES LLC", "900 CORPORATE BLVD\nDALLAS\nTX\n75201", "77 RIVER RD", ""],
    ),
    (
        "cards of divs",
        "<div><div><div class=l>PIN</div><div>17-22</div></div><div><div class=l>Taxpayer Name</div><div>SAMPLE FAMILY TRUST</div>
         </div><div><div class=l>Taxpayer Address</div><div>55 W OAK ST<br>UNIT 2<br>CHICAGO IL 60601</div></div><div>
         <div class=l>Property Location</div><div>9 PINE CT</div></div><div><div class=l>Year Built</div><div>1924</div></div></div>",
        ["SAMPLE FAMILY TRUST", "55 W OAK ST\nUNIT 2\nCHICAGO IL 60601", "9 PINE CT", "1924"],
    ),
    (
        "spans with ids, a line in each",
        "<form><div><span>Parcel Id:</span> <span id=p>R-2</span></div><div><span>Current Owner</span><span id=a>SAMPLE ANN</span>
         <br><span id=b>SAMPLE BOB</span></div><div><span>Owner Address</span><span id=m>12 ELM ST</span><br><span id=n>TULSA OK
         74103</span></div><div><span>Site Address</span><span id=s>9 PINE CT</span></div></form>",
        ["SAMPLE ANN\nSAMPLE BOB", "12 ELM ST\nTULSA OK 74103", "9 PINE CT", ""],
    ),
    (
        "nested tables, owner and address in one cell",
        "<table><tr><td><table><tr><td><font><b>Property ID</b></font><td>7788<tr><td><b>Owner Name and Mailing Address</b><td>
         <font>SAMPLE ANN M<br>12 ELM ST<br>TULSA OK 74103</font></table><td><table><tr><td>Physical Address<td>9 PINE CT</table></table>",
        ["SAMPLE ANN M", "12 ELM ST\nTULSA OK 74103", "9 PINE CT", ""],
    ),
    (
        "a form that shows its values",
        "<form><label>Parcel Number</label><input type=hidden value=x><input value=55-1 readonly><label>Owner Name</label>
         <input value='SAMPLE ANN'><label>Mailing Address</label><textarea>12 ELM ST\nTULSA OK 74103</textarea>
         <label>Situs Address</label><input value='9 PINE CT'></form>",
        ["SAMPLE ANN", "12 ELM ST\nTULSA OK 74103", "9 PINE CT", ""],
    ),
    (
        "two labels in a row, address in pieces",
        "<table><tr><th>Parcel<td>88-2<th>Owner Name 1<td>SAMPLE ANN<tr><th>Owner Name 2<td>SAMPLE BOB<th>Address 1<td>12 ELM ST
         <tr><th>City<td>TULSA<th>State<td>OK<tr><th>Zip Code<td>74103<th>Situs Address<td>9 PINE CT</table>",
        ["SAMPLE ANN\nSAMPLE BOB", "12 ELM ST\nTULSA\nOK\n74103", "9 PINE CT", ""],
    ),
];

#[test]
fn pages_laid_out_in_other_ways_lose_no_owner_and_no_line() {
    for (what, html, wanted) in LAYOUTS {
        let html = format!("<html><body>{html}</body></html>");
        let page = Document::parse(html.as_bytes(), None, None).unwrap();
        let base = "https://assessor.example/".parse().unwrap();
        let toml = propose::propose(&page, Naming { name: "mine", base: &base, file: "page.html" }).toml;
        let mine = PageProfile::parse("mine", &toml).unwrap();
        let found = record(&mine, html.as_bytes()).unwrap_or_else(|e| panic!("{what}: {e}\n{toml}"));
        let got = ["owner_lines", "mailing_lines", "situs_address", "year_built"].map(|f| found.text(f).to_owned());
        assert_eq!(got, *wanted, "{what}\n{toml}");
    }
}

#[test]
fn closed_doors_are_told_from_changed_pages() {
    let profile = small(SMALL);
    let say = |html: &str| record(&profile, html.as_bytes()).unwrap_err();
    for door in [
        "<html><div class=g-recaptcha></div></html>",
        "<html><form><input type=\"password\"></form></html>",
        "<html><h1>Access Denied</h1>",
    ] {
        assert!(matches!(say(door), Error::Blocked { .. }), "{door}");
    }
    assert!(matches!(say("<html><h1>Our new site</h1></html>"), Error::Changed { .. }));
    assert!(matches!(say("<html><h1>Our new si"), Error::Truncated { .. }));
    // A captcha for the comment form at the foot of a record is no closed door.
    let rows = "<tr><td>Parcel<td>17</tr><tr><td>Owner<td>ANA</tr><tr><td><div class=g-recaptcha></div></tr>";
    assert!(record(&profile, page_of(rows).as_bytes()).is_ok());
}

#[test]
fn a_wrong_profile_is_refused_with_its_line() {
    let head = "name = \"x\"\nbase = \"https://a.example/\"\n[pages]\nrecord = [{ css = \"#r\" }]\n";
    for (tail, line, words) in [
        ("[fields]\nparcel_no = \"Parcel\"\n", 5, "owner_lines is missing"),
        ("[fields]\nowner_lines = \"Owner\"\n", 5, "parcel_no or account_no"),
        ("[fields]\nparcel_no = \"P\"\nowner_lines = { label = \"Owner\", optional = true }\n", 5, "optional"),
        ("[fields]\nparcel_no = \"P\"\nowner_lines = { css = \"td[\" }\n", 7, "no CSS selector"),
        ("[fields]\nparcel_no = \"P\"\nowner_lines = { label = \"O\", pattern = \"(\" }\n", 7, "no pattern"),
        ("[fields]\nparcel_no = \"P\"\nowner_lines = { lable = \"O\" }\n", 7, "unknown field `lable`"),
        ("[fields]\nparcel_no = \"P\"\nowner_lines = { label = \"O\", css = \"p\" }\n", 7, "one of label, css, table"),
        ("[fields]\nparcel_no = \"P\"\nowner_lines = \"O\"\nphone = \"Phone\"\n", 8, "unknown field phone"),
        ("[fields]\nparcel_no = \"P\"\nowner_lines = { table = \"t\", column = \"a\" }\n", 7, "has no column"),
        ("[fields]\nparcel_no = \"P\"\nowner_lines = \" : \"\n", 7, "without letters"),
        (
            "[fields]\nparcel_no = \"P\"\nowner_lines = \"O\"\n[[search]]\nby = \"x\"\nstep = [{ get = \"?q={parcel\" }]\n",
            10,
            "does not close",
        ),
        (
            "[fields]\nparcel_no = \"P\"\nowner_lines = \"O\"\n[[search]]\nby = \"x\"\nstep = [{ get = \"?q={owner}\" }]\n",
            10,
            "unknown name owner",
        ),
    ] {
        let found = PageProfile::parse("x", &format!("{head}{tail}"));
        let Err(Error::Profile { line: at, detail, .. }) = &found else { panic!("{tail}: accepted") };
        assert!(*at == line && detail.contains(words), "{tail}: line {at}: {detail}");
    }
    assert!(matches!(PageProfile::load("nowhere"), Err(Error::NoSuchProfile { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Damaged bytes give an error or a record with a full owner, never a panic and never an empty owner.
    #[test]
    fn damage_gives_an_error_or_a_whole_record(which in 0usize..5, places in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..40)) {
        let profile = profile(PageProfile::built_in()[which]);
        let mut bytes = sample(&profile);
        let n = bytes.len();
        for (place, byte) in places {
            bytes[usize::from(place) % n] = byte;
        }
        if let Ok(record) = record(&profile, &bytes) {
            assert!(!record.text("owner_lines").is_empty());
        }
    }
}
