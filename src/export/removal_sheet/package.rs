//! The list as a GeoPackage for QField, Mergin Maps and Field Maps: the stops with what the list says, and beside them a layer
//! of results that the crew fills in, one point per stop, keyed by UUID text.
//!
//! Results stand in a layer of their own, so that a merge never sees an edited copy of what the office wrote. No UNIQUE
//! constraints: field programs that merge offline edits trip over them (mergin mobile #2933).

use std::fmt::Write as _;
use std::path::Path;

use super::tables::{self, WHOLE, escape};
use super::{Sheet, SheetStop, label};
use crate::export::geopackage::{ColumnType, Error, GeometryKind, Shape, Table, Value, Writer};
use crate::model::domain;

/// Keys of a result, filled in beforehand.
const RESULT_KEYS: &[&str] =
    &["field_result_id", "stop_uuid", "order_no", "route_seq", "address", "base_version", "ticket_no"];

/// Writes the list as a GeoPackage.
///
/// # Errors
/// When the file cannot be written.
pub fn geopackage(sheet: &Sheet, path: &Path, made_at: &str) -> Result<(), Error> {
    let mut writer = Writer::create(path, made_at)?;
    let stop_columns = columns(sheet, false);
    let title = sheet.title();
    let stops =
        Table { name: "removal_stop", title: &title, geometry: Some(GeometryKind::Point), columns: &stop_columns };
    writer.table(&stops)?;
    for stop in &sheet.stops {
        let values = tables::cells(sheet, stop).into_iter().filter(|(name, _)| is_stop_column(sheet, name));
        let mut cells: Vec<Value> = values.map(|(name, value)| cell(name, value)).collect();
        cells.push(Value::Integer(i64::from(stop.is_diggable())));
        writer.row(place(stop), cells)?;
    }
    let result_columns = columns(sheet, true);
    let results = Table {
        name: "field_result",
        title: "Results: fill in one row per stop",
        geometry: Some(GeometryKind::Point),
        columns: &result_columns,
    };
    writer.table(&results)?;
    for stop in &sheet.stops {
        let all = tables::cells(sheet, stop);
        let of = |name: &str| all.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone()).unwrap_or_default();
        let keys = RESULT_KEYS.iter().map(|name| cell(name, of(name)));
        let blanks = sheet.kind.fields().iter().map(|_| Value::Null);
        writer.row(place(stop), keys.chain(blanks))?;
    }
    codes(&mut writer, sheet)?;
    writer.styles(&[("removal_stop", stop_qml(), stop_sld()), ("field_result", result_qml(sheet), result_sld())])?;
    writer.finish()
}

/// Code lists as rows: programs that ignore styles can still look a code up.
fn codes(writer: &mut Writer, sheet: &Sheet) -> Result<(), Error> {
    let text = ColumnType::Text;
    let columns = [("list", text), ("code", text), ("label", text)];
    writer.table(&Table {
        name: "code_list",
        title: "Codes of the coded columns",
        geometry: None,
        columns: &columns,
    })?;
    for list in [sheet.kind.result_domain(), "removal_method", "measure_ref"] {
        for code in domain::codes(list) {
            let cells = [list.to_owned(), code.to_owned(), domain::label(list, code)];
            writer.row(Shape::Null, cells.into_iter().map(Value::Text))?;
        }
    }
    Ok(())
}

fn is_stop_column(sheet: &Sheet, name: &str) -> bool {
    name != "field_result_id" && !sheet.kind.fields().contains(&name)
}

fn columns(sheet: &Sheet, is_result: bool) -> Vec<(&'static str, ColumnType)> {
    let typed = |name: &'static str| {
        let kind = match name {
            whole if WHOLE.contains(&whole) || whole == "is_diggable" => ColumnType::Integer,
            time if time.ends_with("_at") => ColumnType::DateTime,
            "depth_ft" | "pavement_cut_sqft" => ColumnType::Real,
            _ => ColumnType::Text,
        };
        (name, kind)
    };
    if is_result {
        return RESULT_KEYS.iter().chain(sheet.kind.fields()).map(|n| typed(n)).collect();
    }
    let sample = tables::cells(sheet, &SheetStop::default());
    let names = sample.into_iter().map(|(name, _)| name).filter(|name| is_stop_column(sheet, name));
    names.chain(["is_diggable"]).map(typed).collect()
}

fn cell(name: &str, value: String) -> Value {
    match value.parse::<i64>() {
        Ok(number) if WHOLE.contains(&name) => Value::Integer(number),
        _ if value.is_empty() => Value::Null,
        _ => Value::Text(value),
    }
}

fn place(stop: &SheetStop) -> Shape<'static> {
    stop.position.map_or(Shape::Null, |(lon, lat)| Shape::Point([lon, lat]))
}

/// Stops: a numbered dot, green where the crew may dig, red where not.
fn stop_qml() -> String {
    let rule = |name: i32, color: &str| symbol(&name.to_string(), "circle", color, 4.0);
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22\" styleCategories=\"Symbology|Labeling\">\
<renderer-v2 type=\"categorizedSymbol\" attr=\"is_diggable\" enableorderby=\"0\" forceraster=\"0\" symbollevels=\"0\"><categories>\
<category value=\"1\" symbol=\"0\" label=\"may be worked\" render=\"true\"/><category value=\"0\" symbol=\"1\" label=\"DO NOT DIG\" render=\"true\"/>\
</categories><symbols>{}{}</symbols></renderer-v2>\
<labeling type=\"simple\"><settings calloutType=\"simple\"><text-style fieldName=\"route_seq\" fontSize=\"11\" fontWeight=\"75\" textColor=\"0,0,0,255\">\
<text-buffer bufferDraw=\"1\" bufferSize=\"1\" bufferColor=\"255,255,255,255\"/></text-style><placement placement=\"0\" dist=\"2\"/></settings></labeling></qgis>",
        rule(0, "0,140,60,255"),
        rule(1, "200,0,0,255")
    )
}

fn symbol(name: &str, shape: &str, color: &str, size: f64) -> String {
    format!(
        "<symbol type=\"marker\" name=\"{name}\" alpha=\"1\" clip_to_extent=\"1\" force_rhr=\"0\"><layer class=\"SimpleMarker\" enabled=\"1\" locked=\"0\" pass=\"0\">\
<Option type=\"Map\"><Option type=\"QString\" name=\"name\" value=\"{shape}\"/><Option type=\"QString\" name=\"color\" value=\"{color}\"/>\
<Option type=\"QString\" name=\"outline_color\" value=\"255,255,255,255\"/><Option type=\"QString\" name=\"outline_width\" value=\"0.4\"/>\
<Option type=\"QString\" name=\"size\" value=\"{size}\"/><Option type=\"QString\" name=\"size_unit\" value=\"MM\"/></Option></layer></symbol>"
    )
}

/// Results: a diamond. A category cannot name NULL, so an expression asks whether there is a result (seen in QGIS 3.22). The form offers the codes of the lists, times as a calendar and photos as the camera.
fn result_qml(sheet: &Sheet) -> String {
    let mut widgets = String::new();
    for field in sheet.kind.fields() {
        let list = match *field {
            "result_code" => sheet.kind.result_domain(),
            "method_done" => "removal_method",
            _ => "",
        };
        let (kind, config) = match *field {
            _ if !list.is_empty() => ("ValueMap", value_map(list)),
            time if time.ends_with("_at") => (
                "DateTime",
                "<Option type=\"Map\"><Option type=\"QString\" name=\"display_format\" value=\"yyyy-MM-dd HH:mm\"/><Option type=\"bool\" name=\"calendar_popup\" value=\"true\"/><Option type=\"bool\" name=\"allow_null\" value=\"true\"/></Option>".to_owned(),
            ),
            photo if photo.ends_with("_photo") => (
                "ExternalResource",
                "<Option type=\"Map\"><Option type=\"int\" name=\"DocumentViewer\" value=\"1\"/><Option type=\"bool\" name=\"FileWidget\" value=\"true\"/><Option type=\"int\" name=\"RelativeStorage\" value=\"1\"/><Option type=\"int\" name=\"StorageMode\" value=\"0\"/></Option>".to_owned(),
            ),
            _ => ("TextEdit", "<Option/>".to_owned()),
        };
        write!(
            widgets,
            "<field name=\"{field}\" configurationFlags=\"None\"><editWidget type=\"{kind}\"><config>{config}</config></editWidget></field>"
        )
        .expect("writing to a String cannot fail");
    }
    let aliases: String = sheet
        .kind
        .fields()
        .iter()
        .map(|f| format!("<alias field=\"{f}\" name=\"{}\" index=\"0\"/>", label(f)))
        .collect();
    // Keys are shown and cannot be typed over.
    let locked: String = RESULT_KEYS.iter().map(|k| format!("<field name=\"{k}\" editable=\"0\"/>")).collect();
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22\" styleCategories=\"Symbology|Fields|Forms\">\
<fieldConfiguration>{widgets}</fieldConfiguration><aliases>{aliases}</aliases>\
<renderer-v2 type=\"categorizedSymbol\" attr=\"coalesce(&quot;result_code&quot;, '') &lt;> ''\" enableorderby=\"0\" forceraster=\"0\" symbollevels=\"0\"><categories>\
<category value=\"0\" symbol=\"0\" label=\"no result yet\" render=\"true\"/><category value=\"1\" symbol=\"1\" label=\"has a result\" render=\"true\"/>\
</categories><symbols>{}{}</symbols></renderer-v2><editable>{locked}</editable></qgis>",
        symbol("0", "diamond", "255,170,0,255", 3.0),
        symbol("1", "diamond", "0,90,200,255", 3.0)
    )
}

fn value_map(list: &str) -> String {
    let options: String = domain::codes(list)
        .into_iter()
        .map(|code| {
            format!(
                "<Option type=\"Map\"><Option type=\"QString\" name=\"{}\" value=\"{code}\"/></Option>",
                escape(&domain::label(list, code))
            )
        })
        .collect();
    format!("<Option type=\"Map\"><Option type=\"List\" name=\"map\">{options}</Option></Option>")
}

fn sld(layer: &str, rules: &str) -> String {
    format!(
        "<StyledLayerDescriptor xmlns=\"http://www.opengis.net/sld\" xmlns:ogc=\"http://www.opengis.net/ogc\" version=\"1.0.0\"><NamedLayer><Name>{layer}</Name><UserStyle><FeatureTypeStyle>{rules}</FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"
    )
}

fn point_rule(filter: &str, mark: &str, color: &str) -> String {
    format!(
        "<Rule>{filter}<PointSymbolizer><Graphic><Mark><WellKnownName>{mark}</WellKnownName><Fill><CssParameter name=\"fill\">{color}</CssParameter></Fill></Mark><Size>12</Size></Graphic></PointSymbolizer></Rule>"
    )
}

fn stop_sld() -> String {
    let when = |value: u8| {
        format!(
            "<ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>is_diggable</ogc:PropertyName><ogc:Literal>{value}</ogc:Literal></ogc:PropertyIsEqualTo></ogc:Filter>"
        )
    };
    sld("removal_stop", &(point_rule(&when(1), "circle", "#008c3c") + &point_rule(&when(0), "circle", "#c80000")))
}

fn result_sld() -> String {
    sld("field_result", &point_rule("", "square", "#ffaa00"))
}
