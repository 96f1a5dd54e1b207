//! From a rule to the elements it means: by label, by selector, or by column of a table.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use scraper::{ElementRef, Html};

use super::dom;
use super::error::Error;
use super::labels::{CELLS, LABEL_CHARS_MAX, Labels, cells_beginning_with};
use super::profile::{Css, Move, RowPick, TableRule, Take};
use super::table::{Grid, grid_of};

/// What a rule found at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub lines: Vec<String>,
    pub path: String,
}

/// A cell of a table's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowCell {
    pub column: String,
    pub text: String,
    pub path: String,
}

/// The rows of a named table.
pub(crate) type Rows = Vec<Vec<RowCell>>;

/// Why a table gives no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTable {
    /// No table has these headers.
    Missing,
    /// Several have.
    Several(usize),
    /// It has more rows than a parcel can have.
    TooLong,
}

/// A page with its labels indexed and its tables read.
pub(crate) struct Page<'a> {
    pub html: &'a Html,
    pub labels: Labels<'a>,
    tables: BTreeMap<String, Result<Rows, NoTable>>,
    /// The grid made last, and of which table: a label that stands in every row asks for the same one each time.
    grid: RefCell<Option<(ElementRef<'a>, Rc<Grid<'a>>)>>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(html: &'a Html, rules: &BTreeMap<String, TableRule>) -> Self {
        let tables = rules.iter().map(|(name, rule)| (name.clone(), rows_of(html, rule))).collect();
        Self { html, labels: Labels::of(html), tables, grid: RefCell::default() }
    }

    fn grid(&self, table: ElementRef<'a>) -> Rc<Grid<'a>> {
        let mut last = self.grid.borrow_mut();
        match last.as_ref() {
            Some((of, grid)) if of.id() == table.id() => Rc::clone(grid),
            Some(_) | None => {
                let grid = Rc::new(grid_of(table));
                *last = Some((table, Rc::clone(&grid)));
                grid
            }
        }
    }

    pub(crate) fn table(&self, name: &str) -> Result<&Rows, NoTable> {
        match self.tables.get(name) {
            Some(Ok(rows)) => Ok(rows),
            Some(Err(why)) => Err(*why),
            None => Err(NoTable::Missing),
        }
    }

    /// Everything the rule finds.
    pub(crate) fn locate(&self, take: &Take) -> Vec<Hit> {
        match (&take.label, &take.css, &take.table) {
            (Some(label), _, _) => self.by_label(take, label),
            (None, Some(css), _) => self.by_css(take, css),
            (None, None, Some(table)) => self.by_table(take, table),
            (None, None, None) => Vec::new(),
        }
    }

    fn by_label(&self, take: &Take, label: &str) -> Vec<Hit> {
        if take.value == [Move::Same] {
            let cells = cells_beginning_with(self.html, label, false);
            let inside = cells.into_iter().filter(|(cell, _)| is_inside(self.html, *cell, take.inside.as_ref()));
            return inside.map(|(cell, rest)| Hit { lines: vec![rest], path: dom::path_of(cell) }).collect();
        }
        let labels = self.labels.find(label).into_iter();
        labels
            .filter(|l| is_inside(self.html, *l, take.inside.as_ref()))
            .filter_map(|l| self.follow(l, if take.value.is_empty() { &[Move::Next] } else { &take.value }))
            .take(HITS_MAX)
            .collect()
    }

    fn by_css(&self, take: &Take, css: &Css) -> Vec<Hit> {
        let found = self.html.select(&css.selector).filter(|e| is_inside(self.html, *e, take.inside.as_ref()));
        let hits = found.filter_map(|element| {
            let lines = match &take.attr {
                Some(attr) => vec![dom::one_line(element.attr(attr)?)],
                None => dom::lines_of(element),
            };
            Some(Hit { lines, path: dom::path_of(element) })
        });
        let hits = hits.take(HITS_MAX);
        if !take.all {
            return hits.collect();
        }
        let whole = hits.reduce(|mut whole, hit| {
            whole.lines.extend(hit.lines);
            whole.path = format!("{}, {}", whole.path, hit.path);
            whole
        });
        whole.into_iter().collect()
    }

    fn by_table(&self, take: &Take, table: &str) -> Vec<Hit> {
        let Ok(rows) = self.table(table) else { return Vec::new() };
        let row = match take.row {
            RowPick::First => rows.first(),
            RowPick::Last => rows.last(),
        };
        let Some(row) = row else {
            // The table is there and empty: that is an answer.
            return vec![Hit { lines: Vec::new(), path: format!("table {table}, no rows") }];
        };
        let cell = row.iter().find(|c| Some(&c.column) == take.column.as_ref());
        cell.map(|c| Hit { lines: vec![c.text.clone()], path: c.path.clone() }).into_iter().collect()
    }
}

pub(crate) fn is_inside(html: &Html, element: ElementRef<'_>, scope: Option<&Css>) -> bool {
    let Some(scope) = scope else { return true };
    html.select(&scope.selector).any(|s| s.id() == element.id() || element.ancestors().any(|a| a.id() == s.id()))
}

/// Hits of one rule that are looked at: two different ones are an error already.
const HITS_MAX: usize = 100;

/// Rows read of one table. The longest deed history seen has 40.
const ROWS_MAX: usize = 1_000;

const TABLE_CELLS: &[&str] = &["td", "th"];

impl<'a> Page<'a> {
    /// Walks from a label to its value.
    fn follow(&self, label: ElementRef<'a>, moves: &[Move]) -> Option<Hit> {
        let mut here = label;
        for step in moves {
            here = match step {
                Move::Next => next_of(here)?,
                Move::Below => self.below(here)?,
                Move::Same => dom::nearest(here, TABLE_CELLS)?,
                Move::RowsBelow => return self.rows_below(here),
                Move::Rest => return rest_of(here),
            };
        }
        // Several owners, or the lines of an address, may each have a `dd`.
        if here.value().name() == "dd" && moves.last() == Some(&Move::Next) {
            let all = here.next_siblings().filter_map(ElementRef::wrap).take_while(|e| e.value().name() == "dd");
            let lines = std::iter::once(here).chain(all).flat_map(dom::lines_of).collect();
            return Some(Hit { lines, path: dom::path_of(here) });
        }
        Some(Hit { lines: dom::lines_of(here), path: dom::path_of(here) })
    }

    fn below(&self, here: ElementRef<'a>) -> Option<ElementRef<'a>> {
        let at = self.place_of(here)?;
        at.grid.at(at.row + 1, at.column).map(|c| c.element)
    }

    fn rows_below(&self, here: ElementRef<'a>) -> Option<Hit> {
        let Place { table, grid, row, column } = self.place_of(here)?;
        let cells = (row + 1..grid.rows.len()).take(ROWS_MAX).filter_map(|r| grid.at(r, column));
        let lines: Vec<String> = cells.flat_map(|c| dom::lines_of(c.element)).collect();
        Some(Hit { lines, path: dom::path_of(table) })
    }

    /// Where the cell around an element stands.
    fn place_of(&self, here: ElementRef<'a>) -> Option<Place<'a>> {
        let cell = dom::nearest(here, TABLE_CELLS)?;
        let table = dom::nearest(cell, &["table"])?;
        let grid = self.grid(table);
        let (row, position) = grid.position_of(cell)?;
        let column = grid.rows.get(row)?.get(position)?.column;
        Some(Place { table, grid, row, column })
    }
}

/// Row and column of a cell of a table.
struct Place<'a> {
    table: ElementRef<'a>,
    grid: Rc<Grid<'a>>,
    row: usize,
    column: usize,
}

/// What stands behind a label inside the element around it, up to the next label: `<b>Owner:</b> A<br>B<br><b>Situs:</b>`.
fn rest_of(label: ElementRef<'_>) -> Option<Hit> {
    if CELLS.contains(&label.value().name()) {
        return None;
    }
    let parent = label.parent().and_then(ElementRef::wrap)?;
    let is_end = |e: ElementRef<'_>| is_next_label(label, e);
    let nodes = label.next_siblings().take_while(|n| !ElementRef::wrap(*n).is_some_and(is_end));
    let mut lines = dom::lines_among(nodes.flat_map(|n| n.descendants()), parent);
    if let Some(first) = lines.first_mut() {
        *first = first.trim_start_matches([':', ' ']).to_owned();
    }
    lines.retain(|l| !l.is_empty());
    Some(Hit { lines, path: dom::path_of(parent) })
}

/// Whether an element behind a label is another label: it ends with a colon, or looks like the first one.
fn is_next_label(label: ElementRef<'_>, other: ElementRef<'_>) -> bool {
    const MARKS: &[&str] = &["b", "strong", "label", "em", "i", "u"];
    const ENDS: &[&str] = &["hr", "table", "h1", "h2", "h3", "h4", "h5", "h6"];
    let (name, class) = (other.value().name(), label.attr("class"));
    let is_alike =
        name == label.value().name() && (MARKS.contains(&name) || (class.is_some() && class == other.attr("class")));
    ENDS.contains(&name)
        || is_alike
        || dom::short_text_of(other, LABEL_CHARS_MAX).is_some_and(|t| t.trim_end().ends_with(':'))
}

fn next_of(here: ElementRef<'_>) -> Option<ElementRef<'_>> {
    let is_hidden = |e: ElementRef<'_>| e.attr("type").is_some_and(|t| t.eq_ignore_ascii_case("hidden"));
    let mut next = dom::next_element(here)?;
    while matches!(next.value().name(), "br" | "hr" | "img" | "script") || is_hidden(next) {
        next = dom::next_element(next)?;
    }
    Some(next)
}

/// Rows of the one table that has all the headers.
fn rows_of(html: &Html, rule: &TableRule) -> Result<Rows, NoTable> {
    let headers: Vec<&str> = rule.columns.values().map(String::as_str).collect();
    let mut found: Vec<(Grid<'_>, usize, Vec<usize>)> = Vec::new();
    for table in html.tree.nodes().filter_map(ElementRef::wrap).filter(|e| e.value().name() == "table") {
        if !is_inside(html, table, rule.inside.as_ref()) {
            continue;
        }
        let grid = grid_of(table);
        if let Some((row, columns)) = grid.header(&headers) {
            found.push((grid, row, columns));
        }
    }
    let n_found = found.len();
    let (Some((grid, header, columns)), 1) = (found.pop(), n_found) else {
        return Err(if n_found == 0 { NoTable::Missing } else { NoTable::Several(n_found) });
    };
    let names: Vec<&String> = rule.columns.keys().collect();
    let width = grid.width();
    let mut rows = Vec::new();
    for (r, cells) in grid.rows.iter().enumerate().skip(header + 1) {
        if rows.len() == ROWS_MAX {
            return Err(NoTable::TooLong);
        }
        // One cell over the whole width is a remark: "No deeds on file".
        if cells.len() < 2 && cells.first().is_none_or(|c| c.n_columns >= width || width > 2) {
            continue;
        }
        let row: Vec<RowCell> = names
            .iter()
            .zip(&columns)
            .filter_map(|(name, column)| {
                let cell = grid.at(r, *column)?;
                let (text, path) = (dom::text_of(cell.element), dom::path_of(cell.element));
                Some(RowCell { column: (*name).clone(), text, path })
            })
            .collect();
        if row.iter().any(|c| !c.text.is_empty()) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The one value of several hits: equal ones count as one, empty ones give way.
pub(crate) fn only(mut hits: Vec<Hit>) -> Result<Option<Hit>, usize> {
    let is_full = |h: &Hit| h.lines.iter().any(|l| !l.is_empty());
    if hits.iter().any(is_full) {
        hits.retain(is_full);
    }
    let mut different: Vec<&[String]> = hits.iter().map(|h| h.lines.as_slice()).collect();
    different.sort_unstable();
    different.dedup();
    if different.len() > 1 {
        return Err(different.len());
    }
    Ok(hits.into_iter().next())
}

/// A missing table as an error of the page.
pub(crate) fn table_error(why: NoTable, profile: &str, table: &str, page: &str) -> Error {
    let (profile, field, page) = (profile.to_owned(), format!("tables.{table}"), page.to_owned());
    let rule = "the table with these headers".to_owned();
    match why {
        NoTable::Missing => Error::NothingFound { profile, field, rule, page },
        NoTable::Several(n) => Error::Ambiguous { profile, field, rule, n, page },
        NoTable::TooLong => {
            Error::TooLarge { page, what: format!("more rows in table {table} of profile {profile}"), limit: ROWS_MAX }
        }
    }
}
