//! `GET /api/openapi.json` and the page that shows it.

use std::sync::Arc;

use aide::openapi::{Components, Info, OpenApi, ReferenceOr, SecurityScheme};
use aide::scalar::Scalar;
use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Map, Value};

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

/// The paths that come and go while the server runs, as they are now.
pub(crate) type ChangingPaths = Arc<dyn Fn() -> Map<String, Value> + Send + Sync>;

/// The document: made once, but for the paths that come and go.
struct Document {
    whole: Value,
    json: Bytes,
    changing: Option<ChangingPaths>,
}

impl Document {
    fn now(&self) -> Bytes {
        let changing = self.changing.as_ref().map(|changing| changing()).unwrap_or_default();
        if changing.is_empty() {
            return self.json.clone();
        }
        let mut whole = self.whole.clone();
        if let Some(paths) = whole["paths"].as_object_mut() {
            paths.extend(changing);
        } else {
            whole["paths"] = Value::Object(changing);
        }
        to_bytes(&whole)
    }
}

/// Serves the document and the page.
pub(crate) fn routes(document: &OpenApi, changing: Option<ChangingPaths>) -> Router {
    let whole = serde_json::to_value(document).expect("an OpenAPI document is plain data");
    let json = to_bytes(&whole);
    let document = Arc::new(Document { whole, json, changing });
    // The page holds its script itself, 2.7 MB of it, so that it also works without internet; what
    // the script would fetch from elsewhere (fonts, a proxy) is switched off and forbidden.
    let page = Scalar::new(OPENAPI).with_title("czo API").html().replacen(
        "theme: 'purple',",
        "theme: 'purple', withDefaultFonts: false, proxyUrl: '', hideClientButton: true,",
        1,
    );
    let page = Bytes::from(page);
    Router::new()
        .route(OPENAPI, get(async move || answer("application/json", document.now())))
        .route(PAGE, get(async move || answer("text/html; charset=utf-8", page)))
}

fn answer(media_type: &'static str, content: Bytes) -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, media_type), (header::CONTENT_SECURITY_POLICY, ONLY_FROM_HERE)];
    (headers, content)
}

fn to_bytes(document: &Value) -> Bytes {
    serde_json::to_vec(document).expect("JSON has a JSON form").into()
}
