//! `/api/jobs`.

mod access;

use std::sync::Arc;

use czo_core::{
    JobAdmin, JobFilter, JobId, JobName, JobQueue, JobState, PermissionError, PermissionService,
    PermissionServiceExt,
};
use czo_http::aide::axum::ApiRouter;
use czo_http::aide::axum::routing::{get_with, post_with};
use czo_http::aide::transform::TransformOperation;
use czo_http::axum::Json;
use czo_http::axum::extract::rejection::{PathRejection, QueryRejection};
use czo_http::axum::extract::{Path, Query, State};
use czo_http::axum::http::StatusCode;
use czo_http::{Ctx, Problem};
use schemars::JsonSchema;
use serde::Deserialize;

use self::access::{JOB_READ, Jobs, is_own, unknown};
use super::JobStores;
use super::view::{JobPage, JobView};

/// How many jobs are on a page, unless it is said.
const PAGE: usize = 50;

/// How many jobs are on a page at most.
const LARGEST_PAGE: usize = 200;

#[derive(Deserialize, JsonSchema)]
struct Which {
    /// The job's id, `job_…`.
    id: JobId,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Only those in this state.
    state: Option<JobState>,
    /// Only those of this name, `<domain>.<job>`.
    #[schemars(with = "Option<String>")]
    name: Option<JobName>,
    /// How many at most: 1 to 200, 50 by default.
    limit: Option<usize>,
    /// Only those older than this one: the `next` of the last page.
    before: Option<JobId>,
}

pub(crate) fn routes(stores: JobStores, permissions: Arc<dyn PermissionService>) -> ApiRouter {
    let queue = stores.domain_jobs();
    ApiRouter::new()
        .api_route("/api/jobs", get_with(list, describe_list))
        .api_route("/api/jobs/{id}", get_with(show, describe_show))
        .api_route("/api/jobs/{id}/cancel", post_with(cancel, describe_cancel))
        .api_route("/api/jobs/{id}/retry", post_with(retry, describe_retry))
        .with_state(Jobs { stores, queue, permissions })
}

fn describe_list(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("jobs")
        .summary("Background jobs, the newest first")
        .description(
            "Needs `job:read`. Those of the shop that is named; those of all shops and of none for \
             whoever has the permission in every shop.",
        )
        .security_requirement("bearer")
}

fn describe_show(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("jobs")
        .summary("One background job: its state, progress, attempts and reason")
        .description(
            "Whoever enqueued a job may read it, without its payload; otherwise this needs \
             `job:read`.",
        )
        .security_requirement("bearer")
}

fn describe_cancel(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("jobs")
        .summary("Cancel a background job")
        .description(
            "One that waits ends at once, one that runs is told within a second; it may still \
             succeed. One that has ended otherwise stays as it is: a conflict. Needs `job:write`.",
        )
        .security_requirement("bearer")
}

fn describe_retry(operation: TransformOperation<'_>) -> TransformOperation<'_> {
    operation
        .tag("jobs")
        .summary("Do a dead or cancelled background job after all")
        .description(
            "It waits again, due at once, as if it had not been tried. One in another state, or \
             whose unique key another job has by now, is a conflict. Needs `job:write`.",
        )
        .security_requirement("bearer")
}

async fn list(
    State(jobs): State<Jobs>,
    Ctx(ctx): Ctx,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<JobPage>, Problem> {
    jobs.permissions.require(&ctx, &JOB_READ).await.map_err(Problem::of)?;
    let Query(wanted) = wanted.map_err(|wrong| invalid(wrong.body_text()))?;
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(invalid(format!("limit: expected 1 to {LARGEST_PAGE}")));
    }
    let mut filter = JobFilter::all();
    filter.states.extend(wanted.state);
    filter.names.extend(wanted.name);
    let sees_all = jobs.is_everywhere(&ctx, &JOB_READ).await?;
    jobs.page(&ctx, &filter, limit, wanted.before, sees_all).await.map(Json)
}

async fn show(
    State(jobs): State<Jobs>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<JobView>, Problem> {
    let id = which_one(which)?;
    if ctx.actor.id().is_none() {
        // Nobody has enqueued anything.
        jobs.permissions.require(&ctx, &JOB_READ).await.map_err(Problem::of)?;
    }
    let found = jobs.queue.get(id).await.map_err(Problem::of)?;
    match jobs.permissions.require(&ctx, &JOB_READ).await {
        Ok(()) => {}
        // What is not one's own and what is not there look alike.
        Err(PermissionError::Denied { permission }) => {
            let own = found.filter(|job| is_own(&ctx, job));
            let own = own.ok_or_else(|| Problem::of(PermissionError::Denied { permission }))?;
            return Ok(Json(JobView::of_own(own)));
        }
        Err(error) => return Err(Problem::of(error)),
    }
    let job = found.ok_or_else(|| unknown(id))?;
    if jobs.may(&ctx, &JOB_READ, &job).await? {
        Ok(Json(JobView::whole(job)))
    } else if is_own(&ctx, &job) {
        Ok(Json(JobView::of_own(job)))
    } else {
        Err(unknown(id))
    }
}

async fn cancel(
    State(jobs): State<Jobs>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<JobView>, Problem> {
    let id = which_one(which)?;
    jobs.to_write(&ctx, id).await?;
    let state = jobs.queue.cancel(id).await.map_err(Problem::of)?.ok_or_else(|| unknown(id))?;
    if matches!(state, JobState::Succeeded | JobState::Dead) {
        let state = state.as_str();
        return Err(conflict(format!("job {id} has come to its end already: it is {state}")));
    }
    jobs.answer(&ctx, id).await
}

async fn retry(
    State(jobs): State<Jobs>,
    Ctx(ctx): Ctx,
    which: Result<Path<Which>, PathRejection>,
) -> Result<Json<JobView>, Problem> {
    let id = which_one(which)?;
    let job = jobs.to_write(&ctx, id).await?;
    let retried = jobs.stores.retry(&JobFilter::all().ids([id]), 1).await.map_err(Problem::of)?;
    if retried == 0 {
        return Err(conflict(match job.state {
            JobState::Dead | JobState::Cancelled => {
                format!("another job has the unique key of job {id} by now")
            }
            state => {
                format!("job {id} is {}; dead and cancelled jobs can be retried", state.as_str())
            }
        }));
    }
    jobs.answer(&ctx, id).await
}

fn which_one(which: Result<Path<Which>, PathRejection>) -> Result<JobId, Problem> {
    which.map(|Path(which)| which.id).map_err(|wrong| invalid(wrong.body_text()))
}

fn invalid(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID", detail)
}

fn conflict(detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, "CONFLICT", detail)
}
