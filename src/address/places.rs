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
    let states = match PLACES.get(words) {
        Some(states) => Some(states),
        None if may_be_longer(words) => PLACES.get(short_name(words).as_str()),
        None => None,
    };
    states.is_some_and(|states| states.split(' ').any(|s| s == state))
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
