//! Owners of a database: as of a day, their groups and portfolios, explanations, decisions, suppression.
//!
//! Groups are stored (`owner_groups`), read by `owner_portfolio` and explained by `owner_explain`.

use std::path::Path;

use crate::model::date::CivilDate;
pub use crate::ownership::interval::{Answer, Certainty, Fact};
use crate::ownership::interval::{Basis, When, owner_as_of};
use crate::ownership::place::AddressRole;
use crate::pipeline::owner_groups::{Regrouped, is_current, regroup};
use crate::pipeline::owner_portfolio::{key_of_address, resolve};
use crate::pipeline::owner_rebuild::rebuild;
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
    /// No group has or had the number.
    #[error("there is no owner group {0}")]
    NoGroup(String),
    /// A deed of a day that has not come.
    #[error("the day of recording, {0}, has not come yet")]
    NotYetRecorded(CivilDate),
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
        grantor: row.grantor.filter(|g| !g.trim().is_empty()),
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

/// Withholds every parcel on which the roll shows the owner of a parcel, now and later: the same line, another spelling of the
/// name, or the same persons written differently at one of the owner's addresses. Returns how many parcels that is.
///
/// # Errors
/// When there is no such parcel or the database cannot be written.
pub fn suppress_owner(db: &Path, row: &SuppressionRow, by: &Authorship) -> Result<usize, Error> {
    in_bulk(db, by, |tx| {
        let parcel_id =
            store::cases::parcel(tx, &row.parcel_no)?.ok_or_else(|| Error::NoParcel(row.parcel_no.clone()))?;
        stored::suppress_owner(tx, parcel_id, row)?;
        rebuild(tx)?;
        Ok(stored::parcels_under(tx, &row.order_ref)?)
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
