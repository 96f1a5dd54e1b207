//! Several addresses in one field: `10209 and 10221 S 76 E Ave`, `101 Main St; 105 Main St`.

use super::tokens::split_digits;

/// Most addresses taken from one field.
const ADDRESSES_MAX: usize = 12;

/// Splits a field into single address texts; one address comes back as it is.
///
/// ```
/// let parts = taptrace::address::split_list("10209 and 10221 S 76 E Ave");
/// assert_eq!(parts, ["10209 S 76 E Ave", "10221 S 76 E Ave"]);
/// ```
pub fn split_list(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split([';', '\n']).map(str::trim).filter(|p| !p.is_empty()) {
        for one in whole_addresses(part) {
            found.extend(shared_street(one));
        }
        if found.len() >= ADDRESSES_MAX {
            found.truncate(ADDRESSES_MAX);
            break;
        }
    }
    found
}

fn is_house_number(word: &str) -> bool {
    let (digits, rest) = split_digits(word);
    (2..=6).contains(&digits.len()) && rest.len() <= 1 && rest.bytes().all(|b| b.is_ascii_alphabetic())
}

/// `2415 E 18 St and 2412 E 17 Pl`: cuts where a house number with its own street follows a whole address.
fn whole_addresses(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some((at, skip)) = next_joint(rest, from) {
        let (left, right) = (rest.get(..at).unwrap_or(""), rest.get(at + skip..).unwrap_or(""));
        if is_address(left) && is_address(right) && parts.len() < ADDRESSES_MAX {
            parts.push(left.trim());
            rest = right.trim();
            from = 0;
        } else {
            from = at + skip;
        }
    }
    parts.push(rest);
    parts
}

/// The next `,`, `&` or `and` at or behind `from`, and its length.
fn next_joint(text: &str, from: usize) -> Option<(usize, usize)> {
    let tail = text.get(from..)?;
    let sign = tail.find([',', '&']).map(|at| (from + at, 1));
    let word = tail.to_ascii_lowercase().find(" and ").map(|at| (from + at, 5));
    match (sign, word) {
        (Some(a), Some(b)) => Some(if a.0 < b.0 { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// A house number and, behind a name, a strong street type.
fn is_address(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let has_number = words.next().is_some_and(is_house_number);
    has_number
        && words.skip(1).any(|w| {
            let word = w.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_uppercase();
            super::tables::street_type(&word).is_some_and(|t| t.is_strong())
        })
}

/// `A and B STREET` or `A, B, C STREET` with numbers only before the street.
fn shared_street(text: &str) -> Vec<String> {
    let spaced = text.replace(',', " , ").replace('&', " & ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut numbers = Vec::new();
    let mut index = 0;
    while let Some(word) = words.get(index).filter(|w| is_house_number(w)) {
        numbers.push(*word);
        index += 1;
        let mut has_separator = false;
        while words.get(index).is_some_and(|w| matches!(w.to_ascii_uppercase().as_str(), "," | "&" | "AND")) {
            has_separator = true;
            index += 1;
        }
        if !has_separator {
            break;
        }
    }
    let street = words.get(index..).unwrap_or_default();
    if numbers.len() < 2 || street.is_empty() {
        return vec![text.to_owned()];
    }
    let street = street.join(" ").replace(" , ", ", ");
    numbers.into_iter().map(|number| format!("{number} {street}")).collect()
}
