//! Civil dates and instants as the database keeps them: text that sorts.
//!
//! A `CivilDate` is a day on a local calendar (`2026-11-24`); an `Instant` is UTC with a `Z`. Business calendars live in `cases`.

use std::fmt;

/// A calendar day, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate(jiff::civil::Date);

impl CivilDate {
    /// Builds a date; `None` when the day does not exist.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        jiff::civil::Date::new(year, month, day).ok().map(Self)
    }

    /// Reads `YYYY-MM-DD`, the only form the database and the command line use.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let part = |range: std::ops::Range<usize>| text.get(range).filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
        Self::new(part(0..4)?.parse().ok()?, part(5..7)?.parse().ok()?, part(8..10)?.parse().ok()?)
    }

    /// The day as jiff knows it, for calendar arithmetic.
    pub fn as_jiff(self) -> jiff::civil::Date {
        self.0
    }

    /// From a jiff date.
    pub fn from_jiff(date: jiff::civil::Date) -> Self {
        Self(date)
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

/// An instant in UTC, `YYYY-MM-DDTHH:MM:SSZ`, whole seconds. Pure code gets it as an argument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub String);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::CivilDate;

    #[test]
    fn only_real_days_in_one_form() {
        assert_eq!(CivilDate::parse("2024-02-29").unwrap().to_string(), "2024-02-29");
        for bad in ["2023-02-29", "2024-2-9", "24-02-2024", "2024/02/09", "", "2024-02-09 "] {
            assert!(CivilDate::parse(bad).is_none(), "{bad}");
        }
    }
}
