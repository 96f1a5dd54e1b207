//! Holds and contact notes on cases, premises, taps, orders and owners.

use rusqlite::params;

use super::view::Db;
use super::{Change, Error, Tx};

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of hold")]
pub struct HoldRow {
    pub hold_id: i64,
    pub scope_kind: String,
    pub scope_key: String,
    pub hold_type: String,
    pub from_on: String,
    pub review_on: String,
    pub released_on: Option<String>,
    pub basis: String,
}

fn hold_row(r: &rusqlite::Row<'_>) -> rusqlite::Result<HoldRow> {
    Ok(HoldRow {
        hold_id: r.get(0)?,
        scope_kind: r.get(1)?,
        scope_key: r.get(2)?,
        hold_type: r.get(3)?,
        from_on: r.get(4)?,
        review_on: r.get(5)?,
        released_on: r.get(6)?,
        basis: r.get(7)?,
    })
}

/// Adds a hold.
///
/// # Errors
/// When the database cannot be written.
pub fn add(tx: &mut Tx<'_>, hold: &HoldRow) -> Result<i64, Error> {
    tx.tx.execute(
        "INSERT INTO hold (scope_kind, scope_key, hold_type, from_on, review_on, basis) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![hold.scope_kind, hold.scope_key, hold.hold_type, hold.from_on, hold.review_on, hold.basis],
    )?;
    let hold_id = tx.tx.last_insert_rowid();
    let after =
        serde_json::json!({ "type": hold.hold_type, "review_on": hold.review_on, "basis": hold.basis }).to_string();
    let key = format!("{} {}", hold.scope_kind, hold.scope_key);
    tx.audit(Change { action: "hold", entity: "hold", entity_id: &key, before_json: None, after_json: Some(&after) })?;
    Ok(hold_id)
}

/// Releases live holds of a scope and type (all types for `None`); returns how many.
///
/// # Errors
/// When the database cannot be written.
pub fn release(tx: &mut Tx<'_>, scope: (&str, &str), hold_type: Option<&str>, on: &str) -> Result<usize, Error> {
    let n = tx.tx.execute(
        "UPDATE hold SET released_on = ?4 WHERE scope_kind = ?1 AND scope_key = ?2 AND released_on IS NULL
           AND (?3 IS NULL OR hold_type = ?3)",
        params![scope.0, scope.1, hold_type, on],
    )?;
    let key = format!("{} {}", scope.0, scope.1);
    let after = serde_json::json!({ "released": n, "type": hold_type }).to_string();
    tx.audit(Change {
        action: "release",
        entity: "hold",
        entity_id: &key,
        before_json: None,
        after_json: Some(&after),
    })?;
    Ok(n)
}

/// Live holds of some scopes, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn live(db: &impl Db, scopes: &[(&str, String)]) -> Result<Vec<HoldRow>, Error> {
    Ok(all(db, scopes)?.into_iter().filter(|h| h.released_on.is_none()).collect())
}

/// Every hold of some scopes, released ones too, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn all(db: &impl Db, scopes: &[(&str, String)]) -> Result<Vec<HoldRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT hold_id, scope_kind, scope_key, hold_type, from_on, review_on, released_on, basis FROM hold
         WHERE scope_kind = ?1 AND scope_key = ?2 ORDER BY hold_id",
    )?;
    let mut found = Vec::new();
    for (kind, key) in scopes {
        for row in statement.query_map(params![kind, key], hold_row)? {
            found.push(row?);
        }
    }
    found.sort_by_key(|h: &HoldRow| h.hold_id);
    found.dedup();
    Ok(found)
}

/// Live holds whose review day has come, oldest review first.
///
/// # Errors
/// When the database cannot be read.
pub fn due(db: &impl Db, today: &str) -> Result<Vec<HoldRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT hold_id, scope_kind, scope_key, hold_type, from_on, review_on, released_on, basis FROM hold
         WHERE released_on IS NULL AND review_on <= ?1 ORDER BY review_on, hold_id",
    )?;
    let rows = statement.query_map([today], hold_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A note of a call, a visit or a thought.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of contact_note")]
pub struct NoteRow {
    pub scope_kind: String,
    pub scope_key: String,
    pub noted_at: String,
    pub author: String,
    pub role: String,
    pub note_kind: String,
    pub note: String,
    pub noted_on: String,
}

/// Adds a note.
///
/// # Errors
/// When the database cannot be written.
pub fn add_note(tx: &mut Tx<'_>, note: &NoteRow) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO contact_note (scope_kind, scope_key, noted_at, author, role, note_kind, note, noted_on)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            note.scope_kind,
            note.scope_key,
            note.noted_at,
            note.author,
            note.role,
            note.note_kind,
            note.note,
            note.noted_on
        ],
    )?;
    let key = format!("{} {}", note.scope_kind, note.scope_key);
    let after = serde_json::json!({ "kind": note.note_kind, "note": note.note }).to_string();
    tx.audit(Change {
        action: "note",
        entity: "contact_note",
        entity_id: &key,
        before_json: None,
        after_json: Some(&after),
    })
}

/// Notes of a scope, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn notes(db: &impl Db, scope_kind: &str, scope_key: &str) -> Result<Vec<NoteRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT scope_kind, scope_key, noted_at, author, role, note_kind, note, noted_on FROM contact_note
         WHERE scope_kind = ?1 AND scope_key = ?2 ORDER BY contact_note_id",
    )?;
    let rows = statement.query_map([scope_kind, scope_key], |r| {
        Ok(NoteRow {
            scope_kind: r.get(0)?,
            scope_key: r.get(1)?,
            noted_at: r.get(2)?,
            author: r.get(3)?,
            role: r.get(4)?,
            note_kind: r.get(5)?,
            note: r.get(6)?,
            noted_on: r.get(7)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
