//! Folding a line to upper case and cutting it into words and marks.
//!
//! Tokens borrow from the folded text; classes come from the lexicon once per word.

use super::lexicon::{self, Lexicon};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Word,
    Comma,
    And,
    Slash,
    Semicolon,
    Open,
    Close,
    Percent,
    Dash,
}

/// A word or mark of a folded line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) mark: Mark,
    pub(super) class: u64,
}

impl Token<'_> {
    pub(super) fn is_word(&self) -> bool {
        self.mark == Mark::Word
    }

    /// Has any of the classes.
    pub(super) fn is(&self, classes: u64) -> bool {
        self.class & classes != 0
    }

    /// Separates owners.
    pub(super) fn is_separator(&self) -> bool {
        matches!(self.mark, Mark::And | Mark::Slash | Mark::Semicolon)
    }
}

/// Forms with a slash that are one word.
const SLASH_FORMS: &[&str] = &[
    "C/O", "D/B/A", "A/K/A", "N/K/A", "F/K/A", "U/A/D", "U/A", "U/D/T", "U/T/D", "U/T/A", "T/O/D", "P/O/A", "J/T",
    "T/C", "H/W", "C/F", "F/B/O", "L/E", "N/A",
];

/// Forms with dots that are one word without them; other dotted single letters are initials.
const DOTTED: &[(&str, &str)] = &[
    ("L.L.C", "LLC"),
    ("L.L.P", "LLP"),
    ("L.P", "LP"),
    ("L.C", "LC"),
    ("N.A", "NA"),
    ("P.C", "PC"),
    ("P.A", "PA"),
    ("U.S.A", "USA"),
    ("U.S", "US"),
    ("P.L.L.C", "PLLC"),
];

/// Upper case, accents folded, control and quote characters dropped. Length may change.
pub(super) fn fold(raw: &str, out: &mut String) {
    // Nearly every line is plain: copied at once, not letter by letter.
    if raw.bytes().all(|b| PLAIN[usize::from(b)]) {
        let start = out.len();
        out.push_str(raw);
        if let Some(own) = out.get_mut(start..) {
            own.make_ascii_uppercase();
        }
        return;
    }
    for c in raw.chars() {
        match c {
            'a'..='z' => out.push(c.to_ascii_uppercase()),
            '\u{2018}' | '\u{2019}' | '`' | '\u{b4}' => out.push('\''),
            '\u{2010}'..='\u{2015}' => out.push('-'),
            '+' => out.push('&'),
            '\\' => out.push('/'),
            '"' | '\u{201c}' | '\u{201d}' | '\u{fffd}' => {}
            '_' | '*' | ':' | '?' | '=' | '|' | '~' | '<' | '>' => out.push(' '),
            c if c.is_ascii_control() => out.push(' '),
            c if c.is_ascii() => out.push(c),
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c => fold_letter(c, out),
        }
    }
}

/// Bytes that [`fold`] keeps, but for their case.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b' ';
    while byte < 127 {
        plain[byte as usize] =
            !matches!(byte, b'`' | b'+' | b'\\' | b'"' | b'_' | b'*' | b':' | b'?' | b'=' | b'|' | b'~' | b'<' | b'>');
        byte += 1;
    }
    plain
};

/// Latin letters with marks to their base letter; others to upper case.
fn fold_letter(c: char, out: &mut String) {
    let base = match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => "A",
        'Æ' | 'æ' => "AE",
        'Ç' | 'ç' | 'Ć'..='č' => "C",
        'Ď'..='đ' | 'Ð' | 'ð' => "D",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "E",
        'Ĝ'..='ģ' => "G",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "I",
        'Ł' | 'ł' | 'Ĺ'..='ľ' => "L",
        'Ñ' | 'ñ' | 'Ń'..='ň' => "N",
        'Ò'..='Ö' | 'ò'..='ö' | 'Ø' | 'ø' | 'Ō'..='ő' => "O",
        'Œ' | 'œ' => "OE",
        'Ŕ'..='ř' => "R",
        'Ś'..='š' => "S",
        'ß' => "SS",
        'Ţ'..='ŧ' => "T",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "U",
        'Ý' | 'ý' | 'ÿ' | 'Ÿ' => "Y",
        'Ź'..='ž' => "Z",
        '\u{300}'..='\u{36f}' => "",
        other => {
            out.extend(other.to_uppercase());
            return;
        }
    };
    out.push_str(base);
}

/// Longest line read; longer ones are cut (no county column is wider than this).
const TEXT_BYTES_MAX: usize = 2000;

/// Cuts folded text into tokens.
pub(super) fn tokenize<'a>(text: &'a str, lexicon: &Lexicon) -> Vec<Token<'a>> {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or("");
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(16);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let mark = match byte {
            b',' => Mark::Comma,
            b'&' => Mark::And,
            b'/' => Mark::Slash,
            b';' => Mark::Semicolon,
            b'(' | b'[' | b'{' => Mark::Open,
            b')' | b']' | b'}' => Mark::Close,
            b'%' => Mark::Percent,
            b' ' | b'.' => {
                at += 1;
                continue;
            }
            _ => {
                at = word(text, at, lexicon, &mut tokens);
                continue;
            }
        };
        let class = if mark == Mark::And { lexicon::PHRASE } else { 0 };
        tokens.push(Token { text: text.get(at..=at).unwrap_or(""), mark, class });
        at += 1;
    }
    tokens
}

fn is_word_byte(byte: u8) -> bool {
    WORD[usize::from(byte)]
}

/// Bytes inside words.
const WORD: [bool; 256] = {
    let mut word = [true; 256];
    let marks = b" ,&/;([{)]}%.";
    let mut at = 0;
    while at < marks.len() {
        word[marks[at] as usize] = false;
        at += 1;
    }
    word
};

/// Reads the word at `at`; returns where to go on.
fn word<'a>(text: &'a str, at: usize, lexicon: &Lexicon, tokens: &mut Vec<Token<'a>>) -> usize {
    let bytes = text.as_bytes();
    let rest = text.get(at..).unwrap_or("");
    let single = bytes.get(at + 1).is_some_and(|b| matches!(b, b'/' | b'.'));
    if single {
        let follows = |n: usize| rest.as_bytes().get(n).is_some_and(u8::is_ascii_alphanumeric);
        if let Some(form) = SLASH_FORMS.iter().find(|f| rest.starts_with(**f) && !follows(f.len())) {
            tokens.push(Token { text: form, mark: Mark::Word, class: lexicon.class(form) });
            return at + form.len();
        }
        let longest =
            DOTTED.iter().filter(|(f, _)| rest.starts_with(*f) && !follows(f.len())).max_by_key(|f| f.0.len());
        if let Some((form, plain)) = longest
            && rest
                .as_bytes()
                .get(form.len()..form.len() + 2)
                .is_none_or(|b| !(b.first() == Some(&b'.') && b.get(1).is_some_and(u8::is_ascii_alphabetic)))
        {
            tokens.push(Token { text: plain, mark: Mark::Word, class: lexicon.class(plain) });
            return at + form.len();
        }
    }
    let mut end = at;
    while bytes.get(end).copied().is_some_and(is_word_byte) {
        end += 1;
    }
    end = fraction_end(bytes, at, end);
    let found = text.get(at..end).unwrap_or("");
    push_word(found, lexicon, tokens);
    end
}

/// Extends `1` to `1/2` and `50` to `50.5`.
fn fraction_end(bytes: &[u8], at: usize, end: usize) -> usize {
    if !bytes.get(at).is_some_and(u8::is_ascii_digit) {
        return end;
    }
    let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let all_digits = end > at && digits(at) == end - at;
    if !all_digits || !bytes.get(end).is_some_and(|b| matches!(b, b'/' | b'.')) {
        return end;
    }
    let more = digits(end + 1);
    let mut after = end + 1 + more;
    // `1/2/2003` is a day, not a share.
    let year = digits(after + 1);
    if more > 0 && year > 0 && bytes.get(end) == Some(&b'/') && bytes.get(after) == Some(&b'/') {
        after += 1 + year;
    }
    if more == 0 || bytes.get(after).copied().is_some_and(|b| is_word_byte(b) && !b.is_ascii_digit()) {
        end
    } else {
        after
    }
}

/// Last parts of hyphenated words that are words of their own: `W-HEIRS`.
const HYPHEN_TAILS: &[&str] = &["HEIRS", "TRUSTEE", "TRUSTEES", "ETAL", "TTEE"];

fn push_word<'a>(found: &'a str, lexicon: &Lexicon, tokens: &mut Vec<Token<'a>>) {
    let has_dash = found.bytes().any(|b| b == b'-');
    let plain = if has_dash { found.trim_matches('-') } else { found };
    if plain.is_empty() {
        tokens.push(Token { text: "-", mark: Mark::Dash, class: 0 });
        return;
    }
    if has_dash
        && let Some((front, tail)) = plain.rsplit_once('-')
        && !front.is_empty()
        && front != "CO"
        && HYPHEN_TAILS.contains(&tail)
    {
        tokens.push(Token { text: front, mark: Mark::Word, class: lexicon.class(front) });
        tokens.push(Token { text: tail, mark: Mark::Word, class: lexicon.class(tail) });
        return;
    }
    if plain == "AND" {
        tokens.push(Token { text: "&", mark: Mark::And, class: lexicon::PHRASE });
        return;
    }
    let class = lexicon.class(plain);
    if joins_spelled_form(plain, class, tokens) {
        return;
    }
    tokens.push(Token { text: plain, mark: Mark::Word, class });
}

/// `L L C` and `U S A` in single letters become one word.
fn joins_spelled_form(plain: &str, class: u64, tokens: &mut Vec<Token<'_>>) -> bool {
    if class & lexicon::INITIAL == 0 {
        return false;
    }
    let [.., a, b] = tokens.as_slice() else { return false };
    let form = match (a.text, b.text, plain) {
        ("L", "L", "C") => "LLC",
        ("L", "L", "P") => "LLP",
        ("U", "S", "A") => "USA",
        ("H", "O", "A") => "HOA",
        _ => return false,
    };
    tokens.truncate(tokens.len() - 2);
    tokens.push(Token { text: form, mark: Mark::Word, class: lexicon::lexicon_class(form) });
    true
}
