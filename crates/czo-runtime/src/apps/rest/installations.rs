//! Installing apps, and what comes after.

use czo_apps::{AppGrant, Consent, HttpUrl, InstallRequest, Installation, ManifestSource};
use czo_core::ShopId;
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{get_with, post_with};
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use czo_http::axum::extract::{Path, Query, State};
use czo_http::axum::http::StatusCode;
use czo_http::{Ctx, Problem};
use czo_repo::{PageArguments, PageRequest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::optional_body::OptionalBody;
use super::{Desk, Which, body, described, invalid, path, question};
use crate::apps::view::{AppPage, AppView, Preview, Updated};

/// Where a manifest comes from: one of the two.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Source {
    /// Where it is.
    manifest_url: Option<HttpUrl>,
    /// The manifest itself.
    manifest: Option<Value>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Install {
    /// Where the manifest is.
    manifest_url: Option<HttpUrl>,
    /// The manifest itself.
    manifest: Option<Value>,
    /// The shop. Default: that of the request.
    shop_id: Option<ShopId>,
    /// What is consented to, as `preview` showed it. Where it is not said: all that the app asks for.
    consent: Option<Vec<AppGrant>>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Consenting {
    /// What is consented to. Where nothing is said, of the hosts neither: all that the app asks for.
    consent: Option<Vec<AppGrant>>,
    /// Where the app may be that it was not, as `host` of `pendingHosts` has it.
    hosts: Option<Vec<String>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// How many at most: 1 to 100, 50 by default.
    first: Option<i32>,
    /// The `next` of the last page.
    after: Option<String>,
}

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new()
        .api_route(
            "/api/apps",
            get_with(list, |operation| {
                described(operation, "The apps of the shop", "Needs `app:read`.")
            }),
        )
        .api_route(
            "/api/apps/preview",
            post_with(preview, |operation| {
                described(
                    operation,
                    "What an app says of itself and asks for, before it is installed",
                    "Everything that is wrong with its manifest is told at once. Needs `app:write`.",
                )
            }),
        )
        .api_route(
            "/api/apps/install",
            post_with(install, |operation| {
                described(
                    operation,
                    "Install an app in a shop",
                    "The app is asked to repeat a challenge at its `handshakeUrl`, and then sent its \
                     token and what messages to it are signed with, once. When it has answered, it \
                     is installed; otherwise nothing is left of it. Needs `app:write`, and whatever \
                     the app asks for.",
                )
                .response::<201, Json<Installation>>()
            }),
        )
        .api_route(
            "/api/apps/{id}",
            get_with(show, |operation| {
                described(operation, "One app, its webhooks and tokens", "Needs `app:read`.")
            })
            .delete_with(uninstall, |operation| {
                described(
                    operation,
                    "Uninstall an app",
                    "Its tokens are revoked at once; its secrets, webhooks and what was set up are \
                     deleted; what waits to be sent to it is given up, and what it was sent is deleted \
                     within the next hours. Needs `app:write`.",
                )
                .response::<204, ()>()
            }),
        )
        .api_route(
            "/api/apps/{id}/update",
            post_with(update, |operation| {
                described(
                    operation,
                    "Update an app to its newest manifest, or to the one given",
                    "In place: tokens, secrets and what is set up stay. What it asks for in addition \
                     waits for consent; so does every host that it was not at before, and what would \
                     be there stays where it was. Needs `app:write`.",
                )
            }),
        )
        .api_route(
            "/api/apps/{id}/consent",
            post_with(consent, |operation| {
                described(
                    operation,
                    "Give an app what its last update asks for",
                    "Needs `app:write`, and whatever the app asks for; where it is to be at another \
                     host, all that it is allowed.",
                )
            }),
        )
        .api_route(
            "/api/apps/{id}/enable",
            post_with(enable, |operation| {
                described(operation, "Let an app act again", "Needs `app:write`.")
            }),
        )
        .api_route(
            "/api/apps/{id}/disable",
            post_with(disable, |operation| {
                described(
                    operation,
                    "Keep an app from acting",
                    "From the next request on. What it has stays. Needs `app:write`.",
                )
            }),
        )
        .api_route(
            "/api/apps/{id}/config",
            get_with(config, |operation| {
                described(
                    operation,
                    "What is set up for an app",
                    "Secrets are shown to nobody: `[redacted]` stands for them. Needs `app:read`.",
                )
            })
            .put_with(configure, |operation| {
                described(
                    operation,
                    "Set an app up",
                    "All that is there is replaced; `[redacted]` keeps a secret. Everything that \
                     breaks the app's schema is told at once. Needs `app:write`.",
                )
            }),
        )
}

async fn list(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<AppPage>, Problem> {
    let Query(Wanted { first, after }) = wanted.map_err(|wrong| question(&wrong))?;
    let arguments = PageArguments { first, after, ..Default::default() };
    let request = PageRequest::new(arguments).map_err(Problem::of)?;
    let page = desk.registry.list(&ctx, &request).await.map_err(Problem::of)?;
    let next = page.page_info.has_next_page.then_some(page.page_info.end_cursor).flatten();
    Ok(Json(AppPage { apps: page.nodes, next }))
}

async fn preview(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    source: Result<Json<Source>, JsonRejection>,
) -> Result<Json<Preview>, Problem> {
    let Source { manifest_url, manifest } = body(source)?;
    let source = one_source(manifest_url, manifest)?;
    let manifest = desk.registry.preview(&ctx, &source).await.map_err(Problem::of)?;
    let asks = AppGrant::asked_by(&manifest);
    let manifest = serde_json::to_value(&manifest).unwrap_or_default();
    Ok(Json(Preview { manifest, asks }))
}

async fn install(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    wanted: Result<Json<Install>, JsonRejection>,
) -> Result<(StatusCode, Json<Installation>), Problem> {
    let Install { manifest_url, manifest, shop_id, consent } = body(wanted)?;
    let manifest = one_source(manifest_url, manifest)?;
    let shop = shop_id.or(ctx.shop_id);
    let shop = shop.ok_or_else(|| invalid("shopId: expected the shop to install the app in"))?;
    if desk.shops.find(shop).await.map_err(Problem::of)?.is_none() {
        return Err(invalid(format!("shopId: there is no shop {shop}")));
    }
    let request = InstallRequest { shop, manifest, consent: to_consent(consent) };
    // In a task of its own: an app that has its token is installed, though the client hangs up.
    let installing = tokio::spawn(async move { desk.registry.install(&ctx, request).await });
    let installed = installing.await.map_err(|_| cut_off())?.map_err(Problem::of)?;
    Ok((StatusCode::CREATED, Json(installed)))
}

async fn show(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<AppView>, Problem> {
    let id = path(which)?.id;
    let app = desk.registry.get(&ctx, id).await.map_err(Problem::of)?;
    let webhooks = desk.registry.webhooks(&ctx, id).await.map_err(Problem::of)?;
    let tokens = desk.registry.tokens(&ctx, id).await.map_err(Problem::of)?;
    Ok(Json(AppView { app, webhooks, tokens }))
}

async fn uninstall(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let id = path(which)?.id;
    desk.registry.uninstall(&ctx, id).await.map_err(Problem::of)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn update(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    OptionalBody(Source { manifest_url, manifest }): OptionalBody<Source>,
) -> Result<Json<Updated>, Problem> {
    let id = path(which)?.id;
    let source = match (&manifest_url, &manifest) {
        (None, None) => None,
        _ => Some(one_source(manifest_url, manifest)?),
    };
    let outcome = desk.registry.update(&ctx, id, source).await.map_err(Problem::of)?;
    Ok(Json(Updated::of(outcome)))
}

async fn consent(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    OptionalBody(Consenting { consent, hosts }): OptionalBody<Consenting>,
) -> Result<Json<Installation>, Problem> {
    let id = path(which)?.id;
    let consent = match (consent, hosts) {
        (consent, None) => to_consent(consent),
        (grants, Some(hosts)) => Consent::ToUpdate { grants: grants.unwrap_or_default(), hosts },
    };
    let done = desk.registry.consent(&ctx, id, &consent).await;
    done.map(Json).map_err(Problem::of)
}

async fn enable(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<Installation>, Problem> {
    let id = path(which)?.id;
    desk.registry.enable(&ctx, id).await.map(Json).map_err(Problem::of)
}

async fn disable(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<Installation>, Problem> {
    let id = path(which)?.id;
    desk.registry.disable(&ctx, id).await.map(Json).map_err(Problem::of)
}

async fn config(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<Value>, Problem> {
    let id = path(which)?.id;
    desk.registry.config(&ctx, id).await.map(Json).map_err(Problem::of)
}

async fn configure(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    config: Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>, Problem> {
    let (id, config) = (path(which)?.id, body(config)?);
    desk.registry.configure(&ctx, id, &config).await.map(Json).map_err(Problem::of)
}

fn cut_off() -> Problem {
    let detail = "the installation was cut off: the log knows more";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
}

fn one_source(url: Option<HttpUrl>, manifest: Option<Value>) -> Result<ManifestSource, Problem> {
    match (url, manifest) {
        (Some(url), None) => Ok(ManifestSource::Url(url)),
        (None, Some(manifest)) => Ok(ManifestSource::Document(manifest.to_string().into_bytes())),
        _ => Err(invalid("expected either `manifestUrl` or `manifest`")),
    }
}

fn to_consent(consent: Option<Vec<AppGrant>>) -> Consent {
    consent.map_or(Consent::ToAll, Consent::To)
}
