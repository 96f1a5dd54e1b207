//! What a stop prints: the facts of its order by column name, and the picture of the lots around it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::address;
use crate::cases::removal::{self, TRUSTED_POSITIONS};
use crate::geom::lots::{self, Lot, Mark, Picture, Point};
use crate::geom::wkb::Shape;
use crate::model::date::CivilDate;
use crate::model::domain;
use crate::store::removals::{self, FedRow, OrderRow, TicketRow, TieRow};
use crate::store::{Db, cases, lots as stored_lots};

use super::casework::{Desk, Error};

/// Printed facts by column name.
pub(crate) type Facts = BTreeMap<String, String>;

/// Columns of a stop that name or point at a debtor; the public copy leaves them out.
pub const PRIVATE_FACTS: &[&str] = &["holder", "case_no", "violation", "safety", "basis", "balance"];

/// A measurement that says how deep the main lies, and nothing about where.
const DEPTH: &str = "main_cover_depth";
/// Reach of the search for lots, degrees of latitude (about 700 ft).
const REACH_DEGREES: f64 = 0.0019;
/// Half the side of a picture: enough for a block of city lots, at most a block of acreages.
const HALF_FT: (f64, f64) = (150.0, 600.0);

/// Every printed fact of a removal order. `work_on` is the day for which ticket life is counted.
///
/// # Errors
/// `E_NO_CALENDAR` when the policy lacks the year of the ticket, or a database failure.
pub(crate) fn order_facts(desk: &Desk, db: &impl Db, order: &OrderRow, work_on: CivilDate) -> Result<Facts, Error> {
    let fed = removals::fed(db, order.tap_id)?;
    let ties = removals::ties(db, order.tap_id)?;
    let ticket = removals::ticket(db, order.order_id)?;
    let case = order.case_no.as_deref().map(|no| cases::find(db, no)).transpose()?.flatten();
    let locating = || ties.iter().filter(|t| t.0 != DEPTH);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let size = |value: Option<i64>| value.map(inches).unwrap_or_default();
    let address = order.service_address.clone().or_else(|| fed.first().map(|f| f.service_address.clone()));
    let safety: Vec<String> =
        [Some(order.safety.clone()), case.as_ref().and_then(|c| c.hazards.clone())].into_iter().flatten().collect();
    let violation = case.as_ref().and_then(|c| c.violation_type.clone()).unwrap_or_default();
    let mut facts: Facts = [
        ("address", text(&address)),
        ("tap_no", order.tap_no.clone()),
        ("tap_use", order.tap_use.clone()),
        ("tap_size", size(order.size_milli_in)),
        ("main_size", size(order.main_size_milli_in)),
        ("main_material", text(&order.main_material)),
        ("service_material", text(&order.service_material)),
        ("method", text(&order.method)),
        ("ties_on_record", locating().map(tie_words).collect::<Vec<_>>().join("; ")),
        ("tie_codes", locating().map(tie_code).collect::<Vec<_>>().join(";")),
        ("depth", depth_words(&ties)),
        ("valves", valve_words(order, &ties)),
        ("position_method", text(&order.position_method)),
        ("position_state", position_state(order).to_owned()),
        ("premises", fed_words(&fed)),
        ("meter_no", removals::meters(db, order.tap_id)?.join(" ")),
        ("fire_service", yes_no(order.fire_service).to_owned()),
        ("priority", order.priority.to_string()),
        ("due_on", text(&order.due_on)),
        ("reason", if order.case_no.is_some() { "illegal connection case" } else { "permit or notice" }.to_owned()),
        ("basis", text(&order.basis)),
        ("case_no", text(&order.case_no)),
        ("violation", if violation.is_empty() { violation } else { domain::label("violation_type", &violation) }),
        ("holder", holders(&fed)),
        ("safety", safety.iter().filter(|s| !s.trim().is_empty()).cloned().collect::<Vec<_>>().join("; ")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    facts.extend(ticket_facts(desk, ticket.as_ref(), work_on)?);
    Ok(facts)
}

fn yes_no(flag: Option<bool>) -> &'static str {
    match flag {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}

fn position_state(order: &OrderRow) -> &'static str {
    match order.position_method.as_deref() {
        _ if order.lon.is_none() || order.lat.is_none() => "none",
        Some(method) if TRUSTED_POSITIONS.contains(&method) => "trusted",
        Some(_) | None => "estimated",
    }
}

/// Number, days and state of the ticket: `none`, `open` (not every utility has answered), `early`, `expired`, `short` or `ok`.
fn ticket_facts(desk: &Desk, ticket: Option<&TicketRow>, work_on: CivilDate) -> Result<Facts, Error> {
    let mut days_left = String::new();
    let state = match ticket.map(|t| (t, CivilDate::parse(&t.legal_start), CivilDate::parse(&t.expires_on))) {
        None => "none",
        Some((t, start, Some(expires))) => {
            let warn = desk.policy.integer("locate_warn_business_days", desk.today)?;
            let calendar = desk.policy.calendar();
            let is_expired = work_on > expires;
            if !is_expired {
                let n = calendar.business_days_between(work_on, expires).map_err(Error::Refused)?;
                days_left = n.to_string();
            }
            match () {
                () if is_expired => "expired",
                () if start.is_some_and(|s| work_on < s) => "early",
                () if !t.is_clear => "open",
                () if removal::is_ticket_short(&calendar, work_on, expires, warn)? => "short",
                () => "ok",
            }
        }
        Some((_, _, None)) => "expired",
    };
    let of = |f: fn(&TicketRow) -> &String| ticket.map(|t| f(t).clone()).unwrap_or_default();
    let pairs = [
        ("ticket_no", of(|t| &t.ticket_no)),
        ("ticket_from", of(|t| &t.legal_start)),
        ("ticket_expires", of(|t| &t.expires_on)),
        ("ticket_area", of(|t| &t.work_area)),
        ("ticket_days_left", days_left),
        ("ticket_state", state.to_owned()),
    ];
    Ok(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// `curb stop: 14.5 ft E of property line (W line of 1204)`.
pub fn tie_words((what, reference, label, direction, feet): &TieRow) -> String {
    let (what, reference) = (what.replace('_', " "), reference.replace('_', " "));
    // Ties are joined by semicolons on the paper.
    let label = label.replace(['|', ';'], " ");
    let label = label.trim();
    // A label that says what it is needs no second naming: "hydrant 49", not "hydrant (hydrant 49)".
    let place = match label {
        "" => reference,
        label if label.to_lowercase().contains(&reference) => label.to_owned(),
        label => format!("{reference} ({label})"),
    };
    match direction.trim() {
        "" => format!("{what}: {feet} ft from {place}"),
        direction => format!("{what}: {feet} ft {direction} of {place}"),
    }
}

fn tie_code((what, reference, label, direction, feet): &TieRow) -> String {
    let clean = |t: &str| t.replace(['|', ';'], " ");
    format!("{what}|{reference}|{}|{}|{feet}", clean(label), clean(direction))
}

fn depth_words(ties: &[TieRow]) -> String {
    let depths: Vec<String> = ties.iter().filter(|t| t.0 == DEPTH).map(|t| format!("{} ft", t.4)).collect();
    depths.join(", ")
}

/// Valves named with the order, then main valves that ties start from.
fn valve_words(order: &OrderRow, ties: &[TieRow]) -> String {
    let mut valves: Vec<String> = order.valves.split([',', ';']).map(|v| v.trim().to_owned()).collect();
    valves.extend(ties.iter().filter(|t| t.1 == "main_valve").map(|t| t.2.trim().to_owned()));
    valves.retain(|v| !v.is_empty());
    let mut seen = std::collections::BTreeSet::new();
    valves.retain(|v| seen.insert(v.to_lowercase()));
    valves.join(", ")
}

fn fed_words(fed: &[FedRow]) -> String {
    let mut words: Vec<String> = Vec::new();
    for f in fed {
        let account = match (&f.service_kind, &f.status) {
            (Some(kind), Some(status)) => format!("{kind} {}", status.replace('_', " ")),
            _ => "no account".to_owned(),
        };
        words.push(format!("{} ({account})", f.premise_no));
    }
    words.dedup();
    words.join(", ")
}

/// Account holders, so that the crew knows whom it meets; owners withheld by law are left out of every copy.
fn holders(fed: &[FedRow]) -> String {
    let mut names: Vec<&str> = fed.iter().filter(|f| !f.is_withheld).filter_map(|f| f.holder_name.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// A size in thousandths of an inch as people write it: 750 is `3/4"`, 1500 is `1 1/2"`.
pub fn inches(milli: i64) -> String {
    let eighths = milli * 8 / 1000;
    let (whole, part) = (eighths / 8, eighths % 8);
    let fraction = match part {
        0 => String::new(),
        2 => "1/4".to_owned(),
        4 => "1/2".to_owned(),
        6 => "3/4".to_owned(),
        odd => format!("{odd}/8"),
    };
    match (whole, fraction.is_empty()) {
        (0, _) => format!("{fraction}\""),
        (_, true) => format!("{whole}\""),
        (_, false) => format!("{whole} {fraction}\""),
    }
}

/// Pictures around the places, and for each the nearest street that is not the stop's own. A stop without a place gets neither.
///
/// # Errors
/// When the database cannot be read.
pub(crate) fn surroundings(
    db: &impl Db,
    stops: &[(Option<[f64; 2]>, String)],
) -> Result<Vec<(Option<Picture>, String)>, Error> {
    let places: Vec<[f64; 2]> = stops.iter().filter_map(|s| s.0).collect();
    let shrink = places.first().map_or(1.0, |p| p[1].to_radians().cos().max(0.1));
    let mut near = stored_lots::near(db, &places, [REACH_DEGREES / shrink, REACH_DEGREES])?.into_iter();
    let mut found = Vec::with_capacity(stops.len());
    for (place, address) in stops {
        let Some(middle) = *place else {
            found.push((None, String::new()));
            continue;
        };
        let lots: Vec<Lot> = near.next().unwrap_or_default().iter().filter_map(lot).collect();
        let own = parts(address).map(|(_, street)| street).unwrap_or_default();
        let half = half_ft(middle, &lots);
        found.push((Some(lots::picture(middle, half, &lots)), near_street(middle, &lots, &own)));
    }
    Ok(found)
}

fn lot(row: &stored_lots::LotRow) -> Option<Lot> {
    let mut shape = Shape::default();
    shape.read(&row.wkb)?;
    let mut from = 0;
    let rings = shape
        .ring_ends
        .iter()
        .map(|end| {
            let ring = shape.coords.get(from..*end).unwrap_or_default().to_vec();
            from = *end;
            ring
        })
        .collect();
    let (number, street) = row.situs.as_deref().and_then(parts).unwrap_or_default();
    Some(Lot { rings, number, street })
}

/// House number and street of an address.
fn parts(text: &str) -> Option<(String, String)> {
    let parsed = address::parse(text);
    let first = parsed.readings.first()?;
    let number = first.address_number.as_ref().map(address::number_text).unwrap_or_default();
    Some((number, address::street_text(&first.street)))
}

/// One and a half times the lot at the middle (or the nearest one), between the limits, in steps of 50 ft.
fn half_ft(middle: [f64; 2], lots: &[Lot]) -> f64 {
    let nearest = lots.iter().min_by(|a, b| lots::distance_ft(middle, a).total_cmp(&lots::distance_ft(middle, b)));
    let size = nearest.map_or(0.0, lots::size_ft);
    ((size * 1.5 / 50.0).ceil() * 50.0).clamp(HALF_FT.0, HALF_FT.1)
}

fn near_street(middle: [f64; 2], lots: &[Lot], own: &str) -> String {
    let others = lots.iter().filter(|l| !l.street.is_empty() && l.street != own);
    let nearest = others.map(|l| (lots::distance_ft(middle, l), &l.street)).min_by(|a, b| a.0.total_cmp(&b.0));
    nearest.map(|(_, street)| street.clone()).unwrap_or_default()
}

/// A picture as text: tenths of a foot, so that the hash of a list does not hang on the last bit of a float.
pub(crate) fn picture_json(picture: &Picture) -> String {
    let tenth = |v: f64| (v * 10.0).round() as i64;
    let lines = |lines: &[Vec<Point>]| -> Vec<Vec<i64>> {
        lines.iter().map(|l| l.iter().flatten().map(|v| tenth(*v)).collect()).collect()
    };
    let marks = |marks: &[Mark]| -> Vec<Value> {
        marks.iter().map(|m| json!([tenth(m.at[0]), tenth(m.at[1]), tenth(m.angle_deg), m.text])).collect()
    };
    json!({ "half": tenth(picture.half_ft), "lines": lines(&picture.lines), "subject": lines(&picture.subject),
        "numbers": marks(&picture.numbers), "streets": marks(&picture.streets) })
    .to_string()
}

/// Reads `picture_json` back; `None` for a stop without a picture.
pub fn picture_from_json(text: &str) -> Option<Picture> {
    let root: Value = serde_json::from_str(text).ok()?;
    let tenth = |v: &Value| v.as_i64().map_or(0.0, |n| n as f64 / 10.0);
    let lines = |name: &str| -> Vec<Vec<Point>> {
        let all = root.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let line = |l: &Value| -> Vec<Point> {
            let flat = l.as_array().map(Vec::as_slice).unwrap_or_default();
            flat.chunks_exact(2).map(|p| [tenth(&p[0]), tenth(&p[1])]).collect()
        };
        all.iter().map(line).collect()
    };
    let marks = |name: &str| -> Vec<Mark> {
        let all = root.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mark = |m: &Value| {
            let text = m.get(3)?.as_str()?.to_owned();
            Some(Mark { at: [tenth(&m[0]), tenth(&m[1])], angle_deg: tenth(&m[2]), text })
        };
        all.iter().filter_map(mark).collect()
    };
    let half_ft = root.get("half").map(tenth)?;
    let (lines_, subject) = (lines("lines"), lines("subject"));
    Some(Picture { half_ft, lines: lines_, subject, numbers: marks("numbers"), streets: marks("streets") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ties_read_as_people_write_them() {
        for (milli, words) in [(625, "5/8\""), (750, "3/4\""), (1000, "1\""), (1500, "1 1/2\""), (6000, "6\"")] {
            assert_eq!(inches(milli), words);
        }
        let tie = |label: &str, direction: &str| {
            tie_words(&("curb_stop".into(), "hydrant".into(), label.into(), direction.into(), 14.5))
        };
        assert_eq!(tie("Hydrant 49", "N"), "curb stop: 14.5 ft N of Hydrant 49");
        assert_eq!(tie("114", ""), "curb stop: 14.5 ft from hydrant (114)");
    }

    #[test]
    fn pictures_come_back_from_their_text() {
        let mark = |text: &str| Mark { at: [1.5, -2.0], angle_deg: -90.0, text: text.into() };
        let picture = Picture {
            half_ft: 150.0,
            lines: vec![vec![[0.1, 0.2], [3.0, 4.0]]],
            subject: vec![vec![[-5.0, 0.0], [5.0, 0.0]]],
            numbers: vec![mark("12")],
            streets: vec![mark("OAK ST")],
        };
        assert_eq!(picture_from_json(&picture_json(&picture)), Some(picture));
        assert_eq!(picture_from_json(""), None);
    }
}
