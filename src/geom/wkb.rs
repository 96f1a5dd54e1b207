//! Reading the well-known binary that `ingest` writes and the store keeps: little-endian, two dimensions.
//!
//! Coordinates go into one flat buffer that can be used again; nothing is copied per ring.

/// What a shape is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kinds name themselves")]
pub enum ShapeKind {
    Points,
    Lines,
    Polygons,
}

/// A geometry as flat coordinates: `ring_ends` close points, lines or rings, `part_ends` count rings of each polygon.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    /// Kind; `None` before the first read.
    pub kind: Option<ShapeKind>,
    /// Longitude and latitude.
    pub coords: Vec<[f64; 2]>,
    /// End of each ring or line in `coords`.
    pub ring_ends: Vec<usize>,
    /// End of each polygon in `ring_ends`.
    pub part_ends: Vec<usize>,
}

/// No county feature has more parts; a count above it is damage.
const PARTS_MAX: u32 = 1 << 24;

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (head, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*head))
    }

    fn coord(&mut self) -> Option<[f64; 2]> {
        let (x, rest) = self.0.split_first_chunk::<8>()?;
        let (y, rest) = rest.split_first_chunk::<8>()?;
        self.0 = rest;
        Some([f64::from_le_bytes(*x), f64::from_le_bytes(*y)])
    }

    /// Byte order mark and kind.
    fn kind(&mut self) -> Option<u32> {
        let (order, rest) = self.0.split_first()?;
        self.0 = rest;
        (*order == 1).then_some(())?;
        self.u32()
    }
}

impl Shape {
    /// Reads a geometry, replacing what was here. `None` for damage, other byte orders, Z or M, and collections.
    #[must_use]
    pub fn read(&mut self, wkb: &[u8]) -> Option<ShapeKind> {
        self.coords.clear();
        self.ring_ends.clear();
        self.part_ends.clear();
        self.kind = None;
        let mut cursor = Cursor(wkb);
        let kind = cursor.kind()?;
        if let 4..=6 = kind {
            let n = cursor.u32().filter(|n| *n <= PARTS_MAX)?;
            for _ in 0..n {
                (cursor.kind()? == kind - 3).then_some(())?;
                self.read_one(&mut cursor, kind - 3)?;
            }
        } else {
            self.read_one(&mut cursor, kind)?;
        }
        self.kind = Some(match kind {
            1 | 4 => ShapeKind::Points,
            2 | 5 => ShapeKind::Lines,
            _ => ShapeKind::Polygons,
        });
        self.kind
    }

    fn read_one(&mut self, cursor: &mut Cursor<'_>, kind: u32) -> Option<()> {
        match kind {
            1 => self.coords.push(cursor.coord()?),
            2 => self.read_ring(cursor)?,
            3 => {
                let n = cursor.u32().filter(|n| *n <= PARTS_MAX)?;
                for _ in 0..n {
                    self.read_ring(cursor)?;
                }
            }
            _ => return None,
        }
        if kind == 1 {
            self.ring_ends.push(self.coords.len());
        }
        self.part_ends.push(self.ring_ends.len());
        Some(())
    }

    fn read_ring(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let n = cursor.u32()? as usize;
        // A count larger than the bytes left is damage, not a reason to reserve memory.
        (n <= cursor.0.len() / 16).then_some(())?;
        for _ in 0..n {
            self.coords.push(cursor.coord()?);
        }
        self.ring_ends.push(self.coords.len());
        Some(())
    }
}

/// A polygon of closed rings, outer first.
pub fn polygon(rings: &[Vec<[f64; 2]>]) -> Vec<u8> {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let mut wkb = vec![1, 3, 0, 0, 0];
    wkb.extend_from_slice(&count(rings.len()));
    for ring in rings {
        wkb.extend_from_slice(&count(ring.len()));
        for c in ring {
            wkb.extend_from_slice(&c[0].to_le_bytes());
            wkb.extend_from_slice(&c[1].to_le_bytes());
        }
    }
    wkb
}

#[cfg(test)]
mod tests {
    use super::{Shape, ShapeKind, polygon};

    #[test]
    fn polygons_round_trip_and_damage_is_refused() {
        let outer = vec![[0., 0.], [4., 0.], [4., 4.], [0., 0.]];
        let hole = vec![[1., 0.5], [2., 1.], [2., 0.5], [1., 0.5]];
        let bytes = polygon(&[outer.clone(), hole]);
        let mut shape = Shape::default();
        assert_eq!(shape.read(&bytes), Some(ShapeKind::Polygons));
        assert_eq!((shape.ring_ends.as_slice(), shape.part_ends.as_slice()), ([4, 8].as_slice(), [2].as_slice()));
        assert_eq!(shape.coords[..4], outer);
        for cut in 0..bytes.len() {
            assert_eq!(shape.read(&bytes[..cut]), None, "cut at {cut}");
        }
        let mut huge = bytes.clone();
        huge[9..13].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(shape.read(&huge), None);
        let mut big_endian = bytes;
        big_endian[0] = 0;
        assert_eq!(shape.read(&big_endian), None);
    }

    #[test]
    fn multi_points_and_polygons() {
        let mut wkb = vec![1, 6, 0, 0, 0, 2, 0, 0, 0];
        for x in [0.0, 10.0] {
            wkb.extend(polygon(&[vec![[x, 0.], [x + 1., 0.], [x + 1., 1.], [x, 0.]]]));
        }
        let mut shape = Shape::default();
        assert_eq!(shape.read(&wkb), Some(ShapeKind::Polygons));
        assert_eq!(shape.part_ends, [1, 2]);
        let mut point = vec![1, 1, 0, 0, 0];
        point.extend_from_slice(&1.5f64.to_le_bytes());
        point.extend_from_slice(&2.5f64.to_le_bytes());
        assert_eq!((shape.read(&point), shape.coords.as_slice()), (Some(ShapeKind::Points), [[1.5, 2.5]].as_slice()));
    }
}
