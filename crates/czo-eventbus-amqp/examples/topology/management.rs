//! The management API of RabbitMQ, over HTTP.

use std::borrow::Cow;
use std::error::Error as _;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use czo_eventbus_amqp::Live;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lapin::uri::{AMQPScheme, AMQPUri};
use percent_encoding::percent_decode_str;
use rustls::crypto::ring;
use serde_json::Value;
use url::Url;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The management API of a RabbitMQ, for one virtual host.
pub(crate) struct Management {
    /// Without user and password.
    url: Url,
    user: String,
    login: HeaderValue,
    vhost: String,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Management {
    /// The one at `url`, or else where it usually is beside `amqp`, whose login counts where `url`
    /// has none.
    pub(crate) fn new(amqp: &AMQPUri, url: Option<&str>) -> Result<Self> {
        let mut url = match url {
            // What is wrong with it is not repeated: it may hold a password.
            Some(url) => Url::parse(url).ok().filter(|url| url.has_host()),
            None => Some(beside(amqp)?),
        }
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .context("expected `--management http://<host>:<port>`, or `https://`")?;
        let decoded = |text| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map(Cow::into_owned).context("the login is not UTF-8")
        };
        let (user, password) = match (url.username(), url.password()) {
            ("", None) => {
                let login = &amqp.authority.userinfo;
                (login.username.clone(), login.password.clone())
            }
            (user, password) => (decoded(user)?, decoded(password.unwrap_or_default())?),
        };
        let login = BASE64_STANDARD.encode(format!("{user}:{password}"));
        let mut login = HeaderValue::try_from(format!("Basic {login}"))?;
        login.set_sensitive(true);
        let has_base = url.set_username("").is_ok() && url.set_password(None).is_ok();
        url.set_query(None);
        url.set_fragment(None);
        if !has_base {
            bail!("`{url}` can't have a login");
        }
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring::default_provider())
            .context("cannot read the certificates of the system")?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { url, user, login, vhost: amqp.vhost.clone(), client })
    }

    /// What is on the broker.
    pub(crate) async fn live(&self) -> Result<Live> {
        let exchanges = self.get("exchanges").await?;
        let queues = self.get("queues").await?;
        let bindings = self.get("bindings").await?;
        Live::from_json(&exchanges, &queues, &bindings)
            .with_context(|| format!("{} answers something else than RabbitMQ does", self.url))
    }

    async fn get(&self, what: &str) -> Result<Bytes> {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", what, &self.vhost]);
        }
        let (mut status, mut body) = self.ask(&url).await?;
        if status.is_server_error() {
            // RabbitMQ 3.10 breaks off the first answer of all if another one is begun at once.
            (status, body) = self.ask(&url).await?;
        }
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => bail!(
                "the management API at {} does not let `{}` in: {}; check the password, and give \
                 the user the tag it needs (`rabbitmqctl set_user_tags {} management`)",
                self.url,
                self.user,
                reason(&body),
                self.user,
            ),
            StatusCode::NOT_FOUND => bail!(
                "the broker has no virtual host `{}` that `{}` may see, or {} is not RabbitMQ's \
                 management API",
                self.vhost,
                self.user,
                self.url,
            ),
            status => bail!("{url} answers {status}: {}", reason(&body)),
        }
    }

    async fn ask(&self, url: &Url) -> Result<(StatusCode, Bytes)> {
        let request = Request::get(url.as_str())
            .header(AUTHORIZATION, self.login.clone())
            .body(Empty::new())?;
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|error| {
                // The client only says that it could not connect; its causes say why.
                let mut reason = error.to_string();
                let mut cause = error.source();
                while let Some(error) = cause {
                    reason = error.to_string();
                    cause = error.source();
                }
                anyhow::anyhow!(reason)
            })?;
            let status = answer.status();
            anyhow::Ok((status, answer.into_body().collect().await?.to_bytes()))
        };
        let answer = tokio::time::timeout(PATIENCE, exchange).await;
        let answer = answer.unwrap_or_else(|_| {
            bail!("no answer within {} seconds", PATIENCE.as_secs());
        });
        answer.with_context(|| {
            format!(
                "cannot reach RabbitMQ's management API at {}; enable it on the broker \
                 (`rabbitmq-plugins enable rabbitmq_management`), or say where it is: \
                 `--management http://<host>:<port>`",
                self.url
            )
        })
    }
}

/// Where the management API usually is.
fn beside(amqp: &AMQPUri) -> Result<Url> {
    let (scheme, port) = match amqp.scheme {
        AMQPScheme::AMQP => ("http", 15672),
        AMQPScheme::AMQPS => ("https", 15671),
    };
    let host = &amqp.authority.host;
    let is_bare_v6 = host.contains(':') && !host.starts_with('[');
    let host = if is_bare_v6 { format!("[{host}]") } else { host.clone() };
    Url::parse(&format!("{scheme}://{host}:{port}")).context("the URL has no host")
}

/// What an answer says is wrong.
fn reason(body: &[u8]) -> String {
    let json = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let said = json["reason"].as_str().or_else(|| json["error"].as_str());
    said.map_or_else(
        || String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned(),
        str::to_owned,
    )
}
