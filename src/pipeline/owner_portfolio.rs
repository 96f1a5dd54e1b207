//! What an owner holds, from the stored groups: who a text means, the parcels of a group by tier, the card of one parcel's owners.
//!
//! Only indexed reads: the answer for one parcel costs the same in a village and in a county.

use rustc_hash::FxHashMap;

use crate::model::date::CivilDate;
use crate::ownership::compare::{Rule, Tier};
use crate::ownership::group::{Link, strengths};
use crate::ownership::interval::Certainty;
use crate::ownership::mailing::mail_key;
use crate::ownership::name::link_name;
use crate::ownership::place::is_private_word;
use crate::pipeline::owner_groups::stored_style;
use crate::pipeline::ownership::{Error, as_of};
use crate::store::owner_groups::{self as groups, NodeRow, PartyRow};
use crate::store::ownership::{self as stored, Holdings, RollRow, WITHHELD};
use crate::store::{Db, Reader};

/// Owners shown for a name; more means that the name is too short.
const FOUND_MAX: usize = 200;
/// Owner nodes shown as leads; more is a sign of an agent address, not of an owner.
const LEADS_MAX: usize = 50;

/// Owners that a parcel number, a group number or a name means.
///
/// # Errors
/// When nothing fits or the database cannot be read.
pub fn resolve(db: &impl Db, what: &str) -> Result<Vec<NodeRow>, Error> {
    if let Some(row) = stored::roll_row_of(db, what)? {
        let hidden = NodeRow { display: WITHHELD.to_owned(), kind: "unknown".to_owned(), ..NodeRow::default() };
        return Ok(vec![match groups::node_of_parcel(db, what)? {
            Some(node) if row.owner_text != WITHHELD => node,
            Some(_) | None => hidden,
        }]);
    }
    let mut nodes = match what.strip_prefix("OG-").and_then(|t| t.parse::<i64>().ok()) {
        Some(id) => match groups::current_group(db, id)? {
            Some(id) => groups::nodes_of_group(db, id)?,
            None => Vec::new(),
        },
        None => groups::nodes_named(db, &link_name(what, &stored_style(db)?).key)?,
    };
    if nodes.is_empty() {
        let upper = what.to_uppercase();
        let words: Vec<String> =
            upper.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect();
        nodes = groups::nodes_with_words(db, &words, FOUND_MAX)?;
    }
    nodes.retain(|n| n.display != WITHHELD);
    if nodes.is_empty() { Err(nobody(what)) } else { Ok(nodes) }
}

/// Per tier that has parcels: its word, how many, and what hangs on them.
pub fn totals(parcels: &[PortfolioParcel]) -> Vec<(&'static str, usize, Holdings)> {
    let mut found = Vec::new();
    for tier in [Tier::Identity, Tier::Affiliation, Tier::Lead] {
        let (mut n, mut sum) = (0, Holdings::default());
        for held in parcels.iter().filter(|p| p.tier == tier).map(|p| &p.holdings) {
            n += 1;
            sum.n_accounts += held.n_accounts;
            sum.balance_cents += held.balance_cents;
            sum.n_taps += held.n_taps;
            sum.n_cases += held.n_cases;
        }
        if n > 0 {
            found.push((tier.as_str(), n, sum));
        }
    }
    found
}

fn nobody(what: &str) -> Error {
    let is_group = what.strip_prefix("OG-").is_some_and(|t| t.parse::<i64>().is_ok());
    if is_group { Error::NoGroup(what.to_owned()) } else { Error::NoOwner(what.to_owned()) }
}

/// True when the text is a name (no parcel or group number) and means a person, which needs a purpose.
///
/// # Errors
/// When the database cannot be read.
pub fn asks_for_person(db: &impl Db, what: &str, found: &[NodeRow]) -> Result<bool, Error> {
    let is_number = what.starts_with("OG-") || stored::roll_row_of(db, what)?.is_some();
    Ok(!is_number && found.iter().any(|n| n.kind == "person" || n.kind == "estate"))
}

/// The public number of a group.
pub fn group_no(group_id: i64) -> String {
    if group_id == 0 { "-".to_owned() } else { format!("OG-{group_id}") }
}

/// An owner of a portfolio, with what ties it to the owner asked for.
#[derive(Debug, Clone)]
pub struct Tied {
    /// The owner.
    pub node: NodeRow,
    /// Tier of the weakest link of the strongest path.
    pub tier: Tier,
    /// That link's rule.
    pub rule: Rule,
}

/// The owners of a group by what ties them to `anchor`, and the leads beside it; strongest first.
///
/// # Errors
/// When the database cannot be read.
pub fn ties(db: &impl Db, anchor: &NodeRow) -> Result<Vec<Tied>, Error> {
    let members = groups::nodes_of_group(db, anchor.group_id)?;
    let links = links_among(db, &members)?;
    let found = strengths(&links, anchor.node_id as u32);
    let mut tied: Vec<Tied> = members
        .into_iter()
        .map(|node| {
            let (tier, rule) = match found.get(&(node.node_id as u32)) {
                Some((rule, n_steps)) => (rule.tier_and_score().0, if *n_steps > 1 { Rule::GroupPath } else { *rule }),
                // No link leads there: a person said so.
                None => (Tier::Affiliation, Rule::StaffSame),
            };
            Tied { node, tier, rule }
        })
        .collect();
    tied.extend(leads(db, anchor)?);
    tied.sort_by(|a, b| (b.tier, &a.node.display, a.node.node_id).cmp(&(a.tier, &b.node.display, b.node.node_id)));
    Ok(tied)
}

fn links_among(db: &impl Db, members: &[NodeRow]) -> Result<Vec<Link>, Error> {
    let position: FxHashMap<i64, u32> = members.iter().map(|n| (n.node_id, n.node_id as u32)).collect();
    let mut links = Vec::new();
    for node in members {
        for link in groups::links_of(db, node.node_id)?.iter().filter(|l| l.a == node.node_id) {
            if let (Some(a), Some(b), Some(rule)) =
                (position.get(&link.a), position.get(&link.b), Rule::from_word(&link.rule))
            {
                links.push(Link { a: *a, b: *b, rule, place: None });
            }
        }
    }
    Ok(links)
}

/// Private owners outside the group that share only the mailing address, or only the name.
fn leads(db: &impl Db, anchor: &NodeRow) -> Result<Vec<Tied>, Error> {
    let mut found = Vec::new();
    if anchor.mail_key.is_empty() || anchor.mail_key.starts_with('?') || !is_private_word(&anchor.kind) {
        return Ok(found);
    }
    let near = groups::nodes_at(db, &anchor.mail_key)?.into_iter().map(|n| (n, Rule::ServiceAddress));
    let named = groups::nodes_named(db, &anchor.name_key)?.into_iter().map(|n| (n, Rule::CommonName));
    for (node, rule) in near.chain(named) {
        if node.group_id != anchor.group_id && is_private_word(&node.kind) && found.len() < LEADS_MAX {
            found.push(Tied { node, tier: Tier::Lead, rule });
        }
    }
    Ok(found)
}

/// One parcel of a portfolio.
#[derive(Debug, Clone)]
pub struct PortfolioParcel {
    /// The roll's row.
    pub row: RollRow,
    /// Tier towards the owner asked for.
    pub tier: Tier,
    /// The rule that put it there.
    pub rule: Rule,
    /// What hangs on it.
    pub holdings: Holdings,
}

/// Everything one owner group holds, strongest tier first.
///
/// # Errors
/// When the database cannot be read.
pub fn portfolio(reader: &Reader, anchor: &NodeRow) -> Result<Vec<PortfolioParcel>, Error> {
    let mut parcels = Vec::new();
    for Tied { node, tier, rule } in ties(reader, anchor)? {
        for row in stored::roll_rows_of_node(reader, node.node_id)? {
            let holdings = stored::holdings(reader, row.parcel_id)?;
            parcels.push(PortfolioParcel { row, tier, rule, holdings });
        }
    }
    parcels.sort_by(|a, b| (b.tier, &a.row.parcel_no).cmp(&(a.tier, &b.row.parcel_no)));
    Ok(parcels)
}

/// The first parcels of the owner's group beside this one, strongest tie first: parcel, owner, tier.
///
/// # Errors
/// When the database cannot be read.
pub fn neighbours(db: &impl Db, parcel_no: &str, limit: usize) -> Result<Vec<(String, String, &'static str)>, Error> {
    let Some(anchor) = groups::node_of_parcel(db, parcel_no)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for Tied { node, tier, .. } in ties(db, &anchor)?.into_iter().filter(|t| t.tier.is_automatic()) {
        for row in stored::roll_rows_of_node(db, node.node_id)?.into_iter().filter(|r| r.parcel_no != parcel_no) {
            found.push((row.parcel_no, row.owner_text.replace('\n', " / "), tier.as_str()));
            if found.len() >= limit {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// What a page about a parcel needs to say about its owner.
#[derive(Debug, Clone)]
pub struct ParcelOwners {
    /// Owner line on the roll today, or `withheld by law: ask supervisor`.
    pub owner_text: String,
    /// Mailing line, empty when withheld.
    pub mailing_lines: String,
    /// Parties of the owner line; none when withheld.
    pub parties: Vec<PartyRow>,
    /// Facts the line states (`life_estate`, `et_al` ...), separated by blanks.
    pub flags: String,
    /// Owner group (`OG-12`), or `-` when there is none.
    pub group_no: String,
    /// Owners of the group, by name and address.
    pub n_group_owners: usize,
    /// Parcels of the group that are not withheld.
    pub n_group_parcels: u32,
    /// Role of the mailing address when several owners use it: what a person confirmed, else the automatic one.
    pub address_role: Option<String>,
    /// True when a person confirmed that role.
    pub is_role_confirmed: bool,
}

/// Parties, group and address role of one parcel's owner on the roll.
///
/// # Errors
/// When there is no such parcel or the database cannot be read.
pub fn owners_of(db: &impl Db, parcel_no: &str) -> Result<ParcelOwners, Error> {
    let row = stored::roll_row_of(db, parcel_no)?.ok_or_else(|| Error::NoParcel(parcel_no.to_owned()))?;
    let (parties, flags) = groups::parties_of(db, parcel_no)?;
    let node = groups::node_of_parcel(db, parcel_no)?.filter(|_| row.owner_text != WITHHELD);
    let (mut group, mut n_owners, mut n_parcels, mut address) = (0, 0, 0, None);
    if let Some(node) = &node {
        group = node.group_id;
        n_owners = groups::owners_in_group(db, node.group_id)?;
        n_parcels = groups::parcels_of_group(db, node.group_id)?;
        address = groups::address_role(db, &node.mail_key)?;
    }
    let confirmed = address.as_ref().and_then(|a| a.confirmed.clone());
    Ok(ParcelOwners {
        owner_text: row.owner_text.replace('\n', " / "),
        mailing_lines: row.mailing_lines,
        parties,
        flags,
        group_no: group_no(group),
        n_group_owners: n_owners,
        n_group_parcels: n_parcels,
        is_role_confirmed: confirmed.is_some(),
        address_role: confirmed.or(address.map(|a| a.role)),
    })
}

/// Possible owners of a parcel on a day and how sure that is, for a case.
///
/// # Errors
/// When there is no such parcel or the database cannot be read.
pub fn owners_on_day(reader: &Reader, parcel_no: &str, date: CivilDate) -> Result<(Certainty, Vec<String>), Error> {
    let found = as_of(reader, parcel_no, date, None)?;
    Ok((found.answer.certainty, found.facts.into_iter().map(|f| f.owner).collect()))
}

/// The mail key of a typed address, for decisions about an address.
pub fn key_of_address(line: &str) -> String {
    mail_key(line, "").key
}
