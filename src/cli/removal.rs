//! `taptrace removal`: orders to remove a tap, crew lists, and what crews return.

use clap::Subcommand;

use super::desk::{self, DeskArgs, reader, write_document, write_rows};
use super::{Failure, Global, Outcome, context, removal_list, removal_print};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::pipeline::case_record;
use crate::pipeline::casework::{Desk, Error};
use crate::pipeline::removal::{self, Check, FedAccount, NewOrder, OrderFacts, Target, TicketFact};
use crate::pipeline::{removal_job, removal_stop};
use crate::store::field_photos::{self, PhotoRow};
use crate::store::removals::{self, OrderRow, TicketRow};

/// Tap removals.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    desk: DeskArgs,
    #[command(subcommand)]
    verb: Verb,
}

impl Args {
    /// Whether it prints a list, which may be a GeoPackage.
    pub(crate) fn is_print(&self) -> bool {
        matches!(self.verb, Verb::Print(_))
    }
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
    /// Without flags list orders; with --make put orders on a crew list. Example: taptrace removal list --make --crew A
    List(removal_list::List),
    /// Show the crew lists.
    Lists,
    /// Freeze the newest version of a list.
    Freeze {
        /// Number of the list, as RL-2026-00001.
        list_no: String,
    },
    /// Send a frozen list out.
    Dispatch {
        /// Number of the list, as RL-2026-00001.
        list_no: String,
    },
    /// Print a list: .pdf .html .csv .geojson .gpkg .kml .gpx by the name of -o.
    Print(removal_print::Print),
    /// Take results back from CSV, XLSX, GeoJSON or GeoPackage. Example: taptrace removal merge results.csv --photos DCIM
    Merge(removal_list::Merge),
    /// Show conflicts; with --keep or --drop settle one (role supervisor).
    Conflicts(removal_list::Conflicts),
    /// Record a completed removal: the tap's lifecycle follows the method done.
    Record(Record),
    /// Hold, cancel, resume or send back an order.
    Advance(Advance),
    /// Show one order (RO-, CP-) or list (RL-).
    Show {
        /// RO-, CP- or RL-number.
        number: String,
    },
    /// Locate tickets of open orders by expiry; orders whose ticket has expired fall back to `locate_open`.
    Tickets,
    /// Changes for the service line inventory.
    Inventory,
    /// Refuse accounts that owe and have no water to shut off; with --request make pull orders.
    Pulls(removal_list::Pulls),
    /// Close a list (RL-), or record that the service of a pulled container ended (CP-).
    Close {
        /// RL- or CP-number.
        number: String,
    },
    /// Refuse services that ended by a pull.
    Closings,
}

#[derive(Debug, clap::Args)]
struct Request {
    /// Number of the tap.
    tap_no: String,
    /// The case that asks for it.
    #[arg(long)]
    case: Option<String>,
    /// Notice or demolition permit, when there is no case.
    #[arg(long)]
    basis: Option<String>,
    /// 1 is the most urgent.
    #[arg(long, default_value_t = 3)]
    priority: i64,
    /// Day by which it shall be done.
    #[arg(long, value_parser = context::parse_date)]
    due_on: Option<CivilDate>,
    /// Dog, hostile person, police assist, with the day it was seen.
    #[arg(long, default_value = "")]
    safety: String,
    /// Valves to close, with commas between them.
    #[arg(long, default_value = "")]
    valves: String,
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// Number of the order, as RO-2026-00001.
    order_no: String,
    /// Premises the tap feeds, as you count them.
    #[arg(long)]
    premises: Option<i64>,
    /// Whether a fire service hangs on the tap.
    #[arg(long, value_parser = parse_yes_no)]
    fire: Option<bool>,
    /// Notice or demolition permit, when there is no case.
    #[arg(long)]
    basis: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Approve {
    /// Number of the order, as RO-2026-00001.
    order_no: String,
    /// corp_closed_and_severed_at_main, saddle_or_sleeve_removed, cut_and_plugged_at_property_line, disconnected_at_curb_stop or meter_pulled_and_plugged.
    #[arg(long)]
    method: String,
    /// owner_of_record, account_holder, contractor or utility.
    #[arg(long, default_value = "owner_of_record")]
    charge_to: String,
    /// Valves to close, with commas between them.
    #[arg(long)]
    valves: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Ticket {
    /// Number of the order, as RO-2026-00001.
    order_no: String,
    /// Number of the 811 ticket.
    ticket_no: String,
    /// First day on which may be dug.
    #[arg(long, value_parser = context::parse_date)]
    start: CivilDate,
    /// Last day on which may be dug.
    #[arg(long, value_parser = context::parse_date)]
    expires: CivilDate,
    /// Where may be dug, in words, as "street".
    #[arg(long)]
    area: String,
    /// Every utility has answered.
    #[arg(long)]
    clear: bool,
}

#[derive(Debug, clap::Args)]
struct Record {
    /// Number of the order, as RO-2026-00001.
    order_no: String,
    /// What the job cost, in dollars.
    #[arg(long, value_parser = desk::parse_cents)]
    cost: Cents,
    /// Restoration ticket, or none.
    #[arg(long)]
    restoration: String,
}

#[derive(Debug, clap::Args)]
struct Advance {
    /// Number of the order, RO- or CP-.
    order_no: String,
    /// The state to reach, as on_hold, checked or cancelled.
    to: String,
    /// With on_hold the day on which somebody looks at it again.
    #[arg(long, value_parser = context::parse_date)]
    review_on: Option<CivilDate>,
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
    match &args.verb {
        Verb::Check(c) if c.premises.is_none() && c.fire.is_none() => check(global, &desk, &c.order_no),
        Verb::Show { number } if number.starts_with("RL-") => removal_list::show(global, number),
        Verb::Show { number } if number.starts_with("CP-") => removal_list::show_pull(global, &desk, number),
        Verb::Show { number } => check(global, &desk, number),
        Verb::List(list) => removal_list::list(global, &desk, list),
        Verb::Lists => removal_list::lists(global),
        Verb::Merge(m) => removal_list::merge(global, &desk, m),
        Verb::Conflicts(c) => removal_list::conflicts(global, &desk, c),
        Verb::Inventory => inventory(global),
        Verb::Tickets => removal_list::tickets(global, &desk),
        Verb::Pulls(p) => removal_list::pulls(global, &desk, p),
        Verb::Closings => removal_list::closings(global),
        Verb::Print(p) => removal_print::print(global, p),
        Verb::Freeze { list_no } => removal_list::freeze(global, &desk, list_no),
        Verb::Dispatch { list_no } => removal_list::dispatch(global, &desk, list_no),
        Verb::Close { number } => say(global, removal_list::close(&desk, number)),
        Verb::Request(r) => say(
            global,
            request(&desk, r)
                .map(|no| format!("requested {no}; next: {}", global.next(&format!("taptrace removal check {no}")))),
        ),
        Verb::Record(r) => say(global, record(&desk, r, desk.expected_version)),
        Verb::Check(_) | Verb::Approve(_) | Verb::Ticket(_) | Verb::Advance(_) => {
            say(global, step(&desk, &args.verb, desk.expected_version))
        }
    }
}

pub(crate) fn say(global: &Global, done: Result<String, Error>) -> Result<Outcome, Failure> {
    let text = done.map_err(|e| desk::failure(global, &e))?;
    write_document(global, &serde_json::json!({ "done": text }), &format!("{text}\n"))?;
    Ok(Outcome::Done)
}

/// Requests a removal; returns the number of its order.
fn request(desk: &Desk, r: &Request) -> Result<String, Error> {
    let new = NewOrder {
        tap_no: r.tap_no.clone(),
        case_no: r.case.clone(),
        basis: r.basis.clone(),
        priority: r.priority,
        due_on: r.due_on,
        safety: r.safety.clone(),
        valves: r.valves.clone(),
    };
    removal::request(desk, &new)
}

fn record(desk: &Desk, r: &Record, expect_version: Option<i64>) -> Result<String, Error> {
    let target = Target { order_no: &r.order_no, expect_version };
    let (order, lifecycle) = removal::record(desk, target, r.cost, &r.restoration)?;
    let words = if lifecycle == order.lifecycle { format!("stays {lifecycle}") } else { format!("is now {lifecycle}") };
    Ok(format!("{} is recorded; tap {} {words}", order.order_no, order.tap_no))
}

/// Steps that end in "order is state".
fn step(desk: &Desk, verb: &Verb, expect_version: Option<i64>) -> Result<String, Error> {
    let target = |order_no| Target { order_no, expect_version };
    let order = match verb {
        Verb::Approve(a) => removal::approve(desk, target(&a.order_no), &a.method, &a.charge_to, a.valves.as_deref())?,
        Verb::Ticket(t) => {
            let ticket = TicketRow {
                ticket_no: t.ticket_no.clone(),
                legal_start: t.start.to_string(),
                expires_on: t.expires.to_string(),
                work_area: t.area.clone(),
                is_clear: t.clear,
            };
            removal::ticket(desk, target(&t.order_no), &ticket)?
        }
        Verb::Advance(a) if a.order_no.starts_with("CP-") => {
            let pull = removal_job::advance_pull(desk, &a.order_no, &a.to)?;
            return Ok(format!("{} is {}", pull.order_no, pull.status));
        }
        Verb::Advance(a) => removal::advance(desk, target(&a.order_no), &a.to, a.review_on)?,
        Verb::Check(c) => {
            let check = Check { n_premises: c.premises, fire_service: c.fire, basis: c.basis.clone() };
            removal::check(desk, target(&c.order_no), &check)?
        }
        Verb::Request(_) | Verb::Record(_) | Verb::List(_) | Verb::Lists | Verb::Freeze { .. } => {
            return Ok(String::new());
        }
        Verb::Dispatch { .. } | Verb::Print(_) | Verb::Merge(_) | Verb::Conflicts(_) => return Ok(String::new()),
        Verb::Show { .. } | Verb::Tickets | Verb::Inventory | Verb::Pulls(_) | Verb::Close { .. } | Verb::Closings => {
            return Ok(String::new());
        }
    };
    Ok(format!("{} is {}", order.order_no, order.status))
}

fn check(global: &Global, desk: &Desk, order_no: &str) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let found = removal::order(&db, order_no)
        .and_then(|order| removal::check_report(desk, &db, &order).map(|report| (order, report)));
    let (order, (facts, problems)) = found.map_err(|e| desk::failure(global, &e))?;
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let ties = removals::ties(&db, order.tap_id).map_err(|e| Failure::from_error(&e))?;
    let photos = field_photos::of_order(&db, order_no).map_err(|e| Failure::from_error(&e))?;
    let mut text =
        format!("order {} of tap {}: {} (version {})\n", order.order_no, order.tap_no, order.status, order.row_version);
    let mut line = |label: &str, value: &str| text.push_str(&format!("  {label:<13}{value}\n"));
    line("address", &or_none(&order.service_address));
    for f in &facts.fed {
        line("feeds", &format!("{} {}: {}", f.premise_no, f.service_address, account_words(f)));
    }
    if facts.fed.is_empty() {
        line("feeds", "no premise on record");
    }
    line("fire service", &fire_words(&facts));
    line("permit/case", &or_none(&order.basis));
    line("holds", &if facts.holds.is_empty() { "none".to_owned() } else { facts.holds.join("; ") });
    let size = |n: Option<i64>| n.map_or("size unknown".to_owned(), removal_stop::inches);
    let main = order.main_material.as_deref().unwrap_or("material unknown");
    line("main", &format!("{} {main}", size(order.main_size_milli_in)));
    line("tap", &format!("{} {} {}", size(order.size_milli_in), order.tap_use, order.lifecycle));
    line("position", &or_none(&order.position_method));
    line("ties", &format!("{} of {} needed", facts.n_ties, facts.n_ties_min));
    for tie in &ties {
        line("", &removal_stop::tie_words(tie));
    }
    line("811 ticket", &facts.ticket.as_ref().map_or("none".to_owned(), ticket_words));
    line("method", &format!("{}, charged to {}", or_none(&order.method), or_none(&order.charge_to)));
    for photo in &photos {
        text.push_str(&format!("  {:<13}{}\n", "photo", photo_words(photo)));
    }
    for p in &problems {
        text.push_str(&format!("  ! {p}\n"));
    }
    write_document(global, &check_json(&order, &facts, &problems, &photos), &text)?;
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Look })
}

fn account_words(f: &FedAccount) -> String {
    if f.service_kind.is_empty() {
        return "no account".to_owned();
    }
    let mark = if f.is_active_water() { "  ACTIVE" } else { "" };
    format!("{} {} {}{mark}", f.account_no, f.service_kind, f.status)
}

fn fire_words(facts: &OrderFacts) -> String {
    let on_record = facts.is_fire_tap || facts.fed.iter().any(FedAccount::is_fire);
    let said = match facts.fire_service {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not said yet (--fire yes|no)",
    };
    if on_record { format!("{said}; on record: yes") } else { said.to_owned() }
}

fn ticket_words(t: &TicketFact) -> String {
    let clear = if t.is_clear { "all utilities answered" } else { "not every utility has answered" };
    format!("{} from {} to {}, {clear}", t.ticket_no, t.legal_start, t.expires_on)
}

fn photo_words(p: &PhotoRow) -> String {
    let taken = p.captured_at.as_ref().map(|at| format!(", taken {at}")).unwrap_or_default();
    let odd = if p.warnings.is_empty() { String::new() } else { format!(", {}", p.warnings) };
    format!("{} sha256 {}{taken}{odd}", p.name, p.sha256)
}

fn check_json(order: &OrderRow, facts: &OrderFacts, problems: &[String], photos: &[PhotoRow]) -> serde_json::Value {
    let photos: Vec<_> = photos
        .iter()
        .map(|p| {
            serde_json::json!({ "name": p.name, "sha256": p.sha256, "captured_at": p.captured_at, "lon": p.lon, "lat": p.lat,
                "warnings": p.warnings })
        })
        .collect();
    let fed: Vec<_> = facts
        .fed
        .iter()
        .map(|f| {
            serde_json::json!({ "premise_no": f.premise_no, "service_address": f.service_address, "account_no": f.account_no,
                "service_kind": f.service_kind, "status": f.status, "is_active_water": f.is_active_water() })
        })
        .collect();
    let ticket = facts.ticket.as_ref().map(|t| {
        serde_json::json!({ "ticket_no": t.ticket_no, "legal_start": t.legal_start.to_string(),
            "expires_on": t.expires_on.to_string(), "is_clear": t.is_clear })
    });
    serde_json::json!({ "order_no": order.order_no, "status": order.status, "tap_no": order.tap_no, "basis": order.basis,
        "method": order.method, "charge_to": order.charge_to, "lifecycle": order.lifecycle, "row_version": order.row_version,
        "fire_service": facts.fire_service, "fed": fed, "ties": facts.n_ties, "position_method": order.position_method,
        "main_size_milli_in": order.main_size_milli_in, "main_material": order.main_material, "holds": facts.holds,
        "ticket": ticket, "result": serde_json::from_str::<serde_json::Value>(&order.result_json).unwrap_or_default(),
        "photos": photos, "problems": problems })
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
    /// Day on which somebody looks at a hold again.
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
