//! Owners on the roll, deeds, staff decisions, suppression and the look-up log. Withheld owners never leave this file.

use rusqlite::{OptionalExtension, params};

use super::view::Db;
use super::{Change, Error, Reader, Tx};
use crate::model::deed::DeedRow;
use crate::model::id::SnapshotId;

/// What a reader sees of a withheld owner.
pub const WITHHELD: &str = "withheld by law: ask supervisor";

/// One current parcel with its owner line and mailing address.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the view owner_on_roll")]
pub struct RollRow {
    pub parcel_id: i64,
    pub parcel_no: String,
    pub owner_text: String,
    pub mailing_lines: String,
    pub zip: String,
    pub situs: String,
    pub snapshot_id: i64,
    pub row_no: i64,
    pub position: Option<(f64, f64)>,
}

const ROLL_SQL: &str = "SELECT r.parcel_id, r.parcel_no, r.owner_text, r.mailing_lines, r.mail_zip,
        COALESCE((SELECT s.situs_text FROM situs s WHERE s.parcel_version_id = r.parcel_version_id ORDER BY s.situs_id LIMIT 1), ''),
        r.snapshot_id, r.row_no, r.lon, r.lat
     FROM owner_on_roll r";

fn roll_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<RollRow> {
    let (lon, lat): (Option<f64>, Option<f64>) = (row.get(8)?, row.get(9)?);
    Ok(RollRow {
        parcel_id: row.get(0)?,
        parcel_no: row.get(1)?,
        owner_text: row.get(2)?,
        mailing_lines: row.get(3)?,
        zip: row.get(4)?,
        situs: row.get(5)?,
        snapshot_id: row.get(6)?,
        row_no: row.get(7)?,
        position: lon.zip(lat),
    })
}

/// Every parcel that is not retired and has an owner line, in the order of parcels.
///
/// # Errors
/// When the database cannot be read.
pub fn roll_rows(db: &impl Db) -> Result<Vec<RollRow>, Error> {
    let mut statement = db.connection().prepare(&format!("{ROLL_SQL} ORDER BY r.parcel_id"))?;
    Ok(statement.query_map([], roll_row)?.collect::<Result<_, _>>()?)
}

/// Snapshot and row that the current version of a parcel came from.
///
/// # Errors
/// When the database cannot be read.
pub fn snapshot_row_of(db: &impl Db, parcel_id: i64) -> Result<Option<(i64, i64)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT v.snapshot_id, v.row_no FROM parcel p JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         WHERE p.parcel_id = ?1",
    )?;
    Ok(statement.query_row([parcel_id], |r| Ok((r.get(0)?, r.get(1)?))).optional()?)
}

/// The roll's row of one parcel.
///
/// # Errors
/// When the database cannot be read.
pub fn roll_row_of(db: &impl Db, parcel_no: &str) -> Result<Option<RollRow>, Error> {
    let mut statement = db.connection().prepare_cached(&format!("{ROLL_SQL} WHERE r.parcel_no = ?1"))?;
    Ok(statement.query_row([parcel_no], roll_row).optional()?)
}

/// The roll's rows of the parcels of an owner node that are not withheld.
///
/// # Errors
/// When the database cannot be read.
pub fn roll_rows_of_node(db: &impl Db, node_id: i64) -> Result<Vec<RollRow>, Error> {
    let mut statement = db.connection().prepare_cached(&format!(
        "{ROLL_SQL} WHERE r.parcel_id IN (SELECT m.parcel_id FROM owner_node_parcel m WHERE m.owner_node_id = ?1)
             AND NOT r.is_withheld
         ORDER BY r.parcel_id"
    ))?;
    Ok(statement.query_map([node_id], roll_row)?.collect::<Result<_, _>>()?)
}

/// A statement about an owner of a parcel: from a roll (`basis` roll or sale) or a deed.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the tables")]
pub struct FactRow {
    pub owner_text: String,
    pub grantor: Option<String>,
    pub valid_from: String,
    pub first_seen: Option<String>,
    pub last_seen: Option<String>,
    pub basis: String,
    pub instrument_no: Option<String>,
    pub recorded_at: String,
    pub retracted_at: Option<String>,
    pub reference: String,
}

/// Everything known about the owners of a parcel, in the order it was recorded.
///
/// # Errors
/// When the database cannot be read.
pub fn facts_of(db: &impl Db, parcel_id: i64) -> Result<Vec<FactRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM parcel_withheld w WHERE w.parcel_id = ?1) THEN ?2 ELSE f.owner_text END,
                f.valid_from, f.first_seen, f.last_seen, f.basis, f.instrument_no, f.recorded_at, f.retracted_at, f.reference,
                CASE WHEN EXISTS (SELECT 1 FROM parcel_withheld w WHERE w.parcel_id = ?1) THEN NULL ELSE f.grantor END
         FROM (
             SELECT o.owner_text, i.valid_from, s.as_of_date AS first_seen, i.last_seen, i.basis, NULL AS instrument_no,
                    i.recorded_at, i.retracted_at, 'snapshot ' || i.snapshot_id || ' row ' || i.row_no AS reference,
                    NULL AS grantor
             FROM ownership_interval i
             JOIN owner_line o ON o.owner_line_id = i.owner_line_id
             JOIN source_snapshot s ON s.snapshot_id = i.snapshot_id
             WHERE i.parcel_id = ?1
             UNION ALL
             SELECT d.grantee, d.recorded_on, NULL, NULL, 'deed', d.instrument_no, d.recorded_at, d.retracted_at,
                    'deed ' || COALESCE('book ' || d.book || ' page ' || d.page, d.instrument_no, d.deed_id)
                        || COALESCE(', snapshot ' || d.snapshot_id || ' row ' || d.row_no, ''),
                    d.grantor
             FROM deed d
             WHERE d.parcel_id = ?1) f
         ORDER BY f.recorded_at, f.valid_from, f.reference",
    )?;
    let rows = statement.query_map(params![parcel_id, WITHHELD], |r| {
        Ok(FactRow {
            owner_text: r.get(0)?,
            valid_from: r.get(1)?,
            first_seen: r.get(2)?,
            last_seen: r.get(3)?,
            basis: r.get(4)?,
            instrument_no: r.get(5)?,
            recorded_at: r.get(6)?,
            retracted_at: r.get(7)?,
            reference: r.get(8)?,
            grantor: r.get(9)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A deed to store.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the columns of the table deed")]
pub struct NewDeed {
    pub recorded_on: String,
    pub executed_on: Option<String>,
    pub book: Option<String>,
    pub page: Option<String>,
    pub instrument_no: Option<String>,
    pub transfer_kind: String,
    pub grantor: String,
    pub grantee: String,
    pub price_cents: Option<i64>,
    pub document_sha256: Option<String>,
    pub document_name: Option<String>,
}

/// Stores a deed; false when the same deed of the parcel is there already.
///
/// # Errors
/// When the database cannot be written.
pub fn insert_deed(tx: &mut Tx<'_>, parcel_id: i64, deed: &NewDeed) -> Result<bool, Error> {
    let is_new = put_deed(tx, parcel_id, None, deed)?;
    let after = format!("{} {} -> {}", deed.recorded_on, deed.grantor, deed.grantee);
    let entity_id = parcel_id.to_string();
    tx.audit(Change {
        action: "add",
        entity: "deed",
        entity_id: &entity_id,
        before_json: None,
        after_json: Some(&after),
    })?;
    Ok(is_new)
}

/// Stores a deed of a file; false when the same deed of the parcel is there already. The import itself is audited.
///
/// # Errors
/// When the database cannot be written.
pub fn import_deed(tx: &mut Tx<'_>, parcel_id: i64, source: (SnapshotId, u64), row: &DeedRow) -> Result<bool, Error> {
    let deed = NewDeed {
        recorded_on: row.recorded_on.to_string(),
        executed_on: row.executed_on.map(|d| d.to_string()),
        book: row.book.clone(),
        page: row.page.clone(),
        instrument_no: row.instrument_no.clone(),
        transfer_kind: row.transfer_kind.clone(),
        grantor: row.grantor.clone(),
        grantee: row.grantee.clone(),
        price_cents: row.price.map(|c| c.0),
        document_sha256: None,
        document_name: None,
    };
    put_deed(tx, parcel_id, Some(source), &deed)
}

fn put_deed(tx: &Tx<'_>, parcel_id: i64, source: Option<(SnapshotId, u64)>, deed: &NewDeed) -> Result<bool, Error> {
    let by = tx.authorship();
    let n = tx.tx.prepare_cached(
        "INSERT INTO deed (parcel_id, recorded_on, executed_on, book, page, instrument_no, transfer_kind, grantor, grantee,
             price_cents, document_sha256, document_name, entered_by, recorded_at, snapshot_id, row_no)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16
         WHERE NOT EXISTS (
             SELECT 1 FROM deed WHERE parcel_id = ?1 AND recorded_on = ?2 AND grantee = ?9 AND book IS ?4 AND page IS ?5
                 AND instrument_no IS ?6 AND retracted_at IS NULL)",
    )?
    .execute(params![
        parcel_id,
        deed.recorded_on,
        deed.executed_on,
        deed.book,
        deed.page,
        deed.instrument_no,
        deed.transfer_kind,
        deed.grantor,
        deed.grantee,
        deed.price_cents,
        deed.document_sha256,
        deed.document_name,
        by.actor,
        by.at.0,
        source.map(|s| s.0.0),
        source.map(|s| s.1.cast_signed())
    ])?;
    Ok(n == 1)
}

/// A decision of a person about two owners or an address.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "the columns of the table owner_decision")]
pub struct DecisionRow {
    pub decision_id: i64,
    pub verdict: String,
    pub a: (String, String),
    pub b: (String, String),
    /// Name keys of the two owners; empty in databases of older versions.
    pub keys: (String, String),
    pub reason: String,
    pub decided_by: String,
    pub decided_at: String,
}

/// Decisions in force, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn decisions(db: &impl Db) -> Result<Vec<DecisionRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT owner_decision_id, verdict, owner_a, mailing_a, owner_b, mailing_b, reason, decided_by, decided_at,
                name_key_a, name_key_b
         FROM owner_decision
         WHERE withdrawn_at IS NULL
         ORDER BY owner_decision_id",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(DecisionRow {
            decision_id: r.get(0)?,
            verdict: r.get(1)?,
            a: (r.get(2)?, r.get(3)?),
            b: (r.get(4)?, r.get(5)?),
            reason: r.get(6)?,
            decided_by: r.get(7)?,
            decided_at: r.get(8)?,
            keys: (r.get(9)?, r.get(10)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Stores a decision; an earlier one on the same pair is withdrawn.
///
/// # Errors
/// When the database cannot be written.
pub fn decide(tx: &mut Tx<'_>, d: &DecisionRow) -> Result<(), Error> {
    let by = tx.authorship().clone();
    tx.tx.execute(
        "UPDATE owner_decision
         SET withdrawn_at = ?5
         WHERE withdrawn_at IS NULL AND (verdict = 'agent') = (?6 = 'agent')
             AND ((owner_a = ?1 AND mailing_a = ?2 AND owner_b = ?3 AND mailing_b = ?4)
                 OR (owner_a = ?3 AND mailing_a = ?4 AND owner_b = ?1 AND mailing_b = ?2))",
        params![d.a.0, d.a.1, d.b.0, d.b.1, by.at.0, d.verdict],
    )?;
    tx.tx.execute(
        "INSERT INTO owner_decision (verdict, owner_a, mailing_a, owner_b, mailing_b, reason, decided_by, decided_at,
             name_key_a, name_key_b)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![d.verdict, d.a.0, d.a.1, d.b.0, d.b.1, by.reason, by.actor, by.at.0, d.keys.0, d.keys.1],
    )?;
    let after = format!("{} {} | {}", d.verdict, d.a.0, d.b.0);
    let entity_id = tx.tx.last_insert_rowid().to_string();
    tx.audit(Change {
        action: "decide",
        entity: "owner_decision",
        entity_id: &entity_id,
        before_json: None,
        after_json: Some(&after),
    })
}

/// An order that withholds the owner of a parcel.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs, reason = "the columns of the table suppression")]
pub struct SuppressionRow {
    pub suppression_id: i64,
    pub parcel_no: String,
    pub basis: String,
    pub order_ref: String,
    pub from_date: String,
    pub to_date: Option<String>,
}

/// All suppressions, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn suppressions(db: &impl Db) -> Result<Vec<SuppressionRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT s.suppression_id, p.parcel_no, s.basis, s.order_ref, s.from_date, s.to_date
         FROM suppression s
         JOIN parcel p ON p.parcel_id = s.parcel_id
         ORDER BY s.suppression_id",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(SuppressionRow {
            suppression_id: r.get(0)?,
            parcel_no: r.get(1)?,
            basis: r.get(2)?,
            order_ref: r.get(3)?,
            from_date: r.get(4)?,
            to_date: r.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Withholds the owner of a parcel.
///
/// # Errors
/// When the database cannot be written.
pub fn suppress(tx: &mut Tx<'_>, parcel_id: i64, row: &SuppressionRow) -> Result<(), Error> {
    let by = tx.authorship().clone();
    tx.tx.execute(
        "INSERT INTO suppression (parcel_id, basis, order_ref, from_date, to_date, entered_by, entered_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![parcel_id, row.basis, row.order_ref, row.from_date, row.to_date, by.actor, by.at.0],
    )?;
    let entity_id = tx.tx.last_insert_rowid().to_string();
    tx.audit(Change {
        action: "add",
        entity: "suppression",
        entity_id: &entity_id,
        before_json: None,
        after_json: Some(&row.order_ref),
    })
}

/// Withholds an owner line of a parcel wherever the roll shows it. The order is listed with the parcel it was entered for;
/// grouping extends it to other spellings of the owner.
///
/// # Errors
/// When the database cannot be written.
pub fn suppress_owner(tx: &mut Tx<'_>, parcel_id: i64, row: &SuppressionRow) -> Result<(), Error> {
    suppress(tx, parcel_id, row)?;
    let by = tx.authorship().clone();
    tx.tx.execute(
        "INSERT INTO suppression_owner (owner_line_id, basis, order_ref, from_date, to_date, entered_by, entered_at)
         SELECT v.owner_line_id, ?2, ?3, ?4, ?5, ?6, ?7
         FROM parcel p JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         WHERE p.parcel_id = ?1 AND v.owner_line_id IS NOT NULL",
        params![parcel_id, row.basis, row.order_ref, row.from_date, row.to_date, by.actor, by.at.0],
    )?;
    Ok(())
}

/// Withholds the parcels that owners under an order have got since; returns how many.
///
/// # Errors
/// When the database cannot be written.
pub fn extend_owner_orders(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let by = tx.authorship().clone();
    Ok(tx.tx.execute(
        "INSERT INTO suppression (parcel_id, basis, order_ref, from_date, to_date, entered_by, entered_at)
         SELECT DISTINCT i.parcel_id, s.basis, s.order_ref, s.from_date, s.to_date, ?1, ?2
         FROM suppression_owner s
         CROSS JOIN ownership_interval i ON i.owner_line_id = s.owner_line_id
         JOIN parcel p ON p.parcel_id = i.parcel_id
         JOIN parcel_version v ON v.parcel_version_id = p.current_version_id AND v.owner_line_id = s.owner_line_id
         WHERE NOT EXISTS (SELECT 1 FROM suppression d WHERE d.parcel_id = i.parcel_id AND d.order_ref = s.order_ref)
           AND (s.to_date IS NULL OR s.to_date >= date('now'))",
        params![by.actor, by.at.0],
    )?)
}

/// An order on an owner in force, with a mailing address of a parcel that it withholds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the query")]
pub struct OwnerOrder {
    pub suppression_owner_id: i64,
    pub owner_text: String,
    pub mailing_lines: String,
    pub zip: String,
}

/// Orders on owners in force, each with every mailing address of its parcels.
///
/// # Errors
/// When the database cannot be read.
pub fn owner_orders(db: &impl Db) -> Result<Vec<OwnerOrder>, Error> {
    let mut statement = db.connection().prepare(
        "SELECT DISTINCT s.suppression_owner_id, o.owner_text, COALESCE(m.lines, ''), COALESCE(m.zip, '')
         FROM suppression_owner s
         JOIN owner_line o ON o.owner_line_id = s.owner_line_id
         LEFT JOIN suppression d ON d.order_ref = s.order_ref
         LEFT JOIN parcel p ON p.parcel_id = d.parcel_id
         LEFT JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         LEFT JOIN mailing_address m ON m.mailing_address_id = v.mailing_address_id
         WHERE s.from_date <= date('now') AND (s.to_date IS NULL OR s.to_date >= date('now'))
         ORDER BY 1, 3, 4",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(OwnerOrder {
            suppression_owner_id: r.get(0)?,
            owner_text: r.get(1)?,
            mailing_lines: r.get(2)?,
            zip: r.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Extends an order on an owner to a parcel; returns how many parcels are new. The owner line there is not added to the order:
/// a variant of a name means the same person at that address only.
///
/// # Errors
/// When the database cannot be written.
pub fn extend_order(tx: &mut Tx<'_>, suppression_owner_id: i64, parcel_id: i64) -> Result<usize, Error> {
    let by = tx.authorship().clone();
    let sql = "INSERT INTO suppression (parcel_id, basis, order_ref, from_date, to_date, entered_by, entered_at)
         SELECT ?2, s.basis, s.order_ref, s.from_date, s.to_date, ?3, ?4
         FROM suppression_owner s
         WHERE s.suppression_owner_id = ?1
           AND NOT EXISTS (SELECT 1 FROM suppression d WHERE d.parcel_id = ?2 AND d.order_ref = s.order_ref)";
    Ok(tx.tx.prepare_cached(sql)?.execute(params![suppression_owner_id, parcel_id, by.actor, by.at.0])?)
}

/// Parcels withheld by an order.
///
/// # Errors
/// When the database cannot be read.
pub fn parcels_under(db: &impl Db, order_ref: &str) -> Result<usize, Error> {
    let sql = "SELECT COUNT(DISTINCT parcel_id) FROM suppression WHERE order_ref = ?1";
    Ok(db.connection().query_row(sql, [order_ref], |r| r.get::<_, u32>(0))? as usize)
}

/// Ends a suppression after the given day; false when there is none with this number.
///
/// # Errors
/// When the database cannot be written.
pub fn end_suppression(tx: &mut Tx<'_>, suppression_id: i64, to_date: &str) -> Result<bool, Error> {
    let n = tx
        .tx
        .execute("UPDATE suppression SET to_date = ?2 WHERE suppression_id = ?1", params![suppression_id, to_date])?;
    // An order on an owner ends on all of its parcels.
    tx.tx.execute(
        "UPDATE suppression SET to_date = ?2
         WHERE order_ref IN (SELECT o.order_ref FROM suppression_owner o JOIN suppression s USING (order_ref)
                             WHERE s.suppression_id = ?1)",
        params![suppression_id, to_date],
    )?;
    tx.tx.execute(
        "UPDATE suppression_owner SET to_date = ?2
         WHERE order_ref = (SELECT order_ref FROM suppression WHERE suppression_id = ?1)",
        params![suppression_id, to_date],
    )?;
    let entity_id = suppression_id.to_string();
    tx.audit(Change {
        action: "end",
        entity: "suppression",
        entity_id: &entity_id,
        before_json: None,
        after_json: Some(to_date),
    })?;
    Ok(n == 1)
}

/// Numbers and owner lines of the parcels that are withheld today, by which a row of a source is known to be of one.
///
/// # Errors
/// When the database cannot be read.
pub fn withheld_texts(db: &impl Db) -> Result<Vec<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT p.parcel_no FROM parcel_withheld w JOIN parcel p ON p.parcel_id = w.parcel_id
         UNION
         SELECT o.owner_text
         FROM parcel_withheld w
         JOIN ownership_interval i ON i.parcel_id = w.parcel_id
         JOIN owner_line o ON o.owner_line_id = i.owner_line_id
         WHERE o.owner_text <> ''",
    )?;
    let rows = statement.query_map([], |r| r.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A look-up of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of lookup_log")]
pub struct LookupRow {
    pub at: String,
    pub actor: String,
    pub query: String,
    pub purpose: String,
    pub n_found: i64,
}

/// Look-ups of persons, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn lookups(db: &impl Db, limit: usize) -> Result<Vec<LookupRow>, Error> {
    let mut statement = db
        .connection()
        .prepare_cached("SELECT at, actor, query, purpose, n_found FROM lookup_log ORDER BY lookup_id DESC LIMIT ?1")?;
    let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
        Ok(LookupRow { at: r.get(0)?, actor: r.get(1)?, query: r.get(2)?, purpose: r.get(3)?, n_found: r.get(4)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Logs a look-up of a person.
///
/// # Errors
/// When the database cannot be written.
pub fn log_lookup(tx: &mut Tx<'_>, query: &str, purpose: &str, n_found: usize) -> Result<(), Error> {
    let by = tx.authorship().clone();
    tx.tx.execute(
        "INSERT INTO lookup_log (at, actor, query, purpose, n_found) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![by.at.0, by.actor, query, purpose, i64::try_from(n_found).unwrap_or(i64::MAX)],
    )?;
    tx.audit(Change {
        action: "look up",
        entity: "owner",
        entity_id: query,
        before_json: None,
        after_json: Some(purpose),
    })
}

/// What hangs on a parcel: accounts, what they owe, taps, cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the columns of the query")]
pub struct Holdings {
    pub n_accounts: i64,
    pub balance_cents: i64,
    pub n_taps: i64,
    pub n_cases: i64,
}

/// Counts what hangs on a parcel by its accepted links.
///
/// # Errors
/// When the database cannot be read.
pub fn holdings(reader: &Reader, parcel_id: i64) -> Result<Holdings, Error> {
    let mut statement = reader.connection.prepare_cached(
        "WITH here AS (SELECT DISTINCT premise_id FROM match_link WHERE parcel_id = ?1 AND rank = 1 AND status = 'auto_accepted')
         SELECT (SELECT COUNT(*) FROM account a JOIN here USING (premise_id)),
                (SELECT COALESCE(SUM(a.balance_cents), 0) FROM account a JOIN here USING (premise_id)),
                (SELECT COUNT(DISTINCT t.tap_id) FROM tap_premise t JOIN here USING (premise_id)),
                (SELECT COUNT(*) FROM case_file c WHERE c.parcel_id = ?1 OR c.premise_id IN (SELECT premise_id FROM here))",
    )?;
    Ok(statement.query_row([parcel_id], |r| {
        Ok(Holdings { n_accounts: r.get(0)?, balance_cents: r.get(1)?, n_taps: r.get(2)?, n_cases: r.get(3)? })
    })?)
}
