//! Mutated addresses through the matcher: no panic, no hang, no growth.
//!
//! `cargo run --profile quick --example fuzz_match -- parcels.csv lines.txt 10000000`
//! Parcels are CSV with `parcel_id, situs_address, situs_city, situs_zip`; lines are any texts, one per line.

#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;
use std::time::{Duration, Instant};

use taptrace::matching::{Matcher, Query, ReferenceRow, Scratch, Weights};

/// A small generator with a seed, so that a run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n.max(1) as u64).unwrap_or(0)
    }
}

fn mutate(line: &str, other: &str, random: &mut Random) -> String {
    const PIECES: [&str; 14] =
        ["", " ", "-", "1/2", "#", "APT ", " & ", "N", "ST", "\u{202e}", "\0", "é", "999999999999", ","];
    let mut chars: Vec<char> = line.chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(chars.len() + 1);
        match random.below(6) {
            0 if at < chars.len() => drop(chars.remove(at)),
            1 => chars.insert(at, char::from(u8::try_from(32 + random.below(95)).unwrap_or(b' '))),
            2 if at + 1 < chars.len() => chars.swap(at, at + 1),
            3 => {
                let piece = PIECES[random.below(PIECES.len())];
                chars.splice(at..at, piece.chars());
            }
            4 => {
                let from = random.below(other.chars().count() + 1);
                chars.splice(at.., other.chars().skip(from));
            }
            _ => {
                let copy: Vec<char> = chars.iter().take(60).copied().collect();
                chars.extend(copy);
            }
        }
        chars.truncate(400);
    }
    chars.into_iter().collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, parcels, lines, count] = arguments.as_slice() else { return Err("parcels.csv lines.txt count".into()) };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(parcels)?;
    let header = reader.headers()?.clone();
    let column = |name: &str| header.iter().position(|h| h == name).ok_or(format!("no column {name}"));
    let (id, situs, city, zip) =
        (column("parcel_id")?, column("situs_address")?, column("situs_city")?, column("situs_zip")?);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    let references: Vec<ReferenceRow<'_>> = rows
        .iter()
        .map(|r| ReferenceRow {
            parcel_no: &r[id],
            situs: &r[situs],
            place: &r[city],
            zip: &r[zip],
            ..ReferenceRow::default()
        })
        .collect();
    let matcher = Matcher::build_with(&references, &[], Weights::default());
    let text = std::fs::read_to_string(lines)?;
    let lines: Vec<&str> = text.lines().filter(|l| !l.is_empty()).collect();
    let (mut random, mut scratch) = (Random(0x5eed_cafe), Scratch::default());
    let (mut slowest, mut slowest_line, mut n_accepted) = (Duration::ZERO, String::new(), 0u64);
    let started = Instant::now();
    for _ in 0..count.parse::<u64>()? {
        let line = mutate(lines[random.below(lines.len())], lines[random.below(lines.len())], &mut random);
        let asked = Instant::now();
        let brief = matcher.match_brief(&Query { address_text: &line, ..Query::default() }, &mut scratch);
        let took = asked.elapsed();
        n_accepted += u64::from(brief.decision == taptrace::model::link::Decision::Accepted);
        if took > slowest {
            (slowest, slowest_line) = (took, line);
        }
    }
    println!("{count} inputs in {:.1} s, {n_accepted} accepted", started.elapsed().as_secs_f64());
    println!("slowest {:.3} ms: {slowest_line:?}", slowest.as_secs_f64() * 1e3);
    Ok(())
}
