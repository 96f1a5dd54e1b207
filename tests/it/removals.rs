//! Removals through the real binary: an order that cannot cut off the wrong house, lists, returned files in every form that a
//! crew sends, conflicts, and containers that are pulled. Every refusal of removals is produced here or in `cases::removal`.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::support;

/// The binary in a directory, as a supervisor on a day.
fn run(dir: &Path, on: &str, args: &[&str]) -> Output {
    let role: &[&str] = if args.contains(&"--role") { &[] } else { &["--role", "supervisor"] };
    Command::new(env!("CARGO_BIN_EXE_taptrace"))
        .args(args)
        .args(role)
        .args(["--on", on, "--reason", "story"])
        .env("TAPTRACE_DB", dir.join("t.db"))
        .env("TAPTRACE_ACTOR", "tester")
        .current_dir(dir)
        .output()
        .unwrap()
}

fn ok(dir: &Path, on: &str, args: &[&str]) -> String {
    let out = run(dir, on, args);
    assert!(matches!(out.status.code(), Some(0 | 1)), "{args:?}\n{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn refused(dir: &Path, on: &str, args: &[&str], code: &str) {
    let out = run(dir, on, args);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.code() == Some(2) && text.contains(code), "{args:?} should be {code}: {text}");
    assert!(text.contains("hint: "), "{args:?} has no hint: {text}");
}

/// Four lots on a street; taps with and without ties; a premise with water, one without, two that owe for refuse.
fn city() -> TempDir {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    copy_of(MADE.get_or_init(|| {
        let dir = support::temp_dir();
        build(dir.path());
        dir
    }))
}

fn copy_of(made: &TempDir) -> TempDir {
    let copy = support::temp_dir();
    support::copy_folder(made.path(), copy.path());
    copy
}

fn build(dir: &Path) {
    drop(taptrace::store::Writer::open(&dir.join("t.db")).unwrap());
    let c = Connection::open(dir.join("t.db")).unwrap();
    c.execute_batch(
        "INSERT INTO source_snapshot VALUES (1, 'parcels', 'test', 'test', 'x', 1, '2026-01-01', '2026-01-01T00:00:00Z', 't', 1, 1, 0, 0, '[]');
         INSERT INTO premise (premise_id, premise_no, service_address, lon, lat, snapshot_id, row_no) VALUES
           (1, 'P1', '12 OAK ST', -95.99, 36.15, 1, 1), (2, 'P2', '14 OAK ST', -95.99, 36.15, 1, 2),
           (3, 'P3', '16 OAK ST', -95.991, 36.151, 1, 3), (4, 'P4', '18 OAK ST', -95.992, 36.151, 1, 4);
         INSERT INTO account (account_no, service_kind, premise_id, status, holder_name, balance_cents, snapshot_id, row_no) VALUES
           ('0007', 'water', 1, 'closed', 'DEBTOR ONE', 0, 1, 1), ('0008', 'water', 2, 'active', NULL, 0, 1, 2),
           ('0009', 'refuse', 3, 'active', 'DEBTOR TWO', 50000, 1, 3), ('0010', 'refuse', 2, 'active', NULL, 90000, 1, 4),
           ('0011', 'refuse', 4, 'active', NULL, 30000, 1, 5), ('0012', 'water', 4, 'closed', NULL, 0, 1, 6),
           ('0013', 'refuse', 1, 'active', NULL, 50, 1, 7);
         INSERT INTO meter (meter_no, premise_id, snapshot_id) VALUES ('000512', 1, 1);
         INSERT INTO tap (tap_id, tap_no, tap_uuid, tap_use, size_milli_in, main_size_milli_in, lifecycle, control_state, origin, lon, lat, position_method, service_address) VALUES
           (1, 'T1', 'u1', 'domestic', 750, 6000, 'in_service', 'meter_pulled', 'authorized', -95.99, 36.15, 'gnss_rtk', '12 OAK ST'),
           (2, 'T2', 'u2', 'domestic', 750, 6000, 'in_service', 'open', 'authorized', NULL, NULL, NULL, '14 OAK ST'),
           (3, 'T3', 'u3', 'domestic', 750, 6000, 'out_of_service', 'open', 'authorized', NULL, NULL, NULL, '12 OAK ST REAR'),
           (4, 'T4', 'u4', 'fire', 6000, 8000, 'out_of_service', 'open', 'authorized', -95.991, 36.15, 'gnss_rtk', '16 OAK ST');
         INSERT INTO tap_premise VALUES (1, 1), (2, 2), (3, 1), (4, 3);
         INSERT INTO tap_tie (tap_id, what, reference, reference_label, direction, distance_ft, source) VALUES
           (1, 'corporation_stop', 'property_line', 'W line', 'E', 14.5, 'tap_card'), (1, 'curb_stop', 'main_valve', 'V-9', 'N', 30, 'tap_card'),
           (1, 'main_cover_depth', 'street_centerline', '', '', 5.5, 'tap_card'),
           (3, 'main_cover_depth', 'street_centerline', '', '', 5.5, 'tap_card'), (3, 'curb_stop', 'hydrant', '3', 'N', 30, 'tap_card');",
    )
    .unwrap();
}

const DAY: &str = "2026-05-05";
const ONE: &str = "RO-2026-00001";
const LIST: &str = "RL-2026-00001";
const KILL: &str = "corp_closed_and_severed_at_main";
const A: &str = "0190a000-0000-7000-8000-00000000000a";
const B: &str = "0190a000-0000-7000-8000-00000000000b";

/// Order 1 for tap T1, approved.
fn approved(dir: &Path) {
    ok(dir, DAY, &["removal", "request", "T1", "--basis", "permit 1", "--safety", "dog", "--valves", "V-9, V-10"]);
    ok(dir, DAY, &["removal", "check", ONE, "--premises", "1", "--fire", "no"]);
    ok(dir, DAY, &["removal", "approve", ONE, "--method", KILL]);
}

fn ticket(order: &str, start: &str, expires: &str) -> Vec<String> {
    [
        "removal",
        "ticket",
        order,
        "00260505000001",
        "--start",
        start,
        "--expires",
        expires,
        "--area",
        "street",
        "--clear",
    ]
    .iter()
    .map(|t| (*t).to_owned())
    .collect()
}

fn with_ticket(dir: &Path, order: &str) {
    let args = ticket(order, "2026-05-05", "2026-05-14");
    ok(dir, DAY, &args.iter().map(String::as_str).collect::<Vec<_>>());
}

/// A city with order 1 on a list, frozen and sent out; UUID and base version of its stop.
fn sent_out() -> (TempDir, (String, String)) {
    static MADE: OnceLock<(TempDir, (String, String))> = OnceLock::new();
    let (dir, stop) = MADE.get_or_init(|| {
        let dir = city();
        let stop = send_out(dir.path());
        (dir, stop)
    });
    (copy_of(dir), stop.clone())
}

fn send_out(dir: &Path) -> (String, String) {
    approved(dir);
    ok(dir, DAY, &["removal", "list", "--make", "--yard", "-95.9,36.1", "--crew", "A", "--work-on", "2026-05-06"]);
    with_ticket(dir, ONE);
    let frozen = ok(dir, DAY, &["removal", "freeze", LIST, "--format", "json"]);
    let frozen: serde_json::Value = serde_json::from_str(&frozen).unwrap();
    assert_eq!(frozen["version"], 1);
    ok(dir, DAY, &["removal", "dispatch", LIST]);
    (frozen["stops"][0]["stop_uuid"].as_str().unwrap().to_owned(), frozen["stops"][0]["base_version"].to_string())
}

const HEADER: &str = "field_result_id,stop_uuid,base_version,ticket_no,result_code,method_done,arrived_at,left_at,crew,before_photo,after_photo,ties";

fn row(id: &str, (stop, base): &(String, String), code: &str, ticket: &str, photo: &str) -> String {
    format!(
        "{id},{stop},{base},{ticket},{code},{KILL},2026-05-06T14:00:00Z,2026-05-06T15:00:00Z,A,1.jpg,{photo},corporation_stop|property_line|W line|E|14.5; curb_stop|hydrant|114|N|30"
    )
}

fn write(dir: &Path, name: &str, rows: &[String]) {
    std::fs::write(dir.join(name), format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
}

#[test]
fn an_order_that_cannot_cut_off_the_wrong_house() {
    let dir = city();
    let dir = dir.path();
    for tap in ["T1", "T2", "T3", "T4"] {
        ok(dir, DAY, &["removal", "request", tap, "--basis", "permit 1"]);
    }
    refused(dir, DAY, &["removal", "request", "T1", "--basis", "permit 1"], "E_DUPLICATE_ORDER");
    refused(dir, DAY, &["removal", "request", "T99", "--basis", "permit 1"], "E_NOT_FOUND");
    let (two, three, four) = ("RO-2026-00002", "RO-2026-00003", "RO-2026-00004");
    refused(dir, DAY, &["removal", "check", two, "--premises", "1", "--fire", "no"], "E_ACTIVE_SERVICE");
    refused(dir, DAY, &["removal", "check", ONE, "--premises", "2", "--fire", "no"], "other_premises_served_count");
    // A depth and one tie do not find a tap.
    refused(dir, DAY, &["removal", "check", three, "--premises", "1", "--fire", "no"], "E_NOT_LOCATABLE");
    refused(dir, DAY, &["removal", "check", four, "--premises", "1", "--fire", "no"], "fire_service_flag_known");
    let shown = run(dir, DAY, &["removal", "show", two]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.status.code(), Some(1));
    for words in
        ["0008 water active  ACTIVE", "E_ACTIVE_SERVICE", "E_NOT_LOCATABLE", "811 ticket   none", "main         6\""]
    {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    ok(dir, DAY, &["hold", "tap", "T1", "dispute"]);
    refused(dir, DAY, &["removal", "check", ONE, "--premises", "1", "--fire", "no"], "E_OPEN_DISPUTE");
    ok(dir, DAY, &["hold", "tap", "T1", "--release"]);
    ok(dir, DAY, &["removal", "check", ONE, "--premises", "1", "--fire", "no"]);
    let approve = ["removal", "approve", ONE, "--method", KILL];
    ok(dir, DAY, &["hold", "tap", "T1", "court"]);
    refused(dir, DAY, &approve, "E_HOLD");
    ok(dir, DAY, &["hold", "tap", "T1", "--release"]);
    refused(dir, DAY, &["removal", "approve", ONE, "--method", "dug"], "E_CODE");
    refused(dir, DAY, &["removal", "approve", ONE, "--method", KILL, "--role", "specialist"], "E_ROLE");
    refused(dir, DAY, &["removal", "approve", ONE, "--method", KILL, "--if-version", "1"], "E_ROW_VERSION");
    ok(dir, DAY, &["removal", "approve", ONE, "--method", KILL, "--if-version", "2"]);
    refused(dir, DAY, &["removal", "advance", ONE, "gone"], "E_UNKNOWN_STATE");
    refused(dir, DAY, &["removal", "advance", ONE, "recorded"], "E_NO_TRANSITION");
    refused(dir, DAY, &["removal", "list", "--make", "--order", three], "E_LIST_STATE");
    refused(dir, DAY, &["removal", "list", "--make", "--list", "RL-2026-00099"], "E_NOT_FOUND");
}

#[test]
fn a_list_is_frozen_versioned_and_sent_out_with_live_tickets_only() {
    let dir = city();
    let dir = dir.path();
    approved(dir);
    ok(dir, DAY, &["removal", "list", "--make", "--yard", "-95.9,36.1"]);
    refused(dir, DAY, &["removal", "freeze", LIST], "E_LIST_STATE");
    refused(dir, DAY, &["removal", "dispatch", LIST], "E_LIST_STATE");
    refused(dir, DAY, &["removal", "list", "--make", "--order", ONE], "E_ON_OTHER_LIST");
    ok(dir, DAY, &["removal", "list", "--make", "--list", LIST, "--crew", "A", "--work-on", "2026-05-06"]);
    ok(dir, DAY, &["removal", "freeze", LIST]);
    refused(dir, DAY, &["removal", "freeze", LIST], "E_LIST_STATE");
    refused(dir, DAY, &["removal", "dispatch", LIST], "E_TICKET_MISSING");
    for (start, expires, code) in
        [("2026-04-01", "2026-04-10", "E_TICKET_EXPIRED"), ("2026-05-09", "2026-05-08", "E_PERIOD")]
    {
        let args = ticket(ONE, start, expires);
        refused(dir, DAY, &args.iter().map(String::as_str).collect::<Vec<_>>(), code);
    }
    with_ticket(dir, ONE);
    // The paper does not show the new ticket.
    refused(dir, DAY, &["removal", "dispatch", LIST], "E_ROW_VERSION");
    let made = ok(dir, DAY, &["removal", "list", "--make", "--list", LIST]);
    assert!(made.contains("version 2 (draft)") && made.contains("ticket_expires: none -> 2026-05-14"), "{made}");
    ok(dir, DAY, &["removal", "freeze", LIST]);
    refused(dir, "2026-05-20", &["removal", "dispatch", LIST], "E_TICKET_EXPIRED");
    let tickets = run(dir, "2026-05-20", &["removal", "tickets"]);
    assert_eq!(tickets.status.code(), Some(1));
    assert!(String::from_utf8(tickets.stdout).unwrap().contains("expired"));
    for name in ["l.pdf", "l.html", "l.csv", "l.geojson", "l.kml", "l.gpx", "l.gpkg", "p.pdf"] {
        let public: &[&str] = if name == "p.pdf" { &["--public", "--paper", "a4"] } else { &[] };
        ok(dir, DAY, &[&["removal", "print", LIST, "-o", name], public].concat());
        assert!(std::fs::metadata(dir.join(name)).unwrap().len() > 200, "{name}");
    }
    ok(dir, DAY, &["removal", "print", LIST, "--format", "gpkg", "-o", "packed"]);
    for (args, words) in [
        (&["removal", "print", LIST, "-o", "l.docx"][..], "not printed as .docx"),
        (&["removal", "print", LIST, "--format", "gpkg"], "needs a file"),
    ] {
        refused(dir, DAY, args, words);
    }
    let list = std::fs::read_to_string(dir.join("l.csv")).unwrap();
    for words in ["dog (noted 2026-05-05)", "\"V-9, V-10\"", "DEBTOR ONE", "000512", "5.5 ft"] {
        assert!(list.contains(words), "{words} in {list}");
    }
    ok(dir, DAY, &["removal", "dispatch", LIST]);
    refused(dir, DAY, &["removal", "close", LIST], "E_LIST_STATE");
    let c = Connection::open(dir.join("t.db")).unwrap();
    c.execute("UPDATE removal_stop SET facts_json = replace(facts_json, '12 OAK', '13 OAK')", []).unwrap();
    refused(dir, DAY, &["removal", "show", LIST], "E_HASH_MISMATCH");
}

#[test]
fn results_come_back_conflict_and_are_recorded() {
    let (dir, stop) = sent_out();
    let dir = dir.path();
    write(dir, "excel.csv", &[row(A, &stop, "done", "260505000001", "2.jpg")]);
    refused(
        dir,
        DAY,
        &["removal", "merge", "excel.csv"],
        "E_SPREADSHEET_DAMAGE: excel.csv: column ticket_no, row 1: leading zeros",
    );
    write(dir, "no_photo.csv", &[row(A, &stop, "done", "00260505000001", "")]);
    write(dir, "a.csv", &[row(A, &stop, "done", "00260505000001", "2.jpg"), row(A, &stop, "vanished", "", "2.jpg")]);
    write(dir, "b.csv", &[row(B, &stop, "not_found", "", "2.jpg")]);
    let bare = ok(dir, DAY, &["removal", "merge", "no_photo.csv"]);
    assert!(bare.contains(&format!("{ONE} is attempted, needs a photo after")), "{bare}");
    let first = ok(dir, DAY, &["removal", "merge", "a.csv"]);
    assert!(first.contains("read 2, applied 1, duplicate 0, conflict 0, rejected 1"), "{first}");
    assert!(first.contains(&format!("{ONE} is completed")), "{first}");
    assert!(ok(dir, DAY, &["removal", "merge", "a.csv"]).contains("applied 0, duplicate 1, conflict 0, rejected 1"));
    assert!(ok(dir, DAY, &["removal", "merge", "b.csv"]).contains("applied 0, duplicate 0, conflict 1"));
    let waiting = ok(dir, DAY, &["removal", "conflicts"]);
    assert!(waiting.contains("result_code") && waiting.contains("not_found") && waiting.contains(B), "{waiting}");
    let record = ["removal", "record", ONE, "--cost", "1500", "--restoration", "none"];
    refused(dir, DAY, &record, "E_NO_TRANSITION");
    refused(dir, DAY, &["removal", "conflicts", "--keep", B, "--role", "specialist"], "E_ROLE");
    refused(dir, DAY, &["removal", "conflicts", "--keep", "nobody"], "E_NOT_FOUND");
    ok(dir, DAY, &["removal", "conflicts", "--drop", B]);
    refused(dir, DAY, &[&record[..], &["--role", "specialist"]].concat(), "E_ROLE");
    let recorded = ok(dir, DAY, &record);
    assert!(recorded.contains("T1 is now removed_at_main"), "{recorded}");
    assert!(ok(dir, DAY, &["removal", "inventory"]).contains("removed_at_main"));
    let c = Connection::open(dir.join("t.db")).unwrap();
    let n: i64 = c.query_row("SELECT COUNT(*) FROM tap_tie WHERE source = ?1", [ONE], |r| r.get(0)).unwrap();
    assert_eq!(n, 2, "the crew's ties stand on the tap's record");
    // A late report about a recorded order waits for a person, and cannot be kept.
    write(dir, "late.csv", &[row("0190a000-0000-7000-8000-00000000000c", &stop, "done", "", "9.jpg")]);
    assert!(ok(dir, DAY, &["removal", "merge", "late.csv"]).contains("conflict 1"));
    refused(dir, DAY, &["removal", "conflicts", "--keep", "0190a000-0000-7000-8000-00000000000c"], "E_NO_TRANSITION");
    ok(dir, DAY, &["removal", "conflicts", "--drop", "0190a000-0000-7000-8000-00000000000c"]);
    assert_eq!(ok(dir, DAY, &["removal", "conflicts", "--format", "json"]).trim(), "[]");
}

#[test]
fn what_the_office_changed_meanwhile_waits_for_a_person() {
    let (dir, stop) = sent_out();
    let dir = dir.path();
    let c = Connection::open(dir.join("t.db")).unwrap();
    c.execute_batch(
        "UPDATE removal_order SET method = 'disconnected_at_curb_stop', row_version = row_version + 1 WHERE order_no = 'RO-2026-00001'",
    )
    .unwrap();
    write(dir, "a.csv", &[row(A, &stop, "done", "", "2.jpg")]);
    let merged = ok(dir, DAY, &["removal", "merge", "a.csv"]);
    assert!(merged.contains("applied 0, duplicate 0, conflict 1") && merged.contains("is dispatched"), "{merged}");
    let waiting = ok(dir, DAY, &["removal", "conflicts"]);
    assert!(waiting.contains("method_done") && waiting.contains("office: disconnected_at_curb_stop"), "{waiting}");
    assert!(ok(dir, DAY, &["removal", "conflicts", "--keep", A]).contains("completed"));
    let newer = (stop.0.clone(), "99".to_owned());
    write(dir, "b.csv", &[row(B, &newer, "done", "", "2.jpg")]);
    assert!(ok(dir, DAY, &["removal", "merge", "b.csv"]).contains("newer_than_order"));
}

#[test]
fn every_form_of_a_returned_file_says_the_same() {
    for form in ["excel.csv", "excel.xlsx", "list.csv", "list.geojson", "list.gpkg"] {
        let (dir, stop) = sent_out();
        let dir = dir.path();
        if !form.starts_with("excel") {
            ok(dir, DAY, &["removal", "print", LIST, "-o", form]);
        }
        let path = dir.join(form);
        let fill = [
            ("result_code", "done"),
            ("method_done", KILL),
            ("arrived_at", "2026-05-06T14:00:00Z"),
            ("left_at", "2026-05-06T15:00:00Z"),
            ("crew", "A"),
            ("before_photo", "1.jpg"),
            ("after_photo", "2.jpg"),
        ];
        match form {
            "excel.csv" => {
                let text = format!("{HEADER}\n{}\n", row(A, &stop, "done", "00260505000001", "2.jpg"));
                let text =
                    text.replace("; ", " \u{1} ").replace(',', ";").replace(" \u{1} ", "; ").replace('\n', "\r\n");
                // The ties hold a semicolon themselves, so a spreadsheet quotes them.
                let text = text.replace("corporation_stop|", "\"corporation_stop|").replace("|N|30\r", "|N|30\"\r");
                std::fs::write(&path, format!("\u{feff}{text}")).unwrap();
            }
            "excel.xlsx" => {
                let line = row(A, &stop, "done", "00260505000001", "2.jpg");
                std::fs::write(&path, sheet(&[HEADER, &line])).unwrap();
            }
            "list.csv" => {
                let mut reader = csv::Reader::from_path(&path).unwrap();
                let header = reader.headers().unwrap().clone();
                let record = reader.records().next().unwrap().unwrap();
                let value = |(name, old): (&str, &str)| {
                    fill.iter().find(|f| f.0 == name).map_or(old.to_owned(), |f| f.1.to_owned())
                };
                let filled: Vec<String> = header.iter().zip(&record).map(value).collect();
                let mut writer = csv::Writer::from_path(&path).unwrap();
                writer.write_record(&header).unwrap();
                writer.write_record(&filled).unwrap();
                writer.flush().unwrap();
            }
            "list.geojson" => {
                let mut root: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                for (name, value) in fill {
                    root["features"][0]["properties"][name] = value.into();
                }
                std::fs::write(&path, root.to_string()).unwrap();
            }
            _ => {
                let c = Connection::open(&path).unwrap();
                let is_empty = |_: &rusqlite::functions::Context<'_>| Ok(false);
                c.create_scalar_function("ST_IsEmpty", 1, rusqlite::functions::FunctionFlags::SQLITE_UTF8, is_empty)
                    .unwrap();
                for edge in ["ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"] {
                    let zero = |_: &rusqlite::functions::Context<'_>| Ok(0.0);
                    c.create_scalar_function(edge, 1, rusqlite::functions::FunctionFlags::SQLITE_UTF8, zero).unwrap();
                }
                for (name, value) in fill {
                    c.execute(&format!("UPDATE field_result SET {name} = ?1"), [value]).unwrap();
                }
            }
        }
        let merged = ok(dir, DAY, &["removal", "merge", form]);
        assert!(merged.contains("read 1, applied 1, duplicate 0, conflict 0, rejected 0"), "{form}: {merged}");
        assert!(merged.contains(&format!("{ONE} is completed")), "{form}: {merged}");
        assert!(ok(dir, DAY, &["removal", "merge", form]).contains("duplicate 1"), "{form}");
    }
}

/// An XLSX file of comma-separated lines, every cell a text.
fn sheet(lines: &[&str]) -> Vec<u8> {
    let rows: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(y, line)| {
            let cells: String = line.split(',').enumerate().map(|(x, text)| support::xlsx_cell(x, y, text)).collect();
            format!(r#"<row r="{}">{cells}</row>"#, y + 1)
        })
        .collect();
    support::workbook(&rows.concat(), None)
}

#[test]
fn a_workbook_that_excel_damaged_is_refused_with_its_column() {
    let (dir, stop) = sent_out();
    let dir = dir.path();
    let column = |name: &str| HEADER.split(',').position(|c| c == name).unwrap();
    let line = row(A, &stop, "done", "00260505000001", "2.jpg");
    // What Excel stores when it takes a text for a number or a day: 46146 is 2026-05-05, style 1 is a date.
    for (name, stored) in [
        ("ticket_no", "<v>260505000001</v>"),
        ("arrived_at", "<v>46146.5833333333</v>"),
        ("after_photo", "<v>46085</v>"),
    ] {
        let x = column(name);
        let at = support::xlsx_cell(x, 1, line.split(',').nth(x).unwrap());
        let style = if name.ends_with("_at") || name.ends_with("_photo") { " s=\"1\"" } else { "" };
        let cell = format!(r#"<c r="{}2"{style}>{stored}</c>"#, support::xlsx_column(x));
        let cells: String = line.split(',').enumerate().map(|(x, text)| support::xlsx_cell(x, 1, text)).collect();
        assert!(cells.contains(&at));
        let header: String = HEADER.split(',').enumerate().map(|(x, text)| support::xlsx_cell(x, 0, text)).collect();
        let rows = format!(r#"<row r="1">{header}</row><row r="2">{}</row>"#, cells.replace(&at, &cell));
        std::fs::write(dir.join("damaged.xlsx"), support::workbook(&rows, None)).unwrap();
        let said = format!("damaged.xlsx: column {name}, row 1");
        refused(dir, DAY, &["removal", "merge", "damaged.xlsx"], &said);
    }
}

#[test]
fn photos_come_with_the_results_and_only_files_count() {
    let (dir, stop) = sent_out();
    let dir = dir.path();
    let photos = dir.join("photos");
    std::fs::create_dir_all(photos.join("DCIM")).unwrap();
    let lines = |after: &str| [row(A, &stop, "done", "", after).replace(",1.jpg,", ",DCIM/1.jpg,")];
    write(dir, "a.csv", &lines("2.png; 3.jpg"));
    let by_name = ok(dir, DAY, &["removal", "merge", "a.csv"]);
    assert!(by_name.contains(&format!("{ONE} is completed")) && by_name.contains("judged by their names"), "{by_name}");

    // A photo at the stop, none of the others.
    std::fs::write(photos.join("DCIM").join("1.JPG"), support::jpeg(-95.99, 36.15, "2026:05:06 14:10:00")).unwrap();
    std::fs::write(photos.join("3.jpg"), "not a picture").unwrap();
    let merge = ["removal", "merge", "a.csv", "--photos", "photos"];
    let out = run(dir, DAY, &merge);
    let said = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(1), "somebody should look");
    for words in [
        "duplicate 1",
        "1 stored, 0 here before, 2 missing, 0 to look at",
        "missing RO-2026-00001 after_photo 2.png: no such file",
        "missing RO-2026-00001 after_photo 3.jpg: E_NOT_AN_IMAGE",
        "RO-2026-00001 is attempted, needs a photo after",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    refused(dir, DAY, &["removal", "record", ONE, "--cost", "1", "--restoration", "none"], "E_NO_TRANSITION");

    // The second photo was taken elsewhere, a week before.
    std::fs::write(photos.join("2.png"), support::jpeg(-95.9, 36.15, "2026:04:29 14:10:00")).unwrap();
    let said = ok(dir, DAY, &merge);
    assert!(said.contains("1 stored, 1 here before, 1 missing, 2 to look at"), "{said}");
    assert!(said.contains("taken 8076 m from the stop") && said.contains("taken 167 hours from the visit"), "{said}");
    assert!(said.contains("RO-2026-00001 is completed"), "{said}");
    let shown: serde_json::Value =
        serde_json::from_str(&ok(dir, DAY, &["removal", "show", ONE, "--format", "json"])).unwrap();
    let result = &shown["result"];
    assert_eq!(
        (&result["photo_basis"], &result["photo_missing"], &result["after_photo"]),
        (&"files".into(), &"3.jpg".into(), &"2.png".into())
    );
    for photo in shown["photos"].as_array().unwrap() {
        let sha256 = photo["sha256"].as_str().unwrap();
        let kept = dir.join("t.db.evidence").join(&sha256[..2]).join(sha256);
        assert!(kept.is_file(), "the bytes lie under their hash");
    }
    // Two files of one name, in two folders, are not told apart.
    std::fs::create_dir_all(photos.join("phone 2")).unwrap();
    std::fs::write(photos.join("phone 2").join("2.png"), support::jpeg(-95.99, 36.15, "2026:05:06 14:10:00")).unwrap();
    assert!(ok(dir, DAY, &merge).contains("2.png: several files are called so"));
    refused(dir, DAY, &["removal", "merge", "a.csv", "--photos", "nowhere"], "cannot read the folder nowhere");
}

#[test]
fn photos_of_an_order_are_evidence_of_its_case() {
    let (dir, stop) = sent_out();
    let dir = dir.path();
    let c = Connection::open(dir.join("t.db")).unwrap();
    ok(dir, DAY, &["case", "open", "--premise", "P1", "--violation", "slip", "--violation-on", "2026-04-25"]);
    c.execute("UPDATE removal_order SET case_id = 1 WHERE order_no = ?1", [ONE]).unwrap();
    std::fs::create_dir_all(dir.join("photos")).unwrap();
    for name in ["1.jpg", "2.jpg"] {
        std::fs::write(dir.join("photos").join(name), support::jpeg(-95.99, 36.15, name)).unwrap();
    }
    write(dir, "a.csv", &[row(A, &stop, "done", "", "2.jpg")]);
    ok(dir, DAY, &["removal", "merge", "a.csv", "--photos", "photos"]);
    let shown = ok(dir, DAY, &["case", "show", "IC-2026-00001"]);
    assert!(shown.contains("EV-F") && shown.contains("2.jpg"), "{shown}");
    let custody: String = c
        .query_row("SELECT from_person || ' > ' || to_person || ': ' || purpose FROM custody_event LIMIT 1", [], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!(custody, "crew A > tester: came with a result of RO-2026-00001");
    ok(dir, DAY, &["removal", "merge", "a.csv", "--photos", "photos"]);
    let n: i64 = c.query_row("SELECT COUNT(*) FROM evidence", [], |r| r.get(0)).unwrap();
    assert_eq!(n, 2, "the same photos again add nothing");

    // A photo that says it was taken elsewhere and at another time is kept with a warning.
    std::fs::write(dir.join("far.jpg"), support::jpeg(-95.9, 36.15, "2026:04:29 14:10:00")).unwrap();
    let added = ok(dir, DAY, &["case", "evidence", "IC-2026-00001", "far.jpg"]);
    assert!(added.contains("taken 8076 m from the premise"), "{added}");

    // A backup brings the files along; a check finds what was changed or is gone.
    let bare = |line: &str| support::shell(dir, &format!("TAPTRACE_DB=t.db taptrace {line}"));
    let text = |out: Output| String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    assert!(text(bare("backup copy.db")).contains("copy.db.evidence: 3 files, verified"));
    assert!(text(bare("check")).contains("nothing to report"));
    let kept: Vec<String> = ["1.jpg", "2.jpg"]
        .iter()
        .map(|name| c.query_row("SELECT sha256 FROM field_photo WHERE name = ?1", [name], |r| r.get(0)).unwrap())
        .collect();
    let file = |sha256: &str| dir.join("t.db.evidence").join(&sha256[..2]).join(sha256);
    assert!(dir.join("copy.db.evidence").join(&kept[0][..2]).join(&kept[0]).is_file());
    std::fs::write(file(&kept[0]), "changed").unwrap();
    std::fs::remove_file(file(&kept[1])).unwrap();
    let found = text(bare("check"));
    assert!(found.contains(&format!("({}) was changed", kept[0])), "{found}");
    assert!(found.contains(&format!("({}) is missing", kept[1])), "{found}");
    let refused = bare("backup second.db");
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn files_that_are_no_results_are_refused_with_their_name() {
    let dir = city();
    let dir = dir.path();
    std::fs::write(dir.join("other.csv"), "a,b\n1,2\n").unwrap();
    std::fs::write(dir.join("broken.gpkg"), b"SQLite format 3\0rubbish").unwrap();
    Connection::open(dir.join("empty.gpkg")).unwrap().execute_batch("CREATE TABLE t (a TEXT)").unwrap();
    for (name, words) in [
        ("other.csv", "column field_result_id is missing"),
        ("broken.gpkg", "broken GeoPackage"),
        ("empty.gpkg", "is missing"),
        ("absent.csv", "absent.csv"),
    ] {
        let out = run(dir, DAY, &["removal", "merge", name]);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(2) && text.contains(words) && text.contains(name), "{name}: {text}");
    }
}

#[test]
fn an_attempt_goes_on_another_list_and_an_old_paper_counts_no_more() {
    let (dir, stop) = sent_out();
    let dir = dir.path();
    write(dir, "a.csv", &[row(A, &stop, "not_found", "", "")]);
    assert!(ok(dir, DAY, &["removal", "merge", "a.csv"]).contains("is attempted"));
    ok(dir, DAY, &["removal", "advance", ONE, "listed"]);
    ok(dir, DAY, &["removal", "list", "--make", "--crew", "B", "--work-on", "2026-05-07"]);
    ok(dir, DAY, &["removal", "freeze", "RL-2026-00002"]);
    ok(dir, DAY, &["removal", "dispatch", "RL-2026-00002"]);
    write(dir, "b.csv", &[row(B, &stop, "done", "", "2.jpg")]);
    assert!(ok(dir, DAY, &["removal", "merge", "b.csv"]).contains("conflict 1"));
    assert!(ok(dir, DAY, &["removal", "conflicts"]).contains("a later list sent the order out again"));
    let lists = ok(dir, DAY, &["removal", "lists"]);
    assert!(lists.contains("RL-2026-00002") && lists.contains(LIST), "{lists}");
    assert!(ok(dir, DAY, &["removal", "close", LIST]).contains("is closed"));
}

#[test]
fn containers_are_pulled_where_refuse_is_unpaid_and_no_water_can_be_shut_off() {
    let dir = city();
    let dir = dir.path();
    // P2 owes most but has water; P1 owes too little.
    let owing = ok(dir, DAY, &["removal", "pulls"]);
    assert!(
        owing.contains("0009") && owing.contains("0011") && !owing.contains("0010") && !owing.contains("0013"),
        "{owing}"
    );
    ok(dir, DAY, &["removal", "pulls", "--request"]);
    let (one, two) = ("CP-2026-00001", "CP-2026-00002");
    refused(dir, DAY, &["removal", "show", "CP-2026-00009"], "E_NOT_FOUND");
    refused(dir, DAY, &["removal", "close", one], "E_NO_TRANSITION");
    ok(dir, DAY, &["removal", "advance", two, "cancelled"]);
    ok(dir, DAY, &["removal", "list", "--make", "--kind", "refuse", "--crew", "R", "--work-on", "2026-05-06"]);
    let frozen: serde_json::Value =
        serde_json::from_str(&ok(dir, DAY, &["removal", "freeze", LIST, "--format", "json"])).unwrap();
    assert_eq!(frozen["stops"].as_array().unwrap().len(), 1);
    ok(dir, DAY, &["hold", "premise", "P3", "bankruptcy"]);
    refused(dir, DAY, &["removal", "dispatch", LIST], "E_HOLD");
    ok(dir, DAY, &["hold", "premise", "P3", "--release"]);
    ok(dir, DAY, &["removal", "dispatch", LIST]);
    for name in ["l.pdf", "l.html", "l.csv", "l.gpkg"] {
        ok(dir, DAY, &["removal", "print", LIST, "-o", name]);
    }
    let stop = frozen["stops"][0]["stop_uuid"].as_str().unwrap();
    let header = "field_result_id,stop_uuid,base_version,result_code,arrived_at,left_at,crew,before_photo";
    let base = frozen["stops"][0]["base_version"].to_string();
    let line =
        |code: &str| format!("{header}\n{A},{stop},{base},{code},2026-05-06T14:00:00Z,2026-05-06T14:05:00Z,R,1.jpg\n");
    std::fs::write(dir.join("wrong.csv"), line("done")).unwrap();
    assert!(ok(dir, DAY, &["removal", "merge", "wrong.csv"]).contains("outside_domain"));
    std::fs::write(dir.join("right.csv"), line("pulled")).unwrap();
    assert!(ok(dir, DAY, &["removal", "merge", "right.csv"]).contains(&format!("{one} is pulled")));
    ok(dir, DAY, &["removal", "close", one]);
    let closings = ok(dir, DAY, &["removal", "closings"]);
    assert!(closings.contains("0009") && closings.contains("$500.00"), "{closings}");
}

#[test]
fn a_name_withheld_after_the_freeze_is_on_no_later_print() {
    let (dir, _) = sent_out();
    let dir = dir.path();
    let print = |form: &str| ok(dir, DAY, &["removal", "print", LIST, "--format", form]);
    assert!(print("csv").contains("DEBTOR ONE"));
    let c = Connection::open(dir.join("t.db")).unwrap();
    c.execute_batch(
        "INSERT INTO parcel (parcel_id, parcel_no, first_snapshot_id) VALUES (1, 'L1', 1);
         INSERT INTO match_link (premise_id, parcel_id, rank, status, score, steps_json, model_version, input_fingerprint)
           VALUES (1, 1, 1, 'auto_accepted', 1, '[]', 't', 't');
         INSERT INTO suppression (parcel_id, basis, order_ref, from_date, entered_by, entered_at)
           VALUES (1, 'court', 'CV-1', '2020-01-01', 't', '2026-01-01T00:00:00Z');",
    )
    .unwrap();
    for form in ["csv", "geojson"] {
        let text = print(form);
        assert!(text.contains(ONE) && !text.contains("DEBTOR"), "{text}");
    }
}
