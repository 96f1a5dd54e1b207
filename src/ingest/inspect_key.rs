//! Which column, or which columns together, tell the rows of an unknown file apart.

use std::cmp::Reverse;

use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::xxh3_64;

use crate::ingest::inspect_names::{PARCEL_PARTS, PARCEL_WORDS};
use crate::ingest::mapper::plain;

/// Hashes kept over all columns: 64 MB at most, whatever the number of columns.
const HASHES_MAX: usize = 4_000_000;

/// After this many values a column of which nine in ten repeat is given up.
const VALUES_TO_JUDGE: u64 = 256;

/// A key may repeat (a lot with several addresses), but not much.
const KEY_SHARE_MIN: f64 = 0.9;

/// A column that is also named like a parcel number may repeat more: a row per address or per building.
const NAMED_SHARE_MIN: f64 = 0.3;

/// Columns joined at most.
const PARTS_MAX: usize = 8;

/// How different the values of the columns are.
#[derive(Debug, Default)]
pub(super) struct Keys {
    columns: Vec<Different>,
    n_hashes: usize,
    /// Columns that may be parts of a parcel number, in the order of [`PARCEL_PARTS`].
    parts: Vec<usize>,
    /// One entry per row and part, 0 for none.
    part_hashes: Vec<[u64; PARTS_MAX]>,
}

#[derive(Debug, Default)]
struct Different {
    n_filled: u64,
    hashes: FxHashSet<u64>,
    is_given_up: bool,
}

impl Keys {
    /// Takes a row: the cleaned value of every column that has one.
    pub(super) fn take_row<'a>(&mut self, headers: &[String], values: impl Iterator<Item = (usize, &'a str)>) {
        if self.part_hashes.is_empty() {
            self.parts = parts_of(headers);
        }
        let mut parts = [0; PARTS_MAX];
        for (idx, text) in values {
            if self.columns.len() <= idx {
                self.columns.resize_with(idx + 1, Different::default);
            }
            let hash = xxh3_64(text.as_bytes());
            if let Some(at) = self.parts.iter().position(|p| *p == idx) {
                parts[at] = hash.max(1);
            }
            let column = &mut self.columns[idx];
            column.n_filled += 1;
            if column.is_given_up {
                continue;
            }
            if self.n_hashes < HASHES_MAX && column.hashes.insert(hash) {
                self.n_hashes += 1;
            }
            let n_different = column.hashes.len() as u64;
            if self.n_hashes >= HASHES_MAX || column.n_filled >= VALUES_TO_JUDGE && n_different * 10 < column.n_filled {
                column.is_given_up = true;
                self.n_hashes -= column.hashes.len();
                column.hashes = FxHashSet::default();
            }
        }
        self.part_hashes.push(parts);
    }

    /// Different values in a column, with the number of values; `None` when most repeat.
    pub(super) fn different(&self, column: usize) -> Option<(u64, u64)> {
        let column = self.columns.get(column).filter(|c| !c.is_given_up && c.n_filled > 0)?;
        Some((column.hashes.len() as u64, column.n_filled))
    }

    /// True when nearly every row has a value of its own here.
    pub(super) fn is_key(&self, column: usize) -> bool {
        self.is_different(column, KEY_SHARE_MIN)
    }

    fn is_different(&self, column: usize, share: f64) -> bool {
        let n_rows = self.part_hashes.len() as f64;
        let counts = self.different(column);
        counts.is_some_and(|(n, n_filled)| n as f64 >= share * n_rows && n_filled as f64 >= KEY_SHARE_MIN * n_rows)
    }

    /// The column that is named somewhat like a parcel number and whose values differ enough; the one with most values, the
    /// first of equals.
    pub(super) fn parcel_column(&self, headers: &[String]) -> Option<usize> {
        let is_named = |header: &str| {
            let words: Vec<String> = header.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
            let all = plain(header);
            // Three letters stand inside too many words ("opinion"), so they must be a word.
            PARCEL_WORDS.iter().any(|w| if w.len() > 3 { all.contains(w) } else { words.iter().any(|x| x == w) })
        };
        let fitting = (0..headers.len()).filter(|i| is_named(&headers[*i]) && self.is_different(*i, NAMED_SHARE_MIN));
        fitting.max_by_key(|i| (self.different(*i).map(|(n, _)| n), Reverse(*i)))
    }

    /// The fewest columns named like parts of a parcel number whose values together are a key.
    pub(super) fn parcel_parts(&self) -> Option<Vec<usize>> {
        let n_parts = self.parts.len();
        for size in 2..=n_parts {
            let of_size = (1_u32..1 << n_parts).filter(|set| set.count_ones() as usize == size);
            let best = of_size.map(|set| (self.n_together(set), set)).max();
            if let Some((_, set)) = best.filter(|(n, _)| *n as f64 >= KEY_SHARE_MIN * self.part_hashes.len() as f64) {
                return Some((0..n_parts).filter(|i| set & (1 << i) != 0).map(|i| self.parts[i]).collect());
            }
        }
        None
    }

    fn n_together(&self, set: u32) -> usize {
        let mut seen: FxHashSet<u64> = FxHashSet::default();
        for row in &self.part_hashes {
            let mut bytes = [0; 8 * PARTS_MAX];
            let mut is_filled = false;
            for (i, hash) in row.iter().enumerate().filter(|(i, _)| set & (1 << i) != 0) {
                bytes[i * 8..i * 8 + 8].copy_from_slice(&hash.to_le_bytes());
                is_filled |= *hash != 0;
            }
            if is_filled {
                seen.insert(xxh3_64(&bytes));
            }
        }
        seen.len()
    }
}

fn parts_of(headers: &[String]) -> Vec<usize> {
    let names: Vec<String> = headers.iter().map(|h| plain(h)).collect();
    let of = |words: &&[&str]| names.iter().position(|n| words.contains(&n.as_str()));
    PARCEL_PARTS.iter().filter_map(of).take(PARTS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::Keys;

    fn keys(headers: &[String], rows: impl Iterator<Item = Vec<String>>) -> Keys {
        let mut keys = Keys::default();
        for row in rows {
            let filled = row.iter().enumerate().filter(|(_, t)| !t.is_empty()).map(|(i, t)| (i, t.as_str()));
            keys.take_row(headers, filled);
        }
        keys
    }

    #[test]
    fn parts_are_joined_from_large_to_small_and_no_more_than_needed() {
        let headers = ["LOT", "Block", "Ward", "Note"].map(str::to_owned);
        let rows = (0..400).map(|i| [i % 20, i / 20, i % 3, 1].map(|n| n.to_string()).to_vec());
        let found = keys(&headers, rows);
        assert_eq!(found.parcel_parts(), Some(vec![1, 0]));
        assert!(!found.is_key(0) && found.different(3).is_none());
        let repeating = keys(&headers, (0..400).map(|i| [i % 20, i % 20, i % 20, 1].map(|n| n.to_string()).to_vec()));
        assert_eq!(repeating.parcel_parts(), None);
    }

    #[test]
    fn a_column_named_like_a_parcel_number_must_also_be_one() {
        let headers = ["OPINION", "Parcel Class", "PID no Dash", "OBJECTID"].map(str::to_owned);
        let rows = (0..400).map(|i| vec![i.to_string(), (i % 5).to_string(), format!("40{i}"), i.to_string()]);
        assert_eq!(keys(&headers, rows).parcel_column(&headers), Some(2));
        let rows = (0..400).map(|i| vec![i.to_string(), (i % 5).to_string(), String::new(), i.to_string()]);
        assert_eq!(keys(&headers, rows).parcel_column(&headers), None);
    }
}
