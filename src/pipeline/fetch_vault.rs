//! Responses of services kept as evidence: bytes under their hash beside the database, a chained row for each, a manifest for each day.
//!
//! Rows and their audit entry are written in batches; [`EvidenceVault::flush_with`] puts a caller's own rows (the cursor of a run)
//! into the same transaction, so that the cursor never stands before its evidence. Bytes reach the disk before their rows do.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::ingest::fetch::client::{Exchange, Kept, Vault, VaultError};
use crate::model::date::Instant;
use crate::store::sources::{self, ResponseRow};
use crate::store::{self, Authorship, Reader, Tx, Writer};

use super::case_evidence::{folder, path_of};
use super::fetch_keeper::Keeper;
use super::fetch_lock::{self, FetchLock};
use super::fetch_manifest;

/// Responses that wait for a transaction of their own at most.
const PENDING_MAX: usize = 256;

/// A failed look into or write to the evidence of fetched responses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A kept payload that cannot be unpacked.
    #[error(transparent)]
    Body(#[from] crate::ingest::fetch::Error),
    /// A file of the evidence folder.
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
    /// Another fetch runs on the database.
    #[error("another fetch runs on this database: process {pid}, since {since}, by {actor} ({what})")]
    Busy {
        /// Its process.
        pid: String,
        /// When it began.
        since: String,
        /// Who began it.
        actor: String,
        /// What it does.
        what: String,
    },
    /// A payload no longer has its hash.
    #[error("{} no longer has the hash it is named after", path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
    },
}

impl Error {
    /// What to try next.
    pub fn hint(&self) -> String {
        match self {
            Error::Busy { pid, .. } => {
                format!("wait until it ends, or stop it with: kill -INT {pid}   (what it fetched is kept)")
            }
            Error::Store(_) | Error::Body(_) | Error::File { .. } | Error::Changed { .. } => {
                "taptrace check".to_owned()
            }
        }
    }
}

/// The vault of one database. While it is open no other one opens.
#[derive(Debug)]
pub struct EvidenceVault {
    db: PathBuf,
    authorship: Authorship,
    keeper: Keeper,
    inner: Mutex<Inner>,
    _lock: FetchLock,
}

#[derive(Debug)]
struct Inner {
    writer: Writer,
    reader: Reader,
    pending: Vec<ResponseRow>,
}

impl EvidenceVault {
    /// Opens the vault beside a database, which is created when there is none. `authorship` says who fetches and why.
    ///
    /// # Errors
    /// When the database cannot be opened, or another fetch runs on it.
    pub fn open(db: &Path, authorship: &Authorship) -> Result<Self, Error> {
        let writer = Writer::open(db)?;
        let inner = Inner { writer, reader: Reader::open(db)?, pending: Vec::new() };
        let lock = fetch_lock::take(db, authorship)?;
        let keeper = Keeper::start(db)?;
        let (db, authorship) = (db.to_owned(), authorship.clone());
        Ok(Self { db, authorship, keeper, inner: Mutex::new(inner), _lock: lock })
    }

    /// Who fetches.
    pub fn actor(&self) -> &str {
        &self.authorship.actor
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// When the database or the evidence folder cannot be written; what waits then still waits.
    pub fn flush(&self) -> Result<(), Error> {
        let mut inner = self.lock();
        if inner.pending.is_empty() {
            return self.wait_for_disk(&mut inner.pending);
        }
        drop(inner);
        self.flush_with(|_| Ok(()))
    }

    /// Waits until all bytes are on the disk; gives back the first failure.
    fn wait_for_disk(&self, pending: &mut Vec<ResponseRow>) -> Result<(), Error> {
        let failed = self.keeper.finish();
        // A response whose bytes are not on the disk is no evidence; the others go with the next flush.
        pending.retain(|row| !failed.iter().any(|f| f.sha256 == row.sha256));
        failed.into_iter().next().map_or(Ok(()), |f| Err(f.error))
    }

    /// Writes what waits, and what `work` writes, in one transaction.
    ///
    /// # Errors
    /// As [`Self::flush`], or what `work` returns.
    pub fn flush_with<T, E: From<Error> + From<store::Error>>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        self.wait_for_disk(&mut inner.pending)?;
        let authorship = as_of_now(&self.authorship);
        let pending = &mut inner.pending;
        let value = inner.writer.with(&authorship, |tx| {
            sources::append(tx, pending)?;
            work(tx)
        })?;
        inner.pending.clear();
        fetch_manifest::catch_up(&self.db, &inner.reader)?;
        Ok(value)
    }

    /// The bytes of a kept payload, checked against their hash.
    ///
    /// # Errors
    /// When they are gone or changed.
    pub fn payload(&self, sha256: &str) -> Result<Vec<u8>, Error> {
        payload(&self.db, sha256)
    }

    /// Keeps bytes that belong to a run but are no response, such as the list of its pages; gives back their hash. They are on the
    /// disk after the next flush.
    pub fn keep_file(&self, bytes: &[u8]) -> String {
        let sha256 = crate::fieldwork::freeze::sha256_hex(bytes);
        self.keeper.write(&sha256, bytes);
        sha256
    }

    fn row_of(&self, e: &Exchange<'_>) -> ResponseRow {
        let host = url::Url::parse(e.url_final).ok().and_then(|u| u.host_str().map(str::to_owned));
        ResponseRow {
            request_key: e.request_key.to_owned(),
            host: host.unwrap_or_default(),
            method: e.method.as_str().to_owned(),
            url_asked: e.url_asked.to_owned(),
            url_final: e.url_final.to_owned(),
            request_body: e.request_body.to_owned(),
            request_headers: json(e.request_headers),
            asked_at: stamp(e.asked_at),
            received_at: stamp(e.received_at),
            http_version: e.http_version.to_owned(),
            status: e.status,
            headers: json(e.headers),
            sha256: e.sha256.to_owned(),
            byte_len: i64::try_from(e.payload.len()).unwrap_or(i64::MAX),
            revalidates: e.revalidates.map(str::to_owned),
            permission: e.permission.map(str::to_owned),
            tool_version: tool_of(e.proxy),
            actor: self.authorship.actor.clone(),
            reason: self.authorship.reason.clone(),
            ..ResponseRow::default()
        }
    }
}

impl Vault for EvidenceVault {
    fn keep(&self, exchange: &Exchange<'_>) -> Result<(), VaultError> {
        self.keeper.write(exchange.sha256, exchange.payload);
        let row = self.row_of(exchange);
        let mut inner = self.lock();
        inner.pending.push(row);
        let is_full = inner.pending.len() >= PENDING_MAX;
        drop(inner);
        if is_full {
            self.flush()?;
        }
        Ok(())
    }

    fn newest(&self, request_key: &str) -> Result<Option<Kept>, VaultError> {
        let is_pending = self.lock().pending.iter().any(|r| r.request_key == request_key && r.status == 200);
        if is_pending {
            self.flush()?;
        }
        let inner = self.lock();
        let Some(row) = sources::newest(&inner.reader, request_key)? else { return Ok(None) };
        let good_at = sources::last_good_at(&inner.reader, request_key)?;
        drop(inner);
        let good_at = good_at.unwrap_or_else(|| row.received_at.clone());
        // A payload that is gone or changed is evidence of something else, but nothing to answer from.
        let Ok(payload) = payload_of(&self.db, &row) else { return Ok(None) };
        Ok(Some(Kept {
            url_final: row.url_final,
            received_at: moment(&good_at),
            status: row.status,
            headers: pairs(&row.headers),
            payload,
            sha256: row.sha256,
        }))
    }

    fn n_requests(&self, host: &str, since: SystemTime) -> Result<u64, VaultError> {
        let inner = self.lock();
        let n_pending = inner.pending.iter().filter(|r| r.host == host).count() as u64;
        Ok(n_pending + sources::n_requests(&inner.reader, host, &stamp(since))?)
    }
}

impl Drop for EvidenceVault {
    fn drop(&mut self) {
        // What came before an error is evidence too; a failure here has nobody left to hear of it.
        drop(self.flush());
    }
}

/// What fetched: also the proxy saw, and may have changed, what came.
fn tool_of(proxy: Option<&str>) -> String {
    let through = proxy.map(|p| format!(" through the proxy {p}")).unwrap_or_default();
    format!("taptrace {}{through}", env!("CARGO_PKG_VERSION"))
}

/// The payload of a response.
///
/// # Errors
/// When it is gone or changed.
pub fn payload_of(db: &Path, row: &ResponseRow) -> Result<Vec<u8>, Error> {
    if row.byte_len == 0 { Ok(Vec::new()) } else { payload(db, &row.sha256) }
}

/// The bytes kept under a hash.
///
/// # Errors
/// When they are gone or changed.
pub fn payload(db: &Path, sha256: &str) -> Result<Vec<u8>, Error> {
    let path = path_of(db, sha256);
    let bytes = fs::read(&path).map_err(file("read", &path))?;
    if crate::fieldwork::freeze::sha256_hex(&bytes) == sha256 { Ok(bytes) } else { Err(Error::Changed { path }) }
}

/// Folder of the daily manifests.
pub(super) fn manifest_folder(db: &Path) -> PathBuf {
    folder(db).join("manifests")
}

pub(super) fn file<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> Error + 'a {
    move |source| Error::File { action, path: path.to_owned(), source }
}

/// UTC with milliseconds: `2026-11-24T23:40:39.123Z`.
pub fn stamp(at: SystemTime) -> String {
    format_stamp(at, "%Y-%m-%dT%H:%M:%S%.3fZ")
}

/// UTC in whole seconds.
pub fn stamp_seconds(at: SystemTime) -> String {
    format_stamp(at, "%Y-%m-%dT%H:%M:%SZ")
}

/// The same person and reason at this moment: a fetch writes long after its command began.
pub(super) fn as_of_now(by: &Authorship) -> Authorship {
    Authorship { at: Instant(stamp_seconds(SystemTime::now())), ..by.clone() }
}

fn format_stamp(at: SystemTime, form: &str) -> String {
    let ms = at.duration_since(SystemTime::UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_millis()).ok());
    let moment = ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.unwrap_or(jiff::Timestamp::UNIX_EPOCH).strftime(form).to_string()
}

fn moment(stamp: &str) -> SystemTime {
    let ms = stamp.parse::<jiff::Timestamp>().ok().and_then(|t| u64::try_from(t.as_millisecond()).ok());
    SystemTime::UNIX_EPOCH + Duration::from_millis(ms.unwrap_or(0))
}

fn json(headers: &[(String, String)]) -> String {
    serde_json::to_string(headers).unwrap_or_default()
}

/// Headers as they are stored, as pairs.
pub fn pairs(json: &str) -> Vec<(String, String)> {
    serde_json::from_str(json).unwrap_or_default()
}
