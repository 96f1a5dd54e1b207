//! Opening and creating the database file: whose it is, which version, and the settings of every connection.
//!
//! Settings follow what was measured in the platform notes: WAL with `synchronous=FULL` lost no acknowledged commit in
//! 200 kills and 300 simulated power cuts; `BEGIN IMMEDIATE` met no busy error with 16 writers.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::Error;

/// "TAPT", the mark of our files in the SQLite header.
pub(crate) const APPLICATION_ID: i64 = 0x5441_5054;

/// How long a writer waits for another writer before it reports "busy".
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// Migrations in order; a released one is never edited.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_core.sql"),
    include_str!("migrations/0002_casework.sql"),
    include_str!("migrations/0003_owner.sql"),
    include_str!("migrations/0004_fetch.sql"),
    include_str!("migrations/0005_case_steps.sql"),
    include_str!("migrations/0006_pages.sql"),
    include_str!("migrations/0007_checklist.sql"),
    include_str!("migrations/0008_owner_groups.sql"),
    include_str!("migrations/0009_removal.sql"),
    include_str!("migrations/0010_matching.sql"),
    include_str!("migrations/0011_deed_source.sql"),
    include_str!("migrations/0012_bulk.sql"),
    include_str!("migrations/0013_field_photos.sql"),
    include_str!("migrations/0014_checklist_mark.sql"),
    include_str!("migrations/0015_owner_bulk.sql"),
    include_str!("migrations/0016_match_link.sql"),
    include_str!("migrations/0017_owner_order.sql"),
];

/// The schema version this program writes.
pub(crate) fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).expect("a handful of migrations")
}

fn set_up(connection: &Connection, path: &Path) -> Result<(), Error> {
    connection.busy_timeout(BUSY_WAIT)?;
    connection
        .execute_batch(
            "PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA cache_size = -65536;
         PRAGMA mmap_size = 0;
         PRAGMA temp_store = FILE;",
        )
        .map_err(|e| not_a_database(path, e))
}

/// Opens an existing database for reading only.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, Error> {
    if !path.exists() {
        return Err(Error::Missing { path: path.to_owned() });
    }
    match try_reader(path) {
        // A first import that was killed left its rollback journal; only a writer may play it back.
        Err(error) if error.is_hot_journal() => {}
        Err(error) => return Err(error),
        Ok((connection, version)) if version == known_version() => return Ok(connection),
        Ok(_) => {}
    }
    drop(open_writer(path)?);
    Ok(try_reader(path)?.0)
}

fn try_reader(path: &Path) -> Result<(Connection, i64), Error> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|e| not_a_database(path, e))?;
    set_up(&connection, path)?;
    connection.execute_batch("PRAGMA query_only = ON;").map_err(|e| not_a_database(path, e))?;
    let version = version_of(&connection, path)?;
    Ok((connection, version))
}

/// Opens a database for writing; creates it when there is none, upgrades it when it is older.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, Error> {
    let (mut connection, version) = connect(path)?;
    connection.execute_batch("PRAGMA journal_mode = WAL;").map_err(|e| not_a_database(path, e))?;
    upgrade(&mut connection, path, version)?;
    Ok(connection)
}

/// Opens a database for one bulk import; true when it is new and therefore written with a rollback journal.
///
/// New pages need no copy in a rollback journal, so the rows go to disk once instead of twice; nobody reads a database that
/// is not there yet. An existing one stays in WAL mode, where readers go on. Foreign keys are not looked up row by row: the
/// importer gives the ids itself, and `taptrace check` proves them.
pub(crate) fn open_bulk(path: &Path) -> Result<(Connection, bool), Error> {
    let (mut connection, version) = connect(path)?;
    let is_new = version == 0;
    let mode = if is_new { "PRAGMA journal_mode = DELETE;" } else { "PRAGMA journal_mode = WAL;" };
    connection.execute_batch(mode).map_err(|e| not_a_database(path, e))?;
    upgrade(&mut connection, path, version)?;
    // Pages are written in order and not read again: a larger cache only costs memory (measured: no faster).
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA cache_size = -16384;")?;
    Ok((connection, is_new))
}

fn connect(path: &Path) -> Result<(Connection, i64), Error> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|e| not_a_database(path, e))?;
    set_up(&connection, path)?;
    let is_new = std::fs::metadata(path).is_ok_and(|m| m.len() == 0);
    let version = if is_new { 0 } else { version_of(&connection, path)? };
    connection.execute_batch(if version == 0 {
        "PRAGMA page_size = 8192; PRAGMA synchronous = FULL;"
    } else {
        "PRAGMA synchronous = FULL;"
    })?;
    Ok((connection, version))
}

fn upgrade(connection: &mut Connection, path: &Path, version: i64) -> Result<(), Error> {
    if version == known_version() {
        return Ok(());
    }
    if version > 0 {
        copy_beside(connection, path, version)?;
    }
    migrate(connection)
}

/// Checks that the file is ours and not newer; returns its schema version.
fn version_of(connection: &Connection, path: &Path) -> Result<i64, Error> {
    let pragma =
        |name: &str| -> Result<i64, rusqlite::Error> { connection.pragma_query_value(None, name, |row| row.get(0)) };
    let application_id = pragma("application_id").map_err(|e| not_a_database(path, e))?;
    if application_id == 0 && is_empty(connection).map_err(|e| not_a_database(path, e))? {
        return Ok(0);
    }
    if application_id != APPLICATION_ID {
        return Err(Error::not_ours(path, format!("it is a SQLite file with application id {application_id}")));
    }
    let found = pragma("user_version").map_err(|e| not_a_database(path, e))?;
    if found > known_version() {
        return Err(Error::newer(path, found, known_version()));
    }
    Ok(found)
}

/// True for a file whose creation was cut off before the first table.
fn is_empty(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

pub(super) fn not_a_database(path: &Path, error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => Error::not_ours(path, "it is no SQLite file".to_owned()),
        Some(rusqlite::ErrorCode::ReadOnly) if !Error::is_journal_left(&error) => Error::read_only(path, &error),
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::SystemIoFailure) if path.is_dir() => {
            Error::no_file(path, "it is a folder")
        }
        Some(rusqlite::ErrorCode::CannotOpen) => Error::no_file(path, why_closed(path)),
        _ => error.into(),
    }
}

fn why_closed(path: &Path) -> &'static str {
    let has_folder = path.parent().is_none_or(|p| p.as_os_str().is_empty() || p.is_dir());
    if has_folder { "no permission" } else { "there is no such folder" }
}

/// Keeps the file as it was before an upgrade: `city.db` becomes `city.db.v3`.
fn copy_beside(connection: &Connection, path: &Path, version: i64) -> Result<(), Error> {
    // What is still in the write-ahead log belongs to the copy too.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".v{version}"));
    let target = path.with_file_name(name);
    std::fs::copy(path, &target).map(drop).map_err(|source| Error::File {
        action: "copy the old database to",
        path: target,
        source,
    })
}

fn migrate(connection: &mut Connection) -> Result<(), Error> {
    // Tables are rebuilt by drop and rename, which would take their children along; the keys are checked before the commit.
    connection.execute_batch("PRAGMA foreign_keys = OFF;")?;
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Read again under the lock: another process may have been faster.
    let done: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for sql in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(0)) {
        tx.execute_batch(sql)?;
    }
    let broken: Option<String> =
        tx.query_row("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1", [], |r| r.get(0)).optional()?;
    if let Some(table) = broken {
        return Err(Error::Broken { what: format!("the upgrade would leave a row of {table} without its parent") });
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", known_version())?;
    tx.commit()?;
    connection.execute_batch("PRAGMA foreign_keys = ON;")?;
    Ok(())
}
