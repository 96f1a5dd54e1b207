//! DBF tables, by themselves or beside a Shapefile, read as a stream.
//!
//! Deleted records are skipped, memo fields (in another file) are left empty. The character set comes from `.cpg`, else the
//! header's language byte, else each value is UTF-8 if it can be and windows-1252 if not.

use std::io::Read;
use std::path::{Path, PathBuf};

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::ingest::bytes::{Counter, Input, read_error};
use crate::ingest::error::Error;
use crate::ingest::limits::{COLUMNS_MAX, SIDE_FILE_BYTES_MAX};
use crate::ingest::source::{CellKind, OpenOptions, Progress, RawRow, RowReader};
use crate::ingest::text::clean_header;

/// Julian day of 1970-01-01, for timestamp fields.
const JULIAN_EPOCH_DAYS: i64 = 2_440_588;

#[derive(Debug, Clone, Copy)]
struct Field {
    kind: u8,
    start: usize,
    end: usize,
}

/// What the next record is.
pub(crate) enum Record {
    Row,
    Deleted,
    End,
}

/// A table being read; shared with the Shapefile reader, which must see deleted records to stay in step.
pub(crate) struct Table {
    path: PathBuf,
    stream: Box<dyn Read>,
    pub columns: Vec<String>,
    fields: Vec<Field>,
    record: Vec<u8>,
    encoding: Option<&'static Encoding>,
    n_records: u64,
    n_read: u64,
}

impl Table {
    /// Reads the header. `cpg` is the text of a `.cpg` file.
    pub(crate) fn open(path: &Path, mut stream: Box<dyn Read>, cpg: Option<&str>) -> Result<Self, Error> {
        let broken = |detail: &str| Error::Container {
            path: path.display().to_string(),
            format: "DBF",
            detail: detail.to_owned(),
        };
        let mut head = [0; 32];
        stream.read_exact(&mut head).map_err(|_| broken("shorter than its header"))?;
        let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let header_len = usize::from(short(8));
        let record_len = usize::from(short(10));
        let n_records = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        if header_len < 33 || record_len < 2 {
            return Err(broken("the header's lengths make no sense"));
        }
        let mut rest = vec![0; header_len - 32];
        stream.read_exact(&mut rest).map_err(|_| broken("shorter than its header"))?;
        let mut fields = Vec::new();
        let mut names = Vec::new();
        let mut start = 1;
        for entry in rest.chunks_exact(32).take_while(|e| e[0] != 0x0d) {
            let name: Vec<u8> = entry[..11].iter().copied().take_while(|b| *b != 0).collect();
            let end = start + usize::from(entry[16]);
            if end > record_len {
                return Err(broken("the fields are longer than a record"));
            }
            names.push(String::from_utf8_lossy(&name).into_owned());
            fields.push(Field { kind: entry[11], start, end });
            start = end;
        }
        if fields.is_empty() || fields.len() > COLUMNS_MAX {
            return Err(broken("no fields, or too many"));
        }
        Ok(Self {
            path: path.to_owned(),
            stream,
            columns: clean_header(names.iter().map(String::as_str)),
            fields,
            record: vec![0; record_len],
            encoding: cpg.and_then(encoding_of_cpg).or_else(|| encoding_of_language(head[29])),
            n_records,
            n_read: 0,
        })
    }

    /// Reads the next record into `row`.
    pub(crate) fn next(&mut self, row: &mut RawRow) -> Result<Record, Error> {
        if self.n_read >= self.n_records {
            return Ok(Record::End);
        }
        if let Err(e) = self.stream.read_exact(&mut self.record) {
            if e.kind() != std::io::ErrorKind::UnexpectedEof {
                return Err(read_error(&self.path, e));
            }
            let path = self.path.display().to_string();
            return Err(Error::Truncated { path, line: self.n_read + 1, n_rows: self.n_read });
        }
        self.n_read += 1;
        match self.record[0] {
            b'*' => Ok(Record::Deleted),
            0x1a => Err(Error::Truncated {
                path: self.path.display().to_string(),
                line: self.n_read,
                n_rows: self.n_read - 1,
            }),
            _ => {
                for (column_idx, field) in self.fields.iter().enumerate() {
                    set_value(row, column_idx, field.kind, &self.record[field.start..field.end], self.encoding);
                }
                Ok(Record::Row)
            }
        }
    }

    pub(crate) fn findings(&self) -> Vec<(&'static str, String)> {
        let encoding = self.encoding.map_or("utf-8 or windows-1252, value by value", Encoding::name);
        let mut found = vec![("encoding", encoding.to_owned()), ("rows", self.n_records.to_string())];
        if self.fields.iter().any(|f| matches!(f.kind, b'M' | b'G' | b'P')) {
            found.push(("memo", "memo columns are left empty".to_owned()));
        }
        found
    }
}

fn encoding_of_cpg(text: &str) -> Option<&'static Encoding> {
    let word = text.trim().trim_start_matches('\u{feff}').to_ascii_lowercase();
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    match digits.as_str() {
        "65001" | "8" => Some(UTF_8),
        "1252" => Some(WINDOWS_1252),
        _ => Encoding::for_label(word.as_bytes()),
    }
}

/// The language driver byte: 0x03 and 0x57 are Windows ANSI; 0 says nothing. The DOS sets have no decoder here.
fn encoding_of_language(byte: u8) -> Option<&'static Encoding> {
    matches!(byte, 0x03 | 0x57 | 0x58 | 0x59).then_some(WINDOWS_1252)
}

fn set_value(row: &mut RawRow, column_idx: usize, kind: u8, raw: &[u8], encoding: Option<&'static Encoding>) {
    match (kind, raw.len()) {
        (b'M' | b'G' | b'P', _) => {}
        (b'I' | b'+', 4) => {
            let value = i32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]);
            row.set(column_idx, CellKind::Number, &value.to_string());
        }
        (b'B' | b'O', 8) => {
            let value = f64::from_le_bytes([raw[0], raw[1], raw[2], raw[3], raw[4], raw[5], raw[6], raw[7]]);
            if value.is_finite() {
                row.set(column_idx, CellKind::Number, &value.to_string());
            }
        }
        (b'T' | b'@', 8) => {
            let days = i64::from(i32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]])) - JULIAN_EPOCH_DAYS;
            row.set(column_idx, CellKind::Number, &(days * 86_400_000).to_string());
        }
        (b'N' | b'F', _) => {
            let text = trimmed(raw);
            // Stars fill a number that did not fit.
            if let Ok(text) = std::str::from_utf8(text).map(|t| t.trim_matches('*')) {
                row.set(column_idx, CellKind::Number, without_zeros(text));
            }
        }
        _ => {
            let text = trimmed(raw);
            let (decoded, _) = match (encoding, std::str::from_utf8(text)) {
                (Some(encoding), _) => encoding.decode_without_bom_handling(text),
                (None, Ok(text)) => (text.into(), false),
                (None, Err(_)) => WINDOWS_1252.decode_without_bom_handling(text),
            };
            row.set(column_idx, CellKind::Text, &decoded);
        }
    }
}

fn trimmed(raw: &[u8]) -> &[u8] {
    let end = raw.iter().rposition(|b| !matches!(b, b' ' | 0)).map_or(0, |at| at + 1);
    raw[..end].trim_ascii_start()
}

/// `674188.000000000000000` is 674188.
fn without_zeros(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        Some(_) => text.trim_end_matches('0'),
        None => text,
    }
}

/// A `.dbf` without shapes.
pub struct DbfReader {
    table: Table,
    counter: Counter,
    row_no: u64,
}

impl DbfReader {
    /// Opens a table; a `.cpg` beside it names the character set.
    ///
    /// # Errors
    /// When its header is damaged.
    pub fn open(path: &Path, input: Input, options: &OpenOptions) -> Result<Self, Error> {
        let cpg = options.encoding.clone().or_else(|| read_small(&path.with_extension("cpg")));
        let (stream, counter) = input.into_stream();
        Ok(Self { table: Table::open(path, stream, cpg.as_deref())?, counter, row_no: 0 })
    }
}

/// A small text file beside another, if it is there.
pub(crate) fn read_small(path: &Path) -> Option<String> {
    let mut text = Vec::new();
    std::fs::File::open(path).ok()?.take(SIDE_FILE_BYTES_MAX).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

impl RowReader for DbfReader {
    fn columns(&self) -> &[String] {
        &self.table.columns
    }

    fn next_row(&mut self, row: &mut RawRow) -> Result<bool, Error> {
        loop {
            match self.table.next(row)? {
                Record::End => return Ok(false),
                Record::Deleted => {}
                Record::Row => {
                    self.row_no += 1;
                    row.row_no = self.row_no;
                    return Ok(true);
                }
            }
        }
    }

    fn progress(&self) -> Progress {
        self.counter.progress()
    }

    fn findings(&self) -> Vec<(&'static str, String)> {
        self.table.findings()
    }
}
