//! Stored owner groups after a decision: only the touched groups are computed anew (`owner_rebuild` computes all of them).
//!
//! Links do not change by a decision, only which of them unite; so a decision reads and writes the groups it touches, no roll.

use rustc_hash::FxHashMap;

use crate::owner_name::{LineStyle, Style};
use crate::ownership::compare::Rule;
use crate::ownership::group::{Decision, Link, unite};
use crate::ownership::learnt::Learnt;
use crate::ownership::place::{AddressRole, is_private, is_private_word};
use crate::ownership::registry::{self, Event, Member, Numbers};
use crate::ownership::roll::Roll;
use crate::store::owner_groups::{self as groups, NodeRow};
use crate::store::ownership::{self as stored, DecisionRow};
use crate::store::{Db, Error, Tx, blobs, owner_rebuild as bulk};

/// Version of reading, linking and grouping; stored groups of another version are computed anew.
pub(super) const VERSION: &str = "3";

/// Version of the bytes of what a roll taught.
pub(super) const LEARNT_VERSION: &str = "1";

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Regrouped {
    /// Owners at their addresses.
    pub n_owners: usize,
    /// Groups they make.
    pub n_groups: usize,
    /// Groups that became part of another.
    pub n_merged: usize,
    /// Groups that came out of another.
    pub n_split: usize,
}

/// Stored decisions on the nodes of a roll; those whose owners left the roll wait until they are back.
///
/// # Errors
/// When the database cannot be read.
pub fn decisions_on(db: &impl Db, roll: &Roll) -> Result<Vec<Decision>, Error> {
    let node = |key: &str, owner: &str, mailing: &str| {
        if key.is_empty() { roll.find(owner, mailing, "") } else { roll.find_key(key, mailing) }
    };
    let mut decisions: Vec<Decision> = stored::decisions(db)?
        .iter()
        .filter_map(|d| {
            let a = node(&d.keys.0, &d.a.0, &d.a.1)?;
            let b = || node(&d.keys.1, &d.b.0, &d.b.1);
            Some(match d.verdict.as_str() {
                "agent" => Decision::AgentPlace(roll.nodes[a as usize].place),
                "same" => Decision::Same(a, b()?),
                _ => Decision::Different(a, b()?),
            })
        })
        .collect();
    for (mail_key, role) in groups::address_decisions(db)? {
        let Some(place) = roll.find_place(&mail_key) else { continue };
        let private = roll.nodes_at(place).filter(|n| is_private(roll.kind_of(*n)));
        decisions.extend(of_role(&role, place, private));
    }
    Ok(decisions)
}

/// What a confirmed role means for links: strangers are one control, or the address carries no link.
fn of_role(role: &str, place: u32, private: impl Iterator<Item = u32>) -> Vec<Decision> {
    if AddressRole::from_word(role).is_some_and(AddressRole::links_strangers) {
        let nodes: Vec<u32> = private.collect();
        return nodes.windows(2).filter_map(|w| Some(Decision::Same(*w.first()?, *w.get(1)?))).collect();
    }
    vec![Decision::AgentPlace(place)]
}

/// True when the stored groups belong to the roll that is in the database now.
///
/// # Errors
/// When the database cannot be read.
pub fn is_current(db: &impl Db) -> Result<bool, Error> {
    let mark = groups::mark(db)?;
    Ok(mark
        .rsplit_once('|')
        .is_some_and(|(of, _)| groups::roll_mark(db).is_ok_and(|roll| of == format!("{VERSION}|{roll}"))))
}

/// What the grouped roll taught about its names; `None` in databases of older versions.
///
/// # Errors
/// When the database cannot be read.
pub fn learnt(db: &impl Db) -> Result<Option<Learnt>, Error> {
    blobs::read_fitting(db, blobs::OWNER_WORDS, &groups::mark(db)?, LEARNT_VERSION, Learnt::from_bytes)
}

/// The line style that the stored readings were made with.
///
/// # Errors
/// When the database cannot be read.
pub fn stored_style(db: &impl Db) -> Result<Style, Error> {
    let mark = groups::mark(db)?;
    let word = mark.rsplit('|').next().and_then(LineStyle::from_word);
    Ok(word.map(Style::fixed).unwrap_or_default())
}

/// Registers new group numbers and logs what became of old ones.
pub(super) fn store_numbers(tx: &mut Tx<'_>, numbers: &Numbers) -> Result<Regrouped, Error> {
    if !numbers.fresh.is_empty() {
        bulk::add_groups(tx, numbers.fresh.clone())?;
    }
    let mut done = Regrouped::default();
    for event in &numbers.events {
        match *event {
            Event::Merged { from, into } => {
                done.n_merged += 1;
                groups::add_event(tx, "merged", from, into)?;
            }
            Event::Split { from, into } => {
                done.n_split += 1;
                groups::add_event(tx, "split", from, into)?;
            }
        }
    }
    Ok(done)
}

/// Regroups the given groups after a decision: reads their nodes, links and decisions, and moves what has to move.
///
/// # Errors
/// When the database cannot be read or written.
pub fn regroup(tx: &mut Tx<'_>, touched: &[i64]) -> Result<Regrouped, Error> {
    let mut touched = touched.to_vec();
    touched.sort_unstable();
    touched.dedup();
    let mut nodes: Vec<NodeRow> = Vec::new();
    for group_id in &touched {
        nodes.extend(groups::nodes_of_group(tx, *group_id)?);
    }
    nodes.sort_by_key(|n| n.node_id);
    let links = local_links(tx, &nodes)?;
    let decisions = local_decisions(tx, &nodes)?;
    let roots = unite(nodes.len(), &links, &decisions);
    let members = nodes.iter().zip(&roots).map(|(n, root)| Member {
        root: *root,
        before: Some(n.group_id),
        n_parcels: n.n_parcels,
    });
    let numbers = registry::number(members, groups::next_group(tx)?);
    let done = store_numbers(tx, &numbers)?;
    for (node, root) in nodes.iter().zip(&roots) {
        let group_id = numbers.of(*root);
        if group_id != node.group_id {
            groups::move_node(tx, node.node_id, group_id)?;
        }
    }
    Ok(Regrouped { n_owners: nodes.len(), n_groups: numbers.n_groups, ..done })
}

fn local_place(nodes: &[NodeRow]) -> FxHashMap<&str, u32> {
    let mut places: FxHashMap<&str, u32> = FxHashMap::default();
    for node in nodes {
        let next = places.len() as u32;
        places.entry(node.mail_key.as_str()).or_insert(next);
    }
    places
}

fn local_links(db: &impl Db, nodes: &[NodeRow]) -> Result<Vec<Link>, Error> {
    let places = local_place(nodes);
    let position = |id: i64| nodes.binary_search_by_key(&id, |n| n.node_id).ok();
    let mut links = Vec::new();
    for (a, node) in nodes.iter().enumerate() {
        for link in groups::links_of(db, node.node_id)?.iter().filter(|l| l.a == node.node_id) {
            if let (Some(b), Some(rule)) = (position(link.b), Rule::from_word(&link.rule)) {
                let place = link.by_address.then(|| places[node.mail_key.as_str()]);
                links.push(Link { a: a as u32, b: b as u32, rule, place });
            }
        }
    }
    Ok(links)
}

fn local_decisions(db: &impl Db, nodes: &[NodeRow]) -> Result<Vec<Decision>, Error> {
    let places = local_place(nodes);
    let by_key: FxHashMap<(&str, &str), u32> =
        (0u32..).zip(nodes).map(|(i, n)| ((n.name_key.as_str(), n.mail_key.as_str()), i)).collect();
    let style = stored_style(db)?;
    let node = |key: &str, owner: &str, mailing: &str| {
        let parsed;
        let key = if key.is_empty() {
            parsed = crate::ownership::name::link_name(owner, &style).key;
            parsed.as_str()
        } else {
            key
        };
        by_key.get(&(key, mailing)).copied()
    };
    let mut decisions = Vec::new();
    for DecisionRow { verdict, a, b, keys, .. } in stored::decisions(db)? {
        let ends = (node(&keys.0, &a.0, &a.1), node(&keys.1, &b.0, &b.1));
        match (verdict.as_str(), ends) {
            ("agent", _) => decisions.extend(places.get(a.1.as_str()).map(|p| Decision::AgentPlace(*p))),
            ("same", (Some(a), Some(b))) => decisions.push(Decision::Same(a, b)),
            ("different", (Some(a), Some(b))) => decisions.push(Decision::Different(a, b)),
            (_, _) => {}
        }
    }
    for (mail_key, role) in groups::address_decisions(db)? {
        let Some(place) = places.get(mail_key.as_str()) else { continue };
        let here =
            (0u32..).zip(nodes).filter(|(_, n)| n.mail_key == mail_key && is_private_word(&n.kind)).map(|(i, _)| i);
        decisions.extend(of_role(&role, *place, here));
    }
    Ok(decisions)
}
