//! Who owned a parcel on a day, by what we knew on a day: one owner with a certainty, or candidates, never a silent guess.
//!
//! Deeds move ownership on the day (or in the year) they were recorded. A roll only proves who stood on it between the first
//! and last load that showed them. A re-recording to the same owner moves nothing; a sale price of 0 is no sale (the import
//! leaves such sales out).

use crate::model::date::CivilDate;

use super::name::link_name;
use crate::owner_name::Style;

/// What a fact rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// A recorded deed or another document that moves title.
    Deed,
    /// A sale date on the roll.
    Sale,
    /// The roll.
    Roll,
}

impl Basis {
    /// The word used in SQL, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Basis::Deed => "deed",
            Basis::Sale => "sale",
            Basis::Roll => "roll",
        }
    }
}

/// When something happened, as precisely as the source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// On a day.
    Day(CivilDate),
    /// Some day of a year.
    Year(i16),
}

impl When {
    fn first_day(self) -> Option<CivilDate> {
        match self {
            When::Day(day) => Some(day),
            When::Year(year) => CivilDate::new(year, 1, 1),
        }
    }

    fn last_day(self) -> Option<CivilDate> {
        match self {
            When::Day(day) => Some(day),
            When::Year(year) => CivilDate::new(year, 12, 31),
        }
    }
}

/// One statement about one owner of one parcel.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Owner line.
    pub owner: String,
    /// Who gave, by a deed.
    pub grantor: Option<String>,
    /// When the deed was recorded, the sale happened, or the roll first showed the owner.
    pub from: When,
    /// First load that showed the owner; for deeds `None`.
    pub first_seen: Option<CivilDate>,
    /// Last load that showed the owner; for deeds `None`.
    pub last_seen: Option<CivilDate>,
    /// What it rests on.
    pub basis: Basis,
    /// Order among deeds of one day or year when the recorder gives one (instrument number, sequence).
    pub sequence: Option<u64>,
    /// When we learnt it (instant text).
    pub recorded_at: String,
    /// When it was taken back, if it was.
    pub retracted_at: Option<String>,
    /// Deed reference, or snapshot and row.
    pub reference: String,
}

/// How sure an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// A deed on record, and nothing contradicts it.
    DeedCertain,
    /// The roll shows it.
    RollInferred,
    /// Several owners are possible; all of them are given.
    Ambiguous,
    /// Nothing is known for the day.
    Unknown,
}

impl Certainty {
    /// The word used in SQL, JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::DeedCertain => "deed-certain",
            Certainty::RollInferred => "roll-inferred",
            Certainty::Ambiguous => "ambiguous",
            Certainty::Unknown => "unknown",
        }
    }
}

/// The answer for a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// How sure.
    pub certainty: Certainty,
    /// Indexes of the facts that name the owner, or each possible owner.
    pub facts: Vec<usize>,
    /// Why, in words.
    pub why: &'static str,
}

/// Owner of a parcel on `date`, by the facts known at `known_at` (instant or day text; `None` is now).
pub fn owner_as_of(facts: &[Fact], date: CivilDate, known_at: Option<&str>) -> Answer {
    // A day means its end; any later letter sorts behind every time of that day.
    let limit = known_at.map(|k| if k.len() == 10 { format!("{k}U") } else { k.to_owned() });
    let is_known = |f: &Fact| match &limit {
        Some(k) => f.recorded_at <= *k && f.retracted_at.as_ref().is_none_or(|r| r > k),
        None => f.retracted_at.is_none(),
    };
    let known: Vec<usize> = (0..facts.len()).filter(|i| is_known(&facts[*i])).collect();
    let of = |deed: bool| -> Vec<usize> {
        known.iter().copied().filter(|i| (facts[*i].basis == Basis::Deed) == deed).collect()
    };
    let (deeds, seen) = (of(true), of(false));
    by_deeds(facts, &deeds, &seen, date).unwrap_or_else(|| by_roll(facts, &seen, &deeds, date))
}

fn owner_key(fact: &Fact) -> String {
    link_name(&fact.owner, &Style::default()).key
}

/// One answer when all facts name one owner, else `Ambiguous` with one fact per owner.
fn decide(facts: &[Fact], mut chosen: Vec<usize>, certainty: Certainty, why: &'static str) -> Answer {
    chosen.sort_unstable();
    let mut keys = Vec::new();
    chosen.retain(|i| {
        let key = owner_key(&facts[*i]);
        let is_new = !keys.contains(&key);
        keys.push(key);
        is_new
    });
    match chosen.len() {
        0 => Answer { certainty: Certainty::Unknown, facts: chosen, why: "no fact reaches this day" },
        1 => Answer { certainty, facts: chosen, why },
        _ => Answer { certainty: Certainty::Ambiguous, facts: chosen, why },
    }
}

fn by_deeds(facts: &[Fact], deeds: &[usize], seen: &[usize], date: CivilDate) -> Option<Answer> {
    let during: Vec<usize> = deeds
        .iter()
        .copied()
        .filter(|i| {
            facts[*i].from.first_day().is_some_and(|d| d <= date) && facts[*i].from.last_day().is_some_and(|d| d > date)
        })
        .collect();
    let before: Vec<usize> =
        deeds.iter().copied().filter(|i| facts[*i].from.last_day().is_some_and(|d| d <= date)).collect();
    let last = last_deeds(facts, &before);
    if !during.is_empty() {
        let mut chosen = during;
        let is_first = last.is_empty();
        chosen.extend(&last);
        let why = "a transfer is known by its year only; the day may lie before or after it";
        let answer = decide(facts, chosen, Certainty::DeedCertain, why);
        if is_first && answer.facts.len() == 1 {
            return Some(Answer {
                certainty: Certainty::Ambiguous,
                why: "the first known deed is of this year; who owned before is unknown",
                ..answer
            });
        }
        return Some(answer);
    }
    let since = last.iter().filter_map(|i| facts[*i].from.last_day()).max()?;
    let last_keys: Vec<String> = last.iter().map(|i| owner_key(&facts[*i])).collect();
    let later: Vec<usize> = seen
        .iter()
        .copied()
        .filter(|i| {
            let f = &facts[*i];
            let is_after = f.first_seen.is_some_and(|d| d > since && d <= date)
                || f.basis == Basis::Sale && f.from.first_day().is_some_and(|d| d > since && d <= date);
            is_after && !last_keys.contains(&owner_key(f))
        })
        .collect();
    if later.is_empty() {
        let still = shown_long_after(facts, seen, since, &last_keys);
        if still.is_empty() {
            return Some(decide(facts, last, Certainty::DeedCertain, "last deed on record on this day"));
        }
        let why = "a roll of more than a year after the last deed still shows another owner";
        return Some(decide(facts, [last, still].concat(), Certainty::Ambiguous, why));
    }
    let mut chosen = last;
    chosen.extend(later);
    Some(decide(
        facts,
        chosen,
        Certainty::Ambiguous,
        "the roll shows another owner after the last deed; a deed is missing",
    ))
}

/// How long a roll may lag behind the recorder: it shows the owner of 1 January, and the next one comes a year later.
const ROLL_LAG_DAYS: i32 = 400;

/// Owners from before a deed whom the roll still shows when it ought to have caught up.
fn shown_long_after(facts: &[Fact], seen: &[usize], deed: CivilDate, owners: &[String]) -> Vec<usize> {
    let still = |f: &Fact| {
        f.first_seen.is_some_and(|d| d <= deed)
            && f.last_seen.is_some_and(|d| (d.as_jiff() - deed.as_jiff()).get_days() > ROLL_LAG_DAYS)
            && !owners.contains(&owner_key(f))
    };
    seen.iter().copied().filter(|i| still(&facts[*i])).collect()
}

/// The last deed before a day; several when their order on one day or in one year is not known.
fn last_deeds(facts: &[Fact], before: &[usize]) -> Vec<usize> {
    let Some(latest) = before.iter().filter_map(|i| facts[*i].from.last_day()).max() else { return Vec::new() };
    let year_start = before
        .iter()
        .filter(|i| facts[**i].from.last_day() == Some(latest))
        .filter_map(|i| facts[*i].from.first_day())
        .min()
        .unwrap_or(latest);
    let tied: Vec<usize> =
        before.iter().copied().filter(|i| facts[*i].from.last_day().is_some_and(|d| d >= year_start)).collect();
    let best = tied.iter().map(|i| facts[*i].sequence).collect::<Option<Vec<u64>>>().and_then(|s| s.into_iter().max());
    match best {
        Some(best) => tied.into_iter().filter(|i| facts[*i].sequence == Some(best)).collect(),
        None => tied,
    }
}

fn by_roll(facts: &[Fact], seen: &[usize], deeds: &[usize], date: CivilDate) -> Answer {
    let sold_on = |i: usize| credible_sale(facts, seen, i);
    let holds: Vec<usize> = seen
        .iter()
        .copied()
        .filter(|i| {
            let f = &facts[*i];
            let from = sold_on(*i).or(f.first_seen);
            from.is_some_and(|d| d <= date) && f.last_seen.is_some_and(|d| d >= date)
        })
        .collect();
    if !holds.is_empty() {
        return decide(facts, holds, Certainty::RollInferred, "on the roll on this day");
    }
    let before = seen
        .iter()
        .copied()
        .filter(|i| facts[*i].last_seen.is_some_and(|d| d < date))
        .max_by_key(|i| (facts[*i].last_seen, *i));
    let after = seen
        .iter()
        .copied()
        .filter(|i| sold_on(*i).or(facts[*i].first_seen).is_some_and(|d| d > date))
        .min_by_key(|i| (facts[*i].first_seen, *i));
    match (before, after) {
        (None, _) => {
            Answer { certainty: Certainty::Unknown, facts: Vec::new(), why: "before everything that is on record" }
        }
        (Some(b), _) if gave_next(facts, deeds, date, &facts[b]) => decide(
            facts,
            vec![b],
            Certainty::RollInferred,
            "on the roll before; the deed by which this owner gave came later",
        ),
        (Some(b), None) => decide(facts, vec![b], Certainty::RollInferred, "on the last roll before this day"),
        (Some(b), Some(a)) if sold_on(a).is_some() => {
            decide(facts, vec![b], Certainty::RollInferred, "on the roll before; the sale to the next owner came later")
        }
        (Some(b), Some(a)) => {
            decide(facts, vec![b, a], Certainty::RollInferred, "between two rolls; the day of the change is not known")
        }
    }
}

/// The first deed after the day is given by the owner: until then nobody else had anything to give.
fn gave_next(facts: &[Fact], deeds: &[usize], date: CivilDate, owner: &Fact) -> bool {
    let later = |i: &&usize| facts[**i].from.first_day().is_some_and(|d| d > date);
    let next = deeds.iter().filter(later).min_by_key(|i| (facts[**i].from.first_day(), facts[**i].sequence));
    let grantor = next.and_then(|i| facts[*i].grantor.as_deref());
    grantor.is_some_and(|g| link_name(g, &Style::default()).key == owner_key(owner))
}

/// The sale date of a roll fact, unless the owner before was first seen on or after it: then it is the sale *to that owner*.
fn credible_sale(facts: &[Fact], seen: &[usize], i: usize) -> Option<CivilDate> {
    let fact = &facts[i];
    let sold = fact.from.first_day().filter(|_| fact.basis == Basis::Sale)?;
    let is_older = seen.iter().any(|j| {
        let other = &facts[*j];
        other.first_seen < fact.first_seen
            && owner_key(other) != owner_key(fact)
            && (other.first_seen.is_some_and(|d| d >= sold) || other.from.first_day().is_some_and(|d| d >= sold))
    });
    (!is_older).then_some(sold)
}

#[cfg(test)]
mod tests {
    use super::{Basis, Certainty, Fact, When, owner_as_of};
    use crate::model::date::CivilDate;

    fn day(text: &str) -> CivilDate {
        CivilDate::parse(text).unwrap()
    }

    fn deed(owner: &str, from: When, sequence: Option<u64>) -> Fact {
        Fact {
            owner: owner.to_owned(),
            grantor: None,
            from,
            first_seen: None,
            last_seen: None,
            basis: Basis::Deed,
            sequence,
            recorded_at: "2026-01-01T00:00:00Z".to_owned(),
            retracted_at: None,
            reference: String::new(),
        }
    }

    fn roll(owner: &str, first: &str, last: &str, sale: Option<&str>) -> Fact {
        Fact {
            from: When::Day(day(sale.unwrap_or(first))),
            first_seen: Some(day(first)),
            last_seen: Some(day(last)),
            basis: if sale.is_some() { Basis::Sale } else { Basis::Roll },
            ..deed(owner, When::Year(2000), None)
        }
    }

    fn check(facts: &[Fact], on: &str, certainty: Certainty, owners: &[&str]) {
        let answer = owner_as_of(facts, day(on), None);
        let named: Vec<&str> = answer.facts.iter().map(|i| facts[*i].owner.as_str()).collect();
        assert_eq!((answer.certainty, named.as_slice()), (certainty, owners), "{on}: {}", answer.why);
    }

    #[test]
    fn a_deed_decides_from_its_day_on() {
        let facts = [
            deed("ZEDI, ANA", When::Day(day("2020-03-01")), None),
            deed("GULO, TOM", When::Day(day("2024-05-02")), None),
        ];
        check(&facts, "2020-02-29", Certainty::Unknown, &[]);
        check(&facts, "2024-05-01", Certainty::DeedCertain, &["ZEDI, ANA"]);
        check(&facts, "2024-05-02", Certainty::DeedCertain, &["GULO, TOM"]);
    }

    #[test]
    fn a_roll_that_never_caught_up_with_a_deed_speaks_against_it() {
        let deed = || deed("GULO, TOM", When::Day(day("2024-05-02")), None);
        let caught_up = [deed(), roll("ZEDI, ANA", "2023-01-01", "2025-01-01", None)];
        check(&caught_up, "2024-06-01", Certainty::DeedCertain, &["GULO, TOM"]);
        let never = [deed(), roll("ZEDI, ANA", "2023-01-01", "2026-01-01", None)];
        check(&never, "2024-06-01", Certainty::Ambiguous, &["GULO, TOM", "ZEDI, ANA"]);
        check(&never, "2024-05-01", Certainty::RollInferred, &["ZEDI, ANA"]);
        let same = [deed(), roll("GULO, TOM", "2023-01-01", "2026-01-01", None)];
        check(&same, "2024-06-01", Certainty::DeedCertain, &["GULO, TOM"]);
    }

    #[test]
    fn the_grantor_of_the_next_deed_owned_until_then() {
        let sold = |grantor: &str| Fact {
            grantor: Some(grantor.to_owned()),
            ..deed("GULO, TOM", When::Day(day("2024-05-02")), None)
        };
        let rolls =
            [roll("ZEDI, ANA", "2024-01-01", "2024-01-01", None), roll("GULO, TOM", "2025-01-01", "2025-01-01", None)];
        let with = |grantor: &str| [rolls[0].clone(), rolls[1].clone(), sold(grantor)];
        check(&with("ANA ZEDI"), "2024-03-01", Certainty::RollInferred, &["ZEDI, ANA"]);
        check(&with("MARO LLC"), "2024-03-01", Certainty::Ambiguous, &["ZEDI, ANA", "GULO, TOM"]);
        check(&with("ANA ZEDI"), "2024-05-02", Certainty::DeedCertain, &["GULO, TOM"]);
    }

    #[test]
    fn a_year_is_not_a_day() {
        let facts = [
            deed("ZEDI, ANA", When::Year(2019), Some(1)),
            deed("GULO, TOM", When::Year(2021), Some(2)),
            deed("MARO LLC", When::Year(2021), Some(3)),
        ];
        check(&facts, "2020-07-01", Certainty::DeedCertain, &["ZEDI, ANA"]);
        check(&facts, "2021-07-01", Certainty::Ambiguous, &["ZEDI, ANA", "GULO, TOM", "MARO LLC"]);
        check(&facts, "2022-01-01", Certainty::DeedCertain, &["MARO LLC"]);
    }

    #[test]
    fn a_rerecording_to_the_same_owner_moves_nothing() {
        let facts = [deed("ZEDI, ANA", When::Year(1988), Some(1)), deed("ZEDI, ANA", When::Year(1991), Some(2))];
        check(&facts, "1991-06-01", Certainty::DeedCertain, &["ZEDI, ANA"]);
    }

    #[test]
    fn two_deeds_of_one_day_need_an_order() {
        let on = When::Day(day("2024-05-02"));
        check(
            &[deed("ZEDI LLC", on, None), deed("GULO LLC", on, None)],
            "2025-01-01",
            Certainty::Ambiguous,
            &["ZEDI LLC", "GULO LLC"],
        );
        check(
            &[deed("ZEDI LLC", on, Some(8)), deed("GULO LLC", on, Some(7))],
            "2025-01-01",
            Certainty::DeedCertain,
            &["ZEDI LLC"],
        );
    }

    #[test]
    fn a_change_between_two_rolls_is_an_ambiguous_window() {
        let facts =
            [roll("ZEDI, ANA", "2024-01-01", "2024-06-01", None), roll("GULO, TOM", "2025-01-01", "2025-01-01", None)];
        check(&facts, "2023-12-31", Certainty::Unknown, &[]);
        check(&facts, "2024-03-01", Certainty::RollInferred, &["ZEDI, ANA"]);
        check(&facts, "2024-09-01", Certainty::Ambiguous, &["ZEDI, ANA", "GULO, TOM"]);
        check(&facts, "2026-01-01", Certainty::RollInferred, &["GULO, TOM"]);
    }

    #[test]
    fn a_sale_date_closes_the_window_but_an_old_one_does_not() {
        let sold = [
            roll("ZEDI, ANA", "2024-01-01", "2024-06-01", None),
            roll("GULO, TOM", "2025-01-01", "2025-01-01", Some("2024-10-01")),
        ];
        check(&sold, "2024-09-01", Certainty::RollInferred, &["ZEDI, ANA"]);
        check(&sold, "2024-11-01", Certainty::RollInferred, &["GULO, TOM"]);
        let old = [
            roll("ZEDI, ANA", "2024-01-01", "2024-06-01", None),
            roll("ZEDI TRUST", "2025-01-01", "2025-01-01", Some("2015-03-01")),
        ];
        check(&old, "2024-09-01", Certainty::Ambiguous, &["ZEDI, ANA", "ZEDI TRUST"]);
        check(&old, "2024-03-01", Certainty::RollInferred, &["ZEDI, ANA"]);
    }

    #[test]
    fn a_roll_that_contradicts_the_deed_is_shown() {
        let facts = [
            deed("ZEDI, ANA", When::Day(day("2020-03-01")), None),
            roll("GULO, TOM", "2024-01-01", "2024-06-01", None),
        ];
        check(&facts, "2022-01-01", Certainty::DeedCertain, &["ZEDI, ANA"]);
        check(&facts, "2024-03-01", Certainty::Ambiguous, &["ZEDI, ANA", "GULO, TOM"]);
    }

    #[test]
    fn what_we_knew_then_is_not_what_we_know_now() {
        let mut late = deed("GULO, TOM", When::Day(day("2024-05-02")), None);
        late.recorded_at = "2026-06-01T00:00:00Z".to_owned();
        let facts = [deed("ZEDI, ANA", When::Day(day("2020-03-01")), None), late];
        let owner =
            |known_at: Option<&str>| facts[owner_as_of(&facts, day("2025-01-01"), known_at).facts[0]].owner.clone();
        assert_eq!(owner(Some("2026-05-31")), "ZEDI, ANA");
        assert_eq!(owner(Some("2026-06-01")), "GULO, TOM");
        assert_eq!(owner(None), "GULO, TOM");
    }
}
