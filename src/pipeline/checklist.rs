//! The manual research of a case: steps of the policy, results with their documents, what is still open.

use std::path::PathBuf;

use crate::cases::checklist::{self, ResearchStep, ResultFact};
pub use crate::cases::checklist::{Certainty, Standing};
use crate::cases::refusal::RefusalCode;
use crate::model::report::{Section, words};
use crate::store::cases::CaseRow;
use crate::store::checklists::{self, ChecklistRow};
use crate::store::sources::ResponseRow;
use crate::store::{self, Db, Reader, case_work};

use super::case_evidence;
use super::casework::{self, Desk, Error, refuse};
use super::source_origin::{self, Origin};

/// What is said of a result that no longer counts because the case was reopened.
pub const BEFORE_REOPENING: &str = "before the reopening";

/// A result to record.
#[derive(Debug, Clone, Default)]
pub struct NewResult {
    /// Step.
    pub step: String,
    /// What was found, or why the step does not apply.
    pub result: String,
    /// What it says; `done` when `None`.
    pub standing: Option<Standing>,
    /// How certain it is.
    pub certainty: Option<Certainty>,
    /// File that shows it; becomes evidence of the case.
    pub document: Option<PathBuf>,
    /// Evidence of the case that shows it.
    pub evidence_no: Option<String>,
    /// The first characters of the hash of a fetched response that shows it, or [`LAST_PAGE`]; becomes evidence of the case.
    pub fetched: Option<String>,
}

/// Instead of a hash: the page read last for the parcel of the case.
pub const LAST_PAGE: &str = "last";

/// A step with the result that counts.
#[derive(Debug, Clone)]
pub struct StepStanding {
    /// The step.
    pub step: ResearchStep,
    /// The newest result; `None` when it is open.
    pub result: Option<ChecklistRow>,
    /// A second person agreed.
    pub is_second_read: bool,
    /// Of a step that is open: what was found before the case was reopened.
    pub before_reopening: Option<ChecklistRow>,
}

/// Records a result of one step. Returns the row.
///
/// # Errors
/// `E_CODE` for an unknown step, `E_EVIDENCE` when result, document or certainty is missing, `E_ROLE` when the second
/// reader is the first one, `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn record(desk: &Desk, case_no: &str, new: &NewResult) -> Result<ChecklistRow, Error> {
    let step = step_of(desk, &new.step)?;
    let standing = new.standing.unwrap_or(Standing::Done);
    complete(step, new, standing)?;
    // Checked before the document is kept, so that a refused result leaves nothing behind.
    let reader = Reader::open(&desk.db)?;
    let case = casework::case(&reader, case_no)?;
    may_record(desk, &reader, &case, new, standing)?;
    let evidence_no = match (&new.document, &new.fetched) {
        (Some(file), _) => Some(document(desk, case_no, file)?),
        (None, Some(word)) => Some(case_evidence::add_fetched(desk, case_no, &response(&reader, &case, word)?)?),
        (None, None) => new.evidence_no.clone(),
    };
    let row = ChecklistRow {
        step: new.step.clone(),
        standing: standing.as_str().to_owned(),
        result: new.result.trim().to_owned(),
        certainty: new.certainty.map(|c| c.as_str().to_owned()),
        evidence_no,
        done_on: desk.day(),
        actor: desk.by.actor.clone(),
        recorded_at: desk.by.at.0.clone(),
        ..ChecklistRow::default()
    };
    casework::change(desk, case_no, "research", |tx, case| {
        may_record(desk, tx, case, new, standing)?;
        Ok(checklists::add(tx, case, &row)?)
    })?;
    Ok(row)
}

fn step_of<'a>(desk: &'a Desk, code: &str) -> Result<&'a ResearchStep, Error> {
    match desk.policy.research_step.iter().find(|s| s.code.as_ref() == code) {
        Some(step) => Ok(step),
        None => {
            let known: Vec<&str> = desk.policy.research_step.iter().map(|s| s.code.as_ref().as_str()).collect();
            refuse(RefusalCode::Code, format!("{code} is no step of the research; one of {}", known.join(" ")))
        }
    }
}

fn complete(step: &ResearchStep, new: &NewResult, standing: Standing) -> Result<(), Error> {
    let code = step.code.as_ref();
    if new.result.trim().is_empty() {
        return refuse(RefusalCode::Evidence, format!("say what {code} showed, or why it does not apply (--result)"));
    }
    if standing != Standing::Done {
        return Ok(());
    }
    if step.needs_document && new.document.is_none() && new.evidence_no.is_none() && new.fetched.is_none() {
        let how = "--document FILE, --evidence NO or --fetched HASH";
        return refuse(RefusalCode::Evidence, format!("{code} needs its document ({how})"));
    }
    if step.needs_certainty && new.certainty.is_none() {
        return refuse(RefusalCode::Evidence, format!("{code} says how certain it is (--certainty)"));
    }
    Ok(())
}

fn may_record(desk: &Desk, db: &impl Db, case: &CaseRow, new: &NewResult, standing: Standing) -> Result<(), Error> {
    if let Some(evidence_no) = &new.evidence_no
        && !case_work::evidence(db, case.case_id)?.iter().any(|e| &e.evidence_no == evidence_no)
    {
        return refuse(RefusalCode::NotFound, format!("case {} has no evidence {evidence_no}", case.case_no));
    }
    if !matches!(standing, Standing::SecondRead | Standing::Withdrawn) {
        return Ok(());
    }
    let results = facts(db, case)?;
    match checklist::standing_of(&new.step, &results) {
        None => refuse(RefusalCode::NotFound, format!("{} has no result yet", new.step)),
        Some((first, _)) if standing == Standing::SecondRead && first.actor == desk.by.actor => {
            refuse(RefusalCode::Role, format!("{} recorded {}; a second person must read it", first.actor, new.step))
        }
        Some(_) => Ok(()),
    }
}

/// The fetched response that a word means.
fn response(reader: &Reader, case: &CaseRow, word: &str) -> Result<ResponseRow, Error> {
    let hash = if word == LAST_PAGE {
        let page = match case.parcel_id {
            Some(parcel_id) => store::pages::latest(reader, parcel_id, None)?,
            None => None,
        };
        let Some((page, _)) = page else {
            let message =
                format!("no page was read for the parcel of {}; taptrace fetch page --parcel NO", case.case_no);
            return refuse(RefusalCode::NotFound, message);
        };
        page.sha256
    } else {
        word.to_owned()
    };
    let origin = source_origin::find(reader, &hash).map_err(store::Error::from)?;
    let found = match origin {
        Some(Origin::Responses(rows)) => rows,
        Some(Origin::Snapshot { .. }) | None => Vec::new(),
    };
    let mut good: Vec<ResponseRow> = found.into_iter().filter(|r| r.status == 200).collect();
    good.sort_by(|a, b| (&a.sha256, a.response_id).cmp(&(&b.sha256, b.response_id)));
    good.dedup_by(|a, b| a.sha256 == b.sha256);
    match (good.len(), good.pop()) {
        (1, Some(row)) => Ok(row),
        (n, _) => {
            let what = if n == 0 { "no good fetched response has" } else { "several fetched responses have" };
            let message = format!("{what} a hash that begins with {word}; taptrace source show {word}");
            refuse(RefusalCode::NotFound, message)
        }
    }
}

/// Keeps the file as evidence; the same bytes may serve several steps.
fn document(desk: &Desk, case_no: &str, file: &std::path::Path) -> Result<String, Error> {
    match case_evidence::add(desk, case_no, file, "document") {
        Ok(row) => Ok(row.evidence_no),
        Err(Error::Refused(refusal)) if refusal.code == RefusalCode::DuplicateEvidence => {
            let bytes =
                std::fs::read(file).map_err(|source| Error::File { action: "read", path: file.to_owned(), source })?;
            let sha256 = crate::fieldwork::freeze::sha256_hex(&bytes);
            let reader = Reader::open(&desk.db)?;
            let case = casework::case(&reader, case_no)?;
            let held = case_work::evidence(&reader, case.case_id)?.into_iter().find(|e| e.sha256 == sha256);
            held.map(|e| e.evidence_no).ok_or(Error::Refused(refusal))
        }
        Err(error) => Err(error),
    }
}

/// Results of a case: those of its present round, and those from before it was reopened.
fn rounds(db: &impl Db, case: &CaseRow) -> Result<(Vec<ChecklistRow>, Vec<ChecklistRow>), Error> {
    let steps = store::cases::steps(db, case.case_id)?;
    let mark = casework::reopening(&steps).map_or(0, |s| s.checklist_mark);
    let rows = checklists::list(db, case.case_id)?;
    Ok(rows.into_iter().partition(|r| r.checklist_result_id > mark))
}

/// Results as the rules see them.
fn facts_of(rows: &[ChecklistRow]) -> Vec<ResultFact> {
    rows.iter()
        .filter_map(|r| {
            Some(ResultFact {
                standing: Standing::parse(&r.standing)?,
                certainty: r.certainty.as_deref().and_then(Certainty::parse),
                step: r.step.clone(),
                actor: r.actor.clone(),
            })
        })
        .collect()
}

/// The results that count: what was looked up before a reopening is asked for again.
fn facts(db: &impl Db, case: &CaseRow) -> Result<Vec<ResultFact>, Error> {
    Ok(facts_of(&rounds(db, case)?.0))
}

/// What is still open of the required steps, in words.
///
/// # Errors
/// When the database cannot be read.
pub fn open(desk: &Desk, db: &impl Db, case: &CaseRow) -> Result<Vec<String>, Error> {
    let at_stake = casework::balance(db, case.case_id)?;
    Ok(checklist::open_steps(&desk.policy.research_step, &facts(db, case)?, at_stake))
}

/// Every step of the policy with the result that counts.
///
/// # Errors
/// When the database cannot be read.
pub fn standings(desk: &Desk, db: &impl Db, case: &CaseRow) -> Result<Vec<StepStanding>, Error> {
    let (present, earlier) = rounds(db, case)?;
    let (present_facts, earlier_facts) = (facts_of(&present), facts_of(&earlier));
    let step = |step: &ResearchStep| {
        let code = step.code.as_ref();
        let counting = |rows: &[ChecklistRow], facts: &[ResultFact]| {
            let (_, is_read) = checklist::standing_of(code, facts)?;
            let counts =
                |r: &&ChecklistRow| &r.step == code && matches!(r.standing.as_str(), "done" | "not_applicable");
            rows.iter().rev().find(counts).map(|row| (row.clone(), is_read))
        };
        let now = counting(&present, &present_facts);
        StepStanding {
            step: step.clone(),
            is_second_read: now.as_ref().is_some_and(|(_, is_read)| *is_read),
            before_reopening: if now.is_none() { counting(&earlier, &earlier_facts).map(|(row, _)| row) } else { None },
            result: now.map(|(row, _)| row),
        }
    };
    Ok(desk.policy.research_step.iter().map(step).collect())
}

/// The checklist as a section of the dossier; empty before the first result.
pub(super) fn section(desk: &Desk, db: &impl Db, case: &CaseRow) -> Result<Section, Error> {
    let standings = standings(desk, db, case)?;
    let rows = if standings.iter().all(|s| s.result.is_none() && s.before_reopening.is_none()) {
        Vec::new()
    } else {
        standings.into_iter().map(row_of).collect()
    };
    let columns = vec![
        words("step", "Step", 16),
        words("standing", "Standing", 14),
        words("result", "Result", 38),
        words("document", "Document", 14),
        words("by", "By, on", 18),
    ];
    Ok(Section::table("research", "Owner research", columns, rows))
}

fn row_of(s: StepStanding) -> Vec<String> {
    let code = s.step.code.into_inner();
    let Some(result) = s.result else {
        let open = if s.step.is_required { "OPEN" } else { "open" };
        let Some(old) = s.before_reopening else {
            return vec![code, open.to_owned(), String::new(), String::new(), String::new()];
        };
        let result = format!("{BEFORE_REOPENING}: {}", old.result);
        let by = format!("{}, {}", old.actor, old.done_on);
        return vec![code, open.to_owned(), result, old.evidence_no.unwrap_or_default(), by];
    };
    let read = if s.is_second_read { ", second reader" } else { "" };
    let standing = match &result.certainty {
        Some(certainty) => format!("{}, {certainty}{read}", result.standing),
        None => format!("{}{read}", result.standing),
    };
    let by = format!("{}, {}", result.actor, result.done_on);
    vec![code, standing, result.result, result.evidence_no.unwrap_or_default(), by]
}
