//! Does a row of a new roll say what the stored version says, although its bytes differ?
//!
//! A county gives one layer as GeoJSON, as Shapefile and from its service: names cut at ten letters, numbers as text,
//! coordinates that went through a projection and back. Such a row is no change of the parcel. Looked at only when the hash
//! of a known parcel differs.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement, params};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::Error;
use super::roll::RollRow;
use crate::model::parcel::ParcelRow;

/// Corners that moved by less, in degrees, did not move: a tenth of a meter.
const SAME_PLACE_DEGREES: f64 = 1e-6;
/// Longest name of a DBF column.
const DBF_NAME_MAX: usize = 10;
/// Shortest beginning of a name that is left before the number that tells two cut names apart (`Neighbor_1`).
const DBF_STEM_MIN: usize = 6;

const NO_TEXT: u64 = 0x9e37_79b9_7f4a_7c15;
/// Odd, so that no two numbers become one.
const NUMBER_STEP: u64 = 0xff51_afd7_ed55_8ccd;

/// Adds a text to a hash.
pub(super) fn hash_text(seed: u64, text: Option<&str>) -> u64 {
    match text {
        Some(text) => xxh3_64_with_seed(text.as_bytes(), seed),
        None => seed.rotate_left(7) ^ NO_TEXT,
    }
}

/// What changes from year to year without a new owner, in the order of the stored columns: building, values, sale.
fn numbers_of(p: &ParcelRow<'_>) -> [Option<i64>; 6] {
    [
        p.homestead.map(i64::from),
        p.year_built.map(i64::from),
        p.building_area_sqft,
        p.improvement_value.map(|c| c.0),
        p.total_value.map(|c| c.0),
        p.sale_price.map(|c| c.0),
    ]
}

/// The fingerprint of what a row says.
pub(super) fn content_hash(row: &RollRow<'_>) -> i64 {
    let p = row.parcel;
    let mut hash = xxh3_64(p.parcel_no.as_bytes());
    for lines in [&p.owner_lines, &p.mailing_lines] {
        hash = lines.iter().fold(hash ^ lines.len() as u64, |h, line| hash_text(h, Some(line.as_ref())));
    }
    for text in [
        &p.situs_address,
        &p.situs_city,
        &p.situs_state,
        &p.situs_zip,
        &p.mail_city,
        &p.mail_state,
        &p.mail_zip,
        &p.legal_description,
        &p.assessor_account_no,
        &p.land_use,
        &p.deed_reference,
    ] {
        hash = hash_text(hash, text.as_deref());
    }
    let day_and_place = [
        p.sale_date.map(|d| d.as_jiff()).map(|d| i64::from(d.year()) * 1000 + i64::from(d.day_of_year())),
        p.position.map(|x| x.lon.to_bits().cast_signed()),
        p.position.map(|x| x.lat.to_bits().cast_signed()),
    ];
    hash = numbers_of(p)
        .iter()
        .chain(&day_and_place)
        .fold(hash, |h, n| (h ^ n.map_or(NO_TEXT, i64::cast_unsigned)).wrapping_mul(NUMBER_STEP).rotate_left(29));
    hash = hash_text(hash, row.attributes_json);
    xxh3_64_with_seed(row.geometry_wkb.unwrap_or_default(), hash).cast_signed()
}

/// The prepared comparison.
pub(super) struct Comparison<'t> {
    version: Statement<'t>,
    situs: Statement<'t>,
    set_hash: Statement<'t>,
}

impl<'t> Comparison<'t> {
    pub(super) fn prepare(connection: &'t Connection) -> Result<Self, Error> {
        Ok(Self {
            version: connection.prepare(
                "SELECT v.assessor_account_no, v.legal_description, v.land_use, v.deed_reference, v.sale_date, o.owner_text,
                     m.lines, m.city, m.state, m.zip, v.homestead, v.year_built, v.building_area_sqft, v.improvement_cents,
                     v.total_cents, v.sale_cents, v.lon, v.lat, v.attributes_json, v.geometry_wkb
                 FROM parcel_version v
                 LEFT JOIN owner_line o ON o.owner_line_id = v.owner_line_id
                 LEFT JOIN mailing_address m ON m.mailing_address_id = v.mailing_address_id
                 WHERE v.parcel_version_id = ?1",
            )?,
            situs: connection.prepare(
                "SELECT 1
                 FROM situs
                 WHERE parcel_version_id = ?1 AND situs_text = ?2 AND city IS ?3 AND state IS ?4 AND zip IS ?5",
            )?,
            set_hash: connection.prepare("UPDATE parcel_version SET content_hash = ?2 WHERE parcel_version_id = ?1")?,
        })
    }

    /// True when the row says what the version says. Then the version takes the row's hash, so that the next roll of the same
    /// kind is compared by hash alone. A row without geometry is compared without it when `is_roll`.
    pub(super) fn is_same(
        &mut self,
        version_id: i64,
        row: &RollRow<'_>,
        hash: i64,
        is_roll: bool,
    ) -> Result<bool, Error> {
        let p = row.parcel;
        let has_situs = match p.situs_address.as_deref() {
            Some(text) => self.situs.exists(params![version_id, text, p.situs_city, p.situs_state, p.situs_zip])?,
            None => true,
        };
        let is_same = has_situs
            && self.version.query_row([version_id], |stored| {
                Ok(says_same(stored, row)? && lies_same(stored, row, is_roll)? && kept_same(stored, row)?)
            })?;
        if is_same {
            self.set_hash.execute([version_id, hash])?;
        }
        Ok(is_same)
    }
}

/// The mapped columns.
fn says_same(stored: &Row<'_>, row: &RollRow<'_>) -> rusqlite::Result<bool> {
    let p = row.parcel;
    let sale_date = p.sale_date.map(|d| d.to_string());
    let owner = (!p.owner_lines.is_empty()).then(|| p.owner_lines.join("\n"));
    let has_mailing = !p.mailing_lines.is_empty() || p.mail_city.is_some() || p.mail_zip.is_some();
    let mailing = has_mailing.then(|| p.mailing_lines.join("\n"));
    let mail = |part: &Option<std::borrow::Cow<'_, str>>| part.as_deref().filter(|_| has_mailing).map(str::to_owned);
    let texts = [
        p.assessor_account_no.as_deref().map(str::to_owned),
        p.legal_description.as_deref().map(str::to_owned),
        p.land_use.as_deref().map(str::to_owned),
        p.deed_reference.as_deref().map(str::to_owned),
        sale_date,
        owner,
        mailing,
        mail(&p.mail_city),
        mail(&p.mail_state),
        mail(&p.mail_zip),
    ];
    for (index, text) in texts.iter().enumerate().filter(|(index, _)| !row.silent.is_of_text(*index)) {
        if stored.get_ref(index)?.as_str_or_null()? != text.as_deref() {
            return Ok(false);
        }
    }
    for (index, number) in numbers_of(p).iter().enumerate().filter(|(index, _)| !row.silent.is_of_number(*index)) {
        if stored.get::<_, Option<i64>>(texts.len() + index)? != *number {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Point and geometry.
fn lies_same(stored: &Row<'_>, row: &RollRow<'_>, is_roll: bool) -> rusqlite::Result<bool> {
    let known = stored.get_ref(19)?;
    let known = if known == ValueRef::Null { None } else { Some(known.as_blob()?) };
    if is_roll && row.geometry_wkb.is_none() && row.parcel.position.is_none() {
        return Ok(true);
    }
    let point = row.parcel.position.or(row.label_point);
    let is_near = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= SAME_PLACE_DEGREES,
        (a, b) => a.is_none() == b.is_none(),
    };
    Ok(is_near(stored.get(16)?, point.map(|x| x.lon))
        && is_near(stored.get(17)?, point.map(|x| x.lat))
        && match (known, row.geometry_wkb) {
            (Some(a), Some(b)) => is_same_shape(a, b),
            (a, b) => a.is_none() == b.is_none(),
        })
}

/// Two geometries of one structure whose corners lie together, one by one.
fn is_same_shape(a: &[u8], b: &[u8]) -> bool {
    a == b || (a.len() == b.len() && shapes_agree(&mut (a, b), 0).is_some_and(|rest| rest))
}

/// Takes `N` bytes from both; `None` when they end.
fn take<const N: usize>(both: &mut (&[u8], &[u8])) -> Option<([u8; N], [u8; N])> {
    let (a, rest_a) = both.0.split_first_chunk::<N>()?;
    let (b, rest_b) = both.1.split_first_chunk::<N>()?;
    *both = (rest_a, rest_b);
    Some((*a, *b))
}

/// A count that both give.
fn count(both: &mut (&[u8], &[u8])) -> Option<u32> {
    let (a, b) = take::<4>(both)?;
    (a == b).then_some(u32::from_le_bytes(a))
}

fn points_agree(both: &mut (&[u8], &[u8]), n_points: u32) -> Option<bool> {
    for _ in 0..u64::from(n_points) * 2 {
        let (a, b) = take::<8>(both)?;
        let is_near = (f64::from_le_bytes(a) - f64::from_le_bytes(b)).abs() <= SAME_PLACE_DEGREES;
        is_near.then_some(())?;
    }
    Some(true)
}

/// Well-known binary as `ingest` writes it: little-endian, two dimensions, at most one level of parts.
fn shapes_agree(both: &mut (&[u8], &[u8]), depth: u32) -> Option<bool> {
    let (a, b) = take::<1>(both)?;
    (a == [1] && b == [1]).then_some(())?;
    match count(both)? {
        1 => points_agree(both, 1),
        2 => {
            let n_points = count(both)?;
            points_agree(both, n_points)
        }
        3 => {
            for _ in 0..count(both)? {
                let n_points = count(both)?;
                points_agree(both, n_points)?;
            }
            Some(true)
        }
        4..=6 if depth == 0 => {
            for _ in 0..count(both)? {
                shapes_agree(both, 1)?;
            }
            Some(true)
        }
        _ => None,
    }
}

/// The columns that no field took.
fn kept_same(stored: &Row<'_>, row: &RollRow<'_>) -> rusqlite::Result<bool> {
    let known = stored.get_ref(18)?.as_str_or_null()?;
    Ok(known == row.attributes_json || are_same_attributes(known, row.attributes_json))
}

fn are_same_attributes(known: Option<&str>, new: Option<&str>) -> bool {
    let object = |text: Option<&str>| -> Option<Map<String, Value>> {
        text.map_or_else(|| Some(Map::new()), |text| serde_json::from_str(text).ok())
    };
    let (Some(known), Some(new)) = (object(known), object(new)) else { return false };
    let mut left: Vec<(&String, &Value)> = known.iter().filter(|(_, value)| !is_blank(value)).collect();
    let mut cut = Vec::new();
    for (name, value) in new.iter().filter(|(_, value)| !is_blank(value)) {
        match left.iter().position(|(known_name, _)| *known_name == name) {
            Some(index) if is_same_value(left[index].1, value) => drop(left.swap_remove(index)),
            Some(_) => return false,
            None => cut.push((name, value)),
        }
    }
    for (name, value) in cut {
        let found = left.iter().position(|(known_name, known_value)| {
            is_same_value(known_value, value) && (is_cut_from(name, known_name) || is_cut_from(known_name, name))
        });
        match found {
            Some(index) => drop(left.swap_remove(index)),
            None => return false,
        }
    }
    left.is_empty()
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// `SitusAddre` is cut from `SitusAddress`, and `Neighbor_1` from `NeighborhoodDescription`.
fn is_cut_from(short: &str, long: &str) -> bool {
    let begins = |stem: &str| long.get(..stem.len()).is_some_and(|head| head.eq_ignore_ascii_case(stem));
    if short.len() > DBF_NAME_MAX || long.len() <= DBF_NAME_MAX {
        return false;
    }
    let stem = short.trim_end_matches(|c: char| c.is_ascii_digit());
    let stem = stem.strip_suffix('_').unwrap_or(stem);
    (short.len() == DBF_NAME_MAX && begins(short))
        || (stem.len() < short.len() && stem.len() >= DBF_STEM_MIN && begins(stem))
}

/// Equal text, or equal numbers and days however they are written.
fn is_same_value(a: &Value, b: &Value) -> bool {
    let number = |value: &Value| match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        _ => None,
    };
    if a == b {
        return true;
    }
    match (a, b, number(a), number(b)) {
        (Value::String(a), Value::String(b), _, _) if a.trim() == b.trim() => true,
        // Numbers that both are text may be codes, where 07 is not 7.
        (Value::String(_), Value::String(_), _, _) => is_same_day(a, b),
        (_, _, Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        _ => is_same_day(a, b),
    }
}

/// `2022-03-17`, `2022/03/17 00:00:00`, `20220317` and its milliseconds since 1970.
fn is_same_day(a: &Value, b: &Value) -> bool {
    let day = |value: &Value| match value {
        Value::Number(n) => {
            jiff::Timestamp::from_millisecond(n.as_i64()?).ok().map(|t| t.strftime("%Y%m%d").to_string())
        }
        Value::String(text) => day_digits(text.trim()),
        _ => None,
    };
    day(a).is_some_and(|a| day(b) == Some(a))
}

/// Year, month and day of a text that begins with them and has at most midnight behind them.
fn day_digits(text: &str) -> Option<String> {
    let (day, time) = match text.split_once([' ', 'T']) {
        Some((day, time)) => (day, time),
        None => (text, ""),
    };
    let is_midnight = time.chars().all(|c| matches!(c, '0' | ':' | '.' | 'Z' | '+'));
    let digits: String = day.chars().filter(char::is_ascii_digit).collect();
    let has_marks = day.len() == 10 && [4, 7].iter().all(|i| matches!(day.as_bytes()[*i], b'-' | b'/'));
    (is_midnight && digits.len() == 8 && (day.len() == 8 || has_marks)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_names_and_numbers_as_text_are_the_same_attributes() {
        let known = r#"{"OBJECTID":149,"Shape__Area":7860.25476074219,"Neighborhood":"132","NeighborhoodDescription":"OLD TOWN","Gone":null}"#;
        let new =
            r#"{"OBJECTID":149,"Shape__Are":7860.254760742190228,"Neighborho":132,"Neighbor_1":"OLD TOWN","Blank":""}"#;
        assert!(are_same_attributes(Some(known), Some(new)));
        assert!(are_same_attributes(Some(new), Some(known)));
        assert!(!are_same_attributes(Some(known), Some(&new.replace("OLD TOWN", "NEW TOWN"))));
        assert!(!are_same_attributes(Some(known), Some(&new.replace("\"Blank\":\"\"", "\"Levy\":\"3\""))));
        assert!(!are_same_attributes(Some(known), None));
        assert!(are_same_attributes(None, Some("{}")));
    }

    #[test]
    fn codes_keep_their_zeros() {
        assert!(!is_same_value(&Value::from("07"), &Value::from("7")));
        assert!(is_same_value(&Value::from("7"), &Value::from(7)));
        assert!(is_same_value(&Value::from("7 "), &Value::from("7")));
    }

    #[test]
    fn a_day_is_the_same_in_every_writing() {
        let is_same = |a: Value, b: Value| is_same_value(&a, &b);
        assert!(is_same(Value::from(" 2022-03-17"), Value::from("2022/03/17 00:00:00")));
        assert!(is_same(Value::from("20220317"), Value::from("2022-03-17T00:00:00Z")));
        assert!(is_same(Value::from(1_647_475_200_000_i64), Value::from("2022-03-17")));
        assert!(!is_same(Value::from("2022-03-17"), Value::from("2022-03-18")));
        assert!(!is_same(Value::from("2022-03-17"), Value::from("2022-03-17T09:00:00Z")));
        assert!(!is_same(Value::from("é022-03-17"), Value::from("20220317")));
    }

    fn square(shift: f64, n_points: u32) -> Vec<u8> {
        let mut wkb = vec![1, 3, 0, 0, 0, 1, 0, 0, 0];
        wkb.extend_from_slice(&n_points.to_le_bytes());
        for (x, y) in [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)] {
            wkb.extend_from_slice(&f64::to_le_bytes(x + shift));
            wkb.extend_from_slice(&f64::to_le_bytes(y));
        }
        wkb
    }

    #[test]
    fn corners_that_moved_by_rounding_did_not_move() {
        assert!(is_same_shape(&square(0.0, 4), &square(1e-9, 4)));
        assert!(!is_same_shape(&square(0.0, 4), &square(1e-5, 4)));
        assert!(!is_same_shape(&square(0.0, 4), &square(0.0, 3)));
        assert!(!is_same_shape(&square(0.0, 9), &square(1e-9, 9)), "a damaged count is no agreement");
    }
}
