//! `taptrace owner`: who owns it, since when, and what else they own.

use clap::Subcommand;

use super::{Failure, Global, Outcome, owner_link, owner_parse};

/// Owners: links, groups, owner as of a date.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read an owner line, or the owner column of a file, into parties, roles and facts.
    ///
    /// Example: taptrace owner parse "SMITH, JOHN A & MARY B"
    Parse(owner_parse::ParseArgs),
    /// Judge pairs of (owner line, mailing address): which tier joins them, and why.
    ///
    /// Example: taptrace owner link --pairs pairs.csv --format ndjson
    Link(owner_link::LinkArgs),
    /// Measure owner lines (owner_name with type or persons) or links on labelled pairs (owner_a, owner_b, mail_key, label).
    ///
    /// Example: taptrace owner evaluate --labels portfolio_pairs.csv --roll parcels.csv
    Evaluate(owner_link::EvaluateArgs),
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    match &args.verb {
        Verb::Parse(parse) => owner_parse::parse(global, parse),
        Verb::Link(link) => owner_link::link(global, link),
        Verb::Evaluate(evaluate) if owner_parse::holds_lines(&evaluate.labels)? => {
            owner_parse::evaluate(global, &evaluate.labels, evaluate.show_wrong)
        }
        Verb::Evaluate(evaluate) => owner_link::evaluate(global, evaluate),
    }
}
