//! One reading of an address text in the form that is compared: the same for the county's rows and for queries.

use crate::address;
use crate::model::address::{Address, AddressNumber, Direction, Street};

/// Widest range of house numbers that is believed; what looks wider is a number and something else.
pub(crate) const SPAN_MAX: u32 = 1_000;
/// Widest range made by completing a short second part (`4154-6` is 4154 to 4156).
const COMPLETED_SPAN_MAX: u32 = 98;

/// A street in comparable words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StreetWords {
    pub(crate) name: String,
    /// Direction before the name in the low byte, behind it in the next; 0 is none.
    pub(crate) directions: u32,
    pub(crate) kind: String,
    /// The type between a numbered street's number and its type: ST of 34TH STREET CT.
    pub(crate) inner: &'static str,
    pub(crate) class: String,
}

/// A house number as compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Number {
    pub(crate) low: u32,
    pub(crate) high: u32,
    pub(crate) suffix: String,
    pub(crate) prefix: String,
    /// A second part that can be no end of a range: `457-2` is unit 2 of 457.
    pub(crate) unit: String,
}

/// One to eight for the compass, 0 for none.
pub(crate) fn direction_code(direction: Option<Direction>) -> u32 {
    direction.map_or(0, |d| match d {
        Direction::N => 1,
        Direction::S => 2,
        Direction::E => 3,
        Direction::W => 4,
        Direction::Ne => 5,
        Direction::Nw => 6,
        Direction::Se => 7,
        Direction::Sw => 8,
    })
}

/// The letters of a direction code.
pub(crate) fn direction_word(code: u32) -> &'static str {
    ["", "N", "S", "E", "W", "NE", "NW", "SE", "SW"].get(code as usize).copied().unwrap_or_default()
}

/// Streets that differ only in the habit of writing become equal: `AVENUE H` is `H AVE`, `75 STREET CT` is `75 CT`.
pub(crate) fn street_words(street: &Street) -> StreetWords {
    let mut name = address::core_name(&street.street_name);
    let mut inner = "";
    let mut kind = address::compared_type(street).unwrap_or_default().to_owned();
    if street.premodifier.is_some() {
        name.insert_str(0, "OLD ");
    }
    if let Some((first, second)) = name.split_once(' ').filter(|(_, second)| !second.contains(' ')) {
        let type_of_first = address::type_words(first).filter(|t| t.1 == first);
        let is_letter_street = kind.is_empty() && second.len() <= 2 && street.pretype.is_none();
        let is_numbered = first.bytes().all(|b| b.is_ascii_digit());
        if let Some((canonical, _)) = type_of_first.filter(|_| is_letter_street) {
            kind = canonical.to_owned();
            name = second.to_owned();
        } else if is_numbered && address::type_words(second).is_some_and(|t| t.1 == second) {
            let second = address::type_words(second).map_or("", |t| t.0);
            if kind.is_empty() {
                kind = second.to_owned();
            } else if kind != second {
                inner = second;
            }
            name.truncate(first.len());
        }
    }
    // A type typed twice: BEAVER LAKE BLVD BLVD.
    let once = name.rsplit_once(' ').filter(|(_, last)| address::type_words(last).is_some_and(|t| t.0 == kind));
    if let Some(n) = once.map(|(rest, _)| rest.len()) {
        name.truncate(n);
    }
    let directions = direction_code(street.predirectional) | direction_code(street.postdirectional) << 8;
    let class = street.pretype.as_deref().map_or("", address::road_class).to_owned();
    StreetWords { name, directions, kind, inner, class }
}

/// Endings that are written without the blank before them.
const GLUED_TYPES: [&str; 16] = [
    "STREET", "AVENUE", "COURT", "DRIVE", "PLACE", "BLVD", "LANE", "ROAD", "AVE", "CIR", "WAY", "ST", "RD", "DR", "LN",
    "CT",
];

/// The same words with a type or direction glued to the name or taken from it.
pub(crate) fn otherwise_glued(street: &StreetWords) -> Vec<StreetWords> {
    let mut found = Vec::new();
    let is_word = street.name.len() >= 5 && street.name.bytes().all(|b| b.is_ascii_alphabetic());
    let (before, behind) = (street.directions & 0xff, street.directions >> 8);
    if is_word && street.kind.is_empty() {
        let cut = GLUED_TYPES.iter().find_map(|t| Some((street.name.strip_suffix(t)?, *t)));
        if let Some((name, kind)) = cut.filter(|(name, _)| name.len() >= 3) {
            let kind = address::type_words(kind).map_or("", |t| t.0).to_owned();
            found.push(StreetWords { name: name.to_owned(), kind, ..street.clone() });
        }
    }
    for (code, word) in (1u32..).zip(["NORTH", "SOUTH", "EAST", "WEST"]) {
        if let Some(name) = street.name.strip_prefix(word).filter(|rest| rest.len() >= 3 && before == 0) {
            let name = name.trim_start().to_owned();
            found.push(StreetWords { name, directions: street.directions | code, ..street.clone() });
        }
        if before == code && !street.name.contains(' ') && !street.name.starts_with(|c: char| c.is_ascii_digit()) {
            let name = format!("{word}{}", street.name);
            found.push(StreetWords { name, directions: behind << 8, ..street.clone() });
        }
    }
    // "S W BLVD" is Southwest Boulevard.
    let quadrant = match (direction_word(before), street.name.as_str()) {
        ("N", "E" | "EAST") => "NE",
        ("N", "W" | "WEST") => "NW",
        ("S", "E" | "EAST") => "SE",
        ("S", "W" | "WEST") => "SW",
        _ => "",
    };
    if !quadrant.is_empty() {
        found.push(StreetWords { name: quadrant.to_owned(), directions: behind << 8, ..street.clone() });
    }
    // "S 300 EAST ST" on a grid is S 300 E; "S 73RD AVE E" where the streets are called 73 E AVE.
    let is_figure = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let code_of = |word: &str| (1..=4u32).find(|code| direction_word(*code) == word);
    if let Some((figure, word)) = street.name.split_once(' ').filter(|(figure, _)| is_figure(figure) && behind == 0)
        && let Some(code) = code_of(word)
    {
        let grid = StreetWords { name: figure.to_owned(), directions: before | code << 8, ..street.clone() };
        found.push(StreetWords { kind: String::new(), ..grid.clone() });
        found.push(grid);
    } else if is_figure(&street.name) && (1..=4).contains(&behind) {
        let name = format!("{} {}", street.name, direction_word(behind));
        found.push(StreetWords { name, directions: before, ..street.clone() });
    }
    found
}

/// The house number as compared, where the county's hyphens are composite numbers or not.
pub(crate) fn number(number: &AddressNumber, hyphens_are_composite: bool) -> Number {
    let mut found = Number {
        low: number.low,
        high: number.low,
        suffix: number.suffix.clone().unwrap_or_default(),
        prefix: number.prefix.clone().unwrap_or_default(),
        unit: String::new(),
    };
    if number.half {
        if !found.suffix.is_empty() {
            found.suffix.push(' ');
        }
        found.suffix.push_str("1/2");
    }
    let Some(high) = number.high.filter(|h| *h != number.low) else { return found };
    if number.hyphenated && hyphens_are_composite && !is_written_range(number, high) {
        found.suffix = format!("-{high}{}", found.suffix);
    } else if high > number.low && high - number.low <= SPAN_MAX {
        found.high = high;
    } else if !number.hyphenated && high < number.low && number.low - high <= SPAN_MAX {
        (found.low, found.high) = (high, number.low);
    } else {
        match completed(number.low, high) {
            Some(full) => found.high = full,
            None => found.unit = high.to_string(),
        }
    }
    found
}

/// A range covers fewer house numbers than this.
pub(crate) const WRITTEN_SPAN_MAX: u32 = 200;

/// `1120-1124` is a range also where `80-44` is a house: a block has no hundred houses, so the second part of a composite
/// number is shorter.
fn is_written_range(number: &AddressNumber, high: u32) -> bool {
    let is_long = |part: &str| part.len() >= 3 && part.bytes().all(|b| b.is_ascii_digit());
    let is_even = number.raw.split_once('-').is_some_and(|(a, b)| a.len() == b.len() && is_long(a) && is_long(b));
    is_even && high > number.low && high - number.low < WRITTEN_SPAN_MAX
}

/// The end of a range of which only the last digits were written.
fn completed(low: u32, short: u32) -> Option<u32> {
    let scale = 10u32.checked_pow(short.checked_ilog10()? + 1)?;
    let full = (low / scale) * scale + short;
    (short < low && full > low && full - low <= COMPLETED_SPAN_MAX).then_some(full)
}

/// The units of an address in one comparable word: the building first (UNIT 8, BLDG 1 / BLDG 1 UNIT 8), figures before letters
/// (A238 / 238A), lists as `A&B` and `7-8`. Two units of one house that become equal by this are two answers, never a silent pick.
pub(crate) fn unit(address: &Address, number: &Number) -> String {
    let mut all = number.unit.clone();
    for is_building in [true, false] {
        for occupancy in address.occupancy.iter().filter(|o| (o.occupancy_type == "BLDG") == is_building) {
            let id =
                if occupancy.occupancy_id.is_empty() { &occupancy.occupancy_type } else { &occupancy.occupancy_id };
            if !all.is_empty() {
                all.push(' ');
            }
            for (i, part) in id.split(['&', ',']).enumerate() {
                if i > 0 && !all.ends_with(['&', ' ']) && !all.is_empty() {
                    all.push('&');
                }
                push_unit(&mut all, part);
            }
            all.truncate(all.trim_end_matches('&').len());
        }
    }
    all
}

/// Widest range of units that is believed.
const UNITS_MAX: u32 = 50;

/// True when the unit is one of those that `listed` names: `A&B`, `7-8`.
pub(crate) fn lists_unit(listed: &str, unit: &str) -> bool {
    listed.split('&').any(|part| {
        part == unit
            || part.split_once('-').is_some_and(|(first, last)| {
                match (first.parse::<u32>(), unit.parse(), last.parse()) {
                    (Ok(first), Ok(unit), Ok(last)) => first <= unit && unit <= last,
                    _ => unit.len() == 1 && first <= unit && unit <= last,
                }
            })
    })
}

/// One unit: a range of units keeps its hyphen, in every other the figures come first.
fn push_unit(all: &mut String, id: &str) {
    let start = all.len();
    let id = id.trim_start_matches(|c: char| c == '0' || !c.is_ascii_alphanumeric());
    let range = id.split_once('-').map(|(a, b)| (a.trim(), b.trim())).filter(|(first, last)| {
        let is_letter = |s: &str| s.len() == 1 && s.as_bytes()[0].is_ascii_alphabetic();
        match (first.parse::<u32>(), last.parse::<u32>()) {
            (Ok(first), Ok(last)) => first < last && last - first <= UNITS_MAX,
            _ => is_letter(first) && is_letter(last) && first < last,
        }
    });
    if let Some((first, last)) = range {
        all.extend([first, "-", last]);
        return;
    }
    all.extend(id.chars().filter(char::is_ascii_alphanumeric));
    let n_letters = all[start..].bytes().take_while(u8::is_ascii_alphabetic).count();
    let is_turned = n_letters > 0 && all[start + n_letters..].bytes().all(|b| b.is_ascii_digit());
    if is_turned && start + n_letters < all.len() {
        let letters: String = all.drain(start..start + n_letters).collect();
        all.push_str(&letters);
    }
}

/// Five digits as a number, 0 when there are none.
pub(crate) fn zip_number(zip: &str) -> u32 {
    zip.trim().get(..5).and_then(|z| z.parse().ok()).unwrap_or(0)
}

/// A name without its blanks.
pub(crate) fn fold(name: &str) -> String {
    name.chars().filter(|c| *c != ' ').collect()
}

/// A name with its words in order of the alphabet, without blanks.
pub(crate) fn bag(name: &str) -> String {
    let mut words: Vec<&str> = name.split(' ').collect();
    words.sort_unstable();
    words.concat()
}

/// How a name sounds, roughly: the first letter, then the groups of consonants that are mistaken for each other, vowels
/// and doubled letters left out.
pub(crate) fn sound(name: &str) -> String {
    let mut key = String::with_capacity(12);
    let mut last = '\0';
    let mut letters = name.bytes().filter(u8::is_ascii_alphabetic).peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied().unwrap_or(b' ');
        let group = match (letter, next) {
            (b'P', b'H') => 'F',
            (b'K', b'N') | (b'W', b'R') if key.is_empty() => continue,
            (b'A' | b'E' | b'I' | b'O' | b'U' | b'Y' | b'H' | b'W', _) => {
                if key.is_empty() {
                    'A'
                } else {
                    last = '\0';
                    continue;
                }
            }
            (b'G', b'H') if !key.is_empty() => continue,
            (b'C', b'E' | b'I' | b'Y') | (b'S' | b'Z', _) => 'S',
            (b'C' | b'K' | b'Q' | b'G' | b'J' | b'X', _) => 'K',
            (b'D' | b'T', _) => 'T',
            (b'F' | b'V', _) => 'F',
            (b'M' | b'N', _) => 'N',
            (b'B' | b'P', _) => 'P',
            (other, _) => char::from(other),
        };
        if group != last {
            key.push(group);
        }
        last = group;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::{StreetWords, number, sound, street_words};
    use crate::address;

    fn number_of(text: &str, is_composite: bool) -> (u32, u32, String, String) {
        let parsed = address::parse(text);
        let found = number(parsed.readings[0].address_number.as_ref().expect("a number"), is_composite);
        (found.low, found.high, found.suffix, found.unit)
    }

    #[test]
    fn second_parts_are_ranges_units_or_composite_numbers() {
        let text = |s: &str| s.to_owned();
        assert_eq!(number_of("101-109 MAIN ST", false), (101, 109, text(""), text("")));
        assert_eq!(number_of("4154-6 E 33 ST", false), (4154, 4156, text(""), text("")));
        assert_eq!(number_of("457-2 MT AUBURN ST", false), (457, 457, text(""), text("2")));
        assert_eq!(number_of("80-44 LEFFERTS BLVD", true), (80, 80, text("-44"), text("")));
        assert_eq!(number_of("338 TO 348 SAINT JOHNS PL", true), (338, 348, text(""), text("")));
        assert_eq!(number_of("131-35 SANFORD AVE", true).2, "-135");
        assert_eq!(number_of("1120-1124 BRYANT AVE", true), (1120, 1124, text(""), text("")));
        assert_eq!(number_of("123 1/2 MAIN ST", false), (123, 123, text("1/2"), text("")));
    }

    #[test]
    fn habits_of_writing_make_no_other_street() {
        let words = |line: &str| street_words(&address::parse(line).readings[0].street);
        assert_eq!(words("914 AVE E"), words("914 E AVE"));
        assert_eq!(words("3131 N 75 STREET CT"), StreetWords { inner: "ST", ..words("3131 N 75TH CT") });
        assert_eq!(words("819 BEAVER LAKE BLVD BLVD"), words("819 BEAVER LAKE BLVD"));
        assert_ne!(words("100 E 21ST ST S"), words("100 E 21ST PL S"));
    }

    #[test]
    fn names_that_sound_alike_have_one_key() {
        assert_eq!(sound("PHILIPS"), sound("FILLIPS"));
        assert_eq!(sound("KNIGHT"), sound("NITE"));
        assert_ne!(sound("BAKER"), sound("MAKER"));
    }
}
