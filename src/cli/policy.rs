//! `taptrace policy`: what is charged, allowed and demanded, on which day, under which authority.

use std::path::PathBuf;

use clap::Subcommand;

use super::desk::{read_policy, write_rows};
use super::{Failure, Global, Outcome, context};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::pipeline::casework::{Dated, Policy};

/// The city's policy.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show every entry. Example: taptrace policy show
    Show {
        /// The policy file (default: the built-in example).
        file: Option<PathBuf>,
    },
    /// Check a file; errors name line and column.
    Check {
        /// The policy file (default: the built-in example).
        file: Option<PathBuf>,
    },
    /// Show what is valid on a day. Example: taptrace policy at 2026-03-01
    At {
        /// The day.
        #[arg(value_parser = context::parse_date)]
        date: CivilDate,
        /// The policy file (default: the built-in example).
        file: Option<PathBuf>,
    },
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    let (file, date) = match &args.verb {
        Verb::Show { file } | Verb::Check { file } => (file, None),
        Verb::At { date, file } => (file, Some(*date)),
    };
    let policy = read_policy(file.as_ref())?;
    let mut rows: Vec<Vec<String>> =
        entries(&policy).into_iter().filter(|e| date.is_none_or(|d| e.0.is_on(d))).map(|e| e.1).collect();
    rows.extend(undated(&policy, date));
    match args.verb {
        Verb::Check { .. } => write_rows(
            global,
            &["entries", "example"],
            &[vec![rows.len().to_string(), policy.meta.is_example.to_string()]],
        )?,
        Verb::Show { .. } | Verb::At { .. } => {
            write_rows(global, &["kind", "name", "value", "valid_from", "valid_to", "authority"], &rows)?;
        }
    }
    Ok(if policy.meta.is_example { Outcome::Look } else { Outcome::Done })
}

/// Validity of an entry.
struct Span(String, Option<String>);

impl Span {
    fn of(entry: &dyn Dated) -> Self {
        Self(entry.from().to_owned(), entry.to().map(str::to_owned))
    }

    fn is_on(&self, day: CivilDate) -> bool {
        let day = day.to_string();
        self.0 <= day && self.1.as_ref().is_none_or(|to| &day < to)
    }
}

fn entries(policy: &Policy) -> Vec<(Span, Vec<String>)> {
    let row = |kind: &str, name: String, value: String, entry: &dyn Dated, authority: &str| {
        let span = Span::of(entry);
        let cells = vec![
            kind.to_owned(),
            name,
            value,
            span.0.clone(),
            span.1.clone().unwrap_or_default(),
            authority.to_owned(),
        ];
        (span, cells)
    };
    let mut all = Vec::new();
    for p in &policy.parameter {
        all.push(row("parameter", p.name.as_ref().clone(), format!("{}", p.value), p, p.authority.as_ref()));
    }
    for f in &policy.fee {
        let amount = f.amount_cents.map_or("actual cost".to_owned(), |c| Cents(c).to_string());
        let offense = f.offense_no.map(|n| format!(" (offense {n})")).unwrap_or_default();
        all.push(row("fee", format!("{}{offense}", f.code.as_ref()), amount, f, f.authority.as_ref()));
    }
    for a in &policy.class_average {
        all.push(row(
            "class_average",
            a.class.clone(),
            format!("{} gal/month", a.gallons_per_month),
            a,
            a.authority.as_ref(),
        ));
    }
    for r in &policy.rate {
        let price = format!("{} per 1,000 gal", Cents(r.cents_per_1000_gallons));
        all.push(row("rate", r.class.clone(), price, r, r.authority.as_ref()));
    }
    for r in &policy.recipients {
        let kinds: Vec<&str> = r.kinds.iter().map(|k| k.as_ref().as_str()).collect();
        all.push(row("recipients", r.notice.clone(), kinds.join(" "), r, r.authority.as_ref()));
    }
    all
}

/// Entries that hold on every day: the office, the meaning of account statuses, the holidays of a year.
fn undated(policy: &Policy, date: Option<CivilDate>) -> Vec<Vec<String>> {
    let office = &policy.office;
    let list = |all: &[toml::Spanned<String>]| all.iter().map(|s| s.as_ref().as_str()).collect::<Vec<_>>().join(" ");
    let row = |kind: &str, name: &str, value: String, authority: &str| {
        vec![kind.to_owned(), name.to_owned(), value, String::new(), String::new(), authority.to_owned()]
    };
    let lines: Vec<&str> = office.address.iter().map(|l| l.as_ref().as_str()).collect();
    let statuses = &policy.account_status;
    let mut rows = vec![
        row("office", office.name.as_ref(), lines.join(", "), ""),
        row("office", "telephone", format!("{}, {}", office.telephone.as_ref(), office.hours.as_ref()), ""),
        row("account_status", "served", list(&statuses.served), statuses.authority.as_ref()),
        row("account_status", "not_served", list(&statuses.not_served), statuses.authority.as_ref()),
    ];
    for h in policy.holidays.iter().filter(|h| date.is_none_or(|d| d.as_jiff().year() == h.year)) {
        rows.push(row("holidays", &h.year.to_string(), list(&h.days), h.authority.as_ref()));
    }
    rows
}
