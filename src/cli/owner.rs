//! `taptrace owner`: who owns it, since when, and what else they own.

use clap::Subcommand;

use super::{Failure, Global, Outcome, owner_change, owner_link, owner_parse, owner_show};

/// Owners: links, groups, owner as of a date.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Read an owner line, or the owner column of a file, into parties, roles and facts.
    ///
    /// Example: taptrace owner parse "SMITH, JOHN A & MARY B"
    Parse(owner_parse::ParseArgs),
    /// Owner on the roll of a parcel, or owners by name, with their group.
    ///
    /// Example: taptrace owner show 100-20
    Show(owner_show::WhatArgs),
    /// Owner of a parcel on a day, with certainty and evidence.
    ///
    /// Example: taptrace owner as-of 104-92 --date 2026-02-15
    AsOf(owner_show::AsOfArgs),
    /// Everything an owner group holds: parcels, accounts, balances, taps, cases, by tier.
    ///
    /// Example: taptrace owner portfolio "ORCHARDSON RENTALS LLC" --format geojson -o portfolio.geojson
    Portfolio(owner_show::WhatArgs),
    /// Why two owners are one group, or why not.
    ///
    /// Example: taptrace owner explain "ORCHARDSON RENTALS LLC" "ORCHARDSON FAMILY REVOCABLE TRUST"
    Explain(owner_show::ExplainArgs),
    /// What a person should look at, most parcels at stake first.
    ///
    /// Example: taptrace owner review
    Review(owner_show::ReviewArgs),
    /// Decide: two owners are the same control, different, or the first one's address is an agent's.
    ///
    /// Example: taptrace owner decide same "ORCHARDSON RENTALS LLC" "ORCHARDSON FAMILY REVOCABLE TRUST" --reason "same manager, SOS filing 2026-01-05"
    Decide(owner_change::DecideArgs),
    /// Say what a mailing address is: headquarters, household, agent, bank_trust ... or automatic again.
    ///
    /// Example: taptrace owner address "55 Oak St|74101" --role agent --reason "law office, called 2026-01-05"
    Address(owner_change::AddressArgs),
    /// Compute parties, links and groups anew. An import and a decision do it by themselves.
    ///
    /// Example: taptrace owner group
    Group,
    /// When and why a group was merged or split, newest first.
    ///
    /// Example: taptrace owner history OG-193
    History(owner_show::HistoryArgs),
    /// Who looked up persons by name, when and why, newest first.
    ///
    /// Example: taptrace owner lookups --limit 100
    Lookups(owner_show::ReviewArgs),
    /// Enter deeds by hand.
    Deed(owner_change::DeedArgs),
    /// Withhold owners by law.
    Suppress(owner_change::SuppressArgs),
    /// Judge pairs of (owner line, mailing address): which tier joins them, and why.
    ///
    /// Example: taptrace owner link --pairs pairs.csv --format ndjson
    Link(owner_link::LinkArgs),
    /// Measure owner lines (owner_name with type or persons) or links on labelled pairs (owner_a, owner_b, mail_key, label).
    ///
    /// Example: taptrace owner evaluate --labels portfolio_pairs.csv --roll parcels.csv
    Evaluate(owner_link::EvaluateArgs),
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    match &args.verb {
        Verb::Parse(parse) => owner_parse::parse(global, parse),
        Verb::Show(show) => owner_show::show(global, show),
        Verb::AsOf(as_of) => owner_show::as_of(global, as_of),
        Verb::Portfolio(what) => owner_show::portfolio(global, what),
        Verb::Explain(explain) => owner_show::explain(global, explain),
        Verb::Review(review) => owner_show::review(global, review),
        Verb::Decide(decide) => owner_change::decide(global, decide),
        Verb::Address(address) => owner_change::address(global, address),
        Verb::History(history) => owner_show::history(global, history),
        Verb::Lookups(lookups) => owner_show::lookups(global, lookups),
        Verb::Group => owner_change::group(global),
        Verb::Deed(deed) => owner_change::deed(global, deed),
        Verb::Suppress(suppress) => owner_change::suppress(global, suppress),
        Verb::Link(link) => owner_link::link(global, link),
        Verb::Evaluate(evaluate) if owner_parse::holds_lines(&evaluate.labels)? => {
            owner_parse::evaluate(global, &evaluate.labels, evaluate.show_wrong)
        }
        Verb::Evaluate(evaluate) => owner_link::evaluate(global, evaluate),
    }
}
