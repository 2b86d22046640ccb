//! What is set up for a module in a shop.

use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::get_with;
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::{JsonRejection, PathRejection};
use czo_http::axum::extract::{Path, State};
use czo_http::axum::http::StatusCode;
use czo_http::{Ctx, Problem};
use serde_json::Value;

use super::{Desk, Which, described, name};

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new().api_route(
        "/api/module-admin/modules/{name}/config",
        get_with(config, |operation| {
            described(
                operation,
                "What is set up for a module in the shop",
                "With the defaults of its manifest. Needs `module:read`.",
            )
        })
        .put_with(configure, |operation| {
            described(
                operation,
                "Set a module up",
                "All that is there is replaced, for the shop of the request; for every shop without \
                 a setting of its own, where the request is for none. Everything that breaks the \
                 schema of the manifest is told at once. Needs `module:write`.",
            )
            .response::<204, ()>()
        }),
    )
}

async fn config(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<Value>, Problem> {
    let name = name(which)?;
    desk.modules.config(&ctx, &name).await.map(Json).map_err(Problem::of)
}

async fn configure(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    config: Result<Json<Value>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let name = name(which)?;
    let Json(config) =
        config.map_err(|wrong| Problem::new(wrong.status(), "INVALID", wrong.body_text()))?;
    desk.modules.configure(&ctx, &name, config).await.map_err(Problem::of)?;
    Ok(StatusCode::NO_CONTENT)
}
