//! Parties of a case, and what the roll and the billing file say of them. A withheld owner never leaves this file.

use rusqlite::params;

use super::cases::CaseRow;
use super::ownership::WITHHELD;
use super::view::Db;
use super::{Change, Error, Tx};

/// A party of a case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the fields are the columns of case_party")]
pub struct PartyRow {
    pub role: String,
    pub name: String,
    pub mailing: Option<String>,
    pub basis: String,
    pub is_liable: bool,
    pub liability_basis: String,
    pub is_innocent_successor: bool,
}

/// Adds or replaces a party of a role and name. The name of a withheld owner is not copied into the case.
///
/// # Errors
/// When the database cannot be written.
pub fn put(tx: &mut Tx<'_>, case: &CaseRow, party: &PartyRow) -> Result<(), Error> {
    tx.tx.execute(
        "INSERT INTO case_party (case_id, role, name, mailing, basis, is_liable, liability_basis, is_innocent_successor)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (case_id, role, name) DO UPDATE SET mailing = COALESCE(excluded.mailing, mailing), basis = excluded.basis,
            is_liable = excluded.is_liable, liability_basis = excluded.liability_basis,
            is_innocent_successor = excluded.is_innocent_successor",
        params![
            case.case_id,
            party.role,
            party.name,
            party.mailing,
            party.basis,
            party.is_liable,
            party.liability_basis,
            party.is_innocent_successor
        ],
    )?;
    let after = serde_json::json!({ "role": party.role, "name": party.name, "basis": party.basis,
        "is_liable": party.is_liable, "liability_basis": party.liability_basis,
        "is_innocent_successor": party.is_innocent_successor })
    .to_string();
    tx.audit(Change {
        action: "party",
        entity: "case_file",
        entity_id: &case.case_no,
        before_json: None,
        after_json: Some(&after),
    })
}

/// Takes a party out of a case; false when it is not there.
///
/// # Errors
/// When the database cannot be written.
pub fn remove(tx: &mut Tx<'_>, case: &CaseRow, role: &str, name: &str) -> Result<bool, Error> {
    let n = tx.tx.execute(
        "DELETE FROM case_party WHERE case_id = ?1 AND role = ?2 AND name = ?3",
        params![case.case_id, role, name],
    )?;
    let before = serde_json::json!({ "role": role, "name": name }).to_string();
    tx.audit(Change {
        action: "party removed",
        entity: "case_file",
        entity_id: &case.case_no,
        before_json: Some(&before),
        after_json: None,
    })?;
    Ok(n == 1)
}

/// Parties of a case, by role. Where the owner of the case's parcel is withheld by law, only agents and contractors are named.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &impl Db, case_id: i64) -> Result<Vec<PartyRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT y.role, y.name, y.mailing, y.basis, y.is_liable, y.liability_basis, y.is_innocent_successor,
                w.parcel_id IS NOT NULL AND y.role NOT IN ('agent', 'contractor')
         FROM case_party y
         JOIN case_file c ON c.case_id = y.case_id
         LEFT JOIN parcel_withheld w ON w.parcel_id = c.parcel_id
         WHERE y.case_id = ?1 ORDER BY y.role, y.case_party_id",
    )?;
    let rows = statement.query_map([case_id], |r| {
        let is_withheld: bool = r.get(7)?;
        let row = PartyRow {
            role: r.get(0)?,
            name: r.get(1)?,
            mailing: r.get(2)?,
            basis: r.get(3)?,
            is_liable: r.get(4)?,
            liability_basis: r.get(5)?,
            is_innocent_successor: r.get(6)?,
        };
        Ok(if is_withheld { PartyRow { name: WITHHELD.to_owned(), mailing: None, ..row } } else { row })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether the owner of the case's parcel is withheld by law.
///
/// # Errors
/// When the database cannot be read.
pub fn is_withheld(db: &impl Db, case: &CaseRow) -> Result<bool, Error> {
    let mut statement =
        db.connection().prepare_cached("SELECT EXISTS (SELECT 1 FROM parcel_withheld WHERE parcel_id = ?1)")?;
    Ok(statement.query_row([case.parcel_id], |r| r.get(0))?)
}

/// The newest mailing address that the roll gives for an owner line of a parcel, in lines; `None` when withheld or unknown.
///
/// # Errors
/// When the database cannot be read.
pub fn mailing_of(db: &impl Db, parcel_id: i64, owner_line: &str) -> Result<Option<String>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT m.lines, COALESCE(m.city, ''), COALESCE(m.state, ''), COALESCE(m.zip, '')
         FROM ownership_interval i
         JOIN owner_line o ON o.owner_line_id = i.owner_line_id
         JOIN mailing_address m ON m.mailing_address_id = i.mailing_address_id
         WHERE i.parcel_id = ?1 AND o.owner_text = ?2 AND i.retracted_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM parcel_withheld w WHERE w.parcel_id = i.parcel_id)
         ORDER BY i.last_seen DESC, i.ownership_interval_id DESC LIMIT 1",
    )?;
    let mut rows = statement.query(params![parcel_id, owner_line])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (lines, city, state, zip): (String, String, String, String) =
        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    Ok(Some(mailing_lines(&lines, (&city, &state, &zip))))
}

/// Address lines as an envelope has them: the lines of the roll, then `CITY ST ZIP`, unless the lines already end with it.
fn mailing_lines(lines: &str, (city, state, zip): (&str, &str, &str)) -> String {
    let mut all: Vec<String> =
        lines.split(['\t', '\n']).map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect();
    let place = [city, state, zip].iter().filter(|t| !t.is_empty()).copied().collect::<Vec<_>>().join(" ");
    if !place.is_empty() && all.last().is_none_or(|last| !last.ends_with(&place)) {
        all.push(place);
    }
    all.join("\n")
}

/// An account of a premise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the columns of account")]
pub struct HolderRow {
    pub account_no: String,
    pub status: String,
    pub holder_name: String,
    pub mailing: Option<String>,
    pub opened_on: Option<String>,
    pub closed_on: Option<String>,
    pub service_address: String,
}

/// Holders of the premise's water accounts that were open on a day; without one, the holder of the account that closed last.
///
/// # Errors
/// When the database cannot be read.
pub fn holders_on(db: &impl Db, premise_id: i64, day: &str) -> Result<Vec<HolderRow>, Error> {
    let mut statement = db.connection().prepare_cached(
        "SELECT a.account_no, a.status, a.holder_name, a.mailing_address, a.opened_on, a.closed_on,
                p.service_address || RTRIM(CHAR(10) || TRIM(COALESCE(p.service_city, '') || ' ' || COALESCE(p.service_zip, '')), CHAR(10)),
                COALESCE(a.opened_on, '') <= ?2 AND COALESCE(a.closed_on, '9999') > ?2 AS is_open
         FROM account a JOIN premise p ON p.premise_id = a.premise_id
         WHERE a.premise_id = ?1 AND a.service_kind = 'water' AND a.holder_name IS NOT NULL
           AND COALESCE(a.opened_on, '') <= ?2
         ORDER BY is_open DESC, a.closed_on DESC, a.account_no",
    )?;
    let rows = statement.query_map(params![premise_id, day], |r| {
        let row = HolderRow {
            account_no: r.get(0)?,
            status: r.get(1)?,
            holder_name: r.get(2)?,
            mailing: r.get(3)?,
            opened_on: r.get(4)?,
            closed_on: r.get(5)?,
            service_address: r.get(6)?,
        };
        Ok((row, r.get::<_, bool>(7)?))
    })?;
    let all: Vec<(HolderRow, bool)> = rows.collect::<Result<_, _>>()?;
    let is_any_open = all.iter().any(|(_, is_open)| *is_open);
    let n_shown = if is_any_open { all.len() } else { 1 };
    Ok(all.into_iter().filter(|(_, is_open)| *is_open == is_any_open).take(n_shown).map(|(row, _)| row).collect())
}

#[cfg(test)]
mod tests {
    use super::mailing_lines;

    #[test]
    fn an_envelope_has_its_place_once() {
        let of = |lines, place| mailing_lines(lines, place);
        assert_eq!(of("9 ELM ST", ("TOWN", "OK", "74000")), "9 ELM ST\nTOWN OK 74000");
        assert_eq!(of("C/O A\t9 ELM ST\tTOWN OK 74000", ("TOWN", "OK", "74000")), "C/O A\n9 ELM ST\nTOWN OK 74000");
        assert_eq!(of("PO BOX 1", ("", "", "")), "PO BOX 1");
    }
}
