//! Owner lines of an assessor roll into parties, facts and the rules that read them.
//!
//! Pure: lines in, an [`OwnerLine`] out; word lists come from `data/standards/owner_*.tsv`.
//! Left out on purpose: linking parties (`crate::ownership`) and any guess about a person's origin.

mod bodies;
mod facts;
mod glued;
mod grantors;
mod kind;
mod lexicon;
mod mailing;
mod misspelt;
mod others;
mod people;
mod spill;
mod style;
mod tails;
mod token;

pub use facts::{Flag, Flags, Rule, Rules};
pub use lexicon::is_common_word;
pub use mailing::{Mailing, split_mailing};
pub use style::{LineStyle, Style, StyleLearner};

use crate::model::party::{Party, PartyKind, PartyRole, PersonName, UnknownReason};
use people::Before;
use token::{Mark, Token};

/// One owner line, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerLine {
    /// The columns as they were, joined by one blank.
    pub raw: String,
    /// Kind of the line as a whole.
    pub kind: PartyKind,
    /// Parties in the order of the line; names behind role words follow the owners.
    pub parties: Vec<Party>,
    /// Persons that a trust or family company among the owners is named after.
    pub grantors: Vec<PersonName>,
    /// Facts the line states.
    pub flags: Flags,
    /// Every rule that took part.
    pub rules: Rules,
    /// Address text found among the names.
    pub address_spill: Option<String>,
    /// Text that is neither a name nor a known fact.
    pub unparsed: Option<String>,
}

/// Reads the name columns of one row.
pub fn parse(lines: &[&str], style: &Style) -> OwnerLine {
    let lexicon = lexicon::lexicon();
    let mut line = empty_line(lines);
    let folded = join_columns(lines, style, &mut line);
    if let Some(kind) = names_nobody(&folded, &mut line.rules) {
        line.kind = kind;
        return line;
    }
    let mut tokens = token::tokenize(&folded, lexicon);
    let is_cut =
        style.column_width.is_some_and(|w| lines.iter().any(|l| l.len() >= w && l.trim_end().chars().count() == w));
    if is_cut {
        line.flags.add(Flag::Truncated);
        complete(&mut tokens, lexicon);
    }
    let cut = tails::cut(&tokens, lexicon);
    line.flags.add_all(cut.flags);
    line.rules.add_all(cut.rules);
    line.address_spill = line.address_spill.take().or(cut.spill);
    line.unparsed = cut.unparsed;
    // `HEIRS OF ORA PLINK` is written in natural order on rolls that write PLINK ORA.
    let mixed = cut.opens_with_of.then(|| style.with_order(LineStyle::Mixed));
    let style = mixed.as_ref().filter(|_| matches!(style.line, LineStyle::Space | LineStyle::Slash)).unwrap_or(style);
    owners(&cut.main, style, &mut line);
    if cut.shares.len() == line.parties.len() {
        line.parties.iter_mut().zip(&cut.shares).for_each(|(party, share)| party.share = Some(*share));
    }
    for (role, list) in &cut.others {
        others::push(*role, list, style, &mut line);
    }
    finish(&cut.main, &mut line);
    line
}

/// Reads a line as the store keeps it, its name columns separated by line breaks.
pub fn parse_columns(text: &str, style: &Style) -> OwnerLine {
    if !text.contains('\n') {
        return parse(&[text], style);
    }
    let columns: Vec<&str> = text.split('\n').collect();
    parse(&columns, style)
}

/// `PLINKTON PUBLIC FACILITIES AUTHORIT`: a last word cut at the column's width counts as the word it begins.
fn complete(tokens: &mut [Token<'_>], lexicon: &lexicon::Lexicon) {
    let is_surname = tokens.iter().any(|t| t.mark == Mark::Comma);
    if let [.., before, last] = tokens
        && last.is_word()
        && last.class == 0
        && before.is_word()
        && !is_surname
    {
        // Behind an initial stands a surname, or what kind of trust it is.
        let begun = lexicon.class_begun(last.text);
        if !before.is(lexicon::INITIAL) || begun & lexicon::TRUST != 0 {
            last.class = begun;
        }
    }
}

fn empty_line(lines: &[&str]) -> OwnerLine {
    let raw = match lines {
        [one] => (*one).to_owned(),
        many => many.iter().filter(|l| !l.trim().is_empty()).copied().collect::<Vec<_>>().join(" "),
    };
    OwnerLine {
        raw,
        kind: PartyKind::Unknown(UnknownReason::Blank),
        parties: Vec::new(),
        grantors: Vec::new(),
        flags: Flags::default(),
        rules: Rules::default(),
        address_spill: None,
        unparsed: None,
    }
}

/// Joins the name columns: address text set apart, separate owners by `;`, continuations by a blank.
fn join_columns(lines: &[&str], style: &Style, line: &mut OwnerLine) -> String {
    let mut folded = String::with_capacity(line.raw.len() + 8);
    let mut piece = String::new();
    for (n, column) in lines.iter().filter(|l| !l.trim().is_empty()).enumerate() {
        if n == 0 {
            token::fold(column.trim(), &mut folded);
            continue;
        }
        piece.clear();
        token::fold(column.trim(), &mut piece);
        if spill::is_street_text(&piece, lexicon::lexicon()) {
            line.flags.add(Flag::AddressSpill);
            line.rules.add(Rule::ColumnsSpill);
            line.address_spill = Some(piece.clone());
            continue;
        }
        let separate = is_person(&folded, style) && is_person(&piece, style) && !folded.ends_with(['&', '-', ',']);
        line.rules.add(if separate { Rule::ColumnsSeparate } else { Rule::ColumnsContinued });
        folded.push_str(if separate { " ; " } else { " " });
        folded.push_str(&piece);
    }
    folded
}

fn is_person(folded: &str, style: &Style) -> bool {
    let tokens = token::tokenize(folded, lexicon::lexicon());
    let starts_fact = tokens.first().is_some_and(|t| t.is(lexicon::PHRASE) || t.mark == Mark::Percent);
    !starts_fact && kind::classify(&tokens, Flags::default(), style).0 == PartyKind::Person
}

fn names_nobody(folded: &str, rules: &mut Rules) -> Option<PartyKind> {
    let plain = folded.trim_matches(|c: char| !c.is_alphanumeric());
    if plain.is_empty() {
        rules.add(Rule::LineBlank);
        return Some(PartyKind::Unknown(UnknownReason::Blank));
    }
    let withheld = lexicon::lexicon().whole_line(plain)?;
    rules.add(if withheld { Rule::LineWithheld } else { Rule::LinePlaceholder });
    Some(PartyKind::Unknown(if withheld { UnknownReason::Withheld } else { UnknownReason::Placeholder }))
}

/// The owners proper: pieces between separators, grouped where an organisation's name holds an `&`.
fn owners(main: &[Token<'_>], style: &Style, line: &mut OwnerLine) {
    let mut before = Before::default();
    let mut waiting: Vec<PersonName> = Vec::new();
    for piece in whole_when_unknown(pieces(main, style, line), main, line.flags, style) {
        let (found, rule) = kind::classify(piece, line.flags, style);
        // A given name alone before or after the surname of the line.
        let single = found == PartyKind::Unknown(UnknownReason::SingleWord)
            && (!before.surname.is_empty() || piece.len() < main.len())
            || before.comma && (is_given_of_couple(piece) || is_guess(rule));
        let kind = if single { PartyKind::Person } else { found };
        line.rules.add(if single { Rule::KindPerson } else { rule });
        match kind {
            PartyKind::Person | PartyKind::Estate => {
                let lone =
                    before.surname.is_empty() && kind::surname_comma(piece, style).is_none() && is_lone_given(piece);
                if lone && piece.len() < main.len() {
                    waiting.push(lone_given(piece));
                    continue;
                }
                let body = estate_body(piece, kind);
                let people = people::read(body, &mut before, style, &mut line.rules);
                for mut earlier in waiting.drain(..) {
                    earlier.surname.push_str(&before.surname);
                    push_person(line, PartyKind::Person, earlier);
                }
                for person in people {
                    push_person(line, kind, person);
                }
            }
            PartyKind::Company
            | PartyKind::Trust
            | PartyKind::Government(_)
            | PartyKind::Religious
            | PartyKind::Association
            | PartyKind::Unknown(_) => {
                if kind == PartyKind::Trust || kind == PartyKind::Company && kind::surname_comma(piece, style).is_some()
                {
                    line.grantors.extend(grantors::read(piece, style));
                }
                push_organisation(line, kind, piece);
            }
        }
    }
    for left in waiting {
        push_person(line, PartyKind::Person, left);
    }
}

/// `PLINKTON PLUMBERS & STEAMFITTERS` on a roll that types `SURNAME,`: one unknown body, not two.
fn whole_when_unknown<'p, 'a>(
    pieces: Vec<&'p [Token<'a>]>,
    main: &'p [Token<'a>],
    flags: Flags,
    style: &Style,
) -> Vec<&'p [Token<'a>]> {
    let is_unknown = |p: &&[Token<'_>]| {
        let (kind, _) = kind::classify(p, flags, style);
        matches!(kind, PartyKind::Unknown(UnknownReason::Unparsed | UnknownReason::SingleWord))
    };
    if bodies::is_joined_firm(main) || bodies::are_lone_surnames(main, style) {
        return vec![main];
    }
    if pieces.len() < 2 || style.line != LineStyle::Comma || main.iter().any(|t| t.mark == Mark::Comma) {
        return pieces;
    }
    let unparsed = |p: &&[Token<'_>]| kind::classify(p, flags, style).1 == Rule::KindCommaRoll;
    if pieces.iter().any(unparsed) && pieces.iter().all(is_unknown) { vec![main] } else { pieces }
}

/// Rules that guess from a missing comma or an odd word; behind `PLINK, ORA &` they say nothing.
fn is_guess(rule: Rule) -> bool {
    matches!(rule, Rule::KindCommaRoll | Rule::KindAcronym | Rule::KindMisspelt)
}

/// `MARINA L`, `LOAN T`, `CO THI` behind `PLINK, ORA &`: a given name that is also a business word; not `SONS`, `COMPANY`.
fn is_given_of_couple(piece: &[Token<'_>]) -> bool {
    let strong = lexicon::LEGAL
        | lexicon::TRUST
        | lexicon::DIGIT
        | lexicon::GOV
        | lexicon::DISTRICT
        | lexicon::TRUST_OWN
        | lexicon::GOV_OF;
    let business = lexicon::ORGANISATION | lexicon::ASSOCIATION_WEAK | lexicon::RELIGIOUS_WEAK;
    let is_thing = |t: &Token<'_>| t.is(business) && !t.is(lexicon::INITIAL);
    let Some((first, rest)) = piece.split_first() else { return false };
    let plural = first.text.ends_with('S') || matches!(first.text, "COMPANY" | "GROUP" | "FAMILY");
    is_thing(first)
        && piece.iter().all(|t| t.is_word() && !t.is(strong))
        && !rest.iter().any(is_thing)
        && rest.len() <= 2
        && !plural
        && (first.text != "CO" || !rest.is_empty())
}

/// `JAMES` or `JAMES B` before `& MARCY HOTZ`.
fn is_lone_given(piece: &[Token<'_>]) -> bool {
    match piece {
        [one] => one.is_word(),
        [one, two] => one.is(lexicon::GIVEN) && two.is(lexicon::INITIAL) && one.is_word(),
        _ => false,
    }
}

fn lone_given(piece: &[Token<'_>]) -> PersonName {
    PersonName {
        given: piece.first().map_or("", |t| t.text).to_owned(),
        middle: piece.get(1).map_or("", |t| t.text).to_owned(),
        ..PersonName::default()
    }
}

/// The name inside `ESTATE OF ...` and `... ESTATE`.
fn estate_body<'p, 'a>(piece: &'p [Token<'a>], kind: PartyKind) -> &'p [Token<'a>] {
    if kind != PartyKind::Estate {
        return piece;
    }
    let word = |t: &Token<'_>| matches!(t.text, "ESTATE" | "EST" | "OF" | "THE");
    let start = piece.iter().position(|t| !word(t)).unwrap_or(0);
    let end = piece.iter().rposition(|t| t.is_word() && !word(t)).map_or(piece.len(), |n| n + 1);
    piece.get(start..end).unwrap_or(piece)
}

fn next_role(line: &OwnerLine) -> PartyRole {
    if line.parties.is_empty() { PartyRole::Owner } else { PartyRole::CoOwner }
}

fn push_person(line: &mut OwnerLine, kind: PartyKind, person: PersonName) {
    let name = display_name(&person, line.rules.has(Rule::OrderNatural));
    let role = next_role(line);
    line.parties.push(Party { kind, role, name, person, share: None });
}

fn display_name(person: &PersonName, natural: bool) -> String {
    let order: [&str; 4] = if natural {
        [&person.given, &person.middle, &person.surname, &person.suffix]
    } else {
        [&person.surname, &person.given, &person.middle, &person.suffix]
    };
    let mut name = String::with_capacity(order.iter().map(|s| s.len() + 1).sum());
    for element in order.into_iter().filter(|e| !e.is_empty()) {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(element);
    }
    name
}

fn push_organisation(line: &mut OwnerLine, kind: PartyKind, piece: &[Token<'_>]) {
    let n = piece.len();
    let ends_the = n > 2 && piece.last().is_some_and(|t| t.text == "THE");
    let body = if ends_the { piece.get(..n - 1).unwrap_or(piece) } else { piece };
    let role = next_role(line);
    line.parties.push(Party { kind, role, name: spill::join(body), person: PersonName::default(), share: None });
}

/// Cuts the owners into pieces, one per party.
fn pieces<'p, 'a>(main: &'p [Token<'a>], style: &Style, line: &mut OwnerLine) -> Vec<&'p [Token<'a>]> {
    let commas_separate = commas_separate(main, style, line.flags);
    let mut found = Vec::with_capacity(2);
    let (mut start, mut at) = (0, 0);
    while at <= main.len() {
        let cuts = match main.get(at) {
            None => true,
            Some(t) if t.mark == Mark::Comma => commas_separate,
            Some(t) => t.is_separator() && is_cut(main, start, at, style),
        };
        if cuts {
            if let Some(piece) = main.get(start..at).filter(|p| p.iter().any(Token::is_word)) {
                found.push(piece);
            }
            line.rules.add_if(main.get(at).map(|t| t.mark));
            start = at + 1;
        }
        at += 1;
    }
    found
}

impl Rules {
    fn add_if(&mut self, mark: Option<Mark>) {
        match mark {
            Some(Mark::And | Mark::Semicolon) => self.add(Rule::SplitAnd),
            Some(Mark::Slash) => self.add(Rule::SplitSlash),
            Some(Mark::Comma) => self.add(Rule::SplitComma),
            Some(Mark::Word | Mark::Open | Mark::Close | Mark::Percent | Mark::Dash) | None => {}
        }
    }
}

/// `KEISHA C IGESS, ROBERT WILLIAMS`: persons in natural order separated by commas.
fn commas_separate(main: &[Token<'_>], style: &Style, flags: Flags) -> bool {
    let Some(at) = main.iter().position(|t| t.mark == Mark::Comma) else { return false };
    let head = main.get(..at).unwrap_or(&[]);
    kind::surname_comma(main, style).is_none()
        && head.iter().filter(|t| t.is_word()).count() >= 2
        && kind::classify(main, flags, style).0 == PartyKind::Person
}

/// Whether the separator at `at` ends the piece that began at `start`.
fn is_cut(main: &[Token<'_>], start: usize, at: usize, style: &Style) -> bool {
    let group = main.get(start..at).unwrap_or(&[]);
    let rest = main.get(at + 1..).unwrap_or(&[]);
    let next = rest.split(Token::is_separator).next().unwrap_or(&[]);
    let Some(mark) = main.get(at).map(|t| t.mark).filter(|m| *m != Mark::Semicolon) else { return true };
    let is_org = |p: &[Token<'_>]| {
        p.iter().any(|t| {
            t.is(lexicon::ORGANISATION & !lexicon::LEGAL_WEAK | lexicon::GOV_OF | lexicon::TRUST_ABBREV)
                || t.text == "CO"
        })
    };
    let has = |p: &[Token<'_>], c: u64| p.iter().any(|t| t.is(c));
    let n_words = |p: &[Token<'_>]| p.iter().filter(|t| t.is_word()).count();
    if kind::surname_comma(next, style).is_some() {
        return true;
    }
    // `... & CITY OF PLINK` is a second owner; `CITY & COUNTY OF PLINK` is one.
    let opens_government = matches!(next, [a, b, ..] if a.is(lexicon::GOV_OF) && b.text == "OF");
    if opens_government && (n_words(group) > 1 || !group.iter().any(|t| t.is(lexicon::GOV_OF))) {
        return true;
    }
    // `PLINK GAME & PARKS COMMISSION` is one body.
    let agency = next
        .iter()
        .rev()
        .find(|t| t.is_word())
        .is_some_and(|t| t.is(lexicon::GOV_AGENCY) || matches!(t.text, "DIV" | "COMM"));
    if agency
        && n_words(next) >= 2
        && !group.iter().any(|t| t.mark == Mark::Comma || t.is(lexicon::GIVEN | lexicon::INITIAL))
    {
        return false;
    }
    if bodies::is_inside(main, at) && !group.iter().any(|t| t.mark == Mark::Comma) {
        return false;
    }
    let surname = kind::surname_comma(group, style).is_some();
    let complete = is_complete(group, surname);
    if is_org(next) {
        let trust_of_couple = has(next, lexicon::TRUST | lexicon::TRUST_ABBREV);
        if complete {
            return next.iter().any(|t| t.is_word() && t.class & !lexicon::NAME_ONLY == 0 || t.is(lexicon::GOV_OF));
        }
        if surname {
            let family = has(next, lexicon::TRUST_OWN);
            let formed = has(next, lexicon::LEGAL) && n_words(next) >= 3;
            let body = has(next, lexicon::ASSOCIATION | lexicon::RELIGIOUS | lexicon::GOV) && n_words(next) >= 3;
            return !trust_of_couple && !family && (formed || body) || is_given_of_couple(next);
        }
        let person = n_words(group) >= 2
            && group.iter().skip(1).any(|t| t.is(lexicon::GIVEN | lexicon::INITIAL))
            && !is_org(group);
        return person && !trust_of_couple && has(next, lexicon::LEGAL) && n_words(next) >= 3;
    }
    if surname || complete {
        return true;
    }
    let rest_of_line_is_org = mark == Mark::Slash && is_org(main);
    let initials = matches!(group, [one] if one.is(lexicon::INITIAL));
    !(is_org(group) && !kind::is_person_like(group)
        || rest_of_line_is_org
        || initials
        || is_org(rest) && is_surnameless(group))
}

/// `VISNICK` in `VISNICK & FERGUSON & OTHER TRUST`.
fn is_surnameless(group: &[Token<'_>]) -> bool {
    group.iter().filter(|t| t.is_word()).count() == 1
}

/// An organisation's name that needs no further word.
fn is_complete(group: &[Token<'_>], surname: bool) -> bool {
    let last = group.iter().rev().find(|t| t.is_word());
    let ends = last.is_some_and(|t| {
        t.is(lexicon::LEGAL | lexicon::TRUST)
            || (!surname && t.is(lexicon::RELIGIOUS | lexicon::ASSOCIATION))
            || t.text == "THE"
    });
    let gov =
        group.windows(2).any(|w| matches!(w, [a, b] if a.is(lexicon::GOV_OF) && b.text == "OF")) && group.len() >= 3;
    ends || gov
}

/// Roles that the facts give to the owners, and the kind of the whole line.
fn finish(main: &[Token<'_>], line: &mut OwnerLine) {
    let is_owner = |p: &Party| matches!(p.role, PartyRole::Owner | PartyRole::CoOwner);
    let any_trust = line.parties.iter().any(|p| is_owner(p) && p.kind == PartyKind::Trust);
    let first = line.parties.iter().find(|p| is_owner(p)).map(|p| p.kind);
    let (trustee, life, remainder) =
        (line.flags.has(Flag::Trustee), line.flags.has(Flag::LifeEstate), line.flags.has(Flag::Remainder));
    let fbo = line.flags.has(Flag::Fbo) || line.flags.has(Flag::IraCustodian);
    let minor = line.flags.has(Flag::IraCustodian) && line.parties.iter().any(|p| p.role == PartyRole::Beneficiary);
    for party in line.parties.iter_mut().filter(|p| is_owner(p)) {
        match party.kind {
            PartyKind::Person if trustee => party.role = PartyRole::Trustee,
            PartyKind::Person if life || remainder => party.role = PartyRole::LifeTenant,
            PartyKind::Company if trustee && any_trust => party.role = PartyRole::Trustee,
            PartyKind::Company if fbo => party.role = PartyRole::Custodian,
            PartyKind::Person if minor => party.role = PartyRole::Custodian,
            PartyKind::Person
            | PartyKind::Company
            | PartyKind::Trust
            | PartyKind::Government(_)
            | PartyKind::Religious
            | PartyKind::Association
            | PartyKind::Estate
            | PartyKind::Unknown(_) => {}
        }
    }
    if main.windows(3).any(|w| matches!(w, [a, b, c] if a.text == "IN" && b.text == "TRUST" && c.text == "FOR")) {
        line.flags.add(Flag::TrustLand);
    }
    if line.rules.has(Rule::LineBaseAccount) {
        line.flags.add(Flag::BaseAccount);
    }
    line.kind = match first {
        Some(PartyKind::Person) if any_trust => PartyKind::Trust,
        Some(PartyKind::Person) if trustee => {
            line.rules.add(Rule::KindTrustee);
            PartyKind::Trust
        }
        Some(kind) => kind,
        None => line.parties.first().map_or(PartyKind::Unknown(UnknownReason::Blank), |p| p.kind),
    };
}

#[cfg(test)]
mod tests;
