//! `import inspect` on the headers of some forty counties and billing systems.

use std::collections::BTreeMap;
use std::fmt::Write;

use taptrace::ingest::inspect::inspect;
use taptrace::ingest::source::OpenOptions;
use taptrace::model::snapshot::SourceKind;

const CORPUS: &str = include_str!("../corpus/file_headers.tsv");
const N_ROWS: usize = 12;

struct Column<'a> {
    header: &'a str,
    values: Vec<&'a str>,
    /// Field, and the place of the column among the field's.
    wanted: Vec<(&'a str, usize)>,
}

fn blocks() -> BTreeMap<&'static str, Vec<Column<'static>>> {
    let mut blocks: BTreeMap<&str, Vec<Column<'_>>> = BTreeMap::new();
    for line in CORPUS.lines().filter(|l| !l.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let wanted = cells[3].split(',').filter(|w| !w.is_empty());
        let wanted = wanted.map(|w| w.rsplit_once('.').map(|(f, n)| (f, n.parse().unwrap())).unwrap()).collect();
        let column = Column { header: cells[1], values: cells[2].split('|').collect(), wanted };
        blocks.entry(cells[0]).or_default().push(column);
    }
    blocks
}

fn kind_of(word: &str) -> SourceKind {
    let kinds = [SourceKind::Roll, SourceKind::Accounts, SourceKind::Taps, SourceKind::Reads, SourceKind::Deeds];
    kinds.into_iter().find(|k| k.as_str() == word).unwrap()
}

fn csv_of(columns: &[Column<'_>]) -> String {
    let mut csv = columns.iter().map(|c| format!("\"{}\"", c.header)).collect::<Vec<_>>().join(",");
    for row in 0..N_ROWS {
        let cells = columns.iter().map(|c| c.values[row % c.values.len()].replace("{n}", &(100 + 7 * row).to_string()));
        let _ = write!(csv, "\n{}", cells.map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(","));
    }
    csv
}

#[test]
fn fields_are_found_by_the_words_of_headers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("county.csv");
    let (mut n_fields, mut wrong, mut mistaken) = (0, Vec::new(), Vec::new());
    for (block, columns) in blocks() {
        std::fs::write(&path, csv_of(&columns)).unwrap();
        let kind = kind_of(block.rsplit_once('/').unwrap().1);
        let found = inspect(&path, &OpenOptions::default(), Some(kind)).unwrap();
        let guessed = inspect(&path, &OpenOptions::default(), None).unwrap().kind;
        if guessed != kind {
            mistaken.push(format!("{block}: {guessed:?}"));
        }
        let mut wanted: BTreeMap<&str, BTreeMap<usize, &str>> = BTreeMap::new();
        for column in &columns {
            for (field, place) in &column.wanted {
                wanted.entry(*field).or_default().insert(*place, column.header);
            }
        }
        for (field, headers) in wanted {
            n_fields += 1;
            let headers: Vec<&str> = headers.into_values().collect();
            let is_filled = |h: &&str| found.columns.iter().any(|c| c.name == *h && c.n_filled > 0);
            let proposed = found.proposals.iter().find(|(f, _)| *f == field).map(|(_, h)| h.clone());
            let part = found.parts.iter().find(|p| p.field == field).map(|p| vec![p.header.clone()]);
            let got = proposed.or(part).unwrap_or_default();
            let got: Vec<&str> = got.iter().map(String::as_str).filter(is_filled).collect();
            if got != headers {
                wrong.push(format!("{block}: {field} wants {headers:?}, got {got:?}"));
            }
        }
    }
    // Left: a city without a ZIP in one column with its state, `S_DATE`, `S_AMT`, a second line of an account's letter.
    assert!(n_fields >= 410 && wrong.len() <= 4, "{} of {n_fields} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(mistaken.len() <= 2, "{mistaken:?}");
}

#[test]
fn owners_under_a_name_that_nobody_knows_are_left_to_a_person() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let rows: String = (1..=20).map(|n| format!("{n:05},PLINK ORA {n},{n} ELM ST,TEXT\n")).collect();
    std::fs::write(&path, format!("PIN,Quux,Zork,Kind\n{rows}")).unwrap();
    let found = inspect(&path, &OpenOptions::default(), None).unwrap();
    let asked: Vec<(&str, bool, bool)> =
        found.undecided.iter().map(|(f, c)| (*f, c.contains("Quux"), c.contains("Zork"))).collect();
    assert_eq!(asked, [("owner_lines", true, false), ("situs_address", false, true)]);
    // Shapes and numbers alone leave nothing to decide.
    std::fs::write(&path, "PIN,Acres\n1,2.5\n2,3.5\n").unwrap();
    assert!(inspect(&path, &OpenOptions::default(), None).unwrap().undecided.is_empty());
    // A billing file whose only addresses stand under a name of its own.
    std::fs::write(&path, format!("account_no,Quux,Zork,Kind\n{rows}")).unwrap();
    let found = inspect(&path, &OpenOptions::default(), Some(SourceKind::Accounts)).unwrap();
    assert!(found.proposals.contains(&("service_address", vec!["Zork".to_owned()])), "{:?}", found.proposals);
}
