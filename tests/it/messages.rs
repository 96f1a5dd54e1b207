//! What a new user meets when a question or a file is wrong: the message says why, and every command it names works.

use std::path::Path;

use crate::support::{sample_city, shell, temp_dir};

/// Exit status and everything said.
fn said(dir: &Path, line: &str) -> (Option<i32>, String) {
    let output = shell(dir, line);
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn check(dir: &Path, line: &str, code: i32, texts: &[&str]) -> String {
    let (status, text) = said(dir, line);
    assert_eq!(status, Some(code), "{line}: {text}");
    for wanted in texts {
        assert!(text.contains(wanted), "{line}: no {wanted:?} in {text}");
    }
    text
}

#[test]
fn a_question_without_an_answer_says_what_it_was_taken_for() {
    let city = sample_city();
    for (question, reason) in [
        ("the corner house on 4th and Main", "a corner of two streets is not one address"),
        ("Rockwell St & Magazine St", "a corner of two streets is not one address"),
        ("MARCHBANK", "no usable house number"),
        ("T-99467", "no parcel, premise, account or tap has the number T-99467"),
        ("", "there is no text"),
        ("9999 Rockwell St", "the house number is not on it"),
    ] {
        let text = check(city.path(), &format!("taptrace research '{question}'"), 1, &["NO MATCH: ", reason]);
        let next: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("next: ")).collect();
        assert!(!next.is_empty(), "{question}: {text}");
        for line in next {
            let (status, told) = said(city.path(), line.split("   ").next().unwrap_or(line));
            // A street's name is no owner's: that owner is not found, but the command is right.
            let is_right = status != Some(2) || told.contains("no owner on the roll is called");
            assert!(is_right, "{line}: {told}");
        }
    }
    let text = check(city.path(), "taptrace research MARCHBANK", 1, &["taptrace owner show \"MARCHBANK\" --purpose"]);
    assert!(!text.contains("\"ADDRESS\""), "{text}");
}

#[test]
fn the_next_command_stays_on_the_database_that_was_named() {
    let city = sample_city();
    let there = "--db ../city.db";
    std::fs::create_dir(city.path().join("other")).unwrap();
    let other = city.path().join("other");
    std::fs::copy(city.path().join("taptrace.db"), city.path().join("city.db")).unwrap();
    let found = check(&other, &format!("taptrace research '23 Rockwell St' {there}"), 0, &[]);
    assert!(found.contains("next: taptrace owner show 127-123 --db ../city.db"), "{found}");
    check(&other, "taptrace owner show 127-123 --db ../city.db", 0, &["MARCHBANK"]);
    check(&other, &format!("taptrace import accounts ../accounts.csv {there}"), 0, &[]);
    check(&other, &format!("taptrace match run {there}"), 0, &["next: taptrace match review --db ../city.db"]);
    check(city.path(), "taptrace match run", 0, &["next: taptrace match review\n"]);
}

#[test]
fn a_wrong_database_is_told_with_its_own_way_out() {
    let dir = temp_dir();
    std::fs::write(dir.path().join("a.csv"), "account_no,service_address\n1,2 ELM ST\n").unwrap();
    for command in ["research '2 ELM ST'", "import accounts a.csv", "match run", "export taps", "check", "tap list"] {
        let run = |db: &str, texts: &[&str]| check(dir.path(), &format!("taptrace {command} --db {db}"), 2, texts);
        run(".", &["cannot open a database at .", "it is a folder", "hint: name a file in a folder"]);
        run(
            "a.csv",
            &["a.csv is not a taptrace database", "it is no SQLite file", "hint: --db names", "import inspect a.csv"],
        );
    }
    check(
        dir.path(),
        "taptrace import accounts a.csv --db no/such/t.db",
        2,
        &["there is no such folder", "hint: name a file"],
    );
    check(dir.path(), "taptrace import inspect a.csv", 0, &[]);
}

#[test]
fn a_layer_is_not_written_in_a_format_that_its_name_does_not_say() {
    let city = sample_city();
    check(city.path(), "taptrace export taps -o taps.xyz", 2, &["does not say which format", "--format geojson"]);
    assert!(!city.path().join("taps.xyz").exists());
    check(city.path(), "taptrace export taps -o taps.xyz --format geojson", 0, &[]);
    check(city.path(), "taptrace export taps -o TAPS.CSV", 0, &[]);
    let csv = std::fs::read_to_string(city.path().join("TAPS.CSV")).unwrap();
    assert!(csv.starts_with("tap_no,"), "{csv}");
}

#[test]
fn an_address_that_explains_nothing_is_worth_a_look() {
    let city = sample_city();
    check(city.path(), "taptrace match explain P9", 1, &["because no usable house number"]);
    check(city.path(), "taptrace match explain P1000010", 0, &["best: parcel"]);
}

#[test]
fn a_command_shows_its_own_flags_apart_and_an_example() {
    let dir = temp_dir();
    for command in ["check", "backup", "demo", "sample", "research", "export", "hold", "note"] {
        let text = check(dir.path(), &format!("taptrace {command} --help"), 0, &["Flags of every command:"]);
        assert!(text.contains(&format!("Example: taptrace {command}")), "{command}: {text}");
    }
}

#[test]
fn a_backup_says_how_it_is_restored() {
    let city = sample_city();
    check(city.path(), "taptrace backup copy.db", 0, &["to restore", "copy.db.anchor"]);
    let there = city.path().join("restored");
    std::fs::create_dir(&there).unwrap();
    std::fs::copy(city.path().join("copy.db"), there.join("taptrace.db")).unwrap();
    // The copy alone looks as if its end had been cut off.
    check(&there, "taptrace check", 1, &["anchor"]);
    std::fs::copy(city.path().join("copy.db.anchor"), there.join("taptrace.db.anchor")).unwrap();
    check(&there, "taptrace check", 0, &["nothing to report"]);
}

#[test]
fn the_commands_of_a_hint_are_typed_on_the_same_database() {
    let city = sample_city();
    let elsewhere = temp_dir();
    let db = city.path().join("taptrace.db");
    let there = format!("--db {}", db.display());
    let told = check(elsewhere.path(), &format!("taptrace owner show NOBODY {there}"), 2, &["no owner on the roll"]);
    assert!(told.contains(&format!("taptrace {there} owner show")), "{told}");
    assert!(told.contains(&format!("taptrace {there} research")), "{told}");
    check(
        city.path(),
        "taptrace owner show NOBODY",
        2,
        &["hint: the first word alone finds more: taptrace owner show"],
    );
    // The command of a hint, as it stands there.
    check(elsewhere.path(), &format!("taptrace {there} research '23 Rockwel Street'"), 0, &[]);
}

#[test]
fn an_address_where_a_file_belongs_is_told_apart() {
    let dir = temp_dir();
    for command in ["import inspect", "import parcels"] {
        let line = format!("taptrace {command} https://gis.example.gov/MapServer/0");
        check(dir.path(), &line, 2, &["fetch parcels 'https://gis.example.gov/MapServer/0' --dry-run"]);
    }
}

#[test]
fn columns_that_are_not_taken_are_named_and_nowhere_in_the_database() {
    let dir = temp_dir();
    let head = "parcel_id,owner,situs_address,ssn,FED_ID,home_phone,ADDRESS_NUM";
    std::fs::write(
        dir.path().join("r.csv"),
        format!("{head}\nP1,\"PLINK, ORA\",12 ELM ST,987-65-4321,98-7654321,555-0199,12\n"),
    )
    .unwrap();
    let told = check(
        dir.path(),
        "taptrace import roll r.csv --db t.db",
        0,
        &["not kept, sensitive: ssn, FED_ID, home_phone ("],
    );
    assert!(!told.contains("ADDRESS_NUM"), "{told}");
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
        let is_source = path.ends_with("r.csv");
        assert!(["987-65-4321", "98-7654321", "555-0199"].iter().all(|t| holds(t) == is_source), "{}", path.display());
    }
}

#[test]
fn a_parcel_number_is_found_with_other_marks_or_none() {
    let dir = temp_dir();
    let rows = "18-24-28-0000,1 ELM ST,OAK LLC\n01 0022 333,2 ELM ST,ASH LLC\n55-10,3 ELM ST,FIR LLC\n551-0,4 ELM ST,YEW LLC\n";
    std::fs::write(dir.path().join("a.csv"), format!("parcel_id,situs_address,owner\n{rows}")).unwrap();
    check(dir.path(), "taptrace import roll a.csv", 0, &[]);
    for question in ["182428 0000", "18.24.28.0000", "1824280000"] {
        check(dir.path(), &format!("taptrace research '{question}'"), 0, &["parcel    18-24-28-0000", "OAK LLC"]);
    }
    let told = check(
        dir.path(),
        "taptrace research '01-0022-333'",
        0,
        &["ASH LLC", "next: taptrace owner show '01 0022 333'"],
    );
    // The next command as printed.
    check(dir.path(), told.lines().find_map(|l| l.strip_prefix("next: ")).unwrap(), 0, &["ASH LLC"]);
    check(dir.path(), "taptrace research 5510", 1, &["AMBIGUOUS: 2 parcels have this number", "FIR LLC", "YEW LLC"]);
    check(dir.path(), "taptrace research 5511", 1, &["no parcel, premise, account or tap has the number 5511"]);
}
