//! A store that hangs and refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Claim, ClaimRequest, Finished, JobError, JobName, JobQueue, JobSource, JobState, Outcome,
    Renewal, Standing, Ticket,
};
use czo_jobs::MemoryJobs;

use crate::support::{Act, enqueue, new, stage, until, worker};

/// A queue whose first call of each kind never ends, and that takes no end of a dead job.
#[derive(Clone, Debug)]
struct Faulty {
    jobs: MemoryJobs,
    hangs: Arc<[AtomicBool; 3]>,
    refuses: bool,
}

impl Faulty {
    fn new(hangs: bool, refuses: bool) -> Self {
        let hangs = Arc::new([(); 3].map(|()| AtomicBool::new(hangs)));
        Self { jobs: MemoryJobs::new(), hangs, refuses }
    }

    async fn hang_once(&self, call: usize) {
        if self.hangs[call].swap(false, Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl JobSource for Faulty {
    async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claim>, JobError> {
        self.hang_once(0).await;
        self.jobs.claim(request).await
    }

    async fn renew(&self, jobs: &[Renewal], lease: Duration) -> Result<Vec<Standing>, JobError> {
        self.hang_once(1).await;
        self.jobs.renew(jobs, lease).await
    }

    async fn finish(&self, attempts: &[Finished]) -> Result<Vec<Ticket>, JobError> {
        self.hang_once(2).await;
        let is_dead = |end: &Finished| matches!(end.outcome, Outcome::Dead { .. });
        if self.refuses && attempts.iter().any(is_dead) {
            return Err(JobError::Store("no dead ones".into()));
        }
        self.jobs.finish(attempts).await
    }

    async fn wait(&self, names: &[JobName], idle: u32) {
        self.jobs.wait(names, idle).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_asked_again() {
    let (source, (stage, mut heard)) = (Faulty::new(true, false), stage());
    let _worker = worker(source.clone(), &stage).spawn();
    let jobs = &source.jobs;
    // Longer than its lease: it is kept although a renewal hangs.
    let id = enqueue(jobs, Act::Pause).await;
    assert_eq!(until(jobs, id, JobState::Succeeded).await.attempts, 1);
    heard.next().await;
    assert!(heard.has_heard_nothing());
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_refused_keeps_no_other_from_being_told() {
    let (source, (stage, _heard)) = (Faulty::new(false, true), stage());
    let jobs = &source.jobs;
    let acts = [Act::Succeed, Act::Refuse, Act::Succeed];
    let enqueued = jobs.enqueue(acts.map(new).into()).await.unwrap();
    let _worker = worker(source.clone(), &stage).spawn();
    for place in [0, 2] {
        until(jobs, enqueued[place].id, JobState::Succeeded).await;
    }
    assert_eq!(jobs.get(enqueued[1].id).await.unwrap().unwrap().state, JobState::Running);
}
