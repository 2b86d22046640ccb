//! One kept-alive connection to a server.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Body;

/// How much of an answer that is wrong is shown.
const SHOWN_CHARS: usize = 400;

/// Whom to ask, and what to say with every question.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    headers: HeaderMap,
}

/// A question, and what a right answer holds.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The body of the request.
    pub(crate) body: Body,
    /// Some text of the right answer that no wrong one has.
    pub(crate) expects: std::sync::Arc<str>,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Body>>,
    headers: HeaderMap,
}

impl Target {
    pub(crate) fn new(address: SocketAddr, mut headers: HeaderMap) -> Self {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { address, headers }
    }

    /// The same with one header more.
    pub(crate) fn with(&self, name: HeaderName, value: &str) -> Result<Self> {
        let mut target = self.clone();
        target.headers.insert(name, value.parse()?);
        Ok(target)
    }
}

impl Connection {
    pub(crate) async fn open(target: &Target) -> Result<Self> {
        let stream = TcpStream::connect(target.address)
            .await
            .with_context(|| format!("no connection to {}", target.address))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the sender; an error shows there.
        tokio::spawn(connection);
        let mut headers = target.headers.clone();
        headers.insert(header::HOST, target.address.to_string().parse()?);
        Ok(Self { sender, headers })
    }

    /// Asks, and returns the answer if it is a right one.
    pub(crate) async fn ask(&mut self, call: &Call) -> Result<Body> {
        self.sender.ready().await?;
        let mut request = Request::new(Full::new(call.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static("/graphql");
        *request.headers_mut() = self.headers.clone();
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        call.check(status, &body)?;
        Ok(body)
    }
}

impl Call {
    /// GraphQL answers errors with status 200, so the body is looked at, too.
    fn check(&self, status: StatusCode, body: &[u8]) -> Result<()> {
        let text = std::str::from_utf8(body).context("an answer is not UTF-8")?;
        let shown = || text.chars().take(SHOWN_CHARS).collect::<String>();
        ensure!(status == StatusCode::OK, "expected status 200, not {status}: {}", shown());
        if text.contains(r#""errors""#) {
            bail!("the answer holds errors: {}", shown());
        }
        ensure!(text.contains(&*self.expects), "no `{}` in the answer: {}", self.expects, shown());
        Ok(())
    }
}
