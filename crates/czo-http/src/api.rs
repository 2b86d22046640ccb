//! Puts the HTTP face together.

use std::any::Any;
use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use czo_core::{HealthCheck, IdGenerator, ShopDirectory};
use serde_json::{Map, Value};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::context::{Establish, establish, identify};
use crate::documentation::ChangingPaths;
use crate::{Authenticator, HttpOptions, Problem, documentation, health, limits};

/// Puts domains' routes, health and documentation together, behind context, authentication and
/// limits. [`into_router`](Self::into_router) gives the axum router to serve or to test.
pub struct Api {
    options: HttpOptions,
    establish: Establish,
    checks: Vec<Arc<dyn HealthCheck>>,
    documented: ApiRouter,
    bulk: ApiRouter,
    plain: Router,
    changing: Option<ChangingPaths>,
}

impl Api {
    /// An API with nothing but health and documentation. Everybody is a visitor until it has an
    /// [`authenticator`](Self::authenticator).
    #[must_use]
    pub fn new(options: HttpOptions, ids: Arc<dyn IdGenerator>) -> Self {
        let patience = options.request_timeout;
        Self {
            options,
            establish: Establish { ids, authenticator: None, shops: None, patience },
            checks: Vec::new(),
            documented: ApiRouter::new(),
            bulk: ApiRouter::new(),
            plain: Router::new(),
            changing: None,
        }
    }

    /// Lets this tell who asks.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.establish.authenticator = Some(authenticator);
        self
    }

    /// Lets this tell for which shop is asked.
    #[must_use]
    pub fn shops(mut self, shops: Arc<dyn ShopDirectory>) -> Self {
        self.establish.shops = Some(shops);
        self
    }

    /// Adds a component to the health report.
    #[must_use]
    pub fn health(mut self, check: Arc<dyn HealthCheck>) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds routes, with their documentation.
    #[must_use]
    pub fn routes(mut self, routes: ApiRouter) -> Self {
        self.documented = self.documented.merge(routes);
        self
    }

    /// Adds routes for uploads and downloads, which may be long and large.
    #[must_use]
    pub fn bulk_routes(mut self, routes: ApiRouter) -> Self {
        self.bulk = self.bulk.merge(routes);
        self
    }

    /// Adds routes that document themselves otherwise (GraphQL, pages).
    #[must_use]
    pub fn plain_routes(mut self, routes: Router) -> Self {
        self.plain = self.plain.merge(routes);
        self
    }

    /// Adds to the OpenAPI document, whenever it is asked for, the `paths` that this says (OpenAPI
    /// 3.1): those of plain routes that come and go while the server runs. The answer is made anew
    /// each time that there are some.
    #[must_use]
    pub fn changing_paths(
        mut self,
        paths: impl Fn() -> Map<String, Value> + Send + Sync + 'static,
    ) -> Self {
        self.changing = Some(Arc::new(paths));
        self
    }

    /// The finished router.
    pub fn into_router(self) -> Router {
        let checks: health::Checks = self.checks.into();
        let health = ApiRouter::new()
            .api_route(
                "/api/_health",
                get_with(health::all, |op| {
                    op.tag("operations")
                        .summary("How well every component is")
                        .description("Status 200 while requests can be served, else 503.")
                }),
            )
            .api_route(
                "/api/_health/{component}",
                get_with(health::one, |op| {
                    op.tag("operations").summary("How well one component is")
                }),
            )
            .with_state(checks);

        let mut document = documentation::empty();
        let documented = self.documented.finish_api(&mut document);
        let bulk = self.bulk.finish_api(&mut document);
        let health = health.finish_api(&mut document);

        let known =
            documented.merge(self.plain).merge(documentation::routes(&document, self.changing));
        let establish = middleware::from_fn_with_state(self.establish.clone(), establish);
        let identified = limits::ordinary(known.layer(establish.clone()), &self.options)
            .merge(limits::bulk(bulk.layer(establish), &self.options));
        // Health answers without a look at tokens or shops: it must, when the database is down.
        identified
            .merge(limits::ordinary(health, &self.options))
            .fallback(not_found)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(CatchPanicLayer::custom(panicked))
            .layer(cors(&self.options))
            .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
            .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
            .layer(middleware::from_fn_with_state(self.establish, identify))
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A header that every answer has, unless it says otherwise itself.
fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Closed, unless origins are named.
fn cors(options: &HttpOptions) -> CorsLayer {
    if options.cors_allow_origins.is_empty() {
        return CorsLayer::new();
    }
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(options.cors_allow_origins.clone()))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("prefer"),
            HeaderName::from_static("x-correlation-id"),
            HeaderName::from_static("x-czo-shop"),
        ])
        .expose_headers([header::LOCATION, HeaderName::from_static("x-correlation-id")])
}

async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "there is nothing at this path; `/api/docs` shows what there is",
    )
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "this path does not take this method; `/api/docs` shows which it takes",
    )
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over so")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    tracing::error!(panic = message, "a request panicked");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "INTERNAL",
        "something went wrong here; the log knows more under the correlation id",
    )
    .into_response()
}
