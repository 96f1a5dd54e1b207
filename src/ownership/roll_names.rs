//! The names of a roll, read in batches on any thread and taken in the order of the owner lines.

use std::ops::Range;

use crate::model::party::{PartyKind, PersonName};
use crate::model::texts::{MaybeShelf, Texts};
use crate::owner_name::{OwnerLine, Style};

use super::name::{of_line, person_key, persons_only};
use super::roll::RollTexts;
use super::sorter::Sorter;
use super::texts::{WordCounts, word_hash};

/// The owner lines of a roll and how they are written: what a thread needs to read some of them.
#[derive(Debug)]
pub struct NameSource {
    pub(super) texts: RollTexts,
    pub(super) style: Style,
    pub(super) rows_of_owner: Vec<u32>,
}

impl NameSource {
    /// How persons are written on this roll.
    pub fn style(&self) -> &Style {
        &self.style
    }

    /// Number of owner lines.
    pub fn n_owners(&self) -> u32 {
        self.rows_of_owner.len() as u32
    }

    /// Owner lines that follow each other, as written, name columns separated by line breaks.
    pub fn owners(&self, range: Range<u32>) -> Texts {
        self.texts.owners.slice(range)
    }
}

/// What the linker keeps of some owner lines that follow each other: made on any thread, taken in order.
#[derive(Debug, Default)]
pub struct NameBatch {
    keys: Texts,
    kinds: Vec<PartyKind>,
    surnames: Hashes,
    givens: Hashes,
    words: Hashes,
}

/// Hashes of the words of each line.
#[derive(Debug, Default)]
struct Hashes {
    all: Vec<u64>,
    ends: Vec<u32>,
}

impl Hashes {
    fn end_line(&mut self) {
        self.ends.push(self.all.len() as u32);
    }

    fn of_line(&self, line: usize) -> &[u64] {
        let start = line.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.all.get(start..self.ends[line] as usize).unwrap_or(&[])
    }
}

impl NameBatch {
    /// Adds the next owner line as it was read.
    pub fn add(&mut self, line: &OwnerLine) {
        match persons_only(line) {
            Some(persons) => {
                self.note_persons(&persons);
                self.keys.push(&person_key(&persons));
            }
            None => {
                let name = of_line(line);
                self.note_persons(&name.persons.iter().collect::<Vec<_>>());
                let start = self.words.all.len();
                self.words.all.extend(name.words.iter().map(|word| word_hash(word)));
                if let Some(own) = self.words.all.get_mut(start..) {
                    own.sort_unstable();
                }
                self.keys.push(&name.key);
            }
        }
        self.kinds.push(line.kind);
        self.words.end_line();
        self.surnames.end_line();
        self.givens.end_line();
    }

    fn note_persons(&mut self, persons: &[&PersonName]) {
        for (n, person) in persons.iter().enumerate() {
            if persons.iter().take(n).all(|before| before.surname != person.surname) {
                self.surnames.all.push(word_hash(&person.surname));
            }
            if person.given.len() > 1 {
                self.givens.all.push(word_hash(&person.given));
            }
        }
    }
}

/// The names of the lines taken so far.
#[derive(Debug, Default)]
pub struct NameTally {
    /// Keys with their owner line and the hashes of its evidence words.
    keys: Sorter,
    /// Kind of each owner line.
    kinds: Vec<PartyKind>,
    words: Vec<u8>,
    pub(super) surname_rows: WordCounts,
    pub(super) given_rows: WordCounts,
}

/// A distinct name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) kind: PartyKind,
    /// Position of the line that is shown for it: the longest, then the first in the alphabet.
    pub(super) line: u32,
}

/// Distinct names in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) keys: Texts,
    pub(super) names: Vec<Name>,
    /// Position of the name of each owner line.
    pub(super) of_owner: Vec<u32>,
    pub(super) word_names: WordCounts,
}

impl NameTally {
    pub(super) fn new(shelf: MaybeShelf, n_owners: usize) -> Self {
        Self { keys: Sorter::new(shelf), kinds: Vec::with_capacity(n_owners), ..Self::default() }
    }

    /// Takes the next owner lines: those behind the ones taken before.
    pub fn take(&mut self, source: &NameSource, batch: &NameBatch) {
        for at in 0..batch.kinds.len() {
            let owner = self.kinds.len() as u32;
            for surname in batch.surnames.of_line(at) {
                self.surname_rows.add_hash(*surname, 1);
            }
            for given in batch.givens.of_line(at) {
                self.given_rows.add_hash(*given, source.rows_of_owner[owner as usize]);
            }
            self.words.clear();
            self.words.extend(batch.words.of_line(at).iter().flat_map(|word| word.to_le_bytes()));
            self.keys.push(&batch.keys.get(at as u32), [&owner.to_le_bytes(), &self.words]);
            self.kinds.push(batch.kinds[at]);
        }
    }

    /// The distinct names of the lines taken.
    pub(super) fn finish(&mut self, owners: &Texts, shelf: MaybeShelf) -> Names {
        let kinds = std::mem::take(&mut self.kinds);
        let mut found = Names {
            keys: Texts::on_shelf(shelf),
            names: Vec::with_capacity(kinds.len()),
            of_owner: vec![0; kinds.len()],
            word_names: WordCounts::default(),
        };
        let mut sorted = std::mem::take(&mut self.keys).finish();
        let (mut last, mut words) = (String::new(), Vec::new());
        while let Some((key, rest)) = sorted.next() {
            let Some((owner, own_words)) = rest.split_first_chunk::<4>() else { continue };
            let owner = u32::from_le_bytes(*owner);
            let Some(kind) = kinds.get(owner as usize).copied() else { continue };
            match found.names.last_mut().filter(|_| key == last) {
                Some(name) => {
                    let rank = |text: &str| std::cmp::Reverse(text.len());
                    let (ours, theirs) = (owners.get(owner), owners.get(name.line));
                    if (rank(&ours), &ours) < (rank(&theirs), &theirs) {
                        *name = Name { kind, line: owner };
                        words.clear();
                        words.extend_from_slice(own_words);
                    }
                }
                None => {
                    count_words(&words, &mut found.word_names);
                    words.clear();
                    words.extend_from_slice(own_words);
                    found.names.push(Name { kind, line: owner });
                    found.keys.push(key);
                    last.clear();
                    last.push_str(key);
                }
            }
            found.of_owner[owner as usize] = found.names.len() as u32 - 1;
        }
        count_words(&words, &mut found.word_names);
        found
    }
}

/// Counts each of the sorted words once.
fn count_words(words: &[u8], counts: &mut WordCounts) {
    let mut last = None;
    for word in words.as_chunks::<8>().0 {
        if last != Some(word) {
            counts.add_hash(u64::from_le_bytes(*word), 1);
            last = Some(word);
        }
    }
}
