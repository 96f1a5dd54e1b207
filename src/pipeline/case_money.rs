//! Money of a case: the four estimates, charges, payments, agreements.

use std::collections::BTreeMap;

use crate::cases::calendar;
use crate::cases::charge::{self, ChargeInput};
use crate::cases::estimate::{self, Estimate, EstimateInput, StartFacts, StartRule, UsePeriod};
use crate::cases::plan::{self, PlanLimits, PlanTerms};
use crate::cases::refusal::RefusalCode;
use crate::model::date::CivilDate;
use crate::model::money::{Cents, Gallons};
use crate::store::case_work::{self, ChargeRow};
use crate::store::cases::CaseRow;
use crate::store::{self, Db, Tx};

use super::case_offense;
use super::casework::{self, Desk, Error, refuse, stage};

/// What is to be charged.
#[derive(Debug, Clone, Default)]
pub struct Assessment {
    /// Start of use; by the policy's rule when not given.
    pub from: Option<CivilDate>,
    /// End of use; the violation date when not given.
    pub to: Option<CivilDate>,
    /// Last inspection before the violation that no case records.
    pub last_inspection: Option<CivilDate>,
    /// Certificate of occupancy of a new building.
    pub certificate_of_occupancy: Option<CivilDate>,
    /// Why the period starts before the last actual read.
    pub override_reason: Option<String>,
    /// Chosen method.
    pub method: Option<String>,
    /// Fees asked for by code.
    pub on_request: Vec<String>,
    /// Costs of fees at actual cost.
    pub actual_costs: BTreeMap<String, Cents>,
}

/// All four estimates and, when a method was chosen, the charges.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// Period and its basis.
    pub period: (CivilDate, CivilDate, String),
    /// The four methods.
    pub estimates: Vec<Estimate>,
    /// Offense number and the earlier cases that count.
    pub offense: (i64, Vec<String>),
    /// Posted lines.
    pub lines: Vec<ChargeRow>,
}

/// The four estimates side by side; nothing is changed.
///
/// # Errors
/// `E_PERIOD`, `E_START_BEFORE_READ`, `E_NO_POLICY`, `E_NOT_FOUND`, or a failure.
pub fn estimates(desk: &Desk, db: &impl Db, case_no: &str, wanted: &Assessment) -> Result<Assessed, Error> {
    let case = casework::case(db, case_no)?;
    let violation_on = CivilDate::parse(&case.violation_on).unwrap_or(desk.today);
    let (period, basis) = period(desk, db, &case, wanted, violation_on)?;
    let input = EstimateInput {
        period,
        own_history: history(desk, db, &case, (period.from, violation_on))?,
        metered: metered(db, &case, period)?,
        class: &case.customer_class,
        violation_on,
    };
    let estimates = estimate::estimates(&desk.policy, input)?;
    let offense = case_offense::offense_no(desk, db, &case, violation_on)?;
    Ok(Assessed { period: (period.from, period.to, basis), estimates, offense, lines: Vec::new() })
}

/// Posts the charges with the chosen estimate; the desk's reason is why the method was chosen.
///
/// # Errors
/// `E_STAGE`, `E_EVIDENCE` without a reason, `E_PERIOD`, `E_START_BEFORE_READ`, `E_NO_FEE`, `E_NO_COST`, `E_NO_POLICY`, `E_CODE`,
/// or a failure.
pub fn assess(desk: &Desk, case_no: &str, wanted: &Assessment) -> Result<Assessed, Error> {
    let method = wanted.method.clone().unwrap_or_default();
    if desk.by.reason.trim().is_empty() {
        return refuse(RefusalCode::Evidence, "say why this method was chosen (--reason)");
    }
    let mut done = None;
    casework::change(desk, case_no, "assess", |tx, case| {
        stage(case, &["owner_established", "assessed"], "charges are posted")?;
        done = Some(post(desk, tx, case, (wanted, &method))?);
        Ok(())
    })?;
    Ok(done.expect("the closure above ran to its end"))
}

fn post(
    desk: &Desk,
    tx: &mut Tx<'_>,
    case: &mut CaseRow,
    (wanted, method): (&Assessment, &str),
) -> Result<Assessed, Error> {
    let shown = estimates(desk, tx, &case.case_no, wanted)?;
    let Some(chosen) = shown.estimates.iter().find(|e| e.method == method && e.gallons.is_some()) else {
        return refuse(RefusalCode::Code, format!("{method} is not an estimate that has a volume here"));
    };
    let violation = case.violation_type.clone().unwrap_or_default();
    let input = ChargeInput {
        violation: &violation,
        violation_on: CivilDate::parse(&case.violation_on).unwrap_or(desk.today),
        offense_no: shown.offense.0,
        class: &case.customer_class,
        estimate: chosen,
        on_request: &wanted.on_request,
        actual_costs: &wanted.actual_costs,
    };
    let lines: Vec<ChargeRow> =
        charge::charges(&desk.policy, &input)?.into_iter().map(|l| charge_row(desk, l)).collect();
    case.use_from = Some(shown.period.0.to_string());
    case.use_to = Some(shown.period.1.to_string());
    case.use_basis = Some(shown.period.2.clone());
    case.offense_no = Some(shown.offense.0);
    case.estimate_json = Some(estimate_json(&shown, method, &desk.by.reason));
    case_work::replace_charges(tx, case, &desk.day(), &lines)?;
    Ok(Assessed { lines, ..shown })
}

fn charge_row(desk: &Desk, line: charge::ChargeLine) -> ChargeRow {
    ChargeRow {
        fee_code: line.fee_code,
        label: line.label,
        authority: line.authority,
        amount_cents: line.amount.0,
        method: line.method,
        posted_on: desk.day(),
    }
}

fn estimate_json(shown: &Assessed, method: &str, reason: &str) -> String {
    let rows: Vec<_> = shown
        .estimates
        .iter()
        .map(|e| {
            serde_json::json!({ "method": e.method, "gallons": e.gallons.map(|g| g.0),
                "amount_cents": e.amount.map(|a| a.0), "explanation": e.explanation })
        })
        .collect();
    serde_json::json!({ "chosen": method, "reason": reason, "estimates": rows, "earlier_cases": shown.offense.1 })
        .to_string()
}

fn period(
    desk: &Desk,
    db: &impl Db,
    case: &CaseRow,
    wanted: &Assessment,
    violation_on: CivilDate,
) -> Result<(UsePeriod, String), Error> {
    let to = wanted.to.unwrap_or(violation_on);
    let day = |text: Option<String>| text.as_deref().and_then(CivilDate::parse);
    let (last_actual_read, visited) = match case.premise_id {
        Some(premise) => (
            day(store::cases::last_actual_read(db, premise, &case.violation_on)?),
            day(store::cases::last_visit_before(db, premise, &case.violation_on)?),
        ),
        None => (None, None),
    };
    let rule = StartRule::parse(desk.policy.word("start_of_use", violation_on)?).unwrap_or(StartRule::LastActualRead);
    let facts = StartFacts {
        last_actual_read,
        last_inspection: visited.max(wanted.last_inspection),
        certificate_of_occupancy: wanted.certificate_of_occupancy,
    };
    let (from, basis) = match (wanted.from, estimate::start_of_use(rule, facts)) {
        (Some(from), _) => {
            let why = wanted.override_reason.clone().unwrap_or_else(|| desk.by.reason.clone());
            (from, format!("stated: {why}"))
        }
        (None, Some((from, basis))) => (from, basis.to_owned()),
        (None, None) => return refuse(RefusalCode::Period, "no read or inspection gives a start of use; give --from"),
    };
    Ok((UsePeriod::new(from, to, last_actual_read, wanted.override_reason.as_deref())?, basis))
}

fn reads(db: &impl Db, premise_id: i64, from: &str, to: CivilDate) -> Result<Vec<(CivilDate, Gallons)>, Error> {
    let rows = store::cases::actual_reads(db, premise_id, from, &to.to_string())?;
    Ok(rows.into_iter().filter_map(|(on, gal)| Some((CivilDate::parse(&on)?, Gallons(gal)))).collect())
}

/// Own use in the months before the start, as the policy of the violation date says how many.
fn history(
    desk: &Desk,
    db: &impl Db,
    case: &CaseRow,
    (start, violation_on): (CivilDate, CivilDate),
) -> Result<Option<(Gallons, i64)>, Error> {
    let Some(premise) = case.premise_id else {
        return Ok(None);
    };
    let months = desk.policy.integer("history_months", violation_on)?;
    let from = calendar::plus_months(start, -months).unwrap_or(start);
    Ok(estimate::history(&reads(db, premise, &from.to_string(), start)?))
}

/// What a meter registered inside the period; the read on its last day counts.
fn metered(db: &impl Db, case: &CaseRow, period: UsePeriod) -> Result<Option<Gallons>, Error> {
    let Some(premise) = case.premise_id else {
        return Ok(None);
    };
    let inside = reads(db, premise, &period.from.to_string(), period.to)?;
    let sum: i64 = inside.iter().map(|(_, g)| g.0).sum();
    Ok((sum > 0).then_some(Gallons(sum)))
}

/// Records a payment; a negative amount takes back one that the bank returned.
///
/// # Errors
/// `E_DUPLICATE_PAYMENT`, `E_NOT_FOUND`, or a failure.
pub fn pay(desk: &Desk, case_no: &str, amount: Cents, reference: &str) -> Result<Cents, Error> {
    desk.with(|tx| {
        let case = casework::case(tx, case_no)?;
        if case_work::payments(tx, case.case_id)?.iter().any(|p| p.2 == reference) {
            return refuse(
                RefusalCode::DuplicatePayment,
                format!("receipt {reference} is already booked on {case_no}"),
            );
        }
        case_work::add_payment(tx, &case, &desk.day(), amount.0, reference)?;
        casework::balance(tx, case.case_id)
    })
}

/// Makes a payment agreement over the balance; returns its instalments.
///
/// # Errors
/// `E_PLAN`, `E_STAGE`, `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn agree(desk: &Desk, case_no: &str, down: Cents, n_instalments: i64) -> Result<Vec<plan::Instalment>, Error> {
    let limits = PlanLimits {
        n_instalments_max: desk.policy.integer("plan_instalments_max", desk.today)?,
        down_percent: desk.policy.integer("plan_down_percent", desk.today)?,
    };
    let mut made = Vec::new();
    casework::change(desk, case_no, "plan", |tx, case| {
        stage(case, &["noticed", "agreement", "enforcement"], "an agreement is made")?;
        let balance = casework::balance(tx, case.case_id)?;
        made = plan::schedule(PlanTerms { balance, down, n_instalments, first_due_on: desk.today }, limits)?;
        let rows: Vec<(String, i64)> = made.iter().map(|i| (i.due_on.to_string(), i.amount.0)).collect();
        Ok(case_work::put_plan(tx, case, &desk.day(), &rows)?)
    })?;
    Ok(made)
}
