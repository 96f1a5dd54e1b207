//! A letter as PDF, from the text that was issued.
//!
//! The text says how it looks: a line in capitals is a heading, a tab puts what follows at the right edge, two blanks at the
//! beginning make a small remark, `---` is a rule. Reprints of the same text have the same bytes.

use super::document::{BODY, BOLD, Document, SMALL, Style};
use super::page::{self, LETTER, RED};

/// Margin of a letter.
const MARGIN: f32 = 64.0;

/// One letter to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The text with the mark `{recipient}`.
    pub body: String,
    /// The address.
    pub recipient: String,
    /// Foot of every page, without the page number.
    pub foot: String,
    /// Warning across the top, when the policy is still an example.
    pub banner: Option<String>,
}

/// Letters one after the other, each from page 1.
pub fn letters(title: &str, all: &[Letter]) -> Vec<u8> {
    let pages = all.iter().flat_map(|letter| {
        let mut document = Document::new(LETTER, MARGIN);
        if let Some(banner) = &letter.banner {
            document.paragraph(banner, Style { color: RED, ..BOLD });
            document.space(6.0);
        }
        write(&mut document, &letter.body, &letter.recipient, Style { size: 10.5, ..BODY });
        document.into_pages(&|i, n| format!("{}   page {i} of {n}", letter.foot))
    });
    page::document(title, LETTER, pages.collect())
}

fn is_heading(line: &str) -> bool {
    line.len() > 3 && line.chars().any(|c| c.is_ascii_uppercase()) && !line.chars().any(char::is_lowercase)
}

/// Writes the text of a letter; the address keeps its capitals without becoming a heading.
pub(super) fn write(document: &mut Document, body: &str, recipient: &str, body_style: Style) {
    for line in body.lines() {
        match line {
            "{recipient}" => recipient.lines().for_each(|l| document.paragraph(l, body_style)),
            "---" => document.rule(),
            line if line.contains('\t') => {
                let (label, figure) = line.split_once('\t').unwrap_or((line, ""));
                let is_total = label.starts_with("Total") || label.starts_with("Amount due");
                document.amount(label, figure, Style { is_bold: is_total, ..body_style });
            }
            line if line.starts_with("  ") => document.paragraph(line.trim_start(), Style { indent: 10.0, ..SMALL }),
            line if is_heading(line) => {
                document.keep(60.0);
                document.paragraph(line, Style { size: body_style.size + 1.0, ..BOLD });
            }
            line => document.paragraph(&line.replace("{recipient}", &recipient.replace('\n', ", ")), body_style),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_told_from_addresses_and_figures() {
        assert!(is_heading("HOW TO DISPUTE") && !is_heading("How to dispute") && !is_heading("") && !is_heading("123"));
        let letter = Letter {
            body: "{recipient}\nFee\t$250.00\n  City Code 1\nHOW TO DISPUTE\nWrite.".into(),
            recipient: "DOE JO\n1 ELM ST".into(),
            foot: "IC-1".into(),
            banner: None,
        };
        let pdf = letters("Notice", std::slice::from_ref(&letter));
        assert_eq!(pdf, letters("Notice", &[letter]));
        let text = String::from_utf8_lossy(&pdf).into_owned();
        for word in ["(1 ELM ST)", "(Fee)", "($250.00)", "(City Code 1)", "(HOW TO DISPUTE)", "(IC-1   page 1 of 1)"] {
            assert!(text.contains(word), "{word}");
        }
    }
}
