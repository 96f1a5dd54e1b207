//! Stable numbers of owner groups: a group keeps its number while it keeps most of its parcels; merges and splits are told.
//!
//! A printed case names a group by number, so a number is never given to another group.

use std::collections::HashMap;

use rustc_hash::{FxBuildHasher, FxHashMap};

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
    /// Number of each root.
    pub of_root: FxHashMap<u32, i64>,
    /// Numbers not used before.
    pub fresh: Vec<i64>,
    /// Merges and splits, sorted.
    pub events: Vec<Event>,
}

/// Numbers the groups; new ones from `next` on. The answer does not depend on the order of the members.
pub fn number(members: &[Member], next: i64) -> Numbers {
    let mut roots: Vec<u32> = members.iter().map(|member| member.root).collect();
    roots.sort_unstable();
    roots.dedup();
    // A member without parcels still counts a little, so that it keeps its number.
    let weight = |member: &Member| Some((member.before?, member.root, u64::from(member.n_parcels) * 1000 + 1));
    let mut weights: Vec<(i64, u32, u64)> = members.iter().filter_map(weight).collect();
    weights.sort_unstable();
    weights.dedup_by(|more, kept| {
        let same = (more.0, more.1) == (kept.0, kept.1);
        kept.2 += if same { more.2 } else { 0 };
        same
    });
    weights.sort_unstable_by_key(|(before, root, weight)| (*before, std::cmp::Reverse(*weight), *root));
    // The heaviest part of a group inherits its number; the others come out of it.
    let mut heirs: Vec<(u32, i64)> = Vec::with_capacity(weights.len());
    let mut origin: FxHashMap<u32, i64> = FxHashMap::default();
    let mut last = None;
    for (before, root, _) in weights {
        if last == Some(before) {
            origin.entry(root).or_insert(before);
        } else {
            heirs.push((root, before));
            last = Some(before);
        }
    }
    heirs.sort_unstable();
    let mut numbers =
        Numbers { of_root: HashMap::with_capacity_and_hasher(roots.len(), FxBuildHasher), ..Numbers::default() };
    let mut fresh = next;
    let mut rest = heirs.as_slice();
    for root in roots {
        let (own, others) = rest.split_at(rest.iter().take_while(|(of, _)| *of == root).count());
        rest = others;
        let mut claims = own.iter().map(|(_, before)| *before);
        let first = claims.next();
        let number = first.unwrap_or(fresh);
        if first.is_none() {
            numbers.fresh.push(fresh);
            fresh += 1;
            numbers.events.extend(origin.get(&root).map(|from| Event::Split { from: *from, into: number }));
        }
        numbers.events.extend(claims.map(|from| Event::Merged { from, into: number }));
        numbers.of_root.insert(root, number);
    }
    numbers.events.sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Event, Member, number};

    fn member(root: u32, before: Option<i64>, n_parcels: u32) -> Member {
        Member { root, before, n_parcels }
    }

    #[test]
    fn a_group_keeps_its_number_where_most_parcels_are() {
        let numbers = number(&[member(0, Some(7), 1), member(1, Some(7), 9), member(2, None, 3)], 100);
        assert_eq!((numbers.of_root[&1], numbers.of_root[&0], numbers.of_root[&2]), (7, 100, 101));
        assert_eq!(numbers.events, [Event::Split { from: 7, into: 100 }]);
    }

    #[test]
    fn a_merge_keeps_the_older_number_and_is_told() {
        let numbers = number(&[member(0, Some(9), 50), member(0, Some(4), 1)], 10);
        assert_eq!(numbers.of_root[&0], 4);
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
            let numbers = number(&members, 50);
            prop_assert_eq!(&numbers, &number(&turned, 50));
            let mut used: Vec<i64> = numbers.of_root.values().copied().collect();
            used.sort_unstable();
            used.dedup();
            prop_assert_eq!(used.len(), numbers.of_root.len());
        }
    }
}
