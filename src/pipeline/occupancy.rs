//! Does the tax bill go to the property? Owner-occupied, absentee or unknown: a sign, not a fact.
//!
//! The county writes the two addresses at different hands: one leaves out the street type or direction, or the unit of a house.

use crate::model::address::Address;

/// The word for a mailing address and the situs addresses of a parcel.
pub(crate) fn occupancy(mailing: &str, situs: &[String]) -> &'static str {
    if mailing.is_empty() || situs.is_empty() {
        return "unknown";
    }
    let taken_apart = |text: &str| crate::address::parse(text).readings.into_iter().next();
    let mail = taken_apart(mailing);
    let is_same = situs.iter().any(|s| {
        letters(s) == letters(mailing)
            || mail.as_ref().zip(taken_apart(s).as_ref()).is_some_and(|(a, b)| is_one_place(a, b))
    });
    if is_same { "owner_occupied" } else { "absentee" }
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// One house number on one street; what only one of them says does not part them, what both say does.
fn is_one_place(a: &Address, b: &Address) -> bool {
    fn agree<T: PartialEq>(a: Option<&T>, b: Option<&T>) -> bool {
        a.zip(b).is_none_or(|(a, b)| a == b)
    }
    let number =
        |a: &Address| a.address_number.as_ref().map(|n| (n.low, n.high, n.half, n.prefix.clone(), n.suffix.clone()));
    let (s, t) = (&a.street, &b.street);
    let towns = match (&a.zip, &b.zip) {
        (Some(a), Some(b)) => a == b,
        _ => agree(a.place.as_ref(), b.place.as_ref()),
    };
    let units = a.occupancy.is_empty() || b.occupancy.is_empty() || a.occupancy == b.occupancy;
    a.address_number.is_some()
        && number(a) == number(b)
        && !s.street_name.is_empty()
        && s.street_name == t.street_name
        && agree(s.predirectional.as_ref(), t.predirectional.as_ref())
        && s.pretype == t.pretype
        && agree(s.street_type.as_ref(), t.street_type.as_ref())
        && agree(s.postdirectional.as_ref(), t.postdirectional.as_ref())
        && a.po_box.is_none()
        && b.po_box.is_none()
        && towns
        && units
}

#[cfg(test)]
mod tests {
    use super::occupancy;

    #[test]
    fn what_one_hand_leaves_out_parts_nothing() {
        let of = |mailing: &str, situs: &str| occupancy(mailing, &[situs.to_owned()]);
        for (mailing, situs, wanted) in [
            ("224 S 12TH, PLATTSMOUTH, NE 68048", "224 S 12TH ST, PLATTSMOUTH 68048", "owner_occupied"),
            ("224 S 12TH ST, PLATTSMOUTH, NE 68048", "224 S 12TH ST, PLATTSMOUTH 68048", "owner_occupied"),
            ("224 N 12TH ST, PLATTSMOUTH, NE 68048", "224 S 12TH ST, PLATTSMOUTH 68048", "absentee"),
            ("224 S 12TH AVE, PLATTSMOUTH, NE 68048", "224 S 12TH ST, PLATTSMOUTH 68048", "absentee"),
            ("224 S 12TH ST, OMAHA, NE 68108", "224 S 12TH ST, PLATTSMOUTH 68048", "absentee"),
            ("PO BOX 224, PLATTSMOUTH, NE 68048", "224 S 12TH ST, PLATTSMOUTH 68048", "absentee"),
            ("226 S 12TH ST, PLATTSMOUTH, NE 68048", "224 S 12TH ST, PLATTSMOUTH 68048", "absentee"),
            ("12 ELM ST APT 4, TULSA, OK 74103", "12 ELM ST APT 5, TULSA 74103", "absentee"),
            ("", "12 ELM ST", "unknown"),
        ] {
            assert_eq!(of(mailing, situs), wanted, "{mailing} / {situs}");
        }
    }
}
