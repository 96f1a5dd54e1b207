//! Results of the manual research of a case.

use rusqlite::{OptionalExtension, params};

use super::cases::CaseRow;
use super::view::Db;
use super::{Change, Error, Tx};

/// A result of one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct ChecklistRow {
    /// 0 until it is stored.
    pub checklist_result_id: i64,
    pub step: String,
    pub standing: String,
    pub result: String,
    pub certainty: Option<String>,
    pub evidence_no: Option<String>,
    pub done_on: String,
    pub actor: String,
    pub recorded_at: String,
}

/// Adds a result; actor and time are those of the transaction.
///
/// # Errors
/// When the case has no such evidence, or the database cannot be written.
pub fn add(tx: &mut Tx<'_>, case: &CaseRow, row: &ChecklistRow) -> Result<(), Error> {
    let evidence_id: Option<i64> = match &row.evidence_no {
        Some(evidence_no) => {
            let found = tx
                .tx
                .query_row(
                    "SELECT evidence_id FROM evidence WHERE evidence_no = ?1 AND case_id = ?2",
                    params![evidence_no, case.case_id],
                    |r| r.get(0),
                )
                .optional()?;
            let what = || Error::Broken { what: format!("case {} has no evidence {evidence_no}", case.case_no) };
            Some(found.ok_or_else(what)?)
        }
        None => None,
    };
    let (actor, at) = (tx.authorship().actor.clone(), tx.authorship().at.0.clone());
    tx.tx.execute(
        "INSERT INTO checklist_result (case_id, step, standing, result, certainty, evidence_id, done_on, actor, recorded_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![case.case_id, row.step, row.standing, row.result, row.certainty, evidence_id, row.done_on, actor, at],
    )?;
    let after = serde_json::json!({ "step": row.step, "standing": row.standing, "result": row.result,
        "certainty": row.certainty, "evidence_no": row.evidence_no })
    .to_string();
    tx.audit(Change {
        action: "research",
        entity: "case_file",
        entity_id: &case.case_no,
        before_json: None,
        after_json: Some(&after),
    })
}

/// Every result of a case, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &impl Db, case_id: i64) -> Result<Vec<ChecklistRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT c.step, c.standing, c.result, c.certainty, e.evidence_no, c.done_on, c.actor, c.recorded_at, c.checklist_result_id
         FROM checklist_result c
         LEFT JOIN evidence e ON e.evidence_id = c.evidence_id
         WHERE c.case_id = ?1
         ORDER BY c.checklist_result_id",
    )?;
    let rows = statement.query_map([case_id], |r| {
        Ok(ChecklistRow {
            step: r.get(0)?,
            standing: r.get(1)?,
            result: r.get(2)?,
            certainty: r.get(3)?,
            evidence_no: r.get(4)?,
            done_on: r.get(5)?,
            actor: r.get(6)?,
            recorded_at: r.get(7)?,
            checklist_result_id: r.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
