//! Numbered roads, where the type stands before the name: `HWY 64 ALT`, `STATE HIGHWAY 20`, `COUNTY RD 150`, `US 75`.
//!
//! The pretype keeps the class as the text names it, word by word in Publication 28 form (`NC HWY`, `COUNTY RD`);
//! [`class_key`] folds the classes that people use for one road.

use super::tables;
use super::tokens::{Gap, Shape, Tokens, is_ordinal_ending, split_digits};
use crate::model::address::Street;

/// Longest run of words that names a road class.
const CLASS_WORDS_MAX: usize = 4;

/// Class words and their Publication 28 (appendix F) form.
fn class_of(words: &str) -> Option<&'static str> {
    Some(match words {
        "HWY" | "HIGHWAY" | "HY" | "HWAY" | "HYW" | "HIWAY" | "HGWY" => "HWY",
        "US" | "U S" => "US",
        "US HWY"
        | "US HIGHWAY"
        | "U S HWY"
        | "U S HIGHWAY"
        | "USH"
        | "FEDERAL HWY"
        | "US HY"
        | "UNITED STATES HWY"
        | "UNITED STATES HIGHWAY" => "US HWY",
        "US ROUTE" | "US RTE" | "US RT" => "US RTE",
        "STATEHWY" | "STATEHIGHWAY" | "STATE HWY" | "STATE HIGHWAY" | "ST HWY" | "ST HIGHWAY" | "SH" | "STH"
        | "STATE HY" => "STATE HWY",
        "STATEROAD" | "STATERD" | "STATE ROAD" | "STATE RD" | "ST RD" | "ST ROAD" => "STATE RD",
        "STATE ROUTE" | "STATE RTE" | "ST RTE" | "ST RT" | "STATE RT" | "ST ROUTE" => "STATE RTE",
        "SR" => "SR",
        "CR" => "CR",
        "COUNTYROAD" | "COUNTYRD" | "COUNTY ROAD" | "COUNTY RD" | "CO RD" | "CNTY RD" | "CO ROAD" | "CTY RD"
        | "COUNRY RD" | "CNTY ROAD" | "CTY ROAD" => "COUNTY RD",
        "COUNTY RTE" | "COUNTY ROUTE" | "CO RTE" | "CO RT" | "COUNTY RT" | "CNTY RTE" => "COUNTY RTE",
        "COUNTRY ROAD" | "COUNTRY RD" => "COUNTRY RD",
        "COUNTY HWY"
        | "COUNTY HIGHWAY"
        | "CO HWY"
        | "CNTY HWY"
        | "CTY HWY"
        | "CTH"
        | "CO HIGHWAY"
        | "COUNTY TRUNK"
        | "COUNTY TRUNK HWY"
        | "COUNTY TRUNK HIGHWAY"
        | "CTY TRUNK"
        | "COUNTY TRK"
        | "CTY TRK"
        | "CO TRUNK"
        | "CSAH" => "COUNTY HWY",
        "ROUTE" | "RTE" | "RT" => "RTE",
        "RURAL ROUTE" | "RR" => "RR",
        "IH" => "IH",
        "INTERSTATE" | "I" | "INTERSTATE HWY" | "INTERSTATE HIGHWAY" => "I",
        "FM"
        | "FARM TO MARKET"
        | "FM RD"
        | "FARM MARKET"
        | "FM ROAD"
        | "FARM RD"
        | "FARM ROAD"
        | "FARM TO MARKET RD"
        | "FARM TO MARKET ROAD"
        | "FARM MARKET RD"
        | "FARM MARKET ROAD"
        | "FARM-TO-MARKET"
        | "FARM-TO-MARKET RD"
        | "FARM-TO-MARKET ROAD" => "FM",
        "RM" | "RM RD" | "RM ROAD" | "RANCH TO MARKET" | "RANCH TO MARKET RD" | "RANCH TO MARKET ROAD" => "RM",
        "BUSINESS" | "BUS" => "BUS",
        "ROAD" | "RD" => "RD",
        "STATE HIGHWAY RT" => "STATE HWY",
        "LOOP" => "LOOP",
        _ => return lesser_class_of(words),
    })
}

/// Roads of townships, parishes, forests, reservations and private ones, loops and spurs.
fn lesser_class_of(words: &str) -> Option<&'static str> {
    Some(match words {
        "TOWNSHIP ROAD" | "TOWNSHIP RD" | "TWP RD" | "TWP ROAD" | "TR" => "TWP RD",
        "RANCH ROAD" | "RANCH RD" => "RANCH RD",
        "PRIVATE ROAD" | "PRIVATE RD" | "PVT RD" | "PVT ROAD" | "PR" => "PVT RD",
        "BIA" | "BIA RTE" | "BIA ROUTE" | "BIA RT" | "BIA RD" | "BIA ROAD" | "BIA HWY" | "BIA HIGHWAY" => "BIA RTE",
        "CARR" | "CARRETERA" | "CARR ESTATAL" => "CARR",
        "STATE LOOP" | "ST LOOP" => "STATE LOOP",
        "SPUR" | "STATE SPUR" => "SPUR",
        "PARISH ROAD" | "PARISH RD" => "PARISH RD",
        "CITY HWY" | "CITY HIGHWAY" => "CITY HWY",
        "FOREST ROAD"
        | "FOREST RD"
        | "FOREST SERVICE RD"
        | "FOREST SERVICE ROAD"
        | "FS RD"
        | "FS ROAD"
        | "FOREST SVC RD"
        | "FOREST SVC ROAD" => "FOREST RD",
        _ => return None,
    })
}

/// The class as compared: the ways in which people name one road are one (`HWY 20` is `STATE HIGHWAY 20`).
pub(crate) fn class_key(pretype: &str) -> &str {
    match pretype {
        "" => "",
        "COUNTY RD" | "CR" | "COUNTY HWY" | "COUNTRY RD" | "COUNTY RTE" => "COUNTY RD",
        "LOOP" | "STATE LOOP" => "LOOP",
        "RANCH RD" => "RM",
        "IH" => "I",
        "I" | "FM" | "RM" | "RR" | "TWP RD" | "FOREST RD" | "RD" => pretype,
        "US" | "US HWY" | "US RTE" | "HWY" | "RTE" | "SR" | "BUS" | "BIA RTE" | "CARR" => "HWY",
        other if other.starts_with("STATE ") => "HWY",
        // "ANDERSON COUNTY RD 312" is a county road of the county at hand.
        other if other.ends_with(" COUNTY RD") || other.ends_with(" COUNTY HWY") => "COUNTY RD",
        other => {
            let (first, rest) = other.split_once(' ').unwrap_or((other, ""));
            let is_state = tables::state(first).is_some() || matches!(first, "M" | "K" | "SCENIC" | "NEW" | "NATIONAL");
            // "NEW MEXICO HWY": the state has two words.
            let is_long = other.rsplit_once(' ').is_some_and(|(state, _)| tables::state(state).is_some());
            if is_state && matches!(rest, "" | "HWY" | "RTE" | "RD") || is_long { "HWY" } else { other }
        }
    }
}

fn is_road_number(tokens: &Tokens, at: usize) -> bool {
    let word = tokens.word(at);
    match tokens.at(at).shape {
        Shape::Digits => word.len() <= 4,
        Shape::DigitsLetter => word.len() <= 5,
        Shape::Mixed => word.starts_with("N-") || (word.len() <= 4 && word.bytes().any(|b| b.is_ascii_digit())),
        // "HWY 20/26"
        Shape::DigitsPair => word.len() <= 7,
        Shape::Word | Shape::Letter | Shape::Ordinal | Shape::Fraction | Shape::Hash | Shape::And => false,
    }
}

/// Letters that name a road in some states (`COUNTY ROAD DV`, `COUNTY ROAD ZZZ`).
fn is_road_letters(tokens: &Tokens, at: usize) -> bool {
    let word = tokens.word(at);
    let is_double = word.bytes().all(|b| Some(b) == word.bytes().next());
    let is_letters = matches!(tokens.at(at).shape, Shape::Letter | Shape::Word);
    let entry = tokens.at(at).entry;
    is_letters
        && !word.is_empty()
        && (word.len() <= 2 || (word.len() == 3 && is_double))
        && entry.street_type.is_none_or(|t| !t.is_strong())
        && !(entry.direction.is_some() && word.len() == 2)
}

/// `S R 4`, `C R 150`: the letters of a class with a blank between them, and a number that ends the street.
fn read_spaced_class(tokens: &Tokens, at: usize, hi: usize) -> Option<(String, usize)> {
    let is_letters = tokens.at(at).shape == Shape::Letter && tokens.at(at + 1).shape == Shape::Letter;
    let is_numbered = is_letters && at + 2 < hi && tokens.at(at + 2).shape == Shape::Digits;
    let goes_on = at + 3 < hi && tokens.at(at + 3).entry.direction.is_none();
    if !is_numbered || goes_on || tokens.at(at + 1).gap != Gap::Blank || tokens.word(at + 2).len() > 4 {
        return None;
    }
    let class = match tokens.span(at..at + 2) {
        "S R" => "SR",
        "C R" => "CR",
        "S H" => "STATE HWY",
        "T R" => "TWP RD",
        "F M" => "FM",
        "R M" => "RM",
        _ => return None,
    };
    Some((class.to_owned(), at + 2))
}

/// A road class at `at`: its form and the index behind it.
fn read_class(tokens: &Tokens, at: usize, hi: usize) -> Option<(String, usize)> {
    let entry = tokens.at(at).entry;
    // Michigan and Kansas write M-89 and K-10.
    let is_last = at + 2 == hi || (at + 3 == hi && matches!(tokens.word(at + 2), "HWY" | "HIGHWAY"));
    if matches!(tokens.word(at), "M" | "K") && tokens.at(at + 1).shape == Shape::Digits && is_last {
        return Some((tokens.word(at).to_owned(), at + 1));
    }
    if entry.state.is_some() && tokens.word(at).len() == 2 {
        let code = tokens.word(at);
        let form = match tokens.word(at + 1) {
            "HWY" | "HIGHWAY" | "HY" => Some("HWY"),
            "RTE" | "ROUTE" | "RT" => Some("RTE"),
            _ => None,
        };
        // "CO HWY F" is a county's, not Colorado's.
        let is_county = code == "CO" && matches!(tokens.at(at + 2).shape, Shape::Letter | Shape::Word);
        if let Some(form) = form.filter(|_| at + 2 < hi && !is_county) {
            return Some((format!("{code} {form}"), at + 2));
        }
        if !entry.is_road_class {
            // "LA 1" and "KY 80", which are also a lane and a key, only where the number ends the street.
            let behind = at + 2 + usize::from(tokens.at(at + 2).entry.direction.is_some());
            let is_plain = tokens.at(at + 1).shape == Shape::Digits && (entry.street_type.is_none() || behind >= hi);
            return is_plain.then(|| (code.to_owned(), at + 1));
        }
    }
    if !entry.is_road_class {
        return misspelt_class(tokens, at, hi);
    }
    (1..=CLASS_WORDS_MAX)
        .rev()
        .filter(|n| at + n < hi)
        .find_map(|n| class_of(tokens.span(at..at + n)).map(|class| (class.to_owned(), at + n)))
}

/// `COUTY ROAD 306`, `HIHGWAY 12`: one letter missing, doubled, wrong or swapped; the number behind it leaves no doubt.
fn misspelt_class(tokens: &Tokens, at: usize, hi: usize) -> Option<(String, usize)> {
    let word = tokens.word(at);
    let is_near = |whole: &str| {
        tokens.at(at).shape == Shape::Word
            && word.len().abs_diff(whole.len()) <= 1
            && strsim::osa_distance(word, whole) == 1
    };
    let ends = |at: usize| at + 1 >= hi || tokens.at(at + 1).entry.direction.is_some();
    let is_number = |at: usize| at < hi && tokens.at(at).shape == Shape::Digits;
    let is_road = matches!(tokens.word(at + 1), "RD" | "ROAD");
    let is_named = is_number(at + 2) || (at + 2 < hi && ends(at + 2) && tokens.at(at + 2).shape == Shape::Letter);
    if word.starts_with('C') && is_road && is_named && (word == "COUNT" || is_near("COUNTY")) {
        return Some(("COUNTY RD".to_owned(), at + 2));
    }
    (is_number(at + 1) && ends(at + 1) && is_near("HIGHWAY")).then(|| ("HWY".to_owned(), at + 1))
}

/// County roads of Texas under the letters of their county: `VZ CR 1234`, `VZCR 1234`, `ACR 112`.
fn read_lettered_county(tokens: &Tokens, at: usize, hi: usize) -> Option<(String, usize)> {
    let word = tokens.word(at);
    let is_known = |i: usize| {
        let entry = tokens.at(i).entry;
        entry.direction.is_some() || entry.street_type.is_some() || entry.state.is_some() || entry.unit.is_some()
    };
    let is_word = tokens.at(at).shape == Shape::Word && !is_known(at);
    let has_number =
        |i: usize| i + 1 == hi && tokens.at(i).shape == Shape::Digits && (2..=4).contains(&tokens.word(i).len());
    if is_word && word.len() == 2 && tokens.word(at + 1) == "CR" && has_number(at + 2) {
        return Some((format!("{word} COUNTY RD"), at + 2));
    }
    let is_glued = is_word && (3..=4).contains(&word.len()) && word.ends_with("CR") && has_number(at + 1);
    is_glued.then(|| (format!("{} COUNTY RD", &word[..word.len() - 2]), at + 1))
}

/// A class with a word before it: `ANDERSON COUNTY RD 312`, `INDIANA HIGHWAY 212`, `SCENIC HWY 98`.
fn read_named_class(tokens: &Tokens, at: usize, hi: usize) -> Option<(String, usize)> {
    if !(at + 1..at + 3).any(|i| tokens.at(i).entry.is_road_class) {
        return None;
    }
    let is_word = |i: usize| {
        let token = tokens.at(i);
        token.shape == Shape::Word && token.gap == Gap::Blank && token.entry.street_type.is_none_or(|t| t.strength == 1)
    };
    let n_words = (1..=2).find(|n| {
        at + n + 2 < hi && (at..at + n).all(is_word) && matches!(tokens.word(at + n), "COUNTY" | "CO" | "CNTY" | "CTY")
    });
    if let Some(n) = n_words {
        let (class, end) = read_class(tokens, at + n, hi)?;
        let is_county = matches!(class.as_str(), "COUNTY RD" | "COUNTY HWY");
        return (is_county && tokens.at(end).shape == Shape::Digits)
            .then(|| (format!("{} {class}", tokens.span(at..at + n)), end));
    }
    let n = (1..=2).find(|n| {
        let words = tokens.span(at..at + n);
        let is_state = if *n == 1 { tokens.at(at).entry.state.is_some() } else { tables::state(words).is_some() };
        words.len() > 2 && is_state || matches!(words, "SCENIC" | "NEW" | "NATIONAL")
    })?;
    let form = match tokens.word(at + n) {
        "HWY" | "HIGHWAY" => "HWY",
        "RTE" | "ROUTE" | "RT" => "RTE",
        _ => return None,
    };
    let is_numbered = at + n + 1 < hi && matches!(tokens.at(at + n + 1).shape, Shape::Digits | Shape::DigitsLetter);
    is_numbered.then(|| (format!("{} {form}", tokens.span(at..at + n)), at + n + 1))
}

/// Reads a numbered road from the front of `lo..hi` (a direction may precede); returns the index behind the number.
pub(crate) fn read(tokens: &Tokens, lo: usize, hi: usize) -> Option<(Street, usize)> {
    let mut street = Street::default();
    let mut at = lo;
    // "NORTH CAROLINA HWY 39" has no direction.
    let is_state = tokens.at(lo + 1).entry.ends_state && tables::state(tokens.span(lo..lo + 2)).is_some();
    let spaced = read_spaced_class(tokens, lo, hi);
    let is_class = is_state || spaced.is_some();
    let direction = tokens.at(at).entry.direction.filter(|_| lo + 2 < hi && tokens.word(at) != "STH" && !is_class);
    if let Some(direction) = direction {
        street.predirectional = Some(direction);
        at += 1;
    }
    if tokens.word(at) == "OLD" && at + 2 < hi {
        street.premodifier = Some("OLD".to_owned());
        at += 1;
    }
    // "ALT HWY 64", "BUSINESS US 60": as behind the number.
    let modifier = match tokens.word(at) {
        "ALT" | "ALTERNATE" => " ALT",
        "BUS" | "BUSINESS" => " BUS",
        "BYP" | "BYPASS" => " BYP",
        _ => "",
    };
    let is_before = !modifier.is_empty() && at + 2 < hi && tokens.at(at + 1).entry.is_road_class;
    at += usize::from(is_before);
    let (class, class_end) = spaced
        .or_else(|| read_class(tokens, at, hi))
        .or_else(|| read_lettered_county(tokens, at, hi))
        .or_else(|| read_named_class(tokens, at, hi))
        .or_else(|| read_spaced_class(tokens, at, hi))?;
    // "HWY NO 70", "COUNTY ROAD # 5".
    let is_sign =
        tokens.at(class_end).shape == Shape::Hash || matches!(tokens.word(class_end), "NO" | "NUMBER" | "NUM");
    let mut number_at = class_end + usize::from(is_sign && class_end + 1 < hi);
    // "CR NE 2020"
    let inner = tokens.at(class_end).entry.direction.filter(|_| {
        matches!(class.as_str(), "CR" | "COUNTY RD")
            && street.predirectional.is_none()
            && !is_sign
            && class_end + 1 < hi
            && tokens.at(class_end + 1).shape == Shape::Digits
    });
    if inner.is_some() {
        street.predirectional = inner;
        number_at += 1;
    }
    if number_at >= hi || !is_name_of_road(tokens, &class, number_at, hi) || tokens.at(number_at).gap == Gap::Comma {
        return None;
    }
    street.street_name = tokens.word(number_at).to_owned();
    street.pretype = Some(class);
    if is_before {
        street.street_name.push_str(modifier);
        return Some((street, number_at + 1));
    }
    let end = read_modifiers(tokens, number_at + 1, hi, &mut street);
    Some((street, end))
}

/// True when the word at `at` can be the number or letters of a road of this class.
fn is_name_of_road(tokens: &Tokens, class: &str, at: usize, hi: usize) -> bool {
    let next = tokens.at(at + 1).entry;
    let type_follows = at + 1 < hi && next.street_type.is_some_and(|t| t.is_strong()) && next.direction.is_none();
    let word = tokens.word(at);
    let is_letters = match class {
        "COUNTY RD" | "COUNTY HWY" | "STATE HWY" => is_road_letters(tokens, at),
        "CR" => is_road_letters(tokens, at) && at + 1 == hi,
        // Missouri names its supplementary routes by one letter or a doubled one.
        "HWY" | "RTE" | "STATE RTE" | "STATE RD" | "MO RTE" | "MO HWY" => {
            is_road_letters(tokens, at) && word.bytes().all(|b| Some(b) == word.bytes().next())
        }
        _ => false,
    };
    let is_word = tokens.at(at).entry.number.is_some()
        && !matches!(class, "I" | "IH" | "BUS" | "RD" | "SR" | "CR" | "LOOP" | "SPUR" | "PVT RD");
    let is_number = match class {
        "LOOP" | "SPUR" | "PVT RD" => {
            tokens.at(at).shape == Shape::Digits && (2..=4).contains(&word.len()) && !type_follows
        }
        "I" | "IH" | "RR" | "BUS" | "RD" => is_road_number(tokens, at) && !type_follows,
        _ => is_road_number(tokens, at),
    };
    is_number || (!type_follows && (is_letters || is_word))
}

/// What follows the number: `ALT`, `BUSINESS`, `BYPASS`, `S SERVICE RD`; returns the index behind it.
fn read_modifiers(tokens: &Tokens, from: usize, hi: usize, street: &mut Street) -> usize {
    let mut end = from;
    let is_open = |i: usize| i < hi && tokens.at(i).gap == Gap::Blank;
    // "COUNTY RD 12 1/2" runs between two others.
    if is_open(end) && tokens.at(end).shape == Shape::Fraction {
        street.street_name.push(' ');
        street.street_name.push_str(tokens.word(end));
        end += 1;
    }
    // "US 31 HWY": the type says nothing more.
    if is_open(end) && class_of(tokens.word(end)) == Some("HWY") {
        street.street_type = Some("HWY".to_owned());
        return end + 1;
    }
    let modifier = match tokens.word(end) {
        "ALT" | "ALTERNATE" => "ALT",
        "BUS" | "BUSINESS" | "BUSN" | "BSNSS" => "BUS",
        "BYP" | "BYPASS" => "BYP",
        "SPUR" => "SPUR",
        "LOOP" => "LOOP",
        "TRUCK" => "TRUCK",
        _ => "",
    };
    if is_open(end) && !modifier.is_empty() {
        street.street_name.push(' ');
        street.street_name.push_str(modifier);
        end += 1;
        let is_repeated = modifier == "BUS" && matches!(tokens.word(end), "RTE" | "ROUTE" | "RT");
        end += usize::from(is_open(end) && is_repeated);
        let kind = match tokens.word(end) {
            "RD" | "ROAD" => "RD",
            // "US 70 BUS HWY"
            "HWY" | "HIGHWAY" => "HWY",
            _ => "",
        };
        if is_open(end) && !kind.is_empty() {
            street.street_type = Some(kind.to_owned());
            end += 1;
        }
        return end;
    }
    // Houston writes "FM 1960 RD": the type says nothing more.
    if matches!(street.pretype.as_deref(), Some("FM" | "RM"))
        && is_open(end)
        && matches!(tokens.word(end), "RD" | "ROAD")
    {
        street.street_type = Some("RD".to_owned());
        return end + 1;
    }
    if let Some(second) = second_number(tokens, end, hi) {
        street.street_name.push_str(" & ");
        street.street_name.push_str(second);
        return end + 2;
    }
    // Roads beside a highway: "I 49 S SERVICE RD", "HWY 71 FRONTAGE RD".
    let at = end + usize::from(is_open(end) && tokens.at(end).entry.direction.is_some());
    let beside = match tokens.word(at) {
        "SERVICE" | "SVC" | "SERV" => "SERVICE",
        "FRONTAGE" | "FRTG" | "FRONT" => "FRONTAGE",
        "ACCESS" => "ACCESS",
        "FEEDER" => "FEEDER",
        "OUTER" => "OUTER",
        _ => return end,
    };
    if !is_open(at) || !is_open(at + 1) || !matches!(tokens.word(at + 1), "RD" | "ROAD") {
        return end;
    }
    if let Some(direction) = tokens.at(end).entry.direction.filter(|_| at > end) {
        street.street_name.push(' ');
        street.street_name.push_str(direction.as_str());
    }
    street.street_name.push(' ');
    street.street_name.push_str(beside);
    street.street_type = Some("RD".to_owned());
    at + 2
}

/// The other number of a road that bears two: `HIGHWAY 6 & 24`, `HWY 6 AND 34`.
fn second_number(tokens: &Tokens, at: usize, hi: usize) -> Option<&str> {
    let is_and = tokens.at(at).shape == Shape::And || tokens.word(at) == "AND";
    let is_second = is_and && tokens.at(at + 1).shape == Shape::Digits && at + 1 < hi;
    let is_road = is_second && tokens.word(at + 1).len() <= 3 && tokens.at(at + 2).entry.street_type.is_none();
    is_road.then(|| tokens.word(at + 1))
}

/// `266 COUNTY RD`: the number of the road before its class, all of `lo..hi`.
pub(crate) fn read_reversed(tokens: &Tokens, lo: usize, hi: usize) -> Option<Street> {
    if hi < lo + 3 || tokens.at(lo).shape != Shape::Digits || !tokens.at(lo + 1).entry.is_road_class {
        return None;
    }
    let (digits, ending) = split_digits(tokens.word(lo));
    let class = class_of(tokens.span(lo + 1..hi))
        .filter(|c| matches!(*c, "COUNTY RD" | "COUNTY HWY" | "STATE HWY" | "US HWY"))?;
    let is_number = digits.len() <= 4 && (ending.is_empty() || is_ordinal_ending(ending));
    is_number.then(|| Street { pretype: Some(class.to_owned()), street_name: digits.to_owned(), ..Street::default() })
}
