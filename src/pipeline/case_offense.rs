//! Which offense a case is: earlier confirmed cases of the same premise or of the same owner group, inside the policy's look-back.

use crate::cases::calendar::plus_months;
use crate::cases::offense::{self, EarlierCase, OffenseScope};
use crate::model::date::CivilDate;
use crate::ownership::group::group;
use crate::ownership::roll::{RollEntry, collect_texts};
use crate::store::cases::CaseRow;
use crate::store::ownership::WITHHELD;
use crate::store::{self, Db, case_party};

use super::case_layer::street_and_zip;
use super::case_party::NAME_COLUMNS;
use super::casework::{Desk, Error};
use super::owner_groups::decisions_on;
use super::owner_rebuild::{load_texts, set_homes};

/// The offense number (1 is the first) and the earlier cases that count.
///
/// # Errors
/// When the policy lacks a value or the database cannot be read.
pub fn offense_no(desk: &Desk, db: &impl Db, case: &CaseRow, on: CivilDate) -> Result<(i64, Vec<String>), Error> {
    let months = desk.policy.integer("offense_lookback_months", on)?;
    let scope = OffenseScope::parse(desk.policy.word("offense_scope", on)?).unwrap_or(OffenseScope::Premise);
    let from = plus_months(on, -months).unwrap_or(on);
    let candidates = store::cases::confirmed_between(db, case, &from.to_string(), &on.to_string())?;
    let is_same_premise = |c: &CaseRow| c.premise_id.is_some() && c.premise_id == case.premise_id;
    let others: Vec<&CaseRow> = candidates.iter().filter(|c| !is_same_premise(c)).collect();
    let is_same_group = match scope {
        OffenseScope::Premise => vec![false; others.len()],
        OffenseScope::OwnerGroup | OffenseScope::PremiseOrOwnerGroup => same_group(db, case, &others)?,
    };
    let mut earlier = Vec::new();
    for c in candidates.iter().filter(|c| is_same_premise(c)) {
        let is_same_owner_group = same_group(db, case, &[c])? == [true];
        earlier.extend(earlier_case(c, true, is_same_owner_group));
    }
    for (c, is_group) in others.iter().zip(is_same_group) {
        earlier.extend(earlier_case(c, false, is_group));
    }
    Ok(offense::offense_no(&earlier, on, months, scope))
}

fn earlier_case(case: &CaseRow, is_same_premise: bool, is_same_owner_group: bool) -> Option<EarlierCase> {
    let violation_on = CivilDate::parse(&case.violation_on)?;
    Some(EarlierCase { case_no: case.case_no.clone(), violation_on, is_same_premise, is_same_owner_group })
}

/// An owner as a roll would have them: line, street lines of the mailing address, ZIP.
struct OwnerLine(String, String, String);

/// Owner at the violation of a case; `None` when not established or withheld.
fn owner_at_violation(db: &impl Db, case_id: i64) -> Result<Option<OwnerLine>, Error> {
    let parties = case_party::list(db, case_id)?;
    let owner = parties.into_iter().find(|p| p.role == "owner_at_violation" && p.name != WITHHELD);
    Ok(owner.map(|p| {
        let (street, zip) = street_and_zip(p.mailing.as_deref().unwrap_or_default());
        OwnerLine(p.name.replace(NAME_COLUMNS, "\n"), street, zip)
    }))
}

/// For each other case, whether its owner at the violation is of the same owner group as this case's: judged on the whole roll,
/// with the owners of the cases added, because an owner who has sold since no longer stands on it.
fn same_group(db: &impl Db, case: &CaseRow, others: &[&CaseRow]) -> Result<Vec<bool>, Error> {
    let Some(own) = owner_at_violation(db, case.case_id)? else {
        return Ok(vec![false; others.len()]);
    };
    let mut owners = Vec::new();
    for other in others {
        owners.push(owner_at_violation(db, other.case_id)?);
    }
    if owners.iter().all(Option::is_none) {
        return Ok(vec![false; others.len()]);
    }
    let mut texts = load_texts(db, None)?.texts;
    let parcels = texts.rows.ids.clone();
    for owner in std::iter::once(&own).chain(owners.iter().flatten()) {
        texts.add_row(RollEntry { owner: &owner.0, mailing: &owner.1, zip: &owner.2, ..RollEntry::default() });
    }
    let mut roll = collect_texts(texts);
    set_homes(db, &mut roll, |row| parcels.get(row).copied().unwrap_or(0))?;
    let decisions = decisions_on(db, &roll)?;
    let grouping = group(&roll, &decisions);
    let mut nodes = roll.node_of_row.iter().skip(parcels.len());
    let own_group = nodes.next().map(|n| grouping.group_of[*n as usize]);
    Ok(owners
        .iter()
        .map(|owner| {
            let group_of_other = owner.as_ref().and(nodes.next()).map(|n| grouping.group_of[*n as usize]);
            group_of_other.is_some() && group_of_other == own_group
        })
        .collect())
}
