//! Owner links at the user's boundary: tiers, pitfalls, floors of precision and recall on the pseudonymous pairs.

use std::path::Path;
use std::process::Command;

fn taptrace(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_taptrace"))
        .args(args)
        .current_dir(dir)
        .env_remove("TAPTRACE_DB")
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Tier of each pair `(owner_a, mailing_a, owner_b, mailing_b)`, without a roll.
fn tiers(pairs: &[(&str, &str, &str, &str)]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut csv = csv::Writer::from_path(dir.path().join("p.csv")).unwrap();
    csv.write_record(["owner_a", "mailing_a", "owner_b", "mailing_b"]).unwrap();
    for (a, mail_a, b, mail_b) in pairs {
        csv.write_record([a, mail_a, b, mail_b]).unwrap();
    }
    csv.flush().unwrap();
    let (code, out, err) = taptrace(dir.path(), &["owner", "link", "--pairs", "p.csv", "--format", "ndjson"]);
    assert_eq!(code, 0, "{err}");
    out.lines()
        .map(|line| {
            let v: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(!v["evidence"].as_array().unwrap().is_empty(), "no evidence: {line}");
            v["tier"].as_str().unwrap().to_owned()
        })
        .collect()
}

fn tier(a: (&str, &str), b: (&str, &str)) -> String {
    tiers(&[(a.0, a.1, b.0, b.1)]).remove(0)
}

const OAK: &str = "55 OAK ST|74101";
const ELM: &str = "9 ELM AVE|74102";

#[test]
fn floors_on_the_pseudonymous_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let labels = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/owners/portfolio_pairs.csv");
    let args = ["owner", "evaluate", "--labels", labels.to_str().unwrap(), "--format", "json"];
    let (code, out, err) = taptrace(dir.path(), &args);
    assert_eq!(code, 0, "{err}");
    let rows: serde_json::Value = serde_json::from_str(&out).unwrap();
    let figure = |name: &str| rows[0][name].as_str().unwrap().parse::<f64>().unwrap();
    assert!(figure("precision") >= 0.975, "{out}");
    assert!(figure("recall") >= 0.96, "{out}");
    assert_eq!(figure("placeholder_links") + figure("association_links"), 0.0, "{out}");
}

#[test]
fn numbered_companies_are_two_parties_of_one_group() {
    assert_eq!(tier(("HZT RENTALS 1 LLC", OAK), ("HZT RENTALS 10 LLC", OAK)), "affiliation");
}

#[test]
fn a_placeholder_address_joins_nobody() {
    for mailing in ["99999 **NO ADDRESS** ST", "", "UNKNOWN"] {
        assert_eq!(tier(("ZEDI, ANA", mailing), ("GULO RENTALS LLC", mailing)), "none", "{mailing:?}");
        assert_ne!(tier(("ZEDI, ANA", mailing), ("ZEDI, ANA", mailing)), "identity", "{mailing:?}");
    }
}

#[test]
fn an_association_lends_no_link() {
    assert_eq!(tier(("ZEDI DEVELOPMENT LLC", OAK), ("ZEDI HEIGHTS HOMEOWNERS ASSOCIATION", OAK)), "none");
}

#[test]
fn two_families_at_one_address_are_a_sold_house_not_a_group() {
    assert_eq!(tier(("ZEDI, ANA & TOM", OAK), ("GULO, PETER", OAK)), "lead");
}

#[test]
fn a_common_name_at_two_addresses_is_a_lead() {
    assert_eq!(tier(("SMITH, ANA", OAK), ("SMITH, ANA", ELM)), "lead");
    assert_eq!(tier(("SMITH FAMILY TRUST", OAK), ("SMITH FAMILY TRUST", ELM)), "lead");
}

#[test]
fn a_couple_at_two_addresses_is_one_party() {
    assert_eq!(tier(("ZEDI, ANA & TOM", OAK), ("ZEDI, TOM & ANA", ELM)), "identity");
}

#[test]
fn senior_and_junior_are_not_one_person() {
    let found = tier(("ZEDI, VULIV JR", OAK), ("ZEDI, VULIV SR", OAK));
    assert_eq!(found, "affiliation", "father and son: one family, two parties");
    assert_eq!(tier(("ZEDI, VULIV JR", OAK), ("ZEDI, VULIV SR", ELM)), "none");
}

#[test]
fn a_city_as_co_owner_does_not_merge_portfolios() {
    assert_eq!(tier(("ZEDCO INC & CITY OF GULO", OAK), ("CITY OF GULO", OAK)), "none");
}

#[test]
fn a_suite_and_an_ordinal_do_not_make_two_addresses() {
    assert_eq!(
        tier(("ZEDI LLC", "7211 S 27TH STREET SUITE A|74101"), ("ZEDI L.L.C.", "7211 S 27 ST STE A|74101")),
        "identity"
    );
}

#[test]
fn an_adviser_of_three_families_links_none() {
    let owners = ["ZEDI, ANA", "GULO, PETER", "MARO, TOM", "VEK HOLDINGS LLC"];
    let pairs: Vec<(&str, &str, &str, &str)> =
        owners.iter().flat_map(|a| owners.iter().map(move |b| (*a, OAK, *b, OAK))).filter(|p| p.0 < p.2).collect();
    assert!(tiers(&pairs).iter().all(|t| t == "lead"));
}

#[test]
fn a_bank_as_agent_links_none() {
    let found = tiers(&[
        ("ZEDI, ANA REVOCABLE TRUST", OAK, "FIRST GULO BANK & TRUST CO", OAK),
        ("ZEDI, ANA REVOCABLE TRUST", OAK, "MARO, TOM TRUST", OAK),
    ]);
    assert!(found.iter().all(|t| t == "lead"), "{found:?}");
}

#[test]
fn a_pair_file_without_owner_columns_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("p.csv"), "a,b\n1,2\n").unwrap();
    let (code, _, err) = taptrace(dir.path(), &["owner", "link", "--pairs", "p.csv"]);
    assert_eq!(code, 2);
    assert!(err.contains("owner_a") && err.contains("hint:"), "{err}");
}

#[test]
fn chains_of_title_get_no_silent_guess() {
    let dir = tempfile::tempdir().unwrap();
    let chains =
        "chain_id,seq,owner_name,year_recorded\nC1,1,\"ZEDI, ANA\",1990\nC1,2,\"ZEDI, ANA\",1991\nC1,3,GULO LLC,1995\n";
    std::fs::write(dir.path().join("c.csv"), chains).unwrap();
    let (code, out, err) = taptrace(dir.path(), &["owner", "evaluate", "--labels", "c.csv"]);
    assert_eq!(code, 0, "{err}");
    let counts: Vec<&str> = out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(counts, ["1", "14", "12", "2", "0", "0"], "{out}");
}
