//! What can go wrong with a whole file or a profile. A bad row is not an error but a reject.

use std::io;
use std::path::Path;

/// A file or profile that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are named in the message")]
pub enum Error {
    /// Missing, forbidden or failing file.
    #[error("cannot read {path}")]
    Read {
        path: String,
        #[source]
        source: io::Error,
    },
    /// No bytes, or no header, or no rows at all.
    #[error("{path}: the file holds no rows ({detail})")]
    Empty { path: String, detail: String },
    /// None of the formats.
    #[error("{path}: the format is not known ({detail})")]
    UnknownFormat { path: String, detail: String },
    /// Malformed JSON.
    #[error("{path}: broken JSON in line {line}, byte {offset}: {detail}")]
    Json { path: String, line: u64, offset: u64, detail: String },
    /// The file stops in the middle.
    #[error("{path}: the file ends in the middle, in line {line} after {n_rows} rows")]
    Truncated { path: String, line: u64, n_rows: u64 },
    /// JSON, but not features: an error body, a single geometry, something else.
    #[error("{path}: no list of features: {detail}")]
    NotFeatures { path: String, detail: String },
    /// A bound of `limits` was passed.
    #[error("{path}: {what} is larger than {limit}")]
    TooLarge { path: String, what: String, limit: String },
    /// A damaged DBF, Shapefile, XLSX or zip.
    #[error("{path}: broken {format}: {detail}")]
    Container { path: String, format: &'static str, detail: String },
    /// A coordinate system that is not in our tables.
    #[error("{path}: unknown coordinate system {crs}")]
    UnknownCrs { path: String, crs: String },
    /// Coordinates that cannot be degrees, and no CRS was named.
    #[error("{path}: the coordinates are not degrees ({x}, {y}) and no coordinate system is named")]
    NotDegrees { path: String, x: f64, y: f64 },
    /// Most geometries lie outside the extent that the profile expects.
    #[error("{path}: {n_outside} of {n_seen} geometries lie outside the extent of the profile (first at {lon}, {lat})")]
    WrongExtent { path: String, n_outside: u64, n_seen: u64, lon: f64, lat: f64 },
    /// A character set label that nobody knows.
    #[error("unknown character set {label}")]
    UnknownEncoding { label: String },
    /// A profile that does not say what we need.
    #[error("profile {name}, line {line}, column {column}: {detail}")]
    Profile { name: String, line: usize, column: usize, detail: String },
    /// No such profile.
    #[error("no profile called {name} (known: {known})")]
    NoSuchProfile { name: String, known: String },
    /// The profile has no columns for this kind of import.
    #[error("profile {profile} does not describe {kind}")]
    WrongKind { profile: String, kind: &'static str },
    /// Required columns are not in the file.
    #[error("the file has no column for {fields}, which profile {profile} needs (columns found: {found})")]
    MissingColumns {
        profile: String,
        fields: String,
        found: String,
        /// One of the fields that the profile does not even name.
        undescribed: Option<String>,
    },
}

impl Error {
    /// A command to try next.
    pub fn hint(&self) -> String {
        match self {
            Error::Read { path, .. } if path.starts_with("http://") || path.starts_with("https://") => {
                format!("an address is fetched: taptrace fetch url '{path}' -o FILE; a parcel layer: taptrace fetch parcels '{path}' --dry-run")
            }
            Error::Read { path, source } if source.kind() == io::ErrorKind::IsADirectory => {
                format!("name a file in it: ls {path}")
            }
            Error::Read { .. } => "check the path and its permissions".to_owned(),
            Error::Empty { .. } => "ask for the file again: there is nothing in it to read".to_owned(),
            Error::UnknownFormat { path, .. } if path.ends_with(".tar.gz") || path.ends_with(".tgz") => {
                format!("unpack it first: tar xzf {path}")
            }
            Error::UnknownFormat { path, .. } if path.ends_with(".xls") => {
                "open it in a spreadsheet program and save it as .xlsx or .csv".to_owned()
            }
            Error::UnknownFormat { path, detail } if detail.contains("a layer of another kind") => {
                let path = path.trim_end_matches('/');
                let stem = Path::new(path).file_stem().map_or_else(|| "parcels".to_owned(), |s| s.to_string_lossy().into_owned());
                format!("ogr2ogr -f GeoJSON {stem}.geojson {path}   makes a file that can be read (with several layers: add the name of one, ogrinfo {path} lists them)")
            }
            Error::Container { path, detail, .. } if detail.contains("content.xml") && path.ends_with(".ods") => {
                "open it in a spreadsheet program and save it as .xlsx or .csv".to_owned()
            }
            Error::Container { path, detail, .. } if detail.contains(".kml") => {
                format!("ogr2ogr -f GeoJSON parcels.geojson {path}   makes a file that can be read")
            }
            Error::Container { detail, .. } if detail.contains(".gdb") => {
                "a file geodatabase: ogr2ogr -f GeoJSON parcels.geojson NAME.gdb LAYER (ogrinfo NAME.gdb lists its layers)".to_owned()
            }
            Error::Container { path, detail, .. } if detail.contains("--sheet") => {
                format!("taptrace import inspect {path} --sheet NAME")
            }
            Error::Container { path, format: "zip", .. } => format!("unzip -l {path}   lists what it holds"),
            Error::Container { .. } => "open it in the program that it belongs to and save it again".to_owned(),
            Error::UnknownFormat { path, .. } | Error::Json { path, .. } | Error::NotFeatures { path, .. } => {
                let show = if path.ends_with(".gz") { format!("zcat {path} | head -c 300") } else { format!("head -c 300 {path}") };
                format!("{show}   shows how it begins")
            }
            Error::Truncated { .. } => "fetch the file again: nothing was stored".to_owned(),
            Error::TooLarge { path, .. } => format!("taptrace import inspect {path}"),
            // The lower states and Alaska in meters of the web maps; no state plane zone has such numbers.
            Error::NotDegrees { x, y, .. } if (-2e7..-7e6).contains(x) && (2.6e6..1.2e7).contains(y) => {
                "they look like Web Mercator: write crs = \"EPSG:3857\" above [columns] of the profile".to_owned()
            }
            Error::UnknownCrs { .. } | Error::NotDegrees { .. } => {
                "ask the county for its EPSG number and write it above [columns] of the profile, as in crs = \"EPSG:2267\"".to_owned()
            }
            Error::WrongExtent { .. } => {
                "is this the right county? else correct `extent` or `crs` in the profile".to_owned()
            }
            Error::UnknownEncoding { .. } => "use a label such as utf-8, windows-1252, utf-16le".to_owned(),
            Error::Profile { .. } => "the keys of a profile are listed in docs/import.md".to_owned(),
            Error::NoSuchProfile { .. } => {
                "taptrace import inspect FILE prints a profile to start from; give its path as --profile".to_owned()
            }
            Error::MissingColumns { undescribed: Some(field), .. } => {
                format!(
                    "name the column in the profile: {field} = \"HEADER\", or several: {field} = {{ from = [\"A\", \"B\"], with = \"-\" }}"
                )
            }
            Error::WrongKind { kind, .. } => format!("taptrace import inspect FILE --as {kind} proposes a mapping"),
            Error::MissingColumns { .. } => "taptrace import inspect FILE proposes a mapping".to_owned(),
        }
    }
}

/// Cuts a value for a message.
pub(crate) fn shown(value: &str) -> String {
    shown_up_to(value, super::limits::VALUE_CHARS_SHOWN)
}

/// Cuts a longer text, such as a URL, for a message.
pub(crate) fn shown_up_to(value: &str, chars_max: usize) -> String {
    let mut text: String = value.chars().take(chars_max).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if value.chars().count() > chars_max {
        text.pop();
        text.push('…');
    }
    text
}
