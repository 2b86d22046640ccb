//! Hosts that are asked although they are inside.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Host;

/// A host and port that may be asked although its address is not public: `127.0.0.1:9000`,
/// `[::1]:9000`, `images.internal:80`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AllowedHost {
    /// As it stands in URLs, IPv6 without brackets.
    host: String,
    port: u16,
}

/// Text that names no host and port.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected a host and a port, such as `127.0.0.1:9000`; found `{text}`")]
pub struct AllowedHostError {
    text: String,
}

impl AllowedHost {
    /// The host, without the port.
    #[must_use]
    pub fn host(&self) -> Host {
        match self.host.parse() {
            Ok(IpAddr::V4(address)) => Host::Ipv4(address),
            Ok(IpAddr::V6(address)) => Host::Ipv6(address),
            Err(_) => Host::Domain(self.host.clone()),
        }
    }

    /// Whether it is this host, written as in a parsed URL, at this port.
    pub(crate) fn is(&self, host: &str, port: u16) -> bool {
        self.port == port && self.host == bare(host)
    }
}

/// A host without the brackets that IPv6 has in URLs.
pub(crate) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || AllowedHostError { text: text.chars().take(100).collect() };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        // Written as it comes out of a URL.
        let host = Host::parse(host).map_err(|_| wrong())?.to_string();
        let port = port.parse().map_err(|_| wrong())?;
        Ok(Self { host: bare(&host).to_owned(), port })
    }
}

impl TryFrom<String> for AllowedHost {
    type Error = AllowedHostError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AllowedHost> for String {
    fn from(allowed: AllowedHost) -> Self {
        allowed.to_string()
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_however_it_is_written() {
        let allowed = |text: &str| text.parse::<AllowedHost>().unwrap();
        assert!(allowed("Images.Internal:80").is("images.internal", 80));
        assert!(allowed("[0:0::1]:80").is("[::1]", 80));
        assert!(!allowed("127.0.0.1:80").is("127.0.0.1", 81));
        assert_eq!(allowed("[::1]:80").to_string(), "[::1]:80");
        for wrong in ["localhost", "::1", "a b:80", "a:b", "a:70000", ":80", ""] {
            assert!(wrong.parse::<AllowedHost>().is_err(), "{wrong:?}");
        }
    }
}
