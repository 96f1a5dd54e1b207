//! A JSON scanner over a slice that may end too early: the reader then fetches more bytes and scans the value again.
//!
//! Built for the bulk of a parcel layer, coordinates and short strings; lenient about commas, strict about nesting depth.

use crate::ingest::limits::DEPTH_MAX;

/// Why a value could not be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The slice ends inside the value.
    More,
    /// Malformed at this position of the slice.
    Bad(usize, &'static str),
    /// A bound was passed.
    Limit(&'static str),
}

pub(crate) type Scanned<T> = Result<T, Fault>;

/// The powers that a float holds without error.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Bytes of numbers, words and white space, and what stands between values.
const IS_INSIDE: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        let byte = b as u8;
        table[b] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'+' | b'.' | b',' | b':' | b' ' | b'\n' | b'\r' | b'\t');
        b += 1;
    }
    table
};

/// Position in a slice.
pub(crate) struct Scan<'a> {
    pub buf: &'a [u8],
    pub pos: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(buf: &'a [u8]) -> Self {
        Self { buf, pos: 0 }
    }

    pub(crate) fn bad<T>(&self, what: &'static str) -> Scanned<T> {
        Err(Fault::Bad(self.pos, what))
    }

    /// The next byte that is not white space.
    #[inline]
    pub(crate) fn peek(&mut self) -> Scanned<u8> {
        while let Some(b) = self.buf.get(self.pos) {
            if !matches!(b, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(*b);
            }
            self.pos += 1;
        }
        Err(Fault::More)
    }

    pub(crate) fn expect(&mut self, wanted: u8, what: &'static str) -> Scanned<()> {
        if self.peek()? != wanted {
            return self.bad(what);
        }
        self.pos += 1;
        Ok(())
    }

    /// The raw inside of a string, and whether it holds escapes.
    #[inline]
    pub(crate) fn string(&mut self) -> Scanned<(&'a [u8], bool)> {
        self.expect(b'"', "a string was expected")?;
        let start = self.pos;
        let mut has_escape = false;
        loop {
            let rest = self.buf.get(self.pos..).unwrap_or_default();
            let Some(at) = memchr::memchr2(b'"', b'\\', rest) else { return Err(Fault::More) };
            if rest[at] == b'"' {
                let inside = &self.buf[start..self.pos + at];
                self.pos += at + 1;
                return Ok((inside, has_escape));
            }
            has_escape = true;
            self.pos += at + 2;
        }
    }

    /// The next key of an object, positioned at its value; `None` at the closing brace.
    pub(crate) fn key(&mut self) -> Scanned<Option<(&'a [u8], bool)>> {
        let mut next = self.peek()?;
        if next == b',' {
            self.pos += 1;
            next = self.peek()?;
        }
        match next {
            b'}' => {
                self.pos += 1;
                Ok(None)
            }
            b'"' => {
                let key = self.string()?;
                self.expect(b':', "':' was expected behind a key")?;
                Ok(Some(key))
            }
            _ => self.bad("a key or '}' was expected"),
        }
    }

    /// Steps over `"name":` when exactly that comes next.
    #[inline]
    pub(crate) fn skip_key(&mut self, name: &str) -> Scanned<bool> {
        if self.peek()? == b',' {
            self.pos += 1;
            self.peek()?;
        }
        let rest = &self.buf[self.pos..];
        let n = name.len();
        let is_it = rest.len() > n + 2 && rest[0] == b'"' && rest[n + 1] == b'"' && &rest[1..=n] == name.as_bytes();
        if is_it {
            self.pos += n + 2;
            self.expect(b':', "':' was expected behind a key")?;
        }
        Ok(is_it)
    }

    /// The number that begins here. Exact: a decimal of at most 53 bits and a power of ten below 10^22 are both floats without
    /// error, so one division rounds once; everything else goes the long way.
    #[inline]
    pub(crate) fn number(&mut self) -> Scanned<f64> {
        let rest = &self.buf[self.pos..];
        let is_negative = rest.first() == Some(&b'-');
        let mut n = usize::from(is_negative);
        let (mut digits, mut n_decimals) = (0_u64, None);
        while let Some(b) = rest.get(n) {
            match b {
                b'0'..=b'9' if digits < 1 << 49 => {
                    digits = digits * 10 + u64::from(b - b'0');
                    n_decimals = n_decimals.map(|d: usize| d + 1);
                }
                b'.' if n_decimals.is_none() => n_decimals = Some(0),
                _ => break,
            }
            n += 1;
        }
        match rest.get(n) {
            None => return Err(Fault::More),
            Some(b'0'..=b'9' | b'.' | b'e' | b'E') => return self.long_number(),
            Some(_) => {}
        }
        let n_decimals = n_decimals.unwrap_or(0);
        let Some(scale) = POWERS_OF_TEN.get(n_decimals).filter(|_| rest[n - 1].is_ascii_digit()) else {
            return self.long_number();
        };
        self.pos += n;
        #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
        let value = digits as f64 / scale;
        Ok(if is_negative { -value } else { value })
    }

    fn long_number(&mut self) -> Scanned<f64> {
        let Ok((value, len)) = fast_float2::parse_partial::<f64, _>(&self.buf[self.pos..]) else {
            return if self.pos + 1 >= self.buf.len() { Err(Fault::More) } else { self.bad("a number was expected") };
        };
        self.pos += len;
        if self.pos >= self.buf.len() { Err(Fault::More) } else { Ok(value) }
    }

    /// The raw text of a number, `true`, `false` or `null`.
    pub(crate) fn word(&mut self) -> Scanned<&'a [u8]> {
        self.peek()?;
        let start = self.pos;
        let rest = &self.buf[start..];
        let n = rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')))
            .ok_or(Fault::More)?;
        if n == 0 {
            return self.bad("a value was expected");
        }
        self.pos += n;
        Ok(&rest[..n])
    }

    /// Skips any value. Nested values are only counted through: their brackets, their strings, and that nothing stands between
    /// that no JSON holds; what they say is checked by whoever reads them.
    pub(crate) fn skip_value(&mut self) -> Scanned<()> {
        let mut depth = 0_usize;
        match self.peek()? {
            b'"' => return self.string().map(drop),
            b'{' | b'[' => {}
            _ => return self.word().map(drop),
        }
        loop {
            let rest = self.buf.get(self.pos..).unwrap_or_default();
            let Some(n) = rest.iter().position(|b| !IS_INSIDE[usize::from(*b)]) else { return Err(Fault::More) };
            self.pos += n;
            match rest[n] {
                b'{' | b'[' => {
                    depth += 1;
                    if depth > DEPTH_MAX {
                        return Err(Fault::Limit("nesting of JSON values"));
                    }
                    self.pos += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    self.pos += 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                b'"' => drop(self.string()?),
                _ => return self.bad("a value was expected"),
            }
        }
    }

    /// The raw text of any value.
    pub(crate) fn raw_value(&mut self) -> Scanned<&'a [u8]> {
        self.peek()?;
        let start = self.pos;
        self.skip_value()?;
        Ok(&self.buf[start..self.pos])
    }
}

/// Appends the text of a raw string; bytes that are not UTF-8 are read as windows-1252.
pub(crate) fn push_text(out: &mut String, raw: &[u8], has_escape: bool) {
    if !has_escape {
        match std::str::from_utf8(raw) {
            Ok(text) => out.push_str(text),
            Err(_) => out.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(raw).0),
        }
        return;
    }
    let text = match std::str::from_utf8(raw) {
        Ok(text) => std::borrow::Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(raw).0,
    };
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => push_unicode(out, &mut chars),
            Some(other) => out.push(other),
            None => {}
        }
    }
}

fn push_unicode(out: &mut String, chars: &mut std::str::Chars<'_>) {
    let Some(first) = hex4(chars) else { return out.push(char::REPLACEMENT_CHARACTER) };
    if !(0xd800..0xdc00).contains(&first) {
        return out.push(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    let mut ahead = chars.clone();
    let is_pair = ahead.next() == Some('\\') && ahead.next() == Some('u');
    match if is_pair { hex4(&mut ahead) } else { None } {
        Some(second @ 0xdc00..=0xdfff) => {
            *chars = ahead;
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        _ => out.push(char::REPLACEMENT_CHARACTER),
    }
}

fn hex4(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut code = 0;
    for _ in 0..4 {
        code = code * 16 + chars.next()?.to_digit(16)?;
    }
    Some(code)
}

/// The name in a `crs` member or the number in a `spatialReference`.
pub(crate) fn crs_of(raw: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(raw).ok()?;
    if let Some(name) = value.pointer("/properties/name").or_else(|| value.pointer("/properties/code")) {
        return Some(name.as_str().map_or_else(|| name.to_string(), str::to_owned));
    }
    let number = value.get("latestWkid").or_else(|| value.get("wkid"));
    number.map(ToString::to_string).or_else(|| Some(value.get("wkt")?.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Fault, Scan, push_text};

    #[test]
    fn strings_with_escapes() {
        let mut out = String::new();
        push_text(&mut out, br#"a\"b\\c\u00e9\ud83d\ude00\ud83dx\/"#, true);
        assert_eq!(out, "a\"b\\cé😀\u{fffd}x/");
        out.clear();
        push_text(&mut out, b"ft\xb2 \\u00e9 ", true);
        push_text(&mut out, b"ft\xb2", false);
        assert_eq!(out, "ft² é ft²");
    }

    #[test]
    fn numbers_are_the_nearest_floats() {
        let mut texts: Vec<String> =
            ["0", "-0", "7", "-96.8181569", "40.61", "1e3", "-1.5E-3", "0.1", "5.", "1234567890123456789"]
                .map(str::to_owned)
                .to_vec();
        texts.extend(
            ["-95.89515657975890", "0.30000000000000004", "9007199254740993", "123456789012345.678", ".5"]
                .map(str::to_owned),
        );
        texts.extend((0..2_000_u64).map(|i| format!("-{}.{:07}", i % 180, i.wrapping_mul(7_919_777_773) % 10_000_000)));
        texts.extend((0..2_000_u64).map(|i| format!("{}.{}", i, i.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
        for text in texts {
            let json = format!("{text},");
            let mut scan = Scan::new(json.as_bytes());
            let found = scan.number().unwrap();
            let wanted: f64 = text.parse().unwrap();
            assert_eq!(found.to_bits(), wanted.to_bits(), "{text}: {found}");
            assert_eq!(scan.pos, text.len(), "{text}");
            assert_eq!(Scan::new(text.as_bytes()).number(), Err(Fault::More), "{text}");
        }
        for bad in ["-,", "-x,", ".,"] {
            assert!(matches!(Scan::new(bad.as_bytes()).number(), Err(Fault::Bad(..))), "{bad}");
        }
    }

    #[test]
    fn a_cut_value_asks_for_more_at_every_byte() {
        let json = br#"{"a":[1,{"b":"c\"d"},null],"e":-1.5e3} "#;
        for cut in 0..json.len() - 1 {
            assert_eq!(Scan::new(&json[..cut]).skip_value(), Err(Fault::More), "{cut}");
        }
        assert_eq!(Scan::new(json).skip_value(), Ok(()));
        let deep = vec![b'['; 200];
        assert_eq!(Scan::new(&deep).skip_value(), Err(Fault::Limit("nesting of JSON values")));
    }
}
