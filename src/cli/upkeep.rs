//! `taptrace check` and `taptrace backup`.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::output::Sink;
use super::{Failure, Format, Global, Outcome, context, desk};
use crate::pipeline::case_evidence;
use crate::store::check::Finding;
use crate::store::{self, Reader, Writer, backup, check};

/// Look the database over: pages, foreign keys, audit chain and anchor, links that point nowhere or are out of date,
/// evidence files that are missing or changed.
///
/// Example: taptrace check
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Make missing indexes, triggers and views anew and fill the indexes from their tables, before looking.
    #[arg(long)]
    repair: bool,
}

/// Copy the database while it is in use, verify the copy, and write its hash beside it; evidence files go into a folder beside it.
///
/// Example: taptrace backup city-2026-11-24.db
#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// The new file; it must not exist.
    target: PathBuf,
}

fn open(global: &Global) -> Result<Reader, Failure> {
    Reader::open(&global.db).map_err(|e| Failure::from_error(&e).hint("taptrace demo   builds a sample database"))
}

#[allow(clippy::print_stderr, reason = "what was repaired belongs on stderr")]
fn repair(global: &Global) -> Result<(), Failure> {
    drop(open(global)?);
    let mut writer = Writer::open(&global.db).map_err(|e| Failure::from_error(&e))?;
    let by = context::authorship(global, "check --repair");
    let made = writer.with(&by, check::repair).map_err(|e| Failure::from_error(&e))?;
    for what in &made {
        eprintln!("made anew: {what}");
    }
    eprintln!("filled every index from its table");
    Ok(())
}

pub(crate) fn check(global: &Global, args: &CheckArgs) -> Result<Outcome, Failure> {
    if args.repair {
        repair(global)?;
    }
    let reader = open(global)?;
    let mut findings = check::check(&reader).map_err(|e| Failure::from_error(&e))?;
    let damaged = case_evidence::damaged(&global.db, &reader).map_err(|e| Failure::from_error(&e))?;
    let repair = "put the file back from a backup or a sealed packet; its name there is its SHA-256 or its number";
    findings.extend(damaged.into_iter().map(|what| Finding { what, repair: repair.to_owned() }));
    let mut sink = Sink::open(global.output.as_deref())?;
    for finding in &findings {
        if global.format == Format::Table {
            writeln!(sink, "{}\n  repair: {}", finding.what, global.on_this_database(&finding.repair))?;
        } else {
            writeln!(sink, "{}", serde_json::json!({"finding": finding.what, "repair": finding.repair}))?;
        }
    }
    if findings.is_empty() && global.format == Format::Table {
        writeln!(sink, "{}: nothing to report", global.db.display())?;
    }
    sink.finish()?;
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Look })
}

#[allow(clippy::print_stderr, reason = "the report of a backup belongs on stderr")]
pub(crate) fn backup(global: &Global, args: &BackupArgs) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let stop = Arc::default();
    context::stop_on_signal(&stop);
    let manifest = backup::backup(&reader, &args.target, &|| stop.load(Ordering::Relaxed)).map_err(|e| match e {
        store::Error::Interrupted => Failure::interrupted("no copy was made"),
        e => Failure::from_error(&e).hint("choose a name that is not taken, on a disk with room"),
    })?;
    eprintln!(
        "{}: {} bytes, verified, sha256 {}, audit entry {}",
        args.target.display(),
        manifest.byte_len,
        manifest.sha256,
        manifest.head.audit_id
    );
    // The files that the copy names; what was added since belongs to the next backup.
    let copy = Reader::open(&args.target).map_err(|e| Failure::from_error(&e))?;
    let n_files = case_evidence::copy_beside(&global.db, &copy, &args.target)
        .map_err(|e| desk::failure(global, &e).hint("taptrace check names the files that are missing or changed"))?;
    if n_files > 0 {
        eprintln!("{}: {n_files} files, verified", case_evidence::folder(&args.target).display());
    }
    let beside = if n_files > 0 { ", with the folder of evidence" } else { "" };
    eprintln!("to restore: copy it and {0}.anchor back together{beside}, then taptrace check", args.target.display());
    Ok(Outcome::Done)
}
