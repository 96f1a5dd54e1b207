//! Raw rows to model rows, as a profile says.
//!
//! A required value that is missing or unreadable rejects the row; an optional one is left out with a warning that names
//! column and value, so that one bad sale date does not lose a parcel. Never panics.

use std::borrow::Cow;

use crate::geom::crs::Crs;
use crate::ingest::error::{Error, shown};
use crate::ingest::header_words;
use crate::ingest::profile::{DateForm, FullRule, Profile, VolumeUnit};
use crate::ingest::source::{CellKind, RawRow};
use crate::ingest::value;
use crate::model::date::CivilDate;
use crate::model::parcel::{LonLat, ParcelRow};
use crate::model::snapshot::{Reject, SourceKind};

macro_rules! fields {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(dead_code, reason = "the later fields of a tie are reached by position")]
        pub(crate) enum $name { $($variant),+ }
        impl $name {
            pub(crate) const NAMES: &'static [&'static str] = &[$($text),+];
        }
        impl From<$name> for usize {
            fn from(field: $name) -> usize {
                field as usize
            }
        }
    };
}
pub(crate) use fields;

fields!(
    /// Fields of a parcel layer or roll.
    ParcelField {
        ParcelNo = "parcel_no",
        AssessorAccountNo = "assessor_account_no",
        SitusAddress = "situs_address",
        SitusCity = "situs_city",
        SitusState = "situs_state",
        SitusZip = "situs_zip",
        OwnerLines = "owner_lines",
        MailingLines = "mailing_lines",
        MailCity = "mail_city",
        MailState = "mail_state",
        MailZip = "mail_zip",
        LegalDescription = "legal_description",
        LandUse = "land_use",
        Homestead = "homestead",
        YearBuilt = "year_built",
        BuildingAreaSqft = "building_area_sqft",
        ImprovementValue = "improvement_value",
        TotalValue = "total_value",
        SaleDate = "sale_date",
        SalePrice = "sale_price",
        DeedReference = "deed_reference",
        Lon = "lon",
        Lat = "lat",
    }
);

/// The fields that a profile may map for one kind of import.
pub fn fields_of(kind: SourceKind) -> &'static [&'static str] {
    match kind {
        SourceKind::Parcels | SourceKind::Roll => ParcelField::NAMES,
        SourceKind::Accounts => super::utility::AccountField::NAMES,
        SourceKind::Taps => super::utility::TapField::NAMES,
        SourceKind::Reads => super::utility::ReadField::NAMES,
        SourceKind::Deeds => super::deed::DeedField::NAMES,
        SourceKind::FieldResults | SourceKind::Page => &[],
    }
}

/// The fields without which a row is rejected.
pub(crate) fn required_of(kind: SourceKind) -> &'static [&'static str] {
    match kind {
        SourceKind::Parcels | SourceKind::Roll => &["parcel_no"],
        SourceKind::Accounts => &["account_no", "service_address"],
        SourceKind::Taps => &["tap_no"],
        SourceKind::Reads => &["meter_no", "read_on"],
        SourceKind::Deeds => &["parcel_no", "recorded_on", "grantee"],
        SourceKind::FieldResults | SourceKind::Page => &[],
    }
}

/// Pieces of a word in a header that mark what no ownership record needs: birth, phone, e-mail.
const SENSITIVE_PIECES: &[&str] = &["birth", "phone"];

/// Beginnings and ends of such words; inside they are chance (`BUSINESSNAME` is no SSN, `TRUEMAILING` no e-mail).
const SENSITIVE_ENDS: &[&str] = &["ssn", "email"];

/// The same of whole headers, which may be several words.
const SENSITIVE_PHRASES: &[&str] = &["socialsec", "socsec", "driverslic", "driverlic", "taxpayerid"];

/// Whole words and whole headers that mark the same.
const SENSITIVE_WORDS: &[&str] =
    &["dob", "cell", "fax", "tin", "mobile", "fein", "ein", "fedid", "fedtaxid", "federalid", "federaltaxid"];

/// True for a column that is not kept unless the profile allows it.
pub fn is_sensitive(header: &str) -> bool {
    let all = plain(header);
    let words = header_words::cut(header);
    let is_word = |word: &str| {
        SENSITIVE_PIECES.iter().any(|p| word.contains(p))
            || SENSITIVE_ENDS.iter().any(|e| word.starts_with(e) || word.ends_with(e))
            || SENSITIVE_WORDS.contains(&word)
    };
    // A mobile home is no mobile phone.
    let is_home = |idx: usize| words[idx] == "mobile" && words.get(idx + 1).is_some_and(|w| w.starts_with("home"));
    words.iter().enumerate().any(|(idx, w)| is_word(w) && !is_home(idx))
        || words.windows(2).any(|w| w[0] == "e" && w[1].starts_with("mail") && !w[1].starts_with("mailing"))
        || SENSITIVE_PHRASES.iter().any(|p| all.contains(p))
        || SENSITIVE_WORDS.contains(&all.as_str())
}

/// Letters and digits of a header in lower case: `Owner_Name 1` is `ownername1`.
pub(crate) fn plain(header: &str) -> String {
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[derive(Debug, Clone, Default)]
struct Resolved {
    columns: Vec<usize>,
    details: FullRule,
    /// Of a number that a row cannot do without: a missing piece in the middle keeps its place, for `12--3` and `12-3` are two
    /// parcels; missing ones at the end (lots without a unit) are left out.
    keeps_places: bool,
}

/// Turns the rows of one file into model rows.
pub struct Mapper {
    kind: SourceKind,
    profile: Profile,
    crs: Crs,
    /// One per field of the kind.
    resolved: Vec<Option<Resolved>>,
    headers: Vec<String>,
    /// Columns that no rule uses, each with its key as JSON: `"USE CODE":`.
    extras: Vec<(usize, String)>,
    /// Columns that are not taken.
    refused: Vec<String>,
    warnings: Vec<Reject>,
}

impl Mapper {
    /// Finds the profile's columns in the file's.
    ///
    /// # Errors
    /// When the profile does not describe `kind`, or a required column is not there.
    pub fn new(profile: &Profile, kind: SourceKind, columns: &[String]) -> Result<Self, Error> {
        let mapper = Self::resolved(profile, kind, columns)?;
        let missing: Vec<&str> = required_of(kind)
            .iter()
            .copied()
            .filter(|field| {
                let idx = fields_of(kind).iter().position(|f| f == field);
                idx.is_none_or(|i| mapper.resolved[i].is_none())
            })
            .collect();
        if missing.is_empty() {
            return Ok(mapper);
        }
        let mut found = columns.iter().take(40).cloned().collect::<Vec<_>>().join(", ");
        if columns.len() > 40 {
            found.push_str(", ...");
        }
        let undescribed = missing.iter().find(|f| !profile.rules(kind).contains_key(**f)).map(|f| (*f).to_owned());
        Err(Error::MissingColumns { profile: profile.name.clone(), fields: missing.join(", "), found, undescribed })
    }

    /// The same without asking for the required columns.
    pub(crate) fn resolved(profile: &Profile, kind: SourceKind, columns: &[String]) -> Result<Self, Error> {
        if profile.rules(kind).is_empty() && profile.describes_something() {
            return Err(Error::WrongKind { profile: profile.name.clone(), kind: kind.as_str() });
        }
        let mut mapper = Self {
            kind,
            crs: profile.crs.as_deref().and_then(Crs::parse).unwrap_or_default(),
            profile: profile.clone(),
            resolved: Vec::new(),
            headers: Vec::new(),
            extras: Vec::new(),
            refused: Vec::new(),
            warnings: Vec::new(),
        };
        mapper.resolve(columns);
        Ok(mapper)
    }

    /// Takes new columns into account; cheap when there are none. GeoJSON may bring some with any row. True when there were some.
    pub fn update_columns(&mut self, columns: &[String]) -> bool {
        let has_new = columns.len() != self.headers.len();
        if has_new {
            self.resolve(columns);
        }
        has_new
    }

    /// Fields that no column of the file is mapped to.
    pub fn unmapped(&self) -> Vec<&'static str> {
        fields_of(self.kind).iter().zip(&self.resolved).filter(|(_, r)| r.is_none()).map(|(f, _)| *f).collect()
    }

    fn resolve(&mut self, columns: &[String]) {
        self.headers = columns.to_vec();
        let rules = self.profile.rules(self.kind);
        let mut used = vec![false; columns.len()];
        let resolved: Vec<Option<Resolved>> = fields_of(self.kind)
            .iter()
            .map(|field| {
                let rule = rules.get(*field)?;
                let found: Vec<usize> = rule.headers().iter().filter_map(|h| find_column(columns, h)).collect();
                let details = rule.details();
                // A part of a line does not use it up: the whole line stays among the extras.
                found.iter().for_each(|i| used[*i] |= details.part.is_none());
                let keeps_places = field.ends_with("_no") && required_of(self.kind).contains(field);
                (!found.is_empty() || details.constant.is_some()).then_some(Resolved {
                    columns: found,
                    details,
                    keeps_places,
                })
            })
            .collect();
        let allowed: Vec<String> = self.profile.allow_sensitive.iter().map(|h| plain(h)).collect();
        let is_refused = |i: &usize| is_sensitive(&columns[*i]) && !allowed.contains(&plain(&columns[*i]));
        self.refused = (0..columns.len()).filter(|i| !used[*i] && is_refused(i)).map(|i| columns[i].clone()).collect();
        self.extras = (0..columns.len())
            .filter(|i| !used[*i] && !is_refused(i))
            .map(|i| {
                let mut key = String::new();
                push_json_string(&mut key, &columns[i]);
                key.push(':');
                (i, key)
            })
            .collect();
        self.resolved = resolved;
    }

    /// Columns of identity numbers, birth, phone and the like that are not taken.
    pub fn refused(&self) -> &[String] {
        &self.refused
    }

    /// What was left out of the last row, each with column, value and reason; the row itself was kept.
    pub fn warnings(&self) -> &[Reject] {
        &self.warnings
    }

    /// Which file column each mapped field comes from, for people: (`parcel_no`, `PARCELID`).
    pub fn mapping(&self) -> Vec<(&'static str, String)> {
        let fields = fields_of(self.kind).iter().zip(&self.resolved);
        fields
            .filter_map(|(field, r)| {
                let names: Vec<&str> = r.as_ref()?.columns.iter().map(|i| self.headers[*i].as_str()).collect();
                Some((*field, names.join(" + ")))
            })
            .collect()
    }

    /// Appends a JSON object of the columns that no rule uses, sensitive ones left out; keys in file order.
    pub fn extras_json(&self, raw: &RawRow, out: &mut String) {
        out.push('{');
        let mut is_first = true;
        for (column_idx, key) in &self.extras {
            let (Some(text), Some(kind)) = (raw.value(*column_idx), raw.kind(*column_idx)) else { continue };
            if !is_first {
                out.push(',');
            }
            is_first = false;
            out.push_str(key);
            let is_json = match kind {
                CellKind::Text => false,
                CellKind::Bool | CellKind::Json => true,
                CellKind::Number => !text.starts_with('0') || text.len() == 1 || text.starts_with("0."),
            };
            if is_json { out.push_str(text) } else { push_json_string(out, text) }
        }
        out.push('}');
    }

    /// Maps a row of a parcel layer or roll. `position` comes from the `lon` and `lat` columns only; the label point of
    /// `raw.geometry` is the caller's to use.
    ///
    /// # Errors
    /// A reject when the row is damaged or has no parcel number.
    pub fn parcel<'a>(&mut self, raw: &'a RawRow) -> Result<ParcelRow<'a>, Reject> {
        use ParcelField as F;
        self.begin(raw)?;
        Ok(ParcelRow {
            parcel_no: self.required_cow(raw, F::ParcelNo.into())?,
            assessor_account_no: self.cow(raw, F::AssessorAccountNo.into()),
            situs_address: self.cow(raw, F::SitusAddress.into()),
            situs_city: self.cow(raw, F::SitusCity.into()),
            situs_state: self.cow(raw, F::SitusState.into()),
            situs_zip: self.cow(raw, F::SitusZip.into()).map(value::zip),
            owner_lines: self.cow_lines(raw, F::OwnerLines),
            mailing_lines: self.cow_lines(raw, F::MailingLines),
            mail_city: self.cow(raw, F::MailCity.into()),
            mail_state: self.cow(raw, F::MailState.into()),
            mail_zip: self.cow(raw, F::MailZip.into()).map(value::zip),
            legal_description: self.cow(raw, F::LegalDescription.into()),
            land_use: self.cow(raw, F::LandUse.into()),
            homestead: self.typed(raw, F::Homestead, "bad_boolean", value::boolean),
            year_built: self.year(raw, F::YearBuilt),
            building_area_sqft: self.typed(raw, F::BuildingAreaSqft, "bad_number", whole_sqft),
            improvement_value: self.typed(raw, F::ImprovementValue, "bad_money", value::money),
            total_value: self.typed(raw, F::TotalValue, "bad_money", value::money),
            sale_date: self.date(raw, F::SaleDate),
            sale_price: self.typed(raw, F::SalePrice, "bad_money", value::money),
            deed_reference: self.cow(raw, F::DeedReference.into()),
            position: self.position(raw, F::Lon, F::Lat),
        })
    }

    /// Refuses a damaged row, empties the warnings.
    pub(super) fn begin(&mut self, raw: &RawRow) -> Result<(), Reject> {
        self.warnings.clear();
        raw.problem.clone().map_or(Ok(()), Err)
    }

    fn rule(&self, field: impl Into<usize>) -> Option<&Resolved> {
        self.resolved.get(field.into())?.as_ref()
    }

    /// The cleaned value of a field: columns joined, a part taken, words replaced, constant filled in.
    fn cow<'a>(&self, raw: &'a RawRow, field: usize) -> Option<Cow<'a, str>> {
        let rule = self.rule(field)?;
        let with = rule.details.with.as_deref().unwrap_or(" ");
        let mut joined: Option<Cow<'a, str>> = None;
        let mut n_missing = 0;
        for column_idx in &rule.columns {
            let cleaned = raw.value(*column_idx).and_then(|t| value::clean(t, &self.profile.null_words));
            let piece = match rule.details.part {
                Some(part) => cleaned.and_then(|t| value::address_part(t, part)),
                None => cleaned,
            };
            let Some(piece) = piece.map(clean_inside) else {
                n_missing += usize::from(rule.keeps_places);
                continue;
            };
            let n_between = n_missing + usize::from(joined.is_some());
            n_missing = 0;
            joined = Some(if n_between == 0 {
                piece
            } else {
                let mut text = joined.map(Cow::into_owned).unwrap_or_default();
                (0..n_between).for_each(|_| text.push_str(with));
                text.push_str(&piece);
                Cow::Owned(text)
            });
        }
        let Some(text) = joined else { return rule.details.constant.clone().map(Cow::Owned) };
        if !rule.details.map.is_empty() {
            let replaced = rule.details.map.iter().find(|(from, _)| from.trim().eq_ignore_ascii_case(&text));
            if let Some((_, to)) = replaced {
                return Some(to.clone()).filter(|t| !t.is_empty()).map(Cow::Owned);
            }
        }
        Some(text)
    }

    pub(super) fn text(&self, raw: &RawRow, field: impl Into<usize>) -> Option<String> {
        self.cow(raw, field.into()).map(Cow::into_owned)
    }

    /// Every non-empty column of a list field.
    fn cow_lines<'a>(&self, raw: &'a RawRow, field: ParcelField) -> Vec<Cow<'a, str>> {
        let Some(rule) = self.rule(field) else { return Vec::new() };
        let cells = rule.columns.iter().filter_map(|i| raw.value(*i));
        let cells = cells.flat_map(|t| t.split(['\n', '\r'])).filter_map(|t| value::clean(t, &self.profile.null_words));
        let cells = cells.filter_map(|t| rule.details.part.map_or(Some(t), |part| value::address_part(t, part)));
        let mut lines: Vec<Cow<'a, str>> = cells.map(clean_inside).collect();
        // Pieces of one line.
        if let Some(with) = rule.details.with.as_deref().filter(|_| lines.len() > 1) {
            lines = vec![Cow::Owned(lines.join(with))];
        }
        if lines.is_empty() { rule.details.constant.clone().into_iter().map(Cow::Owned).collect() } else { lines }
    }

    fn required_cow<'a>(&self, raw: &'a RawRow, field: usize) -> Result<Cow<'a, str>, Reject> {
        let found = self
            .cow(raw, field)
            .ok_or_else(|| self.remark(raw, field, "missing_value", "", "the row has no value here".to_owned()))?;
        self.judge_number(raw, field, &found).map_or(Ok(found), Err)
    }

    /// What stands where a number is needed and is none: a line of totals, the header again, a number that a spreadsheet cut.
    fn judge_number(&self, raw: &RawRow, field: usize, text: &str) -> Option<Reject> {
        if !fields_of(self.kind).get(field).is_some_and(|f| f.ends_with("_no")) {
            return None;
        }
        let header =
            || self.resolved[field].as_ref().and_then(|r| r.columns.first()).map(|i| self.headers[*i].as_str());
        let (reason, detail) = if value::is_scientific(text) {
            ("scientific_number", "a spreadsheet cut this number; export it again with the column as text")
        } else if text.bytes().any(|b| b.is_ascii_digit()) {
            return None;
        } else if value::is_total(text) {
            ("total_row", "a line of totals")
        } else if header().is_some_and(|h| h.eq_ignore_ascii_case(text)) {
            ("repeated_header", "the header again")
        } else {
            return None;
        };
        Some(self.remark(raw, field, reason, text, detail.to_owned()))
    }

    /// A number that may be missing, but not be damaged.
    pub(super) fn optional_number(&self, raw: &RawRow, field: impl Into<usize>) -> Result<Option<String>, Reject> {
        let field = field.into();
        let Some(text) = self.text(raw, field) else { return Ok(None) };
        self.judge_number(raw, field, &text).map_or(Ok(Some(text)), Err)
    }

    /// A value that the row cannot do without.
    pub(super) fn required(&self, raw: &RawRow, field: impl Into<usize>) -> Result<String, Reject> {
        self.required_cow(raw, field.into()).map(Cow::into_owned)
    }

    /// An optional value; unreadable text becomes a warning.
    pub(super) fn typed<T>(
        &mut self,
        raw: &RawRow,
        field: impl Into<usize>,
        reason: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let field = field.into();
        let text = self.cow(raw, field)?;
        let found = read(&text);
        if found.is_none() {
            let detail = format!("not readable as {}; left out", reason.trim_start_matches("bad_"));
            let remark = self.remark(raw, field, reason, &text, detail);
            self.warnings.push(remark);
        }
        found
    }

    pub(super) fn date(&mut self, raw: &RawRow, field: impl Into<usize>) -> Option<CivilDate> {
        let field = field.into();
        let forms: Vec<DateForm> = self.rule(field).map(|r| r.details.dates.clone()).unwrap_or_default();
        // Zero is how empty dates of numeric columns are written.
        if self.cow(raw, field).is_some_and(|t| t.bytes().all(|b| matches!(b, b'0' | b'/' | b'-' | b'.'))) {
            return None;
        }
        self.typed(raw, field, "bad_date", |t| value::date(t, &forms))
    }

    fn year(&mut self, raw: &RawRow, field: ParcelField) -> Option<i32> {
        // 1600: no building in the country is older; 0 means unknown.
        let read = |t: &str| value::integer(t).filter(|y| *y == 0 || (1600..=2100).contains(y));
        let year = self.typed(raw, field, "bad_year", read)?;
        i32::try_from(year).ok().filter(|y| *y > 0)
    }

    pub(super) fn unit(&self, field: impl Into<usize>) -> VolumeUnit {
        self.rule(field).and_then(|r| r.details.unit).unwrap_or(VolumeUnit::Gallons)
    }

    /// A position from two columns, transformed from the profile's CRS.
    pub(super) fn position(&mut self, raw: &RawRow, lon: impl Into<usize>, lat: impl Into<usize>) -> Option<LonLat> {
        let lon = lon.into();
        let x = self.typed(raw, lon, "bad_number", value::number)?;
        let y = self.typed(raw, lat, "bad_number", value::number)?;
        if x == 0.0 && y == 0.0 {
            return None;
        }
        let mut point = [[x, y]];
        let is_good = self.crs.to_lon_lat(&mut point) && point[0][0].abs() <= 180.0 && point[0][1].abs() <= 90.0;
        if is_good {
            return Some(LonLat { lon: point[0][0], lat: point[0][1] });
        }
        let detail = "no longitude and latitude; name the system in the profile (crs)".to_owned();
        let remark = self.remark(raw, lon, "not_degrees", &format!("{x}, {y}"), detail);
        self.warnings.push(remark);
        None
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of a reject, each of another kind")]
    pub(super) fn remark(
        &self,
        raw: &RawRow,
        field: usize,
        reason: &'static str,
        text: &str,
        detail: String,
    ) -> Reject {
        let column = self.resolved.get(field).and_then(|r| r.as_ref()?.columns.first()).map_or_else(
            || fields_of(self.kind).get(field).copied().unwrap_or_default().to_owned(),
            |i| self.headers[*i].clone(),
        );
        Reject { row_no: raw.row_no, column, value: shown(text), reason, detail }
    }
}

/// Floor area: fractions are rounded.
fn whole_sqft(text: &str) -> Option<i64> {
    let value = value::number(text)?.round();
    #[allow(clippy::cast_possible_truncation, reason = "in range, checked")]
    (0.0..=1e9).contains(&value).then_some(value as i64)
}

/// Text with its control characters (embedded line ends) as blanks.
fn clean_inside(text: &str) -> Cow<'_, str> {
    // Without a way out of the loop it is done 32 bytes at a time.
    if !text.bytes().fold(false, |found, b| found | b.is_ascii_control()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut was_blank = false;
    for c in text.chars() {
        let c = if c.is_control() { ' ' } else { c };
        if !(c == ' ' && was_blank) {
            out.push(c);
        }
        was_blank = c == ' ';
    }
    Cow::Owned(out)
}

fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    if text.bytes().fold(false, |found, b| found | (b < 0x20) | (b == b'"') | (b == b'\\')) {
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => out.push(c),
            }
        }
    } else {
        out.push_str(text);
    }
    out.push('"');
}

/// Position of the first of `header`'s synonyms (`A|B`): exact but for case, else by letters and digits alone.
pub(crate) fn find_column(columns: &[String], header: &str) -> Option<usize> {
    header.split('|').map(str::trim).filter(|h| !h.is_empty()).find_map(|wanted| {
        let exact = columns.iter().position(|c| c.eq_ignore_ascii_case(wanted));
        exact.or_else(|| {
            let wanted = plain(wanted);
            columns.iter().position(|c| !wanted.is_empty() && plain(c) == wanted)
        })
    })
}

#[cfg(test)]
#[allow(clippy::field_reassign_with_default, reason = "the row has private buffers")]
mod tests {
    use super::{Mapper, is_sensitive};
    use crate::ingest::Error;
    use crate::ingest::profile::Profile;
    use crate::ingest::source::{CellKind, RawRow};
    use crate::model::snapshot::SourceKind;

    const PROFILE: &str = r#"
name = "t"
crs = "EPSG:2267"
[columns]
parcel_no = "PIN|PARCEL_ID"
situs_address = ["NUM", "STREET"]
situs_city = { from = "FULL", part = "city" }
situs_state = { const = "OK" }
owner_lines = ["OWNER", "OWNER2"]
land_use = { from = "USE", map = { "R1" = "residential", "x" = "" } }
sale_date = { from = "SOLD", dates = ["M/D/Y"] }
total_value = "VALUE"
year_built = "BUILT"
lon = "X"
lat = "Y"
"#;

    fn row(cells: &[&str]) -> RawRow {
        let mut row = RawRow::default();
        row.row_no = 3;
        for (i, c) in cells.iter().enumerate() {
            row.set(i, CellKind::Text, c);
        }
        row
    }

    fn headers(names: &str) -> Vec<String> {
        names.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn a_row_is_mapped_cleaned_and_typed() {
        let columns = headers("Parcel Id,num,Street,Full,Owner,Owner2,Use,Sold,Value,Built,X,Y,Ssn,Note");
        let mut mapper = Mapper::new(&Profile::parse("t", PROFILE).unwrap(), SourceKind::Roll, &columns).unwrap();
        let raw = row(&[
            " 007 ",
            "12",
            "ELM\r\nST",
            "12 ELM ST, TULSA, OK 74103",
            "NULL",
            "DOE J\nROE R",
            "r1",
            "7/9/18",
            "$1,000",
            "0",
            "1758858.5932",
            "415746.6852",
            "123-45-6789",
            "say \"hi\"",
        ]);
        let parcel = mapper.parcel(&raw).unwrap();
        assert_eq!(parcel.parcel_no, "007");
        assert_eq!(parcel.situs_address.as_deref(), Some("12 ELM ST"));
        assert_eq!(parcel.situs_city.as_deref(), Some("TULSA"));
        assert_eq!(parcel.situs_state.as_deref(), Some("OK"));
        assert_eq!(parcel.owner_lines, ["DOE J", "ROE R"]);
        assert_eq!(parcel.land_use.as_deref(), Some("residential"));
        assert_eq!(parcel.sale_date.unwrap().to_string(), "2018-07-09");
        assert_eq!(parcel.total_value.unwrap().0, 100_000);
        assert_eq!(parcel.year_built, None);
        assert!((parcel.position.unwrap().lon + 98.71).abs() < 1e-6);
        assert!(mapper.warnings().is_empty());
        let mut json = String::new();
        mapper.extras_json(&raw, &mut json);
        assert_eq!(json, r#"{"Full":"12 ELM ST, TULSA, OK 74103","Note":"say \"hi\""}"#);
    }

    #[test]
    fn bad_values_reject_or_warn() {
        let columns = headers("PIN,SOLD,VALUE,BUILT,X,Y");
        let mut mapper = Mapper::new(&Profile::parse("t", PROFILE).unwrap(), SourceKind::Parcels, &columns).unwrap();
        let reject = mapper.parcel(&row(&["N/A", "", "", ""])).unwrap_err();
        assert_eq!((reject.reason, reject.column.as_str(), reject.row_no), ("missing_value", "PIN", 3));
        mapper.parcel(&row(&["1", "2018-07-09x", "lots", "99", "1", "abc"])).unwrap();
        let codes: Vec<(&str, &str, &str)> =
            mapper.warnings().iter().map(|w| (w.reason, w.column.as_str(), w.value.as_str())).collect();
        assert_eq!(
            codes,
            [
                ("bad_year", "BUILT", "99"),
                ("bad_money", "VALUE", "lots"),
                ("bad_date", "SOLD", "2018-07-09x"),
                ("bad_number", "Y", "abc")
            ]
        );
        mapper.parcel(&row(&["1", "0/0/0000", "", "", "9e99", "1"])).unwrap();
        assert_eq!(mapper.warnings().iter().map(|w| w.reason).collect::<Vec<_>>(), ["not_degrees"]);
    }

    #[test]
    fn missing_columns_and_kinds_are_told() {
        let profile = Profile::parse("t", PROFILE).unwrap();
        let error = Mapper::new(&profile, SourceKind::Parcels, &headers("A,B")).err().unwrap();
        assert!(matches!(&error, Error::MissingColumns { fields, .. } if fields == "parcel_no"), "{error}");
        assert!(matches!(Mapper::new(&profile, SourceKind::Taps, &headers("PIN")), Err(Error::WrongKind { .. })));
    }

    #[test]
    fn sensitive_headers() {
        for header in [
            "SSN",
            "OWNERSSN",
            "Owner_SSN_2",
            "Soc Sec No",
            "Owner_Phone1",
            "TELEPHONE",
            "DOB",
            "BirthDate",
            "E-Mail",
            "EMAILADDR",
            "OwnerEmail",
            "Owner Fax",
            "FEIN_NO",
            "FED_ID",
            "EIN",
        ] {
            assert!(is_sensitive(header), "{header}");
        }
        for header in [
            "MobileHome",
            "MOBILE_HOME_PARK",
            "OWNER",
            "MOBILEHOME",
            "CELLAR",
            "TINTED",
            "BUSINESSNAME",
            "CLASSNAME",
            "TRUE_MAILING_ADDR1",
            "TRUEMAILINGADDR",
            "ONE_MAIL_CITY",
        ] {
            assert!(!is_sensitive(header), "{header}");
        }
    }
}
