//! `taptrace match`: a file of addresses to parcels, and the figures of a labelled file.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Subcommand;

use super::output::Sink;
use super::{Failure, Format, Global, Outcome};
use crate::pipeline::address_file::{self, Columns, Options};
use crate::pipeline::evaluation;
use crate::pipeline::reference;

/// Link addresses to parcels.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Match every address of a file: one line out per row in, in input order.
    ///
    /// Example: taptrace match file accounts.csv --address-column service_address --id-column account_no --format ndjson
    File(FileArgs),
    /// Measure the matcher on labelled queries (query_id, address_text, true_parcel_id, in_universe, lon, lat).
    ///
    /// Example: taptrace match evaluate --queries queries.csv --parcels parcels.csv
    Evaluate(EvaluateArgs),
}

#[derive(Debug, clap::Args)]
struct FileArgs {
    /// CSV or NDJSON, plain or .gz; '-' is stdin.
    input: PathBuf,
    /// Column (or NDJSON key) of the address text.
    #[arg(long)]
    address_column: String,
    /// Column of the row's id (default: the row number).
    #[arg(long)]
    id_column: Option<String>,
    /// Column of the longitude in degrees.
    #[arg(long, requires = "lat_column")]
    lon_column: Option<String>,
    /// Column of the latitude in degrees.
    #[arg(long, requires = "lon_column")]
    lat_column: Option<String>,
    /// Column of the account holder's name.
    #[arg(long)]
    owner_column: Option<String>,
    /// Column of the place, when it is not in the address.
    #[arg(long)]
    place_column: Option<String>,
    /// Column of the ZIP, when it is not in the address.
    #[arg(long)]
    zip_column: Option<String>,
    /// Worker threads (default: all cores); the output does not depend on it.
    #[arg(long)]
    threads: Option<usize>,
    /// Only shard I of N, as I/N.
    #[arg(long, value_parser = shard_of, default_value = "1/1")]
    shard: (u64, u64),
    /// Parcel file of the generic profile instead of the database.
    #[arg(long)]
    parcels: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct EvaluateArgs {
    /// Labelled queries, CSV or CSV.gz.
    #[arg(long, required = true)]
    queries: Vec<PathBuf>,
    /// Parcel file of the generic profile instead of the database.
    #[arg(long)]
    parcels: Option<PathBuf>,
    /// Ignore the points of the queries.
    #[arg(long)]
    text_alone: bool,
    /// Print the wrong automatic accepts to stderr.
    #[arg(long)]
    show_wrong: bool,
}

fn shard_of(text: &str) -> Result<(u64, u64), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parts.filter(|(i, n): &(u64, u64)| *i >= 1 && i <= n).ok_or_else(|| "write I/N with 1 <= I <= N, as 2/4".to_owned())
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    match &args.verb {
        Verb::File(file) => match_file(global, file),
        Verb::Evaluate(evaluate) => measure(global, evaluate),
    }
}

fn matcher_of(
    global: &Global,
    parcels: Option<&PathBuf>,
) -> Result<crate::pipeline::reference::CountyMatcher, Failure> {
    let made = match parcels {
        Some(path) => reference::from_csv(path),
        None => reference::from_database(&global.db),
    };
    made.map_err(|e| {
        Failure::from_error(&e)
            .hint("taptrace import roll parcels.csv --profile generic   (or give --parcels parcels.csv)")
    })
}

#[allow(clippy::print_stderr, reason = "the trailer line of counts belongs on stderr")]
fn match_file(global: &Global, args: &FileArgs) -> Result<Outcome, Failure> {
    let as_csv = match global.format {
        Format::Csv => true,
        Format::Ndjson | Format::Table | Format::Json => false,
        Format::Geojson => return Err(Failure::input("match file writes ndjson or csv").hint("add --format ndjson")),
    };
    let matcher = matcher_of(global, args.parcels.as_ref())?;
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let options = Options {
        columns: Columns {
            address: args.address_column.clone(),
            id: args.id_column.clone(),
            lon: args.lon_column.clone(),
            lat: args.lat_column.clone(),
            owner: args.owner_column.clone(),
            place: args.place_column.clone(),
            zip: args.zip_column.clone(),
        },
        threads,
        shard: args.shard,
        as_csv,
    };
    let mut sink = Sink::open(global.output.as_deref())?;
    let counts = address_file::run(&matcher, &args.input, &options, &mut sink).map_err(|e| match e {
        address_file::Error::Write(source) => Failure::from_output(source),
        other => Failure::from_error(&other).hint("taptrace match file --help shows the column flags"),
    })?;
    sink.finish()?;
    eprintln!("rows in {}, rows out {}, error rows {}", counts.rows_in, counts.rows_out, counts.errors);
    if counts.rows_in != counts.rows_out {
        return Err(Failure::environment("rows in and out differ"));
    }
    Ok(if counts.errors > 0 { Outcome::Look } else { Outcome::Done })
}

#[allow(clippy::print_stderr, reason = "wrong accepts are shown beside the result")]
fn measure(global: &Global, args: &EvaluateArgs) -> Result<Outcome, Failure> {
    let matcher = matcher_of(global, args.parcels.as_ref())?;
    let mut sink = Sink::open(global.output.as_deref())?;
    let mut seen = HashSet::new();
    for path in args.queries.iter().filter(|p| seen.insert((*p).clone())) {
        let report = evaluation::run(&matcher, path, !args.text_alone).map_err(|e| Failure::from_error(&e))?;
        if args.show_wrong {
            for line in &report.wrong {
                eprintln!("{line}");
            }
        }
        evaluation::write(&report, path, global.format == Format::Json, &mut sink)?;
    }
    sink.finish()?;
    Ok(Outcome::Done)
}
