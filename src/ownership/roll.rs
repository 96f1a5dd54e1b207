//! The roll as the linker sees it: distinct owners at distinct mailing addresses, with the roll's own name frequencies.
//!
//! Ids follow the sorted keys, so they do not depend on the order of the rows.

use rustc_hash::FxHashMap;

use crate::model::party::{PartyKind, PersonName};
use crate::owner_name::Style;

use super::mailing::{MailKey, mail_key};
use super::name::{LinkName, link_name};

/// Rows below which the roll is too small to say that a surname is rare.
pub const ROWS_FOR_FREQUENCY: usize = 2_000;

/// One row of a roll.
#[derive(Debug, Clone, Copy, Default)]
pub struct RollEntry<'a> {
    /// Owner line, as written.
    pub owner: &'a str,
    /// Mailing line, as written, or an existing mail key.
    pub mailing: &'a str,
    /// Mailing ZIP; empty when `mailing` is a key.
    pub zip: &'a str,
    /// Situs line, for the owner-occupied hint.
    pub situs: &'a str,
    /// Row or parcel id that evidence points to.
    pub row: i64,
}

/// An owner at a mailing address.
#[derive(Debug, Clone)]
pub struct Node {
    /// Index into [`Roll::names`].
    pub name: u32,
    /// Index into [`Roll::places`].
    pub place: u32,
    /// Parcels (rows) with this owner and address.
    pub n_parcels: u32,
    /// Smallest row id, the evidence row.
    pub row: i64,
    /// True when one of its parcels lies at the mailing address.
    pub is_home: bool,
}

/// A distinct mailing address.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The mail key; empty for a placeholder.
    pub key: String,
    /// Care-of texts seen with it, sorted.
    pub care_of: Vec<String>,
    /// Not a place.
    pub is_placeholder: bool,
    /// Nodes here, ascending.
    pub nodes: Vec<u32>,
}

/// The collected roll.
#[derive(Debug, Default)]
pub struct Roll {
    /// Distinct names by sorted key.
    pub names: Vec<LinkName>,
    /// A spelling of each name as written on the roll: the longest, then the first in the alphabet.
    pub displays: Vec<String>,
    /// Distinct places by sorted key.
    pub places: Vec<Place>,
    /// Distinct (name, place).
    pub nodes: Vec<Node>,
    /// Nodes of each name.
    pub nodes_of_name: Vec<Vec<u32>>,
    /// Node of each input row, in input order.
    pub node_of_row: Vec<u32>,
    /// Distinct owner lines by surname.
    pub surname_rows: FxHashMap<String, u32>,
    /// Distinct names by evidence word.
    pub word_names: FxHashMap<String, u32>,
    /// Persons by given name.
    pub given_rows: FxHashMap<String, u32>,
    /// Rows by the first two ZIP digits.
    pub zip2_rows: FxHashMap<String, u32>,
    /// How persons are written on this roll, learnt from it.
    pub style: Style,
    /// Number of rows.
    pub n_rows: usize,
}

impl Roll {
    /// Distinct owner lines with a surname per 100,000 rows; `None` when the roll is too small to tell.
    pub fn surname_per_100k(&self, surname: &str) -> Option<f64> {
        (self.n_rows >= ROWS_FOR_FREQUENCY)
            .then(|| f64::from(self.surname_rows.get(surname).copied().unwrap_or(0)) * 100_000.0 / self.n_rows as f64)
    }

    /// The name of a node.
    pub fn name_of(&self, node: u32) -> &LinkName {
        &self.names[self.nodes[node as usize].name as usize]
    }

    /// The place of a node.
    pub fn place_of(&self, node: u32) -> &Place {
        &self.places[self.nodes[node as usize].place as usize]
    }

    /// Finds the node of a name key at a mail key.
    pub fn find_key(&self, name_key: &str, mail_key: &str) -> Option<u32> {
        let name_idx = self.names.binary_search_by(|n| n.key.as_str().cmp(name_key)).ok()?;
        self.nodes_of_name[name_idx].iter().copied().find(|node| self.place_of(*node).key == mail_key)
    }

    /// Finds the node of an owner line at a mailing address.
    pub fn find(&self, owner: &str, mailing: &str, zip: &str) -> Option<u32> {
        let name = link_name(owner, &self.style).key;
        let mail = mail_key(mailing, zip);
        let name_idx = self.names.binary_search_by(|n| n.key.cmp(&name)).ok()?;
        self.nodes_of_name[name_idx].iter().copied().find(|node| self.place_of(*node).key == mail.key)
    }
}

/// Collects rows into a roll.
pub fn collect(entries: &[RollEntry<'_>]) -> Roll {
    let style = Style::learn(entries.iter().map(|e| e.owner.split('\n').next().unwrap_or("")));
    let mut raw_names: FxHashMap<&str, u32> = FxHashMap::default();
    let mut parsed: Vec<(LinkName, &str)> = Vec::new();
    let mut raw_mails: FxHashMap<(&str, &str), u32> = FxHashMap::default();
    let mut mails: Vec<MailKey> = Vec::new();
    let mut rows: Vec<(u32, u32)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = *raw_names.entry(entry.owner).or_insert_with(|| {
            parsed.push((link_name(entry.owner, &style), entry.owner));
            parsed.len() as u32 - 1
        });
        let mail = *raw_mails.entry((entry.mailing, entry.zip)).or_insert_with(|| {
            mails.push(mail_key(entry.mailing, entry.zip));
            mails.len() as u32 - 1
        });
        rows.push((name, mail));
    }
    let mut roll = Roll { n_rows: entries.len(), style, ..Roll::default() };
    count_frequencies(&mut roll, &parsed, &rows, entries);
    let name_ids = intern_names(&mut roll, parsed);
    for name in &roll.names {
        let mut words: Vec<&String> = name.words.iter().collect();
        words.sort_unstable();
        words.dedup();
        for word in words {
            *roll.word_names.entry(word.clone()).or_default() += 1;
        }
    }
    let keyed: Vec<(u32, String)> = rows
        .iter()
        .zip(entries)
        .map(|((name, mail), entry)| {
            let id = name_ids[*name as usize];
            (id, place_key(&roll.names[id as usize], &mails[*mail as usize], entry.row))
        })
        .collect();
    build_nodes(&mut roll, &keyed, &rows, (&mails, entries));
    roll
}

/// Owners without an address are kept apart row by row when their name alone does not identify them: blank is not equal blank.
fn place_key(name: &LinkName, mail: &MailKey, row: i64) -> String {
    if !mail.is_placeholder {
        return mail.key.clone();
    }
    match name.kind {
        PartyKind::Person | PartyKind::Trust | PartyKind::Estate | PartyKind::Unknown(_) => format!("?{row}"),
        PartyKind::Company | PartyKind::Government(_) | PartyKind::Religious | PartyKind::Association => "?".to_owned(),
    }
}

fn count_frequencies(roll: &mut Roll, parsed: &[(LinkName, &str)], rows: &[(u32, u32)], entries: &[RollEntry<'_>]) {
    let mut rows_of_name = vec![0u32; parsed.len()];
    for (name, _) in rows {
        rows_of_name[*name as usize] += 1;
    }
    for ((name, _), n) in parsed.iter().zip(&rows_of_name) {
        let mut surnames: Vec<&str> = name.persons.iter().map(|p| p.surname.as_str()).collect();
        surnames.sort_unstable();
        surnames.dedup();
        for surname in surnames {
            *roll.surname_rows.entry(surname.to_owned()).or_default() += 1;
        }
        for PersonName { given, .. } in &name.persons {
            if given.len() > 1 {
                *roll.given_rows.entry(given.clone()).or_default() += n;
            }
        }
    }
    for entry in entries {
        let zip = if entry.zip.is_empty() { entry.mailing.rsplit_once('|').map_or("", |(_, z)| z) } else { entry.zip };
        if let Some(zip2) = zip.get(..2) {
            *roll.zip2_rows.entry(zip2.to_owned()).or_default() += 1;
        }
    }
}

/// Distinct names by sorted key; returns the id of each parsed name.
fn intern_names(roll: &mut Roll, parsed: Vec<(LinkName, &str)>) -> Vec<u32> {
    let mut order: Vec<u32> = (0..parsed.len() as u32).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&parsed[*a as usize], &parsed[*b as usize]);
        (&a.0.key, std::cmp::Reverse(a.1.len()), a.1).cmp(&(&b.0.key, std::cmp::Reverse(b.1.len()), b.1))
    });
    let mut ids = vec![0; parsed.len()];
    let mut parsed: Vec<Option<(LinkName, &str)>> = parsed.into_iter().map(Some).collect();
    for index in order {
        let Some((name, raw)) = parsed[index as usize].take() else { continue };
        if roll.names.last().is_none_or(|last| last.key != name.key) {
            roll.names.push(name);
            roll.displays.push(raw.to_owned());
        }
        ids[index as usize] = roll.names.len() as u32 - 1;
    }
    ids
}

fn build_nodes(
    roll: &mut Roll,
    keyed: &[(u32, String)],
    rows: &[(u32, u32)],
    (mails, entries): (&[MailKey], &[RollEntry<'_>]),
) {
    let mut keys: Vec<&str> = keyed.iter().map(|(_, k)| k.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let place_ids: FxHashMap<&str, u32> = keys.iter().enumerate().map(|(i, k)| (*k, i as u32)).collect();
    roll.places = keys
        .iter()
        .map(|k| Place { key: (*k).to_owned(), is_placeholder: k.starts_with('?'), ..Place::default() })
        .collect();
    let mut order: Vec<(u32, u32, u32)> =
        keyed.iter().enumerate().map(|(i, (name, key))| (place_ids[key.as_str()], *name, i as u32)).collect();
    order.sort_unstable();
    roll.node_of_row = vec![0; keyed.len()];
    roll.nodes_of_name = vec![Vec::new(); roll.names.len()];
    let mut home_keys: FxHashMap<&str, String> = FxHashMap::default();
    for (place, name, index) in order {
        let entry = &entries[index as usize];
        if roll.nodes.last().is_none_or(|n| n.name != name || n.place != place) {
            let id = roll.nodes.len() as u32;
            roll.nodes.push(Node { name, place, n_parcels: 0, row: entry.row, is_home: false });
            roll.places[place as usize].nodes.push(id);
            roll.nodes_of_name[name as usize].push(id);
        }
        let id = roll.nodes.len() as u32 - 1;
        roll.node_of_row[index as usize] = id;
        let key = &roll.places[place as usize].key;
        let node = &mut roll.nodes[id as usize];
        node.n_parcels += 1;
        node.row = node.row.min(entry.row);
        if !entry.situs.is_empty() && !node.is_home {
            let situs = home_keys.entry(entry.situs).or_insert_with(|| mail_key(entry.situs, "").key);
            let street = |k: &str| k.split('|').next().unwrap_or_default().to_owned();
            node.is_home = street(situs) == street(key);
        }
        let care_of = &mails[rows[index as usize].1 as usize].care_of;
        let known = &mut roll.places[place as usize].care_of;
        if !care_of.is_empty() && !known.contains(care_of) {
            known.push(care_of.clone());
        }
    }
    for place in &mut roll.places {
        place.care_of.sort();
    }
}
