//! `taptrace removal print`: a list in the form that the name of the output file asks for.

use std::io::Write;

use super::desk::reader;
use super::output::Sink;
use super::{Failure, Format, Global, Outcome};
use crate::export::page;
use crate::export::removal_sheet::{self, Sheet, SheetStop};
use crate::store::removal_lists;

/// Prints a list.
pub(crate) fn print(global: &Global, list_no: &str, version: Option<i64>, paper: &str) -> Result<Outcome, Failure> {
    let paper = match paper {
        "letter" => page::LETTER,
        "a4" => page::A4,
        other => return Err(Failure::input(format!("{other} is no paper")).hint("use --paper letter or --paper a4")),
    };
    let db = reader(global)?;
    let found = removal_lists::find(&db, list_no, version).map_err(|e| Failure::from_error(&e))?;
    let Some(list) = found else {
        return Err(Failure::input(format!("E_NOT_FOUND: there is no list {list_no}"))
            .hint("make one with `taptrace removal list --make`"));
    };
    let stops = removal_lists::stops(&db, list.list_id).map_err(|e| Failure::from_error(&e))?;
    let sheet = Sheet {
        list_no: list.list_no,
        version: list.version,
        sha256: list.content_sha256.unwrap_or_default(),
        crew: list.crew,
        work_on: list.work_on.unwrap_or_default(),
        stops: stops
            .into_iter()
            .map(|s| SheetStop {
                seq: s.seq,
                stop_uuid: s.stop_uuid,
                order_no: s.order_no,
                base_version: s.base_version,
                position: s.lon.zip(s.lat),
                facts: serde_json::from_str(&s.facts_json).unwrap_or_default(),
                rings: Vec::new(),
            })
            .collect(),
    };
    let ending = global.output.as_deref().and_then(|p| p.extension()).and_then(|e| e.to_str()).unwrap_or_default();
    let csv = |sheet| removal_sheet::csv(sheet).map_err(|e| Failure::environment("cannot write CSV").caused_by(&e));
    let bytes = match (ending, global.format) {
        ("pdf", _) => removal_sheet::pdf(&sheet, paper),
        ("html", _) => removal_sheet::html(&sheet),
        ("kml", _) => removal_sheet::kml(&sheet),
        ("gpx", _) => removal_sheet::gpx(&sheet),
        ("geojson" | "json", _) | (_, Format::Geojson | Format::Json | Format::Ndjson) => {
            removal_sheet::geojson(&sheet)
        }
        ("csv", _) | (_, Format::Csv | Format::Table) => csv(&sheet)?,
    };
    let mut out = Sink::open(global.output.as_deref())?;
    out.write_all(&bytes)?;
    out.finish()?;
    Ok(Outcome::Done)
}
