//! Case files: the row itself, its sources and steps, and the premise and parcel it is about.

use rusqlite::{OptionalExtension, Row, named_params, params};

use super::view::Db;
use super::{Change, Error, Tx};

/// A case as stored; days are ISO text.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of case_file")]
pub struct CaseRow {
    pub case_id: i64,
    pub case_no: String,
    pub status: String,
    pub violation_type: Option<String>,
    pub premise_no: Option<String>,
    pub parcel_no: Option<String>,
    pub premise_id: Option<i64>,
    pub parcel_id: Option<i64>,
    pub place: String,
    pub customer_class: String,
    pub violation_on: String,
    pub opened_on: String,
    pub assigned_to: Option<String>,
    pub hazards: Option<String>,
    pub is_hazard: bool,
    pub is_owner_research: bool,
    pub condition_removed_on: Option<String>,
    pub use_from: Option<String>,
    pub use_to: Option<String>,
    pub use_basis: Option<String>,
    pub estimate_json: Option<String>,
    pub offense_no: Option<i64>,
    pub closed_on: Option<String>,
    pub row_version: i64,
}

impl CaseRow {
    /// Whether anybody could find the place.
    pub fn has_place(&self) -> bool {
        self.premise_id.is_some() || self.parcel_id.is_some() || !self.place.trim().is_empty()
    }
}

const SELECT_CASE: &str =
    "SELECT c.case_id, c.case_no, c.status, c.violation_type, p.premise_no, q.parcel_no, c.premise_id,
    c.parcel_id, c.place, c.customer_class, c.violation_on, c.opened_on, c.assigned_to, c.hazards, c.is_hazard,
    c.is_owner_research, c.condition_removed_on, c.use_from, c.use_to, c.use_basis, c.estimate_json, c.offense_no,
    c.closed_on, c.row_version
  FROM case_file c
  LEFT JOIN premise p ON p.premise_id = c.premise_id
  LEFT JOIN parcel q ON q.parcel_id = c.parcel_id";

fn case_row(row: &Row<'_>) -> rusqlite::Result<CaseRow> {
    Ok(CaseRow {
        case_id: row.get(0)?,
        case_no: row.get(1)?,
        status: row.get(2)?,
        violation_type: row.get(3)?,
        premise_no: row.get(4)?,
        parcel_no: row.get(5)?,
        premise_id: row.get(6)?,
        parcel_id: row.get(7)?,
        place: row.get(8)?,
        customer_class: row.get(9)?,
        violation_on: row.get(10)?,
        opened_on: row.get(11)?,
        assigned_to: row.get(12)?,
        hazards: row.get(13)?,
        is_hazard: row.get(14)?,
        is_owner_research: row.get(15)?,
        condition_removed_on: row.get(16)?,
        use_from: row.get(17)?,
        use_to: row.get(18)?,
        use_basis: row.get(19)?,
        estimate_json: row.get(20)?,
        offense_no: row.get(21)?,
        closed_on: row.get(22)?,
        row_version: row.get(23)?,
    })
}

/// The next public number of a series, `IC-2026-00017`.
///
/// # Errors
/// When the database cannot be written.
pub fn next_no(tx: &mut Tx<'_>, prefix: &str, year: i16) -> Result<String, Error> {
    let n: i64 = tx.tx.query_row(
        "INSERT INTO public_series (prefix, year, last_no) VALUES (?1, ?2, 1)
         ON CONFLICT (prefix, year) DO UPDATE SET last_no = last_no + 1 RETURNING last_no",
        params![prefix, year],
        |r| r.get(0),
    )?;
    Ok(format!("{prefix}-{year}-{n:05}"))
}

/// One case by its public number.
///
/// # Errors
/// When the database cannot be read.
pub fn find(db: &impl Db, case_no: &str) -> Result<Option<CaseRow>, Error> {
    let sql = format!("{SELECT_CASE} WHERE c.case_no = ?1");
    Ok(db.connection().prepare_cached(&sql)?.query_row([case_no], case_row).optional()?)
}

/// Which cases to list.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Only this state.
    pub status: Option<String>,
    /// Closed ones too.
    pub with_closed: bool,
    /// Only of this premise.
    pub premise_no: Option<String>,
    /// Only of this person.
    pub assigned_to: Option<String>,
    /// Most rows.
    pub n_rows_max: i64,
}

/// Cases by number.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &impl Db, filter: &CaseFilter) -> Result<Vec<CaseRow>, Error> {
    let sql = format!(
        "{SELECT_CASE}
         WHERE (:status IS NULL OR c.status = :status)
           AND (:closed OR c.closed_on IS NULL)
           AND (:premise IS NULL OR p.premise_no = :premise)
           AND (:person IS NULL OR c.assigned_to = :person)
         ORDER BY c.case_no LIMIT :n"
    );
    let mut statement = db.connection().prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! { ":status": filter.status, ":closed": filter.with_closed, ":premise": filter.premise_no,
        ":person": filter.assigned_to, ":n": filter.n_rows_max },
        case_row,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Open cases of the same premise and violation, other than this one.
///
/// # Errors
/// When the database cannot be read.
pub fn open_duplicates(db: &impl Db, case: &CaseRow) -> Result<Vec<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT case_no FROM case_file
         WHERE premise_id = ?1 AND violation_type = ?2 AND closed_on IS NULL AND case_id <> ?3 ORDER BY case_no",
    )?;
    let rows = statement.query_map(params![case.premise_id, case.violation_type, case.case_id], |r| r.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Cases that were ever confirmed, with a violation from `from` on and before `to`, other than this one.
///
/// # Errors
/// When the database cannot be read.
pub fn confirmed_between(db: &impl Db, case: &CaseRow, from: &str, to: &str) -> Result<Vec<CaseRow>, Error> {
    let sql = format!(
        "{SELECT_CASE}
         WHERE c.case_id <> :id AND c.violation_on >= :from AND c.violation_on < :to
           AND c.status NOT IN ('closed_unfounded', 'closed_duplicate', 'closed_not_utility_water')
           AND EXISTS (SELECT 1 FROM case_step t WHERE t.case_id = c.case_id AND t.to_status = 'confirmed')
         ORDER BY c.case_no"
    );
    let mut statement = db.connection().prepare_cached(&sql)?;
    let rows = statement.query_map(named_params! { ":id": case.case_id, ":from": from, ":to": to }, case_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds a case and returns its id.
///
/// # Errors
/// When the database cannot be written.
pub fn insert(tx: &mut Tx<'_>, case: &CaseRow) -> Result<i64, Error> {
    tx.tx.execute(
        "INSERT INTO case_file (case_no, status, violation_type, premise_id, parcel_id, place, customer_class, violation_on, opened_on)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            case.case_no, case.status, case.violation_type, case.premise_id, case.parcel_id, case.place,
            case.customer_class, case.violation_on, case.opened_on
        ],
    )?;
    let case_id = tx.tx.last_insert_rowid();
    let after = serde_json::json!({ "status": case.status, "violation_type": case.violation_type,
        "premise_no": case.premise_no, "parcel_no": case.parcel_no, "place": case.place })
    .to_string();
    tx.audit(Change {
        action: "open",
        entity: "case_file",
        entity_id: &case.case_no,
        before_json: None,
        after_json: Some(&after),
    })?;
    Ok(case_id)
}

/// Writes every changeable column of a case back and raises its version.
///
/// # Errors
/// When somebody else has changed the row since it was read, or the database cannot be written.
pub fn update(tx: &mut Tx<'_>, action: &str, before: &CaseRow, case: &CaseRow) -> Result<(), Error> {
    let n = tx.tx.execute(
        "UPDATE case_file SET status = :status, violation_type = :violation, assigned_to = :assigned, hazards = :hazards,
            is_hazard = :is_hazard, is_owner_research = :research, condition_removed_on = :removed, use_from = :from,
            use_to = :to, use_basis = :basis, estimate_json = :estimate, offense_no = :offense, closed_on = :closed,
            parcel_id = :parcel, violation_on = :violation_on, row_version = row_version + 1
         WHERE case_id = :id AND row_version = :version",
        named_params! { ":status": case.status, ":violation": case.violation_type, ":assigned": case.assigned_to,
            ":hazards": case.hazards, ":is_hazard": case.is_hazard, ":research": case.is_owner_research,
            ":removed": case.condition_removed_on, ":from": case.use_from, ":to": case.use_to,
            ":basis": case.use_basis, ":estimate": case.estimate_json, ":offense": case.offense_no,
            ":closed": case.closed_on, ":parcel": case.parcel_id, ":violation_on": case.violation_on,
            ":id": case.case_id, ":version": before.row_version },
    )?;
    if n != 1 {
        let what = format!("case {} was changed by somebody else since version {}", case.case_no, before.row_version);
        return Err(Error::Broken { what });
    }
    let (old, new) = (brief(before), brief(case));
    tx.audit(Change {
        action,
        entity: "case_file",
        entity_id: &case.case_no,
        before_json: Some(&old),
        after_json: Some(&new),
    })
}

fn brief(case: &CaseRow) -> String {
    serde_json::json!({ "status": case.status, "violation_type": case.violation_type, "assigned_to": case.assigned_to,
        "hazards": case.hazards, "is_hazard": case.is_hazard, "is_owner_research": case.is_owner_research,
        "condition_removed_on": case.condition_removed_on, "use_from": case.use_from, "use_to": case.use_to,
        "use_basis": case.use_basis, "estimate": case.estimate_json, "offense_no": case.offense_no,
        "closed_on": case.closed_on, "parcel_id": case.parcel_id })
    .to_string()
}

/// Adds what the case stands on.
///
/// # Errors
/// When the database cannot be written.
pub fn add_source(tx: &mut Tx<'_>, case: &CaseRow, reference: &str, added_on: &str) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO case_source (case_id, reference, added_on) VALUES (?1, ?2, ?3)",
        params![case.case_id, reference, added_on],
    )?;
    let after = serde_json::json!({ "reference": reference }).to_string();
    tx.audit(Change {
        action: "source",
        entity: "case_file",
        entity_id: &case.case_no,
        before_json: None,
        after_json: Some(&after),
    })
}

/// What the case stands on, in order: day and reference.
///
/// # Errors
/// When the database cannot be read.
pub fn sources(db: &impl Db, case_id: i64) -> Result<Vec<(String, String)>, Error> {
    let mut statement = db
        .connection()
        .prepare_cached("SELECT added_on, reference FROM case_source WHERE case_id = ?1 ORDER BY case_source_id")?;
    let rows = statement.query_map([case_id], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A step that a case took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of case_step")]
pub struct StepRow {
    pub from_status: String,
    pub to_status: String,
    pub stepped_on: String,
    pub actor: String,
    pub role: String,
    pub reason: String,
    pub stated: String,
    pub inspection_mark: i64,
    pub evidence_mark: i64,
    pub packet_mark: i64,
    pub checklist_mark: i64,
}

/// Adds a step with its marks; the audit entry is that of the case itself.
///
/// # Errors
/// When the database cannot be written.
pub fn add_step(tx: &mut Tx<'_>, case_id: i64, step: &StepRow) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO case_step (case_id, from_status, to_status, stepped_on, actor, role, reason, stated,
            inspection_mark, evidence_mark, packet_mark, checklist_mark)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
            (SELECT COALESCE(MAX(inspection_id), 0) FROM inspection WHERE case_id = ?1),
            (SELECT COALESCE(MAX(evidence_id), 0) FROM evidence WHERE case_id = ?1),
            (SELECT COALESCE(MAX(sealed_packet_id), 0) FROM sealed_packet WHERE case_id = ?1),
            (SELECT COALESCE(MAX(checklist_result_id), 0) FROM checklist_result WHERE case_id = ?1))",
        params![
            case_id,
            step.from_status,
            step.to_status,
            step.stepped_on,
            step.actor,
            step.role,
            step.reason,
            step.stated
        ],
    )?;
    Ok(())
}

/// Steps of a case, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn steps(db: &impl Db, case_id: i64) -> Result<Vec<StepRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT from_status, to_status, stepped_on, actor, role, reason, stated, inspection_mark, evidence_mark, packet_mark,
            checklist_mark
         FROM case_step
         WHERE case_id = ?1 ORDER BY case_step_id",
    )?;
    let rows = statement.query_map([case_id], |r| {
        Ok(StepRow {
            from_status: r.get(0)?,
            to_status: r.get(1)?,
            stepped_on: r.get(2)?,
            actor: r.get(3)?,
            role: r.get(4)?,
            reason: r.get(5)?,
            stated: r.get(6)?,
            inspection_mark: r.get(7)?,
            evidence_mark: r.get(8)?,
            packet_mark: r.get(9)?,
            checklist_mark: r.get(10)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Id, address and position of a premise.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the fields are the columns of premise")]
pub struct PremisePlace {
    pub premise_id: i64,
    pub service_address: String,
    /// City and ZIP, empty when the billing file has none.
    pub place: String,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
}

/// A premise by number.
///
/// # Errors
/// When the database cannot be read.
pub fn premise(db: &impl Db, premise_no: &str) -> Result<Option<PremisePlace>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT premise_id, service_address, TRIM(COALESCE(service_city, '') || ' ' || COALESCE(service_zip, '')), lon, lat
         FROM premise WHERE premise_no = ?1",
    )?;
    let row = statement.query_row([premise_no], |r| {
        Ok(PremisePlace {
            premise_id: r.get(0)?,
            service_address: r.get(1)?,
            place: r.get(2)?,
            lon: r.get(3)?,
            lat: r.get(4)?,
        })
    });
    Ok(row.optional()?)
}

/// A parcel by number.
///
/// # Errors
/// When the database cannot be read.
pub fn parcel(db: &impl Db, parcel_no: &str) -> Result<Option<i64>, Error> {
    let mut statement = db.connection().prepare_cached("SELECT parcel_id FROM parcel WHERE parcel_no = ?1")?;
    Ok(statement.query_row([parcel_no], |r| r.get(0)).optional()?)
}

/// The accepted parcel of a premise: a person's decision that is not stale, else an automatic link that no person rejected.
///
/// # Errors
/// When the database cannot be read.
pub fn accepted_parcel(db: &impl Db, premise_id: i64) -> Result<Option<i64>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT parcel_id FROM (
            SELECT parcel_id, 0 AS rank FROM match_decision
             WHERE premise_id = ?1 AND verdict = 'accepted' AND is_stale = 0 AND superseded_by IS NULL
            UNION ALL
            SELECT l.parcel_id, l.rank FROM match_link l
             WHERE l.premise_id = ?1 AND l.status = 'auto_accepted' AND NOT EXISTS (
                SELECT 1 FROM match_decision d WHERE d.premise_id = l.premise_id AND d.parcel_id = l.parcel_id
                  AND d.verdict = 'rejected' AND d.superseded_by IS NULL))
         WHERE parcel_id IS NOT NULL ORDER BY rank LIMIT 1",
    )?;
    Ok(statement.query_row([premise_id], |r| r.get(0)).optional()?)
}

/// An actual read: its day and the gallons since the read before.
pub type ActualRead = (String, i64);

/// Actual reads of a premise's meters after `from` up to and including `to`; estimated reads prove nothing and are left out.
///
/// # Errors
/// When the database cannot be read.
pub fn actual_reads(db: &impl Db, premise_id: i64, from: &str, to: &str) -> Result<Vec<ActualRead>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT r.read_on, SUM(COALESCE(r.consumption_gal, 0))
         FROM meter_read r JOIN meter m ON m.meter_id = r.meter_id
         WHERE m.premise_id = ?1 AND r.read_on > ?2 AND r.read_on <= ?3
           AND r.read_kind IN ('actual', 'ami', 'field_check', 'final')
         GROUP BY r.read_on ORDER BY r.read_on",
    )?;
    let rows = statement.query_map(params![premise_id, from, to], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Day of the last actual read on or before a day.
///
/// # Errors
/// When the database cannot be read.
pub fn last_actual_read(db: &impl Db, premise_id: i64, to: &str) -> Result<Option<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT MAX(r.read_on) FROM meter_read r JOIN meter m ON m.meter_id = r.meter_id
         WHERE m.premise_id = ?1 AND r.read_on <= ?2 AND r.read_kind IN ('actual', 'ami', 'field_check', 'final')",
    )?;
    Ok(statement.query_row(params![premise_id, to], |r| r.get(0))?)
}

/// Day of the last visit at a premise before a day, in whichever case it was recorded.
///
/// # Errors
/// When the database cannot be read.
pub fn last_visit_before(db: &impl Db, premise_id: i64, day: &str) -> Result<Option<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT MAX(SUBSTR(i.inspected_at, 1, 10)) FROM inspection i JOIN case_file c ON c.case_id = i.case_id
         WHERE c.premise_id = ?1 AND SUBSTR(i.inspected_at, 1, 10) < ?2 AND i.finding <> 'no_access'",
    )?;
    Ok(statement.query_row(params![premise_id, day], |r| r.get(0))?)
}

/// Taps that feed a premise.
///
/// # Errors
/// When the database cannot be read.
pub fn taps_of(db: &impl Db, premise_id: i64) -> Result<Vec<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT t.tap_no FROM tap_premise f JOIN tap t ON t.tap_id = f.tap_id WHERE f.premise_id = ?1 ORDER BY t.tap_no",
    )?;
    let rows = statement.query_map([premise_id], |r| r.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
