//! Working a case: open it, gather what the gates look at, take a step, record parties, visits, notes and holds.
//!
//! Evidence files and packets are in `case_evidence`, money and letters in `case_money`.

use std::path::PathBuf;

use crate::cases::gate::{self, CaseFacts, InspectionFact, NoticeFact, RequestFacts};
use crate::cases::plan::{self, Instalment, PlanState};
use crate::cases::refusal::{Refusal, RefusalCode};
use crate::cases::{calendar, machine};
use crate::model::date::CivilDate;
use crate::model::domain;
use crate::model::money::Cents;
use crate::store::case_work::{self, InspectionRow};
use crate::store::cases::{CaseRow, PartyRow};
use crate::store::holds::{self, HoldRow, NoteRow};
use crate::store::{self, Authorship, Db, Tx, Writer};

pub use crate::cases::machine::Role;
pub use crate::cases::policy::{Dated, Policy, PolicyError};

/// What can go wrong at the desk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A rule forbids it.
    #[error("{0}")]
    Refused(Refusal),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A table that cannot be read.
    #[error("{what}")]
    Table {
        /// What is wrong with it.
        what: String,
    },
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::Refused(refusal)
    }
}

/// A refusal as an error.
pub(crate) fn refuse<T>(code: RefusalCode, message: impl Into<String>) -> Result<T, Error> {
    Err(Error::Refused(Refusal::new(code, message)))
}

/// Who works, on which day, under which policy, with which database.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Database file; evidence lies in a folder beside it.
    pub db: PathBuf,
    /// Policy.
    pub policy: Policy,
    /// The day on which things happen.
    pub today: CivilDate,
    /// Role of the person.
    pub role: Role,
    /// Actor, reason, clock.
    pub by: Authorship,
}

impl Desk {
    /// Runs `work` in one audited transaction.
    ///
    /// # Errors
    /// What `work` returns; nothing is changed then.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>) -> Result<T, Error> {
        Writer::open(&self.db)?.with(&self.by, work)
    }

    pub(crate) fn day(&self) -> String {
        self.today.to_string()
    }
}

/// A code of a list, in the table's spelling.
pub(crate) fn coded(list: &str, text: &str) -> Result<String, Error> {
    match domain::find(list, text) {
        Some(found) => Ok(found.code.to_owned()),
        None => refuse(RefusalCode::Code, format!("{text} is not a {list}; one of {}", domain::codes(list).join(" "))),
    }
}

/// A case, or the refusal that there is none.
///
/// # Errors
/// `E_NOT_FOUND`, or a database failure.
pub fn case(db: &impl Db, case_no: &str) -> Result<CaseRow, Error> {
    match store::cases::find(db, case_no)? {
        Some(case) => Ok(case),
        None => refuse(RefusalCode::NotFound, format!("there is no case {case_no}")),
    }
}

/// What a new case is about.
#[derive(Debug, Clone, Default)]
pub struct NewCase {
    /// Premise number.
    pub premise_no: Option<String>,
    /// Parcel number.
    pub parcel_no: Option<String>,
    /// Place in words, when there is neither.
    pub place: Option<String>,
    /// Suspected violation.
    pub violation: Option<String>,
    /// Day of the violation.
    pub violation_on: Option<CivilDate>,
    /// Signal or report.
    pub source: Option<String>,
    /// Customer class.
    pub class: String,
}

/// Opens a case and returns its number.
///
/// # Errors
/// `E_DUPLICATE_CASE`, `E_CODE`, `E_NOT_FOUND`, `E_FUTURE_TIME`, or a failure.
pub fn open(desk: &Desk, new: &NewCase) -> Result<String, Error> {
    let violation_type = new.violation.as_deref().map(|v| coded("violation_type", v)).transpose()?;
    let violation_on = new.violation_on.unwrap_or(desk.today);
    if violation_on > desk.today {
        return refuse(RefusalCode::FutureTime, format!("the violation of {violation_on} lies in the future"));
    }
    desk.with(|tx| {
        let mut case = CaseRow {
            status: machine::case().initial.clone(),
            violation_type,
            premise_no: new.premise_no.clone(),
            parcel_no: new.parcel_no.clone(),
            place: new.place.clone().unwrap_or_default(),
            customer_class: new.class.clone(),
            violation_on: violation_on.to_string(),
            opened_on: desk.day(),
            ..CaseRow::default()
        };
        if let Some(premise_no) = &new.premise_no {
            let Some(premise) = store::cases::premise(tx, premise_no)? else {
                return refuse(RefusalCode::NotFound, format!("there is no premise {premise_no}"));
            };
            case.premise_id = Some(premise.premise_id);
            case.place = premise.service_address;
            case.parcel_id = store::cases::accepted_parcel(tx, premise.premise_id)?;
        }
        if let Some(parcel_no) = &new.parcel_no {
            let Some(parcel_id) = store::cases::parcel(tx, parcel_no)? else {
                return refuse(RefusalCode::NotFound, format!("there is no parcel {parcel_no}"));
            };
            case.parcel_id = Some(parcel_id);
        }
        no_duplicate(tx, &case)?;
        case.case_no = store::cases::next_no(tx, "IC", desk.today.as_jiff().year())?;
        case.case_id = store::cases::insert(tx, &case)?;
        if let Some(source) = &new.source {
            store::cases::add_source(tx, &case, source, &desk.day())?;
        }
        Ok(case.case_no)
    })
}

fn open_duplicates(db: &impl Db, case: &CaseRow) -> Result<Vec<String>, Error> {
    if case.premise_id.is_none() || case.violation_type.is_none() {
        return Ok(Vec::new());
    }
    let others = store::cases::related(db, case)?;
    Ok(others
        .into_iter()
        .filter(|o| o.closed_on.is_none() && o.premise_id == case.premise_id && o.violation_type == case.violation_type)
        .map(|o| o.case_no)
        .collect())
}

fn no_duplicate(db: &impl Db, case: &CaseRow) -> Result<(), Error> {
    match open_duplicates(db, case)?.first() {
        None => Ok(()),
        Some(other) => {
            refuse(RefusalCode::DuplicateCase, format!("case {other} is open for the same premise and violation"))
        }
    }
}

/// Everything the gates look at.
///
/// # Errors
/// When the database cannot be read or the policy lacks a value.
pub fn facts(desk: &Desk, db: &impl Db, case: &CaseRow, request: RequestFacts) -> Result<CaseFacts, Error> {
    let id = case.case_id;
    let visits = case_work::inspections(db, id)?;
    let evidence = case_work::evidence(db, id)?;
    let notes = holds::notes(db, "case", &case.case_no)?;
    let parties = store::cases::parties(db, id)?;
    let charges = case_work::charges(db, id)?;
    let plan_state = plan_state(desk, db, id)?;
    let live = live_holds(db, case)?;
    let of_kind = |kind: &str| evidence.iter().filter(|e| e.kind == kind).count();
    let owner = parties.iter().any(|p| p.role == "owner_at_violation");
    Ok(CaseFacts {
        status: case.status.clone(),
        today: Some(desk.today),
        violation: case.violation_type.clone(),
        n_sources: store::cases::sources(db, id)?.len(),
        has_location: case.premise_id.is_some() || case.parcel_id.is_some() || !case.place.is_empty(),
        open_duplicates: open_duplicates(db, case)?,
        are_hazards_reviewed: case.hazards.is_some(),
        is_hazard: case.is_hazard,
        inspections: visits.iter().map(inspection_fact).collect(),
        n_photos: of_kind("photo"),
        n_source_proofs: of_kind("source_proof"),
        has_supervisor_note: notes.iter().any(|n| n.role == Role::Supervisor.as_str()),
        has_accepted_link: match case.premise_id {
            Some(premise) => store::cases::accepted_parcel(db, premise)?.is_some_and(|p| case.parcel_id == Some(p)),
            None => case.parcel_id.is_some(),
        },
        has_owner_at_violation: owner,
        has_mailing_address: !case.is_owner_research
            && parties.iter().any(|p| p.role == "owner_at_violation" && p.mailing.is_some()),
        has_liability_basis: parties.iter().any(|p| p.is_liable && !p.basis.is_empty()),
        has_use_period: case.use_from.is_some() && case.use_basis.is_some(),
        has_estimate: case.estimate_json.is_some(),
        n_charges: charges.len(),
        n_charges_without_authority: charges.iter().filter(|c| c.authority.is_empty()).count(),
        notice: notice_fact(desk, db, id)?,
        is_dispute_open: case.status == "disputed" || live.iter().any(|h| h.hold_type == "dispute"),
        holds: live
            .iter()
            .filter(|h| h.hold_type != "dispute")
            .map(|h| format!("{} on {} {}: {}", h.hold_type, h.scope_kind, h.scope_key, h.basis))
            .collect(),
        has_plan: plan_state.is_some(),
        is_plan_in_default: matches!(plan_state, Some(PlanState::Default(_))),
        balance: balance(db, id)?,
        is_condition_removed: case.condition_removed_on.is_some(),
        has_sealed_packet: case_work::has_packet(db, id)?,
        request,
    })
}

fn inspection_fact(row: &InspectionRow) -> InspectionFact {
    InspectionFact {
        finding: row.finding.clone(),
        meter_no_seen: row.meter_no_seen.clone(),
        reading_seen: row.reading_seen,
        is_meter_absent: row.is_meter_absent,
        indicators: row.indicators.split_whitespace().map(str::to_owned).collect(),
    }
}

/// Live holds on the case and its premise.
pub(crate) fn live_holds(db: &impl Db, case: &CaseRow) -> Result<Vec<HoldRow>, Error> {
    let mut scopes = vec![("case", case.case_no.clone())];
    scopes.extend(case.premise_no.iter().map(|p| ("premise", p.clone())));
    Ok(holds::live(db, &scopes)?)
}

fn notice_fact(desk: &Desk, db: &impl Db, case_id: i64) -> Result<Option<NoticeFact>, Error> {
    let Some(notice) = case_work::last_notice(db, case_id)? else {
        return Ok(None);
    };
    let day = CivilDate::parse(&notice.issued_on).unwrap_or(desk.today);
    let wanted = desk.policy.recipients_on(&notice.template, day)?;
    let recipients = &notice.recipients;
    let is_sent = |kind: &str| recipients.iter().any(|r| r.address_kind == kind);
    Ok(Some(NoticeFact {
        respond_by: CivilDate::parse(&notice.respond_by).unwrap_or(desk.today),
        has_dispute_text: notice.has_dispute_text,
        recipients_missing: wanted.kinds.iter().map(|k| k.as_ref().clone()).filter(|k| !is_sent(k)).collect(),
        recipients_unproven: recipients.iter().filter(|r| r.proof.is_none()).map(|r| r.address_kind.clone()).collect(),
    }))
}

/// What is owed: live charges less payments.
///
/// # Errors
/// When the database cannot be read.
pub fn balance(db: &impl Db, case_id: i64) -> Result<Cents, Error> {
    let charged: i64 = case_work::charges(db, case_id)?.iter().map(|c| c.amount_cents).sum();
    Ok(Cents(charged - case_work::paid_cents(db, case_id)?))
}

/// How the live agreement stands; `None` without one.
///
/// # Errors
/// When the database cannot be read or the policy lacks a value.
pub fn plan_state(desk: &Desk, db: &impl Db, case_id: i64) -> Result<Option<PlanState>, Error> {
    let Some((paid_before, rows)) = case_work::plan(db, case_id)? else {
        return Ok(None);
    };
    let paid = Cents(case_work::paid_cents(db, case_id)? - paid_before);
    let rows: Vec<Instalment> = rows
        .iter()
        .filter_map(|(due, cents)| CivilDate::parse(due).map(|due_on| Instalment { due_on, amount: Cents(*cents) }))
        .collect();
    let grace = desk.policy.integer("plan_grace_days", desk.today)?;
    let missed = desk.policy.integer("plan_missed_max", desk.today)?;
    Ok(Some(plan::state(&rows, paid, desk.today, grace, missed)))
}

/// Takes a step; returns the state before.
///
/// # Errors
/// Every refusal of [`gate::advance`], or a failure.
pub fn advance(desk: &Desk, case_no: &str, to: &str, request: RequestFacts) -> Result<String, Error> {
    if request.dispute_received_on.is_some_and(|day| day > desk.today) {
        return refuse(RefusalCode::FutureTime, "the dispute cannot arrive in the future");
    }
    desk.with(|tx| {
        let before = case(tx, case_no)?;
        if let Some(other) = &request.duplicate_of {
            case(tx, other)?;
        }
        if let Some(decision) = &request.decision_document
            && !case_work::evidence(tx, before.case_id)?.iter().any(|e| &e.evidence_no == decision)
        {
            return refuse(RefusalCode::NotFound, format!("the case has no evidence {decision}"));
        }
        let facts = facts(desk, tx, &before, request.clone())?;
        gate::advance(&facts, to, desk.role)?;
        let mut after = CaseRow { status: to.to_owned(), ..before.clone() };
        let is_closed = machine::case().is_terminal(to);
        after.closed_on = is_closed.then(|| desk.day());
        if before.closed_on.is_some() && !is_closed {
            no_duplicate(tx, &after)?;
        }
        if to == "disputed" {
            put_hold(desk, tx, ("case", case_no), "dispute", None)?;
        }
        if before.status == "disputed" {
            holds::release(tx, ("case", case_no), Some("dispute"), &desk.day())?;
        }
        if let Some(signal) = &request.new_signal {
            store::cases::add_source(tx, &after, signal, &desk.day())?;
        }
        store::cases::update(tx, "advance", &before, &after)?;
        Ok(before.status)
    })
}

/// The steps from here and what each one lacks; nothing is changed.
///
/// # Errors
/// When the database cannot be read.
pub fn next_steps(desk: &Desk, db: &impl Db, case: &CaseRow) -> Result<Vec<(String, Vec<String>)>, Error> {
    let facts = facts(desk, db, case, RequestFacts::default())?;
    Ok(machine::case()
        .steps_from(&case.status)
        .map(|t| (t.to.clone(), t.evidence.iter().filter(|c| gate::lacks(&facts, c).is_some()).cloned().collect()))
        .collect())
}

/// Changes a case in place with a function of the row.
pub(crate) fn change(
    desk: &Desk,
    case_no: &str,
    action: &str,
    work: impl FnOnce(&mut Tx<'_>, &mut CaseRow) -> Result<(), Error>,
) -> Result<(), Error> {
    desk.with(|tx| {
        let before = case(tx, case_no)?;
        if before.closed_on.is_some() {
            return refuse(RefusalCode::Closed, format!("case {case_no} is closed; reopen it with a new signal"));
        }
        let mut after = before.clone();
        work(tx, &mut after)?;
        if after != before {
            store::cases::update(tx, action, &before, &after)?;
        }
        Ok(())
    })
}

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
}

/// Adds a note to a case.
///
/// # Errors
/// `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn note_case(desk: &Desk, case_no: &str, note: &CaseNote) -> Result<(), Error> {
    change(desk, case_no, "note", |tx, case| {
        if let Some(source) = &note.source {
            store::cases::add_source(tx, case, source, &desk.day())?;
        }
        if note.hazards.is_some() {
            case.hazards.clone_from(&note.hazards);
        }
        case.is_hazard |= note.is_hazard;
        let kind = if note.hazards.is_some() { "hazards" } else { "note" };
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
    };
    Ok(holds::add_note(tx, &row)?)
}

/// Adds a note of a call or visit to a premise, an owner or a case.
///
/// # Errors
/// When the database cannot be written.
pub fn note(desk: &Desk, scope: (&str, &str), kind: &str, text: &str) -> Result<(), Error> {
    desk.with(|tx| put_note(desk, tx, scope, kind, text))
}

fn put_hold(
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
/// `E_CODE`, or a failure.
pub fn hold(desk: &Desk, scope: (&str, &str), hold_type: &str, review_on: Option<CivilDate>) -> Result<i64, Error> {
    let hold_type = coded("hold_type", hold_type)?;
    desk.with(|tx| put_hold(desk, tx, scope, &hold_type, review_on))
}

/// Releases holds of a scope; returns how many.
///
/// # Errors
/// `E_NOT_FOUND` when there is none, or a failure.
pub fn release(desk: &Desk, scope: (&str, &str), hold_type: Option<&str>) -> Result<usize, Error> {
    desk.with(|tx| {
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

/// Records a visit.
///
/// # Errors
/// `E_CODE`, `E_FUTURE_TIME`, `E_DUPLICATE_CASE`, `E_CLOSED`, `E_NOT_FOUND`, or a failure.
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
        if violation.is_some() {
            case.violation_type.clone_from(&violation);
            no_duplicate(tx, case)?;
        }
        if visit.is_condition_removed {
            case.condition_removed_on = Some(desk.day());
        }
        Ok(case_work::add_inspection(tx, case, &row)?)
    })
}

/// Adds a party with its basis.
///
/// # Errors
/// `E_NO_BASIS`, `E_CODE`, `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn party(desk: &Desk, case_no: &str, party: &PartyRow) -> Result<(), Error> {
    let party = PartyRow { role: coded("party_role", &party.role)?, ..party.clone() };
    if party.basis.trim().is_empty() {
        return refuse(RefusalCode::NoBasis, "a party needs its basis (--basis)");
    }
    change(desk, case_no, "party", |tx, case| {
        if party.mailing.is_some() && party.role == "owner_at_violation" {
            case.is_owner_research = false;
        }
        Ok(store::cases::put_party(tx, case, &party)?)
    })
}

/// Takes the owner on the violation date and today's owner from the roll and deeds; a later owner is flagged as innocent successor.
/// Returns the parties it recorded.
///
/// # Errors
/// `E_NOT_FOUND` when the parcel or its owner on that day is not known, or a failure.
pub fn parties_from_roll(desk: &Desk, case_no: &str) -> Result<Vec<PartyRow>, Error> {
    let mut found = Vec::new();
    change(desk, case_no, "party", |tx, case| {
        if let (None, Some(premise)) = (case.parcel_id, case.premise_id) {
            case.parcel_id = store::cases::accepted_parcel(tx, premise)?;
        }
        let Some(parcel_id) = case.parcel_id else {
            return refuse(RefusalCode::NotFound, "the case has no accepted parcel; run `match review`");
        };
        let then = store::cases::owners_on(tx, parcel_id, &case.violation_on)?;
        if then.is_empty() {
            return refuse(RefusalCode::NotFound, format!("no owner of the parcel is known for {}", case.violation_on));
        }
        let now = store::cases::owners_on(tx, parcel_id, &desk.day())?;
        for (role, owners) in [("owner_at_violation", &then), ("current_owner", &now)] {
            for owner in owners {
                let is_new = role == "current_owner" && !then.iter().any(|t| t.owner_line == owner.owner_line);
                let until = owner.valid_to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
                let row = PartyRow {
                    role: role.to_owned(),
                    name: owner.owner_line.clone(),
                    mailing: owner.mailing.clone(),
                    basis: format!("{}, from {}{until}", owner.basis, owner.valid_from),
                    is_liable: false,
                    is_innocent_successor: is_new,
                };
                store::cases::put_party(tx, case, &row)?;
                found.push(row);
            }
        }
        case.is_owner_research = !then.iter().any(|o| o.mailing.is_some());
        Ok(())
    })?;
    Ok(found)
}

/// What a person states with a step, with reason and signal filled in.
pub fn request(reason: Option<String>, new_signal: Option<String>) -> RequestFacts {
    RequestFacts { reason, new_signal, ..RequestFacts::default() }
}
