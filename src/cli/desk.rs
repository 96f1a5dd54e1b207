//! What commands of casework share: role, day, policy and reason; how a refusal is reported.

use std::path::PathBuf;

use super::output::{Sink, write_table};
use super::{Failure, Format, Global, context};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::pipeline::casework::{Desk, Error, Policy, RefusalCode, Role};
use crate::store::Reader;

/// Flags of commands that work on cases and removals.
#[derive(Debug, clap::Args)]
pub(crate) struct DeskArgs {
    /// Role you act in: specialist, supervisor, field.
    #[arg(long, global = true, env = "TAPTRACE_ROLE", default_value = "specialist", value_parser = parse_role)]
    role: Role,
    /// The day on which it happened (default: today).
    #[arg(long, global = true, value_name = "DATE", value_parser = context::parse_date)]
    on: Option<CivilDate>,
    /// Why, for the audit log and for steps that need a reason.
    #[arg(long, global = true, default_value = "")]
    reason: String,
    /// The city's policy file (default: the built-in example).
    #[arg(long, global = true, env = "TAPTRACE_POLICY", value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The version of the case that you saw; when somebody has changed it since, nothing is done.
    #[arg(long, global = true, value_name = "N")]
    if_version: Option<i64>,
}

fn parse_role(text: &str) -> Result<Role, String> {
    match Role::parse(text) {
        Some(Role::System) | None => Err("roles: specialist, supervisor, field".to_owned()),
        Some(role) => Ok(role),
    }
}

/// Reads and checks a policy file; the built-in example without one.
pub(crate) fn read_policy(path: Option<&PathBuf>) -> Result<Policy, Failure> {
    let Some(path) = path else {
        return Ok(Policy::example());
    };
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::environment(format!("cannot read {}", path.display())).caused_by(&e))?;
    Policy::parse(&text).map_err(|e| {
        Failure::input(format!("{}: {e}", path.display())).hint("correct the file and run `taptrace policy check FILE`")
    })
}

impl DeskArgs {
    /// The desk these flags describe.
    pub(crate) fn desk(&self, global: &Global) -> Result<Desk, Failure> {
        let today = self.on.unwrap_or_else(context::today);
        if today > context::today() {
            return Err(Failure::input(format!("E_FUTURE_TIME: {today} lies in the future")).hint("leave out --on"));
        }
        Ok(Desk {
            db: global.db.clone(),
            policy: read_policy(self.policy.as_ref())?,
            today,
            role: self.role,
            by: context::authorship(global, &self.reason),
            expected_version: self.if_version,
        })
    }

    /// The reason, when one was given.
    pub(crate) fn reason(&self) -> Option<String> {
        (!self.reason.trim().is_empty()).then(|| self.reason.clone())
    }
}

/// Opens the database for reading.
pub(crate) fn reader(global: &Global) -> Result<Reader, Failure> {
    Reader::open(&global.db).map_err(|e| {
        Failure::from_error(&e).hint("name the database with --db FILE, or make one with `taptrace import`")
    })
}

/// A failure of casework: a refusal keeps its code in the text, and with `--format json` also goes to stdout as JSON.
pub(crate) fn failure(global: &Global, error: &Error) -> Failure {
    if let (Error::Refused(refusal), Format::Json | Format::Ndjson) = (error, global.format) {
        let missing: Vec<_> =
            refusal.missing.iter().map(|m| serde_json::json!({ "code": m.code, "detail": m.detail })).collect();
        let body = serde_json::json!({ "code": refusal.code.as_str(), "message": refusal.message, "missing": missing });
        if let Ok(mut out) = Sink::open(None) {
            drop(std::io::Write::write_all(&mut out, format!("{body}\n").as_bytes()));
            drop(out.finish());
        }
    }
    let failure = Failure::from_error(error);
    match error {
        Error::Refused(refusal) => failure.hint(hint(refusal.code)),
        _ => failure,
    }
}

/// A command that helps with a refusal.
fn hint(code: RefusalCode) -> &'static str {
    use RefusalCode as R;
    match code {
        R::NoTransition | R::UnknownState | R::Evidence | R::Stage | R::Closed | R::RowVersion | R::SealOnly => {
            "`taptrace case show NUMBER` (or `removal show`) lists what is there and what the next steps lack"
        }
        R::Role => "add --role supervisor if you are one",
        R::OpenDispute => "decide it: `taptrace case advance NUMBER noticed --decision EV-NUMBER --role supervisor`",
        R::Hold => "`taptrace hold case NUMBER` lists the holds; --release ends one",
        R::NoFee | R::NoCost | R::NoPolicy | R::Plan => {
            "`taptrace policy at DATE` shows what the policy says on that day"
        }
        R::NoCalendar => "add a [[holidays]] list for that year to the policy and run `taptrace policy check FILE`",
        R::NoMailingAddress | R::OwnerUnknown => {
            "`taptrace owner as-of PARCEL --date DAY` shows what is known; `taptrace owner deed add` enters a deed"
        }
        R::NoDisputeText | R::Template => {
            "the built-in letter is data/policy/notice.txt; `taptrace case notice --help`"
        }
        R::NotFound => "`taptrace case list --all`, `taptrace removal list` and `taptrace tap list` show what there is",
        R::DuplicateCase => "`taptrace case list --all` shows every case",
        R::Code => "`taptrace case COMMAND --help` names the codes",
        R::HashMismatch => "do not use this file as evidence; compare with another copy of the packet",
        R::FutureTime | R::Period | R::StartBeforeRead => "check the days you gave",
        R::NoBasis | R::InnocentSuccessor | R::Withheld | R::Custody => {
            "`taptrace case show NUMBER` lists parties and custody with their basis"
        }
        R::ActiveService
        | R::NotLocatable
        | R::TicketMissing
        | R::TicketExpired
        | R::OnOtherList
        | R::ListState
        | R::DuplicateOrder => "`taptrace removal show NUMBER` lists what stands in the way",
        R::EmptyFile | R::TooLarge | R::NotAnImage | R::DuplicateEvidence => "`taptrace case evidence --help`",
        R::DuplicatePayment => "`taptrace case show NUMBER` lists the payments",
        R::SpreadsheetDamage => "take the file as the device wrote it, not as a spreadsheet saved it",
    }
}

/// Writes rows in the format that was asked for; blanks of the header are underscores in JSON.
pub(crate) fn write_rows(global: &Global, header: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let mut out = Sink::open(global.output.as_deref())?;
    let object = |row: &Vec<String>| {
        let map: serde_json::Map<String, serde_json::Value> =
            header.iter().zip(row).map(|(h, v)| (h.replace(' ', "_"), serde_json::Value::from(v.as_str()))).collect();
        serde_json::Value::Object(map)
    };
    match global.format {
        Format::Table => write_table(&mut out, header, rows)?,
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(&mut out);
            let csv_failure = |e: csv::Error| Failure::environment("cannot write the result").caused_by(&e);
            writer.write_record(header).map_err(csv_failure)?;
            for row in rows {
                writer.write_record(row).map_err(csv_failure)?;
            }
            writer.flush()?;
        }
        Format::Json => {
            let all: Vec<_> = rows.iter().map(object).collect();
            std::io::Write::write_all(&mut out, format!("{}\n", serde_json::Value::from(all)).as_bytes())?;
        }
        Format::Ndjson => {
            for row in rows {
                std::io::Write::write_all(&mut out, format!("{}\n", object(row)).as_bytes())?;
            }
        }
        Format::Geojson | Format::Gpkg => {
            return Err(Failure::input("this listing has no positions").hint("use --format json"));
        }
    }
    out.finish()
}

/// Writes one JSON document, or lines of text for people.
pub(crate) fn write_document(global: &Global, json: &serde_json::Value, text: &str) -> Result<(), Failure> {
    let mut out = Sink::open(global.output.as_deref())?;
    let body = match global.format {
        Format::Json | Format::Ndjson | Format::Geojson | Format::Gpkg => format!("{json}\n"),
        Format::Table | Format::Csv => text.to_owned(),
    };
    std::io::Write::write_all(&mut out, body.as_bytes())?;
    out.finish()
}

/// Reads an amount: `250`, `250.5`, `1,250.00`, `$12.34`; never through a float.
pub(crate) fn parse_cents(text: &str) -> Result<Cents, String> {
    let bad = || format!("{text:?} is not an amount; write 1250.00");
    let (sign, rest) = match text.trim().strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.trim()),
    };
    let plain: String = rest.trim_start_matches('$').chars().filter(|c| *c != ',').collect();
    let (dollars, cents) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if dollars.is_empty() || !digits(dollars) || !digits(cents) || cents.len() > 2 {
        return Err(bad());
    }
    let cents: i64 = format!("{cents:0<2}").parse().map_err(|_| bad())?;
    let dollars: i64 = dollars.parse().map_err(|_| bad())?;
    dollars.checked_mul(100).and_then(|d| d.checked_add(cents)).map(|c| Cents(sign * c)).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::parse_cents;
    use crate::model::money::Cents;

    #[test]
    fn amounts_are_read_without_floats() {
        for (text, cents) in [("250", 25_000), ("$1,250.5", 125_050), ("-0.07", -7)] {
            assert_eq!(parse_cents(text), Ok(Cents(cents)), "{text}");
        }
        for bad in ["", "1.234", "ten", "1.-5", "99999999999999999999"] {
            assert!(parse_cents(bad).is_err(), "{bad}");
        }
    }
}
