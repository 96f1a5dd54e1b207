//! `taptrace match learn`: weights fitted to the city's own reviews, or to labelled files with each city left out in turn.

use std::io::Write;
use std::path::PathBuf;

use super::output::Sink;
use super::{Failure, Global, Outcome, context};
use crate::pipeline::learning;

/// From the reviews of the database (put in force, audited, reversible), or from labelled sets (written to a file).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// CSV list of labelled sets: parcels, queries (files beside the list), city, keep_percent, points.
    #[arg(long)]
    sets: Option<PathBuf>,
    /// With --sets: weight table to start from and stay near (default: the built-in one).
    #[arg(long, requires = "sets")]
    weights: Option<PathBuf>,
    /// Name of the new table, stored with every link made by it.
    #[arg(long, default_value = "learnt")]
    name: String,
    /// With --sets: also write the tables fitted without each city, into this folder.
    #[arg(long, requires = "sets")]
    leave_out: Option<PathBuf>,
    /// Why, for the audit log.
    #[arg(long, default_value = "match learn", value_parser = context::parse_words)]
    reason: String,
    /// Show what would change and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Go back to the built-in weights.
    #[arg(long, conflicts_with = "sets")]
    reset: bool,
}

#[allow(clippy::print_stderr, reason = "the report belongs on stderr")]
pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    if let Some(sets) = &args.sets {
        return from_sets(global, args, sets);
    }
    let authorship = context::authorship(global, &args.reason);
    let failed = |e: &crate::pipeline::link::Error| Failure::from_error(e).hint("taptrace match review");
    if args.reset {
        learning::put_in_force(&global.db, &authorship, None).map_err(|e| failed(&e))?;
        eprintln!("the built-in weights are in force\nnext: {}", global.next("taptrace match run"));
        return Ok(Outcome::Done);
    }
    let fit = learning::from_reviews(&global.db, &args.name).map_err(|e| failed(&e))?;
    if fit.n_cases < learning::DECISIONS_MIN {
        let text = format!(
            "{} reviewed premises are too few to learn from; it takes {}",
            fit.n_cases,
            learning::DECISIONS_MIN
        );
        return Err(Failure::input(text).hint("taptrace match review"));
    }
    let (before, after) = fit.likelihood;
    eprintln!("{} reviewed premises, log-likelihood a premise {before:.4} before, {after:.4} after", fit.n_cases);
    let mut sink = Sink::open(global.output.as_deref())?;
    sink.write_all(fit.weights.to_toml().as_bytes())?;
    sink.finish()?;
    if args.dry_run {
        eprintln!("nothing was changed");
    } else {
        learning::put_in_force(&global.db, &authorship, Some(&fit.weights)).map_err(|e| failed(&e))?;
        let (next, back) = (global.next("taptrace match run"), global.next("taptrace match learn --reset"));
        eprintln!("the new weights are in force\nnext: {next}   (back: {back})");
    }
    Ok(Outcome::Done)
}

#[allow(clippy::print_stderr, reason = "the report belongs on stderr")]
fn from_sets(global: &Global, args: &Args, sets: &std::path::Path) -> Result<Outcome, Failure> {
    let from = learning::weights_from(args.weights.as_deref())
        .map_err(|e| Failure::from_error(&e).hint("taptrace match learn writes a complete table"))?;
    let hint = "the columns are parcels, queries, city, keep_percent, points";
    let sets = learning::read_sets(sets).map_err(|e| Failure::from_error(&e).hint(hint))?;
    let learnt = learning::learn_from(&sets, &from, &args.name).map_err(|e| Failure::from_error(&e).hint(hint))?;
    let mut sink = Sink::open(global.output.as_deref())?;
    sink.write_all(learnt.all.weights.to_toml().as_bytes())?;
    sink.finish()?;
    let (before, after) = learnt.all.likelihood;
    eprintln!("{} cases, log-likelihood a case {before:.4} before, {after:.4} after", learnt.all.n_cases);
    for (city, share) in &learnt.labels {
        let used = if *share < learning::WHOLE_RIGHT_MIN { "; not used for the calibration" } else { "" };
        eprintln!("{city}: labels call {:.1} % of letter-for-letter answers right{used}", 100.0 * share);
    }
    if let Some(folder) = &args.leave_out {
        std::fs::create_dir_all(folder)?;
        for (city, fit) in &learnt.without {
            std::fs::write(folder.join(format!("without_{city}.toml")), fit.weights.to_toml())?;
        }
    }
    Ok(Outcome::Done)
}
