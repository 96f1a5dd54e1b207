//! A file of owner lines into parties: one answer per row in input order, style learnt per county from the file itself.
//!
//! Also the figures of labelled files (kinds, and the persons of a line). Rows that cannot be read keep their place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::party::{Party, PartyKind};
use crate::owner_name::{self, LineStyle, OwnerLine, Style};
use crate::pipeline::address_file::Table;

pub use crate::pipeline::address_file::Error;

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// CSV, plain or .gz; `-` is stdin.
    pub input: PathBuf,
    /// Name columns, in order.
    pub columns: Vec<String>,
    /// Column of the row's id; without it the row number.
    pub id_column: Option<String>,
    /// Mailing columns searched for care-of names.
    pub mailing_columns: Vec<String>,
    /// Column that tells rows of different counties apart; without it `county`, `source` or `jurisdiction` if present.
    pub county_column: Option<String>,
    /// Style word; without it the style is learnt.
    pub style: Option<String>,
}

/// One row, read.
#[derive(Debug, Clone)]
pub struct Row {
    /// Id of the row.
    pub id: String,
    /// County the style was learnt for, or empty.
    pub county: String,
    /// The line, or what is wrong with the row.
    pub line: Result<OwnerLine, String>,
}

/// Columns that name the county when none is given.
const COUNTY_COLUMNS: &[&str] = &["county", "source", "jurisdiction"];

struct Cells {
    id: String,
    county: String,
    names: Vec<String>,
    mailing: Vec<String>,
    problem: Option<String>,
}

/// Reads one line in a given style (`comma`, `slash`, `space`, `natural`, `mixed`), or judges it by its own shape.
pub fn parse_line(line: &str, style: Option<&str>) -> OwnerLine {
    owner_name::parse(&[line], &fixed_style(style).unwrap_or_default())
}

fn fixed_style(word: Option<&str>) -> Option<Style> {
    word.and_then(LineStyle::from_word).map(Style::fixed)
}

/// Reads all rows of a file; see [`parse_each`].
///
/// # Errors
/// When the file cannot be read or a column is missing.
pub fn parse_file(request: &Request) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    parse_each(request, |row| rows.push(row))?;
    Ok(rows)
}

/// Gives the rows of a file one by one: first the styles are learnt, then every line is read. Only the cells are held.
///
/// # Errors
/// When the file cannot be read or a column is missing.
pub fn parse_each(request: &Request, mut each: impl FnMut(Row)) -> Result<(), Error> {
    let rows = read_cells(request)?;
    let styles = learn(&rows, request.style.as_deref());
    let default = Style::default();
    for cells in rows {
        let style = styles.get(&cells.county).unwrap_or(&default);
        let line = cells.problem.clone().map_or_else(|| Ok(read_row(&cells, style)), Err);
        each(Row { id: cells.id, county: cells.county, line });
    }
    Ok(())
}

fn read_row(cells: &Cells, style: &Style) -> OwnerLine {
    let names: Vec<&str> = cells.names.iter().map(String::as_str).collect();
    let mut line = owner_name::parse(&names, style);
    if !cells.mailing.is_empty() {
        let lines: Vec<&str> = cells.mailing.iter().map(String::as_str).collect();
        line.parties.extend(owner_name::split_mailing(&lines).care_of);
    }
    line
}

fn learn(rows: &[Cells], fixed: Option<&str>) -> BTreeMap<String, Style> {
    let mut lines: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for cells in rows.iter().filter(|c| c.problem.is_none()) {
        lines.entry(cells.county.clone()).or_default().extend(cells.names.first().map(String::as_str));
    }
    lines
        .into_iter()
        .map(|(county, lines)| {
            let style = fixed_style(fixed).unwrap_or_else(|| Style::learn(lines.into_iter()));
            (county, style)
        })
        .collect()
}

fn read_cells(request: &Request) -> Result<Vec<Cells>, Error> {
    let mut table = Table::open(&request.input)?;
    let names = request.columns.iter().map(|c| table.require(c)).collect::<Result<Vec<_>, _>>()?;
    let mailing = request.mailing_columns.iter().map(|c| table.require(c)).collect::<Result<Vec<_>, _>>()?;
    let id = request.id_column.as_deref().map(|c| table.require(c)).transpose()?;
    let county = match &request.county_column {
        Some(column) => Some(table.require(column)?),
        None => COUNTY_COLUMNS.iter().find_map(|c| table.column(c)),
    };
    let mut rows = Vec::new();
    while let Some((row_no, read)) = table.next_row()? {
        let (record, problem) = match read {
            Ok(record) => (record, None),
            Err(problem) => (csv::StringRecord::new(), Some(problem)),
        };
        let cell = |at: usize| record.get(at).unwrap_or("").to_owned();
        rows.push(Cells {
            id: id.map(cell).filter(|i| !i.is_empty()).unwrap_or_else(|| row_no.to_string()),
            county: county.map(cell).unwrap_or_default(),
            names: names.iter().map(|at| cell(*at)).collect(),
            mailing: mailing.iter().map(|at| cell(*at)).collect(),
            problem,
        });
    }
    Ok(rows)
}

/// The promised JSON of one row.
#[derive(Debug, serde::Serialize)]
#[allow(missing_docs, reason = "the keys are those of docs/owner_lines.md")]
pub struct Document<'a> {
    pub id: &'a str,
    pub kind: &'static str,
    pub parties: Vec<PartyDocument<'a>>,
    pub flags: Vec<&'static str>,
    pub rules: Vec<&'static str>,
    /// Why a line has no kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Address text found among the names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_text: Option<&'a str>,
    /// Text that is neither a name nor a known fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unparsed: Option<&'a str>,
}

/// One party of a [`Document`].
#[derive(Debug, serde::Serialize)]
#[allow(missing_docs, reason = "the keys are those of docs/owner_lines.md")]
pub struct PartyDocument<'a> {
    pub kind: &'static str,
    pub role: &'static str,
    pub name: &'a str,
    pub surname: &'a str,
    pub given: &'a str,
    pub middle: &'a str,
    pub suffix: &'a str,
    /// Level of a government.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<&'static str>,
    /// Share of the whole, when the line states one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
}

/// The promised JSON of one row.
pub fn document(row: &Row) -> Document<'_> {
    match &row.line {
        Ok(line) => Document {
            id: &row.id,
            kind: line.kind.as_str(),
            parties: line.parties.iter().map(party).collect(),
            flags: line.flags.iter().map(owner_name::Flag::as_str).collect(),
            rules: line.rules.iter().map(owner_name::Rule::as_str).collect(),
            reason: line.kind.detail().filter(|_| matches!(line.kind, PartyKind::Unknown(_))),
            address_text: line.address_spill.as_deref(),
            unparsed: line.unparsed.as_deref(),
        },
        Err(_) => Document {
            id: &row.id,
            kind: "unknown",
            parties: Vec::new(),
            flags: Vec::new(),
            rules: vec!["row.unreadable"],
            reason: None,
            address_text: None,
            unparsed: None,
        },
    }
}

fn party(party: &Party) -> PartyDocument<'_> {
    PartyDocument {
        kind: party.kind.as_str(),
        role: party.role.as_str(),
        name: &party.name,
        surname: &party.person.surname,
        given: &party.person.given,
        middle: &party.person.middle,
        suffix: &party.person.suffix,
        level: party.kind.detail().filter(|_| matches!(party.kind, PartyKind::Government(_))),
        share: party.share.map(|(part, whole)| format!("{part}/{whole}")),
    }
}

/// Which labels a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// Column `type`: kind of the line.
    Kinds,
    /// Column `persons`: the persons of the line.
    Persons,
    /// Something else (pairs).
    Other,
}

/// Looks at the header of a label file.
///
/// # Errors
/// When the file cannot be read.
pub fn label_kind(path: &Path) -> Result<LabelKind, Error> {
    let table = Table::open(path)?;
    Ok(if table.column("persons").is_some() {
        LabelKind::Persons
    } else if table.column("owner_name").is_some() && table.column("type").is_some() {
        LabelKind::Kinds
    } else {
        LabelKind::Other
    })
}

/// Counts of right answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Score {
    /// Rows counted.
    pub n: usize,
    /// Of these, right.
    pub n_right: usize,
}

impl Score {
    fn add(&mut self, right: bool) {
        self.n += 1;
        self.n_right += usize::from(right);
    }
}

/// Figures of one label file.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Name of the figure and its score, in order of the name.
    pub scores: BTreeMap<String, Score>,
    /// (label, answer) and how often.
    pub confusion: BTreeMap<(String, String), usize>,
    /// Wrong rows: id, label, answer.
    pub wrong: Vec<(String, String, String)>,
}

/// Measures a label file; style is learnt per `source` column.
///
/// # Errors
/// When the file cannot be read or lacks its columns.
pub fn measure(path: &Path, kind: LabelKind) -> Result<Figures, Error> {
    let columns = |label: &str| Request {
        input: path.to_owned(),
        columns: vec![label.to_owned()],
        id_column: Some("id".to_owned()),
        ..Request::default()
    };
    let rows = parse_file(&columns("owner_name"))?;
    let labels = label_rows(path)?;
    let mut figures = Figures::default();
    for (row, label) in rows.iter().zip(&labels) {
        let Ok(line) = &row.line else { continue };
        match kind {
            LabelKind::Kinds => score_kind(&mut figures, row, line, label),
            LabelKind::Persons | LabelKind::Other => score_persons(&mut figures, row, line, label),
        }
    }
    Ok(figures)
}

type Label = BTreeMap<&'static str, String>;

const LABEL_COLUMNS: &[&str] = &["source", "stratum", "type", "alt_type", "ambiguous", "persons", "style"];

fn label_rows(path: &Path) -> Result<Vec<Label>, Error> {
    let mut table = Table::open(path)?;
    let found: Vec<(&'static str, usize)> =
        LABEL_COLUMNS.iter().filter_map(|c| table.column(c).map(|at| (*c, at))).collect();
    let mut labels = Vec::new();
    while let Some((_, read)) = table.next_row()? {
        let record = read.unwrap_or_default();
        labels.push(found.iter().map(|(c, at)| (*c, record.get(*at).unwrap_or("").trim().to_owned())).collect());
    }
    Ok(labels)
}

fn score_kind(figures: &mut Figures, row: &Row, line: &OwnerLine, label: &Label) {
    let text = |column: &str| label.get(column).map_or("", String::as_str);
    let answer = line.kind.as_str();
    let right = answer == text("type");
    let written = if text("source").contains("written") { "written" } else { "real" };
    let mut add = |name: String, right: bool| figures.scores.entry(name).or_default().add(right);
    add(format!("kind strict, {written}"), right);
    add(format!("kind with accepted alternatives, {written}"), right || answer == text("alt_type"));
    if text("ambiguous") != "1" {
        add(format!("kind strict without disputed labels, {written}"), right);
    }
    add(format!("kind strict, {} {}", text("source"), text("stratum")), right);
    if text("type") == "person" {
        let organisation = !matches!(line.kind, PartyKind::Person | PartyKind::Unknown(_));
        add("persons not called organisations".to_owned(), !organisation);
        add(format!("persons not called organisations, {} {}", text("source"), text("stratum")), !organisation);
    }
    *figures.confusion.entry((text("type").to_owned(), answer.to_owned())).or_default() += 1;
    if !right {
        figures.wrong.push((row.id.clone(), text("type").to_owned(), answer.to_owned()));
    }
}

/// `SURNAME|GIVEN MIDDLE|SUFFIX; ...` of the owners of a line.
pub fn persons_text(line: &OwnerLine) -> String {
    let of = |p: &Party| {
        let given = format!("{} {}", p.person.given, p.person.middle);
        format!("{}|{}|{}", p.person.surname, given.trim(), p.person.suffix)
    };
    let owners = line.parties.iter().filter(|p| p.kind == PartyKind::Person && p.is_owner());
    owners.map(of).collect::<Vec<_>>().join("; ")
}

fn score_persons(figures: &mut Figures, row: &Row, line: &OwnerLine, label: &Label) {
    let text = |column: &str| label.get(column).map_or("", String::as_str);
    let answer = persons_text(line);
    let right = answer == text("persons");
    figures.scores.entry("all owners exact".to_owned()).or_default().add(right);
    figures.scores.entry(format!("all owners exact, {}", text("style"))).or_default().add(right);
    if text("persons").contains(';') {
        figures.scores.entry("all owners exact, lines with several".to_owned()).or_default().add(right);
    }
    if !right {
        figures.wrong.push((row.id.clone(), text("persons").to_owned(), answer));
    }
}
