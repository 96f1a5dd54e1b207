//! Places whose name begins with a direction, so that `SALEM ST W SPRINGFIELD` ends at `ST`.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

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

/// True when a town of the country bears this direction and name.
pub(crate) fn is_directional(direction: Direction, name: &str) -> bool {
    DIRECTIONAL.contains(&(direction, name))
}
