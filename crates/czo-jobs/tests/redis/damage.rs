//! What other hands do to the keys, and a server that forgets.

use std::time::Duration;

use czo_core::{
    Classified, ErrorKind, JobAdmin, JobError, JobFilter, JobName, JobQueue, JobQueueExt,
    JobSource, JobState, NewJob, Outcome, RetryPolicy,
};
use czo_jobs::{RedisJobs, RedisJobsError, RedisOptions};

use crate::support::{Numbered, Server, TestQueue, claim, connect, finished, prefix, say};

const NAME: JobName = <Numbered as czo_core::Job>::NAME;

fn numbered(number: u32) -> NewJob {
    NewJob::of(&Numbered { number }).unwrap()
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_is_shown_them_again() {
    let server = Server::start(&[]).await;
    let jobs = connect(&server.url(), &prefix()).await;
    server.say(&["SCRIPT", "FLUSH"]).await;
    let job = jobs.enqueue_one(numbered(1)).await.unwrap();
    server.say(&["SCRIPT", "FLUSH"]).await;
    let claims = claim(&jobs, &NAME, 1).await;
    server.say(&["SCRIPT", "FLUSH"]).await;
    jobs.finish(&[finished(&claims[0], Outcome::Succeeded)]).await.unwrap();
    server.say(&["SCRIPT", "FLUSH"]).await;
    assert_eq!(jobs.get(job.id).await.unwrap().unwrap().state, JobState::Succeeded);
}

#[tokio::test]
async fn a_job_whose_payload_was_removed_is_dead_and_stops_no_other() {
    let queue = TestQueue::new().await;
    let lost = queue.jobs.enqueue_one(numbered(1).unique("key")).await.unwrap();
    let whole = queue.jobs.enqueue_one(numbered(2)).await.unwrap();
    queue.say(&["DEL", &queue.key(&format!("body:{}", lost.id))]).await;
    let claims = claim(&queue.jobs, &NAME, 1).await;
    assert_eq!(claims[0].ticket.id, whole.id);
    assert!(
        matches!(queue.jobs.get(lost.id).await, Err(JobError::Corrupt { id, .. }) if id == lost.id)
    );
    let listed = queue.jobs.list(&JobFilter::all(), 10, None).await.unwrap();
    assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), [whole.id]);
    assert!(queue.jobs.enqueue_one(numbered(3).unique("key")).await.unwrap().is_new);
    let dead = JobFilter::all().state(JobState::Dead);
    assert_eq!(queue.jobs.counts(&dead).await.unwrap()[0].jobs, 1);
    assert_eq!(queue.jobs.purge(&dead, 10).await.unwrap(), 1);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_makes_its_job_dead_with_the_reason() {
    let queue = TestQueue::new().await;
    let bodies = ["no line", "{}\n1", "\u{fffd}\n1"];
    let jobs = bodies.map(|_| numbered(1)).to_vec();
    let enqueued = queue.jobs.enqueue(jobs).await.unwrap();
    for (job, body) in enqueued.iter().zip(bodies) {
        queue.say(&["SET", &queue.key(&format!("body:{}", job.id)), body]).await;
    }
    assert!(claim(&queue.jobs, &NAME, 10).await.is_empty());
    let dead = JobFilter::all().state(JobState::Dead);
    assert_eq!(queue.jobs.counts(&dead).await.unwrap()[0].jobs, 3);
}

#[tokio::test]
async fn a_job_that_was_removed_is_passed_over_and_its_key_is_free() {
    let queue = TestQueue::new().await;
    let lost = queue.jobs.enqueue_one(numbered(1).unique("key")).await.unwrap();
    queue.say(&["DEL", &queue.key(&format!("job:{}", lost.id))]).await;
    assert!(queue.jobs.enqueue_one(numbered(2).unique("key")).await.unwrap().is_new);
    assert_eq!(claim(&queue.jobs, &NAME, 10).await.len(), 1);
    assert_eq!(queue.jobs.get(lost.id).await.unwrap(), None);
    assert_eq!(queue.jobs.cancel(lost.id).await.unwrap(), None);
    assert_eq!(queue.jobs.list(&JobFilter::all(), 10, None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_server_takes_no_job_and_still_gives_out_ends_and_purges() {
    let server = Server::start(&["--maxmemory", "8mb"]).await;
    let jobs = connect(&server.url(), &prefix()).await;
    let big = |unique: &str| {
        let payload = "x".repeat(100_000);
        NewJob::raw(NAME, payload, RetryPolicy::after([Duration::ZERO])).unique(unique)
    };
    let mut taken = 0_u32;
    let error = loop {
        let batch = [format!("{taken} one"), format!("{taken} two")];
        match jobs.enqueue(batch.iter().map(|unique| big(unique)).collect()).await {
            Ok(_) => taken += 2,
            Err(error) => break error,
        }
    };
    assert!(error.is_retryable() && error.kind() == ErrorKind::Unavailable, "{error:?}");
    assert!(std::error::Error::source(&error).unwrap().is::<RedisJobsError>());
    let filter = JobFilter::all();
    let count =
        async || jobs.counts(&filter).await.unwrap().iter().map(|count| count.jobs).sum::<u64>();
    assert_eq!(count().await, u64::from(taken), "all or none of a batch");

    // A job of each end.
    let claims = claim(&jobs, &NAME, 4).await;
    assert_eq!(claims.len(), 4);
    let again = Outcome::Retry { reason: "why".to_owned(), after: Duration::ZERO };
    let dead = Outcome::Dead { reason: "why".to_owned() };
    let ends = [Outcome::Succeeded, again, dead, Outcome::Released];
    let ends: Vec<_> =
        claims.iter().zip(ends).map(|(claim, outcome)| finished(claim, outcome)).collect();
    assert_eq!(jobs.finish(&ends).await.unwrap(), []);
    jobs.cancel(claims[3].ticket.id).await.unwrap();
    assert!(jobs.enqueue(vec![big("more")]).await.is_err());
    assert_eq!(jobs.purge(&filter, 10).await.unwrap(), 3);
    assert!(jobs.enqueue(vec![big("more")]).await.unwrap()[0].is_new);
}

#[tokio::test]
async fn every_key_begins_with_the_prefix() {
    let server = Server::start(&[]).await;
    let jobs = connect(&server.url(), "mine").await;
    jobs.enqueue_one(numbered(1).unique("key")).await.unwrap();
    jobs.enqueue((0..4).map(numbered).collect()).await.unwrap();
    let claims = claim(&jobs, &NAME, 3).await;
    jobs.finish(&[finished(&claims[0], Outcome::Succeeded)]).await.unwrap();
    jobs.finish(&[finished(&claims[1], Outcome::Cancelled)]).await.unwrap();
    czo_core::JobSlots::last_slot(&jobs, &NAME).await.unwrap();
    let keys = server.say(&["KEYS", "*"]).await.into_array();
    let keys: Vec<_> = keys.into_iter().map(|key| key.into_string().unwrap()).collect();
    assert!(keys.len() > 15, "{keys:?}");
    assert!(keys.iter().all(|key| key.starts_with("{mine}:")), "{keys:?}");
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let server = Server::start(&[]).await;
    server.say(&["CONFIG", "SET", "requirepass", "right"]).await;
    let url = |password| format!("redis://:{password}@{}", server.url().replace("redis://", ""));
    let wrong = RedisOptions::new(url("wrongsecret").parse().unwrap());
    let error = RedisJobs::connect(wrong.clone()).await.unwrap_err();
    let told = format!("{error} {error:?} {} {wrong:?}", czo_core::describe(&error));
    assert!(
        matches!(error, RedisJobsError::Unreachable { .. }) && !told.contains("wrongsecret"),
        "{told}"
    );
    let jobs = connect(&url("right"), "mine").await;
    assert!(!format!("{jobs:?}").contains("right"));
    jobs.enqueue_one(numbered(1)).await.unwrap();
    say(&url("right"), &["PING"]).await;
}
