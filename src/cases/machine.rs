//! The state machines of `data/policy/states.json` and the one engine that steps them.
//!
//! Which evidence a code stands for is judged in `gate` and `removal`; here are only states, transitions and roles.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::refusal::{Missing, Refusal, RefusalCode};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Researches, opens and works cases.
    Specialist,
    /// Approves; may do what a specialist may do.
    Supervisor,
    /// Field crew.
    Field,
    /// The program itself.
    System,
}

impl Role {
    /// The word used on the command line and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Specialist => "specialist",
            Role::Supervisor => "supervisor",
            Role::Field => "field",
            Role::System => "system",
        }
    }

    /// Reads a role word.
    pub fn parse(text: &str) -> Option<Self> {
        [Role::Specialist, Role::Supervisor, Role::Field, Role::System].into_iter().find(|r| r.as_str() == text)
    }

    /// Whether this role may take a step that `states.json` gives to `code`.
    /// A supervisor may do a specialist's work, and both may key what the crew wrote on paper.
    pub fn may(self, code: &str) -> bool {
        match self {
            Role::Specialist => matches!(code, "s" | "f"),
            Role::Supervisor => matches!(code, "s" | "v" | "f"),
            Role::Field => code == "f",
            Role::System => code == "sys",
        }
    }
}

/// One allowed step.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "(String, String, String, Vec<String>)")]
pub struct Transition {
    /// State before.
    pub from: String,
    /// State after.
    pub to: String,
    /// Role code of `states.json`: `s`, `v`, `f`, `sys`.
    pub role: String,
    /// Evidence codes that must all be satisfied.
    pub evidence: Vec<String>,
}

impl From<(String, String, String, Vec<String>)> for Transition {
    fn from((from, to, role, evidence): (String, String, String, Vec<String>)) -> Self {
        Self { from, to, role, evidence }
    }
}

/// One state machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Machine {
    /// First state.
    pub initial: String,
    /// States in which the matter rests.
    pub terminal: Vec<String>,
    /// Steps.
    pub transitions: Vec<Transition>,
}

const STATES_JSON: &str = include_str!("../../data/policy/states.json");

fn machines() -> &'static BTreeMap<String, Machine> {
    static MACHINES: OnceLock<BTreeMap<String, Machine>> = OnceLock::new();
    MACHINES.get_or_init(|| {
        let mut all: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(STATES_JSON).expect("the embedded states.json is checked by a test");
        all.remove("note");
        all.into_iter()
            .map(|(name, value)| {
                (name, serde_json::from_value(value).expect("the embedded states.json is checked by a test"))
            })
            .collect()
    })
}

/// The machine of a case.
pub fn case() -> &'static Machine {
    machines().get("case").expect("the embedded states.json has a case machine")
}

/// The machine of a removal order.
pub fn removal_order() -> &'static Machine {
    machines().get("removal_order").expect("the embedded states.json has a removal_order machine")
}

/// The machine of a container pull.
pub fn pull_order() -> &'static Machine {
    machines().get("pull_order").expect("the embedded states.json has a pull_order machine")
}

/// The machine of a tap's lifecycle.
pub fn tap_lifecycle() -> &'static Machine {
    machines().get("tap_lifecycle").expect("the embedded states.json has a tap_lifecycle machine")
}

impl Machine {
    /// Every state, sorted.
    pub fn states(&self) -> Vec<&str> {
        let mut states: Vec<&str> = self.transitions.iter().flat_map(|t| [t.from.as_str(), t.to.as_str()]).collect();
        states.sort_unstable();
        states.dedup();
        states
    }

    /// Whether the matter rests in this state.
    pub fn is_terminal(&self, state: &str) -> bool {
        self.terminal.iter().any(|t| t == state)
    }

    /// The steps that leave a state.
    pub fn steps_from<'a>(&'a self, state: &'a str) -> impl Iterator<Item = &'a Transition> {
        self.transitions.iter().filter(move |t| t.from == state)
    }

    /// The step from `from` to `to`, if the role may take it and `lacks` finds nothing missing.
    /// `lacks` gives for an evidence code what is missing, or `None` when it is there.
    ///
    /// # Errors
    /// A refusal with the state, the role or the whole list of missing evidence.
    pub fn step(
        &self,
        from: &str,
        to: &str,
        role: Role,
        lacks: &dyn Fn(&str) -> Option<String>,
    ) -> Result<&Transition, Refusal> {
        if !self.states().contains(&to) {
            let message = format!("there is no state {to}; states: {}", self.states().join(" "));
            return Err(Refusal::new(RefusalCode::UnknownState, message));
        }
        let Some(transition) = self.transitions.iter().find(|t| t.from == from && t.to == to) else {
            let next: Vec<&str> = self.steps_from(from).map(|t| t.to.as_str()).collect();
            let next = if next.is_empty() { "nothing".to_owned() } else { next.join(" ") };
            return Err(Refusal::new(
                RefusalCode::NoTransition,
                format!("{from} cannot become {to}; from here: {next}"),
            ));
        };
        if !role.may(&transition.role) {
            return Err(Refusal::new(
                RefusalCode::Role,
                format!("the step {from} to {to} needs role {}, not {}", role_words(&transition.role), role.as_str()),
            ));
        }
        let missing: Vec<Missing> = transition
            .evidence
            .iter()
            .filter_map(|code| lacks(code).map(|detail| Missing { code: code.clone(), detail }))
            .collect();
        if missing.is_empty() {
            return Ok(transition);
        }
        Err(Refusal {
            code: RefusalCode::Evidence,
            message: format!("the step {from} to {to} lacks {} of {}", missing.len(), transition.evidence.len()),
            missing,
        })
    }
}

fn role_words(code: &str) -> &str {
    match code {
        "s" => "specialist",
        "v" => "supervisor",
        "f" => "field",
        "sys" => "system",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_reachable_and_terminals_are_known() {
        for machine in [case(), removal_order(), pull_order(), tap_lifecycle()] {
            let mut seen = vec![machine.initial.as_str()];
            let mut grown = true;
            while grown {
                grown = false;
                for t in &machine.transitions {
                    if seen.contains(&t.from.as_str()) && !seen.contains(&t.to.as_str()) {
                        seen.push(&t.to);
                        grown = true;
                    }
                }
            }
            for state in machine.states() {
                // `unknown` taps come from imports, not from `proposed` alone.
                assert!(seen.contains(&state), "{state} cannot be reached");
            }
            for t in &machine.terminal {
                assert!(machine.states().contains(&t.as_str()), "{t}");
            }
            for t in &machine.transitions {
                assert!(["s", "v", "f", "sys"].contains(&t.role.as_str()));
            }
        }
    }

    #[test]
    fn a_step_is_refused_with_its_reason() {
        let none = |_: &str| Some("no".to_owned());
        let all = |_: &str| None;
        let m = case();
        assert_eq!(m.step("suspected", "gone", Role::Specialist, &all).unwrap_err().code, RefusalCode::UnknownState);
        assert_eq!(
            m.step("suspected", "confirmed", Role::Supervisor, &all).unwrap_err().code,
            RefusalCode::NoTransition
        );
        assert_eq!(m.step("field_checked", "confirmed", Role::Specialist, &all).unwrap_err().code, RefusalCode::Role);
        let refusal = m.step("field_checked", "confirmed", Role::Supervisor, &none).unwrap_err();
        assert_eq!((refusal.code, refusal.missing.len()), (RefusalCode::Evidence, 5));
        assert!(m.step("field_checked", "confirmed", Role::Supervisor, &all).is_ok());
    }
}
