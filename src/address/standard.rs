//! The Publication 28 line of an address, and the keys by which two spellings of one street are equal.

use std::fmt::Write;

use super::tables;
use crate::model::address::{Address, AddressNumber, Direction, Street};

/// The house number as Publication 28 writes it.
pub fn number_text(number: &AddressNumber) -> String {
    let mut text = String::new();
    if let Some(prefix) = &number.prefix {
        text.push_str(prefix);
    }
    // What was written of the figures, without a fraction or letter behind a blank.
    let figures = number.raw.split(' ').next().unwrap_or_default();
    match number.high {
        // Composite numbers and lists keep their digits as written (80-04, 113-115-117).
        Some(_) if number.low < 1000 && figures.contains('-') && !figures.contains('/') => {
            text.push_str(figures.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end_matches(".5"));
        }
        Some(high) => {
            let _written = write!(text, "{}-{high}", number.low);
        }
        None => {
            let _written = write!(text, "{}", number.low);
        }
    }
    match &number.suffix {
        Some(fraction) if fraction.contains('/') => {
            text.push(' ');
            text.push_str(fraction);
        }
        Some(letter) => text.push_str(letter),
        None => {}
    }
    if number.half {
        text.push_str(" 1/2");
    }
    text
}

/// The street as Publication 28 writes it; figures of numbered streets get their ordinal ending (`31 ST` is `31ST ST`).
pub fn street_text(street: &Street) -> String {
    let mut words: Vec<String> = Vec::with_capacity(6);
    words.extend(street.predirectional.map(|d| d.as_str().to_owned()));
    words.extend(street.premodifier.clone());
    words.extend(street.pretype.clone());
    if street.pretype.is_some() {
        words.push(street.street_name.clone());
    } else {
        words.push(numbered_name(&street.street_name, street.street_type.is_some()));
    }
    words.extend(street.street_type.clone());
    words.extend(street.postdirectional.map(|d| d.as_str().to_owned()));
    words.retain(|w| !w.is_empty());
    words.join(" ")
}

/// A figure that is the whole name, directions apart, gets its ending: `31` and `106 E`, not `5 MILE` or `CALLE 5`.
fn numbered_name(written: &str, has_type: bool) -> String {
    let name = &folded_name(written);
    let (first, rest) = name.split_once(' ').unwrap_or((name, ""));
    let is_inner = |w: &str| {
        w.is_empty()
            || w.contains('/')
            || tables::direction(w).is_some()
            || tables::street_type(w).is_some_and(|t| t.is_strong())
    };
    // "6430 S 3000 E" on a grid has no ending, and none is made up for it.
    let is_ordinal = has_type || written.split(' ').next() != Some(first);
    match (is_ordinal && rest.split(' ').all(is_inner), rest) {
        (false, _) => name.to_owned(),
        (true, "") => with_ordinal_ending(first),
        (true, rest) => format!("{} {rest}", with_ordinal_ending(first)),
    }
}

fn with_ordinal_ending(word: &str) -> String {
    let Some(figure) = word.parse::<u32>().ok().filter(|_| word.len() <= 3) else { return word.to_owned() };
    let ending = match (figure % 100, figure % 10) {
        (11..=13, _) => "TH",
        (_, 1) => "ST",
        (_, 2) => "ND",
        (_, 3) => "RD",
        _ => "TH",
    };
    format!("{figure}{ending}")
}

/// One line: number, street, units.
pub fn standard_form(address: &Address) -> String {
    let mut parts: Vec<String> = Vec::with_capacity(4);
    parts.extend(address.address_number.as_ref().map(number_text));
    parts.push(street_text(&address.street));
    if let Some(cross) = &address.cross_street {
        parts.push(format!("& {}", street_text(cross)));
    }
    for unit in &address.occupancy {
        let designator = if unit.occupancy_type.is_empty() { "#" } else { &unit.occupancy_type };
        // "3RD FLOOR" is FL 3.
        let floor = Some(&unit.occupancy_id).filter(|_| designator == "FL");
        let floor = floor.and_then(|id| tables::ordinal(id).or_else(|| tables::number_word(id)));
        let id = floor.map_or_else(|| unit.occupancy_id.clone(), |floor| floor.to_string());
        parts.push(format!("{designator} {id}").trim_end().to_owned());
    }
    if let Some(po_box) = &address.po_box {
        let is_route = matches!(address.street.pretype.as_deref(), Some("RR" | "HC"));
        parts.push(format!("{} {po_box}", if is_route { "BOX" } else { "PO BOX" }));
    }
    parts.retain(|p| !p.is_empty());
    parts.join(" ")
}

/// The name with number words and ordinals as figures, saints and common first words short, directions inside as one
/// letter: `TWENTY-FIRST`, `21ST` and `21` are `21`; `73RD EAST` is `73 E`; `SAINT LOUIS` and `ST LOUIS` are `ST LOUIS`.
pub fn folded_name(name: &str) -> String {
    let words: Vec<&str> = name.split([' ', '-']).filter(|w| !w.is_empty()).collect();
    let mut out = String::with_capacity(name.len());
    let mut index = 0;
    while let Some(word) = words.get(index) {
        if !out.is_empty() {
            out.push(' ');
        }
        index += 1;
        if let Some(figure) = tables::ordinal(word) {
            let _written = write!(out, "{figure}");
        } else if let Some((figure, behind)) = hundreds(&words, index - 1) {
            index = behind;
            let _written = write!(out, "{figure}");
        } else if let Some(mut figure) = tables::number_word(word) {
            let unit = words.get(index).and_then(|w| tables::number_word(w)).filter(|u| (1..10).contains(u));
            if let Some(unit) = unit.filter(|_| figure >= 20 && figure.is_multiple_of(10)) {
                figure += unit;
                index += 1;
            }
            let _written = write!(out, "{figure}");
        } else if let Some(figure) = word.strip_suffix("MILE").and_then(tables::number_word) {
            let _written = write!(out, "{figure} MILE");
        } else if let Some(figure) = glued_number(word) {
            let _written = write!(out, "{figure}");
        } else if words.len() > 1 {
            out.push_str(folded_word(word, index == 1));
        } else {
            // "SW BLVD" is Southwest Boulevard, but N Street is not North Street.
            let short = tables::direction(word).map(Direction::as_str).filter(|d| d.len() == 2);
            out.push_str(short.unwrap_or(word));
        }
    }
    out
}

/// `TWENTYTHIRD`: tens and units in one word.
fn glued_number(word: &str) -> Option<u32> {
    let at = word.find("TY")? + 2;
    let tens = tables::number_word(word.get(..at)?)?;
    tables::number_word(word.get(at..)?).filter(|unit| (1..10).contains(unit)).map(|unit| tens + unit)
}

/// `ONE HUNDRED AND FIRST`, `TWO HUNDRED TWENTY SECOND`: the figure and the index behind the words that `at` begins.
fn hundreds(words: &[&str], at: usize) -> Option<(u32, usize)> {
    let number = |i: usize| words.get(i).and_then(|w| tables::number_word(w));
    let is_hundred = words.get(at + 1).is_some_and(|w| matches!(*w, "HUNDRED" | "HUNDREDTH"));
    let mut figure = number(at).filter(|n| is_hundred && (1..10).contains(n))? * 100;
    let mut behind = at + 2;
    let next = behind + usize::from(words.get(behind) == Some(&"AND"));
    if let Some(more) = number(next) {
        (figure, behind) = (figure + more, next + 1);
        if let Some(unit) = number(behind).filter(|u| more >= 20 && more.is_multiple_of(10) && (1..10).contains(u)) {
            (figure, behind) = (figure + unit, behind + 1);
        }
    }
    Some((figure, behind))
}

fn folded_word(word: &str, is_first: bool) -> &str {
    match word {
        "SAINT" | "STE" | "SAINTE" => "ST",
        "MOUNT" if is_first => "MT",
        "FORT" if is_first => "FT",
        "DOCTOR" if is_first => "DR",
        "MARTIN" | "LUTHER" | "JR" => word,
        _ => tables::direction(word).map_or(word, |d| d.as_str()),
    }
}

/// A key that is equal for all spellings of one street: directions, class, folded name, type.
/// `predirectional|pretype|name|type|postdirectional`, empty parts left empty.
pub fn street_key(street: &Street) -> String {
    let mut key = String::with_capacity(32);
    key.push_str(street.predirectional.map_or("", Direction::as_str));
    key.push('|');
    let pretype = street.pretype.as_deref().unwrap_or("");
    // The class of a highway is named loosely ("HWY 20" is "STATE HWY 20"): one key, the class is compared apart.
    key.push_str(super::highway::class_key(pretype));
    key.push('|');
    if street.premodifier.is_some() {
        key.push_str("OLD ");
    }
    key.push_str(&core_name(&street.street_name));
    key.push('|');
    key.push_str(compared_type(street).unwrap_or(""));
    key.push('|');
    key.push_str(street.postdirectional.map_or("", Direction::as_str));
    key
}

/// The street type as compared: `FM 1960 RD` is FM 1960, `US 31 HWY` is US 31.
pub fn compared_type(street: &Street) -> Option<&str> {
    let kind = street.street_type.as_deref()?;
    let class = super::highway::class_key(street.pretype.as_deref().unwrap_or(""));
    let is_named_twice = matches!((class, kind), ("FM" | "RM", "RD") | ("HWY", "HWY"));
    (!is_named_twice).then_some(kind)
}

/// The class of a numbered road as compared: `STATE HWY`, `NC HWY`, `RTE`, `US` are all `HWY`; `CR` is `COUNTY RD`.
pub fn road_class(pretype: &str) -> &str {
    super::highway::class_key(pretype)
}

/// A street type word as its Publication 28 abbreviation and in full: `AV` is (`AVE`, `AVENUE`).
pub fn type_words(word: &str) -> Option<(&'static str, &'static str)> {
    tables::street_type(word).map(|t| (t.canonical, t.full))
}

/// The folded name with Martin Luther King in one form.
pub fn core_name(name: &str) -> String {
    let folded = folded_name(name);
    match plain_person(&folded) {
        "MARTIN LUTHER KING" | "MARTIN L KING" | "M LUTHER KING" | "ML KING" | "M L KING" | "MLK" | "M L K" => {
            "MLK".to_owned()
        }
        // One of the three misspelt or short.
        person if is_king(person) => "MLK".to_owned(),
        "JOHN F KENNEDY" | "J F KENNEDY" | "JOHN FITZGERALD KENNEDY" | "JOHN KENNEDY" => "JFK".to_owned(),
        "EYE" => "I".to_owned(),
        _ => with_full_types(&folded),
    }
}

/// `MARTIEN LUTHER KING`, `MARTIN LTHER KING`.
fn is_king(name: &str) -> bool {
    let mut words = name.split(' ');
    let three = [words.next(), words.next(), words.next()];
    words.next().is_none() && three[2] == Some("KING") && (three[0] == Some("MARTIN") || three[1] == Some("LUTHER"))
}

/// A person's name without what stands before and behind it.
fn plain_person(name: &str) -> &str {
    let mut name = name;
    for title in ["THE ", "REV ", "REVEREND ", "DR "] {
        name = name.strip_prefix(title).unwrap_or(name);
    }
    [" JUNIOR", " JR"].iter().find_map(|tail| name.strip_suffix(tail)).unwrap_or(name)
}

/// Type words inside a name are cut short as often as those behind it (`VALLEY VIEW`, `VLY VIEW`); in full, so that a
/// misspelt one is still near (`PRARIE`).
fn with_full_types(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut words = name.split(' ').peekable();
    while let Some(word) = words.next() {
        // LA, VIA and ST are articles, ways and saints here; a saint has a name behind it ("41 ST" of "41 ST CT").
        let is_kept = matches!(word, "LA" | "VIA") || (word == "ST" && (out.is_empty() || words.peek().is_some()));
        if !out.is_empty() {
            out.push(' ');
        }
        let is_spanish = out.is_empty() && matches!(word, "AVENIDA" | "AVDA" | "AVNDA");
        let word = if is_spanish { "AVENUE" } else { word };
        let full = tables::street_type(word).filter(|_| !is_kept).map_or(word, |t| t.full);
        out.push_str(full);
    }
    out
}
