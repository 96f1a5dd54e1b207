//! A scored, explained link between a premise and its parcels, or the refusal of one.

/// What the matcher decided about one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Safe enough to use without a person looking.
    Accepted,
    /// A person must decide.
    Review,
    /// The address is not in the county, or nothing comes near.
    None,
}

impl Decision {
    /// The word used in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Accepted => "accepted",
            Decision::Review => "review",
            Decision::None => "none",
        }
    }
}

/// State of a stored link (`states.json`, machine `match_link`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words are those of states.json")]
pub enum LinkStatus {
    AutoAccepted,
    Review,
    Accepted,
    Rejected,
    Stale,
    Superseded,
}

impl LinkStatus {
    /// The word used in SQL, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkStatus::AutoAccepted => "auto_accepted",
            LinkStatus::Review => "review",
            LinkStatus::Accepted => "accepted",
            LinkStatus::Rejected => "rejected",
            LinkStatus::Stale => "stale",
            LinkStatus::Superseded => "superseded",
        }
    }
}

/// One line of the waterfall that explains a link: which element, which comparison level, what it weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparisonStep {
    /// Address element or other evidence: `street_name`, `address_number`, `owner_name`, `position`, ...
    pub element: &'static str,
    /// Level of the comparison: `exact`, `one_edit`, `missing`, `conflict`, ...
    pub level: &'static str,
    /// Log-odds weight in bits; negative speaks against the link.
    pub weight_bits: f64,
    /// The two values in words: `YAEL -> YALE`.
    pub detail: String,
}
