//! What can go wrong on the way to a service and back.

use std::error::Error as StdError;

/// A request that brought no usable response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are named in the message")]
pub enum Error {
    /// The client cannot be set up.
    #[error("cannot set up the HTTP client: {detail}")]
    SetUp { detail: String },
    /// Nobody to write to is named.
    #[error("no contact is named for the user agent")]
    NoContact,
    /// No address of the web, or one with a password in it.
    #[error("{url} cannot be fetched: {detail}")]
    Url { url: String, detail: String },
    /// A host that neither a profile nor the configuration names.
    #[error("{url}: the host {host} is named neither by the profile nor by the configuration")]
    HostNotAllowed { url: String, host: String },
    /// A host inside the own network.
    #[error("{host} is the private address {address}")]
    PrivateAddress { host: String, address: String },
    /// A redirect that is not followed.
    #[error("{url} redirects to {target}: {detail}")]
    Redirect { url: String, target: String, detail: String },
    /// The host's robots.txt forbids the path.
    #[error("robots.txt of {host} forbids {path} (line {line}: {rule})")]
    RobotsForbid { host: String, path: String, line: usize, rule: String },
    /// The host's robots.txt cannot be read now, which forbids everything.
    #[error("robots.txt of {host} cannot be read ({detail}); until it can, nothing may be fetched from there")]
    RobotsUnreadable { host: String, detail: String },
    /// The requests of the day are used up.
    #[error("{n} requests were sent to {host} in the last 24 hours; the budget is {max}")]
    Budget { host: String, n: u64, max: u64 },
    /// More bytes than allowed, packed or unpacked.
    #[error("{url}: the response is larger than {limit} bytes{detail}")]
    TooLarge { url: String, limit: u64, detail: &'static str },
    /// The body cannot be unpacked.
    #[error("{url}: the response cannot be unpacked: {detail}")]
    Encoding { url: String, detail: String },
    /// The body stops before its end.
    #[error("{url}: the response stops in the middle, after {n_bytes} bytes")]
    Truncated { url: String, n_bytes: u64 },
    /// Nothing came for too long.
    #[error("{url}: {what} took longer than {ms} ms")]
    Timeout { url: String, what: &'static str, ms: u128 },
    /// The connection failed.
    #[error("{url}: {detail}")]
    Transport {
        url: String,
        detail: &'static str,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A status that says no.
    #[error("{url} answered with status {status}{title}")]
    Status { url: String, status: u16, title: String },
    /// The service wants to be left alone for longer than we may wait.
    #[error("{url} answered with status {status} and asks to come back in {seconds} seconds")]
    ComeBack { url: String, status: u16, seconds: u64 },
    /// Several tries, none good.
    #[error("gave up after {n_tries} tries in {ms} ms")]
    GaveUp {
        n_tries: u32,
        ms: u128,
        #[source]
        last: Box<Error>,
    },
    /// The service answers with an error of its own, whatever the status.
    #[error("{url}: the service says {code} {message}")]
    Service { url: String, code: i64, message: String },
    /// HTML or XML where JSON was asked for.
    #[error("{url}: a page for people instead of JSON{title}")]
    NotJson { url: String, title: String },
    /// JSON, but not what was asked for.
    #[error("{url}: {detail}")]
    Unexpected { url: String, detail: String },
    /// Rows that were there before, or that were not asked for.
    #[error("{url}: {detail}")]
    Repeated { url: String, detail: String },
    /// The rows that came are not as many as the service counts.
    #[error("{url}: {n_rows} rows came; the service counted {before} before and {after} after")]
    Count { url: String, n_rows: u64, before: String, after: u64 },
    /// The layer can be paged in no way we know.
    #[error("{url}: the layer can be read in no way: {detail}")]
    NoPaging { url: String, detail: String },
    /// The response could not be kept.
    #[error("the response cannot be kept")]
    Vault(#[source] Box<dyn StdError + Send + Sync>),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Whether the same request may succeed a little later.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Truncated { .. } | Error::Timeout { .. } | Error::Transport { .. } | Error::Encoding { .. } => true,
            // A page for people is how services say that they are down.
            Error::NotJson { .. } => true,
            Error::Status { status, .. } => super::retry::is_passing_status(*status),
            Error::Service { code, .. } => u16::try_from(*code).is_ok_and(super::retry::is_passing_status),
            Error::SetUp { .. }
            | Error::NoContact
            | Error::Url { .. }
            | Error::HostNotAllowed { .. }
            | Error::PrivateAddress { .. }
            | Error::Redirect { .. }
            | Error::RobotsForbid { .. }
            | Error::RobotsUnreadable { .. }
            | Error::Budget { .. }
            | Error::TooLarge { .. }
            | Error::ComeBack { .. }
            | Error::GaveUp { .. }
            | Error::Unexpected { .. }
            | Error::Repeated { .. }
            | Error::Count { .. }
            | Error::NoPaging { .. }
            | Error::Vault(_)
            | Error::Interrupted => false,
        }
    }

    /// What to try next.
    pub fn hint(&self) -> String {
        match self {
            Error::NoContact => "name a person or office: --contact it@city.example, or TAPTRACE_CONTACT".to_owned(),
            Error::HostNotAllowed { host, .. } => format!("if it is the right one: --allow-host {host}"),
            Error::PrivateAddress { host, .. } => {
                format!("a service of your own network must be named: --allow-private {host}")
            }
            Error::Redirect { .. } => "open the address in a browser; give the final one to taptrace".to_owned(),
            Error::RobotsForbid { .. } | Error::RobotsUnreadable { .. } => {
                "ask the publisher for a file or for permission; docs/fetch.md says how to record one".to_owned()
            }
            Error::Budget { .. } => {
                "go on tomorrow with the same command: it resumes; or raise --requests-per-day".to_owned()
            }
            Error::ComeBack { seconds, .. } => {
                format!("run the same command again in {} minutes: it resumes", seconds.div_ceil(60))
            }
            Error::TooLarge { .. } => "docs/fetch.md lists the limits".to_owned(),
            Error::Vault(_) => "is there room beside the database? taptrace check".to_owned(),
            Error::Service { code: 498 | 499, .. } => {
                "the layer needs a login; ask the publisher for a public one or a file".to_owned()
            }
            Error::Service { code: 400, .. } => {
                "is the condition (--where) in the service's SQL? else without --geojson, or with --paging oid, ids or range"
                    .to_owned()
            }
            Error::Status { status: 407, .. } => {
                "the proxy asks for a login: proxy = \"http://USER:PASSWORD@HOST:PORT\" in the [fetch] table".to_owned()
            }
            Error::Transport { detail: "cannot connect through the proxy", .. } => {
                "is the proxy of the [fetch] table the right one?".to_owned()
            }
            Error::Unexpected { .. } => "open the address in a browser with ?f=json behind it".to_owned(),
            Error::Repeated { .. } => "try another way of paging: --paging oid, or --paging ids".to_owned(),
            Error::Count { before, after, .. } if *before == after.to_string() => {
                "the service does not give what it counts; try another way: --paging oid, ids or range".to_owned()
            }
            Error::Count { .. } => "the layer was edited meanwhile; run the same command again".to_owned(),
            Error::NoPaging { .. } => "ask the publisher for a file: taptrace import parcels FILE".to_owned(),
            Error::SetUp { .. }
            | Error::Service { .. }
            | Error::NotJson { .. }
            | Error::Url { .. }
            | Error::Encoding { .. }
            | Error::Truncated { .. }
            | Error::Timeout { .. }
            | Error::Transport { .. }
            | Error::Status { .. }
            | Error::GaveUp { .. }
            | Error::Interrupted => "look whether the service is up, then run the same command again".to_owned(),
        }
    }
}
