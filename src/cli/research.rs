//! `taptrace research`: the answer as a person would want to read it on the phone.

use std::io::{self, Write};

use serde_json::Value;

use super::output::Sink;
use super::{Failure, Format, Global, Outcome, context, fetch_refresh};
use crate::model::date::CivilDate;
use crate::model::money::Cents;
use crate::pipeline::page_refresh::Ended;
use crate::pipeline::research::{self, Answer, Found};
use crate::pipeline::research_as_of;

/// Who owns this address, account, tap or parcel?
///
/// Example: taptrace research P1000402 --as-of 2026-04-20
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A service address, account number, premise number, tap number or parcel number.
    #[arg(required = true, num_args = 1..)]
    text: Vec<String>,
    /// Also who owned it on a day, with how sure that is, and which accounts and taps were there.
    #[arg(long, value_name = "DATE", value_parser = context::parse_date)]
    as_of: Option<CivilDate>,
    /// Refresh the record from the assessor's page as well; goes to the network.
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    site: fetch_refresh::SiteArgs,
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    let text = args.text.join(" ");
    let mut answer = research::run(&global.db, &text)
        .map_err(|e| Failure::from_error(&e).hint("taptrace demo   builds a sample city to try"))?;
    let is_sure = match args.as_of {
        Some(date) => research_as_of::add(&global.db, &mut answer, date).map_err(|e| Failure::from_error(&e))?,
        None => true,
    };
    let live = if args.live { Some(refresh(global, args, &mut answer)) } else { None };
    let mut sink = Sink::open(global.output.as_deref())?;
    match global.format {
        Format::Json => writeln!(sink, "{:#}", answer.document)?,
        Format::Ndjson => writeln!(sink, "{}", answer.document)?,
        Format::Table => {
            print(global, &answer.document, &mut sink)?;
            if let Some(live) = &live {
                print_live(global, &mut sink, &answer, live)?;
            }
        }
        Format::Csv | Format::Geojson | Format::Gpkg => {
            return Err(Failure::input("research writes table, json or ndjson").hint("add --format json"));
        }
    }
    sink.finish()?;
    Ok(match answer.found {
        Found::One if !is_sure => Outcome::Look,
        Found::One => live.map_or(Outcome::Done, |l| l.as_ref().map_or(Outcome::Look, fetch_refresh::outcome)),
        Found::Ambiguous | Found::Nothing => Outcome::Look,
    })
}

/// Refreshes the one parcel of an answer; why not, in words, when that cannot be done: the roll's answer stands anyway.
fn refresh(global: &Global, args: &Args, answer: &mut Answer) -> Result<Ended, String> {
    let parcels = answer.document["parcels"].as_array().map(Vec::as_slice).unwrap_or_default();
    let live = match (answer.found, parcels) {
        (Found::One, [parcel]) => {
            fetch_refresh::refresh(global, &args.site, text_of(&parcel["parcel_no"])).map_err(|f| f.text())
        }
        _ => Err("only one parcel at a time can be refreshed".to_owned()),
    };
    answer.document["live"] = match &live {
        Ok(ended) => fetch_refresh::value(text_of(&parcels_of(answer)["parcel_no"]), ended),
        Err(why) => serde_json::json!({ "found": "not refreshed", "reason": why }),
    };
    live
}

/// The first parcel of an answer.
fn parcels_of(answer: &Answer) -> Value {
    answer.document["parcels"].get(0).cloned().unwrap_or(Value::Null)
}

fn print_live(global: &Global, out: &mut dyn Write, answer: &Answer, live: &Result<Ended, String>) -> io::Result<()> {
    writeln!(out)?;
    match live {
        Ok(ended) => fetch_refresh::print(global, out, text_of(&parcels_of(answer)["parcel_no"]), ended, false),
        Err(why) => writeln!(out, "live      not refreshed: {why}"),
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

fn list_of(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn print(global: &Global, document: &Value, out: &mut dyn Write) -> io::Result<()> {
    let parcels = document["parcels"].as_array().map(Vec::as_slice).unwrap_or_default();
    match text_of(&document["found"]) {
        "one" => {}
        "ambiguous" => writeln!(
            out,
            "AMBIGUOUS: {}. {} candidate(s), none was taken for you.\n",
            text_of(&document["reason"]),
            parcels.len()
        )?,
        _ => writeln!(out, "NO MATCH: {}.\n", text_of(&document["reason"]))?,
    }
    let owner_of_all = list_of(&document["owner_of_all"]);
    if !owner_of_all.is_empty() {
        writeln!(out, "Whichever it is, the owner on the roll is {}.\n", owner_of_all.join(" / "))?;
    }
    let candidates = document["link"]["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (i, parcel) in parcels.iter().enumerate() {
        if parcels.len() > 1 {
            let score = candidates.get(i).and_then(|c| c["score"].as_f64()).unwrap_or(0.0);
            writeln!(out, "candidate {} (probability {score:.3})", i + 1)?;
        }
        print_parcel(global, parcel, out)?;
    }
    print_why(document, out)?;
    let parcel_no = parcels.first().map(|p| text_of(&p["parcel_no"]));
    match (parcel_no, text_of(&document["found"])) {
        (Some(parcel_no), "one") => {
            writeln!(out, "next: {}", global.next(&format!("taptrace owner show {}", context::shell_word(parcel_no))))
        }
        (Some(parcel_no), _) => {
            writeln!(out, "next: {}", global.next(&format!("taptrace research {}", context::shell_word(parcel_no))))
        }
        (None, _) => print_other_ways(global, document, out),
    }
}

/// Nothing was found: how to ask for what the text may have meant.
fn print_other_ways(global: &Global, document: &Value, out: &mut dyn Write) -> io::Result<()> {
    if !document["premise_no"].is_null() {
        let service_address = text_of(&document["service_address"]);
        writeln!(out, "premise   {}  {service_address}", text_of(&document["premise_no"]))?;
        print_accounts(&document["accounts"], out)?;
        writeln!(out)?;
    }
    let asked = document["link"]["address"].as_str().unwrap_or_default();
    let asked = asked.replace(['"', '\\', '$', '`'], " ");
    let way =
        |command: String, what: &str, out: &mut dyn Write| writeln!(out, "next: {}   {what}", global.next(&command));
    if text_of(&document["understood_as"]) == "number" {
        return way("taptrace tap list".to_owned(), "taps by number; export links lists the premises", out);
    }
    if asked.trim().is_empty() {
        return way("taptrace research --help".to_owned(), "says what may be asked", out);
    }
    if !asked.contains(|c: char| c.is_ascii_digit()) {
        way(format!("taptrace owner show \"{asked}\" --purpose \"WHY\""), "if it is an owner's name", out)?;
    }
    way(format!("taptrace address parse \"{asked}\""), "how the text was read", out)?;
    if text_of(&document["link"]["reason"]).starts_with("the street is known, the house number is not on it") {
        return Ok(());
    }
    way("taptrace export parcels -o parcels.csv".to_owned(), "every situs, to look for the street", out)
}

fn print_parcel(global: &Global, parcel: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "parcel    {}{}",
        text_of(&parcel["parcel_no"]),
        if parcel["is_retired"] == true { "  (retired: not on the last roll)" } else { "" }
    )?;
    for situs in list_of(&parcel["situs"]).iter().take(5) {
        writeln!(out, "situs     {situs}")?;
    }
    // Who asks for a day wants that day's owner, not today's, to meet the eye first.
    print_as_of(&parcel["as_of"], out)?;
    let (owners, day) = (list_of(&parcel["owner_on_roll"]).join(" / "), text_of(&parcel["roll_date"]));
    if owners.is_empty() {
        writeln!(out, "owner     none on the assessor roll of {day}")?;
    } else {
        writeln!(out, "owner     {owners}   (owner on the assessor roll of {day})")?;
        print_parties(&parcel["ownership"], out)?;
        match text_of(&parcel["mailing_address"]) {
            "" if owners.starts_with("withheld") => {}
            "" => writeln!(out, "write to  no mailing address on the roll")?,
            mailing => {
                let lead = if parcel["mail_goes_to_address_asked"] == true { "; the address asked for" } else { "" };
                writeln!(out, "write to  {mailing}   ({}{lead})", text_of(&parcel["occupancy"]).replace('_', "-"))?;
            }
        }
    }
    let page = &parcel["assessor_page"];
    if page.is_object() {
        writeln!(out, "page      assessor page of {} ({})", text_of(&page["received_at"]), text_of(&page["profile"]))?;
        for c in page["compared"].as_array().into_iter().flatten().filter(|c| text_of(&c["comparison"]) != "same") {
            let shown = fetch_refresh::shown(text_of(&c["field"]), text_of(&c["page"]));
            writeln!(out, "          {} {}: {shown}", text_of(&c["comparison"]).to_uppercase(), text_of(&c["field"]))?;
        }
    }
    let premises = parcel["premises"].as_array().map(Vec::as_slice).unwrap_or_default();
    for premise in premises {
        // A link that waits in review was taken by nobody.
        let doubt = if premise["link_status"] == "review" { "   (link in review)" } else { "" };
        writeln!(
            out,
            "premise   {}  {}{doubt}",
            text_of(&premise["premise_no"]),
            text_of(&premise["service_address"])
        )?;
        print_accounts(&premise["accounts"], out)?;
        for tap in premise["taps"].as_array().into_iter().flatten() {
            writeln!(
                out,
                "tap       {}  {}, {}, {}",
                text_of(&tap["tap_no"]),
                text_of(&tap["lifecycle"]),
                text_of(&tap["control_state"]),
                text_of(&tap["origin"])
            )?;
        }
        print_casework(premise, out)?;
    }
    print_notes(&parcel["owner_notes"], out)?;
    if premises.is_empty() {
        writeln!(out, "premise   none linked to this parcel")?;
    }
    if let (Some(lon), Some(lat)) = (parcel["lon"].as_f64(), parcel["lat"].as_f64()) {
        writeln!(out, "map       {lat:.6}, {lon:.6}")?;
    }
    print_portfolio(global, &parcel["ownership"], out)?;
    writeln!(out)
}

/// The day that was asked for: owner with certainty, accounts and taps of that day.
fn print_as_of(as_of: &Value, out: &mut dyn Write) -> io::Result<()> {
    if as_of.is_null() {
        return Ok(());
    }
    let owner = &as_of["owner"];
    let (certainty, why) = (text_of(&owner["certainty"]), text_of(&owner["why"]));
    writeln!(out, "on        {}: owner {certainty}, {why}", text_of(&as_of["date"]))?;
    for fact in owner["owners"].as_array().into_iter().flatten() {
        let (name, basis) = (text_of(&fact["owner"]).replace('\n', " / "), text_of(&fact["basis"]));
        writeln!(out, "          owner    {name}   ({basis}: {})", text_of(&fact["source"]))?;
    }
    for account in as_of["accounts"].as_array().into_iter().flatten() {
        let holder = account["holder_name"].as_str().map_or(String::new(), |h| format!("  {h}"));
        let (no, kind) = (text_of(&account["account_no"]), text_of(&account["service_kind"]));
        writeln!(out, "          account  {no}  {kind}, {}{holder}", text_of(&account["on_the_day"]))?;
    }
    for tap in as_of["taps"].as_array().into_iter().flatten() {
        let today = text_of(&tap["lifecycle_today"]);
        writeln!(
            out,
            "          tap      {}  {} (today {today})",
            text_of(&tap["tap_no"]),
            text_of(&tap["on_the_day"])
        )?;
    }
    Ok(())
}

fn print_accounts(accounts: &Value, out: &mut dyn Write) -> io::Result<()> {
    for account in accounts.as_array().into_iter().flatten() {
        let balance = account["balance_cents"].as_i64().map_or(String::new(), |c| format!(", owes {}", Cents(c)));
        let holder =
            account["holder_name"].as_str().filter(|h| !h.is_empty()).map_or(String::new(), |h| format!("  {h}"));
        writeln!(
            out,
            "account   {}  {} {}{balance}{holder}",
            text_of(&account["account_no"]),
            text_of(&account["service_kind"]),
            text_of(&account["status"]),
        )?;
    }
    Ok(())
}

/// Cases, holds and calls of a premise.
fn print_casework(premise: &Value, out: &mut dyn Write) -> io::Result<()> {
    for case in premise["cases"].as_array().into_iter().flatten() {
        let (violation, on) = (text_of(&case["violation_type"]), text_of(&case["violation_on"]));
        writeln!(out, "case      {}  {}  {violation} of {on}", text_of(&case["case_no"]), text_of(&case["status"]))?;
    }
    for hold in premise["holds"].as_array().into_iter().flatten() {
        let (scope, review) = (text_of(&hold["scope"]), text_of(&hold["review_on"]));
        let (kind, basis) = (text_of(&hold["hold_type"]), text_of(&hold["basis"]));
        writeln!(out, "hold      {kind} on {scope}, review {review}: {basis}")?;
    }
    print_notes(&premise["notes"], out)
}

fn print_notes(notes: &Value, out: &mut dyn Write) -> io::Result<()> {
    for note in notes.as_array().into_iter().flatten() {
        writeln!(
            out,
            "{:<9} {} {}: {}",
            text_of(&note["kind"]),
            text_of(&note["on"]),
            text_of(&note["author"]),
            text_of(&note["note"])
        )?;
    }
    Ok(())
}

/// Who the owner line names, when it names more than one plain owner, and the facts it states.
fn print_parties(ownership: &Value, out: &mut dyn Write) -> io::Result<()> {
    let parties = ownership["parties"].as_array().map(Vec::as_slice).unwrap_or_default();
    for party in parties {
        let share = party["share"].as_str().map_or(String::new(), |s| format!(", {s}"));
        let role = text_of(&party["role"]).replace('_', " ");
        writeln!(out, "party     {}   ({}, {role}{share})", text_of(&party["name"]), text_of(&party["kind"]))?;
    }
    let flags = list_of(&ownership["flags"]).join(", ").replace('_', " ");
    if flags.is_empty() { Ok(()) } else { writeln!(out, "states    {flags}") }
}

/// What else the owner group holds, by tier; the whole of it is `owner portfolio`.
fn print_portfolio(global: &Global, ownership: &Value, out: &mut dyn Write) -> io::Result<()> {
    let n_parcels = ownership["n_group_parcels"].as_u64().unwrap_or(0);
    if n_parcels < 2 {
        return Ok(());
    }
    let group = text_of(&ownership["owner_group"]);
    let n_owners = ownership["n_group_owners"].as_u64().unwrap_or(0);
    let role = ownership["address_role"].as_str().map_or(String::new(), |r| {
        let by = if ownership["is_role_confirmed"] == true { "confirmed" } else { "automatic" };
        format!("; mailing address: {} ({by})", r.replace('_', " "))
    });
    writeln!(out, "group     {group}: {n_owners} owner name(s), {n_parcels} parcels{role}")?;
    let portfolio = ownership["portfolio"].as_array().map(Vec::as_slice).unwrap_or_default();
    for tier in ["identity", "affiliation"] {
        let numbers: Vec<&str> =
            portfolio.iter().filter(|p| p["tier"] == tier).map(|p| text_of(&p["parcel_no"])).take(8).collect();
        if !numbers.is_empty() {
            writeln!(out, "also      {tier}: {}", numbers.join(", "))?;
        }
    }
    writeln!(out, "          {}   shows all of them", global.next(&format!("taptrace owner portfolio {group}")))
}

/// What of the best candidate is as written, and what is not, with its bits; every step is in `match explain`.
fn print_why(document: &Value, out: &mut dyn Write) -> io::Result<()> {
    let Some(best) = document["link"]["candidates"].as_array().and_then(|c| c.first()) else { return Ok(()) };
    let (mut same, mut other) = (Vec::new(), Vec::new());
    for step in best["steps"].as_array().into_iter().flatten() {
        let (element, level) = (text_of(&step["element"]), text_of(&step["level"]));
        match level {
            "unknown" => {}
            _ if element == "base" => {}
            "exact" | "equal" => same.push(element.replace('_', " ")),
            _ => other.push(format!(
                "{} {} ({:+.1})",
                element.replace('_', " "),
                level.replace('_', " "),
                step["bits"].as_f64().unwrap_or(0.0)
            )),
        }
    }
    let mut name = "why";
    for (what, list) in [("as written: ", same), ("", other)] {
        if !list.is_empty() {
            writeln!(out, "{name:<9} {what}{}", list.join(", "))?;
            name = "";
        }
    }
    let (score, margin) =
        (document["link"]["score"].as_f64().unwrap_or(0.0), document["link"]["margin_bits"].as_f64().unwrap_or(0.0));
    writeln!(out, "          probability {score:.3}, {margin:.1} bits ahead of the next answer")
}
