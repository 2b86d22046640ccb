//! A job as callers of the API see it.

use chrono::{DateTime, Utc};
use czo_core::{
    ActorId, CorrelationId, JobId, JobName, JobRecord, JobState, Priority, Progress, ShopId,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A job.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobView {
    /// Its id.
    id: JobId,
    /// What is done, `<domain>.<job>`.
    #[schemars(with = "String")]
    name: JobName,
    /// Where it stands.
    state: JobState,
    /// How urgent it is.
    priority: Priority,
    /// How often it was begun; of a waiting one, how often it failed.
    attempts: u32,
    /// How often it is begun at most.
    max_attempts: u32,
    /// When it was enqueued.
    enqueued_at: DateTime<Utc>,
    /// When it is due, or was.
    run_at: DateTime<Utc>,
    /// When it was begun the last time.
    started_at: Option<DateTime<Utc>>,
    /// When it came to its end.
    finished_at: Option<DateTime<Utc>>,
    /// How far it is, where it says so.
    progress: Option<Progress>,
    /// What went wrong the last time.
    reason: Option<String>,
    /// Whether it runs and somebody asked for its cancellation.
    is_cancelling: bool,
    /// The shop that it is about, where it is about one.
    shop_id: Option<ShopId>,
    /// Whoever enqueued it, where that was somebody with a token.
    enqueued_by: Option<ActorId>,
    /// Ties it to the request that caused it.
    #[schemars(with = "Option<String>")]
    correlation_id: Option<CorrelationId>,
    /// The key that no other waiting or running job of this name has; for who may read all jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    unique: Option<String>,
    /// The worker that has it, or had it last; for who may read all jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<String>,
    /// What exactly is done; for who may read all jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
}

impl JobView {
    /// As whoever enqueued it sees it.
    pub(super) fn of_own(job: JobRecord) -> Self {
        let shop_id = job.context.as_ref().and_then(|ctx| ctx.shop_id);
        let enqueued_by = job.context.as_ref().and_then(|ctx| ctx.actor.id());
        Self {
            id: job.id,
            name: job.name,
            state: job.state,
            priority: job.priority,
            attempts: job.attempts,
            max_attempts: job.max_attempts,
            enqueued_at: job.enqueued_at,
            run_at: job.run_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            progress: job.progress,
            reason: job.reason,
            is_cancelling: job.is_cancelling && job.state == JobState::Running,
            shop_id,
            enqueued_by,
            correlation_id: job.context.map(|ctx| ctx.correlation_id),
            unique: None,
            worker: None,
            payload: None,
        }
    }

    /// As those see it who may read all jobs.
    pub(super) fn whole(mut job: JobRecord) -> Self {
        let (unique, worker) = (job.unique.take(), job.worker.take());
        let payload = std::mem::take(&mut job.payload);
        let payload = serde_json::from_str(&payload).unwrap_or(Value::String(payload));
        Self { unique, worker, payload: Some(payload), ..Self::of_own(job) }
    }
}

/// A page of jobs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobPage {
    /// The newest first.
    pub(super) jobs: Vec<JobView>,
    /// What to say as `before` for the next page; null at the end.
    pub(super) next: Option<JobId>,
}
