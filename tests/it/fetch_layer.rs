//! Layers of ArcGIS services, well-behaved and hostile, into the roll: the right rows or a clear error, nothing half-stored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use taptrace::ingest::fetch;
use taptrace::ingest::fetch::arcgis::harvest::Paging;
use taptrace::ingest::fetch::arcgis::query::{PageForm, Query};
use taptrace::ingest::fetch::client::{Client, Limits, Options};
use taptrace::ingest::fetch::guard::Guard;
use taptrace::ingest::profile::Profile;
use taptrace::model::date::{CivilDate, Instant};
use taptrace::model::snapshot::SourceKind;
use taptrace::pipeline::fetch_layer::{self, Error, Job, Report, Since};
use taptrace::pipeline::fetch_vault::EvidenceVault;
use taptrace::pipeline::{fetch_manifest, import};
use taptrace::store::{Authorship, Reader};
use tempfile::TempDir;

use crate::arcgis_server::{Layer, Service, is_for_rows, lots};
use crate::http_server::{Answer, How};

fn by() -> Authorship {
    Authorship { actor: "tester".to_owned(), reason: "test".to_owned(), at: Instant("2026-01-02T03:04:05Z".to_owned()) }
}

fn day() -> CivilDate {
    CivilDate::parse("2026-01-02").unwrap()
}

/// What a test wants to be different from a plain fetch.
#[derive(Clone, Default)]
struct Wish {
    query: Query,
    paging: Option<Paging>,
    page_rows: Option<u32>,
    since: Option<Since>,
    is_restart: bool,
    bytes_max: Option<u64>,
    n_tries: Option<u32>,
}

fn fetch(db: &Path, layer: &Layer, wish: &Wish) -> Result<Report, Error> {
    let ms = Duration::from_millis;
    let limits = Limits {
        bytes_max: wish.bytes_max.unwrap_or(1 << 20),
        connect: ms(500),
        silence: ms(500),
        one_try: ms(1000),
        deadline: ms(5000),
        n_tries_max: wish.n_tries.unwrap_or(3),
        pause: ms(0),
        backoff_first: ms(1),
        backoff_max: ms(4),
        requests_per_day: 1_000_000,
        ..Limits::default()
    };
    let vault = Arc::new(EvidenceVault::open(db, &by()).unwrap());
    let client = Client::new(Options {
        contact: "tests@city.example".to_owned(),
        guard: Guard::new([], ["127.0.0.1"]),
        limits,
        permissions: BTreeMap::new(),
        proxy: None,
        stop: Arc::default(),
        vault: Arc::clone(&vault) as _,
    })
    .unwrap();
    let profile = Profile::load("generic", None).unwrap();
    let (url, authorship) = (layer.url(), by());
    let job = Job {
        url: &url,
        profile: &profile,
        query: wish.query.clone(),
        since: wish.since,
        edit_field: None,
        paging: wish.paging,
        page_rows: wish.page_rows,
        is_restart: wish.is_restart,
        as_of: None,
        today: day(),
        allow_shrink: false,
        authorship: &authorship,
        is_interrupted: &|| false,
        on_rows: &|_, _| {},
    };
    fetch_layer::run(db, &job, &client, &vault)
}

/// Every parcel of the roll in words.
fn roll(db: &Path) -> Vec<String> {
    let Ok(reader) = rusqlite::Connection::open(db) else { return Vec::new() };
    let mut statement = reader
        .prepare(
            "SELECT p.parcel_no || '|' || COALESCE(o.owner_text, '-') || '|' || COALESCE(s.situs_text, '-') || '|'
                    || COALESCE(v.land_use, '-') || '|' || round(v.lon, 6) || '|' || round(v.lat, 6)
                    || '|' || (p.retired_snapshot_id IS NOT NULL)
             FROM parcel p JOIN parcel_version v ON v.parcel_version_id = p.current_version_id
             LEFT JOIN owner_line o ON o.owner_line_id = v.owner_line_id
             LEFT JOIN situs s ON s.parcel_version_id = v.parcel_version_id
             ORDER BY p.parcel_id",
        )
        .unwrap();
    let rows = statement.query_map([], |r| r.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn place() -> (TempDir, PathBuf) {
    // These tests wait for the disk and for nothing else: in memory they take a tenth of the time.
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let db = dir.path().join("city.db");
    (dir, db)
}

/// The roll as an undisturbed fetch makes it.
fn undisturbed(service: &Service) -> Vec<String> {
    let (_dir, db) = place();
    fetch(&db, &Layer::start(service.clone()), &Wish::default()).unwrap();
    roll(&db)
}

fn is_whole(db: &Path) {
    let verdict = fetch_manifest::verify(db, &Reader::open(db).unwrap()).unwrap();
    assert!(verdict.findings.is_empty(), "{verdict:?}");
}

#[test]
fn every_way_of_paging_and_a_file_give_the_same_roll() {
    let service = Service::new(333);
    let (dir, db) = place();
    let file = dir.path().join("lots.json");
    // A file has no domains: codes are named here as the layer names them.
    let text = service.file().replace("\"land_use\":1", "\"land_use\":\"Residential\"");
    std::fs::write(&file, text.replace("\"land_use\":2", "\"land_use\":\"Farm\"")).unwrap();
    let profile = Profile::load("generic", None).unwrap();
    let request = import::Request {
        kind: SourceKind::Parcels,
        path: &file,
        profile: &profile,
        as_of: day(),
        authorship: &by(),
        allow_shrink: false,
        is_interrupted: &|| false,
        on_progress: &|_, _| {},
        on_stage: &|_| {},
    };
    import::run(&db, &request).unwrap();
    let wanted = roll(&db);
    assert_eq!((wanted.len(), &wanted[1][..40]), (333, "P-00001|OWNER 1 LLC|102 ELM ST|Residenti"), "{}", wanted[1]);
    for paging in [Paging::Offset, Paging::Oid, Paging::Range, Paging::Ids] {
        for form in [PageForm::Json, PageForm::GeoJson] {
            let (layer, (_dir, db)) = (Layer::start(service.clone()), place());
            let query = Query { form, ..Query::default() };
            let report = fetch(&db, &layer, &Wish { query, paging: Some(paging), ..Wish::default() }).unwrap();
            assert_eq!((report.n_rows, report.is_counted, report.paging), (333, true, paging));
            assert_eq!(roll(&db), wanted, "{paging:?} {form:?}");
            assert!(layer.n_row_requests() <= 9, "{paging:?}: {} requests", layer.n_row_requests());
            is_whole(&db);
        }
    }
}

#[test]
fn a_service_is_read_in_whichever_way_it_allows() {
    let base = Service::new(120);
    let wanted = undisturbed(&base);
    for (service, paging) in [
        (Service { can_offset: false, ..base.clone() }, Paging::Oid),
        (Service { can_offset: false, can_list_ids: false, ..base.clone() }, Paging::Range),
        (Service { ignores_offset: true, ..base.clone() }, Paging::Oid),
        (Service { ignores_where: true, can_offset: false, ..base.clone() }, Paging::Ids),
        (Service { says_exceeded: false, hidden_max: Some(20), can_offset: false, ..base.clone() }, Paging::Oid),
        (Service { says_exceeded: false, hidden_max: Some(20), ..base.clone() }, Paging::Offset),
        (Service { can_count: false, ..base.clone() }, Paging::Offset),
        (Service { listed_field: Some("FID"), can_offset: false, ..base.clone() }, Paging::Oid),
        (Service { names_oid: false, ..base.clone() }, Paging::Oid),
        (Service { names_crs: false, ..base.clone() }, Paging::Offset),
    ] {
        let (layer, (_dir, db)) = (Layer::start(service.clone()), place());
        let report = fetch(&db, &layer, &Wish::default()).unwrap_or_else(|e| panic!("{service:?}: {e}"));
        assert_eq!((report.paging, report.is_counted), (paging, service.can_count));
        assert_eq!(roll(&db), wanted, "{paging:?}");
    }
}

#[test]
fn a_service_that_cannot_be_trusted_is_refused_and_nothing_is_stored() {
    let base = Service::new(120);
    for (service, part) in [
        (
            Service { ignores_offset: true, can_list_ids: false, can_statistics: false, ..base.clone() },
            "page 2 brings object id 1 again",
        ),
        (
            Service { can_offset: false, can_list_ids: false, can_statistics: false, ..base.clone() },
            "Unable to complete",
        ),
        (Service { count_drift: 1, ..base.clone() }, "120 rows came"),
        (Service { lots: Vec::new(), ..base.clone() }, "holds no rows"),
    ] {
        let (layer, (_dir, db)) = (Layer::start(service.clone()), place());
        let error = fetch(&db, &layer, &Wish::default()).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(roll(&db).is_empty());
        is_whole(&db);
    }
    let endless = Service { is_endless: true, ..base };
    let (layer, (_dir, db)) = (Layer::start(endless), place());
    let wish = Wish { paging: Some(Paging::Offset), ..Wish::default() };
    let Err(Error::Fetch(fetch::Error::Repeated { detail, .. })) = fetch(&db, &layer, &wish) else { panic!() };
    assert!(detail.contains("there is no end"), "{detail}");
    assert!(layer.n_row_requests() < 250, "{}", layer.n_row_requests());
}

#[test]
fn pages_asked_ahead_come_one_at_a_time_and_a_wrong_guess_costs_little() {
    let service = Service { is_uneven: true, ..Service::new(400) };
    let wanted = undisturbed(&Service::new(400));
    for paging in [Paging::Offset, Paging::Oid, Paging::Range, Paging::Ids] {
        let (layer, (_dir, db)) = (Layer::start(service.clone()), place());
        // Whole windows fit in a page here; where the rows are counted by offset each page holds another number.
        let page_rows = (paging != Paging::Offset).then_some(40);
        let wish = Wish { paging: Some(paging), page_rows, ..Wish::default() };
        let report = fetch(&db, &layer, &wish).unwrap();
        assert_eq!(roll(&db), wanted, "{paging:?}");
        is_whole(&db);
        let n_wrong = layer.n_row_requests() as u64 - report.n_pages;
        // A wrong guess may be dropped before the server has read it.
        let n_wrong_max = if paging == Paging::Offset { 4 } else { 0 };
        assert!(n_wrong <= n_wrong_max, "{paging:?}: {n_wrong}");
        // A request that is not wanted any more is dropped with its connection; a busy server may notice much later.
        let n_open_max = 1 + n_wrong_max as usize;
        assert!(layer.server.n_open_max() <= n_open_max, "{paging:?}: {}", layer.server.n_open_max());
    }
}

#[test]
fn passing_faults_do_not_change_the_roll() {
    let service = Service::new(180);
    let wanted = undisturbed(&service);
    let faults: Vec<Fix> = vec![
        |a| a.how(How::Cut(300)),
        |a| a.how(How::ChunkedCut(1500)),
        |a| Answer { body: a.body[..a.body.len() / 2].to_vec(), ..a }.how(How::UntilClose),
        |a| a.how(How::Drop),
        |a| a.how(How::Late(700)),
        |_| Answer::status(503).header("Retry-After", "0"),
        |_| Answer::html("<html><title>Server is restarting</title></html>"),
        |_| Answer::json(r#"{"error":{"code":504,"message":"Timeout","details":[]}}"#),
        |_| Answer::json(""),
    ];
    for (kind, fault) in faults.into_iter().enumerate() {
        let (layer, (_dir, db)) = (Layer::start(service.clone()), place());
        layer.meddle(move |n, _, answer| if n == 1 { fault(answer) } else { answer });
        fetch(&db, &layer, &Wish::default()).unwrap_or_else(|e| panic!("fault {kind}: {e}"));
        assert_eq!(roll(&db), wanted, "fault {kind}");
    }
    let (layer, (_dir, db)) = (Layer::start(service), place());
    layer.meddle(|_, _, answer| answer.gzip());
    fetch(&db, &layer, &Wish::default()).unwrap();
    assert_eq!(roll(&db), wanted);
    is_whole(&db);
}

#[test]
fn lasting_faults_are_told_and_leave_the_roll_alone() {
    let service = Service::new(180);
    let faults: Vec<(Fix, &str)> = vec![
        (|_| Answer::html("<title>Scheduled maintenance</title>"), "Scheduled maintenance"),
        (|_| Answer::json(r#"{"error":{"code":499,"message":"Token Required","details":[]}}"#), "Token Required"),
        (|a| a.how(How::Cut(10)), "gave up"),
        (|_| Answer::json(vec![b' '; 8 << 20]).gzip(), "larger than"),
        (|_| Answer::json("{\"features\":[{\"attributes\":{\"parcel_id\":\"X\"}}]}"), "have no OBJECTID"),
        (|_| Answer::redirect(302, "http://10.0.0.1/"), "private address"),
        (|_| Answer::status(403), "status 403"),
    ];
    for (fault, part) in faults {
        let (layer, (_dir, db)) = (Layer::start(service.clone()), place());
        layer.meddle(move |n, _, answer| if n >= 2 { fault(answer) } else { answer });
        let error = fetch(&db, &layer, &Wish::default()).unwrap_err();
        assert!(error.to_string().contains(part), "{part}: {error}");
        assert!(roll(&db).is_empty(), "{part}");
        is_whole(&db);
    }
}

#[test]
fn pages_that_are_too_large_are_asked_for_in_pieces() {
    let service = Service { rows_max: 200, ..Service::new(400) };
    let wanted = undisturbed(&service);
    for paging in [Paging::Offset, Paging::Oid, Paging::Range, Paging::Ids] {
        let (layer, (_dir, db)) = (Layer::start(service.clone()), place());
        let wish = Wish { paging: Some(paging), bytes_max: Some(20_000), ..Wish::default() };
        fetch(&db, &layer, &wish).unwrap_or_else(|e| panic!("{paging:?}: {e}"));
        assert_eq!(roll(&db), wanted, "{paging:?}");
    }
}

#[test]
fn strange_text_comes_through_as_it_is_meant() {
    let mut service = Service::new(6);
    service.lots[1].owner = "PEÑA MUÑOZ LLC".to_owned();
    service.lots[2].owner = "A\u{0}B\u{1b}[31mC\r\nD LLC".to_owned();
    service.lots[3].owner = "<script>alert(1)</script> LLC".to_owned();
    let owners = |db: &Path| roll(db).iter().map(|r| r.split('|').nth(1).unwrap().to_owned()).collect::<Vec<_>>();
    let fetched = |meddle: fn(Answer) -> Answer| {
        let (layer, (_dir, db)) = (Layer::start(service.clone()), place());
        layer.meddle(move |_, _, answer| meddle(answer));
        fetch(&db, &layer, &Wish::default()).unwrap();
        owners(&db)
    };
    let plain = fetched(|a| a);
    assert_eq!((plain[1].as_str(), plain[3].as_str()), ("PEÑA MUÑOZ LLC", "<script>alert(1)</script> LLC"));
    assert_eq!(plain[2], "A B [31mC\nD LLC", "no control character but the line break gets in");
    let latin = |a: Answer| {
        let text = String::from_utf8(a.body).unwrap();
        Answer::new(200, "application/json; charset=utf-8", encoding_rs::WINDOWS_1252.encode(&text).0.into_owned())
    };
    let wide = |a: Answer| {
        let text = String::from_utf8(a.body).unwrap();
        let bytes: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        Answer::new(200, "text/plain; charset=us-ascii", bytes)
    };
    let marked =
        |a: Answer| Answer::new(200, "text/plain; charset=iso-8859-1", [b"\xef\xbb\xbf", a.body.as_slice()].concat());
    for lie in [latin, wide, marked] {
        assert_eq!(fetched(lie), plain);
    }
}

#[test]
fn a_broken_fetch_goes_on_where_it_stopped() {
    let service = Service::new(400);
    let wanted = undisturbed(&service);
    for paging in [Paging::Offset, Paging::Oid, Paging::Range, Paging::Ids] {
        let (layer, (_dir, db)) = (Layer::start(service.clone()), place());
        layer.meddle(|n, _, answer| if n >= 5 { Answer::status(404) } else { answer });
        let wish = Wish { paging: Some(paging), ..Wish::default() };
        fetch(&db, &layer, &wish).unwrap_err();
        assert!(roll(&db).is_empty());
        let n_before = layer.n_row_requests();
        layer.meddle(|_, _, answer| answer);
        let report = fetch(&db, &layer, &wish).unwrap();
        assert!(report.n_rows_resumed >= 200, "{paging:?}: {report:?}");
        assert_eq!(roll(&db), wanted, "{paging:?}");
        let n_pages = usize::try_from(report.n_pages).unwrap();
        assert_eq!(layer.n_row_requests() - n_before, n_pages - 5, "no page is asked for twice");
        is_whole(&db);
    }
}

#[test]
fn rows_from_before_a_break_are_known_behind_it() {
    let (layer, (_dir, db)) = (Layer::start(Service::new(200)), place());
    layer.meddle(|n, _, answer| if n >= 3 { Answer::status(404) } else { answer });
    let wish = Wish { paging: Some(Paging::Offset), ..Wish::default() };
    fetch(&db, &layer, &wish).unwrap_err();
    // One page is left, and the service brings the first one instead: the count alone would be right.
    layer.meddle(|_, _, answer| answer);
    {
        let mut service = layer.service.lock().unwrap();
        (service.ignores_offset, service.says_exceeded) = (true, false);
    }
    let error = fetch(&db, &layer, &wish).unwrap_err();
    assert!(matches!(&error, Error::Fetch(fetch::Error::Repeated { .. })), "{error}");
    assert!(roll(&db).is_empty());
}

#[test]
fn an_open_run_is_dropped_when_the_layer_changed_or_when_told() {
    let service = Service::new(200);
    let break_off = || {
        let (layer, place) = (Layer::start(service.clone()), place());
        layer.meddle(|n, _, answer| if n >= 2 { Answer::status(404) } else { answer });
        fetch(&place.1, &layer, &Wish::default()).unwrap_err();
        layer.meddle(|_, _, answer| answer);
        (layer, place)
    };
    let (layer, (_dir, db)) = break_off();
    let told = fetch(&db, &layer, &Wish { is_restart: true, ..Wish::default() }).unwrap();
    assert_eq!((told.n_rows_resumed, told.n_rows), (0, 200));
    let (layer, (_dir, db)) = break_off();
    layer.meddle(|_, _, answer| answer);
    let other = Query { condition: Some("owner = 'OWNER 5 LLC'".to_owned()), ..Query::default() };
    let report = fetch(&db, &layer, &Wish { query: other, ..Wish::default() }).unwrap();
    assert_eq!((report.n_rows_resumed, report.n_rows), (0, 3), "another question is another run");
    assert_eq!(fetch(&db, &layer, &Wish::default()).unwrap().n_rows_resumed, 100);
}

#[test]
fn a_part_of_a_layer_retires_nothing_and_an_update_brings_what_was_edited() {
    let (layer, (_dir, db)) = (Layer::start(Service::new(200)), place());
    fetch(&db, &layer, &Wish::default()).unwrap();
    let before = roll(&db);
    let again = fetch(&db, &layer, &Wish::default()).unwrap();
    assert!(again.import.unwrap().is_repeat);
    {
        let mut service = layer.service.lock().unwrap();
        service.lots[10].owner = "NEW OWNER LLC".to_owned();
        service.lots[10].edited_ms = 1_800_000_000_000;
        service.lots.remove(3);
    }
    let update = fetch(&db, &layer, &Wish { since: Some(Since::Last), ..Wish::default() }).unwrap();
    // The row with the newest edit of the first fetch comes again; it is the same.
    let import = update.import.unwrap();
    assert_eq!((update.n_rows, import.n_versions, import.n_retired), (2, 1, 0));
    let after = roll(&db);
    assert!(after[10].contains("NEW OWNER LLC") && after.len() == 200);
    assert_eq!(after.iter().zip(&before).filter(|(a, b)| a != b).count(), 1);
    let bbox = Query { bbox: Some([-95.98, 36.0, -95.0, 37.0]), ..Query::default() };
    let part = fetch(&db, &layer, &Wish { query: bbox, ..Wish::default() }).unwrap();
    assert!(part.n_rows > 0 && part.n_rows < 199 && part.import.unwrap().n_retired == 0, "{}", part.n_rows);
    let none = Query { condition: Some("owner = 'NOBODY'".to_owned()), ..Query::default() };
    assert!(fetch(&db, &layer, &Wish { query: none, ..Wish::default() }).unwrap().import.is_none());
    let whole = fetch(&db, &layer, &Wish::default()).unwrap();
    assert_eq!(whole.import.unwrap().n_retired, 1);
    let (fresh, (_dir, db)) = (Layer::start(Service::new(10)), place());
    let unknown = fetch(&db, &fresh, &Wish { since: Some(Since::Last), ..Wish::default() }).unwrap_err();
    assert!(matches!(unknown, Error::NoMark { .. }));
}

#[test]
fn rows_point_to_their_page() {
    let (layer, (_dir, db)) = (Layer::start(Service::new(120)), place());
    fetch(&db, &layer, &Wish::default()).unwrap();
    let raw = rusqlite::Connection::open(&db).unwrap();
    let n: i64 = raw
        .query_row(
            "SELECT COUNT(*) FROM parcel_version v
             JOIN fetch_run r ON r.snapshot_id = v.snapshot_id
             JOIN fetch_page g ON g.fetch_run_id = r.fetch_run_id AND v.row_no BETWEEN g.first_row AND g.first_row + g.row_count - 1
             JOIN fetch_response a ON a.sha256 = g.sha256 AND a.status = 200",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(n, 120);
    let origin: String = raw.query_row("SELECT origin FROM source_snapshot", [], |r| r.get(0)).unwrap();
    assert_eq!(origin, layer.url());
    assert!(layer.server.log().iter().filter(|a| is_for_rows(a)).all(|a| a.method == "GET"));
}

/// What a fault makes of an answer.
type Fix = fn(Answer) -> Answer;

/// A fault, small enough to be made at random.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    Cut(usize),
    /// The length that is told is too small: the page ends early and looks whole to HTTP.
    Short(usize),
    Drop,
    Status(u16),
    Html,
    ErrorBody(i64),
    Half,
    Gzip,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::None),
        2 => (0_usize..4000).prop_map(Fault::Cut),
        1 => (0_usize..4000).prop_map(Fault::Short),
        1 => Just(Fault::Drop),
        2 => prop_oneof![Just(404), Just(429), Just(500), Just(503)].prop_map(Fault::Status),
        1 => Just(Fault::Html),
        1 => prop_oneof![Just(400), Just(500), Just(504)].prop_map(Fault::ErrorBody),
        1 => Just(Fault::Half),
        2 => Just(Fault::Gzip),
    ]
}

fn apply(fault: Fault, answer: Answer) -> Answer {
    match fault {
        Fault::None => answer,
        Fault::Cut(n) => answer.how(How::Cut(n)),
        Fault::Short(n) => {
            let n = n.min(answer.body.len().saturating_sub(1));
            answer.how(How::WrongLength(n))
        }
        Fault::Drop => answer.how(How::Drop),
        Fault::Status(status) => Answer::status(status),
        Fault::Html => Answer::html("<title>Down</title>"),
        Fault::ErrorBody(code) => Answer::json(json!({ "error": { "code": code, "message": "x" } }).to_string()),
        Fault::Half => Answer { body: answer.body[..answer.body.len() / 2].to_vec(), ..answer }.how(How::UntilClose),
        Fault::Gzip => answer.gzip(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_breaks_the_roll_ends_the_same(faults in prop::collection::vec(fault(), 1..24), way in 0_usize..5, n_tries in 1_u32..3) {
        let service = Service { rows_max: 30, lots: lots(150), ..Service::new(0) };
        static WANTED: OnceLock<Vec<String>> = OnceLock::new();
        let wanted = WANTED.get_or_init(|| undisturbed(&service));
        let (layer, (_dir, db)) = (Layer::start(service), place());
        let n_faults = faults.len();
        layer.meddle(move |n, _, answer| apply(faults.get(n).copied().unwrap_or(Fault::None), answer));
        let paging = [None, Some(Paging::Offset), Some(Paging::Oid), Some(Paging::Range), Some(Paging::Ids)][way];
        let wish = Wish { paging, n_tries: Some(n_tries), ..Wish::default() };
        let n_runs = AtomicUsize::new(0);
        // Each failed run uses up at least one fault.
        while let Err(error) = fetch(&db, &layer, &wish) {
            prop_assert!(roll(&db).is_empty(), "half-stored after {}", error);
            prop_assert!(n_runs.fetch_add(1, Ordering::SeqCst) <= n_faults, "no end: {}", error);
        }
        prop_assert_eq!(&roll(&db), wanted);
        is_whole(&db);
    }
}
