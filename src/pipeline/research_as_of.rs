//! `research --as-of DATE`: owner, accounts and taps of a parcel on a day, each with how sure that is.
//!
//! The owner comes from deeds and rolls. Accounts have only their days of opening and closing, taps their day of tapping and of a
//! recorded removal: what the files do not say is told as not known. Valve and meter states of the past are not kept.

use std::path::Path;

use serde_json::{Value, json};

use crate::model::date::CivilDate;
use crate::pipeline::ownership;
use crate::pipeline::research::{Answer, Found};
use crate::store::{Reader, premises, removals, taps};

/// Adds `as_of` to every parcel of an answer. Returns true when one parcel was found and one owner of that day is known.
///
/// # Errors
/// When the database cannot be read.
pub fn add(db: &Path, answer: &mut Answer, date: CivilDate) -> Result<bool, ownership::Error> {
    let reader = Reader::open(db)?;
    let mut n_owners = 0;
    answer.document["as_of"] = json!(date.to_string());
    for parcel in answer.document["parcels"].as_array_mut().into_iter().flatten() {
        let parcel_no = parcel["parcel_no"].as_str().unwrap_or_default().to_owned();
        let (owner, n) = owner_value(&reader, &parcel_no, date)?;
        n_owners += n;
        parcel["as_of"] = json!({
            "date": date.to_string(), "owner": owner,
            "accounts": accounts_value(&reader, &parcel_no, date)?, "taps": taps_value(&reader, &parcel_no, date)?,
        });
    }
    Ok(answer.found == Found::One && n_owners == 1)
}

/// Owners with certainty, and how many are possible.
fn owner_value(reader: &Reader, parcel_no: &str, date: CivilDate) -> Result<(Value, usize), ownership::Error> {
    let found = ownership::as_of(reader, parcel_no, date, None)?;
    let owners: Vec<Value> = found
        .facts
        .iter()
        .map(|f| json!({ "owner": f.owner, "basis": f.basis.as_str(), "source": f.reference }))
        .collect();
    let value = json!({ "certainty": found.answer.certainty.as_str(), "why": found.answer.why, "owners": owners });
    Ok((value, found.facts.len()))
}

/// Where a day stands between a begin and an end, of which either may be unknown.
fn standing(date: CivilDate, (begin, end): (Option<&str>, Option<&str>), words: [&'static str; 4]) -> &'static str {
    let day = |text: Option<&str>| text.and_then(CivilDate::parse);
    let [before, during, after, unknown] = words;
    match (day(begin), day(end)) {
        (_, Some(end)) if end <= date => after,
        (Some(begin), _) if begin > date => before,
        (Some(_), _) => during,
        (None, _) => unknown,
    }
}

/// Accounts of the premises that are linked to the parcel today.
fn accounts_value(reader: &Reader, parcel_no: &str, date: CivilDate) -> Result<Vec<Value>, ownership::Error> {
    const WORDS: [&str; 4] = ["not opened yet", "open", "closed", "day of opening not known"];
    let mut values = Vec::new();
    for premise in premises::of_parcel(reader, parcel_no)? {
        for account in premises::accounts(reader, premise.premise_id)? {
            let days = (account.opened_on.as_deref(), account.closed_on.as_deref());
            values.push(json!({
                "premise_no": premise.premise_no, "account_no": account.account_no, "service_kind": account.service_kind,
                "holder_name": account.holder_name, "opened_on": account.opened_on, "closed_on": account.closed_on,
                "on_the_day": standing(date, days, WORDS),
            }));
        }
    }
    Ok(values)
}

/// Taps that feed them.
fn taps_value(reader: &Reader, parcel_no: &str, date: CivilDate) -> Result<Vec<Value>, ownership::Error> {
    const WORDS: [&str; 4] = ["not tapped yet", "there", "removed", "day of tapping not known"];
    let mut values = Vec::new();
    for premise in premises::of_parcel(reader, parcel_no)? {
        for tap in taps::of_premise(reader, premise.premise_id)? {
            let removed_on = removals::removed_on(reader, &tap.tap_no)?;
            let days = (tap.tapped_on.as_deref(), removed_on.as_deref());
            let is_gone_since_when = tap.lifecycle == "removed_at_main" && removed_on.is_none();
            let on_the_day = if is_gone_since_when { "removed, day not known" } else { standing(date, days, WORDS) };
            values.push(json!({
                "premise_no": premise.premise_no, "tap_no": tap.tap_no, "tapped_on": tap.tapped_on, "removed_on": removed_on,
                "on_the_day": on_the_day, "lifecycle_today": tap.lifecycle,
            }));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::standing;
    use crate::model::date::CivilDate;

    #[test]
    fn a_day_stands_before_between_or_behind() {
        let words = ["before", "during", "after", "unknown"];
        let of = |begin, end| standing(CivilDate::parse("2026-03-01").unwrap(), (begin, end), words);
        assert_eq!(of(Some("2026-03-02"), None), "before");
        assert_eq!(of(Some("2026-03-01"), None), "during");
        assert_eq!(of(Some("2020-01-01"), Some("2026-03-02")), "during");
        assert_eq!(of(Some("2020-01-01"), Some("2026-03-01")), "after");
        assert_eq!((of(None, Some("2026-01-01")), of(None, None)), ("after", "unknown"));
    }
}
