//! Parcels: their versions, situs, owners on the roll.

use super::{Error, Reader};
use crate::model::parcel::LonLat;

/// One situs of a current parcel, as the matcher needs it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct SitusRow {
    pub parcel_no: String,
    pub situs_text: String,
    pub city: String,
    pub zip: String,
    pub owner_text: String,
    pub position: Option<LonLat>,
}

/// Every situs of every parcel that is not retired, in the order of the roll; parcels without one come with empty text.
///
/// # Errors
/// When the database cannot be read.
pub fn situs_rows(reader: &Reader) -> Result<Vec<SitusRow>, Error> {
    let mut statement = reader.connection.prepare(
        "SELECT p.parcel_no, COALESCE(s.situs_text, ''), COALESCE(s.city, ''), COALESCE(s.zip, ''),
                COALESCE(o.owner_text, ''), v.lon, v.lat
         FROM parcel p
         JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         LEFT JOIN situs s ON s.parcel_version_id = v.parcel_version_id
         LEFT JOIN owner_line o ON o.owner_line_id = v.owner_line_id
         WHERE p.retired_snapshot_id IS NULL
         ORDER BY p.parcel_id, s.situs_id",
    )?;
    let rows = statement.query_map([], |row| {
        let (lon, lat): (Option<f64>, Option<f64>) = (row.get(5)?, row.get(6)?);
        Ok(SitusRow {
            parcel_no: row.get(0)?,
            situs_text: row.get(1)?,
            city: row.get(2)?,
            zip: row.get(3)?,
            owner_text: row.get(4)?,
            position: lon.zip(lat).map(|(lon, lat)| LonLat { lon, lat }),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
