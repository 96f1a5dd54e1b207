//! What the matcher is built from beside the roll: street aliases, weight tables, and the mark that tells a stored county stale.

use rusqlite::{OptionalExtension, params};

use super::view::Db;
use super::{Error, Tx};

/// A street alias in force.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct AliasRow {
    pub written: String,
    pub county: String,
    pub reason: String,
    pub added_by: String,
    pub added_at: String,
}

/// The aliases in force.
///
/// # Errors
/// When the database cannot be read.
pub fn aliases(db: &impl Db) -> Result<Vec<AliasRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT written, county, reason, added_by, added_at
         FROM street_alias
         WHERE retired_at IS NULL
         ORDER BY written, county",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(AliasRow {
            written: r.get(0)?,
            county: r.get(1)?,
            reason: r.get(2)?,
            added_by: r.get(3)?,
            added_at: r.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Adds an alias; false when it is in force already.
///
/// # Errors
/// When the database cannot be written.
pub fn add_alias(tx: &mut Tx<'_>, written: &str, county: &str, reason: &str) -> Result<bool, Error> {
    let (by, at) = (tx.authorship().actor.clone(), tx.authorship().at.0.clone());
    let n = tx.tx.execute(
        "INSERT INTO street_alias (written, county, reason, added_by, added_at)
         SELECT ?1, ?2, ?3, ?4, ?5
         WHERE NOT EXISTS (SELECT 1 FROM street_alias WHERE written = ?1 AND county = ?2 AND retired_at IS NULL)",
        params![written, county, reason, by, at],
    )?;
    Ok(n > 0)
}

/// Retires an alias; false when there is none.
///
/// # Errors
/// When the database cannot be written.
pub fn retire_alias(tx: &mut Tx<'_>, written: &str, county: &str) -> Result<bool, Error> {
    let at = tx.authorship().at.0.clone();
    let n = tx.tx.execute(
        "UPDATE street_alias SET retired_at = ?3 WHERE written = ?1 AND county = ?2 AND retired_at IS NULL",
        params![written, county, at],
    )?;
    Ok(n > 0)
}

/// The weight table in force, when the city has one of its own.
///
/// # Errors
/// When the database cannot be read.
pub fn weights(db: &impl Db) -> Result<Option<String>, Error> {
    let mut statement = db.connection().prepare_cached("SELECT weights FROM match_weights WHERE is_current = 1")?;
    Ok(statement.query_row([], |r| r.get(0)).optional()?)
}

/// Puts a weight table in force, or none: then the defaults are.
///
/// # Errors
/// When the database cannot be written.
pub fn set_weights(tx: &mut Tx<'_>, table: Option<(&str, &str)>) -> Result<(), Error> {
    tx.tx.execute("UPDATE match_weights SET is_current = 0 WHERE is_current = 1", [])?;
    if let Some((version, weights)) = table {
        let by = tx.authorship().clone();
        tx.tx.execute(
            "INSERT INTO match_weights (version, weights, reason, made_by, made_at, is_current) VALUES (?1, ?2, ?3, ?4, ?5, 1)",
            params![version, weights, by.reason, by.actor, by.at.0],
        )?;
    }
    Ok(())
}

/// Changes whenever a county that the matcher learnt from these rows would be another: a new roll, an alias, an owner
/// withheld or released.
///
/// # Errors
/// When the database cannot be read.
pub fn county_mark(db: &impl Db) -> Result<String, Error> {
    Ok(db.connection().query_row(
        "SELECT (SELECT COALESCE(MAX(snapshot_id), 0) FROM source_snapshot WHERE source_kind IN ('parcels', 'roll', 'page'))
                || '/' || (SELECT COALESCE(MAX(street_alias_id), 0) || '.' || COUNT(retired_at) FROM street_alias)
                || '/' || (SELECT COUNT(*) || '.' || COALESCE(SUM(parcel_id), 0) FROM parcel_withheld)",
        [],
        |r| r.get(0),
    )?)
}
