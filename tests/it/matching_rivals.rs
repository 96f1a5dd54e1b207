//! What a candidate means beside the others: units in lists, letters of house numbers, ranges, second street types, and the
//! streets that only share the house number.

use taptrace::matching::{Matcher, Outcome, Query, ReferenceRow, Weights};
use taptrace::model::link::Decision;

/// A town of two thousand plain lots and the lots given.
fn town(extra: &[(&str, &str)]) -> Matcher {
    let mut rows: Vec<(String, String)> = Vec::new();
    for street in ["CEDAR ST", "MAPLE AVE", "S 34TH ST", "QUARRY RD", "LAUREL LN"] {
        rows.extend((0..200).map(|i| (format!("{street}{i}"), format!("{} {street}", 101 + i * 4))));
        rows.extend((0..200).map(|i| (format!("{street}E{i}"), format!("{} {street}", 102 + i * 4))));
    }
    rows.extend(extra.iter().map(|(parcel, situs)| ((*parcel).to_owned(), (*situs).to_owned())));
    let references: Vec<ReferenceRow<'_>> = rows
        .iter()
        .map(|(parcel_no, situs)| ReferenceRow {
            parcel_no,
            situs,
            place: "GRANDVIEW",
            zip: "70001",
            ..ReferenceRow::default()
        })
        .collect();
    Matcher::build_with(&references, &[], Weights::default())
}

fn ask(matcher: &Matcher, text: &str) -> Outcome {
    matcher.match_one(&Query { address_text: text, place: "GRANDVIEW", zip: "70001", ..Query::default() })
}

fn level(outcome: &Outcome, parcel: &str, element: &str) -> &'static str {
    let candidate = outcome.candidates.iter().find(|c| c.parcel_no == parcel);
    let steps = candidate.map_or(&[][..], |c| &c.steps);
    steps.iter().find(|s| s.element == element).map_or("", |s| s.level)
}

#[test]
fn a_lot_that_lists_several_units_has_each_of_them() {
    let matcher = town(&[
        ("L0", "3133 HARBOR ST"),
        ("L1", "3133 HARBOR ST, UNIT #A & B"),
        ("L2", "3133 HARBOR ST, UNIT #C"),
        ("R1", "4100 HARBOR ST, UNIT #7-8"),
        ("R2", "4100 HARBOR ST, UNIT #9"),
        ("S1", "5200 HARBOR ST, UNIT #402 & 403"),
        ("S2", "5200 HARBOR ST, UNIT #404"),
        ("B1", "6300 HARBOR ST, UNIT #B319"),
        ("B2", "6300 HARBOR ST, UNIT #C319"),
        ("B3", "6300 HARBOR ST, UNIT #B320"),
    ]);
    for (text, parcel) in [
        ("3133 Harbor St Unit B", "L1"),
        ("3133 HARBOR ST # C", "L2"),
        ("4100 HARBOR ST UNIT 8", "R1"),
        ("4100 HARBOR ST UNIT 7-8", "R1"),
        ("5200 HARBOR ST STE 403", "S1"),
    ] {
        let outcome = ask(&matcher, text);
        assert_eq!((outcome.decision, outcome.parcels), (Decision::Accepted, vec![parcel.to_owned()]), "{text}");
    }
    // Two buildings have a 319: nobody chooses between them.
    let outcome = ask(&matcher, "6300 HARBOR ST APT 319");
    assert_ne!(outcome.decision, Decision::Accepted);
    assert_eq!([level(&outcome, "B1", "unit"), level(&outcome, "B2", "unit")], ["alike"; 2], "{outcome:?}");
    assert_eq!(ask(&matcher, "6300 HARBOR ST APT 319").candidates.len(), 3, "the third is the unit that differs");
    assert_eq!(level(&outcome, "B3", "unit"), "conflict");
}

#[test]
fn a_letter_that_the_street_has_is_not_the_number_without_it() {
    let matcher =
        town(&[("R", "54R HARBOR ST"), ("P", "54 HARBOR ST"), ("A", "67A HARBOR ST"), ("B", "67B HARBOR ST")]);
    for (text, parcel) in
        [("54R HARBOR ST", "R"), ("54 HARBOR ST", "P"), ("67-B HARBOR ST", "B"), ("67 A HARBOR ST", "A")]
    {
        let outcome = ask(&matcher, text);
        assert_eq!((outcome.decision, outcome.parcels), (Decision::Accepted, vec![parcel.to_owned()]), "{text}");
    }
    assert_eq!(level(&ask(&matcher, "54R HARBOR ST"), "P", "number_suffix"), "other_answered");
}

#[test]
fn the_only_lot_of_a_range_is_told_from_one_of_several() {
    let matcher = town(&[("ONE", "1615 HARBOR ST"), ("A", "2001 HARBOR ST"), ("B", "2003 HARBOR ST")]);
    assert_eq!(level(&ask(&matcher, "1615-1617 HARBOR ST"), "ONE", "address_number"), "covered_alone");
    let both = ask(&matcher, "2001-2003 HARBOR ST");
    assert_eq!([level(&both, "A", "address_number"), level(&both, "B", "address_number")], ["covered"; 2]);
}

#[test]
fn a_second_street_type_may_be_missing() {
    let matcher = town(&[("CT", "7735 S 34TH STREET CT"), ("TWICE", "819 BEAVER LAKE BLVD BLVD")]);
    assert_eq!(level(&ask(&matcher, "7735 S 34 ST"), "CT", "street_type"), "inner");
    for (text, parcel) in [("7735 S 34TH CT", "CT"), ("819 BEAVER LAKE BLVD", "TWICE")] {
        let outcome = ask(&matcher, text);
        assert_eq!((outcome.decision, outcome.parcels), (Decision::Accepted, vec![parcel.to_owned()]), "{text}");
    }
    // The plain street stays the first answer where it has the number.
    assert_eq!(ask(&matcher, "109 S 34TH ST").parcels, ["S 34TH ST2"]);
}

#[test]
fn where_nothing_fits_the_addresses_with_that_house_number_are_shown_and_refused() {
    let matcher = town(&[("BUD", "4130 REDBUD LN"), ("LONE", "9235 ORCHARD ST")]);
    let outcome = ask(&matcher, "4130 REDBULL LN");
    assert_eq!(level(&outcome, "BUD", "street_name"), "alike");
    assert_ne!(outcome.decision, Decision::Accepted, "{outcome:?}");
    let outcome = ask(&matcher, "9235 CEDAR ST");
    assert_eq!((outcome.decision, level(&outcome, "LONE", "street_name")), (Decision::None, "number_alone"));
    assert!(
        outcome.reason.contains("the house number is not on it") && outcome.reason.contains("9235 ORCHARD ST"),
        "{}",
        outcome.reason
    );
    // A number that many streets of the town have tells nothing.
    let outcome = ask(&matcher, "105 ZANZIBAR WAY");
    assert!(outcome.candidates.is_empty() && outcome.decision == Decision::None, "{outcome:?}");
    // Elsewhere is elsewhere.
    let elsewhere = Query { address_text: "9235 CEDAR ST", place: "FARAWAY", zip: "81234", ..Query::default() };
    assert!(matcher.match_one(&elsewhere).candidates.is_empty());
}

#[test]
fn a_street_on_the_roll_in_two_spellings_is_found_under_the_other() {
    let mut lots: Vec<(String, String)> =
        (0..40).map(|i| (format!("R{i}"), format!("{} SOUTHRIDGE DR", 900 + i * 3))).collect();
    lots.push(("ODD".to_owned(), "905 S RIDGE DR".to_owned()));
    let lots: Vec<(&str, &str)> = lots.iter().map(|(parcel, situs)| (parcel.as_str(), situs.as_str())).collect();
    let matcher = town(&lots);
    for (text, parcel) in [("912 SOUTH RIDGE DR", "R4"), ("905 S RIDGE DR", "ODD"), ("915 SOUTHRIDGE DR", "R5")] {
        let outcome = ask(&matcher, text);
        assert_eq!((outcome.decision, outcome.parcels), (Decision::Accepted, vec![parcel.to_owned()]), "{text}");
    }
}
