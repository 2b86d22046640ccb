//! `POST /graphql`, GraphiQL, and what a query may cost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use async_graphql::{EmptyMutation, Object, Result};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use czo_core::{Classified, ErrorKind, RequestContext, SystemIds};
use czo_graphql::{GraphqlOptions, Subgraph, graphiql_assets, refuse, routes};
use czo_http::{Api, HttpOptions};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

struct Query;

#[derive(Debug, thiserror::Error)]
#[error("secret details of the inside")]
struct Broken;

impl Classified for Broken {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Internal
    }
}

#[Object]
impl Query {
    async fn correlation_id(&self, ctx: &async_graphql::Context<'_>) -> Result<String> {
        Ok(ctx.data::<RequestContext>()?.correlation_id.to_string())
    }

    async fn broken(&self) -> Result<bool> {
        Err(refuse(Broken))
    }

    async fn again(&self) -> Query {
        Query
    }
}

fn router(options: &GraphqlOptions, graphiql: bool) -> Router {
    let subgraph = Subgraph::new("test", Query, EmptyMutation, options);
    Api::new(HttpOptions::default(), Arc::new(SystemIds))
        .plain_routes(routes("/graphql", subgraph, graphiql).merge(graphiql_assets()))
        .into_router()
}

fn post(body: &str) -> Request<Body> {
    Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header("x-correlation-id", "abc-1")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

async fn send(request: Request<Body>) -> Response<Body> {
    router(&GraphqlOptions::default(), true).oneshot(request).await.unwrap()
}

async fn bytes(response: Response<Body>) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

async fn answer(request: Request<Body>) -> Value {
    serde_json::from_slice(&bytes(send(request).await).await).unwrap()
}

#[tokio::test]
async fn a_resolver_finds_the_context_of_its_request() {
    let answer = answer(post(r#"{"query":"{ correlationId }"}"#)).await;
    assert_eq!(answer, json!({ "data": { "correlationId": "abc-1" } }));
}

#[tokio::test]
async fn an_internal_error_shows_its_code_and_correlation_id_and_nothing_else() {
    let answer = answer(post(r#"{"query":"{ broken }"}"#)).await;
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "INTERNAL");
    assert_eq!(error["extensions"]["correlationId"], "abc-1");
    assert!(!answer.to_string().contains("secret"), "{answer}");
}

#[tokio::test]
async fn what_is_no_json_request_is_refused() {
    for (body, status) in [
        ("", StatusCode::BAD_REQUEST),
        ("{", StatusCode::BAD_REQUEST),
        ("[]", StatusCode::BAD_REQUEST),
        (r#"{"query": 7}"#, StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(send(post(body)).await.status(), status, "{body:?}");
    }
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, media)
            .body(Body::from(r#"{"query":"{ correlationId }"}"#))
            .unwrap();
        assert_eq!(send(request).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media}");
    }
}

#[tokio::test]
async fn the_media_type_of_graphql_over_http_is_given_to_who_asks_for_it() {
    let mut request = post(r#"{"query":"{ correlationId }"}"#);
    let accept = "application/graphql-response+json, application/json;q=0.9";
    request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
    let response = send(request).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/graphql-response+json");
    let response = send(post(r#"{"query":"{ correlationId }"}"#)).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
}

#[tokio::test]
async fn graphiql_and_everything_it_loads_come_from_here() {
    let page = send(Request::get("/graphql").body(Body::empty()).unwrap()).await;
    let page = String::from_utf8(bytes(page).await).unwrap();
    let loaded: Vec<_> =
        page.split('"').filter(|text| text.ends_with(".js") || text.ends_with(".css")).collect();
    assert_eq!(loaded.len(), 4, "{loaded:?}");
    for path in loaded {
        let file = send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(file.status(), StatusCode::OK, "{path}");
        assert_eq!(file.headers()[header::CONTENT_ENCODING], "gzip", "{path}");
        assert_eq!(bytes(file).await[..2], [0x1f, 0x8b], "{path}");
    }
    let hidden = router(&GraphqlOptions::default(), false);
    let hidden = hidden.oneshot(Request::get("/graphql").body(Body::empty()).unwrap());
    assert_eq!(hidden.await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn depth_complexity_and_introspection_are_limited() {
    let mut options = GraphqlOptions::default();
    options.max_depth = 4;
    options.max_complexity = 6;
    options.introspection = false;
    let ask = async |query: &str| -> Value {
        let body = json!({ "query": query }).to_string();
        let response = router(&options, false).oneshot(post(&body)).await.unwrap();
        serde_json::from_slice(&bytes(response).await).unwrap()
    };
    let fits = ask("{ again { again { again { correlationId } } } }").await;
    assert!(fits["errors"].is_null(), "{fits}");
    let deep = ask("{ again { again { again { again { correlationId } } } } }").await;
    assert!(deep["data"].is_null() && deep["errors"].is_array(), "{deep}");
    let costly = ask("{ a: correlationId b: correlationId c: correlationId d: correlationId e: correlationId f: correlationId g: correlationId }").await;
    assert!(costly["data"].is_null() && costly["errors"].is_array(), "{costly}");
    let schema = ask("{ __schema { queryType { name } } }").await;
    assert!(schema["data"]["__schema"].is_null(), "{schema}");
}
