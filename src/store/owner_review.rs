//! What of the stored owners a person should look at: addresses and groups with many parcels.

use super::Error;
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
    let mut statement = db.connection().prepare(
        "SELECT r.mail_key, r.role, r.n_groups, SUM(n.n_parcels), MIN(n.owner_node_id)
         FROM address_role r
         JOIN owner_node n ON n.mail_key = r.mail_key
         WHERE NOT EXISTS (SELECT 1 FROM address_decision d WHERE d.mail_key = r.mail_key AND d.withdrawn_at IS NULL)
         GROUP BY r.mail_key
         HAVING SUM(n.n_parcels) >= ?1",
    )?;
    let rows = statement.query_map([n_parcels_min], |r| {
        Ok(BusyPlace {
            mail_key: r.get(0)?,
            role: r.get(1)?,
            n_groups: r.get::<_, u32>(2)? as usize,
            n_parcels: r.get(3)?,
            first_node_id: r.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
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
