//! One request of any kind, and what came back.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    USER_AGENT,
};
use hyper::{Method, Request};
use url::Url;

use crate::fetcher::{AGENT, of_exchange, uri};
use crate::stream::Moments;
use crate::{FetchError, Fetcher};

/// A request to be [sent](Fetcher::send).
#[derive(Clone)]
#[non_exhaustive]
pub struct Outgoing {
    /// What is to be done.
    pub method: Method,
    /// Where.
    pub url: String,
    /// What is said of it. `User-Agent` is that of the program unless it is here; what HTTP says
    /// for itself (`Host`, `Content-Length`, `Connection` and the like) is left out.
    pub headers: HeaderMap,
    /// What is sent along.
    pub body: Bytes,
    /// How long the whole exchange may take: finding the address, connecting, TLS, the request,
    /// and the answer to its last byte.
    pub deadline: Duration,
    /// How much of the answer's body is read.
    pub response_limit: usize,
}

impl Outgoing {
    /// A `POST` of `body`, which has 15 s and whose answer is read up to 64 KiB.
    #[must_use]
    pub fn post(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            url: url.into(),
            headers: HeaderMap::new(),
            body: body.into(),
            deadline: Duration::from_secs(15),
            response_limit: 64 * 1024,
        }
    }

    /// With these headers.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// The whole exchange may take so long.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// So much of the answer's body is read.
    #[must_use]
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = bytes;
        self
    }
}

impl fmt::Debug for Outgoing {
    /// Without headers and body, which have secrets in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What came back for an [`Outgoing`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The status: any, a redirect too.
    pub status: u16,
    /// What is said of the answer.
    pub headers: HeaderMap,
    /// The body, or its beginning.
    pub body: Bytes,
    /// Whether there was more of the body than is read.
    pub is_cut: bool,
    /// How long it took.
    pub timings: Timings,
}

/// How long an exchange took.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Timings {
    /// Until there was a connection: the address found, and TCP. Nothing when one was there from
    /// before.
    pub connect: Option<Duration>,
    /// When the last byte of the request was given to the network (by a receiver that answers
    /// before it has read all: the last one so far).
    pub request_written_at: Instant,
    /// Until the head of the answer was there.
    pub first_byte: Duration,
    /// Until the body was read, or as much of it as is read.
    pub total: Duration,
}

impl Fetcher {
    /// Makes one request, and answers with what came back.
    ///
    /// **Guarantee.** As for [`get`](Self::get), only hosts of the public internet and those that
    /// the options allow are asked. No redirect is followed.
    ///
    /// # Errors
    ///
    /// [`FetchError::Url`], [`Refused`](FetchError::Refused),
    /// [`Unresolved`](FetchError::Unresolved), [`Connection`](FetchError::Connection), also when
    /// it breaks within the body, and [`Timeout`](FetchError::Timeout) with the deadline.
    /// After the last two the receiver may have had the request.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Answer, FetchError> {
        let after = outgoing.deadline;
        let exchange = Box::pin(self.exchange_one(outgoing));
        tokio::time::timeout(after, exchange).await.unwrap_or(Err(FetchError::Timeout { after }))
    }

    async fn exchange_one(&self, outgoing: Outgoing) -> Result<Answer, FetchError> {
        let began = Instant::now();
        let url = self.checked(Url::parse(&outgoing.url).ok())?;
        let mut request = Request::new(Full::new(outgoing.body));
        *request.uri_mut() = uri(&url)?;
        *request.method_mut() = outgoing.method;
        *request.headers_mut() = outgoing.headers;
        let headers = request.headers_mut();
        for name in [HOST, CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING, TE, TRAILER, UPGRADE] {
            headers.remove(name);
        }
        headers.entry(USER_AGENT).or_insert(AGENT);
        let response = self.client.request(request).await;
        let response = response.map_err(|error| of_exchange(Box::new(error)))?;
        let first_byte = began.elapsed();
        let moments = response.extensions().get::<Moments>().cloned();
        let written = moments.as_ref().map_or_else(Instant::now, Moments::written);
        let (head, body) = response.into_parts();
        let (body, is_cut) = beginning(body, outgoing.response_limit).await?;
        let timings = Timings {
            connect: moments.and_then(|moments| moments.connected.checked_duration_since(began)),
            request_written_at: written,
            first_byte,
            total: began.elapsed(),
        };
        let (status, headers) = (head.status.as_u16(), head.headers);
        Ok(Answer { status, headers, body, is_cut, timings })
    }
}

/// The body, or so much of it, and whether there was more. The connection is closed then: nobody
/// knows how long the rest is.
async fn beginning(mut rest: Incoming, limit: usize) -> Result<(Bytes, bool), FetchError> {
    let mut body = BytesMut::new();
    while let Some(frame) = rest.frame().await {
        let frame = frame.map_err(|error| of_exchange(Box::new(error)))?;
        let Ok(data) = frame.into_data() else { continue };
        let room = limit - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Ok((body.freeze(), true));
        }
    }
    Ok((body.freeze(), false))
}
