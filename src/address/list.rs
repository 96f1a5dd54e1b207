//! Several addresses in one field: `10209 and 10221 S 76 E Ave`, `101 Main St; 105 Main St`.

use super::tokens::split_digits;

/// Most addresses taken from one field.
const ADDRESSES_MAX: usize = 12;
/// Longest field that is looked at, in bytes; keeps hostile input cheap.
const FIELD_LEN_MAX: usize = 2_000;

/// Splits a field into single address texts; one address comes back as it is.
///
/// ```
/// let parts = taptrace::address::split_list("10209 and 10221 S 76 E Ave");
/// assert_eq!(parts, ["10209 S 76 E Ave", "10221 S 76 E Ave"]);
/// ```
pub fn split_list(text: &str) -> Vec<String> {
    let text = text.get(..text.floor_char_boundary(FIELD_LEN_MAX)).unwrap_or(text);
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

/// `101`, `325C`, `133.5`.
fn is_house_number(word: &str) -> bool {
    let (digits, rest) = split_digits(word);
    let is_lettered = rest.len() <= 1 && rest.bytes().all(|b| b.is_ascii_alphabetic());
    (1..=6).contains(&digits.len()) && (is_lettered || rest == ".5")
}

/// A house number or a range of them.
fn is_number_or_range(word: &str) -> bool {
    let (low, high) = word.split_once('-').unwrap_or((word, "1"));
    word.len() <= 16 && is_house_number(low) && is_house_number(high)
}

/// `2415 E 18 St and 2412 E 17 Pl`: cuts where a house number with its own street follows a whole address.
fn whole_addresses(text: &str) -> Vec<&str> {
    let lower = text.to_ascii_lowercase();
    let mut parts = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some((at, skip)) = next_joint(&lower, from) {
        let (left, right) = (text.get(start..at).unwrap_or(""), text.get(at + skip..).unwrap_or(""));
        if parts.len() < ADDRESSES_MAX && is_address(left) && is_address(right) {
            parts.push(left.trim());
            start = at + skip;
        }
        from = at + skip;
    }
    parts.push(text.get(start..).unwrap_or("").trim());
    parts
}

/// The next `,`, `&`, `/` or `and` at or behind `from`, and its length.
fn next_joint(lower: &str, from: usize) -> Option<(usize, usize)> {
    let tail = lower.get(from..)?;
    let sign = tail.find([',', '&', '/']).map(|at| (from + at, 1));
    let word = tail.find(" and ").map(|at| (from + at, 5));
    match (sign, word) {
        (Some(a), Some(b)) => Some(if a.0 < b.0 { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// Most words looked at for the type of a street.
const WORDS_MAX: usize = 12;

/// A house number and, behind a name, a strong street type.
fn is_address(text: &str) -> bool {
    let mut words = text.split_whitespace();
    // A longer first word is no number; it is not even scanned.
    let head = text.trim_start();
    let has_number =
        head.as_bytes().first().is_some_and(u8::is_ascii_digit) && words.next().is_some_and(is_number_or_range);
    has_number
        && words.skip(1).take(WORDS_MAX).any(|w| {
            let word = w.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_uppercase();
            is_strong_type(&word)
        })
}

fn is_strong_type(word: &str) -> bool {
    super::tables::street_type(word).is_some_and(|t| t.is_strong())
}

/// `A and B STREET` or `A, B, C STREET` with numbers only before the street.
fn shared_street(text: &str) -> Vec<String> {
    let spaced = text.replace(',', " , ").replace('&', " & ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut numbers: Vec<String> = Vec::new();
    let mut index = 0;
    while let Some(word) = words.get(index).filter(|w| is_number_or_range(w) && numbers.len() < ADDRESSES_MAX) {
        numbers.push(completed(word, numbers.last()));
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
    // "6 & 24 HWY" and "76 & 31 ST" are streets.
    let is_street = street.first().is_some_and(|w| !is_strong_type(&w.to_ascii_uppercase()));
    if numbers.len() < 2 || !is_street {
        return vec![text.to_owned()];
    }
    let street = street.join(" ").replace(" , ", ", ");
    numbers.into_iter().map(|number| format!("{number} {street}")).collect()
}

/// `1818, 20, 22`: a number shorter than the one before takes its leading digits, where that ascends.
fn completed(word: &str, before: Option<&String>) -> String {
    let (digits, _) = split_digits(word);
    let before = before.map_or("", |b| split_digits(b).0);
    let missing = before.len().saturating_sub(digits.len());
    let whole = format!("{}{word}", before.get(..missing).unwrap_or(""));
    let ascends = missing > 0 && split_digits(&whole).0 > before;
    if ascends && before.len() >= 3 { whole } else { word.to_owned() }
}
