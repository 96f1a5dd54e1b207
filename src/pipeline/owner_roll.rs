//! The roll that owners are compared on: from the database, or straight from a parcel file.

use std::path::Path;

use crate::ownership::roll::{Roll, RollEntry, collect};
use crate::pipeline::address_file::{Error, Table};
use crate::store;

/// One owner on the roll with where the tax bill goes.
#[derive(Debug, Clone, Default)]
pub struct OwnedRow {
    /// Parcel number.
    pub parcel_no: String,
    /// Owner line.
    pub owner: String,
    /// Mailing line.
    pub mailing: String,
    /// Mailing ZIP.
    pub zip: String,
    /// Situs line.
    pub situs: String,
    /// Row id that evidence points to.
    pub row: i64,
}

/// Reads the current roll of a database.
///
/// # Errors
/// When the database is missing or cannot be read.
pub fn from_database(path: &Path) -> Result<Vec<OwnedRow>, Error> {
    let reader = store::Reader::open(path).map_err(Error::Store)?;
    let rows = store::ownership::roll_rows(&reader).map_err(Error::Store)?;
    Ok(rows
        .into_iter()
        .map(|r| OwnedRow {
            parcel_no: r.parcel_no,
            owner: r.owner_text,
            mailing: r.mailing_lines,
            zip: r.zip,
            situs: r.situs,
            row: r.parcel_id,
        })
        .collect())
}

/// Reads a parcel file of the `generic` profile (`parcel_id, owner, mailing_address, mail_zip, situs_address`).
///
/// # Errors
/// When the file cannot be read or has no owner column.
pub fn from_csv(path: &Path) -> Result<Vec<OwnedRow>, Error> {
    let mut table = Table::open(path)?;
    let owner = table.column("owner").map_or_else(|| table.require("owner_name"), Ok)?;
    let find = |names: &[&str]| names.iter().find_map(|n| table.column(n));
    let parcel_no = find(&["parcel_id", "parcel_no"]);
    let mailing = find(&["mailing_address", "mail_address", "mail_key"]);
    let zip = find(&["mail_zip", "mailing_zip"]);
    let situs = find(&["situs_address"]);
    let mut rows = Vec::new();
    while let Some((row_no, record)) = table.next_row()? {
        let Ok(record) = record else { continue };
        let cell = |c: Option<usize>| c.and_then(|c| record.get(c)).unwrap_or("").trim().to_owned();
        rows.push(OwnedRow {
            parcel_no: cell(parcel_no),
            owner: cell(Some(owner)),
            mailing: cell(mailing),
            zip: cell(zip),
            situs: cell(situs),
            row: i64::try_from(row_no).unwrap_or(i64::MAX),
        });
    }
    Ok(rows)
}

/// Collects rows, and pairs' own owners behind them, into a roll.
pub fn roll_of(rows: &[OwnedRow]) -> Roll {
    let entries: Vec<RollEntry<'_>> = rows
        .iter()
        .map(|r| RollEntry { owner: &r.owner, mailing: &r.mailing, zip: &r.zip, situs: &r.situs, row: r.row })
        .collect();
    collect(&entries)
}
