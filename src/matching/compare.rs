//! Comparison of one reading with one address of the county: a level and its weight per element.

use super::gazetteer::{Entry, Gazetteer, GazetteerStreet, unit_of, zip_number};
use super::weights::Weights;
use crate::address::road_class;
use crate::model::address::{Address, Direction};

/// How a street name was found; fixed before the number is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum NameLevel {
    Exact,
    Spacing,
    OneEdit,
    TwoEdits,
    Subset,
}

/// A level with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Level {
    pub(crate) element: &'static str,
    pub(crate) level: &'static str,
    pub(crate) bits: f64,
}

/// The query's parts that every comparison needs, worked out once.
#[derive(Debug)]
pub(crate) struct QueryParts<'a> {
    pub(crate) address: &'a Address,
    pub(crate) low: u32,
    pub(crate) high: u32,
    pub(crate) suffix: String,
    pub(crate) unit: String,
    pub(crate) zip: u32,
    pub(crate) place: String,
}

impl<'a> QueryParts<'a> {
    pub(crate) fn new(address: &'a Address, place: &str, zip: &str, gazetteer: &Gazetteer) -> Option<Self> {
        let number = address.address_number.as_ref()?;
        let mut suffix = number.suffix.clone().unwrap_or_default();
        let (mut low, mut high) = (number.low, number.high.unwrap_or(number.low));
        if gazetteer.hyphens_are_composite && number.hyphenated && high != low {
            suffix = format!("-{high}");
            high = low;
        } else if high < low {
            std::mem::swap(&mut low, &mut high);
        }
        let given = |own: &str, parsed: Option<&String>| -> String {
            if own.trim().is_empty() { parsed.cloned().unwrap_or_default() } else { own.trim().to_ascii_uppercase() }
        };
        Some(Self {
            address,
            low,
            high,
            suffix,
            unit: unit_of(address),
            zip: zip_number(&given(zip, address.zip.as_ref())),
            place: given(place, address.place.as_ref()),
        })
    }
}

/// Level of the street name.
pub(crate) fn name(level: NameLevel, name_len: usize, weights: &Weights) -> Level {
    let w = &weights.name;
    let (level, bits) = match level {
        NameLevel::Exact => ("exact", w.exact),
        NameLevel::Spacing => ("spacing", w.spacing),
        NameLevel::OneEdit if name_len <= 4 => ("one_edit_short", w.one_edit_short),
        NameLevel::OneEdit => ("one_edit", w.one_edit),
        NameLevel::TwoEdits => ("two_edits", w.two_edits),
        NameLevel::Subset => ("subset", w.subset),
    };
    Level { element: "street_name", level, bits }
}

fn overlaps(a: Direction, b: Direction) -> bool {
    a.as_str().starts_with(b.as_str()) || b.as_str().starts_with(a.as_str())
}

/// Level of the directions, before and behind the name taken together.
pub(crate) fn direction(
    query: (Option<Direction>, Option<Direction>),
    street: &GazetteerStreet,
    weights: &Weights,
) -> Level {
    let w = &weights.direction;
    let (pre, post) = query;
    let one = |q: Option<Direction>, r: Option<Direction>| -> f64 {
        match (q, r) {
            (None, None) => w.equal,
            (Some(a), Some(b)) if a == b => w.equal,
            (Some(_), Some(_)) => w.conflict,
            (None, Some(_)) => w.missing_query,
            (Some(_), None) => w.missing_reference,
        }
    };
    let straight = one(pre, street.pre) + one(post, street.post);
    // "N MAIN ST" is "MAIN ST N"; but "N MAIN ST" is not "S MAIN ST" with two directions missing.
    let is_moved = (pre.is_some() && pre == street.post) || (post.is_some() && post == street.pre);
    let crossed = if is_moved { one(pre, street.post) + one(post, street.pre) + w.moved } else { f64::NEG_INFINITY };
    // N + E on one side can be NE on the other: count it as moved, not as a conflict.
    let merged = match (pre, post, street.pre, street.post) {
        (Some(a), None, Some(b), None) | (None, Some(a), None, Some(b)) if a != b && overlaps(a, b) => {
            Some(w.missing_query * 2.0)
        }
        _ => None,
    };
    let bits = straight.max(crossed).max(merged.unwrap_or(f64::NEG_INFINITY));
    let level = if bits >= w.equal {
        "equal"
    } else if (bits - (w.equal + w.moved)).abs() < 1e-9 {
        "moved"
    } else if bits <= w.conflict {
        "conflict"
    } else if bits <= w.missing_reference && pre.or(post).is_some() {
        "missing_reference"
    } else {
        "missing_query"
    };
    Level { element: "direction", level, bits }
}

/// Level of the street type, or of the class of a numbered road.
pub(crate) fn street_type(query: &Address, street: &GazetteerStreet, weights: &Weights) -> Level {
    let w = &weights.street_type;
    let query_type = query.street.street_type.as_deref().or(query.street.pretype.as_deref().map(road_class));
    let reference = street.street_type.as_deref().or(street.pretype.as_deref().map(road_class));
    let is_road_class = |t: &str| t.contains("HWY") || t.contains("RTE") || t == "I";
    let (level, bits) = match (query_type, reference) {
        (None, None) => ("equal", w.equal),
        (Some(a), Some(b)) if a == b => ("equal", w.equal),
        (Some(a), Some(b)) if is_road_class(a) && is_road_class(b) => ("class", w.missing),
        (Some(a), Some(b)) if (a == "COUNTY RD" && b == "RD") || (a == "RD" && b == "COUNTY RD") => {
            ("class", w.missing)
        }
        (Some(_), Some(_)) => ("conflict", w.conflict),
        (None, Some(_)) | (Some(_), None) => ("missing", w.missing),
    };
    Level { element: "street_type", level, bits }
}

fn one_digit_off(a: u32, b: u32) -> bool {
    let (a, b) = (a.to_string(), b.to_string());
    a.len() == b.len() && a.len() >= 3 && {
        let differing: Vec<usize> =
            a.bytes().zip(b.bytes()).enumerate().filter(|(_, (x, y))| x != y).map(|(i, _)| i).collect();
        let (a, b) = (a.as_bytes(), b.as_bytes());
        differing.len() == 1
            || (differing.len() == 2
                && differing[1] == differing[0] + 1
                && a[differing[0]] == b[differing[1]]
                && a[differing[1]] == b[differing[0]])
    }
}

/// Level of the house number; `None` when the two have nothing to do with each other.
pub(crate) fn number(query: &QueryParts<'_>, entry: &Entry, weights: &Weights) -> Option<Level> {
    let w = &weights.number;
    let q_number = query.address.address_number.as_ref()?;
    let (level, mut bits) = if query.low == entry.low && query.high == entry.high {
        (if query.low == query.high { "exact" } else { "range_same" }, w.exact)
    } else if query.low == query.high && entry.low <= query.low && query.low <= entry.high {
        let is_end = query.low == entry.low || query.low == entry.high;
        if is_end || entry.low % 2 == query.low % 2 {
            ("in_range", w.in_range)
        } else {
            ("in_range_parity", w.in_range_parity)
        }
    } else if query.low <= entry.low && entry.high <= query.high && query.high - query.low <= 200 {
        if entry.low % 2 == query.low % 2 { ("in_range", w.in_range) } else { ("in_range_parity", w.in_range_parity) }
    } else if query.low <= entry.high && entry.low <= query.high {
        ("range_overlap", w.range_overlap)
    } else if query.low == query.high && entry.low.abs_diff(query.low) <= 6 && entry.low % 2 == query.low % 2 {
        ("neighbour", w.neighbour)
    } else if one_digit_off(query.low, entry.low) {
        ("digit_typo", w.digit_typo)
    } else {
        return None;
    };
    let mut level = level;
    if q_number.prefix.as_deref().unwrap_or("") != &*entry.prefix {
        (level, bits) = ("prefix_conflict", bits + w.prefix_conflict);
    }
    if query.suffix != *entry.suffix {
        let is_one_sided = query.suffix.is_empty() || entry.suffix.is_empty();
        let is_unit_letter = query.suffix == *entry.unit || query.unit == *entry.suffix;
        if !is_unit_letter || query.suffix.starts_with('-') {
            (level, bits) = if is_one_sided && !query.suffix.starts_with('-') && !entry.suffix.starts_with('-') {
                ("suffix_missing", bits + w.suffix_missing)
            } else {
                ("suffix_conflict", bits + w.suffix_conflict)
            };
        }
    }
    if q_number.half != entry.half {
        (level, bits) = ("half_conflict", bits + w.half_conflict);
    }
    Some(Level { element: "address_number", level, bits })
}

/// Level of the unit.
pub(crate) fn unit(query: &QueryParts<'_>, entry: &Entry, weights: &Weights) -> Level {
    let w = &weights.unit;
    let (level, bits) = match (query.unit.as_str(), &*entry.unit) {
        (a, b) if a == b => ("equal", w.equal),
        (a, "") if a == query.suffix || *a == *entry.suffix => ("equal", w.equal),
        (_, "") => ("query_only", w.query_only),
        ("", b) if query.suffix == b => ("equal", w.equal),
        ("", _) => ("reference_only", w.reference_only),
        (a, b) => {
            let digits = |t: &str| t.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
            if digits(a) == digits(b) { ("equal", w.equal) } else { ("conflict", w.conflict) }
        }
    };
    Level { element: "unit", level, bits }
}

/// Level of ZIP and place together: where in the county.
pub(crate) fn location(query: &QueryParts<'_>, entry: &Entry, gazetteer: &Gazetteer, weights: &Weights) -> [Level; 2] {
    let (zip_level, zip_bits) = match (query.zip, entry.zip) {
        (0, _) | (_, 0) => ("unknown", 0.0),
        (a, b) if a == b => ("equal", weights.zip.equal),
        (a, b) if a / 100 == b / 100 => ("near", weights.zip.near),
        _ => ("differs", weights.zip.differs),
    };
    let place = &*gazetteer.places[entry.place_idx as usize];
    let query_is_known = gazetteer_knows(gazetteer, &query.place);
    let (place_level, place_bits) = if query.place.is_empty() || place.is_empty() || !query_is_known {
        ("unknown", 0.0)
    } else if query.place == place {
        ("equal", weights.place.equal)
    } else {
        ("differs", weights.place.differs)
    };
    [
        Level { element: "zip", level: zip_level, bits: zip_bits },
        Level { element: "place", level: place_level, bits: place_bits },
    ]
}

fn gazetteer_knows(gazetteer: &Gazetteer, place: &str) -> bool {
    use crate::address::CountyWords;
    gazetteer.is_place(place)
}

/// Level of the distance between the point given and the parcel's point.
pub(crate) fn position(distance_m: f64, weights: &Weights) -> Level {
    let w = &weights.position;
    let (level, bits) = match distance_m {
        d if d <= 30.0 => ("within_30_m", w.within_30_m),
        d if d <= 80.0 => ("within_80_m", w.within_80_m),
        d if d <= 200.0 => ("within_200_m", w.within_200_m),
        d if d <= 600.0 => ("within_600_m", w.within_600_m),
        _ => ("beyond", w.beyond),
    };
    Level { element: "position", level, bits }
}

/// Level of the account holder's name against the owner line, by whole words.
pub(crate) fn owner(account: &str, owner: &str, weights: &Weights) -> Level {
    let words = |text: &str| -> Vec<String> {
        let mut found: Vec<String> = text
            .to_ascii_uppercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|w| w.len() > 1 && !matches!(*w, "LLC" | "INC" | "AND" | "THE" | "TRUST" | "ETAL" | "CO" | "LTD"))
            .map(str::to_owned)
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    let (a, b) = (words(account), words(owner));
    let n_shared = a.iter().filter(|w| b.contains(w)).count();
    let (level, bits) = if a.is_empty() || b.is_empty() {
        ("unknown", 0.0)
    } else if n_shared >= 2 || (n_shared == 1 && (a.len() == 1 || b.len() == 1)) {
        ("equal", weights.owner.equal)
    } else if n_shared == 1 {
        ("shares_word", weights.owner.shares_word)
    } else {
        ("differs", weights.owner.differs)
    };
    Level { element: "owner_name", level, bits }
}
