//! `POST /graphql`.

use async_graphql::Request;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use czo_http::{Ctx, Problem};

use crate::{Subgraph, graphiql};

/// The routes of a subgraph: `POST` executes, and a browser's `GET` shows GraphiQL if it may
/// (which needs [`graphiql_assets`](crate::graphiql_assets) once).
///
/// Requests are JSON, as GraphQL over HTTP has them, one operation each; no other content type is
/// taken, so that a page of another origin can't send one without asking first.
pub fn routes(path: &str, subgraph: Subgraph, show_graphiql: bool) -> Router {
    let browser = if show_graphiql { get(graphiql::page) } else { get(graphiql::hidden) };
    Router::new().route(path, browser.post(execute).with_state(subgraph))
}

async fn execute(
    State(subgraph): State<Subgraph>,
    Ctx(ctx): Ctx,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    if !is_json(&headers) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "expected `Content-Type: application/json`",
        ));
    }
    let invalid = |error: &dyn std::fmt::Display| {
        let detail = format!("expected {{\"query\": …, \"variables\": …}}: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "INVALID", detail)
    };
    // serde would take an array for an object whose fields have defaults.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(invalid(&"a request is one operation, not a list of them"));
    }
    let request: Request = serde_json::from_slice(&body).map_err(|error| invalid(&error))?;
    let response = subgraph.execute(request, ctx).await;
    let body = serde_json::to_vec(&response).map_err(|error| {
        tracing::error!(%error, "an answer has no JSON form");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "the answer was lost")
    })?;
    Ok(([(header::CONTENT_TYPE, media_type(&headers))], body).into_response())
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// The media type of GraphQL over HTTP for whoever asks for it, plain JSON for all others.
fn media_type(headers: &HeaderMap) -> &'static str {
    const GRAPHQL: &str = "application/graphql-response+json";
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains(GRAPHQL)) {
        GRAPHQL
    } else {
        "application/json"
    }
}
