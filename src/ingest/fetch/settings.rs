//! The `[fetch]` table of `taptrace.toml`: who asks, whom, how often. docs/fetch.md lists the keys.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::client::Limits;
use crate::ingest::Error;
use crate::ingest::bytes::read_error;

/// What the configuration says about fetching; every key may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Mail address or web page of who asks.
    pub contact: Option<String>,
    /// Hosts that may be asked besides those of the profile.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Hosts of the own network that may be asked.
    #[serde(default)]
    pub private_hosts: Vec<String>,
    /// Permissions of publishers that stand in for robots.txt: host, and who permitted what when.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    /// Address of the proxy that requests to other than the own hosts go through.
    pub proxy: Option<String>,
    /// Pause between two requests to a host.
    pub pause_ms: Option<u64>,
    /// Requests to a host in 24 hours.
    pub requests_per_day: Option<u64>,
    /// Time of one request with all its tries.
    pub deadline_ms: Option<u64>,
    /// Time of one try.
    pub one_try_ms: Option<u64>,
    /// Tries of one request.
    pub tries: Option<u32>,
    /// First wait after a failed try.
    pub backoff_ms: Option<u64>,
    /// Largest response.
    pub bytes_max: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct Whole {
    #[serde(default)]
    fetch: Settings,
}

impl Settings {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// With line and column of what is wrong.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|e| read_error(path, e))?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads the text of one; `name` is for messages.
    ///
    /// # Errors
    /// With line and column of what is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let whole: Whole = toml::from_str(text).map_err(|e| {
            let before = text.get(..e.span().map_or(0, |s| s.start)).unwrap_or_default();
            Error::Profile {
                name: name.to_owned(),
                line: before.matches('\n').count() + 1,
                column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
                detail: e.message().replace('\n', " ").trim().to_owned(),
            }
        })?;
        Ok(whole.fetch)
    }

    /// The bounds, defaults where nothing is said.
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        let ms = |value: Option<u64>, other: Duration| value.map_or(other, Duration::from_millis);
        let one_try = ms(self.one_try_ms, default.one_try);
        Limits {
            pause: ms(self.pause_ms, default.pause),
            requests_per_day: self.requests_per_day.unwrap_or(default.requests_per_day),
            deadline: ms(self.deadline_ms, default.deadline),
            one_try,
            silence: default.silence.min(one_try),
            connect: default.connect.min(one_try),
            n_tries_max: self.tries.unwrap_or(default.n_tries_max).max(1),
            backoff_first: ms(self.backoff_ms, default.backoff_first),
            bytes_max: self.bytes_max.unwrap_or(default.bytes_max),
            ..default
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Settings;
    use crate::ingest::Error;

    #[test]
    fn keys_are_read_and_mistakes_told() {
        let text = "[web]\nport = 1\n[fetch]\ncontact = \"gis@city.example\"\npause_ms = 5\none_try_ms = 20\n\
                    [fetch.permissions]\n\"gis.example.gov\" = \"letter of 2026-01-05\"\n";
        let settings = Settings::parse("taptrace.toml", text).unwrap();
        assert_eq!(settings.contact.as_deref(), Some("gis@city.example"));
        assert_eq!(settings.permissions.len(), 1);
        let limits = settings.limits();
        assert_eq!((limits.pause, limits.silence), (Duration::from_millis(5), Duration::from_millis(20)));
        let error = Settings::parse("t", "[fetch]\n\ncontakt = \"x\"\n").unwrap_err();
        assert!(matches!(error, Error::Profile { line: 3, column: 1, .. }), "{error}");
        assert_eq!(Settings::parse("t", "").unwrap().limits().n_tries_max, 5);
    }
}
