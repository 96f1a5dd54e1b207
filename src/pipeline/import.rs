//! A county's or utility's file into the database: stream, map, store; all rows or none.
//!
//! One write transaction holds the whole import, so Ctrl-C, a kill or a full disk leaves the database as it was.
//! Every row read ends as stored, duplicate or rejected, and the three add up.

use std::path::Path;
use std::time::Instant;

use crate::geom::box_index::BoxIndexBuilder;
use crate::ingest::bytes::{FileIdentity, identity_of};
use crate::ingest::mapper::Mapper;
use crate::ingest::profile::Profile;
use crate::ingest::source::{Progress, RawRow, Source};
use crate::ingest::{self};
use crate::model::date::CivilDate;
use crate::model::deed::DeedRow;
use crate::model::id::{ParcelId, SnapshotId};
use crate::model::snapshot::{Reject, SourceKind};
use crate::pipeline::import_situs::{StandardForms, is_example};
use crate::pipeline::{address_file, reference};
use crate::store::roll::{RollImport, RollRow, Stored};
use crate::store::snapshots::{self, Counts, NewSnapshot};
use crate::store::{self, Authorship, Change, Silent, Tx, Writer, blobs, premises, taps};

/// Rejects shown in the report; all of them are in the database.
const REJECTS_SHOWN: usize = 5;
/// Rows between two looks at the interrupt flag and the progress bar.
const ROWS_PER_LOOK: u64 = 1024;
/// Version of the boxes' bytes.
const BOXES_VERSION: &str = "1";
/// Share rules are not applied to files smaller than this: one bad row of ten is no trend.
const ROWS_FOR_SHARES: u64 = 50;

/// A failed import; the database is as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file or profile is wrong.
    #[error(transparent)]
    Ingest(#[from] ingest::Error),
    /// The database cannot be written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// More rows were rejected than the profile allows.
    #[error("{rejected} of {read} rows were rejected, the profile allows {allowed_percent} %; the first: {first}")]
    TooManyRejects {
        /// Rejected rows.
        rejected: u64,
        /// Rows read.
        read: u64,
        /// The limit.
        allowed_percent: String,
        /// The first reject in words.
        first: String,
    },
    /// Fewer rows than the profile promises.
    #[error("only {stored} rows could be stored, the profile expects at least {expected}")]
    TooFewRows {
        /// Rows stored.
        stored: u64,
        /// The profile's minimum.
        expected: u64,
    },
    /// The roll is much smaller than the one before.
    #[error(
        "this roll has {now} parcels, the one before had {before}; the profile allows it to shrink by {allowed_percent} %"
    )]
    Shrunk {
        /// Parcels of this file.
        now: usize,
        /// Parcels known before.
        before: usize,
        /// The limit.
        allowed_percent: String,
    },
    /// Parcels of the last roll are not in this one, although it is not smaller.
    #[error(
        "{missing} of the {before} parcels of the last roll are not in this file, such as {known}{new}; the profile allows {allowed_percent} %"
    )]
    OtherParcels {
        /// Parcels that would be retired.
        missing: usize,
        /// Parcels known before.
        before: usize,
        /// One of the missing numbers.
        known: String,
        /// A number that the file brought, in words; empty when it brought none.
        new: String,
        /// The limit.
        allowed_percent: String,
    },
    /// The matcher could not learn the county.
    #[error("cannot learn the streets of the county")]
    County(#[source] address_file::Error),
    /// The same bytes were imported before; found out at the end of a stream.
    #[error("the same file was imported before")]
    Repeated(SnapshotId),
    /// Ctrl-C.
    #[error("interrupted; nothing was changed")]
    Interrupted,
}

/// What to import and how.
pub struct Request<'a> {
    /// What the file holds.
    pub kind: SourceKind,
    /// The file.
    pub path: &'a Path,
    /// Its profile.
    pub profile: &'a Profile,
    /// The day its content is true for.
    pub as_of: CivilDate,
    /// Who imports, why, when.
    pub authorship: &'a Authorship,
    /// Accept a roll that shrank beyond the profile's limit.
    pub allow_shrink: bool,
    /// True when the user wants out.
    pub is_interrupted: &'a dyn Fn() -> bool,
    /// Called now and then with the progress and the rows read.
    pub on_progress: &'a dyn Fn(Progress, u64),
    /// Called with the name of each stage that begins behind the rows.
    pub on_stage: &'a dyn Fn(&'static str),
}

/// How an import ended.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The snapshot; of the earlier import when the same file was imported before.
    pub snapshot_id: Option<SnapshotId>,
    /// True when nothing was done because the same bytes are in the database already.
    pub is_repeat: bool,
    /// Rows.
    pub counts: Counts,
    /// Distinct parcels of a roll.
    pub n_parcels: usize,
    /// New parcel versions written.
    pub n_versions: u64,
    /// Parcels retired because the roll no longer has them.
    pub n_retired: usize,
    /// The first rejects.
    pub rejects: Vec<Reject>,
    /// What was left out of rows that were kept: count and the first of them.
    pub n_warnings: u64,
    /// First warnings in words.
    pub warnings: Vec<String>,
    /// What was found out about the file.
    pub findings: Vec<(&'static str, String)>,
    /// Of owners and addresses: what no column of a roll or layer is mapped to.
    pub unmapped: Vec<&'static str>,
    /// A situs or number of the file, for the command to type next.
    pub example: Option<String>,
    /// Parcels were known before; what the file is silent about is kept.
    pub had_parcels: bool,
    /// Premises are there to be matched.
    pub has_premises: bool,
    /// Stages in their order, with seconds on the clock.
    pub seconds: Vec<(&'static str, f64)>,
}

/// The clock of an import's stages.
struct Stages<'a> {
    request: &'a Request<'a>,
    name: &'static str,
    begun: Instant,
    seconds: Vec<(&'static str, f64)>,
}

impl<'a> Stages<'a> {
    fn begin(request: &'a Request<'a>) -> Self {
        Self { request, name: "rows", begun: Instant::now(), seconds: Vec::new() }
    }

    /// Ends the stage and begins the next one, unless somebody wants out.
    fn next(&mut self, name: &'static str) -> Result<(), Error> {
        if (self.request.is_interrupted)() {
            return Err(Error::Interrupted);
        }
        self.end();
        self.name = name;
        (self.request.on_stage)(name);
        Ok(())
    }

    fn end(&mut self) {
        self.seconds.push((self.name, self.begun.elapsed().as_secs_f64()));
        self.begun = Instant::now();
    }
}

/// Rows that somebody else opened, such as the pages of a service.
pub struct Opened<'a> {
    /// The rows.
    pub source: Source,
    /// Path or URL.
    pub origin: &'a str,
    /// Identity of the content; empty when it is that of the file behind `request.path`, hashed while it is read.
    pub sha256: &'a str,
    /// Its size.
    pub byte_len: u64,
    /// Only a part of the roll: what is missing is not retired, and no least number of rows is expected.
    pub is_partial: bool,
    /// Called at the end of the same transaction with the snapshot, also when the content was there before.
    pub on_stored: &'a dyn Fn(&mut Tx<'_>, SnapshotId) -> Result<(), store::Error>,
}

/// Imports a file.
///
/// # Errors
/// See [`Error`]; the database is then as before.
pub fn run(db: &Path, request: &Request<'_>) -> Result<Report, Error> {
    let byte_len = std::fs::metadata(request.path).map_or(0, |m| m.len());
    let origin = std::fs::canonicalize(request.path).unwrap_or_else(|_| request.path.to_owned()).display().to_string();
    // Open the source first: a file that is none of our formats should not even touch the database.
    let source = Source::open(request.path, &request.profile.open_options())?;
    let opened = Opened { source, origin: &origin, sha256: "", byte_len, is_partial: false, on_stored: &|_, _| Ok(()) };
    match run_opened(db, request, opened) {
        Err(Error::Repeated(snapshot_id)) => {
            Ok(Report { snapshot_id: Some(snapshot_id), is_repeat: true, ..Report::default() })
        }
        outcome => outcome,
    }
}

/// Imports rows that are open already; `request.path` is not looked at when their identity is known.
///
/// # Errors
/// See [`Error`]; the database is then as before.
pub fn run_opened(db: &Path, request: &Request<'_>, opened: Opened<'_>) -> Result<Report, Error> {
    let Opened { mut source, origin, sha256, byte_len, is_partial, on_stored } = opened;
    let as_of_date = request.as_of.to_string();
    let snapshot = NewSnapshot {
        source_kind: request.kind,
        profile: &request.profile.name,
        origin,
        sha256,
        byte_len,
        as_of_date: &as_of_date,
    };
    let mapper = Mapper::new(request.profile, request.kind, source.columns())?;
    let mut writer = match request.kind {
        SourceKind::Parcels | SourceKind::Roll => Writer::open_bulk(db)?,
        SourceKind::Accounts
        | SourceKind::Taps
        | SourceKind::Reads
        | SourceKind::Deeds
        | SourceKind::FieldResults
        | SourceKind::Page => Writer::open(db)?,
    };
    let mut stages = Stages::begin(request);
    let done = writer.with(request.authorship, |tx| -> Result<Report, Error> {
        let found = match sha256 {
            "" if !snapshots::has_same_size(tx, &snapshot)? => None,
            "" => snapshots::find_same(tx, &NewSnapshot { sha256: &identity_of(request.path)?.sha256, ..snapshot })?,
            _ => snapshots::find_same(tx, &snapshot)?,
        };
        if let Some(snapshot_id) = found {
            on_stored(tx, snapshot_id)?;
            return Ok(Report { snapshot_id: Some(snapshot_id), is_repeat: true, ..Report::default() });
        }
        let mut run = Run { request, report: Report::default(), mapper, is_partial };
        match request.kind {
            SourceKind::Parcels | SourceKind::Roll => run.roll(tx, &mut source, &snapshot)?,
            SourceKind::Accounts
            | SourceKind::Taps
            | SourceKind::Reads
            | SourceKind::Deeds
            | SourceKind::FieldResults
            | SourceKind::Page => run.utility(tx, &mut source, &snapshot)?,
        }
        run.finish(tx, &source, &snapshot)?;
        if matches!(request.kind, SourceKind::Parcels | SourceKind::Roll) {
            stages.next("owner groups")?;
            super::owner_rebuild::rebuild(tx)?;
            stages.next("streets for the matcher")?;
            reference::store_county(tx).map_err(county)?;
        }
        run.report.has_premises = premises::has_any(tx)?;
        stages.next("disk")?;
        if let Some(snapshot_id) = run.report.snapshot_id {
            on_stored(tx, snapshot_id)?;
        }
        Ok(run.report)
    });
    let mut report = match done {
        Ok(report) => report,
        Err(error) => {
            writer.settle();
            return Err(error);
        }
    };
    writer.finish_bulk()?;
    stages.end();
    report.seconds = stages.seconds;
    Ok(report)
}

/// What the database suffers from is said as such, whatever was being read.
fn county(error: address_file::Error) -> Error {
    match error {
        address_file::Error::Store(error) => Error::Store(error),
        error => Error::County(error),
    }
}

struct Run<'a> {
    request: &'a Request<'a>,
    report: Report,
    mapper: Mapper,
    is_partial: bool,
}

impl Run<'_> {
    fn look(&self, source: &Source) -> Result<(), Error> {
        if self.report.counts.read.is_multiple_of(ROWS_PER_LOOK) {
            if (self.request.is_interrupted)() {
                return Err(Error::Interrupted);
            }
            (self.request.on_progress)(source.progress(), self.report.counts.read);
        }
        Ok(())
    }

    fn note_reject(&mut self, reject: &Reject) {
        self.report.counts.rejected += 1;
        if self.report.rejects.len() < REJECTS_SHOWN {
            self.report.rejects.push(reject.clone());
        }
    }

    fn warn(&mut self, text: String) {
        self.report.n_warnings += 1;
        if self.report.warnings.len() < REJECTS_SHOWN {
            self.report.warnings.push(text);
        }
    }

    fn note_warnings(&mut self) {
        self.report.n_warnings += self.mapper.warnings().len() as u64;
        for warning in self.mapper.warnings() {
            if self.report.warnings.len() < REJECTS_SHOWN {
                self.report.warnings.push(format!(
                    "row {}, {} {:?}: {}",
                    warning.row_no, warning.column, warning.value, warning.detail
                ));
            }
        }
    }

    fn roll(&mut self, tx: &mut Tx<'_>, source: &mut Source, snapshot: &NewSnapshot<'_>) -> Result<(), Error> {
        let mut import = RollImport::begin(tx, snapshot)?;
        self.report.snapshot_id = Some(import.snapshot_id());
        let mut raw = RawRow::default();
        let mut extras = String::new();
        let mut forms = StandardForms::default();
        let mut boxes = BoxIndexBuilder::default();
        let mut silent = Silent::of(&self.mapper.unmapped());
        while source.next_row(&mut raw)? {
            if self.mapper.update_columns(source.columns()) {
                silent = Silent::of(&self.mapper.unmapped());
            }
            self.report.counts.read += 1;
            self.look(source)?;
            let parcel = match self.mapper.parcel(&raw) {
                Ok(parcel) => parcel,
                Err(reject) => {
                    import.reject(&reject)?;
                    self.note_reject(&reject);
                    continue;
                }
            };
            self.note_warnings();
            if self.report.example.is_none() {
                self.report.example = parcel.situs_address.as_deref().filter(|a| is_example(a)).map(str::to_owned);
            }
            extras.clear();
            self.mapper.extras_json(&raw, &mut extras);
            let row = RollRow {
                row_no: raw.row_no,
                parcel: &parcel,
                standard_form: parcel.situs_address.as_deref().and_then(|text| forms.of(text)),
                attributes_json: Some(extras.as_str()).filter(|e| e.len() > 2),
                geometry_wkb: raw.geometry.as_ref().map(|g| g.wkb.as_slice()),
                label_point: raw.geometry.as_ref().map(|g| g.label_point),
                silent,
            };
            match import.store(&row)? {
                Stored::Parcel(parcel_id) => {
                    self.report.counts.stored += 1;
                    if let Some(geometry) = &raw.geometry {
                        boxes.add(parcel_id, geometry.bbox);
                    }
                }
                Stored::Situs => self.report.counts.stored += 1,
                Stored::Duplicate => self.report.counts.duplicate += 1,
            }
        }
        let fingerprint = format!("snapshot {}", import.snapshot_id().0);
        self.close_roll(import)?;
        if !self.is_partial && !boxes.is_empty() {
            blobs::put(tx, blobs::PARCEL_BOXES, &fingerprint, BOXES_VERSION, &boxes.finish())?;
        }
        Ok(())
    }

    /// Behind the last row: is it the same county, as large as before? Then what it no longer has is retired.
    fn close_roll(&mut self, mut import: RollImport<'_>) -> Result<(), Error> {
        import.finish_rows()?;
        let n_before = import.n_known();
        self.report.had_parcels = n_before > 0;
        self.report.unmapped = self.mapper.unmapped();
        self.report.unmapped.retain(|f| matches!(*f, "owner_lines" | "situs_address" | "mailing_lines"));
        self.report.n_parcels = import.n_parcels();
        self.report.n_versions = import.n_versions();
        if self.is_partial {
            return Ok(());
        }
        let floor = n_before as f64 * (1.0 - self.request.profile.shrink_share_max);
        if (import.n_parcels() as f64) < floor && !self.request.allow_shrink {
            return Err(Error::Shrunk {
                now: import.n_parcels(),
                before: usize::try_from(n_before).unwrap_or(usize::MAX),
                allowed_percent: percent(self.request.profile.shrink_share_max),
            });
        }
        let missing = import.missing()?;
        self.refuse_another_county(&import, &missing, n_before)?;
        self.report.n_retired = missing.len();
        Ok(import.retire(&missing)?)
    }

    /// A file as large as the last roll with other parcels in it is another county, or writes its numbers in another way.
    fn refuse_another_county(&self, import: &RollImport<'_>, missing: &[ParcelId], n_before: u64) -> Result<(), Error> {
        let Some(first) = missing.first().filter(|_| n_before >= ROWS_FOR_SHARES && !self.request.allow_shrink) else {
            return Ok(());
        };
        let share_max = self.request.profile.shrink_share_max;
        if missing.len() as f64 <= n_before as f64 * share_max {
            return Ok(());
        }
        let (known, new) = import.examples(*first)?;
        Err(Error::OtherParcels {
            missing: missing.len(),
            before: usize::try_from(n_before).unwrap_or(usize::MAX),
            known,
            new: new.map(|new| format!("; new in it is {new}")).unwrap_or_default(),
            allowed_percent: percent(share_max),
        })
    }

    fn utility(&mut self, tx: &mut Tx<'_>, source: &mut Source, snapshot: &NewSnapshot<'_>) -> Result<(), Error> {
        let snapshot_id = snapshots::insert(tx, snapshot)?;
        self.report.snapshot_id = Some(snapshot_id);
        let mut raw = RawRow::default();
        while source.next_row(&mut raw)? {
            self.mapper.update_columns(source.columns());
            self.report.counts.read += 1;
            self.look(source)?;
            match self.utility_row(tx, snapshot_id, &raw)? {
                Ok(true) => self.report.counts.stored += 1,
                Ok(false) => self.report.counts.duplicate += 1,
                Err(reject) => {
                    snapshots::reject(tx, snapshot_id, &reject)?;
                    self.note_reject(&reject);
                    continue;
                }
            }
            self.note_warnings();
        }
        Ok(())
    }

    fn utility_row(
        &mut self,
        tx: &mut Tx<'_>,
        snapshot_id: SnapshotId,
        raw: &RawRow,
    ) -> Result<Result<bool, Reject>, Error> {
        Ok(match self.request.kind {
            SourceKind::Accounts => match self.mapper.account(raw) {
                Ok(row) => Ok(premises::store_account(tx, snapshot_id, raw.row_no, &row)?),
                Err(reject) => Err(reject),
            },
            SourceKind::Reads => match self.mapper.read(raw) {
                Ok(row) => Ok(premises::store_read(tx, snapshot_id, raw.row_no, &row)?),
                Err(reject) => Err(reject),
            },
            SourceKind::Taps => match self.mapper.tap(raw) {
                Ok(row) => {
                    let tap_uuid = uuid::Uuid::now_v7().to_string();
                    let unknown = taps::insert(tx, Some((snapshot_id, raw.row_no)), &tap_uuid, &row)?;
                    for premise_no in unknown.iter().flatten() {
                        self.warn(format!("row {}: there is no premise {premise_no}", raw.row_no));
                    }
                    if unknown.is_none() {
                        for (field, known, new) in taps::differences(tx, &row)? {
                            let tap_no = &row.tap_no;
                            self.warn(format!("tap {tap_no} is known with {field} {known:?}, not {new:?}: taptrace tap update {tap_no}"));
                        }
                    }
                    Ok(unknown.is_some())
                }
                Err(reject) => Err(reject),
            },
            SourceKind::Deeds => match self.mapper.deed(raw) {
                Ok(row) if self.report.example.is_none() => {
                    self.report.example = Some(row.parcel_no.clone());
                    self.deed(tx, (snapshot_id, raw.row_no), &row)?
                }
                Ok(row) => self.deed(tx, (snapshot_id, raw.row_no), &row)?,
                Err(reject) => Err(reject),
            },
            SourceKind::Parcels | SourceKind::Roll | SourceKind::FieldResults | SourceKind::Page => Err(Reject {
                row_no: raw.row_no,
                column: String::new(),
                value: String::new(),
                reason: "not_this_way",
                detail: "this kind of file does not come in by this door".to_owned(),
            }),
        })
    }

    /// Stores a deed of a parcel that is known; a deed of another parcel is kept aside.
    fn deed(
        &mut self,
        tx: &mut Tx<'_>,
        source: (SnapshotId, u64),
        row: &DeedRow,
    ) -> Result<Result<bool, Reject>, Error> {
        let Some(parcel_id) = store::cases::parcel(tx, &row.parcel_no)? else {
            return Ok(Err(Reject {
                row_no: source.1,
                column: "parcel_no".to_owned(),
                value: row.parcel_no.clone(),
                reason: "no_such_parcel",
                detail: "no roll or layer that was imported has this parcel".to_owned(),
            }));
        };
        Ok(Ok(store::ownership::import_deed(tx, parcel_id, source, row)?))
    }

    fn finish(&mut self, tx: &mut Tx<'_>, source: &Source, snapshot: &NewSnapshot<'_>) -> Result<(), Error> {
        let counts = self.report.counts;
        assert_eq!(counts.read, counts.stored + counts.duplicate + counts.rejected, "every row is accounted for");
        let profile = self.request.profile;
        let share = counts.rejected as f64 / counts.read.max(1) as f64;
        let is_trend = counts.read >= ROWS_FOR_SHARES || counts.rejected == counts.read;
        if counts.rejected > 0 && share > profile.reject_share_max && is_trend {
            let first = self.report.rejects.first().map_or(String::new(), |r| {
                format!("row {}, column {}, value {:?}: {}", r.row_no, r.column, r.value, r.detail)
            });
            return Err(Error::TooManyRejects {
                rejected: counts.rejected,
                read: counts.read,
                allowed_percent: percent(profile.reject_share_max),
                first,
            });
        }
        if counts.stored < profile.rows_min && !self.is_partial {
            return Err(Error::TooFewRows { stored: counts.stored, expected: profile.rows_min });
        }
        let columns_json = serde_json::to_string(source.columns()).unwrap_or_default();
        let file = match snapshot.sha256 {
            "" => source.identity(self.request.path)?,
            sha256 => FileIdentity { sha256: sha256.to_owned(), byte_len: snapshot.byte_len },
        };
        if snapshot.sha256.is_empty()
            && let Some(id) = snapshots::find_same(tx, &NewSnapshot { sha256: &file.sha256, ..*snapshot })?
        {
            return Err(Error::Repeated(id));
        }
        if let Some(id) = self.report.snapshot_id {
            snapshots::identify(tx, id, &file.sha256, file.byte_len)?;
            snapshots::finish(tx, id, counts, &columns_json)?;
        }
        self.report.findings = source.findings();
        if !self.mapper.refused().is_empty() {
            // A column that goes missing in silence is looked for later.
            let told = format!("{} (allow_sensitive of the profile keeps one)", self.mapper.refused().join(", "));
            self.report.findings.push(("not kept, sensitive", told));
        }
        let after = serde_json::json!({
            "origin": snapshot.origin, "profile": snapshot.profile, "sha256": file.sha256, "as_of": snapshot.as_of_date,
            "read": counts.read, "stored": counts.stored, "duplicate": counts.duplicate, "rejected": counts.rejected,
        })
        .to_string();
        let entity_id = self.report.snapshot_id.map_or(String::new(), |id| id.0.to_string());
        tx.audit(Change {
            action: "import",
            entity: "source_snapshot",
            entity_id: &entity_id,
            before_json: None,
            after_json: Some(&after),
        })?;
        Ok(())
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}
