//! Shapefiles, as loose files or inside a zip, read as two streams side by side: shapes and their table.
//!
//! The CRS comes from the `.prj`; without one the profile must name it unless the numbers are degrees.
//! Left out: the `.shx` index (records are read in order), multipatches.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::geom::crs::Crs;
use crate::ingest::bytes::{Input, read_error};
use crate::ingest::dbf::{Record, Table, read_small};
use crate::ingest::error::{Error, shown};
use crate::ingest::gate::Gate;
use crate::ingest::limits::{FEATURE_BYTES_MAX, SIDE_FILE_BYTES_MAX, ZIP_ENTRY_BYTES_MAX};
use crate::ingest::shape::{ShapeBuf, ShapeKind, Warning};
use crate::ingest::source::{OpenOptions, Progress, RawRow, RowReader};

/// Entries looked at in a zip; a zip of a state's counties has a few hundred.
const ZIP_ENTRIES_MAX: usize = 10_000;

struct Parts {
    shp: Box<dyn Read>,
    dbf: Option<Box<dyn Read>>,
    prj: Option<String>,
    cpg: Option<String>,
    bytes_total: u64,
    layer: String,
}

/// Streams shapes with their table rows.
pub struct ShapefileReader {
    path: PathBuf,
    shp: Box<dyn Read>,
    table: Option<Table>,
    crs: Crs,
    gate: Gate,
    shape: ShapeBuf,
    content: Vec<u8>,
    row_no: u64,
    bytes_read: Arc<AtomicU64>,
    bytes_total: u64,
    layer: String,
}

struct Counted {
    inner: Box<dyn Read>,
    bytes_read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.bytes_read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl ShapefileReader {
    /// Opens a `.shp` with its neighbors, or a zip that holds them (`sheet` picks one of several layers).
    ///
    /// # Errors
    /// When parts are missing or damaged, or the CRS is unknown.
    pub fn open(path: &Path, input: &Input, options: &OpenOptions) -> Result<Self, Error> {
        let parts =
            if input.head.starts_with(b"PK") { from_zip(path, options.sheet.as_deref())? } else { from_files(path)? };
        let bytes_read = Arc::new(AtomicU64::new(0));
        let mut shp: Box<dyn Read> = Box::new(BufReader::with_capacity(
            1 << 18,
            Counted { inner: parts.shp, bytes_read: Arc::clone(&bytes_read) },
        ));
        let mut header = [0; 100];
        shp.read_exact(&mut header).map_err(|_| broken(path, "shorter than its header"))?;
        if header[..4] != [0, 0, 0x27, 0x0a] {
            return Err(broken(path, "the .shp does not begin as one"));
        }
        let crs_text = options.crs.as_ref().or(parts.prj.as_ref());
        let crs = match crs_text {
            Some(text) => Crs::parse(text)
                .ok_or_else(|| Error::UnknownCrs { path: path.display().to_string(), crs: shown(text) })?,
            None => Crs::LonLat,
        };
        let cpg = options.encoding.clone().or(parts.cpg);
        let table = parts.dbf.map(|dbf| {
            let counted = Counted { inner: dbf, bytes_read: Arc::clone(&bytes_read) };
            Table::open(path, Box::new(BufReader::with_capacity(1 << 18, counted)), cpg.as_deref())
        });
        Ok(Self {
            path: path.to_owned(),
            shp,
            table: table.transpose()?,
            crs,
            gate: Gate::new(options.extent),
            shape: ShapeBuf::default(),
            content: Vec::new(),
            row_no: 0,
            bytes_read,
            bytes_total: parts.bytes_total,
            layer: parts.layer,
        })
    }

    /// Reads the content of the next shape; false at the end.
    fn read_content(&mut self) -> Result<bool, Error> {
        let mut header = [0; 8];
        let n = read_up_to(&mut self.shp, &mut header).map_err(|e| read_error(&self.path, e))?;
        if n == 0 {
            return Ok(false);
        }
        let truncated =
            || Error::Truncated { path: self.path.display().to_string(), line: self.row_no + 1, n_rows: self.row_no };
        if n < 8 {
            return Err(truncated());
        }
        let words = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
        if words * 2 > FEATURE_BYTES_MAX {
            return Err(Error::TooLarge {
                path: self.path.display().to_string(),
                what: format!("shape {}", self.row_no + 1),
                limit: format!("{} MB", FEATURE_BYTES_MAX >> 20),
            });
        }
        self.content.clear();
        let taken = (&mut self.shp).take(words as u64 * 2).read_to_end(&mut self.content);
        match taken {
            Ok(n) if n == words * 2 => Ok(true),
            Ok(_) => Err(truncated()),
            Err(e) => Err(read_error(&self.path, e)),
        }
    }

    fn read_shape(&mut self, row: &mut RawRow) -> Result<(), Error> {
        self.shape.clear();
        match collect(&self.content, &mut self.shape) {
            Some(true) => {}
            Some(false) => {
                row.warnings.push(Warning { code: "null_geometry", detail: "the shape is null".to_owned() });
                return Ok(());
            }
            None => {
                let detail = "the shape's counts do not fit its length, or its kind is not known".to_owned();
                row.warnings.push(Warning { code: "bad_coordinates", detail });
                return Ok(());
            }
        }
        let finished = self.shape.finish(&self.crs, &mut row.warnings);
        row.geometry = self.gate.pass(&self.path, finished, &mut row.warnings)?;
        Ok(())
    }
}

impl RowReader for ShapefileReader {
    fn columns(&self) -> &[String] {
        self.table.as_ref().map_or(&[], |t| &t.columns)
    }

    fn next_row(&mut self, row: &mut RawRow) -> Result<bool, Error> {
        loop {
            let record = match &mut self.table {
                Some(table) => table.next(row)?,
                None => Record::Row,
            };
            let has_shape = self.read_content()?;
            match (record, has_shape) {
                (Record::End, false) => break,
                (Record::Row, false) if self.table.is_none() => break,
                (Record::End, true) | (Record::Row | Record::Deleted, false) => {
                    return Err(broken(&self.path, "the .shp and the .dbf do not have the same number of records"));
                }
                (Record::Deleted, true) => {}
                (Record::Row, true) => {
                    self.row_no += 1;
                    row.row_no = self.row_no;
                    self.read_shape(row)?;
                    return Ok(true);
                }
            }
        }
        self.gate.judge(&self.path)?;
        Ok(false)
    }

    fn progress(&self) -> Progress {
        Progress { bytes_read: self.bytes_read.load(Ordering::Relaxed), bytes_total: self.bytes_total }
    }

    fn findings(&self) -> Vec<(&'static str, String)> {
        let mut found = vec![("layer", self.layer.clone()), ("crs", self.crs.name().to_owned())];
        match &self.table {
            Some(table) => found.extend(table.findings()),
            None => found.push(("table", "no .dbf: shapes without attributes".to_owned())),
        }
        found
    }
}

fn broken(path: &Path, detail: &str) -> Error {
    Error::Container { path: path.display().to_string(), format: "Shapefile", detail: detail.to_owned() }
}

fn read_up_to(stream: &mut dyn Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buf.len() {
        match stream.read(&mut buf[n..])? {
            0 => break,
            more => n += more,
        }
    }
    Ok(n)
}

/// Collects a shape's coordinates: true when there are some, false for a null shape, `None` when damaged.
fn collect(content: &[u8], shape: &mut ShapeBuf) -> Option<bool> {
    let int = |at: usize| Some(u32::from_le_bytes(content.get(at..at + 4)?.try_into().ok()?) as usize);
    let point = |at: usize| {
        let x = f64::from_le_bytes(content.get(at..at + 8)?.try_into().ok()?);
        let y = f64::from_le_bytes(content.get(at + 8..at + 16)?.try_into().ok()?);
        Some([x, y])
    };
    // Kinds + 10 carry Z, + 20 carry M behind what we read.
    match int(0)? {
        0 => return Some(false),
        1 | 11 | 21 => {
            shape.kind = ShapeKind::Point;
            shape.coords.push(point(4)?);
        }
        8 | 18 | 28 => {
            shape.kind = ShapeKind::Point;
            let n_points = int(36)?;
            for i in 0..n_points.min(content.len() / 16) {
                shape.coords.push(point(40 + i * 16)?);
            }
        }
        kind @ (3 | 13 | 23 | 5 | 15 | 25) => {
            let (n_parts, n_points) = (int(36)?, int(40)?);
            if n_parts > content.len() / 4 || n_points > content.len() / 16 {
                return None;
            }
            let first_point = 44 + n_parts * 4;
            let mut ends: Vec<usize> = (1..n_parts).map(|i| int(44 + i * 4)).collect::<Option<_>>()?;
            ends.push(n_points);
            let marks = shape.marks();
            let mut at = 0;
            for end in ends {
                if end < at || end > n_points {
                    return None;
                }
                for i in at..end {
                    shape.coords.push(point(first_point + i * 16)?);
                }
                shape.end_ring();
                at = end;
            }
            shape.end_part();
            shape.kind = if matches!(kind, 5 | 15 | 25) { ShapeKind::Polygon } else { ShapeKind::Line };
            if shape.kind == ShapeKind::Polygon {
                shape.group_rings(marks);
            }
        }
        _ => return None,
    }
    Some(!shape.coords.is_empty())
}

/// A file beside another, by extension in any case.
fn neighbor(path: &Path, ext: &str) -> Option<PathBuf> {
    [ext.to_owned(), ext.to_uppercase()].into_iter().map(|e| path.with_extension(e)).find(|p| p.is_file())
}

fn from_files(path: &Path) -> Result<Parts, Error> {
    let open = |p: &Path| File::open(p).map_err(|e| read_error(p, e));
    let size = |p: &Path| std::fs::metadata(p).map(|m| m.len()).unwrap_or(0);
    let dbf = neighbor(path, "dbf");
    let bytes_total = size(path) + dbf.as_deref().map_or(0, size);
    Ok(Parts {
        shp: Box::new(open(path)?),
        dbf: match dbf {
            Some(p) => Some(Box::new(open(&p)?)),
            None => None,
        },
        prj: neighbor(path, "prj").and_then(|p| read_small(&p)).filter(|t| !t.trim().is_empty()),
        cpg: neighbor(path, "cpg").and_then(|p| read_small(&p)),
        bytes_total,
        layer: path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default(),
    })
}

/// The one GeoJSON or CSV file in a zip that holds no Shapefile, with its name.
pub(crate) fn text_in_zip(path: &Path) -> Result<Option<(Input, String)>, Error> {
    let entries = zip_entries(path)?;
    let has = |e: &&Entry, exts: &[&str]| exts.iter().any(|x| e.name.to_ascii_lowercase().ends_with(x));
    if entries.iter().any(|e| has(&e, &[".shp"])) {
        return Ok(None);
    }
    let is_text = |e: &&Entry| has(e, &[".geojson", ".json", ".csv", ".tsv"]) && !e.name.starts_with("__MACOSX");
    let texts: Vec<&Entry> = entries.iter().filter(is_text).collect();
    let [one] = texts.as_slice() else { return Ok(None) };
    let input = Input::from_unpacked(path, open_entry(path, one)?, one.unpacked)?;
    Ok(Some((input, one.name.clone())))
}

struct Entry {
    name: String,
    data_start: u64,
    packed: u64,
    unpacked: u64,
    is_deflated: bool,
}

fn from_zip(path: &Path, layer: Option<&str>) -> Result<Parts, Error> {
    let entries = zip_entries(path)?;
    let stem = |name: &str| name.rsplit_once('.').map_or(name, |(s, _)| s).to_owned();
    let has_ext = |name: &str, ext: &str| name.to_ascii_lowercase().ends_with(ext) && !name.starts_with("__MACOSX");
    let layers: Vec<String> = entries.iter().filter(|e| has_ext(&e.name, ".shp")).map(|e| stem(&e.name)).collect();
    let wanted: Vec<&String> = layers
        .iter()
        .filter(|l| layer.is_none_or(|w| l.eq_ignore_ascii_case(w) || l.rsplit('/').next() == Some(w)))
        .collect();
    let [one] = wanted.as_slice() else {
        let held: Vec<&str> = entries.iter().take(12).map(|e| e.name.as_str()).collect();
        let detail = match wanted.len() {
            0 => format!("no Shapefile in the zip, it holds {}", held.join(", ")),
            _ => format!(
                "several layers in the zip ({}): name one with --sheet, in a profile as `sheet` under [file]",
                layers.join(", ")
            ),
        };
        return Err(Error::Container { path: path.display().to_string(), format: "zip", detail });
    };
    let entry = |ext: &str| entries.iter().find(|e| stem(&e.name) == **one && has_ext(&e.name, ext));
    let stream = |e: &Entry| open_entry(path, e);
    let text = |e: &Entry| {
        let mut bytes = Vec::new();
        stream(e).ok()?.take(SIDE_FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let dbf = entry(".dbf");
    let shp = entry(".shp").ok_or_else(|| broken(path, "the .shp is not in the zip"))?;
    Ok(Parts {
        shp: stream(shp)?,
        dbf: dbf.map(stream).transpose()?,
        prj: entry(".prj").and_then(text).filter(|t| !t.trim().is_empty()),
        cpg: entry(".cpg").and_then(text),
        bytes_total: shp.unpacked + dbf.map_or(0, |e| e.unpacked),
        layer: (*one).clone(),
    })
}

fn zip_entries(path: &Path) -> Result<Vec<Entry>, Error> {
    let fail = |detail: String| Error::Container { path: path.display().to_string(), format: "zip", detail };
    let file = File::open(path).map_err(|e| read_error(path, e))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| fail(e.to_string()))?;
    if archive.len() > ZIP_ENTRIES_MAX {
        return Err(fail(format!("{} entries", archive.len())));
    }
    let mut raw = File::open(path).map_err(|e| read_error(path, e))?;
    let mut entries = Vec::new();
    for idx in 0..archive.len() {
        let Ok(entry) = archive.by_index_raw(idx) else { continue };
        let Ok(name) = entry.name().map(|n| n.into_owned()) else { continue };
        let is_deflated = match entry.compression() {
            zip::CompressionMethod::Stored => false,
            zip::CompressionMethod::Deflated => true,
            _ => continue,
        };
        if entry.encrypted() || name.ends_with('/') {
            continue;
        }
        // The local header repeats the name and has its own extra field in front of the data.
        let mut local = [0; 30];
        let start = entry.header_start();
        if raw.seek(SeekFrom::Start(start)).and_then(|_| raw.read_exact(&mut local)).is_err() {
            return Err(fail("cut off".to_owned()));
        }
        let short = |at: usize| u64::from(u16::from_le_bytes([local[at], local[at + 1]]));
        let data_start = start + 30 + short(26) + short(28);
        entries.push(Entry { name, data_start, packed: entry.compressed_size(), unpacked: entry.size(), is_deflated });
    }
    Ok(entries)
}

fn open_entry(path: &Path, entry: &Entry) -> Result<Box<dyn Read>, Error> {
    if entry.unpacked > ZIP_ENTRY_BYTES_MAX {
        return Err(Error::TooLarge {
            path: path.display().to_string(),
            what: entry.name.clone(),
            limit: format!("{} GB", ZIP_ENTRY_BYTES_MAX >> 30),
        });
    }
    let mut file = File::open(path).map_err(|e| read_error(path, e))?;
    file.seek(SeekFrom::Start(entry.data_start)).map_err(|e| read_error(path, e))?;
    let packed = BufReader::with_capacity(1 << 16, file.take(entry.packed));
    Ok(if entry.is_deflated {
        Box::new(flate2::bufread::DeflateDecoder::new(packed).take(entry.unpacked))
    } else {
        Box::new(packed)
    })
}
