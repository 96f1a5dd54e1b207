//! The specialist's question: whose is this address, account, tap or parcel?
//!
//! One answer only when it is safe; otherwise the candidates, and why none of them was taken.

use std::path::Path;

use serde_json::{Value, json};

use crate::matching::Query;
use crate::model::link::Decision;
use crate::pipeline::occupancy::occupancy;
use crate::pipeline::{link, page_refresh, reference};
use crate::store::parcels::{self, ParcelCard};
use crate::store::premises::{self, PremiseRow};
use crate::store::{self, Reader, cases, holds, links, taps};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// One safe answer.
    One,
    /// Candidates; a person must choose.
    Ambiguous,
    /// Nothing.
    Nothing,
}

/// The answer with everything `--format json` carries.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was found.
    pub found: Found,
    /// The document; its keys are described in docs/research.md.
    pub document: Value,
}

/// Looks a text up: a parcel number, a tap number, an account or premise number, else an address.
///
/// # Errors
/// When the database cannot be read.
pub fn run(db: &Path, text: &str) -> Result<Answer, link::Error> {
    let reader = Reader::open(db)?;
    let text = text.trim();
    if let Some(card) = parcels::card(&reader, text)? {
        let document = json!({"question": text, "understood_as": "parcel", "found": "one", "parcels": [parcel_value(&reader, &card)?]});
        return Ok(Answer { found: Found::One, document });
    }
    if let Some(tap) = taps::by_no(&reader, text)? {
        let mut answer = match tap.premise_nos.first() {
            Some(premise_no) => match premises::by_no(&reader, premise_no)? {
                Some(premise) => of_premise(&reader, db, text, &premise)?,
                None => by_address(db, text, tap.service_address.as_deref().unwrap_or(""))?,
            },
            None => by_address(db, text, tap.service_address.as_deref().unwrap_or(""))?,
        };
        answer.document["understood_as"] = json!("tap");
        return Ok(answer);
    }
    let premise = match premises::by_account(&reader, text)? {
        Some(premise) => Some(premise),
        None => premises::by_no(&reader, text)?,
    };
    match premise {
        Some(premise) => of_premise(&reader, db, text, &premise),
        None => {
            let mut answer = by_address(db, text, text)?;
            if answer.found == Found::Nothing
                && let Some(parcel) = by_bare_number(&reader, text)?
            {
                return Ok(parcel);
            }
            if answer.found == Found::Nothing && is_number(text) {
                answer.document["understood_as"] = json!("number");
                answer.document["reason"] = json!(format!("no parcel, premise, account or tap has the number {text}"));
            }
            Ok(answer)
        }
    }
}

/// Shortest parcel number that is looked for without its marks.
const BARE_NUMBER_MIN: usize = 4;

/// A parcel whose number is written with other marks, or without any: `182428` for `18-24-28`.
fn by_bare_number(reader: &Reader, text: &str) -> Result<Option<Answer>, store::Error> {
    if text.chars().filter(char::is_ascii_digit).count() < BARE_NUMBER_MIN {
        return Ok(None);
    }
    let numbers = parcels::alike(reader, text)?;
    let mut cards = Vec::new();
    for parcel_no in &numbers {
        if let Some(card) = parcels::card(reader, parcel_no)? {
            cards.push(parcel_value(reader, &card)?);
        }
    }
    let (found, word) = match cards.len() {
        0 => return Ok(None),
        1 => (Found::One, "one"),
        _ => (Found::Ambiguous, "ambiguous"),
    };
    let reason = format!("{} parcels have this number when marks and blanks do not count", cards.len());
    let document =
        json!({ "question": text, "understood_as": "parcel", "found": word, "reason": reason, "parcels": cards });
    Ok(Some(Answer { found, document }))
}

/// One word with digits in it (`T-00467`): meant as a number of the files, as no address is one word.
fn is_number(text: &str) -> bool {
    !text.contains(char::is_whitespace) && text.contains(|c: char| c.is_ascii_digit())
}

fn of_premise(reader: &Reader, db: &Path, text: &str, premise: &PremiseRow) -> Result<Answer, link::Error> {
    let stored = links::of_premise(reader, &premise.premise_no)?;
    let accepted = stored
        .iter()
        .find(|l| l.status == "accepted")
        .or_else(|| stored.first().filter(|l| l.status == "auto_accepted"));
    let Some(accepted) = accepted.and_then(|l| l.parcel_no.as_deref()) else {
        let mut answer = by_address(db, text, &premise.service_address)?;
        answer.document["understood_as"] = json!("premise");
        answer.document["premise_no"] = json!(premise.premise_no);
        answer.document["service_address"] = json!(premise.service_address);
        answer.document["accounts"] = accounts_value(reader, premise)?;
        return Ok(answer);
    };
    let mut parcels_found = Vec::new();
    if let Some(card) = parcels::card(reader, accepted)? {
        parcels_found.push(parcel_value(reader, &card)?);
    }
    let document = json!({
        "question": text, "understood_as": "premise", "found": "one", "premise_no": premise.premise_no,
        "service_address": premise.service_address, "link": link::explain(db, &premise.premise_no)?,
        "parcels": parcels_found,
    });
    Ok(Answer { found: Found::One, document })
}

fn by_address(db: &Path, question: &str, address: &str) -> Result<Answer, link::Error> {
    let matcher = reference::from_database(db)?;
    let outcome = matcher.match_one(&Query { address_text: address, ..Query::default() });
    let reader = Reader::open(db)?;
    let shown: Vec<&str> = match outcome.decision {
        Decision::Accepted => outcome.parcels.iter().map(String::as_str).collect(),
        Decision::Review | Decision::None => outcome.candidates.iter().map(|c| c.parcel_no.as_str()).collect(),
    };
    let mut cards = Vec::new();
    let asked = [address.to_owned()];
    for parcel_no in shown {
        let Some(card) = parcels::card(&reader, parcel_no)? else { continue };
        let mut value = parcel_value(&reader, &card)?;
        // No evidence for the link, but a lead: somebody has the tax bill of another lot sent there.
        if outcome.decision != Decision::Accepted && occupancy(&card.mailing, &asked) == "owner_occupied" {
            value["mail_goes_to_address_asked"] = json!(true);
        }
        cards.push(value);
    }
    let (found, word) = match outcome.decision {
        Decision::Accepted => (Found::One, "one"),
        Decision::Review => (Found::Ambiguous, "ambiguous"),
        Decision::None => (Found::Nothing, "nothing"),
    };
    let owner_of_all = if found == Found::Ambiguous { owner_of_all(&reader, &outcome.parcels)? } else { None };
    let document = json!({
        "question": question, "understood_as": "address", "found": word, "reason": outcome.reason,
        "owner_of_all": owner_of_all, "link": link::explain_outcome(address, &outcome), "parcels": cards,
    });
    Ok(Answer { found, document })
}

/// The owner on the roll of several parcels of one address, when it is one: then only the parcel is in doubt.
fn owner_of_all(reader: &Reader, parcel_nos: &[String]) -> Result<Option<Vec<String>>, store::Error> {
    if !(2..=SHARED_MAX).contains(&parcel_nos.len()) {
        return Ok(None);
    }
    let mut owner: Option<Vec<String>> = None;
    for parcel_no in parcel_nos {
        let Some(card) = parcels::card(reader, parcel_no)? else { return Ok(None) };
        let here = card.owner_lines;
        if here.is_empty() || owner.as_ref().is_some_and(|before| *before != here) {
            return Ok(None);
        }
        owner = Some(here);
    }
    Ok(owner)
}

fn accounts_value(reader: &Reader, premise: &PremiseRow) -> Result<Value, store::Error> {
    let accounts = premises::accounts(reader, premise.premise_id)?;
    Ok(accounts
        .iter()
        .map(|a| {
            json!({
                "account_no": a.account_no, "service_kind": a.service_kind, "status": a.status, "holder_name": a.holder_name,
                "opened_on": a.opened_on, "closed_on": a.closed_on, "balance_cents": a.balance_cents,
            })
        })
        .collect())
}

/// The assessor's page that was read last, against the roll.
fn page_value(reader: &Reader, card: &ParcelCard) -> Result<Value, store::Error> {
    let Some(read) = page_refresh::last_read(reader, &card.parcel_no)? else { return Ok(Value::Null) };
    let compared: Vec<Value> = read
        .compared
        .iter()
        .map(|c| {
            let comparison = c.comparison.as_str().to_lowercase();
            json!({ "field": c.field, "roll": c.roll, "page": c.page, "comparison": comparison })
        })
        .collect();
    Ok(json!({
        "profile": read.source.profile, "url": read.source.url, "sha256": read.source.sha256,
        "received_at": read.source.received_at, "compared": compared,
    }))
}

/// Cases at a premise, closed ones too.
fn cases_value(reader: &Reader, premise: &PremiseRow) -> Result<Vec<Value>, store::Error> {
    let filter = cases::CaseFilter {
        premise_no: Some(premise.premise_no.clone()),
        with_closed: true,
        n_rows_max: CASES_MAX,
        ..cases::CaseFilter::default()
    };
    let found = cases::list(reader, &filter)?;
    Ok(found
        .iter()
        .map(|c| json!({ "case_no": c.case_no, "status": c.status, "violation_type": c.violation_type, "violation_on": c.violation_on }))
        .collect())
}

/// Most parcels of one address whose owners are compared.
const SHARED_MAX: usize = 50;

/// Most cases shown with a premise.
const CASES_MAX: i64 = 20;

/// Live holds on a premise and its taps.
fn holds_value(reader: &Reader, premise: &PremiseRow, taps: &[Value]) -> Result<Vec<Value>, store::Error> {
    let mut scopes = vec![("premise", premise.premise_no.clone())];
    scopes.extend(taps.iter().filter_map(|t| t["tap_no"].as_str()).map(|no| ("tap", no.to_owned())));
    let live = holds::live(reader, &scopes)?;
    Ok(live
        .iter()
        .map(|h| json!({ "hold_type": h.hold_type, "scope": format!("{} {}", h.scope_kind, h.scope_key), "review_on": h.review_on, "basis": h.basis }))
        .collect())
}

/// The contact log of a premise or an owner, newest last.
fn notes_value(reader: &Reader, (kind, key): (&str, &str)) -> Result<Vec<Value>, store::Error> {
    let notes = holds::notes(reader, kind, key)?;
    Ok(notes
        .iter()
        .map(|n| json!({ "on": n.noted_on, "author": n.author, "kind": n.note_kind, "note": n.note }))
        .collect())
}

fn parcel_value(reader: &Reader, card: &ParcelCard) -> Result<Value, store::Error> {
    let mut premise_values = Vec::new();
    for premise in premises::of_parcel(reader, &card.parcel_no)? {
        let tap_values: Vec<Value> = taps::of_premise(reader, premise.premise_id)?
            .iter()
            .map(|t| {
                json!({
                    "tap_no": t.tap_no, "lifecycle": t.lifecycle, "control_state": t.control_state, "origin": t.origin,
                    "size_milli_in": t.size_milli_in,
                })
            })
            .collect();
        premise_values.push(json!({
            "premise_no": premise.premise_no, "service_address": premise.service_address,
            "link_status": links::of_premise(reader, &premise.premise_no)?.first().map(|l| l.status.clone()),
            "accounts": accounts_value(reader, &premise)?, "taps": tap_values,
            "cases": cases_value(reader, &premise)?, "holds": holds_value(reader, &premise, &tap_values)?,
            "notes": notes_value(reader, ("premise", &premise.premise_no))?,
        }));
    }
    let mut owner_notes = Vec::new();
    for owner in &card.owner_lines {
        owner_notes.extend(notes_value(reader, ("owner", owner))?);
    }
    Ok(json!({
        "owner_notes": owner_notes,
        "assessor_page": page_value(reader, card)?,
        "parcel_no": card.parcel_no, "situs": card.situs, "owner_on_roll": card.owner_lines, "mailing_address": card.mailing,
        "roll_date": card.roll_date, "roll_origin": card.roll_origin, "roll_sha256": card.roll_sha256, "roll_row": card.row_no,
        "occupancy": occupancy(&card.mailing, &card.situs), "homestead": card.homestead, "land_use": card.land_use, "year_built": card.year_built,
        "sale_date": card.sale_date, "legal_description": card.legal_description, "is_retired": card.is_retired,
        "lon": card.position.map(|p| p.lon), "lat": card.position.map(|p| p.lat),
        "other_parcels_of_owner_line": card.other_parcels, "premises": premise_values,
        "ownership": ownership_value(reader, card)?,
    }))
}

/// Other parcels of the owner group shown; `owner portfolio` shows all.
const PORTFOLIO_SHOWN: usize = 25;

/// Parties of the owner line, the owner group and the first of its other parcels; null for a retired parcel.
fn ownership_value(reader: &Reader, card: &ParcelCard) -> Result<Value, store::Error> {
    use crate::pipeline::owner_portfolio::{neighbours, owners_of};
    use crate::pipeline::ownership::Error;
    let owners = match owners_of(reader, &card.parcel_no) {
        Ok(owners) => owners,
        Err(Error::Store(e)) => return Err(e),
        Err(_) => return Ok(Value::Null),
    };
    let parties: Vec<Value> = owners
        .parties
        .iter()
        .map(|p| {
            json!({
                "kind": p.kind, "role": p.role, "name": p.name, "surname": p.surname, "given": p.given, "middle": p.middle,
                "suffix": p.suffix, "share": p.share,
            })
        })
        .collect();
    let others = match neighbours(reader, &card.parcel_no, PORTFOLIO_SHOWN) {
        Ok(others) => others,
        Err(Error::Store(e)) => return Err(e),
        Err(_) => Vec::new(),
    };
    let portfolio: Vec<Value> = others
        .iter()
        .map(|(parcel_no, owner, tier)| json!({"parcel_no": parcel_no, "owner_on_roll": owner, "tier": tier}))
        .collect();
    Ok(json!({
        "parties": parties, "flags": owners.flags.split_whitespace().collect::<Vec<_>>(), "owner_group": owners.group_no,
        "n_group_owners": owners.n_group_owners, "n_group_parcels": owners.n_group_parcels,
        "address_role": owners.address_role, "is_role_confirmed": owners.is_role_confirmed, "portfolio": portfolio,
    }))
}
