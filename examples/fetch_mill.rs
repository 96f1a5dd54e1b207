//! How fast pages of a layer come in, against a plain reqwest loop over the same pages on the same loopback server.
//!
//! `cargo run --profile quick --example fetch_mill -- [PAGES] [ROWS] [MS]`: 60 pages of 2,000 made-up parcels unless told otherwise,
//! each of which takes the server so many milliseconds (0: none, which no real service reaches). Five times over, the best of each: a
//! loop that throws the bytes away, one that writes each page to a file, one that parses each page with serde_json to see whether more
//! follows (what a script does), our fetch up to the last page kept and checked, and once the same with the import behind it.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measuring program")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use taptrace::ingest::fetch::client::{Client, Limits, Options};
use taptrace::ingest::fetch::guard::Guard;
use taptrace::ingest::profile::Profile;
use taptrace::model::date::CivilDate;
use taptrace::pipeline::fetch_layer::{self, Job};
use taptrace::pipeline::fetch_vault::EvidenceVault;
use taptrace::store::Authorship;

#[path = "../tests/it/http_server.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod http_server;
use http_server::{Answer, How, Server};

const DESCRIPTION: &str = r#"{"name":"Lots","type":"Feature Layer","maxRecordCount":100000,"capabilities":"Query",
    "advancedQueryCapabilities":{"supportsPagination":true,"supportsOrderBy":true},
    "extent":{"spatialReference":{"wkid":2267}},"fields":[{"name":"OBJECTID","type":"esriFieldTypeOID"},{"name":"parcel_id"}]}"#;

fn page(first: usize, n_rows: usize, is_last: bool) -> Vec<u8> {
    let mut text = String::from(r#"{"spatialReference":{"wkid":2267},"features":["#);
    for i in first..first + n_rows {
        let (x, y) = (2_500_000.0 + (i % 700) as f64 * 90.0, 400_000.0 + (i / 700) as f64 * 140.0);
        let comma = if i > first { "," } else { "" };
        write!(
            text,
            r#"{comma}{{"attributes":{{"OBJECTID":{i},"parcel_id":"P-{i:07}","owner":"OWNER {} FAMILY TRUST","situs_address":"{} E {} ST N","mailing_address":"PO BOX {i}","mail_city":"TULSA","mail_state":"OK","mail_zip":"74{:03}","legal_description":"LOT {} BLK {} MADE UP ADDITION","land_use":"R1","year_built":{},"total_value":{}}},"geometry":{{"rings":[[[{x},{y}],[{x},{}],[{},{}],[{},{y}],[{x},{y}]]]}}}}"#,
            i % 5003, 100 + i % 9000, 1 + i % 90, i % 1000, 1 + i % 40, 1 + i % 60, 1900 + i % 120, 50_000 + i % 400_000,
            y + 120.25, x + 80.125, y + 120.25, x + 80.125
        )
        .unwrap();
    }
    text.push_str(if is_last { "]}" } else { r#"],"exceededTransferLimit":true}"# });
    text.into_bytes()
}

/// What a plain loop does with a page.
#[derive(Clone, Copy, PartialEq)]
enum Plain {
    Discards,
    Writes,
    Parses,
}

fn plain_loop(server: &Server, n_rows: usize, does: Plain) -> Duration {
    drop(rustls::crypto::ring::default_provider().install_default());
    let dir = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut offset = 0;
        loop {
            let url = server.url(&format!(
                "/0/query?where=1%3D1&outFields=*&f=json&resultOffset={offset}&resultRecordCount={n_rows}"
            ));
            let bytes = client.get(url).send().await.unwrap().bytes().await.unwrap();
            if does == Plain::Writes {
                std::fs::write(dir.path().join(offset.to_string()), &bytes).unwrap();
            }
            let is_exceeded = if does == Plain::Parses {
                let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                value["exceededTransferLimit"] == true && !value["features"].as_array().unwrap().is_empty()
            } else {
                bytes.ends_with(b"true}")
            };
            if !is_exceeded {
                break;
            }
            offset += n_rows;
        }
    });
    started.elapsed()
}

/// Time to the last page kept and checked, and to the end of the import where there is to be one.
fn ours(server: &Server, n_rows: usize, imports: bool) -> (Duration, Duration) {
    let dir = tempfile::tempdir().unwrap();
    let db = dir.path().join("city.db");
    let by = Authorship {
        actor: "mill".to_owned(),
        reason: "measuring".to_owned(),
        at: taptrace::model::date::Instant("2026-01-02T03:04:05Z".to_owned()),
    };
    let vault = Arc::new(EvidenceVault::open(&db, &by).unwrap());
    let limits = Limits { pause: Duration::ZERO, requests_per_day: 1_000_000, ..Limits::default() };
    let options = Options {
        contact: "mill@city.example".to_owned(),
        guard: Guard::new([], ["127.0.0.1"]),
        limits,
        permissions: BTreeMap::new(),
        proxy: None,
        stop: Arc::default(),
        vault: Arc::clone(&vault) as _,
    };
    let client = Client::new(options).unwrap();
    let profile = Profile::load("generic", None).unwrap();
    let url = server.url("/0");
    let started = Instant::now();
    let fetched = std::cell::Cell::new(Duration::MAX);
    let job = Job {
        url: &url,
        profile: &profile,
        query: taptrace::ingest::fetch::arcgis::query::Query::default(),
        since: None,
        edit_field: None,
        paging: None,
        page_rows: Some(u32::try_from(n_rows).unwrap()),
        is_restart: false,
        as_of: None,
        today: CivilDate::parse("2026-01-02").unwrap(),
        allow_shrink: false,
        authorship: &by,
        // First asked by the importer, when the last page is kept, checked and on the disk.
        is_interrupted: &|| {
            fetched.set(fetched.get().min(started.elapsed()));
            !imports
        },
        on_rows: &|_, _| {},
    };
    let result = fetch_layer::run(&db, &job, &client, &vault);
    assert_eq!(result.is_ok(), imports, "{result:?}");
    (fetched.get(), started.elapsed())
}

fn main() {
    let mut args = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let (n_pages, n_rows): (usize, usize) = (args.next().unwrap_or(60), args.next().unwrap_or(2000));
    let ms = args.next().unwrap_or(0) as u64;
    let pages: Vec<Vec<u8>> = (0..n_pages).map(|p| page(1 + p * n_rows, n_rows, p + 1 == n_pages)).collect();
    let mb = pages.iter().map(Vec::len).sum::<usize>() as f64 / 1e6;
    let server = Server::start(move |asked| {
        if asked.path == "/robots.txt" {
            return None;
        }
        if !asked.path.ends_with("/query") {
            return Some(Answer::json(DESCRIPTION));
        }
        if asked.param("returnCountOnly").is_some() {
            return Some(Answer::json(format!("{{\"count\":{}}}", n_pages * n_rows)));
        }
        let at = asked.param("resultOffset").unwrap().parse::<usize>().unwrap() / n_rows;
        Some(Answer::json(pages[at].clone()).how(if ms > 0 { How::Late(ms) } else { How::Whole }))
    });
    let mut best = [Duration::MAX; 4];
    for _ in 0..5 {
        let plain = |does| plain_loop(&server, n_rows, does);
        let times =
            [plain(Plain::Discards), plain(Plain::Writes), plain(Plain::Parses), ours(&server, n_rows, false).0];
        for (best, time) in best.iter_mut().zip(times) {
            *best = time.min(*best);
        }
    }
    println!("{n_pages} pages of {n_rows} rows, {mb:.1} MB, {ms} ms of the server for each");
    let tell = |what: &str, time: Duration| {
        println!("{what:<28} {:>7.3} s {:>7.0} MB/s", time.as_secs_f64(), mb / time.as_secs_f64());
    };
    let names =
        ["reqwest, bytes thrown away", "reqwest, pages to files", "reqwest and serde_json", "fetch, kept and checked"];
    names.iter().zip(best).for_each(|(what, time)| tell(what, time));
    tell("fetch and import", ours(&server, n_rows, true).1);
    let share = |at: usize| 100.0 * best[at].as_secs_f64() / best[3].as_secs_f64();
    println!(
        "fetch reaches {:.0} % of the loop that throws away, {:.0} % of the one that writes files, {:.0} % of the one that parses",
        share(0),
        share(1),
        share(2)
    );
}
