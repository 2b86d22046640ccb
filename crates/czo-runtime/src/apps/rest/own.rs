//! What an app asks about itself.

use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::get_with;
use czo_http::axum::Json;
use czo_http::axum::extract::State;
use czo_http::axum::http::header;
use czo_http::axum::response::{IntoResponse, Response};
use czo_http::{Ctx, Problem};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{Desk, described};

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new().api_route(
        "/api/apps/me/config",
        get_with(config, |operation| {
            described(
                operation,
                "What is set up for the app that asks",
                "With its secrets, and `{}` where nothing is set up. Needs the token of an app, which \
                 is good for what is set up for that app in its shop and for nothing else.",
            )
            .response::<200, Json<Value>>()
        }),
    )
}

async fn config(State(desk): State<Desk>, Ctx(ctx): Ctx) -> Result<Response, Problem> {
    let config = desk.registry.own_config(&ctx).await.map_err(Problem::of)?;
    let text = config.as_ref().map_or("{}", ExposeSecret::expose_secret).to_owned();
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, text).into_response())
}
