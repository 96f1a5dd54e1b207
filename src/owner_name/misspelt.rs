//! Long business words that were mistyped, glued to the word before, or cut: `HODLINGS`, `AQUISITIONS`, `COBRAINVESTMENTS`.
//!
//! Only words of eight letters and more: shorter ones lie too near to surnames (`PARTNER` and GARTNER, `HOMES` and HOLMES).

use super::lexicon::{self, lexicon};
use super::token::Token;

/// Letters from which a word is compared at all.
const LETTERS_MIN: usize = 7;
/// Longest word compared; longer ones are no words.
const LETTERS_MAX: usize = 24;
/// Letters from which two slips are forgiven instead of one.
const LETTERS_TWO_SLIPS: usize = 10;

/// Whether one of the words is a known long business word, mistyped or glued.
pub(super) fn is_organisation(words: &[&Token<'_>]) -> bool {
    words.iter().any(|t| t.class == 0 && (LETTERS_MIN..=LETTERS_MAX).contains(&t.text.len()) && is_near(t.text))
}

fn is_near(word: &str) -> bool {
    lexicon().spelled().iter().any(|known| {
        if word.len() > known.len() + 2 {
            return word.ends_with(known);
        }
        let slips = if known.len() >= LETTERS_TWO_SLIPS { 2 } else { 1 };
        let starts = word.as_bytes().first() == known.as_bytes().first();
        starts && word.len().abs_diff(known.len()) <= slips && strsim::damerau_levenshtein(word, known) <= slips
    })
}

/// A legal form glued to the name: `PRONTOLLC`.
pub(super) fn glued_form(word: &str) -> u64 {
    let name = word.strip_suffix("LLC").unwrap_or("");
    if name.len() >= 3 && name.bytes().all(|b| b.is_ascii_alphabetic()) { lexicon::LEGAL_STRONG } else { 0 }
}
