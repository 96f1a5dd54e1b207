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
    /// Ten bins of scores 0.9 to 1.0: number, mean score, share right.
    pub reliability: Vec<(usize, f64, f64)>,
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
        reliability: reliability(judged),
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

fn reliability(judged: &[Judged]) -> Vec<(usize, f64, f64)> {
    (0..10)
        .map(|bin| {
            let from = 0.9 + 0.01 * f64::from(bin);
            let to = from + 0.01;
            let in_bin: Vec<&Judged> =
                judged.iter().filter(|j| j.score >= from && (j.score < to || (bin == 9 && j.score <= 1.0))).collect();
            let mean = in_bin.iter().map(|j| j.score).sum::<f64>() / in_bin.len().max(1) as f64;
            (in_bin.len(), mean, ratio(in_bin.iter().filter(|j| j.is_right).count(), in_bin.len()))
        })
        .collect()
}
