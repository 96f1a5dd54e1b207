//! What is kept of a fetch, and that nobody can change it unseen.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use taptrace::ingest::fetch::client::{Client, Limits, Options, Request};
use taptrace::ingest::fetch::guard::Guard;
use taptrace::model::date::Instant;
use taptrace::pipeline::fetch_vault::{Error, EvidenceVault};
use taptrace::pipeline::{case_evidence, fetch_manifest};
use taptrace::store::{Authorship, Reader, sources};

use crate::http_server::{Answer, Server};

fn by(reason: &str) -> Authorship {
    Authorship { actor: "tester".to_owned(), reason: reason.to_owned(), at: Instant("2026-01-02T03:04:05Z".to_owned()) }
}

fn client(vault: &Arc<EvidenceVault>) -> Client {
    Client::new(Options {
        contact: "tests@city.example".to_owned(),
        guard: Guard::new([], ["127.0.0.1"]),
        limits: Limits { pause: Duration::ZERO, ..Limits::default() },
        permissions: BTreeMap::new(),
        proxy: None,
        stop: Arc::default(),
        vault: Arc::clone(vault) as _,
    })
    .unwrap()
}

fn fetch(db: &Path, server: &Server, paths: &[&str]) {
    let vault = Arc::new(EvidenceVault::open(db, &by("test")).unwrap());
    let client = client(&vault);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for path in paths {
        runtime.block_on(client.send(&Request::get(server.url(path)).with("q", "x y"))).unwrap();
    }
    vault.flush().unwrap();
}

/// A folder in memory where there is one: these tests wait for the disk and for nothing else.
fn place() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn server() -> Server {
    Server::start(|asked| match asked.path.as_str() {
        "/robots.txt" => None,
        "/gone" => Some(Answer::status(404)),
        "/old" => Some(Answer::redirect(301, "/new")),
        path => Some(Answer::json(format!("{{\"path\":\"{path}\"}}")).gzip().header("ETag", "\"1\"")),
    })
}

#[test]
fn every_response_is_kept_with_its_circumstances() {
    let (dir, server) = (place(), server());
    let db = dir.path().join("city.db");
    fetch(&db, &server, &["/a", "/gone", "/old", "/a"]);
    let reader = Reader::open(&db).unwrap();
    let rows = sources::after(&reader, 0, 100).unwrap();
    let told: Vec<String> = rows
        .iter()
        .map(|r| {
            format!(
                "{} {} {}",
                r.status,
                r.url_asked.rsplit('/').next().unwrap(),
                r.url_final.rsplit('/').next().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "404 robots.txt robots.txt",
            "200 a?q=x+y a?q=x+y",
            "404 gone?q=x+y gone?q=x+y",
            "301 old?q=x+y old?q=x+y",
            "200 old?q=x+y new",
            "200 a?q=x+y a?q=x+y"
        ]
    );
    let a = &rows[1];
    assert_eq!((a.method.as_str(), a.actor.as_str(), a.reason.as_str()), ("GET", "tester", "test"));
    assert!(a.tool_version.starts_with("taptrace 0.") && a.headers.contains("content-encoding"), "{a:?}");
    assert!(a.request_headers.contains("+tests@city.example") && a.asked_at <= a.received_at, "{a:?}");
    let bytes = std::fs::read(case_evidence::path_of(&db, &a.sha256)).unwrap();
    assert_eq!((bytes.len() as i64, &bytes[..2]), (a.byte_len, [0x1f, 0x8b].as_slice()));
    let verdict = fetch_manifest::verify(&db, &reader).unwrap();
    assert_eq!((verdict.n_responses, verdict.n_manifests, verdict.findings.len()), (6, 1, 0), "{verdict:?}");
    let told = reader.verify_audit().unwrap();
    assert!(told.is_empty(), "{told:?}");
}

/// Does `damage` to a database with three responses and says what the check finds.
fn findings_after(damage: impl FnOnce(&Path, &rusqlite::Connection)) -> Vec<String> {
    let (dir, server) = (place(), server());
    let db = dir.path().join("city.db");
    fetch(&db, &server, &["/a", "/b"]);
    let raw = rusqlite::Connection::open(&db).unwrap();
    assert!(raw.execute("UPDATE fetch_response SET status = 1", []).is_err());
    assert!(raw.execute("DELETE FROM fetch_response", []).is_err());
    raw.execute_batch("DROP TRIGGER fetch_response_no_update; DROP TRIGGER fetch_response_no_delete;").unwrap();
    damage(&db, &raw);
    fetch_manifest::verify(&db, &Reader::open(&db).unwrap()).unwrap().findings
}

#[test]
fn tampering_is_found() {
    assert!(findings_after(|_, _| {}).is_empty());
    for sql in [
        "UPDATE fetch_response SET url_final = 'http://other.example/' WHERE response_id = 2",
        "UPDATE fetch_response SET received_at = '2020-01-01T00:00:00.000Z' WHERE response_id = 3",
        "UPDATE fetch_response SET actor = 'other' WHERE response_id = 1",
        "DELETE FROM fetch_response WHERE response_id = 2",
        "DELETE FROM fetch_response WHERE response_id = 3",
        "UPDATE fetch_response SET headers = request_headers, request_headers = headers",
    ] {
        let findings = findings_after(|_, raw| raw.execute_batch(sql).unwrap());
        assert!(!findings.is_empty(), "not found: {sql}");
    }
    let payload = |db: &Path, raw: &rusqlite::Connection| {
        let sha256: String =
            raw.query_row("SELECT sha256 FROM fetch_response WHERE response_id = 2", [], |r| r.get(0)).unwrap();
        case_evidence::path_of(db, &sha256)
    };
    let changed = findings_after(|db, raw| std::fs::write(payload(db, raw), "x").unwrap());
    assert!(changed[0].contains("were changed"), "{changed:?}");
    let gone = findings_after(|db, raw| std::fs::remove_file(payload(db, raw)).unwrap());
    assert!(gone[0].contains("are gone"), "{gone:?}");
    let manifests = |db: &Path| {
        let folder = case_evidence::folder(db).join("manifests");
        std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
    };
    let edited = findings_after(|db, _| {
        let text = std::fs::read_to_string(manifests(db)).unwrap();
        std::fs::write(manifests(db), text.replace(" 200 ", " 404 ")).unwrap();
    });
    assert!(edited[0].contains("something else"), "{edited:?}");
    assert!(!findings_after(|db, _| std::fs::remove_file(manifests(db)).unwrap()).is_empty());
}

#[test]
fn days_are_chained_and_a_killed_command_is_caught_up() {
    let (dir, server) = (place(), server());
    let db = dir.path().join("city.db");
    fetch(&db, &server, &["/a"]);
    let folder = case_evidence::folder(&db).join("manifests");
    let today = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&today).unwrap();
    // Yesterday's manifest, as if the day had changed; today's is gone with the process that was to write it.
    let day = today.file_stem().unwrap().to_str().unwrap().to_owned();
    std::fs::remove_file(&today).unwrap();
    std::fs::write(
        folder.join("2026-01-01.txt"),
        text.replace(&day, "2026-01-01").replace("2026-01-01T", &format!("{day}T")),
    )
    .unwrap();
    fetch(&db, &server, &["/b"]);
    let verdict = fetch_manifest::verify(&db, &Reader::open(&db).unwrap()).unwrap();
    assert_eq!((verdict.n_manifests, verdict.findings.len()), (2, 0), "{verdict:?}");
    assert!(std::fs::read_to_string(&today).unwrap().contains("previous 2026-01-01 "));
    std::fs::remove_file(&today).unwrap();
    let lost = fetch_manifest::verify(&db, &Reader::open(&db).unwrap()).unwrap();
    assert!(lost.findings.iter().any(|f| f.contains("no manifest has it")), "{lost:?}");
    fetch(&db, &server, &["/c"]);
    assert!(fetch_manifest::verify(&db, &Reader::open(&db).unwrap()).unwrap().findings.is_empty());
}

#[test]
fn a_changed_payload_is_nothing_to_answer_from() {
    let (dir, server) = (place(), server());
    let db = dir.path().join("city.db");
    fetch(&db, &server, &["/a"]);
    let sha256 = sources::after(&Reader::open(&db).unwrap(), 1, 1).unwrap()[0].sha256.clone();
    std::fs::write(case_evidence::path_of(&db, &sha256), "x").unwrap();
    let vault = EvidenceVault::open(&db, &by("test")).unwrap();
    assert!(matches!(vault.payload(&sha256), Err(Error::Changed { .. })));
    drop(vault);
    fetch(&db, &server, &["/a"]);
    assert_eq!(server.log().last().unwrap().header("if-none-match"), None, "it is asked for anew");
}
