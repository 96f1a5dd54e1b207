//! Writing a roll or parcel layer: new versions, situs, owners on the roll. One value lives for one import.
//!
//! Distinct owner lines and mailing addresses are interned in memory; a parcel whose content did not change keeps its
//! version and only has its owner interval's `last_seen` moved on.

use rusqlite::{named_params, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::snapshots::NewSnapshot;
use super::{Error, Tx};
use crate::model::id::SnapshotId;
use crate::model::parcel::{LonLat, ParcelRow};

/// What a stored row was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// A parcel seen for the first time in this import.
    Parcel,
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
    pub parcel: &'a ParcelRow,
    /// Situs as Publication 28 writes it, when it could be parsed.
    pub standard_form: Option<&'a str>,
    /// All columns of the file as JSON, verbatim.
    pub attributes_json: Option<&'a str>,
    /// Geometry, WGS 84.
    pub geometry_wkb: Option<&'a [u8]>,
    /// A point inside the geometry.
    pub label_point: Option<LonLat>,
}

/// An import of a roll under way.
#[derive(Debug)]
pub struct RollImport {
    snapshot_id: SnapshotId,
    as_of_date: String,
    recorded_at: String,
    owners: FxHashMap<String, i64>,
    mailings: FxHashMap<String, i64>,
    known: FxHashMap<String, KnownParcel>,
    /// Parcels of this import: number to (parcel, version, situs texts seen).
    current: FxHashMap<String, (i64, i64)>,
    situs_seen: FxHashSet<(i64, u64)>,
    n_versions: u64,
}

#[derive(Debug, Clone, Copy)]
struct KnownParcel {
    parcel_id: i64,
    version_id: i64,
    content_hash: i64,
}

fn hash_of(value: &impl std::hash::Hash) -> u64 {
    use std::hash::Hasher;
    let mut hasher = rustc_hash::FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

fn content_hash(row: &RollRow<'_>) -> i64 {
    let p = row.parcel;
    let words = (
        &p.parcel_no,
        &p.situs_address,
        &p.owner_lines,
        &p.mailing_lines,
        (&p.mail_city, &p.mail_state, &p.mail_zip),
        row.attributes_json,
        row.geometry_wkb,
        &p.legal_description,
    );
    hash_of(&words).cast_signed()
}

impl RollImport {
    /// Starts an import: records the snapshot and loads what is known already.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn begin(tx: &mut Tx<'_>, snapshot: &NewSnapshot<'_>) -> Result<Self, Error> {
        let snapshot_id = super::snapshots::insert(tx, snapshot)?;
        let mut import = Self {
            snapshot_id,
            as_of_date: snapshot.as_of_date.to_owned(),
            recorded_at: tx.authorship().at.0.clone(),
            owners: FxHashMap::default(),
            mailings: FxHashMap::default(),
            known: FxHashMap::default(),
            current: FxHashMap::default(),
            situs_seen: FxHashSet::default(),
            n_versions: 0,
        };
        import.load_known(tx)?;
        Ok(import)
    }

    fn load_known(&mut self, tx: &Tx<'_>) -> Result<(), Error> {
        let mut statement = tx.tx.prepare("SELECT owner_text, owner_line_id FROM owner_line")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.owners.insert(row.get(0)?, row.get(1)?);
        }
        let mut statement = tx.tx.prepare("SELECT mailing_text, mailing_address_id FROM mailing_address")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.mailings.insert(row.get(0)?, row.get(1)?);
        }
        let mut statement = tx.tx.prepare(
            "SELECT p.parcel_no, p.parcel_id, v.parcel_version_id, v.content_hash
             FROM parcel p
             JOIN parcel_version v ON v.parcel_version_id = p.current_version_id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let known = KnownParcel { parcel_id: row.get(1)?, version_id: row.get(2)?, content_hash: row.get(3)? };
            self.known.insert(row.get(0)?, known);
        }
        Ok(())
    }

    /// The snapshot being written.
    pub fn snapshot_id(&self) -> SnapshotId {
        self.snapshot_id
    }

    /// Number of parcels known before this import and not retired.
    pub fn n_known(&self) -> usize {
        self.known.len()
    }

    /// Number of distinct parcels seen in this import.
    pub fn n_parcels(&self) -> usize {
        self.current.len()
    }

    /// Number of new parcel versions written.
    pub fn n_versions(&self) -> u64 {
        self.n_versions
    }

    /// Stores one row.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn store(&mut self, tx: &mut Tx<'_>, row: &RollRow<'_>) -> Result<Stored, Error> {
        let parcel_no = row.parcel.parcel_no.as_str();
        let situs_hash = hash_of(&(&row.parcel.situs_address, &row.parcel.situs_city, &row.parcel.situs_zip));
        if let Some((parcel_id, version_id)) = self.current.get(parcel_no).copied() {
            if !self.situs_seen.insert((parcel_id, situs_hash)) || row.parcel.situs_address.is_none() {
                return Ok(Stored::Duplicate);
            }
            if !Self::has_situs(tx, version_id, row)? {
                self.insert_situs(tx, parcel_id, version_id, row)?;
            }
            return Ok(Stored::Situs);
        }
        let hash = content_hash(row);
        let (parcel_id, version_id) = match self.known.get(parcel_no).copied() {
            Some(known) if known.content_hash == hash => {
                self.seen_again(tx, known.parcel_id)?;
                (known.parcel_id, known.version_id)
            }
            Some(known) => (known.parcel_id, self.insert_version(tx, known.parcel_id, row, hash)?),
            None => {
                tx.tx
                    .prepare_cached("INSERT INTO parcel (parcel_no, first_snapshot_id) VALUES (?1, ?2)")?
                    .execute(params![parcel_no, self.snapshot_id.0])?;
                let parcel_id = tx.tx.last_insert_rowid();
                (parcel_id, self.insert_version(tx, parcel_id, row, hash)?)
            }
        };
        self.situs_seen.insert((parcel_id, situs_hash));
        self.current.insert(parcel_no.to_owned(), (parcel_id, version_id));
        Ok(Stored::Parcel)
    }

    fn has_situs(tx: &Tx<'_>, version_id: i64, row: &RollRow<'_>) -> Result<bool, Error> {
        let found: i64 = tx
            .tx
            .prepare_cached(
                "SELECT COUNT(*) FROM situs WHERE parcel_version_id = ?1 AND situs_text = ?2 AND row_no = ?3",
            )?
            .query_row(
                params![version_id, row.parcel.situs_address.as_deref().unwrap_or(""), row.row_no.cast_signed()],
                |r| r.get(0),
            )?;
        Ok(found > 0)
    }

    fn seen_again(&self, tx: &Tx<'_>, parcel_id: i64) -> Result<(), Error> {
        tx.tx
            .prepare_cached(
                "UPDATE ownership_interval
                 SET last_seen = MAX(last_seen, ?2)
                 WHERE ownership_interval_id = (
                     SELECT MAX(ownership_interval_id) FROM ownership_interval
                     WHERE parcel_id = ?1 AND retracted_at IS NULL AND basis IN ('roll', 'sale'))",
            )?
            .execute(params![parcel_id, self.as_of_date])?;
        tx.tx
            .prepare_cached(
                "UPDATE parcel SET retired_snapshot_id = NULL WHERE parcel_id = ?1 AND retired_snapshot_id IS NOT NULL",
            )?
            .execute([parcel_id])?;
        Ok(())
    }

    fn insert_version(&mut self, tx: &Tx<'_>, parcel_id: i64, row: &RollRow<'_>, hash: i64) -> Result<i64, Error> {
        let p = row.parcel;
        let owner_line_id = self.owner_line(tx, &p.owner_lines)?;
        let mailing_address_id = self.mailing_address(tx, p)?;
        let point = p.position.or(row.label_point);
        tx.tx
            .prepare_cached(
                "INSERT INTO parcel_version (parcel_id, snapshot_id, row_no, assessor_account_no, owner_line_id,
                     mailing_address_id, legal_description, land_use, homestead, year_built, building_area_sqft,
                     improvement_cents, total_cents, sale_date, sale_cents, deed_reference, lon, lat, attributes_json,
                     content_hash, geometry_wkb)
                 VALUES (:parcel_id, :snapshot_id, :row_no, :account, :owner, :mailing, :legal, :land_use, :homestead,
                     :year_built, :area, :improvement, :total, :sale_date, :sale, :deed, :lon, :lat, :attributes, :hash, :wkb)",
            )?
            .execute(named_params! {
                ":parcel_id": parcel_id, ":snapshot_id": self.snapshot_id.0, ":row_no": row.row_no.cast_signed(),
                ":account": p.assessor_account_no, ":owner": owner_line_id, ":mailing": mailing_address_id,
                ":legal": p.legal_description, ":land_use": p.land_use, ":homestead": p.homestead,
                ":year_built": p.year_built, ":area": p.building_area_sqft,
                ":improvement": p.improvement_value.map(|c| c.0), ":total": p.total_value.map(|c| c.0),
                ":sale_date": p.sale_date.map(|d| d.to_string()), ":sale": p.sale_price.map(|c| c.0),
                ":deed": p.deed_reference, ":lon": point.map(|x| x.lon), ":lat": point.map(|x| x.lat),
                ":attributes": row.attributes_json, ":hash": hash, ":wkb": row.geometry_wkb,
            })?;
        let version_id = tx.tx.last_insert_rowid();
        tx.tx
            .prepare_cached(
                "UPDATE parcel SET current_version_id = ?2, retired_snapshot_id = NULL WHERE parcel_id = ?1",
            )?
            .execute([parcel_id, version_id])?;
        if p.situs_address.is_some() {
            self.insert_situs(tx, parcel_id, version_id, row)?;
        }
        if let Some(owner_line_id) = owner_line_id {
            self.owner_on_roll(tx, parcel_id, (owner_line_id, mailing_address_id), row)?;
        }
        self.n_versions += 1;
        Ok(version_id)
    }

    fn insert_situs(&self, tx: &Tx<'_>, parcel_id: i64, version_id: i64, row: &RollRow<'_>) -> Result<(), Error> {
        let p = row.parcel;
        tx.tx
            .prepare_cached(
                "INSERT INTO situs (parcel_version_id, parcel_id, row_no, situs_text, standard_form, city, state, zip)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                version_id,
                parcel_id,
                row.row_no.cast_signed(),
                p.situs_address.as_deref().unwrap_or(""),
                row.standard_form,
                p.situs_city,
                p.situs_state,
                p.situs_zip
            ])?;
        Ok(())
    }

    /// Extends the interval of the same owner and mailing address, or begins a new one. The end of an older interval is
    /// the begin of the next one; between its `last_seen` and that begin nobody knows.
    fn owner_on_roll(
        &self,
        tx: &Tx<'_>,
        parcel_id: i64,
        owner: (i64, Option<i64>),
        row: &RollRow<'_>,
    ) -> Result<(), Error> {
        let (owner_line_id, mailing_address_id) = owner;
        let is_known = self.known.contains_key(&row.parcel.parcel_no);
        if is_known {
            let last: Option<(i64, Option<i64>, String)> = tx
                .tx
                .prepare_cached(
                    "SELECT owner_line_id, mailing_address_id, last_seen
                     FROM ownership_interval
                     WHERE parcel_id = ?1 AND retracted_at IS NULL AND basis IN ('roll', 'sale')
                     ORDER BY ownership_interval_id DESC
                     LIMIT 1",
                )?
                .query_map([parcel_id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
                .next()
                .transpose()?;
            if last.is_some_and(|(o, m, _)| o == owner_line_id && m == mailing_address_id) {
                return self.seen_again(tx, parcel_id);
            }
        }
        let sale = row.parcel.sale_date.map(|d| d.to_string()).filter(|d| *d <= self.as_of_date);
        let price_is_real = row.parcel.sale_price.is_none_or(|c| c.0 > 0);
        let (valid_from, basis) = match sale.filter(|_| price_is_real) {
            Some(date) => (date, "sale"),
            None => (self.as_of_date.clone(), "roll"),
        };
        tx.tx
            .prepare_cached(
                "INSERT INTO ownership_interval (parcel_id, owner_line_id, mailing_address_id, valid_from, last_seen, basis,
                     deed_reference, snapshot_id, row_no, recorded_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                parcel_id,
                owner_line_id,
                mailing_address_id,
                valid_from,
                self.as_of_date,
                basis,
                row.parcel.deed_reference,
                self.snapshot_id.0,
                row.row_no.cast_signed(),
                self.recorded_at
            ])?;
        Ok(())
    }

    fn owner_line(&mut self, tx: &Tx<'_>, lines: &[String]) -> Result<Option<i64>, Error> {
        if lines.is_empty() {
            return Ok(None);
        }
        let text = lines.join("\n");
        if let Some(id) = self.owners.get(&text) {
            return Ok(Some(*id));
        }
        tx.tx.prepare_cached("INSERT INTO owner_line (owner_text) VALUES (?1)")?.execute([&text])?;
        let id = tx.tx.last_insert_rowid();
        self.owners.insert(text, id);
        Ok(Some(id))
    }

    fn mailing_address(&mut self, tx: &Tx<'_>, p: &ParcelRow) -> Result<Option<i64>, Error> {
        if p.mailing_lines.is_empty() && p.mail_city.is_none() && p.mail_zip.is_none() {
            return Ok(None);
        }
        let lines = p.mailing_lines.join("\n");
        let (city, state, zip) = (p.mail_city.as_deref(), p.mail_state.as_deref(), p.mail_zip.as_deref());
        let text = format!("{lines}\t{}\t{}\t{}", city.unwrap_or(""), state.unwrap_or(""), zip.unwrap_or(""));
        if let Some(id) = self.mailings.get(&text) {
            return Ok(Some(*id));
        }
        tx.tx
            .prepare_cached(
                "INSERT INTO mailing_address (mailing_text, lines, city, state, zip) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![text, lines, city, state, zip])?;
        let id = tx.tx.last_insert_rowid();
        self.mailings.insert(text, id);
        Ok(Some(id))
    }

    /// Marks parcels that this import no longer has as retired; returns how many.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn retire_missing(&self, tx: &mut Tx<'_>) -> Result<usize, Error> {
        let mut n_retired = 0;
        for (parcel_no, known) in &self.known {
            if !self.current.contains_key(parcel_no) {
                n_retired += tx
                    .tx
                    .prepare_cached("UPDATE parcel SET retired_snapshot_id = ?2 WHERE parcel_id = ?1 AND retired_snapshot_id IS NULL")?
                    .execute([known.parcel_id, self.snapshot_id.0])?;
            }
        }
        Ok(n_retired)
    }
}
