//! Rows to bytes: one file per format; printable sheets, letters and packets.

pub mod csv;
pub mod geojson;
pub mod layer;
pub mod packet;
pub mod page;
pub mod removal_sheet;
