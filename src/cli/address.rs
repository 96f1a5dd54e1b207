//! `taptrace address`: how a text is understood, and how often that is right.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{Sink, write_table};
use super::{Failure, Format, Global, Outcome};
use crate::address::{self, Parsed, evaluate};
use crate::model::address::{Address, Street};
use crate::pipeline::address_file;
use crate::pipeline::address_parsing;

/// Take addresses apart.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the elements of address texts, other readings and warnings.
    ///
    /// A file is CSV or NDJSON with the texts in --column, or plain text with an address a line.
    ///
    /// Example: taptrace address parse "5213 E 31st Pl N, unit B"
    Parse(ParseArgs),
    /// Measure the parser on labelled addresses (JSON lines with raw and gold).
    ///
    /// Example: taptrace address evaluate labelled.jsonl.gz --show-wrong
    Evaluate(EvaluateArgs),
}

#[derive(Debug, clap::Args)]
struct ParseArgs {
    /// Address texts; several words without quotes are one text.
    #[arg(required_unless_present = "input")]
    text: Vec<String>,
    /// File (CSV, NDJSON or one address a line; plain or .gz; '-' is stdin) instead of texts.
    #[arg(long, conflicts_with = "text")]
    input: Option<PathBuf>,
    /// Column (or NDJSON key) of the address text; without it every line is an address.
    #[arg(long, requires = "input")]
    column: Option<String>,
    /// Column of the row's id (default: the row number).
    #[arg(long, requires = "column")]
    id_column: Option<String>,
}

#[derive(Debug, clap::Args)]
struct EvaluateArgs {
    /// Labelled files, .jsonl or .jsonl.gz.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print what was read wrong to stderr.
    #[arg(long)]
    show_wrong: bool,
}

pub(crate) fn run(global: &Global, args: &Args) -> Result<Outcome, Failure> {
    if matches!(global.format, Format::Geojson) {
        return Err(Failure::input("addresses have no geometry").hint("add --format json"));
    }
    match &args.verb {
        Verb::Parse(parse) => parse_texts(global, parse),
        Verb::Evaluate(evaluate) => measure(global, evaluate),
    }
}

/// Columns of a reading, in the order of the line.
const COLUMNS: [&str; 20] = [
    "id",
    "text",
    "standard_form",
    "address_number",
    "predirectional",
    "premodifier",
    "pretype",
    "street_name",
    "street_type",
    "postdirectional",
    "cross_street",
    "occupancy",
    "po_box",
    "place",
    "state",
    "zip",
    "rest",
    "street_key",
    "warnings",
    "other_readings",
];

fn street_line(street: &Street) -> String {
    address::street_text(street)
}

fn units(address: &Address) -> String {
    let one =
        |u: &crate::model::address::Occupancy| format!("{} {}", u.occupancy_type, u.occupancy_id).trim().to_owned();
    address.occupancy.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn warnings(parsed: &Parsed) -> String {
    parsed.warnings.iter().map(|w| w.text()).collect::<Vec<_>>().join("; ")
}

fn cells(id: &str, text: &str, parsed: &Parsed) -> [String; 20] {
    let empty = Address::default();
    let address = parsed.readings.first().unwrap_or(&empty);
    let street = &address.street;
    let direction = |d: Option<crate::model::address::Direction>| d.map_or("", |d| d.as_str()).to_owned();
    let optional = |t: &Option<String>| t.clone().unwrap_or_default();
    let zip = match (&address.zip, &address.zip4) {
        (Some(zip), Some(four)) => format!("{zip}-{four}"),
        (zip, _) => optional(zip),
    };
    [
        id.to_owned(),
        text.to_owned(),
        address::standard_form(address),
        address.address_number.as_ref().map(|n| n.raw.clone()).unwrap_or_default(),
        direction(street.predirectional),
        optional(&street.premodifier),
        optional(&street.pretype),
        street.street_name.clone(),
        optional(&street.street_type),
        direction(street.postdirectional),
        address.cross_street.as_ref().map(street_line).unwrap_or_default(),
        units(address),
        optional(&address.po_box),
        optional(&address.place),
        optional(&address.state),
        zip,
        optional(&address.rest),
        if street.street_name.is_empty() { String::new() } else { address::street_key(street) },
        warnings(parsed),
        parsed.readings.iter().skip(1).map(address::standard_form).collect::<Vec<_>>().join("; "),
    ]
}

fn document(id: &str, text: &str, parsed: &Parsed) -> Value {
    let mut map = serde_json::Map::new();
    for (name, cell) in COLUMNS.iter().zip(cells(id, text, parsed)) {
        if !matches!(*name, "warnings" | "other_readings") {
            map.insert((*name).to_owned(), if cell.is_empty() { Value::Null } else { Value::String(cell) });
        }
    }
    map.insert("warnings".to_owned(), parsed.warnings.iter().map(|w| w.text()).collect());
    map.insert("other_readings".to_owned(), parsed.readings.iter().skip(1).map(address::standard_form).collect());
    Value::Object(map)
}

fn parse_texts(global: &Global, args: &ParseArgs) -> Result<Outcome, Failure> {
    let mut sink = Sink::open(global.output.as_deref())?;
    let outcome = match &args.input {
        Some(input) => parse_file(global.format, input, args, &mut sink)?,
        None => {
            // Several quoted addresses are several; loose words are one.
            let texts =
                if args.text.iter().any(|t| t.contains(' ')) { args.text.clone() } else { vec![args.text.join(" ")] };
            let mut rows = Rows::new(global.format, false);
            for (index, text) in texts.iter().enumerate() {
                rows.add(&mut sink, &(index + 1).to_string(), text)?;
            }
            rows.end(&mut sink)?;
            rows.outcome()
        }
    };
    sink.finish()?;
    Ok(outcome)
}

fn parse_file(format: Format, input: &std::path::Path, args: &ParseArgs, sink: &mut Sink) -> Result<Outcome, Failure> {
    let mut rows = Rows::new(format, true);
    address_parsing::each_text(input, args.column.as_deref(), args.id_column.as_deref(), |id, text| {
        let written = match text {
            Ok(text) => rows.add(sink, id, text),
            Err(problem) => {
                rows.count(problem);
                rows.add(sink, id, "")
            }
        };
        written.map_err(address_file::Error::Write)
    })
    .map_err(failure)?;
    rows.end(sink)?;
    rows.sum_up();
    Ok(rows.outcome())
}

fn failure(error: address_file::Error) -> Failure {
    match error {
        address_file::Error::Write(source) => Failure::from_output(source),
        other => Failure::from_error(&other)
            .hint("taptrace address parse --input FILE --column COLUMN, or without --column for one address a line"),
    }
}

/// Writes one parse after the other.
struct Rows {
    format: Format,
    /// A file's table has one line a row, a single text all of its elements.
    is_file: bool,
    n_written: u64,
    n_unread: u64,
    /// How often each warning was given.
    n_warned: std::collections::BTreeMap<String, u64>,
}

impl Rows {
    fn new(format: Format, is_file: bool) -> Self {
        Self { format, is_file, n_written: 0, n_unread: 0, n_warned: std::collections::BTreeMap::new() }
    }

    fn count(&mut self, warning: &str) {
        *self.n_warned.entry(warning.to_owned()).or_default() += 1;
    }

    /// What a person wants to know of a whole file, beside the result.
    #[allow(clippy::print_stderr, reason = "a summary for the eye, beside the data")]
    fn sum_up(&self) {
        eprintln!("{} addresses, {} without street or box", self.n_written, self.n_unread);
        let mut warnings: Vec<(&String, &u64)> = self.n_warned.iter().collect();
        warnings.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        for (warning, n) in warnings {
            eprintln!("{n:>9} {warning}");
        }
    }

    fn add(&mut self, out: &mut dyn Write, id: &str, text: &str) -> std::io::Result<()> {
        let parsed = address::parse(text);
        if parsed.readings.first().is_none_or(|a| a.street.street_name.is_empty() && a.po_box.is_none()) {
            self.n_unread += 1;
        }
        let is_first = self.n_written == 0;
        self.n_written += 1;
        for warning in &parsed.warnings {
            self.count(warning.text());
        }
        match self.format {
            Format::Table | Format::Geojson | Format::Gpkg if self.is_file => {
                table_line(out, id, text, &parsed, is_first)
            }
            Format::Table | Format::Geojson | Format::Gpkg => table(out, text, &parsed, is_first),
            Format::Csv => {
                let mut line = csv::WriterBuilder::new().from_writer(out);
                if is_first {
                    line.write_record(COLUMNS)?;
                }
                line.write_record(cells(id, text, &parsed))?;
                line.flush()
            }
            Format::Json => {
                out.write_all(if is_first { b"[\n" } else { b",\n" })?;
                out.write_all(document(id, text, &parsed).to_string().as_bytes())
            }
            Format::Ndjson => writeln!(out, "{}", document(id, text, &parsed)),
        }
    }

    fn end(&self, out: &mut dyn Write) -> Result<(), Failure> {
        if matches!(self.format, Format::Json) {
            out.write_all(if self.n_written == 0 { b"[]\n" } else { b"\n]\n" }).map_err(Failure::from_output)?;
        }
        Ok(())
    }

    fn outcome(&self) -> Outcome {
        if self.n_unread > 0 { Outcome::Look } else { Outcome::Done }
    }
}

/// One line a row, in fixed columns, so that a file of any length can be read as it comes.
fn table_line(out: &mut dyn Write, id: &str, text: &str, parsed: &Parsed, is_first: bool) -> std::io::Result<()> {
    if is_first {
        writeln!(out, "{:<10} {:<40} {:<20} warnings", "id", "standard_form", "place")?;
    }
    let empty = Address::default();
    let address = parsed.readings.first().unwrap_or(&empty);
    let standard = address::standard_form(address);
    let shown = if standard.is_empty() { text } else { &standard };
    let place = address.place.as_deref().unwrap_or("");
    let line = format!("{id:<10} {shown:<40} {place:<20} {}", warnings(parsed));
    writeln!(out, "{}", line.trim_end())
}

fn table(out: &mut dyn Write, text: &str, parsed: &Parsed, is_first: bool) -> std::io::Result<()> {
    if !is_first {
        writeln!(out)?;
    }
    let cells = cells("", text, parsed);
    let mut rows: Vec<Vec<String>> = COLUMNS
        .iter()
        .zip(cells)
        .filter(|(name, cell)| !matches!(**name, "id" | "other_readings") && !cell.is_empty())
        .map(|(name, cell)| vec![(*name).to_owned(), cell])
        .collect();
    for other in parsed.readings.iter().skip(1) {
        rows.push(vec!["or".to_owned(), address::standard_form(other)]);
    }
    write_table(out, &["element", "value"], &rows)
}

#[allow(clippy::cast_precision_loss, reason = "counts of addresses are far below 2^52")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

#[allow(clippy::print_stderr, reason = "what was wrong is for the eye, beside the figures")]
fn measure(global: &Global, args: &EvaluateArgs) -> Result<Outcome, Failure> {
    let mut sink = Sink::open(global.output.as_deref())?;
    let mut rows = Vec::new();
    let mut documents = Vec::new();
    let mut n_unreadable = 0;
    for path in &args.files {
        let report = address_parsing::evaluate_file(path)
            .map_err(|e| Failure::from_error(&e).hint("taptrace address evaluate FILE.jsonl"))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let tally = report.tally;
        n_unreadable += report.n_unreadable;
        if tally.n_addresses == 0 {
            let what = "a JSON line with raw and gold, as {\"raw\": \"12 N Oak Av\", \"gold\": {\"number\": \"12\"}}";
            return Err(Failure::input(format!("{name} has no labelled address: each is {what}"))
                .hint("taptrace address parse --input FILE, for addresses without labels"));
        }
        if report.n_unreadable > 0 {
            eprintln!("{name}: {} lines are no labelled address and were left out", report.n_unreadable);
        }
        let mut row = vec![
            name.clone(),
            tally.n_addresses.to_string(),
            format!("{:.1}", share(tally.n_exact, tally.n_addresses)),
        ];
        row.extend(tally.n_right.iter().map(|n| format!("{:.1}", share(*n, tally.n_addresses))));
        let mut one = json!({"file": name, "n_addresses": tally.n_addresses, "n_exact": tally.n_exact, "n_unreadable": report.n_unreadable});
        for (element, n) in evaluate::ELEMENTS.iter().zip(tally.n_right) {
            one[format!("n_{element}_right")] = json!(n);
        }
        documents.push(one);
        rows.push(row);
        if args.show_wrong {
            for wrong in &report.wrong {
                eprintln!("{}\n    label {:?}\n    read  {:?}", wrong.raw, wrong.gold.elements, wrong.found.elements);
            }
        }
    }
    let header = ["file", "addresses", "exact_pct", "number_pct", "street_pct", "unit_pct", "box_pct"];
    let written = match global.format {
        Format::Table | Format::Geojson | Format::Gpkg => write_table(&mut sink, &header, &rows),
        Format::Csv => write_csv(&mut sink, &header, &rows),
        Format::Json => writeln!(sink, "{}", Value::Array(documents)),
        Format::Ndjson => documents.iter().try_for_each(|d| writeln!(sink, "{d}")),
    };
    written.map_err(Failure::from_output)?;
    sink.finish()?;
    Ok(if n_unreadable > 0 { Outcome::Look } else { Outcome::Done })
}

fn write_csv(out: &mut dyn Write, header: &[&str], rows: &[Vec<String>]) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.flush()
}
