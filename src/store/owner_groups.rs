//! Parties, owners at their addresses, links, groups and address roles as computed from the last roll.
//!
//! `owner_rebuild` writes the computed rows of a run; `owner_group` and its events only grow. Readers skip withheld parcels.

use rusqlite::params;

use super::view::Db;
use super::{Error, Tx, owner_find};

/// An owner at a mailing address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct NodeRow {
    pub node_id: i64,
    pub name_key: String,
    pub mail_key: String,
    pub kind: String,
    pub display: String,
    pub n_parcels: u32,
    pub evidence_parcel_id: i64,
    pub group_id: i64,
}

/// A link between two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct LinkRow {
    pub a: i64,
    pub b: i64,
    pub rule: String,
    pub by_address: bool,
}

/// The judgement of a mailing address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct AddressRow {
    pub mail_key: String,
    pub role: String,
    pub n_names: usize,
    pub n_groups: usize,
    pub n_families: usize,
    pub n_associations: usize,
    /// Role that a person gave it.
    pub confirmed: Option<String>,
}

/// One party of an owner line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct PartyRow {
    pub kind: String,
    pub role: String,
    pub name: String,
    pub surname: String,
    pub given: String,
    pub middle: String,
    pub suffix: String,
    pub share: Option<String>,
}

/// Columns of a node, in the order of [`node_of`].
const NODE_COLUMNS: &str = "n.owner_node_id, n.name_key, n.mail_key, n.kind,
     REPLACE((SELECT o.owner_text FROM owner_line o WHERE o.owner_line_id = n.owner_line_id), char(10), ' / '),
     n.n_parcels, n.evidence_parcel_id, n.owner_group_id";
/// A node with at least one parcel that is not withheld.
const NODE_VISIBLE: &str = "EXISTS (SELECT 1 FROM owner_node_parcel v WHERE v.owner_node_id = n.owner_node_id
     AND v.parcel_id NOT IN (SELECT parcel_id FROM parcel_withheld))";

fn node_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<NodeRow> {
    Ok(NodeRow {
        node_id: row.get(0)?,
        name_key: row.get(1)?,
        mail_key: row.get(2)?,
        kind: row.get(3)?,
        display: row.get(4)?,
        n_parcels: row.get(5)?,
        evidence_parcel_id: row.get(6)?,
        group_id: row.get(7)?,
    })
}

fn nodes_where(db: &impl Db, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<NodeRow>, Error> {
    let sql = format!(
        "SELECT {NODE_COLUMNS} FROM owner_node n WHERE {condition} AND {NODE_VISIBLE} ORDER BY n.owner_node_id"
    );
    let mut statement = db.connection().prepare_cached(&sql)?;
    Ok(statement.query_map(values, node_of)?.collect::<Result<_, _>>()?)
}

/// The node of a parcel; `None` when it is withheld, has no owner or the groups were never computed.
///
/// # Errors
/// When the database cannot be read.
pub fn node_of_parcel(db: &impl Db, parcel_no: &str) -> Result<Option<NodeRow>, Error> {
    let condition = "n.owner_node_id = (SELECT m.owner_node_id FROM owner_node_parcel m JOIN parcel p USING (parcel_id)
         WHERE p.parcel_no = ?1 AND p.parcel_id NOT IN (SELECT parcel_id FROM parcel_withheld))";
    Ok(nodes_where(db, condition, &[&parcel_no])?.pop())
}

/// The node of an id.
///
/// # Errors
/// When the database cannot be read.
pub fn node_by_id(db: &impl Db, node_id: i64) -> Result<Option<NodeRow>, Error> {
    Ok(nodes_where(db, "n.owner_node_id = ?1", &[&node_id])?.pop())
}

/// Owners of a group.
///
/// # Errors
/// When the database cannot be read.
pub fn owners_in_group(db: &impl Db, group_id: i64) -> Result<usize, Error> {
    let mut statement = db.connection().prepare_cached("SELECT COUNT(*) FROM owner_node WHERE owner_group_id = ?1")?;
    Ok(statement.query_row([group_id], |r| r.get::<_, u32>(0))? as usize)
}

/// Members of a group.
///
/// # Errors
/// When the database cannot be read.
pub fn nodes_of_group(db: &impl Db, group_id: i64) -> Result<Vec<NodeRow>, Error> {
    nodes_where(db, "n.owner_group_id = ?1", &[&group_id])
}

/// Owners at a mailing address.
///
/// # Errors
/// When the database cannot be read.
pub fn nodes_at(db: &impl Db, mail_key: &str) -> Result<Vec<NodeRow>, Error> {
    let ids = owner_find::at_address(db, mail_key)?;
    nodes_where(db, "n.owner_node_id >= ?1 AND n.owner_node_id < ?2", &[&ids.start, &ids.end])
}

/// Owners with a name key, at any address.
///
/// # Errors
/// When the database cannot be read.
pub fn nodes_named(db: &impl Db, name_key: &str) -> Result<Vec<NodeRow>, Error> {
    let mut nodes = Vec::new();
    for id in owner_find::named(db, name_key)? {
        nodes.extend(node_by_id(db, id)?);
    }
    Ok(nodes)
}

/// Owners whose line holds all of the words (upper case), at most `limit`.
///
/// # Errors
/// When the database cannot be read.
pub fn nodes_with_words(db: &impl Db, words: &[String], limit: usize) -> Result<Vec<NodeRow>, Error> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = db.connection().prepare_cached(&format!(
        "SELECT {NODE_COLUMNS} FROM owner_node n JOIN owner_line l ON l.owner_line_id = n.owner_line_id
         WHERE l.owner_text LIKE ?1 AND {NODE_VISIBLE}
         ORDER BY n.owner_node_id"
    ))?;
    let longest = words.iter().max_by_key(|w| w.len()).map_or("", String::as_str);
    let found = statement.query_map([format!("%{}%", longest.replace(['%', '_'], ""))], node_of)?;
    let mut nodes = Vec::new();
    for node in found {
        let node = node?;
        let upper = node.display.to_uppercase();
        let has: Vec<&str> = upper.split(|c: char| !c.is_alphanumeric()).collect();
        if words.iter().all(|w| has.contains(&w.as_str())) {
            nodes.push(node);
            if nodes.len() >= limit {
                break;
            }
        }
    }
    Ok(nodes)
}

/// Where a group is today: itself, or the group it was merged into.
///
/// # Errors
/// When the database cannot be read.
pub fn current_group(db: &impl Db, group_id: i64) -> Result<Option<i64>, Error> {
    let mut statement = db.connection().prepare_cached(
        "WITH RECURSIVE chain (id, next, depth) AS (
             SELECT owner_group_id, merged_into, 0 FROM owner_group WHERE owner_group_id = ?1
             UNION ALL
             SELECT g.owner_group_id, g.merged_into, depth + 1 FROM chain c JOIN owner_group g ON g.owner_group_id = c.next
             WHERE depth < 100)
         SELECT id FROM chain ORDER BY depth DESC LIMIT 1",
    )?;
    Ok(statement.query_map([group_id], |r| r.get(0))?.next().transpose()?)
}

/// Parcels of a group that are not withheld.
///
/// # Errors
/// When the database cannot be read.
pub fn parcels_of_group(db: &impl Db, group_id: i64) -> Result<u32, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT COUNT(*) FROM owner_node n JOIN owner_node_parcel m USING (owner_node_id)
         WHERE n.owner_group_id = ?1 AND m.parcel_id NOT IN (SELECT parcel_id FROM parcel_withheld)",
    )?;
    Ok(statement.query_row([group_id], |r| r.get(0))?)
}

/// Links with both ends in one group, whatever decisions say.
///
/// # Errors
/// When the database cannot be read.
pub fn links_of(db: &impl Db, node_id: i64) -> Result<Vec<LinkRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT a, b, rule, by_address FROM owner_link WHERE a = ?1
         UNION ALL
         SELECT a, b, rule, by_address FROM owner_link WHERE b = ?1
         ORDER BY a, b",
    )?;
    let rows = statement
        .query_map([node_id], |r| Ok(LinkRow { a: r.get(0)?, b: r.get(1)?, rule: r.get(2)?, by_address: r.get(3)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The role of a mailing address, with what a person said about it.
///
/// # Errors
/// When the database cannot be read.
pub fn address_role(db: &impl Db, mail_key: &str) -> Result<Option<AddressRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT r.mail_key, r.role, r.n_names, r.n_groups, r.n_families, r.n_associations,
                (SELECT d.role FROM address_decision d WHERE d.mail_key = r.mail_key AND d.withdrawn_at IS NULL)
         FROM address_role r
         WHERE r.mail_key = ?1",
    )?;
    let found = statement.query_map([mail_key], |r| {
        Ok(AddressRow {
            mail_key: r.get(0)?,
            role: r.get(1)?,
            n_names: r.get::<_, u32>(2)? as usize,
            n_groups: r.get::<_, u32>(3)? as usize,
            n_families: r.get::<_, u32>(4)? as usize,
            n_associations: r.get::<_, u32>(5)? as usize,
            confirmed: r.get(6)?,
        })
    })?;
    Ok(found.into_iter().next().transpose()?)
}

/// Roles that people gave to addresses and have not taken back, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn address_decisions(db: &impl Db) -> Result<Vec<(String, String)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT mail_key, role FROM address_decision WHERE withdrawn_at IS NULL ORDER BY address_decision_id",
    )?;
    Ok(statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// Parties of the owner line that the roll shows for a parcel, with the line's flags; none when withheld.
///
/// # Errors
/// When the database cannot be read.
pub fn parties_of(db: &impl Db, parcel_no: &str) -> Result<(Vec<PartyRow>, String), Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT r.parties, r.flags
         FROM parcel p
         JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         JOIN owner_reading r ON r.owner_line_id = v.owner_line_id
         WHERE p.parcel_no = ?1 AND p.parcel_id NOT IN (SELECT parcel_id FROM parcel_withheld)",
    )?;
    let found: Option<(String, String)> =
        statement.query_map([parcel_no], |r| Ok((r.get(0)?, r.get(1)?)))?.next().transpose()?;
    found.map_or_else(|| Ok(<_>::default()), |(json, flags)| Ok((super::owner_rebuild::parties_from(&json)?, flags)))
}

/// A merge or split of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct EventRow {
    pub event: String,
    pub from_group: i64,
    pub into_group: i64,
    pub at: String,
    pub actor: String,
    pub reason: String,
}

/// Merges and splits that touch a group, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn events_of(db: &impl Db, group_id: i64) -> Result<Vec<EventRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT event, from_group, into_group, at, actor, reason FROM owner_group_event
         WHERE from_group = ?1 OR into_group = ?1
         ORDER BY owner_group_event_id DESC",
    )?;
    let rows = statement.query_map([group_id], |r| {
        Ok(EventRow {
            event: r.get(0)?,
            from_group: r.get(1)?,
            into_group: r.get(2)?,
            at: r.get(3)?,
            actor: r.get(4)?,
            reason: r.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The first group number never used.
///
/// # Errors
/// When the database cannot be read.
pub fn next_group(db: &impl Db) -> Result<i64, Error> {
    Ok(db.connection().query_row("SELECT COALESCE(MAX(owner_group_id), 0) + 1 FROM owner_group", [], |r| r.get(0))?)
}

/// The mark of what the stored groups were computed from; empty when never.
///
/// # Errors
/// When the database cannot be read.
pub fn mark(db: &impl Db) -> Result<String, Error> {
    let mut statement = db.connection().prepare_cached("SELECT value FROM setting WHERE name = 'owner_groups'")?;
    Ok(statement.query_map([], |r| r.get(0))?.next().transpose()?.unwrap_or_default())
}

/// A mark that changes with every roll or layer imported.
///
/// # Errors
/// When the database cannot be read.
pub fn roll_mark(db: &impl Db) -> Result<i64, Error> {
    let sql = "SELECT COALESCE(MAX(snapshot_id), 0) FROM source_snapshot WHERE source_kind IN ('parcels', 'roll')";
    Ok(db.connection().query_row(sql, [], |r| r.get(0))?)
}

/// Remembers what the stored groups were computed from.
///
/// # Errors
/// When the database cannot be written.
pub fn set_mark(tx: &mut Tx<'_>, mark: &str) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO setting (name, value) VALUES ('owner_groups', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1",
        [mark],
    )?;
    Ok(())
}

/// Logs a merge or a split.
///
/// # Errors
/// When the database cannot be written.
pub fn add_event(tx: &mut Tx<'_>, event: &str, from: i64, into: i64) -> Result<(), Error> {
    let by = tx.authorship().clone();
    tx.tx
        .prepare_cached(
            "INSERT INTO owner_group_event (at, actor, reason, event, from_group, into_group) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![by.at.0, by.actor, by.reason, event, from, into])?;
    if event == "merged" {
        tx.tx
            .prepare_cached("UPDATE owner_group SET merged_into = ?2 WHERE owner_group_id = ?1")?
            .execute([from, into])?;
    }
    Ok(())
}

/// Moves a node to another group.
///
/// # Errors
/// When the database cannot be written.
pub fn move_node(tx: &mut Tx<'_>, node_id: i64, group_id: i64) -> Result<(), Error> {
    tx.tx
        .prepare_cached("UPDATE owner_node SET owner_group_id = ?2 WHERE owner_node_id = ?1")?
        .execute([node_id, group_id])?;
    Ok(())
}

/// Stores the role that a person gives to an address; an earlier one is withdrawn. `None` takes it back.
///
/// # Errors
/// When the database cannot be written.
pub fn decide_address(tx: &mut Tx<'_>, mail_key: &str, role: Option<&str>) -> Result<(), Error> {
    let by = tx.authorship().clone();
    tx.tx.execute(
        "UPDATE address_decision SET withdrawn_at = ?2 WHERE mail_key = ?1 AND withdrawn_at IS NULL",
        params![mail_key, by.at.0],
    )?;
    if let Some(role) = role {
        tx.tx.execute(
            "INSERT INTO address_decision (mail_key, role, reason, decided_by, decided_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![mail_key, role, by.reason, by.actor, by.at.0],
        )?;
    }
    tx.audit(super::Change {
        action: "decide",
        entity: "address_role",
        entity_id: mail_key,
        before_json: None,
        after_json: Some(role.unwrap_or("automatic")),
    })
}
