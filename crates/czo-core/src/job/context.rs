//! What a handler knows of its job, and what it can say.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::{JobName, Progress};
use crate::{IdGenerator, JobId, RequestContext};

/// What a handler knows of its job beside the payload, and what it can say while it runs.
///
/// Clones speak for the same attempt, also from tasks that the handler spawns.
#[derive(Clone)]
pub struct JobContext {
    id: JobId,
    name: JobName,
    attempt: u32,
    request: RequestContext,
    shared: Arc<Shared>,
    cancelled: watch::Receiver<bool>,
}

#[derive(Default)]
struct Shared {
    /// What was said and not yet stored.
    news: Mutex<Option<Progress>>,
}

/// The worker's end of a [`JobContext`].
pub struct JobControl {
    shared: Arc<Shared>,
    cancel: watch::Sender<bool>,
}

impl JobContext {
    /// The context of one attempt, and the worker's end of it. For workers.
    #[must_use]
    pub fn new(
        id: JobId,
        name: JobName,
        attempt: u32,
        request: RequestContext,
    ) -> (Self, JobControl) {
        let shared = Arc::<Shared>::default();
        let (cancel, cancelled) = watch::channel(false);
        let control = JobControl { shared: shared.clone(), cancel };
        (Self { id, name, attempt, request, shared, cancelled }, control)
    }

    /// The context of a first attempt that nobody cancels and whose progress nobody stores: for
    /// the tests of a handler.
    #[must_use]
    pub fn for_test(name: JobName, ids: &dyn IdGenerator) -> Self {
        let id = JobId::generate(ids);
        Self::new(id, name, 1, RequestContext::system(ids)).0
    }

    /// The job's id: the same in every attempt.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// The job's name.
    #[must_use]
    pub fn name(&self) -> &JobName {
        &self.name
    }

    /// Which attempt this is; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// On whose behalf the job runs. It is also [`RequestContext::current`] within the handler.
    #[must_use]
    pub fn request(&self) -> &RequestContext {
        &self.request
    }

    /// Tells how far the job is. It costs next to nothing: the worker stores the latest word now
    /// and then, and at the end.
    pub fn progress(&self, done: u64, total: impl Into<Option<u64>>) {
        self.report(Progress::new(done, total));
    }

    /// As [`progress`](Self::progress), with a note for people.
    pub fn report(&self, progress: Progress) {
        *self.shared.news.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    }

    /// Whether the job should stop: somebody cancelled it, or this worker lost it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.cancelled.borrow()
    }

    /// Waits until the job should stop. A handler that does not stop by itself is dropped after a
    /// while, at its next await.
    pub async fn cancelled(&self) {
        let mut cancelled = self.cancelled.clone();
        if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
            // Nobody is left who could cancel it.
            std::future::pending::<()>().await;
        }
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("id", &format_args!("{}", self.id))
            .field("name", &self.name)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl JobControl {
    /// Tells the handler to stop.
    pub fn cancel(&self) {
        // Also when the handler keeps no context.
        self.cancel.send_replace(true);
    }

    /// Whether the handler was told to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.cancel.borrow()
    }

    /// What the handler said since this was called the last time.
    #[must_use]
    pub fn take_progress(&self) -> Option<Progress> {
        self.shared.news.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for JobControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobControl")
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemIds;

    const NAME: JobName = JobName::from_static("test.job");

    #[tokio::test]
    async fn a_context_hears_a_cancellation_that_came_before_it_asked() {
        let request = RequestContext::system(&SystemIds);
        let id = JobId::generate(&SystemIds);
        let (ctx, control) = JobContext::new(id, NAME, 1, request);
        assert!(!ctx.is_cancelled());
        control.cancel();
        ctx.cancelled().await;
        assert!(ctx.is_cancelled());
    }

    #[test]
    fn the_latest_word_on_progress_is_taken_once() {
        let request = RequestContext::system(&SystemIds);
        let id = JobId::generate(&SystemIds);
        let (ctx, control) = JobContext::new(id, NAME, 1, request);
        ctx.progress(1, 10);
        ctx.report(Progress::new(2, 10).note("halfway"));
        assert_eq!(control.take_progress(), Some(Progress::new(2, 10).note("halfway")));
        assert_eq!(control.take_progress(), None);
    }
}
