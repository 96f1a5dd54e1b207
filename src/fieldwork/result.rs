//! One returned result of a stop: its fields, their domains, and the reasons to reject it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::freeze::sha256_hex;
use crate::model::domain;
use crate::model::snapshot::Reject;

/// Columns that identify a result; every other known column is a field that can change the order.
pub const KEY_COLUMNS: &[&str] =
    &["field_result_id", "stop_uuid", "order_no", "list_no", "list_version", "base_version"];

/// Columns a crew fills in.
pub const FIELD_COLUMNS: &[&str] = &[
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
    "device",
    "note",
];

/// A result that passed the checks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldResult {
    /// UUID that makes the return idempotent.
    pub field_result_id: String,
    /// UUID of the stop.
    pub stop_uuid: String,
    /// Row version of the order on the list that the crew held.
    pub base_version: i64,
    /// Filled-in columns; empty cells are left out.
    pub fields: BTreeMap<String, String>,
}

impl FieldResult {
    /// Hash of the content: two files with the same UUID and other content are a conflict, not a duplicate.
    pub fn content_sha256(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.field_result_id, self.stop_uuid, self.base_version);
        for (name, value) in &self.fields {
            text.push_str(&format!("{}:{name}={}:{value}\n", name.len(), value.len()));
        }
        sha256_hex(text.as_bytes())
    }
}

/// Whether text is an instant `YYYY-MM-DDTHH:MM[:SS]` with `Z` or an offset.
pub fn is_instant(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok()
}

/// Checks one row.
///
/// # Errors
/// The first reason to keep it aside.
pub fn check(row_no: u64, row: &BTreeMap<String, String>, stops: &dyn Fn(&str) -> bool) -> Result<FieldResult, Reject> {
    let cell = |name: &str| row.get(name).map(|v| v.trim()).unwrap_or_default();
    let reject = |column: &str, reason, detail: String| Reject {
        row_no,
        column: column.to_owned(),
        value: cell(column).chars().take(80).collect(),
        reason,
        detail,
    };
    for column in ["field_result_id", "stop_uuid"] {
        if Uuid::try_parse(cell(column)).is_err() {
            return Err(reject(column, "not_a_uuid", "this must be a UUID, as on the list".to_owned()));
        }
    }
    let stop_uuid = cell("stop_uuid").to_ascii_lowercase();
    if !stops(&stop_uuid) {
        return Err(reject("stop_uuid", "stop_not_on_list", "no frozen list has this stop".to_owned()));
    }
    let Ok(base_version) = cell("base_version").parse::<i64>() else {
        return Err(reject("base_version", "not_a_number", "the row version printed on the list".to_owned()));
    };
    for (column, list) in [("result_code", "result_code"), ("method_done", "removal_method")] {
        let text = cell(column);
        let is_optional = column == "method_done" && text.is_empty();
        if !is_optional && !domain::codes(list).contains(&text) {
            let detail = format!("codes: {}", domain::codes(list).join(" "));
            return Err(reject(column, "outside_domain", detail));
        }
    }
    for column in ["arrived_at", "left_at"] {
        if !cell(column).is_empty() && !is_instant(cell(column)) {
            return Err(reject(column, "not_an_instant", "write 2026-05-05T14:30:00Z or with an offset".to_owned()));
        }
    }
    let time = |column: &str| cell(column).parse::<jiff::Timestamp>().ok();
    if time("arrived_at").zip(time("left_at")).is_some_and(|(arrived, left)| left < arrived) {
        return Err(reject("left_at", "time_order", "the crew left before it arrived".to_owned()));
    }
    if !cell("final_read").is_empty() && cell("final_read").parse::<u64>().is_err() {
        return Err(reject("final_read", "not_a_number", "digits of the register".to_owned()));
    }
    if !cell("ties").is_empty()
        && let Err(detail) = super::table::parse_ties(cell("ties"))
    {
        return Err(reject("ties", "bad_tie", detail));
    }
    let fields = FIELD_COLUMNS
        .iter()
        .filter(|name| !cell(name).is_empty())
        .map(|name| ((*name).to_owned(), cell(name).to_owned()))
        .collect();
    Ok(FieldResult { field_result_id: cell("field_result_id").to_ascii_lowercase(), stop_uuid, base_version, fields })
}
