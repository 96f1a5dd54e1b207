//! The matcher at the boundary that users see: text in, decision and parcels out; and what the program keeps of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use taptrace::matching::{Matcher, Query, ReferenceRow, Scratch, StreetAlias, Weights};
use taptrace::model::link::Decision;
use taptrace::model::parcel::LonLat;

use super::support::{sample_city, shell, temp_dir};

/// A made-up county: a numbered grid, a few names, ranges, units, two towns.
fn county_rows() -> Vec<(String, String, &'static str, &'static str)> {
    let mut rows = Vec::new();
    let mut add = |situs: String, place, zip| {
        rows.push((format!("P{:05}", rows.len()), situs, place, zip));
    };
    for block in 1..=12 {
        for house in 0..12 {
            let number = block * 100 + house * 8;
            add(format!("{number} N 83RD ST"), "GRANDVIEW", "70001");
            add(format!("{number} NW 83RD ST"), "GRANDVIEW", "70002");
            add(format!("{number} E 21ST ST S"), "GRANDVIEW", "70001");
            add(format!("{number} E 21ST PL S"), "GRANDVIEW", "70001");
            add(format!("{number} YALE AVE"), "GRANDVIEW", "70001");
            add(format!("{number} MACDONOUGH LN"), "GRANDVIEW", "70002");
            add(format!("{number} PRAIRIE RIDGE DR"), "OAKVILLE", "70003");
            add(format!("{number} COUNTY RD 25"), "OAKVILLE", "70003");
            add(format!("{number} AVE C"), "OAKVILLE", "70003");
        }
    }
    add("5001-5009 MAIN ST".into(), "OAKVILLE", "70003");
    for unit in 1..=3 {
        add(format!("77 TOWER RD, UNIT #{unit}"), "OAKVILLE", "70003");
    }
    add("88 TOWER RD".into(), "OAKVILLE", "70003");
    add("88 TOWER RD, UNIT #4".into(), "OAKVILLE", "70003");
    add("99 SHARED ST".into(), "OAKVILLE", "70003");
    add("99 SHARED ST".into(), "OAKVILLE", "70003");
    rows
}

fn county(aliases: &[StreetAlias]) -> Matcher {
    let rows = county_rows();
    let references: Vec<ReferenceRow<'_>> = rows
        .iter()
        .map(|(parcel_no, situs, place, zip)| ReferenceRow { parcel_no, situs, place, zip, ..ReferenceRow::default() })
        .collect();
    Matcher::build_with(&references, aliases, Weights::default())
}

fn parcel_at(situs: &str) -> String {
    county_rows().into_iter().find(|r| r.1 == situs).unwrap_or_else(|| panic!("no {situs}")).0
}

fn answer(matcher: &Matcher, text: &str) -> (Decision, Vec<String>) {
    let outcome = matcher.match_one(&Query { address_text: text, ..Query::default() });
    (outcome.decision, outcome.parcels)
}

#[test]
fn spellings_of_one_address_find_its_parcel() {
    let matcher = county(&[]);
    let cases = [
        ("308 N 83 ST, GRANDVIEW 70001", "308 N 83RD ST"),
        ("308 NORTH EIGHTY-THIRD STREET", "308 N 83RD ST"),
        ("308 NW 83 ST", "308 NW 83RD ST"),
        ("408 EAST TWENTY-FIRST STREET SOUTH", "408 E 21ST ST S"),
        ("408 E 21 PL S", "408 E 21ST PL S"),
        ("508 YAEL AVE, GRANDVIEW", "508 YALE AVE"),
        ("508 S YALE AVE, GRANDVIEW", "508 YALE AVE"),
        ("516 YALE", "516 YALE AVE"),
        ("524 MAC DONOUGH LANE", "524 MACDONOUGH LN"),
        ("524 MCDONOUGH LANE", "524 MACDONOUGH LN"),
        ("608 PRAIRIERIDGE DR, OAKVILLE", "608 PRAIRIE RIDGE DR"),
        ("608 PRARIE RIDGE DR, OAKVILLE", "608 PRAIRIE RIDGE DR"),
        ("708 CR 25", "708 COUNTY RD 25"),
        ("708 25 COUNTY RD", "708 COUNTY RD 25"),
        ("716 C AVENUE", "716 AVE C"),
        ("5003 MAIN ST", "5001-5009 MAIN ST"),
        ("5001 THRU 5009 MAIN ST", "5001-5009 MAIN ST"),
        ("77 TOWER RD APT 2", "77 TOWER RD, UNIT #2"),
        ("88 TOWER ROAD NO 4", "88 TOWER RD, UNIT #4"),
    ];
    for (text, situs) in cases {
        assert_eq!(answer(&matcher, text), (Decision::Accepted, vec![parcel_at(situs)]), "{text}");
    }
}

#[test]
fn what_could_be_two_things_goes_to_review_with_both() {
    let matcher = county(&[]);
    let (decision, parcels) = answer(&matcher, "99 SHARED ST, OAKVILLE");
    assert_eq!((decision, parcels.len()), (Decision::Review, 2), "two parcels with one situs");
    let (decision, parcels) = answer(&matcher, "77 TOWER RD");
    assert_eq!((decision, parcels.len()), (Decision::Review, 3), "three units, none named");
    let outcome = matcher.match_one(&Query { address_text: "408 E 21 S", ..Query::default() });
    assert_ne!(outcome.decision, Decision::Accepted, "street or place? {outcome:?}");
    let both: Vec<&str> = outcome.candidates.iter().map(|c| c.parcel_no.as_str()).collect();
    assert!(
        both.contains(&parcel_at("408 E 21ST ST S").as_str()) && both.contains(&parcel_at("408 E 21ST PL S").as_str())
    );
}

#[test]
fn what_is_not_in_the_county_gets_no_answer() {
    let matcher = county(&[]);
    for text in [
        "",
        "PO BOX 12",
        "308 N 84TH ST",
        "5 ELSEWHERE CT",
        "99999 YALE AVE",
        "YALE AVE",
        "308 AVE D",
        "\u{202e}\0\u{7}",
    ] {
        let outcome = matcher.match_one(&Query { address_text: text, ..Query::default() });
        assert_ne!(outcome.decision, Decision::Accepted, "{text}: {outcome:?}");
        assert!(!outcome.reason.is_empty(), "{text}");
    }
    assert_eq!(answer(&matcher, "308 N 84TH ST").0, Decision::None, "83rd is not a misspelt 84th");
}

#[test]
fn a_refusal_names_what_came_nearest_and_the_numbers_that_exist() {
    let matcher = county(&[]);
    for (text, told) in [
        ("99999 YALE AVE", "the house number is not on it; YALE AVE has 1264, 1272, 1280, 1288"),
        ("2 N 83RD ST", "100 N 83 ST, was refused: its house number does not fit; N 83 ST has 100, 108, 116, 124"),
        ("90900 PRAIRE RIDGE DR", "is called PRAIRE RIDGE, and the house number is not on the streets most like it"),
        ("90900 PRAIRE RIDGE DR", "; PRAIRIE RIDGE DR has 1264, 1272, 1280, 1288"),
        ("5 ELSEWHERE CT", "no street of the county is called anything like ELSEWHERE"),
        ("5051 MAIN ST", "5001-5009 MAIN ST, was refused: its house number does not fit; MAIN ST has 5001-5009"),
    ] {
        let outcome = matcher.match_one(&Query { address_text: text, ..Query::default() });
        assert_eq!(outcome.decision, Decision::None, "{text}: {outcome:?}");
        assert!(outcome.reason.contains(told), "{text}: {}", outcome.reason);
    }
}

#[test]
fn a_number_outside_a_written_range_is_no_second_door() {
    let matcher = county(&[]);
    for text in ["5011 MAIN ST", "4999 MAIN ST"] {
        assert_ne!(answer(&matcher, text).0, Decision::Accepted, "{text}");
    }
    assert_eq!(answer(&matcher, "5007 MAIN ST"), (Decision::Accepted, vec![parcel_at("5001-5009 MAIN ST")]));
}

#[test]
fn ranges_on_the_roll_do_not_hide_that_lots_own_two_numbers() {
    let mut rows = Vec::new();
    for street in ["ALDER ST", "BIRCH AVE", "HICKORY LN", "SYCAMORE RD"] {
        for house in 0..240 {
            let low = 1000 + house * 4;
            let number = if house % 4 == 2 { format!("{low}-{}", low + 2) } else { low.to_string() };
            rows.push((format!("R{:04}", rows.len()), format!("{number} {street}")));
        }
    }
    let references = rows.iter().map(|(parcel_no, situs)| ReferenceRow { parcel_no, situs, ..ReferenceRow::default() });
    let matcher = Matcher::build(references, Weights::default());
    assert_eq!(answer(&matcher, "1002 HICKORY LN"), (Decision::Accepted, vec!["R0480".to_owned()]));
}

#[test]
fn steps_add_up_and_rivals_are_named() {
    let matcher = county(&[]);
    let outcome = matcher.match_one(&Query { address_text: "508 YAEL AVE, GRANDVIEW 70001", ..Query::default() });
    let best = &outcome.candidates[0];
    let sum: f64 = best.steps.iter().map(|s| s.weight_bits).sum();
    assert!((sum - best.bits).abs() < 1e-9, "{sum} {}", best.bits);
    assert!(best.steps.iter().any(|s| s.element == "street_name" && s.level == "one_edit_short" && s.detail == "YALE"));
    let total: f64 = outcome.candidates.iter().map(|c| c.score).sum();
    assert!(total <= 1.0 + 1e-9);
}

#[test]
fn an_alias_of_the_user_leads_to_the_street() {
    let alias = StreetAlias { written: "KING BLVD".into(), county: "YALE AVE".into() };
    assert_eq!(answer(&county(&[]), "508 KING BLVD").0, Decision::None);
    assert_eq!(answer(&county(&[alias]), "508 KING BLVD"), (Decision::Accepted, vec![parcel_at("508 YALE AVE")]));
}

#[test]
fn a_numbered_place_is_not_the_street_of_that_number_where_both_have_numbers() {
    let rows: Vec<(String, String)> = (0..20)
        .flat_map(|i| ["24TH ST", "24TH PL", "ELM DR", "ELM CIR"].map(|s| (i, s)))
        .filter(|(i, street)| *i != 9 || !street.ends_with("PL") && !street.ends_with("CIR"))
        .map(|(i, street)| (format!("{street}{i}"), format!("{} {street}", 100 + i * 4)))
        .chain([("stray".to_owned(), "900 24TH CT".to_owned())])
        .collect();
    let references: Vec<ReferenceRow<'_>> =
        rows.iter().map(|(parcel_no, situs)| ReferenceRow { parcel_no, situs, ..ReferenceRow::default() }).collect();
    let matcher = Matcher::build_with(&references, &[], Weights::default());
    // Lots 132 and 140 of 24TH PL stand about the number that is missing there.
    assert_ne!(answer(&matcher, "136 24TH PL").0, Decision::Accepted);
    let level = |text: &str| {
        let outcome = matcher.match_one(&Query { address_text: text, ..Query::default() });
        let steps = outcome.candidates.into_iter().next().map(|c| c.steps).unwrap_or_default();
        steps.into_iter().find(|s| s.element == "street_type").map_or("", |s| s.level)
    };
    assert_eq!(level("136 24TH PL"), "conflict_numbered_on_block");
    assert_eq!(level("136 ELM CIR"), "conflict_on_block");
    assert_eq!(level("900 24TH PL"), "conflict_numbered");
}

#[test]
fn units_are_one_however_they_are_ordered() {
    let rows = [
        ("A", "131 OAK ST, BLDG #1 UNIT 2"),
        ("B", "131 OAK ST, BLDG #2 UNIT 1"),
        ("C", "4000 OAK ST, UNIT #238A"),
        ("D", "4000 OAK ST, UNIT #239A"),
    ];
    let references: Vec<ReferenceRow<'_>> =
        rows.iter().map(|(parcel_no, situs)| ReferenceRow { parcel_no, situs, ..ReferenceRow::default() }).collect();
    let matcher = Matcher::build_with(&references, &[], Weights::default());
    for (text, parcel) in
        [("131 OAK ST UNIT 2, BLDG 1", "A"), ("131 OAK ST BLDG 2 APT 1", "B"), ("4000 OAK ST APT A238", "C")]
    {
        assert_eq!(answer(&matcher, text), (Decision::Accepted, vec![parcel.to_owned()]), "{text}");
    }
}

#[test]
fn a_point_that_agrees_with_the_block_finds_the_corner_lot() {
    // Lots along OAK ST, 20 m apart; the corner lot is listed under ELM ST only.
    let at = |i: u32| Some(LonLat { lon: -95.0 + f64::from(i) * 2.2e-4, lat: 36.0 });
    let rows: Vec<(String, String, u32)> = (0..12)
        .map(|i| {
            let street = if i == 6 { "1 ELM ST".to_owned() } else { format!("{} OAK ST", 101 + i * 4) };
            (format!("L{i}"), street, i)
        })
        .collect();
    let references: Vec<ReferenceRow<'_>> = rows
        .iter()
        .map(|(parcel_no, situs, i)| ReferenceRow { parcel_no, situs, position: at(*i), ..ReferenceRow::default() })
        .collect();
    let matcher = Matcher::build_with(&references, &[], Weights::default());
    let ask = |position| matcher.match_one(&Query { address_text: "125 OAK ST", position, ..Query::default() });
    assert_ne!(ask(None).candidates.first().map(|c| c.parcel_no.as_str()), Some("L6"));
    let pinned = ask(at(6));
    assert_eq!(pinned.candidates[0].parcel_no, "L6", "{pinned:?}");
    let step = pinned.candidates[0].steps.iter().find(|s| s.element == "position").map(|s| s.level);
    assert_eq!(step, Some("inside_on_block"));
    // The same point with a number that the street has elsewhere says nothing of the kind.
    let elsewhere = matcher.match_one(&Query { address_text: "101 OAK ST", position: at(6), ..Query::default() });
    assert!(elsewhere.candidates.iter().all(|c| c.steps.iter().all(|s| s.level != "inside_on_block")));
}

#[test]
fn a_point_on_a_lot_decides_between_equals() {
    let at = |lon: f64| Some(LonLat { lon, lat: 36.0 });
    let rows = [("A", -95.0), ("B", -95.01)];
    let references: Vec<ReferenceRow<'_>> = rows
        .iter()
        .map(|(parcel_no, lon)| ReferenceRow {
            parcel_no,
            situs: "12 OAK ST",
            position: at(*lon),
            ..ReferenceRow::default()
        })
        .collect();
    let matcher = Matcher::build_with(&references, &[], Weights::default());
    let ask = |position| matcher.match_one(&Query { address_text: "12 OAK ST", position, ..Query::default() });
    assert_eq!(ask(None).decision, Decision::Review);
    assert_eq!(ask(at(-95.010_01)).candidates[0].parcel_no, "B");
}

#[test]
fn a_thinned_roll_does_not_lend_its_neighbours() {
    let rows: Vec<(String, String)> =
        (0..900).map(|i| (format!("N{i}"), format!("{} ELM{} ST", 100 + i % 30 * 6, i / 30))).collect();
    let matcher = |step: usize| {
        let references: Vec<ReferenceRow<'_>> = rows
            .iter()
            .step_by(step)
            .map(|(parcel_no, situs)| ReferenceRow { parcel_no, situs, ..ReferenceRow::default() })
            .collect();
        Matcher::build_with(&references, &[], Weights::default())
    };
    let (whole, thin) = (matcher(1), matcher(7));
    assert!(
        whole.completeness() > 0.9 && thin.completeness() < 0.5,
        "{} {}",
        whole.completeness(),
        thin.completeness()
    );
    // The second door of a duplex: between two lots that are 6 apart.
    let lot = rows.iter().find(|r| r.1 == "106 ELM3 ST").unwrap().0.clone();
    assert_eq!(answer(&whole, "108 ELM3 ST"), (Decision::Accepted, vec![lot]));
    assert_ne!(answer(&thin, "108 ELM3 ST").0, Decision::Accepted);
}

#[test]
fn stored_counties_answer_alike_and_damaged_ones_are_refused() {
    let matcher = county(&[]);
    let bytes = matcher.to_bytes();
    let read = Matcher::from_bytes(&bytes, Weights::default()).expect("its own bytes");
    for text in ["308 N 83 ST", "508 YAEL AVE", "77 TOWER RD", "nowhere", "5003 MAIN ST"] {
        let query = Query { address_text: text, ..Query::default() };
        assert_eq!(matcher.match_one(&query), read.match_one(&query), "{text}");
    }
    for cut in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(Matcher::from_bytes(&bytes[..cut], Weights::default()).is_none(), "cut at {cut}");
    }
    // A flipped byte is refused or harmless, never a panic.
    for at in (0..bytes.len()).step_by(bytes.len() / 60) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        if let Some(read) = Matcher::from_bytes(&damaged, Weights::default()) {
            for text in ["308 N 83 ST", "508 YAEL AVE", "77 TOWER RD APT 2"] {
                let _any = read.match_one(&Query { address_text: text, ..Query::default() });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_text_panics_and_memory_of_earlier_queries_changes_nothing(text in "\\PC{0,60}", number in 0u32..2000, cut in 0usize..30) {
        let matcher = {
            static MADE: std::sync::OnceLock<Matcher> = std::sync::OnceLock::new();
            MADE.get_or_init(|| county(&[]))
        };
        let typed: String = format!("{number} MACDONOUGH LN APT 3, GRANDVIEW 70002").chars().skip(cut % 7).take(cut).collect();
        let mut scratch = Scratch::default();
        for text in [text.as_str(), typed.as_str(), "508 YAEL AVE", text.as_str()] {
            let query = Query { address_text: text, ..Query::default() };
            let brief = matcher.match_brief(&query, &mut scratch);
            let outcome = matcher.match_one(&query);
            prop_assert_eq!(brief.decision, outcome.decision);
            prop_assert_eq!(brief.parcels, outcome.parcels);
            prop_assert!(brief.score.is_finite() && (0.0..=1.0).contains(&brief.score));
        }
    }
}

fn ok(dir: &Path, line: &str) -> Output {
    let output = shell(dir, line);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn a_file_gives_the_same_lines_for_any_threads_shards_and_door() {
    let dir = sample_city();
    let file = "match file accounts.csv --address-column service_address --id-column account_no --format ndjson";
    let one = ok(dir.path(), &format!("taptrace {file} --threads 1")).stdout;
    assert!(!one.is_empty());
    assert_eq!(one, ok(dir.path(), &format!("taptrace {file} --threads 3")).stdout);
    assert_eq!(
        one,
        ok(
            dir.path(),
            &format!("gzip -c accounts.csv | taptrace {} --threads 2", file.replacen("accounts.csv", "-", 1))
        )
        .stdout
    );
    let sorted = |bytes: &[u8]| {
        let mut lines: Vec<String> = String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let mut parts = ok(dir.path(), &format!("taptrace {file} --shard 1/2")).stdout;
    parts.extend(ok(dir.path(), &format!("taptrace {file} --shard 2/2")).stdout);
    assert_eq!(sorted(&one), sorted(&parts));
    // A row that cannot be read becomes an error row.
    fs::write(dir.path().join("bad.ndjson"), "{\"a\":\"1 X ST\"}\nnonsense\n{\"b\":1}\n").unwrap();
    let bad = shell(dir.path(), "taptrace match file bad.ndjson --address-column a --format ndjson");
    assert_eq!(bad.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&bad.stdout).lines().count(), 3);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("rows in 3, rows out 3, error rows 2"));
}

#[test]
fn a_missing_quotation_mark_and_a_point_off_the_earth_are_told() {
    let dir = sample_city();
    let file = |rows: &str| fs::write(dir.path().join("in.csv"), format!("id,a,lon,lat\n{rows}")).unwrap();
    let line = "taptrace match file in.csv --address-column a --id-column id --lon-column lon --lat-column lat";
    file("1,\"25 ROCKWELL ST,,\n2,27 ROCKWELL ST,,\n3,29 ROCKWELL ST,,\n");
    let output = shell(dir.path(), line);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("{\"id\":\"1\",\"decision\":\"error\",") && told.contains("quotation mark"), "{told}");
    file("1,\"25 ROCKWELL ST\nAPT 4\",-71.1,999\n\"a\nb\",25 ROCKWELL ST,,\n");
    for format in ["ndjson", "csv"] {
        let output = ok(dir.path(), &format!("{line} --format {format}"));
        let trailer = String::from_utf8(output.stderr).unwrap();
        assert!(trailer.contains("1 rows have no usable point") && trailer.ends_with("rows out 2, error rows 0\n"));
    }
    let refused = shell(dir.path(), &format!("{line} --format json"));
    assert_eq!(refused.status.code(), Some(2), "one document is no stream");
}

#[test]
fn aliases_and_decisions_are_kept_and_can_be_taken_back() {
    let dir = sample_city();
    let situs = "25 ROCKWELL ST";
    let ask =
        |text: &str| String::from_utf8(ok(dir.path(), &format!("taptrace match explain '{text}'")).stdout).unwrap();
    assert!(!ask("25 Zanzibar Way").contains(situs));
    fs::write(dir.path().join("aliases.csv"), "written,county\nZanzibar Way,Rockwell St\n").unwrap();
    let asked: String = [66, 69, 77, 82].iter().map(|n| format!("{n},{n} Xylophone Blvd\n")).collect();
    fs::write(dir.path().join("asked.csv"), format!("id,address\n{asked}")).unwrap();
    let suggested =
        ok(dir.path(), "taptrace match alias suggest --input asked.csv --address-column address --format json");
    let rows: serde_json::Value = serde_json::from_slice(&suggested.stdout).unwrap();
    assert_eq!((&rows[0]["written"], &rows[0]["county"]), (&"XYLOPHONE BLVD".into(), &"MAGAZINE ST".into()), "{rows}");
    ok(dir.path(), "taptrace match alias import aliases.csv --reason 'list of the street department'");
    let told = ask("25 Zanzibar Way");
    assert!(told.contains("alias") && told.contains("ROCKWELL"), "{told}");
    assert!(String::from_utf8_lossy(&ok(dir.path(), "taptrace match alias list").stdout).contains("ZANZIBAR WAY"));
    ok(dir.path(), "taptrace match alias retire 'Zanzibar Way' 'Rockwell St' --reason 'was a mistake'");
    assert!(!ask("25 Zanzibar Way").contains("ROCKWELL"));
    let again = shell(dir.path(), "taptrace match alias retire 'Zanzibar Way' 'Rockwell St' --reason 'twice'");
    assert_eq!(again.status.code(), Some(1));

    // A parcel that the matcher did not think of can be accepted, and stays accepted after the next run.
    let far = "taptrace match review --premise P1000467 --parcel 100-10 --reason 'tap card'";
    ok(dir.path(), far);
    ok(dir.path(), "taptrace match run");
    let told = String::from_utf8(ok(dir.path(), "taptrace match explain P1000467").stdout).unwrap();
    assert!(told.contains("100-10"), "{told}");
    let research = String::from_utf8(ok(dir.path(), "taptrace research P1000467").stdout).unwrap();
    assert!(research.contains("100-10"), "{research}");
}

#[test]
fn weights_are_learnt_from_reviews_and_taken_back() {
    let dir = sample_city();
    let few = shell(dir.path(), "taptrace match learn --reason 'too early'");
    assert_eq!(few.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&few.stderr).contains("too few"));
    let links = String::from_utf8(ok(dir.path(), "taptrace --format csv export links").stdout).unwrap();
    let mut reader = csv::Reader::from_reader(links.as_bytes());
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap_or_else(|| panic!("{header:?}"));
    let (premise, parcel) = (column("premise_no"), column("parcel_no"));
    let mut decisions = "premise_no,parcel_no,verdict,reason\n".to_owned();
    for row in reader.records().map(Result::unwrap).filter(|r| !r[parcel].is_empty()).take(60) {
        decisions.push_str(&format!("{},{},accept,seen\n", &row[premise], &row[parcel]));
    }
    fs::write(dir.path().join("decisions.csv"), decisions).unwrap();
    ok(dir.path(), "taptrace match review --decisions decisions.csv");
    let table =
        String::from_utf8(ok(dir.path(), "taptrace match learn --name ours --reason 'reviews of May'").stdout).unwrap();
    assert!(table.contains("version = \"ours\"") && table.contains("[level.street_name]"));
    ok(dir.path(), "taptrace match run");
    ok(dir.path(), "taptrace check");
    let reset = ok(dir.path(), "taptrace match learn --reset --reason 'back'");
    assert!(String::from_utf8_lossy(&reset.stderr).contains("built-in"));
    let none =
        Command::new(super::support::PROGRAM).args(["match", "learn", "--sets", "/nowhere.csv"]).output().unwrap();
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn parcels_of_one_address_and_one_owner_are_said_to_be_his() {
    let dir = temp_dir();
    let roll = "parcel_id,situs_address,situs_city,situs_zip,owner\n\
        1-1,622 MAIN ST,TOWN,68037,QUORN HOLDINGS LLC\n1-2,622 MAIN ST,TOWN,68037,QUORN HOLDINGS LLC\n\
        1-3,624 MAIN ST,TOWN,68037,QUORN HOLDINGS LLC\n1-4,624 MAIN ST,TOWN,68037,VEK LLC\n";
    fs::write(dir.path().join("roll.csv"), roll).unwrap();
    let said = |line: &str| String::from_utf8_lossy(&shell(dir.path(), line).stdout).into_owned();
    said("taptrace import roll roll.csv --profile generic");
    let both = said("taptrace research '622 main'");
    assert!(both.starts_with("AMBIGUOUS") && both.contains("owner on the roll is QUORN HOLDINGS LLC."), "{both}");
    let two = said("taptrace research '624 main'");
    assert!(two.starts_with("AMBIGUOUS") && !two.contains("Whichever"), "{two}");
    let order = said("taptrace owner suppress add 1-2 --order-ref X --from 2020-01-01 2>&1");
    assert!(order.contains("2 other parcel(s) still show this owner") && order.contains("--all-parcels"), "{order}");
    let withheld = said("taptrace research '622 main'");
    assert!(withheld.starts_with("AMBIGUOUS") && !withheld.contains("Whichever"), "{withheld}");
}

#[test]
fn a_calibration_moves_scores_and_no_decision() {
    let plain = county(&[]);
    let mut table = Weights::default();
    table.calibration = taptrace::matching::calibration::Calibration::default();
    let mut raw = county(&[]);
    raw.set_weights(table);
    let texts =
        ["500 YALE AVE", "500 YALLE AVE", "508 N 83 ST", "508 83 ST", "77 TOWER RD", "99 SHARED ST", "12 NOWHERE LN"];
    let mut n_moved = 0;
    for text in texts {
        let query = Query { address_text: text, ..Query::default() };
        let (shown, before) = (plain.match_one(&query), raw.match_one(&query));
        assert_eq!((shown.decision, &shown.parcels), (before.decision, &before.parcels), "{text}");
        let nos = |outcome: &taptrace::matching::Outcome| {
            outcome.candidates.iter().map(|c| c.parcel_no.clone()).collect::<Vec<_>>()
        };
        assert_eq!(nos(&shown), nos(&before), "{text}");
        let scores: Vec<f64> = shown.candidates.iter().map(|c| c.score).collect();
        assert!(scores.iter().sum::<f64>() <= 1.0 + 1e-9, "{text}: {scores:?}");
        assert!(scores.windows(2).all(|w| w[0] >= w[1] - 1e-9), "{text}: {scores:?}");
        n_moved += usize::from((shown.score - before.score).abs() > 1e-6);
    }
    assert!(n_moved >= 3, "{n_moved}");
}

#[test]
fn scores_are_measured_against_what_was_right() {
    let dir = tempfile::tempdir().unwrap();
    let parcels: String =
        county_rows().iter().map(|(no, situs, place, zip)| format!("{no},\"{situs}\",{place},{zip}\n")).collect();
    fs::write(dir.path().join("parcels.csv"), format!("parcel_id,situs_address,situs_city,situs_zip\n{parcels}"))
        .unwrap();
    let asked = county_rows().into_iter().filter(|r| r.1.contains("YALE") || r.1.contains("RIDGE"));
    let queries: String = asked.map(|(no, situs, _, _)| format!("{no},\"{situs}\",{no}\n")).collect();
    fs::write(dir.path().join("q.csv"), format!("query_id,address_text,true_parcel_id\n{queries}")).unwrap();
    fs::write(dir.path().join("sets.csv"), "parcels,queries,city,keep_percent\nparcels.csv,q.csv,here,100\n").unwrap();
    let line = "taptrace --format json match evaluate --parcels parcels.csv --queries q.csv";
    let told: serde_json::Value = serde_json::from_slice(&ok(dir.path(), line).stdout).unwrap();
    let bins = told["reliability"].as_array().unwrap();
    let n: u64 = bins.iter().map(|b| b["n"].as_u64().unwrap()).sum();
    assert_eq!((bins.len(), n), (10, told["n_queries"].as_u64().unwrap()));
    let text = String::from_utf8(ok(dir.path(), &line.replace("--format json ", "")).stdout).unwrap();
    assert!(text.contains("share right") && text.contains("calibration error"), "{text}");
    let learnt = String::from_utf8(ok(dir.path(), "taptrace match learn --sets sets.csv").stdout).unwrap();
    assert!(learnt.contains("[calibration]"), "{learnt}");
    let broken = learnt.replace("bits = [", "bits = [99.0, ");
    fs::write(dir.path().join("w.toml"), broken).unwrap();
    let refused = shell(dir.path(), &format!("{line} --weights w.toml"));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("calibration: bits and score"));
}

#[test]
fn parcels_of_one_address_are_not_called_another_address() {
    let dir = temp_dir();
    let roll = "parcel_id,situs_address,situs_city,situs_zip,owner\n\
        1-1,622 MAIN ST,TOWN,68037,QUORN HOLDINGS LLC\n1-2,622 MAIN ST,TOWN,68037,VEK LLC\n1-3,700 MAIN ST,TOWN,68037,ZED LLC\n";
    fs::write(dir.path().join("roll.csv"), roll).unwrap();
    fs::write(dir.path().join("acc.csv"), "account_no,service_address,holder_name\nA1,622 MAIN ST,PLINK ORA\n")
        .unwrap();
    let said = |line: &str| String::from_utf8_lossy(&shell(dir.path(), line).stdout).into_owned();
    said("taptrace import roll roll.csv --profile generic && taptrace import accounts acc.csv && taptrace match run");
    let explained = said("taptrace match explain A1");
    assert!(
        explained.contains("2 parcels share this address") && !explained.contains("another address"),
        "{explained}"
    );
}

#[test]
fn a_thin_roll_does_not_answer_for_a_numbered_street_of_other_direction_and_type() {
    let rows: Vec<(String, String)> =
        (0..900).map(|i| (format!("N{i}"), format!("{} S {} ST", 100 + i % 30 * 6, 10 + i / 30))).collect();
    let matcher = |step: usize| {
        let thinned = rows.iter().step_by(step);
        let references: Vec<ReferenceRow<'_>> =
            thinned.map(|(parcel_no, situs)| ReferenceRow { parcel_no, situs, ..ReferenceRow::default() }).collect();
        Matcher::build_with(&references, &[], Weights::default())
    };
    let (whole, thin) = (matcher(1), matcher(7));
    assert!(whole.completeness() > 0.9 && thin.completeness() < 0.5);
    let (no, situs) = &rows[14];
    assert_eq!(situs, "184 S 10 ST");
    assert_eq!(answer(&thin, "184 10TH ST"), (Decision::Accepted, vec![no.clone()]));
    let refused = thin.match_one(&Query { address_text: "184 10TH AVE", ..Query::default() });
    assert_eq!(
        (refused.decision, refused.reason.as_str()),
        (Decision::Review, "direction and type of the numbered street differ")
    );
    assert_eq!(answer(&whole, "184 10TH AVE").0, Decision::Accepted);
}
