//! True distances on the ground from degrees, over the few miles that parcels, taps and crews are apart.
//!
//! A local plane: degrees times the length of a degree at the latitude, from the series for the WGS 84 ellipsoid
//! (NGA, length of a degree; the terms left out are under 1 mm). Within 10 miles at US latitudes the plane is wrong by
//! less than 0.1 %. Not for distances between cities.

use crate::model::money::Feet;
use crate::model::parcel::LonLat;

/// Feet in a metre (international foot).
pub const FEET_PER_METRE: f64 = 1.0 / 0.3048;

/// The plane around one latitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalPlane {
    /// Metres in a degree of longitude.
    pub lon_m: f64,
    /// Metres in a degree of latitude.
    pub lat_m: f64,
}

impl LocalPlane {
    /// The plane at a latitude in degrees.
    pub fn at(lat: f64) -> Self {
        let phi = lat.to_radians();
        let lat_m = 111_132.92 - 559.82 * (2.0 * phi).cos() + 1.175 * (4.0 * phi).cos();
        let lon_m = 111_412.84 * phi.cos() - 93.5 * (3.0 * phi).cos() + 0.118 * (5.0 * phi).cos();
        // At the poles a degree of longitude has no length; keep divisions finite.
        Self { lon_m: lon_m.max(1e-3), lat_m }
    }

    /// Metres east and north of `origin`.
    pub fn offset_m(self, origin: [f64; 2], point: [f64; 2]) -> [f64; 2] {
        [(point[0] - origin[0]) * self.lon_m, (point[1] - origin[1]) * self.lat_m]
    }
}

/// Distance of two points.
pub fn distance_m(a: LonLat, b: LonLat) -> f64 {
    let plane = LocalPlane::at(f64::midpoint(a.lat, b.lat));
    let [x, y] = plane.offset_m([a.lon, a.lat], [b.lon, b.lat]);
    x.hypot(y)
}

/// Distance of two points in feet.
pub fn distance_ft(a: LonLat, b: LonLat) -> Feet {
    Feet(distance_m(a, b) * FEET_PER_METRE)
}

/// Distance from the origin to the segment `a`-`b`, all in metres of one plane.
pub fn origin_to_segment_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    origin_to_segment_m2(a, b).sqrt()
}

/// The square of [`origin_to_segment_m`], for comparing many.
pub fn origin_to_segment_m2(a: [f64; 2], b: [f64; 2]) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let length2 = along[0] * along[0] + along[1] * along[1];
    let t = if length2 > 0.0 { (-(a[0] * along[0] + a[1] * along[1]) / length2).clamp(0.0, 1.0) } else { 0.0 };
    let (x, y) = (a[0] + t * along[0], a[1] + t * along[1]);
    x * x + y * y
}

#[cfg(test)]
mod tests {
    use super::{distance_ft, distance_m, origin_to_segment_m};
    use crate::model::parcel::LonLat;

    #[test]
    fn a_mile_is_a_mile() {
        // Geodesic distances from GeographicLib (pyproj.Geod, WGS 84).
        let a = LonLat { lon: -95.99, lat: 36.15 };
        assert!((distance_m(a, LonLat { lon: -95.98, lat: 36.15 }) - 899.91).abs() < 0.5);
        assert!((distance_m(a, LonLat { lon: -95.99, lat: 36.16 }) - 1_109.66).abs() < 0.5);
        assert_eq!(distance_ft(a, a).0, 0.0);
    }

    #[test]
    fn segments_have_ends() {
        assert_eq!(origin_to_segment_m([-1.0, 2.0], [1.0, 2.0]), 2.0);
        assert_eq!(origin_to_segment_m([3.0, 4.0], [9.0, 12.0]), 5.0);
        assert_eq!(origin_to_segment_m([3.0, 4.0], [3.0, 4.0]), 5.0);
    }
}
