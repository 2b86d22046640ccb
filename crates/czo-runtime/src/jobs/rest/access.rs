//! Who may see which jobs, and change them.

use std::sync::Arc;

use czo_core::{
    JobAdmin, JobFilter, JobId, JobQueue, JobRecord, Permission, PermissionService,
    PermissionServiceExt, RequestContext,
};
use czo_domain::DomainJobs;
use czo_http::Problem;
use czo_http::axum::Json;
use czo_http::axum::http::StatusCode;

use crate::jobs::JobStores;
use crate::jobs::view::{JobPage, JobView};

/// Lets somebody see all jobs, with their payloads.
pub(super) const JOB_READ: Permission = Permission::new("job", "read");

/// Lets somebody cancel and retry jobs.
const JOB_WRITE: Permission = Permission::new("job", "write");

/// How often one request looks for jobs of its shop among those of others.
const LOOKS: usize = 10;

/// The jobs, and who may do what. Whoever has a permission in a shop has it for the jobs of that
/// shop; whoever has it without naming one, for all.
#[derive(Clone)]
pub(super) struct Jobs {
    pub(super) stores: JobStores,
    pub(super) queue: DomainJobs,
    pub(super) permissions: Arc<dyn PermissionService>,
}

impl Jobs {
    /// Whether whoever asks has the permission in every shop.
    pub(super) async fn is_everywhere(
        &self,
        ctx: &RequestContext,
        permission: &Permission,
    ) -> Result<bool, Problem> {
        self.permissions.allows(&ctx.actor, permission, None).await.map_err(Problem::of)
    }

    /// Whether whoever has the permission in the shop of `ctx` has it for this job.
    pub(super) async fn may(
        &self,
        ctx: &RequestContext,
        permission: &Permission,
        job: &JobRecord,
    ) -> Result<bool, Problem> {
        Ok(is_of_shop(ctx, job) || self.is_everywhere(ctx, permission).await?)
    }

    /// The job, for who may change it.
    pub(super) async fn to_write(
        &self,
        ctx: &RequestContext,
        id: JobId,
    ) -> Result<JobRecord, Problem> {
        self.permissions.require(ctx, &JOB_WRITE).await.map_err(Problem::of)?;
        let job = self.queue.get(id).await.map_err(Problem::of)?.ok_or_else(|| unknown(id))?;
        if self.may(ctx, &JOB_WRITE, &job).await? { Ok(job) } else { Err(unknown(id)) }
    }

    /// Where the job stands after a change, as far as whoever asks may see it.
    pub(super) async fn answer(
        &self,
        ctx: &RequestContext,
        id: JobId,
    ) -> Result<Json<JobView>, Problem> {
        let job = self.queue.get(id).await.map_err(Problem::of)?.ok_or_else(|| unknown(id))?;
        let allowed = self.permissions.allows(&ctx.actor, &JOB_READ, ctx.shop_id).await;
        let sees_whole = allowed.map_err(Problem::of)? && self.may(ctx, &JOB_READ, &job).await?;
        Ok(Json(if sees_whole { JobView::whole(job) } else { JobView::of_own(job) }))
    }

    /// A page: of a shop alone it is found among the jobs of all, in a number of looks; there may
    /// be fewer on it than asked for, and still more behind it.
    pub(super) async fn page(
        &self,
        ctx: &RequestContext,
        filter: &JobFilter,
        limit: usize,
        mut before: Option<JobId>,
        sees_all: bool,
    ) -> Result<JobPage, Problem> {
        let mut jobs = Vec::new();
        for _ in 0..LOOKS {
            // One more than is shown tells whether there are more.
            let found = self.stores.list(filter, limit + 1, before).await.map_err(Problem::of)?;
            let is_end = found.len() <= limit;
            for job in found.into_iter().take(limit) {
                if jobs.len() == limit {
                    return Ok(JobPage { jobs, next: before });
                }
                before = Some(job.id);
                if sees_all || is_of_shop(ctx, &job) {
                    jobs.push(JobView::whole(job));
                }
            }
            if is_end {
                return Ok(JobPage { jobs, next: None });
            }
            if jobs.len() == limit {
                break;
            }
        }
        Ok(JobPage { jobs, next: before })
    }
}

/// Whether whoever asks enqueued it.
pub(super) fn is_own(ctx: &RequestContext, job: &JobRecord) -> bool {
    let by = job.context.as_ref().and_then(|ctx| ctx.actor.id());
    by.is_some() && by == ctx.actor.id()
}

/// Whether it is about the shop that is asked for.
fn is_of_shop(ctx: &RequestContext, job: &JobRecord) -> bool {
    let shop = job.context.as_ref().and_then(|ctx| ctx.shop_id);
    shop.is_some() && shop == ctx.shop_id
}

pub(super) fn unknown(id: JobId) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("there is no job {id}, or no more"))
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use czo_core::{Actor, JobName, NewJob, PermissionError, RetryPolicy, ShopId, SystemIds};
    use czo_testkit::TestDatabase;

    use super::*;
    use crate::config::JobsConfig;

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

    async fn enqueue(jobs: &Jobs, shop: Option<ShopId>) -> JobId {
        let ctx = RequestContext { shop_id: shop, ..RequestContext::system(&SystemIds) };
        let name = JobName::from_static("test.work");
        let job = NewJob::raw(name, "{}".to_owned(), RetryPolicy::after([])).by(&ctx);
        jobs.queue.enqueue(vec![job]).await.unwrap()[0].id
    }

    #[tokio::test]
    async fn of_other_shops_and_of_none_nothing_is_seen_with_the_permission_in_one_shop() {
        let database = TestDatabase::sqlite().await;
        let migrator = czo_migrations::Migrator::new(vec![czo_migrations::jobs()]);
        migrator.up(&database).await.unwrap();
        let stores = JobStores::open(&JobsConfig::default(), &database.database()).await.unwrap();
        let (mine, other) = (ShopId::generate(&SystemIds), ShopId::generate(&SystemIds));
        let queue = stores.domain_jobs();
        let jobs = Jobs { stores, queue, permissions: Arc::new(OnlyIn(mine)) };
        let ctx = RequestContext::system(&SystemIds).for_shop(mine);

        let first = enqueue(&jobs, Some(mine)).await;
        let (foreign, nobodys) = (enqueue(&jobs, Some(other)).await, enqueue(&jobs, None).await);
        for _ in 0..30 {
            enqueue(&jobs, Some(other)).await;
        }
        for id in [foreign, nobodys] {
            let job = jobs.queue.get(id).await.unwrap().unwrap();
            assert!(!jobs.may(&ctx, &JOB_READ, &job).await.unwrap());
            assert_eq!(jobs.to_write(&ctx, id).await.unwrap_err().status(), 404);
        }
        assert_eq!(jobs.to_write(&ctx, first).await.unwrap().id, first);

        // Found in the second request: the first has looked long enough.
        let page = jobs.page(&ctx, &JobFilter::all(), 2, None, false).await.unwrap();
        assert!(page.jobs.is_empty() && page.next.is_some());
        let page = jobs.page(&ctx, &JobFilter::all(), 20, page.next, false).await.unwrap();
        assert_eq!((page.jobs.len(), page.next), (1, None));
    }
}
