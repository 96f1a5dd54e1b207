//! Which streets of the county a name may mean. Bounded: at most [`NAMES_MAX`] names for one reading. Figures and single
//! letters are never taken for typing errors: 24th St may not become 34th St, nor Avenue A Avenue C.

use super::build::{LETTERS_MAX, LETTERS_MIN, deletion_keys, is_spelled, posting_key};
use super::county::County;
use super::levels::{
    Level, NAME_ABBREVIATED, NAME_EDIT_KNOWN, NAME_EXACT, NAME_ONE_EDIT, NAME_ONE_EDIT_SHORT, NAME_SOUND, NAME_SPACING,
    NAME_SUBSET, NAME_SUBSET_KNOWN, NAME_SUBSET_TAIL, NAME_SUBSET_TAIL_KNOWN, NAME_TWO_EDITS,
};
use super::reading;

/// Most names followed for one reading.
pub(crate) const NAMES_MAX: usize = 32;
/// Names of this length and more may differ in two letters; shorter ones in one.
const TWO_EDITS_LEN_MIN: usize = 8;
/// One edit in a name of up to this length changes much of it.
const SHORT_LEN_MAX: usize = 5;

/// Least likeness of [`likeness`].
const LIKENESS_MIN: u32 = 800;
/// One edit in a name of up to this length makes another name as often as not.
const TINY_LEN_MAX: usize = 3;
/// A name cut off by the width of a column has at least this many letters.
const CUT_LEN_MIN: usize = 6;

/// A name with the level by which it was found.
pub(crate) type NameHit = (u32, Level);

fn add(found: &mut Vec<NameHit>, name: u32, level: Level) {
    if found.len() < NAMES_MAX && !found.iter().any(|(other, _)| *other == name) {
        found.push((name, level));
    }
}

/// Names equal but for spacing and the order of words.
pub(crate) fn same(county: &County, name: &str, found: &mut Vec<NameHit>) {
    if let Some(id) = county.names.find(name) {
        add(found, id, NAME_EXACT);
    }
    let folded = reading::fold(name);
    for id in county.by_fold.of(posting_key(&folded)) {
        if reading::fold(county.names.get(*id)) == folded {
            add(found, *id, NAME_SPACING);
        }
    }
    if name.contains(' ') {
        let bag = reading::bag(name);
        for id in county.by_bag.of(posting_key(&bag)) {
            if reading::bag(county.names.get(*id)) == bag {
                add(found, *id, NAME_SPACING);
            }
        }
    }
}

/// Names spelled, abbreviated or sounding nearly alike, and names that hold all words of the other.
pub(crate) fn near(county: &County, name: &str, found: &mut Vec<NameHit>) {
    let is_known = found.iter().any(|(_, level)| *level == NAME_EXACT);
    if is_spelled(name) {
        spelled_alike(county, name, is_known, found);
    }
    sharing_words(county, name, is_known, found);
    if is_spelled(name) {
        let key = reading::sound(name);
        if key.len() >= 3 {
            for id in county.by_sound.of(posting_key(&key)) {
                if reading::sound(county.names.get(*id)) == key {
                    add(found, *id, if is_known { NAME_EDIT_KNOWN } else { NAME_SOUND });
                }
            }
        }
        if found.is_empty() {
            cut_off(county, name, found);
        }
    }
}

/// `PENNSYLVAN`, `MARTIN LUTHER KI`: what a column of fixed width left of a name.
fn cut_off(county: &County, name: &str, found: &mut Vec<NameHit>) {
    let letters = |text: &str| text.bytes().filter(|b| *b != b' ').count();
    if letters(name) < CUT_LEN_MIN {
        return;
    }
    for id in 0..u32::try_from(county.names.len()).unwrap_or(0) {
        let mut whole = county.names.get(id).bytes().filter(|b| *b != b' ');
        if name.bytes().filter(|b| *b != b' ').all(|b| whole.next() == Some(b)) {
            add(found, id, NAME_SUBSET);
        }
    }
}

fn spelled_alike(county: &County, name: &str, is_known: bool, found: &mut Vec<NameHit>) {
    let folded = reading::fold(name);
    if folded.len() < LETTERS_MIN || folded.len() > LETTERS_MAX {
        return;
    }
    let limit = if folded.len() >= TWO_EDITS_LEN_MIN { 2 } else { 1 };
    let mut ids: Vec<u32> = Vec::new();
    deletion_keys(&folded, |key| ids.extend_from_slice(county.by_deletion.of(key)));
    ids.sort_unstable();
    ids.dedup();
    let mut hits: Vec<(usize, u32)> = ids
        .into_iter()
        .filter_map(|id| {
            let other = county.names.get(id);
            let edits = edits_within(folded.as_bytes(), reading::fold(other).as_bytes(), limit)?;
            (edits > 0).then_some((edits, id))
        })
        .collect();
    hits.sort_unstable();
    for (edits, id) in hits {
        let level = match edits {
            _ if is_known => NAME_EDIT_KNOWN,
            // ELK / ELM: a third of the name.
            1 if folded.len().min(reading::fold(county.names.get(id)).len()) <= TINY_LEN_MAX => NAME_TWO_EDITS,
            1 if folded.len() <= SHORT_LEN_MAX => NAME_ONE_EDIT_SHORT,
            1 => NAME_ONE_EDIT,
            _ => NAME_TWO_EDITS,
        };
        add(found, id, level);
    }
}

fn sharing_words(county: &County, name: &str, is_known: bool, found: &mut Vec<NameHit>) {
    let words: Vec<&str> = name.split(' ').collect();
    let subset = |has_first: bool| match (has_first, is_known) {
        (true, false) => NAME_SUBSET,
        (true, true) => NAME_SUBSET_KNOWN,
        (false, false) => NAME_SUBSET_TAIL,
        (false, true) => NAME_SUBSET_TAIL_KNOWN,
    };
    for word in &words {
        if let Some(id) = county.names.find(word).filter(|_| word.len() >= 4 && words.len() > 1) {
            add(found, id, subset(words.first() == Some(word)));
        }
        for id in county.by_word.of(posting_key(word)) {
            let other: Vec<&str> = county.names.get(*id).split(' ').collect();
            let is_short = other.len() == words.len() && words.iter().zip(&other).all(|(a, b)| abbreviates(a, b));
            if is_short || initials(&words, &other) {
                add(found, *id, if is_known { NAME_EDIT_KNOWN } else { NAME_ABBREVIATED });
            } else if is_one_of_two_roads(&words, &other) {
                add(found, *id, if is_known { NAME_SUBSET_KNOWN } else { NAME_SUBSET });
            } else if word.len() >= 4
                && (words.iter().all(|w| other.contains(w)) || other.iter().all(|w| words.contains(w)))
            {
                add(found, *id, subset(words.first() == other.first()));
            }
        }
    }
}

/// A road that bears two numbers (`HWY 6 & 34`) under one of them.
fn is_one_of_two_roads(a: &[&str], b: &[&str]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    matches!((short, long), ([one], [first, "&", second]) if one == first || one == second)
}

/// True when the words are equal or one is short for the other: same first letter, its letters in order in the longer one.
fn abbreviates(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short == long {
        return true;
    }
    let is_word = |w: &str| w.len() >= 2 && w.bytes().all(|c| c.is_ascii_alphabetic());
    let mut rest = long.bytes();
    is_word(short)
        && is_word(long)
        && short.as_bytes()[0] == long.as_bytes()[0]
        && short.bytes().all(|c| rest.any(|other| other == c))
}

/// Words that a street named for a person has or lacks: DR MARTIN L KING JR / MARTIN L KING.
const STYLES: [&str; 6] = ["DR", "REV", "JR", "SR", "II", "III"];

/// True when two names of a person differ in initials and styles only (ADAM C POWELL / ADAM CLAYTON POWELL JR), with one
/// word of four letters or more in full on both sides.
fn initials(a: &[&str], b: &[&str]) -> bool {
    let mut rest = b.iter().filter(|w| !STYLES.contains(w));
    let mut has_full_word = false;
    for word in a.iter().filter(|w| !STYLES.contains(w)) {
        let Some(other) = rest.next() else { return false };
        let is_initial = (word.len() == 1 || other.len() == 1)
            && word.as_bytes()[0] == other.as_bytes()[0]
            && word.bytes().chain(other.bytes()).all(|c| c.is_ascii_alphabetic());
        if word == other {
            has_full_word |= word.len() >= 4;
        } else if !is_initial {
            return false;
        }
    }
    has_full_word && rest.next().is_none()
}

/// How alike two names without blanks are that no rule connects, in thousandths; `None` for too little. Figures and single
/// letters count as one step, since any may stand for any other in a hasty hand.
pub(crate) fn likeness(a: &str, b: &str) -> Option<u32> {
    let is_figure = |s: &str| s.bytes().any(|c| c.is_ascii_digit());
    let is_near = if (a.len() == 1 && b.len() == 1) || (is_figure(a) && is_figure(b)) {
        edits_within(a.as_bytes(), b.as_bytes(), 2)
    } else {
        a.as_bytes().first().filter(|c| Some(*c) == b.as_bytes().first()).map(|_| 2)
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000")]
    let likeness = is_near.map(|edits| match edits {
        0 | 1 => 950,
        _ => (strsim::jaro_winkler(a, b) * 1000.0) as u32,
    })?;
    (likeness >= LIKENESS_MIN).then_some(likeness)
}

/// Optimal string alignment distance (insert, delete, replace, swap of neighbours), `None` above the limit.
fn edits_within(a: &[u8], b: &[u8], limit: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > limit || a.len() > LETTERS_MAX || b.len() > LETTERS_MAX {
        return None;
    }
    let mut before = [0u8; LETTERS_MAX + 1];
    let mut last = [0u8; LETTERS_MAX + 1];
    let mut row = [0u8; LETTERS_MAX + 1];
    for (j, cell) in last.iter_mut().enumerate() {
        *cell = u8::try_from(j).unwrap_or(u8::MAX);
    }
    for i in 1..=a.len() {
        row[0] = u8::try_from(i).unwrap_or(u8::MAX);
        let mut least = row[0];
        for j in 1..=b.len() {
            let mut cost = last[j - 1] + u8::from(a[i - 1] != b[j - 1]);
            cost = cost.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row[j] = cost;
            least = least.min(cost);
        }
        if usize::from(least) > limit {
            return None;
        }
        before = last;
        last = row;
    }
    let edits = usize::from(last[b.len()]);
    (edits <= limit).then_some(edits)
}

#[cfg(test)]
mod tests {
    use super::{abbreviates, edits_within, initials};

    #[test]
    fn persons_may_lose_styles_and_first_names() {
        let is_same = |a: &str, b: &str| initials(&a.split(' ').collect::<Vec<_>>(), &b.split(' ').collect::<Vec<_>>());
        assert!(is_same("ADAM C POWELL", "ADAM CLAYTON POWELL JR"));
        assert!(is_same("M L KING", "DR MARTIN LUTHER KING JR"));
        assert!(!is_same("M L KING", "MARTIN KING") && !is_same("ADAM C POWELL", "ADAM DAVID POWELL"));
        assert!(!is_same("M L K", "MARTIN LUTHER KING") && !is_same("AVENUE 1", "AVENUE 12"));
    }

    #[test]
    fn distances_agree_with_a_second_implementation() {
        let words = [
            "YALE",
            "YAEL",
            "HARVARD",
            "HAVARD",
            "PRAIRIERIDGE",
            "PRARIERIDGE",
            "MAPLE",
            "",
            "A",
            "LINCOLN",
            "LINOCLN",
        ];
        for a in words {
            for b in words {
                let expected = strsim::osa_distance(a, b);
                let found = edits_within(a.as_bytes(), b.as_bytes(), 2);
                assert_eq!(found, Some(expected).filter(|d| *d <= 2), "{a} {b}");
            }
        }
    }

    #[test]
    fn short_words_keep_the_order_of_letters() {
        assert!(abbreviates("PK", "PARK") && abbreviates("MTN", "MOUNTAIN") && abbreviates("CH", "CHURCH"));
        assert!(!abbreviates("PK", "LAKE") && !abbreviates("E", "EAGLE") && !abbreviates("24", "243"));
    }
}
