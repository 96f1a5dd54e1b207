//! Owners of a database: as of a day, their groups and portfolios, explanations, decisions, suppression.
//!
//! Groups are stored (`owner_groups`) and read by `owner_portfolio`; here the whole roll is loaded only to explain and to review.

use std::path::Path;

use crate::model::date::CivilDate;
use crate::ownership::compare::Rule;
pub use crate::ownership::group::ReviewItem;
use crate::ownership::group::{Grouping, group, review_queue, strongest_path, verdict};
pub use crate::ownership::interval::{Answer, Certainty, Fact};
use crate::ownership::interval::{Basis, When, owner_as_of};
use crate::ownership::place::AddressRole;
use crate::ownership::roll::{Roll, collect_texts};
use crate::pipeline::owner_groups::{Regrouped, decisions_on, is_current, regroup};
use crate::pipeline::owner_portfolio::{key_of_address, resolve};
use crate::pipeline::owner_rebuild::{load_texts, rebuild, set_homes};
use crate::store::owner_groups::{self as groups, NodeRow};
use crate::store::ownership::{self as stored, DecisionRow, NewDeed, SuppressionRow};
use crate::store::{self, Authorship, Reader, Tx, Writer};

/// A failed use case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// No such parcel.
    #[error("there is no parcel {0:?}")]
    NoParcel(String),
    /// Nobody of that name.
    #[error("no owner on the roll is called {0:?}")]
    NoOwner(String),
    /// A person was asked for without a purpose.
    #[error("looking up a person by name needs a purpose")]
    NoPurpose,
    /// No such role of an address.
    #[error("there is no address role {0:?}")]
    NoRole(String),
    /// No such suppression.
    #[error("there is no suppression {0}")]
    NoSuppression(i64),
}

/// The roll of a database, grouped.
#[derive(Debug)]
pub struct Owners {
    /// Names, places, nodes.
    pub roll: Roll,
    /// Links and groups with decisions applied.
    pub grouping: Grouping,
}

/// Loads and groups the current roll.
///
/// # Errors
/// When the database cannot be read.
pub fn load(reader: &Reader) -> Result<Owners, Error> {
    let texts = load_texts(reader)?.texts;
    let parcels: Vec<i64> = texts.rows.iter().map(|r| r.row).collect();
    let mut roll = collect_texts(texts);
    set_homes(reader, &mut roll, |row| parcels[row])?;
    let grouping = group(&roll, &decisions_on(reader, &roll)?);
    Ok(Owners { roll, grouping })
}

impl Owners {
    /// The node of a stored owner.
    pub fn node_of(&self, row: &NodeRow) -> Option<u32> {
        self.roll.find_key(&row.name_key, &row.mail_key)
    }

    /// Owner line of a node as shown to people.
    pub fn display(&self, node: u32) -> String {
        self.roll.display(node).replace('\n', " / ")
    }

    /// Public number of a node's stored group.
    pub fn group_no(&self, reader: &Reader, node: u32) -> Result<String, Error> {
        let stored = groups::node_by_key(reader, self.roll.name_key(node), self.roll.mail_key(node))?;
        Ok(super::owner_portfolio::group_no(stored.map_or(0, |n| n.group_id)))
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
pub fn explain(
    reader: &Reader,
    owners: &Owners,
    (a, b): (u32, u32),
) -> Result<(crate::ownership::compare::Verdict, Vec<ExplainStep>), store::Error> {
    let found = verdict(&owners.roll, &owners.grouping, (a, b));
    let path = if owners.grouping.group_of[a as usize] == owners.grouping.group_of[b as usize] {
        strongest_path(&owners.grouping.links, (a, b)).unwrap_or_default()
    } else {
        Vec::new()
    };
    let weakest = path.iter().map(|s| s.link.rule.tier_and_score().1).min();
    let steps = path
        .iter()
        .map(|step| {
            let score_pct = step.link.rule.tier_and_score().1;
            Ok(ExplainStep {
                owner: owners.display(step.to),
                rule: step.link.rule,
                score_pct,
                is_weakest: Some(score_pct) == weakest,
                evidence_row: evidence_row(reader, owners, step.to)?,
            })
        })
        .collect::<Result<_, store::Error>>()?;
    Ok((found, steps))
}

/// Snapshot and row that show a node on the roll.
///
/// # Errors
/// When the database cannot be read.
pub fn evidence_row(reader: &Reader, owners: &Owners, node: u32) -> Result<String, store::Error> {
    let found = stored::snapshot_row_of(reader, owners.roll.nodes[node as usize].row)?;
    Ok(found.map_or(String::new(), |(snapshot_id, row_no)| format!("snapshot {snapshot_id} row {row_no}")))
}

/// The review queue, most parcels at stake first.
pub fn review(owners: &Owners) -> Vec<ReviewItem> {
    review_queue(&owners.roll, &owners.grouping)
}

/// Computes the stored groups when they do not belong to the roll that is there now.
fn ensure_groups(tx: &mut Tx<'_>) -> Result<(), Error> {
    if !is_current(tx)? {
        rebuild(tx)?;
    }
    Ok(())
}

/// Computes parties, links, groups and address roles anew.
///
/// # Errors
/// When the database cannot be written.
pub fn group_all(db: &Path, by: &Authorship) -> Result<Regrouped, Error> {
    in_bulk(db, by, |tx| Ok(rebuild(tx)?))
}

/// Writes what regroups the whole roll: foreign keys are not looked up row by row.
fn in_bulk<T>(db: &Path, by: &Authorship, work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let mut writer = Writer::open_bulk(db)?;
    let done = writer.with(by, work)?;
    writer.finish_bulk()?;
    Ok(done)
}

/// Stores a decision on two owners (or the address of the first, for `agent`) and regroups at once.
///
/// # Errors
/// When an owner is not on the roll or the database cannot be written.
pub fn decide(db: &Path, verdict: &str, (a, b): (&str, &str), by: &Authorship) -> Result<(), Error> {
    Writer::open(db)?.with(by, |tx| {
        ensure_groups(tx)?;
        let side = |tx: &Tx<'_>, what: &str| -> Result<NodeRow, Error> {
            resolve(tx, what)?.into_iter().next().ok_or_else(|| Error::NoOwner(what.to_owned()))
        };
        let (a, b) = (side(tx, a)?, side(tx, b)?);
        let mut touched = vec![a.group_id, b.group_id];
        if verdict == "agent" {
            touched.extend(groups::nodes_at(tx, &a.mail_key)?.iter().map(|n| n.group_id));
        }
        let row = DecisionRow {
            verdict: verdict.to_owned(),
            keys: (a.name_key, b.name_key),
            a: (a.display, a.mail_key),
            b: (b.display, b.mail_key),
            ..DecisionRow::default()
        };
        stored::decide(tx, &row)?;
        regroup(tx, &touched)?;
        Ok(())
    })
}

/// Stores the role that a person gives to a mailing address (that of an owner, or typed) and regroups at once.
/// `None` takes the person's word back.
///
/// # Errors
/// When there is no such role or owner, or the database cannot be written.
pub fn decide_address(db: &Path, what: &str, role: Option<&str>, by: &Authorship) -> Result<String, Error> {
    if let Some(role) = role.filter(|r| AddressRole::from_word(r).is_none()) {
        return Err(Error::NoRole(role.to_owned()));
    }
    Writer::open(db)?.with(by, |tx| {
        ensure_groups(tx)?;
        let mut mail_key = key_of_address(what);
        if groups::nodes_at(tx, &mail_key)?.is_empty() {
            let owner = resolve(tx, what)?.into_iter().next().ok_or_else(|| Error::NoOwner(what.to_owned()))?;
            mail_key = owner.mail_key;
        }
        let touched: Vec<i64> = groups::nodes_at(tx, &mail_key)?.iter().map(|n| n.group_id).collect();
        groups::decide_address(tx, &mail_key, role)?;
        regroup(tx, &touched)?;
        Ok(mail_key)
    })
}

/// Owner of a parcel on a day, suppression applied.
#[derive(Debug, Clone)]
pub struct AsOf {
    /// The answer.
    pub answer: Answer,
    /// The facts that name the possible owners.
    pub facts: Vec<Fact>,
}

/// Owner of a parcel on a day, by what was known on another.
///
/// # Errors
/// When there is no such parcel or the database cannot be read.
pub fn as_of(reader: &Reader, parcel_no: &str, date: CivilDate, known_at: Option<&str>) -> Result<AsOf, Error> {
    let parcel_id = store::cases::parcel(reader, parcel_no)?.ok_or_else(|| Error::NoParcel(parcel_no.to_owned()))?;
    Ok(as_of_id(reader, parcel_id, date, known_at)?)
}

/// Owner of a parcel on a day, by its row id; works inside a transaction too.
///
/// # Errors
/// When the database cannot be read.
pub fn as_of_id(
    db: &impl store::Db,
    parcel_id: i64,
    date: CivilDate,
    known_at: Option<&str>,
) -> Result<AsOf, store::Error> {
    let facts = one_per_deed(stored::facts_of(db, parcel_id)?.into_iter().filter_map(fact_of));
    let answer = owner_as_of(&facts, date, known_at);
    let named = answer.facts.iter().map(|i| facts[*i].clone()).collect();
    Ok(AsOf { answer, facts: named })
}

/// A clerk's index has a row per grantee: those of one instrument are the owners together.
fn one_per_deed(facts: impl Iterator<Item = Fact>) -> Vec<Fact> {
    let mut merged: Vec<Fact> = Vec::new();
    for fact in facts {
        let instrument = |f: &Fact| f.reference.split(", snapshot ").next().unwrap_or_default().to_owned();
        let same = merged.iter_mut().find(|f| {
            f.basis == Basis::Deed
                && fact.basis == Basis::Deed
                && (f.from, f.sequence) == (fact.from, fact.sequence)
                && fact.sequence.is_some()
                && f.retracted_at == fact.retracted_at
                && instrument(f) == instrument(&fact)
        });
        match same {
            Some(known) if known.owner != fact.owner => {
                known.owner = format!("{} & {}", known.owner, fact.owner);
                known.reference = format!("{}; {}", known.reference, fact.reference);
            }
            Some(_) => {}
            None => merged.push(fact),
        }
    }
    merged
}

fn fact_of(row: stored::FactRow) -> Option<Fact> {
    let day = |t: &Option<String>| t.as_deref().and_then(CivilDate::parse);
    let from = match row.valid_from.len() {
        4 => When::Year(row.valid_from.parse().ok()?),
        _ => When::Day(CivilDate::parse(&row.valid_from)?),
    };
    let basis = match row.basis.as_str() {
        "sale" => Basis::Sale,
        "roll" => Basis::Roll,
        _ => Basis::Deed,
    };
    let digits: String = row.instrument_no.iter().flat_map(|t| t.chars()).filter(char::is_ascii_digit).collect();
    Some(Fact {
        first_seen: day(&row.first_seen),
        last_seen: day(&row.last_seen),
        owner: row.owner_text,
        from,
        basis,
        sequence: digits.parse().ok(),
        recorded_at: row.recorded_at,
        retracted_at: row.retracted_at,
        reference: row.reference,
    })
}

/// Adds a deed by hand.
///
/// # Errors
/// When there is no such parcel or the database cannot be written.
pub fn add_deed(db: &Path, parcel_no: &str, deed: &NewDeed, by: &Authorship) -> Result<bool, Error> {
    Writer::open(db)?.with(by, |tx| {
        let parcel_id = store::cases::parcel(tx, parcel_no)?.ok_or_else(|| Error::NoParcel(parcel_no.to_owned()))?;
        Ok(stored::insert_deed(tx, parcel_id, deed)?)
    })
}

/// Withholds the owner of a parcel by an order.
///
/// # Errors
/// When there is no such parcel or the database cannot be written.
pub fn suppress(db: &Path, row: &SuppressionRow, by: &Authorship) -> Result<(), Error> {
    in_bulk(db, by, |tx| {
        let parcel_id =
            store::cases::parcel(tx, &row.parcel_no)?.ok_or_else(|| Error::NoParcel(row.parcel_no.clone()))?;
        stored::suppress(tx, parcel_id, row)?;
        rebuild(tx)?;
        Ok(())
    })
}

/// Withholds every parcel on which the roll shows the owner line of a parcel, now and later.
///
/// # Errors
/// When there is no such parcel or the database cannot be written.
pub fn suppress_owner(db: &Path, row: &SuppressionRow, by: &Authorship) -> Result<usize, Error> {
    in_bulk(db, by, |tx| {
        let parcel_id =
            store::cases::parcel(tx, &row.parcel_no)?.ok_or_else(|| Error::NoParcel(row.parcel_no.clone()))?;
        let n_parcels = stored::suppress_owner(tx, parcel_id, row)?;
        rebuild(tx)?;
        Ok(n_parcels)
    })
}

/// Ends a suppression.
///
/// # Errors
/// When there is none with this number or the database cannot be written.
pub fn end_suppression(db: &Path, suppression_id: i64, to_date: CivilDate, by: &Authorship) -> Result<(), Error> {
    in_bulk(db, by, |tx| match stored::end_suppression(tx, suppression_id, &to_date.to_string())? {
        true => rebuild(tx).map(|_| ()).map_err(Error::from),
        false => Err(Error::NoSuppression(suppression_id)),
    })
}

/// Logs the look-up of a person.
///
/// # Errors
/// When the purpose is empty or the database cannot be written.
pub fn log_lookup(db: &Path, query: &str, n_found: usize, by: &Authorship) -> Result<(), Error> {
    if by.reason.trim().is_empty() {
        return Err(Error::NoPurpose);
    }
    Writer::open(db)?.with(by, |tx| stored::log_lookup(tx, query, &by.reason, n_found))?;
    Ok(())
}
