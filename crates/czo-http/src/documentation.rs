//! `GET /api/openapi.json` and the page that shows it.

use std::sync::Arc;

use aide::openapi::{Components, Info, OpenApi, ReferenceOr, SecurityScheme};
use aide::scalar::Scalar;
use axum::Router;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;

const OPENAPI: &str = "/api/openapi.json";
const PAGE: &str = "/api/docs";

/// What the document says before any operation has been added.
pub(crate) fn empty() -> OpenApi {
    let bearer = SecurityScheme::Http {
        scheme: "bearer".to_owned(),
        bearer_format: None,
        description: Some("An access token of czo. The first start makes one.".to_owned()),
        extensions: Default::default(),
    };
    OpenApi {
        info: Info {
            title: "czo".to_owned(),
            description: Some(
                "The REST face of czo: administration and bulk data. The catalogue itself is \
                 read and written through GraphQL at `/graphql`."
                    .to_owned(),
            ),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Info::default()
        },
        components: Some(Components {
            security_schemes: [("bearer".to_owned(), ReferenceOr::Item(bearer))]
                .into_iter()
                .collect(),
            ..Components::default()
        }),
        ..OpenApi::default()
    }
}

/// Serves the finished document. Both answers are made once.
pub(crate) fn routes(document: &OpenApi) -> Router {
    let json: Arc<str> =
        serde_json::to_string(document).expect("an OpenAPI document is plain data").into();
    // The page holds its script itself, 2.7 MB of it, so that it also works without internet.
    let page: Arc<str> = Scalar::new(OPENAPI).with_title("czo API").html().into();
    Router::new()
        .route(
            OPENAPI,
            get(move || async move {
                ([(header::CONTENT_TYPE, "application/json")], json.as_ref().to_owned())
            }),
        )
        .route(PAGE, get(move || async move { Html(page.as_ref().to_owned()) }))
}
