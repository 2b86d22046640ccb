//! Session tokens for the pages of apps in the dashboard.

use chrono::{DateTime, Utc};
use czo_apps::{FrameHeaders, Identifier, Mount, SessionRequest, SessionTokens};
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::post_with;
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::{JsonRejection, PathRejection};
use czo_http::axum::extract::{Path, State};
use czo_http::{Ctx, Problem};
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{Desk, Which, body, described, path};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Which extension of the app, by its identifier.
    extension: Identifier,
    /// Where the dashboard shows it.
    #[schemars(with = "String")]
    mount: Mount,
    /// What the page is about, such as `product_…`, if it is about one.
    entity: Option<String>,
}

/// What a frame is given.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Session {
    /// The token, for the page in the frame and nobody else.
    token: String,
    /// When it ends: the dashboard asks for another before that.
    expires_at: DateTime<Utc>,
    /// What the frame shows.
    url: String,
    /// What the frame's `sandbox` has to say.
    sandbox: &'static str,
}

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new().api_route(
        "/api/apps/{id}/sessions",
        post_with(issue, |operation| {
            described(
                operation,
                "A session token for the page of an app in the dashboard",
                "It tells the app for a minute who looks at what in which shop, signed with the app's \
                 secret. For people only, and only for an extension that the app's manifest has there. \
                 Needs what the extension names, or `app:read`.",
            )
        }),
    )
}

async fn issue(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Json<Session>, Problem> {
    let (id, Wanted { extension, mount, entity }) = (path(which)?.id, body(wanted)?);
    let request = SessionRequest { app: id, extension, mount, entity };
    let session = SessionTokens::new(&desk.registry).issue(&ctx, request).await;
    let session = session.map_err(Problem::of)?;
    Ok(Json(Session {
        token: session.token.expose_secret().to_owned(),
        expires_at: session.expires_at,
        url: session.extension.url.as_str().to_owned(),
        sandbox: FrameHeaders::SANDBOX,
    }))
}
