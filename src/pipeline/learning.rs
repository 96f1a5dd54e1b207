//! `match learn`: weights fitted to labelled files, with each of them left out in turn.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::matching::learn::{self, Case, Fit};
use crate::matching::{Query, Scratch, Weights};
use crate::pipeline::address_file::{Error, Table};
use crate::pipeline::labelled;
use crate::pipeline::link;
use crate::pipeline::reference::{self, Part};
use crate::store::{self, Authorship, Change, Reader, Writer, links, premises};

/// A weight table of the user, or the defaults.
///
/// # Errors
/// When the file cannot be read or is no complete table.
pub fn weights_from(path: Option<&Path>) -> Result<Weights, Error> {
    let Some(path) = path else { return Ok(Weights::default()) };
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Weights::parse(&text).map_err(|source| Error::Weights { path: path.to_owned(), source })
}

/// One labelled set: its parcels, its queries, and the part of the parcels to keep.
#[derive(Debug, Clone)]
pub struct Set {
    /// Parcel file of the `generic` profile.
    pub parcels: PathBuf,
    /// Labelled queries.
    pub queries: PathBuf,
    /// Name of the city: sets of one city are left out together.
    pub city: String,
    /// Part of the parcels kept.
    pub part: Part,
    /// Whether points are used.
    pub with_points: bool,
}

/// Reads the sets of a list file: CSV with `parcels, queries, city, keep_percent, points`.
///
/// # Errors
/// When the list cannot be read or lacks a column.
pub fn read_sets(path: &Path) -> Result<Vec<Set>, Error> {
    let mut table = Table::open(path)?;
    let (parcels, queries) = (table.require("parcels")?, table.require("queries")?);
    let (city, keep) = (table.require("city")?, table.require("keep_percent")?);
    let points = table.column("points");
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut sets = Vec::new();
    while let Some((row_no, row)) = table.next_row()? {
        let wrong = |problem: String| Error::Row { path: path.to_owned(), problem };
        let row = row.map_err(wrong)?;
        let cell = |column: usize| row.get(column).unwrap_or("").trim();
        let percent = cell(keep).parse().ok().filter(|p| (1..=100).contains(p));
        let part = Part {
            percent: percent
                .ok_or_else(|| wrong(format!("row {row_no}, column keep_percent: {:?} is not 1 to 100", cell(keep))))?,
        };
        sets.push(Set {
            parcels: folder.join(cell(parcels)),
            queries: folder.join(cell(queries)),
            city: cell(city).to_owned(),
            part,
            with_points: points.is_some_and(|c| matches!(cell(c), "1" | "true" | "yes")),
        });
    }
    Ok(sets)
}

/// Queries used of one set; more of one city would drown the others.
const CASES_PER_SET_MAX: usize = 6_000;

/// The cases of a set under a table; all sets count the same, whatever their size.
///
/// # Errors
/// When a file cannot be read.
pub fn cases(set: &Set, weights: &Weights) -> Result<Vec<Case>, Error> {
    let matcher = reference::from_csv_part(&set.parcels, set.part)?.with_weights(weights.clone());
    let mut scratch = Scratch::default();
    let mut found = Vec::new();
    for labelled in labelled::read(&set.queries, None)? {
        let position = labelled.position.filter(|_| set.with_points);
        let query = Query { address_text: &labelled.text, position, ..Query::default() };
        let truths: Vec<&str> = labelled.truths.iter().filter(|_| labelled.in_universe).map(String::as_str).collect();
        found.push(learn::case(&matcher, &query, &truths, &mut scratch));
    }
    let step = found.len().div_ceil(CASES_PER_SET_MAX).max(1);
    let mut kept: Vec<Case> = found.into_iter().step_by(step).collect();
    let weight = 1_000.0 / kept.len().max(1) as f64;
    kept.iter_mut().for_each(|c| c.weight = weight);
    Ok(kept)
}

/// Fit over all sets, and one for each city without it.
#[derive(Debug)]
pub struct Learnt {
    /// Over all sets.
    pub all: Fit,
    /// City left out, and the fit without it.
    pub without: Vec<(String, Fit)>,
}

/// Fits the weights; candidates depend little on the weights, so two rounds are enough.
///
/// # Errors
/// When a file cannot be read.
pub fn learn_from(sets: &[Set], from: &Weights, version: &str, leave_out: bool) -> Result<Learnt, Error> {
    let fit_sets = |left_out: Option<&str>, start: &Weights| -> Result<Fit, Error> {
        let mut all = Vec::new();
        for set in sets.iter().filter(|s| Some(s.city.as_str()) != left_out) {
            all.extend(cases(set, start)?);
        }
        Ok(learn::fit(&all, from, version))
    };
    let first = fit_sets(None, from)?;
    let all = fit_sets(None, &first.weights)?;
    let mut without = Vec::new();
    if leave_out {
        let mut cities: Vec<&str> = sets.iter().map(|s| s.city.as_str()).collect();
        cities.sort_unstable();
        cities.dedup();
        for city in cities {
            without.push((city.to_owned(), fit_sets(Some(city), &all.weights)?));
        }
    }
    Ok(Learnt { all, without })
}

/// Fewest decisions that are worth a fit.
pub const DECISIONS_MIN: usize = 30;

/// Fits the weights to the decisions of the city's own reviews. Accepted parcels are right; a premise of which people only
/// rejected parcels has none.
///
/// # Errors
/// When the database cannot be read.
pub fn from_reviews(db: &Path, version: &str) -> Result<Fit, link::Error> {
    let reader = Reader::open(db)?;
    let matcher = reference::from_reader(&reader)?;
    let mut verdicts: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for (premise_no, parcel_no, is_accepted) in links::decisions(&reader)? {
        verdicts.entry(premise_no).or_default().push((parcel_no, is_accepted));
    }
    let mut scratch = Scratch::default();
    let mut cases = Vec::new();
    for (premise_no, parcels) in &verdicts {
        let Some(premise) = premises::by_no(&reader, premise_no)? else { continue };
        let truths: Vec<&str> = parcels.iter().filter(|(_, accepted)| *accepted).map(|(p, _)| p.as_str()).collect();
        cases.push(learn::case(&matcher, &link::ask(&premise), &truths, &mut scratch));
    }
    Ok(learn::fit(&cases, matcher.weights(), version))
}

/// Puts a weight table in force for the next `match run`, or the defaults again.
///
/// # Errors
/// When the database cannot be written.
pub fn put_in_force(db: &Path, authorship: &Authorship, weights: Option<&Weights>) -> Result<(), link::Error> {
    let mut writer = Writer::open(db)?;
    writer.with(authorship, |tx| -> Result<(), link::Error> {
        let before = store::matching::weights(tx)?.map(|t| json!({ "weights": t }).to_string());
        let text = weights.map(Weights::to_toml);
        let table = weights.zip(text.as_deref()).map(|(w, t)| (w.version.as_str(), t));
        store::matching::set_weights(tx, table)?;
        let after = text.as_ref().map(|t| json!({ "weights": t }).to_string());
        tx.audit(Change {
            action: "learn",
            entity: "match_weights",
            entity_id: weights.map_or("defaults", |w| w.version.as_str()),
            before_json: before.as_deref(),
            after_json: after.as_deref(),
        })?;
        Ok(())
    })
}
