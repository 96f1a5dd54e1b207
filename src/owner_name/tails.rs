//! Cuts facts out of a token list: tenancy, et al, life estate, aliases, care-of, shares, trustees, address spill, junk.
//!
//! What remains is names and separators only. Names found behind a role word (`C/O`, `AKA`, `TOD`, ...) go to their own lists.

use super::facts::{Flag, Flags, Rule, Rules};
use super::lexicon::{self, Action, Lexicon, Phrase};
use super::spill;
use super::token::{Mark, Token};
use crate::model::party::PartyRole;

/// The line without its facts.
#[derive(Debug, Default)]
pub(super) struct Cut<'a> {
    /// Names and separators of the owners.
    pub(super) main: Vec<Token<'a>>,
    /// Names with another role, in order of appearance.
    pub(super) others: Vec<(PartyRole, Vec<Token<'a>>)>,
    pub(super) flags: Flags,
    pub(super) rules: Rules,
    /// `HEIRS OF`, `ESTATE OF` stand in front.
    pub(super) opens_with_of: bool,
    /// Shares in the order of the line.
    pub(super) shares: Vec<(u32, u32)>,
    pub(super) spill: Option<String>,
    pub(super) unparsed: Option<String>,
}

/// Cuts the facts out of the tokens of one line.
pub(super) fn cut<'a>(tokens: &[Token<'a>], lexicon: &Lexicon) -> Cut<'a> {
    let mut cut = Cut { main: Vec::with_capacity(tokens.len()), ..Cut::default() };
    let mut role: Option<PartyRole> = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token.mark == Mark::Percent && !is_share(tokens, at) {
            role = start_role(&mut cut, PartyRole::CareOf, Flag::CareOf, Rule::TailCareOf);
            at += 1;
            continue;
        }
        if token.is(lexicon::PHRASE)
            && let Some(phrase) = phrase_at(tokens, at, lexicon)
        {
            cut.opens_with_of |=
                phrase.action == Action::Heirs && cut.main.is_empty() && phrase.words.last() == Some(&"OF");
            role = act(&mut cut, phrase.action, role);
            at += phrase.words.len();
            if phrase.action == Action::Trustee {
                at += papers(tokens.get(at..).unwrap_or(&[]));
            }
            match tokens.get(at) {
                Some(next) if next.is_word() => role = name_follows(&mut cut, phrase.action, role, next),
                Some(_) | None if phrase.action == Action::Remainder => role = remainder_before(&mut cut, role),
                Some(_) | None => {}
            }
            continue;
        }
        if let Some(share) = share_of(tokens, at).filter(|_| !cut.main.is_empty() || opens_with_share(tokens, at)) {
            at += if tokens.get(at + 1).is_some_and(|t| t.mark == Mark::Percent) { 2 } else { 1 };
            push_share(&mut cut, share, tokens.get(at..).unwrap_or(&[]));
            continue;
        }
        if is_bracket_of_suffix(tokens, at) || token.text == "OR" && is_or(&mut cut, tokens, at) {
            at += 1;
            continue;
        }
        if let Some(n) = form_of_body(&cut, tokens.get(at..).unwrap_or(&[])) {
            cut.rules.add(Rule::TailJunk);
            at += n;
            continue;
        }
        role = role.filter(|r| !ends_here(*r, token, &cut));
        match (role, cut.others.last_mut()) {
            (Some(_), Some((_, list))) => list.push(*token),
            _ => cut.main.push(*token),
        }
        at += 1;
    }
    tidy(&mut cut.main);
    let n_before = cut.main.len();
    spill::cut_spill(&mut cut);
    if cut.main.len() < n_before {
        tidy(&mut cut.main);
    }
    for (_, list) in &mut cut.others {
        tidy(list);
    }
    cut.opens_with_of |= cut
        .main
        .windows(2)
        .take(2)
        .any(|w| matches!(w, [a, of] if matches!(a.text, "ESTATE" | "EST") && of.text == "OF"));
    cut.others.retain(|(_, list)| list.iter().any(Token::is_word));
    cut
}

/// `U/A DTD 1/2/2003` behind TRUSTEE: how many tokens speak of the trust's papers.
fn papers(rest: &[Token<'_>]) -> usize {
    let opens = rest.first().is_some_and(|t| {
        t.is(lexicon::TRUST_TALK) && (t.text.starts_with('U') && t.text != "UNDER" || matches!(t.text, "DTD" | "DATED"))
    });
    if opens { rest.iter().take_while(|t| t.is(lexicon::TRUST_TALK | lexicon::DIGIT)).count() } else { 0 }
}

/// `1/2 PLINK ORA & ...`: a share in front of a person's name.
fn opens_with_share(tokens: &[Token<'_>], at: usize) -> bool {
    let rest = tokens.get(at + 1..).unwrap_or(&[]);
    at <= 1
        && rest.iter().take_while(|t| t.is_word() || t.mark == Mark::Comma).count() >= 2
        && !rest.iter().any(|t| t.is(lexicon::ORGANISATION | lexicon::STREET))
}

/// Keeps a share; a whole name right behind it is the next owner.
fn push_share(cut: &mut Cut<'_>, share: (u32, u32), rest: &[Token<'_>]) {
    cut.shares.push(share);
    cut.flags.add(Flag::Fractional);
    cut.rules.add(Rule::TailFraction);
    let name = |t: &&Token<'_>| t.is_word() && !t.is(lexicon::PHRASE | lexicon::DIGIT);
    let closed = usize::from(rest.first().is_some_and(|t| t.mark == Mark::Close));
    if !cut.main.is_empty() && rest.iter().skip(closed).take_while(name).count() >= 2 {
        cut.main.push(Token { text: ";", mark: Mark::Semicolon, class: 0 });
    }
}

/// `PLINK ORA B OR ZED C`, `AND/OR`: OR is no name behind two words or a separator of persons.
fn is_or(cut: &mut Cut<'_>, tokens: &[Token<'_>], at: usize) -> bool {
    let n_before = cut.main.iter().rev().take_while(|t| t.is_word() || t.mark == Mark::Comma).count();
    let after_mark = cut.main.last().is_some_and(|t| t.mark == Mark::Slash);
    let name_follows = tokens.get(at + 1).is_some_and(|t| t.is_word() && t.text.len() > 1 && !t.is(lexicon::SUFFIX));
    let persons = !tokens.iter().any(|t| t.is(lexicon::ORGANISATION));
    if !(cut.others.is_empty() && name_follows && persons && (n_before >= 2 || after_mark)) {
        return false;
    }
    if !after_mark {
        cut.main.push(Token { text: "&", mark: Mark::And, class: 0 });
    }
    true
}

/// `PLINK INC, AN OKLAHOMA CORPORATION`, `CITY OF PLINKTON, A MUNICIPAL CORPORATION`: how many tokens say the form over again.
fn form_of_body(cut: &Cut<'_>, rest: &[Token<'_>]) -> Option<usize> {
    let body = cut.main.iter().any(|t| t.is(lexicon::LEGAL | lexicon::GOV_OF | lexicon::TRUST));
    if !body || !cut.others.is_empty() || !matches!(rest.first()?.text, "A" | "AN") {
        return None;
    }
    let n = rest.iter().take_while(|t| t.is_word()).count();
    let last = rest.get(n.checked_sub(1)?)?;
    let form = last.is(lexicon::LEGAL) || matches!(last.text, "PARTNERSHIP" | "ASSOCIATION" | "TRUST");
    ((3..=FORM_WORDS_MAX).contains(&n) && form).then_some(n)
}

/// `A DELAWARE SERIES LIMITED LIABILITY COMPANY`, with a state of two words.
const FORM_WORDS_MAX: usize = 7;

/// `& ZED PLINK (REM)`: the name before the word gets the property afterwards.
fn remainder_before(cut: &mut Cut<'_>, role: Option<PartyRole>) -> Option<PartyRole> {
    let start = cut.main.iter().rposition(Token::is_separator)?;
    if cut.others.last().is_none_or(|(_, list)| !list.is_empty()) || start == 0 {
        return role;
    }
    let name: Vec<Token<'_>> = cut.main.drain(start..).skip(1).filter(|t| t.is_word()).collect();
    if let Some((_, list)) = cut.others.last_mut() {
        *list = name;
    }
    None
}

/// The longest phrase that starts here and may count here.
fn phrase_at<'l>(tokens: &[Token<'_>], at: usize, lexicon: &'l Lexicon) -> Option<&'l Phrase> {
    let first = tokens.get(at)?;
    let next_is_comma = tokens.get(at + 1).is_some_and(|t| t.mark == Mark::Comma);
    lexicon.phrases_at(first.text).iter().find(|phrase| {
        let fits = phrase.words.iter().enumerate().all(|(n, w)| tokens.get(at + n).is_some_and(|t| t.text == *w));
        if !fits || (phrase.words.len() == 1 && at == 0 && (next_is_comma || !opens_a_line(phrase.action))) {
            return false;
        }
        // TOD is also a given name: `MORGAN, TOD A`, `MORGAN TOD A` need a name before the phrase.
        let after_comma = at > 0 && tokens.get(at - 1).is_some_and(|t| t.mark == Mark::Comma || t.is_separator());
        if phrase.action == Action::Tod && phrase.words.len() == 1 && (after_comma || at < 2) {
            return false;
        }
        if matches!(phrase.action, Action::TrusteeOf | Action::Fbo) && at == 0 || is_of_a_body(tokens, at, phrase) {
            return false;
        }
        if !phrase.at_end {
            return !(phrase.action == Action::Heirs && next_is_comma && surname_position(tokens, at));
        }
        let rest = tokens.get(at + phrase.words.len());
        let n_words = tokens.iter().take(at).filter(|t| t.is_word()).count();
        n_words >= 2
            && rest.is_none_or(|t| !t.is_word())
            && !tokens.iter().take(at).any(|t| t.is(lexicon::LEGAL))
            && !surname_position(tokens, at)
    })
}

/// `CHARITABLE REMAINDER TRUST`, `PLINK ESTATES POA`: part of a name, no role.
fn is_of_a_body(tokens: &[Token<'_>], at: usize, phrase: &Phrase) -> bool {
    let before = at.checked_sub(1).and_then(|n| tokens.get(n));
    if phrase.action == Action::Remainder {
        let next = tokens.get(at + phrase.words.len());
        return next.is_some_and(|t| t.is(lexicon::TRUST) || matches!(t.text, "UNITRUST" | "ANNUITY"));
    }
    matches!(phrase.words.as_slice(), ["POA"]) && before.is_some_and(|t| t.is(lexicon::PLACE_WORD))
}

/// Stands right after a separator and before a comma: `& HEIRS, MARY`.
fn surname_position(tokens: &[Token<'_>], at: usize) -> bool {
    let after_separator = at == 0 || tokens.get(at - 1).is_some_and(Token::is_separator);
    after_separator && tokens.get(at + 1).is_some_and(|t| t.mark == Mark::Comma)
}

fn opens_a_line(action: Action) -> bool {
    matches!(action, Action::CareOf | Action::Attention | Action::Dba | Action::Aka)
}

/// Another name of a person, or a representative, ends at the next separator or second comma; other roles, and the other
/// name of an organisation, run to the end of the line.
fn ends_here(role: PartyRole, token: &Token<'_>, cut: &Cut<'_>) -> bool {
    if !matches!(role, PartyRole::Aka | PartyRole::Representative) {
        return false;
    }
    let n_words = cut.others.last().map_or(0, |(_, list)| list.iter().filter(|t| t.is_word()).count());
    let of_organisation = cut.main.iter().any(|t| t.is(lexicon::ORGANISATION | lexicon::GOV_OF))
        && !cut.main.iter().any(|t| t.mark == Mark::Comma);
    token.mark == Mark::Comma && n_words != 1 || token.is_separator() && !of_organisation
}

/// A name right behind `TRUSTEE` is a further owner; one right behind `LIFE ESTATE` gets the property afterwards.
fn name_follows(cut: &mut Cut<'_>, action: Action, role: Option<PartyRole>, next: &Token<'_>) -> Option<PartyRole> {
    let name =
        next.is_word() && next.text.len() > 1 && next.text != "OF" && !next.is(lexicon::SUFFIX | lexicon::PHRASE);
    if !name || role.is_some() || next.is(lexicon::DIGIT) {
        return role;
    }
    if action == Action::Trustee {
        cut.main.push(Token { text: ";", mark: Mark::Semicolon, class: 0 });
    }
    if action == Action::Custodian && !next.is(lexicon::ORGANISATION) {
        return start_role(cut, PartyRole::Beneficiary, Flag::Fbo, Rule::TailBeneficiary);
    }
    if action == Action::LifeEstate && !next.is(lexicon::ORGANISATION) && next.text != "ESTATE" {
        return start_role(cut, PartyRole::Remainder, Flag::Remainder, Rule::TailLifeEstate);
    }
    role
}

/// `(JR`, `(JR)`: the brackets say nothing.
fn is_bracket_of_suffix(tokens: &[Token<'_>], at: usize) -> bool {
    let suffix = |n: Option<usize>| n.and_then(|n| tokens.get(n)).is_some_and(|t| t.is(lexicon::SUFFIX));
    match tokens.get(at).map(|t| t.mark) {
        Some(Mark::Open) => suffix(at.checked_add(1)),
        Some(Mark::Close) => suffix(at.checked_sub(1)),
        Some(_) | None => false,
    }
}

fn start_role(cut: &mut Cut<'_>, role: PartyRole, flag: Flag, rule: Rule) -> Option<PartyRole> {
    cut.flags.add(flag);
    cut.rules.add(rule);
    cut.others.push((role, Vec::new()));
    Some(role)
}

/// Applies a phrase; returns the role the following words have.
fn act(cut: &mut Cut<'_>, action: Action, role: Option<PartyRole>) -> Option<PartyRole> {
    let (flag, rule) = match action {
        Action::EtUx => (Flag::EtUx, Rule::TailEtUx),
        Action::EtVir => (Flag::EtVir, Rule::TailEtUx),
        Action::EtAl => (Flag::EtAl, Rule::TailEtAl),
        Action::Marital => (Flag::MaritalStatus, Rule::TailTenancy),
        Action::Joint => (Flag::JointTenancy, Rule::TailTenancy),
        Action::InCommon => (Flag::TenantsInCommon, Rule::TailTenancy),
        Action::LifeEstate => (Flag::LifeEstate, Rule::TailLifeEstate),
        Action::Heirs => (Flag::Heirs, Rule::TailHeirs),
        Action::Deceased => (Flag::Deceased, Rule::TailHeirs),
        Action::Restricted => (Flag::RestrictedIndian, Rule::TailRestricted),
        Action::Undivided => (Flag::Fractional, Rule::TailFraction),
        Action::Trustee | Action::TrusteeOf => (Flag::Trustee, Rule::TailTrustee),
        Action::Custodian => (Flag::IraCustodian, Rule::TailBeneficiary),
        Action::Remainder => return start_role(cut, PartyRole::Remainder, Flag::Remainder, Rule::TailLifeEstate),
        Action::Tod => return start_role(cut, PartyRole::Beneficiary, Flag::Tod, Rule::TailBeneficiary),
        Action::Dba => return start_role(cut, PartyRole::Dba, Flag::Dba, Rule::TailAlias),
        Action::Aka => return start_role(cut, PartyRole::Aka, Flag::Aka, Rule::TailAlias),
        Action::Nka => return start_role(cut, PartyRole::Aka, Flag::Nka, Rule::TailAlias),
        Action::Fka => return start_role(cut, PartyRole::Aka, Flag::Fka, Rule::TailAlias),
        Action::CareOf => return start_role(cut, PartyRole::CareOf, Flag::CareOf, Rule::TailCareOf),
        Action::Attention => return start_role(cut, PartyRole::Attention, Flag::Attention, Rule::TailCareOf),
        Action::Fbo => return start_role(cut, PartyRole::Beneficiary, Flag::Fbo, Rule::TailBeneficiary),
        Action::Representative => (Flag::Representative, Rule::TailRepresentative),
    };
    cut.flags.add(flag);
    cut.rules.add(rule);
    if action == Action::Deceased
        && role.is_none()
        && let Some(token) = cut.main.iter_mut().rfind(|t| t.is_word())
    {
        token.class |= lexicon::DEAD;
    }
    if matches!(action, Action::EtUx | Action::EtVir) && role.is_none() {
        cut.main.push(Token { text: "&", mark: Mark::And, class: 0 });
    }
    if action == Action::TrusteeOf && role.is_none() {
        cut.main.push(Token { text: ";", mark: Mark::Semicolon, class: 0 });
    }
    role
}

fn is_share(tokens: &[Token<'_>], at: usize) -> bool {
    at > 0 && tokens.get(at - 1).is_some_and(|t| t.text.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// `1/2`, `50%`, `33.33%` as a share of the whole.
fn share_of(tokens: &[Token<'_>], at: usize) -> Option<(u32, u32)> {
    let token = tokens.get(at).filter(|t| t.is(lexicon::DIGIT))?;
    if let Some((part, whole)) = token.text.split_once('/') {
        let (part, whole) = (part.parse::<u32>().ok()?, whole.parse::<u32>().ok()?);
        return (part > 0 && part <= whole).then_some((part, whole));
    }
    if tokens.get(at + 1).map(|t| t.mark) != Some(Mark::Percent) {
        return None;
    }
    let (units, decimals) = token.text.split_once('.').unwrap_or((token.text, ""));
    if decimals.len() > 4 || units.len() > 3 {
        return None;
    }
    let scale = 10u32.pow(u32::try_from(decimals.len()).ok()?);
    let part = units.parse::<u32>().ok()? * scale + if decimals.is_empty() { 0 } else { decimals.parse().ok()? };
    (part > 0 && part <= 100 * scale).then_some((part, 100 * scale))
}

/// Drops separators and commas at both ends, doubled ones, and empty brackets.
pub(super) fn tidy(list: &mut Vec<Token<'_>>) {
    let mut kept: usize = 0;
    for at in 0..list.len() {
        let Some(token) = list.get(at).copied() else { break };
        let previous = kept.checked_sub(1).and_then(|i| list.get(i)).map(|t| t.mark);
        let drop = match token.mark {
            Mark::Word | Mark::Open => false,
            Mark::Close => {
                if previous == Some(Mark::Open) {
                    kept -= 1;
                }
                previous == Some(Mark::Open) || previous.is_none()
            }
            Mark::Comma | Mark::And | Mark::Slash | Mark::Semicolon | Mark::Dash | Mark::Percent => {
                if matches!(token.mark, Mark::And | Mark::Semicolon)
                    && matches!(previous, Some(Mark::Comma | Mark::Dash | Mark::Open))
                {
                    kept -= 1;
                }
                let previous = kept.checked_sub(1).and_then(|i| list.get(i)).map(|t| t.mark);
                !matches!(previous, Some(Mark::Word | Mark::Close))
            }
        };
        if !drop {
            if let Some(slot) = list.get_mut(kept) {
                *slot = token;
            }
            kept += 1;
        }
    }
    list.truncate(kept);
    while list.last().is_some_and(|t| !matches!(t.mark, Mark::Word | Mark::Close)) {
        list.pop();
    }
}
