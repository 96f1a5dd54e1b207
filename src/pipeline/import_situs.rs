//! The standard form of every situs of a roll, parsed once per street instead of once per house.
//!
//! A county has some twenty houses per street: what stands behind a plain house number is remembered with its standard form,
//! after a second number has shown that the number does not change how the rest is read.

use rustc_hash::FxHashMap;

use crate::address;

/// Streets remembered; a file with more is read as fast as without.
const STREETS_MAX: usize = 1 << 16;
/// Digits of the largest plain house number.
const NUMBER_DIGITS_MAX: usize = 6;
/// The second number: other length, other parity than most.
const OTHER_NUMBER: &str = "98764";

/// Standard forms of situs lines.
#[derive(Debug, Default)]
pub(super) struct StandardForms {
    /// Text behind the number to its standard form, both with the blank; `None` when the number matters.
    streets: FxHashMap<String, Option<String>>,
    form: String,
}

fn parsed(text: &str) -> Option<String> {
    address::parse(text).readings.first().map(address::standard_form)
}

/// A plain house number and what stands behind it.
fn split(text: &str) -> Option<(&str, &str)> {
    let n = text.bytes().position(|b| !b.is_ascii_digit())?;
    let (number, rest) = text.split_at(n);
    let is_street = rest.strip_prefix(' ').is_some_and(|street| street.starts_with(|c: char| c.is_ascii_alphabetic()));
    let is_plain = (1..=NUMBER_DIGITS_MAX).contains(&n) && !number.starts_with('0') && is_street;
    is_plain.then_some((number, rest))
}

impl StandardForms {
    /// The standard form of a situs; `None` when it holds nothing to read.
    pub(super) fn of(&mut self, situs: &str) -> Option<&str> {
        let Some((number, rest)) = split(situs) else { return self.parse(situs) };
        match self.streets.get(rest) {
            Some(Some(standard)) => {
                self.form.clear();
                self.form.push_str(number);
                self.form.push_str(standard);
                return Some(&self.form);
            }
            Some(None) => return self.parse(situs),
            None => {}
        }
        let form = parsed(situs);
        if self.streets.len() < STREETS_MAX {
            let here = form.as_deref().and_then(|f| f.strip_prefix(number)).filter(|f| f.starts_with(' '));
            let there = here.and_then(|_| parsed(&format!("{OTHER_NUMBER}{rest}")));
            let is_same = there.as_deref().and_then(|f| f.strip_prefix(OTHER_NUMBER)) == here;
            self.streets.insert(rest.to_owned(), here.filter(|_| is_same).map(str::to_owned));
        }
        self.form = form?;
        Some(&self.form)
    }

    fn parse(&mut self, situs: &str) -> Option<&str> {
        self.form = parsed(situs)?;
        Some(&self.form)
    }
}

/// An address that can be typed between quotes and has a house number.
pub(super) fn is_example(address: &str) -> bool {
    address.starts_with(|c: char| matches!(c, '1'..='9')) && !address.contains(['"', '$', '`', '\\', '\n'])
}

#[cfg(test)]
mod tests {
    use super::{StandardForms, parsed};

    #[test]
    fn remembered_streets_give_what_parsing_gives() {
        let mut forms = StandardForms::default();
        let corpus = include_str!("../../tests/corpus/address_lines.tsv");
        let groups = include_str!("../../tests/corpus/address_groups.txt");
        let lines = corpus.lines().filter_map(|l| l.split('\t').next()).chain(groups.lines());
        let odd =
            ["10209 and 10221 S 76 E Ave", "100 - 110 MAIN ST", "12 & 14 ELM", "5 1/2 OAK ST", "7 ", "", "22 BLK ELM"];
        let mut n = 0;
        for line in lines.chain(odd) {
            for number in ["", "1 ", "4711 ", "250 ", "99999 "] {
                let text = format!("{number}{line}");
                let expected = parsed(&text);
                assert_eq!(forms.of(&text), expected.as_deref(), "{text}");
                assert_eq!(forms.of(&text), expected.as_deref(), "{text}, again");
                n += 1;
            }
        }
        assert!(n > 1000, "{n}");
    }
}
