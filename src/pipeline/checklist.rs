//! The manual research of a case: steps of the policy, results with their documents, what is still open.

use std::path::PathBuf;

use crate::cases::checklist::{self, ResearchStep, ResultFact};
pub use crate::cases::checklist::{Certainty, Standing};
use crate::cases::refusal::RefusalCode;
use crate::model::report::{Block, Section, words};
use crate::store::cases::CaseRow;
use crate::store::checklists::{self, ChecklistRow};
use crate::store::{Db, Reader, case_work};

use super::case_evidence;
use super::casework::{self, Desk, Error, refuse};

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
}

/// A step with the result that counts.
#[derive(Debug, Clone)]
pub struct StepStanding {
    /// The step.
    pub step: ResearchStep,
    /// The newest result; `None` when it is open.
    pub result: Option<ChecklistRow>,
    /// A second person agreed.
    pub is_second_read: bool,
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
    may_record(desk, &reader, &casework::case(&reader, case_no)?, new, standing)?;
    let evidence_no = match &new.document {
        Some(file) => Some(document(desk, case_no, file)?),
        None => new.evidence_no.clone(),
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
    if step.needs_document && new.document.is_none() && new.evidence_no.is_none() {
        return refuse(RefusalCode::Evidence, format!("{code} needs its document (--document FILE or --evidence NO)"));
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

/// Results of a case as the rules see them.
fn facts(db: &impl Db, case: &CaseRow) -> Result<Vec<ResultFact>, Error> {
    Ok(checklists::list(db, case.case_id)?
        .into_iter()
        .filter_map(|r| {
            Some(ResultFact {
                standing: Standing::parse(&r.standing)?,
                certainty: r.certainty.as_deref().and_then(Certainty::parse),
                step: r.step,
                actor: r.actor,
            })
        })
        .collect())
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
    let rows = checklists::list(db, case.case_id)?;
    let results = facts(db, case)?;
    let newest = |code: &str| {
        let counts = |r: &&ChecklistRow| r.step == code && matches!(r.standing.as_str(), "done" | "not_applicable");
        rows.iter().rev().find(counts).cloned()
    };
    Ok(desk
        .policy
        .research_step
        .iter()
        .map(|step| {
            let standing = checklist::standing_of(step.code.as_ref(), &results);
            StepStanding {
                step: step.clone(),
                result: standing.and_then(|_| newest(step.code.as_ref())),
                is_second_read: standing.is_some_and(|(_, is_read)| is_read),
            }
        })
        .collect())
}

/// The checklist as a section of the dossier; empty before the first result.
pub(super) fn section(desk: &Desk, db: &impl Db, case: &CaseRow) -> Result<Section, Error> {
    let standings = standings(desk, db, case)?;
    let rows = if standings.iter().all(|s| s.result.is_none()) {
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
    Ok(Section::new("research", "Owner research", vec![Block::Table { columns, rows }]))
}

fn row_of(s: StepStanding) -> Vec<String> {
    let code = s.step.code.into_inner();
    let Some(result) = s.result else {
        let open = if s.step.is_required { "OPEN" } else { "open" };
        return vec![code, open.to_owned(), String::new(), String::new(), String::new()];
    };
    let read = if s.is_second_read { ", second reader" } else { "" };
    let standing = match &result.certainty {
        Some(certainty) => format!("{}, {certainty}{read}", result.standing),
        None => format!("{}{read}", result.standing),
    };
    let by = format!("{}, {}", result.actor, result.done_on);
    vec![code, standing, result.result, result.evidence_no.unwrap_or_default(), by]
}
