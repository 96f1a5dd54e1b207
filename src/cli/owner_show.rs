//! Reading verbs of `taptrace owner`: show, as-of, portfolio, explain, review.

use std::io::Write;

use serde_json::{Value, json};

use super::output::{Sink, write_table};
use super::{Failure, Format, Global, Outcome, context};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::pipeline::owner_explain;
use crate::pipeline::owner_groups::is_current;
use crate::pipeline::owner_portfolio::{self, PortfolioParcel, asks_for_person, group_no, resolve};
use crate::pipeline::ownership::{self, Error};
use crate::store::Reader;
use crate::store::owner_groups::NodeRow;

#[derive(Debug, clap::Args)]
pub(crate) struct WhatArgs {
    /// Parcel number, owner name, or group number (OG-...).
    what: String,
    /// Why a person is looked up by name; written to the look-up log.
    #[arg(long)]
    purpose: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AsOfArgs {
    /// Parcel number.
    parcel: String,
    /// The day in question.
    #[arg(long, value_parser = context::parse_date)]
    date: CivilDate,
    /// Answer by what was known on this day.
    #[arg(long, value_parser = context::parse_date)]
    known_at: Option<CivilDate>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// First: parcel number, owner name or group number.
    a: String,
    /// Second.
    b: String,
    /// Why a person is looked up by name; written to the look-up log.
    #[arg(long)]
    purpose: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReviewArgs {
    /// Show at most this many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HistoryArgs {
    /// Group number (OG-...), also one that is no more.
    group: String,
}

pub(super) fn failure(error: &Error) -> Failure {
    let hint = match error {
        Error::NoPurpose => "add why, for the log: --purpose \"call of the tenant, P1000010\"",
        Error::NoParcel(_) => "taptrace research \"ADDRESS\" shows the parcel's number",
        Error::NoGroup(_) => {
            "the groups of an owner: taptrace owner show NAME; of a parcel: taptrace owner show PARCEL"
        }
        Error::NotYetRecorded(_) => "write the day the clerk stamped on it: --recorded-on YYYY-MM-DD",
        Error::NoOwner(_) => {
            "the first word alone finds more: taptrace owner show \"LASTNAME\"; by address: taptrace research \"ADDRESS\""
        }
        Error::NoSuppression(_) => "taptrace owner suppress list",
        Error::NoRole(_) => {
            "one of: placeholder single household headquarters bank_trust association_manager agent tax_office public_office unclear"
        }
        Error::Store(_) => "taptrace import roll parcels.csv --profile generic   (or name the file with --db)",
    };
    Failure::from_error(error).hint(hint)
}

/// The database with groups that belong to its roll.
fn open(global: &Global) -> Result<Reader, Failure> {
    let reader = Reader::open(&global.db).map_err(|e| failure(&e.into()))?;
    if !is_current(&reader).map_err(|e| failure(&e.into()))? {
        return Err(Failure::input("the owner groups were not computed for the roll that is in this database")
            .hint("taptrace owner group"));
    }
    Ok(reader)
}

/// Owners of a question; a person's name is answered with a purpose only, and logged.
fn ask(global: &Global, reader: &Reader, what: &str, purpose: Option<&String>) -> Result<Vec<NodeRow>, Failure> {
    let found = resolve(reader, what);
    let is_person = asks_for_person(reader, what, found.as_deref().unwrap_or_default()).map_err(|e| failure(&e))?;
    if is_person || matches!(found, Err(Error::NoOwner(_))) && purpose.is_some() {
        let by = context::authorship(global, purpose.map_or("", String::as_str));
        ownership::log_lookup(&global.db, what, found.as_ref().map_or(0, Vec::len), &by).map_err(|e| failure(&e))?;
    }
    found.map_err(|e| failure(&e))
}

/// Snapshot and row that show an owner on the roll.
fn evidence(reader: &Reader, node: &NodeRow) -> Result<String, Failure> {
    let row = crate::store::ownership::roll_rows_of_node(reader, node.node_id).map_err(|e| failure(&e.into()))?;
    Ok(row.first().map_or(String::new(), |r| format!("snapshot {} row {}", r.snapshot_id, r.row_no)))
}

/// Counts and scores are numbers in JSON.
fn typed(header: &str, cell: &str) -> Value {
    let is_number = matches!(header, "n_parcels" | "n_found" | "accounts" | "taps" | "cases" | "score");
    let number = cell.parse::<serde_json::Number>().ok().filter(|_| is_number);
    number.map_or_else(|| json!(cell), Value::Number)
}

fn put(global: &Global, header: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let mut out = Sink::open(global.output.as_deref())?;
    let document = |row: &Vec<String>| -> Value {
        header.iter().zip(row).map(|(h, c)| ((*h).to_owned(), typed(h, c))).collect::<serde_json::Map<_, _>>().into()
    };
    match global.format {
        Format::Table => write_table(&mut out, header, rows)?,
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(&mut out);
            csv.write_record(header).map_err(|e| Failure::from_error(&e))?;
            for row in rows {
                csv.write_record(row).map_err(|e| Failure::from_error(&e))?;
            }
            csv.flush()?;
        }
        Format::Json => writeln!(out, "{}", json!(rows.iter().map(document).collect::<Vec<_>>()))?,
        Format::Ndjson => {
            for row in rows {
                writeln!(out, "{}", document(row))?;
            }
        }
        Format::Geojson | Format::Gpkg => {
            return Err(Failure::input("this answer has no place on a map").hint("add --format json"));
        }
    }
    out.finish()
}

pub(crate) fn show(global: &Global, args: &WhatArgs) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let nodes = ask(global, &reader, &args.what, args.purpose.as_ref())?;
    let mut rows = Vec::new();
    for node in &nodes {
        rows.push(vec![
            node.display.clone(),
            node.kind.clone(),
            node.mail_key.clone(),
            node.n_parcels.to_string(),
            group_no(node.group_id),
            evidence(&reader, node)?,
        ]);
    }
    put(global, &["owner_on_roll", "kind", "mail_key", "n_parcels", "owner_group", "evidence"], &rows)?;
    Ok(if nodes.len() == 1 { Outcome::Done } else { Outcome::Look })
}

pub(crate) fn as_of(global: &Global, args: &AsOfArgs) -> Result<Outcome, Failure> {
    let reader = Reader::open(&global.db).map_err(|e| failure(&e.into()))?;
    let known_at = args.known_at.map(|d| d.to_string());
    let found = ownership::as_of(&reader, &args.parcel, args.date, known_at.as_deref()).map_err(|e| failure(&e))?;
    let certainty = found.answer.certainty.as_str();
    if global.format == Format::Json || global.format == Format::Ndjson {
        let mut out = Sink::open(global.output.as_deref())?;
        let evidence: Vec<Value> = found
            .facts
            .iter()
            .map(|f| json!({"owner": f.owner, "basis": basis(f), "source": f.reference, "recorded_at": f.recorded_at}))
            .collect();
        let owners: Vec<&str> = found.facts.iter().map(|f| f.owner.as_str()).collect();
        let document = json!({
            "parcel_no": args.parcel, "date": args.date.to_string(), "known_at": known_at, "certainty": certainty,
            "owners": owners, "why": found.answer.why, "evidence": evidence,
        });
        writeln!(out, "{document}")?;
        out.finish()?;
    } else {
        let mut rows: Vec<Vec<String>> = found
            .facts
            .iter()
            .map(|f| {
                vec![
                    certainty.to_owned(),
                    f.owner.clone(),
                    basis(f).to_owned(),
                    f.reference.clone(),
                    found.answer.why.to_owned(),
                ]
            })
            .collect();
        if rows.is_empty() {
            rows.push(vec![
                certainty.to_owned(),
                String::new(),
                String::new(),
                String::new(),
                found.answer.why.to_owned(),
            ]);
        }
        put(global, &["certainty", "owner", "basis", "source", "why"], &rows)?;
    }
    Ok(if found.facts.len() == 1 { Outcome::Done } else { Outcome::Look })
}

fn basis(fact: &ownership::Fact) -> &'static str {
    fact.basis.as_str()
}

pub(crate) fn portfolio(global: &Global, args: &WhatArgs) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let nodes = ask(global, &reader, &args.what, args.purpose.as_ref())?;
    let mut groups: Vec<String> = nodes.iter().map(|n| group_no(n.group_id)).collect();
    groups.sort();
    groups.dedup();
    if groups.len() > 1 {
        let shown = groups.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        return Err(Failure::input(format!("{:?} means {} owner groups: {shown}", args.what, groups.len()))
            .hint(format!("taptrace owner portfolio {}", groups[0])));
    }
    let parcels = owner_portfolio::portfolio(&reader, &nodes[0]).map_err(|e| failure(&e))?;
    if global.format == Format::Geojson {
        let mut out = Sink::open(global.output.as_deref())?;
        let features: Vec<Value> = parcels.iter().map(|p| feature(p, &groups[0])).collect();
        writeln!(out, "{}", json!({"type": "FeatureCollection", "features": features}))?;
        out.finish()?;
        return Ok(Outcome::Done);
    }
    let rows: Vec<Vec<String>> = parcels
        .iter()
        .map(|p| {
            vec![
                groups[0].clone(),
                p.tier.as_str().to_owned(),
                p.rule.as_str().to_owned(),
                p.row.parcel_no.clone(),
                p.row.owner_text.clone(),
                p.row.situs.clone(),
                p.holdings.n_accounts.to_string(),
                Cents(p.holdings.balance_cents).to_string(),
                p.holdings.n_taps.to_string(),
                p.holdings.n_cases.to_string(),
                format!("snapshot {} row {}", p.row.snapshot_id, p.row.row_no),
            ]
        })
        .collect();
    let header = [
        "owner_group",
        "tier",
        "rule",
        "parcel_no",
        "owner_on_roll",
        "situs",
        "accounts",
        "balance",
        "taps",
        "cases",
        "evidence",
    ];
    put(global, &header, &rows)?;
    if global.format == Format::Table {
        tell_totals(&parcels);
    }
    Ok(Outcome::Done)
}

/// Sums per tier, never one over all tiers: a lead is no property of the group.
#[allow(clippy::print_stderr, reason = "sums are no row of the answer")]
fn tell_totals(parcels: &[PortfolioParcel]) {
    for (tier, n, sum) in owner_portfolio::totals(parcels) {
        let balance = Cents(sum.balance_cents);
        eprintln!("{tier}: {n} parcels, balance {balance}, {} taps, {} cases", sum.n_taps, sum.n_cases);
    }
}

fn feature(p: &PortfolioParcel, group: &str) -> Value {
    // RFC 7946, section 11.2: more than 7 decimals promise what no survey has.
    let short = |degrees: f64| (degrees * 1e7).round() / 1e7;
    let geometry = p.row.position.map(|(lon, lat)| json!({"type": "Point", "coordinates": [short(lon), short(lat)]}));
    json!({"type": "Feature", "geometry": geometry, "properties": {
        "owner_group": group, "parcel_no": p.row.parcel_no, "owner_on_roll": p.row.owner_text, "situs": p.row.situs,
        "tier": p.tier.as_str(), "rule": p.rule.as_str(),
        "evidence": format!("snapshot {} row {}", p.row.snapshot_id, p.row.row_no),
        "accounts": p.holdings.n_accounts, "balance_cents": p.holdings.balance_cents, "taps": p.holdings.n_taps, "cases": p.holdings.n_cases,
    }})
}

pub(crate) fn explain(global: &Global, args: &ExplainArgs) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let a = ask(global, &reader, &args.a, args.purpose.as_ref())?.remove(0);
    let b = ask(global, &reader, &args.b, args.purpose.as_ref())?.remove(0);
    let apart = format!("{} gets mail at {}, {} at {}", a.display, mail(&a), b.display, mail(&b));
    let owners = owner_explain::around(&reader, [&a, &b]).map_err(|e| failure(&e.into()))?;
    let (Some(a), Some(b)) = (owners.node_of(&a), owners.node_of(&b)) else {
        return Err(Failure::input("one of the two owners is withheld by law").hint("ask a supervisor"));
    };
    let (found, steps) = owner_explain::explain(&reader, &owners, (a, b)).map_err(|e| failure(&e.into()))?;
    let score = |pct: u8| format!("{:.2}", f64::from(pct) / 100.0);
    let mut rows = vec![vec![
        found.tier.as_str().to_owned(),
        score(found.score_pct),
        format!("{} - {}", owners.display(a), owners.display(b)),
        found.rule.sentence().to_owned(),
        owner_explain::evidence_row(&reader, &owners, a).map_err(|e| failure(&e.into()))?,
        if found.evidence.is_empty() { apart } else { found.evidence.join("; ") },
    ]];
    rows.extend(steps.iter().map(|s| {
        let mark = if s.is_weakest && steps.len() > 1 { "weakest link" } else { "step" };
        vec![
            mark.to_owned(),
            score(s.score_pct),
            s.owner.clone(),
            s.rule.sentence().to_owned(),
            s.evidence_row.clone(),
            String::new(),
        ]
    }));
    put(global, &["tier", "score", "owner", "why", "source", "evidence"], &rows)?;
    Ok(if found.tier.is_automatic() { Outcome::Done } else { Outcome::Look })
}

/// Where an owner gets mail, for people; a key that begins with `?` is no address.
fn mail(node: &NodeRow) -> &str {
    if node.mail_key.is_empty() || node.mail_key.starts_with('?') { "no usable address" } else { &node.mail_key }
}

pub(crate) fn review(global: &Global, args: &ReviewArgs) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let items = owner_explain::review(&reader).map_err(|e| failure(&e.into()))?;
    let rows: Vec<Vec<String>> = items
        .iter()
        .take(args.limit)
        .map(|i| {
            let (reason, mail_key, owner) = (i.reason.to_owned(), i.mail_key.clone(), i.owner.clone());
            vec![i.n_parcels.to_string(), reason, mail_key, owner, i.group_no.clone(), i.suggestion.clone()]
        })
        .collect();
    put(global, &["n_parcels", "reason", "mail_key", "owner", "owner_group", "suggestion"], &rows)?;
    Ok(if items.is_empty() { Outcome::Done } else { Outcome::Look })
}

pub(crate) fn lookups(global: &Global, args: &ReviewArgs) -> Result<Outcome, Failure> {
    let reader = Reader::open(&global.db).map_err(|e| failure(&e.into()))?;
    let found = crate::store::ownership::lookups(&reader, args.limit).map_err(|e| failure(&e.into()))?;
    let rows: Vec<Vec<String>> =
        found.into_iter().map(|l| vec![l.at, l.actor, l.query, l.purpose, l.n_found.to_string()]).collect();
    put(global, &["at", "actor", "query", "purpose", "n_found"], &rows)?;
    Ok(if rows.is_empty() { Outcome::Look } else { Outcome::Done })
}

pub(crate) fn history(global: &Global, args: &HistoryArgs) -> Result<Outcome, Failure> {
    let reader = open(global)?;
    let Some(id) = args.group.strip_prefix("OG-").and_then(|t| t.parse::<i64>().ok()) else {
        return Err(Failure::input(format!("{:?} is no group number", args.group)).hint("taptrace owner show OWNER"));
    };
    let events = crate::store::owner_groups::events_of(&reader, id).map_err(|e| failure(&e.into()))?;
    let rows: Vec<Vec<String>> = events
        .into_iter()
        .map(|e| vec![e.at, e.event, group_no(e.from_group), group_no(e.into_group), e.actor, e.reason])
        .collect();
    put(global, &["at", "event", "from", "into", "actor", "reason"], &rows)?;
    Ok(if rows.is_empty() { Outcome::Look } else { Outcome::Done })
}
