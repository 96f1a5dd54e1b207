//! The only SQL: opening, migrating, reading, and writing with audit.
//!
//! [`Reader`] cannot write; [`Writer::with`] is the only way to change anything and leaves an audit entry.
//! One file per aggregate; each takes a `&Reader` or a `&mut Tx` as its first parameter. Later tables come as a further
//! file in `migrations/` and a line in `open::MIGRATIONS`.

pub mod audit;
pub mod backup;
pub mod check;
mod error;
pub mod fetch_runs;
pub mod layers;
pub mod links;
pub mod matching;
mod open;
mod owner_find;
pub mod owner_groups;
pub mod owner_rebuild;
pub mod owner_review;
pub mod ownership;
pub mod pages;
pub mod parcels;
pub mod premises;
mod reader;
pub mod roll;
mod roll_same;
mod roll_silent;
mod roll_texts;
pub mod snapshots;
pub mod sources;
pub mod taps;
mod writer;

pub mod blobs;
pub mod case_due;
pub mod case_notice;
pub mod case_party;
pub mod case_work;
pub mod cases;
pub mod checklists;
pub mod field_photos;
pub mod holds;
pub mod lots;
pub mod pulls;
pub mod removal_lists;
pub mod removals;
mod view;

pub use audit::Head;
pub use error::{Error, FileTrouble};
pub use reader::Reader;
pub use roll_silent::Silent;
pub use view::Db;
pub use writer::{Authorship, Change, Tx, Writer};

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::{Authorship, Change, Error, Reader, Writer};
    use crate::model::date::Instant;

    fn by(reason: &str) -> Authorship {
        Authorship {
            actor: "tester".to_owned(),
            reason: reason.to_owned(),
            at: Instant("2026-01-02T03:04:05Z".to_owned()),
        }
    }

    fn three_writes(path: &Path) {
        let mut writer = Writer::open(path).unwrap();
        for name in ["a", "b", "c"] {
            writer
                .with(&by("test"), |tx| -> Result<(), Error> {
                    tx.tx.execute("INSERT INTO setting (name, value) VALUES (?1, '1')", [name])?;
                    tx.audit(Change {
                        action: "set",
                        entity: "setting",
                        entity_id: name,
                        before_json: None,
                        after_json: Some("1"),
                    })
                })
                .unwrap();
        }
    }

    /// Runs `damage` on a database of three writes with the triggers removed, and returns what `verify_audit` says.
    fn findings_after(damage: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        three_writes(&path);
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch("DROP TRIGGER audit_log_no_update; DROP TRIGGER audit_log_no_delete;").unwrap();
        raw.execute_batch(damage).unwrap();
        drop(raw);
        Reader::open(&path).unwrap().verify_audit().unwrap()
    }

    #[test]
    fn tampering_with_the_audit_log_is_found() {
        assert!(findings_after("").is_empty());
        for damage in [
            "UPDATE audit_log SET actor = 'x' WHERE audit_id = 2",
            "UPDATE audit_log SET after_json = NULL WHERE audit_id = 2",
            "DELETE FROM audit_log WHERE audit_id = 2",
            "DELETE FROM audit_log WHERE audit_id = 3",
            "DELETE FROM audit_log",
            "UPDATE audit_log SET audit_id = audit_id + 10",
        ] {
            assert!(!findings_after(damage).is_empty(), "not found: {damage}");
        }
    }

    #[test]
    fn the_audit_log_refuses_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        three_writes(&path);
        let raw = Connection::open(&path).unwrap();
        assert!(raw.execute("UPDATE audit_log SET actor = 'x'", []).is_err());
        assert!(raw.execute("DELETE FROM audit_log", []).is_err());
    }

    #[test]
    fn a_failed_write_changes_nothing_and_a_silent_one_is_recorded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        let mut writer = Writer::open(&path).unwrap();
        let result = writer.with(&by("will fail"), |tx| -> Result<(), Error> {
            tx.tx.execute("INSERT INTO setting (name, value) VALUES ('a', '1')", [])?;
            Err(Error::Interrupted)
        });
        assert!(matches!(result, Err(Error::Interrupted)));
        let reader = Reader::open(&path).unwrap();
        assert_eq!(reader.audit_head().unwrap().audit_id, 0);
        let n: i64 = reader.connection.query_row("SELECT COUNT(*) FROM setting", [], |r| r.get(0)).unwrap();
        assert_eq!(n, 0);
        writer.with(&by("silent"), |_| -> Result<(), Error> { Ok(()) }).unwrap();
        assert_eq!(reader.audit_head().unwrap().audit_id, 1);
    }

    #[test]
    fn files_that_are_not_ours_or_newer_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("none.db");
        assert!(matches!(Reader::open(&missing), Err(Error::Missing { .. })));
        assert!(!missing.exists());
        let text = dir.path().join("text.db");
        std::fs::write(
            &text,
            "this is no database at all, but long enough to be taken for one by a careless reader........",
        )
        .unwrap();
        assert!(matches!(Writer::open(&text), Err(Error::NotOurs { .. })));
        let foreign = dir.path().join("foreign.db");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(matches!(Writer::open(&foreign), Err(Error::NotOurs { .. })));
        let newer = dir.path().join("newer.db");
        drop(Writer::open(&newer).unwrap());
        Connection::open(&newer).unwrap().execute_batch("PRAGMA user_version = 999").unwrap();
        assert!(matches!(Reader::open(&newer), Err(Error::Newer { found: 999, .. })));
    }

    #[test]
    fn a_reader_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        three_writes(&path);
        let reader = Reader::open(&path).unwrap();
        assert!(reader.connection.execute("DELETE FROM setting", []).is_err());
    }
}
