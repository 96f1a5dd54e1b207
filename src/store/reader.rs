//! The read side: a connection that cannot write. Store functions that only look take it as their first parameter.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::audit::{self, Head};
use super::error::Error;
use super::open;

/// A read-only view of a database file.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
    path: PathBuf,
}

impl Reader {
    /// Opens an existing database.
    ///
    /// # Errors
    /// When there is none, it is not ours, or it is newer than this program.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { connection: open::open_reader(path)?, path: path.to_owned() })
    }

    /// The file being read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number and hash of the last audit entry.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn audit_head(&self) -> Result<Head, Error> {
        audit::head(&self.connection)
    }

    /// Breaks of the audit chain or its anchor, one sentence each.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn verify_audit(&self) -> Result<Vec<String>, Error> {
        audit::verify(&self.connection, &self.path)
    }
}
