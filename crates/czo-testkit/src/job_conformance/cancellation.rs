//! Jobs that nobody wants any more.

use std::time::Duration;

use czo_core::{JobFilter, JobId, JobState, Outcome, Standing, SystemIds};

use super::JobsUnderTest;
use super::probe::count;

/// It is never given out.
pub async fn a_waiting_job_is_cancelled_at_once(test: JobsUnderTest) {
    let now = test.enqueue(count(1)).await;
    let later = test.enqueue(count(2).after(Duration::from_secs(600))).await;
    for id in [now, later] {
        assert_eq!(test.cancel(id).await, Some(JobState::Cancelled));
        let record = test.record(id).await;
        assert_eq!(record.state, JobState::Cancelled);
        assert!(record.finished_at.is_some());
    }
    assert_eq!(test.claim(10).await, []);
}

/// When it renews its lease; the job ends when it says so.
pub async fn the_worker_of_a_running_job_hears_of_its_cancellation(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let ticket = test.next().await.ticket;
    assert_eq!(test.renew(ticket, test.moment * 100).await, Standing::Held);
    assert_eq!(test.cancel(id).await, Some(JobState::Running));
    assert!(test.record(id).await.is_cancelling);
    assert_eq!(test.renew(ticket, test.moment * 100).await, Standing::Cancelling);
    assert_eq!(test.renew(ticket, test.moment * 100).await, Standing::Cancelling);
    assert!(test.end(ticket, Outcome::Cancelled).await);
    assert_eq!(test.record(id).await.state, JobState::Cancelled);
    assert_eq!(test.claim(1).await, []);
}

/// Nor given out when it is given back.
pub async fn a_cancelled_job_that_fails_is_not_tried_again(test: JobsUnderTest) {
    for outcome in [
        Outcome::Retry { reason: "again".to_owned(), after: Duration::ZERO },
        Outcome::Released,
        Outcome::Dead { reason: "no use".to_owned() },
    ] {
        let id = test.enqueue(count(1)).await;
        let ticket = test.next().await.ticket;
        test.cancel(id).await;
        assert!(test.end(ticket, outcome).await);
        let record = test.record(id).await;
        assert_eq!(record.state, JobState::Cancelled);
        assert!(record.finished_at.is_some());
        assert_eq!(test.claim(1).await, []);
    }
}

/// It was too late.
pub async fn a_cancelled_job_that_succeeds_has_succeeded(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let claim = test.next().await;
    test.cancel(id).await;
    test.succeed(&claim).await;
    assert_eq!(test.record(id).await.state, JobState::Succeeded);
}

/// Nobody runs it again.
pub async fn a_cancelled_job_whose_worker_is_lost_is_cancelled(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    test.next_for(test.moment).await;
    test.cancel(id).await;
    // Looking for jobs is what finds that a worker was lost.
    let seen = async {
        while test.record(id).await.state == JobState::Running {
            assert_eq!(test.claim_for(1, test.moment).await, []);
            tokio::time::sleep(test.moment / 10).await;
        }
    };
    tokio::time::timeout(super::probe::PATIENCE, seen).await.expect("it ends");
    assert_eq!(test.record(id).await.state, JobState::Cancelled);
}

/// An end is an end.
pub async fn cancelling_what_has_ended_or_never_was_changes_nothing(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    test.succeed(&test.next().await).await;
    assert_eq!(test.cancel(id).await, Some(JobState::Succeeded));
    assert_eq!(test.cancel(JobId::generate(&SystemIds)).await, None);
    let unknown = test.queue.get(JobId::generate(&SystemIds)).await;
    assert_eq!(unknown.expect("a queue can be asked"), None);
}

/// And its worker is not told to stop.
pub async fn a_cancelled_job_can_be_retried(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let ticket = test.next().await.ticket;
    test.cancel(id).await;
    assert!(test.end(ticket, Outcome::Cancelled).await);
    let only = JobFilter::all().ids([id]);
    assert_eq!(test.admin.retry(&only, 10).await.expect("jobs are retried"), 1);
    let again = test.next().await;
    assert_eq!((again.ticket.id, again.attempt), (id, 1));
    assert_eq!(test.renew(again.ticket, test.moment * 100).await, Standing::Held);
}
