//! Installing modules, switching them on and off, and replacing them.

use std::path::Path as FilePath;

use czo_core::RequestContext;
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{post_with, put_with};
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use czo_http::axum::extract::{Path, Query, Request, State};
use czo_http::axum::http::StatusCode;
use czo_http::{Ctx, Problem};
use czo_module_package::{FetchOptions, ModuleSource, Package, fetch};
use czo_modules::{Activated, AddOptions, Added, Consent, RolledBack, UpdateOutcome};
use schemars::JsonSchema;
use serde::Deserialize;

use super::upload::{is_of, takes_package};
use super::{Desk, Which, blocking, described, invalid, name, question};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HowAdded {
    /// Where the package came from, for people and for updates: `./loyalty`,
    /// `github:user/repo@v1`, `@scope/name`.
    source: String,
    /// Whether it serves at once. Default no.
    #[serde(default)]
    enable: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HowUpdated {
    /// Where the package came from. Default: where the version before did.
    source: Option<String>,
    /// What was agreed to of what it asks for in addition: the `digest` of that. Default nothing.
    consent: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Consented {
    /// What was agreed to: the `digest` of what the version asks for in addition. Default: all of it.
    consent: Option<String>,
}

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new()
        .api_route(
            "/api/module-admin/packages",
            post_with(add, |operation| {
                let operation = described(
                    operation,
                    "Install a module from its package",
                    "Everything that keeps it from being installed is told at once. Nothing of it is \
                     executed before it is enabled. Needs `module:write`.",
                );
                takes_package(operation).response::<201, Json<Added>>()
            }),
        )
        .api_route(
            "/api/module-admin/sources",
            post_with(add_from, |operation| {
                described(
                    operation,
                    "Install a module from where the server finds it",
                    "A folder of the server, a git repository, or a package of npm, fetched with the \
                     programs `git` and `npm` of the server. Needs `module:write`.",
                )
                .response::<201, Json<Added>>()
            }),
        )
        .api_route(
            "/api/module-admin/modules/{name}/package",
            put_with(update, |operation| {
                takes_package(described(
                    operation,
                    "Replace a module by another version of it",
                    "The version that serves does so until the new one takes over; where that fails, \
                     it goes on. A version that asks for more than the one before is kept and waits \
                     for a consent to exactly that. Needs `module:write`.",
                ))
            }),
        )
        .api_route(
            "/api/module-admin/modules/{name}/accept",
            post_with(accept, |operation| {
                described(
                    operation,
                    "Consent to the version that waits",
                    "It takes over then. Needs `module:write`.",
                )
            }),
        )
        .api_route(
            "/api/module-admin/modules/{name}/enable",
            post_with(enable, |operation| {
                described(operation, "Let a module serve", "On every server. Needs `module:write`.")
            }),
        )
        .api_route(
            "/api/module-admin/modules/{name}/disable",
            post_with(disable, |operation| {
                described(
                    operation,
                    "Let a module serve no more",
                    "On every server. Its data stays. Needs `module:write`.",
                )
                .response::<204, ()>()
            }),
        )
        .api_route(
            "/api/module-admin/modules/{name}/rollback",
            post_with(roll_back, |operation| {
                described(
                    operation,
                    "Go back to the version before",
                    "Migrations that it has not are taken back. Needs `module:write`.",
                )
            }),
        )
}

async fn add(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    how: Result<Query<HowAdded>, QueryRejection>,
    request: Request,
) -> Result<(StatusCode, Json<Added>), Problem> {
    desk.may_write(&ctx).await?;
    let Query(how) = how.map_err(|wrong| question(&wrong))?;
    let package = desk.unpack(request.into_body()).await?;
    desk.install(ctx, package, how).await
}

async fn add_from(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    how: Result<Json<HowAdded>, JsonRejection>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    desk.may_write(&ctx).await?;
    let Json(how) =
        how.map_err(|wrong| Problem::new(wrong.status(), "INVALID", wrong.body_text()))?;
    let source: ModuleSource =
        how.source.parse().map_err(|error| invalid(format!("source: {error}")))?;
    let rules = desk.rules.clone();
    let find = move || {
        let fetched = fetch(&source, FilePath::new("."), &FetchOptions::default())?;
        rules.open(&fetched.root)
    };
    let package = blocking(find).await?.map_err(Problem::of)?;
    desk.install(ctx, package, how).await
}

impl Desk {
    async fn install(
        &self,
        ctx: RequestContext,
        package: Package,
        how: HowAdded,
    ) -> Result<(StatusCode, Json<Added>), Problem> {
        let mut options = AddOptions::new(how.source);
        if how.enable {
            options = options.enable();
        }
        let added = self.modules.add(&ctx, package, options).await.map_err(Problem::of)?;
        Ok((StatusCode::CREATED, Json(added)))
    }
}

async fn update(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    how: Result<Query<HowUpdated>, QueryRejection>,
    request: Request,
) -> Result<Json<UpdateOutcome>, Problem> {
    desk.may_write(&ctx).await?;
    let name = name(which)?;
    let Query(HowUpdated { source, consent }) = how.map_err(|wrong| question(&wrong))?;
    let package = desk.unpack(request.into_body()).await?;
    is_of(&package, &name)?;
    let consent = consent.map_or(Consent::Nothing, Consent::Exactly);
    let updated = desk.modules.update(&ctx, package, source.as_deref(), consent).await;
    updated.map(Json).map_err(Problem::of)
}

async fn accept(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    consented: Result<Json<Consented>, JsonRejection>,
) -> Result<Json<UpdateOutcome>, Problem> {
    let name = name(which)?;
    let Json(Consented { consent }) =
        consented.map_err(|wrong| Problem::new(wrong.status(), "INVALID", wrong.body_text()))?;
    let consent = consent.map_or(Consent::Everything, Consent::Exactly);
    desk.modules.accept(&ctx, &name, consent).await.map(Json).map_err(Problem::of)
}

async fn enable(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<Activated>, Problem> {
    desk.modules.enable(&ctx, &name(which)?).await.map(Json).map_err(Problem::of)
}

async fn disable(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<StatusCode, Problem> {
    desk.modules.disable(&ctx, &name(which)?).await.map_err(Problem::of)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn roll_back(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<RolledBack>, Problem> {
    desk.modules.rollback(&ctx, &name(which)?).await.map(Json).map_err(Problem::of)
}
