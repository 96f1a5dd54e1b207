//! `taptrace case checklist`: the manual research of a case, step by step.

use std::path::PathBuf;

use super::desk::{self, reader, write_rows};
use super::{Failure, Global, Outcome};

use crate::pipeline::casework::{self, Desk};
use crate::pipeline::checklist::{self, Certainty, NewResult, Standing, StepStanding};

/// Flags of `case checklist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Checklist {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// Step to record a result for; without it the checklist is shown.
    #[arg(long)]
    step: Option<String>,
    /// What was found; with --not-applicable why the step does not apply.
    #[arg(long, default_value = "", requires = "step")]
    result: String,
    /// File that shows it; becomes evidence of the case.
    #[arg(long, value_name = "FILE", requires = "step", conflicts_with = "evidence")]
    document: Option<PathBuf>,
    /// Evidence of the case that shows it.
    #[arg(long, value_name = "NO", requires = "step")]
    evidence: Option<String>,
    /// Fetched response that shows it, by the first characters of its hash, or "last" for the page read last for the parcel of the
    /// case; becomes evidence of the case.
    #[arg(long, value_name = "HASH|last", requires = "step", conflicts_with_all = ["document", "evidence"])]
    fetched: Option<String>,
    /// How certain a conclusion is: certain, likely, uncertain.
    #[arg(long, requires = "step", value_parser = parse_certainty)]
    certainty: Option<Certainty>,
    /// The step does not apply here.
    #[arg(long, requires = "step", conflicts_with_all = ["second_read", "withdraw"])]
    not_applicable: bool,
    /// You read the recorded result as a second person and agree.
    #[arg(long, requires = "step", conflicts_with = "withdraw")]
    second_read: bool,
    /// Take the recorded result back.
    #[arg(long, requires = "step")]
    withdraw: bool,
}

fn parse_certainty(text: &str) -> Result<Certainty, String> {
    Certainty::parse(text).ok_or_else(|| "certainty: certain, likely, uncertain".to_owned())
}

/// Records a result, or shows the checklist. Status 1 while required steps are open.
pub(crate) fn run(global: &Global, desk: &Desk, args: &Checklist) -> Result<Outcome, Failure> {
    if let Some(step) = &args.step {
        let standing = match (args.not_applicable, args.second_read, args.withdraw) {
            (true, _, _) => Standing::NotApplicable,
            (_, true, _) => Standing::SecondRead,
            (_, _, true) => Standing::Withdrawn,
            (false, false, false) => Standing::Done,
        };
        let new = NewResult {
            step: step.clone(),
            result: args.result.clone(),
            standing: Some(standing),
            certainty: args.certainty,
            document: args.document.clone(),
            evidence_no: args.evidence.clone(),
            fetched: args.fetched.clone(),
        };
        checklist::record(desk, &args.case_no, &new).map_err(|e| desk::failure(global, &e))?;
    }
    show(global, desk, &args.case_no)
}

#[allow(clippy::print_stderr, reason = "what is open is a remark beside the data")]
fn show(global: &Global, desk: &Desk, case_no: &str) -> Result<Outcome, Failure> {
    let db = reader(global)?;
    let read = || {
        let case = casework::case(&db, case_no)?;
        Ok((checklist::standings(desk, &db, &case)?, checklist::open(desk, &db, &case)?))
    };
    let (standings, open) = read().map_err(|e| desk::failure(global, &e))?;
    let header = ["step", "standing", "required", "result", "certainty", "document", "by", "on", "look"];
    let rows: Vec<Vec<String>> = standings.into_iter().map(cells).collect();
    write_rows(global, &header, &rows)?;
    if open.is_empty() {
        return Ok(Outcome::Done);
    }
    eprintln!("open: {}", open.join(", "));
    Ok(Outcome::Look)
}

fn cells(s: StepStanding) -> Vec<String> {
    let (code, look) = (s.step.code.into_inner(), s.step.look);
    let required = if s.step.is_required { "yes" } else { "" }.to_owned();
    let Some(result) = s.result else {
        let blank = String::new;
        if let Some(old) = s.before_reopening {
            let (standing, result) = ("open".to_owned(), format!("{}: {}", checklist::BEFORE_REOPENING, old.result));
            let (certainty, document) = (old.certainty.unwrap_or_default(), old.evidence_no.unwrap_or_default());
            return vec![code, standing, required, result, certainty, document, old.actor, old.done_on, look];
        }
        return vec![code, "open".to_owned(), required, blank(), blank(), blank(), blank(), blank(), look];
    };
    let standing = if s.is_second_read { format!("{}, read twice", result.standing) } else { result.standing };
    let certainty = result.certainty.unwrap_or_default();
    let document = result.evidence_no.unwrap_or_default();
    vec![code, standing, required, result.result, certainty, document, result.actor, result.done_on, look]
}
