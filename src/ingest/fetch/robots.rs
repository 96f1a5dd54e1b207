//! robots.txt as RFC 9309 has it: groups by product token, longest match wins, `*` and `$`, and `Crawl-delay` as most honor it.

use std::time::Duration;

/// Bytes of a robots.txt that are read (RFC 9309, 2.5 asks for at least 500 KiB).
pub const ROBOTS_BYTES_MAX: u64 = 512 << 10;

/// A longer `Crawl-delay` is read as this: it means "go away", which `Disallow` says better.
const CRAWL_DELAY_MAX: Duration = Duration::from_secs(120);

/// The rules that hold for us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Robots {
    rules: Vec<Rule>,
    /// Pause between requests that the host asks for.
    pub crawl_delay: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    is_allow: bool,
    pattern: String,
    line_no: usize,
}

/// The rule that forbids a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// Line of robots.txt.
    pub line_no: usize,
    /// The rule as written there.
    pub rule: String,
}

#[derive(Default)]
struct Group {
    is_ours: bool,
    is_star: bool,
    robots: Robots,
}

impl Robots {
    /// Reads the rules for `product` (compared without case); without a group of its own, those for `*`.
    pub fn parse(bytes: &[u8], product: &str) -> Self {
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let mut groups: Vec<Group> = Vec::new();
        let mut is_in_head = false;
        for (index, line) in text.split(['\n', '\r']).enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if key == "user-agent" {
                if !is_in_head {
                    groups.push(Group::default());
                }
                is_in_head = true;
                if let Some(group) = groups.last_mut() {
                    let token = value.split(['/', ' ']).next().unwrap_or_default();
                    group.is_star |= token == "*";
                    group.is_ours |= token.eq_ignore_ascii_case(product);
                }
                continue;
            }
            let is_rule = matches!(key.as_str(), "allow" | "disallow" | "crawl-delay");
            // Other lines (Sitemap) do not end the head of a group.
            is_in_head &= !is_rule;
            if let (true, Some(group)) = (is_rule, groups.last_mut()) {
                group.robots.add(&key, value, index + 1);
            }
        }
        let pick = |wanted: fn(&Group) -> bool| {
            let mut merged = Robots::default();
            let mut is_found = false;
            for group in groups.iter().filter(|g| wanted(g)) {
                is_found = true;
                merged.rules.extend(group.robots.rules.iter().cloned());
                merged.crawl_delay = merged.crawl_delay.max(group.robots.crawl_delay);
            }
            is_found.then_some(merged)
        };
        pick(|g| g.is_ours).or_else(|| pick(|g| g.is_star)).unwrap_or_default()
    }

    fn add(&mut self, key: &str, value: &str, line_no: usize) {
        if key == "crawl-delay" {
            let delay = value.parse::<f64>().ok().filter(|s| *s >= 0.0 && s.is_finite());
            self.crawl_delay = delay.map(|s| Duration::from_secs_f64(s.min(CRAWL_DELAY_MAX.as_secs_f64())));
        } else if !value.is_empty() {
            // An empty Disallow forbids nothing.
            self.rules.push(Rule { is_allow: key == "allow", pattern: normal(value, true), line_no });
        }
    }

    /// The rule that forbids `path` (with its query), if one does: the longest match, `Allow` where two are as long.
    pub fn forbids(&self, path: &str) -> Option<Forbidden> {
        let path = normal(path, false);
        let best = self
            .rules
            .iter()
            .filter(|r| matches_pattern(r.pattern.as_bytes(), path.as_bytes()))
            .max_by_key(|r| (r.pattern.len(), r.is_allow))?;
        (!best.is_allow).then(|| Forbidden { line_no: best.line_no, rule: format!("Disallow: {}", best.pattern) })
    }
}

/// One writing of percent-encoding: unreserved characters plain, hexadecimal digits upper case, everything outside ASCII encoded.
/// In a pattern `*` and `$` mean something, in a path they are themselves.
fn normal(path: &str, is_pattern: bool) -> String {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let b = bytes[at];
        let code = (b == b'%').then(|| path.get(at + 1..at + 3).and_then(|h| u8::from_str_radix(h, 16).ok())).flatten();
        let (value, is_encoded) = code.map_or((b, false), |c| (c, true));
        at += if is_encoded { 3 } else { 1 };
        let is_unreserved = value.is_ascii_alphanumeric() || matches!(value, b'-' | b'.' | b'_' | b'~');
        let is_wildcard = matches!(value, b'*' | b'$');
        if is_unreserved || (!is_encoded && value.is_ascii_graphic() && (is_pattern || !is_wildcard)) {
            out.push(char::from(value));
        } else {
            out.push_str(&format!("%{value:02X}"));
        }
    }
    out
}

/// Prefix match with `*` (anything) and `$` (the end), without backtracking over more than the last `*`.
fn matches_pattern(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, is_anchored) = match pattern.strip_suffix(b"$") {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let (mut p, mut s) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p == pattern.len() && (!is_anchored || s == path.len()) {
            return true;
        }
        if p < pattern.len() && pattern[p] == b'*' {
            retry = Some((p, s));
            p += 1;
        } else if p < pattern.len() && s < path.len() && pattern[p] == path[s] {
            p += 1;
            s += 1;
        } else if let Some((star, from)) = retry.filter(|(_, from)| *from < path.len()) {
            retry = Some((star, from + 1));
            p = star + 1;
            s = from + 1;
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Robots;

    fn allows(robots: &str, path: &str) -> bool {
        Robots::parse(robots.as_bytes(), "taptrace").forbids(path).is_none()
    }

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 9309, 2.2.2 and 5.
        let simple = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
                      User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
                      User-Agent: barbot\nUser-Agent: taptrace\nDisallow: /example/page.html\n";
        assert!(!allows(simple, "/example/page.html"));
        assert!(allows(simple, "/example/other.gif"), "the group of our own replaces that of everybody");
        let longest = "User-Agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
        assert!(allows(longest, "/example/page/x") && !allows(longest, "/example/page/disallowed.gif"));
        for (rule, path, is_match) in [
            ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html", true),
            ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
            ("/foo/bar/ツ", "/foo/bar/%E3%83%84", true),
            ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84", true),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz", true),
            ("/this/path/exactly$", "/this/path/exactly", true),
            ("/this/path/exactly$", "/this/path/exactly/", false),
            ("/this/*/exactly", "/this/one/or/other/exactly?x", true),
            ("/*.php$", "/a.php.html", false),
            ("/a*b*c$", "/aXbYbZc", true),
            ("/", "/anything", true),
            ("/fish", "/Fish", false),
        ] {
            let robots = format!("user-agent : *\ndisallow : {rule} # why\n");
            assert_eq!(!allows(&robots, path), is_match, "{rule} {path}");
        }
    }

    #[test]
    fn odd_files_are_read_with_good_will() {
        assert!(allows("", "/x") && allows("<html><body>Not found</body></html>", "/x"));
        assert!(allows("User-agent: *\nDisallow:\n", "/x"));
        assert!(!allows("\u{feff}User-agent: *\r\nDisallow: /\r\n", "/x"));
        assert!(!allows("User-agent: TapTrace/2.0 (x)\nDisallow: /\n", "/x"));
        assert!(
            allows("Disallow: /\nUser-agent: other\nDisallow: /\n", "/x"),
            "a rule without a group holds for nobody"
        );
        assert!(!allows(
            "User-agent: taptrace\nSitemap: x\nUser-agent: b\nDisallow: /a\nUser-agent: taptrace\nDisallow: /c",
            "/a"
        ));
        assert!(allows("User-agent: *\nDisallow: /a\nAllow: /a\n", "/a"), "allow wins a tie");
        let slow = Robots::parse(b"User-agent: *\nCrawl-delay: 2.5\nDisallow: /x", "taptrace");
        assert_eq!(slow.crawl_delay, Some(Duration::from_millis(2500)));
        let never = Robots::parse(b"User-agent: *\nCrawl-delay: 1e300", "taptrace");
        assert_eq!(never.crawl_delay, Some(Duration::from_secs(120)));
        let forbidden = slow.forbids("/x/y").unwrap();
        assert_eq!((forbidden.line_no, forbidden.rule.as_str()), (3, "Disallow: /x"));
    }

    #[test]
    fn a_pattern_of_stars_takes_no_time() {
        let robots = format!("User-agent: *\nDisallow: /{}b$\n", "a*".repeat(2000));
        assert!(allows(&robots, &format!("/{}", "a".repeat(20_000))));
    }
}
