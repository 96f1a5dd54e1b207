//! How a county writes its owner lines, learnt from the lines themselves.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::lexicon::{self, lexicon};
use super::token::{self, Mark, Token};

/// Order and separators of a person's name on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LineStyle {
    /// `SMITH, JOHN A & MARY B`.
    Comma,
    /// `SMITH JOHN A/MARY B`.
    Slash,
    /// `SMITH JOHN A & MARY B`.
    Space,
    /// `JOHN A SMITH`.
    Natural,
    /// Not learnt: each line is judged by its own shape.
    #[default]
    Mixed,
}

impl LineStyle {
    /// The word used on the command line and in profiles.
    pub fn as_str(self) -> &'static str {
        match self {
            LineStyle::Comma => "comma",
            LineStyle::Slash => "slash",
            LineStyle::Space => "space",
            LineStyle::Natural => "natural",
            LineStyle::Mixed => "mixed",
        }
    }

    /// The style of the word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [LineStyle::Comma, LineStyle::Slash, LineStyle::Space, LineStyle::Natural, LineStyle::Mixed]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

/// Hashes of words, each with how often it was seen.
pub type HashCounts = Vec<(u64, u32)>;

/// What was learnt from the lines of one county.
#[derive(Debug, Clone, Default)]
pub struct Style {
    /// The prevailing style.
    pub line: LineStyle,
    /// Lines of persons looked at.
    pub n_persons: usize,
    /// Of these, lines with `SURNAME,` in hundredths.
    pub comma_percent: usize,
    /// Width of the column when names are cut at it.
    pub column_width: Option<usize>,
    /// Per word, by its hash: times as a surname, times as a given name, on this roll.
    positions: Arc<FxHashMap<u64, (u32, u32)>>,
}

impl Style {
    /// A style set by hand, without statistics.
    pub fn fixed(line: LineStyle) -> Self {
        Self { line, ..Self::default() }
    }

    /// Learns from the owner lines of one county. The order of the lines does not matter.
    pub fn learn<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        Self::learn_counted(lines.map(|line| (line, 1)))
    }

    /// As [`Style::learn`], from distinct lines and how often each occurs.
    pub fn learn_counted<'a>(lines: impl Iterator<Item = (&'a str, u32)>) -> Self {
        let mut learner = StyleLearner::default();
        lines.for_each(|(line, n)| learner.add(line, n));
        learner.finish()
    }

    /// The same statistics, for names in another order.
    pub(super) fn with_order(&self, line: LineStyle) -> Self {
        Self { line, ..self.clone() }
    }

    /// Times the roll uses the word as a surname and as a given name.
    pub(super) fn seen(&self, word: &str) -> (u32, u32) {
        if self.positions.is_empty() { (0, 0) } else { self.positions.get(&hash(word)).copied().unwrap_or((0, 0)) }
    }

    /// Number of words in [`Style::positions`].
    pub fn n_words(&self) -> usize {
        self.positions.len()
    }

    /// Hashes of words with times as a surname, and with times as a given name, in no order.
    pub fn positions(&self) -> (HashCounts, HashCounts) {
        self.positions.iter().map(|(hash, (surname, given))| ((*hash, *surname), (*hash, *given))).unzip()
    }

    /// Takes what [`Style::positions`] gave.
    pub fn set_positions(&mut self, surnames: HashCounts, given: HashCounts) {
        let mut positions: FxHashMap<u64, (u32, u32)> = FxHashMap::default();
        surnames.into_iter().for_each(|(hash, n)| positions.entry(hash).or_default().0 = n);
        given.into_iter().for_each(|(hash, n)| positions.entry(hash).or_default().1 = n);
        self.positions = Arc::new(positions);
    }
}

/// Learns a style line by line, in any order.
#[derive(Debug, Default)]
pub struct StyleLearner {
    tally: Tally,
    folded: String,
}

impl StyleLearner {
    /// Takes a line that occurs `n` times.
    pub fn add(&mut self, line: &str, n: u32) {
        self.folded.clear();
        token::fold(line, &mut self.folded);
        self.tally.n = n;
        self.tally.add_width(line.trim_end().chars().count());
        self.tally.add_line(&token::tokenize(&self.folded, lexicon()));
    }

    /// What the lines taught.
    pub fn finish(self) -> Style {
        self.tally.into_style()
    }
}

#[derive(Debug, Default)]
struct Tally {
    /// Rows with the line at hand.
    n: u32,
    n_comma: usize,
    n_slash: usize,
    n_space: usize,
    n_natural: usize,
    n_plain: usize,
    widths: FxHashMap<usize, usize>,
    /// Per word: first of a line before a comma, given after it; first and last in lines without comma.
    comma: FxHashMap<u64, (u32, u32)>,
    plain: FxHashMap<u64, (u32, u32)>,
}

impl Tally {
    fn add_width(&mut self, width: usize) {
        *self.widths.entry(width).or_default() += self.n as usize;
    }

    fn add_line(&mut self, tokens: &[Token<'_>]) {
        if tokens.iter().skip(1).any(|t| t.is(lexicon::ORGANISATION | lexicon::DIGIT | lexicon::TRUST_ABBREV)) {
            return;
        }
        let [first, second, rest @ ..] = tokens else { return };
        if second.mark == Mark::Comma && first.is_word() {
            let Some(given) = rest.first().filter(|t| t.is_word()) else { return };
            self.n_comma += self.n as usize;
            count(&mut self.comma, first.text).0 += self.n;
            if !given.is(lexicon::INITIAL) {
                count(&mut self.comma, given.text).1 += self.n;
            }
            return;
        }
        if !first.is_word() || first.is(lexicon::ORGANISATION | lexicon::GOV_OF) || !second.is_word() {
            return;
        }
        let part: Vec<&Token<'_>> =
            tokens.iter().take_while(|t| t.is_word()).filter(|t| !t.is(lexicon::SUFFIX)).take(4).collect();
        self.n_plain += self.n as usize;
        if tokens.iter().any(|t| t.mark == Mark::Slash) {
            self.n_slash += self.n as usize;
        }
        let (surname_first, natural) = order_signs(&part);
        self.n_space += self.n as usize * usize::from(surname_first);
        self.n_natural += self.n as usize * usize::from(natural);
        count(&mut self.plain, first.text).0 += self.n;
        if let Some(last) = part.last().filter(|t| !t.is(lexicon::INITIAL)) {
            count(&mut self.plain, last.text).1 += self.n;
        }
        if !second.is(lexicon::INITIAL) && part.len() > 2 {
            count(&mut self.plain, second.text).1 += self.n;
        }
    }

    fn into_style(self) -> Style {
        let n_persons = self.n_comma + self.n_plain;
        let comma_percent = (100 * self.n_comma).checked_div(n_persons).unwrap_or(0);
        // Nine in ten: counties type the comma nearly always or hardly ever; a file between the two is a mixture.
        let line = if n_persons == 0 {
            LineStyle::Mixed
        } else if comma_percent >= 60 {
            LineStyle::Comma
        } else if self.n_natural > 2 * self.n_space {
            LineStyle::Natural
        } else if self.n_space > 2 * self.n_natural {
            if 4 * self.n_slash >= self.n_plain { LineStyle::Slash } else { LineStyle::Space }
        } else {
            LineStyle::Mixed
        };
        let mut positions = self.comma;
        for (word, (first, other)) in self.plain {
            let slot = positions.entry(word).or_default();
            match line {
                LineStyle::Natural => {
                    slot.0 += other;
                    slot.1 += first;
                }
                LineStyle::Space | LineStyle::Slash => {
                    slot.0 += first;
                    slot.1 += other;
                }
                LineStyle::Comma | LineStyle::Mixed => {}
            }
        }
        Style { line, n_persons, comma_percent, column_width: width_of(&self.widths), positions: Arc::new(positions) }
    }
}

fn hash(word: &str) -> u64 {
    xxh3_64(word.as_bytes())
}

fn count<'m>(map: &'m mut FxHashMap<u64, (u32, u32)>, word: &str) -> &'m mut (u32, u32) {
    map.entry(hash(word)).or_default()
}

/// Signs of (surname first, natural order): `W W I` against `W I W`, and given names at one end only.
fn order_signs(part: &[&Token<'_>]) -> (bool, bool) {
    let [first, .., last] = part else { return (false, false) };
    let initial = |t: &Token<'_>| t.is(lexicon::INITIAL);
    let second_initial = part.get(1).is_some_and(|t| initial(t));
    if part.len() == 3 && !initial(first) {
        if initial(last) && !second_initial {
            return (true, false);
        }
        if second_initial && !initial(last) && !last.is(lexicon::GIVEN) {
            return (false, true);
        }
    }
    let second_given = part.get(1).is_some_and(|t| t.is(lexicon::GIVEN));
    (second_given && !first.is(lexicon::GIVEN), first.is(lexicon::GIVEN) && !last.is(lexicon::GIVEN) && !second_given)
}

/// A column cuts names when its greatest width is reached by more lines than the two widths below it together.
fn width_of(widths: &FxHashMap<usize, usize>) -> Option<usize> {
    let at = |w: usize| widths.get(&w).copied().unwrap_or(0);
    let widest = widths.keys().copied().max()?;
    // Five lines of equal greatest width are no accident in a column of some length.
    (widest >= 20 && at(widest) >= 5 && at(widest) > at(widest - 1) + at(widest - 2)).then_some(widest)
}
