//! `taptrace demo` builds the sample city and runs the whole chain; `taptrace sample` only writes its files.

use std::path::{Path, PathBuf};

use super::{Failure, Global, Outcome, context, demo_case, export};
use crate::ingest::profile::Profile;
use crate::model::date::CivilDate;
use crate::model::snapshot::SourceKind;
use crate::pipeline::import::{self, Request};
use crate::pipeline::{link, sample};
use crate::store::Authorship;

/// Seed of the sample city.
const SEED: u64 = 20_260_401;

/// Build the sample city in a folder and run the whole chain on it.
///
/// Example: taptrace demo --dir taptrace-demo
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// The folder; made when it is not there.
    #[arg(long, default_value = "taptrace-demo")]
    dir: PathBuf,
    /// Leave out the case: data, links and layers only.
    #[arg(long)]
    no_case: bool,
}

/// Write the files of the sample city, or of a grid county of any size, with their truth.
///
/// Example: taptrace sample --dir county --parcels 300000
#[derive(Debug, clap::Args)]
pub(crate) struct SampleArgs {
    /// The folder; made when it is not there.
    #[arg(long)]
    dir: PathBuf,
    /// Seed: the same seed makes the same files.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Number of parcels of a grid county; without it the sample city.
    #[arg(long)]
    parcels: Option<usize>,
}

#[allow(clippy::print_stderr, reason = "progress belongs on stderr")]
pub(crate) fn run_sample(args: &SampleArgs) -> Result<Outcome, Failure> {
    let made = sample::make(&args.dir, args.seed, args.parcels).map_err(|e| cannot_write(&args.dir, &e))?;
    eprintln!("{}: {} parcels, {} accounts, {} taps", args.dir.display(), made.n_parcels, made.n_accounts, made.n_taps);
    Ok(Outcome::Done)
}

fn cannot_write(dir: &Path, error: &std::io::Error) -> Failure {
    Failure::environment(format!("cannot write into {}", dir.display()))
        .caused_by(error)
        .hint("choose another place with --dir")
}

fn day(text: &str) -> CivilDate {
    CivilDate::parse(text).expect("a date in the source is a day")
}

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "the demo tells what it does")]
pub(crate) fn run_demo(global: &Global, args: &DemoArgs) -> Result<Outcome, Failure> {
    let dir = &args.dir;
    let db = dir.join("taptrace.db");
    if db.exists() {
        return Err(Failure::input(format!("{} is there already", db.display()))
            .hint("choose another folder with --dir, or remove that one"));
    }
    let made = sample::make(dir, SEED, None).map_err(|e| cannot_write(dir, &e))?;
    println!(
        "1. made a sample city in {}: {} lots, {} accounts, {} taps",
        dir.display(),
        made.n_parcels,
        made.n_accounts,
        made.n_taps
    );
    let authorship = context::authorship(global, "demo");
    for (file, kind, as_of) in [
        ("parcels.geojson", SourceKind::Parcels, "2026-01-01"),
        ("parcels_next_year.geojson", SourceKind::Parcels, "2026-07-01"),
        ("accounts.csv", SourceKind::Accounts, "2026-07-01"),
        ("taps.csv", SourceKind::Taps, "2026-07-01"),
        ("reads.csv", SourceKind::Reads, "2026-07-01"),
    ] {
        import_one(&db, &dir.join(file), (kind, day(as_of)), &authorship)?;
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let report = link::run(&db, &authorship, threads)
        .map_err(|e| Failure::from_error(&e).hint("this is our mistake: please report it"))?;
    println!(
        "3. linked {} premises to their parcels: {} accepted, {} to review, {} without a parcel",
        report.n_premises, report.n_accepted, report.n_review, report.n_none
    );
    if !args.no_case {
        carry_case(dir)?;
    }
    let layers: Vec<String> =
        export::write_all(&db, dir)?.into_iter().map(|(name, n)| format!("{name} ({n})")).collect();
    println!("5. wrote the layers {}", layers.join(", "));
    println!("\nTry next, in that folder (cd {}):", dir.display());
    for line in [
        "taptrace research \"23 Rockwel Street\"      who owns it, with a misspelt street",
        "taptrace research P1000010                 the same for a premise of the billing system",
        "taptrace owner portfolio \"ORCHARDSON RENTALS LLC\"   what one family holds, with its trust",
        "taptrace case show IC-2026-00001           the case; case_story.txt has every command that led there",
        "taptrace removal print RL-2026-00001 -o crew_list.pdf   what the crew had on the truck",
        "taptrace match review                      the links that a person must decide",
        "taptrace match explain P1000010            why a link is what it is",
    ] {
        println!("  {line}");
    }
    Ok(Outcome::Done)
}

#[allow(clippy::print_stdout, reason = "the demo tells what it does")]
fn carry_case(dir: &Path) -> Result<(), Failure> {
    let Some(ended) = demo_case::tell(dir)? else {
        println!("4. left the case out: the clock stands before its days");
        return Ok(());
    };
    println!(
        "4. carried {} from a tip to a removed tap (case_story.txt): owner on the day {}, charged {}, order {}, sealed packet in packet",
        ended.case_no, ended.owner, ended.charged, ended.order_no
    );
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the demo tells what it does")]
fn import_one(db: &Path, file: &Path, what: (SourceKind, CivilDate), authorship: &Authorship) -> Result<(), Failure> {
    let profile = Profile::load("generic", None).map_err(|e| Failure::from_error(&e).hint(e.hint()))?;
    let request = Request {
        kind: what.0,
        path: file,
        profile: &profile,
        as_of: what.1,
        authorship,
        allow_shrink: false,
        is_interrupted: &|| false,
        on_progress: &|_, _| {},
        on_stage: &|_| {},
    };
    let report =
        import::run(db, &request).map_err(|e| Failure::from_error(&e).hint("this is our mistake: please report it"))?;
    let c = report.counts;
    println!(
        "2. imported {} as of {}: read {} = {} stored + {} rejected + {} duplicate",
        file.file_name().unwrap_or_default().to_string_lossy(),
        what.1,
        c.read,
        c.stored,
        c.rejected,
        c.duplicate
    );
    Ok(())
}
