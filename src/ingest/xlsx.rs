//! XLSX sheets, cell by cell.
//!
//! The obvious way (one dense grid) lets a 1.4 kB file with two far-apart cells ask for 512 GB; and the shared strings are
//! held in memory, so their unpacked size is measured before the workbook is opened. The library borrows the workbook while
//! it reads, so a thread reads and hands rows over. Left out: formulas, formats, merged cells, .xls.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use calamine::{DataRef, Reader, Xlsx};

use crate::ingest::bytes::read_error;
use crate::ingest::error::Error;
use crate::ingest::limits::{COLUMNS_MAX, XLSX_STRINGS_BYTES_MAX};
use crate::ingest::shape::Warning;
use crate::ingest::source::{CellKind, OpenOptions, Progress, RawRow, RowReader};
use crate::ingest::text::Header;
use crate::ingest::value::from_excel;

/// Rows looked at to find the header.
const SAMPLE_ROWS: usize = 40;

/// Cells of a sheet looked at to see whether it holds a table.
const CELLS_LOOKED_AT: usize = 2_000;

/// Rows waiting between the threads.
const ROWS_WAITING: usize = 256;

type CellText = (u32, CellKind, String);

enum Message {
    Row(Vec<CellText>),
    Failed(String),
}

/// Streams the rows of one sheet.
pub struct XlsxReader {
    path: PathBuf,
    columns: Vec<String>,
    waiting: std::vec::IntoIter<Vec<CellText>>,
    rows: Receiver<Message>,
    row_no: u64,
    bytes_total: u64,
    sheet: String,
    other_sheets: String,
    header_row: String,
}

impl XlsxReader {
    /// Opens a workbook and finds the header of its first sheet with a table, or of `sheet`.
    ///
    /// # Errors
    /// When the workbook is damaged, too large inside, or has no header.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let bytes_total = std::fs::metadata(path).map_err(|e| read_error(path, e))?.len();
        check_sizes(path)?;
        let (sender, rows) = sync_channel(ROWS_WAITING);
        let (name_sender, names) = sync_channel(1);
        let (thread_path, wanted) = (path.to_owned(), options.sheet.clone());
        std::thread::spawn(move || {
            if let Err(detail) = read_sheet(&thread_path, wanted.as_deref(), &sender, &name_sender) {
                drop(sender.send(Message::Failed(detail)));
            }
        });
        let mut sample = Vec::new();
        while sample.len() < SAMPLE_ROWS {
            match rows.recv() {
                Ok(Message::Row(row)) => sample.push(row),
                Ok(Message::Failed(detail)) => return Err(broken(path, detail)),
                Err(_) => break,
            }
        }
        let texts: Vec<Vec<String>> = sample.iter().map(|r| dense(r)).collect();
        let Some(header) = Header::find(&texts, options.header_row) else {
            let detail = format!("no header in the first {} rows", texts.len());
            return Err(Error::Empty { path: path.display().to_string(), detail });
        };
        sample.drain(..header.at + header.n_rows);
        let (header_row, columns) = (header.shown(), header.names);
        let (sheet, other_sheets) = names.try_recv().unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            columns,
            waiting: sample.into_iter(),
            rows,
            row_no: 0,
            bytes_total,
            sheet,
            other_sheets,
            header_row,
        })
    }
}

impl RowReader for XlsxReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next_row(&mut self, row: &mut RawRow) -> Result<bool, Error> {
        let cells = match self.waiting.next() {
            Some(cells) => cells,
            None => match self.rows.recv() {
                Ok(Message::Row(cells)) => cells,
                Ok(Message::Failed(detail)) => return Err(broken(&self.path, detail)),
                Err(_) => return Ok(false),
            },
        };
        self.row_no += 1;
        row.row_no = self.row_no;
        for (column, kind, text) in &cells {
            let column_idx = *column as usize;
            if column_idx < self.columns.len() {
                row.set(column_idx, *kind, text);
            } else if row.warnings.is_empty() {
                let detail = format!("a cell in column {} stands right of the header", column + 1);
                row.warnings.push(Warning { code: "stray_cell", detail });
            }
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        Progress { bytes_read: 0, bytes_total: self.bytes_total }
    }

    fn findings(&self) -> Vec<(&'static str, String)> {
        let mut found = vec![("sheet", self.sheet.clone()), ("header_row", self.header_row.clone())];
        if !self.other_sheets.is_empty() {
            found.push(("other sheets", self.other_sheets.clone()));
        }
        found
    }
}

fn broken(path: &Path, detail: String) -> Error {
    Error::Container { path: path.display().to_string(), format: "XLSX", detail }
}

/// Unpacks (and forgets) every part that the library holds in memory, up to the bound: declared sizes may lie.
fn check_sizes(path: &Path) -> Result<(), Error> {
    let file = File::open(path).map_err(|e| read_error(path, e))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| broken(path, e.to_string()))?;
    for idx in 0..archive.len() {
        let Ok(entry) = archive.by_index(idx) else { continue };
        let Ok(name) = entry.name().map(|n| n.into_owned()) else { continue };
        // Sheets are read as a stream.
        if name.contains("worksheets/sheet") {
            continue;
        }
        let n = io::copy(&mut entry.take(XLSX_STRINGS_BYTES_MAX + 1), &mut io::sink());
        if n.map_err(|e| broken(path, e.to_string()))? > XLSX_STRINGS_BYTES_MAX {
            let limit = format!("{} MB unpacked", XLSX_STRINGS_BYTES_MAX >> 20);
            return Err(Error::TooLarge { path: path.display().to_string(), what: name, limit });
        }
    }
    Ok(())
}

/// Reads the sheet row by row; ends early, without error, when nobody listens any more.
fn read_sheet(
    path: &Path,
    wanted: Option<&str>,
    rows: &SyncSender<Message>,
    name: &SyncSender<(String, String)>,
) -> Result<(), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut book = Xlsx::new(BufReader::new(file)).map_err(|e| e.to_string())?;
    let sheets = book.sheet_names();
    let sheet = match wanted {
        Some(wanted) => sheets.iter().find(|s| s.eq_ignore_ascii_case(wanted)),
        // A workbook often begins with a page of remarks.
        None => sheets.iter().find(|s| is_table(&mut book, s)).or_else(|| sheets.first()),
    };
    let sheet = sheet.cloned().ok_or_else(|| format!("no such sheet (sheets: {})", sheets.join(", ")))?;
    let others: Vec<&str> = sheets.iter().filter(|s| **s != sheet).map(String::as_str).collect();
    drop(name.try_send((sheet.clone(), others.join(", "))));
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|e| e.to_string())?;
    let mut present: Vec<CellText> = Vec::new();
    let mut present_row = 0;
    while let Some(cell) = cells.next_cell().map_err(|e| e.to_string())? {
        let (row, column) = cell.get_position();
        if row != present_row && !present.is_empty() && rows.send(Message::Row(std::mem::take(&mut present))).is_err() {
            return Ok(());
        }
        present_row = row;
        if present.len() < COLUMNS_MAX
            && let Some((kind, text)) = text_of(cell.get_value())
        {
            present.push((column, kind, text));
        }
    }
    if !present.is_empty() {
        drop(rows.send(Message::Row(present)));
    }
    Ok(())
}

/// True when two rows of a sheet's first cells have more than one cell: a header and what stands below it.
fn is_table(book: &mut Xlsx<BufReader<File>>, sheet: &str) -> bool {
    let Ok(mut cells) = book.worksheet_cells_reader(sheet) else { return false };
    let (mut at, mut n_in_row, mut n_rows) = (u32::MAX, 0, 0);
    for _ in 0..CELLS_LOOKED_AT {
        let Ok(Some(cell)) = cells.next_cell() else { break };
        if text_of(cell.get_value()).is_none() {
            continue;
        }
        let row = cell.get_position().0;
        n_in_row = if row == at { n_in_row + 1 } else { 1 };
        at = row;
        n_rows += u32::from(n_in_row == 2);
        if n_rows == 2 {
            return true;
        }
    }
    false
}

fn text_of(value: &DataRef<'_>) -> Option<(CellKind, String)> {
    match value {
        DataRef::Empty | DataRef::Error(_) => None,
        DataRef::String(text) => Some((CellKind::Text, text.clone())),
        DataRef::SharedString(text) => Some((CellKind::Text, (*text).to_owned())),
        DataRef::Bool(flag) => Some((CellKind::Bool, flag.to_string())),
        DataRef::Int(number) => Some((CellKind::Number, number.to_string())),
        // `Display` of a whole float has no fraction.
        DataRef::Float(number) => number.is_finite().then(|| (CellKind::Number, number.to_string())),
        DataRef::DateTime(date) => {
            let serial = date.as_f64();
            Some(match from_excel(serial) {
                Some(day) => (CellKind::Text, day.to_string()),
                None => (CellKind::Number, serial.to_string()),
            })
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Some((CellKind::Text, text.clone())),
    }
}

/// The texts of a row by position, for finding the header.
fn dense(row: &[CellText]) -> Vec<String> {
    let mut texts = Vec::new();
    for (column, _, text) in row {
        let at = *column as usize;
        if at >= COLUMNS_MAX {
            break;
        }
        if texts.len() <= at {
            texts.resize(at + 1, String::new());
        }
        texts[at].clone_from(text);
    }
    texts
}
