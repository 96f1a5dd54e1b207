//! The roll as the linker sees it: distinct owners at distinct mailing addresses, with the roll's own name frequencies.
//!
//! Every distinct owner line and mailing address is read once, not once per row. What is kept of a name is its key; the rest of
//! its comparison form is read again for the few names that share an address or have several (one in seven).
//! Ids follow the sorted keys, so they do not depend on the order of the rows. Texts of a large roll lie on a shelf.

use std::borrow::Cow;
use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::party::PartyKind;
use crate::model::texts::{MaybeShelf, Texts};
use crate::owner_name::{self, Style, StyleLearner};

use super::learnt::Learnt;
use super::mailing::{MailKey, mail_key};
use super::name::{LinkName, link_name};
use super::place::is_private;
use super::roll_names::{Name, NameBatch, NameSource, NameTally, Names};
use super::sorter::Sorter;
use super::texts::WordCounts;

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

/// Rows by their distinct texts.
#[derive(Debug, Default)]
pub struct Rows {
    /// Positions in [`RollTexts::owners`].
    pub owners: Vec<u32>,
    /// Positions in [`RollTexts::mailings`].
    pub mailings: Vec<u32>,
    /// Row or parcel ids that evidence points to.
    pub ids: Vec<i64>,
}

impl Rows {
    /// Adds a row.
    pub fn push(&mut self, owner: u32, mailing: u32, id: i64) {
        self.owners.push(owner);
        self.mailings.push(mailing);
        self.ids.push(id);
    }

    /// Makes room for `n` rows.
    pub fn reserve(&mut self, n: usize) {
        self.owners.reserve_exact(n);
        self.mailings.reserve_exact(n);
        self.ids.reserve_exact(n);
    }

    /// Puts positions for what stood in the rows; those without an owner are dropped.
    pub fn place(&mut self, owner: impl Fn(u32) -> Option<u32>, mailing: impl Fn(u32) -> u32) {
        let mut n = 0;
        for at in 0..self.ids.len() {
            let Some(owner) = owner(self.owners[at]) else { continue };
            (self.owners[n], self.mailings[n], self.ids[n]) = (owner, mailing(self.mailings[at]), self.ids[at]);
            n += 1;
        }
        self.owners.truncate(n);
        self.mailings.truncate(n);
        self.ids.truncate(n);
    }
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
    pub rows: Rows,
    /// Where the roll puts its texts.
    pub shelf: MaybeShelf,
}

impl RollTexts {
    /// No rows yet; texts beyond some megabytes go to the shelf.
    pub fn on_shelf(shelf: MaybeShelf) -> Self {
        let texts = || Texts::on_shelf(shelf.clone());
        Self { owners: texts(), mailings: texts(), zips: texts(), rows: Rows::default(), shelf: shelf.clone() }
    }

    /// Adds a row whose texts may be there already. Looks at every text: for a handful of rows.
    pub fn add_row(&mut self, entry: RollEntry<'_>) {
        let find = |texts: &Texts, wanted: &str, also: &dyn Fn(u32) -> bool| {
            let mut found = None;
            texts.each(|at, text| found = found.or((text == wanted && also(at)).then_some(at)));
            found
        };
        let owner = find(&self.owners, entry.owner, &|_| true).unwrap_or_else(|| self.owners.push(entry.owner));
        let mailing = find(&self.mailings, entry.mailing, &|at| self.zips.get(at) == entry.zip);
        let mailing = mailing.unwrap_or_else(|| {
            self.zips.push(entry.zip);
            self.mailings.push(entry.mailing)
        });
        self.rows.push(owner, mailing, entry.row);
    }
}

/// An owner at a mailing address.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Position of the name in the order of name keys.
    pub name: u32,
    /// Position of the place in the order of mail keys.
    pub place: u32,
    /// Parcels (rows) with this owner and address.
    pub n_parcels: u32,
    /// Position of the row with the smallest id, the evidence row.
    row: u32,
}

/// The collected roll.
#[derive(Debug, Default)]
pub struct Roll {
    /// Distinct (name, place), by place, then name.
    pub nodes: Vec<Node>,
    /// Node of each input row, in input order.
    pub node_of_row: Vec<u32>,
    /// Row or parcel id of each input row.
    pub row_ids: Vec<i64>,
    /// What the roll teaches about its names.
    pub learnt: Learnt,
    lines: Texts,
    /// Distinct names by sorted key.
    names: Vec<Name>,
    pub(super) name_keys: Texts,
    /// Distinct places by sorted key.
    pub(super) place_keys: Texts,
    /// Nodes of place `p` are `place_starts[p]..place_starts[p + 1]`.
    place_starts: Vec<u32>,
    is_placeholder: Vec<bool>,
    /// Care-of texts seen with a place, sorted.
    care_of: FxHashMap<u32, Vec<String>>,
    /// Nodes with a parcel that lies at the mailing address; only looked at where associations get mail.
    homes: FxHashSet<u32>,
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

    /// The comparison form of a node's name, read anew from the line that is shown for it.
    pub fn name_of(&self, node: u32) -> LinkName {
        link_name(&self.display(node), &self.learnt.style)
    }

    fn name(&self, node: u32) -> Name {
        self.names[self.nodes[node as usize].name as usize]
    }

    /// Kind of a node's owner line.
    pub fn kind_of(&self, node: u32) -> PartyKind {
        self.name(node).kind
    }

    /// Key of a node's name.
    pub fn name_key(&self, node: u32) -> Cow<'_, str> {
        self.name_keys.get(self.nodes[node as usize].name)
    }

    /// A spelling of a node's name as written on the roll, name columns separated by line breaks.
    pub fn display(&self, node: u32) -> Cow<'_, str> {
        self.lines.get(self.line_of(node))
    }

    /// Position of that spelling among the owner lines that the roll was collected from.
    pub fn line_of(&self, node: u32) -> u32 {
        self.name(node).line
    }

    /// Row or parcel id that shows a node: the smallest of its rows.
    pub fn evidence_of(&self, node: u32) -> i64 {
        self.row_ids[self.nodes[node as usize].row as usize]
    }

    /// Number of distinct names.
    pub fn n_names(&self) -> u32 {
        self.names.len() as u32
    }

    /// Number of distinct places.
    pub fn n_places(&self) -> u32 {
        self.is_placeholder.len() as u32
    }

    /// Mail key of a place.
    pub fn place_key(&self, place: u32) -> Cow<'_, str> {
        self.place_keys.get(place)
    }

    /// Mail key of a node's place.
    pub fn mail_key(&self, node: u32) -> Cow<'_, str> {
        self.place_key(self.nodes[node as usize].place)
    }

    /// Nodes at a place.
    pub fn nodes_at(&self, place: u32) -> Range<u32> {
        self.place_starts[place as usize]..self.place_starts[place as usize + 1]
    }

    /// True for a mailing address that is not a place.
    pub fn is_placeholder(&self, place: u32) -> bool {
        self.is_placeholder[place as usize]
    }

    /// True when one of a node's parcels lies at its mailing address; only looked at where associations get mail.
    pub fn is_home(&self, node: u32) -> bool {
        self.homes.contains(&node)
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

    /// Gives away what the roll teaches and drops what only comparing needs: names are not compared any more.
    pub fn take_learnt(&mut self) -> Learnt {
        (self.lines, self.name_starts, self.care_of) = (Texts::default(), Vec::new(), FxHashMap::default());
        std::mem::take(&mut self.learnt)
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
        let is_wanted: Vec<bool> = (0..self.n_places()).map(|place| self.may_be_treasurers(place)).collect();
        let wanted = |node: &u32| is_wanted[self.nodes[*node as usize].place as usize];
        self.node_of_row.iter().enumerate().filter(|(_, node)| wanted(node)).map(|(row, _)| row).collect()
    }

    fn may_be_treasurers(&self, place: u32) -> bool {
        let nodes = self.nodes_at(place);
        let count = |f: fn(PartyKind) -> bool| nodes.clone().filter(|n| f(self.kind_of(*n))).take(2).count();
        !self.is_placeholder(place)
            && nodes.len() > 2
            && count(|kind| kind == PartyKind::Association) > 0
            && count(is_private) > 1
    }

    /// Tells the situs of a row of [`Roll::rows_of_treasurers`].
    pub fn set_situs(&mut self, row: usize, situs: &str) {
        let node = self.node_of_row[row];
        let street = |key: &str| key.split('|').next().unwrap_or_default().to_owned();
        let is_home = !situs.is_empty() && street(&mail_key(situs, "").key) == street(&self.mail_key(node));
        if is_home {
            self.homes.insert(node);
        }
    }
}

fn find(sorted_keys: &Texts, key: &str) -> Option<u32> {
    let mut range = 0..sorted_keys.len() as u32;
    while !range.is_empty() {
        let middle = range.start + (range.end - range.start) / 2;
        match sorted_keys.get(middle).as_ref().cmp(key) {
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
        texts.rows.push(owner, mailing, entry.row);
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
    source.owners(0..source.n_owners()).each(|_, owner| batch.add(&owner_name::parse_columns(owner, source.style())));
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
        let rows_of_owner = counts(&texts.rows.owners, texts.owners.len());
        let mut style = StyleLearner::default();
        texts.owners.each(|at, text| style.add(text.split('\n').next().unwrap_or(""), rows_of_owner[at as usize]));
        Self::of_style(texts, style.finish(), rows_of_owner)
    }

    fn of_style(texts: RollTexts, style: Style, rows_of_owner: Vec<u32>) -> Self {
        let tally = NameTally::new(texts.shelf.clone(), rows_of_owner.len());
        Self { source: NameSource { texts, style, rows_of_owner }, judged_by: None, tally }
    }

    fn judged_by(texts: RollTexts, learnt: Learnt) -> Self {
        let rows_of_owner = counts(&texts.rows.owners, texts.owners.len());
        Self { judged_by: Some(learnt.clone()), ..Self::of_style(texts, learnt.style, rows_of_owner) }
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
        let Self { source: NameSource { texts, style, .. }, judged_by, mut tally } = self;
        let RollTexts { owners, mailings, zips, mut rows, shelf } = texts;
        // Two halves of a like size, on a core each.
        let (found, keyed) = std::thread::scope(|scope| {
            let keyed = scope.spawn(|| KeyedMailings::read(&mailings, &zips, &rows.mailings, shelf.clone()));
            (tally.finish(&owners, shelf.clone()), keyed.join())
        });
        let keyed = keyed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        drop((mailings, zips));
        let Names { keys, names, of_owner, word_names } = found;
        let NameTally { surname_rows, given_rows, .. } = tally;
        let n_rows = rows.ids.len();
        let learnt = Learnt { n_rows, surname_rows, given_rows, word_names, style, ..Learnt::default() };
        let mut roll = Roll { learnt, names, name_keys: keys, lines: owners, ..Roll::default() };
        for owner in &mut rows.owners {
            *owner = of_owner[*owner as usize];
        }
        drop(of_owner);
        place_rows(&mut roll, keyed, &mut rows, shelf);
        if let Some(learnt) = judged_by {
            roll.learnt = learnt;
        }
        build_nodes(&mut roll, rows);
        roll
    }
}

/// How often each of `n` positions occurs.
fn counts(positions: &[u32], n: usize) -> Vec<u32> {
    let mut counts = vec![0u32; n];
    for position in positions {
        counts[*position as usize] += 1;
    }
    counts
}

/// Where the entries of each of `n` positions begin when they are sorted by position, and where the last end.
fn starts(positions: impl Iterator<Item = u32>, n: usize) -> Vec<u32> {
    let mut starts = vec![0u32; n + 1];
    for position in positions {
        starts[position as usize + 1] += 1;
    }
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    starts
}

/// The mailing addresses of a roll by their keys.
struct KeyedMailings {
    /// Keys with their mailing address and its care-of text.
    keys: Sorter,
    /// Whether each mailing address is a place with a row.
    is_place: Vec<bool>,
    zip2_rows: WordCounts,
}

impl KeyedMailings {
    fn read(mailings: &Texts, zips: &Texts, of_rows: &[u32], shelf: MaybeShelf) -> Self {
        let n_rows = counts(of_rows, mailings.len());
        let is_place = Vec::with_capacity(mailings.len());
        let mut found = Self { keys: Sorter::new(shelf), is_place, zip2_rows: WordCounts::default() };
        mailings.each(|at, line| {
            let (zip, n) = (zips.get(at), n_rows[at as usize]);
            let MailKey { key, care_of, is_placeholder } = mail_key(line, &zip);
            let zip = if zip.is_empty() { line.rsplit_once('|').map_or("", |(_, z)| z) } else { &zip };
            if let Some(zip2) = zip.get(..2).filter(|_| n > 0) {
                found.zip2_rows.add(zip2, n);
            }
            let is_place = !is_placeholder && n > 0;
            if is_place {
                found.keys.push(&key, [&at.to_le_bytes(), care_of.as_bytes()]);
            }
            found.is_place.push(is_place);
        });
        found
    }
}

/// Puts the place of each row for its mailing address; fills the places and what is counted of mailing addresses.
fn place_rows(roll: &mut Roll, keyed: KeyedMailings, rows: &mut Rows, shelf: MaybeShelf) {
    let KeyedMailings { mut keys, is_place, zip2_rows } = keyed;
    roll.learnt.zip2_rows = zip2_rows;
    // Rows without a place get numbers behind those of the mailing addresses.
    let mut n_keyed = is_place.len() as u32;
    for row in 0..rows.ids.len() {
        if !is_place[rows.mailings[row] as usize] {
            let kind = roll.names[rows.owners[row] as usize].kind;
            keys.push(&nowhere(kind, rows.ids[row]), [&n_keyed.to_le_bytes(), &[]]);
            rows.mailings[row] = n_keyed;
            n_keyed += 1;
        }
    }
    drop(is_place);
    let mut place_of = vec![0u32; n_keyed as usize];
    roll.place_keys = Texts::on_shelf(shelf);
    roll.is_placeholder = Vec::with_capacity(place_of.len());
    let (mut sorted, mut last) = (keys.finish(), String::new());
    while let Some((key, rest)) = sorted.next() {
        let Some((keyed, care_of)) = rest.split_first_chunk::<4>() else { continue };
        if roll.is_placeholder.is_empty() || key != last {
            roll.place_keys.push(key);
            roll.is_placeholder.push(key.starts_with('?'));
            last.clear();
            last.push_str(key);
        }
        let place = roll.n_places() - 1;
        if let Some(slot) = place_of.get_mut(u32::from_le_bytes(*keyed) as usize) {
            *slot = place;
        }
        if let Some(care_of) = std::str::from_utf8(care_of).ok().filter(|text| !text.is_empty()) {
            roll.care_of.entry(place).or_default().push(care_of.to_owned());
        }
    }
    for texts in roll.care_of.values_mut() {
        texts.sort_unstable();
        texts.dedup();
    }
    for mailing in &mut rows.mailings {
        *mailing = place_of[*mailing as usize];
    }
}

/// Owners without an address are kept apart row by row when their name alone does not identify them: blank is not equal blank.
fn nowhere(kind: PartyKind, row: i64) -> String {
    match kind {
        PartyKind::Person | PartyKind::Trust | PartyKind::Estate | PartyKind::Unknown(_) => format!("?{row}"),
        PartyKind::Company | PartyKind::Government(_) | PartyKind::Religious | PartyKind::Association => "?".to_owned(),
    }
}

/// Nodes from rows whose owners and mailing addresses are names and places by now.
fn build_nodes(roll: &mut Roll, rows: Rows) {
    let Rows { owners: names, mailings: places, ids } = rows;
    let n_places = roll.is_placeholder.len();
    let mut next = starts(places.iter().copied(), n_places);
    let mut by_place = vec![0u32; places.len()];
    for (row, place) in (0u32..).zip(&places) {
        let slot = &mut next[*place as usize];
        by_place[*slot as usize] = row;
        *slot += 1;
    }
    // Each now stands where the next place begins.
    let ends = next;
    roll.node_of_row = vec![0; places.len()];
    roll.nodes = Vec::with_capacity(places.len());
    roll.place_starts = Vec::with_capacity(n_places + 1);
    let mut start = 0;
    for (place, end) in (0u32..).zip(&ends[..n_places]) {
        roll.place_starts.push(roll.nodes.len() as u32);
        let here = &mut by_place[start..*end as usize];
        here.sort_unstable_by_key(|row| (names[*row as usize], *row));
        let mut last = None;
        for row in here.iter() {
            let name = names[*row as usize];
            if last != Some(name) {
                roll.nodes.push(Node { name, place, n_parcels: 0, row: *row });
                last = Some(name);
            }
            let id = roll.nodes.len() - 1;
            let node = &mut roll.nodes[id];
            node.n_parcels += 1;
            if ids[*row as usize] < ids[node.row as usize] {
                node.row = *row;
            }
            roll.node_of_row[*row as usize] = id as u32;
        }
        start = *end as usize;
    }
    roll.place_starts.push(roll.nodes.len() as u32);
    roll.row_ids = ids;
    drop((names, places, by_place, ends));
    roll.name_starts = starts(roll.nodes.iter().map(|node| node.name), roll.names.len());
    let mut next = roll.name_starts.clone();
    roll.nodes_by_name = vec![0; roll.nodes.len()];
    for (id, node) in (0u32..).zip(&roll.nodes) {
        let slot = &mut next[node.name as usize];
        roll.nodes_by_name[*slot as usize] = id;
        *slot += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::group::group;
    use super::super::roll_keys::Keys;
    use super::{Roll, RollTexts, collect_texts};
    use crate::model::texts::{Board, MaybeShelf};

    fn collected(shelf: MaybeShelf, rows: &[(String, String, i64)]) -> Roll {
        let mut texts = RollTexts::on_shelf(shelf);
        for (owner, mailing, row) in rows {
            texts.zips.push("");
            let (owner, mailing) = (texts.owners.push(owner), texts.mailings.push(mailing));
            texts.rows.push(owner, mailing, *row);
        }
        collect_texts(texts)
    }

    /// All that is stored of a roll and its groups.
    fn told(roll: &Roll) -> Vec<String> {
        let grouping = group(roll, &[]);
        let mut keys = Keys::new(roll);
        let node = |node: u32| {
            let (name, mail) = keys.of(node);
            let at = &roll.nodes[node as usize];
            let own = (roll.kind_of(node), at.n_parcels, roll.evidence_of(node), grouping.group_of[node as usize]);
            assert_eq!((name, &mail), (roll.name_key(node).as_ref(), &roll.mail_key(node)));
            format!("{name} @ {mail} {own:?} {} {:?}", roll.display(node), roll.care_of(at.place))
        };
        let mut told: Vec<String> = (0..roll.nodes.len() as u32).map(node).collect();
        told.extend(grouping.links.iter().map(|link| format!("{link:?}")));
        told.push(format!("{:?} {:?}", roll.nodes_by_name(), roll.learnt.to_bytes()));
        told
    }

    #[test]
    fn a_roll_on_a_shelf_is_the_roll_in_memory_in_any_order() {
        let row = |n: i64| {
            let owner = match n % 5 {
                0 => format!("ZEDI{}, ANA & TOM", n % 400),
                1 => format!("GULO RENTALS {} LLC", n % 300),
                2 => format!("  GULO RENTALS {}, L.L.C.", n % 300),
                3 => "QUORN, ORA".to_owned(),
                _ => format!("OAK {n} HOMEOWNERS ASSOCIATION"),
            };
            let mailing = match n % 7 {
                0 => "NO ADDRESS".to_owned(),
                1 => format!("C/O MARO LAW OFFICE {} ELM ST|74101", n % 50),
                _ => format!("{} ASH ST|7410{}", n % 700, n % 3),
            };
            (owner, mailing, (n * 7919) % 3001)
        };
        let rows: Vec<(String, String, i64)> = (1..3000).map(row).collect();
        let plain = collected(None, &rows);
        let shelved = |rows: &[_]| told(&collected(Some(Arc::new(Board::default())), rows));
        assert_eq!(shelved(&rows), told(&plain));
        assert_eq!(shelved(&rows.iter().rev().cloned().collect::<Vec<_>>()), told(&plain));
        assert!(plain.nodes.len() > 1_500 && plain.nodes.len() < 2_900, "{}", plain.nodes.len());
    }
}
