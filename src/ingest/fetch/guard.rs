//! Where the client may go: hosts that were named, and no address inside the own network unless that was named too.
//!
//! An address written as a number never reaches a resolver, so it is checked in the URL; a name is checked when it is resolved,
//! and the connection uses exactly the addresses that passed.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::error::Error;

/// The hosts that may be asked.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    hosts: BTreeSet<String>,
    private_hosts: BTreeSet<String>,
}

impl Guard {
    /// Allows `hosts`, and of these `private_hosts` even where they are inside the own network.
    pub fn new<'a>(hosts: impl IntoIterator<Item = &'a str>, private_hosts: impl IntoIterator<Item = &'a str>) -> Self {
        let private_hosts: BTreeSet<String> = private_hosts.into_iter().map(plain).collect();
        let hosts = hosts.into_iter().map(plain).chain(private_hosts.iter().cloned()).collect();
        Self { hosts, private_hosts }
    }

    /// Reads a URL and says whether it may be asked.
    ///
    /// # Errors
    /// When it is none, or its host is not allowed.
    pub fn check(&self, text: &str) -> Result<Url, Error> {
        let fail = |detail: &str| Error::Url { url: shown(text), detail: detail.to_owned() };
        let url = Url::parse(text).map_err(|e| fail(&e.to_string()))?;
        self.check_url(&url)?;
        Ok(url)
    }

    /// Says whether a URL may be asked.
    ///
    /// # Errors
    /// When its scheme, its host or its address is not allowed.
    pub fn check_url(&self, url: &Url) -> Result<(), Error> {
        let fail = |detail: &str| Err(Error::Url { url: shown(url.as_str()), detail: detail.to_owned() });
        if !matches!(url.scheme(), "http" | "https") {
            return fail("only http and https are fetched");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return fail("it carries a user name");
        }
        let Some(host) = url.host() else { return fail("it names no host") };
        let name = plain(&host.to_string());
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        if let Some(address) = address.filter(|a| is_private(*a) && !self.private_hosts.contains(&name)) {
            return Err(Error::PrivateAddress { host: name, address: address.to_string() });
        }
        if !self.hosts.contains(&name) {
            return Err(Error::HostNotAllowed { url: shown(url.as_str()), host: name });
        }
        Ok(())
    }

    /// The target of a redirect, when it may be followed.
    ///
    /// # Errors
    /// When the target is not allowed or leaves encryption.
    pub fn check_redirect(&self, from: &Url, location: &str) -> Result<Url, Error> {
        let fail = |detail: String| Error::Redirect { url: shown(from.as_str()), target: shown(location), detail };
        let target = from.join(location).map_err(|e| fail(e.to_string()))?;
        self.check_url(&target).map_err(|e| fail(e.to_string()))?;
        if from.scheme() == "https" && target.scheme() == "http" {
            return Err(fail("it leaves encryption".to_owned()));
        }
        Ok(target)
    }

    /// Whether a URL leads to a host of the own network that was named.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|h| self.private_hosts.contains(&plain(h)))
    }

    /// The resolver that goes with this guard. The proxy is no host to be asked, but may be inside the own network.
    pub(crate) fn resolver(&self, proxy_host: Option<&str>) -> Arc<dyn Resolve> {
        let private_hosts = self.private_hosts.iter().cloned().chain(proxy_host.map(plain)).collect();
        Arc::new(GuardedResolver { private_hosts })
    }
}

/// A host as it is compared: lower case, no brackets, no dot at the end.
fn plain(host: &str) -> String {
    host.trim().trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

fn shown(url: &str) -> String {
    crate::ingest::error::shown_up_to(url, 300)
}

/// Whether an address is not one of the public network.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => is_private_v6(v6),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // RFC 6890 and its registry: this network, private, shared, loopback, link local, protocol, documentation, benchmark,
    // multicast and reserved.
    matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let v4_at = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // Unspecified, loopback, IPv4-compatible.
        [0, 0, 0, 0, 0, 0, _, _] => true,
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            v4_at(high, low)
        }
        // Local-use NAT64, discard, Teredo, documentation.
        [0x64, 0xff9b, 1, ..] | [0x100, ..] | [0x2001, 0 | 0xdb8, ..] => true,
        // Unique local, link local, site local, multicast.
        [first, ..] => matches!(first & 0xfe00, 0xfc00) || matches!(first & 0xff80, 0xfe80) || first >= 0xff00,
    }
}

/// A refusal of the resolver, found again in the cause chain of the connection's error.
#[derive(Debug, thiserror::Error)]
#[error("{host} is the private address {address}")]
pub(crate) struct PrivateName {
    pub host: String,
    pub address: IpAddr,
}

struct GuardedResolver {
    private_hosts: BTreeSet<String>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = plain(name.as_str());
        let may_be_private = self.private_hosts.contains(&host);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            // One private address among public ones is a rebinding attempt or a broken zone: neither is fetched from.
            if let Some(bad) = found.iter().find(|a| is_private(a.ip()) && !may_be_private) {
                return Err(PrivateName { host, address: bad.ip() }.into());
            }
            let addrs: Addrs = Box::new(found.into_iter());
            Ok(addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, is_private};
    use crate::ingest::fetch::Error;

    #[test]
    fn private_addresses_in_every_writing_are_refused() {
        let guard = Guard::new(["gis.example.gov", "127.0.0.1", "::1", "10.0.0.1", "0.0.0.0"], []);
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://0/",
            "http://10.0.0.1:8080/x",
            "http://169.254.169.254/latest/meta-data/",
            "http://172.31.0.9/",
            "http://192.168.1.1/",
            "http://100.64.0.1/",
            "http://198.18.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[64:ff9b::10.0.0.1]/",
            "http://[2002:7f00:1::]/",
            "http://[fc00::1]/",
            "http://[fe80::1]/",
            "http://[ff02::1]/",
            "http://[2001:db8::1]/",
        ] {
            assert!(matches!(guard.check(url), Err(Error::PrivateAddress { .. })), "{url}: {:?}", guard.check(url));
        }
        for address in ["8.8.8.8", "172.32.0.1", "192.0.1.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
        let allowed = Guard::new([], ["127.0.0.1", "::1"]);
        assert!(allowed.check("http://127.0.0.1:1/x").is_ok() && allowed.check("http://[::1]:1/x").is_ok());
        assert!(allowed.check("http://127.0.0.2/").is_err());
    }

    #[test]
    fn only_named_hosts_and_plain_web_addresses() {
        let guard = Guard::new(["GIS.example.gov."], []);
        assert!(guard.check("https://gis.example.gov/arcgis").is_ok());
        assert!(guard.check("https://gis.example.gov.:8443/arcgis").is_ok());
        for url in
            ["https://gis.example.gov.evil.org/", "https://evil.org/gis.example.gov", "https://xgis.example.gov/"]
        {
            assert!(matches!(guard.check(url), Err(Error::HostNotAllowed { .. })), "{url}");
        }
        for url in
            ["file:///etc/passwd", "ftp://gis.example.gov/", "gis.example.gov", "https://u:p@gis.example.gov/", ""]
        {
            assert!(matches!(guard.check(url), Err(Error::Url { .. })), "{url}");
        }
    }

    #[test]
    fn redirects_stay_where_they_may() {
        let guard = Guard::new(["gis.example.gov", "www.example.gov"], []);
        let from = guard.check("https://gis.example.gov/a/b").unwrap();
        assert_eq!(guard.check_redirect(&from, "../c?d=1").unwrap().as_str(), "https://gis.example.gov/c?d=1");
        assert!(guard.check_redirect(&from, "https://www.example.gov/").is_ok());
        for target in
            ["http://gis.example.gov/a", "//evil.org/", "http://127.0.0.9/", "file:///etc/passwd", "https://evil.org/"]
        {
            assert!(matches!(guard.check_redirect(&from, target), Err(Error::Redirect { .. })), "{target}");
        }
    }
}
