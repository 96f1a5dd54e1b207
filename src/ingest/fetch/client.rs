//! The one way out: asks named hosts politely and within bounds, and hands every response to the vault before anybody reads it.
//!
//! One client is one session (cookies) and holds at most one connection to a host. Order of a request: guard, kept response,
//! robots.txt, budget, pause, tries with redirects. Everything stops within a tenth of a second when the stop flag is set.

use std::collections::{BTreeMap, HashMap};
use std::error::Error as StdError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use url::Url;

pub use super::arrival::Arrival;
use super::arrival::{Came, Hop, Kind, Raw};
use super::error::Error;
pub use super::exchange::{Exchange, Kept, Method, Request, Response};
use super::exchange::{header, request_key, title_of};
use super::guard::{Guard, PrivateName};
use super::retry::{backoff, is_passing_status, retry_after};
use super::robots::{ROBOTS_BYTES_MAX, Robots};

/// The word for us in robots.txt.
pub const PRODUCT: &str = "taptrace";
/// How often a waiting request looks at the stop flag.
const STOP_LOOK: Duration = Duration::from_millis(50);
/// The day of the budget.
const DAY: Duration = Duration::from_secs(86_400);

/// The error of a vault.
pub type VaultError = Box<dyn StdError + Send + Sync>;

/// Where responses are kept.
pub trait Vault: Send + Sync {
    /// Keeps one response (also of a redirect, an error page, a 304).
    ///
    /// # Errors
    /// When it cannot: the request then fails, so that nothing is used that is not kept.
    fn keep(&self, exchange: &Exchange<'_>) -> Result<(), VaultError>;

    /// The newest kept 200 response to a question.
    ///
    /// # Errors
    /// When the vault cannot be read.
    fn newest(&self, request_key: &str) -> Result<Option<Kept>, VaultError>;

    /// Requests sent to `host` since a moment.
    ///
    /// # Errors
    /// When the vault cannot be read.
    fn n_requests(&self, host: &str, since: SystemTime) -> Result<u64, VaultError>;
}

/// The bounds of a client, each with its default in [`Limits::default`].
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest response, packed and unpacked.
    pub bytes_max: u64,
    /// Time to connect.
    pub connect: Duration,
    /// Longest silence inside a response.
    pub silence: Duration,
    /// Time of one try, redirects apart.
    pub one_try: Duration,
    /// Time of a request with all its tries and pauses.
    pub deadline: Duration,
    /// Tries of one request.
    pub n_tries_max: u32,
    /// Redirects of one try.
    pub n_redirects_max: u32,
    /// Pause between two requests to a host; its robots.txt may ask for more.
    pub pause: Duration,
    /// First wait after a failed try; doubled each time.
    pub backoff_first: Duration,
    /// Longest wait after a failed try that names none.
    pub backoff_max: Duration,
    /// Requests to one host in 24 hours.
    pub requests_per_day: u64,
    /// How long a robots.txt holds (RFC 9309, 2.4: at most a day).
    pub robots_age_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A page of 2,000 parcels takes about 4 MB; the largest metadata seen 0.3 MB.
            bytes_max: 64 << 20,
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            one_try: Duration::from_secs(120),
            deadline: Duration::from_secs(300),
            n_tries_max: 5,
            n_redirects_max: 5,
            pause: Duration::from_secs(1),
            backoff_first: Duration::from_secs(2),
            backoff_max: Duration::from_secs(60),
            // A county of a million parcels needs 1,000 pages of 1,000.
            requests_per_day: 5_000,
            robots_age_max: DAY,
        }
    }
}

/// What a client is made of.
pub struct Options {
    /// Mail address or web page of who asks, for the user agent.
    pub contact: String,
    /// Where it may go.
    pub guard: Guard,
    /// Its bounds.
    pub limits: Limits,
    /// Hosts whose publisher permitted what robots.txt forbids, with the words of that permission.
    pub permissions: BTreeMap<String, String>,
    /// Address of a proxy. It is used for all hosts but private ones that are named; that of the environment never is.
    pub proxy: Option<String>,
    /// Set to stop.
    pub stop: Arc<AtomicBool>,
    /// Where responses are kept.
    pub vault: Arc<dyn Vault>,
}

#[derive(Default)]
struct HostState {
    next_at: Option<Instant>,
    robots: Option<Robots>,
    n_today: Option<u64>,
}

/// A session with the hosts it may ask.
pub struct Client {
    http: reqwest::Client,
    options: Options,
    user_agent: String,
    hosts: Mutex<HashMap<String, Arc<AsyncMutex<HostState>>>>,
}

impl Client {
    /// Makes a client.
    ///
    /// # Errors
    /// When no contact is named or TLS cannot be set up.
    pub fn new(options: Options) -> Result<Self, Error> {
        let contact = options.contact.trim();
        if contact.is_empty() {
            return Err(Error::NoContact);
        }
        if !contact.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            return Err(Error::SetUp { detail: "the contact must be plain ASCII".to_owned() });
        }
        // A second installation in one process is refused; the first one serves then.
        drop(rustls::crypto::ring::default_provider().install_default());
        let limits = &options.limits;
        let proxy = options.proxy.as_deref().map(proxy_url).transpose()?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(options.guard.resolver(proxy.as_ref().and_then(Url::host_str)))
            .connect_timeout(limits.connect)
            .read_timeout(limits.silence)
            .pool_max_idle_per_host(1)
            .cookie_store(true)
            .no_gzip()
            .no_deflate()
            .no_proxy()
            .http1_only();
        if let Some(proxy) = proxy {
            let guard = options.guard.clone();
            let for_others = move |url: &Url| (!guard.is_own(url)).then(|| proxy.clone());
            builder = builder.proxy(reqwest::Proxy::custom(for_others));
        }
        let http = builder.build().map_err(|e| Error::SetUp { detail: causes(&e) })?;
        let user_agent = format!("{PRODUCT}/{} (+{contact})", env!("CARGO_PKG_VERSION"));
        Ok(Self { http, user_agent, options, hosts: Mutex::default() })
    }

    /// The bounds it works in.
    pub fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// The flag that stops it.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.options.stop)
    }

    /// Asks, and comes again as long as the service says "not now" and the deadline allows. Any final status is a response;
    /// [`Response::into_good`] makes an error of those that are not 2xx.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send(&self, request: &Request) -> Result<Response, Error> {
        let url = self.url_of(request)?;
        let state = self.host(&url);
        let mut state = self.or_stop(state.lock()).await?;
        self.check_robots(&mut state, &url).await?;
        self.ask(&mut state, request, url, true).await
    }

    /// As [`Self::send`], but comes back when the last byte is here: the response is not kept before it is settled, and the next
    /// request may leave meanwhile.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn arrival(&self, request: &Request) -> Result<Arrival, Error> {
        let url = self.url_of(request)?;
        let state = self.host(&url);
        let mut state = self.or_stop(state.lock()).await?;
        self.check_robots(&mut state, &url).await?;
        self.arrive(&mut state, &mut self.question(request, url, true)?).await
    }

    /// Waits as after `n_failed` failed tries: for readers that find "not now" in a body whose status did not say so.
    ///
    /// # Errors
    /// When it is stopped meanwhile.
    pub async fn rest(&self, n_failed: u32) -> Result<(), Error> {
        let limits = &self.options.limits;
        self.sleep_until(Instant::now() + backoff(n_failed, limits.backoff_first, limits.backoff_max)).await
    }

    fn url_of(&self, request: &Request) -> Result<Url, Error> {
        let mut url = self.options.guard.check(&request.url)?;
        if request.method == Method::Get && !request.params.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.params);
        }
        Ok(url)
    }

    fn host(&self, url: &Url) -> Arc<AsyncMutex<HostState>> {
        let key = format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(key).or_default())
    }

    async fn check_robots(&self, state: &mut HostState, url: &Url) -> Result<(), Error> {
        let host = url.host_str().unwrap_or_default().to_owned();
        if self.options.permissions.contains_key(&host) {
            return Ok(());
        }
        if state.robots.is_none() {
            state.robots = Some(self.read_robots(state, url, &host).await?);
        }
        let path = url.query().map_or_else(|| url.path().to_owned(), |q| format!("{}?{q}", url.path()));
        match state.robots.as_ref().and_then(|r| r.forbids(&path)) {
            Some(found) => {
                let path = crate::ingest::error::shown(&path);
                Err(Error::RobotsForbid { host, path, line: found.line_no, rule: found.rule })
            }
            None => Ok(()),
        }
    }

    async fn read_robots(&self, state: &mut HostState, url: &Url, host: &str) -> Result<Robots, Error> {
        let mut at = url.clone();
        at.set_path("/robots.txt");
        at.set_query(None);
        let mut request = Request::get(at.as_str());
        request.age_max = Some(self.options.limits.robots_age_max);
        // What stands behind the bound is not read, so a larger file is no error.
        request.bytes_max = Some(ROBOTS_BYTES_MAX);
        let unreadable = |detail: String| Error::RobotsUnreadable { host: host.to_owned(), detail };
        match self.ask(state, &request, at, false).await {
            Ok(response) if response.status < 300 => Ok(Robots::parse(&response.body, PRODUCT)),
            // No robots.txt: nothing is forbidden (RFC 9309, 2.3.1.3).
            Ok(response) if response.status < 500 => Ok(Robots::default()),
            Ok(response) => Err(unreadable(format!("status {}", response.status))),
            // A redirect that we do not follow is a file that we do not have.
            Err(Error::Redirect { .. }) => Ok(Robots::default()),
            Err(Error::TooLarge { .. }) => Err(unreadable(format!("larger than {ROBOTS_BYTES_MAX} bytes"))),
            Err(Error::GaveUp { last, .. }) if matches!(*last, Error::Status { .. }) => {
                Err(unreadable(last.to_string()))
            }
            Err(other) => Err(other),
        }
    }

    fn question<'q>(&self, request: &'q Request, url: Url, checks_robots: bool) -> Result<Question<'q>, Error> {
        let body = if request.method == Method::Post { request.form() } else { String::new() };
        let key = request_key(request.method, url.as_str(), &body);
        let kept = self.options.vault.newest(&key).map_err(Error::Vault)?;
        let started = Instant::now();
        let deadline = started + self.options.limits.deadline;
        Ok(Question { request, url, body, key, kept, started, deadline, n_tries: 0, checks_robots })
    }

    /// A response that arrived and could be kept and unpacked.
    async fn ask(
        &self,
        state: &mut HostState,
        request: &Request,
        url: Url,
        checks_robots: bool,
    ) -> Result<Response, Error> {
        let mut question = self.question(request, url, checks_robots)?;
        loop {
            match self.arrive(state, &mut question).await?.settle() {
                Err(error) if error.is_passing() => {
                    question.kept = None;
                    self.rest_or_give_up(&question, error, None).await?;
                }
                settled => return settled,
            }
        }
    }

    /// Kept response, else tries until one is good, the tries are used up, or the deadline comes.
    async fn arrive(&self, state: &mut HostState, question: &mut Question<'_>) -> Result<Arrival, Error> {
        if let Some(kept) = question.kept.as_ref().filter(|k| is_young(k, question.request.age_max)) {
            return Ok(self.arrived(question, Kind::Kept(kept.clone())));
        }
        loop {
            question.n_tries += 1;
            let (error, asked_wait) = match self.one_try(state, question).await {
                Ok((arrival, _)) if !is_passing_status(arrival.status()) => return Ok(arrival),
                // What says "not now" is evidence too.
                Ok((arrival, asked_wait)) => match arrival.settle() {
                    Ok(response) => {
                        let (status, title) = (response.status, title_of(&response.body));
                        let url = response.url_final;
                        if let Some(wait) = asked_wait.filter(|w| Instant::now() + *w > question.deadline) {
                            return Err(Error::ComeBack { url, status, seconds: wait.as_secs().max(1) });
                        }
                        (Error::Status { url, status, title }, asked_wait)
                    }
                    Err(error) => (error, None),
                },
                Err(error) => (error, None),
            };
            if !error.is_passing() {
                return Err(error);
            }
            self.rest_or_give_up(question, error, asked_wait).await?;
        }
    }

    /// Waits for the next try, or fails when there is none.
    async fn rest_or_give_up(
        &self,
        question: &Question<'_>,
        error: Error,
        asked_wait: Option<Duration>,
    ) -> Result<(), Error> {
        let (limits, n_tries) = (&self.options.limits, question.n_tries);
        let wait = asked_wait.unwrap_or_else(|| backoff(n_tries, limits.backoff_first, limits.backoff_max));
        if n_tries < limits.n_tries_max && question.request.is_repeatable && Instant::now() + wait <= question.deadline
        {
            return self.sleep_until(Instant::now() + wait).await;
        }
        if n_tries <= 1 {
            return Err(error);
        }
        Err(Error::GaveUp { n_tries, ms: question.started.elapsed().as_millis(), last: Box::new(error) })
    }

    fn arrived(&self, question: &Question<'_>, kind: Kind) -> Arrival {
        Arrival {
            kind,
            url_asked: question.url.to_string(),
            bytes_max: self.bytes_max(question.request),
            n_tries: question.n_tries,
        }
    }

    /// One try with its redirects; also how long the service asks to wait, when it says "not now".
    async fn one_try(
        &self,
        state: &mut HostState,
        question: &Question<'_>,
    ) -> Result<(Arrival, Option<Duration>), Error> {
        let limits = &self.options.limits;
        let request = question.request;
        let (mut method, mut url, mut body) = (request.method, question.url.clone(), question.body.clone());
        for _ in 0..=limits.n_redirects_max {
            let hop = Hop { method, url, body, headers: self.headers_of(request, question.kept.as_ref()) };
            let raw = self.exchange(state, &hop, question).await?;
            let location =
                header(&raw.headers, "location").filter(|_| matches!(raw.status, 301 | 302 | 303 | 307 | 308));
            let location = location.map(str::to_owned);
            let wait = header(&raw.headers, "retry-after").and_then(|v| retry_after(v, SystemTime::now()));
            let is_forgetting = matches!(raw.status, 301..=303);
            let came = self.came(hop, raw, question);
            let Some(location) = location else {
                return Ok((self.arrived(question, Kind::Came(Box::new(came))), wait));
            };
            came.keep(question.url.as_str())?;
            Hop { method, url, body, .. } = came.hop;
            let target = self.options.guard.check_redirect(&url, &location)?;
            if question.checks_robots && target.host_str() == url.host_str() {
                Box::pin(self.check_robots(state, &target)).await?;
            }
            if is_forgetting {
                method = Method::Get;
                body.clear();
            }
            url = target;
        }
        Err(Error::Redirect {
            url: question.url.to_string(),
            target: url.to_string(),
            detail: format!("more than {} redirects", limits.n_redirects_max),
        })
    }

    fn came(&self, hop: Hop, raw: Raw, question: &Question<'_>) -> Came {
        let permission = hop.url.host_str().and_then(|h| self.options.permissions.get(h)).cloned();
        let revalidated = question.kept.as_ref().filter(|_| raw.status == 304).cloned();
        let vault = Arc::clone(&self.options.vault);
        let proxy = self.proxy_of(&hop.url);
        Came { vault, request_key: question.key.clone(), hop, raw, permission, proxy, revalidated }
    }

    /// The proxy that a request goes through, without its password.
    fn proxy_of(&self, url: &Url) -> Option<String> {
        let proxy = self.options.proxy.as_deref().filter(|_| !self.options.guard.is_own(url))?;
        let proxy = proxy_url(proxy).ok()?;
        Some(format!("{}:{}", proxy.host_str()?, proxy.port_or_known_default()?))
    }

    fn headers_of(&self, request: &Request, kept: Option<&Kept>) -> Vec<(String, String)> {
        let mut headers = vec![
            ("User-Agent".to_owned(), self.user_agent.clone()),
            ("Accept".to_owned(), "*/*".to_owned()),
            ("Accept-Encoding".to_owned(), "gzip".to_owned()),
        ];
        if request.method == Method::Post {
            headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        }
        if let Some(kept) = kept {
            for (theirs, ours) in [("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")] {
                headers.extend(header(&kept.headers, theirs).map(|v| (ours.to_owned(), v.to_owned())));
            }
        }
        headers.extend(request.headers.iter().cloned());
        headers
    }

    fn bytes_max(&self, request: &Request) -> u64 {
        request.bytes_max.unwrap_or(self.options.limits.bytes_max)
    }

    /// Waits for its turn, sends, and reads to the end within the bounds.
    async fn exchange(&self, state: &mut HostState, hop: &Hop, question: &Question<'_>) -> Result<Raw, Error> {
        self.spend(state, &hop.url)?;
        // A timer for a moment that has passed takes a millisecond or two all the same.
        if let Some(next_at) = state.next_at.filter(|at| *at > Instant::now()) {
            self.sleep_until(next_at).await?;
        }
        let limits = &self.options.limits;
        let left = question.deadline.saturating_duration_since(Instant::now()).min(limits.one_try);
        let pause = state.robots.as_ref().and_then(|r| r.crawl_delay).unwrap_or_default().max(limits.pause);
        // Also a request that is dropped on the way was one.
        state.next_at = Some(Instant::now() + pause);
        let result = self.or_stop(self.read(hop, question.request, left)).await;
        state.next_at = Some(Instant::now() + pause);
        result?
    }

    async fn read(&self, hop: &Hop, request: &Request, time: Duration) -> Result<Raw, Error> {
        let asked_at = SystemTime::now();
        let mut builder = match hop.method {
            Method::Get => self.http.get(hop.url.clone()),
            Method::Post => self.http.post(hop.url.clone()).body(hop.body.clone()),
        };
        for (name, value) in hop.headers.iter().filter(|(n, _)| hop.method == Method::Post || n != "Content-Type") {
            builder = builder.header(name, value);
        }
        let is_proxied = self.proxy_of(&hop.url).is_some();
        let fail = |e: reqwest::Error| transport_error(hop.url.as_str(), e, time, is_proxied);
        let mut response = builder.timeout(time).send().await.map_err(fail)?;
        let limit = self.bytes_max(request);
        let too_large = || Error::TooLarge { url: hop.url.to_string(), limit, detail: "" };
        if response.content_length().is_some_and(|n| n > limit) {
            return Err(too_large());
        }
        let headers = response
            .headers()
            .iter()
            .map(|(n, v)| (n.as_str().to_owned(), v.as_bytes().iter().map(|b| char::from(*b)).collect()))
            .collect();
        let (status, http_version) = (response.status().as_u16(), format!("{:?}", response.version()));
        let mut payload = Vec::with_capacity(usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(fail)? {
            if (payload.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            payload.extend_from_slice(&chunk);
        }
        Ok(Raw { status, http_version, headers, payload, asked_at, received_at: SystemTime::now() })
    }

    fn spend(&self, state: &mut HostState, url: &Url) -> Result<(), Error> {
        let host = url.host_str().unwrap_or_default();
        let max = self.options.limits.requests_per_day;
        let n = match state.n_today {
            Some(n) => n,
            None => self.options.vault.n_requests(host, SystemTime::now() - DAY).map_err(Error::Vault)?,
        };
        if n >= max {
            return Err(Error::Budget { host: host.to_owned(), n, max });
        }
        state.n_today = Some(n + 1);
        Ok(())
    }

    async fn sleep_until(&self, moment: Instant) -> Result<(), Error> {
        self.or_stop(tokio::time::sleep_until(moment)).await
    }

    /// Waits for `work`, but no longer than the stop flag allows.
    async fn or_stop<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        let mut work = std::pin::pin!(work);
        loop {
            if self.options.stop.load(Ordering::SeqCst) {
                return Err(Error::Interrupted);
            }
            tokio::select! {
                value = &mut work => return Ok(value),
                () = tokio::time::sleep(STOP_LOOK) => {}
            }
        }
    }
}

/// A request with what is known of it before it is sent.
struct Question<'a> {
    request: &'a Request,
    url: Url,
    body: String,
    key: String,
    kept: Option<Kept>,
    started: Instant,
    deadline: Instant,
    n_tries: u32,
    checks_robots: bool,
}

fn is_young(kept: &Kept, age_max: Option<Duration>) -> bool {
    // A response from the future (the clock was set back) is not young.
    age_max.is_some_and(|max| SystemTime::now().duration_since(kept.received_at).is_ok_and(|age| age <= max))
}

/// Reads the address of a proxy; what is wrong is told without what may be a password in it.
fn proxy_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text.trim()).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
    url.ok_or_else(|| Error::SetUp { detail: "the proxy must be written as http://HOST:PORT".to_owned() })
}

fn transport_error(url: &str, error: reqwest::Error, time: Duration, is_proxied: bool) -> Error {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(at) = cause {
        if let Some(private) = at.downcast_ref::<PrivateName>() {
            return Error::PrivateAddress { host: private.host.clone(), address: private.address.to_string() };
        }
        cause = at.source();
    }
    let url = url.to_owned();
    if error.is_timeout() {
        let what = if error.is_connect() { "connecting" } else { "the response" };
        return Error::Timeout { url, what, ms: time.as_millis() };
    }
    let detail = if error.is_connect() && is_proxied {
        "cannot connect through the proxy"
    } else if error.is_connect() {
        "cannot connect"
    } else if error.is_body() || error.is_decode() {
        "the response stops in the middle"
    } else {
        "the connection broke"
    };
    Error::Transport { url, detail, source: Box::new(error.without_url()) }
}

fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(at) = cause {
        text.push_str(": ");
        text.push_str(&at.to_string());
        cause = at.source();
    }
    text
}
