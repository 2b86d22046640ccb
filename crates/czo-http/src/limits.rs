//! Bodies and times are bounded.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::{HttpOptions, Problem};

/// Bounds ordinary requests: the size of their bodies and the time they take.
pub(crate) fn ordinary(router: Router, options: &HttpOptions) -> Router {
    router
        .layer(middleware::from_fn_with_state(options.request_timeout, in_time))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(options.body_limit))
        .layer(middleware::from_fn_with_state(options.body_limit, too_large))
}

/// Bounds bulk requests: the size of their bodies and the silence between two pieces of them.
pub(crate) fn bulk(router: Router, options: &HttpOptions) -> Router {
    router
        .layer(RequestBodyTimeoutLayer::new(options.request_timeout))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(options.bulk_body_limit))
        .layer(middleware::from_fn_with_state(options.bulk_body_limit, too_large))
}

async fn in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    tokio::time::timeout(limit, next.run(request))
        .await
        .unwrap_or_else(|_| too_slow(limit).into_response())
}

/// The answer to a request that took longer than it may.
pub(crate) fn too_slow(limit: Duration) -> Problem {
    let detail = format!("the request took longer than {} seconds", limit.as_secs_f32());
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", detail)
}

/// The problem that reading a body failed with, if it was that it is too large: a body without a
/// declared length shows its size only while it is read.
#[must_use]
pub fn body_too_large(error: &(dyn std::error::Error + 'static)) -> Option<Problem> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return Some(Problem::new(status, "TOO_LARGE", "the body is too large"));
        }
        cause = error.source();
    }
    None
}

/// Says in czo's words what the limit layer says in its own.
async fn too_large(State(limit): State<usize>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() != StatusCode::PAYLOAD_TOO_LARGE {
        return response;
    }
    let detail = format!("expected a body of at most {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", detail).into_response()
}
