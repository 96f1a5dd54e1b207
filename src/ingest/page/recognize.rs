//! What kind of page came back: a record, a list, "nothing found", terms, the search form, or a closed door.

use super::document::Document;
use super::dom;
use super::error::Error;
use super::profile::{Mark, PageProfile};

/// Kinds of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// The record of one parcel.
    Record,
    /// Candidates.
    List,
    /// Nothing found.
    NoHit,
    /// Terms to accept.
    Terms,
    /// The search form.
    Form,
}

impl PageKind {
    /// The word used in profiles and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            PageKind::Record => "record",
            PageKind::List => "list",
            PageKind::NoHit => "no_hit",
            PageKind::Terms => "terms",
            PageKind::Form => "form",
        }
    }
}

/// Signs of a closed door on any site. Looked at only when the page is none of the profile's own, because record pages
/// may carry a log-in box or a captcha for their comment form.
const DOORS: &[(&str, &str)] = &[
    ("g-recaptcha", "a captcha"),
    ("h-captcha", "a captcha"),
    ("cf-challenge", "a captcha"),
    ("captcha", "a captcha"),
    ("verify you are human", "a captcha"),
    ("are you a robot", "a captcha"),
    ("unusual traffic", "too many requests"),
    ("too many requests", "too many requests"),
    ("request unsuccessful. incapsula", "a firewall"),
    ("access denied", "access denied"),
    ("forbidden", "access denied"),
    ("your session has expired", "an expired session"),
    ("type=\"password\"", "a log-in page"),
    ("under maintenance", "maintenance"),
    ("temporarily unavailable", "maintenance"),
];

/// Tells what a page is.
///
/// # Errors
/// `Blocked`, `Truncated`, or `Changed` when it is none of the pages the profile knows.
pub fn recognize(profile: &PageProfile, page: &Document) -> Result<PageKind, Error> {
    let text = dom::page_text(&page.html);
    let has = |marks: &[Mark]| marks.iter().find(|m| is_there(m, page, &text)).cloned();
    let hash = page.short_hash();
    if let Some(mark) = has(&profile.pages.blocked) {
        let why = mark.text.or(mark.css.map(|c| c.text)).unwrap_or_default();
        return Err(Error::Blocked { profile: profile.name.clone(), page: hash, why });
    }
    let pages = &profile.pages;
    let kinds = [
        (PageKind::Record, &pages.record),
        (PageKind::List, &pages.list),
        (PageKind::NoHit, &pages.no_hit),
        (PageKind::Terms, &pages.terms),
        (PageKind::Form, &pages.form),
    ];
    let kind = kinds.into_iter().find(|(_, marks)| has(marks).is_some()).map(|(kind, _)| kind);
    let is_whole = profile.end.is_empty() || page.ends_with(&profile.end);
    if let (Some(kind), true) = (kind, is_whole) {
        return Ok(kind);
    }
    if kind.is_none() {
        let source = page.html.html().to_lowercase();
        if let Some((_, why)) = DOORS.iter().find(|(sign, _)| source.contains(sign)) {
            return Err(Error::Blocked { profile: profile.name.clone(), page: hash, why: (*why).to_owned() });
        }
    }
    if !is_whole {
        let detail = format!("it does not end with {} ({} bytes came)", profile.end, page.byte_len);
        return Err(Error::Truncated { profile: profile.name.clone(), page: hash, detail });
    }
    Err(Error::Changed { profile: profile.name.clone(), page: hash })
}

fn is_there(mark: &Mark, page: &Document, page_text: &str) -> bool {
    let wanted = mark.text.as_deref().map(|t| dom::one_line(t).to_lowercase());
    match (&mark.css, wanted) {
        (Some(css), None) => page.html.select(&css.selector).next().is_some(),
        (Some(css), Some(text)) => {
            page.html.select(&css.selector).any(|e| dom::text_of(e).to_lowercase().contains(&text))
        }
        (None, Some(text)) => page_text.contains(&text),
        (None, None) => false,
    }
}
