//! A frozen list: its canonical text, its hash, and what changed between two versions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A stop as it was frozen: the order and every printed fact by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenStop {
    /// Place in the route, 1 is first.
    pub seq: i64,
    /// UUID of the stop.
    pub stop_uuid: String,
    /// Public number of the order.
    pub order_no: String,
    /// Row version of the order when it was frozen.
    pub base_version: i64,
    /// Printed facts by column name.
    pub facts: BTreeMap<String, String>,
    /// Picture of the lots around, as text.
    pub picture: String,
}

/// Lower-case hexadecimal SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text
}

/// SHA-256 of a list: number, version, crew, day and every stop with its facts, length-prefixed so that no two lists share a text.
pub fn content_sha256(list_no: &str, version: i64, crew: &str, work_on: &str, stops: &[FrozenStop]) -> String {
    let mut text = String::new();
    let mut put = |name: &str, value: &str| {
        writeln!(text, "{}:{name}={}:{value}", name.len(), value.len()).expect("writing to a String cannot fail");
    };
    put("list_no", list_no);
    put("version", &version.to_string());
    put("crew", crew);
    put("work_on", work_on);
    for stop in stops {
        put("seq", &stop.seq.to_string());
        put("stop_uuid", &stop.stop_uuid);
        put("order_no", &stop.order_no);
        put("base_version", &stop.base_version.to_string());
        for (name, value) in &stop.facts {
            put(name, value);
        }
        put("picture", &stop.picture);
    }
    sha256_hex(text.as_bytes())
}

/// One difference between two versions, in words for the crew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Public number of the order.
    pub order_no: String,
    /// `added`, `removed`, `moved` or `changed`.
    pub what: &'static str,
    /// Details.
    pub detail: String,
}

/// What changed from `old` to `new`, in the order of the new list, removed stops last.
pub fn diff(old: &[FrozenStop], new: &[FrozenStop]) -> Vec<Difference> {
    let before: BTreeMap<&str, &FrozenStop> = old.iter().map(|s| (s.order_no.as_str(), s)).collect();
    let mut found = Vec::new();
    for stop in new {
        let order_no = stop.order_no.clone();
        let Some(was) = before.get(stop.order_no.as_str()) else {
            found.push(Difference { order_no, what: "added", detail: format!("stop {}", stop.seq) });
            continue;
        };
        if was.seq != stop.seq {
            let detail = format!("stop {} is now {}", was.seq, stop.seq);
            found.push(Difference { order_no: order_no.clone(), what: "moved", detail });
        }
        if was.picture != stop.picture {
            found.push(Difference { order_no: order_no.clone(), what: "changed", detail: "map".to_owned() });
        }
        let names: std::collections::BTreeSet<&String> = was.facts.keys().chain(stop.facts.keys()).collect();
        for name in names {
            let value = |s: &FrozenStop| s.facts.get(name).cloned().unwrap_or_default();
            let (then, now) = (value(was), value(stop));
            if then != now {
                let shown = |v: &str| if v.is_empty() { "none".to_owned() } else { v.to_owned() };
                let detail = format!("{name}: {} -> {}", shown(&then), shown(&now));
                found.push(Difference { order_no: order_no.clone(), what: "changed", detail });
            }
        }
    }
    for stop in old.iter().filter(|s| !new.iter().any(|n| n.order_no == s.order_no)) {
        let detail = format!("was stop {}", stop.seq);
        found.push(Difference { order_no: stop.order_no.clone(), what: "removed", detail });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(seq: i64, no: &str, note: &str) -> FrozenStop {
        FrozenStop {
            seq,
            stop_uuid: format!("u-{no}"),
            order_no: no.into(),
            base_version: 1,
            facts: [("note".to_owned(), note.to_owned())].into(),
            picture: String::new(),
        }
    }

    #[test]
    fn the_hash_sees_everything_and_the_diff_names_it() {
        let old = [stop(1, "RO-1", "dog"), stop(2, "RO-2", ""), stop(3, "RO-3", "")];
        let new = [stop(1, "RO-2", ""), stop(2, "RO-1", "no dog"), stop(3, "RO-4", "")];
        let hash = |stops: &[FrozenStop], v| content_sha256("RL-1", v, "A", "2026-05-05", stops);
        assert_ne!(hash(&old, 1), hash(&new, 1));
        assert_ne!(hash(&old, 1), hash(&old, 2));
        assert_eq!(hash(&old, 1), hash(&old.clone(), 1));
        let mut redrawn = old.clone();
        redrawn[2].picture = "{}".into();
        assert_ne!(hash(&old, 1), hash(&redrawn, 1));
        assert_eq!(diff(&old, &redrawn)[0].detail, "map");
        let words: Vec<_> =
            diff(&old, &new).into_iter().map(|d| format!("{} {} {}", d.order_no, d.what, d.detail)).collect();
        assert_eq!(
            words,
            [
                "RO-2 moved stop 2 is now 1",
                "RO-1 moved stop 1 is now 2",
                "RO-1 changed note: dog -> no dog",
                "RO-4 added stop 3",
                "RO-3 removed was stop 3"
            ]
        );
    }
}
