//! Owner groups: links between owners and the groups they make, with staff decisions replayed on top.
//!
//! Union over identity and affiliation only. The group's id is its smallest member, so a re-run keeps it.

use std::ops::Range;

use rustc_hash::FxHashMap;

use super::compare::{Rule, Tier, compare, same_name_elsewhere, same_party_here};
use super::name::LinkName;
use super::place::{AddressRole, Judgement, Union, is_private, judge};
use super::roll::Roll;

/// Parcels from which a private group needs one look by a person.
pub const GROUP_PARCELS_REVIEW: u32 = 50;
/// Parcels at stake from which a possible link at a service address is worth a person's time.
pub const REVIEW_PARCELS_MIN: u32 = 8;

/// What one thread found: links, and addresses judged.
type Share<J> = (Vec<Link>, Vec<(u32, J)>);

/// Threads that judge addresses: more would wait for the one that stores.
const THREADS_MAX: usize = 8;

/// A link between two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Smaller node.
    pub a: u32,
    /// Larger node.
    pub b: u32,
    /// What joined them.
    pub rule: Rule,
    /// Place that carries the link; `None` for a link by name alone.
    pub place: Option<u32>,
}

/// A decision of a person, replayed after every run. Nodes that are gone from the roll are left out by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// Same control.
    Same(u32, u32),
    /// Not the same control: no link between the two, neither direct nor through the address they share.
    Different(u32, u32),
    /// The address serves others: its links between different names are dropped.
    AgentPlace(u32),
}

/// The whole result, with the judgements or what is kept of them.
#[derive(Debug, Default)]
pub struct Grouping<Judgements = FxHashMap<u32, Judgement>> {
    /// Links of the automatic tiers, sorted.
    pub links: Vec<Link>,
    /// Judgement of each place with two or more nodes.
    pub judgements: Judgements,
    /// Root (smallest node) of each node's group.
    pub group_of: Vec<u32>,
}

/// Computes all links of a roll and the groups, with decisions applied.
pub fn group(roll: &Roll, decisions: &[Decision]) -> Grouping {
    let Grouping { links, judgements, group_of } = group_keeping(roll, decisions, |judgement| judgement);
    Grouping { links, judgements: judgements.into_iter().collect(), group_of }
}

/// As [`group`], keeping a part of each judgement: places ascending, each with its part.
pub fn group_keeping<J: Send>(
    roll: &Roll,
    decisions: &[Decision],
    keep: impl Fn(Judgement) -> J + Sync,
) -> Grouping<Vec<(u32, J)>> {
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let at = move |n: u32, part: usize| (u64::from(n) * part as u64 / n_threads as u64) as u32;
    let share = move |n: u32, part: usize| at(n, part)..at(n, part + 1);
    let keep = &keep;
    let judged: Vec<Share<J>> = std::thread::scope(|scope| {
        let work = move |part: usize| {
            let (mut links, mut judgements) = (Vec::new(), Vec::new());
            judge_places(roll, share(roll.n_places(), part), &mut links, &mut |place, judgement| {
                judgements.push((place, keep(judgement)));
            });
            link_names(roll, share(roll.n_names(), part), &mut links);
            (links, judgements)
        };
        let others: Vec<_> = (1..n_threads).map(|part| scope.spawn(move || work(part))).collect();
        let own = work(0);
        let others = others.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        std::iter::once(own).chain(others).collect()
    });
    let (mut links, mut judgements) = (Vec::new(), Vec::new());
    for (own_links, own_judgements) in judged {
        links.extend(own_links);
        judgements.extend(own_judgements);
    }
    links.sort_unstable();
    let group_of = unite(roll.nodes.len(), &links, decisions);
    Grouping { links, judgements, group_of }
}

/// Judges mailing addresses and links the owners at each.
fn judge_places(roll: &Roll, places: Range<u32>, links: &mut Vec<Link>, take: &mut dyn FnMut(u32, Judgement)) {
    for place in places {
        let nodes = roll.nodes_at(place);
        if nodes.len() < 2 || roll.is_placeholder(place) {
            continue;
        }
        let names: Vec<LinkName> = nodes.map(|node| roll.name_of(node)).collect();
        let judgement = judge(roll, place, &names);
        link_place(roll, (place, &names), &judgement, links);
        take(place, judgement);
    }
}

/// Links the owners of one name at several addresses, where the name is evidence enough.
fn link_names(roll: &Roll, names: Range<u32>, links: &mut Vec<Link>) {
    for nodes in names.map(|name| roll.nodes_named(name)).filter(|nodes| nodes.len() > 1) {
        let rule = same_name_elsewhere(roll, &roll.name_of(nodes[0]), nodes.len());
        if rule.tier_and_score().0.is_automatic() {
            links.extend(nodes[1..].iter().map(|node| Link { a: nodes[0], b: *node, rule, place: None }));
        }
    }
}

/// Star links inside lexical groups, and one link from each group to the first when the role allows it.
fn link_place(roll: &Roll, (place, names): (u32, &[LinkName]), judgement: &Judgement, links: &mut Vec<Link>) {
    let nodes = roll.nodes_at(place);
    let (start, place) = (nodes.start, Some(place));
    let mut first_of: FxHashMap<u32, u32> = FxHashMap::default();
    let mut first_private = None;
    for (i, node) in nodes.enumerate() {
        let name = &names[i];
        match first_of.get(&judgement.group_of[i]) {
            Some(first) => {
                let rule = same_party_here(&names[(*first - start) as usize], name).unwrap_or(Rule::SharedName);
                links.push(Link { a: *first, b: node, rule, place });
            }
            None => {
                first_of.insert(judgement.group_of[i], node);
                if !is_private(name.kind) {
                    continue;
                }
                match first_private {
                    Some(first) if judgement.role.links_strangers() => {
                        let small = judgement.n_groups <= super::place::limits::GROUPS_SMALL;
                        let rule = if small { Rule::SmallAddress } else { Rule::Headquarters };
                        links.push(Link { a: first, b: node, rule, place });
                    }
                    Some(_) => {}
                    None => first_private = Some(node),
                }
            }
        }
    }
}

/// Unites nodes by links and decisions; the root of a group is its smallest node. Cheap enough to run after each decision.
pub fn unite(n_nodes: usize, links: &[Link], decisions: &[Decision]) -> Vec<u32> {
    let mut agent_places: Vec<u32> = Vec::new();
    let mut cuts: Vec<(u32, u32)> = Vec::new();
    for decision in decisions {
        match *decision {
            Decision::AgentPlace(place) => agent_places.push(place),
            Decision::Different(a, b) => cuts.push((a.min(b), a.max(b))),
            Decision::Same(..) => {}
        }
    }
    agent_places.sort_unstable();
    let mut cut_of: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for (a, b) in &cuts {
        cut_of.entry(*a).or_default().push(*b);
        cut_of.entry(*b).or_default().push(*a);
    }
    let mut union = Union::new(n_nodes);
    let mut joined: Vec<(u32, u32)> = decisions
        .iter()
        .filter_map(|d| match *d {
            Decision::Same(a, b) => Some((a, b)),
            Decision::Different(..) | Decision::AgentPlace(_) => None,
        })
        .collect();
    let mut automatic: Vec<&Link> = links
        .iter()
        .filter(|l| !(l.rule_needs_place() && l.place.is_some_and(|p| agent_places.binary_search(&p).is_ok())))
        .collect();
    automatic.sort_by_key(|l| (std::cmp::Reverse(l.rule.tier_and_score().1), l.a, l.b));
    joined.extend(automatic.iter().map(|l| (l.a, l.b)));
    for (a, b) in joined {
        if cuts.is_empty() || !would_join_cut(&mut union, &cut_of, (a, b)) {
            union.join(a as usize, b as usize);
        }
    }
    (0..n_nodes).map(|i| union.root(i) as u32).collect()
}

impl Link {
    /// Links between different names that only the common address carries.
    fn rule_needs_place(&self) -> bool {
        matches!(self.rule, Rule::SharedName | Rule::SmallAddress | Rule::Headquarters)
    }
}

/// Whether joining would bring a pair together that a person declared different.
fn would_join_cut(union: &mut Union, cut_of: &FxHashMap<u32, Vec<u32>>, (a, b): (u32, u32)) -> bool {
    let (root_a, root_b) = (union.root(a as usize), union.root(b as usize));
    cut_of.iter().any(|(x, others)| {
        let root_x = union.root(*x as usize);
        root_x == root_a && others.iter().any(|y| union.root(*y as usize) == root_b)
            || root_x == root_b && others.iter().any(|y| union.root(*y as usize) == root_a)
    })
}

/// One step of a path between two owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The link taken.
    pub link: Link,
    /// The node it leads to.
    pub to: u32,
}

/// The strongest path between two nodes: the one whose weakest link is strongest, then the shortest. `None` when not joined.
pub fn strongest_path(links: &[Link], (from, to): (u32, u32)) -> Option<Vec<Step>> {
    let mut next: FxHashMap<u32, Vec<Step>> = FxHashMap::default();
    for link in links {
        next.entry(link.a).or_default().push(Step { link: *link, to: link.b });
        next.entry(link.b).or_default().push(Step { link: *link, to: link.a });
    }
    let mut best: FxHashMap<u32, (u8, u32, Option<Step>)> = FxHashMap::default();
    let mut heap = std::collections::BinaryHeap::from([(100u8, std::cmp::Reverse(0u32), std::cmp::Reverse(from))]);
    best.insert(from, (100, 0, None));
    while let Some((score, std::cmp::Reverse(n_steps), std::cmp::Reverse(node))) = heap.pop() {
        if node == to {
            break;
        }
        if best.get(&node).is_some_and(|(s, n, _)| (*s, std::cmp::Reverse(*n)) > (score, std::cmp::Reverse(n_steps))) {
            continue;
        }
        for step in next.get(&node).into_iter().flatten() {
            let reached = (score.min(step.link.rule.tier_and_score().1), n_steps + 1);
            let is_better =
                best.get(&step.to).is_none_or(|(s, n, _)| reached.0 > *s || reached.0 == *s && reached.1 < *n);
            if is_better {
                let back = Step { link: step.link, to: node };
                best.insert(step.to, (reached.0, reached.1, Some(back)));
                heap.push((reached.0, std::cmp::Reverse(reached.1), std::cmp::Reverse(step.to)));
            }
        }
    }
    let mut path = Vec::new();
    let mut node = to;
    while node != from {
        let back = best.get(&node)?.2?;
        path.push(Step { link: back.link, to: node });
        node = back.to;
    }
    path.reverse();
    Some(path)
}

/// For every node that links lead to from one: the weakest rule of the strongest path, and its number of steps.
pub fn strengths(links: &[Link], from: u32) -> FxHashMap<u32, (Rule, u32)> {
    let mut next: FxHashMap<u32, Vec<(u32, Rule)>> = FxHashMap::default();
    for link in links {
        next.entry(link.a).or_default().push((link.b, link.rule));
        next.entry(link.b).or_default().push((link.a, link.rule));
    }
    let mut found: FxHashMap<u32, (Rule, u32)> = FxHashMap::default();
    let rank = |(rule, n_steps): (Rule, u32)| (rule.tier_and_score().1, std::cmp::Reverse(n_steps), rule);
    let start = (Rule::SameNameSameAddress, 0);
    let mut heap = std::collections::BinaryHeap::from([(rank(start), std::cmp::Reverse(from))]);
    found.insert(from, start);
    while let Some(((score, std::cmp::Reverse(n_steps), rule), std::cmp::Reverse(node))) = heap.pop() {
        if found.get(&node).is_some_and(|best| rank(*best) > (score, std::cmp::Reverse(n_steps), rule)) {
            continue;
        }
        for (to, by) in next.get(&node).into_iter().flatten() {
            let weaker = if n_steps == 0 || by.tier_and_score().1 < score { *by } else { rule };
            let reached = (weaker, n_steps + 1);
            if found.get(to).is_none_or(|best| rank(reached) > rank(*best)) {
                found.insert(*to, reached);
                heap.push((rank(reached), std::cmp::Reverse(*to)));
            }
        }
    }
    found
}

/// A thing a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReviewItem {
    /// Parcels at stake; the queue is ordered by it.
    pub n_parcels: u32,
    /// Why it is here.
    pub reason: &'static str,
    /// Place in question, or `None` for a group.
    pub place: Option<u32>,
    /// A node of it.
    pub node: u32,
    /// For a large group: the link that a person may want to cut.
    pub cut: Option<Cut>,
}

/// A link that alone holds two large parts of a group together: a suggestion, never carried out by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// One end.
    pub a: u32,
    /// The other.
    pub b: u32,
    /// What joined them.
    pub rule: Rule,
    /// Parcels on either side.
    pub n_parcels: (u32, u32),
}

/// The review queue: service addresses with parcels at stake and groups too large to pass unseen; most at stake first.
pub fn review_queue(roll: &Roll, grouping: &Grouping) -> Vec<ReviewItem> {
    let mut items = Vec::new();
    for (place_idx, judgement) in &grouping.judgements {
        let nodes = roll.nodes_at(*place_idx);
        let n_parcels: u32 = nodes.clone().map(|n| roll.nodes[n as usize].n_parcels).sum();
        let Some(reason) = place_reason(judgement.role, judgement.n_groups) else { continue };
        if n_parcels >= REVIEW_PARCELS_MIN {
            items.push(ReviewItem { n_parcels, reason, place: Some(*place_idx), node: nodes.start, cut: None });
        }
    }
    let mut parcels: FxHashMap<u32, (u32, bool)> = FxHashMap::default();
    for (node, root) in grouping.group_of.iter().enumerate() {
        let entry = parcels.entry(*root).or_default();
        entry.0 += roll.nodes[node].n_parcels;
        entry.1 |= is_private(roll.kind_of(node as u32));
    }
    let large = |root: &u32| parcels.get(root).is_some_and(|(n, private)| *private && *n > GROUP_PARCELS_REVIEW);
    let mut links: FxHashMap<u32, Vec<Link>> = FxHashMap::default();
    for link in &grouping.links {
        let root = grouping.group_of[link.a as usize];
        if root == grouping.group_of[link.b as usize] && large(&root) {
            links.entry(root).or_default().push(*link);
        }
    }
    for (root, (n_parcels, _)) in parcels.iter().filter(|(root, _)| large(root)) {
        let cut = links.get(root).and_then(|l| weakest_bridge(l, &|node| roll.nodes[node as usize].n_parcels));
        let reason = if cut.is_some() { "large group held together by one link" } else { "large group: confirm once" };
        items.push(ReviewItem { n_parcels: *n_parcels, reason, place: None, node: *root, cut });
    }
    items.sort_by(|a, b| b.cmp(a));
    items
}

/// Why a person should look at an address of this role; `None` when there is nothing to ask.
pub fn place_reason(role: AddressRole, n_groups: usize) -> Option<&'static str> {
    match role {
        AddressRole::Unclear if n_groups > 1 => Some("address with two families or mixed businesses"),
        AddressRole::Agent | AddressRole::BankTrust | AddressRole::TaxOffice => {
            Some("service address: confirm its role")
        }
        AddressRole::Headquarters if n_groups > super::place::limits::GROUPS_SMALL => {
            Some("headquarters: confirm that one control uses it")
        }
        AddressRole::Unclear
        | AddressRole::Placeholder
        | AddressRole::Single
        | AddressRole::Household
        | AddressRole::Headquarters
        | AddressRole::AssociationManager
        | AddressRole::PublicOffice => None,
    }
}

/// Parcels that both sides of a bridge must have.
pub const BRIDGE_PARCELS_MIN: u32 = 10;

/// Among the links of one group, the affiliation link whose loss leaves two parts of at least [`BRIDGE_PARCELS_MIN`] parcels
/// each: the weakest such link, then the one with the larger smaller side.
pub fn weakest_bridge(links: &[Link], parcels: &dyn Fn(u32) -> u32) -> Option<Cut> {
    let mut next: FxHashMap<u32, Vec<(u32, usize)>> = FxHashMap::default();
    for (i, link) in links.iter().enumerate() {
        next.entry(link.a).or_default().push((link.b, i));
        next.entry(link.b).or_default().push((link.a, i));
    }
    let mut nodes: Vec<u32> = next.keys().copied().collect();
    nodes.sort_unstable();
    let mut search = Search { next: &next, order: FxHashMap::default(), found: Vec::new() };
    let mut cuts: Vec<Cut> = Vec::new();
    for start in nodes {
        if search.order.contains_key(&start) {
            continue;
        }
        search.found.clear();
        let total = search.run(start, parcels);
        for (link, below) in &search.found {
            let Link { a, b, rule, .. } = links[*link];
            let above = total - below;
            if rule.tier_and_score().0 == Tier::Affiliation && above.min(*below) >= BRIDGE_PARCELS_MIN {
                cuts.push(Cut { a, b, rule, n_parcels: (above.max(*below), above.min(*below)) });
            }
        }
    }
    cuts.into_iter().min_by_key(|c| (c.rule.tier_and_score().1, std::cmp::Reverse(c.n_parcels.1), c.a, c.b))
}

/// A depth-first search that finds bridges (Tarjan) with the parcels below each, without recursion.
struct Search<'a> {
    next: &'a FxHashMap<u32, Vec<(u32, usize)>>,
    /// Order of discovery.
    order: FxHashMap<u32, u32>,
    /// Bridges: link and parcels below it.
    found: Vec<(usize, u32)>,
}

/// A node on the search's stack.
struct Visit {
    node: u32,
    by: Option<usize>,
    at: usize,
    low: u32,
    n_parcels: u32,
}

impl Search<'_> {
    /// Searches from a node; returns the parcels reached.
    fn run(&mut self, start: u32, parcels: &dyn Fn(u32) -> u32) -> u32 {
        let mut stack = vec![self.visit(start, None, parcels)];
        loop {
            let Some(top) = stack.last_mut() else { return 0 };
            let edge = self.next.get(&top.node).and_then(|edges| edges.get(top.at)).copied();
            top.at += 1;
            match edge {
                Some((_, link)) if Some(link) == top.by => {}
                Some((to, link)) => match self.order.get(&to) {
                    Some(order) => top.low = top.low.min(*order),
                    None => stack.push(self.visit(to, Some(link), parcels)),
                },
                None => {
                    let Some(done) = stack.pop() else { return 0 };
                    let Some(parent) = stack.last_mut() else { return done.n_parcels };
                    parent.n_parcels += done.n_parcels;
                    parent.low = parent.low.min(done.low);
                    if let Some(link) = done.by.filter(|_| done.low == self.order[&done.node]) {
                        self.found.push((link, done.n_parcels));
                    }
                }
            }
        }
    }

    fn visit(&mut self, node: u32, by: Option<usize>, parcels: &dyn Fn(u32) -> u32) -> Visit {
        let order = self.order.len() as u32;
        self.order.insert(node, order);
        Visit { node, by, at: 0, low: order, n_parcels: parcels(node) }
    }
}

/// The verdict on two nodes: their own evidence, else the path through their group.
pub fn verdict(roll: &Roll, grouping: &Grouping, (a, b): (u32, u32)) -> super::compare::Verdict {
    let here = grouping.judgements.get(&roll.nodes[a as usize].place);
    let direct = compare(roll, (a, b), here);
    let is_one_group = grouping.group_of[a as usize] == grouping.group_of[b as usize];
    match (direct.tier, is_one_group) {
        (Tier::None | Tier::Lead, true) => {
            let path = strongest_path(&grouping.links, (a, b)).unwrap_or_default();
            let mut evidence = direct.evidence;
            let rule = match path.as_slice() {
                [only] => only.link.rule,
                _ => Rule::GroupPath,
            };
            if rule == Rule::GroupPath {
                evidence.extend(path_sentences(roll, &path));
            }
            super::compare::Verdict::of(rule, evidence)
        }
        (Tier::Identity | Tier::Affiliation, false) => {
            super::compare::Verdict::of(Rule::StaffDifferent, direct.evidence)
        }
        (Tier::None | Tier::Lead, false) | (Tier::Identity | Tier::Affiliation, true) => direct,
    }
}

fn path_sentences(roll: &Roll, path: &[Step]) -> Vec<String> {
    path.iter()
        .map(|step| {
            let shown = roll.display(step.to);
            format!("-> {shown}: {}", step.link.rule.sentence())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decision, group, strongest_path, verdict};
    use crate::ownership::roll::{Roll, RollEntry, collect, collect_judged_by};

    fn roll_of(rows: &[(&str, &str)]) -> Roll {
        let entries: Vec<RollEntry<'_>> =
            rows.iter().map(|(owner, mailing)| RollEntry { owner, mailing, row: 1, ..RollEntry::default() }).collect();
        collect(&entries)
    }

    /// Members of each group as sorted text, so that two runs can be compared.
    fn groups(roll: &Roll, decisions: &[Decision]) -> Vec<Vec<String>> {
        let grouping = group(roll, decisions);
        let mut map: std::collections::BTreeMap<u32, Vec<String>> = std::collections::BTreeMap::new();
        for (node, root) in grouping.group_of.iter().enumerate() {
            let text = format!("{} @ {}", roll.name_key(node as u32), roll.mail_key(node as u32));
            map.entry(*root).or_default().push(text);
        }
        map.into_values().collect()
    }

    const ROWS: &[(&str, &str)] = &[
        ("ZEDI, ANA", "1 OAK ST|74101"),
        ("Zedi,  Ana", "1 Oak Street|74101"),
        ("ZEDI RENTALS LLC", "1 OAK ST|74101"),
        ("GULO RENTALS LLC", "1 OAK ST|74101"),
        ("GULO RENTALS LLC", "2 ELM ST|74101"),
        ("GULO, TOM & PAT", "2 ELM ST|74101"),
        ("MARO, TOM", "3 ASH ST|74101"),
        ("OAK HOMEOWNERS ASSOCIATION", "3 ASH ST|74101"),
        ("MARO HOLDINGS LLC", "3 ASH ST|74101"),
    ];

    proptest! {
        #[test]
        fn groups_do_not_depend_on_row_order(order in Just((0..ROWS.len()).collect::<Vec<_>>()).prop_shuffle()) {
            let shuffled: Vec<(&str, &str)> = order.iter().map(|i| ROWS[*i]).collect();
            let (roll, turned) = (roll_of(ROWS), roll_of(&shuffled));
            prop_assert_eq!(groups(&roll, &[]), groups(&turned, &[]));
            let shown = |roll: &Roll| -> Vec<(String, String)> {
                (0..roll.nodes.len() as u32).map(|n| (roll.display(n).into_owned(), roll.mail_key(n).into_owned())).collect()
            };
            prop_assert_eq!(shown(&roll), shown(&turned));
        }
    }

    #[test]
    fn a_part_of_a_roll_is_judged_as_the_whole_by_what_the_whole_taught() {
        let mut rows = ROWS.to_vec();
        let others: Vec<String> = (0..2_500).map(|n| format!("QUORN{n}, ANA")).collect();
        rows.extend(others.iter().map(|owner| (owner.as_str(), "9 FAR ST|74101")));
        let entry = |(owner, mailing): &(&'static str, &'static str)| RollEntry {
            owner,
            mailing,
            row: 1,
            ..RollEntry::default()
        };
        let whole = collect(
            &rows
                .iter()
                .map(|(owner, mailing)| RollEntry { owner, mailing, row: 1, ..RollEntry::default() })
                .collect::<Vec<_>>(),
        );
        let part = collect_judged_by(&ROWS.iter().map(entry).collect::<Vec<_>>(), whole.learnt.clone());
        let (of_whole, of_part) = (group(&whole, &[]), group(&part, &[]));
        for a in ROWS {
            for b in ROWS {
                let find = |roll: &Roll| (roll.find(a.0, a.1, "").unwrap(), roll.find(b.0, b.1, "").unwrap());
                let expected = verdict(&whole, &of_whole, find(&whole));
                assert_eq!(verdict(&part, &of_part, find(&part)), expected, "{a:?} {b:?}");
            }
        }
        let alone = collect(&ROWS.iter().map(entry).collect::<Vec<_>>());
        assert_ne!(alone.surname_per_100k("ZEDI"), part.surname_per_100k("ZEDI"));
    }

    #[test]
    fn an_agent_decision_cuts_what_only_the_address_carried() {
        let roll = roll_of(ROWS);
        let place = roll.nodes[roll.find("ZEDI, ANA", "1 OAK ST|74101", "").unwrap() as usize].place;
        let before = groups(&roll, &[]).len();
        assert!(groups(&roll, &[Decision::AgentPlace(place)]).len() > before);
    }

    #[test]
    fn different_is_kept_and_same_joins() {
        let roll = roll_of(ROWS);
        let node = |owner: &str, mailing: &str| roll.find(owner, mailing, "").unwrap();
        let (zedi, gulo) = (node("ZEDI, ANA", "1 OAK ST|74101"), node("GULO RENTALS LLC", "1 OAK ST|74101"));
        let cut = group(&roll, &[Decision::Different(zedi, gulo)]);
        assert_ne!(cut.group_of[zedi as usize], cut.group_of[gulo as usize]);
        let maro = node("MARO, TOM", "3 ASH ST|74101");
        let joined = group(&roll, &[Decision::Same(zedi, maro)]);
        assert_eq!(joined.group_of[zedi as usize], joined.group_of[maro as usize]);
    }

    #[test]
    fn a_path_leads_through_the_group() {
        let roll = roll_of(ROWS);
        let grouping = group(&roll, &[]);
        let node = |owner: &str, mailing: &str| roll.find(owner, mailing, "").unwrap();
        let ends = (node("ZEDI, ANA", "1 OAK ST|74101"), node("GULO, TOM & PAT", "2 ELM ST|74101"));
        let path = strongest_path(&grouping.links, ends).unwrap();
        assert!(path.len() >= 2);
        assert_eq!(path.last().unwrap().to, ends.1);
        let apart = (ends.0, node("MARO, TOM", "3 ASH ST|74101"));
        assert!(strongest_path(&grouping.links, apart).is_none());
    }
}
