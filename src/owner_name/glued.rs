//! Two persons typed one behind the other without a separator, as happens when a county's export joins two name columns:
//! `PLINK, ORA B QUORN, ZED`, `PLINK, ORA B ZED C`, `PLINK, ORA B ZED C QUORN`, `PLINK, ORA II ZED PLINK`.
//!
//! Only shapes that no single name has are cut: a second comma, a suffix in the middle, `GIVEN INITIAL GIVEN ...`.
//! `GARCIA, MARIA ELENA LOPEZ` is one person with two surnames and stays one.

use super::lexicon;
use super::style::Style;
use super::token::{Mark, Token};

/// Cuts what stands behind `SURNAME,` into the first person's given names and the words of each further person.
pub(super) fn cut<'p, 'a>(surname: &str, rest: &'p [Token<'a>], style: &Style) -> (&'p [Token<'a>], &'p [Token<'a>]) {
    let at = second_comma(rest).or_else(|| behind_suffix(rest)).or_else(|| behind_initial(surname, rest, style));
    match at.or_else(|| repeated(surname, rest, style)) {
        Some(at) => rest.split_at(at),
        None => (rest, &[]),
    }
}

/// `ORA B QUORN, ZED`: the word before a second comma is a surname; `ORA B, ZED`: the comma only separates.
fn second_comma(rest: &[Token<'_>]) -> Option<usize> {
    let comma = rest.iter().position(|t| t.mark == Mark::Comma)?;
    let behind = rest.iter().skip(comma + 1).find(|t| t.is_word())?;
    if comma == 0 || behind.is(lexicon::SUFFIX | lexicon::TITLE) {
        return None;
    }
    let mut at = comma - 1;
    let last = rest.get(at)?;
    if at == 0 || last.is(lexicon::INITIAL | lexicon::SUFFIX) || !last.is_word() {
        return Some(comma);
    }
    while at > 1 && rest.get(at - 1).is_some_and(|t| t.is(lexicon::PARTICLE) && !t.is(lexicon::INITIAL)) {
        at -= 1;
    }
    Some(at)
}

/// `ORA B II ZED PLINK`.
fn behind_suffix(rest: &[Token<'_>]) -> Option<usize> {
    let at = rest.iter().position(|t| t.is(lexicon::SUFFIX)).filter(|at| *at > 0)?;
    let behind = rest.get(at + 1..)?;
    (behind.len() >= 2 && behind.iter().all(|t| t.is_word() && !t.is(lexicon::SUFFIX | lexicon::DIGIT)))
        .then_some(at + 1)
}

/// `ORA B ZED C`, `ORA B ZED C QUORN`, `ORA B ZED QUORN`.
fn behind_initial(surname: &str, rest: &[Token<'_>], style: &Style) -> Option<usize> {
    let words: &[Token<'_>] = rest;
    let (first, initial, next) = (words.first()?, words.get(1)?, words.get(2)?);
    let full = |t: &Token<'_>| t.is_word() && !t.is(lexicon::INITIAL | lexicon::PARTICLE | lexicon::SUFFIX);
    if !full(first) || !initial.is(lexicon::INITIAL) || !full(next) || !is_given(next, style) {
        return None;
    }
    let tail = words.get(3..)?;
    let last = tail.last()?;
    let is_surname =
        |t: &Token<'_>| full(t) && (is_same(t.text, surname) || !t.is(lexicon::GIVEN) && style.seen(t.text).0 > 0);
    let fits = match tail {
        [one] => one.is(lexicon::INITIAL) || is_surname(one),
        [one, ..] if one.is(lexicon::INITIAL) => full(last),
        [..] => is_same(last.text, surname),
    };
    fits.then_some(2)
}

/// `ANN KAY ROY JAY PLINK`, `ANN ROY B PLINK` behind `PLINK,`: the surname again at the end of the second person's name.
fn repeated(surname: &str, rest: &[Token<'_>], style: &Style) -> Option<usize> {
    let (last, given) = rest.split_last()?;
    if !is_same(last.text, surname) || !given.iter().all(|t| t.is_word() && !t.is(lexicon::SUFFIX)) {
        return None;
    }
    let n = given.len();
    let at = if given.last()?.is(lexicon::INITIAL) { n.checked_sub(2)? } else { n / 2 };
    let fits = n == 2 || n == 4 || given.last()?.is(lexicon::INITIAL);
    (at > 0 && fits && given.get(at).is_some_and(|t| is_given(t, style))).then_some(at)
}

/// The surname itself or a double name with it.
fn is_same(word: &str, surname: &str) -> bool {
    word == surname || word.split('-').any(|part| part == surname)
}

fn is_given(token: &Token<'_>, style: &Style) -> bool {
    let (surname, given) = style.seen(token.text);
    token.is(lexicon::GIVEN) || given > surname
}
