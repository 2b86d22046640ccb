//! Where a service is: its URL, taken apart.

use std::fmt;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::service::Service;

/// A URL of a service. `Display` and `Debug` never show its password.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Address {
    url: String,
    scheme: String,
    user: Option<String>,
    password: Option<String>,
    host: String,
    port: u16,
    path: String,
}

impl Address {
    /// Takes the URL of a service apart. An error never repeats the URL, as it may hold a
    /// password.
    pub(crate) fn parse(service: Service, url: &str) -> Result<Self> {
        Self::take_apart(service, url).with_context(|| {
            format!(
                "{} does not hold a URL for {service}, such as {}",
                service.variable(),
                service.default_url()
            )
        })
    }

    fn take_apart(service: Service, url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").context("there is no `://`")?;
        let Some((_, usual_port)) = service.schemes().iter().find(|(known, _)| *known == scheme)
        else {
            let known: Vec<_> = service.schemes().iter().map(|(known, _)| *known).collect();
            bail!("the scheme is not one of {}", known.join(", "));
        };
        let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
        let (credentials, place) =
            authority.rsplit_once('@').map_or((None, authority), |(who, place)| (Some(who), place));
        let (user, password) = match credentials.map(|who| who.split_once(':').unwrap_or((who, "")))
        {
            Some((user, password)) => (decoded(user)?, decoded(password)?),
            None => (None, None),
        };
        let (host, port) = host_and_port(place)?;
        if host.is_empty() {
            bail!("there is no host");
        }
        Ok(Self {
            url: url.to_owned(),
            scheme: scheme.to_owned(),
            user,
            password,
            host: host.to_owned(),
            port: port.unwrap_or(*usual_port),
            path: path.to_owned(),
        })
    }

    /// The whole URL, with its password: for the programs that connect, never for a message.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    pub(crate) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The first part of the path: the database of PostgreSQL.
    pub(crate) fn database(&self) -> Option<&str> {
        let path = self.path.split('?').next().unwrap_or_default();
        path.strip_prefix('/').filter(|name| !name.is_empty())
    }

    /// Whether the connection is encrypted from its first byte.
    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.scheme.as_str(), "rediss" | "amqps")
    }

    /// The URL with `[redacted]` in the place of the password.
    pub(crate) fn redacted(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        match (&self.user, &self.password) {
            (None, None) => {}
            (user, None) => write!(f, "{}@", user.as_deref().unwrap_or_default())?,
            (user, Some(_)) => write!(f, "{}:[redacted]@", user.as_deref().unwrap_or_default())?,
        }
        // A query may hold a password too (`?password=`), so only the path is shown.
        let path = self.path.split('?').next().unwrap_or_default();
        if self.host.contains(':') {
            write!(f, "[{}]:{}{path}", self.host, self.port)
        } else {
            write!(f, "{}:{}{path}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// `text` with everything percent-encoded that has a meaning in a URL.
pub(crate) fn encoded(text: &str) -> String {
    let mut url = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

fn decoded(text: &str) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                bail!("a `%` in the user or password is not followed by two hexadecimal digits");
            };
            bytes.push(u8::try_from(high * 16 + low).context("a `%` escape is out of range")?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map(Some).context("the user or password is not UTF-8")
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']').context("a `[` is not closed")?;
            (host, rest.strip_prefix(':'))
        }
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map(|port| port.parse().context("the port is not a number up to 65535"));
    Ok((host, port.transpose()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_url_is_understood() -> Result<()> {
        for service in Service::ALL {
            let address = Address::parse(service, service.default_url())?;
            assert_eq!(address.host(), "127.0.0.1");
            assert_eq!(address.url(), service.default_url());
        }
        Ok(())
    }

    #[test]
    fn a_password_is_never_shown() -> Result<()> {
        let url = "postgres://ada:p%40ss@db.test/shop?password=p%40ss";
        let address = Address::parse(Service::Postgres, url)?;
        assert_eq!(address.password(), Some("p@ss"));
        assert_eq!(address.to_string(), "postgres://ada:[redacted]@db.test:5432/shop");
        assert!(!format!("{address:?}").contains("p%40ss"));
        assert!(!format!("{address:?}").contains("p@ss"));
        Ok(())
    }

    #[test]
    fn the_usual_port_stands_in_for_a_missing_one() -> Result<()> {
        assert_eq!(Address::parse(Service::RabbitMq, "amqps://broker.test")?.port(), 5671);
        assert_eq!(Address::parse(Service::Redis, "redis://[::1]/0")?.port(), 6379);
        assert_eq!(
            Address::parse(Service::Redis, "redis://[::1]:7000")?.to_string(),
            "redis://[::1]:7000"
        );
        Ok(())
    }

    #[test]
    fn the_database_is_the_path_without_the_query() -> Result<()> {
        let address = Address::parse(Service::Postgres, "postgres://db.test/shop?sslmode=disable")?;
        assert_eq!(address.database(), Some("shop"));
        assert_eq!(Address::parse(Service::Postgres, "postgres://db.test/")?.database(), None);
        Ok(())
    }

    #[test]
    fn a_bad_url_is_answered_with_the_variable_and_an_example_but_not_with_the_url() {
        for url in ["", "secret", "redis://:secret@h:port", "http://secret@h", "redis://secret@"] {
            let error = format!("{:#}", Address::parse(Service::Redis, url).unwrap_err());
            assert!(error.contains("CZO_TEST_REDIS_URL"), "{error}");
            assert!(error.contains("redis://127.0.0.1:6379"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn encoding_is_undone_by_decoding() -> Result<()> {
        let text = "p@ss/w:rd %é";
        assert_eq!(decoded(&encoded(text))?.as_deref(), Some(text));
        assert_eq!(encoded("plain-1.0_~"), "plain-1.0_~");
        Ok(())
    }
}
