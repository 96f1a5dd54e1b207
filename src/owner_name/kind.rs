//! What sort of party a piece of a line is: ordered rules over word classes and the comma shape.
//!
//! The comma shape outranks the words, so that surnames like CHURCH, BANKS or COUNTY stay persons.
//! No rule looks at whether a name is common or of some origin; given names only settle the order of a line.

use std::borrow::Cow;

use super::bodies;
use super::facts::{Flag, Flags, Rule};
use super::lexicon;
use super::misspelt;
use super::style::{LineStyle, Style};
use super::token::{Mark, Token};
use crate::model::party::{GovernmentLevel, PartyKind, UnknownReason};

/// Index of the comma behind a surname, if the piece starts with `SURNAME,`.
pub(super) fn surname_comma(piece: &[Token<'_>], style: &Style) -> Option<usize> {
    let at = piece.iter().position(|t| t.mark == Mark::Comma)?;
    let (head, rest) = (piece.get(..at)?, piece.get(at + 1..)?);
    let next = rest.iter().find(|t| t.is_word() && !t.is(lexicon::SUFFIX))?;
    let is_short_trust =
        next.is(lexicon::TRUST | lexicon::TRUST_ABBREV) && rest.iter().filter(|t| t.is_word()).count() < 3;
    let is_body = next.is(lexicon::LEGAL | lexicon::LEGAL_WEAK & !lexicon::INITIAL)
        || next.text == "THE"
        || is_short_trust
        || (head.len() > 2 && matches!(next.text, "ESTATE" | "EST"));
    if is_body || head.iter().any(|t| !t.is_word() || t.is(lexicon::DIGIT)) {
        return None;
    }
    let n_head = head.iter().filter(|t| !t.is(lexicon::SUFFIX | lexicon::TITLE)).count();
    let plain = !head.iter().any(|t| t.is(lexicon::ORGANISATION) || t.text == "OF");
    let particle = head.first().is_some_and(|t| t.is(lexicon::PARTICLE));
    let is_surname = match n_head {
        1 => head.len() <= 2,
        2 | 3 => plain && (particle || style.line == LineStyle::Comma),
        4 => plain && particle,
        _ => false,
    };
    is_surname.then_some(at)
}

/// Kind of one piece and the rule that decided.
pub(super) fn classify(piece: &[Token<'_>], flags: Flags, style: &Style) -> (PartyKind, Rule) {
    if piece.windows(2).any(|w| matches!(w, [a, b] if a.text == "DEDICATED" && matches!(b.text, "TO" | "FOR"))) {
        return (PartyKind::Unknown(UnknownReason::Placeholder), Rule::LinePlaceholder);
    }
    if !piece.iter().any(Token::is_word) {
        return (PartyKind::Unknown(UnknownReason::Blank), Rule::LineBlank);
    }
    if let Some(at) = surname_comma(piece, style) {
        return behind_surname(piece.get(at + 1..).unwrap_or(&[]), flags);
    }
    let mut room = [&NO_WORD; WORDS_INLINE];
    let words = &*words_of(piece, &mut room);
    let seen = Seen::of(words);
    organisation(piece, words, seen)
        .or_else(|| estate(words, flags))
        .or_else(|| weak_organisation(piece, words, seen, style))
        .unwrap_or_else(|| {
            if bodies::are_lone_surnames(piece, style) {
                (PartyKind::Unknown(UnknownReason::SingleWord), Rule::KindSingleWord)
            } else {
                person_or_unknown(words, style)
            }
        })
}

/// Words of nearly every piece; longer ones take an allocation, which would be a tenth of the reading.
const WORDS_INLINE: usize = 16;

static NO_WORD: Token<'static> = Token { text: "", mark: Mark::Word, class: 0 };

/// The words of a piece, without its marks.
fn words_of<'s, 'p, 'a>(
    piece: &'p [Token<'a>],
    room: &'s mut [&'p Token<'a>; WORDS_INLINE],
) -> Cow<'s, [&'p Token<'a>]> {
    if piece.len() > WORDS_INLINE {
        return Cow::Owned(piece.iter().filter(|t| t.is_word()).collect());
    }
    let mut n = 0;
    for (slot, token) in room.iter_mut().zip(piece.iter().filter(|t| t.is_word())) {
        *slot = token;
        n += 1;
    }
    Cow::Borrowed(room.get(..n).unwrap_or(&[]))
}

/// Classes present, and where legal forms and trust words stand last.
#[derive(Clone, Copy)]
struct Seen {
    classes: u64,
    legal_at: Option<usize>,
    trust_at: Option<usize>,
}

impl Seen {
    fn of(words: &[&Token<'_>]) -> Self {
        let last = words.len().saturating_sub(1);
        let legal = |n: usize, t: &Token<'_>| {
            t.is(lexicon::LEGAL) || (n == last && n > 0 && t.is(lexicon::LEGAL_WEAK) && is_weak_form(words))
        };
        Self {
            classes: words.iter().fold(0, |all, t| all | t.class),
            legal_at: words.iter().enumerate().rposition(|(n, t)| legal(n, t) || company_after_trust(words, n)),
            trust_at: (0..words.len()).rev().find(|&n| is_trust_word(words, n)),
        }
    }

    fn has(self, classes: u64) -> bool {
        self.classes & classes != 0
    }
}

/// `CO` in `EQUITY TRUST CO CUST`.
fn company_after_trust(words: &[&Token<'_>], n: usize) -> bool {
    n > 0
        && words.get(n).is_some_and(|t| t.is(lexicon::LEGAL_WEAK))
        && words.get(n - 1).is_some_and(|t| matches!(t.text, "TRUST" | "BANK" | "TITLE" | "INSURANCE"))
}

/// A short legal form at the end is one unless the words before it look like `SURNAME GIVEN`.
fn is_weak_form(words: &[&Token<'_>]) -> bool {
    let company = words.iter().any(|t| t.is(lexicon::COMPANY_WEAK | lexicon::ASSOCIATION));
    let last = words.last().map_or("", |t| t.text);
    company || matches!(last, "CO" | "LIMITED" | "NA" | "FSB" | "COS" | "PC") && words.len() >= 2
}

fn is_trust_word(words: &[&Token<'_>], n: usize) -> bool {
    let Some(token) = words.get(n) else { return false };
    if token.is(lexicon::TRUST) {
        return n > 0 || words.len() == 1 || words.get(1).is_some_and(|t| matches!(t.text, "OF" | "U/A" | "FOR"));
    }
    let before_own = n > 0 && words.get(n - 1).is_some_and(|t| t.is(lexicon::TRUST_OWN | lexicon::DIGIT));
    let dated = words.get(n + 1).is_some_and(|t| {
        matches!(
            t.text,
            "U/A" | "U/A/D" | "U/D/T" | "U/T/D" | "U/T/A" | "UTD" | "UAD" | "UA" | "DTD" | "DATED" | "AGREEMENT"
        )
    });
    // `PLINK ORA B TR`.
    let behind_name = n > 1
        && n + 1 == words.len()
        && words.iter().skip(1).take(n - 1).any(|t| t.is(lexicon::GIVEN | lexicon::INITIAL));
    (token.is(lexicon::TRUST_ABBREV) && (before_own || dated || behind_name))
        || (n > 1 && matches!(token.text, "U/A/D" | "U/T/D" | "U/D/T" | "UTD" | "U/T/A"))
}

/// Classes of words that no rule behind `SURNAME,` asks for; the words it names itself, but for EST, have others.
const PLAIN_NAME: u64 =
    lexicon::GIVEN | lexicon::INITIAL | lexicon::SUFFIX | lexicon::PARTICLE | lexicon::NAME_MARK | lexicon::PHRASE;

/// Behind `SURNAME,` only strong words make anything but a person.
fn behind_surname(rest: &[Token<'_>], flags: Flags) -> (PartyKind, Rule) {
    // Two lines of three: a glance at the classes, not ten rules.
    let is_plain = |t: &Token<'_>| t.class & !PLAIN_NAME == 0 && t.text != "EST";
    if !flags.has(Flag::Heirs) && !flags.has(Flag::Deceased) && rest.iter().all(is_plain) {
        return (PartyKind::Person, Rule::KindSurnameComma);
    }
    let mut room = [&NO_WORD; WORDS_INLINE];
    let words = &*words_of(rest, &mut room);
    let legal = words.iter().skip(1).rposition(|t| t.is(lexicon::LEGAL)).map(|n| n + 1);
    let last = words.len().saturating_sub(1);
    let trust = (0..words.len()).rev().find(|&n| {
        is_trust_word(words, n) && (n > 0 || words.len() > 1)
            || (n == last && n > 0 && words.get(n).is_some_and(|t| t.text == "TR" || t.text == "TRS"))
    });
    let gov = words.len() <= 3
        && words.first().is_some_and(|t| t.is(lexicon::GOV_OF))
        && words.get(1).is_some_and(|t| t.text == "OF");
    let [.., before, end] = words else {
        return if is_dead(words, flags) {
            (PartyKind::Estate, Rule::KindEstate)
        } else {
            (PartyKind::Person, Rule::KindSurnameComma)
        };
    };
    if trust > legal {
        (PartyKind::Trust, Rule::KindTrust)
    } else if legal.is_some() {
        (PartyKind::Company, Rule::KindLegalForm)
    } else if gov {
        (PartyKind::Government(level(words)), Rule::KindGovernmentPhrase)
    } else if let Some(found) = thing_behind_comma(words) {
        found
    } else if is_dead(words, flags)
        || (matches!(end.text, "ESTATE" | "EST") && before.text != "REAL")
        || (matches!(before.text, "ESTATE" | "EST") && end.text == "OF")
    {
        (PartyKind::Estate, Rule::KindEstate)
    } else {
        (PartyKind::Person, Rule::KindSurnameComma)
    }
}

/// `ACME, HOLDINGS 2016-1`, `PLINK, ORA B VFW POST 10`: no name has numbers, none is two business words.
fn thing_behind_comma(words: &[&Token<'_>]) -> Option<(PartyKind, Rule)> {
    let any = |class: u64| words.iter().any(|t| t.is(class));
    if words
        .iter()
        .any(|t| t.is(lexicon::DIGIT) && !t.is(lexicon::SUFFIX) && t.text.bytes().any(|b| b.is_ascii_digit()))
    {
        return if any(lexicon::ASSOCIATION) {
            Some((PartyKind::Association, Rule::KindAssociation))
        } else if any(lexicon::COMPANY_WEAK) {
            Some((PartyKind::Company, Rule::KindNumberInName))
        } else {
            None
        };
    }
    let partnership = words.iter().any(|t| t.text == "PARTNERSHIP") && any(lexicon::TRUST_OWN | lexicon::LEGAL_WEAK);
    let n_business = words.iter().filter(|t| t.is(lexicon::COMPANY_WEAK)).count();
    (partnership || n_business >= 2 && !any(lexicon::GIVEN | lexicon::INITIAL))
        .then_some((PartyKind::Company, Rule::KindCompanyWord))
}

/// The strong organisation rules, in order.
fn organisation(piece: &[Token<'_>], words: &[&Token<'_>], seen: Seen) -> Option<(PartyKind, Rule)> {
    let text = |n: usize| words.get(n).map_or("", |t| t.text);
    if words.iter().zip(words.iter().skip(1)).any(|(a, b)| a.text == "BASE" && matches!(b.text, "ACCOUNT" | "ACCT")) {
        return Some((PartyKind::Unknown(UnknownReason::Placeholder), Rule::LineBaseAccount));
    }
    if seen.has(lexicon::LEGAL_STRONG) && seen.legal_at > seen.trust_at {
        return Some((PartyKind::Company, Rule::KindLegalForm));
    }
    let farm_bureau = words.iter().zip(words.iter().skip(1)).any(|(a, b)| a.text == "FARM" && b.text == "BUREAU");
    if matches!(text(0), "TRUSTEES" | "BOARD") && seen.has(lexicon::RELIGIOUS) {
        return Some((PartyKind::Religious, Rule::KindReligious));
    }
    if farm_bureau
        || (matches!(text(0), "TRUSTEES" | "BOARD")
            && seen.has(lexicon::ASSOCIATION)
            && !words.iter().any(|t| t.text == "REGENTS"))
    {
        return Some((PartyKind::Association, Rule::KindAssociation));
    }
    if let Some(found) = government(piece, words, seen) {
        return Some(found);
    }
    let bank = words.iter().any(|t| matches!(t.text, "BANK" | "BANKING" | "SAVINGS" | "BANCORP"))
        && !seen.has(lexicon::TRUST_OWN);
    if seen.trust_at.is_some() && seen.trust_at > seen.legal_at && !bank {
        let reit = words.iter().any(|t| t.text == "INVESTMENT")
            && seen.has(lexicon::COMPANY_WEAK)
            && !seen.has(lexicon::TRUST_OWN);
        let kind =
            if reit && text(words.len().saturating_sub(1)) == "TRUST" { PartyKind::Company } else { PartyKind::Trust };
        return Some((kind, Rule::KindTrust));
    }
    if let Some(found) = bodies::by_table(piece, seen.classes).or_else(|| bodies::by_phrase(words, seen.classes)) {
        return Some(found);
    }
    if looks_like_a_person(words) {
        return None;
    }
    let company_end = words
        .iter()
        .rev()
        .find(|t| !t.is(lexicon::LEGAL | lexicon::LEGAL_WEAK | lexicon::DIGIT))
        .is_some_and(|t| t.is(lexicon::COMPANY_WEAK));
    let religious_pair = words.iter().filter(|t| t.is(lexicon::RELIGIOUS_WEAK)).count() >= 2;
    if (seen.has(lexicon::RELIGIOUS) || religious_pair) && !company_end {
        return Some((PartyKind::Religious, Rule::KindReligious));
    }
    if seen.has(lexicon::ASSOCIATION) && !company_end {
        return Some((PartyKind::Association, Rule::KindAssociation));
    }
    seen.legal_at.map(|_| (PartyKind::Company, Rule::KindLegalForm))
}

/// As [`looks_like_a_person`], of a piece.
pub(super) fn is_person_like(piece: &[Token<'_>]) -> bool {
    let mut room = [&NO_WORD; WORDS_INLINE];
    looks_like_a_person(&words_of(piece, &mut room))
}

/// Exactly one organisation word, standing where a surname stands, and a given name or initial beside it.
fn looks_like_a_person(words: &[&Token<'_>]) -> bool {
    let is_word = |t: &&&Token<'_>| {
        t.is(lexicon::ORGANISATION | lexicon::RELIGIOUS_WEAK | lexicon::PLACE_WORD | lexicon::ASSOCIATION_WEAK)
    };
    if words.len() > 4
        || words.iter().any(|t| t.is(lexicon::LEGAL | lexicon::TRUST | lexicon::DIGIT))
        || words.iter().filter(is_word).count() != 1
    {
        return false;
    }
    let name_like = |t: &Token<'_>| t.is(lexicon::GIVEN | lexicon::INITIAL | lexicon::SUFFIX);
    // `HOA NGUYEN`, `NGUYEN THI LOAN`: a word of organisations that is a given name as well.
    let given_word = |t: &&&Token<'_>| is_word(t) && t.is(lexicon::GIVEN);
    if words.iter().any(|t| given_word(&t)) && words.iter().any(|t| t.is(lexicon::NAME_MARK)) {
        return true;
    }
    match words {
        [head, name] if given_word(&head) => {
            name.class & !(lexicon::NAME_ONLY | lexicon::PHRASE | lexicon::PARTICLE) == 0
        }
        [head, given, rest @ ..] if is_word(&head) => given.is(lexicon::GIVEN) && rest.iter().all(|t| name_like(t)),
        [given, initial, last] => given.is(lexicon::GIVEN) && initial.is(lexicon::INITIAL) && is_word(&last),
        _ => false,
    }
}

fn government(piece: &[Token<'_>], words: &[&Token<'_>], seen: Seen) -> Option<(PartyKind, Rule)> {
    let text = |n: usize| words.get(n).map_or("", |t| t.text);
    let class = |n: usize, c: u64| words.get(n).is_some_and(|t| t.is(c));
    let found = |rule| Some((PartyKind::Government(level(words)), rule));
    let municipal = words.iter().any(|t| t.text == "MUNICIPAL");
    let n_skip = usize::from(text(0) == "THE");
    let of_at = (0..words.len()).find(|&n| {
        let county = text(n) == "CO" && n > 0 && class(n - 1, lexicon::GOV_OF);
        (class(n, lexicon::GOV_OF) || county) && text(n + 1) == "OF" && n + 2 < words.len() + usize::from(n > 0)
    });
    if let Some(at) = of_at
        && (!seen.has(lexicon::LEGAL) || (municipal && at == n_skip))
        && !(at > n_skip && seen.has(lexicon::RELIGIOUS | lexicon::ASSOCIATION) && !seen.has(lexicon::GOV))
        && (!seen.has(lexicon::RELIGIOUS) || seen.has(lexicon::GOV))
    {
        return found(Rule::KindGovernmentPhrase);
    }
    if seen.has(lexicon::LEGAL) {
        return None;
    }
    let federal = (text(n_skip) == "UNITED" && text(n_skip + 1) == "STATES")
        || (class(n_skip, lexicon::FEDERAL)
            && text(n_skip) != "UNITED"
            && (words.len() == 1
                || matches!(
                    text(n_skip + 1),
                    "OF" | "IN"
                        | "DEPT"
                        | "DEPARTMENT"
                        | "ARMY"
                        | "FOREST"
                        | "POSTAL"
                        | "GOVERNMENT"
                        | "GOVT"
                        | "FISH"
                        | "SECRETARY"
                        | "MARSHAL"
                        | "MARSHALS"
                        | "CORPS"
                        | "BUREAU"
                        | "NATIONAL"
                )));
    if federal {
        return Some((PartyKind::Government(GovernmentLevel::Federal), Rule::KindGovernmentPhrase));
    }
    if is_tribal(piece, words) {
        return Some((PartyKind::Government(GovernmentLevel::Tribal), Rule::KindTribal));
    }
    if is_district(words, seen) {
        return found(Rule::KindDistrict);
    }
    if seen.trust_at.is_some()
        && seen.has(lexicon::PUBLIC_TRUST)
        && !seen.has(lexicon::TRUST_OWN | lexicon::GIVEN & !lexicon::PUBLIC_TRUST)
        && seen.trust_at.is_some_and(|n| n + 1 == words.len())
        && words.len() >= 3
    {
        return Some((PartyKind::Government(GovernmentLevel::Authority), Rule::KindPublicTrust));
    }
    if seen.has(lexicon::RELIGIOUS) || seen.trust_at.is_some() {
        return None;
    }
    if agency_phrase(words)
        || (0..words.len())
            .any(|n| class(n, lexicon::GOV) && (n > 0 || words.len() == 1 || text(1) == "OF" || class(1, lexicon::GOV)))
            && !looks_like_a_person(words)
    {
        return found(Rule::KindGovernmentWord);
    }
    county_word(words).then(|| (PartyKind::Government(level(words)), Rule::KindGovernmentWord))
}

/// `SECRETARY OF ...`, `DEPT OF ...`, `HIGHWAY DEPT`, `BOARD OF EDUCATION`, `CORPS OF ENGINEERS`.
fn agency_phrase(words: &[&Token<'_>]) -> bool {
    let text = |n: usize| words.get(n).map_or("", |t| t.text);
    (0..words.len()).any(|n| match text(n) {
        "DEPARTMENT" | "DEPT" => {
            text(n + 1) == "OF" || n > 0 && !matches!(text(n - 1), "TAX" | "TRUST" | "LEGAL" | "ESCROW")
        }
        "SECRETARY" | "BUREAU" | "DIVISION" | "OFFICE" => text(n + 1) == "OF",
        "BOARD" | "BD" | "AGENCY" | "LAND" => bodies::is_public_agency(words, n),
        "COMMISSION" => n > 0 && n + 1 == words.len(),
        "COMM" | "DIV" => n > 0 && n + 1 == words.len() && words.iter().any(|t| t.is(lexicon::PURPOSE)),
        "RURAL" => text(n + 1) == "WATER",
        "CORPS" => text(n + 1) == "OF" && text(n + 2).starts_with("ENGINEER"),
        "POSTAL" | "FOREST" => text(n + 1) == "SERVICE",
        "VETERANS" => text(n + 1).starts_with("ADMIN"),
        "PUBLIC" => matches!(text(n + 1), "SCHOOLS" | "SCHOOL" | "LIBRARY" | "WORKS" | "AGENCY" | "POWER"),
        _ => false,
    })
}

/// `TULSA COUNTY` alone or before a government word; `OKLAHOMA CITY` alone.
fn county_word(words: &[&Token<'_>]) -> bool {
    let n_words = words.len();
    (1..n_words).any(|n| {
        let Some(token) = words.get(n) else { return false };
        let end = n + 1 == n_words;
        let governing = words
            .get(n + 1)
            .is_some_and(|t| t.is(lexicon::GOV | lexicon::GOV_AGENCY | lexicon::PURPOSE) && t.text != "COMM");
        let alone = end && n_words <= 3 && !words.iter().any(|t| t.is(lexicon::ORGANISATION | lexicon::GIVEN));
        match token.text {
            "COUNTY" | "CNTY" => alone || governing,
            "CITY" | "TOWNSHIP" | "TWP" => alone,
            _ => false,
        }
    })
}

fn is_tribal(piece: &[Token<'_>], words: &[&Token<'_>]) -> bool {
    let tribe = words.iter().any(|t| t.is(lexicon::TRIBE));
    let bracket = piece.iter().any(|t| t.mark == Mark::Close);
    words.iter().enumerate().skip(1).any(|(n, t)| match t.text {
        "NATION" | "BAND" | "PUEBLO" => {
            tribe
                && (bracket
                    || words.get(n - 1).is_some_and(|b| b.is(lexicon::TRIBE))
                    || words.get(n + 1).is_some_and(|b| b.text == "OF"))
        }
        "TRIBE" | "TRIBES" | "TRIBAL" | "RANCHERIA" => true,
        _ => false,
    }) || (tribe && words.iter().any(|t| t.text == "NATION") && words.iter().any(|t| t.text == "OF"))
}

fn is_district(words: &[&Token<'_>], seen: Seen) -> bool {
    let has = |word: &str| words.iter().any(|t| t.text == word);
    (seen.has(lexicon::DISTRICT) && seen.has(lexicon::PURPOSE) && !seen.has(lexicon::TRUST | lexicon::RELIGIOUS))
        || (has("SCHOOL") && words.last().is_some_and(|t| t.is(lexicon::DIGIT)) && !seen.has(lexicon::TRUST))
        || (has("SCHOOLS") && (has("PUBLIC") || has("COUNTY") || has("CITY")))
        || words
            .first()
            .is_some_and(|t| matches!(t.text, "ISD" | "SID" | "MUD" | "NRD" | "RWD" | "PWSD" | "USD" | "CUSD"))
            && seen.has(lexicon::DIGIT)
}

fn level(words: &[&Token<'_>]) -> GovernmentLevel {
    let has = |list: &[&str]| words.iter().any(|t| list.contains(&t.text));
    if has(&["AUTHORITY", "AUTH"]) {
        GovernmentLevel::Authority
    } else if has(&["SCHOOL", "SCHOOLS", "SCH", "EDUCATION", "EDUC", "REGENTS", "ISD", "USD", "CUSD"]) {
        GovernmentLevel::School
    } else if has(&["VETERANS", "HUD", "FHA", "USDA", "BLM", "FDIC", "POSTAL", "ENGINEERS", "HOUSING-AND-URBAN"])
        || has(&["SECRETARY"])
    {
        GovernmentLevel::Federal
    } else if has(&["COUNTY", "CNTY", "PARISH", "BOCC"]) {
        GovernmentLevel::County
    } else if has(&["CITY", "TOWN", "VILLAGE", "TOWNSHIP", "BOROUGH", "TWP", "METROPOLITAN"]) {
        GovernmentLevel::City
    } else if has(&["STATE", "COMMONWEALTH", "TURNPIKE", "TRANSPORTATION", "DOT", "ODOT"]) {
        GovernmentLevel::State
    } else {
        GovernmentLevel::Other
    }
}

/// Heirs speak for the whole line, DECEASED for the name before it.
fn is_dead(words: &[&Token<'_>], flags: Flags) -> bool {
    flags.has(Flag::Heirs) || words.iter().any(|t| t.is(lexicon::DEAD))
}

/// An estate by its words, or heirs.
fn estate(words: &[&Token<'_>], flags: Flags) -> Option<(PartyKind, Rule)> {
    (bodies::is_estate(words) || is_dead(words, flags)).then_some((PartyKind::Estate, Rule::KindEstate))
}

/// Words that make an organisation only when nothing speaks for a person.
fn weak_organisation(
    piece: &[Token<'_>],
    words: &[&Token<'_>],
    seen: Seen,
    style: &Style,
) -> Option<(PartyKind, Rule)> {
    let count = |classes: u64| words.iter().filter(|t| t.is(classes)).count();
    if looks_like_a_person(words) {
        return None;
    }
    if count(lexicon::ASSOCIATION_WEAK) >= 2 {
        return Some((PartyKind::Association, Rule::KindAssociation));
    }
    let pair = |a: &str, b: &str| words.windows(2).any(|w| matches!(w, [x, y] if x.text == a && y.text == b));
    if pair("CREDIT", "UNION")
        || pair("REAL", "ESTATE")
        || pair("LAW", "OFFICE")
        || pair("LAW", "OFFICES")
        || pair("L", "P")
        || pair("FANNIE", "MAE")
        || pair("FREDDIE", "MAC")
        || (words.len() >= 4 && ends_in_letters(words))
    {
        return Some((PartyKind::Company, Rule::KindCompanyWord));
    }
    let n_company = count(lexicon::COMPANY_WEAK);
    if n_company > 0 && (words.len() > 1 || style.line == LineStyle::Comma) {
        return Some((PartyKind::Company, Rule::KindCompanyWord));
    }
    if seen.has(lexicon::DIGIT)
        && !words.iter().any(|t| t.is(lexicon::GIVEN) && t.is(lexicon::SUFFIX))
        && !only_digit_is_suffix(words)
    {
        return Some((PartyKind::Company, Rule::KindNumberInName));
    }
    let saint = words.first().is_some_and(|t| matches!(t.text, "ST" | "SAINT"));
    if !saint && words.iter().any(|t| t.text.ends_with("'S") && t.text.len() > 3) {
        return Some((PartyKind::Company, Rule::KindPossessive));
    }
    let initials_joined =
        piece.iter().any(|t| t.mark == Mark::And) && words.first().is_some_and(|t| t.is(lexicon::INITIAL));
    if initials_joined || bodies::is_joined_firm(piece) {
        return Some((PartyKind::Company, Rule::KindCompanyWord));
    }
    (count(lexicon::PLACE_WORD) >= 2 && words.iter().all(|t| !t.is(lexicon::INITIAL | lexicon::GIVEN)))
        .then_some((PartyKind::Association, Rule::KindPlaceWords))
}

/// `... CHIROPRACTIC P C`.
fn ends_in_letters(words: &[&Token<'_>]) -> bool {
    let [.., a, b] = words else { return false };
    matches!((a.text, b.text), ("P", "C" | "A") | ("N", "A")) && !words.iter().any(|t| t.is(lexicon::GIVEN))
}

fn only_digit_is_suffix(words: &[&Token<'_>]) -> bool {
    words.iter().filter(|t| t.is(lexicon::DIGIT)).all(|t| t.is(lexicon::SUFFIX))
}

/// What is left is a person, unless it is one word, or a roll that always types `SURNAME,` shows words it never uses in names.
fn person_or_unknown(words: &[&Token<'_>], style: &Style) -> (PartyKind, Rule) {
    if words.len() == 1 {
        return (PartyKind::Unknown(UnknownReason::SingleWord), Rule::KindSingleWord);
    }
    if words.iter().skip(1).any(|t| matches!(t.text, "OF" | "FOR" | "TO")) {
        return (PartyKind::Association, Rule::KindAssociation);
    }
    if misspelt::is_organisation(words) {
        return (PartyKind::Company, Rule::KindMisspelt);
    }
    if is_acronym_name(words) {
        return (PartyKind::Company, Rule::KindAcronym);
    }
    // 98 of 100 persons with a comma, of at least a thousand: in a smaller or mixed file a missing comma says nothing.
    let comma_roll = style.line == LineStyle::Comma && style.comma_percent >= 98 && style.n_persons >= 1000;
    if comma_roll && !is_name_without_comma(words, style) {
        return (PartyKind::Unknown(UnknownReason::Unparsed), Rule::KindCommaRoll);
    }
    (PartyKind::Person, Rule::KindPerson)
}

/// On a roll that types the comma: `ORA B PLINK` or `PLINK ORA B`, told by the roll's own given names and surnames.
fn is_name_without_comma(words: &[&Token<'_>], style: &Style) -> bool {
    let words: Vec<&Token<'_>> = words.iter().filter(|t| !t.is(lexicon::SUFFIX | lexicon::TITLE)).copied().collect();
    let [first, .., last] = words.as_slice() else { return false };
    let given = |t: &Token<'_>| {
        let (as_surname, as_given) = style.seen(t.text);
        t.is(lexicon::GIVEN) || as_given > as_surname
    };
    let surname = |t: &Token<'_>| style.seen(t.text).0 > 0;
    let second = words.get(1).copied().unwrap_or(*last);
    let initial_between = words.len() == 3 && second.is(lexicon::INITIAL);
    (given(first) && (surname(last) || initial_between || words.len() == 2 && last.is(lexicon::INITIAL)))
        || (first.is(lexicon::INITIAL) && given(second) && surname(last))
        || ((surname(first) || first.is(lexicon::PARTICLE)) && words.iter().skip(1).any(|t| given(t)))
}

/// A word without vowels is the name of a firm (`FKH SFR PROPCO A`), unless it is a surname of that kind or a given name stands by.
fn is_acronym_name(words: &[&Token<'_>]) -> bool {
    let vowelless = |t: &Token<'_>| {
        t.text.len() >= 3
            && t.text.bytes().all(|b| b.is_ascii_uppercase() && !matches!(b, b'A' | b'E' | b'I' | b'O' | b'U' | b'Y'))
            && !t.is(lexicon::GIVEN | lexicon::SUFFIX | lexicon::TITLE | lexicon::VOWELLESS_SURNAME)
    };
    words.iter().any(|t| vowelless(t)) && !words.iter().any(|t| t.is(lexicon::GIVEN))
}

#[cfg(test)]
mod tests {
    use super::{PLAIN_NAME, lexicon};

    #[test]
    fn words_that_rules_behind_a_surname_name_are_not_plain() {
        for word in
            ["TR", "TRS", "ESTATE", "OF", "PARTNERSHIP", "U/A/D", "U/T/D", "U/D/T", "UTD", "U/T/A", "TRUST", "7"]
        {
            assert_ne!(lexicon::lexicon_class(word) & !PLAIN_NAME, 0, "{word}");
        }
    }
}
