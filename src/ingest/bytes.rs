//! Opening files: stdin, gzip, progress, hash, and which format the first bytes show.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use crate::ingest::error::Error;
use crate::ingest::limits::SNIFF_BYTES;
use crate::ingest::source::{Format, Progress};

/// Chunk of file reads: large enough that system calls do not show.
const CHUNK_BYTES: usize = 256 << 10;

/// An opened file: its first bytes (unpacked) and a stream that starts with them.
pub struct Input {
    /// The first unpacked bytes, at most [`SNIFF_BYTES`].
    pub head: Vec<u8>,
    stream: Box<dyn Read>,
    counter: Counter,
}

/// Shared count and hash of the bytes taken from disk.
#[derive(Debug, Clone, Default)]
pub struct Counter {
    seen: Arc<Seen>,
    bytes_total: u64,
}

#[derive(Debug, Default)]
struct Seen {
    bytes_read: AtomicU64,
    is_at_end: AtomicBool,
    /// Taken by one reader at a time; the lock costs nothing beside a read.
    hasher: Mutex<Sha256>,
}

/// Identity of a file: hash and size of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileIdentity {
    /// SHA-256 of the file as it lies on disk, in lower-case hex.
    pub sha256: String,
    /// Size in bytes.
    pub byte_len: u64,
}

impl Counter {
    /// As shown to people.
    pub fn progress(&self) -> Progress {
        Progress { bytes_read: self.seen.bytes_read.load(Ordering::Relaxed), bytes_total: self.bytes_total }
    }

    /// Identity of what was read, once the reader is at the end of the file: the bytes that were parsed are the bytes hashed.
    /// `None` before, and for formats that jump about in the file.
    pub fn identity(&self) -> Option<FileIdentity> {
        let byte_len = self.seen.bytes_read.load(Ordering::Relaxed);
        let is_at_end = self.seen.is_at_end.load(Ordering::Relaxed) || (byte_len > 0 && byte_len == self.bytes_total);
        let hasher = self.seen.hasher.lock().ok().filter(|_| is_at_end)?.clone();
        Some(FileIdentity { sha256: hex(&hasher.finalize()), byte_len })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

struct Counted<R> {
    inner: R,
    seen: Arc<Seen>,
    is_hashed: bool,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.seen.bytes_read.fetch_add(n as u64, Ordering::Relaxed);
        if n == 0 && !buf.is_empty() {
            self.seen.is_at_end.store(true, Ordering::Relaxed);
        }
        if self.is_hashed
            && let Ok(mut hasher) = self.seen.hasher.lock()
        {
            hasher.update(&buf[..n]);
        }
        Ok(n)
    }
}

pub(crate) fn read_error(path: &Path, source: io::Error) -> Error {
    Error::Read { path: path.display().to_string(), source }
}

impl Input {
    /// Opens a plain or gzip-compressed file, or stdin for `-`.
    ///
    /// # Errors
    /// When the file cannot be opened or read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut counter = Counter::default();
        let raw: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            let file = File::open(path).map_err(|e| read_error(path, e))?;
            let meta = file.metadata().map_err(|e| read_error(path, e))?;
            if meta.is_dir() {
                if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gdb")) {
                    let detail = "a file geodatabase: a layer of another kind".to_owned();
                    return Err(Error::UnknownFormat { path: path.display().to_string(), detail });
                }
                return Err(read_error(path, io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")));
            }
            counter.bytes_total = meta.len();
            Box::new(file)
        };
        let mut counted = Counted { inner: raw, seen: Arc::clone(&counter.seen), is_hashed: true };
        let mut magic = Vec::new();
        counted.by_ref().take(2).read_to_end(&mut magic).map_err(|e| read_error(path, e))?;
        let is_gzip = magic == [0x1f, 0x8b];
        let whole = io::Cursor::new(magic).chain(counted);
        let mut stream: Box<dyn Read> = if is_gzip {
            let buffered = io::BufReader::with_capacity(CHUNK_BYTES, whole);
            Box::new(flate2::bufread::MultiGzDecoder::new(buffered))
        } else {
            Box::new(whole)
        };
        let mut head = Vec::new();
        stream.by_ref().take(SNIFF_BYTES as u64).read_to_end(&mut head).map_err(|e| read_error(path, e))?;
        Ok(Self { head, stream, counter })
    }

    /// The stream inside a zip, whose progress is counted as it is unpacked.
    ///
    /// # Errors
    /// When its first bytes cannot be read.
    pub fn from_unpacked(path: &Path, stream: Box<dyn Read>, bytes_total: u64) -> Result<Self, Error> {
        let counter = Counter { bytes_total, ..Counter::default() };
        let mut stream = Counted { inner: stream, seen: Arc::clone(&counter.seen), is_hashed: false };
        let mut head = Vec::new();
        stream.by_ref().take(SNIFF_BYTES as u64).read_to_end(&mut head).map_err(|e| read_error(path, e))?;
        Ok(Self { head, stream: Box::new(stream), counter })
    }

    /// The counter of this input.
    pub fn counter(&self) -> &Counter {
        &self.counter
    }

    /// The whole unpacked stream, from its first byte, and the counter behind it.
    pub fn into_stream(self) -> (Box<dyn Read>, Counter) {
        (Box::new(io::Cursor::new(self.head).chain(self.stream)), self.counter)
    }
}

/// Tells the format by the first bytes, then by the file name.
///
/// # Errors
/// When the file is empty or neither tells.
pub fn sniff_format(path: &Path, input: &Input) -> Result<Format, Error> {
    let head = input.head.as_slice();
    let shown = path.display().to_string();
    if head.is_empty() {
        return Err(Error::Empty { path: shown, detail: "0 bytes".to_owned() });
    }
    let name = shown.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let ends = |ext: &str| name.ends_with(ext);
    if head.starts_with(b"PK\x03\x04") {
        return Ok(if ends(".xlsx") || ends(".xlsm") || holds(head, b"xl/") {
            Format::Xlsx
        } else {
            Format::Shapefile
        });
    }
    if head.starts_with(&[0, 0, 0x27, 0x0a]) {
        return Ok(Format::Shapefile);
    }
    let refuse = |detail: &str| Err(Error::UnknownFormat { path: shown.clone(), detail: detail.to_owned() });
    if head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return refuse("an old .xls workbook: save it as .xlsx or .csv");
    }
    if head.starts_with(b"SQLite format 3") {
        return refuse("a GeoPackage or SQLite file: a layer of another kind");
    }
    if head.starts_with(b"fgb") {
        return refuse("FlatGeobuf: a layer of another kind");
    }
    if head.starts_with(b"%PDF") {
        return refuse("a PDF document");
    }
    if ends(".dbf") {
        return Ok(Format::Dbf);
    }
    if ends(".csv") || ends(".tsv") || ends(".txt") {
        return Ok(Format::Csv);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    match text.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'{' | b'[' | 0x1e) => Ok(Format::GeoJson),
        Some(b'<') if holds(head, b"<kml") => refuse("KML: a layer of another kind"),
        Some(b'<') if holds(head, b"opengis.net/gml") => refuse("GML: a layer of another kind"),
        Some(b'<') => refuse("HTML or XML, perhaps an error page"),
        _ if ends("json") => Ok(Format::GeoJson),
        Some(_) if !head.contains(&0) || head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) => {
            Ok(Format::Csv)
        }
        _ => refuse("binary data"),
    }
}

fn holds(head: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(head, needle).is_some()
}

/// Identity of a file, read from front to end.
///
/// # Errors
/// When the file cannot be read.
pub fn identity_of(path: &Path) -> Result<FileIdentity, Error> {
    let mut file = File::open(path).map_err(|e| read_error(path, e))?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut byte_len = 0;
    loop {
        match file.read(&mut chunk).map_err(|e| read_error(path, e))? {
            0 => break,
            n => {
                hasher.update(&chunk[..n]);
                byte_len += n as u64;
            }
        }
    }
    Ok(FileIdentity { sha256: hex(&hasher.finalize()), byte_len })
}

/// SHA-256 of the file as it lies on disk, in lower-case hex.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256_file(path: &Path) -> Result<String, Error> {
    identity_of(path).map(|identity| identity.sha256)
}
