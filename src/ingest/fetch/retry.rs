//! When to come again: `Retry-After`, else exponential back-off with jitter.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime};

/// Statuses that mean "not now".
pub fn is_passing_status(status: u16) -> bool {
    // 520 to 524 are how a well-known proxy says that the server behind it did not answer.
    matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 520..=524)
}

/// Reads a `Retry-After`: seconds, or one of the three date forms of HTTP. A moment that has passed is no wait.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit mean "never".
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let seconds = http_date(value)?;
    let now = i64::try_from(now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()?;
    Some(Duration::from_secs(u64::try_from(seconds - now).unwrap_or(0)))
}

/// Seconds since 1970 of an HTTP date (RFC 9110, 5.6.7).
pub fn http_date(text: &str) -> Option<i64> {
    const FORMS: &[&str] = &["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"];
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let moment = FORMS.iter().find_map(|form| jiff::civil::DateTime::strptime(form, &text).ok())?;
    Some(moment.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0)).as_secs())
}

/// The wait before try `n` + 1: `first` doubled each time, at most `max`, of which a random half to whole is taken.
pub fn backoff(n_failed: u32, first: Duration, max: Duration) -> Duration {
    let doubled = first.saturating_mul(1_u32.checked_shl(n_failed.saturating_sub(1)).unwrap_or(u32::MAX)).min(max);
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(n_failed);
    // Random enough to keep two programs from coming back together; no secret depends on it.
    let share = (hasher.finish() % 1000) as f64 / 1000.0;
    doubled.mul_f64(0.5 + share / 2.0)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{backoff, retry_after};

    #[test]
    fn seconds_and_dates() {
        // 1994-11-06 08:49:37 GMT, the moment of the standard's examples.
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let before = moment - Duration::from_secs(30);
        for (text, wanted) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30)),
            ("Sun Nov  6 08:49:37 1994", Some(30)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("99999999999999999999999", Some(u64::from(u32::MAX))),
            ("soon", None),
            ("", None),
            ("-5", None),
            ("1.5", None),
        ] {
            assert_eq!(retry_after(text, before).map(|d| d.as_secs()), wanted, "{text:?}");
        }
    }

    #[test]
    fn back_off_grows_to_its_bound() {
        let (first, max) = (Duration::from_millis(100), Duration::from_secs(2));
        for (n, low, high) in [(1, 50, 100), (2, 100, 200), (5, 800, 1600), (9, 1000, 2000), (4_000_000, 1000, 2000)] {
            let wait = backoff(n, first, max).as_millis();
            assert!((low..=high).contains(&wait), "{n}: {wait}");
        }
    }
}
