//! The city's policy: dated fees, deadlines, thresholds, recipients and holidays, each with its authority.
//!
//! The embedded `data/policy/default.toml` is an example that a city replaces. Validation is in `policy_check`.

use serde::Deserialize;
use toml::Spanned;

use super::calendar::BusinessCalendar;
use super::policy_check;
use super::refusal::{Refusal, RefusalCode};
use crate::model::date::CivilDate;

/// The embedded example.
pub const DEFAULT_TOML: &str = include_str!("../../data/policy/default.toml");

/// Where a policy file is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct PolicyError {
    /// 1-based line.
    pub line: usize,
    /// 1-based column.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A count of something; the unit is in the name.
    Integer(i64),
    /// A word of a fixed list.
    Text(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Integer(value) => write!(f, "{value}"),
            Value::Text(value) => f.write_str(value),
        }
    }
}

/// Name of the policy and whether it is still the example.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// Name.
    pub name: String,
    /// True until the city has replaced the examples.
    pub is_example: bool,
}

/// The office that writes and hears disputes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// Name, as on the letterhead.
    pub name: Spanned<String>,
    /// Address lines.
    pub address: Vec<Spanned<String>>,
    /// Telephone.
    pub telephone: Spanned<String>,
    /// Hours.
    pub hours: Spanned<String>,
}

/// What the account statuses of the billing file mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountStatus {
    /// Somebody is served.
    pub served: Vec<Spanned<String>>,
    /// Nobody is served; only these let a removal pass.
    pub not_served: Vec<Spanned<String>>,
    /// Where the list comes from.
    pub authority: Spanned<String>,
}

impl AccountStatus {
    /// Whether the status means that nobody is served; an unknown status does not.
    pub fn is_off(&self, status: &str) -> bool {
        self.not_served.iter().any(|s| s.as_ref() == status)
    }
}

/// One dated parameter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Name; the list of known names is in `policy_check`.
    pub name: Spanned<String>,
    /// First day.
    pub valid_from: Spanned<String>,
    /// Day from which it no longer holds.
    pub valid_to: Option<Spanned<String>>,
    /// Value.
    pub value: Value,
    /// Ordinance or decision.
    pub authority: Spanned<String>,
}

/// One dated fee.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// Code; the same code may stand several times with other dates and offenses.
    pub code: Spanned<String>,
    /// Words for the letter.
    pub label: String,
    /// First day.
    pub valid_from: Spanned<String>,
    /// Day from which it no longer holds.
    pub valid_to: Option<Spanned<String>>,
    /// Offense it is for; the highest one also serves later offenses.
    pub offense_no: Option<i64>,
    /// Amount.
    pub amount_cents: Option<i64>,
    /// Amount comes with the case.
    #[serde(default)]
    pub is_actual_cost: bool,
    /// Charged only when somebody asks for it by code.
    #[serde(default)]
    pub is_on_request: bool,
    /// Violations it is for; empty for all.
    pub violations: Vec<Spanned<String>>,
    /// Ordinance.
    pub authority: Spanned<String>,
}

/// Average use of a customer class.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassAverage {
    /// Class.
    pub class: String,
    /// First day.
    pub valid_from: Spanned<String>,
    /// Day from which it no longer holds.
    pub valid_to: Option<Spanned<String>>,
    /// Gallons in an average month.
    pub gallons_per_month: i64,
    /// Source.
    pub authority: Spanned<String>,
}

/// Water price of a class.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Class.
    pub class: String,
    /// First day.
    pub valid_from: Spanned<String>,
    /// Day from which it no longer holds.
    pub valid_to: Option<Spanned<String>>,
    /// Price.
    pub cents_per_1000_gallons: i64,
    /// Ordinance.
    pub authority: Spanned<String>,
}

/// To whom a notice must go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipients {
    /// Notice template, or `default`.
    pub notice: String,
    /// First day.
    pub valid_from: Spanned<String>,
    /// Day from which it no longer holds.
    pub valid_to: Option<Spanned<String>>,
    /// Address kinds, `domains.tsv` list `address_kind`.
    pub kinds: Vec<Spanned<String>>,
    /// Ordinance.
    pub authority: Spanned<String>,
}

/// Holidays of one year.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// Year.
    pub year: i16,
    /// Days.
    pub days: Vec<Spanned<String>>,
    /// Schedule.
    pub authority: Spanned<String>,
}

/// A checked policy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Name and state.
    pub meta: Meta,
    /// Office on the letters.
    pub office: Office,
    /// Statuses of accounts.
    pub account_status: AccountStatus,
    /// Thresholds and deadlines.
    pub parameter: Vec<Parameter>,
    /// Fees.
    pub fee: Vec<Fee>,
    /// Average use.
    pub class_average: Vec<ClassAverage>,
    /// Prices.
    pub rate: Vec<Rate>,
    /// Recipients of notices.
    pub recipients: Vec<Recipients>,
    /// Holidays.
    pub holidays: Vec<Holidays>,
    /// Steps of the manual research.
    pub research_step: Vec<super::checklist::ResearchStep>,
}

/// Something valid on some days.
pub trait Dated {
    /// First day, as written.
    fn from(&self) -> &str;
    /// Day from which it no longer holds, as written.
    fn to(&self) -> Option<&str>;
    /// Whether it is valid on the day; dates are ISO text, which sorts.
    fn is_valid_on(&self, day: CivilDate) -> bool {
        let day = day.to_string();
        self.from() <= day.as_str() && self.to().is_none_or(|to| day.as_str() < to)
    }
}

macro_rules! dated {
    ($($name:ty),+) => {$(
        impl Dated for $name {
            fn from(&self) -> &str { self.valid_from.as_ref() }
            fn to(&self) -> Option<&str> { self.valid_to.as_ref().map(|t| t.as_ref().as_str()) }
        }
    )+};
}
dated!(Parameter, Fee, ClassAverage, Rate, Recipients);

/// The latest-starting entry that is valid on the day.
fn latest<'a, T: Dated>(entries: impl Iterator<Item = &'a T>, day: CivilDate) -> Option<&'a T> {
    entries.filter(|e| e.is_valid_on(day)).max_by(|a, b| a.from().cmp(b.from()))
}

impl Policy {
    /// Reads and checks a policy file.
    ///
    /// # Errors
    /// The first thing that is wrong, with line and column.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let policy: Self = toml::from_str(text).map_err(|e| {
            policy_check::at(text, e.span().map_or(0, |s| s.start), e.message().lines().next().unwrap_or_default())
        })?;
        policy_check::check(text, &policy)?;
        Ok(policy)
    }

    /// The embedded example.
    pub fn example() -> Self {
        Self::parse(DEFAULT_TOML).expect("the embedded policy is checked by a test")
    }

    fn parameter_on(&self, name: &str, day: CivilDate) -> Result<&Parameter, Refusal> {
        latest(self.parameter.iter().filter(|p| p.name.as_ref() == name), day)
            .ok_or_else(|| Refusal::new(RefusalCode::NoPolicy, format!("the policy has no {name} on {day}")))
    }

    /// A whole-number parameter on a day.
    ///
    /// # Errors
    /// `E_NO_POLICY` when no entry is valid on the day.
    pub fn integer(&self, name: &str, day: CivilDate) -> Result<i64, Refusal> {
        match &self.parameter_on(name, day)?.value {
            Value::Integer(value) => Ok(*value),
            Value::Text(_) => Err(Refusal::new(RefusalCode::NoPolicy, format!("{name} is not a whole number"))),
        }
    }

    /// A word parameter on a day.
    ///
    /// # Errors
    /// `E_NO_POLICY` when no entry is valid on the day.
    pub fn word(&self, name: &str, day: CivilDate) -> Result<&str, Refusal> {
        match &self.parameter_on(name, day)?.value {
            Value::Text(value) => Ok(value),
            Value::Integer(_) => Err(Refusal::new(RefusalCode::NoPolicy, format!("{name} is not a word"))),
        }
    }

    /// Gallons in an average month of the class.
    pub fn class_average_on(&self, class: &str, day: CivilDate) -> Option<&ClassAverage> {
        latest(self.class_average.iter().filter(|a| a.class == class), day)
    }

    /// Price of water for the class.
    pub fn rate_on(&self, class: &str, day: CivilDate) -> Option<&Rate> {
        latest(self.rate.iter().filter(|r| r.class == class), day)
    }

    /// Address kinds a notice must go to; the notice's own entry, else `default`.
    ///
    /// # Errors
    /// `E_NO_POLICY` when no entry is valid on the day.
    pub fn recipients_on(&self, notice: &str, day: CivilDate) -> Result<&Recipients, Refusal> {
        latest(self.recipients.iter().filter(|r| r.notice == notice), day)
            .or_else(|| latest(self.recipients.iter().filter(|r| r.notice == "default"), day))
            .ok_or_else(|| Refusal::new(RefusalCode::NoPolicy, format!("the policy has no recipients on {day}")))
    }

    /// The business calendar.
    pub fn calendar(&self) -> BusinessCalendar {
        let mut calendar = BusinessCalendar::default();
        for holidays in &self.holidays {
            let days = holidays.days.iter().filter_map(|d| CivilDate::parse(d.as_ref()));
            calendar.years.entry(holidays.year).or_default().extend(days);
        }
        calendar
    }
}
