//! Why a layer or a page could not be fetched: one type for both, as both go through the same client, evidence and store.

use super::{fetch_vault, import};
use crate::ingest;
use crate::ingest::{fetch, page};
use crate::store;

/// A failed fetch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The service or the site.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// The evidence.
    #[error(transparent)]
    Vault(#[from] fetch_vault::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The rows of a layer, or its profile.
    #[error(transparent)]
    Import(#[from] import::Error),
    /// A page, or its profile. Boxed because it carries much.
    #[error(transparent)]
    Page(Box<page::Error>),
    /// Asked for rows edited since a moment, and nobody knows the field or the moment.
    #[error("{url}: {detail}")]
    NoMark {
        /// The layer.
        url: String,
        /// What is missing.
        detail: &'static str,
    },
    /// No such parcel.
    #[error("there is no parcel {parcel_no}")]
    NoParcel {
        /// What was asked for.
        parcel_no: String,
    },
    /// The owner is withheld by law, so the page is not fetched.
    #[error("the owner of {parcel_no} is withheld by law; its page is not fetched")]
    Withheld {
        /// Which parcel.
        parcel_no: String,
    },
    /// Too many pages today.
    #[error("{n} requests went to {host} in the last 24 hours; pages are read one at a time, at most {max} a day")]
    DailyBudget {
        /// Host.
        host: String,
        /// Requests so far.
        n: u64,
        /// Bound.
        max: u64,
    },
}

impl From<page::Error> for Error {
    fn from(error: page::Error) -> Self {
        Error::Page(Box::new(error))
    }
}

impl Error {
    /// What to try next.
    pub fn hint(&self) -> String {
        match self {
            Error::Fetch(e) => e.hint(),
            Error::Page(e) => e.hint(),
            Error::Vault(e) => e.hint(),
            Error::Import(import::Error::Ingest(ingest::Error::Empty { .. })) => {
                "is it the right layer? --dry-run describes it".to_owned()
            }
            Error::Import(import::Error::Ingest(
                ingest::Error::MissingColumns { .. } | ingest::Error::WrongKind { .. } | ingest::Error::TooLarge { .. },
            )) => "--dry-run shows the columns of the layer; map them in a profile: --profile FILE".to_owned(),
            Error::Import(import::Error::Ingest(e)) => e.hint(),
            Error::Import(import::Error::Shrunk { .. } | import::Error::OtherParcels { .. }) => {
                "is it the whole layer of the same county? if so, add --allow-shrink".to_owned()
            }
            Error::Import(import::Error::TooManyRejects { .. } | import::Error::TooFewRows { .. }) => {
                "is it the right profile? --dry-run shows the columns of the layer".to_owned()
            }
            Error::Store(_) | Error::Import(_) => "taptrace check".to_owned(),
            Error::NoMark { .. } => "name the field with --edit-field, the day with --since YYYY-MM-DD".to_owned(),
            Error::NoParcel { .. } => "taptrace research \"ADDRESS\"   finds the parcel number".to_owned(),
            Error::Withheld { .. } => "ask a supervisor; nothing was sent".to_owned(),
            Error::DailyBudget { .. } => "come back tomorrow; for many parcels import the county's file".to_owned(),
        }
    }
}
