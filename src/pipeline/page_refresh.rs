//! Refreshing one parcel from the assessor's page: ask, read, keep beside the roll, and say what differs from it.
//!
//! One person, one parcel, one walk. The evidence of the responses is kept whatever comes of it; values only when the
//! whole record could be read, in one transaction with their evidence. Roll rows are never touched.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use url::Url;

pub use super::fetch_error::Error;
use super::fetch_vault::EvidenceVault;
use crate::address;
use crate::ingest::fetch;
use crate::ingest::fetch::client::{Client, Request, Vault};
use crate::ingest::page;
use crate::ingest::page::document::PAGE_BYTES_MAX;
use crate::ingest::page::extract::Candidate;
use crate::ingest::page::profile::PageProfile;
use crate::ingest::page::walk::{Answer, Found, Question, Walk};
use crate::store::pages::{self, PageValueRow, RefreshRow, Subject};
use crate::store::{self, Reader};

/// Requests for pages to one host in a day: a specialist opens some 60 records a day at 3 to 5 requests each.
pub const PAGE_REQUESTS_PER_DAY_MAX: u64 = 400;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Parcel number on the roll.
    pub parcel_no: &'a str,
    /// Profile.
    pub profile: &'a PageProfile,
    /// Template values by hand.
    pub with: &'a [(String, String)],
    /// The person has read and accepts the site's terms.
    pub accepts_terms: bool,
    /// A page read less long ago than this is not asked for again.
    pub age_max: Duration,
}

/// How page and roll compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same, spelling aside.
    Same,
    /// Different.
    Changed,
    /// The roll has nothing.
    OnlyPage,
    /// The page has nothing.
    OnlyRoll,
}

impl Comparison {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Comparison::Same => "same",
            Comparison::Changed => "CHANGED",
            Comparison::OnlyPage => "new",
            Comparison::OnlyRoll => "gone",
        }
    }
}

/// One field of page and roll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Field.
    pub field: String,
    /// What the roll says.
    pub roll: String,
    /// What the page says.
    pub page: String,
    /// How they compare.
    pub comparison: Comparison,
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    /// Where it came from.
    pub source: RefreshRow,
    /// Date of the roll it is compared with.
    pub roll_date: String,
    /// Values.
    pub values: Vec<PageValueRow>,
    /// Owner, mailing address and sale against the roll.
    pub compared: Vec<Compared>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Nothing was asked: this is the page read earlier.
    pub is_earlier: bool,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The record.
    Refreshed(Box<Refreshed>),
    /// Candidates; a person must choose.
    Several(Vec<Candidate>),
    /// The site has no such parcel.
    Nothing,
}

/// Refreshes one parcel.
///
/// # Errors
/// When the parcel is not known or withheld, the site cannot be asked, or its page cannot be read. Values are stored
/// only when everything could be read; the kept responses stay.
pub async fn run(db: &Path, vault: &EvidenceVault, client: &Client, wanted: &Wanted<'_>) -> Result<Ended, Error> {
    let subject = subject_of(db, wanted.parcel_no)?;
    if let Some(earlier) = earlier(db, &subject, wanted)? {
        return Ok(Ended::Refreshed(Box::new(earlier)));
    }
    let host = wanted.profile.base.host_str().unwrap_or_default().to_owned();
    let since = SystemTime::now() - Duration::from_secs(86_400);
    let n = vault.n_requests(&host, since).map_err(fetch::Error::Vault)?;
    if n >= PAGE_REQUESTS_PER_DAY_MAX {
        return Err(Error::DailyBudget { host, n, max: PAGE_REQUESTS_PER_DAY_MAX });
    }
    let question = question_of(&subject, wanted);
    let walked = walk(wanted.profile, &question, client).await;
    let (found, read) = match walked {
        Ok(done) => done,
        Err(error) => {
            vault.flush()?;
            return Err(error);
        }
    };
    match found {
        Found::Several(candidates) => {
            vault.flush()?;
            Ok(Ended::Several(candidates))
        }
        Found::Nothing => {
            vault.flush()?;
            Ok(Ended::Nothing)
        }
        Found::Record { record, sha256, url, charset, warnings } => {
            let source = RefreshRow {
                parcel_no: subject.parcel_no.clone(),
                profile: wanted.profile.name.clone(),
                profile_sha256: wanted.profile.sha256.clone(),
                url: url.to_string(),
                sha256,
                charset: charset.to_owned(),
                received_at: read.received_at,
                actor: vault.actor().to_owned(),
            };
            let values: Vec<PageValueRow> = record
                .values
                .into_iter()
                .map(|v| PageValueRow {
                    field: v.field,
                    row_no: i64::try_from(v.row).unwrap_or(i64::MAX),
                    value: v.text,
                    selector_path: v.path,
                    rule: v.rule,
                })
                .collect();
            vault.flush_with(|tx| {
                pages::add(tx, subject.parcel_id, &source, read.byte_len, &values).map_err(Error::from)
            })?;
            let compared = compare(&subject, &values);
            let roll_date = subject.roll_date;
            let refreshed = Refreshed { source, roll_date, values, compared, warnings, is_earlier: false };
            Ok(Ended::Refreshed(Box::new(refreshed)))
        }
    }
}

/// The newest page read for a parcel, compared with the roll of today; nothing is asked.
///
/// # Errors
/// When the database cannot be read.
pub fn last_read(reader: &Reader, parcel_no: &str) -> Result<Option<Refreshed>, store::Error> {
    let Some(subject) = pages::subject(reader, parcel_no)? else { return Ok(None) };
    let Some((source, values)) = pages::latest(reader, subject.parcel_id, None)? else { return Ok(None) };
    let compared = if subject.is_withheld { Vec::new() } else { compare(&subject, &values) };
    let roll_date = subject.roll_date;
    Ok(Some(Refreshed { source, roll_date, values, compared, warnings: Vec::new(), is_earlier: true }))
}

fn subject_of(db: &Path, parcel_no: &str) -> Result<Subject, Error> {
    let reader = Reader::open(db)?;
    let subject =
        pages::subject(&reader, parcel_no)?.ok_or_else(|| Error::NoParcel { parcel_no: parcel_no.to_owned() })?;
    if subject.is_withheld {
        return Err(Error::Withheld { parcel_no: subject.parcel_no });
    }
    Ok(subject)
}

fn earlier(db: &Path, subject: &Subject, wanted: &Wanted<'_>) -> Result<Option<Refreshed>, Error> {
    let reader = Reader::open(db)?;
    let Some((source, values)) = pages::latest(&reader, subject.parcel_id, Some(&wanted.profile.name))? else {
        return Ok(None);
    };
    // Another profile text may read another page, or the same one otherwise.
    let is_same_profile = source.profile_sha256 == wanted.profile.sha256;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let read_at = source.received_at.parse::<jiff::Timestamp>().ok().and_then(|t| u64::try_from(t.as_second()).ok());
    let age = read_at.and_then(|t| now.checked_sub(Duration::from_secs(t)));
    if !is_same_profile || age.is_none_or(|a| a >= wanted.age_max) {
        return Ok(None);
    }
    let compared = compare(subject, &values);
    let roll_date = subject.roll_date.clone();
    Ok(Some(Refreshed { source, roll_date, values, compared, warnings: Vec::new(), is_earlier: true }))
}

/// What the last response was, beside its content.
struct Read {
    received_at: String,
    byte_len: u64,
}

async fn walk(profile: &PageProfile, question: &Question, client: &Client) -> Result<(Found, Read), Error> {
    let mut walk = Walk::start(profile, question)?;
    let mut referer: Option<String> = None;
    loop {
        let Some(ask) = walk.ask()? else {
            return Err(page::Error::TooManyRequests { profile: profile.name.clone(), n: 0 }.into());
        };
        let mut request = match ask.form {
            Some(form) => Request::post(ask.url.as_str(), form),
            None => Request::get(ask.url.as_str()),
        };
        request.bytes_max = Some(PAGE_BYTES_MAX as u64);
        request.headers.extend(referer.take().map(|r| ("Referer".to_owned(), r)));
        let response = client.send(&request).await?;
        let url = Url::parse(&response.url_final).unwrap_or(ask.url);
        let answer = Answer {
            status: response.status,
            content_type: response.header("content-type"),
            body: &response.body,
            sha256: &response.sha256,
            url: &url,
        };
        if let Some(found) = walk.take(answer)? {
            let stamp = jiff::Timestamp::try_from(response.received_at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
            let received_at = stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            return Ok((found, Read { received_at, byte_len: response.body.len() as u64 }));
        }
        referer = Some(url.to_string());
    }
}

/// Template values of a parcel: its keys, its situs in parts, the columns of the county's file, and what came by hand.
fn question_of(subject: &Subject, wanted: &Wanted<'_>) -> Question {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let mut put = |name: &str, value: String| {
        if !value.trim().is_empty() {
            values.insert(name.to_owned(), value);
        }
    };
    let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
    put("parcel_no", subject.parcel_no.clone());
    put("parcel_digits", digits(&subject.parcel_no));
    put("account_no", subject.account_no.clone());
    put("account_digits", digits(&subject.account_no));
    put("situs", subject.situs.clone());
    put("city", subject.situs_city.clone());
    put("zip", subject.situs_zip.clone());
    if let Some(situs) = address::parse(&subject.situs).readings.into_iter().next() {
        let street = situs.street;
        put("address_number", situs.address_number.map_or(String::new(), |n| n.low.to_string()));
        put("predirectional", street.predirectional.map_or("", |d| d.as_str()).to_owned());
        put("street_name", street.street_name);
        put("street_type", street.street_type.unwrap_or_default());
        put("postdirectional", street.postdirectional.map_or("", |d| d.as_str()).to_owned());
        put("unit", situs.occupancy.first().map_or(String::new(), |u| u.occupancy_id.clone()));
    }
    if let Ok(serde_json::Value::Object(columns)) = serde_json::from_str(&subject.attributes_json) {
        for (name, value) in columns {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            put(&format!("attr:{}", name.to_lowercase()), text);
        }
    }
    for (name, value) in wanted.with {
        put(&name.to_lowercase(), value.clone());
    }
    let keys = [&subject.parcel_no, &subject.account_no].into_iter().filter(|k| !k.is_empty()).cloned().collect();
    Question { values, keys, accepts_terms: wanted.accepts_terms }
}

/// Owner, mailing address and sale of page and roll.
fn compare(subject: &Subject, values: &[PageValueRow]) -> Vec<Compared> {
    let of_page = |field: &str| values.iter().find(|v| v.field == field && v.row_no == 0).map(|v| v.value.clone());
    let pairs = [
        ("owner_lines", &subject.owner_lines),
        ("mailing_lines", &subject.mailing_lines),
        ("sale_date", &subject.sale_date),
        ("sale_price", &subject.sale_price),
    ];
    pairs
        .into_iter()
        .filter_map(|(field, roll)| {
            let page = of_page(field)?;
            if page.is_empty() && roll.is_empty() {
                return None;
            }
            let comparison = match (roll.is_empty(), page.is_empty()) {
                (true, _) => Comparison::OnlyPage,
                (_, true) => Comparison::OnlyRoll,
                _ if is_same(field, roll, &page) => Comparison::Same,
                _ => Comparison::Changed,
            };
            Some(Compared { field: field.to_owned(), roll: roll.clone(), page, comparison })
        })
        .collect()
}

/// Whether two texts say the same, spelling aside. Order of words does not matter for owners ("ANA TESTWELL"), and a
/// ZIP+4 does not for addresses; everything else does.
fn is_same(field: &str, a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_uppercase).collect()
    };
    let (mut a, mut b) = (words(a), words(b));
    match field {
        "owner_lines" => {
            for side in [&mut a, &mut b] {
                side.retain(|w| w != "AND");
                side.sort_unstable();
            }
            a == b
        }
        "mailing_lines" => {
            for side in [&mut a, &mut b] {
                cut_zip4(side);
            }
            a.concat() == b.concat()
        }
        _ => a == b,
    }
}

fn cut_zip4(words: &mut Vec<String>) {
    let is_digits = |w: &String, n: usize| w.len() == n && w.bytes().all(|b| b.is_ascii_digit());
    match words.as_mut_slice() {
        [.., zip, four] if is_digits(zip, 5) && is_digits(four, 4) => {
            words.pop();
        }
        [.., nine] if is_digits(nine, 9) => nine.truncate(5),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn spelling_is_no_change_and_a_name_is() {
        for (field, a, b, same) in [
            ("owner_lines", "TESTWELL, ANA\nSAMPLE BEN", "Sample Ben & Testwell Ana", true),
            ("owner_lines", "TESTWELL ANA", "TESTWELL ANA L", false),
            ("owner_lines", "TESTWELL ANA JR", "TESTWELL ANA SR", false),
            ("mailing_lines", "PO BOX 17\nTULSA OK 74101-0017", "P.O. BOX 17\nTULSA, OK 741010017", true),
            ("mailing_lines", "PO BOX 17\nTULSA OK 74101", "PO BOX 17\nTULSA OK 74102", false),
            ("sale_date", "2023-06-24", "2023-06-24", true),
            ("sale_price", "15000000", "1500000", false),
        ] {
            assert_eq!(is_same(field, a, b), same, "{a} / {b}");
        }
    }
}
