//! A response between the wire and its reader: all bytes are here, nothing is hashed, kept or unpacked yet.
//!
//! [`Arrival::settle`] does that, and may do it on another thread, so that the next request need not wait for it. Whoever drops an
//! arrival drops evidence.

use std::sync::Arc;
use std::time::SystemTime;

use url::Url;

use super::body;
use super::client::Vault;
use super::error::Error;
use super::exchange::{Exchange, Kept, Method, Response, header, sha256_hex};

/// One question of a chain of redirects.
pub(super) struct Hop {
    pub method: Method,
    pub url: Url,
    pub body: String,
    pub headers: Vec<(String, String)>,
}

/// What came back on the wire.
pub(super) struct Raw {
    pub status: u16,
    pub http_version: String,
    pub headers: Vec<(String, String)>,
    pub payload: Vec<u8>,
    pub asked_at: SystemTime,
    pub received_at: SystemTime,
}

/// A response that came in, or one kept earlier that is still good.
pub struct Arrival {
    pub(super) kind: Kind,
    pub(super) url_asked: String,
    pub(super) bytes_max: u64,
    pub(super) n_tries: u32,
}

pub(super) enum Kind {
    /// Nothing was sent.
    Kept(Kept),
    Came(Box<Came>),
}

/// What the vault is to be told of a response.
pub(super) struct Came {
    pub vault: Arc<dyn Vault>,
    pub request_key: String,
    pub hop: Hop,
    pub raw: Raw,
    pub permission: Option<String>,
    pub proxy: Option<String>,
    /// The kept response that a 304 says is still good.
    pub revalidated: Option<Kept>,
}

impl Came {
    /// Hands the response to the vault; gives back its hash.
    pub(super) fn keep(&self, url_asked: &str) -> Result<String, Error> {
        let (hop, raw) = (&self.hop, &self.raw);
        let sha256 = sha256_hex(&raw.payload);
        let exchange = Exchange {
            request_key: &self.request_key,
            method: hop.method,
            url_asked,
            url_final: hop.url.as_str(),
            request_body: &hop.body,
            request_headers: &hop.headers,
            asked_at: raw.asked_at,
            received_at: raw.received_at,
            http_version: &raw.http_version,
            status: raw.status,
            headers: &raw.headers,
            payload: &raw.payload,
            sha256: &sha256,
            revalidates: self.revalidated.as_ref().map(|k| k.sha256.as_str()),
            permission: self.permission.as_deref(),
            proxy: self.proxy.as_deref(),
        };
        self.vault.keep(&exchange).map_err(Error::Vault)?;
        Ok(sha256)
    }
}

impl Arrival {
    /// The status that came.
    pub fn status(&self) -> u16 {
        match &self.kind {
            Kind::Kept(kept) => kept.status,
            Kind::Came(came) => came.revalidated.as_ref().map_or(came.raw.status, |k| k.status),
        }
    }

    /// Keeps it as evidence and unpacks it.
    ///
    /// # Errors
    /// When it cannot be kept or unpacked.
    pub fn settle(self) -> Result<Response, Error> {
        let Self { kind, url_asked, bytes_max, n_tries } = self;
        let came = match kind {
            Kind::Kept(kept) => return answer_from(kept, url_asked, bytes_max, 0),
            Kind::Came(came) => *came,
        };
        let sha256 = came.keep(&url_asked)?;
        let Came { hop, raw, revalidated, .. } = came;
        if let Some(kept) = revalidated {
            return answer_from(kept, url_asked, bytes_max, n_tries);
        }
        let body = body::unpack(hop.url.as_str(), header(&raw.headers, "content-encoding"), raw.payload, bytes_max)?;
        Ok(Response {
            url_asked,
            url_final: hop.url.into(),
            status: raw.status,
            headers: raw.headers,
            body,
            sha256,
            received_at: raw.received_at,
            is_kept: false,
            n_tries,
        })
    }
}

fn answer_from(kept: Kept, url_asked: String, bytes_max: u64, n_tries: u32) -> Result<Response, Error> {
    let body = body::unpack(&kept.url_final, header(&kept.headers, "content-encoding"), kept.payload, bytes_max)?;
    Ok(Response {
        url_asked,
        body,
        url_final: kept.url_final,
        status: kept.status,
        headers: kept.headers,
        sha256: kept.sha256,
        received_at: kept.received_at,
        is_kept: true,
        n_tries,
    })
}
