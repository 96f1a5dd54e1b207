//! From a fact back to the bytes it was read from: a snapshot, its pages, one row as it came; and the certification of them.

use std::path::Path;

use serde_json::Value;

use crate::ingest::fetch::arcgis::page::nth_row;
use crate::ingest::fetch::body_of;
use crate::model::date::Instant;
use crate::model::id::SnapshotId;
use crate::store::Reader;
use crate::store::fetch_runs::{self, RunRow};
use crate::store::ownership::{self, WITHHELD};
use crate::store::snapshots::{self, SnapshotRow};
use crate::store::sources::{self, ResponseRow};

use super::fetch_manifest;
use super::fetch_vault::{Error, pairs, payload, payload_of};

/// The certification with its blanks.
const CERTIFICATION: &str = include_str!("../../data/policy/certification.txt");
/// Shortest beginning of a hash that names a response.
const HASH_CHARS_MIN: usize = 6;
/// Responses listed in a certification one by one; more are told by the hash of their list.
const LISTED_MAX: usize = 40;

/// What a word on the command line means.
#[derive(Debug, Clone)]
pub enum Origin {
    /// An imported file or layer.
    Snapshot {
        /// The snapshot.
        snapshot: Box<SnapshotRow>,
        /// The run that fetched it.
        run: Option<Box<RunRow>>,
        /// The responses of its pages, in order.
        responses: Vec<ResponseRow>,
    },
    /// Responses with the same bytes, or with hashes that begin alike.
    Responses(Vec<ResponseRow>),
}

/// Where a row came from.
#[derive(Debug, Clone)]
pub struct RowOrigin {
    /// 1-based row of the snapshot.
    pub row_no: u64,
    /// 1-based row of the page; of the file, when it was one.
    pub row_in_page: u64,
    /// The page.
    pub response: Option<ResponseRow>,
    /// The row as it came, as JSON.
    pub raw: Option<String>,
}

/// Finds a snapshot by number, or responses by the beginning of a hash.
///
/// # Errors
/// When the database cannot be read.
pub fn find(reader: &Reader, word: &str) -> Result<Option<Origin>, Error> {
    if let Ok(number) = word.parse::<i64>()
        && let Some(snapshot) = snapshots::list(reader)?.into_iter().find(|s| s.snapshot_id == SnapshotId(number))
    {
        let run = fetch_runs::run_of(reader, snapshot.snapshot_id)?;
        let responses = match &run {
            Some(run) => sources::of_run(reader, run.fetch_run_id)?,
            None => Vec::new(),
        };
        let (snapshot, run) = (Box::new(snapshot), run.map(Box::new));
        return Ok(Some(Origin::Snapshot { snapshot, run, responses }));
    }
    let prefix = word.to_ascii_lowercase();
    if prefix.len() < HASH_CHARS_MIN || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let found = sources::by_hash(reader, &prefix)?;
    Ok(Some(Origin::Responses(found)).filter(|o| matches!(o, Origin::Responses(rows) if !rows.is_empty())))
}

/// The unpacked body of a response.
///
/// # Errors
/// When it is gone or changed.
pub fn body(db: &Path, row: &ResponseRow) -> Result<Vec<u8>, Error> {
    let bytes = payload_of(db, row)?;
    Ok(body_of(&row.url_final, &pairs(&row.headers), bytes)?)
}

/// The list of pages that a fetched snapshot is the hash of.
///
/// # Errors
/// When it is gone or changed.
pub fn page_list(db: &Path, sha256: &str) -> Result<Vec<u8>, Error> {
    payload(db, sha256)
}

/// Where row `row_no` of a snapshot came from; `None` when it has no such row.
///
/// # Errors
/// When the page is gone or changed.
pub fn row(db: &Path, reader: &Reader, origin: &Origin, row_no: u64) -> Result<Option<RowOrigin>, Error> {
    let Origin::Snapshot { snapshot, run, responses } = origin else { return Ok(None) };
    if row_no == 0 || row_no > snapshot.counts.read {
        return Ok(None);
    }
    let Some(run) = run else {
        return Ok(Some(RowOrigin { row_no, row_in_page: row_no, response: None, raw: None }));
    };
    let number = row_no.cast_signed();
    let pages = fetch_runs::pages(reader, run.fetch_run_id)?;
    let page = pages.iter().find(|p| (p.first_row..p.first_row + p.row_count).contains(&number));
    let Some(page) = page else { return Ok(None) };
    let row_in_page = (number - page.first_row + 1).unsigned_abs();
    let response = responses.iter().find(|r| r.sha256 == page.sha256).cloned();
    let raw = match &response {
        Some(response) => nth_row(&body(db, response)?, row_in_page),
        None => None,
    };
    let raw = match raw {
        Some(raw) if is_withheld(&raw, &ownership::withheld_texts(reader)?) => Some(WITHHELD.to_owned()),
        raw => raw,
    };
    Ok(Some(RowOrigin { row_no, row_in_page, response, raw }))
}

/// Whether a value of the row is the number or the owner line of a parcel that is withheld.
fn is_withheld(raw: &str, texts: &[String]) -> bool {
    let Ok(row) = serde_json::from_str::<Value>(raw) else { return !texts.is_empty() };
    let is_one = |text: &str| {
        texts.iter().flat_map(|t| t.split('\n')).any(|withheld| withheld.trim().eq_ignore_ascii_case(text.trim()))
    };
    let mut values = vec![&row];
    while let Some(value) = values.pop() {
        match value {
            Value::Object(members) => values.extend(members.iter().filter(|(k, _)| *k != "geometry").map(|(_, v)| v)),
            Value::Array(items) => values.extend(items),
            Value::String(text) if is_one(text) => return true,
            Value::Number(number) if is_one(&number.to_string()) => return true,
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }
    false
}

/// A certification to be filled in and signed.
#[derive(Debug, Clone)]
pub struct Certificate {
    records: String,
    head: String,
    findings: String,
    /// What the check of the evidence found; a certification with findings must not be signed.
    pub n_findings: usize,
}

impl Certificate {
    /// Describes the records of `origin` and checks the whole evidence.
    ///
    /// # Errors
    /// When the evidence cannot be read.
    pub fn new(db: &Path, reader: &Reader, origin: &Origin) -> Result<Self, Error> {
        let verdict = fetch_manifest::verify(db, reader)?;
        let head = verdict.head.map_or("none".to_owned(), |(day, sha256)| format!("{day}, SHA-256 {sha256}"));
        let findings = match verdict.findings.as_slice() {
            [] => "no difference was found".to_owned(),
            found => format!("DIFFERENCES WERE FOUND, do not sign:\n    {}", found.join("\n    ")),
        };
        Ok(Self { records: records_of(origin), head, findings, n_findings: verdict.findings.len() })
    }

    /// The text.
    pub fn text(&self, at: &Instant) -> String {
        CERTIFICATION
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let line = line.replace("{records}", &self.records).replace("{manifest}", &self.head);
                let line = line.replace("{check}", &self.findings).replace("{at}", &at.0);
                line.replace("{tool}", concat!("taptrace ", env!("CARGO_PKG_VERSION"))) + "\n"
            })
            .collect()
    }
}

fn records_of(origin: &Origin) -> String {
    let (mut text, rows) = match origin {
        Origin::Responses(rows) => (String::new(), rows),
        Origin::Snapshot { snapshot: s, run, responses } => {
            let query = run.as_ref().map_or(String::new(), |r| format!("\n    asked for: {}", r.query));
            let head = format!(
                "    {} of {}, {} rows, as of {}, imported at {}\n    SHA-256 {}{query}\n",
                s.source_kind, s.origin, s.counts.read, s.as_of_date, s.imported_at, s.sha256
            );
            (head, responses)
        }
    };
    for r in rows.iter().take(LISTED_MAX) {
        text.push_str(&format!(
            "    {} {}\n      received {} by {}, status {}, {} bytes\n      SHA-256 {}\n",
            r.method, r.url_final, r.received_at, r.actor, r.status, r.byte_len, r.sha256
        ));
    }
    if rows.len() > LISTED_MAX {
        text.push_str(&format!(
            "    and {} further responses, each named in the list with the hash above\n",
            rows.len() - LISTED_MAX
        ));
    }
    text.trim_end().to_owned()
}
