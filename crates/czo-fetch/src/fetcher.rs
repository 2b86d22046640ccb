//! Gets what is at a URL.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::allowed_host::bare;
use crate::connector::Connector;
use crate::{AllowedHost, FetchError, is_public};

/// What the program calls itself.
pub(crate) const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("czo/", env!("CARGO_PKG_VERSION")));

/// The longest URL.
const MAX_URL_BYTES: usize = 8 * 1024;

/// Gets what is at URLs that others name. Cheap to clone; clones share connections.
///
/// **Guarantee.** Nothing is asked but hosts of the public internet ([`is_public`](crate::is_public)),
/// and those that [`FetchOptions::allow`] names. It is the address that is looked at, not the name,
/// and the connection goes to that very address; a redirect is looked at like any other URL.
///
/// **Limits.** One deadline over the whole exchange, redirects included; bodies are cut off where
/// they become too large. Only `http` and `https`, no name and password in the URL, at most three
/// redirects and none from `https` to `http`; HTTP/1.1; no proxy, whatever the environment says;
/// no cookies; bodies are not decompressed. Certificates are those of Mozilla's list, not of the
/// machine.
#[derive(Clone)]
pub struct Fetcher {
    pub(crate) client: Client<HttpsConnector<Connector>, Full<Bytes>>,
    options: Arc<FetchOptions>,
}

/// What can be set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FetchOptions {
    /// Hosts that may be asked although they are not on the public internet: for development and
    /// tests. Default none.
    pub allow: Vec<AllowedHost>,
    /// The longest time from the call to the last byte. Default 20 s.
    pub timeout: Duration,
    /// How many redirects are followed. Default 3.
    pub max_redirects: usize,
    /// How many connections to one host are kept for the next request. Default 4.
    pub idle_per_host: usize,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            timeout: Duration::from_secs(20),
            max_redirects: 3,
            idle_per_host: 4,
        }
    }
}

/// What was at a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// What kind of data the answer claims to be.
    pub content_type: Option<String>,
    /// The data.
    pub body: Bytes,
}

impl Fetcher {
    /// A fetcher without connections yet.
    #[must_use]
    pub fn new(options: FetchOptions) -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has ciphers for the versions of TLS that rustls thinks safe")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector::new(&options.allow));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(options.idle_per_host)
            .build(connector);
        Self { client, options: Arc::new(options) }
    }

    /// Gets what is at `url`, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// Every [`FetchError`]; [`is_retryable`](czo_core::Classified::is_retryable) tells those that
    /// may pass from those that will not.
    pub async fn get(&self, url: &str, limit: usize) -> Result<Fetched, FetchError> {
        let after = self.options.timeout;
        let exchange = self.exchange(url, limit);
        tokio::time::timeout(after, exchange).await.unwrap_or(Err(FetchError::Timeout { after }))
    }

    /// Refuses a URL that [`get`](Self::get) would refuse without asking anybody: for whoever takes
    /// URLs now and fetches them later.
    ///
    /// # Errors
    ///
    /// [`FetchError::Url`] and [`FetchError::Refused`].
    pub fn check(&self, url: &str) -> Result<(), FetchError> {
        self.checked(Url::parse(url).ok()).map(drop)
    }

    async fn exchange(&self, url: &str, limit: usize) -> Result<Fetched, FetchError> {
        let mut url = self.checked(Url::parse(url).ok())?;
        for _ in 0..=self.options.max_redirects {
            let response = self.ask(&url).await?;
            let status = response.status();
            if status.is_success() {
                return read(response, limit).await;
            }
            let leads_on = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
            let Some(location) = response.headers().get(LOCATION).filter(|_| leads_on) else {
                return Err(FetchError::Status { status: status.as_u16() });
            };
            let next = location.to_str().ok().and_then(|location| url.join(location).ok());
            let next = self.checked(next)?;
            if url.scheme() == "https" && next.scheme() == "http" {
                return Err(FetchError::Url { reason: "a redirect leads from https to http" });
            }
            url = next;
        }
        Err(FetchError::Redirects { limit: self.options.max_redirects })
    }

    async fn ask(&self, url: &Url) -> Result<Response<Incoming>, FetchError> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = uri(url)?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(USER_AGENT, AGENT);
        self.client.request(request).await.map_err(|error| of_exchange(Box::new(error)))
    }

    /// A URL that may be asked, as far as it tells by itself.
    pub(crate) fn checked(&self, url: Option<Url>) -> Result<Url, FetchError> {
        let refuse = |reason| Err(FetchError::Url { reason });
        let Some(mut url) = url else { return refuse("it is no URL") };
        if url.as_str().len() > MAX_URL_BYTES {
            return refuse("it is too long");
        }
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("it is neither http nor https");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("it has a name or a password in it");
        }
        let host = bare(url.host_str().unwrap_or_default()).to_owned();
        let port = url.port_or_known_default().unwrap_or_default();
        if !self.options.allow.iter().any(|allowed| allowed.is(&host, port)) {
            let is_inside = host.parse().is_ok_and(|address: IpAddr| !is_public(address));
            if is_inside || is_name_of(&host, "localhost") {
                return Err(FetchError::Refused { host });
            }
            if ["example", "invalid", "test"].iter().any(|reserved| is_name_of(&host, reserved)) {
                return refuse("its host is a name for examples and tests");
            }
        }
        url.set_fragment(None);
        Ok(url)
    }
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(FetchOptions::default())
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A URL as the client wants it.
pub(crate) fn uri(url: &Url) -> Result<Uri, FetchError> {
    url.as_str().parse().map_err(|_| FetchError::Url { reason: "it cannot be sent" })
}

/// Whether a host is the top-level domain `domain` or within it.
fn is_name_of(host: &str, domain: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The body, as long as it is no larger than it may be.
async fn read(response: Response<Incoming>, limit: usize) -> Result<Fetched, FetchError> {
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut rest = response.into_body();
    let declared = usize::try_from(rest.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        return Err(FetchError::TooLarge { limit });
    }
    let mut body = BytesMut::with_capacity(declared);
    while let Some(frame) = rest.frame().await {
        let frame = frame.map_err(|error| of_exchange(Box::new(error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit - body.len() {
            return Err(FetchError::TooLarge { limit });
        }
        body.extend_from_slice(&data);
    }
    Ok(Fetched { content_type, body: body.freeze() })
}

/// What went wrong with an exchange. What the connector said is at the bottom of it.
pub(crate) fn of_exchange(error: Box<dyn Error + Send + Sync>) -> FetchError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&*error);
    while let Some(current) = cause {
        if let Some(FetchError::Refused { host }) = current.downcast_ref() {
            return FetchError::Refused { host: host.clone() };
        }
        if let Some(FetchError::Unresolved { host, source }) = current.downcast_ref() {
            let source = std::io::Error::new(source.kind(), source.to_string());
            return FetchError::Unresolved { host: host.clone(), source };
        }
        cause = current.source();
    }
    FetchError::Connection(error)
}
