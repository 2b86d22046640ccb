//! A domain asks the apps of a shop, over HTTP, and goes on with what they answer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};

use czo_apps::{Consent, InstallRequest, ManifestSource};
use czo_core::{
    AskAppsExt, AskError, Classified, ErrorKind, EventType, Permission, Question, RequestContext,
    SystemIds,
};
use czo_domain::{Domain, DomainContext, DomainError, DomainName, MigrationSet, Registration};
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::post;
use czo_http::axum::body::Body;
use czo_http::axum::extract::State;
use czo_http::axum::http::{Request, StatusCode};
use czo_http::axum::{self, Json, Router};
use czo_http::{Ctx, Problem};
use czo_runtime::{Application, Config, Czo};
use http_body_util::BodyExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// What does it cost to send a parcel?
#[derive(Serialize, Deserialize, JsonSchema)]
struct RatesAsked {
    grams: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Rate {
    cents: u32,
}

impl Question for RatesAsked {
    const TYPE: EventType = EventType::from_static("shipping.rates.asked");
    type Answer = Rate;
}

/// Knows what carriers want, by their apps.
struct Shipping;

static QUESTIONS: [EventType; 1] = [RatesAsked::TYPE];
static PERMISSIONS: [Permission; 1] = [Permission::new("shipping", "read")];

impl Domain for Shipping {
    fn name(&self) -> DomainName {
        DomainName::new("shipping")
    }

    fn migrations(&self) -> Option<MigrationSet> {
        None
    }

    fn permissions(&self) -> &[Permission] {
        &PERMISSIONS
    }

    fn questions(&self) -> &[EventType] {
        &QUESTIONS
    }

    fn register(&self, ctx: &DomainContext, domain: &mut Registration) -> Result<(), DomainError> {
        let routes = ApiRouter::new().api_route("/api/shipping/rates", post(rates));
        domain.routes(routes.with_state(ctx.clone()));
        Ok(())
    }
}

async fn rates(
    State(domain): State<DomainContext>,
    Ctx(ctx): Ctx,
    Json(asked): Json<RatesAsked>,
) -> Result<Json<Vec<Rate>>, Problem> {
    let answers = domain.apps.ask(&ctx, &asked).await.map_err(Problem::of)?;
    Ok(Json(answers.into_iter().map(|answer| answer.value).collect()))
}

/// A carrier's app, which answers every question with the same.
#[derive(Clone)]
struct Carrier {
    address: String,
    says: Value,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Carrier {
    async fn that_says(says: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let carrier = Self { address, says, asked: Arc::default() };
        let router = Router::new()
            .route("/handshake", axum::routing::post(async |told: Json<Value>| told))
            .route("/rates", axum::routing::post(Self::answer))
            .with_state(carrier.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        carrier
    }

    async fn answer(State(carrier): State<Self>, Json(asked): Json<Value>) -> Json<Value> {
        carrier.asked.lock().unwrap().push(asked);
        Json(carrier.says)
    }

    fn manifest(&self, on_failure: &str) -> ManifestSource {
        let manifest = json!({
            "id": "com.example.carrier",
            "name": "Carrier",
            "version": "1.0.0",
            "author": "Example Ltd",
            "appUrl": format!("http://{}", self.address),
            "handshakeUrl": "/handshake",
            "permissions": [{
                "resource": "shipping", "actions": ["read"], "scope": "shop", "purpose": "To ship."
            }],
            "webhooks": [{
                "identifier": "rates",
                "events": ["shipping.rates.asked"],
                "targetUrl": "/rates",
                "mode": "sync",
                "sync": { "deadlineMilliseconds": 10_000, "onFailure": on_failure }
            }],
            "czo": ">=0.1"
        });
        ManifestSource::Document(manifest.to_string().into_bytes())
    }
}

/// A program with the domain, and its only shop.
struct Site {
    application: Application,
    ctx: RequestContext,
    _folder: TempDir,
}

impl Site {
    async fn talking_to(carrier: &Carrier) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.data_dir = folder.path().to_owned();
        config.apps.allow = vec![carrier.address.parse().unwrap()];
        let czo = Czo::builder().domain(Shipping).build().unwrap();
        let application = czo.boot(&config, None).await.unwrap();
        let shop = application.shops().create("Test", "EUR".parse().unwrap()).await.unwrap();
        let ctx = RequestContext::system(&SystemIds).for_shop(shop.id);
        Self { application, ctx, _folder: folder }
    }

    async fn install(&self, manifest: ManifestSource) {
        let shop = self.ctx.shop().unwrap();
        let request = InstallRequest { shop, manifest, consent: Consent::ToAll };
        self.application.apps().registry().install(&self.ctx, request).await.unwrap();
    }

    /// What somebody is told who wants to know what a parcel costs.
    async fn rates(&self) -> (StatusCode, Value) {
        let request = Request::post("/api/shipping/rates")
            .header("content-type", "application/json")
            .body(Body::from(r#"{"grams":1200}"#))
            .unwrap();
        let response = self.application.router().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_goes_on_with_what_an_app_answers() {
    let carrier = Carrier::that_says(json!({ "cents": 990 })).await;
    let site = Site::talking_to(&carrier).await;
    // Nobody to ask is no error.
    assert_eq!(site.rates().await, (StatusCode::OK, json!([])));
    site.install(carrier.manifest("closed")).await;
    assert_eq!(site.rates().await, (StatusCode::OK, json!([{ "cents": 990 }])));
    let asked = carrier.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["type"], "shipping.rates.asked");
    assert_eq!(asked[0]["data"], json!({ "grams": 1200 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_domain_cannot_use_is_none_and_goes_by_the_manifest_of_the_app() {
    let carrier = Carrier::that_says(json!({ "cents": "a secret" })).await;
    let site = Site::talking_to(&carrier).await;
    site.install(carrier.manifest("closed")).await;
    let (status, problem) = site.rates().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!problem.to_string().contains("a secret"), "{problem}");

    let tolerant = Site::talking_to(&carrier).await;
    tolerant.install(carrier.manifest("open")).await;
    assert_eq!(tolerant.rates().await, (StatusCode::OK, json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_no_domain_names_is_refused_though_nobody_would_answer() {
    #[derive(Serialize)]
    struct TaxAsked;

    impl Question for TaxAsked {
        const TYPE: EventType = EventType::from_static("tax.rates.asked");
        type Answer = Rate;
    }

    let carrier = Carrier::that_says(json!({})).await;
    let site = Site::talking_to(&carrier).await;
    let apps = &site.application.context().apps;
    let error = apps.ask(&site.ctx, &TaxAsked).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, AskError::Unlisted { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Internal);
}
