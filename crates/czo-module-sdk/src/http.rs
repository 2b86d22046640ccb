//! Requests to the hosts in `permissions.http` of the manifest. Redirects are not followed.
//!
//! ```no_run
//! # use czo_module_sdk::prelude::*;
//! # fn call() -> Result<(), Failure> {
//! let rates: Vec<f64> = http::get("https://rates.example.com/today").send()?.ok()?.json()?;
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::imports::czo::module::http as host;
use crate::{Failure, HostError, json};

/// What was answered, whatever its status.
#[doc(inline)]
pub use host::Response;

/// A GET request.
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A POST request.
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// A request with any method.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Request {
    Request(host::Request {
        method: method.into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: None,
    })
}

/// A request that is not sent yet.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request(host::Request);

impl Request {
    /// One header more.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// The body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.0.body = body.into();
        self
    }

    /// A value as JSON for the body.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, Failure> {
        let text = json::text("the body of the request", value)?;
        Ok(self.header("content-type", "application/json").body(text))
    }

    /// How long the exchange may take. Default, and most: what the manifest's limits leave.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout_ms = Some(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Sends it and waits for the answer.
    pub fn send(self) -> Result<Response, HostError> {
        host::send(&self.0)
    }
}

impl Response {
    /// The answer if its status is 2xx. 429 and 5xx are [`Failure::Retry`], everything else is
    /// [`Failure::Broken`].
    pub fn ok(self) -> Result<Self, Failure> {
        match self.status {
            200..=299 => Ok(self),
            status @ (429 | 500..) => Err(Failure::Retry(format!("answered with {status}"))),
            status => Err(Failure::Broken(format!("answered with {status}"))),
        }
    }

    /// The body, as a type. A body of another shape is [`Failure::Broken`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        json::kept("the body of the answer", &self.body)
    }

    /// The first value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(each, _)| each.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Result<Response, Failure> {
        Response { status, headers: Vec::new(), body: Vec::new() }.ok()
    }

    #[test]
    fn only_an_answer_that_may_be_another_later_is_tried_again() {
        assert!(answered(204).is_ok());
        for status in [429, 500, 503, 599] {
            assert!(matches!(answered(status), Err(Failure::Retry(_))), "{status}");
        }
        for status in [302, 400, 404] {
            assert!(matches!(answered(status), Err(Failure::Broken(_))), "{status}");
        }
    }

    #[test]
    fn a_request_is_what_was_said_of_it() -> Result<(), Failure> {
        let Request(sent) = post("https://example.com/x")
            .header("accept", "text/plain")
            .json(&[1])?
            .timeout(Duration::from_secs(2));
        let headers = [("accept", "text/plain"), ("content-type", "application/json")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!((sent.method.as_str(), sent.url.as_str()), ("POST", "https://example.com/x"));
        assert_eq!((sent.headers.as_slice(), sent.body.as_slice()), (&headers[..], &b"[1]"[..]));
        assert_eq!(sent.timeout_ms, Some(2_000));
        Ok(())
    }
}
