//! The hash-chained audit log and its anchor: who changed what, when and why, and whether anybody touched that record.
//!
//! `h_n = SHA-256(h_{n-1} | n | at | actor | reason | action | entity | entity_id | before | after)`, fields separated by
//! the unit separator. The chain shows edits and gaps; the anchor file beside the database (`<db>.anchor`, one line
//! `n hash at` per commit) shows a cut tail and a log that was chained anew.

use std::io::Write;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction, named_params};
use sha2::{Digest, Sha256};

use super::error::Error;

/// Hash before the first entry.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One entry to be appended.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) at: &'a str,
    pub(crate) actor: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) action: &'a str,
    pub(crate) entity: &'a str,
    pub(crate) entity_id: &'a str,
    pub(crate) before_json: Option<&'a str>,
    pub(crate) after_json: Option<&'a str>,
}

/// Number and hash of the last entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Number of the last entry, 0 for an empty log.
    pub audit_id: i64,
    /// Its hash.
    pub hash: String,
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}

fn hash_of(prev_hash: &str, audit_id: i64, entry: &Entry<'_>) -> String {
    let mut hasher = Sha256::new();
    let number = audit_id.to_string();
    for field in [
        prev_hash,
        &number,
        entry.at,
        entry.actor,
        entry.reason,
        entry.action,
        entry.entity,
        entry.entity_id,
        entry.before_json.unwrap_or("\u{1e}"),
        entry.after_json.unwrap_or("\u{1e}"),
    ] {
        hasher.update(field.as_bytes());
        hasher.update([0x1f]);
    }
    hex(&hasher.finalize())
}

/// The last entry's number and hash.
pub(crate) fn head(connection: &Connection) -> Result<Head, Error> {
    let found = connection
        .query_row("SELECT audit_id, hash FROM audit_log ORDER BY audit_id DESC LIMIT 1", [], |row| {
            Ok(Head { audit_id: row.get(0)?, hash: row.get(1)? })
        })
        .optional()?;
    Ok(found.unwrap_or_else(|| Head { audit_id: 0, hash: GENESIS.to_owned() }))
}

/// Appends an entry inside the caller's transaction.
pub(crate) fn append(tx: &Transaction<'_>, entry: &Entry<'_>) -> Result<Head, Error> {
    let last = head(tx)?;
    let audit_id = last.audit_id + 1;
    let hash = hash_of(&last.hash, audit_id, entry);
    tx.prepare_cached(
        "INSERT INTO audit_log (audit_id, at, actor, reason, action, entity, entity_id, before_json, after_json, prev_hash, hash)
         VALUES (:audit_id, :at, :actor, :reason, :action, :entity, :entity_id, :before_json, :after_json, :prev_hash, :hash)",
    )?
    .execute(named_params! {
        ":audit_id": audit_id, ":at": entry.at, ":actor": entry.actor, ":reason": entry.reason, ":action": entry.action,
        ":entity": entry.entity, ":entity_id": entry.entity_id, ":before_json": entry.before_json,
        ":after_json": entry.after_json, ":prev_hash": last.hash, ":hash": hash,
    })?;
    Ok(Head { audit_id, hash })
}

/// An entry of the log, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// When, in UTC.
    pub at: String,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// What was done.
    pub action: String,
}

/// What was done to one thing, oldest first.
///
/// # Errors
/// When the log cannot be read.
pub fn history(reader: &super::Reader, entity: &str, entity_id: &str) -> Result<Vec<Past>, Error> {
    let mut statement = reader.connection.prepare(
        "SELECT at, actor, reason, action
         FROM audit_log
         WHERE entity = ?1 AND entity_id = ?2
         ORDER BY audit_id",
    )?;
    let rows = statement.query_map([entity, entity_id], |r| {
        Ok(Past { at: r.get(0)?, actor: r.get(1)?, reason: r.get(2)?, action: r.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The anchor file of a database.
pub(crate) fn anchor_path(db: &Path) -> PathBuf {
    let mut name = db.file_name().unwrap_or_default().to_os_string();
    name.push(".anchor");
    db.with_file_name(name)
}

/// Marks an anchor file that was begun behind entries that an older one must have held.
const BEGUN_LATE: &str = "begun-before";

/// Appends the head to the anchor file and flushes it to disk; `first` is the first entry of this commit.
pub(crate) fn anchor(db: &Path, first: i64, head: &Head, at: &str) -> Result<(), Error> {
    let path = anchor_path(db);
    let write = || -> std::io::Result<()> {
        let is_late = first > 1 && !path.exists();
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path)?;
        if is_late {
            file.write_all(format!("{BEGUN_LATE} {first} {at}\n").as_bytes())?;
        }
        file.write_all(format!("{} {} {at}\n", head.audit_id, head.hash).as_bytes())?;
        file.sync_data()
    };
    write().map_err(|source| Error::File { action: "append to the audit anchor", path: path.clone(), source })
}

/// Walks the whole chain and compares it with the anchor file; every break is one sentence.
pub(crate) fn verify(connection: &Connection, db: &Path) -> Result<Vec<String>, Error> {
    let mut findings = Vec::new();
    let mut hashes: Vec<String> = vec![GENESIS.to_owned()];
    let mut statement = connection.prepare(
        "SELECT audit_id, at, actor, reason, action, entity, entity_id, before_json, after_json, prev_hash, hash
         FROM audit_log
         ORDER BY audit_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let audit_id: i64 = row.get(0)?;
        let text = |index: usize| -> Result<String, rusqlite::Error> { row.get(index) };
        let (at, actor, reason, action) = (text(1)?, text(2)?, text(3)?, text(4)?);
        let (entity, entity_id, prev_hash, hash) = (text(5)?, text(6)?, text(9)?, text(10)?);
        let (before_json, after_json): (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
        let expected_id = i64::try_from(hashes.len()).unwrap_or(i64::MAX);
        let last = hashes.last().map(String::as_str).unwrap_or(GENESIS);
        let entry = Entry {
            at: &at,
            actor: &actor,
            reason: &reason,
            action: &action,
            entity: &entity,
            entity_id: &entity_id,
            before_json: before_json.as_deref(),
            after_json: after_json.as_deref(),
        };
        if audit_id != expected_id || prev_hash != last || hash != hash_of(last, audit_id, &entry) {
            findings.push(format!("audit log: the chain is broken at entry {audit_id}"));
            return Ok(findings);
        }
        hashes.push(hash);
    }
    compare_with_anchor(db, &hashes, &mut findings)?;
    Ok(findings)
}

fn compare_with_anchor(db: &Path, hashes: &[String], findings: &mut Vec<String>) -> Result<(), Error> {
    let path = anchor_path(db);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            if hashes.len() > 1 {
                findings.push(format!("audit log: the anchor file {} is missing", path.display()));
            }
            return Ok(());
        }
        Err(source) => return Err(Error::File { action: "read the audit anchor", path, source }),
    };
    let mut last_anchored = 0usize;
    for line in text.lines() {
        let mut parts = line.split(' ');
        if let Some(first) =
            line.strip_prefix(BEGUN_LATE).and_then(|rest| rest.split(' ').nth(1)?.parse::<usize>().ok())
        {
            if last_anchored + 1 != first {
                findings.push(format!("audit log: the anchor file was missing when entry {first} was written; nothing vouches for those before it"));
            }
            continue;
        }
        let (Some(Ok(number)), Some(hash)) = (parts.next().map(str::parse::<usize>), parts.next()) else {
            findings.push("audit log: the anchor file has a line that is not ours".to_owned());
            return Ok(());
        };
        last_anchored = last_anchored.max(number);
        match hashes.get(number) {
            Some(found) if found == hash => {}
            Some(_) => {
                findings.push(format!("audit log: entry {number} differs from the anchor file"));
                return Ok(());
            }
            None => {
                findings.push(format!("audit log: entry {number} stands in the anchor file but is gone from the log"));
                return Ok(());
            }
        }
    }
    if last_anchored + 1 < hashes.len() {
        // A crash between commit and anchor leaves the last commit's entries unanchored; more than that is news.
        findings.push(format!("audit log: entries after {last_anchored} are not anchored yet"));
    }
    Ok(())
}
