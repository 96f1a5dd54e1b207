//! Runs over a layer of a service: where they stand, which pages they brought, which snapshot they became.

use rusqlite::{OptionalExtension, named_params, params};

use super::view::Db;
use super::{Change, Error, Tx};
use crate::model::id::SnapshotId;

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct RunRow {
    pub fetch_run_id: i64,
    pub service_url: String,
    pub profile: String,
    pub query: String,
    pub started_at: String,
    pub ended_at: Option<String>,
    pub cursor: String,
    pub high_mark: Option<i64>,
    pub snapshot_id: Option<i64>,
    pub actor: String,
}

/// A page of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct PageRow {
    pub seq: i64,
    pub sha256: String,
    pub first_row: i64,
    pub row_count: i64,
}

const COLUMNS: &str =
    "fetch_run_id, service_url, profile, query, started_at, ended_at, cursor, high_mark, snapshot_id, actor";

fn read(r: &rusqlite::Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        fetch_run_id: r.get(0)?,
        service_url: r.get(1)?,
        profile: r.get(2)?,
        query: r.get(3)?,
        started_at: r.get(4)?,
        ended_at: r.get(5)?,
        cursor: r.get(6)?,
        high_mark: r.get(7)?,
        snapshot_id: r.get(8)?,
        actor: r.get(9)?,
    })
}

/// Which rows of which layer, mapped how: the identity of a run.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Address of the layer.
    pub service_url: &'a str,
    /// Profile.
    pub profile: &'a str,
    /// The query's identity.
    pub query: &'a str,
}

/// Starts a run.
///
/// # Errors
/// When the database cannot be written.
pub fn start(tx: &mut Tx<'_>, subject: Subject<'_>, cursor: &str) -> Result<i64, Error> {
    tx.tx.execute(
        "INSERT INTO fetch_run (service_url, profile, query, state, started_at, cursor, actor)
         VALUES (:url, :profile, :query, 'open', :at, :cursor, :actor)",
        named_params! {
            ":url": subject.service_url, ":profile": subject.profile, ":query": subject.query,
            ":at": tx.authorship().at.0, ":cursor": cursor, ":actor": tx.authorship().actor,
        },
    )?;
    Ok(tx.tx.last_insert_rowid())
}

/// The open run of a subject, if there is one.
///
/// # Errors
/// When the database cannot be read.
pub fn open_run(db: &impl Db, subject: Subject<'_>) -> Result<Option<RunRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM fetch_run
         WHERE service_url = ?1 AND profile = ?2 AND query = ?3 AND state = 'open' ORDER BY fetch_run_id DESC LIMIT 1"
    );
    let key = [subject.service_url, subject.profile, subject.query];
    Ok(db.connection().prepare_cached(&sql)?.query_row(key, read).optional()?)
}

/// Adds a page and moves the cursor behind it.
///
/// # Errors
/// When the database cannot be written.
pub fn add_page(tx: &Tx<'_>, run_id: i64, page: &PageRow) -> Result<(), Error> {
    tx.tx
        .prepare_cached(
            "INSERT INTO fetch_page (fetch_run_id, seq, sha256, first_row, row_count) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![run_id, page.seq, page.sha256, page.first_row, page.row_count])?;
    Ok(())
}

/// Moves the cursor.
///
/// # Errors
/// When the database cannot be written.
pub fn move_cursor(tx: &Tx<'_>, run_id: i64, cursor: &str, high_mark: Option<i64>) -> Result<(), Error> {
    tx.tx
        .prepare_cached("UPDATE fetch_run SET cursor = ?2, high_mark = ?3 WHERE fetch_run_id = ?1 AND state = 'open'")?
        .execute(params![run_id, cursor, high_mark])?;
    Ok(())
}

/// Gives a run up; its pages stay evidence.
///
/// # Errors
/// When the database cannot be written.
pub fn drop_run(tx: &mut Tx<'_>, run_id: i64, why: &str) -> Result<(), Error> {
    let at = tx.authorship().at.0.clone();
    tx.tx.execute(
        "UPDATE fetch_run SET state = 'dropped', ended_at = ?2 WHERE fetch_run_id = ?1 AND state = 'open'",
        params![run_id, at],
    )?;
    change(tx, "drop", run_id, &serde_json::json!({ "why": why }))
}

/// Ends a run whose rows are stored, at a moment that lies behind its last page.
///
/// # Errors
/// When the database cannot be written.
pub fn finish(tx: &mut Tx<'_>, run_id: i64, snapshot_id: SnapshotId, at: &str) -> Result<(), Error> {
    tx.tx.execute(
        "UPDATE fetch_run SET state = 'done', ended_at = ?2, snapshot_id = ?3 WHERE fetch_run_id = ?1 AND state = 'open'",
        params![run_id, at, snapshot_id.0],
    )?;
    change(tx, "finish", run_id, &serde_json::json!({ "snapshot_id": snapshot_id.0 }))
}

fn change(tx: &mut Tx<'_>, action: &str, run_id: i64, after: &serde_json::Value) -> Result<(), Error> {
    let (entity_id, after) = (run_id.to_string(), after.to_string());
    tx.audit(Change { action, entity: "fetch_run", entity_id: &entity_id, before_json: None, after_json: Some(&after) })
}

/// The pages of a run in order.
///
/// # Errors
/// When the database cannot be read.
pub fn pages(db: &impl Db, run_id: i64) -> Result<Vec<PageRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT seq, sha256, first_row, row_count FROM fetch_page WHERE fetch_run_id = ?1 ORDER BY seq",
    )?;
    let rows = statement.query_map([run_id], |r| {
        Ok(PageRow { seq: r.get(0)?, sha256: r.get(1)?, first_row: r.get(2)?, row_count: r.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The finished runs over a layer that saw the time of an edit, newest edit first.
///
/// # Errors
/// When the database cannot be read.
pub fn marked_runs(db: &impl Db, service_url: &str, profile: &str) -> Result<Vec<RunRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM fetch_run
         WHERE service_url = ?1 AND profile = ?2 AND state = 'done' AND high_mark IS NOT NULL
         ORDER BY high_mark DESC"
    );
    let mut statement = db.connection().prepare_cached(&sql)?;
    let rows = statement.query_map([service_url, profile], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The newest run that became a snapshot.
///
/// # Errors
/// When the database cannot be read.
pub fn run_of(db: &impl Db, snapshot_id: SnapshotId) -> Result<Option<RunRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM fetch_run WHERE snapshot_id = ?1 ORDER BY fetch_run_id LIMIT 1");
    Ok(db.connection().prepare_cached(&sql)?.query_row([snapshot_id.0], read).optional()?)
}
