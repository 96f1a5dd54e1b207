//! Record linkage: from an address text to parcels, with a calibrated score, an explanation, and "no match" as an answer.
//!
//! [`Matcher::build`] learns a county from its situs rows; [`Matcher::match_one`] answers a query. Stored links, review and
//! decisions are in `pipeline`.

mod build;
pub mod calibration;
mod collect;
mod compare;
mod county;
pub mod evaluate;
mod explain;
mod flat;
mod in_order;
pub mod learn;
mod levels;
mod matcher;
mod memo;
mod mine;
mod names;
mod numbers;
mod reading;
mod refusal;
mod rivals;
mod twins;
mod weights;

pub use build::{Learner, Places, StreetAlias};
pub use collect::{Query, Scratch};
pub use county::ReferenceRow;
pub use in_order::{OrderedLearner, OrderedRow, WrittenCounty};
pub use matcher::{Brief, CANDIDATES_MAX, Candidate, Matcher, Outcome};
pub use mine::{AliasHint, alias_hints};
pub use refusal::element_words;
pub use weights::{DecisionLimits, Weights, WeightsError};
