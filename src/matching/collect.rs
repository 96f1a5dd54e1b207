//! From a query to its candidate addresses: first the streets that are called so, then, when none of them answers, the
//! streets that nearly are and the numbers nearby. Bounded work for any text.

use rustc_hash::FxHashMap;

use super::compare::{self, Asked};
use super::county::{ALIAS_OF_COUNTY, ALIAS_OF_LIST, ALIAS_TYPE_AS_NAME, County, Entry};
use super::levels::{
    AGREEMENT, DIRECTION, Levels, NAME, NAME_ALIAS, NAME_ALIKE, NAME_EXACT, NAME_NUMBER_ALONE, NAME_OTHER,
    NAME_SPACING, NAME_TWIN, NUMBER, NUMBER_OTHER, OWNER, PLACE, PLACE_DIFFERS, PLACE_EQUAL, POSITION, READING,
    READING_OTHER, SUFFIX, SUFFIX_MISSING_REFERENCE, TYPE, TYPE_EQUAL, TYPE_MISSING_QUERY, UNIT, UNIT_EQUAL,
    UNIT_QUERY_ONLY, UNIT_QUERY_ONLY_BETTER, UNIT_QUERY_ONLY_SIBLINGS, ZIP, ZIP_DIFFERS, ZIP_EQUAL,
};
use super::memo::Memo;
use super::names::{self, NameHit};
use super::numbers;
use super::weights::bits_of;
use crate::address::{self, Parsed, Warning};
use crate::geom::distance::distance_m;
use crate::geom::parcel_index::NearParcel;
use crate::model::parcel::LonLat;

/// What is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// The address as somebody wrote it.
    pub address_text: &'a str,
    /// Place, when it stands in a field of its own.
    pub place: &'a str,
    /// ZIP, when it stands in a field of its own.
    pub zip: &'a str,
    /// Point of the service, when known.
    pub position: Option<LonLat>,
    /// Account holder, when known.
    pub owner_name: &'a str,
}

/// Most candidate addresses kept of one query.
const FOUND_MAX: usize = 400;
/// Bits below full agreement down to which the first stage is an answer that needs no search for misspelt streets.
const STRONG_BITS: f64 = 3.5;
/// Parcels near the point that become candidates of their own, and how near in metres.
const NEAR_PARCELS_MAX: usize = 6;
const NEAR_LIMIT_M: f64 = 80.0;
const NEAR_CANDIDATE_M: f64 = 30.0;
/// How far the lots with the numbers around the one asked for may lie from the point; a city block is about as long.
const BLOCK_LIMIT_M: f64 = 150.0;
/// Parcels of one address that are told apart by point and owner; of a tower's flats more are not worth it.
const PARCELS_APART_MAX: usize = 50;
/// Entries of a near parcel that are compared.
const ENTRIES_PER_PARCEL_MAX: usize = 12;
/// Bits against full agreement below which a candidate is not worth a look by itself.
const HOPELESS_BITS: f64 = -9.0;
/// Addresses with the house number that are looked through for a name that is somewhat alike, and how many of them are kept.
const NUMBERED_MAX: usize = 1_000;
const ALIKE_MAX: usize = 3;
/// Street names remembered between queries; a city has some thousands.
const MEMO_MAX: usize = 20_000;

/// A candidate address: entries `start..end` of the county (one address, all its parcels), or a parcel without situs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The parcel, when it has no entry and `start` is `end`.
    pub(crate) parcel: u32,
    pub(crate) levels: Levels,
    pub(crate) bits: f64,
}

/// What is reused from query to query of one matcher: nothing in it changes an answer.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) readings: Memo,
    memo: FxHashMap<String, Vec<NameHit>>,
    hits: Vec<NameHit>,
    pub(crate) found: Vec<Found>,
    by_start: FxHashMap<u32, usize>,
}

/// The work on one query.
pub(crate) struct Collector<'a> {
    pub(crate) county: &'a County,
    pub(crate) weights: &'a [f64],
    pub(crate) base: f64,
    query: Query<'a>,
    owner_words: Vec<String>,
    near: Vec<NearParcel>,
    /// The street asked for lacks the number, and has the numbers around it about the point.
    is_on_block: bool,
    pub(crate) scratch: &'a mut Scratch,
}

/// How a name is followed.
#[derive(Clone, Copy)]
struct Search {
    /// Of the reading among the readings.
    rank: usize,
    /// The type was read as part of the name.
    type_is_name: bool,
    /// Numbers nearby and mistyped ones too.
    is_wide: bool,
}

/// The readings of a text in comparable form.
pub(crate) fn asked_of(county: &County, query: &Query<'_>, parsed: &Parsed) -> Vec<Asked> {
    let mut all = Vec::with_capacity(parsed.readings.len() + 1);
    let vague = [Warning::Beside, Warning::Block].into_iter().find(|w| parsed.warnings.contains(w)).map(Warning::text);
    for reading in &parsed.readings {
        all.extend(Asked::new(reading, query.place, query.zip, county));
        // Where hyphens are composite numbers, an ascending pair may still be a range.
        let pair = reading.address_number.as_ref().filter(|n| {
            county.hyphens_are_composite && n.hyphenated && n.high.is_some_and(|h| h > n.low && h - n.low <= 60)
        });
        if let Some(number) = pair {
            let number = super::reading::number(number, false);
            all.extend(Asked::with_number(reading, number, query.place, query.zip, county));
        }
    }
    // They are asked where the first reading finds nothing, also when the roll has a lot on S RIDGE among those on SOUTHRIDGE.
    let others = all.first().map(|one| one.otherwise_glued(county)).unwrap_or_default();
    all.extend(others);
    all.iter_mut().for_each(|asked| asked.vague = vague);
    all
}

/// A street with the levels that all its addresses share.
#[derive(Clone, Copy)]
struct Head {
    street: u32,
    levels: Levels,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(
        county: &'a County,
        (weights, base): (&'a [f64], f64),
        query: Query<'a>,
        scratch: &'a mut Scratch,
    ) -> Self {
        scratch.found.clear();
        scratch.by_start.clear();
        let owner_words = if query.owner_name.is_empty() { Vec::new() } else { compare::name_words(query.owner_name) };
        let near = query.position.map_or_else(Vec::new, |at| county.near(at, NEAR_LIMIT_M));
        Self { county, weights, base, query, owner_words, near, is_on_block: false, scratch }
    }

    /// All candidates, in no order.
    pub(crate) fn run(&mut self, asked: &[Asked]) {
        self.is_on_block =
            self.query.position.is_some_and(|at| asked.first().is_some_and(|one| self.is_block_of(one, at)));
        let mut has_street = Vec::with_capacity(asked.len());
        for (rank, one) in asked.iter().enumerate() {
            let before = self.scratch.found.len();
            has_street.push(self.same_streets(one, rank));
            // A second reading is asked only where the first found nothing.
            if self.scratch.found.len() > before && rank == 0 && self.best_bits() >= self.base - STRONG_BITS {
                break;
            }
        }
        if self.best_bits() < self.base - STRONG_BITS {
            for (rank, one) in asked.iter().enumerate() {
                self.near_streets(one, rank, has_street.get(rank).copied().unwrap_or(false));
            }
        }
        self.near_parcels(asked.first());
        if let Some(asked) = asked.first().filter(|_| self.best_bits() < self.base + HOPELESS_BITS) {
            self.alike_streets(asked);
        }
        self.tell_covered_alone();
        self.hold_against_letter();
        self.hold_against_answer();
        self.hold_against_block(asked.first());
    }

    /// Streets of the same place that have the house number and look a little like the name: for a person to see what was
    /// refused, where nothing else came near.
    fn alike_streets(&mut self, asked: &Asked) {
        let county = self.county;
        let wanted = super::reading::fold(&asked.street.name);
        let mut hits: Vec<(u32, u32, usize)> = Vec::new();
        let mut others: Vec<(u32, usize)> = Vec::new();
        let mut last = None;
        for at in county.entries_numbered(asked.number.low).iter().take(NUMBERED_MAX) {
            let (at, entry) = (*at as usize, &county.entries[*at as usize]);
            let (zip, place) = (compare::zip(asked, entry), compare::place(asked, entry));
            let is_elsewhere = zip == ZIP_DIFFERS || (place == PLACE_DIFFERS && zip != ZIP_EQUAL);
            if is_elsewhere || last == Some(entry.street) {
                continue;
            }
            last = Some(entry.street);
            let name = county.names.get(county.streets[entry.street as usize].name);
            if let Some(likeness) = names::likeness(&wanted, &super::reading::fold(name)) {
                hits.push((u32::MAX - likeness, entry.street, at));
            } else if (zip == ZIP_EQUAL || place == PLACE_EQUAL) && others.len() <= ALIKE_MAX {
                others.push((entry.street, at));
            }
        }
        hits.sort_unstable();
        hits.truncate(ALIKE_MAX);
        let few = if others.len() <= ALIKE_MAX { others } else { Vec::new() };
        // One figure makes another street: 91 ST says nothing for 61 ST but that it has the number.
        let is_figure = wanted.bytes().any(|b| b.is_ascii_digit());
        let level = if is_figure { NAME_NUMBER_ALONE } else { NAME_ALIKE };
        let alike = hits.into_iter().map(|(_, street, at)| (street, at, level));
        for (street, at, name) in alike.chain(few.into_iter().map(|(street, at)| (street, at, NAME_NUMBER_ALONE))) {
            let mut levels = AGREEMENT;
            let street = &county.streets[street as usize];
            levels[NAME] = name;
            levels[DIRECTION] = compare::direction(asked, street);
            levels[TYPE] = compare::street_type(asked, county, street);
            if let Some(level) = numbers::touching(&asked.number, &county.entries[at]) {
                levels[NUMBER] = level;
                self.add(at, levels, asked);
            }
        }
    }

    /// True when the streets called as asked lack the house number, and lots with numbers near it lie about the point.
    fn is_block_of(&self, asked: &Asked, at: LonLat) -> bool {
        let mut hits = Vec::new();
        for name in Self::spellings(asked).into_iter().flatten() {
            names::same(self.county, &name, &mut hits);
        }
        let mut is_near = false;
        for street in hits.iter().flat_map(|(name, _)| self.county.streets_named(*name)) {
            let mut has_number = false;
            numbers::each_touching(self.county, *street, &asked.number, |_, _| has_number = true);
            if has_number {
                return false;
            }
            is_near |= numbers::around(self.county, *street, &asked.number)
                .any(|entry| self.county.position_of(entry.parcel).is_some_and(|p| distance_m(at, p) <= BLOCK_LIMIT_M));
        }
        is_near
    }

    fn best_bits(&self) -> f64 {
        self.scratch.found.iter().map(|f| f.bits).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Names to look for: as read, with the type words inside left as written, and with the type as part of the name.
    fn spellings(asked: &Asked) -> [Option<String>; 2] {
        let street = &asked.street;
        let with_type = address::type_words(&street.kind)
            .filter(|t| !matches!(t.0, "ST" | "AVE" | "RD" | "DR" | "LN" | "BLVD"))
            .map(|t| format!("{} {}", street.name, t.1));
        [Some(street.name.clone()), with_type]
    }

    /// Candidates on the streets that are called as written; true when there is one.
    fn same_streets(&mut self, asked: &Asked, rank: usize) -> bool {
        let mut is_any = false;
        for (i, name) in Self::spellings(asked).into_iter().flatten().enumerate() {
            let mut hits = std::mem::take(&mut self.scratch.hits);
            hits.clear();
            names::same(self.county, &name, &mut hits);
            is_any |= !hits.is_empty();
            for (name, level) in &hits {
                self.on_name((*name, *level), asked, Search { rank, type_is_name: i == 1, is_wide: false });
            }
            self.scratch.hits = hits;
        }
        is_any
    }

    fn near_streets(&mut self, asked: &Asked, rank: usize, has_street: bool) {
        for (i, name) in Self::spellings(asked).into_iter().flatten().enumerate() {
            if !self.scratch.memo.contains_key(&name) {
                let mut hits = Vec::new();
                names::same(self.county, &name, &mut hits);
                names::near(self.county, &name, &mut hits);
                if self.scratch.memo.len() >= MEMO_MAX {
                    self.scratch.memo.clear();
                }
                self.scratch.memo.insert(name.clone(), hits);
            }
            let hits = self.scratch.memo.get(&name).cloned().unwrap_or_default();
            for (name, level) in hits {
                let is_same = matches!(level, NAME_EXACT | NAME_SPACING | NAME_ALIAS | NAME_TWIN);
                // Neighbours on misspelt streets only when no street is called as written.
                self.on_name(
                    (name, level),
                    asked,
                    Search { rank, type_is_name: i == 1, is_wide: is_same || !has_street },
                );
            }
        }
    }

    fn on_name(&mut self, (name, level): NameHit, asked: &Asked, search: Search) {
        let county = self.county;
        for id in county.streets_named(name) {
            if self.scratch.found.len() >= FOUND_MAX {
                return;
            }
            let street = &county.streets[*id as usize];
            let mut levels = AGREEMENT;
            levels[NAME] = match (street.alias, level) {
                (ALIAS_OF_LIST, NAME_EXACT) => NAME_ALIAS,
                (ALIAS_OF_COUNTY, NAME_EXACT) => NAME_TWIN,
                (ALIAS_TYPE_AS_NAME, NAME_EXACT) => NAME_SPACING,
                (_, level) => level,
            };
            levels[DIRECTION] = compare::direction(asked, street);
            levels[TYPE] = if search.type_is_name {
                // The type was read as part of the name: there is none left to compare.
                if street.kind == 0 { TYPE_EQUAL } else { TYPE_MISSING_QUERY }
            } else {
                compare::street_type(asked, county, street)
            };
            if search.rank > 0 {
                levels[READING] = READING_OTHER;
            }
            self.on_street(Head { street: *id, levels }, asked, search.is_wide);
        }
    }

    fn on_street(&mut self, head: Head, asked: &Asked, wide: bool) {
        let county = self.county;
        let mut last = (0u32, 0u32);
        let mut add = |entry: usize, level: u8| {
            let at = super::flat::id_of(entry);
            if at >= last.0 && at < last.1 {
                return;
            }
            let mut levels = head.levels;
            levels[NUMBER] = level;
            last = self.add(entry, levels, asked);
        };
        let is_hit = numbers::each_touching(county, head.street, &asked.number, &mut add);
        if wide && !is_hit {
            numbers::each_neighbour(county, head.street, &asked.number, &mut add);
            numbers::each_mistyped(county, head.street, &asked.number, &mut add);
        }
    }

    /// Adds the address of an entry; returns its entries.
    fn add(&mut self, entry_idx: usize, mut levels: Levels, asked: &Asked) -> (u32, u32) {
        let county = self.county;
        let entry = &county.entries[entry_idx];
        let range = county.same_address(entry_idx);
        levels[SUFFIX] = compare::suffix(asked, county, entry);
        let letter = if levels[SUFFIX] == SUFFIX_MISSING_REFERENCE { asked.number.suffix.as_str() } else { "" };
        levels[UNIT] = match compare::unit(asked, county, entry) {
            // 417 is not meant by 417A where there is a 417A.
            UNIT_EQUAL if !letter.is_empty() => match self.with_siblings(range.start, entry, letter) {
                UNIT_QUERY_ONLY_BETTER => UNIT_QUERY_ONLY_BETTER,
                _ => UNIT_EQUAL,
            },
            UNIT_QUERY_ONLY => self.with_siblings(range.start, entry, &asked.unit),
            level => level,
        };
        levels[ZIP] = compare::zip(asked, entry);
        levels[PLACE] = compare::place(asked, entry);
        self.keep_entries(range.clone(), levels);
        (super::flat::id_of(range.start), super::flat::id_of(range.end))
    }

    /// Keeps one address: as a whole, or parcel by parcel where a point or an owner can tell them apart.
    fn keep_entries(&mut self, range: std::ops::Range<usize>, levels: Levels) {
        let county = self.county;
        let can_tell = self.query.position.is_some() || !self.owner_words.is_empty();
        let step = if can_tell && range.len() <= PARCELS_APART_MAX { 1 } else { range.len() };
        for start in range.clone().step_by(step.max(1)) {
            let entries = &county.entries[start..(start + step).min(range.end)];
            let mut levels = levels;
            levels[POSITION] = self.position_level(entries.iter().map(|e| e.parcel));
            levels[OWNER] = self.owner_level(entries.iter().map(|e| e.parcel));
            let (start, end) = (super::flat::id_of(start), super::flat::id_of(start + entries.len()));
            self.keep(Found { start, end, parcel: entries[0].parcel, levels, bits: 0.0 });
        }
    }

    fn keep(&mut self, mut found: Found) {
        found.bits = self.base + bits_of(&found.levels, self.weights);
        let key = if found.start == found.end { u32::MAX - found.parcel } else { found.start };
        match self.scratch.by_start.get(&key) {
            Some(at) => {
                let old = &mut self.scratch.found[*at];
                if found.bits > old.bits {
                    *old = found;
                }
            }
            None if self.scratch.found.len() < FOUND_MAX => {
                self.scratch.by_start.insert(key, self.scratch.found.len());
                self.scratch.found.push(found);
            }
            None => {}
        }
    }

    /// A lot without unit, asked for with one: does the same house number have lots with units, or with this very unit?
    fn with_siblings(&self, start: usize, entry: &Entry, unit: &str) -> u8 {
        let is_sibling = |e: &&Entry| e.street == entry.street && e.low == entry.low;
        let behind = self.county.entries[start..].iter().take(600).take_while(is_sibling);
        let before = self.county.entries[..start].iter().rev().take(600).take_while(is_sibling);
        let mut level = UNIT_QUERY_ONLY;
        for sibling in behind.chain(before) {
            let own = self.county.words.get(sibling.unit);
            let is_its = own == unit || (!own.is_empty() && super::reading::lists_unit(own, unit));
            if is_its || self.county.words.get(sibling.suffix) == unit {
                return UNIT_QUERY_ONLY_BETTER;
            }
            if !own.is_empty() {
                level = UNIT_QUERY_ONLY_SIBLINGS;
            }
        }
        level
    }

    fn position_level(&self, parcels: impl Iterator<Item = u32>) -> u8 {
        let Some(at) = self.query.position else { return AGREEMENT[POSITION] };
        let mut best: Option<(f64, bool)> = None;
        for parcel in parcels.take(50) {
            let key = i64::from(parcel);
            let near = self.near.iter().position(|n| n.key == key);
            let distance = match near {
                Some(i) => Some((self.near[i].distance_m, self.near[i].distance_m <= self.near[0].distance_m)),
                None => self.county.position_of(parcel).map(|p| (distance_m(at, p).max(NEAR_LIMIT_M), false)),
            };
            best = match (best, distance) {
                (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
                (a, b) => a.or(b),
            };
        }
        best.map_or(AGREEMENT[POSITION], |(d, is_nearest)| compare::position(d, is_nearest, self.is_on_block))
    }

    fn owner_level(&self, parcels: impl Iterator<Item = u32>) -> u8 {
        if self.owner_words.is_empty() {
            return AGREEMENT[OWNER];
        }
        parcels
            .take(50)
            .map(|p| compare::owner(&self.owner_words, self.county.owners.get(self.county.owner_of[p as usize])))
            .min_by(|a, b| self.weights[*b as usize].total_cmp(&self.weights[*a as usize]))
            .unwrap_or(AGREEMENT[OWNER])
    }

    /// The parcels at the point, whatever the text says.
    fn near_parcels(&mut self, asked: Option<&Asked>) {
        let county = self.county;
        let nearest: Vec<u32> = self
            .near
            .iter()
            .filter(|n| n.distance_m <= NEAR_CANDIDATE_M)
            .take(NEAR_PARCELS_MAX)
            .filter_map(|n| u32::try_from(n.key).ok())
            .collect();
        for parcel in nearest {
            let mut levels = AGREEMENT;
            (levels[NAME], levels[NUMBER]) = (NAME_OTHER, NUMBER_OTHER);
            let entries = county.entries_of_parcel(parcel);
            if entries.is_empty() {
                levels[POSITION] = self.position_level(std::iter::once(parcel));
                levels[OWNER] = self.owner_level(std::iter::once(parcel));
                self.keep(Found { start: 0, end: 0, parcel, levels, bits: 0.0 });
            }
            for entry_idx in entries.iter().take(ENTRIES_PER_PARCEL_MAX) {
                let entry = &county.entries[*entry_idx as usize];
                let street = &county.streets[entry.street as usize];
                let mut own = levels;
                let mut same_name = None;
                if let Some(asked) = asked.filter(|a| county.names.get(street.name) == a.street.name) {
                    own[NAME] = NAME_EXACT;
                    own[DIRECTION] = compare::direction(asked, street);
                    own[TYPE] = compare::street_type(asked, county, street);
                    own[NUMBER] = numbers::touching(&asked.number, entry).unwrap_or(NUMBER_OTHER);
                    same_name = Some(asked);
                }
                let blank = Asked::default();
                let asked_here = same_name.filter(|_| own[NUMBER] != NUMBER_OTHER);
                self.add_near(*entry_idx as usize, own, asked_here.unwrap_or(&blank), asked_here.is_none());
            }
        }
    }

    fn add_near(&mut self, entry_idx: usize, levels: Levels, asked: &Asked, by_point_alone: bool) {
        if !by_point_alone {
            self.add(entry_idx, levels, asked);
            return;
        }
        self.keep_entries(self.county.same_address(entry_idx), levels);
    }
}
