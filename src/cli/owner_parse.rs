//! `taptrace owner parse` and the figures of labelled owner lines.

use std::io::Write;
use std::path::PathBuf;

use super::output::{Sink, write_table};
use super::{Failure, Format, Global, Outcome};
use crate::pipeline::owner_lines::{self, Figures, Request, Row};

#[derive(Debug, clap::Args)]
pub(crate) struct ParseArgs {
    /// One owner line.
    #[arg(required_unless_present = "input", conflicts_with = "input")]
    line: Option<String>,
    /// CSV file, plain or .gz; '-' is stdin.
    #[arg(long, requires = "column")]
    input: Option<PathBuf>,
    /// Name column; repeat for a second and third name column.
    #[arg(long)]
    column: Vec<String>,
    /// Column of the row's id (default: the row number).
    #[arg(long)]
    id_column: Option<String>,
    /// Mailing columns searched for care-of and ATTN names.
    #[arg(long, value_delimiter = ',')]
    mailing_columns: Vec<String>,
    /// Column that tells counties apart; styles are learnt per county (default: county, source or jurisdiction if present).
    #[arg(long)]
    county_column: Option<String>,
    /// Line style instead of learning it from the file.
    #[arg(long, value_parser = ["comma", "slash", "space", "natural", "mixed"])]
    style: Option<String>,
}

/// Writes each row as soon as it is read.
fn stream(global: &Global, request: &Request) -> Result<Outcome, Failure> {
    let mut sink = Sink::open(global.output.as_deref())?;
    let (mut n_rows, mut n_unread, mut failed) = (0u64, 0u64, None);
    let each = |row: Row| {
        n_rows += 1;
        n_unread += u64::from(row.line.is_err());
        if failed.is_none() {
            let written = serde_json::to_writer(&mut sink, &owner_lines::document(&row)).map_err(std::io::Error::from);
            failed = written.and_then(|()| sink.write_all(b"\n")).err();
        }
    };
    owner_lines::parse_each(request, each).map_err(|e| Failure::from_error(&e).hint("taptrace owner parse --help"))?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    sink.finish()?;
    Ok(if n_unread > 0 || n_rows == 0 { Outcome::Look } else { Outcome::Done })
}

pub(crate) fn parse(global: &Global, args: &ParseArgs) -> Result<Outcome, Failure> {
    let request = args.input.as_ref().map(|input| Request {
        input: input.clone(),
        columns: args.column.clone(),
        id_column: args.id_column.clone(),
        mailing_columns: args.mailing_columns.clone(),
        county_column: args.county_column.clone(),
        style: args.style.clone(),
    });
    if let Some(request) = request.as_ref().filter(|_| global.format == Format::Ndjson) {
        return stream(global, request);
    }
    let rows = match (&request, &args.line) {
        (Some(request), _) => {
            owner_lines::parse_file(request).map_err(|e| Failure::from_error(&e).hint("taptrace owner parse --help"))?
        }
        (None, line) => {
            let line = owner_lines::parse_line(line.as_deref().unwrap_or(""), args.style.as_deref());
            vec![Row { id: "1".to_owned(), county: String::new(), line: Ok(line) }]
        }
    };
    let mut sink = Sink::open(global.output.as_deref())?;
    write(global.format, &rows, &mut sink)?;
    sink.finish()?;
    let n_unread = rows.iter().filter(|r| r.line.is_err()).count();
    Ok(if n_unread > 0 || rows.is_empty() { Outcome::Look } else { Outcome::Done })
}

const HEADER: [&str; 12] =
    ["id", "kind", "detail", "role", "name", "surname", "given", "middle", "suffix", "share", "flags", "rules"];

/// One line of cells per party.
fn cells(row: &Row) -> Vec<Vec<String>> {
    let Ok(line) = &row.line else {
        return vec![[&row.id, "unknown", "row cannot be read"].map(str::to_owned).to_vec()];
    };
    let flags = line.flags.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(" ");
    let rules = line.rules.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(" ");
    let mut found: Vec<Vec<String>> = line
        .parties
        .iter()
        .map(|p| {
            let n = &p.person;
            let share = p.share.map(|(part, whole)| format!("{part}/{whole}")).unwrap_or_default();
            [
                &row.id,
                p.kind.as_str(),
                p.kind.detail().unwrap_or(""),
                p.role.as_str(),
                &p.name,
                &n.surname,
                &n.given,
                &n.middle,
                &n.suffix,
                &share,
                &flags,
                &rules,
            ]
            .map(str::to_owned)
            .to_vec()
        })
        .collect();
    if found.is_empty() {
        found.push(
            [&row.id, line.kind.as_str(), line.kind.detail().unwrap_or(""), "", "", "", "", "", "", "", &flags, &rules]
                .map(str::to_owned)
                .to_vec(),
        );
    }
    found
}

fn write(format: Format, rows: &[Row], out: &mut dyn Write) -> Result<(), Failure> {
    match format {
        Format::Table => write_table(out, &HEADER, &rows.iter().flat_map(cells).collect::<Vec<_>>())?,
        Format::Csv => {
            let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(out);
            csv.write_record(HEADER).map_err(|e| Failure::from_error(&e))?;
            for record in rows.iter().flat_map(cells) {
                csv.write_record(record).map_err(|e| Failure::from_error(&e))?;
            }
            csv.flush()?;
        }
        Format::Ndjson => {
            for row in rows {
                writeln!(out, "{}", serde_json::to_string(&owner_lines::document(row)).unwrap_or_default())?;
            }
        }
        Format::Json => {
            let all: Vec<_> = rows.iter().map(owner_lines::document).collect();
            writeln!(out, "{}", serde_json::to_string(&all).unwrap_or_default())?;
        }
        Format::Geojson | Format::Gpkg => {
            return Err(Failure::input("owner lines have no place on a map").hint("add --format ndjson"));
        }
    }
    Ok(())
}

/// Prints the figures of labelled owner lines.
pub(crate) fn evaluate(global: &Global, labels: &[PathBuf], show_wrong: bool) -> Result<Outcome, Failure> {
    let mut sink = Sink::open(global.output.as_deref())?;
    for path in labels {
        let failed = |e: owner_lines::Error| Failure::from_error(&e).hint("taptrace owner evaluate --help");
        let kind = owner_lines::label_kind(path).map_err(failed)?;
        let figures = owner_lines::measure(path, kind).map_err(failed)?;
        print(&figures, &mut sink)?;
        if show_wrong {
            for (id, label, answer) in &figures.wrong {
                writeln!(std::io::stderr(), "{id}: label {label:?}, answer {answer:?}")?;
            }
        }
    }
    sink.finish()?;
    Ok(Outcome::Done)
}

fn print(figures: &Figures, out: &mut dyn Write) -> Result<(), Failure> {
    #[allow(clippy::cast_precision_loss, reason = "counts of a label file")]
    let percent = |n: usize, of: usize| format!("{:.2} %", 100.0 * n as f64 / of.max(1) as f64);
    let rows: Vec<Vec<String>> = figures
        .scores
        .iter()
        .map(|(name, s)| vec![name.clone(), format!("{}/{}", s.n_right, s.n), percent(s.n_right, s.n)])
        .collect();
    write_table(out, &["figure", "right", "share"], &rows)?;
    if !figures.confusion.is_empty() {
        let rows: Vec<Vec<String>> =
            figures.confusion.iter().map(|((l, a), n)| vec![l.clone(), a.clone(), n.to_string()]).collect();
        writeln!(out)?;
        write_table(out, &["label", "answer", "rows"], &rows)?;
    }
    Ok(())
}

/// Whether all files hold labels of owner lines (else they hold pairs).
pub(crate) fn holds_lines(labels: &[PathBuf]) -> Result<bool, Failure> {
    for path in labels {
        let kind = owner_lines::label_kind(path)
            .map_err(|e| Failure::from_error(&e).hint("taptrace owner evaluate --help"))?;
        if kind == owner_lines::LabelKind::Other {
            return Ok(false);
        }
    }
    Ok(true)
}
