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
    "pavement_cut_sqft",
    "device",
    "note",
];

/// What a row is judged against.
pub struct Context<'a> {
    /// Code list of the result codes of a stop (`result_code`, `pull_result`); `None` when no frozen list has the stop.
    pub domain_of: &'a dyn Fn(&str) -> Option<&'static str>,
    /// Nothing may have happened after this instant.
    pub now: Option<jiff::Timestamp>,
}

/// Whether a row says nothing: a stop of a list form that the crew did not fill in.
pub fn is_blank(row: &BTreeMap<String, String>) -> bool {
    FIELD_COLUMNS.iter().all(|c| row.get(*c).is_none_or(|v| v.trim().is_empty()))
}

/// A result that passed the checks.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
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

/// Checks one row.
///
/// # Errors
/// The first reason to keep it aside.
pub fn check(row_no: u64, row: &BTreeMap<String, String>, context: &Context<'_>) -> Result<FieldResult, Reject> {
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
    let Some(result_domain) = (context.domain_of)(&stop_uuid) else {
        return Err(reject("stop_uuid", "stop_not_on_list", "no frozen list has this stop".to_owned()));
    };
    let Some(base_version) = cell("base_version").parse::<i64>().ok().filter(|n| *n > 0) else {
        return Err(reject("base_version", "not_a_number", "the row version printed on the list".to_owned()));
    };
    for (column, list) in [("result_code", result_domain), ("method_done", "removal_method")] {
        let text = cell(column);
        let is_optional = column == "method_done" && text.is_empty();
        if !is_optional && !domain::codes(list).contains(&text) {
            let detail = format!("codes: {}", domain::codes(list).join(" "));
            return Err(reject(column, "outside_domain", detail));
        }
    }
    check_times(&cell, context.now).map_err(|(column, reason, detail)| reject(column, reason, detail.to_owned()))?;
    if !cell("final_read").is_empty() && cell("final_read").parse::<u64>().is_err() {
        return Err(reject("final_read", "not_a_number", "digits of the register".to_owned()));
    }
    for (column, max) in [("depth_ft", DEPTH_FT_MAX), ("pavement_cut_sqft", PAVEMENT_SQFT_MAX)] {
        let is_good = cell(column).parse::<f64>().is_ok_and(|n| (0.0..=max).contains(&n));
        if !cell(column).is_empty() && !is_good {
            return Err(reject(column, "not_a_number", format!("a number between 0 and {max}")));
        }
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

/// No service lies deeper.
const DEPTH_FT_MAX: f64 = 60.0;
/// No removal cuts more pavement.
const PAVEMENT_SQFT_MAX: f64 = 100_000.0;

type Complaint = (&'static str, &'static str, &'static str);

fn check_times<'a>(cell: &impl Fn(&str) -> &'a str, now: Option<jiff::Timestamp>) -> Result<(), Complaint> {
    for column in ["arrived_at", "left_at"] {
        if cell(column).is_empty() {
            continue;
        }
        let Ok(at) = cell(column).parse::<jiff::Timestamp>() else {
            return Err((column, "not_an_instant", "write 2026-05-05T14:30:00Z or with an offset"));
        };
        if now.is_some_and(|now| at > now) {
            return Err((column, "future_time", "this lies in the future"));
        }
    }
    let time = |column: &str| cell(column).parse::<jiff::Timestamp>().ok();
    if time("arrived_at").zip(time("left_at")).is_some_and(|(arrived, left)| left < arrived) {
        return Err(("left_at", "time_order", "the crew left before it arrived"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[(&str, &str)]) -> BTreeMap<String, String> {
        let good = [
            ("field_result_id", "0190a000-0000-7000-8000-00000000000a"),
            ("stop_uuid", "0190A000-0000-7000-8000-00000000000B"),
            ("base_version", "3"),
            ("result_code", "done"),
        ];
        good.iter().chain(cells).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn judge(cells: &[(&str, &str)]) -> Result<FieldResult, &'static str> {
        let domain_of = |uuid: &str| uuid.ends_with("0b").then_some("result_code");
        let now = "2026-05-06T00:00:00Z".parse().ok();
        check(1, &row(cells), &Context { domain_of: &domain_of, now }).map_err(|r| r.reason)
    }

    #[test]
    fn every_reason_to_keep_a_row_aside() {
        for (column, value, reason) in [
            ("field_result_id", "17", "not_a_uuid"),
            ("stop_uuid", "0190a000-0000-7000-8000-0000000000ff", "stop_not_on_list"),
            ("base_version", "x", "not_a_number"),
            ("result_code", "gone", "outside_domain"),
            ("result_code", "pulled", "outside_domain"),
            ("method_done", "dug", "outside_domain"),
            ("arrived_at", "2026-05-05 14:30", "not_an_instant"),
            ("left_at", "2026-05-06T10:00:00Z", "future_time"),
            ("final_read", "12x", "not_a_number"),
            ("depth_ft", "-1", "not_a_number"),
            ("pavement_cut_sqft", "much", "not_a_number"),
            ("ties", "curb_stop|tree|1|N|3", "bad_tie"),
        ] {
            assert_eq!(judge(&[(column, value)]).err(), Some(reason), "{column} {value}");
        }
        let backwards = [("arrived_at", "2026-05-05T15:00:00Z"), ("left_at", "2026-05-05T09:00:00-05:00")];
        assert_eq!(judge(&backwards).err(), Some("time_order"));
        let good = judge(&[("note", " dug twice "), ("crew", "")]).unwrap();
        assert_eq!((good.fields.len(), good.fields["note"].as_str()), (2, "dug twice"));
        assert!(is_blank(&row(&[("result_code", " ")])) && !is_blank(&row(&[])));
    }
}
