//! Where results go: format choice, stdout or a file that appears only when complete, a small text table.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Failure, context};

/// Forms of output; a command that cannot make one of them says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// Comma-separated, one header line.
    Csv,
    /// One JSON document.
    Json,
    /// One JSON document per line.
    Ndjson,
    /// A GeoJSON FeatureCollection.
    Geojson,
    /// A GeoPackage; needs `-o FILE`.
    Gpkg,
}

/// Ctrl-C while a file was being written.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Stopped;

/// A result being written: stdout, or a temporary file beside the target that [`Sink::finish`] renames into place.
pub(crate) struct Sink {
    writer: Box<dyn Write>,
    pending: Option<(PathBuf, PathBuf)>,
    /// Set by Ctrl-C, so that the temporary file is taken away; stdout needs no such care.
    stop: Arc<AtomicBool>,
}

impl Sink {
    /// Opens stdout for `None` or `-`, else a temporary file beside `path`.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|p| p.as_os_str() != "-") else {
            return Ok(Self {
                writer: Box::new(BufWriter::with_capacity(1 << 16, io::stdout().lock())),
                pending: None,
                stop: Arc::default(),
            });
        };
        // A device or pipe (/dev/null) is written to; renaming a file over it would replace it for the whole machine.
        if std::fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir()) {
            let file = File::options().write(true).open(path).map_err(Failure::from_output)?;
            return Ok(Self {
                writer: Box::new(BufWriter::with_capacity(1 << 16, file)),
                pending: None,
                stop: Arc::default(),
            });
        }
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.part", std::process::id()));
        let temporary = path.with_file_name(name);
        let file = File::create(&temporary).map_err(|e| {
            Failure::environment(format!("cannot write {}", path.display()))
                .caused_by(&e)
                .hint("choose another place with -o FILE")
        })?;
        let stop = Arc::default();
        context::stop_on_signal(&stop);
        Ok(Self {
            writer: Box::new(BufWriter::with_capacity(1 << 20, file)),
            pending: Some((temporary, path.to_owned())),
            stop,
        })
    }

    /// Flushes and puts the file in place. Without this call nothing appears at the target.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(Failure::from_output)?;
        if let Some((temporary, target)) = self.pending.take() {
            let file = File::open(&temporary).map_err(Failure::from_output)?;
            file.sync_all().map_err(Failure::from_output)?;
            std::fs::rename(&temporary, &target).map_err(Failure::from_output)?;
        }
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other(Stopped));
        }
        self.writer.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some((temporary, _)) = &self.pending {
            drop(std::fs::remove_file(temporary));
        }
    }
}

/// A file that somebody else writes beside its place (SQLite); taken away again unless it was put in place.
pub(crate) struct Partial(PathBuf);

impl Partial {
    /// The name to write to.
    pub(crate) fn beside(target: &Path) -> Self {
        let mut name = target.file_name().unwrap_or_default().to_os_string();
        name.push(".part");
        Self(target.with_file_name(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Moves the complete file to its place.
    pub(crate) fn put(&self, target: &Path) -> Result<(), Failure> {
        std::fs::rename(&self.0, target)
            .map_err(|e| Failure::environment(format!("cannot write {}", target.display())).caused_by(&e))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let mut journal = self.0.clone().into_os_string();
        journal.push("-journal");
        for path in [self.0.as_os_str(), &journal] {
            drop(std::fs::remove_file(path));
        }
    }
}

/// Sentences: they are shown whole.
const UNCUT: &[&str] = &["evidence", "suggestion", "why", "look"];
const SENTENCE_MAX: usize = 400;

/// Writes rows as a left-aligned text table with a header line; columns are as wide as their widest cell, at most 60 but for sentences.
pub(crate) fn write_table(out: &mut dyn Write, header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    const WIDTH_MAX: usize = 60;
    // Nearly every cell is plain ASCII, whose letters need no counting.
    let width_of = |text: &str| if text.is_ascii() { text.len() } else { text.chars().count() };
    let most: Vec<usize> = header.iter().map(|h| if UNCUT.contains(h) { SENTENCE_MAX } else { WIDTH_MAX }).collect();
    let mut widths: Vec<usize> = header.iter().map(|h| width_of(h)).collect();
    for row in rows {
        for ((width, cell), most) in widths.iter_mut().zip(row).zip(&most) {
            *width = (*width).max(width_of(cell).min(*most));
        }
    }
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| -> io::Result<()> {
        text.clear();
        for ((cell, width), most) in cells.zip(&widths).zip(&most) {
            let is_plain = cell.len() <= *most && cell.bytes().all(|b| matches!(b, b' '..=b'~'));
            if is_plain {
                text.push_str(cell);
            } else {
                push_cut(&mut text, cell, *most);
            }
            let padding = width.saturating_sub(width_of(cell));
            text.extend(std::iter::repeat_n(' ', padding + 2));
        }
        writeln!(out, "{}", text.trim_end())
    };
    line(&mut header.iter().copied())?;
    for row in rows {
        line(&mut row.iter().map(String::as_str))?;
    }
    Ok(())
}

/// A cell without control characters, and with an ellipsis as its last letter where it is too wide.
fn push_cut(text: &mut String, cell: &str, width_max: usize) {
    let is_too_wide = cell.chars().count() > width_max;
    let n_shown = if is_too_wide { width_max - 1 } else { width_max };
    text.extend(cell.chars().map(|c| if c.is_control() { ' ' } else { c }).take(n_shown));
    if is_too_wide {
        text.push('…');
    }
}
