//! Connections to addresses that were looked at.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use tokio::net::TcpStream;
use tower::Service;

use crate::allowed_host::bare;
use crate::stream::Stream;
use crate::{AllowedHost, FetchError, is_public};

/// How long one address may take; the next one may be better.
const PATIENCE: Duration = Duration::from_secs(4);

/// How many addresses of a host are tried.
const ADDRESSES: usize = 4;

/// Connects to hosts of the public internet, and to those that are allowed by name.
///
/// The address that is looked at is the one that is connected to: there is no second resolution
/// in between that could say something else.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    allow: Arc<[AllowedHost]>,
}

impl Connector {
    pub(crate) fn new(allow: &[AllowedHost]) -> Self {
        Self { allow: allow.into() }
    }

    async fn connect(self, uri: Uri) -> Result<Stream, FetchError> {
        let host = uri.host().unwrap_or_default();
        let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default);
        let mut addresses = resolve(bare(host), port).await?;
        if !self.allow.iter().any(|allowed| allowed.is(host, port)) {
            addresses.retain(|address| is_public(address.ip()));
        }
        let mut failure = None;
        for address in addresses.into_iter().take(ADDRESSES) {
            let failed = match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(Stream::new(stream)),
                Ok(Err(error)) => error,
                Err(late) => late.into(),
            };
            failure.get_or_insert(failed);
        }
        Err(match failure {
            Some(failure) => FetchError::Connection(Box::new(failure)),
            None => FetchError::Refused { host: host.to_owned() },
        })
    }
}

/// The addresses of a host; at least one.
async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, FetchError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let unresolved = |source| FetchError::Unresolved { host: host.to_owned(), source };
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(unresolved)?;
    let addresses = Vec::from_iter(addresses);
    if addresses.is_empty() {
        return Err(unresolved(io::ErrorKind::NotFound.into()));
    }
    Ok(addresses)
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, FetchError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FetchError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_refused_for_the_address_that_it_has() {
        for uri in ["http://localhost/", "https://localhost:5432/"] {
            let error = Connector::new(&[]).connect(uri.parse().unwrap()).await.unwrap_err();
            assert!(
                matches!(&error, FetchError::Refused { host } if host == "localhost"),
                "{error:?}"
            );
        }
    }
}
