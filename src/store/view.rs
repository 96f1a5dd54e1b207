//! One way to look for readers and write transactions alike: store functions that only look take `&impl Db`.

use rusqlite::Connection;

use super::{Reader, Tx};

/// Something that can be looked at.
pub trait Db {
    /// The connection underneath; usable inside `store` only.
    #[doc(hidden)]
    fn connection(&self) -> &Connection;
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
