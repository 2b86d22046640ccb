//! Who asks, for which shop, under which correlation id.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aide::OperationInput;
use async_trait::async_trait;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use czo_core::{
    Actor, Classified, CorrelationId, ErrorKind, IdGenerator, RequestContext, ShopDirectory, ShopId,
};
use thiserror::Error;
use tracing::Instrument;

use crate::{Problem, limits};

const CORRELATION_ID: &str = "x-correlation-id";
const SHOP: &str = "x-czo-shop";

/// Tells whose token it is.
///
/// Held as `Arc<dyn Authenticator>`; called at the same time from any task.
#[async_trait]
pub trait Authenticator: Send + Sync + std::fmt::Debug {
    /// The owner of a token, or `None` for a token that is unknown, expired or revoked.
    ///
    /// # Errors
    ///
    /// When it can't be told; the request is then refused.
    async fn authenticate(&self, token: &str) -> Result<Option<Actor>, AuthenticatorError>;
}

/// Where tokens are kept does not answer.
#[derive(Debug, Error)]
#[error("tokens cannot be checked now")]
pub struct AuthenticatorError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl Classified for AuthenticatorError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

/// What establishes the context of a request.
#[derive(Clone)]
pub(crate) struct Establish {
    pub(crate) ids: Arc<dyn IdGenerator>,
    pub(crate) authenticator: Option<Arc<dyn Authenticator>>,
    pub(crate) shops: Option<Arc<dyn ShopDirectory>>,
    /// How long it may take to find out who asks.
    pub(crate) patience: Duration,
}

/// The outermost layer: gives the request an id under which everything is logged, and measures.
pub(crate) async fn identify(
    State(establish): State<Establish>,
    mut request: Request,
    next: Next,
) -> Response {
    let correlation_id: CorrelationId = request
        .headers()
        .get(CORRELATION_ID)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| CorrelationId::generate(&*establish.ids));
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        http.request.method = method.as_str(),
        url.path = request.uri().path(),
        correlation_id = correlation_id.as_str(),
    );
    let ctx = RequestContext {
        correlation_id: correlation_id.clone(),
        shop_id: None,
        actor: Actor::Anonymous,
    };
    request.extensions_mut().insert(ctx.clone());

    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = ctx.scope(next.run(request)).instrument(span.clone()).await;
    let elapsed = started.elapsed();

    if let Ok(value) = HeaderValue::from_str(correlation_id.as_str()) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    let status = response.status();
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), ?elapsed, "answered");
        } else {
            tracing::debug!(status = status.as_u16(), ?elapsed, "answered");
        }
    });
    metrics::histogram!(
        "czo_http_request_duration_seconds",
        "method" => known_method(&method),
        // The pattern, not the path: a label must not grow with what callers think up.
        "route" => route.map_or_else(|| "none".to_owned(), |route| route.as_str().to_owned()),
        "status" => status.as_str().to_owned(),
    )
    .record(elapsed);
    response
}

/// The method, if it is one of HTTP's own: a label must not grow with what callers think up.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The inner layer: finds out who asks and for which shop, or refuses.
pub(crate) async fn establish(
    State(establish): State<Establish>,
    Ctx(mut ctx): Ctx,
    mut request: Request,
    next: Next,
) -> Response {
    let completing = establish.complete(&mut ctx, request.headers());
    match tokio::time::timeout(establish.patience, completing).await {
        Ok(Ok(())) => {
            request.extensions_mut().insert(ctx.clone());
            ctx.scope(next.run(request)).await
        }
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => limits::too_slow(establish.patience).into_response(),
    }
}

impl Establish {
    async fn complete(&self, ctx: &mut RequestContext, headers: &HeaderMap) -> Result<(), Problem> {
        if let Some(authenticator) = &self.authenticator
            && let Some(token) = bearer(headers)?
        {
            let actor = authenticator.authenticate(token).await.map_err(Problem::of)?;
            ctx.actor = actor.ok_or_else(|| {
                unauthenticated("the token is unknown or revoked: ask the owner for another")
            })?;
        }
        if let Some(shops) = &self.shops {
            ctx.shop_id = match headers.get(SHOP) {
                Some(header) => Some(named_shop(&**shops, header).await?),
                None => shops.only_shop().await.map_err(Problem::of)?.map(|shop| shop.id),
            };
        }
        Ok(())
    }
}

/// The token of the request, if it has one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Some(token.trim()))
        .ok_or_else(|| unauthenticated("expected `Authorization: Bearer <token>`"))
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", detail)
}

async fn named_shop(shops: &dyn ShopDirectory, header: &HeaderValue) -> Result<ShopId, Problem> {
    let invalid = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "INVALID", detail);
    let id: ShopId = header
        .to_str()
        .unwrap_or_default()
        .parse()
        .map_err(|error| invalid(format!("header `X-Czo-Shop`: {error}")))?;
    let shop = shops.find(id).await.map_err(Problem::of)?;
    shop.map(|shop| shop.id).ok_or_else(|| {
        invalid(format!("header `X-Czo-Shop`: there is no shop {id}; `czo shops list` names them"))
    })
}

/// Extracts the [`RequestContext`] of a request.
#[derive(Clone, Debug)]
pub struct Ctx(pub RequestContext);

impl<S: Sync> FromRequestParts<S> for Ctx {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let ctx = parts
            .extensions
            .get::<RequestContext>()
            .cloned()
            .expect("`Api::into_router` puts the layer that inserts it around every route");
        Ok(Self(ctx))
    }
}

/// The context comes from headers that every operation shares; it adds nothing to any of them.
impl OperationInput for Ctx {}
