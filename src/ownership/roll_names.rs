//! The names of a roll, read in batches on any thread and taken in the order of the owner lines.

use crate::model::party::{PartyKind, PersonName};
use crate::owner_name::{OwnerLine, Style};

use super::name::{of_line, person_key, persons_only};
use super::roll::RollTexts;
use super::texts::{Distinct, Texts, WordCounts, word_hash};

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

    /// An owner line as written, name columns separated by line breaks.
    pub fn owner(&self, owner: u32) -> &str {
        self.texts.owners.get(owner)
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
pub(super) struct Hashes {
    all: Vec<u64>,
    ends: Vec<u32>,
}

impl Hashes {
    fn end_line(&mut self) {
        self.ends.push(self.all.len() as u32);
    }

    pub(super) fn of_line(&self, line: usize) -> &[u64] {
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
    pub(super) keys: Distinct,
    /// Kind of each distinct key, and the line to show.
    pub(super) names: Vec<(PartyKind, u32)>,
    pub(super) name_of_owner: Vec<u32>,
    pub(super) surname_rows: WordCounts,
    pub(super) given_rows: WordCounts,
    /// Hashes of the evidence words of each owner line.
    pub(super) words: Hashes,
}

impl NameTally {
    /// Takes the next owner lines: those behind the ones taken before.
    pub fn take(&mut self, source: &NameSource, batch: &NameBatch) {
        for (at, (key, kind)) in batch.keys.iter().zip(&batch.kinds).enumerate() {
            let owner = self.name_of_owner.len() as u32;
            for surname in batch.surnames.of_line(at) {
                self.surname_rows.add_hash(*surname, 1);
            }
            for given in batch.givens.of_line(at) {
                self.given_rows.add_hash(*given, source.rows_of_owner[owner as usize]);
            }
            self.words.all.extend_from_slice(batch.words.of_line(at));
            self.words.end_line();
            let (id, is_new) = self.keys.intern(key);
            if is_new {
                self.names.push((*kind, owner));
            } else {
                let (known_kind, shown) = &mut self.names[id as usize];
                let rank = |owner: u32| {
                    let text = source.owner(owner);
                    (std::cmp::Reverse(text.len()), text)
                };
                if rank(owner) < rank(*shown) {
                    (*known_kind, *shown) = (*kind, owner);
                }
            }
            self.name_of_owner.push(id);
        }
    }
}
