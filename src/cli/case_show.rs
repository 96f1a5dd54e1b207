//! What `taptrace case` prints: a case, a list, the estimates, a letter, the packet.

use std::path::Path;

use super::desk::{reader, write_document, write_rows};
use super::{Failure, Global, Outcome, desk};
use crate::export::packet;
use crate::model::money::Cents;
use crate::pipeline::case_evidence;
use crate::pipeline::case_money::{self, Assessment};
use crate::pipeline::casework::{self, Desk, Error};
use crate::store::cases::{self, CaseFilter, CaseRow};
use crate::store::{Reader, case_work, holds};

/// Lists cases.
pub(crate) fn list(global: &Global, filter: &CaseFilter) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let rows = cases::list(&db, filter).map_err(|e| Failure::from_error(&e))?;
    let cells: Vec<Vec<String>> = rows
        .into_iter()
        .map(|c| {
            vec![
                c.case_no,
                c.status,
                c.violation_type.unwrap_or_default(),
                c.premise_no.unwrap_or_default(),
                c.place,
                c.violation_on,
                c.assigned_to.unwrap_or_default(),
            ]
        })
        .collect();
    let header = ["case_no", "status", "violation_type", "premise_no", "place", "violation_on", "assigned_to"];
    write_rows(global, &header, &cells)?;
    Ok(if cells.is_empty() { Outcome::Look } else { Outcome::Done })
}

/// Shows one case.
pub(crate) fn show(global: &Global, desk: &Desk, case_no: &str) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let shown = gather(desk, &db, case_no).map_err(|e| desk::failure(global, &e))?;
    write_document(global, &json(&shown), &text(&shown))?;
    Ok(Outcome::Done)
}

/// Sections of a case: heading and lines.
struct Shown {
    case: CaseRow,
    balance: Cents,
    sections: Vec<(&'static str, Vec<String>)>,
}

fn gather(desk: &Desk, db: &Reader, case_no: &str) -> Result<Shown, Error> {
    let case = casework::case(db, case_no)?;
    let id = case.case_id;
    let parties = cases::parties(db, id)?.into_iter().map(|p| {
        let liable = if p.is_liable { ", liable" } else { "" };
        let innocent = if p.is_innocent_successor { ", innocent successor" } else { "" };
        format!("{}: {} ({}{liable}{innocent}) {}", p.role, p.name, p.basis, p.mailing.unwrap_or_default())
    });
    let visits = case_work::inspections(db, id)?.into_iter().map(|i| {
        let meter = match (&i.meter_no_seen, i.reading_seen, i.is_meter_absent) {
            (_, _, true) => "no meter".to_owned(),
            (no, reading, false) => {
                format!("meter {} {}", no.as_deref().unwrap_or("-"), reading.map(|r| r.to_string()).unwrap_or_default())
            }
        };
        format!("{} {}: {} [{}] {meter} {}", i.inspected_at, i.inspector, i.finding, i.indicators, i.narrative)
    });
    let evidence = case_work::evidence(db, id)?.into_iter().map(|e| {
        let warning = if e.warnings.is_empty() { String::new() } else { format!(" WARNING: {}", e.warnings) };
        format!("{} {} {} sha256 {}{warning}", e.evidence_no, e.kind, e.original_name, e.sha256)
    });
    let custody = case_work::custody(db, id)?
        .into_iter()
        .map(|(no, c)| format!("{} {no}: {} -> {} ({})", c.at, c.from_person, c.to_person, c.purpose));
    let charges = case_work::charges(db, id)?
        .into_iter()
        .map(|c| format!("{}: {} [{}] {}", c.label, Cents(c.amount_cents), c.authority, c.method));
    let notice = case_work::last_notice(db, id)?.into_iter().flat_map(|n| {
        let head = format!("issued {}, answer by {}, sha256 {}", n.issued_on, n.respond_by, n.sha256);
        let to = n.recipients.into_iter().map(|r| {
            let address = r.address.replace('\n', ", ");
            format!(
                "to {} ({address}): {}",
                r.address_kind,
                r.outcome.or(r.proof).unwrap_or_else(|| "not served".to_owned())
            )
        });
        std::iter::once(head).chain(to)
    });
    let plan = casework::plan_state(desk, db, id)?.map(|s| s.as_str().to_owned());
    let live = holds::live(db, &[("case", case.case_no.clone())])?
        .into_iter()
        .map(|h| format!("{} since {}, review {}: {}", h.hold_type, h.from_on, h.review_on, h.basis));
    let notes = holds::notes(db, "case", &case.case_no)?
        .into_iter()
        .map(|n| format!("{} {} ({}): {}", n.noted_at, n.author, n.role, n.note));
    let timeline = case_work::timeline(db, case_no)?.into_iter().map(|t| t.join("  "));
    let steps = casework::next_steps(desk, db, &case)?.into_iter().map(|(to, lacking)| {
        if lacking.is_empty() { format!("{to}: ready") } else { format!("{to}: lacks {}", lacking.join(", ")) }
    });
    let sections = vec![
        ("sources", cases::sources(db, id)?),
        ("parties", parties.collect()),
        ("visits", visits.collect()),
        ("evidence", evidence.collect()),
        ("custody", custody.collect()),
        ("charges", charges.collect()),
        ("notice", notice.collect()),
        ("agreement", plan.into_iter().collect()),
        ("holds", live.collect()),
        ("notes", notes.collect()),
        ("next_steps", steps.collect()),
        ("timeline", timeline.collect()),
    ];
    Ok(Shown { balance: casework::balance(db, id)?, case, sections })
}

fn head(shown: &Shown) -> Vec<(&'static str, String)> {
    let c = &shown.case;
    let text = |v: &Option<String>| v.clone().unwrap_or_default();
    vec![
        ("case_no", c.case_no.clone()),
        ("status", c.status.clone()),
        ("violation_type", text(&c.violation_type)),
        ("violation_on", c.violation_on.clone()),
        ("place", c.place.clone()),
        ("premise_no", text(&c.premise_no)),
        ("parcel_no", text(&c.parcel_no)),
        ("assigned_to", text(&c.assigned_to)),
        ("offense_no", c.offense_no.map(|n| n.to_string()).unwrap_or_default()),
        ("balance", shown.balance.to_string()),
        ("owner_research", if c.is_owner_research { "needed" } else { "" }.to_owned()),
        ("hazards", text(&c.hazards)),
    ]
}

fn json(shown: &Shown) -> serde_json::Value {
    let mut map: serde_json::Map<String, serde_json::Value> =
        head(shown).into_iter().map(|(k, v)| (k.to_owned(), serde_json::Value::from(v))).collect();
    map.insert("balance_cents".to_owned(), serde_json::Value::from(shown.balance.0));
    map.extend(shown.sections.iter().map(|(k, v)| ((*k).to_owned(), serde_json::Value::from(v.clone()))));
    serde_json::Value::Object(map)
}

fn text(shown: &Shown) -> String {
    let mut out = String::new();
    for (name, value) in head(shown).iter().filter(|(_, v)| !v.is_empty()) {
        out.push_str(&format!("{name:<15} {value}\n"));
    }
    for (name, lines) in shown.sections.iter().filter(|(_, l)| !l.is_empty()) {
        out.push_str(&format!("\n{}\n", name.replace('_', " ")));
        for line in lines {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out
}

/// Shows the four estimates and the charges that were posted.
pub(crate) fn charge(global: &Global, desk: &Desk, case_no: &str, wanted: &Assessment) -> Result<Outcome, Failure> {
    let done = case_money::assess(desk, case_no, wanted).map_err(|e| desk::failure(global, &e))?;
    let mut text =
        format!("use {} to {} ({}), offense {}\n", done.period.0, done.period.1, done.period.2, done.offense.0);
    for e in &done.estimates {
        let volume = e.gallons.map_or("-".to_owned(), |g| format!("{} gal", g.0));
        let amount = e.amount.map_or("-".to_owned(), |a| a.to_string());
        text.push_str(&format!("  {:<14} {volume:>14} {amount:>12}  {}\n", e.method, e.explanation));
    }
    for l in &done.lines {
        text.push_str(&format!(
            "posted {:<14} {:>12}  {}\n",
            l.fee_code,
            Cents(l.amount_cents).to_string(),
            l.authority
        ));
    }
    let total: i64 = done.lines.iter().map(|l| l.amount_cents).sum();
    text.push_str(&format!("total {}\n", Cents(total)));
    let estimates: Vec<_> = done
        .estimates
        .iter()
        .map(|e| serde_json::json!({ "method": e.method, "gallons": e.gallons.map(|g| g.0), "amount_cents": e.amount.map(|a| a.0), "explanation": e.explanation }))
        .collect();
    let lines: Vec<_> = done
        .lines
        .iter()
        .map(
            |l| serde_json::json!({ "fee_code": l.fee_code, "amount_cents": l.amount_cents, "authority": l.authority }),
        )
        .collect();
    let json = serde_json::json!({ "use_from": done.period.0.to_string(), "use_to": done.period.1.to_string(),
        "basis": done.period.2, "offense_no": done.offense.0, "earlier": done.offense.1, "estimates": estimates,
        "lines": lines, "total_cents": total });
    write_document(global, &json, &text)?;
    Ok(Outcome::Done)
}

/// Prints the last notice again from its stored text.
pub(crate) fn reprint(global: &Global, case_no: &str) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let found = casework::case(&db, case_no)
        .and_then(|case| Ok(case_work::last_notice(&db, case.case_id)?))
        .map_err(|e| desk::failure(global, &e))?;
    let Some(notice) = found else {
        return Err(
            Failure::input(format!("{case_no} has no notice")).hint(format!("run `taptrace case notice {case_no}`"))
        );
    };
    let mut out = super::output::Sink::open(global.output.as_deref())?;
    let is_pdf = global.output.as_deref().is_some_and(|p| p.extension().is_some_and(|e| e == "pdf"));
    let bytes = if is_pdf { packet::letter(&notice.body) } else { notice.body.into_bytes() };
    std::io::Write::write_all(&mut out, &bytes)?;
    out.finish()?;
    Ok(Outcome::Done)
}

/// Writes and seals the packet.
pub(crate) fn packet(global: &Global, desk: &Desk, case_no: &str, folder: &Path) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let shown = gather(desk, &db, case_no).map_err(|e| desk::failure(global, &e))?;
    let head = head(&shown).into_iter().map(|(k, v)| format!("{}: {v}", k.replace('_', " "))).collect();
    let mut sections = vec![("case".to_owned(), head)];
    sections
        .extend(shown.sections.iter().filter(|(n, _)| *n != "next_steps").map(|(n, l)| ((*n).to_owned(), l.clone())));
    let pdf = packet::packet(case_no, &desk.by.at.0, &sections);
    let name = format!("{case_no}.pdf");
    let sealed = case_evidence::seal(desk, case_no, folder, (&name, &pdf)).map_err(|e| desk::failure(global, &e))?;
    let text = format!(
        "sealed {} as {sealed}\nverify with `taptrace case packet {case_no} {} --verify --sealed {sealed}`\n",
        folder.display(),
        folder.display()
    );
    write_document(global, &serde_json::json!({ "sealed_sha256": sealed }), &text)?;
    Ok(Outcome::Done)
}
