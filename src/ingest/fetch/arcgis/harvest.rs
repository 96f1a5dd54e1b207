//! Reading a layer to its end: what to ask next, and whether what came is what was asked for.
//!
//! The state between two pages is a [`Cursor`]: small, stored with each page, enough to go on after a break. Pages come in order
//! of their windows, whatever was tried in between, so an interrupted run ends with the rows of an undisturbed one.

use std::str::FromStr;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::ahead::{Ahead, Lookout, Outcome};
use super::layer::Layer;
use super::page::{self, Page, Wanted};
use super::query::Query;
use crate::ingest::fetch::Error;
use crate::ingest::fetch::client::{Client, Request, Response, VaultError};

/// Rows of a layer that we read at most: no US county has more than 3 million parcels.
const ROWS_MAX: u64 = 50_000_000;
/// Windows that may be open at once: halving a window of 2,000 rows to single rows opens 11.
const WINDOWS_MAX: usize = 100_000;
/// Windows behind the one that is wanted that are looked at for what to ask ahead.
const PLAN_MAX: usize = 32;
/// Wrong guesses of where the next page begins before no more are made.
const WRONG_GUESSES_MAX: u32 = 2;
/// A page is not asked for in smaller pieces than this because of failures.
const FAILING_PAGE_ROWS_MIN: u32 = 25;

/// Ways of paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paging {
    /// `resultOffset` and `resultRecordCount`.
    Offset,
    /// Windows of object ids cut from the list of all of them.
    Oid,
    /// Windows of object ids between the least and the greatest.
    Range,
    /// Lists of object ids.
    Ids,
}

impl Paging {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Paging::Offset => "offset",
            Paging::Oid => "oid",
            Paging::Range => "range",
            Paging::Ids => "ids",
        }
    }
}

impl FromStr for Paging {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Paging::Offset, Paging::Oid, Paging::Range, Paging::Ids]
            .into_iter()
            .find(|p| p.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no way of paging; there are offset, oid, range and ids"))
    }
}

/// What one request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Rows behind the first so many.
    Offset(u64),
    /// Object ids from one to another, both included.
    Range(i64, i64),
    /// Positions in the list of object ids, the second not included.
    Slice(usize, usize),
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// How it pages.
    pub paging: Paging,
    /// Rows asked for at a time; halved when a service cannot bring as many.
    pub page_rows: u32,
    /// What is still to be asked, the next one last.
    pub open: Vec<Window>,
    /// Pages so far.
    pub n_pages: u64,
    /// Rows so far.
    pub n_rows: u64,
    /// Rows that the service counted before the first page.
    pub n_counted: Option<u64>,
    /// Greatest value of the mark field so far.
    pub mark_max: Option<i64>,
    /// Coordinate system of the pages, as the first one names it.
    pub crs: Option<String>,
    /// Fingerprint of the layer's description.
    pub fingerprint: String,
    /// Field of object ids, as the service names it in its list of them.
    pub oid_field: String,
    /// Hash of the sorted object ids, kept beside the pages.
    pub ids_sha256: Option<String>,
}

/// What a run tells its owner after each good page.
pub struct Landed<'a> {
    /// The response, already kept.
    pub response: &'a Response,
    /// What was seen in it.
    pub page: &'a Page,
    /// Where the run stands behind it.
    pub cursor: &'a Cursor,
}

/// A run over a layer.
pub struct Harvest<'a> {
    client: &'a Client,
    layer: &'a Layer,
    query: &'a Query,
    mark_field: Option<String>,
    ids: Vec<i64>,
    seen: FxHashSet<i64>,
    /// Rows of the last page, so far as it says where later ones begin.
    stride: Option<u64>,
    cursor: Cursor,
}

/// What to do with a page.
enum Verdict {
    Good,
    /// The service gave less than the window holds: ask for it in pieces.
    Smaller,
}

impl<'a> Harvest<'a> {
    /// Starts a run: counts, and lists object ids where the way of paging needs them.
    ///
    /// # Errors
    /// When the service cannot be read, or not in this way.
    pub async fn start(
        client: &'a Client,
        layer: &'a Layer,
        query: &'a Query,
        (paging, page_rows): (Paging, Option<u32>),
    ) -> Result<Self, Error> {
        let cursor = Cursor {
            paging,
            page_rows: layer.page_rows(page_rows),
            open: Vec::new(),
            n_pages: 0,
            n_rows: 0,
            n_counted: None,
            mark_max: None,
            crs: None,
            fingerprint: layer.fingerprint.clone(),
            oid_field: layer.oid_field.clone().unwrap_or_default(),
            ids_sha256: None,
        };
        let mut harvest = Self::resume(client, layer, query, (cursor, Vec::new()));
        harvest.cursor.n_counted = harvest.count().await?;
        harvest.open_windows().await?;
        if harvest.cursor.oid_field.is_empty() {
            let detail = "no field of object ids is named".to_owned();
            return Err(Error::NoPaging { url: layer.url.clone(), detail });
        }
        Ok(harvest)
    }

    /// Goes on where a cursor stands; the pages before it must be shown with [`Self::remember`].
    pub fn resume(client: &'a Client, layer: &'a Layer, query: &'a Query, (cursor, ids): (Cursor, Vec<i64>)) -> Self {
        Self { client, layer, query, mark_field: None, ids, seen: FxHashSet::default(), stride: None, cursor }
    }

    /// Names a field whose greatest value is to be remembered.
    #[must_use]
    pub fn with_mark(mut self, field: Option<String>) -> Self {
        self.mark_field = field;
        self
    }

    /// Where the run stands.
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Notes under which hash the object ids are kept.
    pub fn set_ids_sha256(&mut self, sha256: Option<String>) {
        self.cursor.ids_sha256 = sha256;
    }

    /// The sorted object ids that windows are cut from.
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// Looks at a page that was kept before the break.
    ///
    /// # Errors
    /// When it is no longer a page.
    pub fn remember(&mut self, body: &[u8]) -> Result<(), Error> {
        let page = page::look(&self.layer.url, body, self.wanted())?;
        self.seen.extend(page.ids);
        Ok(())
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { oid_field: &self.cursor.oid_field, mark_field: self.mark_field.as_deref() }
    }

    /// Asks for page after page; `land` is called with each good one and stores it together with the cursor.
    ///
    /// # Errors
    /// When the service cannot be read on, repeats itself, or gives another number of rows than it counts.
    pub async fn run(&mut self, mut land: impl FnMut(Landed<'_>) -> Result<(), VaultError>) -> Result<(), Error> {
        let lookout = Lookout {
            url: self.layer.url.clone(),
            oid_field: self.cursor.oid_field.clone(),
            mark_field: self.mark_field.clone(),
        };
        let mut ahead = Ahead::start(self.client, lookout)?;
        while let Some(window) = self.cursor.open.pop() {
            // The pages were made smaller since the windows were cut.
            if self.n_rows_of(window) > u64::from(self.cursor.page_rows) {
                self.split(window)?;
                continue;
            }
            let (response, page) = match self.page(&mut ahead, window).await {
                Ok(found) => found,
                Err(error) if self.can_shrink(&error, window) => continue,
                Err(error) => {
                    self.cursor.open.push(window);
                    return Err(error);
                }
            };
            match self.judge(window, &page)? {
                Verdict::Smaller => self.split(window)?,
                Verdict::Good => {
                    self.accept(window, &page)?;
                    land(Landed { response: &response, page: &page, cursor: &self.cursor }).map_err(Error::Vault)?;
                }
            }
        }
        drop(ahead);
        self.check_count().await
    }

    /// The window, and those that will most likely be wanted behind it.
    fn plan(&self, window: Window, n_wrong: u32) -> Vec<Window> {
        let mut plan = vec![window];
        match window {
            Window::Offset(start) => {
                if let (Some(stride), Some(n)) = (self.stride, self.cursor.n_counted)
                    && n_wrong < WRONG_GUESSES_MAX
                {
                    let starts = (1..=PLAN_MAX as u64).map(|i| start + i * stride).take_while(|at| *at < n);
                    plan.extend(starts.map(Window::Offset));
                }
            }
            Window::Range(..) | Window::Slice(..) => {
                let is_small = |w: &&Window| self.n_rows_of(**w) <= u64::from(self.cursor.page_rows);
                plan.extend(self.cursor.open.iter().rev().take_while(is_small).take(PLAN_MAX));
            }
        }
        plan
    }

    /// The page of a window; asked for again while what came says "not now" although its status did not.
    async fn page(&self, ahead: &mut Ahead<'_>, window: Window) -> Result<(Response, Page), Error> {
        let plan = self.plan(window, ahead.n_unwanted());
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            match ahead.page(&plan, |w| self.request(w)).await {
                Outcome::Page(found) => return Ok(*found),
                Outcome::Unread(error) if error.is_passing() && n_tries < self.client.limits().n_tries_max => {
                    self.client.rest(n_tries).await?;
                }
                Outcome::Unread(error) | Outcome::Lost(error) => return Err(error),
            }
        }
    }

    async fn check_count(&self) -> Result<(), Error> {
        let Some(before) = self.cursor.n_counted else { return Ok(()) };
        let Some(after) = self.count().await? else { return Ok(()) };
        if self.cursor.n_rows == after {
            return Ok(());
        }
        let (url, n_rows, before) = (self.layer.url.clone(), self.cursor.n_rows, before.to_string());
        Err(Error::Count { url, n_rows, before, after })
    }

    async fn count(&self) -> Result<Option<u64>, Error> {
        let request = self.query.count(self.layer);
        match self.ask(&request, page::count).await {
            Ok((_, count)) => Ok(count),
            // A service that does not know the parameter.
            Err(Error::Service { code: 400, .. }) if self.query.condition.is_none() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn open_windows(&mut self) -> Result<(), Error> {
        let no_paging = |detail: &str| Error::NoPaging { url: self.layer.url.clone(), detail: detail.to_owned() };
        match self.cursor.paging {
            Paging::Offset => self.cursor.open = vec![Window::Offset(0)],
            Paging::Oid | Paging::Ids => {
                let request = self.query.object_ids(self.layer);
                let (_, found) = self.ask(&request, page::object_ids).await?;
                let (field, ids) = found.ok_or_else(|| no_paging("it does not list its object ids"))?;
                // Some services name a field here that the rows do not have.
                if let Some(field) = field.and_then(|f| self.layer.field(&f)) {
                    self.cursor.oid_field.clone_from(&field.name);
                }
                let n = self.cursor.page_rows as usize;
                let starts = (0..ids.len()).step_by(n.max(1)).rev();
                self.cursor.open = starts.map(|from| Window::Slice(from, (from + n).min(ids.len()))).collect();
                self.ids = ids;
            }
            Paging::Range => {
                let request = self.query.id_range(self.layer, &self.cursor.oid_field);
                let (_, found) = self.ask(&request, page::id_range).await?;
                let (low, high) =
                    found.ok_or_else(|| no_paging("it does not tell its least and greatest object id"))?;
                let n = i64::from(self.cursor.page_rows);
                if (high - low) / n > WINDOWS_MAX as i64 {
                    return Err(no_paging("its object ids are too far apart"));
                }
                let mut from = low;
                while from <= high {
                    self.cursor.open.push(Window::Range(from, from.saturating_add(n - 1).min(high)));
                    from = from.saturating_add(n);
                }
                self.cursor.open.reverse();
            }
        }
        Ok(())
    }

    fn request(&self, window: Window) -> Request {
        match window {
            Window::Offset(start) => self.query.offset(self.layer, start, self.cursor.page_rows),
            Window::Range(low, high) => self.query.id_window(self.layer, &self.cursor.oid_field, low, high),
            Window::Slice(from, to) => {
                let ids = self.ids.get(from..to).unwrap_or_default();
                match (self.cursor.paging, ids.first(), ids.last()) {
                    (Paging::Ids, ..) => self.query.id_list(self.layer, ids),
                    (_, Some(low), Some(high)) => self.query.id_window(self.layer, &self.cursor.oid_field, *low, *high),
                    (_, _, _) => self.query.id_window(self.layer, &self.cursor.oid_field, 0, -1),
                }
            }
        }
    }

    /// Sends, reads with `read`, and asks again while what came says "not now" although its status did not.
    async fn ask<T>(
        &self,
        request: &Request,
        read: impl Fn(&str, &[u8]) -> Result<T, Error>,
    ) -> Result<(Response, T), Error> {
        let limits = self.client.limits();
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            let response = self.client.send(request).await?.into_good()?;
            match read(&self.layer.url, &response.body) {
                Ok(value) => return Ok((response, value)),
                Err(error) if error.is_passing() && n_tries < limits.n_tries_max => {
                    self.client.rest(n_tries).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Halves the pages when the service fails on large ones; the window is then open again.
    fn can_shrink(&mut self, error: &Error, window: Window) -> bool {
        let cause = if let Error::GaveUp { last, .. } = error { last } else { error };
        let is_size = matches!(
            cause,
            Error::TooLarge { .. }
                | Error::Timeout { .. }
                | Error::Transport { .. }
                | Error::Truncated { .. }
                | Error::Service { code: 500..=504, .. }
                | Error::Status { status: 500..=504, .. }
        );
        let half = self.n_rows_of(window) / 2;
        if !is_size || half < u64::from(FAILING_PAGE_ROWS_MIN) {
            return false;
        }
        self.cursor.page_rows = u32::try_from(half).unwrap_or(u32::MAX).min(self.cursor.page_rows);
        self.stride = None;
        self.cursor.open.push(window);
        true
    }

    /// Most rows that a window can hold.
    fn n_rows_of(&self, window: Window) -> u64 {
        match window {
            Window::Offset(_) => u64::from(self.cursor.page_rows),
            Window::Range(low, high) => high.abs_diff(low) + 1,
            Window::Slice(from, to) => (to - from) as u64,
        }
    }

    fn judge(&self, window: Window, page: &Page) -> Result<Verdict, Error> {
        let repeated = |detail: String| Err(Error::Repeated { url: self.layer.url.clone(), detail });
        if (page.ids.len() as u64) < page.n_rows {
            let detail = format!(
                "{} of {} rows have no {}",
                page.n_rows - page.ids.len() as u64,
                page.n_rows,
                self.cursor.oid_field
            );
            return Err(Error::Unexpected { url: self.layer.url.clone(), detail });
        }
        if self.cursor.n_pages > 0 && page.n_rows > 0 && page.crs != self.cursor.crs {
            let name = |crs: &Option<String>| crs.clone().unwrap_or_else(|| "none".to_owned());
            let detail =
                format!("the coordinate system changes from {} to {}", name(&self.cursor.crs), name(&page.crs));
            return Err(Error::Unexpected { url: self.layer.url.clone(), detail });
        }
        let mut own = FxHashSet::default();
        if let Some(id) = page.ids.iter().find(|id| self.seen.contains(id) || !own.insert(**id)) {
            return repeated(format!("page {} brings object id {id} again", self.cursor.n_pages + 1));
        }
        let (low, high) = match window {
            Window::Offset(_) => (i64::MIN, i64::MAX),
            Window::Range(low, high) => (low, high),
            Window::Slice(from, to) => {
                let ids = self.ids.get(from..to).unwrap_or_default();
                (ids.first().copied().unwrap_or(0), ids.last().copied().unwrap_or(0))
            }
        };
        if let Some(id) = page.ids.iter().find(|id| !(low..=high).contains(id)) {
            return repeated(format!("object ids from {low} to {high} were asked for, {id} came"));
        }
        let is_short = match window {
            Window::Offset(_) => false,
            // Old services fall silent at their limit without saying so.
            Window::Range(..) => {
                page.n_rows < self.n_rows_of(window)
                    && (page.is_exceeded || page.n_rows >= u64::from(self.layer.rows_max))
            }
            Window::Slice(from, to) => to - from > 1 && page.n_rows < (to - from) as u64,
        };
        Ok(if is_short { Verdict::Smaller } else { Verdict::Good })
    }

    fn split(&mut self, window: Window) -> Result<(), Error> {
        let halves = match window {
            Window::Offset(_) => [window, window],
            Window::Range(low, high) => {
                let middle = low + (high - low) / 2;
                [Window::Range(low, middle), Window::Range(middle + 1, high)]
            }
            Window::Slice(from, to) => {
                let middle = from + (to - from) / 2;
                [Window::Slice(from, middle), Window::Slice(middle, to)]
            }
        };
        if matches!(window, Window::Offset(_)) || self.cursor.open.len() > WINDOWS_MAX {
            let detail = "its pages cannot be made small enough".to_owned();
            return Err(Error::NoPaging { url: self.layer.url.clone(), detail });
        }
        let [first, second] = halves;
        self.cursor.open.extend([second, first]);
        Ok(())
    }

    fn accept(&mut self, window: Window, page: &Page) -> Result<(), Error> {
        self.seen.extend(page.ids.iter().copied());
        let cursor = &mut self.cursor;
        cursor.n_rows += page.n_rows;
        cursor.n_pages += 1;
        if cursor.crs.is_none() {
            cursor.crs.clone_from(&page.crs);
        }
        cursor.mark_max = cursor.mark_max.max(page.mark_max);
        // Rows that are added meanwhile are no reason to stop, a service that never ends is.
        let bound = cursor.n_counted.map_or(ROWS_MAX, |n| (n + n / 10 + 10_000).min(ROWS_MAX));
        if cursor.n_rows > bound {
            let detail = format!("{} rows came and there is no end; {bound} is the bound", cursor.n_rows);
            return Err(Error::Repeated { url: self.layer.url.clone(), detail });
        }
        if let Window::Offset(start) = window {
            let is_all = !page.is_exceeded && cursor.n_counted.is_some_and(|n| cursor.n_rows >= n);
            self.stride = Some(page.n_rows).filter(|n| *n > 0);
            if page.n_rows > 0 && !is_all {
                cursor.open.push(Window::Offset(start + page.n_rows));
            }
        }
        Ok(())
    }
}
