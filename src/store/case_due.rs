//! What waits for somebody: answers that did not come, agreements to watch, owners to find again.

use super::Error;
use super::view::Db;

/// A case with a day.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields name themselves")]
pub struct DueRow {
    pub case_no: String,
    pub day: String,
    pub assigned_to: String,
}

fn rows(db: &impl Db, sql: &str, today: &str) -> Result<Vec<DueRow>, Error> {
    let mut statement = db.connection().prepare_cached(sql)?;
    let found =
        statement.query_map([today], |r| Ok(DueRow { case_no: r.get(0)?, day: r.get(1)?, assigned_to: r.get(2)? }))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Noticed cases whose time to answer has passed, by that day.
///
/// # Errors
/// When the database cannot be read.
pub fn unanswered(db: &impl Db, today: &str) -> Result<Vec<DueRow>, Error> {
    rows(
        db,
        "SELECT c.case_no, n.respond_by, COALESCE(c.assigned_to, '') FROM case_file c
         JOIN notice n ON n.notice_id = (SELECT MAX(notice_id) FROM notice WHERE case_id = c.case_id)
         WHERE c.status = 'noticed' AND n.respond_by < ?1 ORDER BY n.respond_by, c.case_no",
        today,
    )
}

/// Open cases whose letter came back or whose owner has no address, by the day they were opened.
///
/// # Errors
/// When the database cannot be read.
pub fn owner_research(db: &impl Db, today: &str) -> Result<Vec<DueRow>, Error> {
    rows(
        db,
        "SELECT case_no, opened_on, COALESCE(assigned_to, '') FROM case_file
         WHERE closed_on IS NULL AND is_owner_research = 1 AND opened_on <= ?1 ORDER BY opened_on, case_no",
        today,
    )
}

/// Disputes that are not decided, by the day of their hold's review.
///
/// # Errors
/// When the database cannot be read.
pub fn undecided(db: &impl Db, today: &str) -> Result<Vec<DueRow>, Error> {
    rows(
        db,
        "SELECT c.case_no, MIN(h.review_on), COALESCE(c.assigned_to, '') FROM case_file c
         JOIN hold h ON h.scope_kind = 'case' AND h.scope_key = c.case_no AND h.released_on IS NULL AND h.hold_type = 'dispute'
         WHERE c.status = 'disputed' AND h.review_on <= ?1 GROUP BY c.case_id ORDER BY 2, 1",
        today,
    )
}

/// A live agreement of a case in state `agreement`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields name themselves")]
pub struct AgreementRow {
    pub case_no: String,
    pub assigned_to: String,
    /// Paid since the agreement was made.
    pub paid_cents: i64,
    /// Due day and cents.
    pub instalments: Vec<(String, i64)>,
}

/// Live agreements that have an instalment due by a day.
///
/// # Errors
/// When the database cannot be read.
pub fn agreements(db: &impl Db, today: &str) -> Result<Vec<AgreementRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT c.case_no, COALESCE(c.assigned_to, ''), i.due_on, i.amount_cents,
                (SELECT COALESCE(SUM(y.amount_cents), 0) FROM payment y WHERE y.case_id = c.case_id) - p.paid_before_cents
         FROM case_file c
         JOIN payment_plan p ON p.case_id = c.case_id AND p.superseded_on IS NULL
         JOIN plan_instalment i ON i.payment_plan_id = p.payment_plan_id
         WHERE c.status = 'agreement'
           AND EXISTS (SELECT 1 FROM plan_instalment d WHERE d.payment_plan_id = p.payment_plan_id AND d.due_on < ?1)
         ORDER BY c.case_no, i.seq",
    )?;
    let mut found: Vec<AgreementRow> = Vec::new();
    let mut rows = statement.query([today])?;
    while let Some(r) = rows.next()? {
        let case_no: String = r.get(0)?;
        let instalment = (r.get(2)?, r.get(3)?);
        match found.last_mut().filter(|last| last.case_no == case_no) {
            Some(last) => last.instalments.push(instalment),
            None => found.push(AgreementRow {
                case_no,
                assigned_to: r.get(1)?,
                paid_cents: r.get(4)?,
                instalments: vec![instalment],
            }),
        }
    }
    Ok(found)
}
