//! Why an address has no match: the nearest address that was refused and what speaks against it, and the house numbers that
//! the street does have. Words only; the decision is made elsewhere.

use super::collect::Found;
use super::compare::Asked;
use super::county::County;
use super::explain::{number_text, situs_text, street_text};
use super::levels::{
    ELEMENTS, NAME, NAME_ALIKE, NAME_NUMBER_ALONE, NUMBER, NUMBER_COVERED, NUMBER_COVERED_ALONE, NUMBER_EXACT,
    NUMBER_IN_RANGE, NUMBER_RANGE_SAME,
};
use super::matcher::{CANDIDATES_MAX, Matcher};
use super::names::{self, NameHit};
use super::numbers;
use super::reading::street_words;
use crate::address::{self, Parsed};

/// House numbers named of a street; more do not help to see a typing error.
const NUMBERS_SHOWN: usize = 4;
/// Elements named that speak against an address, and the bits from which one does.
const ELEMENTS_SHOWN: usize = 2;
const AGAINST_BITS: f64 = -1.0;

/// Why a text without any candidate has none.
pub(crate) fn why_nothing(county: &County, text: &str) -> String {
    let parsed = address::parse_in(text, county);
    let Some(reading) = parsed.readings.first() else { return "there is no text".to_owned() };
    if reading.po_box.is_some() && reading.address_number.is_none() {
        return "a post office box is not a place".to_owned();
    }
    if reading.address_number.is_none() && reading.cross_street.is_some() {
        return "a corner of two streets is not one address".to_owned();
    }
    if reading.address_number.is_none() {
        return "no usable house number".to_owned();
    }
    if reading.street.street_name.is_empty() {
        return "no street name".to_owned();
    }
    let mut hits = Vec::new();
    let words = street_words(&reading.street);
    names::same(county, &words.name, &mut hits);
    let is_called_so = !hits.is_empty();
    names::near(county, &words.name, &mut hits);
    let street = first_asked(county, &parsed).and_then(|asked| Some((nearest_street(county, &asked, &hits)?, asked)));
    match street {
        None => format!("no street of the county is called anything like {}", reading.street.street_name),
        Some((street, asked)) if is_called_so => {
            format!("the street is known, the house number is not on it; {}", numbers_of(county, street, &asked))
        }
        Some((street, asked)) => format!(
            "no street of the county is called {}, and the house number is not on the streets most like it; {}",
            reading.street.street_name,
            numbers_of(county, street, &asked)
        ),
    }
}

/// Why the best candidate was refused; there is one.
pub(crate) fn why_refused(matcher: &Matcher, ranked: &[Found], text: &str) -> String {
    let county = matcher.county();
    let Some(best) = ranked.first() else { return why_nothing(county, text) };
    let has_number_only = |f: &Found| matches!(f.levels[NAME], NAME_ALIKE | NAME_NUMBER_ALONE);
    if has_number_only(best) {
        let others: Vec<String> = ranked
            .iter()
            .filter(|f| has_number_only(f))
            .take(CANDIDATES_MAX)
            .map(|found| situs_text(county, found))
            .collect();
        return format!("{}; with that house number there is {}", why_nothing(county, text), others.join(", "));
    }
    let situs = situs_text(county, best);
    if best.bits > 0.0 {
        return format!("several addresses fit as well as {situs}, and nothing tells them apart");
    }
    let mut against: Vec<(f64, usize)> = (0..ELEMENTS.len())
        .map(|element| (matcher.bits()[best.levels[element] as usize], element))
        .filter(|(bits, _)| *bits <= AGAINST_BITS)
        .collect();
    against.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let words: Vec<&str> = against.iter().take(ELEMENTS_SHOWN).map(|(_, element)| WORDS[*element]).collect();
    let words = match words.as_slice() {
        [] => "it differs in several small things".to_owned(),
        [one] => format!("its {one} does not fit"),
        more => format!("its {} do not fit", more.join(" and ")),
    };
    let has_number = matches!(
        best.levels[NUMBER],
        NUMBER_EXACT | NUMBER_RANGE_SAME | NUMBER_IN_RANGE | NUMBER_COVERED | NUMBER_COVERED_ALONE
    );
    let numbers = county.entries[..best.end as usize]
        .get(best.start as usize)
        .filter(|_| !has_number)
        .and_then(|entry| {
            Some(numbers_of(county, entry.street, &first_asked(county, &address::parse_in(text, county))?))
        })
        .map_or_else(String::new, |told| format!("; {told}"));
    format!("the nearest address of the county, {situs}, was refused: {words}{numbers}")
}

/// An element of the waterfall (`address_number`) in words (`house number`); unknown ones as they are.
pub fn element_words(element: &str) -> &str {
    ELEMENTS.iter().position(|e| *e == element).map_or(element, |at| WORDS[at])
}

/// The elements in words, in the order of [`ELEMENTS`].
const WORDS: [&str; ELEMENTS.len()] = [
    "street name",
    "direction",
    "street type",
    "house number",
    "letter or fraction of the house number",
    "unit",
    "ZIP",
    "place",
    "distance from the point",
    "owner",
    "reading",
];

fn first_asked(county: &County, parsed: &Parsed) -> Option<Asked> {
    parsed.readings.first().and_then(|reading| Asked::new(reading, "", "", county))
}

/// The street most like the one asked for: by name as found, then by direction and type, then by its nearest number.
fn nearest_street(county: &County, asked: &Asked, hits: &[NameHit]) -> Option<u32> {
    let rank = |street: &u32| {
        let own = &county.streets[*street as usize];
        let is_other = own.directions != asked.street.directions;
        let kind = county.words.get(own.kind);
        let distance = numbers::nearest(county, *street, &asked.number, 1)
            .first()
            .map_or(u32::MAX, |entry| entry.low.abs_diff(asked.number.low));
        (is_other, kind != asked.street.kind, distance, *street)
    };
    hits.iter().find_map(|(name, _)| county.streets_named(*name).iter().copied().min_by_key(rank))
}

/// "ROCKWELL ST has 101, 105, 113".
fn numbers_of(county: &County, street: u32, asked: &Asked) -> String {
    let name = street_text(county, &county.streets[street as usize]);
    let found = numbers::nearest(county, street, &asked.number, NUMBERS_SHOWN);
    let told: Vec<String> = found.iter().map(|entry| number_text(county, entry)).collect();
    if told.is_empty() { format!("{name} has no house numbers") } else { format!("{name} has {}", told.join(", ")) }
}
