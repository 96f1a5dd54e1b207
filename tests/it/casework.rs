//! A case and its removal from suspicion to record through the real binary, with every gate trying to stop it.

use std::path::Path;
use std::process::{Command, Output};

use rusqlite::Connection;

/// The binary in a directory, as a supervisor on a day.
fn run(dir: &Path, on: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_taptrace"))
        .args(args)
        .args(["--on", on, "--role", "supervisor", "--reason", "story"])
        .env("TAPTRACE_DB", dir.join("t.db"))
        .env("TAPTRACE_ACTOR", "tester")
        .env("TAPTRACE_TODAY", crate::support::TODAY)
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
}

/// A parcel sold in between, two premises on one tap, and one without a trusted position.
fn city(dir: &Path) {
    ok(dir, "2026-01-05", &["case", "open", "--place", "the first write makes the database"]);
    Connection::open(dir.join("t.db"))
        .unwrap()
        .execute_batch(
            "INSERT INTO source_snapshot VALUES (1, 'parcels', 'test', 'test', 'x', 1, '2026-01-01', '2026-01-01T00:00:00Z', 't', 1, 1, 0, 0, '[]');
             INSERT INTO parcel (parcel_id, parcel_no, first_snapshot_id) VALUES (1, '0001', 1);
             INSERT INTO owner_line VALUES (1, 'ALDER JO'), (2, 'BIRCH HOLDINGS LLC');
             INSERT INTO mailing_address (mailing_address_id, lines, city, state, zip) VALUES (1, '9 ELM ST', 'TOWN', 'OK', '74000');
             INSERT INTO ownership_interval (parcel_id, owner_line_id, mailing_address_id, valid_from, valid_to, last_seen, basis, snapshot_id, row_no, recorded_at)
               VALUES (1, 1, 1, '2020-01-01', '2026-02-15', '2026-01-01', 'roll', 1, 1, '2026-01-01T00:00:00Z'),
                      (1, 2, NULL, '2026-02-15', NULL, '2026-03-01', 'deed', 1, 2, '2026-03-01T00:00:00Z');
             INSERT INTO premise VALUES (1, 'P1', '12 OAK ST', NULL, NULL, -95.99, 36.15, 1, 1), (2, 'P2', '14 OAK ST', NULL, NULL, -95.99, 36.15, 1, 2);
             INSERT INTO account VALUES (1, '0007', 'water', 1, 'closed', NULL, NULL, NULL, NULL, 0, 1, 1), (2, '0008', 'water', 2, 'active', NULL, NULL, NULL, NULL, 0, 1, 2);
             INSERT INTO match_link (premise_id, parcel_id, rank, status, score, steps_json, model_version, input_fingerprint) VALUES (1, 1, 1, 'auto_accepted', 0.99, '[]', 'm', 'f');
             INSERT INTO tap (tap_id, tap_no, tap_uuid, tap_use, size_milli_in, main_size_milli_in, lifecycle, control_state, origin, lon, lat, position_method, service_address)
               VALUES (1, 'T1', 'u1', 'domestic', 750, 6000, 'in_service', 'meter_pulled', 'authorized', -95.99, 36.15, 'gnss_rtk', '12 OAK ST'),
                      (2, 'T2', 'u2', 'domestic', 750, 6000, 'in_service', 'open', 'authorized', NULL, NULL, NULL, '14 OAK ST'),
                      (3, 'T3', 'u3', 'domestic', 750, 6000, 'out_of_service', 'open', 'authorized', NULL, NULL, NULL, '16 OAK ST');
             INSERT INTO tap_premise VALUES (1, 1), (2, 2), (3, 1);",
        )
        .unwrap();
    std::fs::write(dir.join("photo.jpg"), [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3]).unwrap();
    std::fs::write(dir.join("empty.jpg"), []).unwrap();
    std::fs::write(dir.join("text.jpg"), "no image").unwrap();
}

const CASE: &str = "IC-2026-00002";

fn to_noticed(dir: &Path) {
    let go = |on: &str, args: &[&str]| ok(dir, on, args);
    go("2026-02-01", &["case", "open", "--premise", "P1", "--violation", "slip", "--source", "tip 1"]);
    refused(dir, "2026-02-01", &["case", "open", "--premise", "P1", "--violation", "slip"], "E_DUPLICATE_CASE");
    refused(dir, "2026-02-01", &["case", "open", "--premise", "P1", "--violation", "theft"], "E_CODE");
    refused(dir, "2026-02-01", &["case", "open", "--premise", "P9"], "E_NOT_FOUND");
    refused(dir, "2026-02-01", &["case", "advance", CASE, "confirmed"], "E_NO_TRANSITION");
    refused(dir, "2026-02-01", &["case", "advance", CASE, "gone"], "E_UNKNOWN_STATE");
    go("2026-02-01", &["case", "advance", CASE, "triaged"]);
    refused(dir, "2026-02-01", &["case", "advance", CASE, "field_check_ordered"], "hazard_flags_reviewed");
    go("2026-02-01", &["case", "note", CASE, "asked the route reader", "--hazards", "dog, seen 2026-01-30"]);
    go("2026-02-01", &["case", "advance", CASE, "field_check_ordered"]);
    refused(
        dir,
        "2026-02-02",
        &["case", "inspect", CASE, "--finding", "confirmed", "--at", "2026-02-09T10:00:00Z"],
        "E_FUTURE_TIME",
    );
    go("2026-02-02", &["case", "inspect", CASE, "--finding", "confirmed", "--indicator", "seal_broken", "--no-meter"]);
    go("2026-02-02", &["case", "advance", CASE, "field_checked"]);
    refused(dir, "2026-02-02", &["case", "evidence", CASE, "empty.jpg"], "E_EMPTY_FILE");
    refused(dir, "2026-02-02", &["case", "evidence", CASE, "text.jpg"], "E_NOT_AN_IMAGE");
    go("2026-02-02", &["case", "evidence", CASE, "photo.jpg"]);
    refused(dir, "2026-02-02", &["case", "evidence", CASE, "photo.jpg"], "E_DUPLICATE_EVIDENCE");
    refused(dir, "2026-02-02", &["case", "advance", CASE, "confirmed"], "E_SEAL_ONLY");
    go("2026-02-02", &["case", "inspect", CASE, "--finding", "confirmed", "--indicator", "slip_found", "--no-meter"]);
    go("2026-02-02", &["case", "advance", CASE, "confirmed"]);
    refused(dir, "2026-02-20", &["case", "advance", CASE, "owner_established"], "ownership_as_of_violation");
    refused(
        dir,
        "2026-02-20",
        &["case", "charge", CASE, "--from", "2026-01-01", "--method", "class_average"],
        "E_STAGE",
    );
    let parties = go("2026-02-20", &["case", "party", CASE, "--from-roll"]);
    assert!(parties.contains("owner_at_violation: ALDER JO"), "{parties}");
    assert!(parties.contains("BIRCH HOLDINGS LLC [deed-certain: deed of 2026-02-15"), "{parties}");
    refused(dir, "2026-02-20", &["case", "advance", CASE, "owner_established"], "E_NO_BASIS");
    go(
        "2026-02-20",
        &["case", "party", CASE, "--party-role", "owner_at_violation", "--name", "ALDER JO", "--liable", "code 1"],
    );
    go("2026-02-20", &["case", "advance", CASE, "owner_established"]);
    refused(dir, "2026-02-20", &["case", "charge", CASE, "--from", "2026-03-01", "--to", "2026-01-01"], "E_PERIOD");
    refused(
        dir,
        "2026-02-20",
        &["case", "charge", CASE, "--from", "2026-01-01", "--method", "class_average", "--fee", "repair"],
        "E_NO_FEE",
    );
    let charges = go("2026-02-20", &["case", "charge", CASE, "--from", "2026-01-01", "--method", "class_average"]);
    assert!(charges.contains("$250.00") && charges.contains("EXAMPLE"), "{charges}");
    go("2026-02-20", &["case", "advance", CASE, "assessed"]);
    std::fs::write(dir.join("bad.txt"), "pay now").unwrap();
    std::fs::write(
        dir.join("out.txt"),
        "{recipient} {case_no} {respond_by} {x}\nHOW TO DISPUTE\nwrite to us or call us",
    )
    .unwrap();
    refused(dir, "2026-02-20", &["case", "notice", CASE, "--template", "out.txt"], "E_TEMPLATE: line 1, column 36");
    refused(dir, "2026-02-20", &["case", "notice", CASE, "--template", "bad.txt"], "E_NO_DISPUTE_TEXT");
    let notice = go("2026-02-20", &["case", "notice", CASE]);
    assert!(notice.contains("answer by 2026-03-11"), "{notice}");
    refused(dir, "2026-02-20", &["case", "advance", CASE, "noticed"], "service_proof");
    for kind in ["service_address", "assessor_mailing"] {
        go("2026-02-21", &["case", "notice", CASE, "--served", kind, "--proof", "certified 1"]);
    }
    go("2026-02-21", &["case", "advance", CASE, "noticed"]);
}

/// Settles what the policy requires before a referral; how results are recorded is the next test.
fn settle_research(dir: &Path) {
    let db = Connection::open(dir.join("t.db")).unwrap();
    for step in ["roll", "deeds", "treasurer", "court", "tribal", "billing_history", "conclusion"] {
        db.execute(
            "INSERT INTO checklist_result (case_id, step, standing, result, certainty, done_on, actor, recorded_at)
             SELECT case_id, ?1, 'done', 'x', 'certain', '2026-06-21', 'tester', '2026-06-21T00:00:00Z' FROM case_file WHERE case_no = ?2",
            [step, CASE],
        )
        .unwrap();
    }
}

#[test]
fn owner_research_is_recorded_step_by_step() {
    let (dir, day) = (tempfile::tempdir().unwrap(), "2026-06-21");
    let dir = dir.path();
    city(dir);
    ok(dir, day, &["case", "open", "--premise", "P1", "--violation", "slip", "--source", "tip"]);
    fn step<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["case", "checklist", CASE, "--step"], more].concat()
    }
    std::fs::write(dir.join("deed.pdf"), "%PDF-1.4 deed").unwrap();
    refused(dir, day, &step(&["horoscope", "--result", "x"]), "E_CODE");
    refused(dir, day, &step(&["deeds", "--result", "4299/778"]), "E_EVIDENCE");
    refused(dir, day, &step(&["deeds", "--result", " ", "--document", "deed.pdf"]), "E_EVIDENCE");
    refused(dir, day, &step(&["deeds", "--result", "x", "--evidence", "EV-2026-99999"]), "E_NOT_FOUND");
    refused(dir, day, &step(&["conclusion", "--result", "ALDER JO"]), "E_EVIDENCE");
    refused(dir, day, &step(&["conclusion", "--result", "agree", "--second-read"]), "E_NOT_FOUND");
    let blank = ok(dir, day, &["case", "checklist", CASE, "--format", "json"]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&blank).unwrap();
    assert!(rows.len() == 10 && rows.iter().all(|r| r["standing"] == "open"), "{blank}");
    let shown = ok(dir, day, &["case", "show", CASE]);
    assert!(!shown.contains("deed.pdf"), "{shown}");
    settle_research(dir);
    let deed = ["--result", "4299/778, BIRCH to ALDER", "--document", "deed.pdf"];
    ok(dir, day, &step(&[&["deeds"], &deed[..]].concat()));
    // The same paper may show two things.
    ok(dir, day, &step(&["roll", "--result", "row 1 of the roll of 2026-01-01", "--document", "deed.pdf"]));
    ok(dir, day, &step(&["court", "--result", "looked up, nothing", "--not-applicable"]));
    let conclude = ["conclusion", "--result", "ALDER JO", "--certainty"];
    ok(dir, day, &step(&[&conclude[..], &["uncertain"]].concat()));
    let open = run(dir, day, &["case", "checklist", CASE]);
    assert!(String::from_utf8_lossy(&open.stderr).contains("open: conclusion (uncertain)"), "{open:?}");
    assert_eq!(open.status.code(), Some(1));
    let shown = ok(dir, day, &step(&[&conclude[..], &["certain"]].concat()));
    assert!(shown.contains("conclusion") && shown.contains("certain"), "{shown}");
    refused(dir, day, &step(&["conclusion", "--result", "agree", "--second-read"]), "E_ROLE");
    let shown = ok(dir, day, &["case", "show", CASE]);
    assert!(shown.contains("owner research") && shown.contains("4299/778, BIRCH to ALDER"), "{shown}");
    let db = Connection::open(dir.join("t.db")).unwrap();
    let n_documents: i64 =
        db.query_row("SELECT COUNT(*) FROM evidence WHERE original_name = 'deed.pdf'", [], |r| r.get(0)).unwrap();
    assert_eq!(n_documents, 1);
    assert!(db.execute("UPDATE checklist_result SET result = 'x'", []).is_err());
}

#[test]
fn a_case_from_a_tip_to_a_sealed_packet() {
    let dir = crate::support::temp_dir();
    let dir = dir.path();
    city(dir);
    to_noticed(dir);
    refused(dir, "2026-02-25", &["case", "advance", CASE, "enforcement"], "response_deadline_passed_or_hazard");
    ok(dir, "2026-03-01", &["case", "advance", CASE, "disputed", "--received-on", "2026-02-28"]);
    let decision = ok(dir, "2026-03-05", &["case", "evidence", CASE, "bad.txt", "--kind", "decision"]);
    let decision = decision.split(' ').next().unwrap();
    ok(dir, "2026-03-05", &["case", "advance", CASE, "noticed", "--decision", decision]);
    refused(dir, "2026-03-06", &["case", "plan", CASE, "--down", "0", "--instalments", "3"], "E_PLAN");
    ok(dir, "2026-03-06", &["case", "plan", CASE, "--down", "100", "--instalments", "3"]);
    ok(dir, "2026-03-06", &["case", "advance", CASE, "agreement"]);
    refused(dir, "2026-03-20", &["case", "advance", CASE, "enforcement"], "plan_default");
    ok(dir, "2026-06-20", &["case", "hold", CASE, "medical"]);
    refused(dir, "2026-06-20", &["case", "advance", CASE, "enforcement"], "E_HOLD");
    ok(dir, "2026-06-20", &["case", "hold", CASE, "medical", "--release"]);
    ok(dir, "2026-06-20", &["case", "advance", CASE, "enforcement"]);
    refused(dir, "2026-06-21", &["case", "advance", CASE, "referred"], "evidence_package_sealed");
    refused(dir, "2026-06-21", &["case", "advance", CASE, "referred"], "research_checklist: settle the owner research");
    settle_research(dir);
    let sealed = ok(dir, "2026-06-21", &["case", "packet", CASE, "out"]);
    let hash = sealed.split_whitespace().nth(3).unwrap().to_owned();
    assert!(sealed.starts_with("sealed out as "), "{sealed}");
    ok(dir, "2026-06-21", &["case", "packet", CASE, "out", "--verify", "--sealed", &hash]);
    std::fs::write(dir.join("out").join(format!("{CASE}.pdf")), "forged").unwrap();
    refused(dir, "2026-06-21", &["case", "packet", CASE, "out", "--verify"], "E_HASH_MISMATCH");
    ok(dir, "2026-06-21", &["case", "advance", CASE, "referred"]);
    refused(dir, "2026-06-22", &["case", "close", CASE, "closed_recovered"], "balance_zero");
    ok(dir, "2026-06-22", &["case", "inspect", CASE, "--finding", "no_violation", "--condition-removed"]);
    ok(dir, "2026-06-22", &["case", "close", CASE, "closed_written_off", "--authority", "council 1"]);
    refused(dir, "2026-06-23", &["case", "assign", CASE, "x"], "E_CLOSED");
    refused(dir, "2026-06-23", &["case", "reopen", CASE], "new_signal");
    ok(dir, "2026-06-23", &["case", "reopen", CASE, "--signal", "tip 2"]);
    // What was looked up for the first round stays to be seen, and is asked for again.
    let list = ["case", "checklist", CASE, "--format", "json"];
    let row = |json: &str, step: &str| {
        let rows: Vec<serde_json::Value> = serde_json::from_str(json).unwrap();
        rows.into_iter().find(|r| r["step"] == step).unwrap()
    };
    let told = run(dir, "2026-06-23", &list);
    assert!(told.status.code() == Some(1) && String::from_utf8_lossy(&told.stderr).contains("open: roll, deeds"));
    let deeds = row(&String::from_utf8(told.stdout).unwrap(), "deeds");
    assert_eq!((deeds["standing"].as_str(), deeds["result"].as_str()), (Some("open"), Some("before the reopening: x")));
    assert!(ok(dir, "2026-06-23", &["case", "show", CASE]).contains("before the reopening: x"));
    let step = ["case", "checklist", CASE, "--step", "billing_history", "--result"];
    refused(dir, "2026-06-23", &[&step[..], &["agree", "--second-read"]].concat(), "E_NOT_FOUND");
    let again =
        ok(dir, "2026-06-23", &[&step[..], &["paid by ALDER", "--evidence", decision, "--format", "json"]].concat());
    assert_eq!(row(&again, "billing_history")["result"], "paid by ALDER");
    assert_eq!(row(&again, "deeds")["standing"], "open");
}
