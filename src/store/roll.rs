//! Writing a roll or parcel layer: new versions, situs, owners on the roll. One value lives for one import.
//!
//! A parcel whose content did not change keeps its version and only has its owner's `last_seen` moved on. Memory grows by a
//! hash per distinct owner and mailing address and a bit per parcel, never by the texts.

use rusqlite::{Connection, OptionalExtension, Statement, ToSql, params};
use rustc_hash::FxHashSet;

use super::roll_same::{Comparison, content_hash, hash_text};
use super::roll_texts::Texts;
use super::snapshots::NewSnapshot;
use super::{Error, Silent, Tx};
use crate::model::id::{ParcelId, SnapshotId};
use crate::model::parcel::{LonLat, ParcelRow};
use crate::model::snapshot::{Reject, SourceKind};

/// What a stored row was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// A parcel seen for the first time in this import.
    Parcel(i64),
    /// A further situs of a parcel of this import.
    Situs,
    /// The same row again.
    Duplicate,
}

/// A parcel row with what came beside its mapped columns.
#[derive(Debug, Clone, Copy)]
pub struct RollRow<'a> {
    /// 1-based row number in the file.
    pub row_no: u64,
    /// Mapped columns.
    pub parcel: &'a ParcelRow<'a>,
    /// Situs as Publication 28 writes it, when it could be parsed.
    pub standard_form: Option<&'a str>,
    /// The columns that are mapped to no field, as a JSON object, verbatim.
    pub attributes_json: Option<&'a str>,
    /// Geometry, WGS 84.
    pub geometry_wkb: Option<&'a [u8]>,
    /// A point inside the geometry.
    pub label_point: Option<LonLat>,
    /// What the file has no column for.
    pub silent: Silent,
}

/// An import of a roll under way.
pub struct RollImport<'t> {
    connection: &'t Connection,
    snapshot_id: SnapshotId,
    as_of_date: String,
    sql: Statements<'t>,
    comparison: Comparison<'t>,
    owners: Texts,
    mailings: Texts,
    next: NextIds,
    is_roll: bool,
    /// No parcel was known before: nothing is looked up by the indexes of the intervals.
    is_first: bool,
    n_known: u64,
    /// One bit per parcel of this import.
    seen: Vec<u64>,
    n_parcels: usize,
    /// Further situs of unchanged parcels; those of new versions are looked up in the table.
    situs_seen: FxHashSet<(i64, u64)>,
    n_versions: u64,
    owner_text: String,
    mailing_lines: String,
}

/// Prepared once: looking one up in the connection's cache costs as much as a small insert.
struct Statements<'t> {
    add_parcel: Insert<'t>,
    parcel_of: Statement<'t>,
    add_version: Insert<'t>,
    keep_geometry: Statement<'t>,
    set_version: Statement<'t>,
    add_situs: Insert<'t>,
    add_further_situs: Statement<'t>,
    find_situs: Statement<'t>,
    add_owner: Statement<'t>,
    add_mailing: Statement<'t>,
    add_interval: Insert<'t>,
    last_interval: Statement<'t>,
    move_last_seen: Statement<'t>,
    unretire: Statement<'t>,
    reject: Statement<'t>,
}

/// The next free row number of each table: ids are given here, so that a parcel can name its version before that is stored.
#[derive(Debug, Clone, Copy)]
struct NextIds {
    parcel: i64,
    version: i64,
    interval: i64,
}

/// A parcel that the database had before this row.
#[derive(Debug, Clone, Copy)]
struct Known {
    parcel_id: i64,
    version_id: i64,
    content_hash: i64,
    snapshot_id: i64,
    is_retired: bool,
}

fn situs_hash(p: &ParcelRow<'_>) -> u64 {
    [&p.situs_address, &p.situs_city, &p.situs_zip].into_iter().fold(0, |h, text| hash_text(h, text.as_deref()))
}

/// An INSERT that is run for every row. What does not change from row to row is bound once, a repeated NULL is not bound again:
/// binding was a tenth of an import.
struct Insert<'t> {
    statement: Statement<'t>,
    /// One bit per parameter.
    bound: u32,
}

impl<'t> Insert<'t> {
    fn new(statement: Statement<'t>) -> Self {
        Self { statement, bound: 0 }
    }

    fn set(&mut self, index: usize, value: impl ToSql) -> Result<(), Error> {
        self.bound |= 1 << index;
        Ok(self.statement.raw_bind_parameter(index, value)?)
    }

    fn set_opt(&mut self, index: usize, value: Option<impl ToSql>) -> Result<(), Error> {
        match value {
            Some(value) => self.set(index, value),
            None if self.bound & (1 << index) == 0 => Ok(()),
            None => {
                self.bound &= !(1 << index);
                Ok(self.statement.raw_bind_parameter(index, rusqlite::types::Null)?)
            }
        }
    }

    fn run(&mut self) -> Result<usize, Error> {
        Ok(self.statement.raw_execute()?)
    }
}

impl<'t> Statements<'t> {
    #[allow(clippy::too_many_lines, reason = "the list of statements")]
    fn prepare(tx: &'t Tx<'_>) -> Result<Self, Error> {
        let prepare = |sql: &str| tx.tx.prepare(sql);
        let insert = |sql: &str| prepare(sql).map(Insert::new);
        Ok(Self {
            add_parcel: insert(
                "INSERT INTO parcel (parcel_id, parcel_no, current_version_id, first_snapshot_id)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (parcel_no) DO NOTHING",
            )?,
            parcel_of: prepare(
                "SELECT p.parcel_id, v.parcel_version_id, v.content_hash, v.snapshot_id, p.retired_snapshot_id IS NOT NULL
                 FROM parcel p
                 JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
                 WHERE p.parcel_no = ?1",
            )?,
            add_version: insert(
                "INSERT INTO parcel_version (parcel_version_id, parcel_id, snapshot_id, row_no, assessor_account_no,
                     owner_line_id, mailing_address_id, legal_description, land_use, homestead, year_built, building_area_sqft,
                     improvement_cents, total_cents, sale_date, sale_cents, deed_reference, lon, lat, attributes_json,
                     content_hash, geometry_wkb)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
            )?,
            keep_geometry: prepare(
                "UPDATE parcel_version
                 SET (lon, lat, geometry_wkb) = (
                     SELECT COALESCE(parcel_version.lon, v.lon), COALESCE(parcel_version.lat, v.lat), v.geometry_wkb
                     FROM parcel_version v
                     WHERE v.parcel_version_id = ?2)
                 WHERE parcel_version_id = ?1",
            )?,
            set_version: prepare(
                "UPDATE parcel
                 SET current_version_id = ?2, retired_snapshot_id = NULL
                 WHERE parcel_id = ?1",
            )?,
            add_situs: insert(
                "INSERT INTO situs (parcel_version_id, situs_id, row_no, situs_text, standard_form, city, state, zip)
                 VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            add_further_situs: prepare(
                "INSERT INTO situs (parcel_version_id, situs_id, row_no, situs_text, standard_form, city, state, zip)
                 SELECT ?1, COALESCE(MAX(situs_id), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7
                 FROM situs
                 WHERE parcel_version_id = ?1",
            )?,
            find_situs: prepare(
                "SELECT situs_id
                 FROM situs
                 WHERE parcel_version_id = ?1 AND situs_text = ?2 AND city IS ?3 AND zip IS ?4",
            )?,
            add_owner: prepare("INSERT INTO owner_line (owner_line_id, owner_text) VALUES (?1, ?2)")?,
            add_mailing: prepare(
                "INSERT INTO mailing_address (mailing_address_id, lines, city, state, zip) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
            add_interval: insert(
                "INSERT INTO ownership_interval (ownership_interval_id, parcel_id, owner_line_id, mailing_address_id, valid_from,
                     last_seen, basis, deed_reference, snapshot_id, row_no, recorded_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?,
            last_interval: prepare(
                "SELECT owner_line_id, mailing_address_id
                 FROM ownership_interval
                 WHERE parcel_id = ?1 AND retracted_at IS NULL AND basis IN ('roll', 'sale')
                 ORDER BY ownership_interval_id DESC
                 LIMIT 1",
            )?,
            move_last_seen: prepare(
                "UPDATE ownership_interval
                 SET last_seen = MAX(last_seen, ?2)
                 WHERE ownership_interval_id = (
                     SELECT MAX(ownership_interval_id) FROM ownership_interval
                     WHERE parcel_id = ?1 AND retracted_at IS NULL AND basis IN ('roll', 'sale'))",
            )?,
            unretire: prepare("UPDATE parcel SET retired_snapshot_id = NULL WHERE parcel_id = ?1")?,
            reject: prepare(super::snapshots::REJECT_SQL)?,
        })
    }
}

impl<'t> RollImport<'t> {
    /// Starts an import: records the snapshot and prepares what every row needs.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn begin(tx: &'t mut Tx<'_>, snapshot: &NewSnapshot<'_>) -> Result<Self, Error> {
        let snapshot_id = super::snapshots::insert(tx, snapshot)?;
        let recorded_at = tx.authorship().at.0.clone();
        let tx: &'t Tx<'_> = tx;
        let number = |sql: &str| -> Result<i64, Error> { Ok(tx.tx.query_row(sql, [], |r| r.get(0))?) };
        let next = NextIds {
            parcel: number("SELECT COALESCE(MAX(parcel_id), 0) + 1 FROM parcel")?,
            version: number("SELECT COALESCE(MAX(parcel_version_id), 0) + 1 FROM parcel_version")?,
            interval: number("SELECT COALESCE(MAX(ownership_interval_id), 0) + 1 FROM ownership_interval")?,
        };
        let n_known = number("SELECT COUNT(*) FROM parcel WHERE retired_snapshot_id IS NULL")?;
        let is_first = next.parcel == 1 && next.interval == 1;
        if is_first {
            tx.tx.execute_batch("DROP INDEX ownership_interval_parcel; DROP INDEX ownership_interval_owner;")?;
        }
        let mut sql = Statements::prepare(tx)?;
        sql.add_parcel.set(4, snapshot_id.0)?;
        sql.add_version.set(3, snapshot_id.0)?;
        sql.add_interval.set(6, snapshot.as_of_date)?;
        sql.add_interval.set(9, snapshot_id.0)?;
        sql.add_interval.set(11, recorded_at)?;
        Ok(Self {
            connection: &tx.tx,
            snapshot_id,
            as_of_date: snapshot.as_of_date.to_owned(),
            sql,
            comparison: Comparison::prepare(&tx.tx)?,
            owners: Texts::load(&tx.tx, "SELECT owner_line_id, owner_text FROM owner_line")?,
            mailings: Texts::load(&tx.tx, "SELECT mailing_address_id, lines, city, state, zip FROM mailing_address")?,
            next,
            is_roll: snapshot.source_kind == SourceKind::Roll,
            is_first,
            n_known: n_known.unsigned_abs(),
            seen: Vec::new(),
            n_parcels: 0,
            situs_seen: FxHashSet::default(),
            n_versions: 0,
            owner_text: String::new(),
            mailing_lines: String::new(),
        })
    }

    /// The snapshot being written.
    pub fn snapshot_id(&self) -> SnapshotId {
        self.snapshot_id
    }

    /// Number of parcels known before this import and not retired.
    pub fn n_known(&self) -> u64 {
        self.n_known
    }

    /// Number of distinct parcels seen in this import.
    pub fn n_parcels(&self) -> usize {
        self.n_parcels
    }

    /// Number of new parcel versions written.
    pub fn n_versions(&self) -> u64 {
        self.n_versions
    }

    /// Keeps a row aside.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn reject(&mut self, reject: &Reject) -> Result<(), Error> {
        super::snapshots::execute_reject(&mut self.sql.reject, self.snapshot_id, reject)
    }

    /// Stores one row.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn store(&mut self, row: &RollRow<'_>) -> Result<Stored, Error> {
        let parcel_no: &str = &row.parcel.parcel_no;
        let NextIds { parcel: parcel_id, version: version_id, .. } = self.next;
        let add = &mut self.sql.add_parcel;
        add.set(1, parcel_id)?;
        add.set(2, parcel_no)?;
        add.set(3, version_id)?;
        if add.run()? == 1 {
            self.next.parcel += 1;
            self.mark_seen(parcel_id);
            self.insert_version(parcel_id, row, content_hash(row), false)?;
            return Ok(Stored::Parcel(parcel_id));
        }
        let known = self.known(parcel_no)?;
        if !self.mark_seen(known.parcel_id) {
            return self.further_situs(known, row);
        }
        let hash = content_hash(row);
        if known.content_hash == hash || self.comparison.is_same(known.version_id, row, hash, self.is_roll)? {
            if !row.silent.is_of_owner() {
                self.sql.move_last_seen.execute(params![known.parcel_id, self.as_of_date])?;
            }
            if known.is_retired {
                self.sql.unretire.execute([known.parcel_id])?;
            }
        } else {
            let version_id = self.insert_version(known.parcel_id, row, hash, true)?;
            if self.is_roll && row.geometry_wkb.is_none() {
                // A roll without geometry changes what the roll says, not where the parcel lies.
                self.sql.keep_geometry.execute([version_id, known.version_id])?;
            }
            row.silent.keep(self.connection, version_id, known.version_id)?;
            self.sql.set_version.execute([known.parcel_id, version_id])?;
        }
        Ok(Stored::Parcel(known.parcel_id))
    }

    fn known(&mut self, parcel_no: &str) -> Result<Known, Error> {
        let found = self
            .sql
            .parcel_of
            .query_row([parcel_no], |r| {
                Ok(Known {
                    parcel_id: r.get(0)?,
                    version_id: r.get(1)?,
                    content_hash: r.get(2)?,
                    snapshot_id: r.get(3)?,
                    is_retired: r.get(4)?,
                })
            })
            .optional()?;
        found.ok_or_else(|| Error::Broken { what: format!("parcel {parcel_no} has no current version") })
    }

    /// True when the parcel was not seen in this import before.
    fn mark_seen(&mut self, parcel_id: i64) -> bool {
        let bit = parcel_id.unsigned_abs();
        let word = usize::try_from(bit / 64).unwrap_or(usize::MAX);
        if self.seen.len() <= word {
            self.seen.resize(word + 1, 0);
        }
        let is_new = self.seen[word] & (1 << (bit % 64)) == 0;
        self.seen[word] |= 1 << (bit % 64);
        self.n_parcels += usize::from(is_new);
        is_new
    }

    fn is_seen(&self, parcel_id: i64) -> bool {
        let bit = parcel_id.unsigned_abs();
        let word = usize::try_from(bit / 64).unwrap_or(usize::MAX);
        self.seen.get(word).is_some_and(|w| w & (1 << (bit % 64)) != 0)
    }

    /// A parcel number that this import had before: a further situs, or the same row again.
    fn further_situs(&mut self, known: Known, row: &RollRow<'_>) -> Result<Stored, Error> {
        let p = row.parcel;
        let Some(situs_text) = p.situs_address.as_deref() else { return Ok(Stored::Duplicate) };
        let found: Option<i64> = self
            .sql
            .find_situs
            .query_row(params![known.version_id, situs_text, p.situs_city, p.situs_zip], |r| r.get(0))
            .optional()?;
        match found {
            // The first situs came with the parcel; the others of a new version can only be of this import.
            Some(situs_id) if situs_id == 1 || known.snapshot_id == self.snapshot_id.0 => Ok(Stored::Duplicate),
            Some(_) if self.situs_seen.insert((known.parcel_id, situs_hash(p))) => Ok(Stored::Situs),
            Some(_) => Ok(Stored::Duplicate),
            None => {
                self.sql.add_further_situs.execute(params![
                    known.version_id,
                    row.row_no.cast_signed(),
                    situs_text,
                    row.standard_form,
                    p.situs_city,
                    p.situs_state,
                    p.situs_zip
                ])?;
                self.situs_seen.insert((known.parcel_id, situs_hash(p)));
                Ok(Stored::Situs)
            }
        }
    }

    /// Writes a version with its situs and owner; returns its id.
    fn insert_version(&mut self, parcel_id: i64, row: &RollRow<'_>, hash: i64, is_known: bool) -> Result<i64, Error> {
        let p = row.parcel;
        let owner_line_id = self.owner_line(p)?;
        let mailing_address_id = self.mailing_address(p)?;
        let point = p.position.or(row.label_point);
        let version_id = self.next.version;
        self.next.version += 1;
        let add = &mut self.sql.add_version;
        add.set(1, version_id)?;
        add.set(2, parcel_id)?;
        add.set(4, row.row_no.cast_signed())?;
        add.set_opt(5, p.assessor_account_no.as_deref())?;
        add.set_opt(6, owner_line_id)?;
        add.set_opt(7, mailing_address_id)?;
        add.set_opt(8, p.legal_description.as_deref())?;
        add.set_opt(9, p.land_use.as_deref())?;
        add.set_opt(10, p.homestead)?;
        add.set_opt(11, p.year_built)?;
        add.set_opt(12, p.building_area_sqft)?;
        add.set_opt(13, p.improvement_value.map(|c| c.0))?;
        add.set_opt(14, p.total_value.map(|c| c.0))?;
        add.set_opt(15, p.sale_date.map(|d| d.to_string()))?;
        add.set_opt(16, p.sale_price.map(|c| c.0))?;
        add.set_opt(17, p.deed_reference.as_deref())?;
        add.set_opt(18, point.map(|x| x.lon))?;
        add.set_opt(19, point.map(|x| x.lat))?;
        add.set_opt(20, row.attributes_json)?;
        add.set(21, hash)?;
        add.set_opt(22, row.geometry_wkb)?;
        add.run()?;
        if let Some(situs_text) = p.situs_address.as_deref() {
            let add = &mut self.sql.add_situs;
            add.set(1, version_id)?;
            add.set(2, row.row_no.cast_signed())?;
            add.set(3, situs_text)?;
            add.set_opt(4, row.standard_form)?;
            add.set_opt(5, p.situs_city.as_deref())?;
            add.set_opt(6, p.situs_state.as_deref())?;
            add.set_opt(7, p.situs_zip.as_deref())?;
            add.run()?;
        }
        if let Some(owner_line_id) = owner_line_id {
            self.owner_on_roll(parcel_id, (owner_line_id, mailing_address_id), row, is_known)?;
        }
        self.n_versions += 1;
        Ok(version_id)
    }

    /// Extends the interval of the same owner and mailing address, or begins a new one. The end of an older interval is
    /// the begin of the next one; between its `last_seen` and that begin nobody knows.
    fn owner_on_roll(
        &mut self,
        parcel_id: i64,
        owner: (i64, Option<i64>),
        row: &RollRow<'_>,
        is_known: bool,
    ) -> Result<(), Error> {
        if is_known {
            let last: Option<(i64, Option<i64>)> =
                self.sql.last_interval.query_row([parcel_id], |r| Ok((r.get(0)?, r.get(1)?))).optional()?;
            if last == Some(owner) {
                self.sql.move_last_seen.execute(params![parcel_id, self.as_of_date])?;
                return Ok(());
            }
        }
        let sale = row.parcel.sale_date.map(|d| d.to_string()).filter(|d| *d <= self.as_of_date);
        let price_is_real = row.parcel.sale_price.is_none_or(|c| c.0 > 0);
        let (valid_from, basis) = match sale.as_deref().filter(|_| price_is_real) {
            Some(date) => (date, "sale"),
            None => (self.as_of_date.as_str(), "roll"),
        };
        let add = &mut self.sql.add_interval;
        add.set(1, self.next.interval)?;
        add.set(2, parcel_id)?;
        add.set(3, owner.0)?;
        add.set_opt(4, owner.1)?;
        add.set(5, valid_from)?;
        add.set(7, basis)?;
        add.set_opt(8, row.parcel.deed_reference.as_deref())?;
        add.set(10, row.row_no.cast_signed())?;
        add.run()?;
        self.next.interval += 1;
        Ok(())
    }

    fn owner_line(&mut self, p: &ParcelRow<'_>) -> Result<Option<i64>, Error> {
        let text = match p.owner_lines.as_slice() {
            [] => return Ok(None),
            [only] => only.as_ref(),
            lines => joined(&mut self.owner_text, lines),
        };
        let (id, is_new) = self.owners.id_of(&[Some(text)]);
        if is_new {
            self.sql.add_owner.execute(params![id, text])?;
        }
        Ok(Some(id))
    }

    fn mailing_address(&mut self, p: &ParcelRow<'_>) -> Result<Option<i64>, Error> {
        if p.mailing_lines.is_empty() && p.mail_city.is_none() && p.mail_zip.is_none() {
            return Ok(None);
        }
        let lines = match p.mailing_lines.as_slice() {
            [only] => only.as_ref(),
            lines => joined(&mut self.mailing_lines, lines),
        };
        let (city, state, zip) = (p.mail_city.as_deref(), p.mail_state.as_deref(), p.mail_zip.as_deref());
        let (id, is_new) = self.mailings.id_of(&[Some(lines), city, state, zip]);
        if is_new {
            self.sql.add_mailing.execute(params![id, lines, city, state, zip])?;
        }
        Ok(Some(id))
    }

    /// Call behind the last row: makes the indexes of a first import, which cost more when every row keeps them up.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn finish_rows(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.is_first) {
            self.connection.execute_batch(
                "CREATE INDEX ownership_interval_parcel ON ownership_interval (parcel_id);
                 CREATE INDEX ownership_interval_owner ON ownership_interval (owner_line_id);",
            )?;
        }
        Ok(())
    }

    /// Parcels of the last roll that this import does not have.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn missing(&self) -> Result<Vec<ParcelId>, Error> {
        let mut missing = Vec::new();
        if self.n_known > 0 {
            let mut current =
                self.connection.prepare("SELECT parcel_id FROM parcel WHERE retired_snapshot_id IS NULL")?;
            let mut rows = current.query([])?;
            while let Some(row) = rows.next()? {
                let parcel_id: i64 = row.get(0)?;
                if !self.is_seen(parcel_id) {
                    missing.push(ParcelId(parcel_id));
                }
            }
        }
        Ok(missing)
    }

    /// The number of a parcel, and one that this import brought, to tell two ways of writing them apart.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn examples(&self, parcel_id: ParcelId) -> Result<(String, Option<String>), Error> {
        let known =
            self.connection
                .query_row("SELECT parcel_no FROM parcel WHERE parcel_id = ?1", [parcel_id.0], |r| r.get(0))?;
        let sql = "SELECT parcel_no FROM parcel WHERE first_snapshot_id = ?1 ORDER BY parcel_id LIMIT 1";
        let new = self.connection.query_row(sql, [self.snapshot_id.0], |r| r.get(0)).optional()?;
        Ok((known, new))
    }

    /// Marks parcels as retired. Ends the import.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn retire(self, missing: &[ParcelId]) -> Result<(), Error> {
        let mut retire = self.connection.prepare("UPDATE parcel SET retired_snapshot_id = ?2 WHERE parcel_id = ?1")?;
        for parcel_id in missing {
            retire.execute([parcel_id.0, self.snapshot_id.0])?;
        }
        Ok(())
    }
}

fn joined<'b>(buffer: &'b mut String, lines: &[std::borrow::Cow<'_, str>]) -> &'b str {
    buffer.clear();
    for (idx, line) in lines.iter().enumerate() {
        if idx > 0 {
            buffer.push('\n');
        }
        buffer.push_str(line);
    }
    buffer
}
