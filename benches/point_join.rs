//! Which parcel does every point lie in: `cargo bench --profile quick --bench point_join -- parcels.geojson points.csv`.
//!
//! The parcels come from `taptrace sample --dir county --parcels 300000` or any parcel layer. Without `points.csv` it is made:
//! a point per parcel, up to 20 m beside the label point, the same on every machine. Only packing the index and asking it
//! are timed, on one thread; `benches/peers/point_join_peers.py` asks geopandas the same.

#![allow(clippy::print_stdout, reason = "figures belong on stdout")]

use std::fmt::Write;
use std::path::Path;

use taptrace::geom::parcel_index::IndexBuilder;
use taptrace::ingest::source::{OpenOptions, RawRow, Source};
use taptrace::model::parcel::LonLat;

type Failure = Box<dyn std::error::Error>;

/// Half the side of the square in which a point falls beside the label point: 20 m as degrees of latitude.
const OFFSET_MAX: f64 = 20.0 / 111_320.0;

/// Seconds that this thread was on a processor.
fn cpu_s() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

fn read_parcels(path: &Path) -> Result<Vec<(Vec<u8>, LonLat)>, Failure> {
    let mut source = Source::open(path, &OpenOptions::default())?;
    let mut row = RawRow::default();
    let mut parcels = Vec::new();
    while source.next_row(&mut row)? {
        parcels.extend(row.geometry.as_ref().map(|g| (g.wkb.clone(), g.label_point)));
    }
    Ok(parcels)
}

fn make_points(path: &Path, parcels: &[(Vec<u8>, LonLat)]) -> Result<(), Failure> {
    let mut state = 1_u64;
    let mut dice = || {
        // Knuth's MMIX generator; the upper bits are good enough to scatter points.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
    };
    // Nine decimals: on the seven of the parcels, points would lie on boundaries, where programs differ.
    let mut text = "lon,lat\n".to_owned();
    for (_, at) in parcels {
        writeln!(text, "{:.9},{:.9}", at.lon + dice() * OFFSET_MAX, at.lat + dice() * OFFSET_MAX)?;
    }
    Ok(std::fs::write(path, text)?)
}

fn main() -> Result<(), Failure> {
    // `cargo bench` adds --bench; `cargo test --benches` runs it without a file.
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let (Some(parcels), Some(points)) = (arguments.next(), arguments.next()) else { return Ok(()) };
    let parcels = read_parcels(Path::new(&parcels))?;
    if !Path::new(&points).exists() {
        make_points(Path::new(&points), &parcels)?;
    }
    let points: Vec<LonLat> = csv::Reader::from_path(points)?
        .deserialize::<(f64, f64)>()
        .map(|row| row.map(|(lon, lat)| LonLat { lon, lat }))
        .collect::<Result<_, _>>()?;

    let begin = cpu_s()?;
    let mut builder = IndexBuilder::default();
    for (key, (wkb, _)) in (0_i64..).zip(&parcels) {
        builder.add(key, wkb);
    }
    let index = builder.finish();
    let packed = cpu_s()?;
    let mut pairs: Vec<(u32, i64)> = Vec::new();
    for (n, point) in (0_u32..).zip(&points) {
        index.for_each_holding(*point, |key| pairs.push((n, key)));
    }
    let done = cpu_s()?;
    println!(
        r#"{{"engine":"taptrace","n_parcels":{},"n_points":{},"n_pairs":{},"index_cpu_s":{:.3},"join_cpu_s":{:.3},"cpu_s":{:.3}}}"#,
        index.len(),
        points.len(),
        pairs.len(),
        packed - begin,
        done - packed,
        done - begin
    );
    Ok(())
}
