//! One question and one answer, as evidence needs them: what was asked, when, and every byte that came back.

use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::error::Error;

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the methods name themselves")]
pub enum Method {
    Get,
    Post,
}

impl Method {
    /// As HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// A question to a service.
#[derive(Debug, Clone)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where; a query in it stays.
    pub url: String,
    /// Further query parameters of a GET, the form of a POST.
    pub params: Vec<(String, String)>,
    /// Further headers, such as `Referer`.
    pub headers: Vec<(String, String)>,
    /// Whether asking twice does no harm; only then a failure is tried again.
    pub is_repeatable: bool,
    /// A kept response no older than this is taken instead of asking.
    pub age_max: Option<Duration>,
    /// Largest response, packed and unpacked, instead of the client's limit.
    pub bytes_max: Option<u64>,
}

impl Request {
    /// Asks for `url`.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            params: Vec::new(),
            headers: Vec::new(),
            is_repeatable: true,
            age_max: None,
            bytes_max: None,
        }
    }

    /// Sends a form to `url`. It is taken for a search: set `is_repeatable` to false where it changes something.
    pub fn post(url: impl Into<String>, params: Vec<(String, String)>) -> Self {
        Self { method: Method::Post, params, ..Self::get(url) }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.push((name.to_owned(), value.into()));
        self
    }

    /// The form as it goes into the body.
    pub(crate) fn form(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.params).finish()
    }
}

/// One response on the wire, or one hop of several, on its way into the vault.
#[derive(Debug, Clone)]
pub struct Exchange<'a> {
    /// Identity of the question: the same for the same method, URL and form.
    pub request_key: &'a str,
    /// How it was asked.
    pub method: Method,
    /// The first URL of the chain of redirects.
    pub url_asked: &'a str,
    /// The URL that answered.
    pub url_final: &'a str,
    /// Form that was sent, percent-encoded.
    pub request_body: &'a str,
    /// Headers that were sent, but for those of the connection (Host, Cookie).
    pub request_headers: &'a [(String, String)],
    /// When the request left.
    pub asked_at: SystemTime,
    /// When the last byte was there.
    pub received_at: SystemTime,
    /// `HTTP/1.1` ...
    pub http_version: &'a str,
    /// Status.
    pub status: u16,
    /// Headers as they came, in order.
    pub headers: &'a [(String, String)],
    /// The payload as it came, still packed when `Content-Encoding` says so; chunking is undone.
    pub payload: &'a [u8],
    /// SHA-256 of the payload.
    pub sha256: &'a str,
    /// Of a 304: the hash of the kept payload that is still good.
    pub revalidates: Option<&'a str>,
    /// Permission that stands in for robots.txt, as recorded in the configuration.
    pub permission: Option<&'a str>,
    /// The proxy that stood in between, without its password.
    pub proxy: Option<&'a str>,
}

/// A response that was kept earlier.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "as in Exchange")]
pub struct Kept {
    pub url_final: String,
    pub received_at: SystemTime,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub payload: Vec<u8>,
    pub sha256: String,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone)]
pub struct Response {
    /// The URL asked first.
    pub url_asked: String,
    /// The URL that answered.
    pub url_final: String,
    /// Status.
    pub status: u16,
    /// Headers as they came.
    pub headers: Vec<(String, String)>,
    /// The body, unpacked. Its character set is the reader's business.
    pub body: Vec<u8>,
    /// SHA-256 of the payload in the vault: what a derived value points to.
    pub sha256: String,
    /// When it came; long ago for a kept one.
    pub received_at: SystemTime,
    /// True when nothing was sent, or the service said that the kept one is still good.
    pub is_kept: bool,
    /// Tries it took; 0 when nothing was sent.
    pub n_tries: u32,
}

impl Response {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Media type without parameters, lower case.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The character set that the header claims.
    pub fn charset(&self) -> Option<String> {
        let value = self.header("content-type")?.to_ascii_lowercase();
        let label = value.split(';').skip(1).find_map(|p| p.trim().strip_prefix("charset=").map(str::to_owned))?;
        Some(label.trim_matches(['"', '\'', ' ']).to_owned()).filter(|l| !l.is_empty())
    }

    /// The response, when its status is 2xx.
    ///
    /// # Errors
    /// [`Error::Status`] with the title of the error page, for any other.
    pub fn into_good(self) -> Result<Self, Error> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        Err(Error::Status { url: self.url_final, status: self.status, title: title_of(&self.body) })
    }
}

pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

/// Bytes of a body in which a title is looked for.
const TITLE_WITHIN: usize = 64 << 10;

/// `: Title of an HTML page`, or nothing.
pub(crate) fn title_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..TITLE_WITHIN).unwrap_or(body));
    let lower = text.to_ascii_lowercase();
    let inside = lower
        .find("<title")
        .and_then(|at| Some(at + lower.get(at..)?.find('>')? + 1))
        .and_then(|from| Some((from, from + lower.get(from..)?.find("</")?)))
        .and_then(|(from, to)| text.get(from..to));
    let title = inside.map(|t| t.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default();
    if title.is_empty() { title } else { format!(": {}", crate::ingest::error::shown(&title)) }
}

/// Lower-case hexadecimal SHA-256.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Identity of a question.
pub(crate) fn request_key(method: Method, url: &str, body: &str) -> String {
    sha256_hex(format!("{} {url}\n{body}", method.as_str()).as_bytes())
}
