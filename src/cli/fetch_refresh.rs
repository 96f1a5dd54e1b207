//! `taptrace fetch page` and `research --live`: one parcel's record from the assessor's page, and what differs from the roll.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::fetch_net::{self, NetArgs};
use super::output::{Sink, write_table};
use super::{Failure, Format, Global, Outcome, fetch_page};
use crate::ingest::fetch;
use crate::ingest::page::extract::Candidate;
use crate::ingest::page::profile::PageProfile;
use crate::model::money::Cents;
use crate::pipeline::page_refresh::{self, Comparison, Ended, Refreshed, Wanted};

/// Hours for which a page read once is shown again instead of asking the site anew.
const AGE_MAX_HOURS: u64 = 24;

/// Which profile, and what the person says.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SiteArgs {
    /// Built-in page profile, or the path of one of your own.
    #[arg(long, env = "TAPTRACE_PAGE_PROFILE", value_name = "PROFILE")]
    page_profile: Option<String>,
    /// Address of the site, instead of the profile's (one profile serves many towns).
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// You have read the site's terms and accept them.
    #[arg(long)]
    accept_terms: bool,
    /// A value to search by that the roll does not have, NAME=VALUE; may be repeated.
    #[arg(long, value_parser = parse_with, value_name = "NAME=VALUE")]
    with: Vec<(String, String)>,
    /// Ask the site again although its page was read within the last 24 hours.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    net: NetArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PageArgs {
    /// Parcel number on the roll.
    #[arg(long)]
    parcel: String,
    #[command(flatten)]
    site: SiteArgs,
    /// Show every value with its CSS path.
    #[arg(long)]
    paths: bool,
}

fn parse_with(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads one page.
pub(crate) fn refresh(global: &Global, site: &SiteArgs, parcel_no: &str) -> Result<Ended, Failure> {
    let Some(name) = &site.page_profile else {
        return Err(Failure::input("no page profile is named")
            .hint(format!("add --page-profile with one of: {}", PageProfile::built_in().join(", "))));
    };
    let mut profile = PageProfile::load(name).map_err(|e| fetch_page::failure(&e))?;
    if let Some(base) = &site.base {
        profile.base = Url::parse(base).map_err(|e| {
            Failure::input(format!("{base:?} is no web address")).caused_by(&e).hint("--base https://...")
        })?;
    }
    // Keeping evidence would make a database where there is none; a typo in --db must not.
    drop(super::desk::reader(global)?);
    let vault = fetch_net::vault(global, &format!("fetch page of parcel {parcel_no}"))?;
    let hosts: Vec<&str> =
        profile.base.host_str().into_iter().chain(profile.hosts.iter().map(String::as_str)).collect();
    let client = site.net.client(global, &hosts, &vault)?;
    let hours = if site.again { 0 } else { AGE_MAX_HOURS };
    let wanted = Wanted {
        parcel_no,
        profile: &profile,
        with: &site.with,
        accepts_terms: site.accept_terms,
        age_max: Duration::from_secs(hours * 3_600),
    };
    let ended = fetch::block_on(page_refresh::run(&global.db, &vault, &client, &wanted))
        .map_err(|e| Failure::from_error(&e).hint(e.hint()))?;
    ended.map_err(|e| Failure::from_error(&e).hint(fetch_page::hint_of(e.hint(), name)))
}

/// `taptrace fetch page`.
pub(crate) fn page(global: &Global, args: &PageArgs) -> Result<Outcome, Failure> {
    let ended = refresh(global, &args.site, &args.parcel)?;
    let mut sink = Sink::open(global.output.as_deref())?;
    match global.format {
        Format::Table => print(global, &mut sink, &args.parcel, &ended, args.paths)?,
        Format::Json | Format::Ndjson => writeln!(sink, "{}", value(&args.parcel, &ended))?,
        Format::Csv | Format::Geojson | Format::Gpkg => {
            return Err(Failure::input("fetch page writes table or json").hint("add --format json"));
        }
    }
    sink.finish()?;
    Ok(outcome(&ended))
}

/// Somebody should look when there is a change, a choice, or nothing.
pub(crate) fn outcome(ended: &Ended) -> Outcome {
    match ended {
        Ended::Refreshed(found) if found.compared.iter().all(|c| c.comparison == Comparison::Same) => Outcome::Done,
        Ended::Refreshed(_) | Ended::Several(_) | Ended::Nothing => Outcome::Look,
    }
}

/// A value as people read it: money in dollars, lines behind slashes.
pub(crate) fn shown(field: &str, text: &str) -> String {
    let is_money = field.ends_with("_value") || field.ends_with("price");
    match text.parse::<i64>() {
        Ok(cents) if is_money => Cents(cents).to_string(),
        _ => text.replace('\n', " / "),
    }
}

/// For people.
pub(crate) fn print(
    global: &Global,
    out: &mut dyn Write,
    parcel_no: &str,
    ended: &Ended,
    with_paths: bool,
) -> std::io::Result<()> {
    match ended {
        Ended::Nothing => writeln!(out, "the site has no page for parcel {parcel_no}"),
        Ended::Several(candidates) => {
            writeln!(out, "SEVERAL: {} candidates, none was taken for you", candidates.len())?;
            let rows: Vec<Vec<String>> = candidates
                .iter()
                .map(|c| {
                    let cells = c.cells.iter().map(|(n, t)| format!("{n} {t}")).collect::<Vec<_>>().join(", ");
                    vec![cells, c.url.to_string()]
                })
                .collect();
            write_table(out, &["candidate", "url"], &rows)?;
            let next = format!("taptrace fetch page --parcel {parcel_no} --with account_no=ACCOUNT");
            writeln!(out, "next: {}", global.next(&next))
        }
        Ended::Refreshed(found) => {
            print_record(out, found, with_paths)?;
            writeln!(out, "\nnext: {}", global.next("taptrace source verify"))
        }
    }
}

fn print_record(out: &mut dyn Write, found: &Refreshed, with_paths: bool) -> std::io::Result<()> {
    let source = &found.source;
    let earlier = if found.is_earlier { " (read earlier; --again asks the site)" } else { "" };
    writeln!(out, "page      {} of {}{earlier}", source.profile, source.received_at)?;
    writeln!(out, "from      {}", source.url)?;
    writeln!(out, "kept as   {}", source.sha256)?;
    for warning in &found.warnings {
        writeln!(out, "note      {warning}")?;
    }
    writeln!(out)?;
    let rows: Vec<Vec<String>> = found
        .compared
        .iter()
        .map(|c| {
            let (roll, page) = (shown(&c.field, &c.roll), shown(&c.field, &c.page));
            vec![c.comparison.as_str().to_owned(), c.field.clone(), roll, page]
        })
        .collect();
    write_table(out, &["", "field", &format!("roll of {}", found.roll_date), "page"], &rows)?;
    writeln!(out)?;
    let is_compared = |field: &str| found.compared.iter().any(|c| c.field == field);
    for value in found.values.iter().filter(|v| with_paths || !is_compared(&v.field)) {
        let row = if value.row_no > 0 { format!(" {}", value.row_no) } else { String::new() };
        let path = if with_paths { format!("   {}   [{}]", value.selector_path, value.rule) } else { String::new() };
        let text = shown(&value.field, &value.value);
        if !text.is_empty() {
            writeln!(out, "{}{row}: {text}{path}", value.field)?;
        }
    }
    Ok(())
}

/// For programs.
pub(crate) fn value(parcel_no: &str, ended: &Ended) -> Value {
    match ended {
        Ended::Nothing => json!({ "parcel_no": parcel_no, "found": "nothing" }),
        Ended::Several(candidates) => {
            let candidates: Vec<Value> = candidates.iter().map(candidate).collect();
            json!({ "parcel_no": parcel_no, "found": "several", "candidates": candidates })
        }
        Ended::Refreshed(found) => record(found),
    }
}

fn candidate(c: &Candidate) -> Value {
    let cells: serde_json::Map<String, Value> = c.cells.iter().map(|(n, t)| (n.clone(), json!(t))).collect();
    json!({ "url": c.url.as_str(), "cells": cells })
}

fn record(found: &Refreshed) -> Value {
    let source = &found.source;
    let compared: Vec<Value> = found
        .compared
        .iter()
        .map(|c| {
            let comparison = c.comparison.as_str().to_lowercase();
            json!({ "field": c.field, "roll": c.roll, "page": c.page, "comparison": comparison })
        })
        .collect();
    let values: Vec<Value> = found
        .values
        .iter()
        .map(
            |v| json!({ "field": v.field, "row": v.row_no, "value": v.value, "path": v.selector_path, "rule": v.rule }),
        )
        .collect();
    json!({
        "parcel_no": source.parcel_no, "found": "record", "profile": source.profile, "url": source.url,
        "sha256": source.sha256, "charset": source.charset, "received_at": source.received_at,
        "is_earlier": found.is_earlier, "roll_date": found.roll_date, "warnings": found.warnings,
        "compared": compared, "values": values,
    })
}
