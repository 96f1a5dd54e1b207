//! `taptrace owner link` and the link half of `taptrace owner evaluate`.

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;

use super::output::{Sink, write_table};
use super::{Failure, Format, Global, Outcome};
use crate::pipeline::owner_chains;
use crate::pipeline::owner_link::{PairVerdict, grouped_with, link_pairs, measure, read_pairs, review_per_100k};
use crate::pipeline::owner_roll::{self, OwnedRow};

#[derive(Debug, clap::Args)]
pub(crate) struct LinkArgs {
    /// CSV of pairs: owner_a, owner_b, and mailing_a and mailing_b (or key_a and key_b, or one mail_key).
    #[arg(long)]
    pairs: PathBuf,
    /// Parcel file that gives name frequencies and address roles instead of the database.
    #[arg(long)]
    roll: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EvaluateArgs {
    /// Labelled pairs (column label: same, probable, unrelated, uncertain).
    #[arg(long, required = true)]
    pub(super) labels: Vec<PathBuf>,
    /// Parcel file that gives name frequencies and address roles instead of the database.
    #[arg(long)]
    roll: Option<PathBuf>,
    /// Print every mistake to stderr.
    #[arg(long)]
    pub(super) show_wrong: bool,
}

/// The roll from `--roll`, else the database, else none: pairs alone still get an answer.
fn rows_of(global: &Global, roll: Option<&PathBuf>) -> Result<Vec<OwnedRow>, Failure> {
    match roll {
        Some(path) => {
            owner_roll::from_csv(path).map_err(|e| Failure::from_error(&e).hint("taptrace owner link --help"))
        }
        None if global.db.exists() => owner_roll::from_database(&global.db)
            .map_err(|e| Failure::from_error(&e).hint("taptrace owner link --pairs F --roll parcels.csv")),
        None => Ok(Vec::new()),
    }
}

pub(crate) fn link(global: &Global, args: &LinkArgs) -> Result<Outcome, Failure> {
    let pairs = read_pairs(&args.pairs).map_err(|e| {
        Failure::from_error(&e)
            .hint("the file needs the columns owner_a, owner_b and a mailing address: taptrace owner link --help")
    })?;
    let (roll, grouping) = grouped_with(rows_of(global, args.roll.as_ref())?, &pairs);
    let verdicts = link_pairs(&roll, &grouping, &pairs);
    let mut sink = Sink::open(global.output.as_deref())?;
    write(global.format, &verdicts, &mut sink)?;
    sink.finish()?;
    Ok(if verdicts.is_empty() { Outcome::Look } else { Outcome::Done })
}

fn write(format: Format, verdicts: &[PairVerdict], out: &mut dyn Write) -> Result<(), Failure> {
    let header = ["id", "owner_a", "owner_b", "tier", "score", "rule"];
    let cells = |v: &PairVerdict| {
        vec![
            v.pair.id.clone(),
            v.pair.a.0.clone(),
            v.pair.b.0.clone(),
            v.verdict.tier.as_str().to_owned(),
            format!("{:.2}", f64::from(v.verdict.score_pct) / 100.0),
            v.verdict.rule.as_str().to_owned(),
        ]
    };
    match format {
        Format::Table => write_table(out, &header, &verdicts.iter().map(cells).collect::<Vec<_>>())?,
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(out);
            csv.write_record(header).map_err(|e| Failure::from_error(&e))?;
            for v in verdicts {
                csv.write_record(cells(v)).map_err(|e| Failure::from_error(&e))?;
            }
            csv.flush()?;
        }
        Format::Ndjson => {
            for v in verdicts {
                writeln!(out, "{}", document(v))?;
            }
        }
        Format::Json => writeln!(out, "{}", json!(verdicts.iter().map(document).collect::<Vec<_>>()))?,
        Format::Geojson | Format::Gpkg => {
            return Err(Failure::input("pairs have no place on a map").hint("add --format ndjson"));
        }
    }
    Ok(())
}

fn document(v: &PairVerdict) -> serde_json::Value {
    let mut evidence = vec![v.verdict.rule.sentence().to_owned()];
    evidence.extend(v.verdict.evidence.iter().cloned());
    json!({
        "id": v.pair.id,
        "owner_a": v.pair.a.0,
        "owner_b": v.pair.b.0,
        "mail_key_a": v.keys[0],
        "mail_key_b": v.keys[1],
        "tier": v.verdict.tier.as_str(),
        "score": f64::from(v.verdict.score_pct) / 100.0,
        "rule": v.verdict.rule.as_str(),
        "address_role": v.address_role,
        "evidence": evidence,
        "rows": v.rows,
    })
}

#[allow(clippy::print_stderr, reason = "mistakes are shown beside the result")]
pub(crate) fn evaluate(global: &Global, args: &EvaluateArgs) -> Result<Outcome, Failure> {
    let input =
        |e: &crate::pipeline::address_file::Error| Failure::from_error(e).hint("taptrace owner evaluate --help");
    if let [path] = args.labels.as_slice()
        && owner_chains::holds_chains(path).map_err(|e| input(&e))?
    {
        let f = owner_chains::measure(path).map_err(|e| input(&e))?;
        let header = ["chains", "asked", "right", "ambiguous", "unknown", "silent_guesses"];
        let counts = [f.n_chains, f.n_asked, f.n_right, f.n_ambiguous, f.n_unknown, f.n_guessed];
        let mut sink = Sink::open(global.output.as_deref())?;
        write_table(&mut sink, &header, &[counts.iter().map(ToString::to_string).collect()])?;
        sink.finish()?;
        return Ok(if f.n_guessed > 0 { Outcome::Look } else { Outcome::Done });
    }
    let rows = rows_of(global, args.roll.as_ref())?;
    let mut sink = Sink::open(global.output.as_deref())?;
    let mut shown = Vec::new();
    for path in &args.labels {
        let pairs = read_pairs(path).map_err(|e| Failure::from_error(&e).hint("taptrace owner evaluate --help"))?;
        let (roll, grouping) = grouped_with(rows.clone(), &pairs);
        let figures = measure(&link_pairs(&roll, &grouping, &pairs));
        if args.show_wrong {
            figures.mistakes.iter().for_each(|m| eprintln!("{m}"));
        }
        shown.push(vec![
            path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            format!("{:.3}", figures.precision()),
            format!("{:.3}", figures.recall()),
            format!("{:.3}", figures.busiest_precision()),
            format!("{}/{}", figures.n_uncertain_joined, figures.n_uncertain),
            figures.n_placeholder.to_string(),
            figures.n_association.to_string(),
            format!("{:.0}", review_per_100k(&roll, &grouping)),
        ]);
    }
    let header = [
        "labels",
        "precision",
        "recall",
        "busiest_precision",
        "uncertain_joined",
        "placeholder_links",
        "association_links",
        "review_per_100k",
    ];
    if global.format == Format::Json {
        let documents: Vec<serde_json::Value> = shown
            .iter()
            .map(|row| {
                header
                    .iter()
                    .zip(row)
                    .map(|(h, c)| ((*h).to_owned(), json!(c)))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            })
            .collect();
        writeln!(sink, "{}", json!(documents))?;
    } else {
        write_table(&mut sink, &header, &shown)?;
    }
    sink.finish()?;
    Ok(Outcome::Done)
}
