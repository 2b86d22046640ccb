//! Where a Redis is.

use std::fmt;
use std::str::FromStr;

use fred::types::config::Config;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use thiserror::Error;

/// Where a Redis is: `redis://user:password@host:port/database`, where everything but the host may
/// be left out. `redis-cluster://host:port` is a cluster, of which this is one node. `rediss://`
/// and `rediss-cluster://` speak TLS, with the feature `tls`.
///
/// `Debug`, `Display` and `Serialize` leave the login out.
#[derive(Clone)]
pub struct RedisUrl {
    url: SecretString,
    shown: String,
}

/// Text that is not the URL of a Redis. It does not repeat the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "expected `redis://<user>:<password>@<host>:<port>/<database>` (or `rediss://` with TLS), with `/`, `?`, `#` and `@` in a password written as %2F, %3F, %23 and %40"
)]
pub struct RedisUrlError;

#[cfg(feature = "tls")]
const SCHEMES: [&str; 4] = ["redis", "redis-cluster", "rediss", "rediss-cluster"];
#[cfg(not(feature = "tls"))]
const SCHEMES: [&str; 2] = ["redis", "redis-cluster"];

impl RedisUrl {
    /// What the client makes of it.
    pub(crate) fn config(&self) -> Result<Config, RedisUrlError> {
        // What the client says of a wrong one may repeat it.
        Config::from_url(self.url.expose_secret()).map_err(|_| RedisUrlError)
    }
}

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(RedisUrlError)?;
        // The last `@` ends the login: a password with a raw `/`, `?` or `#` must not be taken for
        // a path, and be shown as one.
        let (login, address) = rest.rsplit_once('@').unwrap_or(("", rest));
        let host = address.split(['/', '?', '#']).next().unwrap_or_default();
        if !SCHEMES.contains(&scheme) || host.is_empty() || login.contains(['/', '?', '#']) {
            return Err(RedisUrlError);
        }
        let database = address.strip_prefix(host).unwrap_or_default();
        let number = database.strip_prefix('/').unwrap_or(database);
        if !number.is_empty() && number.parse::<u8>().is_err() {
            return Err(RedisUrlError);
        }
        let url = Self { url: text.to_owned().into(), shown: format!("{scheme}://{address}") };
        url.config()?;
        Ok(url)
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Serialize for RedisUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RedisUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_neither_text_nor_error() {
        for url in ["redis://:secret@h:7000/2", "redis://user:secret@h", "redis://secret@h"] {
            let url: RedisUrl = url.parse().unwrap();
            assert!(!format!("{url} {url:?}").contains("secret"), "{url}");
        }
        for url in ["redis://:secret/@h", "secret", "redis://:secret@", "http://:secret@h"] {
            let error = url.parse::<RedisUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{url}");
        }
    }

    #[test]
    fn what_a_client_would_take_for_something_else_is_refused() {
        for url in ["redis://h/x", "redis://h/300", "redis://h:99999", "redis+unix:///tmp/x", ""] {
            assert!(url.parse::<RedisUrl>().is_err(), "{url}");
        }
        for url in ["redis://h", "redis://[::1]:7000", "redis://h/15", "redis-cluster://h:7000"] {
            assert!(url.parse::<RedisUrl>().is_ok(), "{url}");
        }
    }
}
