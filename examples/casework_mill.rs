//! Fills a database with open cases and removal orders, to measure lists and shows: `casework_mill DB [CASES] [ORDERS]`.
//!
//! The database needs premises and taps, as `taptrace sample --parcels 12000` and five imports make them.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring program")]

use std::path::PathBuf;

use taptrace::model::date::Instant;
use taptrace::store::case_notice::{self, NoticeRow, RecipientRow};
use taptrace::store::case_party::{self, PartyRow};
use taptrace::store::case_work::{self, ChargeRow, InspectionRow};
use taptrace::store::cases::{self, CaseRow, StepRow};
use taptrace::store::holds::{self, HoldRow, NoteRow};
use taptrace::store::removals::{self, OrderRow};
use taptrace::store::{Authorship, Error, Tx, Writer};

/// The straight way of a case; each case stops somewhere on it.
const WAY: [&str; 9] = [
    "suspected",
    "triaged",
    "field_check_ordered",
    "field_checked",
    "confirmed",
    "owner_established",
    "assessed",
    "noticed",
    "agreement",
];
const VIOLATIONS: [&str; 3] = ["slip", "self_restored", "meter_bypass"];

fn main() {
    let mut args = std::env::args().skip(1);
    let db = PathBuf::from(args.next().expect("a database"));
    let mut count = |default: usize| args.next().map_or(default, |n| n.parse().expect("a count"));
    let (n_cases, n_orders) = (count(10_000), count(5_000));
    let by =
        Authorship { actor: "mill".into(), reason: "measuring".into(), at: Instant("2026-07-01T12:00:00Z".into()) };
    let places: Vec<(i64, i64, String, i64, String)> = {
        let db = rusqlite::Connection::open(&db).unwrap();
        let mut statement = db
            .prepare(
                "SELECT p.premise_id, l.parcel_id, p.service_address, t.tap_id, t.tap_no FROM premise p
                 JOIN match_link l ON l.premise_id = p.premise_id AND l.rank = 1 AND l.parcel_id IS NOT NULL
                 JOIN tap_premise f ON f.premise_id = p.premise_id JOIN tap t ON t.tap_id = f.tap_id ORDER BY p.premise_id",
            )
            .unwrap();
        let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    if places.is_empty() {
        println!("no premise has a link and a tap; run `taptrace match run` first");
        return;
    }
    let mut writer = Writer::open(&db).unwrap();
    writer
        .with(&by, |tx| -> Result<(), Error> {
            for i in 0..n_cases {
                let (premise_id, parcel_id, address, ..) = &places[i % places.len()];
                one_case(tx, i, (*premise_id, *parcel_id, address))?;
            }
            for i in 0..n_orders {
                let (_, _, _, tap_id, tap_no) = &places[i % places.len()];
                let row = OrderRow {
                    order_no: format!("RO-2026-{:05}", i + 1),
                    tap_id: *tap_id,
                    tap_no: tap_no.clone(),
                    reason: "slip".into(),
                    basis: Some("permit".into()),
                    status: ["requested", "checked", "approved"][i % 3].into(),
                    priority: 1 + (i % 5) as i64,
                    ..OrderRow::default()
                };
                removals::insert(tx, &row)?;
            }
            Ok(())
        })
        .unwrap();
    println!("{n_cases} cases, {n_orders} orders on {} premises", places.len());
}

fn one_case(tx: &mut Tx<'_>, i: usize, (premise_id, parcel_id, address): (i64, i64, &str)) -> Result<(), Error> {
    let last = i % WAY.len();
    let mut case = CaseRow {
        case_no: format!("IC-2026-{:05}", i + 1),
        status: WAY[last].into(),
        violation_type: Some(VIOLATIONS[i / 5000 % 3].into()),
        premise_id: Some(premise_id),
        parcel_id: Some(parcel_id),
        place: address.into(),
        customer_class: "residential".into(),
        violation_on: format!("2026-{:02}-{:02}", 1 + i % 6, 1 + i % 28),
        opened_on: "2026-06-01".into(),
        ..CaseRow::default()
    };
    case.case_id = cases::insert(tx, &case)?;
    cases::add_source(tx, &case, "311 tip", "2026-06-01")?;
    for pair in WAY.windows(2).take(last) {
        let step = StepRow {
            from_status: pair[0].into(),
            to_status: pair[1].into(),
            stepped_on: "2026-06-02".into(),
            actor: "mill".into(),
            role: "supervisor".into(),
            ..StepRow::default()
        };
        cases::add_step(tx, case.case_id, &step)?;
    }
    let visit = InspectionRow {
        inspected_at: "2026-06-02T10:00:00Z".into(),
        inspector: "R. Ortiz".into(),
        finding: "confirmed".into(),
        indicators: "slip_found water_running".into(),
        is_meter_absent: true,
        ..InspectionRow::default()
    };
    case_work::add_inspection(tx, &case, &visit)?;
    for n in 0..3 {
        let note = NoteRow {
            scope_kind: "case".into(),
            scope_key: case.case_no.clone(),
            noted_at: "2026-06-02T10:00:00Z".into(),
            author: "mill".into(),
            role: "specialist".into(),
            note_kind: "call".into(),
            note: format!("call {n}"),
            noted_on: "2026-06-02".into(),
        };
        holds::add_note(tx, &note)?;
    }
    if last >= 5 {
        let owner = PartyRow {
            role: "owner_at_violation".into(),
            name: format!("OWNER {i}"),
            mailing: Some(format!("{i} ELM ST\nTOWN OK 74000")),
            basis: "roll".into(),
            is_liable: true,
            liability_basis: "code 1".into(),
            ..PartyRow::default()
        };
        case_party::put(tx, &case, &owner)?;
    }
    if last >= 6 {
        money(tx, i, &case, last)?;
    }
    if i.is_multiple_of(40) { hold(tx, &case) } else { Ok(()) }
}

fn hold(tx: &mut Tx<'_>, case: &CaseRow) -> Result<(), Error> {
    let hold = HoldRow {
        hold_id: 0,
        scope_kind: "case".into(),
        scope_key: case.case_no.clone(),
        hold_type: "medical".into(),
        from_on: "2026-06-03".into(),
        review_on: "2026-06-20".into(),
        released_on: None,
        basis: "doctor".into(),
    };
    holds::add(tx, &hold).map(drop)
}

fn money(tx: &mut Tx<'_>, i: usize, case: &CaseRow, last: usize) -> Result<(), Error> {
    let line = |code: &str, cents| ChargeRow {
        fee_code: code.into(),
        label: code.into(),
        authority: "code".into(),
        amount_cents: cents,
        method: String::new(),
        posted_on: "2026-06-03".into(),
    };
    case_work::replace_charges(tx, case, "2026-06-03", &[line("penalty", 25_000), line("water", 4_000)])?;
    if last < 7 {
        return Ok(());
    }
    let to = |kind: &str| RecipientRow {
        address_kind: kind.into(),
        address: "OWNER\n1 ELM ST".into(),
        ..RecipientRow::default()
    };
    let notice = NoticeRow {
        notice_no: format!("NT-2026-{:05}", i + 1),
        template: "default".into(),
        sha256: "0".into(),
        body: "{recipient}\nHOW TO DISPUTE\nwrite to us".repeat(20),
        issued_on: "2026-06-04".into(),
        respond_by: format!("2026-{}-20", if i.is_multiple_of(2) { "06" } else { "09" }),
        has_dispute_text: true,
        recipients: vec![to("service_address"), to("assessor_mailing")],
        ..NoticeRow::default()
    };
    case_notice::add(tx, case, &notice)?;
    if last == 8 {
        let rows: Vec<(String, i64)> = (6..12).map(|m| (format!("2026-{m:02}-10"), 4_000)).collect();
        case_work::put_plan(tx, case, "2026-06-05", &rows)?;
        case_work::add_payment(tx, case, "2026-06-10", 4_000, "r")?;
    }
    Ok(())
}
