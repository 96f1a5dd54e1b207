//! Photos that crews brought with their results, by stop.

use rusqlite::params;

use super::view::Db;
use super::{Change, Error, Tx};

/// A photo of a stop.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of field_photo")]
pub struct PhotoRow {
    pub stop_uuid: String,
    pub name: String,
    pub sha256: String,
    pub byte_len: i64,
    pub mime: String,
    pub captured_at: Option<String>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub warnings: String,
}

/// Adds a photo; returns whether it is new. Of the warnings that several results give it the mildest stays: a photo is in order
/// when it fits one of them.
///
/// # Errors
/// When the database cannot be written.
pub fn put(tx: &mut Tx<'_>, row: &PhotoRow) -> Result<bool, Error> {
    let is_new = !tx
        .tx
        .prepare_cached("SELECT 1 FROM field_photo WHERE stop_uuid = ?1 AND name = ?2 AND sha256 = ?3")?
        .exists([&row.stop_uuid, &row.name, &row.sha256])?;
    tx.tx.execute(
        "INSERT INTO field_photo (stop_uuid, name, sha256, byte_len, mime, captured_at, lon, lat, warnings)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (stop_uuid, name, sha256) DO UPDATE SET warnings = min(warnings, excluded.warnings)",
        params![
            row.stop_uuid,
            row.name,
            row.sha256,
            row.byte_len,
            row.mime,
            row.captured_at,
            row.lon,
            row.lat,
            row.warnings
        ],
    )?;
    if is_new {
        let after = serde_json::json!({ "name": row.name, "sha256": row.sha256, "warnings": row.warnings }).to_string();
        tx.audit(Change {
            action: "field_photo",
            entity: "removal_stop",
            entity_id: &row.stop_uuid,
            before_json: None,
            after_json: Some(&after),
        })?;
    }
    Ok(is_new)
}

/// Notes that the photos of a stop were looked for.
///
/// # Errors
/// When the database cannot be written.
pub fn mark_checked(tx: &mut Tx<'_>, stop_uuid: &str) -> Result<(), Error> {
    tx.tx.execute("UPDATE removal_stop SET is_photo_checked = 1 WHERE stop_uuid = ?1", [stop_uuid])?;
    Ok(())
}

/// Whether the photos of a stop were ever looked for.
///
/// # Errors
/// When the database cannot be read.
pub fn is_checked(db: &impl Db, stop_uuid: &str) -> Result<bool, Error> {
    let mut statement =
        db.connection().prepare_cached("SELECT 1 FROM removal_stop WHERE stop_uuid = ?1 AND is_photo_checked = 1")?;
    Ok(statement.exists([stop_uuid])?)
}

/// Photos of a stop by name.
///
/// # Errors
/// When the database cannot be read.
pub fn of_stop(db: &impl Db, stop_uuid: &str) -> Result<Vec<PhotoRow>, Error> {
    rows(db, "p.stop_uuid = ?1", stop_uuid)
}

/// Photos of all stops of an order, by stop and name.
///
/// # Errors
/// When the database cannot be read.
pub fn of_order(db: &impl Db, order_no: &str) -> Result<Vec<PhotoRow>, Error> {
    rows(db, "s.order_no = ?1", order_no)
}

fn rows(db: &impl Db, wanted: &str, key: &str) -> Result<Vec<PhotoRow>, Error> {
    let mut statement = db.connection().prepare_cached(&format!(
        "SELECT p.stop_uuid, p.name, p.sha256, p.byte_len, p.mime, p.captured_at, p.lon, p.lat, p.warnings
         FROM removal_stop s JOIN field_photo p ON p.stop_uuid = s.stop_uuid
         WHERE {wanted} ORDER BY s.removal_list_id, p.name, p.sha256"
    ))?;
    let found = statement.query_map([key], |r| {
        Ok(PhotoRow {
            stop_uuid: r.get(0)?,
            name: r.get(1)?,
            sha256: r.get(2)?,
            byte_len: r.get(3)?,
            mime: r.get(4)?,
            captured_at: r.get(5)?,
            lon: r.get(6)?,
            lat: r.get(7)?,
            warnings: r.get(8)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Files that lie in the evidence folder: hash, and what the record calls the file.
///
/// # Errors
/// When the database cannot be read.
pub fn stored_files(db: &impl Db) -> Result<Vec<(String, String)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT sha256, MIN(name) FROM (
            SELECT sha256, evidence_no AS name FROM evidence
            UNION ALL
            SELECT p.sha256, 'photo ' || p.name || ' of ' || s.order_no
            FROM field_photo p JOIN removal_stop s ON s.stop_uuid = p.stop_uuid)
         GROUP BY sha256 ORDER BY 2",
    )?;
    let found = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Other orders whose photos are these very bytes.
///
/// # Errors
/// When the database cannot be read.
pub fn other_orders_with(db: &impl Db, order_no: &str, sha256: &str) -> Result<Vec<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT DISTINCT s.order_no FROM field_photo p JOIN removal_stop s ON s.stop_uuid = p.stop_uuid
         WHERE p.sha256 = ?1 AND s.order_no <> ?2 ORDER BY s.order_no",
    )?;
    let found = statement.query_map([sha256, order_no], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
