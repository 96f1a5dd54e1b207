//! The tables of `data/standards`, read once into one map from word to all that the word can be.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::model::address::Direction;

/// A street type word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeWord {
    /// Publication 28 abbreviation.
    pub(crate) canonical: &'static str,
    /// The word in full (`AVENUE`).
    pub(crate) full: &'static str,
    /// 3: nearly always a type when it follows a name; 2: often; 1: mostly part of a name or place.
    pub(crate) strength: u8,
}

impl TypeWord {
    /// True when the word is nearly always a type behind a name.
    pub(crate) fn is_strong(self) -> bool {
        self.strength == 3
    }
}

/// A unit designator word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnitWord {
    /// Publication 28 abbreviation.
    pub(crate) canonical: &'static str,
    /// True when an identifier must follow.
    pub(crate) needs_id: bool,
}

/// All that a word can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) direction: Option<Direction>,
    pub(crate) street_type: Option<TypeWord>,
    pub(crate) unit: Option<UnitWord>,
    pub(crate) state: Option<&'static str>,
    /// Cardinal or ordinal number word below 100.
    pub(crate) number: Option<u8>,
    pub(crate) opens_place: bool,
    pub(crate) closes_place: bool,
    /// A word of a numbered road's class (`HWY`, `ROUTE`, `COUNTY`).
    pub(crate) is_road_class: bool,
    /// May open a post office box.
    pub(crate) is_box: bool,
    /// The last word of a state's name of several words (`HAMPSHIRE`).
    pub(crate) ends_state: bool,
    /// How place names are keyed (`ST` for `SAINT`, `N` for `NORTH`); empty where as written.
    pub(crate) place_form: &'static str,
}

/// A word with no meaning of its own.
pub(crate) static NOTHING: Entry = NOTHING_HERE;

/// The Spanish article `LA` inside a name (`CAMINO DE LA TIERRA`), where it is no lane.
pub(crate) static ARTICLE: Entry = Entry { opens_place: true, ..NOTHING_HERE };

const NOTHING_HERE: Entry = Entry {
    direction: None,
    street_type: None,
    unit: None,
    state: None,
    number: None,
    opens_place: false,
    closes_place: false,
    is_road_class: false,
    is_box: false,
    ends_state: false,
    place_form: "",
};

const DIRECTIONS: [(Direction, &[&str]); 8] = [
    (Direction::N, &["N", "NO", "NORTH"]),
    (Direction::S, &["S", "SO", "SOUTH"]),
    (Direction::E, &["E", "EAST"]),
    (Direction::W, &["W", "WEST"]),
    (Direction::Ne, &["NE", "NORTHEAST"]),
    (Direction::Nw, &["NW", "NORTHWEST"]),
    (Direction::Se, &["SE", "SOUTHEAST"]),
    (Direction::Sw, &["SW", "SOUTHWEST"]),
];

/// Words that open a numbered road; the grammar is in `highway`.
const ROAD_CLASS_WORDS: &[&str] = &[
    "HWY",
    "HIGHWAY",
    "HY",
    "HWAY",
    "HYW",
    "HIWAY",
    "HGWY",
    "US",
    "USH",
    "STATE",
    "SH",
    "SR",
    "STH",
    "CTH",
    "CSAH",
    "CR",
    "ROUTE",
    "RTE",
    "RT",
    "INTERSTATE",
    "I",
    "IH",
    "FM",
    "RM",
    "FARM",
    "FARM-TO-MARKET",
    "FS",
    "COUNTY",
    "COUNTRY",
    "COUNRY",
    "CO",
    "CNTY",
    "CTY",
    "TOWNSHIP",
    "TWP",
    "BUSINESS",
    "BUS",
    "RANCH",
    "ROAD",
    "RD",
    "RR",
    "RURAL",
    "BIA",
    "COUNTYROAD",
    "COUNTYRD",
    "STATEROAD",
    "STATERD",
    "STATEHWY",
    "STATEHIGHWAY",
    "CARR",
    "CARRETERA",
    "FEDERAL",
    "U",
    "ST",
    "HC",
    "TR",
    "FOREST",
    "LOOP",
    "SPUR",
    "PARISH",
    "PRIVATE",
    "PVT",
    "PR",
    "CITY",
    "UNITED",
];

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

const TENS: [(&str, &str, u8); 8] = [
    ("TWENTY", "TWENTIETH", 20),
    ("THIRTY", "THIRTIETH", 30),
    ("FORTY", "FORTIETH", 40),
    ("FIFTY", "FIFTIETH", 50),
    ("SIXTY", "SIXTIETH", 60),
    ("SEVENTY", "SEVENTIETH", 70),
    ("EIGHTY", "EIGHTIETH", 80),
    ("NINETY", "NINETIETH", 90),
];

/// Words that may open a post office box; the grammar is in `unit`.
const BOX_WORDS: &[&str] = &["P", "PO", "POB", "POBOX", "PB", "POST", "P/O", "BOX", "LOCKBOX", "LBX", "DRAWER"];

/// Forms under which place names are keyed, directions apart.
const PLACE_FORMS: &[(&str, &str)] = &[
    ("SAINT", "ST"),
    ("SAINTE", "ST"),
    ("STE", "ST"),
    ("MOUNT", "MT"),
    ("FORT", "FT"),
    ("CTY", "CITY"),
    ("SPGS", "SPRINGS"),
    ("HTS", "HEIGHTS"),
    ("HGTS", "HEIGHTS"),
    ("BCH", "BEACH"),
    ("JCT", "JUNCTION"),
    ("TWP", "TOWNSHIP"),
];

type Map = FxHashMap<&'static str, Entry>;

/// Rows of an embedded table: tab-separated cells, `#` lines left out.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.split('\t').collect())
}

fn slot<'a>(map: &'a mut Map, word: &'static str) -> &'a mut Entry {
    map.entry(word).or_insert(NOTHING_HERE)
}

static WORDS: LazyLock<Map> = LazyLock::new(|| {
    let mut map = Map::default();
    for row in rows(include_str!("../../data/standards/street_types.tsv")) {
        let [canonical, variants, strength] = row[..] else { continue };
        let strength = match strength {
            "s" => 3,
            "m" => 2,
            _ => 1,
        };
        let full = variants.split_whitespace().next().filter(|v| v.len() > canonical.len()).unwrap_or(canonical);
        let word = TypeWord { canonical, full, strength };
        slot(&mut map, canonical).street_type.get_or_insert(word);
        for variant in variants.split_whitespace() {
            slot(&mut map, variant).street_type.get_or_insert(word);
        }
    }
    for row in rows(include_str!("../../data/standards/units.tsv")) {
        let [canonical, variants, needs] = row[..] else { continue };
        let word = UnitWord { canonical, needs_id: needs == "y" };
        slot(&mut map, canonical).unit = Some(word);
        for variant in variants.split_whitespace() {
            slot(&mut map, variant).unit = Some(word);
        }
    }
    for row in rows(include_str!("../../data/standards/place_words.tsv")) {
        let [word, position] = row[..] else { continue };
        let entry = slot(&mut map, word);
        entry.opens_place |= position == "first";
        entry.closes_place |= position == "last";
    }
    add_closed_classes(&mut map);
    map
});

fn add_closed_classes(map: &mut Map) {
    for row in rows(include_str!("../../data/standards/states.tsv")) {
        let [code, name] = row[..] else { continue };
        slot(map, code).state = Some(code);
        slot(map, name).state = Some(code);
        if let Some((_, last)) = name.rsplit_once(' ') {
            slot(map, last).ends_state = true;
        }
    }
    for word in BOX_WORDS {
        slot(map, word).is_box = true;
    }
    for (word, form) in PLACE_FORMS {
        slot(map, word).place_form = form;
    }
    for (direction, words) in DIRECTIONS {
        for word in words {
            let entry = slot(map, word);
            entry.direction = Some(direction);
            entry.place_form = direction.as_str();
        }
    }
    for word in ROAD_CLASS_WORDS {
        slot(map, word).is_road_class = true;
    }
    for (number, (cardinal, ordinal)) in (0u8..).zip(UNITS) {
        slot(map, cardinal).number = Some(number);
        slot(map, ordinal).number = Some(number);
    }
    for (cardinal, ordinal, number) in TENS {
        slot(map, cardinal).number = Some(number);
        slot(map, ordinal).number = Some(number);
    }
}

/// All that a word can be.
pub(crate) fn entry(word: &str) -> &'static Entry {
    WORDS.get(word).unwrap_or(&NOTHING)
}

/// The street type that a word spells.
pub(crate) fn street_type(word: &str) -> Option<TypeWord> {
    entry(word).street_type
}

/// The two-letter state of an abbreviation or full name.
pub(crate) fn state(text: &str) -> Option<&'static str> {
    entry(text).state
}

/// The position of a state's two-letter code among all of them, below 63.
pub(crate) fn state_index(code: &str) -> Option<u32> {
    let at = CODES.binary_search(&code).ok()?;
    u32::try_from(at).ok().filter(|at| *at < 63)
}

/// Two-letter codes of the states, sorted.
static CODES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let rows = rows(include_str!("../../data/standards/states.tsv"));
    let mut codes: Vec<&str> = rows.filter_map(|row| row.first().copied()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
});

/// The direction a word spells.
pub(crate) fn direction(word: &str) -> Option<Direction> {
    entry(word).direction
}

/// Number of a cardinal or ordinal word below 100 (`EIGHTY-THIRD` comes as two words).
pub(crate) fn number_word(word: &str) -> Option<u32> {
    entry(word).number.map(u32::from)
}

/// The figure of an ordinal (`21ST`, `3RD`, `44TH`) or of plain digits.
pub(crate) fn ordinal(word: &str) -> Option<u32> {
    let (figure, ending) = super::tokens::split_digits(word);
    if figure.is_empty() || figure.len() > 6 {
        return None;
    }
    matches!(ending, "" | "ST" | "ND" | "RD" | "TH").then(|| figure.parse().ok()).flatten()
}
