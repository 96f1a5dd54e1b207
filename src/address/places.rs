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

/// True when a town of the country bears this direction and name.
pub(crate) fn is_directional(direction: Direction, name: &str) -> bool {
    DIRECTIONAL.contains(&(direction, name))
}
