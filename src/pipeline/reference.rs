//! The matcher of a county: from the database, or straight from a parcel file without one.

use std::path::Path;

use crate::matching::{Matcher, ReferenceRow, Weights};
use crate::model::parcel::LonLat;
use crate::pipeline::address_file::{self, Error, Table};
use crate::store;

/// A matcher of one county.
pub type CountyMatcher = Matcher;

/// Builds a matcher from the situs of the current parcel versions of a database.
///
/// # Errors
/// When the database is missing or cannot be read.
pub fn from_database(path: &Path) -> Result<CountyMatcher, Error> {
    let reader = store::Reader::open(path).map_err(Error::Store)?;
    let rows = store::parcels::situs_rows(&reader).map_err(Error::Store)?;
    let references = rows.iter().map(|r| ReferenceRow {
        parcel_no: &r.parcel_no,
        situs: &r.situs_text,
        place: &r.city,
        zip: &r.zip,
        owner: &r.owner_text,
        position: r.position,
    });
    Ok(Matcher::build(references, Weights::default()))
}

/// Columns of a parcel file of the `generic` profile that the matcher uses.
struct Columns {
    parcel_no: usize,
    situs: usize,
    place: Option<usize>,
    zip: Option<usize>,
    owner: Option<usize>,
    lon: Option<usize>,
    lat: Option<usize>,
}

/// Builds a matcher from a CSV of the `generic` profile (`parcel_id, situs_address, situs_city, situs_zip, owner, lon, lat`).
///
/// # Errors
/// When the file cannot be read or lacks the first two columns.
pub fn from_csv(path: &Path) -> Result<CountyMatcher, Error> {
    let mut table = Table::open(path)?;
    let columns = Columns {
        parcel_no: table.require("parcel_id")?,
        situs: table.require("situs_address")?,
        place: table.column("situs_city"),
        zip: table.column("situs_zip"),
        owner: table.column("owner"),
        lon: table.column("lon"),
        lat: table.column("lat"),
    };
    let mut rows = Vec::new();
    while let Some((_, row)) = table.next_row()? {
        rows.push(row.map_err(|problem| Error::Row { path: path.to_owned(), problem })?);
    }
    let cell = |row: &csv::StringRecord, column: Option<usize>| -> String {
        column.and_then(|c| row.get(c)).unwrap_or("").trim().to_owned()
    };
    let owned: Vec<[String; 5]> = rows
        .iter()
        .map(|row| {
            [
                cell(row, Some(columns.parcel_no)),
                cell(row, Some(columns.situs)),
                cell(row, columns.place),
                cell(row, columns.zip),
                cell(row, columns.owner),
            ]
        })
        .collect();
    let references = owned.iter().zip(&rows).map(|([parcel_no, situs, place, zip, owner], row)| ReferenceRow {
        parcel_no,
        situs,
        place,
        zip,
        owner,
        position: address_file::position(&cell(row, columns.lon), &cell(row, columns.lat)),
    });
    Ok(Matcher::build(references, Weights::default()))
}

/// A point when both texts are numbers inside the globe and not both zero.
pub(crate) fn lon_lat(lon: &str, lat: &str) -> Option<LonLat> {
    let (lon, lat) = (lon.trim().parse::<f64>().ok()?, lat.trim().parse::<f64>().ok()?);
    let is_on_earth = (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) && (lon != 0.0 || lat != 0.0);
    is_on_earth.then_some(LonLat { lon, lat })
}
