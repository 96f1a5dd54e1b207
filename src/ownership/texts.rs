//! Counts of words by their hash: what a roll teaches of its names.

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

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
    pub(super) fn pairs(&self) -> impl ExactSizeIterator<Item = (u64, u32)> {
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
