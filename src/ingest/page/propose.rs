//! A first profile for a page nobody described yet: labels that counties use, tried on the page, kept when they give a
//! value of the right kind. A person checks it; nothing here is used while fetching.

use std::collections::BTreeMap;

use scraper::{ElementRef, Selector};
use url::Url;

use super::clean;
use super::document::Document;
use super::dom;
use super::labels::{cells_beginning_with, label_key};
use super::locate::{self, Hit, Page};
use super::profile::{Css, FIELDS, FieldRule, Kind, Move, TRANSFER_COLUMNS, Take};
use super::table::grid_of;

/// Labels that assessors put before each field, the most telling ones first.
const LABELS: &[(&str, &[&str])] = &[
    (
        "parcel_no",
        &[
            "parcel number",
            "parcel no",
            "parcel id",
            "parcel #",
            "parcel",
            "pin",
            "apn",
            "parid",
            "pid",
            "folio",
            "folio number",
            "mblu",
            "map/lot",
            "tax map",
            "geographic id",
            "geo id",
            "property id",
            "parcel key",
        ],
    ),
    (
        "account_no",
        &["account number", "account #", "account no", "account", "acct#", "acct #", "xrefid", "alternate id"],
    ),
    (
        "owner_lines",
        &[
            "owner name",
            "owner",
            "owners",
            "owner information",
            "owner of record",
            "current owner",
            "property owner",
            "primary owner",
            "owner(s)",
            "taxpayer",
            "taxpayer name",
            "owner name and mailing address",
            "owner name & mailing address",
            "owner name and address",
            "owner name & address",
            "owner and mailing address",
            "owner/mailing address",
            "name",
        ],
    ),
    (
        "mailing_lines",
        &[
            "owner mailing address",
            "mailing address",
            "owner address",
            "owner's mailing address",
            "taxpayer mailing address",
            "taxpayer address",
            "billing address",
            "tax bill address",
            "mail address",
            "mail to",
            "city, state, zip",
            "city state zip",
            "address",
        ],
    ),
    (
        "situs_address",
        &[
            "situs address",
            "property address",
            "location address",
            "site address",
            "site address(es)",
            "physical address",
            "property location",
            "property street address",
            "address of property",
            "situs location",
            "street address",
            "location",
            "situs",
        ],
    ),
    (
        "legal_description",
        &[
            "full legal description",
            "legal description",
            "current legal description",
            "brief legal description",
            "legal",
            "property description",
        ],
    ),
    (
        "land_use",
        &[
            "land use",
            "land use code",
            "use code",
            "property use",
            "property class",
            "assessment use code",
            "class",
            "property type",
        ],
    ),
    (
        "acres",
        &["acres", "acreage", "total acres", "land area (acres)", "lot size (acres)", "land acres", "deeded acres"],
    ),
    ("year_built", &["year built", "actual year built"]),
    ("land_value", &["land value", "land market value", "market land value", "land"]),
    ("improvement_value", &["improvement value", "building value", "building market value", "improvements"]),
    (
        "total_value",
        &[
            "total market value",
            "market value",
            "total value",
            "appraised value",
            "appraisal",
            "fair cash value",
            "just value",
        ],
    ),
    ("assessed_value", &["assessed value", "total assessed value", "assessment"]),
    ("sale_date", &["sale date", "last sale date", "date of sale", "date sold", "deed date"]),
    ("sale_price", &["sale price", "last sale price", "sale amount", "consideration"]),
    ("deed_type", &["deed type", "instrument type"]),
    ("deed_reference", &["book & page", "book/page", "deed book/page", "deed reference", "instrument number"]),
];

/// Labels whose lines belong to a field beside its own label.
const FURTHER: &[(&str, &str)] =
    &[("owner_lines", "co-owner"), ("mailing_lines", "city, state, zip"), ("mailing_lines", "city state zip")];

/// Labels of an address that stands in pieces.
const PIECES: &[&str] = &["city", "state", "zip", "zip code", "zipcode"];

/// Headers of a table of transfers.
const HEADERS: &[(&str, &[&str])] = &[
    ("date", &["date", "sale date", "deed date", "recorded", "date recorded"]),
    ("deed_type", &["type", "deed type", "instrument type"]),
    ("book", &["book", "deed book"]),
    ("page", &["page", "deed page"]),
    ("instrument", &["instrument", "instrument no", "instrument number", "document number"]),
    ("price", &["price", "sale price", "sale amount", "consideration"]),
    ("grantor", &["grantor", "seller"]),
    ("grantee", &["grantee", "buyer", "owner"]),
];

/// Where an address begins inside an owner's block.
const ADDRESS_BEGINS: &str = r"^(ATTN\b|C/O\b|%|P\.?\s?O\.?\s?B|PMB\b|\d)";

/// What only an address with its last line has.
const ZIP: &str = r"\b\d{5}(-?\d{4})?\s*$";

/// Inputs of a form that are written down.
const INPUTS_MAX: usize = 40;

/// A field that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposed {
    /// Field.
    pub field: String,
    /// The rule as TOML.
    pub rule: String,
    /// The value it gives on this page.
    pub value: String,
}

/// A proposed profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Fields.
    pub fields: Vec<Proposed>,
    /// Profile as TOML.
    pub toml: String,
    /// Labels of the page that no field claimed, with the text beside them.
    pub unclaimed: Vec<(String, String)>,
}

/// What a proposed profile is called.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// Name.
    pub name: &'a str,
    /// Address of the site.
    pub base: &'a Url,
    /// File of the page, which becomes its sample.
    pub file: &'a str,
}

/// Proposes a profile for a record page.
pub fn propose(document: &Document, naming: Naming<'_>) -> Proposal {
    let no_tables = BTreeMap::new();
    let page = Page::new(&document.html, &no_tables);
    let mut fields = Vec::new();
    let mut claimed: Vec<String> = Vec::new();
    for (field, synonyms) in LABELS {
        if let Some((proposed, labels)) = field_of(&page, field, synonyms) {
            claimed.extend(labels);
            // An owner's block gave the mailing address already.
            let is_new = |p: &Proposed| fields.iter().all(|f: &Proposed| f.field != p.field);
            let new: Vec<Proposed> = proposed.into_iter().filter(is_new).collect();
            fields.extend(new);
        }
    }
    let unclaimed = unclaimed(&page, &claimed);
    let toml = write_profile(document, &page, naming, &fields);
    Proposal { fields, toml, unclaimed }
}

fn kind_of(field: &str) -> Kind {
    FIELDS.iter().find(|(f, _)| *f == field).map_or(Kind::Text, |(_, k)| *k)
}

/// Whether a text is one of the labels we know; such a neighbor is no value.
fn is_label(text: &str) -> bool {
    let key = label_key(text);
    text.trim_end().ends_with(':') || LABELS.iter().any(|(_, words)| words.contains(&key.as_str()))
}

/// The labels of a page that belong to a field: the synonym itself, or with a number behind it ("Owner Name 2").
fn present<'a>(page: &Page<'a>, synonym: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (key, element) in page.labels.all() {
        let base = key.trim_end_matches(|c: char| c.is_ascii_digit());
        // "Year Built 1965" is the label with its value, in the element around both.
        let base = if key.len() - base.len() <= 2 { base.trim_end() } else { key };
        if (key == synonym || (base == synonym && base.len() < key.len())) && found.iter().all(|f| label_key(f) != key)
        {
            let text = dom::text_of(element);
            found.push(text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '*' | '.')).to_owned());
        }
    }
    found.sort_by_key(|label| label_key(label) != synonym);
    found
}

type Claim = (Vec<Proposed>, Vec<String>);

fn field_of(page: &Page<'_>, field: &str, synonyms: &[&str]) -> Option<Claim> {
    for synonym in synonyms {
        let mut labels = present(page, synonym);
        if labels.is_empty() && has_value_behind(page, synonym) {
            labels.push((*synonym).to_owned());
        }
        let Some(first) = labels.first() else { continue };
        let Some((take, hit)) = best_take(page, field, first) else { continue };
        if let Some(block) = owner_block(page, field, &take) {
            return Some((block, vec![label_key(first)]));
        }
        // "Owner Name 1", "Owner Name 2": all of them, where they give values by the same move.
        if kind_of(field) == Kind::Lines {
            let further: Vec<String> =
                FURTHER.iter().filter(|(f, _)| *f == field).flat_map(|(_, l)| present(page, l)).collect();
            let new = further.into_iter().filter(|l| !labels.contains(l)).collect::<Vec<_>>();
            labels.extend(new);
        } else {
            labels.truncate(1);
        }
        let mut lines = hit.lines;
        if field == "mailing_lines" && !has_zip(&lines) {
            labels.extend(PIECES.iter().flat_map(|piece| present(page, piece)));
        }
        let mut takes = vec![take];
        for label in labels.iter().skip(1) {
            if let Some((take, hit)) = like(page, &takes[0], label) {
                lines.extend(hit.lines);
                takes.push(take);
            }
        }
        let claimed = takes.iter().filter_map(|t| t.label.as_deref().map(label_key)).collect();
        let value = clean::clean(lines, &FieldRule::default(), kind_of(field)).unwrap_or_default();
        let rule = rule_toml(&takes);
        return Some((vec![Proposed { field: field.to_owned(), rule, value }], claimed));
    }
    None
}

/// A further label taken like the first one: inside the same element, else anywhere.
fn like(page: &Page<'_>, first: &Take, label: &str) -> Option<(Take, Hit)> {
    [first.inside.clone(), None].into_iter().find_map(|inside| {
        let take = Take { label: Some(label.to_owned()), inside, ..first.clone() };
        only(page, &take).map(|hit| (take, hit))
    })
}

/// Whether some cell begins with the label and a colon and has a value behind it.
fn has_value_behind(page: &Page<'_>, label: &str) -> bool {
    cells_beginning_with(page.html, label, true).iter().any(|(_, rest)| !rest.is_empty())
}

fn only(page: &Page<'_>, take: &Take) -> Option<Hit> {
    locate::only(page.locate(take)).ok().flatten()
}

/// The first move that gives one value of the right kind; among several labels the one inside an element with an id.
fn best_take(page: &Page<'_>, field: &str, label: &str) -> Option<(Take, Hit)> {
    let scopes = scopes_of(page, label);
    let is_behind = has_value_behind(page, label);
    let try_move = |value: Move| {
        let tried = std::iter::once(None).chain(scopes.iter().map(Some)).filter_map(|inside| {
            let take =
                Take { label: Some(label.to_owned()), value: vec![value], inside: inside.cloned(), ..Take::default() };
            let hit = only(page, &take)?;
            let is_head = value == Move::Next && is_header_row(page, label, inside);
            (is_plausible(field, &hit.lines) && !is_head).then_some((take, hit))
        });
        // Of an owner shown twice the fuller one; else the first, which has the simplest rule.
        tried.reduce(|best, other| if is_fuller(field, &best, &other) { other } else { best })
    };
    // Two owners behind one label may stand in two elements: what is next would be half of them.
    let near = [Move::Next, Move::Rest].into_iter().filter_map(&try_move);
    let near = near.reduce(|best, other| if is_fuller(field, &best, &other) { other } else { best });
    let far = [Move::Same, Move::Below, Move::RowsBelow].into_iter().filter(|m| *m != Move::Same || is_behind);
    near.or_else(|| far.into_iter().find_map(try_move))
}

fn is_fuller(field: &str, best: &(Take, Hit), other: &(Take, Hit)) -> bool {
    kind_of(field) == Kind::Lines && best.1.lines.len() < other.1.lines.len()
}

fn has_zip(lines: &[String]) -> bool {
    regex_lite::Regex::new(ZIP).is_ok_and(|zip| lines.last().is_some_and(|l| zip.is_match(l)))
}

/// Whether the label heads a column: a `th` beside another one.
fn is_header_row(page: &Page<'_>, label: &str, inside: Option<&Css>) -> bool {
    let is_th = |e: ElementRef<'_>| e.value().name() == "th";
    page.labels
        .find(label)
        .into_iter()
        .filter(|l| locate::is_inside(page.html, *l, inside))
        .all(|l| is_th(l) && dom::next_element(l).is_some_and(is_th))
}

/// Elements with an id around a label, the nearest first.
fn scopes_of(page: &Page<'_>, label: &str) -> Vec<Css> {
    let mut scopes: Vec<Css> = Vec::new();
    for element in page.labels.find(label) {
        for around in element.ancestors().filter_map(ElementRef::wrap).take(12) {
            let id =
                around.attr("id").filter(|i| i.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')));
            let css = id.filter(|i| !i.is_empty()).and_then(|i| Css::try_from(format!("#{i}")).ok());
            if let Some(css) = css.filter(|c| scopes.iter().all(|s| s.text != c.text)) {
                scopes.push(css);
            }
        }
    }
    scopes
}

fn is_plausible(field: &str, lines: &[String]) -> bool {
    let text = lines.join(" ");
    let n_chars = text.chars().count();
    if text.is_empty() || n_chars > 1_000 || lines.iter().any(|l| is_label(l)) {
        return false;
    }
    let kind = kind_of(field);
    let is_typed = clean::typed(&lines.join("\n"), kind, &[]).is_ok_and(|t| !t.is_empty());
    match field {
        "parcel_no" | "account_no" => n_chars <= 40 && text.chars().any(|c| c.is_ascii_digit()),
        "legal_description" => n_chars >= 8 && text.chars().any(|c| c.is_ascii_digit()),
        "situs_address" => n_chars <= 120 && text.chars().any(char::is_alphabetic),
        "mailing_lines" => n_chars <= 300 && text.chars().any(|c| c.is_ascii_digit()),
        "owner_lines" => n_chars <= 300 && text.chars().any(char::is_alphabetic),
        _ => is_typed,
    }
}

/// An owner's block with names and address under or behind one label gives two fields.
fn owner_block(page: &Page<'_>, field: &str, take: &Take) -> Option<Vec<Proposed>> {
    if field != "owner_lines" {
        return None;
    }
    let is_below = matches!(take.value.as_slice(), [Move::Below | Move::RowsBelow]);
    let block = if is_below { Take { value: vec![Move::RowsBelow], ..take.clone() } } else { take.clone() };
    let lines = only(page, &block)?.lines;
    let pattern = regex_lite::Regex::new(ADDRESS_BEGINS).ok()?;
    let at = lines.iter().skip(1).position(|l| pattern.is_match(l))? + 1;
    // Beside a label a line with a number may be a name; an address has a last line with a ZIP.
    if !is_below && !has_zip(&lines) {
        return None;
    }
    let rule = |key: &str| format!("{{ {}, {key} = '{ADDRESS_BEGINS}' }}", keys_toml(&block));
    Some(vec![
        Proposed { field: "owner_lines".to_owned(), rule: rule("until"), value: lines.get(..at)?.join("\n") },
        Proposed { field: "mailing_lines".to_owned(), rule: rule("from"), value: lines.get(at..)?.join("\n") },
    ])
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn rule_toml(takes: &[Take]) -> String {
    let all: Vec<String> = takes.iter().map(|take| format!("{{ {} }}", keys_toml(take))).collect();
    if all.len() == 1 { all.concat() } else { format!("{{ take = [{}] }}", all.join(", ")) }
}

fn keys_toml(take: &Take) -> String {
    let label = take.label.as_deref().unwrap_or("");
    let mut keys = vec![format!("label = {}", quoted(label))];
    let word = match take.value.as_slice() {
        [Move::Rest] => Some("rest"),
        [Move::Same] => Some("same"),
        [Move::Below] => Some("below"),
        [Move::RowsBelow] => Some("rows_below"),
        _ => None,
    };
    keys.extend(word.map(|w| format!("value = \"{w}\"")));
    // A second owner's row is left away when there is one owner.
    keys.extend((label_key(label) == "co-owner").then(|| "optional = true".to_owned()));
    keys.extend(take.inside.as_ref().map(|i| format!("inside = {}", quoted(&i.text))));
    keys.join(", ")
}

/// Labels with a colon, or in a cell before another one, that no field took.
fn unclaimed(page: &Page<'_>, claimed: &[String]) -> Vec<(String, String)> {
    const SHOWN_MAX: usize = 60;
    let mut found: Vec<(String, String)> = Vec::new();
    for (key, element) in page.labels.all() {
        let is_new = !claimed.iter().any(|c| c == key) && found.iter().all(|(k, _)| k != key);
        let is_cell = matches!(element.value().name(), "td" | "th" | "dt");
        if !is_new || !is_cell || found.len() >= SHOWN_MAX || !key.chars().any(char::is_alphabetic) {
            continue;
        }
        let take = Take { label: Some(key.to_owned()), ..Take::default() };
        if let Some(hit) = only(page, &take)
            && !hit.lines.is_empty()
            && hit.lines.iter().all(|l| !is_label(l))
            && !is_header_row(page, key, None)
        {
            let text: String = hit.lines.join(" / ").chars().take(60).collect();
            found.push((key.to_owned(), text));
        }
    }
    found
}

fn write_profile(document: &Document, page: &Page<'_>, naming: Naming<'_>, fields: &[Proposed]) -> String {
    let Naming { name, base, file } = naming;
    let mut out = String::new();
    let has = |field: &str| fields.iter().any(|f| f.field == field);
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(format!("# Proposed from one page; check every line. The page was read as {}.", document.charset));
    line(format!("name = {}", quoted(name)));
    line("title = \"\"".to_owned());
    line("checked = \"proposed by `fetch inspect-page`, not checked\"".to_owned());
    line(format!("base = {}", quoted(base.as_str())));
    if !document.ends_with("</html>") {
        line("# The page does not end with </html>: is it whole? Else name what it ends with.".to_owned());
        line("end = \"\"".to_owned());
    }
    line("\n[pages]\n# A sign that only a record has.".to_owned());
    line(format!("record = [{}]", record_sign(page, fields)));
    line("no_hit = [{ text = \"no records\" }]".to_owned());
    forms(document).into_iter().for_each(&mut line);
    line("\n[fields]".to_owned());
    for f in fields {
        let value: String = f.value.replace('\n', " / ").chars().take(100).collect();
        line(format!("# {value}"));
        line(format!("{} = {}", f.field, f.rule));
    }
    for (field, what) in [("owner_lines", "the owner"), ("parcel_no", "the parcel number")] {
        if !(has(field) || (field == "parcel_no" && has("account_no"))) {
            line(format!("# No label for {what} was recognized. {field} = \"LABEL\""));
        }
    }
    transfers(document).into_iter().for_each(&mut line);
    line(format!("\n[[sample]]\npage = {}\nkind = \"record\"", quoted(file)));
    out
}

fn record_sign(page: &Page<'_>, fields: &[Proposed]) -> String {
    let label = fields
        .iter()
        .find(|f| f.field == "owner_lines")
        .and_then(|f| f.rule.split("label = \"").nth(1)?.split('"').next().map(str::to_owned));
    let element = label.as_deref().and_then(|l| page.labels.find(l).into_iter().next().map(|e| (l, e)));
    match element {
        Some((label, element)) => {
            format!("{{ css = {}, text = {} }}", quoted(element.value().name()), quoted(label))
        }
        None => "{ text = \"TEXT THAT ONLY A RECORD HAS\" }".to_owned(),
    }
}

/// Forms of the page as remarks: what a search would have to send.
fn forms(document: &Document) -> Vec<String> {
    let Ok(selector) = Selector::parse("form") else { return Vec::new() };
    let mut lines = Vec::new();
    for form in document.html.select(&selector).take(5) {
        let method = form.attr("method").unwrap_or("get").to_uppercase();
        lines.push(format!(
            "# Form: {} {}",
            dom::one_line(&method),
            dom::one_line(form.attr("action").unwrap_or("(same page)"))
        ));
        let inputs = form.descendent_elements().filter(|e| matches!(e.value().name(), "input" | "select"));
        let names: Vec<String> = inputs
            .filter_map(|e| {
                let kind = e.attr("type").unwrap_or(if e.value().name() == "select" { "select" } else { "text" });
                Some(format!("{} ({})", dom::one_line(e.attr("name")?), dom::one_line(kind)))
            })
            .take(INPUTS_MAX)
            .collect();
        lines.push(format!("#   {}", names.join(", ")));
    }
    lines.push("\n# [[search]]\n# by = \"parcel number\"\n# step = [{ get = \"?parcel={parcel_no}\" }]".to_owned());
    lines
}

/// The widest table whose header names at least a date and two more columns of a transfer.
fn transfers(document: &Document) -> Vec<String> {
    let mut best: Vec<(String, String)> = Vec::new();
    for table in document.html.tree.nodes().filter_map(ElementRef::wrap).filter(|e| e.value().name() == "table") {
        for row in &grid_of(table).rows {
            let mut columns: Vec<(String, String)> = Vec::new();
            for cell in row {
                let Some(text) = dom::short_text_of(cell.element, 60) else { continue };
                let known = HEADERS.iter().find(|(n, words)| {
                    words.contains(&label_key(&text).as_str()) && columns.iter().all(|(c, _)| c != n)
                });
                if let Some((name, _)) = known {
                    columns.push(((*name).to_owned(), text));
                }
            }
            let has_date = columns.iter().any(|(n, _)| n == "date");
            if has_date && columns.len() >= 3 && columns.len() > best.len() {
                best = columns;
            }
        }
    }
    debug_assert!(best.iter().all(|(n, _)| TRANSFER_COLUMNS.iter().any(|(c, _)| c == n)), "only known columns");
    if best.is_empty() {
        return Vec::new();
    }
    let columns: Vec<String> = best.iter().map(|(n, h)| format!("{n} = {}", quoted(h))).collect();
    vec![format!("\n[tables.transfers]\ncolumns = {{ {} }}\noptional = true", columns.join(", "))]
}
