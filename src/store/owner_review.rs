//! What of the stored owners a person should look at: addresses and groups with many parcels.

use std::cmp::Ordering;

use super::Error;
use super::owner_rebuild::text;
use super::view::Db;

/// An address that several owners use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the query")]
pub struct BusyPlace {
    pub mail_key: String,
    pub role: String,
    pub n_groups: usize,
    pub n_parcels: u32,
    pub first_node_id: i64,
}

/// Judged addresses with at least so many parcels whose role no person gave yet.
///
/// # Errors
/// When the database cannot be read.
pub fn places(db: &impl Db, n_parcels_min: u32) -> Result<Vec<BusyPlace>, Error> {
    // Both are in the order of mail keys: one pass over the owners.
    let mut judged = db.connection().prepare(
        "SELECT r.mail_key, r.role, r.n_groups,
                EXISTS (SELECT 1 FROM address_decision d WHERE d.mail_key = r.mail_key AND d.withdrawn_at IS NULL)
         FROM address_role r
         ORDER BY r.mail_key",
    )?;
    let mut owners =
        db.connection().prepare("SELECT mail_key, n_parcels, owner_node_id FROM owner_node ORDER BY owner_node_id")?;
    let (mut judged, mut owners) = (judged.query([])?, owners.query([])?);
    let mut owner = owners.next()?;
    let mut found = Vec::new();
    while let Some(row) = judged.next()? {
        let mail_key: String = row.get(0)?;
        let mut here = (0u32, None);
        while let Some(at) = owner {
            match text(at, 0)?.cmp(&mail_key) {
                Ordering::Less => {}
                Ordering::Equal => {
                    here.0 += at.get::<_, u32>(1)?;
                    here.1 = here.1.or(Some(at.get(2)?));
                }
                Ordering::Greater => break,
            }
            owner = owners.next()?;
        }
        let (n_parcels, Some(first_node_id)) = here else { continue };
        if n_parcels >= n_parcels_min && !row.get::<_, bool>(3)? {
            let (role, n_groups) = (row.get(1)?, row.get::<_, u32>(2)? as usize);
            found.push(BusyPlace { mail_key, role, n_groups, n_parcels, first_node_id });
        }
    }
    Ok(found)
}

/// Groups with a private owner and more than so many parcels, with their parcels.
///
/// # Errors
/// When the database cannot be read.
pub fn large_groups(db: &impl Db, n_parcels_max: u32) -> Result<Vec<(i64, u32)>, Error> {
    let mut statement = db.connection().prepare(
        "SELECT owner_group_id, SUM(n_parcels)
         FROM owner_node
         GROUP BY owner_group_id
         HAVING SUM(n_parcels) > ?1 AND MAX(kind IN ('person', 'company', 'trust', 'estate', 'unknown'))",
    )?;
    Ok(statement.query_map([n_parcels_max], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<Result<_, _>>()?)
}
