//! Other readings of a whole address that its elements allow, whatever its words were.

use super::tables;
use crate::model::address::{Address, AddressNumber, Occupancy};

/// A number suffix may be a unit: `325C MAIN ST` is also `325 MAIN ST UNIT C`.
pub(crate) fn suffix_as_unit(address: &Address) -> Option<Address> {
    let number = address.address_number.as_ref()?;
    let letter = number.suffix.clone().filter(|s| s.bytes().all(|b| b.is_ascii_uppercase()))?;
    if !address.occupancy.is_empty() {
        return None;
    }
    let mut other = address.clone();
    other.address_number.as_mut()?.suffix = None;
    other.occupancy.push(Occupancy { occupancy_type: String::new(), occupancy_id: letter });
    Some(other)
}

/// `101 COURT` and `101 E CENTER`, read as a numbered court and East Center, may be on Court St and Center St.
pub(crate) fn type_as_name(address: &Address) -> Option<Address> {
    let street = &address.street;
    let word = tables::street_type(street.street_type.as_deref()?)?;
    let is_bare = street.pretype.is_none() && street.postdirectional.is_none() && street.predirectional.is_none();
    let mut other = address.clone();
    (other.street.street_name, other.street.street_type) = (word.full.to_owned(), None);
    if address.address_number.is_none() {
        let low = street.street_name.parse().ok().filter(|n| is_bare && (1..=99_999).contains(n))?;
        let raw = street.street_name.clone();
        other.address_number = Some(AddressNumber { low, raw, ..AddressNumber::default() });
    } else {
        let is_short = matches!(word.canonical, "ST" | "AVE" | "RD" | "DR" | "LN" | "BLVD");
        other.street.predirectional = tables::direction(&street.street_name).filter(|_| is_bare && !is_short);
        other.street.predirectional?;
    }
    Some(other)
}

/// `N 1234 DIVISION ST` is 1234 N DIVISION ST, where it is no N1234 of a grid.
pub(crate) fn letter_as_direction(address: &Address) -> Option<Address> {
    let number = address
        .address_number
        .as_ref()
        .filter(|n| n.raw.contains(' ') && n.low >= 100 && n.suffix.is_none() && !n.half)?;
    let direction = number.prefix.as_deref().filter(|p| p.len() == 1).and_then(tables::direction)?;
    let mut other = address.clone();
    let raw = number.low.to_string();
    other.address_number = Some(AddressNumber { low: number.low, raw, ..AddressNumber::default() });
    other.street.predirectional.is_none().then_some(())?;
    other.street.predirectional = Some(direction);
    Some(other)
}
