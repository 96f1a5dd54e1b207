//! An owner line reduced to what links are judged by: kind, persons, distinctive words, legal form, numbers.
//!
//! This is the fast comparison form, made for a million lines. The full reading of a line into parties with roles, shares
//! and flags is `crate::owner_name`; nothing here is shown to people as the owner's name.

use crate::model::party::{GovernmentLevel, PartyKind, PersonName, UnknownReason};

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
    /// Words of the name that can be evidence, legal forms and generic words left out.
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

/// How a roll writes persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineStyle {
    /// `SMITH, JOHN`: a line without comma and legal form is no person.
    Comma,
    /// `SMITH JOHN` or `JOHN SMITH`.
    #[default]
    Open,
}

/// Share of lines with a comma from which a roll writes persons with one.
const COMMA_SHARE_MIN: f64 = 0.4;

/// Learns the style from the lines themselves.
pub fn style_of<'a>(lines: impl Iterator<Item = &'a str>) -> LineStyle {
    let (mut n_lines, mut n_comma) = (0.0, 0.0);
    for line in lines {
        n_lines += 1.0;
        n_comma += f64::from(u8::from(line.contains(',')));
    }
    if n_comma >= COMMA_SHARE_MIN * n_lines && n_lines > 0.0 { LineStyle::Comma } else { LineStyle::Open }
}

/// Reads an owner line of a roll with the given style.
pub fn link_name(line: &str, style: LineStyle) -> LinkName {
    let text = clean(line);
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|w| !w.is_empty()).collect();
    let kind = match (kind_of(&text, &words), style) {
        (PartyKind::Person, LineStyle::Comma) if !text.contains(',') => PartyKind::Unknown(UnknownReason::Unparsed),
        (kind, LineStyle::Comma | LineStyle::Open) => kind,
    };
    let persons = match kind {
        PartyKind::Person | PartyKind::Estate => persons_of(&text, false),
        PartyKind::Trust => persons_of(&text, true),
        PartyKind::Company
        | PartyKind::Government(_)
        | PartyKind::Religious
        | PartyKind::Association
        | PartyKind::Unknown(_) => Vec::new(),
    };
    let canonical = canonical_words(&words);
    let key = match kind {
        PartyKind::Person => person_key(&persons),
        PartyKind::Unknown(UnknownReason::Unparsed | UnknownReason::SingleWord) => format!("O:{}", canonical.join(" ")),
        PartyKind::Unknown(_) => format!("U:{}", words.join(" ")),
        PartyKind::Estate | PartyKind::Trust => format!("T:{}", canonical.join(" ")),
        PartyKind::Company | PartyKind::Government(_) | PartyKind::Religious | PartyKind::Association => {
            format!("O:{}", canonical.join(" "))
        }
    };
    let is_person_line = matches!(kind, PartyKind::Person);
    let core =
        canonical.iter().filter(|w| !WORDS.form.values().any(|f| f == *w)).copied().collect::<Vec<_>>().join(" ");
    let evidence: Vec<String> = if is_person_line {
        Vec::new()
    } else {
        canonical.iter().filter(|w| w.len() >= 3 && !is_generic(w) && !is_number(w)).map(|w| (*w).to_owned()).collect()
    };
    let numbers = if is_person_line {
        Vec::new()
    } else {
        canonical.iter().filter(|w| is_number(w)).map(|w| (*w).to_owned()).collect()
    };
    let is_agent_like = matches!(kind, PartyKind::Company | PartyKind::Trust)
        && (text.contains("BANK")
            || text.contains("TRUST CO")
            || text.contains("CUSTODIAN")
            || text.contains("TAX DEPT"));
    let initials = if is_person_line { String::new() } else { initials_of(&words) };
    LinkName {
        kind,
        key,
        core,
        words: evidence,
        numbers,
        initials,
        parts: parts_of(&text, kind),
        persons,
        is_agent_like,
    }
}

/// Upper case, stops and apostrophes gone, other punctuation that cannot matter as blanks, a trailing `, THE` cut.
fn clean(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '.' | '\'' | '\u{2019}' | '`' => {}
            '*' | '(' | ')' | '#' | '"' | ':' | '_' | '\u{a0}' => text.push(' '),
            '%' => text.push_str(" & "),
            ';' | '/' | '+' => text.push('&'),
            c if c.is_ascii() => text.push(c.to_ascii_uppercase()),
            c => text.extend(c.to_uppercase()),
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.strip_suffix(", THE")
        .or_else(|| text.strip_suffix(" THE"))
        .unwrap_or(&text)
        .trim_end_matches([' ', ','])
        .to_owned()
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
        || matches!(
            word,
            "II" | "III" | "IV" | "VI" | "VII" | "VIII" | "IX" | "XI" | "XII" | "ONE" | "TWO" | "THREE" | "FOUR"
        )
}

fn is_generic(word: &str) -> bool {
    WORDS.generic.contains(word)
        || WORDS.company.contains(word)
        || WORDS.trust.contains(word)
        || WORDS.association.contains(word)
        || WORDS.form.values().any(|form| *form == word)
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
        let is_form = WORDS.form.values().any(|form| *form == word);
        if is_form && out.last().is_some_and(|last| WORDS.form.values().any(|form| form == last)) {
            out.pop();
        }
        out.push(word);
    }
    out
}

fn has_strong_form(words: &[&str]) -> bool {
    words.iter().any(|w| {
        matches!(*w, "LLC" | "INC" | "CORP" | "LTD" | "LLP" | "LP" | "INCORPORATED" | "CORPORATION" | "PLLC" | "LLLP")
    }) || words.windows(3).any(|w| w == ["L", "L", "C"])
        || words.windows(2).any(|w| w == ["L", "P"] || w == ["LIMITED", "PARTNERSHIP"] || w == ["LIMITED", "LIABILITY"])
}

fn kind_of(text: &str, words: &[&str]) -> PartyKind {
    if words.is_empty() {
        return PartyKind::Unknown(UnknownReason::Blank);
    }
    if matches!(
        text,
        "UNKNOWN" | "OWNER UNKNOWN" | "UNKNOWN OWNER" | "NOT AVAILABLE" | "NO OWNER" | "NONE" | "CURRENT OWNER"
    ) {
        return PartyKind::Unknown(UnknownReason::Placeholder);
    }
    if text.contains("WITHHELD") || text.contains("CONFIDENTIAL") {
        return PartyKind::Unknown(UnknownReason::Withheld);
    }
    let has = |set: &rustc_hash::FxHashSet<&str>| words.iter().any(|w| set.contains(w));
    let head = text.split_once(',').map(|(head, tail)| (head.split_whitespace().count(), tail));
    let strong = has_strong_form(words);
    let is_trust = words.iter().any(|w| matches!(*w, "TRUST" | "TRUSTS" | "TRUSTEE" | "TRUSTEES" | "TRS"));
    // "CHURCH, JOHN" and "BANKS, MARY": one word, a comma, no legal form is a person whatever the word.
    if !strong && head.is_some_and(|(n, _)| n == 1) {
        return match (is_trust, text.contains("ESTATE") && !text.contains("LIFE ESTATE")) {
            (true, _) => PartyKind::Trust,
            (false, true) => PartyKind::Estate,
            (false, false) => PartyKind::Person,
        };
    }
    if let Some(level) = government_of(text, words, strong) {
        return PartyKind::Government(level);
    }
    if is_trust && !text.contains("TRUST CO") && !text.contains("BANK") && !strong {
        return PartyKind::Trust;
    }
    if has(&WORDS.association) {
        return PartyKind::Association;
    }
    if strong {
        return if has(&WORDS.religious) && text.contains("CHURCH") {
            PartyKind::Religious
        } else {
            PartyKind::Company
        };
    }
    if has(&WORDS.religious) && head.is_none() {
        return PartyKind::Religious;
    }
    if is_trust
        || has(&WORDS.company) && head.is_none_or(|(n, _)| n > 2)
        || words.iter().any(|w| matches!(*w, "CO" | "COMPANY"))
    {
        return PartyKind::Company;
    }
    if text.starts_with("ESTATE OF") || text.ends_with(" ESTATE") || text.contains(" EST OF") {
        return PartyKind::Estate;
    }
    if head.is_some() || text.contains('&') || (2..=4).contains(&words.len()) && !words.iter().any(|w| is_number(w)) {
        return PartyKind::Person;
    }
    PartyKind::Unknown(UnknownReason::Unparsed)
}

fn government_of(text: &str, words: &[&str], strong: bool) -> Option<GovernmentLevel> {
    let starts = |p: &str| text.starts_with(p);
    if starts("UNITED STATES") || starts("USA ") || text == "USA" || starts("U S A") {
        return Some(GovernmentLevel::Federal);
    }
    if starts("STATE OF ") || starts("COMMONWEALTH OF ") {
        return Some(GovernmentLevel::State);
    }
    if starts("CITY OF ") || starts("TOWN OF ") || starts("VILLAGE OF ") || starts("CITY & COUNTY") {
        return (!strong).then_some(GovernmentLevel::City);
    }
    if starts("COUNTY OF ") || (words.len() <= 3 && words.last() == Some(&"COUNTY")) {
        return Some(GovernmentLevel::County);
    }
    if words.contains(&"SCHOOL") && words.iter().any(|w| matches!(*w, "DIST" | "DISTRICT" | "PUBLIC" | "BOARD")) {
        return Some(GovernmentLevel::School);
    }
    (!strong && words.iter().any(|w| WORDS.government.contains(w) || *w == "DIST"))
        .then_some(GovernmentLevel::Authority)
}

/// Persons of a line: split at `&`, a part without comma inherits the surname; trust words are cut when `trust`.
fn persons_of(text: &str, trust: bool) -> Vec<PersonName> {
    let mut persons: Vec<PersonName> = Vec::new();
    let has_comma = text.contains(',');
    let joined = text.replace(" AND ", " & ");
    for part in joined.split('&').map(str::trim).filter(|p| !p.is_empty()).take(PERSONS_MAX) {
        let keep = |w: &&str| {
            !(matches!(*w, "THE" | "OF" | "ET" | "AL" | "UX" | "VIR")
                || WORDS.trust.contains(*w)
                || w.starts_with("CO-"))
        };
        let person = match part.split_once(',') {
            Some((surname, rest)) => {
                let given: Vec<&str> = rest.split([' ', ',']).filter(|w| !w.is_empty()).filter(keep).collect();
                let head: Vec<&str> = surname.split_whitespace().filter(keep).collect();
                // "SMITH JR, JOHN": a suffix may stand behind the surname.
                make_person(&head.join(" "), &given)
            }
            None => {
                let given: Vec<&str> = part.split_whitespace().filter(keep).collect();
                match (persons.last(), given.split_last()) {
                    (Some(before), _) if has_comma || given.len() < 2 => {
                        let surname = before.surname.clone();
                        make_person(&surname, &given)
                    }
                    (_, Some((last, front))) if trust || !has_comma => make_person(last, front),
                    (_, _) => continue,
                }
            }
        };
        if !person.surname.is_empty() {
            persons.push(person);
        }
    }
    persons
}

fn make_person(surname: &str, given: &[&str]) -> PersonName {
    let is_suffix = |w: &str| matches!(w, "JR" | "SR" | "II" | "III" | "IV");
    let suffix = given
        .iter()
        .chain(surname.split_whitespace().collect::<Vec<_>>().iter())
        .find(|w| is_suffix(w))
        .copied()
        .unwrap_or_default()
        .to_owned();
    let names: Vec<&str> =
        given.iter().filter(|w| !is_suffix(w) && w.bytes().all(|b| !b.is_ascii_digit())).copied().collect();
    let surname: Vec<&str> = surname.split_whitespace().filter(|w| !is_suffix(w)).collect();
    PersonName {
        surname: surname.join(" "),
        given: names.first().copied().unwrap_or_default().to_owned(),
        middle: names.get(1..).unwrap_or_default().join(" "),
        suffix,
    }
}

fn person_key(persons: &[PersonName]) -> String {
    let mut keys: Vec<String> = persons
        .iter()
        .map(|p| {
            let initial = p.middle.chars().next().map(String::from).unwrap_or_default();
            format!("{}|{}|{initial}|{}", p.surname, p.given, p.suffix)
        })
        .collect();
    keys.sort();
    keys.dedup();
    format!("P:{}", keys.join("+"))
}

/// Two or three single letters in a row, sorted; `R & H HOMES` belongs with ROBERT & HOLLY.
fn initials_of(words: &[&str]) -> String {
    let mut letters: Vec<&str> =
        words.iter().take_while(|w| w.len() == 1 && w.as_bytes()[0].is_ascii_alphabetic()).copied().collect();
    if letters.len() < 2 {
        return String::new();
    }
    letters.sort_unstable();
    letters.concat()
}

/// The organisations of a line that lists several, each ending in a legal form.
fn parts_of(text: &str, kind: PartyKind) -> Vec<String> {
    if kind != PartyKind::Company || !text.contains('&') {
        return Vec::new();
    }
    let parts: Vec<Vec<&str>> = text
        .split('&')
        .map(|p| p.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect::<Vec<&str>>())
        .collect();
    let n_formed = parts
        .iter()
        .filter(|p| p.len() >= 2 && (has_strong_form(p) || matches!(p.last(), Some(&("CO" | "COMPANY")))))
        .count();
    if n_formed < 2 {
        return Vec::new();
    }
    parts.iter().filter(|p| p.len() >= 2).map(|p| format!("O:{}", canonical_words(p).join(" "))).collect()
}

#[cfg(test)]
mod tests {
    use super::LineStyle;
    use crate::model::party::PartyKind;

    fn link_name(line: &str) -> super::LinkName {
        super::link_name(line, LineStyle::Comma)
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
    fn kinds_that_decide_links() {
        for (line, kind) in [
            ("CHURCH, VULIV", "person"),
            ("BANKS, ANA & ZED", "person"),
            ("ZEDI LIVING TRUST", "trust"),
            ("FIRST ZEDI BANK & TRUST CO", "company"),
            ("OAK HILL HOMEOWNERS ASSOCIATION INC", "association"),
            ("CITY OF ZEDI", "government"),
            ("ZEDI REAL ESTATE LLC", "company"),
            ("ZEDI, VULIV LIFE ESTATE", "person"),
            ("", "unknown"),
            ("WITHHELD BY LAW", "unknown"),
        ] {
            assert_eq!(link_name(line).kind.as_str(), kind, "{line}");
        }
        assert_ne!(link_name("ZEDI, ANA").kind, PartyKind::Trust);
    }

    #[test]
    fn a_part_without_comma_inherits_the_surname() {
        let persons = link_name("ZEDI, VULIV M & ANA & GULO, TOM").persons;
        let text: Vec<String> = persons.iter().map(|p| format!("{} {}", p.surname, p.given)).collect();
        assert_eq!(text, ["ZEDI VULIV", "ZEDI ANA", "GULO TOM"]);
    }
}
