//! What stands at the end of a line: country, ZIP code, state.

use super::parse::CountyWords;
use super::places;
use super::tables;
use super::tokens::{Gap, Shape, Tokens, split_digits};
use crate::model::address::Address;

/// Takes country, ZIP and state from the end; returns the index where they begin.
pub(crate) fn take(tokens: &Tokens, county: &dyn CountyWords, address: &mut Address) -> usize {
    let mut hi = tokens.len();
    let n_country = match tokens.word(hi - 1) {
        "USA" | "US" => 1,
        "STATES" if hi > 4 && tokens.word(hi - 2) == "UNITED" => 2,
        "A" if hi > 5 && tokens.span(hi - 3..hi) == "U S A" => 3,
        "AMERICA" if hi > 6 && tokens.span(hi - 4..hi) == "UNITED STATES OF AMERICA" => 4,
        _ => 0,
    };
    if hi > n_country + 2 {
        hi -= n_country;
    }
    hi = take_zip(tokens, hi, address);
    hi = take_state(tokens, hi, county, address);
    hi
}

fn take_zip(tokens: &Tokens, hi: usize, address: &mut Address) -> usize {
    if hi < 2 {
        return hi;
    }
    let word = tokens.word(hi - 1);
    let shape = tokens.at(hi - 1).shape;
    let (digits, rest) = split_digits(word);
    let after_state = state_before(tokens, hi - 1).is_some();
    let after_comma = tokens.at(hi - 1).gap == Gap::Comma;
    let before = tokens.word(hi - 2);
    let follows_road_class =
        matches!(before, "HWY" | "HIGHWAY" | "ROUTE") && (hi < 3 || tokens.at(hi - 3).shape != Shape::Word);
    let is_other_number = matches!(before, "BOX" | "#" | "ACCT" | "ACCOUNT" | "METER" | "MTR" | "SERIAL" | "TAP")
        || follows_road_class
        || tokens.at(hi - 2).entry.unit.is_some_and(|u| u.needs_id && tokens.at(hi - 2).entry.state.is_none());
    match (digits.len(), rest.len()) {
        // "55401-1234", and "55401-" cut short.
        (5, 5) if shape == Shape::DigitsPair => {
            address.zip = Some(digits.to_owned());
            address.zip4 = rest.get(1..).map(str::to_owned);
            hi - 1
        }
        (9, 0) if after_state || hi > 3 => {
            address.zip = word.get(..5).map(str::to_owned);
            address.zip4 = word.get(5..).map(str::to_owned);
            hi - 1
        }
        (5, 0) if !is_other_number && (hi > 2 || after_comma || tokens.at(hi - 2).shape == Shape::Word) => {
            address.zip = Some(digits.to_owned());
            // "55401 1234" as two words is rare and would be read as house number and ZIP.
            hi - 1
        }
        (4, 0)
            if hi > 3
                && tokens.word(hi - 2).len() == 5
                && tokens.at(hi - 2).shape == Shape::Digits
                && state_before(tokens, hi - 2).is_some() =>
        {
            address.zip = Some(tokens.word(hi - 2).to_owned());
            address.zip4 = Some(word.to_owned());
            hi - 2
        }
        // "500 N MAIN ST FL 2" is a floor.
        (1..=2, 0)
            if before == "FL"
                && hi > 3
                && (is_type_or_direction(tokens, hi - 3) || tokens.at(hi - 3).shape != Shape::Word) =>
        {
            hi
        }
        // A ZIP that lost or gained a digit ("CT 6359", "MA 021", "FL 0"): nothing else stands behind a state.
        (1..=8, 0)
            if after_state
                && hi > 4
                && tokens.at(hi - 2).entry.street_type.is_none_or(|_| digits.len() >= 3)
                && !is_other_number =>
        {
            if digits.len() == 4 {
                address.zip = Some(format!("0{digits}"));
            }
            hi - 1
        }
        _ => hi,
    }
}

fn is_type_or_direction(tokens: &Tokens, at: usize) -> bool {
    let entry = tokens.at(at).entry;
    entry.direction.is_some() || entry.street_type.is_some_and(|t| t.strength >= 2)
}

/// The state that ends before `hi`: its code and the index where it begins.
fn state_before(tokens: &Tokens, hi: usize) -> Option<(&'static str, usize)> {
    if hi < 2 {
        return None;
    }
    let last = tokens.at(hi - 1).entry;
    let long = (2..=3usize)
        .rev()
        .filter(|n| last.ends_state && hi > *n)
        .find_map(|n| tables::state(tokens.span(hi - n..hi)).map(|code| (code, hi - n)));
    long.or_else(|| last.state.map(|code| (code, hi - 1)))
}

fn take_state(tokens: &Tokens, hi: usize, county: &dyn CountyWords, address: &mut Address) -> usize {
    let Some((code, at)) = state_before(tokens, hi) else { return hi };
    // "# GA" is a unit; ", LINCOLN NE" is nothing but a place.
    if tokens.at(at - 1).shape == Shape::Hash {
        return hi;
    }
    if tokens.at(0).shape == Shape::Word && places::is_known(tokens, 0, at, code) {
        address.state = Some(code.to_owned());
        return at;
    }
    let has_zip = hi < tokens.len();
    let entry = tokens.at(at).entry;
    let after_comma = tokens.at(at).gap == Gap::Comma;
    let is_code = tokens.word(at).len() == 2;
    // "DES MOINES WASHINGTON" is rare; "500 N WASHINGTON" and "100 NEW YORK AVE" are streets.
    let has_type_before = (1..at).any(|i| tokens.at(i).entry.street_type.is_some_and(|t| t.strength >= 2));
    let could_be_street = entry.direction.is_some() || entry.street_type.is_some() || entry.unit.is_some();
    let first_is_number = matches!(tokens.at(0).shape, Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair);
    let is_state = if has_zip || after_comma {
        // "500 WASHINGTON 98101" keeps its street.
        !(first_is_number && at == 1) && !(is_code && could_be_street && at < 3 && first_is_number && !after_comma)
    } else if is_code {
        // "106 WA" is 106th West Avenue; "COUNTY ROAD 42 IA" ends in a state.
        let follows_figures = matches!(tokens.at(at - 1).shape, Shape::Digits | Shape::Ordinal);
        let has_road_class = (0..at).any(|i| tokens.at(i).entry.is_road_class);
        // "1750 TYSONS BLVD FOURTH FL" is a floor.
        let is_floor = code == "FL" && tokens.at(at - 1).entry.number.is_some();
        if is_floor || follows_figures && !has_road_class {
            false
        } else if could_be_street {
            // "39 ST SAUVEUR CT" and "9445 HOLLOW TREE CT" are courts, "12 MAIN ST HARTFORD CT" lies in Connecticut.
            let is_place = |i: usize| county.is_place(tokens.span(i..at));
            has_type_before
                && at >= 3
                && could_end_place(tokens, at)
                && (ends_in_place(tokens, at, code) || (at.saturating_sub(3).max(2)..at).any(is_place))
        } else {
            at >= 2
        }
    } else {
        // "610 EAST MAIN MARION KANSAS": a spelled state behind number, street and place.
        (has_type_before && at >= 3) || (first_is_number && at >= 4 && could_end_place(tokens, at))
    };
    // "1234 MAIN CT 06000" without a place: the court is needed as type.
    let is_needed_type = is_code
        && !after_comma
        && entry.street_type.is_some_and(|t| t.is_strong())
        && first_is_number
        && !(1..at).any(|i| tokens.at(i).entry.street_type.is_some())
        && at <= 3;
    // "5075 MITHAN PLACE NE 98105": a direction right behind the type.
    let is_postdirectional = entry.direction.is_some()
        && !after_comma
        && at >= 2
        && tokens.at(at - 1).entry.street_type.is_some_and(|t| t.strength >= 2);
    // "M ST, NE" and "PEACHTREE ST, NE 30303" are quadrants; Nebraska has a place before it or a ZIP code of its own.
    let is_quadrant = entry.direction.is_some()
        && address.zip.as_deref().and_then(places::state_of_zip) != Some(code)
        && (has_zip || tokens.at(at - 1).entry.street_type.is_some_and(|t| t.strength >= 2));
    if !is_state || is_needed_type || is_postdirectional || is_quadrant {
        return hi;
    }
    address.state = Some(code.to_owned());
    at
}

/// True when a known place of the state, or words set apart by a comma, stand before `at`.
fn ends_in_place(tokens: &Tokens, at: usize, state: &str) -> bool {
    let lo = at.saturating_sub(3).max(1);
    (lo..at).any(|i| tokens.at(i).gap == Gap::Comma || places::is_known(tokens, i, at, state))
}

/// True when the word before the state can end a place name: a word that is no type and no direction.
fn could_end_place(tokens: &Tokens, at: usize) -> bool {
    let before = tokens.at(at - 1);
    before.shape == Shape::Word
        && before.entry.direction.is_none()
        && before.entry.street_type.is_none_or(|t| t.strength == 1)
}
