//! Merging returned files is a function of the set of their rows: whatever the order of the files, their split and their
//! repetition, the database ends the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use rusqlite::Connection;
use taptrace::model::date::{CivilDate, Instant};
use taptrace::pipeline::casework::{Desk, Policy, Role};
use taptrace::pipeline::removal_merge::{self, ReturnedTable};
use taptrace::pipeline::removal_photo::PhotoFolder;
use taptrace::store::{Authorship, Writer};
use tempfile::TempDir;

use crate::support;

/// Three orders that a crew is out with, one of them changed by the office since.
fn city(path: &Path) {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let dir = support::temp_dir();
        build(&dir.path().join("t.db"));
        dir
    });
    std::fs::copy(made.path().join("t.db"), path).unwrap();
}

fn build(path: &Path) {
    drop(Writer::open(path).unwrap());
    let c = Connection::open(path).unwrap();
    let mut sql = String::from(
        "INSERT INTO case_file (case_id, case_no, status, place, customer_class, violation_on, opened_on)
           VALUES (1, 'IC-1', 'enforcement', 'x', 'residential', '2026-04-01', '2026-04-02');
         INSERT INTO removal_list (removal_list_id, list_no, version, crew, work_on, frozen_at) VALUES (1, 'RL-1', 1, 'A', '2026-05-05', 'x');",
    );
    for i in 1..=3 {
        let version = if i == 3 { 6 } else { 5 };
        sql.push_str(&format!(
            "INSERT INTO tap (tap_id, tap_no, tap_uuid, tap_use, lifecycle, control_state, origin, lon, lat, position_method)
               VALUES ({i}, 'T{i}', 'u{i}', 'domestic', 'out_of_service', 'open', 'authorized', -95.9, 36.1, 'gnss_rtk');
             INSERT INTO removal_order (removal_order_id, order_no, tap_id, case_id, reason, status, priority, method, row_version)
               VALUES ({i}, 'RO-{i}', {i}, {}, 'x', 'dispatched', 3, 'saddle_or_sleeve_removed', {version});
             INSERT INTO removal_stop (stop_uuid, removal_list_id, seq, order_no, base_version, facts_json, result_status)
               VALUES ('{}', 1, {i}, 'RO-{i}', 5, '{{\"method\":\"corp_closed_and_severed_at_main\"}}', 'dispatched');",
            if i == 1 { "1" } else { "NULL" },
            stop(i)
        ));
    }
    c.execute_batch(&sql).unwrap();
}

fn stop(i: usize) -> String {
    format!("0190a000-0000-7000-8000-0000000000{i:02}")
}

/// (stop, result, code, note, photos): small ranges, so that results repeat, agree and contradict.
type Pick = (usize, usize, usize, usize, usize);

/// Rows of a file, and whether the crew brought its photos.
type File = (Vec<BTreeMap<String, String>>, bool);

fn row((at, id, code, note, photos): Pick) -> BTreeMap<String, String> {
    let text = |list: &[&str], i: usize| list[i].to_owned();
    let mut row: BTreeMap<String, String> = [
        ("field_result_id", format!("0190a000-0000-7000-8000-00000000{at:02}{id:02}")),
        ("stop_uuid", stop(at)),
        ("base_version", "5".to_owned()),
        ("result_code", text(&["done", "not_found", "done", "not_found", "vanished"], code)),
        ("method_done", text(&["corp_closed_and_severed_at_main", "disconnected_at_curb_stop", "", "", ""], code)),
        ("note", text(&["", "dug twice", "rain"], note)),
        ("crew", "A".to_owned()),
        ("arrived_at", "2026-05-05T14:00:00Z".to_owned()),
        ("left_at", "2026-05-05T15:00:00Z".to_owned()),
        ("ties", "corporation_stop|hydrant|1|N|3; curb_stop|hydrant|1|N|9".to_owned()),
    ]
    .map(|(k, v)| (k.to_owned(), v))
    .into();
    // 3.jpg is nowhere; 4.jpg is the same picture as 2.jpg.
    if photos > 0 {
        row.insert("before_photo".to_owned(), ["1.jpg", "1.jpg", "1.jpg", "2.jpg"][photos - 1].to_owned());
        row.insert("after_photo".to_owned(), ["2.jpg", "2.jpg; 3.jpg", "3.jpg", "4.jpg"][photos - 1].to_owned());
    }
    row
}

/// Merges files; returns how many rows were new.
fn merge(path: &Path, files: &[&File], photos: &PhotoFolder) -> usize {
    let mut n_new = 0;
    let desk = Desk {
        db: path.to_owned(),
        policy: Policy::example(),
        today: CivilDate::parse("2026-05-06").unwrap(),
        role: Role::Supervisor,
        expected_version: None,
        by: Authorship { actor: "t".into(), reason: "t".into(), at: Instant("2026-05-06T00:00:00Z".into()) },
    };
    for (rows, has_photos) in files {
        let table = ReturnedTable {
            origin: "f.csv".into(),
            sha256: format!("{rows:?}"),
            byte_len: 1,
            rows: rows.clone(),
            broken: Vec::new(),
        };
        let done = removal_merge::merge_table(&desk, &table, has_photos.then_some(photos)).unwrap();
        let sum = done.n_applied + done.n_duplicate + done.n_conflict + done.rejects.len();
        assert_eq!(done.n_read, sum, "the summary adds up");
        n_new += done.n_applied + done.n_conflict;
    }
    n_new
}

/// Two results of one stop that fill a field differently both wait for a person, unless the field is one that is joined.
fn nothing_is_overwritten(path: &Path) -> Result<(), TestCaseError> {
    const JOINED: [&str; 6] = ["note", "device", "crew", "ties", "before_photo", "after_photo"];
    let c = Connection::open(path).unwrap();
    let mut statement = c.prepare("SELECT stop_uuid, fields_json, merge_status FROM field_result").unwrap();
    let rows: Vec<(String, BTreeMap<String, String>, String)> = statement
        .query_map([], |r| Ok((r.get(0)?, serde_json::from_str(&r.get::<_, String>(1)?).unwrap(), r.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (a_stop, a, a_status) in &rows {
        for (_, b, b_status) in rows.iter().filter(|r| r.0 == *a_stop) {
            let differs = a
                .iter()
                .any(|(name, value)| !JOINED.contains(&name.as_str()) && b.get(name).is_some_and(|v| v != value));
            prop_assert!(!differs || (a_status == "conflict" && b_status == "conflict"), "{a:?} {b:?}");
        }
        let order = "SELECT o.result_json FROM removal_order o JOIN removal_stop s ON s.order_no = o.order_no WHERE s.stop_uuid = ?1";
        let result: String = c.query_row(order, [a_stop], |r| r.get(0)).unwrap();
        let result: BTreeMap<String, String> = serde_json::from_str(&result).unwrap();
        let is_done = result.get("result_code").is_some_and(|code| code == "done");
        let are_files = result.get("photo_basis").is_some_and(|basis| basis == "files");
        let status = "SELECT o.status FROM removal_order o JOIN removal_stop s ON s.order_no = o.order_no WHERE s.stop_uuid = ?1";
        let status: String = c.query_row(status, [a_stop], |r| r.get(0)).unwrap();
        if status == "completed" {
            prop_assert!(is_done && result.contains_key("before_photo") && result.contains_key("after_photo"));
            let n_files = "SELECT COUNT(*) FROM field_photo WHERE stop_uuid = ?1";
            let n_files: i64 = c.query_row(n_files, [a_stop], |r| r.get(0)).unwrap();
            prop_assert!(!are_files || n_files >= 2, "completed without its photos");
        }
    }
    Ok(())
}

/// Everything that merging may change, as text. The audit log tells the history and so differs.
fn dump(path: &Path) -> Vec<String> {
    let c = Connection::open(path).unwrap();
    let mut lines = Vec::new();
    for table in [
        "removal_order",
        "removal_stop",
        "field_result",
        "field_result_file",
        "field_photo",
        "evidence",
        "tap",
        "tap_tie",
        "inventory_change",
    ] {
        // Under which of its names a picture came first, and in which row it stands, is history.
        let columns = if table == "evidence" { "evidence_no, case_id, kind, sha256, mime, lon, lat" } else { "*" };
        let mut statement = c.prepare(&format!("SELECT {columns} FROM {table}")).unwrap();
        let n = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> = (0..n).map(|i| format!("{:?}", row.get_ref(i).unwrap())).collect();
            found.push(format!("{table} {}", cells.join("|")));
        }
        found.sort();
        lines.extend(found);
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_order_and_repetition_of_files_ends_in_the_same_database(
        rows in proptest::collection::vec(
            (prop::sample::select(&[1usize, 1, 1, 2, 3][..]), 0usize..3, 0usize..5, 0usize..3, 0usize..=4), 3..7),
        // Files share rows, and a row may come first without and later with its photos.
        files in proptest::collection::vec(
            (proptest::collection::vec(any::<prop::sample::Index>(), 1..4), any::<bool>()), 2..6),
        shuffle in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let files: Vec<File> = files
            .into_iter()
            .map(|(picks, has)| (picks.into_iter().map(|i| row(rows[i.index(rows.len())])).collect(), has))
            .collect();
        let dir = support::temp_dir();
        let folder = dir.path().join("photos");
        std::fs::create_dir(&folder).unwrap();
        for (name, lon) in [("1.jpg", -95.9), ("2.jpg", -95.0), ("4.jpg", -95.0)] {
            std::fs::write(folder.join(name), support::jpeg(lon, 36.1, "2026:05:05 14:10:00")).unwrap();
        }
        let photos = PhotoFolder::open(&folder).unwrap();
        let (one, two) = (dir.path().join("one.db"), dir.path().join("two.db"));
        for path in [&one, &two] {
            city(path);
        }
        let straight: Vec<&File> = files.iter().collect();
        let mut other: Vec<&File> = files.iter().rev().collect();
        for index in &shuffle {
            let moved = other.remove(index.index(other.len()));
            other.push(moved);
            other.insert(0, straight[index.index(straight.len())]);
        }
        merge(&one, &straight, &photos);
        merge(&two, &other, &photos);
        prop_assert_eq!(dump(&one), dump(&two));
        nothing_is_overwritten(&one)?;
        prop_assert_eq!(merge(&one, &straight, &photos), 0, "the same files once more say nothing new");
        prop_assert_eq!(dump(&one), dump(&two));
    }
}
