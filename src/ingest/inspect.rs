//! A look at an unknown file: what it is, what its columns hold, and a profile to start from.
//!
//! Header names propose, sample values confirm; nothing is stored, and only the first rows are read.

use std::fmt::Write;
use std::path::Path;

use crate::ingest::error::{Error, shown};
use crate::ingest::inspect_key::Keys;
use crate::ingest::inspect_names::{ADDRESS_PIECES, BARE_PLACES, SECOND_LINES, SYNONYMS, utility_names};
use crate::ingest::mapper::{Mapper, fields_of, is_sensitive, plain, required_of};
use crate::ingest::profile::{AddressPart, Profile};
use crate::ingest::source::{OpenOptions, RawRow, Source};
use crate::ingest::value;
use crate::model::snapshot::SourceKind;

/// Rows read; enough to see rare columns of GeoJSON and to estimate the rest, and done within a second.
const ROWS_READ_MAX: u64 = 20_000;

/// Different sample values kept per column.
const SAMPLES_MAX: usize = 3;

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
    /// Needed fields for which no column could be proposed, each with what a person can choose from.
    pub undecided: Vec<(&'static str, String)>,
    /// A built-in profile that fits, if any.
    pub fitting_profile: Option<&'static str>,
    /// Odd things: warning and reject codes with how often, and damage that ended the reading.
    pub oddities: Vec<(String, u64)>,
    /// Set when the file broke off.
    pub damage: Option<String>,
    keys: Keys,
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
        undecided: Vec::new(),
        fitting_profile: None,
        oddities: Vec::new(),
        damage: None,
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

    fn propose(&mut self, kind: Option<SourceKind>) {
        let headers: Vec<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        self.kind = kind.unwrap_or_else(|| self.guess_kind(&headers));
        self.fitting_profile = Profile::built_in_names().into_iter().find(|name| self.fits(name, &headers));
        if matches!(self.kind, SourceKind::Parcels | SourceKind::Roll) {
            self.propose_parcels(&headers);
        } else {
            self.propose_utility(&headers);
        }
        if self.columns.len() == 1 && self.format == "csv" {
            self.proposals.clear();
        }
        let order = |field: &str| fields_of(self.kind).iter().position(|f| *f == field);
        self.proposals.sort_by_key(|(field, _)| order(field));
        for field in required_of(self.kind) {
            if self.proposals.iter().all(|(f, _)| f != field) {
                let choice = self.choice(field);
                self.undecided.push((field, choice));
            }
        }
        if self.n_geometries == 0 && self.oddities.iter().any(|(code, _)| code == "not_degrees") {
            let choice =
                "the coordinates are no degrees and the file names no system: ask the county for its EPSG number";
            self.undecided.push(("crs", choice.to_owned()));
        }
    }

    fn guess_kind(&self, headers: &[String]) -> SourceKind {
        let has = |names: &[&str]| headers.iter().any(|h| names.contains(&plain(h).as_str()));
        if has(&["tapno", "tapid", "tapnumber"]) {
            SourceKind::Taps
        } else if has(&["meterno", "meternumber", "meterid"]) && has(&["readdate", "readon"]) {
            SourceKind::Reads
        } else if has(&["serviceaddress", "premiseno", "premiseid"])
            && has(&["accountno", "accountid", "accountnumber"])
        {
            SourceKind::Accounts
        } else if self.n_geometries > 0 {
            SourceKind::Parcels
        } else {
            SourceKind::Roll
        }
    }

    /// What a person can take for a field that no column is named like.
    fn choice(&self, field: &str) -> String {
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

    fn propose_utility(&mut self, headers: &[String]) {
        let mapper = Profile::load("generic", None).ok().and_then(|p| Mapper::resolved(&p, self.kind, headers).ok());
        let mapping = mapper.map(|m| m.mapping()).unwrap_or_default();
        self.proposals = mapping.into_iter().map(|(field, header)| (field, vec![header])).collect();
        let index = |name: &String| headers.iter().position(|h| h == name);
        let mut used: Vec<usize> = self.proposals.iter().flat_map(|(_, h)| h).filter_map(index).collect();
        for (field, names) in utility_names(self.kind) {
            if self.proposals.iter().any(|(f, _)| f == field) {
                continue;
            }
            if let Some(idx) = self.find(field, names, &used) {
                used.push(idx);
                self.proposals.push((field, vec![headers[idx].clone()]));
            } else if *field == "service_address" {
                self.propose_address(field, &mut used);
            }
        }
    }

    fn propose_parcels(&mut self, headers: &[String]) {
        let mut used: Vec<usize> = Vec::new();
        for (field, synonyms) in SYNONYMS {
            let Some(first) = self.find(field, synonyms, &used) else {
                match *field {
                    "parcel_no" => self.propose_parcel_no(headers, &mut used),
                    "situs_address" => self.propose_address(field, &mut used),
                    _ => {}
                }
                continue;
            };
            used.push(first);
            let mut chosen = vec![self.columns[first].name.clone()];
            if let Some((_, seconds)) = SECOND_LINES.iter().find(|(f, _)| f == field)
                && let Some(second) = self.find(field, seconds, &used)
            {
                used.push(second);
                chosen.push(self.columns[second].name.clone());
            }
            self.proposals.push((field, chosen));
        }
        self.propose_second_address(headers, &mut used);
        self.propose_places(headers, &mut used);
    }

    /// Without a column of the usual names: one that is named somewhat like it, else several that together are a key.
    fn propose_parcel_no(&mut self, headers: &[String], used: &mut Vec<usize>) {
        let found = self.keys.parcel_column(headers).map(|i| vec![i]).or_else(|| self.keys.parcel_parts());
        let Some(columns) = found else { return };
        self.proposals.push(("parcel_no", columns.iter().map(|i| headers[*i].clone()).collect()));
        used.extend(columns);
    }

    /// An address in pieces: at least a number and a street.
    fn propose_address(&mut self, field: &'static str, used: &mut Vec<usize>) {
        let pieces: Vec<Option<usize>> = ADDRESS_PIECES
            .iter()
            .map(|names| self.find("", names, used).filter(|i| self.columns[*i].n_filled > 0))
            .collect();
        let (Some(_), Some(street)) = (pieces[0], pieces[3]) else { return };
        if self.columns[street].is_numeric {
            return;
        }
        let chosen: Vec<usize> = pieces.into_iter().flatten().collect();
        self.proposals.push((field, chosen.iter().map(|i| self.columns[*i].name.clone()).collect()));
        used.extend(chosen);
    }

    /// Two columns of one name (`Address`, read as `Address` and `Address_2`) with the owner between them: the second is where the
    /// owner lives, when it holds house numbers.
    fn propose_second_address(&mut self, headers: &[String], used: &mut Vec<usize>) {
        let first_of = |proposals: &[(&str, Vec<String>)], field: &str| {
            let chosen = proposals.iter().find(|(f, _)| *f == field)?;
            headers.iter().position(|h| Some(h) == chosen.1.first())
        };
        let (situs, owner) = (first_of(&self.proposals, "situs_address"), first_of(&self.proposals, "owner_lines"));
        let is_mapped = self.proposals.iter().any(|(f, _)| *f == "mailing_lines");
        let (Some(situs), Some(owner), false) = (situs, owner, is_mapped) else { return };
        let again = format!("{}_2", headers[situs]);
        let second = headers.iter().position(|h| *h == again).filter(|i| situs < owner && owner < *i);
        let is_address = |i: &usize| self.columns[*i].n_numbered * 2 > self.n_rows_read;
        let Some(second) = second.filter(is_address) else { return };
        used.push(second);
        self.proposals.push(("mailing_lines", vec![again]));
        for (field, again) in [("mail_city", "city_2"), ("mail_state", "state_2"), ("mail_zip", "zip_2")] {
            let found = headers.iter().position(|h| h.eq_ignore_ascii_case(again));
            if let Some(at) = found.filter(|at| *at > second && !used.contains(at)) {
                used.push(at);
                self.proposals.push((field, vec![headers[at].clone()]));
            }
        }
    }

    /// City, state and ZIP that do not say whose they are go to the address column before them.
    fn propose_places(&mut self, headers: &[String], used: &mut Vec<usize>) {
        let at = |proposals: &[(&str, Vec<String>)], field: &str| {
            let chosen = proposals.iter().find(|(f, _)| *f == field)?;
            headers.iter().position(|h| Some(h) == chosen.1.first())
        };
        let (situs, mailing) = (at(&self.proposals, "situs_address"), at(&self.proposals, "mailing_lines"));
        for (of_situs, of_mail, names) in BARE_PLACES {
            let Some(idx) = self.find(of_situs, names, used) else { continue };
            let is_mail = mailing.is_some_and(|m| m < idx && situs.is_none_or(|s| s < m || s > idx));
            let field = if is_mail { *of_mail } else { *of_situs };
            if (is_mail || situs.is_some()) && self.proposals.iter().all(|(f, _)| *f != field) {
                used.push(idx);
                self.proposals.push((field, vec![headers[idx].clone()]));
            }
        }
    }

    /// A built-in profile fits when all but a few of its columns are there.
    fn fits(&self, name: &str, headers: &[String]) -> bool {
        let Ok(profile) = Profile::load(name, None) else { return false };
        let Ok(mapper) = Mapper::new(&profile, self.kind, headers) else { return false };
        let n_wanted = profile.rules(self.kind).values().filter(|r| !r.headers().is_empty()).count();
        let n_found = mapper.mapping().iter().filter(|(_, header)| !header.is_empty()).count();
        let share = if name == "generic" { 50 } else { 80 };
        n_found * 100 >= n_wanted * share
    }

    fn find(&self, field: &str, synonyms: &[&str], used: &[usize]) -> Option<usize> {
        let fitting = |idx: &usize| {
            let column = &self.columns[*idx];
            !used.contains(idx) && !is_sensitive(&column.name) && self.n_rows_read > 0 && column.fits(field)
        };
        synonyms.iter().find_map(|wanted| {
            // Shapefiles cut names at 10 letters.
            let equal = |name: &str| name == *wanted || (name.len() == 10 && wanted.starts_with(name));
            (0..self.columns.len()).filter(fitting).find(|i| equal(&plain(&self.columns[*i].name)))
        })
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
        for (field, headers) in self.proposals.iter().filter(|(f, _)| !is_taken(f)) {
            let names: Vec<String> = headers.iter().map(|h| quoted(h)).collect();
            let rule = if names.len() == 1 && !field.ends_with("_lines") {
                names[0].clone()
            } else if field.ends_with("_no") {
                format!("{{ from = [{}], with = \"-\" }}", names.join(", "))
            } else {
                format!("[{}]", names.join(", "))
            };
            let sample = self.columns.iter().find(|c| Some(&c.name) == headers.first()).and_then(|c| c.samples.first());
            let _ = writeln!(out, "{field} = {rule}{}", sample.map(|s| format!("  # {s}")).unwrap_or_default());
        }
        for (field, choice) in self.undecided.iter().filter(|(f, _)| *f != "crs") {
            let _ = writeln!(out, "# {field} = \"\"  # DECIDE: {}", choice.replace(char::is_control, " "));
        }
        let undecided = self.undecided.iter().map(|(f, _)| *f);
        let proposed: Vec<&str> = self.proposals.iter().map(|(f, _)| *f).chain(undecided).collect();
        for field in
            fields_of(self.kind).iter().filter(|f| !proposed.contains(f) && !f.starts_with("tie") && !is_taken(f))
        {
            let _ = writeln!(out, "# {field} = \"\"");
        }
        self.write_columns(&mut out);
        out
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
        let used: Vec<&String> = self.proposals.iter().flat_map(|(_, h)| h).collect();
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

impl ColumnInfo {
    fn take(&mut self, text: &str) {
        self.n_filled += 1;
        self.n_numbered += u64::from(text.starts_with(|c: char| c.is_ascii_digit()));
        let has = |part| value::address_part(text, part).is_some();
        if text.contains(',') && has(AddressPart::City) && has(AddressPart::State) {
            self.n_full_addresses += 1;
        }
        match value::number(text) {
            Some(n) => self.range = (self.range.0.min(n), self.range.1.max(n)),
            None => self.is_numeric = false,
        }
        if is_sensitive(&self.name) {
            return;
        }
        let sample: String = comment(text).chars().take(40).collect();
        if self.samples.len() < SAMPLES_MAX && !self.samples.contains(&sample) {
            self.samples.push(sample);
        }
    }

    /// Whether the values can be the field's: a column of nothing but small numbers is no address and no owner.
    fn fits(&self, field: &str) -> bool {
        let is_degrees = |low: f64, high: f64| self.is_numeric && self.range.0 >= low && self.range.1 <= high;
        match field {
            _ if self.n_filled == 0 => true,
            // `TULSA OK 74103` is the second line of a letter: one in ten at least has a house number.
            "situs_address" if self.n_numbered * 10 < self.n_filled => false,
            "situs_address" | "owner_lines" | "mailing_lines" => !self.is_numeric,
            "lon" => is_degrees(-180.0, 180.0),
            "lat" => is_degrees(-90.0, 90.0),
            "improvement_value" | "total_value" | "sale_price" | "building_area_sqft" | "year_built" => self.is_numeric,
            _ => true,
        }
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Text that stays on one comment line.
fn comment(text: &str) -> String {
    shown(text).replace(['\n', '\r'], " ")
}
