//! A layer of a service into the database: pages are kept as they come, the cursor with them, and when the layer is whole its
//! rows go through the importer as a file's do.
//!
//! A break leaves an open run; the same command goes on with it. A run whose layer was edited meanwhile is dropped and begun anew.
//! Nothing of a layer is in the roll before all of it is here and counted.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::ingest;
use crate::ingest::fetch::arcgis::harvest::{Cursor, Harvest, Paging};
use crate::ingest::fetch::arcgis::layer::Layer;
use crate::ingest::fetch::arcgis::query::{PageForm, Query};
use crate::ingest::fetch::arcgis::rows;
use crate::ingest::fetch::client::{Client, Request};
use crate::ingest::fetch::{self, body_of};
use crate::ingest::mapper::Mapper;
use crate::ingest::profile::Profile;
use crate::ingest::source::{OpenOptions, Progress};
use crate::model::date::CivilDate;
use crate::model::snapshot::SourceKind;
use crate::store::fetch_runs::{self, PageRow, RunRow, Subject};
use crate::store::sources;
use crate::store::{Authorship, Reader};

pub use super::fetch_error::Error;
use super::fetch_vault::{self, EvidenceVault, pairs, stamp};
use super::import;

/// Time and pages between two transactions: a kill costs at most these. A transaction waits for the disk about as long as a page
/// takes on a fast network, so one for each page would halve the speed.
const COMMIT_EVERY: Duration = Duration::from_secs(2);
const PAGES_PER_COMMIT: usize = 64;

/// Bytes of a layer's description; the largest one seen has 0.3 MB, and each takes some thirty times its length in memory.
const DESCRIPTION_BYTES_MAX: u64 = 8 << 20;

/// From when on rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// A day.
    Day(CivilDate),
    /// The newest edit that an earlier run saw.
    Last,
}

/// What to fetch and how.
pub struct Job<'a> {
    /// Address of the layer.
    pub url: &'a str,
    /// How its columns become ours.
    pub profile: &'a Profile,
    /// Which rows; `edited_since` is filled in from `since`.
    pub query: Query,
    /// Only rows edited since.
    pub since: Option<Since>,
    /// The field of edits, where the layer does not name it.
    pub edit_field: Option<String>,
    /// One way of paging instead of whichever works.
    pub paging: Option<Paging>,
    /// Rows of a page.
    pub page_rows: Option<u32>,
    /// Drop an open run instead of going on with it.
    pub is_restart: bool,
    /// The day the rows are true for, instead of what the layer or the clock says.
    pub as_of: Option<CivilDate>,
    /// Today.
    pub today: CivilDate,
    /// Accept a roll that shrank.
    pub allow_shrink: bool,
    /// Who, why, when.
    pub authorship: &'a Authorship,
    /// True when the user wants out.
    pub is_interrupted: &'a dyn Fn() -> bool,
    /// Called with the rows so far and the rows counted.
    pub on_rows: &'a dyn Fn(u64, Option<u64>),
}

/// How a run ended.
#[derive(Debug)]
pub struct Report {
    /// Name of the layer.
    pub name: String,
    /// Rows of the pages.
    pub n_rows: u64,
    /// Pages.
    pub n_pages: u64,
    /// Rows that an earlier, broken run had brought.
    pub n_rows_resumed: u64,
    /// How it was paged.
    pub paging: Paging,
    /// False when the service does not count.
    pub is_counted: bool,
    /// The day the rows are taken to be true for.
    pub as_of: CivilDate,
    /// The import; `None` when no row met the query.
    pub import: Option<import::Report>,
}

/// What a look at a layer tells, without fetching a row.
#[derive(Debug)]
pub struct Outlook {
    /// The layer.
    pub layer: Layer,
    /// Its rows; `None` when the service does not count.
    pub n_rows: Option<u64>,
}

struct Run<'a> {
    db: &'a Path,
    job: &'a Job<'a>,
    client: &'a Client,
    vault: &'a Arc<EvidenceVault>,
    layer: Layer,
    query: Query,
    mark: Mark,
}

/// The field whose greatest value is remembered.
struct Mark {
    field: Option<String>,
    /// It holds the time of edits, so that an update can begin at its greatest value.
    is_of_edits: bool,
}

/// Reads the description of a layer and counts its rows.
///
/// # Errors
/// When the service cannot be read.
pub fn look(client: &Client, vault: &EvidenceVault, url: &str, query: &Query) -> Result<Outlook, Error> {
    let outlook = fetch::block_on(async {
        let layer = read_layer(client, url).await?;
        let response = client.send(&query.count(&layer)).await?.into_good()?;
        let n_rows = fetch::arcgis::page::count(url, &response.body)?;
        Ok::<_, fetch::Error>(Outlook { layer, n_rows })
    })?;
    vault.flush()?;
    Ok(outlook?)
}

async fn read_layer(client: &Client, url: &str) -> Result<Layer, fetch::Error> {
    let mut n_tries = 0;
    loop {
        n_tries += 1;
        let mut request = Request::get(url).with("f", "json");
        request.bytes_max = Some(client.limits().bytes_max.min(DESCRIPTION_BYTES_MAX));
        let response = client.send(&request).await?.into_good()?;
        match Layer::parse(url, &response.body) {
            Err(error) if error.is_passing() && n_tries < client.limits().n_tries_max => client.rest(n_tries).await?,
            result => return result,
        }
    }
}

/// Fetches a layer and imports it.
///
/// # Errors
/// See [`Error`]; what came is kept, the roll is as before, and the same command goes on.
pub fn run(db: &Path, job: &Job<'_>, client: &Client, vault: &Arc<EvidenceVault>) -> Result<Report, Error> {
    let result = fetch::block_on(fetch_all(db, job, client, vault)).map_err(Error::from).and_then(|r| r);
    // Also the pages of a failed run are evidence, and what it resumes from.
    vault.flush()?;
    let (run, run_id, cursor, n_rows_resumed) = result?;
    let as_of = run.as_of(&cursor);
    let import = if cursor.n_rows > 0 { Some(run.import(run_id, &cursor, as_of)?) } else { run.end_empty(run_id)? };
    Ok(Report {
        name: run.layer.name.clone(),
        n_rows: cursor.n_rows,
        n_pages: cursor.n_pages,
        n_rows_resumed,
        paging: cursor.paging,
        is_counted: cursor.n_counted.is_some(),
        as_of,
        import,
    })
}

async fn fetch_all<'a>(
    db: &'a Path,
    job: &'a Job<'a>,
    client: &'a Client,
    vault: &'a Arc<EvidenceVault>,
) -> Result<(Run<'a>, i64, Cursor, u64), Error> {
    let mut layer = read_layer(client, job.url).await?;
    fits(job.profile, &layer)?;
    if !layer.has_known_crs() {
        // Then the service need not be asked for degrees.
        layer.crs = job.profile.crs.clone().or(layer.crs);
    }
    let (query, mark) = complete(db, job, &layer)?;
    let run = Run { db, job, client, vault, layer, query, mark };
    let mut pagings = run.pagings();
    if let Some(open) = run.open_run()? {
        let (run_id, paging) = (open.fetch_run_id, read_cursor(&open).map(|c| c.paging));
        match run.go_on(open).await {
            Ok((cursor, n_resumed)) => return Ok((run, run_id, cursor, n_resumed)),
            Err(error) if run.is_for_another_way(&error) => {
                run.drop_run(run_id, &error.to_string())?;
                pagings.retain(|p| Some(*p) != paging);
                if pagings.is_empty() {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    let mut last = None;
    for paging in pagings {
        match run.begin(paging).await {
            Ok((run_id, cursor)) => return Ok((run, run_id, cursor, 0)),
            // That rows come twice says more than that the ways after it are refused.
            Err(error) if run.is_for_another_way(&error) => {
                let is_telling = matches!(last, Some(Error::Fetch(fetch::Error::Repeated { .. })));
                last = last.filter(|_| is_telling).or(Some(error));
            }
            Err(error) => return Err(error),
        }
    }
    Err(match last {
        Some(error) => run.last_word(error),
        None => {
            let detail = "it can neither page nor list its object ids".to_owned();
            fetch::Error::NoPaging { url: job.url.to_owned(), detail }.into()
        }
    })
}

/// A profile that does not fit is refused before a thousand pages are asked for. A layer that names no fields is judged by its rows.
fn fits(profile: &Profile, layer: &Layer) -> Result<(), Error> {
    if layer.fields.is_empty() {
        return Ok(());
    }
    let columns: Vec<String> = layer.fields.iter().flat_map(|f| [f.name.clone(), format!("{}@code", f.name)]).collect();
    match Mapper::new(profile, SourceKind::Parcels, &columns) {
        Ok(_) => Ok(()),
        Err(ingest::Error::MissingColumns { profile, fields, undescribed, .. }) => {
            let found = layer.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ");
            Err(import::Error::Ingest(ingest::Error::MissingColumns { profile, fields, found, undescribed }).into())
        }
        Err(error) => Err(import::Error::Ingest(error).into()),
    }
}

/// The query with its moment, and the field whose greatest value is remembered.
fn complete(db: &Path, job: &Job<'_>, layer: &Layer) -> Result<(Query, Mark), Error> {
    let mut query = job.query.clone();
    let service = job.profile.service.as_ref();
    let named = job.edit_field.clone().or_else(|| service.and_then(|s| s.edit_field.clone()));
    let edit_field = named.or_else(|| layer.edit_field.clone());
    let as_of_field = service.and_then(|s| s.as_of_field.clone());
    let is_of_edits = edit_field.is_some();
    let field = edit_field.clone().or(as_of_field).and_then(|f| layer.field(&f)).map(|f| f.name.clone());
    if let Some(since) = job.since {
        let no_mark = |detail| Error::NoMark { url: job.url.to_owned(), detail };
        let field = edit_field.ok_or_else(|| no_mark("the layer names no field with the time of the last edit"))?;
        let ms = match since {
            Since::Day(day) => {
                let epoch = jiff::civil::date(1970, 1, 1);
                day.as_jiff().duration_since(epoch).as_secs() * 1_000
            }
            Since::Last => fetch_runs::marked_runs(&Reader::open(db)?, job.url, &job.profile.name)?
                .into_iter()
                .find(|r| asks_for_the_same(&r.query, &query))
                .and_then(|r| r.high_mark)
                .ok_or_else(|| no_mark("no earlier run saw the time of an edit; fetch the whole layer first"))?,
        };
        query.edited_since = Some((field, ms));
    }
    Ok((query, Mark { field, is_of_edits }))
}

/// Whether a run asked for the same part of the layer, edits apart: only then its newest edit is where an update begins.
fn asks_for_the_same(identity: &str, query: &Query) -> bool {
    let parts = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        (value.get("where").cloned(), value.get("bbox").cloned())
    };
    parts(identity) == parts(&query.identity())
}

fn read_cursor(run: &RunRow) -> Option<Cursor> {
    serde_json::from_str(&run.cursor).ok()
}

impl Run<'_> {
    /// Whether the rows are less than the roll: the profile's own condition cuts the roll out, any other a part of it.
    fn is_partial(&self) -> bool {
        let own = self.job.profile.service.as_ref().and_then(|s| s.condition.as_ref());
        self.query.bbox.is_some() || self.query.edited_since.is_some() || self.query.condition.as_ref() != own
    }

    fn subject<'s>(&'s self, identity: &'s str) -> Subject<'s> {
        Subject { service_url: self.job.url, profile: &self.job.profile.name, query: identity }
    }

    /// Ways of paging in the order of trust.
    fn pagings(&self) -> Vec<Paging> {
        if let Some(paging) = self.job.paging {
            return vec![paging];
        }
        let mut found = Vec::new();
        if self.layer.can_offset {
            found.push(Paging::Offset);
        }
        // Old services have statistics without saying so.
        found.extend([Paging::Oid, Paging::Ids, Paging::Range]);
        found
    }

    /// Whether an error says that this way of paging does not work on this service.
    fn is_for_another_way(&self, error: &Error) -> bool {
        let Error::Fetch(error) = error else { return false };
        self.job.paging.is_none()
            && matches!(
                error,
                fetch::Error::Repeated { .. } | fetch::Error::NoPaging { .. } | fetch::Error::Service { code: 400, .. }
            )
    }

    /// What a refusal means that no way of paging gets round: of a condition or form of its own the user hears from the service.
    fn last_word(&self, error: Error) -> Error {
        let is_plain = self.job.query.condition.is_none() && self.job.query.form == PageForm::Json;
        match error {
            Error::Fetch(fetch::Error::Service { url, code, message }) if is_plain && self.job.paging.is_none() => {
                if self.layer.has_known_crs() {
                    let detail = format!(
                        "it neither pages, nor lists its object ids, nor gives their range (it says {code} {message})"
                    );
                    return fetch::Error::NoPaging { url, detail }.into();
                }
                let crs = self.layer.crs.as_deref().unwrap_or("that the layer does not name");
                let crs = format!("{crs}, and the service does not give degrees either ({code} {message})");
                import::Error::Ingest(ingest::Error::UnknownCrs { path: url, crs }).into()
            }
            error => error,
        }
    }

    /// An open run that can be gone on with; one that cannot is dropped.
    fn open_run(&self) -> Result<Option<RunRow>, Error> {
        let identity = self.query.identity();
        let Some(open) = fetch_runs::open_run(&Reader::open(self.db)?, self.subject(&identity))? else {
            return Ok(None);
        };
        let cursor = read_cursor(&open);
        let why = if self.job.is_restart {
            "it was told to start anew"
        } else if cursor.as_ref().is_none_or(|c| c.fingerprint != self.layer.fingerprint) {
            "the layer was changed meanwhile"
        } else if self.job.paging.is_some_and(|p| cursor.is_none_or(|c| c.paging != p)) {
            "it was told to page in another way"
        } else {
            return Ok(Some(open));
        };
        self.drop_run(open.fetch_run_id, why)?;
        Ok(None)
    }

    fn drop_run(&self, run_id: i64, why: &str) -> Result<(), Error> {
        self.vault.flush_with(|tx| Ok::<_, Error>(fetch_runs::drop_run(tx, run_id, why)?))
    }

    async fn begin(&self, paging: Paging) -> Result<(i64, Cursor), Error> {
        let started = Harvest::start(self.client, &self.layer, &self.query, (paging, self.job.page_rows)).await?;
        let mut harvest = started.with_mark(self.mark.field.clone());
        if !harvest.ids().is_empty() {
            let list = harvest.ids().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            harvest.set_ids_sha256(Some(self.vault.keep_file(list.as_bytes())));
        }
        let identity = self.query.identity();
        let cursor = as_json(harvest.cursor());
        let run_id =
            self.vault.flush_with(|tx| Ok::<_, Error>(fetch_runs::start(tx, self.subject(&identity), &cursor)?))?;
        let result = self.drive(run_id, harvest).await;
        if let Err(error) = &result
            && (self.is_for_another_way(error) || matches!(error, Error::Fetch(fetch::Error::Count { .. })))
        {
            self.drop_run(run_id, &error.to_string())?;
        }
        Ok((run_id, result?))
    }

    async fn go_on(&self, open: RunRow) -> Result<(Cursor, u64), Error> {
        let Some(cursor) = read_cursor(&open) else {
            let detail = "the cursor of the open run cannot be read; add --restart".to_owned();
            return Err(fetch::Error::Unexpected { url: self.job.url.to_owned(), detail }.into());
        };
        let ids = match &cursor.ids_sha256 {
            Some(sha256) => numbers(&self.vault.payload(sha256)?),
            None => Vec::new(),
        };
        let n_resumed = cursor.n_rows;
        let harvest = Harvest::resume(self.client, &self.layer, &self.query, (cursor, ids));
        let mut harvest = harvest.with_mark(self.mark.field.clone());
        let reader = Reader::open(self.db)?;
        for page in fetch_runs::pages(&reader, open.fetch_run_id)? {
            harvest.remember(&page_body(self.db, &reader, &page)?)?;
        }
        drop(reader);
        let result = self.drive(open.fetch_run_id, harvest).await;
        if let Err(error @ Error::Fetch(fetch::Error::Count { .. })) = &result {
            self.drop_run(open.fetch_run_id, &error.to_string())?;
        }
        Ok((result?, n_resumed))
    }

    /// Asks page after page; every few pages the cursor moves together with the evidence.
    async fn drive(&self, run_id: i64, mut harvest: Harvest<'_>) -> Result<Cursor, Error> {
        let mut waiting: Vec<PageRow> = Vec::new();
        let mut cursor = harvest.cursor().clone();
        let mut committed = Instant::now();
        let result = harvest
            .run(|landed| {
                let n_rows = landed.page.n_rows;
                waiting.push(PageRow {
                    seq: landed.cursor.n_pages.cast_signed(),
                    sha256: landed.response.sha256.clone(),
                    first_row: (landed.cursor.n_rows - n_rows + 1).cast_signed(),
                    row_count: n_rows.cast_signed(),
                });
                cursor.clone_from(landed.cursor);
                (self.job.on_rows)(cursor.n_rows, cursor.n_counted);
                if waiting.len() >= PAGES_PER_COMMIT || committed.elapsed() >= COMMIT_EVERY {
                    self.commit(run_id, &waiting, &cursor)?;
                    waiting.clear();
                    committed = Instant::now();
                }
                Ok(())
            })
            .await;
        self.commit(run_id, &waiting, &cursor)?;
        result?;
        Ok(cursor)
    }

    fn commit(&self, run_id: i64, pages: &[PageRow], cursor: &Cursor) -> Result<(), Error> {
        let json = as_json(cursor);
        self.vault.flush_with(|tx| {
            for page in pages {
                fetch_runs::add_page(tx, run_id, page)?;
            }
            Ok::<_, Error>(fetch_runs::move_cursor(
                tx,
                run_id,
                &json,
                cursor.mark_max.filter(|_| self.mark.is_of_edits),
            )?)
        })
    }

    /// The day the rows are true for: as told, else the greatest value of the profile's field, else today.
    fn as_of(&self, cursor: &Cursor) -> CivilDate {
        let as_of_field = self.job.profile.service.as_ref().and_then(|s| s.as_of_field.as_deref());
        let is_as_of = |mark: &str| as_of_field.is_some_and(|f| f.eq_ignore_ascii_case(mark));
        let mark = cursor.mark_max.filter(|_| self.mark.field.as_deref().is_some_and(is_as_of));
        let of_rows = mark.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).and_then(|moment| {
            CivilDate::parse(&moment.strftime("%Y-%m-%d").to_string()).filter(|day| *day <= self.job.today)
        });
        self.job.as_of.or(of_rows).unwrap_or(self.job.today)
    }

    fn end_empty(&self, run_id: i64) -> Result<Option<import::Report>, Error> {
        if !self.is_partial() {
            let path = self.job.url.to_owned();
            self.drop_run(run_id, "the layer has no rows")?;
            let empty = ingest::Error::Empty { path, detail: "the layer has none".to_owned() };
            return Err(import::Error::Ingest(empty).into());
        }
        self.drop_run(run_id, "no row meets the query")?;
        Ok(None)
    }

    fn import(&self, run_id: i64, cursor: &Cursor, as_of: CivilDate) -> Result<import::Report, Error> {
        let reader = Reader::open(self.db)?;
        let pages = fetch_runs::pages(&reader, run_id)?;
        // The identity of the content is the list of its pages and the question they answer.
        let list: String = pages.iter().map(|p| format!("{} {} {}\n", p.sha256, p.first_row, p.row_count)).collect();
        let list = format!("{} {}\n{list}", self.job.url, self.query.identity());
        let sha256 = self.vault.keep_file(list.as_bytes());
        self.vault.flush()?;
        let sizes = pages
            .iter()
            .map(|p| fs::metadata(super::case_evidence::path_of(self.db, &p.sha256)).map_or(0, |m| m.len()));
        let byte_len: u64 = sizes.sum();
        let (db, mut left) = (self.db.to_owned(), VecDeque::from(pages));
        let next = move || match left.pop_front() {
            Some(page) => page_body(&db, &reader, &page).map(Some).map_err(io::Error::other),
            None => Ok(None),
        };
        let mut options: OpenOptions = self.job.profile.open_options();
        // A page that names no system is in the one that was asked for.
        options.crs = options.crs.or_else(|| cursor.crs.clone()).or_else(|| self.query.crs(&self.layer));
        let source = rows::open(&self.layer, byte_len, &options, next).map_err(import::Error::from)?;
        let authorship = fetch_vault::as_of_now(self.job.authorship);
        let request = import::Request {
            kind: SourceKind::Parcels,
            path: Path::new(self.job.url),
            profile: self.job.profile,
            as_of,
            authorship: &authorship,
            allow_shrink: self.job.allow_shrink,
            is_interrupted: self.job.is_interrupted,
            on_progress: &|_: Progress, _| {},
            on_stage: &|_| {},
        };
        let opened = import::Opened {
            source,
            origin: self.job.url,
            sha256: &sha256,
            byte_len,
            is_partial: self.is_partial(),
            on_stored: &|tx, snapshot_id| fetch_runs::finish(tx, run_id, snapshot_id, &stamp(SystemTime::now())),
        };
        Ok(import::run_opened(self.db, &request, opened)?)
    }
}

/// The unpacked body of a kept page.
fn page_body(db: &Path, reader: &Reader, page: &PageRow) -> Result<Vec<u8>, Error> {
    let row = sources::by_hash(reader, &page.sha256)?.into_iter().find(|r| r.status == 200);
    let headers = row.map(|r| pairs(&r.headers)).unwrap_or_default();
    Ok(body_of(&page.sha256, &headers, fetch_vault::payload(db, &page.sha256)?)?)
}

fn as_json(cursor: &Cursor) -> String {
    serde_json::to_string(cursor).unwrap_or_default()
}

fn numbers(bytes: &[u8]) -> Vec<i64> {
    String::from_utf8_lossy(bytes).lines().filter_map(|l| l.parse().ok()).collect()
}
