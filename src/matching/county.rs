//! What the county's own file teaches, as flat tables: every street with its house numbers, places, hyphen habits, and how
//! complete the file is. Built once per roll, stored as bytes, asked without touching the roll again.

use std::sync::OnceLock;

use crate::address::CountyWords;
use crate::geom::parcel_index::NearParcel;
use crate::geom::{ParcelGeometryIndex, PointIndex};
use crate::model::parcel::LonLat;

use super::flat::{ByteReader, ByteWriter, Collected, CollectedWords, Postings, Sink, Strings, id_of};

/// One situs of the county, as the matcher takes it in.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReferenceRow<'a> {
    /// Public parcel number.
    pub parcel_no: &'a str,
    /// Situs line.
    pub situs: &'a str,
    /// Situs place.
    pub place: &'a str,
    /// Situs ZIP.
    pub zip: &'a str,
    /// Owner line.
    pub owner: &'a str,
    /// A point on the parcel.
    pub position: Option<LonLat>,
}

/// A street of the county, or another name of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Street {
    pub(crate) name: u32,
    /// Direction before the name in the low byte, behind it in the next; 0 is none.
    pub(crate) directions: u32,
    /// Street type, a word id.
    pub(crate) kind: u32,
    /// Class of a numbered road, a word id.
    pub(crate) class: u32,
    /// A type before the type, a word id: ST of 34TH STREET CT.
    pub(crate) inner: u32,
    /// The street whose entries these are: itself, or the one that this is another name of.
    pub(crate) entries_of: u32,
    /// 0 a street as the county writes it, [`ALIAS_TYPE_AS_NAME`], [`ALIAS_OF_LIST`] or [`ALIAS_OF_COUNTY`].
    pub(crate) alias: u32,
}

/// The street's type read as part of its name.
pub(crate) const ALIAS_TYPE_AS_NAME: u32 = 1;
/// From the user's list of aliases.
pub(crate) const ALIAS_OF_LIST: u32 = 2;
/// From lots that the county's file lists under both names.
pub(crate) const ALIAS_OF_COUNTY: u32 = 3;

/// One address of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) street: u32,
    pub(crate) low: u32,
    pub(crate) high: u32,
    /// Letter, fraction, or `-44` of a composite number; a word id.
    pub(crate) suffix: u32,
    /// Grid letters before the number; a word id.
    pub(crate) prefix: u32,
    /// A word id.
    pub(crate) unit: u32,
    /// Five digits, 0 unknown.
    pub(crate) zip: u32,
    /// A place id; 0 is none.
    pub(crate) place: u32,
    pub(crate) parcel: u32,
}

impl Entry {
    /// Everything but the parcel: entries with one key are one address.
    pub(crate) fn key(&self) -> [u32; 8] {
        [self.street, self.low, self.high, self.suffix, self.prefix, self.unit, self.zip, self.place]
    }

    /// As comparing the keys, without a call for each neighbor.
    fn is_same_address(&self, other: &Self) -> bool {
        let differs = |of: fn(&Self) -> u32| of(self) ^ of(other);
        differs(|e| e.low) | differs(|e| e.high) | differs(|e| e.unit) | differs(|e| e.suffix) == 0
            && differs(|e| e.street) | differs(|e| e.prefix) | differs(|e| e.zip) | differs(|e| e.place) == 0
    }
}

/// Marks a parcel without a point.
const NO_POSITION: u32 = 1 << 31;

/// The id of "" among the words of a county.
pub(crate) const NO_WORD: u32 = 0;

/// Tables of parcels that are not needed before they are written.
#[derive(Debug)]
pub(crate) struct Shelved {
    pub(crate) parcel_nos: Collected,
    pub(crate) owners: Collected,
    pub(crate) owner_of: CollectedWords,
    pub(crate) positions: CollectedWords,
}

/// The county as the matcher knows it.
#[derive(Debug, Default)]
pub(crate) struct County {
    pub(crate) names: Strings,
    pub(crate) words: Strings,
    pub(crate) places: Strings,
    pub(crate) parcel_nos: Strings,
    pub(crate) owners: Strings,
    pub(crate) streets: Vec<Street>,
    /// Streets by name: first position per name, one more at the end, then the streets.
    pub(crate) name_starts: Vec<u32>,
    pub(crate) name_streets: Vec<u32>,
    /// Names without blanks; names with their words sorted.
    pub(crate) by_fold: Postings,
    pub(crate) by_bag: Postings,
    /// Names without blanks and without one letter.
    pub(crate) by_deletion: Postings,
    pub(crate) by_word: Postings,
    pub(crate) by_sound: Postings,
    /// Sorted by street, number, and the rest of the key.
    pub(crate) entries: Vec<Entry>,
    pub(crate) first_entry: Vec<u32>,
    /// Widest range of each street.
    pub(crate) span_max: Vec<u32>,
    /// Owner line of each parcel.
    pub(crate) owner_of: Vec<u32>,
    /// Longitude and latitude of each parcel in 1e-7 degrees, offset so that they are not negative.
    pub(crate) positions: Vec<u32>,
    /// Entries of each parcel: first position per parcel, one more at the end, then the entries.
    pub(crate) parcel_starts: Vec<u32>,
    pub(crate) parcel_entries: Vec<u32>,
    /// True when hyphenated numbers are composite (Queens 80-44), not ranges.
    pub(crate) hyphens_are_composite: bool,
    /// Share of the house numbers of a block that the file has, in thousandths: near 1000 for a whole roll, low for a sample.
    pub(crate) completeness: u32,
    /// Distance of house numbers below which two lots of one side hardly ever are.
    pub(crate) number_step: u32,
    /// Polygons, keyed by parcel position, when the county has them.
    pub(crate) lots: Option<ParcelGeometryIndex>,
    /// What a county that is only to be written has beside the tables; its own tables of them are empty.
    pub(crate) shelved: Option<Shelved>,
    /// Points of the parcels, for counties without polygons; made for the first query with a point.
    points: OnceLock<Option<PointIndex>>,
    /// Entries by their lower house number; made for the first query that nothing answers.
    by_number: OnceLock<Vec<u32>>,
}

impl CountyWords for County {
    fn is_place(&self, words: &str) -> bool {
        self.places.find(words).is_some_and(|id| id > 0)
    }

    fn knows_street(&self, street: &crate::model::address::Street) -> bool {
        let words = super::reading::street_words(street);
        let (Some(name), Some(kind)) = (self.names.find(&words.name), self.words.find(&words.kind)) else {
            return false;
        };
        self.streets_named(name).iter().any(|id| {
            let known = &self.streets[*id as usize];
            known.kind == kind && known.directions == words.directions
        })
    }
}

/// First bytes of a stored county; the number rises with every change of the layout or of how names are read.
const MAGIC: &[u8; 8] = b"TTCNTY\x00\x04";

impl County {
    /// Streets of a name.
    pub(crate) fn streets_named(&self, name: u32) -> &[u32] {
        let name = name as usize;
        &self.name_streets[self.name_starts[name] as usize..self.name_starts[name + 1] as usize]
    }

    /// Entries of a street, ascending by number, with the position of the first.
    pub(crate) fn entries_of(&self, street: u32) -> (usize, &[Entry]) {
        let owner = self.streets[street as usize].entries_of as usize;
        let (lo, hi) = (self.first_entry[owner] as usize, self.first_entry[owner + 1] as usize);
        (lo, &self.entries[lo..hi])
    }

    /// Entries with this lower house number, in the order of the streets.
    pub(crate) fn entries_numbered(&self, low: u32) -> &[u32] {
        let all = self.by_number.get_or_init(|| {
            // Number and place in one word, so that sorting does not go back to the entries.
            let mut all: Vec<u64> =
                self.entries.iter().zip(0u64..).map(|(entry, at)| u64::from(entry.low) << 32 | at).collect();
            all.sort_unstable();
            all.iter().map(|word| (word & u64::from(u32::MAX)) as u32).collect()
        });
        let number = |at: &u32| self.entries[*at as usize].low;
        let (start, end) = (all.partition_point(|at| number(at) < low), all.partition_point(|at| number(at) <= low));
        &all[start..end]
    }

    /// Entries of a parcel.
    pub(crate) fn entries_of_parcel(&self, parcel: u32) -> &[u32] {
        let parcel = parcel as usize;
        &self.parcel_entries[self.parcel_starts[parcel] as usize..self.parcel_starts[parcel + 1] as usize]
    }

    /// All entries with the address of the one at `at`.
    pub(crate) fn same_address(&self, at: usize) -> std::ops::Range<usize> {
        let own = &self.entries[at];
        let n_before = self.entries[..at].iter().rev().take_while(|e| e.is_same_address(own)).count();
        let n_behind = self.entries[at..].iter().take_while(|e| e.is_same_address(own)).count();
        at - n_before..at + n_behind
    }

    /// A point on the parcel.
    pub(crate) fn position_of(&self, parcel: u32) -> Option<LonLat> {
        let at = parcel as usize * 2;
        let (lon, lat) = (*self.positions.get(at)?, *self.positions.get(at + 1)?);
        (lon != NO_POSITION).then(|| LonLat { lon: f64::from(lon) / 1e7 - 180.0, lat: f64::from(lat) / 1e7 - 90.0 })
    }

    /// Parcels near a point, by their polygons or, without polygons, by their points.
    pub(crate) fn near(&self, at: LonLat, limit_m: f64) -> Vec<NearParcel> {
        if let Some(lots) = &self.lots {
            return lots.near(at, limit_m);
        }
        let made = self.points.get_or_init(|| {
            let n = id_of(self.parcel_nos.len());
            let points: Vec<_> = (0..n).filter_map(|p| self.position_of(p).map(|at| (i64::from(p), at))).collect();
            (!points.is_empty()).then(|| PointIndex::new(points))
        });
        made.as_ref().map_or_else(Vec::new, |points| points.near(at, limit_m))
    }

    /// The tables as bytes, in pieces to the sink; without one they are only counted. Returns their number.
    pub(crate) fn write(&self, sink: Option<Sink<'_>>) -> usize {
        let mut out = ByteWriter::new(sink);
        out.raw(MAGIC);
        for strings in [&self.names, &self.words, &self.places] {
            out.strings(strings);
        }
        match &self.shelved {
            Some(s) => [&s.parcel_nos, &s.owners].into_iter().for_each(|texts| out.collected(texts)),
            None => [&self.parcel_nos, &self.owners].into_iter().for_each(|strings| out.strings(strings)),
        }
        out.rows(&self.streets, |s| [s.name, s.directions, s.kind, s.class, s.inner, s.entries_of, s.alias]);
        out.words(&self.name_starts);
        out.words(&self.name_streets);
        out.rows(&self.entries, |e| [e.street, e.low, e.high, e.suffix, e.prefix, e.unit, e.zip, e.place, e.parcel]);
        let facts = [u32::from(self.hyphens_are_composite), self.completeness, self.number_step];
        [&self.first_entry, &self.span_max].into_iter().for_each(|words| out.words(words));
        match &self.shelved {
            Some(s) => [&s.owner_of, &s.positions].into_iter().for_each(|words| out.collected_words(words)),
            None => [&self.owner_of, &self.positions].into_iter().for_each(|words| out.words(words)),
        }
        [&self.parcel_starts, &self.parcel_entries].into_iter().for_each(|words| out.words(words));
        out.words(&facts);
        for postings in [&self.by_fold, &self.by_bag, &self.by_deletion, &self.by_word, &self.by_sound] {
            out.postings(postings);
        }
        out.finish()
    }

    /// Reads [`Self::write`]; `None` for anything else, also for tables of another version.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        (magic == MAGIC).then_some(())?;
        let mut input = ByteReader(rest);
        let [names, words, places, parcel_nos, owners] =
            [input.strings()?, input.strings()?, input.strings()?, input.strings()?, input.strings()?];
        let street_words = input.words()?;
        let streets = street_words.as_chunks::<7>().0.iter().map(street_of).collect();
        let name_starts = input.words()?;
        let name_streets = input.words()?;
        let entries = input.words()?.as_chunks::<9>().0.iter().map(entry_of).collect();
        let mut county = Self {
            names,
            words,
            places,
            parcel_nos,
            owners,
            streets,
            name_starts,
            name_streets,
            entries,
            ..Self::default()
        };
        county.first_entry = input.words()?;
        county.span_max = input.words()?;
        county.owner_of = input.words()?;
        county.positions = input.words()?;
        county.parcel_starts = input.words()?;
        county.parcel_entries = input.words()?;
        let facts = input.words()?;
        county.hyphens_are_composite = *facts.first()? == 1;
        county.completeness = *facts.get(1)?;
        county.number_step = *facts.get(2)?;
        county.by_fold = input.postings()?;
        county.by_bag = input.postings()?;
        county.by_deletion = input.postings()?;
        county.by_word = input.postings()?;
        county.by_sound = input.postings()?;
        (input.0.is_empty() && county.is_consistent()).then_some(county)
    }

    /// Every id points into its table: a damaged file is refused here and cannot panic later.
    fn is_consistent(&self) -> bool {
        let below = |ids: &[u32], n: usize| ids.iter().all(|i| (*i as usize) < n);
        let rises = |starts: &[u32], n: usize, total: usize| {
            starts.len() == n + 1 && starts.is_sorted() && starts.last().is_some_and(|e| *e as usize == total)
        };
        let (n_streets, n_words) = (self.streets.len(), self.words.len());
        let n_parcels = self.parcel_nos.len();
        let streets_fit = self.streets.iter().all(|s| {
            (s.name as usize) < self.names.len()
                && (s.kind as usize) < n_words
                && (s.class as usize) < n_words
                && (s.inner as usize) < n_words
                && (s.entries_of as usize) < n_streets
                && s.directions <= 0x0808
                && s.directions & 0xff <= 8
        });
        let entries_fit = self.entries.iter().all(|e| {
            (e.street as usize) < n_streets
                && [e.suffix, e.prefix, e.unit].iter().all(|w| (*w as usize) < n_words)
                && (e.place as usize) < self.places.len()
                && (e.parcel as usize) < n_parcels
        });
        let postings_fit = [&self.by_fold, &self.by_bag, &self.by_deletion, &self.by_word, &self.by_sound]
            .iter()
            .all(|p| below(p.ids(), self.names.len()));
        streets_fit
            && entries_fit
            && postings_fit
            && rises(&self.name_starts, self.names.len(), self.name_streets.len())
            && below(&self.name_streets, n_streets)
            && rises(&self.first_entry, n_streets, self.entries.len())
            && self.span_max.len() == n_streets
            && self.owner_of.len() == n_parcels
            && below(&self.owner_of, self.owners.len())
            && self.positions.len() == n_parcels * 2
            && rises(&self.parcel_starts, n_parcels, self.parcel_entries.len())
            && below(&self.parcel_entries, self.entries.len())
    }

    /// Adds a street that is another name of one; it has no entries of its own.
    pub(crate) fn push_alias(&mut self, street: Street) {
        self.streets.push(street);
        let end = self.first_entry.last().copied().unwrap_or(0);
        self.first_entry.push(end);
        self.span_max.push(0);
    }

    /// Fills the tables that lead from names to streets and from parcels to entries.
    pub(crate) fn index_streets(&mut self) {
        let names = self.streets.iter().map(|s| s.name);
        (self.name_starts, self.name_streets) = csr(names, self.names.len());
        let n_parcels = self.shelved.as_ref().map_or(self.owner_of.len(), |shelved| shelved.owner_of.len());
        let parcels = self.entries.iter().map(|e| e.parcel);
        (self.parcel_starts, self.parcel_entries) = csr(parcels, n_parcels);
    }
}

/// A point as the county keeps it.
pub(crate) fn position_words(position: Option<LonLat>) -> [u32; 2] {
    let pair = position.filter(|p| p.lon.abs() <= 180.0 && p.lat.abs() <= 90.0).map_or([NO_POSITION; 2], |p| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 3.6e9 by the filter")]
        [((p.lon + 180.0) * 1e7).round() as u32, ((p.lat + 90.0) * 1e7).round() as u32]
    });
    // 180 degrees east are 180 degrees west; the marker lies just there in no county.
    if pair[0] == NO_POSITION { [NO_POSITION; 2] } else { pair }
}

fn street_of(words: &[u32; 7]) -> Street {
    let [name, directions, kind, class, inner, entries_of, alias] = *words;
    Street { name, directions, kind, class, inner, entries_of, alias }
}

fn entry_of(words: &[u32; 9]) -> Entry {
    let [street, low, high, suffix, prefix, unit, zip, place, parcel] = *words;
    Entry { street, low, high, suffix, prefix, unit, zip, place, parcel }
}

/// The positions of each key: where those of a key begin, one more at the end, then the positions.
fn csr(keys: impl Iterator<Item = u32> + Clone, n_keys: usize) -> (Vec<u32>, Vec<u32>) {
    // What is counted for a key stands two behind it, then its first free place one behind it, then its begin on it.
    let mut starts = vec![0u32; n_keys + 2];
    let mut n = 0;
    for key in keys.clone() {
        starts[key as usize + 2] += 1;
        n += 1;
    }
    for at in 2..starts.len() {
        starts[at] += starts[at - 1];
    }
    let mut positions = vec![0u32; n];
    for (position, key) in (0u32..).zip(keys) {
        let slot = &mut starts[key as usize + 1];
        positions[*slot as usize] = position;
        *slot += 1;
    }
    starts.pop();
    (starts, positions)
}
