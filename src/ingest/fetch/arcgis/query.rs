//! Questions to a layer: which rows, in which form, how many at a time.

use super::layer::Layer;
use crate::ingest::fetch::client::Request;

/// Longest URL that is sent with GET; servers cut longer ones.
const URL_CHARS_MAX: usize = 1_800;

/// WGS 84, for services whose own coordinate system we do not know.
const DEGREES: &str = "4326";

/// Form of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageForm {
    /// Esri JSON: names its coordinate system and says reliably whether more follows.
    #[default]
    Json,
    /// GeoJSON, in degrees.
    GeoJson,
}

impl PageForm {
    /// The word used by the service and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            PageForm::Json => "json",
            PageForm::GeoJson => "geojson",
        }
    }
}

/// Which rows of a layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Condition in the service's SQL.
    pub condition: Option<String>,
    /// West, south, east, north in degrees.
    pub bbox: Option<[f64; 4]>,
    /// Only rows edited at or after this moment: field, and milliseconds since 1970.
    pub edited_since: Option<(String, i64)>,
    /// Form of the pages.
    pub form: PageForm,
}

impl Query {
    /// The same text for the same rows: the identity of a run.
    pub fn identity(&self) -> String {
        serde_json::json!({
            "where": self.condition, "bbox": self.bbox, "edited_since": self.edited_since, "f": self.form.as_str(),
        })
        .to_string()
    }

    /// Whether it asks for less than the whole layer.
    pub fn is_partial(&self) -> bool {
        self.condition.is_some() || self.bbox.is_some() || self.edited_since.is_some()
    }

    fn conditions(&self, further: Option<String>) -> String {
        let since = self.edited_since.as_ref().map(|(field, ms)| format!("{field} >= TIMESTAMP '{}'", sql_moment(*ms)));
        let all: Vec<String> = self.condition.iter().cloned().chain(since).chain(further).collect();
        match all.as_slice() {
            [] => "1=1".to_owned(),
            [one] => one.clone(),
            many => many.iter().map(|c| format!("({c})")).collect::<Vec<_>>().join(" AND "),
        }
    }

    fn base(&self, layer: &Layer, further: Option<String>) -> Request {
        let mut request =
            Request::get(format!("{}/query", layer.url)).with("where", self.conditions(further)).with("f", "json");
        if let Some([west, south, east, north]) = self.bbox {
            request = request
                .with("geometry", format!("{west},{south},{east},{north}"))
                .with("geometryType", "esriGeometryEnvelope")
                .with("inSR", "4326")
                .with("spatialRel", "esriSpatialRelIntersects");
        }
        request
    }

    fn rows(&self, layer: &Layer, further: Option<String>) -> Request {
        let mut request = self.base(layer, further).with("outFields", "*").with("returnGeometry", "true");
        if self.form == PageForm::GeoJson {
            request.params.retain(|(name, _)| name != "f");
            return request.with("f", "geojson");
        }
        if layer.has_known_crs() { request } else { request.with("outSR", DEGREES) }
    }

    /// The coordinate system that the rows are asked for in; GeoJSON is always in degrees.
    pub fn crs(&self, layer: &Layer) -> Option<String> {
        let own = layer.crs.clone().filter(|_| self.form == PageForm::Json && layer.has_known_crs());
        own.or_else(|| (self.form == PageForm::Json).then(|| DEGREES.to_owned()))
    }

    /// Asks for the number of rows.
    pub fn count(&self, layer: &Layer) -> Request {
        short(self.base(layer, None).with("returnCountOnly", "true"))
    }

    /// Asks for every object id.
    pub fn object_ids(&self, layer: &Layer) -> Request {
        short(self.base(layer, None).with("returnIdsOnly", "true"))
    }

    /// Asks for the least and the greatest object id.
    pub fn id_range(&self, layer: &Layer, oid_field: &str) -> Request {
        let statistic = |kind: &str| serde_json::json!({ "statisticType": kind, "onStatisticField": oid_field, "outStatisticFieldName": format!("THE_{kind}") });
        let wanted = serde_json::Value::from(vec![statistic("min"), statistic("max")]).to_string();
        short(self.base(layer, None).with("outStatistics", wanted))
    }

    /// Asks for `n` rows behind the first `start`.
    pub fn offset(&self, layer: &Layer, start: u64, n: u32) -> Request {
        let mut request = self.rows(layer, None);
        if let Some(oid_field) = layer.oid_field.as_ref().filter(|_| layer.can_order) {
            request = request.with("orderByFields", format!("{oid_field} ASC"));
        }
        short(request.with("resultOffset", start.to_string()).with("resultRecordCount", n.to_string()))
    }

    /// Asks for the rows with object ids from `low` to `high`.
    pub fn id_window(&self, layer: &Layer, oid_field: &str, low: i64, high: i64) -> Request {
        short(self.rows(layer, Some(format!("{oid_field} >= {low} AND {oid_field} <= {high}"))))
    }

    /// Asks for the rows with these object ids.
    pub fn id_list(&self, layer: &Layer, ids: &[i64]) -> Request {
        let list = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let mut request = self.rows(layer, None);
        // The ids come from a list that the condition made already; both together are refused by some services.
        request.params.retain(|(name, _)| {
            !matches!(name.as_str(), "where" | "geometry" | "geometryType" | "inSR" | "spatialRel")
        });
        short(request.with("objectIds", list))
    }
}

/// GET where the URL stays short, else POST.
fn short(request: Request) -> Request {
    let n: usize = request.url.len() + request.form().len();
    if n <= URL_CHARS_MAX { request } else { Request::post(request.url, request.params) }
}

fn sql_moment(ms: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::{PageForm, Query};
    use crate::ingest::fetch::arcgis::layer::Layer;
    use crate::ingest::fetch::client::{Method, Request};

    fn layer() -> Layer {
        let body =
            br#"{"extent":{"spatialReference":{"wkid":2267}},"advancedQueryCapabilities":{"supportsOrderBy":true},
            "fields":[{"name":"OBJECTID","type":"esriFieldTypeOID"}]}"#;
        Layer::parse("https://h/FeatureServer/0", body).unwrap()
    }

    fn told(request: &Request) -> String {
        request.params.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn questions_as_the_service_understands_them() {
        let plain = Query::default();
        assert_eq!(
            told(&plain.offset(&layer(), 2000, 500)),
            "where=1=1&f=json&outFields=*&returnGeometry=true&orderByFields=OBJECTID ASC&resultOffset=2000&resultRecordCount=500"
        );
        let query = Query {
            condition: Some("CITY = 'X' OR 1=1".to_owned()),
            bbox: Some([-96.5, 36.0, -96.0, 36.5]),
            edited_since: Some(("EditDate".to_owned(), 1_700_000_000_000)),
            form: PageForm::GeoJson,
        };
        let told = told(&query.id_window(&layer(), "OBJECTID", 5, 9));
        assert!(told.starts_with(
            "where=(CITY = 'X' OR 1=1) AND (EditDate >= TIMESTAMP '2023-11-14 22:13:20') AND (OBJECTID >= 5 AND OBJECTID <= 9)&"
        ), "{told}");
        assert!(told.contains("geometry=-96.5,36,-96,36.5&") && told.ends_with("f=geojson"), "{told}");
        assert!(query.is_partial() && !plain.is_partial() && query.identity() != plain.identity());
    }

    #[test]
    fn long_lists_go_by_post_and_strange_systems_are_left_to_the_service() {
        let ids: Vec<i64> = (0..1000).collect();
        let request = Query::default().id_list(&layer(), &ids);
        assert_eq!((request.method, request.params.iter().any(|(n, _)| n == "where")), (Method::Post, false));
        assert_eq!(Query::default().id_list(&layer(), &ids[..10]).method, Method::Get);
        let strange = Layer { crs: Some("102799".to_owned()), ..layer() };
        assert!(told(&Query::default().offset(&strange, 0, 1)).contains("outSR=4326"));
    }
}
