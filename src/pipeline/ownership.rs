//! Owners of a database: as of a day, their groups and portfolios, explanations, decisions, suppression.
//!
//! Groups are computed from the roll and the decisions each time; a decision is therefore visible at once and nothing is stale.

use std::path::Path;

use crate::model::date::CivilDate;
use crate::model::party::PartyKind;
use crate::ownership::compare::{Rule, Tier};
use crate::ownership::group::{Decision, Grouping, ReviewItem, group, review_queue, strongest_path, verdict};
pub use crate::ownership::interval::{Answer, Certainty, Fact};
use crate::ownership::interval::{Basis, When, owner_as_of};
use crate::ownership::name::link_name;
use crate::ownership::roll::{Roll, RollEntry, collect};
use crate::store::ownership::{self as stored, DecisionRow, Holdings, NewDeed, RollRow, SuppressionRow};
use crate::store::{self, Authorship, Reader, Writer};

/// Leads shown with a portfolio; more is a sign of an agent address, not of an owner.
const LEADS_MAX: usize = 200;

/// A failed use case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// No such parcel.
    #[error("there is no parcel {0:?}")]
    NoParcel(String),
    /// Nobody of that name.
    #[error("no owner on the roll is called {0:?}")]
    NoOwner(String),
    /// A person was asked for without a purpose.
    #[error("looking up a person by name needs a purpose")]
    NoPurpose,
    /// No such suppression.
    #[error("there is no suppression {0}")]
    NoSuppression(i64),
}

/// The roll of a database, grouped.
#[derive(Debug)]
pub struct Owners {
    /// Rows in the order of parcels.
    pub rows: Vec<RollRow>,
    /// Names, places, nodes.
    pub roll: Roll,
    /// Links and groups with decisions applied.
    pub grouping: Grouping,
}

/// Loads and groups the current roll.
///
/// # Errors
/// When the database cannot be read.
pub fn load(reader: &Reader) -> Result<Owners, Error> {
    let rows = stored::roll_rows(reader)?;
    let entries: Vec<RollEntry<'_>> = rows
        .iter()
        .map(|r| RollEntry {
            owner: &r.owner_text,
            mailing: &r.mailing_lines,
            zip: &r.zip,
            situs: &r.situs,
            row: r.parcel_id,
        })
        .collect();
    let roll = collect(&entries);
    let decisions: Vec<Decision> = stored::decisions(reader)?.iter().filter_map(|d| decision_on(&roll, d)).collect();
    let grouping = group(&roll, &decisions);
    Ok(Owners { rows, roll, grouping })
}

/// A stored decision on today's nodes; `None` when one of the owners left the roll.
pub(crate) fn decision_on(roll: &Roll, d: &DecisionRow) -> Option<Decision> {
    let a = roll.find(&d.a.0, &d.a.1, "")?;
    match d.verdict.as_str() {
        "agent" => Some(Decision::AgentPlace(roll.nodes[a as usize].place)),
        "same" => Some(Decision::Same(a, roll.find(&d.b.0, &d.b.1, "")?)),
        _ => Some(Decision::Different(a, roll.find(&d.b.0, &d.b.1, "")?)),
    }
}

impl Owners {
    /// The group's public number: the smallest parcel id of its members, so that it survives a re-run.
    pub fn group_no(&self, node: u32) -> String {
        let root = self.grouping.group_of[node as usize];
        let row = self.members(root).iter().map(|n| self.roll.nodes[*n as usize].row).min().unwrap_or_default();
        format!("OG-{row}")
    }

    /// Nodes of a group by its root.
    pub fn members(&self, root: u32) -> Vec<u32> {
        (0..self.grouping.group_of.len() as u32).filter(|n| self.grouping.group_of[*n as usize] == root).collect()
    }

    /// Owner line of a node as shown to people.
    pub fn display(&self, node: u32) -> &str {
        &self.roll.displays[self.roll.nodes[node as usize].name as usize]
    }

    /// Nodes that a parcel number, a group number or an owner name means.
    ///
    /// # Errors
    /// When nothing fits.
    pub fn resolve(&self, what: &str) -> Result<Vec<u32>, Error> {
        if let Some(i) = self.rows.iter().position(|r| r.parcel_no == what) {
            return Ok(vec![self.roll.node_of_row[i]]);
        }
        if let Some(id) = what.strip_prefix("OG-").and_then(|t| t.parse::<i64>().ok())
            && let Some(i) = self.rows.iter().position(|r| r.parcel_id == id)
        {
            return Ok(vec![self.roll.node_of_row[i]]);
        }
        let key = link_name(what, &self.roll.style).key;
        let exact = self.roll.names.binary_search_by(|n| n.key.cmp(&key)).ok();
        let mut nodes: Vec<u32> = exact.map(|i| self.roll.nodes_of_name[i].clone()).unwrap_or_default();
        if nodes.is_empty() {
            let upper = what.to_uppercase();
            let words: Vec<&str> = upper.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
            for (i, display) in self.roll.displays.iter().enumerate().filter(|_| !words.is_empty()) {
                let shown = display.to_uppercase();
                let has: Vec<&str> = shown.split(|c: char| !c.is_alphanumeric()).collect();
                if words.iter().all(|w| has.contains(w)) {
                    nodes.extend(&self.roll.nodes_of_name[i]);
                }
            }
        }
        if nodes.is_empty() { Err(Error::NoOwner(what.to_owned())) } else { Ok(nodes) }
    }

    /// True when the text asks for a person by name, which needs a purpose.
    pub fn asks_for_person(&self, what: &str) -> bool {
        let is_number = self.rows.iter().any(|r| r.parcel_no == what) || what.starts_with("OG-");
        !is_number
            && self
                .resolve(what)
                .is_ok_and(|nodes| nodes.iter().any(|n| self.roll.name_of(*n).kind == PartyKind::Person))
    }
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
pub fn portfolio(reader: &Reader, owners: &Owners, anchor: u32) -> Result<Vec<PortfolioParcel>, Error> {
    let root = owners.grouping.group_of[anchor as usize];
    let place = owners.roll.nodes[anchor as usize].place;
    let mut parcels = Vec::new();
    let mut n_leads = 0;
    for (row, node) in owners.rows.iter().zip(&owners.roll.node_of_row) {
        let is_member = owners.grouping.group_of[*node as usize] == root;
        let is_near = owners.roll.nodes[*node as usize].place == place;
        if !is_member && (!is_near || n_leads >= LEADS_MAX) {
            continue;
        }
        let found = if *node == anchor { None } else { Some(verdict(&owners.roll, &owners.grouping, (anchor, *node))) };
        let (tier, rule) = found.map_or((Tier::Identity, Rule::SameNameSameAddress), |v| (v.tier, v.rule));
        if tier == Tier::None {
            continue;
        }
        n_leads += usize::from(!is_member);
        let holdings = stored::holdings(reader, row.parcel_id)?;
        parcels.push(PortfolioParcel { row: row.clone(), tier, rule, holdings });
    }
    parcels.sort_by(|a, b| (b.tier, &a.row.parcel_no).cmp(&(a.tier, &b.row.parcel_no)));
    Ok(parcels)
}

/// One line of an explanation.
#[derive(Debug, Clone)]
pub struct ExplainStep {
    /// Owner the step leads to.
    pub owner: String,
    /// Rule and score.
    pub rule: Rule,
    /// Score in hundredths.
    pub score_pct: u8,
    /// True for the weakest link of the path.
    pub is_weakest: bool,
    /// Snapshot and row of the roll that show it.
    pub evidence_row: String,
}

/// Why two owners are one group: the strongest path, or the verdict that keeps them apart.
pub fn explain(owners: &Owners, (a, b): (u32, u32)) -> (crate::ownership::compare::Verdict, Vec<ExplainStep>) {
    let found = verdict(&owners.roll, &owners.grouping, (a, b));
    let path = if owners.grouping.group_of[a as usize] == owners.grouping.group_of[b as usize] {
        strongest_path(&owners.grouping.links, (a, b)).unwrap_or_default()
    } else {
        Vec::new()
    };
    let weakest = path.iter().map(|s| s.link.rule.tier_and_score().1).min();
    let steps = path
        .iter()
        .map(|step| {
            let score_pct = step.link.rule.tier_and_score().1;
            ExplainStep {
                owner: owners.display(step.to).to_owned(),
                rule: step.link.rule,
                score_pct,
                is_weakest: Some(score_pct) == weakest,
                evidence_row: evidence_row(owners, step.to),
            }
        })
        .collect();
    (found, steps)
}

/// Snapshot and row that show a node on the roll.
pub fn evidence_row(owners: &Owners, node: u32) -> String {
    let parcel_id = owners.roll.nodes[node as usize].row;
    match owners.rows.binary_search_by_key(&parcel_id, |r| r.parcel_id) {
        Ok(i) => format!("snapshot {} row {}", owners.rows[i].snapshot_id, owners.rows[i].row_no),
        Err(_) => String::new(),
    }
}

/// The review queue, most parcels at stake first.
pub fn review(owners: &Owners) -> Vec<ReviewItem> {
    review_queue(&owners.roll, &owners.grouping)
}

/// Stores a decision on two owners (or the address of the first, for `agent`).
///
/// # Errors
/// When an owner is not on the roll or the database cannot be written.
pub fn decide(db: &Path, verdict: &str, (a, b): (&str, &str), by: &Authorship) -> Result<(), Error> {
    let owners = load(&Reader::open(db)?)?;
    let side = |what: &str| -> Result<(String, String), Error> {
        let node = owners.resolve(what)?[0];
        Ok((owners.display(node).to_owned(), owners.roll.place_of(node).key.clone()))
    };
    let row = DecisionRow { verdict: verdict.to_owned(), a: side(a)?, b: side(b)?, ..DecisionRow::default() };
    Writer::open(db)?.with(by, |tx| stored::decide(tx, &row))?;
    Ok(())
}

/// Owner of a parcel on a day, suppression applied.
#[derive(Debug, Clone)]
pub struct AsOf {
    /// The answer.
    pub answer: Answer,
    /// The facts that name the possible owners.
    pub facts: Vec<Fact>,
}

/// Owner of a parcel on a day, by what was known on another.
///
/// # Errors
/// When there is no such parcel or the database cannot be read.
pub fn as_of(reader: &Reader, parcel_no: &str, date: CivilDate, known_at: Option<&str>) -> Result<AsOf, Error> {
    let parcel_id = store::cases::parcel(reader, parcel_no)?.ok_or_else(|| Error::NoParcel(parcel_no.to_owned()))?;
    Ok(as_of_id(reader, parcel_id, date, known_at)?)
}

/// Owner of a parcel on a day, by its row id; works inside a transaction too.
///
/// # Errors
/// When the database cannot be read.
pub fn as_of_id(
    db: &impl store::Db,
    parcel_id: i64,
    date: CivilDate,
    known_at: Option<&str>,
) -> Result<AsOf, store::Error> {
    let facts: Vec<Fact> = stored::facts_of(db, parcel_id)?.into_iter().filter_map(fact_of).collect();
    let answer = owner_as_of(&facts, date, known_at);
    let named = answer.facts.iter().map(|i| facts[*i].clone()).collect();
    Ok(AsOf { answer, facts: named })
}

fn fact_of(row: stored::FactRow) -> Option<Fact> {
    let day = |t: &Option<String>| t.as_deref().and_then(CivilDate::parse);
    let from = match row.valid_from.len() {
        4 => When::Year(row.valid_from.parse().ok()?),
        _ => When::Day(CivilDate::parse(&row.valid_from)?),
    };
    let basis = match row.basis.as_str() {
        "sale" => Basis::Sale,
        "roll" => Basis::Roll,
        _ => Basis::Deed,
    };
    let digits: String = row.instrument_no.iter().flat_map(|t| t.chars()).filter(char::is_ascii_digit).collect();
    Some(Fact {
        first_seen: day(&row.first_seen),
        last_seen: day(&row.last_seen),
        owner: row.owner_text,
        from,
        basis,
        sequence: digits.parse().ok(),
        recorded_at: row.recorded_at,
        retracted_at: row.retracted_at,
        reference: row.reference,
    })
}

/// What a page about a parcel needs to say about its owner.
#[derive(Debug, Clone)]
pub struct ParcelOwners {
    /// Owner line on the roll today, or `withheld by law: ask supervisor`.
    pub owner_text: String,
    /// Mailing line, empty when withheld.
    pub mailing_lines: String,
    /// Kind of the owner line.
    pub kind: PartyKind,
    /// Owner group and the parcels it holds.
    pub group_no: String,
    /// Parcels of the group.
    pub n_group_parcels: u32,
    /// Certainty on the day asked for.
    pub certainty: Certainty,
    /// Possible owners on the day asked for.
    pub owners_on_day: Vec<String>,
}

/// Owner, group and owner as of a day of one parcel; `owners` comes from [`load`] and serves many parcels.
///
/// # Errors
/// When there is no such parcel or the database cannot be read.
pub fn owners_of(reader: &Reader, owners: &Owners, parcel_no: &str, date: CivilDate) -> Result<ParcelOwners, Error> {
    let index = owners
        .rows
        .iter()
        .position(|r| r.parcel_no == parcel_no)
        .ok_or_else(|| Error::NoParcel(parcel_no.to_owned()))?;
    let (row, node) = (&owners.rows[index], owners.roll.node_of_row[index]);
    let on_day = as_of(reader, parcel_no, date, None)?;
    let members = owners.members(owners.grouping.group_of[node as usize]);
    Ok(ParcelOwners {
        owner_text: row.owner_text.clone(),
        mailing_lines: row.mailing_lines.clone(),
        kind: owners.roll.name_of(node).kind,
        group_no: owners.group_no(node),
        n_group_parcels: members.iter().map(|n| owners.roll.nodes[*n as usize].n_parcels).sum(),
        certainty: on_day.answer.certainty,
        owners_on_day: on_day.facts.into_iter().map(|f| f.owner).collect(),
    })
}

/// Adds a deed by hand.
///
/// # Errors
/// When there is no such parcel or the database cannot be written.
pub fn add_deed(db: &Path, parcel_no: &str, deed: &NewDeed, by: &Authorship) -> Result<bool, Error> {
    Writer::open(db)?.with(by, |tx| {
        let parcel_id = store::cases::parcel(tx, parcel_no)?.ok_or_else(|| Error::NoParcel(parcel_no.to_owned()))?;
        Ok(stored::insert_deed(tx, parcel_id, deed)?)
    })
}

/// Withholds the owner of a parcel by an order.
///
/// # Errors
/// When there is no such parcel or the database cannot be written.
pub fn suppress(db: &Path, row: &SuppressionRow, by: &Authorship) -> Result<(), Error> {
    Writer::open(db)?.with(by, |tx| {
        let parcel_id =
            store::cases::parcel(tx, &row.parcel_no)?.ok_or_else(|| Error::NoParcel(row.parcel_no.clone()))?;
        Ok(stored::suppress(tx, parcel_id, row)?)
    })
}

/// Ends a suppression.
///
/// # Errors
/// When there is none with this number or the database cannot be written.
pub fn end_suppression(db: &Path, suppression_id: i64, to_date: CivilDate, by: &Authorship) -> Result<(), Error> {
    Writer::open(db)?.with(by, |tx| match stored::end_suppression(tx, suppression_id, &to_date.to_string())? {
        true => Ok(()),
        false => Err(Error::NoSuppression(suppression_id)),
    })
}

/// Logs the look-up of a person.
///
/// # Errors
/// When the purpose is empty or the database cannot be written.
pub fn log_lookup(db: &Path, query: &str, n_found: usize, by: &Authorship) -> Result<(), Error> {
    if by.reason.trim().is_empty() {
        return Err(Error::NoPurpose);
    }
    Writer::open(db)?.with(by, |tx| stored::log_lookup(tx, query, &by.reason, n_found))?;
    Ok(())
}
