//! By which keys apps verify what czo has signed.

use czo_apps::Jwks;
use czo_http::Problem;
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::get_with;
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::PathRejection;
use czo_http::axum::extract::{Path, State};

use super::{Desk, Which, path, unknown};

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new().api_route(
        "/api/apps/{id}/jwks.json",
        get_with(keys, |operation| {
            operation
                .tag("apps")
                .summary("The public keys that messages to an app are signed with")
                .description(
                    "A set of keys by RFC 7517, for `v1a` signatures (ed25519). While a key is \
                     replaced, it has both. Anybody may read it.",
                )
        }),
    )
}

async fn keys(
    State(desk): State<Desk>,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<Jwks>, Problem> {
    let id = path(which)?.id;
    let keys = desk.registry.public_keys(id).await.map_err(Problem::of)?;
    keys.map(Json).ok_or_else(|| unknown(id))
}
