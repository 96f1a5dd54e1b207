//! What a mailing address is: a household, a headquarters, or somebody who gets mail for others.
//!
//! "Same mailing address, same owner" holds for nine small addresses in ten and for two busy ones in three (docs/ownership.md),
//! so the address is judged before it may link anybody. People confirm or overrule the role; see `group::Decision`.

use rustc_hash::FxHashMap;

use crate::model::party::{PartyKind, UnknownReason};

use super::compare::same_party_here;
use super::name::LinkName;
use super::roll::Roll;
use super::words::WORDS;

/// Limits of the judgement, each with its reason.
pub mod limits {
    /// A word carries evidence when at most this many other names per 100,000 use it (a rare brand, not `RIDGE`).
    pub const WORD_NAMES_PER_100K_MAX: f64 = 12.0;
    /// The same limit never falls below this count, so that small rolls keep some evidence.
    pub const WORD_NAMES_MIN: f64 = 3.0;
    /// From this many unrelated families on, an address serves others (agent, adviser, trust department).
    pub const FAMILIES_AGENT: usize = 3;
    /// Up to this many lexical groups a non-agent address is a small circle.
    pub const GROUPS_SMALL: usize = 3;
    /// Company groups that make two families at one address partners.
    pub const COMPANIES_OF_TWO: usize = 3;
    /// More lexical groups than this without a common name is a service address, not one control.
    pub const GROUPS_MAX: usize = 20;
    /// Groups at an out-of-region address from which it is taken for a tenant's or lender's tax office.
    pub const GROUPS_REMOTE: usize = 5;
    /// A ZIP region below this share of the rows is out of region.
    pub const REGION_SHARE_MIN: f64 = 0.02;
    /// Associations from which an address is a manager of associations.
    pub const ASSOCIATIONS_MANAGER: usize = 3;
    /// A given name below this share of named persons may identify one person under two surnames.
    pub const GIVEN_SHARE_MAX: f64 = 0.004;
}

/// Role of a mailing address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressRole {
    /// Not a place.
    Placeholder,
    /// One owner only.
    Single,
    /// One family, perhaps with its companies.
    Household,
    /// Companies of one control, or one family with many companies.
    Headquarters,
    /// A bank or trust department, custodian.
    BankTrust,
    /// A manager of owner associations.
    AssociationManager,
    /// Mail goes to a named adviser, lawyer, accountant or manager.
    Agent,
    /// An out-of-region tax office that pays for many landlords.
    TaxOffice,
    /// A public office that also gets others' mail.
    PublicOffice,
    /// Several families or businesses without a sign which.
    Unclear,
}

impl AddressRole {
    /// Every role.
    pub const ALL: &'static [AddressRole] = &[
        AddressRole::Placeholder,
        AddressRole::Single,
        AddressRole::Household,
        AddressRole::Headquarters,
        AddressRole::BankTrust,
        AddressRole::AssociationManager,
        AddressRole::Agent,
        AddressRole::TaxOffice,
        AddressRole::PublicOffice,
        AddressRole::Unclear,
    ];

    /// The word used in SQL, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            AddressRole::Placeholder => "placeholder",
            AddressRole::Single => "single",
            AddressRole::Household => "household",
            AddressRole::Headquarters => "headquarters",
            AddressRole::BankTrust => "bank_trust",
            AddressRole::AssociationManager => "association_manager",
            AddressRole::Agent => "agent",
            AddressRole::TaxOffice => "tax_office",
            AddressRole::PublicOffice => "public_office",
            AddressRole::Unclear => "unclear",
        }
    }

    /// The role of the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == word)
    }

    /// Whether two owners without any common name may be linked by sharing it.
    pub fn links_strangers(self) -> bool {
        match self {
            AddressRole::Household | AddressRole::Headquarters => true,
            AddressRole::Placeholder
            | AddressRole::Single
            | AddressRole::BankTrust
            | AddressRole::AssociationManager
            | AddressRole::Agent
            | AddressRole::TaxOffice
            | AddressRole::PublicOffice
            | AddressRole::Unclear => false,
        }
    }
}

/// The judgement of one address.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// Role.
    pub role: AddressRole,
    /// Lexical group of each node of the place, in the order of `Place::nodes`.
    pub group_of: Vec<u32>,
    /// Word that put a node into its group, empty for the first.
    pub shared: Vec<String>,
    /// Lexical groups among private owners.
    pub n_groups: usize,
    /// Families among them.
    pub n_families: usize,
    /// Owner associations here.
    pub n_associations: usize,
}

/// Private owners: the only ones an address may link.
pub fn is_private(kind: PartyKind) -> bool {
    match kind {
        PartyKind::Person | PartyKind::Company | PartyKind::Trust | PartyKind::Estate => true,
        PartyKind::Unknown(UnknownReason::Unparsed | UnknownReason::SingleWord) => true,
        PartyKind::Government(_) | PartyKind::Religious | PartyKind::Association | PartyKind::Unknown(_) => false,
    }
}

/// [`is_private`] of a stored kind.
pub fn is_private_word(kind: &str) -> bool {
    matches!(kind, "person" | "company" | "trust" | "estate" | "unknown")
}

/// Judges one address by the names of its nodes.
pub fn judge(roll: &Roll, place: u32, names: &[LinkName]) -> Judgement {
    let n = names.len();
    if n == 1 || roll.is_placeholder(place) {
        let role = if roll.is_placeholder(place) { AddressRole::Placeholder } else { AddressRole::Single };
        let group_of = (0..n as u32).collect();
        return Judgement {
            role,
            group_of,
            shared: vec![String::new(); n],
            n_groups: n,
            n_families: 0,
            n_associations: 0,
        };
    }
    let (group_of, shared) = lexical_groups(roll, names);
    let private: Vec<usize> = (0..n).filter(|i| is_private(names[*i].kind)).collect();
    let mut groups: Vec<u32> = private.iter().map(|i| group_of[*i]).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut families: Vec<u32> =
        private.iter().filter(|i| !names[**i].persons.is_empty()).map(|i| group_of[*i]).collect();
    families.sort_unstable();
    families.dedup();
    let count = |f: fn(&LinkName) -> bool| names.iter().filter(|name| f(name)).count();
    let n_associations = count(|name| name.kind == PartyKind::Association);
    let facts = Facts {
        n_groups: groups.len(),
        n_families: families.len(),
        n_associations,
        n_private: private.len(),
        has_government: count(|name| matches!(name.kind, PartyKind::Government(_))) > 0,
        has_agent_owner: count(|name| name.is_agent_like) > 0,
        has_agent_mail: roll.care_of(place).iter().any(|c| c.split(' ').any(|w| WORDS.agent.contains(w))),
        is_remote: is_remote(roll, &roll.place_key(place)),
        has_home: roll.nodes_at(place).any(|node| roll.is_home(node)),
    };
    let role = role_of(&facts);
    Judgement { role, group_of, shared, n_groups: facts.n_groups, n_families: facts.n_families, n_associations }
}

struct Facts {
    n_groups: usize,
    n_families: usize,
    n_associations: usize,
    n_private: usize,
    has_government: bool,
    has_agent_owner: bool,
    has_agent_mail: bool,
    is_remote: bool,
    has_home: bool,
}

fn role_of(f: &Facts) -> AddressRole {
    if f.n_families >= limits::FAMILIES_AGENT || f.has_agent_owner && f.n_groups > 1 {
        return if f.has_agent_owner { AddressRole::BankTrust } else { AddressRole::Agent };
    }
    if f.has_government && f.n_private > 0 {
        return AddressRole::PublicOffice;
    }
    if f.n_associations >= limits::ASSOCIATIONS_MANAGER && f.n_associations > f.n_private {
        return AddressRole::AssociationManager;
    }
    if f.has_agent_mail && f.n_groups > 1 {
        return AddressRole::Agent;
    }
    if f.n_groups >= limits::GROUPS_REMOTE && f.is_remote {
        return AddressRole::TaxOffice;
    }
    // Two families with several companies between them run one business; two families alone are a sold house.
    if f.n_families == 2 && f.n_groups >= 2 + limits::COMPANIES_OF_TWO && f.n_groups <= limits::GROUPS_MAX {
        return AddressRole::Headquarters;
    }
    if f.n_families > 1 || f.n_groups > limits::GROUPS_MAX {
        return AddressRole::Unclear;
    }
    // An association's treasurer at home: the box is the person's, the companies are not.
    if f.n_associations > 0 && f.n_families == 1 && f.n_groups == 2 && f.has_home {
        return AddressRole::Unclear;
    }
    if f.n_families == 1 && f.n_groups <= limits::GROUPS_SMALL {
        return AddressRole::Household;
    }
    AddressRole::Headquarters
}

fn is_remote(roll: &Roll, key: &str) -> bool {
    let zip2 = key.rsplit_once('|').and_then(|(_, zip)| zip.get(..2)).unwrap_or_default();
    if zip2.is_empty() || roll.learnt.n_rows < super::roll::ROWS_FOR_FREQUENCY {
        return false;
    }
    let rows = roll.learnt.zip2_rows.get(zip2);
    f64::from(rows) < limits::REGION_SHARE_MIN * roll.learnt.n_rows as f64
}

/// Unites names that share a surname, a rare word, a spelling, initials or a person.
fn lexical_groups(roll: &Roll, names: &[LinkName]) -> (Vec<u32>, Vec<String>) {
    let mut union = Union::new(names.len());
    let mut shared = vec![String::new(); names.len()];
    let mut words_here: FxHashMap<&str, f64> = FxHashMap::default();
    for name in names {
        for word in &name.words {
            *words_here.entry(word).or_default() += 1.0;
        }
    }
    let mut seen: FxHashMap<(u8, String), usize> = FxHashMap::default();
    for (i, name) in names.iter().enumerate() {
        for token in tokens_of(roll, name, &words_here) {
            match seen.get(&token) {
                Some(first) => {
                    if union.join(*first, i) && shared[i].is_empty() {
                        shared[i].clone_from(&token.1);
                    }
                }
                None => drop(seen.insert(token, i)),
            }
        }
    }
    join_spellings(names, &mut union);
    ((0..names.len()).map(|i| union.root(i) as u32).collect(), shared)
}

/// Longest list of names compared pair by pair for spelling; beyond it only neighbors in the alphabet are compared.
const SPELLING_NAMES_MAX: usize = 40;

fn join_spellings(names: &[LinkName], union: &mut Union) {
    let window = if names.len() <= SPELLING_NAMES_MAX { names.len() } else { 3 };
    for i in 0..names.len() {
        for j in i + 1..names.len().min(i + 1 + window) {
            if union.root(i) != union.root(j) && same_party_here(&names[i], &names[j]).is_some() {
                union.join(i, j);
            }
        }
    }
}

/// What a name can share with another at the same address. The class keeps initials apart from words.
fn tokens_of(roll: &Roll, name: &LinkName, words_here: &FxHashMap<&str, f64>) -> Vec<(u8, String)> {
    let mut out = Vec::new();
    if !is_private(name.kind) {
        // Public bodies and associations meet each other only in their own class, by full spelling.
        return vec![(b'k', format!("{}:{}", name.kind.as_str(), name.core))];
    }
    let scale = roll.learnt.n_rows as f64 / 100_000.0;
    let limit = (limits::WORD_NAMES_PER_100K_MAX * scale).max(limits::WORD_NAMES_MIN);
    for word in name
        .words
        .iter()
        .filter(|_| name.persons.is_empty() || matches!(name.kind, PartyKind::Trust | PartyKind::Company))
    {
        let elsewhere =
            f64::from(roll.learnt.word_names.get(word)) - words_here.get(word.as_str()).copied().unwrap_or(0.0);
        // A surname inside a company's name counts whatever its frequency: the common address makes it evidence.
        if elsewhere <= limit || roll.learnt.surname_rows.get(word) > 0 && roll.learnt.given_rows.get(word) == 0 {
            out.push((b'w', word.clone()));
            let reversed: String = word.chars().rev().collect();
            if word.len() >= 4
                && (words_here.contains_key(reversed.as_str()) || roll.learnt.surname_rows.get(&reversed) > 0)
            {
                out.push((b'w', reversed));
            }
        }
    }
    for person in &name.persons {
        for part in person.surname.split(['-', ' ']).filter(|p| p.len() >= 2) {
            out.push((b'w', part.to_owned()));
        }
        if let Some(maiden) = person.middle.split(' ').next_back().filter(|m| m.len() >= 3) {
            let as_given = roll.learnt.given_rows.get(maiden);
            if roll.learnt.surname_rows.get(maiden) > as_given {
                out.push((b'w', maiden.to_owned()));
            }
        }
        let n_given = roll.learnt.given_rows.get(&person.given);
        if person.given.len() >= 4
            && f64::from(n_given) <= (limits::GIVEN_SHARE_MAX * roll.learnt.n_rows as f64).max(2.0)
        {
            out.push((b'g', person.given.clone()));
        }
    }
    if !name.initials.is_empty() {
        out.push((b'i', name.initials.clone()));
    }
    if name.persons.len() == 2 {
        let mut initials: Vec<char> = name.persons.iter().filter_map(|p| p.given.chars().next()).collect();
        initials.sort_unstable();
        out.push((b'i', initials.into_iter().collect()));
    }
    out
}

/// A small union-find whose roots are the smallest members, so that results do not depend on the order of joins.
#[derive(Debug, Clone)]
pub(super) struct Union {
    parent: Vec<u32>,
}

impl Union {
    pub(super) fn new(n: usize) -> Self {
        Self { parent: (0..n as u32).collect() }
    }

    pub(super) fn root(&mut self, mut i: usize) -> usize {
        while self.parent[i] as usize != i {
            self.parent[i] = self.parent[self.parent[i] as usize];
            i = self.parent[i] as usize;
        }
        i
    }

    /// Joins two sets; false when they already were one.
    pub(super) fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b) as u32;
        a != b
    }
}
