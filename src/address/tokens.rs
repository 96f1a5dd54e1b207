//! Text to tokens: upper case, ASCII, punctuation settled, commas remembered, each word looked up once.
//!
//! The words stand in one buffer with single blanks between them, so that any run of tokens is one string slice.

use std::ops::Range;

use super::tables::{self, Entry, TypeWord};

/// Longest text that is looked at, in bytes; an address line is a tenth of it. Keeps hostile input cheap.
const TEXT_LEN_MAX: usize = 400;
/// Most tokens looked at; the longest line of 5,000 real ones had 22.
pub(crate) const TOKENS_MAX: usize = 48;

/// What stood before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    Blank,
    Comma,
    Dash,
}

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Letters (hyphens allowed).
    Word,
    /// One letter.
    Letter,
    /// `1234`
    Digits,
    /// `21ST`
    Ordinal,
    /// `325C`, `325-C`: figures and at most two letters.
    DigitsLetter,
    /// `101-109`, `80-44A`, `101/103`
    DigitsPair,
    /// `1/2`
    Fraction,
    /// `B101`, `N63W12345`, `36-C4`: anything else with a figure in it.
    Mixed,
    /// `#`
    Hash,
    /// `&`, `@`, `/` between words.
    And,
}

/// One word of an address text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    start: u16,
    end: u16,
    pub(crate) gap: Gap,
    pub(crate) shape: Shape,
    pub(crate) entry: &'static Entry,
}

/// The words of a text.
#[derive(Debug)]
pub(crate) struct Tokens {
    buffer: String,
    list: [Token; TOKENS_MAX],
    n: usize,
    gap: Gap,
    word_start: usize,
    /// What the word being written is made of: 1 letters, 2 digits, 4 anything else.
    classes: u8,
    /// True when a word may open a post office box.
    pub(crate) has_box: bool,
    /// What stood in parentheses.
    pub(crate) remark: Option<String>,
    /// True when the text was longer than what is looked at.
    pub(crate) is_cut: bool,
}

const EMPTY: Token = Token { start: 0, end: 0, gap: Gap::Blank, shape: Shape::Word, entry: &tables::NOTHING };

impl Tokens {
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// The token at `index`; a nameless word beyond the end.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> &Token {
        if index < self.n { &self.list[index] } else { &EMPTY }
    }

    /// The word at `index`, empty beyond the end.
    #[inline]
    pub(crate) fn word(&self, index: usize) -> &str {
        let token = self.at(index);
        self.buffer.get(usize::from(token.start)..usize::from(token.end)).unwrap_or("")
    }

    /// The words of a range with single blanks between them.
    pub(crate) fn span(&self, range: Range<usize>) -> &str {
        if range.start >= range.end || range.end > self.n {
            return "";
        }
        let (first, last) = (self.at(range.start), self.at(range.end - 1));
        self.buffer.get(usize::from(first.start)..usize::from(last.end)).unwrap_or("")
    }

    fn push(&mut self, start: usize, end: usize) {
        if self.n >= TOKENS_MAX {
            self.is_cut = true;
            return;
        }
        let word = self.buffer.get(start..end).unwrap_or("");
        if word == "TH" && self.joins_figures() {
            self.join_ordinal(start, end);
            return;
        }
        let shape = match self.classes {
            2 => Shape::Digits,
            1 if end - start > 1 => Shape::Word,
            _ => shape_of(word),
        };
        let entry = match shape {
            Shape::Word | Shape::Letter | Shape::And => tables::entry(word),
            _ => &tables::NOTHING,
        };
        let entry = if word == "LA" && self.follows_spanish() { &tables::ARTICLE } else { entry };
        self.list[self.n] = Token { start: start as u16, end: end as u16, gap: self.gap, shape, entry };
        self.has_box |= entry.is_box;
        self.n += 1;
        self.gap = Gap::Blank;
    }

    /// True when the word before is figures whose ordinal ends in TH.
    fn joins_figures(&self) -> bool {
        let before = self.word(self.n.wrapping_sub(1));
        let is_th = before.ends_with(['0', '4', '5', '6', '7', '8', '9'])
            || ["11", "12", "13"].iter().any(|teen| before.ends_with(teen));
        self.n > 0 && self.gap == Gap::Blank && self.at(self.n - 1).shape == Shape::Digits && is_th
    }

    /// `25 TH` becomes one word.
    fn join_ordinal(&mut self, start: usize, end: usize) {
        self.buffer.remove(start - 1);
        let token = &mut self.list[self.n - 1];
        token.shape = Shape::Ordinal;
        token.end = (end - 1) as u16;
    }

    fn follows_spanish(&self) -> bool {
        let before = self.word(self.n.wrapping_sub(1));
        matches!(before, "DE" | "CALLE" | "CAMINO" | "AVENIDA" | "PASEO" | "PLAZA" | "VIA" | "VISTA" | "RANCHO")
            && self.gap == Gap::Blank
    }

    /// One letter or digit of the word being written.
    #[inline]
    fn letter_or_digit(&mut self, byte: u8) {
        self.classes |= if byte.is_ascii_digit() { 2 } else { 1 };
        self.buffer.push(char::from(byte.to_ascii_uppercase()));
    }

    /// Any other character of the word being written.
    fn other(&mut self, c: char) {
        self.classes |= 4;
        self.buffer.push(c);
    }

    /// Closes the word being written and starts the next.
    fn end_word(&mut self) {
        if self.classes == 1 || self.classes == 2 {
            self.push(self.word_start, self.buffer.len());
            self.next_word();
        } else {
            self.end_mixed_word();
        }
    }

    fn next_word(&mut self) {
        self.buffer.push(' ');
        self.word_start = self.buffer.len();
        self.classes = 0;
    }

    fn end_mixed_word(&mut self) {
        self.classes |= 4;
        while self.buffer.len() > self.word_start && self.buffer.ends_with(['-', '/']) {
            if self.buffer.ends_with('-') && self.gap == Gap::Blank && self.buffer.len() == self.word_start + 1 {
                self.gap = Gap::Dash;
            }
            let is_tail_dash = self.buffer.ends_with('-') && self.buffer.len() > self.word_start + 1;
            self.buffer.pop();
            if is_tail_dash {
                self.end_mixed_word();
                self.gap = Gap::Dash;
                return;
            }
        }
        while self.buffer.ends_with(".0") && self.buffer.len() > self.word_start + 2 {
            self.buffer.truncate(self.buffer.len() - 2);
        }
        if self.buffer.get(self.word_start..).is_some_and(|w| w.starts_with('-') && w.len() > 1) {
            // "98 -1040": the dash belongs to the number before it.
            self.buffer.remove(self.word_start);
            self.gap = if self.gap == Gap::Blank { Gap::Dash } else { self.gap };
        }
        let start = self.word_start;
        if start == self.buffer.len() {
            self.classes = 0;
            return;
        }
        if let Some(meant) = meant_by(&self.buffer[start..], self.n == 0) {
            self.buffer.truncate(start);
            self.buffer.push_str(&meant);
        }
        let end = self.buffer.len();
        let cut = cut_of(&self.buffer[start..end]).or_else(|| self.letter_road(&self.buffer[start..end]));
        if let Some((at, skip)) = cut {
            let tail: String = self.buffer.get(start + at + skip..end).unwrap_or("").to_owned();
            self.buffer.truncate(start + at);
            self.push(start, start + at);
            self.buffer.push(' ');
            self.word_start = self.buffer.len();
            self.buffer.push_str(&tail);
            self.push(self.word_start, self.buffer.len());
        } else {
            self.push(start, end);
        }
        self.next_word();
    }

    /// `M-89`, `K10` and `I35` right behind the house number are roads; elsewhere they are units. `S 300E` is on a grid.
    fn letter_road(&self, word: &str) -> Option<(usize, usize)> {
        let before = self.at(self.n.wrapping_sub(1));
        let (digits, letter) = split_digits(word);
        let is_grid = self.n >= 2 && before.entry.direction.is_some() && matches!(letter, "N" | "S" | "E" | "W");
        if is_grid && (3..=5).contains(&digits.len()) {
            return Some((digits.len(), 0));
        }
        // "S4TH ST", "SW57 AVE", "W400 N"
        let n_letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (direction, figures) = word.split_at_checked(n_letters)?;
        let (digits, ending) = split_digits(figures);
        let is_street = (1..=4).contains(&digits.len()) && (ending.is_empty() || is_ordinal_ending(ending));
        let is_behind = self.n == 1 && before.shape == Shape::Digits;
        if is_behind && is_street && direction.len() <= 2 && tables::entry(direction).direction.is_some() {
            return Some((n_letters, 0));
        }
        let rest = word.strip_prefix(['M', 'K', 'I'])?;
        let figures = rest.strip_prefix('-').unwrap_or(rest);
        let is_road = (1..=3).contains(&figures.len()) && figures.bytes().all(|b| b.is_ascii_digit());
        let behind_number =
            (1..=2).contains(&self.n) && (before.shape == Shape::Digits || before.entry.direction.is_some());
        (is_road && behind_number).then(|| (1, rest.len() - figures.len()))
    }

    fn single(&mut self, c: char) {
        self.end_word();
        self.other(c);
        self.push(self.word_start, self.buffer.len());
        self.next_word();
    }

    fn comma(&mut self) {
        self.end_word();
        if self.n > 0 {
            self.gap = Gap::Comma;
        }
    }

    /// A slash belongs to figures (`101/103`, `64R/5`) and to the identifier of a unit (`# B/1`).
    fn keeps_slash(&self) -> bool {
        let word = self.buffer.get(self.word_start..).unwrap_or("");
        let is_unit_id = self.n > 0 && {
            let before = self.at(self.n - 1);
            before.shape == Shape::Hash || before.entry.unit.is_some()
        };
        let (digits, rest) = split_digits(word);
        // Not "5TH/ELM".
        (!digits.is_empty() && !is_ordinal_ending(rest)) || (is_unit_id && (1..=2).contains(&word.len()))
    }

    fn word_is_empty(&self) -> bool {
        self.buffer.len() == self.word_start
    }

    /// A dot ends a word only between two of at least two characters (`ST.LOUIS`, `E.22ND`), not in `N.Y.`.
    fn dot(&mut self, rest: &str) {
        let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let digit_follows = rest.bytes().next().is_some_and(|b| b.is_ascii_digit());
        // "ROAD 41.4": a road between two others. "1234.0" comes from a spreadsheet.
        if digit_follows && run <= 2 && self.buffer.ends_with(|c: char| c.is_ascii_digit()) && !self.word_is_empty() {
            self.other('.');
            return;
        }
        if run >= 2 || (digit_follows && !self.word_is_empty()) {
            self.end_word();
        }
    }
}

/// Splits the text into words.
pub(crate) fn tokenize(text: &str) -> Tokens {
    let text = text.trim();
    let mut tokens = Tokens {
        buffer: String::with_capacity(text.len().min(TEXT_LEN_MAX) + 16),
        list: [EMPTY; TOKENS_MAX],
        n: 0,
        gap: Gap::Blank,
        word_start: 0,
        classes: 0,
        has_box: false,
        remark: None,
        is_cut: false,
    };
    let keeps_parentheses = text.starts_with('(');
    let mut remark = String::new();
    let mut depth = 0usize;
    let mut position = 0;
    while let Some(byte) = text.as_bytes().get(position) {
        if position > TEXT_LEN_MAX {
            tokens.is_cut = true;
            break;
        }
        if depth == 0 && byte.is_ascii_alphanumeric() {
            tokens.letter_or_digit(*byte);
            position += 1;
            continue;
        }
        let Some(c) = text.get(position..).and_then(|rest| rest.chars().next()) else { break };
        position += c.len_utf8();
        match c {
            '(' | '[' if !keeps_parentheses => {
                tokens.end_word();
                depth += 1;
            }
            ')' | ']' => {
                tokens.end_word();
                depth = depth.saturating_sub(1);
            }
            _ if depth > 0 => remark.push(c),
            _ => step(&mut tokens, c, text.get(position..).unwrap_or("")),
        }
    }
    tokens.end_word();
    if !remark.trim().is_empty() {
        tokens.remark = Some(remark.trim().to_owned());
    }
    split_utah(&mut tokens);
    join_spaced_ordinals(&mut tokens);
    tokens
}

/// `120 3 RD AVE`, `45 2 ND ST`: an ordinal in two words, behind a house number and before a type. `TH` was joined before;
/// `ST` and `RD` alone are types (`41 ST`).
fn join_spaced_ordinals(tokens: &mut Tokens) {
    for at in 2..tokens.n {
        let ending = tokens.word(at);
        if !matches!(ending, "ST" | "ND" | "RD") || tokens.at(at).gap != Gap::Blank {
            continue;
        }
        let figures = tokens.word(at - 1);
        let is_teen = ["11", "12", "13"].iter().any(|teen| figures.ends_with(teen));
        let digit = match ending {
            "ST" => '1',
            "ND" => '2',
            _ => '3',
        };
        let is_ordinal =
            tokens.at(at - 1).shape == Shape::Digits && figures.len() <= 3 && figures.ends_with(digit) && !is_teen;
        let next = tokens.at(at + 1);
        // "41 ST CT" is a court of 41st Street.
        let kind = next.entry.street_type.filter(|t| t.is_strong() && next.gap == Gap::Blank);
        let has_type = kind.is_some_and(|t| ending != "ST" || matches!(t.canonical, "ST" | "AVE"));
        let before = tokens.at(at - 2);
        let has_number = before.shape != Shape::Word || before.entry.direction.is_some();
        if is_ordinal && has_type && has_number && tokens.at(at - 1).gap == Gap::Blank {
            let (start, end) = (usize::from(tokens.at(at).start), usize::from(tokens.at(at).end));
            tokens.buffer.remove(start - 1);
            tokens.list[at - 1].shape = Shape::Ordinal;
            tokens.list[at - 1].end = (end - 1) as u16;
            tokens.list.copy_within(at + 1..tokens.n, at);
            tokens.n -= 1;
            for token in &mut tokens.list[at..tokens.n] {
                token.start -= 1;
                token.end -= 1;
            }
            return;
        }
    }
}

fn step(tokens: &mut Tokens, c: char, rest: &str) {
    match c {
        ' ' | '\t' => tokens.end_word(),
        '.' => tokens.dot(rest),
        // Also the okina of Hawaii.
        '\'' | '`' | '"' | '’' | '‘' | 'ʻ' | 'ʼ' => {}
        ',' | ';' | '\n' | '\r' | '|' => tokens.comma(),
        '#' => tokens.single('#'),
        '&' | '@' | '+' => tokens.single('&'),
        '-' | '–' | '—' | '−' => tokens.other('-'),
        '/' | '\\' => {
            if tokens.keeps_slash() {
                tokens.other('/');
            } else if tokens.buffer.get(tokens.word_start..) == Some("C") {
                if rest.starts_with(['O', 'o']) {
                    // "C/O" stays one word.
                    tokens.other('/');
                } else {
                    // "C/ LUNA", "C/LUNA"
                    "ALLE".bytes().for_each(|letter| tokens.letter_or_digit(letter));
                    tokens.end_word();
                }
            } else {
                tokens.single('&');
            }
        }
        '½' => {
            tokens.end_word();
            "1/2".chars().for_each(|c| tokens.other(c));
            tokens.end_word();
        }
        _ => match deunicode::deunicode_char(c) {
            // "Kalākaua", "Straße".
            Some(plain) if c.is_alphabetic() && is_letters(plain) => {
                plain.bytes().for_each(|letter| tokens.letter_or_digit(letter));
            }
            _ if c.is_alphanumeric() => c.to_uppercase().for_each(|upper| tokens.other(upper)),
            _ => tokens.end_word(),
        },
    }
}

/// One or two Latin letters: of other scripts only what is one sound is spelled so.
fn is_letters(text: &str) -> bool {
    (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// True for the ending of an ordinal number.
pub(crate) fn is_ordinal_ending(text: &str) -> bool {
    matches!(text, "ST" | "ND" | "RD" | "TH")
}

/// Digits at the front of a word and what follows them.
pub(crate) fn split_digits(word: &str) -> (&str, &str) {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    word.split_at(digits)
}

fn shape_of(word: &str) -> Shape {
    let bytes = word.as_bytes();
    match bytes {
        [b'#'] => return Shape::Hash,
        [b'&'] => return Shape::And,
        [b] if b.is_ascii_alphabetic() => return Shape::Letter,
        _ => {}
    }
    let (digits, rest) = split_digits(word);
    if digits.is_empty() {
        return if bytes.iter().any(u8::is_ascii_digit) { Shape::Mixed } else { Shape::Word };
    }
    if rest.is_empty() {
        return Shape::Digits;
    }
    if is_ordinal_ending(rest) {
        return Shape::Ordinal;
    }
    if matches!(word, "1/2" | "1/4" | "3/4" | "1/3" | "2/3" | "1/8" | "3/8" | "5/8" | "7/8") {
        return Shape::Fraction;
    }
    let is_letters = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic());
    if is_letters(rest) || rest.strip_prefix('-').is_some_and(is_letters) {
        return Shape::DigitsLetter;
    }
    let second = rest.strip_prefix(['-', '/']).map(split_digits);
    match second {
        Some((high, tail)) if !high.is_empty() && (tail.is_empty() || is_letters(tail)) => Shape::DigitsPair,
        _ => Shape::Mixed,
    }
}

/// What a word of letters and digits that look alike stands for: `12O5` is 1205, `PENN5YLVANIA` has an S.
fn meant_by(word: &str, is_first: bool) -> Option<String> {
    let n_digits = word.bytes().filter(u8::is_ascii_digit).count();
    let n_letters = word.bytes().filter(u8::is_ascii_uppercase).count();
    if n_digits == 0 || n_letters == 0 || n_digits + n_letters < word.len() {
        return None;
    }
    let is_confused = word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'O' | b'L'));
    let ends_in_figure = word.ends_with(|c: char| c.is_ascii_digit());
    let opens_well = word.starts_with(|c: char| c.is_ascii_digit()) || n_digits >= 3;
    if is_first && is_confused && n_digits >= 2 && ends_in_figure && opens_well {
        return Some(word.replace('O', "0").replace('L', "1"));
    }
    let at =
        word.find(['0', '1', '5']).filter(|at| n_digits == 1 && *at >= 2 && at + 3 <= word.len() && n_letters >= 6)?;
    let entry = tables::entry(word.get(..at)?);
    let is_glued = entry.unit.is_some() || entry.street_type.is_some() || entry.is_road_class;
    (!is_glued).then(|| word.replace('0', "O").replace('1', "I").replace('5', "S"))
}

/// Where a glued word is cut, and how many bytes between the parts fall out: `123MAIN`, `I-35`, `HWY20`, `ST-LOUIS` not.
fn cut_of(word: &str) -> Option<(usize, usize)> {
    let (digits, rest) = split_digits(word);
    if !digits.is_empty() {
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let is_ordinal = is_ordinal_ending(rest.get(..2).unwrap_or(""));
        // "49THST"
        if is_ordinal && letters == rest.len() && tables::street_type(rest.get(2..).unwrap_or("")).is_some() {
            return Some((digits.len() + 2, 0));
        }
        let is_word = letters >= 3 && letters == rest.len() && !is_ordinal;
        return is_word.then_some((digits.len(), 0));
    }
    // "NW-REAR", "ST-UNIT"
    if let Some((left, right)) = word.split_once('-').filter(|(left, right)| left.len() > 1 && right.len() > 2) {
        let before = tables::entry(left);
        let ends_street = before.direction.is_some() || before.street_type.is_some_and(TypeWord::is_strong);
        if ends_street && tables::entry(right).unit.is_some() {
            return Some((left.len(), 1));
        }
    }
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (class, rest) = word.split_at_checked(letters)?;
    let skip = usize::from(rest.starts_with('-'));
    let (figures, tail) = split_digits(rest.get(skip..)?);
    if figures.is_empty() || tail.len() > 1 {
        return None;
    }
    let is_class =
        matches!(class, "HWY" | "HIGHWAY" | "US" | "SH" | "SR" | "CR" | "FM" | "RTE" | "ROUTE" | "IH" | "CTH" | "STH")
            || (class == "I" && skip == 1)
            || (skip == 1 && class.len() == 2 && tables::entry(class).state.is_some());
    let is_unit = class.len() > 1 && tables::entry(class).unit.is_some();
    // "KENDALL SQ-3"
    let is_type = skip == 1 && class.len() > 1 && tables::entry(class).street_type.is_some_and(|t| t.strength >= 2);
    (is_class || is_unit || is_type).then_some((letters, skip))
}

/// `48S 400E`: two figures with a direction glued on are a Utah grid address.
fn split_utah(tokens: &mut Tokens) {
    let glued = |word: &str| {
        let (digits, rest) = split_digits(word);
        !digits.is_empty() && matches!(rest, "N" | "S" | "E" | "W")
    };
    if tokens.n < 2 || !glued(tokens.word(0)) || !glued(tokens.word(1)) || tokens.n + 2 > TOKENS_MAX {
        return;
    }
    let (first, second) = (tokens.word(0).to_owned(), tokens.word(1).to_owned());
    let tail_at = usize::from(tokens.list[1].end);
    let tail = tokens.buffer.get(tail_at..).unwrap_or("").to_owned();
    let parts = [
        first.get(..first.len() - 1).unwrap_or(""),
        first.get(first.len() - 1..).unwrap_or(""),
        second.get(..second.len() - 1).unwrap_or(""),
        second.get(second.len() - 1..).unwrap_or(""),
    ];
    let rest: Vec<Token> = tokens.list[2..tokens.n].to_vec();
    tokens.buffer.clear();
    tokens.n = 0;
    tokens.classes = 4;
    for part in parts {
        let start = tokens.buffer.len();
        tokens.buffer.push_str(part);
        tokens.gap = Gap::Blank;
        tokens.push(start, tokens.buffer.len());
        tokens.buffer.push(' ');
    }
    let shift = tokens.buffer.len() - 1 - tail_at;
    tokens.buffer.pop();
    tokens.buffer.push_str(&tail);
    for mut token in rest {
        token.start += shift as u16;
        token.end += shift as u16;
        tokens.list[tokens.n] = token;
        tokens.n += 1;
    }
}
