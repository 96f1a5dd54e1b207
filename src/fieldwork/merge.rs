//! Putting returned results together with the order: a function of the *set* of results, so that neither the order of the
//! files nor repeating one changes anything.
//!
//! Two results of one stop that fill the same field differently are both in conflict, and so is a result against a field that
//! the office changed after the list was frozen. Nothing is overwritten; a person settles conflicts.

use std::collections::{BTreeMap, BTreeSet};

use super::result::FieldResult;

/// What became of one result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MergeStatus {
    /// Its fields are in the order.
    Applied,
    /// A person must decide.
    Conflict,
}

impl MergeStatus {
    /// The word used in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            MergeStatus::Applied => "applied",
            MergeStatus::Conflict => "conflict",
        }
    }
}

/// A result with what stood against it when it arrived, and what a person has decided about it since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// The result.
    pub result: FieldResult,
    /// Fields that the office had changed since the list was frozen, with the office's value; `status` when the order had been
    /// taken back altogether.
    pub against: BTreeMap<String, String>,
    /// What a person decided.
    pub verdict: Option<Verdict>,
}

/// What a person decided about a result in conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds, whatever stood against it.
    Kept,
    /// It does not count; it stays on record.
    Refused,
}

/// Key in [`Returned::against`] of an order that was taken back: every field is in conflict.
pub const TAKEN_BACK: &str = "status";

/// Results of one stop put together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// Status by `(field_result_id, content hash)`.
    pub statuses: BTreeMap<(String, String), MergeStatus>,
    /// Fields that apply.
    pub fields: BTreeMap<String, String>,
    /// Fields on which results differ.
    pub differing: BTreeSet<String>,
}

/// Fields that several results may fill differently without contradiction: they are joined with `; `.
pub const JOINED: &[&str] = &["note", "device", "crew", "ties", "before_photo", "after_photo"];

/// Puts all results of one stop together.
pub fn merge(returned: &[Returned]) -> Merged {
    let by_key: BTreeMap<(String, String), &Returned> = returned
        .iter()
        .filter(|r| r.verdict != Some(Verdict::Refused))
        .map(|r| ((r.result.field_result_id.clone(), r.result.content_sha256()), r))
        .collect();
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in by_key.values().flat_map(|r| &r.result.fields) {
        values.entry(name).or_default().insert(value);
    }
    let mut merged = Merged::default();
    for (name, _) in values.iter().filter(|(name, found)| found.len() > 1 && !JOINED.contains(name)) {
        merged.differing.insert((*name).to_owned());
    }
    for (key, r) in &by_key {
        let is_reused_id = by_key.iter().any(|(other, o)| other.0 == key.0 && other != key && contradicts(r, o));
        let differs = r.result.fields.keys().any(|name| merged.differing.contains(name));
        let is_conflict = is_reused_id || differs || (r.verdict.is_none() && is_against(r));
        let status = if is_conflict { MergeStatus::Conflict } else { MergeStatus::Applied };
        merged.statuses.insert(key.clone(), status);
    }
    let mut joined: BTreeMap<&String, BTreeSet<&str>> = BTreeMap::new();
    for (_, r) in by_key.iter().filter(|(key, _)| merged.statuses.get(key) == Some(&MergeStatus::Applied)) {
        for (name, value) in &r.result.fields {
            joined.entry(name).or_default().insert(value);
        }
    }
    for (name, values) in joined {
        merged.fields.insert(name.clone(), values.into_iter().collect::<Vec<_>>().join("; "));
    }
    merged
}

/// Whether two reports under one UUID say different things. A later one that only says more is the same report, sent again.
pub fn contradicts(a: &Returned, b: &Returned) -> bool {
    a.result.fields.iter().any(|(name, value)| b.result.fields.get(name).is_some_and(|other| other != value))
}

/// Whether the office's side forbids to apply a result.
fn is_against(r: &Returned) -> bool {
    r.against.contains_key(TAKEN_BACK)
        || r.against.iter().any(|(name, office)| r.result.fields.get(name).is_some_and(|field| field != office))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn result(id: usize, fields: &[(&str, &str)]) -> Returned {
        let result = FieldResult {
            field_result_id: format!("id-{id}"),
            stop_uuid: "stop".into(),
            base_version: 1,
            fields: fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        };
        Returned { result, ..Returned::default() }
    }

    fn against(name: &str, value: &str, r: Returned) -> Returned {
        Returned { against: [(name.to_owned(), value.to_owned())].into(), ..r }
    }

    #[test]
    fn agreeing_results_join_and_differing_ones_conflict() {
        let both =
            merge(&[result(1, &[("result_code", "done")]), result(2, &[("result_code", "done"), ("note", "x")])]);
        assert_eq!(both.fields["result_code"], "done");
        assert!(both.differing.is_empty());
        let mut two = [
            result(1, &[("result_code", "done")]),
            result(2, &[("result_code", "not_found")]),
            result(3, &[("note", "n")]),
        ];
        let fight = merge(&two);
        assert_eq!(fight.fields.get("result_code"), None);
        assert_eq!(fight.fields["note"], "n");
        assert_eq!(fight.statuses.values().filter(|s| **s == MergeStatus::Conflict).count(), 2);
        two[1].verdict = Some(Verdict::Refused);
        assert_eq!(merge(&two).fields["result_code"], "done");
        let reused = merge(&[result(1, &[("note", "a")]), result(1, &[("note", "b")])]);
        assert!(reused.fields.is_empty() && reused.statuses.len() == 2);
        let grown = merge(&[result(1, &[("note", "a")]), result(1, &[("note", "a"), ("result_code", "done")])]);
        assert!(grown.fields["note"] == "a" && grown.statuses.values().all(|s| *s == MergeStatus::Applied));
    }

    #[test]
    fn what_the_office_changed_is_never_overwritten_but_a_person_may_decide() {
        let other = against("method_done", "a", result(1, &[("method_done", "b"), ("result_code", "done")]));
        assert!(merge(std::slice::from_ref(&other)).fields.is_empty());
        let same = against("method_done", "b", result(1, &[("method_done", "b")]));
        assert_eq!(merge(&[same]).fields["method_done"], "b");
        let elsewhere = against("ties", "x", result(1, &[("method_done", "b")]));
        assert_eq!(merge(&[elsewhere]).fields["method_done"], "b");
        let gone = against(TAKEN_BACK, "cancelled", result(1, &[("note", "x")]));
        assert!(merge(&[gone]).fields.is_empty());
        let kept = Returned { verdict: Some(Verdict::Kept), ..other };
        assert_eq!(merge(&[kept]).fields["method_done"], "b");
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_gives_the_same(
            picks in proptest::collection::vec((0usize..4, 0usize..3, 0usize..3), 1..12),
            shuffle in proptest::collection::vec(any::<prop::sample::Index>(), 0..40)
        ) {
            let codes = ["done", "not_found", "no_access"];
            let all: Vec<Returned> = picks.iter()
                .map(|(id, code, note)| result(*id, &[("result_code", codes[*code]), ("note", codes[*note])]))
                .collect();
            let mut other = all.clone();
            for index in &shuffle {
                let moved = other.remove(index.index(other.len()));
                other.push(moved);
                other.push(all[index.index(all.len())].clone());
            }
            prop_assert_eq!(merge(&all), merge(&other));
        }
    }
}
