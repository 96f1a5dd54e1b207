//! Deadlines on a business calendar: weekends and the policy's holidays do not count, and no deadline falls on one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Weekday;

use super::refusal::{Refusal, RefusalCode};
use crate::model::date::CivilDate;

/// Holidays by year. A year that is not listed refuses deadlines, because a forgotten list would shorten them silently.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BusinessCalendar {
    /// Holidays of each configured year.
    pub years: BTreeMap<i16, BTreeSet<CivilDate>>,
}

/// Longest deadline that can be asked for, in days; guards the day-by-day walk.
const DAYS_MAX: i64 = 3660;

/// The day `n_days` after `date`; `None` beyond the calendar.
pub fn plus_days(date: CivilDate, n_days: i64) -> Option<CivilDate> {
    date.as_jiff().checked_add(n_days.days()).ok().map(CivilDate::from_jiff)
}

/// The day `n_months` after `date`, at the month's end when the day does not exist.
pub fn plus_months(date: CivilDate, n_months: i64) -> Option<CivilDate> {
    date.as_jiff().checked_add(n_months.months()).ok().map(CivilDate::from_jiff)
}

/// Days from `from` to `to`; negative when `to` is earlier.
pub fn days_between(from: CivilDate, to: CivilDate) -> i64 {
    (to.as_jiff() - from.as_jiff()).get_days().into()
}

impl BusinessCalendar {
    /// Whether offices are open on that day.
    ///
    /// # Errors
    /// `E_NO_CALENDAR` when the year has no holiday list.
    pub fn is_business_day(&self, date: CivilDate) -> Result<bool, Refusal> {
        let year = date.as_jiff().year();
        let Some(holidays) = self.years.get(&year) else {
            return Err(Refusal::new(
                RefusalCode::NoCalendar,
                format!("the policy has no holiday calendar for {year}; add one before setting deadlines in it"),
            ));
        };
        let weekend = matches!(date.as_jiff().weekday(), Weekday::Saturday | Weekday::Sunday);
        Ok(!weekend && !holidays.contains(&date))
    }

    /// The first business day on or after `date`.
    ///
    /// # Errors
    /// `E_NO_CALENDAR`, see [`BusinessCalendar::is_business_day`].
    pub fn next_business_day(&self, date: CivilDate) -> Result<CivilDate, Refusal> {
        let mut day = date;
        for _ in 0..DAYS_MAX {
            if self.is_business_day(day)? {
                return Ok(day);
            }
            day = step(day)?;
        }
        Err(too_far(date))
    }

    /// The business day `n_days` business days after `date`; the day itself does not count.
    ///
    /// # Errors
    /// `E_NO_CALENDAR`, see [`BusinessCalendar::is_business_day`].
    pub fn plus_business_days(&self, date: CivilDate, n_days: i64) -> Result<CivilDate, Refusal> {
        let mut day = date;
        let mut left = n_days;
        for _ in 0..DAYS_MAX {
            if left <= 0 {
                return self.next_business_day(day);
            }
            day = step(day)?;
            if self.is_business_day(day)? {
                left -= 1;
            }
        }
        Err(too_far(date))
    }

    /// Business days after `from` up to and including `to`; 0 when `to` is not later.
    ///
    /// # Errors
    /// `E_NO_CALENDAR`, see [`BusinessCalendar::is_business_day`].
    pub fn business_days_between(&self, from: CivilDate, to: CivilDate) -> Result<i64, Refusal> {
        let mut day = from;
        let mut n_days = 0;
        for _ in 0..DAYS_MAX {
            if day >= to {
                return Ok(n_days);
            }
            day = step(day)?;
            n_days += i64::from(self.is_business_day(day)?);
        }
        Err(too_far(from))
    }
}

fn step(day: CivilDate) -> Result<CivilDate, Refusal> {
    plus_days(day, 1).ok_or_else(|| too_far(day))
}

fn too_far(date: CivilDate) -> Refusal {
    Refusal::new(RefusalCode::NoCalendar, format!("no business day within {DAYS_MAX} days of {date}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    fn calendar() -> BusinessCalendar {
        let mut calendar = BusinessCalendar::default();
        calendar.years.insert(2026, [day("2026-07-03"), day("2026-12-25")].into());
        calendar
    }

    #[test]
    fn weekends_and_holidays_do_not_count() {
        let c = calendar();
        for (from, n, to) in [
            ("2026-07-01", 1, "2026-07-02"),
            ("2026-07-01", 2, "2026-07-06"),
            ("2026-07-04", 0, "2026-07-06"),
            ("2026-12-24", 1, "2026-12-28"),
        ] {
            assert_eq!(c.plus_business_days(day(from), n).unwrap(), day(to), "{from} + {n}");
        }
        assert_eq!(c.business_days_between(day("2026-07-01"), day("2026-07-06")).unwrap(), 2);
    }

    #[test]
    fn a_year_without_holidays_refuses() {
        let refusal = calendar().plus_business_days(day("2026-12-30"), 5).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::NoCalendar);
    }
}
