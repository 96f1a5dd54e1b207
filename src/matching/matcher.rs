//! The matcher: text in, a decision with its candidates and their comparison levels out.
//!
//! One probability over all candidate addresses *and* "none of them": a softmax of the summed weights, so that rivals
//! and absence are part of the score. Pure and deterministic; it holds no database.

use super::build::{Learner, Places, StreetAlias};
use super::collect::{Collector, Found, Query, Scratch};
use super::compare::Asked;
use super::county::{County, ReferenceRow};
use super::explain;
use super::levels::{
    DIRECTION, DIRECTION_CONFLICT, DIRECTION_CONFLICT_ANSWERED, DIRECTION_CONFLICT_KNOWN, DIRECTION_EQUAL,
    DIRECTION_MOVED, NAME, NAME_ALIAS, NAME_EXACT, NAME_OTHER, NAME_SPACING, NAME_TWIN, NUMBER, NUMBER_COVERED,
    NUMBER_DIGIT_TYPO, NUMBER_IN_RANGE_PARITY, NUMBER_OTHER, NUMBER_TRANSPOSED, POSITION, POSITION_INSIDE,
    POSITION_INSIDE_ON_BLOCK, PREFIX_CONFLICT, SUFFIX, SUFFIX_COMPOSITE, SUFFIX_COMPOSITE_NEAR, SUFFIX_HALF, TYPE,
    TYPE_CONFLICT, TYPE_CONFLICT_KNOWN, TYPE_CONFLICT_NUMBERED, TYPE_CONFLICT_NUMBERED_ON_BLOCK, UNIT, UNIT_CONFLICT,
    UNIT_REFERENCE_ONLY,
};
use super::weights::{Weights, share_whole};
use crate::geom::ParcelGeometryIndex;
use crate::model::link::{ComparisonStep, Decision};

/// Candidates reported for one query.
pub const CANDIDATES_MAX: usize = 5;
/// Parcels reported for one answer (condominiums have hundreds).
const PARCELS_MAX: usize = 50;

/// One parcel the text may mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Public parcel number.
    pub parcel_no: String,
    /// Probability that the text means this parcel.
    pub score: f64,
    /// Sum of the weights, in bits above "none of them".
    pub bits: f64,
    /// Street and number of the candidate in words.
    pub situs: String,
    /// One step per element.
    pub steps: Vec<ComparisonStep>,
}

/// What the matcher says of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Accepted, review or none.
    pub decision: Decision,
    /// The parcels of the answer: one, or a set that belongs together; empty unless something deserves to be looked at.
    pub parcels: Vec<String>,
    /// Probability of the best candidate address, as calibrated.
    pub score: f64,
    /// Bits between the best candidate address and the next, "none of them" included.
    pub margin_bits: f64,
    /// Best first, at most [`CANDIDATES_MAX`].
    pub candidates: Vec<Candidate>,
    /// Why the decision is not `accepted`, in words; empty when it is.
    pub reason: String,
}

/// The same without words: what a run over millions of rows needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Brief<'a> {
    /// Accepted, review or none.
    pub decision: Decision,
    /// The parcels of the answer.
    pub parcels: Vec<&'a str>,
    /// Probability of the best candidate address.
    pub score: f64,
    /// Best first, at most [`CANDIDATES_MAX`].
    pub candidates: Vec<(&'a str, f64)>,
}

/// The county, ready to be asked.
#[derive(Debug)]
pub struct Matcher {
    county: County,
    weights: Weights,
    /// The weights for this county.
    bits: Vec<f64>,
}

/// The ranked candidates and what follows from them.
pub(crate) struct Judgement {
    pub(crate) decision: Decision,
    pub(crate) ranked: Vec<Found>,
    /// Leading candidates that are one answer: the lots of a range.
    pub(crate) n_together: usize,
    pub(crate) total: f64,
    /// Log2 odds of the best answer by the weights: what the decision is made on.
    pub(crate) odds_bits: f64,
    /// True when these odds and the margin are enough to accept.
    pub(crate) is_sure: bool,
    /// The calibrated score.
    pub(crate) score: f64,
    /// What the calibration leaves of the probability of each rival.
    rival_share: f64,
    pub(crate) margin_bits: f64,
    pub(crate) veto: Option<&'static str>,
}

/// Leading candidates that are one answer.
struct Together {
    n: usize,
    is_range: bool,
}

impl Matcher {
    /// Learns the county from its situs rows.
    pub fn build<'a>(rows: impl Iterator<Item = ReferenceRow<'a>>, weights: Weights) -> Self {
        let rows: Vec<ReferenceRow<'a>> = rows.collect();
        Self::build_with(&rows, &[], weights)
    }

    /// Learns the county from its situs rows and the user's street aliases.
    pub fn build_with(rows: &[ReferenceRow<'_>], aliases: &[StreetAlias], weights: Weights) -> Self {
        let mut places = Places::default();
        rows.iter().for_each(|row| places.add(row.place));
        let mut learner = Learner::new(places);
        rows.iter().for_each(|row| learner.add(row));
        Self::learnt(learner, aliases, weights)
    }

    /// The matcher of the rows that a learner was given.
    pub fn learnt(learner: Learner, aliases: &[StreetAlias], weights: Weights) -> Self {
        Self::of(learner.finish(aliases), weights)
    }

    fn of(county: County, weights: Weights) -> Self {
        let bits = weights.at(county.completeness);
        Self { county, weights, bits }
    }

    /// The learnt county as bytes, to be stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.byte_len());
        self.each_piece(&mut |piece| bytes.extend_from_slice(piece));
        bytes
    }

    /// The bytes of [`Self::to_bytes`] one piece after the other.
    pub fn each_piece(&self, each: &mut dyn FnMut(&[u8])) {
        self.county.write(Some(each));
    }

    /// The number of bytes of [`Self::to_bytes`].
    pub fn byte_len(&self) -> usize {
        self.county.write(None)
    }

    /// Reads [`Self::to_bytes`]; `None` for anything else, also for what another version wrote.
    pub fn from_bytes(bytes: &[u8], weights: Weights) -> Option<Self> {
        Some(Self::of(County::from_bytes(bytes)?, weights))
    }

    /// Adds the polygons of the parcels; `position_of` numbers are those of [`Self::parcel_position`].
    #[must_use]
    pub fn with_lots(mut self, lots: ParcelGeometryIndex) -> Self {
        self.county.lots = (!lots.is_empty()).then_some(lots);
        self
    }

    /// Position of a parcel in this matcher: the key of its polygon.
    pub fn parcel_position(&self, parcel_no: &str) -> Option<i64> {
        self.county.parcel_nos.find(parcel_no).map(i64::from)
    }

    /// The weight table in use.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Replaces the weight table.
    pub fn set_weights(&mut self, weights: Weights) {
        self.bits = weights.at(self.county.completeness);
        self.weights = weights;
    }

    /// The weights for this county, by level.
    pub(crate) fn bits(&self) -> &[f64] {
        &self.bits
    }

    pub(crate) fn county(&self) -> &County {
        &self.county
    }

    /// Number of streets, addresses and parcels known.
    pub fn counts(&self) -> (usize, usize, usize) {
        let n_streets = self.county.streets.iter().filter(|s| s.alias == 0).count();
        (n_streets, self.county.entries.len(), self.county.parcel_nos.len())
    }

    /// How complete the county's file looks, 0 to 1; low for a list that holds a part of the addresses.
    pub fn completeness(&self) -> f64 {
        f64::from(self.county.completeness) / 1000.0
    }

    /// Finds the parcels that a text means, with the reasons.
    pub fn match_one(&self, query: &Query<'_>) -> Outcome {
        self.match_with(query, &mut Scratch::default())
    }

    /// The same for many queries; `scratch` only saves work.
    pub fn match_with(&self, query: &Query<'_>, scratch: &mut Scratch) -> Outcome {
        explain::outcome(self, &self.judge_text(query, scratch), query.address_text)
    }

    /// Finds the parcels that a text means, without words; `scratch` only saves work.
    pub fn match_brief(&self, query: &Query<'_>, scratch: &mut Scratch) -> Brief<'_> {
        let judgement = self.judge_text(query, scratch);
        let name = |parcel: u32| self.county.parcel_nos.get(parcel);
        Brief {
            decision: judgement.decision,
            parcels: self.answer(&judgement).into_iter().map(name).collect(),
            score: judgement.score,
            candidates: self.first_parcels(&judgement).into_iter().map(|(p, score, _)| (name(p), score)).collect(),
        }
    }

    /// All candidate addresses of a query with their levels and parcels, best first: what the weights are fitted on.
    pub(crate) fn judge_text(&self, query: &Query<'_>, scratch: &mut Scratch) -> Judgement {
        let asked = scratch.readings.asked(&self.county, query);
        let judgement = self.judge(query, &asked, scratch);
        scratch.readings.give_back(asked);
        judgement
    }

    fn judge(&self, query: &Query<'_>, asked: &[Asked], scratch: &mut Scratch) -> Judgement {
        let weights = (self.bits.as_slice(), self.weights.base);
        Collector::new(&self.county, weights, *query, scratch).run(asked);
        let mut ranked = std::mem::take(&mut scratch.found);
        ranked.sort_unstable_by(|a, b| {
            b.bits.total_cmp(&a.bits).then_with(|| (a.start, a.parcel).cmp(&(b.start, b.parcel)))
        });
        self.merge_same_parcels(&mut ranked);
        let together = self.together(&mut ranked);
        self.decide(ranked, together, asked.first().and_then(|one| one.vague))
    }

    /// Parcels of a candidate.
    pub(crate) fn parcels_of<'a>(&'a self, found: &'a Found) -> impl Iterator<Item = u32> + Clone + 'a {
        let entries = &self.county.entries[found.start as usize..found.end as usize];
        let alone = (found.start == found.end).then_some(found.parcel);
        entries.iter().map(|e| e.parcel).chain(alone)
    }

    /// A candidate all of whose parcels a better one has already is no other answer: a lot with several addresses, or all
    /// units of one lot.
    fn merge_same_parcels(&self, ranked: &mut Vec<Found>) {
        let mut kept: Vec<Found> = Vec::with_capacity(ranked.len().min(64));
        for found in ranked.drain(..) {
            let is_same = |better: &Found| {
                let first =
                    better.parcel == found.parcel && better.end - better.start <= 1 && found.end - found.start <= 1;
                first || self.parcels_of(&found).all(|p| self.parcels_of(better).any(|b| b == p))
            };
            if kept.len() < 64 && !kept.iter().any(is_same) {
                kept.push(found);
            }
        }
        *ranked = kept;
    }

    /// Candidates that are one answer are moved to the front: the lots that one range covers, or the lots of one house
    /// number whose units the text does not tell apart.
    fn together(&self, ranked: &mut [Found]) -> Together {
        let Some(best) = ranked.first().copied() else { return Together { n: 0, is_range: false } };
        let is_set = best.levels[NUMBER] == NUMBER_COVERED || best.levels[UNIT] == UNIT_REFERENCE_ONLY;
        if best.start == best.end || !is_set {
            return Together { n: 1, is_range: false };
        }
        let is_range = best.levels[NUMBER] == NUMBER_COVERED;
        let entry_of = |f: &Found| self.county.entries[f.start as usize];
        let own = entry_of(&best);
        let belongs = |f: &Found| {
            f.start < f.end
                && entry_of(f).street == own.street
                && best.bits - f.bits < 1.0
                && if is_range {
                    f.levels[NUMBER] == NUMBER_COVERED
                } else {
                    f.levels == best.levels && entry_of(f).low == own.low
                }
        };
        ranked.sort_by_key(|f| !belongs(f));
        Together { n: ranked.iter().filter(|f| belongs(f)).count(), is_range }
    }

    /// One probability over all answers and "none of them" (0 bits).
    fn decide(&self, ranked: Vec<Found>, together: Together, vague: Option<&'static str>) -> Judgement {
        let limits = &self.weights.decision;
        let n_together = together.n.min(ranked.len());
        let rivals = &ranked[n_together..];
        let best_bits = ranked.first().map_or(f64::NEG_INFINITY, |f| f.bits);
        let rest = 1.0 + rivals.iter().map(|f| f.bits.exp2()).sum::<f64>();
        let total = rest + best_bits.exp2();
        let probability = best_bits.exp2() / total;
        let odds_bits = best_bits - rest.log2();
        let score = if ranked.is_empty() { 0.0 } else { self.weights.calibration.score(odds_bits) };
        let rival_share = ((1.0 - score) / (1.0 - probability).max(f64::EPSILON)).min(1.0);
        let margin_bits =
            if ranked.is_empty() { 0.0 } else { best_bits - rivals.first().map_or(0.0, |f| f.bits).max(0.0) };
        let is_at_point = |f: &Found| matches!(f.levels[POSITION], POSITION_INSIDE | POSITION_INSIDE_ON_BLOCK);
        let veto = ranked.first().and_then(|best| {
            let vague = vague.filter(|_| !is_at_point(best));
            vague.or_else(|| veto(best)).or_else(|| self.numbered_otherwise(best))
        });
        let is_sure = probability >= limits.accept_probability && margin_bits >= limits.accept_margin_bits;
        let is_one = ranked.first().is_some_and(|f| {
            let mut parcels = self.parcels_of(f);
            let first = parcels.next();
            parcels.all(|p| Some(p) == first)
        });
        let is_whole_set = together.is_range && n_together > 1 && self.covers_range(&ranked[..n_together]);
        let decision = if ranked.is_empty() || probability < limits.review_probability {
            Decision::None
        } else if is_sure && veto.is_none() && is_one && (n_together == 1 || is_whole_set) {
            Decision::Accepted
        } else {
            Decision::Review
        };
        Judgement { decision, ranked, n_together, total, odds_bits, is_sure, score, rival_share, margin_bits, veto }
    }

    /// `412 S 16TH ST` for `412 16TH AVE`: a grid has both streets, and a list of few lots may hold only the other.
    fn numbered_otherwise(&self, best: &Found) -> Option<&'static str> {
        let levels = &best.levels;
        let is_other_type = matches!(levels[TYPE], TYPE_CONFLICT | TYPE_CONFLICT_KNOWN | TYPE_CONFLICT_NUMBERED);
        let is_thin = share_whole(self.county.completeness) < 0.5;
        let is_other = is_thin && is_other_type && !matches!(levels[DIRECTION], DIRECTION_EQUAL | DIRECTION_MOVED);
        let is_pinned = matches!(levels[POSITION], POSITION_INSIDE | POSITION_INSIDE_ON_BLOCK);
        let entry =
            self.county.entries[..best.end as usize].get(best.start as usize).filter(|_| is_other && !is_pinned)?;
        let name = self.county.names.get(self.county.streets[entry.street as usize].name);
        name.starts_with(|c: char| c.is_ascii_digit()).then_some("direction and type of the numbered street differ")
    }

    /// True when each lot of a set has its own parcel.
    fn covers_range(&self, set: &[Found]) -> bool {
        set.iter().all(|f| self.parcels_of(f).count() == 1)
    }

    /// The parcels of the answer; empty for `none`.
    pub(crate) fn answer(&self, judgement: &Judgement) -> Vec<u32> {
        let mut parcels = Vec::new();
        if judgement.decision != Decision::None {
            for found in judgement.ranked.iter().take(judgement.n_together) {
                for parcel in self.parcels_of(found) {
                    if parcels.len() < PARCELS_MAX && !parcels.contains(&parcel) {
                        parcels.push(parcel);
                    }
                }
            }
        }
        parcels
    }

    /// The first parcels with their probabilities and candidates.
    pub(crate) fn first_parcels<'j>(&self, judgement: &'j Judgement) -> Vec<(u32, f64, &'j Found)> {
        let mut found: Vec<(u32, f64, &Found)> = Vec::with_capacity(CANDIDATES_MAX);
        for (rank, candidate) in judgement.ranked.iter().enumerate() {
            let n_sharing = self.parcels_of(candidate).count().max(1);
            let is_answer = rank < judgement.n_together;
            let n_sharing = if is_answer { n_sharing * judgement.n_together } else { n_sharing };
            let probability = if is_answer {
                judgement.score
            } else {
                (candidate.bits.exp2() / judgement.total * judgement.rival_share).min(judgement.score)
            };
            for parcel in self.parcels_of(candidate) {
                if found.len() == CANDIDATES_MAX {
                    return found;
                }
                if !found.iter().any(|(p, _, _)| *p == parcel) {
                    found.push((parcel, probability / n_sharing as f64, candidate));
                }
            }
        }
        found
    }
}

/// Levels that no sum of others may outweigh without a person looking.
fn veto(best: &Found) -> Option<&'static str> {
    let levels = &best.levels;
    // Another house number of the same street is no reason when the point given lies in the lot: it has two doors.
    let is_pinned = match levels[POSITION] {
        POSITION_INSIDE => matches!(levels[NAME], NAME_EXACT | NAME_SPACING | NAME_ALIAS | NAME_TWIN),
        // A corner lot under its other street.
        POSITION_INSIDE_ON_BLOCK => {
            matches!(levels[NAME], NAME_EXACT | NAME_SPACING | NAME_ALIAS | NAME_TWIN | NAME_OTHER)
        }
        _ => false,
    };
    if is_pinned && levels[UNIT] != UNIT_CONFLICT {
        return None;
    }
    if levels[NUMBER] == NUMBER_OTHER && levels[NAME] == NAME_OTHER {
        return Some("the point leads there, the address does not");
    }
    if matches!(levels[NUMBER], NUMBER_DIGIT_TYPO | NUMBER_TRANSPOSED | NUMBER_IN_RANGE_PARITY | NUMBER_OTHER)
        || matches!(levels[SUFFIX], SUFFIX_HALF | SUFFIX_COMPOSITE | SUFFIX_COMPOSITE_NEAR | PREFIX_CONFLICT)
    {
        Some("the house number differs")
    } else if matches!(levels[DIRECTION], DIRECTION_CONFLICT | DIRECTION_CONFLICT_KNOWN | DIRECTION_CONFLICT_ANSWERED) {
        Some("the direction differs")
    } else if levels[TYPE] == TYPE_CONFLICT_NUMBERED_ON_BLOCK {
        Some("the street type differs, and the numbered street as written has house numbers here")
    } else if levels[UNIT] == UNIT_CONFLICT {
        Some("the unit differs")
    } else {
        None
    }
}
