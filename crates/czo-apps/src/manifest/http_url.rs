//! URLs of apps.

use std::fmt;
use std::str::FromStr;

use czo_core::FieldErrorCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use url::{Origin, Url};

use super::ManifestRules;
use super::place::Place;

/// The longest URL, in bytes.
const MAX_LEN: usize = 2048;

/// An absolute URL of HTTP, with a host and with neither user, password nor fragment.
///
/// ```
/// use czo_apps::HttpUrl;
///
/// let url: HttpUrl = "https://app.example.com/webhooks".parse()?;
/// assert_eq!(url.as_url().path(), "/webhooks");
/// assert!("https://user@app.example.com".parse::<HttpUrl>().is_err());
/// # Ok::<(), czo_apps::HttpUrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpUrl(Url);

/// Why a text is not a URL that an app may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HttpUrlError {
    /// Not a URL.
    #[error("expected a URL such as `https://app.example.com/webhooks`")]
    Form,
    /// More than 2,048 bytes.
    #[error("expected a URL of at most {MAX_LEN} bytes")]
    TooLong,
    /// Relative, where there is nothing that it could be relative to.
    #[error("expected an absolute URL, which begins with `https://`")]
    Relative,
    /// Of another protocol.
    #[error("expected a URL that begins with `https://`")]
    Scheme,
    /// With a user or a password, which logs and people would see.
    #[error("expected a URL without user and password")]
    UserInfo,
    /// With a fragment, which is never sent.
    #[error("expected a URL without a fragment (`#`)")]
    Fragment,
}

impl HttpUrl {
    /// The URL.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.0.origin()
    }

    /// Whether its host means nothing but itself where policies of browsers name it. In a URL it
    /// may be `*`, or have a semicolon in it.
    pub(crate) fn has_plain_host(&self) -> bool {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        self.0.host_str().is_some_and(|host| host.bytes().all(is_plain))
    }

    /// Reads an absolute URL, or one that is relative to `base`.
    fn resolve(text: &str, base: Option<&Self>) -> Result<Self, HttpUrlError> {
        if text.len() > MAX_LEN {
            return Err(HttpUrlError::TooLong);
        }
        // Readers of URLs pass over some of these and take a backslash for a slash.
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(HttpUrlError::Form);
        }
        let url = match Url::parse(text) {
            Ok(url) => {
                check_start(text)?;
                url
            }
            // `//host/path` is relative by the letter and names another host.
            Err(url::ParseError::RelativeUrlWithoutBase) if text.starts_with("//") => {
                return Err(HttpUrlError::Scheme);
            }
            Err(url::ParseError::RelativeUrlWithoutBase) => {
                let base = base.ok_or(HttpUrlError::Relative)?;
                base.0.join(text).map_err(|_| HttpUrlError::Form)?
            }
            Err(_) => return Err(HttpUrlError::Form),
        };
        Self::check(&url)?;
        Ok(Self(url))
    }

    fn check(url: &Url) -> Result<(), HttpUrlError> {
        if !url.has_host() {
            return Err(HttpUrlError::Form);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HttpUrlError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(HttpUrlError::Fragment);
        }
        if url.as_str().len() > MAX_LEN {
            return Err(HttpUrlError::TooLong);
        }
        Ok(())
    }
}

/// Refuses other protocols, and what readers of URLs mend, such as `https:host`.
fn check_start(text: &str) -> Result<(), HttpUrlError> {
    let starts = |with: &str| text.get(..with.len()).is_some_and(|s| s.eq_ignore_ascii_case(with));
    if starts("https://") || starts("http://") { Ok(()) } else { Err(HttpUrlError::Scheme) }
}

impl FromStr for HttpUrl {
    type Err = HttpUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::resolve(text, None)
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for HttpUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for HttpUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::deserialize(deserializer)
    }
}

impl JsonSchema for HttpUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HttpUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "URL",
            "description": "An absolute URL that begins with https://, or one relative to appUrl; without user, password and fragment.",
            "type": "string",
            "format": "uri-reference",
            "maxLength": MAX_LEN,
        })
    }
}

/// The schema of a URL that can't be relative.
pub(super) fn absolute_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "format": "uri",
        "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://",
        "maxLength": MAX_LEN,
    })
}

/// What the URLs of one manifest are read with.
#[derive(Debug)]
pub(super) struct Urls<'a> {
    rules: &'a ManifestRules,
    base: Base,
}

#[derive(Debug)]
enum Base {
    Known(HttpUrl),
    /// `appUrl` is missing or wrong, which is noted there and not once more at each relative URL.
    Wrong,
}

impl<'a> Urls<'a> {
    pub(super) fn relative_to(app_url: Option<&HttpUrl>, rules: &'a ManifestRules) -> Self {
        Self { rules, base: app_url.cloned().map_or(Base::Wrong, Base::Known) }
    }

    /// Reads a URL that may be relative to `appUrl`.
    pub(super) fn read(&self, place: &Place<'_>) -> Option<HttpUrl> {
        let base = match &self.base {
            Base::Known(url) => Some(url),
            Base::Wrong => None,
        };
        let text = place.text()?;
        match (HttpUrl::resolve(text, base), base) {
            (Err(HttpUrlError::Relative), None) => None,
            (url, _) => checked(place, url, self.rules),
        }
    }

    /// Reads a URL that the dashboard shows within itself.
    pub(super) fn read_framed(&self, place: &Place<'_>) -> Option<HttpUrl> {
        self.read(place).filter(|url| may_be_framed(place, url, self.rules))
    }
}

/// Reads a URL that is relative to nothing.
pub(super) fn absolute(place: &Place<'_>, rules: &ManifestRules) -> Option<HttpUrl> {
    checked(place, place.text()?.parse(), rules)
}

/// Reads `appUrl`.
pub(super) fn app_url(place: &Place<'_>, rules: &ManifestRules) -> Option<HttpUrl> {
    absolute(place, rules).filter(|url| may_be_framed(place, url, rules))
}

fn checked(
    place: &Place<'_>,
    url: Result<HttpUrl, HttpUrlError>,
    rules: &ManifestRules,
) -> Option<HttpUrl> {
    match url {
        Ok(url) if url.0.scheme() == "https" || rules.may_be_insecure(&url.0) => Some(url),
        Ok(_) => {
            place.invalid("expected `https`, since what is sent there is secret");
            None
        }
        Err(HttpUrlError::TooLong) => {
            place.refuse(FieldErrorCode::TooLong, HttpUrlError::TooLong.to_string());
            None
        }
        Err(error) => {
            place.invalid(error.to_string());
            None
        }
    }
}

/// Refuses the dashboard's own origin: a page of it in a frame is not kept apart from the
/// dashboard by the frame's sandbox. And a host that would not name itself alone in the policy of
/// the dashboard.
fn may_be_framed(place: &Place<'_>, url: &HttpUrl, rules: &ManifestRules) -> bool {
    let is_dashboard = rules.is_dashboard(&url.origin());
    if is_dashboard {
        place.invalid("expected another origin than the dashboard's own");
    }
    if !url.has_plain_host() {
        place.invalid("expected a host of letters, digits, `-` and `.`");
    }
    !is_dashboard && url.has_plain_host()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, HttpUrlError> {
        text.parse::<HttpUrl>().map(|url| url.to_string())
    }

    #[test]
    fn a_url_is_absolute_and_of_http() {
        assert_eq!(read("HTTPS://App.Example.com").unwrap(), "https://app.example.com/");
        assert_eq!(read("http://[::1]:3000/x?y=z").unwrap(), "http://[::1]:3000/x?y=z");
        assert_eq!(read("/webhooks"), Err(HttpUrlError::Relative));
        assert_eq!(read(""), Err(HttpUrlError::Relative));
        for text in ["ftp://a.example", "javascript:alert(1)", "https:a.example", "//a.example"] {
            assert_eq!(read(text), Err(HttpUrlError::Scheme), "{text}");
        }
        for text in ["https://", "https:\\\\a.example", "https://a .example", " https://a.example"]
        {
            assert_eq!(read(text), Err(HttpUrlError::Form), "{text}");
        }
    }

    #[test]
    fn a_url_has_neither_user_nor_fragment() {
        for text in ["https://u@a.example", "https://:p@a.example", "https://u:p@a.example"] {
            assert_eq!(read(text), Err(HttpUrlError::UserInfo), "{text}");
        }
        for text in ["https://a.example#", "https://a.example/#top"] {
            assert_eq!(read(text), Err(HttpUrlError::Fragment), "{text}");
        }
    }

    #[test]
    fn a_url_has_at_most_2048_bytes() {
        let url = |length: usize| format!("https://a.example/{}", "x".repeat(length - 18));
        assert!(read(&url(2048)).is_ok());
        assert_eq!(read(&url(2049)), Err(HttpUrlError::TooLong));
        // Each of these takes three bytes when it is written as in a request.
        let grows = format!("https://a.example/{}", "{".repeat(1000));
        assert_eq!(read(&grows), Err(HttpUrlError::TooLong));
    }

    #[test]
    fn a_relative_url_stays_at_its_host() {
        let base: HttpUrl = "https://a.example/app/".parse().unwrap();
        let resolve = |text| HttpUrl::resolve(text, Some(&base)).map(|url| url.to_string());
        assert_eq!(resolve("hook").unwrap(), "https://a.example/app/hook");
        assert_eq!(resolve("/hook?x=1").unwrap(), "https://a.example/hook?x=1");
        assert_eq!(resolve("../../../etc").unwrap(), "https://a.example/etc");
        assert_eq!(resolve("//b.example/hook"), Err(HttpUrlError::Scheme));
        assert_eq!(resolve("#top"), Err(HttpUrlError::Fragment));
    }
}
