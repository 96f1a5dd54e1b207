//! Letters of a case: rendered from a template, addressed as the policy demands, served with proof or returned.

use crate::cases::refusal::{Refusal, RefusalCode};
use crate::fieldwork::freeze::sha256_hex;
use crate::model::date::CivilDate;
use crate::model::domain;
use crate::model::money::Cents;
use crate::store::case_notice::{self, NoticeRow, RecipientRow};
use crate::store::cases::CaseRow;
use crate::store::{self, Db, case_party, case_work};

use super::casework::{self, Desk, Error, refuse, stage};

/// The built-in letter; a city passes its own with the same marks.
pub const LETTER_TEMPLATE: &str = include_str!("../../data/policy/notice.txt");

/// The mark without which no letter is issued: the dispute instructions stand between this and the next blank line.
const DISPUTE_MARK: &str = "HOW TO DISPUTE";

/// The mark that the address replaces when the letter is printed.
const RECIPIENT: &str = "{recipient}";

/// Printed across letters while the policy is the example.
pub const EXAMPLE_BANNER: &str =
    "EXAMPLE - not a legal notice: the policy behind this letter is still the built-in example";

/// States in which letters are issued and served.
const LETTER_STATES: &[&str] = &["assessed", "noticed", "agreement", "enforcement"];

/// Issues a notice from a template to the addresses that the policy demands.
///
/// # Errors
/// `E_STAGE`, `E_TEMPLATE`, `E_NO_DISPUTE_TEXT`, `E_NO_MAILING_ADDRESS`, `E_NO_CALENDAR`, `E_CLOSED`, `E_NOT_FOUND`, or a failure.
pub fn issue(desk: &Desk, case_no: &str, kind: &str, template: &str) -> Result<NoticeRow, Error> {
    if !has_dispute_text(template) {
        let message = format!("the template has no paragraph headed {DISPUTE_MARK} with instructions under it");
        return refuse(RefusalCode::NoDisputeText, message);
    }
    let mut issued = None;
    casework::change(desk, case_no, "notice", |tx, case| {
        stage(case, LETTER_STATES, "a notice is issued")?;
        let days = desk.policy.integer("notice_response_business_days", desk.today)?
            + desk.policy.integer("mail_business_days", desk.today)?;
        let respond_by = desk.policy.calendar().plus_business_days(desk.today, days)?;
        let recipients = recipients(desk, tx, case, kind)?;
        let notice_no = store::cases::next_no(tx, "NT", desk.today.as_jiff().year())?;
        let balance = casework::balance(tx, case.case_id)?;
        let body = render(template, &marks(desk, tx, case, (&notice_no, respond_by, balance))?)?;
        let row = NoticeRow {
            notice_id: 0,
            notice_no,
            template: kind.to_owned(),
            sha256: sha256_hex(body.as_bytes()),
            body,
            issued_on: desk.day(),
            respond_by: respond_by.to_string(),
            has_dispute_text: true,
            balance_cents: balance.0,
            charge_line_id_max: case_work::charge_mark(tx, case.case_id)?,
            is_example: desk.policy.meta.is_example,
            recipients,
        };
        case_notice::add(tx, case, &row)?;
        issued = Some(row);
        Ok(())
    })?;
    Ok(issued.expect("the closure above ran to its end"))
}

/// Whether a letter has a dispute paragraph with text under its heading.
fn has_dispute_text(text: &str) -> bool {
    let text = text.replace("\r\n", "\n");
    text.split_once(DISPUTE_MARK)
        .and_then(|(_, rest)| rest.split("\n\n").next())
        .is_some_and(|paragraph| paragraph.split_whitespace().count() >= 5)
}

/// Address kinds the policy demands on a day. An account address is demanded only where there is an account.
///
/// # Errors
/// `E_NO_POLICY`, or when the database cannot be read.
pub(crate) fn demanded(
    desk: &Desk,
    db: &impl Db,
    case_id: i64,
    (template, day): (&str, CivilDate),
) -> Result<Vec<String>, Error> {
    let has_account = case_party::list(db, case_id)?.iter().any(|p| p.role == "account_holder");
    let wanted = &desk.policy.recipients_on(template, day)?.kinds;
    Ok(wanted.iter().map(|k| k.as_ref().clone()).filter(|k| has_account || k != "account_mailing").collect())
}

fn recipients(desk: &Desk, db: &impl Db, case: &CaseRow, template: &str) -> Result<Vec<RecipientRow>, Error> {
    let mut rows = Vec::new();
    for address_kind in demanded(desk, db, case.case_id, (template, desk.today))? {
        let Some(address) = address_of(db, case, &address_kind)? else {
            let message = format!("no {address_kind} is known; research the owner (`taptrace case party`)");
            return refuse(RefusalCode::NoMailingAddress, message);
        };
        rows.push(RecipientRow { address_kind, address, ..RecipientRow::default() });
    }
    Ok(rows)
}

fn address_of(db: &impl Db, case: &CaseRow, kind: &str) -> Result<Option<String>, Error> {
    let parties = case_party::list(db, case.case_id)?;
    let of = |role: &str| {
        parties.iter().find_map(|p| p.mailing.as_ref().filter(|_| p.role == role).map(|m| format!("{}\n{m}", p.name)))
    };
    let owner = if case_party::is_withheld(db, case)? { "agent" } else { "owner_at_violation" };
    let place = place_lines(db, case)?;
    Ok(match kind {
        "service_address" if !place.is_empty() => Some(format!("OCCUPANT\n{place}")),
        "posted" if !place.is_empty() => Some(format!("POSTED AT THE PROPERTY\n{place}")),
        "account_mailing" => of("account_holder"),
        "assessor_mailing" if !case.is_owner_research => of(owner),
        "registered_agent" => of("agent"),
        _ => None,
    })
}

fn place_lines(db: &impl Db, case: &CaseRow) -> Result<String, Error> {
    let premise = case.premise_no.as_deref().map(|no| store::cases::premise(db, no)).transpose()?.flatten();
    Ok(match premise {
        Some(p) if !p.place.is_empty() => format!("{}\n{}", p.service_address, p.place),
        Some(p) => p.service_address,
        None => case.place.clone(),
    })
}

/// A day as letters write it: `Thursday, June 18, 2026`.
pub fn long_day(day: CivilDate) -> String {
    day.as_jiff().strftime("%A, %B %-d, %Y").to_string()
}

fn long_text(day: &str) -> String {
    CivilDate::parse(day).map_or_else(|| day.to_owned(), long_day)
}

type Marks = Vec<(&'static str, String)>;

fn marks(
    desk: &Desk,
    db: &impl Db,
    case: &CaseRow,
    (notice_no, respond_by, balance): (&str, CivilDate, Cents),
) -> Result<Marks, Error> {
    let office = &desk.policy.office;
    let address: Vec<&str> = office.address.iter().map(|l| l.as_ref().as_str()).collect();
    let mut charges = String::new();
    for c in case_work::charges(db, case.case_id)? {
        charges.push_str(&format!("{}\t{}\n  {}\n", c.label, Cents(c.amount_cents), c.authority));
        if !c.method.is_empty() {
            charges.push_str(&format!("  {}\n", c.method));
        }
    }
    let paid = case_work::paid_cents(db, case.case_id)?;
    if paid != 0 {
        charges.push_str(&format!("Paid so far\t-{}\n", Cents(paid)));
    }
    let violation = domain::label("violation_type", case.violation_type.as_deref().unwrap_or("unknown"));
    Ok(vec![
        ("office", format!("{}\n{}", office.name.as_ref(), address.join("\n"))),
        ("office_name", office.name.as_ref().clone()),
        ("office_address", address.join(", ")),
        ("office_telephone", office.telephone.as_ref().clone()),
        ("office_hours", office.hours.as_ref().clone()),
        ("recipient", RECIPIENT.to_owned()),
        ("case_no", case.case_no.clone()),
        ("notice_no", notice_no.to_owned()),
        ("issued_on", long_day(desk.today)),
        ("respond_by", long_day(respond_by)),
        ("place", case.place.clone()),
        ("violation", violation),
        ("violation_on", long_text(&case.violation_on)),
        ("charges", charges.trim_end().to_owned()),
        ("balance", balance.to_string()),
        ("policy", desk.policy.meta.name.clone()),
    ])
}

/// Fills the marks of a template; a mark that nobody knows would reach the owner as it stands, so it is refused with its place.
fn render(template: &str, marks: &Marks) -> Result<String, Error> {
    let complain = |line: usize, column: usize, what: String| {
        let known: Vec<String> = marks.iter().map(|(m, _)| format!("{{{m}}}")).collect();
        let message = format!("line {}, column {}: {what}; marks are {}", line + 1, column + 1, known.join(" "));
        Err(Error::Refused(Refusal::new(RefusalCode::Template, message)))
    };
    let mut body = String::new();
    for (line_idx, line) in template.lines().enumerate() {
        let mut rest = line;
        while let Some((before, tail)) = rest.split_once('{') {
            body.push_str(before);
            let column = line.chars().count() - tail.chars().count() - 1;
            let Some((mark, after)) = tail.split_once('}') else {
                return complain(line_idx, column, "a { without }".to_owned());
            };
            let Some((_, value)) = marks.iter().find(|(known, _)| *known == mark) else {
                return complain(line_idx, column, format!("there is no mark {{{mark}}}"));
            };
            body.push_str(value);
            rest = after;
        }
        body.push_str(rest);
        body.push('\n');
    }
    for needed in [RECIPIENT, "{respond_by}", "{case_no}"] {
        if !template.contains(needed) {
            return complain(template.lines().count(), 0, format!("the letter needs {needed}"));
        }
    }
    Ok(body)
}

/// The text of a letter to one recipient, for a screen.
pub fn text(notice: &NoticeRow, to: &RecipientRow) -> String {
    let lines = notice.body.replace(RECIPIENT, &to.address);
    lines
        .lines()
        .map(|line| match line.split_once('\t') {
            Some((label, figure)) => format!("{label:<60} {figure:>14}\n"),
            None => format!("{line}\n"),
        })
        .collect()
}

/// What a printed letter needs beside its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Text with the mark `{recipient}`.
    pub body: String,
    /// Address.
    pub recipient: String,
    /// Kind of the address.
    pub address_kind: String,
    /// Foot of every page.
    pub foot: String,
    /// Warning across the top.
    pub banner: Option<String>,
}

/// The letters of a notice: to one kind of address, or to all of them.
pub fn sheets(case_no: &str, notice: &NoticeRow, kind: Option<&str>) -> Vec<Sheet> {
    let recipients = notice.recipients.iter().filter(|r| kind.is_none_or(|k| r.address_kind == k));
    recipients
        .map(|r| Sheet {
            body: notice.body.clone(),
            recipient: r.address.clone(),
            address_kind: r.address_kind.clone(),
            foot: format!("Case {case_no}, notice {}, text sha256 {}", notice.notice_no, notice.sha256),
            banner: notice.is_example.then(|| EXAMPLE_BANNER.to_owned()),
        })
        .collect()
}

/// Records proof of service, or that the letter came back: then the case returns to owner research.
///
/// # Errors
/// `E_EVIDENCE` without proof, `E_STAGE`, `E_NOT_FOUND`, `E_CODE`, `E_PERIOD`, `E_CLOSED`, or a failure.
pub fn serve(desk: &Desk, case_no: &str, address_kind: &str, proof: &str, is_returned: bool) -> Result<(), Error> {
    let address_kind = casework::coded("address_kind", address_kind)?;
    if !is_returned && proof.trim().is_empty() {
        return refuse(
            RefusalCode::Evidence,
            "service needs its proof, as a certified mail number or a photo (--proof)",
        );
    }
    casework::change(desk, case_no, "serve", |tx, case| {
        stage(case, LETTER_STATES, "service is recorded")?;
        let Some(notice) = case_notice::last(tx, case.case_id)? else {
            return refuse(RefusalCode::NotFound, "the case has no notice");
        };
        if desk.day() < notice.issued_on {
            return refuse(RefusalCode::Period, format!("the letter was issued only on {}", notice.issued_on));
        }
        let served = RecipientRow {
            address_kind: address_kind.clone(),
            address: String::new(),
            proof: (!is_returned).then(|| proof.to_owned()),
            outcome: Some(if is_returned { "returned" } else { "served" }.to_owned()),
            served_on: Some(desk.day()),
        };
        if case_notice::serve(tx, case, notice.notice_id, &served)? == 0 {
            return refuse(RefusalCode::NotFound, format!("the notice did not go to {address_kind}"));
        }
        if is_returned && address_kind == "assessor_mailing" {
            case.is_owner_research = true;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_or_refused_with_its_place() {
        let marks: Marks =
            vec![("recipient", RECIPIENT.into()), ("case_no", "IC-1".into()), ("respond_by", "Friday".into())];
        let good = render("To {recipient}\n{case_no} by {respond_by}.", &marks).unwrap();
        assert_eq!(good, "To {recipient}\nIC-1 by Friday.\n");
        for (bad, place) in [
            ("{recipient} {case_no}\n by {respondby}", "line 2, column 5"),
            ("{recipient} {case_no} {respond_by} {", "line 1, column 36"),
            ("{case_no} {respond_by}", "needs {recipient}"),
        ] {
            let error = render(bad, &marks).unwrap_err().to_string();
            assert!(error.contains("E_TEMPLATE") && error.contains(place), "{error}");
        }
    }

    #[test]
    fn the_built_in_letter_tells_how_to_dispute() {
        assert!(has_dispute_text(LETTER_TEMPLATE));
        assert!(!has_dispute_text("HOW TO DISPUTE\n\nCall us any time you want to."));
        assert_eq!(long_day(CivilDate::parse("2026-06-18").unwrap()), "Thursday, June 18, 2026");
    }
}
