//! Working a case: open it, gather what the gates look at, take a step.
//!
//! Notes, holds and visits are in `case_record`, parties in `case_party`, files in `case_evidence`, money in `case_money`,
//! letters in `case_letter`, what is shown and sealed in `case_dossier`.

use std::path::PathBuf;

use crate::cases::gate::{self, CaseFacts, InspectionFact, NoticeFact, RequestFacts};
use crate::cases::machine;
use crate::cases::plan::{self, Instalment, PlanState};
use crate::cases::refusal::Refusal;
use crate::model::date::CivilDate;
use crate::model::domain;
use crate::model::money::Cents;
use crate::store::case_work::{self, InspectionRow};
use crate::store::cases::{CaseRow, StepRow};
use crate::store::holds::{self, HoldRow};
use crate::store::{self, Authorship, Db, Tx, Writer, case_notice, case_party};

use super::{case_letter, case_record, checklist};

pub use crate::cases::machine::Role;
pub use crate::cases::policy::{Dated, Policy, PolicyError};
pub use crate::cases::refusal::RefusalCode;

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
    /// The version of the case that the person saw; another one is refused.
    pub expected_version: Option<i64>,
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
        if !case.has_place() {
            return refuse(
                RefusalCode::NotFound,
                "a case needs a premise, a parcel or a place (--premise, --parcel, --place)",
            );
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

/// Refuses a second open case for the same premise and violation.
pub(crate) fn no_duplicate(db: &impl Db, case: &CaseRow) -> Result<(), Error> {
    match store::cases::open_duplicates(db, case)?.first() {
        None => Ok(()),
        Some(other) => {
            refuse(RefusalCode::DuplicateCase, format!("case {other} is open for the same premise and violation"))
        }
    }
}

/// What was on record when the present round of a case began: a reopened case, or one sent out again, needs new findings.
#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    inspection: i64,
    evidence: i64,
    packet: i64,
}

/// The step that reopened a case last.
pub(super) fn reopening(steps: &[StepRow]) -> Option<&StepRow> {
    steps.iter().rev().find(|s| machine::case().is_terminal(&s.from_status))
}

fn marks(steps: &[StepRow]) -> Marks {
    let reopened = reopening(steps);
    let again = steps.iter().rev().find(|s| s.from_status == "inconclusive" && s.to_status == "field_check_ordered");
    let of = |step: Option<&StepRow>, mark: fn(&StepRow) -> i64| step.map_or(0, mark);
    Marks {
        inspection: of(reopened, |s| s.inspection_mark).max(of(again, |s| s.inspection_mark)),
        evidence: of(reopened, |s| s.evidence_mark),
        // A packet must hold the last step too.
        packet: of(steps.last(), |s| s.packet_mark),
    }
}

/// Everything the gates look at.
///
/// # Errors
/// When the database cannot be read or the policy lacks a value.
pub fn facts(desk: &Desk, db: &impl Db, case: &CaseRow, request: RequestFacts) -> Result<CaseFacts, Error> {
    let id = case.case_id;
    let steps = store::cases::steps(db, id)?;
    let since = marks(&steps);
    // A word from before a reopening does not serve the new round.
    let note_from = reopening(&steps).map_or("", |s| s.stepped_on.as_str());
    let visits = case_work::inspections(db, id)?;
    let evidence = case_work::evidence(db, id)?;
    let notes = holds::notes(db, "case", &case.case_no)?;
    let charges = case_work::charges(db, id)?;
    let plan_state = plan_state(desk, db, id)?;
    let live = live_holds(db, case)?;
    let of_kind = |kind: &str| evidence.iter().filter(|e| e.kind == kind && e.evidence_id > since.evidence).count();
    let mut facts = CaseFacts {
        status: case.status.clone(),
        today: Some(desk.today),
        violation: case.violation_type.clone(),
        n_sources: store::cases::sources(db, id)?.len(),
        has_location: case.has_place(),
        open_duplicates: store::cases::open_duplicates(db, case)?,
        are_hazards_reviewed: case.hazards.is_some(),
        is_hazard: case.is_hazard,
        inspections: visits.iter().filter(|v| v.inspection_id > since.inspection).map(inspection_fact).collect(),
        n_photos: of_kind("photo"),
        n_source_proofs: of_kind("source_proof"),
        has_supervisor_note: notes
            .iter()
            .filter(|n| n.role == Role::Supervisor.as_str() && n.note_kind == case_record::ONE_IS_ENOUGH)
            .any(|n| n.noted_on.as_str() >= note_from),
        has_use_period: case.use_from.is_some() && case.use_basis.is_some(),
        has_estimate: case.estimate_json.is_some(),
        n_charges: charges.len(),
        n_charges_without_authority: charges.iter().filter(|c| c.authority.is_empty()).count(),
        notice: notice_fact(desk, db, id)?,
        is_dispute_open: case.status == "disputed" || live.iter().any(|h| h.hold_type == "dispute"),
        holds: live.iter().filter(|h| h.hold_type != "dispute").map(hold_words).collect(),
        has_plan: plan_state.is_some(),
        is_plan_in_default: matches!(plan_state, Some(PlanState::Default(_))),
        balance: balance(db, id)?,
        is_condition_removed: case.condition_removed_on.is_some(),
        has_sealed_packet: case_work::packets(db, id)?.iter().any(|(packet, _, _)| *packet > since.packet),
        request,
        ..CaseFacts::default()
    };
    owner_facts(db, case, &mut facts)?;
    facts.research_open = Some(checklist::open(desk, db, case)?);
    Ok(facts)
}

fn owner_facts(db: &impl Db, case: &CaseRow, facts: &mut CaseFacts) -> Result<(), Error> {
    let parties = case_party::list(db, case.case_id)?;
    let is_withheld = case_party::is_withheld(db, case)?;
    facts.has_accepted_link = match case.premise_id {
        Some(premise) => store::cases::accepted_parcel(db, premise)?.is_some_and(|p| case.parcel_id == Some(p)),
        None => case.parcel_id.is_some(),
    };
    facts.has_owner_at_violation = parties.iter().any(|p| p.role == "owner_at_violation");
    // A withheld owner is written to through an agent.
    let written_to = if is_withheld { "agent" } else { "owner_at_violation" };
    facts.has_mailing_address =
        !case.is_owner_research && parties.iter().any(|p| p.role == written_to && p.mailing.is_some());
    facts.has_liability_basis = parties.iter().any(|p| p.is_liable && !p.liability_basis.trim().is_empty());
    Ok(())
}

/// A hold in words.
pub(crate) fn hold_words(h: &HoldRow) -> String {
    format!("{} on {} {}, review {}: {}", h.hold_type, h.scope_kind, h.scope_key, h.review_on, h.basis)
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

/// Everything a hold on which stops a case: itself, its premise, the taps that feed the premise.
///
/// # Errors
/// When the database cannot be read.
pub fn hold_scopes(db: &impl Db, case: &CaseRow) -> Result<Vec<(&'static str, String)>, Error> {
    let mut scopes = vec![("case", case.case_no.clone())];
    scopes.extend(case.premise_no.iter().map(|p| ("premise", p.clone())));
    if let Some(premise_id) = case.premise_id {
        scopes.extend(store::cases::taps_of(db, premise_id)?.into_iter().map(|t| ("tap", t)));
    }
    Ok(scopes)
}

/// Live holds on the case, its premise and the premise's taps.
pub(crate) fn live_holds(db: &impl Db, case: &CaseRow) -> Result<Vec<HoldRow>, Error> {
    Ok(holds::live(db, &hold_scopes(db, case)?)?)
}

fn notice_fact(desk: &Desk, db: &impl Db, case_id: i64) -> Result<Option<NoticeFact>, Error> {
    let Some(notice) = case_notice::last(db, case_id)? else {
        return Ok(None);
    };
    let day = CivilDate::parse(&notice.issued_on).unwrap_or(desk.today);
    let wanted = case_letter::demanded(desk, db, case_id, (&notice.template, day))?;
    let recipients = &notice.recipients;
    let is_sent = |kind: &str| recipients.iter().any(|r| r.address_kind == kind);
    Ok(Some(NoticeFact {
        respond_by: CivilDate::parse(&notice.respond_by).unwrap_or(desk.today),
        has_dispute_text: notice.has_dispute_text,
        recipients_missing: wanted.into_iter().filter(|k| !is_sent(k)).collect(),
        recipients_unproven: recipients.iter().filter(|r| r.proof.is_none()).map(|r| r.address_kind.clone()).collect(),
        is_current: notice.charge_line_id_max == case_work::charge_mark(db, case_id)?,
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

/// How the live agreement stands on the desk's day; `None` without one.
///
/// # Errors
/// When the database cannot be read or the policy lacks a value.
pub fn plan_state(desk: &Desk, db: &impl Db, case_id: i64) -> Result<Option<PlanState>, Error> {
    let Some(live) = case_work::plan(db, case_id)? else {
        return Ok(None);
    };
    let paid = Cents(case_work::paid_cents(db, case_id)? - live.paid_before_cents);
    let rows: Vec<Instalment> = live
        .rows
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
        seen(desk, &before)?;
        check_request(tx, &before, &request)?;
        let facts = facts(desk, tx, &before, request.clone())?;
        gate::advance(&facts, to, desk.role)?;
        let mut after = CaseRow { status: to.to_owned(), ..before.clone() };
        let is_closed = machine::case().is_terminal(to);
        after.closed_on = is_closed.then(|| desk.day());
        if before.closed_on.is_some() && !is_closed {
            no_duplicate(tx, &after)?;
            reopen(desk, tx, &mut after)?;
        }
        if to == "disputed" {
            case_record::put_hold(desk, tx, ("case", case_no), "dispute", None)?;
        }
        if before.status == "disputed" {
            holds::release(tx, ("case", case_no), Some("dispute"), &desk.day())?;
        }
        if let Some(signal) = &request.new_signal {
            store::cases::add_source(tx, &after, signal, &desk.day())?;
        }
        store::cases::update(tx, "advance", &before, &after)?;
        store::cases::add_step(tx, before.case_id, &step_row(desk, &before.status, to, &request))?;
        Ok(before.status)
    })
}

fn step_row(desk: &Desk, from: &str, to: &str, request: &RequestFacts) -> StepRow {
    let received = request.dispute_received_on.map(|d| d.to_string());
    let stated: Vec<String> = [
        ("record", &request.record_citation),
        ("duplicate of", &request.duplicate_of),
        ("received on", &received),
        ("decision", &request.decision_document),
        ("authority", &request.write_off_authority),
        ("new signal", &request.new_signal),
    ]
    .iter()
    .filter_map(|(what, value)| value.as_ref().map(|v| format!("{what} {v}")))
    .collect();
    StepRow {
        from_status: from.to_owned(),
        to_status: to.to_owned(),
        stepped_on: desk.day(),
        actor: desk.by.actor.clone(),
        role: desk.role.as_str().to_owned(),
        reason: desk.by.reason.clone(),
        stated: stated.join("; "),
        ..StepRow::default()
    }
}

fn check_request(db: &impl Db, before: &CaseRow, request: &RequestFacts) -> Result<(), Error> {
    if let Some(other) = &request.duplicate_of {
        if other == &before.case_no {
            return refuse(RefusalCode::DuplicateCase, "a case is not a duplicate of itself");
        }
        case(db, other)?;
    }
    if let Some(decision) = &request.decision_document {
        let evidence = case_work::evidence(db, before.case_id)?;
        if !evidence.iter().any(|e| &e.evidence_no == decision && e.kind == "decision") {
            let message = format!("the case has no evidence {decision} of kind decision");
            return refuse(RefusalCode::NotFound, message);
        }
    }
    Ok(())
}

/// A reopened case starts anew: its old assessment, agreement and removal of the condition prove nothing about the new use.
fn reopen(desk: &Desk, tx: &mut Tx<'_>, case: &mut CaseRow) -> Result<(), Error> {
    case.condition_removed_on = None;
    case.hazards = None;
    case.is_hazard = false;
    case.use_from = None;
    case.use_to = None;
    case.use_basis = None;
    case.estimate_json = None;
    Ok(case_work::end_plan(tx, case, &desk.day())?)
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

/// Refuses when somebody has changed the case since the person looked at it.
fn seen(desk: &Desk, case: &CaseRow) -> Result<(), Error> {
    match desk.expected_version {
        Some(version) if version != case.row_version => {
            let message = format!("{} is at version {}, you saw version {version}", case.case_no, case.row_version);
            refuse(RefusalCode::RowVersion, message)
        }
        Some(_) | None => Ok(()),
    }
}

/// Changes an open case in place with a function of the row.
pub(crate) fn change(
    desk: &Desk,
    case_no: &str,
    action: &str,
    work: impl FnOnce(&mut Tx<'_>, &mut CaseRow) -> Result<(), Error>,
) -> Result<(), Error> {
    desk.with(|tx| {
        let before = case(tx, case_no)?;
        seen(desk, &before)?;
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

/// Refuses unless the case is in one of some states.
pub(crate) fn stage(case: &CaseRow, states: &[&str], what: &str) -> Result<(), Error> {
    if states.contains(&case.status.as_str()) {
        return Ok(());
    }
    let message = format!("{what} when a case is {}; {} is {}", states.join(" or "), case.case_no, case.status);
    refuse(RefusalCode::Stage, message)
}

/// What a person states with a step, with reason and signal filled in.
pub fn request(reason: Option<String>, new_signal: Option<String>) -> RequestFacts {
    RequestFacts { reason, new_signal, ..RequestFacts::default() }
}
