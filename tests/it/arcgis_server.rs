//! A synthetic ArcGIS layer behind the loopback server: made-up parcels, every way of paging, and faults on demand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::http_server::{Answer, Asked, Server};

/// One made-up parcel.
#[derive(Debug, Clone)]
pub(crate) struct Lot {
    pub(crate) oid: i64,
    pub(crate) pin: String,
    pub(crate) owner: String,
    pub(crate) edited_ms: i64,
}

/// What the service can and does.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) lots: Vec<Lot>,
    pub(crate) rows_max: usize,
    pub(crate) can_offset: bool,
    pub(crate) can_list_ids: bool,
    pub(crate) can_statistics: bool,
    pub(crate) can_count: bool,
    /// Sends page 1 whatever the offset.
    pub(crate) ignores_offset: bool,
    /// Sends every row whatever the condition.
    pub(crate) ignores_where: bool,
    /// Says when a page is cut off.
    pub(crate) says_exceeded: bool,
    /// The limit it really has, where it names another.
    pub(crate) hidden_max: Option<usize>,
    /// Added to the count each time it is asked.
    pub(crate) count_drift: usize,
    /// Makes up new rows for ever.
    pub(crate) is_endless: bool,
    /// Pages hold more or fewer rows, as where bytes are bounded and not rows.
    pub(crate) is_uneven: bool,
    /// The field of object ids in the list of them, where it is another than in the rows.
    pub(crate) listed_field: Option<&'static str>,
    /// The description says which field holds the object ids.
    pub(crate) names_oid: bool,
    /// Pages name their coordinate system.
    pub(crate) names_crs: bool,
    /// The number of the coordinate system that description and pages name.
    pub(crate) wkid: u32,
    /// Refuses to turn its coordinates into another system.
    pub(crate) refuses_out_sr: bool,
}

/// `n` lots with gaps in their object ids.
pub(crate) fn lots(n: usize) -> Vec<Lot> {
    (0..n)
        .map(|i| Lot {
            oid: (i + i / 7 + 1) as i64,
            pin: format!("P-{i:05}"),
            owner: format!("OWNER {} LLC", i % 97),
            edited_ms: 1_700_000_000_000 + i as i64 * 1_000,
        })
        .collect()
}

impl Service {
    pub(crate) fn new(n: usize) -> Self {
        Self {
            lots: lots(n),
            rows_max: 50,
            can_offset: true,
            can_list_ids: true,
            can_statistics: true,
            can_count: true,
            ignores_offset: false,
            ignores_where: false,
            says_exceeded: true,
            hidden_max: None,
            count_drift: 0,
            is_endless: false,
            is_uneven: false,
            listed_field: None,
            names_oid: true,
            names_crs: true,
            wkid: 102_100,
            refuses_out_sr: false,
        }
    }

    pub(crate) fn description(&self) -> Value {
        json!({
            "currentVersion": 10.81, "id": 0, "name": "Lots", "type": "Feature Layer", "geometryType": "esriGeometryPolygon",
            "maxRecordCount": self.rows_max, "capabilities": "Map,Query,Data", "supportedQueryFormats": "JSON, geoJSON",
            "supportsStatistics": self.can_statistics,
            "advancedQueryCapabilities": { "supportsPagination": self.can_offset, "supportsOrderBy": self.can_offset },
            "editFieldsInfo": { "editDateField": "EditDate" },
            "extent": { "spatialReference": self.reference() },
            "fields": [
                { "name": "OBJECTID", "type": if self.names_oid { "esriFieldTypeOID" } else { "esriFieldTypeInteger" } },
                { "name": "parcel_id", "type": "esriFieldTypeString" },
                { "name": "owner", "type": "esriFieldTypeString" },
                { "name": "situs_address", "type": "esriFieldTypeString" },
                { "name": "land_use", "type": "esriFieldTypeInteger",
                  "domain": { "type": "codedValue", "codedValues": [{ "name": "Residential", "code": 1 }, { "name": "Farm", "code": 2 }] } },
                { "name": "EditDate", "type": "esriFieldTypeDate" },
            ],
        })
    }

    fn reference(&self) -> Value {
        if self.wkid == 102_100 { json!({ "wkid": 102_100, "latestWkid": 3857 }) } else { json!({ "wkid": self.wkid }) }
    }

    fn attributes(lot: &Lot) -> Value {
        json!({
            "OBJECTID": lot.oid, "parcel_id": lot.pin, "owner": lot.owner, "situs_address": format!("{} ELM ST", 100 + lot.oid),
            "land_use": 1 + lot.oid % 2, "EditDate": lot.edited_ms,
        })
    }

    fn feature(lot: &Lot, is_geojson: bool) -> Value {
        let (x, y) = (-10_687_900.0 + lot.oid as f64 * 30.0, 4_321_000.0);
        let ring = vec![[x, y], [x, y + 20.0], [x + 20.0, y + 20.0], [x + 20.0, y], [x, y]];
        if !is_geojson {
            return json!({ "attributes": Self::attributes(lot), "geometry": { "rings": [ring] } });
        }
        let radius = 6_378_137.0;
        let degrees: Vec<[f64; 2]> =
            ring.iter().map(|[x, y]| [(x / radius).to_degrees(), (y / radius).sinh().atan().to_degrees()]).collect();
        json!({ "type": "Feature", "properties": Self::attributes(lot), "geometry": { "type": "Polygon", "coordinates": [degrees] } })
    }

    /// A page file of all lots, as somebody would have downloaded it.
    pub(crate) fn file(&self) -> String {
        let features: Vec<Value> = self.lots.iter().map(|l| Self::feature(l, false)).collect();
        let reference = json!({ "wkid": 102_100, "latestWkid": 3857 });
        format!("{{\"spatialReference\":{reference},\"features\":{}}}", Value::from(features))
    }

    fn chosen(&self, asked: &Asked) -> Vec<Lot> {
        let mut chosen = self.lots.clone();
        if let Some(list) = asked.param("objectIds") {
            let wanted: Vec<i64> = list.split(',').map(|t| t.parse().unwrap()).collect();
            chosen.retain(|l| wanted.contains(&l.oid));
        }
        let condition = asked.param("where").unwrap_or("1=1").replace(['(', ')'], " ");
        for part in condition.split(" AND ").filter(|_| !self.ignores_where) {
            let words: Vec<&str> = part.split_whitespace().collect();
            match words.as_slice() {
                ["OBJECTID", ">=", low] => chosen.retain(|l| l.oid >= low.parse().unwrap()),
                ["OBJECTID", "<=", high] => chosen.retain(|l| l.oid <= high.parse().unwrap()),
                ["EditDate", ">=", "TIMESTAMP", day, time] => {
                    let text = format!("{}T{}Z", day.trim_matches('\''), time.trim_matches('\''));
                    let from = text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
                    chosen.retain(|l| l.edited_ms >= from);
                }
                ["owner", "=", ..] => chosen.retain(|l| part.contains(&l.owner)),
                ["1=1"] => {}
                other => panic!("the service does not understand {other:?}"),
            }
        }
        if let Some(bbox) = asked.param("geometry") {
            let west: f64 = bbox.split(',').next().unwrap().parse().unwrap();
            chosen.retain(|l| ((-10_687_900.0 + l.oid as f64 * 30.0) / 6_378_137.0).to_degrees() >= west);
        }
        chosen
    }

    /// The answer to a request; `n_asked` counts the requests before it.
    pub(crate) fn answer(&self, asked: &Asked, n_asked: usize) -> Answer {
        let send = |value: Value| Answer::json(value.to_string());
        let refuse =
            || send(json!({ "error": { "code": 400, "message": "Unable to complete operation.", "details": [] } }));
        if !asked.path.ends_with("/query") {
            return send(self.description());
        }
        let chosen = self.chosen(asked);
        let flag = |name: &str| asked.param(name) == Some("true");
        if flag("returnCountOnly") && self.can_count {
            return send(json!({ "count": chosen.len() + self.count_drift * n_asked }));
        }
        if flag("returnIdsOnly") {
            let ids: Vec<i64> = chosen.iter().map(|l| l.oid).collect();
            return if self.can_list_ids {
                send(json!({ "objectIdFieldName": self.listed_field.unwrap_or("OBJECTID"), "objectIds": ids }))
            } else {
                refuse()
            };
        }
        if asked.param("outStatistics").is_some() && !self.can_statistics {
            return refuse();
        }
        if asked.param("outStatistics").is_some() {
            let (low, high) = (chosen.iter().map(|l| l.oid).min(), chosen.iter().map(|l| l.oid).max());
            return send(json!({ "features": [{ "attributes": { "THE_min": low, "THE_max": high } }] }));
        }
        if asked.param("resultOffset").is_some() && !self.can_offset {
            return refuse();
        }
        if asked.param("outSR").is_some() && self.refuses_out_sr {
            return refuse();
        }
        let number = |name: &str| asked.param(name).and_then(|t| t.parse::<usize>().ok());
        let offset = if self.ignores_offset { 0 } else { number("resultOffset").unwrap_or(0) };
        let limit = self.hidden_max.unwrap_or(self.rows_max);
        let limit = if self.is_uneven { limit - 1 - offset / 10 % 7 } else { limit };
        let n = number("resultRecordCount").unwrap_or(limit).min(limit);
        let mut rows: Vec<Lot> = chosen.iter().skip(offset).take(n).cloned().collect();
        if self.is_endless && rows.is_empty() {
            let last = self.lots.last().unwrap();
            rows = (0..n as i64).map(|i| Lot { oid: last.oid + 1 + offset as i64 + i, ..last.clone() }).collect();
        }
        let is_exceeded = (offset + rows.len() < chosen.len() || self.is_endless) && self.says_exceeded;
        let is_geojson = asked.param("f") == Some("geojson");
        let features: Vec<Value> = rows.iter().map(|l| Self::feature(l, is_geojson)).collect();
        send(if is_geojson {
            json!({ "type": "FeatureCollection", "properties": { "exceededTransferLimit": is_exceeded }, "features": features })
        } else {
            let mut page = json!({ "features": features });
            if self.names_crs {
                page["spatialReference"] = self.reference();
            }
            if is_exceeded {
                page["exceededTransferLimit"] = json!(true);
            }
            page
        })
    }
}

/// What may be changed about an answer before it is sent: (number of the request for rows, request, answer).
pub(crate) type Meddle = Box<dyn Fn(usize, &Asked, Answer) -> Answer + Send + Sync>;

/// A service that can be exchanged while it runs.
pub(crate) struct Layer {
    pub(crate) server: Server,
    pub(crate) service: Arc<Mutex<Service>>,
    pub(crate) meddle: Arc<Mutex<Meddle>>,
}

pub(crate) fn is_for_rows(asked: &Asked) -> bool {
    asked.path.ends_with("/query") && asked.param("outFields").is_some()
}

impl Layer {
    pub(crate) fn start(service: Service) -> Self {
        let service = Arc::new(Mutex::new(service));
        let meddle: Arc<Mutex<Meddle>> = Arc::new(Mutex::new(Box::new(|_, _, answer| answer)));
        let (n_asked, n_rows) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let server = {
            let (service, meddle) = (Arc::clone(&service), Arc::clone(&meddle));
            Server::start(move |asked| {
                if asked.path == "/robots.txt" {
                    return None;
                }
                let answer = service.lock().unwrap().answer(asked, n_asked.fetch_add(1, Ordering::SeqCst));
                if !is_for_rows(asked) {
                    return Some(answer);
                }
                Some(meddle.lock().unwrap()(n_rows.fetch_add(1, Ordering::SeqCst), asked, answer))
            })
        };
        Self { server, service, meddle }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("/arcgis/rest/services/Lots/MapServer/0")
    }

    pub(crate) fn meddle(&self, meddle: impl Fn(usize, &Asked, Answer) -> Answer + Send + Sync + 'static) {
        *self.meddle.lock().unwrap() = Box::new(meddle);
    }

    /// Requests for rows so far.
    pub(crate) fn n_row_requests(&self) -> usize {
        self.server.log().iter().filter(|a| is_for_rows(a)).count()
    }
}
