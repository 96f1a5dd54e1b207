//! Honest figures of a labelled set: what was accepted and how much of it was right, what was answered outside the county.

use crate::model::link::Decision;

/// One labelled query with its outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Decision.
    pub decision: Decision,
    /// Score of the best candidate.
    pub score: f64,
    /// True when the answer contains a true parcel.
    pub is_right: bool,
    /// True when one of the first three candidates is a true parcel.
    pub in_top3: bool,
    /// True when the true parcel is in the reference.
    pub in_universe: bool,
}

/// Figures of one set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Labelled queries.
    pub n_queries: usize,
    /// Of them with their parcel in the reference.
    pub n_in_universe: usize,
    /// Right automatic accepts over all automatic accepts.
    pub precision: f64,
    /// The same among the queries whose parcel is in the reference: wrong answers to answerable questions.
    pub precision_inside: f64,
    /// Right automatic accepts over queries in the universe.
    pub recall: f64,
    /// Share of the queries outside the universe that were accepted.
    pub outside_accepted: f64,
    /// Share of all queries sent to review.
    pub review_share: f64,
    /// Share of the queries in the universe with a true parcel among the first three candidates.
    pub top3_recall: f64,
    /// Best recall that any score threshold reaches at this precision, over the answers to queries in the universe; what is
    /// answered outside it stands in `outside_accepted`.
    pub recall_at_99: f64,
    /// The same at .995.
    pub recall_at_995: f64,
    /// Mean squared error of the score as a probability of being right.
    pub brier: f64,
    /// Mean distance between score and share right in bins of a hundredth, over the answers with a score of .8 and more.
    pub calibration_error: f64,
    /// Scores of .9 to 1 in ten bins.
    pub reliability: Vec<Bin>,
}

/// The answers whose score lies in one hundredth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Least score, in hundredths.
    pub from_hundredths: u32,
    /// Answers.
    pub n: usize,
    /// Their mean score.
    pub mean_score: f64,
    /// Share of them that is right.
    pub share_right: f64,
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Works out the figures.
pub fn figures(judged: &[Judged]) -> Figures {
    let inside: Vec<&Judged> = judged.iter().filter(|j| j.in_universe).collect();
    let outside: Vec<&Judged> = judged.iter().filter(|j| !j.in_universe).collect();
    let accepted: Vec<&Judged> = judged.iter().filter(|j| j.decision == Decision::Accepted).collect();
    let n_right = accepted.iter().filter(|j| j.is_right).count();
    let brier = judged.iter().map(|j| (j.score - f64::from(u8::from(j.is_right))).powi(2)).sum::<f64>();
    Figures {
        n_queries: judged.len(),
        n_in_universe: inside.len(),
        precision: ratio(n_right, accepted.len()),
        precision_inside: ratio(n_right, accepted.iter().filter(|j| j.in_universe).count()),
        recall: ratio(n_right, inside.len()),
        outside_accepted: ratio(outside.iter().filter(|j| j.decision == Decision::Accepted).count(), outside.len()),
        review_share: ratio(judged.iter().filter(|j| j.decision == Decision::Review).count(), judged.len()),
        top3_recall: ratio(inside.iter().filter(|j| j.in_top3).count(), inside.len()),
        recall_at_99: recall_at(&inside, 0.99),
        recall_at_995: recall_at(&inside, 0.995),
        brier: if judged.is_empty() { 0.0 } else { brier / judged.len() as f64 },
        calibration_error: calibration_error(&bins(judged, 80)),
        reliability: bins(judged, 90),
    }
}

fn recall_at(inside: &[&Judged], precision: f64) -> f64 {
    let mut ranked: Vec<&Judged> = inside.iter().copied().filter(|j| j.score > 0.0).collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    let (mut best, mut n_right) = (0.0_f64, 0usize);
    for (i, one) in ranked.iter().enumerate() {
        n_right += usize::from(one.is_right);
        let is_end_of_ties = ranked.get(i + 1).is_none_or(|next| next.score < one.score);
        if is_end_of_ties && ratio(n_right, i + 1) >= precision {
            best = best.max(ratio(n_right, inside.len()));
        }
    }
    best
}

fn bins(judged: &[Judged], first_hundredth: u32) -> Vec<Bin> {
    let hundredth = |score: f64| ((score * 100.0).floor() as u32).min(99);
    (first_hundredth..100)
        .map(|bin| {
            let inside: Vec<&Judged> = judged.iter().filter(|j| hundredth(j.score) == bin).collect();
            Bin {
                from_hundredths: bin,
                n: inside.len(),
                mean_score: inside.iter().fold(0.0, |sum, j| sum + j.score) / inside.len().max(1) as f64,
                share_right: ratio(inside.iter().filter(|j| j.is_right).count(), inside.len()),
            }
        })
        .collect()
}

fn calibration_error(bins: &[Bin]) -> f64 {
    let n: usize = bins.iter().map(|b| b.n).sum();
    bins.iter().map(|b| b.n as f64 * (b.mean_score - b.share_right).abs()).sum::<f64>() / n.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::{Judged, figures};
    use crate::model::link::Decision;

    #[test]
    fn scores_are_compared_with_the_share_that_was_right() {
        let judged = |score, is_right| Judged {
            decision: Decision::Accepted,
            score,
            is_right,
            in_top3: is_right,
            in_universe: true,
        };
        let set: Vec<Judged> =
            (0..20).map(|i| judged(0.955, i > 0)).chain([judged(1.0, true), judged(0.82, false)]).collect();
        let figures = figures(&set);
        assert_eq!(figures.reliability.len(), 10);
        let [bin, top] = [5, 9].map(|i| figures.reliability[i]);
        assert_eq!((bin.from_hundredths, bin.n, top.n), (95, 20, 1));
        assert!((bin.mean_score - 0.955).abs() < 1e-9 && (bin.share_right - 0.95).abs() < 1e-9);
        let error = (20.0 * 0.005 + 0.82) / 22.0;
        assert!((figures.calibration_error - error).abs() < 1e-9, "{}", figures.calibration_error);
    }
}
