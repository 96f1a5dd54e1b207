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

/// Columns of free text: anything may stand there.
const FREE_TEXT: &[&str] =
    &["note", "crew", "device", "ties", "ties_on_record", "safety", "address", "holder", "ticket_area", "basis"];

/// A spreadsheet keeps this many digits of a number and turns the rest into zeros.
const DIGITS_KEPT: usize = 15;

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
        let printed = row.get("stop_uuid").map(|u| known(&u.trim().to_ascii_lowercase())).unwrap_or_default();
        for (column, value) in row {
            let value = value.trim();
            if let Some(what) = cell_damage(column, value, &printed) {
                let row_no = u64::try_from(index + 1).unwrap_or(u64::MAX);
                return Some(Damage { column: column.clone(), row_no, value: value.chars().take(80).collect(), what });
            }
        }
    }
    None
}

fn cell_damage(column: &str, value: &str, printed: &BTreeMap<String, String>) -> Option<&'static str> {
    if value.is_empty() || FREE_TEXT.contains(&column) {
        return None;
    }
    let is_key = ["_no", "_id", "_uuid", "_no_found"].iter().any(|end| column.ends_with(end));
    let is_whole = matches!(column, "final_read" | "base_version" | "list_version" | "route_seq");
    if is_scientific(value) && (is_key || is_whole) {
        return Some("a number was turned into scientific notation");
    }
    if matches!(column, "arrived_at" | "left_at") {
        let is_damaged = is_day_first_or_last(value) || is_bare_day(value) || value.parse::<f64>().is_ok();
        return is_damaged.then_some("a time was turned into a spreadsheet date");
    }
    let is_dated = is_slash_date(value) || is_month_word(value) || is_bare_day(value);
    let is_coded = column.ends_with("_code") || column.ends_with("_photo") || column == "method_done";
    if is_dated && (is_key || is_whole || is_coded || column == "depth_ft") {
        return Some("a number was turned into a date");
    }
    if is_whole && value.strip_suffix(".0").is_some_and(|n| n.parse::<u64>().is_ok()) {
        return Some("a whole number got decimals");
    }
    if column == "order_no" && printed.get("order_no").is_some_and(|p| p != value) {
        return Some("the rows were mixed up: this order does not belong to this stop");
    }
    let printed = printed.get(column.trim_end_matches("_found")).filter(|p| *p != value)?;
    if printed.starts_with('0') && printed.trim_start_matches('0') == value.trim_start_matches('0') {
        return Some("leading zeros were lost");
    }
    is_cut_at_fifteen(printed, value).then_some("digits behind the fifteenth were lost")
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_cut_at_fifteen(printed: &str, value: &str) -> bool {
    let kept = printed.trim_start_matches('0');
    is_digits(printed)
        && is_digits(value)
        && kept.len() > DIGITS_KEPT
        && value.len() == kept.len()
        && value.get(..DIGITS_KEPT) == kept.get(..DIGITS_KEPT)
        && value.get(DIGITS_KEPT..).is_some_and(|tail| tail.bytes().all(|b| b == b'0'))
}

fn is_scientific(value: &str) -> bool {
    let Some((mantissa, exponent)) = value.split_once(['E', 'e']) else {
        return false;
    };
    exponent.starts_with(['+', '-'])
        && is_digits(exponent.get(1..).unwrap_or_default())
        && !mantissa.is_empty()
        && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',')
}

fn is_slash_date(value: &str) -> bool {
    let parts: Vec<&str> = value.split('/').collect();
    parts.len() == 3 && parts.iter().all(|p| is_digits(p) && p.len() <= 4)
}

/// `5/5/2026 9:30`, `05.05.2026 09:30`: a date that does not begin with its year.
fn is_day_first_or_last(value: &str) -> bool {
    let day = value.split([' ', 'T']).next().unwrap_or_default();
    ['/', '.'].into_iter().any(|mark| {
        let parts: Vec<&str> = day.split(mark).collect();
        parts.len() == 3 && parts.iter().all(|p| is_digits(p) && p.len() <= 4)
    })
}

/// `2026-05-05` and nothing more: how a date cell of a workbook reads.
fn is_bare_day(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    parts.len() == 3 && parts.iter().zip([4, 2, 2]).all(|(p, n)| is_digits(p) && p.len() == n)
}

/// `5-Mar`, `Mar-05`, `5-Mar-26`.
fn is_month_word(value: &str) -> bool {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let parts: Vec<&str> = value.split('-').collect();
    let is_month = |p: &&&str| MONTHS.contains(&p.to_ascii_lowercase().as_str());
    let n_numbers = parts.iter().filter(|p| is_digits(p) && p.len() <= 4).count();
    (2..=3).contains(&parts.len()) && parts.iter().filter(is_month).count() == 1 && n_numbers + 1 == parts.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(column: &str, value: &str) -> Option<&'static str> {
        let row: BTreeMap<String, String> =
            [("stop_uuid".to_owned(), "u".to_owned()), (column.to_owned(), value.to_owned())].into();
        let known = |_: &str| {
            let printed = [
                ("ticket_no", "00260505000001"),
                ("meter_no", "0512"),
                ("order_no", "RO-2026-00001"),
                ("account_no", "123456789012345678"),
            ];
            printed.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        damage(&[row], &known).map(|d| {
            assert_eq!(d.column, column);
            d.what
        })
    }

    #[test]
    fn spreadsheet_damage_is_named() {
        for (column, value, words) in [
            ("ticket_no", "2.60505E+11", "scientific"),
            ("final_read", "1.2E+05", "scientific"),
            ("ticket_no", "260505000001", "zeros"),
            ("meter_no_found", "512", "zeros"),
            ("arrived_at", "5/5/2026 9:30", "spreadsheet date"),
            ("arrived_at", "05.05.2026 09:30", "spreadsheet date"),
            ("left_at", "46147.4", "spreadsheet date"),
            ("meter_no_found", "1/2/2026", "into a date"),
            ("meter_no_found", "5-Dec", "into a date"),
            ("before_photo", "Mar-04", "into a date"),
            ("after_photo", "2026-03-04", "into a date"),
            ("arrived_at", "2026-05-05", "spreadsheet date"),
            ("base_version", "5.0", "decimals"),
            ("order_no", "RO-2026-00002", "mixed up"),
            ("account_no", "123456789012345000", "fifteenth"),
        ] {
            assert!(
                check(column, value).is_some_and(|w| w.contains(words)),
                "{column} {value}: {:?}",
                check(column, value)
            );
        }
        for (column, value) in [
            ("ticket_no", "00260505000001"),
            ("ticket_no", ""),
            ("arrived_at", "2026-05-05T09:30:00-05:00"),
            ("arrived_at", "2026-05-05 09:30"),
            ("note", "see 5/5/2026, 1E+3"),
            ("order_no", "RO-2026-00001"),
            ("meter_no_found", "0513"),
            ("before_photo", "IMG-4-Mar-1.jpg"),
            ("depth_ft", "4.5"),
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
