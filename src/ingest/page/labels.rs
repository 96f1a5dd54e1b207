//! Labels of a page: short texts that name the value beside, below or behind them. "Labels instead of ids": ids change
//! with every release of a county's site, the words on the screen hardly ever.

use std::collections::HashSet;

use rustc_hash::FxHashMap;
use scraper::{ElementRef, Html, Node};

use super::dom;

/// Characters of a label. Longer text is prose.
pub(crate) const LABEL_CHARS_MAX: usize = 80;

/// Elements a label's text may be spread over: `td > p > b > font > text`.
const CLIMB_MAX: usize = 7;

/// Elements kept of one label. A text that stands more often is no label, and each costs a look at all others.
const SAME_MAX: usize = 200;

/// Elements at which a label ends: its cell.
pub(crate) const CELLS: &[&str] = &["td", "th", "dt", "dd", "li"];

/// A label for comparing: lower case, without colon, star, dot and white space around it.
pub(crate) fn label_key(text: &str) -> String {
    dom::one_line(text)
        .to_lowercase()
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '*' | '.' | '?' | '\u{2013}' | '-'))
        .to_owned()
}

/// Every short text of a page with the element that holds just it.
pub(crate) struct Labels<'a> {
    by_key: FxHashMap<String, Vec<ElementRef<'a>>>,
}

impl<'a> Labels<'a> {
    /// Indexes a page.
    pub(crate) fn of(html: &'a Html) -> Self {
        let mut by_key: FxHashMap<String, Vec<ElementRef<'a>>> = FxHashMap::default();
        let mut seen = HashSet::new();
        for node in html.tree.nodes() {
            let Node::Text(text) = node.value() else { continue };
            if text.trim().is_empty() {
                continue;
            }
            let climb = node.ancestors().filter_map(ElementRef::wrap).take(CLIMB_MAX);
            for element in climb {
                if !seen.insert(element.id()) {
                    break;
                }
                let Some(text) = dom::short_text_of(element, LABEL_CHARS_MAX) else { break };
                let key = label_key(&text);
                if !key.is_empty() {
                    let same = by_key.entry(key).or_default();
                    if same.len() < SAME_MAX {
                        same.push(element);
                    }
                }
                if CELLS.contains(&element.value().name()) {
                    break;
                }
            }
        }
        Self { by_key }
    }

    /// The outermost elements that hold just this label, in the order of the page.
    pub(crate) fn find(&self, label: &str) -> Vec<ElementRef<'a>> {
        let mut found: Vec<ElementRef<'a>> = Vec::new();
        for key in label.split('|').map(label_key) {
            for element in self.by_key.get(&key).into_iter().flatten() {
                // Inner ones come first: the outer element with the same text takes their place.
                found.retain(|inner| !inner.ancestors().any(|a| a.id() == element.id()));
                found.push(*element);
            }
        }
        found.sort_by_key(|e| e.id());
        found.dedup_by_key(|e| e.id());
        found
    }
}

impl<'a> Labels<'a> {
    /// All labels in the order of the page, outermost elements first where several hold the same text.
    pub(crate) fn all(&self) -> Vec<(&str, ElementRef<'a>)> {
        let mut all: Vec<(&str, ElementRef<'a>)> =
            self.by_key.iter().flat_map(|(k, es)| es.iter().map(move |e| (k.as_str(), *e))).collect();
        all.sort_by_key(|(_, e)| e.id());
        all
    }
}

/// Cells whose text begins with the label and goes on behind it: "Account: R123". Gives the rest of the text.
pub(crate) fn cells_beginning_with<'a>(
    html: &'a Html,
    label: &str,
    needs_colon: bool,
) -> Vec<(ElementRef<'a>, String)> {
    const HOLDERS: &[&str] = &["td", "th", "dd", "dt", "li", "p", "div", "legend", "caption", "h1", "h2", "h3", "h4"];
    let keys: Vec<String> = label.split('|').map(label_key).collect();
    let mut found: Vec<(ElementRef<'a>, String)> = Vec::new();
    for node in html.tree.nodes() {
        let Node::Text(text) = node.value() else { continue };
        let start = dom::one_line(text).to_lowercase();
        let start = start.trim_start_matches(['*', ' ']);
        if start.is_empty() || !keys.iter().any(|k| start.starts_with(k.as_str()) || k.starts_with(start)) {
            continue;
        }
        let Some(holder) = node.ancestors().filter_map(ElementRef::wrap).find(|e| HOLDERS.contains(&e.value().name()))
        else {
            continue;
        };
        let whole = dom::text_of(holder);
        let Some(rest) = keys.iter().find_map(|k| rest_behind(&whole, k, needs_colon)) else { continue };
        if !found.iter().any(|(e, _)| e.id() == holder.id()) {
            found.push((holder, rest));
        }
    }
    found
}

/// What stands behind the label and its colon; `None` when the text does not begin with the label as whole words.
fn rest_behind(text: &str, key: &str, needs_colon: bool) -> Option<String> {
    let text = text.trim_start_matches(['*', ' ']);
    let mut rest = text.chars();
    for wanted in key.chars() {
        let c = rest.next()?;
        if !c.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    let rest = rest.as_str();
    if rest.chars().next().is_some_and(char::is_alphanumeric) || (needs_colon && !rest.trim_start().starts_with(':')) {
        return None;
    }
    Some(rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '*' | '.' | '#')).to_owned())
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::{Labels, cells_beginning_with, label_key, rest_behind};
    use crate::ingest::page::dom;

    #[test]
    fn labels_are_compared_as_people_read_them() {
        assert_eq!(label_key("  Owner\u{a0}Name 1: "), "owner name 1");
        assert_eq!(label_key("*Assessment Use Code"), "assessment use code");
        assert_eq!(label_key("Site Address(es) ."), "site address(es)");
    }

    #[test]
    fn the_outermost_element_of_a_label_is_its_cell() {
        let html = Html::parse_document(
            "<table><tr><td><p align=left><font><b>Owner</b> Name:</font></p></td><td>A</td></tr>
             <tr><td>x<table><tr><td>Owner name</td><td>B</td></tr></table></td></tr></table>",
        );
        let labels = Labels::of(&html);
        let found = labels.find("Owner Name");
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|e| e.value().name() == "td"));
        assert!(labels.find("Owner").iter().all(|e| e.value().name() == "b"));
    }

    #[test]
    fn a_value_in_the_same_cell_stands_behind_its_label() {
        let html =
            Html::parse_document("<td><font>Account: <font color=red>\nR1</font></font></td><td>Accounting: no</td>");
        // Cells outside a table are dropped by the parser, as in a browser; the text then stands in the body.
        assert!(cells_beginning_with(&html, "Account", false).is_empty());
        let html = Html::parse_document(
            "<table><tr><td><font>Account: <font>\nR1</font></font></td><td>Accounting: no</td></table>",
        );
        let found = cells_beginning_with(&html, "Account", false);
        assert_eq!(
            found.iter().map(|(e, r)| (dom::text_of(*e), r.clone())).collect::<Vec<_>>(),
            [("Account: R1".to_owned(), "R1".to_owned())]
        );
        assert_eq!(rest_behind("Owner Information", "owner", true), None);
        assert_eq!(rest_behind("Landing: 5", "land", false), None);
    }
}
