//! The crew's list on paper and on the phone: PDF, HTML, CSV, GeoJSON, KML, GPX. No names of debtors in any of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::page::{self, BLACK, MARGIN, Page, Paper, RED};

/// One stop.
#[derive(Debug, Clone, Default)]
pub struct SheetStop {
    /// Place in the route.
    pub seq: i64,
    /// UUID.
    pub stop_uuid: String,
    /// Order number.
    pub order_no: String,
    /// Row version the crew's paper shows.
    pub base_version: i64,
    /// Longitude and latitude.
    pub position: Option<(f64, f64)>,
    /// Printed facts.
    pub facts: BTreeMap<String, String>,
    /// Rings of the parcels around, longitude and latitude.
    pub rings: Vec<Vec<(f64, f64)>>,
}

/// A list.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// Number.
    pub list_no: String,
    /// Version.
    pub version: i64,
    /// Hash; empty for a draft.
    pub sha256: String,
    /// Crew.
    pub crew: String,
    /// Day.
    pub work_on: String,
    /// Stops in driving order.
    pub stops: Vec<SheetStop>,
}

fn fact<'a>(stop: &'a SheetStop, name: &str) -> &'a str {
    stop.facts.get(name).map_or("", String::as_str)
}

/// Whether a stop may be dug: it has a ticket.
fn is_diggable(stop: &SheetStop) -> bool {
    !fact(stop, "ticket_no").is_empty()
}

/// The list as a PDF, two stops a page.
pub fn pdf(sheet: &Sheet, paper: Paper) -> Vec<u8> {
    const PER_PAGE: usize = 2;
    let n_pages = sheet.stops.len().div_ceil(PER_PAGE).max(1);
    let height = (paper.height - 2.0 * MARGIN - 40.0) / PER_PAGE as f32;
    let mut pages = Vec::with_capacity(n_pages);
    for (i, chunk) in sheet.stops.chunks(PER_PAGE).enumerate() {
        let mut out = Page::new(paper);
        let title = format!(
            "Tap removal list {} version {}   crew {}   {}",
            sheet.list_no, sheet.version, sheet.crew, sheet.work_on
        );
        out.text((MARGIN, MARGIN), 12.0, true, BLACK, &title);
        for (slot, stop) in chunk.iter().enumerate() {
            draw_stop(&mut out, stop, paper, (MARGIN + 12.0 + slot as f32 * (height + 8.0), height));
        }
        let hash = if sheet.sha256.is_empty() { "DRAFT - not frozen" } else { &sheet.sha256 };
        let foot = format!("page {} of {n_pages}   version {}   sha256 {hash}", i + 1, sheet.version);
        out.text((MARGIN, paper.height - MARGIN + 14.0), 7.0, false, BLACK, &foot);
        pages.push(out);
    }
    page::document(&format!("Tap removal list {}", sheet.list_no), paper, pages)
}

fn draw_stop(out: &mut Page, stop: &SheetStop, paper: Paper, (top, height): (f32, f32)) {
    const INSET: f32 = 130.0;
    let width = paper.width - 2.0 * MARGIN;
    out.outline(MARGIN, top, width, height);
    let (x, right) = (MARGIN + 8.0, MARGIN + width - INSET - 8.0);
    let mut y = top + 18.0;
    out.text((x, y), 13.0, true, BLACK, &format!("{}  {}  {}", stop.seq, stop.order_no, fact(stop, "address")));
    y += 16.0;
    let text_width = right - x - 8.0;
    for (label, value) in stop_lines(stop) {
        let is_red = label == "811 ticket" && fact(stop, "ticket_state") != "ok";
        let is_safety = label == "SAFETY";
        let color = if is_red || is_safety { RED } else { BLACK };
        for line in page::wrap(&format!("{label}: {value}"), 9.0, text_width) {
            out.text((x, y), 9.0, is_red || is_safety, color, &line);
            y += 11.5;
        }
    }
    draw_boxes(out, (x, top + height - 92.0), width - INSET - 24.0);
    draw_inset(out, stop, (right, top + 26.0), INSET);
    draw_qr(out, &stop.stop_uuid, (right + 20.0, top + 34.0 + INSET), INSET - 40.0);
    let short = stop.stop_uuid.split_at_checked(18).unwrap_or((&stop.stop_uuid, ""));
    out.text((right, top + 40.0 + 2.0 * INSET - 34.0), 6.5, false, BLACK, short.0);
    out.text(
        (right, top + 48.0 + 2.0 * INSET - 34.0),
        6.5,
        false,
        BLACK,
        &format!("{}  base version {}", short.1, stop.base_version),
    );
}

/// The printed lines of a stop, in reading order.
fn stop_lines(stop: &SheetStop) -> Vec<(&'static str, String)> {
    let f = |name| fact(stop, name).to_owned();
    let ticket = if is_diggable(stop) {
        let warning = if fact(stop, "ticket_state") == "short" { "  RUNS OUT" } else { "" };
        format!("{} from {} EXPIRES {}{warning}", f("ticket_no"), f("ticket_from"), f("ticket_expires"))
    } else {
        "NONE - NOT DIGGABLE".to_owned()
    };
    let mut lines = Vec::new();
    if !fact(stop, "safety").is_empty() {
        lines.push(("SAFETY", f("safety")));
    }
    lines.push(("811 ticket", ticket));
    lines.push(("Method ordered", f("method").replace('_', " ")));
    lines.push(("Tap", format!("{}  {}  {}", f("tap_no"), f("tap_size"), f("tap_use"))));
    lines.push(("Main", format!("{} {}", f("main_size"), f("main_material"))));
    lines.push(("Service line", f("service_material")));
    let ties = if fact(stop, "ties").is_empty() { "none on record".to_owned() } else { f("ties") };
    lines.push(("Ties", ties));
    let position =
        stop.position.map_or("none".to_owned(), |(lon, lat)| format!("{lat:.6}, {lon:.6} ({})", f("position_method")));
    lines.push(("Position", position));
    lines.push(("Feeds premises", f("premises")));
    lines.push(("Fire service", f("fire_service")));
    lines.push(("Reason", format!("{}   priority {}   due {}", f("reason"), f("priority"), f("due_on"))));
    lines
}

/// Boxes that the crew fills in.
fn draw_boxes(out: &mut Page, (x, y): (f32, f32), width: f32) {
    let labels = [
        "result",
        "method done",
        "arrived",
        "left",
        "photo before",
        "photo after",
        "tie 1",
        "tie 2",
        "depth ft",
        "meter no.",
        "final read",
        "crew",
    ];
    let (columns, box_height) = (4usize, 28.0);
    let each = width / columns as f32;
    for (i, label) in labels.iter().enumerate() {
        let (column, row) = ((i % columns) as f32, (i / columns) as f32);
        out.outline(x + column * each, y + row * box_height, each - 3.0, box_height - 3.0);
        out.text((x + column * each + 3.0, y + row * box_height + 7.0), 6.0, false, BLACK, label);
    }
}

/// A north-up picture of the parcels around, the tap in the middle; 400 ft wide.
fn draw_inset(out: &mut Page, stop: &SheetStop, (x, y): (f32, f32), side: f32) {
    out.outline(x, y, side, side);
    let Some((lon, lat)) = stop.position else {
        out.text((x + 8.0, y + side / 2.0), 8.0, false, BLACK, "no position: locate first");
        return;
    };
    /// Feet per degree of latitude.
    const DEGREE_FT: f64 = 364_609.4;
    const ACROSS_FT: f64 = 400.0;
    let per_ft = f64::from(side) / ACROSS_FT;
    let scale = lat.to_radians().cos();
    let place = |p: &(f64, f64)| {
        let east = (p.0 - lon) * scale * DEGREE_FT * per_ft;
        let north = (p.1 - lat) * DEGREE_FT * per_ft;
        (x + side / 2.0 + east as f32, y + side / 2.0 - north as f32)
    };
    let is_inside = |p: &(f32, f32)| p.0 >= x && p.0 <= x + side && p.1 >= y && p.1 <= y + side;
    for ring in &stop.rings {
        let points: Vec<(f32, f32)> = ring.iter().map(place).collect();
        for pair in points.windows(2).filter(|pair| pair.iter().all(is_inside)) {
            out.line(pair, 0.5, (0.45, 0.45, 0.45));
        }
    }
    out.fill(x + side / 2.0 - 2.5, y + side / 2.0 - 2.5, 5.0, 5.0, RED);
    out.text((x + 4.0, y + side - 4.0), 6.0, false, BLACK, "400 ft across, north up");
}

fn draw_qr(out: &mut Page, text: &str, (x, y): (f32, f32), side: f32) {
    let Ok(code) = qrcode::QrCode::new(text.as_bytes()) else {
        return;
    };
    let each = side / code.width() as f32;
    for (i, color) in code.to_colors().iter().enumerate() {
        if *color == qrcode::Color::Dark {
            let (column, row) = ((i % code.width()) as f32, (i / code.width()) as f32);
            out.fill(x + column * each, y + row * each, each, each, BLACK);
        }
    }
}

/// Columns of the table forms: what the list says, then what the crew fills in.
const COLUMNS: &[&str] = &[
    "address",
    "tap_no",
    "tap_use",
    "tap_size",
    "main_size",
    "main_material",
    "service_material",
    "method",
    "ties",
    "position_method",
    "ticket_no",
    "ticket_from",
    "ticket_expires",
    "ticket_state",
    "premises",
    "fire_service",
    "priority",
    "due_on",
    "reason",
    "safety",
];

fn key_cells(sheet: &Sheet, stop: &SheetStop) -> Vec<(&'static str, String)> {
    let mut cells = vec![
        ("route_seq", stop.seq.to_string()),
        ("stop_uuid", stop.stop_uuid.clone()),
        ("order_no", stop.order_no.clone()),
        ("list_no", sheet.list_no.clone()),
        ("list_version", sheet.version.to_string()),
        ("base_version", stop.base_version.to_string()),
    ];
    cells.extend(COLUMNS.iter().map(|c| (*c, fact(stop, c).to_owned())));
    cells
}

/// The list as CSV. A cell that a spreadsheet would run as a formula gets a leading apostrophe.
pub fn csv(sheet: &Sheet) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (i, stop) in sheet.stops.iter().enumerate() {
        let mut cells = key_cells(sheet, stop);
        let (lon, lat) =
            stop.position.map_or((String::new(), String::new()), |(x, y)| (format!("{x:.7}"), format!("{y:.7}")));
        cells.push(("lon", lon));
        cells.push(("lat", lat));
        if i == 0 {
            writer.write_record(cells.iter().map(|c| c.0))?;
        }
        writer.write_record(cells.iter().map(|(name, value)| {
            let is_formula = *name != "lon" && *name != "lat" && value.starts_with(['=', '+', '-', '@', '\t', '\r']);
            if is_formula { format!("'{value}") } else { value.clone() }
        }))?;
    }
    writer.into_inner().map_err(|e| csv::Error::from(e.into_error()))
}

/// The list as GeoJSON; a stop without a position has a null geometry.
pub fn geojson(sheet: &Sheet) -> Vec<u8> {
    let mut out = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    for (i, stop) in sheet.stops.iter().enumerate() {
        let properties: Vec<String> = key_cells(sheet, stop)
            .into_iter()
            .map(|(name, value)| match name {
                "route_seq" | "list_version" | "base_version" => format!("\"{name}\":{value}"),
                _ => format!("\"{name}\":{}", serde_json::Value::from(value)),
            })
            .collect();
        let geometry = stop.position.map_or("null".to_owned(), |(lon, lat)| {
            format!("{{\"type\":\"Point\",\"coordinates\":[{lon:.7},{lat:.7}]}}")
        });
        let comma = if i == 0 { "" } else { "," };
        write!(
            out,
            "{comma}\n{{\"type\":\"Feature\",\"id\":\"{}\",\"geometry\":{geometry},\"properties\":{{{}}}}}",
            stop.stop_uuid,
            properties.join(",")
        )
        .expect("writing to a String cannot fail");
    }
    out.push_str("\n]}\n");
    out.into_bytes()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The list as KML.
pub fn kml(sheet: &Sheet) -> Vec<u8> {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>\n",
    );
    for stop in &sheet.stops {
        let Some((lon, lat)) = stop.position else { continue };
        let about: Vec<String> = stop_lines(stop).into_iter().map(|(l, v)| format!("{l}: {v}")).collect();
        writeln!(out, "<Placemark id=\"s{}\"><name>{} {}</name><description>{}</description><Point><coordinates>{lon:.7},{lat:.7}</coordinates></Point></Placemark>",
            stop.stop_uuid, stop.seq, escape(&stop.order_no), escape(&about.join("\n"))).expect("writing to a String cannot fail");
    }
    out.push_str("</Document></kml>\n");
    out.into_bytes()
}

/// The list as GPX waypoints; names have at most 10 characters for old units.
pub fn gpx(sheet: &Sheet) -> Vec<u8> {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"taptrace\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n",
    );
    for stop in &sheet.stops {
        let Some((lon, lat)) = stop.position else { continue };
        let tail = stop.order_no.rsplit('-').next().unwrap_or_default();
        let name: String = format!("{:03} {tail}", stop.seq).chars().take(10).collect();
        writeln!(
            out,
            "<wpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><name>{}</name><desc>{}</desc></wpt>",
            escape(&name),
            escape(fact(stop, "address"))
        )
        .expect("writing to a String cannot fail");
    }
    out.push_str("</gpx>\n");
    out.into_bytes()
}

/// The list as one page for a phone without network; what is typed can be saved as the CSV that `removal merge` reads.
pub fn html(sheet: &Sheet) -> Vec<u8> {
    let mut out = include_str!("removal_sheet_head.html")
        .replace("{title}", &escape(&format!("{} v{}", sheet.list_no, sheet.version)));
    for stop in &sheet.stops {
        let class = if is_diggable(stop) { "stop" } else { "stop blocked" };
        write!(
            out,
            "<section class=\"{class}\" data-stop=\"{}\" data-base=\"{}\"><h2>{} &middot; {} &middot; {}</h2><dl>",
            stop.stop_uuid,
            stop.base_version,
            stop.seq,
            escape(&stop.order_no),
            escape(fact(stop, "address"))
        )
        .expect("writing to a String cannot fail");
        for (label, value) in stop_lines(stop) {
            let class = if label == "SAFETY" || (label == "811 ticket" && fact(stop, "ticket_state") != "ok") {
                " class=\"red\""
            } else {
                ""
            };
            write!(out, "<dt>{label}</dt><dd{class}>{}</dd>", escape(&value)).expect("writing to a String cannot fail");
        }
        out.push_str("</dl><div class=\"form\"></div></section>\n");
    }
    writeln!(out, "<footer>version {} sha256 {}</footer></main></body></html>", sheet.version, escape(&sheet.sha256))
        .expect("writing to a String cannot fail");
    out.into_bytes()
}
