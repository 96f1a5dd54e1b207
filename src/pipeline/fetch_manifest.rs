//! The daily manifests of fetched responses, and the check of everything that was kept.
//!
//! `<db>.evidence/manifests/2026-11-24.txt`: a head with the hash of the manifest before it, then one line for each response. A
//! file is only ever appended to, and its hash stands in the next one, so a day cannot be rewritten without rewriting every later one;
//! hand the hash of the newest one to somebody else and that shows too.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::fieldwork::freeze::sha256_hex;
use crate::store::sources::{self, ResponseRow, record_hash};
use crate::store::{self, Db, Reader};

use super::fetch_vault::{Error, file, manifest_folder, payload_of};

/// Responses read from the database at a time.
const ROWS_AT_ONCE: i64 = 1_000;
/// Findings of one check; the first ones tell what happened.
const FINDINGS_MAX: usize = 50;

fn line_of(row: &ResponseRow) -> String {
    format!(
        "{} {} {} {} {} {} {} {}\n",
        row.response_id,
        row.record_hash,
        row.sha256,
        row.byte_len,
        row.received_at,
        row.status,
        row.method,
        row.url_final
    )
}

/// The manifest files, oldest first.
fn files(db: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = manifest_folder(db);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(file("list", &folder)(source)),
    };
    let mut found: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "txt")).collect();
    found.sort();
    Ok(found)
}

fn day_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Appends the responses that no manifest has yet: those of this command, or of one that was killed before it came here.
pub(super) fn catch_up(db: &Path, view: &impl Db) -> Result<(), Error> {
    let mut newest = files(db)?.pop();
    let mut last_id = match &newest {
        Some(path) => last_id_in(path)?,
        None => 0,
    };
    loop {
        let rows = sources::after(view, last_id, ROWS_AT_ONCE)?;
        let Some(last) = rows.last() else { return Ok(()) };
        last_id = last.response_id;
        let mut at = 0;
        while at < rows.len() {
            let day = day_for(&rows[at], newest.as_deref());
            let n = rows[at..].iter().take_while(|r| day_for(r, newest.as_deref()) == day).count();
            newest = Some(append(db, newest.as_deref(), &day, &rows[at..at + n])?);
            at += n;
        }
    }
}

/// The day a response is listed under: its own, but never before the newest manifest (a clock that was set back).
fn day_for(row: &ResponseRow, newest: Option<&Path>) -> String {
    let own = row.received_at.get(..10).unwrap_or_default().to_owned();
    newest.map_or(own.clone(), |path| own.max(day_of(path)))
}

fn last_id_in(path: &Path) -> Result<i64, Error> {
    let text = fs::read_to_string(path).map_err(file("read", path))?;
    let id = |line: &str| line.split(' ').next().and_then(|w| w.parse().ok());
    Ok(text.lines().skip(2).filter_map(id).last().unwrap_or(0))
}

fn append(db: &Path, newest: Option<&Path>, day: &str, rows: &[ResponseRow]) -> Result<PathBuf, Error> {
    let folder = manifest_folder(db);
    let path = folder.join(format!("{day}.txt"));
    let mut text = String::new();
    if newest != Some(path.as_path()) {
        fs::create_dir_all(&folder).map_err(file("make the folder", &folder))?;
        let previous = match newest {
            Some(before) => {
                format!("{} {}", day_of(before), sha256_hex(&fs::read(before).map_err(file("read", before))?))
            }
            None => "none".to_owned(),
        };
        text = format!("taptrace manifest {day}\nprevious {previous}\n");
    }
    rows.iter().for_each(|r| text.push_str(&line_of(r)));
    let write = || -> std::io::Result<()> {
        let mut out = fs::OpenOptions::new().create(true).append(true).open(&path)?;
        out.write_all(text.as_bytes())?;
        out.sync_data()
    };
    write().map_err(file("append to", &path))?;
    Ok(path)
}

/// What a check saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Responses looked at.
    pub n_responses: u64,
    /// Manifests looked at.
    pub n_manifests: u64,
    /// Bytes hashed.
    pub n_bytes: u64,
    /// Newest manifest and its hash, to be written down elsewhere.
    pub head: Option<(String, String)>,
    /// What is wrong, one sentence each.
    pub findings: Vec<String>,
}

/// Checks every response: its place in the chain, its bytes, its line in a manifest; and the chain of the manifests.
///
/// # Errors
/// When the database or the folder cannot be read at all.
pub fn verify(db: &Path, reader: &Reader) -> Result<Verdict, Error> {
    let mut verdict = Verdict::default();
    let lines = read_manifests(db, &mut verdict)?;
    let mut lines = lines.iter().peekable();
    let (mut last_id, mut previous) = (0, String::new());
    loop {
        let rows = sources::after(reader, last_id, ROWS_AT_ONCE)?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            verdict.n_responses += 1;
            if row.response_id != last_id + 1 || row.record_hash != record_hash(&previous, row) {
                verdict.find(format!("response {}: the chain of responses is broken here", row.response_id));
            }
            last_id = row.response_id;
            previous.clone_from(&row.record_hash);
            match payload_of(db, row) {
                Ok(bytes) => verdict.n_bytes += bytes.len() as u64,
                Err(Error::Changed { .. }) => {
                    verdict.find(format!("response {last_id}: its bytes {} were changed", row.sha256));
                }
                Err(_) => verdict.find(format!("response {last_id}: its bytes {} are gone", row.sha256)),
            }
            match lines.next() {
                Some(line) if line.trim_end() == line_of(row).trim_end() => {}
                Some(_) => verdict.find(format!("response {last_id}: the manifest says something else")),
                None => verdict.find(format!("response {last_id}: no manifest has it")),
            }
        }
    }
    let n_left = lines.count();
    if n_left > 0 {
        verdict.find(format!("{n_left} responses of the manifests are gone from the database"));
    }
    Ok(verdict)
}

impl Verdict {
    fn find(&mut self, what: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(what);
        }
    }
}

/// Every line of every manifest, with the chain of the manifests checked.
fn read_manifests(db: &Path, verdict: &mut Verdict) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let mut before: Option<(String, String)> = None;
    for path in files(db)? {
        let bytes = fs::read(&path).map_err(file("read", &path))?;
        let text = String::from_utf8_lossy(&bytes);
        let mut own = text.lines();
        let day = day_of(&path);
        let wanted = match &before {
            Some((day, hash)) => format!("previous {day} {hash}"),
            None => "previous none".to_owned(),
        };
        if own.next() != Some(format!("taptrace manifest {day}").as_str()) || own.next() != Some(wanted.as_str()) {
            verdict.find(format!("manifest {day}: it does not follow from the one before it"));
        }
        lines.extend(own.map(str::to_owned));
        verdict.n_manifests += 1;
        before = Some((day, sha256_hex(&bytes)));
    }
    verdict.head = before;
    Ok(lines)
}

impl From<Error> for store::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error,
            Error::File { action, path, source } => store::Error::File { action, path, source },
            Error::Busy { .. } | Error::Changed { .. } | Error::Body(_) => {
                store::Error::Broken { what: error.to_string() }
            }
        }
    }
}
