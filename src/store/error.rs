//! What can go wrong between us and the database file.

use std::path::PathBuf;

/// A failed store operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no database at the path.
    #[error("no database at {}", path.display())]
    Missing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The file is a SQLite database of another program, or no database at all.
    #[error("{} is not a taptrace database ({found})", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// The file was written by a newer program.
    #[error("{} has schema version {found}, this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// The disk is full, or a file-size limit was hit; nothing was changed.
    #[error("the disk is full while writing the database; nothing was changed")]
    DiskFull(#[source] rusqlite::Error),
    /// Another program holds the write lock.
    #[error("the database is busy: another taptrace is writing")]
    Busy(#[source] rusqlite::Error),
    /// Any other database failure.
    #[error("database operation failed")]
    Sqlite(#[source] rusqlite::Error),
    /// A file beside the database could not be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database breaks one of its own rules.
    #[error("{what}")]
    Broken {
        /// Which rule, in words.
        what: String,
    },
    /// The caller stopped the work (Ctrl-C); nothing was changed.
    #[error("interrupted; nothing was changed")]
    Interrupted,
}

impl Error {
    /// True when a rollback journal must be played back before the file can be read.
    pub(crate) fn is_hot_journal(&self) -> bool {
        const READONLY_ROLLBACK: i32 = 776;
        let source = match self {
            Error::Sqlite(e) => e,
            _ => return false,
        };
        source.sqlite_error().is_some_and(|e| e.extended_code == READONLY_ROLLBACK)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let Some(code) = error.sqlite_error().map(|e| (e.code, e.extended_code)) else {
            return Error::Sqlite(error);
        };
        // RLIMIT_FSIZE and some network disks report SQLITE_IOERR_WRITE (778) where a full disk reports SQLITE_FULL.
        const IOERR_WRITE: i32 = 778;
        match code {
            (ErrorCode::DiskFull, _) | (_, IOERR_WRITE) => Error::DiskFull(error),
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Busy(error),
            _ => Error::Sqlite(error),
        }
    }
}
