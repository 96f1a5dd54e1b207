//! `taptrace import inspect`: a look at a file before importing it, and a profile to start from.

use std::io::Write;
use std::path::PathBuf;

use super::output::Sink;
use super::{Failure, Format, Global, Outcome};
use crate::ingest::inspect::{Inspection, inspect};
use crate::ingest::source::OpenOptions;
use crate::model::snapshot::SourceKind;

/// Arguments of `import inspect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// GeoJSON, CSV, DBF, Shapefile (or a zip of it), XLSX; plain or .gz; '-' is stdin.
    file: PathBuf,
    /// What it shall be imported as, instead of a guess.
    #[arg(long = "as", value_enum, value_name = "KIND")]
    kind: Option<Kind>,
    /// Character set, instead of a guess (utf-8, windows-1252, utf-16le ...).
    #[arg(long, value_name = "LABEL")]
    encoding: Option<String>,
    /// Coordinate system, instead of what the file says.
    #[arg(long, value_name = "EPSG:N")]
    crs: Option<String>,
    /// Sheet of a workbook, or layer of a zip.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// Row of the header, for CSV and XLSX.
    #[arg(long, value_name = "N")]
    header_row: Option<usize>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    Parcels,
    Roll,
    Accounts,
    Taps,
    Deeds,
    Reads,
}

impl From<Kind> for SourceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Parcels => SourceKind::Parcels,
            Kind::Roll => SourceKind::Roll,
            Kind::Accounts => SourceKind::Accounts,
            Kind::Taps => SourceKind::Taps,
            Kind::Deeds => SourceKind::Deeds,
            Kind::Reads => SourceKind::Reads,
        }
    }
}

/// Runs the verb.
pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    let options = OpenOptions {
        encoding: args.encoding.clone(),
        crs: args.crs.clone(),
        sheet: args.sheet.clone(),
        header_row: args.header_row,
        ..OpenOptions::default()
    };
    let found = inspect(&args.file, &options, args.kind.map(SourceKind::from))
        .map_err(|e| Failure::from_error(&e).hint(e.hint()))?;
    let stem = args.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = stem
        .split('.')
        .next()
        .unwrap_or_default()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let mut sink = Sink::open(global.output.as_deref())?;
    match global.format {
        Format::Table => sink.write_all(found.to_profile(&name).as_bytes())?,
        Format::Json | Format::Ndjson => {
            serde_json::to_writer(&mut sink, &to_json(&found)).map_err(|e| Failure::from_output(e.into()))?;
            sink.write_all(b"\n")?;
        }
        Format::Csv | Format::Geojson | Format::Gpkg => {
            return Err(Failure::input("import inspect prints a profile or JSON")
                .hint(format!("taptrace import inspect {} --format json", args.file.display())));
        }
    }
    sink.finish()?;
    tell_undecided(&found);
    let is_ready = found.damage.is_none() && found.n_rows_read > 0 && found.undecided.is_empty();
    Ok(if is_ready { Outcome::Done } else { Outcome::Look })
}

#[allow(clippy::print_stderr, reason = "what is left to a person must not be lost in a file")]
fn tell_undecided(found: &Inspection) {
    for (field, choice) in &found.undecided {
        eprintln!("decide {field} in the profile: {choice}");
    }
    let is_parcels = matches!(found.kind, SourceKind::Parcels | SourceKind::Roll);
    if is_parcels && found.n_rows_read > 0 && found.undecided.iter().any(|(field, _)| field.ends_with("_no")) {
        eprintln!("hint: is it a file of the utility's own? add --as accounts or --as taps");
    }
}

fn to_json(found: &Inspection) -> serde_json::Value {
    let columns: Vec<serde_json::Value> = found
        .columns
        .iter()
        .map(|c| serde_json::json!({ "name": c.name, "n_filled": c.n_filled, "is_numeric": c.is_numeric, "samples": c.samples }))
        .collect();
    let pairs = |list: &[(&'static str, String)]| {
        list.iter().map(|(k, v)| ((*k).to_owned(), serde_json::json!(v))).collect::<serde_json::Map<_, _>>()
    };
    let mapping: serde_json::Map<_, _> =
        found.proposals.iter().map(|(field, headers)| ((*field).to_owned(), serde_json::json!(headers))).collect();
    let parts: serde_json::Map<_, _> =
        found.parts.iter().map(|p| (p.field.to_owned(), serde_json::json!(p.header))).collect();
    let oddities: serde_json::Map<_, _> =
        found.oddities.iter().map(|(code, n)| (code.clone(), serde_json::json!(n))).collect();
    serde_json::json!({
        "format": found.format,
        "kind": found.kind.as_str(),
        "n_rows_read": found.n_rows_read,
        "n_rows_estimated": found.n_rows_estimated,
        "is_complete": found.is_complete,
        "n_geometries": found.n_geometries,
        "extent": found.extent,
        "fitting_profile": found.fitting_profile,
        "findings": pairs(&found.findings),
        "mapping": mapping,
        "parts": parts,
        "undecided": pairs(&found.undecided),
        "oddities": oddities,
        "damage": found.damage,
        "columns": columns,
    })
}
