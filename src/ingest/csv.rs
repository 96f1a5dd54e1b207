//! CSV and its relatives: delimiter, quote, character set, line ends and header are found by looking.
//!
//! Short rows lack their last columns (spreadsheets write them so); rows too long, and a last row that was cut off, are
//! rejected. Left out: fixed-width text.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::ingest::bytes::{Counter, Input, read_error};
use crate::ingest::error::{Error, shown};
use crate::ingest::limits::{COLUMNS_MAX, RECORD_BYTES_MAX, SNIFF_BYTES};
use crate::ingest::shape::Warning;
use crate::ingest::source::{CellKind, OpenOptions, Progress, RawRow, RowReader};
use crate::ingest::text::{Header, Utf8Stream, find_encoding};
use crate::model::snapshot::Reject;

/// Rows looked at to find delimiter and header.
const SAMPLE_ROWS: usize = 40;

/// More lines than a remark has, swallowed by a quote that is never closed, are rows that must not be lost.
const SWALLOWED_MAX: usize = 20;

/// How a file is cut into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dialect {
    delimiter: u8,
    quote: u8,
}

/// Fails when one record grows past its bound; the count starts anew with each record.
struct Bounded {
    inner: Utf8Stream,
    n_since: Rc<Cell<u64>>,
    last_byte: Rc<Cell<u8>>,
    /// The same but for line ends.
    last_letter: Rc<Cell<u8>>,
    saw_end: Rc<Cell<bool>>,
}

impl Read for Bounded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.n_since.get() > RECORD_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "record too long"));
        }
        let n = self.inner.read(buf)?;
        self.n_since.set(self.n_since.get() + n as u64);
        match n {
            0 => self.saw_end.set(true),
            n => {
                self.last_byte.set(buf[n - 1]);
                if let Some(letter) = buf[..n].iter().rfind(|b| !matches!(b, b'\n' | b'\r')) {
                    self.last_letter.set(*letter);
                }
            }
        }
        Ok(n)
    }
}

/// Streams records as rows.
pub struct CsvReader {
    path: PathBuf,
    reader: csv::Reader<Bounded>,
    record: csv::StringRecord,
    columns: Vec<String>,
    counter: Counter,
    n_since: Rc<Cell<u64>>,
    last_byte: Rc<Cell<u8>>,
    last_letter: Rc<Cell<u8>>,
    saw_end: Rc<Cell<bool>>,
    row_no: u64,
    n_blank: u64,
    dialect: Dialect,
    encoding: &'static str,
    header_row: String,
}

impl CsvReader {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// When it is empty or no header is found.
    pub fn open(path: &Path, input: Input, options: &OpenOptions) -> Result<Self, Error> {
        let encoding = find_encoding(&input.head, options.encoding.as_deref())?;
        let is_whole = input.head.len() < SNIFF_BYTES;
        let mut sample = String::new();
        let head = Utf8Stream::new(Box::new(io::Cursor::new(input.head.clone())), encoding);
        head.take(SNIFF_BYTES as u64 * 3).read_to_string(&mut sample).map_err(|e| read_error(path, e))?;
        if sample.trim().is_empty() {
            return Err(Error::Empty { path: path.display().to_string(), detail: "only white space".to_owned() });
        }
        let dialect = find_dialect(&sample, is_whole, options);
        let rows = sample_rows(&sample, dialect, is_whole);
        let Some(header) = Header::find(&rows, options.header_row) else {
            let detail = format!("no header in the first {} lines", rows.len());
            return Err(Error::Empty { path: path.display().to_string(), detail });
        };
        let (header_row, n_header) = (header.shown(), header.at + header.n_rows);
        let columns = header.names;
        if columns.len() > COLUMNS_MAX {
            let (what, limit) = ("the number of columns".to_owned(), COLUMNS_MAX.to_string());
            return Err(Error::TooLarge { path: path.display().to_string(), what, limit });
        }
        let (stream, counter) = input.into_stream();
        let (n_since, last_byte) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(b'\n')));
        let (last_letter, saw_end) = (Rc::new(Cell::new(b'\n')), Rc::new(Cell::new(false)));
        let bounded = Bounded {
            inner: Utf8Stream::new(stream, encoding),
            n_since: Rc::clone(&n_since),
            last_byte: Rc::clone(&last_byte),
            last_letter: Rc::clone(&last_letter),
            saw_end: Rc::clone(&saw_end),
        };
        let mut reader = Self {
            path: path.to_owned(),
            reader: builder(dialect).buffer_capacity(64 << 10).from_reader(bounded),
            record: csv::StringRecord::new(),
            columns,
            counter,
            n_since,
            last_byte,
            last_letter,
            saw_end,
            row_no: 0,
            n_blank: 0,
            dialect,
            encoding: encoding.name(),
            header_row,
        };
        for _ in 0..n_header {
            reader.read_record()?;
        }
        Ok(reader)
    }

    fn read_record(&mut self) -> Result<bool, Error> {
        self.n_since.set(0);
        self.reader.read_record(&mut self.record).map_err(|e| self.failure(e))
    }

    fn failure(&self, error: csv::Error) -> Error {
        let path = self.path.display().to_string();
        let line = self.reader.position().line();
        match error.into_kind() {
            csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::InvalidData => Error::TooLarge {
                path,
                what: format!("the record from line {line} (a quote that is never closed?)"),
                limit: format!("{} MB", RECORD_BYTES_MAX >> 20),
            },
            csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Error::Truncated { path, line, n_rows: self.row_no }
            }
            csv::ErrorKind::Io(e) => read_error(&self.path, e),
            other => Error::Container { path, format: "CSV", detail: format!("line {line}: {other:?}") },
        }
    }

    /// Lines that the last cell took in because its quote is not closed at the end of the file.
    fn n_swallowed(&self) -> usize {
        if !self.saw_end.get() || self.last_letter.get() == self.dialect.quote {
            return 0;
        }
        let last = self.record.iter().next_back().unwrap_or_default();
        let last = last.trim_end_matches(['\n', '\r']);
        last.matches('\n').count().max(last.matches('\r').count())
    }

    /// What is wrong with the present record's length, if anything.
    fn judge_length(&self, row: &mut RawRow) {
        let (n, n_columns) = (self.record.len(), self.columns.len());
        let reject = |column: String, value: &str, reason, detail| {
            Some(Reject { row_no: row.row_no, column, value: shown(value), reason, detail })
        };
        if n > n_columns {
            if let Some(extra) = self.record.iter().skip(n_columns).find(|v| !v.trim().is_empty()) {
                let detail = format!("{n} cells under {n_columns} columns");
                row.problem = reject(format!("column_{}", n_columns + 1), extra, "ragged_row", detail);
            }
            return;
        }
        if n == n_columns {
            return;
        }
        let last = self.record.get(n.saturating_sub(1)).unwrap_or_default();
        let column = self.columns.get(n).cloned().unwrap_or_default();
        let is_cut_off = self.saw_end.get() && !matches!(self.last_byte.get(), b'\n' | b'\r');
        if is_cut_off {
            let detail = format!("the file ends in this row, before column {column}");
            row.problem = reject(column, last, "truncated_row", detail);
        } else if n == 1 && n_columns > 2 {
            row.problem = reject(column, last, "ragged_row", format!("1 cell under {n_columns} columns"));
        } else {
            let detail = format!("{n} cells under {n_columns} columns; the missing ones count as empty");
            row.warnings.push(Warning { code: "short_row", detail });
        }
    }
}

impl RowReader for CsvReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next_row(&mut self, row: &mut RawRow) -> Result<bool, Error> {
        loop {
            if !self.read_record()? {
                return Ok(false);
            }
            if self.record.iter().any(|v| !v.trim().is_empty()) {
                break;
            }
            self.n_blank += 1;
        }
        self.row_no += 1;
        row.row_no = self.row_no;
        let n_swallowed = self.n_swallowed();
        if n_swallowed > SWALLOWED_MAX {
            let line = self.record.position().map_or(0, csv::Position::line);
            let detail =
                format!("the quote that opens in line {line} is never closed and swallows {n_swallowed} lines");
            return Err(Error::Container { path: self.path.display().to_string(), format: "CSV", detail });
        }
        for (column_idx, value) in self.record.iter().take(self.columns.len()).enumerate() {
            row.set(column_idx, CellKind::Text, value);
        }
        self.judge_length(row);
        if n_swallowed > 0 {
            let (column_idx, value) = (self.record.len() - 1, self.record.iter().next_back().unwrap_or_default());
            row.warnings.clear();
            row.problem = Some(Reject {
                row_no: row.row_no,
                column: self.columns.get(column_idx).cloned().unwrap_or_default(),
                value: shown(value),
                reason: "open_quote",
                detail: format!(
                    "the quote is never closed; it swallows the {n_swallowed} lines to the end of the file"
                ),
            });
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        self.counter.progress()
    }

    fn findings(&self) -> Vec<(&'static str, String)> {
        let delimiter = match self.dialect.delimiter {
            b'\t' => "tab".to_owned(),
            other => char::from(other).to_string(),
        };
        vec![
            ("encoding", self.encoding.to_owned()),
            ("delimiter", delimiter),
            ("quote", char::from(self.dialect.quote).to_string()),
            ("header_row", self.header_row.clone()),
        ]
    }
}

fn builder(dialect: Dialect) -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(dialect.delimiter).quote(dialect.quote);
    builder
}

/// The first rows; the last is left out when the sample may cut it.
fn sample_rows(sample: &str, dialect: Dialect, is_whole: bool) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for record in builder(dialect).from_reader(sample.as_bytes()).into_records().take(SAMPLE_ROWS + 1) {
        let Ok(record) = record else { break };
        rows.push(record.iter().map(str::to_owned).collect());
    }
    if rows.len() > SAMPLE_ROWS || (!is_whole && rows.len() > 1) {
        rows.pop();
    }
    rows
}

/// The delimiter that gives the most rows of the same width above one; single quotes when cells begin and end with them.
fn find_dialect(sample: &str, is_whole: bool, options: &OpenOptions) -> Dialect {
    let quote = options.quote.unwrap_or(b'"');
    let candidates: Vec<u8> = options.delimiter.map_or_else(|| vec![b',', b'\t', b';', b'|'], |d| vec![d]);
    let mut best = (0, Dialect { delimiter: candidates[0], quote });
    for delimiter in candidates {
        let dialect = Dialect { delimiter, quote };
        let rows = sample_rows(sample, dialect, is_whole);
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        let n_even = rows.iter().filter(|r| r.len() == width).count();
        let score = if width > 1 { n_even * 1_000 / rows.len().max(1) * 10 + width.min(100) } else { 0 };
        if score > best.0 {
            best = (score, dialect);
        }
    }
    let mut dialect = best.1;
    if options.quote.is_none() {
        let rows = sample_rows(sample, dialect, is_whole);
        let cells = || rows.iter().skip(1).flatten().filter(|c| !c.is_empty());
        let n_single = cells().filter(|c| c.len() > 1 && c.starts_with('\'') && c.trim_end().ends_with('\'')).count();
        if n_single * 2 > cells().count() {
            dialect.quote = b'\'';
        }
    }
    dialect
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use crate::ingest::Error;
    use crate::ingest::source::{Format, OpenOptions, RawRow, Source};

    fn read(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), Error> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let options = OpenOptions { format: Some(Format::Csv), ..OpenOptions::default() };
        let mut source = Source::open(file.path(), &options)?;
        let (mut row, mut rows) = (RawRow::default(), Vec::new());
        while source.next_row(&mut row)? {
            let cells: Vec<&str> = (0..source.columns().len()).map(|i| row.value(i).unwrap_or("-")).collect();
            let odd = row.problem.iter().map(|p| p.reason).chain(row.warnings.iter().map(|w| w.code));
            rows.push(cells.into_iter().chain(odd).collect::<Vec<_>>().join("|"));
        }
        Ok((source.columns().to_vec(), rows))
    }

    #[test]
    fn dialects_of_real_files() {
        for (text, wanted) in [
            ("PIN,OWNER\n1,A\n2,B\n", ["1|A", "2|B"]),
            ("PIN,OWNER\r1,A\r2,B\r", ["1|A", "2|B"]),
            ("\u{feff}PIN;OWNER\r\n1;A\r\n\r\n2;B\r\n;\r\n", ["1|A", "2|B"]),
            ("PIN\tOWNER\n1\t\"A\nC\"\n2\tB,C\n", ["1|A\nC", "2|B,C"]),
            ("PIN|OWNER\n1|A\n2|B", ["1|A", "2|B"]),
            ("PIN,OWNER\n'1','A, C'\n'2','B'\n", ["1|A, C", "2|B"]),
            ("Tax roll\n\nPIN,OWNER\n1,A\n2,B\n", ["1|A", "2|B"]),
        ] {
            let (columns, rows) = read(text.as_bytes()).unwrap();
            assert_eq!(columns, ["PIN", "OWNER"], "{text:?}");
            assert_eq!(rows, wanted, "{text:?}");
        }
    }

    #[test]
    fn ragged_and_cut_rows_are_told() {
        let (_, rows) = read(b"A,B,C\n1,2,3\n1,2\n1\n1,2,3,\n1,2,3,4\n1,2").unwrap();
        assert_eq!(
            rows,
            ["1|2|3", "1|2|-|short_row", "1|-|-|ragged_row", "1|2|3", "1|2|3|ragged_row", "1|2|-|truncated_row"]
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_swallows_no_row_unsaid() {
        // In the last column the row is as long as it should be.
        for (text, reason) in [
            ("A,B\n1,x\n2,\"y\n3,z\n", "open_quote"),
            ("A,B\n1,x\n\"2,y\n3,z\n", "open_quote"),
            ("A,B\r1,x\r2,\"y\r3,z\r", "open_quote"),
        ] {
            let (_, rows) = read(text.as_bytes()).unwrap();
            assert_eq!(rows.len(), 2, "{rows:?}");
            assert!(rows[1].contains(reason), "{text:?}: {rows:?}");
        }
        for whole in ["A,B\n1,\"x\ny\"\n", "A,B\n1,\"x\ny\"", "A,B\n1,\"x\ny\"\n\n"] {
            assert_eq!(read(whole.as_bytes()).unwrap().1, ["1|x\ny"], "{whole:?}");
        }
        let many = format!("A,B\n1,\"x\n{}", "2,y\n".repeat(30));
        assert!(
            matches!(read(many.as_bytes()), Err(Error::Container { detail, .. }) if detail.contains("line 2") && detail.contains("30 lines"))
        );
    }

    #[test]
    fn empty_headerless_and_endless_files() {
        assert!(matches!(read(b" \n \n"), Err(Error::Empty { .. })));
        assert!(matches!(read(b"1,2\n3,4\n"), Err(Error::Empty { .. })));
        let mut endless = b"A,B\n1,\"never closed".to_vec();
        endless.resize(20 << 20, b'x');
        assert!(matches!(read(&endless), Err(Error::TooLarge { .. })));
        let wide = (0..3_000).map(|i| format!("c{i},")).collect::<String>();
        assert!(matches!(read(wide.as_bytes()), Err(Error::TooLarge { .. })));
    }
}
