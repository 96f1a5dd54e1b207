//! What a candidate means beside the others: a street that is called otherwise, where the one as written has the house number;
//! a number without the letter, where the street has the letter.

use super::collect::{Collector, Found};
use super::compare::{self, Asked};
use super::county::{Entry, NO_WORD};
use super::levels::{
    DIRECTION, DIRECTION_CONFLICT_ANSWERED, DIRECTION_EQUAL, DIRECTION_MISSING_ANSWERED, DIRECTION_MISSING_KNOWN,
    DIRECTION_MISSING_QUERY, DIRECTION_MISSING_REFERENCE, DIRECTION_MOVED, NAME, NAME_ALIAS, NAME_ANSWERED,
    NAME_EDIT_KNOWN, NAME_EXACT, NAME_OTHER, NAME_OTHER_ON_BLOCK, NAME_SPACING, NAME_SUBSET_KNOWN,
    NAME_SUBSET_TAIL_KNOWN, NAME_TWIN, NUMBER, NUMBER_COVERED, NUMBER_COVERED_ALONE, NUMBER_EXACT, NUMBER_IN_RANGE,
    NUMBER_RANGE_SAME, PLACE_DIFFERS, SUFFIX, SUFFIX_ANSWERED, SUFFIX_CONFLICT, SUFFIX_EQUAL, SUFFIX_MISSING_REFERENCE,
    TYPE, TYPE_CLASS, TYPE_CONFLICT_ANSWERED, TYPE_CONFLICT_KNOWN, TYPE_CONFLICT_NUMBERED,
    TYPE_CONFLICT_NUMBERED_ON_BLOCK, TYPE_CONFLICT_ON_BLOCK, TYPE_EQUAL, TYPE_MISSING_ANSWERED, TYPE_MISSING_KNOWN,
    TYPE_MISSING_QUERY, TYPE_MISSING_REFERENCE, UNIT, UNIT_EQUAL, ZIP_DIFFERS, ZIP_NEAR,
};
use super::numbers;
use super::weights::bits_of;

/// Other house numbers on the block that make a street of its own, not a misspelling of another.
const STREET_NUMBERS_MIN: usize = 2;

impl Collector<'_> {
    /// Where the street exactly as written has numbers on this block, though not this one, other streets need more too.
    pub(super) fn hold_against_block(&mut self, asked: Option<&Asked>) {
        let is_other = |name| matches!(name, NAME_EDIT_KNOWN | NAME_SUBSET_KNOWN | NAME_SUBSET_TAIL_KNOWN);
        let is_held = |f: &Found| {
            is_other(f.levels[NAME]) || matches!(f.levels[TYPE], TYPE_CONFLICT_KNOWN | TYPE_CONFLICT_NUMBERED)
        };
        let Some(asked) = asked.filter(|_| self.scratch.found.iter().any(is_held)) else { return };
        let county = self.county;
        let is_as_written = |id: &&u32| {
            let street = &county.streets[**id as usize];
            matches!(compare::direction(asked, street), DIRECTION_EQUAL | DIRECTION_MOVED)
                && matches!(compare::street_type(asked, county, street), TYPE_EQUAL | TYPE_CLASS)
        };
        let mut streets =
            county.names.find(&asked.street.name).map_or(&[][..], |name| county.streets_named(name)).iter();
        // The same numbers in another town are another block.
        let is_here = |e: &Entry| {
            !matches!(compare::zip(asked, e), ZIP_DIFFERS | ZIP_NEAR) && compare::place(asked, e) != PLACE_DIFFERS
        };
        let is_on_block = |id: &u32| numbers::around(county, *id, &asked.number).any(is_here);
        if !streets.by_ref().filter(is_as_written).any(is_on_block) {
            return;
        }
        for found in &mut self.scratch.found {
            let levels = &mut found.levels;
            // A stray number among those of the street as written is how the roll misspells that street.
            let entry = &county.entries[(found.start as usize).min(county.entries.len() - 1)];
            let n_beside = numbers::around(county, entry.street, &asked.number).filter(|e| e.low != entry.low).count();
            if found.start == found.end || n_beside < STREET_NUMBERS_MIN {
                continue;
            }
            if is_other(levels[NAME]) {
                levels[NAME] = NAME_OTHER_ON_BLOCK;
            }
            levels[TYPE] = match levels[TYPE] {
                TYPE_CONFLICT_KNOWN => TYPE_CONFLICT_ON_BLOCK,
                TYPE_CONFLICT_NUMBERED => TYPE_CONFLICT_NUMBERED_ON_BLOCK,
                other => other,
            };
            found.bits = self.base + bits_of(levels, self.weights);
        }
    }

    /// Where the street exactly as written has the house number, other streets need more to be meant.
    pub(super) fn hold_against_answer(&mut self) {
        let is_answer = |f: &Found| {
            matches!(f.levels[NAME], NAME_EXACT | NAME_SPACING | NAME_ALIAS | NAME_TWIN)
                && matches!(f.levels[DIRECTION], DIRECTION_EQUAL | DIRECTION_MOVED)
                && matches!(f.levels[TYPE], TYPE_EQUAL | TYPE_CLASS)
                && matches!(
                    f.levels[NUMBER],
                    NUMBER_EXACT | NUMBER_RANGE_SAME | NUMBER_IN_RANGE | NUMBER_COVERED | NUMBER_COVERED_ALONE
                )
        };
        if !self.scratch.found.iter().any(is_answer) {
            return;
        }
        for found in &mut self.scratch.found {
            let levels = &mut found.levels;
            levels[NAME] = match levels[NAME] {
                kept @ (NAME_EXACT | NAME_SPACING | NAME_ALIAS | NAME_TWIN | NAME_OTHER) => kept,
                _ => NAME_ANSWERED,
            };
            levels[DIRECTION] = match levels[DIRECTION] {
                kept @ (DIRECTION_EQUAL | DIRECTION_MOVED) => kept,
                DIRECTION_MISSING_QUERY | DIRECTION_MISSING_REFERENCE | DIRECTION_MISSING_KNOWN => {
                    DIRECTION_MISSING_ANSWERED
                }
                _ => DIRECTION_CONFLICT_ANSWERED,
            };
            levels[TYPE] = match levels[TYPE] {
                kept @ (TYPE_EQUAL | TYPE_CLASS) => kept,
                TYPE_MISSING_QUERY | TYPE_MISSING_REFERENCE | TYPE_MISSING_KNOWN => TYPE_MISSING_ANSWERED,
                _ => TYPE_CONFLICT_ANSWERED,
            };
            found.bits = self.base + bits_of(levels, self.weights);
        }
    }

    /// The one lot of a street in the range that was asked for is more than one of several.
    pub(super) fn tell_covered_alone(&mut self) {
        let entries = &self.county.entries;
        let is_covered = |f: &&Found| f.levels[NUMBER] == NUMBER_COVERED && f.start < f.end;
        let place = |f: &Found| (entries[f.start as usize].street, entries[f.start as usize].low);
        let mut covered: Vec<(u32, u32)> = self.scratch.found.iter().filter(is_covered).map(place).collect();
        covered.sort_unstable();
        covered.dedup();
        for found in &mut self.scratch.found {
            if !is_covered(&&*found) {
                continue;
            }
            let street = place(found).0;
            let at = covered.partition_point(|c| c.0 < street);
            if covered.get(at + 1).is_none_or(|next| next.0 != street) {
                found.levels[NUMBER] = NUMBER_COVERED_ALONE;
                found.bits = self.base + bits_of(&found.levels, self.weights);
            }
        }
    }

    /// Where the street has the house number with the very letter, the number without it or with another is less.
    pub(super) fn hold_against_letter(&mut self) {
        let entries = &self.county.entries;
        let entry_of = |f: &Found| entries[..f.end as usize].get(f.start as usize);
        let is_other = |f: &Found| matches!(f.levels[SUFFIX], SUFFIX_MISSING_REFERENCE | SUFFIX_CONFLICT);
        if !self.scratch.found.iter().any(is_other) {
            return;
        }
        let has_letter = |e: &&Entry| e.suffix != NO_WORD || e.unit != NO_WORD;
        let lettered: Vec<(u32, u32)> = self
            .scratch
            .found
            .iter()
            .filter(|f| f.levels[SUFFIX] == SUFFIX_EQUAL && f.levels[UNIT] == UNIT_EQUAL)
            .filter_map(|f| entry_of(f).filter(has_letter).map(|e| (e.street, e.low)))
            .collect();
        for found in self.scratch.found.iter_mut().filter(|f| is_other(f)) {
            if entry_of(found).is_some_and(|e| lettered.contains(&(e.street, e.low))) {
                found.levels[SUFFIX] = SUFFIX_ANSWERED;
                found.bits = self.base + bits_of(&found.levels, self.weights);
            }
        }
    }
}
