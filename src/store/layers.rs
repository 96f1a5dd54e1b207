//! Rows of the export layers, one at a time: memory does not grow with the county.

use rusqlite::{OptionalExtension, Row};

use super::{Error, Reader};

/// A current parcel as a layer shows it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the layer")]
pub struct ParcelLayerRow {
    pub parcel_no: String,
    pub situs_address: Option<String>,
    pub situs_city: Option<String>,
    pub situs_zip: Option<String>,
    pub owner: Option<String>,
    pub mailing_address: Option<String>,
    pub land_use: Option<String>,
    pub roll_date: Option<String>,
    pub position: Option<[f64; 2]>,
    pub wkb: Option<Vec<u8>>,
}

/// An owner on the roll over a span of time.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the layer")]
pub struct OwnerLayerRow {
    pub parcel_no: String,
    pub owner: Option<String>,
    pub mailing_address: Option<String>,
    pub valid_from: Option<String>,
    pub last_seen: Option<String>,
    pub basis: Option<String>,
    pub owner_kind: Option<String>,
    pub parties: Option<String>,
    pub owner_group: Option<String>,
    pub position: Option<[f64; 2]>,
}

fn position_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<[f64; 2]>> {
    let (lon, lat): (Option<f64>, Option<f64>) = (row.get(column)?, row.get(column + 1)?);
    Ok(lon.zip(lat).map(|(lon, lat)| [lon, lat]))
}

const MAILING: &str = "NULLIF(TRIM(REPLACE(m.lines, char(10), ', ') || COALESCE(', ' || NULLIF(m.city, ''), '')
    || COALESCE(', ' || NULLIF(m.state, ''), '') || COALESCE(' ' || NULLIF(m.zip, ''), '')), '')";

/// A confidential owner's name and mailing address leave through no layer.
const IS_WITHHELD: &str = "EXISTS (SELECT 1 FROM parcel_withheld w WHERE w.parcel_id = p.parcel_id)";

/// Calls `each` with every parcel that is not retired; the most complete come first, then by number, so that
/// programs that learn the types from the first feature learn them right.
///
/// # Errors
/// When the database cannot be read, or what `each` returns.
pub fn parcels<E: From<Error>>(
    reader: &Reader,
    mut each: impl FnMut(ParcelLayerRow) -> Result<(), E>,
) -> Result<(), E> {
    let sql = format!(
        "SELECT p.parcel_no, s.situs_text, s.city, s.zip, CASE WHEN {IS_WITHHELD} THEN 'withheld by law' ELSE REPLACE(o.owner_text, char(10), ' / ') END,
                CASE WHEN {IS_WITHHELD} THEN NULL ELSE {MAILING} END, v.land_use,
                n.as_of_date, v.lon, v.lat, v.geometry_wkb
         FROM parcel p
         JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         JOIN source_snapshot n ON n.snapshot_id = v.snapshot_id
         LEFT JOIN situs s ON s.parcel_version_id = v.parcel_version_id AND s.situs_id = 1
         LEFT JOIN owner_line o ON o.owner_line_id = v.owner_line_id
         LEFT JOIN mailing_address m ON m.mailing_address_id = v.mailing_address_id
         WHERE p.retired_snapshot_id IS NULL
         ORDER BY (v.geometry_wkb IS NULL) + (s.city IS NULL) + (s.zip IS NULL) + (o.owner_text IS NULL)
                  + (m.lines IS NULL) + (v.land_use IS NULL),
                  p.parcel_no"
    );
    let mut statement = reader.connection.prepare(&sql).map_err(Error::from)?;
    let mut rows = statement.query([]).map_err(Error::from)?;
    while let Some(row) = rows.next().map_err(Error::from)? {
        let read = || -> rusqlite::Result<ParcelLayerRow> {
            Ok(ParcelLayerRow {
                parcel_no: row.get(0)?,
                situs_address: row.get(1)?,
                situs_city: row.get(2)?,
                situs_zip: row.get(3)?,
                owner: row.get(4)?,
                mailing_address: row.get(5)?,
                land_use: row.get(6)?,
                roll_date: row.get(7)?,
                position: position_at(row, 8)?,
                wkb: row.get(10)?,
            })
        };
        each(read().map_err(Error::from)?)?;
    }
    Ok(())
}

/// Calls `each` with every ownership interval that was not taken back, by parcel number and begin, the most complete one
/// before all others.
///
/// # Errors
/// When the database cannot be read, or what `each` returns.
pub fn owners<E: From<Error>>(reader: &Reader, each: impl FnMut(OwnerLayerRow) -> Result<(), E>) -> Result<(), E> {
    let sql = format!(
        "SELECT p.parcel_no, CASE WHEN {IS_WITHHELD} THEN 'withheld by law' ELSE REPLACE(o.owner_text, char(10), ' / ') END,
                CASE WHEN {IS_WITHHELD} THEN NULL ELSE {MAILING} END, i.valid_from, i.last_seen, i.basis, v.lon, v.lat,
                CASE WHEN {IS_WITHHELD} THEN NULL ELSE r.kind END,
                CASE WHEN {IS_WITHHELD} THEN NULL ELSE (
                    SELECT GROUP_CONCAT(json_extract(y.value, '$[2]') || ' (' || REPLACE(json_extract(y.value, '$[1]'), '_', ' ') || ')', '; ')
                    FROM json_each(r.parties) y) END,
                CASE WHEN {IS_WITHHELD} OR v.owner_line_id IS NOT i.owner_line_id THEN NULL ELSE 'OG-' || n.owner_group_id END
         FROM ownership_interval i
         JOIN parcel p ON p.parcel_id = i.parcel_id
         JOIN owner_line o ON o.owner_line_id = i.owner_line_id
         LEFT JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         LEFT JOIN mailing_address m ON m.mailing_address_id = i.mailing_address_id
         LEFT JOIN owner_reading r ON r.owner_line_id = i.owner_line_id
         LEFT JOIN owner_node_parcel g ON g.parcel_id = i.parcel_id
         LEFT JOIN owner_node n ON n.owner_node_id = g.owner_node_id
         WHERE i.retracted_at IS NULL AND i.ownership_interval_id"
    );
    let best = "SELECT i.ownership_interval_id
         FROM ownership_interval i
         JOIN parcel p ON p.parcel_id = i.parcel_id
         LEFT JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         WHERE i.retracted_at IS NULL
         ORDER BY (i.mailing_address_id IS NULL) + (v.lon IS NULL) + (v.owner_line_id IS NOT i.owner_line_id)
                  + NOT EXISTS (SELECT 1 FROM owner_node_parcel g WHERE g.parcel_id = i.parcel_id)
                  + NOT EXISTS (SELECT 1 FROM owner_reading r WHERE r.owner_line_id = i.owner_line_id),
                  p.parcel_no, i.ownership_interval_id
         LIMIT 1";
    let order = "p.parcel_no, i.valid_from, i.ownership_interval_id";
    best_first(
        reader,
        [&sql, best, order],
        |row| {
            Ok(OwnerLayerRow {
                parcel_no: row.get(0)?,
                owner: row.get(1)?,
                mailing_address: row.get(2)?,
                valid_from: row.get(3)?,
                last_seen: row.get(4)?,
                basis: row.get(5)?,
                owner_kind: row.get(8)?,
                parties: row.get(9)?,
                owner_group: row.get(10)?,
                position: position_at(row, 6)?,
            })
        },
        each,
    )
}

/// Calls `each` with the most complete row, so that programs that learn the types from the first feature learn them
/// right, then with the others in the order of an index: nothing is sorted and nothing collected. The three texts: a query
/// that ends in the name of its id column, the one that finds the best id, and the order.
pub(super) fn best_first<T, E: From<Error>>(
    reader: &Reader,
    [sql, best, order]: [&str; 3],
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    mut each: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let best: Option<i64> = reader.connection.query_row(best, [], |r| r.get(0)).optional().map_err(Error::from)?;
    for (filter, order) in [(" = ?1", "1"), (" <> ?1", order)] {
        let mut statement =
            reader.connection.prepare(&format!("{sql}{filter} ORDER BY {order}")).map_err(Error::from)?;
        let mut rows = statement.query([best]).map_err(Error::from)?;
        while let Some(row) = rows.next().map_err(Error::from)? {
            each(read(row).map_err(Error::from)?)?;
        }
    }
    Ok(())
}

/// A premise with the parcel it is linked to.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the layer")]
pub struct LinkLayerRow {
    pub premise_no: String,
    pub service_address: String,
    pub parcel_no: Option<String>,
    pub situs_text: Option<String>,
    /// As in [`super::links::StoredLink`]: with the decision of a person applied.
    pub status: String,
    pub score: f64,
    /// The premise's own position, else that of the parcel.
    pub position: Option<[f64; 2]>,
}

/// Calls `each` with the first-rank link of every premise, by premise number, the most complete one before all others.
///
/// # Errors
/// When the database cannot be read, or what `each` returns.
pub fn links<E: From<Error>>(reader: &Reader, each: impl FnMut(LinkLayerRow) -> Result<(), E>) -> Result<(), E> {
    let sql = "SELECT p.premise_no, p.service_address, c.parcel_no,
                (SELECT s.situs_text FROM situs s WHERE s.parcel_version_id = c.current_version_id ORDER BY s.situs_id LIMIT 1),
                CASE WHEN d.match_decision_id IS NULL THEN l.status WHEN d.is_stale = 1 THEN 'stale' ELSE d.verdict END,
                l.score, COALESCE(p.lon, v.lon), COALESCE(p.lat, v.lat)
         FROM premise p
         JOIN match_link l ON l.premise_id = p.premise_id AND l.rank = 1
         LEFT JOIN parcel c ON c.parcel_id = l.parcel_id
         LEFT JOIN parcel_version v ON v.parcel_version_id = c.current_version_id
         LEFT JOIN match_decision d ON d.premise_id = l.premise_id AND d.parcel_id = l.parcel_id AND d.superseded_by IS NULL
         WHERE p.premise_id";
    let best = "SELECT p.premise_id
         FROM premise p
         JOIN match_link l ON l.premise_id = p.premise_id AND l.rank = 1
         LEFT JOIN parcel c ON c.parcel_id = l.parcel_id
         LEFT JOIN parcel_version v ON v.parcel_version_id = c.current_version_id
         ORDER BY (c.parcel_no IS NULL) + (COALESCE(p.lon, v.lon) IS NULL)
                  + NOT EXISTS (SELECT 1 FROM situs s WHERE s.parcel_version_id = c.current_version_id),
                  p.premise_no
         LIMIT 1";
    best_first(
        reader,
        [sql, best, "p.premise_no"],
        |row| {
            Ok(LinkLayerRow {
                premise_no: row.get(0)?,
                service_address: row.get(1)?,
                parcel_no: row.get(2)?,
                situs_text: row.get(3)?,
                status: row.get(4)?,
                score: row.get(5)?,
                position: position_at(row, 6)?,
            })
        },
        each,
    )
}

/// A case as a layer shows it; the owner comes from the parties of the case.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the layer")]
pub struct CaseLayerRow {
    pub case_id: i64,
    pub case_no: String,
    pub status: String,
    pub violation_type: Option<String>,
    pub violation_on: String,
    pub opened_on: String,
    pub closed_on: Option<String>,
    pub premise_no: Option<String>,
    pub service_address: Option<String>,
    pub parcel_no: Option<String>,
    pub offense_no: Option<i64>,
    pub charged_cents: i64,
    pub paid_cents: i64,
    pub tap_nos: Option<String>,
    pub removal_order_nos: Option<String>,
    pub position: Option<[f64; 2]>,
}

/// Calls `each` with every case, the most complete first, then by number. A case lies at its premise, else on the parcel that the
/// premise is linked to, else on its own parcel.
///
/// # Errors
/// When the database cannot be read, or what `each` returns.
pub fn cases<E: From<Error>>(reader: &Reader, mut each: impl FnMut(CaseLayerRow) -> Result<(), E>) -> Result<(), E> {
    let mut statement = reader
        .connection
        .prepare(
            "SELECT c.case_id, c.case_no, c.status, c.violation_type, c.violation_on, c.opened_on, c.closed_on, p.premise_no,
                COALESCE(p.service_address, NULLIF(c.place, '')), q.parcel_no, c.offense_no,
                (SELECT COALESCE(SUM(amount_cents), 0) FROM charge_line WHERE case_id = c.case_id AND voided_on IS NULL),
                (SELECT COALESCE(SUM(amount_cents), 0) FROM payment WHERE case_id = c.case_id),
                (SELECT GROUP_CONCAT(x.tap_no, ';') FROM (
                    SELECT t.tap_no FROM tap_premise y JOIN tap t ON t.tap_id = y.tap_id WHERE y.premise_id = c.premise_id
                    UNION SELECT t.tap_no FROM removal_order o JOIN tap t ON t.tap_id = o.tap_id WHERE o.case_id = c.case_id
                    ORDER BY 1) x),
                (SELECT GROUP_CONCAT(x.order_no, ';') FROM (
                    SELECT order_no FROM removal_order WHERE case_id = c.case_id ORDER BY order_no) x),
                COALESCE(p.lon, v.lon, u.lon), COALESCE(p.lat, v.lat, u.lat)
             FROM case_file c
             LEFT JOIN premise p ON p.premise_id = c.premise_id
             LEFT JOIN match_link l ON l.premise_id = p.premise_id AND l.rank = 1
             LEFT JOIN parcel g ON g.parcel_id = l.parcel_id
             LEFT JOIN parcel_version v ON v.parcel_version_id = g.current_version_id
             LEFT JOIN parcel q ON q.parcel_id = c.parcel_id
             LEFT JOIN parcel_version u ON u.parcel_version_id = q.current_version_id
             ORDER BY (c.violation_type IS NULL) + (c.closed_on IS NULL) + (q.parcel_no IS NULL) + (p.premise_no IS NULL)
                      + (c.offense_no IS NULL) + NOT EXISTS (SELECT 1 FROM removal_order o WHERE o.case_id = c.case_id),
                      c.case_no",
        )
        .map_err(Error::from)?;
    let mut rows = statement.query([]).map_err(Error::from)?;
    while let Some(row) = rows.next().map_err(Error::from)? {
        let read = || -> rusqlite::Result<CaseLayerRow> {
            Ok(CaseLayerRow {
                case_id: row.get(0)?,
                case_no: row.get(1)?,
                status: row.get(2)?,
                violation_type: row.get(3)?,
                violation_on: row.get(4)?,
                opened_on: row.get(5)?,
                closed_on: row.get(6)?,
                premise_no: row.get(7)?,
                service_address: row.get(8)?,
                parcel_no: row.get(9)?,
                offense_no: row.get(10)?,
                charged_cents: row.get(11)?,
                paid_cents: row.get(12)?,
                tap_nos: row.get(13)?,
                removal_order_nos: row.get(14)?,
                position: position_at(row, 15)?,
            })
        };
        each(read().map_err(Error::from)?)?;
    }
    Ok(())
}
