//! The tap inventory by hand: add, change within the state rules, measure.

use std::path::Path;

use serde_json::{Value, json};

use crate::cases::machine::{Role, tap_lifecycle};
use crate::cases::refusal::Refusal;
use crate::model::date::CivilDate;
use crate::model::money::MilliInches;
use crate::model::tap::{ControlState, PositionMethod, TapLifecycle, TapOrigin, TapRow, TapUse, TieMeasurement};
use crate::store::taps::{self, StoredTap, TapLine, TapUpdate};
use crate::store::{self, Authorship, Change, Reader, Tx, Writer, audit, premises};

/// A failed change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// There is no such tap.
    #[error("there is no tap {tap_no}")]
    Unknown {
        /// The number asked for.
        tap_no: String,
    },
    /// The number is taken.
    #[error("tap {tap_no} is in the inventory already")]
    Taken {
        /// The number.
        tap_no: String,
    },
    /// A premise that nobody knows.
    #[error("there is no premise {premise_no}")]
    UnknownPremise {
        /// The number.
        premise_no: String,
    },
    /// No change was asked for, or only what is so already.
    #[error("tap {tap_no} is like that already; nothing was changed")]
    Same {
        /// The tap.
        tap_no: String,
    },
    /// The tap has no such tie.
    #[error("tap {tap_no} has no tie {number}; it has {n_ties}")]
    NoTie {
        /// The tap.
        tap_no: String,
        /// The number asked for, from 1.
        number: usize,
        /// How many there are.
        n_ties: usize,
    },
    /// A premise that the tap does not feed.
    #[error("tap {tap_no} does not feed premise {premise_no}")]
    NotFed {
        /// The tap.
        tap_no: String,
        /// The premise.
        premise_no: String,
    },
    /// The lifecycle does not allow the step, or its evidence is missing.
    #[error("{refusal}")]
    Refused {
        /// Why, with what is missing.
        refusal: Box<Refusal>,
    },
    /// The user only wanted to see what would change.
    #[error("dry run; nothing was changed")]
    DryRun,
}

/// A change asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// New lifecycle.
    pub lifecycle: Option<TapLifecycle>,
    /// New control state.
    pub control_state: Option<ControlState>,
    /// New origin.
    pub origin: Option<TapOrigin>,
    /// New position with its method.
    pub position: Option<(f64, f64, PositionMethod)>,
    /// A further tie measurement.
    pub tie: Option<TieMeasurement>,
    /// A tie that is wrong, by its number in `show`, from 1.
    pub drop_tie: Option<usize>,
    /// Premises fed from now on, besides those known.
    pub premise_nos: Vec<String>,
    /// Premises that are not fed by it.
    pub unlinked_nos: Vec<String>,
    /// Other use.
    pub tap_use: Option<TapUse>,
    /// Other size.
    pub size: Option<MilliInches>,
    /// Other day of the tapping.
    pub tapped_on: Option<CivilDate>,
    /// Evidence at hand for a lifecycle step (codes of `data/policy/states.json`).
    pub evidence: Vec<String>,
    /// Who asks: some steps need a supervisor.
    pub is_supervisor: bool,
    /// Only say what would change.
    pub is_dry_run: bool,
}

/// What a person may change of a tap as JSON, for the audit log.
fn facts(reader: &Reader, tap: &StoredTap) -> Result<Value, store::Error> {
    Ok(json!({
        "lifecycle": tap.lifecycle, "control_state": tap.control_state, "origin": tap.origin, "lon": tap.lon, "lat": tap.lat,
        "position_method": tap.position_method, "tap_use": tap.tap_use, "size_milli_in": tap.size_milli_in,
        "tapped_on": tap.tapped_on, "premise_nos": tap.premise_nos, "ties": ties(reader, tap)?,
    }))
}

fn ties(reader: &Reader, tap: &StoredTap) -> Result<Vec<Value>, store::Error> {
    let of = |t: &taps::StoredTie| {
        json!({
            "what": t.what, "reference": t.reference, "reference_label": t.reference_label,
            "direction": t.direction, "distance_ft": t.distance_ft,
        })
    };
    Ok(taps::ties(reader, tap.tap_id)?.iter().map(of).collect())
}

/// The facts as they will be.
fn changed(before: &Value, wanted: &Wanted) -> Value {
    let mut after = before.clone();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            after[key] = value;
        }
    };
    set("lifecycle", wanted.lifecycle.map(|v| json!(v.as_str())));
    set("control_state", wanted.control_state.map(|v| json!(v.as_str())));
    set("origin", wanted.origin.map(|v| json!(v.as_str())));
    set("lon", wanted.position.map(|p| json!(p.0)));
    set("lat", wanted.position.map(|p| json!(p.1)));
    set("position_method", wanted.position.map(|p| json!(p.2.as_str())));
    set("tap_use", wanted.tap_use.map(|v| json!(v.as_str())));
    set("size_milli_in", wanted.size.map(|v| json!(v.0)));
    set("tapped_on", wanted.tapped_on.map(|v| json!(v.to_string())));
    let mut premise_nos: Vec<String> =
        before["premise_nos"].as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect();
    premise_nos.extend(wanted.premise_nos.iter().cloned());
    premise_nos.retain(|p| !wanted.unlinked_nos.contains(p));
    premise_nos.sort();
    premise_nos.dedup();
    set("premise_nos", Some(json!(premise_nos)));
    let mut ties = before["ties"].as_array().cloned().unwrap_or_default();
    if let Some(number) = wanted.drop_tie {
        ties.remove(number - 1);
    }
    ties.extend(wanted.tie.iter().map(|t| {
        json!({
            "what": t.what.as_str(), "reference": t.reference.as_str(), "reference_label": t.reference_label,
            "direction": t.direction, "distance_ft": t.distance.0,
        })
    }));
    set("ties", Some(json!(ties)));
    after
}

/// The lifecycle's own rules.
fn step(tap: &StoredTap, wanted: &Wanted) -> Result<(), Error> {
    let Some(to) = wanted.lifecycle.filter(|to| to.as_str() != tap.lifecycle) else { return Ok(()) };
    let role = if wanted.is_supervisor { Role::Supervisor } else { Role::Specialist };
    let lacks = |code: &str| match code {
        // Only a worked removal order proves a removal; nobody may simply say so.
        "completed_removal_order" => Some("record the removal order: taptrace removal record".to_owned()),
        _ if wanted.evidence.iter().any(|e| e == code) => None,
        _ => Some(format!("name it with --evidence {code}")),
    };
    tap_lifecycle()
        .step(&tap.lifecycle, to.as_str(), role, &lacks)
        .map(drop)
        .map_err(|refusal| Error::Refused { refusal: Box::new(refusal) })
}

/// Changes a tap; returns its facts before and after.
///
/// # Errors
/// When there is no such tap, nothing would change, the lifecycle step is not allowed, or the database cannot be written.
pub fn update(db: &Path, authorship: &Authorship, tap_no: &str, wanted: &Wanted) -> Result<(Value, Value), Error> {
    let reader = Reader::open(db)?;
    let tap = taps::by_no(&reader, tap_no)?.ok_or_else(|| Error::Unknown { tap_no: tap_no.to_owned() })?;
    step(&tap, wanted)?;
    let before = facts(&reader, &tap)?;
    let n_ties = before["ties"].as_array().map_or(0, Vec::len);
    if let Some(number) = wanted.drop_tie.filter(|n| !(1..=n_ties).contains(n)) {
        return Err(Error::NoTie { tap_no: tap_no.to_owned(), number, n_ties });
    }
    if let Some(premise_no) = wanted.unlinked_nos.iter().find(|p| !tap.premise_nos.contains(p)) {
        return Err(Error::NotFed { tap_no: tap_no.to_owned(), premise_no: premise_no.clone() });
    }
    let after = changed(&before, wanted);
    if after == before {
        return Err(Error::Same { tap_no: tap_no.to_owned() });
    }
    if let Some(premise_no) = unknown_premise(&reader, &tap, wanted)? {
        return Err(Error::UnknownPremise { premise_no });
    }
    drop(reader);
    if wanted.is_dry_run {
        return Err(Error::DryRun);
    }
    Writer::open(db)?.with(authorship, |tx| write(tx, &tap, wanted, [&before, &after]))?;
    Ok((before, after))
}

fn unknown_premise(reader: &Reader, tap: &StoredTap, wanted: &Wanted) -> Result<Option<String>, Error> {
    for premise_no in wanted.premise_nos.iter().filter(|p| !tap.premise_nos.contains(p)) {
        if premises::by_no(reader, premise_no)?.is_none() {
            return Ok(Some(premise_no.clone()));
        }
    }
    Ok(None)
}

fn write(tx: &mut Tx<'_>, tap: &StoredTap, wanted: &Wanted, [before, after]: [&Value; 2]) -> Result<(), Error> {
    let change = TapUpdate {
        lifecycle: wanted.lifecycle.map(TapLifecycle::as_str),
        control_state: wanted.control_state.map(ControlState::as_str),
        origin: wanted.origin.map(TapOrigin::as_str),
        position: wanted.position.map(|(lon, lat, method)| (lon, lat, method.as_str())),
        tap_use: wanted.tap_use.map(TapUse::as_str),
        size_milli_in: wanted.size.map(|s| s.0),
        tapped_on: wanted.tapped_on.map(|d| d.to_string()),
    };
    taps::update(tx, tap, &change)?;
    if let Some(number) = wanted.drop_tie {
        taps::drop_tie(tx, tap.tap_id, number - 1)?;
    }
    if let Some(tie) = &wanted.tie {
        taps::add_tie(tx, tap.tap_id, tie)?;
    }
    taps::feed(tx, tap.tap_id, &wanted.premise_nos)?;
    taps::unfeed(tx, tap.tap_id, &wanted.unlinked_nos)?;
    let mut after = after.clone();
    after["evidence"] = json!(wanted.evidence.join(", "));
    tx.audit(Change {
        action: "update",
        entity: "tap",
        entity_id: &tap.tap_no,
        before_json: Some(&before.to_string()),
        after_json: Some(&after.to_string()),
    })?;
    Ok(())
}

/// Adds a tap that was found or set.
///
/// # Errors
/// When the number is taken, a premise is unknown, or the database cannot be written.
pub fn add(db: &Path, authorship: &Authorship, row: &TapRow) -> Result<(), Error> {
    let tap_uuid = uuid::Uuid::now_v7().to_string();
    let mut writer = Writer::open(db)?;
    writer.with(authorship, |tx| -> Result<(), Error> {
        let Some(unknown) = taps::insert(tx, None, &tap_uuid, row)? else {
            return Err(Error::Taken { tap_no: row.tap_no.clone() });
        };
        if let Some(premise_no) = unknown.into_iter().next() {
            return Err(Error::UnknownPremise { premise_no });
        }
        let after = json!({"lifecycle": row.lifecycle.as_str(), "control_state": row.control_state.as_str(), "origin": row.origin.as_str(), "premise_nos": row.premise_nos}).to_string();
        tx.audit(Change { action: "add", entity: "tap", entity_id: &row.tap_no, before_json: None, after_json: Some(&after) })?;
        Ok(())
    })
}

/// A tap with its ties, as JSON.
///
/// # Errors
/// When there is no such tap or the database cannot be read.
pub fn show(db: &Path, tap_no: &str) -> Result<Value, Error> {
    let reader = Reader::open(db)?;
    let tap = taps::by_no(&reader, tap_no)?.ok_or_else(|| Error::Unknown { tap_no: tap_no.to_owned() })?;
    let history: Vec<Value> = audit::history(&reader, "tap", tap_no)?
        .into_iter()
        .map(|h| json!({"at": h.at, "actor": h.actor, "action": h.action, "reason": h.reason}))
        .collect();
    Ok(json!({
        "tap_no": tap.tap_no, "tap_uuid": tap.tap_uuid, "tap_use": tap.tap_use, "size_milli_in": tap.size_milli_in,
        "main_size_milli_in": tap.main_size_milli_in, "main_material": tap.main_material,
        "service_material": tap.service_material, "tapped_on": tap.tapped_on, "tap_card_ref": tap.tap_card_ref,
        "service_address": tap.service_address, "lifecycle": tap.lifecycle, "control_state": tap.control_state,
        "origin": tap.origin, "lon": tap.lon, "lat": tap.lat, "position_method": tap.position_method,
        "row_version": tap.row_version, "premise_nos": tap.premise_nos, "ties": ties(&reader, &tap)?, "history": history,
    }))
}

/// Every tap, or those in one lifecycle state.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &Path, lifecycle: Option<TapLifecycle>) -> Result<Vec<TapLine>, Error> {
    Ok(taps::list(&Reader::open(db)?, lifecycle.map(TapLifecycle::as_str))?)
}
