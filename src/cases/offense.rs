//! Which offense is this: earlier confirmed cases of the same premise or owner group inside the policy's look-back.

use super::calendar::plus_months;
use crate::model::date::CivilDate;

/// Whose earlier cases count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffenseScope {
    /// Cases at the same premise.
    Premise,
    /// Cases of the same owner group.
    OwnerGroup,
    /// Either.
    PremiseOrOwnerGroup,
}

impl OffenseScope {
    /// Reads the policy's word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "premise" => Some(Self::Premise),
            "owner_group" => Some(Self::OwnerGroup),
            "premise_or_owner_group" => Some(Self::PremiseOrOwnerGroup),
            _ => None,
        }
    }
}

/// An earlier confirmed case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierCase {
    /// Public number.
    pub case_no: String,
    /// Violation date.
    pub violation_on: CivilDate,
    /// Same premise as the case in hand.
    pub is_same_premise: bool,
    /// Same owner group, judged at the earlier violation date.
    pub is_same_owner_group: bool,
}

/// The offense number (1 is the first) and the earlier cases that count, oldest first.
pub fn offense_no(
    earlier: &[EarlierCase],
    violation_on: CivilDate,
    lookback_months: i64,
    scope: OffenseScope,
) -> (i64, Vec<String>) {
    let from = plus_months(violation_on, -lookback_months);
    let mut counted: Vec<&EarlierCase> = earlier
        .iter()
        .filter(|c| c.violation_on < violation_on && from.is_none_or(|from| c.violation_on >= from))
        .filter(|c| match scope {
            OffenseScope::Premise => c.is_same_premise,
            OffenseScope::OwnerGroup => c.is_same_owner_group,
            OffenseScope::PremiseOrOwnerGroup => c.is_same_premise || c.is_same_owner_group,
        })
        .collect();
    counted.sort_by(|a, b| (a.violation_on, &a.case_no).cmp(&(b.violation_on, &b.case_no)));
    let names: Vec<String> = counted.iter().map(|c| c.case_no.clone()).collect();
    (1 + i64::try_from(names.len()).unwrap_or(i64::MAX - 1), names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cases_inside_the_window_and_scope_count() {
        let d = |t| CivilDate::parse(t).unwrap();
        let case = |no: &str, on, premise, group| EarlierCase {
            case_no: no.into(),
            violation_on: d(on),
            is_same_premise: premise,
            is_same_owner_group: group,
        };
        let earlier = [
            case("IC-1", "2022-01-01", true, true),
            case("IC-2", "2024-05-01", true, false),
            case("IC-3", "2025-05-01", false, true),
            case("IC-4", "2026-03-01", true, true),
        ];
        let on = d("2026-03-01");
        assert_eq!(offense_no(&earlier, on, 36, OffenseScope::Premise).0, 2);
        assert_eq!(offense_no(&earlier, on, 36, OffenseScope::OwnerGroup).1, ["IC-3"]);
        assert_eq!(offense_no(&earlier, on, 36, OffenseScope::PremiseOrOwnerGroup).0, 3);
        assert_eq!(offense_no(&earlier, on, 120, OffenseScope::Premise).0, 3);
        assert_eq!(OffenseScope::parse("owner"), None);
    }
}
