//! `GET /api/_health`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aide::OperationOutput;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use czo_core::{Health, HealthCheck, HealthStatus};
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Problem;

/// How long a component may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// How well every component is; the whole is as well as its worst part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HealthReport {
    /// The worst verdict of all.
    status: HealthStatus,
    /// One entry per component.
    components: Vec<ComponentHealth>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ComponentHealth {
    /// The component's name.
    name: String,
    #[serde(flatten)]
    health: Health,
    /// How long the check took, in milliseconds.
    elapsed_ms: f64,
}

pub(crate) type Checks = Arc<[Arc<dyn HealthCheck>]>;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Component {
    /// The component's name, as it stands in the whole report.
    component: String,
}

/// All components.
pub(crate) async fn all(State(checks): State<Checks>) -> HealthReport {
    report(&checks).await
}

/// One component.
pub(crate) async fn one(
    State(checks): State<Checks>,
    Path(Component { component }): Path<Component>,
) -> Result<HealthReport, Problem> {
    let found = checks.iter().find(|check| check.name() == component).ok_or_else(|| {
        let names: Vec<_> = checks.iter().map(|check| check.name()).collect();
        let detail = format!("no such component; there are {}", names.join(", "));
        Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail)
    })?;
    Ok(report(std::slice::from_ref(found)).await)
}

async fn report(checks: &[Arc<dyn HealthCheck>]) -> HealthReport {
    let components = join_all(checks.iter().map(|check| async move {
        let started = Instant::now();
        let health = tokio::time::timeout(PATIENCE, check.check())
            .await
            .unwrap_or_else(|_| Health::down("does not answer within two seconds"));
        ComponentHealth {
            name: check.name().to_owned(),
            health,
            elapsed_ms: (started.elapsed().as_secs_f64() * 1e5).round() / 1e2,
        }
    }))
    .await;
    let status = components.iter().map(|part| part.health.status).max().unwrap_or(HealthStatus::Up);
    HealthReport { status, components }
}

impl HealthReport {
    /// JSON with a line for each component, so that it reads well in a terminal and in `grep`.
    fn to_lines(&self) -> serde_json::Result<String> {
        let parts: Vec<_> =
            self.components.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        let status = serde_json::to_string(&self.status)?;
        Ok(format!("{{\"status\":{status},\"components\":[\n{}\n]}}\n", parts.join(",\n")))
    }
}

impl IntoResponse for HealthReport {
    fn into_response(self) -> Response {
        let status = match self.status {
            HealthStatus::Down => StatusCode::SERVICE_UNAVAILABLE,
            HealthStatus::Up | HealthStatus::Degraded => StatusCode::OK,
        };
        let headers =
            [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        match self.to_lines() {
            Ok(body) => (status, headers, body).into_response(),
            Err(error) => {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", error.to_string())
                    .into_response()
            }
        }
    }
}

impl OperationOutput for HealthReport {
    type Inner = Self;

    fn operation_response(
        ctx: &mut aide::generate::GenContext,
        operation: &mut aide::openapi::Operation,
    ) -> Option<aide::openapi::Response> {
        axum::Json::<Self>::operation_response(ctx, operation)
    }

    fn inferred_responses(
        ctx: &mut aide::generate::GenContext,
        operation: &mut aide::openapi::Operation,
    ) -> Vec<(Option<aide::openapi::StatusCode>, aide::openapi::Response)> {
        axum::Json::<Self>::inferred_responses(ctx, operation)
    }
}
