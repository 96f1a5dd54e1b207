//! Where the street ends and the place begins when no comma says so (`17 TYLER AVE E WAREHAM MA`).
//!
//! Each possible end of the street gets points for what the words on both sides look like; the best wins, a close second
//! becomes another reading. The county's own streets and places, where known, outweigh all of it.

use super::highway;
use super::parse::CountyWords;
use super::places;
use super::street;
use super::tokens::{Shape, Tokens};
use super::unit;
use crate::model::address::Direction;

/// A possible end of the street.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Index behind the street's last word.
    pub(crate) end: usize,
    /// Index behind an unlabelled unit that follows the street; equal to `end` without one.
    pub(crate) unit_end: usize,
    pub(crate) points: i32,
}

/// What is known about the words behind the street.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings {
    /// A state or ZIP follows and no comma has set a place apart: a place is expected among the words.
    pub(crate) expects_place: bool,
    /// The state that follows, where the place must lie.
    pub(crate) state: Option<&'static str>,
}

/// Points. One table, so that they can be weighed against each other; found by reading lines of many cities.
mod points {
    /// By strength of the type that ends the street: none, weak, middle, strong.
    pub(super) const TYPE: [i32; 4] = [0, 12, 30, 60];
    pub(super) const NO_PLACE_WHERE_EXPECTED: i32 = -30;
    pub(super) const PLACE_NOT_EXPECTED: i32 = -24;
    pub(super) const PLACE_BEHIND_NAME_ALONE: i32 = -16;
    pub(super) const PLACE_OF_ONE_WORD: i32 = 12;
    pub(super) const PLACE_OF_TWO_WORDS: i32 = 9;
    pub(super) const PLACE_WORD_TOO_MANY: i32 = -8;
    pub(super) const PLACE_OPENED: i32 = 8;
    pub(super) const PLACE_CLOSED: i32 = 8;
    pub(super) const PLACE_IS_CLOSER_ONLY: i32 = -40;
    pub(super) const PLACE_OPENS_WITH_STRONG_TYPE: i32 = -50;
    pub(super) const PLACE_OPENS_WITH_MIDDLE_TYPE: i32 = -25;
    pub(super) const PLACE_OPENS_WITH_FIGURES: i32 = -45;
    pub(super) const PLACE_IS_SAINT: i32 = 50;
    pub(super) const PLACE_IS_DIRECTION_ONLY: i32 = -60;
    pub(super) const STREET_ENDS_IN_PLACE_OPENER: i32 = -20;
    /// A direction behind the type, as one or two letters or spelled out.
    pub(super) const POST_SHORT: i32 = 12;
    pub(super) const POST_SPELLED: i32 = 2;
    pub(super) const POST_BEHIND_FIGURES: i32 = 10;
    pub(super) const POST_WITHOUT_TYPE: i32 = -6;
    pub(super) const POST_AND_PRE: i32 = -26;
    pub(super) const POST_OF_KNOWN_PLACE: i32 = -40;
    pub(super) const POST_OF_KNOWN_PLACE_NUMBERED: i32 = -30;
    /// A pair of letters (`S E`) is a quadrant, not the end of the street and the place's first word.
    pub(super) const POST_PAIR: i32 = 24;
    pub(super) const BARE_UNIT: i32 = 4;
    /// A number behind a name without type (`223 N GUADALUPE 137`).
    pub(super) const BARE_UNIT_BEHIND_NAME: i32 = 3;
    /// A populated place of the state that follows, by one word or several.
    pub(super) const KNOWN_PLACE: i32 = 30;
    pub(super) const KNOWN_LONG_PLACE: i32 = 45;
    /// Where only a ZIP code says that a place may follow.
    pub(super) const KNOWN_PLACE_BY_ZIP: i32 = 16;
    pub(super) const COUNTY_STREET: i32 = 90;
    pub(super) const COUNTY_PLACE: i32 = 70;
}

/// Most ends tried; a street name has at most a handful of words.
const CUTS_MAX: usize = 12;

/// The best end, and a second one where it is close.
pub(crate) fn best(
    tokens: &Tokens,
    lo: usize,
    hi: usize,
    around: Surroundings,
    county: &dyn CountyWords,
) -> (Cut, Option<Cut>) {
    let whole = Cut { end: hi, unit_end: hi, points: 0 };
    let (mut first, mut second): (Option<Cut>, Option<Cut>) = (None, None);
    let floor = street::lettered(tokens, lo, hi).or_else(|| highway::read(tokens, lo, hi).map(|(_, end)| (lo, end)));
    let floor = floor.map(|(_, end)| end);
    let start = floor.unwrap_or(lo + 1);
    for end in start..=hi.min(start + CUTS_MAX) {
        let Some(cut) = weigh(tokens, lo, end, hi, &Context { around, county, road_end: floor, hi }) else { continue };
        if first.is_none_or(|best| cut.points > best.points) {
            second = first;
            first = Some(cut);
        } else if second.is_none_or(|best| cut.points > best.points) {
            second = Some(cut);
        }
    }
    let first = first.unwrap_or(whole);
    (first, second.filter(|s| s.points + 14 >= first.points))
}

struct Context<'a> {
    around: Surroundings,
    county: &'a dyn CountyWords,
    road_end: Option<usize>,
    hi: usize,
}

fn weigh(tokens: &Tokens, lo: usize, end: usize, hi: usize, context: &Context<'_>) -> Option<Cut> {
    let mut unit_end = end;
    let mut total = street_points(tokens, lo, end, hi, context)?;
    if end < hi && unit::is_bare_id(tokens, end) {
        if total > 0 {
            unit_end = unit::bare_id_end(tokens, end, hi);
            total += points::BARE_UNIT;
        } else if is_plain_name(tokens, lo, end) && tokens.at(end).shape != Shape::Letter {
            unit_end = unit::bare_id_end(tokens, end, hi);
            total += points::BARE_UNIT_BEHIND_NAME;
        }
    }
    total += place_points(tokens, unit_end, hi, context);
    // "N LINCOLN PARK WEST" alone is a street, not N Lincoln in Park West.
    let is_typed = (lo + 1..end).any(|i| tokens.at(i).entry.street_type.is_some_and(|t| t.strength >= 2));
    if unit_end < hi && !context.around.expects_place && context.around.state.is_none() && !is_typed {
        total += points::PLACE_BEHIND_NAME_ALONE;
    }
    let street = tokens.span(lo..end);
    if context.county.is_street(street) {
        total += points::COUNTY_STREET;
    }
    if unit_end < hi && context.county.is_place(tokens.span(unit_end..hi)) {
        total += points::COUNTY_PLACE;
    }
    Some(Cut { end, unit_end, points: total })
}

/// True when the words end in a name that bears no number of its own (`CALLE 5`, `LOOP 410` do).
fn is_plain_name(tokens: &Tokens, lo: usize, end: usize) -> bool {
    let last = tokens.at(end - 1);
    let opens_number = matches!(
        tokens.word(end - 1),
        "AVENIDA" | "CALLE" | "CAMINO" | "CARRETERA" | "KM" | "MILE" | "PASEO" | "PHASE" | "SECTOR" | "TRACT" | "VIA"
    );
    last.shape == Shape::Word
        && tokens.word(end - 1).len() > 2
        && last.entry.direction.is_none()
        && last.entry.street_type.is_none_or(|t| t.strength < 3)
        && !opens_number
        && !(lo..end).any(|i| tokens.at(i).entry.is_road_class && tokens.at(i).entry.street_type.is_none())
}

/// Points for `lo..end` as a street; `None` where it cannot be one.
fn street_points(tokens: &Tokens, lo: usize, end: usize, hi: usize, context: &Context<'_>) -> Option<i32> {
    let last = tokens.at(end - 1);
    let mut total = 0;
    let mut type_at = end - 1;
    let has_post = end > lo + 1 && last.entry.direction.is_some() && Some(end) != context.road_end;
    let has_pair = has_post && end > lo + 3 && is_letter_pair(tokens, end - 2);
    if has_pair {
        type_at = end - 3;
        total += points::POST_PAIR;
    } else if has_post {
        type_at = end - 2;
    }
    let behind_road = context.road_end.is_some_and(|road| type_at + 1 == road);
    let kind = tokens.at(type_at).entry.street_type;
    let only_direction_before =
        type_at == lo + 1 && tokens.at(lo).entry.direction.is_some() && tokens.at(lo).entry.street_type.is_none();
    if behind_road {
        total += points::TYPE[3];
    } else if let Some(kind) = kind.filter(|_| type_at > lo) {
        // "E PARK SPOKANE": a weak type behind a lone direction is the name.
        let strength = if only_direction_before && kind.strength < 3 { 0 } else { kind.strength };
        total += points::TYPE[usize::from(strength.min(3))];
        // "SAINT" is no street: "RD ST ALBANS" and "LN ST MARIE" open a place.
        let is_saint = tokens.word(type_at) == "ST"
            && type_at + 1 < hi
            && (lo + 1 + usize::from(tokens.at(lo).entry.direction.is_some())..type_at)
                .any(|i| tokens.at(i).entry.street_type.is_some_and(|t| t.is_strong()))
            && tokens.at(type_at + 1).entry.street_type.is_none()
            && tokens.at(type_at + 1).shape == Shape::Word;
        let is_saint = is_saint
            || only_direction_before
                && tokens.word(type_at) == "ST"
                && !context.around.expects_place
                && !context.around.state.is_some_and(|state| places::is_known(tokens, type_at + 1, hi, state))
                && type_at + 1 < hi
                && tokens.at(type_at + 1).shape == Shape::Word
                && tokens.at(type_at + 1).entry.direction.is_none();
        // "AVENUE ST JOHN"
        let is_saint = is_saint
            || type_at == lo + 1
                && tokens.word(lo) == "AVENUE"
                && tokens.word(type_at) == "ST"
                && tokens.at(type_at + 1).shape == Shape::Word
                && type_at + 1 < hi;
        let opens_place = end < hi && matches!(tokens.word(type_at), "MT" | "FT" | "MOUNT" | "FORT" | "PORT");
        if is_saint || opens_place {
            total -= points::TYPE[usize::from(strength.min(3))] - points::STREET_ENDS_IN_PLACE_OPENER;
        }
    } else if last.entry.opens_place && end < hi && end > lo {
        total += points::STREET_ENDS_IN_PLACE_OPENER;
    }
    if end == lo + 1 && last.entry.direction.is_some() && hi > end {
        return None;
    }
    if has_pair {
        total += points::POST_SHORT;
    } else if has_post {
        total += post_points(tokens, lo, end, kind.is_some() || behind_road, context);
    }
    Some(total)
}

/// `S E` behind a street: one direction in two letters.
fn is_letter_pair(tokens: &Tokens, at: usize) -> bool {
    tokens.word(at).len() == 1
        && tokens.word(at + 1).len() == 1
        && matches!(tokens.at(at).entry.direction, Some(Direction::N | Direction::S))
        && matches!(tokens.at(at + 1).entry.direction, Some(Direction::E | Direction::W))
}

fn post_points(tokens: &Tokens, lo: usize, end: usize, has_type: bool, context: &Context<'_>) -> i32 {
    let hi = context.hi;
    let at = end - 1;
    let is_spelled = tokens.word(at).len() > 2;
    let is_figure = |i: usize| matches!(tokens.at(i).shape, Shape::Ordinal | Shape::Digits | Shape::Fraction);
    let is_numbered = (lo.max(end.saturating_sub(3))..at).any(is_figure) || context.road_end.is_some();
    let mut total = if is_spelled { points::POST_SPELLED } else { points::POST_SHORT };
    if !has_type {
        total += points::POST_WITHOUT_TYPE;
    }
    if is_numbered {
        total += points::POST_BEHIND_FIGURES;
    }
    if tokens.at(lo).entry.direction.is_some() && !is_numbered {
        total += points::POST_AND_PRE;
    }
    if end < hi && is_directional_place(tokens, at, hi) {
        total += if is_numbered { points::POST_OF_KNOWN_PLACE_NUMBERED } else { points::POST_OF_KNOWN_PLACE };
    }
    total
}

/// True when direction and next word are a place known by that name anywhere in the country (`E BRIDGEWATER`).
fn is_directional_place(tokens: &Tokens, at: usize, hi: usize) -> bool {
    (at + 2..=hi.min(at + 4)).any(|end| places::is_directional(tokens, at, end))
}

/// Points for `lo..hi` as a place.
fn place_points(tokens: &Tokens, lo: usize, hi: usize, context: &Context<'_>) -> i32 {
    if lo >= hi {
        return if context.around.expects_place { points::NO_PLACE_WHERE_EXPECTED } else { 0 };
    }
    let n = hi - lo;
    if context.around.state.is_some_and(|state| places::is_known(tokens, lo, hi, state)) {
        return match (context.around.expects_place, n) {
            (false, _) => points::KNOWN_PLACE_BY_ZIP,
            (true, 1) => points::KNOWN_PLACE + points::PLACE_OF_ONE_WORD,
            (true, _) => points::KNOWN_LONG_PLACE + points::PLACE_OF_ONE_WORD,
        };
    }
    let first = tokens.at(lo);
    let last = tokens.at(hi - 1);
    let mut total = if context.around.expects_place { 0 } else { points::PLACE_NOT_EXPECTED };
    total += match n {
        1 => points::PLACE_OF_ONE_WORD,
        2 => points::PLACE_OF_TWO_WORDS,
        _ => points::PLACE_OF_TWO_WORDS + points::PLACE_WORD_TOO_MANY * i32::try_from(n - 2).unwrap_or(8).min(8),
    };
    if n > 1 && first.entry.opens_place {
        total += points::PLACE_OPENED;
    }
    if n > 1 && last.entry.closes_place {
        total += points::PLACE_CLOSED;
    }
    if n == 1 && (last.entry.closes_place || last.entry.street_type.is_some()) {
        total += points::PLACE_IS_CLOSER_ONLY;
    }
    if first.entry.direction.is_some() && n == 1 {
        total += points::PLACE_IS_DIRECTION_ONLY;
    }
    let is_saint = matches!(tokens.word(lo), "ST" | "FT" | "MT" | "PT" | "LA" | "LAKE")
        && n > 1
        && tokens.at(lo + 1).entry.street_type.is_none();
    if is_saint && n == 2 && tokens.word(lo) == "ST" && places::is_saint(tokens.word(lo + 1)) {
        total += points::PLACE_IS_SAINT;
    }
    match first.entry.street_type.map(|t| t.strength) {
        Some(3) if !is_saint => total += points::PLACE_OPENS_WITH_STRONG_TYPE,
        Some(2) if !is_saint && n > 1 => total += points::PLACE_OPENS_WITH_MIDDLE_TYPE,
        _ => {}
    }
    if matches!(first.shape, Shape::Digits | Shape::DigitsLetter | Shape::Ordinal | Shape::Fraction | Shape::DigitsPair)
    {
        total += points::PLACE_OPENS_WITH_FIGURES;
    }
    total
}
