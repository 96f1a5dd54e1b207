//! `taptrace owner parse` and the floors of `owner evaluate` on the invented-name corpora.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_taptrace")).args(args).output().unwrap()
}

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

/// (right, of) of one figure.
fn figure(file: &str, name: &str) -> (usize, usize) {
    let output = run(&["owner", "evaluate", "--labels", corpus(file).to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|l| l.strip_prefix(name).is_some_and(|r| r.starts_with("  "))).unwrap();
    let counts = line[name.len()..].split_whitespace().next().unwrap();
    let (right, of) = counts.split_once('/').unwrap();
    (right.parse().unwrap(), of.parse().unwrap())
}

#[test]
fn kinds_stay_above_their_floor() {
    let (right, of) = figure("owner_types_pseudo.csv", "kind strict, real");
    assert!(of > 200 && 1000 * right >= 985 * of, "{right}/{of}");
    let (right, of) = figure("owner_types_pseudo.csv", "kind strict, written");
    assert!(of > 40 && 1000 * right >= 980 * of, "{right}/{of}");
    let (right, of) = figure("owner_types_pseudo.csv", "persons not called organisations");
    assert!(of > 150 && right == of, "{right}/{of}");
}

#[test]
fn owners_of_a_line_stay_above_their_floor() {
    let (right, of) = figure("owner_parse_gold_pseudo.csv", "all owners exact");
    assert!(of > 90 && 1000 * right >= 980 * of, "{right}/{of}");
    let (right, of) = figure("owner_parse_gold_pseudo.csv", "all owners exact, comma");
    assert!(of > 40 && right == of, "{right}/{of}");
}

#[test]
fn a_file_gives_one_line_per_row_with_the_promised_keys() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("owners.csv");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"id,owner,mail\n7,\"PLINK, ORA B & ZED\",C/O UMA QUORN\n8,,\n9,CITY OF PLINKTON,\n").unwrap();
    let args = ["owner", "parse", "--input", path.to_str().unwrap(), "--column", "owner", "--id-column", "id"];
    let output = run(&[&args[..], &["--mailing-columns", "mail", "--format", "ndjson"]].concat());
    assert_eq!(output.status.code(), Some(0));
    let rows: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    let keys: Vec<&str> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        {
            let mut k = keys;
            k.sort_unstable();
            k
        },
        ["flags", "id", "kind", "parties", "rules"]
    );
    assert_eq!(rows[0]["parties"][1]["surname"], "PLINK");
    assert_eq!(rows[0]["parties"][1]["given"], "ZED");
    assert_eq!(rows[0]["parties"][2]["role"], "care_of");
    assert_eq!(rows[1]["kind"], "unknown");
    assert_eq!(rows[2]["kind"], "government");
}

#[test]
fn a_missing_column_is_named_with_those_that_are_there() {
    let file = corpus("owner_types_pseudo.csv");
    let output = run(&["owner", "parse", "--input", file.to_str().unwrap(), "--column", "nope"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("nope") && text.contains("owner_name") && text.contains("hint:"), "{text}");
}

#[test]
fn level_share_reason_and_address_text_are_shown_where_there_are_any() {
    let document = |line: &str| {
        let output = run(&["owner", "parse", line, "--format", "ndjson"]);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    assert_eq!(document("CITY OF PLINKTON")["parties"][0]["level"], "city");
    assert_eq!(document("PLINK, ORA 1/3 & QUORN, ZED 2/3")["parties"][1]["share"], "2/3");
    assert_eq!(document("OWNER UNKNOWN")["reason"], "placeholder");
    assert_eq!(document("PLINK ORA & ZED 3656 QUORN RD")["address_text"], "3656 QUORN RD");
    let table = String::from_utf8(run(&["owner", "parse", "PLINK, ORA 1/3 & QUORN, ZED 2/3"]).stdout).unwrap();
    assert!(table.lines().next().unwrap().contains("detail") && table.contains("  2/3  "), "{table}");
}
