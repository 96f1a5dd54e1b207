//! The tap inventory by hand: add, change within the state rules, measure.

use std::path::Path;

use serde_json::{Value, json};

use crate::cases::machine::{Role, tap_lifecycle};
use crate::cases::refusal::Refusal;
use crate::model::tap::{ControlState, PositionMethod, TapLifecycle, TapOrigin, TapRow, TieMeasurement};
use crate::store::taps::{self, StoredTap, TapLine, TapUpdate};
use crate::store::{self, Authorship, Change, Reader, Writer};

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
    /// Premises fed from now on, besides those known.
    pub premise_nos: Vec<String>,
    /// Evidence at hand for a lifecycle step (codes of `data/policy/states.json`).
    pub evidence: Vec<String>,
    /// Who asks: some steps need a supervisor.
    pub is_supervisor: bool,
    /// Only say what would change.
    pub is_dry_run: bool,
}

/// The axes of a tap as JSON, for the audit log.
fn axes(tap: &StoredTap) -> Value {
    json!({
        "lifecycle": tap.lifecycle, "control_state": tap.control_state, "origin": tap.origin, "lon": tap.lon, "lat": tap.lat,
        "position_method": tap.position_method, "premise_nos": tap.premise_nos, "row_version": tap.row_version,
    })
}

/// Changes a tap; returns its axes before and after.
///
/// # Errors
/// When there is no such tap, the lifecycle step is not allowed, or the database cannot be written.
pub fn update(db: &Path, authorship: &Authorship, tap_no: &str, wanted: &Wanted) -> Result<(Value, Value), Error> {
    let reader = Reader::open(db)?;
    let tap = taps::by_no(&reader, tap_no)?.ok_or_else(|| Error::Unknown { tap_no: tap_no.to_owned() })?;
    drop(reader);
    if let Some(to) = wanted.lifecycle.filter(|to| to.as_str() != tap.lifecycle) {
        let role = if wanted.is_supervisor { Role::Supervisor } else { Role::Specialist };
        let lacks = |code: &str| match code {
            // Only a worked removal order proves a removal; nobody may simply say so.
            "completed_removal_order" => Some("record the removal order: taptrace removal record".to_owned()),
            _ if wanted.evidence.iter().any(|e| e == code) => None,
            _ => Some(format!("name it with --evidence {code}")),
        };
        tap_lifecycle()
            .step(&tap.lifecycle, to.as_str(), role, &lacks)
            .map_err(|refusal| Error::Refused { refusal: Box::new(refusal) })?;
    }
    let before = axes(&tap);
    if wanted.is_dry_run {
        return Err(Error::DryRun);
    }
    let change = TapUpdate {
        lifecycle: wanted.lifecycle.map(TapLifecycle::as_str),
        control_state: wanted.control_state.map(ControlState::as_str),
        origin: wanted.origin.map(TapOrigin::as_str),
        position: wanted.position.map(|(lon, lat, method)| (lon, lat, method.as_str())),
    };
    let evidence = wanted.evidence.join(", ");
    let mut writer = Writer::open(db)?;
    writer.with(authorship, |tx| -> Result<(), Error> {
        taps::update(tx, tap.tap_id, &change)?;
        if let Some(tie) = &wanted.tie {
            taps::add_tie(tx, tap.tap_id, tie)?;
        }
        if let Some(premise_no) = taps::feed(tx, tap.tap_id, &wanted.premise_nos)?.into_iter().find(|p| !tap.premise_nos.contains(p)) {
            return Err(Error::UnknownPremise { premise_no });
        }
        let after = json!({
            "lifecycle": change.lifecycle, "control_state": change.control_state, "origin": change.origin,
            "position": wanted.position.map(|p| [p.0, p.1]), "tie": wanted.tie.as_ref().map(|t| t.reference_label.clone()),
            "premise_nos": wanted.premise_nos, "evidence": evidence,
        });
        tx.audit(Change {
            action: "update",
            entity: "tap",
            entity_id: tap_no,
            before_json: Some(&before.to_string()),
            after_json: Some(&after.to_string()),
        })?;
        Ok(())
    })?;
    let reader = Reader::open(db)?;
    let after = taps::by_no(&reader, tap_no)?.map_or(Value::Null, |t| axes(&t));
    Ok((before, after))
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
    let ties: Vec<Value> = taps::ties(&reader, tap.tap_id)?
        .iter()
        .map(|t| {
            json!({"what": t.what, "reference": t.reference, "reference_label": t.reference_label, "direction": t.direction, "distance_ft": t.distance_ft})
        })
        .collect();
    Ok(json!({
        "tap_no": tap.tap_no, "tap_uuid": tap.tap_uuid, "tap_use": tap.tap_use, "size_milli_in": tap.size_milli_in,
        "main_size_milli_in": tap.main_size_milli_in, "main_material": tap.main_material,
        "service_material": tap.service_material, "tapped_on": tap.tapped_on, "tap_card_ref": tap.tap_card_ref,
        "service_address": tap.service_address, "lifecycle": tap.lifecycle, "control_state": tap.control_state,
        "origin": tap.origin, "lon": tap.lon, "lat": tap.lat, "position_method": tap.position_method,
        "row_version": tap.row_version, "premise_nos": tap.premise_nos, "ties": ties,
    }))
}

/// Every tap, or those in one lifecycle state.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &Path, lifecycle: Option<TapLifecycle>) -> Result<Vec<TapLine>, Error> {
    Ok(taps::list(&Reader::open(db)?, lifecycle.map(TapLifecycle::as_str))?)
}
