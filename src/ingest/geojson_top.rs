//! What a JSON file of features or rows begins with.

use crate::ingest::error::shown;
use crate::ingest::json::{Scan, Scanned, crs_of};

/// What a file begins with.
pub(super) enum TopValue {
    Array {
        is_in_object: bool,
        crs: Option<String>,
    },
    /// Features, one after the other.
    Lines,
    /// An object that may be the first of many rows.
    Object(String),
    /// Something else, in words.
    Other(String),
}

/// Looks at a top-level value up to its features.
pub(super) fn scan_top(scan: &mut Scan<'_>) -> Scanned<TopValue> {
    match scan.peek()? {
        b'[' => {
            scan.pos += 1;
            return Ok(TopValue::Array { is_in_object: false, crs: None });
        }
        b'{' => {}
        _ => return scan.bad("a JSON object was expected"),
    }
    let start = scan.pos;
    scan.pos += 1;
    let mut crs = None;
    let mut n_members = 0;
    while let Some((key, _)) = scan.key()? {
        n_members += 1;
        match key {
            b"features" => {
                scan.expect(b'[', "`features` must be an array")?;
                return Ok(TopValue::Array { is_in_object: true, crs });
            }
            b"crs" | b"spatialReference" => crs = crs_of(scan.raw_value()?),
            b"geometry" | b"properties" | b"attributes" => {
                scan.pos = start;
                return Ok(TopValue::Lines);
            }
            b"type" => match scan.raw_value()? {
                br#""Feature""# => {
                    scan.pos = start;
                    return Ok(TopValue::Lines);
                }
                br#""Topology""# => return Ok(TopValue::Other("it is TopoJSON".to_owned())),
                _ => {}
            },
            _ => scan.skip_value()?,
        }
    }
    if n_members == 0 {
        return Ok(TopValue::Other("an empty object".to_owned()));
    }
    let text = String::from_utf8_lossy(&scan.buf[start..scan.pos]);
    let what = format!("it says {}", shown(&text));
    if n_members == 1 {
        return Ok(TopValue::Other(what));
    }
    scan.pos = start;
    Ok(TopValue::Object(what))
}
