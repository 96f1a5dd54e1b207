//! GeoPackage 1.3: one geometry type per table, positions in EPSG:4326, spatial index with all of its triggers, styles in
//! `layer_styles` so that QGIS and QField open a layer drawn. This file may hold SQL: it writes its own file.
//!
//! Version 1.3 and not 1.4, because ArcGIS Pro 3.0 and GDAL 3.6 know it. Rows stream; only their boxes stay in memory.

use std::path::{Path, PathBuf};

pub use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

/// A failed GeoPackage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// SQLite refused.
    #[error("cannot write the GeoPackage {}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

/// Geometry of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kinds name themselves")]
pub enum GeometryKind {
    Point,
    MultiPolygon,
}

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the types name themselves")]
pub enum ColumnType {
    Text,
    Integer,
    Real,
    Date,
    DateTime,
}

/// A table to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<'a> {
    /// Name, `snake_case`.
    pub name: &'a str,
    /// Title for people.
    pub title: &'a str,
    /// Geometry; `None` for a table of attributes.
    pub geometry: Option<GeometryKind>,
    /// Columns besides `fid` and `geom`.
    pub columns: &'a [(&'a str, ColumnType)],
}

/// A geometry of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape<'a> {
    /// None.
    Null,
    /// Longitude and latitude.
    Point([f64; 2]),
    /// Polygon or multi-polygon as little-endian WKB, with its box west, south, east, north.
    Polygons(&'a [u8], [f64; 4]),
}

/// A GeoPackage being written.
pub struct Writer {
    connection: Connection,
    path: PathBuf,
    made_at: String,
    open: Option<OpenTable>,
}

struct OpenTable {
    name: String,
    geometry: Option<GeometryKind>,
    insert: String,
    boxes: Vec<(i64, [f64; 4])>,
    n_rows: i64,
}

const WGS_84: &str = "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],AUTHORITY[\"EPSG\",\"4326\"]]";

const CORE: &str = "PRAGMA page_size = 4096;
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
BEGIN;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_ogr_contents (table_name TEXT NOT NULL PRIMARY KEY, feature_count INTEGER DEFAULT NULL);";

const STYLES: &str = "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT, f_table_schema TEXT,
  f_table_name TEXT, f_geometry_column TEXT, styleName TEXT, styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
  description TEXT, owner TEXT, ui TEXT, update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))";

/// The spatial index of a table and the triggers that keep it true (GeoPackage 1.3, annex F.3).
const RTREE: &str = "CREATE VIRTUAL TABLE \"rtree_{t}_geom\" USING rtree(id, minx, maxx, miny, maxy);";
const TRIGGERS: &str = "CREATE TRIGGER \"rtree_{t}_geom_insert\" AFTER INSERT ON \"{t}\" WHEN (NEW.\"geom\" NOT NULL AND NOT ST_IsEmpty(NEW.\"geom\"))
BEGIN INSERT OR REPLACE INTO \"rtree_{t}_geom\" VALUES (NEW.\"fid\", ST_MinX(NEW.\"geom\"), ST_MaxX(NEW.\"geom\"), ST_MinY(NEW.\"geom\"), ST_MaxY(NEW.\"geom\")); END;
CREATE TRIGGER \"rtree_{t}_geom_update1\" AFTER UPDATE OF \"geom\" ON \"{t}\" WHEN OLD.\"fid\" = NEW.\"fid\" AND (NEW.\"geom\" NOTNULL AND NOT ST_IsEmpty(NEW.\"geom\"))
BEGIN INSERT OR REPLACE INTO \"rtree_{t}_geom\" VALUES (NEW.\"fid\", ST_MinX(NEW.\"geom\"), ST_MaxX(NEW.\"geom\"), ST_MinY(NEW.\"geom\"), ST_MaxY(NEW.\"geom\")); END;
CREATE TRIGGER \"rtree_{t}_geom_update2\" AFTER UPDATE OF \"geom\" ON \"{t}\" WHEN OLD.\"fid\" = NEW.\"fid\" AND (NEW.\"geom\" ISNULL OR ST_IsEmpty(NEW.\"geom\"))
BEGIN DELETE FROM \"rtree_{t}_geom\" WHERE id = OLD.\"fid\"; END;
CREATE TRIGGER \"rtree_{t}_geom_update3\" AFTER UPDATE ON \"{t}\" WHEN OLD.\"fid\" != NEW.\"fid\" AND (NEW.\"geom\" NOTNULL AND NOT ST_IsEmpty(NEW.\"geom\"))
BEGIN DELETE FROM \"rtree_{t}_geom\" WHERE id = OLD.\"fid\"; INSERT OR REPLACE INTO \"rtree_{t}_geom\" VALUES (NEW.\"fid\", ST_MinX(NEW.\"geom\"), ST_MaxX(NEW.\"geom\"), ST_MinY(NEW.\"geom\"), ST_MaxY(NEW.\"geom\")); END;
CREATE TRIGGER \"rtree_{t}_geom_update4\" AFTER UPDATE ON \"{t}\" WHEN OLD.\"fid\" != NEW.\"fid\" AND (NEW.\"geom\" ISNULL OR ST_IsEmpty(NEW.\"geom\"))
BEGIN DELETE FROM \"rtree_{t}_geom\" WHERE id IN (OLD.\"fid\", NEW.\"fid\"); END;
CREATE TRIGGER \"rtree_{t}_geom_delete\" AFTER DELETE ON \"{t}\" WHEN OLD.\"geom\" NOT NULL
BEGIN DELETE FROM \"rtree_{t}_geom\" WHERE id = OLD.\"fid\"; END;";
const COUNTS: &str = "CREATE TRIGGER \"trigger_insert_feature_count_{t}\" AFTER INSERT ON \"{t}\"
BEGIN UPDATE gpkg_ogr_contents SET feature_count = feature_count + 1 WHERE lower(table_name) = lower('{t}'); END;
CREATE TRIGGER \"trigger_delete_feature_count_{t}\" AFTER DELETE ON \"{t}\"
BEGIN UPDATE gpkg_ogr_contents SET feature_count = feature_count - 1 WHERE lower(table_name) = lower('{t}'); END;";

impl Writer {
    /// Begins a file, replacing what is there. `made_at` is an instant `YYYY-MM-DDTHH:MM:SSZ`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, made_at: &str) -> Result<Self, Error> {
        let fail = |source| Error::Sqlite { path: path.to_owned(), source };
        // An old file of that name would be opened, not replaced; that it is not there is fine.
        drop(std::fs::remove_file(path));
        let connection = Connection::open(path).map_err(fail)?;
        // GeoPackage wants milliseconds in its own tables.
        let made_at = made_at.strip_suffix('Z').map_or(made_at.to_owned(), |t| format!("{t}.000Z"));
        let writer = Self { connection, path: path.to_owned(), made_at, open: None };
        writer.run(|c| {
            c.execute_batch(CORE)?;
            let mut statement = c.prepare("INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
            statement.execute(params![
                "Undefined Cartesian SRS",
                -1,
                "NONE",
                -1,
                "undefined",
                "undefined Cartesian coordinate reference system"
            ])?;
            statement.execute(params![
                "Undefined geographic SRS",
                0,
                "NONE",
                0,
                "undefined",
                "undefined geographic coordinate reference system"
            ])?;
            statement.execute(params![
                "WGS 84 geodetic",
                4326,
                "EPSG",
                4326,
                WGS_84,
                "longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid"
            ])?;
            Ok(())
        })?;
        Ok(writer)
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        work(&self.connection).map_err(|source| Error::Sqlite { path: self.path.clone(), source })
    }

    /// Begins a table; ends the one before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn table(&mut self, table: &Table<'_>) -> Result<(), Error> {
        self.end_table()?;
        let mut columns = vec!["\"fid\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL".to_owned()];
        let mut names = vec!["\"fid\"".to_owned()];
        if let Some(kind) = table.geometry {
            columns.push(format!("\"geom\" {}", geometry_name(kind)));
            names.push("\"geom\"".to_owned());
        }
        for (name, kind) in table.columns {
            let words = match kind {
                ColumnType::Text => "TEXT",
                ColumnType::Integer => "INTEGER",
                ColumnType::Real => "REAL",
                ColumnType::Date => "DATE",
                ColumnType::DateTime => "DATETIME",
            };
            columns.push(format!("\"{name}\" {words}"));
            names.push(format!("\"{name}\""));
        }
        let places: Vec<String> = (1..=names.len()).map(|i| format!("?{i}")).collect();
        let data_type = if table.geometry.is_some() { "features" } else { "attributes" };
        self.run(|c| {
            c.execute_batch(&format!("CREATE TABLE \"{}\" ({})", table.name, columns.join(", ")))?;
            c.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) VALUES (?1, ?2, ?1, ?3, ?4, ?5)",
                params![table.name, data_type, table.title, self.made_at, table.geometry.map_or(0, |_| 4326)],
            )?;
            if let Some(kind) = table.geometry {
                c.execute(
                    "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, 4326, 0, 0)",
                    params![table.name, geometry_name(kind)],
                )?;
            }
            Ok(())
        })?;
        self.open = Some(OpenTable {
            name: table.name.to_owned(),
            geometry: table.geometry,
            insert: format!("INSERT INTO \"{}\" ({}) VALUES ({})", table.name, names.join(", "), places.join(", ")),
            boxes: Vec::new(),
            n_rows: 0,
        });
        Ok(())
    }

    /// Adds a row to the open table; values in the order of its columns. Does nothing when no table is open.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn row(&mut self, shape: Shape<'_>, values: impl IntoIterator<Item = Value>) -> Result<(), Error> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.n_rows += 1;
        let mut cells = vec![Value::Integer(open.n_rows)];
        if open.geometry.is_some() {
            let blob = geometry_blob(shape);
            if let (Some(_), Some(bounds)) = (&blob, bounds(shape)) {
                open.boxes.push((open.n_rows, bounds));
            }
            cells.push(blob.map_or(Value::Null, Value::Blob));
        }
        cells.extend(values);
        let done = self.connection.prepare_cached(&open.insert).and_then(|mut s| s.execute(params_from_iter(cells)));
        done.map(drop).map_err(|source| Error::Sqlite { path: self.path.clone(), source })
    }

    /// Fills the spatial index, sets the triggers and the extent.
    fn end_table(&mut self) -> Result<(), Error> {
        let Some(open) = self.open.take() else { return Ok(()) };
        self.run(|c| {
            let named = |sql: &str| sql.replace("{t}", &open.name);
            c.execute("INSERT INTO gpkg_ogr_contents VALUES (?1, ?2)", params![open.name, open.n_rows])?;
            c.execute_batch(&named(COUNTS))?;
            if open.geometry.is_none() {
                return Ok(());
            }
            c.execute(
                "INSERT INTO gpkg_extensions VALUES (?1, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
                [&open.name],
            )?;
            c.execute_batch(&named(RTREE))?;
            let mut statement = c.prepare(&named("INSERT INTO \"rtree_{t}_geom\" VALUES (?1, ?2, ?3, ?4, ?5)"))?;
            for (fid, [west, south, east, north]) in &open.boxes {
                statement.execute(params![fid, west, east, south, north])?;
            }
            c.execute_batch(&named(TRIGGERS))?;
            let extent = open.boxes.iter().map(|(_, b)| *b).reduce(|a, b| {
                [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
            });
            if let Some([west, south, east, north]) = extent {
                c.execute(
                    "UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5 WHERE table_name = ?1",
                    params![open.name, west, south, east, north],
                )?;
            }
            Ok(())
        })
    }

    /// Adds default styles: table, QML (QGIS, QField) and SLD.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn styles(&mut self, styles: &[(&str, String, String)]) -> Result<(), Error> {
        self.end_table()?;
        self.run(|c| {
            c.execute_batch(STYLES)?;
            for (table, qml, sld) in styles {
                c.execute(
                    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time)
                     VALUES ('', '', ?1, 'geom', ?1, ?2, ?3, 1, 'default style', 'taptrace', ?4)",
                    params![table, qml, sld, self.made_at],
                )?;
            }
            c.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) VALUES ('layer_styles', 'attributes', 'layer_styles', 'styles of the layers', ?1, 0)",
                [&self.made_at],
            )?;
            c.execute("INSERT INTO gpkg_ogr_contents VALUES ('layer_styles', ?1)", [styles.len().cast_signed()])?;
            Ok(())
        })
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> Result<(), Error> {
        self.end_table()?;
        self.run(|c| c.execute_batch("COMMIT;"))?;
        let Self { connection, path, .. } = self;
        connection.close().map_err(|(_, source)| Error::Sqlite { path, source })
    }
}

fn geometry_name(kind: GeometryKind) -> &'static str {
    match kind {
        GeometryKind::Point => "POINT",
        GeometryKind::MultiPolygon => "MULTIPOLYGON",
    }
}

fn bounds(shape: Shape<'_>) -> Option<[f64; 4]> {
    match shape {
        Shape::Null => None,
        Shape::Point([x, y]) => Some([x, y, x, y]),
        Shape::Polygons(_, bounds) => Some(bounds),
    }
}

/// GeoPackage binary: header (little-endian, SRS 4326, box for polygons), then WKB.
fn geometry_blob(shape: Shape<'_>) -> Option<Vec<u8>> {
    let header = |flags: u8| [b'G', b'P', 0, flags, 0xE6, 0x10, 0, 0];
    match shape {
        Shape::Null => None,
        Shape::Point([x, y]) => {
            let mut blob = header(0b0000_0001).to_vec();
            blob.extend_from_slice(&[1, 1, 0, 0, 0]);
            blob.extend_from_slice(&x.to_le_bytes());
            blob.extend_from_slice(&y.to_le_bytes());
            Some(blob)
        }
        Shape::Polygons(wkb, [west, south, east, north]) => {
            let mut blob = Vec::with_capacity(wkb.len() + 49);
            blob.extend_from_slice(&header(0b0000_0011));
            for edge in [west, east, south, north] {
                blob.extend_from_slice(&edge.to_le_bytes());
            }
            match wkb.get(..5)? {
                // A polygon becomes a multi-polygon of one.
                [1, 3, 0, 0, 0] => blob.extend_from_slice(&[1, 6, 0, 0, 0, 1, 0, 0, 0]),
                [1, 6, 0, 0, 0] => {}
                _ => return None,
            }
            blob.extend_from_slice(wkb);
            Some(blob)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::wkb::polygon;

    #[test]
    fn tables_index_and_counts_are_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.gpkg");
        for _ in 0..2 {
            let mut writer = Writer::create(&path, "2026-05-05T10:00:00Z").unwrap();
            let points = Table {
                name: "p",
                title: "points",
                geometry: Some(GeometryKind::Point),
                columns: &[("a", ColumnType::Text)],
            };
            writer.table(&points).unwrap();
            writer.row(Shape::Point([-95.0, 36.0]), [Value::Text("x".into())]).unwrap();
            writer.row(Shape::Null, [Value::Null]).unwrap();
            let lots = Table { name: "l", title: "lots", geometry: Some(GeometryKind::MultiPolygon), columns: &[] };
            writer.table(&lots).unwrap();
            let wkb = polygon(&[vec![[0., 0.], [2., 0.], [2., 1.], [0., 0.]]]);
            writer.row(Shape::Polygons(&wkb, [0., 0., 2., 1.]), []).unwrap();
            writer.row(Shape::Polygons(&[0, 0, 0, 0, 3], [0., 0., 2., 1.]), []).unwrap();
            writer.styles(&[("p", "<qgis/>".into(), String::new())]).unwrap();
            writer.finish().unwrap();
        }
        let c = Connection::open(&path).unwrap();
        let n = |sql: &str| c.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
        assert_eq!(n("SELECT COUNT(*) FROM rtree_p_geom"), 1);
        assert_eq!(n("SELECT COUNT(*) FROM rtree_l_geom"), 1);
        assert_eq!(n("SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = 'p'"), 2);
        assert_eq!(n("SELECT COUNT(*) FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'rtree_p_geom_%'"), 6);
        assert_eq!(n("SELECT COUNT(*) FROM pragma_foreign_key_check"), 0);
        let blob: Vec<u8> = c.query_row("SELECT geom FROM l WHERE fid = 1", [], |r| r.get(0)).unwrap();
        assert_eq!((&blob[..2], blob[40..45].to_vec()), (&b"GP"[..], vec![1, 6, 0, 0, 0]));
    }
}
