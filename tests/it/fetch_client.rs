//! The HTTP client against a server that behaves well, badly and with intent.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use taptrace::ingest::fetch::Error;
use taptrace::ingest::fetch::client::{Client, Exchange, Kept, Limits, Options, Request, Response, Vault, VaultError};
use taptrace::ingest::fetch::guard::Guard;

use crate::http_server::{Answer, Asked, How, Server};

/// Keeps everything in memory.
#[derive(Default)]
struct Memory {
    kept: Mutex<Vec<(String, Kept)>>,
    is_full: bool,
}

impl Vault for Memory {
    fn keep(&self, e: &Exchange<'_>) -> Result<(), VaultError> {
        if self.is_full {
            return Err("no room".into());
        }
        let kept = Kept {
            url_final: e.url_final.to_owned(),
            received_at: e.received_at,
            status: e.status,
            headers: e.headers.to_vec(),
            payload: e.payload.to_vec(),
            sha256: e.sha256.to_owned(),
        };
        self.kept.lock().unwrap().push((e.request_key.to_owned(), kept));
        Ok(())
    }

    fn newest(&self, key: &str) -> Result<Option<Kept>, VaultError> {
        let kept = self.kept.lock().unwrap();
        Ok(kept.iter().rev().find(|(k, e)| k == key && e.status == 200).map(|(_, e)| e.clone()))
    }

    fn n_requests(&self, _: &str, _: SystemTime) -> Result<u64, VaultError> {
        Ok(self.kept.lock().unwrap().len() as u64)
    }
}

fn quick() -> Limits {
    let ms = Duration::from_millis;
    Limits {
        bytes_max: 100_000,
        connect: ms(500),
        silence: ms(400),
        one_try: ms(800),
        deadline: ms(5000),
        n_tries_max: 3,
        pause: ms(0),
        backoff_first: ms(2),
        backoff_max: ms(10),
        ..Limits::default()
    }
}

struct Bench {
    client: Client,
    vault: Arc<Memory>,
    stop: Arc<AtomicBool>,
}

fn bench_with(limits: Limits, vault: Memory, permissions: BTreeMap<String, String>) -> Bench {
    let (vault, stop) = (Arc::new(vault), Arc::new(AtomicBool::new(false)));
    let client = Client::new(Options {
        contact: "tests@city.example".to_owned(),
        guard: Guard::new([], ["127.0.0.1"]),
        limits,
        permissions,
        proxy: None,
        stop: Arc::clone(&stop),
        vault: vault.clone(),
    })
    .unwrap();
    Bench { client, vault, stop }
}

fn bench(limits: Limits) -> Bench {
    bench_with(limits, Memory::default(), BTreeMap::new())
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Answers in turn, the last one for ever; nothing for robots.txt.
fn in_turn(answers: Vec<Answer>) -> impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static {
    let n = AtomicUsize::new(0);
    move |asked| {
        if asked.path == "/robots.txt" {
            return None;
        }
        answers.get(n.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)).cloned()
    }
}

fn ask(answers: Vec<Answer>) -> (Result<Response, Error>, Server, Bench) {
    ask_within(quick(), answers)
}

fn ask_within(limits: Limits, answers: Vec<Answer>) -> (Result<Response, Error>, Server, Bench) {
    let server = Server::start(in_turn(answers));
    let bench = bench(limits);
    let result = wait(bench.client.send(&Request::get(server.url("/a"))));
    (result, server, bench)
}

fn last_of(error: Error) -> Error {
    match error {
        Error::GaveUp { last, .. } => *last,
        other => other,
    }
}

#[test]
fn says_who_it_is_and_keeps_what_came() {
    let (result, server, bench) = ask(vec![Answer::json("{\"a\":1}").gzip()]);
    let response = result.unwrap();
    assert_eq!((response.status, response.body.as_slice(), response.n_tries), (200, b"{\"a\":1}".as_slice(), 1));
    assert_eq!((response.media_type().as_str(), response.charset().as_deref()), ("application/json", Some("utf-8")));
    let log = server.log();
    assert!(log[0].header("user-agent").unwrap().contains("(+tests@city.example)"), "{:?}", log[0]);
    let kept = bench.vault.kept.lock().unwrap();
    // robots.txt is evidence too.
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[1].1.sha256, response.sha256);
    assert!(kept[1].1.payload.starts_with(&[0x1f, 0x8b]), "the payload is kept as it came");
}

#[test]
fn damaged_answers_are_asked_for_again() {
    let good = || Answer::json(vec![b'x'; 5000]);
    for how in [
        How::Cut(100),
        How::Cut(0),
        How::ChunkedCut(2000),
        How::WrongLength(9000),
        How::Drop,
        How::Slow(10, 60),
        How::Late(900),
    ] {
        let (result, server, _) = ask(vec![good().how(how), good()]);
        let response = result.unwrap_or_else(|e| panic!("{how:?}: {e}"));
        assert_eq!((response.body.len(), response.n_tries, server.log().len()), (5000, 2, 2), "{how:?}");
    }
    let mut cut_gzip = good().gzip();
    cut_gzip.body.truncate(30);
    assert_eq!(ask(vec![cut_gzip.how(How::UntilClose), good()]).0.unwrap().n_tries, 2);
    for how in [How::Chunked, How::UntilClose] {
        assert_eq!(ask(vec![good().how(how)]).0.unwrap().body.len(), 5000, "{how:?}");
    }
}

#[test]
fn damage_that_stays_is_an_error_in_bounded_time() {
    let ms = Duration::from_millis;
    let tight = Limits { silence: ms(100), one_try: ms(150), deadline: ms(400), ..quick() };
    for how in [How::Cut(10), How::Drop, How::Late(300), How::Slow(1, 40)] {
        let started = Instant::now();
        let (result, server, _) = ask_within(tight.clone(), vec![Answer::json(vec![b'x'; 500]).how(how)]);
        let Err(Error::GaveUp { n_tries, last, .. }) = result else { panic!("{how:?}: {result:?}") };
        assert!(n_tries <= 3 && server.log().len() <= 3, "{how:?}");
        assert!(matches!(*last, Error::Transport { .. } | Error::Timeout { .. }), "{how:?}: {last:?}");
        assert!(started.elapsed() < Duration::from_secs(10), "{how:?}");
    }
}

#[test]
fn too_much_is_refused_packed_and_unpacked() {
    let big = vec![b' '; 200_000];
    for answer in [
        Answer::json(big.clone()),
        Answer::json(big.clone()).how(How::Chunked),
        Answer::json(big.clone()).how(How::UntilClose),
        Answer::json(big).gzip(),
    ] {
        let (result, server, _) = ask(vec![answer]);
        assert!(matches!(result, Err(Error::TooLarge { .. })), "{result:?}");
        assert_eq!(server.log().len(), 1, "asking again would bring the same");
    }
}

#[test]
fn statuses_that_say_not_now_are_obeyed() {
    let good = || Answer::json("{}");
    for busy in [
        Answer::status(503),
        Answer::status(500),
        Answer::status(429).header("Retry-After", "0"),
        Answer::status(503).header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"),
        Answer::status(429).header("Retry-After", "soon"),
    ] {
        let (result, _, _) = ask(vec![busy.clone(), busy, good()]);
        assert_eq!(result.unwrap().n_tries, 3);
    }
    let (result, server, _) = ask(vec![Answer::status(429).header("Retry-After", "1"), good()]);
    assert_eq!((result.unwrap().n_tries, server.log().len()), (2, 2));
    let (result, server, _) = ask(vec![Answer::status(429).header("Retry-After", "3600")]);
    assert!(matches!(result, Err(Error::ComeBack { status: 429, seconds: 3600, .. })), "{result:?}");
    assert_eq!(server.log().len(), 1, "an hour is not waited for");
    let (result, server, _) = ask(vec![Answer::html("<title>Down\n for  work</title>"), good()]);
    assert_eq!((result.unwrap().status, server.log().len()), (200, 1), "what a page means is its reader's business");
    let (result, _, _) = ask(vec![Answer::status(503)]);
    assert!(matches!(last_of(result.unwrap_err()), Error::Status { status: 503, .. }));
    let (result, server, _) = ask(vec![Answer::new(404, "text/html", "<TITLE lang=en>Not\n here</TITLE>")]);
    let error = result.unwrap().into_good().unwrap_err();
    assert!(error.to_string().ends_with("answered with status 404: Not here"), "{error}");
    assert_eq!(server.log().len(), 1);
}

#[test]
fn redirects_are_followed_only_where_they_may() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/a" => Some(Answer::redirect(302, "/b?x=1")),
        "/b" => Some(Answer::json(format!(
            "{} {}{}",
            asked.method,
            asked.param("x").unwrap_or("-"),
            asked.param("q").unwrap_or("-")
        ))),
        "/keep" => Some(Answer::redirect(307, "/b")),
        "/loop" => Some(Answer::redirect(301, "/loop")),
        "/ping" => Some(Answer::redirect(301, "/pong")),
        "/pong" => Some(Answer::redirect(301, "/ping")),
        "/private" => Some(Answer::redirect(301, "http://127.0.0.9/x")),
        "/cloud" => Some(Answer::redirect(301, "http://169.254.169.254/latest/meta-data/")),
        "/other" => Some(Answer::redirect(301, "https://other.example/")),
        "/file" => Some(Answer::redirect(301, "file:///etc/passwd")),
        _ => None,
    });
    let bench = bench(quick());
    let form = vec![("q".to_owned(), "1".to_owned())];
    let response = wait(bench.client.send(&Request::post(server.url("/a"), form.clone()))).unwrap();
    assert_eq!((response.body.as_slice(), response.url_final), (b"GET 1-".as_slice(), server.url("/b?x=1")));
    let response = wait(bench.client.send(&Request::post(server.url("/keep"), form))).unwrap();
    assert_eq!(response.body, b"POST -1");
    for path in ["/loop", "/ping", "/private", "/cloud", "/other", "/file"] {
        let result = wait(bench.client.send(&Request::get(server.url(path))));
        assert!(matches!(result, Err(Error::Redirect { .. })), "{path}: {result:?}");
    }
}

#[test]
fn names_that_lead_inside_are_refused() {
    let server = Server::start(|_| Some(Answer::json("{}")));
    let port = server.url("").rsplit(':').next().unwrap().to_owned();
    let client = |guard| {
        let vault = Arc::new(Memory::default());
        let (permissions, stop) = (BTreeMap::new(), Arc::default());
        let contact = "tests@city.example".to_owned();
        Client::new(Options { contact, guard, limits: quick(), permissions, proxy: None, stop, vault }).unwrap()
    };
    let url = format!("http://localhost:{port}/a");
    let result = wait(client(Guard::new(["localhost"], [])).send(&Request::get(&url)));
    assert!(matches!(result, Err(Error::PrivateAddress { .. })), "{result:?}");
    assert!(server.log().is_empty());
    assert!(wait(client(Guard::new([], ["localhost"])).send(&Request::get(&url))).is_ok());
}

#[test]
fn robots_txt_is_read_once_and_obeyed() {
    let n_robots = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_robots);
    let server = Server::start(move |asked| {
        if asked.path == "/robots.txt" {
            counter.fetch_add(1, Ordering::SeqCst);
            return Some(Answer::new(200, "text/plain", "User-agent: *\nDisallow: /search\nDisallow: /*?secret"));
        }
        Some(if asked.path == "/go" { Answer::redirect(302, "/search") } else { Answer::json("{}") })
    });
    let one = bench(quick());
    let at = |path: &str| Request::get(server.url(path));
    assert!(wait(one.client.send(&at("/a"))).is_ok() && wait(one.client.send(&at("/b"))).is_ok());
    for path in ["/search", "/a?secret=1", "/go"] {
        let result = wait(one.client.send(&at(path)));
        assert!(matches!(result, Err(Error::RobotsForbid { .. })), "{path}: {result:?}");
    }
    assert_eq!(n_robots.load(Ordering::SeqCst), 1);
    let permission = BTreeMap::from([("127.0.0.1".to_owned(), "letter of 2026-01-05".to_owned())]);
    let permitted = bench_with(quick(), Memory::default(), permission);
    assert!(wait(permitted.client.send(&at("/search"))).is_ok());
}

#[test]
fn a_robots_txt_that_cannot_be_read_forbids_and_one_that_is_not_there_allows() {
    for (answer, is_allowed) in [
        (Answer::status(503), false),
        (Answer::status(404), true),
        (Answer::status(403), true),
        (Answer::redirect(301, "https://other.example/robots.txt"), true),
        (Answer::html(vec![b' '; 600 << 10]), false),
    ] {
        let status = answer.status;
        let server = Server::start(move |asked| {
            Some(if asked.path == "/robots.txt" { answer.clone() } else { Answer::json("{}") })
        });
        let result = wait(bench(quick()).client.send(&Request::get(server.url("/a"))));
        assert_eq!(result.is_ok(), is_allowed, "{status}: {result:?}");
        assert!(is_allowed || matches!(result, Err(Error::RobotsUnreadable { .. })));
    }
}

#[test]
fn kept_responses_spare_the_service() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/a" if asked.header("if-none-match") == Some("\"v1\"") => Some(Answer::new(304, "x", "")),
        "/a" => Some(Answer::json("{\"a\":1}").gzip().header("ETag", "\"v1\"")),
        _ => None,
    });
    let bench = bench(quick());
    let mut request = Request::get(server.url("/a"));
    let first = wait(bench.client.send(&request)).unwrap();
    let second = wait(bench.client.send(&request)).unwrap();
    assert!(!first.is_kept && second.is_kept && second.body == first.body && second.sha256 == first.sha256);
    assert_eq!(server.log().len(), 2);
    request.age_max = Some(Duration::from_secs(60));
    let third = wait(bench.client.send(&request)).unwrap();
    assert_eq!((third.n_tries, third.body, server.log().len()), (0, first.body, 2));
}

#[test]
fn one_connection_pauses_and_a_budget() {
    let server = Server::start(in_turn(vec![Answer::json("{}")]));
    let limits = Limits { pause: Duration::from_millis(30), requests_per_day: 4, ..quick() };
    let bench = bench(limits);
    let started = Instant::now();
    let request = Request::get(server.url("/a"));
    let results = wait(async {
        let send = || bench.client.send(&request);
        let (a, b, c, d) = tokio::join!(send(), send(), send(), send());
        [a, b, c, d]
    });
    // robots.txt and three of the four: the budget counts requests, not questions.
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 3);
    assert!(results.iter().any(|r| matches!(r, Err(Error::Budget { n: 4, max: 4, .. }))));
    assert!(started.elapsed() >= Duration::from_millis(90), "three pauses");
    assert_eq!(server.n_open_max(), 1);
}

#[test]
fn a_session_keeps_its_cookies() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/accept" => Some(Answer::redirect(302, "/terms").header("Set-Cookie", "ok=yes; Path=/")),
        _ => Some(Answer::json(asked.header("cookie").unwrap_or("none").to_owned())),
    });
    let one = bench(quick());
    assert_eq!(wait(one.client.send(&Request::get(server.url("/a")))).unwrap().body, b"none");
    assert_eq!(wait(one.client.send(&Request::get(server.url("/accept")))).unwrap().body, b"ok=yes");
    assert_eq!(wait(one.client.send(&Request::get(server.url("/a")))).unwrap().body, b"ok=yes");
    assert_eq!(wait(bench(quick()).client.send(&Request::get(server.url("/a")))).unwrap().body, b"none");
}

#[test]
fn the_stop_flag_ends_every_wait() {
    let server = Server::start(in_turn(vec![Answer::status(429).header("Retry-After", "60")]));
    let limits = Limits { deadline: Duration::from_secs(300), ..quick() };
    let bench = bench(limits);
    let stop = Arc::clone(&bench.stop);
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        stop.store(true, Ordering::SeqCst);
    });
    let result = wait(bench.client.send(&Request::get(server.url("/a"))));
    assert!(matches!(result, Err(Error::Interrupted)), "{result:?}");
    thread.join().unwrap();
}

#[test]
fn what_cannot_be_kept_is_not_used_and_what_may_not_be_repeated_is_not() {
    let server = Server::start(in_turn(vec![Answer::status(500)]));
    let full = bench_with(quick(), Memory { is_full: true, ..Memory::default() }, BTreeMap::new());
    assert!(matches!(wait(full.client.send(&Request::get(server.url("/a")))), Err(Error::Vault(_))));
    let mut once = Request::post(server.url("/a"), Vec::new());
    once.is_repeatable = false;
    let result = wait(bench(quick()).client.send(&once));
    assert!(matches!(result, Err(Error::Status { status: 500, .. })), "{result:?}");
    assert_eq!(server.log().len(), 1);
    let empty = Client::new(Options {
        contact: " ".to_owned(),
        guard: Guard::default(),
        limits: quick(),
        permissions: BTreeMap::new(),
        proxy: None,
        stop: Arc::default(),
        vault: Arc::new(Memory::default()),
    });
    assert!(matches!(empty.err(), Some(Error::NoContact)));
    let refused = wait(bench(quick()).client.send(&Request::get("http://127.0.0.1:1/")));
    assert!(matches!(last_of(refused.unwrap_err()), Error::Transport { detail: "cannot connect", .. }));
}
