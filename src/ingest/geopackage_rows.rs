//! Rows of one table of a GeoPackage as text: what QField, Mergin or Field Maps bring back from the field.
//!
//! Geometry columns are left out; positions of results are not taken from the map.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::error::Error;

/// First bytes of every SQLite file.
pub const MAGIC: &[u8] = b"SQLite format 3\0";

/// One row by column name; NULL is an empty text.
pub type TextRow = BTreeMap<String, String>;

fn damaged(path: &Path, error: &rusqlite::Error) -> Error {
    Error::Container { path: path.display().to_string(), format: "GeoPackage", detail: error.to_string() }
}

/// Reads the first table that has all of `columns`, at most `n_rows_max` rows and one more, in the order of its rows.
/// `None` when no table has them.
///
/// # Errors
/// When the file is no SQLite database or is damaged.
pub fn rows(path: &Path, columns: &[&str], n_rows_max: usize) -> Result<Option<Vec<TextRow>>, Error> {
    let fail = |e: rusqlite::Error| damaged(path, &e);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;").map_err(fail)?;
    for (table, names) in tables(&connection).map_err(fail)? {
        if columns.iter().all(|c| names.iter().any(|(n, _)| n == c)) {
            return read(&connection, &table, &names, n_rows_max).map(Some).map_err(fail);
        }
    }
    Ok(None)
}

type Column = (String, String);

fn tables(connection: &Connection) -> rusqlite::Result<Vec<(String, Vec<Column>)>> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'rtree_%'
         ORDER BY name",
    )?;
    let names: Vec<String> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for name in names {
        let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid")?;
        let columns: Vec<Column> =
            statement.query_map([&name], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?;
        found.push((name, columns));
    }
    Ok(found)
}

fn read(connection: &Connection, table: &str, columns: &[Column], n_rows_max: usize) -> rusqlite::Result<Vec<TextRow>> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let wanted: Vec<&Column> = columns.iter().filter(|(_, kind)| !is_geometry(kind)).collect();
    let list: Vec<String> = wanted.iter().map(|(n, _)| quoted(n)).collect();
    let sql = format!("SELECT {} FROM {} LIMIT ?1", list.join(", "), quoted(table));
    let mut statement = connection.prepare(&sql)?;
    let limit = i64::try_from(n_rows_max).unwrap_or(i64::MAX).saturating_add(1);
    let mut rows = statement.query([limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells = TextRow::new();
        for (i, (name, _)) in wanted.iter().enumerate() {
            cells.insert(name.clone(), text(row.get_ref(i)?));
        }
        found.push(cells);
    }
    Ok(found)
}

fn is_geometry(kind: &str) -> bool {
    let kind = kind.to_ascii_uppercase();
    kind == "BLOB" || ["GEOM", "POINT", "LINE", "POLYGON", "SURFACE", "CURVE"].iter().any(|w| kind.contains(w))
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => String::new(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(n) => n.to_string(),
        ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
