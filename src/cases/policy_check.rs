//! What a policy file must satisfy beyond being readable; every complaint has a line and a column.

use std::collections::BTreeSet;

use toml::Spanned;

use super::offense::OffenseScope;
use super::policy::{Dated, Policy, PolicyError, Value};
use crate::model::date::CivilDate;
use crate::model::domain;

/// Every parameter the program asks for, and whether it is a number.
pub const PARAMETERS: &[(&str, bool)] = &[
    ("notice_response_business_days", true),
    ("mail_business_days", true),
    ("offense_lookback_months", true),
    ("offense_scope", false),
    ("start_of_use", false),
    ("history_months", true),
    ("fixed_months", true),
    ("multiplier_percent", true),
    ("plan_instalments_max", true),
    ("plan_down_percent", true),
    ("plan_grace_days", true),
    ("plan_missed_max", true),
    ("evidence_distance_m", true),
    ("evidence_hours", true),
    ("evidence_bytes_max", true),
    ("locate_min_business_days", true),
    ("locate_max_age_days", true),
    ("locate_warn_business_days", true),
    ("removal_ties_min", true),
    ("refuse_pull_cents_min", true),
    ("hold_review_days", true),
];

/// A complaint at a byte position of the file.
pub(super) fn at(text: &str, offset: usize, message: impl Into<String>) -> PolicyError {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    PolicyError { line, column, message: message.into() }
}

/// Checks a policy that could be read.
pub(super) fn check(text: &str, policy: &Policy) -> Result<(), PolicyError> {
    office(text, policy)?;
    account_statuses(text, policy)?;
    super::checklist::check(text, policy)?;
    parameters(text, policy)?;
    fees(text, policy)?;
    once(text, &policy.fee, |f| (f.code.as_ref(), f.offense_no, violations(f)))?;
    once(text, &policy.class_average, |a| &a.class)?;
    once(text, &policy.rate, |r| &r.class)?;
    once(text, &policy.recipients, |r| &r.notice)?;
    for average in &policy.class_average {
        dates(text, average, &average.valid_from, &average.authority)?;
        positive(text, &average.valid_from, average.gallons_per_month)?;
    }
    for rate in &policy.rate {
        dates(text, rate, &rate.valid_from, &rate.authority)?;
        positive(text, &rate.valid_from, rate.cents_per_1000_gallons)?;
    }
    for recipients in &policy.recipients {
        dates(text, recipients, &recipients.valid_from, &recipients.authority)?;
        for kind in &recipients.kinds {
            code(text, "address_kind", kind)?;
        }
    }
    if let Some(recipients) = policy.recipients.iter().find(|r| r.kinds.is_empty()) {
        let start = recipients.authority.span().start;
        return Err(at(text, start, format!("the {} notice goes to nobody: kinds is empty", recipients.notice)));
    }
    let mut years = BTreeSet::new();
    for holidays in &policy.holidays {
        let start = holidays.authority.span().start;
        if holidays.authority.as_ref().trim().is_empty() {
            return Err(at(text, start, "authority is empty"));
        }
        if !years.insert(holidays.year) {
            return Err(at(text, start, format!("the holidays of {} are listed twice", holidays.year)));
        }
        for day in &holidays.days {
            let year = CivilDate::parse(day.as_ref()).map(|d| d.as_jiff().year());
            if year != Some(holidays.year) {
                let message = format!("{} is not a day of {}", day.as_ref(), holidays.year);
                return Err(at(text, day.span().start, message));
            }
        }
    }
    Ok(())
}

fn filled(text: &str, value: &Spanned<String>, what: &str) -> Result<(), PolicyError> {
    let is_filled = !value.as_ref().trim().is_empty();
    if is_filled { Ok(()) } else { Err(at(text, value.span().start, format!("{what} is empty"))) }
}

fn office(text: &str, policy: &Policy) -> Result<(), PolicyError> {
    let office = &policy.office;
    filled(text, &office.name, "the name of the office")?;
    filled(text, &office.telephone, "the telephone of the office")?;
    filled(text, &office.hours, "the hours of the office")?;
    for line in &office.address {
        filled(text, line, "a line of the office's address")?;
    }
    if office.address.is_empty() {
        return Err(at(text, office.name.span().start, "the office has no address"));
    }
    Ok(())
}

fn account_statuses(text: &str, policy: &Policy) -> Result<(), PolicyError> {
    let statuses = &policy.account_status;
    filled(text, &statuses.authority, "authority")?;
    let mut seen = BTreeSet::new();
    for status in statuses.served.iter().chain(&statuses.not_served) {
        let word = status.as_ref().as_str();
        if word.is_empty() || word.chars().any(|c| c.is_uppercase() || c == ' ' || c == '-') {
            let message = format!("{word:?} must be in lower case with underscores, as the import writes it");
            return Err(at(text, status.span().start, message));
        }
        if !seen.insert(word) {
            return Err(at(text, status.span().start, format!("{word} is listed twice")));
        }
    }
    Ok(())
}

fn violations(fee: &super::policy::Fee) -> Vec<&str> {
    fee.violations.iter().map(|v| v.as_ref().as_str()).collect()
}

/// Two entries of one kind must not start on the same day: which one would hold?
fn once<'a, T: Dated + Located, K: Ord>(text: &str, all: &'a [T], key: impl Fn(&'a T) -> K) -> Result<(), PolicyError> {
    let mut seen = BTreeSet::new();
    for entry in all {
        if !seen.insert((key(entry), entry.from().to_owned())) {
            let message = format!("an earlier entry for the same thing also starts on {}", entry.from());
            return Err(at(text, entry.offset(), message));
        }
    }
    Ok(())
}

/// Where an entry stands in the file.
trait Located {
    fn offset(&self) -> usize;
}

macro_rules! located {
    ($($name:ident),+) => {$(
        impl Located for super::policy::$name {
            fn offset(&self) -> usize { self.valid_from.span().start }
        }
    )+};
}
located!(Fee, ClassAverage, Rate, Recipients);

fn parameters(text: &str, policy: &Policy) -> Result<(), PolicyError> {
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for parameter in &policy.parameter {
        let name = parameter.name.as_ref().as_str();
        let start = parameter.name.span().start;
        let Some((_, is_number)) = PARAMETERS.iter().find(|(known, _)| *known == name) else {
            return Err(at(text, start, format!("unknown parameter {name}")));
        };
        match &parameter.value {
            Value::Integer(value) if *is_number && *value >= 0 => {}
            Value::Text(word) if !*is_number => word_value(text, start, name, word)?,
            Value::Integer(_) | Value::Text(_) => {
                let wanted = if *is_number { "a whole number of at least 0" } else { "a word" };
                return Err(at(text, start, format!("{name} must be {wanted}")));
            }
        }
        dates(text, parameter, &parameter.valid_from, &parameter.authority)?;
        if !seen.insert((name, parameter.valid_from.as_ref())) {
            return Err(at(text, start, format!("{name} starts twice on {}", parameter.valid_from.as_ref())));
        }
    }
    for (name, _) in PARAMETERS {
        if !seen.iter().any(|(n, _)| n == name) {
            return Err(at(text, text.len(), format!("parameter {name} is missing")));
        }
    }
    Ok(())
}

fn word_value(text: &str, start: usize, name: &str, word: &str) -> Result<(), PolicyError> {
    let is_known = match name {
        "offense_scope" => OffenseScope::parse(word).is_some(),
        "start_of_use" => super::estimate::StartRule::parse(word).is_some(),
        _ => true,
    };
    if is_known { Ok(()) } else { Err(at(text, start, format!("{name} cannot be {word}"))) }
}

fn fees(text: &str, policy: &Policy) -> Result<(), PolicyError> {
    for fee in &policy.fee {
        let start = fee.code.span().start;
        dates(text, fee, &fee.valid_from, &fee.authority)?;
        if fee.is_actual_cost == fee.amount_cents.is_some() {
            return Err(at(text, start, "a fee has either amount_cents or is_actual_cost = true"));
        }
        if fee.amount_cents.is_some_and(|cents| cents < 0) || fee.offense_no.is_some_and(|n| n < 1) {
            return Err(at(text, start, "a fee has no negative amount and no offense below 1"));
        }
        for violation in &fee.violations {
            code(text, "violation_type", violation)?;
        }
    }
    Ok(())
}

fn dates<T: Dated>(
    text: &str,
    entry: &T,
    from: &Spanned<String>,
    authority: &Spanned<String>,
) -> Result<(), PolicyError> {
    if CivilDate::parse(entry.from()).is_none() {
        return Err(at(text, from.span().start, format!("{} is not a day YYYY-MM-DD", entry.from())));
    }
    if let Some(to) = entry.to()
        && (CivilDate::parse(to).is_none() || to <= entry.from())
    {
        return Err(at(text, from.span().start, format!("valid_to {to} is not a day after valid_from")));
    }
    if authority.as_ref().trim().is_empty() {
        return Err(at(text, authority.span().start, "authority is empty"));
    }
    Ok(())
}

fn positive(text: &str, near: &Spanned<String>, value: i64) -> Result<(), PolicyError> {
    if value > 0 { Ok(()) } else { Err(at(text, near.span().start, "the value must be above 0")) }
}

fn code(text: &str, list: &str, value: &Spanned<String>) -> Result<(), PolicyError> {
    if domain::codes(list).contains(&value.as_ref().as_str()) {
        return Ok(());
    }
    Err(at(text, value.span().start, format!("{} is not a code of {list}", value.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::super::policy::{DEFAULT_TOML, Policy};
    use crate::model::date::CivilDate;

    #[test]
    fn the_example_is_valid_and_says_that_it_is_one() {
        let policy = Policy::example();
        assert!(policy.meta.is_example);
        assert!(policy.parameter.iter().all(|p| p.authority.as_ref().starts_with("EXAMPLE")));
        let day = |t| CivilDate::parse(t).unwrap();
        assert_eq!(policy.rate_on("residential", day("2024-12-31")).unwrap().cents_per_1000_gallons, 650);
        assert_eq!(policy.rate_on("residential", day("2025-01-01")).unwrap().cents_per_1000_gallons, 700);
        assert!(policy.integer("fixed_months", day("2019-12-31")).is_err());
    }

    #[test]
    fn complaints_have_line_and_column() {
        let cases = [
            ("name = \"fixed_months\"", "name = \"fixt_months\"", "unknown parameter"),
            ("amount_cents = 25000", "amount_cents = -1", "no negative amount"),
            ("\"2026-01-01\"", "\"2027-01-01\"", "not a day of 2026"),
            ("violations = [\"slip\"", "violations = [\"theft\"", "not a code"),
            ("value = 10\n", "value = \"ten\"\n", "must be a whole number"),
            ("value = 10\n", "value = 1 0\n", ""),
            ("valid_to = \"2025-01-01\"", "valid_to = \"2019-01-01\"", "valid_to"),
            ("kinds = [", "kinds = [\"email\", ", "not a code"),
            ("premise_or_owner_group\"", "street\"", "cannot be"),
            ("is_example = true", "is_exemple = true", ""),
            ("gallons_per_month = 5000", "gallons_per_month = 0", "above 0"),
            ("\"000-555-0100\"", "\"\"", "telephone of the office"),
            ("[\"1 Example Plaza, Room 100\", \"Example City, ST 00000\"]", "[]", "no address"),
            ("\"closed\"", "\"Closed\"", "lower case"),
            ("\"closed\"", "\"active\"", "twice"),
            ("year = 2025", "year = 2024", "twice"),
            ("offense_no = 2", "offense_no = 1", "also starts"),
            ("kinds = [\"service_address\", \"assessor_mailing\"]", "kinds = []", "goes to nobody"),
        ];
        for (old, new, words) in cases {
            assert!(DEFAULT_TOML.contains(old), "{old}");
            let error = Policy::parse(&DEFAULT_TOML.replacen(old, new, 1)).unwrap_err();
            assert!(error.line > 1 && error.column >= 1 && error.message.contains(words), "{new}: {error}");
        }
        let bad = DEFAULT_TOML.replacen(
            "authority = \"EXAMPLE, replace: City Code, chapter on water service\"",
            "authority = \" \"",
            1,
        );
        let error = Policy::parse(&bad).unwrap_err();
        let line = bad.lines().nth(error.line - 1).unwrap();
        assert!(line.starts_with("authority") && error.column == 13, "{error}");
    }
}
