//! Where the database is and how it is used.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use thiserror::Error;

/// Where a database is: `sqlite://<path>` or `postgres://user:password@host:port/name`.
///
/// `Debug` and `Display` leave the password out.
#[derive(Clone)]
pub struct DatabaseUrl(Location);

#[derive(Clone)]
enum Location {
    Sqlite(PathBuf),
    Postgres { url: SecretString, shown: String },
}

/// Text that is not the URL of a database czo knows. It does not repeat the text, which may
/// hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "expected `sqlite://<path to a file>` or `postgres://<user>:<password>@<host>:<port>/<database>`, with `/`, `?`, `#` and `@` in a password written as %2F, %3F, %23 and %40"
)]
pub struct DatabaseUrlError;

impl DatabaseUrl {
    /// The embedded database in the file `path`.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Location::Sqlite(path.into()))
    }

    /// The file, for the embedded database.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &self.0 {
            Location::Sqlite(path) => Some(path),
            Location::Postgres { .. } => None,
        }
    }

    /// The whole URL, for PostgreSQL, with its password.
    pub(crate) fn postgres(&self) -> Option<&str> {
        match &self.0 {
            Location::Sqlite(_) => None,
            Location::Postgres { url, .. } => Some(url.expose_secret()),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            let fits = !path.is_empty() && path != ":memory:" && !path.contains('?');
            return if fits { Ok(Self::sqlite(path)) } else { Err(DatabaseUrlError) };
        }
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or(DatabaseUrlError)?;
        // The last `@` ends the login: a password with a raw `/`, `?` or `#` must not be taken for
        // a path, and be shown as one.
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (host, path) = rest.split_once('/').ok_or(DatabaseUrlError)?;
        let port_fits = host.rsplit_once(':').is_none_or(|(name, port)| {
            name.starts_with('[') && !name.ends_with(']') || port.parse::<u16>().is_ok()
        });
        let name = path.split('?').next().unwrap_or_default();
        if name.is_empty() || host.is_empty() || !port_fits || login.contains(['/', '?', '#']) {
            return Err(DatabaseUrlError);
        }
        let user = login.split(':').next().unwrap_or_default();
        let at = if user.is_empty() { "" } else { "@" };
        let shown = format!("postgres://{user}{at}{host}/{name}");
        Ok(Self(Location::Postgres { url: text.to_owned().into(), shown }))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Location::Postgres { shown, .. } => f.write_str(shown),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without the password: what is written out is read by people.
impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// How a database is used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DatabaseOptions {
    /// Where it is.
    pub url: DatabaseUrl,
    /// How many connections may be open at once. Default 10.
    pub max_connections: u32,
    /// How long to wait for a connection, new or from the pool. Default 5 s.
    pub connect_timeout: Duration,
    /// The PostgreSQL schema to work in. Default: what the server says, `public`.
    pub schema: Option<String>,
}

impl DatabaseOptions {
    /// The defaults for a database.
    #[must_use]
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url, max_connections: 10, connect_timeout: Duration::from_secs(5), schema: None }
    }

    /// Allows this many connections at once.
    #[must_use]
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// Works in this PostgreSQL schema.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_shows_neither_in_display_nor_in_debug() {
        let url: DatabaseUrl =
            "postgres://czo:s3cr3t@db.internal:5432/shop?sslmode=require".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://czo@db.internal:5432/shop");
        assert!(!format!("{:?}", DatabaseOptions::new(url)).contains("s3cr3t"));
    }

    #[test]
    fn what_is_not_a_database_of_czo_is_refused_without_repeating_it() {
        for text in [
            "",
            "sqlite://",
            "sqlite://:memory:",
            "mysql://a:s3cr3t@b/c",
            "postgres://host",
            "postgres://u:s3/s3cr3t@db/shop",
            "postgres://u:s3cr3t#@db/shop",
            "postgres://u:s3cr3t/shop",
            "x",
        ] {
            let error = text.parse::<DatabaseUrl>().unwrap_err();
            assert!(!error.to_string().contains("s3cr3t"), "{text}");
        }
    }
}
