//! Copying the database while it is in use: the copy is verified, and appears only when it is complete.

use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use super::audit::{self, Head};
use super::{Error, Reader, check};

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// SHA-256 of the backup file.
    pub sha256: String,
    /// Its size.
    pub byte_len: u64,
    /// Head of the audit log in it.
    pub head: Head,
}

/// Pages copied at a time, so that writers come through in between.
const PAGES_PER_STEP: i32 = 2048;
/// Most steps that a lock of somebody else may stop, 20 ms each: ten seconds, as long as a writer waits.
const LOCKED_STEPS_MAX: usize = 500;

/// Bytes hashed at a time.
const HASH_CHUNK: usize = 1 << 20;

/// A file that is removed unless it was moved to its place.
struct Partial(PathBuf);

impl Partial {
    fn beside(target: &Path, ending: &str) -> Self {
        Self(with_ending(target, ending))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        for path in [&self.0, &with_ending(&self.0, "-journal")] {
            drop(std::fs::remove_file(path));
        }
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    path.with_file_name(name)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::File { action, path: path.to_owned(), source }
}

/// Copies the database to a new file, verifies the copy, and puts it in place with its anchor and a manifest beside it.
/// `is_interrupted` is asked between the steps; nothing is left behind then.
///
/// # Errors
/// When the target exists, cannot be written, or the copy does not verify.
pub fn backup(reader: &Reader, target: &Path, is_interrupted: &dyn Fn() -> bool) -> Result<Manifest, Error> {
    if target.exists() {
        let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(failed("write a backup over", target)(source));
    }
    let part = Partial::beside(target, ".part");
    copy_to(reader, &part.0, is_interrupted)?;
    let copy = Connection::open_with_flags(&part.0, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let findings = check::integrity(&copy)?;
    let head = audit::head(&copy)?;
    drop(copy);
    if let Some(first) = findings.first() {
        return Err(Error::Broken { what: format!("the copy does not verify: {}", first.what) });
    }
    let (sha256, byte_len) = hash_of(&part.0, is_interrupted).map_err(failed("read back", &part.0))?;
    let manifest = Manifest { sha256, byte_len, head };
    std::fs::File::open(&part.0).and_then(|f| f.sync_all()).map_err(failed("flush", &part.0))?;
    if is_interrupted() {
        return Err(Error::Interrupted);
    }
    write_beside(reader, target, &manifest)?;
    // The copy comes last: where it is, everything that belongs to it is there too.
    std::fs::rename(&part.0, target).map_err(failed("rename into place", target))?;
    Ok(manifest)
}

/// The anchor as far as the copy goes, since others may have written meanwhile, and the manifest.
fn write_beside(reader: &Reader, target: &Path, manifest: &Manifest) -> Result<(), Error> {
    let anchor = audit::anchor_path(reader.path());
    if anchor.exists() {
        let text = std::fs::read_to_string(&anchor).map_err(failed("read the audit anchor", &anchor))?;
        let is_newer = |line: &str| {
            line.split(' ').next().and_then(|n| n.parse::<i64>().ok()).is_some_and(|n| n > manifest.head.audit_id)
        };
        let kept: String = text.split_inclusive('\n').filter(|line| !is_newer(line)).collect();
        put(&audit::anchor_path(target), &kept)?;
    }
    let text = format!(
        "sha256 {}\nbytes {}\naudit_head {} {}\n",
        manifest.sha256, manifest.byte_len, manifest.head.audit_id, manifest.head.hash
    );
    put(&with_ending(target, ".manifest"), &text)
}

fn put(path: &Path, text: &str) -> Result<(), Error> {
    let part = Partial::beside(path, ".part");
    std::fs::write(&part.0, text).and_then(|()| std::fs::rename(&part.0, path)).map_err(failed("write", path))
}

/// SHA-256 and length of a file, read piece by piece: a backup may be larger than the memory.
fn hash_of(path: &Path, is_interrupted: &dyn Fn() -> bool) -> std::io::Result<(String, u64)> {
    let mut file = std::fs::File::open(path)?;
    let (mut hasher, mut chunk, mut n_bytes) = (Sha256::new(), vec![0; HASH_CHUNK], 0);
    loop {
        let n = file.read(&mut chunk)?;
        if n == 0 || is_interrupted() {
            return Ok((audit::hex(&hasher.finalize()), n_bytes));
        }
        hasher.update(chunk.get(..n).unwrap_or_default());
        n_bytes += n as u64;
    }
}

fn copy_to(reader: &Reader, part: &Path, is_interrupted: &dyn Fn() -> bool) -> Result<(), Error> {
    drop(std::fs::remove_file(part));
    let mut copy = Connection::open(part)?;
    // One reading transaction for all steps: otherwise every write of somebody else begins the copy anew, and a database that may
    // not be written (no lock file beside it) begins anew with every step. Writers go on meanwhile (WAL).
    let snapshot = reader.connection.unchecked_transaction()?;
    snapshot.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let backup = Backup::new(&reader.connection, &mut copy)?;
    let mut n_locked = 0;
    while n_locked < LOCKED_STEPS_MAX {
        if is_interrupted() {
            return Err(Error::Interrupted);
        }
        match backup.step(PAGES_PER_STEP)? {
            StepResult::Done => {
                drop(backup);
                copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
                return Ok(());
            }
            StepResult::More => {}
            _ => {
                n_locked += 1;
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }
    Err(Error::Broken { what: "the database stayed locked; no copy was made".to_owned() })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use rusqlite::Connection;

    use super::{Reader, backup};
    use crate::model::date::Instant;
    use crate::store::{Authorship, Error, Writer};

    #[test]
    fn a_writer_that_never_rests_does_not_keep_a_backup_from_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let (path, target) = (dir.path().join("t.db"), dir.path().join("copy.db"));
        let by = Authorship {
            actor: "tester".to_owned(),
            reason: "test".to_owned(),
            at: Instant("2026-01-02T03:04:05Z".to_owned()),
        };
        let mut writer = Writer::open(&path).unwrap();
        writer.with(&by, |_| -> Result<(), Error> { Ok(()) }).unwrap();
        // More than two steps.
        let raw = Connection::open(&path).unwrap();
        raw.execute("INSERT INTO setting (name, value) VALUES ('big', CAST(zeroblob(40000000) AS TEXT))", []).unwrap();
        drop(raw);
        let reader = Reader::open(&path).unwrap();
        let (writer, n_writes) = (RefCell::new(writer), RefCell::new(0));
        let write = || {
            *n_writes.borrow_mut() += 1;
            assert!(*n_writes.borrow() < 200, "the copy begins anew again and again");
            writer.borrow_mut().with(&by, |_| -> Result<(), Error> { Ok(()) }).unwrap();
            false
        };
        let manifest = backup(&reader, &target, &write).unwrap();
        assert!(*n_writes.borrow() > 2);
        // The copy is of one moment, and so is its anchor.
        assert_eq!(manifest.head, Reader::open(&target).unwrap().audit_head().unwrap());
        assert!(Reader::open(&target).unwrap().verify_audit().unwrap().is_empty());
    }
}
