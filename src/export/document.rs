//! Text that flows over pages: headings, paragraphs, label and value, tables, pictures. Nothing is drawn over anything else.

use super::page::{self, BLACK, Color, MARGIN, Page, Paper};
use super::picture::Picture;

/// Gray of rules and table heads.
const GRAY: Color = (0.42, 0.42, 0.42);
/// Space between columns of a table.
const GUTTER: f32 = 8.0;
/// Room at the lower edge for the foot.
const FOOT: f32 = 18.0;

/// How a run of text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Size in points.
    pub size: f32,
    /// Helvetica-Bold.
    pub is_bold: bool,
    /// Color.
    pub color: Color,
    /// Left indent in points.
    pub indent: f32,
}

/// Body text.
pub const BODY: Style = Style { size: 9.5, is_bold: false, color: BLACK, indent: 0.0 };
/// Body text in bold.
pub const BOLD: Style = Style { is_bold: true, ..BODY };
/// Remarks under a line.
pub const SMALL: Style = Style { size: 8.0, color: (0.3, 0.3, 0.3), ..BODY };

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Head.
    pub title: &'static str,
    /// Share of the width; shares are added up and divided.
    pub share: f32,
    /// Figures stand at the right.
    pub is_right: bool,
}

/// A document being written.
pub struct Document {
    paper: Paper,
    margin: f32,
    pages: Vec<Page>,
    y: f32,
}

fn leading(size: f32) -> f32 {
    (size * 1.32).ceil()
}

/// Widths of the columns by what stands in them: where everything fits on one line the shares divide what is left; else each
/// column gets its longest word and a part of the rest that grows with the square root of its text, which keeps rows short.
fn column_widths(columns: &[Column], rows: &[Vec<String>], room: f32, size: f32) -> Vec<f32> {
    // One column never takes the whole table for a long word such as a hash.
    let word_max = room * 0.3;
    let mut least = Vec::with_capacity(columns.len());
    let mut natural = Vec::with_capacity(columns.len());
    for (i, column) in columns.iter().enumerate() {
        // Bold runs wider than the widths of the plain face say.
        let title = page::text_width(column.title, size) / 0.92;
        let texts = || rows.iter().filter_map(|row| row.get(i)).flat_map(|cell| cell.lines());
        let word = |text: &str| text.split(' ').map(|w| page::text_width(w, size)).fold(0.0, f32::max);
        let longest_word = texts().map(word).fold(word(column.title) / 0.92, f32::max);
        let longest_text = texts().map(|t| page::text_width(t, size)).fold(title, f32::max);
        // A point more, so that no sum of floats breaks the longest line.
        least.push(longest_word.min(word_max) + 1.0);
        natural.push(longest_text + 1.0);
    }
    let (n_least, n_natural): (f32, f32) = (least.iter().sum(), natural.iter().sum());
    if n_natural <= room {
        let shares: f32 = columns.iter().map(|c| c.share).sum();
        return columns.iter().zip(&natural).map(|(c, n)| n + (room - n_natural) * c.share / shares).collect();
    }
    if n_least >= room {
        return least.iter().map(|l| l * room / n_least).collect();
    }
    let mut widths = least;
    // Each round ends with one more column at its natural width, or with nothing left.
    for _ in 0..=columns.len() {
        let left = room - widths.iter().sum::<f32>();
        let wants: Vec<f32> = widths.iter().zip(&natural).map(|(w, n)| (n - w).max(0.0).sqrt()).collect();
        let n_wants: f32 = wants.iter().sum();
        if left < 0.5 || n_wants <= 0.0 {
            break;
        }
        for ((width, natural), want) in widths.iter_mut().zip(&natural).zip(&wants) {
            *width = (*width + left * want / n_wants).min(natural.max(*width));
        }
    }
    widths
}

impl Document {
    /// An empty document.
    pub fn new(paper: Paper, margin: f32) -> Self {
        Self { paper, margin: margin.max(MARGIN), pages: vec![Page::new(paper)], y: margin }
    }

    fn width(&self) -> f32 {
        self.paper.width - 2.0 * self.margin
    }

    fn bottom(&self) -> f32 {
        self.paper.height - self.margin - FOOT
    }

    fn page(&mut self) -> &mut Page {
        if self.pages.is_empty() {
            self.pages.push(Page::new(self.paper));
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// Starts a new page.
    pub fn break_page(&mut self) {
        self.pages.push(Page::new(self.paper));
        self.y = self.margin;
    }

    /// Makes sure that so many points are left on this page.
    pub fn keep(&mut self, height: f32) {
        if self.y + height > self.bottom() && self.y > self.margin {
            self.break_page();
        }
    }

    /// Leaves space, except at the top of a page.
    pub fn space(&mut self, height: f32) {
        if self.y > self.margin {
            self.y += height;
        }
    }

    fn draw(&mut self, x: f32, style: Style, text: &str) {
        let y = self.y + style.size;
        self.page().text((x, y), style.size, style.is_bold, style.color, text);
    }

    /// A line across the page.
    pub fn rule(&mut self) {
        let (left, right, y) = (self.margin, self.margin + self.width(), self.y + 2.0);
        self.page().line(&[(left, y), (right, y)], 0.6, GRAY);
        self.y += 6.0;
    }

    /// The title of the document.
    pub fn title(&mut self, text: &str) {
        self.paragraph(text, Style { size: 16.0, ..BOLD });
        self.rule();
    }

    /// A heading that stays with what follows.
    pub fn heading(&mut self, text: &str) {
        self.space(8.0);
        self.keep(64.0);
        self.paragraph(text, Style { size: 11.5, ..BOLD });
        self.rule();
    }

    /// Wrapped text; an empty text leaves a half line.
    pub fn paragraph(&mut self, text: &str, style: Style) {
        if text.is_empty() {
            self.space(leading(style.size) / 2.0);
            return;
        }
        for line in page::wrap(text, style.size, self.text_width(style)) {
            self.keep(leading(style.size));
            self.draw(self.margin + style.indent, style, &line);
            self.y += leading(style.size);
        }
    }

    /// Bold runs about a tenth wider than the widths of the plain face say.
    fn text_width(&self, style: Style) -> f32 {
        (self.width() - style.indent) * if style.is_bold { 0.92 } else { 1.0 }
    }

    /// A label in its own column with a wrapped value.
    pub fn pair(&mut self, label: &str, value: &str) {
        const LABEL: f32 = 118.0;
        let lines = page::wrap(value, BODY.size, self.width() - LABEL);
        for (i, line) in lines.iter().enumerate() {
            self.keep(leading(BODY.size));
            if i == 0 {
                self.draw(self.margin, Style { color: GRAY, ..BODY }, label);
            }
            self.draw(self.margin + LABEL, BODY, line);
            self.y += leading(BODY.size);
        }
    }

    /// A text at the left and a figure at the right edge of the same line.
    pub fn amount(&mut self, label: &str, figure: &str, style: Style) {
        let figure_width = page::text_width(figure, style.size) * 1.06;
        let lines = page::wrap(label, style.size, self.text_width(style) - figure_width - GUTTER);
        for (i, line) in lines.iter().enumerate() {
            self.keep(leading(style.size));
            self.draw(self.margin + style.indent, style, line);
            if i == 0 {
                let x = self.margin + self.width() - figure_width;
                self.draw(x, style, figure);
            }
            self.y += leading(style.size);
        }
    }

    /// A table; its head is repeated on every page and no row is torn unless it is longer than a page.
    pub fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) {
        const SIZE: f32 = 8.5;
        let room = self.width() - GUTTER * columns.len().saturating_sub(1) as f32;
        let widths = column_widths(columns, rows, room, SIZE);
        let style = Style { size: SIZE, ..BODY };
        // Bold runs wider than the widths of the plain face say.
        let heads: Vec<Vec<String>> =
            columns.iter().zip(&widths).map(|(c, width)| page::wrap(c.title, SIZE, width * 0.92)).collect();
        let n_head_lines = heads.iter().map(Vec::len).max().unwrap_or(0);
        let head_style = Style { is_bold: true, color: GRAY, ..style };
        let head = |document: &mut Self| {
            for i in 0..n_head_lines {
                document.cells(&heads, i, (columns, &widths), head_style);
            }
            document.rule();
        };
        self.keep(4.0 * leading(SIZE));
        head(self);
        for row in rows {
            let cells: Vec<Vec<String>> =
                row.iter().zip(&widths).map(|(text, width)| page::wrap(text, SIZE, *width)).collect();
            let n_lines = cells.iter().map(Vec::len).max().unwrap_or(0);
            if self.y + n_lines as f32 * leading(SIZE) > self.bottom() && self.y > self.margin {
                self.break_page();
                head(self);
            }
            for i in 0..n_lines {
                if self.y + leading(SIZE) > self.bottom() {
                    self.break_page();
                    head(self);
                }
                self.cells(&cells, i, (columns, &widths), style);
            }
            self.y += 2.0;
        }
    }

    /// Line `i` of every cell of a row.
    fn cells(&mut self, cells: &[Vec<String>], i: usize, (columns, widths): (&[Column], &[f32]), style: Style) {
        let mut x = self.margin;
        for ((cell, width), column) in cells.iter().zip(widths).zip(columns) {
            if let Some(line) = cell.get(i) {
                let bold = if style.is_bold { 1.06 } else { 1.0 };
                let shift = if column.is_right { width - page::text_width(line, style.size) * bold } else { 0.0 };
                self.draw(x + shift.max(0.0), style, line);
            }
            x += width + GUTTER;
        }
        self.y += leading(style.size);
    }

    /// A picture with its caption below, both on one page.
    pub fn picture(&mut self, picture: Picture, height_max: f32, caption: &[String]) {
        let (width, height) = picture.fit(self.width(), height_max);
        let n_lines: usize = caption.iter().map(|c| page::wrap(c, SMALL.size, self.width()).len()).sum();
        self.keep(height + 8.0 + n_lines as f32 * leading(SMALL.size));
        let (left, top) = (self.margin, self.y);
        self.page().picture((left, top), (width, height), picture);
        self.page().outline(left, top, width, height);
        self.y += height + 4.0;
        for line in caption {
            self.paragraph(line, SMALL);
        }
        self.space(10.0);
    }

    /// The pages; `foot` gets the number of a page and of all pages.
    pub fn into_pages(mut self, foot: &dyn Fn(usize, usize) -> String) -> Vec<Page> {
        let n_pages = self.pages.len();
        let y = self.paper.height - self.margin + 4.0;
        for (i, page) in self.pages.iter_mut().enumerate() {
            let text = foot(i + 1, n_pages);
            if !text.is_empty() {
                page.line(&[(self.margin, y - 10.0), (self.paper.width - self.margin, y - 10.0)], 0.4, GRAY);
                page.text((self.margin, y), 7.0, false, GRAY, &text);
            }
        }
        self.pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::page::LETTER;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let columns = ["Day", "Name", "Note", "Empty"].map(|title| Column { title, share: 1.0, is_right: false });
        let row = |note: &str| {
            vec!["2026-07-01".to_owned(), "A LONG NAME OF A COMPANY".to_owned(), note.to_owned(), String::new()]
        };
        let short = column_widths(&columns, &[row("x")], 500.0, 8.5);
        assert!((short.iter().sum::<f32>() - 500.0).abs() < 1.0, "{short:?}");
        let long = column_widths(&columns, &[row(&"word ".repeat(200))], 500.0, 8.5);
        assert!((long.iter().sum::<f32>() - 500.0).abs() < 1.0, "{long:?}");
        let day = page::text_width("2026-07-01", 8.5);
        assert!(long[0] >= day && long[0] < day + 3.0 && long[3] < 40.0, "{long:?}");
        assert!(long[2] > 250.0 && long[1] > page::text_width("COMPANY", 8.5), "{long:?}");
        let hash = column_widths(&columns, &[row(&"f".repeat(64))], 300.0, 8.5);
        assert!(hash.iter().all(|w| *w > 20.0) && hash.iter().sum::<f32>() <= 301.0, "{hash:?}");
    }

    #[test]
    fn a_long_table_repeats_its_head_and_every_page_is_numbered() {
        let mut document = Document::new(LETTER, 54.0);
        document.title("t");
        let columns = [
            Column { title: "Day", share: 1.0, is_right: false },
            Column { title: "Cents", share: 1.0, is_right: true },
        ];
        let rows: Vec<Vec<String>> = (0..150).map(|i| vec![format!("row {i}"), i.to_string()]).collect();
        document.table(&columns, &rows);
        let seen = std::cell::RefCell::new(Vec::new());
        let pages = document.into_pages(&|i, n| {
            seen.borrow_mut().push((i, n));
            format!("page {i} of {n}")
        });
        assert!(pages.len() >= 3, "{}", pages.len());
        assert_eq!(seen.into_inner(), (1..=pages.len()).map(|i| (i, pages.len())).collect::<Vec<_>>());
        let pdf = page::document("t", LETTER, pages);
        let text = String::from_utf8_lossy(&pdf).into_owned();
        assert_eq!(text.matches("(Day)").count(), text.matches("(page ").count());
        assert_eq!(text.matches("(row ").count(), 150);
    }
}
