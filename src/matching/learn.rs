//! Weights from labelled addresses: a conditional choice between the candidates of each query and "none of them", fitted by
//! Newton's method with a pull towards the weights in use, so that a level without examples keeps its weight.
//!
//! Labels are not all right (a corner lot under its other street, a lot that was split): each query counts only as much as
//! the present weights believe its label, with 3 % as the share of labels that mean nothing.

use super::calibration::Answer;
use super::collect::{Found, Query, Scratch};
use super::levels::{
    AGREEMENT, ELEMENTS, LEVELS, Level, Levels, NUMBER, NUMBER_BELOW_SLOT, OWNER, PLACE_EQUAL, POSITION, UNIT,
    ZIP_EQUAL, element_of,
};
use super::matcher::Matcher;
use super::weights::{Weights, bits_of, share_whole};

/// Share of labels believed to be wrong; measured 0.5 to 5 % on the labelled sets of docs/matching.md.
const LABEL_NOISE: f64 = 0.03;
/// Bits by which a weight may move for a pull of one half nat.
const PRIOR_BITS: f64 = 2.5;
/// The same for the difference between a sample and a whole roll.
const PRIOR_SAMPLE_BITS: f64 = 1.5;
/// Longest step of one weight, bits: far jumps can land where every label looks like noise.
const STEP_BITS_MAX: f64 = 1.0;
/// Newton steps; twenty are enough in practice.
const STEPS_MAX: usize = 60;
/// What the smallest difference costs at least.
const DIFFERENCE_BITS_MAX: f64 = -0.2;
/// What another house number costs at least, however often the second doors of a city's duplexes are meant.
const OTHER_NUMBER_BITS_MAX: f64 = -1.5;
/// Fewest answers that tell how far labels can be trusted.
const WHOLE_MIN: usize = 50;
/// Candidates kept of one query; the rest has no probability to speak of.
const CANDIDATES_PER_CASE: usize = 16;

/// One labelled query: the levels of its candidates and which are right. None right: "none of them" is.
#[derive(Debug, Clone)]
pub struct Case {
    candidates: Vec<(Levels, bool)>,
    /// Log2 odds of the best answer by the weights that it was asked with, and whether it was right.
    best: Option<(f64, bool)>,
    /// True when the best answer agrees in street, house number and unit.
    is_whole: bool,
    share_whole: f64,
    /// How much the case counts.
    pub weight: f64,
}

/// What a fit did.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The new table.
    pub weights: Weights,
    /// Cases used.
    pub n_cases: usize,
    /// Mean log-likelihood before and after, nats a case.
    pub likelihood: (f64, f64),
}

/// Makes a case of a query whose parcels are known (`truths`, empty for "not in the county").
pub fn case(matcher: &Matcher, query: &Query<'_>, truths: &[&str], scratch: &mut Scratch) -> Case {
    let county = matcher.county();
    let judgement = matcher.judge_text(query, scratch);
    let is_right = |found: &Found| matcher.parcels_of(found).any(|p| truths.contains(&county.parcel_nos.get(p)));
    let candidates = judgement.ranked.iter().take(CANDIDATES_PER_CASE).map(|f| (f.levels, is_right(f))).collect();
    let answer = &judgement.ranked[..judgement.n_together];
    let is_whole = answer.first().is_some_and(|found| found.levels[..=UNIT] == AGREEMENT[..=UNIT]);
    let best = (!answer.is_empty()).then(|| (judgement.odds_bits, answer.iter().any(is_right)));
    Case { candidates, best, is_whole, share_whole: share_whole(county.completeness), weight: 1.0 }
}

/// Parameters: the base, then the bits of each level in a whole roll, then what a sample adds.
const N: usize = 1 + 2 * LEVELS.len();

/// Agreement is where the bits are counted from; that ZIP and place agree is worth what the table says, because a file in
/// which they always do cannot tell it from the base.
fn is_fixed(level: usize) -> bool {
    AGREEMENT.iter().any(|l| *l as usize == level) || level == ZIP_EQUAL as usize || level == PLACE_EQUAL as usize
}

/// Most bits of a level: a difference never speaks for a link, whatever a file's accidents say.
fn cap(level: usize) -> f64 {
    let element = Level::try_from(level).map_or("", element_of);
    if is_fixed(level) || element == ELEMENTS[POSITION] || element == ELEMENTS[OWNER] {
        f64::INFINITY
    } else if level == NUMBER_BELOW_SLOT as usize {
        OTHER_NUMBER_BITS_MAX
    } else {
        DIFFERENCE_BITS_MAX
    }
}

/// Parameter positions of a candidate with their factors. How complete the file is bears on street and number; what a unit or
/// a ZIP is worth does not depend on it.
fn features(levels: &Levels, share_whole: f64) -> impl Iterator<Item = (usize, f64)> + '_ {
    let free = levels.iter().map(|l| *l as usize).filter(|l| !is_fixed(*l));
    let sample = 1.0 - share_whole;
    let differs = |level: usize| LEVELS[level].0 as usize <= NUMBER;
    std::iter::once((0, 1.0))
        .chain(free.clone().map(|l| (1 + l, 1.0)))
        .chain(free.filter(move |l| sample > 0.0 && differs(*l)).map(move |l| (1 + LEVELS.len() + l, sample)))
}

struct Sums {
    likelihood: f64,
    gradient: Vec<f64>,
    /// Negative second derivative, row by row.
    curvature: Vec<f64>,
}

const NATS: f64 = std::f64::consts::LN_2;

fn add_case(case: &Case, parameters: &[f64], sums: &mut Sums) {
    let odds: Vec<f64> = case
        .candidates
        .iter()
        .map(|(levels, _)| features(levels, case.share_whole).map(|(i, x)| parameters[i] * x).sum::<f64>().exp2())
        .collect();
    let total = 1.0 + odds.iter().sum::<f64>();
    let right: f64 = case.candidates.iter().zip(&odds).filter(|((_, r), _)| *r).map(|(_, o)| o).sum();
    let none_is_right = !case.candidates.iter().any(|(_, r)| *r);
    let p_right = (if none_is_right { 1.0 } else { right }) / total;
    let by_chance = LABEL_NOISE / (case.candidates.len() + 1) as f64;
    let mixed = (1.0 - LABEL_NOISE) * p_right + by_chance;
    sums.likelihood += case.weight * mixed.ln();
    let belief = case.weight * (1.0 - LABEL_NOISE) * p_right / mixed;
    let mut mean: Vec<(usize, f64)> = Vec::with_capacity(64);
    for ((levels, is_right), odd) in case.candidates.iter().zip(&odds) {
        let p = odd / total;
        let pull = if *is_right { odd / right.max(f64::MIN_POSITIVE) } else { 0.0 } - p;
        for (i, x) in features(levels, case.share_whole) {
            sums.gradient[i] += NATS * belief * pull * x;
            match mean.iter_mut().find(|(j, _)| *j == i) {
                Some((_, sum)) => *sum += p * x,
                None => mean.push((i, p * x)),
            }
        }
        let all: Vec<(usize, f64)> = features(levels, case.share_whole).collect();
        for (i, x) in &all {
            for (j, y) in &all {
                sums.curvature[i * N + j] += NATS * NATS * belief * p * x * y;
            }
        }
    }
    for (i, x) in &mean {
        for (j, y) in &mean {
            sums.curvature[i * N + j] -= NATS * NATS * belief * x * y;
        }
    }
}

/// Value, gradient and curvature of the penalised likelihood.
fn sums_at(cases: &[&Case], parameters: &[f64], start: &[f64]) -> Sums {
    let mut sums = Sums { likelihood: 0.0, gradient: vec![0.0; N], curvature: vec![0.0; N * N] };
    for case in cases {
        add_case(case, parameters, &mut sums);
    }
    for i in 0..N {
        let sigma = if i <= LEVELS.len() { PRIOR_BITS } else { PRIOR_SAMPLE_BITS };
        let off = parameters[i] - start[i];
        sums.likelihood -= 0.5 * (off / sigma).powi(2);
        sums.gradient[i] -= off / (sigma * sigma);
        sums.curvature[i * N + i] += 1.0 / (sigma * sigma);
    }
    sums
}

/// Solves `a x = b` for a symmetric positive `a` (Cholesky); `None` when it is not positive.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for j in 0..n {
        for k in 0..j {
            let factor = a[j * n + k];
            for i in j..n {
                a[i * n + j] -= a[i * n + k] * factor;
            }
        }
        let pivot = a[j * n + j];
        (pivot > 1e-12).then_some(())?;
        let root = pivot.sqrt();
        for i in j..n {
            a[i * n + j] /= root;
        }
    }
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    Some(b)
}

/// Puts the levels back under their caps, in a whole roll and in a sample.
fn hold_down(parameters: &mut [f64]) {
    for level in 0..LEVELS.len() {
        let top = cap(level);
        parameters[1 + level] = parameters[1 + level].min(top);
        let room = top - parameters[1 + level];
        let more = &mut parameters[1 + LEVELS.len() + level];
        *more = more.min(room);
    }
}

fn to_parameters(weights: &Weights) -> Vec<f64> {
    let sample = weights.sample.iter().zip(&weights.whole).map(|(s, w)| s - w);
    std::iter::once(weights.base).chain(weights.whole.iter().copied()).chain(sample).collect()
}

/// Fits the weights to the cases, starting from and held near the weights given. Thresholds stay.
pub fn fit(cases: &[&Case], from: &Weights, version: &str) -> Fit {
    let start = to_parameters(from);
    let mut at = start.clone();
    let mut sums = sums_at(cases, &at, &start);
    let before = sums.likelihood;
    for _ in 0..STEPS_MAX {
        // The noise mixture is not concave everywhere: fall back to a short step along the gradient.
        let damped = |ridge: f64| {
            let mut curvature = sums.curvature.clone();
            (0..N).for_each(|i| curvature[i * N + i] += ridge);
            solve(curvature, sums.gradient.clone())
        };
        let Some(step) = [0.0, 1.0, 100.0].into_iter().find_map(damped) else { break };
        let mut scale = 1.0;
        let mut next = None;
        while scale > 1e-3 && next.is_none() {
            let mut tried: Vec<f64> =
                at.iter().zip(&step).map(|(p, s)| p + scale * s.clamp(-STEP_BITS_MAX, STEP_BITS_MAX)).collect();
            hold_down(&mut tried);
            let tried_sums = sums_at(cases, &tried, &start);
            next = (tried_sums.likelihood > sums.likelihood).then_some((tried, tried_sums));
            scale /= 2.0;
        }
        let Some((tried, tried_sums)) = next else { break };
        let gain = tried_sums.likelihood - sums.likelihood;
        (at, sums) = (tried, tried_sums);
        if gain < 1e-6 * (cases.len().max(1) as f64) {
            break;
        }
    }
    let n_levels = LEVELS.len();
    let whole = at[1..=n_levels].to_vec();
    let sample = whole.iter().zip(&at[n_levels + 1..]).map(|(w, s)| w + s).collect();
    let (decision, calibration) = (from.decision.clone(), from.calibration.clone());
    let weights = Weights { version: version.to_owned(), base: at[0], decision, calibration, whole, sample };
    let n = cases.len().max(1) as f64;
    Fit { weights, n_cases: cases.len(), likelihood: (before / n, sums.likelihood / n) }
}

/// Of the answers that agree letter for letter with the county's file the share that the labels call right; `None` for too
/// few. No weight can raise it: it tells the labels, and lots renumbered since.
pub fn whole_right<'a>(cases: impl Iterator<Item = &'a Case>) -> Option<f64> {
    let (mut n, mut n_right) = (0usize, 0usize);
    for (_, is_right) in cases.filter(|case| case.is_whole).filter_map(|case| case.best) {
        n += 1;
        n_right += usize::from(is_right);
    }
    (n >= WHOLE_MIN).then(|| n_right as f64 / n as f64)
}

/// What a case says of the probability that the weights it was asked with gave its best answer.
pub fn answer(case: &Case) -> Option<Answer> {
    case.best.map(|(bits, is_right)| Answer { bits, is_right, weight: case.weight })
}

/// Probability of the best candidate under a table, and whether it is right: for reliability without asking again.
pub fn best_of(case: &Case, weights: &Weights) -> Option<(f64, bool)> {
    let table: Vec<f64> = weights
        .whole
        .iter()
        .zip(&weights.sample)
        .map(|(w, s)| w * case.share_whole + s * (1.0 - case.share_whole))
        .collect();
    let odds: Vec<f64> = case.candidates.iter().map(|(l, _)| (weights.base + bits_of(l, &table)).exp2()).collect();
    let total = 1.0 + odds.iter().sum::<f64>();
    let best = odds.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    Some((best.1 / total, case.candidates[best.0].1))
}

const _: () = assert!(ELEMENTS.len() == AGREEMENT.len());

#[cfg(test)]
mod tests {
    use super::{Case, best_of, fit, solve};
    use crate::matching::levels::{AGREEMENT, NAME, NAME_TWO_EDITS};
    use crate::matching::weights::Weights;

    #[test]
    fn equations_are_solved() {
        let x = solve(vec![4.0, 2.0, 2.0, 3.0], vec![10.0, 9.0]).expect("positive");
        assert!((x[0] - 1.5).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12, "{x:?}");
        assert!(solve(vec![0.0], vec![1.0]).is_none());
    }

    #[test]
    fn a_level_that_is_always_wrong_loses_weight_and_the_score_becomes_the_share() {
        let mut two_edits = AGREEMENT;
        two_edits[NAME] = NAME_TWO_EDITS;
        let case = |levels, right| Case {
            candidates: vec![(levels, right)],
            best: None,
            is_whole: false,
            share_whole: 1.0,
            weight: 1.0,
        };
        let mut cases: Vec<Case> = (0..400).map(|i| case(AGREEMENT, i % 10 != 0)).collect();
        cases.extend((0..400).map(|i| case(two_edits, i % 10 == 0)));
        let start = Weights::default();
        let fitted = fit(&cases.iter().collect::<Vec<_>>(), &start, "test");
        assert!(fitted.likelihood.1 > fitted.likelihood.0);
        let score = |i: usize| best_of(&cases[i], &fitted.weights).expect("a candidate").0;
        assert!((score(0) - 0.9).abs() < 0.05, "{}", score(0));
        assert!(score(400) < 0.2, "{}", score(400));
        assert_eq!(fitted.weights.decision, start.decision);
    }
}
