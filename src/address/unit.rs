//! Units (`APT 4`, `# 12`, `REAR`, `2ND FLOOR`, trailing `36-C`) and post office boxes.

use super::tokens::{Gap, Shape, Tokens};
use crate::model::address::Occupancy;

/// A unit found in the words `start..end`.
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) occupancy: Occupancy,
}

fn found(start: usize, end: usize, designator: &str, id: &str) -> Found {
    let occupancy = Occupancy { occupancy_type: designator.to_owned(), occupancy_id: id.to_owned() };
    Found { start, end, occupancy }
}

/// The first labelled unit that begins at `at` or behind it.
pub(crate) fn next(tokens: &Tokens, at: usize, hi: usize) -> Option<Found> {
    (at..hi).find_map(|i| labelled(tokens, i, at, hi))
}

/// A labelled unit at `i`; `lo` is the first word that may belong to it.
pub(crate) fn labelled(tokens: &Tokens, i: usize, lo: usize, hi: usize) -> Option<Found> {
    let token = tokens.at(i);
    if token.shape == Shape::Hash {
        return (i + 1 < hi)
            .then(|| found(i, id_end(tokens, i + 1, hi), "#", tokens.span(i + 1..id_end(tokens, i + 1, hi))));
    }
    // "MARKET AVE NO. 100"
    let is_number_sign = tokens.word(i) == "NO" && i > lo + 1 && tokens.at(i + 1).shape == Shape::Digits && i + 1 < hi;
    if is_number_sign && tokens.at(i - 1).entry.street_type.is_some_and(|t| t.is_strong()) {
        return Some(found(i, i + 2, "#", tokens.word(i + 1)));
    }
    let unit = token.entry.unit?;
    // "2ND FLOOR", "SECOND FLOOR", "LOWER LEVEL": the identifier stands before.
    let is_level = matches!(unit.canonical, "FL" | "LVL");
    if is_level && i > lo && tokens.at(i).gap == Gap::Blank {
        let before = tokens.at(i - 1);
        let is_count = before.shape == Shape::Ordinal || before.entry.number.is_some();
        let follows_street =
            i - 1 > lo && (before.gap == Gap::Comma || tokens.at(i - 2).entry.direction.is_none() || i - 2 > lo);
        if is_count && follows_street {
            return Some(found(i - 1, i + 1, unit.canonical, tokens.word(i - 1)));
        }
    }
    let mut id_at = i + 1;
    while id_at < hi && (tokens.at(id_at).shape == Shape::Hash || matches!(tokens.word(id_at), "NUMBER" | "NUM")) {
        id_at += 1;
    }
    let has_hash = id_at > i + 1;
    let id = tokens.at(id_at);
    let comma_before_id = id.gap == Gap::Comma;
    let is_id = id_at < hi
        && !comma_before_id
        && match id.shape {
            Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair | Shape::Mixed | Shape::Letter => true,
            Shape::Ordinal => is_level,
            Shape::Word => {
                has_hash
                    || (unit.needs_id
                        && (id.entry.number.is_some()
                            || (tokens.word(id_at).len() <= 2 && id.entry.street_type.is_none())))
            }
            Shape::Fraction | Shape::Hash | Shape::And => false,
        };
    let after_comma = token.gap == Gap::Comma;
    let next_is_type = i + 1 < hi
        && !comma_before_id
        && tokens.at(i + 1).entry.street_type.is_some_and(|t| t.strength >= 2)
        && id.shape == Shape::Word;
    if next_is_type {
        return None;
    }
    if unit.needs_id {
        // STOP, SIDE and KEY are also words of names: "STOP 4" is clear, "STOP LIGHT" not.
        let end = id_end(tokens, id_at, hi);
        return is_id.then(|| found(i, end, unit.canonical, tokens.span(id_at..end)));
    }
    let ends = i + 1 >= hi
        || comma_before_id
        || tokens.at(i + 1).entry.unit.is_some()
        || tokens.at(i + 1).shape == Shape::Hash;
    if is_id && id.shape != Shape::Letter {
        return Some(found(i, id_at + 1, unit.canonical, tokens.word(id_at)));
    }
    (ends && (i > lo || after_comma)).then(|| found(i, i + 1, unit.canonical, ""))
}

/// An identifier may have two words (`# B 101`, `# 12 A`).
fn id_end(tokens: &Tokens, at: usize, hi: usize) -> usize {
    let is_figure = |i: usize| tokens.at(i).shape == Shape::Digits && tokens.word(i).len() <= 4;
    // "# 331 N CHESTERFIELD": a direction opens the place.
    let is_letter =
        |i: usize| tokens.at(i).shape == Shape::Letter && (tokens.at(i).entry.direction.is_none() || i + 1 >= hi);
    let joins = at + 1 < hi
        && tokens.at(at + 1).gap == Gap::Blank
        && ((is_letter(at) && is_figure(at + 1)) || (is_figure(at) && is_letter(at + 1)));
    if joins { at + 2 } else { at + 1 }
}

/// True when the word can be a unit without a designator (`599 MESSER RD 36-C`).
pub(crate) fn is_bare_id(tokens: &Tokens, at: usize) -> bool {
    let word = tokens.word(at);
    let token = tokens.at(at);
    match token.shape {
        Shape::Digits | Shape::DigitsLetter => word.len() <= 5,
        Shape::DigitsPair | Shape::Mixed => word.len() <= 7,
        Shape::Letter => token.entry.direction.is_none(),
        Shape::Word | Shape::Ordinal | Shape::Fraction | Shape::Hash | Shape::And => false,
    }
}

/// A post office box: where it begins and ends, and its number.
pub(crate) fn po_box(tokens: &Tokens, hi: usize) -> Option<(usize, usize, String)> {
    for i in 0..hi {
        let n = match tokens.word(i) {
            "P" if tokens.word(i + 1) == "O" && matches!(tokens.word(i + 2), "BOX" | "BX") => 3,
            "POST" if tokens.span(i..(i + 3).min(hi)) == "POST OFFICE BOX" => 3,
            "PO" | "POB" | "BOX" | "P/O" if tokens.word(i + 1) == "BOX" || tokens.word(i + 1) == "BX" => 2,
            "PO" if tokens.word(i + 1) == "DRAWER" => 2,
            "POBOX" | "POB" | "PB" => 1,
            "BOX" => 1,
            _ => continue,
        };
        let mut at = i + n;
        while at < hi && (tokens.at(at).shape == Shape::Hash || matches!(tokens.word(at), "NO" | "NUMBER")) {
            at += 1;
        }
        let id = tokens.at(at);
        let is_id = match id.shape {
            Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair | Shape::Mixed => true,
            Shape::Letter => n >= 2,
            Shape::Word | Shape::Ordinal | Shape::Fraction | Shape::Hash | Shape::And => false,
        };
        if at < hi && is_id {
            return Some((i, at + 1, tokens.word(at).to_owned()));
        }
    }
    None
}
