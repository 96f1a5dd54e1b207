//! Care-of and ATTN inside mailing lines: names taken out, streets left.

use super::lexicon::{self, Action};
use super::style::{LineStyle, Style};
use super::token::{self, Mark, Token};
use super::{parse, spill};
use crate::model::party::{Party, PartyRole};

/// Mailing lines with the names taken out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailing {
    /// Parties named by `C/O`, `%`, `ATTN` and lines that hold only such a name.
    pub care_of: Vec<Party>,
    /// The lines that remain, folded to upper case.
    pub street: Vec<String>,
}

/// Splits mailing lines into care-of parties and street lines.
pub fn split_mailing(lines: &[&str]) -> Mailing {
    let lexicon = lexicon::lexicon();
    let mut mailing = Mailing::default();
    for line in lines.iter().filter(|l| !l.trim().is_empty()) {
        let mut folded = String::new();
        token::fold(line, &mut folded);
        let tokens = token::tokenize(&folded, lexicon);
        let Some((at, n_mark, role)) = role_mark(&tokens, lexicon) else {
            mailing.street.push(folded.split_whitespace().collect::<Vec<_>>().join(" "));
            continue;
        };
        let (before, after) = (tokens.get(..at).unwrap_or(&[]), tokens.get(at + n_mark..).unwrap_or(&[]));
        let street_at = street_start(after);
        let (name, behind) = after.split_at(street_at);
        push_names(name, role, &mut mailing.care_of);
        for street in [before, behind].into_iter().map(spill::join).filter(|s| !s.is_empty()) {
            mailing.street.push(street);
        }
    }
    mailing
}

/// First care-of or attention mark: position, length, role.
fn role_mark(tokens: &[Token<'_>], lexicon: &lexicon::Lexicon) -> Option<(usize, usize, PartyRole)> {
    tokens.iter().enumerate().find_map(|(at, token)| {
        if token.mark == Mark::Percent {
            return Some((at, 1, PartyRole::CareOf));
        }
        lexicon.phrases_at(token.text).iter().find_map(|phrase| {
            let role = if phrase.action == Action::CareOf {
                PartyRole::CareOf
            } else if phrase.action == Action::Attention {
                PartyRole::Attention
            } else {
                return None;
            };
            let fits = phrase.words.iter().enumerate().all(|(n, w)| tokens.get(at + n).is_some_and(|t| t.text == *w));
            fits.then_some((at, phrase.words.len(), role))
        })
    })
}

/// Where the street begins behind a name: a box, or a number with words behind it.
fn street_start(after: &[Token<'_>]) -> usize {
    let box_word = |n: usize| {
        let text = |m: usize| after.get(m).map_or("", |t| t.text);
        (text(n) == "PO" && text(n + 1) == "BOX")
            || (text(n) == "P" && text(n + 1) == "O")
            || (text(n) == "BOX" && after.get(n + 1).is_some_and(|t| t.is(lexicon::DIGIT)))
    };
    let number = |n: usize| {
        after.get(n).is_some_and(|t| t.text.starts_with(|c: char| c.is_ascii_digit()))
            && after.iter().skip(n + 1).any(|t| t.is(lexicon::STREET | lexicon::DIRECTION))
    };
    (0..after.len()).find(|&n| box_word(n) || number(n)).unwrap_or(after.len())
}

fn push_names(name: &[Token<'_>], role: PartyRole, care_of: &mut Vec<Party>) {
    let text = spill::join(name);
    if text.is_empty() {
        return;
    }
    let line = parse(&[text.as_str()], &Style::fixed(LineStyle::Natural));
    care_of.extend(line.parties.into_iter().map(|party| Party { role, ..party }));
}
