//! The manual research checklist of a case: which steps the policy asks for, and which are still open.
//!
//! Steps and what is required of them are data (`[[research_step]]` of the policy). Results are append-only; the newest of
//! a step counts.

use serde::Deserialize;
use toml::Spanned;

use super::policy::Policy;
use super::policy::PolicyError;
use super::policy_check::at;
use crate::model::money::Cents;

/// One step of the research.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResearchStep {
    /// Short name, as `deeds`.
    pub code: Spanned<String>,
    /// What is to be found out.
    pub title: Spanned<String>,
    /// Where to look.
    pub look: String,
    /// Must be settled where the state machine asks for the checklist.
    #[serde(default)]
    pub is_required: bool,
    /// A result needs a document.
    #[serde(default)]
    pub needs_document: bool,
    /// A result says how certain it is; this is the conclusion.
    #[serde(default)]
    pub needs_certainty: bool,
    /// With more than this at stake a second person must agree.
    pub second_reader_above_cents: Option<i64>,
    /// Rule or decision behind the step.
    pub authority: Spanned<String>,
}

/// How certain a conclusion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Two answers are possible.
    Uncertain,
    /// One answer is likely.
    Likely,
    /// Records leave no doubt.
    Certain,
}

impl Certainty {
    /// Every word.
    pub const ALL: &'static [Certainty] = &[Certainty::Uncertain, Certainty::Likely, Certainty::Certain];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Uncertain => "uncertain",
            Certainty::Likely => "likely",
            Certainty::Certain => "certain",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|c| c.as_str() == text).copied()
    }
}

/// What a result says about its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Looked up, with a result.
    Done,
    /// The step does not apply here; the result says why.
    NotApplicable,
    /// A second person read the result and agrees.
    SecondRead,
    /// Taken back; the step is open again.
    Withdrawn,
}

impl Standing {
    /// Every word.
    pub const ALL: &'static [Standing] =
        &[Standing::Done, Standing::NotApplicable, Standing::SecondRead, Standing::Withdrawn];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Done => "done",
            Standing::NotApplicable => "not_applicable",
            Standing::SecondRead => "second_read",
            Standing::Withdrawn => "withdrawn",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|s| s.as_str() == text).copied()
    }
}

/// A recorded result, as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultFact {
    /// Step.
    pub step: String,
    /// What it says.
    pub standing: Standing,
    /// Who recorded it.
    pub actor: String,
    /// How certain it is.
    pub certainty: Option<Certainty>,
}

/// The result of a step that counts, and whether a second person agreed to it.
pub fn standing_of<'a>(step: &str, results: &'a [ResultFact]) -> Option<(&'a ResultFact, bool)> {
    let mut found: Option<(&ResultFact, bool)> = None;
    for result in results.iter().filter(|r| r.step == step) {
        match (result.standing, &mut found) {
            (Standing::Done | Standing::NotApplicable, _) => found = Some((result, false)),
            (Standing::Withdrawn, _) => found = None,
            (Standing::SecondRead, Some((first, is_read))) => *is_read |= first.actor != result.actor,
            (Standing::SecondRead, None) => {}
        }
    }
    found
}

/// What is still open, in words; empty when the checklist is complete for this much at stake.
pub fn open_steps(steps: &[ResearchStep], results: &[ResultFact], at_stake: Cents) -> Vec<String> {
    let mut open = Vec::new();
    for step in steps.iter().filter(|s| s.is_required) {
        let code = step.code.as_ref();
        match standing_of(code, results) {
            None => open.push(code.clone()),
            Some((result, is_read)) => {
                if result.certainty == Some(Certainty::Uncertain) {
                    open.push(format!("{code} (uncertain)"));
                } else if step.second_reader_above_cents.is_some_and(|max| at_stake.0 > max) && !is_read {
                    open.push(format!("{code} (second reader, {at_stake} at stake)"));
                }
            }
        }
    }
    open
}

/// Checks the steps of a policy.
pub(super) fn check(text: &str, policy: &Policy) -> Result<(), PolicyError> {
    let mut seen = std::collections::BTreeSet::new();
    for step in &policy.research_step {
        let code = step.code.as_ref().as_str();
        let is_word = !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !is_word {
            return Err(at(text, step.code.span().start, format!("{code:?} must be lower case with underscores")));
        }
        if !seen.insert(code) {
            return Err(at(text, step.code.span().start, format!("step {code} is listed twice")));
        }
        for (value, what) in [(&step.title, "the title"), (&step.authority, "authority")] {
            if value.as_ref().trim().is_empty() {
                return Err(at(text, value.span().start, format!("{what} of step {code} is empty")));
            }
        }
        if step.second_reader_above_cents.is_some_and(|c| c < 0) {
            return Err(at(text, step.code.span().start, format!("second_reader_above_cents of {code} is negative")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Certainty, ResultFact, Standing, open_steps, standing_of};
    use crate::cases::policy::{DEFAULT_TOML, Policy};
    use crate::model::money::Cents;

    fn fact(step: &str, standing: Standing, actor: &str, certainty: Option<Certainty>) -> ResultFact {
        ResultFact { step: step.to_owned(), standing, actor: actor.to_owned(), certainty }
    }

    #[test]
    fn the_steps_of_the_research_are_those_of_the_handbook() {
        let policy = Policy::example();
        let codes: Vec<&str> = policy.research_step.iter().map(|s| s.code.as_ref().as_str()).collect();
        let wanted = [
            "roll",
            "deeds",
            "treasurer",
            "secretary_of_state",
            "court",
            "trust",
            "tribal",
            "code_lists",
            "billing_history",
            "conclusion",
        ];
        assert_eq!(codes, wanted);
    }

    #[test]
    fn a_checklist_is_complete_when_every_required_step_is_settled() {
        let steps = Policy::example().research_step;
        let all = |certainty| {
            let mut results: Vec<ResultFact> =
                steps.iter().map(|s| fact(s.code.as_ref(), Standing::Done, "ann", None)).collect();
            results.last_mut().unwrap().certainty = Some(certainty);
            results
        };
        assert!(open_steps(&steps, &all(Certainty::Certain), Cents(100)).is_empty());
        assert_eq!(open_steps(&steps, &all(Certainty::Uncertain), Cents(100)), ["conclusion (uncertain)"]);
        let n_required = steps.iter().filter(|s| s.is_required).count();
        assert_eq!(open_steps(&steps, &[], Cents(0)).len(), n_required);
        // Much at stake: a second person, not the same one again.
        let much = Cents(1_000_000);
        let mut results = all(Certainty::Certain);
        assert!(open_steps(&steps, &results, much)[0].contains("second reader"));
        results.push(fact("conclusion", Standing::SecondRead, "ann", None));
        assert_eq!(open_steps(&steps, &results, much).len(), 1);
        results.push(fact("conclusion", Standing::SecondRead, "ben", None));
        assert!(open_steps(&steps, &results, much).is_empty());
        // A new conclusion must be read anew; a withdrawn step is open.
        results.push(fact("conclusion", Standing::Done, "ann", Some(Certainty::Likely)));
        assert_eq!(open_steps(&steps, &results, much).len(), 1);
        results.push(fact("deeds", Standing::Withdrawn, "ann", None));
        assert!(open_steps(&steps, &results, Cents(0)).contains(&"deeds".to_owned()));
        assert!(standing_of("deeds", &results).is_none());
    }

    #[test]
    fn wrong_steps_are_refused_with_their_line() {
        for (from, to, words) in [
            ("code = \"deeds\"", "code = \"Deeds\"", "lower case"),
            ("code = \"deeds\"", "code = \"roll\"", "twice"),
            ("second_reader_above_cents = 500000", "second_reader_above_cents = -1", "negative"),
        ] {
            assert!(DEFAULT_TOML.contains(from), "{from}");
            let error = Policy::parse(&DEFAULT_TOML.replacen(from, to, 1)).unwrap_err();
            assert!(error.message.contains(words) && error.line > 1, "{error}");
        }
    }
}
