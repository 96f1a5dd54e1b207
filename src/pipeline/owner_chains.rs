//! Figures of "owner as of" on labelled chains of title (chain_id, seq, owner_name, year_recorded): how many days get one
//! right owner, how many candidates, and whether any gets a silent guess.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::date::CivilDate;
use crate::owner_name::Style;
use crate::ownership::interval::{Basis, Certainty, Fact, When, owner_as_of};
use crate::ownership::name::link_name;
use crate::pipeline::address_file::{Error, Table};

/// Counts over all chains; each year of a chain is asked on 1 July and 31 December.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Chains read.
    pub n_chains: usize,
    /// Days asked.
    pub n_asked: usize,
    /// One owner, and the chain allows no other.
    pub n_right: usize,
    /// Several owners, the chain's among them.
    pub n_ambiguous: usize,
    /// "Unknown" although the chain names an owner.
    pub n_unknown: usize,
    /// One owner although the chain allows another, or candidates without the chain's owner.
    pub n_guessed: usize,
}

/// True when the file holds chains.
///
/// # Errors
/// When the file cannot be read.
pub fn holds_chains(path: &Path) -> Result<bool, Error> {
    Ok(Table::open(path)?.column("chain_id").is_some())
}

/// Measures a file of chains.
///
/// # Errors
/// When the file cannot be read or lacks a column.
pub fn measure(path: &Path) -> Result<Figures, Error> {
    let mut table = Table::open(path)?;
    let columns = [
        table.require("chain_id")?,
        table.require("seq")?,
        table.require("owner_name")?,
        table.require("year_recorded")?,
    ];
    let mut chains: BTreeMap<String, Vec<(u64, i16, String)>> = BTreeMap::new();
    while let Some((_, record)) = table.next_row()? {
        let record = record.map_err(|problem| Error::Row { path: path.to_owned(), problem })?;
        let cell = |i: usize| record.get(columns[i]).unwrap_or("").trim().to_owned();
        if let (Ok(seq), Ok(year)) = (cell(1).parse(), cell(3).parse()) {
            chains.entry(cell(0)).or_default().push((seq, year, cell(2)));
        }
    }
    let mut figures = Figures { n_chains: chains.len(), ..Figures::default() };
    for chain in chains.values_mut() {
        chain.sort();
        ask_chain(chain, &mut figures);
    }
    Ok(figures)
}

fn ask_chain(chain: &[(u64, i16, String)], figures: &mut Figures) {
    let facts: Vec<Fact> = chain
        .iter()
        .map(|(seq, year, owner)| Fact {
            owner: owner.clone(),
            grantor: None,
            from: When::Year(*year),
            first_seen: None,
            last_seen: None,
            basis: Basis::Deed,
            sequence: Some(*seq),
            recorded_at: String::new(),
            retracted_at: None,
            reference: String::new(),
        })
        .collect();
    let years = chain.iter().map(|c| c.1);
    let (Some(first), Some(last)) = (years.clone().min(), years.max()) else { return };
    for year in first..=last.saturating_add(1) {
        for (month, day) in [(7, 1), (12, 31)] {
            let Some(date) = CivilDate::new(year, month, day) else { continue };
            let truth = possible(chain, year, month == 12);
            let answer = owner_as_of(&facts, date, None);
            let named: Vec<String> = answer.facts.iter().map(|i| key(&facts[*i].owner)).collect();
            figures.n_asked += 1;
            match answer.certainty {
                Certainty::Unknown => figures.n_unknown += 1,
                Certainty::Ambiguous if truth.iter().all(|t| named.contains(t)) => figures.n_ambiguous += 1,
                Certainty::DeedCertain | Certainty::RollInferred if truth == named => figures.n_right += 1,
                Certainty::Ambiguous | Certainty::DeedCertain | Certainty::RollInferred => figures.n_guessed += 1,
            }
        }
    }
}

fn key(owner: &str) -> String {
    link_name(owner, &Style::default()).key
}

/// Owners the chain allows: at the end of a year the last of the sequence, within a year also everyone of that year.
fn possible(chain: &[(u64, i16, String)], year: i16, is_year_end: bool) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let before = chain.iter().filter(|c| c.1 < year || is_year_end && c.1 == year).max_by_key(|c| (c.1, c.0));
    keys.extend(before.map(|c| key(&c.2)));
    if !is_year_end {
        keys.extend(chain.iter().filter(|c| c.1 == year).map(|c| key(&c.2)));
    }
    keys.sort();
    keys.dedup();
    keys
}
