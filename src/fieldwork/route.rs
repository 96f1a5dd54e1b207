//! Driving order of stops as the crow flies: the best one for short lists; else nearest neighbour, then 2-opt and Or-opt until
//! nothing gets shorter.
//!
//! The route starts and ends at the yard. Street networks are left out: the tool works offline and crews know their streets.

use crate::model::parcel::LonLat;

/// A point in feet on a local plane.
type Point = (f64, f64);

/// Feet per degree of latitude (mean meridian degree of WGS 84, 111,132.95 m).
const DEGREE_FT: f64 = 364_609.4;
/// Rounds of improvement; each one shortens the tour, 200 stops need under 30.
const ROUNDS_MAX: usize = 200;
/// A list up to this length is begun at each of its stops in turn, which takes milliseconds.
const STARTS_STOPS_MAX: usize = 30;
/// Longest chain that Or-opt moves.
const CHAIN_MAX: usize = 3;
/// A gain below this is rounding, and could loop forever.
const GAIN_FT_MIN: f64 = 1e-6;

/// An order of stops and its length.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Positions of the stops in the input, in driving order.
    pub order: Vec<usize>,
    /// Length from the yard through all stops and back.
    pub length_ft: f64,
    /// Length of the nearest-neighbour order, for comparison.
    pub nearest_neighbour_ft: f64,
}

/// The stops in feet around the yard; without a yard the first stop stands in for it.
fn on_plane(yard: Option<LonLat>, stops: &[LonLat]) -> Vec<Point> {
    let Some(origin) = yard.or(stops.first().copied()) else { return Vec::new() };
    let scale = origin.lat.to_radians().cos();
    let plane = |p: &LonLat| ((p.lon - origin.lon) * scale * DEGREE_FT, (p.lat - origin.lat) * DEGREE_FT);
    stops.iter().map(plane).collect()
}

/// Orders the stops: short lists the best way there is, longer ones by local search.
pub fn order(yard: Option<LonLat>, stops: &[LonLat]) -> Route {
    let points = on_plane(yard, stops);
    let nearest_neighbour_ft = length(&points, &nearest_neighbour(&points, None));
    let order = if points.len() <= OPTIMAL_STOPS_MAX { optimal(&points) } else { by_search(&points) };
    Route { length_ft: length(&points, &order), order, nearest_neighbour_ft }
}

/// What the search alone makes of a list of any length; for measuring it against the best order.
pub fn shortened_ft(yard: Option<LonLat>, stops: &[LonLat]) -> f64 {
    let points = on_plane(yard, stops);
    length(&points, &by_search(&points))
}

/// Nearest neighbour, then 2-opt and Or-opt; lists that are not long from several starts.
fn by_search(points: &[Point]) -> Vec<usize> {
    let n_starts = if points.len() <= STARTS_STOPS_MAX { points.len() } else { 0 };
    let starts = std::iter::once(None).chain((0..n_starts).map(Some));
    let tours = starts.map(|first| {
        let mut tour = nearest_neighbour(points, first);
        improve(points, &mut tour);
        tour
    });
    let by_length = |a: &Vec<usize>, b: &Vec<usize>| length(points, a).total_cmp(&length(points, b));
    tours.min_by(by_length).unwrap_or_default()
}

fn improve(points: &[Point], tour: &mut Vec<usize>) {
    for _ in 0..ROUNDS_MAX {
        if !two_opt(points, tour) && !or_opt(points, tour) {
            break;
        }
    }
}

/// Most stops for which the best order is looked for: the table doubles with each one (12: half a megabyte).
pub const OPTIMAL_STOPS_MAX: usize = 12;

/// The best order of a short list, by dynamic programming over subsets (Held and Karp).
fn optimal(points: &[Point]) -> Vec<usize> {
    let n = points.len();
    let far = |from: Option<usize>, to: usize| {
        distance(from.and_then(|i| points.get(i)).copied().unwrap_or((0.0, 0.0)), points[to])
    };
    // Shortest way from the yard through a set of stops that ends at one of them, by `set * n + last`.
    let mut best = vec![f64::INFINITY; n << n];
    for i in 0..n {
        best[(1 << i) * n + i] = far(None, i);
    }
    for set in 1usize..1 << n {
        for last in (0..n).filter(|last| set >> last & 1 == 1) {
            let so_far = best[set * n + last];
            for next in (0..n).filter(|next| set >> next & 1 == 0) {
                let slot = &mut best[(set | 1 << next) * n + next];
                *slot = slot.min(so_far + far(Some(last), next));
            }
        }
    }
    // Back from the yard: before each stop the one from which the rest of the set was left shortest.
    let (mut tour, mut set, mut after) = (Vec::with_capacity(n), (1usize << n) - 1, None);
    while set != 0 {
        let cost = |last: &usize| best[set * n + last] + far(after, *last);
        let Some(last) = (0..n).filter(|i| set >> i & 1 == 1).min_by(|a, b| cost(a).total_cmp(&cost(b))) else { break };
        tour.push(last);
        set &= !(1 << last);
        after = Some(last);
    }
    tour.reverse();
    tour
}

fn distance(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// The point of the `position`-th stop of the tour; the yard before the first and behind the last.
fn at(points: &[Point], tour: &[usize], position: Option<usize>) -> Point {
    position.and_then(|p| tour.get(p)).and_then(|idx| points.get(*idx)).copied().unwrap_or((0.0, 0.0))
}

fn length(points: &[Point], tour: &[usize]) -> f64 {
    let mut here = (0.0, 0.0);
    let mut sum = 0.0;
    for position in 0..tour.len() {
        let next = at(points, tour, Some(position));
        sum += distance(here, next);
        here = next;
    }
    sum + distance(here, (0.0, 0.0))
}

/// Always on to the nearest stop, from the yard or from a given first stop.
fn nearest_neighbour(points: &[Point], first: Option<usize>) -> Vec<usize> {
    let mut left: Vec<usize> = (0..points.len()).filter(|idx| Some(*idx) != first).collect();
    let mut tour: Vec<usize> = first.into_iter().collect();
    let mut here = first.and_then(|idx| points.get(idx)).copied().unwrap_or((0.0, 0.0));
    while !left.is_empty() {
        let mut best = (0, f64::INFINITY);
        for (slot, idx) in left.iter().enumerate() {
            let far = points.get(*idx).map_or(f64::INFINITY, |p| distance(here, *p));
            if far < best.1 {
                best = (slot, far);
            }
        }
        let idx = left.remove(best.0);
        here = points.get(idx).copied().unwrap_or(here);
        tour.push(idx);
    }
    tour
}

/// Reverses a stretch wherever that shortens the tour; true when something got shorter.
fn two_opt(points: &[Point], tour: &mut [usize]) -> bool {
    let mut has_gained = false;
    for i in 0..tour.len() {
        for j in i + 1..tour.len() {
            let (before, first) = (at(points, tour, i.checked_sub(1)), at(points, tour, Some(i)));
            let (last, after) = (at(points, tour, Some(j)), at(points, tour, Some(j + 1)));
            let gain =
                distance(before, first) + distance(last, after) - distance(before, last) - distance(first, after);
            if gain > GAIN_FT_MIN
                && let Some(stretch) = tour.get_mut(i..=j)
            {
                stretch.reverse();
                has_gained = true;
            }
        }
    }
    has_gained
}

/// Moves a short chain to another place, either way round; true when something got shorter.
fn or_opt(points: &[Point], tour: &mut Vec<usize>) -> bool {
    for n_chain in 1..=CHAIN_MAX.min(tour.len()) {
        for from in 0..=tour.len() - n_chain {
            if let Some(better) = move_chain(points, tour, from, n_chain) {
                *tour = better;
                return true;
            }
        }
    }
    false
}

fn move_chain(points: &[Point], tour: &[usize], from: usize, n_chain: usize) -> Option<Vec<usize>> {
    let mut rest = tour.to_vec();
    let chain: Vec<usize> = rest.drain(from..from + n_chain).collect();
    let first = at(points, &chain, Some(0));
    let last = at(points, &chain, Some(n_chain - 1));
    let (before, after) = (at(points, &rest, from.checked_sub(1)), at(points, &rest, Some(from)));
    let saved = distance(before, first) + distance(last, after) - distance(before, after);
    let mut best: Option<(f64, usize, bool)> = None;
    for to in 0..=rest.len() {
        let (left, right) = (at(points, &rest, to.checked_sub(1)), at(points, &rest, Some(to)));
        let gap = distance(left, right);
        let straight = distance(left, first) + distance(last, right) - gap;
        let turned = distance(left, last) + distance(first, right) - gap;
        for (cost, is_turned) in [(straight, false), (turned, true)] {
            if saved - cost > GAIN_FT_MIN && best.is_none_or(|(c, _, _)| cost < c) {
                best = Some((cost, to, is_turned));
            }
        }
    }
    let (_, to, is_turned) = best?;
    let mut chain = chain;
    if is_turned {
        chain.reverse();
    }
    rest.splice(to..to, chain);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spread(n: usize, seed: u64) -> Vec<LonLat> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        (0..n).map(|_| LonLat { lon: -95.9 + next() * 0.1, lat: 36.1 + next() * 0.1 }).collect()
    }

    /// Every order of the stops, tried out.
    fn shortest_of_all(points: &[Point], tour: &mut Vec<usize>) -> f64 {
        if tour.len() == points.len() {
            return length(points, tour);
        }
        let mut best = f64::INFINITY;
        for next in 0..points.len() {
            if !tour.contains(&next) {
                tour.push(next);
                best = best.min(shortest_of_all(points, tour));
                tour.pop();
            }
        }
        best
    }

    #[test]
    fn short_lists_get_the_best_order() {
        let yard = Some(LonLat { lon: -95.85, lat: 36.15 });
        for seed in 0..12 {
            let stops = spread(6, seed);
            let best = shortest_of_all(&on_plane(yard, &stops), &mut Vec::new());
            let found = order(yard, &stops).length_ft;
            assert!((found - best).abs() < 1e-3, "seed {seed}: {found} {best}");
        }
        assert_eq!(order(None, &[]).length_ft, 0.0);
        assert_eq!(order(None, &spread(1, 1)).order, [0]);
    }

    #[test]
    fn the_search_alone_comes_close_to_the_best_order() {
        let yard = Some(LonLat { lon: -95.85, lat: 36.15 });
        let (mut ours, mut best, mut greedy) = (0.0, 0.0, 0.0);
        for seed in 0..40 {
            let stops = spread(9, seed);
            let (searched, exact) = (shortened_ft(yard, &stops), order(yard, &stops));
            assert!(searched >= exact.length_ft - 1e-3 && searched <= exact.length_ft * 1.05, "seed {seed}");
            ours += searched;
            greedy += exact.nearest_neighbour_ft;
            best += exact.length_ft;
        }
        assert!(ours <= best * 1.002, "{} of the best", ours / best);
        assert!(greedy > ours, "nearest neighbour {} ours {}", greedy / best, ours / best);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn every_stop_once_and_never_longer_than_nearest_neighbour(n in 0usize..40, seed: u64) {
            let stops = spread(n, seed);
            let route = order(None, &stops);
            let mut seen = route.order.clone();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..n).collect::<Vec<_>>());
            prop_assert!(route.length_ft <= route.nearest_neighbour_ft + 1e-6);
        }
    }
}
