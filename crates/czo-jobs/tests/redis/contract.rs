//! What is said of this provider beyond the contract of all.

use std::collections::HashSet;
use std::time::Duration;

use czo_core::{
    ClaimRequest, JobAdmin, JobCount, JobFilter, JobName, JobQueue, JobQueueExt, JobSource,
    JobState, NewJob, Outcome, Priority, Progress, Renewal, RetryPolicy, Standing,
};

use crate::support::{Numbered, TestQueue, claim, claim_for, finished};

const NAME: JobName = <Numbered as czo_core::Job>::NAME;

fn numbered(number: u32) -> NewJob {
    NewJob::of(&Numbered { number }).unwrap()
}

#[tokio::test]
async fn of_a_hundred_at_once_with_one_unique_key_one_is_new() {
    let queue = TestQueue::new().await;
    let other = queue.other().await;
    let enqueued = futures_util::future::join_all((0..100).map(|number| {
        let jobs = if number % 2 == 0 { &queue.jobs } else { &other };
        jobs.enqueue_one(numbered(number).unique("key"))
    }));
    let enqueued: Vec<_> = enqueued.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(enqueued.iter().filter(|job| job.is_new).count(), 1);
    assert_eq!(enqueued.iter().map(|job| job.id).collect::<HashSet<_>>().len(), 1);
}

#[tokio::test]
async fn a_unique_key_is_free_again_however_its_job_ends() {
    let queue = TestQueue::new().await;
    for outcome in [Outcome::Succeeded, Outcome::Dead { reason: String::new() }, Outcome::Cancelled]
    {
        let job = queue.jobs.enqueue_one(numbered(1).unique("key")).await.unwrap();
        assert!(job.is_new, "before {outcome:?}");
        let claims = claim(&queue.jobs, &NAME, 1).await;
        assert!(!queue.jobs.enqueue_one(numbered(2).unique("key")).await.unwrap().is_new);
        queue.jobs.finish(&[finished(&claims[0], outcome)]).await.unwrap();
    }
    queue.jobs.enqueue_one(numbered(3).unique("key")).await.unwrap();
    let waiting = queue.jobs.enqueue_one(numbered(4).unique("key")).await.unwrap();
    queue.jobs.cancel(waiting.id).await.unwrap();
    assert!(queue.jobs.enqueue_one(numbered(5).unique("key")).await.unwrap().is_new);
}

#[tokio::test]
async fn jobs_of_several_names_are_given_out_by_priority_then_time_then_age() {
    let queue = TestQueue::new().await;
    let names: Vec<JobName> =
        ["a.one", "b.two", "c.three"].map(|name| name.parse().unwrap()).to_vec();
    let mut expected = Vec::new();
    for priority in [Priority::Low, Priority::Normal, Priority::High] {
        // More of each than are read at once.
        let jobs = (0..60).map(|number| {
            let name = names[number % names.len()].clone();
            NewJob::raw(name, number.to_string(), RetryPolicy::none()).priority(priority)
        });
        let enqueued = queue.jobs.enqueue(jobs.collect()).await.unwrap();
        expected.splice(0..0, enqueued.into_iter().map(|job| job.id));
    }
    let request = ClaimRequest::new(names, 50, "test", Duration::from_secs(60));
    let mut given = Vec::new();
    while given.len() < expected.len() {
        let claims = queue.jobs.claim(&request).await.unwrap();
        assert!(!claims.is_empty());
        given.extend(claims.into_iter().map(|claim| claim.ticket.id));
    }
    assert_eq!(given, expected);
}

#[tokio::test]
async fn a_job_is_due_when_its_delay_is_over_and_not_a_moment_earlier() {
    let queue = TestQueue::new().await;
    let delay = Duration::from_millis(30);
    let job = queue.jobs.enqueue_one(numbered(1).after(delay)).await.unwrap();
    let claims = loop {
        let claims = claim(&queue.jobs, &NAME, 1).await;
        if !claims.is_empty() {
            break claims;
        }
    };
    assert_eq!(claims[0].ticket.id, job.id);
    let record = queue.jobs.get(job.id).await.unwrap().unwrap();
    assert_eq!(record.run_at - record.enqueued_at, chrono::Duration::milliseconds(30));
    assert!(record.started_at.unwrap() >= record.run_at);
}

#[tokio::test]
async fn a_delay_of_ages_is_a_hundred_years() {
    let queue = TestQueue::new().await;
    let job = queue.jobs.enqueue_one(numbered(1).after(Duration::MAX)).await.unwrap();
    let record = queue.jobs.get(job.id).await.unwrap().unwrap();
    assert_eq!((record.run_at - record.enqueued_at).num_days(), 36_500);
    assert!(claim(&queue.jobs, &NAME, 1).await.is_empty());
}

#[tokio::test]
async fn a_job_whose_lease_is_over_waits_for_whoever_looks() {
    let queue = TestQueue::new().await;
    let job = queue.jobs.enqueue_one(numbered(1)).await.unwrap();
    let first = claim_for(&queue.jobs, &NAME, 1, Duration::ZERO).await;
    let record = queue.jobs.get(job.id).await.unwrap().unwrap();
    assert_eq!((record.state, record.attempts), (JobState::Waiting, 1));
    assert_eq!(record.reason.as_deref(), Some("its worker was lost"));

    let second = claim_for(&queue.jobs, &NAME, 1, Duration::ZERO).await;
    assert!(second[0].ticket.fence > first[0].ticket.fence);
    let third = claim(&queue.jobs, &NAME, 1).await;
    assert_eq!(third[0].attempt, 3);
    let late = [finished(&first[0], Outcome::Succeeded), finished(&second[0], Outcome::Succeeded)];
    let lost = queue.jobs.finish(&late).await.unwrap();
    assert_eq!(lost, [first[0].ticket, second[0].ticket]);
    let mine = finished(&third[0], Outcome::Succeeded);
    assert!(queue.jobs.finish(std::slice::from_ref(&mine)).await.unwrap().is_empty());
    assert_eq!(queue.jobs.finish(&[mine]).await.unwrap(), [third[0].ticket]);
}

#[tokio::test]
async fn lost_jobs_are_looked_after_a_hundred_with_each_claim() {
    let queue = TestQueue::new().await;
    queue.jobs.enqueue((0..250).map(numbered).collect()).await.unwrap();
    assert_eq!(claim_for(&queue.jobs, &NAME, 250, Duration::ZERO).await.len(), 250);
    let mut found = Vec::new();
    for _ in 0..3 {
        found.push(claim(&queue.jobs, &NAME, 1_000).await.len());
    }
    assert_eq!(found, [100, 100, 50]);
}

#[tokio::test]
async fn a_cancelled_job_whose_worker_is_lost_is_cancelled() {
    let queue = TestQueue::new().await;
    let job = queue.jobs.enqueue_one(numbered(1).unique("key")).await.unwrap();
    let claims = claim(&queue.jobs, &NAME, 1).await;
    assert_eq!(queue.jobs.cancel(job.id).await.unwrap(), Some(JobState::Running));
    let renewal = Renewal { ticket: claims[0].ticket, progress: Some(Progress::new(1, 2)) };
    let standing = queue.jobs.renew(&[renewal], Duration::ZERO).await.unwrap();
    assert_eq!(standing, [Standing::Cancelling]);
    let record = queue.jobs.get(job.id).await.unwrap().unwrap();
    assert_eq!(record.state, JobState::Cancelled);
    assert_eq!(record.progress, Some(Progress::new(1, 2)));
    assert!(queue.jobs.enqueue_one(numbered(1).unique("key")).await.unwrap().is_new);
}

#[tokio::test]
async fn payloads_of_any_size_and_any_characters_come_back_as_they_were() {
    let queue = TestQueue::new().await;
    let payloads: Vec<String> = [
        String::new(),
        "\0\n\r\n\u{1f980}\u{202e}'\"\\".to_owned(),
        "{\"retry\":[]}\n$-1\r\n*3\r\n".to_owned(),
        "x".repeat(1_024 * 1_024),
    ]
    .to_vec();
    let jobs =
        payloads.iter().map(|payload| NewJob::raw(NAME, payload.clone(), RetryPolicy::none()));
    let enqueued = queue.jobs.enqueue(jobs.collect()).await.unwrap();
    let claims = claim(&queue.jobs, &NAME, 10).await;
    assert!(claims.iter().map(|claim| &claim.payload).eq(&payloads));
    let record = queue.jobs.get(enqueued[1].id).await.unwrap().unwrap();
    assert_eq!(record.payload, payloads[1]);
    // Reasons too.
    let dead = Outcome::Dead { reason: payloads[1].clone() };
    queue.jobs.finish(&[finished(&claims[1], dead)]).await.unwrap();
    let record = queue.jobs.get(enqueued[1].id).await.unwrap().unwrap();
    assert_eq!(record.reason.as_ref(), Some(&payloads[1]));
}

#[tokio::test]
async fn a_name_that_is_asked_for_twice_gives_its_jobs_out_once() {
    let queue = TestQueue::new().await;
    queue.jobs.enqueue((0..20).map(numbered).collect()).await.unwrap();
    let twice = ClaimRequest::new(vec![NAME; 2], 100, "test", Duration::from_secs(60));
    let claims = queue.jobs.claim(&twice).await.unwrap();
    assert_eq!(claims.len(), 20);
    assert!(claims.iter().all(|claim| claim.attempt == 1));
}

#[tokio::test]
async fn a_claim_stops_at_sixteen_megabytes() {
    let queue = TestQueue::new().await;
    let payload = "x".repeat(3 * 1_024 * 1_024);
    let job = NewJob::raw(NAME, payload, RetryPolicy::none());
    for _ in 0..2 {
        queue.jobs.enqueue(vec![job.clone(); 5]).await.unwrap();
    }
    assert_eq!(claim(&queue.jobs, &NAME, 10).await.len(), 6);
    assert_eq!(claim(&queue.jobs, &NAME, 10).await.len(), 4);
}

#[tokio::test]
async fn pages_of_a_list_hold_every_job_once_the_newest_first() {
    let queue = TestQueue::new().await;
    let jobs = (0..700).map(|number| {
        let name = if number % 3 == 0 { "a.one" } else { "b.two" };
        NewJob::raw(name.parse().unwrap(), String::new(), RetryPolicy::none())
    });
    let enqueued = queue.jobs.enqueue(jobs.collect()).await.unwrap();
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let page = queue.jobs.list(&JobFilter::all(), 300, before).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        listed.extend(page.into_iter().map(|record| record.id));
    }
    let expected: Vec<_> = enqueued.iter().rev().map(|job| job.id).collect();
    assert_eq!(listed, expected);

    let of_one = JobFilter::all().name("a.one".parse().unwrap());
    assert_eq!(queue.jobs.list(&of_one, usize::MAX, None).await.unwrap().len(), 234);
    let some = JobFilter::all().ids([enqueued[0].id, enqueued[3].id, enqueued[4].id]);
    assert_eq!(
        queue.jobs.counts(&some.clone().name("a.one".parse().unwrap())).await.unwrap()[0].jobs,
        2
    );
    assert_eq!(queue.jobs.list(&some, 2, None).await.unwrap()[1].id, enqueued[3].id);
}

#[tokio::test]
async fn a_retry_passes_over_what_it_must_leave() {
    let queue = TestQueue::new().await;
    let mut first = None;
    for number in 0..3 {
        let job = queue.jobs.enqueue_one(numbered(number).unique("key")).await.unwrap();
        first.get_or_insert(job.id);
        queue.jobs.cancel(job.id).await.unwrap();
    }
    let free = queue.jobs.enqueue_one(numbered(9)).await.unwrap();
    queue.jobs.cancel(free.id).await.unwrap();
    // One of those with the key, and the one without.
    assert_eq!(queue.jobs.retry(&JobFilter::all(), 10).await.unwrap(), 2);
    let waiting = queue.jobs.list(&JobFilter::all().state(JobState::Waiting), 10, None).await;
    let waiting: Vec<_> = waiting.unwrap().into_iter().map(|record| record.id).collect();
    assert_eq!(waiting, [free.id, first.unwrap()]);
    assert_eq!(queue.jobs.retry(&JobFilter::all(), 10).await.unwrap(), 0);
}

#[tokio::test]
async fn a_purge_leaves_nothing_of_a_job_behind() {
    let queue = TestQueue::new().await;
    queue.jobs.enqueue((0..1_000).map(numbered).collect()).await.unwrap();
    queue.jobs.enqueue_one(numbered(1).unique("key")).await.unwrap();
    let claims = claim(&queue.jobs, &NAME, 1_000).await;
    let ends: Vec<_> = claims.iter().map(|claim| finished(claim, Outcome::Succeeded)).collect();
    queue.jobs.finish(&ends).await.unwrap();
    let rest = claim(&queue.jobs, &NAME, 1).await;
    queue.jobs.finish(&[finished(&rest[0], Outcome::Cancelled)]).await.unwrap();

    let old = JobFilter::all().finished_for(Duration::from_secs(3_600));
    assert_eq!(queue.jobs.purge(&old, 2_000).await.unwrap(), 0);
    assert_eq!(queue.jobs.counts(&old).await.unwrap(), []);
    assert_eq!(queue.jobs.purge(&JobFilter::all(), 600).await.unwrap(), 600);
    let left: u64 =
        queue.jobs.counts(&JobFilter::all()).await.unwrap().iter().map(|count| count.jobs).sum();
    assert_eq!(left, 401);
    assert_eq!(queue.jobs.purge(&JobFilter::all(), usize::MAX).await.unwrap(), 401);
    let keys = queue.say(&["KEYS", &queue.key("*")]).await;
    assert_eq!(keys.into_array().len(), 1, "only the name is left");
}

#[tokio::test]
async fn counts_follow_a_job_through_its_life() {
    let queue = TestQueue::new().await;
    let count = |state, jobs| vec![JobCount { name: NAME, state, jobs }];
    let counts = async || queue.jobs.counts(&JobFilter::all()).await.unwrap();
    assert_eq!(counts().await, []);
    queue.jobs.enqueue_one(numbered(1)).await.unwrap();
    assert_eq!(counts().await, count(JobState::Waiting, 1));
    let claims = claim(&queue.jobs, &NAME, 1).await;
    assert_eq!(counts().await, count(JobState::Running, 1));
    queue.jobs.finish(&[finished(&claims[0], Outcome::Released)]).await.unwrap();
    assert_eq!(counts().await, count(JobState::Waiting, 1));
    let claims = claim(&queue.jobs, &NAME, 1).await;
    assert_eq!(claims[0].attempt, 1);
    let dead = Outcome::Dead { reason: "why".to_owned() };
    queue.jobs.finish(&[finished(&claims[0], dead)]).await.unwrap();
    assert_eq!(counts().await, count(JobState::Dead, 1));
    assert_eq!(queue.jobs.retry(&JobFilter::all(), 1).await.unwrap(), 1);
    assert_eq!(counts().await, count(JobState::Waiting, 1));
}
