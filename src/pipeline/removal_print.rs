//! What a printed list needs besides its stops: photos of the cases, and the UUID of the result that a form asks for.

use std::path::Path;

use crate::fieldwork::freeze::sha256_hex;
use crate::store::removal_lists::StopRow;
use crate::store::{Db, case_work, cases, removals};

use super::case_evidence;
use super::casework::Error;

/// Photos of one stop on the phone's page; more would make the page slow.
const PHOTOS_MAX: usize = 3;
/// Largest photo taken into the page.
const PHOTO_BYTES_MAX: i64 = 1_500_000;
/// All photos of a page together.
const PAGE_BYTES_MAX: usize = 30_000_000;

/// A photo of the case behind a stop.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StopPhoto {
    /// The order.
    pub order_no: String,
    /// Words under it.
    pub caption: String,
    /// MIME type.
    pub mime: String,
    /// The file as it was taken.
    pub bytes: Vec<u8>,
}

/// Photos of the cases behind the stops, newest evidence first. A file that is missing or was changed is left out.
///
/// # Errors
/// When the database cannot be read.
pub fn photos(db_path: &Path, db: &impl Db, stops: &[StopRow]) -> Result<Vec<StopPhoto>, Error> {
    let mut found: Vec<StopPhoto> = Vec::new();
    let mut n_bytes = 0;
    for stop in stops {
        let Some(case_no) = removals::find(db, &stop.order_no)?.and_then(|o| o.case_no) else { continue };
        let Some(case) = cases::find(db, &case_no)? else { continue };
        let mut evidence = case_work::evidence(db, case.case_id)?;
        evidence.retain(|e| matches!(e.mime.as_str(), "image/jpeg" | "image/png") && e.byte_len <= PHOTO_BYTES_MAX);
        for e in evidence.iter().rev().take(PHOTOS_MAX) {
            let Ok(bytes) = std::fs::read(case_evidence::path_of(db_path, &e.sha256)) else { continue };
            if sha256_hex(&bytes) != e.sha256 || n_bytes + bytes.len() > PAGE_BYTES_MAX {
                continue;
            }
            n_bytes += bytes.len();
            let day = e.captured_at.as_deref().unwrap_or(&e.added_on).get(..10).unwrap_or_default().to_owned();
            found.push(StopPhoto {
                order_no: stop.order_no.clone(),
                caption: format!("{} {day}", e.evidence_no),
                mime: e.mime.clone(),
                bytes,
            });
        }
    }
    Ok(found)
}

/// UUID of the result that a form of this stop asks for: the same on every print, so that a form returned twice is a duplicate.
/// Version 8 of RFC 9562, its bits from SHA-256 of the stop's UUID.
pub fn result_uuid(stop_uuid: &str) -> String {
    let digest = sha256_hex(format!("field_result {stop_uuid}").as_bytes());
    let mut bytes = [0u8; 16];
    for (byte, pair) in bytes.iter_mut().zip(digest.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).unwrap_or("00"), 16).unwrap_or(0);
    }
    bytes[6] = (bytes[6] & 0x0F) | 0x80;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    uuid::Uuid::from_bytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::result_uuid;

    #[test]
    fn one_form_has_one_uuid() {
        let (a, b) =
            (result_uuid("0190a000-0000-7000-8000-00000000000a"), result_uuid("0190a000-0000-7000-8000-00000000000b"));
        assert!(a != b && a == result_uuid("0190a000-0000-7000-8000-00000000000a"));
        assert_eq!(uuid::Uuid::parse_str(&a).unwrap().get_version_num(), 8);
    }
}
