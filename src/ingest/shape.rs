//! Geometry on its way in: parts and rings as plain coordinates, then WKB in WGS 84 with box and label point.
//!
//! Odd geometry never loses the row: it comes with warnings, or as no geometry with a warning.
//! Left out: self-intersection and overlap (`geom` judges those on stored parcels).

use crate::geom::crs::Crs;
use crate::model::parcel::LonLat;

/// A remark about a row that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable code in `snake_case`.
    pub code: &'static str,
    /// A sentence for people.
    pub detail: String,
}

/// A usable geometry.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// Little-endian WKB, lon/lat in degrees. Polygons are closed, outer rings counter-clockwise, holes clockwise.
    pub wkb: Vec<u8>,
    /// West, south, east, north.
    pub bbox: [f64; 4],
    /// A point inside (polygons) or on the geometry.
    pub label_point: LonLat,
    /// Number of vertices.
    pub n_vertices: u32,
    /// True for polygons and multipolygons.
    pub is_area: bool,
}

/// What the coordinates make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the kinds name themselves")]
pub(crate) enum ShapeKind {
    #[default]
    Point,
    Line,
    Polygon,
}

/// Coordinates being collected. `rings` and `parts` hold end positions.
#[derive(Debug, Default)]
pub(crate) struct ShapeBuf {
    pub kind: ShapeKind,
    pub coords: Vec<[f64; 2]>,
    /// End of each ring or line in `coords`.
    pub rings: Vec<u32>,
    /// End of each polygon in `rings`.
    pub parts: Vec<u32>,
    clean: Vec<[f64; 2]>,
    clean_rings: Vec<Ring>,
}

/// Lengths of a [`ShapeBuf`] at some moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    coords: usize,
    rings: usize,
    parts: usize,
}

#[derive(Debug, Clone, Copy)]
struct Ring {
    start: usize,
    end: usize,
    is_hole: bool,
}

impl ShapeBuf {
    pub(crate) fn clear(&mut self) {
        self.kind = ShapeKind::Point;
        self.coords.clear();
        self.rings.clear();
        self.parts.clear();
    }

    pub(crate) fn end_ring(&mut self) {
        let end = u32::try_from(self.coords.len()).unwrap_or(u32::MAX);
        if self.rings.last().copied().unwrap_or(0) < end {
            self.rings.push(end);
        }
    }

    pub(crate) fn end_part(&mut self) {
        let end = u32::try_from(self.rings.len()).unwrap_or(u32::MAX);
        if self.parts.last().copied().unwrap_or(0) < end {
            self.parts.push(end);
        }
    }

    /// Where the next geometry of a collection begins.
    pub(crate) fn marks(&self) -> Marks {
        Marks { coords: self.coords.len(), rings: self.rings.len(), parts: self.parts.len() }
    }

    pub(crate) fn has_grown_from(&self, marks: Marks) -> bool {
        self.coords.len() > marks.coords
    }

    pub(crate) fn undo_to(&mut self, marks: Marks) {
        self.coords.truncate(marks.coords);
        self.rings.truncate(marks.rings);
        self.parts.truncate(marks.parts);
    }

    /// Settles what was collected since `marks` as `kind`: of a collection, only the highest dimension stays.
    pub(crate) fn settle(&mut self, marks: Marks, kind: ShapeKind, is_flat_rings: bool) {
        if is_flat_rings {
            self.group_rings(marks);
        }
        if marks.coords == 0 {
            self.kind = kind;
        } else if (kind as u8) < (self.kind as u8) {
            self.undo_to(marks);
        } else if (kind as u8) > (self.kind as u8) {
            self.kind = kind;
            self.coords.drain(..marks.coords);
            self.rings.drain(..marks.rings);
            self.parts.drain(..marks.parts);
            let (n_coords, n_rings) = (marks.coords, marks.rings);
            self.rings.iter_mut().for_each(|r| *r -= u32::try_from(n_coords).unwrap_or(0));
            self.parts.iter_mut().for_each(|p| *p -= u32::try_from(n_rings).unwrap_or(0));
        }
    }

    /// Sorts a flat list of rings (Shapefile, Esri JSON: outer rings clockwise) into polygons with their holes.
    pub(crate) fn group_rings(&mut self, marks: Marks) {
        let mut rings: Vec<&[[f64; 2]]> = Vec::new();
        let mut start = marks.coords;
        for end in self.rings.iter().skip(marks.rings).map(|e| *e as usize) {
            rings.push(&self.coords[start..end]);
            start = end;
        }
        if rings.len() < 2 {
            return;
        }
        let is_outer = |r: &[[f64; 2]]| signed_area(r) <= 0.0;
        let has_outer = rings.iter().any(|r| is_outer(r));
        let mut polygons: Vec<Vec<&[[f64; 2]]>> =
            rings.iter().filter(|r| !has_outer || is_outer(r)).map(|r| vec![*r]).collect();
        for hole in rings.iter().filter(|r| has_outer && !is_outer(r)) {
            // A hole may touch its outer ring at a corner, so the middle of its first edge is asked.
            let middle = [
                f64::midpoint(hole[0][0], hole[1 % hole.len()][0]),
                f64::midpoint(hole[0][1], hole[1 % hole.len()][1]),
            ];
            match polygons.iter_mut().find(|p| crosses(p[0], middle)) {
                Some(polygon) => polygon.push(hole),
                None => polygons.push(vec![hole]),
            }
        }
        let mut sorted = ShapeBuf::default();
        for polygon in &polygons {
            for ring in polygon {
                sorted.coords.extend_from_slice(ring);
                sorted.rings.push(u32::try_from(marks.coords + sorted.coords.len()).unwrap_or(u32::MAX));
            }
            sorted.parts.push(u32::try_from(marks.rings + sorted.rings.len()).unwrap_or(u32::MAX));
        }
        self.undo_to(marks);
        self.coords.append(&mut sorted.coords);
        self.rings.append(&mut sorted.rings);
        self.parts.append(&mut sorted.parts);
    }

    /// Transforms, repairs and packs what was collected.
    pub(crate) fn finish(&mut self, crs: &Crs, warnings: &mut Vec<Warning>) -> Finished {
        if self.coords.is_empty() {
            return Finished::None;
        }
        let first = self.coords[0];
        if !crs.to_lon_lat(&mut self.coords) {
            warn(warnings, "bad_coordinates", format!("not transformable from {}: {first:?}", crs.name()));
            return Finished::None;
        }
        if let Some(at) = self.coords.iter().find(|c| !(c[0].abs() <= 180.0 && c[1].abs() <= 90.0)) {
            warn(warnings, "not_degrees", format!("{}, {} is no longitude and latitude", at[0], at[1]));
            return Finished::NotDegrees(at[0], at[1]);
        }
        match self.kind {
            ShapeKind::Point => Finished::Some(self.pack_points()),
            ShapeKind::Line => Finished::Some(self.pack_lines()),
            ShapeKind::Polygon => self.pack_polygons(warnings),
        }
    }

    fn pack_points(&self) -> Geometry {
        let n = self.coords.len();
        let mut wkb = Vec::with_capacity(9 + n * 21);
        if n > 1 {
            header(&mut wkb, 4, n);
        }
        for c in &self.coords {
            wkb.push(1);
            wkb.extend_from_slice(&1u32.to_le_bytes());
            push_coord(&mut wkb, *c);
        }
        self.geometry(wkb, self.coords[0], &self.coords)
    }

    fn pack_lines(&self) -> Geometry {
        let n = self.rings.len();
        let mut wkb = Vec::with_capacity(9 + n * 9 + self.coords.len() * 16);
        if n > 1 {
            header(&mut wkb, 5, n);
        }
        let mut start = 0;
        for end in self.rings.iter().map(|e| *e as usize) {
            let line = &self.coords[start..end];
            header(&mut wkb, 2, line.len());
            line.iter().for_each(|c| push_coord(&mut wkb, *c));
            start = end;
        }
        self.geometry(wkb, self.coords[self.coords.len() / 2], &self.coords)
    }

    fn geometry(&self, wkb: Vec<u8>, label: [f64; 2], coords: &[[f64; 2]]) -> Geometry {
        Geometry {
            wkb,
            bbox: bbox_of(coords),
            label_point: LonLat { lon: label[0], lat: label[1] },
            n_vertices: u32::try_from(coords.len()).unwrap_or(u32::MAX),
            is_area: self.kind == ShapeKind::Polygon,
        }
    }

    fn pack_polygons(&mut self, warnings: &mut Vec<Warning>) -> Finished {
        self.clean_rings(warnings);
        let clean = std::mem::take(&mut self.clean);
        let rings = std::mem::take(&mut self.clean_rings);
        let finished = if rings.is_empty() {
            Finished::None
        } else {
            let wkb = polygon_wkb(&clean, &rings);
            let label = label_point(&clean, &rings);
            Finished::Some(self.geometry(wkb, label, &clean))
        };
        self.clean = clean;
        self.clean_rings = rings;
        finished
    }

    /// Closes and orients rings, drops those without area; `clean_rings` starts each polygon with its outer ring.
    fn clean_rings(&mut self, warnings: &mut Vec<Warning>) {
        self.clean.clear();
        self.clean_rings.clear();
        let mut ring_idx = 0;
        let mut start = 0;
        for part_end in self.parts.iter().map(|e| *e as usize) {
            let mut has_outer = false;
            let mut is_first = true;
            while ring_idx < part_end {
                let end = self.rings[ring_idx] as usize;
                let ring = &self.coords[start..end];
                start = end;
                ring_idx += 1;
                let is_hole = !is_first;
                is_first = false;
                // A hole of a dropped outer ring has nothing to be a hole of.
                if is_hole && !has_outer {
                    continue;
                }
                let from = self.clean.len();
                self.clean.extend_from_slice(ring);
                if ring.first() != ring.last() {
                    self.clean.push(ring[0]);
                    warn(warnings, "unclosed_ring", "a ring was closed".to_owned());
                }
                let area = signed_area(&self.clean[from..]);
                if self.clean.len() - from < 4 || area == 0.0 {
                    self.clean.truncate(from);
                    warn(warnings, "zero_area_ring", format!("a ring of {} points was left out", ring.len()));
                    continue;
                }
                has_outer |= !is_hole;
                if (area > 0.0) == is_hole {
                    self.clean[from..].reverse();
                }
                self.clean_rings.push(Ring { start: from, end: self.clean.len(), is_hole });
            }
        }
    }
}

/// How a geometry came out.
pub(crate) enum Finished {
    Some(Geometry),
    None,
    /// Outside the degrees: perhaps projected coordinates without a CRS.
    NotDegrees(f64, f64),
}

fn warn(warnings: &mut Vec<Warning>, code: &'static str, detail: String) {
    if !warnings.iter().any(|w| w.code == code) {
        warnings.push(Warning { code, detail });
    }
}

fn header(wkb: &mut Vec<u8>, kind: u32, n: usize) {
    wkb.push(1);
    wkb.extend_from_slice(&kind.to_le_bytes());
    wkb.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

fn push_coord(wkb: &mut Vec<u8>, c: [f64; 2]) {
    wkb.extend_from_slice(&c[0].to_le_bytes());
    wkb.extend_from_slice(&c[1].to_le_bytes());
}

fn polygon_wkb(coords: &[[f64; 2]], rings: &[Ring]) -> Vec<u8> {
    let n_polygons = rings.iter().filter(|r| !r.is_hole).count();
    let mut wkb = Vec::with_capacity(9 + n_polygons * 9 + rings.len() * 4 + coords.len() * 16);
    if n_polygons > 1 {
        header(&mut wkb, 6, n_polygons);
    }
    for (idx, ring) in rings.iter().enumerate() {
        if !ring.is_hole {
            let n_holes = rings[idx + 1..].iter().take_while(|r| r.is_hole).count();
            header(&mut wkb, 3, 1 + n_holes);
        }
        let points = &coords[ring.start..ring.end];
        wkb.extend_from_slice(&u32::try_from(points.len()).unwrap_or(u32::MAX).to_le_bytes());
        points.iter().for_each(|c| push_coord(&mut wkb, *c));
    }
    wkb
}

fn bbox_of(coords: &[[f64; 2]]) -> [f64; 4] {
    coords.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, c| {
        [b[0].min(c[0]), b[1].min(c[1]), b[2].max(c[0]), b[3].max(c[1])]
    })
}

/// Twice the signed area relative to the first point (keeps the digits of small lots far from 0, 0).
fn signed_area(ring: &[[f64; 2]]) -> f64 {
    let Some(origin) = ring.first().copied() else { return 0.0 };
    ring.windows(2)
        .map(|w| (w[0][0] - origin[0]) * (w[1][1] - origin[1]) - (w[1][0] - origin[0]) * (w[0][1] - origin[1]))
        .sum()
}

/// The centroid of the largest polygon's outer ring when it lies inside, else the middle of the widest stretch inside
/// on a horizontal line through the middle of the ring.
fn label_point(coords: &[[f64; 2]], rings: &[Ring]) -> [f64; 2] {
    let area = |r: &Ring| signed_area(&coords[r.start..r.end]).abs();
    let mut best = 0;
    if rings.len() > 1 {
        let mut best_area = -1.0;
        for (idx, ring) in rings.iter().enumerate().filter(|(_, r)| !r.is_hole) {
            let a = area(ring);
            if a > best_area {
                (best, best_area) = (idx, a);
            }
        }
    }
    let n_holes = rings[best + 1..].iter().take_while(|r| r.is_hole).count();
    let polygon = &rings[best..=best + n_holes];
    let outer = &coords[polygon[0].start..polygon[0].end];
    let centroid = centroid_of(outer);
    let is_inside = polygon.iter().filter(|r| crosses(&coords[r.start..r.end], centroid)).count() % 2 == 1;
    if is_inside { centroid } else { widest_inside(coords, polygon).unwrap_or(outer[0]) }
}

fn centroid_of(ring: &[[f64; 2]]) -> [f64; 2] {
    let o = ring[0];
    let (mut x, mut y, mut twice) = (0.0, 0.0, 0.0);
    for w in ring.windows(2) {
        let (ax, ay, bx, by) = (w[0][0] - o[0], w[0][1] - o[1], w[1][0] - o[0], w[1][1] - o[1]);
        let cross = ax * by - bx * ay;
        x += (ax + bx) * cross;
        y += (ay + by) * cross;
        twice += cross;
    }
    [o[0] + x / (3.0 * twice), o[1] + y / (3.0 * twice)]
}

/// True when a ray to the east of `p` meets the ring an odd number of times.
fn crosses(ring: &[[f64; 2]], p: [f64; 2]) -> bool {
    let mut is_odd = false;
    for w in ring.windows(2) {
        if (w[0][1] > p[1]) != (w[1][1] > p[1]) {
            let x = (w[1][0] - w[0][0]) * (p[1] - w[0][1]) / (w[1][1] - w[0][1]) + w[0][0];
            is_odd ^= p[0] < x;
        }
    }
    is_odd
}

fn widest_inside(coords: &[[f64; 2]], polygon: &[Ring]) -> Option<[f64; 2]> {
    let bbox = bbox_of(&coords[polygon[0].start..polygon[0].end]);
    let y = f64::midpoint(bbox[1], bbox[3]);
    let mut xs: Vec<f64> = Vec::new();
    for ring in polygon {
        for w in coords[ring.start..ring.end].windows(2) {
            if (w[0][1] > y) != (w[1][1] > y) {
                xs.push((w[1][0] - w[0][0]) * (y - w[0][1]) / (w[1][1] - w[0][1]) + w[0][0]);
            }
        }
    }
    xs.sort_by(f64::total_cmp);
    let widest = xs.chunks_exact(2).max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))?;
    Some([f64::midpoint(widest[0], widest[1]), y])
}

#[cfg(test)]
mod tests {
    use super::{Finished, ShapeBuf, ShapeKind};
    use crate::geom::crs::Crs;

    fn polygon(parts: &[&[&[[f64; 2]]]]) -> (Option<super::Geometry>, Vec<&'static str>) {
        let mut buf = ShapeBuf { kind: ShapeKind::Polygon, ..ShapeBuf::default() };
        for part in parts {
            for ring in *part {
                buf.coords.extend_from_slice(ring);
                buf.end_ring();
            }
            buf.end_part();
        }
        let mut warnings = Vec::new();
        let geometry = match buf.finish(&Crs::LonLat, &mut warnings) {
            Finished::Some(g) => Some(g),
            Finished::None | Finished::NotDegrees(..) => None,
        };
        (geometry, warnings.iter().map(|w| w.code).collect())
    }

    #[test]
    fn rings_are_closed_and_turned() {
        // Clockwise and open.
        let (geometry, warnings) = polygon(&[&[&[[0., 0.], [0., 2.], [2., 2.], [2., 0.]]]]);
        let geometry = geometry.unwrap();
        assert_eq!(warnings, ["unclosed_ring"]);
        assert_eq!(geometry.bbox, [0., 0., 2., 2.]);
        assert_eq!(geometry.n_vertices, 5);
        assert_eq!((geometry.label_point.lon, geometry.label_point.lat), (1.0, 1.0));
        assert_eq!(geometry.wkb.len(), 1 + 4 + 4 + 4 + 5 * 16);
        // Counter-clockwise: the second point is east of the first in the south-west corner's order.
        let at = |i: usize| f64::from_le_bytes(geometry.wkb[13 + i * 8..21 + i * 8].try_into().unwrap());
        assert_eq!([at(0), at(1), at(2), at(3)], [0., 0., 2., 0.]);
    }

    #[test]
    fn label_point_is_inside_a_ring_shaped_lot() {
        let outer = [[0., 0.], [9., 0.], [9., 9.], [0., 9.], [0., 0.]];
        let hole = [[1., 1.], [8., 1.], [8., 8.], [1., 8.], [1., 1.]];
        let (geometry, _) = polygon(&[&[&outer, &hole]]);
        let p = geometry.unwrap().label_point;
        assert!(p.lon < 1.0 || p.lon > 8.0, "{p:?}");
    }

    #[test]
    fn rings_without_area_leave_no_geometry() {
        let (geometry, warnings) = polygon(&[&[&[[1., 1.], [1., 1.], [1., 1.], [1., 1.]]]]);
        assert!(geometry.is_none());
        assert_eq!(warnings, ["zero_area_ring"]);
        assert!(polygon(&[]).0.is_none());
    }

    #[test]
    fn projected_numbers_are_not_taken_for_degrees() {
        let (geometry, warnings) = polygon(&[&[&[[2.5e6, 4e5], [2.6e6, 4e5], [2.6e6, 5e5], [2.5e6, 4e5]]]]);
        assert!(geometry.is_none());
        assert_eq!(warnings, ["not_degrees"]);
    }
}
