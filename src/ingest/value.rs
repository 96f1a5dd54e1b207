//! Text of a cell to typed values: dates, money, sizes, yes and no, parts of an address line.
//!
//! Everything returns `None` for text it cannot read; the mapper says which column and value it was.

use std::borrow::Cow;

use crate::ingest::profile::{AddressPart, DateForm, VolumeUnit};
use crate::model::date::CivilDate;
use crate::model::money::{Cents, Gallons, MilliInches};

/// Words that mean "no value" in any county's file. A profile can add to them.
const NULL_WORDS: &[&str] = &["null", "(null)", "<null>", "n/a", "#n/a", "nan", "none", "nil", "\\n", "-", "--"];

/// Days from 1899-12-30 (day 0 of spreadsheets) to 1970-01-01.
const EXCEL_EPOCH_DAYS: i64 = 25_569;

/// Two-digit years below this are of this century. No roll is older than 1950 or dated past 2049.
const CENTURY_PIVOT: i16 = 50;

/// US gallons in a cubic foot.
const GALLONS_PER_CUBIC_FOOT: f64 = 7.480_519_48;

/// Trims, and takes null words away.
pub fn clean<'a>(text: &'a str, null_words: &[String]) -> Option<&'a str> {
    let is_edge = |b: Option<&u8>| b.is_some_and(|b| (0x21..0x7f).contains(b));
    let is_trim = is_edge(text.as_bytes().first()) && is_edge(text.as_bytes().last());
    let text = if is_trim { text } else { text.trim_matches(|c: char| c.is_whitespace() || c.is_control()) };
    let first = text.as_bytes().first()?;
    // The longest null word has 6 letters; longer text is not compared.
    let is_candidate = text.len() <= 6 && matches!(first, b'n' | b'N' | b'(' | b'<' | b'#' | b'\\' | b'-');
    let is_null = (is_candidate && NULL_WORDS.iter().any(|w| text.eq_ignore_ascii_case(w)))
        || null_words.iter().any(|w| text.eq_ignore_ascii_case(w));
    if is_null {
        return None;
    }
    // How a spreadsheet's export keeps digits from being read as a number: `="007"`, `'007`.
    let kept = match first {
        b'=' => text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"')),
        b'\'' => text.strip_prefix('\'').filter(|t| t.starts_with(|c: char| c.is_ascii_digit()) && !t.contains('\'')),
        _ => None,
    };
    Some(kept.map_or(text, str::trim)).filter(|t| !t.is_empty())
}

/// `1.23457E+12`: how a spreadsheet writes a long number. Its last digits are lost.
pub(crate) fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let is_number =
        |t: &str| t.starts_with(|c: char| c.is_ascii_digit()) && t.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    exponent.strip_prefix('+').is_some_and(|e| !e.is_empty() && e.bytes().all(|b| b.is_ascii_digit()))
        && is_number(mantissa)
}

/// The word that begins a line of totals.
pub(crate) fn is_total(text: &str) -> bool {
    let word = text.trim_end_matches([':', '.', ' ']);
    ["total", "totals", "grand total", "grand totals", "subtotal", "sub total", "sub-total"]
        .iter()
        .any(|total| word.eq_ignore_ascii_case(total))
}

/// A ZIP that went through a column of numbers: `48505.0`, and `2139` for 02139.
pub(crate) fn zip(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.len() == 5 {
        return text;
    }
    let whole = text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0')).map_or(&*text, |(w, _)| w);
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return text;
    }
    match whole.len() {
        3 | 4 => Cow::Owned(format!("{whole:0>5}")),
        8 => Cow::Owned(format!("0{whole}")),
        5 | 9 if whole.len() < text.len() => Cow::Owned(whole.to_owned()),
        _ => text,
    }
}

/// A number with thousands separators, dollar sign, or parentheses for minus.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return text.parse().ok().filter(|v: &f64| v.is_finite());
    }
    let (is_negative, inside) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inside) => (true, inside),
        None => (false, text),
    };
    let (is_minus, inside) = inside.trim().strip_prefix('-').map_or((false, inside.trim()), |t| (true, t));
    let digits = without_separators(inside.trim().trim_start_matches('$').trim())?;
    let value: f64 = digits.trim().parse().ok().filter(|v: &f64| v.is_finite())?;
    Some(if is_negative != is_minus { -value } else { value })
}

/// Takes the commas out where they part thousands; reads `1.234,56` and `12,5` as they are meant. Any other comma is no number:
/// taken out, it would make a value a hundred times as large.
fn without_separators(digits: &str) -> Option<Cow<'_, str>> {
    let are_thousands = |whole: &str, mark: char| {
        let mut groups = whole.split(mark);
        groups.next().is_some_and(|first| (1..=3).contains(&first.len())) && groups.all(|g| g.len() == 3)
    };
    let Some((whole, decimals)) = digits.rsplit_once(',') else { return Some(Cow::Borrowed(digits)) };
    let before_point = digits.split('.').next().unwrap_or(digits);
    if digits.matches('.').count() <= 1 && before_point.contains(',') && are_thousands(before_point, ',') {
        return Some(Cow::Owned(digits.replace(',', "")));
    }
    let is_decimal =
        !whole.contains(',') && !decimals.contains('.') && (!whole.contains('.') || are_thousands(whole, '.'));
    is_decimal.then(|| Cow::Owned(format!("{}.{decimals}", whole.replace('.', ""))))
}

/// A whole number; a fraction of zero is allowed.
pub fn integer(text: &str) -> Option<i64> {
    if let Ok(value) = text.trim().parse() {
        return Some(value);
    }
    // 2^53: above it a float no longer counts by one.
    let value = number(text).filter(|v| v.fract() == 0.0 && v.abs() <= 9_007_199_254_740_992.0)?;
    #[allow(clippy::cast_possible_truncation, reason = "whole and in range, checked above")]
    Some(value as i64)
}

/// Dollars to cents.
pub fn money(text: &str) -> Option<Cents> {
    let cents = number(text)? * 100.0;
    #[allow(clippy::cast_possible_truncation, reason = "in range, checked")]
    (cents.abs() < 9e15).then(|| Cents(cents.round() as i64))
}

/// Volume to gallons.
pub(crate) fn volume(text: &str, unit: VolumeUnit) -> Option<Gallons> {
    let factor = match unit {
        VolumeUnit::Gallons => 1.0,
        VolumeUnit::Kgal => 1_000.0,
        VolumeUnit::Cf => GALLONS_PER_CUBIC_FOOT,
        VolumeUnit::Ccf => GALLONS_PER_CUBIC_FOOT * 100.0,
    };
    let gallons = number(text)? * factor;
    #[allow(clippy::cast_possible_truncation, reason = "in range, checked")]
    (gallons.abs() < 9e15).then(|| Gallons(gallons.round() as i64))
}

/// Yes or no; a number above zero is yes (exemption amounts).
pub fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "t" | "x" => Some(true),
        "n" | "no" | "false" | "f" => Some(false),
        other => number(other).map(|v| v > 0.0),
    }
}

/// `3/4`, `1 1/2"`, `1-1/2 in`, `.75`, `5/8 x 3/4` (the first counts, as meter makers mean it).
pub fn size(text: &str) -> Option<MilliInches> {
    let lower = text.to_ascii_lowercase();
    let first = lower.split('x').next()?.replace(['"', '\u{201d}'], " ").replace('-', " ");
    let mut inches = 0.0;
    let mut n_pieces = 0;
    for piece in first.split_whitespace() {
        if matches!(piece.trim_end_matches('.'), "in" | "inch" | "inches") {
            continue;
        }
        let piece = piece.strip_suffix("in").unwrap_or(piece);
        inches += match piece.split_once('/') {
            Some((over, under)) => {
                let (over, under): (f64, f64) = (over.parse().ok()?, under.parse().ok()?);
                (under > 0.0).then(|| over / under)?
            }
            None => piece.parse::<f64>().ok()?,
        };
        n_pieces += 1;
    }
    // The largest mains have 12 feet.
    #[allow(clippy::cast_possible_truncation, reason = "in range, checked")]
    ((1..=2).contains(&n_pieces) && (0.0..=144.0).contains(&inches))
        .then(|| MilliInches((inches * 1_000.0).round() as i64))
}

/// A date in one of `forms`; without forms the unambiguous ones and the US order are tried, and a bare number by its size.
pub(crate) fn date(text: &str, forms: &[DateForm]) -> Option<CivilDate> {
    const USUAL: &[DateForm] = &[DateForm::Ymd, DateForm::Mdy, DateForm::Compact];
    let text = text.trim();
    if !forms.is_empty() {
        return forms.iter().find_map(|form| date_as(text, *form));
    }
    USUAL.iter().find_map(|form| date_as(text, *form)).or_else(|| bare_date(number(text)?))
}

/// Five digits are a spreadsheet's day; milliseconds since 1970 have more. What lies between is no date.
fn bare_date(value: f64) -> Option<CivilDate> {
    // 1927 to 2119.
    if (10_000.0..80_000.0).contains(&value) {
        return from_excel(value);
    }
    #[allow(clippy::cast_possible_truncation, reason = "far inside the range of i64")]
    ((1e9..1e15).contains(&value) || (-1e13..=-1e7).contains(&value))
        .then(|| from_days((value as i64).div_euclid(86_400_000)))?
}

fn date_as(text: &str, form: DateForm) -> Option<CivilDate> {
    // A time of day behind the date does not matter.
    let day = text.split([' ', 'T']).next()?;
    let parts: Vec<&str> = day.split(['/', '-', '.']).collect();
    let is_digits = day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit());
    match (form, parts.as_slice()) {
        (DateForm::Ymd, [y, m, d]) if y.len() == 4 => CivilDate::new(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?),
        (DateForm::Mdy, [m, d, y]) => CivilDate::new(year(y)?, m.parse().ok()?, d.parse().ok()?),
        (DateForm::Dmy, [d, m, y]) => CivilDate::new(year(y)?, m.parse().ok()?, d.parse().ok()?),
        (DateForm::Compact, _) if is_digits => {
            CivilDate::new(day.get(..4)?.parse().ok()?, day.get(4..6)?.parse().ok()?, day.get(6..)?.parse().ok()?)
        }
        (DateForm::CompactUs, _) if is_digits => {
            CivilDate::new(day.get(4..)?.parse().ok()?, day.get(..2)?.parse().ok()?, day.get(2..4)?.parse().ok()?)
        }
        (DateForm::EpochMs, _) => from_days(integer(text)?.div_euclid(86_400_000)),
        (DateForm::EpochS, _) => from_days(integer(text)?.div_euclid(86_400)),
        (DateForm::Excel, _) => from_excel(number(text)?),
        (DateForm::Ymd | DateForm::Mdy | DateForm::Dmy | DateForm::Compact | DateForm::CompactUs, _) => None,
    }
}

fn year(text: &str) -> Option<i16> {
    let value: i16 = text.parse().ok()?;
    match text.len() {
        4 => Some(value),
        2 => Some(if value < CENTURY_PIVOT { 2000 + value } else { 1900 + value }),
        _ => None,
    }
}

/// A spreadsheet's serial number.
pub(crate) fn from_excel(serial: f64) -> Option<CivilDate> {
    // 1900-03-01 (before it the serials are off by one) to 9999-12-31.
    #[allow(clippy::cast_possible_truncation, reason = "in range, checked")]
    (61.0..2_958_466.0).contains(&serial).then(|| from_days(serial.floor() as i64 - EXCEL_EPOCH_DAYS))?
}

fn from_days(days: i64) -> Option<CivilDate> {
    // The years 0001 to 9999, which keeps the arithmetic in range.
    if !(-719_162..=2_932_896).contains(&days) {
        return None;
    }
    let span = jiff::Span::new().try_days(days).ok()?;
    jiff::civil::date(1970, 1, 1).checked_add(span).ok().map(CivilDate::from_jiff)
}

/// One part of `STREET, CITY, ST ZIP`; the street is all of it when there is no comma, and so is the city of `CITY ST ZIP`.
pub(crate) fn address_part(line: &str, part: AddressPart) -> Option<&str> {
    let (rest, zip) = match rsplit(line.trim()) {
        Some((rest, last)) if is_zip(last) => (rest.trim_end_matches([' ', ',']), Some(last)),
        _ => (line.trim(), None),
    };
    let (rest, state) = match rsplit(rest) {
        Some((before, last))
            if last.len() == 2
                && last.bytes().all(|b| b.is_ascii_alphabetic())
                && (zip.is_some() || before.trim_end().ends_with(',') || rest.contains(&format!(",{last}"))) =>
        {
            (before.trim_end_matches([' ', ',']), Some(last))
        }
        _ => (rest, None),
    };
    let (street, city) = match rest.split_once(',') {
        Some((street, city)) if !city.trim().is_empty() => (street, Some(city)),
        // `TULSA OK 74103`: a place without a street.
        _ if state.is_some() && !rest.bytes().any(|b| b.is_ascii_digit()) => (rest, Some(rest)),
        _ => (rest, None),
    };
    let found = match part {
        AddressPart::Street => Some(street),
        AddressPart::City => city,
        AddressPart::State => state,
        AddressPart::Zip => zip,
    };
    found.map(|t| t.trim().trim_matches(',').trim()).filter(|t| !t.is_empty())
}

/// At the last blank or comma.
fn rsplit(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().rposition(|b| b == b' ' || b == b',')?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn is_zip(text: &str) -> bool {
    let (five, four) = text.split_once('-').map_or((text, None), |(a, b)| (a, Some(b)));
    let digits = |t: &str, n: usize| t.len() == n && t.bytes().all(|b| b.is_ascii_digit());
    (digits(five, 5) && four.is_none_or(|f| digits(f, 4) || f.is_empty())) || (four.is_none() && digits(text, 9))
}

#[cfg(test)]
mod tests {
    use super::{address_part, boolean, clean, date, integer, is_scientific, is_total, money, size, volume, zip};
    use crate::ingest::profile::{AddressPart, DateForm, VolumeUnit};

    #[test]
    fn values_as_counties_write_them() {
        assert_eq!(clean(" NULL ", &[]), None);
        assert_eq!(clean("\0 A\r\n", &[]), Some("A"));
        assert_eq!((clean("=\"007-1\"", &[]), clean("'007", &[])), (Some("007-1"), Some("007")));
        assert_eq!((clean("=\"\"", &[]), clean("'N'", &[])), (None, Some("'N'")));
        for (text, wanted) in [
            ("48505.0", "48505"),
            ("2139", "02139"),
            ("2139.0", "02139"),
            ("741031234", "741031234"),
            ("K1A 0B1", "K1A 0B1"),
        ] {
            assert_eq!(zip(text.into()), wanted);
        }
        assert!(is_scientific("1.23457E+12") && is_scientific("5e+05"));
        assert!(!is_scientific("12E5") && !is_scientific("E+12") && !is_scientific("1.2E+") && !is_scientific("A1E+5"));
        assert!(is_total("TOTAL") && is_total("Grand Total:") && !is_total("TOTALLY TAN"));
        assert_eq!(clean("unknown", &["UNKNOWN".to_owned()]), None);
        assert_eq!(clean("NONEMAKER", &[]), Some("NONEMAKER"));
        for (text, cents) in
            [("$1,234.5", 123_450), ("(12.00)", -1_200), ("-3", -300), ("674188", 67_418_800), ("-$1", -100)]
        {
            assert_eq!(money(text).unwrap().0, cents, "{text}");
        }
        assert!(money("abc").is_none() && money("inf").is_none() && money("1e30").is_none());
        assert_eq!(integer("1,736.0"), Some(1_736));
        for (text, cents) in [
            ("$1,234,567.89", Some(123_456_789)),
            ("1.234,56", Some(123_456)),
            ("1.234.567,8", Some(123_456_780)),
            ("12,5", Some(1_250)),
            ("1234,56", Some(123_456)),
            ("1,234", Some(123_400)),
            ("12,34,567", None),
            ("1,2,3", None),
            (",", None),
        ] {
            assert_eq!(money(text).map(|c| c.0), cents, "{text}");
        }
        assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
        assert!(integer("1.5").is_none());
        for (text, milli) in
            [("3/4", 750), ("1 1/2\"", 1_500), ("1-1/2 in.", 1_500), (".75", 750), ("5/8 x 3/4", 625), ("2in", 2_000)]
        {
            assert_eq!(size(text).map(|s| s.0), Some(milli), "{text}");
        }
        for bad in ["", "3/0", "big", "1 2 3", "-1/", "999"] {
            assert!(size(bad).is_none(), "{bad}");
        }
        assert_eq!(
            (boolean("Y"), boolean("0"), boolean("1000"), boolean("?")),
            (Some(true), Some(false), Some(true), None)
        );
        assert_eq!(volume("2", VolumeUnit::Ccf).unwrap().0, 1_496);
    }

    #[test]
    fn dates_as_counties_write_them() {
        let usual = |text: &str| date(text, &[]).map(|d| d.to_string());
        for (text, wanted) in [
            ("2016/11/03 14:45:13+00", "2016-11-03"),
            ("2009-05-29T00:11:00", "2009-05-29"),
            ("7/9/18", "2018-07-09"),
            ("1268784000000", "2010-03-17"),
            ("1268784000000.000000000000000", "2010-03-17"),
            ("20240229", "2024-02-29"),
            ("-86400000", "1969-12-31"),
            ("45000", "2023-03-15"),
            ("45000.0", "2023-03-15"),
        ] {
            assert_eq!(usual(text).as_deref(), Some(wanted), "{text}");
        }
        for bad in
            ["0/0/0000", "13/13/2020", "7", "450000", "yesterday", "", "99999999999999999999", "9223372036854775807000"]
        {
            assert!(usual(bad).is_none(), "{bad}");
        }
        let one = |text: &str, form| date(text, &[form]).map(|d| d.to_string());
        assert_eq!(one("45321", DateForm::Excel).as_deref(), Some("2024-01-30"));
        assert_eq!(one("03.02.2024", DateForm::Dmy).as_deref(), Some("2024-02-03"));
        assert_eq!(one("02032024", DateForm::CompactUs).as_deref(), Some("2024-02-03"));
        assert_eq!(one("86400", DateForm::EpochS).as_deref(), Some("1970-01-02"));
    }

    #[test]
    fn full_address_lines_come_apart() {
        let parts = |line: &str| {
            [AddressPart::Street, AddressPart::City, AddressPart::State, AddressPart::Zip]
                .map(|p| address_part(line, p).unwrap_or("-").to_owned())
        };
        assert_eq!(parts("21200 SW 72ND ST, CRETE, NE  68368"), ["21200 SW 72ND ST", "CRETE", "NE", "68368"]);
        assert_eq!(parts("1018 AVE H"), ["1018 AVE H", "-", "-", "-"]);
        assert_eq!(parts("12 ELM CT, TULSA OK 74103-1234"), ["12 ELM CT", "TULSA", "OK", "74103-1234"]);
        assert_eq!(parts("12 ELM CT"), ["12 ELM CT", "-", "-", "-"]);
        assert_eq!(parts("12 ELM ST, TULSA"), ["12 ELM ST", "TULSA", "-", "-"]);
        assert_eq!(parts(", , "), ["-", "-", "-", "-"]);
    }
}
