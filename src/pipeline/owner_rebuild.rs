//! Parties, links, groups and address roles of the whole current roll, computed from its distinct texts and stored.
//!
//! Runs in the transaction of an import or a suppression. Each owner line is read once: for its stored parties and for its links.

use std::cmp::Ordering;
use std::num::NonZeroI64;
use std::ops::Range;

use crate::model::texts::MaybeShelf;
use crate::owner_name::{self, Flag, OwnerLine, Rule as NameRule};
use crate::ownership::compare::same_party_here;
use crate::ownership::group::{Grouping, group_keeping};
use crate::ownership::mailing::mail_key;
use crate::ownership::name::link_name;
use crate::ownership::place::{AddressRole, Judgement};
use crate::ownership::registry::{self, Member, Numbers};
use crate::ownership::roll::{NameReader, Roll, RollTexts};
use crate::ownership::roll_keys::Keys;
use crate::ownership::roll_names::NameBatch;

use crate::pipeline::ordered;
use crate::pipeline::owner_groups::{LEARNT_VERSION, Regrouped, VERSION, decisions_on, store_numbers};
use crate::pipeline::spill::Spill;
use crate::store::owner_groups::{self as groups, AddressRow};
use crate::store::owner_rebuild::{self as bulk, NewLink, NewNode, NewReading, NodeSink, Readings};
use crate::store::{Change, Db, Error, Tx, blobs, ownership as stored};

/// Bytes of a blob written together.
const PIECE_BYTES: usize = 1 << 16;

/// What is stored of the judgement of an address.
#[derive(Debug, Clone, Copy)]
struct Role {
    role: AddressRole,
    n_groups: u32,
    n_families: u32,
    n_associations: u32,
}

impl Role {
    fn of(judgement: Judgement) -> Self {
        let Judgement { role, n_groups, n_families, n_associations, .. } = judgement;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { role, n_groups: count(n_groups), n_families: count(n_families), n_associations: count(n_associations) }
    }
}

/// The current roll by its distinct texts, with the ids of its owner lines.
#[derive(Debug, Default)]
pub struct LoadedTexts {
    /// Texts and rows; rows are parcel ids.
    pub texts: RollTexts,
    /// `owner_line_id` of each text of `texts.owners`, ascending.
    pub line_ids: Vec<u32>,
}

/// Position of ids that are small numbers without many gaps, as those of the tables of texts.
#[derive(Debug, Default)]
struct Positions(Vec<u32>);

/// An id that is on the roll, its text not yet seen.
const WANTED: u32 = u32::MAX - 1;
const ABSENT: u32 = u32::MAX;

impl Positions {
    /// For ids up to one.
    fn up_to(id: usize) -> Self {
        Self(vec![ABSENT; id + 1])
    }

    /// Marks an id whose text is to be read.
    fn want(&mut self, id: u32) {
        let id = id as usize;
        if self.0.len() <= id {
            self.0.resize(id + 1, ABSENT);
        }
        self.0[id] = WANTED;
    }

    /// Calls `add` for a wanted id and remembers the position.
    fn set(&mut self, id: u32, add: impl FnOnce() -> u32) {
        if let Some(slot) = self.0.get_mut(id as usize).filter(|slot| **slot == WANTED) {
            *slot = add();
        }
    }

    fn get(&self, id: u32) -> Option<u32> {
        let at = *self.0.get(id as usize)?;
        (at < WANTED).then_some(at)
    }
}

/// The ids of texts as their tables have them: the importer gives them out in 32 bits.
fn text_id(id: i64) -> u32 {
    u32::try_from(id).unwrap_or(0)
}

/// Loads the current roll; parcels whose owner is withheld or not named are left out. Texts of a large roll go to the shelf.
///
/// # Errors
/// When the database cannot be read.
pub fn load_texts(db: &impl Db, shelf: MaybeShelf) -> Result<LoadedTexts, Error> {
    let [n_parcels, n_owners, n_mailings] = bulk::sizes(db)?;
    let (mut owners, mut mailings) = (Positions::up_to(n_owners), Positions::up_to(n_mailings));
    let mut loaded = LoadedTexts { texts: RollTexts::on_shelf(shelf), line_ids: Vec::with_capacity(n_owners) };
    let LoadedTexts { texts, line_ids } = &mut loaded;
    texts.rows.reserve(n_parcels);
    bulk::each_owned(db, |parcel_id, owner_line_id, mailing_id| {
        let (owner, mailing) = (text_id(owner_line_id), text_id(mailing_id.unwrap_or(0)));
        owners.want(owner);
        if mailing > 0 {
            mailings.want(mailing);
        }
        texts.rows.push(owner, mailing, parcel_id);
    })?;
    bulk::each_owner_line(db, |id, text| {
        owners.set(text_id(id), || {
            line_ids.push(text_id(id));
            texts.owners.push(text)
        });
    })?;
    // Position 0: no mailing address.
    texts.zips.push("");
    texts.mailings.push("");
    bulk::each_mailing(db, |id, lines, zip| {
        mailings.set(text_id(id), || {
            texts.zips.push(zip);
            texts.mailings.push(lines)
        });
    })?;
    texts.rows.place(|owner| owners.get(owner), |mailing| mailings.get(mailing).unwrap_or(0));
    Ok(loaded)
}

/// Tells a roll from the database where associations' treasurers live.
///
/// # Errors
/// When the database cannot be read.
pub fn set_homes(db: &impl Db, roll: &mut Roll, parcel_of_row: impl Fn(usize) -> i64) -> Result<(), Error> {
    for row in roll.rows_of_treasurers() {
        let situs = bulk::first_situs(db, parcel_of_row(row))?;
        roll.set_situs(row, &situs);
    }
    Ok(())
}

/// Computes parties, links, groups and address roles of the current roll and stores them; groups keep their numbers.
///
/// # Errors
/// When the database cannot be read or written.
pub fn rebuild(tx: &mut Tx<'_>) -> Result<Regrouped, Error> {
    stored::extend_owner_orders(tx)?;
    let spill = Spill::beside(tx);
    let shelf: MaybeShelf = Some(spill.clone());
    let (mut roll, mut line_ids) = read_roll(tx, shelf.clone())?;
    // Each round withholds at least one more parcel.
    while extend_orders_to_parties(tx, &roll)? {
        (roll, line_ids) = read_roll(tx, shelf.clone())?;
    }
    let style = roll.learnt.style.line.as_str();
    let mark = format!("{VERSION}|{}|{style}", groups::roll_mark(tx)?);
    let homes = roll.rows_of_treasurers();
    let parcels: Vec<i64> = homes.iter().map(|row| roll.row_ids[*row]).collect();
    set_homes(tx, &mut roll, |row| homes.binary_search(&row).map_or(0, |at| parcels[at]))?;
    let decisions = decisions_on(tx, &roll)?;
    // The numbers of the run before are read while this one is judged.
    let (grouping, before) = std::thread::scope(|scope| {
        let grouping = scope.spawn(|| group_keeping(&roll, &decisions, Role::of));
        let before = numbers_before(tx, &roll);
        (grouping.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), before)
    });
    // What is stored first is not in memory beside the rest.
    let learnt = roll.take_learnt().to_bytes();
    blobs::put_pieces(tx, blobs::OWNER_WORDS, (&mark, LEARNT_VERSION), learnt.len(), |sink| {
        learnt.chunks(PIECE_BYTES).for_each(sink);
    })?;
    drop(learnt);
    let numbers = numbers_of(tx, &roll, &grouping, &before?)?;
    let done = store_numbers(tx, &numbers)?;
    let done = Regrouped { n_owners: roll.nodes.len(), n_groups: numbers.n_groups, ..done };
    store_nodes(tx, &line_ids, &roll, (&grouping, &numbers))?;
    drop((roll, line_ids, grouping, numbers));
    bulk::make_indexes(tx)?;
    groups::set_mark(tx, &mark)?;
    spill.check()?;
    audit(tx, &done)?;
    Ok(done)
}

/// The current roll with its owner lines by text; stores what was not read before.
fn read_roll(tx: &mut Tx<'_>, shelf: MaybeShelf) -> Result<(Roll, Vec<u32>), Error> {
    let LoadedTexts { texts, line_ids } = load_texts(tx, shelf)?;
    let names = NameReader::new(texts);
    let style = names.style().line.as_str();
    let before = groups::mark(tx)?;
    if !(before.starts_with(&format!("{VERSION}|")) && before.ends_with(&format!("|{style}"))) {
        bulk::forget_readings(tx)?;
    }
    Ok((read_names(tx, names, &line_ids)?, line_ids))
}

/// Extends orders on owners to the same party in another spelling: an equal name anywhere, as the order covers the line itself
/// anywhere, and a variant of the name at an address of the order. True when parcels were withheld.
fn extend_orders_to_parties(tx: &mut Tx<'_>, roll: &Roll) -> Result<bool, Error> {
    let mut found: Vec<(i64, u32)> = Vec::new();
    for order in stored::owner_orders(tx)? {
        let name = link_name(&order.owner_text, &roll.learnt.style);
        let mail = mail_key(&order.mailing_lines, &order.zip);
        let here = roll.find_place(&mail.key).filter(|_| !mail.is_placeholder);
        let at_address = here.map_or(0..0, |place| roll.nodes_at(place));
        let variants = at_address.filter(|node| same_party_here(&name, &roll.name_of(*node)).is_some());
        let nodes = roll.nodes_with_key(&name.key).iter().copied().chain(variants);
        found.extend(nodes.map(|node| (order.suppression_owner_id, node)));
    }
    let mut n_new = 0;
    for (parcel_id, node) in roll.row_ids.iter().zip(&roll.node_of_row).filter(|_| !found.is_empty()) {
        for (order, _) in found.iter().filter(|(_, under)| under == node) {
            n_new += stored::extend_order(tx, *order, *parcel_id)?;
        }
    }
    Ok(n_new > 0)
}

/// Owner lines that a worker reads at once.
const LINES_PER_BATCH: u32 = 512;

/// What a worker made of some owner lines: for their links, and readings to be stored.
#[derive(Debug, Default)]
struct ReadBatch {
    names: NameBatch,
    readings: Vec<NewReading>,
}

/// Reads the owner lines for their links, and stores what was not read before. Lines are read on all cores while what was read is
/// taken and stored; the order is that of the lines whatever the threads do.
fn read_names(tx: &Tx<'_>, mut names: NameReader, line_ids: &[u32]) -> Result<Roll, Error> {
    let mut is_known = vec![false; line_ids.last().map_or(0, |id| *id as usize + 1)];
    let mut n_known = 0;
    let n_lines = bulk::read_lines(tx, |id| {
        n_known += 1;
        is_known.get_mut(text_id(id) as usize).into_iter().for_each(|slot| *slot = true);
    })?;
    let mut readings = Readings::begin(tx)?;
    let mut n_new = 0;
    let (source, tally) = names.halves();
    let mut next = 0;
    let ranges = || {
        let range = next..(next + LINES_PER_BATCH).min(source.n_owners());
        next = range.end;
        Ok((!range.is_empty()).then_some(range))
    };
    let read = |(): &mut (), range: Range<u32>| {
        let mut batch = ReadBatch::default();
        source.owners(range.clone()).each(|at, owner| {
            let line = owner_name::parse_columns(owner, source.style());
            batch.names.add(&line);
            let id = line_ids[(range.start + at) as usize];
            if !is_known[id as usize] {
                batch.readings.push(reading_of(i64::from(id), &line));
            }
        });
        batch
    };
    let n_workers = std::thread::available_parallelism().map_or(1, usize::from);
    ordered::run(
        n_workers,
        ranges,
        || (),
        read,
        |batch: ReadBatch| {
            tally.take(source, &batch.names);
            n_new += batch.readings.len();
            batch.readings.iter().try_for_each(|reading| readings.add(reading))
        },
    )?;
    // Owner lines of older rolls, when the reader or the line style changed.
    if n_known + n_new < n_lines {
        for (id, text) in bulk::unread_lines(tx)? {
            readings.add(&reading_of(id, &owner_name::parse_columns(&text, names.style())))?;
        }
    }
    Ok(names.finish())
}

fn reading_of(owner_line_id: i64, line: &OwnerLine) -> NewReading {
    NewReading {
        owner_line_id,
        kind: line.kind.as_str(),
        flags: joined(line.flags.iter().map(Flag::as_str)),
        rules: joined(line.rules.iter().map(NameRule::as_str)),
        parties: bulk::parties_json(&line.parties),
    }
}

fn joined(words: impl Iterator<Item = &'static str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

fn audit(tx: &mut Tx<'_>, done: &Regrouped) -> Result<(), Error> {
    let after =
        format!("{} owners, {} groups, {} merged, {} split", done.n_owners, done.n_groups, done.n_merged, done.n_split);
    tx.audit(Change {
        action: "group",
        entity: "owner_group",
        entity_id: "",
        before_json: None,
        after_json: Some(&after),
    })
}

/// The group that each node had in the run before; empty when there was none.
fn numbers_before(db: &impl Db, roll: &Roll) -> Result<Vec<Option<NonZeroI64>>, Error> {
    let (n, mut keys, mut before) = (roll.nodes.len() as u32, Keys::new(roll), Vec::new());
    // Both runs are in the order of their keys.
    let mut at = 0u32;
    bulk::each_numbered(db, |name, mail, group| {
        before.resize(n as usize, None);
        while at < n {
            let (own_name, own_mail) = keys.of(at);
            match own_mail.as_ref().cmp(mail).then_with(|| own_name.cmp(name)) {
                Ordering::Less => at += 1,
                Ordering::Equal => {
                    before[at as usize] = NonZeroI64::new(group);
                    break;
                }
                Ordering::Greater => break,
            }
        }
    })?;
    Ok(before)
}

fn numbers_of(
    db: &impl Db,
    roll: &Roll,
    grouping: &Grouping<Vec<(u32, Role)>>,
    before: &[Option<NonZeroI64>],
) -> Result<Numbers, Error> {
    let members = grouping.group_of.iter().zip(&roll.nodes).enumerate().map(|(at, (root, node))| Member {
        root: *root,
        before: before.get(at).copied().flatten().map(i64::from),
        n_parcels: node.n_parcels,
    });
    Ok(registry::number(members, groups::next_group(db)?))
}

fn store_nodes(
    tx: &mut Tx<'_>,
    line_ids: &[u32],
    roll: &Roll,
    (grouping, numbers): (&Grouping<Vec<(u32, Role)>>, &Numbers),
) -> Result<(), Error> {
    let id = |node: u32| i64::from(node) + 1;
    let mut keys = Keys::new(roll);
    let nodes = |put: NodeSink<'_>| {
        (0u32..).zip(&roll.nodes).try_for_each(|(index, node)| {
            let (name_key, mail_key) = keys.of(index);
            put(NewNode {
                node_id: id(index),
                name_key,
                mail_key: &mail_key,
                kind: roll.kind_of(index).as_str(),
                owner_line_id: i64::from(line_ids[roll.line_of(index) as usize]),
                n_parcels: node.n_parcels,
                evidence_parcel_id: roll.evidence_of(index),
                group_id: numbers.of(grouping.group_of[index as usize]),
            })
        })
    };
    let parcels = roll.row_ids.iter().zip(&roll.node_of_row).map(|(parcel_id, node)| (*parcel_id, id(*node)));
    let links = grouping.links.iter().map(|l| NewLink {
        a: id(l.a),
        b: id(l.b),
        rule: l.rule.as_str(),
        by_address: l.place.is_some(),
    });
    let addresses = grouping.judgements.iter().map(|(place, judged)| AddressRow {
        mail_key: roll.place_key(*place).into_owned(),
        role: judged.role.as_str().to_owned(),
        n_names: roll.nodes_at(*place).len(),
        n_groups: judged.n_groups as usize,
        n_families: judged.n_families as usize,
        n_associations: judged.n_associations as usize,
        confirmed: None,
    });
    let ids_by_name = roll.nodes_by_name().iter().map(|node| node + 1);
    bulk::replace(tx, (nodes, ids_by_name), parcels, links, addresses)
}
