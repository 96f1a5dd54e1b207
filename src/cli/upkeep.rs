//! `taptrace check` and `taptrace backup`.

use std::io::Write;
use std::path::PathBuf;

use super::output::Sink;
use super::{Failure, Format, Global, Outcome, desk};
use crate::pipeline::case_evidence;
use crate::store::maintenance::Finding;
use crate::store::{Reader, maintenance};

/// Look the database over: pages, foreign keys, audit chain and anchor, links that point nowhere or are out of date,
/// evidence files that are missing or changed.
///
/// Example: taptrace check
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {}

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

pub(crate) fn check(global: &Global) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let mut findings = maintenance::check(&reader).map_err(|e| Failure::from_error(&e))?;
    let damaged = case_evidence::damaged(&global.db, &reader).map_err(|e| Failure::from_error(&e))?;
    let repair = "put the file back from a backup or a sealed packet; its name there is its SHA-256 or its number";
    findings.extend(damaged.into_iter().map(|what| Finding { what, repair: repair.to_owned() }));
    let mut sink = Sink::open(global.output.as_deref())?;
    for finding in &findings {
        if global.format == Format::Table {
            writeln!(sink, "{}\n  repair: {}", finding.what, finding.repair)?;
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
    let manifest = maintenance::backup(&reader, &args.target)
        .map_err(|e| Failure::from_error(&e).hint("choose a name that is not taken, on a disk with room"))?;
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
