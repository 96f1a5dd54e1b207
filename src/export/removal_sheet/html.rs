//! The list as one page for a phone without network: map, photos and form inside, nothing loaded from anywhere. What is typed
//! stays on the phone and is saved as the CSV or JSON that `removal merge` reads.

use std::fmt::Write as _;

use base64::Engine as _;
use serde_json::{Value, json};

use super::tables::escape;
use super::{Sheet, SheetStop, Tone, inset, label};
use crate::model::domain;
use crate::model::tap::MeasuredItem;

const HEAD: &str = include_str!("head.html");
/// The map's grid; the phone scales it.
const MAP: (f32, f32) = (280.0, 280.0);

/// The list as one HTML file.
pub fn html(sheet: &Sheet) -> Vec<u8> {
    let mut out = HEAD.replace("{title}", &escape(&sheet.title())).replace("{form}", &form(sheet));
    put(
        &mut out,
        format_args!(
            "<p class=\"about\">{} &middot; {}<br>{}</p>",
            escape(&sheet.crew),
            escape(&sheet.work_on),
            escape(&sheet.route_words())
        ),
    );
    changes(&mut out, sheet);
    let (open, blocked): (Vec<&SheetStop>, Vec<&SheetStop>) = sheet.stops.iter().partition(|s| s.is_diggable());
    open.into_iter().for_each(|s| stop(&mut out, sheet, s));
    if !blocked.is_empty() {
        out.push_str("<h1 class=\"red\">DO NOT DIG: a hold, or no locate ticket that lives on the day</h1>\n");
    }
    blocked.into_iter().for_each(|s| stop(&mut out, sheet, s));
    let hash = if sheet.sha256.is_empty() { "not frozen".to_owned() } else { format!("sha256 {}", sheet.sha256) };
    put(
        &mut out,
        format_args!(
            "<footer>{} version {} {hash}</footer></main></body></html>",
            escape(&sheet.list_no),
            sheet.version
        ),
    );
    out.into_bytes()
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a String cannot fail");
}

fn changes(out: &mut String, sheet: &Sheet) {
    let Some(since) = sheet.changed_since else { return };
    put(out, format_args!("<details class=\"changes\" open><summary>What changed since version {since}</summary><ul>"));
    if sheet.changes.is_empty() {
        out.push_str("<li>nothing</li>");
    }
    for (what, order_no, detail) in &sheet.changes {
        put(out, format_args!("<li><b>{}</b> {what}: {}</li>", escape(order_no), escape(&detail.replace('_', " "))));
    }
    out.push_str("</ul></details>\n");
}

fn stop(out: &mut String, sheet: &Sheet, stop: &SheetStop) {
    let class = if stop.is_diggable() { "stop" } else { "stop blocked" };
    put(
        out,
        format_args!(
            "<section class=\"{class}\" data-stop=\"{}\" data-base=\"{}\" data-id=\"{}\" data-order=\"{}\">",
            escape(&stop.stop_uuid),
            stop.base_version,
            escape(&stop.field_result_id),
            escape(&stop.order_no)
        ),
    );
    let near = match stop.fact("near_street") {
        "" => String::new(),
        near => format!("near {} &middot; ", escape(near)),
    };
    put(
        out,
        format_args!(
            "<h2><span class=\"seq\">{}</span> {}<small>{near}{}</small></h2>",
            stop.seq,
            escape(stop.fact("address")),
            escape(&stop.order_no)
        ),
    );
    let ticket = super::ticket_words(stop);
    if !ticket.is_empty() {
        let class = if stop.is_ticket_red() { "ticket red" } else { "ticket" };
        put(out, format_args!("<p class=\"{class}\">{}</p>", escape(&ticket)));
    }
    out.push_str("<div class=\"two\"><dl>");
    for line in super::lines(sheet.kind, stop) {
        let class = match line.tone {
            Tone::Danger => " class=\"red\"",
            Tone::Strong => " class=\"strong\"",
            Tone::Plain => "",
        };
        put(out, format_args!("<dt{class}>{}</dt><dd{class}>{}</dd>", line.label, escape(&line.value)));
    }
    out.push_str("</dl><figure>");
    if let Some(svg) = inset::svg(stop, MAP) {
        out.push_str(&svg);
    }
    put(out, format_args!("<figcaption>{}{}</figcaption></figure></div>", inset::caption(stop), drive(stop)));
    for photo in &stop.photos {
        let data = base64::engine::general_purpose::STANDARD.encode(&photo.bytes);
        put(
            out,
            format_args!(
                "<figure class=\"photo\"><img alt=\"{0}\" src=\"data:{1};base64,{data}\"><figcaption>{0}</figcaption></figure>",
                escape(&photo.caption),
                escape(&photo.mime)
            ),
        );
    }
    out.push_str("<details class=\"form\"><summary>Report this stop <b class=\"state\"></b></summary><div></div></details></section>\n");
}

/// A link that opens the phone's own navigation.
fn drive(stop: &SheetStop) -> String {
    stop.position.map_or(String::new(), |(lon, lat)| {
        format!(" <a href=\"geo:{lat:.6},{lon:.6}?q={lat:.6},{lon:.6}\">navigate</a>")
    })
}

/// Fields and code lists of the form, as JSON for the script.
fn form(sheet: &Sheet) -> String {
    let codes = |list: &str| -> Vec<Value> {
        domain::codes(list).into_iter().map(|c| json!([c, domain::label(list, c)])).collect()
    };
    let fields: Vec<Value> = sheet
        .kind
        .fields()
        .iter()
        .map(|name| match *name {
            "result_code" => json!({ "name": name, "label": "result", "codes": codes(sheet.kind.result_domain()) }),
            "method_done" => json!({ "name": name, "label": "method done", "codes": codes("removal_method") }),
            _ => json!({ "name": name, "label": label(name) }),
        })
        .collect();
    let tie_items: Vec<Value> =
        MeasuredItem::ALL.iter().map(|i| json!([i.as_str(), i.as_str().replace('_', " ")])).collect();
    let form = json!({ "list": sheet.list_no, "version": sheet.version, "fields": fields,
        "tie": { "what": tie_items, "from": codes("measure_ref") } });
    // A closing tag inside a string would end the script.
    form.to_string().replace('<', "\\u003c")
}
