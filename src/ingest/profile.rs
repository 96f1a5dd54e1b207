//! Profiles: how one county's or billing system's columns become ours, as TOML that a user can write.
//!
//! Built-in ones are `data/profiles/*.toml`; others are found by path or in `--profile-dir`. docs/import.md lists the keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::ingest::bytes::read_error;
use crate::ingest::error::Error;
use crate::ingest::limits::SIDE_FILE_BYTES_MAX;
use crate::ingest::mapper::fields_of;
use crate::ingest::source::{Format, OpenOptions};
use crate::model::snapshot::SourceKind;

/// The profiles inside the program, by name.
const BUILT_IN: &[(&str, &str)] = &[
    ("generic", include_str!("../../data/profiles/generic.toml")),
    ("cambridge_ma", include_str!("../../data/profiles/cambridge_ma.toml")),
    ("cass_ne", include_str!("../../data/profiles/cass_ne.toml")),
    ("lancaster_ne", include_str!("../../data/profiles/lancaster_ne.toml")),
    ("tulsa_county", include_str!("../../data/profiles/tulsa_county.toml")),
];

/// A mapping with its limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Name, as given with `--profile`.
    pub name: String,
    /// What it is for, in words.
    #[serde(default)]
    pub title: String,
    /// How to read the file, where looking is not enough.
    #[serde(default)]
    file: FileRule,
    /// Where the rows are fetched from.
    pub service: Option<ServiceRule>,
    /// CRS of geometry and of the `lon` and `lat` columns, instead of what the file says.
    pub crs: Option<String>,
    /// West, south, east, north in degrees: where the geometries must lie.
    pub extent: Option<[f64; 4]>,
    /// Fewer stored rows than this stop the import.
    #[serde(default)]
    pub rows_min: u64,
    /// A larger share of rejected rows stops the import.
    #[serde(default = "reject_share_max")]
    pub reject_share_max: f64,
    /// A roll smaller than the one before by a larger share stops the import.
    #[serde(default = "shrink_share_max")]
    pub shrink_share_max: f64,
    /// Words that mean "no value", besides the usual ones.
    #[serde(default)]
    pub null_words: Vec<String>,
    /// Headers of sensitive columns (phone, birth, social security) that may be kept with the row.
    #[serde(default)]
    pub allow_sensitive: Vec<String>,
    /// Columns of a parcel layer or roll.
    #[serde(default)]
    columns: BTreeMap<String, Rule>,
    /// Columns of a billing file.
    #[serde(default)]
    accounts: BTreeMap<String, Rule>,
    /// Columns of a tap inventory.
    #[serde(default)]
    taps: BTreeMap<String, Rule>,
    /// Columns of a file of meter reads.
    #[serde(default)]
    reads: BTreeMap<String, Rule>,
    /// Columns of a file of deeds.
    #[serde(default)]
    deeds: BTreeMap<String, Rule>,
}

/// One bad row in fifty: more means the mapping is wrong, not the rows.
fn reject_share_max() -> f64 {
    0.02
}

/// A county does not lose a twentieth of its parcels between two rolls; a cut-off download does.
fn shrink_share_max() -> f64 {
    0.05
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    format: Option<String>,
    encoding: Option<String>,
    delimiter: Option<String>,
    header_row: Option<usize>,
    sheet: Option<String>,
}

/// A layer on the network.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceRule {
    /// Address of the layer.
    pub url: String,
    /// Further hosts that may be asked.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Condition that cuts this county's rows out of a larger layer; the rows that meet it are the whole roll.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// Field with the time of the last edit of a row, where the layer does not name it.
    pub edit_field: Option<String>,
    /// Field whose greatest value is the day that the roll is true for.
    pub as_of_field: Option<String>,
}

/// Where a field comes from. `"A|B"` is column A or, when the file has none, B.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a header (\"OWNER|NAME1\"), a list of headers, or a table with from, const, with, map, dates, part, unit"
)]
pub(crate) enum Rule {
    /// One column.
    One(String),
    /// Several columns: lines of a list, or pieces joined with a blank.
    Many(Vec<String>),
    /// With details.
    Full(Box<FullRule>),
}

/// A rule with details.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FullRule {
    #[serde(default)]
    pub from: Headers,
    /// A fixed value, used when the columns give none.
    #[serde(rename = "const")]
    pub constant: Option<String>,
    /// What stands between joined pieces.
    pub with: Option<String>,
    /// Values to replace; keys are compared without case.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    /// Date forms to try, in order.
    #[serde(default)]
    pub dates: Vec<DateForm>,
    /// Which part of a full address line.
    pub part: Option<AddressPart>,
    /// Unit of a volume.
    pub unit: Option<VolumeUnit>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a header or a list of headers")]
pub(crate) enum Headers {
    One(String),
    Many(Vec<String>),
}

impl Default for Headers {
    fn default() -> Self {
        Headers::Many(Vec::new())
    }
}

/// Forms of dates in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the forms name themselves")]
pub(crate) enum DateForm {
    #[serde(rename = "Y-M-D")]
    Ymd,
    #[serde(rename = "M/D/Y")]
    Mdy,
    #[serde(rename = "D/M/Y")]
    Dmy,
    #[serde(rename = "YYYYMMDD")]
    Compact,
    #[serde(rename = "MMDDYYYY")]
    CompactUs,
    #[serde(rename = "epoch_ms")]
    EpochMs,
    #[serde(rename = "epoch_s")]
    EpochS,
    #[serde(rename = "excel")]
    Excel,
}

/// A part of a line like `21200 SW 72ND ST, CRETE, NE  68368`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AddressPart {
    Street,
    City,
    State,
    Zip,
}

/// Units in which utilities count water.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VolumeUnit {
    Gallons,
    Kgal,
    Cf,
    Ccf,
}

impl Rule {
    /// The headers in order, each with its synonyms behind `|`.
    pub(crate) fn headers(&self) -> Vec<String> {
        match self {
            Rule::One(one) => vec![one.clone()],
            Rule::Many(many) => many.clone(),
            Rule::Full(full) => match &full.from {
                Headers::One(one) => vec![one.clone()],
                Headers::Many(many) => many.clone(),
            },
        }
    }

    /// The details, defaults for a plain rule.
    pub(crate) fn details(&self) -> FullRule {
        match self {
            Rule::One(_) | Rule::Many(_) => FullRule::default(),
            Rule::Full(full) => (**full).clone(),
        }
    }
}

impl Profile {
    /// Finds a profile: a path to a `.toml`, a name in `dir`, else a built-in name.
    ///
    /// # Errors
    /// When there is none or it is wrong.
    pub fn load(name: &str, dir: Option<&Path>) -> Result<Self, Error> {
        let in_dir: Option<PathBuf> = dir.map(|d| d.join(format!("{name}.toml"))).filter(|p| p.is_file());
        let by_path = Some(PathBuf::from(name)).filter(|_| name.ends_with(".toml") || name.contains('/'));
        if let Some(path) = in_dir.or(by_path) {
            let meta = std::fs::metadata(&path).map_err(|e| read_error(&path, e))?;
            if meta.len() > SIDE_FILE_BYTES_MAX {
                let (what, limit) = ("the profile".to_owned(), "1 MB".to_owned());
                return Err(Error::TooLarge { path: path.display().to_string(), what, limit });
            }
            let text = std::fs::read_to_string(&path).map_err(|e| read_error(&path, e))?;
            return Self::parse(&path.display().to_string(), &text);
        }
        match BUILT_IN.iter().find(|(n, _)| *n == name) {
            Some((_, text)) => Self::parse(name, text),
            None => Err(Error::NoSuchProfile { name: name.to_owned(), known: Self::built_in_names().join(", ") }),
        }
    }

    /// Names of the profiles inside the program.
    pub fn built_in_names() -> Vec<&'static str> {
        BUILT_IN.iter().map(|(n, _)| *n).collect()
    }

    /// Reads a profile; `name` is for messages.
    ///
    /// # Errors
    /// With line and column of what is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let fail = |offset: usize, detail: String| {
            let before = text.get(..offset.min(text.len())).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            Error::Profile { name: name.to_owned(), line, column, detail }
        };
        let profile: Profile = toml::from_str(text)
            .map_err(|e| fail(e.span().map_or(0, |s| s.start), e.message().replace('\n', " ").trim().to_owned()))?;
        for kind in [SourceKind::Parcels, SourceKind::Accounts, SourceKind::Taps, SourceKind::Reads, SourceKind::Deeds]
        {
            for (field, rule) in profile.rules(kind) {
                let known = fields_of(kind);
                let at = || text.find(&format!("\n{field}")).map_or(0, |n| n + 1);
                if !known.contains(&field.as_str()) {
                    return Err(fail(at(), format!("no field called {field}; fields: {}", known.join(", "))));
                }
                if rule.headers().iter().all(|h| h.trim().is_empty()) && rule.details().constant.is_none() {
                    return Err(fail(at(), format!("{field} needs a header or a const")));
                }
            }
        }
        if let Some(crs) = profile.crs.as_deref().filter(|c| crate::geom::crs::Crs::parse(c).is_none()) {
            return Err(fail(text.find("crs").unwrap_or(0), format!("unknown coordinate system {crs}")));
        }
        if profile.file.delimiter.as_ref().is_some_and(|d| d.len() != 1) {
            return Err(fail(text.find("delimiter").unwrap_or(0), "the delimiter must be one character".to_owned()));
        }
        if let Some(word) = profile.file.format.as_deref().filter(|w| format_of(w).is_none()) {
            return Err(fail(text.find("format").unwrap_or(0), format!("unknown format {word}")));
        }
        Ok(profile)
    }

    /// The rules for one kind of import.
    pub(crate) fn rules(&self, kind: SourceKind) -> &BTreeMap<String, Rule> {
        static NONE: BTreeMap<String, Rule> = BTreeMap::new();
        match kind {
            SourceKind::Parcels | SourceKind::Roll => &self.columns,
            SourceKind::Accounts => &self.accounts,
            SourceKind::Taps => &self.taps,
            SourceKind::Reads => &self.reads,
            SourceKind::Deeds => &self.deeds,
            SourceKind::FieldResults | SourceKind::Page => &NONE,
        }
    }

    /// False for a profile that names no column of anything: one that `import inspect` left to a person.
    pub(crate) fn describes_something(&self) -> bool {
        [&self.columns, &self.accounts, &self.taps, &self.reads, &self.deeds].iter().any(|t| !t.is_empty())
    }

    /// How [`super::source::Source::open`] should read the file.
    pub fn open_options(&self) -> OpenOptions {
        OpenOptions {
            format: self.file.format.as_deref().and_then(format_of),
            encoding: self.file.encoding.clone(),
            delimiter: self.file.delimiter.as_ref().and_then(|d| d.bytes().next()),
            quote: None,
            header_row: self.file.header_row,
            sheet: self.file.sheet.clone(),
            crs: self.crs.clone(),
            extent: self.extent,
        }
    }
}

fn format_of(word: &str) -> Option<Format> {
    [Format::Csv, Format::GeoJson, Format::Dbf, Format::Shapefile, Format::Xlsx]
        .into_iter()
        .find(|f| f.as_str() == word)
}

#[cfg(test)]
mod tests {
    use super::Profile;
    use crate::ingest::Error;

    #[test]
    fn every_built_in_profile_reads_and_bears_its_name() {
        for name in Profile::built_in_names() {
            assert_eq!(Profile::load(name, None).unwrap().name, name);
        }
    }

    #[test]
    fn mistakes_are_told_with_line_and_column() {
        for (text, line, part) in [
            ("name = \"x\"\ncolour = 1\n", 2, "unknown field `colour`"),
            ("name = \"x\"\n[columns]\nparcel_number = \"PIN\"\n", 3, "no field called parcel_number"),
            ("name = \"x\"\n[columns]\nparcel_no = 5\n", 3, "a header"),
            ("name = \"x\"\n[columns]\nparcel_no = \"\"\n", 3, "needs a header"),
            ("name = \"x\"\ncrs = \"EPSG:27700\"\n", 2, "unknown coordinate system"),
            ("name = \"x\"\n[file]\nformat = \"pdf\"\n", 3, "unknown format pdf"),
            ("name = \"x\"\n[file]\ndelimiter = \"tab\"\n", 3, "one character"),
            ("name = \"x", 1, ""),
        ] {
            let error = Profile::parse("x", text).unwrap_err();
            let Error::Profile { line: found, ref detail, .. } = error else { panic!("{error}") };
            assert!(found == line && detail.contains(part), "{text}: {error}");
        }
        assert!(matches!(Profile::load("atlantis", None), Err(Error::NoSuchProfile { .. })));
        assert!(matches!(Profile::load("./atlantis.toml", None), Err(Error::Read { .. })));
    }
}
