//! Owners of a database at the user's boundary: as of a day, portfolios, decisions, deeds, suppression, look-ups.

use std::path::Path;
use std::process::Command;

fn taptrace(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_taptrace"))
        .args(args)
        .args(["--db", "t.db", "--actor", "tester"])
        .current_dir(dir)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

const HEADER: &str = "parcel_id,situs_address,owner,mailing_address,mail_zip\n";

/// A database with two rolls: P1 changes hands between them.
fn city() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let common = "P2,2 OAK ST,ZEDI RENTALS LLC,55 OAK ST,74101\nP3,3 OAK ST,\"ZEDI, ANA\",55 OAK ST,74101\n\
                  P4,4 OAK ST,GULO HOLDINGS LLC,9 ELM AVE,74102\nP5,5 OAK ST,GULO TOWERS LLC,9 ELM AVE,74102\n";
    std::fs::write(dir.path().join("a.csv"), format!("{HEADER}P1,1 OAK ST,\"MARO, TOM\",1 OAK ST,74101\n{common}"))
        .unwrap();
    std::fs::write(dir.path().join("b.csv"), format!("{HEADER}P1,1 OAK ST,\"VEK, PAT\",1 OAK ST,74101\n{common}"))
        .unwrap();
    for (file, day) in [("a.csv", "2024-01-01"), ("b.csv", "2025-01-01")] {
        let (code, _, err) = taptrace(dir.path(), &["import", "roll", file, "--profile", "generic", "--as-of", day]);
        assert_eq!(code, 0, "{err}");
    }
    dir
}

fn as_of(dir: &Path, parcel: &str, date: &str) -> (i32, String, Vec<String>) {
    let (code, out, err) = taptrace(dir, &["owner", "as-of", parcel, "--date", date, "--format", "json"]);
    let v: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
    let owners = v["owners"].as_array().unwrap().iter().map(|o| o.as_str().unwrap().to_owned()).collect();
    (code, v["certainty"].as_str().unwrap().to_owned(), owners)
}

#[test]
fn the_owner_as_of_a_day_is_certain_inferred_ambiguous_or_unknown() {
    let dir = city();
    let dir = dir.path();
    assert_eq!(as_of(dir, "P1", "2023-06-01"), (1, "unknown".to_owned(), vec![]));
    assert_eq!(as_of(dir, "P1", "2024-01-01").1, "roll-inferred");
    let window = as_of(dir, "P1", "2024-06-01");
    assert_eq!((window.0, window.1.as_str(), window.2.len()), (1, "ambiguous", 2));
    let deed = [
        "owner",
        "deed",
        "add",
        "P1",
        "--recorded-on",
        "2024-05-02",
        "--grantor",
        "MARO, TOM",
        "--grantee",
        "VEK, PAT",
        "--instrument",
        "7",
    ];
    assert_eq!(taptrace(dir, &deed).0, 0);
    assert_eq!(as_of(dir, "P1", "2024-06-01"), (0, "deed-certain".to_owned(), vec!["VEK, PAT".to_owned()]));
    let (_, out, _) = taptrace(
        dir,
        &["owner", "as-of", "P1", "--date", "2024-06-01", "--known-at", "2000-01-01", "--format", "json"],
    );
    assert!(out.contains("\"unknown\""), "{out}");
}

#[test]
fn an_unknown_parcel_is_refused() {
    let dir = city();
    let (code, _, err) = taptrace(dir.path(), &["owner", "as-of", "P99", "--date", "2024-01-01"]);
    assert_eq!(code, 2);
    assert!(err.contains("P99") && err.contains("hint:"), "{err}");
}

#[test]
fn a_portfolio_shows_the_group_and_points_to_rows() {
    let dir = city();
    let (code, out, err) = taptrace(dir.path(), &["owner", "portfolio", "ZEDI RENTALS LLC", "--format", "csv"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("P2") && out.contains("P3") && !out.contains("P4"), "{out}");
    assert!(out.contains("affiliation") && out.contains("snapshot 1 row 2"), "{out}");
    let (_, map, _) = taptrace(dir.path(), &["owner", "portfolio", "P2", "--format", "geojson"]);
    let map: serde_json::Value = serde_json::from_str(&map).unwrap();
    assert_eq!(map["features"].as_array().unwrap().len(), 2);
    assert!(map["features"][0]["properties"]["owner_group"].as_str().unwrap().starts_with("OG-"));
    let (_, json, err) = taptrace(dir.path(), &["owner", "portfolio", "P2", "--format", "json"]);
    assert!(json.contains("\"taps\":0") && err.is_empty(), "{json} {err}");
    let (_, _, err) = taptrace(dir.path(), &["owner", "portfolio", "P2"]);
    assert!(err.contains("identity: 1 parcels") && err.contains("affiliation: 1 parcels"), "{err}");
    let (code, _, err) = taptrace(dir.path(), &["owner", "portfolio", "OG-999"]);
    assert!(code == 2 && err.contains("there is no owner group OG-999"), "{err}");
}

#[test]
fn an_explanation_is_shown_whole_and_says_what_is_not_shared() {
    let dir = city();
    let (_, out, _) = taptrace(dir.path(), &["owner", "explain", "P2", "P3"]);
    assert!(!out.contains('…') && out.contains("55 OAK ST"), "{out}");
    let (code, out, _) = taptrace(dir.path(), &["owner", "explain", "P2", "P4"]);
    assert!(code == 1 && out.contains("gets mail at 55 OAK ST") && out.contains("at 9 ELM AVE"), "{out}");
}

#[test]
fn a_decision_regroups_at_once_and_survives() {
    let dir = city();
    let tier = || taptrace(dir.path(), &["owner", "explain", "P2", "P4", "--format", "csv"]).1;
    assert!(tier().contains("none"), "{}", tier());
    let same = ["owner", "decide", "same", "P2", "P4", "--reason", "same manager"];
    assert_eq!(taptrace(dir.path(), &same).0, 0);
    assert!(!tier().contains("none"), "{}", tier());
    let (_, out, _) = taptrace(dir.path(), &["owner", "explain", "P4", "P2"]);
    assert!(out.contains("a person decided: same control") && out.contains("by tester on 20"), "{out}");
    assert!(out.contains(": same manager") && !out.contains("through other owners"), "{out}");
    // Through the owner whom the person joined, to another of that group.
    let (_, out, _) = taptrace(dir.path(), &["owner", "explain", "P5", "P2"]);
    assert!(out.contains("through other owners") && out.contains("step") && out.contains("person decided"), "{out}");
    let different = ["owner", "decide", "split", "P2", "P4", "--reason", "I was wrong"];
    assert_eq!(taptrace(dir.path(), &different).0, 0);
    assert!(tier().contains("none"), "{}", tier());
    let apart = ["owner", "decide", "different", "P4", "P5", "--reason", "two brothers"];
    assert_eq!(taptrace(dir.path(), &apart).0, 0);
    let (_, out, _) = taptrace(dir.path(), &["owner", "explain", "P4", "P5"]);
    assert!(out.contains("a person decided: different"), "{out}");
}

#[test]
fn looking_up_a_person_needs_a_purpose() {
    let dir = city();
    let (code, _, err) = taptrace(dir.path(), &["owner", "show", "ZEDI, ANA"]);
    assert_eq!(code, 2);
    assert!(err.contains("--purpose"), "{err}");
    let (code, out, _) = taptrace(dir.path(), &["owner", "show", "ZEDI, ANA", "--purpose", "case IC-2026-00001"]);
    assert_eq!(code, 0);
    assert!(out.contains("ZEDI, ANA"));
    let (code, out, _) = taptrace(dir.path(), &["owner", "lookups", "--format", "csv"]);
    assert_eq!((code, out.lines().count()), (0, 2), "{out}");
    assert!(out.contains(",tester,\"ZEDI, ANA\",case IC-2026-00001,1"), "{out}");
}

#[test]
fn decisions_and_group_numbers_outlive_the_next_roll() {
    let dir = city();
    let dir = dir.path();
    let group = |parcel: &str| {
        let (_, out, err) = taptrace(dir, &["owner", "show", parcel, "--format", "csv"]);
        out.split(',').find(|c| c.starts_with("OG-")).unwrap_or_else(|| panic!("{out}{err}")).to_owned()
    };
    for line in [["same", "P2", "P4", "same manager"], ["different", "P2", "P3", "two cousins"]] {
        let [verdict, a, b, reason] = line;
        assert_eq!(taptrace(dir, &["owner", "decide", verdict, a, b, "--reason", reason]).0, 0);
    }
    let before = ["P2", "P3", "P4"].map(group);
    assert!(before[0] == before[2] && before[0] != before[1], "{before:?}");
    // A lot more for the first owner, another order of rows, one new owner.
    let roll = "P9,9 OAK ST,VEKSEL LLC,9 OAK ST,74101\nP4,4 OAK ST,GULO HOLDINGS LLC,9 ELM AVE,74102\n\
                P3,3 OAK ST,\"ZEDI, ANA\",55 OAK ST,74101\nP8,8 OAK ST,ZEDI RENTALS LLC,55 OAK ST,74101\n\
                P2,2 OAK ST,ZEDI RENTALS LLC,55 OAK ST,74101\nP1,1 OAK ST,\"VEK, PAT\",1 OAK ST,74101\n\
                P5,5 OAK ST,GULO TOWERS LLC,9 ELM AVE,74102\n";
    std::fs::write(dir.join("c.csv"), format!("{HEADER}{roll}")).unwrap();
    let (code, _, err) = taptrace(dir, &["import", "roll", "c.csv", "--as-of", "2026-01-01"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(["P2", "P3", "P4"].map(group), before);
    assert_eq!(group("P8"), before[0]);
}

#[test]
fn a_withheld_owner_shows_nowhere_and_links_nobody() {
    let dir = city();
    let add = ["owner", "suppress", "add", "P3", "--order-ref", "CV-2026-17", "--from", "2020-01-01"];
    assert_eq!(taptrace(dir.path(), &add).0, 0);
    for args in [
        vec!["owner", "show", "P3"],
        vec!["owner", "portfolio", "P3", "--format", "csv"],
        vec!["owner", "portfolio", "P2", "--format", "csv"],
        vec!["owner", "as-of", "P3", "--date", "2024-01-01"],
        vec!["owner", "explain", "P2", "P3"],
        vec!["owner", "review"],
        vec!["research", "3 OAK ST"],
        vec!["research", "3 OAK ST", "--format", "json"],
    ] {
        let (_, out, err) = taptrace(dir.path(), &args);
        assert!(!out.contains("ANA") && !err.contains("ANA"), "{args:?}: {out}{err}");
    }
    assert!(taptrace(dir.path(), &["owner", "show", "P3"]).1.contains("withheld by law"));
    assert!(!taptrace(dir.path(), &["owner", "portfolio", "P2", "--format", "csv"]).1.contains("P3"));
    assert_eq!(taptrace(dir.path(), &["owner", "suppress", "end", "1", "--to", "2020-01-02"]).0, 0);
    assert!(taptrace(dir.path(), &["owner", "show", "P3"]).1.contains("ZEDI, ANA"));
    assert_eq!(taptrace(dir.path(), &["owner", "suppress", "end", "99", "--to", "2020-01-02"]).0, 2);
}
