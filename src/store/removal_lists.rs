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
    pub yard: Option<[f64; 2]>,
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
    pub picture_json: String,
    pub result_status: String,
}

const SELECT_LIST: &str = "SELECT removal_list_id, list_no, version, list_kind, crew, work_on, frozen_at, content_sha256, length_ft, is_closed, yard_lon, yard_lat FROM removal_list";

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
        yard: r.get::<_, Option<f64>>(10)?.zip(r.get::<_, Option<f64>>(11)?).map(|(lon, lat)| [lon, lat]),
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

/// List versions, newest first, each with its number of stops and how many have their result.
///
/// # Errors
/// When the database cannot be read.
pub fn all(db: &impl Db, n_rows_max: i64) -> Result<Vec<(ListRow, i64, i64)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT l.removal_list_id, l.list_no, l.version, l.list_kind, l.crew, l.work_on, l.frozen_at, l.content_sha256,
                l.length_ft, l.is_closed, l.yard_lon, l.yard_lat,
                (SELECT COUNT(*) FROM removal_stop s WHERE s.removal_list_id = l.removal_list_id),
                (SELECT COUNT(*) FROM removal_stop s WHERE s.removal_list_id = l.removal_list_id
                   AND s.result_status NOT IN ('open', 'dispatched', 'conflict'))
         FROM removal_list l ORDER BY l.list_no DESC, l.version DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([n_rows_max], |r| Ok((list_row(r)?, r.get(12)?, r.get(13)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The newest frozen version of a list before another one.
///
/// # Errors
/// When the database cannot be read.
pub fn frozen_before(db: &impl Db, list_no: &str, version: i64) -> Result<Option<ListRow>, Error> {
    let sql = format!(
        "{SELECT_LIST} WHERE list_no = ?1 AND version < ?2 AND frozen_at IS NOT NULL ORDER BY version DESC LIMIT 1"
    );
    Ok(db.connection().prepare_cached(&sql)?.query_row(params![list_no, version], list_row).optional()?)
}

/// The open list (number) an order stands on; a stop that has its result holds nobody back.
///
/// # Errors
/// When the database cannot be read.
pub fn open_list_of(db: &impl Db, order_no: &str) -> Result<Option<ListRow>, Error> {
    let sql = format!(
        "{SELECT_LIST} WHERE is_closed = 0 AND removal_list_id IN (SELECT removal_list_id FROM removal_stop
           WHERE order_no = ?1 AND result_status IN ('open', 'dispatched', 'conflict'))
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
        "SELECT stop_uuid, seq, order_no, base_version, lon, lat, facts_json, result_status, picture_json FROM removal_stop
         WHERE removal_list_id = ?1 ORDER BY seq",
    )?;
    let rows = statement.query_map([list_id], stop_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Orders of a list whose premises lie on a parcel that is withheld by law today; the frozen facts stay as they were.
///
/// # Errors
/// When the database cannot be read.
pub fn withheld_orders(db: &impl Db, list_id: i64) -> Result<Vec<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "WITH fed AS (
             SELECT o.order_no, f.premise_id FROM removal_order o JOIN tap_premise f ON f.tap_id = o.tap_id
             UNION
             SELECT o.order_no, a.premise_id FROM pull_order o JOIN account a ON a.account_id = o.account_id)
         SELECT DISTINCT s.order_no
         FROM removal_stop s
         JOIN fed ON fed.order_no = s.order_no
         JOIN match_link l ON l.premise_id = fed.premise_id
         JOIN parcel_withheld w ON w.parcel_id = l.parcel_id
         WHERE s.removal_list_id = ?1",
    )?;
    let rows = statement.query_map([list_id], |r| r.get(0))?;
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
        picture_json: r.get(8)?,
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
            "SELECT stop_uuid, seq, order_no, base_version, lon, lat, facts_json, result_status, picture_json, removal_list_id
             FROM removal_stop WHERE stop_uuid = ?1",
        )?
        .query_row([stop_uuid], |r| Ok((r.get(9)?, stop_row(r)?)))
        .optional()?;
    let Some((list_id, stop)) = found else {
        return Ok(None);
    };
    let sql = format!("{SELECT_LIST} WHERE removal_list_id = ?1");
    let list = db.connection().prepare_cached(&sql)?.query_row([list_id], list_row)?;
    Ok(list.frozen_at.is_some().then_some((list, stop)))
}

/// Adds a list version, or replaces the draft with this `list_id`; earlier versions are closed. Returns the id.
///
/// # Errors
/// When the version is frozen already, or the database cannot be written.
pub fn put(tx: &mut Tx<'_>, list: &ListRow, stops: &[StopRow]) -> Result<i64, Error> {
    tx.tx.execute("UPDATE removal_list SET is_closed = 1 WHERE list_no = ?1", [&list.list_no])?;
    let list_id = if list.list_id == 0 { insert_list(tx, list)? } else { replace_draft(tx, list)? };
    let mut statement = tx.tx.prepare_cached(
        "INSERT INTO removal_stop (stop_uuid, removal_list_id, seq, order_no, base_version, lon, lat, facts_json, picture_json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for s in stops {
        statement.execute(params![
            s.stop_uuid,
            list_id,
            s.seq,
            s.order_no,
            s.base_version,
            s.lon,
            s.lat,
            s.facts_json,
            s.picture_json
        ])?;
    }
    drop(statement);
    let key = format!("{}/{}", list.list_no, list.version);
    let after = serde_json::json!({ "sha256": list.content_sha256, "stops": stops.len() }).to_string();
    tx.audit(Change {
        action: if list.frozen_at.is_some() { "freeze" } else { "list" },
        entity: "removal_list",
        entity_id: &key,
        before_json: None,
        after_json: Some(&after),
    })?;
    Ok(list_id)
}

fn insert_list(tx: &Tx<'_>, list: &ListRow) -> Result<i64, Error> {
    let [lon, lat] = list.yard.map_or([None; 2], |y| y.map(Some));
    tx.tx.execute(
        "INSERT INTO removal_list (list_no, version, list_kind, crew, work_on, frozen_at, content_sha256, length_ft, yard_lon, yard_lat)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            list.list_no, list.version, list.list_kind, list.crew, list.work_on, list.frozen_at,
            list.content_sha256, list.length_ft, lon, lat
        ],
    )?;
    Ok(tx.tx.last_insert_rowid())
}

fn replace_draft(tx: &Tx<'_>, list: &ListRow) -> Result<i64, Error> {
    let [lon, lat] = list.yard.map_or([None; 2], |y| y.map(Some));
    let n = tx.tx.execute(
        "UPDATE removal_list SET list_kind = ?2, crew = ?3, work_on = ?4, frozen_at = ?5, content_sha256 = ?6, length_ft = ?7,
            yard_lon = ?8, yard_lat = ?9, is_closed = 0
         WHERE removal_list_id = ?1 AND frozen_at IS NULL",
        params![
            list.list_id, list.list_kind, list.crew, list.work_on, list.frozen_at, list.content_sha256,
            list.length_ft, lon, lat
        ],
    )?;
    if n != 1 {
        return Err(Error::Broken { what: format!("{} version {} is frozen", list.list_no, list.version) });
    }
    tx.tx.execute("DELETE FROM removal_stop WHERE removal_list_id = ?1", [list.list_id])?;
    Ok(list.list_id)
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
    pub against_json: String,
    pub merge_status: String,
    pub verdict: Option<String>,
}

/// Results of a stop; all that wait for a person when no stop is named.
///
/// # Errors
/// When the database cannot be read.
pub fn results(db: &impl Db, stop_uuid: Option<&str>) -> Result<Vec<ResultRow>, Error> {
    let wanted = if stop_uuid.is_some() { "stop_uuid = ?1" } else { "merge_status = 'conflict' AND ?1 IS NULL" };
    let mut statement = db.connection().prepare_cached(&format!(
        "SELECT field_result_id, content_sha256, stop_uuid, base_version, fields_json, against_json, merge_status, verdict
         FROM field_result WHERE {wanted} ORDER BY stop_uuid, field_result_id, content_sha256"
    ))?;
    let rows = statement.query_map([stop_uuid], |r| {
        Ok(ResultRow {
            field_result_id: r.get(0)?,
            content_sha256: r.get(1)?,
            stop_uuid: r.get(2)?,
            base_version: r.get(3)?,
            fields_json: r.get(4)?,
            against_json: r.get(5)?,
            merge_status: r.get(6)?,
            verdict: r.get(7)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether this very report is here.
///
/// # Errors
/// When the database cannot be read.
pub fn has_result(db: &impl Db, field_result_id: &str, content_sha256: &str) -> Result<bool, Error> {
    let mut statement = db
        .connection()
        .prepare_cached("SELECT 1 FROM field_result WHERE field_result_id = ?1 AND content_sha256 = ?2")?;
    Ok(statement.exists([field_result_id, content_sha256])?)
}

/// The stop by which an order was last sent out.
///
/// # Errors
/// When the database cannot be read.
pub fn sent_stop_of(db: &impl Db, order_no: &str) -> Result<Option<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT stop_uuid FROM removal_stop WHERE order_no = ?1 AND result_status <> 'open'
         ORDER BY removal_list_id DESC LIMIT 1",
    )?;
    Ok(statement.query_row([order_no], |r| r.get(0)).optional()?)
}

/// Facts of an order on the newest frozen paper that is not newer than a version.
///
/// # Errors
/// When the database cannot be read.
pub fn facts_at(db: &impl Db, order_no: &str, base_version: i64) -> Result<Option<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT s.facts_json FROM removal_stop s JOIN removal_list l ON l.removal_list_id = s.removal_list_id
         WHERE s.order_no = ?1 AND s.base_version <= ?2 AND l.frozen_at IS NOT NULL
         ORDER BY s.base_version DESC, s.removal_list_id DESC LIMIT 1",
    )?;
    Ok(statement.query_row(params![order_no, base_version], |r| r.get(0)).optional()?)
}

/// Adds a result or changes its status.
///
/// # Errors
/// When the database cannot be written.
pub fn put_result(tx: &mut Tx<'_>, row: &ResultRow) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO field_result (field_result_id, content_sha256, stop_uuid, base_version, fields_json, against_json, merge_status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (field_result_id, content_sha256) DO UPDATE SET merge_status = excluded.merge_status",
        params![
            row.field_result_id,
            row.content_sha256,
            row.stop_uuid,
            row.base_version,
            row.fields_json,
            row.against_json,
            row.merge_status
        ],
    )?;
    audit_result(tx, row, &row.merge_status)
}

fn audit_result(tx: &mut Tx<'_>, row: &ResultRow, status: &str) -> Result<(), Error> {
    let after = serde_json::json!({ "result": row.field_result_id, "status": status, "sha256": row.content_sha256 });
    tx.audit(Change {
        action: "field_result",
        entity: "removal_stop",
        entity_id: &row.stop_uuid,
        before_json: None,
        after_json: Some(&after.to_string()),
    })
}

/// Writes down which file brought a result.
///
/// # Errors
/// When the database cannot be written.
pub fn put_result_file(tx: &mut Tx<'_>, key: (&str, &str), file_sha256: &str) -> Result<(), Error> {
    tx.tx
        .prepare_cached("INSERT OR IGNORE INTO field_result_file (field_result_id, content_sha256, file_sha256) VALUES (?1, ?2, ?3)")?
        .execute(params![key.0, key.1, file_sha256])?;
    Ok(())
}

/// Writes what a person decided about a result: `kept` or `refused`.
///
/// # Errors
/// When the database cannot be written.
pub fn set_verdict(tx: &mut Tx<'_>, row: &ResultRow, verdict: &str) -> Result<(), Error> {
    let status = if verdict == "refused" { "refused" } else { row.merge_status.as_str() };
    tx.tx.execute(
        "UPDATE field_result SET verdict = ?3, merge_status = ?4 WHERE field_result_id = ?1 AND content_sha256 = ?2",
        params![row.field_result_id, row.content_sha256, verdict, status],
    )?;
    audit_result(tx, row, verdict)
}

/// Sets what became of a stop.
///
/// # Errors
/// When the database cannot be written.
pub fn set_stop_status(tx: &mut Tx<'_>, stop_uuid: &str, status: &str) -> Result<(), Error> {
    tx.tx.execute("UPDATE removal_stop SET result_status = ?2 WHERE stop_uuid = ?1", [stop_uuid, status])?;
    Ok(())
}
