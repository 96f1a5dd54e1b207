//! Numbered roads, where the type stands before the name: `HWY 64 ALT`, `STATE HIGHWAY 20`, `COUNTY RD 150`, `US 75`.
//!
//! The pretype keeps the class as the text names it, word by word in Publication 28 form (`NC HWY`, `COUNTY RD`);
//! [`class_key`] folds the classes that people use for one road.

use super::tokens::{Gap, Shape, Tokens, is_ordinal_ending, split_digits};
use crate::model::address::Street;

/// Longest run of words that names a road class.
const CLASS_WORDS_MAX: usize = 3;

/// Class words and their Publication 28 (appendix F) form.
fn class_of(words: &str) -> Option<&'static str> {
    Some(match words {
        "HWY" | "HIGHWAY" | "HY" | "HWAY" | "HYW" | "HIWAY" | "HGWY" => "HWY",
        "US" | "U S" => "US",
        "US HWY" | "US HIGHWAY" | "U S HWY" | "U S HIGHWAY" | "USH" | "FEDERAL HWY" | "US HY" => "US HWY",
        "US ROUTE" | "US RTE" | "US RT" => "US RTE",
        "STATE HWY" | "STATE HIGHWAY" | "ST HWY" | "ST HIGHWAY" | "SH" | "STH" | "STATE HY" => "STATE HWY",
        "STATE ROAD" | "STATE RD" | "ST RD" | "ST ROAD" => "STATE RD",
        "STATE ROUTE" | "STATE RTE" | "ST RTE" | "ST RT" | "STATE RT" | "ST ROUTE" => "STATE RTE",
        "SR" => "SR",
        "CR" => "CR",
        "COUNTY ROAD" | "COUNTY RD" | "CO RD" | "CNTY RD" | "CO ROAD" | "CTY RD" | "COUNRY RD" | "CNTY ROAD"
        | "CTY ROAD" | "COUNTY RTE" | "COUNTY ROUTE" => "COUNTY RD",
        "COUNTRY ROAD" | "COUNTRY RD" => "COUNTRY RD",
        "COUNTY HWY" | "COUNTY HIGHWAY" | "CO HWY" | "CNTY HWY" | "CTY HWY" | "CTH" | "CO HIGHWAY" => "COUNTY HWY",
        "ROUTE" | "RTE" | "RT" => "RTE",
        "RURAL ROUTE" | "RR" => "RR",
        "INTERSTATE" | "I" | "INTERSTATE HWY" | "INTERSTATE HIGHWAY" => "I",
        "FM" | "FARM TO MARKET" | "FM RD" | "FARM MARKET" | "FM ROAD" => "FM",
        "RM" => "RM",
        "TOWNSHIP ROAD" | "TOWNSHIP RD" | "TWP RD" | "TWP ROAD" | "TR" => "TWP RD",
        "BUSINESS" => "BUS",
        "RANCH ROAD" | "RANCH RD" => "RANCH RD",
        "ROAD" | "RD" => "RD",
        "STATE HIGHWAY NO" | "STATE HIGHWAY RT" | "STATE HWY NO" => "STATE HWY",
        "HIGHWAY NO" | "HWY NO" => "HWY",
        "FOREST ROAD" | "FOREST RD" => "FOREST RD",
        _ => return None,
    })
}

/// The class as compared: the ways in which people name one road are one (`HWY 20` is `STATE HIGHWAY 20`).
pub(crate) fn class_key(pretype: &str) -> &str {
    match pretype {
        "" => "",
        "COUNTY RD" | "CR" | "COUNTY HWY" | "COUNTRY RD" => "COUNTY RD",
        "RANCH RD" => "RM",
        "I" | "FM" | "RM" | "RR" | "TWP RD" | "FOREST RD" | "RD" => pretype,
        "US" | "US HWY" | "US RTE" | "HWY" | "RTE" | "SR" | "BUS" => "HWY",
        other if other.starts_with("STATE ") => "HWY",
        other => {
            let (first, rest) = other.split_once(' ').unwrap_or((other, ""));
            let is_state = first.len() == 2 && super::tables::state(first).is_some();
            if is_state && matches!(rest, "" | "HWY" | "RTE" | "RD") { "HWY" } else { other }
        }
    }
}

fn is_road_number(tokens: &Tokens, at: usize) -> bool {
    let word = tokens.word(at);
    match tokens.at(at).shape {
        Shape::Digits => word.len() <= 4,
        Shape::DigitsLetter => word.len() <= 5,
        Shape::Mixed => word.starts_with("N-") || (word.len() <= 4 && word.bytes().any(|b| b.is_ascii_digit())),
        Shape::Word
        | Shape::Letter
        | Shape::Ordinal
        | Shape::DigitsPair
        | Shape::Fraction
        | Shape::Hash
        | Shape::And => false,
    }
}

/// Letters that name a road in some states (`COUNTY ROAD DV`, `COUNTY ROAD ZZZ`).
fn is_road_letters(tokens: &Tokens, at: usize) -> bool {
    let word = tokens.word(at);
    let is_double = word.bytes().all(|b| Some(b) == word.bytes().next());
    let is_letters = matches!(tokens.at(at).shape, Shape::Letter | Shape::Word);
    let entry = tokens.at(at).entry;
    is_letters
        && !word.is_empty()
        && (word.len() <= 2 || (word.len() == 3 && is_double))
        && entry.street_type.is_none()
        && !(entry.direction.is_some() && word.len() == 2)
}

/// A road class at `at`: its form and the index behind it.
fn read_class(tokens: &Tokens, at: usize, hi: usize) -> Option<(String, usize)> {
    let entry = tokens.at(at).entry;
    if entry.state.is_some() && tokens.word(at).len() == 2 {
        let code = tokens.word(at);
        let form = match tokens.word(at + 1) {
            "HWY" | "HIGHWAY" | "HY" => Some("HWY"),
            "RTE" | "ROUTE" | "RT" => Some("RTE"),
            _ => None,
        };
        if let Some(form) = form.filter(|_| at + 2 < hi) {
            return Some((format!("{code} {form}"), at + 2));
        }
        if !entry.is_road_class {
            let is_plain = tokens.at(at + 1).shape == Shape::Digits && entry.street_type.is_none();
            return is_plain.then(|| (code.to_owned(), at + 1));
        }
    }
    if !entry.is_road_class {
        return None;
    }
    (1..=CLASS_WORDS_MAX)
        .rev()
        .filter(|n| at + n < hi)
        .find_map(|n| class_of(tokens.span(at..at + n)).map(|class| (class.to_owned(), at + n)))
}

/// Reads a numbered road from the front of `lo..hi` (a direction may precede); returns the index behind the number.
pub(crate) fn read(tokens: &Tokens, lo: usize, hi: usize) -> Option<(Street, usize)> {
    let mut street = Street::default();
    let mut at = lo;
    if let Some(direction) = tokens.at(at).entry.direction.filter(|_| lo + 2 < hi && tokens.word(at) != "STH") {
        street.predirectional = Some(direction);
        at += 1;
    }
    if tokens.word(at) == "OLD" && at + 2 < hi {
        street.premodifier = Some("OLD".to_owned());
        at += 1;
    }
    let (class, number_at) = read_class(tokens, at, hi)?;
    let next = tokens.at(number_at + 1).entry;
    let type_follows =
        number_at + 1 < hi && next.street_type.is_some_and(|t| t.is_strong()) && next.direction.is_none();
    let by_letters = is_road_letters(tokens, number_at)
        && !type_follows
        && matches!(class.as_str(), "COUNTY RD" | "COUNTY HWY" | "STATE HWY");
    let by_word = tokens.at(number_at).entry.number.is_some()
        && !type_follows
        && !matches!(class.as_str(), "I" | "BUS" | "RD" | "SR" | "CR");
    let by_number =
        is_road_number(tokens, number_at) && !(type_follows && matches!(class.as_str(), "I" | "RR" | "BUS" | "RD"));
    if number_at >= hi || !(by_letters || by_number || by_word) || tokens.at(number_at).gap == Gap::Comma {
        return None;
    }
    street.pretype = Some(class);
    let mut end = number_at + 1;
    let mut name = tokens.word(number_at).to_owned();
    if end < hi && tokens.at(end).gap == Gap::Blank {
        let modifier = match tokens.word(end) {
            "ALT" | "ALTERNATE" => "ALT",
            "BUS" | "BUSINESS" | "BUSN" => "BUS",
            "BYP" | "BYPASS" => "BYP",
            "SPUR" => "SPUR",
            "LOOP" => "LOOP",
            "TRUCK" => "TRUCK",
            _ => "",
        };
        if !modifier.is_empty() {
            name.push(' ');
            name.push_str(modifier);
            end += 1;
        }
    }
    street.street_name = name;
    Some((street, end))
}

/// `266 COUNTY RD`: the number of the road before its class, all of `lo..hi`.
pub(crate) fn read_reversed(tokens: &Tokens, lo: usize, hi: usize) -> Option<Street> {
    if hi < lo + 3 || tokens.at(lo).shape != Shape::Digits {
        return None;
    }
    let (digits, ending) = split_digits(tokens.word(lo));
    let class = class_of(tokens.span(lo + 1..hi))
        .filter(|c| matches!(*c, "COUNTY RD" | "COUNTY HWY" | "STATE HWY" | "US HWY"))?;
    let is_number = digits.len() <= 4 && (ending.is_empty() || is_ordinal_ending(ending));
    is_number.then(|| Street { pretype: Some(class.to_owned()), street_name: digits.to_owned(), ..Street::default() })
}
