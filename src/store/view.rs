//! One way to look for readers and write transactions alike: store functions that only look take `&impl Db`.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Reader, Tx};

/// Something that can be looked at.
pub trait Db {
    /// The connection underneath; usable inside `store` only.
    #[doc(hidden)]
    fn connection(&self) -> &Connection;

    /// The folder of the database file; `None` for one in memory.
    fn folder(&self) -> Option<PathBuf> {
        let path = self.connection().path().filter(|path| !path.is_empty())?;
        Some(
            Path::new(path)
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."))
                .to_owned(),
        )
    }
}

impl Db for Reader {
    fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Db for Tx<'_> {
    fn connection(&self) -> &Connection {
        &self.tx
    }
}
