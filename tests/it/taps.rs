//! The tap inventory by hand: what is asked is done or refused, never half done, and every change can be read again.

use std::path::Path;

use crate::support::{sample_city, shell};

#[track_caller]
fn check(dir: &Path, line: &str, code: i32, texts: &[&str]) {
    let output = shell(dir, line);
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(code), "{line}: {text}");
    for wanted in texts {
        assert!(text.contains(wanted), "{line}: no {wanted:?} in {text}");
    }
}

#[test]
fn every_flag_of_an_update_changes_something_or_is_refused() {
    let city = sample_city();
    let dir = city.path();
    let update = |flags: &str, code: i32, texts: &[&str]| {
        check(dir, &format!("taptrace tap update T-00010 {flags} --reason 'crew 4'"), code, texts);
    };
    update("", 2, &["T-00010 is like that already; nothing was changed", "taptrace tap show T-00010"]);
    update("--control-state open", 2, &["nothing was changed"]);
    update("--size-milli-in 1500", 0, &["size: 3/4 in -> 1 1/2 in"]);
    update("--tap-use irrigation --tapped-on 1999-04-01", 0, &["tap_use: domestic -> irrigation", "-> 1999-04-01"]);
    update("--premise P1000011", 0, &["premise_nos: P1000010 -> P1000010, P1000011"]);
    update("--unlink-premise P1000011", 0, &["premise_nos: P1000010, P1000011 -> P1000010"]);
    update("--unlink-premise P1000011", 2, &["does not feed premise P1000011"]);
    update("--premise NOBODY", 2, &["there is no premise NOBODY", "hint: taptrace export links"]);
    update(
        "--tie 'curb_stop,hydrant,hydrant 12,N,24.5'",
        0,
        &["tie added: curb stop is 24.5 ft N of hydrant (hydrant 12)"],
    );
    update("--drop-tie 3", 0, &["tie taken away: curb stop is 24.5 ft"]);
    update("--drop-tie 3", 2, &["has no tie 3; it has 2"]);
    update("--tie 'curbstop,hydrant,hydrant 12,N,24.5'", 2, &["is none of", "curb_stop"]);
    update("--lon 500 --lat 3 --position-method gnss_rtk", 2, &["not between -180 and 180"]);
    update("--lon nan --lat 3 --position-method gnss_rtk", 2, &["not between -180 and 180"]);
    update("--size-milli-in -1", 2, &["error:"]);
    check(dir, "taptrace tap update T-00010 --control-state plugged --reason ' '", 2, &["must say something"]);
    check(
        dir,
        "taptrace tap show T-00010",
        0,
        &["size               1 1/2 in", "premise_nos        P1000010\n", "tie 2 ", "tester update: crew 4"],
    );
    // What was refused or only tried left no trace: seven changes were made.
    let output = shell(dir, "taptrace tap show T-00010 --format json");
    let tap: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(tap["history"].as_array().unwrap().len(), 6, "{tap:#}");
    assert_eq!(tap["row_version"], 7);
    check(dir, "taptrace check", 0, &["nothing to report"]);
}

#[test]
fn the_rules_of_a_taps_life_hold_by_hand_too() {
    let city = sample_city();
    let dir = city.path();
    for (flags, code, texts) in [
        ("--lifecycle out_of_service", 2, ["E_EVIDENCE", "--evidence control_point_closed"]),
        ("--lifecycle proposed", 2, ["E_NO_TRANSITION", "out_of_service"]),
        ("--lifecycle removed_at_main", 2, ["E_ROLE", "supervisor"]),
        ("--lifecycle removed_at_main --supervisor", 2, ["completed_removal_order", "taptrace removal record"]),
        ("--lifecycle out_of_service --evidence control_point_closed --dry-run", 0, ["dry run", "allowed"]),
        (
            "--lifecycle out_of_service --evidence control_point_closed",
            0,
            ["lifecycle: in_service -> out_of_service", "next:"],
        ),
    ] {
        check(dir, &format!("taptrace tap update T-00012 {flags} --reason test"), code, &texts);
    }
    check(dir, "taptrace tap add T-00012 --reason test", 2, &["in the inventory already", "tap update T-00012"]);
    check(dir, "taptrace tap add T-NEW --premise P1000012 --size-milli-in 2000 --reason test", 0, &["tap T-NEW added"]);
    check(dir, "taptrace tap show T-NEW", 0, &["size               2 in", "tap_use            domestic"]);
}
