//! What people see and clear up.

use czo_core::{Job, JobCount, JobFilter, JobId, JobState};

use super::JobsUnderTest;
use super::probe::{Count, OTHER, count, other};

async fn ids(test: &JobsUnderTest, filter: &JobFilter, before: Option<JobId>) -> Vec<JobId> {
    let jobs = test.admin.list(filter, 3, before).await.expect("jobs are listed");
    jobs.iter().map(|job| job.id).collect()
}

/// Each once.
pub async fn jobs_are_listed_page_by_page_the_newest_first(test: JobsUnderTest) {
    let mut enqueued = Vec::new();
    for number in 0..7 {
        enqueued.push(test.enqueue(count(number)).await);
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = ids(&test, &JobFilter::all(), before).await;
        before = page.last().copied();
        seen.extend(page);
        if before.is_none() {
            break;
        }
    }
    enqueued.reverse();
    assert_eq!(seen, enqueued);
}

/// By id, name and state, and all of these together.
pub async fn jobs_are_listed_by_what_is_asked(test: JobsUnderTest) {
    let waits = test.enqueue(count(1)).await;
    let dead = test.enqueue(count(2)).await;
    let other = test.enqueue(other()).await;
    for claim in test.claim(2).await {
        if claim.ticket.id == dead {
            test.die(&claim).await;
        } else {
            assert!(test.end(claim.ticket, czo_core::Outcome::Released).await);
        }
    }
    let all = JobFilter::all;
    for (filter, expected) in [
        (all(), vec![other, dead, waits]),
        (all().name(OTHER), vec![other]),
        (all().name(OTHER).name(Count::NAME), vec![other, dead, waits]),
        (all().state(JobState::Dead), vec![dead]),
        (all().state(JobState::Dead).state(JobState::Waiting), vec![other, dead, waits]),
        (all().state(JobState::Waiting).name(Count::NAME), vec![waits]),
        (all().state(JobState::Running), vec![]),
        (all().ids([waits, dead]), vec![dead, waits]),
        (all().ids([waits, dead]).state(JobState::Dead), vec![dead]),
    ] {
        assert_eq!(ids(&test, &filter, None).await, expected, "{filter:?}");
    }
}

/// Those that are there.
pub async fn jobs_are_counted_by_name_and_state(test: JobsUnderTest) {
    for number in 0..5 {
        test.enqueue(count(number)).await;
    }
    test.enqueue(other()).await;
    let claims = test.claim(3).await;
    test.succeed(&claims[0]).await;
    test.die(&claims[1]).await;
    let counted = |name, state, jobs| JobCount { name, state, jobs };
    let waiting = counted(Count::NAME, JobState::Waiting, 2);
    let others = counted(OTHER, JobState::Waiting, 1);
    let all = test.admin.counts(&JobFilter::all()).await.expect("jobs are counted");
    let expected = [
        waiting.clone(),
        counted(Count::NAME, JobState::Running, 1),
        counted(Count::NAME, JobState::Succeeded, 1),
        counted(Count::NAME, JobState::Dead, 1),
        others.clone(),
    ];
    assert_eq!(all, expected);
    let filter = JobFilter::all().state(JobState::Waiting);
    assert_eq!(test.admin.counts(&filter).await.expect("jobs are counted"), [waiting, others]);
}

/// In portions, and never what waits or runs.
pub async fn a_purge_takes_what_has_ended_and_nothing_else(test: JobsUnderTest) {
    for number in 0..6 {
        test.enqueue(count(number)).await;
    }
    let claims = test.claim(5).await;
    for claim in &claims[..3] {
        test.succeed(claim).await;
    }
    test.die(&claims[3]).await;
    let purge = async |filter: JobFilter, limit| {
        test.admin.purge(&filter, limit).await.expect("jobs are purged")
    };
    let live = JobFilter::all().state(JobState::Waiting).state(JobState::Running);
    assert_eq!(purge(live, 10).await, 0);
    assert_eq!(purge(JobFilter::all().name(OTHER), 10).await, 0);
    assert_eq!(purge(JobFilter::all().state(JobState::Succeeded), 2).await, 2);
    assert_eq!(purge(JobFilter::all(), 10).await, 2);
    assert_eq!(purge(JobFilter::all(), 10).await, 0);
    assert_eq!(test.queue.get(claims[0].ticket.id).await.expect("it can be asked"), None);
    test.succeed(&claims[4]).await;
    assert_eq!(test.claim(10).await.len(), 1);
}

/// Where an age is asked for.
pub async fn a_purge_leaves_what_has_ended_lately(test: JobsUnderTest) {
    test.enqueue(count(1)).await;
    test.succeed(&test.next().await).await;
    tokio::time::sleep(test.moment).await;
    test.enqueue(count(2)).await;
    test.succeed(&test.next().await).await;
    let old = JobFilter::all().finished_for(test.moment);
    assert_eq!(test.admin.list(&old, 10, None).await.expect("jobs are listed").len(), 1);
    assert_eq!(test.admin.purge(&old, 10).await.expect("jobs are purged"), 1);
    let older = JobFilter::all().finished_for(test.moment * 100);
    assert_eq!(test.admin.purge(&older, 10).await.expect("jobs are purged"), 0);
}

/// In an order that makes sense.
pub async fn a_record_says_when_and_by_whom(test: JobsUnderTest) {
    let id = test.enqueue(count(1).unique("a")).await;
    let waiting = test.record(id).await;
    assert_eq!((waiting.started_at, waiting.finished_at, waiting.worker), (None, None, None));
    assert_eq!((waiting.max_attempts, waiting.unique.as_deref()), (3, Some("a")));
    let claim = test.next().await;
    let running = test.record(id).await;
    assert_eq!((running.state, running.worker.as_deref()), (JobState::Running, Some("test")));
    test.succeed(&claim).await;
    let ended = test.record(id).await;
    let (started, finished) = (ended.started_at, ended.finished_at);
    assert!(Some(ended.enqueued_at) <= started && started <= finished, "{ended:?}");
    assert_eq!((ended.enqueued_at, ended.run_at), (waiting.enqueued_at, waiting.run_at));
}
