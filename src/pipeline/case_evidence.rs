//! Evidence files: content-addressed beside the database, bytes untouched, with what the photo says about itself; custody.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use crate::cases::refusal::RefusalCode;
use crate::fieldwork::freeze::sha256_hex;
use crate::ingest::bytes::sha256_file;
use crate::store::case_work::{self, Custody, EvidenceRow};
use crate::store::sources::ResponseRow;
use crate::store::{self, Db, cases, field_photos};

use super::casework::{self, Desk, Error, coded, refuse};

/// Folder of the evidence files of a database.
pub fn folder(db: &Path) -> PathBuf {
    let mut name = db.file_name().unwrap_or_default().to_os_string();
    name.push(".evidence");
    db.with_file_name(name)
}

/// Where the bytes with this hash lie.
pub fn path_of(db: &Path, sha256: &str) -> PathBuf {
    folder(db).join(sha256.get(..2).unwrap_or("00")).join(sha256)
}

/// Evidence files that are missing or are not what was stored, in words.
///
/// # Errors
/// When the database cannot be read.
pub fn damaged(db: &Path, reader: &impl Db) -> Result<Vec<String>, store::Error> {
    let mut found = Vec::new();
    for (sha256, name) in field_photos::stored_files(reader)? {
        match sha256_file(&path_of(db, &sha256)) {
            Ok(now) if now == sha256 => {}
            Ok(_) => found.push(format!("the file of {name} ({sha256}) was changed in the evidence folder")),
            Err(_) => found.push(format!("the file of {name} ({sha256}) is missing in the evidence folder")),
        }
    }
    Ok(found)
}

/// Copies the evidence files beside a copy of the database, each verified; returns how many there are.
///
/// # Errors
/// When a file is missing, was changed, or cannot be written.
pub fn copy_beside(db: &Path, reader: &impl Db, target: &Path) -> Result<usize, Error> {
    let files = field_photos::stored_files(reader)?;
    for (sha256, name) in &files {
        let (from, to) = (path_of(db, sha256), path_of(target, sha256));
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { action: "copy the evidence file", path, source }
        };
        fs::create_dir_all(to.parent().unwrap_or(&to)).map_err(fail(&to))?;
        let part = to.with_extension("part");
        fs::copy(&from, &part).map_err(fail(&from))?;
        if sha256_file(&part).ok().as_ref() != Some(sha256) {
            return refuse(RefusalCode::HashMismatch, format!("{name} was changed in the evidence folder"));
        }
        fs::rename(&part, &to).map_err(fail(&to))?;
    }
    Ok(files.len())
}

/// What a photo says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Exif {
    pub(super) captured_at: Option<String>,
    pub(super) lon: Option<f64>,
    pub(super) lat: Option<f64>,
}

/// A file that was read and looked at, and is not stored yet.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: String,
    pub(super) mime: &'static str,
    pub(super) exif: Exif,
}

impl Taken {
    /// Size for the record.
    pub(super) fn byte_len(&self) -> i64 {
        i64::try_from(self.bytes.len()).unwrap_or(i64::MAX)
    }

    /// Warnings about a photo of this place and hour.
    pub(super) fn warnings(
        &self,
        desk: &Desk,
        place: (&str, Option<(f64, f64)>),
        visit: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let far = position_warning(desk, &self.exif, place)?;
        Ok(far.into_iter().chain(time_warning(desk, &self.exif, visit)?).collect())
    }
}

/// Reads a file that is to become evidence.
///
/// # Errors
/// `E_EMPTY_FILE`, `E_TOO_LARGE`, `E_NOT_AN_IMAGE`, or a failure to read.
pub(super) fn take(desk: &Desk, file: &Path, kind: &str) -> Result<Taken, Error> {
    let fail = |action| move |source| Error::File { action, path: file.to_owned(), source };
    let byte_len = fs::metadata(file).map_err(fail("read"))?.len();
    let max = desk.policy.integer("evidence_bytes_max", desk.today)?;
    if i64::try_from(byte_len).map_or(true, |len| len > max) {
        return refuse(RefusalCode::TooLarge, format!("{} has {byte_len} bytes, allowed are {max}", file.display()));
    }
    let bytes = fs::read(file).map_err(fail("read"))?;
    if bytes.is_empty() {
        return refuse(RefusalCode::EmptyFile, format!("{} is empty", file.display()));
    }
    let mime = mime_of(&bytes);
    if kind == "photo" && !mime.starts_with("image/") {
        return refuse(RefusalCode::NotAnImage, format!("{} is not a JPEG, PNG, TIFF or HEIC image", file.display()));
    }
    Ok(Taken { sha256: sha256_hex(&bytes), exif: read_exif(&bytes), mime, bytes })
}

/// Adds a file to a case; returns its row, whose `warnings` somebody should read.
///
/// # Errors
/// `E_EMPTY_FILE`, `E_TOO_LARGE`, `E_NOT_AN_IMAGE`, `E_DUPLICATE_EVIDENCE`, `E_CODE`, `E_NOT_FOUND`, or a failure.
pub fn add(desk: &Desk, case_no: &str, file: &Path, kind: &str) -> Result<EvidenceRow, Error> {
    let kind = coded("evidence_kind", kind)?;
    let taken = take(desk, file, &kind)?;
    keep(desk, &taken)?;
    let mut stored = None;
    casework::change(desk, case_no, "evidence", |tx, case| {
        let others = case_work::cases_with_bytes(tx, &taken.sha256)?;
        if others.contains(&case.case_no) {
            let message = format!("{case_no} already holds these bytes ({})", taken.sha256);
            return refuse(RefusalCode::DuplicateEvidence, message);
        }
        let place = match &case.premise_no {
            Some(premise_no) => cases::premise(tx, premise_no)?,
            None => None,
        };
        if !others.is_empty() && desk.by.reason.trim().is_empty() {
            let message = format!("the same bytes are evidence of {}; say why (--reason)", others.join(", "));
            return refuse(RefusalCode::DuplicateEvidence, message);
        }
        let visit = case_work::inspections(tx, case.case_id)?.pop().map(|i| i.inspected_at);
        let mut warnings = same_bytes_warning(&others);
        let position = place.and_then(|p| p.lon.zip(p.lat));
        warnings.extend(taken.warnings(desk, ("premise", position), visit.as_deref())?);
        let row = EvidenceRow {
            evidence_no: cases::next_no(tx, "EV", desk.today.as_jiff().year())?,
            kind: kind.clone(),
            original_name: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            warnings: warnings.join("; "),
            ..evidence_row(desk, &taken)
        };
        case_work::add_evidence(tx, case, &row, ("", "added to the case"))?;
        stored = Some(row);
        Ok(())
    })?;
    Ok(stored.expect("the closure above ran to its end"))
}

/// What the file itself tells for its row.
pub(super) fn evidence_row(desk: &Desk, taken: &Taken) -> EvidenceRow {
    EvidenceRow {
        sha256: taken.sha256.clone(),
        byte_len: taken.byte_len(),
        mime: taken.mime.to_owned(),
        captured_at: taken.exif.captured_at.clone(),
        lon: taken.exif.lon,
        lat: taken.exif.lat,
        added_at: desk.by.at.0.clone(),
        added_on: desk.day(),
        ..EvidenceRow::default()
    }
}

/// Warning that other cases hold the same bytes.
pub(super) fn same_bytes_warning(others: &[String]) -> Vec<String> {
    if others.is_empty() { Vec::new() } else { vec![format!("the same bytes are evidence of {}", others.join(", "))] }
}

/// Adds a fetched response to a case: the bytes as they came, or unpacked when the service packed them, so that a person can read
/// them; returns its number. A response that the case holds already keeps its number.
///
/// # Errors
/// `E_NOT_FOUND`, or a failure: the kept bytes are gone or changed, or the database cannot be written.
pub fn add_fetched(desk: &Desk, case_no: &str, response: &ResponseRow) -> Result<String, Error> {
    let unkept = |e: super::fetch_vault::Error| store::Error::from(e);
    let bytes = super::source_origin::body(&desk.db, response).map_err(unkept)?;
    let taken = Taken { sha256: sha256_hex(&bytes), exif: Exif::default(), mime: mime_of(&bytes), bytes };
    let original_name = if taken.sha256 == response.sha256 {
        response.url_final.clone()
    } else {
        format!("{} (unpacked from {})", response.url_final, response.sha256)
    };
    keep(desk, &taken)?;
    let mut evidence_no = String::new();
    casework::change(desk, case_no, "evidence", |tx, case| {
        if let Some(held) = case_work::evidence(tx, case.case_id)?.into_iter().find(|e| e.sha256 == taken.sha256) {
            evidence_no = held.evidence_no;
            return Ok(());
        }
        let row = EvidenceRow {
            evidence_no: cases::next_no(tx, "EV", desk.today.as_jiff().year())?,
            kind: "document".to_owned(),
            mime: media_type(response),
            original_name: original_name.clone(),
            captured_at: Some(response.received_at.clone()),
            warnings: same_bytes_warning(&case_work::cases_with_bytes(tx, &taken.sha256)?).join("; "),
            ..evidence_row(desk, &taken)
        };
        case_work::add_evidence(tx, case, &row, (&response.actor, "fetched; added to the case"))?;
        evidence_no = row.evidence_no;
        Ok(())
    })?;
    Ok(evidence_no)
}

fn media_type(response: &ResponseRow) -> String {
    let headers = super::fetch_vault::pairs(&response.headers);
    let value = headers.into_iter().find(|(n, _)| n.eq_ignore_ascii_case("content-type")).map(|(_, v)| v);
    let kind = value.as_deref().and_then(|v| v.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    if kind.is_empty() { "application/octet-stream".to_owned() } else { kind }
}

/// Writes bytes under their hash: a temporary file, synced, renamed; an existing file is left alone.
pub(super) fn keep(desk: &Desk, taken: &Taken) -> Result<(), Error> {
    let (path, bytes) = (&path_of(&desk.db, &taken.sha256), &taken.bytes);
    let fail = |source| Error::File { action: "write", path: path.clone(), source };
    if path.exists() {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(fail)?;
    let part = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&part, bytes).map_err(fail)?;
    fs::File::open(&part).and_then(|f| f.sync_all()).map_err(fail)?;
    fs::rename(&part, path).map_err(fail)
}

/// Type by the first bytes; the file name is not trusted.
fn mime_of(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "image/tiff",
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', ..] => "image/heic",
        [b'%', b'P', b'D', b'F', ..] => "application/pdf",
        _ => "application/octet-stream",
    }
}

fn read_exif(bytes: &[u8]) -> Exif {
    let Ok(found) = exif::Reader::new().read_from_container(&mut Cursor::new(bytes)) else {
        return Exif::default();
    };
    let text = |tag| found.get_field(tag, exif::In::PRIMARY).map(|f| f.display_value().to_string());
    let degrees = |tag, reference, negative: &str| {
        let field = found.get_field(tag, exif::In::PRIMARY)?;
        let exif::Value::Rational(parts) = &field.value else {
            return None;
        };
        let [d, m, s] = parts.as_slice() else {
            return None;
        };
        let value = d.to_f64() + m.to_f64() / 60.0 + s.to_f64() / 3600.0;
        let is_negative = text(reference).is_some_and(|r| r.starts_with(negative));
        value.is_finite().then_some(if is_negative { -value } else { value })
    };
    Exif {
        captured_at: text(exif::Tag::DateTimeOriginal).map(|at| in_utc(&at, text(exif::Tag::OffsetTimeOriginal))),
        lon: degrees(exif::Tag::GPSLongitude, exif::Tag::GPSLongitudeRef, "W"),
        lat: degrees(exif::Tag::GPSLatitude, exif::Tag::GPSLatitudeRef, "S"),
    }
}

/// A camera's local time with the offset it states, as UTC with a `Z`; without an offset the time stays as the camera wrote it.
fn in_utc(local: &str, offset: Option<String>) -> String {
    let stated = offset.map(|o| o.trim_matches('"').to_owned()).unwrap_or_default();
    let text = format!("{}{stated}", local.replacen(' ', "T", 1));
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) if !stated.is_empty() => instant.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        _ => local.to_owned(),
    }
}

fn position_warning(
    desk: &Desk,
    exif: &Exif,
    (place, position): (&str, Option<(f64, f64)>),
) -> Result<Option<String>, Error> {
    let (Some(lon), Some(lat), Some((plon, plat))) = (exif.lon, exif.lat, position) else {
        return Ok(None);
    };
    let max = desk.policy.integer("evidence_distance_m", desk.today)?;
    /// Meters per degree of latitude.
    const DEGREE_M: f64 = 111_132.95;
    let far = ((lon - plon) * plat.to_radians().cos() * DEGREE_M).hypot((lat - plat) * DEGREE_M);
    Ok((far > max as f64).then(|| format!("taken {far:.0} m from the {place}")))
}

fn time_warning(desk: &Desk, exif: &Exif, visit: Option<&str>) -> Result<Option<String>, Error> {
    let read = |text: &str| {
        let text = text.get(..19)?.replacen(' ', "T", 1);
        text.parse::<jiff::civil::DateTime>().ok()
    };
    let (Some(taken), Some(visit)) = (exif.captured_at.as_deref().and_then(read), visit.and_then(read)) else {
        return Ok(None);
    };
    let max = desk.policy.integer("evidence_hours", desk.today)?;
    let hours = taken.duration_since(visit).as_hours().abs();
    Ok((hours > max).then(|| format!("taken {hours} hours from the visit")))
}

/// Records a hand-over; the chain has no gap, so it starts with the person who has the evidence now.
///
/// # Errors
/// `E_NOT_FOUND`, `E_CUSTODY`, or when the database cannot be written.
pub fn hand_over(desk: &Desk, case_no: &str, evidence_no: &str, (from, to): (&str, &str)) -> Result<(), Error> {
    let event = Custody {
        at: desk.by.at.0.clone(),
        handed_on: desk.day(),
        from_person: from.to_owned(),
        to_person: to.to_owned(),
        purpose: desk.by.reason.clone(),
    };
    desk.with(|tx| {
        let case = casework::case(tx, case_no)?;
        let last = case_work::custody(tx, case.case_id)?.into_iter().rfind(|(no, _)| no == evidence_no);
        let Some((_, last)) = last else {
            return refuse(RefusalCode::NotFound, format!("{case_no} has no evidence {evidence_no}"));
        };
        if last.to_person != from {
            let message = format!("{evidence_no} is with {}, not with {from}", last.to_person);
            return refuse(RefusalCode::Custody, message);
        }
        Ok(case_work::add_custody(tx, evidence_no, &event)?)
    })
}

#[cfg(test)]
mod tests {
    use super::in_utc;

    #[test]
    fn a_camera_that_states_its_offset_is_read_in_utc() {
        let of = |offset: Option<&str>| in_utc("2026-04-25 10:12:00", offset.map(str::to_owned));
        assert_eq!(of(Some("\"-05:00\"")), "2026-04-25 15:12:00Z");
        assert_eq!(of(None), "2026-04-25 10:12:00");
        assert_eq!(of(Some("lunch")), "2026-04-25 10:12:00");
    }
}
