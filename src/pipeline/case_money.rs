//! Money and letters of a case: estimate, charges, payments, agreements, notices and their service.

use std::collections::BTreeMap;

use crate::cases::charge::{self, ChargeInput};
use crate::cases::estimate::{self, Estimate, EstimateInput, StartFacts, StartRule, UsePeriod};
use crate::cases::offense::{self, EarlierCase, OffenseScope};
use crate::cases::plan::{self, PlanLimits, PlanTerms};
use crate::cases::refusal::RefusalCode;
use crate::cases::{calendar, gate};
use crate::fieldwork::freeze::sha256_hex;
use crate::model::date::CivilDate;
use crate::model::domain;
use crate::model::money::Cents;
use crate::store::case_work::{self, ChargeRow, NoticeRow, RecipientRow};
use crate::store::cases::CaseRow;
use crate::store::{self, Db};

use super::casework::{self, Desk, Error, refuse};

/// What is to be charged.
#[derive(Debug, Clone, Default)]
pub struct Assessment {
    /// Start of use; by the policy's rule when not given.
    pub from: Option<CivilDate>,
    /// End of use; the violation date when not given.
    pub to: Option<CivilDate>,
    /// Why the period starts before the last actual read.
    pub override_reason: Option<String>,
    /// Chosen method; none only shows the four.
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

/// Estimates and, with a method, posts charges; the desk's reason is why the method was chosen.
///
/// # Errors
/// `E_PERIOD`, `E_START_BEFORE_READ`, `E_NO_FEE`, `E_NO_COST`, `E_NO_POLICY`, `E_CODE`, or a failure.
pub fn assess(desk: &Desk, case_no: &str, wanted: &Assessment) -> Result<Assessed, Error> {
    let mut done = None;
    casework::change(desk, case_no, "assess", |tx, case| {
        let violation_on = CivilDate::parse(&case.violation_on).unwrap_or(desk.today);
        let (period, basis) = period(desk, tx, case, wanted)?;
        let input = EstimateInput {
            period,
            own_history: history(desk, tx, case, period.from)?,
            metered: None,
            class: &case.customer_class,
        };
        let estimates = estimate::estimates(&desk.policy, input)?;
        let offense = offense_of(desk, tx, case, violation_on)?;
        let mut lines = Vec::new();
        if let Some(method) = &wanted.method {
            let Some(chosen) = estimates.iter().find(|e| e.method == method && e.gallons.is_some()) else {
                return refuse(RefusalCode::Code, format!("{method} is not an estimate that has a volume here"));
            };
            let violation = case.violation_type.clone().unwrap_or_default();
            let input = ChargeInput {
                violation: &violation,
                violation_on,
                offense_no: offense.0,
                class: &case.customer_class,
                estimate: chosen,
                on_request: &wanted.on_request,
                actual_costs: &wanted.actual_costs,
            };
            lines = charge::charges(&desk.policy, &input)?.into_iter().map(|l| charge_row(desk, l)).collect();
            case.use_from = Some(period.from.to_string());
            case.use_to = Some(period.to.to_string());
            case.use_basis = Some(basis.clone());
            case.offense_no = Some(offense.0);
            case.estimate_json = Some(estimate_json(&estimates, method, &desk.by.reason));
            case_work::replace_charges(tx, case, &desk.day(), &lines)?;
        }
        done = Some(Assessed { period: (period.from, period.to, basis), estimates, offense, lines });
        Ok(())
    })?;
    Ok(done.expect("the closure above ran to its end"))
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

fn estimate_json(estimates: &[Estimate], method: &str, reason: &str) -> String {
    let rows: Vec<_> = estimates
        .iter()
        .map(|e| {
            serde_json::json!({ "method": e.method, "gallons": e.gallons.map(|g| g.0),
                "amount_cents": e.amount.map(|a| a.0), "explanation": e.explanation })
        })
        .collect();
    serde_json::json!({ "chosen": method, "reason": reason, "estimates": rows }).to_string()
}

fn period(desk: &Desk, db: &impl Db, case: &CaseRow, wanted: &Assessment) -> Result<(UsePeriod, String), Error> {
    let to = wanted.to.or_else(|| CivilDate::parse(&case.violation_on)).unwrap_or(desk.today);
    let read = match case.premise_id {
        Some(premise) => store::cases::read_history(db, premise, "0000-01-01", &case.violation_on)?.0,
        None => None,
    };
    let last_actual_read = read.as_deref().and_then(CivilDate::parse);
    let rule = StartRule::parse(desk.policy.word("start_of_use", to)?).unwrap_or(StartRule::LastActualRead);
    let facts = StartFacts { last_actual_read, ..StartFacts::default() };
    let (from, basis) = match (wanted.from, estimate::start_of_use(rule, facts)) {
        (Some(from), _) => (from, wanted.override_reason.clone().unwrap_or_else(|| "stated".to_owned())),
        (None, Some((from, basis))) => (from, basis.to_owned()),
        (None, None) => return refuse(RefusalCode::Period, "no read or inspection gives a start of use; give --from"),
    };
    Ok((UsePeriod::new(from, to, last_actual_read, wanted.override_reason.as_deref())?, basis))
}

fn history(
    desk: &Desk,
    db: &impl Db,
    case: &CaseRow,
    to: CivilDate,
) -> Result<Option<(crate::model::money::Gallons, i64)>, Error> {
    let Some(premise) = case.premise_id else {
        return Ok(None);
    };
    let months = desk.policy.integer("history_months", to)?;
    let from = calendar::plus_months(to, -months).unwrap_or(to);
    let (_, gallons, days) = store::cases::read_history(db, premise, &from.to_string(), &to.to_string())?;
    Ok((days > 0).then_some((crate::model::money::Gallons(gallons), days)))
}

fn offense_of(desk: &Desk, db: &impl Db, case: &CaseRow, on: CivilDate) -> Result<(i64, Vec<String>), Error> {
    let months = desk.policy.integer("offense_lookback_months", on)?;
    let scope = OffenseScope::parse(desk.policy.word("offense_scope", on)?).unwrap_or(OffenseScope::Premise);
    let not_counted = [
        "suspected",
        "triaged",
        "field_check_ordered",
        "field_checked",
        "inconclusive",
        "closed_unfounded",
        "closed_duplicate",
        "closed_not_utility_water",
    ];
    let earlier: Vec<EarlierCase> = store::cases::related(db, case)?
        .into_iter()
        .filter(|c| !not_counted.contains(&c.status.as_str()))
        .filter_map(|c| {
            let is_same_premise = c.premise_id.is_some() && c.premise_id == case.premise_id;
            CivilDate::parse(&c.violation_on).map(|violation_on| EarlierCase {
                case_no: c.case_no,
                violation_on,
                is_same_premise,
                is_same_owner_group: !is_same_premise,
            })
        })
        .collect();
    Ok(offense::offense_no(&earlier, on, months, scope))
}

/// Records a payment.
///
/// # Errors
/// `E_NOT_FOUND`, or a failure.
pub fn pay(desk: &Desk, case_no: &str, amount: Cents, reference: &str) -> Result<Cents, Error> {
    desk.with(|tx| {
        let case = casework::case(tx, case_no)?;
        case_work::add_payment(tx, &case, &desk.day(), amount.0, reference)?;
        casework::balance(tx, case.case_id)
    })
}

/// Makes a payment agreement over the balance; returns its instalments.
///
/// # Errors
/// `E_PLAN`, `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn agree(desk: &Desk, case_no: &str, down: Cents, n_instalments: i64) -> Result<Vec<plan::Instalment>, Error> {
    let limits = PlanLimits {
        n_instalments_max: desk.policy.integer("plan_instalments_max", desk.today)?,
        down_percent: desk.policy.integer("plan_down_percent", desk.today)?,
    };
    let mut made = Vec::new();
    casework::change(desk, case_no, "plan", |tx, case| {
        let balance = casework::balance(tx, case.case_id)?;
        made = plan::schedule(PlanTerms { balance, down, n_instalments, first_due_on: desk.today }, limits)?;
        let rows: Vec<(String, i64)> = made.iter().map(|i| (i.due_on.to_string(), i.amount.0)).collect();
        Ok(case_work::put_plan(tx, case, &desk.day(), &rows)?)
    })?;
    Ok(made)
}

/// The built-in letter; a city passes its own with the same marks.
pub const LETTER_TEMPLATE: &str = include_str!("../../data/policy/notice.txt");

/// The mark without which no letter is issued: the dispute instructions stand between this and the next blank line.
const DISPUTE_MARK: &str = "HOW TO DISPUTE";

/// Issues a notice from a template to the addresses that the policy demands.
///
/// # Errors
/// `E_NO_DISPUTE_TEXT`, `E_NO_MAILING_ADDRESS`, `E_NO_CALENDAR`, `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn notice(desk: &Desk, case_no: &str, template: &str, template_text: &str) -> Result<NoticeRow, Error> {
    if !has_dispute_text(template_text) {
        let message = format!("the template has no paragraph headed {DISPUTE_MARK}");
        return refuse(RefusalCode::NoDisputeText, message);
    }
    let mut issued = None;
    casework::change(desk, case_no, "notice", |tx, case| {
        let days = desk.policy.integer("notice_response_business_days", desk.today)?
            + desk.policy.integer("mail_business_days", desk.today)?;
        let respond_by = desk.policy.calendar().plus_business_days(desk.today, days)?;
        let kinds = &desk.policy.recipients_on(template, desk.today)?.kinds;
        let mut recipients = Vec::new();
        for kind in kinds {
            let address = address_of(tx, case, kind.as_ref())?;
            let Some(address) = address else {
                return refuse(
                    RefusalCode::NoMailingAddress,
                    format!("no {} is known; research the owner", kind.as_ref()),
                );
            };
            let address_kind = kind.as_ref().clone();
            recipients.push(RecipientRow { address_kind, address, proof: None, outcome: None });
        }
        let body = render(desk, tx, case, template_text, respond_by)?;
        let row = NoticeRow {
            notice_id: 0,
            template: template.to_owned(),
            sha256: sha256_hex(body.as_bytes()),
            body,
            issued_on: desk.day(),
            respond_by: respond_by.to_string(),
            has_dispute_text: true,
            recipients,
        };
        case_work::add_notice(tx, case, &row)?;
        issued = Some(row);
        Ok(())
    })?;
    Ok(issued.expect("the closure above ran to its end"))
}

/// Whether a letter has a dispute paragraph with text under its heading.
fn has_dispute_text(text: &str) -> bool {
    text.split_once(DISPUTE_MARK)
        .and_then(|(_, rest)| rest.split("\n\n").next())
        .is_some_and(|paragraph| paragraph.split_whitespace().count() >= 5)
}

fn address_of(db: &impl Db, case: &CaseRow, kind: &str) -> Result<Option<String>, Error> {
    let parties = store::cases::parties(db, case.case_id)?;
    let of = |role: &str| {
        parties.iter().find(|p| p.role == role).and_then(|p| p.mailing.as_ref().map(|m| format!("{}\n{m}", p.name)))
    };
    let place = (!case.place.is_empty()).then(|| format!("OCCUPANT\n{}", case.place));
    Ok(match kind {
        "service_address" | "posted" => place,
        "account_mailing" => of("account_holder"),
        "assessor_mailing" if !case.is_owner_research => of("owner_at_violation"),
        "registered_agent" => of("agent"),
        _ => None,
    })
}

fn render(desk: &Desk, db: &impl Db, case: &CaseRow, text: &str, respond_by: CivilDate) -> Result<String, Error> {
    let charges = case_work::charges(db, case.case_id)?;
    let mut lines = String::new();
    for c in &charges {
        lines.push_str(&format!("{:<52} {:>14}\n    {}\n", c.label, Cents(c.amount_cents).to_string(), c.authority));
    }
    let violation = domain::label("violation_type", case.violation_type.as_deref().unwrap_or("unknown"));
    let values = [
        ("{case_no}", case.case_no.clone()),
        ("{issued_on}", desk.day()),
        ("{respond_by}", respond_by.to_string()),
        ("{place}", case.place.clone()),
        ("{violation}", violation),
        ("{violation_on}", case.violation_on.clone()),
        ("{charges}", lines.trim_end().to_owned()),
        ("{balance}", casework::balance(db, case.case_id)?.to_string()),
        ("{policy}", desk.policy.meta.name.clone()),
    ];
    Ok(values.into_iter().fold(text.to_owned(), |body, (mark, value)| body.replace(mark, &value)))
}

/// Records proof of service, or that the letter came back: then the case returns to owner research.
///
/// # Errors
/// `E_NOT_FOUND`, `E_CODE`, `E_CLOSED`, or a failure.
pub fn serve(desk: &Desk, case_no: &str, address_kind: &str, proof: &str, is_returned: bool) -> Result<(), Error> {
    let address_kind = casework::coded("address_kind", address_kind)?;
    casework::change(desk, case_no, "serve", |tx, case| {
        let Some(notice) = case_work::last_notice(tx, case.case_id)? else {
            return refuse(RefusalCode::NotFound, "the case has no notice");
        };
        let served = RecipientRow {
            address_kind: address_kind.clone(),
            address: String::new(),
            proof: (!is_returned).then(|| proof.to_owned()),
            outcome: Some(if is_returned { "returned" } else { "served" }.to_owned()),
        };
        if case_work::serve(tx, case, notice.notice_id, &served)? == 0 {
            return refuse(RefusalCode::NotFound, format!("the notice did not go to {address_kind}"));
        }
        if is_returned && address_kind == "assessor_mailing" {
            case.is_owner_research = true;
        }
        Ok(())
    })
}

/// Evidence codes a step asks for, for `case advance --dry-run`.
pub fn evidence_codes() -> &'static [&'static str] {
    gate::CODES
}
