//! The command line: reads flags, calls a use case, prints the result, sets the exit status.
//!
//! One file per noun. No business rule lives here. Data goes to stdout (or `-o FILE`), everything else to stderr.
//! Adding a noun: a file with an `Args` type and `run`, a `mod` line, a line in `Command` and one in `run`.

mod address;
mod case;
mod case_show;
mod checklist;
mod context;
mod demo;
mod demo_case;
mod desk;
mod export;
mod failure;
mod fetch;
mod fetch_net;
mod fetch_page;
mod fetch_parcels;
mod fetch_refresh;
mod import;
mod import_inspect;
mod match_alias;
mod match_learn;
mod matching;
mod output;
mod owner;
mod owner_change;
mod owner_link;
mod owner_parse;
mod owner_show;
mod policy;
mod removal;
mod removal_list;
mod removal_print;
mod research;
mod source;
mod source_export;
mod tap;
mod upkeep;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub(crate) use failure::{Failure, Outcome};
pub(crate) use output::Format;

/// Who owns the property behind a water tap.
#[derive(Debug, Parser)]
#[command(name = "taptrace", version, about, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Heading of the flags that every command has, so that a command's own flags stand by themselves in its help.
const GLOBAL: &str = "Flags of every command";

/// Flags every command understands.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// The database file.
    #[arg(long, global = true, env = "TAPTRACE_DB", default_value = "taptrace.db", value_name = "FILE", help_heading = GLOBAL)]
    pub(crate) db: PathBuf,
    /// Who is working, for the audit log (default: the login name).
    #[arg(long, global = true, env = "TAPTRACE_ACTOR", value_name = "NAME", value_parser = context::parse_words, help_heading = GLOBAL)]
    pub(crate) actor: Option<String>,
    /// Form of the output.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table, help_heading = GLOBAL)]
    pub(crate) format: Format,
    /// Write the result here instead of stdout ('-' is stdout); the file appears only when complete.
    #[arg(short, long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    pub(crate) output: Option<PathBuf>,
}

impl Global {
    /// A command to type next, on the same database: `--db` is added where the flag named it.
    pub(crate) fn next(&self, command: &str) -> String {
        let is_usual = self.db.as_os_str() == "taptrace.db"
            || std::env::var_os("TAPTRACE_DB").is_some_and(|named| named == self.db.as_os_str());
        if is_usual { command.to_owned() } else { format!("{command} --db {}", self.db.display()) }
    }

    /// A hint whose commands are typed on the same database: `--db` goes behind the program's name where the flag named it.
    fn on_this_database(&self, hint: &str) -> String {
        const NAME: &str = "taptrace ";
        let flag = self.next("");
        if flag.is_empty() || hint.contains(" --db ") {
            return hint.to_owned();
        }
        let command = Cli::command();
        let is_verb = |word: &str| command.get_subcommands().any(|c| c.get_name() == word);
        let mut told = String::with_capacity(hint.len() + 32);
        let mut rest = hint;
        while let Some(at) = rest.find(NAME) {
            let (before, after) = rest.split_at(at + NAME.len());
            told.push_str(before);
            if is_verb(after.split([' ', '\n']).next().unwrap_or("")) {
                told.push_str(flag.trim_start());
                told.push(' ');
            }
            rest = after;
        }
        told + rest
    }

    /// The name written to the audit log: `--actor`, else the login name.
    pub(crate) fn actor_name(&self) -> String {
        self.actor
            .clone()
            .or_else(|| std::env::var("USER").ok().filter(|v| !v.is_empty()))
            .or_else(|| std::env::var("LOGNAME").ok().filter(|v| !v.is_empty()))
            .unwrap_or_else(|| "unknown".to_owned())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List, show, add and update taps.
    Tap(tap::Args),
    /// Look the database over.
    ///
    /// Example: taptrace check
    Check(upkeep::CheckArgs),
    /// Copy the database while it is in use, and verify the copy.
    ///
    /// Example: taptrace backup city-2026-11-24.db
    Backup(upkeep::BackupArgs),
    /// Build the sample city in a folder and run the whole chain on it.
    ///
    /// Example: taptrace demo --dir taptrace-demo
    Demo(demo::DemoArgs),
    /// Write the files of the sample city, or of a grid county of any size.
    ///
    /// Example: taptrace sample --dir county --parcels 300000
    Sample(demo::SampleArgs),
    /// Who owns this address, account, tap or parcel?
    ///
    /// Example: taptrace research "5213 E 31st Pl N, unit B"
    Research(research::Args),
    /// Import a file of parcels, owners, accounts, taps or meter reads.
    Import(import::Args),
    /// Fetch records from the county's services and keep every response.
    Fetch(fetch::Args),
    /// Where facts came from; check and hand over the evidence.
    Source(source::Args),
    /// Link addresses to parcels.
    Match(matching::Args),
    /// Owners: links, groups, owner as of a date.
    Owner(owner::Args),
    Address(address::Args),
    /// Write a layer for GIS or a spreadsheet.
    ///
    /// Example: taptrace export taps -o taps.gpkg
    Export(export::Args),
    /// Cases of unauthorized use.
    Case(Box<case::Args>),
    /// Tap removals: orders, crew lists, results.
    Removal(Box<removal::Args>),
    /// Put, list or release holds.
    ///
    /// Example: taptrace hold premise P1000010 medical --reason "letter of the clinic"
    Hold(removal::ScopeArgs),
    /// Contact log of a premise, owner or case.
    ///
    /// Example: taptrace note premise P1000010 "caller says the house is empty"
    Note(removal::ScopeArgs),
    /// Fees, deadlines and thresholds with their authority.
    Policy(policy::Args),
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => failure.report(|hint| cli.global.on_this_database(hint)),
    }
}

fn run(cli: &Cli) -> Result<Outcome, Failure> {
    let global = &cli.global;
    let makes_gpkg = match &cli.command {
        Command::Export(_) => true,
        Command::Removal(args) => args.is_print(),
        _ => false,
    };
    if global.format == Format::Gpkg && !makes_gpkg {
        return Err(Failure::input("this command makes no GeoPackage")
            .hint("layers are GeoPackages: taptrace export taps --format gpkg -o taps.gpkg"));
    }
    match &cli.command {
        Command::Tap(args) => tap::run(global, args),
        Command::Check(args) => upkeep::check(global, args),
        Command::Backup(args) => upkeep::backup(global, args),
        Command::Demo(args) => demo::run_demo(global, args),
        Command::Sample(args) => demo::run_sample(args),
        Command::Research(args) => research::run(global, args),
        Command::Import(args) => import::run(global, args),
        Command::Fetch(args) => fetch::run(global, args),
        Command::Source(args) => source::run(global, args),
        Command::Match(args) => matching::run(global, args),
        Command::Owner(args) => owner::run(global, args),
        Command::Address(args) => address::run(global, args),
        Command::Export(args) => export::run(global, args),
        Command::Case(args) => case::run(global, args),
        Command::Removal(args) => removal::run(global, args),
        Command::Hold(args) => removal::run_hold(global, args),
        Command::Note(args) => removal::run_note(global, args),
        Command::Policy(args) => policy::run(global, args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    /// Every command, flag and argument without a word of help.
    fn without_help(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        if command.get_about().is_none() {
            found.push(path.to_owned());
        }
        let args = command.get_arguments().filter(|a| a.get_help().is_none() && a.get_long_help().is_none());
        found.extend(args.map(|a| format!("{path} {}", a.get_id())));
        for verb in command.get_subcommands() {
            without_help(verb, &format!("{path} {}", verb.get_name()), found);
        }
    }

    #[test]
    fn every_command_and_flag_says_what_it_is_for() {
        let mut found = Vec::new();
        without_help(&super::Cli::command(), "taptrace", &mut found);
        assert!(found.is_empty(), "{found:#?}");
    }
}
