//! `taptrace match`: a file of addresses to parcels, and the figures of a labelled file.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;

use super::output::{Sink, write_table};
use super::{Failure, Format, Global, Outcome};
use super::{context, match_alias, match_learn};
use crate::model::money::Cents;
use crate::pipeline::address_file::{self, Columns, Options};
use crate::pipeline::evaluation;
use crate::pipeline::learning;
use crate::pipeline::link::{self, Verdict};
use crate::pipeline::reference::{self, Part};
use crate::store;
use crate::store::links::StoredLink;

/// Link addresses to parcels.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Link every premise of the database to its parcel.
    ///
    /// Example: taptrace match run
    Run,
    /// Show why a premise has its link, or how an address would be matched: every element, its level and weight, the rivals.
    ///
    /// Example: taptrace match explain "25 Rockwel St"
    Explain {
        /// Premise number or address.
        #[arg(required = true, num_args = 1..)]
        text: Vec<String>,
    },
    /// Show the links that wait for a person, or decide them.
    ///
    /// Example: taptrace match review
    Review(ReviewArgs),
    /// Match every address of a file: one line out per row in, in input order.
    ///
    /// Example: taptrace match file accounts.csv --address-column service_address --id-column account_no --format ndjson
    File(FileArgs),
    /// Measure the matcher on labelled queries (query_id, address_text, true_parcel_id, in_universe, lon, lat).
    ///
    /// Example: taptrace match evaluate --queries queries.csv --parcels parcels.csv
    Evaluate(EvaluateArgs),
    /// Fit the weights to the decisions of your reviews, or to labelled files.
    ///
    /// Example: taptrace match learn --reason "500 reviews of October"
    Learn(match_learn::Args),
    /// Other names of the county's streets: list, add, import, retire.
    ///
    /// Example: taptrace match alias list
    Alias(match_alias::Args),
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
    /// Only queries whose column `tier` begins so (gold, spatial, silver).
    #[arg(long)]
    tier: Option<String>,
    /// Print the wrong automatic accepts to stderr.
    #[arg(long)]
    show_wrong: bool,
    /// Weight table instead of the one in use.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Keep this many per cent of the parcels of --parcels: how it goes where most addresses are not in the county.
    #[arg(long, requires = "parcels", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    keep_percent: u32,
}

#[derive(Debug, clap::Args)]
struct ReviewArgs {
    /// Most links shown.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Premise to decide.
    #[arg(long, requires = "parcel")]
    premise: Option<String>,
    /// Parcel that is accepted or rejected for the premise.
    #[arg(long, requires = "premise")]
    parcel: Option<String>,
    /// Reject the link instead of accepting it.
    #[arg(long, requires = "premise")]
    reject: bool,
    /// Why.
    #[arg(long, required_if_eq_any([("premise", "")]), value_parser = context::parse_words)]
    reason: Option<String>,
    /// CSV of decisions: premise_no, parcel_no, verdict (accept or reject), reason.
    #[arg(long, conflicts_with = "premise")]
    decisions: Option<PathBuf>,
}

fn shard_of(text: &str) -> Result<(u64, u64), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parts.filter(|(i, n): &(u64, u64)| *i >= 1 && i <= n).ok_or_else(|| "write I/N with 1 <= I <= N, as 2/4".to_owned())
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    match &args.verb {
        Verb::Run => link_all(global),
        Verb::Explain { text } => explain(global, &text.join(" ")),
        Verb::Review(review) => review_links(global, review),
        Verb::File(file) => match_file(global, file),
        Verb::Evaluate(evaluate) => measure(global, evaluate),
        Verb::Learn(args) => match_learn::run(global, args),
        Verb::Alias(args) => match_alias::run(global, args),
    }
}

fn matcher_of(
    global: &Global,
    parcels: Option<&PathBuf>,
    with_points: bool,
    wanted: reference::Wanted,
) -> Result<reference::CountyMatcher, Failure> {
    let made = match parcels {
        Some(path) => reference::from_csv(path, wanted),
        None if with_points => reference::from_database_with_lots(&global.db),
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
        Format::Ndjson | Format::Table => false,
        Format::Json | Format::Geojson | Format::Gpkg => {
            return Err(Failure::input("match file writes ndjson or csv").hint("add --format ndjson"));
        }
    };
    let wanted = reference::Wanted { owners: args.owner_column.is_some(), ..reference::Wanted::default() };
    let matcher = matcher_of(global, args.parcels.as_ref(), args.lon_column.is_some(), wanted)?;
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
    if counts.points_lost > 0 {
        eprintln!("{} rows have no usable point and were matched by the rest", counts.points_lost);
    }
    eprintln!("rows in {}, rows out {}, error rows {}", counts.rows_in, counts.rows_out, counts.errors);
    if counts.rows_in != counts.rows_out {
        return Err(Failure::environment("rows in and out differ"));
    }
    Ok(if counts.errors > 0 { Outcome::Look } else { Outcome::Done })
}

#[allow(clippy::print_stderr, reason = "wrong accepts are shown beside the result")]
fn measure(global: &Global, args: &EvaluateArgs) -> Result<Outcome, Failure> {
    let part = Part { percent: args.keep_percent };
    let wanted = reference::Wanted { part, ..reference::Wanted::default() };
    let mut matcher = matcher_of(global, args.parcels.as_ref(), !args.text_alone, wanted)?;
    if args.weights.is_some() {
        let weights = learning::weights_from(args.weights.as_deref())
            .map_err(|e| Failure::from_error(&e).hint("taptrace match learn writes a complete table"))?;
        matcher.set_weights(weights);
    }
    let mut sink = Sink::open(global.output.as_deref())?;
    let scope = evaluation::Scope { with_points: !args.text_alone, part, tier: args.tier.as_deref() };
    let mut seen = HashSet::new();
    for path in args.queries.iter().filter(|p| seen.insert((*p).clone())) {
        let report = evaluation::run(&matcher, path, scope).map_err(|e| Failure::from_error(&e))?;
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

fn failed(error: &link::Error) -> Failure {
    let hint = match error {
        link::Error::Nothing { .. } => "taptrace import accounts accounts.csv",
        link::Error::Decision { .. } | link::Error::File(_) => "the columns are premise_no, parcel_no, verdict, reason",
        link::Error::TwoParcels { .. } => "taptrace match explain PREMISE shows what speaks for each; accept one",
        link::Error::Store(store::Error::Broken { .. }) => {
            "taptrace match review --format csv lists premises and parcels"
        }
        link::Error::Store(_) => "taptrace import roll parcels.csv --profile generic",
    };
    Failure::from_error(error).hint(hint)
}

#[allow(clippy::print_stderr, reason = "the report belongs on stderr")]
fn link_all(global: &Global) -> Result<Outcome, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let report = link::run(&global.db, &context::authorship(global, "match run"), threads).map_err(|e| failed(&e))?;
    eprintln!(
        "{} premises: {} accepted, {} to review, {} without a link; {} earlier decisions are stale",
        report.n_premises, report.n_accepted, report.n_review, report.n_none, report.n_stale
    );
    eprintln!("next: {}", global.next("taptrace match review"));
    Ok(Outcome::Done)
}

fn explain(global: &Global, text: &str) -> Result<Outcome, Failure> {
    let told = link::explain(&global.db, text).map_err(|e| failed(&e))?;
    let mut sink = Sink::open(global.output.as_deref())?;
    let has_candidate = told["candidates"].as_array().is_some_and(|c| !c.is_empty());
    let outcome = if has_candidate { Outcome::Done } else { Outcome::Look };
    if global.format != Format::Table {
        writeln!(sink, "{told:#}")?;
        sink.finish()?;
        return Ok(outcome);
    }
    let word = |v: &serde_json::Value| v.as_str().unwrap_or("").to_owned();
    writeln!(
        sink,
        "{}: {} (probability {:.4})",
        word(&told["address"]),
        word(&told["decision"]),
        told["score"].as_f64().unwrap_or(0.0)
    )?;
    let decision = word(&told["human_decision"]);
    let reason = word(&told["reason"]);
    match (decision.is_empty(), reason.is_empty()) {
        (true, true) => {}
        (true, false) => writeln!(sink, "because {reason}")?,
        (false, true) => writeln!(sink, "{decision}")?,
        (false, false) => writeln!(sink, "{decision}\nthe matcher alone asked, because {reason}")?,
    }
    if !word(&told["stale_decision"]).is_empty() {
        writeln!(sink, "stale, the address or the roll has changed since: {}", word(&told["stale_decision"]))?;
    }
    for (i, candidate) in told["candidates"].as_array().into_iter().flatten().enumerate() {
        let title = if i == 0 { "best" } else { "rival" };
        let score = candidate["score"].as_f64().unwrap_or(0.0);
        writeln!(
            sink,
            "\n{title}: parcel {}, {} (probability {score:.4})",
            word(&candidate["parcel_no"]),
            word(&candidate["situs"])
        )?;
        let rows: Vec<Vec<String>> = candidate["steps"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|s| {
                vec![
                    word(&s["element"]),
                    word(&s["level"]),
                    format!("{:+.1}", s["bits"].as_f64().unwrap_or(0.0)),
                    word(&s["detail"]),
                ]
            })
            .collect();
        if rows.is_empty() {
            writeln!(sink, "the matcher did not think of it")?;
            continue;
        }
        let total: f64 = candidate["steps"].as_array().into_iter().flatten().filter_map(|s| s["bits"].as_f64()).sum();
        write_table(&mut sink, &["element", "level", "bits", "in the county"], &rows)?;
        writeln!(sink, "sum {total:+.1} bits against none of them")?;
        if !word(&candidate["why"]).is_empty() {
            writeln!(sink, "{}", word(&candidate["why"]))?;
        }
    }
    sink.finish()?;
    Ok(outcome)
}

/// Why a stored link waits, in words.
fn why(link: &StoredLink) -> String {
    if let Some(stale) = &link.stale_decision {
        return format!("changed since: {stale}");
    }
    let steps: serde_json::Value = serde_json::from_str(&link.steps_json).unwrap_or_default();
    steps["reason"].as_str().unwrap_or_default().to_owned()
}

/// The status of a waiting link: one with a decision that needs a second look is stale, whichever parcel it was about.
fn waiting_status(link: &StoredLink) -> &str {
    if link.stale_decision.is_some() { "stale" } else { &link.status }
}

fn waiting_value(link: &StoredLink) -> serde_json::Value {
    serde_json::json!({
        "premise_no": link.premise_no, "service_address": link.service_address, "parcel_no": link.parcel_no,
        "situs": link.situs_text, "status": waiting_status(link), "score": link.score, "why": why(link),
        "balance_cents": link.balance_cents,
    })
}

#[allow(clippy::print_stderr, reason = "what changed belongs on stderr")]
fn review_links(global: &Global, args: &ReviewArgs) -> Result<Outcome, Failure> {
    let verdicts = match (&args.decisions, &args.premise, &args.parcel) {
        (Some(path), _, _) => link::read_verdicts(path).map_err(|e| failed(&e))?,
        (None, Some(premise_no), Some(parcel_no)) => {
            let reason = args.reason.clone().ok_or_else(|| {
                Failure::input("a decision needs a reason").hint("add --reason \"seen on the tap card\"")
            })?;
            vec![Verdict {
                premise_no: premise_no.clone(),
                parcel_no: parcel_no.clone(),
                is_accepted: !args.reject,
                reason,
            }]
        }
        _ => Vec::new(),
    };
    if !verdicts.is_empty() {
        link::decide(&global.db, &context::authorship(global, "match review"), &verdicts).map_err(|e| failed(&e))?;
        eprintln!("{} decision(s) recorded", verdicts.len());
        return Ok(Outcome::Done);
    }
    if let Some(path) = &args.decisions {
        return Err(Failure::input(format!("{} has no decisions", path.display()))
            .hint("the columns are premise_no, parcel_no, verdict, reason"));
    }
    let queue = link::queue(&global.db, args.limit).map_err(|e| failed(&e))?;
    let rows: Vec<Vec<String>> = queue
        .iter()
        .map(|l| {
            vec![
                l.premise_no.clone(),
                l.service_address.clone(),
                l.parcel_no.clone().unwrap_or_default(),
                l.situs_text.clone().unwrap_or_default(),
                waiting_status(l).to_owned(),
                format!("{:.3}", l.score),
                why(l),
                Cents(l.balance_cents).to_string(),
            ]
        })
        .collect();
    let header = ["premise", "service address", "parcel", "situs", "status", "score", "why", "owed"];
    let mut sink = Sink::open(global.output.as_deref())?;
    match global.format {
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(&mut sink);
            writer
                .write_record(header)
                .and_then(|()| rows.iter().try_for_each(|r| writer.write_record(r)))
                .map_err(|e| Failure::from_error(&e))?;
            writer.flush()?;
        }
        Format::Json => writeln!(sink, "{:#}", queue.iter().map(waiting_value).collect::<serde_json::Value>())?,
        Format::Ndjson => {
            for link in &queue {
                writeln!(sink, "{}", waiting_value(link))?;
            }
        }
        Format::Table | Format::Geojson | Format::Gpkg => write_table(&mut sink, &header, &rows)?,
    }
    sink.finish()?;
    let decide = global.next("taptrace match review --premise NO --parcel NO --reason WHY");
    eprintln!("decide: {decide}   (with --reject: it is not that parcel)");
    Ok(if queue.is_empty() { Outcome::Done } else { Outcome::Look })
}
