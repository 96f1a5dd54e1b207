//! Flags that every command with network shares: who asks, whom, how often.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::ValueHint;

use super::{Failure, Global, context};
use crate::ingest::fetch::client::{Client, Options};
use crate::ingest::fetch::guard::Guard;
use crate::ingest::fetch::settings::Settings;
use crate::pipeline::fetch_vault::EvidenceVault;

/// Name of the configuration file that is looked for here and beside the database.
const FILE_NAME: &str = "taptrace.toml";

/// Who asks, whom, how often.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct NetArgs {
    /// Mail address or web page of who asks; services see it in the user agent.
    #[arg(long, env = "TAPTRACE_CONTACT", value_name = "MAIL")]
    pub(crate) contact: Option<String>,
    /// A host that may be asked although no profile names it.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// A host of your own network that may be asked.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_private: Vec<String>,
    /// Pause between two requests to a host, in milliseconds.
    #[arg(long, value_name = "MS")]
    pub(crate) pause_ms: Option<u64>,
    /// Requests to one host in 24 hours.
    #[arg(long, value_name = "N")]
    pub(crate) requests_per_day: Option<u64>,
    /// Configuration file (default: taptrace.toml here or beside the database).
    #[arg(long, env = "TAPTRACE_CONFIG", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
}

impl NetArgs {
    /// The configuration with the flags laid over it.
    pub(crate) fn settings(&self, global: &Global) -> Result<Settings, Failure> {
        let beside = global.db.parent().unwrap_or(Path::new("")).join(FILE_NAME);
        let found =
            self.config.clone().or_else(|| [PathBuf::from(FILE_NAME), beside].into_iter().find(|p| p.is_file()));
        let mut settings = match found {
            Some(path) => {
                Settings::read(&path).map_err(|e| Failure::from_error(&e).hint("docs/fetch.md lists the keys"))?
            }
            None => Settings::default(),
        };
        settings.contact = self.contact.clone().or(settings.contact);
        settings.hosts.extend(self.allow_host.iter().cloned());
        settings.private_hosts.extend(self.allow_private.iter().cloned());
        settings.pause_ms = self.pause_ms.or(settings.pause_ms);
        settings.requests_per_day = self.requests_per_day.or(settings.requests_per_day);
        Ok(settings)
    }

    /// A client that may ask `hosts` besides the configured ones and keeps what comes in `vault`; Ctrl-C stops it.
    pub(crate) fn client(
        &self,
        global: &Global,
        hosts: &[&str],
        vault: &Arc<EvidenceVault>,
    ) -> Result<Client, Failure> {
        let settings = self.settings(global)?;
        let named = hosts.iter().copied().chain(settings.hosts.iter().map(String::as_str));
        let options = Options {
            contact: settings.contact.clone().unwrap_or_default(),
            guard: Guard::new(named, settings.private_hosts.iter().map(String::as_str)),
            limits: settings.limits(),
            permissions: settings.permissions.clone(),
            proxy: settings.proxy.clone(),
            stop: stop_flag(),
            vault: Arc::clone(vault) as _,
        };
        Client::new(options).map_err(|e| Failure::from_error(&e).hint(e.hint()))
    }
}

/// The vault of the database, for what this command fetches.
pub(crate) fn vault(global: &Global, reason: &str) -> Result<Arc<EvidenceVault>, Failure> {
    let authorship = context::authorship(global, reason);
    EvidenceVault::open(&global.db, &authorship).map(Arc::new).map_err(|e| Failure::from_error(&e).hint(e.hint()))
}

/// A flag that Ctrl-C sets.
fn stop_flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    context::stop_on_signal(&stop);
    stop
}
