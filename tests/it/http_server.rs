//! A loopback HTTP server with scripted behavior, good and bad: what it is asked goes through a closure that says how to answer.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Query and form, in order.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// How an answer is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    /// As it should be.
    Whole,
    /// In chunks.
    Chunked,
    /// Full `Content-Length`, but the connection closes after so many bytes of the body.
    Cut(usize),
    /// Chunks, but the connection closes after so many bytes of the body.
    ChunkedCut(usize),
    /// No length at all; the end of the connection is the end of the body.
    UntilClose,
    /// `Content-Length` says this instead of the truth.
    WrongLength(usize),
    /// So many bytes at a time with so many milliseconds in between.
    Slow(usize, u64),
    /// Nothing for so many milliseconds, then as it should be.
    Late(u64),
    /// The connection closes without a word.
    Drop,
}

/// What to answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) how: How,
}

impl Answer {
    pub(crate) fn new(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
        Self { status, headers, body: body.into(), how: How::Whole }
    }

    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "application/json;charset=utf-8", body)
    }

    pub(crate) fn html(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/html; charset=utf-8", body)
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::new(status, "text/plain", format!("status {status}"))
    }

    pub(crate) fn redirect(status: u16, target: &str) -> Self {
        Self::status(status).header("Location", target)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn how(mut self, how: How) -> Self {
        self.how = how;
        self
    }

    /// Packs the body with gzip.
    pub(crate) fn gzip(mut self) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&self.body).unwrap();
        self.body = encoder.finish().unwrap();
        self.header("Content-Encoding", "gzip")
    }
}

/// A running server; it ends when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    log: Arc<Mutex<Vec<Asked>>>,
    n_open_max: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts on a free port of 127.0.0.1. A path `/robots.txt` that the script answers with `None` is not there.
    pub(crate) fn start(script: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (log, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (n_open, n_open_max) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let script = Arc::new(script);
        let thread = {
            let (log, stop, n_open_max) = (Arc::clone(&log), Arc::clone(&stop), Arc::clone(&n_open_max));
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    n_open_max.fetch_max(n_open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let (log, script, n_open, stop) =
                        (Arc::clone(&log), Arc::clone(&script), Arc::clone(&n_open), Arc::clone(&stop));
                    std::thread::spawn(move || {
                        drop(serve(&stream, &*script, &log, &stop));
                        n_open.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            })
        };
        Self { address, log, n_open_max, stop, thread: Some(thread) }
    }

    /// The URL of a path on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything it was asked so far, but for robots.txt.
    pub(crate) fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap().iter().filter(|a| a.path != "/robots.txt").cloned().collect()
    }

    /// Most connections that were open at the same time.
    pub(crate) fn n_open_max(&self) -> usize {
        self.n_open_max.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn serve(
    stream: &TcpStream,
    script: &(dyn Fn(&Asked) -> Option<Answer> + Send + Sync),
    log: &Mutex<Vec<Asked>>,
    stop: &AtomicBool,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read_request(&mut reader)? {
        log.lock().unwrap().push(asked.clone());
        let answer = script(&asked).unwrap_or_else(|| Answer::status(404));
        if stop.load(Ordering::SeqCst) || !send(stream, &answer)? {
            break;
        }
    }
    stream.shutdown(std::net::Shutdown::Both)
}

fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut parts = line.split_whitespace();
    let (method, target) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned());
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None => break,
        }
    }
    let n_bytes = headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, v)| v.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; n_bytes];
    reader.read_exact(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = |bytes: &[u8]| url::form_urlencoded::parse(bytes).into_owned().collect::<Vec<_>>();
    let params = pairs(query.as_bytes()).into_iter().chain(pairs(&body)).collect();
    Ok(Some(Asked { method, path: path.to_owned(), params, headers }))
}

/// Sends an answer; false when the connection must close.
fn send(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<bool> {
    let body = answer.body.as_slice();
    let pause = |ms| std::thread::sleep(Duration::from_millis(ms));
    let mut head = format!("HTTP/1.1 {} X\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = match answer.how {
        How::WrongLength(length) => Some(length),
        How::Chunked | How::ChunkedCut(_) | How::UntilClose => None,
        How::Whole | How::Cut(_) | How::Slow(..) | How::Late(_) | How::Drop => Some(body.len()),
    };
    match (answer.how, length) {
        (How::Drop, _) => return Ok(false),
        (How::Late(ms), _) => pause(ms),
        _ => {}
    }
    match (answer.how, length) {
        (_, Some(length)) => head.push_str(&format!("Content-Length: {length}\r\n\r\n")),
        (How::UntilClose, None) => head.push_str("Connection: close\r\n\r\n"),
        (_, None) => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
    }
    stream.write_all(head.as_bytes())?;
    match answer.how {
        How::Whole | How::Late(_) => stream.write_all(body).map(|()| true),
        How::WrongLength(_) | How::UntilClose => stream.write_all(body).map(|()| false),
        How::Cut(n) => stream.write_all(&body[..n.min(body.len())]).map(|()| false),
        How::Slow(n, ms) => {
            for piece in body.chunks(n.max(1)) {
                stream.write_all(piece)?;
                pause(ms);
            }
            Ok(true)
        }
        How::Chunked | How::ChunkedCut(_) => {
            let n = if let How::ChunkedCut(n) = answer.how { n.min(body.len()) } else { body.len() };
            for piece in body[..n].chunks(1000) {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
                stream.write_all(piece)?;
                stream.write_all(b"\r\n")?;
            }
            if n < body.len() {
                return Ok(false);
            }
            stream.write_all(b"0\r\n\r\n").map(|()| true)
        }
        How::Drop => Ok(false),
    }
}
