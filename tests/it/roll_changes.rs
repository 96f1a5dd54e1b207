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
