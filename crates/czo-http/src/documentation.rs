//! `GET /api/openapi.json` and the page that shows it.

use aide::openapi::{Components, Info, OpenApi, ReferenceOr, SecurityScheme};
use aide::scalar::Scalar;
use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;

const OPENAPI: &str = "/api/openapi.json";
const PAGE: &str = "/api/docs";

/// What a page of czo may load: only what this server gives it.
const ONLY_FROM_HERE: &str = "default-src 'self' 'unsafe-inline' data: blob:";

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
    let json =
        Bytes::from(serde_json::to_vec(document).expect("an OpenAPI document is plain data"));
    // The page holds its script itself, 2.7 MB of it, so that it also works without internet; what
    // the script would fetch from elsewhere (fonts, a proxy) is switched off and forbidden.
    let page = Scalar::new(OPENAPI).with_title("czo API").html().replacen(
        "theme: 'purple',",
        "theme: 'purple', withDefaultFonts: false, proxyUrl: '', hideClientButton: true,",
        1,
    );
    let page = Bytes::from(page);
    let serve = |media_type: &'static str, content: Bytes| {
        get(move || async move {
            let headers = [
                (header::CONTENT_TYPE, media_type),
                (header::CONTENT_SECURITY_POLICY, ONLY_FROM_HERE),
            ];
            (headers, content)
        })
    };
    Router::new()
        .route(OPENAPI, serve("application/json", json))
        .route(PAGE, serve("text/html; charset=utf-8", page))
}
