//! Reading a parsed page: text as a person sees it, lines, and the CSS path of an element.
//!
//! Text of scripts, styles and drop-downs is not text. Control, direction and zero-width characters never get through,
//! so that a value can neither steer a terminal nor show something else than it is.

use scraper::{ElementRef, Html, Node};

/// Characters kept of one value. The longest legal description seen has 900.
pub const VALUE_CHARS_MAX: usize = 4_000;

/// Lines read of one element. The longest owner's block seen has 9.
const LINES_MAX: usize = 500;

/// Elements whose text nobody sees.
const UNSEEN: &[&str] = &["script", "style", "noscript", "template", "option", "title", "head"];

/// Elements that begin a new line.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "caption",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "legend",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

/// Greatest depth of the tree.
pub(crate) fn depth(html: &Html) -> usize {
    let mut depth = 0;
    let mut deepest = 0;
    // Pre-order without recursion: the depth of a node is that of its parent plus one.
    let mut node = html.tree.root();
    loop {
        if let Some(child) = node.first_child() {
            node = child;
            depth += 1;
            deepest = deepest.max(depth);
            continue;
        }
        loop {
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            match node.parent() {
                Some(parent) => {
                    node = parent;
                    depth -= 1;
                }
                None => return deepest,
            }
        }
    }
}

/// A character as it may be shown: a blank for what steers, `None` for what is invisible.
fn harmless(c: char) -> Option<char> {
    match c {
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => None,
        '\u{61c}' | '\u{180e}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => None,
        c if c.is_control() || c.is_whitespace() => Some(' '),
        '\u{2028}' | '\u{2029}' => Some(' '),
        c => Some(c),
    }
}

/// One line of text without what steers a terminal, white space run together, cut at [`VALUE_CHARS_MAX`].
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(256));
    let mut n_chars = 0;
    let mut is_blank_due = false;
    for c in text.chars().filter_map(harmless) {
        if c == ' ' {
            is_blank_due = n_chars > 0;
            continue;
        }
        if n_chars >= VALUE_CHARS_MAX {
            break;
        }
        if is_blank_due {
            out.push(' ');
            n_chars += 1;
            is_blank_due = false;
        }
        out.push(c);
        n_chars += 1;
    }
    out
}

fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name)
}

/// The lines of an element: broken at `<br>` and at blocks, blank ones left out.
pub(crate) fn lines_of(element: ElementRef<'_>) -> Vec<String> {
    match element.value().name() {
        // A form that shows its values cannot be read in any other way.
        "input" => vec![one_line(element.attr("value").unwrap_or_default())],
        "textarea" => element.text().flat_map(str::lines).map(one_line).filter(|l| !l.is_empty()).collect(),
        _ => lines_among(element.descendants(), element),
    }
}

/// A node of the page; the crate of its type is scraper's own.
type TreeNode<'a> = <ElementRef<'a> as std::ops::Deref>::Target;

/// The lines of some nodes inside an element.
pub(crate) fn lines_among<'a>(nodes: impl Iterator<Item = TreeNode<'a>>, element: ElementRef<'a>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = String::new();
    let mut block = None;
    let mut has_room = true;
    let mut close = |open: &mut String| {
        let line = one_line(open);
        open.clear();
        if !line.is_empty() {
            lines.push(line);
        }
        lines.len() < LINES_MAX
    };
    for node in nodes {
        match node.value() {
            Node::Element(e) if e.name() == "br" => has_room = close(&mut open),
            Node::Text(text) => {
                let Some(parent) = node.parent() else { continue };
                if parent.value().as_element().is_some_and(|e| UNSEEN.contains(&e.name())) {
                    continue;
                }
                let mine = node
                    .ancestors()
                    .find(|a| a.id() == element.id() || a.value().as_element().is_some_and(|e| is_block(e.name())))
                    .map(|a| a.id());
                if mine != block && !text.trim().is_empty() {
                    has_room = close(&mut open);
                    block = mine;
                }
                // A value longer than this is no value; the rest is not even looked at.
                if open.len() < VALUE_CHARS_MAX * 4 {
                    open.push_str(text);
                }
            }
            _ => {}
        }
        if !has_room {
            return lines;
        }
    }
    close(&mut open);
    lines
}

/// The text of an element in one line.
pub(crate) fn text_of(element: ElementRef<'_>) -> String {
    one_line(&lines_of(element).join(" "))
}

/// All text of a page that a person sees, lower case, white space run together.
pub(crate) fn page_text(html: &Html) -> String {
    let mut out = String::new();
    for node in html.tree.nodes() {
        let Node::Text(text) = node.value() else { continue };
        let is_unseen =
            node.parent().and_then(|p| p.value().as_element().map(|e| UNSEEN.contains(&e.name()))).unwrap_or(true);
        if !is_unseen {
            out.push_str(text);
            out.push(' ');
        }
    }
    let shown: String = out.chars().filter_map(harmless).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The text of an element, unless it is longer than `n_chars_max`: labels are short, and asking whole tables for their
/// text would make the search quadratic.
pub(crate) fn short_text_of(element: ElementRef<'_>, n_chars_max: usize) -> Option<String> {
    /// Nodes of a label: a few spans and line breaks.
    const NODES_MAX: usize = 60;
    let mut text = String::new();
    for (n, node) in element.descendants().enumerate() {
        if n > NODES_MAX {
            return None;
        }
        match node.value() {
            Node::Element(e) if e.name() == "br" || is_block(e.name()) => text.push(' '),
            Node::Text(piece) => {
                let is_unseen = node
                    .parent()
                    .and_then(|p| p.value().as_element().map(|e| UNSEEN.contains(&e.name())))
                    .unwrap_or(false);
                if !is_unseen {
                    text.push_str(piece);
                }
            }
            _ => {}
        }
        if text.len() > n_chars_max * 4 {
            return None;
        }
    }
    let line = one_line(&text);
    (line.chars().count() <= n_chars_max).then_some(line)
}

/// The CSS path of an element from the root: `html > body > table:nth-of-type(4) > ...`. It selects just this element.
pub fn path_of(element: ElementRef<'_>) -> String {
    let mut steps = Vec::new();
    let mut here = Some(element);
    while let Some(element) = here {
        let name = element.value().name();
        let is_same = |e: &ElementRef<'_>| e.value().name() == name;
        let before = element.prev_siblings().filter_map(ElementRef::wrap).filter(is_same).count();
        let has_more = element.next_siblings().filter_map(ElementRef::wrap).any(|e| is_same(&e));
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        steps.push(match (is_plain, before, has_more) {
            (true, 0, false) => name.to_owned(),
            (true, _, _) => format!("{name}:nth-of-type({})", before + 1),
            // Names as `asp:contentplaceholder` cannot stand in a selector unescaped.
            (false, _, _) => {
                let position = element.prev_siblings().filter(|s| s.value().is_element()).count() + 1;
                format!("*:nth-child({position})")
            }
        });
        here = element.parent().and_then(ElementRef::wrap);
    }
    steps.reverse();
    steps.join(" > ")
}

/// The nearest ancestor with one of these names, the element itself included.
pub(crate) fn nearest<'a>(element: ElementRef<'a>, names: &[&str]) -> Option<ElementRef<'a>> {
    let is_one = |e: &ElementRef<'a>| names.contains(&e.value().name());
    std::iter::once(element).chain(element.ancestors().filter_map(ElementRef::wrap)).find(is_one)
}

/// The next sibling that is an element.
pub(crate) fn next_element(element: ElementRef<'_>) -> Option<ElementRef<'_>> {
    element.next_siblings().find_map(ElementRef::wrap)
}

#[cfg(test)]
mod tests {
    use scraper::{ElementRef, Html, Selector};

    use super::{lines_of, one_line, path_of, text_of};

    #[test]
    fn text_cannot_steer_a_terminal() {
        assert_eq!(one_line(" A\u{1b}[31mB\u{202e}C\u{200b}D\r\n\tE\u{a0}F\u{9b}1G "), "A [31mBCD E F 1G");
        assert_eq!(one_line("\u{0}\u{7}\u{feff}"), "");
    }

    #[test]
    fn lines_are_those_a_person_sees() {
        let html = Html::parse_document(
            "<table><tr><td id=x>ONE<br>TWO <b>B</b><script>alert(1)</script><p>THREE<div>FOUR</div>FIVE</td></tr></table>",
        );
        let cell = html.select(&Selector::parse("#x").unwrap()).next().unwrap();
        assert_eq!(lines_of(cell), ["ONE", "TWO B", "THREE", "FOUR", "FIVE"]);
        assert_eq!(text_of(cell), "ONE TWO B THREE FOUR FIVE");
    }

    #[test]
    fn a_path_selects_its_element_and_no_other() {
        let html = Html::parse_document(
            "<body><asp:x><p>a</p></asp:x><table><tr><td>1<td>2<table><tr><td>3</table></table><p>b<p>c<span>d</span>",
        );
        for element in html.tree.nodes().filter_map(ElementRef::wrap) {
            let path = path_of(element);
            let found: Vec<_> = html.select(&Selector::parse(&path).unwrap()).map(|e| e.id()).collect();
            assert_eq!(found, [element.id()], "{path}");
        }
    }
}
