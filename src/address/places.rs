//! Places whose name begins with a direction, so that `SALEM ST W SPRINGFIELD` ends at `ST`.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::address::Direction;

static DIRECTIONAL: LazyLock<FxHashSet<(Direction, &'static str)>> = LazyLock::new(|| {
    let mut set = FxHashSet::default();
    for line in include_str!("../../data/standards/directional_places.tsv").lines() {
        let Some((letter, name)) = line.split_once('\t').filter(|_| !line.starts_with('#')) else { continue };
        if let Some(direction) = super::tables::direction(letter) {
            set.insert((direction, name));
        }
    }
    set
});

/// Cities called after a saint that are seen far more often than a place of the bare name.
const SAINTS: [&str; 14] = [
    "LOUIS",
    "PAUL",
    "PETERSBURG",
    "CLOUD",
    "JOSEPH",
    "AUGUSTINE",
    "HELENS",
    "ALBANS",
    "JOHNSBURY",
    "LUCIE",
    "SIMONS",
    "CHARLES",
    "GEORGE",
    "MARYS",
];

/// True when `ST` before the word makes a city.
pub(crate) fn is_saint(word: &str) -> bool {
    SAINTS.contains(&word)
}

/// Populated places by name (`N`, `ST`, `MT` and the like short), with the states that have one, blank-separated.
static PLACES: LazyLock<FxHashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let text = include_str!("../../data/standards/us_places.tsv");
    text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t')).collect()
});

/// Longest name of a place that is looked up, in bytes.
const NAME_LEN_MAX: usize = 48;

/// True when the words name a populated place of the state.
pub(crate) fn is_known(words: &str, state: &str) -> bool {
    if words.len() > NAME_LEN_MAX {
        return false;
    }
    // What Florida's and Colorado's rolls write for the land between the cities.
    if words == "UNINCORPORATED" {
        return true;
    }
    let states = match PLACES.get(words) {
        Some(states) => Some(states),
        None if may_be_longer(words) => PLACES.get(short_name(words).as_str()),
        None => None,
    };
    states.is_some_and(|states| states.split(' ').any(|s| s == state)) || is_directional_name(words)
}

fn is_directional_name(words: &str) -> bool {
    let parts = words.split_once(' ').and_then(|(first, rest)| Some((super::tables::direction(first)?, rest)));
    parts.is_some_and(|(direction, rest)| is_directional(direction, rest))
}

/// ZIP prefixes and their states (USPS labeling list L002): the last prefix of each run.
const ZIP_RUNS: [(u16, &str); 62] = [
    (4, ""),
    (5, "NY"),
    (9, "PR"),
    (27, "MA"),
    (29, "RI"),
    (38, "NH"),
    (49, "ME"),
    (54, "VT"),
    (55, "MA"),
    (59, "VT"),
    (69, "CT"),
    (89, "NJ"),
    (99, ""),
    (149, "NY"),
    (196, "PA"),
    (199, "DE"),
    (200, "DC"),
    (201, "VA"),
    (205, "DC"),
    (219, "MD"),
    (246, "VA"),
    (268, "WV"),
    (289, "NC"),
    (299, "SC"),
    (319, "GA"),
    (349, "FL"),
    (369, "AL"),
    (385, "TN"),
    (397, "MS"),
    (399, "GA"),
    (427, "KY"),
    (459, "OH"),
    (479, "IN"),
    (499, "MI"),
    (528, "IA"),
    (549, "WI"),
    (567, "MN"),
    (569, "DC"),
    (577, "SD"),
    (588, "ND"),
    (599, "MT"),
    (629, "IL"),
    (658, "MO"),
    (679, "KS"),
    (693, "NE"),
    (714, "LA"),
    (729, "AR"),
    (749, "OK"),
    (799, "TX"),
    (816, "CO"),
    (831, "WY"),
    (838, "ID"),
    (847, "UT"),
    (865, "AZ"),
    (884, "NM"),
    (885, "TX"),
    (898, "NV"),
    (961, "CA"),
    (968, "HI"),
    (969, "GU"),
    (979, "OR"),
    (994, "WA"),
];

/// The state of a ZIP code, by its first three digits.
pub(crate) fn state_of_zip(zip: &str) -> Option<&'static str> {
    let prefix: u16 = zip.get(..3)?.parse().ok()?;
    if prefix == 733 {
        return Some("TX");
    }
    let at = ZIP_RUNS.partition_point(|(last, _)| *last < prefix);
    let state = ZIP_RUNS.get(at).map_or("AK", |(_, state)| *state);
    (!state.is_empty()).then_some(state)
}

/// True when [`short_name`] would change the words.
fn may_be_longer(words: &str) -> bool {
    words.contains('-') || words.split(' ').any(|w| short_word(w) != w)
}

fn short_name(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for word in words.split([' ', '-']).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(short_word(word));
    }
    out
}

fn short_word(word: &str) -> &str {
    match word {
        "SAINT" | "SAINTE" => "ST",
        "MOUNT" => "MT",
        "FORT" => "FT",
        "CTY" => "CITY",
        "SPGS" => "SPRINGS",
        "HTS" | "HGTS" => "HEIGHTS",
        "BCH" => "BEACH",
        "JCT" => "JUNCTION",
        "TWP" => "TOWNSHIP",
        _ => super::tables::direction(word).map_or(word, |d| d.as_str()),
    }
}

/// True when a town of the country bears this direction and name.
pub(crate) fn is_directional(direction: Direction, name: &str) -> bool {
    DIRECTIONAL.contains(&(direction, name))
}
