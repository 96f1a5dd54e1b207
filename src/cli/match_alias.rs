//! `taptrace match alias`: other names of the county's streets.

use std::path::PathBuf;

use super::desk::write_rows;
use super::{Failure, Global, Outcome, context};
use crate::pipeline::link;
use crate::pipeline::street_alias::{self, Alias};

/// Other names of streets.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the aliases in force.
    ///
    /// Example: taptrace match alias list
    List,
    /// Streets that people write and the county does not have, with the one that has their house numbers.
    ///
    /// Looks through the premises, or through a file. Nothing is changed: add what you know to be true.
    ///
    /// Example: taptrace match alias suggest
    Suggest(SuggestArgs),
    /// Say that a street is also called something else.
    ///
    /// Example: taptrace match alias add "King Blvd" "Cincinnati Ave" --reason "renamed 2012"
    Add(OneArgs),
    /// An alias does not hold any more.
    ///
    /// Example: taptrace match alias retire "King Blvd" "Cincinnati Ave" --reason "was a mistake"
    Retire(OneArgs),
    /// Add the aliases of a CSV file with the columns written and county.
    ///
    /// Example: taptrace match alias import aliases.csv --reason "list of the street department"
    Import {
        /// The file.
        file: PathBuf,
        /// Where the list comes from.
        #[arg(long, value_parser = context::parse_words)]
        reason: String,
    },
}

#[derive(Debug, clap::Args)]
struct SuggestArgs {
    /// CSV file of addresses instead of the premises of the database.
    #[arg(long, requires = "address_column")]
    input: Option<PathBuf>,
    /// Column of the address text in --input.
    #[arg(long)]
    address_column: Option<String>,
    /// Parcel file (generic columns) instead of the database.
    #[arg(long, requires = "input")]
    parcels: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct OneArgs {
    /// The street as people write it.
    written: String,
    /// The street as the county writes it.
    county: String,
    /// Why.
    #[arg(long, value_parser = context::parse_words)]
    reason: String,
}

fn failed(error: &link::Error) -> Failure {
    Failure::from_error(error).hint("taptrace match alias list")
}

#[allow(clippy::print_stderr, reason = "what changed belongs on stderr")]
pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    let upper = |one: &OneArgs| {
        vec![Alias { written: one.written.to_ascii_uppercase(), county: one.county.to_ascii_uppercase() }]
    };
    let (aliases, reason, retire) = match &args.verb {
        Verb::List => return list(global),
        Verb::Suggest(args) => return suggest(global, args),
        Verb::Add(one) => (upper(one), &one.reason, false),
        Verb::Retire(one) => (upper(one), &one.reason, true),
        Verb::Import { file, reason } => (street_alias::read(file).map_err(|e| failed(&e))?, reason, false),
    };
    let n_changed = street_alias::change(&global.db, &context::authorship(global, reason), &aliases, retire)
        .map_err(|e| failed(&e))?;
    eprintln!("{n_changed} of {} alias(es) changed", aliases.len());
    eprintln!("next: {}", global.next("taptrace match run"));
    Ok(if n_changed == 0 { Outcome::Look } else { Outcome::Done })
}

#[allow(clippy::print_stderr, reason = "the next command belongs on stderr")]
fn suggest(global: &Global, args: &SuggestArgs) -> Result<Outcome, Failure> {
    let hints = match (&args.input, &args.address_column) {
        (Some(input), Some(column)) => {
            street_alias::suggest_for_file(&global.db, args.parcels.as_deref(), input, column)
        }
        _ => street_alias::suggest(&global.db),
    }
    .map_err(|e| failed(&e))?;
    let cells: Vec<Vec<String>> = hints
        .iter()
        .map(|h| {
            let counts = [h.n_numbers, h.n_covered, h.n_runner_up].map(|n| n.to_string());
            [vec![h.written.clone(), h.county.clone()], counts.to_vec(), vec![h.example.clone()]].concat()
        })
        .collect();
    write_rows(global, &["written", "county", "house numbers", "on it", "on the next", "example"], &cells)?;
    match hints.first() {
        None => eprintln!("no street suggests itself"),
        Some(h) => {
            let add = format!("taptrace match alias add {:?} {:?} --reason \"WHY\"", h.written, h.county);
            eprintln!("next: {}", global.next(&add));
        }
    }
    Ok(Outcome::Done)
}

fn list(global: &Global) -> Result<Outcome, Failure> {
    let rows = street_alias::list(&global.db).map_err(|e| failed(&e))?;
    let cells: Vec<Vec<String>> =
        rows.into_iter().map(|a| vec![a.written, a.county, a.reason, a.added_by, a.added_at]).collect();
    write_rows(global, &["written", "county", "reason", "added by", "added at"], &cells)?;
    Ok(Outcome::Done)
}
