//! Where a fact came from: one imported file or fetched page, and the rows that were kept aside.

/// What an import reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words are those of the command line")]
pub enum SourceKind {
    Parcels,
    Roll,
    Accounts,
    Taps,
    Reads,
    Deeds,
    FieldResults,
    Page,
}

impl SourceKind {
    /// The word used in SQL, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::Parcels => "parcels",
            SourceKind::Roll => "roll",
            SourceKind::Accounts => "accounts",
            SourceKind::Taps => "taps",
            SourceKind::Reads => "reads",
            SourceKind::Deeds => "deeds",
            SourceKind::FieldResults => "field_results",
            SourceKind::Page => "page",
        }
    }
}

/// An input row kept aside with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// 1-based row number in the file (data rows, header not counted); 0 when the whole file is meant.
    pub row_no: u64,
    /// The file's own column name.
    pub column: String,
    /// The offending value, cut at 80 characters.
    pub value: String,
    /// Stable reason code in `snake_case`.
    pub reason: &'static str,
    /// A sentence for people.
    pub detail: String,
}
