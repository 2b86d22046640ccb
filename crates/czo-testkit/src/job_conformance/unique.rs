//! Keys that one job has at a time.

use std::time::Duration;

use czo_core::{JobError, JobFilter, JobQueueExt, JobState, NewJob, Outcome};
use tokio::task::JoinSet;

use super::JobsUnderTest;
use super::probe::{count, number_of, other};

async fn enqueue(test: &JobsUnderTest, job: NewJob) -> czo_core::Enqueued {
    test.queue.enqueue_one(job).await.expect("a queue takes a job")
}

/// Of the same name; another name is another key.
pub async fn a_key_that_waits_or_runs_is_not_enqueued_twice(test: JobsUnderTest) {
    let first = enqueue(&test, count(1).unique("a")).await;
    let waiting = enqueue(&test, count(2).unique("a")).await;
    assert_eq!((waiting.id, waiting.is_new), (first.id, false));
    let claim = test.next().await;
    let running = enqueue(&test, count(3).unique("a")).await;
    assert_eq!((running.id, running.is_new), (first.id, false));
    assert_eq!((number_of(&claim), test.claim(10).await), (1, Vec::new()));

    assert!(enqueue(&test, count(4).unique("b")).await.is_new);
    assert!(enqueue(&test, count(5).unique("A")).await.is_new);
    assert!(enqueue(&test, other().unique("a")).await.is_new);
    assert!(enqueue(&test, count(6)).await.is_new);
}

/// Well, or otherwise.
pub async fn a_key_is_free_once_its_job_has_ended(test: JobsUnderTest) {
    for outcome in
        [Outcome::Succeeded, Outcome::Dead { reason: "no use".to_owned() }, Outcome::Cancelled]
    {
        assert!(enqueue(&test, count(1).unique("a")).await.is_new, "before {outcome:?}");
        let claim = test.next().await;
        assert!(test.end(claim.ticket, outcome).await);
    }
    let waiting = enqueue(&test, count(1).unique("a")).await;
    assert!(waiting.is_new);
    test.cancel(waiting.id).await;
    assert!(enqueue(&test, count(1).unique("a")).await.is_new);
}

/// Or for another worker.
pub async fn a_key_is_held_while_its_job_waits_for_its_next_attempt(test: JobsUnderTest) {
    let first = enqueue(&test, count(1).unique("a")).await;
    for outcome in
        [Outcome::Retry { reason: "again".to_owned(), after: Duration::ZERO }, Outcome::Released]
    {
        let claim = test.next().await;
        assert!(test.end(claim.ticket, outcome).await);
        assert_eq!(enqueue(&test, count(2).unique("a")).await.id, first.id);
    }
    test.next_for(test.moment).await;
    let again = test.next().await;
    assert_eq!(again.ticket.id, first.id);
    assert_eq!(enqueue(&test, count(2).unique("a")).await.id, first.id);
}

/// And every answer is in its place.
pub async fn of_one_key_in_one_batch_the_first_is_enqueued(test: JobsUnderTest) {
    let there = enqueue(&test, count(0).unique("there")).await;
    let jobs = vec![
        count(1).unique("b"),
        count(2),
        count(3).unique("there"),
        count(4).unique("b"),
        count(5).unique("a"),
    ];
    let enqueued = test.queue.enqueue(jobs).await.expect("a queue takes jobs");
    let is_new: Vec<_> = enqueued.iter().map(|job| job.is_new).collect();
    assert_eq!(is_new, [true, true, false, false, true]);
    assert_eq!((enqueued[2].id, enqueued[3].id), (there.id, enqueued[0].id));
    let mut numbers: Vec<_> = test.claim(10).await.iter().map(number_of).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2, 5]);
}

/// By tasks of which none knows of the others.
pub async fn of_one_key_enqueued_at_once_one_is_new(test: JobsUnderTest) {
    let mut callers = JoinSet::new();
    for number in 0..16 {
        let test = test.clone();
        callers.spawn(async move {
            let jobs = vec![count(number).unique("x"), count(number).unique("y")];
            test.queue.enqueue(jobs).await.expect("a queue takes jobs")
        });
    }
    let answers = callers.join_all().await;
    assert_eq!(answers.iter().flatten().filter(|job| job.is_new).count(), 2);
    assert!(answers.iter().all(|jobs| jobs[0].id == answers[0][0].id));
    assert_eq!(test.claim(100).await.len(), 2);
}

/// Empty, too long, or with control characters.
pub async fn a_key_that_can_be_none_is_refused(test: JobsUnderTest) {
    for key in ["".to_owned(), "x".repeat(201), "a\0b".to_owned(), "a\nb".to_owned()] {
        let refused = test.queue.enqueue_one(count(1).unique(&*key)).await;
        assert!(matches!(refused, Err(JobError::UniqueKey { .. })), "{key:?}: {refused:?}");
    }
    for key in ["x".repeat(200), "ключ 🦀 ' \" \\ %".to_owned()] {
        let first = enqueue(&test, count(1).unique(&*key)).await;
        let second = enqueue(&test, count(1).unique(&*key)).await;
        assert_eq!((first.id, first.is_new, second.is_new), (second.id, true, false), "{key}");
    }
}

/// It stays dead, and so do others of one key but the first.
pub async fn a_dead_job_whose_key_another_has_is_not_retried(test: JobsUnderTest) {
    let mut dead = Vec::new();
    for number in 0..2 {
        dead.push(enqueue(&test, count(number).unique("a")).await.id);
        let claim = test.next().await;
        test.die(&claim).await;
    }
    let successor = enqueue(&test, count(2).unique("a")).await;
    let all = JobFilter::all().state(JobState::Dead);
    assert_eq!(test.admin.retry(&all, 10).await.expect("jobs are retried"), 0);
    test.cancel(successor.id).await;
    assert_eq!(test.admin.retry(&all, 10).await.expect("jobs are retried"), 1);
    assert_eq!(test.record(dead[0]).await.state, JobState::Waiting);
    assert_eq!(test.record(dead[1]).await.state, JobState::Dead);
}
