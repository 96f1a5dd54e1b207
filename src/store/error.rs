//! What can go wrong between us and the database file.

use std::path::{Path, PathBuf};

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
    #[error("{} is not a taptrace database", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What was found instead, and the way out.
        #[source]
        trouble: FileTrouble,
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
        /// The way out.
        #[source]
        trouble: FileTrouble,
    },
    /// The disk is full, or a file-size limit was hit; nothing was changed.
    #[error("the disk is full while writing the database; nothing was changed")]
    DiskFull(#[source] FileTrouble),
    /// Pages of the file are damaged.
    #[error("the database file is damaged")]
    Damaged {
        /// What SQLite said, and the way out.
        #[source]
        trouble: FileTrouble,
    },
    /// Another program holds the write lock.
    #[error("the database is busy: another taptrace is writing")]
    Busy(#[source] rusqlite::Error),
    /// The database file, or the folder in which SQLite keeps its lock file beside it, may not be written.
    #[error("{} cannot be used here: the file or its folder is read-only", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// What SQLite said, and the way out.
        #[source]
        trouble: FileTrouble,
    },
    /// The path is a folder, or lies in a folder that is not there or is closed to us.
    #[error("cannot open a database at {}", path.display())]
    NoFile {
        /// The path asked for.
        path: PathBuf,
        /// Why, and the way out.
        #[source]
        trouble: FileTrouble,
    },
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

/// What ails the database file, with a hint that holds whatever was asked of the database. It is a cause of its own, because
/// the errors of the use cases show a store error as theirs and hand on its causes only.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub struct FileTrouble {
    why: String,
    hint: String,
}

impl FileTrouble {
    /// The way out, naming a command or a flag.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl Error {
    pub(super) fn not_ours(path: &Path, found: String) -> Self {
        let inspect = format!("taptrace import inspect {}", path.display());
        let hint = format!("--db names the database that taptrace made; to look at a file of the county: {inspect}");
        Error::NotOurs { path: path.to_owned(), trouble: FileTrouble { why: found, hint } }
    }

    pub(super) fn newer(path: &Path, found: i64, known: i64) -> Self {
        let why = "a newer taptrace wrote or upgraded it".to_owned();
        let hint = format!(
            "use that taptrace; the file as it was before an upgrade is kept beside it, as {}.v{known}",
            path.display()
        );
        Error::Newer { path: path.to_owned(), found, known, trouble: FileTrouble { why, hint } }
    }

    pub(super) fn read_only(path: &Path, said: &rusqlite::Error) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let hint = format!("work on a copy: cp {} ~/{name}; then add --db ~/{name} to the command", path.display());
        Error::ReadOnly { path: path.to_owned(), trouble: FileTrouble { why: said.to_string(), hint } }
    }

    pub(super) fn no_file(path: &Path, why: &str) -> Self {
        let hint = "name a file in a folder that you may write: --db FILE".to_owned();
        Error::NoFile { path: path.to_owned(), trouble: FileTrouble { why: why.to_owned(), hint } }
    }

    /// True when a rollback journal must be played back before the file can be read.
    pub(crate) fn is_hot_journal(&self) -> bool {
        let source = match self {
            Error::Sqlite(e) => e,
            _ => return false,
        };
        Self::is_journal_left(source)
    }

    /// The same of what SQLite said.
    pub(super) fn is_journal_left(error: &rusqlite::Error) -> bool {
        const READONLY_ROLLBACK: i32 = 776;
        error.sqlite_error().is_some_and(|e| e.extended_code == READONLY_ROLLBACK)
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
        let trouble = |hint: &str| FileTrouble { why: error.to_string(), hint: hint.to_owned() };
        match code {
            (ErrorCode::DiskFull, _) | (_, IOERR_WRITE) => {
                Error::DiskFull(trouble("make room on that disk, then give the same command again"))
            }
            (ErrorCode::DatabaseCorrupt, _) => Error::Damaged {
                trouble: trouble(
                    "keep the file aside and restore the newest backup with its .anchor; taptrace check --db BACKUP proves it",
                ),
            },
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Error::Busy(error),
            _ => Error::Sqlite(error),
        }
    }
}
