//! `/api/events/parity`.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{Permission, PermissionService, PermissionServiceExt, RequestContext};
use czo_events::ParityLedger;
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::get_with;
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::QueryRejection;
use czo_http::axum::extract::{Query, State};
use czo_http::axum::http::StatusCode;
use czo_http::{Ctx, Problem};
use czo_outbox::Outbox;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kept, ParityView};

/// Lets somebody see how events go their ways, those of all shops.
const EVENT_READ: Permission = Permission::new("event", "read");

/// What is said where events are given to one bus alone.
const ONE_BUS: &str = "this server gives events to one bus, so there is nothing to compare: start \
     it with a broker as `event_bus.provider` and `event_bus.dual_write`";

/// How long an event may be in the outbox before it is said to wait.
const SETTLED: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Desk {
    ledger: Option<ParityLedger>,
    /// What the outbox keeps for the broker.
    mirror: Outbox,
    permissions: Arc<dyn PermissionService>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// How many events are to be seen before the broker may take over; 1 by default.
    least: Option<u64>,
}

pub(crate) fn routes(
    ledger: Option<ParityLedger>,
    outbox: &Outbox,
    permissions: Arc<dyn PermissionService>,
) -> ApiRouter {
    let mirror = outbox.mirror();
    ApiRouter::new()
        .api_route("/api/events/parity", get_with(parity, describe_parity))
        .with_state(Desk { ledger, mirror, permissions })
}

fn describe_parity(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("events")
        .summary("Whether the broker did with the events what the bus in memory did")
        .description(
            "What became of the events of each type, what arrived at each group, and whether the \
             broker may take over. Of the process that answers, since it began, but for what the \
             outbox keeps for the broker, which is everybody's; of one that gives events to a \
             single bus there is nothing. Needs `event:read` in every shop.",
        )
        .security_requirement("bearer")
}

async fn parity(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<ParityView>, Problem> {
    let everywhere = RequestContext { shop_id: None, ..ctx };
    desk.permissions.require(&everywhere, &EVENT_READ).await.map_err(Problem::of)?;
    let Query(Wanted { least }) = wanted.map_err(|wrong| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", wrong.body_text())
    })?;
    let ledger =
        desk.ledger.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", ONE_BUS))?;
    let status = desk.mirror.status().await.map_err(Problem::of)?;
    // What was confirmed just now is still there.
    let is_old = status.oldest_age(desk.mirror.database().now()) > SETTLED;
    let waiting = if is_old { status.waiting } else { 0 };
    let kept = Kept { waiting, refused: status.parked };
    Ok(Json(ParityView::of(&ledger, least.unwrap_or(1), kept)))
}
