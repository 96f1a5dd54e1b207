//! Bytes of a page to a document: character set, size, depth, wholeness.
//!
//! Servers lie about the character set, so the bytes have a say: what is valid UTF-8 with non-ASCII letters is UTF-8,
//! and what is not valid UTF-8 is not, whatever header and `<meta>` claim.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use html5ever::ParseOpts;
use html5ever::tendril::{StrTendril, TendrilSink};
use scraper::{Html, HtmlTreeSink};
use sha2::{Digest, Sha256};

use super::dom;
use super::error::Error;
use crate::ingest::text::find_encoding;

/// Bytes of a page. The largest assessor page seen has 62 kB. Parsing needs up to 90 times the page in memory.
pub const PAGE_BYTES_MAX: usize = 1 << 20;

/// Nesting of elements. Browsers stop at 512; the deepest page seen has 40.
pub const DEPTH_MAX: usize = 400;

/// Attributes of one tag. The parser compares each with all before it: 110,000 of them take 7 s. The fullest tag seen has 14.
const ATTRIBUTES_MAX: usize = 2_000;

/// Elements, texts and comments of a page: what looks at labels and tables takes time quadratic in them. The fullest page seen has
/// 3,000, a list of 250 candidates about 6,000.
const NODES_MAX: usize = 50_000;

/// Bytes parsed between two looks at the depth: the parser climbs through all open elements at every tag, so that 1 MB of nested
/// `<div>` takes minutes.
const PIECE_BYTES: usize = 1 << 10;

/// Formatting elements (`<b>`, `<font>`) open at the same time. The parser compares each with all open ones, so that 256 kB of
/// them take more than 10 s; the worst page seen leaves 4 open.
const OPEN_FORMATS_MAX: usize = 500;

/// Bytes in which a `<meta charset>` must stand (HTML standard, "prescan").
const META_BYTES: usize = 1_024;

/// Who decided on the character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CharsetSource {
    /// A byte order mark.
    ByteOrderMark,
    /// The profile.
    Profile,
    /// The HTTP header.
    Header,
    /// The `<meta>` element.
    Meta,
    /// The bytes themselves, against header or `<meta>` or without either.
    Bytes,
}

impl CharsetSource {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            CharsetSource::ByteOrderMark => "byte order mark",
            CharsetSource::Profile => "profile",
            CharsetSource::Header => "header",
            CharsetSource::Meta => "meta element",
            CharsetSource::Bytes => "bytes",
        }
    }
}

/// A parsed page.
pub struct Document {
    /// The tree.
    pub html: Html,
    /// SHA-256 of the bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub byte_len: usize,
    /// Character set read with.
    pub charset: &'static str,
    /// Who decided on it.
    pub charset_source: CharsetSource,
    /// What a person should know, as a charset that was claimed and is not true.
    pub warnings: Vec<String>,
    /// The last bytes, lower case, without white space at the end.
    tail: String,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("sha256", &self.sha256).field("charset", &self.charset).finish_non_exhaustive()
    }
}

impl Document {
    /// Decodes and parses a page.
    ///
    /// # Errors
    /// When the page is too large or too deep, or the profile's charset is unknown.
    pub fn parse(bytes: &[u8], content_type: Option<&str>, forced: Option<&str>) -> Result<Self, Error> {
        let sha256 = sha256_hex(bytes);
        let too_large = |what: String, limit| Error::TooLarge { page: short(&sha256), what, limit };
        if bytes.len() > PAGE_BYTES_MAX {
            return Err(too_large(format!("{} bytes, more", bytes.len()), PAGE_BYTES_MAX));
        }
        let n_open = open_formats(bytes);
        if n_open > OPEN_FORMATS_MAX {
            return Err(too_large(format!("{n_open} formatting elements open at once, more"), OPEN_FORMATS_MAX));
        }
        let n_attributes = most_attributes(bytes);
        if n_attributes > ATTRIBUTES_MAX {
            return Err(too_large(format!("{n_attributes} attributes in one tag, more"), ATTRIBUTES_MAX));
        }
        let (encoding, charset_source, warnings) = charset_of(bytes, content_type, forced)?;
        let (text, _, _) = encoding.decode(bytes);
        let html = parse_within_bounds(&text).map_err(|(what, limit)| too_large(what.to_owned(), limit))?;
        let end = text.trim_end();
        let tail: String = end.chars().rev().take(400).collect::<Vec<_>>().into_iter().rev().collect();
        Ok(Self {
            html,
            sha256,
            byte_len: bytes.len(),
            charset: encoding.name(),
            charset_source,
            warnings,
            tail: tail.to_ascii_lowercase(),
        })
    }

    /// First characters of the hash, enough to find the page again.
    pub fn short_hash(&self) -> String {
        short(&self.sha256)
    }

    /// Whether the page ends with this text, comments behind it aside.
    pub fn ends_with(&self, end: &str) -> bool {
        let mut rest = self.tail.trim_end();
        while let Some(open) = rest.strip_suffix("-->").and_then(|r| r.rfind("<!--")) {
            rest = rest[..open].trim_end();
        }
        rest.ends_with(&end.to_ascii_lowercase())
    }
}

/// Parses a page, but leaves one that is too deep or too full soon after it passes the bound, which it gives back.
fn parse_within_bounds(text: &str) -> Result<Html, (&'static str, usize)> {
    let too_deep = ("elements nested deeper", DEPTH_MAX);
    let mut parser = html5ever::parse_document(HtmlTreeSink::new(Html::new_document()), ParseOpts::default());
    let mut rest = text;
    let mut n_seen = 0;
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
        parser.process(StrTendril::from_slice(piece));
        rest = more;
        let html = parser.tokenizer.sink.sink.0.borrow();
        let n_nodes = html.tree.nodes().len();
        let mut new = html.tree.nodes().rev().take(n_nodes - n_seen);
        n_seen = n_nodes;
        if new.any(|node| node.ancestors().nth(DEPTH_MAX).is_some()) {
            return Err(too_deep);
        }
        if n_nodes > NODES_MAX {
            return Err(("more elements and texts", NODES_MAX));
        }
    }
    let html = parser.finish();
    // The parser moves elements around; what counts is how they stand in the end.
    if dom::depth(&html) <= DEPTH_MAX { Ok(html) } else { Err(too_deep) }
}

/// Most attributes of a tag, as a scan of the tags finds before anything is parsed. In scripts, where no tags are, it finds a few.
fn most_attributes(bytes: &[u8]) -> usize {
    let mut most = 0;
    let mut at = 0;
    while let Some(n) = memchr::memchr(b'<', bytes.get(at..).unwrap_or_default()) {
        at += n + 1;
        at += usize::from(bytes.get(at) == Some(&b'/'));
        let name = bytes.get(at..).unwrap_or_default();
        if name.first().is_some_and(u8::is_ascii_alphabetic) {
            let (n_attributes, n_bytes) = attributes(name);
            most = most.max(n_attributes);
            at += n_bytes;
        }
    }
    most
}

/// Where the scan of a tag stands, as the HTML standard has it (13.2.5.32 and following).
#[derive(Clone, Copy)]
enum InTag {
    TagName,
    Between,
    Name,
    AfterName,
    BeforeValue,
    Value,
}

/// Attributes up to the end of a tag that begins here, and the bytes to there.
fn attributes(tag: &[u8]) -> (usize, usize) {
    let (mut n, mut at, mut state) = (0, 0, InTag::TagName);
    while let Some(b) = tag.get(at).copied() {
        at += 1;
        let is_blank = b.is_ascii_whitespace();
        state = match (state, b) {
            (_, b'>') => break,
            (InTag::BeforeValue, b'"' | b'\'') => {
                let rest = tag.get(at..).unwrap_or_default();
                at += memchr::memchr(b, rest).map_or(rest.len(), |n| n + 1);
                InTag::Between
            }
            (InTag::BeforeValue, _) if is_blank => InTag::BeforeValue,
            (InTag::BeforeValue, _) => InTag::Value,
            (InTag::Value, _) if !is_blank => InTag::Value,
            (InTag::TagName, _) if !is_blank && b != b'/' => InTag::TagName,
            (InTag::Name | InTag::AfterName, b'=') => InTag::BeforeValue,
            (InTag::Name | InTag::AfterName, _) if is_blank => InTag::AfterName,
            (InTag::Name, _) if b != b'/' => InTag::Name,
            (_, b'/') => InTag::Between,
            (_, _) if is_blank => InTag::Between,
            (InTag::TagName | InTag::Between | InTag::Name | InTag::AfterName | InTag::Value, _) => {
                n += 1;
                InTag::Name
            }
        };
    }
    (n, at)
}

/// Most formatting elements that are open at the same time, as a scan of the tags finds before anything is parsed.
fn open_formats(bytes: &[u8]) -> usize {
    const FORMATS: &[&str] =
        &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
    let (mut n_open, mut most) = (0_usize, 0_usize);
    for piece in bytes.split(|b| *b == b'<').skip(1) {
        let (is_end, rest) = piece.strip_prefix(b"/").map_or((false, piece), |r| (true, r));
        let n = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        // `i<a.length` in a script is no tag: behind a name comes white space, a slash or the end of the tag.
        let is_tag = rest.get(n).is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'));
        let is_format =
            is_tag && rest.get(..n).is_some_and(|w| FORMATS.iter().any(|f| w.eq_ignore_ascii_case(f.as_bytes())));
        match (is_format, is_end) {
            (true, false) => n_open += 1,
            (true, true) => n_open = n_open.saturating_sub(1),
            (false, _) => {}
        }
        most = most.max(n_open);
    }
    most
}

/// First 16 characters of a hash.
pub(crate) fn short(sha256: &str) -> String {
    sha256.chars().take(16).collect()
}

/// SHA-256 as lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

type Charset = (&'static Encoding, CharsetSource, Vec<String>);

fn charset_of(bytes: &[u8], content_type: Option<&str>, forced: Option<&str>) -> Result<Charset, Error> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Ok((encoding, CharsetSource::ByteOrderMark, Vec::new()));
    }
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    let is_ascii = bytes.is_ascii();
    let forced = match forced {
        Some(label) => Some(
            Encoding::for_label(label.trim().as_bytes())
                .ok_or_else(|| Error::UnknownCharset { label: label.to_owned() })?,
        ),
        None => None,
    };
    let claims = [
        (forced, CharsetSource::Profile),
        (content_type.and_then(of_content_type), CharsetSource::Header),
        (of_meta(bytes), CharsetSource::Meta),
    ];
    let claim = claims.into_iter().find_map(|(encoding, source)| encoding.map(|e| (e, source)));
    let Some((encoding, source)) = claim else {
        let found = find_encoding(bytes, None).unwrap_or(UTF_8);
        return Ok((found, CharsetSource::Bytes, Vec::new()));
    };
    let lie = |real: &'static Encoding| {
        let text = format!("the {} says {}, the bytes are {}", source.as_str(), encoding.name(), real.name());
        (real, CharsetSource::Bytes, vec![text])
    };
    if encoding == UTF_8 && !is_utf8 {
        let found = find_encoding(bytes, None).unwrap_or(WINDOWS_1252);
        return Ok(lie(if found == UTF_8 { WINDOWS_1252 } else { found }));
    }
    // Two or more bytes that form valid UTF-8 letters by chance are as good as impossible in a Latin page.
    if encoding.is_ascii_compatible() && encoding != UTF_8 && is_utf8 && !is_ascii {
        return Ok(lie(UTF_8));
    }
    Ok((encoding, source, Vec::new()))
}

/// `charset=` of a content type or of a `<meta>` content.
fn of_content_type(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let at = lower.find("charset")?;
    let rest = lower.get(at + "charset".len()..)?.trim_start().strip_prefix('=')?;
    let label: String = rest
        .trim_start_matches([' ', '"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
        .collect();
    Encoding::for_label(label.as_bytes())
}

fn of_meta(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..META_BYTES).unwrap_or(bytes)).into_owned();
    let lower = head.to_ascii_lowercase();
    let found = lower.match_indices("<meta").find_map(|(at, _)| {
        let rest = head.get(at..)?;
        of_content_type(rest.split('>').next()?)
    })?;
    // The page was readable as bytes of ASCII up to here, so a claim of UTF-16 cannot be true (HTML standard).
    Some(if found.is_ascii_compatible() { found } else { UTF_8 })
}

#[cfg(test)]
mod tests {
    use super::{CharsetSource, Document, PAGE_BYTES_MAX};
    use crate::ingest::page::error::Error;

    fn charset(bytes: &[u8], header: Option<&str>) -> (&'static str, CharsetSource, usize) {
        let d = Document::parse(bytes, header, None).unwrap();
        (d.charset, d.charset_source, d.warnings.len())
    }

    #[test]
    fn a_less_than_in_a_script_opens_no_tag() {
        let script = format!("<script>{}</script>", "for(i=0;i<a.length;i++)".repeat(900));
        assert_eq!(super::open_formats(script.as_bytes()), 0);
        assert_eq!(super::open_formats(b"<b><b class=x><i/>text</b>"), 3);
        assert!(super::most_attributes(script.as_bytes()) < 20);
    }

    #[test]
    fn the_attributes_of_a_tag_are_counted() {
        for (tag, n) in [
            ("<p>a b c", 0),
            ("<p/>", 0),
            ("<p a b=1 c = '>x y' d=\"<q e f>\"/>", 4),
            ("<p a=\"1\"b='2'c>", 3),
            ("x < y z w", 0),
            ("</p a b>", 2),
            ("<p a=1 b", 2),
            ("<p a='never closed b c d>", 1),
            ("<p a=b=\"x y z\">", 3),
            ("<p a = = b / c>", 3),
            ("<p = =x>", 1),
            ("<p/a/b/c=/d>", 3),
        ] {
            assert_eq!(super::most_attributes(tag.as_bytes()), n, "{tag}");
        }
        let tag = |n: usize| format!("<p {}>x</p>", (0..n).map(|i| format!("a{i}=1 ")).collect::<String>());
        assert!(Document::parse(tag(2_000).as_bytes(), None, None).is_ok());
        assert!(matches!(Document::parse(tag(2_001).as_bytes(), None, None), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn a_page_at_the_bound_of_depth_is_read_and_one_far_beyond_it_costs_nothing() {
        let nested = |n: usize| format!("{}<b>\u{e9}</b>{}", "<div>".repeat(n), "</div>".repeat(n));
        // The document, html, body, b and its text take the rest.
        assert!(Document::parse(nested(395).as_bytes(), None, None).is_ok());
        assert!(Document::parse(nested(401).as_bytes(), None, None).is_err());
        // Minutes, were the whole page parsed; comments behind the body do not hide the depth.
        let hidden = format!("{}</body><!-- x -->", "<div>".repeat(190)).repeat(1_000);
        for text in ["<div>".repeat(200_000), "<p><div>".repeat(120_000), "<ul><li>".repeat(120_000), hidden] {
            assert!(matches!(Document::parse(text.as_bytes(), None, None), Err(Error::TooLarge { .. })));
        }
        let full = Document::parse("<p>x".repeat(100_000).as_bytes(), None, None).unwrap_err();
        assert!(full.to_string().ends_with("has more elements and texts than 50000"), "{full}");
    }

    #[test]
    fn the_bytes_have_a_say_about_the_character_set() {
        let meta =
            b"<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1252\"></head>PE\xd1A";
        assert_eq!(charset(meta, None), ("windows-1252", CharsetSource::Meta, 0));
        assert_eq!(charset(meta, Some("text/html; charset=utf-8")), ("windows-1252", CharsetSource::Bytes, 1));
        let utf8 = "<meta charset='iso-8859-1'>PEÑA".as_bytes();
        assert_eq!(charset(utf8, None), ("UTF-8", CharsetSource::Bytes, 1));
        assert_eq!(
            charset(b"<p>A", Some("text/html; charset=\"ISO-8859-1\"")),
            ("windows-1252", CharsetSource::Header, 0)
        );
        assert_eq!(
            charset(b"\xef\xbb\xbf<p>A", Some("text/html; charset=latin1")),
            ("UTF-8", CharsetSource::ByteOrderMark, 0)
        );
        assert_eq!(charset(b"<p>PE\xd1A", None).0, "windows-1252");
        assert_eq!(charset(b"<meta charset=utf-16><p>A", None).0, "UTF-8");
    }

    #[test]
    fn a_page_too_large_or_too_deep_is_refused() {
        let large = vec![b' '; PAGE_BYTES_MAX + 1];
        assert!(matches!(Document::parse(&large, None, None), Err(Error::TooLarge { .. })));
        let deep = "<div>".repeat(5_000);
        assert!(matches!(Document::parse(deep.as_bytes(), None, None), Err(Error::TooLarge { .. })));
        let bold: String = (0..600).map(|n| format!("<b id={n}>")).collect();
        assert!(matches!(Document::parse(bold.as_bytes(), None, None), Err(Error::TooLarge { .. })));
        assert!(matches!(Document::parse(b"", None, Some("klingon")), Err(Error::UnknownCharset { .. })));
    }

    #[test]
    fn the_end_is_found_behind_comments() {
        let ends = |text: &str| Document::parse(text.as_bytes(), None, None).unwrap().ends_with("</html>");
        assert!(ends("<html></HTML>\r\n "));
        assert!(ends("<html></html><!-- served by 3 -->\n<!-- x -->"));
        assert!(!ends("<html><table><tr><td>Own"));
        assert!(!ends("</html> <p>more"));
    }
}
