//! The gates of a container pull: the account still owes, there is no water to shut off, and nothing holds it back.

use super::machine::{self, Role, Transition};
use super::refusal::{Refusal, RefusalCode};
use super::removal::FedAccount;
use crate::model::date::CivilDate;

/// Everything the gates look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullFacts {
    /// Present state.
    pub status: String,
    /// What the account owes today, cents.
    pub balance_cents: i64,
    /// Least balance that the policy pulls for.
    pub balance_cents_min: i64,
    /// Every account of the premise.
    pub accounts: Vec<FedAccount>,
    /// Active holds, in words.
    pub holds: Vec<String>,
    /// A dispute hold is active.
    pub is_dispute_open: bool,
    /// List and version.
    pub list: Option<String>,
    /// The list is frozen, with crew and date.
    pub is_list_frozen: bool,
    /// What the crew reported.
    pub result: PullResult,
    /// Reason given with the step.
    pub reason: Option<String>,
    /// The closing is written in the same transaction.
    pub closed_on: Option<CivilDate>,
}

/// What the crew reported, merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullResult {
    /// Result code (`domains.tsv`, `pull_result`).
    pub result_code: Option<String>,
    /// A photo.
    pub has_photo: bool,
    /// Crew and times.
    pub has_crew_and_time: bool,
    /// Note.
    pub has_note: bool,
}

impl PullResult {
    /// Whether the crew says that the container is gone.
    pub fn is_done(&self) -> bool {
        matches!(self.result_code.as_deref(), Some("pulled" | "already_gone"))
    }

    /// What stands between this report and `pulled`, in words.
    pub fn lacking(&self) -> Vec<&'static str> {
        let checks = [
            (self.is_done(), "a result code of pulled"),
            (self.has_photo, "a photo"),
            (self.has_crew_and_time, "crew and times"),
        ];
        checks.into_iter().filter(|(ok, _)| !ok).map(|(_, what)| what).collect()
    }
}

/// Whether an account would put the premise out of reach of a pull: there is water that can be shut off instead.
pub fn has_water(accounts: &[FedAccount]) -> Option<&FedAccount> {
    accounts.iter().find(|a| a.is_active_water())
}

/// Takes a step of a pull order if everything is there.
///
/// # Errors
/// `E_ACTIVE_SERVICE`, `E_OPEN_DISPUTE`, `E_HOLD` where they are the point, else the refusals of [`machine::Machine::step`].
pub fn advance(facts: &PullFacts, to: &str, role: Role) -> Result<&'static Transition, Refusal> {
    let step = machine::pull_order().step(&facts.status, to, role, &|code| lacks(facts, code));
    if step.as_ref().is_err_and(|r| r.code != RefusalCode::Evidence) || !matches!(to, "listed" | "dispatched") {
        return step;
    }
    if let Some(water) = has_water(&facts.accounts) {
        let message =
            format!("there is water to shut off: account {} {} {}", water.account_no, water.service_kind, water.status);
        return Err(Refusal::new(RefusalCode::ActiveService, message));
    }
    if facts.is_dispute_open {
        return Err(Refusal::new(RefusalCode::OpenDispute, "a dispute is open; decide it first"));
    }
    if !facts.holds.is_empty() {
        return Err(Refusal::new(RefusalCode::Hold, format!("active hold: {}", facts.holds.join("; "))));
    }
    step
}

/// What is missing for an evidence code; `None` when it is there. An unknown code is always missing.
pub fn lacks(facts: &PullFacts, code: &str) -> Option<String> {
    let unless = |is_there: bool, what: &str| (!is_there).then(|| what.to_owned());
    let result = &facts.result;
    match code {
        "refuse_account_owes" => unless(
            facts.balance_cents >= facts.balance_cents_min,
            "the account owes less than the policy's `refuse_pull_cents_min`",
        ),
        "no_water_to_shut_off" => unless(has_water(&facts.accounts).is_none(), "there is water to shut off"),
        "no_active_hold" => {
            unless(facts.holds.is_empty() && !facts.is_dispute_open, &format!("hold: {}", facts.holds.join("; ")))
        }
        "removal_list_id_and_version" => {
            unless(facts.list.is_some(), "put the order on a list (`removal list --make --kind refuse`)")
        }
        "crew" | "date" | "list_version_frozen" => {
            unless(facts.is_list_frozen, "freeze the list with crew and date (`removal freeze`)")
        }
        "result_code_done" => unless(result.is_done(), "the crew did not report the container pulled"),
        "before_photo" => unless(result.has_photo, "no photo"),
        "crew_and_time" => unless(result.has_crew_and_time, "no crew or times"),
        "result_code_not_done" => unless(
            result.result_code.is_some() && (!result.is_done() || !result.lacking().is_empty()),
            "the crew reported pulled with everything",
        ),
        "photo_or_note" => unless(result.has_photo || result.has_note || result.is_done(), "neither photo nor note"),
        "reason_code" | "reason_resolved" => {
            unless(facts.reason.as_ref().is_some_and(|r| !r.trim().is_empty()), "give a reason (--reason)")
        }
        "closing_recorded" => unless(facts.closed_on.is_some(), "record the closing (`removal close`)"),
        _ => Some("the program has no rule for this evidence".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(status: &str) -> PullFacts {
        PullFacts {
            status: status.into(),
            balance_cents: 20_000,
            balance_cents_min: 10_000,
            list: Some("RL-1/1".into()),
            is_list_frozen: true,
            result: PullResult {
                result_code: Some("pulled".into()),
                has_photo: true,
                has_crew_and_time: true,
                has_note: false,
            },
            reason: Some("x".into()),
            closed_on: CivilDate::parse("2026-05-05"),
            ..PullFacts::default()
        }
    }

    #[test]
    fn every_code_of_the_machine_has_a_rule_that_can_fail() {
        let water = FedAccount { service_kind: "water".into(), status: "active".into(), ..FedAccount::default() };
        let empty = PullFacts {
            balance_cents_min: 1,
            accounts: vec![water],
            holds: vec!["court".into()],
            ..PullFacts::default()
        };
        for t in &machine::pull_order().transitions {
            for code in &t.evidence {
                assert!(lacks(&empty, code).is_some(), "{code} never fails");
                if code != "result_code_not_done" {
                    assert_eq!(lacks(&full(&t.from), code), None, "{code}");
                }
            }
        }
    }

    #[test]
    fn water_that_can_be_shut_off_saves_the_container() {
        let account = |kind: &str, status: &str| FedAccount {
            service_kind: kind.into(),
            is_off: status == "closed",
            status: status.into(),
            ..FedAccount::default()
        };
        let code = |f: &PullFacts| advance(f, "dispatched", Role::Specialist).map(|_| ()).map_err(|r| r.code);
        let mut facts = full("listed");
        facts.accounts = vec![account("refuse", "active"), account("water", "closed"), account("sewer", "active")];
        assert_eq!(code(&facts), Ok(()));
        facts.accounts.push(account("water", "active"));
        assert_eq!(code(&facts), Err(RefusalCode::ActiveService));
        let held = PullFacts { holds: vec!["bankruptcy".into()], ..full("listed") };
        assert_eq!(code(&held), Err(RefusalCode::Hold));
        let disputed = PullFacts { is_dispute_open: true, ..full("listed") };
        assert_eq!(code(&disputed), Err(RefusalCode::OpenDispute));
        let paid = PullFacts { balance_cents: 0, ..full("listed") };
        assert_eq!(code(&paid), Err(RefusalCode::Evidence));
    }
}
