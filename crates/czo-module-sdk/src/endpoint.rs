//! Requests to `/api/modules/<name>/...`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::endpoint_handler::exports::czo::module::endpoint_handler::Guest;
use crate::types::Failure;
use crate::{json, panic};

/// A request to an endpoint of the module.
#[doc(inline)]
pub use crate::bindings::endpoint_handler::exports::czo::module::endpoint_handler::Request;

/// What the module answers.
#[doc(inline)]
pub use crate::bindings::endpoint_handler::exports::czo::module::endpoint_handler::Response;

/// Answers the requests of `endpoints` in the manifest.
pub trait EndpointHandler {
    /// Answers one request; which endpoint it is for stands in [`Request::endpoint`].
    ///
    /// [`Failure::Invalid`] becomes 422, [`Failure::NotFound`] 404, [`Failure::Retry`] 503 and
    /// [`Failure::Broken`] 502.
    fn handle(request: Request) -> Result<Response, Failure>;
}

impl Request {
    /// The body, as a type. A body of another shape is [`Failure::Invalid`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::Invalid(format!("the body: {error}")))
    }

    /// What stood in a place of the path: `param("customer")` for `/points/{customer}`.
    ///
    /// A place that the path has not got is [`Failure::Broken`].
    pub fn param(&self, name: &str) -> Result<&str, Failure> {
        first(&self.params, |each| each == name)
            .ok_or_else(|| Failure::Broken(format!("the path has no place {{{name}}}")))
    }

    /// The first value of a parameter of the query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, |each| each == name)
    }

    /// The first value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, |each| each.eq_ignore_ascii_case(name))
    }
}

impl Response {
    /// An answer with a value as JSON.
    pub fn json<T: Serialize + ?Sized>(status: u16, value: &T) -> Result<Self, Failure> {
        let body = json::text("the answer", value)?.into_bytes();
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Ok(Self { status, headers, body })
    }

    /// An answer with text.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        let headers = vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
        Self { status, headers, body: text.into().into_bytes() }
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// The answer with one header more.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

fn first(pairs: &[(String, String)], is_it: impl Fn(&str) -> bool) -> Option<&str> {
    pairs.iter().find(|(name, _)| is_it(name)).map(|(_, value)| value.as_str())
}

impl<T: EndpointHandler> Guest for T {
    fn handle(request: Request) -> Result<Response, Failure> {
        panic::to_log();
        <T as EndpointHandler>::handle(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn request(body: &str) -> Request {
        Request {
            endpoint: "points".to_owned(),
            method: "GET".to_owned(),
            path: "/points/ada".to_owned(),
            params: pairs(&[("customer", "ada")]),
            query: pairs(&[("limit", "5"), ("limit", "6")]),
            headers: pairs(&[("accept-language", "de")]),
            body: body.as_bytes().to_vec(),
            context: Context::default(),
        }
    }

    #[test]
    fn parts_of_a_request_are_found_by_name() {
        let request = request("");
        assert_eq!(request.param("customer"), Ok("ada"));
        assert_eq!(request.query("limit"), Some("5"));
        assert_eq!(request.header("Accept-Language"), Some("de"));
        assert_eq!(request.query("page"), None);
    }

    #[test]
    fn a_place_that_the_path_has_not_got_is_the_fault_of_the_module() {
        assert!(matches!(request("").param("order"), Err(Failure::Broken(_))));
    }

    #[test]
    fn a_body_of_another_shape_is_invalid() {
        assert_eq!(request("[1, 2]").json::<Vec<u8>>(), Ok(vec![1, 2]));
        assert!(matches!(request("{").json::<Vec<u8>>(), Err(Failure::Invalid(_))));
    }

    #[test]
    fn an_answer_says_what_its_body_is() -> Result<(), Failure> {
        let response = Response::json(201, &[1, 2])?.with_header("x-tier", "gold");
        assert_eq!(response.status, 201);
        assert_eq!(response.body, b"[1,2]");
        let headers = pairs(&[("content-type", "application/json"), ("x-tier", "gold")]);
        assert_eq!(response.headers, headers);
        Ok(())
    }
}
