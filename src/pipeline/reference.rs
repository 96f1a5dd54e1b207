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
    let references: Vec<ReferenceRow<'_>> = rows
        .iter()
        .map(|r| ReferenceRow {
            parcel_no: &r.parcel_no,
            situs: &r.situs_text,
            place: &r.city,
            zip: &r.zip,
            owner: &r.owner_text,
            position: r.position,
        })
        .collect();
    Ok(Matcher::build_with(&references, &[], Weights::default(), threads()))
}

/// Cores to build on.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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

/// The part of a file's parcels that is kept, to see how the matcher behaves where most addresses are not in the county.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Per cent kept, chosen by the parcel number alone.
    pub percent: u32,
}

impl Part {
    fn keeps(self, parcel_no: &str) -> bool {
        let hash =
            parcel_no.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        (hash >> 20) % 100 < u64::from(self.percent)
    }
}

/// Builds a matcher from a CSV of the `generic` profile (`parcel_id, situs_address, situs_city, situs_zip, owner, lon, lat`).
///
/// # Errors
/// When the file cannot be read or lacks the first two columns.
pub fn from_csv(path: &Path) -> Result<CountyMatcher, Error> {
    from_csv_part(path, Part { percent: 100 })
}

/// As [`from_csv`], with a part of the parcels.
///
/// # Errors
/// When the file cannot be read or lacks the first two columns.
pub fn from_csv_part(path: &Path, part: Part) -> Result<CountyMatcher, Error> {
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
        let row = row.map_err(|problem| Error::Row { path: path.to_owned(), problem })?;
        if part.keeps(row.get(columns.parcel_no).unwrap_or("").trim()) {
            rows.push(row);
        }
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
    let references: Vec<ReferenceRow<'_>> = owned
        .iter()
        .zip(&rows)
        .map(|([parcel_no, situs, place, zip, owner], row)| ReferenceRow {
            parcel_no,
            situs,
            place,
            zip,
            owner,
            position: address_file::position(&cell(row, columns.lon), &cell(row, columns.lat)),
        })
        .collect();
    Ok(Matcher::build_with(&references, &[], Weights::default(), threads()))
}

/// A point when both texts are numbers inside the globe and not both zero.
pub(crate) fn lon_lat(lon: &str, lat: &str) -> Option<LonLat> {
    let (lon, lat) = (lon.trim().parse::<f64>().ok()?, lat.trim().parse::<f64>().ok()?);
    let is_on_earth = (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) && (lon != 0.0 || lat != 0.0);
    is_on_earth.then_some(LonLat { lon, lat })
}
