//! Files for `taptrace address`: one column of texts, or labelled addresses to measure the parser on.

use std::io::BufRead;
use std::path::Path;

use serde_json::Value;

use super::address_file::{Error, Table, open_bytes};
use crate::address;
use crate::address::evaluate::{self, Labelled, Tally, Verdict};

/// Longest list of wrong answers kept for showing.
const WRONG_MAX: usize = 1000;

/// Hands every text of a file, with its id (default: the row number), to `each`; rows that cannot be read come as the
/// reason. The file is CSV or NDJSON with the texts in `column`, or, without one, plain text with an address a line.
///
/// # Errors
/// When the file or a column cannot be read, or `each` fails.
pub fn each_text(
    path: &Path,
    column: Option<&str>,
    id_column: Option<&str>,
    each: impl FnMut(&str, Result<&str, &str>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut bytes = open_bytes(path)?;
    let head = bytes.fill_buf().map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match column {
        None => each_line(path, bytes, each),
        Some(column) if head.starts_with(b"{") => each_object(path, bytes, column, id_column, each),
        Some(column) => each_row(Table::from_bytes(path, bytes)?, column, id_column, each),
    }
}

fn each_line(
    path: &Path,
    bytes: impl BufRead,
    mut each: impl FnMut(&str, Result<&str, &str>) -> Result<(), Error>,
) -> Result<u64, Error> {
    for (at, line) in bytes.split(b'\n').enumerate() {
        let line = line.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_start_matches('\u{feff}').trim();
        if !text.is_empty() {
            each(&(at + 1).to_string(), Ok(text))?;
        }
    }
    Ok(0)
}

fn each_object(
    path: &Path,
    bytes: impl BufRead,
    column: &str,
    id_column: Option<&str>,
    mut each: impl FnMut(&str, Result<&str, &str>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut n_unreadable = 0;
    let mut has_column = false;
    for (at, line) in bytes.lines().enumerate() {
        let line = line.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        if line.trim().is_empty() {
            continue;
        }
        let number = (at + 1).to_string();
        let Ok(Value::Object(row)) = serde_json::from_str(line.trim_start_matches('\u{feff}')) else {
            n_unreadable += 1;
            each(&number, Err("no JSON object"))?;
            continue;
        };
        if !has_column && !row.contains_key(column) {
            let found = row.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(Error::NoColumn { path: path.to_owned(), column: column.to_owned(), found });
        }
        has_column = true;
        let cell = |name: &str| match row.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        each(&id_column.map_or(number, cell), Ok(&cell(column)))?;
    }
    Ok(n_unreadable)
}

fn each_row(
    mut table: Table,
    column: &str,
    id_column: Option<&str>,
    mut each: impl FnMut(&str, Result<&str, &str>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let text_at = table.require(column)?;
    let id_at = id_column.map(|name| table.require(name)).transpose()?;
    let mut n_unreadable = 0;
    while let Some((row_no, row)) = table.next_row()? {
        let number = row_no.to_string();
        match &row {
            Ok(row) => {
                let id = id_at.and_then(|at| row.get(at)).unwrap_or(&number);
                each(id, Ok(row.get(text_at).unwrap_or("")))?;
            }
            Err(problem) => {
                n_unreadable += 1;
                each(&number, Err(problem))?;
            }
        }
    }
    Ok(n_unreadable)
}

/// A wrong answer.
#[derive(Debug, Clone)]
pub struct Wrong {
    /// The text.
    pub raw: String,
    /// The label.
    pub gold: Labelled,
    /// What was read.
    pub found: Labelled,
    /// Which elements were right.
    pub verdict: Verdict,
}

/// The figures of one file of labelled addresses.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Counts.
    pub tally: Tally,
    /// The first wrong ones.
    pub wrong: Vec<Wrong>,
    /// Lines without `raw` and `gold`.
    pub n_unreadable: u64,
}

/// Measures the parser on a JSON-lines file (plain or `.gz`) with `raw` and `gold` in each line.
///
/// # Errors
/// When the file cannot be read.
pub fn evaluate_file(path: &Path) -> Result<Report, Error> {
    let mut report = Report::default();
    for line in open_bytes(path)?.lines() {
        let line = line.map_err(|source| Error::Read { path: path.to_owned(), source })?;
        if line.trim().is_empty() {
            continue;
        }
        let value: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
        let Some((raw, gold)) = evaluate::labelled(&value) else {
            report.n_unreadable += 1;
            continue;
        };
        let parsed = address::parse(raw);
        let verdict = evaluate::judge(parsed.readings.first(), &gold);
        report.tally.add(verdict);
        if !verdict.is_exact() && report.wrong.len() < WRONG_MAX {
            let found = parsed.readings.first().map(evaluate::elements_of).unwrap_or_default();
            report.wrong.push(Wrong { raw: raw.to_owned(), gold, found, verdict });
        }
    }
    Ok(report)
}
