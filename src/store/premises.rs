//! Premises, their accounts, meters and reads.

use rusqlite::{OptionalExtension, Row, params};

use super::ownership::WITHHELD;
use super::{Error, Reader, Tx};
use crate::model::id::{PremiseId, SnapshotId};
use crate::model::parcel::LonLat;
use crate::model::premise::{AccountRow, ReadRow};

/// A place served, as the database has it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct PremiseRow {
    pub premise_id: PremiseId,
    pub premise_no: String,
    pub service_address: String,
    pub service_city: Option<String>,
    pub service_zip: Option<String>,
    pub position: Option<LonLat>,
    /// Holder of an account at the premise, an active one first.
    pub holder_name: Option<String>,
}

/// An account at a premise.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct StoredAccount {
    pub account_no: String,
    pub service_kind: String,
    pub status: String,
    pub holder_name: Option<String>,
    pub opened_on: Option<String>,
    pub closed_on: Option<String>,
    pub balance_cents: Option<i64>,
}

const COLUMNS: &str = "p.premise_id, p.premise_no, p.service_address, p.service_city, p.service_zip, p.lon, p.lat,
    (SELECT a.holder_name FROM account a WHERE a.premise_id = p.premise_id AND a.holder_name IS NOT NULL
     ORDER BY a.status <> 'active', a.account_id LIMIT 1)";

fn premise_of(row: &Row<'_>) -> rusqlite::Result<PremiseRow> {
    let (lon, lat): (Option<f64>, Option<f64>) = (row.get(5)?, row.get(6)?);
    Ok(PremiseRow {
        premise_id: PremiseId(row.get(0)?),
        premise_no: row.get(1)?,
        service_address: row.get(2)?,
        service_city: row.get(3)?,
        service_zip: row.get(4)?,
        position: lon.zip(lat).map(|(lon, lat)| LonLat { lon, lat }),
        holder_name: row.get(7)?,
    })
}

/// True when there is a premise.
///
/// # Errors
/// When the database cannot be read.
pub fn has_any(tx: &Tx<'_>) -> Result<bool, Error> {
    Ok(tx.tx.query_row("SELECT EXISTS (SELECT 1 FROM premise)", [], |r| r.get(0))?)
}

/// Every premise, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(reader: &Reader) -> Result<Vec<PremiseRow>, Error> {
    let mut statement = reader.connection.prepare(&format!("SELECT {COLUMNS} FROM premise p ORDER BY p.premise_id"))?;
    Ok(statement.query_map([], premise_of)?.collect::<Result<_, _>>()?)
}

/// The premise with this number.
///
/// # Errors
/// When the database cannot be read.
pub fn by_no(reader: &Reader, premise_no: &str) -> Result<Option<PremiseRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM premise p WHERE p.premise_no = ?1");
    Ok(reader.connection.query_row(&sql, [premise_no], premise_of).optional()?)
}

/// The premise of an account number.
///
/// # Errors
/// When the database cannot be read.
pub fn by_account(reader: &Reader, account_no: &str) -> Result<Option<PremiseRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM premise p JOIN account x ON x.premise_id = p.premise_id WHERE x.account_no = ?1 LIMIT 1"
    );
    Ok(reader.connection.query_row(&sql, [account_no], premise_of).optional()?)
}

/// Premises linked to a parcel by the matcher or by a person.
///
/// # Errors
/// When the database cannot be read.
pub fn of_parcel(reader: &Reader, parcel_no: &str) -> Result<Vec<PremiseRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM premise p
         JOIN match_link l ON l.premise_id = p.premise_id AND l.rank = 1 AND l.status IN ('auto_accepted', 'review')
         JOIN parcel c ON c.parcel_id = l.parcel_id
         WHERE c.parcel_no = ?1 AND NOT EXISTS (
            SELECT 1 FROM match_decision d
            WHERE d.premise_id = l.premise_id AND d.parcel_id = l.parcel_id
              AND d.verdict = 'rejected' AND d.is_stale = 0 AND d.superseded_by IS NULL)
         ORDER BY p.premise_no"
    );
    let mut statement = reader.connection.prepare(&sql)?;
    Ok(statement.query_map([parcel_no], premise_of)?.collect::<Result<_, _>>()?)
}

/// Accounts at a premise. Where the owner is withheld by law the holder is too: often it is the same person.
///
/// # Errors
/// When the database cannot be read.
pub fn accounts(reader: &Reader, premise_id: PremiseId) -> Result<Vec<StoredAccount>, Error> {
    let mut statement = reader.connection.prepare(
        "SELECT account_no, service_kind, status,
                CASE WHEN EXISTS (SELECT 1 FROM match_link l JOIN parcel_withheld w ON w.parcel_id = l.parcel_id
                                  WHERE l.premise_id = ?1) THEN ?2 ELSE holder_name END,
                opened_on, closed_on, balance_cents
         FROM account
         WHERE premise_id = ?1
         ORDER BY status <> 'active', account_no, service_kind",
    )?;
    let rows = statement.query_map(params![premise_id.0, WITHHELD], |r| {
        Ok(StoredAccount {
            account_no: r.get(0)?,
            service_kind: r.get(1)?,
            status: r.get(2)?,
            holder_name: r.get(3)?,
            opened_on: r.get(4)?,
            closed_on: r.get(5)?,
            balance_cents: r.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn premise_id_of(tx: &Tx<'_>, premise_no: &str) -> Result<Option<i64>, Error> {
    Ok(tx
        .tx
        .prepare_cached("SELECT premise_id FROM premise WHERE premise_no = ?1")?
        .query_row([premise_no], |r| r.get(0))
        .optional()?)
}

/// Stores an account row: its premise (made or brought up to date), its account, its meter.
/// Returns false when the same account and service was stored by this snapshot already.
///
/// # Errors
/// When the database cannot be written.
pub fn store_account(tx: &mut Tx<'_>, snapshot: SnapshotId, row_no: u64, row: &AccountRow) -> Result<bool, Error> {
    let n_same: i64 = tx
        .tx
        .prepare_cached(
            "SELECT COUNT(*) FROM account WHERE account_no = ?1 AND service_kind = ?2 AND snapshot_id = ?3",
        )?
        .query_row(params![row.account_no, row.service_kind, snapshot.0], |r| r.get(0))?;
    if n_same > 0 {
        return Ok(false);
    }
    let (lon, lat) = (row.position.map(|p| p.lon), row.position.map(|p| p.lat));
    tx.tx
        .prepare_cached(
            "INSERT INTO premise (premise_no, service_address, service_city, service_zip, lon, lat, snapshot_id, row_no)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (premise_no) DO UPDATE SET
                 service_address = excluded.service_address, service_city = excluded.service_city,
                 service_zip = excluded.service_zip, lon = COALESCE(excluded.lon, lon), lat = COALESCE(excluded.lat, lat),
                 snapshot_id = excluded.snapshot_id, row_no = excluded.row_no",
        )?
        .execute(params![
            row.premise_no,
            row.service_address,
            row.service_city,
            row.service_zip,
            lon,
            lat,
            snapshot.0,
            row_no.cast_signed()
        ])?;
    let premise_id = premise_id_of(tx, &row.premise_no)?;
    tx.tx
        .prepare_cached(
            "INSERT INTO account (account_no, service_kind, premise_id, status, holder_name, mailing_address, opened_on,
                 closed_on, balance_cents, snapshot_id, row_no)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (account_no, service_kind) DO UPDATE SET
                 premise_id = excluded.premise_id, status = excluded.status, holder_name = excluded.holder_name,
                 mailing_address = excluded.mailing_address, opened_on = excluded.opened_on, closed_on = excluded.closed_on,
                 balance_cents = excluded.balance_cents, snapshot_id = excluded.snapshot_id, row_no = excluded.row_no",
        )?
        .execute(params![
            row.account_no,
            row.service_kind,
            premise_id,
            row.status,
            row.holder_name,
            row.mailing_address,
            row.opened_on.map(|d| d.to_string()),
            row.closed_on.map(|d| d.to_string()),
            row.balance.map(|c| c.0),
            snapshot.0,
            row_no.cast_signed()
        ])?;
    if let Some(meter_no) = &row.meter_no {
        tx.tx
            .prepare_cached(
                "INSERT INTO meter (meter_no, premise_id, size_milli_in, snapshot_id) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (meter_no) DO UPDATE SET
                     premise_id = excluded.premise_id, size_milli_in = COALESCE(excluded.size_milli_in, size_milli_in),
                     snapshot_id = excluded.snapshot_id",
            )?
            .execute(params![meter_no, premise_id, row.meter_size.map(|s| s.0), snapshot.0])?;
    }
    Ok(true)
}

/// Stores a meter read; a meter nobody knows is made. Returns false for a read that is there already.
///
/// # Errors
/// When the database cannot be written.
pub fn store_read(tx: &mut Tx<'_>, snapshot: SnapshotId, row_no: u64, row: &ReadRow) -> Result<bool, Error> {
    let premise_id = match &row.premise_no {
        Some(premise_no) => premise_id_of(tx, premise_no)?,
        None => None,
    };
    tx.tx
        .prepare_cached(
            "INSERT INTO meter (meter_no, premise_id, snapshot_id) VALUES (?1, ?2, ?3)
             ON CONFLICT (meter_no) DO UPDATE SET premise_id = COALESCE(premise_id, excluded.premise_id)",
        )?
        .execute(params![row.meter_no, premise_id, snapshot.0])?;
    let n_stored = tx
        .tx
        .prepare_cached(
            "INSERT INTO meter_read (meter_id, read_on, read_kind, reading, consumption_gal, snapshot_id, row_no)
             SELECT meter_id, ?2, ?3, ?4, ?5, ?6, ?7 FROM meter WHERE meter_no = ?1
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            row.meter_no,
            row.read_on.to_string(),
            row.read_kind,
            row.reading,
            row.consumption.map(|g| g.0),
            snapshot.0,
            row_no.cast_signed()
        ])?;
    Ok(n_stored > 0)
}
