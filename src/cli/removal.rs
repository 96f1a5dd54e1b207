//! `taptrace removal`: orders to remove a tap, crew lists, and what crews return.

use std::path::PathBuf;

use clap::Subcommand;

use super::desk::{self, DeskArgs, reader, write_document, write_rows};
use super::output::Sink;
use super::{Failure, Global, Outcome, context, removal_print};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::model::parcel::LonLat;
use crate::pipeline::case_record;
use crate::pipeline::casework::{Desk, Error};
use crate::pipeline::removal::{self, Check, NewOrder};
use crate::pipeline::removal_list::{self, ListWish, Made};
use crate::pipeline::removal_merge;
use crate::store::removals::{self, TicketRow};

/// Tap removals.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    desk: DeskArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Request a removal. Example: taptrace removal request TAP-1 --case IC-2026-00001 --reason "slip"
    Request(Request),
    /// Show what stands in the way; with --premises and --fire take the step.
    Check(CheckArgs),
    /// Approve with method and payer (role supervisor).
    Approve(Approve),
    /// Record the locate ticket.
    Ticket(Ticket),
    /// Without flags list orders; with --make put approved orders on a crew list.
    List(List),
    /// Freeze the newest version of a list.
    Freeze { list_no: String },
    /// Send a frozen list out.
    Dispatch { list_no: String },
    /// Print a list: .pdf .html .csv .geojson .kml .gpx by the name of -o.
    Print(Print),
    /// Take results back from CSV or GeoJSON.
    Merge { files: Vec<PathBuf> },
    /// Show conflicts; with --keep settle one (role supervisor).
    Conflicts {
        /// Result that holds.
        #[arg(long)]
        keep: Option<String>,
    },
    /// Record a completed removal: the tap's lifecycle follows the method done.
    Record(Record),
    /// Hold, cancel, resume or send back an order.
    Advance(Advance),
    /// Show one order.
    Show { order_no: String },
    /// Changes for the service line inventory.
    Inventory,
}

#[derive(Debug, clap::Args)]
struct Request {
    tap_no: String,
    #[arg(long)]
    case: Option<String>,
    /// Notice or demolition permit, when there is no case.
    #[arg(long)]
    basis: Option<String>,
    #[arg(long, default_value_t = 3)]
    priority: i64,
    #[arg(long, value_parser = context::parse_date)]
    due_on: Option<CivilDate>,
    /// Dog, hostile person, police assist, with the day it was seen.
    #[arg(long, default_value = "")]
    safety: String,
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    order_no: String,
    /// Premises the tap feeds, as you count them.
    #[arg(long)]
    premises: Option<i64>,
    /// Whether a fire service hangs on the tap.
    #[arg(long, value_parser = parse_yes_no)]
    fire: Option<bool>,
    #[arg(long)]
    basis: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Approve {
    order_no: String,
    #[arg(long)]
    method: String,
    #[arg(long, default_value = "owner_of_record")]
    charge_to: String,
}

#[derive(Debug, clap::Args)]
struct Ticket {
    order_no: String,
    ticket_no: String,
    #[arg(long, value_parser = context::parse_date)]
    start: CivilDate,
    #[arg(long, value_parser = context::parse_date)]
    expires: CivilDate,
    #[arg(long)]
    area: String,
    /// Every utility has answered.
    #[arg(long)]
    clear: bool,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Make a list, or with --list a new version of one.
    #[arg(long)]
    make: bool,
    #[arg(long)]
    list: Option<String>,
    #[arg(long)]
    status: Option<String>,
    /// Orders by number; may be repeated.
    #[arg(long)]
    order: Vec<String>,
    /// West,south,east,north in degrees.
    #[arg(long, value_parser = parse_bbox, allow_hyphen_values = true)]
    bbox: Option<Numbers<4>>,
    #[arg(long)]
    priority_max: Option<i64>,
    #[arg(long, value_parser = context::parse_date)]
    due_by: Option<CivilDate>,
    #[arg(long, value_parser = context::parse_date)]
    ticket_valid_on: Option<CivilDate>,
    #[arg(long)]
    stops_max: Option<usize>,
    /// Yard as lon,lat; the route starts and ends there.
    #[arg(long, value_parser = parse_yard, allow_hyphen_values = true)]
    yard: Option<Numbers<2>>,
    #[arg(long, default_value = "")]
    crew: String,
    #[arg(long, value_parser = context::parse_date)]
    work_on: Option<CivilDate>,
}

#[derive(Debug, clap::Args)]
struct Print {
    list_no: String,
    /// Paper of the PDF: letter or a4.
    #[arg(long, default_value = "letter")]
    paper: String,
    /// Version (default: the newest).
    #[arg(long)]
    list_version: Option<i64>,
}

#[derive(Debug, clap::Args)]
struct Record {
    order_no: String,
    #[arg(long, value_parser = desk::parse_cents)]
    cost: Cents,
    /// Restoration ticket, or none.
    #[arg(long)]
    restoration: String,
}

#[derive(Debug, clap::Args)]
struct Advance {
    order_no: String,
    to: String,
    #[arg(long, value_parser = context::parse_date)]
    review_on: Option<CivilDate>,
}

/// Comma-separated numbers of a flag.
#[derive(Debug, Clone, Copy)]
struct Numbers<const N: usize>([f64; N]);

fn parse_numbers<const N: usize>(text: &str) -> Result<Numbers<N>, String> {
    let parts: Result<Vec<f64>, _> = text.split(',').map(|p| p.trim().parse::<f64>()).collect();
    let parts = parts.map_err(|e| format!("{text:?}: {e}"))?;
    parts.try_into().map(Numbers).map_err(|_| format!("{text:?} is not {N} numbers with commas"))
}

fn parse_bbox(text: &str) -> Result<Numbers<4>, String> {
    parse_numbers(text)
}

fn parse_yard(text: &str) -> Result<Numbers<2>, String> {
    parse_numbers(text)
}

pub(super) fn parse_yes_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("yes or no".to_owned()),
    }
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    let desk = args.desk.desk(global)?;
    let fail = |e: Error| desk::failure(global, &e);
    match &args.verb {
        Verb::Check(c) if c.premises.is_none() && c.fire.is_none() => check(global, &desk, &c.order_no),
        Verb::Show { order_no } => check(global, &desk, order_no),
        Verb::List(list) if list.make => make(global, &desk, list),
        Verb::List(list) => orders(global, list.status.as_deref()),
        Verb::Merge { files } => merge(global, &desk, files),
        Verb::Conflicts { keep: None } => conflicts(global),
        Verb::Inventory => inventory(global),
        Verb::Print(p) => removal_print::print(global, &p.list_no, p.list_version, &p.paper),
        Verb::Freeze { list_no } => {
            let made = removal_list::freeze(&desk, list_no).map_err(fail)?;
            show_list(global, &made)
        }
        Verb::Dispatch { list_no } => dispatch(global, &desk, list_no),
        Verb::Request(_) | Verb::Check(_) | Verb::Approve(_) | Verb::Ticket(_) => say(global, step(&desk, &args.verb)),
        Verb::Conflicts { .. } | Verb::Record(_) | Verb::Advance(_) => say(global, step(&desk, &args.verb)),
    }
}

fn say(global: &Global, done: Result<String, Error>) -> Result<Outcome, Failure> {
    let text = done.map_err(|e| desk::failure(global, &e))?;
    write_document(global, &serde_json::json!({ "done": text }), &format!("{text}\n"))?;
    Ok(Outcome::Done)
}

fn step(desk: &Desk, verb: &Verb) -> Result<String, Error> {
    let order = match verb {
        Verb::Request(r) => {
            let new = NewOrder {
                tap_no: r.tap_no.clone(),
                case_no: r.case.clone(),
                basis: r.basis.clone(),
                priority: r.priority,
                due_on: r.due_on,
                safety: r.safety.clone(),
            };
            return Ok(format!("requested {}", removal::request(desk, &new)?));
        }
        Verb::Check(c) => {
            let check = Check { n_premises: c.premises, fire_service: c.fire, basis: c.basis.clone() };
            removal::check(desk, &c.order_no, &check)?
        }
        Verb::Approve(a) => removal::approve(desk, &a.order_no, &a.method, &a.charge_to)?,
        Verb::Ticket(t) => {
            let ticket = TicketRow {
                ticket_no: t.ticket_no.clone(),
                legal_start: t.start.to_string(),
                expires_on: t.expires.to_string(),
                work_area: t.area.clone(),
                is_clear: t.clear,
            };
            removal::ticket(desk, &t.order_no, &ticket)?
        }
        Verb::Conflicts { keep: Some(id) } => {
            let (order_no, status) = removal_merge::settle(desk, id)?;
            return Ok(format!("{order_no} is {status}"));
        }
        Verb::Record(r) => {
            let (order, lifecycle) = removal::record(desk, &r.order_no, r.cost, &r.restoration)?;
            let tap = lifecycle.map_or("its lifecycle is unchanged".to_owned(), |l| format!("now {l}"));
            return Ok(format!("{} is recorded; tap {} {tap}", order.order_no, order.tap_no));
        }
        Verb::Advance(a) => removal::advance(desk, &a.order_no, &a.to, a.review_on)?,
        Verb::List(_) | Verb::Freeze { .. } | Verb::Dispatch { .. } | Verb::Print(_) => return Ok(String::new()),
        Verb::Merge { .. } | Verb::Conflicts { .. } | Verb::Show { .. } | Verb::Inventory => return Ok(String::new()),
    };
    Ok(format!("{} is {}", order.order_no, order.status))
}

fn check(global: &Global, desk: &Desk, order_no: &str) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let found = removal::order(&db, order_no)
        .and_then(|order| removal::check_report(desk, &db, &order).map(|report| (order, report)));
    let (order, (facts, problems)) = found.map_err(|e| desk::failure(global, &e))?;
    let mut text = format!("order {} of tap {}: {}\n", order.order_no, order.tap_no, order.status);
    for f in &facts.fed {
        let account = if f.account_no.is_empty() {
            "no account".to_owned()
        } else {
            format!("{} {} {}", f.account_no, f.service_kind, f.status)
        };
        text.push_str(&format!("  feeds {} {}: {account}\n", f.premise_no, f.service_address));
    }
    text.push_str(&format!(
        "  ties {}, position {}\n",
        facts.n_ties,
        facts.position_method.as_deref().unwrap_or("none")
    ));
    match &facts.ticket {
        Some(t) => text.push_str(&format!("  ticket {} from {} to {}\n", t.ticket_no, t.legal_start, t.expires_on)),
        None => text.push_str("  no locate ticket\n"),
    }
    for p in &problems {
        text.push_str(&format!("  {p}\n"));
    }
    let fed: Vec<_> = facts
        .fed
        .iter()
        .map(|f| serde_json::json!({ "premise_no": f.premise_no, "account_no": f.account_no, "service_kind": f.service_kind, "status": f.status }))
        .collect();
    let json = serde_json::json!({ "order_no": order.order_no, "status": order.status, "tap_no": order.tap_no,
        "method": order.method, "lifecycle": order.lifecycle, "row_version": order.row_version, "fed": fed,
        "ties": facts.n_ties, "problems": problems });
    write_document(global, &json, &text)?;
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Look })
}

fn orders(global: &Global, status: Option<&str>) -> Result<Outcome, Failure> {
    /// Rows shown; more is for an export.
    const ROWS_MAX: i64 = 500;
    let db = reader(global)?;
    let rows = removals::list(&db, status, ROWS_MAX).map_err(|e| Failure::from_error(&e))?;
    let cells: Vec<Vec<String>> = rows
        .into_iter()
        .map(|o| {
            let address = o.service_address.unwrap_or_default();
            vec![
                o.order_no,
                o.status,
                o.tap_no,
                address,
                o.priority.to_string(),
                o.due_on.unwrap_or_default(),
                o.method.unwrap_or_default(),
            ]
        })
        .collect();
    write_rows(global, &["order_no", "status", "tap_no", "address", "priority", "due_on", "method"], &cells)?;
    Ok(if cells.is_empty() { Outcome::Look } else { Outcome::Done })
}

fn make(global: &Global, desk: &Desk, l: &List) -> Result<Outcome, Failure> {
    let wish = ListWish {
        list_no: l.list.clone(),
        selection: removal_list::selection(
            l.bbox.map(|b| b.0),
            l.priority_max,
            l.due_by,
            l.ticket_valid_on,
            l.stops_max,
        ),
        order_nos: l.order.clone(),
        yard: l.yard.map(|y| LonLat { lon: y.0[0], lat: y.0[1] }),
        crew: l.crew.clone(),
        work_on: l.work_on,
    };
    let made = removal_list::make(desk, &wish).map_err(|e| desk::failure(global, &e))?;
    show_list(global, &made)
}

fn show_list(global: &Global, made: &Made) -> Result<Outcome, Failure> {
    let l = &made.list;
    let state = l.content_sha256.as_ref().map_or("draft".to_owned(), |h| format!("frozen, sha256 {h}"));
    let mut text = format!("{} version {} ({state})\n", l.list_no, l.version);
    if let Some(length) = l.length_ft {
        text.push_str(&format!("  route {length:.0} ft\n"));
    }
    for s in &made.stops {
        text.push_str(&format!("  {:>3} {} {}\n", s.seq, s.order_no, s.stop_uuid));
    }
    for (no, why) in &made.left_out {
        text.push_str(&format!("  left out {no}: {why}\n"));
    }
    for c in &made.changes {
        text.push_str(&format!("  {} {}: {}\n", c.what, c.order_no, c.detail));
    }
    let stops: Vec<_> = made
        .stops
        .iter()
        .map(|s| serde_json::json!({ "seq": s.seq, "order_no": s.order_no, "stop_uuid": s.stop_uuid, "base_version": s.base_version }))
        .collect();
    let json = serde_json::json!({ "list_no": l.list_no, "version": l.version, "content_sha256": l.content_sha256,
        "length_ft": l.length_ft, "nearest_neighbour_ft": made.nearest_neighbour_ft, "stops": stops, "left_out": made.left_out });
    write_document(global, &json, &text)?;
    Ok(Outcome::Done)
}

fn dispatch(global: &Global, desk: &Desk, list_no: &str) -> Result<Outcome, Failure> {
    let (sent, stayed) = removal_list::dispatch(desk, list_no).map_err(|e| desk::failure(global, &e))?;
    let mut text = format!("dispatched {}\n", sent.join(" "));
    for (no, why) in &stayed {
        text.push_str(&format!("  stays {no}: {why}\n"));
    }
    write_document(global, &serde_json::json!({ "sent": sent, "stayed": stayed }), &text)?;
    Ok(if stayed.is_empty() { Outcome::Done } else { Outcome::Look })
}

fn merge(global: &Global, desk: &Desk, files: &[PathBuf]) -> Result<Outcome, Failure> {
    let mut out = Sink::open(global.output.as_deref())?;
    let mut is_clean = true;
    for path in files {
        let text = std::fs::read_to_string(path)
            .map_err(|e| Failure::environment(format!("cannot read {}", path.display())).caused_by(&e))?;
        let done = removal_merge::read_table(&text)
            .and_then(|rows| removal_merge::merge_table(desk, &rows))
            .map_err(|e| desk::failure(global, &e))?;
        is_clean &= done.rejects.is_empty() && done.n_conflict == 0;
        let json = serde_json::json!({ "file": path.display().to_string(), "read": done.n_read, "applied": done.n_applied,
            "duplicate": done.n_duplicate, "conflict": done.n_conflict, "rejected": done.rejects.len(), "orders": done.orders });
        if global.format == super::Format::Table {
            writeln_to(
                &mut out,
                &format!(
                    "{}: read {}, applied {}, duplicate {}, conflict {}, rejected {}",
                    path.display(),
                    done.n_read,
                    done.n_applied,
                    done.n_duplicate,
                    done.n_conflict,
                    done.rejects.len()
                ),
            )?;
            for r in &done.rejects {
                writeln_to(
                    &mut out,
                    &format!("  row {} column {}: {} ({}) {}", r.row_no, r.column, r.reason, r.value, r.detail),
                )?;
            }
            for (no, (status, lacking)) in &done.orders {
                let lacks = if lacking.is_empty() { String::new() } else { format!(", needs {}", lacking.join(", ")) };
                writeln_to(&mut out, &format!("  {no} is {status}{lacks}"))?;
            }
        } else {
            writeln_to(&mut out, &json.to_string())?;
        }
    }
    out.finish()?;
    Ok(if is_clean { Outcome::Done } else { Outcome::Look })
}

fn writeln_to(out: &mut Sink, line: &str) -> Result<(), Failure> {
    use std::io::Write;
    writeln!(out, "{line}").map_err(Failure::from_output)
}

fn conflicts(global: &Global) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let found = removal_merge::conflicts(&db).map_err(|e| desk::failure(global, &e))?;
    let cells: Vec<Vec<String>> = found
        .into_iter()
        .map(|(no, r)| vec![no, r.field_result_id, r.base_version.to_string(), r.fields_json])
        .collect();
    write_rows(global, &["order_no", "field_result_id", "base_version", "fields"], &cells)?;
    Ok(if cells.is_empty() { Outcome::Done } else { Outcome::Look })
}

fn inventory(global: &Global) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let rows = removals::inventory_changes(&db).map_err(|e| Failure::from_error(&e))?;
    let cells: Vec<Vec<String>> = rows.into_iter().map(|r| vec![r.0, r.1, r.2, r.3, r.4.unwrap_or_default()]).collect();
    write_rows(global, &["tap_no", "order_no", "changed_on", "change", "service_material"], &cells)?;
    Ok(Outcome::Done)
}

/// `taptrace hold` and `taptrace note`: anything a scope can carry.
#[derive(Debug, clap::Args)]
pub(crate) struct ScopeArgs {
    #[command(flatten)]
    desk: DeskArgs,
    /// case, premise, tap, order or owner.
    scope: String,
    /// Its number.
    key: String,
    /// Type of the hold, or text of the note; without it what is there is listed.
    text: Option<String>,
    #[arg(long, value_parser = context::parse_date)]
    review_on: Option<CivilDate>,
    /// Release instead of putting.
    #[arg(long)]
    release: bool,
}

pub(crate) fn run_hold(global: &Global, a: &ScopeArgs) -> Result<Outcome, Failure> {
    let desk = a.desk.desk(global)?;
    if a.text.is_none() && !a.release {
        let db = reader(global)?;
        let rows = crate::store::holds::live(&db, &[(a.scope.as_str(), a.key.clone())])
            .map_err(|e| Failure::from_error(&e))?;
        let cells: Vec<Vec<String>> =
            rows.into_iter().map(|h| vec![h.hold_type, h.from_on, h.review_on, h.basis]).collect();
        write_rows(global, &["hold_type", "from_on", "review_on", "basis"], &cells)?;
        return Ok(Outcome::Done);
    }
    let scope = (a.scope.as_str(), a.key.as_str());
    if !["case", "premise", "tap", "order"].contains(&scope.0) {
        return Err(Failure::input(format!("a hold is on a case, premise, tap or order, not on {}", scope.0)));
    }
    if a.release {
        let done = case_record::release(&desk, scope, a.text.as_deref()).map(|n| format!("released {n}"));
        return say(global, done);
    }
    let kind = a.text.clone().unwrap_or_default();
    say(
        global,
        case_record::hold(&desk, scope, &kind, a.review_on)
            .map(|_| format!("{} {} is on hold: {kind}", a.scope, a.key)),
    )
}

pub(crate) fn run_note(global: &Global, a: &ScopeArgs) -> Result<Outcome, Failure> {
    let desk = a.desk.desk(global)?;
    if let Some(text) = &a.text {
        return say(global, case_record::note(&desk, (&a.scope, &a.key), "call", text).map(|()| "noted".to_owned()));
    }
    let db = reader(global)?;
    let rows = crate::store::holds::notes(&db, &a.scope, &a.key).map_err(|e| Failure::from_error(&e))?;
    let cells: Vec<Vec<String>> =
        rows.into_iter().map(|n| vec![n.noted_at, n.author, n.role, n.note_kind, n.note]).collect();
    write_rows(global, &["noted_at", "author", "role", "kind", "note"], &cells)?;
    Ok(Outcome::Done)
}
