//! The bounds of outside data, each with its reason; passing one is an error that names the bound.

/// One GeoJSON feature. The largest right-of-way parcel seen (18,606 vertices) takes 0.8 MB.
pub const FEATURE_BYTES_MAX: usize = 64 << 20;

/// One CSV record. A stray quote would otherwise swallow the rest of the file.
pub const RECORD_BYTES_MAX: u64 = 16 << 20;

/// Columns of a table. SQLite's own limit is 2,000.
pub const COLUMNS_MAX: usize = 2_000;

/// Depth of nested JSON. A MultiPolygon inside a collection needs 9.
pub const DEPTH_MAX: usize = 64;

/// Bytes that one entry of a zip (Shapefile part, XLSX sheet) may unpack to.
pub const ZIP_ENTRY_BYTES_MAX: u64 = 4 << 30;

/// Bytes of shared strings that an XLSX may unpack to: the reader holds them in memory (592 kB can unpack to 600 MB).
pub const XLSX_STRINGS_BYTES_MAX: u64 = 64 << 20;

/// Unpacked size against packed size of an XLSX part; real sheets reach about 20.
pub const ZIP_RATIO_MAX: u64 = 200;

/// Rows of an XLSX sheet (the format's own limit).
pub const XLSX_ROWS_MAX: u32 = 1_048_576;

/// Bytes looked at to find encoding, delimiter, quote and header.
pub const SNIFF_BYTES: usize = 256 << 10;

/// A `.prj`, `.cpg` or profile file.
pub const SIDE_FILE_BYTES_MAX: u64 = 1 << 20;

/// Shown length of an offending value.
pub const VALUE_CHARS_SHOWN: usize = 80;

/// Geometries outside the degrees, with none inside, after which a file is refused as projected.
pub const GEOMETRIES_OUTSIDE_MAX: u64 = 20;
