//! The fields of a record page and the candidates of a list page, each value with its rule and the path of its element.
//!
//! A rule that finds nothing is an error that names profile, field and page. There is no empty owner.

use scraper::ElementRef;
use url::Url;

use super::clean::{self, Unclean};
use super::document::Document;
use super::dom;
use super::error::Error;
use super::locate::{self, Hit, NoTable, Page};
use super::profile::{FIELDS, FieldRule, Kind, PageProfile, TRANSFER_COLUMNS};

/// Fields that are worth nothing without text.
const NEVER_EMPTY: &[&str] = &["owner_lines", "parcel_no", "account_no"];

/// Candidates read from one list. More means that the search was too wide.
pub const CANDIDATES_MAX: usize = 200;

/// One value of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Field, or `table.column`.
    pub field: String,
    /// Row of a table, 1-based; 0 for a field.
    pub row: usize,
    /// In our form: lines by line break, money in cents, dates ISO. Empty when the page shows the label and nothing.
    pub text: String,
    /// CSS path of the element.
    pub path: String,
    /// The rule that found it.
    pub rule: String,
}

/// What became of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldOutcome {
    /// Field.
    pub field: String,
    /// The value; `None` when the rule is optional and the page has no such label.
    pub result: Result<Option<Value>, Error>,
}

/// A whole record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Fields, then rows of tables.
    pub values: Vec<Value>,
}

impl Record {
    /// Text of a field; empty when there is none.
    pub fn text(&self, field: &str) -> &str {
        self.values.iter().find(|v| v.field == field && v.row == 0).map_or("", |v| v.text.as_str())
    }

    /// Number of rows of a table.
    pub fn n_rows(&self, table: &str) -> usize {
        let prefix = format!("{table}.");
        self.values.iter().filter(|v| v.field.starts_with(&prefix)).map(|v| v.row).max().unwrap_or(0)
    }
}

/// One candidate of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Address of its record.
    pub url: Url,
    /// Our name to text, as the list shows it.
    pub cells: Vec<(String, String)>,
}

impl Candidate {
    /// Text of a cell.
    pub fn text(&self, name: &str) -> &str {
        self.cells.iter().find(|(n, _)| n == name).map_or("", |(_, t)| t.as_str())
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// Candidates.
    pub candidates: Vec<Candidate>,
    /// Number announced by the page.
    pub n_announced: Option<usize>,
    /// Address of the next page.
    pub next: Option<Url>,
}

/// Every field of the profile with what became of it.
pub fn fields(profile: &PageProfile, document: &Document) -> Vec<FieldOutcome> {
    let page = Page::new(&document.html, &profile.tables);
    let ctx = Ctx { profile, document, page: &page };
    profile
        .fields
        .iter()
        .map(|(field, rule)| FieldOutcome { field: field.clone(), result: ctx.field(field, rule) })
        .collect()
}

/// The record of a page.
///
/// # Errors
/// The first field or table that cannot be read.
pub fn record(profile: &PageProfile, document: &Document) -> Result<Record, Error> {
    let page = Page::new(&document.html, &profile.tables);
    let ctx = Ctx { profile, document, page: &page };
    let mut record = Record::default();
    for (field, rule) in &profile.fields {
        record.values.extend(ctx.field(field, rule)?);
    }
    for name in profile.tables.keys() {
        record.values.extend(ctx.table(name)?);
    }
    Ok(record)
}

/// The rows of one table of a page.
///
/// # Errors
/// When the table is not there, or a cell cannot be read.
pub fn table(profile: &PageProfile, document: &Document, name: &str) -> Result<Vec<Value>, Error> {
    let page = Page::new(&document.html, &profile.tables);
    Ctx { profile, document, page: &page }.table(name)
}

struct Ctx<'a> {
    profile: &'a PageProfile,
    document: &'a Document,
    page: &'a Page<'a>,
}

impl Ctx<'_> {
    fn field(&self, field: &str, rule: &FieldRule) -> Result<Option<Value>, Error> {
        let kind = FIELDS.iter().find(|(f, _)| *f == field).map_or(Kind::Text, |(_, k)| *k);
        let mut found: Vec<(Hit, String)> = Vec::new();
        for take in &rule.take {
            let described = take.describe();
            let hits = self.page.locate(take);
            match locate::only(hits) {
                Ok(Some(hit)) => found.push((hit, described)),
                Ok(None) if take.optional => {}
                Ok(None) => return Err(self.nothing(field, described)),
                Err(n) => return Err(self.ambiguous(field, described, n)),
            }
        }
        let Some((_, first_rule)) = found.first() else { return Ok(None) };
        // Where the value stands: the places that gave text; of an empty value, the place of its label.
        let rule_text = found.iter().map(|(_, r)| r.as_str()).collect::<Vec<_>>().join(" + ");
        let is_full = |h: &Hit| h.lines.iter().any(|l| !l.is_empty());
        let full: Vec<&Hit> = found.iter().map(|(h, _)| h).filter(|h| is_full(h)).collect();
        let path = match full.as_slice() {
            [] => found.first().map(|(h, _)| h.path.clone()).unwrap_or_default(),
            full => full.iter().map(|h| h.path.as_str()).collect::<Vec<_>>().join(", "),
        };
        let lines = found.iter().flat_map(|(h, _)| h.lines.clone()).collect();
        let text = clean::clean(lines, rule, kind).map_err(|e| self.unclean(field, first_rule, &path, e))?;
        if text.is_empty() && NEVER_EMPTY.contains(&field) {
            let (profile, place) = (self.profile.name.clone(), format!("{}, {path}", self.document.short_hash()));
            return Err(Error::EmptyValue { profile, field: field.to_owned(), rule: rule_text, place });
        }
        Ok(Some(Value { field: field.to_owned(), row: 0, text, path, rule: rule_text }))
    }

    fn table(&self, name: &str) -> Result<Vec<Value>, Error> {
        let Some(rule) = self.profile.tables.get(name) else { return Ok(Vec::new()) };
        let rows = match self.page.table(name) {
            Ok(rows) => rows,
            Err(NoTable::Missing) if rule.optional => return Ok(Vec::new()),
            Err(why) => {
                return Err(locate::table_error(why, &self.profile.name, name, &self.document.short_hash()));
            }
        };
        let mut values = Vec::new();
        for (n, row) in rows.iter().enumerate() {
            for cell in row {
                let field = format!("{name}.{}", cell.column);
                let kind = TRANSFER_COLUMNS
                    .iter()
                    .find(|(c, _)| name == "transfers" && *c == cell.column)
                    .map_or(Kind::Text, |(_, k)| *k);
                let rule_text = format!("column {:?}", rule.columns.get(&cell.column).map_or("", String::as_str));
                let text = clean::typed(&cell.text, kind, &rule.dates)
                    .map_err(|e| self.unclean(&field, &rule_text, &cell.path, e))?;
                values.push(Value { field, row: n + 1, text, path: cell.path.clone(), rule: rule_text });
            }
        }
        Ok(values)
    }

    fn nothing(&self, field: &str, rule: String) -> Error {
        Error::NothingFound {
            profile: self.profile.name.clone(),
            field: field.to_owned(),
            rule,
            page: self.document.short_hash(),
        }
    }

    fn ambiguous(&self, field: &str, rule: String, n: usize) -> Error {
        let (profile, page) = (self.profile.name.clone(), self.document.short_hash());
        Error::Ambiguous { profile, field: field.to_owned(), rule, n, page }
    }

    fn unclean(&self, field: &str, rule: &str, path: &str, why: Unclean) -> Error {
        let (profile, page, field) = (self.profile.name.clone(), self.document.short_hash(), field.to_owned());
        match why {
            Unclean::Bad(value, wanted) => {
                Error::BadValue { profile, field, value, wanted, place: format!("{page}, {path}") }
            }
            Unclean::NoMatch(value, what) => {
                Error::NothingFound { profile, field, rule: format!("{rule}, {what} on {value:?}"), page }
            }
        }
    }
}

/// The candidates of a list page. Links are resolved against `here`.
///
/// # Errors
/// When the profile has no `[list]`, the list holds no candidate, or a link leads nowhere.
pub fn candidates(profile: &PageProfile, document: &Document, here: &Url) -> Result<ListPage, Error> {
    let page = document.short_hash();
    let broken = |detail: String| Error::BrokenList { profile: profile.name.clone(), detail, page: page.clone() };
    let rule = profile.list.as_ref().ok_or_else(|| broken("the profile has no [list]".to_owned()))?;
    let mut candidates = Vec::new();
    for row in document.html.select(&rule.row.selector) {
        if candidates.len() == CANDIDATES_MAX {
            return Err(broken(format!("more than {CANDIDATES_MAX} candidates; search more narrowly")));
        }
        let holder = match &rule.link {
            Some(css) => row.select(&css.selector).next(),
            None => Some(row),
        };
        let Some(link) = holder.and_then(|h| h.attr(&rule.attr)) else {
            return Err(broken(format!("candidate {} has no {}", candidates.len() + 1, rule.attr)));
        };
        let address = rule.url.replace("{link}", link.trim());
        let url = here.join(&address).map_err(|e| broken(format!("{address:?} is no address: {e}")))?;
        let cells: Vec<ElementRef<'_>> =
            row.child_elements().filter(|e| matches!(e.value().name(), "td" | "th")).collect();
        let cells = rule
            .cells
            .iter()
            .map(|(name, n)| (name.clone(), cells.get(n.saturating_sub(1)).map_or(String::new(), |c| dom::text_of(*c))))
            .collect();
        candidates.push(Candidate { url, cells });
    }
    if candidates.is_empty() {
        return Err(broken(format!("{} finds no candidate", rule.row.text)));
    }
    let n_announced = match &rule.count {
        Some(pattern) => {
            let text = dom::page_text(&document.html);
            let found =
                pattern.0.captures(&text).and_then(|c| c.get(1)).and_then(|m| m.as_str().replace(',', "").parse().ok());
            Some(found.ok_or_else(|| broken("the number of candidates is not announced".to_owned()))?)
        }
        None => None,
    };
    let next = rule
        .next
        .as_ref()
        .and_then(|css| document.html.select(&css.selector).next())
        .and_then(|e| e.attr("href"))
        .and_then(|href| here.join(href.trim()).ok());
    Ok(ListPage { candidates, n_announced, next })
}

/// Name and value of form fields, in order.
pub type FormFields = Vec<(String, String)>;

/// The action of a form and its hidden fields.
pub fn form_of(document: &Document, selector: &scraper::Selector) -> Option<(Option<String>, FormFields)> {
    let form = document.html.select(selector).next()?;
    let hidden = form
        .descendent_elements()
        .filter(|e| e.value().name() == "input")
        .filter(|e| e.attr("type").is_some_and(|t| t.eq_ignore_ascii_case("hidden")))
        .filter_map(|e| Some((e.attr("name")?.to_owned(), e.attr("value").unwrap_or("").to_owned())))
        .collect();
    Some((form.attr("action").map(str::to_owned), hidden))
}
