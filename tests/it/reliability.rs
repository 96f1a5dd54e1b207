//! What must hold when things break: an import that is killed, a disk that is full, Ctrl-C, an old database, a log that was touched.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;

fn taptrace(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taptrace"));
    command.current_dir(dir).arg("--db").arg(dir.join("t.db"));
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    taptrace(dir).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Features of square lots, one per line, `first` being the first number.
fn features(first: usize, n: usize) -> String {
    (first..first + n)
        .map(|i| {
            let (x, y) = (-96.0 + (i % 100) as f64 * 0.001, 36.0 + (i / 100) as f64 * 0.001);
            let ring = format!("[[{x},{y}],[{0},{y}],[{0},{1}],[{x},{1}],[{x},{y}]]", x + 0.0009, y + 0.0009);
            format!(
                r#"{{"type":"Feature","properties":{{"parcel_id":"P{i}","owner":"OWNER {i}","situs_address":"{i} ELM ST"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#
            )
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Tables with their rows counted, and the head of the audit log.
fn state(dir: &Path) -> Vec<(String, i64)> {
    let db = Connection::open(dir.join("t.db")).unwrap();
    let names: Vec<String> = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    names
        .into_iter()
        .map(|name| {
            let n = db.query_row(&format!("SELECT COUNT(*) FROM {name}"), [], |r| r.get(0)).unwrap();
            (name, n)
        })
        .collect()
}

fn first_roll(dir: &Path) {
    fs::write(dir.join("first.geojson"), features(0, 20)).unwrap();
    let output = run(dir, &["import", "parcels", "first.geojson"]);
    assert!(output.status.success(), "{}", said(&output));
}

/// Feeds an import through stdin and kills it after `n_rows` rows, while it waits for more.
fn kill_after(dir: &Path, n_rows: usize) {
    let mut child = taptrace(dir)
        .args(["import", "parcels", "-", "--allow-shrink"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The pipe is far smaller than this: when the write returns, all but the last 64 kB and the reader's window were taken in.
    stdin.write_all(features(1_000, n_rows).as_bytes()).unwrap();
    stdin.flush().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_import_that_is_killed_leaves_the_database_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    first_roll(dir.path());
    let before = state(dir.path());
    for n_rows in [0, 1, 6_000, 9_000] {
        kill_after(dir.path(), n_rows);
        let output = run(dir.path(), &["check"]);
        assert!(output.status.success(), "{n_rows}: {}{}", said(&output), String::from_utf8_lossy(&output.stdout));
        assert_eq!(state(dir.path()), before, "killed after {n_rows} rows");
    }
    fs::write(dir.path().join("second.geojson"), features(0, 40)).unwrap();
    let output = run(dir.path(), &["import", "parcels", "second.geojson"]);
    assert!(said(&output).contains("40 parcels, 20 of them new or changed"), "{}", said(&output));
}

#[test]
fn a_first_import_that_is_killed_can_be_repeated_and_read_before_that() {
    for n_rows in [0, 9_000] {
        let dir = tempfile::tempdir().unwrap();
        kill_after(dir.path(), n_rows);
        // A reader meets the journal of the dead import first.
        let output = run(dir.path(), &["research", "1 ELM ST"]);
        assert_ne!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(
            !said(&output).contains("readonly") && !said(&output).contains("operation failed"),
            "{}",
            said(&output)
        );
        first_roll(dir.path());
        assert!(run(dir.path(), &["check"]).status.success());
    }
}

#[test]
fn a_cut_off_creation_is_no_foreign_file() {
    let dir = tempfile::tempdir().unwrap();
    Connection::open(dir.path().join("t.db")).unwrap().execute_batch("PRAGMA journal_mode = WAL").unwrap();
    first_roll(dir.path());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    first_roll(dir.path());
    let before = state(dir.path());
    let mut child = taptrace(dir.path())
        .args(["import", "parcels", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(features(1_000, 3_000).as_bytes()).unwrap();
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    // The flag is looked at every 1,024 rows.
    drop(stdin.write_all(features(9_000, 6_000).as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert_eq!(said(&output), "interrupted; the database is as before\n");
    assert_eq!(state(dir.path()), before);
}

/// Names in the folder, but for those of the database.
fn others(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|n| !n.starts_with("t.db") && !n.ends_with(".geojson")).collect()
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_no_half_file_of_an_export_or_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("first.geojson"), features(0, 20_000)).unwrap();
    assert!(run(dir.path(), &["import", "parcels", "first.geojson"]).status.success());
    for args in [&["export", "parcels", "-o", "p.csv"][..], &["export", "parcels", "-o", "p.gpkg"], &["backup", "b.db"]]
    {
        let mut child = taptrace(dir.path()).args(args).stderr(Stdio::piped()).spawn().unwrap();
        // As soon as there is a half file.
        let pid = child.id().to_string();
        while !others(dir.path()).iter().any(|n| n.ends_with(".part")) && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        drop(Command::new("kill").args(["-INT", &pid]).stderr(Stdio::null()).status());
        let output = child.wait_with_output().unwrap();
        let left = others(dir.path());
        if output.status.success() {
            // It was faster than the signal.
            assert!(!left.iter().any(|n| n.contains("part")), "{args:?}: {left:?}");
            for name in left {
                fs::remove_file(dir.path().join(name)).unwrap();
            }
        } else {
            assert_eq!(output.status.code(), Some(130), "{args:?}: {}", said(&output));
            assert!(said(&output).starts_with("interrupted; "), "{args:?}: {}", said(&output));
            assert!(left.is_empty(), "{args:?}: {left:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_half_file_of_an_export_or_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("first.geojson"), features(0, 3_000)).unwrap();
    assert!(run(dir.path(), &["import", "parcels", "first.geojson"]).status.success());
    for args in ["export parcels -o p.csv", "export parcels -o p.gpkg", "backup b.db"] {
        let script = format!("trap '' XFSZ; ulimit -f 40; exec {} --db t.db {args}", env!("CARGO_BIN_EXE_taptrace"));
        let output = Command::new("bash").args(["-c", &script]).current_dir(dir.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args}: {}", said(&output));
        assert!(others(dir.path()).is_empty(), "{args}: {:?}", others(dir.path()));
    }
}

#[test]
fn another_county_does_not_retire_the_first_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.geojson"), features(0, 100)).unwrap();
    assert!(run(dir.path(), &["import", "parcels", "a.geojson"]).status.success());
    let before = state(dir.path());
    fs::write(dir.path().join("b.geojson"), features(5_000, 200)).unwrap();
    let output = run(dir.path(), &["import", "parcels", "b.geojson"]);
    assert_eq!(output.status.code(), Some(2));
    let told = said(&output);
    assert!(
        told.contains("100 of the 100 parcels of the last roll are not in this file, such as P0; new in it is P5000"),
        "{told}"
    );
    assert!(told.contains("hint: ") && told.contains("a file of its own") && told.contains("--allow-shrink"), "{told}");
    assert_eq!(state(dir.path()), before);
    // The county renumbered its parcels: a person says so.
    let output = run(dir.path(), &["import", "parcels", "b.geojson", "--allow-shrink"]);
    assert!(output.status.success() && said(&output).contains("100 retired"), "{}", said(&output));
    // A few splits and mergers are every year's business.
    fs::write(dir.path().join("c.geojson"), features(5_003, 199)).unwrap();
    assert!(run(dir.path(), &["import", "parcels", "c.geojson"]).status.success());
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    first_roll(dir.path());
    let before = state(dir.path());
    fs::write(dir.path().join("big.geojson"), features(0, 4_000)).unwrap();
    let limited = |db: &str, kb: u32| {
        let script = format!(
            "trap '' XFSZ; ulimit -f {kb}; exec {} --db {db} import parcels big.geojson",
            env!("CARGO_BIN_EXE_taptrace")
        );
        Command::new("bash").args(["-c", &script]).current_dir(dir.path()).output().unwrap()
    };
    for (db, kb) in [("t.db", 600), ("new.db", 600), ("t.db", 900)] {
        let output = limited(db, kb);
        assert_eq!(output.status.code(), Some(2), "{db} {kb}: {}", said(&output));
        assert!(said(&output).starts_with("error: the disk is full"), "{db} {kb}: {}", said(&output));
        assert!(said(&output).contains("hint: make room on that disk"), "{db} {kb}: {}", said(&output));
        assert!(!dir.path().join("new.db-journal").exists());
        assert_eq!(state(dir.path()), before);
        assert!(run(dir.path(), &["check"]).status.success());
    }
    let output = run(dir.path(), &["import", "parcels", "big.geojson"]);
    assert!(output.status.success(), "{}", said(&output));
}

/// Name and text of everything in a schema.
fn schema(db: &Path) -> Vec<(String, String)> {
    let db = Connection::open(db).unwrap();
    let mut statement = db
        .prepare("SELECT type || ' ' || name, COALESCE(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1")
        .unwrap();
    statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// A database of the first version: its schema and a small roll with a parcel of two situs.
const FIRST_SCHEMA: &str = concat!(
    include_str!("../../src/store/migrations/0001_core.sql"),
    include_str!("../fixtures/first_schema_rows.sql")
);

#[test]
fn a_database_of_the_first_schema_becomes_one_of_today() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.db");
    Connection::open(&path).unwrap().execute_batch(FIRST_SCHEMA).unwrap();
    let output = run(dir.path(), &["research", "9 BIRCH AVE"]);
    assert!(output.status.success(), "{}", said(&output));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("P2") && shown.contains("SAMPLE HOLDINGS LLC"), "{shown}");
    fs::write(dir.path().join("roll.csv"), "parcel_id\nP9\n").unwrap();
    let fresh = dir.path().join("fresh");
    fs::create_dir(&fresh).unwrap();
    first_roll(&fresh);
    assert_eq!(schema(&path), schema(&fresh.join("t.db")));
    assert!(dir.path().join("t.db.v1").exists(), "the old file is kept beside");
    let db = Connection::open(&path).unwrap();
    let situs: Vec<(i64, String)> = db
        .prepare("SELECT situs_id, situs_text FROM situs ORDER BY parcel_version_id, situs_id")
        .unwrap()
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(situs, [(1, "1 ELM ST".to_owned()), (1, "7 BIRCH AVE".to_owned()), (2, "9 BIRCH AVE".to_owned())]);
    assert!(run(dir.path(), &["check"]).status.success());
}

#[test]
fn a_touched_audit_log_is_found_by_check() {
    for (damage, wanted) in [
        ("UPDATE audit_log SET actor = 'x' WHERE audit_id = 1", "chain is broken at entry 1"),
        ("DELETE FROM audit_log WHERE audit_id = 2", "chain is broken at entry 3"),
        (
            "DELETE FROM audit_log WHERE audit_id = (SELECT MAX(audit_id) FROM audit_log)",
            "stands in the anchor file but is gone",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        for n in [20, 21, 22] {
            fs::write(dir.path().join("r.geojson"), features(0, n)).unwrap();
            assert!(run(dir.path(), &["import", "parcels", "r.geojson"]).status.success());
        }
        assert!(run(dir.path(), &["check"]).status.success());
        Connection::open(dir.path().join("t.db"))
            .unwrap()
            .execute_batch(&format!("DROP TRIGGER audit_log_no_update; DROP TRIGGER audit_log_no_delete; {damage}"))
            .unwrap();
        let output = run(dir.path(), &["check"]);
        let told = said(&output) + &String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(wanted), "{damage}: {told}");
    }
}

#[test]
fn a_backup_is_a_whole_database_and_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    first_roll(dir.path());
    let output = run(dir.path(), &["backup", "copy.db"]);
    assert!(output.status.success(), "{}", said(&output));
    let check = Command::new(env!("CARGO_BIN_EXE_taptrace"))
        .current_dir(dir.path())
        .args(["--db", "copy.db", "check"])
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", said(&check));
    let manifest = fs::read_to_string(dir.path().join("copy.db.manifest")).unwrap();
    assert!(manifest.starts_with("sha256 ") && manifest.contains("audit_head "), "{manifest}");
    let again = run(dir.path(), &["backup", "copy.db"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(!dir.path().join("copy.db.part").exists());
    // The anchor of the copy goes as far as the copy.
    let entries = |text: &str| text.lines().count();
    let copied = fs::read_to_string(dir.path().join("copy.db.anchor")).unwrap();
    fs::write(dir.path().join("t.db.anchor"), copied.clone() + "999 0000 2026-01-01T00:00:00Z\n").unwrap();
    assert!(run(dir.path(), &["backup", "second.db"]).status.success());
    assert_eq!(entries(&fs::read_to_string(dir.path().join("second.db.anchor")).unwrap()), entries(&copied));
}

#[test]
fn hot_queries_use_their_index() {
    let dir = tempfile::tempdir().unwrap();
    first_roll(dir.path());
    let db = Connection::open(dir.path().join("t.db")).unwrap();
    let plan = |sql: &str| -> String {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let lines: Vec<String> = statement.query_map([], |r| r.get(3)).unwrap().map(Result::unwrap).collect();
        lines.join("\n")
    };
    for (sql, wanted) in [
        ("SELECT * FROM parcel WHERE parcel_no = 'P1'", "sqlite_autoindex_parcel_1 (parcel_no=?)"),
        (
            "SELECT * FROM parcel p JOIN parcel_version v ON v.parcel_version_id = p.current_version_id WHERE p.parcel_no = 'P1'",
            "SEARCH v USING INTEGER PRIMARY KEY",
        ),
        (
            "SELECT * FROM situs WHERE parcel_version_id = 1 AND situs_id = 1",
            "USING PRIMARY KEY (parcel_version_id=? AND situs_id=?)",
        ),
        ("SELECT * FROM ownership_interval WHERE parcel_id = 1", "ownership_interval_parcel (parcel_id=?)"),
        ("SELECT * FROM ownership_interval WHERE owner_line_id = 1", "ownership_interval_owner (owner_line_id=?)"),
        ("SELECT * FROM match_link WHERE premise_id = 1", "match_link_premise (premise_id=?)"),
        ("SELECT * FROM match_link WHERE parcel_id = 1", "match_link_parcel (parcel_id=?)"),
        ("SELECT * FROM account WHERE premise_id = 1", "account_premise (premise_id=?)"),
        ("SELECT * FROM account WHERE account_no = '1' AND service_kind = 'water'", "sqlite_autoindex_account_1"),
        (
            "SELECT * FROM meter_read WHERE meter_id = 1 AND read_on > '2026'",
            "USING PRIMARY KEY (meter_id=? AND read_on>?)",
        ),
        ("SELECT * FROM tap_premise WHERE premise_id = 1", "tap_premise_premise (premise_id=?)"),
        ("SELECT * FROM owner_on_roll WHERE parcel_no = 'P1'", "sqlite_autoindex_parcel_1 (parcel_no=?)"),
        (
            "SELECT * FROM audit_log WHERE entity = 'tap' AND entity_id = '1'",
            "audit_log_entity (entity=? AND entity_id=?)",
        ),
    ] {
        let plan = plan(sql);
        assert!(plan.contains(wanted), "{sql}\n{plan}");
    }
}
