//! What was sent to an app, and sending it again.

use chrono::{DateTime, Utc};
use czo_apps::{
    AppWebhookId, DeliveryFilter, DeliveryState, InstallationId, ResendCursor, WebhookDeliveryId,
};
use czo_core::{EventId, EventType};
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{get_with, post_with};
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use czo_http::axum::extract::{Path, Query, State};
use czo_http::axum::http::StatusCode;
use czo_http::{Ctx, Problem};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Desk, Which, body, described, invalid, path, question};
use crate::apps::view::{DeliveryPage, DeliveryView, SentAgain, WholeDelivery};

/// How many deliveries are on a page, unless it is said, and at most.
const PAGE: u64 = 50;
const LARGEST_PAGE: u64 = 200;

/// How many are sent again by one request at most.
const LARGEST_PORTION: u64 = 10_000;

#[derive(Deserialize, JsonSchema)]
struct WhichDelivery {
    /// The app's id in the shop, `app_…`.
    id: InstallationId,
    /// The delivery's id, `msg_…`.
    delivery: WebhookDeliveryId,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    /// Only those in this state: `waiting`, `retrying`, `held`, `delivered`, `filtered` or `dead`.
    #[schemars(with = "Option<String>")]
    state: Option<DeliveryState>,
    /// Only those to this webhook.
    webhook_id: Option<AppWebhookId>,
    /// Only those of this event.
    event_id: Option<EventId>,
    /// Only those of events of this type.
    #[schemars(with = "Option<String>")]
    event_type: Option<EventType>,
    /// Only those of events that were published then or later.
    since: Option<DateTime<Utc>>,
    /// Only those of events that were published before.
    until: Option<DateTime<Utc>>,
    /// How many at most: 1 to 200, 50 by default.
    limit: Option<u64>,
    /// The `next` of the last page.
    before: Option<WebhookDeliveryId>,
}

/// Which deliveries are sent again.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Range {
    /// Only those in this state: `delivered`, `filtered` or `dead`.
    #[schemars(with = "Option<String>")]
    state: Option<DeliveryState>,
    /// Only those to this webhook.
    webhook_id: Option<AppWebhookId>,
    /// Only those of events of this type.
    #[schemars(with = "Option<String>")]
    event_type: Option<EventType>,
    /// Only those of events that were published then or later.
    since: DateTime<Utc>,
    /// Only those of events that were published before. Default: all.
    until: Option<DateTime<Utc>>,
    /// The `next` of the last answer to the same request.
    after: Option<ResendCursor>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Recovery {
    /// Of what was published then or later.
    since: DateTime<Utc>,
    /// Only those to this webhook. Default: all of the app.
    webhook_id: Option<AppWebhookId>,
    /// The `next` of the last answer to the same request.
    after: Option<ResendCursor>,
}

pub(super) fn routes() -> ApiRouter<Desk> {
    ApiRouter::new()
        .api_route(
            "/api/apps/{id}/deliveries",
            get_with(list, |operation| {
                described(
                    operation,
                    "What was sent to an app and is to be, the newest first",
                    "Needs `app:read`.",
                )
            }),
        )
        .api_route(
            "/api/apps/{id}/deliveries/{delivery}",
            get_with(show, |operation| {
                described(
                    operation,
                    "One delivery: what is sent, and what became of each attempt",
                    "What lets in is left out of the headers. Needs `app:read`, and for what was sent \
                     and answered what the app itself needs: `product:read` for events of products. \
                     Where that lacks, `withheld` says so.",
                )
            }),
        )
        .api_route(
            "/api/apps/{id}/deliveries/{delivery}/resend",
            post_with(resend, |operation| {
                described(
                    operation,
                    "Send a delivery again",
                    "With the same id and body. One that is still on its way is a conflict. Needs \
                     `app:write`.",
                )
            }),
        )
        .api_route(
            "/api/apps/{id}/deliveries/resend",
            post_with(resend_range, |operation| {
                described(
                    operation,
                    "Send the deliveries of a time again",
                    "Whatever became of them, 10,000 at most, the oldest first: where there may be more, \
                     `next` says where the same request goes on. Needs `app:write`.",
                )
            }),
        )
        .api_route(
            "/api/apps/{id}/deliveries/recover",
            post_with(recover, |operation| {
                described(
                    operation,
                    "Send again all that was given up since a time",
                    "For an app that was away; 10,000 at most, the oldest first: where there may be \
                     more, `next` says where the same request goes on. Needs `app:write`.",
                )
            }),
        )
}

async fn list(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<DeliveryPage>, Problem> {
    let id = path(which)?.id;
    let Query(wanted) = wanted.map_err(|wrong| question(&wrong))?;
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(invalid(format!("limit: expected 1 to {LARGEST_PAGE}")));
    }
    desk.may(&ctx, id, false).await?;
    let before = wanted.before;
    let found = desk.deliveries.list(&wanted.filter(id), limit, before).await;
    let found = found.map_err(Problem::of)?;
    let is_full = u64::try_from(found.len()).is_ok_and(|count| count == limit);
    let next = found.last().filter(|_| is_full).map(|last| last.id);
    Ok(Json(DeliveryPage { deliveries: found.into_iter().map(DeliveryView::from).collect(), next }))
}

async fn show(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<WhichDelivery>, PathRejection>,
) -> Result<Json<WholeDelivery>, Problem> {
    let which = path(which)?;
    desk.may(&ctx, which.id, false).await?;
    let filter = DeliveryFilter::all().app(which.id).id(which.delivery);
    let found = desk.deliveries.list(&filter, 1, None).await.map_err(Problem::of)?.pop();
    let record = found.ok_or_else(|| no_delivery(which.delivery))?;
    let attempts = desk.deliveries.attempts(which.delivery).await.map_err(Problem::of)?;
    let lacking = desk.lacks_to_read(&ctx, &record.event_type).await?;
    let whole = WholeDelivery::of(record, attempts);
    Ok(Json(match lacking {
        Some(lacking) => whole.without_bodies(&lacking),
        None => whole,
    }))
}

async fn resend(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<WhichDelivery>, PathRejection>,
) -> Result<Json<SentAgain>, Problem> {
    let which = path(which)?;
    desk.may(&ctx, which.id, true).await?;
    let filter = DeliveryFilter::all().app(which.id).id(which.delivery);
    let resent = desk.deliveries.resend_range(&filter, 1).await.map_err(Problem::of)?;
    if resent == 0 {
        let known = desk.deliveries.list(&filter, 1, None).await.map_err(Problem::of)?;
        return Err(match known.first() {
            Some(_) => {
                let detail = format!("{} is still on its way", which.delivery);
                Problem::new(StatusCode::CONFLICT, "CONFLICT", detail)
            }
            None => no_delivery(which.delivery),
        });
    }
    Ok(Json(SentAgain { resent, next: None }))
}

async fn resend_range(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    range: Result<Json<Range>, JsonRejection>,
) -> Result<Json<SentAgain>, Problem> {
    let (id, range) = (path(which)?.id, body(range)?);
    desk.may(&ctx, id, true).await?;
    let after = range.after;
    let sent = desk.deliveries.resend_portion(&range.filter(id), LARGEST_PORTION, after).await;
    let sent = sent.map_err(Problem::of)?;
    tracing::info!(app = %id, resent = sent.count, "deliveries are sent again");
    Ok(Json(sent.into()))
}

async fn recover(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
    recovery: Result<Json<Recovery>, JsonRejection>,
) -> Result<Json<SentAgain>, Problem> {
    let (id, Recovery { since, webhook_id, after }) = (path(which)?.id, body(recovery)?);
    desk.may(&ctx, id, true).await?;
    let filter = DeliveryFilter::all().app(id).state(DeliveryState::Dead).since(since);
    let filter = webhook_id.into_iter().fold(filter, DeliveryFilter::webhook);
    let sent = desk.deliveries.resend_portion(&filter, LARGEST_PORTION, after).await;
    let sent = sent.map_err(Problem::of)?;
    tracing::info!(app = %id, resent = sent.count, "deliveries that were given up are sent again");
    Ok(Json(sent.into()))
}

impl Wanted {
    fn filter(self, app: InstallationId) -> DeliveryFilter {
        let mut filter = DeliveryFilter::all().app(app);
        filter = self.state.into_iter().fold(filter, DeliveryFilter::state);
        filter = self.webhook_id.into_iter().fold(filter, DeliveryFilter::webhook);
        filter = self.event_id.into_iter().fold(filter, DeliveryFilter::event);
        filter = self.event_type.into_iter().fold(filter, DeliveryFilter::event_type);
        filter = self.since.into_iter().fold(filter, DeliveryFilter::since);
        self.until.into_iter().fold(filter, DeliveryFilter::until)
    }
}

impl Range {
    fn filter(self, app: InstallationId) -> DeliveryFilter {
        let mut filter = DeliveryFilter::all().app(app).since(self.since);
        filter = self.state.into_iter().fold(filter, DeliveryFilter::state);
        filter = self.webhook_id.into_iter().fold(filter, DeliveryFilter::webhook);
        filter = self.event_type.into_iter().fold(filter, DeliveryFilter::event_type);
        self.until.into_iter().fold(filter, DeliveryFilter::until)
    }
}

fn no_delivery(id: WebhookDeliveryId) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        format!("there is no delivery {id} to this app"),
    )
}
