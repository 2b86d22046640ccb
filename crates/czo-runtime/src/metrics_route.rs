//! `GET /api/_metrics`.

use std::sync::Arc;

use czo_core::{Permission, PermissionService, PermissionServiceExt};
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::get_with;
use czo_http::axum::extract::State;
use czo_http::{Ctx, Problem};
use czo_telemetry::Telemetry;

/// Lets somebody read the metrics.
const METRICS_READ: Permission = Permission::new("metrics", "read");

#[derive(Clone)]
struct Metrics {
    telemetry: Telemetry,
    permissions: Arc<dyn PermissionService>,
}

pub(crate) fn routes(telemetry: Telemetry, permissions: Arc<dyn PermissionService>) -> ApiRouter {
    ApiRouter::new()
        .api_route(
            "/api/_metrics",
            get_with(metrics, |operation| {
                operation
                    .tag("operations")
                    .summary("Metrics in the text format of Prometheus")
                    .description("Needs `metrics:read`.")
                    .security_requirement("bearer")
            }),
        )
        .with_state(Metrics { telemetry, permissions })
}

async fn metrics(State(metrics): State<Metrics>, Ctx(ctx): Ctx) -> Result<String, Problem> {
    metrics.permissions.require(&ctx, &METRICS_READ).await.map_err(Problem::of)?;
    Ok(metrics.telemetry.render())
}
