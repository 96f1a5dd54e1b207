//! Bytes from files to typed rows: one file per format, profiles that map a county's columns to ours, rejects with a reason.
//!
//! The way of a file: [`bytes`] opens and unpacks it, [`source::Source`] streams [`source::RawRow`]s whatever the format,
//! [`mapper::Mapper`] turns each into a model row or a [`crate::model::snapshot::Reject`] as a [`profile::Profile`] says.
//! Memory is bounded by the constants in [`limits`], never by the size of the file.
//! Not here: anything about the database (`store`), duplicates and shrink checks (`pipeline`).
//! Adding a format: a file that implements [`source::RowReader`], a `mod` line, a line in [`source::Format`] and in `source::open_reader`.

pub mod error;
pub mod limits;

pub mod source;

pub mod bytes;
pub mod text;

pub mod csv;
pub mod dbf;
mod deed;
pub mod geojson;
mod geojson_top;
pub mod geopackage_rows;
pub mod shape;
pub mod shapefile;
pub mod xlsx;

mod gate;
mod json;
mod window;

pub mod profile;

pub mod mapper;
mod utility;
pub mod value;

mod header_places;
mod header_words;
pub mod inspect;
mod inspect_key;
mod inspect_names;
mod inspect_propose;
mod inspect_values;

pub mod fetch;
pub mod page;

pub use error::Error;
