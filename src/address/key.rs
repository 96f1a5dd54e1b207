//! One key for every spelling of one address, to find equal ones without comparing element by element.

use std::fmt::Write;

use super::standard::street_key;
use super::tables;
use crate::model::address::{Address, AddressNumber, Occupancy};

/// Equal for all spellings of one house number: `101-109` is `101 THRU 109`, `123-B` is `123B`.
pub fn number_key(number: &AddressNumber) -> String {
    let mut key = String::with_capacity(16);
    key.push_str(number.prefix.as_deref().unwrap_or(""));
    let _written = write!(key, "{}", number.low);
    if let Some(high) = number.high {
        let _written = write!(key, "-{high}");
    }
    if let Some(suffix) = &number.suffix {
        let _written = write!(key, " {suffix}");
    }
    if number.half {
        key.push_str(" 1/2");
    }
    key
}

/// Equal for all spellings of one unit; apartments, suites and plain units are told apart by their identifier alone.
pub fn unit_key(unit: &Occupancy) -> String {
    let designator = match unit.occupancy_type.as_str() {
        "APT" | "UNIT" | "STE" | "#" => "",
        other => other,
    };
    // "3RD FLOOR", "THIRD FLOOR" and "FLOOR 3" are one.
    if matches!(designator, "FL" | "LVL") {
        let floor = tables::ordinal(&unit.occupancy_id).or_else(|| tables::number_word(&unit.occupancy_id));
        if let Some(floor) = floor {
            return format!("{designator}{floor}");
        }
    }
    let id: String = unit.occupancy_id.chars().filter(|c| c.is_alphanumeric() || *c == '/').collect();
    format!("{designator}{}", id.trim_start_matches('0'))
}

/// Equal for all spellings of one address: number, street (both of an intersection, in either order), units, box.
///
/// ```
/// use taptrace::address;
/// let key = |text: &str| address::address_key(&address::parse(text).readings[0]);
/// assert_eq!(key("1234 E 21ST ST S"), key("1234 East Twenty-First Street South"));
/// assert_ne!(key("1234 E 21ST ST S"), key("1234 E 21ST PL S"));
/// ```
pub fn address_key(address: &Address) -> String {
    let number = address.address_number.as_ref().map(number_key).unwrap_or_default();
    let mut street = street_key(&address.street);
    if let Some(cross) = &address.cross_street {
        let other = street_key(cross);
        street = if other < street { format!("{other}&{street}") } else { format!("{street}&{other}") };
    }
    let mut units: Vec<String> = address.occupancy.iter().map(unit_key).collect();
    units.sort_unstable();
    format!("{number}/{street}/{}/{}", units.join("+"), address.po_box.as_deref().unwrap_or(""))
}
