//! How much water was taken, by four methods side by side, and since when. Whole gallons and cents; nothing is rounded twice.

use super::calendar::days_between;
use super::policy::Policy;
use super::refusal::{Refusal, RefusalCode};
use crate::model::date::CivilDate;
use crate::model::money::{Cents, Gallons};

/// From when unauthorized use is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartRule {
    /// The later of last actual read and last inspection by the utility (Phoenix 37-71 and others).
    LaterOfReadAndInspection,
    /// The last actual read (Indio 54.128).
    LastActualRead,
    /// The certificate of occupancy of a new building (Pompano Beach 50.10), else the later of read and inspection.
    CertificateOfOccupancyFirst,
}

impl StartRule {
    /// Reads the policy's word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "later_of_read_and_inspection" => Some(Self::LaterOfReadAndInspection),
            "last_actual_read" => Some(Self::LastActualRead),
            "certificate_of_occupancy_first" => Some(Self::CertificateOfOccupancyFirst),
            _ => None,
        }
    }
}

/// The days from which a start of use can be derived.
#[derive(Debug, Clone, Copy, Default)]
pub struct StartFacts {
    /// Last actual (not estimated) read before discovery.
    pub last_actual_read: Option<CivilDate>,
    /// Last inspection before discovery.
    pub last_inspection: Option<CivilDate>,
    /// Certificate of occupancy.
    pub certificate_of_occupancy: Option<CivilDate>,
}

/// Start of use with its basis in words; `None` when no day is known.
pub fn start_of_use(rule: StartRule, facts: StartFacts) -> Option<(CivilDate, &'static str)> {
    let read = facts.last_actual_read.map(|d| (d, "last actual meter read"));
    let inspection = facts.last_inspection.map(|d| (d, "last inspection"));
    let later = match (read, inspection) {
        (Some(a), Some(b)) => Some(if a.0 >= b.0 { a } else { b }),
        (a, b) => a.or(b),
    };
    match rule {
        StartRule::LaterOfReadAndInspection => later,
        StartRule::LastActualRead => read,
        StartRule::CertificateOfOccupancyFirst => {
            facts.certificate_of_occupancy.map(|d| (d, "certificate of occupancy")).or(later)
        }
    }
}

/// The period of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsePeriod {
    /// First day.
    pub from: CivilDate,
    /// Day of discovery or of the stop.
    pub to: CivilDate,
}

impl UsePeriod {
    /// Checks a period against the last actual read.
    ///
    /// # Errors
    /// `E_PERIOD` when it ends before it starts; `E_START_BEFORE_READ` when it starts before the last actual read and no
    /// reason is given, because water before that read has been billed.
    pub fn new(
        from: CivilDate,
        to: CivilDate,
        last_actual_read: Option<CivilDate>,
        override_reason: Option<&str>,
    ) -> Result<Self, Refusal> {
        if to < from {
            return Err(Refusal::new(RefusalCode::Period, format!("the period ends {to}, before it starts {from}")));
        }
        let has_reason = override_reason.is_some_and(|r| !r.trim().is_empty());
        if let Some(read) = last_actual_read.filter(|read| from < *read && !has_reason) {
            let message = format!("the use would start {from}, before the actual read of {read}; give a reason");
            return Err(Refusal::new(RefusalCode::StartBeforeRead, message));
        }
        Ok(Self { from, to })
    }

    /// Days of the period; a period within one day has one.
    pub fn n_days(self) -> i64 {
        days_between(self.from, self.to).max(1)
    }
}

/// What is known about the use.
#[derive(Debug, Clone, Copy)]
pub struct EstimateInput<'a> {
    /// Period of use.
    pub period: UsePeriod,
    /// Gallons and days of the premise's own actual history.
    pub own_history: Option<(Gallons, i64)>,
    /// Gallons that a meter registered in the period without an account.
    pub metered: Option<Gallons>,
    /// Customer class.
    pub class: &'a str,
    /// Violation date: its rate and averages count, whatever is changed later.
    pub violation_on: CivilDate,
}

/// One method's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// `own_history`, `class_average`, `fixed_months` or `multiplier`.
    pub method: &'static str,
    /// Volume; `None` when the method has no data.
    pub gallons: Option<Gallons>,
    /// Price at the rate of the violation date.
    pub amount: Option<Cents>,
    /// The computation in words, or why there is none.
    pub explanation: String,
}

/// Gallons and days of the actual reads: each read counts the water since the read before, so the first one only starts the
/// count. `None` with fewer than two reads.
pub fn history(reads: &[(CivilDate, Gallons)]) -> Option<(Gallons, i64)> {
    let (first, last) = (reads.first()?, reads.last()?);
    let n_days = days_between(first.0, last.0);
    let gallons = reads.get(1..)?.iter().map(|(_, g)| g.0).sum();
    (n_days > 0).then_some((Gallons(gallons), n_days))
}

/// Days of an average month times 10,000 (365.25 / 12 = 30.4375).
const MONTH_DAYS_E4: i128 = 304_375;

/// `a * b / c` rounded half up, without overflow; 0 when `c` is 0.
fn scale(a: i64, b: i128, c: i128) -> i64 {
    if c == 0 {
        return 0;
    }
    let doubled = 2 * i128::from(a) * b + c;
    i64::try_from(doubled.div_euclid(2 * c)).unwrap_or(i64::MAX)
}

/// All four methods, in a fixed order.
///
/// # Errors
/// `E_NO_POLICY` when the policy lacks a value on the violation date.
pub fn estimates(policy: &Policy, input: EstimateInput<'_>) -> Result<Vec<Estimate>, Refusal> {
    let day = input.violation_on;
    let n_days = input.period.n_days();
    let Some(rate) = policy.rate_on(input.class, day) else {
        let message = format!("the policy has no water rate for class {} on {day}", input.class);
        return Err(Refusal::new(RefusalCode::NoPolicy, message));
    };
    let price = |gallons: Gallons| Cents(scale(gallons.0, i128::from(rate.cents_per_1000_gallons), 1000));
    let fixed_months = policy.integer("fixed_months", day)?;
    let percent = policy.integer("multiplier_percent", day)?;
    let average = policy.class_average_on(input.class, day).map(|a| a.gallons_per_month);

    let own = input.own_history.filter(|(_, days)| *days > 0).map(|(gallons, days)| {
        let volume = Gallons(scale(gallons.0, n_days.into(), days.into()));
        (volume, format!("{} gal in {days} days before, times {n_days} days", gallons.0))
    });
    let class = average.map(|month| {
        let volume = Gallons(scale(month, i128::from(n_days) * 10_000, MONTH_DAYS_E4));
        (volume, format!("{month} gal a month of class {}, times {n_days} days / 30.4375", input.class))
    });
    let fixed = average.map(|month| {
        (Gallons(month.saturating_mul(fixed_months)), format!("{month} gal a month, times {fixed_months} months"))
    });
    let base = input
        .metered
        .map(|g| (g, "registered volume"))
        .or(own.as_ref().map(|o| (o.0, "own history")))
        .or(class.as_ref().map(|c| (c.0, "class average")));
    let multiplied = base.map(|(gallons, words)| {
        let volume = Gallons(scale(gallons.0, percent.into(), 100));
        (volume, format!("{percent} percent of {} gal ({words})", gallons.0))
    });
    let row = |method, found: Option<(Gallons, String)>, lacking: &str| match found {
        Some((gallons, words)) => Estimate {
            method,
            gallons: Some(gallons),
            amount: Some(price(gallons)),
            explanation: format!("{words}; at {} per 1,000 gal", Cents(rate.cents_per_1000_gallons)),
        },
        None => Estimate { method, gallons: None, amount: None, explanation: lacking.to_owned() },
    };
    Ok(vec![
        row("own_history", own, "no actual reads of this premise before the period"),
        row("class_average", class, "the policy has no average of this class"),
        row("fixed_months", fixed, "the policy has no average of this class"),
        row("multiplier", multiplied, "nothing to multiply"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    #[test]
    fn four_methods_in_whole_gallons_and_cents() {
        let period = UsePeriod::new(d("2025-01-01"), d("2025-05-01"), None, None).unwrap();
        let input = EstimateInput {
            period,
            own_history: Some((Gallons(60_000), 360)),
            metered: None,
            class: "residential",
            violation_on: d("2025-05-01"),
        };
        let rows = estimates(&Policy::example(), input).unwrap();
        let got: Vec<_> = rows.iter().map(|r| (r.method, r.gallons.unwrap().0, r.amount.unwrap().0)).collect();
        assert_eq!(
            got,
            [
                ("own_history", 20_000, 14_000),
                ("class_average", 19_713, 13_799),
                ("fixed_months", 60_000, 42_000),
                ("multiplier", 40_000, 28_000)
            ]
        );
        let before = EstimateInput { violation_on: d("2024-12-31"), ..input };
        assert_eq!(estimates(&Policy::example(), before).unwrap()[0].amount, Some(Cents(13_000)));
        let bare = EstimateInput { own_history: None, ..input };
        assert_eq!(estimates(&Policy::example(), bare).unwrap()[0].gallons, None);
        let unknown = EstimateInput { class: "zoo", ..input };
        assert_eq!(estimates(&Policy::example(), unknown).unwrap_err().code, RefusalCode::NoPolicy);
    }

    #[test]
    fn the_first_read_of_a_history_only_starts_the_count() {
        let reads =
            [(d("2025-01-01"), Gallons(9_999)), (d("2025-02-01"), Gallons(300)), (d("2025-03-01"), Gallons(400))];
        assert_eq!(history(&reads), Some((Gallons(700), 59)));
        assert_eq!(history(&reads[..1]), None);
        assert_eq!(history(&[]), None);
    }

    #[test]
    fn periods_are_checked() {
        let read = Some(d("2025-02-01"));
        let code = |r: Result<UsePeriod, Refusal>| r.unwrap_err().code;
        assert_eq!(code(UsePeriod::new(d("2025-02-01"), d("2025-01-01"), None, None)), RefusalCode::Period);
        assert_eq!(code(UsePeriod::new(d("2025-01-01"), d("2025-03-01"), read, None)), RefusalCode::StartBeforeRead);
        assert!(UsePeriod::new(d("2025-01-01"), d("2025-03-01"), read, Some("slip seen by neighbour")).is_ok());
    }

    #[test]
    fn start_of_use_follows_the_rule() {
        let facts = StartFacts {
            last_actual_read: Some(d("2025-01-01")),
            last_inspection: Some(d("2025-03-01")),
            certificate_of_occupancy: Some(d("2024-12-01")),
        };
        assert_eq!(start_of_use(StartRule::LaterOfReadAndInspection, facts).unwrap().0, d("2025-03-01"));
        assert_eq!(start_of_use(StartRule::LastActualRead, facts).unwrap().0, d("2025-01-01"));
        assert_eq!(start_of_use(StartRule::CertificateOfOccupancyFirst, facts).unwrap().0, d("2024-12-01"));
        assert_eq!(start_of_use(StartRule::LastActualRead, StartFacts::default()), None);
    }
}
