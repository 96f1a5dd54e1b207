//! `import deeds` and what it does to "owner as of".

use std::path::Path;

use crate::support::shell;

const ROLL: &str = "parcel_id,situs_address,owner,mailing_address,mail_zip\nP1,1 OAK ST,\"VEK, PAT & ORA\",1 OAK ST,74101\n\
                    P2,2 OAK ST,GULO LLC,2 OAK ST,74101\n";

const DEEDS: &str = "parcel_id,recording_date,deed_date,book,page,instrument,deed_type,grantor,grantee,consideration\n\
P1,2019-03-04,2019-03-01,6001,12,2019000123,Warranty,\"ALDER, IDA\",\"MARO, TOM\",\"$120,000\"\n\
P1,2024-05-02,2024-04-30,7001,9,2024000777,Quit Claim,\"MARO, TOM\",\"VEK, PAT\",10\n\
P1,2024-05-02,2024-04-30,7001,9,2024000777,Quit Claim,\"MARO, TOM\",\"VEK, ORA\",10\n\
P1,2024-09-09,,7010,1,2024000999,Correction,\"MARO, TOM\",\"VEK, PAT & VEK, ORA\",0\n\
P9,2024-05-02,,1,1,5,Warranty,A,B,1\n\
P2,someday,,1,2,6,Warranty,A,B,1\n";

fn as_of(dir: &Path, date: &str) -> (String, Vec<String>, String) {
    let output = shell(dir, &format!("taptrace --db t.db owner as-of P1 --date {date} --format json"));
    let v: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let owners = v["owners"].as_array().unwrap().iter().map(|o| o.as_str().unwrap().to_owned()).collect();
    (v["certainty"].as_str().unwrap().to_owned(), owners, v["evidence"].to_string())
}

#[test]
fn deeds_of_a_file_decide_from_their_recording_day_and_point_to_their_row() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("roll.csv"), ROLL).unwrap();
    std::fs::write(dir.join("deeds.csv"), DEEDS).unwrap();
    assert!(shell(dir, "taptrace --db t.db import roll roll.csv --as-of 2025-01-01").status.success());
    let output = shell(dir, "taptrace --db t.db import deeds deeds.csv --as-of 2025-02-01");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "two rows were kept aside: {text}");
    assert!(text.contains("no_such_parcel") || text.contains("P9"), "{text}");

    assert_eq!(as_of(dir, "2019-03-03").0, "unknown");
    let maro = as_of(dir, "2024-05-01");
    assert_eq!((maro.0.as_str(), maro.1.as_slice()), ("deed-certain", &["MARO, TOM".to_owned()][..]));
    assert!(maro.2.contains("book 6001 page 12") && maro.2.contains("row 1"), "{}", maro.2);
    // Two grantees of one instrument own together; the correction recorded later moves nothing.
    for date in ["2024-05-02", "2024-12-31", "2025-06-01"] {
        let vek = as_of(dir, date);
        assert_eq!((vek.0.as_str(), vek.1.len()), ("deed-certain", 1), "{date}: {vek:?}");
        assert!(vek.1[0].contains("PAT") && vek.1[0].contains("ORA"), "{vek:?}");
    }
    let again = shell(dir, "taptrace --db t.db import deeds deeds.csv --as-of 2025-02-01");
    assert!(again.status.code().is_some_and(|c| c < 2));
}

#[test]
fn a_file_without_grantees_is_refused_with_the_columns_it_has() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("d.csv"), "parcel_id,recording_date\nP1,2024-05-02\n").unwrap();
    let output = shell(dir.path(), "taptrace --db t.db import deeds d.csv");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("grantee"));
}

/// P1 changes hands between two rolls.
fn two_rolls(dir: &Path, deeds: &str) {
    std::fs::write(dir.join("roll.csv"), ROLL).unwrap();
    std::fs::write(dir.join("next.csv"), ROLL.replace("VEK, PAT & ORA", "ZEDI, ANA")).unwrap();
    std::fs::write(dir.join("deeds.csv"), deeds).unwrap();
    for line in [
        "import roll roll.csv --as-of 2025-01-01",
        "import roll next.csv --as-of 2026-01-01",
        "import deeds deeds.csv --as-of 2026-02-01",
    ] {
        let output = shell(dir, &format!("taptrace --db t.db {line}"));
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_grantor_of_a_deed_is_the_owner_until_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // Headers as a clerk abbreviates them; the grantor in natural order.
    two_rolls(dir, "parcel,recorded,kind,grantor,grantee\nP1,2025-05-02,WD,PAT VEK & ORA VEK,\"ZEDI, ANA\"\n");
    assert_eq!(as_of(dir, "2025-05-01").0, "roll-inferred");
    assert!(as_of(dir, "2025-05-01").1[0].contains("VEK"));
    assert_eq!(as_of(dir, "2025-05-02").0, "deed-certain");
}

#[test]
fn a_deed_by_hand_has_a_day_that_came_a_known_kind_and_a_known_parcel() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    two_rolls(dir, "parcel,recorded,grantor,grantee\nP2,2020-05-02,A,GULO LLC\n");
    let refused = |parcel: &str, rest: &str, words: &str| {
        let add = format!("taptrace --db t.db owner deed add {parcel} --grantor A --grantee B {rest}");
        let output = shell(dir, &add);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && text.contains(words), "{text}");
    };
    refused("P1", "--recorded-on 2999-01-01", "has not come yet");
    refused("P1", "--recorded-on 2025-05-02 --kind foo", "possible values: warranty");
    refused("PX", "--recorded-on 2025-05-02", "shows the parcel's number");
}
