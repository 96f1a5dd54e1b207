//! Assessor pages: one person's record from the county's own web page, as a profile in TOML says.
//!
//! The way of a page: [`document::Document`] decodes and parses the bytes, [`recognize`] says what kind of page it is,
//! [`extract`] takes the fields out of a record page or the candidates out of a list, each with the CSS path of its
//! element. [`walk::Walk`] knows which request comes next (terms, search, list, record) and does no I/O itself.
//! Not here: the network (`ingest::fetch`), the database (`store`), the comparison with the roll (`pipeline`).

pub mod error;

pub mod profile;
mod profile_check;

pub mod document;
pub mod dom;

mod clean;
mod labels;
mod locate;
mod table;

pub mod extract;
pub mod recognize;

pub mod walk;

pub mod propose;

pub use error::Error;

/// Whether a path of a value (several are separated by commas) selects an element of the page. Values of empty tables
/// name the table instead of a path.
pub fn locatable(document: &document::Document, path: &str) -> bool {
    path.starts_with("table ")
        || scraper::Selector::parse(path).is_ok_and(|s| document.html.select(&s).next().is_some())
}
