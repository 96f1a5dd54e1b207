//! GeoJSON by RFC 7946, streaming: longitude and latitude, 7 decimals, outer rings counter-clockwise (as `ingest` stores
//! them), one geometry type per file, stable text ids, every property on every feature in the same order.

use std::io::{self, Write};

use super::layer::{Cell, Layer, Row};
use crate::geom::wkb::Shape;

/// A layer being written.
pub struct Writer<'a> {
    out: &'a mut dyn Write,
    layer: Layer,
    n_rows: u64,
    shape: Shape,
    line: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins the collection.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn begin(out: &'a mut dyn Write, layer: Layer) -> io::Result<Self> {
        out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
        Ok(Self { out, layer, n_rows: 0, shape: Shape::default(), line: Vec::with_capacity(4096) })
    }

    /// Writes one feature.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn row(&mut self, row: &Row) -> io::Result<()> {
        self.line.clear();
        self.line.extend_from_slice(if self.n_rows == 0 { b"\n" } else { b",\n" });
        feature(&mut self.line, self.layer, row, &mut self.shape);
        self.n_rows += 1;
        self.out.write_all(&self.line)
    }

    /// Ends the collection; returns the number of features.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn finish(self) -> io::Result<u64> {
        self.out.write_all(b"\n]}\n")?;
        Ok(self.n_rows)
    }
}

fn feature(line: &mut Vec<u8>, layer: Layer, row: &Row, shape: &mut Shape) {
    line.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
    text(line, &row.id);
    line.extend_from_slice(b",\"properties\":{");
    for (i, (name, cell)) in layer.fields().iter().zip(&row.cells).enumerate() {
        if i > 0 {
            line.push(b',');
        }
        text(line, name);
        line.push(b':');
        match cell {
            Cell::Null => line.extend_from_slice(b"null"),
            Cell::Text(value) => text(line, value),
            Cell::Integer(value) => line.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes()),
            Cell::Real(value) if value.is_finite() => {
                line.extend_from_slice(ryu::Buffer::new().format_finite(*value).as_bytes());
            }
            Cell::Real(_) => line.extend_from_slice(b"null"),
        }
    }
    line.extend_from_slice(b"},\"geometry\":");
    match (&row.wkb, row.position) {
        (Some(wkb), _) if layer.is_polygons() && shape.read(wkb).is_some() => multi_polygon(line, shape),
        (_, Some([lon, lat])) if !layer.is_polygons() => {
            line.extend_from_slice(b"{\"type\":\"Point\",\"coordinates\":");
            position(line, [lon, lat]);
            line.push(b'}');
        }
        _ => line.extend_from_slice(b"null"),
    }
    line.push(b'}');
}

/// Always a MultiPolygon: programs that take the type from the first feature would drop the others.
fn multi_polygon(line: &mut Vec<u8>, shape: &Shape) {
    line.extend_from_slice(b"{\"type\":\"MultiPolygon\",\"coordinates\":[");
    let (mut ring, mut at) = (0, 0);
    for (i, part_end) in shape.part_ends.iter().enumerate() {
        line.extend_from_slice(if i == 0 { b"[" } else { b",[" });
        let first = ring;
        while ring < *part_end {
            line.extend_from_slice(if ring == first { b"[" } else { b",[" });
            for (j, c) in shape.coords[at..shape.ring_ends[ring]].iter().enumerate() {
                if j > 0 {
                    line.push(b',');
                }
                position(line, *c);
            }
            at = shape.ring_ends[ring];
            line.push(b']');
            ring += 1;
        }
        line.push(b']');
    }
    line.extend_from_slice(b"]}");
}

fn position(line: &mut Vec<u8>, [lon, lat]: [f64; 2]) {
    line.push(b'[');
    degrees(line, lon);
    line.push(b',');
    degrees(line, lat);
    line.push(b']');
}

/// Seven decimals (1 cm), trailing zeros left out; integer digits are several times faster than a float formatter.
fn degrees(line: &mut Vec<u8>, value: f64) {
    let fixed = (value * 1e7).round() as i64;
    if fixed < 0 {
        line.push(b'-');
    }
    let fixed = fixed.unsigned_abs();
    line.extend_from_slice(itoa::Buffer::new().format(fixed / 10_000_000).as_bytes());
    let mut rest = fixed % 10_000_000;
    if rest == 0 {
        return;
    }
    let mut digits = [b'0'; 7];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let n = digits.iter().rposition(|d| *d != b'0').map_or(0, |p| p + 1);
    line.push(b'.');
    line.extend_from_slice(&digits[..n]);
}

fn text(line: &mut Vec<u8>, value: &str) {
    line.push(b'"');
    for c in value.chars() {
        match c {
            '"' => line.extend_from_slice(b"\\\""),
            '\\' => line.extend_from_slice(b"\\\\"),
            '\n' => line.extend_from_slice(b"\\n"),
            c if c.is_control() => line.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes()),
            c => line.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::{Writer, degrees, text};
    use crate::export::layer::{Cell, Layer, Row};
    use crate::geom::wkb::polygon;

    #[test]
    fn seven_decimals_and_no_zero_tails() {
        for (value, wanted) in
            [(-71.106_5, "-71.1065"), (42.0, "42"), (-0.000_000_04, "0"), (-0.5, "-0.5"), (0.123_456_78, "0.1234568")]
        {
            let mut line = Vec::new();
            degrees(&mut line, value);
            assert_eq!(String::from_utf8(line).unwrap(), wanted);
        }
        let mut line = Vec::new();
        text(&mut line, "a\"b\\c\n\u{1}é");
        assert_eq!(serde_json::from_slice::<String>(&line).unwrap(), "a\"b\\c\n\u{1}é");
    }

    #[test]
    fn every_property_on_every_feature() {
        let n = Layer::Parcels.fields().len();
        let wkb = polygon(&[vec![[0., 0.], [1., 0.], [1., 1.], [0., 0.]]]);
        let row = |id: &str, wkb| Row { id: id.to_owned(), cells: vec![Cell::Null; n], wkb, position: None };
        let mut out = Vec::new();
        let mut writer = Writer::begin(&mut out, Layer::Parcels).unwrap();
        writer.row(&row("1", Some(wkb))).unwrap();
        writer.row(&row("2", None)).unwrap();
        assert_eq!(writer.finish().unwrap(), 2);
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        for feature in json["features"].as_array().unwrap() {
            assert!(feature["id"].is_string());
            assert_eq!(feature["properties"].as_object().unwrap().len(), n);
            assert!(feature["properties"].get("id").is_none());
        }
        assert_eq!(json["features"][0]["geometry"]["type"], "MultiPolygon");
        assert!(json["features"][1]["geometry"].is_null());
    }
}
