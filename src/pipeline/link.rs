//! Every premise to its parcel: run, explain, review.
//!
//! Computed links are replaced by each run; what people decided is kept apart and goes `stale` when its inputs change.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::matching::{Matcher, Outcome, Query, Scratch, element_words};
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
    /// Two parcels are accepted for one premise.
    #[error("premise {premise_no} is given to two parcels, {first} and {second}")]
    TwoParcels {
        /// The premise.
        premise_no: String,
        /// The parcel accepted first.
        first: String,
        /// And the other.
        second: String,
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

/// What a person decides on: where the premise is said to be, and the matcher's answer to it. A new account holder or another
/// lot's row make no decision stale.
fn fingerprint(premise: &PremiseRow, outcome: &Outcome) -> String {
    let answer = outcome.candidates.first().map(|c| (&c.parcel_no, &c.situs));
    let text = format!(
        "{}|{:?}|{:?}|{:?}|{answer:?}",
        premise.service_address, premise.service_city, premise.service_zip, premise.position
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

fn prepare(premise: &PremiseRow, outcome: &Outcome) -> Prepared {
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
        fingerprint: fingerprint(premise, outcome),
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
    threads: usize,
) -> Result<RunReport, Error> {
    let version = &matcher.weights().version;
    let mut report = RunReport { n_premises: all.len(), ..RunReport::default() };
    let mut batches = all.chunks(BATCH_PREMISES);
    let work = |scratch: &mut Scratch, batch: &[PremiseRow]| -> Vec<Prepared> {
        batch.iter().map(|p| prepare(p, &matcher.match_with(&ask(p), scratch))).collect()
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
        let mut report = ask_and_store(tx, &matcher, &all, threads)?;
        report.n_stale = links::mark_stale(tx)?;
        links::apply_decisions(tx)?;
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

/// Bits by which an element must speak against a rival, compared with the best, to be named.
const AGAINST_BITS: f64 = 0.5;
/// Elements named of a rival.
const ELEMENTS_NAMED: usize = 2;

/// Says of each rival why it lost: by how many bits, and which elements fit less well than the best one's.
fn tell_rivals(candidates: &mut [Value]) {
    let bits_of = |candidate: &Value| -> Vec<(String, f64)> {
        let steps = candidate["steps"].as_array().into_iter().flatten();
        steps.filter_map(|s| Some((s["element"].as_str()?.to_owned(), s["bits"].as_f64()?))).collect()
    };
    let Some((best, rivals)) = candidates.split_first_mut() else { return };
    let best = bits_of(best);
    if best.is_empty() {
        return;
    }
    for rival in rivals {
        let own = bits_of(rival);
        let sum = |all: &[(String, f64)]| all.iter().map(|(_, bits)| bits).sum::<f64>();
        let of_best = |element: &str| best.iter().find(|(e, _)| e == element).map_or(0.0, |(_, bits)| *bits);
        let mut against: Vec<(&str, f64)> =
            own.iter().map(|(e, bits)| (e.as_str(), bits - of_best(e))).filter(|(_, d)| *d <= -AGAINST_BITS).collect();
        against.sort_by(|a, b| a.1.total_cmp(&b.1));
        let named: Vec<&str> = against.iter().take(ELEMENTS_NAMED).map(|(e, _)| element_words(e)).collect();
        let why = if named.is_empty() { "nothing in it fits less well".to_owned() } else { named.join(" and ") };
        rival["why"] = json!(format!("{:.1} bits behind the best: {why}", sum(&best) - sum(&own)));
    }
}

fn explain_stored(stored: &[StoredLink]) -> Value {
    let mut candidates: Vec<Value> = stored
        .iter()
        .filter(|l| l.parcel_no.is_some())
        .map(|l| {
            let told: Value = serde_json::from_str(&l.steps_json).unwrap_or(Value::Null);
            let situs = told["situs"].as_str().or(l.situs_text.as_deref());
            json!({"parcel_no": l.parcel_no, "situs": situs, "score": rounded(l.score), "status": l.status, "decision": l.decision, "steps": told["steps"]})
        })
        .collect();
    tell_rivals(&mut candidates);
    let first = &stored[0];
    let told: Value = serde_json::from_str(&first.steps_json).unwrap_or(Value::Null);
    json!({
        "address": first.service_address, "premise_no": first.premise_no, "decision": first.status,
        "score": rounded(first.score), "margin_bits": first.margin_bits.map(rounded), "reason": told["reason"],
        "decided_by": first.decided_by, "human_decision": first.decision, "stale_decision": first.stale_decision,
        "candidates": candidates,
    })
}

/// An outcome in the form of `match explain`.
pub fn explain_outcome(text: &str, outcome: &Outcome) -> Value {
    let mut candidates: Vec<Value> = outcome
        .candidates
        .iter()
        .map(|c| json!({"parcel_no": c.parcel_no, "situs": c.situs, "score": rounded(c.score), "steps": steps_value(&c.steps)}))
        .collect();
    tell_rivals(&mut candidates);
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
/// When a premise or parcel is unknown, one premise is given to two parcels, or the database cannot be written.
pub fn decide(db: &Path, authorship: &Authorship, verdicts: &[Verdict]) -> Result<(), Error> {
    let mut accepted: HashMap<&str, &str> = HashMap::new();
    for v in verdicts.iter().filter(|v| v.is_accepted) {
        let first = accepted.entry(&v.premise_no).or_insert(&v.parcel_no);
        if *first != v.parcel_no {
            let (first, second) = ((*first).to_owned(), v.parcel_no.clone());
            return Err(Error::TwoParcels { premise_no: v.premise_no.clone(), first, second });
        }
    }
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
        Ok(links::apply_decisions(tx)?)
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
