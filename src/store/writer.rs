//! The one way to write: a transaction with an actor and a reason that leaves an audit entry.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::audit::{self, Entry, Head};
use super::error::Error;
use super::open;
use crate::model::date::Instant;

/// Who writes, why and when.
#[derive(Debug, Clone)]
pub struct Authorship {
    /// The person or job.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When, from the caller's clock.
    pub at: Instant,
}

/// The only writer of a database file.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    path: PathBuf,
    /// True while a new database is filled with a rollback journal.
    is_bulk_new: bool,
}

/// An open write transaction. Store functions that change rows take it as their first parameter.
#[derive(Debug)]
pub struct Tx<'a> {
    pub(crate) tx: Transaction<'a>,
    authorship: &'a Authorship,
    head: Option<Head>,
    /// Number of the first entry of this transaction.
    first: i64,
}

/// One audited change.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// What was done: `import`, `update`, `advance`, ...
    pub action: &'a str,
    /// To which kind of thing.
    pub entity: &'a str,
    /// To which one, by its public key.
    pub entity_id: &'a str,
    /// State before, as JSON.
    pub before_json: Option<&'a str>,
    /// State after, as JSON.
    pub after_json: Option<&'a str>,
}

impl Tx<'_> {
    /// Who writes, why and when.
    pub fn authorship(&self) -> &Authorship {
        self.authorship
    }

    /// Appends an audit entry.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn audit(&mut self, change: Change<'_>) -> Result<(), Error> {
        let entry = Entry {
            at: &self.authorship.at.0,
            actor: &self.authorship.actor,
            reason: &self.authorship.reason,
            action: change.action,
            entity: change.entity,
            entity_id: change.entity_id,
            before_json: change.before_json,
            after_json: change.after_json,
        };
        let head = audit::append(&self.tx, &entry)?;
        if self.head.is_none() {
            self.first = head.audit_id;
        }
        self.head = Some(head);
        Ok(())
    }
}

impl Writer {
    /// Opens the database for writing; creates it when there is none and upgrades it when it is older.
    ///
    /// # Errors
    /// When the file is not ours, newer than this program, or cannot be written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { connection: open::open_writer(path)?, path: path.to_owned(), is_bulk_new: false })
    }

    /// Opens the database for one large import, like [`Writer::open`]; call [`Writer::finish_bulk`] behind it.
    ///
    /// # Errors
    /// When the file is not ours, newer than this program, or cannot be written.
    pub fn open_bulk(path: &Path) -> Result<Self, Error> {
        let (connection, is_bulk_new) = open::open_bulk(path)?;
        Ok(Self { connection, path: path.to_owned(), is_bulk_new })
    }

    /// Runs `work` in one transaction. When it returns an error nothing is changed; when it succeeds without an audit
    /// entry of its own, one is made for it, so that no write goes unrecorded.
    ///
    /// # Errors
    /// What `work` returns, or a failure of the database.
    pub fn with<T, E: From<Error>>(
        &mut self,
        authorship: &Authorship,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|e| open::not_a_database(&self.path, e))?;
        let mut tx = Tx { tx, authorship, head: None, first: 0 };
        let value = work(&mut tx)?;
        if tx.head.is_none() {
            tx.audit(Change {
                action: "write",
                entity: "database",
                entity_id: "",
                before_json: None,
                after_json: None,
            })?;
        }
        let (head, first) = (tx.head.take(), tx.first);
        tx.tx.commit().map_err(Error::from)?;
        if let Some(head) = head {
            audit::anchor(&self.path, first, &head, &authorship.at.0)?;
        }
        Ok(value)
    }

    /// After a failed import: a full disk leaves the rollback journal to whoever looks next, and the file at its full length.
    pub fn settle(self) {
        drop(self.connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(())));
    }

    /// Moves the write-ahead log into the database file, and puts a database that was new into WAL mode.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn finish_bulk(self) -> Result<(), Error> {
        let sql = if self.is_bulk_new { "PRAGMA journal_mode = WAL" } else { "PRAGMA wal_checkpoint(TRUNCATE)" };
        self.connection.query_row(sql, [], |_| Ok(()))?;
        Ok(())
    }
}
