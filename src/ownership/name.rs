//! An owner line reduced to what links are judged by: kind, persons, distinctive words, legal form, numbers.
//!
//! The line is read by `crate::owner_name`; this file only makes comparison keys of what was read. Nothing here is shown to
//! people as the owner's name.

use crate::model::party::{Party, PartyKind, PartyRole, PersonName, UnknownReason};
use crate::owner_name::{self, OwnerLine, Style};

use super::words::WORDS;

/// Owners read from one line at most; a longer line is a list of heirs and the rest adds no evidence.
const PERSONS_MAX: usize = 8;

/// The comparison form of one owner line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkName {
    /// Kind of the line as a whole.
    pub kind: PartyKind,
    /// Equal for two spellings of one owner: legal forms, articles, order of a couple and punctuation do not count.
    pub key: String,
    /// Organisation words in order without legal forms; equal cores at one address are one party.
    pub core: String,
    /// Persons named by the line: owners, grantors of a trust, the dead of an estate.
    pub persons: Vec<PersonName>,
    /// Words of the name that can be evidence, legal forms and common words left out.
    pub words: Vec<String>,
    /// Number words: `RENTALS 1 LLC` and `RENTALS 10 LLC` are two parties of one group.
    pub numbers: Vec<String>,
    /// Initials standing together in an organisation's name: `R & H HOMES` gives `HR`, sorted.
    pub initials: String,
    /// Keys of the organisations of a line that names several.
    pub parts: Vec<String>,
    /// True for banks, custodians and other names that hold for somebody else.
    pub is_agent_like: bool,
}

/// Reads an owner line as the store keeps it (name columns separated by line breaks).
pub fn link_name(text: &str, style: &Style) -> LinkName {
    of_line(&owner_name::parse_columns(text, style))
}

/// Makes the comparison form of a line that was read.
pub fn of_line(line: &OwnerLine) -> LinkName {
    let kind = line.kind;
    let owners: Vec<&Party> = line.parties.iter().filter(|p| p.is_owner()).take(PERSONS_MAX).collect();
    let named = |kinds: fn(PartyKind) -> bool| owners.iter().filter(move |p| kinds(p.kind)).map(|p| &p.person);
    let persons: Vec<PersonName> = match kind {
        PartyKind::Person | PartyKind::Estate => named(is_natural_person).cloned().collect(),
        PartyKind::Trust => line.grantors.iter().chain(named(is_natural_person)).take(PERSONS_MAX).cloned().collect(),
        PartyKind::Company => line.grantors.iter().take(PERSONS_MAX).cloned().collect(),
        PartyKind::Government(_) | PartyKind::Religious | PartyKind::Association | PartyKind::Unknown(_) => Vec::new(),
    };
    let is_person_line = kind == PartyKind::Person;
    if persons_only(line).is_some() {
        return of_persons(persons);
    }
    let texts: Vec<String> = owners
        .iter()
        .filter(|p| !(is_person_line && is_natural_person(p.kind)))
        .map(|p| p.name.replace(['\'', '.'], ""))
        .collect();
    let split: Vec<Vec<&str>> = texts.iter().map(|t| words_of(t)).collect();
    let canonical: Vec<Vec<&str>> = split.iter().map(|words| canonical_words(words)).collect();
    let all: Vec<&str> = canonical.iter().flatten().copied().collect();
    let key = match kind {
        PartyKind::Person => {
            let mut key = person_key(&persons.iter().collect::<Vec<_>>());
            canonical.iter().for_each(|words| key.push_str(&format!("+O:{}", words.join(" "))));
            key
        }
        PartyKind::Unknown(UnknownReason::Blank | UnknownReason::Placeholder | UnknownReason::Withheld) => {
            format!("U:{}", words_of(&line.raw.to_ascii_uppercase()).join(" "))
        }
        PartyKind::Estate | PartyKind::Trust => format!("T:{}", all.join(" ")),
        PartyKind::Company
        | PartyKind::Government(_)
        | PartyKind::Religious
        | PartyKind::Association
        | PartyKind::Unknown(UnknownReason::SingleWord | UnknownReason::Unparsed) => format!("O:{}", all.join(" ")),
    };
    let is_evidence = |w: &&&str| w.len() >= 3 && !is_generic(w) && !is_number(w);
    let own = |keep: &dyn Fn(&&&str) -> bool| -> Vec<String> {
        if is_person_line { Vec::new() } else { all.iter().filter(|w| keep(w)).map(|w| (*w).to_owned()).collect() }
    };
    LinkName {
        kind,
        key,
        core: all.iter().filter(|w| !is_form(w)).copied().collect::<Vec<_>>().join(" "),
        words: own(&|w| is_evidence(w)),
        numbers: own(&|w| is_number(w)),
        initials: if is_person_line { String::new() } else { initials_of(split.first().map_or(&[], Vec::as_slice)) },
        parts: parts_of(&owners, &canonical),
        persons,
        is_agent_like: owners.iter().any(|p| is_agent_like(p)),
    }
}

/// The persons of a line that names persons only; their key is [`person_key`], and there is nothing else to compare.
pub(super) fn persons_only(line: &OwnerLine) -> Option<Vec<&PersonName>> {
    let owners = || line.parties.iter().filter(|p| p.is_owner()).take(PERSONS_MAX);
    let is_plain = |p: &Party| is_natural_person(p.kind) && p.role != PartyRole::Custodian;
    (line.kind == PartyKind::Person && owners().all(is_plain)).then(|| owners().map(|p| &p.person).collect())
}

/// The form of a line that names persons only: two lines of three.
fn of_persons(persons: Vec<PersonName>) -> LinkName {
    LinkName {
        kind: PartyKind::Person,
        key: person_key(&persons.iter().collect::<Vec<_>>()),
        core: String::new(),
        persons,
        words: Vec::new(),
        numbers: Vec::new(),
        initials: String::new(),
        parts: Vec::new(),
        is_agent_like: false,
    }
}

fn is_natural_person(kind: PartyKind) -> bool {
    matches!(kind, PartyKind::Person | PartyKind::Estate)
}

/// Banks, trust companies and custodians hold for others.
fn is_agent_like(party: &Party) -> bool {
    let text = party.name.as_str();
    party.role == PartyRole::Custodian
        || matches!(party.kind, PartyKind::Company | PartyKind::Trust)
            && (words_of(text).iter().any(|w| matches!(*w, "BANK" | "CUSTODIAN"))
                || text.contains("TRUST CO")
                || text.contains("TAX DEPT"))
}

fn words_of(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect()
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
        || matches!(
            word,
            "II" | "III" | "IV" | "VI" | "VII" | "VIII" | "IX" | "XI" | "XII" | "ONE" | "TWO" | "THREE" | "FOUR"
        )
}

fn is_form(word: &str) -> bool {
    WORDS.form.get(word).is_some_and(|canonical| *canonical == word)
}

fn is_generic(word: &str) -> bool {
    WORDS.generic.contains(word) || is_form(word) || owner_name::is_common_word(word)
}

/// Words without articles; `L P`, `L L C` joined; legal forms canonical, written once; the plain `CO` before a form dropped.
fn canonical_words<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::with_capacity(words.len());
    let mut rest = words;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let word = match (*first, tail) {
            ("L", ["L", "C", more @ ..]) | ("LIMITED", ["LIABILITY", "COMPANY" | "CO", more @ ..]) => {
                rest = more;
                "LLC"
            }
            ("L", ["P", more @ ..]) | ("LIMITED" | "LTD", ["PARTNERSHIP" | "PRTNR" | "PTNRSHP", more @ ..]) => {
                rest = more;
                "LP"
            }
            ("THE" | "AND" | "OF" | "A" | "AN", _) if !out.is_empty() || !tail.is_empty() => continue,
            ("FAM", _) => "FAMILY",
            (word, _) => WORDS.form.get(word).copied().unwrap_or(word),
        };
        if is_form(word) && out.last().is_some_and(|last| is_form(last)) {
            out.pop();
        }
        out.push(word);
    }
    out
}

pub(super) fn person_key(persons: &[&PersonName]) -> String {
    let mut out = String::with_capacity(40);
    out.push_str("P:");
    if let [only] = persons {
        push_person_key(only, &mut out);
        return out;
    }
    let mut keys: Vec<String> = persons
        .iter()
        .map(|p| {
            let mut key = String::with_capacity(24);
            push_person_key(p, &mut key);
            key
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    for (n, key) in keys.iter().enumerate() {
        out.push_str(if n > 0 { "+" } else { "" });
        out.push_str(key);
    }
    out
}

fn push_person_key(person: &PersonName, out: &mut String) {
    for (n, part) in [&person.surname, &person.given].into_iter().enumerate() {
        out.push_str(if n > 0 { "|" } else { "" });
        out.push_str(part);
    }
    out.push('|');
    out.extend(person.middle.chars().next());
    out.push('|');
    out.push_str(&person.suffix);
}

/// Two or three single letters in a row, sorted; `R & H HOMES` belongs with ROBERT & HOLLY.
fn initials_of(words: &[&str]) -> String {
    let is_letter = |w: &&&str| w.len() == 1 && w.bytes().all(|b| b.is_ascii_alphabetic());
    let mut letters: Vec<&str> = words.iter().take_while(is_letter).copied().collect();
    if letters.len() < 2 {
        return String::new();
    }
    letters.sort_unstable();
    letters.concat()
}

/// The organisations of a line that lists several.
fn parts_of(owners: &[&Party], canonical: &[Vec<&str>]) -> Vec<String> {
    if owners.len() < 2 || canonical.len() < owners.len() || owners.iter().any(|p| p.kind != PartyKind::Company) {
        return Vec::new();
    }
    canonical.iter().map(|words| format!("O:{}", words.join(" "))).collect()
}

#[cfg(test)]
mod tests {
    use crate::model::party::PartyKind;
    use crate::owner_name::{LineStyle, Style};

    fn link_name(line: &str) -> super::LinkName {
        super::link_name(line, &Style::fixed(LineStyle::Comma))
    }

    #[test]
    fn spellings_of_one_owner_share_a_key() {
        for (a, b) in [
            ("ZEDI FARM CO LLC, THE", "The Zedi Farm Company L.L.C."),
            ("LEGACY L P", "LEGACY LP"),
            ("GULO #5 LIMITED PARTNERSHIP", "GULO 5 LTD PARTNERSHIP"),
            ("ZEDI, VULIV M & ANA R", "ZEDI, ANA ROSE & VULIV MARK"),
            ("BOB'S RENTAL COMPANY LLC", "BOBS RENTAL CO LLC"),
        ] {
            assert_eq!(link_name(a).key, link_name(b).key, "{a} / {b}");
        }
    }

    #[test]
    fn different_owners_have_different_keys() {
        for (a, b) in [
            ("HZT RENTALS 1 LLC", "HZT RENTALS 10 LLC"),
            ("ZEDI, VULIV JR", "ZEDI, VULIV SR"),
            ("ZEDI, VULIV M", "ZEDI, VULIV K"),
        ] {
            assert_ne!(link_name(a).key, link_name(b).key, "{a} / {b}");
        }
    }

    #[test]
    fn a_trust_knows_the_persons_it_is_named_after() {
        let persons = |line: &str| -> Vec<String> {
            link_name(line)
                .persons
                .iter()
                .map(|p| format!("{} {} {}", p.surname, p.given, p.middle).trim().to_owned())
                .collect()
        };
        for (line, expected) in [
            ("ZEDI, VULIV M LIVING TRUST", vec!["ZEDI VULIV M"]),
            ("ZEDI, VULIV M & ANA R REVOCABLE TRUST", vec!["ZEDI VULIV M", "ZEDI ANA R"]),
            ("ZEDI FAMILY TRUST", vec!["ZEDI"]),
            ("VULIV M ZEDI REVOCABLE TRUST DATED MAY 1 2009", vec!["ZEDI VULIV M"]),
            ("VULIV & ANA ZEDI FAMILY TRUST", vec!["ZEDI VULIV", "ZEDI ANA"]),
            ("MAY, APRIL LIVING TRUST", vec!["MAY APRIL"]),
            ("OAK HILLS LAND TRUST", vec![]),
        ] {
            assert_eq!(persons(line), expected, "{line}");
        }
    }

    #[test]
    fn a_part_without_comma_inherits_the_surname() {
        let persons = link_name("ZEDI, VULIV M & ANA & GULO, TOM").persons;
        let text: Vec<String> = persons.iter().map(|p| format!("{} {}", p.surname, p.given)).collect();
        assert_eq!(text, ["ZEDI VULIV", "ZEDI ANA", "GULO TOM"]);
    }

    #[test]
    fn a_second_name_column_is_read_as_the_first() {
        let name = link_name("ZEDI, ANA\nGULO, TOM");
        assert_eq!((name.kind, name.key.as_str()), (PartyKind::Person, "P:GULO|TOM||+ZEDI|ANA||"));
    }
}
