//! WARC 1.1 (ISO 28500): fetched responses as web archives have them, readable by warcio, pywb and others.
//!
//! One gzip member for each record, as the standard recommends. Numbers of records come from the hashes of what they hold, so the
//! same responses always give the same bytes. Payloads stand as they came but for chunking, which is undone: the header that
//! announced it is kept as `X-Archive-Orig-Transfer-Encoding`.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

/// A response with its request.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the parts of an exchange name themselves")]
pub struct WarcExchange<'a> {
    /// Hash that identifies the exchange.
    pub identity: &'a str,
    pub method: &'a str,
    pub url: &'a str,
    pub request_headers: &'a [(String, String)],
    pub request_body: &'a str,
    /// UTC.
    pub asked_at: &'a str,
    pub http_version: &'a str,
    pub status: u16,
    pub headers: &'a [(String, String)],
    pub payload: &'a [u8],
    /// Hash of the kept payload that a 304 said to be still good.
    pub revalidates: Option<&'a str>,
}

/// Writes records.
pub struct WarcWriter<W: Write> {
    out: W,
    is_packed: bool,
}

/// Lower-case hexadecimal SHA-256.
fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A name-based UUID (version 8) of a record.
fn record_id(identity: &str, kind: &str) -> String {
    let hash = sha256_hex(format!("{kind} {identity}").as_bytes());
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!("<urn:uuid:{}-{}-8{}-a{}-{}>", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// What a URL asks a server for: path and query, and the host.
fn split_url(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    match rest.find(['/', '?']) {
        Some(at) => (&rest[..at], &rest[at..]),
        None => (rest, "/"),
    }
}

impl<W: Write> WarcWriter<W> {
    /// Writes to `out`, with gzip or plain.
    pub fn new(out: W, is_packed: bool) -> Self {
        Self { out, is_packed }
    }

    /// The record that describes the file: names and values.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn info(&mut self, at: &str, fields: &[(&str, String)]) -> io::Result<()> {
        let block: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = [("Content-Type", "application/warc-fields".to_owned())];
        let id = record_id(&block, "warcinfo");
        self.record("warcinfo", (&id, at), &head, block.as_bytes())
    }

    /// A file that belongs to the responses, such as the list of pages of a run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn resource(&mut self, at: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
        let head = [
            ("WARC-Target-URI", name.to_owned()),
            ("Content-Type", "text/plain; charset=utf-8".to_owned()),
            ("WARC-Payload-Digest", format!("sha256:{}", sha256_hex(bytes))),
        ];
        let id = record_id(&sha256_hex(bytes), "resource");
        self.record("resource", (&id, at), &head, bytes)
    }

    /// The request and the response of an exchange; a 304 becomes a revisit.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn exchange(&mut self, e: &WarcExchange<'_>) -> io::Result<()> {
        let kind = if e.status == 304 && e.revalidates.is_some() { "revisit" } else { "response" };
        let (request_id, response_id) = (record_id(e.identity, "request"), record_id(e.identity, kind));
        let mut block = format!("{} {} \r\n", e.http_version, e.status).into_bytes();
        for (name, value) in e.headers {
            let archived = if name.eq_ignore_ascii_case("transfer-encoding") { "X-Archive-Orig-" } else { "" };
            // Header bytes were read as Latin-1; they go back as they came.
            block.extend_from_slice(archived.as_bytes());
            block.extend(format!("{name}: {value}").chars().map(|c| u8::try_from(c).unwrap_or(b'?')));
            block.extend_from_slice(b"\r\n");
        }
        block.extend_from_slice(b"\r\n");
        block.extend_from_slice(e.payload);
        let mut head = vec![
            ("WARC-Target-URI", e.url.to_owned()),
            ("Content-Type", "application/http; msgtype=response".to_owned()),
            (
                "WARC-Payload-Digest",
                format!("sha256:{}", e.revalidates.map_or_else(|| sha256_hex(e.payload), str::to_owned)),
            ),
        ];
        if kind == "revisit" {
            let profile = "http://netpreserve.org/warc/1.1/revisit/server-not-modified";
            head.push(("WARC-Profile", profile.to_owned()));
        }
        self.record(kind, (&response_id, e.asked_at), &head, &block)?;
        let (host, target) = split_url(e.url);
        let mut block = format!("{} {target} {}\r\nHost: {host}\r\n", e.method, e.http_version);
        for (name, value) in e.request_headers {
            block.push_str(&format!("{name}: {value}\r\n"));
        }
        block.push_str(&format!("\r\n{}", e.request_body));
        let head = [
            ("WARC-Target-URI", e.url.to_owned()),
            ("Content-Type", "application/http; msgtype=request".to_owned()),
            ("WARC-Concurrent-To", response_id),
        ];
        self.record("request", (&request_id, e.asked_at), &head, block.as_bytes())
    }

    fn record(&mut self, kind: &str, (id, at): (&str, &str), head: &[(&str, String)], block: &[u8]) -> io::Result<()> {
        let mut text = format!("WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {id}\r\nWARC-Date: {at}\r\n");
        for (name, value) in head {
            let value: String = value.chars().filter(|c| !c.is_control()).collect();
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let digest = sha256_hex(block);
        text.push_str(&format!("WARC-Block-Digest: sha256:{digest}\r\nContent-Length: {}\r\n\r\n", block.len()));
        if !self.is_packed {
            self.out.write_all(text.as_bytes())?;
            self.out.write_all(block)?;
            return self.out.write_all(b"\r\n\r\n");
        }
        // No time in the gzip header: the same records give the same bytes.
        let mut packed = GzBuilder::new().mtime(0).write(&mut self.out, Compression::default());
        packed.write_all(text.as_bytes())?;
        packed.write_all(block)?;
        packed.write_all(b"\r\n\r\n")?;
        packed.finish().map(drop)
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::{WarcExchange, WarcWriter, split_url};

    #[test]
    fn a_record_has_its_exact_length_and_names() {
        let mut writer = WarcWriter::new(Vec::new(), false);
        let headers = vec![
            ("Content-Type".to_owned(), "text/plain".to_owned()),
            ("Transfer-Encoding".to_owned(), "chunked".to_owned()),
        ];
        let exchange = WarcExchange {
            identity: "h",
            method: "POST",
            url: "https://gis.example.gov:8443/q?a=1#x",
            request_headers: &[("User-Agent".to_owned(), "taptrace".to_owned())],
            request_body: "f=json",
            asked_at: "2026-01-02T03:04:05.000Z",
            http_version: "HTTP/1.1",
            status: 200,
            headers: &headers,
            payload: b"hello",
            revalidates: None,
        };
        writer.exchange(&exchange).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        let response =
            "HTTP/1.1 200 \r\nContent-Type: text/plain\r\nX-Archive-Orig-Transfer-Encoding: chunked\r\n\r\nhello";
        let request = "POST /q?a=1 HTTP/1.1\r\nHost: gis.example.gov:8443\r\nUser-Agent: taptrace\r\n\r\nf=json";
        for (block, kind) in [(response, "response"), (request, "request")] {
            let whole = format!("Content-Length: {}\r\n\r\n{block}\r\n\r\n", block.len());
            assert!(text.contains(&whole) && text.contains(&format!("WARC-Type: {kind}\r\n")), "{text}");
        }
        assert!(text.contains("sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"));
        assert_eq!(text.matches("WARC/1.1\r\n").count(), 2);
    }

    #[test]
    fn urls_come_apart() {
        assert_eq!(split_url("http://h:1/a?b"), ("h:1", "/a?b"));
        assert_eq!(split_url("http://h?b"), ("h", "?b"));
        assert_eq!(split_url("http://h"), ("h", "/"));
    }
}
