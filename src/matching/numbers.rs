//! Which house numbers of a street are worth comparing with the one that was asked for: equal, in a range, the nearest on
//! the same side, one digit off. Bounded work whatever the street's length.

use super::county::{County, Entry};
use super::levels::{
    Level, NUMBER_ABOVE_2, NUMBER_ABOVE_4, NUMBER_ABOVE_10, NUMBER_ABOVE_30, NUMBER_ABOVE_SLOT, NUMBER_BELOW_2,
    NUMBER_BELOW_4, NUMBER_BELOW_10, NUMBER_BELOW_30, NUMBER_BELOW_SLOT, NUMBER_COVERED, NUMBER_DIGIT_TYPO,
    NUMBER_EXACT, NUMBER_FAR, NUMBER_IN_RANGE, NUMBER_IN_RANGE_PARITY, NUMBER_OTHER_SIDE, NUMBER_RANGE_OVERLAP,
    NUMBER_RANGE_SAME, NUMBER_SECOND, NUMBER_TRANSPOSED,
};
use super::reading::Number;

/// Entries looked at on one street; a tower has this many units, more tell nothing new.
const ENTRIES_MAX: usize = 1_500;
/// A neighbour farther away than this is not worth showing.
const FAR_MAX: u32 = 100;
/// House numbers this far apart may stand on one block; in a list that holds few of the addresses, on a few blocks.
const BLOCK_MAX: u32 = 60;
const BLOCK_OF_SAMPLE_MAX: u32 = 600;
/// A file less complete than this (thousandths) is a sample.
const WHOLE_MIN: u32 = 500;

/// Level of two house numbers that touch; `None` when they do not.
pub(crate) fn touching(asked: &Number, entry: &Entry) -> Option<Level> {
    let is_one = asked.low == asked.high;
    let is_same_side = |n: u32| n % 2 == entry.low % 2;
    if asked.low == entry.low && asked.high == entry.high {
        Some(if is_one { NUMBER_EXACT } else { NUMBER_RANGE_SAME })
    } else if asked.low > entry.high || asked.high < entry.low {
        None
    } else if is_one {
        let is_end = asked.low == entry.low || asked.low == entry.high;
        Some(if is_end || is_same_side(asked.low) { NUMBER_IN_RANGE } else { NUMBER_IN_RANGE_PARITY })
    } else if asked.low <= entry.low && entry.high <= asked.high {
        // The other side of the street is not what a range means, unless its ends differ in parity.
        let is_meant = is_same_side(asked.low) || asked.low % 2 != asked.high % 2;
        Some(if is_meant { NUMBER_COVERED } else { NUMBER_IN_RANGE_PARITY })
    } else if entry.low <= asked.low && asked.high <= entry.high {
        Some(if is_same_side(asked.low) { NUMBER_IN_RANGE } else { NUMBER_IN_RANGE_PARITY })
    } else {
        Some(NUMBER_RANGE_OVERLAP)
    }
}

/// Calls `found` for every entry of the street that touches the number; true when one does on the right side.
pub(crate) fn each_touching(county: &County, street: u32, asked: &Number, mut found: impl FnMut(usize, Level)) -> bool {
    let (offset, entries) = county.entries_of(street);
    let span = county.span_max[county.streets[street as usize].entries_of as usize];
    let start = entries.partition_point(|e| e.low < asked.low.saturating_sub(span));
    let mut is_hit = false;
    for (i, entry) in entries[start..].iter().take_while(|e| e.low <= asked.high).take(ENTRIES_MAX).enumerate() {
        if let Some(level) = touching(asked, entry) {
            is_hit |= level != NUMBER_IN_RANGE_PARITY;
            found(offset + start + i, level);
        }
    }
    is_hit
}

fn below(distance: u32, step: u32) -> Level {
    match distance {
        d if d < step => NUMBER_BELOW_SLOT,
        0..=2 => NUMBER_BELOW_2,
        3..=4 => NUMBER_BELOW_4,
        5..=10 => NUMBER_BELOW_10,
        11..=30 => NUMBER_BELOW_30,
        _ => NUMBER_FAR,
    }
}

fn above(distance: u32, step: u32) -> Level {
    match distance {
        d if d < step => NUMBER_ABOVE_SLOT,
        0..=2 => NUMBER_ABOVE_2,
        3..=4 => NUMBER_ABOVE_4,
        5..=10 => NUMBER_ABOVE_10,
        11..=30 => NUMBER_ABOVE_30,
        _ => NUMBER_FAR,
    }
}

/// A lot that lists a range of numbers has listed its doors: what lies outside is no second door of it.
fn step_of(county: &County, entry: &Entry) -> u32 {
    if entry.high > entry.low { 0 } else { county.number_step }
}

/// Calls `found` for the nearest numbers of the street: two below and two above on the same side, one each on the other.
pub(crate) fn each_neighbour(county: &County, street: u32, asked: &Number, mut found: impl FnMut(usize, Level)) {
    let (offset, entries) = county.entries_of(street);
    let middle = entries.partition_point(|e| e.low < asked.low);
    let mut seen = [(0usize, u32::MAX); 2];
    for i in (0..middle).rev().take(ENTRIES_MAX) {
        let entry = &entries[i];
        let distance = asked.low - entry.high.min(asked.low);
        if distance > FAR_MAX {
            break;
        }
        if let Some(level) = side_level(entry, asked, &mut seen)
            .map(|is_first| level_of(is_first, below(distance, step_of(county, entry))))
        {
            found(offset + i, level);
        }
    }
    let mut seen = [(0usize, u32::MAX); 2];
    for (i, entry) in entries.iter().enumerate().skip(middle).take(ENTRIES_MAX) {
        let distance = entry.low.saturating_sub(asked.high);
        if distance > FAR_MAX {
            break;
        }
        if let Some(level) = side_level(entry, asked, &mut seen)
            .map(|is_first| level_of(is_first, above(distance, step_of(county, entry))))
        {
            found(offset + i, level);
        }
    }
}

/// The entries next below and above the number, three on each hand, none farther than a block's numbers go.
pub(crate) fn around<'c>(county: &'c County, street: u32, asked: &Number) -> impl Iterator<Item = &'c Entry> {
    let (_, entries) = county.entries_of(street);
    let middle = entries.partition_point(|e| e.low < asked.low);
    let block = if county.completeness < WHOLE_MIN { BLOCK_OF_SAMPLE_MAX } else { BLOCK_MAX };
    let (low, high) = (asked.low.saturating_sub(block), asked.high.saturating_add(block));
    entries[middle.saturating_sub(3)..(middle + 3).min(entries.len())]
        .iter()
        .filter(move |e| e.high >= low && e.low <= high)
}

/// The entries with the nearest house numbers, one a number, in the order of the street; at most `n`.
pub(crate) fn nearest<'c>(county: &'c County, street: u32, asked: &Number, n: usize) -> Vec<&'c Entry> {
    let (_, entries) = county.entries_of(street);
    let middle = entries.partition_point(|e| e.low < asked.low);
    let distance = |e: &Entry| e.low.saturating_sub(asked.high).max(asked.low.saturating_sub(e.high));
    let mut found: Vec<&Entry> = Vec::with_capacity(2 * n);
    for side in [&mut entries[..middle].iter().rev() as &mut dyn Iterator<Item = &Entry>, &mut entries[middle..].iter()]
    {
        let mut n_side = 0;
        for entry in side.take(ENTRIES_MAX).filter(|e| e.low > 0) {
            if n_side == n {
                break;
            }
            if found
                .last()
                .is_none_or(|last| (last.low, last.high, last.suffix) != (entry.low, entry.high, entry.suffix))
            {
                found.push(entry);
                n_side += 1;
            }
        }
    }
    found.sort_by_key(|e| (distance(e), e.low, e.high));
    found.truncate(n);
    found.sort_by_key(|e| (e.low, e.high));
    found
}

/// How an entry counts among the neighbours of its side of the street.
enum Rank {
    First,
    Second,
    OtherSide,
}

fn level_of(rank: Rank, first: Level) -> Level {
    match rank {
        Rank::First => first,
        Rank::Second => NUMBER_SECOND,
        Rank::OtherSide => NUMBER_OTHER_SIDE,
    }
}

fn side_level(entry: &Entry, asked: &Number, seen: &mut [(usize, u32); 2]) -> Option<Rank> {
    let is_other = usize::from(entry.low % 2 != asked.low % 2);
    let (n_seen, last) = &mut seen[is_other];
    if *last != entry.low {
        *n_seen += 1;
        *last = entry.low;
    }
    match (is_other, *n_seen) {
        (0, 1) => Some(Rank::First),
        (0, 2) => Some(Rank::Second),
        (1, 1) => Some(Rank::OtherSide),
        _ => None,
    }
}

/// Calls `found` for the entries whose number differs in one digit or two swapped ones.
pub(crate) fn each_mistyped(county: &County, street: u32, asked: &Number, mut found: impl FnMut(usize, Level)) {
    let (offset, entries) = county.entries_of(street);
    if asked.low < 100 || asked.low != asked.high || entries.is_empty() {
        return;
    }
    let (first, last) = (entries[0].low, entries[entries.len() - 1].low);
    let mut look = |number: u32, level: Level| {
        if number < first || number > last {
            return;
        }
        let start = entries.partition_point(|e| e.low < number);
        for (i, entry) in entries[start..].iter().take_while(|e| e.low == number).take(64).enumerate() {
            if entry.high == number {
                found(offset + start + i, level);
            }
        }
    };
    let mut scale = 1u32;
    while scale <= asked.low {
        let digit = asked.low / scale % 10;
        let upper = asked.low / scale / 10 % 10;
        if upper != digit && asked.low / scale >= 10 {
            let swapped = asked.low - digit * scale - upper * scale * 10 + upper * scale + digit * scale * 10;
            look(swapped, NUMBER_TRANSPOSED);
        }
        for other in (0..10).filter(|d| *d != digit) {
            let number = asked.low - digit * scale + other * scale;
            if number >= 10u32.pow(asked.low.ilog10()) {
                look(number, NUMBER_DIGIT_TYPO);
            }
        }
        let Some(next) = scale.checked_mul(10) else { return };
        scale = next;
    }
}
