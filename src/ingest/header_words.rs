//! What the header of a column says, word by word: `MAIL_ADDR1`, `SitusHouseNo` and `ownzipcd` mean something in any county.
//!
//! A header is cut into words (glued ones too), each with its meanings from `data/standards/header_words.tsv`.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

const WORDS: &str = include_str!("../../data/standards/header_words.tsv");

/// Letters of the longest word looked for in a glued header.
const WORD_MAX: usize = 16;
macro_rules! meanings {
    ($($name:ident),+ $(,)?) => {
        #[derive(Clone, Copy)]
        #[allow(clippy::upper_case_acronyms, non_camel_case_types, reason = "the words of the table")]
        pub(super) enum Bit { $($name),+ }
        pub(super) const NAMES: &[&str] = &[$(stringify!($name)),+];
    };
}

meanings!(
    situs,
    mail,
    owner,
    name,
    care,
    address,
    line,
    street,
    number,
    house,
    fraction,
    direction,
    before,
    after,
    kind,
    unit,
    city,
    state,
    zip,
    whole,
    code,
    legal,
    description,
    use_,
    class,
    land,
    year,
    built,
    effective,
    area,
    living,
    building,
    improvement,
    value,
    total,
    market,
    assessed,
    taxable,
    sale,
    last,
    date,
    price,
    deed,
    book,
    page,
    instrument,
    homestead,
    parcel,
    account,
    meter,
    serial,
    tax,
    balance,
    open,
    close,
    status,
    stop,
    second,
    neutral,
    ident,
    tap,
    size,
    material,
    main,
    install,
    read,
    usage,
    grant,
    first,
    surname,
    middle,
);

/// What a header says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) bits: u128,
    /// `2` of `OWNER2`.
    pub(super) ordinal: Option<u8>,
    pub(super) n_unknown: u8,
    pub(super) n_words: u8,
}

impl Said {
    pub(super) fn has(self, bit: Bit) -> bool {
        self.bits & (1_u128 << bit as u32) != 0
    }

    pub(super) fn any(self, bits: &[Bit]) -> bool {
        bits.iter().any(|b| self.has(*b))
    }
}

fn lexicon() -> &'static FxHashMap<&'static str, u128> {
    static LEXICON: OnceLock<FxHashMap<&'static str, u128>> = OnceLock::new();
    LEXICON.get_or_init(|| {
        let mut map: FxHashMap<&'static str, u128> = FxHashMap::default();
        for line in WORDS.lines().filter(|l| !l.starts_with('#')) {
            let Some((meaning, words)) = line.split_once('\t') else { continue };
            let Some(bit) = NAMES.iter().position(|n| n.trim_end_matches('_') == meaning) else { continue };
            for word in words.split(' ') {
                *map.entry(word).or_default() |= 1_u128 << bit;
            }
        }
        map
    })
}

/// Lower-case words of a header: cut at signs, before capitals behind small letters, and between letters and digits.
pub(super) fn cut(header: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    let chars: Vec<char> = header.chars().collect();
    for (i, c) in chars.iter().copied().enumerate() {
        let is_break = match before {
            None => true,
            Some(b) if !b.is_alphanumeric() => true,
            Some(b) if b.is_numeric() != c.is_numeric() => true,
            Some(b) if b.is_lowercase() && c.is_uppercase() => true,
            // `ZIPCode`: the last capital of a run begins the next word.
            Some(b) => b.is_uppercase() && c.is_uppercase() && chars.get(i + 1).is_some_and(|n| n.is_lowercase()),
        };
        if c.is_alphanumeric() {
            if is_break {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before = Some(c);
    }
    words
}

/// A glued word as the fewest known words; `None` when it cannot be cut into them.
fn unglue(word: &str) -> Option<u128> {
    let lexicon = lexicon();
    if !word.is_ascii() || word.len() > 32 {
        return None;
    }
    // Best way to reach each position: words used, letters of the shortest, meanings.
    let mut best: Vec<Option<(usize, usize, u128)>> = vec![None; word.len() + 1];
    best[0] = Some((0, usize::MAX, 0));
    for end in 1..=word.len() {
        for start in end.saturating_sub(WORD_MAX)..end {
            let (Some((n, shortest, bits)), piece) = (best[start], &word[start..end]) else { continue };
            let lone = match piece {
                // North Carolina's `saddno` and `mcity`.
                "s" if start == 0 => Some(1 << Bit::situs as u32),
                "m" if start == 0 => Some(1 << Bit::mail as u32),
                _ => lexicon.get(piece).copied().filter(|_| piece.len() > 1),
            };
            let Some(own) = lone else { continue };
            let way = (n + 1, shortest.min(piece.len()), bits | own);
            let is_better = best[end].is_none_or(|(m, other, _)| way.0 < m || (way.0 == m && way.1 > other));
            if is_better {
                best[end] = Some(way);
            }
        }
    }
    let (n, shortest, bits) = best[word.len()]?;
    let is_lone_letter = shortest == 1;
    let of_address = [Bit::city, Bit::state, Bit::zip, Bit::address, Bit::street, Bit::direction];
    let is_sound =
        if is_lone_letter { n <= 4 && of_address.iter().any(|b| bits & (1 << *b as u32) != 0) } else { n <= 5 };
    is_sound.then_some(bits)
}

pub(super) fn read(header: &str) -> Said {
    let words = cut(header);
    let mut said = Said::default();
    let mut i = 0;
    while i < words.len() {
        let word = words[i].as_str();
        i += 1;
        if let Ok(number) = word.parse::<u8>() {
            // ZIP4 is the four digits behind a ZIP; ZIP5 is a ZIP.
            if said.has(Bit::zip) && number == 4 {
                said.bits |= 1 << Bit::stop as u32;
            } else if !(said.has(Bit::zip) && number == 5) {
                said.ordinal = Some(number);
            }
            continue;
        }
        said.n_words = said.n_words.saturating_add(1);
        match lexicon().get(word).copied().or_else(|| unglue(word)) {
            Some(bits) => said.bits |= bits,
            None if word.len() == 1 => {}
            None => said.n_unknown = said.n_unknown.saturating_add(1),
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::{NAMES, WORDS, cut};

    #[test]
    fn every_line_of_the_table_is_a_meaning() {
        for line in WORDS.lines().filter(|l| !l.starts_with('#')) {
            let (meaning, words) = line.split_once('\t').unwrap();
            assert!(NAMES.iter().any(|n| n.trim_end_matches('_') == meaning), "{meaning}");
            assert!(
                words
                    .split(' ')
                    .all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
            );
        }
    }

    #[test]
    fn headers_are_cut_at_signs_capitals_and_digits() {
        assert_eq!(cut("Owner's ZIPCode_2"), ["owner", "s", "zip", "code", "2"]);
        assert_eq!(cut("SitusHouseNo"), ["situs", "house", "no"]);
        assert_eq!(cut(""), Vec::<String>::new());
    }
}
