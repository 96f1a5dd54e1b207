//! Premises, accounts and meter reads as the billing system gives them.

use crate::model::date::CivilDate;
use crate::model::money::{Cents, Gallons, MilliInches};
use crate::model::parcel::LonLat;

/// One row of a billing file: an account at a premise.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AccountRow {
    /// Permanent key of the place; when the file has none, the account number stands in.
    pub premise_no: String,
    /// Account number.
    pub account_no: String,
    /// `water`, `sewer`, `refuse`, ... lower case; `water` when the file has no column.
    pub service_kind: String,
    /// `active`, `inactive`, `closed`, `shut_off`, ... as the profile maps it, lower case.
    pub status: String,
    /// Service address line.
    pub service_address: String,
    /// Service place.
    pub service_city: Option<String>,
    /// Service ZIP.
    pub service_zip: Option<String>,
    /// Account holder.
    pub holder_name: Option<String>,
    /// Account holder's mailing address in one line.
    pub mailing_address: Option<String>,
    /// Service start.
    pub opened_on: Option<CivilDate>,
    /// Service end.
    pub closed_on: Option<CivilDate>,
    /// Amount owed.
    pub balance: Option<Cents>,
    /// Meter number.
    pub meter_no: Option<String>,
    /// Meter size.
    pub meter_size: Option<MilliInches>,
    /// Position of the service point.
    pub position: Option<LonLat>,
}

/// One meter read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRow {
    /// Meter number.
    pub meter_no: String,
    /// Premise key, when the file has one.
    pub premise_no: Option<String>,
    /// Day of the read.
    pub read_on: CivilDate,
    /// Register reading.
    pub reading: Option<i64>,
    /// Consumption since the read before.
    pub consumption: Option<Gallons>,
    /// `actual`, `estimated`, `final`, `field_check` or `ami`.
    pub read_kind: String,
}
