//! Container pulls: refuse accounts that owe and have no water to shut off, their orders, and the closing of the service.

use rusqlite::{OptionalExtension, Row, named_params, params};

use super::view::Db;
use super::{Change, Error, Tx};

/// A pull order with its account and premise.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of pull_order, account and premise")]
pub struct PullRow {
    pub pull_id: i64,
    pub order_no: String,
    pub account_id: i64,
    pub account_no: String,
    pub service_kind: String,
    pub account_status: String,
    pub premise_id: i64,
    pub premise_no: String,
    pub service_address: String,
    pub holder_name: Option<String>,
    pub is_withheld: bool,
    pub status: String,
    pub priority: i64,
    pub due_on: Option<String>,
    pub balance_cents: i64,
    pub reason: String,
    pub safety: String,
    pub result_json: String,
    pub closed_on: Option<String>,
    pub row_version: i64,
    pub balance_now_cents: i64,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
}

const FROM_ACCOUNT: &str = "JOIN premise p ON p.premise_id = a.premise_id
  LEFT JOIN match_link l ON l.premise_id = p.premise_id AND l.rank = 1
  LEFT JOIN parcel c ON c.parcel_id = l.parcel_id
  LEFT JOIN parcel_version v ON v.parcel_version_id = c.current_version_id";

const ACCOUNT_COLUMNS: &str =
    "a.account_id, a.account_no, a.service_kind, a.status, p.premise_id, p.premise_no, p.service_address,
  a.holder_name, EXISTS (SELECT 1 FROM parcel_withheld w WHERE w.parcel_id = l.parcel_id), COALESCE(a.balance_cents, 0),
  COALESCE(p.lon, v.lon), COALESCE(p.lat, v.lat)";

fn account_part(r: &Row<'_>) -> rusqlite::Result<PullRow> {
    Ok(PullRow {
        account_id: r.get(0)?,
        account_no: r.get(1)?,
        service_kind: r.get(2)?,
        account_status: r.get(3)?,
        premise_id: r.get(4)?,
        premise_no: r.get(5)?,
        service_address: r.get(6)?,
        holder_name: r.get(7)?,
        is_withheld: r.get(8)?,
        balance_now_cents: r.get(9)?,
        lon: r.get(10)?,
        lat: r.get(11)?,
        ..PullRow::default()
    })
}

fn pull_row(r: &Row<'_>) -> rusqlite::Result<PullRow> {
    Ok(PullRow {
        pull_id: r.get(12)?,
        order_no: r.get(13)?,
        status: r.get(14)?,
        priority: r.get(15)?,
        due_on: r.get(16)?,
        balance_cents: r.get(17)?,
        reason: r.get(18)?,
        safety: r.get(19)?,
        result_json: r.get(20)?,
        closed_on: r.get(21)?,
        row_version: r.get(22)?,
        ..account_part(r)?
    })
}

fn select_pull(tail: &str) -> String {
    format!(
        "SELECT {ACCOUNT_COLUMNS}, o.pull_order_id, o.order_no, o.status, o.priority, o.due_on, o.balance_cents, o.reason,
           o.safety, o.result_json, o.closed_on, o.row_version
         FROM pull_order o JOIN account a ON a.account_id = o.account_id {FROM_ACCOUNT} {tail}"
    )
}

/// Refuse accounts that owe at least `balance_cents_min` and have no open pull order, dearest first. The caller judges the water.
///
/// # Errors
/// When the database cannot be read.
pub fn owing(db: &impl Db, balance_cents_min: i64, n_rows_max: i64) -> Result<Vec<PullRow>, Error> {
    let sql = format!(
        "SELECT {ACCOUNT_COLUMNS} FROM account a {FROM_ACCOUNT}
         WHERE a.service_kind = 'refuse' AND a.balance_cents >= ?1
           AND NOT EXISTS (SELECT 1 FROM pull_order o WHERE o.account_id = a.account_id AND o.closed_on IS NULL)
         ORDER BY a.balance_cents DESC, a.account_no LIMIT ?2"
    );
    let mut statement = db.connection().prepare_cached(&sql)?;
    let rows = statement.query_map(params![balance_cents_min, n_rows_max], account_part)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Number, service and status of every account of a premise.
///
/// # Errors
/// When the database cannot be read.
pub fn accounts(db: &impl Db, premise_id: i64) -> Result<Vec<(String, String, String)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT account_no, service_kind, status FROM account WHERE premise_id = ?1 ORDER BY account_no, service_kind",
    )?;
    let rows = statement.query_map([premise_id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One pull order.
///
/// # Errors
/// When the database cannot be read.
pub fn find(db: &impl Db, order_no: &str) -> Result<Option<PullRow>, Error> {
    let sql = select_pull("WHERE o.order_no = ?1");
    Ok(db.connection().prepare_cached(&sql)?.query_row([order_no], pull_row).optional()?)
}

/// Pull orders by number, of one state when named.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &impl Db, status: Option<&str>, n_rows_max: i64) -> Result<Vec<PullRow>, Error> {
    let sql = select_pull("WHERE (?1 IS NULL OR o.status = ?1) ORDER BY o.order_no LIMIT ?2");
    let mut statement = db.connection().prepare_cached(&sql)?;
    let rows = statement.query_map(params![status, n_rows_max], pull_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds a pull order.
///
/// # Errors
/// When the database cannot be written.
pub fn insert(tx: &mut Tx<'_>, pull: &PullRow) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO pull_order (order_no, account_id, status, priority, due_on, balance_cents, reason, safety)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            pull.order_no,
            pull.account_id,
            pull.status,
            pull.priority,
            pull.due_on,
            pull.balance_cents,
            pull.reason,
            pull.safety
        ],
    )?;
    audit(tx, "request", None, pull)
}

fn audit(tx: &mut Tx<'_>, action: &str, before: Option<&PullRow>, after: &PullRow) -> Result<(), Error> {
    let brief = |p: &PullRow| {
        serde_json::json!({ "status": p.status, "account_no": p.account_no, "priority": p.priority,
            "balance_cents": p.balance_cents, "result": p.result_json, "closed_on": p.closed_on })
        .to_string()
    };
    let (old, new) = (before.map(brief), brief(after));
    tx.audit(Change {
        action,
        entity: "pull_order",
        entity_id: &after.order_no,
        before_json: old.as_deref(),
        after_json: Some(&new),
    })
}

/// Writes the changeable columns back; `is_office` raises the version, a crew's return does not.
///
/// # Errors
/// When somebody else has changed the row since it was read, or the database cannot be written.
pub fn update(tx: &mut Tx<'_>, action: &str, before: &PullRow, after: &PullRow, is_office: bool) -> Result<(), Error> {
    let n = tx.tx.execute(
        "UPDATE pull_order SET status = :status, result_json = :result, closed_on = :closed, safety = :safety,
            row_version = row_version + :raise
         WHERE pull_order_id = :id AND row_version = :version",
        named_params! { ":status": after.status, ":result": after.result_json, ":closed": after.closed_on,
            ":safety": after.safety, ":raise": i64::from(is_office), ":id": before.pull_id, ":version": before.row_version },
    )?;
    if n != 1 {
        let what =
            format!("order {} was changed by somebody else since version {}", before.order_no, before.row_version);
        return Err(Error::Broken { what });
    }
    audit(tx, action, Some(before), after)
}

/// Records that the refuse service of a pull ended.
///
/// # Errors
/// When the database cannot be written.
pub fn add_closing(tx: &mut Tx<'_>, pull: &PullRow, on: &str) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO service_closing (account_no, service_kind, premise_no, order_no, closed_on, balance_cents) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![pull.account_no, pull.service_kind, pull.premise_no, pull.order_no, on, pull.balance_cents],
    )?;
    Ok(())
}

/// Service closings, oldest first: account, service, premise, order, day, balance in cents.
///
/// # Errors
/// When the database cannot be read.
#[allow(clippy::type_complexity, reason = "the columns of one table, named in the line above")]
pub fn closings(db: &impl Db) -> Result<Vec<(String, String, String, String, String, i64)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT account_no, service_kind, premise_no, order_no, closed_on, balance_cents FROM service_closing ORDER BY service_closing_id",
    )?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
