//! One row stream for every format.
//!
//! ```no_run
//! use taptrace::ingest::source::{OpenOptions, RawRow, Source};
//! let mut source = Source::open("parcels.geojson.gz".as_ref(), &OpenOptions::default())?;
//! let mut row = RawRow::default();
//! while source.next_row(&mut row)? {
//!     println!("{} {:?}", row.row_no, row.value(0));
//! }
//! # Ok::<(), taptrace::ingest::Error>(())
//! ```

use std::path::Path;

use crate::ingest::bytes;
use crate::ingest::error::Error;
use crate::ingest::shape::{Geometry, Warning};
use crate::model::snapshot::Reject;

/// File formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the formats name themselves")]
pub enum Format {
    Csv,
    GeoJson,
    Dbf,
    Shapefile,
    Xlsx,
}

impl Format {
    /// The word used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::GeoJson => "geojson",
            Format::Dbf => "dbf",
            Format::Shapefile => "shapefile",
            Format::Xlsx => "xlsx",
        }
    }
}

/// What the caller (a profile) already knows about a file; everything left out is found by looking.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Format, instead of extension and first bytes.
    pub format: Option<Format>,
    /// Character set label.
    pub encoding: Option<String>,
    /// CSV delimiter.
    pub delimiter: Option<u8>,
    /// CSV quote.
    pub quote: Option<u8>,
    /// 1-based row of the header, for CSV and XLSX.
    pub header_row: Option<usize>,
    /// XLSX sheet name, or layer inside a zip.
    pub sheet: Option<String>,
    /// CRS of the coordinates (`EPSG:2267`), instead of what the file says.
    pub crs: Option<String>,
    /// West, south, east, north in degrees: where the geometries must lie.
    pub extent: Option<[f64; 4]>,
}

/// What sort of value a cell held in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kinds name themselves")]
pub enum CellKind {
    Text,
    Number,
    Bool,
    /// A nested object or array, as JSON text.
    Json,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    start: u32,
    end: u32,
    kind: CellKind,
}

/// One row as the file has it. Reuse one value for a whole file: its buffers stay.
#[derive(Debug, Default)]
pub struct RawRow {
    /// 1-based number of the data row.
    pub row_no: u64,
    /// Geometry in WGS 84, when the row has a usable one.
    pub geometry: Option<Geometry>,
    /// What is odd about the geometry or the row; the row is still good.
    pub warnings: Vec<Warning>,
    /// Set when the row itself is damaged (ragged, cut off): it must be rejected with this.
    pub problem: Option<Reject>,
    text: String,
    cells: Vec<Option<Cell>>,
}

impl RawRow {
    /// The value in column `column_idx`, `None` when absent, null or empty.
    pub fn value(&self, column_idx: usize) -> Option<&str> {
        let cell = self.cells.get(column_idx).copied().flatten()?;
        self.text.get(cell.start as usize..cell.end as usize).filter(|t| !t.is_empty())
    }

    /// What sort of value the file had there.
    pub fn kind(&self, column_idx: usize) -> Option<CellKind> {
        self.cells.get(column_idx).copied().flatten().map(|c| c.kind)
    }

    /// Empties the row for the next one.
    pub(crate) fn clear(&mut self) {
        self.geometry = None;
        self.warnings.clear();
        self.problem = None;
        self.text.clear();
        self.cells.clear();
    }

    /// Sets column `column_idx` to `value`.
    pub(crate) fn set(&mut self, column_idx: usize, kind: CellKind, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.finish_cell(column_idx, kind, start);
    }

    /// Sets column `column_idx` to what `write` appends.
    pub(crate) fn set_with(&mut self, column_idx: usize, kind: CellKind, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        self.finish_cell(column_idx, kind, start);
    }

    /// Appends text that cells will point into with [`Self::set_span`]; returns where it begins.
    pub(crate) fn push_text(&mut self, text: &str) -> usize {
        let base = self.text.len();
        self.text.push_str(text);
        base
    }

    /// Sets column `column_idx` to a piece of the text at hand.
    pub(crate) fn set_span(&mut self, column_idx: usize, kind: CellKind, start: usize, end: usize) {
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else { return };
        if self.cells.len() <= column_idx {
            self.cells.resize(column_idx + 1, None);
        }
        self.cells[column_idx] = Some(Cell { start, end, kind });
    }

    fn finish_cell(&mut self, column_idx: usize, kind: CellKind, start: usize) {
        // A row's text is bounded by the record limits, far below 4 GB.
        self.set_span(column_idx, kind, start, self.text.len());
    }
}

/// How far a reader is, in bytes of the file as it lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes read.
    pub bytes_read: u64,
    /// Size of the file; 0 when unknown (stdin).
    pub bytes_total: u64,
}

/// What each format implements.
pub trait RowReader {
    /// Column names known so far; only GeoJSON adds some later.
    fn columns(&self) -> &[String];
    /// Reads the next row into the cleared `row`; false at the end.
    ///
    /// # Errors
    /// When the file is damaged beyond the row.
    fn next_row(&mut self, row: &mut RawRow) -> Result<bool, Error>;
    /// How far the reader is.
    fn progress(&self) -> Progress;
    /// What was found out about the file: encoding, delimiter, CRS ... as (`encoding`, `windows-1252`).
    fn findings(&self) -> Vec<(&'static str, String)>;
}

/// An open file.
pub struct Source {
    reader: Box<dyn RowReader>,
    format: Format,
    row_no: u64,
    counter: bytes::Counter,
}

impl Source {
    /// Opens a file (plain, `.gz`, a zip with a Shapefile; `-` is stdin for CSV and GeoJSON) and finds its columns.
    ///
    /// # Errors
    /// When the file cannot be read or is none of the formats.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let mut input = bytes::Input::open(path)?;
        let counter = input.counter().clone();
        let mut format = match options.format {
            Some(format) => format,
            None => bytes::sniff_format(path, &input)?,
        };
        if format == Format::Shapefile
            && input.head.starts_with(b"PK")
            && let Some((inside, name)) = super::shapefile::text_in_zip(path)?
        {
            format = bytes::sniff_format(name.as_ref(), &inside)?;
            input = inside;
        }
        let reader = open_reader(path, input, format, options)?;
        Ok(Self { reader, format, row_no: 0, counter })
    }

    /// Rows that come from elsewhere than a file, such as the pages of a service.
    pub fn from_reader(reader: Box<dyn RowReader>, format: Format) -> Self {
        Self { reader, format, row_no: 0, counter: bytes::Counter::default() }
    }

    /// Column names as the file has them (BOM remains removed, blanks named, repeats numbered). GeoJSON may add columns at its
    /// end while rows are read; the positions of earlier ones stay.
    pub fn columns(&self) -> &[String] {
        self.reader.columns()
    }

    /// Reads the next row; false at the end of the file.
    ///
    /// # Errors
    /// When the file is damaged beyond the row: what was read before must not be kept.
    pub fn next_row(&mut self, row: &mut RawRow) -> Result<bool, Error> {
        row.clear();
        row.row_no = self.row_no + 1;
        let has_row = self.reader.next_row(row)?;
        if has_row {
            self.row_no = row.row_no;
        }
        Ok(has_row)
    }

    /// How far we are.
    pub fn progress(&self) -> Progress {
        self.reader.progress()
    }

    /// Identity of the file that was read, at its end.
    ///
    /// # Errors
    /// When a format that jumps about in its file makes a second reading necessary, and that fails.
    pub fn identity(&self, path: &Path) -> Result<bytes::FileIdentity, Error> {
        self.counter.identity().map_or_else(|| bytes::identity_of(path), Ok)
    }

    /// The format that was read.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What was found out about the file: encoding, delimiter, CRS.
    pub fn findings(&self) -> Vec<(&'static str, String)> {
        self.reader.findings()
    }
}

fn open_reader(
    path: &Path,
    input: bytes::Input,
    format: Format,
    options: &OpenOptions,
) -> Result<Box<dyn RowReader>, Error> {
    Ok(match format {
        Format::Csv => Box::new(super::csv::CsvReader::open(path, input, options)?),
        Format::GeoJson => Box::new(super::geojson::GeoJsonReader::open(path, input, options)?),
        Format::Dbf => Box::new(super::dbf::DbfReader::open(path, input, options)?),
        Format::Shapefile => Box::new(super::shapefile::ShapefileReader::open(path, &input, options)?),
        Format::Xlsx => Box::new(super::xlsx::XlsxReader::open(path, options)?),
    })
}
