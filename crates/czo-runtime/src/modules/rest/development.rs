//! For those who write modules.

use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{post_with, put_with};
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::PathRejection;
use czo_http::axum::extract::{Path, Request, State};
use czo_http::{Ctx, Problem};
use czo_modules::UpdateOutcome;
use serde_json::Value;

use super::upload::{is_of, takes_package};
use super::{Desk, Which, blocking, described, name};

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new()
        .api_route(
            "/api/module-admin/validations",
            post_with(validate, |operation| {
                takes_package(described(
                    operation,
                    "Say everything that is to be said of a package",
                    "What it imports against what its manifest grants, its JavaScript, its \
                     dependencies, its licence, and what it may do that the version that is installed \
                     may not. Nothing is installed. Needs `module:read`.",
                ))
            }),
        )
        .api_route(
            "/api/module-admin/modules/{name}/development",
            put_with(reload, |operation| {
                takes_package(described(
                    operation,
                    "Replace a module by a package under development",
                    "Of the same version too, with what the old one hands on, and with everything \
                     granted that it asks for. Where it can't take over, the old one goes on. Needs \
                     `module:write`.",
                ))
            }),
        )
}

async fn validate(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    request: Request,
) -> Result<Json<Value>, Problem> {
    desk.may_read(&ctx).await?;
    let package = desk.unpack(request.into_body()).await?;
    let previous = desk.previous(&ctx, &package.manifest().name).await?;
    let rules = desk.rules.clone();
    let report = blocking(move || rules.report(&package, previous.as_ref())).await?;
    Ok(Json(serde_json::to_value(report).expect("a report is plain data")))
}

async fn reload(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    request: Request,
) -> Result<Json<UpdateOutcome>, Problem> {
    desk.may_write(&ctx).await?;
    let name = name(which)?;
    let package = desk.unpack(request.into_body()).await?;
    is_of(&package, &name)?;
    desk.modules.reload(&ctx, package).await.map(Json).map_err(Problem::of)
}
