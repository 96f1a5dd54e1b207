//! The thread that puts payloads on the disk while the next request is under way.
//!
//! A page is hashed and read before the next one is asked for; writing it and waiting for the disk is all that can wait, and takes
//! longest. Files are written in the order they come; the queue is short, so that memory stays bounded and a slow disk slows the
//! requests down.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use super::case_evidence::path_of;
use super::fetch_vault::{Error, file};

/// Payloads that wait while one is written: each has at most the bytes of the largest response.
const QUEUE_MAX: usize = 2;

enum Order {
    Write {
        sha256: String,
        bytes: Vec<u8>,
    },
    /// Everything so far must be on the disk; the answer says what is not.
    Finish(SyncSender<Vec<Failed>>),
}

/// A payload that could not be written, and why.
pub(super) struct Failed {
    pub sha256: String,
    pub error: Error,
}

/// The thread and the way to it.
#[derive(Debug)]
pub(super) struct Keeper {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread for the evidence of a database.
    pub(super) fn start(db: &Path) -> Result<Self, Error> {
        let (orders, inbox) = sync_channel(QUEUE_MAX);
        let db = db.to_owned();
        let builder = std::thread::Builder::new().name("evidence".to_owned());
        let folder = super::case_evidence::folder(&db);
        let thread = builder.spawn(move || work(&db, &inbox)).map_err(file("start a thread for", &folder))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Hands a payload over; waits while the queue is full.
    pub(super) fn write(&self, sha256: &str, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.send(Order::Write { sha256: sha256.to_owned(), bytes: bytes.to_vec() });
    }

    /// Waits until everything handed over is on the disk; gives back what is not.
    pub(super) fn finish(&self) -> Vec<Failed> {
        let (answer, inbox) = sync_channel(1);
        self.send(Order::Finish(answer));
        inbox.recv().unwrap_or_default()
    }

    fn send(&self, order: Order) {
        // The thread ends only when the way to it is dropped, so there is always somebody to take the order.
        let sent = self.orders.as_ref().map(|o| o.send(order));
        debug_assert!(matches!(sent, Some(Ok(()))), "the thread of the evidence ended early");
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn work(db: &Path, inbox: &Receiver<Order>) {
    let mut unsynced: Vec<(String, PathBuf)> = Vec::new();
    let mut failed: Vec<Failed> = Vec::new();
    loop {
        // Idle moments are spent waiting for the disk, so that little is left when somebody waits for us.
        let order = if unsynced.is_empty() {
            inbox.recv().map_err(|RecvError| TryRecvError::Disconnected)
        } else {
            inbox.try_recv()
        };
        match order {
            Ok(Order::Write { sha256, bytes }) => match keep(&path_of(db, &sha256), &bytes) {
                Ok(Some(path)) => unsynced.push((sha256, path)),
                Ok(None) => {}
                Err(error) => failed.push(Failed { sha256, error }),
            },
            Ok(Order::Finish(answer)) => {
                for (sha256, path) in unsynced.drain(..) {
                    sync(sha256, &path, &mut failed);
                }
                // Whoever asked may be gone.
                drop(answer.send(std::mem::take(&mut failed)));
            }
            Err(TryRecvError::Empty) => {
                if let Some((sha256, path)) = unsynced.pop() {
                    sync(sha256, &path, &mut failed);
                }
            }
            Err(TryRecvError::Disconnected) => {
                unsynced.drain(..).for_each(|(sha256, path)| sync(sha256, &path, &mut failed));
                return;
            }
        }
    }
}

fn sync(sha256: String, path: &Path, failed: &mut Vec<Failed>) {
    if let Err(error) = fs::File::open(path).and_then(|f| f.sync_data()).map_err(file("flush", path)) {
        failed.push(Failed { sha256, error });
    }
}

/// Writes bytes under their hash; `None` when they are there already.
fn keep(path: &Path, bytes: &[u8]) -> Result<Option<PathBuf>, Error> {
    if path.exists() {
        return Ok(None);
    }
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(file("make the folder", parent))?;
    let part = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&part, bytes).map_err(file("write", &part))?;
    fs::rename(&part, path).map_err(file("rename into place", path))?;
    Ok(Some(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::Keeper;
    use crate::fieldwork::freeze::sha256_hex;
    use crate::pipeline::case_evidence::{folder, path_of};

    #[test]
    fn what_cannot_be_written_is_named_once_and_the_rest_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("city.db");
        let texts: Vec<String> = (0..20).map(|i| format!("page {i}")).collect();
        let hash = |i: usize| sha256_hex(texts[i].as_bytes());
        // A file stands where the folder of page 7 must be.
        let blocked = path_of(&db, &hash(7)).parent().unwrap().to_owned();
        std::fs::create_dir_all(folder(&db)).unwrap();
        std::fs::write(&blocked, "x").unwrap();
        let keeper = Keeper::start(&db).unwrap();
        for (i, text) in texts.iter().enumerate() {
            keeper.write(&hash(i), text.as_bytes());
        }
        let failed = keeper.finish();
        let is_blocked = |i: &usize| path_of(&db, &hash(*i)).parent() == Some(&blocked);
        let wanted: Vec<String> = (0..20).filter(is_blocked).map(hash).collect();
        assert_eq!(failed.iter().map(|f| f.sha256.clone()).collect::<Vec<_>>(), wanted);
        assert!(failed[0].error.to_string().contains("make the folder"), "{}", failed[0].error);
        assert!(keeper.finish().is_empty());
        for i in (0..20).filter(|i| !is_blocked(i)) {
            assert_eq!(std::fs::read_to_string(path_of(&db, &hash(i))).unwrap(), texts[i]);
        }
    }
}
