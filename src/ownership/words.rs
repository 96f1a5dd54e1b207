//! The word lists of `data/ownership/words.csv`, read once: legal forms, street words, generic and agent words,
//! placeholder phrases. Kinds of organisation come from `crate::owner_name`.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

/// Word lists by class.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Legal form to its canonical spelling.
    pub(super) form: FxHashMap<&'static str, &'static str>,
    /// Street type or unit word to its canonical spelling.
    pub(super) street: FxHashMap<&'static str, &'static str>,
    pub(super) generic: FxHashSet<&'static str>,
    pub(super) agent: FxHashSet<&'static str>,
    pub(super) placeholder: Vec<&'static str>,
    /// Postal abbreviations of states.
    pub(super) state: FxHashSet<&'static str>,
}

/// The lists.
pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| read(include_str!("../../data/ownership/words.csv")));

fn read(text: &'static str) -> Words {
    let mut words = Words::default();
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let Some((class, word)) = line.split_once(',') else { continue };
        let pair = word.split_once('=');
        match class {
            "form" => drop(pair.map(|(from, to)| words.form.insert(from, to))),
            "street" => drop(pair.map(|(from, to)| words.street.insert(from, to))),
            "generic" => drop(words.generic.insert(word)),
            "agent" => drop(words.agent.insert(word)),
            "placeholder" => words.placeholder.push(word),
            _ => {}
        }
    }
    let states = include_str!("../../data/standards/states.tsv").lines().filter(|l| !l.starts_with('#'));
    words.state = states.filter_map(|l| l.split('\t').next()).collect();
    words
}

#[cfg(test)]
mod tests {
    use super::WORDS;

    #[test]
    fn every_list_has_words() {
        let w = &*WORDS;
        assert!(w.form.len() > 10 && w.street.len() > 10);
        assert!(w.state.contains("OK") && w.state.len() > 50);
        assert!(!w.generic.is_empty() && !w.agent.is_empty() && !w.placeholder.is_empty());
    }
}
