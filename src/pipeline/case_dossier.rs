//! Everything on record about a case, in sections: what `case show` prints and what the sealed packet carries.
//!
//! The packet's own additions (match, ownership, letters, photos, hashes) are in `case_packet`.

use crate::model::domain;
use crate::model::money::Cents;
use crate::model::report::{Block, Section, figures, words};
use crate::store::case_work::{self, EvidenceRow};
use crate::store::cases::{self, CaseRow};
use crate::store::{Reader, case_notice, case_party, holds, removals};

use super::casework::{self, Desk, Error};
use super::checklist;

/// A case with its sections.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The row.
    pub case: CaseRow,
    /// What is owed.
    pub balance: Cents,
    /// Sections in the order of reading.
    pub sections: Vec<Section>,
}

/// Gathers a case for the screen.
///
/// # Errors
/// `E_NOT_FOUND`, or when the database cannot be read.
pub fn gather(desk: &Desk, db: &Reader, case_no: &str) -> Result<Dossier, Error> {
    let case = casework::case(db, case_no)?;
    let balance = casework::balance(db, case.case_id)?;
    let sections = vec![
        head(&case, balance),
        parties(db, &case)?,
        reports(db, &case)?,
        visits(db, &case)?,
        evidence(db, &case)?,
        assessment(&case),
        charges(db, &case, balance)?,
        notices(db, &case)?,
        agreement(desk, db, &case)?,
        checklist::section(desk, db, &case)?,
        hold_section(db, &case)?,
        notes(db, &case)?,
        next_steps(desk, db, &case)?,
        timeline(db, &case)?,
    ];
    Ok(Dossier { case, balance, sections })
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}

/// The head of a case.
fn head(c: &CaseRow, balance: Cents) -> Section {
    let violation = c.violation_type.as_deref().map(|v| format!("{v} - {}", domain::label("violation_type", v)));
    let offense = c.offense_no.map(|n| n.to_string()).unwrap_or_default();
    let pairs = vec![
        ("case_no", c.case_no.clone()),
        ("status", c.status.clone()),
        ("violation", violation.unwrap_or_default()),
        ("violation_on", c.violation_on.clone()),
        ("place", c.place.clone()),
        ("premise_no", text(c.premise_no.as_ref())),
        ("parcel_no", text(c.parcel_no.as_ref())),
        ("customer_class", c.customer_class.clone()),
        ("opened_on", c.opened_on.clone()),
        ("closed_on", text(c.closed_on.as_ref())),
        ("assigned_to", text(c.assigned_to.as_ref())),
        ("offense_no", offense),
        ("balance", balance.to_string()),
        ("owner_research", if c.is_owner_research { "needed" } else { "" }.to_owned()),
        ("hazards", text(c.hazards.as_ref())),
        ("danger", if c.is_hazard { "yes" } else { "" }.to_owned()),
        ("condition_removed_on", text(c.condition_removed_on.as_ref())),
        ("version", c.row_version.to_string()),
    ];
    Section::new("case", "Case", vec![Block::Pairs(pairs)])
}

/// Parties with the basis of each, and of each liability.
fn parties(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let rows = case_party::list(db, case.case_id)?
        .into_iter()
        .map(|p| {
            let standing = match (p.is_liable, p.is_innocent_successor) {
                (true, _) => format!("liable: {}", p.liability_basis),
                (false, true) => "innocent successor".to_owned(),
                (false, false) => String::new(),
            };
            let mailing = p.mailing.unwrap_or_default().replace('\n', ", ");
            vec![p.role, p.name, mailing, p.basis, standing]
        })
        .collect();
    let columns = vec![
        words("role", "Role", 15),
        words("name", "Name", 17),
        words("mailing", "Mailing address", 20),
        words("basis", "Basis", 30),
        words("standing", "Liability", 18),
    ];
    Ok(Section::table("parties", "Parties", columns, rows))
}

/// What the case stands on.
fn reports(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let rows = cases::sources(db, case.case_id)?.into_iter().map(|(day, reference)| vec![day, reference]).collect();
    let columns = vec![words("on", "Day", 12), words("reference", "Signal or report", 88)];
    Ok(Section::table("sources", "What the case stands on", columns, rows))
}

/// Visits.
fn visits(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let rows = case_work::inspections(db, case.case_id)?
        .into_iter()
        .map(|i| {
            let meter = match (i.meter_no_seen, i.reading_seen, i.is_meter_absent) {
                (_, _, true) => "no meter".to_owned(),
                (None, None, false) => String::new(),
                (no, reading, false) => {
                    let reading = reading.map(|r| format!(", reads {r}")).unwrap_or_default();
                    format!("meter {}{reading}", no.as_deref().unwrap_or("number not read"))
                }
            };
            let seen: Vec<String> = i.indicators.split(' ').map(|c| domain::label("indicator", c)).collect();
            vec![i.inspected_at, i.inspector, i.finding, seen.join("; "), meter, i.narrative]
        })
        .collect();
    let columns = vec![
        words("at", "Time", 20),
        words("inspector", "Inspector", 13),
        words("finding", "Finding", 12),
        words("indicators", "Seen", 22),
        words("meter", "Meter", 15),
        words("narrative", "Narrative", 20),
    ];
    Ok(Section::table("visits", "Inspections", columns, rows))
}

/// What a photo says about itself.
pub(super) fn capture_words(e: &EvidenceRow) -> String {
    let at = e.captured_at.clone().unwrap_or_default();
    let place = e.lon.zip(e.lat).map(|(lon, lat)| format!(" at {lat:.6}, {lon:.6}")).unwrap_or_default();
    format!("{at}{place}").trim().to_owned()
}

/// Evidence, its warnings and its custody.
fn evidence(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let rows = case_work::evidence(db, case.case_id)?
        .into_iter()
        .map(|e| {
            let taken = capture_words(&e);
            vec![e.evidence_no, e.kind, e.original_name, e.added_on, taken, e.warnings, e.sha256]
        })
        .collect();
    let columns = vec![
        words("evidence_no", "Number", 14),
        words("kind", "Kind", 9),
        words("file", "File", 15),
        words("added_on", "Added", 10),
        words("taken", "Taken, as the photo says", 16),
        words("warnings", "Warnings", 16),
        words("sha256", "SHA-256", 20),
    ];
    let custody = case_work::custody(db, case.case_id)?
        .into_iter()
        .map(|(no, c)| {
            let day = if c.handed_on.is_empty() { c.at.clone() } else { c.handed_on };
            vec![day, no, c.from_person, c.to_person, c.purpose, c.at]
        })
        .collect();
    let custody_columns = vec![
        words("on", "Day", 12),
        words("evidence_no", "Custody of", 15),
        words("from", "From", 15),
        words("to", "To", 15),
        words("purpose", "Purpose", 21),
        words("keyed_at", "Keyed at", 22),
    ];
    let blocks = vec![Block::Table { columns, rows }, Block::Table { columns: custody_columns, rows: custody }];
    Ok(Section::new("evidence", "Evidence and custody", blocks))
}

/// The four estimates with the chosen one.
fn assessment(case: &CaseRow) -> Section {
    let stored: serde_json::Value =
        case.estimate_json.as_deref().and_then(|j| serde_json::from_str(j).ok()).unwrap_or_default();
    let chosen = stored["chosen"].as_str().unwrap_or_default();
    let list = stored["estimates"].as_array().cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> = list
        .iter()
        .map(|e| {
            let method = e["method"].as_str().unwrap_or_default();
            let mark = if method == chosen { "chosen" } else { "" };
            let gallons = e["gallons"].as_i64().map_or_else(|| "-".to_owned(), |g| format!("{g} gal"));
            let amount = e["amount_cents"].as_i64().map_or_else(|| "-".to_owned(), |c| Cents(c).to_string());
            let how = e["explanation"].as_str().unwrap_or_default();
            vec![method.replace('_', " "), gallons, amount, mark.to_owned(), how.to_owned()]
        })
        .collect();
    let columns = vec![
        words("method", "Method", 16),
        figures("volume", "Volume", 14),
        figures("amount", "Amount", 13),
        words("chosen", "", 9),
        words("explanation", "Computation", 48),
    ];
    let earlier: Vec<String> = stored["earlier_cases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|c| c.as_str().map(str::to_owned))
        .collect();
    let period = match (&case.use_from, &case.use_to) {
        (Some(from), Some(to)) => format!("{from} to {to}"),
        _ => String::new(),
    };
    let pairs = vec![
        ("use", period),
        ("start_of_use", text(case.use_basis.as_ref())),
        ("reason_of_choice", stored["reason"].as_str().unwrap_or_default().to_owned()),
        ("earlier_offenses", earlier.join(", ")),
    ];
    Section::new("assessment", "Assessment", vec![Block::Pairs(pairs), Block::Table { columns, rows }])
}

/// Charges, payments and what is left.
fn charges(db: &Reader, case: &CaseRow, balance: Cents) -> Result<Section, Error> {
    let charged = case_work::charges(db, case.case_id)?;
    let mut rows: Vec<Vec<String>> = charged
        .iter()
        .map(|c| {
            let label = if c.method.is_empty() { c.label.clone() } else { format!("{} ({})", c.label, c.method) };
            vec![c.posted_on.clone(), label, c.authority.clone(), Cents(c.amount_cents).to_string()]
        })
        .collect();
    let paid = case_work::payments(db, case.case_id)?;
    for (day, cents, receipt) in paid {
        let what = if cents < 0 { "payment returned" } else { "payment" };
        rows.push(vec![day, format!("{what}, receipt {receipt}"), String::new(), Cents(-cents).to_string()]);
    }
    if !rows.is_empty() {
        rows.push(vec![String::new(), "Balance".to_owned(), String::new(), balance.to_string()]);
    }
    let columns = vec![
        words("on", "Day", 12),
        words("what", "Charge or payment", 42),
        words("authority", "Authority", 30),
        figures("amount", "Amount", 16),
    ];
    Ok(Section::table("charges", "Charges and payments", columns, rows))
}

/// Letters and how each was served.
fn notices(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let mut rows = Vec::new();
    for n in case_notice::all(db, case.case_id)? {
        for r in n.recipients {
            let outcome = r.outcome.unwrap_or_else(|| "not yet served".to_owned());
            let proof = r.proof.map(|p| format!(", {p}")).unwrap_or_default();
            let on = r.served_on.map(|d| format!(" {d}")).unwrap_or_default();
            let (no, issued_on, respond_by) = (n.notice_no.clone(), n.issued_on.clone(), n.respond_by.clone());
            let address = r.address.replace('\n', ", ");
            rows.push(vec![no, issued_on, respond_by, r.address_kind, address, format!("{outcome}{on}{proof}")]);
        }
    }
    let columns = vec![
        words("notice_no", "Notice", 15),
        words("issued_on", "Issued", 11),
        words("respond_by", "Answer by", 11),
        words("address_kind", "To", 15),
        words("address", "Address", 28),
        words("service", "Service", 20),
    ];
    Ok(Section::table("notices", "Notices", columns, rows))
}

fn agreement(desk: &Desk, db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let Some(plan) = case_work::plan(db, case.case_id)? else {
        return Ok(Section::new("agreement", "Payment agreement", Vec::new()));
    };
    let state = casework::plan_state(desk, db, case.case_id)?.map(|s| s.as_str().to_owned()).unwrap_or_default();
    let pairs = vec![("made_on", plan.made_on), ("state", format!("{state} on {}", desk.today))];
    let rows = plan.rows.into_iter().map(|(due, cents)| vec![due, Cents(cents).to_string()]).collect();
    let columns = vec![words("due_on", "Due", 20), figures("amount", "Amount", 20)];
    Ok(Section::new("agreement", "Payment agreement", vec![Block::Pairs(pairs), Block::Table { columns, rows }]))
}

/// Holds on the case, its premise and taps, released ones too.
fn hold_section(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let rows = holds::all(db, &casework::hold_scopes(db, case)?)?
        .into_iter()
        .map(|h| {
            let on = format!("{} {}", h.scope_kind, h.scope_key);
            vec![h.hold_type, on, h.from_on, h.review_on, text(h.released_on.as_ref()), h.basis]
        })
        .collect();
    let columns = vec![
        words("hold_type", "Hold", 14),
        words("scope", "On", 22),
        words("from_on", "From", 12),
        words("review_on", "Review", 12),
        words("released_on", "Released", 12),
        words("basis", "Basis", 28),
    ];
    Ok(Section::table("holds", "Holds", columns, rows))
}

/// Notes on the case and its premise.
fn notes(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let mut all = holds::notes(db, "case", &case.case_no)?;
    if let Some(premise_no) = &case.premise_no {
        all.extend(holds::notes(db, "premise", premise_no)?);
    }
    all.sort_by(|a, b| a.noted_on.cmp(&b.noted_on));
    let rows = all
        .into_iter()
        .map(|n| vec![n.noted_on, format!("{} ({})", n.author, n.role), n.note_kind.replace('_', " "), n.note])
        .collect();
    let columns =
        vec![words("on", "Day", 12), words("author", "By", 22), words("kind", "Kind", 14), words("note", "Note", 52)];
    Ok(Section::table("notes", "Notes", columns, rows))
}

fn next_steps(desk: &Desk, db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let rows = casework::next_steps(desk, db, case)?
        .into_iter()
        .map(|(to, lacking)| vec![to, if lacking.is_empty() { "ready".to_owned() } else { lacking.join(", ") }])
        .collect();
    let columns = vec![words("to", "Next step", 30), words("lacks", "Lacks", 70)];
    Ok(Section::table("next_steps", "Next steps", columns, rows))
}

/// What happened by the day it happened. When each line was keyed stands in the audit log.
fn timeline(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let id = case.case_id;
    let mut lines: Vec<(String, String, String)> =
        vec![(case.violation_on.clone(), "violation".to_owned(), String::new())];
    let mut add = |day: &str, what: String, by: &str| lines.push((day.to_owned(), what, by.to_owned()));
    add(&case.opened_on, "case opened".to_owned(), "");
    for (day, reference) in cases::sources(db, id)? {
        add(&day, format!("report: {reference}"), "");
    }
    for v in case_work::inspections(db, id)? {
        add(v.inspected_at.get(..10).unwrap_or_default(), format!("inspection: {}", v.finding), &v.inspector);
    }
    for e in case_work::evidence(db, id)? {
        add(&e.added_on, format!("evidence {} added ({})", e.evidence_no, e.kind), "");
    }
    for n in case_notice::all(db, id)? {
        add(&n.issued_on, format!("notice {} issued, answer by {}", n.notice_no, n.respond_by), "");
        for r in n.recipients {
            if let (Some(day), Some(outcome)) = (r.served_on, r.outcome) {
                add(&day, format!("notice {} to {}: {outcome}", n.notice_no, r.address_kind), "");
            }
        }
    }
    for (day, cents, receipt) in case_work::payments(db, id)? {
        add(&day, format!("payment {} ({receipt})", Cents(cents)), "");
    }
    if let Some(plan) = case_work::plan(db, id)? {
        add(&plan.made_on, format!("payment agreement over {} instalments", plan.rows.len()), "");
    }
    for h in holds::all(db, &casework::hold_scopes(db, case)?)? {
        add(&h.from_on, format!("hold {} on {} {}", h.hold_type, h.scope_kind, h.scope_key), "");
        if let Some(day) = h.released_on {
            add(&day, format!("hold {} released", h.hold_type), "");
        }
    }
    for [day, tap_no, order_no, kind] in removals::inventory_of_case(db, id)? {
        add(&day, format!("tap {tap_no}: {kind} ({order_no})"), "");
    }
    for s in cases::steps(db, id)? {
        let more: Vec<&str> = [s.stated.as_str(), s.reason.as_str()].into_iter().filter(|t| !t.is_empty()).collect();
        let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join("; ")) };
        add(&s.stepped_on, format!("{} -> {}{more}", s.from_status, s.to_status), &format!("{} ({})", s.actor, s.role));
    }
    for (_, day, sha256) in case_work::packets(db, id)? {
        add(&day, format!("packet sealed, {sha256}"), "");
    }
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    let rows = lines.into_iter().map(|(day, what, by)| vec![day, what, by]).collect();
    let columns = vec![words("on", "Day", 13), words("what", "What", 65), words("by", "By", 22)];
    Ok(Section::table("timeline", "Timeline", columns, rows))
}
