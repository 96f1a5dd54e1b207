//! The document of a sealed packet: a report on paper, page x of y and the seal's words on every page.

use super::document::{self, BODY, BOLD, Document, SMALL, Style};
use super::letter;
use super::page::{self, LETTER};
use super::picture::Picture;
use crate::model::report::{Block, Section};

/// Margin of the packet.
const MARGIN: f32 = 54.0;
/// Tallest a photo is printed; two fit on a page.
const PHOTO_HEIGHT: f32 = 265.0;

/// Writes the report; `foot` stands on every page before the page number.
pub fn packet(title: &str, foot: &str, sections: &[Section]) -> Vec<u8> {
    let mut paper = Document::new(LETTER, MARGIN);
    paper.title(title);
    if sections.iter().any(is_respelled) {
        paper.paragraph("Letters that this print has not are spelled with Latin ones; the record has the names as they were entered.", SMALL);
    }
    for section in sections.iter().filter(|s| !s.is_empty()) {
        if let Some(Block::Picture { .. }) = section.blocks.first() {
            paper.keep(PHOTO_HEIGHT + 90.0);
        }
        paper.heading(&section.heading);
        for block in &section.blocks {
            write(&mut paper, block);
        }
    }
    let pages = paper.into_pages(&|i, n| format!("{foot}   page {i} of {n}"));
    page::document(title, LETTER, pages)
}

fn is_respelled(section: &Section) -> bool {
    let is = page::is_respelled;
    section.blocks.iter().any(|block| match block {
        Block::Pairs(pairs) => pairs.iter().any(|(_, value)| is(value)),
        Block::Text(lines) => lines.iter().any(|line| is(line)),
        Block::Table { rows, .. } => rows.iter().flatten().any(|cell| is(cell)),
        Block::Picture { caption, .. } => caption.iter().any(|line| is(line)),
        Block::Letter { body, recipient } => is(body) || is(recipient),
    })
}

fn write(paper: &mut Document, block: &Block) {
    match block {
        Block::Pairs(pairs) => {
            for (label, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
                paper.pair(&label.replace('_', " "), &in_words(value));
            }
            paper.space(4.0);
        }
        Block::Text(lines) => {
            lines.iter().for_each(|line| paper.paragraph(line, BODY));
            paper.space(4.0);
        }
        Block::Table { rows, .. } if rows.is_empty() => {}
        Block::Table { columns, rows } => {
            let columns: Vec<document::Column> = columns
                .iter()
                .map(|c| document::Column { title: c.title, share: f32::from(c.share), is_right: c.is_right })
                .collect();
            let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|c| in_words(c)).collect()).collect();
            paper.table(&columns, &rows);
            paper.space(6.0);
        }
        Block::Picture { bytes, caption } => match Picture::read(bytes) {
            Some(picture) => paper.picture(picture, PHOTO_HEIGHT, caption),
            None => {
                paper.paragraph("This file cannot be printed; it lies beside this document.", BOLD);
                caption.iter().for_each(|line| paper.paragraph(line, SMALL));
            }
        },
        Block::Letter { body, recipient } => {
            paper.space(4.0);
            paper.rule();
            let small = Style { size: 8.5, ..BODY };
            letter::write(paper, body, recipient, small);
            paper.rule();
            paper.space(6.0);
        }
    }
}

/// A code such as `owner_at_violation` in words; everything else as it is.
fn in_words(cell: &str) -> String {
    let is_code = cell.contains('_') && cell.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if is_code { cell.replace('_', " ") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::{figures, words};

    #[test]
    fn a_packet_prints_codes_in_words_and_names_what_it_cannot_print() {
        let rows = vec![vec!["owner_at_violation".to_owned(), "$1.00".to_owned()]];
        let sections = [
            Section::new(
                "a",
                "Parties",
                vec![Block::Table { columns: vec![words("r", "Role", 1), figures("f", "Sum", 1)], rows }],
            ),
            Section::new("b", "Photos", vec![Block::Picture { bytes: b"HEIC".to_vec(), caption: vec!["EV-1".into()] }]),
            Section::new("c", "Nothing", vec![Block::Text(Vec::new())]),
        ];
        let text = String::from_utf8_lossy(&packet("t", "Case 1", &sections)).into_owned();
        for word in ["(owner at violation)", "($1.00)", "cannot be printed", "(EV-1)", "(Case 1   page 1 of 1)"] {
            assert!(text.contains(word), "{word}");
        }
        assert!(!text.contains("Nothing"));
    }
}
