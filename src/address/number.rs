//! House numbers at the front of the tokens: plain, lettered, fractions, ranges, composite and grid numbers.

use super::tokens::Token;
use crate::model::address::AddressNumber;

/// Largest number a house bears; larger figures are account numbers or ZIP+4 remains.
const NUMBER_MAX: u32 = 999_999;

/// Digits at the front of a word and what follows them.
pub(crate) fn split_digits(word: &str) -> (&str, &str) {
    let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    word.split_at(digits)
}

fn figure(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 7 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n <= NUMBER_MAX)
}

/// Reads the number from `tokens[0..]`; returns it with the count of tokens it used.
pub(crate) fn read(tokens: &[Token]) -> Option<(AddressNumber, usize)> {
    let first = tokens.first()?.text.as_str();
    if let Some(found) = read_grid(tokens) {
        return Some(found);
    }
    let (mut number, mut used) = (read_word(first)?, 1);
    if number.high.is_none() && number.suffix.is_none() {
        if let Some((high, n)) = read_range_tail(&tokens[used..]) {
            number.high = Some(high);
            used += n;
        } else if let Some(letter) = read_lone_letter(&tokens[used..]) {
            number.suffix = Some(letter);
            used += 1;
        }
    }
    used += read_fraction(&tokens[used..], &mut number);
    complete_short_range(&mut number);
    Some((number, used))
}

/// One word: `1234`, `325C`, `101-109`, `80-44`, `1234-A`, `101/103`.
fn read_word(word: &str) -> Option<AddressNumber> {
    let (digits, rest) = split_digits(word);
    let low = figure(digits)?;
    let mut number = AddressNumber { low, raw: word.to_owned(), ..AddressNumber::default() };
    if rest.is_empty() {
        return Some(number);
    }
    // An ordinal is a street name, not a number.
    if matches!(rest, "ST" | "ND" | "RD" | "TH") {
        return None;
    }
    if matches!(rest, "1/2" | "-1/2") || (rest.starts_with("/") && digits.len() == 1 && rest.len() == 2) {
        number.half = rest.ends_with("1/2");
        return number.half.then_some(number);
    }
    if let Some(second) = rest.strip_prefix(['-', '/']) {
        let (second_digits, tail) = split_digits(second);
        if let Some(high) = figure(second_digits) {
            number.high = Some(high);
            number.hyphenated = true;
            number.suffix = letters(tail);
            return (tail.is_empty() || number.suffix.is_some()).then_some(number);
        }
        number.suffix = letters(second);
        return number.suffix.is_some().then_some(number);
    }
    // `1234-1236A` is done; `101A-B` and `325C` remain.
    number.suffix = letters(rest.split('-').next().unwrap_or_default());
    number.suffix.is_some().then_some(number)
}

fn letters(text: &str) -> Option<String> {
    let text = text.trim_start_matches('-');
    ((1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())).then(|| text.to_owned())
}

/// `TO 643`, `THRU 109`, `AND 10221`, `- 109`, `& 12` behind a number, as long as a street follows.
fn read_range_tail(rest: &[Token]) -> Option<(u32, usize)> {
    let word = rest.first()?.text.as_str();
    if !matches!(word, "TO" | "THRU" | "THROUGH" | "AND" | "&" | "OR") {
        return None;
    }
    let (digits, tail) = split_digits(&rest.get(1)?.text);
    let high = figure(digits).filter(|_| tail.is_empty() || letters(tail).is_some_and(|l| l.len() == 1))?;
    (rest.len() > 2).then_some((high, 2))
}

/// A single letter between number and street (`123 B N MAIN ST`): only where it cannot be a direction or a name.
fn read_lone_letter(rest: &[Token]) -> Option<String> {
    let [letter, next, after, ..] = rest else { return None };
    let is_letter = letter.text.len() == 1 && matches!(letter.text.as_str(), "A" | "B" | "C" | "D" | "F" | "G" | "H");
    let street_follows = super::tables::street_type(&next.text).is_none_or(|t| !t.is_strong)
        && !next.after_comma
        && (super::tables::direction(&next.text).is_some() || !after.after_comma);
    (is_letter && street_follows).then(|| letter.text.clone())
}

fn read_fraction(rest: &[Token], number: &mut AddressNumber) -> usize {
    match rest.first().map(|t| t.text.as_str()) {
        Some("1/2" | "HALF") => {
            number.half = true;
            1
        }
        Some(other @ ("1/4" | "3/4" | "1/3" | "2/3")) => {
            number.suffix = Some(other.to_owned());
            1
        }
        _ => 0,
    }
}

/// `4154-6` means 4154 to 4156: a shorter second part takes the leading digits of the first, where that ascends.
fn complete_short_range(number: &mut AddressNumber) {
    let Some(high) = number.high else { return };
    if number.hyphenated && high < number.low {
        let mut scale = 10;
        while scale <= high {
            scale *= 10;
        }
        let completed = number.low / scale * scale + high;
        // Composite numbers (80-04) keep their second part: the first has fewer than three digits there.
        if completed > number.low && number.low >= 100 {
            number.high = Some(completed);
        }
    }
}

/// Wisconsin and similar grids: `N63W12345`, `N165 W2123`, `W204N11509`.
fn read_grid(tokens: &[Token]) -> Option<(AddressNumber, usize)> {
    let part = |word: &str| -> Option<(String, String)> {
        let letter = word.chars().next().filter(|c| matches!(c, 'N' | 'S' | 'E' | 'W'))?;
        let (digits, rest) = split_digits(word.get(1..)?);
        (!digits.is_empty()).then(|| (format!("{letter}{digits}"), rest.to_owned()))
    };
    let first = tokens.first()?;
    let (prefix, rest) = part(&first.text)?;
    let (second, used) =
        if rest.is_empty() { (tokens.get(1)?.text.as_str(), 2) } else { (rest.trim_start_matches('-'), 1) };
    let (line, tail) = part(second)?;
    let low = figure(&line[1..])?;
    let prefix = format!("{prefix}{}", &line[..1]);
    Some((
        AddressNumber {
            prefix: Some(prefix),
            low,
            suffix: letters(&tail),
            raw: line[1..].to_owned(),
            ..AddressNumber::default()
        },
        used,
    ))
}
