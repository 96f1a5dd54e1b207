//! Where parts of a line end and what they are as a whole: the end of a street, crossings, companies, routes before a box.

use super::find::has_strong_type;
use super::tokens::{Gap, Shape, Tokens};
use super::unit;
use crate::model::address::Street;

/// With a house number only two full streets cross (`101 PIERCE ST & RILL AVE`), not `5 BLACK & WHITE DR`.
pub(crate) fn crosses(tokens: &Tokens, lo: usize, at: usize, hi: usize) -> bool {
    let is_street = |lo: usize, hi: usize| {
        (lo + 1..hi).any(|i| tokens.at(i).entry.street_type.is_some_and(|t| t.is_strong()))
            || (lo..hi).any(|i| tokens.at(i).entry.is_road_class && i + 1 < hi)
    };
    is_street(lo, at)
        && is_street(at + 1, hi)
        && !matches!(tokens.at(at + 1).shape, Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair)
}
/// The comma or dash that ends the street which begins at `from`; in `M STREET, NW, WASHINGTON` not the first one.
pub(crate) fn street_end(tokens: &Tokens, from: usize, hi: usize, has_state: bool) -> usize {
    let end = (from + 1..hi).find(|i| tokens.at(*i).gap != Gap::Blank).unwrap_or(hi);
    end + quadrant_words(tokens, end, hi, has_state)
}

/// How many words at `at`, behind a comma, are the direction of the street before it.
fn quadrant_words(tokens: &Tokens, at: usize, hi: usize, has_state: bool) -> usize {
    use crate::model::address::Direction::{E, N, S, W};
    let Some(direction) = tokens.at(at).entry.direction.filter(|_| at < hi && tokens.at(at).gap == Gap::Comma) else {
        return 0;
    };
    let word = tokens.word(at);
    let second = tokens.at(at + 1);
    // "RD, SOUTHWEST RANCHES, FL" is a place.
    if !matches!(direction, N | S | E | W) && word.len() == 2 {
        return 1;
    }
    let is_pair = word.len() == 1
        && matches!(direction, N | S)
        && at + 1 < hi
        && tokens.word(at + 1).len() == 1
        && matches!(second.entry.direction, Some(E | W));
    if is_pair {
        return 2;
    }
    // "STREET, N SEBASTOPOL" and "STREET, WEST, TX" are places.
    let is_last = at + 1 >= hi;
    let ends = is_last
        || second.gap != Gap::Blank
        || second.entry.unit.is_some()
        || matches!(second.shape, Shape::Hash | Shape::Digits);
    usize::from(ends && (word.len() == 1 || !(is_last && has_state)))
}

/// True when a part set off by a comma that looks like a place stands in `from..hi`.
pub(crate) fn has_place_ahead(tokens: &Tokens, from: usize, hi: usize) -> bool {
    if from >= hi {
        return false;
    }
    // Words behind the last unit or comma.
    let mut at = from;
    let mut words = 0;
    while at < hi {
        if let Some(found) = unit::labelled(tokens, at, at, hi) {
            at = found.end;
            words = 0;
            continue;
        }
        words += usize::from(tokens.at(at).shape == Shape::Word);
        at += 1;
    }
    words > 0
}

/// Words that join two streets.
pub(crate) fn is_joint(tokens: &Tokens, at: usize) -> bool {
    tokens.at(at).shape == Shape::And || matches!(tokens.word(at), "AND" | "AT")
}

/// A line of a company's name: `JMB INVESTMENTS LLC`.
pub(crate) fn is_company(tokens: &Tokens, lo: usize, hi: usize) -> bool {
    let is_form = |i: usize| matches!(tokens.word(i), "LLC" | "INC" | "LLP" | "LP" | "LTD" | "CORP" | "TRUST");
    hi > lo + 1 && (lo + 1..hi).any(is_form) && !has_strong_type(tokens, lo + 1, hi)
}

/// A rural or highway contract route, all of `0..hi`, or a numbered road without a house number.
pub(crate) fn route(tokens: &Tokens, hi: usize) -> Option<Street> {
    let class = |word: &str| match word {
        "RR" | "RFD" | "RD" | "RT" | "RTE" | "ROUTE" => Some("RR"),
        "HC" | "HCR" | "SR" => Some("HC"),
        _ => None,
    };
    let (pretype, at) = match tokens.span(0..2) {
        "RURAL ROUTE" | "RURAL RT" | "R R" | "R D" | "RURAL RTE" => ("RR", 2),
        "HIGHWAY CONTRACT" | "STAR ROUTE" | "STAR RT" | "STAR RTE" | "H C" => ("HC", 2),
        _ => match class(tokens.word(0)) {
            Some(pretype) => (pretype, 1),
            None => {
                let (street, end) = super::highway::read(tokens, 0, hi)?;
                return (end == hi).then_some(street);
            }
        },
    };
    let at = at + usize::from(tokens.at(at).shape == Shape::Hash || tokens.word(at) == "NO");
    let is_id = at + 1 == hi && matches!(tokens.at(at).shape, Shape::Digits | Shape::DigitsLetter | Shape::Letter);
    is_id.then(|| Street {
        pretype: Some(pretype.to_owned()),
        street_name: tokens.word(at).trim_start_matches('0').to_owned(),
        ..Street::default()
    })
}

/// How many words open a crossing: `CORNER OF`, `NW CORNER`, `INTERSECTION OF`.
pub(crate) fn corner_words(tokens: &Tokens, lo: usize, hi: usize) -> Option<usize> {
    let at = lo + usize::from(tokens.at(lo).entry.direction.is_some());
    let is_corner = matches!(tokens.word(at), "CORNER" | "COR" | "INTERSECTION" | "INT") && at + 2 < hi;
    let behind = at + 1 + usize::from(tokens.word(at + 1) == "OF");
    let is_crossing = (behind..hi).any(|i| is_joint(tokens, i));
    (is_corner && (is_crossing || tokens.word(at + 1) == "OF")).then_some(behind - lo)
}

/// What files write where there is no address.
const PLACEHOLDERS: [&str; 20] = [
    "UNKNOWN",
    "NONE",
    "NULL",
    "N A",
    "NA",
    "TBD",
    "VACANT",
    "UNASSIGNED",
    "UNDETERMINED",
    "NO ADDRESS",
    "NO ADDRESS ASSIGNED",
    "NO ADDRESS AVAILABLE",
    "NO SITUS",
    "NO SITUS ADDRESS",
    "ADDRESS UNKNOWN",
    "ADDRESS NOT ASSIGNED",
    "UNKNOWN ADDRESS",
    "UNASSIGNED ADDRESS",
    "NOT AVAILABLE",
    "ADDRESS PENDING",
];

/// True when the words stand for a missing address.
pub(crate) fn is_placeholder(tokens: &Tokens, lo: usize, hi: usize) -> bool {
    PLACEHOLDERS.contains(&tokens.span(lo..hi))
}

/// True for names that bear no type behind them: `BROADWAY`, `AVENUE H`, `CALLE REAL`, `THE OAKS`.
pub(crate) fn needs_no_type(name: &str) -> bool {
    let first = name.split(' ').next().unwrap_or_default();
    matches!(first, "AVENUE" | "AVE" | "AVENIDA" | "BOWERY" | "CALLE" | "CAMINO" | "PASEO" | "RUE" | "THE" | "VIA")
        || name.ends_with("BROADWAY")
}

/// Where the other name of a road begins: `S MINGO VALLEY EXPY HWY 169`, all of `lo..hi`.
pub(crate) fn second_road(tokens: &Tokens, lo: usize, hi: usize) -> Option<usize> {
    if tokens.at(hi - 1).shape != Shape::Digits {
        return None;
    }
    let at = (lo + 2..hi.saturating_sub(1)).find(|i| {
        tokens.at(*i).entry.is_road_class
            && matches!(tokens.word(*i), "HWY" | "HIGHWAY" | "US" | "STATE" | "SH")
            && tokens.at(i - 1).entry.street_type.is_some_and(|t| t.is_strong())
    })?;
    let (_, end) = super::highway::read(tokens, at, hi)?;
    (end == hi).then_some(at)
}

/// Words behind a street that say what is served there, in lists of accounts and meters; no place bears them alone.
pub(crate) fn is_service_word(word: &str) -> bool {
    matches!(
        word,
        "BARN"
            | "CHANNEL"
            | "CLUBHOUSE"
            | "DUPLEX"
            | "FIRE"
            | "GARAGE"
            | "HOUSE"
            | "HSE"
            | "HYDRANT"
            | "IRR"
            | "IRRIG"
            | "IRRIGATION"
            | "LAUNDRY"
            | "LAWN"
            | "METER"
            | "MTR"
            | "POOL"
            | "RESTROOM"
            | "SHOP"
            | "SPRINKLER"
            | "VAULT"
            | "YARD"
    )
}

/// Where the house number stands behind the street: `Broadway 24, Manhattan`, `MAIN ST NW 409`, `ELM AVE, 12`. `COUNTY RD 409`
/// and `LEE ROAD 123` are roads.
pub(crate) fn number_behind(tokens: &Tokens, lo: usize, hi: usize) -> Option<usize> {
    let at = (lo + 1..hi)
        .find(|i| tokens.at(*i).shape == Shape::Digits && (i + 1 == hi || tokens.at(i + 1).gap == Gap::Comma))?;
    let is_name = at - lo <= 3
        && !tokens.word(at - 1).starts_with("AVE")
        && tokens.at(at - 1).entry.unit.is_none()
        && (lo..at).all(|i| {
            tokens.at(i).shape == Shape::Word && !tokens.at(i).entry.is_road_class && tokens.at(i).gap == Gap::Blank
        });
    let type_at = at - 1 - usize::from(at > lo + 2 && tokens.at(at - 1).entry.direction.is_some());
    let is_street = type_at > lo
        && tokens.at(type_at).entry.street_type.is_some_and(|t| t.is_strong())
        && !matches!(tokens.word(type_at), "RD" | "ROAD" | "CR" | "HWY" | "HIGHWAY")
        && (lo..type_at).all(|i| matches!(tokens.at(i).shape, Shape::Word | Shape::Ordinal))
        && (lo + 1..at).all(|i| tokens.at(i).gap == Gap::Blank);
    (is_name || is_street).then_some(at)
}

/// True when words set aside say that the address only helps to find another place: `ACROSS FROM`, `LOT E OF`, `NEXT DOOR`.
/// `REAR OF` is at the address; `(NEXT TO SHELL)` and `(E SIDE OF ELM)` describe it.
pub(crate) fn is_beside(rest: &str) -> bool {
    let words: Vec<String> = rest
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_ascii_uppercase)
        .collect();
    let at = |back: usize| words.len().checked_sub(back).and_then(|i| words.get(i)).map_or("", String::as_str);
    match at(1) {
        "ACROSS" | "ADJ" | "ADJACENT" | "ADJOINING" | "BEHIND" | "BESIDE" | "BEYOND" | "NEAR" | "OPP" | "OPPOSITE" => {
            true
        }
        "OFF" | "PAST" => words.len() == 1,
        "FROM" | "STREET" | "ST" => (2..4).any(|back| at(back) == "ACROSS"),
        "DOOR" => at(2) == "NEXT",
        "TO" => matches!(at(2), "NEXT" | "ADJ" | "ADJACENT" | "CLOSE" | "DOOR" | "BESIDE" | "OPPOSITE"),
        "OF" => super::tables::direction(at(2)).is_some() || at(2) == "OPPOSITE",
        _ => false,
    }
}

/// `LOT 5 BLK 2 ELM ESTATES`: a place on a plat, no address.
pub(crate) fn is_plat(tokens: &Tokens, lo: usize, hi: usize) -> bool {
    let is_id =
        |i: usize| i < hi && matches!(tokens.at(i).shape, Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair);
    matches!(tokens.word(lo), "LOT" | "LOTS" | "LT" | "LTS")
        && is_id(lo + 1)
        && matches!(tokens.word(lo + 2), "BLK" | "BLOCK" | "BL" | "BK")
        && is_id(lo + 3)
}
