//! The grammar: tokens to readings.
//!
//! Works from both ends: ZIP, state and unit from the back, house number and direction from the front; what remains is
//! the street, whose end is the last strong street type before the place. Where grammar cannot decide, the county's own
//! streets do (see [`CountyWords`]), and other readings are kept.

use super::number;
use super::tables;
use super::tokens::{Token, tokenize};
use crate::model::address::{Address, Direction, Occupancy, Street};

/// Why a reading deserves a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "see Warning::text")]
pub enum Warning {
    Empty,
    NoNumber,
    NoStreet,
    NoStreetType,
    Intersection,
    PoBox,
    Block,
    Remark,
    UnitUnlabelled,
    TwoTypes,
}

impl Warning {
    /// A sentence for people.
    pub fn text(self) -> &'static str {
        match self {
            Warning::Empty => "there is no text",
            Warning::NoNumber => "no usable house number",
            Warning::NoStreet => "no street name",
            Warning::NoStreetType => "no street type",
            Warning::Intersection => "an intersection, not one address",
            Warning::PoBox => "a post office box, not a place",
            Warning::Block => "a block, not one house",
            Warning::Remark => "a remark in parentheses was set aside",
            Warning::UnitUnlabelled => "a unit without designator",
            Warning::TwoTypes => "two street types; the last one was taken",
        }
    }
}

/// What was understood of an address text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Readings, best first, at most four; empty only for an empty text.
    pub readings: Vec<Address>,
    /// What deserves a second look.
    pub warnings: Vec<Warning>,
}

/// What the county's own file knows, to settle what grammar cannot.
pub trait CountyWords {
    /// True when the words (upper case, single blanks) name a place of the county.
    fn is_place(&self, words: &str) -> bool;
}

/// No county: grammar alone.
#[derive(Debug, Clone, Copy)]
pub struct NoCounty;

impl CountyWords for NoCounty {
    fn is_place(&self, _words: &str) -> bool {
        false
    }
}

/// Parses a text by grammar alone.
///
/// ```
/// let parsed = taptrace::address::parse("5213 E 31st Pl N, unit B");
/// assert_eq!(taptrace::address::standard_form(&parsed.readings[0]), "5213 E 31ST PL N UNIT B");
/// ```
pub fn parse(text: &str) -> Parsed {
    parse_in(text, &NoCounty)
}

/// Parses a text with the county's words.
pub fn parse_in(text: &str, county: &dyn CountyWords) -> Parsed {
    let (mut tokens, remark) = tokenize(text);
    let mut parsed = Parsed::default();
    if remark.is_some() {
        parsed.warnings.push(Warning::Remark);
    }
    if tokens.is_empty() {
        parsed.warnings.push(Warning::Empty);
        return parsed;
    }
    let mut address = Address { rest: remark, ..Address::default() };
    take_tail(&mut tokens, &mut address);
    if take_po_box(&mut tokens, &mut address) {
        parsed.warnings.push(Warning::PoBox);
    }
    take_known_place(&mut tokens, &mut address, county);
    take_front(&mut tokens, &mut address, &mut parsed.warnings);
    if let Some(at) = intersection_at(&tokens, &address) {
        let cross: Vec<Token> = tokens.split_off(at).into_iter().skip(1).collect();
        let mut second = Address::default();
        read_street(cross, &mut second, &mut Vec::new());
        address.cross_street = Some(second.street);
        address.place = address.place.or(second.place);
        parsed.warnings.push(Warning::Intersection);
    }
    read_street(tokens, &mut address, &mut parsed.warnings);
    if address.address_number.is_none() {
        parsed.warnings.push(Warning::NoNumber);
    }
    if address.street.street_name.is_empty() {
        parsed.warnings.push(Warning::NoStreet);
    } else if address.street.street_type.is_none() && address.street.pretype.is_none() {
        parsed.warnings.push(Warning::NoStreetType);
    }
    let other = other_reading(&address);
    parsed.readings.push(address);
    parsed.readings.extend(other);
    parsed
}

/// A number suffix may be a unit and the other way round: `325C MAIN ST` is also `325 MAIN ST UNIT C`.
fn other_reading(address: &Address) -> Option<Address> {
    let number = address.address_number.as_ref()?;
    let letter = number.suffix.clone().filter(|s| s.bytes().all(|b| b.is_ascii_uppercase()))?;
    if !address.occupancy.is_empty() {
        return None;
    }
    let mut other = address.clone();
    let number = other.address_number.as_mut()?;
    number.suffix = None;
    other.occupancy.push(Occupancy { occupancy_type: String::new(), occupancy_id: letter });
    Some(other)
}

fn is_zip(word: &str) -> bool {
    let digits = word.split('-').next().unwrap_or_default();
    digits.len() == 5 && word.bytes().all(|b| b.is_ascii_digit() || b == b'-') && matches!(word.len(), 5 | 10)
}

/// Takes ZIP, state and, when a comma sets it off, the place from the end.
fn take_tail(tokens: &mut Vec<Token>, address: &mut Address) {
    if tokens.len() > 2 && tokens.last().is_some_and(|t| matches!(t.text.as_str(), "USA" | "US" | "UNITED STATES")) {
        tokens.pop();
    }
    if tokens.len() > 1 && tokens.last().is_some_and(|t| is_zip(&t.text) && !is_number_of_name(tokens)) {
        let word = tokens.pop().map(|t| t.text).unwrap_or_default();
        let mut parts = word.split('-').map(str::to_owned);
        address.zip = parts.next();
        address.zip4 = parts.next();
    }
    take_state(tokens, address);
    let comma = tokens.iter().rposition(|t| t.after_comma);
    let Some(at) = comma.filter(|at| *at > 0) else { return };
    let segment = &tokens[at..];
    let has_evidence = address.zip.is_some() || address.state.is_some() || segment.len() <= 3;
    let is_words = segment.iter().all(|t| t.text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-'));
    let is_unit = tables::unit(&segment[0].text).is_some_and(|u| u.needs_id || segment.len() == 1);
    let is_street_part = segment.len() == 1
        && (tables::direction(&segment[0].text).is_some()
            || (segment[0].text.len() < 3 && tables::state(&segment[0].text).is_none()));
    if has_evidence && is_words && !is_unit && !is_street_part && segment.len() <= 4 {
        address.place = Some(join(&tokens.split_off(at)));
    }
}

/// True when the last token is the number of a numbered road (`HWY 75001` does not end in a ZIP).
fn is_number_of_name(tokens: &[Token]) -> bool {
    let before = tokens.len().checked_sub(2).and_then(|i| tokens.get(i));
    tokens.len() <= 3 && before.is_some_and(|t| matches!(t.text.as_str(), "HWY" | "HIGHWAY" | "BOX" | "#" | "ROUTE"))
}

fn take_state(tokens: &mut Vec<Token>, address: &mut Address) {
    let n = tokens.len();
    let has_comma_before = |index: usize| tokens.get(index).is_some_and(|t| t.after_comma);
    for words in [3usize, 2, 1] {
        if n < words + 1 {
            continue;
        }
        let text = join(&tokens[n - words..]);
        let Some(code) = tables::state(&text) else { continue };
        // Two letters may be a direction (NE) or a type (CT): trust them behind a ZIP, a comma, or a place.
        let is_clear = match words {
            1 if text.len() == 2 => {
                let could_be_street = tables::direction(&text).is_some() || tables::street_type(&text).is_some();
                address.zip.is_some() || has_comma_before(n - 1) || (!could_be_street && n > 4)
            }
            _ => address.zip.is_some() || has_comma_before(n - words),
        };
        let leaves_a_street = address.zip.is_some() || n > 2;
        if is_clear && leaves_a_street {
            address.state = Some(code.to_owned());
            let was_after_comma = has_comma_before(n - words);
            tokens.truncate(n - words);
            if was_after_comma && address.place.is_none() {
                // "..., TULSA, OK": the comma before the state says nothing of the place; leave it to the caller.
            }
            return;
        }
    }
}

fn take_po_box(tokens: &mut Vec<Token>, address: &mut Address) -> bool {
    let texts: Vec<&str> = tokens.iter().map(|t| t.text.as_str()).collect();
    let at = (0..texts.len()).find_map(|i| match texts.get(i..) {
        Some(["P", "O", "BOX", id, ..]) => Some((i, 4, (*id).to_owned())),
        Some(["POST", "OFFICE", "BOX", id, ..]) => Some((i, 4, (*id).to_owned())),
        Some(["PO" | "POB", "BOX", id, ..]) => Some((i, 3, (*id).to_owned())),
        Some(["POBOX" | "POB", id, ..]) => Some((i, 2, (*id).to_owned())),
        Some(["BOX", id, ..]) if i == 0 && id.bytes().all(|b| b.is_ascii_digit()) => Some((i, 2, (*id).to_owned())),
        _ => None,
    });
    let Some((start, len, id)) = at else { return false };
    address.po_box = Some(id);
    let tail = tokens.split_off(start + len);
    tokens.truncate(start);
    if tokens.is_empty() && address.place.is_none() && !tail.is_empty() {
        address.place = Some(join(&tail));
    } else {
        tokens.extend(tail);
    }
    true
}

/// Takes a place that the county knows from the end, when enough is left for a street.
fn take_known_place(tokens: &mut Vec<Token>, address: &mut Address, county: &dyn CountyWords) {
    if address.place.is_some() {
        return;
    }
    let n = tokens.len();
    for words in (1..=3usize).rev() {
        if n < words + 3 {
            continue;
        }
        let text = join(&tokens[n - words..]);
        if county.is_place(&text) {
            tokens.truncate(n - words);
            address.place = Some(text);
            return;
        }
    }
}

/// Takes words before the house number (recipient, `BLK` marks) and the number itself.
fn take_front(tokens: &mut Vec<Token>, address: &mut Address, warnings: &mut Vec<Warning>) {
    let starts_with_unit =
        tokens.first().is_some_and(|t| t.text == "#" || tables::unit(&t.text).is_some_and(|u| u.needs_id));
    if starts_with_unit && tokens.len() > 3 && number::read(&tokens[2..]).is_some() {
        let id = tokens[1].text.clone();
        let designator = tables::unit(&tokens[0].text).map_or("#", |u| u.canonical);
        address.occupancy.push(Occupancy { occupancy_type: designator.to_owned(), occupancy_id: id });
        tokens.drain(..2);
    }
    if number::read(tokens).is_none() {
        // "Black Alliance 660 Nostrand Ave": a number later that a street type follows.
        let later = (1..tokens.len().saturating_sub(1)).find(|i| {
            let (digits, rest) = number::split_digits(&tokens[*i].text);
            digits.len() >= 2
                && rest.is_empty()
                && !is_highway_word(&tokens[i - 1].text)
                && tables::direction(&tokens[i - 1].text).is_none()
                && tables::street_type(&tokens[i + 1].text).is_none()
                && !tokens[..*i].iter().any(|t| t.text == "&")
                && tokens[i + 1..].iter().any(|t| tables::street_type(&t.text).is_some())
        });
        if let Some(at) = later {
            let before: Vec<Token> = tokens.drain(..at).collect();
            address.rest = Some(join(&before));
        }
    }
    let Some((found, used)) = number::read(tokens) else { return };
    let next = tokens.get(used).map(|t| t.text.as_str());
    // "31 STREET", "76 E AVE" alone are streets; a number needs a street behind it.
    let is_street_name = next.is_none()
        || (tokens.len() == used + 1
            && next.is_some_and(|w| tables::street_type(w).is_some_and(|t| t.is_strong))
            && used == 1);
    if is_street_name {
        return;
    }
    tokens.drain(..used);
    if tokens.first().is_some_and(|t| matches!(t.text.as_str(), "BLK" | "BLOCK")) {
        tokens.remove(0);
        warnings.push(Warning::Block);
        if tokens.first().is_some_and(|t| t.text == "OF") {
            tokens.remove(0);
        }
    }
    if found.low > 0 {
        address.address_number = Some(found);
    }
}

fn intersection_at(tokens: &[Token], address: &Address) -> Option<usize> {
    let at = tokens.iter().position(|t| matches!(t.text.as_str(), "&" | "AT" | "AND" | "@"))?;
    let is_street = |side: &[Token]| {
        side.iter()
            .any(|t| tables::street_type(&t.text).is_some_and(|x| x.is_strong) || tables::ordinal(&t.text).is_some())
    };
    let (left, right) = (&tokens[..at], tokens.get(at + 1..)?);
    let both = is_street(left) && is_street(right);
    let either = address.address_number.is_none() && (is_street(left) || is_street(right));
    (!left.is_empty() && !right.is_empty() && (both || either)).then_some(at)
}

fn is_highway_word(word: &str) -> bool {
    matches!(
        word,
        "HWY"
            | "HIGHWAY"
            | "ROUTE"
            | "RTE"
            | "RT"
            | "INTERSTATE"
            | "FM"
            | "CR"
            | "SR"
            | "SH"
            | "US"
            | "ROAD"
            | "RD"
            | "LOOP"
            | "I"
            | "HY"
            | "CO"
            | "HYW"
            | "HWAY"
            | "RR"
            | "RM"
            | "TWP"
            | "CTH"
            | "STH"
            | "USH"
    )
}

pub(crate) fn join(tokens: &[Token]) -> String {
    let mut text = String::new();
    for token in tokens {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&token.text);
    }
    text
}

/// Reads street, units and, behind them, the place.
fn read_street(mut tokens: Vec<Token>, address: &mut Address, warnings: &mut Vec<Warning>) {
    take_units(&mut tokens, address, warnings);
    if tokens.is_empty() {
        return;
    }
    if let Some(street) = super::highway::read(&mut tokens) {
        address.street = street;
    } else {
        address.street = plain_street(&mut tokens, address, warnings);
    }
    if !tokens.is_empty() {
        if tokens.len() == 1 && is_unit_id(&tokens[0].text) && address.occupancy.is_empty() {
            address.occupancy.push(Occupancy { occupancy_type: String::new(), occupancy_id: tokens[0].text.clone() });
            warnings.push(Warning::UnitUnlabelled);
        } else if address.place.is_none() {
            address.place = Some(join(&tokens));
        } else {
            address.rest = Some(join(&tokens));
        }
    }
}

fn is_unit_id(word: &str) -> bool {
    (word.len() == 1 && tables::direction(word).is_none())
        || (word.len() <= 6 && word.bytes().any(|b| b.is_ascii_digit()))
}

/// Takes labelled units (`APT 4`, `# 12`, `REAR`) wherever they stand behind the street, and sees a place behind them.
fn take_units(tokens: &mut Vec<Token>, address: &mut Address, warnings: &mut Vec<Warning>) {
    let mut index = 1;
    while index < tokens.len() {
        let word = tokens[index].text.as_str();
        let designator =
            if word == "#" { Some(("#", true)) } else { tables::unit(word).map(|u| (u.canonical, u.needs_id)) };
        let Some((canonical, needs_id)) = designator else {
            index += 1;
            continue;
        };
        let mut id_at = index + 1;
        while tokens.get(id_at).is_some_and(|t| matches!(t.text.as_str(), "#" | "NO" | "NUMBER")) {
            id_at += 1;
        }
        let id = tokens.get(id_at).map(|t| t.text.clone());
        let looks_like_id = id
            .as_deref()
            .is_some_and(|t| t.bytes().any(|b| b.is_ascii_digit()) || t.len() <= 2 && (word == "#" || needs_id));
        // Words that are also names or places: SPACE, LOT, FRONT, LOWER need a closer look; FL is also Florida.
        let ends_the_line = index + 1 == tokens.len();
        let follows_street = index >= 2 || tokens.get(index).is_some_and(|t| t.after_comma);
        let is_unit = follows_street
            && if needs_id { looks_like_id } else { ends_the_line || tokens[index].after_comma || looks_like_id };
        if !is_unit {
            index += 1;
            continue;
        }
        let takes_id = looks_like_id && (needs_id || tokens.get(id_at).is_some_and(|t| !t.after_comma));
        let end = if takes_id { id_at + 1 } else { index + 1 };
        let occupancy_id = if takes_id { id.unwrap_or_default() } else { String::new() };
        address.occupancy.push(Occupancy { occupancy_type: canonical.to_owned(), occupancy_id });
        let behind = tokens.split_off(end);
        tokens.truncate(index);
        if behind.first().is_some_and(|t| t.text == "#" || tables::unit(&t.text).is_some()) {
            tokens.extend(behind);
        } else if !behind.is_empty() {
            let mut behind = behind;
            while behind.first().is_some_and(|t| is_unit_id(&t.text) && behind.len() > 1) {
                behind.remove(0);
            }
            if address.place.is_none() {
                address.place = Some(join(&behind));
            } else {
                address.rest = Some(join(&behind));
            }
        }
    }
    if address.occupancy.len() > 3 {
        address.occupancy.truncate(3);
        warnings.push(Warning::UnitUnlabelled);
    }
}

/// Index of the token that is the street's type, given that `tokens` starts at the name.
fn type_at(tokens: &[Token]) -> Option<usize> {
    let word = |i: usize| tokens.get(i).and_then(|t| tables::street_type(&t.text));
    let limit = tokens.iter().skip(1).position(|t| t.after_comma).map_or(tokens.len(), |p| p + 1);
    let strong = (1..limit).find(|i| word(*i).is_some_and(|t| t.is_strong));
    if let Some(first) = strong {
        // "COURT ST", "AVENUE RD": the type is the last of a run of types, but not a saint or place behind it.
        let mut at = first;
        while at + 1 < limit && word(at + 1).is_some_and(|t| t.is_strong) && at + 2 >= limit {
            at += 1;
        }
        return Some(at);
    }
    (1..limit).rev().find(|i| word(*i).is_some())
}

fn two_directions(first: &str, second: &str) -> Option<Direction> {
    match (tables::direction(first)?, tables::direction(second)?) {
        (Direction::N, Direction::E) => Some(Direction::Ne),
        (Direction::N, Direction::W) => Some(Direction::Nw),
        (Direction::S, Direction::E) => Some(Direction::Se),
        (Direction::S, Direction::W) => Some(Direction::Sw),
        _ => None,
    }
}

/// A street that is no numbered highway; leaves what belongs to the place in `tokens`.
fn plain_street(tokens: &mut Vec<Token>, address: &Address, warnings: &mut Vec<Warning>) -> Street {
    let mut street = Street::default();
    take_predirectional(tokens, &mut street);
    if tokens.len() > 1 && matches!(tokens[0].text.as_str(), "OLD") && tables::street_type(&tokens[1].text).is_none() {
        street.premodifier = Some("OLD".to_owned());
        tokens.remove(0);
    }
    let at = type_at(tokens);
    let place_is_known = address.place.is_some() || (address.zip.is_none() && address.state.is_none());
    let mut name: Vec<Token>;
    if let Some(at) = at {
        let behind = tokens.split_off(at + 1);
        street.street_type = tokens.pop().and_then(|t| tables::street_type(&t.text)).map(|t| t.canonical.to_owned());
        name = std::mem::take(tokens);
        *tokens = behind;
        if name.len() > 1 && name.last().is_some_and(|t| tables::street_type(&t.text).is_some_and(|x| x.is_strong)) {
            warnings.push(Warning::TwoTypes);
        }
        take_postdirectional(tokens, &mut street, place_is_known);
    } else {
        name = std::mem::take(tokens);
        if !place_is_known && name.len() > 1 && address.occupancy.is_empty() {
            // "BROADWAY TULSA OK": without a type the first word is the name and the rest the place.
            *tokens = name.split_off(1);
        }
        if name.len() > 1 && name.last().is_some_and(|t| tables::direction(&t.text).is_some()) {
            street.postdirectional = name.pop().and_then(|t| tables::direction(&t.text));
        }
        if name.len() > 1 && address.occupancy.is_empty() && name.last().is_some_and(|t| unlabelled(&t.text)) {
            tokens.extend(name.pop());
        }
        expand_cut_direction(&mut name, &mut street);
    }
    street.street_name = join(&name);
    street
}

fn unlabelled(word: &str) -> bool {
    let (digits, rest) = number::split_digits(word);
    !digits.is_empty() && !matches!(rest, "ST" | "ND" | "RD" | "TH") && word.len() <= 5
}

/// Tulsa's clerks write `1722 S 106 EA` for `106TH EAST AVE` and `WA` for `WEST AVE`.
fn expand_cut_direction(name: &mut Vec<Token>, street: &mut Street) {
    let is_numbered = name.len() == 2 && tables::ordinal(&name[0].text).is_some();
    let inner = match name.last().map(|t| t.text.as_str()) {
        Some("EA") if is_numbered => "E",
        Some("WA") if is_numbered => "W",
        _ => return,
    };
    if let Some(last) = name.last_mut() {
        last.text = inner.to_owned();
    }
    street.street_type = Some("AVE".to_owned());
}

fn take_predirectional(tokens: &mut Vec<Token>, street: &mut Street) {
    let Some(first) = tokens.first().map(|t| t.text.clone()) else { return };
    let Some(direction) = tables::direction(&first) else { return };
    let next = tokens.get(1).map(|t| t.text.clone()).unwrap_or_default();
    let next_type = tables::street_type(&next);
    // "N ST", "NORTH AVE": the direction is the name, unless a further type shows otherwise ("N COURT ST").
    let is_name = next.is_empty()
        || tokens.get(1).is_some_and(|t| t.after_comma)
        || (next_type.is_some_and(|t| t.is_strong)
            && !tokens
                .get(2)
                .is_some_and(|t| !t.after_comma && tables::street_type(&t.text).is_some_and(|x| x.is_strong)));
    if is_name {
        return;
    }
    if let Some(both) = two_directions(&first, &next).filter(|_| tokens.len() > 2) {
        let third_is_type = tokens.get(2).is_some_and(|t| tables::street_type(&t.text).is_some_and(|x| x.is_strong));
        if !third_is_type {
            street.predirectional = Some(both);
            tokens.drain(..2);
            return;
        }
    }
    street.predirectional = Some(direction);
    tokens.remove(0);
}

fn take_postdirectional(tokens: &mut Vec<Token>, street: &mut Street, place_is_known: bool) {
    let Some(direction) = tokens.first().filter(|t| !t.after_comma).and_then(|t| tables::direction(&t.text)) else {
        return;
    };
    let is_spelled = tokens.first().is_some_and(|t| t.text.len() > 2);
    // "STREET SOUTH BOSTON": a spelled-out direction before more words, behind a predirectional, opens the place.
    let opens_place = tokens.len() > 1 && !place_is_known && (is_spelled && street.predirectional.is_some());
    if opens_place {
        return;
    }
    if let Some(both) =
        tokens.get(1).and_then(|t| two_directions(&tokens[0].text, &t.text)).filter(|_| tokens.len() == 2)
    {
        street.postdirectional = Some(both);
        tokens.drain(..2);
        return;
    }
    street.postdirectional = Some(direction);
    tokens.remove(0);
}
