//! Owners by their keys, without an index: rows of `owner_node` stand in the order of mail keys, then name keys, and a computed
//! blob lists their ids in the order of names, four bytes each, most significant first.
//!
//! Two text indexes would cost a tenth of regrouping a county, for questions that come one at a time.

use std::ops::Range;

use rusqlite::OptionalExtension;

use super::view::Db;
use super::{Error, Tx, blobs};

/// Bytes of an id in the blob.
const ID_BYTES: usize = 4;
/// Bytes written together.
const PIECE_BYTES: usize = 1 << 16;
/// Version of the blob's bytes.
const VERSION: &str = "1";

/// Stores the ids of all owners in the order of name keys.
///
/// # Errors
/// When the database cannot be written.
pub(super) fn put_names(tx: &mut Tx<'_>, mut ids: impl ExactSizeIterator<Item = u32>) -> Result<(), Error> {
    let (mut piece, byte_len) = (Vec::with_capacity(PIECE_BYTES), ids.len() * ID_BYTES);
    blobs::put_pieces(tx, blobs::OWNER_NAMES, ("", VERSION), byte_len, |sink| {
        while ids.len() > 0 {
            piece.clear();
            piece.extend(ids.by_ref().take(PIECE_BYTES / ID_BYTES).flat_map(u32::to_be_bytes));
            sink(&piece);
        }
    })
}

/// Ids of the owners at a mail key.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn at_address(db: &impl Db, mail_key: &str) -> Result<Range<i64>, Error> {
    let sql = "SELECT COALESCE(MAX(owner_node_id), 0) FROM owner_node";
    let n = db.connection().query_row(sql, [], |r| r.get::<_, i64>(0))?;
    let first_where = |condition: &str| -> Result<i64, Error> {
        let sql = format!("SELECT {condition} FROM owner_node WHERE owner_node_id = ?1");
        let mut statement = db.connection().prepare_cached(&sql)?;
        partition(1..n + 1, |id| Ok(statement.query_row((id, mail_key), |r| r.get(0))?))
    };
    Ok(first_where("mail_key < ?2")?..first_where("mail_key <= ?2")?)
}

/// Ids of the owners with a name key, ascending.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn named(db: &impl Db, name_key: &str) -> Result<Vec<i64>, Error> {
    let mut row = db
        .connection()
        .prepare_cached("SELECT rowid, LENGTH(bytes) FROM computed_blob WHERE kind = ?1 AND model_version = ?2")?;
    let found = row.query_row([blobs::OWNER_NAMES, VERSION], |r| Ok((r.get(0)?, r.get::<_, i64>(1)?))).optional()?;
    let Some((row_id, byte_len)) = found else { return Ok(Vec::new()) };
    let blob = db.connection().blob_open("main", "computed_blob", "bytes", row_id, true)?;
    let id_at = |at: i64| -> Result<i64, Error> {
        let mut bytes = [0; ID_BYTES];
        blob.read_at_exact(&mut bytes, at as usize * ID_BYTES)?;
        Ok(i64::from(u32::from_be_bytes(bytes)))
    };
    let n = byte_len / ID_BYTES as i64;
    let mut is_before =
        db.connection().prepare_cached("SELECT name_key < ?2 FROM owner_node WHERE owner_node_id = ?1")?;
    let start = partition(0..n, |at| Ok(is_before.query_row((id_at(at)?, name_key), |r| r.get(0))?))?;
    let mut is_same =
        db.connection().prepare_cached("SELECT name_key = ?2 FROM owner_node WHERE owner_node_id = ?1")?;
    let mut ids = Vec::new();
    for at in start..n {
        let id = id_at(at)?;
        if !is_same.query_row((id, name_key), |r| r.get(0))? {
            break;
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The first of the range for which `is_before` does not hold; it holds for a beginning of the range.
fn partition(mut range: Range<i64>, mut is_before: impl FnMut(i64) -> Result<bool, Error>) -> Result<i64, Error> {
    while range.start < range.end {
        let middle = range.start + (range.end - range.start) / 2;
        if is_before(middle)? {
            range.start = middle + 1;
        } else {
            range.end = middle;
        }
    }
    Ok(range.start)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{at_address, named};
    use crate::store::Db;
    use crate::store::open::MIGRATIONS;

    struct Old(Connection);

    impl Db for Old {
        fn connection(&self) -> &Connection {
            &self.0
        }
    }

    /// A database of version 16, its owners not in the order of their keys, brought to version 17.
    fn upgraded(nodes: &[(i64, &str, &str)]) -> Old {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        MIGRATIONS[..16].iter().for_each(|sql| db.execute_batch(sql).unwrap());
        for (id, name, mail) in nodes {
            db.execute("INSERT INTO owner_node VALUES (?1, ?2, ?3, 'person', 1, 1, ?1, 1)", (id, name, mail)).unwrap();
            db.execute("INSERT INTO owner_node_parcel VALUES (?1, ?1)", [id]).unwrap();
        }
        db.execute("INSERT INTO owner_link VALUES (?1, ?2, 'shared_name', 1)", [nodes[0].0, nodes[1].0]).unwrap();
        db.execute_batch(MIGRATIONS[16]).unwrap();
        Old(db)
    }

    #[test]
    fn owners_of_an_older_database_are_found_by_their_keys() {
        let nodes = [(3, "P:QUORN|ORA||", "9 OAK|1"), (5, "P:MARO|ANA||", "9 OAK|1"), (9, "P:MARO|ANA||", "10 ELM|1")];
        let db = upgraded(&nodes);
        let shown = |id: i64| -> (String, String, i64) {
            let sql =
                "SELECT name_key, mail_key, parcel_id FROM owner_node JOIN owner_node_parcel USING (owner_node_id)
                       WHERE owner_node_id = ?1";
            db.0.query_row(sql, [id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap()
        };
        let all = |ids: Vec<i64>| -> Vec<i64> { ids.into_iter().map(|id| shown(id).2).collect() };
        for (name, parcels) in
            [("P:MARO|ANA||", vec![9, 5]), ("P:QUORN|ORA||", vec![3]), ("P:MARO", vec![]), ("Z", vec![])]
        {
            assert_eq!(all(named(&db, name).unwrap()), parcels, "{name}");
        }
        for (mail, parcels) in [("9 OAK|1", vec![5, 3]), ("10 ELM|1", vec![9]), ("", vec![]), ("9 OAK|2", vec![])] {
            assert_eq!(all(at_address(&db, mail).unwrap().collect()), parcels, "{mail}");
        }
        let (a, b): (i64, i64) =
            db.0.query_row("SELECT a, b FROM owner_link", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        assert_eq!((shown(a).2, shown(b).2, a < b), (5, 3, true));
    }

    #[test]
    fn a_database_that_was_never_grouped_has_no_owners() {
        let db = Old(Connection::open_in_memory().unwrap());
        MIGRATIONS.iter().for_each(|sql| db.0.execute_batch(sql).unwrap());
        assert!(named(&db, "P:MARO|ANA||").unwrap().is_empty() && at_address(&db, "9 OAK|1").unwrap().is_empty());
    }
}
