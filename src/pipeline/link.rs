//! Every premise to its parcel: run, explain, review.
//!
//! Computed links are replaced by each run; what people decided is kept apart and goes `stale` when its inputs change.

use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::matching::{Matcher, Outcome, Query, Scratch};
use crate::model::link::{ComparisonStep, Decision};
use crate::pipeline::address_file::{Error as FileError, Table, rounded};
use crate::pipeline::{ordered, reference};
use crate::store::links::{self, NewLink, StoredLink};
use crate::store::premises::{self, PremiseRow};
use crate::store::{self, Authorship, Change, Reader, Writer};

/// A failed matching run or review.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is nothing to link.
    #[error("the database has no {what}")]
    Nothing {
        /// What is missing.
        what: &'static str,
    },
    /// A line of a decisions file is wrong.
    #[error("row {row_no}, column {column}: {value:?} is not {expected}")]
    Decision {
        /// 1-based data row.
        row_no: u64,
        /// Column.
        column: &'static str,
        /// Value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunReport {
    /// Premises looked at.
    pub n_premises: usize,
    /// Accepted without a person.
    pub n_accepted: usize,
    /// Waiting for a person.
    pub n_review: usize,
    /// Without a link.
    pub n_none: usize,
    /// Decisions whose inputs changed.
    pub n_stale: usize,
}

/// What a premise's link depends on: its own text and the county's rows, through the audit of their import.
fn fingerprint(premise: &PremiseRow, county: &str) -> String {
    let text = format!(
        "{}|{:?}|{:?}|{:?}|{:?}|{county}",
        premise.service_address, premise.service_city, premise.service_zip, premise.position, premise.holder_name
    );
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

fn steps_value(steps: &[ComparisonStep]) -> Value {
    steps
        .iter()
        .map(|s| json!({"element": s.element, "level": s.level, "bits": rounded(s.weight_bits), "detail": s.detail}))
        .collect()
}

pub(crate) fn ask<'a>(premise: &'a PremiseRow) -> Query<'a> {
    Query {
        address_text: &premise.service_address,
        place: premise.service_city.as_deref().unwrap_or(""),
        zip: premise.service_zip.as_deref().unwrap_or(""),
        position: premise.position,
        owner_name: premise.holder_name.as_deref().unwrap_or(""),
    }
}

/// What is stored of one premise, worked out on the matching thread; the writer only inserts.
struct Prepared {
    decision: Decision,
    margin_bits: f64,
    fingerprint: String,
    /// Parcel, probability and explanation, the answer first.
    rows: Vec<(Option<String>, f64, String)>,
}

/// A rival less likely than this is not stored, unless it is the next best: it explains nothing.
const RIVAL_SCORE_MIN: f64 = 0.001;

/// Element, level, bits and detail: their names would be half of all bytes stored. `store::links` names them again.
type StepRow<'a> = (&'a str, &'a str, f64, &'a str);

#[derive(Serialize)]
struct Explained<'a> {
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    situs: Option<&'a str>,
    steps: Vec<StepRow<'a>>,
}

fn prepare(premise: &PremiseRow, outcome: &Outcome, county: &str) -> Prepared {
    let told = |situs, steps: &[ComparisonStep]| {
        let steps = steps.iter().map(|s| (s.element, s.level, rounded(s.weight_bits), s.detail.as_ref())).collect();
        serde_json::to_string(&Explained { reason: &outcome.reason, situs, steps }).unwrap_or_default()
    };
    let mut rows: Vec<(Option<String>, f64, String)> = outcome
        .candidates
        .iter()
        .enumerate()
        .filter(|(i, c)| *i < 2 || c.score >= RIVAL_SCORE_MIN)
        .map(|(i, c)| {
            let is_answer = i == 0 && outcome.decision != Decision::None;
            let score = if is_answer { outcome.score } else { c.score };
            (Some(c.parcel_no.clone()), score, told(Some(&c.situs), &c.steps))
        })
        .collect();
    if rows.is_empty() {
        rows.push((None, 0.0, told(None, &[])));
    }
    Prepared {
        decision: outcome.decision,
        margin_bits: outcome.margin_bits,
        fingerprint: fingerprint(premise, county),
        rows,
    }
}

/// Premises handed to a worker at a time.
const BATCH_PREMISES: usize = 512;

/// Asks for all premises on `threads` threads and stores the answers in order as they come.
fn ask_and_store(
    tx: &mut store::Tx<'_>,
    matcher: &Matcher,
    all: &[PremiseRow],
    county: &str,
    threads: usize,
) -> Result<RunReport, Error> {
    let version = &matcher.weights().version;
    let mut report = RunReport { n_premises: all.len(), ..RunReport::default() };
    let mut batches = all.chunks(BATCH_PREMISES);
    let work = |scratch: &mut Scratch, batch: &[PremiseRow]| -> Vec<Prepared> {
        batch.iter().map(|p| prepare(p, &matcher.match_with(&ask(p), scratch), county)).collect()
    };
    let mut premises = all.iter();
    let stored: Result<(), Error> = ordered::run(
        threads,
        || Ok(batches.next()),
        Scratch::default,
        work,
        |batch| {
            for (prepared, premise) in batch.iter().zip(premises.by_ref()) {
                match prepared.decision {
                    Decision::Accepted => report.n_accepted += 1,
                    Decision::Review => report.n_review += 1,
                    Decision::None => report.n_none += 1,
                }
                store_prepared(tx, premise, prepared, version)?;
            }
            Ok(())
        },
    );
    stored?;
    Ok(report)
}

/// Links every premise.
///
/// # Errors
/// When the database has no premises or cannot be written.
pub fn run(db: &Path, authorship: &Authorship, threads: usize) -> Result<RunReport, Error> {
    let reader = Reader::open(db)?;
    let all = premises::list(&reader)?;
    if all.is_empty() {
        return Err(Error::Nothing { what: "premises" });
    }
    let county = store::parcels::content_mark(&reader)?;
    let mut matcher = reference::from_reader(&reader)?;
    if all.iter().any(|p| p.position.is_some()) {
        matcher = reference::with_lots(matcher, &reader)?;
    }
    let is_stored = reference::is_stored(&reader)?;
    drop(reader);
    let mut writer = Writer::open(db)?;
    writer.with(authorship, |tx| -> Result<RunReport, Error> {
        links::clear(tx)?;
        if !is_stored {
            reference::store_county(tx)?;
        }
        let mut report = ask_and_store(tx, &matcher, &all, &county, threads)?;
        links::cover_decisions(tx)?;
        report.n_stale = links::mark_stale(tx)?;
        let after = json!({
            "model_version": matcher.weights().version, "premises": report.n_premises, "accepted": report.n_accepted,
            "review": report.n_review, "none": report.n_none, "stale": report.n_stale,
        })
        .to_string();
        tx.audit(Change {
            action: "match",
            entity: "premise",
            entity_id: "*",
            before_json: None,
            after_json: Some(&after),
        })?;
        Ok(report)
    })
}

fn store_prepared(
    tx: &mut store::Tx<'_>,
    premise: &PremiseRow,
    prepared: &Prepared,
    version: &str,
) -> Result<(), Error> {
    let status = match prepared.decision {
        Decision::Accepted => "auto_accepted",
        Decision::Review => "review",
        Decision::None => "none",
    };
    for (i, (parcel_no, score, steps_json)) in prepared.rows.iter().enumerate() {
        links::insert(
            tx,
            &NewLink {
                premise_id: premise.premise_id,
                parcel_no: parcel_no.as_deref(),
                rank: i + 1,
                status: if i == 0 { status } else { "refused" },
                score: *score,
                margin_bits: prepared.margin_bits,
                steps_json,
                model_version: version,
                input_fingerprint: &prepared.fingerprint,
            },
        )?;
    }
    Ok(())
}

/// Explains the stored links of a premise, or asks the matcher when the text is no premise number.
///
/// # Errors
/// When the database cannot be read.
pub fn explain(db: &Path, text: &str) -> Result<Value, Error> {
    let reader = Reader::open(db)?;
    let stored = links::of_premise(&reader, text)?;
    if !stored.is_empty() {
        return Ok(explain_stored(&stored));
    }
    drop(reader);
    let matcher = reference::from_database(db)?;
    let outcome = matcher.match_one(&Query { address_text: text, ..Query::default() });
    Ok(explain_outcome(text, &outcome))
}

fn explain_stored(stored: &[StoredLink]) -> Value {
    let candidates: Vec<Value> = stored
        .iter()
        .filter(|l| l.parcel_no.is_some())
        .map(|l| {
            let told: Value = serde_json::from_str(&l.steps_json).unwrap_or(Value::Null);
            json!({"parcel_no": l.parcel_no, "situs": told["situs"], "score": rounded(l.score), "status": l.status, "steps": told["steps"]})
        })
        .collect();
    let first = &stored[0];
    let told: Value = serde_json::from_str(&first.steps_json).unwrap_or(Value::Null);
    json!({
        "address": first.service_address, "premise_no": first.premise_no, "decision": first.status,
        "score": rounded(first.score), "margin_bits": first.margin_bits.map(rounded), "reason": told["reason"],
        "decided_by": first.decided_by, "candidates": candidates,
    })
}

/// An outcome in the form of `match explain`.
pub fn explain_outcome(text: &str, outcome: &Outcome) -> Value {
    let candidates: Vec<Value> = outcome
        .candidates
        .iter()
        .map(|c| json!({"parcel_no": c.parcel_no, "situs": c.situs, "score": rounded(c.score), "steps": steps_value(&c.steps)}))
        .collect();
    json!({
        "address": text, "decision": outcome.decision.as_str(), "score": rounded(outcome.score),
        "margin_bits": rounded(outcome.margin_bits), "reason": outcome.reason, "candidates": candidates,
    })
}

/// A decision of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Premise.
    pub premise_no: String,
    /// Parcel.
    pub parcel_no: String,
    /// True to accept, false to reject.
    pub is_accepted: bool,
    /// Why.
    pub reason: String,
}

/// Records decisions, all or none.
///
/// # Errors
/// When a premise or parcel is unknown, or the database cannot be written.
pub fn decide(db: &Path, authorship: &Authorship, verdicts: &[Verdict]) -> Result<(), Error> {
    let mut writer = Writer::open(db)?;
    writer.with(authorship, |tx| -> Result<(), Error> {
        for v in verdicts {
            let word = if v.is_accepted { "accepted" } else { "rejected" };
            links::decide(tx, &v.premise_no, &v.parcel_no, word, &v.reason)?;
            let after = json!({"parcel_no": v.parcel_no, "verdict": word, "reason": v.reason}).to_string();
            tx.audit(Change {
                action: "decide",
                entity: "match_link",
                entity_id: &v.premise_no,
                before_json: None,
                after_json: Some(&after),
            })?;
        }
        Ok(links::cover_decisions(tx)?)
    })
}

/// Reads decisions from a CSV with the columns `premise_no, parcel_no, verdict, reason`.
///
/// # Errors
/// When a column is missing or a verdict is neither `accept` nor `reject`.
pub fn read_verdicts(path: &Path) -> Result<Vec<Verdict>, Error> {
    let mut table = Table::open(path)?;
    let columns = ["premise_no", "parcel_no", "verdict", "reason"].map(|c| table.require(c));
    let [premise_no, parcel_no, verdict, reason] = columns;
    let (premise_no, parcel_no, verdict, reason) = (premise_no?, parcel_no?, verdict?, reason?);
    let mut found = Vec::new();
    while let Some((row_no, row)) = table.next_row()? {
        let row = row.map_err(|problem| FileError::Row { path: path.to_owned(), problem })?;
        let cell = |column: usize| row.get(column).unwrap_or("").trim().to_owned();
        let word = cell(verdict).to_ascii_lowercase();
        let is_accepted = match word.as_str() {
            "accept" | "accepted" => true,
            "reject" | "rejected" => false,
            _ => return Err(Error::Decision { row_no, column: "verdict", value: word, expected: "accept or reject" }),
        };
        if cell(reason).is_empty() {
            return Err(Error::Decision { row_no, column: "reason", value: String::new(), expected: "a reason" });
        }
        found.push(Verdict {
            premise_no: cell(premise_no),
            parcel_no: cell(parcel_no),
            is_accepted,
            reason: cell(reason),
        });
    }
    Ok(found)
}

/// What waits for a person, what is at stake first.
///
/// # Errors
/// When the database cannot be read.
pub fn queue(db: &Path, limit: usize) -> Result<Vec<StoredLink>, Error> {
    Ok(links::review_queue(&Reader::open(db)?, limit)?)
}
