//! Character sets and headers of county text files: guess once from the first bytes, decode as a stream.

use std::io::{self, Read};

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::ingest::error::Error;

/// The character set of `head`: by label, by byte order mark, by pattern, else guessed.
///
/// # Errors
/// When the label is unknown.
pub fn find_encoding(head: &[u8], label: Option<&str>) -> Result<&'static Encoding, Error> {
    if let Some(label) = label {
        return Encoding::for_label(label.trim().as_bytes())
            .ok_or_else(|| Error::UnknownEncoding { label: label.to_owned() });
    }
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(encoding);
    }
    if let Some(encoding) = utf16_without_bom(head) {
        return Ok(encoding);
    }
    match std::str::from_utf8(head) {
        Ok(_) => Ok(UTF_8),
        // Cut in the middle of a character at the end of the look-ahead.
        Err(e) if e.error_len().is_none() => Ok(UTF_8),
        Err(_) => Ok(guess(head)),
    }
}

fn guess(head: &[u8]) -> &'static Encoding {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(head, true);
    let found = detector.guess(Some(b"us"), chardetng::Utf8Detection::Allow);
    // A US county writes windows-1252 or UTF-8; the detector's other guesses come from a handful of odd bytes.
    let n_odd = head.iter().filter(|b| **b >= 0x80).count();
    if found == UTF_8 || n_odd * 20 > head.len() { found } else { WINDOWS_1252 }
}

fn utf16_without_bom(head: &[u8]) -> Option<&'static Encoding> {
    let sample = &head[..head.len().min(2_000)];
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let half = sample.len() / 2;
    if half < 8 {
        return None;
    }
    if zeros(1) * 10 > half * 8 && zeros(0) * 10 < half {
        return Some(UTF_16LE);
    }
    (zeros(0) * 10 > half * 8 && zeros(1) * 10 < half).then_some(UTF_16BE)
}

/// Decodes a stream to UTF-8. Bytes that are no UTF-8 in a UTF-8 file are read as windows-1252, so that one odd name
/// late in a file spoils nothing.
pub struct Utf8Stream {
    inner: Box<dyn Read>,
    decoder: Decoder,
    encoding: &'static Encoding,
    raw: Vec<u8>,
    n_raw: usize,
    out: Vec<u8>,
    at: usize,
    is_at_end: bool,
    is_at_start: bool,
}

const RAW_BYTES: usize = 64 << 10;

impl Utf8Stream {
    /// Wraps a stream that starts at the first byte of the file.
    pub fn new(inner: Box<dyn Read>, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self {
            inner,
            decoder,
            encoding,
            raw: vec![0; RAW_BYTES],
            n_raw: 0,
            out: Vec::new(),
            at: 0,
            is_at_end: false,
            is_at_start: true,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        let n = self.inner.read(&mut self.raw[self.n_raw..])?;
        self.n_raw += n;
        self.is_at_end = n == 0;
        // The byte order mark's bytes may arrive one by one; three bytes are enough to know.
        if self.encoding == UTF_8 && self.is_at_start && self.n_raw < 3 && !self.is_at_end {
            return Ok(());
        }
        if self.encoding == UTF_8 {
            if self.is_at_start && self.raw[..self.n_raw].starts_with(b"\xef\xbb\xbf") {
                self.raw.copy_within(3..self.n_raw, 0);
                self.n_raw -= 3;
            }
            self.is_at_start = false;
            self.decode_utf8();
        } else {
            let room = self.decoder.max_utf8_buffer_length(self.n_raw).unwrap_or(RAW_BYTES * 4);
            self.out.resize(room, 0);
            let (_, _, n_out, _) = self.decoder.decode_to_utf8(&self.raw[..self.n_raw], &mut self.out, self.is_at_end);
            self.out.truncate(n_out);
            self.n_raw = 0;
        }
        // NUL pads fixed-width exports and confuses every later step.
        if memchr::memchr(0, &self.out).is_some() {
            self.out.retain(|b| *b != 0);
        }
        Ok(())
    }

    fn decode_utf8(&mut self) {
        let mut rest = &self.raw[..self.n_raw];
        loop {
            match std::str::from_utf8(rest) {
                Ok(_) => {
                    self.out.extend_from_slice(rest);
                    rest = &[];
                    break;
                }
                Err(e) => {
                    let (good, bad) = rest.split_at(e.valid_up_to());
                    self.out.extend_from_slice(good);
                    let n_bad = match e.error_len() {
                        Some(n) => n,
                        None if self.is_at_end => bad.len(),
                        None => {
                            rest = bad;
                            break;
                        }
                    };
                    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bad[..n_bad]);
                    self.out.extend_from_slice(text.as_bytes());
                    rest = &bad[n_bad..];
                }
            }
        }
        let n_rest = rest.len();
        let from = self.n_raw - n_rest;
        self.raw.copy_within(from..self.n_raw, 0);
        self.n_raw = n_rest;
    }
}

impl Read for Utf8Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() {
            if self.is_at_end {
                return Ok(0);
            }
            self.refill()?;
        }
        let n = buf.len().min(self.out.len() - self.at);
        buf[..n].copy_from_slice(&self.out[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Remains of a byte order mark in front of a header: itself, read as windows-1252, and after R's `make.names`.
const BOM_REMAINS: &[&str] = &["\u{feff}", "ï»¿", "ï..", "Ã¯Â»Â¿"];

/// Makes column names of a header: without BOM remains, quotes and control characters, blanks named `column_7`,
/// repeats numbered `OWNER_2`.
pub fn clean_header<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for (idx, name) in names.enumerate() {
        let mut name = name.trim();
        for remains in BOM_REMAINS.iter().filter(|_| idx == 0) {
            name = name.strip_prefix(remains).unwrap_or(name);
        }
        let cleaned: String =
            name.trim().trim_matches('"').chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let base = if cleaned.trim().is_empty() { format!("column_{}", idx + 1) } else { cleaned.trim().to_owned() };
        let mut unique = base.clone();
        let mut n = 2;
        while columns.contains(&unique) {
            unique = format!("{base}_{n}");
            n += 1;
        }
        columns.push(unique);
    }
    columns
}

/// Position of the header among the first rows: the first row that is as full as the table is wide and holds no numbers.
/// Titles and remarks above it are narrower.
pub fn find_header(rows: &[Vec<String>]) -> Option<usize> {
    let filled = |row: &Vec<String>| row.iter().filter(|c| !c.trim().is_empty()).count();
    let widest = rows.iter().map(filled).max().filter(|n| *n > 0)?;
    let looks_like_names = |row: &Vec<String>| {
        let n_numbers = row.iter().filter(|c| c.trim().trim_start_matches(['-', '$']).parse::<f64>().is_ok()).count();
        n_numbers * 4 <= filled(row)
    };
    rows.iter().position(|r| filled(r) * 10 >= widest * 6 && looks_like_names(r))
}

/// The header of a table: where it begins, how many rows it has, its names.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// Position of its first row.
    pub at: usize,
    /// One, or two where names or units go on in the row below.
    pub n_rows: usize,
    /// The names, cleaned.
    pub names: Vec<String>,
}

impl Header {
    /// The header among the first rows, or the row that the user names (counted from 1), which then is all of it.
    pub fn find(rows: &[Vec<String>], named: Option<usize>) -> Option<Self> {
        let at = named.map(|n| n.saturating_sub(1)).or_else(|| find_header(rows))?;
        let first = rows.get(at)?;
        let one = || clean_header(first.iter().map(String::as_str));
        let second = rows.get(at + 1).filter(|second| named.is_none() && goes_on(first, second, rows.get(at + 2..)));
        Some(match second {
            None => Self { at, n_rows: 1, names: one() },
            Some(second) if second.iter().all(|c| is_unit(c)) => Self { at, n_rows: 2, names: one() },
            Some(second) => {
                Self { at, n_rows: 2, names: clean_header(joined(first, second).iter().map(String::as_str)) }
            }
        })
    }

    /// Its rows, for people, counted from 1.
    pub fn shown(&self) -> String {
        if self.n_rows == 1 { format!("{}", self.at + 1) } else { format!("{} and {}", self.at + 1, self.at + 2) }
    }
}

/// Rows below a second header row that must be there to judge it by.
const ROWS_TO_JUDGE_BY: usize = 2;

/// Whether the second row is part of the header: nearly every row below has digits in at least two columns (numbers, addresses,
/// values) in which neither row of the header has any.
fn goes_on(first: &[String], second: &[String], below: Option<&[Vec<String>]>) -> bool {
    let below: Vec<&Vec<String>> =
        below.unwrap_or(&[]).iter().filter(|r| r.iter().any(|c| !c.trim().is_empty())).collect();
    let has_digit = |cell: Option<&String>| cell.is_some_and(|c| c.bytes().any(|b| b.is_ascii_digit()));
    let is_numbered = |column: &usize| {
        let n = below.iter().filter(|r| has_digit(r.get(*column))).count();
        n * 10 >= below.len() * 9
    };
    let numbered: Vec<usize> = (0..first.len()).filter(is_numbered).collect();
    let filled = numbered.iter().filter(|c| second.get(**c).is_some_and(|t| !t.trim().is_empty())).count();
    below.len() >= ROWS_TO_JUDGE_BY
        && filled >= 2
        && numbered.iter().all(|c| !has_digit(second.get(*c)) && !has_digit(first.get(*c)))
}

/// `(text)`, `[ft]`, `VARCHAR`, `$`: what the values are, no name.
fn is_unit(cell: &str) -> bool {
    const TYPES: &[&str] = &[
        "text", "string", "integer", "int", "long", "double", "float", "number", "numeric", "date", "char", "varchar",
    ];
    let cell = cell.trim();
    let bracketed = cell.starts_with(['(', '[']) && cell.ends_with([')', ']']);
    bracketed || !cell.chars().any(char::is_alphabetic) || TYPES.contains(&cell.to_lowercase().as_str())
}

/// `Owner` over `Name` is `Owner Name`; a name over several columns stands over the first of them.
fn joined(first: &[String], second: &[String]) -> Vec<String> {
    let mut group = "";
    let mut names = Vec::with_capacity(first.len());
    for column in 0..first.len().max(second.len()) {
        let cell = |row: &'_ [String]| row.get(column).map(|c| c.trim().to_owned()).unwrap_or_default();
        let (above, below) = (cell(first), cell(second));
        if !above.is_empty() {
            group = first.get(column).map_or("", |c| c.trim());
        }
        names.push(if below.is_empty() || above.eq_ignore_ascii_case(&below) {
            above
        } else if group.is_empty() {
            below
        } else {
            format!("{group} {below}")
        });
    }
    names
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Header, Utf8Stream, clean_header, find_encoding, find_header};

    fn decode(bytes: &[u8], label: Option<&str>) -> (String, &'static str) {
        let encoding = find_encoding(bytes, label).unwrap();
        let mut text = String::new();
        Utf8Stream::new(Box::new(std::io::Cursor::new(bytes.to_vec())), encoding).read_to_string(&mut text).unwrap();
        (text, encoding.name())
    }

    #[test]
    fn the_character_sets_of_real_files() {
        assert_eq!(decode("\u{feff}ID,Ñ".as_bytes(), None), ("ID,Ñ".to_owned(), "UTF-8"));
        assert_eq!(decode(b"OWNER\nPE\xd1A JOS\xc9\n", None), ("OWNER\nPEÑA JOSÉ\n".to_owned(), "windows-1252"));
        let utf16: Vec<u8> = "PIN,OWNER\r\n12,PEÑA\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf16, None), ("PIN,OWNER\r\n12,PEÑA\r\n".to_owned(), "UTF-16LE"));
        let with_bom: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("AÑ".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(decode(&with_bom, None).0, "AÑ");
        assert_eq!(decode(b"a\0b\0", Some("utf-8")).0, "ab");
        assert!(find_encoding(b"", Some("klingon")).is_err());
    }

    #[test]
    fn one_late_odd_byte_does_not_spoil_utf8() {
        let mut bytes = "é,".repeat(150_000).into_bytes();
        bytes.push(0xd1);
        let (text, name) = decode(&bytes, Some("utf-8"));
        assert_eq!((name, text.ends_with(",Ñ"), text.chars().count()), ("UTF-8", true, 300_001));
    }

    #[test]
    fn headers_lose_their_dirt() {
        let names = ["ï»¿\"OBJECTID\"", "", "Owner", "Owner", "A\r\nB"];
        assert_eq!(clean_header(names.into_iter()), ["OBJECTID", "column_2", "Owner", "Owner_2", "A  B"]);
        assert_eq!(clean_header(["ï..OBJECTID"].into_iter()), ["OBJECTID"]);
    }

    #[test]
    fn titles_above_the_header_are_skipped() {
        let rows = |r: &[&[&str]]| r.iter().map(|c| c.iter().map(|t| (*t).to_owned()).collect()).collect::<Vec<_>>();
        assert_eq!(find_header(&rows(&[&["Tax roll 2026"], &[""], &["PIN", "OWNER"], &["1", "A"]])), Some(2));
        assert_eq!(find_header(&rows(&[&["12", "34"], &["56", "78"]])), None);
        assert_eq!(find_header(&rows(&[])), None);
    }

    #[test]
    fn a_header_over_two_rows_is_one_header_and_a_first_row_without_numbers_is_data() {
        let rows =
            |r: &[&str]| r.iter().map(|l| l.split(',').map(str::to_owned).collect()).collect::<Vec<Vec<String>>>();
        let check = |lines: &[&str], n_rows: usize, names: &str| {
            let found = Header::find(&rows(lines), None).unwrap();
            assert_eq!((found.n_rows, found.names.join(",")), (n_rows, names.to_owned()), "{lines:?}");
        };
        let data = ["P1,PLINK ORA,,12 ELM ST,1000", "P2,QUORN ZED,,14 ELM ST,2000", "P3,VORN IMA,,16 ELM ST,900"];
        let with = |head: &[&str]| [head, &data].concat().iter().map(|l| (*l).to_owned()).collect::<Vec<String>>();
        let check_head = |head: &[&str], n_rows: usize, names: &str| {
            check(&with(head).iter().map(String::as_str).collect::<Vec<_>>(), n_rows, names);
        };
        let one = "Parcel,Owner,Owner2,Situs,Value";
        check_head(&[one], 1, one);
        check_head(
            &["Parcel,Owner,,Situs,Value", "Number,Name A,Name B,Address,Total"],
            2,
            "Parcel Number,Owner Name A,Owner Name B,Situs Address,Value Total",
        );
        check_head(&[one, "(text),(text),(text),(text),($)"], 2, one);
        check_head(&[one, "string,string,string,string,double"], 2, one);
        // A row of data that lacks the value, or whose number has no digit, is still a row of data.
        check_head(&[one, "P0,TBD,,NO ADDRESS,"], 1, one);
        check_head(&[one, "PARENT,COMMON AREA,,,"], 1, one);
        check(&["A,B", "x,y", "z,w", "v,u"], 1, "A,B");
        assert_eq!(Header::find(&rows(&["A,B,C", "n,m,o", "1,2,3", "4,5,6"]), Some(1)).unwrap().n_rows, 1);
    }
}
