//! What a file has no column for, it says nothing about: a layer of lots and numbers takes no owner away.
//!
//! The roll and the layer of a county often come apart, the one with owners, the other with shapes. What belongs to the owner
//! (mailing address, homestead, sale, deed) is kept only together with the owner: beside another owner it would be wrong.

use rusqlite::{Connection, params};

use super::Error;

/// Field, column of the version, and whether it belongs to the owner; in the order of the comparison.
const KEPT: [(&[&str], &str, bool); 13] = [
    (&["assessor_account_no"], "assessor_account_no", false),
    (&["legal_description"], "legal_description", false),
    (&["land_use"], "land_use", false),
    (&["deed_reference"], "deed_reference", true),
    (&["sale_date"], "sale_date", true),
    (&["owner_lines"], "owner_line_id", true),
    (&["mailing_lines", "mail_city", "mail_zip"], "mailing_address_id", true),
    (&["homestead"], "homestead", true),
    (&["year_built"], "year_built", false),
    (&["building_area_sqft"], "building_area_sqft", false),
    (&["improvement_value"], "improvement_cents", false),
    (&["total_value"], "total_cents", false),
    (&["sale_price"], "sale_cents", true),
];
const OWNER: usize = 5;
const MAILING: usize = 6;
const SITUS: usize = KEPT.len();

/// The fields that a file has no column for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Silent(u32);

impl Silent {
    /// From the names of the fields that no column is mapped to.
    pub fn of(unmapped: &[&str]) -> Self {
        let is_unmapped = |field: &&str| unmapped.contains(field);
        let has_owner = !is_unmapped(&"owner_lines");
        let mut silent = Self::default();
        for (idx, (fields, _, is_owners)) in KEPT.iter().enumerate() {
            if fields.iter().all(is_unmapped) && !(*is_owners && has_owner) {
                silent.0 |= 1 << idx;
            }
        }
        if is_unmapped(&"situs_address") {
            silent.0 |= 1 << SITUS;
        }
        silent
    }

    fn has(self, idx: usize) -> bool {
        self.0 & (1 << idx) != 0
    }

    /// Nothing about owners.
    pub(super) fn is_of_owner(self) -> bool {
        self.has(OWNER)
    }

    /// Nothing about the text that the comparison has at this position (four of them are the mailing address).
    pub(super) fn is_of_text(self, idx: usize) -> bool {
        self.has(idx.min(MAILING))
    }

    /// Nothing about the number that the comparison has at this position.
    pub(super) fn is_of_number(self, idx: usize) -> bool {
        self.has(MAILING + 1 + idx)
    }

    /// Takes from the version before what the file is silent about.
    pub(super) fn keep(self, connection: &Connection, version_id: i64, older_id: i64) -> Result<(), Error> {
        let columns: Vec<&str> = (0..KEPT.len()).filter(|i| self.has(*i)).map(|i| KEPT[i].1).collect();
        if !columns.is_empty() {
            let list = columns.join(", ");
            let sql = format!(
                "UPDATE parcel_version
                 SET ({list}) = (SELECT {list} FROM parcel_version v WHERE v.parcel_version_id = ?2)
                 WHERE parcel_version_id = ?1"
            );
            connection.prepare_cached(&sql)?.execute(params![version_id, older_id])?;
        }
        if self.has(SITUS) {
            connection
                .prepare_cached(
                    "INSERT INTO situs (parcel_version_id, situs_id, row_no, situs_text, standard_form, city, state, zip)
                     SELECT ?1, situs_id, row_no, situs_text, standard_form, city, state, zip
                     FROM situs
                     WHERE parcel_version_id = ?2",
                )?
                .execute(params![version_id, older_id])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Silent;

    #[test]
    fn what_belongs_to_the_owner_is_kept_with_the_owner_only() {
        let layer =
            Silent::of(&["owner_lines", "mailing_lines", "mail_city", "mail_zip", "sale_date", "situs_address"]);
        assert!(layer.is_of_owner() && layer.is_of_text(4) && layer.is_of_text(9) && !layer.is_of_text(0));
        let roll = Silent::of(&["sale_date", "mailing_lines", "mail_city", "mail_zip", "total_value", "homestead"]);
        assert!(!roll.is_of_owner() && !roll.is_of_text(4) && !roll.is_of_text(8) && !roll.is_of_number(0));
        assert!(roll.is_of_number(4), "a value does not depend on the owner");
    }
}
