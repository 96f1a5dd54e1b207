//! Trying a page profile on saved pages: its own samples, or any file. Nothing is stored and nothing is fetched.

use crate::ingest::page::document::Document;
use crate::ingest::page::extract::{self, Value};
use crate::ingest::page::profile::{PageProfile, Sample};
use crate::ingest::page::recognize::{self, PageKind};
use crate::ingest::page::{Error, locatable};

/// What became of one field or check of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Right,
    /// Found; nothing was expected, so a person must look.
    Found,
    /// The rule is optional and the page has no such label.
    Absent,
    /// Not as expected.
    Wrong {
        /// What was expected.
        expected: String,
    },
    /// The rule fails.
    Failed,
}

impl Verdict {
    /// In a word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verdict::Right => "right",
            Verdict::Found => "found",
            Verdict::Absent => "absent",
            Verdict::Wrong { .. } => "WRONG",
            Verdict::Failed => "FAILED",
        }
    }

    /// Whether somebody has to repair something.
    pub fn is_bad(&self) -> bool {
        matches!(self, Verdict::Wrong { .. } | Verdict::Failed)
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Page.
    pub page: String,
    /// Field, `table rows`, or `kind`.
    pub field: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Value, or what is wrong.
    pub text: String,
    /// Path of the element.
    pub path: String,
}

/// Runs a profile on all its samples.
///
/// # Errors
/// When a sample cannot be read.
pub fn samples(profile: &PageProfile) -> Result<Vec<Line>, Error> {
    let mut lines = Vec::new();
    for sample in &profile.sample {
        let bytes = profile.sample_bytes(&sample.page)?;
        lines.extend(page(profile, &sample.page, &bytes, Some(sample)));
    }
    Ok(lines)
}

/// Runs a profile on one page; with a sample, against what it expects.
pub fn page(profile: &PageProfile, name: &str, bytes: &[u8], sample: Option<&Sample>) -> Vec<Line> {
    let line = |field: &str, verdict, text: String, path: String| Line {
        page: name.to_owned(),
        field: field.to_owned(),
        verdict,
        text,
        path,
    };
    let failed = |e: &Error| vec![line("page", Verdict::Failed, e.to_string(), String::new())];
    let content_type = sample.and_then(|s| s.content_type.as_deref());
    let document = match Document::parse(bytes, content_type, profile.charset.as_deref()) {
        Ok(document) => document,
        Err(error) => return failed(&error),
    };
    let wanted_kind = sample.map(|s| s.kind.as_str());
    let kind = match recognize::recognize(profile, &document) {
        Ok(kind) => kind,
        Err(error @ Error::Blocked { .. }) if wanted_kind == Some("blocked") => {
            return vec![line("kind", Verdict::Right, error.to_string(), String::new())];
        }
        Err(error) => return failed(&error),
    };
    let verdict = match wanted_kind {
        None => Verdict::Found,
        Some(wanted) if wanted == kind.as_str() => Verdict::Right,
        Some(wanted) => Verdict::Wrong { expected: wanted.to_owned() },
    };
    let charset = format!("{} ({} by {})", kind.as_str(), document.charset, document.charset_source.as_str());
    let mut lines = vec![line("kind", verdict, charset, String::new())];
    lines.extend(document.warnings.iter().map(|w| line("charset", Verdict::Found, w.clone(), String::new())));
    match kind {
        PageKind::Record => {
            lines.extend(record(profile, &document, sample).into_iter().map(|(f, v, t, p)| line(&f, v, t, p)));
        }
        PageKind::List => {
            lines.extend(list(profile, &document, sample).into_iter().map(|(f, v, t, p)| line(&f, v, t, p)))
        }
        PageKind::NoHit | PageKind::Terms | PageKind::Form => {}
    }
    lines
}

type Part = (String, Verdict, String, String);

fn record(profile: &PageProfile, document: &Document, sample: Option<&Sample>) -> Vec<Part> {
    let mut parts = Vec::new();
    for outcome in extract::fields(profile, document) {
        let expected = sample.map(|s| s.expect.get(&outcome.field).map(String::as_str));
        let (verdict, text, path) = match outcome.result {
            Ok(Some(value)) => (judge(document, &value, expected), value.text, value.path),
            Ok(None) => (
                match expected.flatten() {
                    Some(wanted) => Verdict::Wrong { expected: wanted.to_owned() },
                    None => Verdict::Absent,
                },
                String::new(),
                String::new(),
            ),
            Err(error) => (Verdict::Failed, error.to_string(), String::new()),
        };
        parts.push((outcome.field, verdict, text, path));
    }
    for name in profile.tables.keys() {
        let part = match extract::table(profile, document, name) {
            Ok(values) => {
                let n_rows = values.iter().map(|v| v.row).max().unwrap_or(0);
                let wanted = sample.and_then(|s| s.rows.get(name)).copied();
                let verdict = match wanted {
                    None => Verdict::Found,
                    Some(wanted) if wanted == n_rows => Verdict::Right,
                    Some(wanted) => Verdict::Wrong { expected: format!("{wanted} rows") },
                };
                let first: Vec<String> =
                    values.iter().filter(|v| v.row == 1).map(|v| format!("{}={}", column(&v.field), v.text)).collect();
                (format!("[{name}]"), verdict, format!("{n_rows} rows; {}", first.join(", ")), String::new())
            }
            Err(error) => (format!("[{name}]"), Verdict::Failed, error.to_string(), String::new()),
        };
        parts.push(part);
    }
    parts
}

fn column(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field)
}

/// A value is right when it is the expected one and its path leads back to the element.
fn judge(document: &Document, value: &Value, expected: Option<Option<&str>>) -> Verdict {
    if !locatable(document, &value.path) {
        return Verdict::Wrong { expected: "a path that selects its element".to_owned() };
    }
    match expected {
        None | Some(None) => Verdict::Found,
        Some(Some(wanted)) if wanted == value.text => Verdict::Right,
        Some(Some(wanted)) => Verdict::Wrong { expected: wanted.to_owned() },
    }
}

fn list(profile: &PageProfile, document: &Document, sample: Option<&Sample>) -> Vec<Part> {
    match extract::candidates(profile, document, &profile.base) {
        Ok(list) => {
            let n = list.candidates.len();
            let verdict = match sample.and_then(|s| s.n_candidates) {
                None => Verdict::Found,
                Some(wanted) if wanted == n => Verdict::Right,
                Some(wanted) => Verdict::Wrong { expected: format!("{wanted} candidates") },
            };
            let announced = list.n_announced.map_or(String::new(), |n| format!(", {n} announced"));
            let mut parts = vec![("candidates".to_owned(), verdict, format!("{n}{announced}"), String::new())];
            parts.extend(list.candidates.iter().map(|c| {
                let cells: Vec<String> = c.cells.iter().map(|(n, t)| format!("{n}={t}")).collect();
                ("candidate".to_owned(), Verdict::Found, cells.join(", "), c.url.to_string())
            }));
            parts
        }
        Err(error) => vec![("candidates".to_owned(), Verdict::Failed, error.to_string(), String::new())],
    }
}
