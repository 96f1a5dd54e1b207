//! Flat tables: interned strings and postings in a few vectors each, so that a county's index can be stored and read back
//! as bytes in milliseconds. No pointers, no per-row allocation.

use crate::model::texts::{MaybeShelf, Texts};

/// Multiplicative hash of bytes, eight at a time; stable across machines because it is stored.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (bytes.len() as u64).wrapping_mul(K);
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(*head)).wrapping_mul(K);
        rest = tail;
    }
    let mut last = [0u8; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash = (hash.rotate_left(5) ^ u64::from_le_bytes(last)).wrapping_mul(K);
    hash ^ (hash >> 32)
}

/// Position as a 32-bit id.
pub(crate) fn id_of(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than four billion rows")
}

/// Distinct strings with ids from 0, found by hash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Strings {
    text: String,
    ends: Vec<u32>,
    /// Open addressing, id + 1; 0 is free. The length is a power of two.
    slots: Vec<u32>,
}

impl Strings {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, id: u32) -> &str {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] as usize };
        &self.text[start..self.ends[id] as usize]
    }

    fn raw(&self, id: usize) -> &[u8] {
        let start = if id == 0 { 0 } else { self.ends[id - 1] as usize };
        &self.text.as_bytes()[start..self.ends[id] as usize]
    }

    fn slot_of(&self, text: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash_bytes(text) as usize & mask;
        while self.slots[slot] != 0 && self.raw(self.slots[slot] as usize - 1) != text {
            slot = (slot + 1) & mask;
        }
        slot
    }

    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots[self.slot_of(text.as_bytes())].checked_sub(1)
    }

    /// Id of a text, new when it was not there.
    pub(crate) fn intern(&mut self, text: &str) -> u32 {
        if self.slots.len() < (self.ends.len() + 1) * 2 {
            self.grow();
        }
        let slot = self.slot_of(text.as_bytes());
        if let Some(id) = self.slots[slot].checked_sub(1) {
            return id;
        }
        self.text.push_str(text);
        self.ends.push(id_of(self.text.len()));
        let id = id_of(self.ends.len());
        self.slots[slot] = id;
        id - 1
    }

    fn grow(&mut self) {
        self.slots = vec![0; slots_beyond(self.ends.len())];
        for id in 0..self.ends.len() {
            let mask = self.slots.len() - 1;
            let mut slot = hash_bytes(self.raw(id)) as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = id_of(id + 1);
        }
    }
}

/// Slots made when those for `n` texts are too few.
fn slots_beyond(n: usize) -> usize {
    ((n + 1) * 4).next_power_of_two().max(16)
}

/// Strings that are only collected, in the order of their ids, and written as [`Strings`] with these would be. The caller knows
/// which are new, so nothing is looked up.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    texts: Texts,
    /// Most texts that were there or being added when one was asked for: what [`Strings`] would have made room for.
    n_asked: usize,
}

impl Collected {
    pub(crate) fn new(shelf: MaybeShelf) -> Self {
        Self { texts: Texts::on_shelf(shelf), n_asked: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Adds a new text; returns its id.
    pub(crate) fn push(&mut self, text: &str) -> u32 {
        self.n_asked = self.texts.len() + 1;
        self.texts.push(text)
    }

    /// A text that is there was asked for.
    pub(crate) fn ask(&mut self) {
        self.n_asked = self.texts.len() + 1;
    }

    fn n_slots(&self) -> usize {
        let mut n_slots = 0;
        while n_slots < self.n_asked * 2 {
            n_slots = slots_beyond(n_slots / 2);
        }
        n_slots
    }

    fn slots(&self) -> Vec<u32> {
        let mut slots = vec![0u32; self.n_slots()];
        let mask = slots.len().saturating_sub(1);
        self.texts.each(|id, text| {
            let mut slot = hash_bytes(text.as_bytes()) as usize & mask;
            while slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            slots[slot] = id + 1;
        });
        slots
    }
}

/// Numbers that are only collected and written as a vector of them would be.
#[derive(Debug, Default)]
pub(crate) struct CollectedWords {
    shelf: MaybeShelf,
    /// Places of pieces of [`PIECE`] bytes on the shelf.
    pieces: Vec<u64>,
    tail: Vec<u8>,
    n: usize,
}

impl CollectedWords {
    pub(crate) fn new(shelf: MaybeShelf) -> Self {
        Self { shelf, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.n
    }

    pub(crate) fn push(&mut self, word: u32) {
        if let Some(shelf) = self.shelf.as_ref().filter(|_| self.n * 4 >= WORDS_IN_MEMORY && self.tail.len() >= PIECE) {
            self.pieces.extend(self.tail.chunks(PIECE).map(|piece| shelf.put(piece)));
            self.tail = Vec::with_capacity(PIECE);
        }
        self.tail.extend(word.to_le_bytes());
        self.n += 1;
    }
}

/// Lists of ids behind a 32-bit key, sorted by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Postings {
    /// First position of each bucket (top bits of the key), one more at the end.
    buckets: Vec<u32>,
    keys: Vec<u32>,
    ids: Vec<u32>,
}

/// Bits of the key that choose the bucket; 64 k buckets are 256 KB and leave a handful of keys in each.
const BUCKET_BITS: u32 = 16;

impl Postings {
    pub(crate) fn from_pairs(mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut buckets = vec![0u32; (1 << BUCKET_BITS) + 1];
        for (key, _) in &pairs {
            buckets[(key >> (32 - BUCKET_BITS)) as usize + 1] += 1;
        }
        for i in 1..buckets.len() {
            buckets[i] += buckets[i - 1];
        }
        let (keys, ids) = pairs.into_iter().unzip();
        Self { buckets, keys, ids }
    }

    /// As [`Self::from_pairs`], without keys that have more than `limit` ids.
    pub(crate) fn from_pairs_capped(mut pairs: Vec<(u32, u32)>, limit: usize) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let kept = pairs.chunk_by(|a, b| a.0 == b.0).filter(|list| list.len() <= limit).flatten().copied().collect();
        Self::from_pairs(kept)
    }

    /// All ids.
    pub(crate) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Ids behind a key, ascending.
    pub(crate) fn of(&self, key: u32) -> &[u32] {
        let bucket = (key >> (32 - BUCKET_BITS)) as usize;
        if self.keys.is_empty() {
            return &[];
        }
        let (lo, hi) = (self.buckets[bucket] as usize, self.buckets[bucket + 1] as usize);
        let keys = &self.keys[lo..hi];
        let start = keys.partition_point(|k| *k < key);
        let end = start + keys[start..].partition_point(|k| *k == key);
        &self.ids[lo + start..lo + end]
    }
}

/// Takes the bytes piece by piece.
pub(crate) type Sink<'s> = &'s mut dyn FnMut(&[u8]);

/// Writes vectors of numbers one after the other, in pieces, so that no second county lies in memory.
pub(crate) struct ByteWriter<'s> {
    piece: Vec<u8>,
    len: usize,
    /// Nothing: the bytes are only counted.
    sink: Option<Sink<'s>>,
}

/// Bytes of a piece.
const PIECE: usize = 1 << 16;
/// Bytes of collected numbers that stay in memory: a county of 100,000 parcels stays below. A multiple of a piece.
const WORDS_IN_MEMORY: usize = if cfg!(test) { PIECE } else { PIECE * 16 };

impl<'s> ByteWriter<'s> {
    pub(crate) fn new(sink: Option<Sink<'s>>) -> Self {
        Self { piece: Vec::new(), len: 0, sink }
    }

    /// Hands over the last piece; returns the number of bytes.
    pub(crate) fn finish(mut self) -> usize {
        self.hand_over();
        self.len
    }

    fn hand_over(&mut self) {
        if let Some(sink) = self.sink.as_mut().filter(|_| !self.piece.is_empty()) {
            sink(&self.piece);
        }
        self.piece.clear();
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.len += bytes.len();
        if self.sink.is_some() {
            for part in bytes.chunks(PIECE) {
                self.piece.extend_from_slice(part);
                if self.piece.len() >= PIECE {
                    self.hand_over();
                }
            }
        }
    }

    pub(crate) fn words(&mut self, words: &[u32]) {
        self.rows(words, |word| [*word]);
    }

    /// Rows of numbers as one vector.
    pub(crate) fn rows<T, const N: usize>(&mut self, rows: &[T], words_of: impl Fn(&T) -> [u32; N]) {
        self.raw(&((rows.len() * N) as u64).to_le_bytes());
        self.len += rows.len() * N * 4;
        if self.sink.is_some() {
            for part in rows.chunks(PIECE / (N * 4)) {
                self.piece.extend(part.iter().flat_map(&words_of).flat_map(u32::to_le_bytes));
                if self.piece.len() >= PIECE {
                    self.hand_over();
                }
            }
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.raw(&(bytes.len() as u64).to_le_bytes());
        self.raw(bytes);
    }

    pub(crate) fn strings(&mut self, strings: &Strings) {
        self.bytes(strings.text.as_bytes());
        self.words(&strings.ends);
        self.words(&strings.slots);
    }

    /// As [`Self::strings`] of the same texts.
    pub(crate) fn collected(&mut self, strings: &Collected) {
        let ends = strings.texts.ends();
        let n_bytes = ends.last().map_or(0, |end| *end as usize);
        self.raw(&(n_bytes as u64).to_le_bytes());
        if self.sink.is_some() {
            strings.texts.each_piece(|piece| self.raw(piece));
            self.words(ends);
            self.words(&strings.slots());
        } else {
            self.len += n_bytes + 16 + (ends.len() + strings.n_slots()) * 4;
        }
    }

    /// As [`Self::words`] of the same numbers.
    pub(crate) fn collected_words(&mut self, words: &CollectedWords) {
        self.raw(&(words.n as u64).to_le_bytes());
        if self.sink.is_none() {
            self.len += words.n * 4;
            return;
        }
        let mut piece = vec![0; PIECE];
        for at in &words.pieces {
            words.shelf.iter().for_each(|shelf| shelf.read(*at, &mut piece));
            self.raw(&piece);
        }
        self.raw(&words.tail);
    }

    pub(crate) fn postings(&mut self, postings: &Postings) {
        self.words(&postings.buckets);
        self.words(&postings.keys);
        self.words(&postings.ids);
    }
}

/// Reads what [`ByteWriter`] wrote; `None` at the first thing that is not as written.
#[derive(Debug)]
pub(crate) struct ByteReader<'a>(pub(crate) &'a [u8]);

impl ByteReader<'_> {
    fn take(&mut self, n_items: usize, item_len: usize) -> Option<&[u8]> {
        let n = n_items.checked_mul(item_len)?;
        let (head, tail) = (self.0.get(..n)?, self.0.get(n..)?);
        self.0 = tail;
        Some(head)
    }

    fn count(&mut self) -> Option<usize> {
        let bytes = self.take(8, 1)?;
        usize::try_from(u64::from_le_bytes(*bytes.first_chunk::<8>()?)).ok()
    }

    pub(crate) fn words(&mut self) -> Option<Vec<u32>> {
        let n = self.count()?;
        Some(self.take(n, 4)?.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect())
    }

    pub(crate) fn bytes(&mut self) -> Option<Vec<u8>> {
        let n = self.count()?;
        Some(self.take(n, 1)?.to_vec())
    }

    pub(crate) fn strings(&mut self) -> Option<Strings> {
        let text = String::from_utf8(self.bytes()?).ok()?;
        let strings = Strings { text, ends: self.words()?, slots: self.words()? };
        let text = strings.text.as_str();
        let is_sorted = strings.ends.is_sorted() && strings.ends.last().is_none_or(|e| *e as usize == text.len());
        let on_char = strings.ends.iter().all(|e| text.is_char_boundary(*e as usize));
        let n = strings.ends.len();
        let slots_fit = (strings.slots.is_empty() && n == 0)
            || (strings.slots.len().is_power_of_two() && strings.slots.len() > n)
                && strings.slots.iter().all(|s| *s as usize <= n)
                && strings.slots.contains(&0);
        (is_sorted && on_char && slots_fit).then_some(strings)
    }

    pub(crate) fn postings(&mut self) -> Option<Postings> {
        let postings = Postings { buckets: self.words()?, keys: self.words()?, ids: self.words()? };
        let n = postings.keys.len();
        let is_whole = (postings.buckets.is_empty() && n == 0)
            || (postings.buckets.len() == (1 << BUCKET_BITS) + 1
                && postings.buckets.is_sorted()
                && postings.buckets.last().is_some_and(|e| *e as usize == n));
        (is_whole && postings.ids.len() == n).then_some(postings)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{ByteReader, ByteWriter, Collected, CollectedWords, Postings, Strings};
    use crate::model::texts::Board;

    fn written(write: impl FnOnce(&mut ByteWriter<'_>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut sink = |piece: &[u8]| bytes.extend_from_slice(piece);
        let mut writer = ByteWriter::new(Some(&mut sink));
        write(&mut writer);
        let n = writer.finish();
        assert_eq!(n, bytes.len());
        bytes
    }

    #[test]
    fn strings_keep_their_ids_and_survive_bytes() {
        let mut strings = Strings::default();
        let ids: Vec<u32> = (0..1000).map(|i| strings.intern(&format!("STREET {}", i % 700))).collect();
        assert_eq!(strings.len(), 700);
        assert_eq!(ids[0], ids[700]);
        assert_eq!(strings.get(ids[699]), "STREET 699");
        assert_eq!(strings.find("STREET 12"), Some(ids[12]));
        assert_eq!(strings.find("STREET"), None);
        let bytes = written(|w| w.strings(&strings));
        assert_eq!(ByteReader(&bytes).strings(), Some(strings));
        assert_eq!(ByteReader(&bytes[..bytes.len() - 1]).strings(), None);
    }

    #[test]
    fn collected_strings_are_written_as_interned_ones() {
        for n in [0, 1, 7, 8, 9, 31, 32, 33, 3_000] {
            for asks_again in [false, true] {
                let (mut strings, mut collected) =
                    (Strings::default(), Collected::new(Some(Arc::new(Board::default()))));
                for i in 0..n {
                    let text = format!("STREET {i}");
                    assert_eq!(collected.push(&text), strings.intern(&text));
                }
                if asks_again && n > 0 {
                    strings.intern("STREET 0");
                    collected.ask();
                }
                let bytes = written(|w| w.collected(&collected));
                assert!(bytes == written(|w| w.strings(&strings)), "{n} {asks_again}");
                let mut counter = ByteWriter::new(None);
                counter.collected(&collected);
                assert_eq!(counter.finish(), bytes.len());
            }
        }
    }

    #[test]
    fn collected_numbers_are_written_as_a_vector() {
        for n in [0u32, 5, 16_384, 16_385, 40_000] {
            let mut collected = CollectedWords::new(Some(Arc::new(Board::default())));
            (0..n).for_each(|word| collected.push(word));
            let bytes = written(|w| w.collected_words(&collected));
            assert!(bytes == written(|w| w.words(&(0..n).collect::<Vec<_>>())), "{n}");
            let mut counter = ByteWriter::new(None);
            counter.collected_words(&collected);
            assert_eq!(counter.finish(), bytes.len());
        }
    }

    #[test]
    fn postings_list_the_ids_of_a_key() {
        let postings = Postings::from_pairs(vec![(7, 3), (u32::MAX, 1), (7, 2), (7, 3), (0, 9)]);
        assert_eq!(postings.of(7), [2, 3]);
        assert_eq!(postings.of(u32::MAX), [1]);
        assert_eq!(postings.of(8), [0_u32; 0]);
        let bytes = written(|w| w.postings(&postings));
        assert_eq!(ByteReader(&bytes).postings(), Some(postings));
    }

    #[test]
    fn what_is_larger_than_a_piece_comes_in_order_and_is_counted_alike() {
        let words: Vec<u32> = (0..100_000).collect();
        let text = "STREET ".repeat(30_000);
        let write = |w: &mut ByteWriter<'_>| {
            w.rows(&words, |i| [*i, *i + 1, 7]);
            w.bytes(text.as_bytes());
        };
        let bytes = written(write);
        let mut counter = ByteWriter::new(None);
        write(&mut counter);
        assert_eq!(counter.finish(), bytes.len());
        let mut reader = ByteReader(&bytes);
        let back = reader.words().unwrap();
        assert!(back.as_chunks::<3>().0.iter().zip(&words).all(|(row, i)| *row == [*i, *i + 1, 7]));
        assert_eq!((back.len(), reader.bytes().unwrap()), (words.len() * 3, text.into_bytes()));
    }
}
