//! Workers that have nothing to do.

use std::time::{Duration, Instant};

use czo_core::{JobName, JobQueueExt, JobSource, NewJob, Outcome};

use crate::support::{Numbered, Server, TestQueue, claim, connect, finished, prefix};

const NAME: JobName = <Numbered as czo_core::Job>::NAME;

static NAMES: [JobName; 1] = [NAME];

fn numbered(number: u32) -> NewJob {
    NewJob::of(&Numbered { number }).unwrap()
}

/// Sleeps as a worker does, until there is something; how long that took in all.
async fn rounds(queue: &TestQueue, wake: impl AsyncFn()) -> Duration {
    // Once, for the connection.
    queue.jobs.wait(&NAMES, 0).await;
    let begin = Instant::now();
    for _ in 0..6 {
        tokio::join!(queue.jobs.wait(&NAMES, 1), wake());
        let mut claims = claim(&queue.jobs, &NAME, 10).await;
        while claims.is_empty() {
            queue.jobs.wait(&NAMES, 1).await;
            claims = claim(&queue.jobs, &NAME, 10).await;
        }
        queue.jobs.finish(&[finished(&claims[0], Outcome::Succeeded)]).await.unwrap();
    }
    begin.elapsed()
}

#[tokio::test]
async fn a_sleeping_worker_is_woken_by_a_job_from_another_process() {
    let queue = TestQueue::new().await;
    let other = queue.other().await;
    let took = rounds(&queue, async || {
        other.enqueue_one(numbered(1)).await.unwrap();
    });
    // By itself it would look once a second.
    assert!(took.await < Duration::from_secs(3));
}

#[tokio::test]
async fn a_sleeping_worker_is_woken_when_a_job_is_due() {
    let queue = TestQueue::new().await;
    queue.jobs.enqueue_one(numbered(0).after(Duration::from_secs(60))).await.unwrap();
    let took = rounds(&queue, async || {
        queue.jobs.enqueue_one(numbered(1).after(Duration::from_millis(50))).await.unwrap();
    });
    assert!(took.await < Duration::from_secs(3));
}

#[tokio::test]
async fn a_sleeping_worker_is_woken_when_the_lease_of_another_is_over() {
    let queue = TestQueue::new().await;
    queue.jobs.enqueue_one(numbered(0)).await.unwrap();
    let begin = Instant::now();
    let lease = Duration::from_millis(100);
    assert_eq!(crate::support::claim_for(&queue.jobs, &NAME, 1, lease).await.len(), 1);
    queue.jobs.wait(&NAMES, 1).await;
    assert!(begin.elapsed() >= lease);
    assert_eq!(claim(&queue.jobs, &NAME, 1).await.len(), 1);
}

#[tokio::test]
async fn jobs_of_other_names_wake_nobody() {
    let queue = TestQueue::new().await;
    let begin = Instant::now();
    let other = async {
        for _ in 0..20 {
            let job = NewJob::raw("other.job".parse().unwrap(), String::new(), numbered(1).retry);
            queue.jobs.enqueue_one(job).await.unwrap();
        }
    };
    tokio::join!(queue.jobs.wait(&NAMES, 1), other);
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_idle_worker_asks_a_few_times_a_second() {
    let server = Server::start(&[]).await;
    let jobs = std::sync::Arc::new(connect(&server.url(), &prefix()).await);
    let worker = czo_jobs::Worker::new(jobs.clone());
    let worker = worker.handle_fn(async |_: Numbered, _| Ok(())).spawn();
    let calls = async || {
        let text = server.say(&["INFO", "commandstats"]).await.into_string().unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
        line.map_or(0, |line| line.split(',').next().unwrap().parse::<u32>().unwrap())
    };
    // It is at work.
    while calls().await < 3 {}
    let (begin, before) = (Instant::now(), calls().await);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (asked, seconds) = (calls().await - before, begin.elapsed().as_secs_f64());
    assert!(f64::from(asked) <= 4.0 * seconds.ceil(), "{asked} in {seconds} s");
    drop(worker);
}
