//! Tokens and secrets of apps.

use std::time::Duration;

use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{delete_with, post_with};
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::PathRejection;
use czo_http::axum::extract::{Path, State};
use czo_http::{Ctx, Problem};
use schemars::JsonSchema;
use serde::Deserialize;

use super::optional_body::OptionalBody;
use super::{Desk, Which, described, path};
use crate::apps::view::{NewAppSecret, NewAppToken, RevokedTokens};

/// How long the old ones count, unless it is said: a day.
const OVERLAP_SECONDS: u64 = 24 * 3_600;

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rotation {
    /// How long the old ones count still, in seconds; 30 days at most. Default: a day.
    overlap_seconds: Option<u64>,
}

impl Rotation {
    fn overlap(&self) -> Duration {
        Duration::from_secs(self.overlap_seconds.unwrap_or(OVERLAP_SECONDS))
    }
}

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new()
        .api_route(
            "/api/apps/{id}/tokens/rotate",
            post_with(rotate_token, |operation| {
                described(
                    operation,
                    "Make a new token for an app",
                    "It is shown in the answer and never again. The old ones count for a while still. \
                     Needs `app:write`.",
                )
            }),
        )
        .api_route(
            "/api/apps/{id}/tokens",
            delete_with(revoke_tokens, |operation| {
                described(
                    operation,
                    "Revoke all tokens of an app",
                    "They count nowhere from the next request on. Needs `app:write`.",
                )
            }),
        )
        .api_route(
            "/api/apps/{id}/secret/rotate",
            post_with(rotate_secret, |operation| {
                described(
                    operation,
                    "Make a new signing secret and key for an app",
                    "The secret is shown in the answer and never again. Messages are signed with the \
                     old ones, too, for a while. Needs `app:write`.",
                )
            }),
        )
}

async fn rotate_token(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    OptionalBody(rotation): OptionalBody<Rotation>,
) -> Result<Json<NewAppToken>, Problem> {
    let id = path(which)?.id;
    let issued = desk.registry.rotate_token(&ctx, id, rotation.overlap()).await;
    issued.map(|issued| Json(issued.into())).map_err(Problem::of)
}

async fn revoke_tokens(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<RevokedTokens>, Problem> {
    let id = path(which)?.id;
    let revoked = desk.registry.revoke_tokens(&ctx, id).await.map_err(Problem::of)?;
    Ok(Json(RevokedTokens { revoked }))
}

async fn rotate_secret(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    OptionalBody(rotation): OptionalBody<Rotation>,
) -> Result<Json<NewAppSecret>, Problem> {
    let id = path(which)?.id;
    let rotated = desk.registry.rotate_secret(&ctx, id, rotation.overlap()).await;
    rotated.map(|rotated| Json(rotated.into())).map_err(Problem::of)
}
