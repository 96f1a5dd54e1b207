//! Layers as named rows. Field names and their order are a promise to GIS staff.

/// A layer that can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the layers name themselves")]
pub enum Layer {
    Parcels,
    Links,
    Taps,
    Owners,
    Cases,
}

impl Layer {
    /// Names of the fields; the first one is the stable id as well.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Layer::Parcels => &[
                "parcel_no",
                "situs_address",
                "situs_city",
                "situs_zip",
                "owner",
                "mailing_address",
                "land_use",
                "roll_date",
            ],
            Layer::Links => &["premise_no", "service_address", "parcel_no", "situs_address", "status", "score"],
            Layer::Taps => &[
                "tap_no",
                "service_address",
                "premise_nos",
                "tap_use",
                "size_milli_in",
                "service_material",
                "tapped_on",
                "tap_card_ref",
                "lifecycle",
                "control_state",
                "origin",
                "position_method",
            ],
            Layer::Owners => &[
                "parcel_no",
                "owner",
                "mailing_address",
                "valid_from",
                "last_seen",
                "basis",
                "owner_kind",
                "parties",
                "owner_group",
            ],
            Layer::Cases => &[
                "case_no",
                "status",
                "is_open",
                "violation_type",
                "violation_on",
                "opened_on",
                "closed_on",
                "premise_no",
                "service_address",
                "parcel_no",
                "owner_at_violation",
                "owner_group",
                "offense_no",
                "charged_cents",
                "paid_cents",
                "balance_cents",
                "tap_nos",
                "removal_order_nos",
            ],
        }
    }

    /// True when the layer's geometry is the lot, else a point.
    pub fn is_polygons(self) -> bool {
        match self {
            Layer::Parcels => true,
            Layer::Links | Layer::Taps | Layer::Owners | Layer::Cases => false,
        }
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the kinds name themselves")]
pub enum Cell {
    Null,
    Text(String),
    Integer(i64),
    Real(f64),
}

impl From<Option<String>> for Cell {
    fn from(value: Option<String>) -> Self {
        value.filter(|v| !v.is_empty()).map_or(Cell::Null, Cell::Text)
    }
}

/// One feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Stable id.
    pub id: String,
    /// Values in the order of [`Layer::fields`].
    pub cells: Vec<Cell>,
    /// Polygon as WKB.
    pub wkb: Option<Vec<u8>>,
    /// Longitude and latitude.
    pub position: Option<[f64; 2]>,
}
