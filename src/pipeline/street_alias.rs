//! Other names of the county's streets, as the city's people know them: imported, listed, retired.

use std::path::Path;

use serde_json::json;

use crate::matching::{AliasHint, Query, alias_hints};
use crate::pipeline::address_file::{Error as FileError, Table};
use crate::pipeline::link::{Error, ask};
use crate::pipeline::reference;
use crate::store::matching::{self, AliasRow};
use crate::store::premises;
use crate::store::{Authorship, Change, Reader, Writer};

/// An alias to add or retire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The street as people write it.
    pub written: String,
    /// The street as the county writes it.
    pub county: String,
}

/// Reads a CSV of aliases: `written, county`.
///
/// # Errors
/// When the file cannot be read, or a row lacks one of the two.
pub fn read(path: &Path) -> Result<Vec<Alias>, Error> {
    let mut table = Table::open(path)?;
    let (written, county) = (table.require("written")?, table.require("county")?);
    let mut found = Vec::new();
    while let Some((row_no, row)) = table.next_row()? {
        let row = row.map_err(|problem| FileError::Row { path: path.to_owned(), problem })?;
        let cell = |column: usize| row.get(column).unwrap_or("").trim().to_ascii_uppercase();
        let alias = Alias { written: cell(written), county: cell(county) };
        for (column, value) in [("written", &alias.written), ("county", &alias.county)] {
            if value.is_empty() {
                return Err(Error::Decision { row_no, column, value: String::new(), expected: "a street" });
            }
        }
        found.push(alias);
    }
    Ok(found)
}

/// Adds or retires aliases and learns the county anew; returns how many changed.
///
/// # Errors
/// When the database cannot be written.
pub fn change(db: &Path, authorship: &Authorship, aliases: &[Alias], retire: bool) -> Result<usize, Error> {
    let mut writer = Writer::open(db)?;
    writer.with(authorship, |tx| -> Result<usize, Error> {
        let mut n_changed = 0;
        for alias in aliases {
            let is_changed = if retire {
                matching::retire_alias(tx, &alias.written, &alias.county)?
            } else {
                matching::add_alias(tx, &alias.written, &alias.county, &authorship.reason)?
            };
            if is_changed {
                n_changed += 1;
                let value = json!({"written": alias.written, "county": alias.county}).to_string();
                let (before, after) = if retire { (Some(value.as_str()), None) } else { (None, Some(value.as_str())) };
                tx.audit(Change {
                    action: if retire { "retire" } else { "add" },
                    entity: "street_alias",
                    entity_id: &alias.written,
                    before_json: before,
                    after_json: after,
                })?;
            }
        }
        if n_changed > 0 {
            reference::store_county(tx)?;
        }
        Ok(n_changed)
    })
}

/// Streets of the premises that the county does not have, with the street of the county that has their house numbers.
///
/// # Errors
/// When the database cannot be read.
pub fn suggest(db: &Path) -> Result<Vec<AliasHint>, Error> {
    let reader = Reader::open(db)?;
    let premises = premises::list(&reader)?;
    let matcher = reference::from_reader(&reader)?;
    Ok(alias_hints(&matcher, premises.iter().map(ask)))
}

/// The same for the texts of a file; `parcels` stands for a county without a database.
///
/// # Errors
/// When the files cannot be read.
pub fn suggest_for_file(
    db: &Path,
    parcels: Option<&Path>,
    input: &Path,
    column: &str,
) -> Result<Vec<AliasHint>, Error> {
    let matcher = parcels
        .map_or_else(|| reference::from_database(db), |path| reference::from_csv(path, reference::Wanted::default()))?;
    let mut table = Table::open(input)?;
    let at = table.require(column)?;
    let mut texts = Vec::new();
    while let Some((_, row)) = table.next_row()? {
        texts.extend(row.ok().and_then(|row| row.get(at).map(str::to_owned)));
    }
    Ok(alias_hints(&matcher, texts.iter().map(|text| Query { address_text: text, ..Query::default() })))
}

/// The aliases in force.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &Path) -> Result<Vec<AliasRow>, Error> {
    Ok(matching::aliases(&Reader::open(db)?)?)
}
