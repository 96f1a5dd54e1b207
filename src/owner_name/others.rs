//! Names behind a role word: care-of, alias, beneficiary and the like, mostly in natural order.

use super::facts::{Flag, Flags, Rules};
use super::people::{self, Before};
use super::style::{LineStyle, Style};
use super::token::{Mark, Token};
use super::{OwnerLine, display_name, empty_line, kind, lexicon, owners, spill};
use crate::model::party::{Party, PartyKind, PartyRole, PersonName, UnknownReason};

/// Adds the parties named behind a role word.
pub(super) fn push(role: PartyRole, list: &[Token<'_>], style: &Style, line: &mut OwnerLine) {
    let list = slash_as_comma(without_account(role, list, line));
    let list = list.as_slice();
    let natural = Style::fixed(if style.line == LineStyle::Comma { LineStyle::Mixed } else { LineStyle::Natural });
    let (found, _) = kind::classify(list, Flags::default(), &natural);
    let is_name = matches!(found, PartyKind::Person | PartyKind::Unknown(UnknownReason::SingleWord));
    let kind = if role == PartyRole::Dba && is_name { PartyKind::Company } else { found };
    let joined = list.iter().any(Token::is_separator);
    let order = Style::fixed(order_of(role, style, line));
    if kind == PartyKind::Person && joined {
        let mut couple = empty_line(&[]);
        owners(list, &order, &mut couple);
        if couple.parties.iter().all(|p| p.kind == PartyKind::Person) {
            line.parties.extend(couple.parties.into_iter().map(|party| Party { role, ..party }));
            return;
        }
    }
    if kind != PartyKind::Person || joined {
        let name = spill::join(list);
        line.parties.push(Party { kind, role, name, person: PersonName::default(), share: None });
        return;
    }
    let mut rules = Rules::default();
    let people = people::read(list, &mut Before::default(), &order, &mut rules);
    let several = people.len() > 1;
    for person in people {
        let name = if several { display_name(&person, true) } else { spill::join(list) };
        line.parties.push(Party { kind, role, name, person, share: None });
    }
}

fn order_of(role: PartyRole, style: &Style, line: &OwnerLine) -> LineStyle {
    match role {
        PartyRole::Aka | PartyRole::Beneficiary | PartyRole::Remainder => {
            let natural = line.rules.has(super::Rule::OrderNatural)
                || matches!(style.line, LineStyle::Natural | LineStyle::Comma);
            if natural { LineStyle::Natural } else { LineStyle::Mixed }
        }
        PartyRole::Owner
        | PartyRole::CoOwner
        | PartyRole::Trustee
        | PartyRole::CareOf
        | PartyRole::Attention
        | PartyRole::Dba
        | PartyRole::LifeTenant
        | PartyRole::Custodian
        | PartyRole::Representative => LineStyle::Natural,
    }
}

/// `FBO ORA PLINK IRA 4711`: the kind and number of the account are no name.
fn without_account<'p, 'a>(role: PartyRole, list: &'p [Token<'a>], line: &mut OwnerLine) -> &'p [Token<'a>] {
    let account = |t: &Token<'_>| {
        matches!(t.text, "IRA" | "ROTH" | "SEP" | "TRADITIONAL" | "ACCT" | "ACCOUNT" | "#" | "401K" | "HSA")
            || t.is(lexicon::DIGIT) && !t.is(lexicon::SUFFIX)
    };
    let end = list.iter().rposition(|t| t.is_word() && !account(t)).map_or(0, |at| at + 1);
    if role != PartyRole::Beneficiary || end == 0 || end == list.len() {
        return list;
    }
    line.flags.add(Flag::IraCustodian);
    list.get(..end).unwrap_or(list)
}

/// `C/O PLINK/ORA B`: the slash stands for the comma behind a surname.
fn slash_as_comma<'a>(list: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut list = list.to_vec();
    let is_single = list.iter().filter(|t| t.mark == Mark::Slash).count() == 1;
    if let Some(slash) = list.get_mut(1).filter(|t| t.mark == Mark::Slash && is_single) {
        slash.mark = Mark::Comma;
        slash.text = ",";
    }
    list
}
