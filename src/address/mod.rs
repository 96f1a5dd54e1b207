//! Address text to FGDC elements by the USPS Publication 28 tables; the standard line; keys for comparing.
//!
//! Pure. No statistical model: a grammar over the tables in `data/standards`, with the county's own words where grammar
//! cannot decide. Spelling mistakes are not corrected here; that is `matching`'s work.

mod behind;
pub mod evaluate;
mod find;
mod highway;
mod key;
mod list;
mod number;
mod others;
mod parse;
mod places;
mod shape;
mod split;
mod standard;
mod street;
mod tables;
mod tail;
mod tokens;
mod unit;
mod warning;

pub use key::{address_key, number_key, unit_key};
pub use list::split_list;
pub use parse::{CountyWords, NoCounty, Parsed, READINGS_MAX, parse, parse_in};
pub use standard::{
    compared_type, core_name, folded_name, number_text, road_class, standard_form, street_key, street_text, type_words,
};
pub use warning::Warning;
