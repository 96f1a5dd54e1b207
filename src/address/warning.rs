//! Why a reading deserves a second look, as a value and as a sentence.

/// Why a reading deserves a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "see Warning::text")]
#[non_exhaustive]
pub enum Warning {
    Empty,
    NoNumber,
    NoStreet,
    NoStreetType,
    Intersection,
    PoBox,
    Block,
    Beside,
    Remark,
    UnitUnlabelled,
    TwoTypes,
    SeveralAddresses,
    TooLong,
}

impl Warning {
    /// A sentence for people.
    pub fn text(self) -> &'static str {
        match self {
            Warning::Empty => "there is no text",
            Warning::NoNumber => "no usable house number",
            Warning::NoStreet => "no street name",
            Warning::NoStreetType => "no street type",
            Warning::Intersection => "an intersection, not one address",
            Warning::PoBox => "a post office box, not a place",
            Warning::Block => "a block, not one house",
            Warning::Beside => "names a place beside the address, not the address",
            Warning::Remark => "a remark was set aside",
            Warning::UnitUnlabelled => "a unit without designator",
            Warning::TwoTypes => "two street types; the last one was taken",
            Warning::SeveralAddresses => "more than one address; the first one was taken",
            Warning::TooLong => "the text is too long for an address; its end was left out",
        }
    }
}
