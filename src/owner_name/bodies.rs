//! Bodies that a phrase names without any legal form: `PLINK LAND BANK`, `BISHOP OF PLINK`, `PLINK PROPERTY OWNERS`, `NEW LIFE CENTER`.
//!
//! Asked only where no `SURNAME,` stands in front.

use super::facts::Rule;
use super::lexicon::{self, Stands};
use super::style::Style;
use super::token::Token;
use crate::model::party::PartyKind;

fn text<'a>(words: &[&Token<'a>], n: usize) -> &'a str {
    words.get(n).map_or("", |t| t.text)
}

/// A phrase of `owner_bodies.tsv` in the piece. A government has no legal form.
pub(super) fn by_table(piece: &[Token<'_>], classes: u64) -> Option<(PartyKind, Rule)> {
    if classes & lexicon::BODY == 0 {
        return None;
    }
    let start = usize::from(piece.first().is_some_and(|t| t.text == "THE"));
    let named = piece.first().is_some_and(|t| t.is(lexicon::GIVEN)) || piece.iter().any(|t| t.is(lexicon::INITIAL));
    for at in 0..piece.len() {
        for body in lexicon::lexicon().bodies_at(piece.get(at..).unwrap_or(&[])) {
            let ends = at + body.n_tokens() == piece.len();
            let stands = match body.stands {
                Stands::Anywhere => true,
                Stands::Start => at == start,
                Stands::End => ends && at > start && (!named || body.n_tokens() > 1),
                Stands::Whole => at == start && ends,
            };
            // `PLINK HEALTH CARE ASSOCIATION`, `PLINK REGIONAL TRANSIT INC`: the other word says more.
            let other = match body.kind {
                PartyKind::Government(_) => lexicon::LEGAL,
                PartyKind::Company => lexicon::ASSOCIATION | lexicon::RELIGIOUS,
                PartyKind::Association => lexicon::RELIGIOUS,
                PartyKind::Person
                | PartyKind::Trust
                | PartyKind::Religious
                | PartyKind::Estate
                | PartyKind::Unknown(_) => 0,
            };
            if stands && classes & other == 0 {
                return Some((body.kind, Rule::KindBody));
            }
        }
    }
    None
}

/// `PLINK LIGHT & POWER`: whether the mark at `at` stands inside the phrase of a body.
pub(super) fn is_inside(main: &[Token<'_>], at: usize) -> bool {
    (1..=at.min(BODY_BEFORE_MARK))
        .any(|back| lexicon::lexicon().bodies_at(main.get(at - back..).unwrap_or(&[])).any(|b| b.n_tokens() > back))
}

/// Words of a phrase before the mark in it, at most.
const BODY_BEFORE_MARK: usize = 2;

/// Religious bodies, owners of a subdivision, banks called associations, centers.
pub(super) fn by_phrase(words: &[&Token<'_>], classes: u64) -> Option<(PartyKind, Rule)> {
    let last = text(words, words.len().saturating_sub(1));
    let saint = matches!(text(words, 0), "ST" | "STS" | "SAINT") && text(words, 1).ends_with('S');
    if text(words, 0) == "BISHOP" && text(words, 1) == "OF" && words.len() > 2 || saint && last == "PARISH" {
        return Some((PartyKind::Religious, Rule::KindReligious));
    }
    let mut pairs = words.iter().zip(words.iter().skip(1)).map(|(a, b)| (a.text, b.text));
    // `U S BANK NATIONAL ASSOCIATION`, `PLINK SAVINGS & LOAN ASSN`: a bank is a company whatever it calls itself.
    let bank = words.iter().any(|t| matches!(t.text, "BANK" | "MORTGAGE" | "MTG" | "SAVINGS" | "LOAN"));
    let is_bank = |(a, b): (&str, &str)| {
        matches!(a, "NATIONAL" | "NATL" | "NAT'L" | "MORTGAGE" | "MTG" | "SAVINGS" | "LOAN" | "LN")
            && matches!(b, "ASSOCIATION" | "ASSN" | "ASSOC")
            || (a, b) == ("FUND", "SOCIETY")
    };
    if bank && pairs.clone().any(is_bank) {
        return Some((PartyKind::Company, Rule::KindCompanyWord));
    }
    let of_owners = |(a, b): (&str, &str)| {
        matches!((a, b), ("PROPERTY" | "HOME" | "LOT" | "UNIT", "OWNERS") | ("COMMON", "AREA" | "AREAS" | "ELEMENTS"))
    };
    if pairs.any(of_owners) {
        return Some((PartyKind::Association, Rule::KindAssociation));
    }
    let center = words.len() > 2
        && matches!(last, "CENTER" | "CENTRE" | "CLINIC" | "LIBRARY")
        && !words.first().is_some_and(|t| t.is(lexicon::GIVEN))
        && classes & (lexicon::INITIAL | lexicon::COMPANY_WEAK | lexicon::RELIGIOUS | lexicon::LEGAL) == 0;
    center.then_some((PartyKind::Association, Rule::KindAssociation))
}

/// `PLINK REDEVELOPMENT AGENCY`, `PLINK LAND BANK`: the word at `n` begins or ends the name of a public agency.
pub(super) fn is_public_agency(words: &[&Token<'_>], n: usize) -> bool {
    match text(words, n) {
        "AGENCY" => n.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|t| t.is(lexicon::PUBLIC_TRUST)),
        "LAND" => n > 0 && text(words, 0) != "FEDERAL" && text(words, n + 1) == "BANK",
        "BOARD" | "BD" => {
            text(words, n + 1) == "OF"
                && matches!(
                    text(words, n + 2),
                    "EDUCATION"
                        | "EDUC"
                        | "ED"
                        | "REGENTS"
                        | "COUNTY"
                        | "SUPERVISORS"
                        | "COMMISSIONERS"
                        | "COUNTY-COMMISSIONERS"
                )
        }
        _ => false,
    }
}

/// `AT&T`, `PLINK & SON`: letters or a family business joined by `&`, not two persons.
pub(super) fn is_joined_firm(piece: &[Token<'_>]) -> bool {
    let [a, and, b] = piece else { return false };
    let letters = a.text.len() <= 3 && b.text.len() <= 3 && (a.is(lexicon::INITIAL) || b.is(lexicon::INITIAL));
    and.text == "&" && a.is_word() && b.is_word() && (letters || b.text == "SON")
}

/// `PLINK & QUORN`, `PLINK/QUORN/FERBLE`: surnames or a firm, but no whole name of anybody.
pub(super) fn are_lone_surnames(piece: &[Token<'_>], style: &Style) -> bool {
    let is_lone = |t: &Token<'_>| {
        let (surname, given) = style.seen(t.text);
        t.is_word() && t.text.len() > 1 && t.class & !lexicon::BODY == 0 && given <= surname
    };
    piece.get(1).is_some_and(Token::is_separator)
        && piece.len() % 2 == 1
        && piece.iter().enumerate().all(|(n, t)| if n % 2 == 0 { is_lone(t) } else { t.is_separator() })
}

/// A word of a name: who died.
fn is_name(token: &Token<'_>) -> bool {
    let name = lexicon::NAME_ONLY | lexicon::INITIAL | lexicon::SUFFIX | lexicon::PARTICLE | lexicon::PHRASE;
    token.class & !name == 0
}

/// `EST OF ...`, `... ESTATE`, `... ESTATE OF`, `ESTATE PLINK ORA`; never REAL ESTATE, never ESTATES.
pub(super) fn is_estate(words: &[&Token<'_>]) -> bool {
    let is_word = |n: usize| matches!(text(words, n), "ESTATE" | "EST");
    let real = |n: usize| n.checked_sub(1).is_some_and(|before| text(words, before) == "REAL");
    let n = words.len();
    if (0..n.min(3)).any(|at| is_word(at) && text(words, at + 1) == "OF" && !real(at)) {
        return true;
    }
    let named = words.iter().any(|t| t.is(lexicon::GIVEN | lexicon::INITIAL));
    // EST is a surname too: only before a whole name.
    let least = if text(words, 0) == "EST" { 4 } else { 3 };
    if is_word(0) && n >= least && named && words.iter().skip(1).all(|t| is_name(t)) {
        return true;
    }
    let Some(last) = n.checked_sub(1) else { return false };
    if last >= 2 && text(words, last) == "OF" {
        return is_word(last - 1) && !real(last - 1);
    }
    let all_names = || words.iter().take(last).all(|t| is_name(t));
    last >= 1
        && is_word(last)
        && !real(last)
        && (last >= 2 && named || text(words, last) == "ESTATE" && last <= 3 && all_names())
}
