//! Rows of the utility's own files: accounts, taps, meter reads.

use crate::ingest::mapper::{Mapper, fields};
use crate::ingest::source::RawRow;
use crate::ingest::value;
use crate::model::money::Feet;
use crate::model::premise::{AccountRow, ReadRow};
use crate::model::snapshot::Reject;
use crate::model::tap::{
    ControlState, MeasureRef, MeasuredItem, PositionMethod, TapLifecycle, TapOrigin, TapRow, TapUse, TieMeasurement,
};

fields!(
    /// Fields of a billing file.
    AccountField {
        PremiseNo = "premise_no",
        AccountNo = "account_no",
        ServiceKind = "service_kind",
        Status = "status",
        ServiceAddress = "service_address",
        ServiceCity = "service_city",
        ServiceZip = "service_zip",
        HolderName = "holder_name",
        MailingAddress = "mailing_address",
        OpenedOn = "opened_on",
        ClosedOn = "closed_on",
        Balance = "balance",
        MeterNo = "meter_no",
        MeterSize = "meter_size",
        Lon = "lon",
        Lat = "lat",
    }
);

fields!(
    /// Fields of a file of meter reads.
    ReadField {
        MeterNo = "meter_no",
        PremiseNo = "premise_no",
        ReadOn = "read_on",
        Reading = "reading",
        Consumption = "consumption",
        ReadKind = "read_kind",
    }
);

fields!(
    /// Fields of a tap inventory.
    TapField {
        TapNo = "tap_no",
        TapUse = "tap_use",
        Size = "size",
        MainSize = "main_size",
        MainMaterial = "main_material",
        ServiceMaterial = "service_material",
        TappedOn = "tapped_on",
        TapCardRef = "tap_card_ref",
        Lifecycle = "lifecycle",
        ControlState = "control_state",
        Origin = "origin",
        Lon = "lon",
        Lat = "lat",
        PositionMethod = "position_method",
        PremiseNos = "premise_nos",
        ServiceAddress = "service_address",
        Tie1Item = "tie1_item",
        Tie1Reference = "tie1_reference",
        Tie1Label = "tie1_label",
        Tie1Direction = "tie1_direction",
        Tie1DistanceFt = "tie1_distance_ft",
        Tie2Item = "tie2_item",
        Tie2Reference = "tie2_reference",
        Tie2Label = "tie2_label",
        Tie2Direction = "tie2_direction",
        Tie2DistanceFt = "tie2_distance_ft",
        Tie3Item = "tie3_item",
        Tie3Reference = "tie3_reference",
        Tie3Label = "tie3_label",
        Tie3Direction = "tie3_direction",
        Tie3DistanceFt = "tie3_distance_ft",
    }
);

/// First field of each tie; the five of one stand behind each other.
const TIES: [TapField; 3] = [TapField::Tie1Item, TapField::Tie2Item, TapField::Tie3Item];

impl Mapper {
    /// Maps a row of a billing file.
    ///
    /// # Errors
    /// A reject when the row is damaged, or has no account number or service address.
    pub fn account(&mut self, raw: &RawRow) -> Result<AccountRow, Reject> {
        use AccountField as F;
        self.begin(raw)?;
        let account_no = self.required(raw, F::AccountNo)?;
        let lower = |text: Option<String>, absent: &str| {
            text.map_or_else(|| absent.to_owned(), |t| t.to_lowercase().replace([' ', '-'], "_"))
        };
        Ok(AccountRow {
            premise_no: self.optional_number(raw, F::PremiseNo)?.unwrap_or_else(|| account_no.clone()),
            account_no,
            service_kind: lower(self.text(raw, F::ServiceKind), "water"),
            status: lower(self.text(raw, F::Status), "unknown"),
            service_address: self.required(raw, F::ServiceAddress)?,
            service_city: self.text(raw, F::ServiceCity),
            service_zip: self.text(raw, F::ServiceZip).map(|t| value::zip(t.into()).into_owned()),
            holder_name: self.text(raw, F::HolderName),
            mailing_address: self.text(raw, F::MailingAddress),
            opened_on: self.date(raw, F::OpenedOn),
            closed_on: self.date(raw, F::ClosedOn),
            balance: self.typed(raw, F::Balance, "bad_money", value::money),
            meter_no: self.text(raw, F::MeterNo),
            meter_size: self.typed(raw, F::MeterSize, "bad_size", value::size),
            position: self.position(raw, F::Lon, F::Lat).or(raw.geometry.as_ref().map(|g| g.label_point)),
        })
    }

    /// Maps a meter read.
    ///
    /// # Errors
    /// A reject when the row is damaged, or has no meter number or no readable date.
    pub fn read(&mut self, raw: &RawRow) -> Result<ReadRow, Reject> {
        use ReadField as F;
        self.begin(raw)?;
        let meter_no = self.required(raw, F::MeterNo)?;
        let date_text = self.required(raw, F::ReadOn)?;
        let Some(read_on) = self.date(raw, F::ReadOn) else {
            self.begin(raw)?;
            let detail = "the day of the read is not readable".to_owned();
            return Err(self.remark(raw, F::ReadOn.into(), "bad_date", &date_text, detail));
        };
        let unit = self.unit(F::Consumption);
        Ok(ReadRow {
            meter_no,
            premise_no: self.text(raw, F::PremiseNo),
            read_on,
            reading: self.typed(raw, F::Reading, "bad_number", value::integer),
            consumption: self.typed(raw, F::Consumption, "bad_number", |t| value::volume(t, unit)),
            read_kind: self
                .text(raw, F::ReadKind)
                .map_or_else(|| "actual".to_owned(), |t| t.to_lowercase().replace([' ', '-'], "_")),
        })
    }

    /// Maps a row of a tap inventory.
    ///
    /// # Errors
    /// A reject when the row is damaged or has no tap number.
    pub fn tap(&mut self, raw: &RawRow) -> Result<TapRow, Reject> {
        use TapField as F;
        self.begin(raw)?;
        let tap_no = self.required(raw, F::TapNo)?;
        let measured = self.position(raw, F::Lon, F::Lat).or(raw.geometry.as_ref().map(|g| g.label_point));
        let method = self.typed(raw, F::PositionMethod, "bad_code", PositionMethod::parse);
        let premises = self.text(raw, F::PremiseNos).unwrap_or_default();
        Ok(TapRow {
            tap_no,
            tap_use: self.typed(raw, F::TapUse, "bad_code", TapUse::parse).unwrap_or(TapUse::Domestic),
            size: self.typed(raw, F::Size, "bad_size", value::size),
            main_size: self.typed(raw, F::MainSize, "bad_size", value::size),
            main_material: self.text(raw, F::MainMaterial),
            service_material: self.text(raw, F::ServiceMaterial),
            tapped_on: self.date(raw, F::TappedOn),
            tap_card_ref: self.text(raw, F::TapCardRef),
            lifecycle: self.typed(raw, F::Lifecycle, "bad_code", TapLifecycle::parse).unwrap_or(TapLifecycle::Unknown),
            control_state: self
                .typed(raw, F::ControlState, "bad_code", ControlState::parse)
                .unwrap_or(ControlState::Unknown),
            origin: self.typed(raw, F::Origin, "bad_code", TapOrigin::parse).unwrap_or(TapOrigin::Unknown),
            // A position that does not say how it was obtained is trusted least.
            position: measured.map(|p| (p, method.unwrap_or(PositionMethod::GeocodedAddress))),
            premise_nos: premises
                .split([';', '|', ','])
                .map(str::trim)
                .filter(|p| !p.is_empty())
                .map(str::to_owned)
                .collect(),
            service_address: self.text(raw, F::ServiceAddress),
            ties: TIES.iter().filter_map(|first| self.tie(raw, *first as usize)).collect(),
        })
    }

    /// A tie is kept when it has a distance and says what is measured from where.
    fn tie(&mut self, raw: &RawRow, first: usize) -> Option<TieMeasurement> {
        let distance = self.typed(raw, first + 4, "bad_number", value::number)?;
        let what = self.typed(raw, first, "bad_code", MeasuredItem::parse)?;
        let reference = self.typed(raw, first + 1, "bad_code", MeasureRef::parse)?;
        Some(TieMeasurement {
            what,
            reference,
            reference_label: self.text(raw, first + 2).unwrap_or_default(),
            direction: self.text(raw, first + 3).unwrap_or_default(),
            distance: Feet(distance),
        })
    }
}

#[cfg(test)]
#[allow(clippy::field_reassign_with_default, reason = "the row has private buffers")]
mod tests {
    use crate::ingest::mapper::Mapper;
    use crate::ingest::profile::Profile;
    use crate::ingest::source::{CellKind, RawRow};
    use crate::model::snapshot::SourceKind;
    use crate::model::tap::{PositionMethod, TapLifecycle};

    fn generic(kind: SourceKind, header: &str, cells: &str) -> (Mapper, RawRow) {
        let columns: Vec<String> = header.split(',').map(str::to_owned).collect();
        let mut row = RawRow::default();
        row.row_no = 1;
        for (i, c) in cells.split(',').enumerate() {
            row.set(i, CellKind::Text, c);
        }
        (Mapper::new(&Profile::load("generic", None).unwrap(), kind, &columns).unwrap(), row)
    }

    #[test]
    fn an_account_without_premise_stands_for_itself() {
        let header = "account_no,service_address,status,meter_size,balance,opened_on";
        let (mut mapper, row) = generic(SourceKind::Accounts, header, "A-1,12 ELM ST,Shut Off,5/8x3/4,$12.50,7/9/18");
        let account = mapper.account(&row).unwrap();
        assert_eq!(
            (account.premise_no.as_str(), account.status.as_str(), account.service_kind.as_str()),
            ("A-1", "shut_off", "water")
        );
        assert_eq!((account.meter_size.unwrap().0, account.balance.unwrap().0), (625, 1_250));
        let (mut mapper, row) = generic(SourceKind::Accounts, "account_no,service_address", "A-1,");
        assert_eq!(mapper.account(&row).unwrap_err().column, "service_address");
    }

    #[test]
    fn taps_carry_axes_and_ties() {
        let header = "tap_no,size,lifecycle,lon,lat,premise_nos,tie1_item,tie1_reference,tie1_label,tie1_direction,tie1_distance_ft";
        let cells = "T1,3/4,in service,-95.9,36.1,P1;P2,curb stop,hydrant,114,N,23.5";
        let (mut mapper, row) = generic(SourceKind::Taps, header, cells);
        let tap = mapper.tap(&row).unwrap();
        assert_eq!((tap.size.unwrap().0, tap.lifecycle), (750, TapLifecycle::InService));
        assert_eq!(tap.premise_nos, ["P1", "P2"]);
        assert_eq!(tap.position.unwrap().1, PositionMethod::GeocodedAddress);
        assert_eq!((tap.ties.len(), tap.ties[0].distance.0), (1, 23.5));
        let (mut mapper, row) = generic(SourceKind::Taps, "tap_no,lifecycle", "T1,gone");
        assert_eq!(mapper.tap(&row).unwrap().lifecycle, TapLifecycle::Unknown);
        assert_eq!(mapper.warnings()[0].reason, "bad_code");
    }

    #[test]
    fn a_read_needs_its_day() {
        let header = "meter_no,read_on,reading,consumption";
        let (mut mapper, row) = generic(SourceKind::Reads, header, "M1,2024-02-01,100,5");
        let read = mapper.read(&row).unwrap();
        assert_eq!((read.consumption.unwrap().0, read.read_kind.as_str()), (5, "actual"));
        let (mut mapper, row) = generic(SourceKind::Reads, header, "M1,someday,100,5");
        assert_eq!(mapper.read(&row).unwrap_err().reason, "bad_date");
    }
}
