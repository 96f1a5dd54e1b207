//! Records from services on the network: polite, bounded, resumable, and every response kept as evidence.
//!
//! [`client::Client`] is the only way out: it asks the hosts it was told to, one connection each, and hands every response to a
//! [`client::Vault`] before anybody reads it. [`guard`] says where it may go, [`robots`] what a host wants left alone,
//! [`retry`] when to come again. Not here: where responses are kept (`pipeline`, `store`), what a page means (its reader).

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
