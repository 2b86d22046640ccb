//! Where a RabbitMQ is.

use std::fmt;
use std::str::FromStr;

use lapin::uri::AMQPUri;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use thiserror::Error;

/// After how many seconds without a word the other side is taken for gone, where the URL does not
/// say. RabbitMQ advises 5 to 20.
const HEARTBEAT_SECONDS: u16 = 10;

/// Where a RabbitMQ is: `amqp://user:password@host:port/vhost`, where everything but the host may
/// be left out. Without a virtual host, also behind a last `/`, it is `/`. `amqps://` speaks TLS.
/// `?heartbeat=20` changes the 10 seconds after which a silent connection is given up.
///
/// `Debug`, `Display` and `Serialize` leave the login out.
#[derive(Clone)]
pub struct AmqpUrl {
    url: SecretString,
    shown: String,
}

/// Text that is not the URL of a RabbitMQ. It does not repeat the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "expected `amqp://<user>:<password>@<host>:<port>/<virtual host>` (or `amqps://` with TLS), with `/`, `?`, `#` and `@` in a password or virtual host written as %2F, %3F, %23 and %40"
)]
pub struct AmqpUrlError;

impl AmqpUrl {
    /// What the client makes of it.
    pub(crate) fn uri(&self) -> Result<AMQPUri, AmqpUrlError> {
        // What the client says of a wrong one may repeat it.
        let mut uri: AMQPUri = self.url.expose_secret().parse().map_err(|_| AmqpUrlError)?;
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(uri)
    }
}

impl FromStr for AmqpUrl {
    type Err = AmqpUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(AmqpUrlError)?;
        // The last `@` ends the login: a password with a raw `/`, `?` or `#` must not be taken for
        // a path, and be shown as one.
        let (login, address) = rest.rsplit_once('@').unwrap_or(("", rest));
        let host = address.split(['/', '?', '#']).next().unwrap_or_default();
        let vhost = address.strip_prefix(host).unwrap_or_default().split('?').next();
        let vhost = vhost.unwrap_or_default();
        if !matches!(scheme, "amqp" | "amqps")
            || host.is_empty()
            || login.contains(['/', '?', '#'])
            || vhost.contains('#')
            || vhost.strip_prefix('/').unwrap_or(vhost).contains('/')
        {
            return Err(AmqpUrlError);
        }
        let url = Self { url: text.to_owned().into(), shown: format!("{scheme}://{address}") };
        url.uri()?;
        Ok(url)
    }
}

impl fmt::Display for AmqpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for AmqpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Serialize for AmqpUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AmqpUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_neither_text_nor_error() {
        for url in ["amqp://u:secret@h:5672/v", "amqps://user:secret@h", "amqp://secret@h/%2f"] {
            let url: AmqpUrl = url.parse().unwrap();
            assert!(!format!("{url} {url:?}").contains("secret"), "{url}");
        }
        for url in ["amqp://u:secret/@h", "secret", "amqp://:secret@", "http://:secret@h"] {
            let error = url.parse::<AmqpUrl>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{url}");
        }
    }

    #[test]
    fn no_virtual_host_is_the_usual_one() {
        let vhost = |url: &str| url.parse::<AmqpUrl>().unwrap().uri().unwrap().vhost;
        assert_eq!(vhost("amqp://h"), "/");
        assert_eq!(vhost("amqp://h/"), "/");
        assert_eq!(vhost("amqp://h/%2f"), "/");
        assert_eq!(vhost("amqp://h:1/shop?heartbeat=20"), "shop");
    }

    #[test]
    fn a_silent_connection_is_given_up_unless_the_url_says_otherwise() {
        let heartbeat = |url: &str| url.parse::<AmqpUrl>().unwrap().uri().unwrap().query.heartbeat;
        assert_eq!(heartbeat("amqp://h"), Some(HEARTBEAT_SECONDS));
        assert_eq!(heartbeat("amqp://h?heartbeat=3"), Some(3));
    }

    #[test]
    fn what_a_client_would_take_for_something_else_is_refused() {
        for url in ["amqp://h/a/b", "amqp://h:99999", "amqp://h/a#b", "amqp://h?heartbeat=x", ""] {
            assert!(url.parse::<AmqpUrl>().is_err(), "{url}");
        }
    }
}
