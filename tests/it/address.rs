//! The address parser: groups of spellings, lines in the styles of many places, mutated input, the command.

use std::collections::HashMap;
use std::process::Command;

use proptest::prelude::{ProptestConfig, any, prop, prop_assume, proptest};
use taptrace::address;

fn key(text: &str) -> String {
    address::address_key(&address::parse(text).readings[0])
}

#[test]
fn spellings_of_one_address_have_one_key_and_others_another() {
    let corpus = include_str!("../corpus/address_groups.txt");
    let mut owner: HashMap<String, &str> = HashMap::new();
    let mut wrong = Vec::new();
    let mut n_groups = 0;
    let groups = corpus.split("\n\n").map(|g| g.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect());
    for group in groups.filter(|g: &Vec<&str>| !g.is_empty()) {
        n_groups += 1;
        let first = key(group[0]);
        for text in &group[1..] {
            let other = key(text);
            if other != first {
                wrong.push(format!("{}  {first}\n    {text}  {other}", group[0]));
            }
        }
        if let Some(before) = owner.insert(first.clone(), group[0]) {
            wrong.push(format!("{} and {before} share {first}", group[0]));
        }
    }
    assert!(n_groups >= 400, "{n_groups} groups");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn lines_of_many_styles_read_as_a_person_would() {
    let mut wrong = Vec::new();
    let lines = include_str!("../corpus/address_lines.tsv").lines().filter(|l| !l.starts_with('#'));
    for line in lines {
        let (text, expected) = line.split_once('\t').expect("text, tab, standard form");
        let found = address::standard_form(&address::parse(text).readings[0]);
        if found != expected {
            wrong.push(format!("{text}\n    expected {expected}\n    found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn mutated_lines_never_break_the_parser() {
    let lines: Vec<&str> = include_str!("../corpus/address_groups.txt").lines().filter(|l| !l.is_empty()).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap_or(0)
    };
    let inserts =
        ["", " ", ",", "#", "-", "/", "&", "(", ")", "½", "É", "\0", "N", "ST", "1", "99999999999", "APT", "\u{202e}"];
    for _ in 0..10_000 {
        let mut chars: Vec<char> = lines[next() % lines.len()].chars().collect();
        for _ in 0..=next() % 4 {
            let at = next() % (chars.len() + 1);
            let cut = (at + next() % 4).min(chars.len());
            chars.splice(at..cut, inserts[next() % inserts.len()].chars());
        }
        let text: String = chars.into_iter().collect();
        read_everything(&text);
    }
    for piece in ["1 ", "&", ",", "# APT ", "1-", "(", "½", "\0", "12 N MAIN ST & ", "HWY ", "1-2 & 3, "] {
        read_everything(&piece.repeat(5_000));
    }
}

/// The whole module on one text; `examples/fuzz_address.rs` does the same with millions.
fn read_everything(text: &str) {
    let parsed = address::parse(text);
    assert!(parsed.readings.len() <= address::READINGS_MAX, "{text:?}");
    for reading in &parsed.readings {
        assert!(address::standard_form(reading).len() < 4_000);
        let _key = address::address_key(reading);
    }
    let _list = address::split_list(text);
}

/// A county with a few streets (as their keys) and places.
struct County {
    streets: Vec<String>,
    places: Vec<&'static str>,
}

impl County {
    fn of(streets: &[&str], places: &[&'static str]) -> Self {
        let key = |line: &&str| address::street_key(&address::parse(line).readings[0].street);
        County { streets: streets.iter().map(key).collect(), places: places.to_vec() }
    }
}

impl address::CountyWords for County {
    fn is_place(&self, words: &str) -> bool {
        self.places.contains(&words)
    }

    fn knows_street(&self, street: &taptrace::model::address::Street) -> bool {
        self.streets.contains(&address::street_key(street))
    }
}

#[test]
fn the_county_settles_what_grammar_cannot() {
    let check = |text: &str, county: &County, expected: &str| {
        let parsed = address::parse_in(text, county);
        assert_eq!(address::standard_form(&parsed.readings[0]), expected, "{text}");
    };
    let nobody = County::of(&[], &[]);
    check("45088 N ST LOUIS CT", &nobody, "45088 N ST LOUIS CT");
    check("45088 N ST LOUIS CT", &County::of(&[], &["LOUIS"]), "45088 N ST");
    check("11221 SOUTH AVE O", &nobody, "11221 S AVE O");
    check("11221 SOUTH AVE O", &County::of(&["1 SOUTH AVE"], &[]), "11221 SOUTH AVE # O");
    check("118 NORTH AVE W", &nobody, "118 NORTH AVE W");
    check("1709 B PORTER RD", &nobody, "1709B PORTER RD");
    check("1709 B EXAMPLE RD", &County::of(&["B EXAMPLE RD"], &[]), "1709 B EXAMPLE RD");
    check("17 TYLER AVE E EXAMPLETON MA", &County::of(&["1 TYLER AVE"], &["E EXAMPLETON"]), "17 TYLER AVE");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_has_a_reading_or_a_warning(text in any::<String>()) {
        let parsed = address::parse(&text);
        assert!(!parsed.readings.is_empty() || !parsed.warnings.is_empty());
        for reading in &parsed.readings {
            let _standard = address::standard_form(reading);
            let _key = address::address_key(reading);
        }
        let _list = address::split_list(&text);
    }

    #[test]
    fn the_standard_form_of_a_plain_address_reads_as_itself(
        number in 1u32..99_999,
        pre in prop::sample::select(vec!["", "N", "S", "E", "W", "NE", "SW"]),
        name in prop::sample::select(vec!["MAIN", "21ST", "ST LOUIS", "OAK HILL", "VAN BUREN", "3RD", "LINCOLN"]),
        kind in prop::sample::select(vec!["ST", "AVE", "PL", "CT", "DR", "RD", "BLVD", "LN", "CIR"]),
        post in prop::sample::select(vec!["", "N", "S", "NW"]),
        unit in prop::sample::select(vec!["", "APT 4", "UNIT B", "STE 210", "REAR"]),
    ) {
        // East St. Louis is a city, and CT is Connecticut: words that no county knows cannot tell.
        prop_assume!(!(pre == "E" && name == "ST LOUIS" && kind == "CT"));
        let line = [&number.to_string(), pre, name, kind, post, unit].into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
        let parsed = address::parse(&line);
        let standard = address::standard_form(&parsed.readings[0]);
        assert_eq!(standard, line);
        assert_eq!(address::parse(&standard).readings[0], parsed.readings[0]);
    }
}

#[test]
fn several_addresses_in_one_field_come_apart() {
    assert_eq!(address::split_list("10209 and 10221 S 76 E Ave"), ["10209 S 76 E Ave", "10221 S 76 E Ave"]);
    assert_eq!(address::split_list("2415 E 18 St and 2412 E 17 Pl"), ["2415 E 18 St", "2412 E 17 Pl"]);
    assert_eq!(address::split_list("2100 N Elm Ave, 2207 N Elm Pl"), ["2100 N Elm Ave", "2207 N Elm Pl"]);
    assert_eq!(address::split_list("100 Main St, Springfield"), ["100 Main St, Springfield"]);
    assert_eq!(address::split_list("5 Black & White Dr"), ["5 Black & White Dr"]);
    assert_eq!(address::split_list("6 & 24 HWY"), ["6 & 24 HWY"]);
    assert_eq!(address::split_list("1818,20,22 N Elm Ave"), ["1818 N Elm Ave", "1820 N Elm Ave", "1822 N Elm Ave"]);
    assert_eq!(
        address::split_list("11A, 11B, and 13-15 Mount Elm"),
        ["11A Mount Elm", "11B Mount Elm", "13-15 Mount Elm"]
    );
    assert_eq!(address::split_list("75 Elm Pkwy/1 Oak St"), ["75 Elm Pkwy", "1 Oak St"]);
}

fn taptrace(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_taptrace")).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_shows_elements_and_warnings() {
    let (status, stdout, _) = taptrace(&["address", "parse", "5213 E 31st Pl N, unit B"]);
    assert_eq!(status, 0);
    assert!(stdout.contains("5213 E 31ST PL N UNIT B"), "{stdout}");
    let (status, stdout, _) = taptrace(&["address", "parse", "--format", "ndjson", "36th St N & Hwy 169"]);
    assert_eq!(status, 0);
    assert!(stdout.contains("an intersection, not one address"), "{stdout}");
    let (status, ..) = taptrace(&["address", "parse", "(nothing)", "   ."]);
    assert_eq!(status, 1);
}

#[test]
fn the_command_reads_a_column_and_measures_labels() {
    let dir = tempfile::tempdir().unwrap();
    let csv = dir.path().join("a.csv");
    std::fs::write(&csv, "no,where\n7,\"12 N Oak Av, Apt 3\"\n8,PO Box 9\n").unwrap();
    let path = csv.to_str().unwrap();
    let args = ["address", "parse", "--input", path, "--column", "where", "--id-column", "no", "--format", "csv"];
    let (status, stdout, _) = taptrace(&args);
    assert_eq!(status, 0);
    assert!(stdout.contains("7,\"12 N Oak Av, Apt 3\",12 N OAK AVE APT 3,12,N,"), "{stdout}");
    assert_eq!(stdout.lines().count(), 3);
    let (status, _, stderr) = taptrace(&["address", "parse", "--input", path, "--column", "nowhere"]);
    assert_eq!(status, 2);
    assert!(stderr.contains("nowhere") && stderr.contains("hint:"), "{stderr}");
    let lines = dir.path().join("a.txt");
    std::fs::write(&lines, "12 N Oak Av\n\n13 Elm\n").unwrap();
    let (status, stdout, stderr) = taptrace(&["address", "parse", "--input", lines.to_str().unwrap()]);
    assert_eq!(status, 0);
    assert!(stdout.lines().nth(2).is_some_and(|l| l.starts_with("3          13 ELM")), "{stdout}");
    assert!(stderr.contains("2 addresses, 0 without street or box") && stderr.contains("1 no street type"), "{stderr}");
    let rows = dir.path().join("a.ndjson");
    std::fs::write(&rows, "{\"no\": 5, \"where\": \"12 N Oak Av\"}\nnonsense\n").unwrap();
    let args = ["address", "parse", "--input", rows.to_str().unwrap(), "--column", "where", "--id-column", "no"];
    let (status, stdout, stderr) = taptrace(&args);
    assert_eq!(status, 1);
    assert!(stdout.contains("5          12 N OAK AVE") && stderr.contains("1 no JSON object"), "{stdout}{stderr}");
    let labels = dir.path().join("l.jsonl");
    let right =
        r#"{"raw": "12 N Oak Av", "gold": {"number": "12", "predir": "North", "name": "Oak", "posttype": "Avenue"}}"#;
    let wrong = r#"{"raw": "13 N Oak Av", "gold": {"number": "12", "street": "N Oak Ave"}}"#;
    std::fs::write(&labels, format!("{right}\n{wrong}\n")).unwrap();
    let (status, stdout, _) = taptrace(&["address", "evaluate", "--format", "csv", labels.to_str().unwrap()]);
    assert_eq!(status, 0);
    assert!(stdout.contains("l.jsonl,2,50.0,50.0,100.0,100.0,100.0"), "{stdout}");
    std::fs::write(&labels, format!("{right}\nno label\n")).unwrap();
    let (status, _, stderr) = taptrace(&["address", "evaluate", labels.to_str().unwrap()]);
    assert!(status == 1 && stderr.contains("l.jsonl: 1 lines are no labelled address"), "{stderr}");
    std::fs::write(&labels, "<AddressCollection>\n").unwrap();
    let (status, _, stderr) = taptrace(&["address", "evaluate", labels.to_str().unwrap()]);
    assert!(status == 2 && stderr.contains("l.jsonl has no labelled address"), "{stderr}");
}
