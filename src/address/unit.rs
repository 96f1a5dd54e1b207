//! Units (`APT 4`, `# 12`, `REAR`, `2ND FLOOR`, trailing `36-C`) and post office boxes.

use super::tables::UnitWord;
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
    if tokens.at(i).shape == Shape::Hash {
        // "MTR #88231" is no unit.
        if i > lo && matches!(tokens.word(i - 1), "METER" | "MTR" | "ACCT" | "ACCOUNT" | "TAP" | "SERIAL") {
            return None;
        }
        return by_hash(tokens, i, lo, hi);
    }
    if let Some(found) = by_sign(tokens, i, lo, hi) {
        return Some(found);
    }
    let unit = tokens.at(i).entry.unit?;
    let is_level = |word: UnitWord| matches!(word.canonical, "FL" | "LVL");
    if matches!(unit.canonical, "LOWR" | "UPPR") && tokens.at(i + 1).entry.unit.is_some_and(is_level) {
        return None;
    }
    if is_level(unit)
        && let Some(found) = level(tokens, i, lo, hi, unit)
    {
        return Some(found);
    }
    by_designator(tokens, i, lo, hi, unit)
}

/// `# 12`, `# APT 2`.
fn by_hash(tokens: &Tokens, i: usize, lo: usize, hi: usize) -> Option<Found> {
    // The designator says more than the sign.
    if tokens.at(i + 1).entry.unit.is_some()
        && i + 2 < hi
        && let Some(inner) = labelled(tokens, i + 1, lo, hi).filter(|f| f.start == i + 1)
    {
        return Some(Found { start: i, ..inner });
    }
    let end = id_end(tokens, i + 1, hi);
    (i + 1 < hi).then(|| found(i, end, "#", tokens.span(i + 1..end)))
}

/// `2ND FLOOR`, `SECOND FLOOR`, `GROUND FLOOR`, `LOWER LEVEL`: the identifier stands before.
fn level(tokens: &Tokens, i: usize, lo: usize, hi: usize, unit: UnitWord) -> Option<Found> {
    if i <= lo || tokens.at(i).gap != Gap::Blank {
        return None;
    }
    let before = tokens.at(i - 1);
    let is_last = i + 1 >= hi || tokens.at(i + 1).gap != Gap::Blank;
    let is_count = before.shape == Shape::Ordinal
        || before.entry.number.is_some()
        || (before.shape == Shape::Digits && is_last && tokens.word(i - 1).len() <= 2)
        || matches!(tokens.word(i - 1), "GROUND" | "GRND" | "MAIN" | "TOP" | "LOWER" | "UPPER" | "GARDEN");
    let follows_street = before.gap == Gap::Comma || i < 2 || tokens.at(i - 2).entry.direction.is_none() || i - 2 > lo;
    (is_count && follows_street).then(|| found(i - 1, i + 1, unit.canonical, tokens.word(i - 1)))
}

fn by_designator(tokens: &Tokens, i: usize, lo: usize, hi: usize, unit: UnitWord) -> Option<Found> {
    let token = tokens.at(i);
    let mut id_at = i + 1;
    while id_at < hi
        && (tokens.at(id_at).shape == Shape::Hash
            || matches!(tokens.word(id_at), "NUMBER" | "NUM")
            || (tokens.word(id_at) == "NO" && has_figure(tokens, id_at + 1)))
    {
        id_at += 1;
    }
    let id = tokens.at(id_at);
    let comma_before_id = id.gap == Gap::Comma;
    let is_id = id_at < hi && !comma_before_id && can_be_id(tokens, id_at, hi, unit, id_at > i + 1);
    let after_comma = token.gap == Gap::Comma;
    let next_is_type = i + 1 < hi
        && !comma_before_id
        && tokens.at(i + 1).entry.street_type.is_some_and(|t| t.strength >= 2)
        && id.shape == Shape::Word;
    if next_is_type {
        return None;
    }
    if !is_id && is_without_id(tokens, i, lo, hi, unit.canonical) {
        return Some(found(i, i + 1, unit.canonical, ""));
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

/// True when the word at `at` can be the identifier of this designator.
fn can_be_id(tokens: &Tokens, at: usize, hi: usize, unit: UnitWord, has_sign: bool) -> bool {
    let id = tokens.at(at);
    match id.shape {
        Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair | Shape::Mixed | Shape::Letter => true,
        Shape::Ordinal => matches!(unit.canonical, "FL" | "LVL"),
        Shape::Word => {
            has_sign
                || (unit.needs_id
                    && (id.entry.number.is_some()
                        || (tokens.word(at).len() <= 2 && id.entry.street_type.is_none())
                        || is_worded_id(tokens, at, hi)))
        }
        Shape::Fraction | Shape::Hash | Shape::And => false,
    }
}

/// `MARKET AVE NO. 100`, `LONGWORTH AV U 6`, `RD, BLDG 10, ST. 310`: signs that are other words elsewhere.
fn by_sign(tokens: &Tokens, i: usize, lo: usize, hi: usize) -> Option<Found> {
    let designator = match tokens.word(i) {
        "NO" => "#",
        "U" => "UNIT",
        "ST" if tokens.at(i).gap == Gap::Comma => "STE",
        _ => return None,
    };
    let id = tokens.at(i + 1);
    let is_id = i + 1 < hi
        && id.gap == Gap::Blank
        && (id.shape == Shape::Digits
            || (id.shape != Shape::Ordinal && designator == "#" && has_figure(tokens, i + 1)));
    let follows_type = i > 0
        && i >= lo
        && (tokens.at(i - 1).entry.street_type.is_some_and(|t| t.is_strong())
            || tokens.at(i).gap == Gap::Comma && i > lo);
    let ends = i + 2 >= hi || tokens.at(i + 2).gap != Gap::Blank || designator != "STE";
    // "STATE HIGHWAY NO 70" is the road's number.
    let road = tokens.word(i.saturating_sub(1));
    let is_road = matches!(road, "HWY" | "HIGHWAY" | "ROUTE" | "RTE" | "RT")
        || matches!(road, "RD" | "ROAD")
            && i >= 2
            && matches!(tokens.word(i - 2), "COUNTY" | "CO" | "CNTY" | "CTY" | "STATE" | "TOWNSHIP" | "TWP");
    (!is_road && is_id && follows_type && ends).then(|| found(i, i + 2, designator, tokens.word(i + 1)))
}

fn has_figure(tokens: &Tokens, at: usize) -> bool {
    matches!(tokens.at(at).shape, Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair | Shape::Mixed)
}

/// `UNIT C-D`, `UNIT DOWN`: identifiers that are words.
fn is_worded_id(tokens: &Tokens, at: usize, hi: usize) -> bool {
    let word = tokens.word(at);
    let is_place_in_house = matches!(
        word,
        "DOWN"
            | "UP"
            | "UPPER"
            | "LOWER"
            | "REAR"
            | "FRONT"
            | "LEFT"
            | "RIGHT"
            | "MAIN"
            | "BACK"
            | "UPSTAIRS"
            | "DOWNSTAIRS"
    );
    let ends = at + 1 >= hi || tokens.at(at + 1).gap != Gap::Blank;
    (word.len() <= 5 && word.contains('-')) || is_place_in_house && (ends || word == "DOWN")
}

/// `718 DORCHESTER PL NE UNIT CEDAR RAPIDS`: a designator that lost its identifier, behind the end of a street.
fn is_without_id(tokens: &Tokens, i: usize, lo: usize, hi: usize, designator: &str) -> bool {
    let before = tokens.at(i.saturating_sub(1)).entry;
    let next = tokens.at(i + 1);
    matches!(designator, "APT" | "UNIT" | "STE")
        && i > lo.max(1)
        && (before.direction.is_some()
            || before.street_type.is_some_and(|t| t.is_strong())
            || tokens.at(i).gap == Gap::Comma)
        && (i + 1 >= hi
            || next.gap == Gap::Comma
            || (next.shape == Shape::Word && next.entry.street_type.is_none_or(|t| t.strength < 2)))
}

/// An identifier may have two words (`# B 101`, `# 12 A`).
fn id_end(tokens: &Tokens, at: usize, hi: usize) -> usize {
    let is_figure = |i: usize| tokens.at(i).shape == Shape::Digits && tokens.word(i).len() <= 4;
    // "# 331 N CHESTERFIELD": a direction opens the place.
    let is_letter =
        |i: usize| tokens.at(i).shape == Shape::Letter && (tokens.at(i).entry.direction.is_none() || i + 1 >= hi);
    // "# 3 SOUTH", "UNIT 2 EAST": a wing of the house, where nothing follows it.
    let is_wing = at + 1 < hi
        && tokens.at(at + 1).gap == Gap::Blank
        && has_figure(tokens, at)
        && tokens.at(at + 1).entry.direction.is_some()
        && (at + 2 >= hi || tokens.at(at + 2).gap != Gap::Blank);
    if is_wing {
        return at + 2;
    }
    // "# 14 1/2"
    if at + 1 < hi && tokens.at(at + 1).shape == Shape::Fraction && has_figure(tokens, at) {
        return at + 2;
    }
    // "STE 300 O FALLON": the letter opens the place.
    if matches!(tokens.word(at + 1), "O" | "D" | "L") && at + 2 < hi && tokens.at(at + 2).gap == Gap::Blank {
        return at + 1;
    }
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
        // "A-B"
        Shape::Word => word.len() == 3 && word.as_bytes().get(1) == Some(&b'-'),
        Shape::Fraction => true,
        Shape::Ordinal | Shape::Hash | Shape::And => false,
    }
}

/// The end of a unit without designator that begins at `at`: `H 5` and `106 D` are one.
pub(crate) fn bare_id_end(tokens: &Tokens, at: usize, hi: usize) -> usize {
    let end = id_end(tokens, at, hi);
    // Two words only where nothing follows that the second could belong to.
    if end == at + 2 && end < hi && tokens.at(end).gap == Gap::Blank && tokens.at(at).shape == Shape::Digits {
        return at + 1;
    }
    end
}

/// A post office box: where it begins and ends, and its number.
pub(crate) fn po_box(tokens: &Tokens, hi: usize) -> Option<(usize, usize, String)> {
    if !tokens.has_box {
        return None;
    }
    // A bare "BOX" or a lockbox counts only where no post office box is named.
    box_by(tokens, hi, true).or_else(|| box_by(tokens, hi, false))
}

fn box_by(tokens: &Tokens, hi: usize, is_plain: bool) -> Option<(usize, usize, String)> {
    for i in 0..hi {
        let n = match tokens.word(i) {
            "BOX" | "LOCKBOX" | "LBX" | "DRAWER" if is_plain && tokens.word(i + 1) != "BOX" => continue,
            "LOCKBOX" | "LBX" | "DRAWER" => 1,
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
