//! Computed blobs: indexes made from the rows, kept with the mark of what they were made from.

use rusqlite::blob::ZeroBlob;
use rusqlite::{OptionalExtension, params};

use super::view::Db;
use super::{Error, Tx};

/// The boxes of the current parcels (`geom::box_index`), written by every import that brings geometry.
pub const PARCEL_BOXES: &str = "parcel_boxes";

/// The county as the matcher learnt it (`matching::Matcher::to_bytes`).
pub const COUNTY: &str = "county";

/// What the roll teaches about its owners' names (`ownership::learnt`).
pub const OWNER_WORDS: &str = "owner_words";

/// Owners in the order of their names (`store::owner_find`).
pub(super) const OWNER_NAMES: &str = "owner_names";

/// Stores a blob, replacing the one of the same kind.
///
/// # Errors
/// When the database cannot be written.
pub fn put(tx: &mut Tx<'_>, kind: &str, fingerprint: &str, version: &str, bytes: &[u8]) -> Result<(), Error> {
    let made_at = tx.authorship().at.0.clone();
    tx.tx.execute(
        "INSERT INTO computed_blob (kind, fingerprint, model_version, made_at, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (kind) DO UPDATE
         SET fingerprint = excluded.fingerprint, model_version = excluded.model_version, made_at = excluded.made_at,
             bytes = excluded.bytes",
        params![kind, fingerprint, version, made_at, bytes],
    )?;
    Ok(())
}

/// As [`put`], the bytes in pieces: bound as one value, SQLite would hold them twice beside the caller's.
///
/// # Errors
/// When the database cannot be written, or the pieces are not `byte_len` bytes together.
pub fn put_pieces(
    tx: &mut Tx<'_>,
    kind: &str,
    (fingerprint, version): (&str, &str),
    byte_len: usize,
    write: impl FnOnce(&mut dyn FnMut(&[u8])),
) -> Result<(), Error> {
    let made_at = tx.authorship().at.0.clone();
    let broken = |what: &str| Error::Broken { what: format!("the {kind} blob {what}") };
    tx.tx.execute("DELETE FROM computed_blob WHERE kind = ?1", [kind])?;
    tx.tx.execute(
        "INSERT INTO computed_blob (kind, fingerprint, model_version, made_at, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![kind, fingerprint, version, made_at, ZeroBlob(byte_len as u64)],
    )?;
    let row_id = tx.tx.last_insert_rowid();
    let mut blob = tx.tx.blob_open("main", "computed_blob", "bytes", row_id, false)?;
    let (mut at, mut outcome) = (0, Ok(()));
    write(&mut |piece| {
        if outcome.is_ok() {
            outcome = blob.write_all_at(piece, at);
            at += piece.len();
        }
    });
    outcome?;
    blob.close()?;
    if at == byte_len { Ok(()) } else { Err(broken("has another length than was said")) }
}

/// The bytes of a blob, when there is one.
///
/// # Errors
/// When the database cannot be read.
pub fn get(db: &impl Db, kind: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut statement = db.connection().prepare_cached("SELECT bytes FROM computed_blob WHERE kind = ?1")?;
    Ok(statement.query_row([kind], |r| r.get(0)).optional()?)
}

/// Reads a blob made from just this, by just this version, without a copy of its bytes.
///
/// # Errors
/// When the database cannot be read.
pub fn read_fitting<T>(
    db: &impl Db,
    kind: &str,
    fingerprint: &str,
    version: &str,
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<Option<T>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT bytes FROM computed_blob WHERE kind = ?1 AND fingerprint = ?2 AND model_version = ?3",
    )?;
    let mut rows = statement.query([kind, fingerprint, version])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(row.get_ref(0)?.as_blob().ok().and_then(read))
}

/// True when there is such a blob.
///
/// # Errors
/// When the database cannot be read.
pub fn is_fitting(db: &impl Db, kind: &str, fingerprint: &str, version: &str) -> Result<bool, Error> {
    let mut statement = db
        .connection()
        .prepare_cached("SELECT 1 FROM computed_blob WHERE kind = ?1 AND fingerprint = ?2 AND model_version = ?3")?;
    Ok(statement.exists([kind, fingerprint, version])?)
}
