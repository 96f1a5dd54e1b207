//! An answer in words: the waterfall of each candidate, the rivals, and why nothing was accepted.

use super::collect::Found;
use super::county::{County, Entry, Street};
use super::levels::{
    ELEMENTS, NAME, NAME_ALIAS, NAME_EXACT, NAME_OTHER, NAME_SPACING, NAME_TWIN, NUMBER, NUMBER_OTHER, OWNER_UNKNOWN,
    PLACE_UNKNOWN, POSITION_UNKNOWN, READING_FIRST, ZIP_UNKNOWN, word_of,
};
use super::matcher::{Candidate, Judgement, Matcher, Outcome};
use super::reading::{StreetWords, direction_word};
use super::refusal;
use crate::model::link::{ComparisonStep, Decision};

/// The outcome in words; `text` is the address asked for.
pub(crate) fn outcome(matcher: &Matcher, judgement: &Judgement, text: &str) -> Outcome {
    let county = matcher.county();
    let candidates = matcher
        .first_parcels(judgement)
        .into_iter()
        .map(|(parcel, score, found)| Candidate {
            parcel_no: county.parcel_nos.get(parcel).to_owned(),
            score,
            bits: found.bits,
            situs: situs_text(county, found),
            steps: steps(matcher, found),
        })
        .collect();
    Outcome {
        decision: judgement.decision,
        parcels: matcher.answer(judgement).into_iter().map(|p| county.parcel_nos.get(p).to_owned()).collect(),
        score: judgement.score,
        margin_bits: judgement.margin_bits,
        candidates,
        reason: reason(matcher, judgement, text),
    }
}

fn reason(matcher: &Matcher, judgement: &Judgement, text: &str) -> String {
    let Some(best) = judgement.ranked.first() else { return refusal::why_nothing(matcher.county(), text) };
    if judgement.decision == Decision::Accepted {
        return String::new();
    }
    if judgement.decision == Decision::None {
        return refusal::why_refused(matcher, &judgement.ranked, text);
    }
    if let Some(reason) = judgement.veto {
        return reason.to_owned();
    }
    let limits = &matcher.weights().decision;
    let n_parcels = matcher.answer(judgement).len();
    if n_parcels > 1 && (judgement.is_sure || judgement.n_together > 1) {
        return format!("{n_parcels} parcels share this address");
    }
    let n_sharing = n_sharing(matcher, judgement);
    match judgement.ranked.get(judgement.n_together) {
        // The owner, or a point, divides them without deciding.
        Some(rival) if best.bits - rival.bits < limits.accept_margin_bits && n_sharing > n_parcels => {
            format!("{n_sharing} parcels share this address")
        }
        Some(rival) if best.bits - rival.bits < limits.accept_margin_bits => {
            "another address fits nearly as well".to_owned()
        }
        _ if n_parcels > 1 => format!("{n_parcels} parcels share this address"),
        _ if !matches!(best.levels[NAME], NAME_EXACT | NAME_SPACING | NAME_ALIAS | NAME_TWIN) => {
            "the street name is spelled differently".to_owned()
        }
        _ => "the agreement is too weak to accept without a look".to_owned(),
    }
}

/// Parcels of the answers that have the best one's address to the letter.
fn n_sharing(matcher: &Matcher, judgement: &Judgement) -> usize {
    let key = |found: &Found| matcher.county().entries.get(found.start as usize).map(Entry::key);
    let best = judgement.ranked.first().and_then(key);
    let same = judgement.ranked.iter().filter(|found| key(found) == best);
    let mut parcels: Vec<u32> = same.flat_map(|found| matcher.parcels_of(found)).collect();
    parcels.sort_unstable();
    parcels.dedup();
    parcels.len()
}

/// One step per element that says something, base first.
fn steps(matcher: &Matcher, found: &Found) -> Vec<ComparisonStep> {
    let base = ComparisonStep {
        element: "base",
        level: "full_agreement",
        weight_bits: matcher.weights().base,
        detail: "against none of them".to_owned(),
    };
    let silent = [ZIP_UNKNOWN, PLACE_UNKNOWN, POSITION_UNKNOWN, OWNER_UNKNOWN, READING_FIRST];
    std::iter::once(base)
        .chain(ELEMENTS.iter().zip(found.levels).filter(|(_, level)| !silent.contains(level)).map(
            |(element, level)| ComparisonStep {
                element,
                level: if is_compared(found, element) { word_of(level) } else { "not_compared" },
                weight_bits: matcher.bits()[level as usize],
                detail: detail(matcher.county(), found, element),
            },
        ))
        .collect()
}

/// A lot that only the point leads to was not compared element by element: on another street nothing, on the same street
/// under another number neither its letter nor its unit.
fn is_compared(found: &Found, element: &str) -> bool {
    let of_street = matches!(element, "direction" | "street_type");
    let of_house = matches!(element, "number_suffix" | "unit");
    !(found.levels[NUMBER] == NUMBER_OTHER && (of_house || of_street && found.levels[NAME] == NAME_OTHER))
}

/// What the county has for an element.
fn detail(county: &County, found: &Found, element: &str) -> String {
    let Some(entry) = county.entries[..found.end as usize].get(found.start as usize) else { return String::new() };
    let street = &county.streets[entry.street as usize];
    match element {
        "street_name" => county.names.get(street.name).to_owned(),
        "direction" => {
            let both =
                format!("{} {}", direction_word(street.directions & 0xff), direction_word(street.directions >> 8));
            both.trim().to_owned()
        }
        "street_type" => format!("{}{}", county.words.get(street.class), county.words.get(street.kind)),
        "address_number" => number_text(county, entry),
        "unit" => county.words.get(entry.unit).to_owned(),
        "zip" if entry.zip > 0 => format!("{:05}", entry.zip),
        "place" => county.places.get(entry.place).to_owned(),
        "owner_name" => county.owners.get(county.owner_of[entry.parcel as usize]).to_owned(),
        _ => String::new(),
    }
}

/// The house number of an entry in words.
pub(crate) fn number_text(county: &County, entry: &Entry) -> String {
    let (prefix, suffix) = (county.words.get(entry.prefix), county.words.get(entry.suffix));
    let blank = if suffix.contains('/') { " " } else { "" };
    let range = if entry.high > entry.low { format!("-{}", entry.high) } else { String::new() };
    format!("{prefix}{}{range}{blank}{suffix}", entry.low)
}

/// An address of the county in words.
pub(crate) fn situs_text(county: &County, found: &Found) -> String {
    if found.start == found.end {
        return "no situs on the roll".to_owned();
    }
    let entry = &county.entries[found.start as usize];
    let street = &county.streets[entry.street as usize];
    let number = number_text(county, entry);
    let street = street_text(county, street);
    let unit = county.words.get(entry.unit);
    if unit.is_empty() { format!("{number} {street}") } else { format!("{number} {street} # {unit}") }
}

/// A street of the county in words.
pub(crate) fn street_text(county: &County, street: &Street) -> String {
    let (class, name, kind) = (street.class, street.name, street.kind);
    joined(street.directions, [county.words.get(class), county.names.get(name), county.words.get(kind)])
}

/// A street as read, in words.
pub(crate) fn words_text(street: &StreetWords) -> String {
    joined(street.directions, [&street.class, &street.name, &street.kind])
}

fn joined(directions: u32, [class, name, kind]: [&str; 3]) -> String {
    let mut words = vec![direction_word(directions & 0xff), class, name, kind, direction_word(directions >> 8)];
    words.retain(|w| !w.is_empty());
    words.join(" ")
}
