//! Taking returned results back: read the table, refuse damage, keep rejects aside, merge as a set, settle conflicts.
//!
//! What the office had changed is judged once, when a result arrives; from then on the state of a stop is a function of the
//! set of its results and of what persons decided about them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cases::refusal::RefusalCode;
use crate::fieldwork::merge::{self, MergeStatus, Returned, TAKEN_BACK, Verdict};
use crate::fieldwork::result::{self, Context, FieldResult};
use crate::fieldwork::table;
use crate::ingest::source::{OpenOptions, RawRow, Source};
use crate::ingest::{self, bytes, geopackage_rows};
use crate::model::snapshot::{Reject, SourceKind};
use crate::store::removal_lists::{self, ListRow, ResultRow, StopRow};
use crate::store::snapshots::{self, Counts, NewSnapshot};
use crate::store::{Db, Tx};

use super::casework::{Desk, Error, Role, refuse};
use super::removal_job::{Job, Kind};
use super::removal_photo::{self, PhotoFolder, PhotoReport};

/// Rows of one return; a crew does under 30 stops a day.
const ROWS_MAX: usize = 100_000;

/// A field of the crew and the printed fact that the office may have changed under it.
const SAME_FIELD: &[(&str, &str)] =
    &[("method_done", "method"), ("ties", "tie_codes"), ("depth_ft", "depth"), ("meter_no_found", "meter_no")];

/// A returned table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnedTable {
    /// Name of the file.
    pub origin: String,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// Size in bytes.
    pub byte_len: u64,
    /// Rows by column name.
    pub rows: Vec<BTreeMap<String, String>>,
    /// Rows that the reader could not take apart, with their number.
    pub broken: Vec<Reject>,
}

/// What became of a returned file; `n_read` is the sum of applied, duplicate, conflict and rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergeSummary {
    /// Rows that the crew filled in.
    pub n_read: usize,
    /// Rows that the crew left empty.
    pub n_blank: usize,
    /// Rows whose fields are in the orders.
    pub n_applied: usize,
    /// Rows that were here before.
    pub n_duplicate: usize,
    /// Rows a person must settle.
    pub n_conflict: usize,
    /// Rows kept aside.
    pub rejects: Vec<Reject>,
    /// Photos, when a folder of them was given.
    pub photos: Option<PhotoReport>,
    /// Rows that name photos.
    pub n_with_photos: usize,
    /// Orders with their state after the merge, and what is missing for the best one.
    pub orders: BTreeMap<String, (String, Vec<String>)>,
}

/// Reads a returned file: CSV as spreadsheets write it, XLSX, GeoJSON whose properties are the columns, or a GeoPackage.
///
/// # Errors
/// When the file is none of these, is damaged, is too long, or lacks a column.
pub fn read_file(path: &Path) -> Result<ReturnedTable, Error> {
    let bad = |what: String| Error::Table { what };
    let fail = |e: ingest::Error| Error::Table { what: format!("{e}; {}", e.hint()) };
    let byte_len =
        std::fs::metadata(path).map_err(|source| Error::File { action: "read", path: path.to_owned(), source })?.len();
    let mut table = ReturnedTable {
        origin: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: bytes::sha256_file(path).map_err(fail)?,
        byte_len,
        ..ReturnedTable::default()
    };
    let missing = |column: &str| bad(format!("{}: column {column} is missing", path.display()));
    if is_sqlite(path) {
        let found = geopackage_rows::rows(path, table::COLUMNS_REQUIRED, ROWS_MAX).map_err(fail)?;
        table.rows = found.ok_or_else(|| missing(&table::COLUMNS_REQUIRED.join(", ")))?;
    } else {
        let mut source = Source::open(path, &OpenOptions::default()).map_err(fail)?;
        let mut raw = RawRow::default();
        while table.rows.len() + table.broken.len() <= ROWS_MAX && source.next_row(&mut raw).map_err(fail)? {
            let cells = source.columns().iter().enumerate();
            let row = cells.map(|(i, name)| (name.clone(), raw.value(i).unwrap_or_default().to_owned())).collect();
            match raw.problem.take() {
                Some(problem) => table.broken.push(problem),
                None => table.rows.push(row),
            }
        }
        if let Some(column) = table::COLUMNS_REQUIRED.iter().find(|c| !source.columns().iter().any(|n| n == **c)) {
            return Err(missing(column));
        }
    }
    if table.rows.len() + table.broken.len() > ROWS_MAX {
        return Err(bad(format!("{} has more than {ROWS_MAX} rows", path.display())));
    }
    Ok(table)
}

fn is_sqlite(path: &Path) -> bool {
    let mut head = [0u8; 16];
    let read = std::fs::File::open(path).and_then(|mut f| std::io::Read::read_exact(&mut f, &mut head));
    read.is_ok() && head == geopackage_rows::MAGIC
}

/// Stops named by a table: the list, the stop and its kind.
type Known = BTreeMap<String, (ListRow, StopRow, Kind)>;

/// Merges a returned table. With a folder the photos that its rows name are stored, and only these count; that holds for rows
/// which were merged before as well.
///
/// # Errors
/// `E_SPREADSHEET_DAMAGE` naming the column (nothing is merged then), or a failure.
pub fn merge_table(desk: &Desk, table: &ReturnedTable, photos: Option<&PhotoFolder>) -> Result<MergeSummary, Error> {
    desk.with(|tx| {
        let known = known_stops(tx, &table.rows)?;
        let printed = |uuid: &str| known.get(uuid).map(|(_, s, _)| printed(s)).unwrap_or_default();
        if let Some(damage) = table::damage(&table.rows, &printed) {
            let message = format!(
                "{}: column {}, row {}: {} ({}); nothing of the file was merged",
                table.origin, damage.column, damage.row_no, damage.what, damage.value
            );
            return refuse(RefusalCode::SpreadsheetDamage, message);
        }
        let mut summary = MergeSummary {
            n_read: table.broken.len(),
            photos: photos.map(|_| PhotoReport::default()),
            ..MergeSummary::default()
        };
        summary.rejects.clone_from(&table.broken);
        let (fresh, stops) = take_rows(desk, tx, (table, photos), &known, &mut summary)?;
        let mut statuses = BTreeMap::new();
        for stop_uuid in &stops {
            let settled = settle_stop(desk, tx, stop_uuid)?;
            statuses.extend(settled.statuses);
            summary.orders.insert(settled.order_no, (settled.status, settled.lacking));
        }
        summary.n_applied = fresh.iter().filter(|k| statuses.get(*k) == Some(&MergeStatus::Applied)).count();
        summary.n_conflict = fresh.len() - summary.n_applied;
        record_file(desk, tx, table, &summary)?;
        Ok(summary)
    })
}

fn known_stops(db: &impl Db, rows: &[BTreeMap<String, String>]) -> Result<Known, Error> {
    let mut known = Known::new();
    for row in rows {
        let uuid = row.get("stop_uuid").map(|u| u.trim().to_ascii_lowercase()).unwrap_or_default();
        if !known.contains_key(&uuid)
            && let Some((list, stop)) = removal_lists::stop(db, &uuid)?
        {
            let kind = Kind::parse(&list.list_kind).unwrap_or_default();
            known.insert(uuid, (list, stop, kind));
        }
    }
    Ok(known)
}

/// What the list printed for a stop, for finding damage.
fn printed(stop: &StopRow) -> BTreeMap<String, String> {
    let mut facts: BTreeMap<String, String> = serde_json::from_str(&stop.facts_json).unwrap_or_default();
    facts.insert("order_no".to_owned(), stop.order_no.clone());
    facts
}

/// Key of a result: its UUID and the hash of its content.
type Key = (String, String);

/// Judges and stores the rows and their photos; returns the keys of the new ones, and the stops to settle.
fn take_rows(
    desk: &Desk,
    tx: &mut Tx<'_>,
    (table, photos): (&ReturnedTable, Option<&PhotoFolder>),
    known: &Known,
    summary: &mut MergeSummary,
) -> Result<(Vec<Key>, BTreeSet<String>), Error> {
    let context = Context {
        domain_of: &|uuid| known.get(uuid).map(|(_, _, kind)| kind.result_domain()),
        now: desk.by.at.0.parse().ok(),
    };
    let (mut fresh, mut stops) = (Vec::new(), BTreeSet::new());
    for (row_no, row) in (1u64..).zip(&table.rows) {
        if result::is_blank(row) {
            summary.n_blank += 1;
            continue;
        }
        summary.n_read += 1;
        let found = match result::check(row_no, row, &context) {
            Ok(found) => found,
            Err(reject) => {
                summary.rejects.push(reject);
                continue;
            }
        };
        let Some((_, stop, _)) = known.get(&found.stop_uuid) else { continue };
        let job = Job::find(tx, &stop.order_no)?;
        if found.base_version > job.row_version() {
            summary.rejects.push(Reject {
                row_no,
                column: "base_version".to_owned(),
                value: found.base_version.to_string(),
                reason: "newer_than_order",
                detail: format!("order {} is at version {}", job.order_no(), job.row_version()),
            });
            continue;
        }
        summary.n_with_photos += usize::from(removal_photo::are_named(&found));
        if let (Some(folder), Some(report)) = (photos, summary.photos.as_mut()) {
            removal_photo::take(desk, tx, folder, (stop, &found), report)?;
            stops.insert(found.stop_uuid.clone());
        }
        let key = (found.field_result_id.clone(), found.content_sha256());
        if removal_lists::has_result(tx, &key.0, &key.1)? {
            summary.n_duplicate += 1;
            removal_lists::put_result_file(tx, (&key.0, &key.1), &table.sha256)?;
            continue;
        }
        let against = against(desk, tx, &job, stop, &found)?;
        removal_lists::put_result(tx, &result_row(&found, &against))?;
        removal_lists::put_result_file(tx, (&key.0, &key.1), &table.sha256)?;
        fresh.push(key);
        stops.insert(found.stop_uuid);
    }
    Ok((fresh, stops))
}

/// The file is a source snapshot like every other, with its rejects; the same bytes are recorded once.
fn record_file(desk: &Desk, tx: &mut Tx<'_>, table: &ReturnedTable, summary: &MergeSummary) -> Result<(), Error> {
    let snapshot = NewSnapshot {
        source_kind: SourceKind::FieldResults,
        profile: "taptrace",
        origin: &table.origin,
        sha256: &table.sha256,
        byte_len: table.byte_len,
        as_of_date: &desk.day(),
    };
    if snapshots::find_same(tx, &snapshot)?.is_some() {
        return Ok(());
    }
    let id = snapshots::insert(tx, &snapshot)?;
    for reject in &summary.rejects {
        snapshots::reject(tx, id, reject)?;
    }
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let counts = Counts {
        read: count(summary.n_read),
        stored: count(summary.n_applied + summary.n_conflict),
        duplicate: count(summary.n_duplicate),
        rejected: count(summary.rejects.len()),
    };
    let columns: Vec<&String> = table.rows.first().map(|r| r.keys().collect()).unwrap_or_default();
    snapshots::finish(tx, id, counts, &serde_json::to_string(&columns).unwrap_or_default())?;
    Ok(())
}

fn result_row(found: &FieldResult, against: &BTreeMap<String, String>) -> ResultRow {
    ResultRow {
        field_result_id: found.field_result_id.clone(),
        content_sha256: found.content_sha256(),
        stop_uuid: found.stop_uuid.clone(),
        base_version: found.base_version,
        fields_json: serde_json::to_string(&found.fields).unwrap_or_default(),
        against_json: serde_json::to_string(against).unwrap_or_default(),
        merge_status: MergeStatus::Conflict.as_str().to_owned(),
        verdict: None,
    }
}

/// What stands against a result now: an order that was taken back or sent out again since, or fields that the office changed.
fn against(
    desk: &Desk,
    db: &impl Db,
    job: &Job,
    stop: &StopRow,
    found: &FieldResult,
) -> Result<BTreeMap<String, String>, Error> {
    let taken_back = |why: String| Ok([(TAKEN_BACK.to_owned(), why)].into());
    if !matches!(job.status(), "dispatched" | "attempted" | "completed" | "pulled") {
        return taken_back(format!("the order is {}", job.status()));
    }
    match removal_lists::sent_stop_of(db, job.order_no())? {
        Some(sent) if sent == stop.stop_uuid => {}
        Some(_) => return taken_back("a later list sent the order out again".to_owned()),
        None => return taken_back("this version of the list was not sent out".to_owned()),
    }
    let mut changed = BTreeMap::new();
    if job.row_version() == found.base_version {
        return Ok(changed);
    }
    // The newest paper that is not newer than what the crew says it held.
    let then = removal_lists::facts_at(db, job.order_no(), found.base_version)?;
    let then: Option<BTreeMap<String, String>> = then.and_then(|text| serde_json::from_str(&text).ok());
    let now = job.facts(desk, db, desk.today)?;
    for (field, fact) in SAME_FIELD {
        let office = now.get(*fact).cloned().unwrap_or_default();
        let is_changed = then.as_ref().is_none_or(|t| t.get(*fact).map(String::as_str) != Some(office.as_str()));
        if is_changed && !office.is_empty() {
            changed.insert((*field).to_owned(), office);
        }
    }
    Ok(changed)
}

struct Settled {
    order_no: String,
    status: String,
    lacking: Vec<String>,
    statuses: BTreeMap<(String, String), MergeStatus>,
}

/// Works out a stop from all of its results and writes statuses, order fields and order state.
fn settle_stop(desk: &Desk, tx: &mut Tx<'_>, stop_uuid: &str) -> Result<Settled, Error> {
    let Some((_, stop)) = removal_lists::stop(tx, stop_uuid)? else {
        return refuse(RefusalCode::NotFound, format!("there is no stop {stop_uuid}"));
    };
    let rows = removal_lists::results(tx, Some(stop_uuid))?;
    let returned: Vec<Returned> = rows.iter().map(returned).collect();
    let mut merged = merge::merge(&returned);
    removal_photo::keep_found(tx, stop_uuid, &mut merged.fields)?;
    for row in &rows {
        let key = (row.field_result_id.clone(), row.content_sha256.clone());
        if let Some(status) = merged.statuses.get(&key)
            && row.merge_status != status.as_str()
        {
            removal_lists::put_result(tx, &ResultRow { merge_status: status.as_str().to_owned(), ..row.clone() })?;
        }
    }
    let job = Job::find(tx, &stop.order_no)?;
    let has_conflict = merged.statuses.values().any(|s| *s == MergeStatus::Conflict);
    let is_live = removal_lists::sent_stop_of(tx, job.order_no())?.as_deref() == Some(stop_uuid)
        && matches!(job.status(), "dispatched" | "attempted" | "completed" | "pulled");
    let (mut status, mut lacking) = (job.status().to_owned(), Vec::new());
    if is_live {
        let (judged, missing) = job.judge(desk, tx, &merged.fields)?;
        (status, lacking) = (judged.to_owned(), missing);
        let json = serde_json::to_string(&merged.fields).unwrap_or_default();
        if status != job.status() || json != job.result_json() {
            job.write(tx, ("merge", &status), &json, false)?;
        }
        let stop_status = if has_conflict { "conflict" } else { status.as_str() };
        removal_lists::set_stop_status(tx, stop_uuid, stop_status)?;
    }
    Ok(Settled { order_no: stop.order_no, status, lacking, statuses: merged.statuses })
}

fn returned(row: &ResultRow) -> Returned {
    Returned {
        result: FieldResult {
            field_result_id: row.field_result_id.clone(),
            stop_uuid: row.stop_uuid.clone(),
            base_version: row.base_version,
            fields: serde_json::from_str(&row.fields_json).unwrap_or_default(),
        },
        against: serde_json::from_str(&row.against_json).unwrap_or_default(),
        verdict: match row.verdict.as_deref() {
            Some("kept") => Some(Verdict::Kept),
            Some("refused") => Some(Verdict::Refused),
            Some(_) | None => None,
        },
    }
}

/// A conflict that waits for a person: one line for every field in dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The order.
    pub order_no: String,
    /// What `removal conflicts --keep` takes.
    pub result_key: String,
    /// Field in dispute; `status` when the whole order was taken back.
    pub field: String,
    /// What the crew reported.
    pub value: String,
    /// What stands against it.
    pub against: String,
}

/// Conflicts that wait for a person, by order and result.
///
/// # Errors
/// When the database cannot be read.
pub fn conflicts(db: &impl Db) -> Result<Vec<Conflict>, Error> {
    let mut found = Vec::new();
    for row in removal_lists::results(db, None)? {
        let order_no = removal_lists::stop(db, &row.stop_uuid)?.map(|(_, s)| s.order_no).unwrap_or_default();
        let others = removal_lists::results(db, Some(&row.stop_uuid))?;
        found.extend(disputes(&order_no, &row, &others));
    }
    found.sort_by(|a, b| (&a.order_no, &a.result_key, &a.field).cmp(&(&b.order_no, &b.result_key, &b.field)));
    Ok(found)
}

fn disputes(order_no: &str, row: &ResultRow, others: &[ResultRow]) -> Vec<Conflict> {
    let mine = returned(row);
    let is_same_row =
        |o: &ResultRow| (&o.field_result_id, &o.content_sha256) == (&row.field_result_id, &row.content_sha256);
    let rivals: Vec<&ResultRow> =
        others.iter().filter(|o| !is_same_row(o) && o.verdict.as_deref() != Some("refused")).collect();
    let is_reused = rivals.iter().any(|o| o.field_result_id == row.field_result_id);
    let tail = if is_reused { format!("#{}", row.content_sha256.get(..8).unwrap_or_default()) } else { String::new() };
    let line = |field: &str, value: &str, against: String| Conflict {
        order_no: order_no.to_owned(),
        result_key: format!("{}{tail}", row.field_result_id),
        field: field.to_owned(),
        value: value.to_owned(),
        against,
    };
    let mut found = Vec::new();
    if let Some(why) = mine.against.get(TAKEN_BACK) {
        found.push(line(TAKEN_BACK, mine.result.fields.get("result_code").map_or("", String::as_str), why.clone()));
    }
    for (field, value) in &mine.result.fields {
        let mut against: Vec<String> = Vec::new();
        against.extend(mine.against.get(field).filter(|o| *o != value).map(|o| format!("office: {o}")));
        for rival in &rivals {
            let theirs = returned(rival);
            let is_other = theirs.result.fields.get(field).is_some_and(|v| v != value);
            if is_other && (!merge::JOINED.contains(&field.as_str()) || is_reused) {
                let other = theirs.result.fields.get(field).cloned().unwrap_or_default();
                against.push(format!("{}: {other}", rival.field_result_id));
            }
        }
        if !against.is_empty() {
            found.push(line(field, value, against.join("; ")));
        }
    }
    found
}

/// Settles a conflict. With `keep` the named result holds and the rivals that were in conflict with it are refused; without it
/// the named result itself is refused. Refused results stay on record. Returns the order and its state.
///
/// # Errors
/// `E_NOT_FOUND`, `E_ROLE`, `E_NO_TRANSITION` when a result is kept for an order that was taken back, or a failure.
pub fn settle(desk: &Desk, result_key: &str, keep: bool) -> Result<(String, String), Error> {
    if desk.role != Role::Supervisor {
        return refuse(RefusalCode::Role, "a supervisor settles conflicts (--role supervisor)");
    }
    desk.with(|tx| {
        let (id, tail) = result_key.split_once('#').unwrap_or((result_key, ""));
        let waiting = removal_lists::results(tx, None)?;
        let mut named = waiting.iter().filter(|r| r.field_result_id == id && r.content_sha256.starts_with(tail));
        let Some(row) = named.next() else {
            return refuse(RefusalCode::NotFound, format!("no conflict has the result {result_key}"));
        };
        if named.next().is_some() {
            let message = format!("two reports carry {id}; name one as `removal conflicts` lists it");
            return refuse(RefusalCode::NotFound, message);
        }
        if let Some(why) = returned(row).against.get(TAKEN_BACK).filter(|_| keep) {
            let message =
                format!("{why}; put the finding into a note or a new order, and settle this with --drop {id}");
            return refuse(RefusalCode::NoTransition, message);
        }
        for other in removal_lists::results(tx, Some(&row.stop_uuid))? {
            let is_named =
                (&other.field_result_id, &other.content_sha256) == (&row.field_result_id, &row.content_sha256);
            let verdict = match (is_named, keep) {
                (true, true) => "kept",
                (true, false) => "refused",
                (false, true) if other.merge_status == "conflict" && other.verdict.is_none() => "refused",
                (false, _) => continue,
            };
            removal_lists::set_verdict(tx, &other, verdict)?;
        }
        let settled = settle_stop(desk, tx, &row.stop_uuid)?;
        Ok((settled.order_no, settled.status))
    })
}
