//! Numbered roads, where the type stands before the name: `HWY 64 ALT`, `STATE HIGHWAY 20`, `COUNTY RD 150`, `US 75`.
//!
//! The canonical form keeps class and number: pretype `STATE HWY`, name `20`. `266 COUNTY RD` (number before the class)
//! and `HWY 20` (class unknown) get the same key as the full form as far as the text allows.

use super::tables;
use super::tokens::Token;
use crate::model::address::Street;

/// Longest run of words that names a road class.
const CLASS_WORDS_MAX: usize = 3;

fn class_of(words: &str) -> Option<&'static str> {
    Some(match words {
        "HWY" | "HIGHWAY" | "HY" | "HWAY" | "HYW" | "HIWAY" => "HWY",
        "US" | "US HWY" | "US HIGHWAY" | "U S HWY" | "U S HIGHWAY" | "U S" | "US ROUTE" | "US RTE" | "USH"
        | "US RT" | "FEDERAL HWY" => "US HWY",
        "STATE HWY" | "STATE HIGHWAY" | "ST HWY" | "ST HIGHWAY" | "SH" | "STH" | "STATE HY" => "STATE HWY",
        "STATE ROAD" | "STATE RD" | "SR" | "ST RD" | "STATE ROUTE" | "STATE RTE" | "ST RTE" | "ST RT" | "STATE RT"
        | "ST ROUTE" => "STATE RTE",
        "COUNTY ROAD" | "COUNTY RD" | "CO RD" | "CR" | "CNTY RD" | "CO ROAD" | "CTY RD" | "COUNRY RD" | "CNTY ROAD"
        | "CTH" => "COUNTY RD",
        "COUNTY HWY" | "COUNTY HIGHWAY" | "CO HWY" | "CNTY HWY" | "CTY HWY" => "COUNTY HWY",
        "ROUTE" | "RTE" | "RT" => "RTE",
        "RURAL ROUTE" | "RR" => "RR",
        "INTERSTATE" | "I" | "INTERSTATE HWY" => "I",
        "FM" | "FARM TO MARKET" | "FM RD" | "FARM TO MARKET RD" | "FM ROAD" => "FM",
        "TOWNSHIP ROAD" | "TOWNSHIP RD" | "TWP RD" | "TWP ROAD" => "TWP RD",
        _ => return None,
    })
}

fn road_number(word: &str) -> bool {
    let (digits, rest) = super::number::split_digits(word.strip_prefix("N-").unwrap_or(word));
    (!digits.is_empty() && digits.len() <= 4 && rest.len() <= 2 && !matches!(rest, "ST" | "ND" | "RD" | "TH"))
        || (word.len() <= 2 && word.bytes().all(|b| b.is_ascii_uppercase()) && tables::direction(word).is_none())
}

/// Reads a numbered road from the front of `tokens`, or a reversed one that is all of them; leaves the place behind it.
pub(crate) fn read(tokens: &mut Vec<Token>) -> Option<Street> {
    split_glued(tokens);
    let mut street = Street::default();
    let mut start = 0;
    let has_direction = tokens.first().is_some_and(|t| tables::direction(&t.text).is_some());
    if has_direction && tokens.len() > 2 {
        street.predirectional = tokens.first().and_then(|t| tables::direction(&t.text));
        start = 1;
    }
    let (class, class_len) = (1..=CLASS_WORDS_MAX).rev().find_map(|n| {
        let words = super::parse::join(tokens.get(start..start + n)?);
        class_of(&words).map(|class| (class, n))
    })?;
    let at = start + class_len;
    let number = tokens.get(at).map(|t| t.text.clone()).filter(|w| road_number(w))?;
    // "CR A" and "I ST" are too short to trust when a type follows.
    let letters_only = number.bytes().all(|b| b.is_ascii_uppercase());
    let type_follows = tokens.get(at + 1).is_some_and(|t| tables::street_type(&t.text).is_some_and(|x| x.is_strong));
    if letters_only && (type_follows || !matches!(class, "COUNTY RD" | "COUNTY HWY" | "STATE HWY" | "HWY")) {
        return None;
    }
    if type_follows
        && matches!(class, "I" | "HWY" | "RTE" | "RR")
        && tokens.get(at + 1).is_some_and(|t| t.text != "HWY")
    {
        return None;
    }
    street.pretype = Some(class.to_owned());
    street.street_name = number;
    let mut behind = tokens.split_off(at + 1);
    if behind
        .first()
        .is_some_and(|t| matches!(t.text.as_str(), "ALT" | "BUS" | "BUSINESS" | "LOOP" | "SPUR" | "BYP" | "BYPASS"))
    {
        let word = behind.remove(0).text;
        let short = match word.as_str() {
            "BUSINESS" => "BUS",
            "BYPASS" => "BYP",
            other => other,
        };
        street.street_name = format!("{} {short}", street.street_name);
    }
    if behind.first().is_some_and(|t| !t.after_comma && tables::direction(&t.text).is_some()) {
        street.postdirectional = tables::direction(&behind.remove(0).text);
    }
    *tokens = behind;
    Some(street)
}

/// `US-75`, `I-244`, `HWY-20`, `SH20` are two words.
fn split_glued(tokens: &mut Vec<Token>) {
    for index in 0..tokens.len().min(3) {
        let word = tokens[index].text.clone();
        let Some((class, number)) = word.split_once('-') else { continue };
        if class_of(class).is_some() && road_number(number) && number.starts_with(|c: char| c.is_ascii_digit()) {
            let after_comma = tokens[index].after_comma;
            tokens[index] = Token { text: class.to_owned(), after_comma };
            tokens.insert(index + 1, Token { text: number.to_owned(), after_comma: false });
            return;
        }
    }
}
