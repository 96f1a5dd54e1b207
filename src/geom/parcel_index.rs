//! Which parcel a point lies in, and which parcels are near: a packed R-tree over parcel boxes and exact ring tests.
//!
//! Holes and several parts count by ring parity. Polygons with many vertices (rights of way reach 18,000) are cut into
//! horizontal slabs on their first use, so that one test looks at a few edges. Null and out-of-range boxes never enter the
//! index, and boxes far from all others not its tree: one of them spoils its Hilbert order for all (measured: 20 times slower).

use std::sync::OnceLock;

use static_aabb2d_index::{StaticAABB2DIndex, StaticAABB2DIndexBuilder};

use crate::geom::box_index;
use crate::geom::distance::{LocalPlane, origin_to_segment_m2};
use crate::geom::wkb::{Shape, ShapeKind};
use crate::model::parcel::LonLat;

/// More vertices than this make slabs worth their memory (measured on the mix of docs/performance.md).
const SLAB_VERTICES: usize = 64;

/// Edges per slab aimed at.
const EDGES_PER_SLAB: usize = 4;

/// A slab table never has more rows: 18,000 edges stay under it.
const SLABS_MAX: usize = 8_192;

/// Boxes of a node of the tree (measured: 8 asks a tenth faster than 16 and packs as fast).
const NODE_BOXES: usize = 8;

/// First bytes of [`ParcelGeometryIndex::to_bytes`]; the last one is the version.
const MAGIC: &[u8; 8] = b"TTPGIDX1";

/// Marks an item without slabs.
const NO_SLABS: u32 = u32::MAX;

type Edge = [f64; 4];

/// A parcel near a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearParcel {
    /// The key given at building.
    pub key: i64,
    /// Metres to the boundary; 0 inside.
    pub distance_m: f64,
}

#[derive(Debug)]
struct Slabs {
    y_min: f64,
    per_degree: f64,
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

/// Collects polygons for a [`ParcelGeometryIndex`].
#[derive(Debug, Default)]
pub struct IndexBuilder {
    keys: Vec<i64>,
    coords: Vec<[f64; 2]>,
    ring_ends: Vec<u32>,
    item_ends: Vec<u32>,
    /// Rounded outwards.
    boxes: Vec<[f32; 4]>,
    shape: Shape,
}

/// Polygons with their keys, ready for questions.
#[derive(Debug, Default)]
pub struct ParcelGeometryIndex {
    keys: Vec<i64>,
    coords: Vec<[f64; 2]>,
    ring_ends: Vec<u32>,
    item_ends: Vec<u32>,
    slab_of: Vec<u32>,
    slabs: Vec<OnceLock<Slabs>>,
    tree: Option<StaticAABB2DIndex<f32>>,
    /// Items far from all others, ascending; the tree holds something else in their place.
    apart: Vec<u32>,
}

impl IndexBuilder {
    /// Adds a parcel by its WKB; false when it is no polygon, empty, damaged or not in degrees.
    pub fn add(&mut self, key: i64, wkb: &[u8]) -> bool {
        let mut shape = std::mem::take(&mut self.shape);
        let is_polygon = shape.read(wkb) == Some(ShapeKind::Polygons);
        let is_added = is_polygon && self.add_rings(key, &shape.coords, &shape.ring_ends);
        self.shape = shape;
        is_added
    }

    /// Adds a parcel by its closed rings (`ring_ends` into `coords`).
    pub fn add_rings(&mut self, key: i64, coords: &[[f64; 2]], ring_ends: &[usize]) -> bool {
        let bbox = box_of(coords);
        let is_sane = bbox[0] >= -180.0 && bbox[1] >= -90.0 && bbox[2] <= 180.0 && bbox[3] <= 90.0;
        let n_after = self.coords.len() + coords.len();
        if coords.is_empty() || !is_sane || u32::try_from(n_after).is_err() || ring_ends.last() != Some(&coords.len()) {
            return false;
        }
        let base = self.coords.len();
        self.coords.extend_from_slice(coords);
        self.ring_ends.extend(ring_ends.iter().map(|e| short(base + e)));
        self.item_ends.push(short(self.ring_ends.len()));
        self.keys.push(key);
        self.boxes.push(box_index::outwards(bbox));
        true
    }

    /// Packs the tree.
    pub fn finish(self) -> ParcelGeometryIndex {
        let Self { keys, coords, ring_ends, item_ends, boxes, .. } = self;
        let mut index = ParcelGeometryIndex { keys, coords, ring_ends, item_ends, ..ParcelGeometryIndex::default() };
        index.pack(boxes);
        index
    }
}

/// West, south, east, north of corners; NaN where one of them is.
fn box_of(coords: &[[f64; 2]]) -> [f64; 4] {
    let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let spoilt = [f64::NAN; 4];
    coords.iter().fold(start, |b, c| {
        if c[0].is_nan() || c[1].is_nan() || b[0].is_nan() {
            return spoilt;
        }
        [b[0].min(c[0]), b[1].min(c[1]), b[2].max(c[0]), b[3].max(c[1])]
    })
}

fn short(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl ParcelGeometryIndex {
    fn pack(&mut self, mut boxes: Vec<[f32; 4]>) {
        if self.keys.is_empty() {
            return;
        }
        for item in 0..self.keys.len() {
            if self.coords_of(item).len() > SLAB_VERTICES {
                self.slab_of.push(short(self.slabs.len()));
                self.slabs.push(OnceLock::new());
            } else {
                self.slab_of.push(NO_SLABS);
            }
        }
        self.apart = box_index::set_apart(&mut boxes);
        let mut builder = StaticAABB2DIndexBuilder::new_with_node_size(boxes.len(), NODE_BOXES);
        for b in boxes {
            builder.add(b[0], b[1], b[2], b[3]);
        }
        // Building fails only for another number of boxes than it was promised.
        self.tree = builder.build().ok();
    }

    fn coords_of(&self, item: usize) -> &[[f64; 2]] {
        let rings = self.rings_of(item);
        &self.coords[self.ring_start(rings.start)..self.ring_end(rings.end - 1)]
    }

    /// Calls `look` with every item whose box may meet the rectangle; those apart always, those of the tree at most once.
    fn each_candidate(&self, r: [f64; 4], mut look: impl FnMut(usize)) {
        let r = box_index::outwards(r);
        if let Some(tree) = &self.tree {
            let mut visit = |item: usize| {
                if self.apart.is_empty() || self.apart.binary_search(&short(item)).is_err() {
                    look(item);
                }
            };
            tree.visit_query(r[0], r[1], r[2], r[3], &mut visit);
        }
        self.apart.iter().for_each(|item| look(*item as usize));
    }

    fn rings_of(&self, item: usize) -> std::ops::Range<usize> {
        let start = if item == 0 { 0 } else { self.item_ends[item - 1] as usize };
        start..self.item_ends[item] as usize
    }

    fn ring_start(&self, ring: usize) -> usize {
        if ring == 0 { 0 } else { self.ring_ends[ring - 1] as usize }
    }

    fn ring_end(&self, ring: usize) -> usize {
        self.ring_ends[ring] as usize
    }

    fn edges_of(&self, item: usize) -> impl Iterator<Item = Edge> + '_ {
        self.rings_of(item).flat_map(move |ring| {
            self.coords[self.ring_start(ring)..self.ring_end(ring)]
                .windows(2)
                .map(|w| [w[0][0], w[0][1], w[1][0], w[1][1]])
        })
    }

    /// Number of parcels.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True without any parcel.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn slabs_of(&self, item: usize) -> Option<&Slabs> {
        let slot = self.slabs.get(self.slab_of[item] as usize)?;
        Some(slot.get_or_init(|| Slabs::new(&self.edges_of(item).collect::<Vec<_>>())))
    }

    fn contains(&self, item: usize, x: f64, y: f64) -> bool {
        match self.slabs_of(item) {
            Some(slabs) => slabs.row(y).iter().filter(|e| crosses(e, x, y)).count() % 2 == 1,
            None => self.edges_of(item).filter(|e| crosses(e, x, y)).count() % 2 == 1,
        }
    }

    /// Calls `found` with the key of every parcel that holds the point, in no order.
    pub fn for_each_holding(&self, point: LonLat, mut found: impl FnMut(i64)) {
        self.each_candidate([point.lon, point.lat, point.lon, point.lat], |item| {
            if self.contains(item, point.lon, point.lat) {
                found(self.keys[item]);
            }
        });
    }

    /// Keys of the parcels that hold the point, ascending. Stacked condominium lots give several.
    pub fn holding(&self, point: LonLat) -> Vec<i64> {
        let mut keys = Vec::new();
        self.for_each_holding(point, |key| keys.push(key));
        keys.sort_unstable();
        keys
    }

    /// Parcels whose boundary is at most `limit_m` metres away or that hold the point, nearest first, then by key.
    pub fn near(&self, point: LonLat, limit_m: f64) -> Vec<NearParcel> {
        let plane = LocalPlane::at(point.lat);
        let (dx, dy) = (limit_m / plane.lon_m, limit_m / plane.lat_m);
        let mut near: Vec<NearParcel> = Vec::new();
        self.each_candidate([point.lon - dx, point.lat - dy, point.lon + dx, point.lat + dy], |item| {
            let distance_m = self.distance_m(item, point, plane, [dx, dy]);
            if distance_m <= limit_m {
                near.push(NearParcel { key: self.keys[item], distance_m });
            }
        });
        near.sort_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then(a.key.cmp(&b.key)));
        near
    }

    /// Metres to the boundary, 0 inside; of a parcel farther than `dx` or `dy` degrees away perhaps too many.
    fn distance_m(&self, item: usize, point: LonLat, plane: LocalPlane, [dx, dy]: [f64; 2]) -> f64 {
        if self.contains(item, point.lon, point.lat) {
            return 0.0;
        }
        let origin = [point.lon, point.lat];
        let to_edge =
            |e: Edge| origin_to_segment_m2(plane.offset_m(origin, [e[0], e[1]]), plane.offset_m(origin, [e[2], e[3]]));
        match self.slabs_of(item) {
            // A right of way has thousands of edges, few of them near.
            Some(slabs) => {
                let (west, east) = (point.lon - dx, point.lon + dx);
                let is_near = |e: &&Edge| e[0].max(e[2]) >= west && e[0].min(e[2]) <= east;
                let rows = slabs.rows(point.lat - dy, point.lat + dy);
                rows.iter().filter(is_near).map(|e| to_edge(*e)).fold(f64::INFINITY, f64::min)
            }
            None => self.edges_of(item).map(to_edge).fold(f64::INFINITY, f64::min),
        }
        .sqrt()
    }

    /// The polygons as bytes, for a computed blob of the store. The tree is packed again on reading (0.04 s for 300,000).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 + self.coords.len() * 16 + self.keys.len() * 16);
        bytes.extend_from_slice(MAGIC);
        for n in [self.keys.len(), self.ring_ends.len(), self.coords.len()] {
            bytes.extend_from_slice(&(n as u64).to_le_bytes());
        }
        self.keys.iter().for_each(|k| bytes.extend_from_slice(&k.to_le_bytes()));
        self.item_ends.iter().chain(&self.ring_ends).for_each(|e| bytes.extend_from_slice(&e.to_le_bytes()));
        self.coords.iter().flatten().for_each(|v| bytes.extend_from_slice(&v.to_le_bytes()));
        bytes
    }

    /// Reads [`Self::to_bytes`]; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        (magic == MAGIC).then_some(())?;
        let (counts, rest) = rest.split_first_chunk::<24>()?;
        let count =
            |i: usize| usize::try_from(counts[i * 8..].first_chunk::<8>().map(|b| u64::from_le_bytes(*b))?).ok();
        let (n_items, n_rings, n_coords) = (count(0)?, count(1)?, count(2)?);
        let n_bytes =
            n_items.checked_mul(12)?.checked_add(n_rings.checked_mul(4)?)?.checked_add(n_coords.checked_mul(16)?)?;
        (rest.len() == n_bytes).then_some(())?;
        let (keys, rest) = rest.split_at(n_items * 8);
        let (item_ends, rest) = rest.split_at(n_items * 4);
        let (ring_ends, coords) = rest.split_at(n_rings * 4);
        let keys = keys.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b)).collect();
        let ends = |b: &[u8]| -> Vec<u32> { b.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect() };
        let (item_ends, ring_ends) = (ends(item_ends), ends(ring_ends));
        let rises_to = |ends: &[u32], n: usize| {
            ends.windows(2).all(|w| w[0] < w[1])
                && ends.first() != Some(&0)
                && ends.last().map_or(0, |e| *e as usize) == n
        };
        (rises_to(&item_ends, n_rings) && rises_to(&ring_ends, n_coords)).then_some(())?;
        let values: Vec<f64> = coords.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        let coords: Vec<[f64; 2]> = values.as_chunks::<2>().0.to_vec();
        coords.iter().all(|c| c[0].abs() <= 180.0 && c[1].abs() <= 90.0).then_some(())?;
        let mut index = Self { keys, coords, ring_ends, item_ends, ..Self::default() };
        let boxes = (0..index.len()).map(|item| box_index::outwards(box_of(index.coords_of(item)))).collect();
        index.pack(boxes);
        Some(index)
    }
}

/// True when the ray from the point to the east crosses the edge; the half-open rule counts a vertex once.
fn crosses(e: &Edge, x: f64, y: f64) -> bool {
    (e[1] > y) != (e[3] > y) && x < (e[2] - e[0]) * (y - e[1]) / (e[3] - e[1]) + e[0]
}

impl Slabs {
    fn new(edges: &[Edge]) -> Self {
        let y_min = edges.iter().map(|e| e[1].min(e[3])).fold(f64::INFINITY, f64::min);
        let y_max = edges.iter().map(|e| e[1].max(e[3])).fold(f64::NEG_INFINITY, f64::max);
        let n = (edges.len() / EDGES_PER_SLAB).clamp(1, SLABS_MAX);
        let per_degree = if y_max > y_min { n as f64 / (y_max - y_min) } else { 0.0 };
        let row_of = |y: f64| (((y - y_min) * per_degree) as usize).min(n - 1);
        let span = |e: &Edge| row_of(e[1].min(e[3]))..=row_of(e[1].max(e[3]));
        let mut starts = vec![0u32; n + 1];
        for e in edges {
            span(e).for_each(|row| starts[row + 1] += 1);
        }
        for row in 0..n {
            starts[row + 1] += starts[row];
        }
        let mut next: Vec<u32> = starts.clone();
        let mut sorted = vec![[0.0; 4]; starts[n] as usize];
        for e in edges {
            for row in span(e) {
                sorted[next[row] as usize] = *e;
                next[row] += 1;
            }
        }
        Self { y_min, per_degree, starts, edges: sorted }
    }

    fn row(&self, y: f64) -> &[Edge] {
        self.rows(y, y)
    }

    /// The edges of all rows between two latitudes; an edge of several rows comes several times.
    fn rows(&self, from: f64, to: f64) -> &[Edge] {
        let n = self.starts.len() - 1;
        let row_of = |y: f64| (((y - self.y_min) * self.per_degree) as usize).min(n - 1);
        &self.edges[self.starts[row_of(from)] as usize..self.starts[row_of(to) + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{IndexBuilder, NearParcel, ParcelGeometryIndex};
    use crate::geom::wkb::polygon;
    use crate::model::parcel::LonLat;

    fn square(x: f64, y: f64, side: f64) -> Vec<[f64; 2]> {
        vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    }

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat { lon, lat }
    }

    /// A closed ring of `n` vertices around a centre, with a wavy edge.
    fn blob(n: usize) -> Vec<[f64; 2]> {
        let mut ring: Vec<[f64; 2]> = (0..n)
            .map(|i| {
                let turn = i as f64 / n as f64 * std::f64::consts::TAU;
                let r = 0.01 + 0.004 * (turn * 7.0).sin();
                [-96.0 + r * turn.cos(), 36.0 + r * turn.sin()]
            })
            .collect();
        ring.push(ring[0]);
        ring
    }

    #[test]
    fn holes_stacked_lots_and_nothing() {
        let mut builder = IndexBuilder::default();
        assert!(builder.add(7, &polygon(&[square(-96.0, 36.0, 0.01), square(-95.996, 36.004, 0.002)])));
        assert!(builder.add(3, &polygon(&[square(-96.0, 36.0, 0.001)])));
        assert!(!builder.add(9, &polygon(&[square(1e9, 36.0, 1.0)])), "an outlier stays out");
        assert!(!builder.add(9, b"no wkb"));
        let index = builder.finish();
        assert_eq!(index.len(), 2);
        assert_eq!(index.holding(at(-95.9995, 36.0005)), [3, 7]);
        assert!(index.holding(at(-95.995, 36.005)).is_empty(), "the hole");
        assert!(index.holding(at(-90.0, 36.0)).is_empty());
        let empty = IndexBuilder::default().finish();
        assert!(empty.holding(at(0.0, 0.0)).is_empty() && empty.near(at(0.0, 0.0), 10.0).is_empty());
    }

    #[test]
    fn nearest_by_true_distance_to_the_boundary() {
        let mut builder = IndexBuilder::default();
        builder.add(1, &polygon(&[square(-96.0, 36.0, 0.001)]));
        builder.add(2, &polygon(&[square(-95.9985, 36.0, 0.001)]));
        let index = builder.finish();
        // A degree of longitude at 36 degrees north is 90,164 m: 0.0002 and 0.0003 degrees are 18.03 m and 27.05 m.
        let near = index.near(at(-95.9988, 36.0005), 30.0);
        assert_eq!(near.iter().map(|n| n.key).collect::<Vec<_>>(), [1, 2]);
        assert!((near[0].distance_m - 18.03).abs() < 0.01 && (near[1].distance_m - 27.05).abs() < 0.01);
        assert_eq!(index.near(at(-95.9988, 36.0005), 20.0).len(), 1);
        assert_eq!(index.near(at(-95.9995, 36.0005), 5.0), [NearParcel { key: 1, distance_m: 0.0 }]);
    }

    #[test]
    fn a_lot_of_many_edges_is_as_near_as_its_nearest_edge() {
        let ring = blob(900);
        let mut many = IndexBuilder::default();
        many.add(1, &polygon(std::slice::from_ref(&ring)));
        let index = many.finish();
        let plane = crate::geom::distance::LocalPlane::at(36.0);
        for (lon, lat) in [(-96.02, 36.0), (-95.98, 36.001), (-96.0, 36.016), (-96.011, 35.989)] {
            let expected = ring
                .windows(2)
                .map(|w| {
                    crate::geom::distance::origin_to_segment_m(
                        plane.offset_m([lon, lat], w[0]),
                        plane.offset_m([lon, lat], w[1]),
                    )
                })
                .fold(f64::INFINITY, f64::min);
            let near = index.near(at(lon, lat), expected + 1.0);
            assert!(
                near.len() == 1 && (near[0].distance_m == 0.0 || (near[0].distance_m - expected).abs() < 1.0),
                "{near:?} {expected}"
            );
        }
    }

    #[test]
    fn bytes_round_trip_and_damage_is_refused() {
        let mut builder = IndexBuilder::default();
        builder.add(5, &polygon(&[blob(300)]));
        builder.add(6, &polygon(&[square(-96.0, 36.0, 0.001)]));
        let index = builder.finish();
        let bytes = index.to_bytes();
        let again = ParcelGeometryIndex::from_bytes(&bytes).unwrap();
        assert_eq!(again.holding(at(-95.9995, 36.0005)), index.holding(at(-95.9995, 36.0005)));
        assert_eq!(again.to_bytes(), bytes);
        for cut in [0, 7, 20, 40, bytes.len() - 1] {
            assert!(ParcelGeometryIndex::from_bytes(&bytes[..cut]).is_none());
        }
        let mut wrong = bytes;
        wrong[48] = 0xff;
        assert!(ParcelGeometryIndex::from_bytes(&wrong).is_none());
    }

    proptest! {
        #[test]
        fn slabs_agree_with_plain_parity(dx in -0.02f64..0.02, dy in -0.02f64..0.02, n in 65usize..900) {
            let ring = blob(n);
            let (x, y) = (-96.0 + dx, 36.0 + dy);
            let plain = ring.windows(2).filter(|w| super::crosses(&[w[0][0], w[0][1], w[1][0], w[1][1]], x, y)).count() % 2 == 1;
            let mut builder = IndexBuilder::default();
            builder.add(1, &polygon(&[ring]));
            prop_assert_eq!(!builder.finish().holding(at(x, y)).is_empty(), plain);
        }
    }
}
