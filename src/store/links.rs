//! Stored links between premises and parcels, and what people decided about them.

use rusqlite::params;
use serde_json::{Value, json};

use super::{Error, Reader, Tx};
use crate::model::id::PremiseId;

/// A computed link about to be stored; `rank` 1 is the answer, higher ranks are rivals.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct NewLink<'a> {
    pub premise_id: PremiseId,
    pub parcel_no: Option<&'a str>,
    pub rank: usize,
    pub status: &'static str,
    pub score: f64,
    pub margin_bits: f64,
    pub steps_json: &'a str,
    pub model_version: &'a str,
    pub input_fingerprint: &'a str,
}

/// A stored link with the decision of a person, if any.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct StoredLink {
    pub premise_no: String,
    pub service_address: String,
    pub parcel_no: Option<String>,
    pub situs_text: Option<String>,
    pub rank: i64,
    /// Status with the decision applied: `accepted` and `rejected` come from people, `stale` needs a second look.
    pub status: String,
    pub score: f64,
    pub margin_bits: Option<f64>,
    pub steps_json: String,
    pub decided_by: Option<String>,
    /// The decision in force on this parcel in words: `accepted by tester on 2026-01-02: tap card`.
    pub decision: Option<String>,
    /// The premise's decision that waits for a second look, in words, with its parcel.
    pub stale_decision: Option<String>,
    pub balance_cents: i64,
}

/// Removes the computed links of every premise, before a run. Decisions stay.
///
/// # Errors
/// When the database cannot be written.
pub fn clear(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.tx.execute("DELETE FROM match_link", [])?;
    Ok(())
}

/// Stores a computed link.
///
/// # Errors
/// When the database cannot be written.
pub fn insert(tx: &mut Tx<'_>, link: &NewLink<'_>) -> Result<(), Error> {
    tx.tx
        .prepare_cached(
            "INSERT INTO match_link (premise_id, parcel_id, rank, status, score, margin_bits, steps_json, model_version, input_fingerprint)
             VALUES (?1, (SELECT parcel_id FROM parcel WHERE parcel_no = ?2), ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            link.premise_id.0,
            link.parcel_no,
            i64::try_from(link.rank).unwrap_or(i64::MAX),
            link.status,
            link.score,
            link.margin_bits,
            link.steps_json,
            link.model_version,
            link.input_fingerprint
        ])?;
    Ok(())
}

/// What a decision was made on: the premise and the matcher's answer (the link's fingerprint), and the decided parcel's own
/// addresses. `p` and `c` name the columns of premise and parcel.
fn decided_on(p: &str, c: &str) -> String {
    format!(
        "COALESCE((SELECT l.input_fingerprint FROM match_link l WHERE l.premise_id = {p} ORDER BY l.rank LIMIT 1), '')
         || '|' || COALESCE((SELECT GROUP_CONCAT(text, '+') FROM (
                SELECT s.situs_text AS text FROM situs s JOIN parcel own ON own.current_version_id = s.parcel_version_id
                WHERE own.parcel_id = {c} ORDER BY s.situs_text)), '')
         || (SELECT CASE WHEN own.retired_snapshot_id IS NULL THEN '' ELSE '|retired' END FROM parcel own WHERE own.parcel_id = {c})"
    )
}

/// Marks decisions as stale that were made on another address, another answer of the matcher or another situs of their
/// parcel; returns how many. To be called before [`apply_decisions`].
///
/// # Errors
/// When the database cannot be written.
pub fn mark_stale(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let now = decided_on("match_decision.premise_id", "match_decision.parcel_id");
    let sql = format!(
        "UPDATE match_decision
         SET is_stale = 1
         WHERE is_stale = 0 AND superseded_by IS NULL AND input_fingerprint <> {now}"
    );
    Ok(tx.tx.execute(&sql, [])?)
}

/// Records a person's decision about a premise and a parcel. It supersedes the one before on that parcel, those of the premise
/// that are stale and, when it accepts, the parcel accepted before.
///
/// # Errors
/// When the database cannot be written, or premise or parcel are unknown.
pub fn decide(tx: &mut Tx<'_>, premise_no: &str, parcel_no: &str, verdict: &str, reason: &str) -> Result<(), Error> {
    let (actor, at) = (tx.authorship().actor.clone(), tx.authorship().at.0.clone());
    let has = |tx: &Tx<'_>, sql: &str, no: &str| tx.tx.query_row(sql, [no], |r| r.get::<_, bool>(0));
    if !has(tx, "SELECT EXISTS (SELECT 1 FROM premise WHERE premise_no = ?1)", premise_no)? {
        return Err(Error::Broken { what: format!("there is no premise {premise_no}") });
    }
    if !has(tx, "SELECT EXISTS (SELECT 1 FROM parcel WHERE parcel_no = ?1)", parcel_no)? {
        return Err(Error::Broken { what: format!("there is no parcel {parcel_no}") });
    }
    let sql = format!(
        "INSERT INTO match_decision (premise_id, parcel_id, verdict, reason, decided_by, decided_at, input_fingerprint)
         SELECT p.premise_id, c.parcel_id, ?3, ?4, ?5, ?6, {}
         FROM premise p, parcel c
         WHERE p.premise_no = ?1 AND c.parcel_no = ?2",
        decided_on("p.premise_id", "c.parcel_id")
    );
    tx.tx.execute(&sql, params![premise_no, parcel_no, verdict, reason, actor, at])?;
    let id = tx.tx.last_insert_rowid();
    tx.tx.execute(
        "UPDATE match_decision
         SET superseded_by = ?1
         WHERE superseded_by IS NULL AND match_decision_id <> ?1
           AND premise_id = (SELECT premise_id FROM match_decision WHERE match_decision_id = ?1)
           AND (parcel_id = (SELECT parcel_id FROM match_decision WHERE match_decision_id = ?1)
                OR is_stale = 1 OR verdict = 'accepted' AND ?2 = 'accepted')",
        params![id, verdict],
    )?;
    Ok(())
}

/// Lets the decisions in force rule: each gets a link to stand on, since people may accept a parcel that the matcher did not
/// think of, and what a person accepted becomes the first link of the premise, with the matcher's answer behind it.
///
/// # Errors
/// When the database cannot be written.
pub fn apply_decisions(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO match_link (premise_id, parcel_id, rank, status, score, margin_bits, steps_json, model_version, input_fingerprint)
         SELECT d.premise_id, d.parcel_id,
                (SELECT COALESCE(MAX(l.rank), 0) FROM match_link l WHERE l.premise_id = d.premise_id)
                    + ROW_NUMBER() OVER (PARTITION BY d.premise_id ORDER BY d.match_decision_id),
                'refused', 0, NULL, '{}', 'decision',
                COALESCE((SELECT l.input_fingerprint FROM match_link l WHERE l.premise_id = d.premise_id ORDER BY l.rank LIMIT 1), '')
         FROM match_decision d
         WHERE d.superseded_by IS NULL
           AND NOT EXISTS (SELECT 1 FROM match_link l WHERE l.premise_id = d.premise_id AND l.parcel_id = d.parcel_id)",
        [],
    )?;
    tx.tx.execute(
        "UPDATE match_link SET rank = 0, status = 'auto_accepted'
         WHERE rank > 1 AND EXISTS (
            SELECT 1 FROM match_decision d
            WHERE d.premise_id = match_link.premise_id AND d.parcel_id = match_link.parcel_id
              AND d.verdict = 'accepted' AND d.is_stale = 0 AND d.superseded_by IS NULL)",
        [],
    )?;
    tx.tx.execute(
        "UPDATE match_link SET rank = rank + 1, status = CASE WHEN rank = 0 THEN status ELSE 'refused' END
         WHERE premise_id IN (
            SELECT d.premise_id FROM match_decision d JOIN match_link l ON l.premise_id = d.premise_id
            WHERE l.rank = 0 AND d.superseded_by IS NULL)",
        [],
    )?;
    Ok(())
}

/// Decisions in force whose inputs have not changed: premise number, parcel number, accepted or not.
///
/// # Errors
/// When the database cannot be read.
pub fn decisions(reader: &Reader) -> Result<Vec<(String, String, bool)>, Error> {
    let mut statement = reader.connection.prepare(
        "SELECT p.premise_no, c.parcel_no, d.verdict = 'accepted'
         FROM match_decision d
         JOIN premise p ON p.premise_id = d.premise_id
         JOIN parcel c ON c.parcel_id = d.parcel_id
         WHERE d.superseded_by IS NULL AND d.is_stale = 0
         ORDER BY p.premise_no, c.parcel_no",
    )?;
    Ok(statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect::<Result<_, _>>()?)
}

const SELECT: &str = "SELECT p.premise_no, p.service_address, c.parcel_no,
        (SELECT s.situs_text FROM situs s WHERE s.parcel_version_id = c.current_version_id ORDER BY s.situs_id LIMIT 1),
        l.rank,
        CASE WHEN d.match_decision_id IS NULL THEN l.status WHEN d.is_stale = 1 THEN 'stale' ELSE d.verdict END,
        l.score, l.margin_bits, l.steps_json, d.decided_by,
        COALESCE((SELECT SUM(a.balance_cents) FROM account a WHERE a.premise_id = p.premise_id), 0),
        EXISTS (SELECT 1 FROM parcel_withheld w WHERE w.parcel_id = l.parcel_id),
        d.verdict || ' by ' || d.decided_by || ' on ' || SUBSTR(d.decided_at, 1, 10) || ': ' || d.reason,
        (SELECT o.verdict || ' for parcel ' || c2.parcel_no || ' by ' || o.decided_by || ' on ' || SUBSTR(o.decided_at, 1, 10)
                || ': ' || o.reason
         FROM match_decision o JOIN parcel c2 ON c2.parcel_id = o.parcel_id
         WHERE o.premise_id = l.premise_id AND o.is_stale = 1 AND o.superseded_by IS NULL
         ORDER BY o.match_decision_id DESC LIMIT 1)
    FROM match_link l
    JOIN premise p ON p.premise_id = l.premise_id
    LEFT JOIN parcel c ON c.parcel_id = l.parcel_id
    LEFT JOIN match_decision d ON d.premise_id = l.premise_id AND d.parcel_id = l.parcel_id AND d.superseded_by IS NULL";

fn link_of(r: &rusqlite::Row<'_>) -> rusqlite::Result<StoredLink> {
    Ok(StoredLink {
        premise_no: r.get(0)?,
        service_address: r.get(1)?,
        parcel_no: r.get(2)?,
        situs_text: r.get(3)?,
        rank: r.get(4)?,
        status: r.get(5)?,
        score: r.get(6)?,
        margin_bits: r.get(7)?,
        steps_json: told(r.get_ref(8)?.as_str()?, r.get(11)?),
        decided_by: r.get(9)?,
        balance_cents: r.get(10)?,
        decision: r.get(12)?,
        stale_decision: r.get(13)?,
    })
}

/// The explanation as people and programs read it: the parts of each step named, and without the owner's name when it is
/// withheld (the link may be older than the order).
fn told(steps_json: &str, is_withheld: bool) -> String {
    let Ok(mut told) = serde_json::from_str::<Value>(steps_json) else {
        return "{}".to_owned();
    };
    for step in told.get_mut("steps").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some([element, level, bits, detail]) = step.as_array().map(Vec::as_slice) {
            *step = json!({"element": element, "level": level, "bits": bits, "detail": detail});
        }
        if let Some(step) =
            step.as_object_mut().filter(|s| is_withheld && s.get("element") == Some(&"owner_name".into()))
        {
            step.insert("detail".to_owned(), super::ownership::WITHHELD.into());
        }
    }
    told.to_string()
}

/// Links of a premise, the answer first.
///
/// # Errors
/// When the database cannot be read.
pub fn of_premise(reader: &Reader, premise_no: &str) -> Result<Vec<StoredLink>, Error> {
    let mut statement = reader.connection.prepare(&format!("{SELECT} WHERE p.premise_no = ?1 ORDER BY l.rank"))?;
    Ok(statement.query_map([premise_no], link_of)?.collect::<Result<_, _>>()?)
}

/// What waits for a person: undecided and stale links, the largest amount owed first, then the likeliest.
///
/// # Errors
/// When the database cannot be read.
pub fn review_queue(reader: &Reader, limit: usize) -> Result<Vec<StoredLink>, Error> {
    let sql = format!(
        "{SELECT}
         WHERE l.rank = 1 AND (l.status = 'review' AND d.match_decision_id IS NULL OR EXISTS (
            SELECT 1 FROM match_decision o
            WHERE o.premise_id = l.premise_id AND o.is_stale = 1 AND o.superseded_by IS NULL))
         ORDER BY 11 DESC, l.score DESC, p.premise_no
         LIMIT ?1"
    );
    let mut statement = reader.connection.prepare(&sql)?;
    Ok(statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], link_of)?.collect::<Result<_, _>>()?)
}
