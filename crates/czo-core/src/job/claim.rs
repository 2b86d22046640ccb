//! What passes between a worker and the source of its jobs.

use std::time::Duration;

use super::{JobName, Priority, Progress};
use crate::{JobId, RequestContext, RetryPolicy};

/// What a worker asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimRequest {
    /// The jobs it can run.
    pub names: Vec<JobName>,
    /// How many it takes at most.
    pub limit: usize,
    /// Its name, for people: where it runs.
    pub worker: String,
    /// How long they are its own without a word from it.
    pub lease: Duration,
}

impl ClaimRequest {
    /// Up to `limit` jobs of these names for `worker`, each its own for `lease`.
    #[must_use]
    pub fn new(
        names: Vec<JobName>,
        limit: usize,
        worker: impl Into<String>,
        lease: Duration,
    ) -> Self {
        Self { names, limit, worker: worker.into(), lease }
    }
}

/// What shows that a worker holds a job: the job, and a number that grows with each claim of it,
/// so that who lost it to another can't speak for it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The job.
    pub id: JobId,
    /// The number of the claim.
    pub fence: u64,
}

/// A job that a worker holds, to be run now.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What shows that it holds it.
    pub ticket: Ticket,
    /// Its name.
    pub name: JobName,
    /// Its payload, as JSON text.
    pub payload: String,
    /// Which attempt this is; the first is 1. More than [`RetryPolicy::attempts`] when workers
    /// were lost with it: such a one is not to be run again.
    pub attempt: u32,
    /// When it is tried again.
    pub retry: RetryPolicy,
    /// How urgent it is.
    pub priority: Priority,
    /// On whose behalf it runs.
    pub context: Option<RequestContext>,
}

/// A word from the worker: it still has this job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The job.
    pub ticket: Ticket,
    /// How far it is, if that is news.
    pub progress: Option<Progress>,
}

/// What the source says to a [`Renewal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the worker's for another lease.
    Held,
    /// As [`Held`](Self::Held), and somebody wants it to stop.
    Cancelling,
    /// It is not the worker's any more: another one has it, or it is gone.
    Lost,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handler went well.
    Succeeded,
    /// The handler did not, and it is tried again.
    Retry {
        /// Why, with its causes.
        reason: String,
        /// After how long.
        after: Duration,
    },
    /// The handler did not, and it is not tried again.
    Dead {
        /// Why, with its causes.
        reason: String,
    },
    /// It stopped because somebody cancelled it.
    Cancelled,
    /// The worker gives it back: it waits again at once, as if this attempt had not been.
    Released,
}

/// An attempt that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The job.
    pub ticket: Ticket,
    /// How it ended.
    pub outcome: Outcome,
    /// How far it came, if the source does not know yet.
    pub progress: Option<Progress>,
}
