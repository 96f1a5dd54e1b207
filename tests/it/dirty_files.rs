//! Files as counties and utilities really send them: each comes in right, or is told with the way out.

use std::fs;
use std::path::Path;

use crate::support::{shell, temp_dir, workbook, xlsx_cell};

const HEAD: &str = "parcel_id,situs_address,situs_zip,owner,sale_date,total_value";

fn roll(dir: &Path, name: &str, rows: &[&str]) {
    fs::write(dir.join(name), format!("{HEAD}\n{}\n", rows.join("\n"))).unwrap();
}

/// Exit status and everything said.
fn run(dir: &Path, line: &str) -> (Option<i32>, String) {
    let output = shell(dir, line);
    let said = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    (output.status.code(), said)
}

/// The one parcel of a file, as `research` knows it.
fn parcel(dir: &Path, parcel_no: &str) -> serde_json::Value {
    let output = shell(dir, &format!("taptrace research '{parcel_no}' --format json"));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    document["parcels"][0].clone()
}

#[test]
fn what_spreadsheets_do_to_values_is_undone_or_refused() {
    let dir = temp_dir();
    roll(
        dir.path(),
        "roll.csv",
        &[
            "=\"0017-1\",1 ELM ST,48505.0,OAK LLC,45000,\"($1,234.50)\"",
            "'0017-2,2 ELM ST,2139,OAK LLC,03/15/2021,\"1,000\"",
            "1.23457E+12,3 ELM ST,48505,OAK LLC,,",
            "parcel_id,situs_address,situs_zip,owner,sale_date,total_value",
            "TOTAL,,,,,\"37,035,000\"",
        ],
    );
    let (status, said) = run(dir.path(), "taptrace import roll roll.csv");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("read 5 rows = 2 stored + 3 rejected"), "{said}");
    for reason in ["scientific_number", "repeated_header", "total_row"] {
        assert!(said.contains(reason), "{reason}: {said}");
    }
    let first = parcel(dir.path(), "0017-1");
    assert_eq!((&first["situs"][0], &first["sale_date"]), (&"1 ELM ST 48505".into(), &"2023-03-15".into()));
    assert_eq!(parcel(dir.path(), "0017-2")["situs"][0], "2 ELM ST 02139");
}

#[test]
fn a_file_of_another_kind_is_told_what_it_is() {
    let dir = temp_dir();
    fs::write(dir.path().join("accounts.csv"), "account_no,premise_no,service_address\nA1,P1,1 ELM ST\n").unwrap();
    let (status, said) = run(dir.path(), "taptrace import parcels accounts.csv");
    assert_eq!(status, Some(2));
    assert!(said.contains("it looks like accounts: taptrace import accounts accounts.csv"), "{said}");
}

#[test]
fn rows_as_json_objects_are_rows() {
    let dir = temp_dir();
    let rows =
        r#"[{"parcel_id":"A1","situs_address":"1 ELM ST","owner":"OAK LLC","type":"lot","id":7},{"parcel_id":"A2"}]"#;
    fs::write(dir.path().join("rows.json"), rows).unwrap();
    let (status, said) = run(dir.path(), "taptrace import roll rows.json");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("read 2 rows = 2 stored"), "{said}");
    assert_eq!(parcel(dir.path(), "A1")["owner_on_roll"][0], "OAK LLC");
    fs::write(dir.path().join("error.json"), r#"[{"error":"no such layer"}]"#).unwrap();
    assert_eq!(run(dir.path(), "taptrace import roll error.json").0, Some(2));
}

#[test]
fn a_workbook_without_a_table_says_so() {
    let dir = temp_dir();
    let row = |y: usize, cells: [&str; 2]| {
        let cells: String = cells.iter().enumerate().map(|(x, text)| xlsx_cell(x, y, text)).collect();
        format!(r#"<row r="{}">{cells}</row>"#, y + 1)
    };
    let remarks = workbook(&format!(r#"<row r="1">{}</row>"#, xlsx_cell(0, 0, "see the next sheet")), None);
    fs::write(dir.path().join("remarks.xlsx"), remarks).unwrap();
    let (status, said) = run(dir.path(), "taptrace import inspect remarks.xlsx");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("no rows to judge"), "{said}");
    let table = workbook(&[row(0, ["parcel_id", "owner"]), row(1, ["A1", "OAK LLC"])].concat(), None);
    fs::write(dir.path().join("roll.xlsx"), table).unwrap();
    // Read, but without addresses: done, but look.
    let (status, said) = run(dir.path(), "taptrace import roll roll.xlsx");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("read 1 rows = 1 stored") && said.contains("no column for situs_address"), "{said}");
}

#[test]
fn coordinates_without_a_system_are_told_what_they_look_like() {
    let dir = temp_dir();
    let layer = |name: &str, [x, y]: [f64; 2]| {
        let ring = format!("[[{x},{y}],[{0},{y}],[{0},{1}],[{x},{y}]]", x + 50.0, y + 50.0);
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"parcel_id":"A1"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}"#
        );
        fs::write(dir.path().join(name), text).unwrap();
    };
    layer("web.geojson", [-10_685_446.0, 4_314_389.0]);
    layer("feet.geojson", [2_562_551.0, 406_571.0]);
    let (status, said) = run(dir.path(), "taptrace import parcels web.geojson");
    assert_eq!(status, Some(2));
    assert!(said.contains("they look like Web Mercator"), "{said}");
    let (_, said) = run(dir.path(), "taptrace import parcels feet.geojson");
    assert!(said.contains("ask the county for its EPSG number"), "{said}");
    let (status, said) = run(dir.path(), "taptrace import inspect feet.geojson");
    assert_eq!(status, Some(1));
    assert!(said.contains("decide crs in the profile"), "{said}");
}

#[test]
fn files_without_rows_or_columns_say_so() {
    let dir = temp_dir();
    roll(dir.path(), "header.csv", &[]);
    fs::write(dir.path().join("fixed.txt"), "PARCEL    OWNER\n0017-1    OAK LLC\n0017-2    PINE LLC\n").unwrap();
    let (status, said) = run(dir.path(), "taptrace import inspect header.csv");
    assert_eq!(status, Some(1));
    assert!(said.contains("no rows to judge"), "{said}");
    let (status, said) = run(dir.path(), "taptrace import inspect fixed.txt");
    assert_eq!(status, Some(1));
    assert!(said.contains("only one column was found"), "{said}");
}

#[test]
fn the_second_of_two_address_columns_is_where_the_owner_lives() {
    let dir = temp_dir();
    let rows: String =
        (1..9).map(|i| format!("17-{i},{i} ELM ST,TULSA,74103,OAK LLC,9{i} PINE AVE,ENID,OK,73701\n")).collect();
    let head = "Parcel Number,Address,City,Zip,Owner Name,Address,City,State,Zip";
    fs::write(dir.path().join("roll.csv"), format!("{head}\n{rows}")).unwrap();
    let (status, said) = run(
        dir.path(),
        "taptrace import inspect roll.csv -o mine.toml && taptrace import roll roll.csv --profile ./mine.toml",
    );
    assert_eq!(status, Some(0), "{said}");
    let found = parcel(dir.path(), "17-1");
    assert_eq!(found["situs"][0], "1 ELM ST, TULSA 74103");
    assert_eq!(found["mailing_address"], "91 PINE AVE, ENID, OK 73701");
}
