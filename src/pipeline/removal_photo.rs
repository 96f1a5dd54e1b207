//! Photos that come with returned results: each one that a result names is found in a folder, stored under its SHA-256, and
//! becomes evidence of the order's case; a name without a file is reported and does not count.
//!
//! Everything here is a function of the set of results and files, like the merge itself: evidence of the field is numbered
//! from case and content, not in the order of arrival.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::fieldwork::freeze::sha256_hex;
use crate::fieldwork::result::FieldResult;
use crate::store::case_work::{self, EvidenceRow};
use crate::store::field_photos::{self, PhotoRow};
use crate::store::removal_lists::StopRow;
use crate::store::{Db, Tx, cases, removals};

use super::case_evidence;
use super::casework::{Desk, Error};

/// Columns that name photos.
const COLUMNS: [&str; 2] = ["before_photo", "after_photo"];
/// Folders below the given one; a phone nests two or three.
const DEPTH_MAX: usize = 8;
/// Files looked at; a crew brings some hundred a day.
const FILES_MAX: usize = 200_000;
/// Names in one cell.
const NAMES_MAX: usize = 50;

/// Photos lying in a folder, by the last part of their path in lower case: phones and desks disagree about case and folders.
#[derive(Debug, Default)]
pub struct PhotoFolder {
    files: BTreeMap<String, Vec<PathBuf>>,
}

impl PhotoFolder {
    /// Lists a folder and the folders in it; links out of it are not followed.
    ///
    /// # Errors
    /// When it cannot be read or holds more than a folder of photos should.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let mut found = PhotoFolder::default();
        let (mut open, mut n_files) = (vec![(dir.to_owned(), 0)], 0);
        while let Some((folder, depth)) = open.pop() {
            let fail = |source| Error::File { action: "read the folder", path: folder.clone(), source };
            for entry in std::fs::read_dir(&folder).map_err(fail)? {
                let entry = entry.map_err(fail)?;
                let kind = entry.file_type().map_err(fail)?;
                if kind.is_dir() && depth < DEPTH_MAX {
                    open.push((entry.path(), depth + 1));
                } else if kind.is_file() {
                    n_files += 1;
                    let name = entry.file_name().to_string_lossy().to_lowercase();
                    found.files.entry(name).or_default().push(entry.path());
                }
            }
            if n_files > FILES_MAX {
                let what =
                    format!("{} holds more than {FILES_MAX} files; name the folder of the photos", dir.display());
                return Err(Error::Table { what });
            }
        }
        for paths in found.files.values_mut() {
            paths.sort();
        }
        Ok(found)
    }

    /// Files that a name may mean: those whose path ends like it, else those with its last part.
    fn candidates(&self, name: &str) -> Vec<&PathBuf> {
        let wanted = name.replace('\\', "/").to_lowercase();
        let last = wanted.rsplit('/').next().unwrap_or_default();
        let all: Vec<&PathBuf> = self.files.get(last).map(|paths| paths.iter().collect()).unwrap_or_default();
        let tail = format!("/{}", wanted.trim_start_matches(['.', '/']));
        let ends_alike = |p: &&PathBuf| p.to_string_lossy().replace('\\', "/").to_lowercase().ends_with(&tail);
        let exact: Vec<&PathBuf> = all.iter().copied().filter(|p| ends_alike(p)).collect();
        if exact.is_empty() { all } else { exact }
    }
}

/// A named photo that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhotoRemark {
    /// The order.
    pub order_no: String,
    /// Column of the result.
    pub column: &'static str,
    /// Name in the result.
    pub name: String,
    /// What is wrong or odd.
    pub what: String,
}

/// What became of the photos of a returned file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhotoReport {
    /// Photos stored now.
    pub n_stored: usize,
    /// Photos that were here before.
    pub n_known: usize,
    /// Names without a usable file; they do not count.
    pub missing: Vec<PhotoRemark>,
    /// Photos taken far away, at another time, or used before.
    pub warnings: Vec<PhotoRemark>,
}

/// Names in a cell, as the forms join them.
fn names(cell: &str) -> Vec<&str> {
    cell.split([';', ',']).map(str::trim).filter(|n| !n.is_empty()).take(NAMES_MAX).collect()
}

/// Whether a result names photos.
pub(super) fn are_named(result: &FieldResult) -> bool {
    COLUMNS.iter().any(|c| result.fields.get(*c).is_some_and(|v| !names(v).is_empty()))
}

/// Takes the photos that a result names.
pub(super) fn take(
    desk: &Desk,
    tx: &mut Tx<'_>,
    folder: &PhotoFolder,
    (stop, result): (&StopRow, &FieldResult),
    report: &mut PhotoReport,
) -> Result<(), Error> {
    field_photos::mark_checked(tx, &stop.stop_uuid)?;
    for column in COLUMNS {
        for name in names(result.fields.get(column).map_or("", String::as_str)) {
            let remark =
                |what: String| PhotoRemark { order_no: stop.order_no.clone(), column, name: name.to_owned(), what };
            match the_one(desk, folder, name)? {
                Ok(taken) => {
                    let (is_new, warnings) = store(desk, tx, (stop, result), name, &taken)?;
                    report.n_stored += usize::from(is_new);
                    report.n_known += usize::from(!is_new);
                    report.warnings.extend(warnings.into_iter().map(remark));
                }
                Err(why) => report.missing.push(remark(why)),
            }
        }
    }
    Ok(())
}

/// The file that a name means, or why there is none.
fn the_one(desk: &Desk, folder: &PhotoFolder, name: &str) -> Result<Result<case_evidence::Taken, String>, Error> {
    let mut found: Option<case_evidence::Taken> = None;
    for path in folder.candidates(name) {
        let taken = match case_evidence::take(desk, path, "photo") {
            Ok(taken) => taken,
            Err(Error::Refused(refusal)) => return Ok(Err(refusal.to_string())),
            Err(other) => return Err(other),
        };
        if found.as_ref().is_some_and(|f| f.sha256 != taken.sha256) {
            return Ok(Err("several files are called so; merge one crew's folder at a time".to_owned()));
        }
        found = Some(taken);
    }
    Ok(found.ok_or_else(|| "no such file in the folder".to_owned()))
}

/// Stores a photo; returns whether it is new and what is odd about it.
fn store(
    desk: &Desk,
    tx: &mut Tx<'_>,
    (stop, result): (&StopRow, &FieldResult),
    name: &str,
    taken: &case_evidence::Taken,
) -> Result<(bool, Vec<String>), Error> {
    let arrived = result.fields.get("arrived_at").map(String::as_str);
    let mut warnings = taken.warnings(desk, ("stop", stop.lon.zip(stop.lat)), arrived)?;
    case_evidence::keep(desk, taken)?;
    let row = PhotoRow {
        stop_uuid: stop.stop_uuid.clone(),
        name: name.to_owned(),
        sha256: taken.sha256.clone(),
        byte_len: taken.byte_len(),
        mime: taken.mime.to_owned(),
        captured_at: taken.exif.captured_at.clone(),
        lon: taken.exif.lon,
        lat: taken.exif.lat,
        warnings: warnings.join("; "),
    };
    let is_new = field_photos::put(tx, &row)?;
    if is_new {
        add_to_case(desk, tx, (stop, result), &row, taken)?;
    }
    let others = field_photos::other_orders_with(tx, &stop.order_no, &taken.sha256)?;
    if !others.is_empty() {
        warnings.push(format!("the same bytes came with {}", others.join(", ")));
    }
    Ok((is_new, warnings))
}

/// Adds the photo to the order's case, unless that is closed or holds the bytes.
fn add_to_case(
    desk: &Desk,
    tx: &mut Tx<'_>,
    (stop, result): (&StopRow, &FieldResult),
    photo: &PhotoRow,
    taken: &case_evidence::Taken,
) -> Result<(), Error> {
    let Some(case_no) = removals::find(tx, &stop.order_no)?.and_then(|o| o.case_no) else { return Ok(()) };
    let Some(case) = cases::find(tx, &case_no)?.filter(|c| c.closed_on.is_none()) else { return Ok(()) };
    let others = case_work::cases_with_bytes(tx, &photo.sha256)?;
    if others.contains(&case_no) {
        return Ok(());
    }
    let mut warnings = case_evidence::same_bytes_warning(&others);
    warnings.extend((!photo.warnings.is_empty()).then(|| photo.warnings.clone()));
    let row = EvidenceRow {
        evidence_no: evidence_no(&case_no, &photo.sha256),
        kind: "photo".to_owned(),
        original_name: photo.name.clone(),
        warnings: warnings.join("; "),
        ..case_evidence::evidence_row(desk, taken)
    };
    let crew = result.fields.get("crew").map(|c| format!("crew {c}")).unwrap_or_default();
    let purpose = format!("came with a result of {}", stop.order_no);
    Ok(case_work::add_evidence(tx, &case, &row, (&crew, &purpose))?)
}

/// Number of a field photo in a case, from what it is and not from when it came.
fn evidence_no(case_no: &str, sha256: &str) -> String {
    let digest = sha256_hex(format!("{case_no} {sha256}").as_bytes()).to_uppercase();
    format!("EV-F{}", digest.get(..10).unwrap_or_default())
}

/// Leaves in the merged fields only photos whose files are here, once they were looked for, and notes which basis was used.
pub(super) fn keep_found(db: &impl Db, stop_uuid: &str, fields: &mut BTreeMap<String, String>) -> Result<(), Error> {
    if COLUMNS.iter().all(|c| !fields.contains_key(*c)) {
        return Ok(());
    }
    let is_checked = field_photos::is_checked(db, stop_uuid)?;
    fields.insert("photo_basis".to_owned(), if is_checked { "files" } else { "names" }.to_owned());
    if !is_checked {
        return Ok(());
    }
    let here: BTreeSet<String> = field_photos::of_stop(db, stop_uuid)?.into_iter().map(|p| p.name).collect();
    let mut missing = BTreeSet::new();
    for column in COLUMNS {
        let Some(cell) = fields.remove(column) else { continue };
        let (found, lost): (Vec<&str>, Vec<&str>) = names(&cell).into_iter().partition(|n| here.contains(*n));
        if !found.is_empty() {
            fields.insert(column.to_owned(), found.join("; "));
        }
        missing.extend(lost.into_iter().map(str::to_owned));
    }
    if !missing.is_empty() {
        fields.insert("photo_missing".to_owned(), missing.into_iter().collect::<Vec<_>>().join("; "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_the_file_whose_path_ends_like_it() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a/DCIM/IMG_1.JPG", "b/IMG_1.jpg", "b/IMG_2.jpg"] {
            std::fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(dir.path().join(name), name).unwrap();
        }
        let folder = PhotoFolder::open(dir.path()).unwrap();
        let found = |name: &str| folder.candidates(name).len();
        assert_eq!((found("dcim/img_1.jpg"), found("DCIM\\IMG_1.JPG"), found("img_1.jpg")), (1, 1, 2));
        assert_eq!((found("phone/IMG_2.jpg"), found("../../IMG_2.jpg"), found("IMG_3.jpg"), found("")), (1, 1, 0, 0));
        assert!(PhotoFolder::open(&dir.path().join("none")).is_err());
        assert_eq!(names(" a.jpg, b.jpg;c.jpg ;"), ["a.jpg", "b.jpg", "c.jpg"]);
    }

    #[test]
    fn the_number_of_a_field_photo_is_its_own_in_each_case() {
        let (a, b) = (evidence_no("IC-2026-00001", "ab"), evidence_no("IC-2026-00002", "ab"));
        assert!(a != b && a.len() == 14 && a.starts_with("EV-F"), "{a}");
    }
}
