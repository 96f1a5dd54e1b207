//! Parcels: their versions, situs, owners on the roll.

use std::collections::BTreeSet;

use super::view::Db;
use super::{Error, Reader};
use crate::model::parcel::LonLat;

/// One situs of a current parcel, as the matcher needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct SitusRow<'r> {
    pub parcel_no: &'r str,
    pub situs_text: &'r str,
    pub city: &'r str,
    pub zip: &'r str,
    pub owner_text: &'r str,
    pub position: Option<LonLat>,
}

/// Calls `each` with the situs city of every row of [`each_situs`] that has one, in the same order.
///
/// # Errors
/// When the database cannot be read.
pub fn each_situs_city(db: &impl Db, mut each: impl FnMut(&str)) -> Result<(), Error> {
    let mut statement = db.connection().prepare(
        "SELECT s.city
         FROM parcel p
         JOIN situs s ON s.parcel_version_id = p.current_version_id
         WHERE p.retired_snapshot_id IS NULL AND s.city IS NOT NULL
         ORDER BY p.parcel_id, s.situs_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(text_of(row, 0)?);
    }
    Ok(())
}

fn text_of<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<&'r str, Error> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

/// Calls `each` with every situs of every parcel that is not retired, in the order of the roll; parcels without one come with empty text.
///
/// # Errors
/// When the database cannot be read.
pub fn each_situs(db: &impl Db, mut each: impl FnMut(SitusRow<'_>)) -> Result<(), Error> {
    let mut statement = db.connection().prepare(
        "SELECT p.parcel_no, COALESCE(s.situs_text, ''), COALESCE(s.city, ''), COALESCE(s.zip, ''),
                CASE WHEN w.parcel_id IS NULL THEN COALESCE(o.owner_text, '') ELSE 'withheld by law: ask supervisor' END, v.lon, v.lat
         FROM parcel p
         JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         LEFT JOIN situs s ON s.parcel_version_id = v.parcel_version_id
         LEFT JOIN owner_line o ON o.owner_line_id = v.owner_line_id
         LEFT JOIN parcel_withheld w ON w.parcel_id = p.parcel_id
         WHERE p.retired_snapshot_id IS NULL
         ORDER BY p.parcel_id, s.situs_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (lon, lat): (Option<f64>, Option<f64>) = (row.get(5)?, row.get(6)?);
        each(SitusRow {
            parcel_no: text_of(row, 0)?,
            situs_text: text_of(row, 1)?,
            city: text_of(row, 2)?,
            zip: text_of(row, 3)?,
            owner_text: text_of(row, 4)?,
            position: lon.zip(lat).map(|(lon, lat)| LonLat { lon, lat }),
        });
    }
    Ok(())
}

/// One situs of a current parcel, its owner by number.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct SitusLine<'r> {
    pub parcel_no: &'r str,
    pub situs_text: &'r str,
    pub city: &'r str,
    pub zip: &'r str,
    pub owner_line_id: Option<i64>,
    pub is_withheld: bool,
    pub position: Option<LonLat>,
}

/// As [`each_situs`] in the same order, without a look at the owners.
///
/// # Errors
/// When the database cannot be read.
pub fn each_situs_line(db: &impl Db, mut each: impl FnMut(SitusLine<'_>)) -> Result<(), Error> {
    let mut statement = db.connection().prepare("SELECT parcel_id FROM parcel_withheld")?;
    let withheld: BTreeSet<i64> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let mut statement = db.connection().prepare(
        "SELECT p.parcel_id, p.parcel_no, v.owner_line_id, v.lon, v.lat, s.situs_text, s.city, s.zip
         FROM parcel p
         JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         LEFT JOIN situs s ON s.parcel_version_id = v.parcel_version_id
         WHERE p.retired_snapshot_id IS NULL
         ORDER BY p.parcel_id, s.situs_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (lon, lat): (Option<f64>, Option<f64>) = (row.get(3)?, row.get(4)?);
        each(SitusLine {
            parcel_no: text_of(row, 1)?,
            situs_text: optional_text(row, 5)?,
            city: optional_text(row, 6)?,
            zip: optional_text(row, 7)?,
            owner_line_id: row.get(2)?,
            is_withheld: !withheld.is_empty() && withheld.contains(&row.get(0)?),
            position: lon.zip(lat).map(|(lon, lat)| LonLat { lon, lat }),
        });
    }
    Ok(())
}

fn optional_text<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<&'r str, Error> {
    Ok(row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?.unwrap_or_default())
}

/// Calls `each` with the owner lines of some ids, in their order; name columns are separated by line breaks.
///
/// # Errors
/// When the database cannot be read or has no such line.
pub fn each_owner(db: &impl Db, ids: impl Iterator<Item = u32>, mut each: impl FnMut(&str)) -> Result<(), Error> {
    let mut statement = db.connection().prepare("SELECT owner_text FROM owner_line WHERE owner_line_id = ?1")?;
    for id in ids {
        let mut rows = statement.query([id])?;
        each(rows.next()?.map_or(Ok(""), |row| text_of(row, 0))?);
    }
    Ok(())
}

/// A mark that changes whenever the parcels of the database change: the last roll or layer imported.
///
/// # Errors
/// When the database cannot be read.
pub fn content_mark(reader: &Reader) -> Result<String, Error> {
    Ok(reader.connection.query_row(
        "SELECT COALESCE(GROUP_CONCAT(sha256, '+'), '')
         FROM (SELECT sha256 FROM source_snapshot WHERE source_kind IN ('parcels', 'roll') ORDER BY snapshot_id DESC LIMIT 1)",
        [],
        |r| r.get(0),
    )?)
}

/// What the roll says of one parcel.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct ParcelCard {
    pub parcel_no: String,
    pub situs: Vec<String>,
    pub owner_lines: Vec<String>,
    pub mailing: String,
    pub roll_date: String,
    pub roll_origin: String,
    pub roll_sha256: String,
    pub row_no: i64,
    pub land_use: Option<String>,
    pub homestead: Option<bool>,
    pub year_built: Option<i64>,
    pub sale_date: Option<String>,
    pub legal_description: Option<String>,
    pub position: Option<LonLat>,
    pub is_retired: bool,
    pub other_parcels: Vec<String>,
}

/// Most other parcels of one owner line listed on a card; the portfolio shows all.
pub const OTHER_PARCELS_MAX: usize = 25;

/// Numbers of parcels that are the same letters and digits, whatever marks and blanks stand between them; the first few.
///
/// # Errors
/// When the database cannot be read.
pub fn alike(reader: &Reader, text: &str) -> Result<Vec<String>, Error> {
    const MOST: i64 = 10;
    let bare: String = text.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect();
    let mut statement = reader.connection.prepare(
        "SELECT parcel_no
         FROM parcel
         WHERE UPPER(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(parcel_no, '-', ''), ' ', ''), '.', ''), '/', ''), '*', '')) = ?1
         ORDER BY parcel_no
         LIMIT ?2",
    )?;
    let rows = statement.query_map((bare, MOST), |r| r.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The card of a parcel; `None` when there is no such number.
///
/// # Errors
/// When the database cannot be read.
#[allow(clippy::too_many_lines, reason = "two queries with their columns; splitting them hides which column is which")]
pub fn card(reader: &Reader, parcel_no: &str) -> Result<Option<ParcelCard>, Error> {
    use rusqlite::OptionalExtension;
    let found = reader
        .connection
        .query_row(
            "SELECT p.parcel_no, v.parcel_version_id, IIF(w.parcel_id IS NULL, v.owner_line_id, NULL),
                    IIF(w.parcel_id IS NULL, COALESCE(o.owner_text, ''), 'withheld by law: ask supervisor'),
                    COALESCE(m.lines, ''), COALESCE(m.city, ''), COALESCE(m.state, ''), COALESCE(m.zip, ''),
                    COALESCE((SELECT MAX(i.last_seen) FROM ownership_interval i
                              WHERE i.parcel_id = p.parcel_id AND i.owner_line_id = v.owner_line_id
                                AND i.retracted_at IS NULL), s.as_of_date), s.origin, s.sha256, v.row_no, v.land_use, v.homestead, v.year_built, v.sale_date,
                    v.legal_description, v.lon, v.lat, p.retired_snapshot_id IS NOT NULL
             FROM parcel p
             JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
             JOIN source_snapshot s ON s.snapshot_id = v.snapshot_id
             LEFT JOIN owner_line o ON o.owner_line_id = v.owner_line_id
             LEFT JOIN parcel_withheld w ON w.parcel_id = p.parcel_id
             LEFT JOIN mailing_address m ON m.mailing_address_id = v.mailing_address_id AND w.parcel_id IS NULL
             WHERE p.parcel_no = ?1",
            [parcel_no],
            |r| {
                let text = |i: usize| r.get::<_, String>(i);
                let (lon, lat): (Option<f64>, Option<f64>) = (r.get(17)?, r.get(18)?);
                let lines = text(4)?.replace('\n', ", ");
                let tail = [text(6)?, text(7)?].join(" ").trim().to_owned();
                let mailing =
                    [lines, text(5)?, tail].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", ");
                let card = ParcelCard {
                    parcel_no: text(0)?,
                    situs: Vec::new(),
                    owner_lines: text(3)?.split('\n').filter(|l| !l.is_empty()).map(str::to_owned).collect(),
                    mailing,
                    roll_date: text(8)?,
                    roll_origin: text(9)?,
                    roll_sha256: text(10)?,
                    row_no: r.get(11)?,
                    land_use: r.get(12)?,
                    homestead: r.get(13)?,
                    year_built: r.get(14)?,
                    sale_date: r.get(15)?,
                    legal_description: r.get(16)?,
                    position: lon.zip(lat).map(|(lon, lat)| LonLat { lon, lat }),
                    is_retired: r.get(19)?,
                    other_parcels: Vec::new(),
                };
                Ok((card, r.get::<_, i64>(1)?, r.get::<_, Option<i64>>(2)?))
            },
        )
        .optional()?;
    let Some((mut card, version_id, owner_line_id)) = found else { return Ok(None) };
    let mut statement = reader.connection.prepare(
        "SELECT situs_text || COALESCE(', ' || city, '') || COALESCE(' ' || zip, '')
         FROM situs
         WHERE parcel_version_id = ?1
         ORDER BY situs_id",
    )?;
    card.situs = statement.query_map([version_id], |r| r.get(0))?.collect::<Result<_, _>>()?;
    if let Some(owner_line_id) = owner_line_id {
        let mut statement = reader.connection.prepare(
            "SELECT DISTINCT p.parcel_no
             FROM ownership_interval i
             JOIN parcel p ON p.parcel_id = i.parcel_id
             JOIN parcel_version v ON v.parcel_version_id = p.current_version_id AND v.owner_line_id = i.owner_line_id
             WHERE i.owner_line_id = ?1 AND p.parcel_no <> ?2 AND p.retired_snapshot_id IS NULL
               AND p.parcel_id NOT IN (SELECT parcel_id FROM parcel_withheld)
             ORDER BY p.parcel_no
             LIMIT ?3",
        )?;
        let limit = i64::try_from(OTHER_PARCELS_MAX).unwrap_or(25);
        card.other_parcels = statement
            .query_map(rusqlite::params![owner_line_id, parcel_no, limit], |r| r.get(0))?
            .collect::<Result<_, _>>()?;
    }
    Ok(Some(card))
}

/// Calls `each` with the number and geometry (WKB, WGS 84) of every current parcel that has one.
///
/// # Errors
/// When the database cannot be read.
pub fn each_geometry(db: &impl Db, mut each: impl FnMut(&str, &[u8])) -> Result<(), Error> {
    let mut statement = db.connection().prepare(
        "SELECT p.parcel_no, v.geometry_wkb
         FROM parcel p
         JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         WHERE p.retired_snapshot_id IS NULL AND v.geometry_wkb IS NOT NULL
         ORDER BY p.parcel_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (parcel_no, wkb) = (row.get_ref(0)?, row.get_ref(1)?);
        if let (Ok(parcel_no), Ok(wkb)) = (parcel_no.as_str(), wkb.as_blob()) {
            each(parcel_no, wkb);
        }
    }
    Ok(())
}
