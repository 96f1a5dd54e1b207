//! Responses of services and their chain.
//!
//! `record_hash` is SHA-256 over the hash before it and every column of the row, so that an edited, removed or inserted row shows.
//! Bytes lie in files beside the database under their hash; days are chained in manifest files (`pipeline::fetch_manifest`).

use rusqlite::{OptionalExtension, Row, named_params, params};
use sha2::{Digest, Sha256};

use super::audit::hex;
use super::view::Db;
use super::{Change, Error, Reader, Tx};

/// A kept response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct ResponseRow {
    pub response_id: i64,
    pub request_key: String,
    pub host: String,
    pub method: String,
    pub url_asked: String,
    pub url_final: String,
    pub request_body: String,
    /// JSON array of name and value.
    pub request_headers: String,
    pub asked_at: String,
    pub received_at: String,
    pub http_version: String,
    pub status: u16,
    /// JSON array of name and value.
    pub headers: String,
    pub sha256: String,
    pub byte_len: i64,
    pub revalidates: Option<String>,
    pub permission: Option<String>,
    pub tool_version: String,
    pub actor: String,
    pub reason: String,
    pub record_hash: String,
}

const COLUMNS: &str = "response_id, request_key, host, method, url_asked, url_final, request_body, request_headers, asked_at,
    received_at, http_version, status, headers, sha256, byte_len, revalidates, permission, tool_version, actor, reason, record_hash";

fn read(r: &Row<'_>) -> rusqlite::Result<ResponseRow> {
    Ok(ResponseRow {
        response_id: r.get(0)?,
        request_key: r.get(1)?,
        host: r.get(2)?,
        method: r.get(3)?,
        url_asked: r.get(4)?,
        url_final: r.get(5)?,
        request_body: r.get(6)?,
        request_headers: r.get(7)?,
        asked_at: r.get(8)?,
        received_at: r.get(9)?,
        http_version: r.get(10)?,
        status: r.get(11)?,
        headers: r.get(12)?,
        sha256: r.get(13)?,
        byte_len: r.get(14)?,
        revalidates: r.get(15)?,
        permission: r.get(16)?,
        tool_version: r.get(17)?,
        actor: r.get(18)?,
        reason: r.get(19)?,
        record_hash: r.get(20)?,
    })
}

/// The hash of a row behind `previous`.
pub fn record_hash(previous: &str, row: &ResponseRow) -> String {
    let mut hasher = Sha256::new();
    let (id, status, byte_len) = (row.response_id.to_string(), row.status.to_string(), row.byte_len.to_string());
    for field in [
        previous,
        &id,
        &row.request_key,
        &row.host,
        &row.method,
        &row.url_asked,
        &row.url_final,
        &row.request_body,
        &row.request_headers,
        &row.asked_at,
        &row.received_at,
        &row.http_version,
        &status,
        &row.headers,
        &row.sha256,
        &byte_len,
        row.revalidates.as_deref().unwrap_or("\u{1e}"),
        row.permission.as_deref().unwrap_or("\u{1e}"),
        &row.tool_version,
        &row.actor,
        &row.reason,
    ] {
        // The length in front keeps two fields from being read as two others.
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hex(&hasher.finalize())
}

/// Appends responses to the chain; gives back their numbers and leaves one audit entry with the new head.
///
/// # Errors
/// When the database cannot be written.
pub fn append(tx: &mut Tx<'_>, rows: &mut [ResponseRow]) -> Result<(), Error> {
    let last: Option<(i64, String)> = tx
        .tx
        .query_row("SELECT response_id, record_hash FROM fetch_response ORDER BY response_id DESC LIMIT 1", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .optional()?;
    let (mut id, mut previous) = last.unwrap_or_default();
    for row in rows.iter_mut() {
        id += 1;
        row.response_id = id;
        row.record_hash = record_hash(&previous, row);
        previous.clone_from(&row.record_hash);
        insert(tx, row)?;
    }
    let Some(first) = rows.first().map(|r| r.response_id) else { return Ok(()) };
    let after = serde_json::json!({ "first": first, "last": id, "record_hash": previous }).to_string();
    let entity_id = id.to_string();
    tx.audit(Change {
        action: "fetch",
        entity: "fetch_response",
        entity_id: &entity_id,
        before_json: None,
        after_json: Some(&after),
    })
}

fn insert(tx: &Tx<'_>, row: &ResponseRow) -> Result<(), Error> {
    tx.tx
        .prepare_cached(
            "INSERT INTO fetch_response (response_id, request_key, host, method, url_asked, url_final, request_body,
                 request_headers, asked_at, received_at, http_version, status, headers, sha256, byte_len, revalidates,
                 permission, tool_version, actor, reason, record_hash)
             VALUES (:id, :key, :host, :method, :asked, :final, :body, :request_headers, :asked_at, :received_at, :version,
                 :status, :headers, :sha256, :byte_len, :revalidates, :permission, :tool, :actor, :reason, :hash)",
        )?
        .execute(named_params! {
            ":id": row.response_id, ":key": row.request_key, ":host": row.host, ":method": row.method,
            ":asked": row.url_asked, ":final": row.url_final, ":body": row.request_body,
            ":request_headers": row.request_headers, ":asked_at": row.asked_at, ":received_at": row.received_at,
            ":version": row.http_version, ":status": row.status, ":headers": row.headers, ":sha256": row.sha256,
            ":byte_len": row.byte_len, ":revalidates": row.revalidates, ":permission": row.permission,
            ":tool": row.tool_version, ":actor": row.actor, ":reason": row.reason, ":hash": row.record_hash,
        })?;
    Ok(())
}

/// The newest response with status 200 to a question.
///
/// # Errors
/// When the database cannot be read.
pub fn newest(db: &impl Db, request_key: &str) -> Result<Option<ResponseRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM fetch_response WHERE request_key = ?1 AND status = 200 ORDER BY response_id DESC LIMIT 1"
    );
    Ok(db.connection().prepare_cached(&sql)?.query_row([request_key], read).optional()?)
}

/// When the kept response to a question was last found good: by itself or by a later 304.
///
/// # Errors
/// When the database cannot be read.
pub fn last_good_at(db: &impl Db, request_key: &str) -> Result<Option<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT MAX(received_at) FROM fetch_response WHERE request_key = ?1 AND status IN (200, 304)",
    )?;
    Ok(statement.query_row([request_key], |r| r.get(0))?)
}

/// Requests sent to a host since a moment.
///
/// # Errors
/// When the database cannot be read.
pub fn n_requests(db: &impl Db, host: &str, since: &str) -> Result<u64, Error> {
    let mut statement =
        db.connection().prepare_cached("SELECT COUNT(*) FROM fetch_response WHERE host = ?1 AND asked_at >= ?2")?;
    Ok(statement.query_row([host, since], |r| r.get::<_, i64>(0))?.unsigned_abs())
}

/// The responses with numbers above `after`, oldest first, at most `limit`.
///
/// # Errors
/// When the database cannot be read.
pub fn after(db: &impl Db, after: i64, limit: i64) -> Result<Vec<ResponseRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM fetch_response WHERE response_id > ?1 ORDER BY response_id LIMIT ?2");
    let mut statement = db.connection().prepare_cached(&sql)?;
    let rows = statement.query_map([after, limit], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The responses that brought the pages of a run, in order of the pages: of several with the same bytes the last one before its end.
///
/// # Errors
/// When the database cannot be read.
pub fn of_run(reader: &Reader, fetch_run_id: i64) -> Result<Vec<ResponseRow>, Error> {
    let mut ids = reader.connection.prepare_cached(
        "SELECT (SELECT MAX(a.response_id) FROM fetch_response a
                 WHERE a.sha256 = g.sha256 AND a.status = 200 AND a.received_at <= COALESCE(r.ended_at, '9999'))
         FROM fetch_page g JOIN fetch_run r ON r.fetch_run_id = g.fetch_run_id
         WHERE g.fetch_run_id = ?1 ORDER BY g.seq",
    )?;
    let sql = format!("SELECT {COLUMNS} FROM fetch_response WHERE response_id = ?1");
    let mut one = reader.connection.prepare_cached(&sql)?;
    let ids: Vec<Option<i64>> = ids.query_map([fetch_run_id], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let found = ids.into_iter().flatten().map(|id| one.query_row([id], read));
    Ok(found.collect::<Result<_, _>>()?)
}

/// The responses whose payload has a hash that begins with `prefix`, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn by_hash(reader: &Reader, prefix: &str) -> Result<Vec<ResponseRow>, Error> {
    /// Most responses shown for one hash.
    const SHOWN_MAX: i64 = 100;
    // The upper bound of a range over hexadecimal text.
    let upper = format!("{prefix}g");
    let sql = format!(
        "SELECT {COLUMNS} FROM fetch_response WHERE sha256 >= ?1 AND sha256 < ?2 ORDER BY response_id DESC LIMIT ?3"
    );
    let mut statement = reader.connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![prefix, upper, SHOWN_MAX], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
