//! Payment agreements: instalments in whole cents that add up exactly, and whether one is kept.

use super::calendar::{plus_days, plus_months};
use super::refusal::{Refusal, RefusalCode};
use crate::model::date::CivilDate;
use crate::model::money::Cents;

/// One payment that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instalment {
    /// Due date.
    pub due_on: CivilDate,
    /// Amount.
    pub amount: Cents,
}

/// What the parties agreed.
#[derive(Debug, Clone, Copy)]
pub struct PlanTerms {
    /// What is owed.
    pub balance: Cents,
    /// Paid at once.
    pub down: Cents,
    /// Number of monthly instalments after it.
    pub n_instalments: i64,
    /// Day of the down payment; instalments follow monthly.
    pub first_due_on: CivilDate,
}

/// The city's limits.
#[derive(Debug, Clone, Copy)]
pub struct PlanLimits {
    /// Most instalments.
    pub n_instalments_max: i64,
    /// Smallest down payment, percent of the balance.
    pub down_percent: i64,
}

/// The schedule; odd cents go to the first instalments.
///
/// # Errors
/// `E_PLAN` when the figures break the limits.
pub fn schedule(terms: PlanTerms, limits: PlanLimits) -> Result<Vec<Instalment>, Refusal> {
    let refuse = |message: String| Err(Refusal::new(RefusalCode::Plan, message));
    if terms.balance.0 <= 0 || terms.down.0 < 0 || terms.down > terms.balance {
        return refuse(format!("a down payment of {} does not fit a balance of {}", terms.down, terms.balance));
    }
    if !(1..=limits.n_instalments_max).contains(&terms.n_instalments) {
        return refuse(format!("1 to {} instalments are allowed", limits.n_instalments_max));
    }
    if i128::from(terms.down.0) * 100 < i128::from(terms.balance.0) * i128::from(limits.down_percent) {
        return refuse(format!(
            "the down payment must be at least {} percent of {}",
            limits.down_percent, terms.balance
        ));
    }
    let rest = terms.balance.0 - terms.down.0;
    let (each, odd) = (rest / terms.n_instalments, rest % terms.n_instalments);
    let mut rows = vec![Instalment { due_on: terms.first_due_on, amount: terms.down }];
    for i in 0..terms.n_instalments {
        let Some(due_on) = plus_months(terms.first_due_on, i + 1) else {
            return refuse("the last instalment lies beyond the calendar".to_owned());
        };
        rows.push(Instalment { due_on, amount: Cents(each + i64::from(i < odd)) });
    }
    rows.retain(|r| r.amount.0 > 0);
    Ok(rows)
}

/// How an agreement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanState {
    /// Everything due is paid.
    Current,
    /// So many instalments are late beyond the grace days, within what is tolerated.
    Late(usize),
    /// More are late than the policy tolerates.
    Default(usize),
    /// All paid.
    Complete,
}

impl PlanState {
    /// The word shown to people.
    pub fn as_str(self) -> &'static str {
        match self {
            PlanState::Current => "current",
            PlanState::Late(_) => "late",
            PlanState::Default(_) => "default",
            PlanState::Complete => "complete",
        }
    }
}

/// Judges an agreement: money pays the earliest instalments first.
pub fn state(rows: &[Instalment], paid: Cents, today: CivilDate, grace_days: i64, missed_max: i64) -> PlanState {
    let mut left = paid.0;
    let mut missed = 0usize;
    let mut is_complete = true;
    for row in rows {
        let is_paid = left >= row.amount.0;
        left = (left - row.amount.0).max(0);
        is_complete &= is_paid;
        let last_day = plus_days(row.due_on, grace_days).unwrap_or(row.due_on);
        missed += usize::from(!is_paid && today > last_day);
    }
    if is_complete {
        PlanState::Complete
    } else if missed > usize::try_from(missed_max).unwrap_or(0) {
        PlanState::Default(missed)
    } else if missed > 0 {
        PlanState::Late(missed)
    } else {
        PlanState::Current
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }
    const LIMITS: PlanLimits = PlanLimits { n_instalments_max: 24, down_percent: 10 };

    #[test]
    fn default_after_tolerated_misses() {
        let terms =
            PlanTerms { balance: Cents(10_000), down: Cents(1_000), n_instalments: 3, first_due_on: d("2026-01-31") };
        let rows = schedule(terms, LIMITS).unwrap();
        assert_eq!(rows[1].due_on, d("2026-02-28"));
        for (paid, today, want) in [
            (1_000, "2026-02-10", PlanState::Current),
            (1_000, "2026-03-10", PlanState::Late(1)),
            (1_000, "2026-04-10", PlanState::Default(2)),
            (10_000, "2026-09-01", PlanState::Complete),
        ] {
            assert_eq!(state(&rows, Cents(paid), d(today), 5, 1), want, "{paid} {today}");
        }
        for bad in [
            PlanTerms { n_instalments: 0, ..terms },
            PlanTerms { n_instalments: 25, ..terms },
            PlanTerms { down: Cents(999), ..terms },
            PlanTerms { balance: Cents(0), ..terms },
        ] {
            assert_eq!(schedule(bad, LIMITS).unwrap_err().code, RefusalCode::Plan);
        }
    }

    proptest! {
        #[test]
        fn instalments_add_up_exactly(balance in 1i64..1_000_000_000, percent in 10i64..100, n in 1i64..25) {
            let down = Cents((balance * percent + 99) / 100);
            let terms = PlanTerms { balance: Cents(balance), down, n_instalments: n, first_due_on: d("2026-01-31") };
            let rows = schedule(terms, LIMITS).unwrap();
            prop_assert_eq!(rows.iter().map(|r| r.amount.0).sum::<i64>(), balance);
            prop_assert!(rows.windows(2).all(|w| w[0].due_on < w[1].due_on));
        }
    }
}
