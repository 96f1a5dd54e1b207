//! `taptrace match learn`: weights fitted to labelled files, each city left out in turn.

use std::io::Write;
use std::path::PathBuf;

use super::output::Sink;
use super::{Failure, Global, Outcome};
use crate::pipeline::learning;

/// Which labelled sets, from which weights.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// CSV list of labelled sets: parcels, queries (files beside the list), city, keep_percent, points.
    #[arg(long)]
    sets: PathBuf,
    /// Weight table to start from and stay near (default: the one in use).
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Name of the new table, stored with every link made by it.
    #[arg(long, default_value = "learnt")]
    name: String,
    /// Also write the tables fitted without each city, into this folder.
    #[arg(long)]
    leave_out: Option<PathBuf>,
}

#[allow(clippy::print_stderr, reason = "the report belongs on stderr")]
pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    let from = learning::weights_from(args.weights.as_deref())
        .map_err(|e| Failure::from_error(&e).hint("taptrace match learn writes a complete table"))?;
    let hint = "the columns are parcels, queries, city, keep_percent, points";
    let sets = learning::read_sets(&args.sets).map_err(|e| Failure::from_error(&e).hint(hint))?;
    let learnt = learning::learn_from(&sets, &from, &args.name, args.leave_out.is_some())
        .map_err(|e| Failure::from_error(&e).hint(hint))?;
    let mut sink = Sink::open(global.output.as_deref())?;
    sink.write_all(learnt.all.weights.to_toml().as_bytes())?;
    sink.finish()?;
    let (before, after) = learnt.all.likelihood;
    eprintln!("{} cases, log-likelihood a case {before:.4} before, {after:.4} after", learnt.all.n_cases);
    if let Some(folder) = &args.leave_out {
        std::fs::create_dir_all(folder)?;
        for (city, fit) in &learnt.without {
            std::fs::write(folder.join(format!("without_{city}.toml")), fit.weights.to_toml())?;
        }
    }
    Ok(Outcome::Done)
}
