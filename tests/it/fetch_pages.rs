//! Page profiles on saved pages: the built-in samples, damaged and hostile pages, and profiles that are wrong.

use std::process::Command;

use proptest::prelude::{ProptestConfig, any, proptest};
use taptrace::ingest::page::Error;
use taptrace::ingest::page::document::Document;
use taptrace::ingest::page::extract::{self, Record};
use taptrace::ingest::page::profile::PageProfile;
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
