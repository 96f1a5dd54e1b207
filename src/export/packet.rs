//! The document of a sealed packet, and letters: headings and wrapped lines over as many pages as it takes.

use super::page::{self, BLACK, LETTER, MARGIN, Page};

const SIZE: f32 = 9.0;
const LEADING: f32 = 12.0;

/// The packet of a case: sections with their lines, page x of y and the time on every page.
pub fn packet(case_no: &str, made_at: &str, sections: &[(String, Vec<String>)]) -> Vec<u8> {
    let width = LETTER.width - 2.0 * MARGIN;
    let mut lines: Vec<(bool, String)> = vec![(true, format!("Sealed packet of case {case_no}"))];
    for (heading, body) in sections.iter().filter(|(_, body)| !body.is_empty()) {
        lines.push((false, String::new()));
        lines.push((true, heading.to_uppercase().replace('_', " ")));
        for line in body {
            lines.extend(page::wrap(line, SIZE, width).into_iter().map(|l| (false, l)));
        }
    }
    lines.push((false, String::new()));
    lines.push((false, "The hash of every file of this packet stands in the file HASHES beside it.".to_owned()));
    paged(&format!("Case {case_no}"), &format!("{case_no}, written {made_at}"), &lines)
}

/// A letter from its text.
pub fn letter(body: &str) -> Vec<u8> {
    let width = LETTER.width - 2.0 * MARGIN;
    let lines: Vec<(bool, String)> = body
        .lines()
        .flat_map(|line| {
            let is_heading = line.len() > 3 && line.chars().all(|c| c.is_uppercase() || c == ' ');
            page::wrap(line, SIZE, width).into_iter().map(move |l| (is_heading, l))
        })
        .collect();
    paged("Notice", "", &lines)
}

fn paged(title: &str, foot: &str, lines: &[(bool, String)]) -> Vec<u8> {
    let per_page = ((LETTER.height - 2.0 * MARGIN - 20.0) / LEADING) as usize;
    let n_pages = lines.len().div_ceil(per_page).max(1);
    let pages = lines
        .chunks(per_page)
        .enumerate()
        .map(|(i, chunk)| {
            let mut sheet = Page::new(LETTER);
            for (row, (is_bold, line)) in chunk.iter().enumerate() {
                sheet.text((MARGIN, MARGIN + 10.0 + row as f32 * LEADING), SIZE, *is_bold, BLACK, line);
            }
            let foot = format!("{foot}   page {} of {n_pages}", i + 1);
            sheet.text((MARGIN, LETTER.height - MARGIN + 12.0), 7.0, false, BLACK, foot.trim());
            sheet
        })
        .collect();
    page::document(title, LETTER, pages)
}
