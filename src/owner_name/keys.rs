//! Normalised keys of parties: what two spellings of one party have in common.
//!
//! Numbers stay in the key (`HRWT RENTALS 1` and `HRWT RENTALS 10` are two parties); legal forms become one code.

use crate::model::party::{Party, PartyKind, PersonName};

/// An organisation's name in its parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct OrgCore {
    /// Distinctive words, filler words dropped.
    pub core: String,
    /// Code of the legal form (`LLC`, `INC`, `LP`, `LTD`, `CO`, `TRUST`), or empty.
    pub legal_form: &'static str,
    /// Series of a protected series company, or empty.
    pub series: String,
}

/// Spellings of a legal form and its code.
const FORMS: &[(&str, &str)] = &[
    ("LLC", "LLC"),
    ("LC", "LLC"),
    ("PLLC", "LLC"),
    ("LLP", "LP"),
    ("LLLP", "LP"),
    ("LP", "LP"),
    ("INC", "INC"),
    ("INCORPORATED", "INC"),
    ("CORP", "INC"),
    ("CORPORATION", "INC"),
    ("LTD", "LTD"),
    ("LIMITED", "LTD"),
    ("CO", "CO"),
    ("COMPANY", "CO"),
    ("TRUST", "TRUST"),
    ("TR", "TRUST"),
];

/// Spelled-out forms, longest first.
const LONG_FORMS: &[(&[&str], &str)] = &[
    (&["LIMITED", "LIABILITY", "COMPANY"], "LLC"),
    (&["LIMITED", "LIABILITY", "CO"], "LLC"),
    (&["LIMITED", "LIABILITY", "PARTNERSHIP"], "LP"),
    (&["LIMITED", "PARTNERSHIP"], "LP"),
];

/// Words that do not tell organisations apart.
const FILLERS: &[&str] = &["THE", "AND", "OF", "&", "A"];

/// Splits an organisation's name into core, legal form and series.
pub fn org_core(name: &str) -> OrgCore {
    let upper = name.to_uppercase().replace("'", "").replace("L.L.C.", "LLC").replace("L.P.", "LP");
    let mut words: Vec<&str> =
        upper.split(|c: char| !c.is_alphanumeric() && c != '&').filter(|w| !w.is_empty()).collect();
    let mut found = OrgCore::default();
    let mark = words.iter().position(|w| matches!(*w, "SERIES" | "PS"));
    if let Some(at) = mark
        .filter(|&at| at > 0 && words.get(..at).is_some_and(|b| b.iter().any(|w| matches!(*w, "LLC" | "LP" | "LC"))))
    {
        found.series = words.get(at + 1..).unwrap_or(&[]).join(" ");
        words.truncate(at);
    }
    for (long, code) in LONG_FORMS {
        if let Some(at) = words.windows(long.len()).position(|w| w == *long) {
            words.drain(at..at + long.len());
            found.legal_form = code;
        }
    }
    while let Some(last) = words.last() {
        let Some((_, code)) = FORMS.iter().find(|(spelling, _)| spelling == last).filter(|_| words.len() > 1) else {
            break;
        };
        if found.legal_form.is_empty() || found.legal_form == "CO" {
            found.legal_form = code;
        }
        words.pop();
    }
    words.retain(|w| !FILLERS.contains(w));
    found.core = words.join(" ");
    found
}

/// The core without blanks: `STORE IT ALL` and `STORE.IT.ALL` and `STOREITALL` have the same.
pub fn org_joined_key(name: &str) -> String {
    let parts = org_core(name);
    let mut key: String = parts.core.chars().filter(|c| !c.is_whitespace()).collect();
    if !parts.series.is_empty() {
        key.push('|');
        key.extend(parts.series.chars().filter(|c| !c.is_whitespace()));
    }
    key
}

/// `SURNAME|GIVEN|MIDDLE INITIAL|SUFFIX`.
pub fn person_key(person: &PersonName) -> String {
    let initial = person.middle.chars().next().map(String::from).unwrap_or_default();
    format!("{}|{}|{}|{}", person.surname, person.given, initial, person.suffix)
}

/// Key of a party; the first letter tells persons (`P`), estates (`E`) and organisations (`O`) apart.
pub fn party_key(party: &Party) -> String {
    let of_person = |letter: char| format!("{letter}:{}", person_key(&party.person));
    match party.kind {
        PartyKind::Person => of_person('P'),
        PartyKind::Estate if !party.person.surname.is_empty() => of_person('E'),
        PartyKind::Company
        | PartyKind::Trust
        | PartyKind::Government(_)
        | PartyKind::Religious
        | PartyKind::Association
        | PartyKind::Estate
        | PartyKind::Unknown(_) => {
            let parts = org_core(&party.name);
            let mut key = format!("O:{}", parts.core);
            if !parts.series.is_empty() {
                key.push('|');
                key.push_str(&parts.series);
            }
            key
        }
    }
}

/// Key of the persons of a line as a set: the order of spouses does not matter. None with fewer than two persons.
pub fn couple_key(parties: &[Party]) -> Option<String> {
    let mut keys: Vec<String> =
        parties.iter().filter(|p| p.kind == PartyKind::Person && p.is_owner()).map(|p| person_key(&p.person)).collect();
    if keys.len() < 2 {
        return None;
    }
    keys.sort();
    keys.dedup();
    Some(keys.join("&"))
}
