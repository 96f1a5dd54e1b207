//! What `taptrace case` prints: a case, a list, what is due, the estimates, a letter, the packet.

use std::path::Path;

use super::desk::{reader, write_document, write_rows};
use super::{Failure, Global, Outcome, desk};
use crate::export::{letter, packet};
use crate::model::money::Cents;
use crate::model::report::{Block, Column, Section};
use crate::pipeline::case_dossier::{self, Dossier};
use crate::pipeline::case_letter::{self, Sheet};
use crate::pipeline::case_money::{self, Assessed, Assessment};
use crate::pipeline::casework::{self, Desk, Error};
use crate::pipeline::{case_due, case_packet};
use crate::store::case_notice;
use crate::store::cases::{self, CaseFilter};

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

/// Lists what waits.
pub(crate) fn due(global: &Global, desk: &Desk) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let rows = case_due::list(desk, &db).map_err(|e| desk::failure(global, &e))?;
    let cells: Vec<Vec<String>> = rows.into_iter().map(|d| vec![d.since, d.what, d.task, d.assigned_to]).collect();
    write_rows(global, &["since", "what", "task", "assigned_to"], &cells)?;
    Ok(if cells.is_empty() { Outcome::Done } else { Outcome::Look })
}

/// Shows one case.
pub(crate) fn show(global: &Global, desk: &Desk, case_no: &str) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let shown = case_dossier::gather(desk, &db, case_no).map_err(|e| desk::failure(global, &e))?;
    write_document(global, &json(&shown), &text(&shown))?;
    Ok(Outcome::Done)
}

fn json(shown: &Dossier) -> serde_json::Value {
    let mut map = serde_json::Map::new();
    for section in &shown.sections {
        let mut tables = Vec::new();
        for block in &section.blocks {
            match block {
                Block::Pairs(pairs) if section.key == "case" => {
                    map.extend(pairs.iter().map(|(k, v)| ((*k).to_owned(), serde_json::Value::from(v.as_str()))));
                }
                Block::Pairs(pairs) => tables.push(object(pairs.iter().map(|(k, v)| (*k, v.as_str())))),
                Block::Table { columns, rows } => {
                    tables.extend(
                        rows.iter()
                            .map(|row| object(columns.iter().map(|c| c.key).zip(row.iter().map(String::as_str)))),
                    );
                }
                Block::Text(_) | Block::Picture { .. } | Block::Letter { .. } => {}
            }
        }
        if section.key != "case" {
            map.insert(section.key.to_owned(), serde_json::Value::from(tables));
        }
    }
    map.insert("balance_cents".to_owned(), serde_json::Value::from(shown.balance.0));
    serde_json::Value::Object(map)
}

fn object<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> serde_json::Value {
    pairs.map(|(k, v)| (k.to_owned(), serde_json::Value::from(v))).collect::<serde_json::Map<_, _>>().into()
}

fn text(shown: &Dossier) -> String {
    let mut out = String::new();
    for section in shown.sections.iter().filter(|s| !s.is_empty()) {
        if section.key != "case" {
            out.push_str(&format!("\n{}\n", section.heading.to_lowercase()));
        }
        section_text(section, &mut out);
    }
    out
}

fn section_text(section: &Section, out: &mut String) {
    let indent = if section.key == "case" { "" } else { "  " };
    for block in &section.blocks {
        match block {
            Block::Pairs(pairs) => {
                for (name, value) in pairs.iter().filter(|(_, v)| !v.is_empty()) {
                    out.push_str(&format!("{indent}{name:<21} {value}\n"));
                }
            }
            Block::Text(lines) => lines.iter().for_each(|l| out.push_str(&format!("{indent}{l}\n"))),
            Block::Table { columns, rows } => rows.iter().for_each(|row| out.push_str(&row_text(columns, row))),
            Block::Picture { .. } | Block::Letter { .. } => {}
        }
    }
}

/// One row on a line; empty cells are left out, a long warning keeps its name.
fn row_text(columns: &[Column], row: &[String]) -> String {
    let cells: Vec<String> = columns
        .iter()
        .zip(row)
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(column, cell)| match column.key {
            "warnings" => format!("WARNING: {cell}"),
            "keyed_at" => format!("(keyed {cell})"),
            "sha256" => format!("sha256 {cell}"),
            _ => cell.clone(),
        })
        .collect();
    format!("  {}\n", cells.join("  "))
}

/// Shows the four estimates, and with a method the charges that were posted.
pub(crate) fn charge(global: &Global, desk: &Desk, case_no: &str, wanted: &Assessment) -> Result<Outcome, Failure> {
    let done = if wanted.method.is_some() {
        case_money::assess(desk, case_no, wanted)
    } else {
        case_money::estimates(desk, &reader(global)?, case_no, wanted)
    };
    let done = done.map_err(|e| desk::failure(global, &e))?;
    let total: i64 = done.lines.iter().map(|l| l.amount_cents).sum();
    write_document(global, &charge_json(&done, total), &charge_text(global, &done, (case_no, total)))?;
    Ok(Outcome::Done)
}

fn charge_text(global: &Global, done: &Assessed, (case_no, total): (&str, i64)) -> String {
    let earlier =
        if done.offense.1.is_empty() { String::new() } else { format!(" after {}", done.offense.1.join(" ")) };
    let mut text = format!(
        "use {} to {} ({}), offense {}{earlier}\n",
        done.period.0, done.period.1, done.period.2, done.offense.0
    );
    for e in &done.estimates {
        let volume = e.gallons.map_or("-".to_owned(), |g| format!("{} gal", g.0));
        let amount = e.amount.map_or("-".to_owned(), |a| a.to_string());
        text.push_str(&format!("  {:<14} {volume:>14} {amount:>12}  {}\n", e.method, e.explanation));
    }
    for l in &done.lines {
        let amount = Cents(l.amount_cents).to_string();
        text.push_str(&format!("posted {:<14} {amount:>12}  {}\n", l.fee_code, l.authority));
    }
    if done.lines.is_empty() {
        text.push_str(&format!(
            "choose one: `{}`\n",
            global.next(&format!("taptrace case charge {case_no} --method METHOD --reason WHY"))
        ));
    } else {
        text.push_str(&format!("total {}\n", Cents(total)));
    }
    text
}

fn charge_json(done: &Assessed, total: i64) -> serde_json::Value {
    let estimates: Vec<_> = done
        .estimates
        .iter()
        .map(|e| {
            serde_json::json!({ "method": e.method, "gallons": e.gallons.map(|g| g.0),
                "amount_cents": e.amount.map(|a| a.0), "explanation": e.explanation })
        })
        .collect();
    let lines: Vec<_> = done
        .lines
        .iter()
        .map(
            |l| serde_json::json!({ "fee_code": l.fee_code, "amount_cents": l.amount_cents, "authority": l.authority }),
        )
        .collect();
    serde_json::json!({ "use_from": done.period.0.to_string(), "use_to": done.period.1.to_string(),
        "basis": done.period.2, "offense_no": done.offense.0, "earlier": done.offense.1, "estimates": estimates,
        "lines": lines, "total_cents": total })
}

fn as_letter(sheet: Sheet) -> letter::Letter {
    letter::Letter { body: sheet.body, recipient: sheet.recipient, foot: sheet.foot, banner: sheet.banner }
}

/// Prints the last notice again from its stored text.
pub(crate) fn reprint(global: &Global, case_no: &str, kind: Option<&str>) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let found = casework::case(&db, case_no)
        .and_then(|case| Ok(case_notice::last(&db, case.case_id)?))
        .map_err(|e| desk::failure(global, &e))?;
    let Some(notice) = found else {
        return Err(
            Failure::input(format!("{case_no} has no notice")).hint(format!("run `taptrace case notice {case_no}`"))
        );
    };
    let sheets = case_letter::sheets(case_no, &notice, kind);
    if sheets.is_empty() {
        let kinds: Vec<&str> = notice.recipients.iter().map(|r| r.address_kind.as_str()).collect();
        return Err(Failure::input(format!("{} did not go to {}", notice.notice_no, kind.unwrap_or("anybody")))
            .hint(format!("it went to {}", kinds.join(", "))));
    }
    let is_pdf = global.output.as_deref().is_some_and(|p| p.extension().is_some_and(|e| e == "pdf"));
    let bytes = if is_pdf {
        let letters: Vec<letter::Letter> = sheets.into_iter().map(as_letter).collect();
        letter::letters(&format!("Notice {} in case {case_no}", notice.notice_no), &letters)
    } else {
        let wanted = notice.recipients.iter().filter(|r| kind.is_none_or(|k| r.address_kind == k));
        let texts: Vec<String> = wanted.map(|r| case_letter::text(&notice, r)).collect();
        texts.join("\u{c}\n").into_bytes()
    };
    let mut out = super::output::Sink::open(global.output.as_deref())?;
    std::io::Write::write_all(&mut out, &bytes)?;
    out.finish()?;
    Ok(Outcome::Done)
}

/// Writes and seals the packet.
pub(crate) fn packet(global: &Global, desk: &Desk, case_no: &str, folder: &Path) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let contents = case_packet::contents(desk, &db, case_no).map_err(|e| desk::failure(global, &e))?;
    let mut documents =
        vec![(format!("{case_no}.pdf"), packet::packet(&contents.title, &contents.foot, &contents.sections))];
    for (name, sheet) in contents.letters {
        documents.push((name.clone(), letter::letters(&name, &[as_letter(sheet)])));
    }
    let sealed = case_packet::seal(desk, case_no, folder, &documents).map_err(|e| desk::failure(global, &e))?;
    let text = format!(
        "sealed {} as {sealed}\nverify with `{}`\n",
        folder.display(),
        global.next(&format!("taptrace case packet {case_no} {} --verify", folder.display()))
    );
    write_document(global, &serde_json::json!({ "sealed_sha256": sealed }), &text)?;
    Ok(Outcome::Done)
}

/// Verifies a packet folder against a given seal, or against the seals on record.
pub(crate) fn verify(global: &Global, case_no: &str, folder: &Path, sealed: Option<&String>) -> Result<String, Error> {
    let seals = match sealed {
        Some(seal) => vec![seal.clone()],
        None => case_packet::seals(&crate::store::Reader::open(&global.db)?, case_no)?,
    };
    let n_files = case_packet::verify(folder, &seals)?;
    Ok(format!("{n_files} files are as they were sealed"))
}
