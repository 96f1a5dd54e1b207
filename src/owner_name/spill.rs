//! Addresses where a name should be: street text at the end of an owner line, care-of and ATTN inside mailing lines.

use super::facts::{Flag, Rule};
use super::lexicon::{self, Lexicon};
use super::tails::Cut;
use super::token::{self, Mark, Token};

/// Moves an address or junk at the end of the owners' names out of them.
pub(super) fn cut_spill(cut: &mut Cut<'_>) {
    if let Some(start) = spill_start(&cut.main) {
        cut.spill = Some(join(cut.main.get(start..).unwrap_or(&[])));
        cut.main.truncate(start);
        cut.flags.add(Flag::AddressSpill);
        cut.rules.add(Rule::TailSpill);
    }
    if let Some(start) = junk_start(&cut.main) {
        cut.unparsed = Some(join(cut.main.get(start..).unwrap_or(&[])));
        cut.main.truncate(start);
        cut.flags.add(Flag::Junk);
        cut.rules.add(Rule::TailJunk);
    }
}

/// Where the address begins: after at least two words of name.
fn spill_start(main: &[Token<'_>]) -> Option<usize> {
    let n = main.len();
    if !main.iter().any(|t| t.is(lexicon::DIGIT | lexicon::BOX)) {
        return None;
    }
    let bookkeeping = |w: &[Token<'_>]| matches!(w, [a, b] if a.text == "BASE" && b.text.starts_with("ACC"));
    if main.windows(2).any(bookkeeping) {
        return None;
    }
    (2..n).find(|&at| {
        let rest = main.get(at..).unwrap_or(&[]);
        let organisation_follows = || {
            rest.iter().any(|t| {
                t.is(lexicon::ORGANISATION & !lexicon::COMPANY_WEAK & !lexicon::LEGAL_WEAK & !lexicon::RELIGIOUS
                    | lexicon::TRUST_ABBREV)
            })
        };
        (is_box(rest) || is_numbered_street(rest, main.get(..at).unwrap_or(&[])) || is_calle(rest))
            && !organisation_follows()
    })
}

fn is_box(rest: &[Token<'_>]) -> bool {
    let text = |n: usize| rest.get(n).map_or("", |t| t.text);
    let number = |n: usize| rest.get(n).is_some_and(|t| t.is(lexicon::DIGIT));
    (text(0) == "PO" && text(1) == "BOX")
        || (text(0) == "P" && text(1) == "O" && text(2) == "BOX")
        || (text(0) == "BOX" && number(1))
        || (matches!(text(0), "RR" | "RT" | "RURAL") && number(1) && rest.len() > 2)
}

/// A whole number, then words; the number may not be the year or count of an organisation's name.
fn is_numbered_street(rest: &[Token<'_>], before: &[Token<'_>]) -> bool {
    let Some((first, words)) = rest.split_first() else { return false };
    let number = first.text.bytes().take_while(u8::is_ascii_digit).count();
    let plain = number > 0 && number <= 6 && first.text.len() <= number + 1 && first.is_word();
    if !plain || !words.iter().any(|t| t.is_word() && t.text.len() > 1) {
        return false;
    }
    // A series of a company is often called by a street: `ACME RENTALS LLC PS 12 QUORN ST`.
    if before.last().is_some_and(|t| matches!(t.text, "PS" | "SERIES" | "NO" | "#")) {
        return false;
    }
    let street = words.iter().any(|t| t.is(lexicon::STREET));
    let person_before = !before.iter().any(|t| t.is(lexicon::ORGANISATION))
        && before.iter().any(|t| t.is(lexicon::GIVEN | lexicon::INITIAL) || t.mark == Mark::Comma);
    street || (person_before && words.iter().all(|t| t.is_word() && !t.is(lexicon::GOV_OF | lexicon::PURPOSE)))
}

/// Spanish `C/` (calle) with a house number at the end.
fn is_calle(rest: &[Token<'_>]) -> bool {
    rest.first().is_some_and(|t| t.text == "C")
        && rest.get(1).is_some_and(|t| t.mark == Mark::Slash)
        && rest.len() >= 4
        && rest.last().is_some_and(|t| t.is(lexicon::DIGIT))
}

/// A last word with letters and digits mixed behind a person's name, no generation suffix: `A2`.
fn junk_start(main: &[Token<'_>]) -> Option<usize> {
    let last = main.len().checked_sub(1).filter(|&n| n >= 2)?;
    let token = main.get(last)?;
    let mixed = token.is(lexicon::DIGIT)
        && !token.is(lexicon::SUFFIX)
        && token.text.len() <= 3
        && token.text.bytes().any(|b| b.is_ascii_alphabetic());
    let person = || !main.iter().any(|t| t.is(lexicon::ORGANISATION | lexicon::GOV_OF));
    (mixed && person() && main.iter().filter(|t| t.is_word()).count() >= 3).then_some(last)
}

/// Whether a second name column holds street or box text: number first and a street word, or a box.
pub(super) fn is_street_text(text: &str, lexicon: &Lexicon) -> bool {
    let tokens = token::tokenize(text, lexicon);
    let organisation = tokens.iter().any(|t| t.is(lexicon::LEGAL | lexicon::TRUST));
    !organisation
        && (is_box(&tokens) || (is_numbered_street(&tokens, &[]) && tokens.iter().any(|t| t.is(lexicon::STREET))))
}

/// Tokens as text, the way a person would write them.
pub(super) fn join(tokens: &[Token<'_>]) -> String {
    let mut out = String::with_capacity(tokens.iter().map(|t| t.text.len() + 1).sum());
    let mut glue = true;
    for token in tokens {
        match token.mark {
            Mark::Comma | Mark::Semicolon => continue,
            Mark::Slash => {
                out.push('/');
                glue = true;
                continue;
            }
            Mark::Close | Mark::Percent => {
                out.push_str(token.text);
                glue = false;
                continue;
            }
            Mark::Word | Mark::And | Mark::Open | Mark::Dash => {}
        }
        if !glue {
            out.push(' ');
        }
        out.push_str(token.text);
        glue = token.mark == Mark::Open;
    }
    out
}
