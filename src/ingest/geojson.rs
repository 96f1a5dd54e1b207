//! GeoJSON and Esri JSON features, streamed.
//!
//! Accepts a FeatureCollection with members in any order, newline-delimited features or rows, a top-level array of features or rows, and Esri
//! JSON (`attributes`, `rings`); null, empty and odd geometry comes as a row with a warning. A file that ends in the middle is an
//! error: half a county must not be stored. Left out: TopoJSON, curves.

use std::collections::HashMap;
use std::path::Path;

use crate::geom::crs::Crs;
use crate::ingest::bytes::{Counter, Input};
use crate::ingest::error::Error;
use crate::ingest::gate::Gate;
use crate::ingest::geojson_top::{TopValue, scan_top};
use crate::ingest::json::{Fault, Scan, Scanned, crs_of, push_text};
use crate::ingest::limits::{COLUMNS_MAX, DEPTH_MAX};
use crate::ingest::shape::{ShapeBuf, ShapeKind, Warning};
use crate::ingest::source::{CellKind, OpenOptions, Progress, RawRow, RowReader};
use crate::ingest::window::Window;
use crate::model::snapshot::Reject;

/// Column under which the `id` member of a feature appears.
pub const ID_COLUMN: &str = "@id";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a top-level value.
    Top,
    /// Inside the array; the flag says whether an object around it must be closed.
    Array {
        is_in_object: bool,
    },
    /// One feature per line.
    Lines,
    End,
}

/// Streams features as rows.
pub struct GeoJsonReader {
    window: Window,
    counter: Counter,
    place: Place,
    crs: Crs,
    has_crs_option: bool,
    gate: Gate,
    state: FeatureState,
    /// The first row, read while opening so that its columns are known.
    first: Option<RawRow>,
    flavor: &'static str,
    /// What the first object says, until another one behind it shows that it is a row.
    alone: Option<String>,
}

#[derive(Default)]
struct FeatureState {
    columns: Vec<String>,
    /// True for columns whose name stands in the file as it is, without escapes.
    is_plain_key: Vec<bool>,
    lookup: HashMap<String, usize>,
    /// Column of the first property of the last feature: features of one file mostly have theirs in one order.
    first_property: usize,
    spans: Vec<(usize, Span)>,
    shape: ShapeBuf,
    has_geometry: bool,
    is_feature: bool,
    /// The array holds plain objects or features, as services of open data give them: an object that is no feature is a row.
    may_be_rows: bool,
    key_text: String,
}

impl GeoJsonReader {
    /// Opens a file and reads its first feature.
    ///
    /// # Errors
    /// When it holds no features.
    pub fn open(path: &Path, input: Input, options: &OpenOptions) -> Result<Self, Error> {
        let (stream, counter) = input.into_stream();
        let mut reader = Self {
            window: Window::new(path.to_owned(), stream),
            counter,
            place: Place::Top,
            crs: Crs::LonLat,
            has_crs_option: options.crs.is_some(),
            gate: Gate::new(options.extent),
            state: FeatureState::default(),
            first: None,
            flavor: "FeatureCollection",
            alone: None,
        };
        if let Some(text) = &options.crs {
            reader.set_crs(text)?;
        }
        reader.window.skip_bom()?;
        let mut first = RawRow::default();
        if reader.read_row(&mut first)? {
            reader.first = Some(first);
        }
        Ok(reader)
    }

    fn set_crs(&mut self, text: &str) -> Result<(), Error> {
        self.crs = Crs::parse(text)
            .ok_or_else(|| Error::UnknownCrs { path: self.window.shown(), crs: super::error::shown(text) })?;
        Ok(())
    }

    fn read_row(&mut self, row: &mut RawRow) -> Result<bool, Error> {
        loop {
            let next = self.window.next_byte()?;
            match (self.place, next) {
                (Place::End, _) | (Place::Lines, None) => return Ok(false),
                (Place::Top, None) => {
                    self.place = Place::End;
                    if self.window.n_rows == 0 && self.flavor != "empty" {
                        let path = self.window.shown();
                        return Err(Error::Empty { path, detail: "only white space".to_owned() });
                    }
                }
                (Place::Top, Some(_)) => self.enter_top()?,
                (Place::Array { is_in_object }, Some(b']')) => {
                    self.window.skip_byte();
                    self.leave_array(is_in_object)?;
                }
                (Place::Array { .. } | Place::Lines, Some(b'{')) => {
                    self.read_feature(row)?;
                    if let Some(detail) = self.alone.take()
                        && self.window.next_byte()? != Some(b'{')
                    {
                        return Err(Error::NotFeatures { path: self.window.shown(), detail });
                    }
                    return Ok(true);
                }
                (Place::Array { .. }, Some(b'n')) => self.window.step(|scan| scan.skip_value())?,
                (Place::Array { .. } | Place::Lines, Some(_)) => {
                    return Err(self.window.broken(0, "a feature was expected"));
                }
                // Asks for a byte that is not there: the file is cut off.
                (Place::Array { .. }, None) => self.window.step(|scan| scan.peek().map(drop))?,
            }
        }
    }

    fn enter_top(&mut self) -> Result<(), Error> {
        match self.window.step(scan_top)? {
            TopValue::Array { is_in_object, crs } => {
                self.place = Place::Array { is_in_object };
                self.state.may_be_rows = !is_in_object;
                if let Some(text) = crs.filter(|_| !self.has_crs_option) {
                    self.set_crs(&text)?;
                }
            }
            TopValue::Lines => {
                self.place = Place::Lines;
                self.flavor = "features, one after the other";
            }
            TopValue::Object(detail) => {
                self.place = Place::Lines;
                self.state.may_be_rows = true;
                self.flavor = "objects, one after the other";
                self.alone = Some(detail);
            }
            TopValue::Other(detail) => return Err(Error::NotFeatures { path: self.window.shown(), detail }),
        }
        Ok(())
    }

    /// Reads what stands behind the array of features.
    fn leave_array(&mut self, is_in_object: bool) -> Result<(), Error> {
        self.place = Place::Top;
        if self.window.n_rows == 0 {
            self.flavor = "empty";
        }
        if !is_in_object {
            return Ok(());
        }
        let late_crs = self.window.step(|scan| {
            let mut crs = None;
            while let Some((key, _)) = scan.key()? {
                let raw = scan.raw_value()?;
                if matches!(key, b"crs" | b"spatialReference") {
                    crs = crs_of(raw);
                }
            }
            Ok(crs)
        })?;
        let Some(text) = late_crs.filter(|_| !self.has_crs_option) else { return Ok(()) };
        let late = Crs::parse(&text)
            .ok_or_else(|| Error::UnknownCrs { path: self.window.shown(), crs: super::error::shown(&text) })?;
        if late.name() == self.crs.name() || self.window.n_rows == 0 {
            return Ok(());
        }
        let detail = format!("the coordinate system {text} is named behind the features");
        Err(Error::NotFeatures { path: self.window.shown(), detail })
    }

    fn read_feature(&mut self, row: &mut RawRow) -> Result<(), Error> {
        let state = &mut self.state;
        self.window.step(|scan| {
            row.clear();
            state.read_feature(scan, row)
        })?;
        self.window.n_rows += 1;
        row.row_no = self.window.n_rows;
        if !self.state.is_feature {
            row.problem = Some(Reject {
                row_no: row.row_no,
                column: String::new(),
                value: String::new(),
                reason: "not_a_feature",
                detail: "the object has neither properties nor geometry".to_owned(),
            });
        } else if !self.state.has_geometry {
            row.warnings.push(Warning { code: "null_geometry", detail: "the feature has no geometry".to_owned() });
        } else {
            if self.state.shape.coords.is_empty() && row.warnings.is_empty() {
                row.warnings.push(Warning { code: "empty_geometry", detail: "no coordinates".to_owned() });
            }
            let finished = self.state.shape.finish(&self.crs, &mut row.warnings);
            row.geometry = self.gate.pass(&self.window.path, finished, &mut row.warnings)?;
        }
        Ok(())
    }
}

impl RowReader for GeoJsonReader {
    fn columns(&self) -> &[String] {
        &self.state.columns
    }

    fn next_row(&mut self, row: &mut RawRow) -> Result<bool, Error> {
        if let Some(first) = self.first.take() {
            *row = first;
            return Ok(true);
        }
        let has_row = self.read_row(row)?;
        if !has_row {
            self.gate.judge(&self.window.path)?;
        }
        Ok(has_row)
    }

    fn progress(&self) -> Progress {
        self.counter.progress()
    }

    fn findings(&self) -> Vec<(&'static str, String)> {
        vec![("structure", self.flavor.to_owned()), ("crs", self.crs.name().to_owned())]
    }
}

impl FeatureState {
    fn read_feature(&mut self, scan: &mut Scan<'_>, row: &mut RawRow) -> Scanned<()> {
        self.shape.clear();
        self.has_geometry = false;
        self.is_feature = false;
        let start = scan.pos;
        let (mut id, mut is_marked, mut n_keys) = (None, false, 0);
        scan.expect(b'{', "a feature was expected")?;
        while let Some((key, _)) = scan.key()? {
            match key {
                b"properties" | b"attributes" => {
                    self.is_feature = true;
                    if scan.peek()? == b'{' {
                        scan.pos += 1;
                        self.read_properties(scan, row)?;
                    } else {
                        scan.skip_value()?;
                    }
                }
                b"geometry" => {
                    self.is_feature = true;
                    self.read_geometry(scan, row, 0)?;
                }
                b"id" => {
                    if !self.may_be_rows {
                        self.column(ID_COLUMN.as_bytes(), false, usize::MAX)?;
                    }
                    id = read_span(scan)?;
                }
                b"type" => is_marked = scan.raw_value()? == br#""Feature""#,
                _ => scan.skip_value()?,
            }
            n_keys += 1;
        }
        if self.may_be_rows && !self.is_feature && !is_marked && n_keys > 0 {
            scan.pos = start;
            scan.expect(b'{', "a row was expected")?;
            self.is_feature = true;
            return self.read_properties(scan, row);
        }
        if let Some(span) = id {
            let column_idx = self.column(ID_COLUMN.as_bytes(), false, usize::MAX)?;
            let text = &scan.buf[span.start..span.end];
            row.set_with(column_idx, span.kind, |out| push_text(out, text, span.has_escape));
        }
        Ok(())
    }

    /// Reads the members of the open object. Their text goes into the row in one piece; cells point into it.
    fn read_properties(&mut self, scan: &mut Scan<'_>, row: &mut RawRow) -> Scanned<()> {
        let start = scan.pos;
        let mut guess = self.first_property;
        let mut is_first = true;
        self.spans.clear();
        loop {
            let column_idx = match self.columns.get(guess).filter(|_| self.is_plain_key[guess]) {
                Some(name) if scan.skip_key(name)? => guess,
                Some(_) | None => match scan.key()? {
                    None => break,
                    Some((key, has_escape)) => self.column(key, has_escape, guess)?,
                },
            };
            if std::mem::take(&mut is_first) {
                self.first_property = column_idx;
            }
            guess = column_idx + 1;
            let span = read_span(scan)?;
            self.spans.extend(span.map(|s| (column_idx, s)));
        }
        let raw = &scan.buf[start..scan.pos];
        let whole = std::str::from_utf8(raw).ok().map(|text| row.push_text(text));
        for (column_idx, span) in &self.spans {
            match whole {
                Some(base) if !span.has_escape => {
                    row.set_span(*column_idx, span.kind, base + span.start - start, base + span.end - start);
                }
                _ => {
                    let text = &scan.buf[span.start..span.end];
                    row.set_with(*column_idx, span.kind, |out| push_text(out, text, span.has_escape));
                }
            }
        }
        Ok(())
    }

    /// The column of a key: usually the one behind the last, else by name, else a new one.
    fn column(&mut self, key: &[u8], has_escape: bool, guess: usize) -> Scanned<usize> {
        if self.columns.get(guess).is_some_and(|c| c.as_bytes() == key) {
            return Ok(guess);
        }
        self.key_text.clear();
        push_text(&mut self.key_text, key, has_escape);
        if let Some(column_idx) = self.lookup.get(&self.key_text) {
            return Ok(*column_idx);
        }
        if self.columns.len() >= COLUMNS_MAX {
            return Err(Fault::Limit("number of different property names"));
        }
        self.columns.push(self.key_text.clone());
        self.is_plain_key.push(!self.key_text.contains(['"', '\\']));
        self.lookup.insert(self.key_text.clone(), self.columns.len() - 1);
        Ok(self.columns.len() - 1)
    }

    fn read_geometry(&mut self, scan: &mut Scan<'_>, row: &mut RawRow, depth: usize) -> Scanned<()> {
        if depth > DEPTH_MAX {
            return Err(Fault::Limit("nesting of geometry collections"));
        }
        if scan.peek()? != b'{' {
            return scan.skip_value();
        }
        scan.pos += 1;
        let marks = self.shape.marks();
        let mut kind = None;
        let mut is_bad = false;
        let mut is_collection = false;
        let (mut x, mut y) = (None, None);
        let mut is_esri_rings = false;
        while let Some((key, _)) = scan.key()? {
            match key {
                b"type" => kind = kind_of(scan.raw_value()?).or(kind),
                b"coordinates" => {
                    self.has_geometry = true;
                    is_bad |= !read_coordinates(scan, &mut self.shape)?;
                }
                b"geometries" if scan.peek()? == b'[' => {
                    scan.pos += 1;
                    self.read_collection(scan, row, depth)?;
                    is_collection = true;
                }
                b"rings" | b"paths" | b"points" => {
                    self.has_geometry = true;
                    is_esri_rings = key == b"rings";
                    kind = Some(esri_kind(key));
                    is_bad |= !read_coordinates(scan, &mut self.shape)?;
                }
                b"x" => x = number_of(scan.raw_value()?),
                b"y" => y = number_of(scan.raw_value()?),
                _ => scan.skip_value()?,
            }
        }
        if let (Some(x), Some(y)) = (x, y) {
            self.has_geometry = true;
            self.shape.coords.push([x, y]);
            kind = Some(ShapeKind::Point);
        }
        if is_bad {
            self.shape.undo_to(marks);
            let detail = "a coordinate is not a number".to_owned();
            row.warnings.push(Warning { code: "bad_coordinates", detail });
        } else if !is_collection && self.shape.has_grown_from(marks) {
            match kind {
                Some(kind) => self.shape.settle(marks, kind, is_esri_rings),
                None => {
                    self.shape.undo_to(marks);
                    let detail = "the geometry has no known type".to_owned();
                    row.warnings.push(Warning { code: "unknown_geometry", detail });
                }
            }
        }
        Ok(())
    }

    fn read_collection(&mut self, scan: &mut Scan<'_>, row: &mut RawRow, depth: usize) -> Scanned<()> {
        self.has_geometry = true;
        // The members settle by themselves: the highest dimension wins.
        loop {
            match scan.peek()? {
                b']' => {
                    scan.pos += 1;
                    return Ok(());
                }
                b',' => scan.pos += 1,
                _ => self.read_geometry(scan, row, depth + 1)?,
            }
        }
    }
}

fn kind_of(raw: &[u8]) -> Option<ShapeKind> {
    match raw {
        br#""Point""# | br#""MultiPoint""# => Some(ShapeKind::Point),
        br#""LineString""# | br#""MultiLineString""# => Some(ShapeKind::Line),
        br#""Polygon""# | br#""MultiPolygon""# => Some(ShapeKind::Polygon),
        _ => None,
    }
}

fn esri_kind(key: &[u8]) -> ShapeKind {
    match key {
        b"rings" => ShapeKind::Polygon,
        b"paths" => ShapeKind::Line,
        _ => ShapeKind::Point,
    }
}

fn number_of(raw: &[u8]) -> Option<f64> {
    fast_float2::parse(raw).ok()
}

/// Where a value stands in the scanned bytes.
struct Span {
    start: usize,
    end: usize,
    kind: CellKind,
    has_escape: bool,
}

/// Finds the end of a value; `None` for null and words that mean it.
fn read_span(scan: &mut Scan<'_>) -> Scanned<Option<Span>> {
    let next = scan.peek()?;
    let start = scan.pos;
    let span = |start, end, kind| Span { start, end, kind, has_escape: false };
    Ok(match next {
        b'"' => {
            let (raw, has_escape) = scan.string()?;
            Some(Span { has_escape, ..span(start + 1, start + 1 + raw.len(), CellKind::Text) })
        }
        b'{' | b'[' => Some(span(start, start + scan.raw_value()?.len(), CellKind::Json)),
        _ => match scan.word()? {
            b"null" => None,
            word @ (b"true" | b"false") => Some(span(start, start + word.len(), CellKind::Bool)),
            word if !matches!(word[0], b'-' | b'0'..=b'9') => None, // NaN and Infinity: written by some tools for "no value"
            word => {
                // Viewers write whole numbers of a float column as 2004.0.
                let whole = word.strip_suffix(b".0").unwrap_or(word);
                Some(span(start, start + whole.len(), CellKind::Number))
            }
        },
    })
}

/// Reads nested arrays of positions; false when something in them is not a number.
fn read_coordinates(scan: &mut Scan<'_>, shape: &mut ShapeBuf) -> Scanned<bool> {
    let mut depth = 0_usize;
    let mut position_depth = 0_usize;
    let mut is_good = true;
    loop {
        match scan.peek()? {
            b'[' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(Fault::Limit("nesting of coordinates"));
                }
                scan.pos += 1;
                continue;
            }
            b']' if depth > 0 => {
                scan.pos += 1;
                if depth + 1 == position_depth {
                    shape.end_ring();
                } else if depth + 2 == position_depth {
                    shape.end_part();
                }
                depth -= 1;
            }
            b',' if depth > 0 => {
                scan.pos += 1;
                continue;
            }
            b'-' | b'0'..=b'9' if depth > 0 => {
                is_good &= read_position(scan, shape)?;
                position_depth = depth;
                depth -= 1;
            }
            _ => {
                scan.skip_value()?;
                is_good = false;
            }
        }
        if depth == 0 {
            shape.end_ring();
            shape.end_part();
            return Ok(is_good);
        }
    }
}

/// Reads the numbers of one position and its closing bracket.
#[inline]
fn read_position(scan: &mut Scan<'_>, shape: &mut ShapeBuf) -> Scanned<bool> {
    let mut position = [0.0; 2];
    let mut n = 0;
    let mut is_good = true;
    loop {
        match scan.peek()? {
            b']' => {
                scan.pos += 1;
                shape.coords.push(position);
                return Ok(is_good && n >= 2);
            }
            b',' => scan.pos += 1,
            b'-' | b'0'..=b'9' => {
                let value = scan.number()?;
                if let Some(slot) = position.get_mut(n) {
                    *slot = value;
                }
                n += 1;
            }
            _ => {
                scan.skip_value()?;
                is_good = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use crate::ingest::Error;
    use crate::ingest::source::{Format, OpenOptions, RawRow, Source};

    fn read(json: &[u8], options: &OpenOptions) -> Result<Vec<String>, Error> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(json).unwrap();
        let options = OpenOptions { format: Some(Format::GeoJson), ..options.clone() };
        let mut source = Source::open(file.path(), &options)?;
        let mut row = RawRow::default();
        let mut rows = Vec::new();
        while source.next_row(&mut row)? {
            let cells: Vec<String> = source
                .columns()
                .iter()
                .enumerate()
                .filter_map(|(i, c)| Some(format!("{c}={}", row.value(i)?)))
                .collect();
            let codes: Vec<&str> =
                row.warnings.iter().map(|w| w.code).chain(row.problem.iter().map(|p| p.reason)).collect();
            let geometry = row
                .geometry
                .as_ref()
                .map(|g| format!("{}v{:.4},{:.4}", g.n_vertices, g.label_point.lon, g.label_point.lat));
            rows.push(format!("{} {} {}", cells.join(" "), geometry.unwrap_or_default(), codes.join("+")));
        }
        Ok(rows)
    }

    fn rows(json: &str) -> Vec<String> {
        read(json.as_bytes(), &OpenOptions::default()).unwrap()
    }

    const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]}"#;

    #[test]
    fn shapes_of_files_that_break_the_obvious_readers() {
        let feature = format!(r#"{{"type":"Feature","properties":{{"A":"x","N":5.0}},"geometry":{SQUARE}}}"#);
        let wanted = vec!["A=x N=5 5v1.0000,1.0000 ".to_owned()];
        for json in [
            format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#),
            format!(
                "\u{feff}{{\"bbox\":[0,0,2,2],\"name\":{{\"a\":[1]}},\"features\":[{feature}],\"type\":\"FeatureCollection\"}}"
            ),
            format!(r#"{{"features":[{feature},],"bbox":[1,2,3,4]}} "#),
            format!("[{feature}]"),
            feature.clone(),
            format!("\u{1e}{feature}\n"),
            format!(r#"{{"geometry":{SQUARE},"type":"Feature","properties":{{"A":"x","N":5.0,"Z":null}}}}"#),
        ] {
            assert_eq!(rows(&json), wanted, "{json}");
        }
        assert_eq!(rows(&format!("{feature}\n{feature}")).len(), 2);
    }

    #[test]
    fn odd_geometry_keeps_the_row() {
        let with = |geometry: &str| {
            rows(&format!(r#"{{"features":[{{"id":7,"properties":{{"A":"x"}},"geometry":{geometry}}}]}}"#))
        };
        for (geometry, wanted) in [
            ("null", "@id=7 A=x  null_geometry"),
            (r#"{"type":"Polygon","coordinates":[]}"#, "@id=7 A=x  empty_geometry"),
            (r#"{"type":"Polygon","coordinates":[[]]}"#, "@id=7 A=x  empty_geometry"),
            (r#"{"type":"Polygon","coordinates":null}"#, "@id=7 A=x  bad_coordinates"),
            (r#"{"type":"Point","coordinates":[1,null]}"#, "@id=7 A=x  bad_coordinates"),
            (r#"{"type":"Point","coordinates":["1","2"]}"#, "@id=7 A=x  bad_coordinates"),
            (r#"{"type":"Curve","coordinates":[1,2]}"#, "@id=7 A=x  unknown_geometry"),
            (r#"{"type":"Point","coordinates":[1.5,2.5,99]}"#, "@id=7 A=x 1v1.5000,2.5000 "),
            (
                r#"{"coordinates":[[[0,0],[2,0],[2,2],[0,2]]],"type":"Polygon"}"#,
                "@id=7 A=x 5v1.0000,1.0000 unclosed_ring",
            ),
            (
                r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[2,0],[2,2],[0,2],[0,0]]],[[[5,5],[6,5],[6,6],[5,5]]]]}"#,
                "@id=7 A=x 9v1.0000,1.0000 ",
            ),
            (
                r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[9,9]},{"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]},{"type":"LineString","coordinates":[[1,1],[2,2]]}]}"#,
                "@id=7 A=x 5v1.0000,1.0000 ",
            ),
            (r#"{"rings":[[[0,0],[0,2],[2,2],[2,0],[0,0]]]}"#, "@id=7 A=x 5v1.0000,1.0000 "),
            (r#"{"x":1,"y":2}"#, "@id=7 A=x 1v1.0000,2.0000 "),
        ] {
            assert_eq!(with(geometry), [wanted], "{geometry}");
        }
    }

    #[test]
    fn coordinate_systems_are_obeyed_or_refused() {
        let json = |crs: &str, x: f64, y: f64| {
            format!(
                r#"{{{crs}"features":[{{"properties":{{}},"geometry":{{"type":"Point","coordinates":[{x},{y}]}}}}]}}"#
            )
        };
        let named = |name: &str| format!(r#""crs":{{"type":"name","properties":{{"name":"{name}"}}}},"#);
        assert_eq!(
            rows(&json(&named("urn:ogc:def:crs:EPSG::2267"), 1_758_858.593_2, 415_746.685_2)),
            [" 1v-98.7100,36.1400 "]
        );
        assert_eq!(
            rows(&json(r#""spatialReference":{"wkid":102100,"latestWkid":3857},"#, 0.0, 0.0)),
            [" 1v0.0000,0.0000 "]
        );
        let options = OpenOptions { crs: Some("EPSG:2267".to_owned()), ..OpenOptions::default() };
        assert_eq!(
            read(json("", 1_758_858.593_2, 415_746.685_2).as_bytes(), &options).unwrap(),
            [" 1v-98.7100,36.1400 "]
        );
        let failing = |json: String, options: &OpenOptions| read(json.as_bytes(), options).unwrap_err();
        let defaults = OpenOptions::default();
        assert!(matches!(failing(json(&named("EPSG:27700"), 1.0, 2.0), &defaults), Error::UnknownCrs { .. }));
        assert!(matches!(failing(json("", 1e6, 2.0), &defaults), Error::NotDegrees { .. }));
        let oklahoma = OpenOptions { extent: Some([-104.0, 33.0, -94.0, 38.0]), ..defaults.clone() };
        assert!(matches!(failing(json("", -81.5, 35.3), &oklahoma), Error::WrongExtent { .. }));
        let late = r#"{"features":[{"properties":{},"geometry":null}],"crs":{"properties":{"name":"EPSG:2267"}}}"#;
        assert!(matches!(failing(late.to_owned(), &defaults), Error::NotFeatures { .. }));
    }

    #[test]
    fn what_is_no_feature_list_is_refused() {
        let failing = |json: &str| read(json.as_bytes(), &OpenOptions::default()).unwrap_err();
        let error = failing(r#"{"status":"Failed","error":{"code":400}}"#);
        assert!(matches!(&error, Error::NotFeatures { detail, .. } if detail.contains("Failed")), "{error}");
        assert!(matches!(failing(r#"{"type":"Topology","objects":{}}"#), Error::NotFeatures { .. }));
        assert!(matches!(failing("{}"), Error::NotFeatures { .. }));
        assert!(matches!(failing("   "), Error::Empty { .. }));
        assert!(matches!(failing("[1]"), Error::Json { .. }));
        assert!(matches!(
            failing(&format!(r#"{{"features":[{{"properties":{}"#, "[".repeat(99))),
            Error::TooLarge { .. }
        ));
        assert_eq!(rows(r#"{"type":"FeatureCollection","features":[]}"#), Vec::<String>::new());
        assert_eq!(rows(r#"{"features":[{"a":1}]}"#), ["  not_a_feature"]);
    }

    #[test]
    fn cut_anywhere_it_is_truncated_and_flipped_anywhere_it_does_not_panic() {
        let json = format!(
            r#"{{"features":[{{"id":"a","properties":{{"A":"x\u00e9","B":[1]}},"geometry":{SQUARE}}},{{"properties":null,"geometry":{SQUARE}}}]}}"#
        )
        .into_bytes();
        for cut in 1..json.len() {
            let error = read(&json[..cut], &OpenOptions::default()).unwrap_err();
            assert!(matches!(error, Error::Truncated { .. }), "{cut}: {error}");
        }
        for at in 0..json.len() {
            for byte in [0, b'"', b'{', b']', b'\\', b'9', 0xff] {
                let mut flipped = json.clone();
                flipped[at] = byte;
                drop(read(&flipped, &OpenOptions::default()));
            }
        }
    }
}
