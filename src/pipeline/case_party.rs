//! Parties of a case: who owned the parcel on the violation date, who owns it now, who held the account; who is liable and why.

use crate::cases::refusal::RefusalCode;
use crate::model::date::CivilDate;
use crate::owner_name::Style;
use crate::ownership::interval::{Certainty, Fact, When};
use crate::ownership::name::link_name;
use crate::store::case_party::{self, HolderRow, PartyRow};
use crate::store::cases::CaseRow;
use crate::store::ownership::WITHHELD;
use crate::store::{self, Db, Tx};

use super::casework::{Desk, Error, change, coded, refuse};
use super::ownership::{self, AsOf};

/// A party as a person states it.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    /// `party_role` code.
    pub role: String,
    /// Name.
    pub name: String,
    /// Mailing address.
    pub mailing: Option<String>,
    /// Why this is the party.
    pub basis: Option<String>,
    /// Why this party is liable.
    pub liable: Option<String>,
    /// Came after the violation and had no part in it.
    pub innocent_successor: Option<bool>,
}

/// Adds a party, or says more about one that is there.
///
/// # Errors
/// `E_NO_BASIS`, `E_INNOCENT_SUCCESSOR`, `E_WITHHELD`, `E_CODE`, `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn state(desk: &Desk, case_no: &str, said: &Statement) -> Result<PartyRow, Error> {
    let role = coded("party_role", &said.role)?;
    if said.name.trim().is_empty() {
        return refuse(RefusalCode::NotFound, "a party needs a name (--name)");
    }
    if said.liable.as_ref().is_some_and(|basis| basis.trim().is_empty()) {
        return refuse(RefusalCode::NoBasis, "liability needs its basis, as an ordinance or a signed agreement");
    }
    let mut stated = PartyRow::default();
    change(desk, case_no, "party", |tx, case| {
        let known = case_party::list(tx, case.case_id)?.into_iter().find(|p| p.role == role && p.name == said.name);
        let is_withheld = case_party::is_withheld(tx, case)?;
        if known.is_none() && is_withheld && !matches!(role.as_str(), "agent" | "contractor") {
            return refuse(
                RefusalCode::Withheld,
                "the owner of this parcel is withheld by law; write through an agent (--party-role agent)",
            );
        }
        let before =
            known.unwrap_or_else(|| PartyRow { role: role.clone(), name: said.name.clone(), ..PartyRow::default() });
        let row = PartyRow {
            mailing: said.mailing.clone().or(before.mailing.clone()),
            basis: said.basis.clone().unwrap_or_else(|| before.basis.clone()),
            is_liable: before.is_liable || said.liable.is_some(),
            liability_basis: said.liable.clone().unwrap_or_else(|| before.liability_basis.clone()),
            is_innocent_successor: said.innocent_successor.unwrap_or(before.is_innocent_successor),
            ..before
        };
        if row.basis.trim().is_empty() {
            return refuse(RefusalCode::NoBasis, "a party needs its basis (--basis)");
        }
        if row.is_liable && row.is_innocent_successor {
            let message = format!("{} came after the violation; nobody pays for a predecessor's use", row.name);
            return refuse(RefusalCode::InnocentSuccessor, message);
        }
        let written_to = if is_withheld { "agent" } else { "owner_at_violation" };
        if said.mailing.is_some() && row.role == written_to {
            case.is_owner_research = false;
        }
        case_party::put(tx, case, &row)?;
        stated = row;
        Ok(())
    })?;
    Ok(stated)
}

/// Takes a party out of a case.
///
/// # Errors
/// `E_NOT_FOUND`, `E_CLOSED`, or a failure.
pub fn remove(desk: &Desk, case_no: &str, role: &str, name: &str) -> Result<(), Error> {
    let role = coded("party_role", role)?;
    change(desk, case_no, "party", |tx, case| match case_party::remove(tx, case, &role, name)? {
        true => Ok(()),
        false => refuse(RefusalCode::NotFound, format!("{case_no} has no {role} {name}")),
    })
}

/// Takes the owner on the violation date, today's owner and the account holder from deeds, roll and billing file; a later owner
/// is flagged as innocent successor. Returns the parties it recorded.
///
/// # Errors
/// `E_OWNER_UNKNOWN` when no single owner of that day is known, `E_NOT_FOUND` without a parcel, or a failure.
pub fn from_records(desk: &Desk, case_no: &str) -> Result<Vec<PartyRow>, Error> {
    let mut found = Vec::new();
    change(desk, case_no, "party", |tx, case| {
        if let Some(premise) = case.premise_id
            && let Some(parcel_id) = store::cases::accepted_parcel(tx, premise)?
        {
            case.parcel_id = Some(parcel_id);
        }
        let Some(parcel_id) = case.parcel_id else {
            return refuse(RefusalCode::NotFound, "the case has no accepted parcel; run `taptrace match review`");
        };
        let violation_on = CivilDate::parse(&case.violation_on).unwrap_or(desk.today);
        let then = one_owner(tx, parcel_id, violation_on)?;
        found = owners(desk, tx, parcel_id, &then)?;
        if let Some(premise) = case.premise_id {
            found.extend(case_party::holders_on(tx, premise, &case.violation_on)?.iter().map(holder));
        }
        forget_outdated(tx, case, &found)?;
        for row in &found {
            let kept =
                case_party::list(tx, case.case_id)?.into_iter().find(|p| p.role == row.role && p.name == row.name);
            let kept = kept.unwrap_or_default();
            let is_liable = kept.is_liable && !row.is_innocent_successor;
            let row = PartyRow { is_liable, liability_basis: kept.liability_basis, ..row.clone() };
            case_party::put(tx, case, &row)?;
        }
        let parties = case_party::list(tx, case.case_id)?;
        let written_to = if then.owner == WITHHELD { "agent" } else { "owner_at_violation" };
        case.is_owner_research = !parties.iter().any(|p| p.role == written_to && p.mailing.is_some());
        Ok(())
    })?;
    Ok(found)
}

/// Words that begin the basis of a party taken from records.
const RECORD_BASES: [&str; 3] = ["deed-certain", "roll-inferred", "account "];

/// Parties that an earlier look at the records gave and this one does not: a deed has come in since.
fn forget_outdated(tx: &mut Tx<'_>, case: &CaseRow, found: &[PartyRow]) -> Result<(), Error> {
    for old in case_party::list(tx, case.case_id)? {
        let is_from_records = RECORD_BASES.iter().any(|b| old.basis.starts_with(b));
        if is_from_records && !found.iter().any(|f| f.role == old.role && f.name == old.name) {
            case_party::remove(tx, case, &old.role, &old.name)?;
        }
    }
    Ok(())
}

/// The one owner of a parcel on a day.
fn one_owner(db: &impl Db, parcel_id: i64, day: CivilDate) -> Result<OwnerOnDay, Error> {
    let AsOf { answer, facts } = ownership::as_of_id(db, parcel_id, day, None)?;
    match (answer.certainty, facts.as_slice()) {
        (Certainty::DeedCertain | Certainty::RollInferred, [fact]) => Ok(OwnerOnDay {
            owner: fact.owner.clone(),
            basis: format!("{}: {}, {}", answer.certainty.as_str(), fact_words(fact), answer.why),
        }),
        (_, candidates) => {
            let names: Vec<&str> = candidates.iter().map(|f| f.owner.as_str()).collect();
            let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join("; ")) };
            let message = format!(
                "no single owner is known for {day}: {}{names}; enter the deed (`taptrace owner deed add`)",
                answer.why
            );
            refuse(RefusalCode::OwnerUnknown, message)
        }
    }
}

struct OwnerOnDay {
    owner: String,
    basis: String,
}

/// A fact about an owner in words: what it is and from when.
pub(crate) fn fact_words(fact: &Fact) -> String {
    let from = match fact.from {
        When::Day(day) => day.to_string(),
        When::Year(year) => year.to_string(),
    };
    let seen = match (fact.first_seen, fact.last_seen) {
        (Some(first), Some(last)) if first != last => format!(", on the rolls of {first} to {last}"),
        (Some(first), _) => format!(", on the roll of {first}"),
        (None, _) => String::new(),
    };
    format!("{} of {from} ({}){seen}", fact.basis.as_str(), fact.reference)
}

fn owners(desk: &Desk, tx: &mut Tx<'_>, parcel_id: i64, then: &OwnerOnDay) -> Result<Vec<PartyRow>, Error> {
    let key = |line: &str| link_name(line, &Style::default()).key;
    let mut rows = vec![PartyRow {
        role: "owner_at_violation".to_owned(),
        name: on_one_line(&then.owner),
        mailing: case_party::mailing_of(tx, parcel_id, &then.owner)?,
        basis: then.basis.clone(),
        ..PartyRow::default()
    }];
    let now = ownership::as_of_id(tx, parcel_id, desk.today, None)?;
    for fact in &now.facts {
        rows.push(PartyRow {
            role: "current_owner".to_owned(),
            name: on_one_line(&fact.owner),
            mailing: case_party::mailing_of(tx, parcel_id, &fact.owner)?,
            basis: format!("{}: {}, {}", now.answer.certainty.as_str(), fact_words(fact), now.answer.why),
            is_innocent_successor: key(&fact.owner) != key(&then.owner),
            ..PartyRow::default()
        });
    }
    Ok(rows)
}

/// The name columns of a roll, which the store keeps on lines of their own, on one line.
fn on_one_line(owner: &str) -> String {
    owner.replace('\n', NAME_COLUMNS)
}

/// Stands between the name columns of a roll in the name of a party.
pub(crate) const NAME_COLUMNS: &str = " / ";

fn holder(account: &HolderRow) -> PartyRow {
    let opened = account.opened_on.as_ref().map(|d| format!(", opened {d}")).unwrap_or_default();
    let closed = account.closed_on.as_ref().map(|d| format!(", closed {d}")).unwrap_or_default();
    PartyRow {
        role: "account_holder".to_owned(),
        name: account.holder_name.clone(),
        mailing: Some(account.mailing.clone().unwrap_or_else(|| account.service_address.clone())),
        basis: format!("account {}, {}{opened}{closed}", account.account_no, account.status),
        ..PartyRow::default()
    }
}
