//! Feeds mutated lines to everything the address module offers: `fuzz_address [N] [SEED] [FILE ...]`.
//!
//! Without files the lines of `tests/corpus` are mutated. A panic ends the program and prints the input; otherwise the
//! slowest input and the growth of memory are reported.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a measuring program")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use taptrace::address::{self, CountyWords};
use taptrace::model::address::Street;

/// A county that says yes and no in turn, so that its answers are fuzzed too.
struct Fickle;

impl CountyWords for Fickle {
    fn is_place(&self, words: &str) -> bool {
        words.len().is_multiple_of(3)
    }

    fn is_street(&self, words: &str) -> bool {
        words.len().is_multiple_of(5)
    }

    fn knows_street(&self, street: &Street) -> bool {
        street.street_name.len().is_multiple_of(2)
    }
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % n.max(1)
    }
}

const INSERTS: [&str; 28] = [
    " ",
    ",",
    "#",
    "-",
    "/",
    "&",
    "(",
    ")",
    "½",
    "É",
    "\0",
    "\u{202e}",
    "ß",
    "🏠",
    "\t",
    "\n",
    ".",
    "'",
    " AND ",
    " APT ",
    " N ",
    " ST ",
    " HWY ",
    "99999999999",
    " 1/2 ",
    " PO BOX ",
    "[",
    ";",
];

/// One input: a line with a few cuts, insertions and pieces of other lines; now and then a very long or a raw one.
fn input(lines: &[String], dice: &mut Dice) -> String {
    let mut bytes = lines[dice.roll(lines.len())].clone().into_bytes();
    match dice.roll(200) {
        0 => bytes = (0..dice.roll(300)).map(|_| u8::try_from(dice.roll(256)).unwrap_or(0)).collect(),
        1 => bytes = bytes.repeat(1 + dice.roll(200)),
        2 => bytes = INSERTS[dice.roll(INSERTS.len())].repeat(1 + dice.roll(2_000)).into_bytes(),
        _ => {}
    }
    for _ in 0..=dice.roll(6) {
        let at = dice.roll(bytes.len() + 1);
        let cut = (at + dice.roll(5)).min(bytes.len());
        let piece: Vec<u8> = match dice.roll(4) {
            0 => vec![u8::try_from(dice.roll(256)).unwrap_or(0)],
            1 => INSERTS[dice.roll(INSERTS.len())].as_bytes().to_vec(),
            2 => Vec::new(),
            _ => {
                let other = lines[dice.roll(lines.len())].as_bytes();
                let from = dice.roll(other.len());
                other[from..(from + dice.roll(12)).min(other.len())].to_vec()
            }
        };
        bytes.splice(at..cut, piece);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn run(text: &str) {
    for parsed in [address::parse(text), address::parse_in(text, &Fickle)] {
        assert!(parsed.readings.len() <= address::READINGS_MAX);
        assert!(!parsed.readings.is_empty() || !parsed.warnings.is_empty());
        for reading in &parsed.readings {
            black_box(address::address_key(reading));
            let standard = address::standard_form(reading);
            assert!(standard.len() <= 4_000, "{} bytes", standard.len());
        }
    }
    black_box(address::split_list(text));
}

/// Resident memory in KiB, where the system tells.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn main() {
    let mut args = std::env::args().skip(1);
    let n: u64 = args.next().map_or(100_000, |n| n.parse().expect("a count"));
    let seed: u64 = args.next().map_or(1, |n| n.parse().expect("a seed"));
    let mut files: Vec<String> = args.collect();
    if files.is_empty() {
        files = ["address_groups.txt", "address_lines.tsv"].map(|f| format!("tests/corpus/{f}")).to_vec();
    }
    let texts = files.iter().map(|f| std::fs::read_to_string(f).expect("a readable file"));
    let lines: Vec<String> =
        texts.flat_map(|t| t.lines().map(str::to_owned).collect::<Vec<_>>()).filter(|l| !l.trim().is_empty()).collect();
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut slowest, mut slowest_text) = (Duration::ZERO, String::new());
    let mut memory = 0;
    let started = Instant::now();
    for i in 0..n {
        let text = input(&lines, &mut dice);
        let one = Instant::now();
        if let Err(panic) = std::panic::catch_unwind(|| run(&text)) {
            eprintln!("input {i} of seed {seed}: {text:?}");
            std::panic::resume_unwind(panic);
        }
        let mut elapsed = one.elapsed();
        if elapsed > slowest {
            // Other programs' turns count too: the best of three more tells.
            for _ in 0..3 {
                let again = Instant::now();
                run(&text);
                elapsed = elapsed.min(again.elapsed());
            }
        }
        if elapsed > slowest {
            (slowest, slowest_text) = (elapsed, text);
        }
        if i == n / 10 {
            memory = resident_kib();
        }
    }
    let grown = resident_kib().saturating_sub(memory);
    println!("{n} inputs of seed {seed} from {} lines in {:?}, no panic", lines.len(), started.elapsed());
    println!("memory grew by {grown} KiB behind the first tenth");
    let shown: String = slowest_text.chars().take(60).collect();
    println!("slowest {slowest:?}: {} bytes, {shown:?}", slowest_text.len());
}
