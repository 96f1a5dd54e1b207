//! The owner of a case on the day of the violation, as the layer of cases shows it, with the owner group of record.

use crate::owner_name::Style;
use crate::ownership::mailing::mail_key;
use crate::ownership::name::link_name;
use crate::store::case_party::{self, PartyRow};
use crate::store::owner_groups::{self as groups, NodeRow};
use crate::store::ownership::WITHHELD;
use crate::store::{self, Db};

use super::case_party::NAME_COLUMNS;
use super::owner_groups::stored_style;
use super::owner_portfolio::group_no;

/// Reads owners of cases; the style of the roll's lines is read once.
pub struct CaseOwners {
    style: Style,
}

impl CaseOwners {
    /// Begins.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn open(db: &impl Db) -> Result<Self, store::Error> {
        Ok(Self { style: stored_style(db)? })
    }

    /// Owner at the violation and number of the owner group; an owner whose name stands on no roll any more has no group, a
    /// withheld one has neither.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn of(&self, db: &impl Db, case_id: i64) -> Result<(Option<String>, Option<String>), store::Error> {
        let parties = case_party::list(db, case_id)?;
        let Some(owner) = parties.into_iter().find(|p| p.role == "owner_at_violation") else {
            return Ok((None, None));
        };
        if owner.name == WITHHELD {
            return Ok((Some("withheld by law".to_owned()), None));
        }
        let group = self.group(db, &owner)?.map(group_no);
        Ok((Some(owner.name), group))
    }

    /// The group of the owner's name at the owner's address; without such an address the one group that all bearers of the name
    /// are in. Two people of one name are not put into either's group.
    fn group(&self, db: &impl Db, owner: &PartyRow) -> Result<Option<i64>, store::Error> {
        let name = link_name(&owner.name.replace(NAME_COLUMNS, "\n"), &self.style);
        let mut nodes = groups::nodes_named(db, &name.key)?;
        let (street, zip) = street_and_zip(owner.mailing.as_deref().unwrap_or_default());
        let key = mail_key(&street, &zip).key;
        let at_home: Vec<NodeRow> = nodes.iter().filter(|n| n.mail_key == key).cloned().collect();
        if !at_home.is_empty() {
            nodes = at_home;
        }
        let mut ids = nodes.into_iter().map(|n| n.group_id).filter(|id| *id > 0);
        let first = ids.next();
        Ok(first.filter(|id| ids.all(|other| other == *id)))
    }
}

/// Street lines and ZIP of an address in lines, the last of which is "CITY ST ZIP".
pub(super) fn street_and_zip(mailing: &str) -> (String, String) {
    let (street, place) = mailing.rsplit_once('\n').unwrap_or((mailing, ""));
    let zip = place.rsplit(' ').next().filter(|z| z.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default();
    (street.replace('\n', " "), zip.to_owned())
}
