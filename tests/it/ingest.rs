//! Files of every format through the reader and the `import inspect` command. All fixtures are made here.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Output};

use taptrace::ingest::Error;
use taptrace::ingest::mapper::Mapper;
use taptrace::ingest::profile::Profile;
use taptrace::ingest::source::{OpenOptions, RawRow, Source};
use taptrace::model::snapshot::SourceKind;

fn inspect(args: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_taptrace"))
        .args(["import", "inspect"])
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap()
}

#[test]
fn a_header_over_two_rows_and_lines_of_plain_objects_come_in() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let table = "Tax roll\nParcel,Owner,Situs\nNumber,Name,Address\nP1,PLINK ORA,12 ELM ST\nP2,QUORN ZED,14 ELM ST\n";
    let path = at("two.csv", table);
    let columns = |path: &Path, options: &OpenOptions| Source::open(path, options).unwrap().columns().to_vec();
    assert_eq!(columns(&path, &OpenOptions::default()), ["Parcel Number", "Owner Name", "Situs Address"]);
    assert_eq!(rows(&path, &OpenOptions::default()).unwrap(), ["P1|PLINK ORA|12 ELM ST", "P2|QUORN ZED|14 ELM ST"]);
    let named = OpenOptions { header_row: Some(2), ..OpenOptions::default() };
    assert_eq!(columns(&path, &named), ["Parcel", "Owner", "Situs"]);
    assert_eq!(rows(&path, &named).unwrap().len(), 3);

    let lines = "{\"pin\":\"P1\",\"owner\":\"PLINK ORA\"}\n{\"pin\":\"P2\",\"year\":1950,\"owner\":null}\n";
    let path = at("rows.ndjson", lines);
    let found = rows(&path, &OpenOptions::default()).unwrap();
    assert_eq!(found.iter().map(|r| r.split('|').next().unwrap()).collect::<Vec<_>>(), ["P1", "P2"]);
    for alone in ["{\"error\":{\"code\":400},\"status\":1}", "{\"error\":1}\n{\"error\":2}"] {
        let refused = rows(&at("error.json", alone), &OpenOptions::default());
        assert!(matches!(refused, Err(Error::NotFeatures { .. })), "{alone}: {refused:?}");
    }
    let cut = rows(&at("cut.ndjson", &lines[..lines.len() - 9]), &OpenOptions::default());
    assert!(matches!(cut, Err(Error::Truncated { .. })), "{cut:?}");
}

/// Every row as `value|value|WARNING`, with `@lon,lat` behind it when it has a geometry.
fn rows(path: &Path, options: &OpenOptions) -> Result<Vec<String>, Error> {
    let mut source = Source::open(path, options)?;
    let mut row = RawRow::default();
    let mut found = Vec::new();
    while source.next_row(&mut row)? {
        let mut cells: Vec<String> =
            (0..source.columns().len()).map(|i| row.value(i).unwrap_or("-").to_owned()).collect();
        cells.extend(row.warnings.iter().map(|w| w.code.to_owned()));
        cells.extend(row.problem.iter().map(|p| p.reason.to_owned()));
        if let Some(geometry) = &row.geometry {
            cells.push(format!("@{:.4},{:.4}", geometry.label_point.lon, geometry.label_point.lat));
        }
        found.push(cells.join("|"));
    }
    Ok(found)
}

fn write_shapefile(dir: &Path, scale: f64) {
    use shapefile::{Point, Polygon, PolygonRing};
    let table = dbase::TableWriterBuilder::new().add_character_field("PIN".try_into().unwrap(), 12).add_numeric_field(
        "VALUE".try_into().unwrap(),
        12,
        2,
    );
    let mut writer = shapefile::Writer::from_path(dir.join("lots.shp"), table).unwrap();
    let square = |x: f64, y: f64, size: f64| {
        [(x, y), (x, y + size), (x + size, y + size), (x + size, y), (x, y)]
            .map(|(x, y)| Point::new(x * scale, y * scale))
            .to_vec()
    };
    let with_hole = Polygon::with_rings(vec![
        PolygonRing::Outer(square(0.0, 0.0, 3.0)),
        PolygonRing::Inner(square(1.0, 1.0, 1.0)),
        PolygonRing::Outer(square(10.0, 10.0, 1.0)),
    ]);
    for (pin, value, shape) in
        [("A-1", 12.5, with_hole), ("B-2", 7.0, Polygon::new(PolygonRing::Outer(square(5.0, 5.0, 2.0))))]
    {
        let mut record = dbase::Record::default();
        record.insert("PIN".to_owned(), dbase::FieldValue::Character(Some(pin.to_owned())));
        record.insert("VALUE".to_owned(), dbase::FieldValue::Numeric(Some(value)));
        writer.write_shape_and_record(&shape, &record).unwrap();
    }
}

const MERCATOR_PRJ: &str = r#"PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Mercator_Auxiliary_Sphere"],UNIT["Meter",1.0]]"#;

fn zip_of(dir: &Path, names: &[&str]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        zip.start_file(format!("layers/{name}"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&fs::read(dir.join(name)).unwrap()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_shapefile_reads_the_same_loose_and_zipped() {
    let dir = tempfile::tempdir().unwrap();
    write_shapefile(dir.path(), 1.0);
    let wanted = ["A-1|12.5|@2.5000,1.5000", "B-2|7|@6.0000,6.0000"];
    let options = OpenOptions::default();
    assert_eq!(rows(&dir.path().join("lots.shp"), &options).unwrap(), wanted);
    fs::write(dir.path().join("lots.zip"), zip_of(dir.path(), &["lots.shp", "lots.dbf", "lots.shx"])).unwrap();
    assert_eq!(rows(&dir.path().join("lots.zip"), &options).unwrap(), wanted);
    assert_eq!(rows(&dir.path().join("lots.dbf"), &options).unwrap(), ["A-1|12.5", "B-2|7"]);

    // 100 km per unit: no degrees, so the .prj is needed and obeyed.
    write_shapefile(dir.path(), 100_000.0);
    assert!(matches!(rows(&dir.path().join("lots.shp"), &options), Err(Error::NotDegrees { .. })));
    fs::write(dir.path().join("lots.prj"), MERCATOR_PRJ).unwrap();
    let projected = rows(&dir.path().join("lots.shp"), &options).unwrap();
    assert!(projected[1].starts_with("B-2|7|@5.38"), "{projected:?}");
    fs::write(dir.path().join("lots.prj"), MERCATOR_PRJ.replace("WGS_1984", "Pulkovo")).unwrap();
    assert!(matches!(rows(&dir.path().join("lots.shp"), &options), Err(Error::UnknownCrs { .. })));
}

#[test]
fn deleted_records_stay_in_step_with_their_shapes() {
    let dir = tempfile::tempdir().unwrap();
    write_shapefile(dir.path(), 1.0);
    let path = dir.path().join("lots.dbf");
    let mut table = fs::read(&path).unwrap();
    let header_len = usize::from(u16::from_le_bytes([table[8], table[9]]));
    table[header_len] = b'*';
    fs::write(&path, &table).unwrap();
    assert_eq!(rows(&dir.path().join("lots.shp"), &OpenOptions::default()).unwrap(), ["B-2|7|@6.0000,6.0000"]);
    // One record fewer in the table than there are shapes.
    table[4] = 1;
    fs::write(&path, &table).unwrap();
    assert!(matches!(rows(&dir.path().join("lots.shp"), &OpenOptions::default()), Err(Error::Container { .. })));
}

#[test]
fn damaged_shapefiles_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    write_shapefile(dir.path(), 1.0);
    let options = OpenOptions::default();
    for name in ["lots.shp", "lots.dbf"] {
        let good = fs::read(dir.path().join(name)).unwrap();
        for at in 0..good.len() {
            let mut cut = good.clone();
            cut.truncate(at);
            fs::write(dir.path().join(name), &cut).unwrap();
            let result = rows(&dir.path().join("lots.shp"), &options);
            // The end mark of a table is one byte that nobody misses.
            assert!(result.is_err() || at + 2 >= good.len(), "{name} cut at {at}: {result:?}");
            for byte in [0, 0x7f, 0xff] {
                let mut flipped = good.clone();
                flipped[at] = byte;
                fs::write(dir.path().join(name), &flipped).unwrap();
                drop(rows(&dir.path().join("lots.shp"), &options));
            }
        }
        fs::write(dir.path().join(name), &good).unwrap();
    }
}

fn cell(at: &str, text: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

#[test]
fn a_workbook_is_read_cell_by_cell() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("roll.xlsx");
    let xml = [
        format!(r#"<row r="1">{}</row>"#, cell("A1", "Roll 2026")),
        format!(r#"<row r="3">{}{}{}</row>"#, cell("A3", "PIN"), cell("B3", "SOLD"), cell("C3", "VALUE")),
        format!(r#"<row r="4">{}<c r="B4" s="1"><v>45321</v></c><c r="C4"><v>12.50</v></c></row>"#, cell("A4", "007")),
        r#"<row r="5"><c r="A5"><v>8</v></c><c r="C5"><v>3</v></c></row>"#.to_string(),
    ]
    .concat();
    fs::write(&path, crate::support::workbook(&xml, None)).unwrap();
    assert_eq!(rows(&path, &OpenOptions::default()).unwrap(), ["007|2024-01-30|12.5", "8|-|3"]);
    let other = OpenOptions { sheet: Some("Nope".to_owned()), ..OpenOptions::default() };
    assert!(matches!(rows(&path, &other), Err(Error::Container { .. })));
}

#[test]
fn workbooks_made_to_hurt_are_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("far.xlsx");
    let far = format!(r#"<row r="1">{}</row><row r="1048576">{}</row>"#, cell("A1", "PIN"), cell("XFD1048576", "x"));
    fs::write(&path, crate::support::workbook(&far, None)).unwrap();
    assert_eq!(rows(&path, &OpenOptions::default()).unwrap(), ["-|stray_cell"]);
    // 70 MB of shared strings in some 70 kB.
    let strings = format!("<sst><si><t>{}</t></si></sst>", "A".repeat(70 << 20));
    fs::write(&path, crate::support::workbook(&far, Some(&strings))).unwrap();
    assert!(matches!(rows(&path, &OpenOptions::default()), Err(Error::TooLarge { .. })));
    let good = crate::support::workbook(&far, None);
    for cut in (0..good.len()).step_by(37) {
        fs::write(&path, &good[..cut]).unwrap();
        assert!(rows(&path, &OpenOptions::default()).is_err(), "{cut}");
    }
}

#[test]
fn inspect_proposes_a_profile_that_works() {
    let dir = tempfile::tempdir().unwrap();
    let csv = "Tax roll 2026\n\nPARCEL NUMBER;SITUS;OWNER NAME;OWNER NAME2;SSN;SALE DATE\n\
        1-2;12 ELM ST, TULSA, OK 74103;DOE J;;123-45-6789;7/9/2018\n\
        1-3;14 ELM ST, TULSA, OK 74103;PE\u{d1}A R;ROE K;987-65-4321;NULL\n";
    let bytes: Vec<u8> = csv.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    fs::write(dir.path().join("roll.csv"), bytes).unwrap();
    let output = inspect(&["roll.csv", "-o", "mine.toml"], dir.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(dir.path().join("mine.toml")).unwrap();
    for wanted in [
        "# csv: 2 rows, 6 columns",
        "# header_row: 2",
        "encoding = \"windows-1252\"",
        "delimiter = \";\"",
        "parcel_no = \"PARCEL NUMBER\"  # 1-2",
        "situs_city = { from = \"SITUS\", part = \"city\" }",
        "owner_lines = [\"OWNER NAME\", \"OWNER NAME2\"]  # DOE J",
        "# SSN: sensitive",
    ] {
        assert!(text.contains(wanted), "{wanted} not in\n{text}");
    }
    assert!(!text.contains("123-45"), "a sensitive sample was printed");

    let profile = Profile::load(&dir.path().join("mine.toml").display().to_string(), None).unwrap();
    let mut source = Source::open(&dir.path().join("roll.csv"), &profile.open_options()).unwrap();
    let mut mapper = Mapper::new(&profile, SourceKind::Roll, source.columns()).unwrap();
    let mut row = RawRow::default();
    assert!(source.next_row(&mut row).unwrap() && source.next_row(&mut row).unwrap());
    let parcel = mapper.parcel(&row).unwrap();
    assert_eq!(parcel.situs_address.as_deref(), Some("14 ELM ST"));
    assert_eq!(parcel.situs_zip.as_deref(), Some("74103"));
    assert_eq!(parcel.owner_lines, ["PEÑA R", "ROE K"]);
    assert_eq!((parcel.sale_date, mapper.warnings().len()), (None, 0));
}

#[test]
fn a_parcel_number_in_several_columns_is_found_joined_and_kept_apart() {
    let dir = tempfile::tempdir().unwrap();
    let mut csv = "Lot,Map,Unit,No,Dir,Street,Suff,City\n".to_owned();
    for i in 0..60 {
        csv.push_str(&format!("{},{},,{},N,ELM,ST,TOWN\n", i % 10, 100 + i / 10, 2 * i + 1));
    }
    fs::write(dir.path().join("lots.csv"), &csv).unwrap();
    let output = inspect(&["lots.csv", "-o", "mine.toml"], dir.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(dir.path().join("mine.toml")).unwrap();
    assert!(text.contains("parcel_no = { from = [\"Map\", \"Lot\"], with = \"-\" }"), "{text}");
    assert!(
        text.contains("situs_address = [\"No\", \"Dir\", \"Street\", \"Suff\"")
            && text.contains("situs_city = \"City\"")
    );

    let joined = "name = \"t\"\n[columns]\nparcel_no = { from = [\"Map\", \"Lot\", \"Unit\"], with = \"-\" }\n";
    let profile = Profile::parse("t", joined).unwrap();
    fs::write(dir.path().join("gaps.csv"), "Map,Lot,Unit\n1,,2\n1,2,\n,1,2\n,,\n1,2,3\n").unwrap();
    let mut source = Source::open(&dir.path().join("gaps.csv"), &profile.open_options()).unwrap();
    let mut mapper = Mapper::new(&profile, SourceKind::Roll, source.columns()).unwrap();
    let mut row = RawRow::default();
    let mut found = Vec::new();
    while source.next_row(&mut row).unwrap() {
        found.push(mapper.parcel(&row).map_or_else(|reject| reject.reason.to_owned(), |p| p.parcel_no.into_owned()));
    }
    found.retain(|n| n != "missing_value");
    assert_eq!(found, ["1--2", "1-2", "-1-2", "1-2-3"]);
}

#[test]
fn inspect_says_what_a_person_must_decide_and_what_for() {
    let dir = tempfile::tempdir().unwrap();
    let point = |n: u32| {
        format!(
            r#"{{"type":"Feature","properties":{{"OBJECTID":{n},"HYDRANT_ID":"H{n}","KIND":"x","LOCATION":"{n} ELM ST"}},"geometry":{{"type":"Point","coordinates":[-96.{n},36]}}}}"#
        )
    };
    let features: Vec<String> = (1..40).map(point).collect();
    fs::write(dir.path().join("p.geojson"), format!(r#"{{"features":[{}]}}"#, features.join(","))).unwrap();
    let output = inspect(&["p.geojson", "-o", "mine.toml"], dir.path());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("decide parcel_no") && said.contains("OBJECTID, HYDRANT_ID") && said.contains("--as taps"),
        "{said}"
    );
    let text = fs::read_to_string(dir.path().join("mine.toml")).unwrap();
    assert!(
        text.contains("# parcel_no = \"\"  # DECIDE: ") && text.contains(": OBJECTID, HYDRANT_ID, LOCATION\n"),
        "{text}"
    );

    let import = |kind: &str, profile: &str| {
        let args = ["import", kind, "p.geojson", "--profile", profile];
        Command::new(env!("CARGO_BIN_EXE_taptrace")).args(args).current_dir(dir.path()).output().unwrap()
    };
    let refused = import("parcels", "./mine.toml");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.status.code() == Some(2) && said.contains("hint: name the column in the profile: parcel_no = "),
        "{said}"
    );
    assert!(inspect(&["p.geojson", "--as", "taps", "-o", "taps.toml"], dir.path()).status.success());
    let text = fs::read_to_string(dir.path().join("taps.toml")).unwrap();
    assert!(text.contains("tap_no = \"HYDRANT_ID\"") && text.contains("service_address = \"LOCATION\""), "{text}");
    let stored = import("taps", "./taps.toml");
    assert!(stored.status.success(), "{}", String::from_utf8_lossy(&stored.stderr));
}

#[test]
fn inspect_says_clearly_what_it_cannot_read() {
    let dir = tempfile::tempdir().unwrap();
    let gdb = {
        fs::write(dir.path().join("a.gdbtable"), "x").unwrap();
        zip_of(dir.path(), &["a.gdbtable"])
    };
    for (name, bytes, said) in [
        ("error.geojson", br#"{"status":"Failed","error":{"code":400}}"#.to_vec(), "no list of features"),
        ("cut.geojson", br#"{"features":[{"properties":{"A":1}"#.to_vec(), "ends in the middle"),
        ("page.html", b"<!DOCTYPE html><html></html>".to_vec(), "HTML or XML"),
        ("empty.csv", Vec::new(), "holds no rows"),
        ("old.xls", vec![0xd0, 0xcf, 0x11, 0xe0, 0, 0], "old .xls workbook"),
        ("noise.bin", vec![1, 0, 2, 0, 0, 3], "binary data"),
        ("lots.gpkg", b"SQLite format 3\0".to_vec(), "ogr2ogr -f GeoJSON lots.geojson lots.gpkg"),
        ("lots.kml", b"<?xml version=\"1.0\"?><kml></kml>".to_vec(), "ogr2ogr -f GeoJSON lots.geojson lots.kml"),
        ("lots.fgb", b"fgb\x03fgb\0".to_vec(), "ogr2ogr -f GeoJSON lots.geojson lots.fgb"),
        ("gdb.zip", gdb, "it holds layers/a.gdbtable"),
    ] {
        fs::write(dir.path().join(name), bytes).unwrap();
        let output = inspect(&[name], dir.path());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains(said) && stderr.contains("hint:"), "{name}: {stderr}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(inspect(&["nowhere.csv"], dir.path()).status.code(), Some(2));
    let output = inspect(&["error.geojson", "--encoding", "klingon"], dir.path());
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_zip_with_one_text_file_is_that_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("roll.csv"), "PIN,OWNER\n1,A\n").unwrap();
    fs::write(dir.path().join("roll.zip"), zip_of(dir.path(), &["roll.csv"])).unwrap();
    assert_eq!(rows(&dir.path().join("roll.zip"), &OpenOptions::default()).unwrap(), ["1|A"]);
}

#[test]
fn inspect_counts_damage_and_still_prints_what_it_saw() {
    let dir = tempfile::tempdir().unwrap();
    let feature = r#"{"properties":{"PIN":"1"},"geometry":null}"#;
    fs::write(dir.path().join("cut.geojson"), format!("{{\"features\":[{feature},{feature},{{")).unwrap();
    let output = inspect(&["cut.geojson"], dir.path());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains("# DAMAGED: cut.geojson: the file ends in the middle") && text.contains("null_geometry: 2 of 2"),
        "{text}"
    );
    let output = inspect(&["cut.geojson", "--format", "json"], dir.path());
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["mapping"]["parcel_no"][0], "PIN");
    assert_eq!(json["kind"], "roll");
}

#[cfg(unix)]
#[test]
fn a_pipe_as_output_is_written_to_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("roll.csv"), "PIN,OWNER\n1,A\n").unwrap();
    let pipe = dir.path().join("pipe");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|s| s.success()) {
        return; // no such tool on this machine
    }
    // Open for both, so that neither side waits for the other.
    let mut reader = fs::File::options().read(true).write(true).open(&pipe).unwrap();
    assert!(inspect(&["roll.csv", "-o", "pipe"], dir.path()).status.success());
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo(), "the pipe was replaced");
    let mut start = [0; 5];
    std::io::Read::read_exact(&mut reader, &mut start).unwrap();
    assert_eq!(&start, b"# csv");
}

#[test]
fn coordinates_without_a_system_name_the_systems_of_the_state_they_could_be_in() {
    let dir = tempfile::tempdir().unwrap();
    let features: Vec<String> = (0..30)
        .map(|i| {
            let x = 2_550_000 + i * 150;
            format!(
                r#"{{"type":"Feature","properties":{{"PARCELNUM":"{i:05}","PSTLADDRESS":"PO BOX {i}","PSTLCITY":"TULSA","PSTLSTATE":"OK"}},"geometry":{{"type":"Point","coordinates":[{x},410000]}}}}"#
            )
        })
        .collect();
    let path = dir.path().join("lots.geojson");
    fs::write(&path, format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))).unwrap();
    let found = taptrace::ingest::inspect::inspect(&path, &OpenOptions::default(), None).unwrap();
    let (_, choice) = found.undecided.iter().find(|(field, _)| *field == "crs").unwrap();
    assert!(choice.contains("EPSG:2267 is NAD83 / Oklahoma North (ftUS), EPSG:2268 is"), "{choice}");
}
