//! Blocking: which streets of the county a text may mean, and which house numbers on them are worth comparing.
//!
//! Bounded work: at most [`NAMES_MAX`] names, [`ENTRIES_MAX`] entries. Names with figures are never fuzzy: 24th St W may
//! not become 34th St W.

use super::compare::NameLevel;
use super::gazetteer::{Gazetteer, bag, deletion_key};

/// Most street names followed for one reading.
const NAMES_MAX: usize = 24;
/// Most entries compared for one reading.
pub(crate) const ENTRIES_MAX: usize = 600;
/// Names of this length and more may differ in two letters; shorter ones in one.
const TWO_EDITS_LEN_MIN: usize = 8;

/// Street names a text may mean, best level first.
pub(crate) fn names(gazetteer: &Gazetteer, name: &str) -> Vec<(u32, NameLevel)> {
    let mut found: Vec<(u32, NameLevel)> = Vec::new();
    let mut add = |id: u32, level: NameLevel| {
        if found.len() < NAMES_MAX && !found.iter().any(|(other, _)| *other == id) {
            found.push((id, level));
        }
    };
    if let Some(id) = gazetteer.name_ids.get(name) {
        add(*id, NameLevel::Exact);
    }
    for id in gazetteer.folded.get(bag(name).as_str()).into_iter().flatten() {
        add(*id, NameLevel::Spacing);
    }
    if !name.bytes().any(|b| b.is_ascii_digit()) {
        for (id, edits) in within_edits(gazetteer, name) {
            add(id, if edits == 1 { NameLevel::OneEdit } else { NameLevel::TwoEdits });
        }
        for id in sharing_words(gazetteer, name) {
            add(id, NameLevel::Subset);
        }
    }
    found.sort_by_key(|(id, level)| (*level, *id));
    found
}

/// Names at most one edit away, two for long names; found through shared one-letter deletions.
fn within_edits(gazetteer: &Gazetteer, name: &str) -> Vec<(u32, usize)> {
    let bytes = name.as_bytes();
    if bytes.len() < 3 || bytes.len() > 40 {
        return Vec::new();
    }
    let limit = if bytes.len() >= TWO_EDITS_LEN_MIN { 2 } else { 1 };
    let mut ids: Vec<u32> = std::iter::once(None)
        .chain((0..bytes.len()).map(Some))
        .filter_map(|skip| gazetteer.deletions.get(&deletion_key(bytes, skip)))
        .flatten()
        .copied()
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut near: Vec<(u32, usize)> = ids
        .into_iter()
        .filter_map(|id| {
            let other = &gazetteer.names[id as usize];
            let edits = strsim::osa_distance(name, other);
            (edits >= 1 && edits <= limit).then_some((id, edits))
        })
        .collect();
    near.sort_by_key(|(id, edits)| (*edits, *id));
    near.truncate(NAMES_MAX);
    near
}

/// Names that contain all words of the text, or all of whose words the text contains.
fn sharing_words(gazetteer: &Gazetteer, name: &str) -> Vec<u32> {
    let words: Vec<&str> = name.split(' ').collect();
    let mut found = Vec::new();
    for word in words.iter().filter(|w| w.len() >= 4) {
        if let Some(id) = gazetteer.name_ids.get(*word).filter(|_| words.len() > 1) {
            found.push(*id);
        }
        for id in gazetteer.words.get(*word).into_iter().flatten() {
            let other = &gazetteer.names[*id as usize];
            let is_inside = words.iter().all(|w| other.split(' ').any(|o| o == *w));
            let contains = other.split(' ').all(|o| words.contains(&o));
            if is_inside || contains {
                found.push(*id);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
