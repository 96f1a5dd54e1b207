//! Text to tokens: upper case, ASCII, punctuation settled, commas remembered.

/// One word of an address text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Upper case, without `.` and `'`.
    pub(crate) text: String,
    /// True when a comma, semicolon or line end stood before it.
    pub(crate) after_comma: bool,
}

/// Longest text that is looked at, in bytes; an address line is a tenth of it. Keeps hostile input cheap.
const TEXT_LEN_MAX: usize = 400;
/// Most tokens looked at.
const TOKENS_MAX: usize = 48;

/// Plain letter for a Latin letter with a mark; other characters are left out.
fn fold(c: char) -> Option<char> {
    Some(match c {
        'À'..='Å' | 'à'..='å' => 'A',
        'Ç' | 'ç' => 'C',
        'È'..='Ë' | 'è'..='ë' => 'E',
        'Ì'..='Ï' | 'ì'..='ï' => 'I',
        'Ñ' | 'ñ' => 'N',
        'Ò'..='Ö' | 'ò'..='ö' | 'Ø' | 'ø' => 'O',
        'Ù'..='Ü' | 'ù'..='ü' => 'U',
        'Ý' | 'ý' | 'ÿ' => 'Y',
        '–' | '—' | '−' => '-',
        '½' => '\u{bd}',
        _ => return None,
    })
}

/// Splits the text; the second part is what stood in parentheses.
pub(crate) fn tokenize(text: &str) -> (Vec<Token>, Option<String>) {
    let mut scan = Scan { tokens: Vec::with_capacity(12), word: String::new(), after_comma: false };
    let mut remark = String::new();
    let mut depth = 0usize;
    for (position, c) in text.char_indices() {
        if position > TEXT_LEN_MAX || scan.tokens.len() >= TOKENS_MAX {
            break;
        }
        match c {
            '(' | '[' => {
                scan.end_word();
                depth += 1;
            }
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => remark.push(c),
            _ => scan.step(c),
        }
    }
    scan.end_word();
    let remark = remark.trim();
    (scan.tokens, (!remark.is_empty()).then(|| remark.to_owned()))
}

struct Scan {
    tokens: Vec<Token>,
    word: String,
    after_comma: bool,
}

impl Scan {
    fn end_word(&mut self) {
        let trimmed = self.word.trim_matches(|c| c == '-' || c == '/');
        if !trimmed.is_empty() {
            self.tokens.push(Token { text: trimmed.to_owned(), after_comma: self.after_comma });
            self.after_comma = false;
        }
        self.word.clear();
    }

    fn single(&mut self, text: &str) {
        self.end_word();
        self.tokens.push(Token { text: text.to_owned(), after_comma: self.after_comma });
        self.after_comma = false;
    }

    fn step(&mut self, c: char) {
        match c {
            'a'..='z' => self.word.push(c.to_ascii_uppercase()),
            'A'..='Z' | '0'..='9' => self.word.push(c),
            '.' | '\'' | '`' | '’' | '"' => {}
            ',' | ';' | '\n' | '\r' => {
                self.end_word();
                self.after_comma = true;
            }
            '#' => self.single("#"),
            '&' | '@' | '+' => self.single("&"),
            '-' => self.word.push('-'),
            '/' | '\\' => self.slash(),
            _ => match fold(c) {
                Some('\u{bd}') => self.single("1/2"),
                Some('-') => self.word.push('-'),
                Some(letter) => self.word.push(letter),
                None => self.end_word(),
            },
        }
    }

    /// A slash inside figures is a fraction or a unit (`1/2`, `1101/1103`); between words it joins two streets.
    fn slash(&mut self) {
        if self.word.ends_with(|c: char| c.is_ascii_digit()) && self.word.len() <= 6 {
            self.word.push('/');
        } else {
            self.single("&");
        }
    }
}
