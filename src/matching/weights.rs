//! The weight table: one number of bits per comparison level, read from `data/standards/match_weights.toml`.

use serde::Deserialize;

/// The embedded defaults.
const DEFAULTS: &str = include_str!("../../data/standards/match_weights.toml");

macro_rules! level_table {
    ($($(#[$doc:meta])* $name:ident { $($field:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs, reason = "the levels are explained in data/standards/match_weights.toml")]
        pub struct $name { $(pub $field: f64),+ }
    )+};
}

level_table! {
    /// Street name levels.
    NameWeights { exact, spacing, one_edit, one_edit_short, two_edits, subset, class_differs }
    /// Direction levels.
    DirectionWeights { equal, moved, missing_query, missing_reference, conflict }
    /// Street type levels.
    TypeWeights { equal, missing, conflict }
    /// House number levels.
    NumberWeights {
        exact, range_same, in_range, range_overlap, in_range_parity, suffix_missing, suffix_conflict, half_conflict,
        prefix_conflict, neighbour, digit_typo,
    }
    /// Unit levels.
    UnitWeights { equal, query_only, reference_only, conflict }
    /// ZIP levels.
    ZipWeights { equal, near, differs }
    /// Place levels.
    PlaceWeights { equal, differs }
    /// Distance levels, metres.
    PositionWeights { within_30_m, within_80_m, within_200_m, within_600_m, beyond }
    /// Owner name levels.
    OwnerWeights { equal, shares_word, differs }
    /// Thresholds of the decision.
    DecisionLimits { accept_probability, accept_margin_bits, review_probability }
}

/// Every weight and threshold of the matcher.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Names this table in stored links.
    pub version: String,
    /// Bits of a full agreement against "none of them".
    pub base: f64,
    /// Street name.
    pub name: NameWeights,
    /// Directions.
    pub direction: DirectionWeights,
    /// Street type.
    #[serde(rename = "type")]
    pub street_type: TypeWeights,
    /// House number.
    pub number: NumberWeights,
    /// Unit.
    pub unit: UnitWeights,
    /// ZIP.
    pub zip: ZipWeights,
    /// Place.
    pub place: PlaceWeights,
    /// Distance.
    pub position: PositionWeights,
    /// Owner name against account holder.
    pub owner: OwnerWeights,
    /// Thresholds.
    pub decision: DecisionLimits,
}

impl Weights {
    /// Reads a table.
    ///
    /// # Errors
    /// When the text is not a complete table; the message names line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self::parse(DEFAULTS).expect("the embedded table is complete (tested)")
    }
}

#[cfg(test)]
mod tests {
    use super::{DEFAULTS, Weights};

    #[test]
    fn the_embedded_table_is_complete_and_errors_name_the_place() {
        assert!(Weights::default().base > 0.0);
        let error = Weights::parse(&DEFAULTS.replace("base = 7.0", "base = seven")).unwrap_err().to_string();
        assert!(error.contains("line"), "{error}");
        assert!(Weights::parse("version = 'x'").is_err());
    }
}
