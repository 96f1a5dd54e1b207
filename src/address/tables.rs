//! The Publication 28 tables of `data/standards`, read once into hash maps.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::model::address::Direction;

/// A street type word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeWord {
    /// Publication 28 abbreviation.
    pub(crate) canonical: &'static str,
    /// Nearly always a type when it follows a name; weak ones are often part of a name or place.
    pub(crate) is_strong: bool,
}

/// A unit designator word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnitWord {
    /// Publication 28 abbreviation.
    pub(crate) canonical: &'static str,
    /// True when an identifier must follow.
    pub(crate) needs_id: bool,
}

/// Rows of an embedded table: tab-separated cells, `#` lines left out.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.split('\t').collect())
}

static TYPES: LazyLock<FxHashMap<&'static str, TypeWord>> = LazyLock::new(|| {
    let mut map = FxHashMap::default();
    for row in rows(include_str!("../../data/standards/street_types.tsv")) {
        let [canonical, variants, strength] = row[..] else { continue };
        let word = TypeWord { canonical, is_strong: strength == "s" };
        map.insert(canonical, word);
        for variant in variants.split_whitespace() {
            map.entry(variant).or_insert(word);
        }
    }
    map
});

static UNITS: LazyLock<FxHashMap<&'static str, UnitWord>> = LazyLock::new(|| {
    let mut map = FxHashMap::default();
    for row in rows(include_str!("../../data/standards/units.tsv")) {
        let [canonical, variants, needs] = row[..] else { continue };
        let word = UnitWord { canonical, needs_id: needs == "y" };
        map.insert(canonical, word);
        for variant in variants.split_whitespace() {
            map.insert(variant, word);
        }
    }
    map
});

static STATES: LazyLock<FxHashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut map = FxHashMap::default();
    for row in rows(include_str!("../../data/standards/states.tsv")) {
        let [code, name] = row[..] else { continue };
        map.insert(code, code);
        map.insert(name, code);
    }
    map
});

/// The street type that a word spells.
pub(crate) fn street_type(word: &str) -> Option<TypeWord> {
    TYPES.get(word).copied()
}

/// The unit designator that a word spells.
pub(crate) fn unit(word: &str) -> Option<UnitWord> {
    UNITS.get(word).copied()
}

/// The two-letter state of an abbreviation or full name.
pub(crate) fn state(text: &str) -> Option<&'static str> {
    STATES.get(text).copied()
}

/// The direction a word spells.
pub(crate) fn direction(word: &str) -> Option<Direction> {
    Some(match word {
        "N" | "NO" | "NORTH" => Direction::N,
        "S" | "SO" | "SOUTH" => Direction::S,
        "E" | "EAST" => Direction::E,
        "W" | "WEST" => Direction::W,
        "NE" | "NORTHEAST" => Direction::Ne,
        "NW" | "NORTHWEST" => Direction::Nw,
        "SE" | "SOUTHEAST" => Direction::Se,
        "SW" | "SOUTHWEST" => Direction::Sw,
        _ => return None,
    })
}

/// Number of a cardinal or ordinal word below 100 (`EIGHTY-THIRD` comes as two words).
pub(crate) fn number_word(word: &str) -> Option<u32> {
    const UNITS: [(&str, &str); 20] = [
        ("ZERO", "ZEROTH"),
        ("ONE", "FIRST"),
        ("TWO", "SECOND"),
        ("THREE", "THIRD"),
        ("FOUR", "FOURTH"),
        ("FIVE", "FIFTH"),
        ("SIX", "SIXTH"),
        ("SEVEN", "SEVENTH"),
        ("EIGHT", "EIGHTH"),
        ("NINE", "NINTH"),
        ("TEN", "TENTH"),
        ("ELEVEN", "ELEVENTH"),
        ("TWELVE", "TWELFTH"),
        ("THIRTEEN", "THIRTEENTH"),
        ("FOURTEEN", "FOURTEENTH"),
        ("FIFTEEN", "FIFTEENTH"),
        ("SIXTEEN", "SIXTEENTH"),
        ("SEVENTEEN", "SEVENTEENTH"),
        ("EIGHTEEN", "EIGHTEENTH"),
        ("NINETEEN", "NINETEENTH"),
    ];
    const TENS: [(&str, &str, u32); 8] = [
        ("TWENTY", "TWENTIETH", 20),
        ("THIRTY", "THIRTIETH", 30),
        ("FORTY", "FORTIETH", 40),
        ("FIFTY", "FIFTIETH", 50),
        ("SIXTY", "SIXTIETH", 60),
        ("SEVENTY", "SEVENTIETH", 70),
        ("EIGHTY", "EIGHTIETH", 80),
        ("NINETY", "NINETIETH", 90),
    ];
    if word.len() < 3 {
        return None;
    }
    (0u32..)
        .zip(UNITS)
        .find(|(_, (a, b))| word == *a || word == *b)
        .map(|(n, _)| n)
        .or_else(|| TENS.iter().find(|(a, b, _)| word == *a || word == *b).map(|t| t.2))
}

/// The figure of an ordinal (`21ST`, `3RD`, `44TH`) or of plain digits.
pub(crate) fn ordinal(word: &str) -> Option<u32> {
    let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 || digits > 6 {
        return None;
    }
    let (figure, ending) = word.split_at(digits);
    matches!(ending, "" | "ST" | "ND" | "RD" | "TH").then(|| figure.parse().ok()).flatten()
}
