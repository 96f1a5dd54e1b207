//! Identifiers as newtypes, so that a tap cannot be passed where a parcel is meant.
//!
//! Row ids are SQLite row numbers: small, stable inside one database, never shown as the public name of a thing.
//! Public names (`parcel_no`, `tap_no`, `IC-2026-00017`) are text beside them.

macro_rules! row_id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);
    )+};
}

row_id! {
    /// A taxed land unit.
    ParcelId,
    /// A person or organisation named on some roll, deed or account.
    PartyId,
    /// A place served.
    PremiseId,
    /// A customer's contract for one service at a premise.
    AccountId,
    /// The opening in the main and the connection it makes.
    TapId,
    /// One imported file or fetched page.
    SnapshotId,
    /// A scored, explained link between a premise and a parcel.
    LinkId,
    /// Parties judged to be under the same control.
    GroupId,
}
