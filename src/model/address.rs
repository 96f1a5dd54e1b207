//! A US address in FGDC elements, spelled by USPS Publication 28.
//!
//! Only the shape lives here; `crate::address` makes these from text.

/// A compass direction as Publication 28 abbreviates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the eight compass points name themselves")]
pub enum Direction {
    N,
    S,
    E,
    W,
    Ne,
    Nw,
    Se,
    Sw,
}

impl Direction {
    /// The Publication 28 abbreviation, upper case.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::N => "N",
            Direction::S => "S",
            Direction::E => "E",
            Direction::W => "W",
            Direction::Ne => "NE",
            Direction::Nw => "NW",
            Direction::Se => "SE",
            Direction::Sw => "SW",
        }
    }
}

/// A house number: `1234`, `101-109`, `2607 1/2`, `325C`, `80-44`, `N63W12345`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AddressNumber {
    /// Grid letters before the number (`N63W` of `N63W12345`), upper case, without blanks.
    pub prefix: Option<String>,
    /// The number, or the lower end of a range. For a composite number (Queens `80-44`) the first part.
    pub low: u32,
    /// The second part behind a hyphen, `TO`, `THRU` or `AND`. Whether `80-44` is a composite or a range is not
    /// decided by the text alone; a short second part (`4154-6`) is completed (`4156`) only where it is a range.
    pub high: Option<u32>,
    /// True when `high` came from a hyphen, so that it may be a composite number rather than a range.
    pub hyphenated: bool,
    /// Letter behind the number (`C` of `325C`), upper case.
    pub suffix: Option<String>,
    /// True for `1/2` behind the number; other fractions stand in `suffix` as written (`1/4`, `3/4`).
    pub half: bool,
    /// Digits as written, for composite numbers and leading zeros (`80-44`, `080-04`).
    pub raw: String,
}

/// The street part of an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Street {
    /// Direction before the name.
    pub predirectional: Option<Direction>,
    /// `OLD` and the like before the name, upper case.
    pub premodifier: Option<String>,
    /// Type before the name, canonical: `HWY`, `STATE HWY`, `COUNTY RD`, `AVENUE` of `AVENUE H` stays in the name.
    pub pretype: Option<String>,
    /// The name, upper case, ordinals as figures with their ending (`21ST`), without direction and type.
    pub street_name: String,
    /// Type behind the name, Publication 28 abbreviation (`ST`, `AVE`, `PL`).
    pub street_type: Option<String>,
    /// Direction behind the name and type.
    pub postdirectional: Option<Direction>,
}

/// A unit inside a building or on a lot: `APT 4`, `UNIT B`, `REAR`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Occupancy {
    /// Publication 28 designator (`APT`, `STE`, `UNIT`, `REAR`, `#`), empty when the text gave only an id.
    pub occupancy_type: String,
    /// The identifier, upper case, empty for `REAR`, `BSMT` and the like.
    pub occupancy_id: String,
}

/// One reading of an address text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Address {
    /// House number.
    pub address_number: Option<AddressNumber>,
    /// The street; its name is empty when the text has none (a PO box).
    pub street: Street,
    /// The other street of an intersection.
    pub cross_street: Option<Street>,
    /// Units, outermost first.
    pub occupancy: Vec<Occupancy>,
    /// Post office box number.
    pub po_box: Option<String>,
    /// City or other place name, upper case.
    pub place: Option<String>,
    /// Two-letter state.
    pub state: Option<String>,
    /// Five-digit ZIP code.
    pub zip: Option<String>,
    /// The four digits behind the ZIP code.
    pub zip4: Option<String>,
    /// Text that belongs to no element (recipient, remark in parentheses), as written.
    pub rest: Option<String>,
}
