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
        found.extend(shared_street(part));
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
