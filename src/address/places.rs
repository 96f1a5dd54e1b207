//! Places whose name begins with a direction, so that `SALEM ST W SPRINGFIELD` ends at `ST`.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::tokens::Tokens;

/// Cities called after a saint that are seen far more often than a place of the bare name.
const SAINTS: [&str; 14] = [
    "LOUIS",
    "PAUL",
    "PETERSBURG",
    "CLOUD",
    "JOSEPH",
    "AUGUSTINE",
    "HELENS",
    "ALBANS",
    "JOHNSBURY",
    "LUCIE",
    "SIMONS",
    "CHARLES",
    "GEORGE",
    "MARYS",
];

/// True when `ST` before the word makes a city.
pub(crate) fn is_saint(word: &str) -> bool {
    SAINTS.contains(&word)
}

/// ZIP prefixes and their states (USPS labeling list L002): the last prefix of each run.
const ZIP_RUNS: [(u16, &str); 62] = [
    (4, ""),
    (5, "NY"),
    (9, "PR"),
    (27, "MA"),
    (29, "RI"),
    (38, "NH"),
    (49, "ME"),
    (54, "VT"),
    (55, "MA"),
    (59, "VT"),
    (69, "CT"),
    (89, "NJ"),
    (99, ""),
    (149, "NY"),
    (196, "PA"),
    (199, "DE"),
    (200, "DC"),
    (201, "VA"),
    (205, "DC"),
    (219, "MD"),
    (246, "VA"),
    (268, "WV"),
    (289, "NC"),
    (299, "SC"),
    (319, "GA"),
    (349, "FL"),
    (369, "AL"),
    (385, "TN"),
    (397, "MS"),
    (399, "GA"),
    (427, "KY"),
    (459, "OH"),
    (479, "IN"),
    (499, "MI"),
    (528, "IA"),
    (549, "WI"),
    (567, "MN"),
    (569, "DC"),
    (577, "SD"),
    (588, "ND"),
    (599, "MT"),
    (629, "IL"),
    (658, "MO"),
    (679, "KS"),
    (693, "NE"),
    (714, "LA"),
    (729, "AR"),
    (749, "OK"),
    (799, "TX"),
    (816, "CO"),
    (831, "WY"),
    (838, "ID"),
    (847, "UT"),
    (865, "AZ"),
    (884, "NM"),
    (885, "TX"),
    (898, "NV"),
    (961, "CA"),
    (968, "HI"),
    (969, "GU"),
    (979, "OR"),
    (994, "WA"),
];

/// The state of a ZIP code, by its first three digits.
pub(crate) fn state_of_zip(zip: &str) -> Option<&'static str> {
    let prefix: u16 = zip.get(..3)?.parse().ok()?;
    if prefix == 733 {
        return Some("TX");
    }
    let at = ZIP_RUNS.partition_point(|(last, _)| *last < prefix);
    let state = ZIP_RUNS.get(at).map_or("AK", |(_, state)| *state);
    (!state.is_empty()).then_some(state)
}

/// Names of places by the hash of their words.
struct Places {
    /// States that have a place of the name, one bit each; [`ANYWHERE`] for a name of `directional_places.tsv`.
    states: FxHashMap<u64, u64>,
}

/// The bit of names that count in every state; the codes of states take the lower bits.
const ANYWHERE: u64 = 1 << 63;

static PLACES: LazyLock<Places> = LazyLock::new(|| {
    let text = include_str!("../../data/standards/us_places.tsv");
    let rows = || text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t'));
    let mut states: FxHashMap<u64, u64> = FxHashMap::with_capacity_and_hasher(20_000, rustc_hash::FxBuildHasher);
    for (name, codes) in rows() {
        let bits = codes.split(' ').fold(0, |bits, code| bits | state_bit(code));
        *states.entry(hash_name(name)).or_default() |= bits;
    }
    let text = include_str!("../../data/standards/directional_places.tsv");
    for (letter, name) in text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t')) {
        let hash = name.split([' ', '-']).fold(extend(0, letter), |hash, word| extend(hash, place_form(word)));
        *states.entry(hash).or_default() |= ANYWHERE;
    }
    Places { states }
});

/// The bit of a state's two-letter code; none for another text.
fn state_bit(code: &str) -> u64 {
    super::tables::state_index(code).map_or(0, |at| 1 << at)
}

fn place_form(word: &str) -> &str {
    let form = super::tables::entry(word).place_form;
    if form.is_empty() { word } else { form }
}

fn hash_name(name: &str) -> u64 {
    name.split(' ').fold(0, extend)
}

/// Adds a word to the hash of a name; 64 bits, so that names of 15,000 places do not collide.
fn extend(hash: u64, word: &str) -> u64 {
    let mut hash = hash;
    for chunk in word.as_bytes().chunks(8) {
        let mut bytes = [0u8; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(bytes)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 29;
    }
    (hash ^ 0x20).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(23)
}

/// Longest name of a place, in words.
const NAME_WORDS_MAX: usize = 5;

fn bits_of(tokens: &Tokens, lo: usize, hi: usize) -> u64 {
    if lo >= hi || hi - lo > NAME_WORDS_MAX {
        return 0;
    }
    let mut hash = 0;
    for at in lo..hi {
        let (word, form) = (tokens.word(at), tokens.at(at).entry.place_form);
        if !form.is_empty() {
            hash = extend(hash, form);
        } else if word.contains('-') {
            hash = word.split('-').filter(|w| !w.is_empty()).fold(hash, |hash, w| extend(hash, place_form(w)));
        } else {
            hash = extend(hash, word);
        }
    }
    PLACES.states.get(&hash).copied().unwrap_or(0)
}

/// True when the words name a populated place of the state.
pub(crate) fn is_known(tokens: &Tokens, lo: usize, hi: usize, state: &str) -> bool {
    // What Florida's and Colorado's rolls write for the land between the cities.
    if lo + 1 == hi && tokens.word(lo) == "UNINCORPORATED" {
        return true;
    }
    // "NASH ST NW" ends in a direction, though there is a Northwest in North Carolina.
    if lo + 1 == hi && tokens.at(lo).entry.direction.is_some() {
        return false;
    }
    let bits = bits_of(tokens, lo, hi);
    // A village that bears a direction, unless the town of the bare name lies in the state: "HWY 82 E GREENVILLE MS".
    let is_village = bits & ANYWHERE != 0 && bits_of(tokens, lo + 1, hi) & state_bit(state) == 0;
    is_village || bits & state_bit(state) != 0
}

/// True when the words, a direction first, name a town of the country that bears both (`E BRIDGEWATER`).
pub(crate) fn is_directional(tokens: &Tokens, lo: usize, hi: usize) -> bool {
    bits_of(tokens, lo, hi) & ANYWHERE != 0
}
