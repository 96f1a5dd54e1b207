//! Parties: what an owner line names.
//!
//! The kinds and roles of `docs/ownership.md`; `crate::owner_name` fills them in.

/// What sort of party a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words are those of docs/glossary.md")]
pub enum PartyKind {
    Person,
    Company,
    Trust,
    Government(GovernmentLevel),
    Religious,
    Association,
    Estate,
    Unknown(UnknownReason),
}

/// Level of a government party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the levels name themselves")]
pub enum GovernmentLevel {
    Federal,
    State,
    County,
    City,
    School,
    /// An authority or Oklahoma public trust.
    Authority,
    Tribal,
    /// A government whose level the name does not tell.
    Other,
}

/// Why a name could not be given a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the reasons name themselves")]
pub enum UnknownReason {
    Blank,
    Placeholder,
    Withheld,
    /// One word without a comma and without a known company word.
    SingleWord,
    Unparsed,
}

impl PartyKind {
    /// The word used in SQL, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            PartyKind::Person => "person",
            PartyKind::Company => "company",
            PartyKind::Trust => "trust",
            PartyKind::Government(_) => "government",
            PartyKind::Religious => "religious",
            PartyKind::Association => "association",
            PartyKind::Estate => "estate",
            PartyKind::Unknown(_) => "unknown",
        }
    }

    /// Level of a government, reason of an unknown: what [`PartyKind::as_str`] leaves out.
    pub fn detail(self) -> Option<&'static str> {
        Some(match self {
            PartyKind::Government(level) => match level {
                GovernmentLevel::Federal => "federal",
                GovernmentLevel::State => "state",
                GovernmentLevel::County => "county",
                GovernmentLevel::City => "city",
                GovernmentLevel::School => "school",
                GovernmentLevel::Authority => "authority",
                GovernmentLevel::Tribal => "tribal",
                GovernmentLevel::Other => "other",
            },
            PartyKind::Unknown(reason) => match reason {
                UnknownReason::Blank => "blank",
                UnknownReason::Placeholder => "placeholder",
                UnknownReason::Withheld => "withheld",
                UnknownReason::SingleWord => "single_word",
                UnknownReason::Unparsed => "unparsed",
            },
            PartyKind::Person
            | PartyKind::Company
            | PartyKind::Trust
            | PartyKind::Religious
            | PartyKind::Association
            | PartyKind::Estate => return None,
        })
    }
}

/// What a party is to the parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words are those of docs/glossary.md")]
pub enum PartyRole {
    Owner,
    CoOwner,
    Trustee,
    CareOf,
    Attention,
    Dba,
    Aka,
    LifeTenant,
    Remainder,
    Custodian,
    Beneficiary,
    Representative,
}

impl PartyRole {
    /// The word used in SQL, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            PartyRole::Owner => "owner",
            PartyRole::CoOwner => "co_owner",
            PartyRole::Trustee => "trustee",
            PartyRole::CareOf => "care_of",
            PartyRole::Attention => "attention",
            PartyRole::Dba => "dba",
            PartyRole::Aka => "aka",
            PartyRole::LifeTenant => "life_tenant",
            PartyRole::Remainder => "remainder",
            PartyRole::Custodian => "custodian",
            PartyRole::Beneficiary => "beneficiary",
            PartyRole::Representative => "representative",
        }
    }
}

/// One party of an owner line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Party {
    /// Kind.
    pub kind: PartyKind,
    /// Role.
    pub role: PartyRole,
    /// Display name, upper case, in the order people read it on the roll (`SMITH, JOHN A` becomes `SMITH JOHN A`).
    pub name: String,
    /// Name elements of a person; all empty for organisations.
    pub person: PersonName,
    /// Share of the whole as numerator and denominator, when the line states one.
    pub share: Option<(u32, u32)>,
}

/// A person's name in elements, upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "the elements name themselves")]
pub struct PersonName {
    pub surname: String,
    pub given: String,
    pub middle: String,
    pub suffix: String,
}

impl Party {
    /// Holds the property itself: not a care-of, alias, beneficiary or other name behind a role word.
    pub fn is_owner(&self) -> bool {
        match self.role {
            PartyRole::Owner
            | PartyRole::CoOwner
            | PartyRole::Trustee
            | PartyRole::LifeTenant
            | PartyRole::Custodian => true,
            PartyRole::CareOf
            | PartyRole::Attention
            | PartyRole::Dba
            | PartyRole::Aka
            | PartyRole::Remainder
            | PartyRole::Beneficiary
            | PartyRole::Representative => false,
        }
    }
}
