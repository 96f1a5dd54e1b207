//! What the county's own file teaches: every street with its house numbers, the places, and how numbers are hyphenated.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::address::{self, CountyWords};
use crate::model::address::{Address, Direction, Street};
use crate::model::parcel::LonLat;

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

/// A street of the county.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct GazetteerStreet {
    pub(crate) pre: Option<Direction>,
    pub(crate) post: Option<Direction>,
    pub(crate) pretype: Option<String>,
    pub(crate) street_type: Option<String>,
    pub(crate) name_idx: u32,
}

/// One address of a parcel.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) low: u32,
    pub(crate) high: u32,
    pub(crate) street_idx: u32,
    pub(crate) parcel_idx: u32,
    pub(crate) zip: u32,
    pub(crate) place_idx: u32,
    pub(crate) half: bool,
    pub(crate) suffix: Box<str>,
    pub(crate) prefix: Box<str>,
    pub(crate) unit: Box<str>,
}

/// A parcel of the reference.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) parcel_no: Box<str>,
    pub(crate) owner: Box<str>,
    pub(crate) position: Option<LonLat>,
}

/// The county as the matcher knows it.
#[derive(Debug, Default)]
pub(crate) struct Gazetteer {
    pub(crate) names: Vec<Box<str>>,
    pub(crate) name_ids: FxHashMap<Box<str>, u32>,
    /// Names without spaces, words sorted, to name ids.
    pub(crate) folded: FxHashMap<Box<str>, Vec<u32>>,
    /// One-letter deletions of names without digits, to name ids.
    pub(crate) deletions: FxHashMap<u64, Vec<u32>>,
    /// Single words of long names, to name ids.
    pub(crate) words: FxHashMap<Box<str>, Vec<u32>>,
    pub(crate) streets: Vec<GazetteerStreet>,
    pub(crate) streets_of_name: Vec<Vec<u32>>,
    /// Sorted by street, low number, then file order.
    pub(crate) entries: Vec<Entry>,
    /// First entry of each street, one more at the end.
    pub(crate) first_entry: Vec<u32>,
    pub(crate) parcels: Vec<Parcel>,
    pub(crate) places: Vec<Box<str>>,
    place_ids: FxHashMap<Box<str>, u32>,
    /// True when hyphenated numbers of this county are composite (Queens 80-44), not ranges.
    pub(crate) hyphens_are_composite: bool,
}

impl CountyWords for Gazetteer {
    fn is_place(&self, words: &str) -> bool {
        self.place_ids.contains_key(words)
    }
}

/// Most name ids kept behind one word or deletion; a word in more names says nothing.
const POSTINGS_MAX: usize = 64;

/// Hash of a deletion variant; collisions only cost a comparison.
pub(crate) fn deletion_key(text: &[u8], skip: Option<usize>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (i, byte) in text.iter().enumerate() {
        if Some(i) != skip {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// Name without blanks, its words in sorted order.
pub(crate) fn bag(name: &str) -> String {
    let mut words: Vec<&str> = name.split(' ').collect();
    words.sort_unstable();
    words.concat()
}

/// Five digits as a number, 0 when there are none.
pub(crate) fn zip_number(zip: &str) -> u32 {
    zip.trim().get(..5).and_then(|z| z.parse().ok()).unwrap_or(0)
}

/// The unit of an address in one comparable word.
pub(crate) fn unit_of(address: &Address) -> String {
    address.occupancy.iter().map(|o| if o.occupancy_id.is_empty() { &o.occupancy_type } else { &o.occupancy_id }).fold(
        String::new(),
        |mut all, one| {
            if !all.is_empty() {
                all.push(' ');
            }
            all.push_str(one.trim_start_matches('0'));
            all
        },
    )
}

impl Gazetteer {
    /// Learns the county from its rows. Rows without a situs keep their parcel (a point can still find it).
    pub(crate) fn learn<'a>(rows: impl Iterator<Item = ReferenceRow<'a>>) -> Self {
        let mut gazetteer = Gazetteer::default();
        let mut parcel_ids: FxHashMap<Box<str>, u32> = FxHashMap::default();
        let mut street_ids: FxHashMap<GazetteerStreet, u32> = FxHashMap::default();
        let mut seen: FxHashSet<(u32, Box<str>)> = FxHashSet::default();
        let (mut n_composite, mut n_range) = (0usize, 0usize);
        for row in rows {
            let parcel_idx = *parcel_ids.entry(row.parcel_no.into()).or_insert_with(|| {
                gazetteer.parcels.push(Parcel {
                    parcel_no: row.parcel_no.into(),
                    owner: row.owner.into(),
                    position: row.position,
                });
                id_of(gazetteer.parcels.len() - 1)
            });
            let text = row.situs.trim();
            if text.is_empty() || !seen.insert((parcel_idx, text.into())) {
                continue;
            }
            let parsed = address::parse_in(text, &gazetteer);
            let Some(address) = parsed.readings.into_iter().next() else { continue };
            if let Some(number) = address.address_number.as_ref().filter(|n| n.hyphenated) {
                let is_descending = number.high.is_some_and(|h| h <= number.low);
                n_composite += usize::from(is_descending);
                n_range += usize::from(!is_descending);
            }
            gazetteer.add(&address, row, parcel_idx, &mut street_ids);
        }
        // Numbers that cannot ascend are no ranges; a quarter of them settles it for the county (Queens: 67 %).
        gazetteer.hyphens_are_composite = n_composite * 3 > n_range && n_composite >= 5;
        gazetteer.finish();
        gazetteer
    }

    fn add(
        &mut self,
        address: &Address,
        row: ReferenceRow<'_>,
        parcel_idx: u32,
        ids: &mut FxHashMap<GazetteerStreet, u32>,
    ) {
        let Some(number) = &address.address_number else { return };
        if address.street.street_name.is_empty() {
            return;
        }
        let street = self.street_of(&address.street);
        let street_idx = *ids.entry(street.clone()).or_insert_with(|| {
            self.streets.push(street);
            id_of(self.streets.len() - 1)
        });
        let place = if row.place.trim().is_empty() {
            address.place.clone().unwrap_or_default()
        } else {
            row.place.trim().to_ascii_uppercase()
        };
        let zip = if row.zip.trim().is_empty() {
            zip_number(address.zip.as_deref().unwrap_or(""))
        } else {
            zip_number(row.zip)
        };
        let place_idx = self.place_of(&place);
        self.entries.push(Entry {
            low: number.low,
            high: number.high.unwrap_or(number.low),
            street_idx,
            parcel_idx,
            zip,
            place_idx,
            half: number.half,
            suffix: number.suffix.as_deref().unwrap_or("").into(),
            prefix: number.prefix.as_deref().unwrap_or("").into(),
            unit: unit_of(address).into(),
        });
    }

    fn place_of(&mut self, place: &str) -> u32 {
        if let Some(id) = self.place_ids.get(place) {
            return *id;
        }
        let id = id_of(self.places.len());
        self.places.push(place.into());
        if !place.is_empty() {
            self.place_ids.insert(place.into(), id);
        }
        id
    }

    fn street_of(&mut self, street: &Street) -> GazetteerStreet {
        let mut name = address::core_name(&street.street_name);
        if street.premodifier.is_some() {
            name.insert_str(0, "OLD ");
        }
        let name_idx = match self.name_ids.get(name.as_str()) {
            Some(id) => *id,
            None => {
                let id = id_of(self.names.len());
                self.names.push(name.as_str().into());
                self.name_ids.insert(name.into(), id);
                id
            }
        };
        GazetteerStreet {
            pre: street.predirectional,
            post: street.postdirectional,
            pretype: street.pretype.clone(),
            street_type: street.street_type.clone(),
            name_idx,
        }
    }

    fn finish(&mut self) {
        if self.hyphens_are_composite {
            for entry in &mut self.entries {
                // A composite number is compared as a whole: 80-44 becomes 80 with suffix 44.
                if entry.high != entry.low {
                    entry.suffix = format!("-{}", entry.high).into();
                    entry.high = entry.low;
                }
            }
        }
        for entry in &mut self.entries {
            if entry.high < entry.low {
                std::mem::swap(&mut entry.low, &mut entry.high);
            }
        }
        self.entries.sort_by_key(|a| (a.street_idx, a.low));
        self.first_entry = vec![0; self.streets.len() + 1];
        for entry in &self.entries {
            self.first_entry[entry.street_idx as usize + 1] += 1;
        }
        for i in 1..self.first_entry.len() {
            self.first_entry[i] += self.first_entry[i - 1];
        }
        self.streets_of_name = vec![Vec::new(); self.names.len()];
        for (i, street) in self.streets.iter().enumerate() {
            self.streets_of_name[street.name_idx as usize].push(id_of(i));
        }
        self.index_names();
    }

    fn index_names(&mut self) {
        for (i, name) in self.names.iter().enumerate() {
            let id = id_of(i);
            self.folded.entry(bag(name).into()).or_default().push(id);
            let has_digit = name.bytes().any(|b| b.is_ascii_digit());
            if !has_digit && name.len() >= 3 {
                let bytes = name.as_bytes();
                for skip in std::iter::once(None).chain((0..bytes.len()).map(Some)) {
                    let list = self.deletions.entry(deletion_key(bytes, skip)).or_default();
                    if list.last() != Some(&id) && list.len() < POSTINGS_MAX {
                        list.push(id);
                    }
                }
            }
            if name.contains(' ') {
                for word in name.split(' ').filter(|w| w.len() >= 4) {
                    let list = self.words.entry(word.into()).or_default();
                    if list.len() <= POSTINGS_MAX {
                        list.push(id);
                    }
                }
            }
        }
        self.words.retain(|_, list| list.len() <= POSTINGS_MAX);
    }

    /// Entries of a street, ascending by number.
    pub(crate) fn entries_of(&self, street_idx: u32) -> &[Entry] {
        let street = street_idx as usize;
        &self.entries[self.first_entry[street] as usize..self.first_entry[street + 1] as usize]
    }

    /// Index of the first entry of a street in `entries`.
    pub(crate) fn offset_of(&self, street_idx: u32) -> usize {
        self.first_entry[street_idx as usize] as usize
    }
}

/// Position as a 32-bit id.
pub(crate) fn id_of(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than four billion rows")
}
