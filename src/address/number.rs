//! House numbers: plain, lettered, fractions, ranges, composite and grid numbers.

use super::tokens::{Gap, Shape, Tokens, split_digits};
use crate::model::address::AddressNumber;

/// Largest number a house bears; larger figures are account numbers or ZIP+4 remains.
const NUMBER_MAX: u32 = 999_999;

fn figure(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 7 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|n| *n <= NUMBER_MAX)
}

/// Reads the number that begins at `at`, with its text; returns it with the index behind it.
pub(crate) fn read(tokens: &Tokens, at: usize, hi: usize) -> Option<(AddressNumber, usize)> {
    let (mut number, end) = scan(tokens, at, hi)?;
    if number.raw.is_empty() {
        number.raw = tokens.span(at..end).to_owned();
    }
    Some((number, end))
}

/// Reads the number that begins at `at`, without its text.
pub(crate) fn scan(tokens: &Tokens, at: usize, hi: usize) -> Option<(AddressNumber, usize)> {
    if at >= hi {
        return None;
    }
    // Most lines: figures, and a word that joins no second number.
    let next = tokens.at(at + 1);
    let is_plain = tokens.at(at).shape == Shape::Digits && at + 1 < hi && next.gap == Gap::Blank;
    if is_plain && matches!(next.shape, Shape::Word | Shape::Ordinal) && !is_joining(tokens.word(at + 1)) {
        return Some((AddressNumber { low: figure(tokens.word(at))?, ..AddressNumber::default() }, at + 1));
    }
    if let Some(found) = read_grid(tokens, at, hi) {
        return Some(found);
    }
    if let Some(found) = read_spaced_mile_grid(tokens, at, hi).or_else(|| read_loose_mile_grid(tokens, at, hi)) {
        return Some(found);
    }
    let mut number = read_word(tokens.word(at), tokens.at(at).shape)?;
    let mut end = at + 1;
    if number.high.is_none() && number.suffix.is_none() {
        if let Some((high, behind)) = read_range_tail(tokens, end, hi).or_else(|| read_loose_range(tokens, at, hi)) {
            number.high = Some(high);
            end = behind;
        } else if has_lone_letter(tokens, end, hi) {
            number.suffix = Some(tokens.word(end).to_owned());
            end += 1;
        }
    } else if number.hyphenated && number.suffix.is_none() && has_lone_letter(tokens, end, hi) {
        // "94-1204 A KAHUALENA ST"
        number.suffix = Some(tokens.word(end).to_owned());
        end += 1;
    }
    if end < hi && tokens.at(end).shape == Shape::Fraction {
        match tokens.word(end) {
            "1/2" => number.half = true,
            other => number.suffix = Some(other.to_owned()),
        }
        end += 1;
        if number.half && number.suffix.is_none() && has_lone_letter(tokens, end, hi) {
            number.suffix = Some(tokens.word(end).to_owned());
            end += 1;
        }
    } else if end + 1 < hi && number.suffix.is_none() {
        // "123 1/2-B ELM ST", "123 1/2B ELM ST"
        let behind = tokens.word(end).strip_prefix("1/2");
        if let Some(letter) = behind.and_then(letters).filter(|l| l.len() == 1) {
            (number.half, number.suffix) = (true, Some(letter));
            end += 1;
        }
    }
    complete_short_range(&mut number, tokens.word(at));
    Some((number, end))
}

/// One word: `1234`, `325C`, `101-109`, `80-44`, `1234-A`, `101/103`.
fn read_word(word: &str, shape: Shape) -> Option<AddressNumber> {
    let (digits, rest) = split_digits(word);
    let mut number = AddressNumber { low: figure(digits)?, ..AddressNumber::default() };
    match shape {
        Shape::Digits => Some(number),
        Shape::DigitsLetter => {
            number.suffix = letters(rest);
            number.suffix.is_some().then_some(number)
        }
        Shape::DigitsPair => {
            let (high, tail) = split_digits(rest.get(1..)?);
            number.high = Some(figure(high)?);
            number.hyphenated = rest.starts_with('-');
            number.suffix = letters(tail);
            Some(number)
        }
        Shape::Mixed => read_mixed(word, rest, number),
        Shape::Word | Shape::Letter | Shape::Ordinal | Shape::Fraction | Shape::Hash | Shape::And => None,
    }
}

/// `133.5`, `12-1/2`, `101A-103A`, `113-115-117`, `68-70.5`, and what a spreadsheet makes of `11-7`: `7-NOV`.
fn read_mixed(word: &str, rest: &str, mut number: AddressNumber) -> Option<AddressNumber> {
    if let Some(month) = rest.strip_prefix('-').and_then(month) {
        (number.low, number.high, number.hyphenated) = (month, Some(number.low), true);
        number.raw = format!("{month}-{}", number.high?);
        return Some(number);
    }
    match rest {
        "-1/2" | ".5" => number.half = true,
        ".25" => number.suffix = Some("1/4".to_owned()),
        ".75" => number.suffix = Some("3/4".to_owned()),
        _ => {
            let last = word.rsplit(['-', '/']).next().unwrap_or_default();
            let n_parts = word.split(['-', '/']).count();
            let (figures, tail) = split_digits(last);
            // "2-12-2020" is a date.
            let is_near = |high: u32| high > number.low && high - number.low < 200;
            let high = figure(figures).filter(|h| is_near(*h) && (n_parts > 2 || tail == ".5"));
            if high.is_some() {
                number.high = high;
                number.hyphenated = n_parts == 2 && rest.starts_with('-');
                number.half = tail == ".5";
                return Some(number);
            }
            // `101A-B`, `101A-103A`: the first part stands for the whole.
            let first = rest.split(['-', '/']).next().unwrap_or_default();
            number.half = first == ".5";
            number.suffix = letters(first);
            let is_one_house = n_parts > 2 && word.split('-').all(|p| split_digits(p).0 == split_digits(word).0);
            if !number.half && number.suffix.is_none() && !is_one_house {
                return None;
            }
        }
    }
    Some(number)
}

fn month(text: &str) -> Option<u32> {
    let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    (1..).zip(months).find(|(_, m)| *m == text).map(|(i, _)| i)
}

fn letters(text: &str) -> Option<String> {
    let text = text.trim_start_matches('-');
    ((1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase())).then(|| text.to_owned())
}

fn is_joining(word: &str) -> bool {
    matches!(word, "TO" | "THRU" | "THROUGH" | "AND" | "OR")
}

/// `TO 643`, `THRU 109`, `AND 10221`, ` - 109`, `& 12` behind a number, as long as a street follows.
fn read_range_tail(tokens: &Tokens, at: usize, hi: usize) -> Option<(u32, usize)> {
    let is_joined = tokens.at(at).shape == Shape::And || is_joining(tokens.word(at));
    let second = if is_joined { at + 1 } else { at };
    if !is_joined && tokens.at(at).gap != Gap::Dash {
        return None;
    }
    let behind = second + 1;
    let (digits, tail) = split_digits(tokens.word(second));
    let high = figure(digits).filter(|_| tail.is_empty() || letters(tail).is_some_and(|l| l.len() == 1))?;
    // "6 & 24 HWY" is a road with two numbers, "12 - 5TH ST" no range.
    let next = tokens.at(behind).entry;
    // "73 TO 75 AVENUE C" and "1043 TO 1047 AVENUE SAINT JOHN" go on behind the type.
    let goes_on = behind + 1 < hi && tokens.at(behind + 1).gap == Gap::Blank && tokens.word(behind).starts_with("AV");
    let is_road = next.street_type.is_some_and(|t| t.is_strong()) && !(is_joined && goes_on)
        || (next.is_road_class && tokens.word(behind) == "HWY");
    (behind < hi && !is_road && tokens.at(behind).gap != Gap::Comma).then_some((high, behind))
}

/// `112 114 MEADOWBROOK AVE`: two numbers of one block, ascending, with a worded street behind.
fn read_loose_range(tokens: &Tokens, at: usize, hi: usize) -> Option<(u32, usize)> {
    let (first, second) = (tokens.word(at), tokens.word(at + 1));
    let (low, high) = (figure(first)?, figure(second)?);
    let street = tokens.at(at + 2);
    let is_street =
        at + 3 < hi && street.shape == Shape::Word && street.entry.street_type.is_none() && !street.entry.is_road_class;
    let is_block = first.len() == second.len() && first.len() >= 3 && high > low && high - low < 100;
    (is_block && is_street && tokens.at(at + 1).gap == Gap::Blank).then_some((high, at + 2))
}

/// A single letter between number and street (`123 B N MAIN ST`): only where it cannot be a direction or a name.
fn has_lone_letter(tokens: &Tokens, at: usize, hi: usize) -> bool {
    let next = tokens.at(at + 1);
    let is_letter =
        tokens.at(at).shape == Shape::Letter && matches!(tokens.word(at), "A" | "B" | "C" | "D" | "F" | "G" | "H");
    // "4224 A LINCOLNSHIRE", "12 R RAVENSWOOD" without a type; "728 C AND N MILL RD" is a name.
    let is_rear = tokens.word(at) == "R" && next.shape == Shape::Word && tokens.word(at + 1).len() > 2;
    let is_bare_name = at + 2 == hi && next.shape == Shape::Word && tokens.word(at + 1).len() > 3;
    let is_letter = (is_letter || (is_rear && tokens.at(at).shape == Shape::Letter))
        && !(matches!(tokens.word(at + 1), "AND" | "&"))
        // "1234 C R 150" is on a county road.
        && !(next.shape == Shape::Letter && tokens.at(at + 2).shape == Shape::Digits);
    let street_follows = (at + 2 < hi || is_bare_name)
        && next.gap == Gap::Blank
        && tokens.at(at).gap != Gap::Comma
        && !matches!(next.shape, Shape::Hash | Shape::Fraction)
        && next.entry.unit.is_none()
        && next.entry.street_type.is_none_or(|t| !t.is_strong() && (at + 2..hi).any(|i| is_strong_type(tokens, i)))
        && (next.entry.direction.is_none() || tokens.at(at + 2).gap == Gap::Blank);
    is_letter && street_follows
}

/// `4154-6` means 4154 to 4156: a shorter second part takes the leading digits of the first, where that ascends.
fn complete_short_range(number: &mut AddressNumber, word: &str) {
    let Some(high) = number.high else { return };
    // Composite numbers (80-04) keep their second part: the first has fewer than three digits there.
    if !word.contains(['-', '/']) || high >= number.low || number.low < 100 {
        return;
    }
    // As many digits as were written: 131-05 is no 131-135, which 131-35 may be.
    let n_written = word.split(['-', '/']).nth(1).map_or(0, |second| split_digits(second).0.len());
    let Some(scale) = u32::try_from(n_written).ok().and_then(|n| 10u32.checked_pow(n.max(1))) else { return };
    let completed = number.low / scale * scale + high;
    if completed > number.low {
        number.high = Some(completed);
    }
}

/// One letter and figures of a grid (`N63`, `W-1234`), and what follows.
fn grid_part(word: &str) -> Option<(&str, &str, &str)> {
    let letter = word.get(..1).filter(|c| matches!(*c, "N" | "S" | "E" | "W"))?;
    let figures = word.get(1..)?;
    let (digits, rest) = split_digits(figures.strip_prefix('-').unwrap_or(figures));
    (!digits.is_empty()).then_some((letter, digits, rest))
}

/// Illinois grids: `44W555 KESLINGER RD`, miles, direction and house.
fn read_mile_grid(word: &str) -> Option<AddressNumber> {
    let (miles, rest) = split_digits(word);
    let letter = rest.get(..1).filter(|c| matches!(*c, "N" | "S" | "E" | "W"))?;
    let line = rest.get(1..)?;
    let (line, tail) = split_digits(line.strip_prefix('-').unwrap_or(line));
    let is_grid = (1..=2).contains(&miles.len()) && (2..=4).contains(&line.len());
    let suffix = letters(tail);
    (is_grid && (tail.is_empty() || suffix.is_some())).then_some(())?;
    // A zero in front is written on the house: 1N050.
    let zeros = &line[..line.len() - line.trim_start_matches('0').len()];
    let prefix = Some(format!("{miles}{letter}{zeros}"));
    Some(AddressNumber { prefix, low: figure(line).filter(|n| *n > 0)?, suffix, ..AddressNumber::default() })
}

/// `39W 123 MAIN ST`: the same with a blank. A street called `123 MAIN` does not exist; `12E 42 ST`, `10E 12 MILE RD` and
/// `39W 100 S` are something else.
fn read_spaced_mile_grid(tokens: &Tokens, at: usize, hi: usize) -> Option<(AddressNumber, usize)> {
    let (miles, letter) = split_digits(tokens.word(at));
    let is_miles = tokens.at(at).shape == Shape::DigitsLetter
        && miles.len() <= 2
        && matches!(letter, "N" | "S" | "E" | "W")
        && at + 3 < hi;
    let line = tokens.word(at + 1);
    let is_line = is_miles
        && tokens.at(at + 1).shape == Shape::Digits
        && tokens.at(at + 1).gap == Gap::Blank
        && (2..=4).contains(&line.len());
    let name = tokens.at(at + 2);
    let is_name = is_line
        && name.shape == Shape::Word
        && name.gap == Gap::Blank
        && name.entry.direction.is_none()
        && !is_strong_type(tokens, at + 2)
        && !matches!(tokens.word(at + 2), "MILE" | "OAKS" | "ACRE" | "ACRES" | "AND" | "TO");
    let has_type = is_name && (at + 3..hi).any(|i| is_strong_type(tokens, i));
    has_type.then_some(())?;
    let zeros = &line[..line.len() - line.trim_start_matches('0').len()];
    let prefix = Some(format!("{miles}{letter}{zeros}"));
    Some((AddressNumber { prefix, low: figure(line).filter(|n| *n > 0)?, ..AddressNumber::default() }, at + 2))
}

/// `39 W 123 MAIN ST`: the same with two blanks. `12 S 101 RANCH RD` is a road called so.
fn read_loose_mile_grid(tokens: &Tokens, at: usize, hi: usize) -> Option<(AddressNumber, usize)> {
    let (miles, letter, line) = (tokens.word(at), tokens.word(at + 1), tokens.word(at + 2));
    let is_grid = tokens.at(at).shape == Shape::Digits
        && miles.len() <= 2
        && matches!(letter, "N" | "S" | "E" | "W")
        && tokens.at(at + 2).shape == Shape::Digits
        && line.len() == 3
        && (at + 1..at + 4).all(|i| tokens.at(i).gap == Gap::Blank);
    let name = tokens.at(at + 3);
    let is_name = is_grid
        && name.shape == Shape::Word
        && name.entry.direction.is_none()
        && !is_strong_type(tokens, at + 3)
        && !matches!(tokens.word(at + 3), "MILE" | "OAKS" | "ACRE" | "ACRES" | "AND" | "TO" | "RANCH");
    (is_name && (at + 4..hi).any(|i| is_strong_type(tokens, i))).then_some(())?;
    let zeros = &line[..line.len() - line.trim_start_matches('0').len()];
    let prefix = Some(format!("{miles}{letter}{zeros}"));
    Some((AddressNumber { prefix, low: figure(line).filter(|n| *n > 0)?, ..AddressNumber::default() }, at + 3))
}

/// A letter before the number at the front of a line: half a grid (`N 3001 COUNTY RD A`), a direction (`N 1234 DIVISION ST`),
/// or a block of Puerto Rico (`A 5 CALLE 10`).
pub(crate) fn read_half_grid(tokens: &Tokens, at: usize, hi: usize) -> Option<(AddressNumber, usize)> {
    let (letter, figures) = (tokens.word(at), tokens.word(at + 1));
    let is_spread = at == 0
        && hi > 3
        && tokens.at(0).shape == Shape::Letter
        && tokens.at(1).shape == Shape::Digits
        && (1..3).all(|i| tokens.at(i).gap == Gap::Blank);
    is_spread.then_some(())?;
    let next = tokens.at(2);
    let is_house = matches!(letter, "N" | "S" | "E" | "W")
        && (3..=5).contains(&figures.len())
        && next.shape == Shape::Word
        && next.entry.direction.is_none();
    let has_road = next.entry.is_road_class && super::highway::read(tokens, 2, hi).is_some();
    let has_street = !is_strong_type(tokens, 2) && (3..hi).any(|i| is_strong_type(tokens, i));
    let is_block = figures.len() <= 3 && tokens.word(2) == "CALLE";
    (is_block || is_house && (has_road || has_street)).then_some(())?;
    let number = AddressNumber {
        prefix: Some(letter.to_owned()),
        low: figure(figures)?,
        raw: tokens.span(0..2).to_owned(),
        ..AddressNumber::default()
    };
    Some((number, 2))
}

/// `N 63 W 12345 MAIN ST`: a grid number with blanks between all its parts, at the front of a line.
pub(crate) fn read_spread_grid(tokens: &Tokens, at: usize, hi: usize) -> Option<(AddressNumber, usize)> {
    if tokens.at(at).shape != Shape::Letter || tokens.at(at + 1).shape != Shape::Digits || at > 0 {
        return None;
    }
    let (first, digits) = (tokens.word(at), tokens.word(at + 1));
    let (letter, end) = spaced_letter(tokens, at + 1, hi, (first, "")).filter(|_| digits.len() <= 3)?;
    let number = AddressNumber {
        prefix: Some(format!("{first}{digits}{letter}")),
        low: figure(tokens.word(end - 1))?,
        raw: tokens.span(at..end).to_owned(),
        ..AddressNumber::default()
    };
    Some((number, end))
}

/// Wisconsin and similar grids: `N63W12345`, `N165 W2123`, `W204N11509`.
fn read_grid(tokens: &Tokens, at: usize, hi: usize) -> Option<(AddressNumber, usize)> {
    if tokens.at(at).shape != Shape::Mixed {
        return None;
    }
    if let Some(number) = read_mile_grid(tokens.word(at)).filter(|_| at + 1 < hi && tokens.at(at + 1).gap == Gap::Blank)
    {
        return Some((number, at + 1));
    }
    let Some((first, digits, rest)) = grid_part(tokens.word(at)) else { return read_prefixed(tokens, at, hi) };
    if let Some((letter, end)) = spaced_letter(tokens, at, hi, (first, rest)).filter(|_| at == 0) {
        let prefix = Some(format!("{first}{digits}{letter}"));
        return Some((AddressNumber { prefix, low: figure(tokens.word(end - 1))?, ..AddressNumber::default() }, end));
    }
    if at == 0 && (rest.is_empty() || letters(rest).is_some()) && !has_grid_part(tokens, at + 1, hi) {
        // "W5249 KNOBLOCH RD": half a grid.
        return read_prefixed(tokens, at, hi);
    }
    let (second, end) = if rest.is_empty() && at + 1 < hi {
        (tokens.word(at + 1), at + 2)
    } else {
        (rest.trim_start_matches('-'), at + 1)
    };
    let (letter, line, tail) = grid_part(second)?;
    let number = AddressNumber {
        prefix: Some(format!("{first}{digits}{letter}")),
        low: figure(line)?,
        suffix: letters(tail),
        ..AddressNumber::default()
    };
    Some((number, end))
}

/// The second letter of a grid number with a blank on one side or both, `N63 W 12345 MAIN ST`, `N63W 12345 MAIN ST`, and the
/// index behind the figures. The letters must be those of the two axes, and a street must follow.
fn spaced_letter<'t>(
    tokens: &'t Tokens,
    at: usize,
    hi: usize,
    (first, rest): (&str, &'t str),
) -> Option<(&'t str, usize)> {
    let (letter, figures_at) = if rest.is_empty() { (tokens.word(at + 1), at + 2) } else { (rest, at + 1) };
    let is_crossed = matches!((first, letter), ("N" | "S", "E" | "W") | ("E" | "W", "N" | "S"));
    let is_line = figures_at + 1 < hi
        && tokens.at(figures_at).shape == Shape::Digits
        && (3..=5).contains(&tokens.word(figures_at).len());
    let has_street = matches!(tokens.at(figures_at + 1).shape, Shape::Word | Shape::Ordinal)
        && !is_strong_type(tokens, figures_at + 1);
    (at <= 1 && is_crossed && is_line && has_street).then_some((letter, figures_at + 1))
}

fn is_strong_type(tokens: &Tokens, at: usize) -> bool {
    tokens.at(at).entry.street_type.is_some_and(|t| t.is_strong())
}

fn has_grid_part(tokens: &Tokens, at: usize, hi: usize) -> bool {
    at < hi && grid_part(tokens.word(at)).is_some()
}

/// A letter of the township before the number, at the front of a line: `G-3456`, `T703`, `W5249`; the block of a quarter of
/// Puerto Rico, `A5 CALLE 10`.
fn read_prefixed(tokens: &Tokens, at: usize, hi: usize) -> Option<(AddressNumber, usize)> {
    let word = tokens.word(at);
    let letter = word.get(..1).filter(|l| l.bytes().all(|b| b.is_ascii_uppercase()))?;
    let is_block = tokens.word(at + 1) == "CALLE" && at + 2 < hi;
    (at == 0 || is_block).then_some(())?;
    let (digits, rest) = split_digits(word.get(1..)?.trim_start_matches('-'));
    // "W5001 HWY 54"
    let is_road = tokens.at(at + 1).entry.is_road_class && at + 2 < hi && word.len() >= 4;
    let street_follows =
        at + 1 < hi && (!is_strong_type(tokens, at + 1) || is_road) && tokens.at(at + 1).gap == Gap::Blank;
    let n_digits = if is_block { 1..=3 } else { 2..=6 };
    let is_number = n_digits.contains(&digits.len()) && street_follows && (rest.is_empty() || letters(rest).is_some());
    is_number.then_some(())?;
    let number = AddressNumber {
        prefix: Some(letter.to_owned()),
        low: figure(digits)?,
        suffix: letters(rest),
        ..AddressNumber::default()
    };
    Some((number, at + 1))
}
