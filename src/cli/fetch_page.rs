//! `taptrace fetch test`: assessor pages.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueHint;
use url::Url;

use super::desk::write_rows;
use super::output::Sink;
use super::{Failure, Format, Global, Outcome};
use crate::ingest::page::Error;
use crate::ingest::page::document::Document;
use crate::ingest::page::profile::PageProfile;
use crate::ingest::page::propose::{Naming, propose};
use crate::pipeline::page_test::{self, Line, Verdict};

/// Bytes of a saved page that are read.
const FILE_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Built-in page profile, or the path of one of your own.
    profile: String,
    /// A page saved in a browser, instead of the profile's samples.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    page: Option<PathBuf>,
    /// The `Content-Type` the server sent with it.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Show the CSS path of each value.
    #[arg(long)]
    paths: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The saved page of one parcel.
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Address of the site, for the profile.
    #[arg(long, value_name = "URL", default_value = "https://assessor.example.gov/")]
    base: String,
    /// Name of the profile.
    #[arg(long, default_value = "mine")]
    name: String,
    /// The `Content-Type` the server sent with it.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
}

/// A hint about a profile that was given by its path: it names the path, which is what a person can type.
pub(crate) fn hint_of(hint: String, given: &str) -> String {
    const TEST: &str = "taptrace fetch test ";
    let is_path = given.ends_with(".toml") || given.contains('/');
    match hint.split_once(TEST) {
        Some((before, after)) if is_path => {
            let rest = after.find([' ', '\n']).and_then(|at| after.get(at..)).unwrap_or("");
            format!("{before}{TEST}{given}{rest}")
        }
        Some(_) | None => hint,
    }
}

/// A page error with its hint.
pub(crate) fn failure(error: &Error) -> Failure {
    Failure::from_error(error).hint(error.hint())
}

/// Runs a profile on saved pages.
pub(crate) fn test(global: &Global, args: &TestArgs) -> Result<Outcome, Failure> {
    let profile = PageProfile::load(&args.profile).map_err(|e| failure(&e))?;
    let lines = match &args.page {
        Some(path) => {
            let bytes = read_page(path)?;
            let sample = args.content_type.clone().map(|content_type| crate::ingest::page::profile::Sample {
                content_type: Some(content_type),
                ..Default::default()
            });
            page_test::page(&profile, &path.display().to_string(), &bytes, sample.as_ref())
        }
        None => page_test::samples(&profile).map_err(|e| failure(&e))?,
    };
    if lines.is_empty() {
        return Err(Failure::input(format!("profile {} has no samples", profile.name))
            .hint(format!("taptrace fetch test {} --page FILE", args.profile)));
    }
    write(global, args, &lines)?;
    summary(&profile, &lines);
    Ok(if lines.iter().any(|l| l.verdict.is_bad()) { Outcome::Look } else { Outcome::Done })
}

/// Reads a saved page.
pub(crate) fn read_page(path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    let fail = |e: &std::io::Error| Failure::environment(format!("cannot read {}", path.display())).caused_by(e);
    let length = std::fs::metadata(path).map_err(|e| fail(&e))?.len();
    if length > FILE_BYTES_MAX {
        return Err(Failure::input(format!("{} has {length} bytes; pages have less", path.display())));
    }
    std::fs::read(path).map_err(|e| fail(&e))
}

fn write(global: &Global, args: &TestArgs, lines: &[Line]) -> Result<(), Failure> {
    let is_table = global.format == Format::Table;
    let mut header = vec!["page", "field", "verdict", "value"];
    if args.paths || !is_table {
        header.push("path");
    }
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|l| {
            let text = if is_table { l.text.replace('\n', " / ") } else { l.text.clone() };
            let text = match &l.verdict {
                Verdict::Wrong { expected } => format!("{text} (expected: {})", expected.replace('\n', " / ")),
                Verdict::Right | Verdict::Found | Verdict::Absent | Verdict::Failed => text,
            };
            let mut row = vec![l.page.clone(), l.field.clone(), l.verdict.as_str().to_owned(), text];
            if header.len() == 5 {
                row.push(l.path.clone());
            }
            row
        })
        .collect();
    write_rows(global, &header, &rows)
}

#[allow(clippy::print_stderr, reason = "the summary is not data")]
fn summary(profile: &PageProfile, lines: &[Line]) {
    let count = |wanted: &str| lines.iter().filter(|l| l.verdict.as_str() == wanted).count();
    let n_bad = lines.iter().filter(|l| l.verdict.is_bad()).count();
    eprintln!(
        "{}: {} right, {} found, {} absent, {n_bad} bad",
        profile.name,
        count("right"),
        count("found"),
        count("absent")
    );
    if !profile.checked.is_empty() {
        eprintln!("checked: {}", profile.checked);
    }
}

/// Proposes a profile: TOML to stdout or `-o FILE`, what was found and what was left over to stderr.
#[allow(clippy::print_stderr, reason = "the findings are remarks beside the profile")]
pub(crate) fn inspect(global: &Global, args: &InspectArgs) -> Result<Outcome, Failure> {
    let bytes = read_page(&args.file)?;
    let base = Url::parse(&args.base).map_err(|e| {
        Failure::input(format!("{:?} is no web address", args.base)).caused_by(&e).hint("--base https://...")
    })?;
    let document = Document::parse(&bytes, args.content_type.as_deref(), None).map_err(|e| failure(&e))?;
    let file = args.file.file_name().unwrap_or_default().to_string_lossy();
    let found = propose(&document, Naming { name: &args.name, base: &base, file: &file });
    let mut sink = Sink::open(global.output.as_deref())?;
    sink.write_all(found.toml.as_bytes())?;
    sink.finish()?;
    for field in &found.fields {
        eprintln!("{:<18} {}", field.field, field.value.replace('\n', " / "));
    }
    if !found.unclaimed.is_empty() {
        eprintln!("\nother labels:");
        for (label, text) in &found.unclaimed {
            eprintln!("  {label:<30} {text}");
        }
    }
    let profile = global.output.as_deref().map_or("FILE.toml".to_owned(), |o| o.display().to_string());
    let is_enough = |field: &str| found.fields.iter().any(|f| f.field == field);
    if is_enough("owner_lines") {
        eprintln!("\nnext: {}", global.next(&format!("taptrace fetch test {profile} --page {}", args.file.display())));
    } else {
        eprintln!("\nno label of an owner was found: is it the page of one parcel's record, with its values in it?");
    }
    let has_key = is_enough("parcel_no") || is_enough("account_no");
    Ok(if is_enough("owner_lines") && has_key { Outcome::Done } else { Outcome::Look })
}
