//! `taptrace import`: rolls, parcel layers, accounts, taps and meter reads into the database.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Subcommand, ValueHint};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context;
use super::{Failure, Global, Outcome};
use crate::ingest::Error as IngestError;
use crate::ingest::inspect::inspect;
use crate::ingest::profile::Profile;
use crate::ingest::source::OpenOptions;
use crate::model::date::CivilDate;
use crate::model::snapshot::SourceKind;
use crate::pipeline::import::{self, Error, Report, Request};

/// A shorter import does not tell its stages.
const SECONDS_SAID_MIN: f64 = 0.5;

/// Import a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Look at an unknown file and propose a profile for it.
    ///
    /// Example: taptrace import inspect accounts.csv -o mine.toml
    Inspect(super::import_inspect::Args),
    /// A parcel layer (GeoJSON, Shapefile) with its assessor columns.
    ///
    /// Example: taptrace import parcels parcels.geojson --profile generic --db mine.db
    Parcels(FileArgs),
    /// An assessor roll without geometry.
    ///
    /// Example: taptrace import roll parcels.csv --profile generic
    Roll(FileArgs),
    /// Billing accounts with their service addresses.
    ///
    /// Example: taptrace import accounts accounts.csv
    Accounts(FileArgs),
    /// A tap inventory.
    ///
    /// Example: taptrace import taps taps.csv
    Taps(FileArgs),
    /// Deeds of the county clerk's index: who owned before and after, with book, page and instrument.
    ///
    /// Example: taptrace import deeds deeds.csv
    Deeds(FileArgs),
    /// Meter reads.
    ///
    /// Example: taptrace import reads reads.csv
    Reads(FileArgs),
}

#[derive(Debug, clap::Args)]
struct FileArgs {
    /// The file, plain or .gz.
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Built-in profile, or the path of one of your own.
    #[arg(long, default_value = "generic")]
    profile: String,
    /// Where to look for profiles by name first.
    #[arg(long)]
    profile_dir: Option<PathBuf>,
    /// The day the content is true for (default: today).
    #[arg(long, value_parser = context::parse_date)]
    as_of: Option<CivilDate>,
    /// Accept a roll that is much smaller than the one before.
    #[arg(long)]
    allow_shrink: bool,
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    let (kind, file) = match &args.verb {
        Verb::Inspect(args) => return super::import_inspect::run(global, args),
        Verb::Parcels(file) => (SourceKind::Parcels, file),
        Verb::Roll(file) => (SourceKind::Roll, file),
        Verb::Accounts(file) => (SourceKind::Accounts, file),
        Verb::Taps(file) => (SourceKind::Taps, file),
        Verb::Deeds(file) => (SourceKind::Deeds, file),
        Verb::Reads(file) => (SourceKind::Reads, file),
    };
    let profile = Profile::load(&file.profile, file.profile_dir.as_deref())
        .map_err(|e| Failure::from_error(&e).hint(e.hint()))?;
    let stop = Arc::new(AtomicBool::new(false));
    context::stop_on_signal(&stop);
    let bar = progress_bar();
    let authorship = context::authorship(global, &format!("import {} {}", kind.as_str(), file.file.display()));
    let request = Request {
        kind,
        path: &file.file,
        profile: &profile,
        as_of: file.as_of.unwrap_or_else(context::today),
        authorship: &authorship,
        allow_shrink: file.allow_shrink,
        is_interrupted: &|| stop.load(Ordering::SeqCst),
        on_progress: &|progress, n_rows| {
            bar.set_length(progress.bytes_total.max(1));
            bar.set_position(progress.bytes_read);
            bar.set_message(format!("{n_rows} rows"));
        },
        on_stage: &|name| {
            bar.set_style(ProgressStyle::default_spinner());
            bar.set_message(format!("{name} ..."));
        },
    };
    let outcome = import::run(&global.db, &request);
    bar.finish_and_clear();
    match outcome {
        Ok(report) => Ok(say(global, kind, file, &report)),
        Err(Error::Interrupted) => Err(Failure::interrupted("the database is as before")),
        Err(error) => Err(failure_of(&error, kind, file)),
    }
}

fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {bytes_per_sec}  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    // Drawn on stderr, and only when that is a terminal.
    ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr()).with_style(style)
}

fn failure_of(error: &Error, kind: SourceKind, file: &FileArgs) -> Failure {
    let name = file.file.display();
    let is_misfit = matches!(error, Error::Ingest(IngestError::MissingColumns { .. } | IngestError::WrongKind { .. }));
    if let Some(better) = is_misfit.then(|| better_way(kind, file)).flatten() {
        return Failure::from_error(error).hint(better);
    }
    let hint = match error {
        Error::Ingest(e) => {
            let is_layer = matches!(kind, SourceKind::Parcels | SourceKind::Roll);
            let as_kind = if is_layer { String::new() } else { format!(" --as {}", kind.as_str()) };
            e.hint()
                .replace("FILE proposes", &format!("FILE{as_kind} proposes"))
                .replace("taptrace import inspect FILE", &format!("taptrace import inspect {name}"))
        }
        Error::TooManyRejects { .. } | Error::TooFewRows { .. } => {
            format!("taptrace import inspect {name}   shows what the columns hold")
        }
        Error::Shrunk { .. } => format!("is {name} complete? if so, add --allow-shrink"),
        Error::OtherParcels { .. } => format!(
            "is {name} the whole roll of the same county, with its numbers written as before? a database holds one county: \
             another one goes into a file of its own (--db); if the county renumbered its parcels, add --allow-shrink"
        ),
        Error::Store(_) | Error::County(_) | Error::Repeated(_) | Error::Interrupted => "taptrace check".to_owned(),
    };
    Failure::from_error(error).hint(hint)
}

/// What the file looks like, when that is another kind of file or one that a built-in profile knows.
fn better_way(kind: SourceKind, file: &FileArgs) -> Option<String> {
    let name = file.file.display();
    let is_stdin = file.file.as_os_str() == "-";
    let found = if is_stdin { None } else { inspect(&file.file, &OpenOptions::default(), None).ok() }?;
    let is_layer = |k: SourceKind| matches!(k, SourceKind::Parcels | SourceKind::Roll);
    let profile = found.fitting_profile.filter(|p| *p != "generic");
    if found.kind != kind && !(is_layer(found.kind) && is_layer(kind)) && !is_layer(found.kind) {
        return Some(format!("it looks like {0}: taptrace import {0} {name}", found.kind.as_str()));
    }
    let fits = profile.filter(|p| is_layer(kind) && *p != file.profile)?;
    Some(format!("the profile {fits} fits: taptrace import {} {name} --profile {fits}", kind.as_str()))
}

#[allow(clippy::print_stderr, reason = "the report of an import belongs on stderr")]
fn say(global: &Global, kind: SourceKind, file: &FileArgs, report: &Report) -> Outcome {
    let name = file.file.display();
    if report.is_repeat {
        eprintln!("{name}: the same file was imported before; nothing to do");
        return Outcome::Done;
    }
    let c = report.counts;
    eprintln!(
        "{name}: read {} rows = {} stored + {} rejected + {} duplicate",
        c.read, c.stored, c.rejected, c.duplicate
    );
    if c.read == 0 {
        eprintln!("  it has a header and no rows");
    }
    if matches!(kind, SourceKind::Parcels | SourceKind::Roll) {
        eprintln!(
            "  {} parcels, {} of them new or changed, {} retired",
            report.n_parcels, report.n_versions, report.n_retired
        );
    }
    for (what, value) in &report.findings {
        eprintln!("  {what}: {value}");
    }
    for reject in &report.rejects {
        eprintln!(
            "  rejected row {}, column {}, value {:?}: {} ({})",
            reject.row_no, reject.column, reject.value, reject.detail, reject.reason
        );
    }
    if report.n_warnings > 0 {
        eprintln!("  {} values were left out of rows that were kept:", report.n_warnings);
        for warning in &report.warnings {
            eprintln!("    {warning}");
        }
    }
    if report.seconds.iter().map(|(_, s)| s).sum::<f64>() >= SECONDS_SAID_MIN {
        let seconds: Vec<String> = report.seconds.iter().map(|(stage, s)| format!("{stage} {s:.1} s")).collect();
        eprintln!("  time: {}", seconds.join(", "));
    }
    let lacks = say_unmapped(kind, file, report);
    if let Some(next) = next_command(kind, report) {
        eprintln!("next: {}", global.next(&next));
    }
    if c.rejected > 0 || c.read == 0 || lacks { Outcome::Look } else { Outcome::Done }
}

/// A command that works as it stands.
fn next_command(kind: SourceKind, report: &Report) -> Option<String> {
    let example = report.example.as_ref();
    match kind {
        SourceKind::Accounts => Some("taptrace match run".to_owned()),
        SourceKind::Taps => Some("taptrace tap list".to_owned()),
        SourceKind::Deeds => example.map(|parcel_no| format!("taptrace owner show {}", context::shell_word(parcel_no))),
        SourceKind::Parcels | SourceKind::Roll if report.has_premises => Some("taptrace match run".to_owned()),
        SourceKind::Parcels | SourceKind::Roll => example.map(|address| format!("taptrace research \"{address}\"")),
        SourceKind::Reads | SourceKind::FieldResults | SourceKind::Page => None,
    }
}

/// Says what a roll has no column for; true when somebody should look, because nothing else gave it before.
#[allow(clippy::print_stderr, reason = "the report of an import belongs on stderr")]
fn say_unmapped(kind: SourceKind, file: &FileArgs, report: &Report) -> bool {
    if report.unmapped.is_empty() {
        return false;
    }
    let is_essential = report.unmapped.iter().any(|f| matches!(*f, "owner_lines" | "situs_address"));
    let kept = if report.had_parcels { "; what was known of it is kept" } else { "" };
    eprintln!("  no column for {}{kept}", report.unmapped.join(", "));
    if let Some(better) = is_essential.then(|| better_way(kind, file)).flatten() {
        eprintln!("  {better}");
    } else if is_essential && !report.had_parcels {
        let name = file.file.display();
        eprintln!(
            "  if the file has it under another name: taptrace import inspect {name} > mine.toml, then --profile mine.toml"
        );
    }
    is_essential && !report.had_parcels
}
