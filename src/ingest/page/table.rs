//! Tables of a page as grids: rows that are the table's own (not those of tables inside its cells), columns counted
//! through colspan and rowspan.

use scraper::ElementRef;

use super::dom;
use super::labels::label_key;

/// Columns counted. The widest assessor table seen has 9.
const COLUMNS_MAX: usize = 500;

/// A cell with the columns it covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell<'a> {
    pub element: ElementRef<'a>,
    pub column: usize,
    pub n_columns: usize,
}

/// The rows of a table.
pub(crate) struct Grid<'a> {
    pub rows: Vec<Vec<Cell<'a>>>,
}

fn span(element: ElementRef<'_>, name: &str) -> usize {
    element.attr(name).and_then(|v| v.trim().parse().ok()).unwrap_or(1).clamp(1, COLUMNS_MAX)
}

/// The grid of a table.
pub(crate) fn grid_of(table: ElementRef<'_>) -> Grid<'_> {
    let mut rows = Vec::new();
    // For each column, how many further rows a cell above still covers.
    let mut covered: Vec<usize> = Vec::new();
    for row in own_rows(table) {
        let mut cells = Vec::new();
        let mut column = 0;
        for element in row.child_elements().filter(|e| matches!(e.value().name(), "td" | "th")) {
            while covered.get(column).is_some_and(|n| *n > 0) {
                column += 1;
            }
            if column >= COLUMNS_MAX {
                break;
            }
            let n_columns = span(element, "colspan").min(COLUMNS_MAX - column);
            let n_rows = span(element, "rowspan");
            if covered.len() < column + n_columns {
                covered.resize(column + n_columns, 0);
            }
            for slot in covered.iter_mut().skip(column).take(n_columns) {
                *slot = n_rows;
            }
            cells.push(Cell { element, column, n_columns });
            column += n_columns;
        }
        for slot in &mut covered {
            *slot = slot.saturating_sub(1);
        }
        rows.push(cells);
    }
    Grid { rows }
}

fn own_rows(table: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    table.child_elements().flat_map(|part| {
        let is_row = part.value().name() == "tr";
        let inner = matches!(part.value().name(), "thead" | "tbody" | "tfoot");
        let rows = part.child_elements().filter(move |e| inner && e.value().name() == "tr");
        is_row.then_some(part).into_iter().chain(rows)
    })
}

impl<'a> Grid<'a> {
    /// Row and position of a cell.
    pub(crate) fn position_of(&self, cell: ElementRef<'a>) -> Option<(usize, usize)> {
        self.rows
            .iter()
            .enumerate()
            .find_map(|(r, cells)| cells.iter().position(|c| c.element.id() == cell.id()).map(|p| (r, p)))
    }

    /// The cell that covers a column of a row.
    pub(crate) fn at(&self, row: usize, column: usize) -> Option<Cell<'a>> {
        self.rows.get(row)?.iter().find(|c| (c.column..c.column + c.n_columns).contains(&column)).copied()
    }

    /// The first row that holds every header, and the column under each. Headers are `A|B` alternatives.
    pub(crate) fn header(&self, headers: &[&str]) -> Option<(usize, Vec<usize>)> {
        self.rows.iter().enumerate().find_map(|(r, cells)| {
            let texts: Vec<(String, usize)> = cells
                .iter()
                .filter_map(|c| Some((label_key(&dom::short_text_of(c.element, 200)?), c.column)))
                .collect();
            let columns = headers.iter().map(|header| {
                let keys: Vec<String> = header.split('|').map(label_key).collect();
                texts.iter().find(|(text, _)| keys.contains(text)).map(|(_, column)| *column)
            });
            Some((r, columns.collect::<Option<Vec<usize>>>()?))
        })
    }

    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.rows.iter().filter_map(|r| r.last()).map(|c| c.column + c.n_columns).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use scraper::{Html, Selector};

    use super::grid_of;
    use crate::ingest::page::dom::text_of;

    #[test]
    fn spans_move_the_columns_and_inner_tables_do_not_count() {
        let html = Html::parse_document(
            "<table><thead><tr><th colspan=7>Deeds</th></tr><tr><th colspan=2>Date<th>Type<th>Price</tr></thead>
             <tr><td>1/2/2020<td><input><td>WD<table><tr><td>inner</table><td>5</tr>
             <tr><td rowspan=2>a<td>b<td>c<td>d</tr><tr><td>e<td>f<td>g</tr></table>",
        );
        let table = html.select(&Selector::parse("table").unwrap()).next().unwrap();
        let grid = grid_of(table);
        assert_eq!(grid.rows.len(), 5);
        assert_eq!(grid.header(&["Price", "TYPE:", "Day|Date"]), Some((1, vec![3, 2, 0])));
        assert_eq!(text_of(grid.at(2, 3).unwrap().element), "5");
        assert_eq!(text_of(grid.at(4, 1).unwrap().element), "e");
        assert!(grid.at(4, 0).is_none());
        assert!(grid.header(&["Price", "Grantor"]).is_none());
    }
}
