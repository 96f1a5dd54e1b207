//! Every refusal is produced through the real binary, and every code of the library is named by a test.

use std::path::Path;
use std::process::Command;

use taptrace::cases::policy::DEFAULT_TOML;
use taptrace::cases::refusal::RefusalCode;

use crate::support::{self, PROGRAM, TODAY};

struct Desk<'a> {
    dir: &'a Path,
    day: &'static str,
}

impl Desk<'_> {
    /// Exit status, stdout and stderr of a command line; words are separated by `|`.
    fn run(&self, line: &str) -> (Option<i32>, String, String) {
        let out = Command::new(PROGRAM)
            .args(line.split('|'))
            .args(["--on", self.day, "--actor", "maria"])
            .env("TAPTRACE_DB", self.dir.join("taptrace.db"))
            .env("TAPTRACE_TODAY", TODAY)
            .current_dir(self.dir)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    }

    /// Number of audit entries and the versions of all cases: every write moves one of them.
    fn state(&self) -> (i64, i64) {
        let db = rusqlite::Connection::open(self.dir.join("taptrace.db")).unwrap();
        let sql = "SELECT (SELECT COUNT(*) FROM audit_log), (SELECT COALESCE(SUM(row_version), 0) FROM case_file)";
        db.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap()
    }

    fn go(&self, line: &str) -> String {
        let role = if line.contains("|--role|") { "" } else { "|--role|supervisor" };
        let (code, out, err) = self.run(&format!("{line}{role}|--reason|test"));
        assert!(matches!(code, Some(0 | 1)), "{line}: {err}");
        out
    }

    /// The command is refused with the code, gives a hint, and leaves the case as it was.
    fn refused(&self, line: &str, code: &str) {
        let before = self.state();
        let (status, _, err) = self.run(line);
        assert!(status == Some(2) && err.contains(code) && err.contains("hint: "), "{line} should be {code}: {err}");
        assert_eq!(before, self.state(), "{line} was refused and changed the database");
    }
}

const CASE: &str = "IC-2026-00001";

fn photo(dir: &Path, name: &str, shade: u8) {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 4, 4);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[shade; 16]).unwrap();
    std::fs::write(dir.join(name), bytes).unwrap();
}

fn opening(d: &Desk<'_>) {
    d.go("case|open|--premise|P1000012|--violation|seal_or_lock_broken|--violation-on|2026-04-25|--source|tip");
    d.refused("case|open|--premise|P1000012|--violation|seal_or_lock_broken", "E_DUPLICATE_CASE");
    d.refused("case|open|--premise|P1000012|--violation|theft", "E_CODE");
    d.refused("case|open|--premise|P9", "E_NOT_FOUND");
    d.refused("case|open|--violation|slip", "E_NOT_FOUND");
    d.refused("case|open|--premise|P1000016|--violation-on|2026-12-24", "E_FUTURE_TIME");
    d.refused("case|advance|IC-2026-00099|triaged", "E_NOT_FOUND");
    d.refused(&format!("case|advance|{CASE}|gone"), "E_UNKNOWN_STATE");
    d.refused(&format!("case|advance|{CASE}|confirmed"), "E_NO_TRANSITION");
    d.refused(&format!("case|advance|{CASE}|triaged|--if-version|7"), "E_ROW_VERSION");
    d.go(&format!("case|advance|{CASE}|triaged|--if-version|1"));
    d.refused(&format!("case|advance|{CASE}|field_check_ordered"), "E_EVIDENCE");
}

fn finding(d: &Desk<'_>) {
    d.go(&format!("case|note|{CASE}|looked|--hazards|none"));
    d.refused(&format!("case|note|{CASE}|it is enough|--one-is-enough"), "E_ROLE");
    d.go(&format!("case|advance|{CASE}|field_check_ordered"));
    d.refused(&format!("case|inspect|{CASE}|--finding|confirmed|--at|2026-08-09T10:00:00Z"), "E_FUTURE_TIME");
    d.refused(&format!("case|inspect|{CASE}|--finding|stolen"), "E_CODE");
    d.go(&format!("case|inspect|{CASE}|--finding|confirmed|--indicator|seal_broken|--no-meter"));
    d.go(&format!("case|advance|{CASE}|field_checked"));
    for (name, bytes, code) in [("empty.png", &b""[..], "E_EMPTY_FILE"), ("text.png", b"no image", "E_NOT_AN_IMAGE")] {
        std::fs::write(d.dir.join(name), bytes).unwrap();
        d.refused(&format!("case|evidence|{CASE}|{name}"), code);
    }
    photo(d.dir, "one.png", 1);
    let small = DEFAULT_TOML.replace("value = 52428800", "value = 10");
    std::fs::write(d.dir.join("small.toml"), small).unwrap();
    d.refused(&format!("case|evidence|{CASE}|one.png|--policy|small.toml"), "E_TOO_LARGE");
    d.go(&format!("case|evidence|{CASE}|one.png"));
    d.refused(&format!("case|evidence|{CASE}|one.png"), "E_DUPLICATE_EVIDENCE");
    d.refused(&format!("case|evidence|{CASE}|EV-2026-00001|--from|joe|--to|lab"), "E_CUSTODY");
    d.refused(&format!("case|evidence|{CASE}|EV-2026-00009|--from|maria|--to|lab"), "E_NOT_FOUND");
    d.go(&format!("case|evidence|{CASE}|EV-2026-00001|--from|maria|--to|lab"));
    d.refused(&format!("case|advance|{CASE}|confirmed"), "E_ROLE");
    d.refused(&format!("case|advance|{CASE}|confirmed|--role|supervisor"), "E_SEAL_ONLY");
    d.go(&format!("case|inspect|{CASE}|--finding|confirmed|--indicator|bypass_found|--violation|meter_bypass"));
    d.go(&format!("case|advance|{CASE}|confirmed"));
    d.refused(&format!("case|inspect|{CASE}|--finding|confirmed|--violation|slip"), "E_STAGE");
}

fn owner(d: &Desk<'_>) {
    let other = d.go("case|open|--premise|P1000016|--violation|slip|--violation-on|2025-11-01");
    let other = other.trim().rsplit(' ').next().unwrap();
    d.refused(&format!("case|party|{other}|--from-roll"), "E_OWNER_UNKNOWN");
    d.refused(&format!("case|evidence|{other}|one.png"), "E_DUPLICATE_EVIDENCE");
    assert!(
        d.go(&format!("case|evidence|{other}|one.png")).contains(&format!("the same bytes are evidence of {CASE}"))
    );
    d.refused(&format!("case|party|{CASE}|--party-role|occupant|--name|ANN"), "E_NO_BASIS");
    d.refused(&format!("case|party|{CASE}|--party-role|thief|--name|ANN|--basis|x"), "E_CODE");
    let late =
        format!("case|party|{CASE}|--party-role|current_owner|--name|ANN|--basis|deed 1|--innocent-successor|yes");
    d.go(&late);
    d.refused(
        &format!("case|party|{CASE}|--party-role|current_owner|--name|ANN|--liable|owns it"),
        "E_INNOCENT_SUCCESSOR",
    );
    d.go(&format!("case|party|{CASE}|--party-role|current_owner|--name|ANN|--remove"));
    d.go(&format!("case|party|{CASE}|--from-roll"));
    d.refused(&format!("case|advance|{CASE}|owner_established"), "E_NO_BASIS");
    d.refused(
        &format!("case|party|{CASE}|--party-role|owner_at_violation|--name|ANN|--basis|x|--liable| "),
        "E_NO_BASIS",
    );
    d.go(&format!("case|party|{CASE}|--party-role|occupant|--name|BEA|--basis|lease|--liable|code 2"));
    d.refused(&format!("case|charge|{CASE}|--method|fixed_months|--reason|x"), "E_STAGE");
    d.refused(&format!("case|notice|{CASE}"), "E_STAGE");
    d.refused(&format!("case|plan|{CASE}|--down|1|--instalments|2"), "E_STAGE");
    d.go(&format!("case|advance|{CASE}|owner_established"));
}

fn money(d: &Desk<'_>) {
    let charge = format!("case|charge|{CASE}");
    d.refused(&format!("{charge}|--from|2026-05-01|--to|2026-04-01"), "E_PERIOD");
    d.refused(&format!("{charge}|--from|2026-01-01"), "E_START_BEFORE_READ");
    d.refused(&format!("{charge}|--method|fixed_months"), "E_EVIDENCE");
    d.refused(&format!("{charge}|--method|by_eye|--reason|x"), "E_CODE");
    d.refused(&format!("{charge}|--method|fixed_months|--reason|x|--fee|kill_at_main"), "E_NO_FEE");
    d.refused(&format!("{charge}|--method|fixed_months|--reason|x|--fee|repair"), "E_NO_COST");
    let zoo = d.go("case|open|--premise|P1000021|--class|zoo|--violation-on|2026-04-25");
    d.refused(&format!("case|charge|{}", zoo.trim().rsplit(' ').next().unwrap()), "E_NO_POLICY");
    d.go(&format!("{charge}|--method|fixed_months|--fee|repair|--cost|repair=12.34"));
    d.go(&format!("case|advance|{CASE}|assessed"));
    for (name, text, code) in [
        ("mute.txt", "{recipient} {case_no} {respond_by}: pay", "E_NO_DISPUTE_TEXT"),
        ("odd.txt", "{recipient} {x}\nHOW TO DISPUTE\nwrite or call or come here", "E_TEMPLATE: line 1, column 13"),
    ] {
        std::fs::write(d.dir.join(name), text).unwrap();
        d.refused(&format!("case|notice|{CASE}|--template|{name}"), code);
    }
    Desk { day: "2027-12-20", ..*d }.refused(&format!("case|notice|{CASE}"), "E_NO_CALENDAR");
    d.go(&format!("case|notice|{CASE}"));
    d.refused(&format!("case|notice|{CASE}|--served|assessor_mailing"), "E_EVIDENCE");
    d.refused(&format!("case|notice|{CASE}|--served|posted|--proof|x"), "E_NOT_FOUND");
    d.go(&format!("case|notice|{CASE}|--served|service_address|--proof|x"));
    d.refused(&format!("case|advance|{CASE}|noticed"), "service_proof");
    d.go(&format!("case|notice|{CASE}|--served|assessor_mailing|--returned"));
    d.refused(&format!("case|notice|{CASE}"), "E_NO_MAILING_ADDRESS");
    d.go(&format!("case|notice|{CASE}|--served|assessor_mailing|--proof|by hand"));
    d.go(&format!("{charge}|--method|fixed_months"));
    d.refused(&format!("case|advance|{CASE}|noticed"), "the charges changed after the letter");
    d.go(&format!("case|party|{CASE}|--party-role|owner_at_violation|--name|NEW|--basis|deed|--mailing|1 A ST / B"));
    d.go(&format!("case|notice|{CASE}"));
    for kind in ["service_address", "assessor_mailing"] {
        d.go(&format!("case|notice|{CASE}|--served|{kind}|--proof|x"));
    }
    d.go(&format!("case|advance|{CASE}|noticed"));
    d.refused(&format!("case|plan|{CASE}|--down|0|--instalments|3"), "E_PLAN");
    d.go(&format!("case|pay|{CASE}|5|--receipt|1"));
    d.refused(&format!("case|pay|{CASE}|5|--receipt|1"), "E_DUPLICATE_PAYMENT");
}

fn end(d: &Desk<'_>) {
    d.refused("hold|premise|P1000012|medical", "E_NO_BASIS");
    d.refused("hold|premise|P9|medical|--reason|x", "E_NOT_FOUND");
    d.refused("hold|premise|P1000012|holiday|--reason|x", "E_CODE");
    d.refused("hold|premise|P1000012|court|--reason|x|--review-on|2026-01-01", "E_PERIOD");
    d.refused("note|premise|P9|hello", "E_NOT_FOUND");
    let late = Desk { day: "2026-12-01", ..*d };
    let enforce = format!("case|advance|{CASE}|enforcement|--role|supervisor");
    d.refused(&enforce, "E_EVIDENCE");
    late.go("hold|tap|T-00012|court");
    late.refused(&enforce, "E_HOLD");
    late.go("hold|tap|T-00012|--release");
    late.refused(&format!("case|advance|{CASE}|disputed|--received-on|2026-12-24"), "E_FUTURE_TIME");
    late.go("hold|case|IC-2026-00001|dispute");
    late.refused(&enforce, "E_OPEN_DISPUTE");
    late.go("hold|case|IC-2026-00001|dispute|--release");
    late.go(&enforce);
    late.go(&format!("case|packet|{CASE}|out"));
    late.refused(&format!("case|packet|{CASE}|out"), "E_STAGE");
    std::fs::write(d.dir.join("out").join("more.txt"), "smuggled in").unwrap();
    late.refused(&format!("case|packet|{CASE}|out|--verify"), "E_HASH_MISMATCH");
    std::fs::remove_file(d.dir.join("out").join("more.txt")).unwrap();
    late.go(&format!("case|packet|{CASE}|out|--verify"));
    late.refused(&format!("case|packet|{CASE}|out|--verify|--sealed|00"), "E_HASH_MISMATCH");
    late.go(&format!("case|inspect|{CASE}|--finding|no_violation|--condition-removed"));
    late.refused(&format!("case|close|{CASE}|closed_written_off|--role|supervisor"), "E_EVIDENCE");
    late.go(&format!("case|close|{CASE}|closed_written_off|--authority|council 1"));
    late.refused(&format!("case|assign|{CASE}|joe"), "E_CLOSED");
}

#[test]
fn every_refusal_of_a_case_says_why_and_changes_nothing() {
    let city = support::sample_city();
    let desk = Desk { dir: city.path(), day: "2026-07-20" };
    opening(&desk);
    finding(&desk);
    owner(&desk);
    money(&desk);
    end(&desk);
}

#[test]
fn research_shows_cases_holds_and_the_contact_log() {
    let city = support::sample_city();
    let d = Desk { dir: city.path(), day: "2026-07-20" };
    d.go("case|open|--premise|P1000402|--violation|slip|--violation-on|2026-04-25");
    d.go("hold|tap|T-00402|court");
    d.go("note|premise|P1000402|caller says the meter is back");
    d.go("note|owner|ORCHARDSON FAMILY REVOCABLE TRUST|trustee asked for the bill");
    let shown = support::shell(d.dir, "taptrace research P1000402");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    for line in [
        "case      IC-2026-00001  suspected  slip of 2026-04-25",
        "hold      court on tap T-00402, review 2026-08-19: test",
        "call      2026-07-20 maria: caller says the meter is back",
        "call      2026-07-20 maria: trustee asked for the bill",
    ] {
        assert!(shown.contains(line), "{line} is not in\n{shown}");
    }
}

#[test]
fn a_withheld_owner_is_in_no_case_letter_or_packet() {
    let city = support::sample_city();
    let d = Desk { dir: city.path(), day: "2026-07-20" };
    let open =
        |d: &Desk<'_>| d.go("case|open|--premise|P1000402|--violation|slip|--violation-on|2026-04-25|--source|tip");
    open(&d);
    for line in [
        "case|advance|IC-2026-00001|triaged",
        "case|note|IC-2026-00001|x|--hazards|none",
        "case|advance|IC-2026-00001|field_check_ordered",
        "case|inspect|IC-2026-00001|--finding|confirmed|--indicator|slip_found|--indicator|water_running|--no-meter",
        "case|advance|IC-2026-00001|field_checked",
    ] {
        d.go(line);
    }
    photo(d.dir, "one.png", 2);
    d.go("case|evidence|IC-2026-00001|one.png");
    d.go("case|advance|IC-2026-00001|confirmed");
    d.go("case|party|IC-2026-00001|--from-roll");
    let shown: serde_json::Value = serde_json::from_str(&d.go("case|show|IC-2026-00001|--format|json")).unwrap();
    let names: Vec<String> =
        shown["parties"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 3, "owner then, owner now, account holder: {names:?}");
    d.go(&format!("case|party|IC-2026-00001|--party-role|owner_at_violation|--name|{}|--liable|code 1", names[2]));
    d.go("case|advance|IC-2026-00001|owner_established");
    d.go("case|charge|IC-2026-00001|--method|fixed_months");
    d.go("case|advance|IC-2026-00001|assessed");
    d.go("case|notice|IC-2026-00001");
    assert!(d.go("case|notice|IC-2026-00001|--reprint").contains(&names[2]));

    // The order of the court comes after the letter.
    let order = "taptrace owner suppress add 104-92 --order-ref CV-1 --from 2020-01-01 --basis court";
    let out = support::shell(d.dir, order);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    d.go("case|packet|IC-2026-00001|out");
    let explained = support::shell(d.dir, "taptrace match explain P1000402 && taptrace research P1000402");
    let explained = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(names.iter().all(|name| !explained.contains(name.as_str())), "{explained}");
    let layer = support::shell(d.dir, "taptrace export cases");
    let layer = String::from_utf8(layer.stdout).unwrap();
    assert!(layer.contains("\"owner_at_violation\":\"withheld by law\",\"owner_group\":null"), "{layer}");
    let mut seen = layer + &d.go("case|show|IC-2026-00001") + &d.go("case|notice|IC-2026-00001|--reprint");
    for entry in std::fs::read_dir(d.dir.join("out")).unwrap() {
        seen.push_str(&String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()));
    }
    assert!(seen.contains("withheld by law"), "the reader is told");
    for name in &names {
        assert!(!seen.contains(name.as_str()), "{name} is withheld");
        let surname = name.split([',', ' ']).next().unwrap();
        assert!(!seen.contains(surname), "{surname} is withheld");
    }
    d.refused("case|party|IC-2026-00001|--party-role|current_owner|--name|ANN|--basis|x", "E_WITHHELD");
    d.refused("case|notice|IC-2026-00001", "E_NO_MAILING_ADDRESS");
    d.go("case|party|IC-2026-00001|--party-role|agent|--name|ADDRESS PROGRAM|--basis|order CV-1|--mailing|PO BOX 9 / CITY");
    d.go("case|notice|IC-2026-00001");
    let letter = d.go("case|notice|IC-2026-00001|--reprint|--to|assessor_mailing");
    assert!(letter.contains("ADDRESS PROGRAM\nPO BOX 9\nCITY"), "{letter}");
}

#[test]
fn every_refusal_code_is_named_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        all.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    for code in RefusalCode::ALL {
        assert!(all.contains(&format!("\"{}", code.as_str())), "no test of the binary produces {}", code.as_str());
    }
}
