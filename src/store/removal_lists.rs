//! Frozen lists with their stops, and the results that crews returned.

use rusqlite::{OptionalExtension, params};

use super::view::Db;
use super::{Change, Error, Tx};

/// A list version.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of removal_list")]
pub struct ListRow {
    pub list_id: i64,
    pub list_no: String,
    pub version: i64,
    pub list_kind: String,
    pub crew: String,
    pub work_on: Option<String>,
    pub frozen_at: Option<String>,
    pub content_sha256: Option<String>,
    pub length_ft: Option<f64>,
    pub is_closed: bool,
}

/// A stop of a list.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of removal_stop")]
pub struct StopRow {
    pub stop_uuid: String,
    pub seq: i64,
    pub order_no: String,
    pub base_version: i64,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub facts_json: String,
    pub result_status: String,
}

const SELECT_LIST: &str = "SELECT removal_list_id, list_no, version, list_kind, crew, work_on, frozen_at, content_sha256, length_ft, is_closed FROM removal_list";

fn list_row(r: &rusqlite::Row<'_>) -> rusqlite::Result<ListRow> {
    Ok(ListRow {
        list_id: r.get(0)?,
        list_no: r.get(1)?,
        version: r.get(2)?,
        list_kind: r.get(3)?,
        crew: r.get(4)?,
        work_on: r.get(5)?,
        frozen_at: r.get(6)?,
        content_sha256: r.get(7)?,
        length_ft: r.get(8)?,
        is_closed: r.get(9)?,
    })
}

/// The newest version of a list, or the one named.
///
/// # Errors
/// When the database cannot be read.
pub fn find(db: &impl Db, list_no: &str, version: Option<i64>) -> Result<Option<ListRow>, Error> {
    let sql =
        format!("{SELECT_LIST} WHERE list_no = ?1 AND (?2 IS NULL OR version = ?2) ORDER BY version DESC LIMIT 1");
    Ok(db.connection().prepare_cached(&sql)?.query_row(params![list_no, version], list_row).optional()?)
}

/// All list versions.
///
/// # Errors
/// When the database cannot be read.
pub fn all(db: &impl Db) -> Result<Vec<ListRow>, Error> {
    let sql = format!("{SELECT_LIST} ORDER BY list_no, version");
    let mut statement = db.connection().prepare_cached(&sql)?;
    let rows = statement.query_map([], list_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The open list (number) an order stands on.
///
/// # Errors
/// When the database cannot be read.
pub fn open_list_of(db: &impl Db, order_no: &str) -> Result<Option<ListRow>, Error> {
    let sql = format!(
        "{SELECT_LIST} WHERE is_closed = 0 AND removal_list_id IN (SELECT removal_list_id FROM removal_stop WHERE order_no = ?1)
         ORDER BY version DESC LIMIT 1"
    );
    Ok(db.connection().prepare_cached(&sql)?.query_row([order_no], list_row).optional()?)
}

/// Stops of a list version in driving order.
///
/// # Errors
/// When the database cannot be read.
pub fn stops(db: &impl Db, list_id: i64) -> Result<Vec<StopRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT stop_uuid, seq, order_no, base_version, lon, lat, facts_json, result_status FROM removal_stop
         WHERE removal_list_id = ?1 ORDER BY seq",
    )?;
    let rows = statement.query_map([list_id], stop_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn stop_row(r: &rusqlite::Row<'_>) -> rusqlite::Result<StopRow> {
    Ok(StopRow {
        stop_uuid: r.get(0)?,
        seq: r.get(1)?,
        order_no: r.get(2)?,
        base_version: r.get(3)?,
        lon: r.get(4)?,
        lat: r.get(5)?,
        facts_json: r.get(6)?,
        result_status: r.get(7)?,
    })
}

/// A stop of any frozen list, with its list.
///
/// # Errors
/// When the database cannot be read.
pub fn stop(db: &impl Db, stop_uuid: &str) -> Result<Option<(ListRow, StopRow)>, Error> {
    let found: Option<(i64, StopRow)> = db
        .connection()
        .prepare_cached(
            "SELECT stop_uuid, seq, order_no, base_version, lon, lat, facts_json, result_status, removal_list_id
             FROM removal_stop WHERE stop_uuid = ?1",
        )?
        .query_row([stop_uuid], |r| Ok((r.get(8)?, stop_row(r)?)))
        .optional()?;
    let Some((list_id, stop)) = found else {
        return Ok(None);
    };
    let sql = format!("{SELECT_LIST} WHERE removal_list_id = ?1");
    let list = db.connection().prepare_cached(&sql)?.query_row([list_id], list_row)?;
    Ok(list.frozen_at.is_some().then_some((list, stop)))
}

/// Adds a list version with its stops.
///
/// # Errors
/// When the database cannot be written.
pub fn insert(tx: &mut Tx<'_>, list: &ListRow, stops: &[StopRow]) -> Result<i64, Error> {
    tx.tx.execute("UPDATE removal_list SET is_closed = 1 WHERE list_no = ?1", [&list.list_no])?;
    tx.tx.execute(
        "INSERT INTO removal_list (list_no, version, list_kind, crew, work_on, frozen_at, content_sha256, length_ft) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            list.list_no, list.version, list.list_kind, list.crew, list.work_on, list.frozen_at,
            list.content_sha256, list.length_ft
        ],
    )?;
    let list_id = tx.tx.last_insert_rowid();
    for s in stops {
        tx.tx.execute(
            "INSERT INTO removal_stop (stop_uuid, removal_list_id, seq, order_no, base_version, lon, lat, facts_json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![s.stop_uuid, list_id, s.seq, s.order_no, s.base_version, s.lon, s.lat, s.facts_json],
        )?;
    }
    let key = format!("{}/{}", list.list_no, list.version);
    let after = serde_json::json!({ "sha256": list.content_sha256, "stops": stops.len() }).to_string();
    tx.audit(Change {
        action: "list",
        entity: "removal_list",
        entity_id: &key,
        before_json: None,
        after_json: Some(&after),
    })?;
    Ok(list_id)
}

/// Closes a list: its orders may go on another one.
///
/// # Errors
/// When the database cannot be written.
pub fn close(tx: &mut Tx<'_>, list: &ListRow) -> Result<(), Error> {
    tx.tx.execute("UPDATE removal_list SET is_closed = 1 WHERE removal_list_id = ?1", [list.list_id])?;
    let key = format!("{}/{}", list.list_no, list.version);
    tx.audit(Change { action: "close", entity: "removal_list", entity_id: &key, before_json: None, after_json: None })
}

/// A returned result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of field_result")]
pub struct ResultRow {
    pub field_result_id: String,
    pub content_sha256: String,
    pub stop_uuid: String,
    pub base_version: i64,
    pub fields_json: String,
    pub merge_status: String,
}

/// Results of a stop; all conflicts when no stop is named.
///
/// # Errors
/// When the database cannot be read.
pub fn results(db: &impl Db, stop_uuid: Option<&str>) -> Result<Vec<ResultRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT field_result_id, content_sha256, stop_uuid, base_version, fields_json, merge_status FROM field_result
         WHERE stop_uuid = ?1 OR (?1 IS NULL AND merge_status = 'conflict') ORDER BY stop_uuid, field_result_id, content_sha256",
    )?;
    let rows = statement.query_map([stop_uuid], |r| {
        Ok(ResultRow {
            field_result_id: r.get(0)?,
            content_sha256: r.get(1)?,
            stop_uuid: r.get(2)?,
            base_version: r.get(3)?,
            fields_json: r.get(4)?,
            merge_status: r.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds a result or changes its status.
///
/// # Errors
/// When the database cannot be written.
pub fn put_result(tx: &mut Tx<'_>, row: &ResultRow) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO field_result (field_result_id, content_sha256, stop_uuid, base_version, fields_json, merge_status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (field_result_id, content_sha256) DO UPDATE SET merge_status = excluded.merge_status",
        params![
            row.field_result_id,
            row.content_sha256,
            row.stop_uuid,
            row.base_version,
            row.fields_json,
            row.merge_status
        ],
    )?;
    let after = serde_json::json!({ "status": row.merge_status, "sha256": row.content_sha256 }).to_string();
    tx.audit(Change {
        action: "field_result",
        entity: "removal_stop",
        entity_id: &row.stop_uuid,
        before_json: None,
        after_json: Some(&after),
    })
}

/// Sets what became of a stop.
///
/// # Errors
/// When the database cannot be written.
pub fn set_stop_status(tx: &mut Tx<'_>, stop_uuid: &str, status: &str) -> Result<(), Error> {
    tx.tx.execute("UPDATE removal_stop SET result_status = ?2 WHERE stop_uuid = ?1", [stop_uuid, status])?;
    Ok(())
}
