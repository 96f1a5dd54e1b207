//! The way through a site to one record: session, terms, search, list, record. It only says what to ask next and judges
//! what came back; whoever drives it does the asking. One walk is one person's question and has a bound on requests.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::document::Document;
use super::error::Error;
use super::extract::{self, Candidate, Record};
use super::profile::{PageProfile, Search, Step};
use super::recognize::{self, PageKind};

/// Requests for one record: terms, form, search, five pages of a list, record, and some room.
pub const REQUESTS_MAX: usize = 12;

/// Characters of a template's value: an address line.
const VALUE_CHARS_MAX: usize = 200;

/// What is asked: names of templates with their values, and the keys the record must show.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Template name in lower case to value: `parcel_no`, `account_no`, `address_number`, `attr:pin`, ...
    pub values: BTreeMap<String, String>,
    /// Keys of the parcel; the record must show one of them. Empty: whatever the search gives.
    pub keys: Vec<String>,
    /// The person has read and accepted the terms of the site.
    pub accepts_terms: bool,
}

/// A request to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Where.
    pub url: Url,
    /// Form fields of a POST; `None` for a GET.
    pub form: Option<Vec<(String, String)>>,
}

/// What came back.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// Body, unpacked.
    pub body: &'a [u8],
    /// Hash under which the response is kept as evidence.
    pub sha256: &'a str,
    /// Address after redirects.
    pub url: &'a Url,
}

/// How a walk ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The record, the hash of its page, where it was, and what a person should know.
    Record {
        /// Values.
        record: Record,
        /// SHA-256 of the page.
        sha256: String,
        /// Address of the page.
        url: Url,
        /// Charset read with.
        charset: &'static str,
        /// Remarks.
        warnings: Vec<String>,
    },
    /// Several parcels fit; a person must choose.
    Several(Vec<Candidate>),
    /// The site has none.
    Nothing,
}

/// What is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// Step of the search.
    Step(usize),
    /// The terms were sent; the step is repeated after them.
    Terms(usize),
    /// Further page of a list.
    List,
    /// Record of a chosen candidate.
    Record,
}

/// A walk.
#[derive(Debug)]
pub struct Walk<'a> {
    profile: &'a PageProfile,
    search: &'a Search,
    question: &'a Question,
    stage: Stage,
    next: Option<Ask>,
    n_requests: usize,
    has_accepted: bool,
    hidden: Vec<(String, String)>,
    list: Vec<Candidate>,
    seen_pages: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    /// Chooses the first search whose values are known and prepares its first request.
    ///
    /// # Errors
    /// When nothing to search by is known, or the terms must be accepted first.
    pub fn start(profile: &'a PageProfile, question: &'a Question) -> Result<Self, Error> {
        let mut lacking = None;
        for search in &profile.search {
            match missing_of(search, question) {
                None => {
                    let mut walk = Self {
                        profile,
                        search,
                        question,
                        stage: Stage::Step(0),
                        next: None,
                        n_requests: 0,
                        has_accepted: false,
                        hidden: Vec::new(),
                        list: Vec::new(),
                        seen_pages: BTreeSet::new(),
                    };
                    walk.next = Some(walk.step(0, None)?);
                    return Ok(walk);
                }
                Some(name) => lacking = lacking.or(Some(name)),
            }
        }
        Err(Error::NothingToSearchBy {
            profile: profile.name.clone(),
            needs: profile.search.iter().map(|s| s.by.as_str()).collect::<Vec<_>>().join(" or "),
            lacking: lacking.unwrap_or_else(|| "a search".to_owned()),
        })
    }

    /// The request to make now.
    ///
    /// # Errors
    /// When the bound on requests is passed or the address is not on the profile's hosts.
    pub fn ask(&mut self) -> Result<Option<Ask>, Error> {
        let Some(ask) = self.next.take() else { return Ok(None) };
        if self.n_requests == REQUESTS_MAX {
            return Err(Error::TooManyRequests { profile: self.profile.name.clone(), n: self.n_requests });
        }
        if !self.profile.has_host(&ask.url) {
            return Err(Error::ForeignHost { profile: self.profile.name.clone(), url: ask.url.to_string() });
        }
        self.n_requests += 1;
        Ok(Some(ask))
    }

    /// Judges an answer; `None` means that there is more to ask.
    ///
    /// # Errors
    /// Whatever is wrong with the page; nothing of it may be used then.
    pub fn take(&mut self, answer: Answer<'_>) -> Result<Option<Found>, Error> {
        let mut document = Document::parse(answer.body, answer.content_type, self.profile.charset.as_deref())?;
        answer.sha256.clone_into(&mut document.sha256);
        let kind = recognize::recognize(self.profile, &document);
        if !(200..300).contains(&answer.status) {
            // A page of terms may come with 403; a captcha is told as such; everything else by its status.
            if let Err(Error::Blocked { .. }) = kind {
                kind?;
            }
            let (profile, url) = (self.profile.name.clone(), answer.url.to_string());
            return Err(Error::Status { profile, status: answer.status, url });
        }
        let last = self.search.step.len().saturating_sub(1);
        match (&self.stage, kind) {
            (Stage::Step(n) | Stage::Terms(n), Ok(PageKind::Terms)) => {
                let n = *n;
                self.accept_terms(n, &document, answer.url)
            }
            (Stage::Terms(n), _) => {
                let n = *n;
                self.go(Stage::Step(n), |walk| walk.step(n, Some((&document, answer.url))))
            }
            // Steps before the last only open the session; any page will do that is no closed door.
            (Stage::Step(n), Ok(_) | Err(Error::Changed { .. })) if *n < last => {
                let n = *n;
                self.go(Stage::Step(n + 1), |walk| walk.step(n + 1, Some((&document, answer.url))))
            }
            (_, Err(error)) => Err(error),
            (_, Ok(kind)) => self.judge(kind, &document, answer.url),
        }
    }

    fn go(&mut self, stage: Stage, ask: impl FnOnce(&mut Self) -> Result<Ask, Error>) -> Result<Option<Found>, Error> {
        let next = ask(self)?;
        self.stage = stage;
        self.next = Some(next);
        Ok(None)
    }

    fn judge(&mut self, kind: PageKind, document: &Document, here: &Url) -> Result<Option<Found>, Error> {
        let (profile, page) = (self.profile.name.clone(), document.short_hash());
        match kind {
            PageKind::NoHit => Ok(Some(Found::Nothing)),
            PageKind::Form => Err(Error::FormAgain { profile, page }),
            PageKind::Terms => Err(Error::Terms { profile, url: here.to_string() }),
            PageKind::List => self.read_list(document, here),
            PageKind::Record => {
                let record = extract::record(self.profile, document)?;
                self.same_parcel(&record, &page)?;
                Ok(Some(Found::Record {
                    record,
                    sha256: document.sha256.clone(),
                    url: here.clone(),
                    charset: document.charset,
                    warnings: document.warnings.clone(),
                }))
            }
        }
    }

    fn read_list(&mut self, document: &Document, here: &Url) -> Result<Option<Found>, Error> {
        let (profile, page) = (self.profile.name.clone(), document.short_hash());
        let broken = |detail: String| Error::BrokenList { profile: profile.clone(), detail, page: page.clone() };
        if !self.seen_pages.insert(document.sha256.clone()) {
            return Err(broken("the same page came twice".to_owned()));
        }
        let found = extract::candidates(self.profile, document, here)?;
        if found.candidates.iter().any(|c| self.list.iter().any(|known| known.url == c.url)) {
            return Err(broken("a candidate came twice".to_owned()));
        }
        self.list.extend(found.candidates);
        if let Some(next) = found.next {
            return self.go(Stage::List, |_| Ok(Ask { url: next, form: None }));
        }
        if let Some(n) = found.n_announced.filter(|n| *n != self.list.len()) {
            return Err(broken(format!("{n} candidates are announced, {} came", self.list.len())));
        }
        let keys = &self.question.keys;
        let is_asked =
            |c: &&Candidate| ["account_no", "parcel_no"].iter().any(|n| keys.iter().any(|k| is_same_key(k, c.text(n))));
        let mut exact = self.list.iter().filter(is_asked);
        match (exact.next(), exact.next(), self.list.as_slice()) {
            (Some(one), None, _) | (None, None, [one]) => {
                let url = one.url.clone();
                self.go(Stage::Record, |_| Ok(Ask { url, form: None }))
            }
            _ => Ok(Some(Found::Several(std::mem::take(&mut self.list)))),
        }
    }

    fn accept_terms(&mut self, n: usize, document: &Document, here: &Url) -> Result<Option<Found>, Error> {
        let refused = Error::Terms { profile: self.profile.name.clone(), url: here.to_string() };
        let Some(terms) = &self.profile.terms else { return Err(refused) };
        if !self.question.accepts_terms || self.has_accepted {
            return Err(refused);
        }
        self.has_accepted = true;
        self.go(Stage::Terms(n), |walk| walk.request(terms, Some((document, here))))
    }

    fn step(&mut self, n: usize, before: Option<(&Document, &Url)>) -> Result<Ask, Error> {
        let search = self.search;
        let step = search.step.get(n).ok_or_else(|| Error::NothingToSearchBy {
            profile: self.profile.name.clone(),
            needs: search.by.clone(),
            lacking: "a step".to_owned(),
        })?;
        if step.accepts_terms && !self.question.accepts_terms {
            let url = self.profile.base.to_string();
            return Err(Error::Terms { profile: self.profile.name.clone(), url });
        }
        self.request(step, before)
    }

    fn request(&mut self, step: &Step, before: Option<(&Document, &Url)>) -> Result<Ask, Error> {
        let mut action = None;
        if let (Some(css), Some((document, _))) = (&step.hidden, before) {
            let found = extract::form_of(document, &css.selector);
            let (form_action, hidden) = found.ok_or_else(|| Error::NothingFound {
                profile: self.profile.name.clone(),
                field: "hidden".to_owned(),
                rule: format!("form {}", css.text),
                page: document.short_hash(),
            })?;
            action = form_action;
            self.hidden = hidden;
        }
        let from = before.map_or(&self.profile.base, |(_, url)| url);
        let template = step.get.as_deref().or(step.post.as_deref()).unwrap_or("");
        let url = match (template, action) {
            ("", Some(action)) => from.join(&action),
            ("", None) => Ok(from.clone()),
            (template, _) => self.profile.base.join(&self.fill(template, true)),
        };
        let url = url
            .map_err(|e| Error::ForeignHost { profile: self.profile.name.clone(), url: format!("{template}: {e}") })?;
        if step.get.is_some() {
            return Ok(Ask { url, form: None });
        }
        let mut form: Vec<(String, String)> = if step.hidden.is_some() { self.hidden.clone() } else { Vec::new() };
        for (name, template) in &step.form {
            form.retain(|(n, _)| n != name);
            form.push((name.clone(), self.fill(template, false)));
        }
        Ok(Ask { url, form: Some(form) })
    }

    fn fill(&self, template: &str, is_url: bool) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once('{') {
            out.push_str(before);
            let Some((name, after)) = behind.split_once('}') else { break };
            let value = self.question.values.get(&name.trim_end_matches('?').to_lowercase()).map_or("", String::as_str);
            let value: String = value.chars().filter(|c| !c.is_control()).take(VALUE_CHARS_MAX).collect();
            if is_url {
                out.extend(url::form_urlencoded::byte_serialize(value.as_bytes()));
            } else {
                out.push_str(&value);
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// The record must show the parcel that was asked for.
    fn same_parcel(&self, record: &Record, page: &str) -> Result<(), Error> {
        let shown: Vec<&str> =
            ["parcel_no", "account_no"].iter().map(|f| record.text(f)).filter(|t| !t.is_empty()).collect();
        let keys = &self.question.keys;
        if keys.is_empty() || keys.iter().any(|k| shown.iter().any(|s| is_same_key(s, k))) {
            return Ok(());
        }
        Err(Error::WrongRecord {
            profile: self.profile.name.clone(),
            asked: keys.join(" / "),
            shown: shown.join(" / "),
            page: page.to_owned(),
        })
    }
}

/// The groups of letters and digits of a parcel key.
fn groups_of(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|g| !g.is_empty()).map(str::to_uppercase).collect()
}

/// Whether two texts are the same parcel key: `409/ 28/ /` and `409/28`, `0312593060` and `03125-93-060`; but `1-11` is
/// not `11-1`.
pub fn is_same_key(a: &str, b: &str) -> bool {
    let (a, b) = (groups_of(a), groups_of(b));
    let is_plain = a.len() == 1 || b.len() == 1;
    !a.is_empty() && (a == b || (is_plain && a.concat() == b.concat()))
}

/// The first value a search needs and the question lacks.
fn missing_of(search: &Search, question: &Question) -> Option<String> {
    let templates = search.step.iter().flat_map(|s| s.get.iter().chain(&s.post).chain(s.form.values()));
    templates
        .flat_map(|t| template_names(t).unwrap_or_default())
        .find(|(name, is_needed)| {
            *is_needed && question.values.get(&name.to_lowercase()).is_none_or(|v| v.trim().is_empty())
        })
        .map(|(name, _)| name)
}

/// Names the parcel's data can fill.
const NAMES: &[&str] = &[
    "parcel_no",
    "parcel_digits",
    "account_no",
    "account_digits",
    "situs",
    "address_number",
    "predirectional",
    "street_name",
    "street_type",
    "postdirectional",
    "unit",
    "city",
    "zip",
];

/// Names in a template, and whether each is needed: `{account_no}`, `{unit?}`, `{attr:PIN}`.
pub(crate) fn template_names(template: &str) -> Result<Vec<(String, bool)>, String> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some((_, behind)) = rest.split_once('{') {
        let (name, after) =
            behind.split_once('}').ok_or_else(|| format!("{template:?} has a brace that does not close"))?;
        let bare = name.trim_end_matches('?');
        if !NAMES.contains(&bare) && !bare.starts_with("attr:") {
            return Err(format!("{template:?}: unknown name {bare} (known: {}, attr:COLUMN)", NAMES.join(", ")));
        }
        found.push((bare.to_owned(), bare == name));
        rest = after;
    }
    Ok(found)
}
