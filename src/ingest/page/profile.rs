//! Page profiles: how to ask one county's assessor site for one parcel, and where the fields stand on its pages.
//!
//! TOML that a user can write; built-in ones are `data/profiles/pages/*.toml`. docs/fetch_pages.md lists the keys.
//! Selectors and patterns are compiled while reading, so that a mistake is reported with its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use scraper::Selector;
use serde::Deserialize;
use url::Url;

use super::error::Error;
use crate::ingest::profile::DateForm;

/// The profiles inside the program, by name.
const BUILT_IN: &[(&str, &str)] = &[
    ("iasworld", include_str!("../../../data/profiles/pages/iasworld.toml")),
    ("oklahoma_county", include_str!("../../../data/profiles/pages/oklahoma_county.toml")),
    ("skagit_wa", include_str!("../../../data/profiles/pages/skagit_wa.toml")),
    ("tulsa_county", include_str!("../../../data/profiles/pages/tulsa_county.toml")),
    ("vgsi", include_str!("../../../data/profiles/pages/vgsi.toml")),
];

/// The pages that the built-in profiles are tested on: same markup as the counties' pages, invented owners.
const BUILT_IN_PAGES: &[(&str, &[u8])] = &[
    ("iasworld_form.html", include_bytes!("../../../data/profiles/pages/iasworld_form.html")),
    ("iasworld_record.html", include_bytes!("../../../data/profiles/pages/iasworld_record.html")),
    ("oklahoma_county_record.html", include_bytes!("../../../data/profiles/pages/oklahoma_county_record.html")),
    ("skagit_wa_record.html", include_bytes!("../../../data/profiles/pages/skagit_wa_record.html")),
    ("tulsa_county_list.html", include_bytes!("../../../data/profiles/pages/tulsa_county_list.html")),
    ("tulsa_county_record.html", include_bytes!("../../../data/profiles/pages/tulsa_county_record.html")),
    ("vgsi_record.html", include_bytes!("../../../data/profiles/pages/vgsi_record.html")),
];

/// Bytes of a profile file.
const PROFILE_BYTES_MAX: u64 = 1 << 20;

/// How a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One line.
    Text,
    /// Several lines.
    Lines,
    /// Dollars, kept as cents.
    Money,
    /// A civil date.
    Date,
    /// A whole number.
    Integer,
}

/// The fields a page may give, and how each is read.
pub const FIELDS: &[(&str, Kind)] = &[
    ("parcel_no", Kind::Text),
    ("account_no", Kind::Text),
    ("owner_lines", Kind::Lines),
    ("mailing_lines", Kind::Lines),
    ("situs_address", Kind::Text),
    ("situs_city", Kind::Text),
    ("legal_description", Kind::Text),
    ("land_use", Kind::Text),
    ("acres", Kind::Text),
    ("year_built", Kind::Integer),
    ("land_value", Kind::Money),
    ("improvement_value", Kind::Money),
    ("total_value", Kind::Money),
    ("assessed_value", Kind::Money),
    ("sale_date", Kind::Date),
    ("sale_price", Kind::Money),
    ("deed_type", Kind::Text),
    ("deed_reference", Kind::Text),
    ("occupant", Kind::Text),
];

/// Columns of the table `transfers`, and how each is read; other tables may have any column, read as text.
pub const TRANSFER_COLUMNS: &[(&str, Kind)] = &[
    ("date", Kind::Date),
    ("deed_type", Kind::Text),
    ("book", Kind::Text),
    ("page", Kind::Text),
    ("instrument", Kind::Text),
    ("price", Kind::Money),
    ("grantor", Kind::Text),
    ("grantee", Kind::Text),
];

/// A compiled CSS selector with its text.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Css {
    /// As written.
    pub text: String,
    /// Compiled.
    pub selector: Selector,
}

impl TryFrom<String> for Css {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let selector = Selector::parse(&text).map_err(|e| format!("{text:?} is no CSS selector: {e}"))?;
        Ok(Self { text, selector })
    }
}

/// A compiled pattern; its first group is what is meant.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(pub Regex);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        /// Compiled size of a pattern: a page of alternatives, not a bomb.
        const BYTES_MAX: usize = 256 << 10;
        regex_lite::RegexBuilder::new(&text)
            .size_limit(BYTES_MAX)
            .build()
            .map(Self)
            .map_err(|e| format!("{text:?} is no pattern: {e}"))
    }
}

/// Where a value stands, seen from its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// The next cell, or the next element; behind a `dt` every `dd` up to the next `dt`.
    Next,
    /// All that stands behind the label in the element around it, up to the next label.
    Rest,
    /// The cell in the next row, same column.
    Below,
    /// The same cell, behind the label.
    Same,
    /// All further rows of the label's table.
    RowsBelow,
}

/// Which row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowPick {
    /// The first one.
    #[default]
    First,
    /// The last one.
    Last,
}

/// One place to take a value from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// Label text, `A|B` for alternatives.
    pub label: Option<String>,
    /// How to get from the label to the value; default: next.
    #[serde(default, deserialize_with = "one_or_many")]
    pub value: Vec<Move>,
    /// Or: a selector.
    pub css: Option<Css>,
    /// Attribute instead of text.
    pub attr: Option<String>,
    /// All elements the selector finds, as lines; else several different ones are an error.
    #[serde(default)]
    pub all: bool,
    /// Look only inside this element.
    pub inside: Option<Css>,
    /// Or: a table of `[tables]`.
    pub table: Option<String>,
    /// Column of that table.
    pub column: Option<String>,
    /// Row of that table.
    #[serde(default)]
    pub row: RowPick,
    /// The site leaves the label away when there is nothing to say.
    #[serde(default)]
    pub optional: bool,
}

impl Take {
    fn of_label(label: String) -> Self {
        Self { label: Some(label), ..Self::default() }
    }

    /// The rule in words, for messages and provenance.
    pub fn describe(&self) -> String {
        let scope = self.inside.as_ref().map(|i| format!(" inside {}", i.text)).unwrap_or_default();
        match (&self.label, &self.css, &self.table) {
            (Some(label), _, _) => format!("label {label:?}{scope}"),
            (None, Some(css), _) => format!("selector {}{scope}", css.text),
            (None, None, Some(table)) => {
                format!("column {} of table {table}", self.column.as_deref().unwrap_or("?"))
            }
            (None, None, None) => "an empty rule".to_owned(),
        }
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Move>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "next, rest, below, same, rows_below, or a list of them")]
    enum Moves {
        One(Move),
        Many(Vec<Move>),
    }
    Ok(match Moves::deserialize(deserializer)? {
        Moves::One(one) => vec![one],
        Moves::Many(many) => many,
    })
}

/// How a field is found and cleaned.
#[derive(Debug, Clone, Default)]
pub struct FieldRule {
    /// Places whose lines are put together.
    pub take: Vec<Take>,
    /// The first group of this pattern is the value.
    pub pattern: Option<Pattern>,
    /// Lines before the first one (not counting line 1) that matches.
    pub until: Option<Pattern>,
    /// Lines from the first one (not counting line 1) that matches.
    pub from: Option<Pattern>,
    /// Only this line, 1-based.
    pub line: Option<usize>,
    /// Date forms; default: those of the importer.
    pub(crate) dates: Vec<DateForm>,
}

/// A rule with details: the keys of [`Take`] for one place, or `take` for several, and how to clean.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FullRule {
    #[serde(default)]
    take: Vec<Take>,
    pattern: Option<Pattern>,
    until: Option<Pattern>,
    from: Option<Pattern>,
    line: Option<usize>,
    #[serde(default)]
    dates: Vec<DateForm>,
    label: Option<String>,
    #[serde(default, deserialize_with = "one_or_many")]
    value: Vec<Move>,
    css: Option<Css>,
    attr: Option<String>,
    #[serde(default)]
    all: bool,
    inside: Option<Css>,
    table: Option<String>,
    column: Option<String>,
    #[serde(default)]
    row: RowPick,
    #[serde(default)]
    optional: bool,
}

impl From<FullRule> for FieldRule {
    fn from(full: FullRule) -> Self {
        let FullRule { label, value, css, attr, all, inside, table, column, row, optional, mut take, .. } = full;
        if take.is_empty() {
            take.push(Take { label, value, css, attr, all, inside, table, column, row, optional });
        }
        Self { take, pattern: full.pattern, until: full.until, from: full.from, line: full.line, dates: full.dates }
    }
}

/// Written by hand instead of `untagged`, which would swallow what is wrong inside the table.
impl<'de> Deserialize<'de> for FieldRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RuleVisitor;
        impl<'de> serde::de::Visitor<'de> for RuleVisitor {
            type Value = FieldRule;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a label, a list of labels, or a table with label, css or table")
            }

            fn visit_str<E: serde::de::Error>(self, label: &str) -> Result<FieldRule, E> {
                Ok(FieldRule { take: vec![Take::of_label(label.to_owned())], ..FieldRule::default() })
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut labels: A) -> Result<FieldRule, A::Error> {
                let mut take = Vec::new();
                while let Some(label) = labels.next_element()? {
                    take.push(Take::of_label(label));
                }
                Ok(FieldRule { take, ..FieldRule::default() })
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<FieldRule, A::Error> {
                FullRule::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(FieldRule::from)
            }
        }
        deserializer.deserialize_any(RuleVisitor)
    }
}

/// Rows of a table, found by the headers of its columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRule {
    /// Our column name to the header text, `A|B` for alternatives. All must stand in one row of the table.
    pub columns: BTreeMap<String, String>,
    /// Look only inside this element.
    pub inside: Option<Css>,
    /// The site leaves the table or its header away when it has no rows.
    #[serde(default)]
    pub optional: bool,
    /// Date forms of the column `date`.
    #[serde(default)]
    pub(crate) dates: Vec<DateForm>,
}

/// A sign by which a kind of page is recognized: an element, a text, or an element with that text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Element that is there.
    pub css: Option<Css>,
    /// Text that is there, without regard to case and white space.
    pub text: Option<String>,
}

/// Signs of each kind of page; any one of a list is enough.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// The record of one parcel.
    pub record: Vec<Mark>,
    /// A list of candidates.
    #[serde(default)]
    pub list: Vec<Mark>,
    /// Nothing was found.
    #[serde(default)]
    pub no_hit: Vec<Mark>,
    /// Terms to accept.
    #[serde(default)]
    pub terms: Vec<Mark>,
    /// The search form.
    #[serde(default)]
    pub form: Vec<Mark>,
    /// Captcha, login, outage; looked at before everything else.
    #[serde(default)]
    pub blocked: Vec<Mark>,
}

/// One request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Template of the URL of a GET, relative to `base`.
    pub get: Option<String>,
    /// Template of the URL of a POST; empty for the form's own action.
    pub post: Option<String>,
    /// Form fields of a POST: name to template.
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    /// Form of the page before whose hidden fields go along.
    pub hidden: Option<Css>,
    /// This request says that the terms are accepted.
    #[serde(default)]
    pub accepts_terms: bool,
}

/// One way to search.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// By what, in words.
    pub by: String,
    /// Requests in order; the last one gives a record, a list or "no hit".
    pub step: Vec<Step>,
}

/// A list of candidates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListRule {
    /// One candidate.
    pub row: Css,
    /// Element inside the row that holds the link; default: the row itself.
    pub link: Option<Css>,
    /// Attribute of the link.
    #[serde(default = "href")]
    pub attr: String,
    /// Template of the record's URL from `{link}`.
    #[serde(default = "link_itself")]
    pub url: String,
    /// Our name (`account_no`, `parcel_no`, `owner`, `situs`) to the number of the cell, 1-based.
    #[serde(default)]
    pub cells: BTreeMap<String, usize>,
    /// Pattern over the page's text whose first group is the number of candidates announced.
    pub count: Option<Pattern>,
    /// Link to the next page of the list.
    pub next: Option<Css>,
}

fn href() -> String {
    "href".to_owned()
}

fn link_itself() -> String {
    "{link}".to_owned()
}

/// A page that the profile is tested on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// File beside the profile.
    pub page: String,
    /// record, list, no_hit, terms, form or blocked.
    pub kind: String,
    /// Content type as the server sends it.
    pub content_type: Option<String>,
    /// Number of candidates of a list.
    pub n_candidates: Option<usize>,
    /// Field to value; lines are separated by a line break.
    #[serde(default)]
    pub expect: BTreeMap<String, String>,
    /// Table to number of rows.
    #[serde(default)]
    pub rows: BTreeMap<String, usize>,
}

/// A page profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageProfile {
    /// Name.
    pub name: String,
    /// What it is for, in words.
    #[serde(default)]
    pub title: String,
    /// What was checked against real pages, and what was not.
    #[serde(default)]
    pub checked: String,
    /// URL that the others are relative to.
    #[serde(deserialize_with = "web_address")]
    pub base: Url,
    /// Further hosts that may be asked.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Character set, where the site is known to say it wrongly.
    pub charset: Option<String>,
    /// Text that a whole page ends with; empty when the site has none.
    #[serde(default = "html_end")]
    pub end: String,
    /// How to recognize pages.
    pub pages: Pages,
    /// Ways to search, the best one first.
    #[serde(default)]
    pub search: Vec<Search>,
    /// How to accept the terms.
    pub terms: Option<Step>,
    /// How to read a list.
    pub list: Option<ListRule>,
    /// Fields of a record.
    pub fields: BTreeMap<String, FieldRule>,
    /// Tables of a record.
    #[serde(default)]
    pub tables: BTreeMap<String, TableRule>,
    /// Pages to test on.
    #[serde(default)]
    pub sample: Vec<Sample>,
    /// Folder of the profile file; `None` for built-in ones.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
    /// SHA-256 of the text.
    #[serde(skip)]
    pub sha256: String,
}

fn web_address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(|e| serde::de::Error::custom(format!("{text:?} is no web address: {e}")))
}

fn html_end() -> String {
    "</html>".to_owned()
}

impl PageProfile {
    /// Names of the built-in profiles.
    pub fn built_in() -> Vec<&'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).collect()
    }

    /// Loads a built-in profile by name, or a file by path.
    ///
    /// # Errors
    /// When there is none or it is wrong.
    pub fn load(name: &str) -> Result<Self, Error> {
        let path = Path::new(name);
        if name.ends_with(".toml") || path.components().count() > 1 {
            let fail = |detail: String| Error::Profile { name: name.to_owned(), line: 0, detail };
            let length = std::fs::metadata(path).map_err(|e| fail(e.to_string()))?.len();
            if length > PROFILE_BYTES_MAX {
                return Err(fail(format!("{length} bytes, more than {PROFILE_BYTES_MAX}")));
            }
            let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
            let mut profile = Self::parse(name, &text)?;
            profile.folder = Some(path.parent().unwrap_or(Path::new("")).to_owned());
            return Ok(profile);
        }
        match BUILT_IN.iter().find(|(n, _)| *n == name) {
            Some((_, text)) => Self::parse(name, text),
            None => Err(Error::NoSuchProfile { name: name.to_owned(), known: Self::built_in().join(", ") }),
        }
    }

    /// Reads and checks a profile.
    ///
    /// # Errors
    /// When it is wrong, with the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let mut profile: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(0, |span| 1 + text.get(..span.start).unwrap_or("").matches('\n').count());
            Error::Profile { name: name.to_owned(), line, detail: e.message().to_owned() }
        })?;
        profile.sha256 = super::document::sha256_hex(text.as_bytes());
        if let Err((word, detail)) = super::profile_check::check(&profile) {
            let line = text.lines().position(|l| !l.trim_start().starts_with('#') && l.contains(&word));
            return Err(Error::Profile { name: name.to_owned(), line: line.map_or(0, |n| n + 1), detail });
        }
        Ok(profile)
    }

    /// Whether the profile may ask this host.
    pub fn has_host(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let is_base = Some(host) == self.base.host_str() && url.port() == self.base.port();
        is_base || self.hosts.iter().any(|h| h == host)
    }

    /// Bytes of a sample page: beside the profile file, or built in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn sample_bytes(&self, page: &str) -> Result<Vec<u8>, Error> {
        let missing = |detail: String| Error::Profile { name: self.name.clone(), line: 0, detail };
        match &self.folder {
            Some(folder) => {
                let path = folder.join(page);
                std::fs::read(&path).map_err(|e| missing(format!("sample {}: {e}", path.display())))
            }
            None => BUILT_IN_PAGES
                .iter()
                .find(|(name, _)| *name == page)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| missing(format!("there is no sample {page}"))),
        }
    }
}
