//! The sample city: real lots, made-up people. A seeded generator that also makes counties of any size.
//!
//! Writes `parcels.geojson` (a roll with geometry, profile `generic`), `parcels_next_year.geojson` (the roll after some
//! sales), `accounts.csv`, `taps.csv`, `reads.csv`, and the truth: `truth_links.csv`, `truth_violations.csv`,
//! `truth_owner_groups.csv` (which lots of the second roll are in one hand).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

/// Lots of one neighbourhood; see `data/sample/README.md`.
const LOTS: &str = include_str!("../../data/sample/lots.geojson");

const SURNAMES: &[&str] = &[
    "ALDERTON",
    "BRAMWELL",
    "CASTERLY",
    "DUNMOOR",
    "ELSWICK",
    "FARNLEY",
    "GREYSON",
    "HOLLOWAY",
    "INGLEBY",
    "JESMOND",
    "KELDERMAN",
    "LANGTREE",
    "MARCHBANK",
    "NETHERBY",
    "OAKESHOTT",
    "PELLINORE",
    "QUARRINGTON",
    "ROSEVEAR",
    "STANHOLT",
    "TREMAYNE",
    "UNDERHAY",
    "VANDERMOOR",
    "WETHERELL",
    "YARDLEIGH",
    "ZELLWEGER",
    "NGO-TEST",
    "OKONKWO-TEST",
    "ALMAZAN-TEST",
];
const GIVEN: &[&str] = &[
    "ADA", "BRUNO", "CLARA", "DMITRI", "ELENA", "FELIX", "GRETA", "HUGO", "IRENE", "JONAS", "KEIKO", "LEON", "MARTA",
    "NILS", "OLIVE", "PABLO", "QUINN", "ROSA", "SVEN", "TESSA", "URSULA", "VIKTOR", "WANDA", "XENIA", "YUSUF", "ZOE",
];
/// Zip of every sample address.
const ZIP: &str = "02139";

/// SplitMix64: small, seeded, the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap_or(0)
    }

    /// True in `percent` of a hundred throws.
    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// What was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Made {
    /// Parcels.
    pub n_parcels: usize,
    /// Accounts.
    pub n_accounts: usize,
    /// Taps.
    pub n_taps: usize,
}

struct Lot {
    parcel_no: String,
    situs: String,
    land_use: String,
    geometry: Value,
    point: (f64, f64),
}

fn point_of(geometry: &Value) -> (f64, f64) {
    fn walk(v: &Value, sum: &mut (f64, f64, f64)) {
        let Some(list) = v.as_array() else { return };
        match (list.first().and_then(Value::as_f64), list.get(1).and_then(Value::as_f64)) {
            (Some(x), Some(y)) => *sum = (sum.0 + x, sum.1 + y, sum.2 + 1.0),
            _ => list.iter().for_each(|inner| walk(inner, sum)),
        }
    }
    let mut sum = (0.0, 0.0, 0.0);
    walk(&geometry["coordinates"], &mut sum);
    (sum.0 / f64::max(sum.2, 1.0), sum.1 / f64::max(sum.2, 1.0))
}

fn embedded_lots() -> Vec<Lot> {
    let document: Value = serde_json::from_str(LOTS).expect("the embedded lots are JSON (tested)");
    let features = document["features"].as_array().cloned().unwrap_or_default();
    features
        .into_iter()
        .map(|f| Lot {
            parcel_no: f["properties"]["parcel_id"].as_str().unwrap_or("").to_owned(),
            situs: f["properties"]["situs_address"].as_str().unwrap_or("").to_owned(),
            land_use: f["properties"]["use"].as_str().unwrap_or("").to_owned(),
            point: point_of(&f["geometry"]),
            geometry: f["geometry"].clone(),
        })
        .collect()
}

/// A grid town for benchmarks: numbered streets north-south, named ones east-west, 20 lots a block.
fn grid_lot(index: usize) -> Lot {
    let (block, slot) = (index / 20, index % 20);
    let (column, row) = (block % 200, block / 200);
    let number = column * 100 + slot + 1;
    let situs = format!("{number} {} {} ST", if row.is_multiple_of(2) { "E" } else { "W" }, ordinal(row + 1));
    let (lon, lat) = (-96.5 + column as f64 * 0.004 + slot as f64 * 0.0002, 35.0 + row as f64 * 0.001);
    let corner = |dx: f64, dy: f64| json!([round7(lon + dx), round7(lat + dy)]);
    let ring = [corner(0.0, 0.0), corner(0.00018, 0.0), corner(0.00018, 0.0004), corner(0.0, 0.0004), corner(0.0, 0.0)];
    Lot {
        parcel_no: format!("G{index:08}"),
        situs,
        land_use: "SNGL-FAM-RES".to_owned(),
        geometry: json!({"type": "Polygon", "coordinates": [ring]}),
        point: (round7(lon + 0.00009), round7(lat + 0.0002)),
    }
}

fn round7(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

fn ordinal(n: usize) -> String {
    let ending = match (n % 100, n % 10) {
        (11..=13, _) => "TH",
        (_, 1) => "ST",
        (_, 2) => "ND",
        (_, 3) => "RD",
        _ => "TH",
    };
    format!("{n}{ending}")
}

struct Owner {
    line: String,
    mailing: Option<(String, String, String, String)>,
    /// Hand that holds several lots; `None` for an owner of this lot only.
    hand: Option<&'static str>,
}

fn person(dice: &mut Dice) -> String {
    let (surname, given) = (dice.pick(SURNAMES), dice.pick(GIVEN));
    let initial = dice.pick(&["A", "B", "C", "D", "E", "F", "J", "L", "M", "R"]);
    format!("{surname}, {given} {initial}")
}

fn owner_of(dice: &mut Dice, index: usize) -> Owner {
    let mail = |line: &str, city: &str, state: &str, zip: &str| {
        Some((line.to_owned(), city.to_owned(), state.to_owned(), zip.to_owned()))
    };
    let hub = mail("400 SAMPLE TOWER PLZ STE 900", "BOSTON", "MA", "02110");
    let throw = dice.below(100);
    let hand = match throw {
        0..=8 => Some("brass lantern"),
        11..=12 => Some("orchardson family"),
        14..=15 => Some("city"),
        16 => Some("church"),
        17 => Some("magnolia row"),
        _ => None,
    };
    let (line, mailing) = match throw {
        // One investor under three names and one address: a portfolio.
        0..=5 => (format!("BRASS LANTERN HOLDINGS {} LLC", ["I", "II", "III"][index % 3]), hub),
        6..=8 => ("LANTERN BRASS RENTALS LLC".to_owned(), hub),
        9..=10 => (format!("{} FAMILY TRUST", dice.pick(SURNAMES)), None),
        // A family with its trust and its company.
        11..=12 => {
            let line = [
                "ORCHARDSON, ADA M & HUGO",
                "ORCHARDSON FAMILY REVOCABLE TRUST",
                "ORCHARDSON RENTALS LLC",
                "ORCHARDSON, ADA LIFE ESTATE",
            ];
            let _ = dice.next();
            (line[index % 4].to_owned(), mail("18 ORCHARD LN", "SALEM", "MA", "01970"))
        }
        13 => (format!("{} ESTATE OF", person(dice)), mail("C/O 12 EXECUTOR CT", "SALEM", "MA", "01970")),
        14..=15 => ("CITY OF SAMPLE".to_owned(), mail("1 CITY HALL SQ", "CAMBRIDGE", "MA", ZIP)),
        16 => ("FIRST CHURCH OF THE SAMPLE".to_owned(), None),
        17 => ("MAGNOLIA ROW CONDOMINIUM ASSN".to_owned(), mail("77 AGENT WAY STE 5", "BOSTON", "MA", "02111")),
        // An agent who writes for unrelated owners, and an address that means nothing.
        18..=20 => (person(dice), mail("77 AGENT WAY STE 5", "BOSTON", "MA", "02111")),
        21 => (person(dice), mail("99999 NO ADDRESS", "", "", "")),
        22..=38 => (
            person(dice),
            Some((
                format!("{} ELSEWHERE RD", 10 + index % 900),
                "SALEM".to_owned(),
                "MA".to_owned(),
                "01970".to_owned(),
            )),
        ),
        39..=60 => {
            let first = person(dice);
            (format!("{first} & {}", dice.pick(GIVEN)), None)
        }
        _ => (person(dice), None),
    };
    Owner { line, mailing, hand }
}

/// The address as a billing clerk writes it: usually right, often shortened, sometimes misspelt.
fn as_billed(dice: &mut Dice, situs: &str) -> String {
    let mut words: Vec<String> = situs.split(' ').map(str::to_owned).collect();
    let n = words.len();
    match dice.below(100) {
        0..=49 => {}
        50..=64 if n > 2 => {
            words[n - 1] = match words[n - 1].as_str() {
                "ST" => "STREET".to_owned(),
                "AVE" => "AVENUE".to_owned(),
                "RD" => "ROAD".to_owned(),
                other => other.to_owned(),
            }
        }
        65..=74 if n > 2 => drop(words.pop()),
        75..=82 if n > 2 && words[1].len() > 4 => {
            let mut letters: Vec<char> = words[1].chars().collect();
            letters.swap(2, 3);
            words[1] = letters.into_iter().collect();
        }
        83..=89 => words.push("APT 2".to_owned()),
        90..=92 => words[0] = format!("{}{}", words[0], dice.below(9)),
        93..=95 => return format!("{} NOWHERE BLVD", 100 + dice.below(900)),
        _ => {}
    }
    words.join(" ")
}

fn feature(lot: &Lot, owner: &Owner, sale: Option<&str>) -> Value {
    let (line, city, state, zip) = owner
        .mailing
        .clone()
        .unwrap_or_else(|| (lot.situs.clone(), "CAMBRIDGE".to_owned(), "MA".to_owned(), ZIP.to_owned()));
    let mut properties = Map::new();
    for (key, value) in [
        ("parcel_id", lot.parcel_no.as_str()),
        ("situs_address", lot.situs.as_str()),
        ("situs_city", "CAMBRIDGE"),
        ("situs_state", "MA"),
        ("situs_zip", ZIP),
        ("owner", owner.line.as_str()),
        ("mailing_address", &line),
        ("mail_city", &city),
        ("mail_state", &state),
        ("mail_zip", &zip),
        ("land_use", lot.land_use.as_str()),
    ] {
        properties.insert(key.to_owned(), json!(value));
    }
    properties.insert("sale_date".to_owned(), sale.map_or(Value::Null, |d| json!(d)));
    properties.insert("sale_price".to_owned(), sale.map_or(Value::Null, |_| json!(610_000)));
    json!({"type": "Feature", "properties": properties, "geometry": lot.geometry})
}

struct Files {
    roll: BufWriter<File>,
    next_roll: BufWriter<File>,
    accounts: BufWriter<File>,
    taps: BufWriter<File>,
    reads: BufWriter<File>,
    links: BufWriter<File>,
    violations: BufWriter<File>,
    owner_groups: BufWriter<File>,
}

impl Files {
    fn create(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let open = |name: &str| File::create(dir.join(name)).map(BufWriter::new);
        let mut files = Files {
            roll: open("parcels.geojson")?,
            next_roll: open("parcels_next_year.geojson")?,
            accounts: open("accounts.csv")?,
            taps: open("taps.csv")?,
            reads: open("reads.csv")?,
            links: open("truth_links.csv")?,
            violations: open("truth_violations.csv")?,
            owner_groups: open("truth_owner_groups.csv")?,
        };
        for roll in [&mut files.roll, &mut files.next_roll] {
            write!(roll, "{{\"type\":\"FeatureCollection\",\"features\":[")?;
        }
        writeln!(
            files.accounts,
            "premise_no,account_no,service_kind,status,service_address,service_city,service_zip,holder_name,opened_on,closed_on,balance,meter_no,meter_size,lon,lat"
        )?;
        writeln!(
            files.taps,
            "tap_no,tap_use,size,main_size,main_material,service_material,tapped_on,tap_card_ref,lifecycle,control_state,origin,lon,lat,position_method,premise_nos,service_address,tie1_item,tie1_reference,tie1_label,tie1_direction,tie1_distance_ft,tie2_item,tie2_reference,tie2_label,tie2_direction,tie2_distance_ft"
        )?;
        writeln!(files.reads, "meter_no,premise_no,read_on,reading,consumption,read_kind")?;
        writeln!(files.links, "premise_no,parcel_no")?;
        writeln!(files.violations, "premise_no,parcel_no,violation_type,since")?;
        writeln!(files.owner_groups, "parcel_no,hand")?;
        Ok(files)
    }

    fn finish(mut self) -> io::Result<()> {
        for roll in [&mut self.roll, &mut self.next_roll] {
            writeln!(roll, "\n]}}")?;
        }
        for file in [
            self.roll,
            self.next_roll,
            self.accounts,
            self.taps,
            self.reads,
            self.links,
            self.violations,
            self.owner_groups,
        ] {
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
        }
        Ok(())
    }
}

/// Makes the sample city (`n_parcels` = `None`) or a grid county of `n_parcels`, and writes its files into `dir`.
///
/// # Errors
/// When a file cannot be written.
pub fn make(dir: &Path, seed: u64, n_parcels: Option<usize>) -> io::Result<Made> {
    let mut files = Files::create(dir)?;
    let mut dice = Dice(seed);
    let mut made = Made::default();
    let lots = if n_parcels.is_none() { embedded_lots() } else { Vec::new() };
    let n = n_parcels.unwrap_or(lots.len());
    for index in 0..n {
        let grid;
        let lot = match lots.get(index) {
            Some(lot) => lot,
            None => {
                grid = grid_lot(index);
                &grid
            }
        };
        made.n_parcels += 1;
        let owner = owner_of(&mut dice, index);
        let comma = if index == 0 { "\n" } else { ",\n" };
        write!(files.roll, "{comma}{}", feature(lot, &owner, None))?;
        // Six of a hundred are sold between the two rolls.
        let is_sold = dice.percent(6);
        let (next_owner, sale) =
            if is_sold { (owner_of(&mut dice, index + 7), Some("2026-05-18")) } else { (owner, None) };
        write!(files.next_roll, "{comma}{}", feature(lot, &next_owner, sale))?;
        let hand = next_owner.hand.map_or_else(|| format!("owner of {}", lot.parcel_no), str::to_owned);
        writeln!(files.owner_groups, "{},{hand}", lot.parcel_no)?;
        if dice.percent(92) {
            utility(&mut files, &mut dice, lot, index, &mut made)?;
        }
    }
    files.finish()?;
    Ok(made)
}

/// Account, meter reads and tap of one lot, and sometimes a violation.
fn utility(files: &mut Files, dice: &mut Dice, lot: &Lot, index: usize, made: &mut Made) -> io::Result<()> {
    let premise_no = format!("P{:07}", 1_000_000 + index);
    let billed = as_billed(dice, &lot.situs);
    let is_elsewhere = billed.ends_with("NOWHERE BLVD");
    let (status, balance, closed_on) = match dice.below(100) {
        0..=79 => ("active", dice.below(9000), ""),
        80..=87 => ("shut_off", 20_000 + dice.below(60_000), ""),
        88..=95 => ("closed", dice.below(30_000), "2025-09-30"),
        _ => ("inactive", 0, "2024-02-29"),
    };
    let meter_no = format!("M{:06}", 500_000 + index);
    let holder = person(dice).replace(", ", " ");
    let (lon, lat) = lot.point;
    writeln!(
        files.accounts,
        "{premise_no},A{index:07},water,{status},{billed},CAMBRIDGE,{ZIP},{holder},2019-04-01,{closed_on},{}.{:02},{meter_no},5/8,{lon:.7},{lat:.7}",
        balance / 100,
        balance % 100
    )?;
    made.n_accounts += 1;
    if !is_elsewhere {
        writeln!(files.links, "{premise_no},{}", lot.parcel_no)?;
    }
    let is_theft = status != "active" && dice.percent(30);
    if is_theft {
        let kind = dice.pick(&["self_restored", "slip", "meter_bypass", "use_without_account"]);
        writeln!(files.violations, "{premise_no},{},{kind},2026-02-15", lot.parcel_no)?;
    }
    let mut reading = 1000 + dice.below(5000);
    for month in 1..=4 {
        let used = if status == "active" || is_theft { 2500 + dice.below(4000) } else { 0 };
        reading += used / 100;
        writeln!(files.reads, "{meter_no},{premise_no},2026-{month:02}-20,{reading},{used},actual")?;
    }
    let control = if status == "active" || is_theft { "open" } else { "closed_at_curb" };
    let (tie1, tie2) = (8 + dice.below(40), 20 + dice.below(60));
    writeln!(
        files.taps,
        "T-{index:05},domestic,3/4,8,cast_iron,copper,1962-06-{:02},CARD-{index:05},in_service,{control},authorized,{lon:.7},{lat:.7},parcel_centroid,{premise_no},{},curb_stop,property_line,east line,W,{tie1}.5,corporation_stop,hydrant,hydrant {},N,{tie2}.0",
        1 + index % 28,
        lot.situs,
        index % 90
    )?;
    made.n_taps += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::make;

    #[test]
    fn the_same_seed_makes_the_same_city_and_another_seed_another() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b, c) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("c"));
        let made = make(&a, 7, None).unwrap();
        assert!(made.n_parcels > 800 && made.n_accounts > 700);
        make(&b, 7, None).unwrap();
        make(&c, 8, None).unwrap();
        for name in ["parcels.geojson", "accounts.csv", "taps.csv", "truth_links.csv"] {
            let read = |d: &std::path::Path| std::fs::read(d.join(name)).unwrap();
            assert_eq!(read(&a), read(&b), "{name}");
        }
        assert_ne!(std::fs::read(a.join("accounts.csv")).unwrap(), std::fs::read(c.join("accounts.csv")).unwrap());
    }

    #[test]
    fn a_county_has_the_size_that_was_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(make(dir.path(), 1, Some(250)).unwrap().n_parcels, 250);
        let text = std::fs::read_to_string(dir.path().join("parcels.geojson")).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["features"].as_array().unwrap().len(), 250);
    }
}
