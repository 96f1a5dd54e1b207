//! Where the house number stands: at the front, behind a recipient or a unit, or spelled out (`ONE MAIN ST`).

use super::number;
use super::shape::is_joint;
use super::tokens::{Gap, Shape, Tokens};
use crate::model::address::AddressNumber;

/// A house number in the words.
pub(crate) struct Found {
    /// Where it begins.
    pub(crate) at: usize,
    pub(crate) number: AddressNumber,
    /// Index behind it.
    pub(crate) behind: usize,
}

/// The house number of `lo..hi`.
pub(crate) fn number(tokens: &Tokens, lo: usize, hi: usize) -> Option<Found> {
    if let Some(found) = spelled(tokens, lo, hi) {
        return Some(found);
    }
    let grid = number::read_spread_grid(tokens, lo, hi).or_else(|| number::read_half_grid(tokens, lo, hi));
    if let Some((number, behind)) = grid {
        return Some(Found { at: lo, number, behind });
    }
    let first = (lo..hi).find(|i| can_be_number(tokens, *i, lo, hi))?;
    let at = if first > lo || is_care_of(tokens, lo) { best_behind_front(tokens, first, lo, hi) } else { first };
    let (number, behind) = number::read(tokens, at, hi)?;
    (behind < hi).then_some(Found { at, number, behind })
}

/// Behind a recipient, the first number that a typed street follows (`C/O 548 PROPERTIES, LLC 4023 HUNDRED OAKS AVE`).
fn best_behind_front(tokens: &Tokens, first: usize, lo: usize, hi: usize) -> usize {
    let is_typed = |at: usize| {
        let end = (at + 1..hi).find(|i| tokens.at(*i).gap == Gap::Comma).unwrap_or(hi);
        has_strong_type(tokens, at + 2, end)
    };
    (first..hi).find(|i| can_be_number(tokens, *i, lo, hi) && is_typed(*i)).unwrap_or(first)
}

/// True when the line opens with a care-of mark.
pub(crate) fn is_care_of(tokens: &Tokens, lo: usize) -> bool {
    matches!(tokens.word(lo), "C/O" | "%" | "ATTN" | "ATTENTION") || tokens.span(lo..lo + 2) == "C O"
}

/// Words behind `ONE` to `TWENTY` that make a name of it (`FIVE MILE RD`, `SEVEN OAKS DR`, `ONE WAY`).
const NAME_WORDS: [&str; 8] = ["MILE", "HUNDRED", "HALF", "NOTCH", "WAY", "AND", "STAR", "TREE"];

/// `ONE JEFFERSON AVE`, `FIFTY N FRONT ST`: a spelled number where a typed street follows.
fn spelled(tokens: &Tokens, lo: usize, hi: usize) -> Option<Found> {
    let word = tokens.word(lo);
    let low = tokens.at(lo).entry.number.map(u32::from).filter(|n| *n > 0)?;
    if is_ordinal_word(word) || tokens.at(lo).shape != Shape::Word || hi < lo + 3 {
        return None;
    }
    let next = tokens.at(lo + 1);
    let end = (lo + 1..hi).find(|i| tokens.at(*i).gap != Gap::Blank).unwrap_or(hi);
    let is_typed = (lo + 2..end).any(|i| tokens.at(i).entry.street_type.is_some_and(|t| t.strength >= 2));
    let is_free = next.entry.number.is_none()
        && next.entry.street_type.is_none_or(|t| t.strength < 2)
        && !NAME_WORDS.contains(&tokens.word(lo + 1));
    let has_direction = next.entry.direction.is_some() && end > lo + 3;
    // "ONE MIDTOWN PLAZA 1360 PEACHTREE STREET" is a building and its address.
    let is_building = (lo + 2..hi).any(|i| can_be_number(tokens, i, lo, hi));
    let is_number = is_typed && is_free && !is_building && (low == 1 || has_direction);
    let number = AddressNumber { low, raw: word.to_owned(), ..AddressNumber::default() };
    is_number.then_some(Found { at: lo, number, behind: lo + 1 })
}

fn is_ordinal_word(word: &str) -> bool {
    word.ends_with("TH") || matches!(word, "FIRST" | "SECOND" | "THIRD")
}

/// True when a strong street type or a highway stands in `lo..hi`.
pub(crate) fn has_strong_type(tokens: &Tokens, lo: usize, hi: usize) -> bool {
    (lo..hi).any(|i| {
        tokens.at(i).entry.street_type.is_some_and(|t| t.is_strong())
            || matches!(tokens.word(i), "HWY" | "HIGHWAY" | "ROUTE" | "RTE" | "INTERSTATE")
    })
}

/// True when a comma or `AND` at `at` leads to another number.
fn is_listed(tokens: &Tokens, at: usize) -> bool {
    let is_and = tokens.at(at).shape == Shape::And || tokens.word(at) == "AND";
    let shape = tokens.at(at + usize::from(is_and)).shape;
    (is_and || tokens.at(at).gap == Gap::Comma)
        && matches!(shape, Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair | Shape::Mixed)
}

/// The index behind further numbers of a list: `1818, 20, 22 N FULTON AVE`, `1216-1218 & 1230-1232 AISQUITH`.
pub(crate) fn more_numbers(tokens: &Tokens, from: usize, hi: usize) -> usize {
    let mut at = from;
    while at < hi {
        let is_and = tokens.at(at).shape == Shape::And || tokens.word(at) == "AND";
        let second = at + usize::from(is_and);
        let is_joined = is_and || tokens.at(at).gap == Gap::Comma;
        let shape = tokens.at(second).shape;
        let is_number = matches!(shape, Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair | Shape::Mixed);
        if !is_joined || !is_number {
            break;
        }
        let Some((_, behind)) = number::scan(tokens, second, hi) else { break };
        // "6 & 24 HWY" and "12, 5 ST" are streets.
        let next = tokens.at(behind);
        let is_street = next.entry.street_type.is_some_and(|t| t.is_strong()) || behind >= hi;
        let goes_on = next.gap == Gap::Blank || tokens.at(behind).shape == Shape::And;
        if is_street || (!goes_on && !is_listed(tokens, behind)) {
            break;
        }
        at = behind;
    }
    at
}

fn has_type(tokens: &Tokens, lo: usize, hi: usize) -> bool {
    (lo..hi).any(|i| tokens.at(i).entry.street_type.is_some_and(|t| t.strength >= 2))
}

fn can_be_number(tokens: &Tokens, at: usize, lo: usize, hi: usize) -> bool {
    let token = tokens.at(at);
    if !matches!(token.shape, Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair | Shape::Mixed) || at + 1 >= hi {
        return false;
    }
    let Some((_, behind)) = number::scan(tokens, at, hi) else { return false };
    if behind >= hi {
        return false;
    }
    let next = tokens.at(behind);
    let next_is_type = next.entry.street_type.is_some_and(|t| t.is_strong()) && next.entry.direction.is_none();
    if at == lo {
        // "31 STREET", "83 ST" alone are streets; so is "76 & 31 ST".
        let is_lone_street = next_is_type && behind + 1 >= hi && behind == at + 1 && tokens.word(behind) != "HWY";
        let joint = behind + 1 + usize::from(tokens.at(behind + 1).entry.direction.is_some());
        let is_crossing = next_is_type && is_joint(tokens, joint);
        return !is_lone_street
            && !is_crossing
            && (next.shape != Shape::And || more_numbers(tokens, behind, hi) > behind);
    }
    let before = tokens.at(at - 1);
    // "#1 CAPITOL MALL": a sign before the house number.
    if before.shape == Shape::Hash && at == lo + 1 && token.shape == Shape::Digits {
        let end = (at + 1..hi).find(|i| tokens.at(*i).gap != Gap::Blank).unwrap_or(hi);
        return !next_is_type && next.shape != Shape::Digits && has_type(tokens, behind + 1, end);
    }
    // "TAWES OFFICE BLDG 580 TAYLOR AVE": the building has a name, the number a street.
    let is_named_building = tokens.word(at - 1).starts_with("B")
        && before.entry.unit.is_some_and(|u| u.canonical == "BLDG")
        && at > lo + 1
        && next.shape == Shape::Word
        && has_strong_type(tokens, behind + 1, hi);
    let is_unit_id = before.entry.unit.is_some_and(|u| u.needs_id)
        && before.entry.state.is_none()
        && tokens.word(at - 1) != "DEPT"
        && !is_named_building;
    let is_part_of_other = before.shape == Shape::Hash
        || is_unit_id
        || before.entry.is_road_class && !matches!(tokens.word(at - 1), "CO" | "TR")
        || matches!(tokens.word(at - 1), "BOX" | "ROAD" | "RD" | "AVENUE" | "AVE" | "LOOP" | "AND" | "&")
        || before.entry.direction.is_some() && at < lo + 3
        || before.entry.street_type.is_some_and(|t| t.is_strong()) && token.gap == Gap::Blank;
    let street_follows = (!next_is_type || has_strong_type(tokens, behind + 1, hi))
        && next.gap == Gap::Blank
        && tokens.at(at + 1).shape != Shape::And;
    // "C/O TAJ 2 LLC"
    let is_company = matches!(tokens.word(behind), "LLC" | "INC" | "LLP" | "LP" | "LTD" | "CORP" | "TRUST");
    let has_more = (behind..hi).any(|i| {
        tokens.at(i).entry.street_type.is_some()
            || tokens.at(i).entry.direction.is_some()
            || tokens.at(i).shape == Shape::Ordinal
            || tokens.at(i).entry.is_road_class
            || tokens.word(i) == "CALLE"
    }) || hi - behind >= 1 && tokens.len() > hi;
    !is_company && !is_part_of_other && street_follows && has_more
}
