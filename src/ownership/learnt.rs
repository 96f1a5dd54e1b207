//! What a roll teaches about its own names: how it writes persons, how often surnames, given names and words occur on it.
//!
//! Kept beside the groups, so that a question about two owners is judged by the whole county without reading it again.

use crate::owner_name::{LineStyle, Style};

use super::texts::WordCounts;

/// The frequencies and the style of one roll.
#[derive(Debug, Clone, Default)]
pub struct Learnt {
    /// Distinct owner lines by surname.
    pub surname_rows: WordCounts,
    /// Distinct names by evidence word.
    pub word_names: WordCounts,
    /// Persons by given name.
    pub given_rows: WordCounts,
    /// Rows by the first two ZIP digits.
    pub zip2_rows: WordCounts,
    /// How persons are written on this roll.
    pub style: Style,
    /// Number of rows.
    pub n_rows: usize,
}

impl Learnt {
    /// As bytes; the caller keeps the version of the program with them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let counts = [&self.surname_rows, &self.word_names, &self.given_rows, &self.zip2_rows];
        let n_pairs = counts.iter().map(|c| c.pairs().len()).sum::<usize>() + 2 * self.style.n_words();
        let mut out = Vec::with_capacity(n_pairs * 12 + 128);
        let numbers = [
            self.n_rows,
            self.style.n_persons,
            self.style.comma_percent,
            self.style.column_width.unwrap_or(0),
            usize::from(self.style.column_width.is_some()),
        ];
        for number in numbers {
            out.extend((number as u64).to_le_bytes());
        }
        out.extend([self.style.line.as_str().len() as u8]);
        out.extend(self.style.line.as_str().bytes());
        let (surnames, given) = self.style.positions();
        for mut pairs in [surnames, given].into_iter().chain(counts.map(|c| c.pairs().collect())) {
            pairs.sort_unstable();
            out.extend((pairs.len() as u64).to_le_bytes());
            for (hash, n) in pairs {
                out.extend(hash.to_le_bytes());
                out.extend(n.to_le_bytes());
            }
        }
        out
    }

    /// From [`Learnt::to_bytes`]; `None` when they are cut or of another kind.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut at = bytes;
        let mut numbers = [0usize; 5];
        for number in &mut numbers {
            *number = usize::try_from(u64::from_le_bytes(take(&mut at)?)).ok()?;
        }
        let [n_word] = take::<1>(&mut at)?;
        let (word, rest) = at.split_at_checked(usize::from(n_word))?;
        at = rest;
        let mut style = Style::fixed(LineStyle::from_word(std::str::from_utf8(word).ok()?)?);
        let [n_rows, n_persons, comma_percent, width, has_width] = numbers;
        (style.n_persons, style.comma_percent) = (n_persons, comma_percent);
        style.column_width = (has_width == 1).then_some(width);
        let mut tables: [Vec<(u64, u32)>; 6] = Default::default();
        for table in &mut tables {
            let n = usize::try_from(u64::from_le_bytes(take(&mut at)?)).ok()?;
            table.reserve(n.min(at.len() / 12));
            for _ in 0..n {
                table.push((u64::from_le_bytes(take(&mut at)?), u32::from_le_bytes(take(&mut at)?)));
            }
        }
        let [surnames, given, surname_rows, word_names, given_rows, zip2_rows] = tables;
        style.set_positions(surnames, given);
        let counts = WordCounts::from_pairs;
        at.is_empty().then(|| Self {
            surname_rows: counts(surname_rows),
            word_names: counts(word_names),
            given_rows: counts(given_rows),
            zip2_rows: counts(zip2_rows),
            style,
            n_rows,
        })
    }
}

fn take<const N: usize>(at: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = at.split_first_chunk::<N>()?;
    *at = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::Learnt;
    use crate::ownership::roll::{RollEntry, collect};

    #[test]
    fn what_was_learnt_comes_back() {
        let lines = ["ZEDI, ANA M", "GULO, TOM & PAT", "ZEDI RENTALS LLC", "MARO, ANA"];
        let entries = lines.map(|owner| RollEntry { owner, mailing: "1 OAK ST", zip: "74101", row: 1, situs: "" });
        let learnt = collect(&entries).learnt;
        let bytes = learnt.to_bytes();
        let back = Learnt::from_bytes(&bytes).unwrap();
        assert_eq!(back.to_bytes(), bytes);
        assert_eq!((back.surname_rows.get("ZEDI"), back.given_rows.get("ANA"), back.n_rows), (1, 2, 4));
        assert_eq!(back.style.line, learnt.style.line);
        for n in 0..bytes.len() {
            assert!(Learnt::from_bytes(&bytes[..n]).is_none(), "cut at {n}");
        }
    }
}
