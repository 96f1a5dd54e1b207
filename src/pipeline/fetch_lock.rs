//! One fetch at a time on a database: two would share neither the pause between requests nor the cursor of a run.
//!
//! The lock is the operating system's, on `<db>.evidence/fetch.lock`, so that it ends with its holder, however that ends. What stands
//! in the file only tells who holds it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::SystemTime;

use super::case_evidence::folder;
use super::fetch_vault::{Error, file, stamp_seconds};
use crate::ingest::page::dom::one_line;
use crate::store::Authorship;

/// Bytes read of a lock file: what we write there is shorter.
const TEXT_BYTES_MAX: u64 = 1_000;

/// The lock; free again when dropped.
#[derive(Debug)]
pub(super) struct FetchLock {
    file: File,
}

impl Drop for FetchLock {
    fn drop(&mut self) {
        // Not left to closing: a process that is just being started by another thread has the file open too for a moment.
        drop(self.file.unlock());
    }
}

/// Takes the lock of a database.
pub(super) fn take(db: &Path, by: &Authorship) -> Result<FetchLock, Error> {
    let folder = folder(db);
    fs::create_dir_all(&folder).map_err(file("make the folder", &folder))?;
    let path = folder.join("fetch.lock");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut lock = open.map_err(file("open", &path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // Where a locked file cannot be read the holder stays unnamed.
            drop(lock.take(TEXT_BYTES_MAX).read_to_string(&mut text));
            return Err(busy(&text));
        }
        Err(TryLockError::Error(source)) => return Err(file("lock", &path)(source)),
    }
    let text = format!("{}\n{}\n{}\n{}\n", std::process::id(), stamp_seconds(SystemTime::now()), by.actor, by.reason);
    let written = lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| lock.write_all(text.as_bytes()));
    written.map_err(file("write", &path))?;
    Ok(FetchLock { file: lock })
}

fn busy(text: &str) -> Error {
    let mut lines = text.lines().map(one_line);
    let mut next = || lines.next().filter(|l| !l.is_empty()).unwrap_or_else(|| "unknown".to_owned());
    Error::Busy { pid: next(), since: next(), actor: next(), what: next() }
}
