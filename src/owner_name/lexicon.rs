//! Word classes and phrases, read once from the data files in `data/standards`.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::token::Token;
use crate::model::party::{GovernmentLevel, PartyKind};

macro_rules! classes {
    ($($name:ident = $bit:literal, $text:literal;)+) => {
        $(pub(super) const $name: u64 = 1 << $bit;)+
        fn class_of_name(name: &str) -> Option<u64> {
            match name { $($text => Some($name),)+ _ => None }
        }
    };
}

classes! {
    LEGAL_STRONG = 0, "legal_strong";
    LEGAL_CORP = 1, "legal_corp";
    LEGAL_WEAK = 2, "legal_weak";
    GOV_OF = 3, "gov_of";
    GOV = 4, "gov";
    GOV_AGENCY = 5, "gov_agency";
    FEDERAL = 6, "federal";
    DISTRICT = 7, "district";
    PURPOSE = 8, "purpose";
    PUBLIC_TRUST = 9, "public_trust";
    TRIBE = 10, "tribe";
    TRIBAL = 11, "tribal";
    TRUST = 12, "trust";
    TRUST_OWN = 13, "trust_own";
    TRUST_ABBREV = 14, "trust_abbrev";
    RELIGIOUS = 15, "religious";
    RELIGIOUS_WEAK = 16, "religious_weak";
    ASSOCIATION = 17, "association";
    ASSOCIATION_WEAK = 18, "association_weak";
    COMPANY_WEAK = 19, "company_weak";
    PLACE_WORD = 20, "place_word";
    SUFFIX = 21, "suffix";
    TITLE = 22, "title";
    PARTICLE = 23, "particle";
    STREET = 24, "street";
    DIRECTION = 25, "direction";
    UNIT = 26, "unit";
    BOX = 27, "box";
    GIVEN = 28, "given";
    TRUST_TALK = 29, "trust_talk";
    VOWELLESS_SURNAME = 30, "vowelless_surname";
    SPELLED = 31, "spelled";
    NAME_MARK = 32, "name_mark";
}
/// The word starts a phrase of `owner_phrases.tsv`.
pub(super) const PHRASE: u64 = 1 << 40;
/// The word has a digit.
pub(super) const DIGIT: u64 = 1 << 41;
/// The word is a single letter.
pub(super) const INITIAL: u64 = 1 << 42;

/// The word starts a phrase of `owner_bodies.tsv`.
pub(super) const BODY: u64 = 1 << 43;

/// The name that ends in the word is of somebody who died.
pub(super) const DEAD: u64 = 1 << 44;

/// Classes that a word of somebody's name may have.
pub(super) const NAME_ONLY: u64 = BODY | DEAD | GIVEN | TRUST_TALK | VOWELLESS_SURNAME | NAME_MARK;

/// Any legal form.
pub(super) const LEGAL: u64 = LEGAL_STRONG | LEGAL_CORP;
/// Words that make a piece an organisation when no SURNAME, stands in front.
pub(super) const ORGANISATION: u64 =
    LEGAL | LEGAL_WEAK | GOV | DISTRICT | TRUST | RELIGIOUS | ASSOCIATION | COMPANY_WEAK;

/// Letters that a cut word must have left to tell what it was, and letters of a long word.
const BEGUN_MIN: usize = 4;
const LONG_MIN: usize = 6;

/// What a phrase does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    EtUx,
    EtVir,
    EtAl,
    Marital,
    Joint,
    InCommon,
    LifeEstate,
    Remainder,
    Tod,
    Dba,
    Aka,
    Nka,
    Fka,
    CareOf,
    Attention,
    Heirs,
    Deceased,
    Trustee,
    TrusteeOf,
    Fbo,
    Custodian,
    Representative,
    Restricted,
    Undivided,
}

const ACTIONS: &[(&str, Action)] = &[
    ("et_ux", Action::EtUx),
    ("et_vir", Action::EtVir),
    ("et_al", Action::EtAl),
    ("marital", Action::Marital),
    ("joint", Action::Joint),
    ("in_common", Action::InCommon),
    ("life_estate", Action::LifeEstate),
    ("remainder", Action::Remainder),
    ("tod", Action::Tod),
    ("dba", Action::Dba),
    ("aka", Action::Aka),
    ("nka", Action::Nka),
    ("fka", Action::Fka),
    ("care_of", Action::CareOf),
    ("attention", Action::Attention),
    ("heirs", Action::Heirs),
    ("deceased", Action::Deceased),
    ("trustee", Action::Trustee),
    ("trustee_of", Action::TrusteeOf),
    ("fbo", Action::Fbo),
    ("custodian", Action::Custodian),
    ("representative", Action::Representative),
    ("restricted", Action::Restricted),
    ("undivided", Action::Undivided),
];

/// One phrase: its words, what it does, whether it counts only at the end of a name.
#[derive(Debug)]
pub(super) struct Phrase {
    pub(super) words: Vec<&'static str>,
    pub(super) action: Action,
    pub(super) at_end: bool,
}

/// Where the phrase of a body stands in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    Anywhere,
    Start,
    End,
    Whole,
}

/// A phrase that names a body: `REGIONAL TRANSIT`.
#[derive(Debug)]
pub(super) struct Body {
    words: Vec<&'static str>,
    pub(super) kind: PartyKind,
    pub(super) stands: Stands,
}

impl Body {
    /// Words and marks of the phrase.
    pub(super) fn n_tokens(&self) -> usize {
        self.words.len()
    }
}

/// All lexicons.
#[derive(Debug)]
pub(super) struct Lexicon {
    words: FxHashMap<&'static str, u64>,
    /// Classes of words of one byte: every second name has an initial.
    letters: [u64; 256],
    /// Phrases by first word, longest first.
    phrases: FxHashMap<&'static str, Vec<Phrase>>,
    /// Bodies by first word, longest phrase first.
    bodies: FxHashMap<&'static str, Vec<Body>>,
    /// Whole lines that name nobody; true = withheld.
    whole_lines: FxHashMap<&'static str, bool>,
    /// Length of the longest of them.
    whole_line_max: usize,
    /// Long words that are recognised when mistyped.
    spelled: Vec<&'static str>,
    /// Long words of organisations and given names with their classes, sorted.
    long: Vec<(&'static str, u64)>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(load);

/// The lexicons of this build.
pub(super) fn lexicon() -> &'static Lexicon {
    &LEXICON
}

/// Classes of a word that the code itself writes.
pub(super) fn lexicon_class(word: &str) -> u64 {
    lexicon().class(word)
}

/// Words of many owners' names: legal forms, kinds of organisation, trust words, places. They tell no two owners apart.
pub fn is_common_word(word: &str) -> bool {
    let common = ORGANISATION | TRUST_OWN | TRUST_ABBREV | ASSOCIATION_WEAK | GOV_OF | STREET | DIRECTION;
    lexicon().class(word) & common != 0
}

impl Lexicon {
    /// Classes of an upper-case word, digits and initials included.
    pub(super) fn class(&self, word: &str) -> u64 {
        let bytes = word.as_bytes();
        if let [letter] = bytes {
            return self.letters[usize::from(*letter)];
        }
        let (mut has_dash, mut has_digit) = (false, false);
        for byte in bytes {
            has_dash |= *byte == b'-';
            has_digit |= byte.is_ascii_digit();
        }
        let mut class = self.words.get(word).copied().unwrap_or(0);
        if class == 0
            && has_dash
            && let Some((front, back)) = word.split_once('-')
        {
            let of = |half: &str| self.words.get(half).copied().unwrap_or(0) & (PLACE_WORD | TRUST);
            class = of(front) | of(back);
        }
        if class == 0 {
            class = super::misspelt::glued_form(word);
        }
        if has_digit {
            class |= DIGIT;
        }
        class
    }

    /// Phrases that start with the word, longest first.
    pub(super) fn phrases_at(&self, word: &str) -> &[Phrase] {
        self.phrases.get(word).map_or(&[], Vec::as_slice)
    }

    /// Bodies whose phrase stands at the head of the tokens, longest first.
    pub(super) fn bodies_at<'l>(&'l self, tokens: &'l [Token<'_>]) -> impl Iterator<Item = &'l Body> {
        let list = match tokens.first() {
            Some(first) if first.is(BODY) => self.bodies.get(first.text).map_or(&[][..], Vec::as_slice),
            Some(_) | None => &[],
        };
        list.iter().filter(|b| b.words.iter().enumerate().all(|(n, w)| tokens.get(n).is_some_and(|t| t.text == *w)))
    }

    /// Classes that all long words share which begin so; nothing where a given name begins so as well.
    pub(super) fn class_begun(&self, start: &str) -> u64 {
        if start.len() < BEGUN_MIN {
            return 0;
        }
        let from = self.long.partition_point(|(word, _)| *word < start);
        let begun = || self.long.iter().skip(from).take_while(|(word, _)| word.starts_with(start));
        match begun().next() {
            Some(_) if begun().all(|(_, class)| class & GIVEN == 0) => {
                begun().fold(u64::MAX, |all, (_, class)| all & class)
            }
            Some(_) | None => 0,
        }
    }

    /// Long words that are recognised when mistyped.
    pub(super) fn spelled(&self) -> &[&'static str] {
        &self.spelled
    }

    /// For a whole line that names nobody: whether the name is withheld (true) or a placeholder (false).
    pub(super) fn whole_line(&self, line: &str) -> Option<bool> {
        if line.len() > self.whole_line_max { None } else { self.whole_lines.get(line).copied() }
    }
}

fn data_lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty())
}

fn class_of_letter(letter: u8, words: &FxHashMap<&'static str, u64>) -> u64 {
    let own = match letter {
        b'0'..=b'9' => DIGIT,
        b'A'..=b'Z' | b'a'..=b'z' => INITIAL,
        _ => 0,
    };
    let listed = std::str::from_utf8(&[letter]).ok().and_then(|word| words.get(word)).copied();
    listed.unwrap_or(0) | own
}

fn load() -> Lexicon {
    let mut words: FxHashMap<&'static str, u64> = FxHashMap::default();
    for line in data_lines(include_str!("../../data/standards/owner_words.tsv")) {
        let (name, list) = line.split_once('\t').unwrap_or((line, ""));
        let class = class_of_name(name).unwrap_or(0);
        for word in list.split_whitespace() {
            *words.entry(word).or_default() |= class;
        }
    }
    for line in data_lines(include_str!("../../data/standards/owner_given_names.tsv")) {
        for word in line.split_whitespace() {
            *words.entry(word).or_default() |= GIVEN;
        }
    }
    let mut phrases: FxHashMap<&'static str, Vec<Phrase>> = FxHashMap::default();
    for line in data_lines(include_str!("../../data/standards/owner_phrases.tsv")) {
        let mut cells = line.split('\t');
        let list: Vec<&'static str> = cells.next().unwrap_or("").split_whitespace().collect();
        let name = cells.next().unwrap_or("");
        let at_end = cells.next() == Some("end");
        let Some((_, action)) = ACTIONS.iter().find(|(n, _)| *n == name) else { continue };
        let Some(first) = list.first().copied() else { continue };
        *words.entry(first).or_default() |= PHRASE;
        phrases.entry(first).or_default().push(Phrase { words: list, action: *action, at_end });
    }
    for list in phrases.values_mut() {
        list.sort_by_key(|p| std::cmp::Reverse(p.words.len()));
    }
    let bodies = load_bodies(&mut words);
    let whole_lines: FxHashMap<&'static str, bool> =
        data_lines(include_str!("../../data/standards/owner_whole_lines.tsv"))
            .filter_map(|l| l.split_once('\t'))
            .map(|(line, kind)| (line, kind == "withheld"))
            .collect();
    let mut spelled: Vec<&'static str> =
        words.iter().filter(|(_, class)| **class & SPELLED != 0).map(|(word, _)| *word).collect();
    spelled.sort_unstable();
    let body = ORGANISATION | TRUST_OWN | RELIGIOUS_WEAK | ASSOCIATION_WEAK | GIVEN;
    let is_long = |(word, class): &(&&'static str, &u64)| word.len() >= LONG_MIN && **class & body != 0;
    let mut long: Vec<(&'static str, u64)> =
        words.iter().filter(is_long).map(|(word, class)| (*word, *class)).collect();
    long.sort_unstable();
    let whole_line_max = whole_lines.keys().map(|l| l.len()).max().unwrap_or(0);
    let letters = std::array::from_fn(|letter| class_of_letter(letter as u8, &words));
    Lexicon { words, letters, phrases, bodies, whole_lines, whole_line_max, spelled, long }
}

/// Kind and place of a line of `owner_bodies.tsv`.
fn body_of(kind: &str, stands: &str) -> Option<(PartyKind, Stands)> {
    let kind = match kind {
        "company" => PartyKind::Company,
        "religious" => PartyKind::Religious,
        "association" => PartyKind::Association,
        "city" => PartyKind::Government(GovernmentLevel::City),
        "school" => PartyKind::Government(GovernmentLevel::School),
        "authority" => PartyKind::Government(GovernmentLevel::Authority),
        "federal" => PartyKind::Government(GovernmentLevel::Federal),
        "other" => PartyKind::Government(GovernmentLevel::Other),
        _ => return None,
    };
    let stands = match stands {
        "any" => Stands::Anywhere,
        "start" => Stands::Start,
        "end" => Stands::End,
        "whole" => Stands::Whole,
        _ => return None,
    };
    Some((kind, stands))
}

fn load_bodies(words: &mut FxHashMap<&'static str, u64>) -> FxHashMap<&'static str, Vec<Body>> {
    let mut bodies: FxHashMap<&'static str, Vec<Body>> = FxHashMap::default();
    for line in data_lines(include_str!("../../data/standards/owner_bodies.tsv")) {
        let mut cells = line.split('\t');
        let list: Vec<&'static str> = cells.next().unwrap_or("").split_whitespace().collect();
        let Some((kind, stands)) = body_of(cells.next().unwrap_or(""), cells.next().unwrap_or("")) else { continue };
        let Some(first) = list.first().copied() else { continue };
        *words.entry(first).or_default() |= BODY;
        bodies.entry(first).or_default().push(Body { words: list, kind, stands });
    }
    for list in bodies.values_mut() {
        list.sort_by_key(|b| std::cmp::Reverse(b.words.len()));
    }
    bodies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_data_files_is_understood() {
        for line in data_lines(include_str!("../../data/standards/owner_words.tsv")) {
            let (name, list) = line.split_once('\t').unwrap();
            assert!(class_of_name(name).is_some(), "class {name}");
            assert!(list.split_whitespace().all(|w| w == w.to_uppercase()), "{list}");
        }
        for line in data_lines(include_str!("../../data/standards/owner_phrases.tsv")) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert!(ACTIONS.iter().any(|(n, _)| *n == cells[1]), "{line}");
            assert!(cells.len() == 2 || cells[2] == "end", "{line}");
        }
        for line in data_lines(include_str!("../../data/standards/owner_whole_lines.tsv")) {
            let (_, kind) = line.split_once('\t').unwrap();
            assert!(kind == "withheld" || kind == "placeholder", "{line}");
        }
        for line in data_lines(include_str!("../../data/standards/owner_bodies.tsv")) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert!(cells.len() == 3 && body_of(cells[1], cells[2]).is_some(), "{line}");
            assert!(cells[0] == cells[0].to_uppercase() && !cells[0].contains(" AND "), "{line}");
        }
    }
}
