//! A returned table as a whole: columns that must be there, and the damage that spreadsheet programs do to it.

use std::collections::BTreeMap;

use crate::model::tap::{MeasureRef, MeasuredItem};

/// Damage to a column: the file is refused as a whole, because one mangled cell means that every cell went through the spreadsheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The column.
    pub column: String,
    /// 1-based data row.
    pub row_no: u64,
    /// The value.
    pub value: String,
    /// What happened to it.
    pub what: &'static str,
}

/// Columns without which a return cannot be read.
pub const COLUMNS_REQUIRED: &[&str] = &["field_result_id", "stop_uuid", "base_version", "result_code"];

/// A tie as the crew writes it: `corporation_stop|property_line|W line of 1204|E|14.5`, several separated by `;`.
pub type Tie = (MeasuredItem, MeasureRef, String, String, f64);

/// Reads the ties of a cell.
///
/// # Errors
/// A sentence about the tie that cannot be read.
pub fn parse_ties(text: &str) -> Result<Vec<Tie>, String> {
    text.split(';').map(str::trim).filter(|t| !t.is_empty()).map(parse_tie).collect()
}

fn parse_tie(text: &str) -> Result<Tie, String> {
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let &[what, reference, label, direction, distance] = parts.as_slice() else {
        return Err(format!("a tie has five parts what|from|label|direction|feet: {text}"));
    };
    let what = MeasuredItem::parse(what).ok_or_else(|| format!("{what} is nothing that ties locate"))?;
    let reference = MeasureRef::parse(reference).ok_or_else(|| format!("{reference} is no fixed object"))?;
    let distance: f64 = distance.parse().map_err(|_| format!("{distance} is not a distance in feet"))?;
    if !(0.0..5280.0).contains(&distance) {
        return Err(format!("{distance} ft is not between 0 and one mile"));
    }
    Ok((what, reference, label.to_owned(), direction.to_owned(), distance))
}

/// Finds the first damage. `known` gives for a stop UUID the values that the list printed, by column
/// (`ticket_no`, `meter_no`, `order_no`), so that lost leading zeros show.
pub fn damage(rows: &[BTreeMap<String, String>], known: &dyn Fn(&str) -> BTreeMap<String, String>) -> Option<Damage> {
    for (index, row) in rows.iter().enumerate() {
        let printed = row.get("stop_uuid").map(|u| known(&u.to_ascii_lowercase())).unwrap_or_default();
        for (column, value) in row {
            let value = value.trim();
            if let Some(what) = cell_damage(column, value, printed.get(column).map(String::as_str)) {
                let row_no = u64::try_from(index + 1).unwrap_or(u64::MAX);
                return Some(Damage { column: column.clone(), row_no, value: value.chars().take(80).collect(), what });
            }
        }
    }
    None
}

fn cell_damage(column: &str, value: &str, printed: Option<&str>) -> Option<&'static str> {
    if value.is_empty() || matches!(column, "note" | "crew" | "device" | "ties") {
        return None;
    }
    if is_scientific(value)
        && (column.ends_with("_no") || column.ends_with("_id") || column.ends_with("_uuid") || column == "final_read")
    {
        return Some("a number was turned into scientific notation");
    }
    if matches!(column, "arrived_at" | "left_at") && !value.contains('T') && !super::result::is_instant(value) {
        return Some("a time was turned into a spreadsheet date");
    }
    if (column.ends_with("_no") || column.ends_with("_code")) && is_slash_date(value) {
        return Some("a number was turned into a date");
    }
    let printed = printed.filter(|p| *p != value)?;
    let is_stripped = printed.starts_with('0') && printed.trim_start_matches('0') == value.trim_start_matches('0');
    is_stripped.then_some("leading zeros were lost")
}

fn is_scientific(value: &str) -> bool {
    let Some((mantissa, exponent)) = value.split_once(['E', 'e']) else {
        return false;
    };
    exponent.starts_with(['+', '-'])
        && exponent.len() > 1
        && exponent.chars().skip(1).all(|c| c.is_ascii_digit())
        && !mantissa.is_empty()
        && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',')
}

fn is_slash_date(value: &str) -> bool {
    let parts: Vec<&str> = value.split('/').collect();
    parts.len() == 3 && parts.iter().all(|p| !p.is_empty() && p.len() <= 4 && p.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(column: &str, value: &str) -> Option<&'static str> {
        let row: BTreeMap<String, String> =
            [("stop_uuid".to_owned(), "u".to_owned()), (column.to_owned(), value.to_owned())].into();
        let known = |_: &str| [("ticket_no".to_owned(), "00260505000001".to_owned())].into();
        damage(&[row], &known).map(|d| {
            assert_eq!(d.column, column);
            d.what
        })
    }

    #[test]
    fn spreadsheet_damage_is_named() {
        for (column, value, words) in [
            ("ticket_no", "2.60505E+11", "scientific"),
            ("ticket_no", "260505000001", "zeros"),
            ("arrived_at", "5/5/2026 9:30", "spreadsheet date"),
            ("left_at", "46147.4", "spreadsheet date"),
            ("order_no", "1/2/2026", "into a date"),
        ] {
            assert!(check(column, value).is_some_and(|w| w.contains(words)), "{column} {value}");
        }
        for (column, value) in [
            ("ticket_no", "00260505000001"),
            ("arrived_at", "2026-05-05T09:30:00-05:00"),
            ("note", "see 5/5/2026, 1E+3"),
            ("order_no", "RO-2026-00001"),
        ] {
            assert_eq!(check(column, value), None, "{column} {value}");
        }
    }

    #[test]
    fn ties_are_read_strictly() {
        let ties = parse_ties("corporation_stop|property_line|W line|E|14.5; curb_stop|hydrant|114|N|30").unwrap();
        assert_eq!((ties.len(), ties[0].4), (2, 14.5));
        for bad in [
            "corporation_stop|property_line|W line|E",
            "main|hydrant|1|N|3",
            "curb_stop|tree|1|N|3",
            "curb_stop|hydrant|1|N|x",
            "curb_stop|hydrant|1|N|6000",
        ] {
            assert!(parse_ties(bad).is_err(), "{bad}");
        }
    }
}
