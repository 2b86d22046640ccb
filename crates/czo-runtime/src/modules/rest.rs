//! `/api/module-admin`: administration of modules.
//!
//! Not below `/api/modules`, where each path belongs to the module that it names; and with a hyphen,
//! which no name of a domain has.

mod changes;
mod development;
mod inspection;
mod settings;
mod upload;

use std::sync::Arc;

use czo_core::{Permission, PermissionService, PermissionServiceExt, RequestContext};
use czo_http::Problem;
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::Router;
use czo_http::axum::extract::Path;
use czo_http::axum::extract::rejection::{PathRejection, QueryRejection};
use czo_http::axum::http::StatusCode;
use czo_http::axum::routing::any;
use czo_module_package::ModuleName;
use czo_modules::Modules;
use schemars::JsonSchema;
use serde::Deserialize;

use super::PackageRules;

/// What the paths of administration begin with.
pub(crate) const ADMIN: &str = "/api/module-admin";

/// Lets somebody look at modules. They are of the whole server.
const MODULE_READ: Permission = Permission::new("module", "read");

/// Lets somebody change them.
const MODULE_WRITE: Permission = Permission::new("module", "write");

/// What the routes work with.
#[derive(Clone)]
pub(crate) struct Desk {
    modules: Modules,
    rules: PackageRules,
    permissions: Arc<dyn PermissionService>,
}

#[derive(Deserialize, JsonSchema)]
struct Which {
    /// The name of the module.
    name: ModuleName,
}

/// The routes of administration: those that answer soon, and those of uploads and changes, which take
/// as long as it takes to compile a module and to migrate its tables.
pub(crate) fn admin_routes(desk: &Desk) -> (ApiRouter, ApiRouter) {
    let orders = ApiRouter::new().merge(inspection::routes()).merge(settings::routes());
    let changes = ApiRouter::new().merge(changes::routes()).merge(development::routes());
    (orders.with_state(desk.clone()), changes.with_state(desk.clone()))
}

/// What answers where there are no modules, with the reason.
pub(crate) fn without(reason: &str) -> Router {
    let reason: Arc<str> = reason.into();
    let answer = any(async move || {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", reason.to_string())
    });
    Router::new().route("/api/module-admin/{*path}", answer)
}

impl Desk {
    pub(super) fn new(
        modules: Modules,
        rules: PackageRules,
        permissions: Arc<dyn PermissionService>,
    ) -> Self {
        Self { modules, rules, permissions }
    }

    /// Refuses who may change modules in one shop alone, or not at all: before an upload is read.
    async fn may_write(&self, ctx: &RequestContext) -> Result<(), Problem> {
        let everywhere = RequestContext { shop_id: None, ..ctx.clone() };
        self.permissions.require(&everywhere, &MODULE_WRITE).await.map_err(Problem::of)
    }

    /// The same for who may look.
    async fn may_read(&self, ctx: &RequestContext) -> Result<(), Problem> {
        let everywhere = RequestContext { shop_id: None, ..ctx.clone() };
        self.permissions.require(&everywhere, &MODULE_READ).await.map_err(Problem::of)
    }
}

/// What all operations on modules have in common.
fn described<'o>(
    operation: TransformOperation<'o>,
    summary: &str,
    description: &str,
) -> TransformOperation<'o> {
    operation
        .tag("modules")
        .summary(summary)
        .description(description)
        .security_requirement("bearer")
}

fn name(which: Result<Path<Which>, PathRejection>) -> Result<ModuleName, Problem> {
    which.map(|Path(which)| which.name).map_err(|wrong| invalid(wrong.body_text()))
}

fn question(wrong: &QueryRejection) -> Problem {
    invalid(wrong.body_text())
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", detail.into())
}

/// What a task for the disk or for reading packages did, if it did not panic.
async fn blocking<T: Send + 'static>(
    task: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(task).await.map_err(|_| {
        let detail = "the package could not be read: the log knows more";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
    })
}
