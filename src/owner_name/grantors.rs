//! The persons a trust or family partnership is named after: `PLINK, ORA LIVING TRUST`, `THE ORA B & ZED PLINK REVOCABLE TRUST`, `PLINK FAMILY TRUST`.
//!
//! They are evidence for links, not owners: the trust owns.

use super::facts::Rules;
use super::kind;
use super::lexicon;
use super::people::{self, Before};
use super::style::{LineStyle, Style};
use super::token::{Mark, Token};
use crate::model::party::PersonName;

/// Reads the persons out of a trust's name; none when it is named after a thing.
pub(super) fn read(piece: &[Token<'_>], style: &Style) -> Vec<PersonName> {
    let after_name = first_trust_word(piece);
    let is_talk = |n: usize, t: &Token<'_>| {
        matches!(t.mark, Mark::Open | Mark::Close | Mark::Dash | Mark::Percent)
            || t.is(lexicon::TRUST | lexicon::TRUST_OWN | lexicon::TRUST_ABBREV | lexicon::DIGIT)
            || t.text == "THE"
            || n > after_name
                && t.is(lexicon::TRUST_TALK | lexicon::LEGAL | lexicon::LEGAL_WEAK | lexicon::COMPANY_WEAK)
    };
    let kept: Vec<Token<'_>> = piece.iter().enumerate().filter(|(n, t)| !is_talk(*n, t)).map(|(_, t)| *t).collect();
    let has_comma = kind::surname_comma(&kept, style).is_some();
    let is_thing = |t: &Token<'_>| t.is(lexicon::ORGANISATION | lexicon::PLACE_WORD) || t.text == "OF";
    if !has_comma && kept.iter().any(is_thing) {
        return Vec::new();
    }
    let order = match style.line {
        LineStyle::Comma | LineStyle::Natural => LineStyle::Natural,
        LineStyle::Slash | LineStyle::Space | LineStyle::Mixed => LineStyle::Mixed,
    };
    let style = style.with_order(if has_comma { style.line } else { order });
    let mut before = Before::default();
    let mut people = Vec::new();
    let mut waiting: Vec<PersonName> = Vec::new();
    let pieces: Vec<&[Token<'_>]> = kept.split(Token::is_separator).filter(|p| p.iter().any(Token::is_word)).collect();
    let n_pieces = pieces.len();
    for (n, part) in pieces.into_iter().enumerate() {
        let n_words = part.iter().filter(|t| t.is_word()).count();
        let is_given_only = n + 1 < n_pieces
            && before.surname.is_empty()
            && (n_words == 1 || part.last().is_some_and(|t| t.is(lexicon::INITIAL)));
        if is_given_only && !has_comma && n_words <= 2 {
            let text = |at: usize| part.get(at).map_or("", |t| t.text).to_owned();
            waiting.push(PersonName { given: text(0), middle: text(1), ..PersonName::default() });
            continue;
        }
        people.extend(people::read(part, &mut before, &style, &mut Rules::default()));
    }
    for mut earlier in waiting.into_iter().rev() {
        earlier.surname.push_str(&before.surname);
        people.insert(0, earlier);
    }
    people
}

/// Position of the first trust word; months and `ESTATE` before it are names.
fn first_trust_word(piece: &[Token<'_>]) -> usize {
    piece.iter().position(|t| t.is(lexicon::TRUST | lexicon::TRUST_OWN | lexicon::TRUST_ABBREV)).unwrap_or(piece.len())
}
