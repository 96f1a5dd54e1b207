//! `taptrace export`: layers that GIS programs type right, CSV that spreadsheets do not run, withheld owners stay withheld.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn taptrace(dir: &Path, args: &[&str]) -> Output {
    let db = dir.join("t.db");
    Command::new(env!("CARGO_BIN_EXE_taptrace")).current_dir(dir).arg("--db").arg(db).args(args).output().unwrap()
}

const ROLL: &str = "parcel_id,situs_address,situs_city,situs_zip,owner,mailing_address,land_use,lon,lat\n\
    P1,1 ELM ST,TOWN,00001,=SAMPLE OWNER,1 ELM ST,RES,-96.0000000001,36.1234567\n\
    P2,,,,\"QUOTE, \"\"Q\"\"\",,,,\n\
    P3,3 ELM ST,TOWN,00001,SECRET PERSON,3 ELM ST,RES,-96,36\n";

fn city() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("roll.csv"), ROLL).unwrap();
    let imported = taptrace(dir.path(), &["import", "roll", "roll.csv", "--profile", "generic"]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    dir
}

#[test]
fn every_feature_has_every_field_in_order_and_a_text_id() {
    let dir = city();
    let output = taptrace(dir.path(), &["export", "parcels", "-o", "p.geojson"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(dir.path().join("p.geojson")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let features = json["features"].as_array().unwrap();
    assert_eq!(features.len(), 3);
    for feature in features {
        assert!(feature["id"].is_string());
        assert_eq!(feature["properties"].as_object().unwrap().len(), 8);
        assert!(feature["properties"].get("id").is_none());
    }
    assert_eq!(features[0]["properties"]["owner"], "=SAMPLE OWNER");
    assert_eq!(features[2]["id"], "P2", "the incomplete one comes last");
    assert!(
        text.contains("\"properties\":{\"parcel_no\":\"P1\",\"situs_address\":\"1 ELM ST\",\"situs_city\":\"TOWN\"")
    );
}

#[test]
fn csv_is_formula_safe_and_an_empty_layer_says_so() {
    let dir = city();
    let output = taptrace(dir.path(), &["--format", "csv", "export", "parcels"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with(
        "parcel_no,situs_address,situs_city,situs_zip,owner,mailing_address,land_use,roll_date,lon,lat\n"
    ));
    assert!(text.contains(",'=SAMPLE OWNER,") && text.contains(",\"QUOTE, \"\"Q\"\"\","));
    assert_eq!(taptrace(dir.path(), &["export", "owners"]).status.code(), Some(0));
    assert_eq!(taptrace(dir.path(), &["export", "taps"]).status.code(), Some(1));
    assert_eq!(taptrace(dir.path(), &["--format", "json", "export", "taps"]).status.code(), Some(2));
    assert_eq!(
        Command::new(env!("CARGO_BIN_EXE_taptrace"))
            .args(["--db", "/nowhere/t.db", "export", "taps"])
            .status()
            .unwrap()
            .code(),
        Some(2)
    );
}

#[test]
fn a_withheld_owner_is_in_no_layer() {
    let dir = city();
    let raw = rusqlite::Connection::open(dir.path().join("t.db")).unwrap();
    raw.execute_batch(
        "INSERT INTO suppression (parcel_id, basis, order_ref, from_date, to_date, entered_by, entered_at)
         SELECT parcel_id, 'court order', 'X', '2020-01-01', NULL, 't', '2026-01-01T00:00:00Z' FROM parcel WHERE parcel_no = 'P3'",
    )
    .unwrap();
    drop(raw);
    for layer in ["parcels", "owners"] {
        for format in ["geojson", "csv"] {
            let text = String::from_utf8(taptrace(dir.path(), &["--format", format, "export", layer]).stdout).unwrap();
            assert!(
                text.contains("P3") && text.contains("withheld by law") && !text.contains("SECRET"),
                "{layer} {format}"
            );
        }
    }
}

#[test]
fn a_geopackage_is_asked_for_by_name_or_by_format_and_needs_a_file() {
    let dir = city();
    for (args, code) in [
        (&["export", "parcels", "--format", "gpkg", "-o", "p.out"][..], 0),
        (&["export", "parcels", "-o", "q.gpkg"], 0),
        (&["export", "cases", "--format", "gpkg", "-o", "none.gpkg"], 1),
        (&["export", "parcels", "--format", "gpkg"], 2),
        (&["export", "parcels", "--format", "gpkg", "-o", "-"], 2),
        (&["removal", "list", "--format", "gpkg", "-o", "r.gpkg"], 2),
        (&["tap", "list", "--format", "gpkg"], 2),
    ] {
        let out = taptrace(dir.path(), args);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(code), "{args:?}: {said}");
        assert_eq!(code == 2, said.contains("hint: ") && said.contains("GeoPackage"), "{args:?}: {said}");
    }
    for (name, table) in [("p.out", "parcels"), ("q.gpkg", "parcels"), ("none.gpkg", "cases")] {
        let file = rusqlite::Connection::open(dir.path().join(name)).unwrap();
        let columns: i64 = file
            .query_row("SELECT COUNT(*) FROM gpkg_geometry_columns WHERE table_name = ?1", [table], |r| r.get(0))
            .unwrap();
        assert_eq!(columns, 1, "{name}");
        let day = if table == "cases" { "opened_on" } else { "roll_date" };
        let sql = format!("SELECT type FROM pragma_table_info('{table}') WHERE name = '{day}'");
        let kind: String = file.query_row(&sql, [], |r| r.get(0)).unwrap();
        assert_eq!(kind, "DATE", "{name}");
    }
}

#[test]
fn the_demo_writes_its_layers() {
    let dir = super::support::sample_city();
    for (name, n_least) in [("parcels", 800), ("links", 700), ("taps", 700), ("owners", 800)] {
        let text = fs::read_to_string(dir.path().join(format!("layer_{name}.geojson"))).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(json["features"].as_array().unwrap().len() >= n_least, "{name}");
    }
}

/// Twice the area of a closed ring: positive when it runs counter-clockwise.
fn doubled_area(ring: &serde_json::Value) -> f64 {
    let at = |c: &serde_json::Value, i: usize| c[i].as_f64().unwrap();
    ring.as_array().unwrap().windows(2).map(|w| at(&w[0], 0) * at(&w[1], 1) - at(&w[1], 0) * at(&w[0], 1)).sum()
}

/// A closed square, clockwise when `is_clockwise`.
fn square(west: f64, south: f64, size: f64, is_clockwise: bool) -> serde_json::Value {
    let mut ring =
        vec![[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]];
    if is_clockwise {
        ring.reverse();
    }
    serde_json::json!(ring)
}

#[test]
fn every_exported_polygon_follows_the_right_hand_rule_however_it_came_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut features = Vec::new();
    for (n, outer, hole) in [(1, true, true), (2, true, false), (3, false, true), (4, false, false)] {
        let west = -96.0 + f64::from(n) / 100.0;
        let rings = serde_json::json!([square(west, 36.0, 0.004, outer), square(west + 0.001, 36.001, 0.001, hole)]);
        let geometry = if n == 2 {
            let apart = serde_json::json!([square(west + 0.006, 36.0, 0.001_234_567_89, outer)]);
            serde_json::json!({"type": "MultiPolygon", "coordinates": [rings, apart]})
        } else {
            serde_json::json!({"type": "Polygon", "coordinates": rings})
        };
        features.push(serde_json::json!({"type": "Feature", "geometry": geometry, "properties": {"parcel_id": format!("P{n}"), "id": n}}));
    }
    // Damaged: no geometry, and an outer ring without area.
    features.insert(0, serde_json::json!({"type": "Feature", "geometry": null, "properties": {"parcel_id": "P0"}}));
    let flat = serde_json::json!([[[-96.0, 36.0], [-96.0, 36.1], [-96.0, 36.0], [-96.0, 36.0]]]);
    features.push(serde_json::json!({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": flat}, "properties": {"parcel_id": "P5"}}));
    let collection = serde_json::json!({"type": "FeatureCollection", "features": features});
    fs::write(dir.path().join("lots.geojson"), collection.to_string()).unwrap();
    assert!(taptrace(dir.path(), &["import", "parcels", "lots.geojson"]).status.code() < Some(2));
    let text = String::from_utf8(taptrace(dir.path(), &["export", "parcels"]).stdout).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut n_rings = 0;
    for feature in json["features"].as_array().unwrap() {
        assert!(feature["id"].is_string() && feature["properties"].get("id").is_none());
        for polygon in feature["geometry"]["coordinates"].as_array().into_iter().flatten() {
            for (i, ring) in polygon.as_array().unwrap().iter().enumerate() {
                n_rings += 1;
                assert_eq!(ring[0], ring[ring.as_array().unwrap().len() - 1], "closed");
                assert_eq!(i == 0, doubled_area(ring) > 0.0, "{}: ring {i}: {ring}", feature["id"]);
            }
        }
    }
    assert_eq!(n_rings, 4 * 2 + 1);
    assert_eq!(json["features"][0]["geometry"]["type"], "MultiPolygon", "the first feature has a geometry");
    let n_decimals = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
    assert!(text.split('.').skip(1).all(|tail| n_decimals(tail) <= 7), "at most seven decimals");
    assert!(text.contains("36.0012346"));
}

#[test]
fn the_first_feature_of_every_layer_is_complete_and_no_row_is_lost() {
    let dir = super::support::sample_city();
    for (name, first_nulls) in [("parcels", 1), ("links", 0), ("taps", 0), ("owners", 0)] {
        let text = fs::read_to_string(dir.path().join(format!("layer_{name}.geojson"))).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let features = json["features"].as_array().unwrap();
        let first = &features[0];
        let n_null = first["properties"].as_object().unwrap().values().filter(|v| v.is_null()).count();
        assert!(n_null <= first_nulls && first["geometry"].is_object(), "{name}: {first}");
        let mut ids: Vec<&str> = features.iter().map(|f| f["id"].as_str().unwrap()).collect();
        let behind_first: Vec<Vec<&str>> = ids[1..].iter().map(|id| id.split('/').collect()).collect();
        assert!(name == "parcels" || behind_first.is_sorted(), "{name}");
        ids.sort_unstable();
        let n = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), n, "{name}: ids tell the features apart");
    }
}
