//! What can go wrong with a page: it is not whole, not the page we know, or lacks what the profile promises.

/// A page or page profile that cannot be used. Nothing is taken from such a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are named in the message")]
pub enum Error {
    /// A profile that does not say what we need, or says it wrongly.
    #[error("page profile {name}, line {line}: {detail}")]
    Profile { name: String, line: usize, detail: String },
    /// No such profile.
    #[error("no page profile called {name} (known: {known})")]
    NoSuchProfile { name: String, known: String },
    /// A bound was passed.
    #[error("the page {page} has {what} than {limit}")]
    TooLarge { page: String, what: String, limit: usize },
    /// A character set label that nobody knows.
    #[error("unknown character set {label}")]
    UnknownCharset { label: String },
    /// The page ends before its end.
    #[error("profile {profile}: the page {page} is cut off: {detail}")]
    Truncated { profile: String, page: String, detail: String },
    /// A captcha, a login, an outage.
    #[error("profile {profile}: the site does not let us in: {why} (page {page})")]
    Blocked { profile: String, page: String, why: String },
    /// None of the pages the profile knows.
    #[error("profile {profile}: the page {page} is none of the pages this profile knows; the site has changed")]
    Changed { profile: String, page: String },
    /// The site showed its search form instead of an answer.
    #[error("profile {profile}: the site answered with its search form again (page {page})")]
    FormAgain { profile: String, page: String },
    /// The terms of the site must be accepted by a person.
    #[error("profile {profile}: the site asks to accept its terms at {url}")]
    Terms { profile: String, url: String },
    /// A selector found nothing.
    #[error("profile {profile}, field {field}: {rule} finds nothing in page {page}")]
    NothingFound { profile: String, field: String, rule: String, page: String },
    /// A selector found an element without text where text must be.
    #[error("profile {profile}, field {field}: {rule} is empty in page {place}")]
    EmptyValue { profile: String, field: String, rule: String, place: String },
    /// A selector found several different values.
    #[error("profile {profile}, field {field}: {rule} finds {n} different values in page {page}")]
    Ambiguous { profile: String, field: String, rule: String, n: usize, page: String },
    /// A value that is no date, amount or number.
    #[error("profile {profile}, field {field}: {value:?} is no {wanted} (page {place})")]
    BadValue { profile: String, field: String, value: String, wanted: &'static str, place: String },
    /// The page shows another parcel than the one asked for.
    #[error("profile {profile}: asked for {asked}, the page {page} shows {shown}")]
    WrongRecord { profile: String, asked: String, shown: String, page: String },
    /// The parcel has nothing to search by.
    #[error("{}", nothing_to_search_by(profile, needs, lacking))]
    NothingToSearchBy { profile: String, needs: String, lacking: String },
    /// A link that leads away from the hosts of the profile.
    #[error("profile {profile}: {url} is not on the hosts of the profile")]
    ForeignHost { profile: String, url: String },
    /// More requests than one record can need.
    #[error("profile {profile}: {n} requests and still no record")]
    TooManyRequests { profile: String, n: usize },
    /// The server said no.
    #[error("profile {profile}: status {status} from {url}")]
    Status { profile: String, status: u16, url: String },
    /// A list of candidates that repeats or does not hold what it announces.
    #[error("profile {profile}: the list of candidates is not whole: {detail} (page {page})")]
    BrokenList { profile: String, detail: String, page: String },
}

impl Error {
    /// A command to try next.
    pub fn hint(&self) -> String {
        match self {
            Error::Profile { .. } | Error::UnknownCharset { .. } => {
                "the keys of a page profile are listed in docs/fetch_pages.md".to_owned()
            }
            Error::NoSuchProfile { .. } => "taptrace fetch inspect-page FILE   proposes a profile".to_owned(),
            Error::NothingFound { profile, page, .. }
            | Error::EmptyValue { profile, place: page, .. }
            | Error::Ambiguous { profile, page, .. }
            | Error::BadValue { profile, place: page, .. }
            | Error::Changed { profile, page }
            | Error::BrokenList { profile, page, .. }
            | Error::FormAgain { profile, page } => mend(profile, page),
            Error::Truncated { .. } | Error::TooLarge { .. } | Error::Status { .. } => {
                "nothing was stored; try again later".to_owned()
            }
            Error::Blocked { .. } => "open the page in a browser; nothing was stored".to_owned(),
            Error::Terms { url, .. } => format!("read the terms at {url}, then add --accept-terms"),
            Error::WrongRecord { .. } => "nothing was stored; compare the numbers of roll and page".to_owned(),
            Error::NothingToSearchBy { needs, .. } if needs.is_empty() => {
                "write how the site searches as [[search]] into the profile; docs/fetch_pages.md lists the keys"
                    .to_owned()
            }
            Error::NothingToSearchBy { lacking, .. } => format!("add it by hand: --with {lacking}=VALUE"),
            Error::ForeignHost { profile, .. } | Error::TooManyRequests { profile, .. } => {
                format!("taptrace fetch test {profile}")
            }
        }
    }
}

fn nothing_to_search_by(profile: &str, needs: &str, lacking: &str) -> String {
    if needs.is_empty() {
        return format!("profile {profile} does not say how its site is searched");
    }
    format!("profile {profile} searches by {needs}; {lacking} is not known for this parcel")
}

/// How a person gets the page and mends the profile. The hash stands at the beginning of a place in a page.
fn mend(profile: &str, place: &str) -> String {
    let page = place.split([',', ' ']).next().unwrap_or_default();
    format!(
        "get the page with: taptrace source show {page} --body -o page.html   (or save it in a browser); \
         taptrace fetch test {profile} --page page.html   shows what fails, \
         taptrace fetch inspect-page page.html -o mine.toml   proposes new rules"
    )
}
