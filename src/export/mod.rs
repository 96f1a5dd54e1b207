//! Rows to bytes: one file per format; printable sheets, letters and packets.

pub mod csv;
pub mod document;
pub mod geojson;
pub mod geopackage;
pub mod geopackage_layer;
pub mod layer;
pub mod letter;
pub mod packet;
pub mod page;
pub mod picture;
pub mod removal_sheet;
pub mod warc;
