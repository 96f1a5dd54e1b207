//! Stored owner groups at the user's boundary: numbers that last, decisions on pairs and addresses, orders on owners.

use std::path::Path;

use crate::support::shell;

const HEADER: &str = "parcel_id,situs_address,owner,mailing_address,mail_zip\n";

const ROLL: &str = "P1,1 OAK ST,ZEDI RENTALS LLC,55 OAK ST,74101\nP2,2 OAK ST,ZEDI HOLDINGS LLC,55 OAK ST,74101\n\
                    P3,3 OAK ST,\"MARO, TOM\",3 OAK ST,74101\nP4,4 OAK ST,\"VEK, PAT\",9 ELM AVE,74102\n\
                    P5,5 OAK ST,\"GULO, ANA\",9 ELM AVE,74102\nP6,6 OAK ST,\"VEK, PAT\",9 ELM AVE,74102\n";

fn ok(dir: &Path, line: &str) -> String {
    let output = shell(dir, line);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{line}: {err}");
    String::from_utf8(output.stdout).unwrap()
}

fn import(dir: &Path, name: &str, rows: &str, day: &str) {
    std::fs::write(dir.join(name), format!("{HEADER}{rows}")).unwrap();
    ok(dir, &format!("taptrace --db t.db import roll {name} --profile generic --as-of {day}"));
}

fn city() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    import(dir.path(), "a.csv", ROLL, "2026-01-01");
    dir
}

fn group_of(dir: &Path, parcel: &str) -> String {
    let out = ok(dir, &format!("taptrace --db t.db owner show {parcel} --format csv"));
    out.lines().nth(1).unwrap().rsplit(',').nth(1).unwrap().to_owned()
}

fn events(dir: &Path) -> Vec<(String, i64, i64)> {
    let db = rusqlite::Connection::open(dir.join("t.db")).unwrap();
    let mut statement = db
        .prepare("SELECT event, from_group, into_group FROM owner_group_event ORDER BY owner_group_event_id")
        .unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_group_keeps_its_number_over_the_next_roll_and_a_split_is_logged() {
    let dir = city();
    let dir = dir.path();
    let (zedi, maro) = (group_of(dir, "P1"), group_of(dir, "P3"));
    assert_eq!(zedi, group_of(dir, "P2"));
    assert!(events(dir).is_empty());
    // P2's owner moves away and keeps no tie; two lots come first in the file, so that row numbers shift.
    let next = ROLL.replace("ZEDI HOLDINGS LLC,55 OAK ST,74101", "BRILL HOLDINGS LLC,1 FAR AVE,74103");
    import(dir, "b.csv", &format!("P0,9 OAK ST,\"ALDER, IDA\",9 OAK ST,74101\n{next}"), "2026-06-01");
    assert_eq!((group_of(dir, "P1"), group_of(dir, "P3")), (zedi.clone(), maro));
    assert_ne!(group_of(dir, "P2"), zedi);
}

#[test]
fn a_decision_merges_and_splits_with_a_log_and_old_numbers_still_answer() {
    let dir = city();
    let dir = dir.path();
    let (zedi, maro) = (group_of(dir, "P1"), group_of(dir, "P3"));
    ok(dir, "taptrace --db t.db owner decide same P1 P3 --reason 'one manager'");
    assert_eq!(group_of(dir, "P1"), group_of(dir, "P3"));
    let [(kind, from, into)] = events(dir).try_into().unwrap();
    assert_eq!(kind, "merged");
    let gone = format!("OG-{from}");
    assert!([&zedi, &maro].contains(&&gone));
    let log = ok(dir, &format!("taptrace --db t.db owner history {gone} --format csv"));
    assert!(log.contains("merged") && log.contains("one manager") && log.contains("tester"), "{log}");
    let by_old_number = ok(dir, &format!("taptrace --db t.db owner portfolio {gone} --format csv"));
    assert!(by_old_number.contains("P1") && by_old_number.contains("P3"), "{by_old_number}");
    ok(dir, "taptrace --db t.db owner decide different P1 P3 --reason 'I was wrong'");
    assert_ne!(group_of(dir, "P1"), group_of(dir, "P3"));
    assert_eq!(events(dir).last().map(|e| (e.0.as_str(), e.1)), Some(("split", into)));
    // What was decided is replayed when everything is computed anew.
    let before = (group_of(dir, "P1"), group_of(dir, "P3"));
    ok(dir, "taptrace --db t.db owner group");
    assert_eq!((group_of(dir, "P1"), group_of(dir, "P3")), before);
}

#[test]
fn the_role_of_an_address_is_confirmed_by_a_person_and_taken_back() {
    let dir = city();
    let dir = dir.path();
    assert_ne!(group_of(dir, "P4"), group_of(dir, "P5"), "two families at one address");
    assert_eq!(group_of(dir, "P4"), group_of(dir, "P6"));
    let say =
        |role: &str| format!("taptrace --db t.db owner address '9 Elm Ave|74102' --role {role} --reason 'called'");
    ok(dir, &say("headquarters"));
    assert_eq!(group_of(dir, "P4"), group_of(dir, "P5"));
    ok(dir, "taptrace --db t.db owner group");
    assert_eq!(group_of(dir, "P4"), group_of(dir, "P5"), "replayed");
    ok(dir, &say("automatic"));
    assert_ne!(group_of(dir, "P4"), group_of(dir, "P5"));
    ok(dir, "taptrace --db t.db owner address '55 Oak St|74101' --role agent --reason 'law office'");
    assert_ne!(group_of(dir, "P1"), group_of(dir, "P2"));
    let refused = shell(dir, &say("castle"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("headquarters"));
}

#[test]
fn an_order_on_an_owner_covers_the_parcels_bought_later() {
    let dir = city();
    let dir = dir.path();
    ok(dir, "taptrace --db t.db owner suppress add P4 --order-ref CV-1 --from 2020-01-01 --all-parcels");
    import(dir, "b.csv", &format!("{ROLL}P7,7 OAK ST,\"VEK, PAT\",9 ELM AVE,74102\n"), "2026-06-01");
    for line in [
        "owner show P4",
        "owner show P7",
        "owner portfolio P6 --format csv",
        "research P7",
        "owner review",
        "owner show P5",
    ] {
        let output = shell(dir, &format!("taptrace --db t.db {line}"));
        let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!all.contains("PAT"), "{line}: {all}");
    }
    assert!(ok(dir, "taptrace --db t.db owner show P7").contains("withheld by law"));
    ok(dir, "taptrace --db t.db owner suppress end 1 --to 2020-01-02");
    assert!(ok(dir, "taptrace --db t.db owner show P7").contains("VEK, PAT"));
}

#[test]
fn an_order_on_an_owner_covers_the_same_party_in_another_spelling() {
    let dir = city();
    let dir = dir.path();
    let more = "P7,7 OAK ST,\"Vek,  Pat\",70 ASH ST,74103\nP8,8 OAK ST,\"VEK, P\",\"9 ELM AVENUE\",74102\n\
                P9,9 OAK ST,\"VEK, PAUL\",9 ELM AVE,74102\n";
    import(dir, "b.csv", &format!("{ROLL}{more}"), "2026-06-01");
    ok(dir, "taptrace --db t.db owner suppress add P4 --order-ref CV-1 --from 2020-01-01 --all-parcels");
    for (parcel, is_withheld) in [("P4", true), ("P7", true), ("P8", true), ("P9", false), ("P5", false)] {
        let shown = ok(dir, &format!("taptrace --db t.db owner show {parcel}"));
        assert_eq!(shown.contains("withheld by law"), is_withheld, "{parcel}: {shown}");
    }
    // A later roll with one more spelling at the address.
    import(dir, "c.csv", &format!("{ROLL}{more}P10,10 OAK ST,\"VEK, PAT & ANN\",9 ELM AVE,74102\n"), "2026-07-01");
    assert!(ok(dir, "taptrace --db t.db owner show P10").contains("withheld by law"));
    ok(dir, "taptrace --db t.db owner suppress end 1 --to 2020-01-02");
    for parcel in ["P4", "P7", "P8", "P10"] {
        let shown = ok(dir, &format!("taptrace --db t.db owner show {parcel}"));
        assert!(shown.to_uppercase().contains("VEK"), "{parcel}: {shown}");
    }
}

#[test]
fn an_address_whose_role_a_person_gave_is_not_reviewed_again() {
    let dir = city();
    let dir = dir.path();
    let many: String = (10..16).map(|n| format!("P{n},{n} OAK ST,\"GULO, ANA\",9 ELM AVE,74102\n")).collect();
    import(dir, "b.csv", &format!("{ROLL}{many}"), "2026-06-01");
    let review = || ok(dir, "taptrace --db t.db owner review");
    assert!(review().contains("9 ELM AVE|74102"), "{}", review());
    ok(dir, "taptrace --db t.db owner address '9 ELM AVE|74102' --role agent --reason called");
    assert!(!review().contains("9 ELM AVE|74102"), "{}", review());
    ok(dir, "taptrace --db t.db owner address '9 ELM AVE|74102' --role automatic --reason wrong");
    assert!(review().contains("9 ELM AVE|74102"));
}
