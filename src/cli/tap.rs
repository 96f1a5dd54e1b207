//! `taptrace tap`: the tap inventory by hand.

use std::io::Write;

use clap::Subcommand;
use serde_json::Value;

use super::output::{Sink, write_table};
use super::{Failure, Format, Global, Outcome, context};
use crate::model::date::CivilDate;
use crate::model::money::{Feet, MilliInches};
use crate::model::parcel::LonLat;
use crate::model::tap::{
    ControlState, MeasureRef, MeasuredItem, PositionMethod, TapLifecycle, TapOrigin, TapRow, TapUse, TieMeasurement,
};
use crate::pipeline::tap::{self, Error, Wanted};

/// List, show, add and update taps.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List taps.
    ///
    /// Example: taptrace tap list --lifecycle out_of_service
    List {
        /// Only taps in this state of their life, as in_service or out_of_service.
        #[arg(long, value_parser = coded(TapLifecycle::parse, TapLifecycle::ALL, TapLifecycle::as_str))]
        lifecycle: Option<TapLifecycle>,
    },
    /// Show one tap with its tie measurements and the premises it feeds.
    ///
    /// Example: taptrace tap show T-00010
    Show {
        /// Tap number.
        tap_no: String,
    },
    /// Add a tap that was found or set.
    ///
    /// Example: taptrace tap add T-90001 --lifecycle unknown --control-state open --origin unknown --reason "found on inspection"
    Add(FactArgs),
    /// Change a tap: its three axes, use, size, position, ties, premises.
    ///
    /// Example: taptrace tap update T-00010 --control-state closed_at_curb --reason "crew 4, 2026-08-02"
    Update(Box<ChangeArgs>),
}

/// What may be said of a new tap and of a known one.
#[derive(Debug, clap::Args)]
struct FactArgs {
    /// Tap number.
    tap_no: String,
    /// proposed, in_service, out_of_service, abandoned_in_place, removed_at_main, unknown or record_error.
    #[arg(long, value_parser = coded(TapLifecycle::parse, TapLifecycle::ALL, TapLifecycle::as_str))]
    lifecycle: Option<TapLifecycle>,
    /// What stops the water: open, closed_at_curb, meter_locked, meter_pulled, plugged or unknown.
    #[arg(long, value_parser = coded(ControlState::parse, ControlState::ALL, ControlState::as_str))]
    control_state: Option<ControlState>,
    /// Whether the utility allowed it: authorized, unauthorized or unknown.
    #[arg(long, value_parser = coded(TapOrigin::parse, TapOrigin::ALL, TapOrigin::as_str))]
    origin: Option<TapOrigin>,
    /// Use: domestic, irrigation, fire, commercial, industrial, hydrant_lead, construction or sampling_or_blowoff
    /// (a new tap without it is domestic).
    #[arg(long, value_parser = coded(TapUse::parse, TapUse::ALL, TapUse::as_str))]
    tap_use: Option<TapUse>,
    /// Size in thousandths of an inch: 750 is 3/4 inch.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=120_000))]
    size_milli_in: Option<i64>,
    /// Day of the tapping.
    #[arg(long, value_parser = context::parse_date)]
    tapped_on: Option<CivilDate>,
    /// Longitude in degrees.
    #[arg(long, requires_all = ["lat", "position_method"], allow_hyphen_values = true, value_parser = degrees_to::<180>)]
    lon: Option<f64>,
    /// Latitude in degrees.
    #[arg(long, requires = "lon", allow_hyphen_values = true, value_parser = degrees_to::<90>)]
    lat: Option<f64>,
    /// How the position was obtained: gnss_rtk, gnss_phone, tie_measurement, digitized_tap_card, parcel_front_midpoint,
    /// parcel_centroid or geocoded_address.
    #[arg(long, value_parser = coded(PositionMethod::parse, PositionMethod::ALL, PositionMethod::as_str))]
    position_method: Option<PositionMethod>,
    /// A tie measurement: ITEM,REFERENCE,LABEL,DIRECTION,FEET as "curb_stop,hydrant,hydrant 12,N,24.5".
    #[arg(long, value_parser = tie_of)]
    tie: Option<TieMeasurement>,
    /// A premise fed by the tap; may be given several times.
    #[arg(long = "premise", value_name = "PREMISE_NO")]
    premise_nos: Vec<String>,
    /// Why, for the audit log.
    #[arg(long, value_parser = context::parse_words)]
    reason: String,
    /// Only check; change nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, clap::Args)]
struct ChangeArgs {
    #[command(flatten)]
    facts: FactArgs,
    /// A premise that the tap does not feed after all; may be given several times.
    #[arg(long = "unlink-premise", value_name = "PREMISE_NO")]
    unlinked_nos: Vec<String>,
    /// A tie that is wrong: its number in `tap show`.
    #[arg(long, value_name = "NUMBER")]
    drop_tie: Option<usize>,
    /// Evidence at hand for a lifecycle step; may be given several times. A refusal names what it needs.
    #[arg(long)]
    evidence: Vec<String>,
    /// Act as supervisor.
    #[arg(long)]
    supervisor: bool,
}

fn degrees_to<const MOST: u8>(text: &str) -> Result<f64, String> {
    let degrees: f64 = text.parse().map_err(|_| format!("{text:?} is not a number of degrees"))?;
    let most = f64::from(MOST);
    if degrees.abs() <= most { Ok(degrees) } else { Err(format!("{text} is not between -{MOST} and {MOST} degrees")) }
}

/// A parser for one of our coded values that names the codes when the text is none of them.
fn coded<T: Copy + Send + Sync + 'static>(
    parse: fn(&str) -> Option<T>,
    all: &'static [T],
    as_str: fn(T) -> &'static str,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        parse(text).ok_or_else(|| {
            let codes: Vec<&str> = all.iter().map(|v| as_str(*v)).collect();
            format!("{text:?} is none of {}", codes.join(", "))
        })
    }
}

fn tie_of(text: &str) -> Result<TieMeasurement, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let [what, reference, label, direction, feet] = parts[..] else {
        return Err("write ITEM,REFERENCE,LABEL,DIRECTION,FEET, as curb_stop,hydrant,hydrant 12,N,24.5".to_owned());
    };
    let distance_ft: f64 = feet.parse().map_err(|_| format!("{feet:?} is not a number of feet"))?;
    if !(0.0..5280.0).contains(&distance_ft) {
        return Err(format!("{feet} feet is no tie measurement: it must be less than a mile"));
    }
    Ok(TieMeasurement {
        what: coded(MeasuredItem::parse, MeasuredItem::ALL, MeasuredItem::as_str)(what)?,
        reference: coded(MeasureRef::parse, MeasureRef::ALL, MeasureRef::as_str)(reference)?,
        reference_label: label.to_owned(),
        direction: direction.to_owned(),
        distance: Feet(distance_ft),
    })
}

fn failed(error: &Error) -> Failure {
    let hint = match error {
        Error::Unknown { .. } => "taptrace tap list".to_owned(),
        Error::Taken { tap_no } => format!("to change it: taptrace tap update {tap_no} --help"),
        Error::Same { tap_no } | Error::NoTie { tap_no, .. } | Error::NotFed { tap_no, .. } => {
            format!("taptrace tap show {tap_no}")
        }
        Error::UnknownPremise { .. } => "taptrace export links -o links.csv   lists every premise".to_owned(),
        Error::Refused { .. } => "taptrace tap update --help   lists --evidence and --supervisor".to_owned(),
        Error::Store(_) | Error::DryRun => "taptrace check".to_owned(),
    };
    Failure::from_error(error).hint(hint)
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    match &args.verb {
        Verb::List { lifecycle } => list(global, *lifecycle),
        Verb::Show { tap_no } => show(global, tap_no),
        Verb::Add(change) => add(global, change),
        Verb::Update(change) => update(global, change),
    }
}

fn list(global: &Global, lifecycle: Option<TapLifecycle>) -> Result<Outcome, Failure> {
    let taps = tap::list(&global.db, lifecycle).map_err(|e| failed(&e))?;
    let mut sink = Sink::open(global.output.as_deref())?;
    let header = ["tap_no", "lifecycle", "control_state", "origin", "tap_use", "premise_nos", "service_address"];
    let rows: Vec<Vec<String>> = taps
        .into_iter()
        .map(|t| vec![t.tap_no, t.lifecycle, t.control_state, t.origin, t.tap_use, t.premise_nos, t.service_address])
        .collect();
    match global.format {
        Format::Table => write_table(&mut sink, &header, &rows)?,
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(&mut sink);
            let written =
                writer.write_record(header).and_then(|()| rows.iter().try_for_each(|r| writer.write_record(r)));
            written.map_err(|e| Failure::from_error(&e))?;
            writer.flush()?;
        }
        Format::Json | Format::Ndjson => {
            for row in &rows {
                let object: serde_json::Map<String, Value> =
                    header.iter().zip(row).map(|(k, v)| ((*k).to_owned(), serde_json::json!(v))).collect();
                writeln!(sink, "{}", Value::Object(object))?;
            }
        }
        Format::Geojson | Format::Gpkg => {
            return Err(Failure::input("tap list makes no GeoJSON")
                .hint("taptrace export taps --format geojson -o taps.geojson"));
        }
    }
    sink.finish()?;
    Ok(if rows.is_empty() { Outcome::Look } else { Outcome::Done })
}

/// Facts as people ask for them: what it is, its state, where it is.
const SHOWN: &[&str] = &[
    "tap_no",
    "service_address",
    "lifecycle",
    "control_state",
    "origin",
    "tap_use",
    "size_milli_in",
    "service_material",
    "main_size_milli_in",
    "main_material",
    "tapped_on",
    "tap_card_ref",
    "premise_nos",
    "lon",
    "lat",
    "position_method",
];

/// A fact and its name for people: sizes in inches, lists without brackets.
fn told(key: &str, value: &Value) -> (String, String) {
    if let Some(name) = key.strip_suffix("_milli_in") {
        return (name.to_owned(), value.as_i64().map(inches).unwrap_or_default());
    }
    let text = match value {
        Value::Array(list) => list.iter().map(|v| v.as_str().unwrap_or_default()).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    (key.to_owned(), text)
}

/// Inches with the sixteenths that pipes are sold in: 750 is `3/4 in`.
fn inches(milli: i64) -> String {
    let (whole, rest) = (milli / 1000, milli % 1000);
    let fraction = (1..16).map(|n| (n, 16)).find(|(n, _)| (rest * 16 - n * 1000).abs() <= 8).map(|(mut n, mut of)| {
        while n % 2 == 0 {
            (n, of) = (n / 2, of / 2);
        }
        format!("{n}/{of}")
    });
    match (whole, rest, fraction) {
        (_, 0, _) => format!("{whole} in"),
        (0, _, Some(fraction)) => format!("{fraction} in"),
        (_, _, Some(fraction)) => format!("{whole} {fraction} in"),
        (_, _, None) => format!("{}.{rest:03} in", whole),
    }
}

fn tie_text(tie: &Value) -> String {
    let word = |k: &str| tie[k].as_str().unwrap_or("").replace('_', " ");
    let feet = tie["distance_ft"].as_f64().unwrap_or(0.0);
    format!(
        "{} is {feet:.1} ft {} of {} ({})",
        word("what"),
        word("direction"),
        word("reference"),
        word("reference_label")
    )
}

fn show(global: &Global, tap_no: &str) -> Result<Outcome, Failure> {
    let tap = tap::show(&global.db, tap_no).map_err(|e| failed(&e))?;
    let mut sink = Sink::open(global.output.as_deref())?;
    if global.format == Format::Table {
        for (key, text) in SHOWN.iter().filter(|k| !tap[**k].is_null()).map(|k| told(k, &tap[*k])) {
            writeln!(sink, "{key:18} {text}")?;
        }
        for (idx, tie) in tap["ties"].as_array().into_iter().flatten().enumerate() {
            writeln!(sink, "{:18} {}", format!("tie {}", idx + 1), tie_text(tie))?;
        }
        for past in tap["history"].as_array().into_iter().flatten() {
            let word = |k: &str| past[k].as_str().unwrap_or_default();
            writeln!(
                sink,
                "{:18} {}  {} {}: {}",
                "history",
                word("at"),
                word("actor"),
                word("action"),
                word("reason")
            )?;
        }
    } else {
        writeln!(sink, "{tap:#}")?;
    }
    sink.finish()?;
    Ok(Outcome::Done)
}

fn position_of(facts: &FactArgs) -> Option<(f64, f64, PositionMethod)> {
    Some((facts.lon?, facts.lat?, facts.position_method?))
}

#[allow(clippy::print_stderr, reason = "what changed belongs on stderr")]
fn add(global: &Global, facts: &FactArgs) -> Result<Outcome, Failure> {
    let row = TapRow {
        tap_no: facts.tap_no.clone(),
        tap_use: facts.tap_use.unwrap_or(TapUse::Domestic),
        size: facts.size_milli_in.map(MilliInches),
        main_size: None,
        main_material: None,
        service_material: None,
        tapped_on: facts.tapped_on,
        tap_card_ref: None,
        lifecycle: facts.lifecycle.unwrap_or(TapLifecycle::Unknown),
        control_state: facts.control_state.unwrap_or(ControlState::Unknown),
        origin: facts.origin.unwrap_or(TapOrigin::Unknown),
        position: position_of(facts).map(|(lon, lat, method)| (LonLat { lon, lat }, method)),
        premise_nos: facts.premise_nos.clone(),
        service_address: None,
        ties: facts.tie.iter().cloned().collect(),
    };
    if row.lifecycle == TapLifecycle::RemovedAtMain {
        return Err(Failure::input("a new tap cannot be removed already")
            .hint("add it as unknown, then: taptrace removal request"));
    }
    if facts.dry_run {
        eprintln!("dry run; nothing was changed");
        return Ok(Outcome::Done);
    }
    tap::add(&global.db, &context::authorship(global, &facts.reason), &row).map_err(|e| failed(&e))?;
    eprintln!(
        "tap {} added\nnext: {}",
        row.tap_no,
        global.next(&format!("taptrace tap show {}", context::shell_word(&row.tap_no)))
    );
    Ok(Outcome::Done)
}

#[allow(clippy::print_stderr, reason = "what changed belongs on stderr")]
fn update(global: &Global, change: &ChangeArgs) -> Result<Outcome, Failure> {
    let facts = &change.facts;
    let wanted = Wanted {
        lifecycle: facts.lifecycle,
        control_state: facts.control_state,
        origin: facts.origin,
        position: position_of(facts),
        tie: facts.tie.clone(),
        drop_tie: change.drop_tie,
        premise_nos: facts.premise_nos.clone(),
        unlinked_nos: change.unlinked_nos.clone(),
        tap_use: facts.tap_use,
        size: facts.size_milli_in.map(MilliInches),
        tapped_on: facts.tapped_on,
        evidence: change.evidence.clone(),
        is_supervisor: change.supervisor,
        is_dry_run: facts.dry_run,
    };
    match tap::update(&global.db, &context::authorship(global, &facts.reason), &facts.tap_no, &wanted) {
        Ok((before, after)) => {
            for (key, new) in after.as_object().into_iter().flatten().filter(|(k, v)| before[k.as_str()] != **v) {
                say_change(key, &before[key.as_str()], new);
            }
            eprintln!("next: {}", global.next(&format!("taptrace tap show {}", context::shell_word(&facts.tap_no))));
            Ok(Outcome::Done)
        }
        Err(Error::DryRun) => {
            eprintln!("dry run: the change is allowed; nothing was changed");
            Ok(Outcome::Done)
        }
        Err(error) => Err(failed(&error)),
    }
}

#[allow(clippy::print_stderr, reason = "what changed belongs on stderr")]
fn say_change(key: &str, old: &Value, new: &Value) {
    if key != "ties" {
        let ((name, old), (_, new)) = (told(key, old), told(key, new));
        eprintln!("{name}: {} -> {}", if old.is_empty() { "-" } else { &old }, if new.is_empty() { "-" } else { &new });
        return;
    }
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    let (old, new) = (list(old), list(new));
    for tie in old.iter().filter(|t| !new.contains(t)) {
        eprintln!("tie taken away: {}", tie_text(tie));
    }
    for tie in new.iter().filter(|t| !old.contains(t)) {
        eprintln!("tie added: {}", tie_text(tie));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_said_as_they_are_sold() {
        for (milli, text) in [
            (750, "3/4 in"),
            (1000, "1 in"),
            (1500, "1 1/2 in"),
            (625, "5/8 in"),
            (8000, "8 in"),
            (700, "0.700 in"),
            (2125, "2 1/8 in"),
        ] {
            assert_eq!(super::inches(milli), text);
        }
    }
}
