//! Taking returned results back: read the table, refuse damage, keep rejects aside, merge as a set, settle conflicts.

use std::collections::{BTreeMap, BTreeSet};

use crate::cases::refusal::RefusalCode;
use crate::fieldwork::merge::{self, MergeStatus, OrderSide};
use crate::fieldwork::result::{self, FieldResult};
use crate::fieldwork::table;
use crate::model::snapshot::Reject;
use crate::store::removal_lists::{self, ResultRow, StopRow};
use crate::store::removals::{self, OrderRow};
use crate::store::{Db, Tx};

use super::casework::{Desk, Error, refuse};
use super::removal as orders;

/// Rows of one return; a crew does under 30 stops a day.
const ROWS_MAX: usize = 100_000;

/// What became of a returned file; `n_read` is the sum of the other four.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergeSummary {
    /// Rows read.
    pub n_read: usize,
    /// Rows whose fields are in the orders.
    pub n_applied: usize,
    /// Rows that were here before.
    pub n_duplicate: usize,
    /// Rows a person must settle.
    pub n_conflict: usize,
    /// Rows kept aside.
    pub rejects: Vec<Reject>,
    /// Orders with their state after the merge, and what is missing for `completed`.
    pub orders: BTreeMap<String, (String, Vec<String>)>,
}

/// Reads a returned table: CSV with a header, or GeoJSON whose properties are the columns.
///
/// # Errors
/// When the text is neither, or too long.
pub fn read_table(text: &str) -> Result<Vec<BTreeMap<String, String>>, Error> {
    let bad = |what: String| Error::Table { what };
    let rows: Vec<BTreeMap<String, String>> = if text.trim_start().starts_with('{') {
        let root: serde_json::Value = serde_json::from_str(text).map_err(|e| bad(format!("no JSON: {e}")))?;
        let features = root.get("features").and_then(|f| f.as_array()).ok_or_else(|| bad("no features".to_owned()))?;
        features.iter().filter_map(|f| f.get("properties")).filter_map(|p| p.as_object()).map(json_row).collect()
    } else {
        let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let headers = reader.headers().map_err(|e| bad(e.to_string()))?.clone();
        let mut rows = Vec::new();
        for record in reader.records().take(ROWS_MAX + 1) {
            let record = record.map_err(|e| bad(e.to_string()))?;
            rows.push(headers.iter().zip(&record).map(|(h, v)| (h.trim().to_owned(), v.to_owned())).collect());
        }
        rows
    };
    if rows.len() > ROWS_MAX {
        return Err(bad(format!("more than {ROWS_MAX} rows")));
    }
    let has = |column: &&&str| rows.first().is_none_or(|r| r.contains_key(**column));
    match table::COLUMNS_REQUIRED.iter().find(|c| !has(c)) {
        Some(column) => Err(bad(format!("column {column} is missing"))),
        None => Ok(rows),
    }
}

fn json_row(properties: &serde_json::Map<String, serde_json::Value>) -> BTreeMap<String, String> {
    properties
        .iter()
        .map(|(name, value)| {
            let text = match value {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (name.clone(), text)
        })
        .collect()
}

/// Merges a returned table.
///
/// # Errors
/// `E_SPREADSHEET_DAMAGE` naming the column (nothing is merged then), or a failure.
pub fn merge_table(desk: &Desk, rows: &[BTreeMap<String, String>]) -> Result<MergeSummary, Error> {
    desk.with(|tx| {
        let mut known: BTreeMap<String, (i64, BTreeMap<String, String>)> = BTreeMap::new();
        for row in rows {
            let uuid = row.get("stop_uuid").map(|u| u.trim().to_ascii_lowercase()).unwrap_or_default();
            if let Some((_, stop)) = removal_lists::stop(tx, &uuid)? {
                let facts = serde_json::from_str(&stop.facts_json).unwrap_or_default();
                known.insert(uuid, (stop.base_version, facts));
            }
        }
        let printed = |uuid: &str| known.get(uuid).map(|(_, f)| f.clone()).unwrap_or_default();
        if let Some(damage) = table::damage(rows, &printed) {
            let message =
                format!("column {}, row {}: {} ({})", damage.column, damage.row_no, damage.what, damage.value);
            return refuse(RefusalCode::SpreadsheetDamage, message);
        }
        let mut summary = MergeSummary { n_read: rows.len(), ..MergeSummary::default() };
        let mut fresh: Vec<(String, String)> = Vec::new();
        let mut stops = BTreeSet::new();
        for (row_no, row) in (1u64..).zip(rows) {
            let checked = result::check(row_no, row, &|uuid| known.contains_key(uuid));
            let found = match checked {
                Ok(found) => found,
                Err(reject) => {
                    summary.rejects.push(reject);
                    continue;
                }
            };
            let key = (found.field_result_id.clone(), found.content_sha256());
            let is_known = removal_lists::results(tx, Some(&found.stop_uuid))?
                .iter()
                .any(|r| (&r.field_result_id, &r.content_sha256) == (&key.0, &key.1));
            if is_known {
                summary.n_duplicate += 1;
                continue;
            }
            removal_lists::put_result(tx, &result_row(&found, MergeStatus::Conflict.as_str()))?;
            stops.insert(found.stop_uuid);
            fresh.push(key);
        }
        let mut statuses = BTreeMap::new();
        for stop_uuid in &stops {
            let (order_no, state, merged) = settle_stop(desk, tx, stop_uuid)?;
            statuses.extend(merged);
            summary.orders.insert(order_no, state);
        }
        let n_applied = fresh.iter().filter(|k| statuses.get(*k) == Some(&MergeStatus::Applied)).count();
        summary.n_applied = n_applied;
        summary.n_conflict = fresh.len() - n_applied;
        Ok(summary)
    })
}

fn result_row(found: &FieldResult, status: &str) -> ResultRow {
    ResultRow {
        field_result_id: found.field_result_id.clone(),
        content_sha256: found.content_sha256(),
        stop_uuid: found.stop_uuid.clone(),
        base_version: found.base_version,
        fields_json: serde_json::to_string(&found.fields).unwrap_or_default(),
        merge_status: status.to_owned(),
    }
}

type Settled = (String, (String, Vec<String>), BTreeMap<(String, String), MergeStatus>);

/// Works out a stop from all of its results and writes statuses, order fields and order state.
fn settle_stop(desk: &Desk, tx: &mut Tx<'_>, stop_uuid: &str) -> Result<Settled, Error> {
    let Some((_, stop)) = removal_lists::stop(tx, stop_uuid)? else {
        return refuse(RefusalCode::NotFound, format!("there is no stop {stop_uuid}"));
    };
    let rows = removal_lists::results(tx, Some(stop_uuid))?;
    let before = orders::order(tx, &stop.order_no)?;
    let side = order_side(&before, &stop, &rows);
    let results: Vec<FieldResult> = rows.iter().map(field_result).collect();
    let merged = merge::merge(&side, &results);
    for row in &rows {
        let key = (row.field_result_id.clone(), row.content_sha256.clone());
        if let Some(status) = merged.statuses.get(&key)
            && row.merge_status != status.as_str()
        {
            removal_lists::put_result(tx, &ResultRow { merge_status: status.as_str().to_owned(), ..row.clone() })?;
        }
    }
    let mut after = before.clone();
    let mut lacking = Vec::new();
    if !side.is_taken_back {
        after.result_json = serde_json::to_string(&merged.fields).unwrap_or_default();
        let n_ties = removals::ties(tx, before.tap_id)?.len();
        let fact = orders::result_fact(&after.result_json, n_ties);
        let n_min = usize::try_from(desk.policy.integer("removal_ties_min", desk.today)?).unwrap_or(2);
        lacking = fact.lacking(n_min).into_iter().map(str::to_owned).collect();
        // The state is a function of the merged set: `completed` only with everything, back to `dispatched` while results differ.
        after.status = match &fact.result_code {
            None => "dispatched",
            Some(_) if fact.is_done() && lacking.is_empty() => "completed",
            Some(_) => "attempted",
        }
        .to_owned();
        if !fact.is_done() {
            lacking.clear();
        }
    }
    if after != before {
        removals::update(tx, "merge", &before, &after, false)?;
    }
    let stop_status =
        if merged.differing.is_empty() && !side.is_taken_back { after.status.as_str() } else { "conflict" };
    removal_lists::set_stop_status(tx, stop_uuid, stop_status)?;
    Ok((stop.order_no, (after.status, lacking), merged.statuses))
}

fn field_result(row: &ResultRow) -> FieldResult {
    FieldResult {
        field_result_id: row.field_result_id.clone(),
        stop_uuid: row.stop_uuid.clone(),
        base_version: row.base_version,
        fields: serde_json::from_str(&row.fields_json).unwrap_or_default(),
    }
}

/// What the office did since the list was frozen. Results on an older base meet only fields that really changed.
fn order_side(order: &OrderRow, stop: &StopRow, rows: &[ResultRow]) -> OrderSide {
    let facts: BTreeMap<String, String> = serde_json::from_str(&stop.facts_json).unwrap_or_default();
    let mut side = OrderSide::default();
    let method_now = order.method.clone().unwrap_or_default();
    if order.row_version != stop.base_version && facts.get("method") != Some(&method_now) {
        side.changed.insert("method_done".to_owned(), method_now);
    }
    side.is_taken_back = !matches!(order.status.as_str(), "dispatched" | "attempted" | "completed");
    side.refused = rows
        .iter()
        .filter(|r| r.merge_status == "refused")
        .map(|r| (r.field_result_id.clone(), r.content_sha256.clone()))
        .collect();
    side
}

/// Conflicts that wait for a person.
///
/// # Errors
/// When the database cannot be read.
pub fn conflicts(db: &impl Db) -> Result<Vec<(String, ResultRow)>, Error> {
    let mut found = Vec::new();
    for row in removal_lists::results(db, None)? {
        let order_no = removal_lists::stop(db, &row.stop_uuid)?.map(|(_, s)| s.order_no).unwrap_or_default();
        found.push((order_no, row));
    }
    Ok(found)
}

/// Settles a conflict: the named result holds, the others of its stop are refused (and kept). Returns the order and its state.
///
/// # Errors
/// `E_NOT_FOUND`, `E_ROLE`, or a failure.
pub fn settle(desk: &Desk, field_result_id: &str) -> Result<(String, String), Error> {
    if desk.role != super::casework::Role::Supervisor {
        return refuse(RefusalCode::Role, "a supervisor settles conflicts (--role supervisor)");
    }
    desk.with(|tx| {
        let all = removal_lists::results(tx, None)?;
        let Some(kept) = all.iter().find(|r| r.field_result_id == field_result_id) else {
            return refuse(RefusalCode::NotFound, format!("no conflict has the result {field_result_id}"));
        };
        for row in removal_lists::results(tx, Some(&kept.stop_uuid))? {
            if row.merge_status == "conflict" && row.content_sha256 != kept.content_sha256 {
                removal_lists::put_result(tx, &ResultRow { merge_status: "refused".to_owned(), ..row })?;
            }
        }
        let (order_no, (status, _), _) = settle_stop(desk, tx, &kept.stop_uuid)?;
        Ok((order_no, status))
    })
}
