//! What people write for the addresses of made-up counties of many styles (`tests/corpus/match_pairs.txt`): the right lot,
//! a question, or nothing; never the wrong lot.

use std::collections::HashMap;

use taptrace::matching::{Matcher, Query, ReferenceRow, Scratch, Weights};
use taptrace::model::link::Decision;

const CORPUS: &str = include_str!("../corpus/match_pairs.txt");

/// A lot: its number on the roll is its position.
struct Lot<'a> {
    situs: String,
    place: &'a str,
    zip: &'a str,
}

fn place_of(text: &str) -> (&str, &str, &str) {
    let (situs, place) = text.rsplit_once(" @ ").unwrap();
    let (place, zip) = place.rsplit_once(' ').unwrap();
    (situs, place, zip)
}

/// `5` or `5..13/4`.
fn numbers(text: &str) -> Vec<u32> {
    match text.split_once("..") {
        None => vec![text.parse().unwrap()],
        Some((first, rest)) => {
            let (last, step) = rest.split_once('/').unwrap();
            (first.parse().unwrap()..=last.parse::<u32>().unwrap()).step_by(step.parse().unwrap()).collect()
        }
    }
}

fn lots(section: &str) -> Vec<Lot<'_>> {
    let mut lots = Vec::new();
    for line in section.lines() {
        if let Some((text, list)) = line.split_once('\t') {
            let (street, place, zip) = place_of(text);
            let all = list.split(' ').flat_map(numbers);
            lots.extend(all.map(|n| Lot { situs: street.replacen('#', &n.to_string(), 1), place, zip }));
        } else if let Some(text) = line.strip_prefix("= ") {
            let (situs, place, zip) = place_of(text);
            lots.push(Lot { situs: situs.to_owned(), place, zip });
        }
    }
    lots
}

/// What is wrong with the answer to one line, if anything.
fn wrong(matcher: &Matcher, situs_of: &HashMap<String, &str>, line: &str, scratch: &mut Scratch) -> Option<String> {
    let (text, expected) = line.split_once(" => ").unwrap();
    let outcome = matcher.match_with(&Query { address_text: text, ..Query::default() }, scratch);
    let found: Vec<&str> = outcome.parcels.iter().map(|parcel| situs_of[parcel]).collect();
    let is_right = match (expected, outcome.decision) {
        ("no", decision) => decision != Decision::Accepted,
        (_, Decision::None) => false,
        (_, decision) => match expected.strip_prefix("review ") {
            Some(first) => decision == Decision::Review && found.first() == Some(&first),
            None => decision == Decision::Accepted && found == expected.split(" | ").collect::<Vec<_>>(),
        },
    };
    (!is_right).then(|| format!("{line}\n      found {:?} {found:?} {:.3}", outcome.decision, outcome.score))
}

#[test]
fn what_people_write_finds_its_lot_in_counties_of_many_styles() {
    let mut n_pairs = 0;
    let mut all_wrong = Vec::new();
    for section in CORPUS.split("\n== ").skip(1) {
        let lots = lots(section);
        let numbered: Vec<(String, &Lot<'_>)> = lots.iter().enumerate().map(|(i, lot)| (i.to_string(), lot)).collect();
        let rows: Vec<ReferenceRow<'_>> = numbered
            .iter()
            .map(|(parcel_no, lot)| ReferenceRow {
                parcel_no,
                situs: &lot.situs,
                place: lot.place,
                zip: lot.zip,
                ..ReferenceRow::default()
            })
            .collect();
        let matcher = Matcher::build_with(&rows, &[], Weights::default());
        let situs_of: HashMap<String, &str> =
            numbered.iter().map(|(no, lot)| (no.clone(), lot.situs.as_str())).collect();
        let mut scratch = Scratch::default();
        for line in section.lines().filter(|line| line.contains(" => ")) {
            n_pairs += 1;
            all_wrong.extend(wrong(&matcher, &situs_of, line, &mut scratch));
        }
    }
    assert!(n_pairs > 700, "only {n_pairs} pairs");
    assert!(all_wrong.is_empty(), "{} of {n_pairs}:\n{}", all_wrong.len(), all_wrong.join("\n"));
}
