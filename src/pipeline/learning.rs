//! `match learn`: weights fitted to labelled files, with each of them left out in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::matching::calibration::{Answer, Calibration};
use crate::matching::learn::{self, Case, Fit};
use crate::matching::{Matcher, Query, Scratch, Weights};
use crate::pipeline::address_file::{Error, Table};
use crate::pipeline::labelled::{self, Labelled};
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

/// A set ready to be asked under one table after another.
struct Loaded<'a> {
    city: &'a str,
    with_points: bool,
    matcher: Matcher,
    queries: Vec<Labelled>,
}

impl<'a> Loaded<'a> {
    fn read(set: &'a Set) -> Result<Self, Error> {
        let matcher =
            reference::from_csv(&set.parcels, reference::Wanted { part: set.part, ..reference::Wanted::default() })?;
        let queries = labelled::read(&set.queries, None)?;
        let step = queries.len().div_ceil(CASES_PER_SET_MAX).max(1);
        let queries = queries.into_iter().step_by(step).collect();
        Ok(Self { city: &set.city, with_points: set.with_points, matcher, queries })
    }

    /// The cases under a table; all sets count the same, whatever their size.
    fn cases(&mut self, weights: &Weights) -> Vec<Case> {
        self.matcher.set_weights(weights.clone());
        let mut scratch = Scratch::default();
        let weight = 1_000.0 / self.queries.len().max(1) as f64;
        let ask = |labelled: &Labelled| {
            let position = labelled.position.filter(|_| self.with_points);
            let query = Query { address_text: &labelled.text, position, ..Query::default() };
            let truths: Vec<&str> =
                labelled.truths.iter().filter(|_| labelled.in_universe).map(String::as_str).collect();
            let mut case = learn::case(&self.matcher, &query, &truths, &mut scratch);
            case.weight = weight;
            case
        };
        self.queries.iter().map(ask).collect()
    }
}

/// Fit over all sets, and one for each city without it.
#[derive(Debug)]
pub struct Learnt {
    /// Over all sets.
    pub all: Fit,
    /// City left out, and the fit without it; empty when there is only one.
    pub without: Vec<(String, Fit)>,
    /// By city: the share of letter-for-letter answers that its labels call right.
    pub labels: Vec<(String, f64)>,
}

/// Fits the weights, and the line from probability to score to what each city gets from the weights of the others.
/// Candidates depend little on the weights, so two rounds are enough.
///
/// # Errors
/// When a file cannot be read.
pub fn learn_from(sets: &[Set], from: &Weights, version: &str) -> Result<Learnt, Error> {
    let mut sets = sets.iter().map(Loaded::read).collect::<Result<Vec<Loaded<'_>>, Error>>()?;
    let mut ask = |weights: &Weights| -> Vec<(String, Vec<Case>)> {
        sets.iter_mut().map(|set| (set.city.to_owned(), set.cases(weights))).collect()
    };
    let fit = |asked: &[(String, Vec<Case>)], left_out: &str, start: &Weights| {
        let of_others = asked.iter().filter(|(city, _)| city != left_out);
        let cases: Vec<&Case> = of_others.flat_map(|(_, cases)| cases).collect();
        learn::fit(&cases, start, version)
    };
    let first = fit(&ask(from), "", from);
    let mut all = fit(&ask(&first.weights), "", &first.weights);
    let asked = ask(&all.weights);
    let cities: BTreeSet<&str> = asked.iter().map(|(city, _)| city.as_str()).collect();
    // A single city has no others that could tell what a probability is worth there.
    let left_out: Vec<&str> = if cities.len() > 1 { cities.into_iter().collect() } else { Vec::new() };
    let mut without: Vec<(String, Fit)> =
        left_out.iter().map(|city| ((*city).to_owned(), fit(&asked, city, &all.weights))).collect();
    let unseen: Vec<(String, Vec<Case>)> = if without.is_empty() {
        asked
    } else {
        let weights_of = |city: &str| without.iter().find(|(other, _)| other == city).map(|(_, fit)| &fit.weights);
        sets.iter_mut()
            .filter_map(|set| weights_of(set.city).map(|weights| (set.city.to_owned(), set.cases(weights))))
            .collect()
    };
    let labels = whole_right(&unseen);
    let line = |left_out: &str| {
        let mut by_city: BTreeMap<&str, Vec<Answer>> = BTreeMap::new();
        let is_used = |city: &str| city != left_out && is_trusted(&labels, city);
        for (city, cases) in unseen.iter().filter(|(city, _)| is_used(city)) {
            by_city.entry(city).or_default().extend(cases.iter().filter_map(learn::answer));
        }
        Calibration::fit(&by_city.into_values().collect::<Vec<_>>(), &Calibration::default())
    };
    for (city, fit) in &mut without {
        fit.weights.calibration = line(city);
    }
    all.weights.calibration = line("");
    Ok(Learnt { all, without, labels })
}

/// By city: the share of letter-for-letter answers that its labels call right.
fn whole_right(asked: &[(String, Vec<Case>)]) -> Vec<(String, f64)> {
    let mut by_city: BTreeMap<&String, Vec<&Case>> = BTreeMap::new();
    for (city, cases) in asked {
        by_city.entry(city).or_default().extend(cases);
    }
    by_city
        .into_iter()
        .filter_map(|(city, cases)| Some((city.clone(), learn::whole_right(cases.into_iter())?)))
        .collect()
}

/// Labels that call more than one in twenty letter-for-letter answers wrong cannot say what a probability is worth. When no
/// city has better ones, all count.
pub const WHOLE_RIGHT_MIN: f64 = 0.95;

fn is_trusted(labels: &[(String, f64)], city: &str) -> bool {
    let is_good = |share: f64| share >= WHOLE_RIGHT_MIN;
    let own = labels.iter().find(|(other, _)| other == city).is_none_or(|(_, share)| is_good(*share));
    own || !labels.iter().any(|(_, share)| is_good(*share))
}

/// Fewest decisions that are worth a fit.
pub const DECISIONS_MIN: usize = 30;
/// Fewest decisions from which the line from probability to score is bent as well.
pub const CALIBRATION_MIN: usize = 200;

/// Fits the weights to the decisions of the city's own reviews. Accepted parcels are right; a premise of which people only
/// rejected parcels has none.
///
/// # Errors
/// When the database cannot be read.
pub fn from_reviews(db: &Path, version: &str) -> Result<Fit, link::Error> {
    let reader = Reader::open(db)?;
    let mut matcher = reference::from_reader(&reader)?;
    let mut verdicts: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for (premise_no, parcel_no, is_accepted) in links::decisions(&reader)? {
        verdicts.entry(premise_no).or_default().push((parcel_no, is_accepted));
    }
    let mut reviewed = Vec::new();
    for (premise_no, parcels) in &verdicts {
        reviewed.extend(premises::by_no(&reader, premise_no)?.map(|premise| (premise, parcels)));
    }
    // As `match run` asks: a point inside a lot is worth what it is worth there.
    if reviewed.iter().any(|(premise, _)| premise.position.is_some()) {
        matcher = reference::with_lots(matcher, &reader)?;
    }
    let ask = |matcher: &Matcher| -> Vec<Case> {
        let mut scratch = Scratch::default();
        let case = |(premise, parcels): &(_, &Vec<(String, bool)>)| {
            let truths: Vec<&str> = parcels.iter().filter(|(_, accepted)| *accepted).map(|(p, _)| p.as_str()).collect();
            learn::case(matcher, &link::ask(premise), &truths, &mut scratch)
        };
        reviewed.iter().map(case).collect()
    };
    let cases = ask(&matcher);
    let mut fit = learn::fit(&cases.iter().collect::<Vec<_>>(), matcher.weights(), version);
    if fit.n_cases >= CALIBRATION_MIN {
        matcher.set_weights(fit.weights.clone());
        let answers = ask(&matcher).iter().filter_map(learn::answer).collect();
        fit.weights.calibration = Calibration::fit(&[answers], &fit.weights.calibration);
    }
    Ok(fit)
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
