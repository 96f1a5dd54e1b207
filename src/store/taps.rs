//! Taps with their three axes, ties and premises fed.

use rusqlite::{OptionalExtension, Row, named_params, params};

use super::{Error, Reader, Tx};
use crate::model::id::{PremiseId, SnapshotId, TapId};
use crate::model::tap::TapRow;

/// A tap as the database has it; coded values as text.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct StoredTap {
    pub tap_id: TapId,
    pub tap_no: String,
    pub tap_uuid: String,
    pub tap_use: String,
    pub size_milli_in: Option<i64>,
    pub main_size_milli_in: Option<i64>,
    pub main_material: Option<String>,
    pub service_material: Option<String>,
    pub tapped_on: Option<String>,
    pub tap_card_ref: Option<String>,
    pub service_address: Option<String>,
    pub lifecycle: String,
    pub control_state: String,
    pub origin: String,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub position_method: Option<String>,
    pub row_version: i64,
    /// Premise numbers fed, in order.
    pub premise_nos: Vec<String>,
}

/// A tie measurement as stored.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct StoredTie {
    pub what: String,
    pub reference: String,
    pub reference_label: String,
    pub direction: String,
    pub distance_ft: f64,
}

const COLUMNS: &str = "t.tap_id, t.tap_no, t.tap_uuid, t.tap_use, t.size_milli_in, t.main_size_milli_in, t.main_material,
    t.service_material, t.tapped_on, t.tap_card_ref, t.service_address, t.lifecycle, t.control_state, t.origin, t.lon, t.lat,
    t.position_method, t.row_version,
    (SELECT GROUP_CONCAT(p.premise_no, '|') FROM tap_premise tp JOIN premise p ON p.premise_id = tp.premise_id
     WHERE tp.tap_id = t.tap_id)";

fn tap_of(r: &Row<'_>) -> rusqlite::Result<StoredTap> {
    let premises: Option<String> = r.get(18)?;
    let mut premise_nos: Vec<String> = premises.iter().flat_map(|p| p.split('|')).map(str::to_owned).collect();
    premise_nos.sort();
    Ok(StoredTap {
        tap_id: TapId(r.get(0)?),
        tap_no: r.get(1)?,
        tap_uuid: r.get(2)?,
        tap_use: r.get(3)?,
        size_milli_in: r.get(4)?,
        main_size_milli_in: r.get(5)?,
        main_material: r.get(6)?,
        service_material: r.get(7)?,
        tapped_on: r.get(8)?,
        tap_card_ref: r.get(9)?,
        service_address: r.get(10)?,
        lifecycle: r.get(11)?,
        control_state: r.get(12)?,
        origin: r.get(13)?,
        lon: r.get(14)?,
        lat: r.get(15)?,
        position_method: r.get(16)?,
        row_version: r.get(17)?,
        premise_nos,
    })
}

/// A line of the tap list: of a tap only what is shown, because a city has tens of thousands of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct TapLine {
    pub tap_no: String,
    pub lifecycle: String,
    pub control_state: String,
    pub origin: String,
    pub tap_use: String,
    /// Premise numbers fed, in order.
    pub premise_nos: String,
    pub service_address: String,
}

/// Every tap by number; with `lifecycle` only those in that state.
///
/// # Errors
/// When the database cannot be read.
pub fn list(reader: &Reader, lifecycle: Option<&str>) -> Result<Vec<TapLine>, Error> {
    let mut statement = reader.connection.prepare(
        "SELECT t.tap_no, t.lifecycle, t.control_state, t.origin, t.tap_use,
             (SELECT GROUP_CONCAT(p.premise_no, '|' ORDER BY p.premise_no)
              FROM tap_premise tp JOIN premise p ON p.premise_id = tp.premise_id
              WHERE tp.tap_id = t.tap_id),
             t.service_address
         FROM tap t
         WHERE ?1 IS NULL OR t.lifecycle = ?1
         ORDER BY t.tap_no",
    )?;
    let lines = statement.query_map([lifecycle], |r| {
        Ok(TapLine {
            tap_no: r.get(0)?,
            lifecycle: r.get(1)?,
            control_state: r.get(2)?,
            origin: r.get(3)?,
            tap_use: r.get(4)?,
            premise_nos: r.get::<_, Option<String>>(5)?.unwrap_or_default(),
            service_address: r.get::<_, Option<String>>(6)?.unwrap_or_default(),
        })
    })?;
    Ok(lines.collect::<Result<_, _>>()?)
}

/// Calls `each` with every tap by number, the most complete one before all others: the tap layer.
///
/// # Errors
/// When the database cannot be read, or what `each` returns.
pub fn layer<E: From<Error>>(reader: &Reader, each: impl FnMut(StoredTap) -> Result<(), E>) -> Result<(), E> {
    let sql = format!("SELECT {COLUMNS} FROM tap t WHERE t.tap_id");
    let best = "SELECT t.tap_id
         FROM tap t
         ORDER BY (t.lon IS NULL) + (t.size_milli_in IS NULL) + (t.tapped_on IS NULL) + (t.service_material IS NULL)
                  + (t.tap_card_ref IS NULL) + (t.service_address IS NULL) + (t.position_method IS NULL)
                  + NOT EXISTS (SELECT 1 FROM tap_premise x WHERE x.tap_id = t.tap_id),
                  t.tap_no
         LIMIT 1";
    super::layers::best_first(reader, [&sql, best, "t.tap_no"], tap_of, each)
}

/// The tap with this number.
///
/// # Errors
/// When the database cannot be read.
pub fn by_no(reader: &Reader, tap_no: &str) -> Result<Option<StoredTap>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM tap t WHERE t.tap_no = ?1");
    Ok(reader.connection.query_row(&sql, [tap_no], tap_of).optional()?)
}

/// Taps that feed a premise.
///
/// # Errors
/// When the database cannot be read.
pub fn of_premise(reader: &Reader, premise_id: PremiseId) -> Result<Vec<StoredTap>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM tap t JOIN tap_premise x ON x.tap_id = t.tap_id WHERE x.premise_id = ?1 ORDER BY t.tap_no"
    );
    let mut statement = reader.connection.prepare(&sql)?;
    Ok(statement.query_map([premise_id.0], tap_of)?.collect::<Result<_, _>>()?)
}

/// Tie measurements of a tap, in the order they were entered.
///
/// # Errors
/// When the database cannot be read.
pub fn ties(reader: &Reader, tap_id: TapId) -> Result<Vec<StoredTie>, Error> {
    let mut statement = reader.connection.prepare(
        "SELECT what, reference, reference_label, direction, distance_ft FROM tap_tie WHERE tap_id = ?1 ORDER BY tap_tie_id",
    )?;
    let rows = statement.query_map([tap_id.0], |r| {
        Ok(StoredTie {
            what: r.get(0)?,
            reference: r.get(1)?,
            reference_label: r.get(2)?,
            direction: r.get(3)?,
            distance_ft: r.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Stores a tap of an inventory or one entered by hand (`snapshot` is `None`). Returns `None` when the number is taken.
/// Premise numbers that nobody knows come back, so that the caller can report them.
///
/// # Errors
/// When the database cannot be written.
pub fn insert(
    tx: &mut Tx<'_>,
    source: Option<(SnapshotId, u64)>,
    tap_uuid: &str,
    row: &TapRow,
) -> Result<Option<Vec<String>>, Error> {
    let position = row.position.map(|(p, _)| p);
    let n_stored = tx
        .tx
        .prepare_cached(
            "INSERT INTO tap (tap_no, tap_uuid, tap_use, size_milli_in, main_size_milli_in, main_material, service_material,
                 tapped_on, tap_card_ref, service_address, lifecycle, control_state, origin, lon, lat, position_method,
                 snapshot_id, row_no)
             VALUES (:tap_no, :uuid, :tap_use, :size, :main_size, :main_material, :service_material, :tapped_on, :card,
                 :address, :lifecycle, :control, :origin, :lon, :lat, :method, :snapshot, :row_no)
             ON CONFLICT (tap_no) DO NOTHING",
        )?
        .execute(named_params! {
            ":tap_no": row.tap_no, ":uuid": tap_uuid, ":tap_use": row.tap_use.as_str(), ":size": row.size.map(|s| s.0),
            ":main_size": row.main_size.map(|s| s.0), ":main_material": row.main_material,
            ":service_material": row.service_material, ":tapped_on": row.tapped_on.map(|d| d.to_string()),
            ":card": row.tap_card_ref, ":address": row.service_address, ":lifecycle": row.lifecycle.as_str(),
            ":control": row.control_state.as_str(), ":origin": row.origin.as_str(),
            ":lon": position.map(|p| p.lon), ":lat": position.map(|p| p.lat),
            ":method": row.position.map(|(_, m)| m.as_str()), ":snapshot": source.map(|(s, _)| s.0),
            ":row_no": source.map(|(_, n)| n.cast_signed()),
        })?;
    if n_stored == 0 {
        return Ok(None);
    }
    let tap_id = TapId(tx.tx.last_insert_rowid());
    for tie in &row.ties {
        tx.tx
            .prepare_cached(
                "INSERT INTO tap_tie (tap_id, what, reference, reference_label, direction, distance_ft, source)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                tap_id.0,
                tie.what.as_str(),
                tie.reference.as_str(),
                tie.reference_label,
                tie.direction,
                tie.distance.0,
                if source.is_some() { "tap_card" } else { "staff" }
            ])?;
    }
    feed(tx, tap_id, &row.premise_nos).map(Some)
}

/// Where a row of an inventory says other than the database of a tap that is known: field, what is known, what the row says.
/// What the row leaves open is no difference.
///
/// # Errors
/// When the database cannot be read.
pub fn differences(tx: &Tx<'_>, row: &TapRow) -> Result<Vec<(&'static str, String, String)>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM tap t WHERE t.tap_no = ?1");
    let Some(known) = tx.tx.prepare_cached(&sql)?.query_row([&row.tap_no], tap_of).optional()? else {
        return Ok(Vec::new());
    };
    let said = |code: &str| (code != "unknown").then(|| code.to_owned());
    let number = |n: Option<i64>| n.map(|n| n.to_string());
    let facts = [
        ("lifecycle", Some(known.lifecycle), said(row.lifecycle.as_str())),
        ("control_state", Some(known.control_state), said(row.control_state.as_str())),
        ("origin", Some(known.origin), said(row.origin.as_str())),
        ("size_milli_in", number(known.size_milli_in), number(row.size.map(|s| s.0))),
        ("service_material", known.service_material, row.service_material.clone()),
        ("tapped_on", known.tapped_on, row.tapped_on.map(|d| d.to_string())),
        ("tap_card_ref", known.tap_card_ref, row.tap_card_ref.clone()),
    ];
    let mut found: Vec<_> = facts
        .into_iter()
        .filter(|(_, known, new)| new.is_some() && known != new)
        .map(|(field, known, new)| (field, known.unwrap_or_default(), new.unwrap_or_default()))
        .collect();
    let further: Vec<&str> =
        row.premise_nos.iter().filter(|p| !known.premise_nos.contains(p)).map(String::as_str).collect();
    if !further.is_empty() {
        found.push(("premise_nos", known.premise_nos.join(";"), further.join(";")));
    }
    Ok(found)
}

/// Links a tap to the premises it feeds; returns the numbers that nobody knows.
///
/// # Errors
/// When the database cannot be written.
pub fn feed(tx: &mut Tx<'_>, tap_id: TapId, premise_nos: &[String]) -> Result<Vec<String>, Error> {
    let mut unknown = Vec::new();
    for premise_no in premise_nos {
        let n_linked = tx
            .tx
            .prepare_cached(
                "INSERT OR IGNORE INTO tap_premise (tap_id, premise_id) SELECT ?1, premise_id FROM premise WHERE premise_no = ?2",
            )?
            .execute(params![tap_id.0, premise_no])?;
        if n_linked == 0 {
            unknown.push(premise_no.clone());
        }
    }
    Ok(unknown)
}

/// Axes and other fields that a person may change.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table; None leaves a field as it is")]
pub struct TapUpdate {
    pub lifecycle: Option<&'static str>,
    pub control_state: Option<&'static str>,
    pub origin: Option<&'static str>,
    pub position: Option<(f64, f64, &'static str)>,
    pub tap_use: Option<&'static str>,
    pub size_milli_in: Option<i64>,
    pub tapped_on: Option<String>,
}

/// Changes a tap and counts its version up.
///
/// # Errors
/// When somebody else changed it since it was read, or the database cannot be written.
pub fn update(tx: &mut Tx<'_>, tap: &StoredTap, update: &TapUpdate) -> Result<(), Error> {
    let n_changed = tx.tx.execute(
        "UPDATE tap
         SET lifecycle = COALESCE(:lifecycle, lifecycle), control_state = COALESCE(:control, control_state),
             origin = COALESCE(:origin, origin), lon = COALESCE(:lon, lon), lat = COALESCE(:lat, lat),
             position_method = COALESCE(:method, position_method), tap_use = COALESCE(:tap_use, tap_use),
             size_milli_in = COALESCE(:size, size_milli_in), tapped_on = COALESCE(:tapped_on, tapped_on),
             row_version = row_version + 1
         WHERE tap_id = :tap_id AND row_version = :row_version",
        named_params! {
            ":lifecycle": update.lifecycle, ":control": update.control_state, ":origin": update.origin,
            ":lon": update.position.map(|p| p.0), ":lat": update.position.map(|p| p.1),
            ":method": update.position.map(|p| p.2), ":tap_use": update.tap_use, ":size": update.size_milli_in,
            ":tapped_on": update.tapped_on, ":tap_id": tap.tap_id.0,
            ":row_version": tap.row_version,
        },
    )?;
    if n_changed == 0 {
        return Err(Error::Broken {
            what: format!("somebody else has just changed tap {}; look at it again", tap.tap_no),
        });
    }
    Ok(())
}

/// Takes premises off a tap that does not feed them.
///
/// # Errors
/// When the database cannot be written.
pub fn unfeed(tx: &mut Tx<'_>, tap_id: TapId, premise_nos: &[String]) -> Result<(), Error> {
    for premise_no in premise_nos {
        tx.tx.execute(
            "DELETE FROM tap_premise
             WHERE tap_id = ?1 AND premise_id = (SELECT premise_id FROM premise WHERE premise_no = ?2)",
            params![tap_id.0, premise_no],
        )?;
    }
    Ok(())
}

/// Takes away the tie measurement that [`ties`] shows at this position.
///
/// # Errors
/// When the database cannot be written.
pub fn drop_tie(tx: &mut Tx<'_>, tap_id: TapId, position: usize) -> Result<(), Error> {
    tx.tx.execute(
        "DELETE FROM tap_tie
         WHERE tap_tie_id = (SELECT tap_tie_id FROM tap_tie WHERE tap_id = ?1 ORDER BY tap_tie_id LIMIT 1 OFFSET ?2)",
        params![tap_id.0, i64::try_from(position).unwrap_or(i64::MAX)],
    )?;
    Ok(())
}

/// Adds a tie measurement.
///
/// # Errors
/// When the database cannot be written.
pub fn add_tie(tx: &mut Tx<'_>, tap_id: TapId, tie: &crate::model::tap::TieMeasurement) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO tap_tie (tap_id, what, reference, reference_label, direction, distance_ft, source)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'staff')",
        params![
            tap_id.0,
            tie.what.as_str(),
            tie.reference.as_str(),
            tie.reference_label,
            tie.direction,
            tie.distance.0
        ],
    )?;
    Ok(())
}
