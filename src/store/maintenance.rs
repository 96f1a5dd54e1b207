//! Checking and backing up the database file.

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use super::audit::{self, Head};
use super::{Error, Reader};

/// Something a check found, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub what: String,
    /// A command or act that repairs it.
    pub repair: String,
}

/// Most findings reported of one kind; the first ones tell what happened.
const FINDINGS_MAX: usize = 20;

/// Looks the whole database over: pages, foreign keys, audit chain, versions and links that point nowhere.
///
/// # Errors
/// When the database cannot be read.
pub fn check(reader: &Reader) -> Result<Vec<Finding>, Error> {
    let mut findings = integrity(&reader.connection)?;
    for what in reader.verify_audit()? {
        let repair = if what.contains("not anchored yet") {
            "a crash came between a commit and its anchor; the next write anchors it"
        } else {
            "restore the newest backup whose `taptrace check` is clean, and find out who touched the file"
        };
        findings.push(Finding { what, repair: repair.to_owned() });
    }
    findings.extend(orphans(&reader.connection)?);
    findings.extend(stale_links(&reader.connection)?);
    Ok(findings)
}

fn integrity(connection: &Connection) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines: Vec<String> = statement.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
    for line in lines.into_iter().filter(|l| l != "ok").take(FINDINGS_MAX) {
        findings.push(Finding {
            what: format!("integrity: {line}"),
            repair: "restore a backup into a new file".to_owned(),
        });
    }
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let lines: Vec<(String, Option<i64>, String)> =
        statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect::<Result<_, _>>()?;
    for (table, rowid, parent) in lines.into_iter().take(FINDINGS_MAX) {
        findings.push(Finding {
            what: format!("foreign key: {table} row {} points to a missing {parent}", rowid.unwrap_or(0)),
            repair: "restore a backup into a new file".to_owned(),
        });
    }
    Ok(findings)
}

fn orphans(connection: &Connection) -> Result<Vec<Finding>, Error> {
    const CHECKS: &[(&str, &str, &str)] = &[
        (
            "parcels without a current version",
            "SELECT COUNT(*) FROM parcel p WHERE NOT EXISTS (
                 SELECT 1 FROM parcel_version v WHERE v.parcel_version_id = p.current_version_id)",
            "import the roll again",
        ),
        (
            "links to retired parcels",
            "SELECT COUNT(*) FROM match_link l JOIN parcel p ON p.parcel_id = l.parcel_id
             WHERE p.retired_snapshot_id IS NOT NULL AND l.rank = 1",
            "taptrace match run",
        ),
        (
            "premises that were never matched",
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM match_link)
                 THEN (SELECT COUNT(*) FROM premise p WHERE NOT EXISTS (SELECT 1 FROM match_link l WHERE l.premise_id = p.premise_id))
                 ELSE 0 END",
            "taptrace match run",
        ),
        (
            "imports whose counts do not add up",
            "SELECT COUNT(*) FROM source_snapshot WHERE read_count <> stored_count + duplicate_count + rejected_count",
            "import the file again under another profile name, and report this",
        ),
        (
            "decisions that wait for a second look",
            "SELECT COUNT(*) FROM match_decision WHERE is_stale = 1 AND superseded_by IS NULL",
            "taptrace match review",
        ),
    ];
    let mut findings = Vec::new();
    for (what, sql, repair) in CHECKS {
        let n: i64 = connection.query_row(sql, [], |r| r.get(0))?;
        if n > 0 {
            findings.push(Finding { what: format!("{n} {what}"), repair: (*repair).to_owned() });
        }
    }
    Ok(findings)
}

/// Links made before the last roll came in.
fn stale_links(connection: &Connection) -> Result<Vec<Finding>, Error> {
    let is_stale: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM match_link) AND
                COALESCE((SELECT MAX(audit_id) FROM audit_log WHERE action = 'import'), 0)
              > COALESCE((SELECT MAX(audit_id) FROM audit_log WHERE action = 'match'), 0)",
        [],
        |r| r.get(0),
    )?;
    let finding =
        Finding { what: "links are older than the last import".to_owned(), repair: "taptrace match run".to_owned() };
    Ok(if is_stale { vec![finding] } else { Vec::new() })
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// SHA-256 of the backup file.
    pub sha256: String,
    /// Its size.
    pub byte_len: u64,
    /// Head of the audit log in it.
    pub head: Head,
}

/// Pages copied at a time, so that writers come through in between.
const PAGES_PER_STEP: i32 = 2048;
/// Most steps: a writer that never pauses must not keep a backup going for ever.
const STEPS_MAX: usize = 1_000_000;

/// Copies the database to a new file, verifies the copy, and puts it in place with its anchor and a manifest beside it.
///
/// # Errors
/// When the target exists, cannot be written, or the copy does not verify.
pub fn backup(reader: &Reader, target: &Path) -> Result<Manifest, Error> {
    let file = |action, path: &Path, source| Error::File { action, path: path.to_owned(), source };
    if target.exists() {
        let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(file("write a backup over", target, source));
    }
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = target.with_file_name(name);
    copy_to(reader, &part)?;
    let bytes = std::fs::read(&part).map_err(|e| file("read back", &part, e))?;
    let copy = Connection::open_with_flags(&part, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let findings = integrity(&copy)?;
    let head = audit::head(&copy)?;
    drop(copy);
    if let Some(first) = findings.first() {
        drop(std::fs::remove_file(&part));
        return Err(Error::Broken { what: format!("the copy does not verify: {}", first.what) });
    }
    let manifest = Manifest { sha256: audit::hex(&Sha256::digest(&bytes)), byte_len: bytes.len() as u64, head };
    std::fs::File::open(&part).and_then(|f| f.sync_all()).map_err(|e| file("flush", &part, e))?;
    std::fs::rename(&part, target).map_err(|e| file("rename into place", target, e))?;
    let anchor = audit::anchor_path(reader.path());
    if anchor.exists() {
        let beside = audit::anchor_path(target);
        std::fs::copy(&anchor, &beside).map_err(|e| file("copy the audit anchor to", &beside, e))?;
    }
    let mut manifest_name = target.file_name().unwrap_or_default().to_os_string();
    manifest_name.push(".manifest");
    let manifest_path = target.with_file_name(manifest_name);
    let text = format!(
        "sha256 {}\nbytes {}\naudit_head {} {}\n",
        manifest.sha256, manifest.byte_len, manifest.head.audit_id, manifest.head.hash
    );
    std::fs::write(&manifest_path, text).map_err(|e| file("write the manifest", &manifest_path, e))?;
    Ok(manifest)
}

fn copy_to(reader: &Reader, part: &Path) -> Result<(), Error> {
    drop(std::fs::remove_file(part));
    let mut copy = Connection::open(part)?;
    let backup = Backup::new(&reader.connection, &mut copy)?;
    for _ in 0..STEPS_MAX {
        match backup.step(PAGES_PER_STEP)? {
            StepResult::Done => {
                drop(backup);
                copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
                return Ok(());
            }
            StepResult::More => {}
            _ => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    }
    Err(Error::Broken { what: "the backup was overtaken by writers again and again".to_owned() })
}
