//! How right the parser is on labelled addresses.
//!
//! An address is exact when number, street, unit and box are all right after a neutral canonical form: upper case, no
//! punctuation, directions, street types, unit designators and road classes abbreviated, the words of a street in any
//! order (label sets disagree on where a direction between name and type belongs). City, state and ZIP do not count, as
//! with the peers' figures in `docs/addresses.md`.

use serde_json::Value;

use super::tables;
use crate::model::address::{Address, Street};

/// The elements that are judged.
pub const ELEMENTS: [&str; 4] = ["number", "street", "unit", "box"];

/// A labelled address in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labelled {
    /// Canonical text of each of [`ELEMENTS`]; empty where the address has none.
    pub elements: [String; 4],
}

/// Which elements were right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// In the order of [`ELEMENTS`].
    pub is_right: [bool; 4],
}

impl Verdict {
    /// True when all are right.
    pub fn is_exact(self) -> bool {
        self.is_right.iter().all(|r| *r)
    }
}

/// Counts over a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Addresses judged.
    pub n_addresses: u64,
    /// Addresses with every element right.
    pub n_exact: u64,
    /// Right ones per element.
    pub n_right: [u64; 4],
}

impl Tally {
    /// Counts one verdict.
    pub fn add(&mut self, verdict: Verdict) {
        self.n_addresses += 1;
        self.n_exact += u64::from(verdict.is_exact());
        for (sum, right) in self.n_right.iter_mut().zip(verdict.is_right) {
            *sum += u64::from(right);
        }
    }
}

/// The text and label of one line of a label file; `None` where the line has no `raw` or `gold`.
pub fn labelled(line: &Value) -> Option<(&str, Labelled)> {
    let raw = line.get("raw")?.as_str()?;
    let gold = line.get("gold")?.as_object()?;
    let field = |name: &str| gold.get(name).and_then(Value::as_str).unwrap_or("");
    let street = ["street", "predir", "premod", "pretype", "name", "posttype", "postdir"].map(field).join(" ");
    let unit = format!("{} {}", field("unit_type"), field("unit_id"));
    let elements = [glued(field("number")), sorted(&street), sorted(&unit), glued(field("pobox"))];
    Some((raw, Labelled { elements }))
}

/// The elements of a reading in the same form.
pub fn elements_of(address: &Address) -> Labelled {
    let number = address.address_number.as_ref().map_or("", |n| n.raw.as_str());
    // A rural route before a box (`RR 2 BOX 45`) is no street in the label sets.
    let is_route = address.po_box.is_some() && matches!(address.street.pretype.as_deref(), Some("RR" | "HC"));
    let mut street = if is_route { String::new() } else { words_of(&address.street) };
    if let Some(cross) = &address.cross_street {
        street.push_str(" & ");
        street.push_str(&words_of(cross));
    }
    let mut unit = String::new();
    // The label sets keep buildings and departments apart from the unit ("SubaddressType"); they are not judged.
    for one in address.occupancy.iter().filter(|o| !matches!(o.occupancy_type.as_str(), "BLDG" | "DEPT")) {
        for word in [&one.occupancy_type, &one.occupancy_id] {
            unit.push_str(word);
            unit.push(' ');
        }
    }
    let po_box = address.po_box.as_deref().unwrap_or("");
    Labelled { elements: [glued(number), sorted(&street), sorted(&unit), glued(po_box)] }
}

/// Compares a reading with the label.
pub fn judge(address: Option<&Address>, gold: &Labelled) -> Verdict {
    let found = address.map(elements_of).unwrap_or_default();
    let mut is_right = [false; 4];
    for (right, (a, b)) in is_right.iter_mut().zip(found.elements.iter().zip(&gold.elements)) {
        *right = a == b;
    }
    Verdict { is_right }
}

fn words_of(street: &Street) -> String {
    let directions = [street.predirectional, street.postdirectional].map(|d| d.map_or("", |d| d.as_str()));
    let parts = [
        directions[0],
        street.premodifier.as_deref().unwrap_or(""),
        street.pretype.as_deref().unwrap_or(""),
        &street.street_name,
        street.street_type.as_deref().unwrap_or(""),
        directions[1],
    ];
    parts.join(" ")
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '/' | '&') {
                c.to_ascii_uppercase()
            } else if matches!(c, '.' | '\'') {
                '\u{0}'
            } else {
                ' '
            }
        })
        .filter(|c| *c != '\u{0}')
        .collect()
}

fn glued(text: &str) -> String {
    plain(text).split_whitespace().collect()
}

fn sorted(text: &str) -> String {
    let text = with_ordinals(&plain(text));
    let mut words: Vec<&str> = text.split_whitespace().map(canonical).filter(|w| !w.is_empty()).collect();
    // "S E" is one direction.
    for at in (1..words.len()).rev() {
        let quadrant = match (words[at - 1], words[at]) {
            ("N", "E") => "NE",
            ("N", "W") => "NW",
            ("S", "E") => "SE",
            ("S", "W") => "SW",
            _ => continue,
        };
        words.splice(at - 1..=at, [quadrant]);
    }
    words.sort_unstable();
    words.join(" ")
}

/// `202 ND` and `25 TH` are one word.
fn with_ordinals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let is_ending = matches!(word, "ND" | "TH") && out.ends_with(|c: char| c.is_ascii_digit());
        if !is_ending && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn canonical(word: &str) -> &str {
    match word {
        "COUNTY" | "CNTY" | "CTY" => return "CO",
        "ROUTE" | "RT" => return "RTE",
        "INTERSTATE" => return "I",
        "BUSINESS" => return "BUS",
        // "ST RT 104" is a state route.
        "STATE" => return "ST",
        "#" | "NO" | "-" => return "",
        _ => {}
    }
    let entry = tables::entry(word);
    entry
        .direction
        .map(|d| d.as_str())
        .or(entry.street_type.map(|t| t.canonical))
        .or(entry.unit.map(|u| u.canonical))
        .unwrap_or(word)
}
