//! Times the address parser on the lines of a file: `address_mill FILE`.
#![allow(clippy::print_stdout, reason = "a measuring program")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use taptrace::address;

fn main() {
    let path = std::env::args().nth(1).expect("a file of addresses, one per line");
    let text = std::fs::read_to_string(path).expect("a readable file");
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    black_box(address::parse(lines[0]));
    // The fastest of several rounds: the others were disturbed.
    let mut best = Duration::MAX;
    for _ in 0..10 {
        let started = Instant::now();
        let mut n = 0u32;
        while started.elapsed() < Duration::from_millis(300) {
            for line in &lines {
                black_box(address::parse(black_box(line)));
                n += 1;
            }
        }
        best = best.min(started.elapsed() / n);
    }
    println!("{} lines, {} ns a parse in the best of 10 rounds", lines.len(), best.as_nanos());
}
