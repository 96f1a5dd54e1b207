//! Source snapshots and the rows kept aside.

use rusqlite::{OptionalExtension, Statement, named_params, params};

use super::{Error, Reader, Tx};
use crate::model::id::SnapshotId;
use crate::model::snapshot::{Reject, SourceKind};

/// A file about to be imported.
#[derive(Debug, Clone, Copy)]
pub struct NewSnapshot<'a> {
    /// What it holds.
    pub source_kind: SourceKind,
    /// Profile used.
    pub profile: &'a str,
    /// Path or URL.
    pub origin: &'a str,
    /// Hash of the bytes; empty while it is not known yet.
    pub sha256: &'a str,
    /// Size in bytes.
    pub byte_len: u64,
    /// The day the content is true for.
    pub as_of_date: &'a str,
}

/// How an import ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows read.
    pub read: u64,
    /// Rows stored.
    pub stored: u64,
    /// Rows that repeat another.
    pub duplicate: u64,
    /// Rows kept aside.
    pub rejected: u64,
}

/// A snapshot of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct SnapshotRow {
    pub snapshot_id: SnapshotId,
    pub source_kind: String,
    pub profile: String,
    pub origin: String,
    pub sha256: String,
    pub as_of_date: String,
    pub imported_at: String,
    pub counts: Counts,
}

/// The snapshot of the same bytes under the same profile, when it was imported before.
///
/// # Errors
/// When the database cannot be read.
pub fn find_same(tx: &Tx<'_>, snapshot: &NewSnapshot<'_>) -> Result<Option<SnapshotId>, Error> {
    Ok(tx
        .tx
        .query_row(
            "SELECT snapshot_id FROM source_snapshot WHERE source_kind = ?1 AND profile = ?2 AND sha256 = ?3",
            params![snapshot.source_kind.as_str(), snapshot.profile, snapshot.sha256],
            |r| r.get(0).map(SnapshotId),
        )
        .optional()?)
}

/// True when a snapshot of the same kind, profile and size is there: only then can the file be one that was imported before.
///
/// # Errors
/// When the database cannot be read.
pub fn has_same_size(tx: &Tx<'_>, snapshot: &NewSnapshot<'_>) -> Result<bool, Error> {
    Ok(tx.tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM source_snapshot WHERE source_kind = ?1 AND profile = ?2 AND byte_len = ?3)",
        params![snapshot.source_kind.as_str(), snapshot.profile, snapshot.byte_len.cast_signed()],
        |r| r.get(0),
    )?)
}

/// Records a snapshot; counts and hash come at the end with [`finish`].
///
/// # Errors
/// When the database cannot be written.
pub fn insert(tx: &mut Tx<'_>, snapshot: &NewSnapshot<'_>) -> Result<SnapshotId, Error> {
    tx.tx.execute(
        "INSERT INTO source_snapshot (source_kind, profile, origin, sha256, byte_len, as_of_date, imported_at, actor)
         VALUES (:kind, :profile, :origin, :sha256, :byte_len, :as_of_date, :at, :actor)",
        named_params! {
            ":kind": snapshot.source_kind.as_str(), ":profile": snapshot.profile, ":origin": snapshot.origin,
            ":sha256": snapshot.sha256, ":byte_len": snapshot.byte_len.cast_signed(), ":as_of_date": snapshot.as_of_date,
            ":at": tx.authorship().at.0, ":actor": tx.authorship().actor,
        },
    )?;
    Ok(SnapshotId(tx.tx.last_insert_rowid()))
}

/// Writes hash and size of the bytes that were read, for a file that is hashed while it is imported.
///
/// # Errors
/// When the database cannot be written.
pub fn identify(tx: &mut Tx<'_>, id: SnapshotId, sha256: &str, byte_len: u64) -> Result<(), Error> {
    tx.tx.execute(
        "UPDATE source_snapshot SET sha256 = ?2, byte_len = ?3 WHERE snapshot_id = ?1",
        params![id.0, sha256, byte_len.cast_signed()],
    )?;
    Ok(())
}

/// Writes the counts of a finished import.
///
/// # Errors
/// When the database cannot be written.
pub fn finish(tx: &mut Tx<'_>, id: SnapshotId, counts: Counts, columns_json: &str) -> Result<(), Error> {
    tx.tx.execute(
        "UPDATE source_snapshot
         SET read_count = ?2, stored_count = ?3, duplicate_count = ?4, rejected_count = ?5, columns_json = ?6
         WHERE snapshot_id = ?1",
        params![
            id.0,
            counts.read.cast_signed(),
            counts.stored.cast_signed(),
            counts.duplicate.cast_signed(),
            counts.rejected.cast_signed(),
            columns_json
        ],
    )?;
    Ok(())
}

pub(super) const REJECT_SQL: &str = "INSERT INTO source_reject (snapshot_id, row_no, column_name, value, reason, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// Keeps a row aside.
///
/// # Errors
/// When the database cannot be written.
pub fn reject(tx: &mut Tx<'_>, id: SnapshotId, reject: &Reject) -> Result<(), Error> {
    execute_reject(&mut *tx.tx.prepare_cached(REJECT_SQL)?, id, reject)
}

pub(super) fn execute_reject(statement: &mut Statement<'_>, id: SnapshotId, reject: &Reject) -> Result<(), Error> {
    statement.execute(params![
        id.0,
        reject.row_no.cast_signed(),
        reject.column,
        reject.value,
        reject.reason,
        reject.detail
    ])?;
    Ok(())
}

/// Every snapshot, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(reader: &Reader) -> Result<Vec<SnapshotRow>, Error> {
    let mut statement = reader.connection.prepare(
        "SELECT snapshot_id, source_kind, profile, origin, sha256, as_of_date, imported_at, read_count, stored_count,
                duplicate_count, rejected_count
         FROM source_snapshot
         ORDER BY snapshot_id",
    )?;
    let rows = statement.query_map([], |r| {
        let count = |index: usize| r.get::<_, i64>(index).map(i64::unsigned_abs);
        Ok(SnapshotRow {
            snapshot_id: SnapshotId(r.get(0)?),
            source_kind: r.get(1)?,
            profile: r.get(2)?,
            origin: r.get(3)?,
            sha256: r.get(4)?,
            as_of_date: r.get(5)?,
            imported_at: r.get(6)?,
            counts: Counts { read: count(7)?, stored: count(8)?, duplicate: count(9)?, rejected: count(10)? },
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
