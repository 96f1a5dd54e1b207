//! The part of WKT 1 that `.prj` files use, turned into a proj string by the parameters themselves.
//!
//! Left out: every datum but WGS 84 and the NAD83 family, projections not used by US counties, WKT 2.

/// What a WKT text means to us.
pub(crate) enum Meaning {
    /// Geographic degrees.
    Degrees,
    /// The sphere of web maps.
    WebMercator,
    /// A projection.
    Projected {
        /// Name in the file.
        name: String,
        /// The proj string.
        proj: String,
    },
}

/// Reads a WKT 1 coordinate system; `None` when it is damaged or not one we can do.
pub(crate) fn proj_string(wkt: &str) -> Option<Meaning> {
    let compact: String = wkt.chars().filter(|c| !matches!(c, '\n' | '\r' | '\t')).collect();
    let datum = quoted_after(&compact, "DATUM[")?.to_ascii_uppercase().replace(['_', ' '], "");
    let is_ours = datum.contains("WGS1984")
        || datum.contains("WGS84")
        || datum.contains("NORTHAMERICAN1983")
        || datum.contains("NAD83")
        || datum.contains("NAD1983")
        || datum.contains("NSRS2007");
    if !is_ours {
        return None;
    }
    if compact.to_ascii_uppercase().starts_with("GEOGCS[") {
        let radians: f64 = numbers_after(compact.get(compact.rfind("UNIT[")?..)?)?;
        return ((radians - 0.017_453_292_5).abs() < 1e-6).then_some(Meaning::Degrees);
    }
    let name = quoted_after(&compact, "PROJCS[")?;
    let projection = quoted_after(&compact, "PROJECTION[")?.to_ascii_lowercase();
    if projection.contains("mercator_auxiliary_sphere") {
        return Some(Meaning::WebMercator);
    }
    let parameter = |names: &[&str]| names.iter().find_map(|n| parameter_of(&compact, n));
    let lat_0 = parameter(&["latitude_of_origin", "latitude_of_center"]);
    let lon_0 = parameter(&["central_meridian", "longitude_of_center"]);
    let scale = parameter(&["scale_factor"]).unwrap_or(1.0);
    let shape = match projection.as_str() {
        "lambert_conformal_conic" | "lambert_conformal_conic_2sp" => {
            let lat_1 = parameter(&["standard_parallel_1"])?;
            let lat_2 = parameter(&["standard_parallel_2"]).unwrap_or(lat_1);
            format!("+proj=lcc +lat_0={} +lon_0={} +lat_1={lat_1} +lat_2={lat_2} +k_0={scale}", lat_0?, lon_0?)
        }
        "albers" | "albers_conic_equal_area" => format!(
            "+proj=aea +lat_0={} +lon_0={} +lat_1={} +lat_2={}",
            lat_0?,
            lon_0?,
            parameter(&["standard_parallel_1"])?,
            parameter(&["standard_parallel_2"])?
        ),
        "transverse_mercator" | "gauss_kruger" => {
            format!("+proj=tmerc +lat_0={} +lon_0={} +k={scale}", lat_0.unwrap_or(0.0), lon_0?)
        }
        _ => return None,
    };
    let unit_m: f64 = numbers_after(compact.get(compact.rfind("UNIT[")?..)?)?;
    // False origins stand in the file's unit, proj wants metres.
    let east_m = parameter(&["false_easting"]).unwrap_or(0.0) * unit_m;
    let north_m = parameter(&["false_northing"]).unwrap_or(0.0) * unit_m;
    let proj = format!("{shape} +x_0={east_m} +y_0={north_m} +ellps=GRS80 +to_meter={unit_m}");
    ((0.1..=10.0).contains(&unit_m)).then(|| Meaning::Projected { name: name.to_owned(), proj })
}

fn quoted_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let at = text.to_ascii_uppercase().find(key)?;
    // Some writers leave the quotes out.
    text.get(at + key.len()..)?.trim_start_matches(['"', ' ']).split(['"', ',', ']']).next()
}

/// The number behind the first quoted name: `UNIT["Meter",1.0]`.
fn numbers_after(text: &str) -> Option<f64> {
    text.split([',', ']']).nth(1)?.trim().parse().ok()
}

fn parameter_of(text: &str, name: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let at = lower.find(&format!("parameter[\"{name}\"")).or_else(|| lower.find(&format!("parameter[{name},")))?;
    numbers_after(lower.get(at..)?)
}

#[cfg(test)]
mod tests {
    use crate::geom::crs::Crs;

    const NEBRASKA: &str = r#"PROJCS["NAD_1983_StatePlane_Nebraska_FIPS_2600",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-100.0],PARAMETER["Standard_Parallel_1",43.0],PARAMETER["Standard_Parallel_2",40.0],PARAMETER["Latitude_Of_Origin",39.8333333333333],UNIT["Meter",1.0]]"#;

    #[test]
    fn a_prj_by_its_parameters_equals_the_table() {
        let mut point = [[526_709.591_2, 185_091.484_2]];
        assert!(Crs::parse(NEBRASKA).unwrap().to_lon_lat(&mut point));
        assert!((point[0][0] + 99.68).abs() < 1e-8 && (point[0][1] - 41.5).abs() < 1e-8, "{point:?}");
        let feet =
            NEBRASKA.replace("500000.0", "1640416.6667").replace("\"Meter\",1.0", "\"Foot_US\",0.3048006096012192");
        let mut point = [[1_728_046.383_9, 607_254.311_4]];
        assert!(Crs::parse(&feet).unwrap().to_lon_lat(&mut point));
        assert!((point[0][0] + 99.68).abs() < 1e-7 && (point[0][1] - 41.5).abs() < 1e-7, "{point:?}");
    }

    #[test]
    fn another_datum_is_refused() {
        assert!(Crs::parse(&NEBRASKA.replace("D_North_American_1983", "D_North_American_1927")).is_none());
        assert!(Crs::parse(&NEBRASKA.replace("Lambert_Conformal_Conic", "Krovak")).is_none());
        let mut point = [[526_709.591_2, 185_091.484_2]];
        assert!(Crs::parse(&NEBRASKA.replace('"', "")).unwrap().to_lon_lat(&mut point));
        assert!((point[0][0] + 99.68).abs() < 1e-8, "{point:?}");
        for cut in 0..NEBRASKA.len() {
            drop(Crs::parse(&NEBRASKA[..cut]));
        }
    }
}
