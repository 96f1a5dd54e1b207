//! A sliding window over a byte stream: grows until one whole value fits, never past its bound.

use std::io::Read;
use std::path::PathBuf;

use crate::ingest::bytes::read_error;
use crate::ingest::error::Error;
use crate::ingest::json::{Fault, Scan, Scanned};
use crate::ingest::limits::FEATURE_BYTES_MAX;

/// First size of the window.
const WINDOW_BYTES: usize = 1 << 20;

/// Bytes of a file from `start` to `end` of `buf`, with the position in the file for messages.
pub(crate) struct Window {
    pub path: PathBuf,
    /// Rows handed out, for messages.
    pub n_rows: u64,
    stream: Box<dyn Read>,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    is_at_end: bool,
    offset: u64,
    n_lines: u64,
}

impl Window {
    pub(crate) fn new(path: PathBuf, stream: Box<dyn Read>) -> Self {
        Self {
            path,
            n_rows: 0,
            stream,
            buf: vec![0; WINDOW_BYTES],
            start: 0,
            end: 0,
            is_at_end: false,
            offset: 0,
            n_lines: 0,
        }
    }

    /// Runs `scan` on the bytes at hand, with more bytes each time it asks for them, and moves behind what it consumed.
    pub(crate) fn step<T>(&mut self, mut scan: impl FnMut(&mut Scan<'_>) -> Scanned<T>) -> Result<T, Error> {
        loop {
            let mut at = Scan::new(&self.buf[self.start..self.end]);
            match scan(&mut at) {
                Ok(value) => {
                    self.start += at.pos;
                    return Ok(value);
                }
                Err(Fault::More) if self.is_at_end => return Err(self.truncated()),
                Err(Fault::More) => self.fill()?,
                Err(Fault::Bad(pos, what)) => return Err(self.broken(pos, what)),
                Err(Fault::Limit(what)) => {
                    return Err(Error::TooLarge {
                        path: self.shown(),
                        what: what.to_owned(),
                        limit: "its bound".to_owned(),
                    });
                }
            }
        }
    }

    /// The next byte that is neither white space, comma nor record separator (left in place); `None` at the end.
    pub(crate) fn next_byte(&mut self) -> Result<Option<u8>, Error> {
        loop {
            while self.start < self.end {
                let b = self.buf[self.start];
                if !(b.is_ascii_whitespace() || b == b',' || b == 0x1e) {
                    return Ok(Some(b));
                }
                self.start += 1;
            }
            if self.is_at_end {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// Skips one byte that [`Self::next_byte`] showed.
    pub(crate) fn skip_byte(&mut self) {
        self.start = (self.start + 1).min(self.end);
    }

    /// Skips a UTF-8 byte order mark.
    pub(crate) fn skip_bom(&mut self) -> Result<(), Error> {
        if self.start == self.end {
            self.fill()?;
        }
        if self.buf[self.start..self.end].starts_with(b"\xef\xbb\xbf") {
            self.start += 3;
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<(), Error> {
        self.n_lines += memchr::memchr_iter(b'\n', &self.buf[..self.start]).count() as u64;
        self.offset += self.start as u64;
        self.buf.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buf.len() {
            if self.buf.len() >= FEATURE_BYTES_MAX {
                return Err(Error::TooLarge {
                    path: self.shown(),
                    what: format!("the feature in line {}", self.n_lines + 1),
                    limit: format!("{} MB", FEATURE_BYTES_MAX >> 20),
                });
            }
            self.buf.resize((self.buf.len() * 2).min(FEATURE_BYTES_MAX), 0);
        }
        while self.end < self.buf.len() {
            match self.stream.read(&mut self.buf[self.end..]) {
                Ok(0) => {
                    self.is_at_end = true;
                    break;
                }
                Ok(n) => self.end += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                // A cut-off .gz file ends like a cut-off plain one.
                Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Err(self.truncated()),
                Err(e) => return Err(read_error(&self.path, e)),
            }
        }
        Ok(())
    }

    pub(crate) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn line_at(&self, pos: usize) -> u64 {
        let until = (self.start + pos).min(self.end);
        self.n_lines + 1 + memchr::memchr_iter(b'\n', &self.buf[..until]).count() as u64
    }

    fn truncated(&self) -> Error {
        Error::Truncated { path: self.shown(), line: self.line_at(self.end - self.start), n_rows: self.n_rows }
    }

    /// A message about the byte `pos` behind the present one.
    pub(crate) fn broken(&self, pos: usize, what: &str) -> Error {
        Error::Json {
            path: self.shown(),
            line: self.line_at(pos),
            offset: self.offset + (self.start + pos) as u64,
            detail: what.to_owned(),
        }
    }
}
