//! `taptrace source`: where facts came from, and whether the evidence is whole.

use std::io::Write;

use clap::Subcommand;

use super::output::Sink;
use super::{Failure, Format, Global, Outcome};
use crate::pipeline::fetch_manifest::{self, Verdict};
use crate::store::Reader;

/// Where facts came from: imported files, fetched responses, their hashes and chains.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check every kept response: its bytes, its place in the chain, its line in the daily manifest.
    ///
    /// Example: taptrace source verify
    Verify,
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    match &args.verb {
        Verb::Verify => verify(global),
    }
}

fn open(global: &Global) -> Result<Reader, Failure> {
    Reader::open(&global.db).map_err(|e| Failure::from_error(&e).hint("taptrace demo   builds a sample database"))
}

fn verify(global: &Global) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let verdict =
        fetch_manifest::verify(&global.db, &reader).map_err(|e| Failure::from_error(&e).hint("taptrace check"))?;
    let mut sink = Sink::open(global.output.as_deref())?;
    if global.format == Format::Table {
        tell(&mut sink, &verdict)?;
    } else {
        let head = verdict.head.as_ref().map(|(day, sha256)| serde_json::json!({ "day": day, "sha256": sha256 }));
        let told = serde_json::json!({
            "responses": verdict.n_responses, "bytes": verdict.n_bytes, "manifests": verdict.n_manifests,
            "newest_manifest": head, "findings": verdict.findings,
        });
        writeln!(sink, "{told}")?;
    }
    sink.finish()?;
    Ok(if verdict.findings.is_empty() { Outcome::Done } else { Outcome::Look })
}

fn tell(out: &mut dyn Write, verdict: &Verdict) -> std::io::Result<()> {
    let Verdict { n_responses, n_bytes, n_manifests, .. } = verdict;
    writeln!(out, "{n_responses} responses with {n_bytes} bytes, {n_manifests} daily manifests")?;
    if let Some((day, sha256)) = &verdict.head {
        writeln!(out, "newest manifest: {day} {sha256}")?;
    }
    for finding in &verdict.findings {
        writeln!(out, "{finding}")?;
    }
    if verdict.findings.is_empty() {
        writeln!(out, "nothing to report")?;
    }
    Ok(())
}
