//! `/api/modules/<name>/...`: what modules answer.

use std::time::Duration;

use czo_core::Classified;
use czo_http::axum::Router;
use czo_http::axum::body::{Body, to_bytes};
use czo_http::axum::extract::{Path, Request, State};
use czo_http::axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use czo_http::axum::response::{IntoResponse, Response};
use czo_http::axum::routing::any;
use czo_http::{Ctx, Problem, body_too_large};
use czo_module_package::ModuleName;
use czo_modules::{EndpointAnswer, EndpointCall, EndpointError, Modules};

/// What the paths of modules begin with.
const PREFIX: &str = "/api/modules/";

/// Everything below the name of a module goes to that module, or is answered for it.
pub(crate) fn routes(modules: Modules) -> Router {
    Router::new()
        .route("/api/modules/{name}", any(answer))
        .route("/api/modules/{name}/", any(answer))
        .route("/api/modules/{name}/{*path}", any(answer))
        .with_state(modules)
}

async fn answer(
    State(modules): State<Modules>,
    Ctx(context): Ctx,
    Path(parts): Path<Vec<(String, String)>>,
    request: Request,
) -> Response {
    let name = parts.first().map_or("", |(_, name)| name.as_str());
    let Ok(module) = name.parse::<ModuleName>() else { return no_module() };
    let (head, body) = request.into_parts();
    // As it was asked: what is encoded in it is the module's to decode.
    let path = head.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    let path = path.split_once('/').map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}"));
    let query = head.uri.query().unwrap_or_default();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body.to_vec(),
        Err(error) => {
            let cut_off = || {
                Problem::new(StatusCode::BAD_REQUEST, "INVALID", "the body did not arrive whole")
            };
            return body_too_large(&error).unwrap_or_else(cut_off).into_response();
        }
    };
    let call = EndpointCall {
        module,
        method: head.method.as_str().to_owned(),
        path,
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: texts(&head.headers),
        body,
        context,
    };
    match modules.handle(call).await {
        Ok(answer) => response(answer),
        Err(error) => refused(error),
    }
}

fn no_module() -> Response {
    let detail = "there is no module of this name";
    Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail).into_response()
}

/// The headers that are text.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    headers.iter().filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect()
}

fn response(answer: EndpointAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.headers {
        let header = (name.parse::<HeaderName>(), value.parse::<HeaderValue>());
        if let (Ok(name), Ok(value)) = header {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn refused(error: EndpointError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Problem::new(status, error.kind().code(), error.to_string()).into_response();
    let headers = response.headers_mut();
    match error {
        EndpointError::Method { allowed } => {
            if let Ok(allowed) = allowed.join(", ").parse() {
                headers.insert(header::ALLOW, allowed);
            }
        }
        EndpointError::TooMany { retry_after } => {
            headers.insert(header::RETRY_AFTER, seconds(retry_after));
        }
        _ => {}
    }
    response
}

/// Rounded up: who waits so long is let in.
fn seconds(wait: Duration) -> HeaderValue {
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(whole.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        for (milliseconds, expected) in [(0, "1"), (1_000, "1"), (1_001, "2")] {
            assert_eq!(seconds(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn who_asks_too_often_is_told_when_to_come_again() {
        let error = EndpointError::TooMany { retry_after: Duration::from_millis(2_500) };
        let response = refused(error);
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
    }
}
