//! Which points are near a place: a packed k-d tree, for rolls that have a point for each parcel and no polygons.

use geo_index::kdtree::{KDTree, KDTreeBuilder, KDTreeIndex};

use crate::geom::distance::{LocalPlane, distance_m};
use crate::geom::parcel_index::NearParcel;
use crate::model::parcel::LonLat;

/// Points with their keys, ready for questions.
#[derive(Debug)]
pub struct PointIndex {
    points: Vec<(i64, LonLat)>,
    tree: Option<KDTree<f64>>,
}

impl PointIndex {
    /// Packs the points.
    pub fn new(points: Vec<(i64, LonLat)>) -> Self {
        let n = u32::try_from(points.len()).unwrap_or(0);
        let tree = (n > 0).then(|| {
            let mut builder = KDTreeBuilder::<f64>::new(n);
            for (_, p) in &points {
                builder.add(p.lon, p.lat);
            }
            builder.finish()
        });
        Self { points, tree }
    }

    /// Points at most `limit_m` metres away, nearest first, then by key.
    pub fn near(&self, point: LonLat, limit_m: f64) -> Vec<NearParcel> {
        let Some(tree) = &self.tree else { return Vec::new() };
        let plane = LocalPlane::at(point.lat);
        let (dx, dy) = (limit_m / plane.lon_m, limit_m / plane.lat_m);
        let mut near: Vec<NearParcel> = tree
            .range(point.lon - dx, point.lat - dy, point.lon + dx, point.lat + dy)
            .into_iter()
            .map(|i| self.points[i as usize])
            .map(|(key, p)| NearParcel { key, distance_m: distance_m(point, p) })
            .filter(|n| n.distance_m <= limit_m)
            .collect();
        near.sort_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then(a.key.cmp(&b.key)));
        near
    }
}

#[cfg(test)]
mod tests {
    use super::PointIndex;
    use crate::model::parcel::LonLat;

    #[test]
    fn near_points_come_nearest_first_and_within_the_limit() {
        let at = |lon: f64| LonLat { lon, lat: 36.0 };
        let index = PointIndex::new(vec![(1, at(-95.0)), (2, at(-95.000_5)), (3, at(-96.0))]);
        let near = index.near(at(-95.000_4), 100.0);
        assert_eq!(near.iter().map(|n| n.key).collect::<Vec<_>>(), [2, 1]);
        assert!(near[0].distance_m < 10.0 && near[1].distance_m > 30.0);
        assert!(PointIndex::new(Vec::new()).near(at(0.0), 1e3).is_empty());
    }
}
