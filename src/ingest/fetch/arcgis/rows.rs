//! Kept pages to rows: one page in memory at a time, through the reader of GeoJSON and Esri JSON files.
//!
//! Codes become the names that the layer's domains give them; the code itself stands in an added column `FIELD@code`. Dates stay
//! as the service sends them (milliseconds since 1970), as in a file of the same layer.

use std::io::{self, Cursor, Read};
use std::path::Path;

use super::layer::{Domain, Field, Layer};
use super::page::text_of;
use crate::ingest::Error;
use crate::ingest::bytes::Input;
use crate::ingest::geojson::GeoJsonReader;
use crate::ingest::source::{CellKind, Format, OpenOptions, Progress, RawRow, RowReader, Source};

/// Behind the name of a field: its code, where the field itself shows the name.
const CODE_SUFFIX: &str = "@code";

/// Bodies of pages, one after the other.
struct Pages<F> {
    next: F,
    page: Cursor<Vec<u8>>,
}

impl<F: FnMut() -> io::Result<Option<Vec<u8>>>> Read for Pages<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.page.read(buf)?;
            if n > 0 || buf.is_empty() {
                return Ok(n);
            }
            let Some(body) = (self.next)()? else { return Ok(0) };
            let mut body = text_of(&body).into_owned();
            body.push(b'\n');
            self.page = Cursor::new(body);
        }
    }
}

/// Rows of the pages that `next` gives, in order.
///
/// # Errors
/// When the first page cannot be read.
pub fn open(
    layer: &Layer,
    bytes_total: u64,
    options: &OpenOptions,
    next: impl FnMut() -> io::Result<Option<Vec<u8>>> + Send + 'static,
) -> Result<Source, Error> {
    let pages = Pages { next, page: Cursor::new(Vec::new()) };
    let input = Input::from_unpacked(Path::new(&layer.url), Box::new(pages), bytes_total)?;
    let inner = GeoJsonReader::open(Path::new(&layer.url), input, options)?;
    let coded: Vec<String> =
        layer.fields.iter().filter(|f| is_coded(layer, f)).map(|f| format!("{}{CODE_SUFFIX}", f.name)).collect();
    if coded.is_empty() {
        return Ok(Source::from_reader(Box::new(inner), Format::GeoJson));
    }
    let mut reader =
        Decoder { layer: layer.clone(), inner, raw: RawRow::default(), n_codes: coded.len(), columns: coded };
    reader.update_columns();
    Ok(Source::from_reader(Box::new(reader), Format::GeoJson))
}

fn is_coded(layer: &Layer, field: &Field) -> bool {
    field.domain.is_some()
        || layer.subtypes.as_ref().is_some_and(|s| s.domains.values().any(|d| d.contains_key(&field.name)))
}

/// Puts names in the place of codes.
struct Decoder {
    layer: Layer,
    inner: GeoJsonReader,
    raw: RawRow,
    n_codes: usize,
    /// The columns of codes, then those of the pages.
    columns: Vec<String>,
}

impl Decoder {
    fn update_columns(&mut self) {
        let n_known = self.columns.len() - self.n_codes;
        self.columns.extend(self.inner.columns().iter().skip(n_known).cloned());
    }

    fn domain(&self, field: &str, subtype: Option<&str>) -> Option<&Domain> {
        let own = subtype.zip(self.layer.subtypes.as_ref()).and_then(|(code, s)| s.domains.get(code)?.get(field));
        own.or_else(|| self.layer.field(field)?.domain.as_ref())
    }

    fn fill(&self, row: &mut RawRow) {
        let find = |name: &str| self.columns.iter().skip(self.n_codes).position(|c| c == name);
        let subtype = self.layer.subtypes.as_ref().and_then(|s| self.raw.value(find(&s.field)?));
        for (idx, column) in self.columns.iter().skip(self.n_codes).enumerate() {
            let (Some(value), Some(kind)) = (self.raw.value(idx), self.raw.kind(idx)) else { continue };
            let name = self.domain(column, subtype).and_then(|d| d.get(value));
            let Some(name) = name else {
                row.set(self.n_codes + idx, kind, value);
                continue;
            };
            row.set(self.n_codes + idx, CellKind::Text, name);
            let code = self.columns.iter().take(self.n_codes).position(|c| c.strip_suffix(CODE_SUFFIX) == Some(column));
            if let Some(code) = code {
                row.set(code, kind, value);
            }
        }
    }
}

impl RowReader for Decoder {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next_row(&mut self, row: &mut RawRow) -> Result<bool, Error> {
        self.raw.clear();
        if !self.inner.next_row(&mut self.raw)? {
            return Ok(false);
        }
        self.update_columns();
        self.fill(row);
        row.row_no = self.raw.row_no;
        row.geometry = self.raw.geometry.take();
        row.warnings.append(&mut self.raw.warnings);
        row.problem = self.raw.problem.take();
        Ok(true)
    }

    fn progress(&self) -> Progress {
        self.inner.progress()
    }

    fn findings(&self) -> Vec<(&'static str, String)> {
        self.inner.findings()
    }
}

#[cfg(test)]
mod tests {
    use super::{Layer, open};
    use crate::ingest::source::{OpenOptions, RawRow};

    const LAYER: &str = r#"{"typeIdField":"KIND","types":[{"id":1,"domains":{"USE":{"codedValues":[{"code":"A","name":"Farm"}]}}}],
        "fields":[{"name":"OBJECTID","type":"esriFieldTypeOID"},{"name":"KIND","type":"esriFieldTypeInteger",
        "domain":{"codedValues":[{"code":1,"name":"Land"},{"code":2,"name":"Air"}]}},
        {"name":"USE","domain":{"codedValues":[{"code":"A","name":"Any"}]}},{"name":"PIN"}]}"#;

    fn rows(pages: &[&str]) -> Vec<String> {
        let layer = Layer::parse("https://h/0", LAYER.as_bytes()).unwrap();
        let mut left: Vec<Vec<u8>> = pages.iter().rev().map(|p| p.as_bytes().to_vec()).collect();
        let mut source = open(&layer, 0, &OpenOptions::default(), move || Ok(left.pop())).unwrap();
        let mut row = RawRow::default();
        let mut found = Vec::new();
        while source.next_row(&mut row).unwrap() {
            let cell = |i: usize| format!("{}={}", source.columns()[i], row.value(i).unwrap_or("-"));
            let cells: Vec<String> = (0..source.columns().len()).map(cell).collect();
            let at = row.geometry.as_ref().map_or(String::new(), |g| format!(" {:.3}", g.label_point.lon));
            found.push(format!("{} {}{at}", row.row_no, cells.join(" ")));
        }
        found
    }

    #[test]
    fn pages_become_one_stream_with_names_for_codes() {
        let one = r#"{"spatialReference":{"wkid":102100,"latestWkid":3857},"features":[
            {"attributes":{"OBJECTID":1,"KIND":1,"USE":"A"},"geometry":{"rings":[[[-10688000,4320000],[-10688000,4320100],[-10687900,4320100],[-10688000,4320000]]]}},
            {"attributes":{"OBJECTID":2,"KIND":2,"USE":"A"},"geometry":null}]}"#;
        let empty = r#"{"spatialReference":{"wkid":102100},"features":[]}"#;
        let two = "\u{feff}{\"spatialReference\":{\"wkid\":3857},\"features\":[{\"attributes\":{\"OBJECTID\":3,\"KIND\":9,\"USE\":null,\"PIN\":\"x\"}}]}";
        assert_eq!(
            rows(&[one, empty, two]),
            [
                "1 KIND@code=1 USE@code=A OBJECTID=1 KIND=Land USE=Farm -96.012",
                "2 KIND@code=2 USE@code=A OBJECTID=2 KIND=Air USE=Any",
                "3 KIND@code=- USE@code=- OBJECTID=3 KIND=9 USE=- PIN=x",
            ]
        );
    }
}
