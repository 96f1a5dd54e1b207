//! A look at an unknown file: what it is, what its columns hold, and a profile to start from.
//!
//! Header names propose, sample values confirm; nothing is stored, and only the first rows are read.

use std::fmt::Write;
use std::path::Path;

use crate::ingest::error::{Error, shown};
use crate::ingest::inspect_key::Keys;
use crate::ingest::inspect_values::Looks;
use crate::ingest::mapper::{fields_of, is_sensitive};
use crate::ingest::profile::AddressPart;
use crate::ingest::source::{OpenOptions, RawRow, Source};
use crate::ingest::value;
use crate::model::snapshot::SourceKind;

/// Rows read; enough to see rare columns of GeoJSON and to estimate the rest, and done within a second.
const ROWS_READ_MAX: u64 = 20_000;

/// Different sample values kept per column.
pub(super) const SAMPLES_MAX: usize = 3;

/// What one column holds.
#[derive(Debug, Clone, Default)]
pub struct ColumnInfo {
    /// The header.
    pub name: String,
    /// Rows with a value.
    pub n_filled: u64,
    /// A few different values, cut short; none for sensitive columns.
    pub samples: Vec<String>,
    /// True when every value was a number.
    pub is_numeric: bool,
    /// Smallest and largest number.
    pub range: (f64, f64),
    /// Values that begin with a digit, as most addresses do.
    pub n_numbered: u64,
    /// Values that read `STREET, CITY, ST ZIP`.
    pub n_full_addresses: u64,
    pub(super) looks: Looks,
}

/// A field that is a part of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartOfColumn {
    /// The field.
    pub field: &'static str,
    /// The header.
    pub header: String,
    /// Which part.
    pub(crate) part: AddressPart,
}

/// What was found.
#[derive(Debug)]
pub struct Inspection {
    /// Format in one word.
    pub format: &'static str,
    /// Encoding, delimiter, CRS ... as (what, finding).
    pub findings: Vec<(&'static str, String)>,
    /// Rows read, and whether that is all of them.
    pub n_rows_read: u64,
    /// Rows of the file: exact when all were read, else estimated from the bytes.
    pub n_rows_estimated: u64,
    /// True when the estimate is a count.
    pub is_complete: bool,
    /// Rows with geometry.
    pub n_geometries: u64,
    /// West, south, east, north of the geometries read.
    pub extent: Option<[f64; 4]>,
    /// Columns in file order.
    pub columns: Vec<ColumnInfo>,
    /// What the file would be imported as.
    pub kind: SourceKind,
    /// Proposed headers per field.
    pub proposals: Vec<(&'static str, Vec<String>)>,
    /// Fields that are a part of a column (`TULSA OK 74103`).
    pub parts: Vec<PartOfColumn>,
    /// Fields of lines whose columns are pieces of one line.
    pub joined: Vec<&'static str>,
    /// Needed fields for which no column could be proposed, each with what a person can choose from.
    pub undecided: Vec<(&'static str, String)>,
    /// A built-in profile that fits, if any.
    pub fitting_profile: Option<&'static str>,
    /// Odd things: warning and reject codes with how often, and damage that ended the reading.
    pub oddities: Vec<(String, u64)>,
    /// Set when the file broke off.
    pub damage: Option<String>,
    /// Coordinates in a system that the file does not name.
    pub no_degrees: Option<[f64; 2]>,
    pub(super) keys: Keys,
}

/// Looks at a file; `kind` is what it shall be imported as, when a person knows.
///
/// # Errors
/// When not one row can be read.
pub fn inspect(path: &Path, options: &OpenOptions, kind: Option<SourceKind>) -> Result<Inspection, Error> {
    let mut source = Source::open(path, options)?;
    let mut found = Inspection {
        format: source.format().as_str(),
        findings: Vec::new(),
        n_rows_read: 0,
        n_rows_estimated: 0,
        is_complete: false,
        n_geometries: 0,
        extent: None,
        columns: Vec::new(),
        kind: SourceKind::Parcels,
        proposals: Vec::new(),
        parts: Vec::new(),
        joined: Vec::new(),
        undecided: Vec::new(),
        fitting_profile: None,
        oddities: Vec::new(),
        damage: None,
        no_degrees: None,
        keys: Keys::default(),
    };
    let mut row = RawRow::default();
    while found.n_rows_read < ROWS_READ_MAX {
        match source.next_row(&mut row) {
            Ok(true) => found.take_row(source.columns(), &row),
            Ok(false) => {
                found.is_complete = true;
                break;
            }
            Err(error) if found.n_rows_read == 0 => return Err(error),
            Err(error) => {
                if let Error::NotDegrees { x, y, .. } = error {
                    found.no_degrees = Some([x, y]);
                }
                found.damage = Some(error.to_string());
                break;
            }
        }
    }
    found.take_columns(source.columns());
    found.findings = source.findings();
    let progress = source.progress();
    found.n_rows_estimated = found.n_rows_read;
    if !found.is_complete && progress.bytes_read > 0 {
        let share = progress.bytes_total as f64 / progress.bytes_read as f64;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate for people")]
        let estimate = (found.n_rows_read as f64 * share.max(1.0)) as u64;
        found.n_rows_estimated = estimate;
    }
    found.propose(kind);
    Ok(found)
}

impl Inspection {
    fn take_columns(&mut self, columns: &[String]) {
        for name in columns.iter().skip(self.columns.len()) {
            self.columns.push(ColumnInfo {
                name: name.clone(),
                is_numeric: true,
                range: (f64::MAX, f64::MIN),
                ..ColumnInfo::default()
            });
        }
    }

    fn take_row(&mut self, columns: &[String], row: &RawRow) {
        self.n_rows_read += 1;
        self.take_columns(columns);
        let values = (0..self.columns.len()).filter_map(|i| Some((i, value::clean(row.value(i)?, &[])?)));
        self.keys.take_row(columns, values.clone());
        for (idx, text) in values {
            self.columns[idx].take(text);
        }
        if let Some(geometry) = &row.geometry {
            self.n_geometries += 1;
            let b = geometry.bbox;
            let e = self.extent.unwrap_or(b);
            self.extent = Some([e[0].min(b[0]), e[1].min(b[1]), e[2].max(b[2]), e[3].max(b[3])]);
        }
        let codes = row.warnings.iter().map(|w| w.code).chain(row.problem.iter().map(|p| p.reason));
        for code in codes {
            match self.oddities.iter_mut().find(|(c, _)| c == code) {
                Some((_, n)) => *n += 1,
                None => self.oddities.push((code.to_owned(), 1)),
            }
        }
    }

    /// What a person can take for a field that no column is named like.
    pub(super) fn choice(&self, field: &str) -> String {
        if self.n_rows_read == 0 {
            return "the file has no rows to judge its columns by".to_owned();
        }
        if self.columns.len() == 1 && self.format == "csv" {
            return "only one column was found: fixed-width text cannot be read, another delimiter goes under [file]"
                .to_owned();
        }
        let is_number = field.ends_with("_no");
        let fits = |i: &usize| {
            let column = &self.columns[*i];
            let is_text = !column.is_numeric && column.n_filled * 2 > self.n_rows_read;
            let is_measure = column.is_numeric && column.samples.iter().any(|s| s.contains('.'));
            !is_sensitive(&column.name) && if is_number { self.keys.is_key(*i) && !is_measure } else { is_text }
        };
        let names: Vec<&str> =
            (0..self.columns.len()).filter(fits).take(8).map(|i| self.columns[i].name.as_str()).collect();
        match (is_number, names.is_empty()) {
            (true, true) => "no column has a value of its own in nearly every row".to_owned(),
            (true, false) => format!("these have a value of their own in nearly every row: {}", names.join(", ")),
            (false, true) => "no column holds text".to_owned(),
            (false, false) => format!("these hold text: {}", names.join(", ")),
        }
    }

    /// The proposal as a profile, ready to save; samples stand behind it as comments.
    pub fn to_profile(&self, name: &str) -> String {
        let mut out = String::new();
        self.write_summary(&mut out);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "name = {}", quoted(name));
        let _ = writeln!(out, "title = \"\"");
        let named = |what: &str| self.findings.iter().find(|(w, _)| *w == what).map(|(_, f)| f.as_str());
        let file: Vec<String> = [("encoding", named("encoding")), ("delimiter", named("delimiter"))]
            .into_iter()
            .filter_map(|(key, found)| {
                let found = if found? == "tab" { "\t" } else { found? };
                let is_plain = matches!(found, "UTF-8" | ",") || found.contains(' ') && found != "\t";
                (!is_plain).then(|| format!("{key} = {}", quoted(found)))
            })
            .collect();
        if let Some((_, choice)) = self.undecided.iter().find(|(f, _)| *f == "crs") {
            let _ = writeln!(out, "# crs = \"EPSG:\"  # DECIDE: {choice}");
        }
        if let Some([w, s, e, n]) = self.extent.filter(|_| self.is_complete) {
            let _ = writeln!(out, "extent = [{:.1}, {:.1}, {:.1}, {:.1}]", w - 0.1, s - 0.1, e + 0.1, n + 0.1);
        }
        if !file.is_empty() {
            let _ = writeln!(out, "\n[file]\n{}", file.join("\n"));
        }
        let table = match self.kind {
            SourceKind::Accounts => "accounts",
            SourceKind::Taps => "taps",
            SourceKind::Reads => "reads",
            SourceKind::Deeds => "deeds",
            SourceKind::Parcels | SourceKind::Roll | SourceKind::FieldResults | SourceKind::Page => "columns",
        };
        let _ = writeln!(out, "\n[{table}]");
        let full_situs = self.full_situs();
        if let Some(column) = full_situs {
            for (field, part) in [("address", "street"), ("city", "city"), ("state", "state"), ("zip", "zip")] {
                let sample = column.samples.first().filter(|_| field == "address");
                let remark = sample.map(|s| format!("  # {s}")).unwrap_or_default();
                let _ =
                    writeln!(out, "situs_{field} = {{ from = {}, part = \"{part}\" }}{remark}", quoted(&column.name));
            }
        }
        let is_taken = |field: &str| full_situs.is_some() && field.starts_with("situs_");
        self.write_rules(&mut out, is_taken);
        for (field, choice) in self.undecided.iter().filter(|(f, _)| *f != "crs") {
            let _ = writeln!(out, "# {field} = \"\"  # DECIDE: {}", choice.replace(char::is_control, " "));
        }
        let undecided = self.undecided.iter().map(|(f, _)| *f);
        let proposed: Vec<&str> =
            self.proposals.iter().map(|(f, _)| *f).chain(undecided).chain(self.parts.iter().map(|p| p.field)).collect();
        for field in
            fields_of(self.kind).iter().filter(|f| !proposed.contains(f) && !f.starts_with("tie") && !is_taken(f))
        {
            let _ = writeln!(out, "# {field} = \"\"");
        }
        self.write_columns(&mut out);
        out
    }

    fn write_rules(&self, out: &mut String, is_taken: impl Fn(&str) -> bool) {
        for (field, headers) in self.proposals.iter().filter(|(f, _)| !is_taken(f)) {
            let names: Vec<String> = headers.iter().map(|h| quoted(h)).collect();
            let rule = if self.joined.contains(field) {
                // `DE LA CRUZ, ANA`: the comma says where a surname of several words ends.
                let with = if *field == "owner_lines" && names.len() == 2 { ", " } else { " " };
                format!("{{ from = [{}], with = \"{with}\" }}", names.join(", "))
            } else if *field == "deed_reference" && names.len() > 1 {
                format!("{{ from = [{}], with = \"/\" }}", names.join(", "))
            } else if names.len() == 1 && !field.ends_with("_lines") {
                names[0].clone()
            } else if field.ends_with("_no") {
                format!("{{ from = [{}], with = \"-\" }}", names.join(", "))
            } else {
                format!("[{}]", names.join(", "))
            };
            let sample = self.columns.iter().find(|c| Some(&c.name) == headers.first()).and_then(|c| c.samples.first());
            let _ = writeln!(out, "{field} = {rule}{}", sample.map(|s| format!("  # {s}")).unwrap_or_default());
        }
        for p in &self.parts {
            let part = format!("{:?}", p.part).to_lowercase();
            let _ = writeln!(out, "{} = {{ from = {}, part = \"{part}\" }}", p.field, quoted(&p.header));
        }
    }

    /// The situs column when it carries city, state and ZIP too and no other column does.
    fn full_situs(&self) -> Option<&ColumnInfo> {
        let of = |field: &str| self.proposals.iter().find(|(f, _)| *f == field).map(|(_, headers)| &headers[0]);
        let column = self.columns.iter().find(|c| Some(&c.name) == of("situs_address"))?;
        (of("situs_city").is_none() && column.n_full_addresses * 2 > column.n_filled).then_some(column)
    }

    fn write_summary(&self, out: &mut String) {
        let about = if self.is_complete { "" } else { "about " };
        let _ =
            writeln!(out, "# {}: {about}{} rows, {} columns", self.format, self.n_rows_estimated, self.columns.len());
        for (what, found) in &self.findings {
            let _ = writeln!(out, "# {what}: {}", comment(found));
        }
        if self.n_geometries > 0 {
            let _ = writeln!(out, "# geometry in {} of {} rows read", self.n_geometries, self.n_rows_read);
        }
        for (code, n) in &self.oddities {
            let _ = writeln!(out, "# {code}: {n} of {} rows read", self.n_rows_read);
        }
        if let Some(damage) = &self.damage {
            let _ = writeln!(out, "# DAMAGED: {}", comment(damage));
        }
        if let Some((n, n_filled)) = self.repeating_key() {
            let _ = writeln!(
                out,
                "# parcel_no: {n} different values in {n_filled} rows: further rows of a parcel add addresses to it"
            );
        }
        if let Some(name) = self.fitting_profile {
            let _ = writeln!(
                out,
                "# the built-in profile {name} fits: taptrace import {} FILE --profile {name}",
                self.kind.as_str()
            );
        }
    }

    /// Different values and values of the proposed parcel number, when a tenth or more repeat.
    fn repeating_key(&self) -> Option<(u64, u64)> {
        let (_, headers) = self.proposals.iter().find(|(f, h)| *f == "parcel_no" && h.len() == 1)?;
        let idx = self.columns.iter().position(|c| Some(&c.name) == headers.first())?;
        self.keys.different(idx).filter(|(n, n_filled)| n * 10 <= n_filled * 9)
    }

    fn write_columns(&self, out: &mut String) {
        let used: Vec<&String> =
            self.proposals.iter().flat_map(|(_, h)| h).chain(self.parts.iter().map(|p| &p.header)).collect();
        let is_layer = matches!(self.kind, SourceKind::Parcels | SourceKind::Roll);
        let kept = if is_layer { " (kept with the row unless marked)" } else { "" };
        let _ = writeln!(out, "\n# columns not used{kept}:");
        for column in self.columns.iter().filter(|c| !used.contains(&&c.name)) {
            if is_sensitive(&column.name) {
                let _ = writeln!(
                    out,
                    "# {}: sensitive, not kept (allow_sensitive lists exceptions)",
                    comment(&column.name)
                );
            } else {
                let _ = writeln!(out, "# {}: {}", comment(&column.name), column.samples.join(" | "));
            }
        }
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Text that stays on one comment line.
pub(super) fn comment(text: &str) -> String {
    shown(text).replace(['\n', '\r'], " ")
}
