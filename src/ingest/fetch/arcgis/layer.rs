//! What a layer says of itself: fields, domains, object ids, coordinate system, and how it can be paged.

use std::collections::BTreeMap;

use serde_json::Value;

use super::page::{self, text_of};
use crate::geom::crs::Crs;
use crate::ingest::fetch::Error;
use crate::ingest::fetch::exchange::sha256_hex;

/// Rows of a page where the layer names no limit.
const ROWS_MAX_DEFAULT: u32 = 1_000;
/// Rows of a page that we ask for at most: pages of one layer with a limit of 100,000 took minutes to make.
pub const PAGE_ROWS_MAX: u32 = 2_000;

/// Codes and the names they stand for.
pub type Domain = BTreeMap<String, String>;

/// A field of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name in the rows.
    pub name: String,
    /// `esriFieldTypeString` ...
    pub kind: String,
    /// Names of its codes.
    pub domain: Option<Domain>,
}

/// Domains that hold only for the rows of one subtype.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subtypes {
    /// Field that holds the subtype.
    pub field: String,
    /// Subtype code, then field, to domain.
    pub domains: BTreeMap<String, BTreeMap<String, Domain>>,
}

/// A layer or table.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its address, without `/query`.
    pub url: String,
    /// Its name.
    pub name: String,
    /// Fields in order.
    pub fields: Vec<Field>,
    /// Subtypes, when it has any.
    pub subtypes: Option<Subtypes>,
    /// The field of object ids.
    pub oid_field: Option<String>,
    /// The field with the time of the last edit of a row.
    pub edit_field: Option<String>,
    /// Most rows the service gives at once.
    pub rows_max: u32,
    /// Whether pages can be asked for by offset.
    pub can_offset: bool,
    /// Whether rows can be ordered.
    pub can_order: bool,
    /// Whether pages come as GeoJSON too.
    pub has_geojson: bool,
    /// Coordinate system as the service names it.
    pub crs: Option<String>,
    /// Moment of the last edit of the layer, milliseconds since 1970.
    pub last_edit: Option<i64>,
    /// Changes when the layer's fields, coordinate system or last edit do.
    pub fingerprint: String,
}

/// The address of a layer from what people paste: without query, `/query` and slash at the end.
pub fn layer_url(text: &str) -> String {
    let bare = text.trim().split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    bare.strip_suffix("/query").unwrap_or(bare).to_owned()
}

impl Layer {
    /// Reads a layer's description.
    ///
    /// # Errors
    /// When it is an error, a page for people, or no layer.
    pub fn parse(url: &str, body: &[u8]) -> Result<Self, Error> {
        page::refuse_markup(url, body)?;
        let unexpected = |detail: String| Error::Unexpected { url: url.to_owned(), detail };
        let text = text_of(body);
        let value: Value =
            serde_json::from_slice(&text).map_err(|e| unexpected(format!("the description is no JSON: {e}")))?;
        if let Some(error) = value.get("error") {
            return Err(page::service_error(url, error));
        }
        let fields = fields_of(&value);
        if fields.is_empty() {
            return Err(unexpected(not_a_layer(&value)));
        }
        let capabilities = text_at(&value, "capabilities").unwrap_or_default();
        if !capabilities.is_empty() && !capabilities.split(',').any(|c| c.trim().eq_ignore_ascii_case("query")) {
            return Err(unexpected(format!("the layer cannot be queried (it can {capabilities})")));
        }
        Ok(Self::from_parts(url, &value, fields))
    }

    fn from_parts(url: &str, value: &Value, fields: Vec<Field>) -> Self {
        let is_oid = |f: &&Field| f.kind == "esriFieldTypeOID";
        let oid_field = text_at(value, "objectIdField").or_else(|| fields.iter().find(is_oid).map(|f| f.name.clone()));
        let edit_field = value.pointer("/editFieldsInfo/editDateField").and_then(Value::as_str);
        let edit_field = edit_field.filter(|f| !f.is_empty()).map(str::to_owned);
        let flag = |name: &str| {
            let nested = value.get("advancedQueryCapabilities").and_then(|c| c.get(name));
            nested.or_else(|| value.get(name)).and_then(Value::as_bool).unwrap_or(false)
        };
        let rows_max = value.get("maxRecordCount").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        let formats = text_at(value, "supportedQueryFormats").unwrap_or_default().to_ascii_lowercase();
        let reference = value
            .pointer("/extent/spatialReference")
            .or_else(|| value.pointer("/sourceSpatialReference"))
            .or_else(|| value.get("spatialReference"));
        let crs = reference.and_then(crs_name);
        let last_edit =
            ["dataLastEditDate", "lastEditDate"].iter().find_map(|k| value.get("editingInfo")?.get(k)?.as_i64());
        let told = format!("{:?}{crs:?}{last_edit:?}", fields.iter().map(|f| (&f.name, &f.kind)).collect::<Vec<_>>());
        Self {
            url: url.to_owned(),
            name: text_at(value, "name").unwrap_or_default(),
            subtypes: subtypes_of(value),
            oid_field,
            edit_field,
            rows_max: rows_max.filter(|n| *n > 0).unwrap_or(ROWS_MAX_DEFAULT),
            can_offset: flag("supportsPagination"),
            can_order: flag("supportsOrderBy"),
            has_geojson: formats.contains("geojson"),
            fingerprint: sha256_hex(told.as_bytes()),
            fields,
            crs,
            last_edit,
        }
    }

    /// Rows to ask for at a time.
    pub fn page_rows(&self, wanted: Option<u32>) -> u32 {
        wanted.unwrap_or(PAGE_ROWS_MAX).min(self.rows_max).max(1)
    }

    /// Whether we can turn the layer's own coordinates into degrees; else the service is asked to.
    pub fn has_known_crs(&self) -> bool {
        self.crs.as_deref().is_some_and(|c| Crs::parse(c).is_some())
    }

    /// The layer's own spelling of a field, whatever the case.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields
            .iter()
            .find(|f| f.name == name)
            .or_else(|| self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)))
    }
}

fn text_at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
}

fn not_a_layer(value: &Value) -> String {
    let names: Vec<String> = value
        .get("layers")
        .and_then(Value::as_array)
        .map(|layers| {
            let label = |l: &Value| {
                format!("{} {}", l.get("id").unwrap_or(&Value::Null), text_at(l, "name").unwrap_or_default())
            };
            layers.iter().take(20).map(label).collect()
        })
        .unwrap_or_default();
    if !names.is_empty() {
        return format!("it is a service, not a layer; add the number of a layer to the address: {}", names.join(", "));
    }
    match text_at(value, "type").or_else(|| text_at(value, "serviceDataType")) {
        Some(kind) => format!("it is no layer with fields but {}", crate::ingest::error::shown(&kind)),
        None => "it is no description of a layer".to_owned(),
    }
}

fn fields_of(value: &Value) -> Vec<Field> {
    let fields = value.get("fields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let field = |f: &Value| {
        Some(Field {
            name: text_at(f, "name")?,
            kind: text_at(f, "type").unwrap_or_default(),
            domain: f.get("domain").and_then(domain_of),
        })
    };
    fields.iter().filter_map(field).collect()
}

fn domain_of(value: &Value) -> Option<Domain> {
    let codes = value.get("codedValues")?.as_array()?;
    let pairs =
        codes.iter().filter_map(|c| Some((code_of(c.get("code")?), c.get("name")?.as_str()?.trim().to_owned())));
    let domain: Domain = pairs.filter(|(_, name)| !name.is_empty()).collect();
    (!domain.is_empty()).then_some(domain)
}

/// A code as the rows show it: 1 and 1.0 are one code.
fn code_of(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn subtypes_of(value: &Value) -> Option<Subtypes> {
    let field = text_at(value, "typeIdField").or_else(|| text_at(value, "subtypeField"))?;
    let mut domains = BTreeMap::new();
    for kind in value.get("types").and_then(Value::as_array)? {
        let own = kind.get("domains").and_then(Value::as_object)?;
        let coded: BTreeMap<String, Domain> =
            own.iter().filter_map(|(name, d)| Some((name.clone(), domain_of(d)?))).collect();
        if !coded.is_empty() {
            domains.insert(code_of(kind.get("id")?), coded);
        }
    }
    (!domains.is_empty()).then_some(Subtypes { field, domains })
}

/// The name of a `spatialReference`.
pub(crate) fn crs_name(reference: &Value) -> Option<String> {
    let number = |key: &str| reference.get(key).and_then(Value::as_u64).filter(|n| *n > 0).map(|n| n.to_string());
    // The newest number first; the old one where we know only that.
    let numbers = [number("latestWkid"), number("wkid")];
    let known = numbers.iter().flatten().find(|n| Crs::parse(n).is_some());
    known.or(numbers.iter().flatten().next()).cloned().or_else(|| text_at(reference, "wkt"))
}

#[cfg(test)]
mod tests {
    use super::{Layer, layer_url};
    use crate::ingest::fetch::Error;

    #[test]
    fn addresses_as_people_paste_them() {
        for text in [
            "https://gis.example.gov/arcgis/rest/services/P/FeatureServer/0",
            " https://gis.example.gov/arcgis/rest/services/P/FeatureServer/0/ ",
            "https://gis.example.gov/arcgis/rest/services/P/FeatureServer/0/query?where=1%3D1&f=json",
            "https://gis.example.gov/arcgis/rest/services/P/FeatureServer/0?f=pjson#x",
        ] {
            assert_eq!(layer_url(text), "https://gis.example.gov/arcgis/rest/services/P/FeatureServer/0");
        }
    }

    #[test]
    fn old_and_new_descriptions() {
        let old = br#"{"currentVersion":10.0,"name":"Lots","extent":{"spatialReference":{"wkid":2267}},
            "capabilities":"Map,Query,Data","fields":[{"name":"OBJECTID","type":"esriFieldTypeOID"},{"name":"PIN","type":"esriFieldTypeString"}]}"#;
        let layer = Layer::parse("u", old).unwrap();
        assert_eq!((layer.oid_field.as_deref(), layer.rows_max, layer.can_offset), (Some("OBJECTID"), 1000, false));
        assert_eq!((layer.field("pin").unwrap().name.as_str(), layer.has_known_crs()), ("PIN", true));
        let new = br#"{"name":"Lots","objectIdField":"FID","maxRecordCount":100000,"supportedQueryFormats":"JSON, geoJSON, PBF",
            "extent":{"spatialReference":{"wkid":102100,"latestWkid":3857}},"editFieldsInfo":{"editDateField":"EditDate"},
            "editingInfo":{"lastEditDate":1700000000000},"typeIdField":"KIND",
            "types":[{"id":1,"domains":{"USE":{"type":"codedValue","codedValues":[{"name":"House","code":"H"}]},"PIN":{"type":"inherited"}}}],
            "advancedQueryCapabilities":{"supportsPagination":true,"supportsOrderBy":true,"supportsStatistics":true},
            "fields":[{"name":"FID","type":"esriFieldTypeOID"},{"name":"KIND","type":"esriFieldTypeInteger",
            "domain":{"type":"codedValue","codedValues":[{"name":"Lot","code":1.0},{"name":" ","code":2}]}},
            {"name":"SIZE","type":"esriFieldTypeDouble","domain":{"type":"range","range":[0,1]}}]}"#;
        let layer = Layer::parse("u", new).unwrap();
        assert!(layer.can_offset && layer.can_order && layer.has_geojson);
        assert_eq!((layer.page_rows(None), layer.page_rows(Some(50))), (2000, 50));
        assert_eq!(layer.fields[1].domain.as_ref().unwrap()["1"], "Lot");
        assert_eq!(layer.subtypes.unwrap().domains["1"]["USE"]["H"], "House");
        assert_eq!((layer.edit_field.as_deref(), layer.last_edit), (Some("EditDate"), Some(1_700_000_000_000)));
    }

    #[test]
    fn what_is_no_layer_is_told() {
        for (body, part) in [
            (r#"{"layers":[{"id":0,"name":"Parcels"},{"id":3,"name":"Roads"}]}"#, "0 Parcels, 3 Roads"),
            (r#"{"type":"Group Layer","fields":[]}"#, "Group Layer"),
            (r#"{"serviceDataType":"esriImageServiceDataTypeRGB"}"#, "esriImageServiceDataTypeRGB"),
            (r#"{"fields":[{"name":"A"}],"capabilities":"Map,Data"}"#, "cannot be queried"),
            ("{}", "no description"),
            ("{\"fields\":", "no JSON"),
        ] {
            let error = Layer::parse("u", body.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Unexpected { .. }) && error.to_string().contains(part), "{body}: {error}");
        }
        let denied = br#"{"error":{"code":499,"message":"Token Required","details":[]}}"#;
        assert!(matches!(Layer::parse("u", denied), Err(Error::Service { code: 499, .. })));
        assert!(matches!(Layer::parse("u", b" <html><title>Down</title>"), Err(Error::NotJson { .. })));
    }
}
