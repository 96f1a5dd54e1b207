//! Stable numbers of owner groups: a group keeps its number while it keeps most of its parcels; merges and splits are told.
//!
//! A printed case names a group by number, so a number is never given to another group.

use std::ops::Range;

use rustc_hash::FxHashMap;

/// What happened to a group between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// `from` is now part of `into`.
    Merged {
        /// The group that ended.
        from: i64,
        /// The group that lives on.
        into: i64,
    },
    /// `into` came out of `from`.
    Split {
        /// The group that lives on.
        from: i64,
        /// The new group.
        into: i64,
    },
}

/// A node of a group that is to be numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Group of this run, by any number.
    pub root: u32,
    /// Number of the group it was in before.
    pub before: Option<i64>,
    /// Parcels.
    pub n_parcels: u32,
}

/// Numbers of the groups of this run by root, and what happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Numbers {
    /// Number by root; [`NONE`] where there is no such root.
    of_root: Vec<i64>,
    /// Number of groups.
    pub n_groups: usize,
    /// Numbers not used before.
    pub fresh: Range<i64>,
    /// Merges and splits, sorted.
    pub events: Vec<Event>,
}

/// No number of a group.
const NONE: i64 = i64::MIN;
/// A group that has no number yet.
const WANTED: i64 = i64::MAX;

impl Numbers {
    /// The number of the group of a root.
    pub fn of(&self, root: u32) -> i64 {
        self.of_root[root as usize]
    }
}

/// Numbers the groups; new ones from `next` on. The answer does not depend on the order of the members. Roots are small numbers
/// without many gaps.
pub fn number(members: impl Iterator<Item = Member> + Clone, next: i64) -> Numbers {
    let mut of_root = Vec::with_capacity(members.size_hint().0);
    for member in members.clone() {
        let root = member.root as usize;
        if of_root.len() <= root {
            of_root.resize(root + 1, NONE);
        }
        of_root[root] = WANTED;
    }
    let mut numbers = Numbers { fresh: next..next, ..Numbers::default() };
    let mut origin: FxHashMap<u32, i64> = FxHashMap::default();
    let known = |member: Member| Some((member.before?, member.root, member.n_parcels));
    let mut parts: Vec<(i64, u32, u32)> = members.filter_map(known).collect();
    parts.sort_unstable();
    // Older numbers first: of several that a group inherits it keeps the oldest.
    for group in parts.chunk_by(|a, b| a.0 == b.0) {
        // A member without parcels still counts a little, so that it keeps its number.
        let weight = |part: &[(i64, u32, u32)]| part.iter().map(|p| u64::from(p.2) * 1000 + 1).sum::<u64>();
        let mut weights: Vec<(u64, u32)> =
            group.chunk_by(|a, b| a.1 == b.1).map(|part| (weight(part), part[0].1)).collect();
        weights.sort_unstable_by_key(|(weight, root)| (std::cmp::Reverse(*weight), *root));
        // The heaviest part of a group inherits its number; the others come out of it.
        let before = group[0].0;
        let mut roots = weights.into_iter().map(|(_, root)| root);
        if let Some(slot) = roots.next().and_then(|root| of_root.get_mut(root as usize)) {
            if *slot == WANTED {
                *slot = before;
            } else {
                numbers.events.push(Event::Merged { from: before, into: *slot });
            }
        }
        roots.for_each(|root| {
            origin.entry(root).or_insert(before);
        });
    }
    drop(parts);
    for (root, slot) in (0u32..).zip(&mut of_root).filter(|(_, slot)| **slot != NONE) {
        numbers.n_groups += 1;
        if *slot == WANTED {
            *slot = numbers.fresh.end;
            numbers.fresh.end += 1;
            numbers.events.extend(origin.get(&root).map(|from| Event::Split { from: *from, into: *slot }));
        }
    }
    numbers.of_root = of_root;
    numbers.events.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Event, Member, Numbers, number};

    fn number_all(members: &[Member], next: i64) -> Numbers {
        number(members.iter().copied(), next)
    }

    fn member(root: u32, before: Option<i64>, n_parcels: u32) -> Member {
        Member { root, before, n_parcels }
    }

    #[test]
    fn a_group_keeps_its_number_where_most_parcels_are() {
        let numbers = number_all(&[member(0, Some(7), 1), member(1, Some(7), 9), member(2, None, 3)], 100);
        assert_eq!((numbers.of(1), numbers.of(0), numbers.of(2)), (7, 100, 101));
        assert_eq!(numbers.events, [Event::Split { from: 7, into: 100 }]);
    }

    #[test]
    fn a_merge_keeps_the_older_number_and_is_told() {
        let numbers = number_all(&[member(0, Some(9), 50), member(0, Some(4), 1)], 10);
        assert_eq!(numbers.of(0), 4);
        assert_eq!(numbers.events, [Event::Merged { from: 9, into: 4 }]);
    }

    proptest! {
        #[test]
        fn numbers_do_not_depend_on_the_order_of_members(
            spec in prop::collection::vec((0u32..6, prop::option::of(1i64..6), 0u32..4), 1..24), seed in any::<u64>()
        ) {
            let members: Vec<Member> = spec.iter().map(|(r, b, n)| member(*r, *b, *n)).collect();
            let mut turned = members.clone();
            let by = (seed % members.len() as u64) as usize;
            turned.rotate_left(by);
            let numbers = number_all(&members, 50);
            prop_assert_eq!(&numbers, &number_all(&turned, 50));
            let mut used: Vec<i64> = numbers.of_root.iter().copied().filter(|n| *n != super::NONE).collect();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), numbers.n_groups);
        }
    }
}
