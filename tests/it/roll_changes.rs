//! What counts as a change of a parcel when the next roll or layer comes: new facts do, another way of writing them does not.

use std::fs;
use std::path::Path;

use crate::support::{shell, temp_dir};

fn layer(dir: &Path, name: &str, features: &[String]) {
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    fs::write(dir.join(name), text).unwrap();
}

fn feature(parcel_no: u32, shift: f64, properties: &str) -> String {
    let x = -95.9 + f64::from(parcel_no) * 0.001;
    let corners = [(x, 41.0), (x + 0.0005, 41.0), (x + 0.0005, 41.0005), (x, 41.0)];
    let ring: Vec<String> = corners.iter().map(|(x, y)| format!("[{},{}]", x + shift, y)).collect();
    format!(
        r#"{{"type":"Feature","properties":{{"parcel_id":"P{parcel_no}","situs_address":"{parcel_no} ELM ST","owner":"OAK LLC",{properties}}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
        ring.join(",")
    )
}

/// What the import says about its parcels.
fn import(dir: &Path, line: &str) -> String {
    let output = shell(dir, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {said}");
    said.lines().find(|l| l.contains("new or changed")).unwrap_or_default().trim().to_owned()
}

#[test]
fn names_cut_at_ten_letters_and_rounded_corners_make_no_new_version() {
    let dir = temp_dir();
    let long =
        r#""Neighborhood":"132","NeighborhoodDescription":"OLD TOWN","LastUpdate":" 2026-01-31","Shape__Area":12.5"#;
    let cut = r#""Neighborho":132,"Neighbor_1":"OLD TOWN","LastUpdate":"2026/01/31 00:00:00","Shape__Are":"12.50""#;
    layer(dir.path(), "long.geojson", &[feature(1, 0.0, long), feature(2, 0.0, long), feature(3, 0.0, long)]);
    let moved = feature(2, 0.0002, cut);
    let renamed = feature(3, 0.0, &cut.replace("OLD TOWN", "NEW TOWN"));
    layer(dir.path(), "cut.geojson", &[feature(1, 1e-9, cut), moved, renamed]);
    import(dir.path(), "taptrace import parcels long.geojson --as-of 2026-01-01");
    let said = import(dir.path(), "taptrace import parcels cut.geojson --as-of 2026-02-01");
    assert_eq!(said, "3 parcels, 2 of them new or changed, 0 retired");
    let answer = shell(dir.path(), "taptrace research P1");
    let answer = String::from_utf8_lossy(&answer.stdout).into_owned();
    assert!(answer.contains("owner on the assessor roll of 2026-02-01"), "{answer}");
}

#[test]
fn a_new_value_sale_or_land_use_is_a_change() {
    let dir = temp_dir();
    let roll = |name: &str, rows: &str| {
        let head = "parcel_id,situs_address,owner,land_use,total_value,sale_date,year_built";
        fs::write(dir.path().join(name), format!("{head}\n{rows}")).unwrap();
    };
    let rows = "A,1 ELM ST,OAK LLC,R,100,2020-05-01,1950\nB,2 ELM ST,OAK LLC,R,100,2020-05-01,1950\n";
    roll("first.csv", &format!("{rows}C,3 ELM ST,OAK LLC,R,100,2020-05-01,1950\nD,4 ELM ST,OAK LLC,R,100,,1950\n"));
    roll(
        "second.csv",
        &format!(
            "{}C,3 ELM ST,OAK LLC,C,100,2020-05-01,1950\nD,4 ELM ST,OAK LLC,R,100,2026-01-02,1950\n",
            rows.replace("B,2 ELM ST,OAK LLC,R,100", "B,2 ELM ST,OAK LLC,R,250")
        ),
    );
    import(dir.path(), "taptrace import roll first.csv --as-of 2026-01-01");
    let said = import(dir.path(), "taptrace import roll second.csv --as-of 2026-02-01");
    assert_eq!(said, "4 parcels, 3 of them new or changed, 0 retired");
    let answer = shell(dir.path(), "taptrace research D --format json");
    assert!(String::from_utf8_lossy(&answer.stdout).contains(r#""sale_date": "2026-01-02""#));
}

#[test]
fn the_order_of_the_rows_of_a_parcel_is_no_change() {
    let dir = temp_dir();
    let head = "parcel_id,situs_address,owner\n";
    fs::write(dir.path().join("first.csv"), format!("{head}A,1 ELM ST,OAK LLC\nA,3 ELM ST,OAK LLC\n")).unwrap();
    fs::write(dir.path().join("second.csv"), format!("{head}A,3 ELM ST,OAK LLC\nA,1 ELM ST,OAK LLC\n")).unwrap();
    import(dir.path(), "taptrace import roll first.csv --as-of 2026-01-01");
    let said = import(dir.path(), "taptrace import roll second.csv --as-of 2026-02-01");
    assert_eq!(said, "1 parcels, 0 of them new or changed, 0 retired");
}

#[test]
fn a_layer_of_shapes_takes_no_owner_away_and_a_roll_no_shape() {
    let dir = temp_dir();
    fs::write(
        dir.path().join("roll.csv"),
        "parcel_id,situs_address,owner,mailing_address,mail_city,mail_state,mail_zip,total_value\n\
         P1,1 ELM ST,OAK LLC,PO BOX 3,QUORN,OK,74001,900\nP2,2 ELM ST,PLINK ORA,2 ELM ST,QUORN,OK,74001,800\n",
    )
    .unwrap();
    let bare = |no: u32, shift: f64| {
        let whole = feature(no, shift, r#""acres":1"#);
        whole.replace(&format!(r#""situs_address":"{no} ELM ST","owner":"OAK LLC","#), "")
    };
    layer(dir.path(), "layer.geojson", &[bare(1, 0.0), bare(2, 0.0)]);
    layer(dir.path(), "moved.geojson", &[bare(1, 0.0002), bare(2, 0.0)]);
    import(dir.path(), "taptrace import roll roll.csv --as-of 2026-01-01");
    let output = shell(dir.path(), "taptrace import parcels layer.geojson --as-of 2026-03-01");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("no column for situs_address, owner_lines, mailing_lines; what was known of it is kept"),
        "{said}"
    );
    let card = |question: &str| {
        String::from_utf8_lossy(&shell(dir.path(), &format!("taptrace research '{question}'")).stdout).into_owned()
    };
    for question in ["1 Elm St", "P1"] {
        let text = card(question);
        // The layer says nothing of owners, so that the roll's own day stands.
        for wanted in
            ["OAK LLC   (owner on the assessor roll of 2026-01-01)", "PO BOX 3, QUORN, OK 74001", "map       41.0"]
        {
            assert!(text.contains(wanted), "{question}: no {wanted:?} in {text}");
        }
    }
    // Again is no change, a moved lot is one, and the next roll keeps its shape.
    let said = import(dir.path(), "taptrace import parcels moved.geojson --as-of 2026-04-01");
    assert_eq!(said, "2 parcels, 1 of them new or changed, 0 retired");
    assert!(card("P1").contains("PO BOX 3"), "{}", card("P1"));
    fs::write(
        dir.path().join("next.csv"),
        "parcel_id,situs_address,owner\nP1,1 ELM ST,QUORN SUE\nP2,2 ELM ST,PLINK ORA\n",
    )
    .unwrap();
    import(dir.path(), "taptrace import roll next.csv --as-of 2027-01-01");
    let text = card("P1");
    assert!(text.contains("QUORN SUE") && text.contains("map       41.0"), "{text}");
    assert!(!text.contains("PO BOX 3"), "an address belongs to its owner: {text}");
    assert!(shell(dir.path(), "taptrace check").status.success());
}

#[test]
fn an_import_that_brings_no_owners_says_so_and_how_to_get_them() {
    let dir = temp_dir();
    fs::write(dir.path().join("a.csv"), "pin,Titleholder,Where\n1,OAK LLC,1 ELM ST\n2,ASH LLC,2 ELM ST\n").unwrap();
    let output = shell(dir.path(), "taptrace import roll a.csv");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no column for situs_address, owner_lines, mailing_lines\n"), "{said}");
    assert!(said.contains("taptrace import inspect a.csv > mine.toml"), "{said}");
}

#[test]
fn the_command_after_an_import_runs_as_it_stands() {
    let dir = temp_dir();
    fs::write(dir.path().join("roll.csv"), "parcel_id,situs_address,owner\nA,ELM ST,OAK LLC\nB,12 ELM ST,OAK LLC\n")
        .unwrap();
    fs::write(dir.path().join("acc.csv"), "account_no,service_address\n1,12 ELM ST\n").unwrap();
    fs::write(dir.path().join("taps.csv"), "tap_no,size,lifecycle\nT1,3/4,in_service\n").unwrap();
    fs::write(dir.path().join("taps2.csv"), "tap_no,size,lifecycle,premise_nos\nT1,1,out_of_service,1\n").unwrap();
    fs::write(dir.path().join("roll2.csv"), "parcel_id,situs_address,owner\nA,ELM ST,OAK LLC\nB,12 ELM ST,ASH LLC\n")
        .unwrap();
    fs::write(dir.path().join("deeds.csv"), "parcel_no,recorded_on,grantee\nB,2026-01-02,ASH LLC\n").unwrap();
    for (line, next) in [
        ("roll roll.csv", Some("taptrace research \"12 ELM ST\"")),
        ("accounts acc.csv", Some("taptrace match run")),
        ("taps taps.csv", Some("taptrace tap list")),
        ("taps taps2.csv", Some("taptrace tap list")),
        ("roll roll2.csv", Some("taptrace match run")),
        ("deeds deeds.csv", Some("taptrace owner show B")),
    ] {
        let output = shell(dir.path(), &format!("taptrace import {line}"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = said.lines().find_map(|l| l.strip_prefix("next: "));
        assert_eq!(told, next, "{line}: {said}");
        let output = shell(dir.path(), told.unwrap());
        assert_eq!(output.status.code(), Some(0), "{told:?}: {}", String::from_utf8_lossy(&output.stderr));
        if line == "taps taps2.csv" {
            for wanted in [
                "T1 is known with lifecycle \"in_service\", not \"out_of_service\"",
                "size_milli_in \"750\"",
                "premise_nos",
            ] {
                assert!(said.contains(wanted), "{wanted}: {said}");
            }
        }
    }
}

#[test]
fn an_owner_whose_mail_goes_to_the_address_asked_for_is_a_lead() {
    let dir = temp_dir();
    let head = "parcel_id,situs_address,situs_city,situs_zip,owner,mailing_address,mail_city,mail_state,mail_zip";
    let rows = "A,16700 COTTONWOOD ST,GRANDVIEW,70001,OAK LLC,16700 BENNET RD,GRANDVIEW,OK,70001\n\
                B,16900 BENNET RD,GRANDVIEW,70001,ELM LLC,PO BOX 1,GRANDVIEW,OK,70001\n";
    fs::write(dir.path().join("roll.csv"), format!("{head}\n{rows}")).unwrap();
    import(dir.path(), "taptrace import roll roll.csv");
    let answer = shell(dir.path(), "taptrace research '16700 BENNET RD, GRANDVIEW OK 70001'");
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    let line = text.lines().find(|l| l.contains("the address asked for")).unwrap_or_default();
    assert!(text.contains("NO MATCH") && line.starts_with("write to  16700 BENNET RD"), "{text}");
    let answer = shell(dir.path(), "taptrace research '16900 BENNET RD, GRANDVIEW OK 70001'");
    assert!(!String::from_utf8_lossy(&answer.stdout).contains("the address asked for"));
}
