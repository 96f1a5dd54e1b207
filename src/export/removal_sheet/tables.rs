//! The list as tables and points: CSV, GeoJSON, KML, GPX. CSV and GeoJSON carry empty columns for the results, so that the
//! filled-in file itself can be merged.

use std::fmt::Write as _;

use super::{Sheet, SheetStop};

/// Names and values of a stop: keys, what the list says, what the crew fills in.
pub(super) fn cells(sheet: &Sheet, stop: &SheetStop) -> Vec<(&'static str, String)> {
    let mut cells = vec![
        ("route_seq", stop.seq.to_string()),
        ("stop_uuid", stop.stop_uuid.clone()),
        ("field_result_id", stop.field_result_id.clone()),
        ("order_no", stop.order_no.clone()),
        ("list_no", sheet.list_no.clone()),
        ("list_version", sheet.version.to_string()),
        ("base_version", stop.base_version.to_string()),
    ];
    cells.extend(sheet.columns().into_iter().map(|c| (c, stop.fact(c).to_owned())));
    cells.extend(sheet.kind.fields().iter().map(|c| (*c, String::new())));
    cells
}

/// Columns that are whole numbers.
pub(super) const WHOLE: &[&str] = &["route_seq", "list_version", "base_version"];

/// The list as CSV. A cell that a spreadsheet would run as a formula gets a leading apostrophe.
///
/// # Errors
/// When a row cannot be written.
pub fn csv(sheet: &Sheet) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (i, stop) in sheet.stops.iter().enumerate() {
        let mut cells = cells(sheet, stop);
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

/// The list as GeoJSON; a stop without a position has a null geometry. Nothing is null: programs that learn the types from
/// the first feature would not know what a null is.
pub fn geojson(sheet: &Sheet) -> Vec<u8> {
    let mut out = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    for (i, stop) in sheet.stops.iter().enumerate() {
        let properties: Vec<String> = cells(sheet, stop)
            .into_iter()
            .map(|(name, value)| match name {
                whole if WHOLE.contains(&whole) => format!("\"{name}\":{value}"),
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

/// Text inside XML and HTML; control characters that XML forbids are left out.
pub(super) fn escape(text: &str) -> String {
    let allowed: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    allowed.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What a stop says, one line each.
fn about(sheet: &Sheet, stop: &SheetStop) -> String {
    let ticket = super::ticket_words(stop);
    let lines = super::lines(sheet.kind, stop).into_iter().map(|l| format!("{}: {}", l.label, l.value));
    std::iter::once(ticket).filter(|t| !t.is_empty()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// The list as KML: a pin for every stop, red where nobody may dig, and the route as a line.
pub fn kml(sheet: &Sheet) -> Vec<u8> {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>\n",
    );
    let mut put = |text: String| writeln!(out, "{text}").expect("writing to a String cannot fail");
    put(format!("<name>{}</name>", escape(&sheet.title())));
    for (id, color) in [("open", "ff00a000"), ("blocked", "ff0000d0")] {
        put(format!("<Style id=\"{id}\"><IconStyle><color>{color}</color></IconStyle></Style>"));
    }
    let mut path: Vec<(f64, f64)> = sheet.yard.into_iter().collect();
    for stop in &sheet.stops {
        let Some((lon, lat)) = stop.position else { continue };
        path.push((lon, lat));
        let style = if stop.is_diggable() { "open" } else { "blocked" };
        put(format!(
            "<Placemark id=\"s{}\"><name>{} {}</name><description>{}</description><styleUrl>#{style}</styleUrl>\
             <Point><coordinates>{lon:.7},{lat:.7}</coordinates></Point></Placemark>",
            stop.stop_uuid,
            stop.seq,
            escape(stop.fact("address")),
            escape(&about(sheet, stop))
        ));
    }
    path.extend(sheet.yard);
    let line: Vec<String> = path.iter().map(|(lon, lat)| format!("{lon:.7},{lat:.7}")).collect();
    if line.len() > 1 {
        put(format!(
            "<Placemark><name>route</name><LineString><coordinates>{}</coordinates></LineString></Placemark>",
            line.join(" ")
        ));
    }
    out.push_str("</Document></kml>\n");
    out.into_bytes()
}

/// The list as GPX: waypoints and the route; names have at most 10 characters for old units.
pub fn gpx(sheet: &Sheet) -> Vec<u8> {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"taptrace\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n",
    );
    let name = |stop: &SheetStop| -> String {
        let tail = stop.order_no.rsplit('-').next().unwrap_or_default();
        format!("{:03} {tail}", stop.seq).chars().take(10).collect()
    };
    let mut put = |text: String| writeln!(out, "{text}").expect("writing to a String cannot fail");
    let placed = || sheet.stops.iter().filter_map(|s| s.position.map(|p| (s, p)));
    for (stop, (lon, lat)) in placed() {
        put(format!(
            "<wpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><name>{}</name><cmt>{}</cmt><desc>{}</desc></wpt>",
            escape(&name(stop)),
            escape(stop.fact("address")),
            escape(&about(sheet, stop))
        ));
    }
    put(format!("<rte><name>{}</name>", escape(&format!("{} v{}", sheet.list_no, sheet.version))));
    for (stop, (lon, lat)) in placed() {
        put(format!("<rtept lat=\"{lat:.7}\" lon=\"{lon:.7}\"><name>{}</name></rtept>", escape(&name(stop))));
    }
    put("</rte>".to_owned());
    out.push_str("</gpx>\n");
    out.into_bytes()
}
