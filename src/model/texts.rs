//! Many short texts in one allocation: what a roll of a million rows is held in.
//!
//! Texts that would take too much memory go to a shelf; what a shelf is made of is the caller's business.

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// Where bytes are put that memory shall not hold. One that fails says so to whoever made it, and gives zeros from then on.
pub trait Shelf: Debug + Send + Sync {
    /// Puts bytes away; returns the place that [`Shelf::read`] is asked by.
    fn put(&self, bytes: &[u8]) -> u64;
    /// Reads as many bytes as `into` has, from a place inside what was put.
    fn read(&self, at: u64, into: &mut [u8]);
}

/// A shelf, or none: then all stays in memory.
pub type MaybeShelf = Option<Arc<dyn Shelf>>;

/// Bytes of texts kept in memory before they go to the shelf: a county of 100,000 parcels stays below. Few in unit tests, so that
/// small rolls go both ways.
const IN_MEMORY_MAX: usize = if cfg!(test) { 1 << 14 } else { 4 << 20 };
/// Bytes that go together behind the first.
const PIECE_BYTES: usize = IN_MEMORY_MAX / 8;

/// Texts by position, in one string. The end of it may be in memory while the beginning is on a shelf.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    shelf: MaybeShelf,
    /// What went to the shelf: its first byte among the bytes of all texts, and its place there. No text is in two pieces.
    pieces: Vec<(u32, u64)>,
    /// First byte of `tail` among the bytes of all texts.
    tail_start: u32,
    tail: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Texts of which memory holds a few megabytes.
    pub fn on_shelf(shelf: MaybeShelf) -> Self {
        Self { shelf, ..Self::default() }
    }

    /// Adds a text; returns its position.
    pub fn push(&mut self, text: &str) -> u32 {
        if self.tail.len() + text.len() > if self.pieces.is_empty() { IN_MEMORY_MAX } else { PIECE_BYTES } {
            self.put_away();
        }
        self.tail.push_str(text);
        let end = self.tail_start as usize + self.tail.len();
        self.ends.push(u32::try_from(end).expect("a roll's texts are far below four gigabytes"));
        self.ends.len() as u32 - 1
    }

    fn put_away(&mut self) {
        if let Some(shelf) = self.shelf.as_ref().filter(|_| !self.tail.is_empty()) {
            self.pieces.push((self.tail_start, shelf.put(self.tail.as_bytes())));
            self.tail_start += self.tail.len() as u32;
            self.tail = String::with_capacity(PIECE_BYTES);
        }
    }

    fn start_of(&self, at: u32) -> u32 {
        at.checked_sub(1).map_or(0, |before| self.ends[before as usize])
    }

    /// The text at a position.
    pub fn get(&self, at: u32) -> Cow<'_, str> {
        let (start, end) = (self.start_of(at), self.ends[at as usize]);
        if start >= self.tail_start {
            let (start, end) = ((start - self.tail_start) as usize, (end - self.tail_start) as usize);
            return Cow::Borrowed(self.tail.get(start..end).unwrap_or_default());
        }
        Cow::Owned(self.on_piece(start, end))
    }

    /// Bytes of one piece.
    fn on_piece(&self, start: u32, end: u32) -> String {
        let mut bytes = vec![0; (end - start) as usize];
        let piece = self.pieces.partition_point(|(first, _)| *first <= start).checked_sub(1).map(|at| self.pieces[at]);
        if let (Some(shelf), Some((first, place))) = (&self.shelf, piece) {
            shelf.read(place + u64::from(start - first), &mut bytes);
        }
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// Some texts that follow each other, in memory.
    pub fn slice(&self, range: Range<u32>) -> Texts {
        let mut slice = Texts::default();
        let Some(last) = range.end.checked_sub(1).filter(|_| !range.is_empty()) else { return slice };
        let (start, end) = (self.start_of(range.start), self.ends[last as usize]);
        slice.ends.extend(self.ends[range.start as usize..range.end as usize].iter().map(|e| e - start));
        let mut at = start;
        for next in self.pieces.iter().skip(1).map(|(first, _)| *first).chain([self.tail_start]) {
            if at < next && at < end {
                slice.tail.push_str(&self.on_piece(at, next.min(end)));
                at = next.min(end);
            }
        }
        if at < end {
            let (from, to) = ((at - self.tail_start) as usize, (end - self.tail_start) as usize);
            slice.tail.push_str(self.tail.get(from..to).unwrap_or_default());
        }
        slice
    }

    /// Makes room for `n` texts.
    pub fn reserve(&mut self, n: usize) {
        self.ends.reserve_exact(n);
    }

    /// Where each text ends among the bytes of all.
    pub(crate) fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Calls `each` with the bytes of all texts in pieces.
    pub(crate) fn each_piece(&self, mut each: impl FnMut(&[u8])) {
        let ends = self.pieces.iter().skip(1).map(|(first, _)| *first).chain([self.tail_start]);
        for ((start, _), end) in self.pieces.iter().zip(ends) {
            each(self.on_piece(*start, end).as_bytes());
        }
        each(self.tail.as_bytes());
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Calls `each` with all texts in order.
    pub fn each(&self, mut each: impl FnMut(u32, &str)) {
        let n = self.len() as u32;
        for start in (0..n).step_by(TEXTS_AT_ONCE as usize) {
            let slice = self.slice(start..n.min(start + TEXTS_AT_ONCE));
            (0..slice.len() as u32).for_each(|at| each(start + at, &slice.get(at)));
        }
    }
}

impl Texts {
    /// Copies of the texts at some positions, read from the shelf in one pass.
    pub(crate) fn gather(&self, positions: impl Iterator<Item = u32>) -> Gathered {
        let mut order: Vec<(u32, u32)> = positions.zip(0u32..).collect();
        let mut gathered = Gathered { all: String::new(), places: vec![(0, 0); order.len()] };
        if !self.pieces.is_empty() {
            order.sort_unstable();
        }
        let (mut slice, mut start) = (Texts::default(), 0);
        for (at, slot) in order {
            let from = gathered.all.len() as u32;
            if self.start_of(at) >= self.tail_start {
                gathered.all.push_str(&self.get(at));
            } else {
                if at < start || at - start >= slice.len() as u32 {
                    start = at;
                    slice = self.slice(start..(start + TEXTS_AT_ONCE).min(self.len() as u32));
                }
                gathered.all.push_str(&slice.get(at - start));
            }
            gathered.places[slot as usize] = (from, gathered.all.len() as u32);
        }
        gathered
    }
}

/// Texts in the order they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    all: String,
    places: Vec<(u32, u32)>,
}

impl Gathered {
    pub(crate) fn get(&self, at: usize) -> &str {
        let (start, end) = self.places[at];
        self.all.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// Texts read from the shelf together.
const TEXTS_AT_ONCE: u32 = 2048;

/// A shelf in memory.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Board(std::sync::Mutex<Vec<u8>>);

#[cfg(test)]
impl Shelf for Board {
    fn put(&self, bytes: &[u8]) -> u64 {
        let mut all = self.0.lock().unwrap();
        all.extend_from_slice(bytes);
        (all.len() - bytes.len()) as u64
    }

    fn read(&self, at: u64, into: &mut [u8]) {
        let at = at as usize;
        into.copy_from_slice(&self.0.lock().unwrap()[at..at + into.len()]);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Board, Texts};

    #[test]
    fn texts_come_back_from_shelf_and_memory() {
        let board = Arc::new(Board::default());
        let (mut shelved, mut plain) = (Texts::on_shelf(Some(board.clone())), Texts::default());
        let text = |n: usize| format!("{n} {}", "ÖLK".repeat(n % 700));
        let n = 6_000;
        for i in 0..n {
            assert_eq!((shelved.push(&text(i)), plain.push(&text(i))), (i as u32, i as u32));
        }
        assert!(shelved.pieces.len() > 2 && plain.pieces.is_empty(), "{}", shelved.pieces.len());
        for i in [0, 1, 77, n / 2, n - 1] {
            assert_eq!((shelved.get(i as u32), plain.get(i as u32)), (text(i).into(), text(i).into()));
        }
        for range in [0..0u32, 0..n as u32, 5..6, 1_000..5_000, n as u32 - 1..n as u32] {
            let (a, b) = (shelved.slice(range.clone()), plain.slice(range.clone()));
            assert_eq!((a.tail, a.ends), (b.tail, b.ends), "{range:?}");
        }
        let positions = [n as u32 - 1, 5, 3_500, 5, 0, 4_999];
        for texts in [&shelved, &plain] {
            let gathered = texts.gather(positions.iter().copied());
            positions.iter().enumerate().for_each(|(at, n)| assert_eq!(gathered.get(at), text(*n as usize)));
        }
        let mut seen = 0;
        shelved.each(|at, own| {
            assert_eq!((at, own), (seen as u32, text(seen).as_str()));
            seen += 1;
        });
        assert_eq!(seen, n);
    }
}
