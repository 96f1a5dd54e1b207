//! Refusals: what may not be done, as a value with a stable code and the list of what is missing.

use std::fmt;

macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal),+ $(,)?) => {
        /// Stable codes of refusals; they appear in JSON and messages and never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RefusalCode { $($(#[$doc])* $variant),+ }

        impl RefusalCode {
            /// Every code.
            pub const ALL: &'static [RefusalCode] = &[$(RefusalCode::$variant),+];

            /// The code as text.
            pub fn as_str(self) -> &'static str {
                match self { $(RefusalCode::$variant => $code),+ }
            }
        }
    };
}

refusal_codes! {
    /// The machine has no such state.
    UnknownState = "E_UNKNOWN_STATE",
    /// No transition leads from the present state to the wanted one.
    NoTransition = "E_NO_TRANSITION",
    /// The role may not do this.
    Role = "E_ROLE",
    /// Evidence is missing; see the list.
    Evidence = "E_EVIDENCE",
    /// A broken seal or lock is the only finding.
    SealOnly = "E_SEAL_ONLY",
    /// A dispute is open.
    OpenDispute = "E_OPEN_DISPUTE",
    /// A hold is active.
    Hold = "E_HOLD",
    /// A case for the same premise and violation is open.
    DuplicateCase = "E_DUPLICATE_CASE",
    /// An order for the same tap is open.
    DuplicateOrder = "E_DUPLICATE_ORDER",
    /// A time lies in the future.
    FutureTime = "E_FUTURE_TIME",
    /// No fee is valid on the violation date.
    NoFee = "E_NO_FEE",
    /// A fee is charged at actual cost and no cost is given.
    NoCost = "E_NO_COST",
    /// A period ends before it starts.
    Period = "E_PERIOD",
    /// The start of use lies before the last actual read, without a reason.
    StartBeforeRead = "E_START_BEFORE_READ",
    /// The policy has no holiday calendar for a year that the deadline touches.
    NoCalendar = "E_NO_CALENDAR",
    /// The policy has no value on the date.
    NoPolicy = "E_NO_POLICY",
    /// The notice lacks the dispute instructions.
    NoDisputeText = "E_NO_DISPUTE_TEXT",
    /// No address to write to.
    NoMailingAddress = "E_NO_MAILING_ADDRESS",
    /// A payment agreement cannot be made from these figures.
    Plan = "E_PLAN",
    /// The tap feeds a premise with active service.
    ActiveService = "E_ACTIVE_SERVICE",
    /// Neither a trusted position nor two ties: nobody can dig there.
    NotLocatable = "E_NOT_LOCATABLE",
    /// The locate ticket is missing.
    TicketMissing = "E_TICKET_MISSING",
    /// The locate ticket has expired or is not yet valid.
    TicketExpired = "E_TICKET_EXPIRED",
    /// The order stands on another open list.
    OnOtherList = "E_ON_OTHER_LIST",
    /// A code is outside its list.
    Code = "E_CODE",
    /// The record has changed since it was read.
    RowVersion = "E_ROW_VERSION",
    /// The case is closed.
    Closed = "E_CLOSED",
    /// The list is frozen, or not yet.
    ListState = "E_LIST_STATE",
    /// A party, a liability or a hold has no recorded basis.
    NoBasis = "E_NO_BASIS",
    /// The owner on the violation date is not known, or several are possible.
    OwnerUnknown = "E_OWNER_UNKNOWN",
    /// An owner who came after the violation cannot be made liable.
    InnocentSuccessor = "E_INNOCENT_SUCCESSOR",
    /// The owner is withheld by law, and the record would name them.
    Withheld = "E_WITHHELD",
    /// The case has not reached the state in which this is done, or has passed it.
    Stage = "E_STAGE",
    /// A letter template has a mark that the program does not know.
    Template = "E_TEMPLATE",
    /// The same receipt is already booked on the case.
    DuplicatePayment = "E_DUPLICATE_PAYMENT",
    /// The file has no bytes.
    EmptyFile = "E_EMPTY_FILE",
    /// The file is larger than the policy allows.
    TooLarge = "E_TOO_LARGE",
    /// The file is not an image although it was given as a photo.
    NotAnImage = "E_NOT_AN_IMAGE",
    /// The same bytes are already evidence.
    DuplicateEvidence = "E_DUPLICATE_EVIDENCE",
    /// A hand-over does not start with the person who has the evidence.
    Custody = "E_CUSTODY",
    /// The file was damaged by a spreadsheet program.
    SpreadsheetDamage = "E_SPREADSHEET_DAMAGE",
    /// A sealed packet or stored file no longer has its hash.
    HashMismatch = "E_HASH_MISMATCH",
    /// There is no such record.
    NotFound = "E_NOT_FOUND",
}

/// One thing that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Evidence code of `states.json`, or the name of a field.
    pub code: String,
    /// A sentence for people: what to do about it.
    pub detail: String,
}

/// Why something may not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code.
    pub code: RefusalCode,
    /// A sentence for people, lower case.
    pub message: String,
    /// What is missing; empty when that is not the point.
    pub missing: Vec<Missing>,
}

impl Refusal {
    /// A refusal without a list.
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), missing: Vec::new() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)?;
        for missing in &self.missing {
            write!(f, "\n  missing {}: {}", missing.code, missing.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
