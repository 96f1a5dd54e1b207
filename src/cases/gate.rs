//! The evidence gates of a case: for each evidence code of `states.json`, what must be on record.

use super::machine::{self, Role, Transition};
use super::refusal::{Refusal, RefusalCode};
use crate::model::date::CivilDate;
use crate::model::domain;
use crate::model::money::Cents;

/// One visit, as the gates see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InspectionFact {
    /// `finding` code.
    pub finding: String,
    /// Meter number seen.
    pub meter_no_seen: Option<String>,
    /// Register reading seen.
    pub reading_seen: Option<i64>,
    /// The inspector saw that there is no meter.
    pub is_meter_absent: bool,
    /// `indicator` codes.
    pub indicators: Vec<String>,
}

/// The last notice, as the gates see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeFact {
    /// Last day to answer.
    pub respond_by: CivilDate,
    /// The letter says how to dispute.
    pub has_dispute_text: bool,
    /// Address kinds that the policy demands and the notice did not go to.
    pub recipients_missing: Vec<String>,
    /// Recipients without proof of service.
    pub recipients_unproven: Vec<String>,
    /// The letter names the charges as they stand now.
    pub is_current: bool,
}

/// Everything the gates look at. All fields default to "not there".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFacts {
    /// Present state.
    pub status: String,
    /// The day.
    pub today: Option<CivilDate>,
    /// Violation type.
    pub violation: Option<String>,
    /// Signals and reports the case stands on.
    pub n_sources: usize,
    /// There is a premise, parcel or described place.
    pub has_location: bool,
    /// Numbers of other open cases of the same premise and violation.
    pub open_duplicates: Vec<String>,
    /// Hazards at the place were looked up and written down.
    pub are_hazards_reviewed: bool,
    /// The situation is a danger that allows action before the deadline.
    pub is_hazard: bool,
    /// Visits.
    pub inspections: Vec<InspectionFact>,
    /// Photos in the evidence store.
    pub n_photos: usize,
    /// Proof of another water source.
    pub n_source_proofs: usize,
    /// A supervisor wrote, in so many words, why one indicator is enough.
    pub has_supervisor_note: bool,
    /// Premise and parcel are linked, accepted.
    pub has_accepted_link: bool,
    /// The owner on the violation date is recorded.
    pub has_owner_at_violation: bool,
    /// An address to write to is recorded.
    pub has_mailing_address: bool,
    /// Why somebody is liable.
    pub has_liability_basis: bool,
    /// Period of use with its basis.
    pub has_use_period: bool,
    /// A method of estimation was chosen with a reason.
    pub has_estimate: bool,
    /// Charge lines.
    pub n_charges: usize,
    /// Charge lines without authority.
    pub n_charges_without_authority: usize,
    /// The last notice.
    pub notice: Option<NoticeFact>,
    /// A dispute is not decided.
    pub is_dispute_open: bool,
    /// Active holds on case, premise or tap, in words.
    pub holds: Vec<String>,
    /// A payment agreement or promise exists.
    pub has_plan: bool,
    /// The agreement is in default.
    pub is_plan_in_default: bool,
    /// What is owed.
    pub balance: Cents,
    /// The illegal condition is gone.
    pub is_condition_removed: bool,
    /// A sealed packet was written.
    pub has_sealed_packet: bool,
    /// Required research steps that are open, in words; `None` when nobody looked.
    pub research_open: Option<Vec<String>>,
    /// What comes with the request itself.
    pub request: RequestFacts,
}

/// What a person states with the step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFacts {
    /// Reason.
    pub reason: Option<String>,
    /// The record that shows it.
    pub record_citation: Option<String>,
    /// Number of the case this one duplicates.
    pub duplicate_of: Option<String>,
    /// Day the dispute arrived.
    pub dispute_received_on: Option<CivilDate>,
    /// Document of the decision on a dispute.
    pub decision_document: Option<String>,
    /// Who allowed the write-off, under which rule.
    pub write_off_authority: Option<String>,
    /// New signal or report that reopens the case.
    pub new_signal: Option<String>,
}

/// Evidence codes for which [`lacks`] knows a rule.
pub const CODES: &[&str] = &[
    "signal_or_report",
    "premise_or_location",
    "duplicate_check",
    "duplicate_of_case_id",
    "reason_code",
    "map_point_or_address",
    "hazard_flags_reviewed",
    "record_citation",
    "inspection",
    "violation_type",
    "photo_min_1_hashed",
    "meter_observation",
    "second_indicator_or_supervisor_note",
    "source_proof",
    "accepted_parcel_link",
    "ownership_as_of_violation",
    "mailing_address",
    "responsible_party_basis",
    "use_period_with_basis",
    "volume_estimate_method",
    "charge_lines_with_authority",
    "notice_rendered",
    "dispute_instructions_in_notice",
    "recipients_min_policy",
    "service_proof",
    "dispute_received_on",
    "payment_plan_or_promise",
    "response_deadline_passed_or_hazard",
    "no_open_dispute",
    "no_active_hold",
    "balance_zero",
    "illegal_condition_removed",
    "decision_document",
    "plan_default",
    "evidence_package_sealed",
    "research_checklist",
    "write_off_authority",
    "new_signal",
];

/// Indicators that prove nothing alone (Iowa 199-27.4(1): a broken or absent seal alone is not tampering).
const SEAL_INDICATORS: &[&str] = &["seal_broken", "lock_broken"];

/// What a step needs beyond the codes of `states.json`: a case is confirmed by a visit that found something.
fn lacks_for(facts: &CaseFacts, to: &str, code: &str) -> Option<String> {
    let found = facts.inspections.iter().any(|i| i.finding == "confirmed");
    match (to, code) {
        ("confirmed", "inspection") if !found && !facts.inspections.is_empty() => {
            Some("no visit found a violation (`case inspect --finding confirmed`)".to_owned())
        }
        ("enforcement", "response_deadline_passed_or_hazard") => lacks(facts, code).or_else(|| {
            let came_back = facts.notice.as_ref().filter(|n| !n.recipients_unproven.is_empty())?;
            let to = came_back.recipients_unproven.join(", ");
            unless(facts.is_hazard, &format!("the letter to {to} came back; find the owner and serve it again"))
        }),
        _ => lacks(facts, code),
    }
}

/// Takes a step if everything is there.
///
/// # Errors
/// `E_SEAL_ONLY`, `E_OPEN_DISPUTE` and `E_HOLD` where they are the whole point, else the refusals of [`machine::Machine::step`].
pub fn advance(facts: &CaseFacts, to: &str, role: Role) -> Result<&'static Transition, Refusal> {
    let result = machine::case().step(&facts.status, to, role, &|code| lacks_for(facts, to, code));
    let refusal = match result {
        Ok(_) if to == "confirmed" && is_seal_only(facts) => {
            return Err(Refusal::new(
                RefusalCode::SealOnly,
                "a broken or missing seal or lock alone is not tampering; record another indicator",
            ));
        }
        Ok(transition) => return Ok(transition),
        Err(refusal) => refusal,
    };
    if refusal.code != RefusalCode::Evidence {
        return Err(refusal);
    }
    if to == "confirmed" && is_seal_only(facts) {
        return Err(Refusal { code: RefusalCode::SealOnly, ..refusal });
    }
    // One thing missing gets its own code; a list of several keeps the general one.
    let only = if let [only] = refusal.missing.as_slice() { Some(only.code.as_str()) } else { None };
    let code = match only {
        Some("no_open_dispute") => RefusalCode::OpenDispute,
        Some("no_active_hold") => RefusalCode::Hold,
        Some("mailing_address") => RefusalCode::NoMailingAddress,
        Some("dispute_instructions_in_notice") => RefusalCode::NoDisputeText,
        Some("responsible_party_basis") => RefusalCode::NoBasis,
        Some(_) | None => RefusalCode::Evidence,
    };
    Err(Refusal { code, ..refusal })
}

/// Every indicator that the visits recorded, without repeats.
fn indicators(facts: &CaseFacts) -> Vec<&str> {
    let mut all: Vec<&str> = facts.inspections.iter().flat_map(|i| i.indicators.iter().map(String::as_str)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether seals and locks are all that was found, or all that the case is about.
fn is_seal_only(facts: &CaseFacts) -> bool {
    let all = indicators(facts);
    let proving = all.iter().filter(|i| !SEAL_INDICATORS.contains(i)).count();
    facts.violation.as_deref() == Some("seal_or_lock_broken") || (proving == 0 && !all.is_empty())
}

fn unless(is_there: bool, what: &str) -> Option<String> {
    (!is_there).then(|| what.to_owned())
}

fn stated<T>(value: Option<&T>, what: &str) -> Option<String> {
    unless(value.is_some(), what)
}

fn text(value: Option<&String>, what: &str) -> Option<String> {
    unless(value.is_some_and(|v| !v.trim().is_empty()), what)
}

/// What is missing for an evidence code; `None` when it is there. An unknown code is always missing.
pub fn lacks(facts: &CaseFacts, code: &str) -> Option<String> {
    match code {
        "signal_or_report" => unless(facts.n_sources > 0, "record the signal or report (`case note --source`)"),
        "premise_or_location" => unless(facts.has_location, "record the premise, parcel or place"),
        "duplicate_check" => {
            let others = facts.open_duplicates.join(" ");
            unless(others.is_empty(), &format!("another open case has the same premise and violation: {others}"))
        }
        "map_point_or_address" => unless(facts.has_location, "record an address or a point"),
        "hazard_flags_reviewed" => {
            unless(facts.are_hazards_reviewed, "write down the hazards at the place (`case note --hazards`)")
        }
        "payment_plan_or_promise" => unless(facts.has_plan, "make a payment agreement (`case plan`)"),
        "plan_default" => unless(facts.is_plan_in_default, "the agreement is not in default"),
        "balance_zero" => unless(facts.balance == Cents(0), &format!("the balance is {}", facts.balance)),
        "illegal_condition_removed" => unless(
            facts.is_condition_removed,
            "record the removal of the illegal condition (`case inspect --condition-removed`)",
        ),
        "evidence_package_sealed" => unless(facts.has_sealed_packet, "write the sealed packet (`case packet`)"),
        "research_checklist" => match facts.research_open.as_deref() {
            Some([]) => None,
            open => {
                let open = open.unwrap_or_default().join(", ");
                Some(format!("settle the owner research (`case checklist`): {open}"))
            }
        },
        _ => lacks_request(&facts.request, code)
            .or_else(|| lacks_finding(facts, code))
            .or_else(|| lacks_assessment(facts, code))
            .or_else(|| lacks_notice(facts, code))
            .or_else(|| unless(CODES.contains(&code), "the program has no rule for this evidence")),
    }
}

fn lacks_request(request: &RequestFacts, code: &str) -> Option<String> {
    match code {
        "reason_code" => text(request.reason.as_ref(), "give a reason (--reason)"),
        "record_citation" => text(request.record_citation.as_ref(), "cite the record (--citation)"),
        "duplicate_of_case_id" => text(request.duplicate_of.as_ref(), "name the other case (--duplicate-of)"),
        "dispute_received_on" => stated(request.dispute_received_on.as_ref(), "give the day (--received-on)"),
        "decision_document" => text(request.decision_document.as_ref(), "name the decision's evidence (--decision)"),
        "write_off_authority" => text(request.write_off_authority.as_ref(), "name the authority (--authority)"),
        "new_signal" => text(request.new_signal.as_ref(), "name the new signal or report (--signal)"),
        _ => None,
    }
}

fn lacks_finding(facts: &CaseFacts, code: &str) -> Option<String> {
    match code {
        "inspection" => unless(!facts.inspections.is_empty(), "record a visit (`case inspect`)"),
        "violation_type" => {
            let is_known = facts.violation.as_deref().is_some_and(|v| domain::codes("violation_type").contains(&v));
            unless(is_known, "set the violation type (`case inspect --violation`)")
        }
        "photo_min_1_hashed" => unless(facts.n_photos > 0, "add a photo (`case evidence`)"),
        "meter_observation" => unless(
            facts
                .inspections
                .iter()
                .any(|i| i.meter_no_seen.is_some() || i.reading_seen.is_some() || i.is_meter_absent),
            "record the meter number, its reading, or that there is no meter",
        ),
        "second_indicator_or_supervisor_note" => unless(
            indicators(facts).len() >= 2 || (facts.has_supervisor_note && !indicators(facts).is_empty()),
            "record a second indicator, or as supervisor why one is enough (`case note --one-is-enough`)",
        ),
        "source_proof" => unless(facts.n_source_proofs > 0, "add the proof of the other water source"),
        _ => None,
    }
}

fn lacks_assessment(facts: &CaseFacts, code: &str) -> Option<String> {
    match code {
        "accepted_parcel_link" => unless(facts.has_accepted_link, "accept the parcel of the premise (`match review`)"),
        "ownership_as_of_violation" => {
            unless(facts.has_owner_at_violation, "record the owner on the violation date (`case party --from-roll`)")
        }
        "mailing_address" => unless(facts.has_mailing_address, "no address to write to; research the owner"),
        "responsible_party_basis" => {
            unless(facts.has_liability_basis, "record who is liable and why (`case party --liable BASIS`)")
        }
        "use_period_with_basis" => unless(facts.has_use_period, "set the period of use (`case charge`)"),
        "volume_estimate_method" => unless(facts.has_estimate, "choose an estimate (`case charge --method`)"),
        "charge_lines_with_authority" => unless(
            facts.n_charges > 0 && facts.n_charges_without_authority == 0,
            "post charges with their authority (`case charge`)",
        ),
        _ => None,
    }
}

fn lacks_notice(facts: &CaseFacts, code: &str) -> Option<String> {
    let notice = facts.notice.as_ref();
    match code {
        "notice_rendered" => match notice {
            Some(n) if n.is_current => None,
            Some(_) => Some("the charges changed after the letter; issue a new notice (`case notice`)".to_owned()),
            None => Some("issue a notice (`case notice`)".to_owned()),
        },
        "dispute_instructions_in_notice" => {
            unless(notice.is_some_and(|n| n.has_dispute_text), "the notice must say how to dispute")
        }
        "recipients_min_policy" => match notice {
            Some(n) if n.recipients_missing.is_empty() => None,
            Some(n) => Some(format!("the notice must also go to {}", n.recipients_missing.join(", "))),
            None => Some("issue a notice (`case notice`)".to_owned()),
        },
        "service_proof" => match notice {
            Some(n) if n.recipients_unproven.is_empty() => None,
            Some(n) => Some(format!("no proof of service to {}", n.recipients_unproven.join(", "))),
            None => Some("issue a notice (`case notice`)".to_owned()),
        },
        "response_deadline_passed_or_hazard" => {
            let is_past = notice.zip(facts.today).is_some_and(|(n, today)| today > n.respond_by);
            let until = notice.map_or("no notice".to_owned(), |n| format!("time to answer runs to {}", n.respond_by));
            unless(facts.is_hazard || is_past, &until)
        }
        "no_open_dispute" => unless(!facts.is_dispute_open, "a dispute is open; decide it first"),
        "no_active_hold" => unless(facts.holds.is_empty(), &format!("active hold: {}", facts.holds.join("; "))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A case with everything on record.
    pub(super) fn full(status: &str) -> CaseFacts {
        let words = || Some("x".to_owned());
        CaseFacts {
            status: status.into(),
            today: CivilDate::parse("2026-05-01"),
            violation: Some("slip".into()),
            n_sources: 1,
            has_location: true,
            are_hazards_reviewed: true,
            inspections: vec![InspectionFact {
                finding: "confirmed".into(),
                is_meter_absent: true,
                indicators: vec!["slip_found".into(), "water_running".into()],
                ..InspectionFact::default()
            }],
            n_photos: 1,
            n_source_proofs: 1,
            has_supervisor_note: true,
            has_accepted_link: true,
            has_owner_at_violation: true,
            has_mailing_address: true,
            has_liability_basis: true,
            has_use_period: true,
            has_estimate: true,
            n_charges: 1,
            notice: Some(NoticeFact {
                respond_by: CivilDate::parse("2026-04-01").unwrap(),
                has_dispute_text: true,
                recipients_missing: vec![],
                recipients_unproven: vec![],
                is_current: true,
            }),
            has_plan: true,
            is_plan_in_default: true,
            is_condition_removed: true,
            has_sealed_packet: true,
            research_open: Some(Vec::new()),
            request: RequestFacts {
                reason: words(),
                record_citation: words(),
                duplicate_of: words(),
                dispute_received_on: CivilDate::parse("2026-03-01"),
                decision_document: words(),
                write_off_authority: words(),
                new_signal: words(),
            },
            ..CaseFacts::default()
        }
    }

    #[test]
    fn every_code_of_the_machine_has_a_rule_that_can_fail() {
        let empty = CaseFacts {
            open_duplicates: vec!["IC-1".into()],
            is_dispute_open: true,
            holds: vec!["medical".into()],
            balance: Cents(1),
            ..CaseFacts::default()
        };
        for t in &machine::case().transitions {
            for code in &t.evidence {
                assert!(CODES.contains(&code.as_str()), "{code}");
                assert!(lacks(&empty, code).is_some(), "{code} never fails");
                assert_eq!(lacks(&full(&t.from), code), None, "{code}");
            }
        }
        assert!(lacks(&full("x"), "no_such_code").is_some());
    }

    #[test]
    fn a_seal_alone_never_confirms() {
        let mut facts = full("field_checked");
        for indicators in [vec!["seal_broken"], vec!["lock_broken", "seal_broken"]] {
            facts.inspections[0].indicators = indicators.into_iter().map(str::to_owned).collect();
            assert_eq!(advance(&facts, "confirmed", Role::Supervisor).unwrap_err().code, RefusalCode::SealOnly);
        }
        facts.inspections[0].indicators = vec!["seal_broken".into(), "use_registered".into()];
        assert!(advance(&facts, "confirmed", Role::Supervisor).is_ok());
    }

    #[test]
    fn disputes_and_holds_block_enforcement() {
        let code = |f: &CaseFacts, to| advance(f, to, Role::Supervisor).unwrap_err().code;
        let disputed = CaseFacts { is_dispute_open: true, ..full("noticed") };
        assert_eq!(code(&disputed, "enforcement"), RefusalCode::OpenDispute);
        let held = CaseFacts { holds: vec!["medical".into()], ..full("noticed") };
        assert_eq!(code(&held, "enforcement"), RefusalCode::Hold);
        let homeless = CaseFacts { has_mailing_address: false, ..full("confirmed") };
        assert_eq!(code(&homeless, "owner_established"), RefusalCode::NoMailingAddress);
        let no_basis = CaseFacts { has_liability_basis: false, ..full("confirmed") };
        assert_eq!(code(&no_basis, "owner_established"), RefusalCode::NoBasis);
        let unseen = InspectionFact { finding: "no_access".into(), ..full("x").inspections[0].clone() };
        let unfounded = CaseFacts { inspections: vec![unseen], ..full("field_checked") };
        assert_eq!(code(&unfounded, "confirmed"), RefusalCode::Evidence);
        let mut stale = full("assessed");
        stale.notice.as_mut().unwrap().is_current = false;
        assert_eq!(code(&stale, "noticed"), RefusalCode::Evidence);
        let mut silent = full("assessed");
        silent.notice.as_mut().unwrap().has_dispute_text = false;
        assert_eq!(code(&silent, "noticed"), RefusalCode::NoDisputeText);
    }

    proptest! {
        /// Whatever is on record and whoever asks: an accepted step has all of its evidence.
        #[test]
        fn no_sequence_reaches_a_state_without_its_evidence(
            steps in proptest::collection::vec((0usize..40, 0u8..3, any::<u64>()), 1..60)
        ) {
            let states = machine::case().states();
            let mut status = "suspected".to_owned();
            for (pick, role, bits) in steps {
                let role = [Role::Specialist, Role::Supervisor, Role::Field][usize::from(role)];
                let to = states[pick % states.len()];
                let mut facts = full(&status);
                let off = |i: u32| bits >> i & 3 == 0;
                if off(0) { facts.inspections.clear(); }
                if off(2) { facts.n_photos = 0; }
                if off(4) { facts.violation = None; }
                if off(6) { facts.notice = None; }
                if off(8) { facts.balance = Cents(5); }
                if off(10) { facts.holds = vec!["court".into()]; }
                if off(12) { facts.is_dispute_open = true; }
                if off(14) { facts.n_charges = 0; }
                if off(16) { facts.has_owner_at_violation = false; }
                if off(18) { facts.is_condition_removed = false; }
                if off(20) { facts.request = RequestFacts::default(); }
                if let Ok(step) = advance(&facts, to, role) {
                    prop_assert_eq!(&step.from, &status);
                    for code in &step.evidence { prop_assert_eq!(lacks(&facts, code), None); }
                    if to == "confirmed" { prop_assert!(facts.n_photos > 0 && !facts.inspections.is_empty()); }
                    if to == "enforcement" { prop_assert!(facts.holds.is_empty()); }
                    if to == "closed_recovered" { prop_assert!(facts.balance == Cents(0) && facts.is_condition_removed); }
                    status = to.to_owned();
                }
            }
        }
    }
}
