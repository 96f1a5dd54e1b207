//! A file without a name beside the database, for texts of a large roll that memory shall not hold; gone with the program.
//!
//! Beside the database, because that disk has room for the roll; a temporary folder is memory on many machines.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::texts::Shelf;
use crate::store::{Db, Error};

/// A shelf on disk; the file is made when something is put on it.
#[derive(Debug)]
pub(crate) struct Spill {
    folder: Option<PathBuf>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    file: Option<File>,
    len: u64,
    failed: Option<io::Error>,
}

impl Inner {
    fn put(&mut self, folder: Option<&PathBuf>, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(folder.map_or_else(tempfile::tempfile, tempfile::tempfile_in)?),
        };
        file.seek(SeekFrom::Start(self.len))?;
        file.write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn read(&mut self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::UnexpectedEof)?;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(into)
    }
}

impl Spill {
    /// In the folder of the database, or in that for temporary files when the database has no file.
    pub(crate) fn beside(db: &impl Db) -> Arc<Self> {
        Arc::new(Self::new(db.folder()))
    }

    fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first failure since this was asked last: what was read since then is not what was put.
    ///
    /// # Errors
    /// When the file could not be written or read.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Some(source) = self.inner().failed.take() else { return Ok(()) };
        let path = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        Err(Error::File { action: "keep texts of the roll in", path, source })
    }
}

impl Shelf for Spill {
    fn put(&self, bytes: &[u8]) -> u64 {
        let mut inner = self.inner();
        let at = inner.len;
        if let Err(error) = inner.put(self.folder.as_ref(), bytes) {
            inner.failed.get_or_insert(error);
        }
        at
    }

    fn read(&self, at: u64, into: &mut [u8]) {
        let mut inner = self.inner();
        if let Err(error) = inner.read(at, into) {
            into.fill(0);
            inner.failed.get_or_insert(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spill;
    use crate::model::texts::Shelf;

    #[test]
    fn what_was_put_is_read_and_nothing_stays_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let spill = Spill::new(Some(folder.path().to_owned()));
        let places = [spill.put(b"OAK"), spill.put(b"ELM ST")];
        let mut bytes = [0; 3];
        spill.read(places[1] + 3, &mut bytes);
        assert_eq!(&bytes, b" ST");
        spill.read(places[0], &mut bytes);
        assert_eq!(&bytes, b"OAK");
        spill.check().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told_and_gives_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let spill = Spill::new(Some(folder.path().join("none")));
        let at = spill.put(b"OAK");
        let mut bytes = [7; 3];
        spill.read(at, &mut bytes);
        assert_eq!(bytes, [0; 3]);
        assert!(spill.check().unwrap_err().to_string().starts_with("cannot keep texts of the roll in"));
        spill.check().unwrap();
    }
}
