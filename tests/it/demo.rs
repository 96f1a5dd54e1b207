//! The demo as a new user runs it, with its case, and `research --as-of` on the house of that case.

use std::fs;

use serde_json::Value;

use crate::support::{shell, temp_dir};

fn said(output: &std::process::Output) -> String {
    [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b).into_owned()).concat()
}

#[test]
fn the_demo_ends_with_a_removed_tap_and_a_sealed_packet() {
    let dir = temp_dir();
    let made = shell(dir.path(), "taptrace demo --dir city");
    assert!(made.status.success(), "{}", said(&made));
    assert!(said(&made).contains("from a tip to a removed tap"), "{}", said(&made));
    let city = dir.path().join("city");
    let tap = said(&shell(&city, "taptrace tap show T-00402 --format json"));
    assert!(tap.contains("removed_at_main"), "{tap}");
    for line in ["taptrace check", "taptrace case packet IC-2026-00001 packet --verify"] {
        let output = shell(&city, line);
        assert!(output.status.success(), "{line}: {}", said(&output));
    }
    let shown = said(&shell(&city, "taptrace case show IC-2026-00001"));
    assert!(shown.contains("tap T-00402: removed_at_main (RO-2026-00001)"), "{shown}");
    let layer: Value = serde_json::from_slice(&fs::read(city.join("layer_cases.geojson")).unwrap()).unwrap();
    assert_eq!(layer["features"][0]["properties"]["violation_type"], "slip");
    let story = fs::read_to_string(city.join("case_story.txt")).unwrap();
    assert!(story.contains("is recorded; tap T-00402 is now removed_at_main"), "{story}");
    assert!(!story.contains("city/"), "paths are those of the folder: {story}");

    let asked = |day: &str| {
        let output = shell(&city, &format!("taptrace research P1000402 --as-of {day} --format json"));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), document["parcels"][0]["as_of"].clone())
    };
    let (code, before) = asked("2026-02-15");
    assert_eq!((code, &before["owner"]["certainty"]), (Some(0), &"roll-inferred".into()));
    assert_eq!(before["owner"]["owners"][0]["owner"], "ELSWICK, NILS R");
    assert_eq!(
        (&before["taps"][0]["on_the_day"], &before["accounts"][0]["on_the_day"]),
        (&"there".into(), &"open".into())
    );
    let (_, after) = asked("2026-10-01");
    assert_eq!(after["owner"]["owners"][0]["owner"], "ORCHARDSON FAMILY REVOCABLE TRUST");
    assert_eq!(after["taps"][0]["on_the_day"], "removed");
    let (code, long_ago) = asked("1950-01-01");
    assert_eq!((code, &long_ago["owner"]["certainty"]), (Some(1), &"unknown".into()));
    assert_eq!(long_ago["taps"][0]["on_the_day"], "not tapped yet");
    let text = said(&shell(&city, "taptrace research P1000402 --as-of 2026-02-15"));
    assert!(text.contains("on        2026-02-15: owner roll-inferred, "), "{text}");
}
