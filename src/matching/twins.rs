//! Streets that the county itself calls by two names: a lot that lists one house number under both (2232 7TH AVE and
//! 2232 ADAM CLAYTON POWELL JR BLVD) says that they are one. Corner lots do not: their numbers differ.

use rustc_hash::{FxHashMap, FxHashSet};

use super::county::{County, Entry};

/// Lots that must say so before two names are one.
const LOTS_MIN: usize = 3;
/// Of the house numbers that both names have, this share (in fifths) must be of one lot each: parallel streets share numbers too.
const SAME_FIFTHS: usize = 4;
/// Addresses of one lot that are looked at; a campus has hundreds.
const ENTRIES_PER_LOT_MAX: usize = 64;

/// Pairs of streets that are one, smaller id first. The entries must be sorted by street.
pub(crate) fn find(county: &County) -> Vec<(u32, u32)> {
    let mut by_lot: Vec<&Entry> = county.entries.iter().collect();
    by_lot.sort_unstable_by_key(|e| (e.parcel, e.low, e.street));
    by_lot.dedup_by_key(|e| (e.parcel, e.low, e.street));
    let mut lots: FxHashMap<(u32, u32), usize> = FxHashMap::default();
    for lot in by_lot.chunk_by(|a, b| a.parcel == b.parcel).filter(|lot| lot.len() <= ENTRIES_PER_LOT_MAX) {
        let mut pairs: FxHashSet<(u32, u32)> = FxHashSet::default();
        for same in lot.chunk_by(|a, b| a.low == b.low) {
            for (i, a) in same.iter().enumerate() {
                pairs.extend(same[i + 1..].iter().map(|b| (a.street, b.street)));
            }
        }
        for pair in pairs {
            *lots.entry(pair).or_default() += 1;
        }
    }
    let mut found: Vec<(u32, u32)> =
        lots.into_iter().filter(|(_, n)| *n >= LOTS_MIN).map(|(pair, _)| pair).filter(|p| is_one(county, *p)).collect();
    found.sort_unstable();
    found
}

/// True when house numbers that both streets have in one ZIP are nearly always of one lot.
fn is_one(county: &County, (a, b): (u32, u32)) -> bool {
    let (_, ours) = county.entries_of(a);
    let (_, theirs) = county.entries_of(b);
    let (mut n_same, mut n_other) = (0, 0);
    for number in ours.chunk_by(|x, y| x.low == y.low && x.zip == y.zip) {
        let start = theirs.partition_point(|t| t.low < number[0].low);
        let rivals =
            || theirs[start..].iter().take_while(|t| t.low == number[0].low).filter(|t| t.zip == number[0].zip);
        if rivals().any(|t| number.iter().any(|o| o.parcel == t.parcel)) {
            n_same += 1;
        } else if rivals().next().is_some() {
            n_other += 1;
        }
    }
    n_same >= LOTS_MIN && n_same * 5 >= (n_same + n_other) * SAME_FIFTHS
}

#[cfg(test)]
mod tests {
    use crate::matching::{Matcher, Query, ReferenceRow, Weights};
    use crate::model::link::Decision;

    fn row<'a>(parcel_no: &'a str, situs: &'a str) -> ReferenceRow<'a> {
        ReferenceRow { parcel_no, situs, place: "YORKVILLE", ..ReferenceRow::default() }
    }

    #[test]
    fn a_street_with_two_names_answers_to_both_and_a_parallel_one_does_not() {
        let rows = [
            row("1", "101 7TH AVE"),
            row("1", "101 POWELL BLVD"),
            row("2", "103 7TH AVE"),
            row("2", "103 POWELL BLVD"),
            row("3", "105 7TH AVE"),
            row("3", "105 POWELL BLVD"),
            row("4", "107 7TH AVE"),
            row("5", "10 64TH AVE"),
            row("5", "10 64TH RD"),
            row("6", "12 64TH AVE"),
            row("6", "12 64TH RD"),
            row("7", "14 64TH AVE"),
            row("7", "14 64TH RD"),
            row("8", "16 64TH AVE"),
            row("9", "16 64TH RD"),
            row("10", "18 64TH AVE"),
            row("11", "18 64TH RD"),
            row("12", "20 64TH AVE"),
        ];
        let matcher = Matcher::build_with(&rows, &[], Weights::default());
        let ask = |text| matcher.match_one(&Query { address_text: text, ..Query::default() });
        let alias = ask("107 POWELL BLVD");
        assert_eq!((alias.decision, alias.parcels.as_slice()), (Decision::Accepted, &["4".to_owned()][..]));
        assert!(alias.candidates[0].steps.iter().any(|s| s.level == "twin"), "{alias:?}");
        assert_ne!(ask("20 64TH RD").decision, Decision::Accepted);
    }
}
