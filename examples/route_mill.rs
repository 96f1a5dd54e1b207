//! Compares the searched driving order of a list with the nearest-neighbor order and, up to 12 stops, with the best one (which
//! such lists get): `route_mill [SEED]`. Random lists lie in a square of seven miles; sample lists are taps of the sample city, which stand
//! along streets.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring program")]

use taptrace::fieldwork::route::{OPTIMAL_STOPS_MAX, order, shortened_ft};
use taptrace::model::parcel::LonLat;
use taptrace::pipeline::sample;

/// Lists measured of each length.
const LISTS: usize = 200;

struct Random(u64);

impl Random {
    /// Between 0 and 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1u64 << 24) as f64
    }
}

/// Positions of the taps of the sample city.
fn sample_taps() -> Vec<LonLat> {
    let dir = std::env::temp_dir().join(format!("route_mill.{}", std::process::id()));
    sample::make(&dir, 20_260_401, None).unwrap();
    let mut reader = csv::Reader::from_path(dir.join("taps.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let (lon, lat) = (column("lon"), column("lat"));
    let rows = reader.records().filter_map(|r| {
        let row = r.unwrap();
        Some(LonLat { lon: row[lon].parse().ok()?, lat: row[lat].parse().ok()? })
    });
    let taps = rows.collect();
    std::fs::remove_dir_all(&dir).unwrap();
    taps
}

fn measure(kind: &str, n_stops: usize, mut draw: impl FnMut() -> LonLat) {
    let (mut ours, mut greedy, mut best) = (0.0, 0.0, 0.0);
    let (mut worst, mut n_optimal) = (1.0f64, 0);
    for _ in 0..LISTS {
        let yard = draw();
        let stops: Vec<LonLat> = (0..n_stops).map(|_| draw()).collect();
        let route = order(Some(yard), &stops);
        let searched = shortened_ft(Some(yard), &stops);
        ours += searched;
        greedy += route.nearest_neighbour_ft;
        if n_stops <= OPTIMAL_STOPS_MAX {
            best += route.length_ft;
            worst = worst.max(searched / route.length_ft.max(1.0));
            n_optimal += usize::from(searched < route.length_ft + 1.0);
        }
    }
    let percent = |a: f64, b: f64| 100.0 * (a / b - 1.0);
    let over = if n_stops <= OPTIMAL_STOPS_MAX {
        format!(
            "{:.2} % over the best on average, {:.1} % at worst, best found in {n_optimal} of {LISTS}; nearest neighbor {:.1} % over",
            percent(ours, best),
            percent(worst, 1.0),
            percent(greedy, best)
        )
    } else {
        String::new()
    };
    println!("{kind} {n_stops} stops: {:.1} % under nearest neighbor; {over}", -percent(ours, greedy));
}

fn main() {
    let seed = std::env::args().nth(1).and_then(|t| t.parse().ok()).unwrap_or(1);
    let taps = sample_taps();
    for n_stops in [5, 9, 12, 30, 100, 200] {
        let mut random = Random(seed);
        measure("random", n_stops, || LonLat { lon: -95.9 + random.next() * 0.125, lat: 36.1 + random.next() * 0.1 });
        let mut random = Random(seed);
        measure("sample", n_stops, || taps[((random.next() * taps.len() as f64) as usize).min(taps.len() - 1)]);
    }
}
