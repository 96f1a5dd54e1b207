//! A county learnt from rows in the order of parcels, only to be written: texts lie on a shelf, and nothing is looked up to see
//! whether it is new.
//!
//! The bytes are those of a county that [`super::build::Learner`] made of the same rows.

use crate::model::parcel::LonLat;
use crate::model::texts::{MaybeShelf, Texts};

use super::build::{Lines, Places, StreetAlias};
use super::county::{County, Shelved, position_words};
use super::flat::{Collected, CollectedWords, Strings, hash_bytes, id_of};
use super::reading;

/// One situs of the county; the rows of a parcel follow each other.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderedRow<'a> {
    /// Public parcel number.
    pub parcel_no: &'a str,
    /// Situs line.
    pub situs: &'a str,
    /// Situs place.
    pub place: &'a str,
    /// Situs ZIP.
    pub zip: &'a str,
    /// A number for the owner line, small and without many gaps; 0 for none.
    pub owner: u32,
    /// A point on the parcel.
    pub position: Option<LonLat>,
}

/// Numbers from here on are of places that the parser does not know.
const MORE_PLACES: u32 = 1 << 31;

/// The owner that a number stands for is not known yet.
const ABSENT: u32 = u32::MAX;

/// Takes rows of a county, then the owners that they name, then makes the county.
pub struct OrderedLearner {
    shelf: MaybeShelf,
    places: Places,
    /// Places beyond those that the parser knows.
    more_places: Strings,
    /// The place of the last row, and its number.
    last_place: (String, u32),
    parcel_nos: Collected,
    last_parcel: String,
    /// Hashes of the situs of the last parcel.
    situs_of_parcel: Vec<u64>,
    /// Situs with their parcel, place and ZIP before them: they are parsed when all places are known.
    rows: Texts,
    row: String,
    /// Position of each owner, by the number of its line.
    owners: Vec<u32>,
    /// Numbers of the owner lines, in the order that rows name them.
    owner_lines: Vec<u32>,
    /// An owner was named again since the last new one.
    is_owner_asked: bool,
    owner_of: CollectedWords,
    positions: CollectedWords,
}

impl OrderedLearner {
    /// Starts with room for so many parcels.
    pub fn new(shelf: MaybeShelf, n_parcels: usize) -> Self {
        let mut rows = Texts::on_shelf(shelf.clone());
        rows.reserve(n_parcels);
        Self {
            parcel_nos: Collected::new(shelf.clone()),
            owner_of: CollectedWords::new(shelf.clone()),
            positions: CollectedWords::new(shelf.clone()),
            shelf,
            places: Places::default(),
            more_places: Strings::default(),
            last_place: (String::new(), 0),
            last_parcel: String::new(),
            situs_of_parcel: Vec::new(),
            rows,
            row: String::new(),
            owners: vec![0],
            owner_lines: Vec::new(),
            is_owner_asked: false,
        }
    }

    /// Takes a row in. One without a situs keeps its parcel (a point can still find it).
    pub fn add(&mut self, row: &OrderedRow<'_>) {
        if self.parcel_nos.len() == 0 || self.last_parcel != row.parcel_no {
            self.parcel_nos.push(row.parcel_no);
            self.last_parcel.clear();
            self.last_parcel.push_str(row.parcel_no);
            self.situs_of_parcel.clear();
            let owner = self.owner_id(row.owner);
            self.owner_of.push(owner);
            position_words(row.position).into_iter().for_each(|word| self.positions.push(word));
        } else {
            self.parcel_nos.ask();
        }
        let (place, situs) = (self.place_of(row.place), row.situs.trim());
        let hash = hash_bytes(situs.as_bytes());
        if !self.situs_of_parcel.contains(&hash) {
            self.situs_of_parcel.push(hash);
            let parcel = self.parcel_nos.len() - 1;
            self.row.clear();
            let mut buffer = itoa::Buffer::new();
            for number in [id_of(parcel), place, reading::zip_number(row.zip)] {
                self.row.push_str(buffer.format(number));
                self.row.push(' ');
            }
            self.row.push_str(situs);
            self.rows.push(&self.row);
        }
    }

    fn place_of(&mut self, place: &str) -> u32 {
        if self.last_place.0 != place {
            let id = match self.places.id_of(place) {
                Some(id) => id,
                None => MORE_PLACES + self.more_places.intern(place),
            };
            self.last_place = (place.to_owned(), id);
        }
        self.last_place.1
    }

    fn owner_id(&mut self, line: u32) -> u32 {
        let at = line as usize;
        if self.owners.len() <= at {
            self.owners.resize((at + 1).max(self.owners.len() * 2), ABSENT);
        }
        self.is_owner_asked = self.owners[at] != ABSENT;
        if !self.is_owner_asked {
            self.owner_lines.push(line);
            // Position 0: no owner.
            self.owners[at] = id_of(self.owner_lines.len());
        }
        self.owners[at]
    }

    /// The owner lines that rows named, in the order in which [`OrderedLearner::finish`] wants them.
    pub fn owner_lines(&self) -> &[u32] {
        &self.owner_lines
    }

    /// The county; `owners` calls its argument with each of [`OrderedLearner::owner_lines`] as a text.
    ///
    /// # Errors
    /// What `owners` gives.
    pub fn finish<E>(
        self,
        aliases: &[StreetAlias],
        owners: impl FnOnce(&[u32], &mut dyn FnMut(&str)) -> Result<(), E>,
    ) -> Result<WrittenCounty, E> {
        let Self {
            shelf, places, more_places, parcel_nos, rows, owner_lines, is_owner_asked, owner_of, positions, ..
        } = self;
        let mut owner_texts = Collected::new(shelf);
        owner_texts.push("");
        owners(&owner_lines, &mut |text| {
            owner_texts.push(text.trim());
        })?;
        if is_owner_asked {
            owner_texts.ask();
        }
        drop(owner_lines);
        let texts = PlaceTexts { known: places.0.clone(), more: more_places };
        let mut lines = Lines::new(places);
        lines.builder.county.entries.reserve_exact(rows.len());
        rows.each(|_, row| {
            let mut parts = row.splitn(4, ' ');
            let mut number = || parts.next().and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
            let (parcel, place, zip) = (number(), number(), number());
            lines.add(parts.next().unwrap_or_default(), (texts.get(place), zip), parcel);
        });
        drop((rows, texts));
        lines.builder.county.shelved = Some(Shelved { parcel_nos, owners: owner_texts, owner_of, positions });
        Ok(WrittenCounty(lines.finish(aliases)))
    }
}

/// Places by the numbers of [`OrderedLearner`].
struct PlaceTexts {
    known: Strings,
    more: Strings,
}

impl PlaceTexts {
    fn get(&self, place: u32) -> &str {
        place.checked_sub(MORE_PLACES).map_or_else(|| self.known.get(place), |id| self.more.get(id))
    }
}

/// A county that is only written; a [`super::Matcher`] reads it.
pub struct WrittenCounty(County);

impl WrittenCounty {
    /// The bytes of the county one piece after the other.
    pub fn each_piece(&self, each: &mut dyn FnMut(&[u8])) {
        self.0.write(Some(each));
    }

    /// The number of those bytes.
    pub fn byte_len(&self) -> usize {
        self.0.write(None)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{OrderedLearner, OrderedRow};
    use crate::matching::{Learner, Matcher, Places, ReferenceRow, StreetAlias, Weights};
    use crate::model::parcel::LonLat;
    use crate::model::texts::Board;

    /// Parcel number, situs, place, ZIP, owner.
    type Row = (String, String, String, String, u32);

    fn rows(n_places: u32) -> Vec<Row> {
        let mut rows = Vec::new();
        for n in 0..2_500u32 {
            let place = ["TULSA", "Owasso", ""][(n % 3) as usize];
            let place = if n_places > 3 { format!("TOWN {}", n * 7) } else { place.to_owned() };
            let mut add = |situs: String| {
                rows.push((format!("R{n}"), situs, place.clone(), format!("7410{}-1", n % 4), (n * 31) % 900));
            };
            add(format!("{} {} ST", n % 400 + 1, ["OAK", "S ELM", "E 21ST", "CHESTNUT"][(n % 4) as usize]));
            match n % 9 {
                0 => add(String::new()),
                1 => add(format!("{}-{} S ELM ST UNIT B", n % 400, n % 400 + 6)),
                2 => add(format!("{} E 21 ST, BIXBY", n % 400 + 3)),
                4 => add(format!("{} OAK ST, BIXBY OK 74008", n % 400 + 5)),
                5 => add(format!("{} CHESTNUT ST UNIT 4", n % 400 + 5)),
                3 => (0..2).for_each(|_| add(format!("{} OAK ST", n % 400 + 1))),
                _ => {}
            }
        }
        rows
    }

    fn owner(line: u32) -> String {
        if line == 0 { String::new() } else { format!(" ZEDI {line} LLC ") }
    }

    #[test]
    fn the_bytes_are_those_of_a_county_learnt_with_look_ups() {
        let aliases = [StreetAlias { written: "ELMWOOD AVE".to_owned(), county: "S ELM ST".to_owned() }];
        for n_places in [3, 2_500] {
            let rows = rows(n_places);
            let at = |n: usize| (!n.is_multiple_of(5)).then(|| LonLat { lon: -95.0 - n as f64 / 1e5, lat: 36.0 });
            let mut places = Places::default();
            rows.iter().for_each(|row| places.add(&row.2));
            let mut learner = Learner::new(places);
            let mut ordered = OrderedLearner::new(Some(Arc::new(Board::default())), rows.len());
            for (n, (parcel_no, situs, place, zip, line)) in rows.iter().enumerate() {
                let (owner, position) = (owner(*line), at(n));
                learner.add(&ReferenceRow { parcel_no, situs, place, zip, owner: &owner, position });
                ordered.add(&OrderedRow { parcel_no, situs, place, zip, owner: *line, position });
            }
            let expected = Matcher::learnt(learner, &aliases, Weights::default()).to_bytes();
            let texts = |lines: &[u32], put: &mut dyn FnMut(&str)| -> Result<(), ()> {
                lines.iter().for_each(|line| put(&owner(*line)));
                Ok(())
            };
            let county = ordered.finish(&aliases, texts).unwrap();
            let mut bytes = Vec::new();
            county.each_piece(&mut |piece| bytes.extend_from_slice(piece));
            assert_eq!(county.byte_len(), bytes.len());
            assert!(bytes == expected, "{n_places}");
        }
    }
}
