//! `/api/cache`.

use std::sync::Arc;

use czo_core::{Permission, PermissionService, PermissionServiceExt, RequestContext};
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{get_with, post_with};
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::{JsonRejection, QueryRejection};
use czo_http::axum::extract::{Query, State};
use czo_http::axum::http::StatusCode;
use czo_http::{Ctx, Problem};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CacheAdmin, EntryView, Forget, Forgotten, StatsView, nothing_cached};

/// Lets somebody look into the cache: what is in it is of all shops.
const CACHE_READ: Permission = Permission::new("cache", "read");

/// Lets somebody make the cache forget.
const CACHE_WRITE: Permission = Permission::new("cache", "write");

#[derive(Clone)]
struct Desk {
    admin: CacheAdmin,
    permissions: Arc<dyn PermissionService>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Which {
    /// The key.
    key: String,
    /// Its namespace, names with `/` between. A key that is in none, by default.
    namespace: Option<String>,
}

pub(crate) fn routes(admin: CacheAdmin, permissions: Arc<dyn PermissionService>) -> ApiRouter {
    ApiRouter::new()
        .api_route("/api/cache", get_with(stats, describe_stats))
        .api_route("/api/cache/entry", get_with(entry, describe_entry))
        .api_route("/api/cache/invalidate", post_with(invalidate, describe_invalidate))
        .with_state(Desk { admin, permissions })
}

fn describe_stats(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("cache")
        .summary("What is in the cache, and how often it had what was asked for")
        .description(
            "Of the process that answers, since it began. Needs `cache:read` in every shop.",
        )
        .security_requirement("bearer")
}

fn describe_entry(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("cache")
        .summary("What is kept for a key")
        .description(
            "In the memory of the process that answers, or else in Redis. It loads nothing: where \
             nothing is kept there is nothing to be found. Needs `cache:read` in every shop.",
        )
        .security_requirement("bearer")
}

fn describe_invalidate(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("cache")
        .summary("Make the cache forget a key, keys like a pattern, a tag, or everything")
        .description(
            "What is forgotten is loaded again when it is asked for; what is being loaded \
             meanwhile is not kept. Other processes are told by Redis; without Redis they show \
             what they have for `cache.staleness_milliseconds` at most. Needs `cache:write` in \
             every shop.",
        )
        .security_requirement("bearer")
}

async fn stats(State(desk): State<Desk>, Ctx(ctx): Ctx) -> Result<Json<StatsView>, Problem> {
    desk.require(ctx, &CACHE_READ).await?;
    Ok(Json(desk.admin.stats()))
}

async fn entry(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<EntryView>, Problem> {
    desk.require(ctx, &CACHE_READ).await?;
    let Query(Which { key, namespace }) = which.map_err(|wrong| invalid(wrong.body_text()))?;
    let found = desk.admin.entry(namespace.as_deref(), &key).await;
    let found = found.map_err(|error| invalid(error.to_string()))?;
    found.map(Json).ok_or_else(|| {
        let detail = nothing_cached(namespace.as_deref(), &key);
        Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail)
    })
}

async fn invalidate(
    State(desk): State<Desk>,
    Ctx(ctx): Ctx,
    meant: Result<Json<Forget>, JsonRejection>,
) -> Result<Json<Forgotten>, Problem> {
    desk.require(ctx, &CACHE_WRITE).await?;
    let Json(meant) =
        meant.map_err(|wrong| Problem::new(wrong.status(), "INVALID", wrong.body_text()))?;
    let forgotten = desk.admin.forget(meant).await.map_err(|error| invalid(error.to_string()))?;
    tracing::info!(what = forgotten.meant.in_words(), "the cache was told to forget");
    Ok(Json(forgotten))
}

impl Desk {
    /// Refuses who has the permission in one shop alone, or not at all.
    async fn require(&self, ctx: RequestContext, permission: &Permission) -> Result<(), Problem> {
        let everywhere = RequestContext { shop_id: None, ..ctx };
        self.permissions.require(&everywhere, permission).await.map_err(Problem::of)
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", detail)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use czo_cache::Cache;
    use czo_core::{Actor, PermissionError, ShopId, SystemIds};

    use super::*;
    use crate::config::CacheConfig;

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
        let admin = CacheAdmin::new(Cache::off(), &CacheConfig::default());
        let desk = Desk { admin, permissions: Arc::new(OnlyIn(shop)) };
        let ctx = RequestContext::system(&SystemIds).for_shop(shop);
        desk.permissions.require(&ctx, &CACHE_READ).await.unwrap();
        for permission in [&CACHE_READ, &CACHE_WRITE] {
            assert_eq!(desk.require(ctx.clone(), permission).await.unwrap_err().status(), 403);
        }
    }
}
