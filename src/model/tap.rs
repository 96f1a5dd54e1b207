//! A tap with its three independent axes, and the measurements by which a crew finds it.

use crate::model::date::CivilDate;
use crate::model::money::{Feet, MilliInches};
use crate::model::parcel::LonLat;

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the codes are those of domains.tsv")]
        pub enum $name { $($variant),+ }

        impl $name {
            /// Every value, in the order of the domain table.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The code used in SQL, JSON and files.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $code),+ }
            }

            /// Reads a code; blanks and hyphens count as underscores, case does not matter.
            pub fn parse(text: &str) -> Option<Self> {
                let code = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
                Self::ALL.iter().copied().find(|v| v.as_str() == code)
            }
        }
    };
}

coded!(
    /// Where the tap is in its life.
    TapLifecycle {
        Proposed = "proposed",
        InService = "in_service",
        OutOfService = "out_of_service",
        AbandonedInPlace = "abandoned_in_place",
        RemovedAtMain = "removed_at_main",
        Unknown = "unknown",
        RecordError = "record_error",
    }
);

coded!(
    /// What stops the water at the moment, if anything.
    ControlState {
        Open = "open",
        ClosedAtCurb = "closed_at_curb",
        MeterLocked = "meter_locked",
        MeterPulled = "meter_pulled",
        Plugged = "plugged",
        Unknown = "unknown",
    }
);

coded!(
    /// Whether the utility allowed the tap.
    TapOrigin {
        Authorized = "authorized",
        Unauthorized = "unauthorized",
        Unknown = "unknown",
    }
);

coded!(
    /// What the connection is for.
    TapUse {
        Domestic = "domestic",
        Irrigation = "irrigation",
        Fire = "fire",
        Commercial = "commercial",
        Industrial = "industrial",
        HydrantLead = "hydrant_lead",
        Construction = "construction",
        SamplingOrBlowoff = "sampling_or_blowoff",
    }
);

coded!(
    /// How a position was obtained; the last three are estimates.
    PositionMethod {
        GnssRtk = "gnss_rtk",
        GnssPhone = "gnss_phone",
        TieMeasurement = "tie_measurement",
        DigitizedTapCard = "digitized_tap_card",
        ParcelFrontMidpoint = "parcel_front_midpoint",
        ParcelCentroid = "parcel_centroid",
        GeocodedAddress = "geocoded_address",
    }
);

coded!(
    /// What a tie measurement locates.
    MeasuredItem {
        CorporationStop = "corporation_stop",
        CurbStop = "curb_stop",
        MeterBox = "meter_box",
        MainCoverDepth = "main_cover_depth",
    }
);

coded!(
    /// The fixed object a tie measurement starts from.
    MeasureRef {
        PropertyLine = "property_line",
        PropertyCorner = "property_corner",
        BuildingCorner = "building_corner",
        Hydrant = "hydrant",
        MainValve = "main_valve",
        Manhole = "manhole",
        CurbLine = "curb_line",
        StreetCenterline = "street_centerline",
        UtilityPole = "utility_pole",
    }
);

/// Distance from a fixed object to a buried item.
#[derive(Debug, Clone, PartialEq)]
pub struct TieMeasurement {
    /// What is located.
    pub what: MeasuredItem,
    /// From which object.
    pub reference: MeasureRef,
    /// Which one of them (`hydrant 114`, `NE corner of 1204`).
    pub reference_label: String,
    /// Direction from the reference, as on the card (`N`, `toward street`).
    pub direction: String,
    /// Distance.
    pub distance: Feet,
}

/// One row of a tap inventory.
#[derive(Debug, Clone, PartialEq)]
pub struct TapRow {
    /// The utility's tap number.
    pub tap_no: String,
    /// Use.
    pub tap_use: TapUse,
    /// Size of the tap.
    pub size: Option<MilliInches>,
    /// Size of the main.
    pub main_size: Option<MilliInches>,
    /// Material of the main, as written.
    pub main_material: Option<String>,
    /// Service line material, utility side (`domains.tsv`, `service_material`).
    pub service_material: Option<String>,
    /// Day of the tapping.
    pub tapped_on: Option<CivilDate>,
    /// Tap card reference.
    pub tap_card_ref: Option<String>,
    /// Lifecycle axis.
    pub lifecycle: TapLifecycle,
    /// Control axis.
    pub control_state: ControlState,
    /// Origin axis.
    pub origin: TapOrigin,
    /// Position and how it was obtained.
    pub position: Option<(LonLat, PositionMethod)>,
    /// Premises fed.
    pub premise_nos: Vec<String>,
    /// Service address on the card, used to find the premise or parcel when no premise number is given.
    pub service_address: Option<String>,
    /// Ties.
    pub ties: Vec<TieMeasurement>,
}

#[cfg(test)]
mod tests {
    use super::{TapLifecycle, TapOrigin};

    #[test]
    fn codes_round_trip_and_forgive_case() {
        for v in TapLifecycle::ALL {
            assert_eq!(TapLifecycle::parse(v.as_str()), Some(*v));
        }
        assert_eq!(TapLifecycle::parse(" In-Service "), Some(TapLifecycle::InService));
        assert_eq!(TapOrigin::parse("legal"), None);
    }
}
