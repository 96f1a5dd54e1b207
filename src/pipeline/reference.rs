//! The matcher of a county: from the database, or straight from a parcel file without one.

use std::path::Path;
use std::sync::Arc;

use crate::geom::parcel_index::IndexBuilder;
use crate::matching::{
    Learner, Matcher, OrderedLearner, OrderedRow, Places, ReferenceRow, StreetAlias, Weights, WrittenCounty,
};
use crate::model::parcel::LonLat;
use crate::pipeline::address_file::{self, Error, Table};
use crate::pipeline::spill::Spill;
use crate::store::ownership::WITHHELD;
use crate::store::{self, Db, Tx, blobs};

/// A matcher of one county.
pub type CountyMatcher = Matcher;

/// Written into stored counties; rises when parser or matcher read a roll otherwise.
const COUNTY_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "/13");

/// The matcher of a database: the stored county when it still fits, else learnt from the situs of the current parcels.
///
/// # Errors
/// When the database is missing or cannot be read.
pub fn from_database(path: &Path) -> Result<CountyMatcher, Error> {
    from_reader(&store::Reader::open(path).map_err(Error::Store)?)
}

/// As [`from_database`], with the polygons, for queries with points.
///
/// # Errors
/// When the database is missing or cannot be read.
pub fn from_database_with_lots(path: &Path) -> Result<CountyMatcher, Error> {
    let reader = store::Reader::open(path).map_err(Error::Store)?;
    with_lots(from_reader(&reader)?, &reader)
}

/// True when the stored county still fits.
///
/// # Errors
/// When the database cannot be read.
pub fn is_stored(db: &impl Db) -> Result<bool, Error> {
    let mark = store::matching::county_mark(db).map_err(Error::Store)?;
    blobs::is_fitting(db, blobs::COUNTY, &mark, COUNTY_VERSION).map_err(Error::Store)
}

/// As [`from_database`], on an open reader.
///
/// # Errors
/// When the database cannot be read.
pub fn from_reader(reader: &store::Reader) -> Result<CountyMatcher, Error> {
    let weights = weights_of(reader)?;
    let mark = store::matching::county_mark(reader).map_err(Error::Store)?;
    let read = |bytes: &[u8]| Matcher::from_bytes(bytes, weights.clone());
    let stored = blobs::read_fitting(reader, blobs::COUNTY, &mark, COUNTY_VERSION, read).map_err(Error::Store)?;
    stored.map_or_else(|| learn(reader, weights), Ok)
}

fn weights_of(db: &impl Db) -> Result<Weights, Error> {
    let Some(text) = store::matching::weights(db).map_err(Error::Store)? else { return Ok(Weights::default()) };
    Weights::parse(&text).map_err(|source| Error::Weights { path: "weights of the database".into(), source })
}

fn learn(db: &impl Db, weights: Weights) -> Result<CountyMatcher, Error> {
    let aliases = aliases_of(db).map_err(Error::Store)?;
    let mut places = Places::default();
    store::parcels::each_situs_city(db, |city| places.add(city)).map_err(Error::Store)?;
    let mut learner = Learner::new(places);
    store::parcels::each_situs(db, |row| {
        learner.add(&ReferenceRow {
            parcel_no: row.parcel_no,
            situs: row.situs_text,
            place: row.city,
            zip: row.zip,
            owner: row.owner_text,
            position: row.position,
        });
    })
    .map_err(Error::Store)?;
    Ok(Matcher::learnt(learner, &aliases, weights))
}

/// Learns the county from the rows of an open transaction and stores it there. The texts of a large one lie on disk meanwhile.
///
/// # Errors
/// When the database cannot be read or written.
pub fn store_county(tx: &mut Tx<'_>) -> Result<(), Error> {
    let spill = Spill::beside(tx);
    let county = learn_to_write(tx, &spill).map_err(Error::Store)?;
    let mark = store::matching::county_mark(tx).map_err(Error::Store)?;
    blobs::put_pieces(tx, blobs::COUNTY, (&mark, COUNTY_VERSION), county.byte_len(), |sink| county.each_piece(sink))
        .and_then(|()| spill.check())
        .map_err(Error::Store)
}

fn learn_to_write(db: &impl Db, spill: &Arc<Spill>) -> Result<WrittenCounty, store::Error> {
    let [n_parcels, n_owners, _] = store::owner_rebuild::sizes(db)?;
    let number = |id: i64| u32::try_from(id).unwrap_or(0);
    // Withheld owners are one line, behind all others.
    let withheld = number(n_owners as i64 + 1);
    let mut learner = OrderedLearner::new(Some(spill.clone()), n_parcels);
    store::parcels::each_situs_line(db, |row| {
        let owner = if row.is_withheld { withheld } else { row.owner_line_id.map_or(0, number) };
        learner.add(&OrderedRow {
            parcel_no: row.parcel_no,
            situs: row.situs_text,
            place: row.city,
            zip: row.zip,
            owner,
            position: row.position,
        });
    })?;
    learner.finish(&aliases_of(db)?, |lines, put| {
        for same in lines.chunk_by(|a, b| (*a == withheld) == (*b == withheld)) {
            if same.first() == Some(&withheld) {
                put(WITHHELD);
            } else {
                store::parcels::each_owner(db, same.iter().copied(), &mut *put)?;
            }
        }
        Ok(())
    })
}

fn aliases_of(db: &impl Db) -> Result<Vec<StreetAlias>, store::Error> {
    let rows = store::matching::aliases(db)?.into_iter();
    Ok(rows.map(|a| StreetAlias { written: a.written, county: a.county }).collect())
}

/// Gives a matcher the polygons of the database, for queries with points.
///
/// # Errors
/// When the database cannot be read.
pub fn with_lots(matcher: CountyMatcher, db: &impl Db) -> Result<CountyMatcher, Error> {
    let mut lots = IndexBuilder::default();
    store::parcels::each_geometry(db, |parcel_no, wkb| {
        if let Some(key) = matcher.parcel_position(parcel_no) {
            lots.add(key, wkb);
        }
    })
    .map_err(Error::Store)?;
    Ok(matcher.with_lots(lots.finish()))
}

/// Columns of a parcel file of the `generic` profile that the matcher uses.
struct Columns {
    parcel_no: usize,
    situs: usize,
    place: Option<usize>,
    zip: Option<usize>,
    owner: Option<usize>,
    lon: Option<usize>,
    lat: Option<usize>,
}

/// The part of a file's parcels that is kept, to see how the matcher behaves where most addresses are not in the county.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Per cent kept, chosen by the parcel number alone.
    pub percent: u32,
}

impl Part {
    fn keeps(self, parcel_no: &str) -> bool {
        let hash =
            parcel_no.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        (hash >> 20) % 100 < u64::from(self.percent)
    }
}

/// What is taken from a parcel file.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The parcels kept.
    pub part: Part,
    /// Owner lines too, for queries that name an account holder.
    pub owners: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { part: Part { percent: 100 }, owners: false }
    }
}

/// Builds a matcher from a CSV of the `generic` profile (`parcel_id, situs_address, situs_city, situs_zip, owner, lon, lat`).
///
/// # Errors
/// When the file cannot be read or lacks the first two columns.
pub fn from_csv(path: &Path, wanted: Wanted) -> Result<CountyMatcher, Error> {
    let mut table = Table::open(path)?;
    let columns = Columns {
        parcel_no: table.require("parcel_id")?,
        situs: table.require("situs_address")?,
        place: table.column("situs_city"),
        zip: table.column("situs_zip"),
        owner: table.column("owner").filter(|_| wanted.owners),
        lon: table.column("lon"),
        lat: table.column("lat"),
    };
    // The learner wants all places before the first row, so the cells that matter are kept, one behind the other.
    let (mut kept, mut ends, mut positions) = (String::new(), Vec::new(), Vec::new());
    let mut places = Places::default();
    let mut row = csv::StringRecord::new();
    while let Some((_, problem)) = table.next_into(&mut row)? {
        problem.map_err(|problem| Error::Row { path: path.to_owned(), problem })?;
        let cell = |column: Option<usize>| column.and_then(|c| row.get(c)).unwrap_or("").trim();
        let parcel_no = cell(Some(columns.parcel_no));
        if !wanted.part.keeps(parcel_no) {
            continue;
        }
        places.add(cell(columns.place));
        for text in [parcel_no, cell(Some(columns.situs)), cell(columns.place), cell(columns.zip), cell(columns.owner)]
        {
            kept.push_str(text);
            ends.push(kept.len());
        }
        positions.push(address_file::position(cell(columns.lon), cell(columns.lat)));
    }
    let mut learner = Learner::new(places);
    let mut start = 0;
    for (ends, position) in ends.as_chunks::<5>().0.iter().zip(positions) {
        let [parcel_no, situs, place, zip, owner] = ends.map(|end| {
            let cell = &kept[start..end];
            start = end;
            cell
        });
        learner.add(&ReferenceRow { parcel_no, situs, place, zip, owner, position });
    }
    Ok(Matcher::learnt(learner, &[], Weights::default()))
}

/// A point when both texts are numbers inside the globe and not both zero.
pub(crate) fn lon_lat(lon: &str, lat: &str) -> Option<LonLat> {
    let (lon, lat) = (lon.trim().parse::<f64>().ok()?, lat.trim().parse::<f64>().ok()?);
    let is_on_earth = (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) && (lon != 0.0 || lat != 0.0);
    is_on_earth.then_some(LonLat { lon, lat })
}
