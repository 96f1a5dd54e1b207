//! `taptrace removal`, the verbs about lists: make, freeze, send, take results back, settle, close; and container pulls.

use std::path::PathBuf;

use super::desk::{self, reader, write_document, write_rows};
use super::output::Sink;
use super::{Failure, Format, Global, Outcome, context};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::model::parcel::LonLat;
use crate::pipeline::casework::{Desk, Error};
use crate::pipeline::removal_job;
use crate::pipeline::removal_list::{self, Kind, ListWish, Made};
use crate::pipeline::removal_merge::{self, MergeSummary};
use crate::pipeline::removal_photo::{PhotoFolder, PhotoRemark};
use crate::store::{pulls as stored_pulls, removal_lists, removals};

/// Rows shown; more is for an export.
const ROWS_MAX: i64 = 500;

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Make a list, or with --list a new version of one.
    #[arg(long)]
    make: bool,
    /// What for: removal (taps) or refuse (containers).
    #[arg(long, default_value = "removal", value_parser = parse_kind)]
    kind: Kind,
    /// List to make a new version of; its crew, day, yard and orders stay unless others are named.
    #[arg(long)]
    list: Option<String>,
    /// Without --make: only orders in this state.
    #[arg(long)]
    status: Option<String>,
    /// Orders by number; may be repeated.
    #[arg(long)]
    order: Vec<String>,
    /// West,south,east,north in degrees.
    #[arg(long, value_parser = parse_bbox, allow_hyphen_values = true)]
    bbox: Option<Numbers<4>>,
    /// With --make: only orders of this priority or a more urgent one.
    #[arg(long)]
    priority_max: Option<i64>,
    /// With --make: only orders due by this day.
    #[arg(long, value_parser = context::parse_date)]
    due_by: Option<CivilDate>,
    /// With --make: only orders whose locate ticket is valid on this day.
    #[arg(long, value_parser = context::parse_date)]
    ticket_valid_on: Option<CivilDate>,
    /// With --make: at most so many stops, the most urgent first.
    #[arg(long)]
    stops_max: Option<usize>,
    /// Yard as lon,lat; the route starts and ends there.
    #[arg(long, value_parser = parse_yard, allow_hyphen_values = true)]
    yard: Option<Numbers<2>>,
    /// The crew.
    #[arg(long, default_value = "")]
    crew: String,
    /// The day of the work.
    #[arg(long, value_parser = context::parse_date)]
    work_on: Option<CivilDate>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Conflicts {
    /// Result that holds; its rivals are refused and stay on record.
    #[arg(long, value_name = "RESULT", conflicts_with = "drop")]
    keep: Option<String>,
    /// Result that does not count; it stays on record.
    #[arg(long, value_name = "RESULT")]
    drop: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Pulls {
    /// Make a pull order for each.
    #[arg(long)]
    request: bool,
    /// Show the pull orders instead.
    #[arg(long, conflicts_with = "request")]
    orders: bool,
    /// Most accounts taken.
    #[arg(long, default_value_t = 500)]
    max: usize,
    /// 1 is the most urgent.
    #[arg(long, default_value_t = 3)]
    priority: i64,
    /// Day by which it shall be done.
    #[arg(long, value_parser = context::parse_date)]
    due_on: Option<CivilDate>,
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

fn parse_kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| "removal or refuse".to_owned())
}

fn fail(global: &Global) -> impl Fn(Error) -> Failure + '_ {
    move |e| desk::failure(global, &e)
}

pub(crate) fn list(global: &Global, desk: &Desk, l: &List) -> Result<Outcome, Failure> {
    if !l.make {
        return orders(global, l.status.as_deref());
    }
    let wish = ListWish {
        kind: l.kind,
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
    let made = removal_list::make(desk, &wish).map_err(fail(global))?;
    show_made(global, &made)
}

fn orders(global: &Global, status: Option<&str>) -> Result<Outcome, Failure> {
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

pub(crate) fn lists(global: &Global) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let rows = removal_lists::all(&db, ROWS_MAX).map_err(|e| Failure::from_error(&e))?;
    let cells: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(l, n_stops, n_done)| {
            let state = match (&l.frozen_at, l.is_closed) {
                (_, true) => "closed",
                (Some(_), false) => "frozen",
                (None, false) => "draft",
            };
            vec![
                l.list_no,
                l.version.to_string(),
                l.list_kind,
                state.to_owned(),
                l.crew,
                l.work_on.unwrap_or_default(),
                n_stops.to_string(),
                n_done.to_string(),
            ]
        })
        .collect();
    write_rows(global, &["list_no", "version", "kind", "state", "crew", "work_on", "stops", "with_result"], &cells)?;
    Ok(if cells.is_empty() { Outcome::Look } else { Outcome::Done })
}

pub(crate) fn show(global: &Global, list_no: &str) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let made = removal_list::show(&db, list_no, None).map_err(fail(global))?;
    show_made(global, &made)
}

pub(crate) fn freeze(global: &Global, desk: &Desk, list_no: &str) -> Result<Outcome, Failure> {
    let made = removal_list::freeze(desk, list_no).map_err(fail(global))?;
    show_made(global, &made)
}

fn show_made(global: &Global, made: &Made) -> Result<Outcome, Failure> {
    let l = &made.list;
    let state = l.content_sha256.as_ref().map_or("draft".to_owned(), |h| format!("frozen, sha256 {h}"));
    let mut text = format!("{} version {} ({state})\n", l.list_no, l.version);
    if let Some(length) = l.length_ft {
        let saved = if made.nearest_neighbour_ft > 0.0 {
            format!(" (nearest stop first: {:.0} ft)", made.nearest_neighbour_ft)
        } else {
            String::new()
        };
        let stops = if made.stops.len() == 1 { "1 stop".to_owned() } else { format!("{} stops", made.stops.len()) };
        text.push_str(&format!("  {stops}, route {length:.0} ft{saved}\n"));
    }
    for s in &made.stops {
        let facts: serde_json::Value = serde_json::from_str(&s.facts_json).unwrap_or_default();
        let fact = |name: &str| facts.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
        let ticket = match fact("ticket_state").as_str() {
            "" => String::new(),
            "none" => "no ticket".to_owned(),
            state => format!("ticket {state}, expires {}", fact("ticket_expires")),
        };
        text.push_str(&format!(
            "  {:>3} {} {:<28} {:<10} {ticket}\n",
            s.seq,
            s.order_no,
            fact("address"),
            s.result_status
        ));
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
        .map(|s| serde_json::json!({ "seq": s.seq, "order_no": s.order_no, "stop_uuid": s.stop_uuid, "base_version": s.base_version, "status": s.result_status }))
        .collect();
    let changes: Vec<_> = made
        .changes
        .iter()
        .map(|c| serde_json::json!({ "order_no": c.order_no, "what": c.what, "detail": c.detail }))
        .collect();
    let json = serde_json::json!({ "list_no": l.list_no, "version": l.version, "kind": l.list_kind, "content_sha256": l.content_sha256,
        "length_ft": l.length_ft, "nearest_neighbour_ft": made.nearest_neighbour_ft, "stops": stops, "left_out": made.left_out,
        "changes": changes });
    write_document(global, &json, &text)?;
    Ok(Outcome::Done)
}

pub(crate) fn dispatch(global: &Global, desk: &Desk, list_no: &str) -> Result<Outcome, Failure> {
    let (sent, stayed) = removal_list::dispatch(desk, list_no).map_err(fail(global))?;
    let mut text = format!("dispatched {}\n", sent.join(" "));
    for (no, why) in &stayed {
        text.push_str(&format!("  stays {no}: {why}\n"));
    }
    write_document(global, &serde_json::json!({ "sent": sent, "stayed": stayed }), &text)?;
    Ok(if stayed.is_empty() { Outcome::Done } else { Outcome::Look })
}

/// Arguments of `removal merge`.
#[derive(Debug, clap::Args)]
pub(crate) struct Merge {
    /// Files of results.
    files: Vec<PathBuf>,
    /// Folder with the photos that the results name: they are stored, and only they count.
    #[arg(long)]
    photos: Option<PathBuf>,
}

pub(crate) fn merge(global: &Global, desk: &Desk, args: &Merge) -> Result<Outcome, Failure> {
    let files = &args.files;
    if files.is_empty() {
        return Err(Failure::input("no file to merge").hint("taptrace removal merge results.csv"));
    }
    let folder = args.photos.as_deref().map(PhotoFolder::open).transpose();
    let folder = folder.map_err(|e| fail(global)(e).hint("name the folder with the photos: --photos DIR"))?;
    let mut out = Sink::open(global.output.as_deref())?;
    let mut is_clean = true;
    for path in files {
        let done = removal_merge::read_file(path)
            .and_then(|table| removal_merge::merge_table(desk, &table, folder.as_ref()))
            .map_err(fail(global))?;
        is_clean &= done.rejects.is_empty() && done.n_conflict == 0;
        is_clean &= done.photos.as_ref().is_none_or(|p| p.missing.is_empty() && p.warnings.is_empty());
        let name = path.display().to_string();
        let text =
            if global.format == Format::Table { merge_text(global, &name, &done) } else { merge_json(&name, &done) };
        std::io::Write::write_all(&mut out, text.as_bytes()).map_err(Failure::from_output)?;
    }
    out.finish()?;
    Ok(if is_clean { Outcome::Done } else { Outcome::Look })
}

fn merge_text(global: &Global, name: &str, done: &MergeSummary) -> String {
    let mut text = format!(
        "{name}: read {}, applied {}, duplicate {}, conflict {}, rejected {}",
        done.n_read,
        done.n_applied,
        done.n_duplicate,
        done.n_conflict,
        done.rejects.len()
    );
    if done.n_blank > 0 {
        text.push_str(&format!("; {} left empty", done.n_blank));
    }
    text.push('\n');
    for r in &done.rejects {
        text.push_str(&format!("  row {} column {}: {} ({}) {}\n", r.row_no, r.column, r.reason, r.value, r.detail));
    }
    for (no, (status, lacking)) in &done.orders {
        let lacks = if lacking.is_empty() { String::new() } else { format!(", needs {}", lacking.join(", ")) };
        text.push_str(&format!("  {no} is {status}{lacks}\n"));
    }
    text.push_str(&photo_text(done));
    if done.n_conflict > 0 {
        text.push_str(&format!("  settle: {}\n", global.next("taptrace removal conflicts")));
    }
    text
}

/// Photos, and on which basis they were judged.
fn photo_text(done: &MergeSummary) -> String {
    let Some(photos) = &done.photos else {
        let advice = "  photos are judged by their names; merge again with --photos DIR to store and check the files\n";
        return if done.n_with_photos > 0 { advice.to_owned() } else { String::new() };
    };
    let (n_missing, n_odd) = (photos.missing.len(), photos.warnings.len());
    let mut text = format!(
        "  photos judged by their files: {} stored, {} here before, {n_missing} missing, {n_odd} to look at\n",
        photos.n_stored, photos.n_known
    );
    for (word, remarks) in [("missing", &photos.missing), ("look at", &photos.warnings)] {
        for r in remarks {
            text.push_str(&format!("    {word} {} {} {}: {}\n", r.order_no, r.column, r.name, r.what));
        }
    }
    text
}

fn photo_json(done: &MergeSummary) -> serde_json::Value {
    let remarks = |list: &[PhotoRemark]| -> Vec<serde_json::Value> {
        let one = |r: &PhotoRemark| serde_json::json!({ "order_no": r.order_no, "column": r.column, "name": r.name, "what": r.what });
        list.iter().map(one).collect()
    };
    match &done.photos {
        None => serde_json::json!({ "basis": "names" }),
        Some(p) => serde_json::json!({ "basis": "files", "stored": p.n_stored, "known": p.n_known,
            "missing": remarks(&p.missing), "warnings": remarks(&p.warnings) }),
    }
}

fn merge_json(name: &str, done: &MergeSummary) -> String {
    let rejects: Vec<_> = done
        .rejects
        .iter()
        .map(|r| serde_json::json!({ "row": r.row_no, "column": r.column, "value": r.value, "reason": r.reason, "detail": r.detail }))
        .collect();
    let json = serde_json::json!({ "file": name, "read": done.n_read, "applied": done.n_applied, "duplicate": done.n_duplicate,
        "conflict": done.n_conflict, "rejected": done.rejects.len(), "blank": done.n_blank, "rejects": rejects,
        "orders": done.orders, "photos": photo_json(done) });
    format!("{json}\n")
}

pub(crate) fn conflicts(global: &Global, desk: &Desk, c: &Conflicts) -> Result<Outcome, Failure> {
    let decided = c.keep.as_deref().map(|id| (id, true)).or(c.drop.as_deref().map(|id| (id, false)));
    if let Some((id, keep)) = decided {
        let done = removal_merge::settle(desk, id, keep).map(|(order_no, status)| format!("{order_no} is {status}"));
        return super::removal::say(global, done);
    }
    let db = reader(global)?;
    let found = removal_merge::conflicts(&db).map_err(fail(global))?;
    let cells: Vec<Vec<String>> =
        found.into_iter().map(|c| vec![c.order_no, c.result_key, c.field, c.value, c.against]).collect();
    write_rows(global, &["order_no", "result", "field", "reported", "against"], &cells)?;
    Ok(if cells.is_empty() { Outcome::Done } else { Outcome::Look })
}

pub(crate) fn tickets(global: &Global, desk: &Desk) -> Result<Outcome, Failure> {
    let fallen = removal_list::sweep_tickets(desk).map_err(fail(global))?;
    let db = reader(global)?;
    let rows = removals::tickets(&db, ROWS_MAX).map_err(|e| Failure::from_error(&e))?;
    let today = desk.today.to_string();
    let mut is_clean = fallen.is_empty();
    let mut cells = Vec::new();
    for (order_no, status, ticket) in rows {
        let state = match ticket.as_ref() {
            None => "none",
            Some(t) if t.expires_on < today => "expired",
            Some(t) if !t.is_clear => "open",
            Some(t) if t.legal_start > today => "early",
            Some(_) => "live",
        };
        is_clean &= matches!(state, "live" | "early" | "open");
        let of = |f: fn(&removals::TicketRow) -> &String| ticket.as_ref().map(|t| f(t).clone()).unwrap_or_default();
        cells.push(vec![
            order_no,
            status,
            of(|t| &t.ticket_no),
            of(|t| &t.legal_start),
            of(|t| &t.expires_on),
            state.to_owned(),
        ]);
    }
    write_rows(global, &["order_no", "status", "ticket_no", "from", "expires", "state"], &cells)?;
    Ok(if is_clean { Outcome::Done } else { Outcome::Look })
}

pub(crate) fn pulls(global: &Global, desk: &Desk, p: &Pulls) -> Result<Outcome, Failure> {
    let rows = if p.request {
        let made = removal_job::request_pulls(desk, p.max, p.priority, p.due_on).map_err(fail(global))?;
        made.into_iter()
            .map(|o| stored_pulls::PullRow { order_no: o.order_no.unwrap_or_default(), ..o.account })
            .collect()
    } else if p.orders {
        stored_pulls::list(&reader(global)?, None, ROWS_MAX).map_err(|e| Failure::from_error(&e))?
    } else {
        removal_job::owing(desk, &reader(global)?, p.max).map_err(fail(global))?
    };
    let cells: Vec<Vec<String>> = rows
        .into_iter()
        .map(|a| {
            let balance = Cents(a.balance_now_cents).to_string();
            vec![a.order_no, a.status, a.account_no, a.premise_no, a.service_address, balance]
        })
        .collect();
    write_rows(global, &["order_no", "status", "account_no", "premise_no", "address", "balance"], &cells)?;
    Ok(if cells.is_empty() { Outcome::Look } else { Outcome::Done })
}

pub(crate) fn show_pull(global: &Global, desk: &Desk, order_no: &str) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let (pull, facts) = removal_job::show_pull(desk, &db, order_no).map_err(fail(global))?;
    let mut text = format!("order {} of account {}: {}\n", pull.order_no, pull.account_no, pull.status);
    text.push_str(&format!("  address {}\n  owes {}\n", pull.service_address, Cents(pull.balance_now_cents)));
    for a in &facts.accounts {
        text.push_str(&format!("  premise {}: {} {} {}\n", a.premise_no, a.account_no, a.service_kind, a.status));
    }
    for h in &facts.holds {
        text.push_str(&format!("  hold: {h}\n"));
    }
    let json = serde_json::json!({ "order_no": pull.order_no, "status": pull.status, "account_no": pull.account_no,
        "premise_no": pull.premise_no, "balance_cents": pull.balance_now_cents, "holds": facts.holds,
        "result": serde_json::from_str::<serde_json::Value>(&pull.result_json).unwrap_or_default(), "closed_on": pull.closed_on });
    write_document(global, &json, &text)?;
    Ok(Outcome::Done)
}

pub(crate) fn close(desk: &Desk, number: &str) -> Result<String, Error> {
    if number.starts_with("CP-") {
        let pull = removal_job::close_pull(desk, number)?;
        return Ok(format!("{} is closed; refuse service of account {} ended", pull.order_no, pull.account_no));
    }
    let list = removal_list::close(desk, number)?;
    Ok(format!("{} version {} is closed", list.list_no, list.version))
}

pub(crate) fn closings(global: &Global) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let rows = stored_pulls::closings(&db).map_err(|e| Failure::from_error(&e))?;
    let cells: Vec<Vec<String>> =
        rows.into_iter().map(|r| vec![r.0, r.1, r.2, r.3, r.4, Cents(r.5).to_string()]).collect();
    write_rows(global, &["account_no", "service", "premise_no", "order_no", "closed_on", "balance"], &cells)?;
    Ok(if cells.is_empty() { Outcome::Look } else { Outcome::Done })
}
