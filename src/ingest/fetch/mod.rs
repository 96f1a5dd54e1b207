//! Records from services on the network: polite, bounded, resumable, and every response kept as evidence.
//!
//! [`client::Client`] is the only way out: it asks the hosts it was told to, one connection each, and hands every response to a
//! [`client::Vault`] before anybody reads it. [`guard`] says where it may go, [`robots`] what a host wants left alone,
//! [`retry`] when to come again. Not here: where responses are kept (`pipeline`, `store`), what a page means (its reader).

pub mod arcgis;
pub mod arrival;
pub mod client;
pub mod error;
pub mod exchange;
pub mod guard;
pub mod retry;
pub mod robots;
pub mod settings;

mod body;

pub use error::Error;

/// Runs `work` to its end on a runtime of its own; for callers that are not asynchronous themselves.
///
/// # Errors
/// When the runtime cannot be made.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|e| Error::SetUp { detail: e.to_string() })?.block_on(work))
}

/// Largest body that is unpacked from what was kept: nothing larger was ever accepted.
const KEPT_BYTES_MAX: u64 = 1 << 30;

/// The body of a kept payload, unpacked as its headers say.
///
/// # Errors
/// When it cannot be unpacked.
pub fn body_of(name: &str, headers: &[(String, String)], payload: Vec<u8>) -> Result<Vec<u8>, Error> {
    body::unpack(name, exchange::header(headers, "content-encoding"), payload, KEPT_BYTES_MAX)
}
