//! From the probability that the weights give to the score that is shown: a rising line through a few points, fitted to
//! how often answers of each probability were right in cities that the weights had not seen.
//!
//! Decisions do not use it: limits and vetoes stay on the probability of the weights. It changes what a score promises.

use serde::Deserialize;

/// Where the line bends, in bits (log2 odds of the probability). Below even odds it stays as it is: how many addresses of a
/// list are not in the county differs from none to nearly all.
const KNOTS: [f64; 15] = [0.0, 1.0, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0];
/// Answers that the line in use counts for at each bend, so that a few reviews bend it a little.
const PRIOR_ANSWERS: f64 = 20.0;
/// Least rise from bend to bend: two probabilities that differ stay in their order.
const RISE_MIN: f64 = 0.0002;

/// A line as it stands in the weight table.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    bits: Vec<f64>,
    score: Vec<f64>,
}

/// The map from probability to score.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    /// Bits and score, both rising; empty for "as it is".
    knots: Vec<(f64, f64)>,
}

/// One answer whose truth is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Log2 odds of the best candidate by the weights.
    pub bits: f64,
    /// True when it was right.
    pub is_right: bool,
    /// How much it counts.
    pub weight: f64,
}

fn probability(bits: f64) -> f64 {
    1.0 / (1.0 + (-bits).exp2())
}

impl Calibration {
    /// A line from the table; `None` when it does not rise or leaves 0 to 1.
    pub(crate) fn from_line(line: &Line) -> Option<Self> {
        let knots: Vec<(f64, f64)> = line.bits.iter().copied().zip(line.score.iter().copied()).collect();
        let is_rising = knots.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1);
        let is_inside = knots.iter().all(|(bits, score)| bits.is_finite() && (0.0..=1.0).contains(score));
        (line.bits.len() == line.score.len() && is_rising && is_inside).then_some(Self { knots })
    }

    /// The score of an answer with these log2 odds.
    pub(crate) fn score(&self, bits: f64) -> f64 {
        let (Some(first), Some(last)) = (self.knots.first(), self.knots.last()) else { return probability(bits) };
        if bits <= first.0 {
            return first.1 * probability(bits) / probability(first.0);
        }
        let above = self.knots.partition_point(|k| k.0 < bits);
        let Some(high) = self.knots.get(above) else { return last.1 };
        let low = self.knots[above - 1];
        low.1 + (high.1 - low.1) * (bits - low.0) / (high.0 - low.0)
    }

    /// The line as a section of the weight table; empty for "as it is".
    pub(crate) fn to_toml(&self) -> String {
        if self.knots.is_empty() {
            return String::new();
        }
        let list = |each: &dyn Fn(&(f64, f64)) -> String| self.knots.iter().map(each).collect::<Vec<_>>().join(", ");
        let (bits, score) = (list(&|k| format!("{:.1}", k.0)), list(&|k| format!("{:.4}", k.1)));
        format!("\n[calibration]\nbits = [{bits}]\nscore = [{score}]\n")
    }

    /// Fits the line to answers whose truth is known, one list a city, held near `from`.
    ///
    /// At each bend all cities count the same, so that one with many hard answers does not set the line alone.
    pub fn fit(cities: &[Vec<Answer>], from: &Self) -> Self {
        let held: Vec<Sum> = KNOTS.iter().map(|bits| Sum::of(PRIOR_ANSWERS, from.score(*bits))).collect();
        let sums: Vec<Vec<Sum>> = cities.iter().map(|answers| sums_of(answers)).collect();
        let all: Vec<Sum> =
            (0..KNOTS.len()).map(|at| sums.iter().fold(held[at], |sum, city| sum.plus(city[at]))).collect();
        let pooled = rising(&all);
        let n = cities.len().max(1) as f64;
        let means: Vec<Sum> = (0..KNOTS.len())
            .map(|at| {
                let held = Sum::of(PRIOR_ANSWERS, pooled[at]);
                let mean = sums.iter().map(|city| city[at].plus(held).share()).sum::<f64>() / n;
                Sum::of(all[at].weight, if cities.is_empty() { pooled[at] } else { mean })
            })
            .collect();
        let mut scores = rising(&means);
        let mut top = 1.0 - RISE_MIN;
        for score in scores.iter_mut().rev() {
            *score = score.min(top);
            top = *score - RISE_MIN;
        }
        // A line through cities whose answers are mostly wrong there would fall below even odds.
        let mut least = probability(KNOTS[0]);
        for (at, score) in scores.iter_mut().enumerate() {
            *score = if at == 0 { least } else { score.max(least + RISE_MIN) };
            least = *score;
        }
        Self { knots: KNOTS.into_iter().zip(scores).collect() }
    }
}

/// Answers at a bend and how many of them were right.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    weight: f64,
    right: f64,
}

impl Sum {
    fn of(weight: f64, share: f64) -> Self {
        Self { weight, right: weight * share }
    }

    fn plus(self, other: Self) -> Self {
        Self { weight: self.weight + other.weight, right: self.right + other.right }
    }

    fn share(self) -> f64 {
        self.right / self.weight
    }
}

/// Each answer counts at the two bends beside it, more at the nearer.
fn sums_of(answers: &[Answer]) -> Vec<Sum> {
    let mut sums = vec![Sum::default(); KNOTS.len()];
    for answer in answers.iter().filter(|a| a.bits >= KNOTS[0]) {
        let bits = answer.bits.clamp(KNOTS[0], KNOTS[KNOTS.len() - 1]);
        let above = KNOTS.partition_point(|k| *k < bits).max(1);
        let share = (bits - KNOTS[above - 1]) / (KNOTS[above] - KNOTS[above - 1]);
        for (at, part) in [(above - 1, 1.0 - share), (above, share)] {
            sums[at] = sums[at].plus(Sum::of(answer.weight * part, f64::from(u8::from(answer.is_right))));
        }
    }
    sums
}

/// The nearest rising row of shares (pool adjacent violators).
fn rising(sums: &[Sum]) -> Vec<f64> {
    let mut blocks: Vec<(Sum, usize)> = Vec::with_capacity(sums.len());
    for sum in sums {
        blocks.push((*sum, 1));
        while let [.., (a, n_a), (b, n_b)] = blocks.as_slice() {
            if a.share() <= b.share() {
                break;
            }
            let pooled = (a.plus(*b), n_a + n_b);
            blocks.truncate(blocks.len() - 2);
            blocks.push(pooled);
        }
    }
    blocks.into_iter().flat_map(|(sum, n)| std::iter::repeat_n(sum.share(), n)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Answer, Calibration, Line, Sum, probability, rising};

    #[test]
    fn a_falling_row_is_pooled() {
        let row = [(1.0, 0.2), (1.0, 0.6), (1.0, 0.4), (2.0, 1.0)].map(|(weight, share)| Sum::of(weight, share));
        assert_eq!(rising(&row), [0.2, 0.5, 0.5, 1.0]);
    }

    #[test]
    fn cities_count_the_same() {
        let city = |n: u32, share: f64| -> Vec<Answer> {
            let right = (f64::from(n) * share) as u32;
            (0..n).map(|i| Answer { bits: 5.0, is_right: i < right, weight: 1.0 }).collect()
        };
        let score = Calibration::fit(&[city(50_000, 0.9), city(2_000, 1.0)], &Calibration::default()).score(5.0);
        assert!((score - 0.95).abs() < 0.005, "{score}");
    }

    #[test]
    fn the_score_becomes_the_share_that_was_right_and_keeps_its_order() {
        let answer = |i: u32| {
            let bits = f64::from(i % 8);
            Answer { bits, is_right: i % 100 < 60 + 5 * (i % 8), weight: 1.0 }
        };
        let answers: Vec<Answer> = (0..40_000).map(answer).collect();
        let fitted = Calibration::fit(std::slice::from_ref(&answers), &Calibration::default());
        for level in 0..8_u32 {
            let of: Vec<&Answer> = answers.iter().filter(|a| a.bits == f64::from(level)).collect();
            let share = of.iter().filter(|a| a.is_right).count() as f64 / of.len() as f64;
            let score = fitted.score(f64::from(level));
            assert!(level == 0 || (score - share).abs() < 0.02, "{level}: {score} for {share}");
        }
        let scores: Vec<f64> = (-120..=80).map(|i| fitted.score(f64::from(i) / 10.0)).collect();
        assert!(scores.windows(2).all(|w| w[0] < w[1]), "{scores:?}");
        assert!(scores.iter().all(|s| (0.0..1.0).contains(s)));
    }

    #[test]
    fn few_answers_bend_it_a_little_and_none_not_at_all() {
        let wrong = vec![Answer { bits: 4.0, is_right: false, weight: 1.0 }; 5];
        let bent = Calibration::fit(&[wrong], &Calibration::default()).score(4.0);
        assert!(bent < probability(4.0) && bent > 0.7, "{bent}");
        let same = Calibration::fit(&[], &Calibration::default());
        assert!((same.score(3.0) - probability(3.0)).abs() < 1e-9);
        assert!((Calibration::default().score(3.0) - probability(3.0)).abs() < 1e-12);
    }

    #[test]
    fn a_line_that_falls_is_refused() {
        let line = |score: [f64; 2]| Calibration::from_line(&Line { bits: vec![0.0, 1.0], score: score.to_vec() });
        assert!(line([0.5, 0.6]).is_some());
        assert!(line([0.5, 0.4]).is_none() && line([0.5, 1.4]).is_none());
        assert!(Calibration::from_line(&Line { bits: vec![0.0], score: vec![] }).is_none());
    }
}
