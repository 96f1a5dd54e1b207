//! Lines a second that one core reads: `cargo bench --profile quick --bench owner_parse -- parcels.csv owner`.
//!
//! In process and without files: the distinct lines of a column are held in memory, then read again and again.
//! Linux only. Prints parsing alone, and parsing with the comparison form that links are judged by.

#![allow(clippy::print_stdout, reason = "a program that reports to people")]

use taptrace::owner_name::{self, Style};
use taptrace::ownership::name::of_line;

/// Times every line is read.
const ROUNDS: usize = 10;

/// Seconds this process spent on a core: the clock on the wall says little on a busy machine.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn measure(what: &str, lines: &[String], mut read: impl FnMut(&str) -> usize) {
    let start = cpu_seconds();
    let mut n_parties = 0;
    for _ in 0..ROUNDS {
        n_parties += lines.iter().map(|line| read(line)).sum::<usize>();
    }
    let seconds = cpu_seconds() - start;
    let per_second = (ROUNDS * lines.len()) as f64 / seconds;
    println!("{what}: {per_second:.0} lines a second of one core ({} lines, {n_parties} parties)", lines.len());
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo bench` adds --bench; `cargo test --benches` runs it without a file.
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let Some(path) = arguments.next() else { return Ok(()) };
    let column = arguments.next().unwrap_or_else(|| "owner".to_owned());
    let mut table = csv::Reader::from_path(path)?;
    let at = table.headers()?.iter().position(|h| h == column).ok_or("no such column")?;
    let mut lines: Vec<String> =
        table.records().map(|row| Ok(row?.get(at).unwrap_or("").to_owned())).collect::<Result<_, csv::Error>>()?;
    let style = Style::learn(lines.iter().map(String::as_str));
    lines.sort_unstable();
    lines.dedup();
    measure("parse and classify", &lines, |line| owner_name::parse(&[line], &style).parties.len());
    measure("with the comparison form", &lines, |line| {
        let read = owner_name::parse(&[line], &style);
        of_line(&read).persons.len()
    });
    Ok(())
}
