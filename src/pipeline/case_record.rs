//! What people write into a case: who works it, notes and calls, holds, visits.

use crate::cases::calendar;
use crate::cases::refusal::RefusalCode;
use crate::model::date::CivilDate;
use crate::store::case_work::{self, InspectionRow};
use crate::store::holds::{self, HoldRow, NoteRow};
use crate::store::{self, Db, Tx, removals};

use super::casework::{Desk, Error, Role, change, coded, no_duplicate, refuse, stage};

/// Gives a case to a person.
///
/// # Errors
/// `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn assign(desk: &Desk, case_no: &str, person: &str) -> Result<(), Error> {
    change(desk, case_no, "assign", |_, case| {
        case.assigned_to = Some(person.to_owned());
        Ok(())
    })
}

/// A note, and what it settles.
#[derive(Debug, Clone, Default)]
pub struct CaseNote {
    /// Text.
    pub text: String,
    /// Signal or report the case stands on.
    pub source: Option<String>,
    /// Hazards at the place; `none` is an answer.
    pub hazards: Option<String>,
    /// The situation is a danger.
    pub is_hazard: bool,
    /// A supervisor says why one indicator is enough to confirm.
    pub is_one_enough: bool,
}

/// Kind of the note by which a supervisor says that one indicator is enough.
pub const ONE_IS_ENOUGH: &str = "one_is_enough";

/// Adds a note to a case.
///
/// # Errors
/// `E_CLOSED`, `E_NOT_FOUND`, `E_ROLE`, or a failure.
pub fn note_case(desk: &Desk, case_no: &str, note: &CaseNote) -> Result<(), Error> {
    if note.is_one_enough && desk.role != Role::Supervisor {
        return refuse(RefusalCode::Role, "only a supervisor can say that one indicator is enough");
    }
    change(desk, case_no, "note", |tx, case| {
        if let Some(source) = &note.source {
            store::cases::add_source(tx, case, source, &desk.day())?;
        }
        if note.hazards.is_some() {
            case.hazards.clone_from(&note.hazards);
        }
        case.is_hazard |= note.is_hazard;
        let kind = match (note.is_one_enough, note.hazards.is_some()) {
            (true, _) => ONE_IS_ENOUGH,
            (false, true) => "hazards",
            (false, false) => "note",
        };
        put_note(desk, tx, ("case", case_no), kind, &note.text)
    })
}

/// Adds a note to a premise, owner or case inside a transaction.
fn put_note(desk: &Desk, tx: &mut Tx<'_>, scope: (&str, &str), kind: &str, text: &str) -> Result<(), Error> {
    let row = NoteRow {
        scope_kind: scope.0.to_owned(),
        scope_key: scope.1.to_owned(),
        noted_at: desk.by.at.0.clone(),
        author: desk.by.actor.clone(),
        role: desk.role.as_str().to_owned(),
        note_kind: kind.to_owned(),
        note: text.to_owned(),
        noted_on: desk.day(),
    };
    Ok(holds::add_note(tx, &row)?)
}

/// Adds a note of a call or visit to a premise, tap, order, case or owner.
///
/// # Errors
/// `E_NOT_FOUND`, `E_CODE`, or when the database cannot be written.
pub fn note(desk: &Desk, scope: (&str, &str), kind: &str, text: &str) -> Result<(), Error> {
    desk.with(|tx| {
        known_scope(tx, scope, true)?;
        put_note(desk, tx, scope, kind, text)
    })
}

/// Refuses a scope that is not there: a hold on a misspelt premise would stop nothing.
fn known_scope(db: &impl Db, (kind, key): (&str, &str), with_owners: bool) -> Result<(), Error> {
    let is_there = match kind {
        "case" => store::cases::find(db, key)?.is_some(),
        "premise" => store::cases::premise(db, key)?.is_some(),
        "tap" => removals::tap_id(db, key)?.is_some(),
        "order" => removals::find(db, key)?.is_some(),
        "owner" if with_owners => !key.trim().is_empty(),
        _ => {
            let more = if with_owners { ", order or owner" } else { " or order" };
            return refuse(RefusalCode::Code, format!("{kind} is not one of case, premise, tap{more}"));
        }
    };
    if is_there { Ok(()) } else { refuse(RefusalCode::NotFound, format!("there is no {kind} {key}")) }
}

/// Puts a hold inside a transaction.
pub(crate) fn put_hold(
    desk: &Desk,
    tx: &mut Tx<'_>,
    scope: (&str, &str),
    hold_type: &str,
    review_on: Option<CivilDate>,
) -> Result<i64, Error> {
    let days = desk.policy.integer("hold_review_days", desk.today)?;
    let review_on = review_on.or_else(|| calendar::plus_days(desk.today, days)).unwrap_or(desk.today);
    let row = HoldRow {
        hold_id: 0,
        scope_kind: scope.0.to_owned(),
        scope_key: scope.1.to_owned(),
        hold_type: hold_type.to_owned(),
        from_on: desk.day(),
        review_on: review_on.to_string(),
        released_on: None,
        basis: desk.by.reason.clone(),
    };
    Ok(holds::add(tx, &row)?)
}

/// Puts a hold on a case, premise, tap or order; the desk's reason is its basis.
///
/// # Errors
/// `E_CODE`, `E_NO_BASIS`, `E_NOT_FOUND`, `E_PERIOD`, or a failure.
pub fn hold(desk: &Desk, scope: (&str, &str), hold_type: &str, review_on: Option<CivilDate>) -> Result<i64, Error> {
    let hold_type = coded("hold_type", hold_type)?;
    if desk.by.reason.trim().is_empty() {
        return refuse(RefusalCode::NoBasis, "a hold needs its basis (--reason)");
    }
    if review_on.is_some_and(|day| day < desk.today) {
        return refuse(RefusalCode::Period, "the review of a hold cannot lie in the past");
    }
    desk.with(|tx| {
        known_scope(tx, scope, false)?;
        put_hold(desk, tx, scope, &hold_type, review_on)
    })
}

/// Releases holds of a scope; returns how many.
///
/// # Errors
/// `E_NOT_FOUND` when there is none, `E_NO_BASIS` without a reason, `E_OPEN_DISPUTE` for the hold of an undecided dispute.
pub fn release(desk: &Desk, scope: (&str, &str), hold_type: Option<&str>) -> Result<usize, Error> {
    if desk.by.reason.trim().is_empty() {
        return refuse(RefusalCode::NoBasis, "releasing a hold needs a reason (--reason)");
    }
    desk.with(|tx| {
        let is_disputed = scope.0 == "case"
            && store::cases::find(tx, scope.1)?.is_some_and(|c| c.status == "disputed")
            && hold_type.is_none_or(|t| t == "dispute");
        if is_disputed {
            return refuse(RefusalCode::OpenDispute, "the hold of a dispute ends with its decision (`case advance`)");
        }
        let n = holds::release(tx, scope, hold_type, &desk.day())?;
        if n == 0 {
            return refuse(RefusalCode::NotFound, format!("no live hold on {} {}", scope.0, scope.1));
        }
        Ok(n)
    })
}

/// What a visit found.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// Inspector, indicators, meter.
    pub row: InspectionRow,
    /// Violation type it established.
    pub violation: Option<String>,
    /// The illegal condition is gone since this visit.
    pub is_condition_removed: bool,
}

/// States in which the violation type may still change; afterwards charges and letters rest on it.
const BEFORE_CONFIRMED: &[&str] = &["suspected", "triaged", "field_check_ordered", "field_checked", "inconclusive"];

/// Records a visit.
///
/// # Errors
/// `E_CODE`, `E_FUTURE_TIME`, `E_DUPLICATE_CASE`, `E_STAGE`, `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn inspect(desk: &Desk, case_no: &str, visit: &Visit) -> Result<(), Error> {
    let mut row = visit.row.clone();
    row.finding = coded("finding", &row.finding)?;
    let codes: Result<Vec<String>, Error> = row.indicators.split_whitespace().map(|i| coded("indicator", i)).collect();
    row.indicators = codes?.join(" ");
    if row.inspected_at.get(..10).is_none_or(|day| CivilDate::parse(day).is_none_or(|d| d > desk.today)) {
        return refuse(
            RefusalCode::FutureTime,
            format!("the visit of {} lies in the future or is no time", row.inspected_at),
        );
    }
    let violation = visit.violation.as_deref().map(|v| coded("violation_type", v)).transpose()?;
    change(desk, case_no, "inspect", |tx, case| {
        if violation.is_some() && violation != case.violation_type {
            stage(case, BEFORE_CONFIRMED, "the violation type is set")?;
            case.violation_type.clone_from(&violation);
            no_duplicate(tx, case)?;
        }
        if visit.is_condition_removed {
            case.condition_removed_on = Some(row.inspected_at.get(..10).unwrap_or_default().to_owned());
        }
        Ok(case_work::add_inspection(tx, case, &row)?)
    })
}
