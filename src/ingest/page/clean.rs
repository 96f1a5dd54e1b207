//! Lines found on a page to one value in our form: text, lines, cents, ISO date, whole number.

use super::dom;
use super::profile::{FieldRule, Kind};
use crate::ingest::profile::DateForm;
use crate::ingest::value;

/// Lines kept of one value: an owner line list and an address never have more.
const LINES_MAX: usize = 40;

/// Why lines give no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unclean {
    /// Not in the form that is wanted: the text and the form's name.
    Bad(String, &'static str),
    /// A pattern, `from` or `until` matches nothing.
    NoMatch(String, &'static str),
}

/// Applies a rule's cleaning. Empty text is a value here; who needs text says so later.
pub(crate) fn clean(lines: Vec<String>, rule: &FieldRule, kind: Kind) -> Result<String, Unclean> {
    let mut lines: Vec<String> = lines.into_iter().filter(|l| !l.is_empty()).take(LINES_MAX).collect();
    if lines.is_empty() {
        return Ok(String::new());
    }
    let cut = |lines: &[String], pattern: &regex_lite::Regex| {
        lines.iter().skip(1).position(|l| pattern.is_match(l)).map(|at| at + 1)
    };
    if let Some(pattern) = &rule.until {
        let at = cut(&lines, &pattern.0).ok_or_else(|| no_match(&lines, "`until`"))?;
        lines.truncate(at);
    }
    if let Some(pattern) = &rule.from {
        let at = cut(&lines, &pattern.0).ok_or_else(|| no_match(&lines, "`from`"))?;
        lines.drain(..at);
    }
    if let Some(line) = rule.line {
        lines = lines.into_iter().skip(line - 1).take(1).collect();
    }
    let mut text = lines.join("\n");
    if let Some(pattern) = &rule.pattern {
        let flat = dom::one_line(&text);
        let found = pattern.0.captures(&flat).and_then(|c| c.get(1).or_else(|| c.get(0)));
        text = found.map(|m| m.as_str().trim().to_owned()).ok_or_else(|| no_match(&lines, "`pattern`"))?;
    }
    typed(&text, kind, &rule.dates)
}

fn no_match(lines: &[String], what: &'static str) -> Unclean {
    Unclean::NoMatch(dom::one_line(&lines.join(" / ")).chars().take(80).collect(), what)
}

/// Text in the form of its kind. `$0` and blank dates stay what the page says.
pub(crate) fn typed(text: &str, kind: Kind, dates: &[DateForm]) -> Result<String, Unclean> {
    let flat = dom::one_line(text);
    let bare = flat.trim_start_matches(['+', ' ']).trim_end_matches('*').trim();
    let bad = |wanted| Unclean::Bad(flat.chars().take(80).collect(), wanted);
    if value::clean(bare, &[]).is_none() && kind != Kind::Lines {
        return Ok(String::new());
    }
    match kind {
        Kind::Text => Ok(flat),
        Kind::Lines => Ok(text.lines().map(dom::one_line).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")),
        Kind::Money => value::money(bare).map(|c| c.0.to_string()).ok_or_else(|| bad("amount")),
        Kind::Date => value::date(bare, dates).map(|d| d.to_string()).ok_or_else(|| bad("date")),
        Kind::Integer => value::integer(bare).map(|n| n.to_string()).ok_or_else(|| bad("whole number")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Unclean, clean, typed};
    use crate::ingest::page::profile::{FieldRule, Kind, Pattern};

    fn pattern(text: &str) -> Option<Pattern> {
        Some(Pattern::try_from(text.to_owned()).unwrap())
    }

    #[test]
    fn values_take_our_form() {
        for (text, kind, wanted) in [
            (" +$18,100.00", Kind::Money, "1810000"),
            ("1/8/2022 4:52:40 PM", Kind::Date, "2022-01-08"),
            ("1991-12-26", Kind::Date, "1991-12-26"),
            ("2,021", Kind::Integer, "2021"),
            ("\u{a0}", Kind::Money, ""),
            ("N/A", Kind::Date, ""),
            ("A\u{1b}[2J B", Kind::Text, "A [2J B"),
            (" A \n\n B", Kind::Lines, "A\nB"),
        ] {
            assert_eq!(typed(text, kind, &[]).as_deref(), Ok(wanted), "{text:?}");
        }
        assert_eq!(typed("soon", Kind::Date, &[]), Err(Unclean::Bad("soon".to_owned(), "date")));
    }

    #[test]
    fn an_owner_block_is_cut_where_the_address_begins() {
        let block = || ["4 OAKS LLC", "POOLE ANN", "ATTN B", "12 ELM ST", "TULSA OK 74103"].map(str::to_owned).to_vec();
        let begins = r"^(ATTN|C/O|%|P\.?\s?O\.?\s|\d)";
        let owners = FieldRule { until: pattern(begins), ..FieldRule::default() };
        let mailing = FieldRule { from: pattern(begins), ..FieldRule::default() };
        assert_eq!(clean(block(), &owners, Kind::Lines).as_deref(), Ok("4 OAKS LLC\nPOOLE ANN"));
        assert_eq!(clean(block(), &mailing, Kind::Lines).as_deref(), Ok("ATTN B\n12 ELM ST\nTULSA OK 74103"));
        // Without a line that begins the address the block is not guessed apart.
        let names = vec!["POOLE ANN".to_owned(), "ELM STREET".to_owned()];
        assert!(matches!(clean(names, &owners, Kind::Lines), Err(Unclean::NoMatch(..))));
    }
}
