//! Charges of a case from the fee schedule that was valid on the violation date, each line with its authority.

use std::collections::{BTreeMap, BTreeSet};

use super::estimate::Estimate;
use super::policy::{Dated, Fee, Policy};
use super::refusal::{Refusal, RefusalCode};
use crate::model::date::CivilDate;
use crate::model::money::Cents;

/// One line of an assessment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeLine {
    /// Fee code, or `water`.
    pub fee_code: String,
    /// Words for the letter.
    pub label: String,
    /// Ordinance.
    pub authority: String,
    /// Amount.
    pub amount: Cents,
    /// How it was computed; empty for a plain fee.
    pub method: String,
}

/// What is charged.
#[derive(Debug, Clone)]
pub struct ChargeInput<'a> {
    /// Violation type.
    pub violation: &'a str,
    /// Violation date.
    pub violation_on: CivilDate,
    /// Offense number, 1 is the first.
    pub offense_no: i64,
    /// Customer class of the water rate.
    pub class: &'a str,
    /// The chosen estimate.
    pub estimate: &'a Estimate,
    /// Fees asked for by code.
    pub on_request: &'a [String],
    /// Costs of fees at actual cost, by code.
    pub actual_costs: &'a BTreeMap<String, Cents>,
}

/// The lines, in the order of the schedule, water last.
///
/// # Errors
/// `E_NO_FEE` when no fee at all is valid or a requested one is not; `E_NO_COST` when an actual cost is missing.
pub fn charges(policy: &Policy, input: &ChargeInput<'_>) -> Result<Vec<ChargeLine>, Refusal> {
    let mut lines = Vec::new();
    let mut codes: BTreeSet<&str> = BTreeSet::new();
    for fee in &policy.fee {
        let is_asked = input.on_request.iter().any(|code| code == fee.code.as_ref());
        if (fee.is_on_request && !is_asked) || !codes.insert(fee.code.as_ref()) {
            continue;
        }
        if let Some(found) = best(policy, fee.code.as_ref(), input) {
            lines.push(line(found, input)?);
        }
    }
    let missing = input.on_request.iter().find(|code| !lines.iter().any(|l| &l.fee_code == *code));
    if lines.is_empty() || missing.is_some() {
        let what = missing.map_or("no fee".to_owned(), |code| format!("no fee {code}"));
        let message =
            format!("{what} for {} is valid on {}; see `taptrace policy at`", input.violation, input.violation_on);
        return Err(Refusal::new(RefusalCode::NoFee, message));
    }
    if let (Some(amount), Some(rate)) = (input.estimate.amount, policy.rate_on(input.class, input.violation_on)) {
        lines.push(ChargeLine {
            fee_code: "water".to_owned(),
            label: format!("Water, estimated by {}", input.estimate.method.replace('_', " ")),
            authority: rate.authority.as_ref().clone(),
            amount,
            method: input.estimate.explanation.clone(),
        });
    }
    Ok(lines)
}

/// The entry of a code for this violation, day and offense: the highest offense not above the case's.
fn best<'a>(policy: &'a Policy, code: &str, input: &ChargeInput<'_>) -> Option<&'a Fee> {
    policy
        .fee
        .iter()
        .filter(|f| f.code.as_ref() == code && f.is_valid_on(input.violation_on))
        .filter(|f| f.violations.is_empty() || f.violations.iter().any(|v| v.as_ref() == input.violation))
        .filter(|f| f.offense_no.is_none_or(|n| n <= input.offense_no))
        .max_by(|a, b| (a.offense_no, a.valid_from.as_ref()).cmp(&(b.offense_no, b.valid_from.as_ref())))
}

fn line(fee: &Fee, input: &ChargeInput<'_>) -> Result<ChargeLine, Refusal> {
    let code = fee.code.as_ref();
    let amount = match fee.amount_cents {
        Some(cents) => Cents(cents),
        None => *input.actual_costs.get(code).ok_or_else(|| {
            Refusal::new(RefusalCode::NoCost, format!("fee {code} is charged at actual cost; give the cost"))
        })?,
    };
    Ok(ChargeLine {
        fee_code: code.clone(),
        label: fee.label.clone(),
        authority: fee.authority.as_ref().clone(),
        amount,
        method: String::new(),
    })
}

/// Sum of the lines.
pub fn total(lines: &[ChargeLine]) -> Cents {
    Cents(lines.iter().map(|l| l.amount.0).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(
        violation: &str,
        on: &str,
        offense_no: i64,
        asked: &[&str],
        cost: Option<i64>,
    ) -> Result<Vec<ChargeLine>, RefusalCode> {
        let estimate =
            Estimate { method: "class_average", gallons: None, amount: Some(Cents(12_345)), explanation: "x".into() };
        let asked: Vec<String> = asked.iter().map(|s| (*s).to_owned()).collect();
        let costs = cost.map(|c| ("repair".to_owned(), Cents(c))).into_iter().collect();
        let input = ChargeInput {
            violation,
            violation_on: CivilDate::parse(on).unwrap(),
            offense_no,
            class: "residential",
            estimate: &estimate,
            on_request: &asked,
            actual_costs: &costs,
        };
        charges(&Policy::example(), &input).map_err(|r| r.code)
    }

    #[test]
    fn fees_follow_violation_offense_and_date() {
        let cents = |lines: &[ChargeLine]| lines.iter().map(|l| l.amount.0).collect::<Vec<_>>();
        assert_eq!(cents(&run("slip", "2025-03-01", 1, &[], None).unwrap()), [25_000, 4_000, 12_345]);
        assert_eq!(cents(&run("hydrant_use", "2025-03-01", 7, &[], None).unwrap()), [66_000, 12_345]);
        let with_repair = run("meter_bypass", "2025-03-01", 2, &["repair"], Some(9_999)).unwrap();
        assert_eq!(total(&with_repair), Cents(50_000 + 9_999 + 12_345));
        assert!(with_repair.iter().all(|l| !l.authority.is_empty()));
        assert_eq!(run("slip", "2019-03-01", 1, &[], None).unwrap_err(), RefusalCode::NoFee);
        assert_eq!(run("slip", "2025-03-01", 1, &["repair"], None).unwrap_err(), RefusalCode::NoFee);
        assert_eq!(run("meter_bypass", "2025-03-01", 1, &["repair"], None).unwrap_err(), RefusalCode::NoCost);
    }
}
