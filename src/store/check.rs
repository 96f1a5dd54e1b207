//! Looking the database over: pages, schema, foreign keys, audit chain, and rows that point nowhere or are out of date.
//!
//! Every finding names what repairs it. A letter that was changed inside a value on the disk is not found here: SQLite keeps
//! no sums of its pages; the manifest of a backup has one of the whole file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rusqlite::Connection;

use super::open::MIGRATIONS;
use super::{Change, Error, Reader, Tx};

/// Something a check found, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub what: String,
    /// A command or act that repairs it.
    pub repair: String,
}

const RESTORE: &str = "restore the newest backup whose `taptrace check` is clean, into a new file";
const REPAIR: &str = "taptrace check --repair";
const GROUP: &str = "taptrace owner group";
const MATCH: &str = "taptrace match run";

fn finding(what: impl Into<String>, repair: &str) -> Finding {
    Finding { what: what.into(), repair: repair.to_owned() }
}

/// Looks the whole database over.
///
/// # Errors
/// When the database cannot be read; a damaged one is a finding.
pub fn check(reader: &Reader) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    match look(reader, &mut findings) {
        Err(Error::Damaged { trouble }) => {
            findings.push(finding(format!("the file is damaged: {trouble}"), RESTORE));
            Ok(findings)
        }
        outcome => outcome.map(|()| findings),
    }
}

fn look(reader: &Reader, findings: &mut Vec<Finding>) -> Result<(), Error> {
    findings.extend(pages(&reader.connection)?);
    let differences = schema(&reader.connection)?;
    findings.extend(differences.iter().map(Difference::finding));
    if differences.iter().any(|d| d.is_missing && matches!(d.kind.as_str(), "table" | "view")) {
        // What follows reads them.
        return Ok(());
    }
    findings.extend(foreign_keys(&reader.connection)?);
    for what in reader.verify_audit()? {
        let repair = if what.contains("not anchored yet") {
            "a crash came between a commit and its anchor; the next write anchors it"
        } else if what.contains("was missing when") {
            "put the lines of the old anchor file, as from a backup, in front of those of this one"
        } else if what.contains("is missing") {
            "copy it from where the database was before; where nobody moved the database, find out who took it away, and restore the newest backup"
        } else {
            "restore the newest backup whose `taptrace check` is clean, and find out who touched the file"
        };
        findings.push(finding(what, repair));
    }
    findings.extend(orphans(&reader.connection)?);
    findings.extend(stale_links(&reader.connection)?);
    Ok(())
}

/// What the copy of a backup must have in order.
pub(super) fn integrity(connection: &Connection) -> Result<Vec<Finding>, Error> {
    let mut findings = pages(connection)?;
    findings.extend(foreign_keys(connection)?);
    Ok(findings)
}

fn pages(connection: &Connection) -> Result<Vec<Finding>, Error> {
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines: Vec<String> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    // What an index lacks is in its table still; one line for all its rows.
    let index_of = |line: &str| {
        let (_, name) = line.split_once("missing from index ").or_else(|| line.split_once("entries in index "))?;
        Some(name.to_owned())
    };
    let mut indexes = BTreeSet::new();
    let mut findings = Vec::new();
    for line in lines.into_iter().filter(|l| l != "ok") {
        match index_of(&line) {
            Some(name) => drop(indexes.insert(name)),
            None => findings.push(finding(format!("integrity: {line}"), RESTORE)),
        }
    }
    findings.extend(
        indexes
            .iter()
            .map(|name| finding(format!("integrity: the index {name} is out of step with its table"), REPAIR)),
    );
    Ok(findings)
}

fn foreign_keys(connection: &Connection) -> Result<Vec<Finding>, Error> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let rows = statement
        .query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, Option<i64>>(1)?, r.get::<_, String>(2)?)))?;
    let mut broken: BTreeMap<(String, String), (usize, Option<i64>)> = BTreeMap::new();
    for row in rows {
        let (table, rowid, parent) = row?;
        broken.entry((table, parent)).or_insert((0, rowid)).0 += 1;
    }
    Ok(broken
        .into_iter()
        .map(|((table, parent), (n, first))| {
            let mut what = format!("foreign key: {n} rows of {table} point to a missing {parent}");
            if let Some(row) = first {
                let _ = write!(what, ", the first is row {row}");
            }
            // Computed rows are made anew from what is there.
            let repair = match table.as_str() {
                "match_link" => MATCH,
                "owner_node" if parent == "owner_group" => RESTORE,
                "owner_node" | "owner_node_parcel" | "owner_link" | "address_role" | "owner_reading" => GROUP,
                _ => RESTORE,
            };
            finding(what, repair)
        })
        .collect())
}

/// A table, view, index or trigger that is not as the migrations made it.
struct Difference {
    kind: String,
    name: String,
    /// Its text as it should be; `None` where it should not be at all.
    sql: Option<String>,
    is_missing: bool,
}

impl Difference {
    /// Indexes, triggers and views hold no rows of their own, so that they can be made anew.
    fn is_repairable(&self) -> bool {
        self.sql.is_some() && self.kind != "table"
    }

    fn finding(&self) -> Finding {
        let Difference { kind, name, sql, is_missing } = self;
        let (how, repair) = match (sql, is_missing) {
            (None, _) => ("is not ours", format!("find out who made it, then take it away: DROP {kind} {name}")),
            (Some(_), _) if !self.is_repairable() => ("is missing or not as taptrace made it", RESTORE.to_owned()),
            (Some(_), true) => ("is missing", REPAIR.to_owned()),
            (Some(_), false) => ("is not as taptrace made it", REPAIR.to_owned()),
        };
        Finding { what: format!("schema: the {kind} {name} {how}"), repair }
    }
}

type Objects = BTreeMap<(String, String), String>;

fn objects(connection: &Connection) -> Result<Objects, Error> {
    let mut statement = connection.prepare(
        "SELECT type, name, sql
         FROM sqlite_schema
         WHERE name NOT LIKE 'sqlite_%' AND sql IS NOT NULL",
    )?;
    let rows = statement.query_map([], |r| Ok(((r.get(0)?, r.get(1)?), r.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Compares the schema with a fresh one.
fn schema(connection: &Connection) -> Result<Vec<Difference>, Error> {
    let fresh = Connection::open_in_memory()?;
    for sql in MIGRATIONS {
        fresh.execute_batch(sql)?;
    }
    let (wanted, mut found) = (objects(&fresh)?, objects(connection)?);
    let mut differences = Vec::new();
    for ((kind, name), sql) in wanted {
        let there = found.remove(&(kind.clone(), name.clone()));
        if there.as_ref() != Some(&sql) {
            differences.push(Difference { kind, name, sql: Some(sql), is_missing: there.is_none() });
        }
    }
    let foreign = found.into_keys().map(|(kind, name)| Difference { kind, name, sql: None, is_missing: false });
    differences.extend(foreign);
    Ok(differences)
}

/// Makes indexes, triggers and views anew that are missing or other than ours, and fills every index from its table; returns what was made.
///
/// # Errors
/// When the database cannot be written.
pub fn repair(tx: &mut Tx<'_>) -> Result<Vec<String>, Error> {
    let mut made = Vec::new();
    for difference in schema(&tx.tx)?.into_iter().filter(Difference::is_repairable) {
        let Difference { kind, name, sql, is_missing } = difference;
        if !is_missing {
            tx.tx.execute_batch(&format!("DROP {kind} \"{name}\""))?;
        }
        tx.tx.execute_batch(sql.as_deref().unwrap_or_default())?;
        made.push(format!("{kind} {name}"));
    }
    tx.tx.execute_batch("REINDEX")?;
    let after = serde_json::json!({ "made": made }).to_string();
    tx.audit(Change {
        action: "repair",
        entity: "database",
        entity_id: "",
        before_json: None,
        after_json: Some(&after),
    })?;
    Ok(made)
}

/// What, how many, and what repairs it.
const ORPHANS: &[(&str, &str, &str)] = &[
    (
        "parcels without a current version",
        "SELECT COUNT(*) FROM parcel p WHERE NOT EXISTS (
             SELECT 1 FROM parcel_version v WHERE v.parcel_version_id = p.current_version_id)",
        RESTORE,
    ),
    (
        "parcels with an owner on the roll and no period of ownership",
        "SELECT COUNT(*)
         FROM parcel p JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         WHERE v.owner_line_id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM ownership_interval i WHERE i.parcel_id = p.parcel_id)",
        RESTORE,
    ),
    (
        "parcels with an owner on the roll and in no owner group",
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM owner_node_parcel)
             THEN (SELECT COUNT(*) FROM owner_on_roll r
                   WHERE r.owner_text <> '' AND NOT EXISTS (SELECT 1 FROM owner_node_parcel n WHERE n.parcel_id = r.parcel_id))
             ELSE 0 END",
        GROUP,
    ),
    (
        "links to retired parcels",
        "SELECT COUNT(*) FROM match_link l JOIN parcel p ON p.parcel_id = l.parcel_id
         WHERE p.retired_snapshot_id IS NOT NULL AND l.rank = 1",
        MATCH,
    ),
    (
        "premises that were never matched",
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM match_link)
             THEN (SELECT COUNT(*) FROM premise p WHERE NOT EXISTS (SELECT 1 FROM match_link l WHERE l.premise_id = p.premise_id))
             ELSE 0 END",
        MATCH,
    ),
    (
        "imports whose counts do not add up",
        "SELECT COUNT(*) FROM source_snapshot WHERE read_count <> stored_count + duplicate_count + rejected_count",
        RESTORE,
    ),
    (
        "decisions that wait for a second look",
        "SELECT COUNT(*) FROM match_decision WHERE is_stale = 1 AND superseded_by IS NULL",
        "taptrace match review",
    ),
];

fn orphans(connection: &Connection) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for (what, sql, repair) in ORPHANS {
        let n: i64 = connection.query_row(sql, [], |r| r.get(0))?;
        if n > 0 {
            findings.push(finding(format!("{n} {what}"), repair));
        }
    }
    Ok(findings)
}

/// Links made before the last roll came in.
fn stale_links(connection: &Connection) -> Result<Vec<Finding>, Error> {
    let is_stale: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM match_link) AND
                COALESCE((SELECT MAX(audit_id) FROM audit_log WHERE action = 'import'), 0)
              > COALESCE((SELECT MAX(audit_id) FROM audit_log WHERE action = 'match'), 0)",
        [],
        |r| r.get(0),
    )?;
    let is_gone: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM audit_log WHERE action = 'match') AND EXISTS (SELECT 1 FROM premise)
                AND NOT EXISTS (SELECT 1 FROM match_link)",
        [],
        |r| r.get(0),
    )?;
    if is_gone {
        return Ok(vec![finding("the links of the last match run are gone", MATCH)]);
    }
    Ok(if is_stale { vec![finding("links are older than the last import", MATCH)] } else { Vec::new() })
}
