//! GraphiQL, which loads nothing from elsewhere.

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use czo_http::Problem;

const PAGE: &str = include_str!("graphiql.html");

/// The files of the page: name, media type, content compressed with gzip.
const ASSETS: [(&str, &str, &[u8]); 4] = [
    ("react.js", "text/javascript", include_bytes!("../assets/react.production.min.js.gz")),
    ("react-dom.js", "text/javascript", include_bytes!("../assets/react-dom.production.min.js.gz")),
    ("graphiql.js", "text/javascript", include_bytes!("../assets/graphiql.min.js.gz")),
    ("graphiql.css", "text/css", include_bytes!("../assets/graphiql.min.css.gz")),
];

pub(crate) async fn page() -> Html<&'static str> {
    Html(PAGE)
}

pub(crate) async fn hidden() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "GraphiQL is switched off here (`graphql.graphiql`); send queries with POST",
    )
}

/// The scripts and styles of GraphiQL.
pub fn graphiql_assets() -> Router {
    Router::new().route("/_graphiql/{file}", get(asset))
}

async fn asset(Path(file): Path<String>) -> Response {
    match ASSETS.iter().find(|(name, ..)| *name == file) {
        Some((_, media_type, content)) => (
            [
                (header::CONTENT_TYPE, *media_type),
                (header::CONTENT_ENCODING, "gzip"),
                (header::CACHE_CONTROL, "public, max-age=86400"),
            ],
            *content,
        )
            .into_response(),
        None => Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "no such file").into_response(),
    }
}
