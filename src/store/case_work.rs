//! What hangs on a case: visits, evidence with custody, charges, payments, agreements, packets. Letters are in `case_notice`.

use rusqlite::{OptionalExtension, params};

use super::cases::CaseRow;
use super::view::Db;
use super::{Change, Error, Tx};

pub(super) fn audit(tx: &mut Tx<'_>, action: &str, case: &CaseRow, after: &serde_json::Value) -> Result<(), Error> {
    let after = after.to_string();
    tx.audit(Change {
        action,
        entity: "case_file",
        entity_id: &case.case_no,
        before_json: None,
        after_json: Some(&after),
    })
}

/// A visit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of inspection")]
pub struct InspectionRow {
    pub inspection_id: i64,
    pub inspected_at: String,
    pub inspector: String,
    pub finding: String,
    pub indicators: String,
    pub meter_no_seen: Option<String>,
    pub reading_seen: Option<i64>,
    pub is_meter_absent: bool,
    pub narrative: String,
}

/// Adds a visit.
///
/// # Errors
/// When the database cannot be written.
pub fn add_inspection(tx: &mut Tx<'_>, case: &CaseRow, row: &InspectionRow) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO inspection (case_id, inspected_at, inspector, finding, indicators, meter_no_seen, reading_seen, is_meter_absent, narrative)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            case.case_id, row.inspected_at, row.inspector, row.finding, row.indicators, row.meter_no_seen,
            row.reading_seen, row.is_meter_absent, row.narrative
        ],
    )?;
    audit(
        tx,
        "inspect",
        case,
        &serde_json::json!({ "at": row.inspected_at, "finding": row.finding, "indicators": row.indicators }),
    )
}

/// Visits, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn inspections(db: &impl Db, case_id: i64) -> Result<Vec<InspectionRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT inspected_at, inspector, finding, indicators, meter_no_seen, reading_seen, is_meter_absent, narrative,
            inspection_id
         FROM inspection WHERE case_id = ?1 ORDER BY inspected_at, inspection_id",
    )?;
    let rows = statement.query_map([case_id], |r| {
        Ok(InspectionRow {
            inspected_at: r.get(0)?,
            inspector: r.get(1)?,
            finding: r.get(2)?,
            indicators: r.get(3)?,
            meter_no_seen: r.get(4)?,
            reading_seen: r.get(5)?,
            is_meter_absent: r.get(6)?,
            narrative: r.get(7)?,
            inspection_id: r.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A stored file.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of evidence")]
pub struct EvidenceRow {
    pub evidence_id: i64,
    pub evidence_no: String,
    pub kind: String,
    pub sha256: String,
    pub byte_len: i64,
    pub mime: String,
    pub original_name: String,
    pub captured_at: Option<String>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub warnings: String,
    pub added_at: String,
    pub added_on: String,
}

/// Adds a file with its first custody event: from whom it came, and for what.
///
/// # Errors
/// When the database cannot be written.
pub fn add_evidence(
    tx: &mut Tx<'_>,
    case: &CaseRow,
    row: &EvidenceRow,
    (from_person, purpose): (&str, &str),
) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO evidence (evidence_no, case_id, kind, sha256, byte_len, mime, original_name, captured_at, lon, lat, warnings, added_at, added_on)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            row.evidence_no, case.case_id, row.kind, row.sha256, row.byte_len, row.mime, row.original_name,
            row.captured_at, row.lon, row.lat, row.warnings, row.added_at, row.added_on
        ],
    )?;
    let (actor, at) = (tx.authorship().actor.clone(), row.added_at.clone());
    audit(
        tx,
        "evidence",
        case,
        &serde_json::json!({ "evidence_no": row.evidence_no, "sha256": row.sha256, "warnings": row.warnings }),
    )?;
    add_custody(
        tx,
        &row.evidence_no,
        &Custody {
            at,
            handed_on: row.added_on.clone(),
            from_person: from_person.to_owned(),
            to_person: actor,
            purpose: purpose.to_owned(),
        },
    )
}

/// Evidence of a case, in order of number.
///
/// # Errors
/// When the database cannot be read.
pub fn evidence(db: &impl Db, case_id: i64) -> Result<Vec<EvidenceRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT evidence_no, kind, sha256, byte_len, mime, original_name, captured_at, lon, lat, warnings, added_at, added_on, evidence_id
         FROM evidence WHERE case_id = ?1 ORDER BY evidence_no",
    )?;
    let rows = statement.query_map([case_id], |r| {
        Ok(EvidenceRow {
            evidence_no: r.get(0)?,
            kind: r.get(1)?,
            sha256: r.get(2)?,
            byte_len: r.get(3)?,
            mime: r.get(4)?,
            original_name: r.get(5)?,
            captured_at: r.get(6)?,
            lon: r.get(7)?,
            lat: r.get(8)?,
            warnings: r.get(9)?,
            added_at: r.get(10)?,
            added_on: r.get(11)?,
            evidence_id: r.get(12)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Numbers of the cases that hold these bytes.
///
/// # Errors
/// When the database cannot be read.
pub fn cases_with_bytes(db: &impl Db, sha256: &str) -> Result<Vec<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT c.case_no FROM evidence e JOIN case_file c ON c.case_id = e.case_id WHERE e.sha256 = ?1 ORDER BY c.case_no",
    )?;
    let rows = statement.query_map([sha256], |r| r.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A hand-over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of custody_event")]
pub struct Custody {
    pub at: String,
    pub handed_on: String,
    pub from_person: String,
    pub to_person: String,
    pub purpose: String,
}

/// Adds a hand-over.
///
/// # Errors
/// When the database cannot be written.
pub fn add_custody(tx: &mut Tx<'_>, evidence_no: &str, event: &Custody) -> Result<(), Error> {
    let n = tx.tx.execute(
        "INSERT INTO custody_event (evidence_id, at, from_person, to_person, purpose, handed_on)
         SELECT evidence_id, ?2, ?3, ?4, ?5, ?6 FROM evidence WHERE evidence_no = ?1",
        params![evidence_no, event.at, event.from_person, event.to_person, event.purpose, event.handed_on],
    )?;
    if n == 0 {
        return Err(Error::Broken { what: format!("there is no evidence {evidence_no}") });
    }
    let after =
        serde_json::json!({ "from": event.from_person, "to": event.to_person, "purpose": event.purpose }).to_string();
    tx.audit(Change {
        action: "custody",
        entity: "evidence",
        entity_id: evidence_no,
        before_json: None,
        after_json: Some(&after),
    })
}

/// Hand-overs of all evidence of a case, in order: evidence number and event.
///
/// # Errors
/// When the database cannot be read.
pub fn custody(db: &impl Db, case_id: i64) -> Result<Vec<(String, Custody)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT e.evidence_no, v.at, v.from_person, v.to_person, v.purpose, v.handed_on FROM custody_event v
         JOIN evidence e ON e.evidence_id = v.evidence_id WHERE e.case_id = ?1 ORDER BY v.custody_event_id",
    )?;
    let rows = statement.query_map([case_id], |r| {
        let event = Custody {
            at: r.get(1)?,
            from_person: r.get(2)?,
            to_person: r.get(3)?,
            purpose: r.get(4)?,
            handed_on: r.get(5)?,
        };
        Ok((r.get(0)?, event))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of charge_line")]
pub struct ChargeRow {
    pub fee_code: String,
    pub label: String,
    pub authority: String,
    pub amount_cents: i64,
    pub method: String,
    pub posted_on: String,
}

/// Replaces the live charges of a case; earlier ones stay, voided.
///
/// # Errors
/// When the database cannot be written.
pub fn replace_charges(tx: &mut Tx<'_>, case: &CaseRow, posted_on: &str, rows: &[ChargeRow]) -> Result<(), Error> {
    tx.tx.execute(
        "UPDATE charge_line SET voided_on = ?2 WHERE case_id = ?1 AND voided_on IS NULL",
        params![case.case_id, posted_on],
    )?;
    for row in rows {
        tx.tx.execute(
            "INSERT INTO charge_line (case_id, fee_code, label, authority, amount_cents, method, posted_on)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![case.case_id, row.fee_code, row.label, row.authority, row.amount_cents, row.method, posted_on],
        )?;
    }
    let lines: Vec<_> = rows.iter().map(|r| serde_json::json!([r.fee_code, r.amount_cents, r.authority])).collect();
    audit(tx, "charge", case, &serde_json::json!({ "lines": lines }))
}

/// Live charges.
///
/// # Errors
/// When the database cannot be read.
pub fn charges(db: &impl Db, case_id: i64) -> Result<Vec<ChargeRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT fee_code, label, authority, amount_cents, method, posted_on FROM charge_line
         WHERE case_id = ?1 AND voided_on IS NULL ORDER BY charge_line_id",
    )?;
    let rows = statement.query_map([case_id], |r| {
        Ok(ChargeRow {
            fee_code: r.get(0)?,
            label: r.get(1)?,
            authority: r.get(2)?,
            amount_cents: r.get(3)?,
            method: r.get(4)?,
            posted_on: r.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Records a payment (negative for a returned one); the same reference twice is refused by the table.
///
/// # Errors
/// When the database cannot be written.
pub fn add_payment(
    tx: &mut Tx<'_>,
    case: &CaseRow,
    received_on: &str,
    amount_cents: i64,
    reference: &str,
) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO payment (case_id, received_on, amount_cents, reference) VALUES (?1, ?2, ?3, ?4)",
        params![case.case_id, received_on, amount_cents, reference],
    )?;
    audit(tx, "payment", case, &serde_json::json!({ "amount_cents": amount_cents, "reference": reference }))
}

/// Payments, in the order received: day, cents, receipt.
///
/// # Errors
/// When the database cannot be read.
pub fn payments(db: &impl Db, case_id: i64) -> Result<Vec<(String, i64, String)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT received_on, amount_cents, reference FROM payment WHERE case_id = ?1 ORDER BY received_on, payment_id",
    )?;
    let rows = statement.query_map([case_id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Sum of the payments.
///
/// # Errors
/// When the database cannot be read.
pub fn paid_cents(db: &impl Db, case_id: i64) -> Result<i64, Error> {
    let mut statement =
        db.connection().prepare_cached("SELECT COALESCE(SUM(amount_cents), 0) FROM payment WHERE case_id = ?1")?;
    Ok(statement.query_row([case_id], |r| r.get(0))?)
}

/// Makes an agreement; an earlier one is superseded.
///
/// # Errors
/// When the database cannot be written.
pub fn put_plan(tx: &mut Tx<'_>, case: &CaseRow, made_on: &str, rows: &[(String, i64)]) -> Result<(), Error> {
    let paid = paid_cents(tx, case.case_id)?;
    tx.tx.execute(
        "UPDATE payment_plan SET superseded_on = ?2 WHERE case_id = ?1 AND superseded_on IS NULL",
        params![case.case_id, made_on],
    )?;
    tx.tx.execute(
        "INSERT INTO payment_plan (case_id, made_on, paid_before_cents) VALUES (?1, ?2, ?3)",
        params![case.case_id, made_on, paid],
    )?;
    let plan_id = tx.tx.last_insert_rowid();
    for (seq, (due_on, amount)) in (1i64..).zip(rows) {
        tx.tx.execute(
            "INSERT INTO plan_instalment (payment_plan_id, seq, due_on, amount_cents) VALUES (?1, ?2, ?3, ?4)",
            params![plan_id, seq, due_on, amount],
        )?;
    }
    audit(tx, "plan", case, &serde_json::json!({ "instalments": rows }))
}

/// The live agreement of a case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Day it was made.
    pub made_on: String,
    /// What was paid before it.
    pub paid_before_cents: i64,
    /// Instalments: day and cents.
    pub rows: Vec<(String, i64)>,
}

/// Ends the live agreement without a new one.
///
/// # Errors
/// When the database cannot be written.
pub fn end_plan(tx: &mut Tx<'_>, case: &CaseRow, on: &str) -> Result<(), Error> {
    tx.tx.execute(
        "UPDATE payment_plan SET superseded_on = ?2 WHERE case_id = ?1 AND superseded_on IS NULL",
        params![case.case_id, on],
    )?;
    Ok(())
}

/// The live agreement.
///
/// # Errors
/// When the database cannot be read.
pub fn plan(db: &impl Db, case_id: i64) -> Result<Option<Plan>, Error> {
    let head: Option<(i64, i64, String)> = db
        .connection()
        .prepare_cached(
            "SELECT payment_plan_id, paid_before_cents, made_on FROM payment_plan
             WHERE case_id = ?1 AND superseded_on IS NULL",
        )?
        .query_row([case_id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()?;
    let Some((plan_id, paid_before_cents, made_on)) = head else {
        return Ok(None);
    };
    let mut statement = db
        .connection()
        .prepare_cached("SELECT due_on, amount_cents FROM plan_instalment WHERE payment_plan_id = ?1 ORDER BY seq")?;
    let rows = statement.query_map([plan_id], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(Some(Plan { made_on, paid_before_cents, rows: rows.collect::<Result<_, _>>()? }))
}

/// Newest live charge line of a case, 0 without one: what a letter was written from.
///
/// # Errors
/// When the database cannot be read.
pub fn charge_mark(db: &impl Db, case_id: i64) -> Result<i64, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT COALESCE(MAX(charge_line_id), 0) FROM charge_line WHERE case_id = ?1 AND voided_on IS NULL",
    )?;
    Ok(statement.query_row([case_id], |r| r.get(0))?)
}

/// Records a sealed packet.
///
/// # Errors
/// When the database cannot be written.
pub fn add_packet(tx: &mut Tx<'_>, case: &CaseRow, sha256: &str, sealed_on: &str) -> Result<(), Error> {
    let at = tx.authorship().at.0.clone();
    tx.tx.execute(
        "INSERT INTO sealed_packet (case_id, sha256, made_at, sealed_on) VALUES (?1, ?2, ?3, ?4)",
        params![case.case_id, sha256, at, sealed_on],
    )?;
    audit(tx, "packet", case, &serde_json::json!({ "sha256": sha256 }))
}

/// Packets that were sealed, oldest first: id, day and hash.
///
/// # Errors
/// When the database cannot be read.
pub fn packets(db: &impl Db, case_id: i64) -> Result<Vec<(i64, String, String)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT sealed_packet_id, sealed_on, sha256 FROM sealed_packet WHERE case_id = ?1 ORDER BY sealed_packet_id",
    )?;
    let rows = statement.query_map([case_id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Number and hash of the last audit entry about a case, for the foot of its packet.
///
/// # Errors
/// When the database cannot be read.
pub fn audit_mark(db: &impl Db, case_no: &str) -> Result<(i64, String), Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT audit_id, hash FROM audit_log WHERE entity = 'case_file' AND entity_id = ?1 ORDER BY audit_id DESC LIMIT 1",
    )?;
    Ok(statement.query_row([case_no], |r| Ok((r.get(0)?, r.get(1)?)))?)
}
