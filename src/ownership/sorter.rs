//! Keys with what belongs to them, in the order of the keys: sorted in memory while they are few, else in runs that are merged from
//! a shelf.
//!
//! Equal keys come one after the other, so that nothing has to remember which keys were there: a table of hashes that finds them
//! took more memory than the texts.

use crate::model::texts::MaybeShelf;

/// Bytes of a run. Sorting needs about as much again. Few in unit tests, so that small rolls go both ways.
const RUN_BYTES: usize = if cfg!(test) { 1 << 15 } else { 6 << 20 };
/// Bytes of a run that are read together.
const PIECE_BYTES: usize = RUN_BYTES / 24;
/// Bytes before a key: its length and that of what belongs to it.
const HEAD: usize = 8;

/// Takes keys in any order.
#[derive(Debug, Default)]
pub(super) struct Sorter {
    shelf: MaybeShelf,
    run: Run,
    /// Runs on the shelf, each in pieces.
    done: Vec<Vec<Piece>>,
}

/// A piece of a run on the shelf; whole entries.
#[derive(Debug, Clone, Copy)]
struct Piece {
    at: u64,
    len: usize,
}

/// Entries in memory.
#[derive(Debug, Default)]
struct Run {
    bytes: Vec<u8>,
    /// First 16 bytes of each key, which settle nearly all, and where the entry begins.
    order: Vec<(u128, u32)>,
}

/// First bytes of a key as a number of the same order.
fn prefix_of(key: &[u8]) -> u128 {
    let mut bytes = [0u8; 16];
    let n = key.len().min(16);
    bytes[..n].copy_from_slice(&key[..n]);
    u128::from_be_bytes(bytes)
}

/// Key and rest of the entry at a position; empty where there is none, as behind a shelf that failed.
fn entry_at(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    let length = |from: usize| {
        let four = bytes.get(from..from + 4).and_then(|b| b.first_chunk::<4>());
        four.map_or(0, |b| u32::from_le_bytes(*b)) as usize
    };
    let (n_key, n_rest) = (length(at), length(at + 4));
    let key = bytes.get(at + HEAD..).and_then(|b| b.get(..n_key)).unwrap_or_default();
    let rest = bytes.get(at + HEAD + n_key..).and_then(|b| b.get(..n_rest)).unwrap_or_default();
    (key, rest)
}

impl Run {
    fn sort(&mut self) {
        let Self { bytes, order } = self;
        let key = |at: u32| entry_at(bytes, at as usize).0;
        order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(key(b.1))).then(a.1.cmp(&b.1)));
    }
}

impl Sorter {
    pub(super) fn new(shelf: MaybeShelf) -> Self {
        Self { shelf, ..Self::default() }
    }

    /// Adds a key with what belongs to it.
    pub(super) fn push(&mut self, key: &str, rest: [&[u8]; 2]) {
        let n = HEAD + key.len() + rest[0].len() + rest[1].len();
        if self.shelf.is_some() && self.run.bytes.len() + n > RUN_BYTES {
            self.put_away();
        }
        let at = self.run.bytes.len();
        self.run.order.push((prefix_of(key.as_bytes()), u32::try_from(at).expect("a run has a few megabytes")));
        let length = |n: usize| u32::try_from(n).expect("texts of a row are short").to_le_bytes();
        for part in [&length(key.len()), &length(rest[0].len() + rest[1].len()), key.as_bytes(), rest[0], rest[1]] {
            self.run.bytes.extend_from_slice(part);
        }
    }

    fn put_away(&mut self) {
        let Some(shelf) = self.shelf.as_ref().filter(|_| !self.run.order.is_empty()) else { return };
        self.run.sort();
        let (mut pieces, mut piece) = (Vec::new(), Vec::with_capacity(PIECE_BYTES));
        let mut put = |piece: &mut Vec<u8>| {
            pieces.push(Piece { at: shelf.put(piece), len: piece.len() });
            piece.clear();
        };
        for (_, at) in &self.run.order {
            let at = *at as usize;
            let (key, rest) = entry_at(&self.run.bytes, at);
            let n = HEAD + key.len() + rest.len();
            if !piece.is_empty() && piece.len() + n > PIECE_BYTES {
                put(&mut piece);
            }
            piece.extend_from_slice(self.run.bytes.get(at..at + n).unwrap_or_default());
        }
        put(&mut piece);
        self.done.push(pieces);
        self.run.bytes.clear();
        self.run.order.clear();
    }

    /// All entries in the order of the keys; those of one key in the order they came.
    pub(super) fn finish(mut self) -> Sorted {
        if self.done.is_empty() {
            self.run.sort();
            return Sorted { run: self.run, next: 0, merge: Vec::new(), last: None };
        }
        self.put_away();
        let shelf = self.shelf;
        let merge = self.done.into_iter().map(|pieces| Reader::new(shelf.clone(), pieces)).collect();
        Sorted { run: Run::default(), next: 0, merge, last: None }
    }
}

/// Reads a run from the shelf.
#[derive(Debug)]
struct Reader {
    shelf: MaybeShelf,
    pieces: std::vec::IntoIter<Piece>,
    bytes: Vec<u8>,
    at: usize,
    /// Of the key at hand; `None` at the end.
    prefix: Option<u128>,
}

impl Reader {
    fn new(shelf: MaybeShelf, pieces: Vec<Piece>) -> Self {
        let mut reader = Self { shelf, pieces: pieces.into_iter(), bytes: Vec::new(), at: 0, prefix: None };
        reader.look();
        reader
    }

    /// Looks at the entry here, or at the first of the next piece.
    fn look(&mut self) {
        if self.at >= self.bytes.len() {
            self.at = 0;
            self.bytes.clear();
            if let (Some(piece), Some(shelf)) = (self.pieces.next(), &self.shelf) {
                self.bytes.resize(piece.len, 0);
                shelf.read(piece.at, &mut self.bytes);
            }
        }
        self.prefix = (!self.bytes.is_empty()).then(|| prefix_of(self.entry().0));
    }

    fn entry(&self) -> (&[u8], &[u8]) {
        entry_at(&self.bytes, self.at)
    }

    fn step(&mut self) {
        let (key, rest) = self.entry();
        self.at += HEAD + key.len() + rest.len();
        self.look();
    }
}

/// Entries in the order of their keys.
#[derive(Debug)]
pub(super) struct Sorted {
    run: Run,
    next: usize,
    merge: Vec<Reader>,
    /// The reader whose entry was given last.
    last: Option<usize>,
}

impl Sorted {
    /// The next key and what belongs to it.
    pub(super) fn next(&mut self) -> Option<(&str, &[u8])> {
        let (key, rest) = if self.merge.is_empty() {
            let (_, at) = self.run.order.get(self.next)?;
            self.next += 1;
            entry_at(&self.run.bytes, *at as usize)
        } else {
            self.merged()?
        };
        Some((std::str::from_utf8(key).unwrap_or_default(), rest))
    }

    fn merged(&mut self) -> Option<(&[u8], &[u8])> {
        if let Some(last) = self.last {
            self.merge[last].step();
        }
        let live = self.merge.iter().enumerate().filter_map(|(at, reader)| Some((reader.prefix?, at, reader)));
        // Of equal keys the earlier run comes first.
        let least = live.min_by(|a, b| a.0.cmp(&b.0).then_with(|| a.2.entry().0.cmp(b.2.entry().0)))?.1;
        self.last = Some(least);
        Some(self.merge[least].entry())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Sorter;
    use crate::model::texts::{Board, MaybeShelf};

    fn sorted(shelf: MaybeShelf, entries: &[(String, u32)]) -> Vec<(String, u32)> {
        let mut sorter = Sorter::new(shelf);
        for (key, n) in entries {
            sorter.push(key, [&n.to_le_bytes(), &[7; 100]]);
        }
        let mut sorted = sorter.finish();
        let mut found = Vec::new();
        while let Some((key, rest)) = sorted.next() {
            assert_eq!(rest.len(), 104);
            found.push((key.to_owned(), u32::from_le_bytes(*rest.first_chunk::<4>().unwrap())));
        }
        found
    }

    #[test]
    fn keys_come_in_the_order_of_the_whole_key_and_equal_ones_as_they_came() {
        let keys = ["P:ZEDIZEDIZEDIZEDI|B", "", "P:ZEDIZEDIZEDIZEDI|A", "P:ZEDIZEDIZEDIZE", "Ä", "A", "P:ZEDI", "A\0"];
        let n = 5_000u32;
        let key = |n: u32| match n % 11 {
            at @ 0..8 => format!("{}{}", keys[at as usize], if n.is_multiple_of(2) { n % 3 } else { n }),
            _ => keys[(n % 8) as usize].to_owned(),
        };
        let entries: Vec<(String, u32)> = (0..n).map(|n| (key(n), n)).collect();
        let mut expected = entries.clone();
        expected.sort();
        assert!(sorted(Some(Arc::new(Board::default())), &entries) == expected);
        assert!(sorted(None, &entries) == expected);
        assert_eq!(sorted(None, &[]), []);
        let mut shelved = Sorter::new(Some(Arc::new(Board::default())));
        entries.iter().for_each(|(key, n)| shelved.push(key, [&n.to_le_bytes(), &[7; 100]]));
        assert!(shelved.done.len() > 2, "the test is about several runs");
    }
}
