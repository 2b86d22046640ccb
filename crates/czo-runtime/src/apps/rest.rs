//! `/api/apps`.

mod credentials;
mod deliveries;
mod installations;
mod keys;
mod optional_body;
mod own;
mod sessions;

use std::sync::Arc;

use czo_apps::{AppError, AppRegistry, InstallationId, WebhookDeliveries};
use czo_core::{
    Permission, PermissionService, PermissionServiceExt, PermissionTextError, RequestContext,
    ShopDirectory,
};
use czo_http::Problem;
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::Json;
use czo_http::axum::extract::Path;
use czo_http::axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use czo_http::axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Apps;

/// Lets somebody change the apps of a shop, and send again what is sent to them.
const APP_WRITE: Permission = Permission::new("app", "write");

/// What the routes work with.
#[derive(Clone)]
struct Desk {
    registry: AppRegistry,
    deliveries: WebhookDeliveries,
    permissions: Arc<dyn PermissionService>,
    shops: Arc<dyn ShopDirectory>,
}

#[derive(Deserialize, JsonSchema)]
struct Which {
    /// The app's id in the shop, `app_…`.
    id: InstallationId,
}

pub(crate) fn routes(
    apps: &Apps,
    permissions: Arc<dyn PermissionService>,
    shops: Arc<dyn ShopDirectory>,
) -> ApiRouter {
    let desk = Desk {
        registry: apps.registry().clone(),
        deliveries: apps.deliveries(),
        permissions,
        shops,
    };
    ApiRouter::new()
        .merge(installations::routes())
        .merge(credentials::routes())
        .merge(deliveries::routes())
        .merge(keys::routes())
        .merge(own::routes())
        .merge(sessions::routes())
        .with_state(desk)
}

impl Desk {
    /// Refuses who may not see this app, or not change it.
    async fn may(
        &self,
        ctx: &RequestContext,
        id: InstallationId,
        is_change: bool,
    ) -> Result<(), Problem> {
        self.registry.get(ctx, id).await.map_err(Problem::of)?;
        match is_change {
            true => self.permissions.require(ctx, &APP_WRITE).await.map_err(Problem::of),
            false => Ok(()),
        }
    }

    /// What the caller lacks to read what an event says: by the rule by which apps are told of it.
    async fn lacks_to_read(
        &self,
        ctx: &RequestContext,
        event_type: &str,
    ) -> Result<Option<Permission>, Problem> {
        let resource = event_type.split('.').next().unwrap_or_default();
        let read: Permission =
            format!("{resource}:read").parse().map_err(|error: PermissionTextError| {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", error.to_string())
            })?;
        let may = self.permissions.allows(&ctx.actor, &read, ctx.shop_id).await;
        Ok((!may.map_err(Problem::of)?).then_some(read))
    }
}

/// What all operations on apps have in common.
fn described<'o>(
    operation: TransformOperation<'o>,
    summary: &str,
    description: &str,
) -> TransformOperation<'o> {
    operation.tag("apps").summary(summary).description(description).security_requirement("bearer")
}

fn path<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Problem> {
    path.map(|Path(path)| path).map_err(|wrong| invalid(wrong.body_text()))
}

fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    body.map(|Json(body)| body)
        .map_err(|wrong| Problem::new(wrong.status(), "INVALID", wrong.body_text()))
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", detail.into())
}

fn question(wrong: &QueryRejection) -> Problem {
    invalid(wrong.body_text())
}

fn unknown(id: InstallationId) -> Problem {
    Problem::of(AppError::NotFound { id })
}
