//! Values read from assessor pages, and what the roll says of the same parcel.

use rusqlite::{OptionalExtension, params};

use super::snapshots::{self, Counts, NewSnapshot};
use super::view::Db;
use super::{Change, Error, Tx};
use crate::model::snapshot::SourceKind;

/// A parcel as the roll has it: what a page is searched by and compared with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the columns of the tables")]
pub struct Subject {
    pub parcel_id: i64,
    pub parcel_no: String,
    pub account_no: String,
    pub situs: String,
    pub situs_city: String,
    pub situs_zip: String,
    /// Columns of the county's own file, JSON.
    pub attributes_json: String,
    pub owner_lines: String,
    pub mailing_lines: String,
    pub sale_date: String,
    /// Cents, as text; empty when the roll has none.
    pub sale_price: String,
    pub roll_date: String,
    pub is_withheld: bool,
}

/// Not through the view `owner_on_roll`: behind a left join SQLite builds the whole view for one parcel. What the view
/// withholds is withheld here as well.
const SUBJECT: &str =
    "SELECT p.parcel_id, p.parcel_no, COALESCE(v.assessor_account_no, ''), COALESCE(s.situs_text, ''),
        COALESCE(s.city, ''), COALESCE(s.zip, ''), COALESCE(v.attributes_json, ''),
        IIF(w.parcel_id IS NULL, COALESCE(o.owner_text, ''), 'withheld by law: ask supervisor'), COALESCE(m.lines, ''),
        TRIM(COALESCE(m.city, '') || ' ' || COALESCE(m.state, '') || ' ' || COALESCE(m.zip, '')),
        COALESCE(v.sale_date, ''), COALESCE(CAST(v.sale_cents AS TEXT), ''), n.as_of_date, w.parcel_id IS NOT NULL
 FROM parcel p
 JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
 JOIN source_snapshot n ON n.snapshot_id = v.snapshot_id
 LEFT JOIN parcel_withheld w ON w.parcel_id = p.parcel_id
 LEFT JOIN owner_line o ON o.owner_line_id = v.owner_line_id
 LEFT JOIN mailing_address m ON m.mailing_address_id = v.mailing_address_id AND w.parcel_id IS NULL
 LEFT JOIN situs s ON s.parcel_version_id = v.parcel_version_id AND s.situs_id = 1
 WHERE p.parcel_no = ?1";

/// The parcel, when there is one.
///
/// # Errors
/// When the database cannot be read.
pub fn subject(db: &impl Db, parcel_no: &str) -> Result<Option<Subject>, Error> {
    let mut statement = db.connection().prepare_cached(SUBJECT)?;
    let row = statement.query_row([parcel_no], |r| {
        let lines = [r.get::<_, String>(8)?, r.get::<_, String>(9)?];
        Ok(Subject {
            parcel_id: r.get(0)?,
            parcel_no: r.get(1)?,
            account_no: r.get(2)?,
            situs: r.get(3)?,
            situs_city: r.get(4)?,
            situs_zip: r.get(5)?,
            attributes_json: r.get(6)?,
            owner_lines: r.get(7)?,
            mailing_lines: lines.into_iter().filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n"),
            sale_date: r.get(10)?,
            sale_price: r.get(11)?,
            roll_date: r.get(12)?,
            is_withheld: r.get(13)?,
        })
    });
    Ok(row.optional()?)
}

/// A page that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct RefreshRow {
    pub parcel_no: String,
    pub profile: String,
    pub profile_sha256: String,
    pub url: String,
    pub sha256: String,
    pub charset: String,
    pub received_at: String,
    pub actor: String,
}

/// One value of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of the table")]
pub struct PageValueRow {
    pub field: String,
    pub row_no: i64,
    pub value: String,
    pub selector_path: String,
    pub rule: String,
}

/// Stores what was read from a page, beside the roll.
///
/// # Errors
/// When the database cannot be written.
pub fn add(
    tx: &mut Tx<'_>,
    parcel_id: i64,
    row: &RefreshRow,
    byte_len: u64,
    values: &[PageValueRow],
) -> Result<i64, Error> {
    let snapshot = NewSnapshot {
        source_kind: SourceKind::Page,
        profile: &row.profile,
        origin: &row.url,
        sha256: &row.sha256,
        byte_len,
        as_of_date: row.received_at.get(..10).unwrap_or(""),
    };
    // The same bytes again (a page that did not change) are the same snapshot, read at another time.
    let snapshot_id = match snapshots::find_same(tx, &snapshot)? {
        Some(id) => id,
        None => {
            let id = snapshots::insert(tx, &snapshot)?;
            let counts = Counts { read: 1, stored: 1, ..Counts::default() };
            snapshots::finish(tx, id, counts, "[]")?;
            id
        }
    };
    tx.tx.execute(
        "INSERT INTO page_refresh (parcel_id, snapshot_id, profile, profile_sha256, url, sha256, charset, received_at, actor)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            parcel_id, snapshot_id.0, row.profile, row.profile_sha256, row.url, row.sha256, row.charset,
            row.received_at, row.actor
        ],
    )?;
    let page_refresh_id = tx.tx.last_insert_rowid();
    for value in values {
        tx.tx
            .prepare_cached(
                "INSERT INTO page_value (page_refresh_id, field, row_no, value, selector_path, rule)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                page_refresh_id,
                value.field,
                value.row_no,
                value.value,
                value.selector_path,
                value.rule
            ])?;
    }
    let after =
        serde_json::json!({ "profile": row.profile, "url": row.url, "sha256": row.sha256, "values": values.len() });
    let after = after.to_string();
    tx.audit(Change {
        action: "refresh",
        entity: "parcel",
        entity_id: &row.parcel_no,
        before_json: None,
        after_json: Some(&after),
    })?;
    Ok(page_refresh_id)
}

/// The newest page read for a parcel, with its values as they may be shown.
///
/// # Errors
/// When the database cannot be read.
pub fn latest(
    db: &impl Db,
    parcel_id: i64,
    profile: Option<&str>,
) -> Result<Option<(RefreshRow, Vec<PageValueRow>)>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT r.page_refresh_id, p.parcel_no, r.profile, r.profile_sha256, r.url, r.sha256, r.charset, r.received_at, r.actor
         FROM page_refresh r
         JOIN parcel p ON p.parcel_id = r.parcel_id
         WHERE r.parcel_id = ?1 AND (?2 IS NULL OR r.profile = ?2)
         ORDER BY r.page_refresh_id DESC
         LIMIT 1",
    )?;
    let found = statement
        .query_row(params![parcel_id, profile], |r| {
            let row = RefreshRow {
                parcel_no: r.get(1)?,
                profile: r.get(2)?,
                profile_sha256: r.get(3)?,
                url: r.get(4)?,
                sha256: r.get(5)?,
                charset: r.get(6)?,
                received_at: r.get(7)?,
                actor: r.get(8)?,
            };
            Ok((r.get::<_, i64>(0)?, row))
        })
        .optional()?;
    let Some((page_refresh_id, row)) = found else { return Ok(None) };
    let mut statement = db.connection().prepare_cached(
        "SELECT field, row_no, value, selector_path, rule
         FROM page_value_shown
         WHERE page_refresh_id = ?1
         ORDER BY row_no, field",
    )?;
    let values = statement.query_map([page_refresh_id], |r| {
        Ok(PageValueRow {
            field: r.get(0)?,
            row_no: r.get(1)?,
            value: r.get(2)?,
            selector_path: r.get(3)?,
            rule: r.get(4)?,
        })
    })?;
    Ok(Some((row, values.collect::<Result<_, _>>()?)))
}

/// Whether the bytes are the page of a parcel that is withheld today.
///
/// # Errors
/// When the database cannot be read.
pub fn is_withheld_body(db: &impl Db, sha256: &str) -> Result<bool, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM page_refresh r JOIN parcel_withheld w ON w.parcel_id = r.parcel_id WHERE r.sha256 = ?1)",
    )?;
    Ok(statement.query_row([sha256], |r| r.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::SUBJECT;
    use crate::store::{Reader, Writer};

    #[test]
    fn one_parcel_is_found_without_reading_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.db");
        drop(Writer::open(&path).unwrap());
        let reader = Reader::open(&path).unwrap();
        let mut statement = reader.connection.prepare(&format!("EXPLAIN QUERY PLAN {SUBJECT}")).unwrap();
        let plan: Vec<String> = statement.query_map(["x"], |r| r.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
        // The few suppressions are read; parcels, owners and situs are searched.
        let scans: Vec<&String> = plan
            .iter()
            .filter(|p| p.starts_with("SCAN") && !p.contains("suppression") && *p != "SCAN w LEFT-JOIN")
            .collect();
        assert!(scans.is_empty(), "{plan:?}");
        assert!(plan.iter().all(|p| !p.contains("MATERIALIZE owner_on_roll")), "{plan:?}");
    }
}
