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

/// The order's side of a stop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderSide {
    /// Fields that the office changed since the list was frozen, with their present value.
    pub changed: BTreeMap<String, String>,
    /// The order was taken back (cancelled, held, recorded) since; every result is in conflict.
    pub is_taken_back: bool,
    /// Results that a person refused when settling a conflict: `(field_result_id, content hash)`.
    pub refused: BTreeSet<(String, String)>,
}

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
const JOINED: &[&str] = &["note", "device", "crew", "ties", "before_photo", "after_photo"];

/// Puts all results of one stop together.
pub fn merge(order: &OrderSide, results: &[FieldResult]) -> Merged {
    let by_key: BTreeMap<(String, String), &FieldResult> = results
        .iter()
        .map(|r| ((r.field_result_id.clone(), r.content_sha256()), r))
        .filter(|(key, _)| !order.refused.contains(key))
        .collect();
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for result in by_key.values() {
        for (name, value) in &result.fields {
            values.entry(name).or_default().insert(value);
        }
    }
    let mut merged = Merged::default();
    for (name, found) in &values {
        let is_office_other = order.changed.get(*name).is_some_and(|v| found.iter().any(|f| f != v));
        if is_office_other || (found.len() > 1 && !JOINED.contains(name)) {
            merged.differing.insert((*name).to_owned());
        }
    }
    let ids: Vec<&String> = by_key.keys().map(|(id, _)| id).collect();
    for (key, result) in &by_key {
        let is_reused_id = ids.iter().filter(|id| **id == &key.0).count() > 1;
        let touches = result.fields.keys().any(|name| merged.differing.contains(name));
        let is_conflict = order.is_taken_back || is_reused_id || touches;
        let status = if is_conflict { MergeStatus::Conflict } else { MergeStatus::Applied };
        merged.statuses.insert(key.clone(), status);
    }
    for (key, result) in &by_key {
        if merged.statuses.get(key) != Some(&MergeStatus::Applied) {
            continue;
        }
        for (name, value) in &result.fields {
            let slot = merged.fields.entry(name.clone()).or_default();
            if slot.is_empty() {
                slot.clone_from(value);
            } else if slot.split("; ").all(|part| part != value) {
                slot.push_str("; ");
                slot.push_str(value);
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn result(id: usize, fields: &[(&str, &str)]) -> FieldResult {
        FieldResult {
            field_result_id: format!("id-{id}"),
            stop_uuid: "stop".into(),
            base_version: 1,
            fields: fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        }
    }

    #[test]
    fn agreeing_results_join_and_differing_ones_conflict() {
        let order = OrderSide::default();
        let both = merge(
            &order,
            &[result(1, &[("result_code", "done")]), result(2, &[("result_code", "done"), ("note", "x")])],
        );
        assert_eq!(both.fields["result_code"], "done");
        assert!(both.differing.is_empty());
        let two = [
            result(1, &[("result_code", "done")]),
            result(2, &[("result_code", "not_found")]),
            result(3, &[("note", "n")]),
        ];
        let fight = merge(&order, &two);
        assert_eq!(fight.fields.get("result_code"), None);
        assert_eq!(fight.fields["note"], "n");
        assert_eq!(fight.statuses.values().filter(|s| **s == MergeStatus::Conflict).count(), 2);
        let refused = [("id-2".to_owned(), two[1].content_sha256())].into();
        let settled = merge(&OrderSide { refused, ..OrderSide::default() }, &two);
        assert_eq!(settled.fields["result_code"], "done");
    }

    #[test]
    fn what_the_office_changed_is_never_overwritten() {
        let changed =
            OrderSide { changed: [("method_done".to_owned(), "a".to_owned())].into(), ..OrderSide::default() };
        let merged = merge(&changed, &[result(1, &[("method_done", "b"), ("result_code", "done")])]);
        assert!(merged.fields.is_empty());
        let gone = OrderSide { is_taken_back: true, ..OrderSide::default() };
        assert!(merge(&gone, &[result(1, &[("note", "x")])]).fields.is_empty());
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_gives_the_same(
            picks in proptest::collection::vec((0usize..4, 0usize..3, 0usize..3), 1..12),
            shuffle in proptest::collection::vec(any::<prop::sample::Index>(), 0..40)
        ) {
            let codes = ["done", "not_found", "no_access"];
            let all: Vec<FieldResult> = picks.iter()
                .map(|(id, code, note)| result(*id, &[("result_code", codes[*code]), ("note", codes[*note])]))
                .collect();
            let mut other = all.clone();
            for index in &shuffle {
                let moved = other.remove(index.index(other.len()));
                other.push(moved);
                other.push(all[index.index(all.len())].clone());
            }
            prop_assert_eq!(merge(&OrderSide::default(), &all), merge(&OrderSide::default(), &other));
        }
    }
}
