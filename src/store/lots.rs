//! Lots around many points at once: one pass over the county, because a list has hundreds of stops and lots have no spatial
//! index of their own.

use std::collections::{BTreeMap, HashMap};

use super::Error;
use super::view::Db;

/// A lot near one of the points.
#[derive(Debug, Clone, PartialEq)]
pub struct LotRow {
    /// Situs as the roll writes it.
    pub situs: Option<String>,
    /// Polygon.
    pub wkb: Vec<u8>,
}

/// Lots kept for one point; a tower of condominiums repeats one polygon hundreds of times.
const LOTS_MAX: usize = 600;

/// Lots whose own point lies within `reach` degrees (longitude, latitude) of each place, in the order of the places.
///
/// # Errors
/// When the database cannot be read.
pub fn near(db: &impl Db, places: &[[f64; 2]], reach: [f64; 2]) -> Result<Vec<Vec<LotRow>>, Error> {
    let mut cells: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
    let cell = |p: [f64; 2]| ((p[0] / reach[0]).floor() as i64, (p[1] / reach[1]).floor() as i64);
    for (i, place) in places.iter().enumerate() {
        let (x, y) = cell(*place);
        for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
            cells.entry((x + dx, y + dy)).or_default().push(i);
        }
    }
    let mut found: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    let mut n_found = vec![0usize; places.len()];
    let mut statement = db.connection().prepare_cached(
        "SELECT v.parcel_version_id, v.lon, v.lat
         FROM parcel p JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
         WHERE p.retired_snapshot_id IS NULL AND v.lon IS NOT NULL AND v.lat IS NOT NULL",
    )?;
    let mut rows = if places.is_empty() { return Ok(Vec::new()) } else { statement.query([])? };
    while let Some(row) = rows.next()? {
        let (id, at): (i64, [f64; 2]) = (row.get(0)?, [row.get(1)?, row.get(2)?]);
        for i in cells.get(&cell(at)).into_iter().flatten() {
            let place = places[*i];
            let is_near = (place[0] - at[0]).abs() <= reach[0] && (place[1] - at[1]).abs() <= reach[1];
            if is_near && n_found[*i] < LOTS_MAX {
                n_found[*i] += 1;
                found.entry(id).or_default().push(*i);
            }
        }
    }
    let mut lots: Vec<Vec<LotRow>> = vec![Vec::new(); places.len()];
    let mut statement = db.connection().prepare_cached(
        "SELECT (SELECT COALESCE(s.standard_form, s.situs_text) FROM situs s WHERE s.parcel_version_id = v.parcel_version_id
                 ORDER BY s.situs_id LIMIT 1), v.geometry_wkb
         FROM parcel_version v WHERE v.parcel_version_id = ?1 AND v.geometry_wkb IS NOT NULL",
    )?;
    for (id, near) in found {
        let mut rows = statement.query([id])?;
        if let Some(row) = rows.next()? {
            let lot = LotRow { situs: row.get(0)?, wkb: row.get(1)? };
            near.iter().for_each(|i| lots[*i].push(lot.clone()));
        }
    }
    Ok(lots)
}
