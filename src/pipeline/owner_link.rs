//! Pairs of (owner line, mailing address): which tier joins them and on what evidence; and the figures of a labelled file.
//!
//! The roll gives name frequencies and address roles. Owners of the pair file that are not on the roll are added to it,
//! so that the command also answers without one.

use std::path::Path;

use crate::ownership::compare::{Tier, Verdict};
use crate::ownership::group::{Grouping, group, review_queue, verdict};
use crate::ownership::mailing::mail_key;
use crate::ownership::roll::Roll;
use crate::pipeline::address_file::{Error, Table};
use crate::pipeline::owner_roll::{OwnedRow, roll_of};

/// One pair of the file.
#[derive(Debug, Clone, Default)]
pub struct Pair {
    /// Id column, or the row number.
    pub id: String,
    /// First owner and mailing.
    pub a: (String, String, String),
    /// Second owner and mailing.
    pub b: (String, String, String),
    /// Address id of the labelled sets.
    pub addr_id: String,
    /// Label, empty when the file has none.
    pub label: String,
}

/// The answer for one pair.
#[derive(Debug, Clone)]
pub struct PairVerdict {
    /// The pair.
    pub pair: Pair,
    /// What was found.
    pub verdict: Verdict,
    /// Role of the common address, when there is one.
    pub address_role: Option<&'static str>,
    /// Evidence rows on the roll (parcel ids or file rows), empty when the owner is not on it.
    pub rows: [Option<i64>; 2],
    /// Mail keys.
    pub keys: [String; 2],
}

/// Reads a pair file. Column names are taken as the labelled sets and the manual write them.
///
/// # Errors
/// When the file cannot be read or lacks the owners.
pub fn read_pairs(path: &Path) -> Result<Vec<Pair>, Error> {
    let mut table = Table::open(path)?;
    let find = |names: &[&str]| names.iter().find_map(|n| table.column(n));
    let owner_a = find(&["owner_a", "owner", "owner1", "owner_1"]);
    let owner_b = find(&["owner_b", "owner2", "owner_2"]);
    let (Some(owner_a), Some(owner_b)) = (owner_a, owner_b) else {
        table.require("owner_a")?;
        table.require("owner_b")?;
        return Ok(Vec::new());
    };
    let common = find(&["mail_key", "mailing", "mailing_address", "mail_address"]);
    let mail_a = find(&["mailing_a", "key_a", "mail_a", "mail_key_a", "mailing_address_a", "address_a"]).or(common);
    let mail_b = find(&["mailing_b", "key_b", "mail_b", "mail_key_b", "mailing_address_b", "address_b"]).or(common);
    let zip_a = find(&["mail_zip_a", "zip_a", "mailing_zip_a", "mail_zip", "zip"]);
    let zip_b = find(&["mail_zip_b", "zip_b", "mailing_zip_b", "mail_zip", "zip"]);
    let id = find(&["id", "pair_id"]);
    let (addr_id, label) = (find(&["addr_id"]), find(&["label"]));
    let mut pairs = Vec::new();
    while let Some((row_no, record)) = table.next_row()? {
        let record = record.map_err(|problem| Error::Row { path: path.to_owned(), problem })?;
        let cell = |c: Option<usize>| c.and_then(|c| record.get(c)).unwrap_or("").trim().to_owned();
        pairs.push(Pair {
            id: id.map_or_else(|| row_no.to_string(), |c| cell(Some(c))),
            a: (cell(Some(owner_a)), cell(mail_a), cell(zip_a)),
            b: (cell(Some(owner_b)), cell(mail_b), cell(zip_b)),
            addr_id: cell(addr_id),
            label: cell(label),
        });
    }
    Ok(pairs)
}

/// A roll with the pairs' owners on it, grouped.
pub fn grouped_with(mut rows: Vec<OwnedRow>, pairs: &[Pair]) -> (Roll, Grouping) {
    let base = roll_of(&rows);
    let mut added: Vec<(&str, &str, &str)> = Vec::new();
    for pair in pairs {
        for (owner, mailing, zip) in [&pair.a, &pair.b] {
            if base.find(owner, mailing, zip).is_none() {
                added.push((owner, mailing, zip));
            }
        }
    }
    added.sort_unstable();
    added.dedup();
    if added.is_empty() {
        let grouping = group(&base, &[]);
        return (base, grouping);
    }
    rows.extend(added.into_iter().map(|(owner, mailing, zip)| OwnedRow {
        owner: owner.to_owned(),
        mailing: mailing.to_owned(),
        zip: zip.to_owned(),
        row: -1,
        ..OwnedRow::default()
    }));
    let roll = roll_of(&rows);
    let grouping = group(&roll, &[]);
    (roll, grouping)
}

/// Judges every pair.
pub fn link_pairs(roll: &Roll, grouping: &Grouping, pairs: &[Pair]) -> Vec<PairVerdict> {
    pairs
        .iter()
        .map(|pair| {
            let node = |(owner, mailing, zip): &(String, String, String)| roll.find(owner, mailing, zip);
            let keys = [mail_key(&pair.a.1, &pair.a.2), mail_key(&pair.b.1, &pair.b.2)];
            let is_placeholder = keys.iter().any(|k| k.is_placeholder);
            let nodes = (node(&pair.a), node(&pair.b));
            let verdict = match nodes {
                (Some(a), Some(b)) => verdict(roll, grouping, (a, b)),
                (_, _) if is_placeholder => Verdict::of(crate::ownership::compare::Rule::Placeholder, Vec::new()),
                (_, _) => Verdict::of(crate::ownership::compare::Rule::NothingShared, Vec::new()),
            };
            let row = |n: Option<u32>| n.map(|n| roll.evidence_of(n)).filter(|r| *r >= 0);
            let address_role = nodes
                .0
                .filter(|_| keys[0].key == keys[1].key)
                .and_then(|a| grouping.judgements.get(&roll.nodes[a as usize].place).map(|j| j.role.as_str()));
            PairVerdict {
                pair: pair.clone(),
                verdict,
                address_role,
                rows: [row(nodes.0), row(nodes.1)],
                keys: keys.map(|k| k.key),
            }
        })
        .collect()
}

/// Figures of one labelled file.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Linked pairs labelled `same` or `probable`.
    pub n_right: usize,
    /// Linked pairs labelled `unrelated`.
    pub n_wrong: usize,
    /// Pairs labelled `same` or `probable` left apart.
    pub n_missed: usize,
    /// Pairs labelled `uncertain`.
    pub n_uncertain: usize,
    /// Of those, linked.
    pub n_uncertain_joined: usize,
    /// The same counts at the busiest addresses (`T...`): right, wrong.
    pub busiest: (usize, usize),
    /// Linked through a placeholder address.
    pub n_placeholder: usize,
    /// Linked although one side is an association and the names are not spellings of one.
    pub n_association: usize,
    /// The pairs that went wrong, one line each.
    pub mistakes: Vec<String>,
}

impl Figures {
    /// Share of linked pairs that are right.
    pub fn precision(&self) -> f64 {
        self.n_right as f64 / (self.n_right + self.n_wrong).max(1) as f64
    }

    /// Share of same and probable pairs that are linked.
    pub fn recall(&self) -> f64 {
        self.n_right as f64 / (self.n_right + self.n_missed).max(1) as f64
    }

    /// Precision at the busiest addresses.
    pub fn busiest_precision(&self) -> f64 {
        self.busiest.0 as f64 / (self.busiest.0 + self.busiest.1).max(1) as f64
    }
}

/// Counts verdicts against labels.
pub fn measure(verdicts: &[PairVerdict]) -> Figures {
    let mut f = Figures::default();
    for v in verdicts {
        let is_linked = v.verdict.tier.is_automatic();
        let is_busy = v.pair.addr_id.starts_with('T');
        let mistake = |what: &str| {
            format!(
                "{what} {} {} | {} | {} | {} | {}",
                v.pair.addr_id,
                v.keys[0],
                v.pair.a.0,
                v.pair.b.0,
                v.verdict.rule.as_str(),
                v.address_role.unwrap_or("-")
            )
        };
        match (v.pair.label.as_str(), is_linked) {
            ("same" | "probable", true) => {
                f.n_right += 1;
                f.busiest.0 += usize::from(is_busy);
            }
            ("same" | "probable", false) => {
                f.n_missed += 1;
                f.mistakes.push(mistake("missed"));
            }
            ("unrelated", true) => {
                f.n_wrong += 1;
                f.busiest.1 += usize::from(is_busy);
                f.mistakes.push(mistake("wrong"));
            }
            ("uncertain", linked) => {
                f.n_uncertain += 1;
                f.n_uncertain_joined += usize::from(linked);
                if linked {
                    f.mistakes.push(mistake("uncertain"));
                }
            }
            (_, _) => {}
        }
        if is_linked && v.verdict.rule.as_str() == "placeholder" {
            f.n_placeholder += 1;
        }
        if is_linked
            && v.verdict.tier == Tier::Affiliation
            && [&v.pair.a.0, &v.pair.b.0].iter().any(|o| is_association(o))
        {
            f.n_association += 1;
        }
    }
    f
}

fn is_association(owner: &str) -> bool {
    crate::owner_name::parse(&[owner], &crate::owner_name::Style::default()).kind
        == crate::model::party::PartyKind::Association
}

/// Review items per 100,000 parcels of a roll.
pub fn review_per_100k(roll: &Roll, grouping: &Grouping) -> f64 {
    review_queue(roll, grouping).len() as f64 * 100_000.0 / roll.learnt.n_rows.max(1) as f64
}
