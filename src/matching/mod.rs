//! Record linkage: from an address text to parcels, with a calibrated score, an explanation, and "no match" as an answer.
//!
//! [`Matcher::build`] learns a county from its situs rows; [`Matcher::match_one`] answers a query. Stored links, review and
//! decisions are in `pipeline`.

mod candidates;
mod compare;
pub mod evaluate;
mod gazetteer;
mod matcher;
mod weights;

pub use gazetteer::ReferenceRow;
pub use matcher::{CANDIDATES_MAX, Candidate, Matcher, Outcome, Query};
pub use weights::Weights;
