//! The grammar: words to readings.
//!
//! Country, ZIP and state leave from the back, post office boxes and units from wherever they stand, the house number from
//! the front; what remains up to the first boundary is the street and, where no comma says so, a place behind it.

use super::find::{self, has_strong_type};
use super::number;
use super::split::{self, Surroundings};
use super::tokens::{Gap, Shape, Tokens, tokenize};
use super::warning::Warning;
use super::{highway, others, places, shape, street, tables, tail, unit};
use crate::model::address::{Address, Direction, Occupancy, Street};

/// Most readings returned.
pub const READINGS_MAX: usize = 4;

/// What was understood of an address text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parsed {
    /// Readings, best first, at most [`READINGS_MAX`]; empty only for an empty text.
    pub readings: Vec<Address>,
    /// What deserves a second look.
    pub warnings: Vec<Warning>,
}

/// What the county's own file knows, to settle what grammar cannot.
pub trait CountyWords {
    /// True when the words (upper case, single blanks) name a place of the county.
    fn is_place(&self, words: &str) -> bool;

    /// True when the words (upper case, single blanks, as written) are a whole street of the county with its directions
    /// and type.
    fn is_street(&self, _words: &str) -> bool {
        false
    }

    /// True when the county has this street, with its directions and type. Asked only where the words have several
    /// readings; a reading that the county knows comes first.
    fn knows_street(&self, _street: &Street) -> bool {
        false
    }
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
    let tokens = tokenize(text);
    let mut parsed = Parsed::default();
    if tokens.is_cut {
        parsed.warnings.push(Warning::TooLong);
    }
    if tokens.remark.is_some() {
        parsed.warnings.push(Warning::Remark);
    }
    if tokens.len() == 0 {
        parsed.warnings.push(Warning::Empty);
        return parsed;
    }
    let mut reader =
        Reader { tokens: &tokens, county, address: Address::default(), warnings: parsed.warnings, others: Vec::new() };
    reader.address.rest.clone_from(&tokens.remark);
    reader.read();
    reader.set_plat_aside();
    reader.warn_of_gaps();
    let (address, warnings) = (reader.address, reader.warnings);
    let suffix_reading = others::suffix_as_unit(&address);
    parsed.warnings = warnings;
    let mut others = reader.others;
    others.extend(others::type_as_name(&address));
    let address = match others::letter_as_direction(&address) {
        Some(turned) if address.street.pretype.is_none() => {
            others.insert(0, address);
            turned
        }
        _ => address,
    };
    others.retain(|other| *other != address);
    parsed.readings.push(address);
    parsed.readings.extend(suffix_reading);
    if !others.is_empty()
        && !county.knows_street(&parsed.readings[0].street)
        && let Some(at) = others.iter().position(|other| county.knows_street(&other.street))
    {
        let known = others.remove(at);
        parsed.readings.insert(0, known);
    }
    parsed.readings.append(&mut others);
    parsed.readings.truncate(READINGS_MAX);
    parsed
}

/// The words, and what was understood of them so far.
pub(super) struct Reader<'a> {
    pub(super) tokens: &'a Tokens,
    county: &'a dyn CountyWords,
    pub(super) address: Address,
    pub(super) warnings: Vec<Warning>,
    others: Vec<Address>,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut lo = 0;
        let mut hi = tail::take(self.tokens, self.county, &mut self.address);
        if let Some((start, end, id)) = unit::po_box(self.tokens, hi) {
            self.warnings.push(Warning::PoBox);
            self.address.po_box = Some(id);
            let street_behind = find::number(self.tokens, end, hi).is_some_and(|f| {
                let opens_street = |i: usize| {
                    let entry = self.tokens.at(i).entry;
                    entry.direction.is_some() || entry.is_road_class || self.tokens.word(i).starts_with("AV")
                };
                has_strong_type(self.tokens, f.at + 2, hi) || (f.at == end && opens_street(f.behind))
            });
            if let Some(street) = shape::route(self.tokens, start) {
                self.address.street = street;
                self.read_behind(end, hi);
                return;
            }
            let street_before = find::number(self.tokens, 0, start).is_some() || has_strong_type(self.tokens, 1, start);
            if street_behind && !street_before {
                self.set_rest(0, start);
                lo = end;
            } else {
                if !street_before {
                    self.read_behind(end, hi);
                    self.read_around_box(start);
                    return;
                }
                self.set_place(end, hi);
                hi = start;
            }
        }
        self.read_line(lo, hi);
    }

    /// What stands before a box without a street: a rural route (`RR 2 BOX 45`), units (`DEPT 77045 PO BOX 77000`).
    fn read_around_box(&mut self, start: usize) {
        let tokens = self.tokens;
        let mut at = 0;
        let mut loose = 0;
        while at < start {
            match unit::labelled(tokens, at, at, start).filter(|f| !f.occupancy.occupancy_id.is_empty()) {
                Some(found) => {
                    self.set_rest(loose, found.start);
                    at = found.end;
                    loose = at;
                    self.push_unit(found.occupancy);
                }
                None => at += 1,
            }
        }
        self.set_rest(loose, start);
    }

    /// Number, street, units and place of `lo..hi`.
    fn read_line(&mut self, lo: usize, hi: usize) {
        let tokens = self.tokens;
        if shape::is_plat(tokens, lo, hi) {
            self.set_rest(lo, hi);
            return;
        }
        let Some(find::Found { at, number, behind }) = find::number(tokens, lo, hi) else {
            self.read_without_number(lo, hi);
            return;
        };
        if at > lo {
            self.read_front(lo, at);
        }
        let mut from = find::more_numbers(tokens, behind, hi);
        if from > behind {
            self.warnings.push(Warning::SeveralAddresses);
            self.set_rest(behind, from);
        }
        if matches!(tokens.word(from), "BLK" | "BLOCK") {
            self.warnings.push(Warning::Block);
            from += 1 + usize::from(tokens.word(from + 1) == "OF");
        }
        if number.low > 0 {
            self.address.address_number = Some(number);
        }
        // "6910 # G MARY CAROLINE CIRCLE", "12 REAR MAIN ST": the unit before the street.
        if tokens.word(from) == "REAR" && hi > from + 2 && tokens.at(from + 1).entry.street_type.is_none() {
            self.push_unit(Occupancy { occupancy_type: "REAR".to_owned(), occupancy_id: String::new() });
            from += 1;
        } else if let Some(found) = unit::labelled(tokens, from, from, hi).filter(|f| {
            f.start == from && !f.occupancy.occupancy_id.is_empty() && has_strong_type(tokens, f.end + 1, hi)
        }) {
            self.push_unit(found.occupancy);
            from = found.end;
        }
        let letter_at = behind - 1;
        let has_lone_letter = letter_at > at && letter_at + 1 == from && tokens.at(letter_at).shape == Shape::Letter;
        self.read_street(from, hi);
        if has_lone_letter {
            self.read_letter_as_name(letter_at);
        }
    }

    /// `1709 B PORTER RD`: the letter behind the number may open the street's name.
    fn read_letter_as_name(&mut self, letter_at: usize) {
        let mut other = self.address.clone();
        let letter = self.tokens.word(letter_at);
        let Some(number) = other.address_number.as_mut().filter(|n| n.suffix.as_deref() == Some(letter)) else {
            return;
        };
        number.suffix = None;
        number.raw.truncate(number.raw.len().saturating_sub(letter.len() + 1));
        let street = &mut other.street;
        let direction = street.predirectional.take().map_or("", Direction::as_str);
        let words = [letter, direction, &street.street_name];
        street.street_name = words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
        self.others.push(other);
    }

    /// What stands before the house number: a unit, or a recipient.
    fn read_front(&mut self, lo: usize, at: usize) {
        let mut end = at;
        for i in lo..at {
            if let Some(found) = unit::labelled(self.tokens, i, lo, at).filter(|f| f.end == at) {
                end = found.start;
                self.push_unit(found.occupancy);
                break;
            }
        }
        self.set_rest(lo, end);
    }

    fn read_without_number(&mut self, lo: usize, hi: usize) {
        let tokens = self.tokens;
        // "ELM ST BETWEEN 5TH AND 6TH"
        if let Some(at) = (lo + 1..hi).find(|i| matches!(tokens.word(*i), "BETWEEN" | "BTWN" | "FROM")) {
            self.set_rest(at, hi);
            self.warnings.push(Warning::Remark);
            self.read_without_number(lo, at);
            return;
        }
        if let Some(n) = shape::corner_words(tokens, lo, hi) {
            self.set_rest(lo, lo + n);
            self.read_without_number(lo + n, hi);
            return;
        }
        if let Some(at) = (lo + 1..hi.saturating_sub(1)).find(|i| shape::is_joint(tokens, *i)) {
            self.read_crossing(lo, at, hi);
            return;
        }
        if find::is_care_of(tokens, lo) || shape::is_company(tokens, lo, hi) || shape::is_placeholder(tokens, lo, hi) {
            self.set_rest(lo, hi);
            return;
        }
        // A lone place: "BETHEL, AK 99559".
        let has_type = (lo + 1..hi).any(|i| tokens.at(i).entry.street_type.is_some_and(|t| t.strength >= 2));
        let comma = (lo + 1..hi).any(|i| tokens.at(i).gap == Gap::Comma);
        let has_figures = (lo..hi).any(|i| matches!(tokens.at(i).shape, Shape::Digits | Shape::Ordinal));
        let is_tailed = self.address.state.is_some() || self.address.zip.is_some();
        let state = self.address.state.as_deref();
        let known = |lo: usize| state.is_some_and(|state| places::is_known(tokens, lo, hi, state));
        // "CHURCH CAMBRIDGE MA": one word of a street before a known place.
        if is_tailed && !has_type && !has_figures && hi - lo >= 2 && !known(lo) && known(lo + 1) {
            self.address.street = street::read(tokens, lo, lo + 1);
            self.set_place(lo + 1, hi);
            return;
        }
        if is_tailed && !has_type && !has_figures && !comma && hi - lo <= 3 {
            self.set_place(lo, hi);
            return;
        }
        // A building and its place: "MERIDEN SQUARE, MERIDEN, CT".
        let last_comma = (lo + 1..hi).rev().find(|i| tokens.at(*i).gap == Gap::Comma);
        let is_short = hi - lo <= 2 || (tokens.word(lo).len() <= 2 && last_comma.is_some_and(|at| at - lo <= 3));
        let opens_street = tokens.at(lo).entry.direction.is_some() && is_short || tokens.at(lo).entry.is_road_class;
        let is_building =
            self.address.state.is_some() && !has_strong_type(tokens, lo + 1, hi) && !has_figures && !opens_street;
        if let Some(at) = last_comma.or((hi - lo <= 3).then_some(lo)).filter(|_| is_building) {
            self.set_rest(lo, at);
            self.set_place(at, hi);
            return;
        }
        if let Some(at) = shape::number_behind(tokens, lo, hi)
            && let Some((number, _)) = number::read(tokens, at, at + 1)
        {
            self.address.address_number = Some(number);
            self.address.street = street::read(tokens, lo, at);
            self.set_place(at + 1, hi);
            return;
        }
        self.read_street(lo, hi);
    }

    /// Street, units and place of `from..hi`, behind the number.
    fn read_street(&mut self, from: usize, hi: usize) {
        let tokens = self.tokens;
        if from >= hi {
            return;
        }
        let second_address = (from + 2..hi.saturating_sub(2)).find(|i| {
            shape::is_joint(tokens, *i)
                && matches!(tokens.at(i + 1).shape, Shape::Digits | Shape::DigitsLetter | Shape::DigitsPair)
                && has_strong_type(tokens, from + 1, *i)
                && has_strong_type(tokens, i + 3, hi)
                && find::number(tokens, i + 1, hi).is_some_and(|f| f.at == i + 1)
        });
        let hi = self.set_care_of_aside(from, hi);
        let hi = match second_address.filter(|at| *at < hi).filter(|_| self.address.address_number.is_some()) {
            Some(at) => {
                self.warnings.push(Warning::SeveralAddresses);
                self.set_rest(at, hi);
                at
            }
            None => hi,
        };
        let mut end = shape::street_end(tokens, from, hi, self.address.state.is_some());
        if let Some(at) = shape::second_road(tokens, from, end) {
            self.set_rest(at, end);
            self.read_behind(end, hi);
            self.read_street(from, at);
            return;
        }
        let joint = (from + 1..end).find(|i| shape::is_joint(tokens, *i) && i + 1 < hi);
        let is_free = self.address.address_number.is_none();
        if let Some(at) = joint.filter(|at| is_free || shape::crosses(tokens, from, *at, end)) {
            self.read_crossing(from, at, hi);
            return;
        }
        // "HWY #20" bears its number, "GRAVENSTEIN HWY #20" a unit.
        let is_road = (from..from + 3).any(|i| tokens.at(i).entry.is_road_class);
        let road = if is_road { highway::read(tokens, from, end) } else { None };
        let first_unit = unit::next(tokens, road.map_or(from + 1, |(_, road_end)| road_end), end);
        let mut unit_start = None;
        if let Some(found) = &first_unit {
            end = found.start;
            unit_start = Some(found.start);
        }
        let place_ahead = shape::has_place_ahead(tokens, unit_start.map_or(end, |_| end), hi);
        let is_tailed = self.address.state.is_some() || self.address.zip.is_some();
        let only_zip = self.address.state.is_none();
        let expects_place = is_tailed && !only_zip && !place_ahead && self.address.place.is_none();
        let state = self.place_state().filter(|_| !place_ahead && self.address.place.is_none());
        let around = Surroundings { expects_place, state };
        let (cut, second) = split::best(tokens, from, end, around, self.county);
        self.others_of(from, second);
        self.address.street = street::read(tokens, from, cut.end);
        if let Some((street, letter)) = street::direction_as_name(tokens, from, cut.end) {
            let mut address = self.address.clone();
            address.street = street;
            address.occupancy.push(Occupancy { occupancy_type: String::new(), occupancy_id: letter.to_owned() });
            self.others.push(address);
        }
        if let Some(other) = street::other_reading(tokens, from, cut.end) {
            let mut address = self.address.clone();
            address.street = other;
            self.others.push(address);
        }
        self.warn_of_types(from, cut.end);
        if cut.unit_end > cut.end {
            self.push_unit(Occupancy {
                occupancy_type: String::new(),
                occupancy_id: tokens.span(cut.end..cut.unit_end).to_owned(),
            });
            self.warnings.push(Warning::UnitUnlabelled);
        }
        self.read_behind(cut.unit_end, hi);
    }

    /// `1701 MIAMI ST C/O ...`, `2350 ROUTE 2 DBA ...`: who stands behind the street is no part of it; a known place at the
    /// end is kept. Returns where the street's words end.
    fn set_care_of_aside(&mut self, from: usize, hi: usize) -> usize {
        let tokens = self.tokens;
        let is_mark = |i: usize| matches!(tokens.word(i), "C/O" | "ATTN" | "ATTENTION" | "DBA");
        let Some(at) = (from + 1..hi).find(|i| is_mark(*i)) else { return hi };
        let state = self.place_state();
        let is_place = |i: usize| state.is_some_and(|state| places::is_known(tokens, i, hi, state));
        let place = (at + 2..hi).find(|i| tokens.at(*i).gap == Gap::Comma || is_place(*i)).unwrap_or(hi);
        self.set_rest(at, place);
        self.set_place(place, hi);
        at
    }

    fn others_of(&mut self, from: usize, second: Option<split::Cut>) {
        let Some(cut) = second else { return };
        let mut address = self.address.clone();
        address.street = street::read(self.tokens, from, cut.end);
        self.others.push(address);
    }

    fn read_crossing(&mut self, lo: usize, at: usize, hi: usize) {
        let tokens = self.tokens;
        self.warnings.push(Warning::Intersection);
        self.address.street = street::read(tokens, lo, at);
        let end = (at + 2..hi).find(|i| tokens.at(*i).gap != Gap::Blank).unwrap_or(hi);
        let expects_place = self.address.state.is_some() && end == hi;
        let around = Surroundings { expects_place, state: self.place_state() };
        let (cut, _) = split::best(tokens, at + 1, end, around, self.county);
        self.address.cross_street = Some(street::read(tokens, at + 1, cut.end));
        self.take_words(cut.end, hi);
    }

    /// The state where the place must lie, by the ZIP code where it is not named.
    fn place_state(&self) -> Option<&'static str> {
        let by_name = self.address.state.as_deref().and_then(tables::state);
        by_name.or_else(|| self.address.zip.as_deref().and_then(places::state_of_zip))
    }

    pub(super) fn set_place(&mut self, lo: usize, hi: usize) {
        let words = self.tokens.span(lo..hi);
        if words.is_empty() {
            return;
        }
        if self.address.place.is_none() {
            self.address.place = Some(words.to_owned());
        } else {
            self.set_rest(lo, hi);
        }
    }

    pub(super) fn set_rest(&mut self, lo: usize, hi: usize) {
        self.add_rest(self.tokens.span(lo..hi));
    }

    pub(super) fn add_rest(&mut self, words: &str) {
        if words.is_empty() || words == "#" {
            return;
        }
        match &mut self.address.rest {
            Some(rest) => {
                rest.push_str("; ");
                rest.push_str(words);
            }
            None => self.address.rest = Some(words.to_owned()),
        }
    }

    fn warn_of_types(&mut self, lo: usize, hi: usize) {
        let is_strong = |i: usize| self.tokens.at(i).entry.street_type.is_some_and(|t| t.is_strong());
        if (lo + 1..hi.saturating_sub(1)).any(|i| is_strong(i) && is_strong(i + 1)) {
            self.warnings.push(Warning::TwoTypes);
        }
    }

    /// `LOT 8, BLOCK 3` is a place on a plat, no unit.
    fn set_plat_aside(&mut self) {
        let is_plat = |o: &Occupancy| matches!(o.occupancy_type.as_str(), "LOT" | "BLOCK");
        let units = &self.address.occupancy;
        if units.iter().any(|o| o.occupancy_type == "LOT") && units.iter().any(|o| o.occupancy_type == "BLOCK") {
            let plat: Vec<Occupancy> = self.address.occupancy.extract_if(.., |o| is_plat(o)).collect();
            for part in plat {
                self.add_rest(&format!("{} {}", part.occupancy_type, part.occupancy_id));
            }
            self.warnings.push(Warning::Remark);
        }
    }

    fn warn_of_gaps(&mut self) {
        let address = &self.address;
        if address.address_number.is_none() && address.cross_street.is_none() && address.po_box.is_none() {
            self.warnings.push(Warning::NoNumber);
        }
        if address.street.street_name.is_empty() {
            if address.po_box.is_none() {
                self.warnings.push(Warning::NoStreet);
            }
        } else if address.street.street_type.is_none()
            && address.street.pretype.is_none()
            && !shape::needs_no_type(&address.street.street_name)
        {
            self.warnings.push(Warning::NoStreetType);
        }
        if [&address.rest, &address.place].into_iter().flatten().any(|words| shape::is_beside(words)) {
            self.warnings.push(Warning::Beside);
        }
        self.warnings.sort_unstable();
        self.warnings.dedup();
    }
}
