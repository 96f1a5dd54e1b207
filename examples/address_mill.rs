//! Times the address parser on the lines of a file, then feeds it mutated lines: `address_mill FILE [MUTATIONS]`.
#![allow(clippy::print_stdout, reason = "a measuring program")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use taptrace::address;

fn main() {
    let mut args = std::env::args().skip(1);
    let path = args.next().expect("a file of addresses, one per line");
    let n_mutations: u64 = args.next().map_or(0, |n| n.parse().expect("a count"));
    let text = std::fs::read_to_string(path).expect("a readable file");
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    black_box(address::parse(lines[0]));
    let started = Instant::now();
    let mut n = 0u32;
    while started.elapsed() < Duration::from_secs(2) {
        for line in &lines {
            black_box(address::parse(black_box(line)));
            n += 1;
        }
    }
    let each = started.elapsed() / n;
    println!("{} lines, {n} parses, {} ns each", lines.len(), each.as_nanos());
    mutate(&lines, n_mutations);
}

fn mutate(lines: &[&str], n_mutations: u64) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or(0)
    };
    let (started, mut slowest) = (Instant::now(), Duration::ZERO);
    for _ in 0..n_mutations {
        let mut bytes = lines[next() % lines.len()].as_bytes().to_vec();
        for _ in 0..=next() % 5 {
            let at = next() % (bytes.len() + 1);
            let cut = (at + next() % 4).min(bytes.len());
            let other = lines[next() % lines.len()].as_bytes();
            let from = next() % other.len();
            let to = (from + next() % 9).min(other.len());
            let random = [u8::try_from(next() % 256).unwrap_or(0)];
            bytes.splice(at..cut, if next().is_multiple_of(3) { random.to_vec() } else { other[from..to].to_vec() });
        }
        let mutated = String::from_utf8_lossy(&bytes);
        let one = Instant::now();
        for reading in &address::parse(&mutated).readings {
            black_box(address::address_key(reading));
        }
        slowest = slowest.max(one.elapsed());
    }
    println!("{n_mutations} mutated inputs in {:?}, slowest {slowest:?}, no panic", started.elapsed());
}
