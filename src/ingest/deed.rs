//! Rows of a file of deeds, as a county clerk's index gives them: one row per parcel and grantee.

use crate::ingest::mapper::{Mapper, fields};
use crate::ingest::source::RawRow;
use crate::ingest::value;
use crate::model::deed::DeedRow;
use crate::model::snapshot::Reject;

fields!(
    /// Fields of a file of deeds.
    DeedField {
        ParcelNo = "parcel_no",
        RecordedOn = "recorded_on",
        ExecutedOn = "executed_on",
        Book = "book",
        Page = "page",
        InstrumentNo = "instrument_no",
        TransferKind = "transfer_kind",
        Grantor = "grantor",
        Grantee = "grantee",
        Price = "price",
    }
);

impl Mapper {
    /// Maps a row of a file of deeds.
    ///
    /// # Errors
    /// The reject when parcel, day of recording or grantee are missing or unreadable.
    pub fn deed(&mut self, raw: &RawRow) -> Result<DeedRow, Reject> {
        use DeedField as F;
        self.begin(raw)?;
        let parcel_no = self.required(raw, F::ParcelNo)?;
        let date_text = self.required(raw, F::RecordedOn)?;
        let grantee = self.required(raw, F::Grantee)?;
        let Some(recorded_on) = self.date(raw, F::RecordedOn) else {
            self.begin(raw)?;
            let detail = "the day of recording is not readable".to_owned();
            return Err(self.remark(raw, F::RecordedOn.into(), "bad_date", &date_text, detail));
        };
        Ok(DeedRow {
            parcel_no,
            recorded_on,
            executed_on: self.date(raw, F::ExecutedOn),
            book: self.text(raw, F::Book),
            page: self.text(raw, F::Page),
            instrument_no: self.text(raw, F::InstrumentNo),
            transfer_kind: self
                .text(raw, F::TransferKind)
                .map_or_else(|| "unknown".to_owned(), |t| t.to_lowercase().replace([' ', '-'], "_")),
            grantor: self.text(raw, F::Grantor).unwrap_or_default(),
            grantee,
            price: self.typed(raw, F::Price, "bad_money", value::money),
        })
    }
}
