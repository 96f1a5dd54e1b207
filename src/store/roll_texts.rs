//! Distinct texts of a roll to their row numbers, by a 96-bit hash: a county's owners in a few megabytes.
//!
//! The hash is trusted. At a million texts two different ones share it with a chance of 6e-18; `taptrace check` looks for texts
//! that were stored twice, which is what a changed hash would cause.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

use super::Error;

/// Known texts of one table.
pub(super) struct Texts {
    ids: FxHashMap<[u32; 3], u32>,
    last_id: u32,
}

fn key_of(fields: &[Option<&str>]) -> [u32; 3] {
    let mut hash = 0_u128;
    for (idx, field) in fields.iter().enumerate() {
        let own = match field {
            Some(text) if idx == 0 => xxh3_128(text.as_bytes()),
            Some(text) => xxh3_128_with_seed(text.as_bytes(), idx as u64),
            None => idx as u128,
        };
        // A rotation per field, so that a city and a state that change places do not cancel out.
        hash = hash.rotate_left(37) ^ own;
    }
    #[allow(clippy::cast_possible_truncation, reason = "pieces of the hash")]
    [hash as u32, (hash >> 32) as u32, (hash >> 64) as u32]
}

impl Texts {
    /// Reads a table: the id in the first column, the text in the others.
    pub(super) fn load(connection: &Connection, sql: &str) -> Result<Self, Error> {
        let mut texts = Self { ids: FxHashMap::default(), last_id: 0 };
        let mut statement = connection.prepare(sql)?;
        let n_columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: u32 = row.get(0)?;
            let mut fields = Vec::with_capacity(n_columns);
            for column in 1..n_columns {
                fields.push(match row.get_ref(column)? {
                    ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok(),
                    _ => None,
                });
            }
            texts.ids.insert(key_of(&fields), id);
            texts.last_id = texts.last_id.max(id);
        }
        Ok(texts)
    }

    /// The id of a text, and whether it is new and must be stored.
    pub(super) fn id_of(&mut self, fields: &[Option<&str>]) -> (i64, bool) {
        let next = self.last_id + 1;
        let id = *self.ids.entry(key_of(fields)).or_insert(next);
        let is_new = id == next;
        self.last_id += u32::from(is_new);
        (i64::from(id), is_new)
    }
}

#[cfg(test)]
mod tests {
    use super::{Texts, key_of};

    #[test]
    fn texts_are_told_apart_by_every_field_and_its_place() {
        let mut keys: Vec<[u32; 3]> = [
            [Some("A"), Some("B"), None],
            [Some("B"), Some("A"), None],
            [Some("A"), None, Some("B")],
            [Some("AB"), None, None],
            [Some("A"), Some(""), Some("B")],
            [Some(""), Some("A"), Some("B")],
            [None, Some("A"), Some("B")],
        ]
        .iter()
        .map(|fields| key_of(fields))
        .collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 7);
    }

    #[test]
    fn ids_go_on_behind_those_of_the_table() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (id, text); INSERT INTO t VALUES (7, 'X')").unwrap();
        let mut texts = Texts::load(&connection, "SELECT id, text FROM t").unwrap();
        assert_eq!(texts.id_of(&[Some("X")]), (7, false));
        assert_eq!(texts.id_of(&[Some("Y")]), (8, true));
        assert_eq!(texts.id_of(&[Some("Y")]), (8, false));
    }
}
