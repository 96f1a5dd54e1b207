//! A layer as a GeoPackage: the same names and order as the other forms, one geometry type, drawn by its own style.

use std::path::Path;

use super::geopackage::{ColumnType, Error, GeometryKind, Shape, Table, Value, Writer};
use super::layer::{Cell, Layer, Row};
use crate::geom::wkb;

/// A layer being written.
pub struct LayerWriter {
    writer: Writer,
    layer: Layer,
    shape: wkb::Shape,
    n_rows: u64,
}

/// Name of the table of a layer.
fn table_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Parcels => "parcels",
        Layer::Links => "links",
        Layer::Taps => "taps",
        Layer::Owners => "owners",
        Layer::Cases => "cases",
    }
}

/// Columns that are not text.
fn column_type(name: &str) -> ColumnType {
    match name {
        "score" => ColumnType::Real,
        "size_milli_in" | "is_open" | "offense_no" | "charged_cents" | "paid_cents" | "balance_cents" => {
            ColumnType::Integer
        }
        "roll_date" | "tapped_on" | "valid_from" | "last_seen" | "violation_on" | "opened_on" | "closed_on" => {
            ColumnType::Date
        }
        _ => ColumnType::Text,
    }
}

impl LayerWriter {
    /// Begins a file with the layer's table.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin(path: &Path, layer: Layer, made_at: &str) -> Result<Self, Error> {
        let mut writer = Writer::create(path, made_at)?;
        let columns: Vec<(&str, ColumnType)> = layer.fields().iter().map(|f| (*f, column_type(f))).collect();
        let geometry = if layer.is_polygons() { GeometryKind::MultiPolygon } else { GeometryKind::Point };
        let name = table_name(layer);
        writer.table(&Table { name, title: name, geometry: Some(geometry), columns: &columns })?;
        Ok(Self { writer, layer, shape: wkb::Shape::default(), n_rows: 0 })
    }

    /// Writes one row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn row(&mut self, row: &Row) -> Result<(), Error> {
        let cells = row.cells.iter().map(|cell| match cell {
            Cell::Null => Value::Null,
            Cell::Text(text) => Value::Text(text.clone()),
            Cell::Integer(number) => Value::Integer(*number),
            Cell::Real(number) => Value::Real(*number),
        });
        let shape = match (&row.wkb, row.position) {
            (Some(wkb), _) if self.layer.is_polygons() => match bounds(&mut self.shape, wkb) {
                Some(bounds) => Shape::Polygons(wkb, bounds),
                None => Shape::Null,
            },
            (_, Some(position)) if !self.layer.is_polygons() => Shape::Point(position),
            _ => Shape::Null,
        };
        self.n_rows += 1;
        self.writer.row(shape, cells)
    }

    /// Ends the file; returns the number of rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> Result<u64, Error> {
        let name = table_name(self.layer);
        self.writer.styles(&[(name, style(self.layer.is_polygons()), String::new())])?;
        self.writer.finish()?;
        Ok(self.n_rows)
    }
}

fn bounds(shape: &mut wkb::Shape, wkb: &[u8]) -> Option<[f64; 4]> {
    (shape.read(wkb)? == wkb::ShapeKind::Polygons).then_some(())?;
    let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let all = shape.coords.iter().fold(start, |b, c| [b[0].min(c[0]), b[1].min(c[1]), b[2].max(c[0]), b[3].max(c[1])]);
    all[0].is_finite().then_some(all)
}

/// Lots as outlines that let a map shine through, points as dots.
fn style(is_polygons: bool) -> String {
    let option = |name: &str, value: &str| format!("<Option type=\"QString\" name=\"{name}\" value=\"{value}\"/>");
    let (kind, class, options) = if is_polygons {
        let fill = option("color", "255,255,255,40")
            + &option("outline_color", "90,90,90,255")
            + &option("outline_width", "0.2");
        ("fill", "SimpleFill", fill)
    } else {
        let dot = option("name", "circle")
            + &option("color", "0,90,200,255")
            + &option("size", "2")
            + &option("size_unit", "MM");
        ("marker", "SimpleMarker", dot)
    };
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22\" styleCategories=\"Symbology\">\
<renderer-v2 type=\"singleSymbol\" enableorderby=\"0\" forceraster=\"0\" symbollevels=\"0\"><symbols>\
<symbol type=\"{kind}\" name=\"0\" alpha=\"1\" clip_to_extent=\"1\" force_rhr=\"0\"><layer class=\"{class}\" enabled=\"1\" locked=\"0\" pass=\"0\">\
<Option type=\"Map\">{options}</Option></layer></symbol></symbols></renderer-v2></qgis>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::wkb::polygon;

    #[test]
    fn rows_keep_their_types_and_damaged_shapes_are_null() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l.gpkg");
        let mut writer = LayerWriter::begin(&path, Layer::Links, "2026-05-05T10:00:00Z").unwrap();
        let cells = |score| {
            vec![
                Cell::Text("P1".into()),
                Cell::Text("1 A ST".into()),
                Cell::Null,
                Cell::Null,
                Cell::Text("review".into()),
                score,
            ]
        };
        let row = |position| Row { id: "P1".into(), cells: cells(Cell::Real(0.5)), wkb: None, position };
        writer.row(&row(Some([-95.0, 36.0]))).unwrap();
        writer.row(&row(None)).unwrap();
        assert_eq!(writer.finish().unwrap(), 2);
        let c = rusqlite::Connection::open(&path).unwrap();
        let kinds: (String, String) = c
            .query_row("SELECT typeof(score), typeof(parcel_no) FROM links LIMIT 1", [], |r| Ok((r.get(0)?, r.get(1)?)))
            .unwrap();
        assert_eq!(kinds, ("real".to_owned(), "null".to_owned()));
        let mut shape = wkb::Shape::default();
        assert_eq!(
            bounds(&mut shape, &polygon(&[vec![[0., 0.], [2., 0.], [2., 1.], [0., 0.]]])),
            Some([0., 0., 2., 1.])
        );
        assert_eq!(bounds(&mut shape, &[1, 2, 3]), None);
    }
}
