//! Jobs that carry a number, and a worker that does what it is told.

use std::time::Duration;

use czo_core::{
    Claim, ClaimRequest, Finished, Job, JobId, JobName, JobQueueExt, JobRecord, NewJob, Outcome,
    RetryPolicy, Standing, Ticket,
};
use serde::{Deserialize, Serialize};

use super::JobsUnderTest;

/// How long a test waits for what must come.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Something is to be counted.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Count {
    pub(super) number: usize,
}

impl Job for Count {
    const NAME: JobName = JobName::from_static("test.count");

    fn retry() -> RetryPolicy {
        RetryPolicy::exponential(Duration::from_millis(10), 3)
    }
}

/// Another kind.
pub(super) const OTHER: JobName = JobName::from_static("test.other");

pub(super) fn count(number: usize) -> NewJob {
    NewJob::of(&Count { number }).expect("a number has a JSON form")
}

pub(super) fn other() -> NewJob {
    NewJob::raw(OTHER, "{}".to_owned(), RetryPolicy::none())
}

pub(super) fn number_of(claim: &Claim) -> usize {
    serde_json::from_str::<Count>(&claim.payload).expect("what was enqueued").number
}

/// Long enough for a test.
pub(super) const LONG: Duration = Duration::from_secs(600);

impl JobsUnderTest {
    pub(super) async fn enqueue(&self, job: NewJob) -> JobId {
        self.queue.enqueue_one(job).await.expect("a queue takes a job").id
    }

    pub(super) fn request(&self, limit: usize, lease: Duration) -> ClaimRequest {
        ClaimRequest::new(vec![Count::NAME], limit, "test", lease)
    }

    /// What there is to claim now.
    pub(super) async fn claim_for(&self, limit: usize, lease: Duration) -> Vec<Claim> {
        self.source.claim(&self.request(limit, lease)).await.expect("jobs are given out")
    }

    pub(super) async fn claim(&self, limit: usize) -> Vec<Claim> {
        self.claim_for(limit, LONG).await
    }

    /// The next job, for which it waits as a worker does.
    pub(super) async fn next_for(&self, lease: Duration) -> Claim {
        let come = async {
            for idle in 0.. {
                if let Some(claim) = self.claim_for(1, lease).await.pop() {
                    return claim;
                }
                self.source.wait(&[Count::NAME], idle).await;
            }
            unreachable!("nobody is idle so often")
        };
        tokio::time::timeout(PATIENCE, come).await.expect("a job comes")
    }

    pub(super) async fn next(&self) -> Claim {
        self.next_for(LONG).await
    }

    /// Ends an attempt; whether it was the worker's.
    pub(super) async fn end(&self, ticket: Ticket, outcome: Outcome) -> bool {
        let finished = Finished { ticket, outcome, progress: None };
        self.source.finish(&[finished]).await.expect("ends are taken").is_empty()
    }

    pub(super) async fn succeed(&self, claim: &Claim) {
        assert!(self.end(claim.ticket, Outcome::Succeeded).await, "it is the worker's");
    }

    pub(super) async fn die(&self, claim: &Claim) {
        let reason = "no use".to_owned();
        assert!(self.end(claim.ticket, Outcome::Dead { reason }).await, "it is the worker's");
    }

    pub(super) async fn renew(&self, ticket: Ticket, lease: Duration) -> Standing {
        let renewal = czo_core::Renewal { ticket, progress: None };
        self.source.renew(&[renewal], lease).await.expect("leases are renewed")[0]
    }

    pub(super) async fn record(&self, id: JobId) -> JobRecord {
        self.queue.get(id).await.expect("a queue can be asked").expect("the job is there")
    }

    pub(super) async fn cancel(&self, id: JobId) -> Option<czo_core::JobState> {
        self.queue.cancel(id).await.expect("a queue can be asked")
    }
}
