//! The gates of a removal order: whose water would stop, can the crew find the tap, may it dig.

use super::calendar::BusinessCalendar;
use super::machine::{self, Role, Transition};
use super::refusal::{Refusal, RefusalCode};
use crate::model::date::CivilDate;

/// Methods that cut the service at the main; only these make a tap `removed_at_main`.
pub const KILL_METHODS: &[&str] = &["corp_closed_and_severed_at_main", "saddle_or_sleeve_removed"];

/// Services that carry no water to the premise. Any other word counts as water, an unknown one too: a billing system that
/// writes `W` for water must not lose a family its tap.
pub const DRY_SERVICES: &[&str] = &[
    "refuse",
    "trash",
    "garbage",
    "solid_waste",
    "sanitation",
    "recycling",
    "yard_waste",
    "sewer",
    "wastewater",
    "sewage",
    "stormwater",
    "storm_water",
    "storm",
    "drainage",
    "electric",
    "electricity",
    "gas",
    "street_light",
    "ems",
];

/// Position methods that a crew may dig from without ties; the others are estimates.
pub const TRUSTED_POSITIONS: &[&str] = &["gnss_rtk", "gnss_phone", "tie_measurement", "digitized_tap_card"];

/// An account at a premise that the tap feeds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FedAccount {
    /// Premise.
    pub premise_no: String,
    /// Address.
    pub service_address: String,
    /// Account; empty when the premise has none.
    pub account_no: String,
    /// Service.
    pub service_kind: String,
    /// Status.
    pub status: String,
    /// The policy says that nobody is served under this status.
    pub is_off: bool,
}

impl FedAccount {
    /// Whether cutting the tap would stop water that somebody pays for.
    pub fn is_active_water(&self) -> bool {
        let word = |text: &str| text.trim().to_lowercase().replace([' ', '-'], "_");
        !self.service_kind.is_empty() && !DRY_SERVICES.contains(&word(&self.service_kind).as_str()) && !self.is_off
    }

    /// Whether this account says that a fire service hangs on the tap.
    pub fn is_fire(&self) -> bool {
        self.service_kind.to_lowercase().contains("fire")
    }
}

/// The live locate ticket of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketFact {
    /// Ticket number.
    pub ticket_no: String,
    /// First day of digging.
    pub legal_start: CivilDate,
    /// Last day of digging.
    pub expires_on: CivilDate,
    /// Every member answered positive or clear.
    pub is_clear: bool,
    /// What was white-lined.
    pub work_area: String,
}

/// Everything the gates look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFacts {
    /// Present state.
    pub status: String,
    /// The day.
    pub today: Option<CivilDate>,
    /// The tap is on record and not already removed.
    pub is_tap_identified: bool,
    /// Premises fed, one row per account, one with empty account where there is none.
    pub fed: Vec<FedAccount>,
    /// The check counted the premises and a person saw the count.
    pub n_premises_confirmed: Option<usize>,
    /// The person said whether a fire service hangs on the tap.
    pub fire_service: Option<bool>,
    /// The record itself says that the tap is a fire line.
    pub is_fire_tap: bool,
    /// Case, notice or demolition permit.
    pub basis: Option<String>,
    /// Position method code of the tap, when it has a position.
    pub position_method: Option<String>,
    /// Ties on record.
    pub n_ties: usize,
    /// Ties the policy demands.
    pub n_ties_min: usize,
    /// Active holds on order, tap, premise or case, in words.
    pub holds: Vec<String>,
    /// A dispute of the case is open.
    pub is_dispute_open: bool,
    /// Method ordered.
    pub method: Option<String>,
    /// Who pays.
    pub charge_to: Option<String>,
    /// List and version the order stands on.
    pub list: Option<String>,
    /// The list is frozen, with crew and date.
    pub is_list_frozen: bool,
    /// Live ticket.
    pub ticket: Option<TicketFact>,
    /// What the crew reported.
    pub result: ResultFact,
    /// What a person states with the step.
    pub request: OrderRequest,
}

/// What the crew reported, merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultFact {
    /// Result code.
    pub result_code: Option<String>,
    /// Method done.
    pub method_done: Option<String>,
    /// Photo before.
    pub has_before_photo: bool,
    /// Photo after.
    pub has_after_photo: bool,
    /// Ties measured by the crew, or on record.
    pub n_ties: usize,
    /// Crew and times.
    pub has_crew_and_time: bool,
    /// A meter was pulled.
    pub is_meter_pulled: bool,
    /// Final read.
    pub has_final_read: bool,
    /// Note.
    pub has_note: bool,
}

/// What a person states with the step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderRequest {
    /// Reason.
    pub reason: Option<String>,
    /// Day of review of a hold.
    pub review_on: Option<CivilDate>,
    /// Restoration ticket, or `none` when no pavement was cut.
    pub restoration: Option<String>,
    /// Cost was posted.
    pub is_cost_posted: bool,
    /// The tap record is being updated in the same transaction.
    pub is_lifecycle_updated: bool,
}

impl ResultFact {
    /// Whether the crew says that it is done.
    pub fn is_done(&self) -> bool {
        matches!(self.result_code.as_deref(), Some("done" | "done_other_method" | "already_removed"))
    }

    /// What stands between this report and `completed`, in words.
    pub fn lacking(&self, n_ties_min: usize) -> Vec<&'static str> {
        let is_buried_work = self.result_code.as_deref() != Some("already_removed");
        let checks = [
            (self.is_done(), "a result code of done"),
            (self.method_done.is_some(), "the method done"),
            (self.has_before_photo, "a photo before"),
            (self.has_after_photo || !is_buried_work, "a photo after"),
            (self.n_ties >= n_ties_min, "ties"),
            (self.has_crew_and_time, "crew and times"),
            (!self.is_meter_pulled || self.has_final_read, "the final read of the pulled meter"),
        ];
        checks.into_iter().filter(|(ok, _)| !ok).map(|(_, what)| what).collect()
    }
}

/// Takes a step of an order if everything is there.
///
/// # Errors
/// The special codes (`E_ACTIVE_SERVICE`, `E_NOT_LOCATABLE`, `E_TICKET_MISSING`, `E_TICKET_EXPIRED`, `E_OPEN_DISPUTE`, `E_HOLD`)
/// where they are the whole point, else the refusals of [`machine::Machine::step`].
pub fn advance(facts: &OrderFacts, to: &str, role: Role) -> Result<&'static Transition, Refusal> {
    let step = machine::removal_order().step(&facts.status, to, role, &|code| lacks(facts, code));
    if step.as_ref().is_err_and(|r| r.code != RefusalCode::Evidence) {
        return step;
    }
    if matches!(to, "checked" | "approved" | "dispatched") {
        service_is_off(facts)?;
    }
    if matches!(to, "checked" | "approved" | "listed" | "ready" | "dispatched") {
        is_undisputed(facts)?;
    }
    if matches!(to, "approved" | "listed" | "ready" | "dispatched") {
        is_free(facts)?;
    }
    if matches!(to, "checked" | "approved" | "dispatched") && !is_locatable(facts) {
        let message = format!("no trusted position and {} of {} ties: locate first", facts.n_ties, facts.n_ties_min);
        return Err(Refusal::new(RefusalCode::NotLocatable, message));
    }
    if matches!(to, "ready" | "dispatched") {
        ticket_is_live(facts)?;
    }
    if to == "checked" {
        ticket_is_not_expired(facts)?;
    }
    step
}

/// Refuses when a premise the tap feeds has active service.
///
/// # Errors
/// `E_ACTIVE_SERVICE` naming every such account.
pub fn service_is_off(facts: &OrderFacts) -> Result<(), Refusal> {
    let active: Vec<String> = facts
        .fed
        .iter()
        .filter(|a| a.is_active_water())
        .map(|a| format!("{} {} (account {}, {})", a.premise_no, a.service_address, a.account_no, a.status))
        .collect();
    if active.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::ActiveService, format!("the tap feeds active service: {}", active.join("; "))))
}

fn is_undisputed(facts: &OrderFacts) -> Result<(), Refusal> {
    if facts.is_dispute_open {
        return Err(Refusal::new(RefusalCode::OpenDispute, "a dispute is open; decide it first"));
    }
    Ok(())
}

fn is_free(facts: &OrderFacts) -> Result<(), Refusal> {
    if facts.holds.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Hold, format!("active hold: {}", facts.holds.join("; "))))
}

/// Whether a crew can find the tap.
pub fn is_locatable(facts: &OrderFacts) -> bool {
    facts.n_ties >= facts.n_ties_min || facts.position_method.as_deref().is_some_and(|m| TRUSTED_POSITIONS.contains(&m))
}

/// At the check a ticket is not due yet, but an expired one is a mistake worth stopping for.
///
/// # Errors
/// `E_TICKET_EXPIRED`.
pub fn ticket_is_not_expired(facts: &OrderFacts) -> Result<(), Refusal> {
    match (&facts.ticket, facts.today) {
        (Some(ticket), Some(today)) if today > ticket.expires_on => ticket_is_live(facts),
        _ => Ok(()),
    }
}

fn ticket_is_live(facts: &OrderFacts) -> Result<(), Refusal> {
    let Some(ticket) = &facts.ticket else {
        return Err(Refusal::new(RefusalCode::TicketMissing, "no locate ticket (`removal ticket`)"));
    };
    let today = facts.today.unwrap_or(ticket.legal_start);
    if today > ticket.expires_on {
        let message = format!("locate ticket {} expired {}", ticket.ticket_no, ticket.expires_on);
        return Err(Refusal::new(RefusalCode::TicketExpired, message));
    }
    if today < ticket.legal_start {
        let message = format!("locate ticket {} allows digging from {}", ticket.ticket_no, ticket.legal_start);
        return Err(Refusal::new(RefusalCode::TicketExpired, message));
    }
    Ok(())
}

/// Whether a ticket has so few business days left that it prints red.
///
/// # Errors
/// `E_NO_CALENDAR` when the policy lacks the year.
pub fn is_ticket_short(
    calendar: &BusinessCalendar,
    today: CivilDate,
    expires_on: CivilDate,
    warn_business_days: i64,
) -> Result<bool, Refusal> {
    Ok(today > expires_on || calendar.business_days_between(today, expires_on)? < warn_business_days)
}

fn unless(is_there: bool, what: &str) -> Option<String> {
    (!is_there).then(|| what.to_owned())
}

/// What is missing for an evidence code; `None` when it is there. An unknown code is always missing.
pub fn lacks(facts: &OrderFacts, code: &str) -> Option<String> {
    let ticket = facts.ticket.as_ref();
    match code {
        "tap_identified" => unless(facts.is_tap_identified, "the tap is not on record, or already removed"),
        "no_active_account_on_any_served_premise" => service_is_off(facts).err().map(|r| r.message),
        "other_premises_served_count" => {
            let mut premises: Vec<&str> = facts.fed.iter().map(|a| a.premise_no.as_str()).collect();
            premises.sort_unstable();
            premises.dedup();
            let n = premises.len();
            unless(
                facts.n_premises_confirmed == Some(n),
                &format!("the tap feeds {n} premises; confirm the count (`removal check --premises {n}`)"),
            )
        }
        "fire_service_flag_known" => match facts.fire_service {
            None => Some("say whether a fire service hangs on the tap (--fire yes|no)".to_owned()),
            Some(false) if facts.is_fire_tap || facts.fed.iter().any(FedAccount::is_fire) => {
                Some("the record has a fire service on this tap: --fire yes, or correct the record".to_owned())
            }
            Some(_) => None,
        },
        "owner_notice_or_demolition_permit_or_case" => {
            unless(facts.basis.is_some(), "name the case, the notice or the demolition permit (--basis)")
        }
        "no_active_hold" => unless(facts.holds.is_empty(), &format!("active hold: {}", facts.holds.join("; "))),
        "method" => unless(facts.method.is_some(), "name the method (--method)"),
        "charge_to" => unless(facts.charge_to.is_some(), "say who pays (--charge-to)"),
        "removal_list_id_and_version" => unless(facts.list.is_some(), "put the order on a list (`removal list`)"),
        "locate_ticket_no" => unless(ticket.is_some(), "record the locate ticket (`removal ticket`)"),
        "work_area" => unless(ticket.is_some_and(|t| !t.work_area.is_empty()), "describe the work area"),
        "legal_start" => unless(ticket.is_some(), "record the ticket's legal start"),
        "all_responses_positive_or_clear" => {
            unless(ticket.is_some_and(|t| t.is_clear), "not every utility has answered (`removal ticket --clear`)")
        }
        "not_expired" => ticket_is_live(facts).err().map(|r| r.message),
        "ticket_expired" => {
            let is_past = ticket.zip(facts.today).is_some_and(|(t, today)| today > t.expires_on);
            unless(is_past, "the ticket has not expired")
        }
        "crew" | "date" | "list_version_frozen" => {
            unless(facts.is_list_frozen, "freeze the list with crew and date (`removal freeze`)")
        }
        "hold_released" => unless(facts.holds.is_empty(), "release the hold first"),
        _ => lacks_outcome(facts, code),
    }
}

fn lacks_outcome(facts: &OrderFacts, code: &str) -> Option<String> {
    let (result, request) = (&facts.result, &facts.request);
    match code {
        "result_code_done" => unless(result.is_done(), "the crew did not report done"),
        "method_done" => unless(result.method_done.is_some(), "the crew did not report the method"),
        "before_photo" => unless(result.has_before_photo, "no photo before"),
        "after_photo" => {
            let is_optional = result.result_code.as_deref() == Some("already_removed");
            unless(result.has_after_photo || is_optional, "no photo after")
        }
        "tie_measurements_min_2" => unless(result.n_ties >= facts.n_ties_min, "too few ties"),
        "crew_and_time" => unless(result.has_crew_and_time, "no crew or times"),
        "final_read_if_meter_pulled" => {
            unless(!result.is_meter_pulled || result.has_final_read, "no final read of the pulled meter")
        }
        "result_code_not_done" => unless(
            result.result_code.is_some() && (!result.is_done() || !result.lacking(facts.n_ties_min).is_empty()),
            "the crew reported done with everything",
        ),
        "photo_or_note" => unless(
            result.has_before_photo || result.has_after_photo || result.has_note || result.is_done(),
            "neither photo nor note",
        ),
        "reason_code" | "reason_resolved" | "hold_reason" | "qa_reject_reason" => {
            unless(request.reason.as_ref().is_some_and(|r| !r.trim().is_empty()), "give a reason (--reason)")
        }
        "review_on" => unless(request.review_on.is_some(), "give the day of review (--review-on)"),
        "tap_lifecycle_updated" => unless(request.is_lifecycle_updated, "the tap record must be updated"),
        "restoration_ticket_if_cut" => {
            unless(request.restoration.is_some(), "name the restoration ticket, or none (--restoration)")
        }
        "cost_posted" => unless(request.is_cost_posted, "post the cost (--cost)"),
        _ => Some("the program has no rule for this evidence".to_owned()),
    }
}

/// The lifecycle a tap gets from a recorded removal: only a kill at the main makes `removed_at_main`.
pub fn lifecycle_after(method_done: &str) -> Option<&'static str> {
    if KILL_METHODS.contains(&method_done) {
        return Some("removed_at_main");
    }
    match method_done {
        "cut_and_plugged_at_property_line" | "disconnected_at_curb_stop" => Some("abandoned_in_place"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(status: &str) -> OrderFacts {
        let d = |t| CivilDate::parse(t).unwrap();
        OrderFacts {
            status: status.into(),
            today: Some(d("2026-05-05")),
            is_tap_identified: true,
            fed: vec![FedAccount {
                premise_no: "P1".into(),
                service_kind: "water".into(),
                status: "closed".into(),
                is_off: true,
                ..FedAccount::default()
            }],
            n_premises_confirmed: Some(1),
            fire_service: Some(false),
            basis: Some("IC-1".into()),
            position_method: Some("gnss_rtk".into()),
            n_ties: 2,
            n_ties_min: 2,
            method: Some(KILL_METHODS[0].into()),
            charge_to: Some("owner_of_record".into()),
            list: Some("RL-1/1".into()),
            is_list_frozen: true,
            ticket: Some(TicketFact {
                ticket_no: "26050000000001".into(),
                legal_start: d("2026-05-04"),
                expires_on: d("2026-05-14"),
                is_clear: true,
                work_area: "street".into(),
            }),
            result: ResultFact {
                result_code: Some("done".into()),
                method_done: Some(KILL_METHODS[0].into()),
                has_before_photo: true,
                has_after_photo: true,
                n_ties: 2,
                has_crew_and_time: true,
                ..ResultFact::default()
            },
            request: OrderRequest {
                reason: Some("x".into()),
                review_on: Some(d("2026-06-01")),
                restoration: Some("none".into()),
                is_cost_posted: true,
                is_lifecycle_updated: true,
            },
            ..OrderFacts::default()
        }
    }

    #[test]
    fn every_code_of_the_machine_has_a_rule_that_can_fail() {
        let empty = OrderFacts {
            fed: vec![FedAccount {
                premise_no: "P1".into(),
                service_kind: "water".into(),
                status: "active".into(),
                ..FedAccount::default()
            }],
            holds: vec!["court".into()],
            n_ties_min: 2,
            result: ResultFact { is_meter_pulled: true, ..ResultFact::default() },
            ..OrderFacts::default()
        };
        for t in &machine::removal_order().transitions {
            for code in &t.evidence {
                assert!(lacks(&empty, code).is_some(), "{code} never fails");
                if !matches!(code.as_str(), "ticket_expired" | "result_code_not_done") {
                    assert_eq!(lacks(&full(&t.from), code), None, "{code}");
                }
            }
        }
    }

    #[test]
    fn the_wrong_house_keeps_its_water() {
        let code = |f: &OrderFacts, to| advance(f, to, Role::Supervisor).unwrap_err().code;
        let mut f = full("requested");
        f.fed.push(FedAccount {
            premise_no: "P2".into(),
            service_kind: "water".into(),
            status: "active".into(),
            ..FedAccount::default()
        });
        assert_eq!(code(&f, "checked"), RefusalCode::ActiveService);
        let blind = OrderFacts { position_method: Some("parcel_centroid".into()), n_ties: 1, ..full("checked") };
        assert_eq!(code(&blind, "approved"), RefusalCode::NotLocatable);
        let disputed = OrderFacts { is_dispute_open: true, ..full("checked") };
        assert_eq!(code(&disputed, "approved"), RefusalCode::OpenDispute);
        let held = OrderFacts { holds: vec!["medical".into()], ..full("ready") };
        assert_eq!(code(&held, "dispatched"), RefusalCode::Hold);
        let late = OrderFacts { today: CivilDate::parse("2026-05-15"), ..full("ready") };
        assert_eq!(code(&late, "dispatched"), RefusalCode::TicketExpired);
        let early = OrderFacts { today: CivilDate::parse("2026-05-03"), ..full("ready") };
        assert_eq!(code(&early, "dispatched"), RefusalCode::TicketExpired);
        let none = OrderFacts { ticket: None, ..full("ready") };
        assert_eq!(code(&none, "dispatched"), RefusalCode::TicketMissing);
        assert!(advance(&full("ready"), "dispatched", Role::Specialist).is_ok());
    }

    #[test]
    fn a_service_that_nobody_knows_counts_as_water() {
        let account = |kind: &str, is_off| FedAccount { service_kind: kind.into(), is_off, ..FedAccount::default() };
        for kind in ["water", "W", "fire", "reclaimed"] {
            assert!(account(kind, false).is_active_water() && !account(kind, true).is_active_water(), "{kind}");
        }
        for kind in ["refuse", "Sewer", "solid waste", ""] {
            assert!(!account(kind, false).is_active_water(), "{kind}");
        }
        let fire = OrderFacts { is_fire_tap: true, ..full("requested") };
        assert_eq!(advance(&fire, "checked", Role::Specialist).unwrap_err().code, RefusalCode::Evidence);
    }

    #[test]
    fn done_without_photo_stays_attempted_and_only_a_kill_removes_at_main() {
        let mut f = full("dispatched");
        f.result.has_after_photo = false;
        assert!(advance(&f, "completed", Role::Field).is_err());
        assert!(advance(&f, "attempted", Role::Field).is_ok());
        assert_eq!(lifecycle_after("corp_closed_and_severed_at_main"), Some("removed_at_main"));
        assert_eq!(lifecycle_after("disconnected_at_curb_stop"), Some("abandoned_in_place"));
        assert_eq!(lifecycle_after("meter_pulled_and_plugged"), None);
    }
}
