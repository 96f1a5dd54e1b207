//! `taptrace removal print`: a list in the form that the name of the output file asks for.

use std::io::Write;
use std::path::Path;

use super::desk::{self, reader};
use super::export::no_file_for_gpkg;
use super::output::Sink;
use super::{Failure, Format, Global, Outcome, context};
use crate::export::page::{self, Paper};
use crate::export::removal_sheet::{self, Photo, Sheet, SheetKind, SheetStop};
use crate::pipeline::removal_list::{self, Kind, Made};
use crate::pipeline::removal_print::{self, StopPhoto};
use crate::pipeline::removal_stop::{self, PRIVATE_FACTS};

#[derive(Debug, clap::Args)]
pub(crate) struct Print {
    /// Number of the list, as RL-2026-00001.
    list_no: String,
    /// Paper of the PDF: letter or a4.
    #[arg(long, default_value = "letter")]
    paper: String,
    /// Version (default: the newest).
    #[arg(long)]
    list_version: Option<i64>,
    /// The copy that may be handed out: no names, no case, no remarks about persons.
    #[arg(long)]
    public: bool,
}

/// Prints a list.
pub(crate) fn print(global: &Global, p: &Print) -> Result<Outcome, Failure> {
    let paper = match p.paper.as_str() {
        "letter" => page::LETTER,
        "a4" => page::A4,
        other => return Err(Failure::input(format!("{other} is no paper")).hint("use --paper letter or --paper a4")),
    };
    let db = reader(global)?;
    let made = removal_list::show(&db, &p.list_no, p.list_version).map_err(|e| desk::failure(global, &e))?;
    let ending = global.output.as_deref().and_then(|p| p.extension()).and_then(|e| e.to_str()).unwrap_or_default();
    let photos = if ending == "html" && !p.public {
        removal_print::photos(&global.db, &db, &made.stops).map_err(|e| desk::failure(global, &e))?
    } else {
        Vec::new()
    };
    let since = removal_list::changed_since(&db, &made.list).map_err(|e| desk::failure(global, &e))?;
    let mut sheet = sheet(made, photos, since);
    if p.public {
        sheet.publish();
    }
    if ending == "gpkg" || global.format == Format::Gpkg {
        let Some(target) = global.output.as_deref().filter(|p| *p != Path::new("-")) else {
            return Err(no_file_for_gpkg("taptrace removal print LIST --format gpkg -o list.gpkg"));
        };
        return geopackage(target, &sheet);
    }
    let bytes = bytes(&sheet, ending, global.format, paper)?;
    let mut out = Sink::open(global.output.as_deref())?;
    out.write_all(&bytes)?;
    out.finish()?;
    Ok(Outcome::Done)
}

fn bytes(sheet: &Sheet, ending: &str, format: Format, paper: Paper) -> Result<Vec<u8>, Failure> {
    let csv = |sheet| removal_sheet::csv(sheet).map_err(|e| Failure::environment("cannot write CSV").caused_by(&e));
    Ok(match (ending, format) {
        ("pdf", _) => removal_sheet::pdf(sheet, paper),
        ("html", _) => removal_sheet::html(sheet),
        ("kml", _) => removal_sheet::kml(sheet),
        ("gpx", _) => removal_sheet::gpx(sheet),
        ("geojson" | "json", _) | (_, Format::Geojson | Format::Json | Format::Ndjson) => removal_sheet::geojson(sheet),
        ("csv" | "", _) | (_, Format::Csv) => csv(sheet)?,
        (other, Format::Table | Format::Gpkg) => {
            return Err(Failure::input(format!("a list is not printed as .{other}"))
                .hint("name the file .pdf .html .csv .geojson .gpkg .kml or .gpx, as in -o list.pdf"));
        }
    })
}

/// A GeoPackage is written beside its place and moved there when it is whole.
fn geopackage(target: &Path, sheet: &Sheet) -> Result<Outcome, Failure> {
    let partial = target.with_extension("gpkg.partial");
    let made_at = context::now().0;
    removal_sheet::geopackage(sheet, &partial, &made_at).map_err(|e| Failure::from_error(&e))?;
    std::fs::rename(&partial, target)
        .map_err(|e| Failure::environment(format!("cannot write {}", target.display())).caused_by(&e))?;
    Ok(Outcome::Done)
}

fn sheet(made: Made, photos: Vec<StopPhoto>, changed_since: Option<i64>) -> Sheet {
    let list = made.list;
    let mut stops: Vec<SheetStop> = made
        .stops
        .into_iter()
        .map(|s| SheetStop {
            seq: s.seq,
            field_result_id: removal_print::result_uuid(&s.stop_uuid),
            stop_uuid: s.stop_uuid,
            order_no: s.order_no,
            base_version: s.base_version,
            position: s.lon.zip(s.lat),
            facts: serde_json::from_str(&s.facts_json).unwrap_or_default(),
            picture: removal_stop::picture_from_json(&s.picture_json),
            photos: Vec::new(),
        })
        .collect();
    for photo in photos {
        if let Some(stop) = stops.iter_mut().find(|s| s.order_no == photo.order_no) {
            stop.photos.push(Photo { caption: photo.caption, mime: photo.mime, bytes: photo.bytes });
        }
    }
    Sheet {
        kind: match Kind::parse(&list.list_kind) {
            Some(Kind::Refuse) => SheetKind::Refuse,
            Some(Kind::Removal) | None => SheetKind::Removal,
        },
        list_no: list.list_no,
        version: list.version,
        sha256: list.content_sha256.unwrap_or_default(),
        crew: list.crew,
        work_on: list.work_on.unwrap_or_default(),
        yard: list.yard.map(|[lon, lat]| (lon, lat)),
        length_ft: list.length_ft.unwrap_or_default(),
        is_public: false,
        private_facts: PRIVATE_FACTS.to_vec(),
        changed_since,
        changes: made.changes.into_iter().map(|c| (c.what.to_owned(), c.order_no, c.detail)).collect(),
        stops,
    }
}
