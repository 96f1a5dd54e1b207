//! The matcher on a labelled file: runs every query and hands the outcomes to `matching::evaluate`.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use crate::matching::evaluate::{Figures, Judged, figures};
use crate::matching::{Matcher, Query};
use crate::model::link::Decision;
use crate::pipeline::address_file::Error;
use crate::pipeline::labelled;
use crate::pipeline::reference::Part;

/// Figures of one labelled file.
#[derive(Debug)]
pub struct Report {
    /// The figures.
    pub figures: Figures,
    /// Queries a second on one thread, reading not counted.
    pub queries_per_second: f64,
    /// Wrong automatic accepts, one line each.
    pub wrong: Vec<String>,
}

/// What of a labelled file is run, and how.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Points of the queries are used.
    pub with_points: bool,
    /// Part of the parcels that the matcher knows.
    pub part: Part,
    /// Only queries whose tier begins so.
    pub tier: Option<&'a str>,
}

/// Runs a labelled file (`query_id, address_text, true_parcel_id, in_universe, tier, lon, lat`); unlabelled rows are left out.
///
/// # Errors
/// When the file cannot be read or lacks a column.
pub fn run(matcher: &Matcher, path: &Path, scope: Scope<'_>) -> Result<Report, Error> {
    let mut judged = Vec::new();
    let mut wrong = Vec::new();
    let mut spent = 0.0;
    for query in labelled::read(path, scope.tier)? {
        // A parcel that was left out on purpose cannot be found, whatever the label says.
        let is_there = scope.part.percent == 100 || query.truths.iter().any(|t| matcher.parcel_position(t).is_some());
        let is_inside = query.in_universe && is_there;
        let position = query.position.filter(|_| scope.with_points);
        let started = Instant::now();
        let outcome = matcher.match_one(&Query { address_text: &query.text, position, ..Query::default() });
        spent += started.elapsed().as_secs_f64();
        let is_true = |parcel_no: &str| is_inside && query.truths.iter().any(|t| t == parcel_no);
        let is_right = outcome.candidates.first().is_some_and(|c| is_true(&c.parcel_no))
            || outcome.parcels.iter().any(|p| is_true(p));
        if outcome.decision == Decision::Accepted && !is_right && wrong.len() < 200 {
            wrong.push(format!(
                "{}\t{}\tgot {}\ttrue {}\t{:.4}",
                query.id,
                query.text,
                outcome.candidates.first().map_or(String::new(), |c| format!("{} {}", c.parcel_no, c.situs)),
                if is_inside { query.truths.join("|") } else { "none".to_owned() },
                outcome.score
            ));
        }
        judged.push(Judged {
            decision: outcome.decision,
            score: outcome.score,
            is_right,
            in_top3: outcome.candidates.iter().take(3).any(|c| is_true(&c.parcel_no)),
            in_universe: is_inside,
        });
    }
    let queries_per_second = judged.len() as f64 / spent.max(1e-9);
    Ok(Report { figures: figures(&judged), queries_per_second, wrong })
}

/// Writes a report for people or as one JSON line.
///
/// # Errors
/// When the result cannot be written.
pub fn write(report: &Report, path: &Path, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    let f = &report.figures;
    if as_json {
        let bins: Vec<_> = f.reliability.iter().map(|b| {
            json!({"from": f64::from(b.from_hundredths) / 100.0, "n": b.n, "mean_score": b.mean_score, "share_right": b.share_right})
        }).collect();
        let line = json!({
            "queries": path.display().to_string(), "n_queries": f.n_queries, "n_in_universe": f.n_in_universe,
            "precision": f.precision, "precision_inside": f.precision_inside, "recall": f.recall, "outside_accepted": f.outside_accepted,
            "review_share": f.review_share, "top3_recall": f.top3_recall, "recall_at_99": f.recall_at_99,
            "recall_at_995": f.recall_at_995, "brier": f.brier, "calibration_error": f.calibration_error,
            "reliability": bins, "queries_per_second": report.queries_per_second.round(),
        });
        return writeln!(out, "{line}");
    }
    writeln!(out, "{}: {} queries, {} of them in the county", path.display(), f.n_queries, f.n_in_universe)?;
    writeln!(
        out,
        "  automatic accepts   precision {:.4} (of queries inside the county {:.4})  recall {:.4}",
        f.precision, f.precision_inside, f.recall
    )?;
    writeln!(out, "  outside accepted    {:.4}", f.outside_accepted)?;
    writeln!(out, "  review              {:.4} of all", f.review_share)?;
    writeln!(out, "  top-3 recall        {:.4}", f.top3_recall)?;
    writeln!(out, "  recall at precision .99 {:.4}, at .995 {:.4}", f.recall_at_99, f.recall_at_995)?;
    writeln!(out, "  Brier score         {:.4}", f.brier)?;
    writeln!(out, "  calibration error   {:.4} (scores of .80 and more)", f.calibration_error)?;
    writeln!(out, "  score                n  mean score  share right")?;
    for bin in f.reliability.iter().filter(|b| b.n > 0) {
        let (from, to) = (f64::from(bin.from_hundredths) / 100.0, f64::from(bin.from_hundredths + 1) / 100.0);
        writeln!(out, "  {from:.2}-{to:.2}  {:10}  {:10.4}  {:11.4}", bin.n, bin.mean_score, bin.share_right)?;
    }
    writeln!(out, "  {:.0} queries a second, one thread", report.queries_per_second)
}
