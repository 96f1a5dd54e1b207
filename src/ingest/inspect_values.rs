//! What the values of a column look like, counted while an unknown file is read: a header proposes, the values decide.

use std::sync::OnceLock;

use rustc_hash::FxHashSet;

use crate::ingest::header_places::{AFTER, BEFORE, KIND, NUMBER, Place, STREET};
use crate::ingest::inspect::{ColumnInfo, SAMPLES_MAX, comment};
use crate::ingest::mapper::is_sensitive;
use crate::ingest::profile::AddressPart;
use crate::ingest::value;

const STATES: &str = include_str!("../../data/standards/states.tsv");
const STREET_TYPES: &str = include_str!("../../data/standards/street_types.tsv");
const DIRECTIONS: &[&str] = &[
    "N",
    "S",
    "E",
    "W",
    "NE",
    "NW",
    "SE",
    "SW",
    "NORTH",
    "SOUTH",
    "EAST",
    "WEST",
    "NORTHEAST",
    "NORTHWEST",
    "SOUTHEAST",
    "SOUTHWEST",
    "NO",
    "SO",
];
/// Values of a column that are looked at closely.
const VALUES_LOOKED_AT: u64 = 1_000;
/// Digits of the longest house number.
const HOUSE_DIGITS_MAX: usize = 6;

/// How many values of a column look like what.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Looks {
    n: u64,
    n_states: u64,
    n_zips: u64,
    n_directions: u64,
    n_street_types: u64,
    n_house_numbers: u64,
    /// A house number and a street.
    n_addresses: u64,
    /// `TULSA OK 74103`
    n_place_lines: u64,
    n_dates: u64,
    /// Two words or more.
    n_phrases: u64,
}

fn first_column(table: &'static str) -> FxHashSet<&'static str> {
    table.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split('\t').next()).collect()
}

fn states() -> &'static FxHashSet<&'static str> {
    static STATES_SET: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    STATES_SET.get_or_init(|| first_column(STATES))
}

/// `OKLAHOMA` for `OK`.
pub(super) fn state_name(code: &str) -> Option<&'static str> {
    STATES
        .lines()
        .filter_map(|l| l.split_once('\t'))
        .find(|(c, _)| c.eq_ignore_ascii_case(code.trim()))
        .map(|(_, n)| n.trim())
}

fn street_types() -> &'static FxHashSet<&'static str> {
    static TYPES: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let spellings = STREET_TYPES.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split('\t').nth(1));
        let mut all = first_column(STREET_TYPES);
        all.extend(spellings.flat_map(|s| s.split(' ')));
        all
    })
}

fn is_house_number(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.get(digits..).unwrap_or("");
    let is_tail = rest.len() <= 1
        || rest.starts_with(['-', '/', '.']) && rest.len() <= 6
        || rest.starts_with(' ') && rest.len() <= 5;
    (1..=HOUSE_DIGITS_MAX).contains(&digits) && is_tail
}

/// A house number, an ordinal (`83RD ST`) is none, and letters behind it.
fn is_address(upper: &str) -> bool {
    let Some((number, street)) = upper.split_once(' ') else { return false };
    let is_ordinal = ["ST", "ND", "RD", "TH"].iter().any(|e| number.ends_with(e));
    number.contains(|c: char| c.is_ascii_digit()) && !is_ordinal && street.contains(|c: char| c.is_alphabetic())
}

fn is_zip(text: &str) -> bool {
    let digits: usize = text.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b' ');
    // A ZIP that lost its leading zero as a number has four digits.
    is_plain && matches!(digits, 4 | 5 | 9)
}

impl Looks {
    fn take(&mut self, text: &str) {
        if self.n >= VALUES_LOOKED_AT {
            return;
        }
        self.n += 1;
        let upper = text.to_ascii_uppercase();
        let word = upper.trim_end_matches('.');
        let has = |part| value::address_part(text, part).is_some();
        let is_blank = |c: char| c == ' ';
        self.n_states += u64::from(word.len() == 2 && states().contains(word));
        self.n_zips += u64::from(is_zip(text));
        self.n_directions += u64::from(DIRECTIONS.contains(&word));
        self.n_street_types += u64::from(word.len() <= 24 && word.split(is_blank).any(|w| street_types().contains(w)));
        self.n_house_numbers += u64::from(is_house_number(text));
        let is_numbered = text.starts_with(|c: char| c.is_ascii_digit());
        self.n_addresses += u64::from(is_address(word));
        self.n_place_lines +=
            u64::from(!is_numbered && has(AddressPart::State) && (has(AddressPart::City) || has(AddressPart::Zip)));
        self.n_dates += u64::from(value::date(text, &[]).is_some());
        self.n_phrases += u64::from(text.contains(is_blank));
    }
}

impl ColumnInfo {
    pub(super) fn take(&mut self, text: &str) {
        self.n_filled += 1;
        self.n_numbered += u64::from(text.starts_with(|c: char| c.is_ascii_digit()));
        let has = |part| value::address_part(text, part).is_some();
        if text.contains(',') && has(AddressPart::City) && has(AddressPart::State) {
            self.n_full_addresses += 1;
        }
        match value::number(text) {
            Some(n) => self.range = (self.range.0.min(n), self.range.1.max(n)),
            None => self.is_numeric = false,
        }
        if is_sensitive(&self.name) {
            return;
        }
        self.looks.take(text);
        let sample: String = comment(text).chars().take(40).collect();
        if self.samples.len() < SAMPLES_MAX && !self.samples.contains(&sample) {
            self.samples.push(sample);
        }
    }

    /// Whether the values can be the field's: a column of nothing but small numbers is no address and no owner.
    pub(super) fn fits(&self, field: &str) -> bool {
        let is_degrees = |low: f64, high: f64| self.is_numeric && self.range.0 >= low && self.range.1 <= high;
        match field {
            _ if self.n_filled == 0 => true,
            // `TULSA OK 74103` is the second line of a letter: one in ten at least has a house number.
            "situs_address" if self.looks.n_addresses * 10 < self.looks.n => false,
            "situs_address" | "owner_lines" | "mailing_lines" => !self.is_numeric,
            "lon" => is_degrees(-180.0, 180.0),
            "lat" => is_degrees(-90.0, 90.0),
            "improvement_value" | "total_value" | "sale_price" | "building_area_sqft" | "year_built" => self.is_numeric,
            _ => true,
        }
    }

    /// Whether the values could be owners: words, as a rule several, without a house number.
    pub(super) fn looks_like_names(&self) -> bool {
        let is_varied = self.samples.len() == SAMPLES_MAX;
        let Looks { n, n_phrases, n_addresses, n_place_lines, n_dates, .. } = self.looks;
        !self.is_numeric
            && is_varied
            && n_phrases * 2 > n
            && n_addresses * 10 < n
            && n_place_lines * 2 < n
            && n_dates * 2 < n
    }

    /// Whether most values are a house number and a street.
    pub(super) fn looks_like_addresses(&self) -> bool {
        !self.is_numeric && self.looks.n > 0 && self.looks.n_addresses * 2 > self.looks.n
    }

    /// Whether most values look like what belongs in a place that only the words of the header name.
    pub(super) fn looks_like(&self, place: Place) -> bool {
        let is_share = |n: u64, percent: u64| self.looks.n > 0 && n * 100 >= self.looks.n * percent;
        let is_text = !self.is_numeric && self.n_filled > 0;
        let looks = self.looks;
        match place {
            Place::Field("situs_state" | "mail_state") => is_share(looks.n_states, 80),
            Place::Field("situs_zip" | "mail_zip") => is_share(looks.n_zips, 70),
            Place::Field("situs_city" | "mail_city" | "service_city") => {
                is_text
                    && self.n_numbered * 10 < self.n_filled * 3
                    && !is_share(looks.n_place_lines, 50)
                    && !is_share(looks.n_states, 80)
            }
            Place::Field("situs_address" | "service_address") => is_share(looks.n_addresses, 10),
            Place::Field("sale_date" | "opened_on" | "closed_on" | "read_on" | "tapped_on") => {
                is_share(looks.n_dates, 50)
            }
            Place::Field("year_built") => self.is_numeric && self.range.1 < 2200.0 && self.range.1 > 1500.0,
            Place::Field(
                "sale_price" | "improvement_value" | "total_value" | "building_area_sqft" | "balance" | "reading"
                | "consumption",
            ) => self.is_numeric && self.n_filled > 0 && self.range.1 > 0.0,
            Place::Field(_) => self.n_filled > 0,
            Place::Bare(at) => self.looks_like(Place::Field(["situs_city", "situs_state", "situs_zip"][at])),
            Place::SitusTown | Place::MailTown | Place::BareTown => is_share(looks.n_place_lines, 50),
            Place::OwnerLine(_) | Place::OwnerPiece(_) | Place::Legal(_) => is_text,
            // `C/O` lines and post boxes have no number in front.
            Place::MailLine(1) => is_text && is_share(looks.n_phrases, 50),
            Place::BareLine(0) => is_share(looks.n_addresses, 10),
            Place::MailLine(_) | Place::BareLine(_) => is_text,
            Place::SitusPiece(at) | Place::MailPiece(at) => match at {
                NUMBER => is_share(looks.n_house_numbers, 70),
                BEFORE | AFTER => is_share(looks.n_directions, 80),
                KIND => is_share(looks.n_street_types, 60) && !is_share(looks.n_addresses, 30),
                STREET => self.n_filled > 0 && !is_share(looks.n_addresses, 30),
                _ => self.n_filled > 0,
            },
            Place::DeedPart(_) => self.n_filled > 0,
        }
    }
}
