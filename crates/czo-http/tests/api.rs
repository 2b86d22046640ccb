//! What every route of czo has around it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aide::axum::ApiRouter;
use aide::axum::routing::{get, post};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode, header};
use czo_core::{
    Actor, ActorId, ActorType, Classified, ErrorKind, Health, HealthCheck, SequentialIds, Shop,
    ShopDirectory, ShopDirectoryError, ShopId, SystemIds,
};
use czo_http::{Api, Authenticator, AuthenticatorError, Ctx, HttpOptions, Problem};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

#[derive(Debug, thiserror::Error)]
#[error("secret details of the inside")]
struct Broken;

impl Classified for Broken {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Internal
    }
}

#[derive(Debug)]
struct OneToken;

#[async_trait]
impl Authenticator for OneToken {
    async fn authenticate(&self, token: &str) -> Result<Option<Actor>, AuthenticatorError> {
        let id = ActorId::generate(&SequentialIds::default());
        let known = Actor::Known { id, kind: ActorType::User, roles: vec![] };
        Ok((token == "good").then_some(known))
    }
}

#[derive(Debug)]
struct OneShop;

fn the_shop() -> Shop {
    Shop {
        id: ShopId::generate(&SequentialIds::default()),
        name: "one".to_owned(),
        currency: "EUR".parse().unwrap(),
    }
}

#[async_trait]
impl ShopDirectory for OneShop {
    async fn find(&self, id: ShopId) -> Result<Option<Shop>, ShopDirectoryError> {
        Ok(Some(the_shop()).filter(|shop| shop.id == id))
    }

    async fn only_shop(&self) -> Result<Option<Shop>, ShopDirectoryError> {
        Ok(Some(the_shop()))
    }
}

struct Component(&'static str, Option<Health>);

#[async_trait]
impl HealthCheck for Component {
    fn name(&self) -> &str {
        self.0
    }

    async fn check(&self) -> Health {
        match &self.1 {
            Some(health) => health.clone(),
            None => std::future::pending().await,
        }
    }
}

async fn whoami(Ctx(ctx): Ctx) -> String {
    let shop = ctx.shop().unwrap();
    format!("{:?} {shop}", ctx.actor.kind())
}

async fn broken() -> Result<String, Problem> {
    Err(Problem::of(Broken))
}

async fn panics() -> String {
    panic!("boom")
}

async fn never() -> String {
    std::future::pending().await
}

async fn length(body: Bytes) -> String {
    body.len().to_string()
}

fn options() -> HttpOptions {
    let mut options = HttpOptions::default();
    options.body_limit = 16;
    options.bulk_body_limit = 64;
    options.request_timeout = Duration::from_secs(2);
    options
}

fn api(options: HttpOptions) -> Api {
    let routes = ApiRouter::new()
        .api_route("/whoami", get(whoami))
        .api_route("/broken", get(broken))
        .api_route("/panics", get(panics))
        .api_route("/never", get(never))
        .api_route("/length", post(length));
    Api::new(options, Arc::new(SystemIds))
        .authenticator(Arc::new(OneToken))
        .shops(Arc::new(OneShop))
        .routes(routes)
        .bulk_routes(ApiRouter::new().api_route("/upload", post(length)))
}

fn router() -> Router {
    api(options()).into_router()
}

async fn call(router: Router, request: Request<Body>) -> Response<Body> {
    router.oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn problem(response: Response<Body>) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    serde_json::from_str(&text(response).await).unwrap()
}

fn request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn with(path: &str, name: &str, value: &str) -> Request<Body> {
    Request::get(path).header(name, value).body(Body::empty()).unwrap()
}

fn body(path: &str, bytes: usize) -> Request<Body> {
    Request::post(path).body(Body::from("x".repeat(bytes))).unwrap()
}

#[tokio::test]
async fn a_correlation_id_is_taken_over_or_made_and_sent_back() {
    let response = call(router(), with("/whoami", "x-correlation-id", "abc-1")).await;
    assert_eq!(response.headers()["x-correlation-id"], "abc-1");
    for unfit in ["", "a b", &"x".repeat(200)] {
        let response = call(router(), with("/whoami", "x-correlation-id", unfit)).await;
        assert_eq!(response.headers()["x-correlation-id"].len(), 36, "{unfit:?}");
    }
}

#[tokio::test]
async fn a_visitor_a_good_token_and_a_bad_one_are_told_apart() {
    let seen = text(call(router(), request("/whoami")).await).await;
    assert!(seen.starts_with("None shop_"), "{seen}");
    let seen = text(call(router(), with("/whoami", "authorization", "Bearer good")).await).await;
    assert!(seen.starts_with("Some(User) shop_"), "{seen}");
    for refused in ["Bearer bad", "Basic Z29vZA==", "good", ""] {
        let response = call(router(), with("/whoami", "authorization", refused)).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{refused:?}");
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(problem(response).await["code"], "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn an_unknown_or_malformed_shop_is_refused_with_what_to_do() {
    let other = ShopId::generate(&SystemIds).to_string();
    for shop in [other.as_str(), "42", "prod_01h455vb4pex5vsknk084sn02q"] {
        let response = call(router(), with("/whoami", "x-czo-shop", shop)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(problem(response).await["detail"].as_str().unwrap().contains("X-Czo-Shop"));
    }
    let known = the_shop().id.to_string();
    let response = call(router(), with("/whoami", "x-czo-shop", &known)).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_internal_error_shows_its_correlation_id_and_nothing_else() {
    let response = call(router(), with("/broken", "x-correlation-id", "abc-1")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let problem = problem(response).await;
    assert_eq!(problem["correlationId"], "abc-1");
    assert!(!problem.to_string().contains("secret"));
}

#[tokio::test]
async fn a_panic_is_answered_and_logged_under_its_correlation_id() {
    let response = call(router(), with("/panics", "x-correlation-id", "abc-1")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.headers()["x-correlation-id"], "abc-1");
    assert!(!problem(response).await.to_string().contains("boom"));
}

#[tokio::test]
async fn a_body_above_the_limit_of_its_route_is_refused() {
    assert_eq!(text(call(router(), body("/length", 16)).await).await, "16");
    let response = call(router(), body("/length", 17)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem(response).await["detail"], "expected a body of at most 16 bytes");
    assert_eq!(text(call(router(), body("/upload", 64)).await).await, "64");
    let response = call(router(), body("/upload", 65)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered_504() {
    let response = call(router(), request("/never")).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(problem(response).await["code"], "TIMEOUT");
}

#[tokio::test(start_paused = true)]
async fn finding_out_who_asks_is_part_of_the_time_limit() {
    #[derive(Debug)]
    struct Stuck;

    #[async_trait]
    impl Authenticator for Stuck {
        async fn authenticate(&self, _: &str) -> Result<Option<Actor>, AuthenticatorError> {
            std::future::pending().await
        }
    }

    let router = api(options()).authenticator(Arc::new(Stuck)).into_router();
    let upload = Request::post("/upload").header("authorization", "Bearer x").body(Body::empty());
    for request in [with("/whoami", "authorization", "Bearer x"), upload.unwrap()] {
        let path = request.uri().to_string();
        let response = call(router.clone(), request).await;
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT, "{path}");
    }
}

#[tokio::test]
async fn no_origin_may_call_unless_it_is_named() {
    let response = call(router(), with("/whoami", "origin", "https://shop.example")).await;
    assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));

    let mut named = options();
    named.cors_allow_origins = vec!["https://shop.example".parse().unwrap()];
    for (origin, allowed) in [("https://shop.example", true), ("https://evil.example", false)] {
        let response =
            call(api(named.clone()).into_router(), with("/whoami", "origin", origin)).await;
        let header = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        assert_eq!(header.is_some(), allowed, "{origin}");
    }
}

#[tokio::test]
async fn no_answer_may_be_framed_or_read_as_another_type() {
    for path in ["/whoami", "/nowhere", "/api/docs"] {
        let response = call(router(), request(path)).await;
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(response.headers()[header::X_FRAME_OPTIONS], "DENY", "{path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_that_names_the_documentation() {
    let response = call(router(), request("/nowhere")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(problem(response).await["detail"].as_str().unwrap().contains("/api/docs"));
    let response = call(router(), request("/length")).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(start_paused = true)]
async fn health_has_one_line_per_component_and_is_as_well_as_the_worst() {
    let health = || {
        api(options())
            .health(Arc::new(Component("database", Some(Health::up()))))
            .health(Arc::new(Component("bus", Some(Health::degraded("behind")))))
    };
    let response = call(health().into_router(), request("/api/_health")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = text(response).await;
    assert_eq!(body.lines().filter(|line| line.contains("\"name\"")).count(), 2, "{body}");
    let report: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(report["status"], "degraded");
    assert_eq!(report["components"][1]["detail"], "behind");

    let stuck = health().health(Arc::new(Component("search", None))).into_router();
    let response = call(stuck.clone(), request("/api/_health")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let response = call(stuck.clone(), request("/api/_health/database")).await;
    assert_eq!(response.status(), StatusCode::OK);
    let response = call(stuck, request("/api/_health/nothing")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn documented_routes_stand_in_the_openapi_document_and_its_page_needs_no_internet() {
    let document: Value =
        serde_json::from_str(&text(call(router(), request("/api/openapi.json")).await).await)
            .unwrap();
    for path in ["/whoami", "/upload", "/api/_health"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let page = call(router(), request("/api/docs")).await;
    let policy = &page.headers()[header::CONTENT_SECURITY_POLICY];
    assert_eq!(policy, "default-src 'self' 'unsafe-inline' data: blob:");
    let page = text(page).await;
    assert!(page.contains("/api/openapi.json"));
    assert!(page.contains("withDefaultFonts: false"));
}

#[tokio::test]
async fn paths_that_come_and_go_stand_in_the_document_while_they_are_there() {
    let is_there = Arc::new(AtomicBool::new(false));
    let seen = is_there.clone();
    let router = Api::new(HttpOptions::default(), Arc::new(SystemIds))
        .changing_paths(move || {
            let there = seen.load(Ordering::Relaxed);
            there.then(|| ("/guests".to_owned(), json!({ "get": {} }))).into_iter().collect()
        })
        .into_router();
    for there in [false, true, false] {
        is_there.store(there, Ordering::Relaxed);
        let answer = text(call(router.clone(), request("/api/openapi.json")).await).await;
        let document: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(document["paths"]["/guests"].is_object(), there);
        assert!(document["paths"]["/api/_health"].is_object());
    }
}
