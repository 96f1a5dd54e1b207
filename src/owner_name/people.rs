//! A person's name in elements: surname first or natural order, inherited surnames, particles, suffixes.

use std::borrow::Cow;

use super::facts::{Rule, Rules};
use super::glued;
use super::kind;
use super::lexicon;
use super::style::{LineStyle, Style};
use super::token::{Mark, Token};
use crate::model::party::PersonName;

/// What earlier persons of the line tell about the next one.
#[derive(Debug, Clone, Default)]
pub(super) struct Before<'a> {
    /// Surname of the person before.
    pub(super) surname: Cow<'a, str>,
    /// The line uses `SURNAME,`.
    pub(super) comma: bool,
    /// The person before was in natural order.
    pub(super) natural: bool,
}

/// The persons of a piece: nearly always one, who takes no list of his own.
#[derive(Debug, Default)]
pub(super) struct People {
    first: Option<PersonName>,
    others: Vec<PersonName>,
}

impl People {
    fn one(person: PersonName) -> Self {
        Self { first: Some(person), others: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }
}

impl IntoIterator for People {
    type Item = PersonName;
    type IntoIter = std::iter::Chain<std::option::IntoIter<PersonName>, std::vec::IntoIter<PersonName>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.others)
    }
}

impl FromIterator<PersonName> for People {
    fn from_iter<I: IntoIterator<Item = PersonName>>(people: I) -> Self {
        let mut people = people.into_iter();
        Self { first: people.next(), others: people.collect() }
    }
}

/// Reads one piece as one person, or two when the surname is repeated inside (two columns joined).
pub(super) fn read<'a>(piece: &[Token<'a>], before: &mut Before<'a>, style: &Style, rules: &mut Rules) -> People {
    if let Some(at) = kind::surname_comma(piece, style) {
        let (head, rest) = (piece.get(..at).unwrap_or(&[]), piece.get(at + 1..).unwrap_or(&[]));
        let (mut suffix, mut room) = (String::new(), NO_WORDS);
        let surname = match head {
            [one] if one.is_word() && one.text != "THE" => Cow::Borrowed(one.text),
            _ => Cow::Owned(join(&names(head, &mut suffix, &mut room))),
        };
        let (own, further) = glued::cut(&surname, rest, style);
        let given = names(own, &mut suffix, &mut room);
        let mut people = People::one(person(&surname, &given, suffix));
        *before = Before { surname, comma: true, natural: false };
        if further.iter().any(Token::is_word) {
            rules.add(Rule::Glued);
            let comma = usize::from(further.first().is_some_and(|t| !t.is_word()));
            let further = further.get(comma..).unwrap_or(&[]);
            people.others.extend(read_glued(further, before, style, rules));
        }
        return people;
    }
    let (mut suffix, mut room) = (String::new(), NO_WORDS);
    let words = names(piece, &mut suffix, &mut room);
    if words.is_empty() {
        return People::default();
    }
    if before.surname.is_empty() {
        return People::one(first_person(&words, suffix, before, style, rules));
    }
    if let Some(people) = repeated_surname(&words, &suffix, before, rules) {
        return people;
    }
    if before.comma && is_whole_name(&words, style) {
        rules.add(Rule::SurnameOwn);
        return People::one(natural(&words, suffix, rules));
    }
    if before.comma || !has_own_surname(&words, before, style) {
        rules.add(Rule::SurnameInherited);
        return People::one(person(&before.surname, &words, suffix));
    }
    rules.add(Rule::SurnameOwn);
    let found = if before.natural { natural(&words, suffix, rules) } else { surname_first(&words, suffix, rules) };
    before.surname = Cow::Owned(found.surname.clone());
    People::one(found)
}

/// The person typed behind another without separator: own surname before a comma or at the end, else the one before.
fn read_glued<'a>(further: &[Token<'a>], before: &mut Before<'a>, style: &Style, rules: &mut Rules) -> People {
    let (mut suffix, mut room) = (String::new(), NO_WORDS);
    let words = names(further, &mut suffix, &mut room);
    let ends_in_surname = words.len() >= 2 && words.last().is_some_and(|t| !t.is(lexicon::INITIAL | lexicon::GIVEN));
    if ends_in_surname && further.iter().all(Token::is_word) {
        rules.add(Rule::SurnameOwn);
        return People::one(natural(&words, suffix, rules));
    }
    read(further, before, style, rules)
}

/// Words of a name, suffixes and titles set apart.
fn names<'s, 'a>(piece: &[Token<'a>], suffix: &mut String, room: &'s mut Room<'a>) -> Cow<'s, [Token<'a>]> {
    let mut more: Vec<Token<'a>> = Vec::new();
    let mut n = 0;
    for token in piece.iter().filter(|t| t.is_word()) {
        if token.is(lexicon::SUFFIX) && (n > 0 || !suffix.is_empty()) {
            suffix.clear();
            suffix.push_str(token.text);
        } else if !(token.is(lexicon::TITLE) && piece.len() > 1) && token.text != "THE" {
            match room.get_mut(n) {
                Some(slot) => *slot = *token,
                None => more.push(*token),
            }
            n += 1;
        }
    }
    let inline = room.get(..n.min(WORDS_INLINE)).unwrap_or(&[]);
    if more.is_empty() { Cow::Borrowed(inline) } else { Cow::Owned([inline, &more].concat()) }
}

/// Words of nearly every name; a longer one takes an allocation.
const WORDS_INLINE: usize = 8;
type Room<'a> = [Token<'a>; WORDS_INLINE];
const NO_WORDS: Room<'static> = [Token { text: "", mark: Mark::Word, class: 0 }; WORDS_INLINE];

fn join(words: &[Token<'_>]) -> String {
    let mut out = String::with_capacity(words.iter().map(|t| t.text.len() + 1).sum());
    for word in words {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word.text);
    }
    out
}

fn person(surname: &str, given: &[Token<'_>], suffix: String) -> PersonName {
    let (first, middle) = given.split_first().map_or(("", given), |(f, m)| (f.text, m));
    PersonName { surname: surname.to_owned(), given: first.to_owned(), middle: join(middle), suffix }
}

fn first_person(
    words: &[Token<'_>],
    suffix: String,
    before: &mut Before<'_>,
    style: &Style,
    rules: &mut Rules,
) -> PersonName {
    let is_natural = natural_order(words, style);
    let found = if is_natural { natural(words, suffix, rules) } else { surname_first(words, suffix, rules) };
    *before = Before { surname: Cow::Owned(found.surname.clone()), comma: false, natural: is_natural };
    found
}

/// Decides the order of a name without comma.
pub(super) fn natural_order(words: &[Token<'_>], style: &Style) -> bool {
    let [first, .., last] = words else { return false };
    // No surname is a single letter: `PLINK ORA B` on any roll.
    if last.is(lexicon::INITIAL) {
        return false;
    }
    let two_particles = |at: usize| {
        words.iter().skip(at).take(2).filter(|t| t.is(lexicon::PARTICLE) && !t.is(lexicon::INITIAL)).count() == 2
    };
    if words.len() == 4 && two_particles(0) {
        return false;
    }
    if words.len() == 4 && two_particles(1) && !last.is(lexicon::GIVEN) {
        return true;
    }
    match style.line {
        LineStyle::Natural => return !is_stray_surname_first(words, style),
        LineStyle::Space | LineStyle::Slash => return is_stray_natural(words, style),
        LineStyle::Comma | LineStyle::Mixed => {}
    }
    let second = words.get(1).copied().unwrap_or(*last);
    let initial_between = words.len() == 3 && second.is(lexicon::INITIAL) && !last.is(lexicon::INITIAL);
    // No surname is a single letter, but for particles: `H MAXINE PLINK`.
    if words.len() > 2 && first.is(lexicon::INITIAL) && !first.is(lexicon::PARTICLE) {
        return true;
    }
    if initial_between {
        return !last.is(lexicon::GIVEN) || first.is(lexicon::GIVEN);
    }
    let (first_sur, first_given) = style.seen(first.text);
    let (last_sur, last_given) = style.seen(last.text);
    let given_first = first.is(lexicon::GIVEN) || first_given > first_sur;
    let surname_last = last_sur > last_given;
    given_first
        && (!second.is(lexicon::GIVEN) || words.len() > 2 && !last.is(lexicon::GIVEN))
        && first_sur <= first_given.max(1)
        || (surname_last && first_sur == 0)
}

/// `ORA B PLINK` on a roll that writes `PLINK ORA B`: only when the roll itself knows ORA as a given name and PLINK as a surname.
fn is_stray_natural(words: &[Token<'_>], style: &Style) -> bool {
    let [first, initial, last] = words else { return false };
    let (first_sur, first_given) = style.seen(first.text);
    let (last_sur, last_given) = style.seen(last.text);
    initial.is(lexicon::INITIAL)
        && first.is(lexicon::GIVEN)
        && !last.is(lexicon::GIVEN)
        && first_given > 4 * first_sur
        && last_sur > 4 * last_given
}

/// `PLINK ORA`, `PLINK ORA B` on a roll that writes `ORA B PLINK`: only when the roll itself knows PLINK as a surname and ORA as a given name.
fn is_stray_surname_first(words: &[Token<'_>], style: &Style) -> bool {
    let [first, second] = words else { return false };
    let (first_sur, first_given) = style.seen(first.text);
    let (second_sur, second_given) = style.seen(second.text);
    second.is(lexicon::GIVEN)
        && !first.is(lexicon::GIVEN)
        && first_sur > 2 * first_given
        && second_given > 2 * second_sur
}

fn natural(words: &[Token<'_>], suffix: String, rules: &mut Rules) -> PersonName {
    rules.add(Rule::OrderNatural);
    let mut at = words.len().saturating_sub(1);
    while at > 1 && words.get(at - 1).is_some_and(|t| t.is(lexicon::PARTICLE) && !t.is(lexicon::INITIAL)) {
        at -= 1;
        rules.add(Rule::Particle);
    }
    let (given, surname) = words.split_at(at);
    person(&join(surname), given, suffix)
}

fn surname_first(words: &[Token<'_>], suffix: String, rules: &mut Rules) -> PersonName {
    rules.add(Rule::OrderSurnameFirst);
    let mut n_surname = 1;
    while words.get(n_surname - 1).is_some_and(|t| t.is(lexicon::PARTICLE))
        && words.len() > n_surname + 1
        && words.get(n_surname).is_some_and(|t| !t.is(lexicon::INITIAL))
    {
        n_surname += 1;
        rules.add(Rule::Particle);
    }
    let (surname, given) = words.split_at(n_surname);
    person(&join(surname), given, suffix)
}

/// The surname of the line again: `JOHN & MARY SMITH` behind SMITH, or a second column glued to the first.
fn repeated_surname(words: &[Token<'_>], suffix: &str, before: &Before<'_>, rules: &mut Rules) -> Option<People> {
    let at = words.iter().position(|t| t.text == before.surname)?;
    if words.len() == 1 || before.comma && at > 0 && at + 1 < words.len() {
        return None;
    }
    rules.add(Rule::SurnameRepeated);
    let (front, back) = (words.get(..at)?, words.get(at + 1..)?);
    let given = [front, back].into_iter().filter(|given| !given.is_empty());
    Some(given.map(|given| person(&before.surname, given, suffix.to_owned())).collect())
}

/// `JOHN R QUORN` behind `PLINK, ORA &`: a given name, an initial and a word that is no given name.
fn is_whole_name(words: &[Token<'_>], style: &Style) -> bool {
    let [first, initial, last] = words else { return false };
    let (surname, given) = style.seen(first.text);
    (first.is(lexicon::GIVEN) || given > surname)
        && initial.is(lexicon::INITIAL)
        && !last.is(lexicon::GIVEN | lexicon::INITIAL | lexicon::PARTICLE)
        && style.seen(last.text).1 <= style.seen(last.text).0
}

/// A later piece without comma has its own surname.
fn has_own_surname(words: &[Token<'_>], before: &Before<'_>, style: &Style) -> bool {
    let [first, second, ..] = words else { return false };
    if before.natural {
        return !words.last().is_some_and(|t| t.is(lexicon::INITIAL));
    }
    let (surname, given) = style.seen(first.text);
    let known_given = first.is(lexicon::GIVEN) || given > surname;
    if second.is(lexicon::INITIAL) || first.is(lexicon::INITIAL) {
        return surname > 2 * given + 1 && !known_given;
    }
    let second_given = second.is(lexicon::GIVEN);
    if known_given {
        return surname > given && second_given && surname > 1;
    }
    // Two letters that are no initial: a given name cut at the column, so the word before it is a surname.
    second_given || surname > given || second.text.len() == 2
}
