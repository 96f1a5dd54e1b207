//! Coordinate systems of county files, to WGS 84 longitude and latitude.
//!
//! Known: WGS 84 and NAD83 degrees, Web Mercator, every NAD83 state plane, UTM and statewide zone of `data/standards/crs.tsv` by
//! the number of EPSG or of Esri, and NAD83 systems spelled out in a `.prj` (WKT 1) by their parameters. Anything else is refused, never guessed: NAD27 needs
//! grid files. WGS 84 and the NAD83 realizations count as one datum; they differ by less than 2 m.

use proj4rs::Proj;

/// The table of systems: see its first lines for the origin.
const TABLE: &str = include_str!("../../data/standards/crs.tsv");

/// Numbers of Esri for systems of that table: ArcGIS services name them by these.
const ESRI_TABLE: &str = include_str!("../../data/standards/crs_esri.tsv");

/// Radius of the Web Mercator sphere (EPSG:3857), metres.
const WEB_MERCATOR_RADIUS_M: f64 = 6_378_137.0;

/// No projected coordinate of a US county is larger: the Earth measures 131 million feet around.
const COORDINATE_MAX: f64 = 2e8;

/// A coordinate system that we can transform.
#[derive(Debug, Clone, Default)]
pub enum Crs {
    /// Degrees already.
    #[default]
    LonLat,
    /// EPSG:3857 and its older numbers.
    WebMercator,
    /// Anything that goes through a projection.
    Projected(Box<Projection>),
}

/// A projected system.
#[derive(Debug, Clone)]
pub struct Projection {
    name: String,
    from: Proj,
    degrees: Proj,
}

impl Crs {
    /// Reads `EPSG:2267`, a bare code, URNs and URLs of OGC, `CRS84`, or WKT 1. `None` when we do not know it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('\u{feff}');
        let upper = text.to_ascii_uppercase();
        if upper.starts_with("PROJCS[") || upper.starts_with("GEOGCS[") {
            return super::wkt::proj_string(text).and_then(|p| match p {
                super::wkt::Meaning::Degrees => Some(Self::LonLat),
                super::wkt::Meaning::WebMercator => Some(Self::WebMercator),
                super::wkt::Meaning::Projected { name, proj } => Self::from_proj_string(&name, &proj),
            });
        }
        if upper.starts_with("PROJCRS[") || upper.starts_with("GEOGCRS[") {
            // The newer form of well-known text ends with the number of the whole.
            let (_, number) = upper.rsplit_once("ID[\"EPSG\",")?;
            return Self::from_epsg(number.split(']').next()?.trim().parse().ok()?);
        }
        if upper.ends_with("CRS84") || upper == "WGS84" || upper == "WGS 84" {
            return Some(Self::LonLat);
        }
        let code: String = upper.rsplit([':', '/', '#']).next()?.trim().to_owned();
        Self::from_epsg(code.parse().ok()?)
    }

    /// By the number of EPSG or of Esri (`wkid`).
    pub fn from_epsg(code: u32) -> Option<Self> {
        let code = of_table(ESRI_TABLE, code).and_then(|row| row.split('\t').nth(1)?.parse().ok()).unwrap_or(code);
        match code {
            // WGS 84, NAD83 and its realizations, in degrees.
            4326 | 4269 | 4152 | 4759 | 6318 => return Some(Self::LonLat),
            3857 | 102_100 | 102_113 | 900_913 | 3785 => return Some(Self::WebMercator),
            _ => {}
        }
        let mut row = of_table(TABLE, code)?.split('\t').skip(1);
        let (proj, name) = (row.next()?, row.next()?);
        Self::from_proj_string(name, proj)
    }

    fn from_proj_string(name: &str, proj: &str) -> Option<Self> {
        let from = Proj::from_proj_string(proj).ok()?;
        let degrees = Proj::from_proj_string("+proj=longlat +datum=WGS84").ok()?;
        Some(Self::Projected(Box::new(Projection { name: name.to_owned(), from, degrees })))
    }

    /// Name for people.
    pub fn name(&self) -> &str {
        match self {
            Crs::LonLat => "longitude and latitude (WGS 84)",
            Crs::WebMercator => "Web Mercator",
            Crs::Projected(p) => &p.name,
        }
    }

    /// Turns coordinates into longitude and latitude in place; false when one cannot be (not finite, outside the projection).
    pub fn to_lon_lat(&self, coords: &mut [[f64; 2]]) -> bool {
        // False for NaN too.
        if !coords.iter().all(|c| c[0].abs() <= COORDINATE_MAX && c[1].abs() <= COORDINATE_MAX) {
            return false;
        }
        match self {
            Crs::LonLat => true,
            Crs::WebMercator => {
                for c in coords {
                    c[0] = (c[0] / WEB_MERCATOR_RADIUS_M).to_degrees();
                    c[1] = (c[1] / WEB_MERCATOR_RADIUS_M).sinh().atan().to_degrees();
                }
                true
            }
            Crs::Projected(p) => coords.iter_mut().all(|c| {
                let mut point = (c[0], c[1], 0.0);
                let is_done = proj4rs::transform::transform(&p.from, &p.degrees, &mut point).is_ok();
                *c = [point.0.to_degrees(), point.1.to_degrees()];
                is_done && c[0].is_finite() && c[1].is_finite()
            }),
        }
    }
}

/// Farthest from the middle of its zone that a point of a county lies, degrees.
const ZONE_REACH: f64 = 4.0;

/// NAD83 systems of a state (`OKLAHOMA`) in which this point would lie in their zone: number and name. A file that names no system
/// may be in any of them; a person must ask.
pub fn systems_near(state: &str, point: [f64; 2]) -> Vec<(u32, &'static str)> {
    let begin = format!("NAD83 / {state}").to_ascii_lowercase();
    let near = |line: &'static str| {
        let f: Vec<&str> = line.split('\t').collect();
        let (code, proj, name) = (f.first()?.parse().ok()?, *f.get(1)?, *f.get(2)?);
        let middle: [f64; 2] = [f.get(3)?.parse().ok()?, f.get(4)?.parse().ok()?];
        name.to_ascii_lowercase().starts_with(&begin).then_some(())?;
        let mut place = [point];
        let lies = Crs::from_proj_string(name, proj)?.to_lon_lat(&mut place)
            && (0..2).all(|i| (place[0][i] - middle[i]).abs() <= ZONE_REACH);
        lies.then_some((code, name))
    };
    TABLE.lines().filter_map(near).collect()
}

/// The row of a table that begins with this number.
fn of_table(table: &'static str, code: u32) -> Option<&'static str> {
    table.lines().find(|line| line.split('\t').next().and_then(|n| n.parse().ok()) == Some(code))
}

#[cfg(test)]
mod tests {
    use super::{Crs, ESRI_TABLE, TABLE};

    #[test]
    fn every_row_of_the_table_agrees_with_proj() {
        let mut n = 0;
        for line in TABLE.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit())) {
            let f: Vec<&str> = line.split('\t').collect();
            let number = |i: usize| f[i].parse::<f64>().unwrap();
            let crs = Crs::parse(&format!("EPSG:{}", f[0])).unwrap_or_else(|| panic!("{line}"));
            let mut point = [[number(5), number(6)]];
            assert!(crs.to_lon_lat(&mut point), "{line}");
            // The check points are rounded to 0.1 mm, about 1e-9 degrees.
            assert!(
                (point[0][0] - number(3)).abs() < 5e-9 && (point[0][1] - number(4)).abs() < 5e-9,
                "{line} {point:?}"
            );
            n += 1;
        }
        assert!(n > 1000, "{n}");
    }

    #[test]
    fn a_point_without_a_system_may_be_in_the_zones_of_its_state_and_unit() {
        let numbers = |state: &str, point| -> Vec<u32> {
            super::systems_near(state, point).into_iter().map(|(code, _)| code).collect()
        };
        assert_eq!(numbers("OKLAHOMA", [2_550_000.0, 410_000.0]), [2267, 2268]);
        // Meters; as feet it would be the panhandle.
        assert_eq!(numbers("Oklahoma", [777_000.0, 125_000.0]), [2267, 32124, 32125]);
        assert!(numbers("OKLAHOMA", [9e7, 9e7]).is_empty() && numbers("NOWHERE", [2_550_000.0, 410_000.0]).is_empty());
    }

    #[test]
    fn the_numbers_of_esri_are_the_systems_they_say() {
        let mut n = 0;
        for line in ESRI_TABLE.lines().filter(|l| l.starts_with(|c: char| c.is_ascii_digit())) {
            let f: Vec<f64> = line.split('\t').map(|v| v.parse().unwrap()).collect();
            let crs = Crs::parse(line.split('\t').next().unwrap()).unwrap_or_else(|| panic!("{line}"));
            let mut point = [[f[4], f[5]]];
            assert!(crs.to_lon_lat(&mut point), "{line}");
            // The two definitions agree within 5 mm, about 5e-8 degrees of latitude; a degree of longitude is shorter.
            assert!((point[0][0] - f[2]).abs() < 2e-7 && (point[0][1] - f[3]).abs() < 1e-7, "{line} {point:?}");
            n += 1;
        }
        assert!(n > 700, "{n}");
    }

    #[test]
    fn names_that_files_use() {
        for (text, name) in [
            ("EPSG:4326", "longitude and latitude (WGS 84)"),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", "longitude and latitude (WGS 84)"),
            ("urn:ogc:def:crs:EPSG::2267", "NAD83 / Oklahoma North (ftUS)"),
            ("http://www.opengis.net/def/crs/EPSG/0/3857", "Web Mercator"),
            ("102100", "Web Mercator"),
            ("102724", "NAD83 / Oklahoma North (ftUS)"),
            ("102738", "NAD83 / Texas North Central (ftUS)"),
            ("102705", "NAD 1983 Nebraska Lancaster County FtUS"),
            ("epsg:26986", "NAD83 / Massachusetts Mainland"),
        ] {
            assert_eq!(Crs::parse(text).unwrap().name(), name, "{text}");
        }
        for unknown in ["EPSG:27700", "", "EPSG:", "Oklahoma", "urn:ogc:def:crs:EPSG::26713", "PROJCS[", "GEOGCS["] {
            assert!(Crs::parse(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn web_mercator_and_bad_numbers() {
        let mut point = [[-10_675_000.0, 4_320_000.0]];
        assert!(Crs::WebMercator.to_lon_lat(&mut point));
        // pyproj 3.7.2: -95.8951565797589, 36.14070880814171
        assert!((point[0][0] + 95.895_156_579_758_9).abs() < 1e-9, "{point:?}");
        assert!((point[0][1] - 36.140_708_808_141_71).abs() < 1e-9, "{point:?}");
        assert!(!Crs::LonLat.to_lon_lat(&mut [[f64::NAN, 1.0]]));
        assert!(!Crs::from_epsg(2267).unwrap().to_lon_lat(&mut [[f64::INFINITY, 1.0]]));
    }
}
