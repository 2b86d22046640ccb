//! Requests of modules to others.

use async_trait::async_trait;
use czo_core::describe;
use czo_fetch::{FetchError, Fetcher, HeaderMap, HeaderName, HeaderValue, Method, Outgoing};

use crate::{CallScope, HostError, HttpRequest, HttpResponse, ModuleHttp};

/// How much of an answer is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Sends requests of modules through the program's [`Fetcher`], which looks at the address it connects
/// to: nothing that is not on the public internet is reached, unless the configuration names it.
#[derive(Clone, Debug)]
pub struct FetchHttp {
    fetcher: Fetcher,
}

impl FetchHttp {
    /// By this fetcher.
    #[must_use]
    pub fn new(fetcher: Fetcher) -> Self {
        Self { fetcher }
    }
}

#[async_trait]
impl ModuleHttp for FetchHttp {
    async fn send(
        &self,
        scope: &CallScope,
        request: HttpRequest,
    ) -> Result<HttpResponse, HostError> {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| HostError::Invalid(format!("`{}` is no method", request.method)))?;
        let headers = headers(request.headers)?;
        let mut outgoing = Outgoing::post(request.url, request.body)
            .headers(headers)
            .deadline(request.timeout)
            .response_limit(MAX_ANSWER);
        outgoing.method = method;
        let answer = self.fetcher.send(outgoing).await.map_err(|error| told(scope, &error))?;
        if answer.is_cut {
            return Err(HostError::Limit(format!("the answer has more than {MAX_ANSWER} bytes")));
        }
        let headers = answer.headers.iter().filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        Ok(HttpResponse {
            status: answer.status,
            headers: headers.collect(),
            body: answer.body.to_vec(),
        })
    }
}

fn headers(list: Vec<(String, String)>) -> Result<HeaderMap, HostError> {
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        let parsed = HeaderName::from_bytes(name.as_bytes());
        let (Ok(parsed), Ok(value)) = (parsed, HeaderValue::from_str(&value)) else {
            // Its value may be a secret.
            return Err(HostError::Invalid(format!("the header `{name}` can't be sent")));
        };
        headers.append(parsed, value);
    }
    Ok(headers)
}

/// What the module is told: whether it did wrong, and nothing about the network here.
fn told(scope: &CallScope, error: &FetchError) -> HostError {
    let (module, text) = (&scope.module, error.to_string());
    tracing::debug!(%module, error = describe(error), "a request of a module failed");
    match error {
        FetchError::Url { .. } => HostError::Invalid(text),
        FetchError::Refused { .. } => HostError::Denied(text),
        FetchError::TooLarge { .. } => HostError::Limit(text),
        _ => HostError::Unavailable(text),
    }
}
