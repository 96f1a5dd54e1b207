//! What TOML cannot say about a page profile: known names, complete rules, templates that can be filled.

use super::labels::label_key;
use super::profile::{FIELDS, PageProfile, Step, TRANSFER_COLUMNS, Take};
use super::walk::template_names;

/// A word to find the line by, and what is wrong.
type Wrong = (String, String);

/// Checks a profile.
pub(crate) fn check(profile: &PageProfile) -> Result<(), Wrong> {
    if !matches!(profile.base.scheme(), "https" | "http") || profile.base.host_str().is_none() {
        return Err(("base".to_owned(), format!("{} is no web address", profile.base)));
    }
    if profile.pages.record.is_empty() {
        return Err(("[pages]".to_owned(), "pages.record needs a sign by which a record is recognized".to_owned()));
    }
    for mark in [
        &profile.pages.record,
        &profile.pages.list,
        &profile.pages.no_hit,
        &profile.pages.terms,
        &profile.pages.form,
        &profile.pages.blocked,
    ]
    .into_iter()
    .flatten()
    {
        if mark.css.is_none() && mark.text.as_deref().is_none_or(|t| t.trim().is_empty()) {
            return Err(("[pages]".to_owned(), "a sign needs css or text".to_owned()));
        }
    }
    if !profile.pages.list.is_empty() && profile.list.is_none() {
        return Err(("list".to_owned(), "pages.list is given, [list] is not".to_owned()));
    }
    fields(profile)?;
    for (name, table) in &profile.tables {
        for (column, header) in &table.columns {
            let is_known = name != "transfers" || TRANSFER_COLUMNS.iter().any(|(c, _)| c == column);
            if !is_known || header.split('|').any(|h| label_key(h).is_empty()) {
                return Err((column.clone(), format!("tables.{name}: column {column} is not known or has no header")));
            }
        }
        if table.columns.len() < 2 {
            return Err((name.clone(), format!("tables.{name}: a table is found by at least two columns")));
        }
    }
    let searches = profile.search.iter().flat_map(|s| &s.step);
    searches.chain(&profile.terms).try_for_each(step)
}

fn fields(profile: &PageProfile) -> Result<(), Wrong> {
    for (name, rule) in &profile.fields {
        if !FIELDS.iter().any(|(f, _)| f == name) {
            let known: Vec<&str> = FIELDS.iter().map(|(f, _)| *f).collect();
            return Err((name.clone(), format!("unknown field {name} (known: {})", known.join(", "))));
        }
        for place in &rule.take {
            take(profile, name, place)?;
        }
        if rule.line == Some(0) {
            return Err((name.clone(), format!("{name}: lines are counted from 1")));
        }
    }
    let is_firm = |name: &str| profile.fields.get(name).is_some_and(|r| r.take.iter().any(|t| !t.optional));
    if !is_firm("owner_lines") {
        return Err(("[fields]".to_owned(), "owner_lines is missing, or every place of it is optional".to_owned()));
    }
    if !is_firm("parcel_no") && !is_firm("account_no") {
        let detail = "parcel_no or account_no must be taken from the page, to know whose record it is";
        return Err(("[fields]".to_owned(), detail.to_owned()));
    }
    Ok(())
}

fn take(profile: &PageProfile, field: &str, take: &Take) -> Result<(), Wrong> {
    let n_ways =
        usize::from(take.label.is_some()) + usize::from(take.css.is_some()) + usize::from(take.table.is_some());
    if n_ways != 1 {
        return Err((field.to_owned(), format!("{field} needs one of label, css, table")));
    }
    if let Some(label) = &take.label
        && label.split('|').any(|l| label_key(l).is_empty())
    {
        return Err((label.clone(), format!("{field}: a label without letters")));
    }
    if let Some(table) = &take.table {
        let column = take.column.as_deref().unwrap_or("");
        if !profile.tables.get(table).is_some_and(|t| t.columns.contains_key(column)) {
            return Err((field.to_owned(), format!("{field}: [tables.{table}] has no column {column:?}")));
        }
    }
    Ok(())
}

fn step(step: &Step) -> Result<(), Wrong> {
    if step.get.is_some() == step.post.is_some() {
        return Err(("step".to_owned(), "a step has either get or post".to_owned()));
    }
    if step.get.is_some() && !step.form.is_empty() {
        return Err(("form".to_owned(), "form fields go with post; put them into the URL of get".to_owned()));
    }
    if step.post.as_deref() == Some("") && step.hidden.is_none() {
        return Err(("post".to_owned(), "post = \"\" means the action of the form named by hidden".to_owned()));
    }
    let templates = step.get.iter().chain(&step.post).chain(step.form.values());
    for template in templates {
        template_names(template).map_err(|detail| (template.clone(), detail))?;
    }
    Ok(())
}
