//! Two owners with their mailing addresses: which tier, why, and why not.

use crate::model::party::{PartyKind, PersonName, UnknownReason};

use super::name::LinkName;
use super::place::{Judgement, is_private};
use super::roll::Roll;

/// How strongly two owners belong together. Totals are always shown per tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Nothing joins them.
    None,
    /// A hint for a person; never joined.
    Lead,
    /// Probably the same control.
    Affiliation,
    /// The same party.
    Identity,
}

impl Tier {
    /// The word used in SQL, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::None => "none",
            Tier::Lead => "lead",
            Tier::Affiliation => "affiliation",
            Tier::Identity => "identity",
        }
    }

    /// True for the tiers that unite a group.
    pub fn is_automatic(self) -> bool {
        match self {
            Tier::Identity | Tier::Affiliation => true,
            Tier::Lead | Tier::None => false,
        }
    }
}

/// The evidence rule that decided (docs/ownership.md, table of links).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words are explained by `sentence`")]
pub enum Rule {
    SameNameSameAddress,
    OrganizationName,
    Spelling,
    PersonVariant,
    Couple,
    RareName,
    SharedName,
    SmallAddress,
    Headquarters,
    GroupPath,
    StaffSame,
    StaffDifferent,
    ServiceAddress,
    CommonName,
    Placeholder,
    PublicOrAssociation,
    Conflict,
    NothingShared,
}

impl Rule {
    /// The word used in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::SameNameSameAddress => "same_name_same_address",
            Rule::OrganizationName => "organization_name",
            Rule::Spelling => "spelling",
            Rule::PersonVariant => "person_variant",
            Rule::Couple => "couple",
            Rule::RareName => "rare_name",
            Rule::SharedName => "shared_name",
            Rule::SmallAddress => "small_address",
            Rule::Headquarters => "headquarters",
            Rule::GroupPath => "group_path",
            Rule::StaffSame => "staff_same",
            Rule::StaffDifferent => "staff_different",
            Rule::ServiceAddress => "service_address",
            Rule::CommonName => "common_name",
            Rule::Placeholder => "placeholder",
            Rule::PublicOrAssociation => "public_or_association",
            Rule::Conflict => "conflict",
            Rule::NothingShared => "nothing_shared",
        }
    }

    /// Every rule.
    pub const ALL: &'static [Rule] = &[
        Rule::SameNameSameAddress,
        Rule::OrganizationName,
        Rule::Spelling,
        Rule::PersonVariant,
        Rule::Couple,
        Rule::RareName,
        Rule::SharedName,
        Rule::SmallAddress,
        Rule::Headquarters,
        Rule::GroupPath,
        Rule::StaffSame,
        Rule::StaffDifferent,
        Rule::ServiceAddress,
        Rule::CommonName,
        Rule::Placeholder,
        Rule::PublicOrAssociation,
        Rule::Conflict,
        Rule::NothingShared,
    ];

    /// The rule of the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.as_str() == word)
    }

    /// Tier and start score in hundredths (ownership notes 5.3).
    pub fn tier_and_score(self) -> (Tier, u8) {
        match self {
            Rule::SameNameSameAddress => (Tier::Identity, 99),
            Rule::OrganizationName => (Tier::Identity, 97),
            Rule::Spelling | Rule::PersonVariant => (Tier::Identity, 95),
            Rule::Couple => (Tier::Identity, 93),
            Rule::RareName => (Tier::Affiliation, 85),
            Rule::SharedName => (Tier::Affiliation, 95),
            Rule::SmallAddress => (Tier::Affiliation, 85),
            Rule::Headquarters | Rule::GroupPath => (Tier::Affiliation, 80),
            // The same control, which is not the same party.
            Rule::StaffSame => (Tier::Affiliation, 100),
            Rule::ServiceAddress => (Tier::Lead, 40),
            Rule::CommonName => (Tier::Lead, 30),
            Rule::StaffDifferent
            | Rule::Placeholder
            | Rule::PublicOrAssociation
            | Rule::Conflict
            | Rule::NothingShared => (Tier::None, 0),
        }
    }

    /// What the rule says, for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Rule::SameNameSameAddress => "same owner name and same mailing address",
            Rule::OrganizationName => "same distinctive organization name",
            Rule::Spelling => "spelling variant of one organization at one mailing address",
            Rule::PersonVariant => "same persons written differently at one mailing address",
            Rule::Couple => "same couple at two mailing addresses",
            Rule::RareName => "same full name, and the surname is rare on this roll",
            Rule::SharedName => "one mailing address and a shared surname or rare word",
            Rule::SmallAddress => "one mailing address used by one family or few companies",
            Rule::Headquarters => "one mailing address that is a headquarters",
            Rule::GroupPath => "joined through other owners of the group",
            Rule::StaffSame => "a person decided: same control",
            Rule::StaffDifferent => "a person decided: different",
            Rule::ServiceAddress => "only a mailing address in common, and it serves several unrelated owners",
            Rule::CommonName => "only a common name in common",
            Rule::Placeholder => "the mailing address is a placeholder, not a place",
            Rule::PublicOrAssociation => "a public body, church or association lends no link",
            Rule::Conflict => "the names contradict each other",
            Rule::NothingShared => "neither name nor mailing address in common",
        }
    }
}

/// Rows of a surname per 100,000 up to which a full name alone may join two addresses.
pub const SURNAME_PER_100K_MAX: f64 = 10.0;
/// Addresses with one organization name up to which a single distinctive word is enough.
pub const NAME_PLACES_MAX: usize = 5;
/// Similarity from which two organization names at one address are spellings of one.
pub const SPELLING_MIN: f64 = 0.9;
/// Words the shorter of two names must have when the longer only continues it (a remark or a cut column).
const PREFIX_WORDS_MIN: usize = 4;

/// Whether two names at one address are one party.
pub fn same_party_here(a: &LinkName, b: &LinkName) -> Option<Rule> {
    if a.key == b.key {
        return Some(Rule::SameNameSameAddress);
    }
    if a.kind == PartyKind::Person && b.kind == PartyKind::Person {
        return same_persons(&a.persons, &b.persons).then_some(Rule::PersonVariant);
    }
    if std::mem::discriminant(&a.kind) != std::mem::discriminant(&b.kind) || a.numbers != b.numbers || a.core.is_empty()
    {
        return None;
    }
    if matches!(a.kind, PartyKind::Trust | PartyKind::Estate) && !a.persons.is_empty() {
        let is_same = same_persons(&a.persons, &b.persons);
        return is_same.then_some(Rule::PersonVariant);
    }
    let (short, long) = if a.core.len() <= b.core.len() { (&a.core, &b.core) } else { (&b.core, &a.core) };
    let continues = short.split(' ').count() >= PREFIX_WORDS_MIN && long.starts_with(short.as_str());
    let joined = |t: &str| t.replace(' ', "");
    let is_close = a.core == b.core
        || continues
        || joined(short) == joined(long)
        || (short.len() >= 6
            && short.len() * 10 >= long.len() * 8
            && short.get(..3) == long.get(..3)
            && strsim::normalized_levenshtein(short, long) >= SPELLING_MIN);
    is_close.then_some(Rule::Spelling)
}

/// Every person of the smaller set is found in the larger.
fn same_persons(a: &[PersonName], b: &[PersonName]) -> bool {
    let (small, large) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    !small.is_empty() && small.iter().all(|p| large.iter().any(|q| is_same_person(p, q)))
}

fn is_same_person(a: &PersonName, b: &PersonName) -> bool {
    let surnames = a.surname == b.surname
        || a.surname.split('-').any(|p| p == b.surname)
        || b.surname.split('-').any(|p| p == a.surname);
    surnames
        && agrees(&a.given, &b.given, false)
        && agrees(&a.middle, &b.middle, true)
        && (a.suffix == b.suffix || a.suffix.is_empty() || b.suffix.is_empty())
}

/// Equal, an initial of the other, or missing where that is allowed.
fn agrees(a: &str, b: &str, may_miss: bool) -> bool {
    if a.is_empty() || b.is_empty() {
        return may_miss;
    }
    a == b
        || (a.len() == 1 && b.starts_with(a))
        || (b.len() == 1 && a.starts_with(b))
        || a.split(' ').next() == b.split(' ').next() && may_miss
}

/// JR against SR, or two full middle names that differ, with all else equal.
pub fn conflicts(a: &LinkName, b: &LinkName) -> bool {
    let ([p], [q]) = (a.persons.as_slice(), b.persons.as_slice()) else { return false };
    p.surname == q.surname
        && p.given == q.given
        && ((!p.suffix.is_empty() && !q.suffix.is_empty() && p.suffix != q.suffix)
            || !agrees(&p.middle, &q.middle, true))
}

/// One name at two addresses.
pub fn same_name_elsewhere(roll: &Roll, name: &LinkName, n_places: usize) -> Rule {
    match name.kind {
        PartyKind::Unknown(UnknownReason::Blank | UnknownReason::Placeholder | UnknownReason::Withheld) => {
            Rule::CommonName
        }
        PartyKind::Company
        | PartyKind::Government(_)
        | PartyKind::Religious
        | PartyKind::Association
        | PartyKind::Unknown(UnknownReason::SingleWord | UnknownReason::Unparsed) => {
            if name.words.len() >= 2 || (!name.words.is_empty() || name.core.len() >= 3) && n_places <= NAME_PLACES_MAX
            {
                Rule::OrganizationName
            } else {
                Rule::CommonName
            }
        }
        PartyKind::Person | PartyKind::Trust | PartyKind::Estate => {
            let named: Vec<&PersonName> = name.persons.iter().filter(|p| p.given.len() > 1).collect();
            if named.len() >= 2 {
                return Rule::Couple;
            }
            let is_rare = |p: &PersonName| roll.surname_per_100k(&p.surname).is_some_and(|n| n <= SURNAME_PER_100K_MAX);
            match name.persons.as_slice() {
                [] if name.words.len() >= 2 => Rule::OrganizationName,
                [p, ..] if is_rare(p) && !p.given.is_empty() => Rule::RareName,
                [p, ..] if is_rare(p) && name.kind == PartyKind::Trust => Rule::RareName,
                [..] => Rule::CommonName,
            }
        }
    }
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Tier.
    pub tier: Tier,
    /// Score in hundredths.
    pub score_pct: u8,
    /// The rule that decided.
    pub rule: Rule,
    /// The evidence in words.
    pub evidence: Vec<String>,
}

impl Verdict {
    /// From a rule with its start score.
    pub fn of(rule: Rule, evidence: Vec<String>) -> Self {
        let (tier, score_pct) = rule.tier_and_score();
        Self { tier, score_pct, rule, evidence }
    }
}

/// Compares two nodes of a roll by their own evidence; paths through others are `group`'s business.
/// `here` is the judgement of the common place when both use one.
pub fn compare(roll: &Roll, (a, b): (u32, u32), here: Option<&Judgement>) -> Verdict {
    let (name_a, name_b) = (roll.name_of(a), roll.name_of(b));
    let (name_a, name_b) = (&name_a, &name_b);
    let place = roll.nodes[a as usize].place;
    let is_one_place = roll.nodes[a as usize].place == roll.nodes[b as usize].place;
    if name_a.key == name_b.key {
        if is_one_place && !roll.is_placeholder(place) {
            return Verdict::of(
                Rule::SameNameSameAddress,
                vec![format!("both {} at {}", name_a.key, roll.mail_key(a))],
            );
        }
        let n_places = roll.nodes_named(roll.nodes[a as usize].name).len().max(2);
        let rule = same_name_elsewhere(roll, name_a, n_places);
        return Verdict::of(rule, name_evidence(roll, name_a, n_places));
    }
    let (Some(here), true) = (here, is_one_place) else {
        if conflicts(name_a, name_b) {
            return Verdict::of(Rule::Conflict, vec!["suffix or middle name differ".to_owned()]);
        }
        return Verdict::of(Rule::NothingShared, vec![]);
    };
    if roll.is_placeholder(place) {
        return Verdict::of(Rule::Placeholder, vec![format!("{} is not a place", roll.mail_key(a))]);
    }
    compare_here(roll, (a, b), (name_a, name_b), here)
}

fn compare_here(
    roll: &Roll,
    (a, b): (u32, u32),
    (name_a, name_b): (&LinkName, &LinkName),
    here: &Judgement,
) -> Verdict {
    let nodes = roll.nodes_at(roll.nodes[a as usize].place);
    let at = format!(
        "both get mail at {}: {} ({} owner names, {} name groups, {} families, {} associations)",
        roll.mail_key(a),
        here.role.as_str(),
        nodes.len(),
        here.n_groups,
        here.n_families,
        here.n_associations
    );
    if let Some(rule) = same_party_here(name_a, name_b) {
        return Verdict::of(rule, vec![at]);
    }
    if !is_private(name_a.kind) || !is_private(name_b.kind) {
        let kinds = format!("{} and {}", name_a.kind.as_str(), name_b.kind.as_str());
        return Verdict::of(Rule::PublicOrAssociation, vec![at, kinds]);
    }
    let position = |node: u32| nodes.contains(&node).then(|| (node - nodes.start) as usize);
    let (Some(i), Some(j)) = (position(a), position(b)) else {
        return Verdict::of(Rule::NothingShared, vec![]);
    };
    if here.group_of[i] == here.group_of[j] {
        let mut words: Vec<&str> = [i, j].iter().map(|k| here.shared[*k].as_str()).filter(|w| !w.is_empty()).collect();
        words.dedup();
        return Verdict::of(Rule::SharedName, vec![at, format!("shared: {}", words.join(", "))]);
    }
    if here.role.links_strangers() {
        let rule =
            if here.n_groups <= super::place::limits::GROUPS_SMALL { Rule::SmallAddress } else { Rule::Headquarters };
        return Verdict::of(rule, vec![at]);
    }
    Verdict::of(Rule::ServiceAddress, vec![at])
}

pub(super) fn name_evidence(roll: &Roll, name: &LinkName, n_places: usize) -> Vec<String> {
    let mut out = vec![format!("name {} at {n_places} mailing addresses", name.key)];
    if let Some(person) = name.persons.first() {
        out.push(match roll.surname_per_100k(&person.surname) {
            Some(rate) => format!("surname {} is on {rate:.0} of 100,000 rows", person.surname),
            None => "the roll is too small to say whether the surname is rare".to_owned(),
        });
    }
    out
}
