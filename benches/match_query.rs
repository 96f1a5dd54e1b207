//! One core on a county in memory: `cargo bench --profile quick --bench match_query -- parcels.csv [queries.csv]`.
//!
//! Linux only. Prints parsing alone, the matcher on the situs lines of the county and on the queries (with parsing), and how
//! long one query takes with its explanation.

#![allow(clippy::print_stdout, reason = "a program that reports to people")]

use std::path::Path;
use std::time::Instant;

use taptrace::address;
use taptrace::matching::{Matcher, Query, Scratch};
use taptrace::pipeline::reference;

/// Seconds this process spent on a core: the clock on the wall says little on a busy machine.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn column(path: &str, name: &str) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut table = csv::ReaderBuilder::new().flexible(true).from_path(path)?;
    let at = table.headers()?.iter().position(|h| h == name).ok_or_else(|| format!("no column {name}"))?;
    let cells = table
        .byte_records()
        .map(|row| Ok(row?.get(at).map_or(String::new(), |c| String::from_utf8_lossy(c).into_owned())));
    Ok(cells.collect::<Result<_, csv::Error>>()?)
}

fn query(text: &str) -> Query<'_> {
    Query { address_text: text, ..Query::default() }
}

fn rate(what: &str, n: usize, seconds: f64) {
    println!("{what}: {:.2} us, {:.0} a second of one core ({n} texts)", seconds / n as f64 * 1e6, n as f64 / seconds);
}

fn throughput(what: &str, matcher: &Matcher, texts: &[String]) {
    let start = cpu_seconds();
    let mut scratch = Scratch::default();
    let n_candidates: usize = texts.iter().map(|t| matcher.match_brief(&query(t), &mut scratch).candidates.len()).sum();
    rate(&format!("match {what}, {n_candidates} candidates"), texts.len(), cpu_seconds() - start);
}

/// The better of three for each text, as other work interrupts.
fn latency(matcher: &Matcher, texts: &[String]) {
    let one = |text: &String| {
        let once = || {
            let start = Instant::now();
            std::hint::black_box(matcher.match_one(&query(text)));
            start.elapsed().as_secs_f64() * 1e6
        };
        once().min(once()).min(once())
    };
    let mut all: Vec<f64> = texts.iter().map(one).collect();
    all.sort_by(f64::total_cmp);
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
    println!(
        "one query with explanation: median {:.1} us, 99 % {:.1} us, slowest {:.1} us",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo bench` adds --bench; `cargo test --benches` runs it without a file.
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let Some(parcels) = arguments.next() else { return Ok(()) };
    let start = cpu_seconds();
    let matcher = reference::from_csv(Path::new(&parcels), reference::Wanted::default())?;
    println!("county read and learnt: {:.2} CPU s", cpu_seconds() - start);
    let situs: Vec<String> = column(&parcels, "situs_address")?.into_iter().filter(|s| !s.trim().is_empty()).collect();
    let start = cpu_seconds();
    let n_readings: usize = situs.iter().map(|t| address::parse(t).readings.len()).sum();
    rate(&format!("parse, {n_readings} readings"), situs.len(), cpu_seconds() - start);
    throughput("exact", &matcher, &situs);
    let texts = arguments.next().map_or(Ok(situs), |path| column(&path, "address_text"))?;
    throughput("queries", &matcher, &texts);
    latency(&matcher, &texts);
    Ok(())
}
