//! The sealed packet: what it contains beyond the dossier, how it is written and sealed, and how it is verified.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cases::refusal::RefusalCode;
use crate::fieldwork::freeze::sha256_hex;
use crate::model::date::CivilDate;
use crate::model::report::{Block, Section, figures, words};
use crate::store::case_work;
use crate::store::cases::CaseRow;
use crate::store::{Reader, case_notice, links};

use super::case_dossier::{self as dossier, Dossier};
use super::case_evidence::path_of;
use super::case_letter::{self, Sheet};
use super::case_party::fact_words;
use super::casework::{self, Desk, Error, refuse};
use super::ownership;

/// The list of hashes; in the form that `sha256sum -c` reads.
const HASHES: &str = "HASHES";

/// What is to be written into a packet.
#[derive(Debug, Clone)]
pub struct Contents {
    /// Title of the document.
    pub title: String,
    /// Foot of every page.
    pub foot: String,
    /// Sections of the document.
    pub sections: Vec<Section>,
    /// Letters to print beside it: file name and sheet.
    pub letters: Vec<(String, Sheet)>,
}

/// Gathers everything; reads the evidence files and refuses when one was changed.
///
/// # Errors
/// `E_HASH_MISMATCH`, `E_NOT_FOUND`, or a failure.
pub fn contents(desk: &Desk, db: &Reader, case_no: &str) -> Result<Contents, Error> {
    let Dossier { case, sections: mut given, .. } = dossier::gather(desk, db, case_no)?;
    let mut sections = Vec::new();
    let mut take = |sections: &mut Vec<Section>, keys: &[&str]| {
        for key in keys {
            sections.extend(given.iter().position(|s| s.key == *key).map(|i| given.remove(i)));
        }
    };
    take(&mut sections, &["case"]);
    sections.push(seal_words(desk, db, &case)?);
    take(&mut sections, &["parties"]);
    sections.push(match_section(db, &case)?);
    sections.push(ownership_section(desk, db, &case)?);
    take(&mut sections, &["research", "sources", "visits", "evidence", "assessment", "charges", "notices"]);
    let mut letters = Vec::new();
    for notice in case_notice::all(db, case.case_id)? {
        for sheet in case_letter::sheets(case_no, &notice, None) {
            letters.push((format!("{}_{}.pdf", notice.notice_no, sheet.address_kind), sheet));
        }
        sections.extend(letter_section(&notice));
    }
    take(&mut sections, &["agreement", "holds", "notes", "timeline"]);
    sections.extend(photo_section(desk, db, &case)?);
    sections.push(hash_section(db, &case)?);
    let foot = format!("Case {case_no}, packet of {}, written {}", desk.today, desk.by.at.0);
    Ok(Contents { title: format!("Case packet {case_no}"), foot, sections, letters })
}

fn seal_words(desk: &Desk, db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let (audit_id, hash) = case_work::audit_mark(db, &case.case_no)?;
    let mut lines = vec![
        format!(
            "Written by {} on {} from the records of the utility, up to entry {audit_id} of their audit log (hash {hash}).",
            desk.by.actor, desk.today
        ),
        format!(
            "Every file of this packet, this document too, is listed with its SHA-256 in the file {HASHES} beside it; the hash of \
             that file was recorded when the packet was sealed. `taptrace case packet {} FOLDER --verify` checks all of them.",
            case.case_no
        ),
    ];
    if desk.policy.meta.is_example {
        lines.push(
            "The policy in force is the built-in EXAMPLE; its amounts and authorities are not those of a city."
                .to_owned(),
        );
    }
    Ok(Section::new("seal", "About this packet", vec![Block::Text(lines)]))
}

/// Why the premise and the parcel belong together.
fn match_section(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let Some(premise_no) = &case.premise_no else {
        return Ok(Section::new("match", "Premise and parcel", Vec::new()));
    };
    let stored = links::of_premise(db, premise_no)?;
    let own = stored.iter().find(|l| l.parcel_no == case.parcel_no).or(stored.first());
    let Some(link) = own else {
        return Ok(Section::new("match", "Premise and parcel", Vec::new()));
    };
    let told: Value = serde_json::from_str(&link.steps_json).unwrap_or_default();
    let mut pairs = vec![
        ("service_address", link.service_address.clone()),
        ("situs", link.situs_text.clone().unwrap_or_default()),
        ("parcel_no", link.parcel_no.clone().unwrap_or_default()),
        ("status", link.status.clone()),
        ("probability", format!("{:.4}", link.score)),
        ("decided_by", link.decided_by.clone().unwrap_or_default()),
        ("reason", told["reason"].as_str().unwrap_or_default().to_owned()),
    ];
    if let Some(margin) = link.margin_bits {
        pairs.push(("ahead_of_next", format!("{margin:.1} bits")));
    }
    let rows = told["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|s| {
            let word = |key: &str| s[key].as_str().unwrap_or_default().to_owned();
            vec![word("element"), word("level"), format!("{:+.1}", s["bits"].as_f64().unwrap_or(0.0)), word("detail")]
        })
        .collect();
    let columns = vec![
        words("element", "Compared", 22),
        words("level", "Agreement", 26),
        figures("bits", "Weight (bits)", 14),
        words("detail", "Detail", 38),
    ];
    Ok(Section::new(
        "match",
        "Why this premise is this parcel",
        vec![Block::Pairs(pairs), Block::Table { columns, rows }],
    ))
}

/// Who owned the parcel on the violation date and who owns it now, with every fact.
fn ownership_section(desk: &Desk, db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let heading = "Ownership on the day of the violation";
    let Some(parcel_id) = case.parcel_id else {
        return Ok(Section::new("ownership", heading, Vec::new()));
    };
    let mut blocks = Vec::new();
    let violation_on = CivilDate::parse(&case.violation_on).unwrap_or(desk.today);
    for day in [violation_on, desk.today] {
        let found = ownership::as_of_id(db, parcel_id, day, None)?;
        let when = if day == violation_on { "day of the violation" } else { "day of this packet" };
        blocks.push(Block::Pairs(vec![
            ("day", format!("{day} ({when})")),
            ("certainty", found.answer.certainty.as_str().to_owned()),
            ("why", found.answer.why.to_owned()),
        ]));
        let rows = found.facts.iter().map(|f| vec![f.owner.clone(), fact_words(f)]).collect();
        let columns = vec![words("owner", "Owner on the assessor roll or deed", 40), words("fact", "Fact", 60)];
        blocks.push(Block::Table { columns, rows });
    }
    Ok(Section::new("ownership", heading, blocks))
}

/// The text of a letter once; the table of notices says to whom it went.
fn letter_section(notice: &case_notice::NoticeRow) -> Option<Section> {
    let first = notice.recipients.first()?;
    let block = Block::Letter { body: notice.body.clone(), recipient: first.address.clone() };
    Some(Section::new("letter", format!("Text of notice {}", notice.notice_no), vec![block]))
}

fn evidence_bytes(desk: &Desk, e: &case_work::EvidenceRow) -> Result<Vec<u8>, Error> {
    let path = path_of(&desk.db, &e.sha256);
    let bytes = fs::read(&path).map_err(|source| Error::File { action: "read", path: path.clone(), source })?;
    if sha256_hex(&bytes) != e.sha256 {
        return refuse(RefusalCode::HashMismatch, format!("{} was changed in the evidence folder", e.evidence_no));
    }
    Ok(bytes)
}

fn photo_section(desk: &Desk, db: &Reader, case: &CaseRow) -> Result<Option<Section>, Error> {
    let mut blocks = Vec::new();
    for e in case_work::evidence(db, case.case_id)?.into_iter().filter(|e| e.mime.starts_with("image/")) {
        let taken = dossier::capture_words(&e);
        let mut caption =
            vec![format!("{}  {}  {}", e.evidence_no, e.original_name, taken), format!("sha256 {}", e.sha256)];
        if !e.warnings.is_empty() {
            caption.push(format!("Warning: {}", e.warnings));
        }
        blocks.push(Block::Picture { bytes: evidence_bytes(desk, &e)?, caption });
    }
    Ok((!blocks.is_empty()).then(|| Section::new("photos", "Photos", blocks)))
}

fn hash_section(db: &Reader, case: &CaseRow) -> Result<Section, Error> {
    let rows = case_work::evidence(db, case.case_id)?
        .into_iter()
        .map(|e| vec![packet_name(&e), e.byte_len.to_string(), e.sha256])
        .collect();
    let columns = vec![
        words("file", "Evidence file in this packet", 36),
        figures("bytes", "Bytes", 12),
        words("sha256", "SHA-256", 52),
    ];
    Ok(Section::table("hashes", "List of hashes", columns, rows))
}

/// A file name without anything that a path could be made of.
fn safe_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect()
}

fn packet_name(e: &case_work::EvidenceRow) -> String {
    format!("{}_{}", e.evidence_no, safe_name(&e.original_name))
}

/// Writes the packet folder (the given documents, every evidence file, `HASHES`) and records it as sealed. Returns the seal:
/// the hash of `HASHES`.
///
/// # Errors
/// `E_HASH_MISMATCH` when a stored file no longer has its hash, `E_STAGE` when the folder holds something else, or a failure.
pub fn seal(desk: &Desk, case_no: &str, folder: &Path, documents: &[(String, Vec<u8>)]) -> Result<String, Error> {
    let fail = |source| Error::File { action: "write", path: folder.to_owned(), source };
    if folder.exists() && fs::read_dir(folder).map_err(fail)?.next().is_some() {
        let message = format!("{} is not empty; a packet has a folder of its own", folder.display());
        return refuse(RefusalCode::Stage, message);
    }
    let mut seal = String::new();
    desk.with(|tx| {
        let case = casework::case(tx, case_no)?;
        fs::create_dir_all(folder).map_err(fail)?;
        let mut hashes = Vec::new();
        for (name, bytes) in documents {
            fs::write(folder.join(name), bytes).map_err(fail)?;
            hashes.push((sha256_hex(bytes), name.clone()));
        }
        for e in case_work::evidence(tx, case.case_id)? {
            fs::write(folder.join(packet_name(&e)), evidence_bytes(desk, &e)?).map_err(fail)?;
            hashes.push((e.sha256.clone(), packet_name(&e)));
        }
        let text: String = hashes.iter().map(|(hash, name)| format!("{hash}  {name}\n")).collect();
        fs::write(folder.join(HASHES), &text).map_err(fail)?;
        seal = sha256_hex(text.as_bytes());
        Ok(case_work::add_packet(tx, &case, &seal, &desk.day())?)
    })?;
    Ok(seal)
}

/// Checks a packet folder: every file of `HASHES`, that there is no other file, and `HASHES` itself against the seals. Returns the
/// number of files.
///
/// # Errors
/// `E_HASH_MISMATCH` naming the first file that differs, or a failure.
pub fn verify(folder: &Path, seals: &[String]) -> Result<usize, Error> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(|source| Error::File { action: "read", path, source })
    };
    let list = read(HASHES)?;
    if !seals.contains(&sha256_hex(&list)) {
        return refuse(RefusalCode::HashMismatch, format!("{HASHES} is not the list that was sealed"));
    }
    let mut expected = BTreeSet::from([HASHES.to_owned()]);
    for line in String::from_utf8_lossy(&list).lines() {
        let Some((hash, name)) = line.split_once("  ") else {
            return refuse(RefusalCode::HashMismatch, format!("{HASHES} cannot be read"));
        };
        let is_there = safe_name(name) == name && folder.join(name).is_file();
        if !is_there {
            return refuse(RefusalCode::HashMismatch, format!("{name} is missing"));
        }
        if sha256_hex(&read(name)?) != hash {
            return refuse(RefusalCode::HashMismatch, format!("{name} was changed"));
        }
        expected.insert(name.to_owned());
    }
    let fail = |source| Error::File { action: "read", path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
        if !expected.contains(&name) {
            return refuse(RefusalCode::HashMismatch, format!("{name} is not part of the packet"));
        }
    }
    Ok(expected.len() - 1)
}

/// Seals on record for a case.
///
/// # Errors
/// `E_NOT_FOUND`, or when the database cannot be read.
pub fn seals(db: &Reader, case_no: &str) -> Result<Vec<String>, Error> {
    let case = casework::case(db, case_no)?;
    Ok(case_work::packets(db, case.case_id)?.into_iter().map(|(_, _, sha256)| sha256).collect())
}
