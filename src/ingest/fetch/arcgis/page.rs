//! A look at a page of rows without making rows of it: object ids, how many, whether more follow, whether it is whole.

use std::borrow::Cow;

use serde_json::Value;

use super::layer::crs_name;
use crate::ingest::error::shown;
use crate::ingest::fetch::Error;
use crate::ingest::fetch::exchange::title_of;
use crate::ingest::json::{Fault, Scan, Scanned};

/// What is looked for in the rows.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Field of object ids.
    pub oid_field: &'a str,
    /// Field with the time of the last edit, or the day of the roll.
    pub mark_field: Option<&'a str>,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Object ids in order of the rows.
    pub ids: Vec<i64>,
    /// Rows, also those without an object id.
    pub n_rows: u64,
    /// The service says that there is more than it gave.
    pub is_exceeded: bool,
    /// Greatest value of the mark field, as milliseconds since 1970.
    pub mark_max: Option<i64>,
    /// The coordinate system it names, before or behind the rows.
    pub crs: Option<String>,
}

/// A body as the scanner wants it: no byte order mark, UTF-16 turned into UTF-8.
pub fn text_of(body: &[u8]) -> Cow<'_, [u8]> {
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, ..] => Cow::Owned(encoding_rs::UTF_16LE.decode(body).0.into_owned().into_bytes()),
        [0xfe, 0xff, ..] => Cow::Owned(encoding_rs::UTF_16BE.decode(body).0.into_owned().into_bytes()),
        _ => Cow::Borrowed(body),
    }
}

/// Refuses HTML and XML, which services send with status 200 when they are down, and nothing at all.
pub(crate) fn refuse_markup(url: &str, body: &[u8]) -> Result<(), Error> {
    match text_of(body).iter().find(|b| !b.is_ascii_whitespace()) {
        None => Err(Error::Truncated { url: url.to_owned(), n_bytes: body.len() as u64 }),
        Some(b'<') => Err(Error::NotJson { url: url.to_owned(), title: title_of(body) }),
        Some(_) => Ok(()),
    }
}

/// The `error` member of a body.
pub(crate) fn service_error(url: &str, error: &Value) -> Error {
    let code = error.get("code").and_then(Value::as_i64).unwrap_or(0);
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
    let details = error.get("details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut told = vec![message];
    told.extend(details.iter().filter_map(Value::as_str).filter(|d| *d != message));
    Error::Service { url: url.to_owned(), code, message: shown(told.join(" ").trim()) }
}

/// Looks at a page.
///
/// # Errors
/// When it is an error, a page for people, no list of features, or not whole.
pub fn look(url: &str, body: &[u8], wanted: Wanted<'_>) -> Result<Page, Error> {
    refuse_markup(url, body)?;
    let text = text_of(body);
    let mut scan = Scan::new(&text);
    let unexpected = |detail: String| Error::Unexpected { url: url.to_owned(), detail };
    match scan_page(&mut scan, wanted) {
        Ok(Seen::Page(page)) => {
            let rest = text.get(scan.pos..).unwrap_or_default();
            if rest.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
                Ok(page)
            } else {
                Err(unexpected("more stands behind the end of the page".to_owned()))
            }
        }
        Ok(Seen::Error(raw)) => {
            let error = serde_json::from_slice(&raw).unwrap_or(Value::Null);
            Err(service_error(url, &error))
        }
        Ok(Seen::Other) => {
            let head = String::from_utf8_lossy(text.get(..200).unwrap_or(&text)).into_owned();
            Err(unexpected(format!("no list of features: {}", shown(&head))))
        }
        Err(Fault::More) => Err(Error::Truncated { url: url.to_owned(), n_bytes: body.len() as u64 }),
        Err(Fault::Bad(at, what)) => Err(unexpected(format!("broken JSON at byte {at}: {what}"))),
        Err(Fault::Limit(what)) => Err(unexpected(format!("too much: {what}"))),
    }
}

enum Seen {
    Page(Page),
    Error(Vec<u8>),
    Other,
}

fn scan_page(scan: &mut Scan<'_>, wanted: Wanted<'_>) -> Scanned<Seen> {
    scan.expect(b'{', "a JSON object was expected")?;
    let mut page = Page::default();
    let mut has_features = false;
    let mut error = None;
    while let Some((key, _)) = scan.key()? {
        match key {
            b"error" => error = Some(scan.raw_value()?.to_vec()),
            b"features" if scan.peek()? == b'[' => {
                has_features = true;
                scan.pos += 1;
                scan_features(scan, wanted, &mut page)?;
            }
            b"spatialReference" => {
                let value: Value = serde_json::from_slice(scan.raw_value()?).unwrap_or(Value::Null);
                page.crs = crs_name(&value);
            }
            b"exceededTransferLimit" => page.is_exceeded |= scan.raw_value()? == b"true",
            // GeoJSON has it among the properties of the collection.
            b"properties" => {
                let value: Value = serde_json::from_slice(scan.raw_value()?).unwrap_or(Value::Null);
                page.is_exceeded |= value.get("exceededTransferLimit").and_then(Value::as_bool) == Some(true);
            }
            _ => scan.skip_value()?,
        }
    }
    Ok(match error {
        Some(raw) => Seen::Error(raw),
        None if has_features => Seen::Page(page),
        None => Seen::Other,
    })
}

fn scan_features(scan: &mut Scan<'_>, wanted: Wanted<'_>, page: &mut Page) -> Scanned<()> {
    loop {
        match scan.peek()? {
            b']' => {
                scan.pos += 1;
                return Ok(());
            }
            b',' => scan.pos += 1,
            b'{' => {
                scan.pos += 1;
                page.n_rows += 1;
                scan_feature(scan, wanted, page)?;
            }
            _ => return scan.bad("a feature was expected"),
        }
    }
}

fn scan_feature(scan: &mut Scan<'_>, wanted: Wanted<'_>, page: &mut Page) -> Scanned<()> {
    let mut id = None;
    let mut outer_id = None;
    while let Some((key, _)) = scan.key()? {
        match key {
            b"attributes" | b"properties" if scan.peek()? == b'{' => {
                scan.pos += 1;
                while let Some((name, _)) = scan.key()? {
                    if name.eq_ignore_ascii_case(wanted.oid_field.as_bytes()) {
                        id = whole_number(scan.raw_value()?);
                    } else if wanted.mark_field.is_some_and(|m| name.eq_ignore_ascii_case(m.as_bytes())) {
                        page.mark_max = page.mark_max.max(mark_of(scan.raw_value()?));
                    } else {
                        scan.skip_value()?;
                    }
                }
            }
            b"id" => outer_id = whole_number(scan.raw_value()?),
            _ => scan.skip_value()?,
        }
    }
    page.ids.extend(id.or(outer_id));
    Ok(())
}

fn whole_number(raw: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(raw).ok()?.trim_matches('"');
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// Milliseconds since 1970 of a number or of a text that begins with a day.
fn mark_of(raw: &[u8]) -> Option<i64> {
    if let Some(ms) = whole_number(raw) {
        return Some(ms);
    }
    let text = std::str::from_utf8(raw).ok()?.trim_matches('"');
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let day: jiff::civil::Date = text.get(..10)?.replace('/', "-").parse().ok()?;
    let seconds = day.at(0, 0, 0, 0).duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0)).as_secs();
    seconds.checked_mul(1_000)
}

/// The text of the `n`th row (from 1) of a page.
pub fn nth_row(body: &[u8], n: u64) -> Option<String> {
    let text = text_of(body);
    let mut scan = Scan::new(&text);
    let raw = scan_nth(&mut scan, n).ok().flatten()?;
    Some(String::from_utf8_lossy(raw).into_owned())
}

fn scan_nth<'a>(scan: &mut Scan<'a>, n: u64) -> Scanned<Option<&'a [u8]>> {
    scan.expect(b'{', "a JSON object was expected")?;
    while let Some((key, _)) = scan.key()? {
        if key != b"features" || scan.peek()? != b'[' {
            scan.skip_value()?;
            continue;
        }
        scan.pos += 1;
        let mut at = 0;
        while scan.peek()? != b']' {
            if scan.peek()? == b',' {
                scan.pos += 1;
                continue;
            }
            at += 1;
            let raw = scan.raw_value()?;
            if at == n {
                return Ok(Some(raw));
            }
        }
        return Ok(None);
    }
    Ok(None)
}

/// The number in the answer to a count, `None` when the service answers something else (old ones send a page of rows).
///
/// # Errors
/// When it is an error or a page for people.
pub fn count(url: &str, body: &[u8]) -> Result<Option<u64>, Error> {
    let value = whole(url, body)?;
    Ok(value.get("count").or_else(|| value.pointer("/properties/count")).and_then(Value::as_u64))
}

/// The field of object ids, where it is named, and the sorted ids.
pub type IdList = (Option<String>, Vec<i64>);

/// The sorted object ids and their field, `None` when the service answers something else.
///
/// # Errors
/// When it is an error, a page for people, or names an id twice.
pub fn object_ids(url: &str, body: &[u8]) -> Result<Option<IdList>, Error> {
    let value = whole(url, body)?;
    let inside = value.get("properties").filter(|p| p.get("objectIds").is_some()).unwrap_or(&value);
    let Some(list) = inside.get("objectIds") else { return Ok(None) };
    let field = inside.get("objectIdFieldName").and_then(Value::as_str).map(str::to_owned);
    // An empty layer has null here.
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut ids: Vec<i64> =
        list.iter().filter_map(|v| v.as_i64().or_else(|| whole_number(v.to_string().as_bytes()))).collect();
    let n_listed = list.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != n_listed {
        let detail = format!("{n_listed} object ids are listed, {} of them different numbers", ids.len());
        return Err(Error::Unexpected { url: url.to_owned(), detail });
    }
    Ok(Some((field, ids)))
}

/// The least and greatest object id in the answer to a statistics query.
///
/// # Errors
/// When it is an error or a page for people.
pub fn id_range(url: &str, body: &[u8]) -> Result<Option<(i64, i64)>, Error> {
    let value = whole(url, body)?;
    let Some(row) = value.pointer("/features/0/attributes").and_then(Value::as_object) else { return Ok(None) };
    let find = |word: &str| {
        let (_, value) = row.iter().find(|(k, _)| k.to_ascii_lowercase().ends_with(word))?;
        whole_number(value.to_string().as_bytes())
    };
    Ok(find("the_min").zip(find("the_max")).filter(|(min, max)| min <= max))
}

/// Most bytes of an answer that is taken apart as a whole: ten million object ids take 80 MB.
const WHOLE_BYTES_MAX: usize = 128 << 20;

fn whole(url: &str, body: &[u8]) -> Result<Value, Error> {
    refuse_markup(url, body)?;
    if body.len() > WHOLE_BYTES_MAX {
        return Err(Error::TooLarge { url: url.to_owned(), limit: WHOLE_BYTES_MAX as u64, detail: "" });
    }
    let value: Value = serde_json::from_slice(&text_of(body)).map_err(|e| {
        if e.is_eof() {
            Error::Truncated { url: url.to_owned(), n_bytes: body.len() as u64 }
        } else {
            Error::Unexpected { url: url.to_owned(), detail: format!("broken JSON: {e}") }
        }
    })?;
    match value.get("error") {
        Some(error) => Err(service_error(url, error)),
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, Wanted, count, id_range, look, nth_row, object_ids};
    use crate::ingest::fetch::Error;

    const WANTED: Wanted<'_> = Wanted { oid_field: "OBJECTID", mark_field: Some("EditDate") };

    const ESRI: &str = r#"{"objectIdFieldName":"OBJECTID","spatialReference":{"wkid":2267},"fields":[{"name":"OBJECTID"}],
        "features":[{"attributes":{"OBJECTID":7,"N":{"OBJECTID":9},"EditDate":1700000000000},"geometry":{"rings":[[[0,1]]]}},
        {"geometry":null,"attributes":{"EditDate":null,"objectid":8.0}}],"exceededTransferLimit":true}"#;

    #[test]
    fn both_shapes_are_read() {
        let page = look("u", ESRI.as_bytes(), WANTED).unwrap();
        assert_eq!(
            page,
            Page {
                ids: vec![7, 8],
                n_rows: 2,
                is_exceeded: true,
                mark_max: Some(1_700_000_000_000),
                crs: Some("2267".to_owned())
            }
        );
        let geojson = r#"{"type":"FeatureCollection","properties":{"exceededTransferLimit":true},"features":[
            {"type":"Feature","id":3,"geometry":null,"properties":{"A":"x","EditDate":"2023-11-14T22:13:20Z"}},
            {"type":"Feature","id":1,"properties":{"OBJECTID":4,"EditDate":"2023/01/01"}},{"properties":null}]}"#;
        let page = look("u", geojson.as_bytes(), WANTED).unwrap();
        assert_eq!(
            page,
            Page { ids: vec![3, 4], n_rows: 3, is_exceeded: true, mark_max: Some(1_700_000_000_000), crs: None }
        );
        assert_eq!(
            nth_row(ESRI.as_bytes(), 2).unwrap(),
            r#"{"geometry":null,"attributes":{"EditDate":null,"objectid":8.0}}"#
        );
        assert_eq!((nth_row(ESRI.as_bytes(), 3), nth_row(b"{}", 1), nth_row(b"<", 1)), (None, None, None));
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(ESRI.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(look("u", &utf16, WANTED).unwrap().ids, [7, 8]);
        assert_eq!(look("u", &[b"\xef\xbb\xbf", ESRI.as_bytes(), b" \n\0"].concat(), WANTED).unwrap().ids, [7, 8]);
    }

    #[test]
    fn every_cut_is_noticed() {
        for cut in 0..ESRI.len() {
            let result = look("u", &ESRI.as_bytes()[..cut], WANTED);
            assert!(matches!(result, Err(Error::Truncated { .. })), "{cut}: {result:?}");
        }
    }

    #[test]
    fn errors_with_status_200_are_errors() {
        let error =
            look("u", br#"{"error":{"code":400,"message":"Failed","details":["Failed","no field X"]}}"#, WANTED);
        let Err(Error::Service { code: 400, message, .. }) = error else { panic!("{error:?}") };
        assert_eq!(message, "Failed no field X");
        let late = look("u", br#"{"features":[],"error":{"code":504,"message":"x"}}"#, WANTED);
        assert!(matches!(late, Err(Error::Service { code: 504, .. })), "half a page with an error is an error");
        for (body, part) in [
            ("{\"layers\":[]}", "no list of features"),
            ("[1]", "a JSON object was expected"),
            ("{\"features\":[1]}", "a feature was expected"),
            ("{\"features\":[]} {}", "behind the end"),
            ("hello world", "a JSON object"),
        ] {
            let error = look("u", body.as_bytes(), WANTED).unwrap_err();
            assert!(error.to_string().contains(part), "{body}: {error}");
        }
        let page = look("u", b"\n<!doctype html><TITLE>Maintenance</TITLE>", WANTED).unwrap_err();
        assert!(page.to_string().contains("Maintenance"), "{page}");
        let deep = format!("{{\"features\":[{{\"attributes\":{}", "[".repeat(100_000));
        assert!(look("u", deep.as_bytes(), WANTED).is_err());
    }

    #[test]
    fn counts_ids_and_ranges() {
        assert_eq!(count("u", b"{\"count\":12}").unwrap(), Some(12));
        assert_eq!(count("u", ESRI.as_bytes()).unwrap(), None, "an old service sends rows");
        let ids = object_ids("u", br#"{"objectIdFieldName":"FID","objectIds":[5,3,410106100009]}"#).unwrap().unwrap();
        assert_eq!(ids, (Some("FID".to_owned()), vec![3, 5, 410_106_100_009]));
        assert_eq!(object_ids("u", br#"{"objectIds":null}"#).unwrap().unwrap().1, Vec::<i64>::new());
        assert!(object_ids("u", br#"{"objectIds":[1,1]}"#).is_err());
        assert_eq!(object_ids("u", ESRI.as_bytes()).unwrap(), None);
        let statistics = br#"{"features":[{"attributes":{"MIN(X) AS THE_MIN":1,"MAX(X) AS THE_MAX":167.0}}]}"#;
        assert_eq!(id_range("u", statistics).unwrap(), Some((1, 167)));
        assert_eq!(id_range("u", br#"{"features":[{"attributes":{"THE_MIN":null,"THE_MAX":null}}]}"#).unwrap(), None);
        assert!(matches!(count("u", b"{\"count\":"), Err(Error::Truncated { .. })));
    }
}
