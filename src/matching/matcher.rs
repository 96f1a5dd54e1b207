//! The matcher: text in, a decision with its candidates and their comparison levels out.
//!
//! One probability over all candidate addresses *and* "none of them": a softmax of the summed weights, so that rivals
//! and absence are part of the score. Pure and deterministic; it holds no database.

use rustc_hash::FxHashMap;

use super::candidates::{self, ENTRIES_MAX};
use super::compare::{self, Level, NameLevel, QueryParts};
use super::gazetteer::{Gazetteer, ReferenceRow};
use super::weights::Weights;
use crate::address;
use crate::model::link::{ComparisonStep, Decision};
use crate::model::parcel::LonLat;

/// Candidates reported for one query.
pub const CANDIDATES_MAX: usize = 5;
/// Parcels reported for one candidate address (condominiums have hundreds).
const PARCELS_MAX: usize = 50;

/// What is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// The address as somebody wrote it.
    pub address_text: &'a str,
    /// Place, when it stands in a field of its own.
    pub place: &'a str,
    /// ZIP, when it stands in a field of its own.
    pub zip: &'a str,
    /// Point of the service, when known.
    pub position: Option<LonLat>,
    /// Account holder, when known.
    pub owner_name: &'a str,
}

/// One parcel the text may mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Public parcel number.
    pub parcel_no: String,
    /// Probability that the text means the address of this parcel.
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
    /// Probability of the best candidate address.
    pub score: f64,
    /// Bits between the best candidate address and the next, "none of them" included.
    pub margin_bits: f64,
    /// Best first, at most [`CANDIDATES_MAX`].
    pub candidates: Vec<Candidate>,
    /// Why the decision is not `accepted`, in words; empty when it is.
    pub reason: String,
}

/// The county, ready to be asked.
#[derive(Debug)]
pub struct Matcher {
    gazetteer: Gazetteer,
    weights: Weights,
}

/// A candidate address (all entries with one street, number, suffix and unit) with its parcels.
struct Group {
    bits: f64,
    levels: Vec<Level>,
    entry: usize,
    parcels: Vec<u32>,
    name_level: NameLevel,
}

impl Matcher {
    /// Learns the county from its situs rows.
    pub fn build<'a>(rows: impl Iterator<Item = ReferenceRow<'a>>, weights: Weights) -> Self {
        Self { gazetteer: Gazetteer::learn(rows), weights }
    }

    /// The weight table in use.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Number of streets, addresses and parcels known.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.gazetteer.streets.len(), self.gazetteer.entries.len(), self.gazetteer.parcels.len())
    }

    /// Finds the parcels that a text means.
    pub fn match_one(&self, query: &Query<'_>) -> Outcome {
        let parsed = address::parse_in(query.address_text, &self.gazetteer);
        let mut groups: FxHashMap<(u32, u32, u32, String), Group> = FxHashMap::default();
        for (rank, reading) in parsed.readings.iter().enumerate() {
            let Some(parts) = QueryParts::new(reading, query.place, query.zip, &self.gazetteer) else { continue };
            // A second reading is a little less likely than the first.
            let penalty = if rank == 0 { 0.0 } else { -0.5 };
            self.collect(&parts, query, penalty, &mut groups);
        }
        let mut ranked: Vec<Group> = groups.into_values().collect();
        ranked.sort_by(|a, b| b.bits.total_cmp(&a.bits).then_with(|| a.entry.cmp(&b.entry)));
        self.decide(ranked, &parsed)
    }

    fn collect(
        &self,
        parts: &QueryParts<'_>,
        query: &Query<'_>,
        penalty: f64,
        groups: &mut FxHashMap<(u32, u32, u32, String), Group>,
    ) {
        let mut n_compared = 0;
        for (name, extra_type) in names_of(parts) {
            for (name_idx, name_level) in candidates::names(&self.gazetteer, &name) {
                for street_idx in &self.gazetteer.streets_of_name[name_idx as usize] {
                    let street = &self.gazetteer.streets[*street_idx as usize];
                    let mut head = vec![
                        compare::name(name_level, name.len(), &self.weights),
                        compare::direction(
                            (parts.address.street.predirectional, parts.address.street.postdirectional),
                            street,
                            &self.weights,
                        ),
                        compare::street_type(parts.address, street, &self.weights),
                    ];
                    if extra_type {
                        // The type was read as part of the name: there is none left to compare.
                        head[2] =
                            Level { element: "street_type", level: "missing", bits: self.weights.street_type.missing };
                    }
                    let offset = self.gazetteer.offset_of(*street_idx);
                    for (i, entry) in self.gazetteer.entries_of(*street_idx).iter().enumerate() {
                        let Some(number) = compare::number(parts, entry, &self.weights) else { continue };
                        n_compared += 1;
                        if n_compared > ENTRIES_MAX {
                            return;
                        }
                        let mut levels = head.clone();
                        levels.push(number);
                        levels.push(compare::unit(parts, entry, &self.weights));
                        levels.extend(compare::location(parts, entry, &self.gazetteer, &self.weights));
                        let parcel = &self.gazetteer.parcels[entry.parcel_idx as usize];
                        if let (Some(a), Some(b)) = (query.position, parcel.position) {
                            levels.push(compare::position(distance_m(a, b), &self.weights));
                        }
                        if !query.owner_name.is_empty() {
                            levels.push(compare::owner(query.owner_name, &parcel.owner, &self.weights));
                        }
                        let bits = self.weights.base + penalty + levels.iter().map(|l| l.bits).sum::<f64>();
                        let key = (
                            *street_idx,
                            entry.low,
                            entry.high,
                            format!("{}|{}|{}|{}|{}", entry.suffix, entry.half, entry.unit, entry.zip, entry.place_idx),
                        );
                        let parcel_idx = entry.parcel_idx;
                        let group = groups.entry(key).or_insert_with(|| Group {
                            bits,
                            levels: levels.clone(),
                            entry: offset + i,
                            parcels: Vec::new(),
                            name_level,
                        });
                        if bits > group.bits {
                            group.bits = bits;
                            group.levels = levels;
                            group.parcels.insert(0, parcel_idx);
                        }
                        if !group.parcels.contains(&parcel_idx) && group.parcels.len() < PARCELS_MAX {
                            group.parcels.push(parcel_idx);
                        }
                    }
                }
            }
        }
    }

    /// One probability over all candidate addresses and "none of them" (0 bits).
    fn decide(&self, mut ranked: Vec<Group>, parsed: &address::Parsed) -> Outcome {
        merge_same_parcels(&mut ranked);
        let limits = &self.weights.decision;
        let total: f64 = 1.0 + ranked.iter().map(|g| g.bits.exp2()).sum::<f64>();
        let score = ranked.first().map_or(0.0, |g| g.bits.exp2() / total);
        let runner_up = ranked.get(1).map_or(0.0, |g| g.bits).max(0.0);
        let margin_bits = ranked.first().map_or(0.0, |g| g.bits - runner_up);
        let candidates = self.candidates(&ranked, total);
        let (decision, reason) = match ranked.first() {
            None => (Decision::None, self.why_nothing(parsed)),
            Some(best) => {
                let is_sure = score >= limits.accept_probability && margin_bits >= limits.accept_margin_bits;
                let veto = veto(best);
                if is_sure && best.parcels.len() == 1 && veto.is_none() {
                    (Decision::Accepted, String::new())
                } else if score >= limits.review_probability {
                    (Decision::Review, why_review(best, is_sure, veto, ranked.get(1)))
                } else {
                    (Decision::None, "the nearest address of the county differs too much".to_owned())
                }
            }
        };
        let parcels = match (decision, ranked.first()) {
            (Decision::Accepted | Decision::Review, Some(best)) => {
                best.parcels.iter().map(|p| self.gazetteer.parcels[*p as usize].parcel_no.to_string()).collect()
            }
            _ => Vec::new(),
        };
        Outcome { decision, parcels, score, margin_bits, candidates, reason }
    }

    fn why_nothing(&self, parsed: &address::Parsed) -> String {
        let Some(reading) = parsed.readings.first() else { return "there is no text".to_owned() };
        if reading.po_box.is_some() && reading.address_number.is_none() {
            "a post office box is not a place".to_owned()
        } else if reading.address_number.is_none() {
            "no usable house number".to_owned()
        } else if reading.street.street_name.is_empty() {
            "no street name".to_owned()
        } else if candidates::names(&self.gazetteer, &address::core_name(&reading.street.street_name)).is_empty() {
            format!("no street of the county is called anything like {}", reading.street.street_name)
        } else {
            "the street is known, the house number is not on it".to_owned()
        }
    }

    fn candidates(&self, ranked: &[Group], total: f64) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        for group in ranked {
            for parcel in &group.parcels {
                if found.len() == CANDIDATES_MAX {
                    return found;
                }
                let parcel_no = self.gazetteer.parcels[*parcel as usize].parcel_no.to_string();
                if found.iter().any(|c| c.parcel_no == parcel_no) {
                    continue;
                }
                found.push(Candidate {
                    parcel_no,
                    score: group.bits.exp2() / total / group.parcels.len() as f64,
                    bits: group.bits,
                    situs: self.situs_text(group.entry),
                    steps: self.steps(group),
                });
            }
        }
        found
    }

    fn steps(&self, group: &Group) -> Vec<ComparisonStep> {
        let base = ComparisonStep {
            element: "base",
            level: "full_agreement",
            weight_bits: self.weights.base,
            detail: "against none of them".to_owned(),
        };
        std::iter::once(base)
            .chain(group.levels.iter().map(|l| ComparisonStep {
                element: l.element,
                level: l.level,
                weight_bits: l.bits,
                detail: self.detail(l.element, group),
            }))
            .collect()
    }

    fn detail(&self, element: &str, group: &Group) -> String {
        let entry = &self.gazetteer.entries[group.entry];
        let street = &self.gazetteer.streets[entry.street_idx as usize];
        match element {
            "street_name" => self.gazetteer.names[street.name_idx as usize].to_string(),
            "direction" => {
                let text = |d: Option<crate::model::address::Direction>| d.map_or("", |d| d.as_str());
                format!("{} {}", text(street.pre), text(street.post)).trim().to_owned()
            }
            "street_type" => street.street_type.clone().or_else(|| street.pretype.clone()).unwrap_or_default(),
            "address_number" if entry.low == entry.high => format!("{}{}{}", entry.prefix, entry.low, entry.suffix),
            "address_number" => format!("{}-{}", entry.low, entry.high),
            "unit" => entry.unit.to_string(),
            "zip" if entry.zip > 0 => format!("{:05}", entry.zip),
            "place" => self.gazetteer.places[entry.place_idx as usize].to_string(),
            _ => String::new(),
        }
    }

    fn situs_text(&self, entry_idx: usize) -> String {
        let entry = &self.gazetteer.entries[entry_idx];
        let street = &self.gazetteer.streets[entry.street_idx as usize];
        let mut words = vec![self.detail(
            "address_number",
            &Group {
                bits: 0.0,
                levels: Vec::new(),
                entry: entry_idx,
                parcels: Vec::new(),
                name_level: NameLevel::Exact,
            },
        )];
        if entry.half {
            words.push("1/2".to_owned());
        }
        words.extend(street.pre.map(|d| d.as_str().to_owned()));
        words.extend(street.pretype.clone());
        words.push(self.gazetteer.names[street.name_idx as usize].to_string());
        words.extend(street.street_type.clone());
        words.extend(street.post.map(|d| d.as_str().to_owned()));
        if !entry.unit.is_empty() {
            words.push(format!("# {}", entry.unit));
        }
        words.join(" ")
    }
}

/// Core names to look for: the name as read, and with its type as part of it (`PARK PL` may be `PARK PLACE`).
fn names_of(parts: &QueryParts<'_>) -> Vec<(String, bool)> {
    let street = &parts.address.street;
    let mut name = address::core_name(&street.street_name);
    if street.premodifier.is_some() {
        name.insert_str(0, "OLD ");
    }
    let mut all = vec![(name.clone(), false)];
    if let Some(street_type) =
        street.street_type.as_deref().filter(|t| !matches!(*t, "ST" | "AVE" | "RD" | "DR" | "LN"))
    {
        all.push((format!("{name} {street_type}"), true));
    }
    all
}

/// Addresses whose parcels are the same set support each other: a parcel with several situs is one answer.
fn merge_same_parcels(ranked: &mut Vec<Group>) {
    let mut kept: Vec<Group> = Vec::with_capacity(ranked.len());
    for group in ranked.drain(..) {
        match kept.iter_mut().find(|k| {
            let same = k.parcels.len() == group.parcels.len() && k.parcels.iter().all(|p| group.parcels.contains(p));
            // All units of one building on one parcel: the same answer.
            same || (group.parcels.len() == 1 && k.parcels == group.parcels)
        }) {
            Some(_) => {}
            None => kept.push(group),
        }
    }
    *ranked = kept;
}

/// Levels that no sum of others may outweigh without a person looking.
fn veto(best: &Group) -> Option<&'static str> {
    best.levels.iter().find_map(|l| match (l.element, l.level) {
        (
            "address_number",
            "neighbour" | "digit_typo" | "prefix_conflict" | "half_conflict" | "suffix_conflict" | "in_range_parity",
        ) => Some("the house number differs"),
        ("direction", "conflict") => Some("the direction differs"),
        ("unit", "conflict") => Some("the unit differs"),
        _ => None,
    })
}

fn why_review(best: &Group, is_sure: bool, veto: Option<&'static str>, rival: Option<&Group>) -> String {
    if let Some(reason) = veto {
        return reason.to_owned();
    }
    if is_sure || best.parcels.len() > 1 {
        return format!("{} parcels share this address", best.parcels.len());
    }
    match rival {
        Some(rival) if best.bits - rival.bits < 3.0 => "another address fits nearly as well".to_owned(),
        _ if best.name_level != NameLevel::Exact => "the street name is spelled differently".to_owned(),
        _ => "the agreement is too weak to accept without a look".to_owned(),
    }
}

/// Distance in metres on a sphere, good to 0.5 % at the size of a county.
fn distance_m(a: LonLat, b: LonLat) -> f64 {
    const METRES_PER_DEGREE: f64 = 111_195.0;
    let dy = (a.lat - b.lat) * METRES_PER_DEGREE;
    let dx = (a.lon - b.lon) * METRES_PER_DEGREE * a.lat.to_radians().cos();
    dx.hypot(dy)
}
