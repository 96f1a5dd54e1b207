//! Streets that people write and the county does not have, and the street of the county that has their house numbers:
//! probably the same one, renamed. Only suggested; a person says so with an alias.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::collect::Query;
use super::compare::Asked;
use super::county::{County, Entry};
use super::explain::{street_text, words_text};
use super::matcher::Matcher;
use super::names;
use super::reading::StreetWords;
use crate::address;

/// Distinct house numbers that a street must be asked for with, and that the other must have (design notes, section 8: five
/// true aliases and no false one on four cities).
const NUMBERS_MIN: usize = 3;
/// Share of the numbers that the county's street must have, in per cent.
const COVERED_PERCENT: usize = 60;
/// So many times the runner-up.
const AHEAD: usize = 2;

/// A street that may be another name of one of the county's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasHint {
    /// The street as people write it.
    pub written: String,
    /// The street as the county writes it.
    pub county: String,
    /// Distinct house numbers that were asked for.
    pub n_numbers: usize,
    /// How many of them the county's street has.
    pub n_covered: usize,
    /// How many the next street has.
    pub n_runner_up: usize,
    /// One of the addresses.
    pub example: String,
}

/// A house number as asked for on an unknown street: number, ZIP, place.
type Spot = (u32, u32, u32);

#[derive(Default)]
struct Unknown {
    words: StreetWords,
    spots: BTreeSet<Spot>,
    example: String,
}

/// Looks through queries for streets that the county does not have; most numbers first.
pub fn alias_hints<'q>(matcher: &Matcher, queries: impl Iterator<Item = Query<'q>>) -> Vec<AliasHint> {
    let county = matcher.county();
    let mut unknown: BTreeMap<(String, u32, String), Unknown> = BTreeMap::new();
    for query in queries {
        let parsed = address::parse_in(query.address_text, county);
        let asked = parsed.readings.first().and_then(|r| Asked::new(r, query.place, query.zip, county));
        let Some(asked) = asked.filter(|a| a.number.low > 0 && !has_street(county, &a.street)) else { continue };
        let key = (asked.street.name.clone(), asked.street.directions, asked.street.kind.clone());
        let one = unknown.entry(key).or_default();
        one.spots.insert((asked.number.low, asked.zip, asked.place));
        if one.example.is_empty() {
            (one.words, one.example) = (asked.street, query.address_text.to_owned());
        }
    }
    unknown.retain(|_, one| n_numbers(&one.spots) >= NUMBERS_MIN);
    let by_number = entries_by_number(county, &unknown);
    let mut found: Vec<AliasHint> = unknown.into_values().filter_map(|one| hint(county, &one, &by_number)).collect();
    found.sort_by(|a, b| (b.n_covered, &a.written).cmp(&(a.n_covered, &b.written)));
    found
}

/// True when a street is called so, spacing and order of words apart.
fn has_street(county: &County, words: &StreetWords) -> bool {
    let mut hits = Vec::new();
    names::same(county, &words.name, &mut hits);
    !hits.is_empty()
}

fn n_numbers(spots: &BTreeSet<Spot>) -> usize {
    spots.iter().map(|s| s.0).collect::<BTreeSet<_>>().len()
}

/// The entries of the house numbers that matter.
fn entries_by_number<'c>(
    county: &'c County,
    unknown: &BTreeMap<(String, u32, String), Unknown>,
) -> FxHashMap<u32, Vec<&'c Entry>> {
    let mut by_number: FxHashMap<u32, Vec<&Entry>> = FxHashMap::default();
    for one in unknown.values() {
        for spot in &one.spots {
            by_number.entry(spot.0).or_default();
        }
    }
    for entry in &county.entries {
        if let Some(list) = by_number.get_mut(&entry.low) {
            list.push(entry);
        }
    }
    by_number
}

fn hint(county: &County, one: &Unknown, by_number: &FxHashMap<u32, Vec<&Entry>>) -> Option<AliasHint> {
    let mut covered: FxHashMap<u32, BTreeSet<u32>> = FxHashMap::default();
    for (number, zip, place) in &one.spots {
        for entry in by_number.get(number).into_iter().flatten() {
            let agrees = |asked: u32, own: u32| asked == 0 || own == 0 || asked == own;
            if agrees(*zip, entry.zip) && agrees(*place, entry.place) {
                covered.entry(entry.street).or_default().insert(*number);
            }
        }
    }
    let mut ranked: Vec<(usize, u32)> = covered.into_iter().map(|(street, numbers)| (numbers.len(), street)).collect();
    ranked.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let &(n_covered, street) = ranked.first()?;
    let n_runner_up = ranked.get(1).map_or(0, |r| r.0);
    let n_numbers = n_numbers(&one.spots);
    let is_sure =
        n_covered >= NUMBERS_MIN && n_covered * 100 >= n_numbers * COVERED_PERCENT && n_covered >= n_runner_up * AHEAD;
    is_sure.then(|| AliasHint {
        written: words_text(&one.words),
        county: street_text(county, &county.streets[street as usize]),
        n_numbers,
        n_covered,
        n_runner_up,
        example: one.example.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::alias_hints;
    use crate::matching::{Matcher, Query, ReferenceRow, Weights};

    #[test]
    fn a_renamed_street_is_suggested_and_a_stray_one_is_not() {
        let rows: Vec<(String, String)> = ["8TH AVE", "OAK ST"]
            .iter()
            .flat_map(|street| {
                (0..9).map(move |i| (format!("{street}{i}"), format!("{} {street}", 201 + i * 7 + street.len())))
            })
            .collect();
        let references: Vec<ReferenceRow<'_>> = rows
            .iter()
            .map(|(parcel_no, situs)| ReferenceRow { parcel_no, situs, ..ReferenceRow::default() })
            .collect();
        let matcher = Matcher::build_with(&references, &[], Weights::default());
        let asked = [
            "208 DOUGLASS BLVD",
            "215 DOUGLASS BLVD",
            "222 DOUGLASS BLVD",
            "230 DOUGLASS BLVD",
            "208 LONELY CT",
            "215 LONELY CT",
            "1 EMPTY LN",
            "2 EMPTY LN",
            "3 EMPTY LN",
            "4 OAK ST",
        ];
        let hints = alias_hints(&matcher, asked.iter().map(|t| Query { address_text: t, ..Query::default() }));
        assert_eq!(hints.len(), 1, "{hints:?}");
        let hint = &hints[0];
        assert_eq!((hint.written.as_str(), hint.county.as_str()), ("DOUGLASS BLVD", "8 AVE"));
        assert_eq!((hint.n_numbers, hint.n_covered, hint.n_runner_up), (4, 3, 0));
    }
}
