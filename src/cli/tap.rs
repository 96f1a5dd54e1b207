//! `taptrace tap`: the tap inventory by hand.

use std::io::Write;

use clap::Subcommand;

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
    Add(ChangeArgs),
    /// Change a tap: its three axes, position, ties, premises.
    ///
    /// Example: taptrace tap update T-00010 --control-state closed_at_curb --reason "crew 4, 2026-08-02"
    Update(ChangeArgs),
}

#[derive(Debug, clap::Args)]
struct ChangeArgs {
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
    /// Use (new taps only): domestic, irrigation, fire, commercial, industrial, hydrant_lead, construction or sampling_or_blowoff.
    #[arg(long, default_value = "domestic", value_parser = coded(TapUse::parse, TapUse::ALL, TapUse::as_str))]
    tap_use: TapUse,
    /// Size in thousandths of an inch (new taps only): 750 is 3/4 inch.
    #[arg(long)]
    size_milli_in: Option<i64>,
    /// Day of the tapping (new taps only).
    #[arg(long, value_parser = context::parse_date)]
    tapped_on: Option<CivilDate>,
    /// Longitude in degrees.
    #[arg(long, requires_all = ["lat", "position_method"], allow_hyphen_values = true)]
    lon: Option<f64>,
    /// Latitude in degrees.
    #[arg(long, requires = "lon", allow_hyphen_values = true)]
    lat: Option<f64>,
    /// How the position was obtained: gnss_rtk, gnss_phone, tie_measurement, digitized_tap_card, parcel_front_midpoint,
    /// parcel_centroid or geocoded_address.
    #[arg(long, value_parser = coded(PositionMethod::parse, PositionMethod::ALL, PositionMethod::as_str))]
    position_method: Option<PositionMethod>,
    /// A tie measurement: ITEM,REFERENCE,LABEL,DIRECTION,FEET as "curb_stop,hydrant,hydrant 12,N,24.5".
    #[arg(long, value_parser = tie_of)]
    tie: Option<TieMeasurement>,
    /// A premise fed by the tap; may be given several times.
    #[arg(long = "premise")]
    premise_nos: Vec<String>,
    /// Evidence at hand for a lifecycle step; may be given several times.
    #[arg(long)]
    evidence: Vec<String>,
    /// Act as supervisor.
    #[arg(long)]
    supervisor: bool,
    /// Why, for the audit log.
    #[arg(long)]
    reason: String,
    /// Only check; change nothing.
    #[arg(long)]
    dry_run: bool,
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
        what: MeasuredItem::parse(what).ok_or_else(|| format!("{what:?} is no measured item"))?,
        reference: MeasureRef::parse(reference).ok_or_else(|| format!("{reference:?} is no reference object"))?,
        reference_label: label.to_owned(),
        direction: direction.to_owned(),
        distance: Feet(distance_ft),
    })
}

fn failed(error: &Error) -> Failure {
    let hint = match error {
        Error::Unknown { .. } => "taptrace tap list",
        Error::Taken { tap_no } => {
            return Failure::from_error(error).hint(format!("taptrace tap update {tap_no} --reason WHY"));
        }
        Error::UnknownPremise { .. } => "taptrace import accounts accounts.csv",
        Error::Refused { .. } => "taptrace tap update --help   lists --evidence and --supervisor",
        Error::Store(_) | Error::DryRun => "taptrace check",
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
                let object: serde_json::Map<String, serde_json::Value> =
                    header.iter().zip(row).map(|(k, v)| ((*k).to_owned(), serde_json::json!(v))).collect();
                writeln!(sink, "{}", serde_json::Value::Object(object))?;
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

fn show(global: &Global, tap_no: &str) -> Result<Outcome, Failure> {
    let told = tap::show(&global.db, tap_no).map_err(|e| failed(&e))?;
    let mut sink = Sink::open(global.output.as_deref())?;
    if global.format == Format::Table {
        for (key, value) in told.as_object().into_iter().flatten().filter(|(k, v)| !v.is_null() && *k != "ties") {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            writeln!(sink, "{key:20} {text}")?;
        }
        for tie in told["ties"].as_array().into_iter().flatten() {
            let word = |k: &str| tie[k].as_str().unwrap_or("").replace('_', " ");
            let feet = tie["distance_ft"].as_f64().unwrap_or(0.0);
            writeln!(
                sink,
                "tie                  {} is {feet:.1} ft {} of {} ({})",
                word("what"),
                word("direction"),
                word("reference"),
                word("reference_label")
            )?;
        }
    } else {
        writeln!(sink, "{told:#}")?;
    }
    sink.finish()?;
    Ok(Outcome::Done)
}

fn position_of(change: &ChangeArgs) -> Option<(f64, f64, PositionMethod)> {
    Some((change.lon?, change.lat?, change.position_method?))
}

#[allow(clippy::print_stderr, reason = "what changed belongs on stderr")]
fn add(global: &Global, change: &ChangeArgs) -> Result<Outcome, Failure> {
    let row = TapRow {
        tap_no: change.tap_no.clone(),
        tap_use: change.tap_use,
        size: change.size_milli_in.map(MilliInches),
        main_size: None,
        main_material: None,
        service_material: None,
        tapped_on: change.tapped_on,
        tap_card_ref: None,
        lifecycle: change.lifecycle.unwrap_or(TapLifecycle::Unknown),
        control_state: change.control_state.unwrap_or(ControlState::Unknown),
        origin: change.origin.unwrap_or(TapOrigin::Unknown),
        position: position_of(change).map(|(lon, lat, method)| (LonLat { lon, lat }, method)),
        premise_nos: change.premise_nos.clone(),
        service_address: None,
        ties: change.tie.iter().cloned().collect(),
    };
    if row.lifecycle == TapLifecycle::RemovedAtMain {
        return Err(Failure::input("a new tap cannot be removed already")
            .hint("add it as unknown, then: taptrace removal request"));
    }
    if change.dry_run {
        eprintln!("dry run; nothing was changed");
        return Ok(Outcome::Done);
    }
    tap::add(&global.db, &context::authorship(global, &change.reason), &row).map_err(|e| failed(&e))?;
    eprintln!("tap {} added\nnext: {}", row.tap_no, global.next(&format!("taptrace tap show {}", row.tap_no)));
    Ok(Outcome::Done)
}

#[allow(clippy::print_stderr, reason = "what changed belongs on stderr")]
fn update(global: &Global, change: &ChangeArgs) -> Result<Outcome, Failure> {
    let wanted = Wanted {
        lifecycle: change.lifecycle,
        control_state: change.control_state,
        origin: change.origin,
        position: position_of(change),
        tie: change.tie.clone(),
        premise_nos: change.premise_nos.clone(),
        evidence: change.evidence.clone(),
        is_supervisor: change.supervisor,
        is_dry_run: change.dry_run,
    };
    match tap::update(&global.db, &context::authorship(global, &change.reason), &change.tap_no, &wanted) {
        Ok((before, after)) => {
            for (key, value) in after.as_object().into_iter().flatten().filter(|(k, v)| before[k.as_str()] != **v) {
                eprintln!("{key}: {} -> {value}", before[key.as_str()]);
            }
            eprintln!("next: {}", global.next(&format!("taptrace tap show {}", change.tap_no)));
            Ok(Outcome::Done)
        }
        Err(Error::DryRun) => {
            eprintln!("dry run: the change is allowed; nothing was changed");
            Ok(Outcome::Done)
        }
        Err(error) => Err(failed(&error)),
    }
}
