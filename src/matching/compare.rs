//! Comparison of what was asked with a street and an address of the county: one level per element.

use super::county::{County, Entry, NO_WORD, Street};
use super::levels::{
    DIRECTION_CONFLICT, DIRECTION_CONFLICT_KNOWN, DIRECTION_EQUAL, DIRECTION_MISSING_KNOWN, DIRECTION_MISSING_QUERY,
    DIRECTION_MISSING_REFERENCE, DIRECTION_MOVED, DIRECTION_PARTIAL, Level, OWNER_DIFFERS, OWNER_EQUAL,
    OWNER_SHARES_WORD, OWNER_UNKNOWN, PLACE_DIFFERS, PLACE_EQUAL, PLACE_UNKNOWN, POSITION_BEYOND, POSITION_INSIDE,
    POSITION_INSIDE_ON_BLOCK, POSITION_NEAREST, POSITION_NEAREST_ON_BLOCK, POSITION_WITHIN_30, POSITION_WITHIN_80,
    POSITION_WITHIN_200, POSITION_WITHIN_600, PREFIX_CONFLICT, PREFIX_MISSING, SUFFIX_COMPOSITE, SUFFIX_COMPOSITE_NEAR,
    SUFFIX_CONFLICT, SUFFIX_EQUAL, SUFFIX_HALF, SUFFIX_MISSING_QUERY, SUFFIX_MISSING_REFERENCE, TYPE_CLASS,
    TYPE_CONFLICT, TYPE_CONFLICT_KNOWN, TYPE_CONFLICT_NUMBERED, TYPE_EQUAL, TYPE_INNER, TYPE_MISSING_KNOWN,
    TYPE_MISSING_QUERY, TYPE_MISSING_REFERENCE, UNIT_ALIKE, UNIT_CONFLICT, UNIT_EQUAL, UNIT_LISTED, UNIT_QUERY_ONLY,
    UNIT_REFERENCE_ONLY, ZIP_DIFFERS, ZIP_EQUAL, ZIP_NEAR, ZIP_UNKNOWN,
};
use super::reading::{self, Number, StreetWords};
use crate::model::address::Address;

/// One reading of the query in comparable form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Asked {
    pub(crate) street: StreetWords,
    pub(crate) number: Number,
    pub(crate) unit: String,
    pub(crate) zip: u32,
    /// A place id of the county, 0 when unknown.
    pub(crate) place: u32,
    /// The county has the name with these directions; with this type.
    pub(crate) directions_known: bool,
    pub(crate) kind_known: bool,
    /// Why the text names no one house, though it names an address.
    pub(crate) vague: Option<&'static str>,
}

impl Asked {
    /// `None` without a house number or a street.
    pub(crate) fn new(address: &Address, place: &str, zip: &str, county: &County) -> Option<Self> {
        let number = reading::number(address.address_number.as_ref()?, county.hyphens_are_composite);
        Self::with_number(address, number, place, zip, county)
    }

    /// As [`Self::new`] with the number read otherwise.
    pub(crate) fn with_number(
        address: &Address,
        number: Number,
        place: &str,
        zip: &str,
        county: &County,
    ) -> Option<Self> {
        if address.street.street_name.is_empty() {
            return None;
        }
        let street = reading::street_words(&address.street);
        let unit = reading::unit(address, &number);
        let given = if place.trim().is_empty() { address.place.as_deref().unwrap_or("") } else { place.trim() };
        let place = county.places.find(&given.to_ascii_uppercase()).unwrap_or(0);
        let zip = match reading::zip_number(zip) {
            0 => reading::zip_number(address.zip.as_deref().unwrap_or("")),
            zip => zip,
        };
        let mut asked = Self { street, number, unit, zip, place, ..Self::default() };
        asked.ask_county(county);
        Some(asked)
    }

    /// Streets of the county whose type or direction the text glued to the name, or took from it: MAINST, SOUTHSHORE DR /
    /// S SHORE DR, S 300 EAST ST / S 300 E.
    pub(crate) fn otherwise_glued(&self, county: &County) -> Vec<Self> {
        let is_known = |street: &StreetWords| {
            let name = county.names.find(&street.name);
            name.is_some_and(|name| {
                county.streets_named(name).iter().any(|id| {
                    let own = &county.streets[*id as usize];
                    own.alias == 0 && own.directions == street.directions
                })
            })
        };
        let ask = |street: StreetWords| {
            let mut other = Self { street, ..self.clone() };
            other.ask_county(county);
            other
        };
        reading::otherwise_glued(&self.street).into_iter().filter(is_known).map(ask).collect()
    }

    fn ask_county(&mut self, county: &County) {
        let asked = self;
        (asked.directions_known, asked.kind_known) = (false, false);
        if let Some(name) = county.names.find(&asked.street.name) {
            for id in county.streets_named(name) {
                let own = &county.streets[*id as usize];
                let is_own = own.alias == 0;
                asked.directions_known |= is_own && own.directions == asked.street.directions;
                asked.kind_known |= is_own && type_word(county, own) == asked.type_word();
            }
        }
    }

    fn type_word(&self) -> &str {
        if self.street.kind.is_empty() { &self.street.class } else { &self.street.kind }
    }
}

fn type_word<'a>(county: &'a County, street: &Street) -> &'a str {
    let kind = county.words.get(street.kind);
    if kind.is_empty() { county.words.get(street.class) } else { kind }
}

/// Level of the directions, before and behind the name taken together.
pub(crate) fn direction(asked: &Asked, street: &Street) -> Level {
    let level = direction_of(asked.street.directions, street.directions);
    match level {
        DIRECTION_MISSING_QUERY | DIRECTION_MISSING_REFERENCE if asked.directions_known => DIRECTION_MISSING_KNOWN,
        DIRECTION_CONFLICT | DIRECTION_PARTIAL if asked.directions_known => DIRECTION_CONFLICT_KNOWN,
        level => level,
    }
}

fn direction_of(query: u32, reference: u32) -> Level {
    let (q, r) = ([query & 0xff, query >> 8], [reference & 0xff, reference >> 8]);
    if q == r {
        return DIRECTION_EQUAL;
    }
    if q == [r[1], r[0]] {
        // On a grid, S 300 E is another street than E 300 S.
        return if q[0] == 0 || q[1] == 0 { DIRECTION_MOVED } else { DIRECTION_CONFLICT };
    }
    // "S 31ST ST S" is no E 31ST ST S: it names S twice.
    let is_double = |some: [u32; 2]| some[0] == some[1];
    let has_all = |some: [u32; 2], of: [u32; 2]| {
        (some == [0, 0] || !is_double(some)) && some.iter().all(|d| *d == 0 || of.contains(d))
    };
    if has_all(q, r) {
        return DIRECTION_MISSING_QUERY;
    }
    if has_all(r, q) {
        return DIRECTION_MISSING_REFERENCE;
    }
    // NW holds N: a letter is missing or too many, on the same side, with nothing else said.
    let overlaps = |a: u32, b: u32| {
        let (a, b) = (reading::direction_word(a), reading::direction_word(b));
        !a.is_empty() && !b.is_empty() && (a.starts_with(b) || b.starts_with(a) || a.ends_with(b) || b.ends_with(a))
    };
    let partly = (0..2).all(|side| q[side] == r[side] || overlaps(q[side], r[side]));
    if partly { DIRECTION_PARTIAL } else { DIRECTION_CONFLICT }
}

/// Level of the street type, or of the class of a numbered road.
pub(crate) fn street_type(asked: &Asked, county: &County, street: &Street) -> Level {
    let (query, reference) = (asked.type_word(), type_word(county, street));
    let is_road_class = |t: &str| t.contains("HWY") || t.contains("RTE") || t == "I" || t == "US";
    if query == reference || (street.alias == 1 && query.is_empty()) {
        TYPE_EQUAL
    } else if query.is_empty() {
        if asked.kind_known { TYPE_MISSING_KNOWN } else { TYPE_MISSING_QUERY }
    } else if reference.is_empty() {
        if asked.kind_known { TYPE_MISSING_KNOWN } else { TYPE_MISSING_REFERENCE }
    } else if (is_road_class(query) && is_road_class(reference))
        || matches!((query, reference), ("COUNTY RD", "RD") | ("RD", "COUNTY RD"))
    {
        TYPE_CLASS
    } else if county.words.get(street.inner) == query || asked.street.inner == reference {
        TYPE_INNER
    } else if asked.kind_known && asked.street.name.bytes().all(|b| b.is_ascii_digit()) {
        TYPE_CONFLICT_NUMBERED
    } else if asked.kind_known {
        TYPE_CONFLICT_KNOWN
    } else {
        TYPE_CONFLICT
    }
}

/// Level of letters, fractions and second parts around the house number.
pub(crate) fn suffix(asked: &Asked, county: &County, entry: &Entry) -> Level {
    let is_plain = asked.number.prefix.is_empty() && asked.number.suffix.is_empty();
    if is_plain && entry.prefix == NO_WORD && entry.suffix == NO_WORD {
        return SUFFIX_EQUAL;
    }
    let (prefix, own_prefix) = (asked.number.prefix.as_str(), county.words.get(entry.prefix));
    if prefix != own_prefix {
        return if prefix.is_empty() || own_prefix.is_empty() { PREFIX_MISSING } else { PREFIX_CONFLICT };
    }
    let (query, reference) = (asked.number.suffix.as_str(), county.words.get(entry.suffix));
    if query == reference {
        return SUFFIX_EQUAL;
    }
    if query.starts_with('-') || reference.starts_with('-') {
        let second = |s: &str| s.strip_prefix('-').and_then(|d| d.parse::<u32>().ok());
        return match (second(query), second(reference)) {
            (Some(a), Some(b)) if a.abs_diff(b) <= 4 && a % 2 == b % 2 => SUFFIX_COMPOSITE_NEAR,
            _ => SUFFIX_COMPOSITE,
        };
    }
    if query.contains('/') || reference.contains('/') {
        return SUFFIX_HALF;
    }
    // A letter that the other side has as its unit is no difference.
    if (!query.is_empty() && county.words.get(entry.unit) == query)
        || (!reference.is_empty() && asked.unit == reference)
    {
        SUFFIX_EQUAL
    } else if query.is_empty() {
        SUFFIX_MISSING_QUERY
    } else if reference.is_empty() {
        SUFFIX_MISSING_REFERENCE
    } else {
        SUFFIX_CONFLICT
    }
}

/// Level of the unit, the entry looked at alone.
pub(crate) fn unit(asked: &Asked, county: &County, entry: &Entry) -> Level {
    if asked.unit.is_empty() && entry.unit == NO_WORD {
        return UNIT_EQUAL;
    }
    let (query, reference) = (asked.unit.as_str(), county.words.get(entry.unit));
    let is_letter = |unit: &str, letter: &str| !unit.is_empty() && unit == letter;
    if query == reference
        || (reference.is_empty() && is_letter(query, county.words.get(entry.suffix)))
        || (query.is_empty() && is_letter(reference, &asked.number.suffix))
    {
        UNIT_EQUAL
    } else if reference.is_empty() {
        UNIT_QUERY_ONLY
    } else if query.is_empty() {
        UNIT_REFERENCE_ONLY
    } else {
        two_units(query, reference)
    }
}

/// Level of two units that are not the same word.
fn two_units(query: &str, reference: &str) -> Level {
    let (q, r) = (query.rsplit_once(' '), reference.rsplit_once(' '));
    let (q_building, q_unit) = q.unwrap_or(("", query));
    let (r_building, r_unit) = r.unwrap_or(("", reference));
    if reading::lists_unit(r_unit, q_unit) || reading::lists_unit(q_unit, r_unit) {
        return match (q_building, r_building) {
            (a, b) if a == b => UNIT_LISTED,
            ("", _) | (_, "") => UNIT_ALIKE,
            _ => UNIT_CONFLICT,
        };
    }
    let figures = |unit: &str| unit.bytes().take_while(u8::is_ascii_digit).count();
    let (n_q, n_r) = (figures(q_unit), figures(r_unit));
    let is_alike = n_q > 0
        && q_building == r_building
        && q_unit[..n_q] == r_unit[..n_r]
        && [(n_q, q_unit), (n_r, r_unit)].iter().any(|(n, unit)| *n == unit.len());
    if is_alike { UNIT_ALIKE } else { UNIT_CONFLICT }
}

/// Level of the ZIP.
pub(crate) fn zip(asked: &Asked, entry: &Entry) -> Level {
    match (asked.zip, entry.zip) {
        (0, _) | (_, 0) => ZIP_UNKNOWN,
        (a, b) if a == b => ZIP_EQUAL,
        (a, b) if a / 100 == b / 100 => ZIP_NEAR,
        _ => ZIP_DIFFERS,
    }
}

/// Level of the place.
pub(crate) fn place(asked: &Asked, entry: &Entry) -> Level {
    match (asked.place, entry.place) {
        (0, _) | (_, 0) => PLACE_UNKNOWN,
        (a, b) if a == b => PLACE_EQUAL,
        _ => PLACE_DIFFERS,
    }
}

/// Level of the distance in metres between the point given and the parcel; `is_on_block`: the text alone leads there too.
pub(crate) fn position(distance_m: f64, is_nearest: bool, is_on_block: bool) -> Level {
    match distance_m {
        0.0 if is_on_block => POSITION_INSIDE_ON_BLOCK,
        0.0 => POSITION_INSIDE,
        d if d <= 30.0 && is_nearest && is_on_block => POSITION_NEAREST_ON_BLOCK,
        d if d <= 30.0 && is_nearest => POSITION_NEAREST,
        d if d <= 30.0 => POSITION_WITHIN_30,
        d if d <= 80.0 => POSITION_WITHIN_80,
        d if d <= 200.0 => POSITION_WITHIN_200,
        d if d <= 600.0 => POSITION_WITHIN_600,
        _ => POSITION_BEYOND,
    }
}

/// Words of a name that tell who it is, sorted.
pub(crate) fn name_words(text: &str) -> Vec<String> {
    const EMPTY_WORDS: [&str; 16] = [
        "LLC",
        "INC",
        "AND",
        "THE",
        "TRUST",
        "ETAL",
        "CO",
        "LTD",
        "OF",
        "CORP",
        "TRUSTEE",
        "REVOCABLE",
        "LIVING",
        "FAMILY",
        "ETUX",
        "COMPANY",
    ];
    let upper = text.to_ascii_uppercase();
    let mut words: Vec<String> = upper
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| w.len() > 1 && !EMPTY_WORDS.contains(w))
        .map(str::to_owned)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Level of the account holder's name against the owner line, by whole words.
pub(crate) fn owner(account: &[String], owner: &str) -> Level {
    let owner = name_words(owner);
    if account.is_empty() || owner.is_empty() {
        return OWNER_UNKNOWN;
    }
    let n_shared = account.iter().filter(|w| owner.contains(w)).count();
    if n_shared >= 2 || (n_shared == 1 && (account.len() == 1 || owner.len() == 1)) {
        OWNER_EQUAL
    } else if n_shared == 1 {
        OWNER_SHARES_WORD
    } else {
        OWNER_DIFFERS
    }
}

#[cfg(test)]
mod tests {
    use super::direction_of;
    use crate::matching::levels::{
        DIRECTION_CONFLICT, DIRECTION_EQUAL, DIRECTION_MISSING_QUERY, DIRECTION_MISSING_REFERENCE, DIRECTION_MOVED,
        DIRECTION_PARTIAL,
    };
    const N: u32 = 1;
    const S: u32 = 2;
    const E: u32 = 3;
    const NW: u32 = 6;

    #[test]
    fn directions_are_compared_on_both_sides() {
        let cases = [
            (N, N, DIRECTION_EQUAL),
            (N, N << 8, DIRECTION_MOVED),
            (0, E | S << 8, DIRECTION_MISSING_QUERY),
            (S, E | S << 8, DIRECTION_MISSING_QUERY),
            (E | S << 8, E, DIRECTION_MISSING_REFERENCE),
            (N, NW, DIRECTION_PARTIAL),
            (N, S, DIRECTION_CONFLICT),
            (N, S << 8, DIRECTION_CONFLICT),
            (S | E << 8, E | S << 8, DIRECTION_CONFLICT),
            (S | S << 8, E | S << 8, DIRECTION_CONFLICT),
        ];
        for (query, reference, level) in cases {
            assert_eq!(direction_of(query, reference), level, "{query:#x} {reference:#x}");
        }
    }
}
