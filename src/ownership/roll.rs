//! The roll as the linker sees it: distinct owners at distinct mailing addresses, with the roll's own name frequencies.
//!
//! Every distinct owner line and mailing address is read once, not once per row. What is kept of a name is its key; the rest of
//! its comparison form is read again for the few names that share an address or have several (one in seven).
//! Ids follow the sorted keys, so they do not depend on the order of the rows.

use std::ops::Range;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::model::party::PartyKind;
use crate::owner_name::{self, Style};

use super::learnt::Learnt;
use super::mailing::{MailKey, mail_key};
use super::name::{LinkName, link_name};
use super::place::is_private;
use super::roll_names::{NameBatch, NameSource, NameTally};
use super::texts::{Distinct, Texts, WordCounts, sorted};

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

/// A row by its distinct texts.
#[derive(Debug, Clone, Copy)]
pub struct TextRow {
    /// Position in [`RollTexts::owners`].
    pub owner: u32,
    /// Position in [`RollTexts::mailings`].
    pub mailing: u32,
    /// Row or parcel id that evidence points to.
    pub row: i64,
}

/// A roll by its distinct texts. The order of texts and rows does not matter.
#[derive(Debug, Default)]
pub struct RollTexts {
    /// Distinct owner lines, as written.
    pub owners: Texts,
    /// Distinct mailing lines, as written, or mail keys.
    pub mailings: Texts,
    /// The ZIP of each mailing line.
    pub zips: Texts,
    /// The rows.
    pub rows: Vec<TextRow>,
}

impl RollTexts {
    /// Adds a row whose texts may be there already. Looks at every text: for a handful of rows.
    pub fn add_row(&mut self, entry: RollEntry<'_>) {
        let owner = self.owners.iter().position(|text| text == entry.owner).map(|at| at as u32);
        let owner = owner.unwrap_or_else(|| self.owners.push(entry.owner));
        let same = |mailing: (&str, &str)| mailing == (entry.mailing, entry.zip);
        let mailing = self.mailings.iter().zip(self.zips.iter()).position(same).map(|at| at as u32);
        let mailing = mailing.unwrap_or_else(|| {
            self.zips.push(entry.zip);
            self.mailings.push(entry.mailing)
        });
        self.rows.push(TextRow { owner, mailing, row: entry.row });
    }
}

/// A distinct name.
#[derive(Debug)]
pub struct Name {
    /// Kind of the owner line.
    pub kind: PartyKind,
    /// Position of the line that is shown for it: the longest, then the first in the alphabet.
    line: u32,
    link: OnceLock<Box<LinkName>>,
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
    /// True when one of its parcels lies at the mailing address; only looked at where associations get mail.
    pub is_home: bool,
}

/// A distinct mailing address.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Not a place.
    pub is_placeholder: bool,
    /// Nodes here.
    pub nodes: Range<u32>,
}

/// The collected roll.
#[derive(Debug, Default)]
pub struct Roll {
    /// Distinct names by sorted key.
    pub names: Vec<Name>,
    /// Distinct places by sorted key.
    pub places: Vec<Place>,
    /// Distinct (name, place), by place, then name.
    pub nodes: Vec<Node>,
    /// Node of each input row, in input order.
    pub node_of_row: Vec<u32>,
    /// What the roll teaches about its names.
    pub learnt: Learnt,
    lines: Texts,
    name_keys: Texts,
    place_keys: Texts,
    /// Care-of texts seen with a place, sorted.
    care_of: FxHashMap<u32, Vec<String>>,
    /// Nodes by name: those of name `n` are `nodes_by_name[name_starts[n]..name_starts[n + 1]]`.
    nodes_by_name: Vec<u32>,
    name_starts: Vec<u32>,
}

impl Roll {
    /// Distinct owner lines with a surname per 100,000 rows; `None` when the roll is too small to tell.
    pub fn surname_per_100k(&self, surname: &str) -> Option<f64> {
        let Learnt { n_rows, surname_rows, .. } = &self.learnt;
        (*n_rows >= ROWS_FOR_FREQUENCY).then(|| f64::from(surname_rows.get(surname)) * 100_000.0 / *n_rows as f64)
    }

    /// The comparison form of a node's name.
    pub fn name_of(&self, node: u32) -> &LinkName {
        let name = &self.names[self.nodes[node as usize].name as usize];
        name.link.get_or_init(|| Box::new(link_name(self.lines.get(name.line), &self.learnt.style)))
    }

    /// Kind of a node's owner line.
    pub fn kind_of(&self, node: u32) -> PartyKind {
        self.names[self.nodes[node as usize].name as usize].kind
    }

    /// Key of a node's name.
    pub fn name_key(&self, node: u32) -> &str {
        self.name_keys.get(self.nodes[node as usize].name)
    }

    /// A spelling of a node's name as written on the roll, name columns separated by line breaks.
    pub fn display(&self, node: u32) -> &str {
        self.lines.get(self.line_of(node))
    }

    /// Position of that spelling among the owner lines that the roll was collected from.
    pub fn line_of(&self, node: u32) -> u32 {
        self.names[self.nodes[node as usize].name as usize].line
    }

    /// Mail key of a place.
    pub fn place_key(&self, place: u32) -> &str {
        self.place_keys.get(place)
    }

    /// Mail key of a node's place.
    pub fn mail_key(&self, node: u32) -> &str {
        self.place_key(self.nodes[node as usize].place)
    }

    /// The place of a node.
    pub fn place_of(&self, node: u32) -> &Place {
        &self.places[self.nodes[node as usize].place as usize]
    }

    /// Care-of texts seen with a place, sorted.
    pub fn care_of(&self, place: u32) -> &[String] {
        self.care_of.get(&place).map_or(&[], Vec::as_slice)
    }

    /// Nodes of a name, ascending.
    pub fn nodes_named(&self, name: u32) -> &[u32] {
        let (start, end) = (self.name_starts[name as usize] as usize, self.name_starts[name as usize + 1] as usize);
        self.nodes_by_name.get(start..end).unwrap_or(&[])
    }

    /// All nodes in the order of their names, those of one name ascending.
    pub fn nodes_by_name(&self) -> &[u32] {
        &self.nodes_by_name
    }

    /// The place with a mail key.
    pub fn find_place(&self, mail_key: &str) -> Option<u32> {
        find(&self.place_keys, mail_key)
    }

    /// Nodes of a name key, ascending.
    pub fn nodes_with_key(&self, name_key: &str) -> &[u32] {
        find(&self.name_keys, name_key).map_or(&[], |name| self.nodes_named(name))
    }

    /// Finds the node of a name key at a mail key.
    pub fn find_key(&self, name_key: &str, mail_key: &str) -> Option<u32> {
        self.nodes_with_key(name_key).iter().copied().find(|node| self.mail_key(*node) == mail_key)
    }

    /// Finds the node of an owner line at a mailing address.
    pub fn find(&self, owner: &str, mailing: &str, zip: &str) -> Option<u32> {
        self.find_key(&link_name(owner, &self.learnt.style).key, &mail_key(mailing, zip).key)
    }

    /// Rows whose situs decides whether an owner lives where an association gets its mail: a handful of a county.
    pub fn rows_of_treasurers(&self) -> Vec<usize> {
        let is_wanted: Vec<bool> = self.places.iter().map(|place| self.may_be_treasurers(place)).collect();
        let wanted = |node: &u32| is_wanted[self.nodes[*node as usize].place as usize];
        self.node_of_row.iter().enumerate().filter(|(_, node)| wanted(node)).map(|(row, _)| row).collect()
    }

    fn may_be_treasurers(&self, place: &Place) -> bool {
        let count = |f: fn(PartyKind) -> bool| place.nodes.clone().filter(|n| f(self.kind_of(*n))).take(2).count();
        !place.is_placeholder
            && place.nodes.len() > 2
            && count(|kind| kind == PartyKind::Association) > 0
            && count(is_private) > 1
    }

    /// Tells the situs of a row of [`Roll::rows_of_treasurers`].
    pub fn set_situs(&mut self, row: usize, situs: &str) {
        let node = self.node_of_row[row];
        let street = |key: &str| key.split('|').next().unwrap_or_default().to_owned();
        let is_home = !situs.is_empty() && street(&mail_key(situs, "").key) == street(self.mail_key(node));
        self.nodes[node as usize].is_home |= is_home;
    }
}

fn find(sorted_keys: &Texts, key: &str) -> Option<u32> {
    let mut range = 0..sorted_keys.len() as u32;
    while !range.is_empty() {
        let middle = range.start + (range.end - range.start) / 2;
        match sorted_keys.get(middle).cmp(key) {
            std::cmp::Ordering::Less => range.start = middle + 1,
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Greater => range.end = middle,
        }
    }
    None
}

/// Collects rows into a roll.
pub fn collect(entries: &[RollEntry<'_>]) -> Roll {
    collect_entries(entries, NameReader::new)
}

/// Collects a few rows into a roll that is judged by what a whole roll taught.
pub fn collect_judged_by(entries: &[RollEntry<'_>], learnt: Learnt) -> Roll {
    collect_entries(entries, |texts| NameReader::judged_by(texts, learnt))
}

fn collect_entries(entries: &[RollEntry<'_>], reader: impl FnOnce(RollTexts) -> NameReader) -> Roll {
    let mut texts = RollTexts::default();
    let mut owners: FxHashMap<&str, u32> = FxHashMap::default();
    let mut mailings: FxHashMap<(&str, &str), u32> = FxHashMap::default();
    for entry in entries {
        let owner = *owners.entry(entry.owner).or_insert_with(|| texts.owners.push(entry.owner));
        let mailing = *mailings.entry((entry.mailing, entry.zip)).or_insert_with(|| {
            texts.zips.push(entry.zip);
            texts.mailings.push(entry.mailing)
        });
        texts.rows.push(TextRow { owner, mailing, row: entry.row });
    }
    let mut roll = read_all(reader(texts));
    for row in roll.rows_of_treasurers() {
        roll.set_situs(row, entries[row].situs);
    }
    roll
}

/// Collects a roll from its distinct texts; the caller tells the situs of [`Roll::rows_of_treasurers`].
pub fn collect_texts(texts: RollTexts) -> Roll {
    read_all(NameReader::new(texts))
}

fn read_all(mut names: NameReader) -> Roll {
    let (source, tally) = names.halves();
    let mut batch = NameBatch::default();
    for owner in 0..source.n_owners() {
        batch.add(&owner_name::parse_columns(source.owner(owner), source.style()));
    }
    tally.take(source, &batch);
    names.finish()
}

/// Reads the owner lines of a roll in batches. The caller parses them, on as many threads as it likes, and may keep what was read.
#[derive(Debug)]
pub struct NameReader {
    source: NameSource,
    judged_by: Option<Learnt>,
    tally: NameTally,
}

impl NameReader {
    /// Learns how the roll writes persons.
    pub fn new(texts: RollTexts) -> Self {
        let rows_of_owner = rows_of_owner(&texts);
        let first_columns = texts.owners.iter().map(|text| text.split('\n').next().unwrap_or(""));
        let style = Style::learn_counted(first_columns.zip(rows_of_owner.iter().copied()));
        let source = NameSource { texts, style, rows_of_owner };
        Self { source, judged_by: None, tally: NameTally::default() }
    }

    fn judged_by(texts: RollTexts, learnt: Learnt) -> Self {
        let rows_of_owner = rows_of_owner(&texts);
        let source = NameSource { texts, style: learnt.style.clone(), rows_of_owner };
        Self { source, judged_by: Some(learnt), tally: NameTally::default() }
    }

    /// How persons are written on this roll.
    pub fn style(&self) -> &Style {
        &self.source.style
    }

    /// The lines to read, and what takes them.
    pub fn halves(&mut self) -> (&NameSource, &mut NameTally) {
        (&self.source, &mut self.tally)
    }

    /// The roll, when every owner line was taken.
    pub fn finish(self) -> Roll {
        let Self { source: NameSource { texts, style, .. }, judged_by, tally } = self;
        let NameTally { keys, names, name_of_owner, surname_rows, given_rows, words } = tally;
        let keys = keys.into_texts();
        let RollTexts { owners, mailings, zips, rows } = texts;
        // Two halves of a like size, on a core each.
        let (order, keyed) = std::thread::scope(|scope| {
            let keyed = scope.spawn(|| KeyedMailings::read(&mailings, &zips, &rows));
            (sorted(&keys), keyed.join())
        });
        let keyed = keyed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut position = vec![0u32; order.len()];
        let learnt = Learnt { n_rows: rows.len(), surname_rows, given_rows, style, ..Learnt::default() };
        let mut roll = Roll { learnt, ..Roll::default() };
        for (at, id) in (0u32..).zip(&order) {
            position[*id as usize] = at;
            roll.name_keys.push(keys.get(*id));
            let (kind, line) = names[*id as usize];
            roll.names.push(Name { kind, line, link: OnceLock::new() });
            let own = words.of_line(line as usize);
            for (n, word) in own.iter().enumerate() {
                if n == 0 || own[n - 1] != *word {
                    roll.learnt.word_names.add_hash(*word, 1);
                }
            }
        }
        let names: Vec<u32> = name_of_owner.iter().map(|id| position[*id as usize]).collect();
        drop((keys, name_of_owner, words, mailings, zips));
        let places = place_rows(&mut roll, keyed, &rows, &names);
        roll.lines = owners;
        if let Some(learnt) = judged_by {
            roll.learnt = learnt;
        }
        build_nodes(&mut roll, &rows, &names, &places);
        roll
    }
}

fn rows_of_owner(texts: &RollTexts) -> Vec<u32> {
    let mut rows = vec![0u32; texts.owners.len()];
    for row in &texts.rows {
        rows[row.owner as usize] += 1;
    }
    rows
}

/// The mailing addresses of a roll by their keys.
struct KeyedMailings {
    keys: Distinct,
    care_of: FxHashMap<u32, Vec<String>>,
    /// Key of each mailing address; `None` where it is no place or has no row.
    of_mailing: Vec<Option<u32>>,
    zip2_rows: WordCounts,
}

impl KeyedMailings {
    fn read(mailings: &Texts, zips: &Texts, rows: &[TextRow]) -> Self {
        let mut n_rows = vec![0u32; mailings.len()];
        for row in rows {
            n_rows[row.mailing as usize] += 1;
        }
        let mut found = Self {
            keys: Distinct::default(),
            care_of: FxHashMap::default(),
            of_mailing: Vec::with_capacity(mailings.len()),
            zip2_rows: WordCounts::default(),
        };
        for ((line, zip), n) in mailings.iter().zip(zips.iter()).zip(n_rows) {
            let MailKey { key, care_of: text, is_placeholder } = mail_key(line, zip);
            let zip = if zip.is_empty() { line.rsplit_once('|').map_or("", |(_, z)| z) } else { zip };
            if let Some(zip2) = zip.get(..2).filter(|_| n > 0) {
                found.zip2_rows.add(zip2, n);
            }
            let place = (!is_placeholder && n > 0).then(|| found.keys.intern(&key).0);
            if let Some(place) = place.filter(|_| !text.is_empty()) {
                found.care_of.entry(place).or_default().push(text);
            }
            found.of_mailing.push(place);
        }
        found
    }
}

/// The place of each row; fills the places and what is counted of mailing addresses.
fn place_rows(roll: &mut Roll, keyed: KeyedMailings, rows: &[TextRow], names: &[u32]) -> Vec<u32> {
    let KeyedMailings { mut keys, care_of, of_mailing, zip2_rows } = keyed;
    roll.learnt.zip2_rows = zip2_rows;
    let place_of = |row: &TextRow, keys: &mut Distinct| match of_mailing[row.mailing as usize] {
        Some(place) => place,
        None => keys.intern(&nowhere(roll.names[names[row.owner as usize] as usize].kind, row.row)).0,
    };
    let mut places: Vec<u32> = rows.iter().map(|row| place_of(row, &mut keys)).collect();
    let keys = keys.into_texts();
    let order = sorted(&keys);
    let mut position = vec![0u32; order.len()];
    for (at, id) in (0u32..).zip(&order) {
        position[*id as usize] = at;
        let key = keys.get(*id);
        roll.place_keys.push(key);
        roll.places.push(Place { is_placeholder: key.starts_with('?'), nodes: 0..0 });
    }
    for place in &mut places {
        *place = position[*place as usize];
    }
    for (place, mut texts) in care_of {
        texts.sort_unstable();
        texts.dedup();
        roll.care_of.insert(position[place as usize], texts);
    }
    places
}

/// Owners without an address are kept apart row by row when their name alone does not identify them: blank is not equal blank.
fn nowhere(kind: PartyKind, row: i64) -> String {
    match kind {
        PartyKind::Person | PartyKind::Trust | PartyKind::Estate | PartyKind::Unknown(_) => format!("?{row}"),
        PartyKind::Company | PartyKind::Government(_) | PartyKind::Religious | PartyKind::Association => "?".to_owned(),
    }
}

fn build_nodes(roll: &mut Roll, rows: &[TextRow], names: &[u32], places: &[u32]) {
    let mut order: Vec<(u64, u32)> = (0u32..)
        .zip(rows.iter().zip(places))
        .map(|(index, (row, place))| (u64::from(*place) << 32 | u64::from(names[row.owner as usize]), index))
        .collect();
    order.sort_unstable();
    roll.node_of_row = vec![0; rows.len()];
    let mut last = None;
    for (key, index) in order {
        let (place, name) = ((key >> 32) as u32, (key & u64::from(u32::MAX)) as u32);
        let row = rows[index as usize].row;
        if last != Some(key) {
            let id = roll.nodes.len() as u32;
            let nodes = &mut roll.places[place as usize].nodes;
            *nodes = if nodes.end == 0 { id..id + 1 } else { nodes.start..id + 1 };
            roll.nodes.push(Node { name, place, n_parcels: 0, row, is_home: false });
            last = Some(key);
        }
        let id = roll.nodes.len() - 1;
        roll.node_of_row[index as usize] = id as u32;
        roll.nodes[id].n_parcels += 1;
        roll.nodes[id].row = roll.nodes[id].row.min(row);
    }
    roll.name_starts = vec![0; roll.names.len() + 1];
    for node in &roll.nodes {
        roll.name_starts[node.name as usize + 1] += 1;
    }
    for name in 1..roll.name_starts.len() {
        roll.name_starts[name] += roll.name_starts[name - 1];
    }
    let mut next = roll.name_starts.clone();
    roll.nodes_by_name = vec![0; roll.nodes.len()];
    for (id, node) in (0u32..).zip(&roll.nodes) {
        let slot = &mut next[node.name as usize];
        roll.nodes_by_name[*slot as usize] = id;
        *slot += 1;
    }
}
