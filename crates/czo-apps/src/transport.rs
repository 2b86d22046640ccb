//! How apps are reached.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{Classified, ErrorKind};
use thiserror::Error;

use crate::HttpUrl;

/// How apps are reached: one exchange of HTTP at a time.
///
/// Held as `Arc<dyn AppTransport>`; called at the same time from any task.
///
/// **Whoever wrote the URL is not trusted.** An implementation connects to no private, loopback,
/// link-local or metadata address (it looks at the address that it connects to, not at the name),
/// follows no redirect (a 3xx is an answer like any other), and sends no header but those of HTTP
/// itself and those it is given. It sends a request once: whether to try again is for the caller
/// to say.
///
/// **Limits.** [`ExchangeLimits::deadline`] is for the whole exchange: the name, the connection, TLS,
/// the request, and the answer to its last byte. [`ExchangeLimits::max_bytes`] is for the body of the
/// answer, decoded; reading stops there. The caller counts both once more.
///
/// **Cancellation.** A call that is dropped closes its connection; whether the app has seen the
/// request is not known then.
#[async_trait]
pub trait AppTransport: Send + Sync + fmt::Debug {
    /// Gets what is at `url`, whatever the status.
    ///
    /// # Errors
    ///
    /// When there is no whole answer within the limits.
    async fn get(&self, url: &HttpUrl, limits: ExchangeLimits)
    -> Result<AppAnswer, TransportError>;

    /// Posts `body` to `url`, with headers whose names are in small letters. `content-type` is among
    /// them.
    ///
    /// # Errors
    ///
    /// When there is no whole answer within the limits.
    async fn post(
        &self,
        url: &HttpUrl,
        headers: &[(&str, &str)],
        body: &[u8],
        limits: ExchangeLimits,
    ) -> Result<AppAnswer, TransportError>;
}

/// What one exchange may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeLimits {
    /// How long it may take, all in all.
    pub deadline: Duration,
    /// How many bytes the body of the answer may have.
    pub max_bytes: usize,
}

/// What an app answered.
#[derive(Clone, PartialEq, Eq)]
pub struct AppAnswer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl AppAnswer {
    /// Whether it is 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Debug for AppAnswer {
    /// Without the body, which may repeat what was sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppAnswer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish()
    }
}

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The address is none that apps may be at.
    #[error("the address is not one that czo connects to")]
    Refused(#[source] Option<Box<dyn Error + Send + Sync>>),
    /// Nobody answers there, or not in HTTP, or the connection ended too early.
    #[error("there is no answer")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// It takes too long.
    #[error("there is no whole answer within {} ms", deadline.as_millis())]
    Timeout {
        /// What there was time for.
        deadline: Duration,
    },
    /// The answer is too large.
    #[error("the answer has more than {max_bytes} bytes")]
    TooLarge {
        /// What it may have.
        max_bytes: usize,
    },
}

impl Classified for TransportError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unreachable(_) | Self::Timeout { .. } => ErrorKind::Unavailable,
            Self::Refused(_) | Self::TooLarge { .. } => ErrorKind::Invalid,
        }
    }
}

/// Holds an exchange to its limits, whatever the transport makes of them.
pub(crate) async fn within(
    limits: ExchangeLimits,
    exchange: impl Future<Output = Result<AppAnswer, TransportError>>,
) -> Result<AppAnswer, TransportError> {
    let ExchangeLimits { deadline, max_bytes } = limits;
    match tokio::time::timeout(deadline, exchange).await {
        Err(_) => Err(TransportError::Timeout { deadline }),
        Ok(Ok(answer)) if answer.body.len() > max_bytes => {
            Err(TransportError::TooLarge { max_bytes })
        }
        Ok(outcome) => outcome,
    }
}
