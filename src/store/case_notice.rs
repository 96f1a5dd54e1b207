//! Letters of a case: the text as it was issued, to whom, and how each was served.

use rusqlite::{OptionalExtension, Row, params};

use super::case_work::audit;
use super::cases::CaseRow;
use super::ownership::WITHHELD;
use super::view::Db;
use super::{Error, Tx};

/// A notice with its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of notice")]
pub struct NoticeRow {
    pub notice_id: i64,
    pub notice_no: String,
    pub template: String,
    pub sha256: String,
    pub body: String,
    pub issued_on: String,
    pub respond_by: String,
    pub has_dispute_text: bool,
    pub balance_cents: i64,
    pub charge_line_id_max: i64,
    pub is_example: bool,
    pub recipients: Vec<RecipientRow>,
}

/// One recipient; the address begins with the name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of notice_recipient")]
pub struct RecipientRow {
    pub address_kind: String,
    pub address: String,
    pub proof: Option<String>,
    pub outcome: Option<String>,
    pub served_on: Option<String>,
}

/// Adds a notice.
///
/// # Errors
/// When the database cannot be written.
pub fn add(tx: &mut Tx<'_>, case: &CaseRow, notice: &NoticeRow) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO notice (case_id, notice_no, template, sha256, body, issued_on, respond_by, has_dispute_text,
            balance_cents, charge_line_id_max, is_example)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            case.case_id,
            notice.notice_no,
            notice.template,
            notice.sha256,
            notice.body,
            notice.issued_on,
            notice.respond_by,
            notice.has_dispute_text,
            notice.balance_cents,
            notice.charge_line_id_max,
            notice.is_example
        ],
    )?;
    let notice_id = tx.tx.last_insert_rowid();
    for r in &notice.recipients {
        tx.tx.execute(
            "INSERT INTO notice_recipient (notice_id, address_kind, address) VALUES (?1, ?2, ?3)",
            params![notice_id, r.address_kind, r.address],
        )?;
    }
    audit(
        tx,
        "notice",
        case,
        &serde_json::json!({ "notice_no": notice.notice_no, "sha256": notice.sha256, "respond_by": notice.respond_by }),
    )
}

const SELECT_NOTICE: &str =
    "SELECT notice_id, notice_no, template, sha256, body, issued_on, respond_by, has_dispute_text,
        balance_cents, charge_line_id_max, is_example
     FROM notice";

fn notice_row(r: &Row<'_>) -> rusqlite::Result<NoticeRow> {
    Ok(NoticeRow {
        notice_id: r.get(0)?,
        notice_no: r.get(1)?,
        template: r.get(2)?,
        sha256: r.get(3)?,
        body: r.get(4)?,
        issued_on: r.get(5)?,
        respond_by: r.get(6)?,
        has_dispute_text: r.get(7)?,
        balance_cents: r.get(8)?,
        charge_line_id_max: r.get(9)?,
        is_example: r.get(10)?,
        recipients: Vec::new(),
    })
}

/// Recipients; where the owner is withheld by law, only an agent's address is shown.
fn recipients(db: &impl Db, notice_id: i64) -> Result<Vec<RecipientRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT r.address_kind, r.address, r.proof, r.outcome, r.served_on,
                w.parcel_id IS NOT NULL AND r.address_kind IN ('assessor_mailing', 'account_mailing')
                AND NOT EXISTS (SELECT 1 FROM case_party y WHERE y.case_id = n.case_id AND y.role = 'agent'
                    AND y.name || CHAR(10) || y.mailing = r.address)
         FROM notice_recipient r
         JOIN notice n ON n.notice_id = r.notice_id
         JOIN case_file c ON c.case_id = n.case_id
         LEFT JOIN parcel_withheld w ON w.parcel_id = c.parcel_id
         WHERE r.notice_id = ?1 ORDER BY r.address_kind",
    )?;
    let rows = statement.query_map([notice_id], |r| {
        let is_withheld: bool = r.get(5)?;
        let row = RecipientRow {
            address_kind: r.get(0)?,
            address: r.get(1)?,
            proof: r.get(2)?,
            outcome: r.get(3)?,
            served_on: r.get(4)?,
        };
        Ok(if is_withheld { RecipientRow { address: WITHHELD.to_owned(), ..row } } else { row })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The last notice.
///
/// # Errors
/// When the database cannot be read.
pub fn last(db: &impl Db, case_id: i64) -> Result<Option<NoticeRow>, Error> {
    let sql = format!("{SELECT_NOTICE} WHERE case_id = ?1 ORDER BY notice_id DESC LIMIT 1");
    let found = db.connection().prepare_cached(&sql)?.query_row([case_id], notice_row).optional()?;
    let Some(mut notice) = found else {
        return Ok(None);
    };
    notice.recipients = recipients(db, notice.notice_id)?;
    Ok(Some(notice))
}

/// Every notice, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn all(db: &impl Db, case_id: i64) -> Result<Vec<NoticeRow>, Error> {
    let sql = format!("{SELECT_NOTICE} WHERE case_id = ?1 ORDER BY notice_id");
    let mut statement = db.connection().prepare_cached(&sql)?;
    let mut found: Vec<NoticeRow> = statement.query_map([case_id], notice_row)?.collect::<Result<_, _>>()?;
    for notice in &mut found {
        notice.recipients = recipients(db, notice.notice_id)?;
    }
    Ok(found)
}

/// Records how a recipient was served; returns how many rows that touched.
///
/// # Errors
/// When the database cannot be written.
pub fn serve(tx: &mut Tx<'_>, case: &CaseRow, notice_id: i64, served: &RecipientRow) -> Result<usize, Error> {
    let n = tx.tx.execute(
        "UPDATE notice_recipient SET proof = ?3, outcome = ?4, served_on = ?5 WHERE notice_id = ?1 AND address_kind = ?2",
        params![notice_id, served.address_kind, served.proof, served.outcome, served.served_on],
    )?;
    audit(
        tx,
        "serve",
        case,
        &serde_json::json!({ "to": served.address_kind, "proof": served.proof, "outcome": served.outcome }),
    )?;
    Ok(n)
}
