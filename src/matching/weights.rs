//! The weight table: bits per comparison level, read from `data/standards/match_weights.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::calibration::{Calibration, Line};
use super::levels::{ELEMENTS, LEVELS, Level, Levels, element_of, word_of};

/// The embedded defaults.
const DEFAULTS: &str = include_str!("../../data/standards/match_weights.toml");

/// Thresholds of the decision.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionLimits {
    /// Probability from which a link is accepted.
    pub accept_probability: f64,
    /// Bits that the best candidate must be ahead of the next one and of "none of them".
    pub accept_margin_bits: f64,
    /// Probability from which a person should look.
    pub review_probability: f64,
}

/// A table as it stands in the file: one section per element, one number of bits per level.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    version: String,
    base: f64,
    decision: DecisionLimits,
    level: BTreeMap<String, BTreeMap<String, f64>>,
    #[serde(default)]
    sample: BTreeMap<String, BTreeMap<String, f64>>,
    calibration: Option<Line>,
}

/// Every weight and threshold of the matcher.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Names this table in stored links.
    pub version: String,
    /// Bits of a full agreement against "none of them".
    pub base: f64,
    /// Thresholds.
    pub decision: DecisionLimits,
    /// From the probability of the weights to the score that is shown.
    pub calibration: Calibration,
    /// Bits by level in a whole roll.
    pub(crate) whole: Vec<f64>,
    /// Bits by level where the file holds a small share of the county's addresses.
    pub(crate) sample: Vec<f64>,
}

/// A weight table that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// No TOML, or a wrong key or type.
    #[error("the weight table cannot be read")]
    Toml(#[from] toml::de::Error),
    /// A level that the program does not know, or one that the table lacks.
    #[error("the weight table {problem} {element}.{level}")]
    Level {
        /// `lacks` or `does not know`.
        problem: &'static str,
        /// Element.
        element: String,
        /// Level.
        level: String,
    },
    /// A line of scores that falls, or leaves 0 to 1.
    #[error("calibration: bits and score must have one length and rise, scores between 0 and 1")]
    Calibration,
}

/// Position of a level by its words.
fn level_named(element: &str, level: &str) -> Option<usize> {
    LEVELS.iter().position(|(e, word)| ELEMENTS[*e as usize] == element && *word == level)
}

impl Weights {
    /// Reads a table. Levels that it lacks, because an older release wrote it, keep their built-in weight.
    ///
    /// # Errors
    /// When the text is no table, or names what is no level; the message names line and column, or the level.
    pub fn parse(text: &str) -> Result<Self, WeightsError> {
        Self::read(text, Self::default().whole)
    }

    fn read(text: &str, mut whole: Vec<f64>) -> Result<Self, WeightsError> {
        let table: Table = toml::from_str(text)?;
        fill(&table.level, &mut whole)?;
        if let Some(missing) = whole.iter().position(|w| !w.is_finite()) {
            let level = Level::try_from(missing).unwrap_or(0);
            return Err(WeightsError::Level {
                problem: "lacks",
                element: element_of(level).to_owned(),
                level: word_of(level).to_owned(),
            });
        }
        let mut sample = whole.clone();
        fill(&table.sample, &mut sample)?;
        let line = table.calibration.as_ref().map(|line| Calibration::from_line(line).ok_or(WeightsError::Calibration));
        let calibration = line.transpose()?.unwrap_or_default();
        Ok(Self { version: table.version, base: table.base, decision: table.decision, calibration, whole, sample })
    }

    /// The table for a county of this completeness (thousandths): between the two columns.
    pub(crate) fn at(&self, completeness: u32) -> Vec<f64> {
        let share = share_whole(completeness);
        self.whole.iter().zip(&self.sample).map(|(w, s)| w * share + s * (1.0 - share)).collect()
    }

    /// The table as a file, with every level.
    pub fn to_toml(&self) -> String {
        use std::fmt::Write;
        let mut out = String::new();
        let d = &self.decision;
        let _written = write!(
            out,
            "version = {:?}\nbase = {:.2}\n\n[decision]\naccept_probability = {}\naccept_margin_bits = {}\nreview_probability = {}\n",
            self.version, self.base, d.accept_probability, d.accept_margin_bits, d.review_probability
        );
        out.push_str(&self.calibration.to_toml());
        for (section, values) in [("level", &self.whole), ("sample", &self.sample)] {
            let mut element = "";
            for (i, value) in values.iter().enumerate() {
                if section == "sample" && (value - self.whole[i]).abs() < 0.005 {
                    continue;
                }
                let level = Level::try_from(i).unwrap_or(0);
                if element_of(level) != element {
                    element = element_of(level);
                    let _written = write!(out, "\n[{section}.{element}]\n");
                }
                let _written = writeln!(out, "{} = {value:.2}", word_of(level));
            }
        }
        out
    }
}

/// How much of the column for whole rolls applies, 0 to 1. Whole rolls of very different cities have 80 % and more of their
/// gaps small; samples of a tenth have half of that.
pub(crate) fn share_whole(completeness: u32) -> f64 {
    ((f64::from(completeness) - 500.0) / 300.0).clamp(0.0, 1.0)
}

fn fill(sections: &BTreeMap<String, BTreeMap<String, f64>>, values: &mut [f64]) -> Result<(), WeightsError> {
    for (element, levels) in sections {
        for (level, bits) in levels {
            let Some(at) = level_named(element, level) else {
                let (element, level) = (element.clone(), level.clone());
                return Err(WeightsError::Level { problem: "does not know", element, level });
            };
            values[at] = *bits;
        }
    }
    Ok(())
}

/// Sum of the weights of a candidate.
pub(crate) fn bits_of(levels: &Levels, weights: &[f64]) -> f64 {
    levels.iter().map(|l| weights[*l as usize]).sum()
}

impl Default for Weights {
    fn default() -> Self {
        Self::read(DEFAULTS, vec![f64::NAN; LEVELS.len()]).expect("the embedded table is complete (tested)")
    }
}

#[cfg(test)]
mod tests {
    use super::{DEFAULTS, Weights};

    #[test]
    fn the_embedded_table_is_complete_and_errors_name_the_place() {
        let weights = Weights::default();
        assert!(weights.base > 0.0);
        assert_eq!(Weights::parse(&weights.to_toml()).expect("its own file").whole.len(), weights.whole.len());
        let error = Weights::parse(&DEFAULTS.replacen("base = ", "base = 'seven' #", 1)).unwrap_err();
        assert!(std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("line")), "{error}");
        let error = Weights::parse(&DEFAULTS.replacen("transposed", "transposd", 1)).unwrap_err().to_string();
        assert!(error.contains("address_number.transposd"), "{error}");
    }

    #[test]
    fn a_table_of_an_older_release_keeps_its_weights_and_takes_the_new_levels() {
        let older: String = DEFAULTS
            .lines()
            .filter(|line| !line.starts_with("number_alone"))
            .map(|line| line.replace("transposed = -14.04", "transposed = -3.00") + "\n")
            .collect();
        let (read, built_in) = (Weights::parse(&older).expect("a table"), Weights::default());
        let at = |word| super::level_named("street_name", word).expect("a level");
        assert_eq!(read.whole[at("number_alone")].to_bits(), built_in.whole[at("number_alone")].to_bits());
        assert_eq!(
            read.whole[super::level_named("address_number", "transposed").expect("a level")].to_bits(),
            (-3f64).to_bits()
        );
    }
}
