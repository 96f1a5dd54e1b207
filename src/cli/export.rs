//! `taptrace export`: layers of the database as GeoJSON, CSV or GeoPackage.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::output::{Partial, Sink};
use super::{Failure, Format, Global, Outcome, context};
use crate::export::geopackage_layer::LayerWriter;
use crate::export::layer::{Cell, Layer, Row};
use crate::export::{csv, geojson, geopackage};
use crate::pipeline::case_layer::CaseOwners;
use crate::store::{self, Reader, layers, taps};

/// Write a layer for GIS or a spreadsheet.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which layer.
    #[arg(value_enum)]
    layer: LayerName,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LayerName {
    /// Lots with situs and owner on the roll.
    Parcels,
    /// Premises with the parcel they are linked to.
    Links,
    /// Taps with their three axes.
    Taps,
    /// Owners on the roll over time.
    Owners,
    /// Illegal connections: cases with state, owner at the violation, amounts and taps.
    Cases,
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Failure::from_error(&error)
    }
}

impl From<geopackage::Error> for Failure {
    fn from(error: geopackage::Error) -> Self {
        Failure::from_error(&error)
    }
}

#[derive(Clone, Copy)]
enum Form<'a> {
    Geojson,
    Csv,
    /// SQLite writes the file itself.
    Geopackage(&'a Path),
}

/// One of the forms being written.
enum Writer<'a> {
    Geojson(geojson::Writer<'a>),
    Csv(&'a mut dyn Write, u64),
    Geopackage(Box<LayerWriter>, Arc<AtomicBool>),
}

impl<'a> Writer<'a> {
    fn begin(out: &'a mut dyn Write, layer: Layer, form: Form<'_>) -> Result<Self, Failure> {
        Ok(match form {
            Form::Geojson => Writer::Geojson(geojson::Writer::begin(out, layer)?),
            Form::Csv => {
                csv::write_header(out, layer)?;
                Writer::Csv(out, 0)
            }
            Form::Geopackage(path) => {
                let stop = Arc::default();
                context::stop_on_signal(&stop);
                Writer::Geopackage(Box::new(LayerWriter::begin(path, layer, &context::now().0)?), stop)
            }
        })
    }

    fn row(&mut self, row: &Row) -> Result<(), Failure> {
        match self {
            Writer::Geojson(writer) => writer.row(row)?,
            Writer::Csv(out, n) => {
                *n += 1;
                csv::write_row(*out, row)?;
            }
            Writer::Geopackage(_, stop) if stop.load(Ordering::Relaxed) => {
                return Err(Failure::interrupted("nothing was written"));
            }
            Writer::Geopackage(writer, _) => writer.row(row)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<u64, Failure> {
        match self {
            Writer::Geojson(writer) => Ok(writer.finish()?),
            Writer::Csv(_, n) => Ok(n),
            Writer::Geopackage(writer, _) => Ok(writer.finish()?),
        }
    }
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    let ends_with = |ending: &str| {
        global.output.as_ref().is_some_and(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending)))
    };
    let form = match global.format {
        Format::Csv => Form::Csv,
        Format::Geojson => Form::Geojson,
        Format::Gpkg => match global.output.as_deref().filter(|p| *p != Path::new("-")) {
            Some(target) => return geopackage(global, args.layer, target),
            None => return Err(no_file_for_gpkg("taptrace export taps --format gpkg -o taps.gpkg")),
        },
        Format::Table if ends_with("csv") => Form::Csv,
        Format::Table if is_geojson_name(global.output.as_deref()) || ends_with("gpkg") => Form::Geojson,
        Format::Table => {
            return Err(Failure::input("the name of the file does not say which format it is to have")
                .hint("end it in .geojson, .csv or .gpkg, or add --format geojson"));
        }
        Format::Json | Format::Ndjson => {
            return Err(
                Failure::input("export writes geojson, csv or gpkg").hint("add --format geojson, or -o NAME.gpkg")
            );
        }
    };
    if let Some(target) = global.output.as_deref().filter(|_| ends_with("gpkg")) {
        return geopackage(global, args.layer, target);
    }
    let reader = open(global)?;
    let mut sink = Sink::open(global.output.as_deref())?;
    let n = write(&reader, args.layer, form, &mut sink)?;
    sink.finish()?;
    Ok(say(global, args.layer, n))
}

/// What was written, or why there was nothing to write.
#[allow(clippy::print_stderr, reason = "the report of an export belongs on stderr")]
fn say(global: &Global, layer: LayerName, n: u64) -> Outcome {
    let (name, way) = match layer {
        LayerName::Parcels => ("parcels", "taptrace import parcels FILE"),
        LayerName::Links => ("links", "taptrace match run"),
        LayerName::Taps => ("taps", "taptrace import taps FILE"),
        LayerName::Owners => ("owners", "taptrace import roll FILE"),
        LayerName::Cases => ("cases", "taptrace case open --help"),
    };
    if n == 0 {
        eprintln!("the database has no {name}; they come from: {}", global.next(way));
        return Outcome::Look;
    }
    if let Some(path) = global.output.as_deref().filter(|p| *p != Path::new("-")) {
        eprintln!("{}: {n} {name}", path.display());
    }
    Outcome::Done
}

/// No name at all, as for a pipe, means GeoJSON too.
fn is_geojson_name(output: Option<&Path>) -> bool {
    let Some(path) = output.filter(|p| *p != Path::new("-")) else { return true };
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    matches!(ending.as_deref(), Some("geojson" | "json"))
}

fn open(global: &Global) -> Result<Reader, Failure> {
    Reader::open(&global.db).map_err(|e| Failure::from_error(&e).hint("taptrace import parcels FILE --profile generic"))
}

/// SQLite writes a GeoPackage itself, so it cannot go to a pipe.
pub(super) fn no_file_for_gpkg(example: &str) -> Failure {
    Failure::input("a GeoPackage is a database and needs a file").hint(example)
}

/// Writes every layer as GeoJSON into a folder; returns name and rows of each.
pub(super) fn write_all(db: &Path, dir: &Path) -> Result<Vec<(&'static str, u64)>, Failure> {
    let reader = Reader::open(db)?;
    let mut written = Vec::new();
    for (layer, name) in [
        (LayerName::Parcels, "layer_parcels.geojson"),
        (LayerName::Links, "layer_links.geojson"),
        (LayerName::Taps, "layer_taps.geojson"),
        (LayerName::Owners, "layer_owners.geojson"),
        (LayerName::Cases, "layer_cases.geojson"),
    ] {
        let mut sink = Sink::open(Some(&dir.join(name)))?;
        let n_rows = write(&reader, layer, Form::Geojson, &mut sink)?;
        sink.finish()?;
        written.push((name, n_rows));
    }
    Ok(written)
}

/// A GeoPackage is written beside its place and moved there when it is whole.
fn geopackage(global: &Global, layer: LayerName, target: &Path) -> Result<Outcome, Failure> {
    let partial = Partial::beside(target);
    let n = write(&open(global)?, layer, Form::Geopackage(partial.path()), &mut std::io::sink())?;
    partial.put(target)?;
    Ok(say(global, layer, n))
}

fn write(reader: &Reader, layer: LayerName, form: Form<'_>, out: &mut dyn Write) -> Result<u64, Failure> {
    match layer {
        LayerName::Parcels => {
            let mut writer = Writer::begin(out, Layer::Parcels, form)?;
            layers::parcels(reader, |p| writer.row(&parcel(p)))?;
            writer.finish()
        }
        LayerName::Owners => {
            let mut writer = Writer::begin(out, Layer::Owners, form)?;
            layers::owners(reader, |o| writer.row(&owner(o)))?;
            writer.finish()
        }
        LayerName::Links => {
            let mut writer = Writer::begin(out, Layer::Links, form)?;
            layers::links(reader, |l| writer.row(&link(l)))?;
            writer.finish()
        }
        LayerName::Cases => {
            let mut writer = Writer::begin(out, Layer::Cases, form)?;
            let owners = CaseOwners::open(reader)?;
            layers::cases(reader, |c| {
                let owner = owners.of(reader, c.case_id)?;
                writer.row(&case(c, owner))
            })?;
            writer.finish()
        }
        LayerName::Taps => {
            let mut writer = Writer::begin(out, Layer::Taps, form)?;
            taps::layer(reader, |t| writer.row(&tap(t)))?;
            writer.finish()
        }
    }
}

fn parcel(p: layers::ParcelLayerRow) -> Row {
    let cells = vec![
        Cell::Text(p.parcel_no.clone()),
        p.situs_address.into(),
        p.situs_city.into(),
        p.situs_zip.into(),
        p.owner.into(),
        p.mailing_address.into(),
        p.land_use.into(),
        p.roll_date.into(),
    ];
    Row { id: p.parcel_no, cells, wkb: p.wkb, position: p.position }
}

fn link(l: layers::LinkLayerRow) -> Row {
    let cells = vec![
        Cell::Text(l.premise_no.clone()),
        Cell::Text(l.service_address),
        l.parcel_no.into(),
        l.situs_text.into(),
        Cell::Text(l.status),
        Cell::Real(l.score),
    ];
    Row { id: l.premise_no, cells, wkb: None, position: l.position }
}

fn owner(o: layers::OwnerLayerRow) -> Row {
    let id = format!("{}/{}", o.parcel_no, o.valid_from.as_deref().unwrap_or(""));
    let cells = vec![
        Cell::Text(o.parcel_no),
        o.owner.into(),
        o.mailing_address.into(),
        o.valid_from.into(),
        o.last_seen.into(),
        o.basis.into(),
        o.owner_kind.into(),
        o.parties.into(),
        o.owner_group.into(),
    ];
    Row { id, cells, wkb: None, position: o.position }
}

fn case(c: layers::CaseLayerRow, (owner, group): (Option<String>, Option<String>)) -> Row {
    let cells = vec![
        Cell::Text(c.case_no.clone()),
        Cell::Text(c.status),
        Cell::Integer(i64::from(c.closed_on.is_none())),
        c.violation_type.into(),
        Cell::Text(c.violation_on),
        Cell::Text(c.opened_on),
        c.closed_on.into(),
        c.premise_no.into(),
        c.service_address.into(),
        c.parcel_no.into(),
        owner.into(),
        group.into(),
        c.offense_no.map_or(Cell::Null, Cell::Integer),
        Cell::Integer(c.charged_cents),
        Cell::Integer(c.paid_cents),
        Cell::Integer(c.charged_cents - c.paid_cents),
        c.tap_nos.into(),
        c.removal_order_nos.into(),
    ];
    Row { id: c.case_no, cells, wkb: None, position: c.position }
}

fn tap(t: taps::StoredTap) -> Row {
    let position = t.lon.zip(t.lat).map(|(lon, lat)| [lon, lat]);
    let cells = vec![
        Cell::Text(t.tap_no.clone()),
        t.service_address.into(),
        Some(t.premise_nos.join(";")).into(),
        Cell::Text(t.tap_use),
        t.size_milli_in.map_or(Cell::Null, Cell::Integer),
        t.service_material.into(),
        t.tapped_on.into(),
        t.tap_card_ref.into(),
        Cell::Text(t.lifecycle),
        Cell::Text(t.control_state),
        Cell::Text(t.origin),
        t.position_method.into(),
    ];
    Row { id: t.tap_no, cells, wkb: None, position }
}
