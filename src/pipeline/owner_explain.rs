//! Why two owners are one group or not, and what a person should look at: from the stored groups, by index.
//!
//! An explanation collects the owners of the two groups with everybody at their addresses and of their names, and judges them by
//! what the whole roll taught. Nothing else of the county can take part in a path between the two.

use std::collections::BTreeSet;

use crate::ownership::compare::{Rule, Verdict};
use crate::ownership::group::{
    Cut, Decision, Grouping, Link, group, place_reason, strongest_path, verdict, weakest_bridge,
};
use crate::ownership::group::{GROUP_PARCELS_REVIEW, REVIEW_PARCELS_MIN};
use crate::ownership::place::AddressRole;
use crate::ownership::roll::{Roll, RollEntry, collect, collect_judged_by};
use crate::pipeline::owner_groups::{decisions_on, learnt};
use crate::pipeline::owner_portfolio::group_no;
use crate::store::owner_groups::{self as groups, NodeRow};
use crate::store::ownership::{self as stored, RollRow};
use crate::store::{Db, Error, owner_review};

/// The part of a roll that decides about two owners, grouped.
#[derive(Debug)]
pub struct Owners {
    /// Names, places, nodes.
    pub roll: Roll,
    /// Links and groups with decisions applied; what people said is a link as well.
    pub grouping: Grouping,
    /// Who decided when and why, by the name keys of the two owners.
    words: Vec<Said>,
}

/// Name keys of two owners, and what a person said of them.
type Said = ((String, String), String);

fn words_of_people(db: &impl Db) -> Result<Vec<Said>, Error> {
    let words = |d: stored::DecisionRow| {
        let day = d.decided_at.get(..10).unwrap_or_default();
        (d.keys, format!("{} by {} on {day}: {}", d.verdict, d.decided_by, d.reason))
    };
    Ok(stored::decisions(db)?.into_iter().map(words).collect())
}

/// Loads what decides about two owners.
///
/// # Errors
/// When the database cannot be read.
pub fn around(db: &impl Db, ends: [&NodeRow; 2]) -> Result<Owners, Error> {
    let (mut nodes, mut places, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for group_id in ends.map(|n| n.group_id).into_iter().collect::<BTreeSet<_>>() {
        for member in groups::nodes_of_group(db, group_id)? {
            nodes.insert(member.node_id);
            places.insert(member.mail_key);
            names.insert(member.name_key);
        }
    }
    for place in places.iter().filter(|key| !key.starts_with('?')) {
        nodes.extend(groups::nodes_at(db, place)?.iter().map(|n| n.node_id));
    }
    for name in &names {
        nodes.extend(groups::nodes_named(db, name)?.iter().map(|n| n.node_id));
    }
    let mut rows: Vec<RollRow> = Vec::new();
    for node_id in nodes {
        rows.extend(stored::roll_rows_of_node(db, node_id)?);
    }
    let entries: Vec<RollEntry<'_>> = rows
        .iter()
        .map(|r| RollEntry {
            owner: &r.owner_text,
            mailing: &r.mailing_lines,
            zip: &r.zip,
            situs: &r.situs,
            row: r.parcel_id,
        })
        .collect();
    let roll = match learnt(db)? {
        Some(learnt) => collect_judged_by(&entries, learnt),
        None => collect(&entries),
    };
    let decisions = decisions_on(db, &roll)?;
    let mut grouping = group(&roll, &decisions);
    // A person's word is a step of a path like any other.
    grouping.links.extend(decisions.iter().filter_map(|d| match *d {
        Decision::Same(a, b) => Some(Link { a: a.min(b), b: a.max(b), rule: Rule::StaffSame, place: None }),
        Decision::Different(..) | Decision::AgentPlace(_) => None,
    }));
    let words = words_of_people(db)?;
    Ok(Owners { roll, grouping, words })
}

impl Owners {
    /// The node of a stored owner.
    pub fn node_of(&self, row: &NodeRow) -> Option<u32> {
        self.roll.find_key(&row.name_key, &row.mail_key)
    }

    /// What people decided about two owners, newest last.
    fn said_of(&self, (a, b): (u32, u32)) -> impl Iterator<Item = String> + '_ {
        let keys = [self.roll.name_key(a), self.roll.name_key(b)];
        self.words
            .iter()
            .filter(move |((x, y), _)| [x.as_str(), y.as_str()] == keys || [y.as_str(), x.as_str()] == keys)
            .map(|(_, words)| words.clone())
    }

    /// Owner line of a node as shown to people.
    pub fn display(&self, node: u32) -> String {
        self.roll.display(node).replace('\n', " / ")
    }
}

/// One line of an explanation.
#[derive(Debug, Clone)]
pub struct ExplainStep {
    /// Owner the step leads to.
    pub owner: String,
    /// Rule and score.
    pub rule: Rule,
    /// Score in hundredths.
    pub score_pct: u8,
    /// True for the weakest link of the path.
    pub is_weakest: bool,
    /// Snapshot and row of the roll that show it.
    pub evidence_row: String,
}

/// Why two owners are one group: the strongest path, or the verdict that keeps them apart.
///
/// # Errors
/// When the database cannot be read.
pub fn explain(db: &impl Db, owners: &Owners, (a, b): (u32, u32)) -> Result<(Verdict, Vec<ExplainStep>), Error> {
    let mut found = verdict(&owners.roll, &owners.grouping, (a, b));
    found.evidence.extend(owners.said_of((a, b)));
    let path = if owners.grouping.group_of[a as usize] == owners.grouping.group_of[b as usize] {
        strongest_path(&owners.grouping.links, (a, b)).unwrap_or_default()
    } else {
        Vec::new()
    };
    let weakest = path.iter().map(|s| s.link.rule.tier_and_score().1).min();
    let mut steps = Vec::with_capacity(path.len());
    for step in &path {
        let score_pct = step.link.rule.tier_and_score().1;
        steps.push(ExplainStep {
            owner: owners.display(step.to),
            rule: step.link.rule,
            score_pct,
            is_weakest: Some(score_pct) == weakest,
            evidence_row: evidence_row(db, owners, step.to)?,
        });
    }
    Ok((found, steps))
}

/// Snapshot and row that show a node on the roll.
///
/// # Errors
/// When the database cannot be read.
pub fn evidence_row(db: &impl Db, owners: &Owners, node: u32) -> Result<String, Error> {
    let found = stored::snapshot_row_of(db, owners.roll.evidence_of(node))?;
    Ok(found.map_or(String::new(), |(snapshot_id, row_no)| format!("snapshot {snapshot_id} row {row_no}")))
}

/// A thing a person should look at.
#[derive(Debug, Clone)]
pub struct ReviewItem {
    /// Parcels at stake; the queue is ordered by it.
    pub n_parcels: u32,
    /// Why it is here.
    pub reason: &'static str,
    /// Mail key of the address in question; empty for a group.
    pub mail_key: String,
    /// An owner of it.
    pub owner: String,
    /// Number of that owner's group.
    pub group_no: String,
    /// For a large group: the link that a person may want to cut, in words.
    pub suggestion: String,
}

/// The review queue, most parcels at stake first. Addresses whose role a person gave are not asked about again.
///
/// # Errors
/// When the database cannot be read.
pub fn review(db: &impl Db) -> Result<Vec<ReviewItem>, Error> {
    let mut items = Vec::new();
    for place in owner_review::places(db, REVIEW_PARCELS_MIN)? {
        let reason = AddressRole::from_word(&place.role).and_then(|role| place_reason(role, place.n_groups));
        if let Some(reason) = reason {
            let owner = groups::node_by_id(db, place.first_node_id)?.unwrap_or_default();
            items.push(item(place.n_parcels, reason, place.mail_key, (&owner, String::new())));
        }
    }
    for (group_id, n_parcels) in owner_review::large_groups(db, GROUP_PARCELS_REVIEW)? {
        let members = groups::nodes_of_group(db, group_id)?;
        let Some(first) = members.first() else { continue };
        let cut = cut_of(db, &members)?;
        let reason = if cut.is_some() { "large group held together by one link" } else { "large group: confirm once" };
        let suggestion = cut.map_or(String::new(), |cut| in_words(&members, cut));
        items.push(item(n_parcels, reason, String::new(), (first, suggestion)));
    }
    items.sort_by(|a, b| {
        (b.n_parcels, b.reason, &b.mail_key, &b.owner).cmp(&(a.n_parcels, a.reason, &a.mail_key, &a.owner))
    });
    Ok(items)
}

fn item(n_parcels: u32, reason: &'static str, mail_key: String, (owner, suggestion): (&NodeRow, String)) -> ReviewItem {
    let group_no = group_no(owner.group_id);
    ReviewItem { n_parcels, reason, mail_key, owner: owner.display.clone(), group_no, suggestion }
}

/// The affiliation link that alone holds two large parts of a group together.
fn cut_of(db: &impl Db, members: &[NodeRow]) -> Result<Option<Cut>, Error> {
    let position = |id: i64| members.binary_search_by_key(&id, |n| n.node_id).ok().map(|at| at as u32);
    let mut links = Vec::new();
    for node in members {
        for link in groups::links_of(db, node.node_id)?.iter().filter(|l| l.a == node.node_id) {
            if let (Some(a), Some(b), Some(rule)) = (position(link.a), position(link.b), Rule::from_word(&link.rule)) {
                links.push(Link { a, b, rule, place: None });
            }
        }
    }
    Ok(weakest_bridge(&links, &|node| members[node as usize].n_parcels))
}

/// The link whose cut would split the group, in words; a person decides.
fn in_words(members: &[NodeRow], cut: Cut) -> String {
    format!(
        "cut {} | {} ({}): leaves {} and {} parcels",
        members[cut.a as usize].display,
        members[cut.b as usize].display,
        cut.rule.as_str(),
        cut.n_parcels.0,
        cut.n_parcels.1
    )
}
