//! The words of one street, its bounds known, to direction, name, type and direction.

use super::highway;
use super::tokens::{Gap, Shape, Tokens};
use crate::model::address::{Direction, Street};

/// Reads the street that is exactly `lo..hi`.
pub(crate) fn read(tokens: &Tokens, lo: usize, hi: usize) -> Street {
    if lo >= hi {
        return Street::default();
    }
    if let Some((mut street, mut end)) = highway::read(tokens, lo, hi) {
        let pair = if end + 2 == hi { two_directions(tokens, end) } else { None };
        if pair.is_some() {
            street.postdirectional = pair;
            end += 2;
        } else if let Some(direction) = tokens.at(end).entry.direction.filter(|_| end < hi) {
            street.postdirectional = Some(direction);
            end += 1;
        }
        if end < hi {
            street.street_name.push(' ');
            street.street_name.push_str(tokens.span(end..hi));
        }
        return street;
    }
    if let Some(street) = highway::read_reversed(tokens, lo, hi) {
        return street;
    }
    plain(tokens, lo, hi)
}

fn is_number(tokens: &Tokens, at: usize) -> bool {
    matches!(tokens.at(at).shape, Shape::Digits | Shape::Ordinal) || tokens.at(at).entry.number.is_some_and(|n| n > 0)
}

/// A letter and figures, as in AVENUE J-8.
fn is_dashed(word: &str) -> bool {
    word.split_once('-').is_some_and(|(letter, figures)| {
        letter.len() == 1
            && letter.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=2).contains(&figures.len())
            && figures.bytes().all(|b| b.is_ascii_digit())
    })
}

/// `AVENUE H`, `S AVENUE H`, `AVENUE M 1/2`: the type stands before the letter that is the name. Where the type is, and
/// the index behind the name.
pub(crate) fn lettered(tokens: &Tokens, lo: usize, hi: usize) -> Option<(usize, usize)> {
    let is_avenue = |at: usize| tokens.word(at).starts_with("AV") && matches!(tokens.word(at), "AVENUE" | "AVE" | "AV");
    let at = lo + usize::from(tokens.at(lo).entry.direction.is_some() && is_avenue(lo + 1));
    let letter = tokens.at(at + 1);
    let is_letter = letter.shape == Shape::Letter || (letter.shape == Shape::Mixed && is_dashed(tokens.word(at + 1)));
    let is_name = at + 1 < hi && is_avenue(at) && is_letter && letter.gap == Gap::Blank;
    // "SOUTH AVE W" is a street called South.
    if !is_name || (at > lo && letter.entry.direction.is_some()) {
        return None;
    }
    Some((at, at + 2 + usize::from(at + 2 < hi && tokens.at(at + 2).shape == Shape::Fraction)))
}

fn plain(tokens: &Tokens, lo: usize, hi: usize) -> Street {
    let mut street = Street::default();
    if let Some((at, end)) = lettered(tokens, lo, hi) {
        street.predirectional = tokens.at(lo).entry.direction.filter(|_| at > lo);
        street.postdirectional = tokens.at(end).entry.direction.filter(|_| end + 1 == hi);
        let last = if street.postdirectional.is_some() { end } else { hi };
        tokens.span(at..last).clone_into(&mut street.street_name);
        if last == end + 1 {
            // "AVENUE C EXT"
            street.street_type = tokens.at(end).entry.street_type.map(|t| t.canonical.to_owned());
            tokens.span(at..if street.street_type.is_some() { end } else { last }).clone_into(&mut street.street_name);
        }
        return street;
    }
    let (mut from, mut to) = (lo, hi);
    if let Some((direction, n)) = predirectional(tokens, lo, hi) {
        street.predirectional = Some(direction);
        from += n;
    }
    if expand_cut_direction(tokens, from, to, &mut street) {
        return street;
    }
    take_back(tokens, from, &mut to, &mut street);
    if tokens.word(from) == "OLD" && to > from + 2 && street.street_type.is_none() {
        street.premodifier = Some("OLD".to_owned());
        from += 1;
    }
    tokens.span(from..to).clone_into(&mut street.street_name);
    street
}

/// Takes post-direction and type from the end, in either order (`W ST` of `SAINT JOHN W ST` is read as a direction).
fn take_back(tokens: &Tokens, from: usize, to: &mut usize, street: &mut Street) {
    let left = |to: usize| to - from;
    let last = tokens.at(*to - 1);
    if left(*to) >= 2 {
        let pair = two_directions(tokens, *to - 2).filter(|_| left(*to) >= 3);
        let is_lettered_avenue =
            left(*to) == 2 && tokens.word(*to - 1).len() == 1 && matches!(tokens.word(*to - 2), "AVENUE" | "AVE");
        if let Some(direction) = pair {
            street.postdirectional = Some(direction);
            *to -= 2;
        } else if let Some(direction) = last.entry.direction.filter(|_| !is_lettered_avenue) {
            street.postdirectional = Some(direction);
            *to -= 1;
        }
    }
    if left(*to) >= 2 {
        // "NEW HAVEN", "SANTA FE" without a type: the second word belongs to the name.
        let opens_name =
            matches!(tokens.word(from), "NEW" | "SAN" | "SANTA" | "EL" | "LA" | "LAS" | "LOS" | "FORT" | "MOUNT");
        // "THE ESPLANADE" is the whole name.
        let is_article = tokens.word(from) == "THE" && left(*to) == 2;
        let is_kept = |strength: u8| !is_article && (strength > 1 || left(*to) > 2 || !opens_name);
        if let Some(word) = tokens.at(*to - 1).entry.street_type.filter(|t| is_kept(t.strength)) {
            street.street_type = Some(word.canonical.to_owned());
            *to -= 1;
        }
    }
    // "3419 SAINT JOHN W ST": a direction between a worded name and its type.
    if street.street_type.is_some() && street.postdirectional.is_none() && left(*to) >= 2 {
        let direction = tokens.at(*to - 1).entry.direction;
        let is_inner = is_number(tokens, *to - 2);
        if direction.is_some() && !is_inner {
            street.postdirectional = direction;
            *to -= 1;
        }
    }
}

fn two_directions(tokens: &Tokens, at: usize) -> Option<Direction> {
    if tokens.at(at + 1).gap == Gap::Comma {
        return None;
    }
    match (tokens.at(at).entry.direction?, tokens.at(at + 1).entry.direction?) {
        (Direction::N, Direction::E) => Some(Direction::Ne),
        (Direction::N, Direction::W) => Some(Direction::Nw),
        (Direction::S, Direction::E) => Some(Direction::Se),
        (Direction::S, Direction::W) => Some(Direction::Sw),
        _ => None,
    }
}

/// The direction at the front and how many words it takes, unless it is the name itself (`N ST`, `NORTH AVE`).
fn predirectional(tokens: &Tokens, lo: usize, hi: usize) -> Option<(Direction, usize)> {
    let direction = tokens.at(lo).entry.direction?;
    if hi < lo + 2 {
        return None;
    }
    let kind = |at: usize| if at < hi { tokens.at(at).entry.street_type } else { None };
    let next_is_type = kind(lo + 1).is_some_and(|t| t.strength >= 2);
    let more_type = (lo + 2..hi).any(|i| kind(i).is_some());
    let rest_is_direction = hi == lo + 3 && tokens.at(lo + 2).entry.direction.is_some();
    if next_is_type && (!more_type || rest_is_direction) {
        return None;
    }
    if let Some(both) = two_directions(tokens, lo) {
        let third_is_type = kind(lo + 2).is_some_and(|t| t.is_strong()) && hi == lo + 3;
        if hi > lo + 2 && !third_is_type {
            return Some((both, 2));
        }
    }
    Some((direction, 1))
}

/// Tulsa's clerks write `1722 S 106 EA` for `106TH EAST AVE` and `WA` for `WEST AVE`.
fn expand_cut_direction(tokens: &Tokens, from: usize, to: usize, street: &mut Street) -> bool {
    if to != from + 2 || !is_number(tokens, from) {
        return false;
    }
    let inner = match tokens.word(from + 1) {
        "EA" => "E",
        "WA" => "W",
        _ => return false,
    };
    street.street_name = format!("{} {inner}", tokens.word(from));
    street.street_type = Some("AVE".to_owned());
    true
}

/// `SOUTH AVE O`, read as Avenue O in the south, is also unit O on South Avenue.
pub(crate) fn direction_as_name(tokens: &Tokens, lo: usize, hi: usize) -> Option<(Street, &str)> {
    let (at, end) = lettered(tokens, lo, hi).filter(|(at, end)| *at > lo && *end == hi)?;
    let street = Street {
        street_name: tokens.word(lo).to_owned(),
        street_type: tokens.at(at).entry.street_type.map(|t| t.canonical.to_owned()),
        ..Street::default()
    };
    (end == at + 2).then(|| (street, tokens.word(at + 1)))
}

/// Another way to read the same words, where they allow one: `NORTH W AVE` is W North Ave or North W Ave, `NORTH AVE W`
/// may be Avenue W in the north.
pub(crate) fn other_reading(tokens: &Tokens, lo: usize, hi: usize) -> Option<Street> {
    let first = tokens.at(lo).entry.direction;
    let second = tokens.at(lo + 1).entry.direction;
    let is_letter = hi == lo + 3 && tokens.at(lo + 2).shape == Shape::Letter && tokens.at(lo + 2).gap == Gap::Blank;
    if is_letter && first.is_some() && matches!(tokens.word(lo + 1), "AVENUE" | "AVE" | "AV") {
        let is_lettered = lettered(tokens, lo, hi).is_some();
        return (!is_lettered).then(|| Street {
            predirectional: first,
            street_name: tokens.span(lo + 1..hi).to_owned(),
            ..Street::default()
        });
    }
    if hi == lo + 3 && first.is_some() && second.is_some() {
        let word = tokens.at(lo + 2).entry.street_type?;
        return Some(Street {
            predirectional: second,
            street_name: tokens.word(lo).to_owned(),
            street_type: Some(word.canonical.to_owned()),
            ..Street::default()
        });
    }
    None
}
