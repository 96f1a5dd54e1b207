//! The comparison levels: what two addresses can be to each other, element by element. One number per level, so that a
//! candidate is a short array, its score a sum of weights, and its explanation a look-up.

/// Elements compared, in the order of the waterfall.
pub(crate) const ELEMENTS: [&str; 11] = [
    "street_name",
    "direction",
    "street_type",
    "address_number",
    "number_suffix",
    "unit",
    "zip",
    "place",
    "position",
    "owner_name",
    "reading",
];

/// A level of a comparison: an index into [`LEVELS`].
pub(crate) type Level = u8;

/// Levels of one candidate, one per element.
pub(crate) type Levels = [Level; ELEMENTS.len()];

macro_rules! levels {
    ($($element:literal { $($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)? })+) => {
        /// Every level: position of its element in [`ELEMENTS`], and its word.
        pub(crate) const LEVELS: &[(u8, &str)] = &[$($(($element, $word)),+),+];
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "names for positions, never used as a type")]
        #[repr(u8)]
        enum Position { $($($name),+),+ }
        $($($(#[$doc])* pub(crate) const $name: Level = Position::$name as u8;)+)+
    };
}

levels! {
    0 {
        NAME_EXACT = "exact",
        /// MAC DONOUGH / MACDONOUGH, words in another order.
        NAME_SPACING = "spacing",
        /// Through the user's list of aliases.
        NAME_ALIAS = "alias",
        /// Because the county lists lots under both names: 7TH AVE / ADAM CLAYTON POWELL JR BLVD.
        NAME_TWIN = "twin",
        /// LAKE PK / LAKE PARK, CH / CHURCH: every word begins the other and keeps its order of letters.
        NAME_ABBREVIATED = "abbreviated",
        NAME_ONE_EDIT = "one_edit",
        /// Names of five letters or less: OAK / ELK.
        NAME_ONE_EDIT_SHORT = "one_edit_short",
        NAME_TWO_EDITS = "two_edits",
        /// Sounds alike, more than two letters apart.
        NAME_SOUND = "sound",
        /// HAMSTEAD / HAMSTEAD CROSSING.
        NAME_SUBSET = "subset",
        /// ACORN PARK / PARK: the first word is missing.
        NAME_SUBSET_TAIL = "subset_tail",
        /// As above, but the county has a street that is called exactly as written.
        NAME_EDIT_KNOWN = "edit_known",
        NAME_SUBSET_KNOWN = "subset_known",
        NAME_SUBSET_TAIL_KNOWN = "subset_tail_known",
        /// As above, and that street has house numbers around the one asked for.
        NAME_OTHER_ON_BLOCK = "other_on_block",
        /// As above, and the street that is called exactly as written has the house number.
        NAME_ANSWERED = "other_answered",
        /// Nothing better was found: a street of the same place that has the house number and looks a little like the name.
        NAME_ALIKE = "alike",
        /// As above, and nothing speaks for it but that few addresses of the place have the house number: a corner lot on the
        /// roll under its other street; or a numbered street with one figure changed.
        NAME_NUMBER_ALONE = "number_alone",
        /// Found by the point alone.
        NAME_OTHER = "other",
    }
    1 {
        DIRECTION_EQUAL = "equal",
        /// N MAIN ST / MAIN ST N.
        DIRECTION_MOVED = "moved",
        DIRECTION_MISSING_QUERY = "missing_query",
        DIRECTION_MISSING_REFERENCE = "missing_reference",
        /// NW 57 ST / N 57 ST.
        DIRECTION_PARTIAL = "partial",
        DIRECTION_CONFLICT = "conflict",
        /// As above, but the county has this name with the direction as written.
        DIRECTION_MISSING_KNOWN = "missing_known",
        DIRECTION_CONFLICT_KNOWN = "conflict_known",
        /// As above, and the street as written has the house number.
        DIRECTION_MISSING_ANSWERED = "missing_answered",
        DIRECTION_CONFLICT_ANSWERED = "conflict_answered",
    }
    2 {
        TYPE_EQUAL = "equal",
        /// HWY 20 / STATE HWY 20; COUNTY RD / RD.
        TYPE_CLASS = "class",
        /// 34 ST / 34TH STREET CT: one side lacks the second type.
        TYPE_INNER = "inner",
        TYPE_MISSING_QUERY = "missing_query",
        TYPE_MISSING_REFERENCE = "missing_reference",
        TYPE_CONFLICT = "conflict",
        /// As above, but the county has this name with the type as written.
        TYPE_MISSING_KNOWN = "missing_known",
        TYPE_CONFLICT_KNOWN = "conflict_known",
        /// As above, and the street as written has house numbers around the one asked for.
        TYPE_CONFLICT_ON_BLOCK = "conflict_on_block",
        /// The same two for numbered streets: where there is a 24 ST and a 24 PL, few take one for the other.
        TYPE_CONFLICT_NUMBERED = "conflict_numbered",
        TYPE_CONFLICT_NUMBERED_ON_BLOCK = "conflict_numbered_on_block",
        /// As above, and the street as written has the house number.
        TYPE_MISSING_ANSWERED = "missing_answered",
        TYPE_CONFLICT_ANSWERED = "conflict_answered",
    }
    3 {
        NUMBER_EXACT = "exact",
        NUMBER_RANGE_SAME = "range_same",
        /// The house number lies in the range of the lot.
        NUMBER_IN_RANGE = "in_range",
        /// The lot lies in the range that was asked for.
        NUMBER_COVERED = "covered",
        /// As above, and the street has no other lot in that range.
        NUMBER_COVERED_ALONE = "covered_alone",
        NUMBER_RANGE_OVERLAP = "range_overlap",
        /// In the range, but on the other side of the street.
        NUMBER_IN_RANGE_PARITY = "in_range_parity",
        /// Not on the street, but nearer to the lot below (above) than lots of this county ever are to each other: the second
        /// door of a duplex.
        NUMBER_BELOW_SLOT = "below_slot",
        NUMBER_ABOVE_SLOT = "above_slot",
        /// Not on the street; the nearest number of the same side, this far below or above.
        NUMBER_BELOW_2 = "below_2",
        NUMBER_BELOW_4 = "below_4",
        NUMBER_BELOW_10 = "below_10",
        NUMBER_BELOW_30 = "below_30",
        NUMBER_ABOVE_2 = "above_2",
        NUMBER_ABOVE_4 = "above_4",
        NUMBER_ABOVE_10 = "above_10",
        NUMBER_ABOVE_30 = "above_30",
        /// The second nearest number of the same side.
        NUMBER_SECOND = "second_nearest",
        NUMBER_FAR = "far",
        NUMBER_OTHER_SIDE = "other_side",
        NUMBER_TRANSPOSED = "transposed",
        NUMBER_DIGIT_TYPO = "digit_typo",
        /// Found by the point; the number has nothing to do with it.
        NUMBER_OTHER = "other",
    }
    4 {
        SUFFIX_EQUAL = "equal",
        SUFFIX_MISSING_QUERY = "missing_query",
        SUFFIX_MISSING_REFERENCE = "missing_reference",
        /// 54 / 54R, and the street has a 54R.
        SUFFIX_ANSWERED = "other_answered",
        SUFFIX_CONFLICT = "conflict",
        /// 123 1/2 / 123.
        SUFFIX_HALF = "half_conflict",
        /// Second parts of composite numbers (80-44 / 80-42) four apart at most.
        SUFFIX_COMPOSITE_NEAR = "composite_near",
        SUFFIX_COMPOSITE = "composite_conflict",
        /// N63W12345 / N64W12345.
        PREFIX_CONFLICT = "prefix_conflict",
        PREFIX_MISSING = "prefix_missing",
    }
    5 {
        UNIT_EQUAL = "equal",
        /// A unit was asked for, and the address has none in the county.
        UNIT_QUERY_ONLY = "query_only",
        /// A unit was asked for; this is the lot without unit among lots with units.
        UNIT_QUERY_ONLY_SIBLINGS = "query_only_siblings",
        /// A unit was asked for, and another lot has exactly this unit.
        UNIT_QUERY_ONLY_BETTER = "query_only_better",
        UNIT_REFERENCE_ONLY = "reference_only",
        /// B / A & B; 8 / 7-8: one of the units of the lot.
        UNIT_LISTED = "listed",
        /// 319 / B319: one letter more or less; 8 / building 1, 8.
        UNIT_ALIKE = "alike",
        UNIT_CONFLICT = "conflict",
    }
    6 {
        ZIP_UNKNOWN = "unknown",
        ZIP_EQUAL = "equal",
        /// Same first three digits.
        ZIP_NEAR = "near",
        ZIP_DIFFERS = "differs",
    }
    7 {
        PLACE_UNKNOWN = "unknown",
        PLACE_EQUAL = "equal",
        PLACE_DIFFERS = "differs",
    }
    8 {
        POSITION_UNKNOWN = "unknown",
        POSITION_INSIDE = "inside",
        /// The nearest lot of all, at most 30 m away.
        POSITION_NEAREST = "nearest",
        /// As above, and the street asked for, which lacks the house number, has the numbers around it about the point: text and
        /// point name one place, and this is the lot there (a second door, a corner lot under its other street).
        POSITION_INSIDE_ON_BLOCK = "inside_on_block",
        POSITION_NEAREST_ON_BLOCK = "nearest_on_block",
        POSITION_WITHIN_30 = "within_30_m",
        POSITION_WITHIN_80 = "within_80_m",
        POSITION_WITHIN_200 = "within_200_m",
        POSITION_WITHIN_600 = "within_600_m",
        POSITION_BEYOND = "beyond",
    }
    9 {
        OWNER_UNKNOWN = "unknown",
        OWNER_EQUAL = "equal",
        OWNER_SHARES_WORD = "shares_word",
        OWNER_DIFFERS = "differs",
    }
    10 {
        READING_FIRST = "first",
        READING_OTHER = "other",
    }
}

/// Positions of the elements in a candidate's levels.
pub(crate) const NAME: usize = 0;
pub(crate) const DIRECTION: usize = 1;
pub(crate) const TYPE: usize = 2;
pub(crate) const NUMBER: usize = 3;
pub(crate) const SUFFIX: usize = 4;
pub(crate) const UNIT: usize = 5;
pub(crate) const ZIP: usize = 6;
pub(crate) const PLACE: usize = 7;
pub(crate) const POSITION: usize = 8;
pub(crate) const OWNER: usize = 9;
pub(crate) const READING: usize = 10;

/// The levels of a full agreement in which nothing else is known.
pub(crate) const AGREEMENT: Levels = [
    NAME_EXACT,
    DIRECTION_EQUAL,
    TYPE_EQUAL,
    NUMBER_EXACT,
    SUFFIX_EQUAL,
    UNIT_EQUAL,
    ZIP_UNKNOWN,
    PLACE_UNKNOWN,
    POSITION_UNKNOWN,
    OWNER_UNKNOWN,
    READING_FIRST,
];

/// Element of a level.
pub(crate) fn element_of(level: Level) -> &'static str {
    ELEMENTS[LEVELS[level as usize].0 as usize]
}

/// Word of a level.
pub(crate) fn word_of(level: Level) -> &'static str {
    LEVELS[level as usize].1
}
