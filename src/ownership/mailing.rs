//! Mailing lines as keys: two spellings of one mailing address get one key; care-of text is cut off and kept.
//!
//! Left out on purpose: a full address parse. A key only has to be equal for equal places and cheap for a million rows.

use super::words::WORDS;

/// A mailing address reduced to what identifies it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailKey {
    /// `7211 S 27 ST|68512`; empty when there is no address.
    pub key: String,
    /// Text behind `ATTN`, `C/O` or `%`, upper case.
    pub care_of: String,
    /// True when the line is not a place: blank, `NO ADDRESS`, house number 0 or 99999.
    pub is_placeholder: bool,
}

/// Makes the key of a mailing line and its ZIP. A line that already is a key (`7211 S 27 ST|68512`) gives the same key.
pub fn mail_key(line: &str, zip: &str) -> MailKey {
    let (line, zip) = match line.rsplit_once('|') {
        Some((head, tail)) if zip.is_empty() => (head, tail),
        Some(_) | None => (line, zip),
    };
    let (line, zip) = if zip.is_empty() { one_line(line) } else { (line, zip) };
    let mut upper = line.to_ascii_uppercase();
    if upper.bytes().any(|b| matches!(b, b'/' | b'%' | b'.' | b'\'' | b'#')) {
        upper = upper.replace("C/O", " ATTN ").replace('%', " ATTN ").replace(['.', '\''], "").replace('#', " STE ");
    }
    let tokens: Vec<&str> = upper.split(|c: char| !c.is_ascii_alphanumeric()).filter(|t| !t.is_empty()).collect();
    let (place, care_of) = cut_care_of(&tokens);
    let mut parts: Vec<&str> = Vec::with_capacity(place.len() + 1);
    let mut rest = place.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (*first, rest) {
            ("P", ["O", "BOX", tail @ ..]) | ("PO" | "POB", ["BOX", tail @ ..]) => {
                parts.extend(["PO", "BOX"]);
                rest = tail;
            }
            ("BOX" | "POB", _) if parts.is_empty() => parts.extend(["PO", "BOX"]),
            // `APT #4`, `STE #4`: the sign says nothing more.
            ("STE", _) if parts.last() == Some(&"STE") => {}
            (word, _) => parts.push(WORDS.street.get(word).copied().unwrap_or_else(|| without_ordinal(word))),
        }
    }
    let zip5: String = zip.chars().filter(char::is_ascii_digit).take(5).collect();
    let text = parts.join(" ");
    let is_placeholder = text.is_empty()
        || matches!(parts.first(), Some(&("0" | "00" | "000" | "99999" | "NONE" | "SAME" | "NULL")))
        || (0..tokens.len()).any(|at| says_no_place(tokens.get(at..).unwrap_or_default()));
    let key = if text.is_empty() { String::new() } else { format!("{text}|{zip5}") };
    MailKey { key, care_of: care_of.join(" "), is_placeholder }
}

/// `12 ELM ST, TULSA OK 74103-1234` into the street and the ZIP: state, and city behind a comma, are told by the ZIP.
/// Without a state before it a number at the end may be a box, so only ZIP+4 counts.
fn one_line(line: &str) -> (&str, &str) {
    let trimmed = line.trim_end();
    let at = trimmed.rfind(|c: char| !c.is_ascii_digit() && c != '-').map_or(0, |at| at + 1);
    let (head, zip) = trimmed.split_at_checked(at).unwrap_or((trimmed, ""));
    let is_zip5 = zip.len() == 5 && zip.bytes().all(|b| b.is_ascii_digit());
    let is_zip9 = zip.len() == 10 && zip.split_once('-').is_some_and(|(a, b)| a.len() == 5 && b.len() == 4);
    let head = head.trim_end_matches([' ', ',', '\n']);
    let state_at = head.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    let (before, state) = head.split_at_checked(state_at).unwrap_or((head, ""));
    if !WORDS.state.contains(state.to_ascii_uppercase().as_str()) {
        return if is_zip9 && head.contains(' ') { (head, zip) } else { (line, "") };
    }
    let before = before.trim_end_matches([' ', ',', '\n']);
    if !(is_zip5 || is_zip9) || before.is_empty() {
        return (line, "");
    }
    let city_at = before.rfind([',', '\n']);
    let city = city_at.and_then(|at| before.get(at + 1..)).unwrap_or("");
    let is_city = !city.is_empty() && !city.bytes().any(|b| b.is_ascii_digit() || b == b'#');
    (if is_city { city_at.and_then(|at| before.get(..at)).unwrap_or(before) } else { before }, zip)
}

/// `NO ADDRESS`, `UNKNOWN` and the like begin here.
fn says_no_place(tokens: &[&str]) -> bool {
    let begins = |phrase: &str| {
        let n = phrase.split(' ').count();
        tokens.len() >= n
            && phrase
                .split(' ')
                .zip(tokens)
                .enumerate()
                .all(|(at, (word, token))| if at + 1 < n { *token == word } else { token.starts_with(word) })
    };
    let first = tokens.first().and_then(|t| t.bytes().next());
    WORDS.placeholder.iter().any(|phrase| phrase.bytes().next() == first && begins(phrase))
}

/// Separates `ATTN ...` from the place, whether it stands before or behind the street.
fn cut_care_of<'a>(tokens: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let is_mark = |t: &str| matches!(t, "ATTN" | "ATTENTION" | "ATTN1");
    let Some(mark) = tokens.iter().position(|t| is_mark(t)) else {
        return (tokens.to_vec(), Vec::new());
    };
    let behind = tokens.get(mark + 1..).unwrap_or_default();
    let starts_place = |i: usize, t: &str| {
        let next = behind.get(i + 1).copied().unwrap_or_default();
        (t.starts_with(|c: char| c.is_ascii_digit()) && !next.is_empty() && !WORDS.agent.contains(next))
            || (t == "PO" && next == "BOX")
            || (t == "P" && next == "O")
            || t == "BOX"
    };
    if mark > 0 {
        return (tokens[..mark].to_vec(), behind.to_vec());
    }
    let start = behind.iter().enumerate().position(|(i, t)| starts_place(i, t)).unwrap_or(behind.len());
    (behind[start..].to_vec(), behind[..start].to_vec())
}

/// `27TH` is `27`: counties write numbered streets both ways.
fn without_ordinal(word: &str) -> &str {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    match word.get(digits.len()..) {
        Some("ST" | "ND" | "RD" | "TH") if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => digits,
        Some(_) | None => word,
    }
}

#[cfg(test)]
mod tests {
    use super::mail_key;

    #[test]
    fn spellings_of_one_place_meet() {
        for (line, zip, key) in [
            ("7211 South 27th Street", "68512-1234", "7211 S 27 ST|68512"),
            ("7211 S 27 ST|68512", "", "7211 S 27 ST|68512"),
            ("P.O. Box 12", "74101", "PO BOX 12|74101"),
            ("BOX 12", "74101", "PO BOX 12|74101"),
            ("100 Main St Suite 4", "74101", "100 MAIN ST STE 4|74101"),
            ("100 Main St #4", "74101", "100 MAIN ST STE 4|74101"),
            ("100 Main St, Apt # 4", "74101", "100 MAIN ST STE 4|74101"),
            ("12 Elm Street, Tulsa, OK 74103-1234", "", "12 ELM ST|74103"),
            ("12 ELM ST, TULSA OK 74103", "", "12 ELM ST|74103"),
            ("12 ELM ST TULSA OK 74103", "", "12 ELM ST TULSA|74103"),
            ("12 ELM ST\nTULSA, OK 74103", "", "12 ELM ST|74103"),
            ("12 ELM ST, STE 4, TULSA, OK 74103", "", "12 ELM ST STE 4|74103"),
            ("12 ELM ST 74103-1234", "", "12 ELM ST|74103"),
            ("PO BOX 74103", "", "PO BOX 74103|"),
            ("PO BOX 12, TULSA OK 74103", "", "PO BOX 12|74103"),
        ] {
            assert_eq!(mail_key(line, zip).key, key, "{line}");
        }
    }

    #[test]
    fn attention_text_is_kept_apart_from_the_street() {
        for line in ["ATTN: FIRST BANK 55 OAK ST", "C/O FIRST BANK 55 OAK ST", "55 OAK ST % FIRST BANK"] {
            let key = mail_key(line, "74101");
            assert_eq!((key.key.as_str(), key.care_of.as_str()), ("55 OAK ST|74101", "FIRST BANK"), "{line}");
        }
    }

    #[test]
    fn no_address_is_not_a_place() {
        for line in ["99999 **NO ADDRESS** ST", "", "  ", "UNKNOWN", "0 MAIN ST", "NONE"] {
            assert!(mail_key(line, "74101").is_placeholder, "{line}");
        }
        assert!(!mail_key("1 MAIN ST", "").is_placeholder);
    }
}
