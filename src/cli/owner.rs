//! `taptrace owner`: who owns it, since when, and what else they own.

use clap::Subcommand;

use super::{Failure, Global, Outcome, owner_link};

/// Owners: links, groups, owner as of a date.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Judge pairs of (owner line, mailing address): which tier joins them, and why.
    ///
    /// Example: taptrace owner link --pairs pairs.csv --format ndjson
    Link(owner_link::LinkArgs),
    /// Measure links on labelled pairs (owner_a, owner_b, mail_key, label).
    ///
    /// Example: taptrace owner evaluate --labels portfolio_pairs.csv --roll parcels.csv
    Evaluate(owner_link::EvaluateArgs),
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    match &args.verb {
        Verb::Link(link) => owner_link::link(global, link),
        Verb::Evaluate(evaluate) => owner_link::evaluate(global, evaluate),
    }
}
