//! Apps, reached over the network.

use std::error::Error;

use async_trait::async_trait;
use czo_fetch::{FetchError, Fetcher, HeaderMap, HeaderName, HeaderValue, Method, Outgoing};

use crate::{AppAnswer, AppTransport, ExchangeLimits, HttpUrl, TransportError};

/// Reaches apps by a [`Fetcher`]: on the public internet, and on the hosts that its options allow.
#[derive(Clone, Debug)]
pub struct FetchTransport {
    fetcher: Fetcher,
}

impl FetchTransport {
    /// Over the connections of this fetcher.
    #[must_use]
    pub fn new(fetcher: Fetcher) -> Self {
        Self { fetcher }
    }

    async fn exchange(
        &self,
        outgoing: Outgoing,
        limits: ExchangeLimits,
    ) -> Result<AppAnswer, TransportError> {
        let outgoing = outgoing.deadline(limits.deadline).response_limit(limits.max_bytes);
        let answer = self.fetcher.send(outgoing).await.map_err(|error| failure(error, limits))?;
        match answer.is_cut {
            true => Err(TransportError::TooLarge { max_bytes: limits.max_bytes }),
            false => Ok(AppAnswer { status: answer.status, body: answer.body.to_vec() }),
        }
    }
}

#[async_trait]
impl AppTransport for FetchTransport {
    async fn get(
        &self,
        url: &HttpUrl,
        limits: ExchangeLimits,
    ) -> Result<AppAnswer, TransportError> {
        let mut outgoing = Outgoing::post(url.as_str(), Vec::new());
        outgoing.method = Method::GET;
        self.exchange(outgoing, limits).await
    }

    async fn post(
        &self,
        url: &HttpUrl,
        headers: &[(&str, &str)],
        body: &[u8],
        limits: ExchangeLimits,
    ) -> Result<AppAnswer, TransportError> {
        let header = |(name, value): &(&str, &str)| {
            let name = name.parse::<HeaderName>().map_err(unsent)?;
            Ok((name, value.parse::<HeaderValue>().map_err(unsent)?))
        };
        let headers = headers.iter().map(header).collect::<Result<HeaderMap, TransportError>>()?;
        let outgoing = Outgoing::post(url.as_str(), body.to_vec()).headers(headers);
        self.exchange(outgoing, limits).await
    }
}

/// What is no header is never sent.
fn unsent(error: impl Error + Send + Sync + 'static) -> TransportError {
    TransportError::Refused(Some(Box::new(error)))
}

fn failure(error: FetchError, limits: ExchangeLimits) -> TransportError {
    match error {
        FetchError::Url { .. } | FetchError::Refused { .. } => {
            TransportError::Refused(Some(Box::new(error)))
        }
        FetchError::Timeout { .. } => TransportError::Timeout { deadline: limits.deadline },
        FetchError::TooLarge { .. } => TransportError::TooLarge { max_bytes: limits.max_bytes },
        error => TransportError::Unreachable(Box::new(error)),
    }
}
