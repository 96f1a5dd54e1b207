//! From the rows of a roll to the tables of a [`County`].

use rustc_hash::{FxHashMap, FxHashSet};

use crate::address::{self, CountyWords};
use crate::model::address::{Address, AddressNumber};

use super::county::{
    ALIAS_OF_COUNTY, ALIAS_OF_LIST, ALIAS_TYPE_AS_NAME, County, Entry, ReferenceRow, Street, position_words,
};
use super::flat::{Postings, Strings, hash_bytes, id_of};
use super::reading::{self, StreetWords};
use super::twins;

/// Another name of a street of the county, from a list that the user keeps: `FREDERICK DOUGLASS BLVD` for `8TH AVE`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct StreetAlias {
    /// The street as people write it.
    pub written: String,
    /// The street as the county writes it.
    pub county: String,
}

/// Streets remembered while parsing; a file with more is read right, only slower.
const STREETS_MAX: usize = 1 << 20;
/// Digits of the largest house number that is taken from the text without the parser.
const NUMBER_DIGITS_MAX: usize = 6;
/// A second number of other length and parity, to see that the number does not change how the rest is read.
pub(super) const OTHER_NUMBER: u32 = 98_764;
/// A word in more names than this tells nothing.
const NAMES_PER_WORD_MAX: usize = 400;
/// Street types so common that nobody reads them as part of the name.
const COMMON_TYPES: [&str; 6] = ["ST", "AVE", "RD", "DR", "LN", "BLVD"];

/// A parsed situs, ready for the tables.
#[derive(Debug, Clone, PartialEq)]
struct ParsedRow {
    street: StreetWords,
    number: AddressNumber,
    /// Units, place and ZIP; the rest is in the other fields.
    address: Address,
}

/// The places of the rows, so that the parser knows them before the first row is parsed.
#[derive(Debug)]
pub struct Places(pub(super) Strings);

/// Places kept; more are no county.
const PLACES_MAX: usize = 10_000;

impl Default for Places {
    fn default() -> Self {
        let mut places = Strings::default();
        places.intern("");
        Self(places)
    }
}

impl Places {
    /// Adds the place of a row.
    pub fn add(&mut self, place: &str) {
        self.id_of(place);
    }

    /// Position of the place of a row; `None` for one that is not kept.
    pub(super) fn id_of(&mut self, place: &str) -> Option<u32> {
        let place = place.trim().to_ascii_uppercase();
        if self.0.len() < PLACES_MAX { Some(self.0.intern(&place)) } else { self.0.find(&place) }
    }
}

impl CountyWords for Places {
    fn is_place(&self, words: &str) -> bool {
        self.0.find(words).is_some_and(|id| id > 0)
    }
}

/// Learns a county row by row; holds the tables, never the rows.
pub struct Learner {
    lines: Lines,
    /// Hash of the first situs of each parcel, and of the further ones.
    first: Vec<u64>,
    further: FxHashSet<(u32, u64)>,
}

impl Learner {
    /// Starts with the places of all rows, in the order of the rows.
    pub fn new(places: Places) -> Self {
        Self { lines: Lines::new(places), first: Vec::new(), further: FxHashSet::default() }
    }

    /// Takes a row in. One without a situs keeps its parcel (a point can still find it).
    pub fn add(&mut self, row: &ReferenceRow<'_>) {
        let situs = row.situs.trim();
        let parcel = self.lines.builder.parcel_of(row);
        let hash = hash_bytes(situs.as_bytes());
        let is_new = match self.first.get(parcel as usize) {
            None => {
                self.first.push(hash);
                true
            }
            Some(first) => *first != hash && self.further.insert((parcel, hash)),
        };
        if is_new {
            self.lines.add(situs, (row.place, reading::zip_number(row.zip)), parcel);
        }
    }

    pub(crate) fn finish(self, aliases: &[StreetAlias]) -> County {
        let Self { lines, first, further } = self;
        drop((first, further));
        lines.finish(aliases)
    }
}

/// Takes situs lines, whoever knows their parcels.
pub(super) struct Lines {
    pub(super) builder: Builder,
    parser: Parser,
}

impl Lines {
    pub(super) fn new(places: Places) -> Self {
        Self { builder: Builder::new(&places.0), parser: Parser { known: places, streets: FxHashMap::default() } }
    }

    /// Takes a situs with its place and ZIP in, where it can be read.
    pub(super) fn add(&mut self, situs: &str, place_and_zip: (&str, u32), parcel: u32) {
        let plain = split_number(situs);
        let behind = plain.and_then(|plain| self.parser.behind(plain, &mut self.builder));
        if let Some((low, behind)) = plain.and_then(|(number, _)| number.parse().ok()).zip(behind) {
            self.builder.add_plain(low, behind, place_and_zip, parcel);
        } else if let Some(parsed) = self.parser.parse_line(situs) {
            self.builder.add(parsed, place_and_zip, parcel);
        }
    }

    pub(super) fn finish(self, aliases: &[StreetAlias]) -> County {
        let Self { builder, parser } = self;
        drop(parser);
        builder.finish(aliases)
    }
}

/// What stands behind a plain house number, in the ids of the tables.
#[derive(Clone, Copy)]
struct Behind {
    street: u32,
    unit: u32,
    /// From the text; 0 for none.
    place: u32,
    zip: u32,
}

/// Parses situs lines; what stands behind a plain house number is parsed once per street.
struct Parser {
    known: Places,
    /// Text behind the number, to how it is read; `None` when the number matters.
    streets: FxHashMap<Box<str>, Option<Behind>>,
}

impl Parser {
    /// How the text behind a plain house number is read; `None` when the number matters.
    fn behind(&mut self, (number, rest): (&str, &str), builder: &mut Builder) -> Option<Behind> {
        if let Some(known) = self.streets.get(rest) {
            return *known;
        }
        if self.streets.len() >= STREETS_MAX {
            return None;
        }
        let other = OTHER_NUMBER.to_string();
        let there = self.parse_line(&format!("{other}{rest}"));
        let here = self.parse_line(&format!("{number}{rest}")).map(|row| with_number(row, &other));
        let behind =
            there.filter(|t| here.as_ref() == Some(t) && is_plain(&t.number, &other)).map(|row| builder.behind(&row));
        self.streets.insert(rest.into(), behind);
        behind
    }

    fn parse_line(&self, line: &str) -> Option<ParsedRow> {
        let address = address::parse_in(line, &self.known).readings.into_iter().next()?;
        let number = address.address_number.clone()?;
        if address.street.street_name.is_empty() {
            return None;
        }
        let street = reading::street_words(&address.street);
        let Address { occupancy, place, zip, .. } = address;
        Some(ParsedRow { street, number, address: Address { occupancy, place, zip, ..Address::default() } })
    }
}

/// A plain house number and what stands behind it: a blank and a letter first.
pub(super) fn split_number(text: &str) -> Option<(&str, &str)> {
    let n = text.bytes().position(|b| !b.is_ascii_digit())?;
    let (number, rest) = text.split_at(n);
    let is_street = rest.strip_prefix(' ').is_some_and(|s| s.starts_with(|c: char| c.is_ascii_alphabetic()));
    ((1..=NUMBER_DIGITS_MAX).contains(&n) && !number.starts_with('0') && is_street).then_some((number, rest))
}

fn plain_number(digits: &str) -> AddressNumber {
    AddressNumber { low: digits.parse().unwrap_or(0), raw: digits.to_owned(), ..AddressNumber::default() }
}

fn is_plain(number: &AddressNumber, digits: &str) -> bool {
    *number == plain_number(digits)
}

fn with_number(row: ParsedRow, digits: &str) -> ParsedRow {
    ParsedRow { number: plain_number(digits), ..row }
}

pub(super) struct Builder {
    pub(super) county: County,
    street_ids: FxHashMap<[u32; 4], u32>,
    /// Other names given, with the street that they mean.
    aliases: FxHashSet<([u32; 4], u32)>,
    n_composite: usize,
    n_range: usize,
    /// Numbers and units of entries with a second part, kept until the county's habit is known.
    numbers: Vec<AddressNumber>,
    units: Vec<Address>,
    /// The place of the row before with its id: neighbors share it.
    last_place: (String, u32),
}

impl Builder {
    fn new(places: &Strings) -> Self {
        let mut county = County::default();
        county.places = places.clone();
        county.words.intern("");
        county.owners.intern("");
        Self {
            county,
            street_ids: FxHashMap::default(),
            aliases: FxHashSet::default(),
            n_composite: 0,
            n_range: 0,
            numbers: Vec::new(),
            units: Vec::new(),
            last_place: (String::new(), 0),
        }
    }

    fn parcel_of(&mut self, row: &ReferenceRow<'_>) -> u32 {
        let n_before = self.county.parcel_nos.len();
        let parcel = self.county.parcel_nos.intern(row.parcel_no);
        if self.county.parcel_nos.len() > n_before {
            let owner = self.county.owners.intern(row.owner.trim());
            self.county.owner_of.push(owner);
            self.county.positions.extend(position_words(row.position));
        }
        parcel
    }

    fn street_of(&mut self, words: &StreetWords) -> u32 {
        let county = &mut self.county;
        let key = [
            county.names.intern(&words.name),
            words.directions,
            county.words.intern(&words.kind),
            county.words.intern(&words.class),
        ];
        let inner = county.words.intern(words.inner);
        let id = *self.street_ids.entry(key).or_insert_with(|| {
            let id = id_of(county.streets.len());
            let [name, directions, kind, class] = key;
            county.streets.push(Street { name, directions, kind, class, inner, entries_of: id, alias: 0 });
            id
        });
        let street = &mut county.streets[id as usize];
        street.inner = street.inner.max(inner);
        id
    }

    fn add(&mut self, parsed: ParsedRow, (given, given_zip): (&str, u32), parcel: u32) {
        let ParsedRow { street, number, address } = parsed;
        if number.hyphenated {
            let is_range = number.high.is_some_and(|h| h > number.low && h - number.low < reading::WRITTEN_SPAN_MAX);
            self.n_composite += usize::from(!is_range);
            self.n_range += usize::from(is_range);
        }
        let street = self.street_of(&street);
        let place = self.place_of(given, address.place.as_deref().unwrap_or(""));
        let zip = match given_zip {
            0 => reading::zip_number(address.zip.as_deref().unwrap_or("")),
            zip => zip,
        };
        let entry = Entry { street, low: 0, high: 0, suffix: 0, prefix: 0, unit: 0, zip, place, parcel };
        self.county.entries.push(entry);
        if number.hyphenated || number.high.is_some() {
            // What a second part means is known only when all rows have been seen.
            self.numbers.push(number);
            self.units.push(Address { occupancy: address.occupancy, ..Address::default() });
            if let Some(last) = self.county.entries.last_mut() {
                last.high = u32::MAX;
                last.low = id_of(self.numbers.len() - 1);
            }
        } else {
            let at = self.county.entries.len() - 1;
            self.set_number(at, &number, &address);
        }
    }

    /// Adds a row whose text behind the house number is known.
    fn add_plain(&mut self, low: u32, behind: Behind, (given, given_zip): (&str, u32), parcel: u32) {
        let Behind { street, unit, place, zip } = behind;
        let place = if given.trim().is_empty() { place } else { self.place_of(given, "") };
        let zip = if given_zip == 0 { zip } else { given_zip };
        self.county.entries.push(Entry { street, low, high: low, suffix: 0, prefix: 0, unit, zip, place, parcel });
    }

    fn behind(&mut self, row: &ParsedRow) -> Behind {
        let number = reading::number(&row.number, self.county.hyphens_are_composite);
        let unit = reading::unit(&row.address, &number);
        Behind {
            street: self.street_of(&row.street),
            unit: self.county.words.intern(&unit),
            place: self.place_of("", row.address.place.as_deref().unwrap_or("")),
            zip: reading::zip_number(row.address.zip.as_deref().unwrap_or("")),
        }
    }

    /// Id of the place given in a field of its own, or of that in the text.
    fn place_of(&mut self, given: &str, in_text: &str) -> u32 {
        let given = given.trim();
        let place = if given.is_empty() { in_text } else { given };
        if self.last_place.0 != place {
            self.last_place = (place.to_owned(), self.county.places.intern(&place.to_ascii_uppercase()));
        }
        self.last_place.1
    }

    fn set_number(&mut self, at: usize, number: &AddressNumber, address: &Address) {
        let found = reading::number(number, self.county.hyphens_are_composite);
        let unit = reading::unit(address, &found);
        let words = &mut self.county.words;
        let entry = &mut self.county.entries[at];
        (entry.low, entry.high) = (found.low, found.high);
        entry.suffix = words.intern(&found.suffix);
        entry.prefix = words.intern(&found.prefix);
        entry.unit = words.intern(&unit);
    }

    fn finish(mut self, aliases: &[StreetAlias]) -> County {
        // Numbers that descend, or are farther apart than a block is long, are no ranges; when a third of the hyphens are
        // such, it is the county's habit (Queens: 67 %; Oahu's 94-1234).
        self.county.hyphens_are_composite = self.n_composite >= 5 && self.n_composite * 2 >= self.n_range;
        let (numbers, units) = (std::mem::take(&mut self.numbers), std::mem::take(&mut self.units));
        for at in 0..self.county.entries.len() {
            if self.county.entries[at].high == u32::MAX {
                let i = self.county.entries[at].low as usize;
                self.set_number(at, &numbers[i], &units[i]);
            }
        }
        let county = &mut self.county;
        county.entries.sort_unstable_by_key(|e| (e.street, e.low, e.high, e.key(), e.parcel));
        county.entries.dedup();
        county.first_entry = vec![0; county.streets.len() + 1];
        county.span_max = vec![0; county.streets.len()];
        for entry in &county.entries {
            county.first_entry[entry.street as usize + 1] += 1;
            let span = &mut county.span_max[entry.street as usize];
            *span = (*span).max(entry.high - entry.low);
        }
        for i in 1..county.first_entry.len() {
            county.first_entry[i] += county.first_entry[i - 1];
        }
        county.completeness = completeness(county);
        county.number_step = number_step(county);
        let twins = twins::find(county);
        self.add_other_names(aliases);
        for (a, b) in twins {
            self.add_twin(a, b);
            self.add_twin(b, a);
        }
        let mut county = self.county;
        county.index_streets();
        index_names(&mut county);
        county
    }

    /// Streets under their other names: the type read as part of the name, and the user's aliases.
    fn add_other_names(&mut self, aliases: &[StreetAlias]) {
        for id in 0..self.county.streets.len() {
            let street = self.county.streets[id];
            let kind = self.county.words.get(street.kind);
            if kind.is_empty() || COMMON_TYPES.contains(&kind) {
                continue;
            }
            let Some((_, full)) = address::type_words(kind) else { continue };
            let name = format!("{} {full}", self.county.names.get(street.name));
            let words = StreetWords { name, directions: street.directions, ..StreetWords::default() };
            self.add_alias(&words, id_of(id), ALIAS_TYPE_AS_NAME);
        }
        for alias in aliases {
            let words_of = |text: &str| -> Option<StreetWords> {
                let parsed = address::parse(&format!("1 {text}"));
                parsed.readings.first().map(|a| reading::street_words(&a.street)).filter(|w| !w.name.is_empty())
            };
            let (Some(written), Some(target)) = (words_of(&alias.written), words_of(&alias.county)) else { continue };
            let Some(name) = self.county.names.find(&target.name) else { continue };
            let n_streets = self.county.streets.len();
            for id in 0..n_streets {
                let street = self.county.streets[id];
                let is_meant = street.name == name
                    && street.alias == 0
                    && (target.kind.is_empty() || self.county.words.get(street.kind) == target.kind)
                    && (target.directions == 0 || street.directions == target.directions);
                if is_meant {
                    // Directions that the alias does not name are those of the street.
                    let directions = if written.directions == 0 { street.directions } else { written.directions };
                    self.add_alias(&StreetWords { directions, ..written.clone() }, id_of(id), ALIAS_OF_LIST);
                }
            }
        }
    }

    /// Another name of a street. A street of the county that is really called so keeps its own entries beside it: a renamed
    /// street has lots under both names.
    fn add_alias(&mut self, words: &StreetWords, target: u32, alias: u32) {
        let county = &mut self.county;
        let street = Street {
            name: county.names.intern(&words.name),
            directions: words.directions,
            kind: county.words.intern(&words.kind),
            class: county.words.intern(&words.class),
            inner: 0,
            entries_of: target,
            alias,
        };
        let key = [street.name, street.directions, street.kind, street.class];
        let is_own = self.street_ids.contains_key(&key);
        if (alias == ALIAS_TYPE_AS_NAME && is_own) || !self.aliases.insert((key, target)) {
            return;
        }
        self.county.push_alias(street);
    }

    /// Street `a` is also called as street `b` is.
    fn add_twin(&mut self, a: u32, b: u32) {
        let named = self.county.streets[b as usize];
        if self.aliases.insert(([named.name, named.directions, named.kind, named.class], a)) {
            self.county.push_alias(Street { entries_of: a, alias: ALIAS_OF_COUNTY, ..named });
        }
    }
}

/// Share of the house numbers that a whole roll would have, in thousandths, from the gaps between neighbours: in a whole
/// roll nearly all gaps of a block are as small as the usual one, in a sample they spread.
fn completeness(county: &County) -> u32 {
    let mut gaps = [0usize; 101];
    for pair in county.entries.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        let gap = b.low.saturating_sub(a.high.max(a.low));
        if a.street == b.street && gap > 0 && gap <= 100 {
            gaps[gap as usize] += 1;
        }
    }
    let total: usize = gaps.iter().sum();
    if total < 50 {
        // Too few to tell: as if whole, the cautious levels decide.
        return 1000;
    }
    let near: usize = gaps[..=12].iter().sum();
    id_of(near * 1000 / total)
}

/// The smallest even gap between neighbours of one side that, with all below it, makes a tenth of the gaps: 2 where lots are
/// numbered 11, 13, 15; 4 to 6 where a lot owns several numbers and the roll shows one.
fn number_step(county: &County) -> u32 {
    const STEP_MAX: usize = 6;
    let mut gaps = [0usize; 31];
    let mut last: [Option<&Entry>; 2] = [None; 2];
    for entry in &county.entries {
        let side = &mut last[(entry.low % 2) as usize];
        // A lot that lists a range tells nothing of how many numbers a lot with one number owns.
        if let Some(before) = side.filter(|b| b.street == entry.street && b.low == b.high) {
            let gap = entry.low.saturating_sub(before.low) as usize;
            if gap > 0 && gap < gaps.len() {
                gaps[gap] += 1;
            }
        }
        *side = Some(entry);
    }
    let total: usize = gaps.iter().sum();
    if total < 500 {
        return 2;
    }
    let mut sum = 0;
    for (gap, n) in gaps.iter().enumerate() {
        sum += n;
        if sum * 10 >= total || gap >= STEP_MAX {
            return id_of(gap.max(2));
        }
    }
    2
}

fn key32(text: &[u8]) -> u32 {
    #[allow(clippy::cast_possible_truncation, reason = "the low half of the hash")]
    let key = hash_bytes(text) as u32;
    key
}

/// Key of a text in [`Postings`].
pub(crate) fn posting_key(text: &str) -> u32 {
    key32(text.as_bytes())
}

/// Keys of a name without blanks and of all that remain when one letter is left out.
pub(crate) fn deletion_keys(folded: &str, mut found: impl FnMut(u32)) {
    let bytes = folded.as_bytes();
    let mut buffer = [0u8; LETTERS_MAX];
    if bytes.len() > LETTERS_MAX {
        return;
    }
    found(key32(bytes));
    for skip in 0..bytes.len() {
        // Leaving out either of two equal letters gives the same.
        if skip > 0 && bytes[skip] == bytes[skip - 1] {
            continue;
        }
        buffer[..skip].copy_from_slice(&bytes[..skip]);
        buffer[skip..bytes.len() - 1].copy_from_slice(&bytes[skip + 1..]);
        found(key32(&buffer[..bytes.len() - 1]));
    }
}

/// Longer names are not searched by spelling.
pub(crate) const LETTERS_MAX: usize = 40;
/// Shorter names are not searched by spelling: nearly everything is near.
pub(crate) const LETTERS_MIN: usize = 3;

/// True for names in which a wrong letter may be a typing error: figures and single letters never are.
pub(crate) fn is_spelled(name: &str) -> bool {
    !name.bytes().any(|b| b.is_ascii_digit()) && name.len() >= LETTERS_MIN
}

fn index_names(county: &mut County) {
    let (mut fold, mut bag, mut deletion, mut word, mut sound) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for id in 0..id_of(county.names.len()) {
        let name = county.names.get(id);
        let folded = reading::fold(name);
        fold.push((posting_key(&folded), id));
        if name.contains(' ') {
            bag.push((posting_key(&reading::bag(name)), id));
            // "6 & 34" is looked for by either of its numbers.
            let is_double = name.contains('&');
            word.extend(name.split(' ').filter(|w| w.len() >= 2 || is_double).map(|w| (posting_key(w), id)));
        }
        if is_spelled(name) {
            deletion_keys(&folded, |key| deletion.push((key, id)));
            let key = reading::sound(name);
            if key.len() >= 3 {
                sound.push((posting_key(&key), id));
            }
        }
    }
    county.by_fold = Postings::from_pairs(fold);
    county.by_bag = Postings::from_pairs(bag);
    county.by_deletion = Postings::from_pairs(deletion);
    county.by_word = Postings::from_pairs_capped(word, NAMES_PER_WORD_MAX);
    county.by_sound = Postings::from_pairs_capped(sound, NAMES_PER_WORD_MAX);
}
