//! Removal orders: request, the check that protects the neighbours, approval, tickets, recording what was done.

use std::collections::BTreeMap;

use crate::cases::machine;
use crate::cases::refusal::RefusalCode;
use crate::cases::removal::{self, OrderRequest, ResultFact};
pub use crate::cases::removal::{FedAccount, OrderFacts, TicketFact};
use crate::fieldwork::table;
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::model::tap::MeasuredItem;
use crate::store::removals::{self, OrderRow, TicketRow};
use crate::store::{Db, cases, holds, removal_lists};

use super::casework::{self, Desk, Error, Role, coded, refuse};

/// An order, or the refusal that there is none.
///
/// # Errors
/// `E_NOT_FOUND`, or a database failure.
pub fn order(db: &impl Db, order_no: &str) -> Result<OrderRow, Error> {
    match removals::find(db, order_no)? {
        Some(order) => Ok(order),
        None => refuse(RefusalCode::NotFound, format!("there is no removal order {order_no}")),
    }
}

/// An order that a step is meant for, and the version the person looked at.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The order.
    pub order_no: &'a str,
    /// Row version; a step onto another one is refused.
    pub expect_version: Option<i64>,
}

/// The order of a target.
///
/// # Errors
/// `E_NOT_FOUND`, `E_ROW_VERSION` naming both versions, or a database failure.
fn target_order(db: &impl Db, target: Target<'_>) -> Result<OrderRow, Error> {
    let found = order(db, target.order_no)?;
    match target.expect_version.filter(|v| *v != found.row_version) {
        Some(expected) => {
            let message = format!(
                "order {} is at version {}, not {expected}: look at it again",
                found.order_no, found.row_version
            );
            refuse(RefusalCode::RowVersion, message)
        }
        None => Ok(found),
    }
}

/// What is requested.
#[derive(Debug, Clone, Default)]
pub struct NewOrder {
    /// Tap number.
    pub tap_no: String,
    /// Case it comes from.
    pub case_no: Option<String>,
    /// Notice or demolition permit, when there is no case.
    pub basis: Option<String>,
    /// 1 is most urgent.
    pub priority: i64,
    /// Wanted by.
    pub due_on: Option<CivilDate>,
    /// Dog, hostile person, police assist.
    pub safety: String,
    /// Valves to close, with commas between them.
    pub valves: String,
}

/// A safety flag with the day it was noted, unless it names a year itself: a dog of five years ago warns nobody.
fn dated(flag: &str, today: CivilDate) -> String {
    let has_year =
        flag.split(|c: char| !c.is_ascii_digit()).any(|n| n.len() == 4 && (n.starts_with("19") || n.starts_with("20")));
    if flag.trim().is_empty() || has_year { flag.trim().to_owned() } else { format!("{} (noted {today})", flag.trim()) }
}

/// Requests a removal and returns its number.
///
/// # Errors
/// `E_NOT_FOUND`, or a failure.
pub fn request(desk: &Desk, new: &NewOrder) -> Result<String, Error> {
    desk.with(|tx| {
        let Some(tap_id) = removals::tap_id(tx, &new.tap_no)? else {
            return refuse(RefusalCode::NotFound, format!("there is no tap {}", new.tap_no));
        };
        if let Some(open) = removals::open_on_tap(tx, tap_id)? {
            return refuse(RefusalCode::DuplicateOrder, format!("order {open} is open for tap {}", new.tap_no));
        }
        if let Some(case_no) = &new.case_no {
            casework::case(tx, case_no)?;
        }
        let row = OrderRow {
            order_no: cases::next_no(tx, "RO", desk.today.as_jiff().year())?,
            tap_id,
            tap_no: new.tap_no.clone(),
            case_no: new.case_no.clone(),
            reason: desk.by.reason.clone(),
            basis: new.basis.clone().or_else(|| new.case_no.clone()),
            status: machine::removal_order().initial.clone(),
            priority: new.priority,
            due_on: new.due_on.map(|d| d.to_string()),
            safety: dated(&new.safety, desk.today),
            valves: new.valves.clone(),
            ..OrderRow::default()
        };
        removals::insert(tx, &row)?;
        Ok(row.order_no)
    })
}

/// Everything the gates look at.
///
/// # Errors
/// When the database cannot be read or the policy lacks a value.
pub fn facts(desk: &Desk, db: &impl Db, order: &OrderRow, request: OrderRequest) -> Result<OrderFacts, Error> {
    let fed = removals::fed(db, order.tap_id)?;
    let mut scopes = vec![("order", order.order_no.clone()), ("tap", order.tap_no.clone())];
    scopes.extend(fed.iter().map(|f| ("premise", f.premise_no.clone())));
    scopes.dedup();
    let mut live = holds::live(db, &scopes)?;
    let case = order.case_no.as_deref().map(|no| casework::case(db, no)).transpose()?;
    if let Some(case) = &case {
        live.extend(casework::live_holds(db, case)?);
    }
    live.sort_by_key(|h| h.hold_id);
    live.dedup();
    let list = removal_lists::open_list_of(db, &order.order_no)?;
    let day = |text: &str| CivilDate::parse(text).unwrap_or(desk.today);
    let ties = n_locating_ties(&removals::ties(db, order.tap_id)?);
    Ok(OrderFacts {
        status: order.status.clone(),
        today: Some(desk.today),
        is_tap_identified: !matches!(order.lifecycle.as_str(), "removed_at_main" | "record_error"),
        fed: fed.into_iter().map(|f| fed_account(desk, f)).collect(),
        n_premises_confirmed: order.n_premises_confirmed.and_then(|n| usize::try_from(n).ok()),
        fire_service: order.fire_service,
        is_fire_tap: order.tap_use == "fire",
        basis: order.basis.clone(),
        position_method: order.position_method.clone(),
        n_ties: ties,
        n_ties_min: usize::try_from(desk.policy.integer("removal_ties_min", desk.today)?).unwrap_or(2),
        is_dispute_open: case.is_some_and(|c| c.status == "disputed") || live.iter().any(|h| h.hold_type == "dispute"),
        holds: live
            .iter()
            .filter(|h| h.hold_type != "dispute")
            .map(|h| format!("{} on {} {}: {}", h.hold_type, h.scope_kind, h.scope_key, h.basis))
            .collect(),
        method: order.method.clone(),
        charge_to: order.charge_to.clone(),
        list: list.as_ref().map(|l| format!("{}/{}", l.list_no, l.version)),
        is_list_frozen: list.is_some_and(|l| l.frozen_at.is_some() && !l.crew.is_empty() && l.work_on.is_some()),
        ticket: removals::ticket(db, order.order_id)?.map(|t| TicketFact {
            legal_start: day(&t.legal_start),
            expires_on: day(&t.expires_on),
            ticket_no: t.ticket_no,
            is_clear: t.is_clear,
            work_area: t.work_area,
        }),
        result: result_fact(&order.result_json, ties),
        request,
    })
}

fn fed_account(desk: &Desk, f: removals::FedRow) -> FedAccount {
    FedAccount {
        is_off: f.status.as_deref().is_some_and(|s| desk.policy.account_status.is_off(s)),
        premise_no: f.premise_no,
        service_address: f.service_address,
        account_no: f.account_no.unwrap_or_default(),
        service_kind: f.service_kind.unwrap_or_default(),
        status: f.status.unwrap_or_default(),
    }
}

/// Ties that help to find the tap; a depth does not.
pub(crate) fn n_locating_ties(ties: &[removals::TieRow]) -> usize {
    ties.iter().filter(|t| t.0 != "main_cover_depth").count()
}

/// The crew's merged report as the gates see it.
pub(crate) fn result_fact(result_json: &str, n_ties_on_record: usize) -> ResultFact {
    let fields: BTreeMap<String, String> = serde_json::from_str(result_json).unwrap_or_default();
    let has = |name: &str| fields.get(name).is_some_and(|v| !v.is_empty());
    let method = fields.get("method_done").cloned();
    let n_ties = fields
        .get("ties")
        .and_then(|t| table::parse_ties(t).ok())
        .map_or(0, |ties| ties.iter().filter(|t| t.0 != MeasuredItem::MainCoverDepth).count());
    ResultFact {
        result_code: fields.get("result_code").cloned(),
        is_meter_pulled: method.as_deref() == Some("meter_pulled_and_plugged") || has("meter_no_found"),
        method_done: method,
        has_before_photo: has("before_photo"),
        has_after_photo: has("after_photo"),
        n_ties: n_ties.max(n_ties_on_record),
        has_crew_and_time: has("crew") && has("arrived_at") && has("left_at"),
        has_final_read: has("final_read"),
        has_note: has("note"),
    }
}

/// Changes and steps an order; `work` sets what comes with the step.
pub(crate) fn step(
    desk: &Desk,
    target: Target<'_>,
    to: &str,
    request: OrderRequest,
    work: impl FnOnce(&mut OrderRow),
) -> Result<OrderRow, Error> {
    desk.with(|tx| {
        let before = target_order(tx, target)?;
        let mut after = before.clone();
        work(&mut after);
        let facts = facts(desk, tx, &after, request)?;
        removal::advance(&facts, to, desk.role)?;
        after.status = to.to_owned();
        if matches!(to, "on_hold") {
            let days = facts.request.review_on.unwrap_or(desk.today).to_string();
            let row = holds::HoldRow {
                hold_id: 0,
                scope_kind: "order".to_owned(),
                scope_key: target.order_no.to_owned(),
                hold_type: "management".to_owned(),
                from_on: desk.day(),
                review_on: days,
                released_on: None,
                basis: desk.by.reason.clone(),
            };
            holds::add(tx, &row)?;
        }
        removals::update(tx, to, &before, &after, true)?;
        Ok(after)
    })
}

/// What the person says at the check.
#[derive(Debug, Clone, Default)]
pub struct Check {
    /// Number of premises the tap feeds, counted by the person.
    pub n_premises: Option<i64>,
    /// Whether a fire service hangs on the tap.
    pub fire_service: Option<bool>,
    /// Case, notice or permit.
    pub basis: Option<String>,
}

/// The check's findings, gathered without changing anything: every premise with every account, and what stands in the way.
///
/// # Errors
/// When the database cannot be read.
pub fn check_report(desk: &Desk, db: &impl Db, order: &OrderRow) -> Result<(OrderFacts, Vec<String>), Error> {
    let facts = facts(desk, db, order, OrderRequest::default())?;
    let mut problems = Vec::new();
    if let Err(refusal) = removal::service_is_off(&facts) {
        problems.push(refusal.to_string());
    }
    if !removal::is_locatable(&facts) {
        problems
            .push(format!("E_NOT_LOCATABLE: no trusted position and {} of {} ties", facts.n_ties, facts.n_ties_min));
    }
    problems.extend(facts.holds.iter().map(|h| format!("E_HOLD: {h}")));
    if facts.is_dispute_open {
        problems.push("E_OPEN_DISPUTE: a dispute is open".to_owned());
    }
    let unfed = removals::unfed_on_lot(db, order.tap_id)?.into_iter().map(|f| fed_account(desk, f));
    problems.extend(unfed.filter(FedAccount::is_active_water).map(|a| {
        format!(
            "look: premise {} {} on the same lot has {} ({}) and no tap on record; it may hang on this one",
            a.premise_no, a.service_address, a.service_kind, a.status
        )
    }));
    problems.extend(removal::ticket_is_not_expired(&facts).err().map(|r| r.to_string()));
    for code in ["tap_identified", "fire_service_flag_known", "owner_notice_or_demolition_permit_or_case"] {
        problems.extend(removal::lacks(&facts, code).map(|what| format!("missing {code}: {what}")));
    }
    Ok((facts, problems))
}

/// Takes the step to `checked`.
///
/// # Errors
/// `E_ACTIVE_SERVICE`, `E_EVIDENCE`, ..., or a failure.
pub fn check(desk: &Desk, target: Target<'_>, check: &Check) -> Result<OrderRow, Error> {
    step(desk, target, "checked", OrderRequest::default(), |o| {
        o.n_premises_confirmed = check.n_premises.or(o.n_premises_confirmed);
        o.fire_service = check.fire_service.or(o.fire_service);
        o.basis = check.basis.clone().or_else(|| o.basis.clone());
    })
}

/// Takes the step to `approved`.
///
/// # Errors
/// `E_NOT_LOCATABLE`, `E_HOLD`, `E_OPEN_DISPUTE`, `E_ROLE`, `E_CODE`, ..., or a failure.
pub fn approve(
    desk: &Desk,
    target: Target<'_>,
    method: &str,
    charge_to: &str,
    valves: Option<&str>,
) -> Result<OrderRow, Error> {
    let method = coded("removal_method", method)?;
    let charge_to = coded("charge_to", charge_to)?;
    step(desk, target, "approved", OrderRequest::default(), |o| {
        o.method = Some(method);
        o.charge_to = Some(charge_to);
        if let Some(valves) = valves {
            valves.clone_into(&mut o.valves);
        }
    })
}

/// Records a locate ticket and moves the order along: `listed` to `locate_open`, and to `ready` when every utility has answered.
///
/// # Errors
/// `E_TICKET_EXPIRED`, `E_PERIOD`, `E_NO_CALENDAR`, ..., or a failure.
pub fn ticket(desk: &Desk, target: Target<'_>, ticket: &TicketRow) -> Result<OrderRow, Error> {
    if ticket.expires_on < ticket.legal_start {
        return refuse(RefusalCode::Period, "the ticket expires before it starts");
    }
    if desk.today.to_string() > ticket.expires_on {
        let message = format!("locate ticket {} expired {}", ticket.ticket_no, ticket.expires_on);
        return refuse(RefusalCode::TicketExpired, message);
    }
    desk.with(|tx| {
        let before = target_order(tx, target)?;
        removals::add_ticket(tx, &before, ticket)?;
        let mut after = before.clone();
        for to in ["locate_open", "ready"] {
            if (to == "ready" && !ticket.is_clear) || after.status == to {
                continue;
            }
            if matches!((after.status.as_str(), to), ("listed", "locate_open") | ("locate_open", "ready")) {
                let facts = facts(desk, tx, &after, OrderRequest::default())?;
                // A ticket whose digging starts later keeps the order at `locate_open` until that day.
                if removal::advance(&facts, to, desk.role).is_ok() {
                    after.status = to.to_owned();
                }
            }
        }
        removals::update(tx, "ticket", &before, &after, true)?;
        Ok(after)
    })
}

/// What comes with another step: hold, cancel, resume, send back.
///
/// # Errors
/// Every refusal of [`removal::advance`], or a failure.
pub fn advance(desk: &Desk, target: Target<'_>, to: &str, review_on: Option<CivilDate>) -> Result<OrderRow, Error> {
    if to == "recorded" {
        return refuse(RefusalCode::NoTransition, "an order is recorded with `removal record`");
    }
    let reason = (!desk.by.reason.trim().is_empty()).then(|| desk.by.reason.clone());
    step(desk, target, to, OrderRequest { reason, review_on, ..OrderRequest::default() }, |_| {})
}

/// Records a completed removal: the tap's lifecycle follows the method *done*, the crew's ties go on the tap's record, and the
/// inventory gets its row. Returns the order and the tap's lifecycle.
///
/// # Errors
/// `E_EVIDENCE`, `E_NO_TRANSITION`, `E_ROLE`, ..., or a failure.
pub fn record(desk: &Desk, target: Target<'_>, cost: Cents, restoration: &str) -> Result<(OrderRow, String), Error> {
    desk.with(|tx| {
        let before = target_order(tx, target)?;
        let request = OrderRequest {
            restoration: (!restoration.is_empty()).then(|| restoration.to_owned()),
            is_cost_posted: true,
            is_lifecycle_updated: true,
            ..OrderRequest::default()
        };
        let facts = facts(desk, tx, &before, request)?;
        removal::advance(&facts, "recorded", desk.role)?;
        let tap = tap_after(&before, facts.result.method_done.as_deref().unwrap_or_default(), desk.role)?;
        removals::record_on_tap(tx, &before, &tap, &desk.day())?;
        let after = OrderRow {
            status: "recorded".to_owned(),
            cost_cents: Some(cost.0),
            restoration: Some(restoration.to_owned()),
            ..before.clone()
        };
        removals::update(tx, "record", &before, &after, true)?;
        Ok((after, tap.lifecycle))
    })
}

/// What the method done leaves on the tap, by the steps that the tap's own machine allows.
fn tap_after(order: &OrderRow, method_done: &str, role: Role) -> Result<removals::TapAfter, Error> {
    let mut lifecycle = order.lifecycle.clone();
    if let Some(to) = removal::lifecycle_after(method_done).filter(|to| *to != lifecycle) {
        // The completed order proves every step on the way: the control point is closed, and how.
        let machine = machine::tap_lifecycle();
        let is_direct = machine.steps_from(&lifecycle).any(|t| t.to == to);
        for step in ["out_of_service", to].into_iter().skip(usize::from(is_direct)) {
            machine.step(&lifecycle, step, role, &|_| None)?;
            step.clone_into(&mut lifecycle);
        }
    }
    let fields: BTreeMap<String, String> = serde_json::from_str(&order.result_json).unwrap_or_default();
    let ties = fields.get("ties").and_then(|t| table::parse_ties(t).ok()).unwrap_or_default();
    Ok(removals::TapAfter {
        change_kind: if lifecycle == order.lifecycle { method_done.to_owned() } else { lifecycle.clone() },
        lifecycle,
        control_state: (method_done == "meter_pulled_and_plugged").then_some("plugged"),
        ties: ties
            .into_iter()
            .map(|(what, from, label, way, feet)| {
                (what.as_str().to_owned(), from.as_str().to_owned(), label, way, feet)
            })
            .collect(),
    })
}
