//! The coded lists of `data/standards/domains.tsv`: which codes a field may hold and how people read them.
//!
//! A list that the code branches on is an enum beside its noun; this table judges codes that come from files and forms.

use std::sync::OnceLock;

/// One code of one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainCode {
    /// Name of the list, `violation_type`.
    pub domain: &'static str,
    /// The code, `slip`.
    pub code: &'static str,
    /// Words for people; empty when the code says it all.
    pub label: &'static str,
    /// Where the code comes from.
    pub note: &'static str,
}

const TABLE: &str = include_str!("../../data/standards/domains.tsv");

/// Every code of every list, in the order of the table.
pub fn all() -> &'static [DomainCode] {
    static CODES: OnceLock<Vec<DomainCode>> = OnceLock::new();
    CODES.get_or_init(|| {
        TABLE
            .lines()
            .skip(1)
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let mut cells = line.split('\t');
                let mut next = || cells.next().unwrap_or_default().trim();
                DomainCode { domain: next(), code: next(), label: next(), note: next() }
            })
            .collect()
    })
}

/// The codes of one list.
pub fn codes(domain: &str) -> Vec<&'static str> {
    all().iter().filter(|c| c.domain == domain).map(|c| c.code).collect()
}

/// The table's own spelling of a code; blanks and hyphens count as underscores, case does not matter.
pub fn find(domain: &str, text: &str) -> Option<&'static DomainCode> {
    let code = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    all().iter().find(|c| c.domain == domain && c.code == code)
}

/// Words for a code: its label, else the code with blanks for underscores.
pub fn label(domain: &str, code: &str) -> String {
    match find(domain, code) {
        Some(found) if !found.label.is_empty() => found.label.to_owned(),
        _ => code.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::{codes, find, label};

    #[test]
    fn fourteen_violation_types_and_forgiving_lookup() {
        assert_eq!(codes("violation_type").len(), 14);
        assert_eq!(find("violation_type", "Self-Restored").unwrap().code, "self_restored");
        assert!(find("violation_type", "theft").is_none());
        assert_eq!(label("finding", "no_access"), "no access");
    }
}
