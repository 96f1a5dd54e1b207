//! Pages of text and lines as PDF: base-14 Helvetica, so that no font is shipped and the bytes are the same everywhere.
//!
//! These fonts have the letters of Western Europe (Windows-1252). Others are spelled with them, as a clerk would: an unreadable
//! name on a sheet helps nobody, and a font that has them all is larger than the program.

use std::borrow::Cow;
use std::io::Write as _;

use pdf_writer::{Content, Filter, Name, Pdf, Rect, Ref, Str};

use super::picture::Picture;

/// Advance widths of Helvetica for the characters 32 to 126, thousandths of the size (Adobe AFM).
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// The same of Helvetica-Bold.
const WIDTHS_BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584,
];

/// Paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paper {
    /// Width in points.
    pub width: f32,
    /// Height in points.
    pub height: f32,
}

/// US Letter.
pub const LETTER: Paper = Paper { width: 612.0, height: 792.0 };
/// ISO A4.
pub const A4: Paper = Paper { width: 595.0, height: 842.0 };
/// White border in points; printers need 18.
pub const MARGIN: f32 = 40.0;

/// A color as red, green, blue between 0 and 1.
pub type Color = (f32, f32, f32);
/// Black.
pub const BLACK: Color = (0.0, 0.0, 0.0);
/// Red, for tickets that run out; always with words beside it.
pub const RED: Color = (0.8, 0.0, 0.0);

/// Width of a text in points.
pub fn text_width(text: &str, size: f32) -> f32 {
    width_in(&WIDTHS, text, size)
}

/// Width of a bold text in points.
pub fn bold_width(text: &str, size: f32) -> f32 {
    width_in(&WIDTHS_BOLD, text, size)
}

fn width_in(widths: &[u16; 95], text: &str, size: f32) -> f32 {
    let units: u32 = spelled(text)
        .chars()
        .map(|c| u32::from(c).checked_sub(32).and_then(|i| widths.get(i as usize)).map_or(556, |w| u32::from(*w)))
        .sum();
    units as f32 * size / 1000.0
}

/// A text cut to a width, with `...` where something was cut; for titles and table cells.
pub fn fit(text: &str, size: f32, bold: bool, width: f32) -> String {
    let text: &str = &spelled(text);
    let width_of = |t: &str| if bold { bold_width(t, size) } else { text_width(t, size) };
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut cut: String = text.to_owned();
    while cut.pop().is_some() {
        let shown = format!("{}...", cut.trim_end());
        if width_of(&shown) <= width {
            return shown;
        }
    }
    String::new()
}

/// Breaks a text into lines of at most `width` points; a word longer than a line is cut.
pub fn wrap(text: &str, size: f32, width: f32) -> Vec<String> {
    wrap_in(text, width, &|t| text_width(t, size))
}

/// The same for bold text.
pub fn wrap_bold(text: &str, size: f32, width: f32) -> Vec<String> {
    wrap_in(text, width, &|t| bold_width(t, size))
}

fn wrap_in(text: &str, width: f32, width_of: &dyn Fn(&str) -> f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in spelled(text).split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let mut word = word.to_owned();
            while width_of(&word) > width {
                let mut head = String::new();
                while let Some(c) =
                    word.chars().next().filter(|c| head.is_empty() || width_of(&format!("{head}{c}")) <= width)
                {
                    head.push(c);
                    word.remove(0);
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                lines.push(head);
            }
            let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
            if width_of(&longer) > width {
                lines.push(std::mem::replace(&mut line, word));
            } else {
                line = longer;
            }
        }
        lines.push(line);
    }
    lines
}

/// A page being drawn; y runs down from the upper edge.
pub struct Page {
    content: Content,
    paper: Paper,
    pictures: Vec<Picture>,
}

impl Page {
    /// An empty page.
    pub fn new(paper: Paper) -> Self {
        Self { content: Content::new(), paper, pictures: Vec::new() }
    }

    /// Writes one line; `bold` takes Helvetica-Bold.
    #[allow(clippy::too_many_arguments, reason = "the pen of a drawing: place, size, weight, color, text")]
    pub fn text(&mut self, at: (f32, f32), size: f32, bold: bool, color: Color, text: &str) {
        let bytes = encoded(text);
        self.content.set_fill_rgb(color.0, color.1, color.2);
        self.content.begin_text();
        self.content.set_font(Name(if bold { b"B" } else { b"R" }), size);
        self.content.next_line(at.0, self.paper.height - at.1);
        self.content.show(Str(&bytes));
        self.content.end_text();
    }

    /// Writes one line turned by an angle (counter-clockwise), its middle at `at`.
    #[allow(clippy::too_many_arguments, reason = "the pen of a drawing: place, angle, size, color, text")]
    pub fn text_turned(&mut self, at: (f32, f32), angle_deg: f32, size: f32, color: Color, text: &str) {
        let bytes = encoded(text);
        let (sin, cos) = angle_deg.to_radians().sin_cos();
        let (back, down) = (text_width(text, size) / 2.0, size * 0.36);
        let (x, y) = (at.0, self.paper.height - at.1);
        let origin = (x - back * cos + down * sin, y - back * sin - down * cos);
        self.content.set_fill_rgb(color.0, color.1, color.2);
        self.content.begin_text();
        self.content.set_font(Name(b"R"), size);
        self.content.set_text_matrix([cos, sin, -sin, cos, origin.0, origin.1]);
        self.content.show(Str(&bytes));
        self.content.end_text();
    }

    /// From here on nothing is drawn outside the rectangle, until [`Page::end_window`].
    pub fn begin_window(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.content.save_state();
        self.content.rect(x, self.paper.height - y - height, width, height);
        self.content.clip_nonzero();
        self.content.end_path();
    }

    /// Ends [`Page::begin_window`].
    pub fn end_window(&mut self) {
        self.content.restore_state();
    }

    /// Fills many rectangles with one color.
    pub fn fill_all(&mut self, rectangles: &[(f32, f32, f32, f32)], color: Color) {
        self.content.set_fill_rgb(color.0, color.1, color.2);
        for (x, y, width, height) in rectangles {
            self.content.rect(*x, self.paper.height - y - height, *width, *height);
        }
        if !rectangles.is_empty() {
            self.content.fill_nonzero();
        }
    }

    /// Fills a closed shape.
    pub fn fill_shape(&mut self, points: &[(f32, f32)], color: Color) {
        self.content.set_fill_rgb(color.0, color.1, color.2);
        for (i, (x, y)) in points.iter().enumerate() {
            if i == 0 {
                self.content.move_to(*x, self.paper.height - y);
            } else {
                self.content.line_to(*x, self.paper.height - y);
            }
        }
        self.content.close_path();
        self.content.fill_nonzero();
    }

    /// Lines from here on are dashed, or solid again.
    pub fn dashes(&mut self, on: bool) {
        if on {
            self.content.set_dash_pattern([2.0, 2.0], 0.0);
        } else {
            self.content.set_dash_pattern([], 0.0);
        }
    }

    /// Draws the outline of a rectangle.
    pub fn outline(&mut self, x: f32, y: f32, width: f32, height: f32) {
        self.content.set_stroke_rgb(0.3, 0.3, 0.3);
        self.content.set_line_width(0.6);
        self.content.rect(x, self.paper.height - y - height, width, height);
        self.content.stroke();
    }

    /// Fills a rectangle.
    #[allow(clippy::too_many_arguments, reason = "a rectangle and its color")]
    pub fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, color: Color) {
        self.content.set_fill_rgb(color.0, color.1, color.2);
        self.content.rect(x, self.paper.height - y - height, width, height);
        self.content.fill_nonzero();
    }

    /// Draws a line through points.
    pub fn line(&mut self, points: &[(f32, f32)], width: f32, color: Color) {
        self.content.set_stroke_rgb(color.0, color.1, color.2);
        self.content.set_line_width(width);
        for (i, (x, y)) in points.iter().enumerate() {
            if i == 0 {
                self.content.move_to(*x, self.paper.height - y);
            } else {
                self.content.line_to(*x, self.paper.height - y);
            }
        }
        self.content.stroke();
    }
}

/// Name of a picture in the resources of its page.
fn picture_name(i: usize) -> String {
    format!("P{i}")
}

impl Page {
    /// Draws a picture upright with its upper left corner at `at`, `size` wide and high.
    pub fn picture(&mut self, at: (f32, f32), size: (f32, f32), picture: Picture) {
        let (x, y) = (at.0, self.paper.height - at.1 - size.1);
        let [a, b, c, d, e, f] = picture.upright_matrix();
        self.content.save_state();
        self.content.transform([size.0, 0.0, 0.0, size.1, x, y]);
        self.content.transform([a, b, c, d, e, f]);
        self.content.x_object(Name(picture_name(self.pictures.len()).as_bytes()));
        self.content.restore_state();
        self.pictures.push(picture);
    }
}

/// Characters of Windows-1252 that are not at their Unicode place: dashes, quotes, ligatures, letters of the Baltic and the Balkans.
const DISPLACED: [(char, u8); 27] = [
    ('\u{20AC}', 0x80),
    ('\u{201A}', 0x82),
    ('\u{0192}', 0x83),
    ('\u{201E}', 0x84),
    ('\u{2026}', 0x85),
    ('\u{2020}', 0x86),
    ('\u{2021}', 0x87),
    ('\u{02C6}', 0x88),
    ('\u{2030}', 0x89),
    ('\u{0160}', 0x8A),
    ('\u{2039}', 0x8B),
    ('\u{0152}', 0x8C),
    ('\u{017D}', 0x8E),
    ('\u{2018}', 0x91),
    ('\u{2019}', 0x92),
    ('\u{201C}', 0x93),
    ('\u{201D}', 0x94),
    ('\u{2022}', 0x95),
    ('\u{2013}', 0x96),
    ('\u{2014}', 0x97),
    ('\u{02DC}', 0x98),
    ('\u{2122}', 0x99),
    ('\u{0161}', 0x9A),
    ('\u{203A}', 0x9B),
    ('\u{0153}', 0x9C),
    ('\u{017E}', 0x9E),
    ('\u{0178}', 0x9F),
];

/// The Windows-1252 byte of a character.
fn latin(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ (0x20..=0x7E | 0xA0..=0xFF) => u8::try_from(code).ok(),
        _ => DISPLACED.iter().find(|(d, _)| *d == c).map(|(_, byte)| *byte),
    }
}

/// The text with characters that the fonts lack spelled with those they have; line ends stay.
fn spelled(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c == '\n' || latin(c).is_some();
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if is_plain(c) => plain.push(c),
            _ if c.is_control() => plain.push(' '),
            _ => plain.push_str(deunicode::deunicode_char(c).unwrap_or("?")),
        }
    }
    Cow::Owned(plain)
}

/// Whether a text has letters that paper spells differently.
pub fn is_respelled(text: &str) -> bool {
    matches!(spelled(text), Cow::Owned(_))
}

fn encoded(text: &str) -> Vec<u8> {
    spelled(text).chars().map(|c| latin(c).unwrap_or(b'?')).collect()
}

/// The pages as a PDF file; no time and no random id in it, so the same pages give the same bytes.
pub fn document(title: &str, paper: Paper, pages: Vec<Page>) -> Vec<u8> {
    write_document(title, paper, pages, false)
}

/// The same with packed streams: a list of 200 stops draws ten thousand lot lines.
pub fn packed_document(title: &str, paper: Paper, pages: Vec<Page>) -> Vec<u8> {
    write_document(title, paper, pages, true)
}

fn write_document(title: &str, paper: Paper, pages: Vec<Page>, is_packed: bool) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (catalog, tree, regular, bold, info) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
    let id_of = |i: usize, offset: i32| Ref::new(6 + 2 * i32::try_from(i).unwrap_or(0) + offset);
    pdf.catalog(catalog).pages(tree);
    let ids: Vec<Ref> = (0..pages.len()).map(|i| id_of(i, 0)).collect();
    pdf.pages(tree).kids(ids).count(i32::try_from(pages.len()).unwrap_or(0));
    pdf.type1_font(regular).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.type1_font(bold).base_font(Name(b"Helvetica-Bold")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.document_info(info).title(pdf_writer::TextStr(title));
    let mut next_id = id_of(pages.len(), 0);
    for (i, page) in pages.into_iter().enumerate() {
        let picture_ids: Vec<Ref> = page.pictures.iter().map(|_| next_id.bump()).collect();
        let mut object = pdf.page(id_of(i, 0));
        object.media_box(Rect::new(0.0, 0.0, paper.width, paper.height)).parent(tree).contents(id_of(i, 1));
        let mut resources = object.resources();
        resources.fonts().pair(Name(b"R"), regular).pair(Name(b"B"), bold);
        if !picture_ids.is_empty() {
            let mut objects = resources.x_objects();
            for (k, id) in picture_ids.iter().enumerate() {
                objects.pair(Name(picture_name(k).as_bytes()), *id);
            }
        }
        pdf_writer::Finish::finish(resources);
        object.finish_page();
        let content = page.content.finish();
        if is_packed {
            pdf.stream(id_of(i, 1), &packed(&content)).filter(Filter::FlateDecode);
        } else {
            pdf.stream(id_of(i, 1), &content);
        }
        for (picture, id) in page.pictures.iter().zip(picture_ids) {
            picture.write(&mut pdf, id);
        }
    }
    pdf.finish()
}

/// A stream as `FlateDecode` reads it; the same bytes every time.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to a Vec cannot fail")
}

/// Ends the writer of a page object.
trait FinishPage {
    fn finish_page(self);
}

impl FinishPage for pdf_writer::writers::Page<'_> {
    fn finish_page(self) {
        pdf_writer::Finish::finish(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_the_fonts_lack_are_spelled_with_those_they_have() {
        for (text, wanted) in [
            ("Ñandú-Østergård", "Ñandú-Østergård"),
            ("Dąbrowska", "Dabrowska"),
            ("Šimić Žižek", "Šimic Žižek"),
            ("Тест", "Test"),
            ("Λόγος", "Logos"),
            ("№ 7 – €5…", "No 7 – €5…"),
            ("a\tb\u{1}", "a b "),
        ] {
            assert_eq!(spelled(text), wanted);
            assert_eq!(encoded(text).len(), wanted.chars().count(), "{text}");
        }
        assert!(!encoded("水道局 試験").contains(&b'?'));
        assert!(is_respelled("Dąbrowska") && !is_respelled("Žižek"));
        assert_eq!(text_width("ą", 10.0), text_width("a", 10.0));
    }

    #[test]
    fn long_text_wraps_and_nothing_is_lost() {
        let text = "a quick brown fox and averyveryveryveryveryverylongwordwithoutanyblank end";
        let lines = wrap(text, 9.0, 80.0);
        assert!(lines.iter().all(|l| text_width(l, 9.0) <= 80.0), "{lines:?}");
        let squeezed = |t: &str| t.replace(' ', "");
        assert_eq!(squeezed(&lines.join(" ")), squeezed(text));
        let pdf = document("t", LETTER, vec![Page::new(LETTER)]);
        let bold = wrap_bold(text, 9.0, 80.0);
        assert!(bold.iter().all(|l| bold_width(l, 9.0) <= 80.0), "{bold:?}");
        let cut = fit(text, 9.0, true, 60.0);
        assert!(cut.ends_with("...") && bold_width(&cut, 9.0) <= 60.0, "{cut}");
        assert_eq!(fit("short", 9.0, false, 60.0), "short");
        assert!(pdf.starts_with(b"%PDF-"));
        assert_eq!(pdf, document("t", LETTER, vec![Page::new(LETTER)]));
    }
}
