//! Writing what was computed from a whole roll: readings of owner lines, owners at their addresses, links, address roles.
//!
//! A run replaces the one before. Rows come in the order of their keys and indexes are made behind them: kept up row by row they
//! cost more than the rows.

use std::ops::Range;

use rusqlite::{Statement, params};

use super::owner_groups::{AddressRow, PartyRow};
use super::view::Db;
use super::{Error, Tx, owner_find};
use crate::model::party::Party;

/// Indexes made when the rows are in: those of migrations 0015 and 0008. Keys of owners have none, see `owner_find`.
const INDEXES: &[(&str, &str)] = &[
    ("owner_node_group", "owner_node (owner_group_id)"),
    ("owner_node_parcel_node", "owner_node_parcel (owner_node_id)"),
];

/// An owner at a mailing address, to be stored.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct NewNode<'a> {
    pub node_id: i64,
    pub name_key: &'a str,
    pub mail_key: &'a str,
    pub kind: &'a str,
    pub owner_line_id: i64,
    pub n_parcels: u32,
    pub evidence_parcel_id: i64,
    pub group_id: i64,
}

/// Takes nodes one after the other.
pub type NodeSink<'s> = &'s mut dyn FnMut(NewNode<'_>) -> Result<(), Error>;

/// A link between two nodes, to be stored.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct NewLink {
    pub a: i64,
    pub b: i64,
    pub rule: &'static str,
    pub by_address: bool,
}

/// Replaces nodes, parcels, links and roles by those of a new run. Nodes are in the order of their keys (see `owner_find`),
/// parcels are (parcel, node), in the order of parcels; `ids_by_name` are the ids of all nodes in the order of name keys. Call
/// [`make_indexes`] behind it.
///
/// # Errors
/// When the database cannot be written.
pub fn replace(
    tx: &mut Tx<'_>,
    (nodes, ids_by_name): (impl FnOnce(NodeSink<'_>) -> Result<(), Error>, impl ExactSizeIterator<Item = u32>),
    parcels: impl Iterator<Item = (i64, i64)>,
    links: impl Iterator<Item = NewLink>,
    addresses: impl Iterator<Item = AddressRow>,
) -> Result<(), Error> {
    owner_find::put_names(tx, ids_by_name)?;
    for (index, _) in INDEXES {
        tx.tx.execute_batch(&format!("DROP INDEX IF EXISTS {index}"))?;
    }
    tx.tx.execute_batch(
        "DELETE FROM owner_link; DELETE FROM owner_node_parcel; DELETE FROM owner_node; DELETE FROM address_role;",
    )?;
    let mut statement = tx.tx.prepare("INSERT INTO owner_node VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    nodes(&mut |n| {
        statement.execute(params![
            n.node_id,
            n.name_key,
            n.mail_key,
            n.kind,
            n.owner_line_id,
            n.n_parcels,
            n.evidence_parcel_id,
            n.group_id
        ])?;
        Ok(())
    })?;
    let mut statement = tx.tx.prepare("INSERT INTO owner_node_parcel VALUES (?1, ?2)")?;
    for (parcel_id, node_id) in parcels {
        statement.execute([parcel_id, node_id])?;
    }
    let mut statement = tx.tx.prepare("INSERT OR IGNORE INTO owner_link VALUES (?1, ?2, ?3, ?4)")?;
    for link in links {
        statement.execute(params![link.a, link.b, link.rule, link.by_address])?;
    }
    let mut statement = tx.tx.prepare("INSERT INTO address_role VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for r in addresses {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let counts = (count(r.n_names), count(r.n_groups), count(r.n_families), count(r.n_associations));
        statement.execute(params![r.mail_key, r.role, counts.0, counts.1, counts.2, counts.3])?;
    }
    Ok(())
}

/// Makes the indexes of what [`replace`] wrote.
///
/// # Errors
/// When the database cannot be written.
pub fn make_indexes(tx: &mut Tx<'_>) -> Result<(), Error> {
    for (index, columns) in INDEXES {
        tx.tx.execute_batch(&format!("CREATE INDEX {index} ON {columns}"))?;
    }
    Ok(())
}

/// Registers new group numbers.
///
/// # Errors
/// When the database cannot be written.
pub fn add_groups(tx: &mut Tx<'_>, numbers: Range<i64>) -> Result<(), Error> {
    let at = tx.authorship().at.0.clone();
    tx.tx
        .prepare_cached(
            "WITH RECURSIVE number (n) AS (SELECT ?1 WHERE ?1 < ?2 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < ?2)
             INSERT INTO owner_group (owner_group_id, first_seen) SELECT n, ?3 FROM number",
        )?
        .execute(params![numbers.start, numbers.end, at])?;
    Ok(())
}

/// Calls `each` with (name key, mail key, group) of every node of the last run, for numbering the next run: in the order of
/// mail keys, then name keys, as [`replace`] was given them.
///
/// # Errors
/// When the database cannot be read.
pub fn each_numbered(db: &impl Db, mut each: impl FnMut(&str, &str, i64)) -> Result<(), Error> {
    let mut statement =
        db.connection().prepare("SELECT name_key, mail_key, owner_group_id FROM owner_node ORDER BY owner_node_id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(text(row, 0)?, text(row, 1)?, row.get(2)?);
    }
    Ok(())
}

pub(super) fn text<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<&'r str, Error> {
    Ok(row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?.unwrap_or_default())
}

/// Calls `each` with (parcel, owner line, mailing address) of every current parcel with an owner who is not withheld, in the
/// order of parcels.
///
/// # Errors
/// When the database cannot be read.
pub fn each_owned(db: &impl Db, mut each: impl FnMut(i64, i64, Option<i64>)) -> Result<(), Error> {
    let mut statement = db.connection().prepare(
        "SELECT p.parcel_id, v.owner_line_id, v.mailing_address_id
         FROM parcel p
         JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         WHERE p.retired_snapshot_id IS NULL AND v.owner_line_id IS NOT NULL
           AND p.parcel_id NOT IN (SELECT parcel_id FROM parcel_withheld)
         ORDER BY p.parcel_id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?, row.get(1)?, row.get(2)?);
    }
    Ok(())
}

/// Calls `each` with every owner line, in the order of ids; name columns are separated by line breaks.
///
/// # Errors
/// When the database cannot be read.
pub fn each_owner_line(db: &impl Db, mut each: impl FnMut(i64, &str)) -> Result<(), Error> {
    let mut statement =
        db.connection().prepare("SELECT owner_line_id, owner_text FROM owner_line ORDER BY owner_line_id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?, text(row, 1)?);
    }
    Ok(())
}

/// Calls `each` with every mailing address, in the order of ids: its lines and ZIP.
///
/// # Errors
/// When the database cannot be read.
pub fn each_mailing(db: &impl Db, mut each: impl FnMut(i64, &str, &str)) -> Result<(), Error> {
    let mut statement = db
        .connection()
        .prepare("SELECT mailing_address_id, lines, zip FROM mailing_address ORDER BY mailing_address_id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?, text(row, 1)?, text(row, 2)?);
    }
    Ok(())
}

/// The first situs of a current parcel; empty when it has none.
///
/// # Errors
/// When the database cannot be read.
pub fn first_situs(db: &impl Db, parcel_id: i64) -> Result<String, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT s.situs_text FROM parcel p JOIN situs s ON s.parcel_version_id = p.current_version_id
         WHERE p.parcel_id = ?1 ORDER BY s.situs_id LIMIT 1",
    )?;
    Ok(statement.query_map([parcel_id], |r| r.get(0))?.next().transpose()?.unwrap_or_default())
}

/// Number of owner lines; calls `each` with the ids of those that were read, ascending.
///
/// # Errors
/// When the database cannot be read.
pub fn read_lines(db: &impl Db, mut each: impl FnMut(i64)) -> Result<usize, Error> {
    let n: u32 = db.connection().query_row("SELECT COUNT(*) FROM owner_line", [], |r| r.get(0))?;
    let mut statement = db.connection().prepare("SELECT owner_line_id FROM owner_reading ORDER BY owner_line_id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(row.get(0)?);
    }
    Ok(n as usize)
}

/// How many parcels, owner lines and mailing addresses there are at most: the room that a roll needs.
///
/// # Errors
/// When the database cannot be read.
pub fn sizes(db: &impl Db) -> Result<[usize; 3], Error> {
    let last = |table: &str| -> Result<usize, Error> {
        let sql = format!("SELECT COALESCE(MAX(rowid), 0) FROM {table}");
        Ok(db.connection().query_row(&sql, [], |r| r.get::<_, u32>(0))? as usize)
    };
    Ok([last("parcel")?, last("owner_line")?, last("mailing_address")?])
}

/// Owner lines that are not read yet: those of older rolls after [`forget_readings`].
///
/// # Errors
/// When the database cannot be read.
pub fn unread_lines(db: &impl Db) -> Result<Vec<(i64, String)>, Error> {
    let mut statement = db.connection().prepare(
        "SELECT o.owner_line_id, o.owner_text FROM owner_line o
         WHERE NOT EXISTS (SELECT 1 FROM owner_reading r WHERE r.owner_line_id = o.owner_line_id)
         ORDER BY o.owner_line_id",
    )?;
    Ok(statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// Drops all readings, because the line style or the reader changed.
///
/// # Errors
/// When the database cannot be written.
pub fn forget_readings(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.tx.execute_batch("DELETE FROM owner_reading")?;
    Ok(())
}

/// How an owner line was read, to be stored.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct NewReading {
    pub owner_line_id: i64,
    pub kind: &'static str,
    /// Words with blanks between them.
    pub flags: String,
    /// Words with blanks between them.
    pub rules: String,
    /// From [`parties_json`].
    pub parties: String,
}

/// Stores readings of owner lines one by one.
#[derive(Debug)]
pub struct Readings<'t> {
    insert: Statement<'t>,
}

impl<'t> Readings<'t> {
    /// Prepares what every line needs.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn begin(tx: &'t Tx<'_>) -> Result<Self, Error> {
        Ok(Self { insert: tx.tx.prepare("INSERT INTO owner_reading VALUES (?1, ?2, ?3, ?4, ?5)")? })
    }

    /// Stores the reading of one owner line.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add(&mut self, r: &NewReading) -> Result<(), Error> {
        self.insert.execute(params![r.owner_line_id, r.kind, r.flags, r.rules, r.parties])?;
        Ok(())
    }
}

/// Parties as they are stored with the reading of their line.
pub fn parties_json(parties: &[Party]) -> String {
    let mut out = String::with_capacity(parties.len() * 64 + 2);
    to_json(parties, &mut out);
    out
}

fn to_json(parties: &[Party], out: &mut String) {
    out.clear();
    out.push('[');
    for (n, party) in parties.iter().enumerate() {
        out.push_str(if n > 0 { ",[" } else { "[" });
        let p = &party.person;
        let texts = [party.kind.as_str(), party.role.as_str(), &party.name, &p.surname, &p.given, &p.middle, &p.suffix];
        for text in texts {
            push_json(text, out);
            out.push(',');
        }
        match party.share {
            Some((part, whole)) => push_json(&format!("{part}/{whole}"), out),
            None => out.push_str("null"),
        }
        out.push(']');
    }
    out.push(']');
}

fn push_json(text: &str, out: &mut String) {
    if text.bytes().any(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)) {
        out.push_str(&serde_json::Value::from(text).to_string());
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}

/// Parties as [`parties_json`] wrote them.
pub(super) fn parties_from(json: &str) -> Result<Vec<PartyRow>, Error> {
    type Columns = (String, String, String, String, String, String, String, Option<String>);
    let rows: Vec<Columns> =
        serde_json::from_str(json).map_err(|e| Error::Broken { what: format!("parties of an owner line: {e}") })?;
    let row = |(kind, role, name, surname, given, middle, suffix, share)| PartyRow {
        kind,
        role,
        name,
        surname,
        given,
        middle,
        suffix,
        share,
    };
    Ok(rows.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::{parties_from, to_json};
    use crate::model::party::{Party, PartyKind, PartyRole, PersonName};

    #[test]
    fn parties_come_back_as_they_were_stored() {
        let text = |t: &str| t.to_owned();
        let person = PersonName { surname: text("Ñ\"U\\Ñ"), given: text("A\tB"), ..PersonName::default() };
        let company = Party {
            kind: PartyKind::Company,
            role: PartyRole::Dba,
            name: text("ZEDI & SON'S"),
            person: PersonName::default(),
            share: None,
        };
        let owner =
            Party { kind: PartyKind::Person, role: PartyRole::Owner, name: text("\u{1}"), person, share: Some((1, 2)) };
        let mut json = String::new();
        to_json(&[owner, company], &mut json);
        let rows = parties_from(&json).unwrap();
        assert_eq!(
            (rows[0].surname.as_str(), rows[0].given.as_str(), rows[0].name.as_str()),
            ("Ñ\"U\\Ñ", "A\tB", "\u{1}")
        );
        assert_eq!((rows[0].share.as_deref(), rows[1].share.as_deref()), (Some("1/2"), None));
        assert_eq!(
            (rows[1].kind.as_str(), rows[1].role.as_str(), rows[1].name.as_str()),
            ("company", "dba", "ZEDI & SON'S")
        );
        to_json(&[], &mut json);
        assert_eq!(parties_from(&json).unwrap(), []);
    }
}
