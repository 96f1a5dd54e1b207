//! Whatever people type, and in whatever order: a case stands in no state without the evidence of that state.
//!
//! The commands run through the library on a copy of the sample city; what must hold is read from the tables by rules written
//! here, not by those of the gates.

use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use taptrace::cases::checklist::Certainty;
use taptrace::cases::machine;
use taptrace::model::date::{CivilDate, Instant};
use taptrace::model::money::Cents;
use taptrace::pipeline::case_money::Assessment;
use taptrace::pipeline::case_party::{self, Statement};
use taptrace::pipeline::case_record::{self, CaseNote, Visit};
use taptrace::pipeline::casework::{self, Desk, Error, NewCase, Policy, Role};
use taptrace::pipeline::checklist::{self, NewResult};
use taptrace::pipeline::{case_evidence, case_letter, case_money, case_packet};
use taptrace::store::Authorship;
use taptrace::store::case_work::InspectionRow;

use crate::support;

const PREMISE: &str = "P1000402";
const CASE: &str = "IC-2026-00001";

/// A day so many days after the tip.
fn day(n: i64) -> CivilDate {
    let start = CivilDate::parse("2026-04-26").unwrap();
    taptrace::cases::calendar::plus_days(start, n).unwrap()
}

fn desk(dir: &Path, today: CivilDate, role: Role, reason: &str) -> Desk {
    Desk {
        db: dir.join("taptrace.db"),
        policy: Policy::example(),
        today,
        role,
        by: Authorship { actor: "p".into(), reason: reason.into(), at: Instant(format!("{today}T12:00:00Z")) },
        expected_version: None,
    }
}

/// What a person may do next: the straight way to the end, in which every case takes its place by and by.
const WAY: &[&str] = &[
    "to triaged",
    "hazards",
    "to field_check_ordered",
    "visit",
    "to field_checked",
    "photo",
    "to confirmed",
    "owners",
    "liable",
    "to owner_established",
    "charge",
    "to assessed",
    "notice",
    "serve service_address",
    "serve assessor_mailing",
    "to noticed",
    "plan",
    "to agreement",
    "to enforcement",
    "research",
    "packet",
    "to referred",
    "pay all",
    "removed",
    "to closed_recovered",
];
/// And what comes in between.
const ASIDE: &[&str] = &[
    "hold",
    "release",
    "dispute",
    "decide",
    "pay 5",
    "visit seal",
    "visit bare",
    "serve back",
    "to inconclusive",
    "to closed_unfounded",
    "to triaged",
    "second case",
    "one is enough",
    "to closed_written_off",
    "violation",
    "charge",
    "notice",
    "to confirmed",
    "to enforcement",
];

/// Settles the steps of the owner research that the policy requires.
fn research(d: &Desk, dir: &Path) -> Result<(), Error> {
    let paper = dir.join("deed.txt");
    std::fs::write(&paper, "deed book 1 page 2").unwrap();
    for step in ["roll", "deeds", "treasurer", "court", "tribal", "billing_history", "conclusion"] {
        let new = NewResult {
            step: step.into(),
            result: "looked up".into(),
            certainty: (step == "conclusion").then_some(Certainty::Certain),
            document: Some(paper.clone()),
            ..NewResult::default()
        };
        checklist::record(d, CASE, &new)?;
    }
    Ok(())
}

#[allow(clippy::too_many_lines, reason = "a list: one arm per command")]
fn act(d: &Desk, dir: &Path, what: &str) -> Result<(), Error> {
    let advance = |to: &str| {
        let mut request = casework::request(Some("r".into()), Some("tip".into()));
        request.write_off_authority = Some("council".into());
        casework::advance(d, CASE, to, request).map(drop)
    };
    let visit = |indicators: &str, violation: Option<&str>, is_condition_removed| {
        let row = InspectionRow {
            inspected_at: format!("{}T10:00:00Z", d.today),
            inspector: "i".into(),
            finding: "confirmed".into(),
            indicators: indicators.into(),
            is_meter_absent: true,
            ..InspectionRow::default()
        };
        case_record::inspect(d, CASE, &Visit { row, violation: violation.map(str::to_owned), is_condition_removed })
    };
    match what {
        "hazards" => {
            let note = CaseNote { text: "x".into(), hazards: Some("none".into()), ..CaseNote::default() };
            case_record::note_case(d, CASE, &note)
        }
        "one is enough" => {
            case_record::note_case(d, CASE, &CaseNote { text: "x".into(), is_one_enough: true, ..CaseNote::default() })
        }
        "visit" => visit("slip_found water_running", None, false),
        "visit bare" => {
            let row = InspectionRow {
                inspected_at: format!("{}T10:00:00Z", d.today),
                inspector: "i".into(),
                finding: "confirmed".into(),
                indicators: "slip_found water_running".into(),
                ..InspectionRow::default()
            };
            case_record::inspect(d, CASE, &Visit { row, violation: None, is_condition_removed: false })
        }
        "visit seal" => visit("seal_broken lock_broken", None, false),
        "violation" => visit("slip_found", Some("meter_bypass"), false),
        "removed" => visit("", None, true),
        "photo" => {
            let file = dir.join("photo.png");
            std::fs::write(&file, [&[0x89, b'P', b'N', b'G'][..], d.today.to_string().as_bytes()].concat()).unwrap();
            case_evidence::add(d, CASE, &file, "photo").map(drop)
        }
        "owners" => case_party::from_records(d, CASE).map(drop),
        "liable" => {
            let db = taptrace::store::Reader::open(&d.db).unwrap();
            let case = casework::case(&db, CASE)?;
            let parties = taptrace::store::case_party::list(&db, case.case_id).unwrap();
            let name =
                parties.iter().find(|p| p.role == "owner_at_violation").map_or("NOBODY".into(), |p| p.name.clone());
            drop(db);
            let said = Statement {
                role: "owner_at_violation".into(),
                name,
                liable: Some("code 1".into()),
                ..Statement::default()
            };
            case_party::state(d, CASE, &said).map(drop)
        }
        "charge" => {
            let wanted = Assessment { method: Some("fixed_months".into()), ..Assessment::default() };
            case_money::assess(d, CASE, &wanted).map(drop)
        }
        "notice" => case_letter::issue(d, CASE, "default", case_letter::LETTER_TEMPLATE).map(drop),
        "serve service_address" => case_letter::serve(d, CASE, "service_address", "x", false),
        "serve assessor_mailing" => case_letter::serve(d, CASE, "assessor_mailing", "x", false),
        "serve back" => case_letter::serve(d, CASE, "assessor_mailing", "", true),
        "plan" => case_money::agree(d, CASE, Cents(20_000), 2).map(drop),
        "pay 5" => case_money::pay(d, CASE, Cents(500), &d.today.to_string()).map(drop),
        "pay all" => {
            let balance = balance(&Connection::open(&d.db).unwrap());
            case_money::pay(d, CASE, Cents(balance), &format!("all {}", d.today)).map(drop)
        }
        "research" => research(d, dir),
        "packet" => case_packet::seal(d, CASE, &dir.join(format!("packet-{}", d.today)), &[]).map(drop),
        "hold" => case_record::hold(d, ("premise", PREMISE), "court", None).map(drop),
        "release" => case_record::release(d, ("premise", PREMISE), None).map(drop),
        "dispute" => {
            let mut request = casework::request(None, None);
            request.dispute_received_on = Some(d.today);
            casework::advance(d, CASE, "disputed", request).map(drop)
        }
        "decide" => {
            let file = dir.join("decision.txt");
            std::fs::write(&file, format!("decided {}", d.today)).unwrap();
            let paper = case_evidence::add(d, CASE, &file, "decision")?;
            let mut request = casework::request(None, None);
            request.decision_document = Some(paper.evidence_no);
            casework::advance(d, CASE, "noticed", request).map(drop)
        }
        "second case" => {
            let new = NewCase {
                premise_no: Some(PREMISE.into()),
                violation: Some("slip".into()),
                class: "residential".into(),
                ..NewCase::default()
            };
            casework::open(d, &new).map(drop)
        }
        to => advance(to.strip_prefix("to ").unwrap()),
    }
}

/// The case that everything happens to.
fn open_case(dir: &Path) {
    let new = NewCase {
        premise_no: Some(PREMISE.into()),
        violation: Some("slip".into()),
        violation_on: Some(day(-1)),
        source: Some("tip".into()),
        class: "residential".into(),
        ..NewCase::default()
    };
    casework::open(&desk(dir, day(0), Role::Specialist, "x"), &new).unwrap();
}

fn count(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |r| r.get(0)).unwrap()
}

fn balance(db: &Connection) -> i64 {
    count(
        db,
        "SELECT COALESCE((SELECT SUM(amount_cents) FROM charge_line WHERE case_id = 1 AND voided_on IS NULL), 0)
        - COALESCE((SELECT SUM(amount_cents) FROM payment WHERE case_id = 1), 0)",
    )
}

/// What the last letter and its service must show.
fn letter_holds(db: &Connection) -> Result<(), TestCaseError> {
    let is = |sql: &str| count(db, sql) > 0;

    let last = "(SELECT MAX(notice_id) FROM notice WHERE case_id = 1)";
    let unproven = format!("SELECT COUNT(*) FROM notice_recipient WHERE notice_id = {last} AND proof IS NULL");
    prop_assert!(!is(&unproven), "noticed without proof of service");
    let told = format!("SELECT COUNT(*) FROM notice WHERE notice_id = {last} AND body LIKE '%HOW TO DISPUTE%'");
    prop_assert!(is(&told));
    for to in ["service_address", "assessor_mailing"] {
        let sent = format!("SELECT COUNT(*) FROM notice_recipient WHERE notice_id = {last} AND address_kind = '{to}'");
        prop_assert!(is(&sent), "no letter to {to}");
    }
    let sums = format!(
        "SELECT COUNT(*) FROM notice WHERE notice_id = {last} AND charge_line_id_max =
                 (SELECT MAX(charge_line_id) FROM charge_line WHERE case_id = 1 AND voided_on IS NULL)"
    );
    prop_assert!(is(&sums), "the letter names other charges");
    Ok(())
}

/// What the tables must show on the day a case entered a state.
fn must_hold(db: &Connection, (from, to): (&str, &str), today: &str) -> Result<(), TestCaseError> {
    let is = |sql: &str| count(db, sql) > 0;
    match to {
        "field_check_ordered" if from == "triaged" => {
            prop_assert!(is("SELECT COUNT(*) FROM case_file WHERE case_id = 1 AND hazards IS NOT NULL"), "hazards");
        }
        "field_checked" => prop_assert!(is("SELECT COUNT(*) FROM inspection WHERE case_id = 1")),
        "confirmed" => {
            let metered = "SELECT COUNT(*) FROM inspection WHERE case_id = 1
                AND (is_meter_absent = 1 OR meter_no_seen IS NOT NULL OR reading_seen IS NOT NULL)";
            prop_assert!(is(metered), "nobody looked at the meter");
            let second = "SELECT COUNT(*) FROM inspection WHERE case_id = 1 AND indicators LIKE '%water_running%'";
            let note = "SELECT COUNT(*) FROM contact_note WHERE scope_kind = 'case' AND role = 'supervisor' AND note_kind = 'one_is_enough'";
            let seal = "SELECT COUNT(*) FROM inspection WHERE case_id = 1 AND indicators LIKE '%seal%'";
            prop_assert!(is(second) || is(note) || is(seal), "one indicator");
            prop_assert!(is("SELECT COUNT(*) FROM evidence WHERE case_id = 1 AND kind = 'photo'"));
            let proving = "SELECT COUNT(*) FROM inspection WHERE case_id = 1 AND finding = 'confirmed'
                AND (indicators LIKE '%slip%' OR indicators LIKE '%water%')";
            prop_assert!(is(proving), "confirmed on seals alone");
            prop_assert!(is("SELECT COUNT(*) FROM case_file WHERE case_id = 1 AND violation_type IS NOT NULL"));
        }
        "owner_established" => {
            let liable =
                "SELECT COUNT(*) FROM case_party WHERE case_id = 1 AND is_liable = 1 AND liability_basis <> ''";
            prop_assert!(is(liable));
            let owner = "SELECT COUNT(*) FROM case_party WHERE case_id = 1 AND role = 'owner_at_violation' AND mailing <> '' AND basis <> ''";
            prop_assert!(is(owner));
        }
        "assessed" => {
            prop_assert!(is("SELECT COUNT(*) FROM charge_line WHERE case_id = 1 AND voided_on IS NULL"));
            prop_assert!(!is("SELECT COUNT(*) FROM charge_line WHERE case_id = 1 AND authority = ''"));
            let period = "SELECT COUNT(*) FROM case_file WHERE case_id = 1 AND use_from IS NOT NULL AND use_basis <> ''
                AND estimate_json IS NOT NULL";
            prop_assert!(is(period), "charged for no period of use");
        }
        "noticed" if from == "assessed" => letter_holds(db)?,
        "agreement" => {
            prop_assert!(is("SELECT COUNT(*) FROM payment_plan WHERE case_id = 1 AND superseded_on IS NULL"))
        }
        "enforcement" => {
            prop_assert!(!is("SELECT COUNT(*) FROM hold WHERE released_on IS NULL"), "enforced under a hold");
            let passed = format!("SELECT COUNT(*) FROM notice WHERE case_id = 1 AND respond_by < '{today}'");
            prop_assert!(from == "agreement" || is(&passed), "enforced before the day");
            let late = format!(
                "SELECT COALESCE(SUM(amount_cents), 0) FROM plan_instalment WHERE due_on < '{today}' AND payment_plan_id =
                 (SELECT MAX(payment_plan_id) FROM payment_plan WHERE case_id = 1)"
            );
            let paid = "SELECT COALESCE(SUM(amount_cents), 0) FROM payment WHERE case_id = 1";
            prop_assert!(
                from != "agreement" || count(db, &late) > count(db, paid),
                "enforced although the plan is kept"
            );
        }
        "referred" => {
            prop_assert!(is("SELECT COUNT(*) FROM sealed_packet WHERE case_id = 1"));
            let n_done =
                count(db, "SELECT COUNT(DISTINCT step) FROM checklist_result WHERE case_id = 1 AND standing = 'done'");
            prop_assert!(n_done >= 7, "referred with {n_done} steps of research");
        }
        "closed_recovered" => prop_assert_eq!(balance(db), 0),
        _ => {}
    }
    if to == "closed_recovered" || to == "closed_written_off" {
        prop_assert!(is("SELECT COUNT(*) FROM case_file WHERE case_id = 1 AND condition_removed_on IS NOT NULL"));
    }
    let twins = "SELECT COALESCE(MAX(n), 0) FROM (SELECT COUNT(*) AS n FROM case_file WHERE closed_on IS NULL
        AND violation_type IS NOT NULL GROUP BY premise_id, violation_type)";
    prop_assert!(count(db, twins) <= 1, "two open cases");
    Ok(())
}

/// Times in a hundred that something on the way is forgotten.
const FORGET: usize = 12;

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_commands_reaches_a_state_without_its_evidence(
        picks in proptest::collection::vec((0usize..100, 0usize..64, 0i64..9, 0u8..4), 70)
    ) {
        let city = support::sample_city();
        let dir = city.path();
        open_case(dir);
        let db = Connection::open(dir.join("taptrace.db")).unwrap();
        let (mut next, mut now, mut n_steps, mut forgotten) = (0, 70, 0, None);
        for (percent, pick, days, role) in picks {
            now += days;
            let role = [Role::Supervisor, Role::Supervisor, Role::Supervisor, Role::Specialist][usize::from(role)];
            // Somebody forgets something now and then, and thinks of it when the next step is refused.
            if percent < FORGET && !WAY[next % WAY.len()].starts_with("to ") {
                forgotten = Some(next);
                next += 1;
            }
            let what = if percent < 60 { WAY[next % WAY.len()] } else { ASIDE[pick % ASIDE.len()] };
            let d = desk(dir, day(now), role, "x");
            let before = count(&db, "SELECT COALESCE(MAX(case_step_id), 0) FROM case_step WHERE case_id = 1");
            let done = act(&d, dir, what);
            prop_assert!(!matches!(done, Err(Error::File { .. } | Error::Table { .. })), "{what}: {done:?}");
            // A way that is blocked is left after a while.
            next += usize::from(percent < 60 && (done.is_ok() || pick % 4 == 0));
            if percent < 60 && done.is_err() && let Some(back) = forgotten.take() {
                next = back;
            }
            let stepped = "SELECT from_status, to_status, role FROM case_step WHERE case_id = 1 AND case_step_id > ?1";
            let steps: Vec<(String, String, String)> = db
                .prepare(stepped).unwrap()
                .query_map([before], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap()
                .map(Result::unwrap).collect();
            prop_assert!(done.is_ok() || steps.is_empty(), "{what} was refused and stepped");
            for (from, to, by) in steps {
                n_steps += 1;
                let rule = machine::case().transitions.iter().find(|t| t.from == from && t.to == to);
                prop_assert!(rule.is_some_and(|t| Role::parse(&by).is_some_and(|r| r.may(&t.role))), "{from} -> {to} by {by}");
                must_hold(&db, (&from, &to), &d.today.to_string())?;
            }
        }
        prop_assert!(n_steps >= 1, "the sequence went nowhere");
    }
}

/// A copy of the case's database and its evidence, for trying what happens without a step.
fn fork(dir: &Path) -> tempfile::TempDir {
    let copy = support::temp_dir();
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        if !name.to_string_lossy().starts_with("taptrace.db") {
            continue;
        }
        if entry.path().is_dir() {
            support::copy_folder(&entry.path(), &copy.path().join(name));
        } else {
            std::fs::copy(entry.path(), copy.path().join(name)).unwrap();
        }
    }
    copy
}

/// Goes on with `instead` and the rest of the way until a step is refused; returns that step.
fn refused_step(dir: &Path, instead: Option<&str>, rest: &[&'static str], mut now: i64) -> &'static str {
    let db = Connection::open(dir.join("taptrace.db")).unwrap();
    let status =
        || -> String { db.query_row("SELECT status FROM case_file WHERE case_id = 1", [], |r| r.get(0)).unwrap() };
    if let Some(what) = instead {
        drop(act(&desk(dir, day(now), Role::Supervisor, "x"), dir, what));
    }
    for what in rest {
        let Some(to) = what.strip_prefix("to ") else {
            now += 1;
            // What leans on the missing step fails with it.
            drop(act(&desk(dir, day(now), Role::Supervisor, "x"), dir, what));
            continue;
        };
        now += if *what == "to enforcement" { 120 } else { 1 };
        let (d, from) = (desk(dir, day(now), Role::Supervisor, "x"), status());
        if act(&d, dir, what).is_err() {
            assert_eq!(status(), from, "{what} was refused and stepped");
            return to;
        }
        must_hold(&db, (&from, to), &d.today.to_string()).unwrap();
    }
    ""
}

#[test]
fn what_is_left_out_or_weak_stops_the_step_that_needs_it() {
    let city = support::sample_city();
    let dir = city.path();
    open_case(dir);
    let mut now = 70;
    let needs: &[(&str, &[Option<&str>], &str)] = &[
        ("hazards", &[None], "field_check_ordered"),
        ("visit", &[None], "field_checked"),
        ("visit", &[Some("visit seal"), Some("visit bare"), Some("violation")], "confirmed"),
        ("photo", &[None], "confirmed"),
        ("owners", &[None], "owner_established"),
        ("liable", &[None], "owner_established"),
        ("charge", &[None], "assessed"),
        ("notice", &[None], "noticed"),
        ("serve service_address", &[None], "noticed"),
        ("serve assessor_mailing", &[None, Some("serve back")], "noticed"),
        ("plan", &[None], "agreement"),
        ("to enforcement", &[Some("hold"), Some("pay all")], "enforcement"),
        ("research", &[None], "referred"),
        ("packet", &[None], "referred"),
        ("pay all", &[None, Some("pay 5")], "closed_recovered"),
        ("removed", &[None], "closed_recovered"),
    ];
    let mut n_tried = 0;
    for (i, what) in WAY.iter().enumerate() {
        for (_, variants, step) in needs.iter().filter(|(left_out, _, _)| left_out == what) {
            for instead in *variants {
                let copy = fork(dir);
                // A step of the way itself is not left out: something comes before it.
                let rest = &WAY[i + usize::from(!what.starts_with("to "))..];
                assert_eq!(refused_step(copy.path(), *instead, rest, now), *step, "{instead:?} instead of {what}");
                n_tried += 1;
            }
        }
        // Between letter and answer day nothing is enforced, and a kept agreement is not broken.
        if *what == "plan" || *what == "to enforcement" {
            let copy = fork(dir);
            let early = act(&desk(copy.path(), day(now), Role::Supervisor, "x"), copy.path(), "to enforcement");
            assert!(early.is_err(), "enforced before {what}");
            n_tried += 1;
        }
        now += if *what == "to enforcement" { 120 } else { 1 };
        act(&desk(dir, day(now), Role::Supervisor, "x"), dir, what).unwrap_or_else(|e| panic!("{what}: {e}"));
    }
    assert_eq!(n_tried, 23);
}

#[test]
fn the_straight_way_passes_every_state_with_its_evidence() {
    let city = support::sample_city();
    let dir = city.path();
    open_case(dir);
    let db = Connection::open(dir.join("taptrace.db")).unwrap();
    let (mut now, mut at) = (70, "suspected".to_owned());
    for what in WAY {
        // Two instalments must be missed before an agreement is in default.
        now += if *what == "to enforcement" { 120 } else { 1 };
        let d = desk(dir, day(now), Role::Supervisor, "x");
        act(&d, dir, what).unwrap_or_else(|e| panic!("{what}: {e}"));
        if let Some(to) = what.strip_prefix("to ") {
            must_hold(&db, (&at, to), &d.today.to_string()).unwrap();
            at = to.to_owned();
        }
    }
    assert_eq!(at, "closed_recovered");
}
