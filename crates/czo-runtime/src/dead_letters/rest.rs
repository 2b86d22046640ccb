//! `/api/dead-letters`.

use std::sync::Arc;

use czo_core::{EventId, Permission, PermissionService, PermissionServiceExt, RequestContext};
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{get_with, post_with};
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use czo_http::axum::extract::{Path, Query, State};
use czo_http::axum::http::StatusCode;
use czo_http::{Ctx, Problem};
use schemars::JsonSchema;
use serde::Deserialize;

use super::admin::{DeadLetterAdmin, nothing_given_up};
use super::meant::{Meant, Wanted};
use super::view::{DeadLetterPage, DeadLetterView, Purged, Redriven, Summary};

/// Lets somebody see the dead letters: the events in them are of all shops.
const DEAD_LETTER_READ: Permission = Permission::new("dead_letter", "read");

/// Lets somebody hand dead letters over again, and throw them away.
const DEAD_LETTER_WRITE: Permission = Permission::new("dead_letter", "write");

#[derive(Clone)]
struct Desk {
    admin: DeadLetterAdmin,
    permissions: Arc<dyn PermissionService>,
}

#[derive(Deserialize, JsonSchema)]
struct Which {
    /// The event's id, `evt_…`.
    event: EventId,
}

pub(crate) fn routes(admin: DeadLetterAdmin, permissions: Arc<dyn PermissionService>) -> ApiRouter {
    ApiRouter::new()
        .api_route("/api/dead-letters", get_with(list, describe_list))
        .api_route("/api/dead-letters/summary", get_with(summary, describe_summary))
        .api_route("/api/dead-letters/{event}", get_with(show, describe_show))
        .api_route("/api/dead-letters/redrive", post_with(redrive, describe_redrive))
        .api_route("/api/dead-letters/purge", post_with(purge, describe_purge))
        .with_state(Desk { admin, permissions })
}

fn describe_list(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("dead letters")
        .summary("What groups of subscribers gave up, the oldest first")
        .description(
            "Each with the event, why it was given up and how often it was tried. With the bus in \
             memory they are those of the process that answers, since it began. Needs \
             `dead_letter:read` in every shop.",
        )
        .security_requirement("bearer")
}

fn describe_summary(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("dead letters")
        .summary("How many dead letters there are, by group and type")
        .description("Of the oldest, 10,000 at most. Needs `dead_letter:read` in every shop.")
        .security_requirement("bearer")
}

fn describe_show(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("dead letters")
        .summary("The dead letters of one event")
        .description("One for each group that gave it up. Needs `dead_letter:read` in every shop.")
        .security_requirement("bearer")
}

fn describe_redrive(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("dead letters")
        .summary("Hand dead letters to their groups again")
        .description(
            "As if they had not been tried, those of one group oldest first; what fails again is a \
             dead letter again. Where a group is not there, or takes no more for now, they stay. \
             Needs `dead_letter:write` in every shop.",
        )
        .security_requirement("bearer")
}

fn describe_purge(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("dead letters")
        .summary("Throw dead letters away for ever")
        .description("Needs `dead_letter:write` in every shop.")
        .security_requirement("bearer")
}

async fn list(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<DeadLetterPage>, Problem> {
    desk.require(ctx, &DEAD_LETTER_READ).await?;
    let Query(wanted) = wanted.map_err(|wrong| invalid(wrong.body_text()))?;
    desk.admin.list(&wanted).await.map(Json).map_err(Problem::of)
}

async fn summary(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Summary>, Problem> {
    desk.require(ctx, &DEAD_LETTER_READ).await?;
    let Query(wanted) = wanted.map_err(|wrong| invalid(wrong.body_text()))?;
    desk.admin.summary(&wanted).await.map(Json).map_err(Problem::of)
}

async fn show(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<Vec<DeadLetterView>>, Problem> {
    desk.require(ctx, &DEAD_LETTER_READ).await?;
    let Path(Which { event }) = which.map_err(|wrong| invalid(wrong.body_text()))?;
    let letters = desk.admin.of_event(event).await.map_err(Problem::of)?;
    if letters.is_empty() {
        let detail = nothing_given_up(event);
        return Err(Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail));
    }
    Ok(Json(letters))
}

async fn redrive(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    meant: Result<Json<Meant>, JsonRejection>,
) -> Result<Json<Redriven>, Problem> {
    desk.require(ctx, &DEAD_LETTER_WRITE).await?;
    let done = desk.admin.redrive(&body(meant)?).await.map_err(Problem::of)?;
    tracing::info!(redriven = done.redriven, "dead letters were handed to their groups again");
    Ok(Json(done))
}

async fn purge(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    meant: Result<Json<Meant>, JsonRejection>,
) -> Result<Json<Purged>, Problem> {
    desk.require(ctx, &DEAD_LETTER_WRITE).await?;
    let done = desk.admin.purge(&body(meant)?).await.map_err(Problem::of)?;
    tracing::info!(purged = done.purged, "dead letters were thrown away");
    Ok(Json(done))
}

impl Desk {
    /// Refuses who has the permission in one shop alone, or not at all.
    async fn require(&self, ctx: RequestContext, permission: &Permission) -> Result<(), Problem> {
        let everywhere = RequestContext { shop_id: None, ..ctx };
        self.permissions.require(&everywhere, permission).await.map_err(Problem::of)
    }
}

fn body(meant: Result<Json<Meant>, JsonRejection>) -> Result<Meant, Problem> {
    let wrong = |wrong: JsonRejection| Problem::new(wrong.status(), "INVALID", wrong.body_text());
    meant.map(|Json(meant)| meant).map_err(wrong)
}

fn invalid(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", detail)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use czo_core::{Actor, PermissionError, ShopId, SystemIds};
    use czo_events::InProcessBus;

    use super::*;

    /// Whoever asks may do everything in this shop, and nothing elsewhere.
    #[derive(Debug)]
    struct OnlyIn(ShopId);

    #[async_trait]
    impl PermissionService for OnlyIn {
        async fn allows(
            &self,
            _: &Actor,
            _: &Permission,
            shop: Option<ShopId>,
        ) -> Result<bool, PermissionError> {
            Ok(shop == Some(self.0))
        }
    }

    #[tokio::test]
    async fn the_permission_in_one_shop_is_not_enough_for_what_is_of_all() {
        let shop = ShopId::generate(&SystemIds);
        let admin = DeadLetterAdmin::new(Arc::new(InProcessBus::new()));
        let desk = Desk { admin, permissions: Arc::new(OnlyIn(shop)) };
        let ctx = RequestContext::system(&SystemIds).for_shop(shop);
        for permission in [&DEAD_LETTER_READ, &DEAD_LETTER_WRITE] {
            desk.permissions.require(&ctx, permission).await.unwrap();
            assert_eq!(desk.require(ctx.clone(), permission).await.unwrap_err().status(), 403);
        }
    }
}
