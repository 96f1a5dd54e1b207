//! Boxes of all parcels as one block of bytes: which parcels may lie in a rectangle. Exact tests are the caller's.
//!
//! A packed Hilbert R-tree over 32-bit boxes, rounded outwards (at most 1 m): 100,000 parcels take 2.5 MB and 15 ms to pack,
//! where a table of SQLite's R*Tree takes 0.4 s. Boxes far from all others (a parcel at 0, 0) are kept apart: one of them in the
//! tree spoils its order for all (measured: searches 20 times slower).

use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTreeBuilder, RTreeIndex, RTreeRef};
use xxhash_rust::xxh3::xxh3_64;

/// First bytes of [`BoxIndexBuilder::finish`]; the last one is the version.
const MAGIC: &[u8; 8] = b"TTPBOXS1";
/// Magic, checksum, number of boxes, number of boxes apart.
const HEADER_BYTES: usize = 24;
/// Id and box.
const APART_BYTES: usize = 20;

/// West, south, east, north.
pub type Rectangle = [f64; 4];

/// Collects boxes.
#[derive(Debug, Default)]
pub struct BoxIndexBuilder {
    ids: Vec<u32>,
    boxes: Vec<[f32; 4]>,
}

/// Boxes with their ids, ready for questions.
#[derive(Debug)]
pub struct BoxIndex {
    ids: Vec<u32>,
    apart: Vec<(u32, [f32; 4])>,
    tree: Vec<u8>,
}

#[allow(clippy::cast_possible_truncation, reason = "rounded outwards")]
pub(crate) fn outwards(r: Rectangle) -> [f32; 4] {
    let down = |v: f64| if f64::from(v as f32) > v { (v as f32).next_down() } else { v as f32 };
    let up = |v: f64| if f64::from(v as f32) < v { (v as f32).next_up() } else { v as f32 };
    [down(r[0]), down(r[1]), up(r[2]), up(r[3])]
}

fn meet(a: &[f32; 4], b: &[f32; 4]) -> bool {
    a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1]
}

/// The rectangle around where most points are; what lies outside it is an outlier, never more than a fiftieth of all points.
/// Everything is inside when the points have no such common place.
pub(crate) fn common_place(points: impl ExactSizeIterator<Item = [f64; 2]> + Clone) -> Rectangle {
    /// Points looked at.
    const SAMPLE: usize = 4_096;
    /// Widths of the middle part that the place reaches beyond it: a county's far corner is in, another state is out.
    const REACH: f64 = 10.0;
    let everywhere = [f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY];
    let step = points.len().div_ceil(SAMPLE).max(1);
    let mut place = everywhere;
    for axis in 0..2 {
        let mut values: Vec<f64> = points.clone().step_by(step).map(|p| p[axis]).collect();
        if values.len() < 8 {
            return everywhere;
        }
        values.sort_unstable_by(f64::total_cmp);
        let (low, high) = (values[values.len() / 8], values[values.len() - 1 - values.len() / 8]);
        let reach = (high - low).max(1e-3) * REACH;
        (place[axis], place[axis + 2]) = (low - reach, high + reach);
    }
    let n_outside = points.clone().filter(|p| !is_inside(place, *p)).count();
    if n_outside * 50 > points.len() { everywhere } else { place }
}

pub(crate) fn is_inside(place: Rectangle, p: [f64; 2]) -> bool {
    (place[0]..=place[2]).contains(&p[0]) && (place[1]..=place[3]).contains(&p[1])
}

fn centre(b: &[f32; 4]) -> [f64; 2] {
    [f64::midpoint(f64::from(b[0]), f64::from(b[2])), f64::midpoint(f64::from(b[1]), f64::from(b[3]))]
}

impl BoxIndexBuilder {
    /// Adds a box in degrees; false when it is none, or the id has more than 32 bits.
    pub fn add(&mut self, id: i64, bbox: Rectangle) -> bool {
        let is_sane = bbox[0] <= bbox[2] && bbox[1] <= bbox[3] && bbox.iter().all(|v| v.is_finite());
        let Ok(id) = u32::try_from(id) else { return false };
        if is_sane {
            self.ids.push(id);
            self.boxes.push(outwards(bbox));
        }
        is_sane
    }

    /// Number of boxes.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True without any box.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Packs the tree; the bytes are for [`BoxIndex::from_bytes`].
    pub fn finish(&self) -> Vec<u8> {
        let place = common_place(self.boxes.iter().map(centre));
        let mut apart: Vec<u8> = Vec::new();
        let mut ids: Vec<u8> = Vec::with_capacity(self.ids.len() * 4);
        let is_in = |b: &[f32; 4]| is_inside(place, centre(b));
        let n_in = self.boxes.iter().filter(|b| is_in(b)).count();
        let mut builder = RTreeBuilder::<f32>::new(u32::try_from(n_in).unwrap_or(0));
        for (id, b) in self.ids.iter().zip(&self.boxes) {
            if is_in(b) {
                ids.extend_from_slice(&id.to_le_bytes());
                builder.add(b[0], b[1], b[2], b[3]);
            } else {
                push_apart(&mut apart, *id, b);
            }
        }
        let tree: Vec<u8> = builder.finish::<HilbertSort>().into_inner();
        assemble(&ids, &apart, &tree)
    }

    /// Adds a few boxes to an index made before, beside its tree; `None` when the old bytes are damaged. Older boxes of the same
    /// ids stay and only cost a test.
    pub fn append_to(&self, older: &[u8]) -> Option<Vec<u8>> {
        let (ids, apart, tree) = parts(older)?;
        let mut apart = apart.to_vec();
        for (id, b) in self.ids.iter().zip(&self.boxes) {
            push_apart(&mut apart, *id, b);
        }
        Some(assemble(ids, &apart, tree))
    }
}

fn push_apart(apart: &mut Vec<u8>, id: u32, b: &[f32; 4]) {
    apart.extend_from_slice(&id.to_le_bytes());
    b.iter().for_each(|v| apart.extend_from_slice(&v.to_le_bytes()));
}

fn assemble(ids: &[u8], apart: &[u8], tree: &[u8]) -> Vec<u8> {
    let count = |n: usize| u32::try_from(n).unwrap_or(0).to_le_bytes();
    let mut bytes = Vec::with_capacity(HEADER_BYTES + ids.len() + apart.len() + tree.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(&count(ids.len() / 4));
    bytes.extend_from_slice(&count(apart.len() / APART_BYTES));
    bytes.extend_from_slice(ids);
    bytes.extend_from_slice(apart);
    bytes.extend_from_slice(tree);
    let checksum = xxh3_64(&bytes[16..]).to_le_bytes();
    bytes[8..16].copy_from_slice(&checksum);
    bytes
}

/// Ids, boxes apart and tree of undamaged bytes.
fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (magic, rest) = bytes.split_first_chunk::<8>()?;
    let (checksum, rest) = rest.split_first_chunk::<8>()?;
    (magic == MAGIC && xxh3_64(rest) == u64::from_le_bytes(*checksum)).then_some(())?;
    let (n, rest) = rest.split_first_chunk::<4>()?;
    let (n_apart, rest) = rest.split_first_chunk::<4>()?;
    let (ids, rest) = rest.split_at_checked(u32::from_le_bytes(*n) as usize * 4)?;
    let (apart, tree) = rest.split_at_checked(u32::from_le_bytes(*n_apart) as usize * APART_BYTES)?;
    Some((ids, apart, tree))
}

impl BoxIndex {
    /// Reads what [`BoxIndexBuilder::finish`] made; `None` for anything else, and for damage.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (ids, apart, tree) = parts(bytes)?;
        let words = |b: &[u8]| -> Vec<u32> { b.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect() };
        let float = |b: &[u8], i: usize| f32::from_bits(words(b)[i]);
        let apart = apart.as_chunks::<APART_BYTES>().0.iter();
        let apart = apart.map(|b| (words(b)[0], [float(b, 1), float(b, 2), float(b, 3), float(b, 4)])).collect();
        let index = Self { ids: words(ids), apart, tree: tree.to_vec() };
        (index.tree()?.num_items() as usize == index.ids.len()).then_some(index)
    }

    fn tree(&self) -> Option<RTreeRef<'_, f32>> {
        RTreeRef::try_new(&self.tree).ok()
    }

    /// Ids of the boxes that meet a rectangle, ascending.
    pub fn meeting(&self, rectangle: Rectangle) -> Vec<i64> {
        let wanted = outwards(rectangle);
        let mut ids: Vec<i64> = Vec::new();
        if let Some(tree) = self.tree().filter(|_| !self.ids.is_empty()) {
            let found = tree.search(wanted[0], wanted[1], wanted[2], wanted[3]);
            ids.extend(found.iter().filter_map(|item| self.ids.get(*item as usize)).map(|id| i64::from(*id)));
        }
        ids.extend(self.apart.iter().filter(|(_, b)| meet(b, &wanted)).map(|(id, _)| i64::from(*id)));
        ids.sort_unstable();
        ids
    }

    /// Number of boxes.
    pub fn len(&self) -> usize {
        self.ids.len() + self.apart.len()
    }

    /// True without any box.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Gives outliers the box of the first item that is none; returns them, ascending.
pub(crate) fn set_apart(boxes: &mut [[f32; 4]]) -> Vec<u32> {
    let place = common_place(boxes.iter().map(centre));
    let inside = boxes.iter().find(|b| is_inside(place, centre(b))).copied().unwrap_or_default();
    let mut apart = Vec::new();
    for (item, b) in (0u32..).zip(boxes) {
        if !is_inside(place, centre(b)) {
            apart.push(item);
            *b = inside;
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::{BoxIndex, BoxIndexBuilder, common_place, is_inside};

    fn grid(n: i64) -> impl Iterator<Item = (i64, [f64; 4])> {
        (0..n * n).map(move |i| {
            let (x, y) = (-96.0 + (i % n) as f64 * 0.001, 36.0 + (i / n) as f64 * 0.001);
            (i + 1, [x, y, x + 0.0009, y + 0.0009])
        })
    }

    #[test]
    fn boxes_are_found_by_rectangle_with_outliers_and_after_a_round_trip() {
        let mut builder = BoxIndexBuilder::default();
        let mut boxes: Vec<(i64, [f64; 4])> = grid(40).collect();
        boxes.extend([(9_001, [0.0, 0.0, 0.0, 0.0]), (9_002, [-71.1, 42.3, -71.0, 42.4])]);
        for (id, b) in &boxes {
            assert!(builder.add(*id, *b));
        }
        assert!(!builder.add(1, [f64::NAN, 0.0, 1.0, 1.0]) && !builder.add(-1, [0.0; 4]));
        let bytes = builder.finish();
        let index = BoxIndex::from_bytes(&bytes).unwrap();
        assert_eq!((index.len(), index.apart.len()), (1_602, 2));
        for wanted in [
            [-95.99, 36.01, -95.98, 36.015],
            [-96.0, 36.0, -96.0, 36.0],
            [-0.1, -0.1, 0.1, 0.1],
            [-180.0, -90.0, 180.0, 90.0],
            [10.0, 10.0, 11.0, 11.0],
        ] {
            let meets = |b: &[f64; 4]| b[0] <= wanted[2] && b[2] >= wanted[0] && b[1] <= wanted[3] && b[3] >= wanted[1];
            let exact: Vec<i64> = boxes.iter().filter(|(_, b)| meets(b)).map(|(id, _)| *id).collect();
            let found = index.meeting(wanted);
            assert!(exact.iter().all(|id| found.contains(id)), "{wanted:?}");
            assert!(found.len() <= exact.len() + 90, "{wanted:?}: {} for {}", found.len(), exact.len());
        }
        let mut more = BoxIndexBuilder::default();
        more.add(7_000, [-96.5, 36.5, -96.4, 36.6]);
        let longer = BoxIndex::from_bytes(&more.append_to(&bytes).unwrap()).unwrap();
        assert_eq!((longer.len(), longer.meeting([-96.45, 36.55, -96.45, 36.55])), (1_603, vec![7_000]));
        for at in [0, 9, 17, 30, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(BoxIndex::from_bytes(&damaged).is_none(), "{at}");
            assert!(BoxIndex::from_bytes(&bytes[..at]).is_none(), "{at}");
        }
        assert!(BoxIndex::from_bytes(&BoxIndexBuilder::default().finish()).unwrap().meeting([0.0; 4]).is_empty());
    }

    #[test]
    fn two_towns_are_no_outliers_of_each_other() {
        let towns = (0..100).map(|i| if i < 60 { [-96.0, 36.0] } else { [-71.0, 42.0] });
        assert!(is_inside(common_place(towns.collect::<Vec<_>>().into_iter()), [-71.0, 42.0]));
        let lone = (0..1_000).map(|i| if i < 999 { [-96.0 + f64::from(i) * 1e-4, 36.0] } else { [0.0, 0.0] });
        assert!(!is_inside(common_place(lone.collect::<Vec<_>>().into_iter()), [0.0, 0.0]));
    }
}
