//! How steady the address parser is: `perturb_address LABELLED.jsonl ...` rewrites each line in ways that do not change
//! the address and prints how often the key stays the same.
#![allow(clippy::print_stdout, reason = "a measuring program")]

use taptrace::address;
use taptrace::model::address::Address;

fn key(text: &str) -> String {
    address::parse(text).readings.first().map(address::address_key).unwrap_or_default()
}

fn tail(address: &Address, comma: &str) -> String {
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    let (place, state, zip) = (part(&address.place), part(&address.state), part(&address.zip));
    format!("{comma} {place}{comma} {state} {zip}").trim_end().to_owned()
}

/// Spells types and directions out, as far as the standard form ends in them.
fn in_full(standard: &str) -> String {
    let full = |word: &str| {
        let long = match word {
            "N" => "NORTH",
            "S" => "SOUTH",
            "E" => "EAST",
            "W" => "WEST",
            "NE" => "NORTHEAST",
            "NW" => "NORTHWEST",
            "SE" => "SOUTHEAST",
            "SW" => "SOUTHWEST",
            "AVE" => "AVENUE",
            "BLVD" => "BOULEVARD",
            "RD" => "ROAD",
            "LN" => "LANE",
            "PL" => "PLACE",
            "CIR" => "CIRCLE",
            "TER" => "TERRACE",
            "PKWY" => "PARKWAY",
            other => other,
        };
        long.to_owned()
    };
    standard.split(' ').map(full).collect::<Vec<_>>().join(" ")
}

type Change = (&'static str, fn(&str, &Address) -> String);

const CHANGES: [Change; 9] = [
    ("lower case", |raw, _| raw.to_lowercase()),
    ("upper case", |raw, _| raw.to_uppercase()),
    ("blanks doubled", |raw, _| raw.replace(' ', "  ")),
    ("commas dropped", |raw, _| raw.replace(',', " ")),
    ("standard form alone", |_, a| address::standard_form(a)),
    ("standard form, place, state ZIP", |_, a| address::standard_form(a) + &tail(a, ",")),
    ("standard form place state ZIP", |_, a| address::standard_form(a) + &tail(a, "")),
    ("words in full", |_, a| in_full(&address::standard_form(a))),
    ("APT for #, # for APT", |_, a| {
        let standard = address::standard_form(a);
        if standard.contains(" # ") { standard.replace(" # ", " APT ") } else { standard.replace(" APT ", " # ") }
    }),
];

fn main() {
    let mut n_lines = 0u32;
    let mut n_same = [0u32; CHANGES.len()];
    for path in std::env::args().skip(1) {
        let text = std::fs::read_to_string(path).expect("a readable file");
        for line in text.lines() {
            let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            let Some(raw) = value.get("raw").and_then(|r| r.as_str()) else { continue };
            let parsed = address::parse(raw);
            // Only lines with a street and nothing set aside: a rewritten remark is another remark.
            let Some(first) = parsed.readings.first().filter(|a| !a.street.street_name.is_empty() && a.rest.is_none())
            else {
                continue;
            };
            n_lines += 1;
            let wanted = address::address_key(first);
            for (same, (name, change)) in n_same.iter_mut().zip(CHANGES) {
                let changed = change(raw, first);
                let is_same = key(&changed) == wanted;
                *same += u32::from(is_same);
                if !is_same && std::env::var_os("SHOW").is_some() {
                    println!("{name}: {raw} -> {changed} -> {} not {wanted}", key(&changed));
                }
            }
        }
    }
    println!("{n_lines} lines");
    for (same, (name, _)) in n_same.iter().zip(CHANGES) {
        println!("{:6.2} {name}", 100.0 * f64::from(*same) / f64::from(n_lines.max(1)));
    }
}
