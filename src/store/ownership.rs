//! Owners on the roll, as the linker needs them.

use super::{Error, Reader};

/// One current parcel with its owner line and mailing address.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct RollRow {
    pub parcel_id: i64,
    pub parcel_no: String,
    pub owner_text: String,
    pub mailing_lines: String,
    pub zip: String,
    pub situs: String,
}

/// Every parcel that is not retired and has an owner line, in the order of parcels.
///
/// # Errors
/// When the database cannot be read.
pub fn roll_rows(reader: &Reader) -> Result<Vec<RollRow>, Error> {
    let mut statement = reader.connection.prepare(
        "SELECT p.parcel_id, p.parcel_no, o.owner_text, COALESCE(m.lines, ''), COALESCE(m.zip, ''),
                COALESCE((SELECT s.situs_text FROM situs s WHERE s.parcel_version_id = v.parcel_version_id ORDER BY s.situs_id LIMIT 1), '')
         FROM parcel p
         JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         JOIN owner_line o ON o.owner_line_id = v.owner_line_id
         LEFT JOIN mailing_address m ON m.mailing_address_id = v.mailing_address_id
         WHERE p.retired_snapshot_id IS NULL
         ORDER BY p.parcel_id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(RollRow {
            parcel_id: row.get(0)?,
            parcel_no: row.get(1)?,
            owner_text: row.get(2)?,
            mailing_lines: row.get(3)?,
            zip: row.get(4)?,
            situs: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
