//! `taptrace case`: an illegal-connection case from suspicion to closing.

use std::path::PathBuf;

use clap::Subcommand;

use super::desk::{self, DeskArgs};
use super::{Failure, Global, Outcome, case_show, context};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::pipeline::case_party::Statement;
use crate::pipeline::case_record::{CaseNote, Visit};
use crate::pipeline::casework::{self, Desk, Error, NewCase};
use crate::pipeline::{case_evidence, case_letter, case_money, case_party, case_record};
use crate::store::case_work::InspectionRow;

/// Cases of unauthorized use.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Open a case. Example: taptrace case open --premise P1000012 --violation slip --source "311 tip 4711"
    Open(Open),
    /// Show a case: parties, visits, evidence, money, and what the next steps lack.
    Show {
        /// Number of the case, as IC-2026-00001.
        case_no: String,
    },
    /// List cases. Example: taptrace case list --status noticed
    List(List),
    /// What waits: unanswered notices, late agreements, holds to review, owners to find. Example: taptrace case due
    Due,
    /// Take a step, or learn what it lacks. Example: taptrace case advance IC-2026-00001 triaged
    Advance(Advance),
    /// Reopen a closed case with a new signal.
    Reopen(Advance2),
    /// Close a case; the state says how.
    Close(Advance),
    /// Note a call, the source of the suspicion, or the hazards at the place.
    Note(Note),
    /// Put a hold on the case (--reason is its basis), or release it.
    Hold(Hold),
    /// Give the case to a person.
    Assign {
        /// Number of the case, as IC-2026-00001.
        case_no: String,
        /// Who works on it from now on.
        person: String,
    },
    /// Add an evidence file, or hand evidence over.
    Evidence(Evidence),
    /// The manual research: show what is open, or record a step's result.
    /// Example: taptrace case checklist IC-2026-00001 --step deeds --result "4299/778, Oldwell to Testwell" --document deed.pdf
    Checklist(super::checklist::Checklist),
    /// Record a visit.
    Inspect(Inspect),
    /// Record a party, or take the owners from the roll and deeds.
    Party(Party),
    /// Show the four estimates; with --method post the charges.
    Charge(Charge),
    /// Record a payment (negative when it was returned).
    Pay(Pay),
    /// Make a payment agreement over the balance.
    Plan(Plan),
    /// Issue a notice, or record how it was served.
    Notice(Notice),
    /// Write the sealed packet, or verify one. Example: taptrace case packet IC-2026-00001 packet
    Packet(Packet),
}

#[derive(Debug, clap::Args)]
struct Open {
    /// Premise of the billing system; its parcel is found by its link.
    #[arg(long)]
    premise: Option<String>,
    /// Parcel number, when there is no premise.
    #[arg(long)]
    parcel: Option<String>,
    /// The place in words, when there is neither premise nor parcel.
    #[arg(long)]
    place: Option<String>,
    /// What is suspected: unauthorized_tap, self_restored, slip, meter_bypass, stolen_or_swapped_meter, meter_reversed, register_tamper, endpoint_tamper, seal_or_lock_broken, hydrant_use, fire_line_use, service_extension, use_without_account, construction_use.
    #[arg(long)]
    violation: Option<String>,
    /// Day from which it is suspected; it decides who was the owner and which fees hold.
    #[arg(long, value_parser = context::parse_date)]
    violation_on: Option<CivilDate>,
    /// Where the suspicion comes from, as "311 tip 4711".
    #[arg(long)]
    source: Option<String>,
    /// Customer class of the policy, for the class average.
    #[arg(long, default_value = "residential")]
    class: String,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only cases in this state, as noticed.
    #[arg(long)]
    status: Option<String>,
    /// Only cases of this premise.
    #[arg(long)]
    premise: Option<String>,
    /// Only cases that this person has.
    #[arg(long)]
    assigned_to: Option<String>,
    /// Closed ones too.
    #[arg(long)]
    all: bool,
    /// Most cases shown.
    #[arg(long, default_value_t = 200)]
    limit: i64,
}

#[derive(Debug, clap::Args)]
struct Advance {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// The state to reach.
    to: String,
    /// The record that shows it.
    #[arg(long)]
    citation: Option<String>,
    /// The case that this one repeats.
    #[arg(long)]
    duplicate_of: Option<String>,
    /// Day on which the dispute came in.
    #[arg(long, value_parser = context::parse_date)]
    received_on: Option<CivilDate>,
    /// Evidence number of the decision on a dispute.
    #[arg(long)]
    decision: Option<String>,
    /// Who allowed a write-off, under which rule.
    #[arg(long)]
    authority: Option<String>,
    /// New signal or report.
    #[arg(long)]
    signal: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Advance2 {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// New signal or report.
    #[arg(long)]
    signal: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Note {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// What was said or seen.
    text: String,
    /// Where the suspicion comes from, when the case lacks it.
    #[arg(long)]
    source: Option<String>,
    /// Hazards at the place; `none` is an answer.
    #[arg(long)]
    hazards: Option<String>,
    /// The situation is a danger.
    #[arg(long)]
    danger: bool,
    /// The text says why one indicator is enough to confirm (role supervisor).
    #[arg(long)]
    one_is_enough: bool,
}

#[derive(Debug, clap::Args)]
struct Hold {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// dispute, medical, bankruptcy, court, weather, pending_permit, shared_service or management.
    hold_type: String,
    /// Day on which somebody looks at it again.
    #[arg(long, value_parser = context::parse_date)]
    review_on: Option<CivilDate>,
    /// Release it instead.
    #[arg(long)]
    release: bool,
}

#[derive(Debug, clap::Args)]
struct Evidence {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// The file; or with --to the number of the evidence that changes hands.
    file: PathBuf,
    /// photo, document, object, source_proof, decision.
    #[arg(long, default_value = "photo")]
    kind: String,
    /// Who gives it away (--reason says why).
    #[arg(long, default_value = "")]
    from: String,
    /// Who takes it.
    #[arg(long)]
    to: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Inspect {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// confirmed, no_violation, no_access, inconclusive, private_source.
    #[arg(long)]
    finding: String,
    /// Who was there (default: --actor).
    #[arg(long, default_value = "")]
    inspector: String,
    /// Time of the visit, YYYY-MM-DDTHH:MM:SSZ (default: noon of the day).
    #[arg(long)]
    at: Option<String>,
    /// What was seen; may be repeated.
    #[arg(long)]
    indicator: Vec<String>,
    /// Number on the meter that was seen.
    #[arg(long)]
    meter_no: Option<String>,
    /// What its register showed.
    #[arg(long)]
    reading: Option<i64>,
    /// There was no meter.
    #[arg(long)]
    no_meter: bool,
    /// What it was, when it was not what was suspected; see `case open --help`.
    #[arg(long)]
    violation: Option<String>,
    /// The illegal condition is gone.
    #[arg(long)]
    condition_removed: bool,
    /// What happened, in words.
    #[arg(long, default_value = "")]
    narrative: String,
}

#[derive(Debug, clap::Args)]
struct Party {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// Take the owner on the violation date, today's owner and the account holder from deeds, roll and billing file.
    #[arg(long, alias = "from-records")]
    from_roll: bool,
    /// owner_at_violation, current_owner, occupant, account_holder, contractor, agent.
    #[arg(long)]
    party_role: Option<String>,
    /// Name of the party.
    #[arg(long)]
    name: Option<String>,
    /// Mailing address; lines are separated by ` / `.
    #[arg(long)]
    mailing: Option<String>,
    /// Why this is the party; needed for a new one.
    #[arg(long)]
    basis: Option<String>,
    /// This party is liable, and why: the ordinance, the signed agreement.
    #[arg(long, value_name = "BASIS")]
    liable: Option<String>,
    /// Came after the violation and had no part in it.
    #[arg(long, value_name = "yes|no", value_parser = super::removal::parse_yes_no)]
    innocent_successor: Option<bool>,
    /// Take this party out again.
    #[arg(long)]
    remove: bool,
}

#[derive(Debug, clap::Args)]
struct Charge {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// First day of the use (default: by the rule of the policy).
    #[arg(long, value_parser = context::parse_date)]
    from: Option<CivilDate>,
    /// Last day of the use (default: the day of the violation).
    #[arg(long, value_parser = context::parse_date)]
    to: Option<CivilDate>,
    /// Last inspection before the violation, when no case records it.
    #[arg(long, value_parser = context::parse_date)]
    last_inspection: Option<CivilDate>,
    /// Certificate of occupancy of a new building.
    #[arg(long, value_parser = context::parse_date)]
    certificate_of_occupancy: Option<CivilDate>,
    /// Why the period starts before the last actual read.
    #[arg(long)]
    override_reason: Option<String>,
    /// own_history, class_average, fixed_months or multiplier.
    #[arg(long)]
    method: Option<String>,
    /// Fee asked for by code; may be repeated.
    #[arg(long)]
    fee: Vec<String>,
    /// Cost of a fee at actual cost, CODE=AMOUNT; may be repeated.
    #[arg(long, value_parser = parse_cost)]
    cost: Vec<(String, Cents)>,
}

#[derive(Debug, clap::Args)]
struct Pay {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// Dollars, as 45 or -45.00.
    #[arg(value_parser = desk::parse_cents, allow_hyphen_values = true)]
    amount: Cents,
    /// Receipt number; the same one twice is refused.
    #[arg(long)]
    receipt: String,
}

#[derive(Debug, clap::Args)]
struct Plan {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// Paid at once, in dollars.
    #[arg(long, value_parser = desk::parse_cents)]
    down: Cents,
    /// Number of monthly payments of the rest.
    #[arg(long)]
    instalments: i64,
}

#[derive(Debug, clap::Args)]
struct Notice {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// Letter template (default: the built-in example, data/policy/notice.txt).
    #[arg(long)]
    template: Option<PathBuf>,
    /// Which entry of the policy's recipients counts.
    #[arg(long, default_value = "default")]
    kind: String,
    /// Record service to this kind of address instead of issuing.
    #[arg(long, value_name = "ADDRESS_KIND")]
    served: Option<String>,
    /// How it was served, as a certified mail number.
    #[arg(long, default_value = "")]
    proof: String,
    /// The letter came back.
    #[arg(long)]
    returned: bool,
    /// Print the last notice again, byte for byte; a PDF when -o ends in .pdf.
    #[arg(long)]
    reprint: bool,
    /// With --reprint only the letter to this kind of address.
    #[arg(long, value_name = "ADDRESS_KIND")]
    to: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Packet {
    /// Number of the case, as IC-2026-00001.
    case_no: String,
    /// Folder of the packet; made when it is not there, refused when it holds something.
    folder: PathBuf,
    /// Check a packet instead of writing one.
    #[arg(long)]
    verify: bool,
    /// With --verify the seal to check against, when the database is not at hand (default: the seals on record).
    #[arg(long)]
    sealed: Option<String>,
}

fn parse_cost(text: &str) -> Result<(String, Cents), String> {
    let (code, amount) = text.split_once('=').ok_or_else(|| format!("{text:?} is not CODE=AMOUNT"))?;
    Ok((code.to_owned(), desk::parse_cents(amount)?))
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    let desk = args.desk.desk(global)?;
    let done = match &args.verb {
        Verb::Show { case_no } => return case_show::show(global, &desk, case_no),
        Verb::List(list) => return case_show::list(global, &filter(list)),
        Verb::Due => return case_show::due(global, &desk),
        Verb::Checklist(args) => return super::checklist::run(global, &desk, args),
        Verb::Charge(charge) => return case_show::charge(global, &desk, &charge.case_no, &assessment(charge)),
        Verb::Packet(p) if p.verify => case_show::verify(global, &p.case_no, &p.folder, p.sealed.as_ref()),
        Verb::Packet(packet) => return case_show::packet(global, &desk, &packet.case_no, &packet.folder),
        Verb::Notice(n) if n.reprint => return case_show::reprint(global, &n.case_no, n.to.as_deref()),
        Verb::Open(_) | Verb::Assign { .. } | Verb::Note(_) | Verb::Hold(_) | Verb::Evidence(_) => {
            work(global, &desk, &args.verb)
        }
        Verb::Inspect(_) | Verb::Party(_) | Verb::Pay(_) | Verb::Plan(_) | Verb::Notice(_) => {
            work(global, &desk, &args.verb)
        }
        Verb::Advance(a) | Verb::Close(a) => advance(args, &desk, a),
        Verb::Reopen(r) => {
            let request = casework::request(args.desk.reason(), r.signal.clone());
            casework::advance(&desk, &r.case_no, "triaged", request)
                .map(|from| format!("{} was {from}, is triaged", r.case_no))
        }
    };
    let text = done.map_err(|e| desk::failure(global, &e))?;
    desk::write_document(global, &serde_json::json!({ "done": text }), &format!("{text}\n"))?;
    Ok(Outcome::Done)
}

fn filter(list: &List) -> crate::store::cases::CaseFilter {
    crate::store::cases::CaseFilter {
        status: list.status.clone(),
        with_closed: list.all || list.status.is_some(),
        premise_no: list.premise.clone(),
        assigned_to: list.assigned_to.clone(),
        n_rows_max: list.limit,
    }
}

fn advance(args: &Args, desk: &Desk, a: &Advance) -> Result<String, Error> {
    let mut request = casework::request(args.desk.reason(), a.signal.clone());
    request.record_citation.clone_from(&a.citation);
    request.duplicate_of.clone_from(&a.duplicate_of);
    request.dispute_received_on = a.received_on;
    request.decision_document.clone_from(&a.decision);
    request.write_off_authority.clone_from(&a.authority);
    let from = casework::advance(desk, &a.case_no, &a.to, request)?;
    Ok(format!("{} was {from}, is {}", a.case_no, a.to))
}

fn assessment(charge: &Charge) -> case_money::Assessment {
    case_money::Assessment {
        from: charge.from,
        to: charge.to,
        last_inspection: charge.last_inspection,
        certificate_of_occupancy: charge.certificate_of_occupancy,
        override_reason: charge.override_reason.clone(),
        method: charge.method.clone(),
        on_request: charge.fee.clone(),
        actual_costs: charge.cost.iter().cloned().collect(),
    }
}

fn work(global: &Global, desk: &Desk, verb: &Verb) -> Result<String, Error> {
    match verb {
        Verb::Open(open) => {
            let new = NewCase {
                premise_no: open.premise.clone(),
                parcel_no: open.parcel.clone(),
                place: open.place.clone(),
                violation: open.violation.clone(),
                violation_on: open.violation_on,
                source: open.source.clone(),
                class: open.class.clone(),
            };
            let case_no = casework::open(desk, &new)?;
            Ok(format!("opened {case_no}"))
        }
        Verb::Assign { case_no, person } => {
            case_record::assign(desk, case_no, person)?;
            Ok(format!("{case_no} is with {person}"))
        }
        Verb::Note(n) => {
            let note = CaseNote {
                text: n.text.clone(),
                source: n.source.clone(),
                hazards: n.hazards.clone(),
                is_hazard: n.danger,
                is_one_enough: n.one_is_enough,
            };
            case_record::note_case(desk, &n.case_no, &note)?;
            Ok(format!("noted on {}", n.case_no))
        }
        Verb::Hold(h) if h.release => {
            let n = case_record::release(desk, ("case", &h.case_no), Some(&h.hold_type))?;
            Ok(format!("released {n} on {}", h.case_no))
        }
        Verb::Hold(h) => {
            case_record::hold(desk, ("case", &h.case_no), &h.hold_type, h.review_on)?;
            Ok(format!("{} is on hold: {}", h.case_no, h.hold_type))
        }
        Verb::Evidence(e) => evidence(desk, e),
        Verb::Inspect(i) => inspect(desk, i),
        Verb::Party(p) => party(desk, p),
        Verb::Pay(p) => {
            let balance = case_money::pay(desk, &p.case_no, p.amount, &p.receipt)?;
            Ok(format!("{} paid, balance {balance}", p.amount))
        }
        Verb::Plan(p) => {
            let rows = case_money::agree(desk, &p.case_no, p.down, p.instalments)?;
            let lines: Vec<String> = rows.iter().map(|r| format!("{} {}", r.due_on, r.amount)).collect();
            Ok(lines.join("\n"))
        }
        Verb::Notice(n) => notice(global, desk, n),
        Verb::Show { .. } | Verb::List(_) | Verb::Due | Verb::Advance(_) | Verb::Reopen(_) | Verb::Close(_) => {
            Ok(String::new())
        }
        Verb::Charge(_) | Verb::Packet(_) | Verb::Checklist(_) => Ok(String::new()),
    }
}

fn evidence(desk: &Desk, e: &Evidence) -> Result<String, Error> {
    if let Some(to) = &e.to {
        let no = e.file.to_string_lossy();
        case_evidence::hand_over(desk, &e.case_no, &no, (&e.from, to))?;
        return Ok(format!("{no} is with {to}"));
    }
    let row = case_evidence::add(desk, &e.case_no, &e.file, &e.kind)?;
    let warnings = if row.warnings.is_empty() { String::new() } else { format!("\nwarning: {}", row.warnings) };
    Ok(format!("{} {}{warnings}", row.evidence_no, row.sha256))
}

fn inspect(desk: &Desk, i: &Inspect) -> Result<String, Error> {
    let visit = Visit {
        row: InspectionRow {
            inspection_id: 0,
            inspected_at: i.at.clone().unwrap_or_else(|| format!("{}T12:00:00Z", desk.today)),
            inspector: if i.inspector.is_empty() { desk.by.actor.clone() } else { i.inspector.clone() },
            finding: i.finding.clone(),
            indicators: i.indicator.join(" "),
            meter_no_seen: i.meter_no.clone(),
            reading_seen: i.reading,
            is_meter_absent: i.no_meter,
            narrative: i.narrative.clone(),
        },
        violation: i.violation.clone(),
        is_condition_removed: i.condition_removed,
    };
    case_record::inspect(desk, &i.case_no, &visit)?;
    Ok(format!("visit recorded on {}", i.case_no))
}

fn party(desk: &Desk, p: &Party) -> Result<String, Error> {
    if p.from_roll {
        let rows = case_party::from_records(desk, &p.case_no)?;
        let lines: Vec<String> = rows
            .iter()
            .map(|r| {
                let flag = if r.is_innocent_successor { " (innocent successor)" } else { "" };
                format!("{}: {} [{}]{flag}", r.role, r.name, r.basis)
            })
            .collect();
        return Ok(lines.join("\n"));
    }
    let (role, name) = (p.party_role.clone().unwrap_or_default(), p.name.clone().unwrap_or_default());
    if p.remove {
        case_party::remove(desk, &p.case_no, &role, &name)?;
        return Ok(format!("{name} is no longer {role} of {}", p.case_no));
    }
    let said = Statement {
        role,
        name,
        mailing: p.mailing.as_ref().map(|m| m.replace(" / ", "\n")),
        basis: p.basis.clone(),
        liable: p.liable.clone(),
        innocent_successor: p.innocent_successor,
    };
    let row = case_party::state(desk, &p.case_no, &said)?;
    let liable = if row.is_liable { format!(", liable: {}", row.liability_basis) } else { String::new() };
    Ok(format!("{} is {} of {}{liable}", row.name, row.role, p.case_no))
}

fn notice(global: &Global, desk: &Desk, n: &Notice) -> Result<String, Error> {
    if let Some(kind) = &n.served {
        case_letter::serve(desk, &n.case_no, kind, &n.proof, n.returned)?;
        let what = match (n.returned, kind.as_str()) {
            (true, "assessor_mailing") => "came back; the case returns to owner research",
            (true, _) => "came back",
            (false, _) => "was served",
        };
        return Ok(format!("the notice to {kind} {what}"));
    }
    let text = match &n.template {
        Some(path) => std::fs::read_to_string(path).map_err(|source| Error::File {
            action: "read",
            path: path.clone(),
            source,
        })?,
        None => case_letter::LETTER_TEMPLATE.to_owned(),
    };
    let row = case_letter::issue(desk, &n.case_no, &n.kind, &text)?;
    let kinds: Vec<&str> = row.recipients.iter().map(|r| r.address_kind.as_str()).collect();
    let example = if row.is_example { "\nwarning: the policy is still the built-in example" } else { "" };
    Ok(format!(
        "notice {} issued to {}, answer by {}\nprint it with `{}`{example}",
        row.notice_no,
        kinds.join(", "),
        row.respond_by,
        global.next(&format!("taptrace case notice {} --reprint -o {}.pdf", n.case_no, row.notice_no))
    ))
}
