//! Files for `taptrace address`: one column of texts, or labelled addresses to measure the parser on.

use std::io::BufRead;
use std::path::Path;

use serde_json::Value;

use super::address_file::{Error, Table, open_bytes};
use crate::address;
use crate::address::evaluate::{self, Labelled, Tally, Verdict};

/// Longest list of wrong answers kept for showing.
const WRONG_MAX: usize = 1000;

/// Hands every text of a column, with its id (default: the row number), to `each`; rows that cannot be read come as the
/// reason.
///
/// # Errors
/// When the file or a column cannot be read, or `each` fails.
pub fn each_text(
    path: &Path,
    column: &str,
    id_column: Option<&str>,
    mut each: impl FnMut(&str, Result<&str, &str>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut table = Table::open(path)?;
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
