//! A file of addresses through the matcher: one line out per row in, in order, on all cores, with constant memory.
//!
//! CSV or NDJSON, plain or `.gz`, or stdin (`-`). A row that cannot be read gives an error row, never a lost one.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::ordered;
use crate::matching::{Brief, Matcher, Query, Scratch};
use crate::model::parcel::LonLat;

/// Rows handed to the worker threads at a time; enough to keep them busy, small enough for constant memory.
const BATCH_ROWS: usize = 1024;

/// A failed run over a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A column that was asked for is not there.
    #[error("{}: there is no column {column:?}; the columns are {found}", path.display())]
    NoColumn {
        /// Which file.
        path: PathBuf,
        /// The missing name.
        column: String,
        /// The names that are there.
        found: String,
    },
    /// A row that must be readable is not.
    #[error("{}: {problem}", path.display())]
    Row {
        /// Which file.
        path: PathBuf,
        /// Line and what is wrong.
        problem: String,
    },
    /// A weight table is none.
    #[error("{} is no weight table", path.display())]
    Weights {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: crate::matching::WeightsError,
    },
    /// The database cannot be read.
    #[error("cannot read the parcels of the database")]
    Store(#[source] crate::store::Error),
    /// The result cannot be written.
    #[error("cannot write the result")]
    Write(#[source] io::Error),
}

/// Opens a path, `-` for stdin, unpacking gzip by its first bytes.
pub(crate) fn open_bytes(path: &Path) -> Result<Box<dyn BufRead + Send>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let raw: Box<dyn Read + Send> =
        if path.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(File::open(path).map_err(failed)?) };
    let mut buffered = BufReader::with_capacity(1 << 18, raw);
    let is_gzip = buffered.fill_buf().map_err(failed)?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip {
        Box::new(BufReader::with_capacity(1 << 18, flate2::bufread::MultiGzDecoder::new(buffered)))
    } else {
        Box::new(buffered)
    })
}

/// A CSV file by column names.
pub(crate) struct Table {
    path: PathBuf,
    reader: csv::Reader<Box<dyn BufRead + Send>>,
    header: Vec<String>,
    n_read: u64,
}

impl Table {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        Self::from_bytes(path, open_bytes(path)?)
    }

    /// The table of an opened file; the path is for messages.
    pub(crate) fn from_bytes(path: &Path, mut bytes: Box<dyn BufRead + Send>) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.to_owned(), source };
        if bytes.fill_buf().map_err(failed)?.starts_with(b"\xef\xbb\xbf") {
            bytes.consume(3);
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = reader
            .byte_headers()
            .map_err(|e| Error::Row { path: path.to_owned(), problem: e.to_string() })?
            .iter()
            .map(|h| String::from_utf8_lossy(h).trim().to_owned())
            .collect();
        Ok(Self { path: path.to_owned(), reader, header, n_read: 0 })
    }

    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|h| h.eq_ignore_ascii_case(name.trim()))
    }

    pub(crate) fn require(&self, name: &str) -> Result<usize, Error> {
        self.column(name).ok_or_else(|| Error::NoColumn {
            path: self.path.clone(),
            column: name.to_owned(),
            found: self.header.join(", "),
        })
    }

    /// The next row with its 1-based number, or what is wrong with it; bytes that are no UTF-8 are read as Latin-1.
    #[allow(clippy::type_complexity, reason = "end, failure of the file, trouble of the row")]
    pub(crate) fn next_row(&mut self) -> Result<Option<(u64, Result<csv::StringRecord, String>)>, Error> {
        let mut row = csv::StringRecord::new();
        let found = self.next_into(&mut row)?;
        Ok(found.map(|(row_no, problem)| (row_no, problem.map(|()| row))))
    }

    /// As [`Self::next_row`], into a record that is used again.
    #[allow(clippy::type_complexity, reason = "end, failure of the file, trouble of the row")]
    pub(crate) fn next_into(
        &mut self,
        row: &mut csv::StringRecord,
    ) -> Result<Option<(u64, Result<(), String>)>, Error> {
        let mut record = std::mem::take(row).into_byte_record();
        match self.reader.read_byte_record(&mut record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                self.n_read += 1;
                *row = csv::StringRecord::from_byte_record(record).unwrap_or_else(|e| {
                    e.into_byte_record()
                        .iter()
                        .map(|cell| cell.iter().copied().map(char::from).collect::<String>())
                        .collect()
                });
                Ok(Some((self.n_read, Ok(()))))
            }
            Err(e) => match e.into_kind() {
                csv::ErrorKind::Io(source) => Err(Error::Read { path: self.path.clone(), source }),
                other => {
                    self.n_read += 1;
                    Ok(Some((self.n_read, Err(format!("{other:?}")))))
                }
            },
        }
    }
}

/// A point from two texts.
pub(crate) fn position(lon: &str, lat: &str) -> Option<LonLat> {
    super::reference::lon_lat(lon, lat)
}

/// Which columns (or NDJSON keys) hold what.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// The address text.
    pub address: String,
    /// The row's id; without it the row number.
    pub id: Option<String>,
    /// Longitude.
    pub lon: Option<String>,
    /// Latitude.
    pub lat: Option<String>,
    /// Account holder.
    pub owner: Option<String>,
    /// Place.
    pub place: Option<String>,
    /// ZIP.
    pub zip: Option<String>,
}

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Columns.
    pub columns: Columns,
    /// Worker threads.
    pub threads: usize,
    /// Shard `i` of `n` (1-based): only every n-th row, counted from i.
    pub shard: (u64, u64),
    /// CSV instead of NDJSON out.
    pub as_csv: bool,
}

/// What went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows read (of this shard).
    pub rows_in: u64,
    /// Lines written.
    pub rows_out: u64,
    /// Error rows among them.
    pub errors: u64,
    /// Rows whose point could not be read; they were matched by the rest.
    pub points_lost: u64,
}

/// A row as read; its cells are looked at by the workers.
enum Row {
    Cells(csv::StringRecord),
    Object(Map<String, Value>),
    /// Why it cannot be read.
    Bad(String),
}

/// What is asked in a row.
struct Item<'a> {
    id: Value,
    address: Cow<'a, str>,
    place: Cow<'a, str>,
    zip: Cow<'a, str>,
    owner: Cow<'a, str>,
    position: Option<LonLat>,
    /// A point was given that is none on earth.
    is_point_lost: bool,
}

/// The rows of a file, one after the other.
enum Rows {
    Csv(Table),
    Json { path: PathBuf, lines: io::Split<Box<dyn BufRead + Send>>, row_no: u64 },
}

impl Rows {
    /// The next row with its 1-based number.
    fn next_row(&mut self) -> Result<Option<(u64, Row)>, Error> {
        match self {
            Self::Csv(table) => {
                Ok(table.next_row()?.map(|(row_no, row)| (row_no, row.map_or_else(Row::Bad, Row::Cells))))
            }
            Self::Json { path, lines, row_no } => loop {
                let Some(line) = lines.next() else { return Ok(None) };
                let line = line.map_err(|source| Error::Read { path: path.clone(), source })?;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                *row_no += 1;
                let row = serde_json::from_slice::<Map<String, Value>>(&line)
                    .map_or_else(|e| Row::Bad(format!("no JSON object: {e}")), Row::Object);
                return Ok(Some((*row_no, row)));
            },
        }
    }
}

/// Where the cells of a row are.
struct Places {
    columns: Columns,
    id: Option<usize>,
    address: usize,
    other: [Option<usize>; 5],
    n_columns: usize,
}

/// True when a quoted field holds what look like further rows: its closing quotation mark is missing, and the rows up to the
/// next mark, or to the end of the file, are in it. An address over two lines has no such lines.
fn swallows_rows(record: &csv::StringRecord, n_columns: usize) -> bool {
    let n_delimiters =
        |line: &str| [',', ';', '\t', '|'].map(|d| line.matches(d).count()).into_iter().max().unwrap_or(0);
    record.as_slice().contains('\n')
        && record.iter().any(|field| {
            let least = if n_columns > 2 || field.ends_with('\n') { n_columns.max(2) - 1 } else { usize::MAX };
            field.lines().skip(1).any(|line| n_delimiters(line) >= least)
        })
}

impl Places {
    /// What the row asks, or why it cannot be read.
    fn item<'a>(&self, row_no: u64, row: &'a Row) -> Result<Item<'a>, (Value, Cow<'a, str>)> {
        match row {
            Row::Cells(record) => {
                let cell = |column: Option<usize>| column.and_then(|c| record.get(c)).unwrap_or("").trim();
                let id = self.id.map_or_else(|| json!(row_no), |c| json!(cell(Some(c))));
                let [lon, lat, owner, place, zip] = self.other.map(cell);
                let position = position(lon, lat);
                if swallows_rows(record, self.n_columns) {
                    return Err((id, "a quotation mark is missing: further rows stand in a field of this one".into()));
                }
                if record.get(self.address).is_none() {
                    return Err((id, "the row is too short".into()));
                }
                let address = cell(Some(self.address));
                let [address, owner, place, zip] = [address, owner, place, zip].map(Cow::Borrowed);
                let is_point_lost = position.is_none() && !(lon.is_empty() && lat.is_empty());
                Ok(Item { id, address, place, zip, owner, position, is_point_lost })
            }
            Row::Object(map) => self.item_of(row_no, map),
            Row::Bad(problem) => Err((json!(row_no), problem.as_str().into())),
        }
    }

    fn item_of<'a>(&self, row_no: u64, map: &'a Map<String, Value>) -> Result<Item<'a>, (Value, Cow<'a, str>)> {
        let text = |key: Option<&String>| -> Cow<'a, str> {
            match key.and_then(|k| map.get(k)) {
                Some(Value::String(s)) => Cow::Borrowed(s),
                Some(Value::Number(n)) => Cow::Owned(n.to_string()),
                _ => Cow::Borrowed(""),
            }
        };
        let c = &self.columns;
        let id = c.id.as_ref().and_then(|k| map.get(k)).cloned().unwrap_or_else(|| json!(row_no));
        if !map.contains_key(&c.address) {
            return Err((id, format!("there is no {:?}", c.address).into()));
        }
        let (lon, lat) = (text(c.lon.as_ref()), text(c.lat.as_ref()));
        let position = position(&lon, &lat);
        Ok(Item {
            id,
            address: text(Some(&c.address)),
            place: text(c.place.as_ref()),
            zip: text(c.zip.as_ref()),
            owner: text(c.owner.as_ref()),
            position,
            is_point_lost: position.is_none() && !(lon.is_empty() && lat.is_empty()),
        })
    }
}

fn open_rows(path: &Path, columns: &Columns) -> Result<(Rows, Places), Error> {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let stem = name.trim_end_matches(".gz");
    let mut bytes = open_bytes(path)?;
    let mut is_json = [".ndjson", ".jsonl", ".json"].iter().any(|e| stem.ends_with(e));
    if path.as_os_str() == "-" {
        let first = bytes.fill_buf().map_err(|source| Error::Read { path: path.to_owned(), source })?;
        is_json = first.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    }
    let mut places = Places { columns: columns.clone(), id: None, address: 0, other: [None; 5], n_columns: 0 };
    if is_json {
        return Ok((Rows::Json { path: path.to_owned(), lines: bytes.split(b'\n'), row_no: 0 }, places));
    }
    let table = Table::from_bytes(path, bytes)?;
    let optional = |name: &Option<String>| name.as_ref().map(|n| table.require(n)).transpose();
    (places.id, places.address) = (optional(&columns.id)?, table.require(&columns.address)?);
    places.n_columns = table.header.len();
    places.other = [
        optional(&columns.lon)?,
        optional(&columns.lat)?,
        optional(&columns.owner)?,
        optional(&columns.place)?,
        optional(&columns.zip)?,
    ];
    Ok((Rows::Csv(table), places))
}

/// Matches every row of a file and writes one line each.
///
/// # Errors
/// When the file or a column is missing, or the result cannot be written.
pub fn run(matcher: &Matcher, path: &Path, options: &Options, out: &mut dyn Write) -> Result<Counts, Error> {
    let (mut rows, places) = open_rows(path, &options.columns)?;
    let mut counts = Counts::default();
    if options.as_csv {
        out.write_all(b"id,decision,parcels,score,candidates,error\n").map_err(Error::Write)?;
    }
    let (shard, n_shards) = options.shard;
    let read = || {
        let mut batch: Vec<(u64, Row)> = Vec::with_capacity(BATCH_ROWS);
        while batch.len() < BATCH_ROWS {
            let Some(row) = rows.next_row()? else { break };
            if (row.0 - 1) % n_shards == shard - 1 {
                batch.push(row);
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    };
    let work = |scratch: &mut Scratch, batch: Vec<(u64, Row)>| {
        let mut done = Done { n_rows: batch.len() as u64, ..Done::default() };
        for (row_no, row) in &batch {
            match places.item(*row_no, row) {
                Ok(item) => {
                    done.n_points_lost += u64::from(item.is_point_lost);
                    matched_line(matcher, &item, options, scratch, &mut done.text);
                }
                Err((id, error)) => {
                    done.n_errors += 1;
                    error_line(&id, &error, options, &mut done.text);
                }
            }
            done.n_lines += 1;
        }
        done
    };
    ordered::run(options.threads, read, Scratch::default, work, |done| {
        counts.rows_in += done.n_rows;
        counts.errors += done.n_errors;
        counts.points_lost += done.n_points_lost;
        out.write_all(&done.text).map_err(Error::Write)?;
        counts.rows_out += done.n_lines;
        Ok(())
    })?;
    Ok(counts)
}

/// A batch that went through.
#[derive(Default)]
struct Done {
    text: Vec<u8>,
    n_rows: u64,
    n_errors: u64,
    n_points_lost: u64,
    n_lines: u64,
}

/// Score with six decimals: more would promise what no calibration holds, and keeps the bytes stable.
pub(crate) fn rounded(score: f64) -> f64 {
    (score * 1e6).round() / 1e6
}

fn error_line(id: &Value, error: &str, options: &Options, text: &mut Vec<u8>) {
    if options.as_csv {
        csv_line(&[&plain(id), "error", "", "", "", error], text);
    } else {
        let line = Line { id, decision: "error", parcels: &[], score: 0.0, candidates: Vec::new(), error: Some(error) };
        push_line(&line, text);
    }
}

fn matched_line(matcher: &Matcher, item: &Item<'_>, options: &Options, scratch: &mut Scratch, text: &mut Vec<u8>) {
    let query = Query {
        address_text: &item.address,
        place: &item.place,
        zip: &item.zip,
        position: item.position,
        owner_name: &item.owner,
    };
    let brief = matcher.match_brief(&query, scratch);
    if options.as_csv {
        let candidates: Vec<String> =
            brief.candidates.iter().map(|(parcel_no, score)| format!("{parcel_no}:{}", rounded(*score))).collect();
        let cells = [
            &plain(&item.id),
            brief.decision.as_str(),
            &brief.parcels.join("|"),
            &rounded(brief.score).to_string(),
            &candidates.join("|"),
            "",
        ];
        csv_line(&cells, text);
    } else {
        json_line(&item.id, &brief, text);
    }
}

/// One line of NDJSON; its keys are a promise.
#[derive(serde::Serialize)]
struct Line<'a> {
    id: &'a Value,
    decision: &'a str,
    parcels: &'a [&'a str],
    score: f64,
    candidates: Vec<LineCandidate<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(serde::Serialize)]
struct LineCandidate<'a> {
    parcel_no: &'a str,
    score: f64,
}

fn json_line(id: &Value, brief: &Brief<'_>, text: &mut Vec<u8>) {
    let candidates =
        brief.candidates.iter().map(|(parcel_no, score)| LineCandidate { parcel_no, score: rounded(*score) }).collect();
    let line = Line {
        id,
        decision: brief.decision.as_str(),
        parcels: &brief.parcels,
        score: rounded(brief.score),
        candidates,
        error: None,
    };
    push_line(&line, text);
}

fn push_line(line: &Line<'_>, text: &mut Vec<u8>) {
    let written = serde_json::to_writer(&mut *text, line);
    debug_assert!(written.is_ok(), "writing to memory");
    text.push(b'\n');
}

fn plain(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

fn csv_line(cells: &[&str], text: &mut Vec<u8>) {
    let mut writer = csv::Writer::from_writer(text);
    let written = writer.write_record(cells).and_then(|()| writer.flush().map_err(Into::into));
    debug_assert!(written.is_ok(), "writing to memory");
}
