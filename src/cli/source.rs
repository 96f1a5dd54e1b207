//! `taptrace source`: where facts came from, whether the evidence is whole, and handing it over.

use std::io::Write;

use clap::Subcommand;

use super::output::{Sink, write_table};
use super::{Failure, Format, Global, Outcome, source_export};
use crate::pipeline::fetch_manifest::{self, Verdict};
use crate::pipeline::source_origin::{self, Origin, RowOrigin};
use crate::store::sources::ResponseRow;
use crate::store::{Reader, snapshots};

/// Where facts came from: imported files, fetched responses, their hashes and chains.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Every imported file and fetched layer.
    ///
    /// Example: taptrace source list
    List,
    /// One of them by number, or a fetched response by the first characters of its hash; with --row where a row came from.
    ///
    /// Example: taptrace source show 1 --row 12
    Show(ShowArgs),
    /// Check every kept response: its bytes, its place in the chain, its line in the daily manifest.
    ///
    /// Example: taptrace source verify
    Verify,
    /// Write fetched responses as a web archive (WARC 1.1; a name that ends in .gz is packed).
    ///
    /// Example: taptrace source export -o evidence.warc.gz
    Export(source_export::ExportArgs),
    /// Print a certification of electronic records to be filled in; counsel decides whether and how it is used.
    ///
    /// Example: taptrace source certify 1 -o certification.txt
    Certify(source_export::CertifyArgs),
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// Number of a snapshot, or the first characters (at least 6) of a hash.
    source: String,
    /// A row of the snapshot.
    #[arg(long, value_name = "N")]
    row: Option<u64>,
    /// Write the body of the response, unpacked, instead of its circumstances.
    #[arg(long)]
    body: bool,
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    match &args.verb {
        Verb::List => list(global),
        Verb::Show(args) => show(global, args),
        Verb::Verify => verify(global),
        Verb::Export(args) => source_export::export(global, args),
        Verb::Certify(args) => source_export::certify(global, args),
    }
}

pub(super) fn open(global: &Global) -> Result<Reader, Failure> {
    Reader::open(&global.db).map_err(|e| Failure::from_error(&e).hint("taptrace demo   builds a sample database"))
}

/// The source that a word on the command line means.
pub(super) fn find(global: &Global, reader: &Reader, word: &str) -> Result<Origin, Failure> {
    source_origin::find(reader, word).map_err(|e| Failure::from_error(&e).hint("taptrace check"))?.ok_or_else(|| {
        let what = format!("{} has no source {word}", global.db.display());
        Failure::input(what).hint("taptrace source list   shows the numbers; a hash needs its first 6 characters")
    })
}

fn list(global: &Global) -> Result<Outcome, Failure> {
    let rows = snapshots::list(&open(global)?).map_err(|e| Failure::from_error(&e))?;
    let mut sink = Sink::open(global.output.as_deref())?;
    if global.format == Format::Table {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|r| {
                let hash = r.sha256.get(..12).unwrap_or_default().to_owned();
                let number = r.snapshot_id.0.to_string();
                vec![
                    number,
                    r.source_kind.clone(),
                    r.as_of_date.clone(),
                    r.counts.stored.to_string(),
                    hash,
                    r.origin.clone(),
                ]
            })
            .collect();
        write_table(&mut sink, &["number", "kind", "as of", "rows", "sha256", "origin"], &cells)?;
    } else {
        for r in &rows {
            let told = serde_json::json!({
                "number": r.snapshot_id.0, "kind": r.source_kind, "profile": r.profile, "origin": r.origin,
                "sha256": r.sha256, "as_of": r.as_of_date, "imported_at": r.imported_at, "rows_read": r.counts.read,
                "rows_stored": r.counts.stored, "rows_duplicate": r.counts.duplicate, "rows_rejected": r.counts.rejected,
            });
            writeln!(sink, "{told}")?;
        }
    }
    sink.finish()?;
    Ok(if rows.is_empty() { Outcome::Look } else { Outcome::Done })
}

fn show(global: &Global, args: &ShowArgs) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let origin = find(global, &reader, &args.source)?;
    if args.body {
        let Origin::Responses(rows) = &origin else {
            return Err(Failure::input("a snapshot has no body of its own").hint("give the hash of a response"));
        };
        let Some(row) = rows.first() else { return Ok(Outcome::Look) };
        if crate::store::pages::is_withheld_body(&reader, &row.sha256).map_err(|e| Failure::from_error(&e))? {
            return Err(Failure::input("it is the page of a parcel whose owner is withheld by law")
                .hint("ask a supervisor; taptrace source export hands over the whole evidence"));
        }
        let body = source_origin::body(&global.db, row).map_err(|e| Failure::from_error(&e))?;
        let mut sink = Sink::open(global.output.as_deref())?;
        sink.write_all(&body)?;
        sink.finish()?;
        return Ok(Outcome::Done);
    }
    let row = match args.row {
        Some(n) => Some(
            source_origin::row(&global.db, &reader, &origin, n)
                .map_err(|e| Failure::from_error(&e))?
                .ok_or_else(|| Failure::input(format!("source {} has no row {n}", args.source)))?,
        ),
        None => None,
    };
    let mut sink = Sink::open(global.output.as_deref())?;
    if global.format == Format::Table {
        tell_origin(&mut sink, &origin, row.as_ref())?;
    } else {
        writeln!(sink, "{}", json_of(&origin, row.as_ref()))?;
    }
    sink.finish()?;
    Ok(Outcome::Done)
}

fn tell_origin(out: &mut dyn Write, origin: &Origin, row: Option<&RowOrigin>) -> std::io::Result<()> {
    match origin {
        Origin::Snapshot { snapshot: s, run, responses } => {
            writeln!(out, "source {}: {} from {}", s.snapshot_id.0, s.source_kind, s.origin)?;
            writeln!(out, "  sha256: {}", s.sha256)?;
            writeln!(out, "  as of {}, imported at {}, profile {}", s.as_of_date, s.imported_at, s.profile)?;
            let c = s.counts;
            writeln!(
                out,
                "  rows: {} read, {} stored, {} duplicate, {} rejected",
                c.read, c.stored, c.duplicate, c.rejected
            )?;
            if let Some(run) = run {
                let ended = run.ended_at.as_deref().unwrap_or("still open");
                writeln!(
                    out,
                    "  fetched by {} from {} to {ended} in {} pages",
                    run.actor,
                    run.started_at,
                    responses.len()
                )?;
                writeln!(out, "  asked for: {}", run.query)?;
            }
        }
        Origin::Responses(rows) => {
            for row in rows {
                tell_response(out, row)?;
            }
        }
    }
    if let Some(row) = row {
        writeln!(out, "row {}:", row.row_no)?;
        if row.response.is_none() {
            writeln!(
                out,
                "row {} of the file, titles and header not counted; its bytes are not kept here",
                row.row_in_page
            )?;
        }
        if let Some(response) = &row.response {
            writeln!(out, "row {} of the page", row.row_in_page)?;
            tell_response(out, response)?;
        }
        if let Some(raw) = &row.raw {
            writeln!(out, "as it came: {raw}")?;
        }
    }
    Ok(())
}

fn tell_response(out: &mut dyn Write, r: &ResponseRow) -> std::io::Result<()> {
    writeln!(out, "response {}: {} {}", r.response_id, r.method, r.url_final)?;
    if r.url_asked != r.url_final {
        writeln!(out, "  asked for: {}", r.url_asked)?;
    }
    if !r.request_body.is_empty() {
        writeln!(out, "  form: {}", r.request_body)?;
    }
    writeln!(out, "  asked at {}, received at {}", r.asked_at, r.received_at)?;
    writeln!(out, "  status {}, {} bytes, sha256 {}", r.status, r.byte_len, r.sha256)?;
    writeln!(out, "  fetched by {} with {}: {}", r.actor, r.tool_version, r.reason)?;
    if let Some(permission) = &r.permission {
        writeln!(out, "  permitted by: {permission}")?;
    }
    writeln!(out, "  record hash {}", r.record_hash)
}

fn json_of(origin: &Origin, row: Option<&RowOrigin>) -> serde_json::Value {
    let mut told = match origin {
        Origin::Snapshot { snapshot: s, run, responses } => serde_json::json!({
            "number": s.snapshot_id.0, "kind": s.source_kind, "profile": s.profile, "origin": s.origin, "sha256": s.sha256,
            "as_of": s.as_of_date, "imported_at": s.imported_at, "rows_read": s.counts.read, "rows_stored": s.counts.stored,
            "query": run.as_ref().map(|r| r.query.clone()), "pages": responses.iter().map(|r| r.sha256.clone()).collect::<Vec<_>>(),
        }),
        Origin::Responses(rows) => {
            serde_json::json!({ "responses": rows.iter().map(response_json).collect::<Vec<_>>() })
        }
    };
    if let Some(row) = row {
        told["row"] = serde_json::json!({
            "row": row.row_no, "row_in_page": row.row_in_page, "response": row.response.as_ref().map(response_json), "raw": row.raw,
        });
    }
    told
}

fn response_json(r: &ResponseRow) -> serde_json::Value {
    let headers = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    serde_json::json!({
        "response": r.response_id, "method": r.method, "url_asked": r.url_asked, "url_final": r.url_final,
        "form": r.request_body, "request_headers": headers(&r.request_headers), "asked_at": r.asked_at,
        "received_at": r.received_at, "http_version": r.http_version, "status": r.status, "headers": headers(&r.headers),
        "sha256": r.sha256, "bytes": r.byte_len, "permission": r.permission, "tool_version": r.tool_version,
        "actor": r.actor, "reason": r.reason, "record_hash": r.record_hash,
    })
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
