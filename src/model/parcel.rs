//! A parcel as one roll or layer shows it.

use std::borrow::Cow;

use crate::model::date::CivilDate;
use crate::model::money::Cents;

/// Longitude and latitude in degrees, WGS 84 (CRS84 order).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LonLat {
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
}

/// One row of an assessor roll or parcel layer, mapped to our columns. Text is trimmed, `NULL` words are gone.
/// Borrowed from the file's row where the text stands there as it is. A parcel with several situs addresses arrives as several rows with one `parcel_no`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParcelRow<'a> {
    /// The county's parcel number, as written.
    pub parcel_no: Cow<'a, str>,
    /// The assessor's other key, as written.
    pub assessor_account_no: Option<Cow<'a, str>>,
    /// Situs address line.
    pub situs_address: Option<Cow<'a, str>>,
    /// Situs city or place.
    pub situs_city: Option<Cow<'a, str>>,
    /// Situs state.
    pub situs_state: Option<Cow<'a, str>>,
    /// Situs ZIP.
    pub situs_zip: Option<Cow<'a, str>>,
    /// Owner name columns, in order, empty ones left out.
    pub owner_lines: Vec<Cow<'a, str>>,
    /// Mailing address lines, in order, empty ones left out.
    pub mailing_lines: Vec<Cow<'a, str>>,
    /// Mailing city.
    pub mail_city: Option<Cow<'a, str>>,
    /// Mailing state.
    pub mail_state: Option<Cow<'a, str>>,
    /// Mailing ZIP.
    pub mail_zip: Option<Cow<'a, str>>,
    /// Legal description.
    pub legal_description: Option<Cow<'a, str>>,
    /// The county's land use code or words.
    pub land_use: Option<Cow<'a, str>>,
    /// True when a homestead exemption is on the roll.
    pub homestead: Option<bool>,
    /// Year the main building was built.
    pub year_built: Option<i32>,
    /// Building floor area in square feet.
    pub building_area_sqft: Option<i64>,
    /// Assessed or market value of the improvements.
    pub improvement_value: Option<Cents>,
    /// Total value.
    pub total_value: Option<Cents>,
    /// Date of the last sale on the roll.
    pub sale_date: Option<CivilDate>,
    /// Price of the last sale on the roll.
    pub sale_price: Option<Cents>,
    /// Deed book, page or instrument number on the roll.
    pub deed_reference: Option<Cow<'a, str>>,
    /// A point on the parcel when the source gives one.
    pub position: Option<LonLat>,
}
