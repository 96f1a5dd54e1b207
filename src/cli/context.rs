//! What commands take from the surroundings: the clock and the user's name.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Global;
use crate::model::date::{CivilDate, Instant};
use crate::store::Authorship;

/// Now, in UTC, whole seconds.
pub(crate) fn now() -> Instant {
    let seconds = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_secs()).ok())
        .unwrap_or(0);
    let stamp = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Instant(stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Today, by UTC; `TAPTRACE_TODAY` replays another day. The audit log keeps the clock's time all the same.
pub(crate) fn today() -> CivilDate {
    if let Some(day) = std::env::var("TAPTRACE_TODAY").ok().as_deref().and_then(CivilDate::parse) {
        return day;
    }
    let text = now().0;
    text.get(..10).and_then(CivilDate::parse).expect("an instant begins with its day")
}

/// Who works and why, for the audit log.
pub(crate) fn authorship(global: &Global, reason: &str) -> Authorship {
    Authorship { actor: global.actor_name(), reason: reason.to_owned(), at: now() }
}

/// Reads a date argument.
pub(crate) fn parse_date(text: &str) -> Result<CivilDate, String> {
    CivilDate::parse(text).ok_or_else(|| format!("{text:?} is not a day; write YYYY-MM-DD, as 2026-03-01"))
}

/// Reads a reason or a name that goes into the audit log: an empty one says nothing.
pub(crate) fn parse_words(text: &str) -> Result<String, String> {
    let words = text.trim();
    if words.is_empty() {
        Err("it goes into the audit log and must say something".to_owned())
    } else {
        Ok(words.to_owned())
    }
}

/// An argument as a shell takes it: numbers with blanks or marks in quotes.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/:".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Ctrl-C and a polite kill set the flag; a second one ends the program at once, with the exit status of an interrupted command.
/// No thread is made for it: a second thread would make every lock of the allocator and of SQLite an atomic one (measured: 8 %).
pub(crate) fn stop_on_signal(stop: &Arc<AtomicBool>) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM] {
        // Where the system refuses a handler, Ctrl-C ends the program as it always does; the database rolls back by itself.
        drop(signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(stop)));
        drop(signal_hook::flag::register(signal, Arc::clone(stop)));
    }
}
