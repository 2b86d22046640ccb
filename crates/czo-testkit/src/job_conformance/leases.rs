//! Who holds a job.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use czo_core::{Job, JobState, Outcome, Standing};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::JobsUnderTest;
use super::probe::{Count, PATIENCE, count, number_of};

/// Its attempt counts, and the ticket of the next is another.
pub async fn a_job_whose_lease_is_over_goes_to_another_worker(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let first = test.next_for(test.moment).await;
    let second = test.next().await;
    assert_eq!((second.ticket.id, first.attempt, second.attempt), (id, 1, 2));
    assert!(second.ticket.fence > first.ticket.fence);
    test.succeed(&second).await;
}

/// Neither while another has it nor afterwards.
pub async fn a_worker_that_lost_its_job_has_no_say_in_it(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let lost = test.next_for(test.moment).await.ticket;
    let holder = test.next().await;
    assert_eq!(test.renew(lost, test.moment).await, Standing::Lost);
    assert!(!test.end(lost, Outcome::Succeeded).await);
    assert_eq!(test.record(id).await.state, JobState::Running);
    test.succeed(&holder).await;
    assert_eq!(test.renew(lost, test.moment).await, Standing::Lost);
    assert!(!test.end(lost, Outcome::Dead { reason: "late".to_owned() }).await);
    assert_eq!(test.record(id).await.state, JobState::Succeeded);
}

/// As long as it is renewed.
pub async fn a_renewed_lease_lasts(test: JobsUnderTest) {
    test.enqueue(count(1)).await;
    let ticket = test.next_for(test.moment).await.ticket;
    let start = Instant::now();
    while start.elapsed() < test.moment * 3 {
        assert_eq!(test.renew(ticket, test.moment).await, Standing::Held);
        assert_eq!(test.claim(1).await, []);
        tokio::time::sleep(test.moment / 10).await;
    }
    assert!(test.end(ticket, Outcome::Succeeded).await);
}

/// As when the answer to the first was lost.
pub async fn an_end_that_is_told_twice_counts_once(test: JobsUnderTest) {
    let id = test.enqueue(count(1)).await;
    let ticket = test.next().await.ticket;
    let retry = || Outcome::Retry { reason: "once".to_owned(), after: test.moment };
    assert!(test.end(ticket, retry()).await);
    assert!(!test.end(ticket, retry()).await);
    assert!(!test.end(ticket, Outcome::Succeeded).await);
    let record = test.record(id).await;
    assert_eq!((record.state, record.attempts), (JobState::Waiting, 1));
    test.succeed(&test.next().await).await;
}

/// Eight workers fail and give back what they hold, over and over.
pub async fn several_workers_never_hold_one_job_at_a_time(test: JobsUnderTest) {
    const JOBS: usize = 40;
    test.queue.enqueue((0..JOBS).map(count).collect()).await.expect("a queue takes jobs");
    let held = Arc::new(Mutex::new(HashMap::<usize, usize>::new()));
    let mut workers = JoinSet::new();
    for worker in 0..8 {
        let (test, held) = (test.clone(), held.clone());
        workers.spawn(async move {
            let (mut succeeded, mut idle) = (0, 0);
            while idle < 8 {
                let claims = test.claim(3).await;
                if claims.is_empty() {
                    test.source.wait(&[Count::NAME], idle).await;
                    idle += 1;
                    continue;
                }
                idle = 0;
                for claim in &claims {
                    let other = held.lock().expect("no panic").insert(number_of(claim), worker);
                    assert_eq!(other, None, "two workers hold {}", number_of(claim));
                }
                for claim in &claims {
                    tokio::task::yield_now().await;
                    // Before it is told: from then on it may be another's.
                    held.lock().expect("no panic").remove(&number_of(claim));
                    if claim.attempt == 3 {
                        test.succeed(claim).await;
                        succeeded += 1;
                    } else {
                        let reason = "again".to_owned();
                        let retry = Outcome::Retry { reason, after: std::time::Duration::ZERO };
                        assert!(test.end(claim.ticket, retry).await);
                    }
                }
            }
            succeeded
        });
    }
    let done = tokio::time::timeout(PATIENCE, workers.join_all()).await.expect("workers end");
    assert_eq!(done.iter().sum::<usize>(), JOBS);
}
