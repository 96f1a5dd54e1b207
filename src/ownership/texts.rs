//! Many short texts in one allocation, and counts of words by their hash: what a roll of a million rows is held in.

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Texts by position, in one string.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    all: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Adds a text; returns its position.
    pub fn push(&mut self, text: &str) -> u32 {
        self.all.push_str(text);
        self.ends.push(u32::try_from(self.all.len()).expect("a roll's texts are far below four gigabytes"));
        self.ends.len() as u32 - 1
    }

    /// The text at a position.
    pub fn get(&self, at: u32) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before as usize]) as usize;
        self.all.get(start..self.ends[at as usize] as usize).unwrap_or_default()
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).map(|at| self.get(at))
    }
}

/// Distinct texts; those found by hash alone. At a million texts two share a 128-bit hash with a chance of 1e-27.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    pub(super) texts: Texts,
    ids: FxHashMap<u128, u32>,
}

impl Distinct {
    /// Position of a text and whether it is new.
    pub(super) fn intern(&mut self, text: &str) -> (u32, bool) {
        let n_before = self.texts.len();
        let id = *self.ids.entry(xxh3_128(text.as_bytes())).or_insert_with(|| self.texts.push(text));
        (id, self.texts.len() > n_before)
    }

    /// The texts alone: what finds them takes three times their memory.
    pub(super) fn into_texts(self) -> Texts {
        self.texts
    }
}

/// Positions of texts in the order of the alphabet: by 16 bytes, which settle nearly all, then by the whole.
pub(super) fn sorted(texts: &Texts) -> Vec<u32> {
    let prefix = |text: &str| {
        let mut bytes = [0u8; 16];
        let n = text.len().min(16);
        bytes[..n].copy_from_slice(&text.as_bytes()[..n]);
        u128::from_be_bytes(bytes)
    };
    let mut keyed: Vec<(u128, u32)> = (0u32..).zip(texts.iter()).map(|(at, text)| (prefix(text), at)).collect();
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| texts.get(a.1).cmp(texts.get(b.1))));
    keyed.into_iter().map(|(_, at)| at).collect()
}

/// The hash that words are counted by.
pub(super) fn word_hash(word: &str) -> u64 {
    xxh3_64(word.as_bytes())
}

/// How often words occur. The words themselves are not kept.
#[derive(Debug, Clone, Default)]
pub struct WordCounts {
    counts: FxHashMap<u64, u32>,
}

impl WordCounts {
    /// Counts a word `n` times more.
    pub(super) fn add(&mut self, word: &str, n: u32) {
        self.add_hash(word_hash(word), n);
    }

    /// As [`WordCounts::add`], by the word's hash.
    pub(super) fn add_hash(&mut self, hash: u64, n: u32) {
        *self.counts.entry(hash).or_default() += n;
    }

    /// The hashes of the words with their counts, in no order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (u64, u32)> {
        self.counts.iter().map(|(hash, n)| (*hash, *n))
    }

    /// From [`WordCounts::pairs`].
    pub(super) fn from_pairs(pairs: Vec<(u64, u32)>) -> Self {
        Self { counts: pairs.into_iter().collect() }
    }

    /// How often a word was counted.
    pub fn get(&self, word: &str) -> u32 {
        self.counts.get(&word_hash(word)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Texts, sorted};

    #[test]
    fn texts_sort_by_the_whole_text_behind_an_equal_beginning() {
        let mut texts = Texts::default();
        for text in ["P:ZEDIZEDIZEDIZEDI|B", "", "P:ZEDIZEDIZEDIZEDI|A", "P:ZEDIZEDIZEDIZE", "A", "P:ZEDI"] {
            texts.push(text);
        }
        let mut expected: Vec<&str> = texts.iter().collect();
        expected.sort_unstable();
        let found: Vec<&str> = sorted(&texts).into_iter().map(|at| texts.get(at)).collect();
        assert_eq!(found, expected);
    }
}
