//! Files of labelled queries: `query_id, address_text, true_parcel_id, in_universe, tier, lon, lat`. One reader for measuring
//! and for learning.

use std::path::Path;

use crate::model::parcel::LonLat;
use crate::pipeline::address_file::{Error, Table, position};

/// A query with its answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Labelled {
    pub(crate) id: String,
    pub(crate) text: String,
    /// Any of these is right, or all together; may be set although the parcel is outside.
    pub(crate) truths: Vec<String>,
    /// False when the label says that the parcel is not in the reference.
    pub(crate) in_universe: bool,
    pub(crate) position: Option<LonLat>,
}

/// The labelled rows of a file, in order; `tier` keeps those whose tier begins so. Unlabelled rows are left out.
///
/// # Errors
/// When the file cannot be read or lacks a column.
pub(crate) fn read(path: &Path, tier: Option<&str>) -> Result<Vec<Labelled>, Error> {
    let mut table = Table::open(path)?;
    let (text, truth) = (table.require("address_text")?, table.require("true_parcel_id")?);
    let tier = tier.map(|wanted| table.require("tier").map(|column| (wanted, column))).transpose()?;
    let [id, in_universe, lon, lat] = ["query_id", "in_universe", "lon", "lat"].map(|name| table.column(name));
    let mut found = Vec::new();
    while let Some((_, row)) = table.next_row()? {
        let Ok(row) = row else { continue };
        let cell = |column: Option<usize>| column.and_then(|c| row.get(c)).unwrap_or("").trim();
        let truths: Vec<String> = cell(Some(truth)).split('|').filter(|t| !t.is_empty()).map(str::to_owned).collect();
        let in_universe = cell(in_universe) != "0";
        let is_wanted = tier.is_none_or(|(wanted, column)| cell(Some(column)).starts_with(wanted));
        if is_wanted && (!truths.is_empty() || !in_universe) {
            let (id, text) = (cell(id).to_owned(), cell(Some(text)).to_owned());
            found.push(Labelled { id, text, truths, in_universe, position: position(cell(lon), cell(lat)) });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn tiers_are_told_apart_and_unlabelled_rows_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("q.csv");
        let rows = "query_id,address_text,true_parcel_id,in_universe,tier,lon,lat\n\
                    1,1 OAK ST,A|B,1,gold,-95,36\n2,2 OAK ST,,0,gold-set,,\n3,3 OAK ST,C,1,spatial,,\n4,4 OAK ST,,,gold,,\n";
        std::fs::write(&path, rows).unwrap();
        let all = read(&path, None).unwrap();
        assert_eq!(all.iter().map(|q| q.id.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
        assert_eq!(
            (all[0].truths.as_slice(), all[0].position.is_some()),
            (&["A".to_owned(), "B".to_owned()][..], true)
        );
        assert!(!all[1].in_universe);
        assert_eq!(read(&path, Some("gold")).unwrap().len(), 2);
        std::fs::write(&path, "address_text,true_parcel_id\n1 OAK ST,A\n").unwrap();
        assert!(read(&path, Some("gold")).unwrap_err().to_string().contains("tier"));
    }
}
