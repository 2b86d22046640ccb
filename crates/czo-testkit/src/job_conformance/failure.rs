//! What becomes of attempts that end otherwise than well.

use std::time::Duration;

use czo_core::{Finished, JobFilter, JobState, Outcome, Progress, Renewal, Standing};
use tokio::time::Instant;

use super::JobsUnderTest;
use super::probe::{count, number_of};

/// Not before, as the next attempt, and others are given out meanwhile.
pub async fn a_failed_job_is_tried_again_after_its_delay(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let first = test.next().await;
    let failed = Instant::now();
    let retry = Outcome::Retry { reason: "not yet".to_owned(), after: test.moment };
    assert!(test.end(first.ticket, retry).await);
    let record = test.record(id).await;
    assert_eq!((record.state, record.attempts), (JobState::Waiting, 1));
    assert_eq!(record.reason.as_deref(), Some("not yet"));

    test.enqueue(count(2)).await;
    assert_eq!(test.claim(10).await.iter().map(number_of).collect::<Vec<_>>(), [2]);
    let second = test.next().await;
    assert_eq!((second.ticket.id, second.attempt), (id, 2));
    // Stores count whole milliseconds.
    assert!(failed.elapsed() + Duration::from_millis(2) >= test.moment, "{:?}", failed.elapsed());
}

/// And is given out no more.
pub async fn a_dead_job_is_kept_with_its_reason(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let claim = test.next().await;
    test.die(&claim).await;
    assert_eq!(test.claim(1).await, []);
    let dead = JobFilter::all().state(JobState::Dead);
    let listed = test.admin.list(&dead, 10, None).await.expect("jobs are listed");
    assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), [id]);
    assert_eq!(listed[0].reason.as_deref(), Some("no use"));
    assert!(listed[0].finished_at.is_some());
}

/// With all its attempts.
pub async fn a_dead_job_that_is_retried_starts_anew(test: JobsUnderTest) {
    let ids = [test.enqueue(count(1)).await, test.enqueue(count(2)).await];
    for claim in test.claim(2).await {
        test.die(&claim).await;
    }
    test.enqueue(count(3).after(test.moment * 100)).await;
    let only = JobFilter::all().ids([ids[1]]);
    assert_eq!(test.admin.retry(&only, 10).await.expect("jobs are retried"), 1);
    let claim = test.next().await;
    assert_eq!((claim.ticket.id, claim.attempt, number_of(&claim)), (ids[1], 1, 2));
    assert_eq!(test.admin.retry(&JobFilter::all(), 10).await.expect("jobs are retried"), 1);
    assert_eq!(test.next().await.ticket.id, ids[0]);
    test.succeed(&claim).await;
    let record = test.record(ids[1]).await;
    assert_eq!((record.state, record.attempts), (JobState::Succeeded, 1));
}

/// At once.
pub async fn a_job_that_is_given_back_waits_as_if_it_had_not_been_tried(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let claim = test.next().await;
    assert!(test.end(claim.ticket, Outcome::Released).await);
    let record = test.record(id).await;
    assert_eq!((record.state, record.attempts), (JobState::Waiting, 0));
    let again = test.claim(1).await;
    assert_eq!(again.iter().map(|claim| claim.attempt).collect::<Vec<_>>(), [1]);
    assert!(again[0].ticket.fence > claim.ticket.fence);
}

/// The latest word stands, and the next attempt begins from nothing.
pub async fn progress_is_seen_while_the_job_runs_and_after(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let ticket = test.next().await.ticket;
    assert_eq!(test.record(id).await.progress, None);
    let progress = Some(Progress::new(3, 10).note("rows"));
    let renewal = Renewal { ticket, progress: progress.clone() };
    let standings = test.source.renew(&[renewal], test.moment * 100).await.expect("renewed");
    assert_eq!(standings, [Standing::Held]);
    assert_eq!(test.record(id).await.progress, progress);
    // No word leaves it as it is.
    assert_eq!(test.renew(ticket, test.moment * 100).await, Standing::Held);
    assert_eq!(test.record(id).await.progress, progress);
    let (outcome, progress) = (Outcome::Succeeded, Some(Progress::new(10, 10)));
    let finished = Finished { ticket, outcome, progress: progress.clone() };
    assert_eq!(test.source.finish(&[finished]).await.expect("it is taken"), []);
    assert_eq!(test.record(id).await.progress, progress);
}
