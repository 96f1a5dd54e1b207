//! `taptrace source export` and `source certify`: evidence for other hands.

use std::io::Write;
use std::path::PathBuf;

use super::output::Sink;
use super::source::{find, open};
use super::{Failure, Global, Outcome, context};
use crate::export::warc::{WarcExchange, WarcWriter};
use crate::model::date::CivilDate;
use crate::pipeline::fetch_vault::{Error as VaultError, pairs, payload_of};
use crate::pipeline::source_origin::{self, Certificate, Origin};
use crate::store::sources::{self, ResponseRow};

/// Responses read from the database at a time.
const ROWS_AT_ONCE: i64 = 500;

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Number of a snapshot or the first characters of a hash; without it every response.
    source: Option<String>,
    /// Only responses received on this day or later.
    #[arg(long, value_parser = context::parse_date)]
    since: Option<CivilDate>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CertifyArgs {
    /// Number of a snapshot, or the first characters of a hash.
    source: String,
}

#[allow(clippy::print_stderr, reason = "the report of an export belongs on stderr")]
pub(crate) fn export(global: &Global, args: &ExportArgs) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let chosen = args.source.as_deref().map(|word| find(global, &reader, word)).transpose()?;
    let is_packed = global.output.as_ref().is_some_and(|p: &PathBuf| p.extension().is_some_and(|e| e == "gz"));
    let mut warc = WarcWriter::new(Sink::open(global.output.as_deref())?, is_packed);
    let mut n_written = 0_u64;
    let failed = |e: VaultError| Failure::from_error(&e).hint("taptrace source verify");
    let mut write = |warc: &mut WarcWriter<Sink>, row: &ResponseRow| -> Result<(), Failure> {
        let is_wanted = args.since.is_none_or(|day| row.received_at >= day.to_string());
        if !is_wanted {
            return Ok(());
        }
        if n_written == 0 {
            write_info(warc, row)?;
        }
        n_written += 1;
        write_exchange(global, warc, row)
    };
    match &chosen {
        None => {
            let mut last = 0;
            loop {
                let rows = sources::after(&reader, last, ROWS_AT_ONCE).map_err(|e| failed(e.into()))?;
                let Some(end) = rows.last() else { break };
                last = end.response_id;
                rows.iter().try_for_each(|row| write(&mut warc, row))?;
            }
        }
        Some(Origin::Responses(rows)) => rows.iter().try_for_each(|row| write(&mut warc, row))?,
        Some(Origin::Snapshot { snapshot, responses, .. }) => {
            responses.iter().try_for_each(|row| write(&mut warc, row))?;
            if let (Some(last), Ok(list)) = (responses.last(), source_origin::page_list(&global.db, &snapshot.sha256)) {
                warc.resource(&last.received_at, &format!("urn:sha256:{}", snapshot.sha256), &list)?;
            }
        }
    }
    warc.finish()?.finish()?;
    eprintln!("{n_written} responses with their requests");
    if n_written == 0 {
        eprintln!("hint: only what `taptrace fetch` brought has responses; files are told by `taptrace source list`");
    }
    Ok(if n_written > 0 { Outcome::Done } else { Outcome::Look })
}

fn write_info(warc: &mut WarcWriter<Sink>, first: &ResponseRow) -> Result<(), Failure> {
    let fields = [
        ("software", format!("taptrace {}", env!("CARGO_PKG_VERSION"))),
        ("format", "WARC File Format 1.1".to_owned()),
        ("conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/".to_owned()),
        ("robots", "obey".to_owned()),
        ("operator", first.actor.clone()),
        ("description", format!("responses kept by taptrace, from record {}", first.record_hash)),
    ];
    Ok(warc.info(&first.asked_at, &fields)?)
}

fn write_exchange(global: &Global, warc: &mut WarcWriter<Sink>, row: &ResponseRow) -> Result<(), Failure> {
    let payload = payload_of(&global.db, row).map_err(|e| Failure::from_error(&e).hint("taptrace source verify"))?;
    let (request_headers, headers) = (pairs(&row.request_headers), pairs(&row.headers));
    warc.exchange(&WarcExchange {
        identity: &row.record_hash,
        method: &row.method,
        url: &row.url_final,
        request_headers: &request_headers,
        request_body: &row.request_body,
        asked_at: &row.asked_at,
        http_version: &row.http_version,
        status: row.status,
        headers: &headers,
        payload: &payload,
        revalidates: row.revalidates.as_deref(),
    })?;
    Ok(())
}

pub(crate) fn certify(global: &Global, args: &CertifyArgs) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let origin = find(global, &reader, &args.source)?;
    let failed = |e: &(dyn std::error::Error + 'static)| Failure::from_error(e).hint("taptrace source verify");
    let certificate = Certificate::new(&global.db, &reader, &origin).map_err(|e| failed(&e))?;
    let mut sink = Sink::open(global.output.as_deref())?;
    write!(sink, "{}", certificate.text(&context::now()))?;
    sink.finish()?;
    Ok(if certificate.n_findings == 0 { Outcome::Done } else { Outcome::Look })
}
