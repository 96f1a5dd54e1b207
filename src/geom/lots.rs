//! A small north-up picture of the lots around a point, in feet: boundaries cut to a square, house numbers, and street
//! names set into the gap between facing lots.
//!
//! Roll data has no street centre lines, so a street is where the fronts of its own lots look across a gap. A street whose
//! lots have no gap in front of them gets no name: a wrong name would send a crew round the corner.

use super::distance::{FEET_PER_METRE, LocalPlane};

/// A point in feet east and north of the middle.
pub type Point = [f64; 2];

/// A lot near the point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lot {
    /// Closed rings, longitude and latitude.
    pub rings: Vec<Vec<[f64; 2]>>,
    /// House number; empty when there is none.
    pub number: String,
    /// Street of the situs; empty when there is none.
    pub street: String,
}

/// A text on the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Middle of the text.
    pub at: Point,
    /// Counter-clockwise from east, between -90 and 90.
    pub angle_deg: f64,
    /// The text.
    pub text: String,
}

/// The picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// Half the side of the square.
    pub half_ft: f64,
    /// Boundaries, cut to the square.
    pub lines: Vec<Vec<Point>>,
    /// Boundaries of the lot that holds the middle.
    pub subject: Vec<Vec<Point>>,
    /// House numbers.
    pub numbers: Vec<Mark>,
    /// Street names.
    pub streets: Vec<Mark>,
}

/// Fronts shorter than this are notches.
const FRONT_FT_MIN: f64 = 18.0;
/// A gap narrower than this is an alley or sloppy digitizing, a wider one is open land.
const STREET_FT: (f64, f64) = (20.0, 160.0);
/// Points on one street agree within this distance of its middle.
const AGREE_FT: f64 = 14.0;
/// Lots that must look across the same gap before it gets their street's name: one alone may be a corner lot.
const LOTS_MIN: usize = 2;
/// House numbers closer than this print over each other.
const NUMBER_FT_MIN: f64 = 16.0;
/// Fronts looked at per picture; a dense block of condominiums has hundreds.
const FRONTS_MAX: usize = 2_000;

/// A place in the middle of a gap in front of a lot.
#[derive(Debug, Clone, Copy)]
struct Front {
    lot: usize,
    at: Point,
    along: Point,
}

/// Draws the lots around `middle`, `half_ft` to each side.
pub fn picture(middle: [f64; 2], half_ft: f64, lots: &[Lot]) -> Picture {
    let plane = LocalPlane::at(middle[1]);
    let place = |p: &[f64; 2]| plane.offset_m(middle, *p).map(|m| m * FEET_PER_METRE);
    let rings: Vec<Vec<Vec<Point>>> =
        lots.iter().map(|l| l.rings.iter().map(|r| r.iter().map(place).collect()).collect()).collect();
    let mut drawn = Picture { half_ft, ..Picture::default() };
    for lot in &rings {
        let is_subject = holds(lot, [0.0, 0.0]);
        for ring in lot {
            let target = if is_subject { &mut drawn.subject } else { &mut drawn.lines };
            cut(ring, half_ft, target);
        }
    }
    drawn.numbers = numbers(lots, &rings, half_ft);
    drawn.streets = streets(lots, &rings, half_ft);
    drawn
}

/// Feet from the middle to the nearest boundary of a lot; 0 inside.
pub fn distance_ft(middle: [f64; 2], lot: &Lot) -> f64 {
    let plane = LocalPlane::at(middle[1]);
    let place = |p: &[f64; 2]| plane.offset_m(middle, *p).map(|m| m * FEET_PER_METRE);
    let rings: Vec<Vec<Point>> = lot.rings.iter().map(|r| r.iter().map(place).collect()).collect();
    if holds(&rings, [0.0, 0.0]) {
        return 0.0;
    }
    let edges = rings.iter().flat_map(|r| r.windows(2));
    edges.map(|e| super::distance::origin_to_segment_m(e[0], e[1])).fold(f64::INFINITY, f64::min)
}

/// Longer side of the box around a lot, in feet.
pub fn size_ft(lot: &Lot) -> f64 {
    let Some(first) = lot.rings.first().and_then(|r| r.first()) else { return 0.0 };
    let plane = LocalPlane::at(first[1]);
    let (mut low, mut high) = ([0.0f64; 2], [0.0f64; 2]);
    for point in lot.rings.iter().flatten() {
        let at = plane.offset_m(*first, *point).map(|m| m * FEET_PER_METRE);
        for axis in 0..2 {
            low[axis] = low[axis].min(at[axis]);
            high[axis] = high[axis].max(at[axis]);
        }
    }
    (high[0] - low[0]).max(high[1] - low[1])
}

fn holds(rings: &[Vec<Point>], p: Point) -> bool {
    let crossings = rings.iter().flat_map(|r| r.windows(2)).filter(|e| {
        let (a, b) = (e[0], e[1]);
        (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
    });
    crossings.count() % 2 == 1
}

/// Cuts a line to the square; what leaves and comes back becomes several lines.
fn cut(line: &[Point], half: f64, out: &mut Vec<Vec<Point>>) {
    let mut open: Vec<Point> = Vec::new();
    for edge in line.windows(2) {
        let Some((a, b)) = clip(edge[0], edge[1], half) else {
            continue;
        };
        if open.last().is_none_or(|last| *last != a) {
            if open.len() > 1 {
                out.push(std::mem::take(&mut open));
            }
            open = vec![a];
        }
        open.push(b);
    }
    if open.len() > 1 {
        out.push(open);
    }
}

/// The part of a segment inside the square (Liang and Barsky).
fn clip(a: Point, b: Point, half: f64) -> Option<(Point, Point)> {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for (p, q) in [(-dx, a[0] + half), (dx, half - a[0]), (-dy, a[1] + half), (dy, half - a[1])] {
        if p == 0.0 && q < 0.0 {
            return None;
        }
        if p < 0.0 {
            from = from.max(q / p);
        } else if p > 0.0 {
            to = to.min(q / p);
        }
    }
    let at = |t: f64| {
        if t == 0.0 {
            a
        } else if t == 1.0 {
            b
        } else {
            [a[0] + t * dx, a[1] + t * dy]
        }
    };
    (from < to).then(|| (at(from), at(to)))
}

fn is_within(p: Point, half: f64) -> bool {
    p[0].abs() <= half && p[1].abs() <= half
}

/// House numbers in the middle of their lots; the nearest to the middle win where they would touch.
fn numbers(lots: &[Lot], rings: &[Vec<Vec<Point>>], half: f64) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let mut all: Vec<(f64, Point, &str)> = Vec::new();
    for (lot, rings) in lots.iter().zip(rings).filter(|(l, _)| !l.number.is_empty()) {
        let Some(at) = rings.first().and_then(|r| middle_of(r)) else { continue };
        if holds(rings, at) && is_within(at, half - 8.0) {
            all.push((at[0].hypot(at[1]), at, &lot.number));
        }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.2.cmp(b.2)));
    for (_, at, text) in all {
        let is_free = marks.iter().all(|m| (m.at[0] - at[0]).hypot(m.at[1] - at[1]) >= NUMBER_FT_MIN);
        if is_free {
            marks.push(Mark { at, angle_deg: 0.0, text: text.to_owned() });
        }
    }
    marks
}

/// Centre of area of a ring.
fn middle_of(ring: &[Point]) -> Option<Point> {
    let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
    for e in ring.windows(2) {
        let cross = e[0][0] * e[1][1] - e[1][0] * e[0][1];
        area += cross;
        x += (e[0][0] + e[1][0]) * cross;
        y += (e[0][1] + e[1][1]) * cross;
    }
    (area.abs() > 1.0).then(|| [x / (3.0 * area), y / (3.0 * area)])
}

/// Names in the middle of the gap that most fronts of the street's own lots look across.
fn streets(lots: &[Lot], rings: &[Vec<Vec<Point>>], half: f64) -> Vec<Mark> {
    let mut fronts = Vec::new();
    for lot in (0..lots.len()).filter(|i| lots.get(*i).is_some_and(|l| !l.street.is_empty())) {
        lot_fronts(lot, rings, half, &mut fronts);
    }
    fronts.truncate(FRONTS_MAX);
    let mut best: Vec<(usize, Front)> = Vec::new();
    let mut names: Vec<&str> = lots.iter().map(|l| l.street.as_str()).filter(|s| !s.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let own: Vec<&Front> = fronts.iter().filter(|f| lots.get(f.lot).is_some_and(|l| l.street == name)).collect();
        let support = |f: &Front| {
            let mut agreeing: Vec<usize> = own.iter().filter(|o| is_on_line(f, o.at)).map(|o| o.lot).collect();
            agreeing.sort_unstable();
            agreeing.dedup();
            agreeing.len()
        };
        let far = |f: &Front| f.at[0].hypot(f.at[1]);
        let nearer = |a: &Front, b: &Front| far(b).total_cmp(&far(a));
        // The line of the street is where most of its lots look, also those outside the square; a hole behind a few lots
        // must not take the name only because the street itself is not on the picture.
        let ranked = own.iter().map(|f| (support(f), **f));
        let Some((n_lots, line)) = ranked.max_by(|a, b| a.0.cmp(&b.0).then_with(|| nearer(&a.1, &b.1))) else {
            continue;
        };
        let shown = own.iter().filter(|f| is_within(f.at, half * 0.85) && is_on_line(&line, f.at));
        let winner = shown.max_by(|a, b| nearer(a, b)).map(|f| (n_lots, **f));
        best.extend(winner.filter(|(n_lots, _)| *n_lots >= LOTS_MIN));
    }
    best.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.lot.cmp(&b.1.lot)));
    let mut kept: Vec<Front> = Vec::new();
    for (_, front) in best {
        // Two names for one gap: corner lots look into both streets; the one with more lots is right.
        if kept.iter().all(|k| !is_on_line(k, front.at) || !is_parallel(k.along, front.along)) {
            kept.push(front);
        }
    }
    kept.into_iter().filter_map(|f| lots.get(f.lot).map(|l| mark(&f, &l.street))).collect()
}

fn mark(front: &Front, text: &str) -> Mark {
    let mut angle_deg = front.along[1].atan2(front.along[0]).to_degrees();
    if angle_deg > 90.0 {
        angle_deg -= 180.0;
    }
    if angle_deg <= -90.0 {
        angle_deg += 180.0;
    }
    Mark { at: front.at, angle_deg, text: text.to_owned() }
}

fn is_on_line(front: &Front, p: Point) -> bool {
    let (dx, dy) = (p[0] - front.at[0], p[1] - front.at[1]);
    (dx * front.along[1] - dy * front.along[0]).abs() <= AGREE_FT
}

fn is_parallel(a: Point, b: Point) -> bool {
    (a[0] * b[0] + a[1] * b[1]).abs() > 0.9
}

/// Middles of the gaps that the edges of a lot look across.
fn lot_fronts(lot: usize, rings: &[Vec<Vec<Point>>], half: f64, out: &mut Vec<Front>) {
    let Some(ring) = rings.get(lot).and_then(|r| r.first()) else { return };
    let turn: f64 = ring.windows(2).map(|e| e[0][0] * e[1][1] - e[1][0] * e[0][1]).sum();
    let side = if turn > 0.0 { 1.0 } else { -1.0 };
    for e in ring.windows(2) {
        let (dx, dy) = (e[1][0] - e[0][0], e[1][1] - e[0][1]);
        let length = dx.hypot(dy);
        let middle = [f64::midpoint(e[0][0], e[1][0]), f64::midpoint(e[0][1], e[1][1])];
        if length < FRONT_FT_MIN || !is_within(middle, half * 2.5) || out.len() >= FRONTS_MAX {
            continue;
        }
        let along = [dx / length, dy / length];
        let outward = [along[1] * side, -along[0] * side];
        let step = |far: f64| [middle[0] + outward[0] * far, middle[1] + outward[1] * far];
        if let Some(gap) = gap_ft(middle, outward, rings)
            && (STREET_FT.0..=STREET_FT.1).contains(&gap)
        {
            out.push(Front { lot, at: step(gap / 2.0), along });
        }
    }
}

/// Feet from a front straight on to the next lot; `None` when none stands there.
fn gap_ft(from: Point, outward: Point, rings: &[Vec<Vec<Point>>]) -> Option<f64> {
    let mut nearest = f64::INFINITY;
    for e in rings.iter().flatten().flat_map(|r| r.windows(2)) {
        let (a, b) = ([e[0][0] - from[0], e[0][1] - from[1]], [e[1][0] - from[0], e[1][1] - from[1]]);
        // In the frame of the ray: `u` along it, `v` across it.
        let (au, av) = (a[0] * outward[0] + a[1] * outward[1], a[1] * outward[0] - a[0] * outward[1]);
        let (bu, bv) = (b[0] * outward[0] + b[1] * outward[1], b[1] * outward[0] - b[0] * outward[1]);
        if (av > 0.0) == (bv > 0.0) {
            continue;
        }
        let u = au + (bu - au) * av / (av - bv);
        // The edge itself lies at 0, and a neighbour that repeats it within a foot or two is no street.
        if u > 0.5 {
            nearest = nearest.min(u);
        }
    }
    nearest.is_finite().then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of lots, 60 ft deep and 50 ft wide, with a street of 50 ft between them running east, and a cross street.
    fn town() -> Vec<Lot> {
        let plane = LocalPlane::at(36.0);
        let lot = |x: f64, y: f64, number: &str, street: &str| {
            let corner =
                |x: f64, y: f64| [-96.0 + x / FEET_PER_METRE / plane.lon_m, 36.0 + y / FEET_PER_METRE / plane.lat_m];
            let ring = [(x, y), (x + 50.0, y), (x + 50.0, y + 60.0), (x, y + 60.0), (x, y)];
            Lot {
                rings: vec![ring.iter().map(|(x, y)| corner(*x, *y)).collect()],
                number: number.to_owned(),
                street: street.to_owned(),
            }
        };
        let mut lots = Vec::new();
        for i in 0..3 {
            lots.push(lot(-75.0 + 50.0 * f64::from(i), 25.0, &format!("{}", 101 + 2 * i), "OAK ST"));
            lots.push(lot(-75.0 + 50.0 * f64::from(i), -85.0, &format!("{}", 100 + 2 * i), "OAK ST"));
        }
        // Across a north-south street of 40 ft stand corner lots of ELM AVE.
        lots.push(lot(115.0, 25.0, "12", "ELM AVE"));
        lots.push(lot(115.0, -85.0, "14", "ELM AVE"));
        lots
    }

    #[test]
    fn the_street_runs_between_its_own_lots_and_nothing_leaves_the_square() {
        let drawn = picture([-96.0, 36.0], 150.0, &town());
        let oak = drawn.streets.iter().find(|m| m.text == "OAK ST").unwrap();
        assert!(oak.at[1].abs() < 1.0 && oak.angle_deg.abs() < 1.0, "{oak:?}");
        let elm = drawn.streets.iter().find(|m| m.text == "ELM AVE").unwrap();
        assert!((elm.at[0] - 95.0).abs() < 1.0 && elm.angle_deg.abs() > 89.0, "{elm:?}");
        assert_eq!(drawn.numbers.len(), 8);
        assert!(drawn.lines.iter().flatten().all(|p| p[0].abs() <= 150.001 && p[1].abs() <= 150.001));
        let small = picture([-96.0, 36.0], 40.0, &town());
        assert!(!small.lines.is_empty() && small.lines.iter().flatten().all(|p| is_within(*p, 40.001)));
    }

    #[test]
    fn the_lot_around_the_middle_is_the_subject() {
        let lots = town();
        assert!(picture([-96.0, 36.0], 150.0, &lots).subject.is_empty());
        let inside = [-96.0, 36.0 + 55.0 / FEET_PER_METRE / LocalPlane::at(36.0).lat_m];
        assert_eq!(picture(inside, 150.0, &lots).subject.len(), 1);
        assert_eq!(distance_ft(inside, &lots[2]), 0.0);
        assert!((distance_ft([-96.0, 36.0], &lots[2]) - 25.0).abs() < 0.1);
    }

    #[test]
    fn a_lot_alone_has_no_street() {
        let drawn = picture([-96.0, 36.0], 150.0, &town()[..1]);
        assert!(drawn.streets.is_empty() && drawn.lines.len() == 1);
        assert_eq!(picture([-96.0, 36.0], 150.0, &[]).lines.len(), 0);
    }
}
