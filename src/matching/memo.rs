//! Readings remembered from query to query: a file of addresses names each street many times, and what stands behind a
//! plain house number is read alike for every number.

use rustc_hash::FxHashMap;

use super::build::{OTHER_NUMBER, split_number};
use super::collect::{Query, asked_of};
use super::compare::Asked;
use super::county::County;
use super::reading::Number;
use crate::address;

/// Texts remembered; a city has some thousands of streets, each written in a few ways.
const TEXTS_MAX: usize = 20_000;
/// Numbers below may belong to the street (5 MILE RD); above, figures may be something else.
const NUMBERS: std::ops::RangeInclusive<u32> = 100..=99_999;
/// Behind figures these make an ordinal: 103 RD ST is no house 103.
const ORDINALS: [&str; 4] = ["ST", "ND", "RD", "TH"];

/// What is known of the text behind a house number.
#[derive(Debug)]
enum Known {
    /// Met once; only what comes again is worth checking.
    Once,
    /// Read alike for any number.
    Same(Vec<Asked>),
    /// The number matters.
    Varies,
}

/// The memory of one worker on one county; nothing in it changes an answer.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    known: FxHashMap<String, Known>,
    /// Of the last query; empty, which is no key, when nothing of it is remembered.
    key: String,
}

impl Memo {
    /// The readings of a query; give them back with [`Self::give_back`].
    pub(crate) fn asked(&mut self, county: &County, query: &Query<'_>) -> Vec<Asked> {
        let text = query.address_text;
        self.key.clear();
        let Some((number, rest)) = split(text) else { return read(county, query, text) };
        if self.known.len() >= TEXTS_MAX {
            self.known.clear();
        }
        for part in [rest, "\u{1f}", query.place, "\u{1f}", query.zip] {
            self.key.push_str(part);
        }
        match self.known.get_mut(&self.key) {
            Some(Known::Same(asked)) => {
                let mut asked = std::mem::take(asked);
                for one in &mut asked {
                    (one.number.low, one.number.high) = (number, number);
                }
                asked
            }
            Some(Known::Varies) => read(county, query, text),
            Some(once @ Known::Once) => {
                let asked = read(county, query, text);
                let other = read(county, query, &format!("{OTHER_NUMBER}{rest}"));
                *once = if is_same(&asked, number, &other) { Known::Same(Vec::new()) } else { Known::Varies };
                asked
            }
            None => {
                self.known.insert(self.key.clone(), Known::Once);
                read(county, query, text)
            }
        }
    }

    /// Takes back what [`Self::asked`] gave for the last query.
    pub(crate) fn give_back(&mut self, asked: Vec<Asked>) {
        if let Some(Known::Same(kept)) = self.known.get_mut(&self.key) {
            *kept = asked;
        }
    }
}

fn read(county: &County, query: &Query<'_>, text: &str) -> Vec<Asked> {
    asked_of(county, query, &address::parse_in(text, county))
}

/// A plain house number, and the text behind it.
fn split(text: &str) -> Option<(u32, &str)> {
    let (number, rest) = split_number(text)?;
    let number = number.parse().ok().filter(|n| NUMBERS.contains(n))?;
    let first = rest[1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    (!ORDINALS.iter().any(|o| first.eq_ignore_ascii_case(o))).then_some((number, rest))
}

/// True when both are the same readings of nothing but plain numbers.
fn is_same(asked: &[Asked], number: u32, other: &[Asked]) -> bool {
    let is_plain = |one: &Asked, n| one.number == Number { low: n, high: n, ..Number::default() };
    asked.len() == other.len()
        && asked.iter().zip(other).all(|(a, b)| {
            is_plain(a, number)
                && is_plain(b, OTHER_NUMBER)
                && Asked { number: Number::default(), ..a.clone() } == Asked { number: Number::default(), ..b.clone() }
        })
}

#[cfg(test)]
mod tests {
    use super::{Memo, read, split};
    use crate::matching::collect::Query;
    use crate::matching::county::County;

    #[test]
    fn remembered_readings_are_those_of_the_text() {
        let county = County::default();
        let mut memo = Memo::default();
        let behind =
            [" N 83RD ST", " E 21 PL S, TULSA OK 74105", " ST LOUIS AVE", " MILE RD", " MAIN ST APT 4", " HWY 20"];
        for number in [105_u32, 200, 3311, 45_088, 105] {
            for rest in behind {
                let text = format!("{number}{rest}");
                let query = Query { address_text: &text, zip: "74105", ..Query::default() };
                let asked = memo.asked(&county, &query);
                assert_eq!(asked, read(&county, &query, &text), "{text}");
                memo.give_back(asked);
            }
        }
        for text in ["103 RD ST", "5 MILE RD", "21-63 31 ST", "0123 OAK ST", "1234567 OAK ST", "100", "100 1/2 OAK ST"]
        {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
