//! What somebody or something did to the file behind its back: `check` finds it, and the command of its repair repairs it.

use std::path::Path;

use rusqlite::Connection;

use crate::support::{sample_city, shell};

fn check(dir: &Path) -> (Option<i32>, String) {
    let output = shell(dir, "taptrace check");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn damage(dir: &Path, sql: &str) {
    let sql = format!("PRAGMA foreign_keys = OFF; {sql}");
    Connection::open(dir.join("taptrace.db")).unwrap().execute_batch(&sql).unwrap();
}

/// Damages the sample city; the finding must contain `found`, and its own commands, at most two, must leave nothing to report.
#[track_caller]
fn repairs(dir: &Path, sql: &str, found: &str) {
    damage(dir, sql);
    let (status, mut text) = check(dir);
    assert_eq!(status, Some(1), "{sql}: {text}");
    assert!(text.contains(found), "{sql}: no {found:?} in {text}");
    for _ in 0..2 {
        let Some((_, rest)) = text.split_once("repair: taptrace ") else { break };
        let line = format!("taptrace {}", rest.lines().next().unwrap());
        assert!(shell(dir, &line).status.code() < Some(2), "{line}");
        text = check(dir).1;
    }
    assert!(text.contains("nothing to report"), "{sql}: {text}");
}

#[test]
fn what_can_be_made_anew_is_made_anew_by_the_command_of_the_finding() {
    let city = sample_city();
    for (sql, found) in [
        (
            "DROP INDEX match_link_premise; DROP TRIGGER audit_log_no_update; DROP VIEW owner_on_roll",
            "the view owner_on_roll is missing",
        ),
        (
            "DROP TRIGGER audit_log_no_delete;
             CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log BEGIN SELECT 1; END",
            "the trigger audit_log_no_delete is not as taptrace made it",
        ),
        (
            "DELETE FROM owner_node_parcel WHERE parcel_id < 10",
            "9 parcels with an owner on the roll and in no owner group",
        ),
        ("DELETE FROM owner_node", "owner_node_parcel point to a missing owner_node"),
        ("DELETE FROM match_link WHERE premise_id = 5", "1 premises that were never matched"),
        ("DELETE FROM match_link", "links of the last match run are gone"),
    ] {
        repairs(city.path(), sql, found);
    }
}

#[test]
fn what_only_a_backup_has_is_said_to_be_restored() {
    for (sql, found) in [
        ("DELETE FROM tap WHERE tap_id = 10", "1 rows of tap_premise point to a missing tap"),
        ("DELETE FROM ownership_interval WHERE parcel_id = 5", "no period of ownership"),
        ("DELETE FROM parcel_version WHERE parcel_version_id = 5", "1 parcels without a current version"),
        ("DELETE FROM owner_group", "point to a missing owner_group"),
        ("DROP TABLE lookup_log", "the table lookup_log is missing"),
    ] {
        let city = sample_city();
        damage(city.path(), sql);
        let (status, text) = check(city.path());
        assert_eq!(status, Some(1), "{sql}: {text}");
        assert!(text.contains(found) && text.contains("repair: restore the newest backup"), "{sql}: {text}");
    }
}

#[test]
fn an_index_out_of_step_is_filled_again_and_a_stranger_is_named() {
    let city = sample_city();
    damage(
        city.path(),
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX match_link_premise ON match_link (parcel_id)' WHERE name = 'match_link_premise';",
    );
    repairs(city.path(), "SELECT 1", "the index match_link_premise is out of step with its table");
    damage(city.path(), "CREATE TRIGGER stranger AFTER UPDATE ON tap BEGIN SELECT 1; END");
    let (status, text) = check(city.path());
    assert_eq!(status, Some(1));
    assert!(text.contains("the trigger stranger is not ours") && text.contains("DROP trigger stranger"), "{text}");
}

#[test]
fn flipped_bytes_are_told_as_damage_and_never_crash() {
    let city = sample_city();
    let db = city.path().join("taptrace.db");
    Connection::open(&db).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let whole = std::fs::read(&db).unwrap();
    let mut n_found = 0;
    for page in (1..whole.len() / 8192).step_by(40) {
        let mut bytes = whole.clone();
        // The header of a page of the tree: type, free block, number of cells.
        bytes[page * 8192..page * 8192 + 5].fill(0xEE);
        std::fs::write(&db, &bytes).unwrap();
        let (status, text) = check(city.path());
        assert!(status == Some(1) || status == Some(2), "page {page}: {status:?} {text}");
        assert!(text.contains("damaged") || text.contains("repair: "), "page {page}: {text}");
        assert!(!text.contains("panicked"), "{text}");
        n_found += 1;
    }
    assert!(n_found > 5);
    let mut half = whole.clone();
    half.truncate(whole.len() / 2);
    std::fs::write(&db, &half).unwrap();
    let (status, text) = check(city.path());
    assert_ne!(status, Some(0));
    assert!(text.contains("damaged") && text.contains("backup"), "{text}");
    let output = shell(city.path(), "taptrace research P1000010");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("hint: keep the file aside and restore the newest backup"), "{text}");
}

#[test]
fn an_anchor_that_was_taken_away_is_not_healed_by_the_next_write() {
    let city = sample_city();
    let anchor = city.path().join("taptrace.db.anchor");
    let old = std::fs::read_to_string(&anchor).unwrap();
    std::fs::remove_file(&anchor).unwrap();
    assert!(check(city.path()).1.contains("anchor file taptrace.db.anchor is missing"));
    assert!(shell(city.path(), "taptrace tap add T-NEW --reason test").status.success());
    let (status, text) = check(city.path());
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("the anchor file was missing when entry"), "{text}");
    let new = std::fs::read_to_string(&anchor).unwrap();
    std::fs::write(&anchor, old + &new).unwrap();
    assert_eq!(check(city.path()).0, Some(0));
}
