//! A deed as the recorder's index shows it.

use crate::model::date::CivilDate;
use crate::model::money::Cents;

/// One recorded deed of one parcel to one grantee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeedRow {
    /// Parcel number.
    pub parcel_no: String,
    /// Day of recording: ownership moves here.
    pub recorded_on: CivilDate,
    /// Day of signing.
    pub executed_on: Option<CivilDate>,
    /// Book.
    pub book: Option<String>,
    /// Page.
    pub page: Option<String>,
    /// Instrument number.
    pub instrument_no: Option<String>,
    /// `warranty`, `quitclaim`, `tax_resale`, `sheriff`, `death`, `tod_deed`, `correction`, ... or `unknown`.
    pub transfer_kind: String,
    /// Who gave; empty when the file does not say.
    pub grantor: String,
    /// Who got.
    pub grantee: String,
    /// Stated price.
    pub price: Option<Cents>,
}
