//! Apps that are reached by plain HTTP/1.1, on this machine.

use std::time::Duration;

use async_trait::async_trait;
use czo_apps::{AppAnswer, AppTransport, ExchangeLimits, HttpUrl, TransportError};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Reaches everything, which is for tests only.
#[derive(Debug)]
pub(crate) struct HttpTransport;

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl HttpTransport {
    async fn exchange(
        method: Method,
        url: &HttpUrl,
        headers: &[(&str, &str)],
        body: &[u8],
        max_bytes: usize,
    ) -> Result<AppAnswer, Failure> {
        let url = url.as_url();
        let authority =
            format!("{}:{}", url.host_str().unwrap(), url.port_or_known_default().unwrap());
        let stream = TcpStream::connect(&authority).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let mut request =
            Request::builder().method(method).uri(url.path()).header("host", authority);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body)))?;
        let mut response = sender.send_request(request).await?;
        let (status, mut body) = (response.status().as_u16(), Vec::new());
        while let Some(frame) = response.frame().await {
            if let Ok(data) = frame?.into_data() {
                body.extend_from_slice(&data);
            }
            if body.len() > max_bytes {
                connection.abort();
                return Err(Box::new(TransportError::TooLarge { max_bytes }));
            }
        }
        connection.abort();
        Ok(AppAnswer { status, body })
    }

    async fn limited(
        deadline: Duration,
        exchange: impl Future<Output = Result<AppAnswer, Failure>>,
    ) -> Result<AppAnswer, TransportError> {
        match tokio::time::timeout(deadline, exchange).await {
            Err(_) => Err(TransportError::Timeout { deadline }),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(match error.downcast::<TransportError>() {
                Ok(error) => *error,
                Err(error) => TransportError::Unreachable(error),
            }),
        }
    }
}

#[async_trait]
impl AppTransport for HttpTransport {
    async fn get(
        &self,
        url: &HttpUrl,
        limits: ExchangeLimits,
    ) -> Result<AppAnswer, TransportError> {
        let exchange = Self::exchange(Method::GET, url, &[], &[], limits.max_bytes);
        Self::limited(limits.deadline, exchange).await
    }

    async fn post(
        &self,
        url: &HttpUrl,
        headers: &[(&str, &str)],
        body: &[u8],
        limits: ExchangeLimits,
    ) -> Result<AppAnswer, TransportError> {
        let exchange = Self::exchange(Method::POST, url, headers, body, limits.max_bytes);
        Self::limited(limits.deadline, exchange).await
    }
}

/// A transport that keeps to no limit.
#[derive(Debug)]
pub(crate) struct LimitlessTransport;

#[async_trait]
impl AppTransport for LimitlessTransport {
    async fn get(&self, url: &HttpUrl, _: ExchangeLimits) -> Result<AppAnswer, TransportError> {
        let exchange = HttpTransport::exchange(Method::GET, url, &[], &[], usize::MAX);
        exchange.await.map_err(TransportError::Unreachable)
    }

    async fn post(
        &self,
        url: &HttpUrl,
        headers: &[(&str, &str)],
        body: &[u8],
        _: ExchangeLimits,
    ) -> Result<AppAnswer, TransportError> {
        let exchange = HttpTransport::exchange(Method::POST, url, headers, body, usize::MAX);
        exchange.await.map_err(TransportError::Unreachable)
    }
}
