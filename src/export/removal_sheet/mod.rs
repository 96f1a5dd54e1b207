//! The crew's list on paper, on the phone and in GIS: PDF, HTML, CSV, GeoJSON, KML, GPX, GeoPackage.
//!
//! Every form is made from one [`Sheet`]; what a stop says in words is decided here, so that paper and phone agree.
//! The public copy leaves out who owes, where the case stands and what was said about persons.

mod html;
mod inset;
mod package;
mod pdf;
mod tables;

use std::collections::BTreeMap;

pub use html::html;
pub use package::geopackage;
pub use pdf::pdf;
pub use tables::{csv, geojson, gpx, kml};

use crate::geom::lots::Picture;
use crate::model::domain;

/// A photo printed on the phone's page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Photo {
    /// Words under it.
    pub caption: String,
    /// `image/jpeg` or `image/png`.
    pub mime: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// One stop.
#[derive(Debug, Clone, Default)]
pub struct SheetStop {
    /// Place in the route.
    pub seq: i64,
    /// UUID.
    pub stop_uuid: String,
    /// UUID of the one result that this form asks for; the same on every print.
    pub field_result_id: String,
    /// Order number.
    pub order_no: String,
    /// Row version the crew's paper shows.
    pub base_version: i64,
    /// Longitude and latitude.
    pub position: Option<(f64, f64)>,
    /// Printed facts.
    pub facts: BTreeMap<String, String>,
    /// The lots around.
    pub picture: Option<Picture>,
    /// Photos of the case, phone only.
    pub photos: Vec<Photo>,
}

/// What a list is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SheetKind {
    /// Taps to remove.
    #[default]
    Removal,
    /// Containers to pull.
    Refuse,
}

impl SheetKind {
    /// Name of the list for titles.
    pub fn title(self) -> &'static str {
        match self {
            SheetKind::Removal => "Tap removal list",
            SheetKind::Refuse => "Container pull list",
        }
    }

    /// Code list of the results.
    pub fn result_domain(self) -> &'static str {
        match self {
            SheetKind::Removal => "result_code",
            SheetKind::Refuse => "pull_result",
        }
    }

    /// Columns that a crew fills in.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            SheetKind::Removal => &[
                "result_code",
                "method_done",
                "arrived_at",
                "left_at",
                "crew",
                "before_photo",
                "after_photo",
                "ties",
                "depth_ft",
                "meter_no_found",
                "final_read",
                "pavement_cut_sqft",
                "device",
                "note",
            ],
            SheetKind::Refuse => {
                &["result_code", "arrived_at", "left_at", "crew", "before_photo", "after_photo", "device", "note"]
            }
        }
    }

    /// Columns of the table forms: what the list says.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            SheetKind::Removal => &[
                "address",
                "near_street",
                "tap_no",
                "tap_use",
                "tap_size",
                "main_size",
                "main_material",
                "service_material",
                "method",
                "ties_on_record",
                "depth",
                "valves",
                "position_method",
                "ticket_no",
                "ticket_from",
                "ticket_expires",
                "ticket_area",
                "ticket_state",
                "premises",
                "meter_no",
                "fire_service",
                "priority",
                "due_on",
                "reason",
                "hold",
                "basis",
                "case_no",
                "violation",
                "holder",
                "safety",
            ],
            SheetKind::Refuse => &[
                "address",
                "near_street",
                "premises",
                "service",
                "priority",
                "due_on",
                "reason",
                "hold",
                "account_no",
                "holder",
                "balance",
                "safety",
            ],
        }
    }
}

/// A list.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Taps or containers.
    pub kind: SheetKind,
    /// Number.
    pub list_no: String,
    /// Version.
    pub version: i64,
    /// Hash; empty for a draft.
    pub sha256: String,
    /// Crew.
    pub crew: String,
    /// Day.
    pub work_on: String,
    /// Start and end of the route, longitude and latitude.
    pub yard: Option<(f64, f64)>,
    /// Length of the route as the crow flies.
    pub length_ft: f64,
    /// The copy that may be handed out.
    pub is_public: bool,
    /// Columns that the public copy leaves out.
    pub private_facts: Vec<&'static str>,
    /// Version that the changes are against.
    pub changed_since: Option<i64>,
    /// What changed: kind, order, detail.
    pub changes: Vec<(String, String, String)>,
    /// Stops in driving order.
    pub stops: Vec<SheetStop>,
}

impl Sheet {
    /// Takes everything out that the public copy may not show.
    pub fn publish(&mut self) {
        self.is_public = true;
        for stop in &mut self.stops {
            stop.facts.retain(|name, _| !self.private_facts.contains(&name.as_str()));
            stop.photos.clear();
        }
        let private = &self.private_facts;
        self.changes.retain(|(_, _, detail)| !private.iter().any(|name| detail.starts_with(&format!("{name}:"))));
    }

    /// Title with number and version.
    pub fn title(&self) -> String {
        let copy = if self.is_public { "  PUBLIC COPY" } else { "" };
        let draft = if self.sha256.is_empty() { "  DRAFT" } else { "" };
        format!("{} {} version {}{draft}{copy}", self.kind.title(), self.list_no, self.version)
    }

    /// Length of the route in words.
    pub fn route_words(&self) -> String {
        let from = if self.yard.is_some() { "yard to yard" } else { "first stop and back" };
        let stops = if self.stops.len() == 1 { "1 stop".to_owned() } else { format!("{} stops", self.stops.len()) };
        format!("{stops}, route {:.1} mi as the crow flies, {from}", self.length_ft / 5280.0)
    }

    /// Columns of the table forms of this copy.
    pub fn columns(&self) -> Vec<&'static str> {
        let hides = |name: &&&str| self.is_public && self.private_facts.contains(*name);
        self.kind.columns().iter().filter(|c| !hides(c)).copied().collect()
    }
}

impl SheetStop {
    /// A printed fact; empty when there is none.
    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }

    /// Whether a crew may dig (or pull) here on the day of the work.
    pub fn is_diggable(&self) -> bool {
        matches!(self.fact("ticket_state"), "ok" | "short" | "") && self.fact("hold").is_empty()
    }

    /// Something that can hurt somebody; `none` says that somebody looked.
    pub(crate) fn has_hazard(&self) -> bool {
        let words = self.fact("safety").split("; ").map(str::trim);
        words.into_iter().any(|word| !word.is_empty() && !word.eq_ignore_ascii_case("none"))
    }

    /// Whether the locate ticket needs red ink.
    pub fn is_ticket_red(&self) -> bool {
        !matches!(self.fact("ticket_state"), "ok" | "")
    }

    /// Ties by number, as the words and as the codes of the record.
    pub fn ties(&self) -> Vec<(String, Vec<String>)> {
        let words = self.fact("ties_on_record").split("; ").filter(|t| !t.is_empty());
        let codes = self.fact("tie_codes").split(';');
        words.zip(codes).map(|(w, c)| (w.to_owned(), c.split('|').map(str::to_owned).collect())).collect()
    }
}

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Plain,
    /// What the crew digs by.
    Strong,
    /// What can hurt somebody; the words say so as well.
    Danger,
}

/// One line of a stop.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    label: &'static str,
    value: String,
    tone: Tone,
}

/// The locate ticket in words; empty where none is needed.
fn ticket_words(stop: &SheetStop) -> String {
    let f = |name| stop.fact(name);
    let (no, from, expires) = (f("ticket_no"), f("ticket_from"), f("ticket_expires"));
    let days = match f("ticket_days_left") {
        "1" => "1 business day left".to_owned(),
        n => format!("{n} business days left"),
    };
    match f("ticket_state") {
        "" => String::new(),
        "none" => "NO 811 TICKET - DO NOT DIG".to_owned(),
        "expired" => format!("811 ticket {no} EXPIRED {expires} - DO NOT DIG"),
        "early" => format!("811 ticket {no} NOT VALID BEFORE {from} - DO NOT DIG"),
        "open" => format!("811 ticket {no}, expires {expires}: NOT EVERY UTILITY HAS ANSWERED - DO NOT DIG"),
        "short" => format!("811 ticket {no} from {from} EXPIRES {expires} - RUNS OUT: {days}"),
        _ => format!("811 ticket {no} from {from}, expires {expires} ({days})"),
    }
}

/// The lines of a stop in reading order, without the ticket.
fn lines(kind: SheetKind, stop: &SheetStop) -> Vec<Line> {
    let mut all = Vec::new();
    let mut add = |label, value: String, tone| {
        if !value.trim().is_empty() {
            all.push(Line { label, value: value.trim().to_owned(), tone });
        }
    };
    let f = |name| stop.fact(name).to_owned();
    add("HOLD", f("hold"), Tone::Danger);
    match stop.has_hazard() {
        true => add("SAFETY", f("safety"), Tone::Danger),
        false => add("Safety", f("safety"), Tone::Plain),
    }
    if kind == SheetKind::Refuse {
        add("Service", f("service"), Tone::Plain);
        add("Account", f("account_no"), Tone::Strong);
        add("Account of", f("holder"), Tone::Plain);
        add("Owes", f("balance"), Tone::Plain);
        add("Premise", f("premises"), Tone::Plain);
        add("Reason", format!("{}; {}", f("reason"), priority(stop)), Tone::Plain);
        return all;
    }
    let plain = |text: String| text.replace('_', " ");
    add("Method", domain::label("removal_method", stop.fact("method")), Tone::Strong);
    for (i, (words, _)) in (1..).zip(stop.ties()) {
        add("Tie", format!("{i}. {words}"), Tone::Strong);
    }
    if stop.ties().is_empty() {
        add("Tie", "none on record".to_owned(), Tone::Strong);
    }
    let line = if stop.fact("service_material").is_empty() {
        String::new()
    } else {
        format!(", {} service line", plain(f("service_material")))
    };
    add("Tap", format!("{}  {} {}{line}", f("tap_no"), f("tap_size"), plain(f("tap_use"))), Tone::Plain);
    let depth = if stop.fact("depth").is_empty() { "not on record".to_owned() } else { f("depth") };
    add("Main", format!("{} {}, cover {depth}", f("main_size"), plain(f("main_material"))), Tone::Plain);
    add(
        "Close valves",
        if stop.fact("valves").is_empty() { "none on record".to_owned() } else { f("valves") },
        Tone::Plain,
    );
    let fire = stop.fact("fire_service");
    if fire == "yes" {
        add("FIRE SERVICE", "a fire service hangs on this tap".to_owned(), Tone::Danger);
    }
    let fed = if fire == "yes" { f("premises") } else { format!("{}; fire service {fire}", f("premises")) };
    add("Feeds", fed, Tone::Plain);
    add("Meter", f("meter_no"), Tone::Plain);
    add("Position", position_words(stop), Tone::Plain);
    add("Dig area", f("ticket_area"), Tone::Plain);
    let case: Vec<String> =
        [f("reason"), f("violation"), f("case_no"), basis(stop)].into_iter().filter(|t| !t.is_empty()).collect();
    add("Reason", format!("{}; {}", case.join(", "), priority(stop)), Tone::Plain);
    add("Account of", f("holder"), Tone::Plain);
    all
}

/// Permit or notice; a case stands there once only.
fn basis(stop: &SheetStop) -> String {
    let basis = stop.fact("basis");
    if basis == stop.fact("case_no") { String::new() } else { basis.to_owned() }
}

fn priority(stop: &SheetStop) -> String {
    match stop.fact("due_on") {
        "" => format!("priority {}", stop.fact("priority")),
        due => format!("priority {}, due {due}", stop.fact("priority")),
    }
}

fn position_words(stop: &SheetStop) -> String {
    let method = stop.fact("position_method").replace('_', " ");
    match (stop.position, stop.fact("position_state")) {
        (None, _) => "not on record: find it by the ties".to_owned(),
        (Some((lon, lat)), "trusted") => format!("{lat:.6}, {lon:.6} ({method})"),
        (Some((lon, lat)), _) => format!("{lat:.6}, {lon:.6}, ESTIMATE ({method})"),
    }
}

/// A column as people read it.
fn label(column: &str) -> String {
    column.replace('_', " ")
}

#[cfg(test)]
mod tests;
