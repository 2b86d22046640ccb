//! What is enqueued is given out, whole and once.

use std::collections::HashSet;
use std::time::Duration;

use czo_core::{
    Actor, ClaimRequest, Finished, Job, JobError, JobQueueExt, JobState, NewJob, Outcome, Priority,
    Progress, RequestContext, RetryPolicy, ShopId, SystemIds,
};
use tokio::task::JoinSet;

use super::JobsUnderTest;
use super::probe::{Count, LONG, OTHER, PATIENCE, count, number_of, other};

/// Payload, policy, priority, and on whose behalf.
pub async fn a_job_is_given_out_with_all_that_was_enqueued(test: JobsUnderTest) {
    let mut ctx = RequestContext::system(&SystemIds).for_shop(ShopId::generate(&SystemIds));
    let id = czo_core::ActorId::generate(&SystemIds);
    let roles = vec!["owner".to_owned(), "clerk".to_owned()];
    ctx.actor = Actor::Known { id, kind: czo_core::ActorType::User, roles };
    let retry = RetryPolicy::after([5, 70].map(Duration::from_millis));
    let job = count(7).priority(Priority::High).retry(retry.clone()).by(&ctx);
    let enqueued = test.queue.enqueue_one(job).await.expect("a queue takes a job");
    assert!(enqueued.is_new);

    let claim = test.next().await;
    assert_eq!((claim.ticket.id, &claim.name, claim.attempt), (enqueued.id, &Count::NAME, 1));
    assert_eq!((number_of(&claim), claim.priority), (7, Priority::High));
    assert_eq!((claim.retry, claim.context), (retry, Some(ctx)));
}

/// One that is wrong keeps the others out; no job is no error.
pub async fn a_batch_is_enqueued_as_a_whole_or_not_at_all(test: JobsUnderTest) {
    let jobs = vec![count(1), count(2).unique(""), count(3)];
    let refused = test.queue.enqueue(jobs).await;
    assert!(matches!(refused, Err(JobError::UniqueKey { .. })), "{refused:?}");
    assert_eq!(test.claim(10).await, []);

    assert_eq!(test.queue.enqueue(Vec::new()).await.expect("nothing is easy"), []);
    let enqueued = test.queue.enqueue((0..5).map(count).collect()).await.expect("a batch");
    let mut claims = test.claim(10).await;
    claims.sort_by_key(number_of);
    let ids: Vec<_> = claims.iter().map(|claim| claim.ticket.id).collect();
    assert_eq!(ids, enqueued.iter().map(|job| job.id).collect::<Vec<_>>());
}

/// It is kept, as one that succeeded.
pub async fn a_job_that_succeeded_is_not_given_out_again(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let claim = test.next().await;
    assert_eq!(test.claim(1).await, [], "it is held");
    test.succeed(&claim).await;
    assert_eq!(test.claim(1).await, []);
    let record = test.record(id).await;
    assert_eq!((record.state, record.attempts), (JobState::Succeeded, 1));
}

/// Others wait for workers that know them.
pub async fn only_jobs_of_the_names_asked_for_are_given_out(test: JobsUnderTest) {
    let id = test.enqueue(other().priority(Priority::High)).await;
    test.enqueue(count(1)).await;
    let claims = test.claim(10).await;
    assert_eq!(claims.iter().map(number_of).collect::<Vec<_>>(), [1]);
    let both = ClaimRequest::new(vec![Count::NAME, OTHER], 10, "test", LONG);
    let claims = test.source.claim(&both).await.expect("jobs are given out");
    assert_eq!(claims.iter().map(|claim| claim.ticket.id).collect::<Vec<_>>(), [id]);
}

/// Over all priorities together.
pub async fn no_more_are_given_out_than_asked_for(test: JobsUnderTest) {
    for priority in Priority::ALL {
        let jobs = (0..4).map(|number| count(number).priority(priority)).collect();
        test.queue.enqueue(jobs).await.expect("a queue takes jobs");
    }
    assert_eq!(test.claim(0).await.len(), 0);
    let counts = [test.claim(6).await.len(), test.claim(5).await.len(), test.claim(5).await.len()];
    assert_eq!(counts, [6, 5, 1]);
}

/// Large, in any script, with zeros, quotes and line ends, and of any JSON type.
pub async fn payloads_of_any_kind_come_back_unchanged(test: JobsUnderTest) {
    let texts = [
        "x".repeat(1 << 20),
        "naïve – 日本語 – 🦀 – \u{202e}עברית".to_owned(),
        "a\0b\u{1}\u{7f}".to_owned(),
        r#"'"; DROP TABLE jobs_job; -- \ {} $1 ? %s"#.to_owned(),
        "\r\n\t".to_owned(),
        String::new(),
    ];
    let mut payloads: Vec<String> =
        texts.iter().map(|text| serde_json::to_string(text).expect("a text")).collect();
    payloads.extend(["null", "[]", "1e400", "{\"a\":{\"b\":[1,2.5,true]}}"].map(str::to_owned));
    let raw = |json: &String| NewJob::raw(Count::NAME, json.clone(), RetryPolicy::none());
    for payload in &payloads {
        let id = test.enqueue(raw(payload)).await;
        let claim = test.next().await;
        assert!(claim.payload == *payload, "{:.40} has changed", payload);
        test.succeed(&claim).await;
        assert!(test.record(id).await.payload == *payload, "{:.40} has changed", payload);
    }
}

/// What handlers say is stored as far as the store can.
pub async fn an_unusual_reason_and_note_do_no_harm(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let ticket = test.next().await.ticket;
    let reason = format!("zero \0 and 🦀 {}", "x".repeat(100_000));
    let progress = Some(Progress::new(u64::MAX, 1).note("zero \0 and 🦀"));
    let finished = Finished { ticket, outcome: Outcome::Dead { reason }, progress };
    assert_eq!(test.source.finish(&[finished]).await.expect("it is taken"), []);
    let record = test.record(id).await;
    assert!(record.reason.is_some_and(|reason| reason.contains("🦀 xxx")));
    assert_eq!(record.progress.map(|progress| progress.done), Some(u64::MAX));
}

/// Also one that began to wait before the job was there.
pub async fn who_waits_is_woken_by_a_job(test: JobsUnderTest) {
    let waiting = tokio::spawn({
        let test = test.clone();
        async move { number_of(&test.next().await) }
    });
    tokio::task::yield_now().await;
    test.enqueue(count(4)).await;
    assert_eq!(waiting.await.expect("no panic"), 4);
}

/// To four workers that take them in portions.
pub async fn ten_thousand_jobs_are_each_given_out_once(test: JobsUnderTest) {
    const JOBS: usize = 10_000;
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        let test = test.clone();
        workers.spawn(async move {
            let (mut numbers, mut idle) = (Vec::new(), 0);
            // Nothing for a while, and all were enqueued before the last.
            while idle < 8 {
                let claims = test.claim(100).await;
                if claims.is_empty() {
                    test.source.wait(&[Count::NAME], idle).await;
                    idle += 1;
                    continue;
                }
                idle = 0;
                let succeeded =
                    |ticket| Finished { ticket, outcome: Outcome::Succeeded, progress: None };
                let ends: Vec<_> = claims.iter().map(|claim| succeeded(claim.ticket)).collect();
                assert_eq!(test.source.finish(&ends).await.expect("ends are taken"), []);
                numbers.extend(claims.iter().map(number_of));
            }
            numbers
        });
    }
    for portion in (0..JOBS).collect::<Vec<_>>().chunks(500) {
        let jobs = portion.iter().map(|number| count(*number)).collect();
        test.queue.enqueue(jobs).await.expect("a queue takes jobs");
    }
    let all = tokio::time::timeout(PATIENCE, workers.join_all()).await.expect("workers end");
    let numbers: Vec<_> = all.into_iter().flatten().collect();
    assert_eq!(numbers.len(), JOBS);
    assert_eq!(numbers.into_iter().collect::<HashSet<_>>().len(), JOBS);
}
