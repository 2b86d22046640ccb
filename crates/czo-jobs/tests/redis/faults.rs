//! Servers that go away.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use czo_core::{Classified, Job, JobAdmin, JobFilter, JobQueue, JobQueueExt, JobState, NewJob};
use czo_jobs::{RedisJobs, RedisOptions, Worker};

use crate::support::{Numbered, PATIENCE, Server, connect, prefix};

fn numbered(number: u32) -> NewJob {
    NewJob::of(&Numbered { number }).unwrap()
}

/// A worker that remembers what it ran.
fn worker(jobs: &Arc<RedisJobs>, ran: &Arc<Mutex<HashSet<u32>>>) -> Worker {
    let ran = ran.clone();
    Worker::new(jobs.clone()).lease(Duration::from_millis(500)).handle_fn(
        move |job: Numbered, _| {
            ran.lock().unwrap().insert(job.number);
            async { Ok(()) }
        },
    )
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !is_so().await {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_that_was_acknowledged_runs_though_redis_is_killed_under_load() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]).await;
    let prefix = prefix();
    let producer = connect(&server.url(), &prefix).await;
    let jobs = Arc::new(connect(&server.url(), &prefix).await);
    let ran = Arc::<Mutex<HashSet<u32>>>::default();
    let running = worker(&jobs, &ran).spawn();

    let acknowledged = Arc::<Mutex<Vec<u32>>>::default();
    let stop = Arc::<AtomicBool>::default();
    let (told, ended) = (acknowledged.clone(), stop.clone());
    let load = tokio::spawn(async move {
        let mut number = 0;
        let mut refused = 0;
        while !ended.load(Ordering::Relaxed) {
            let batch: Vec<_> = (number..number + 10).collect();
            number += 10;
            match producer.enqueue(batch.iter().copied().map(numbered).collect()).await {
                Ok(_) => told.lock().unwrap().extend(batch),
                Err(error) => {
                    assert!(error.is_retryable(), "{error:?}");
                    refused += 1;
                }
            }
        }
        refused
    });

    let acknowledged_now = || acknowledged.lock().unwrap().len();
    for _ in 0..3 {
        let before = acknowledged_now();
        until("jobs are taken", async || acknowledged_now() >= before + 300).await;
        server.kill();
        server.restart().await;
    }
    let before = acknowledged_now();
    until("jobs are taken again", async || acknowledged_now() > before).await;
    stop.store(true, Ordering::Relaxed);
    load.await.unwrap();

    let acknowledged = acknowledged.lock().unwrap().clone();
    let all_ran = || {
        let ran = ran.lock().unwrap();
        acknowledged.iter().all(|number| ran.contains(number))
    };
    until("every acknowledged job runs", async || all_ran()).await;
    let unfinished = JobFilter::all().state(JobState::Waiting).state(JobState::Running);
    until("every job ends", async || jobs.counts(&unfinished).await.unwrap().is_empty()).await;
    let succeeded = jobs.counts(&JobFilter::all()).await.unwrap();
    assert_eq!(succeeded.len(), 1, "{succeeded:?}");
    assert_eq!(succeeded[0].state, JobState::Succeeded);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_a_retryable_error_in_time_and_then_all_goes_on() {
    let mut server = Server::start(&[]).await;
    let options = RedisOptions::new(server.url().parse().unwrap())
        .prefix(prefix())
        .timeout(Duration::from_millis(500));
    let jobs = Arc::new(RedisJobs::connect(options).await.unwrap());
    let ran = Arc::<Mutex<HashSet<u32>>>::default();
    let running = worker(&jobs, &ran).spawn();
    jobs.enqueue_one(numbered(1)).await.unwrap();
    until("the first runs", async || ran.lock().unwrap().contains(&1)).await;

    server.kill();
    for _ in 0..3 {
        let begin = Instant::now();
        let error = jobs.enqueue_one(numbered(2)).await.unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
    server.restart().await;
    until("it is there again", async || jobs.enqueue_one(numbered(3)).await.is_ok()).await;
    // The worker too, and it is woken again.
    until("the next runs", async || ran.lock().unwrap().contains(&3)).await;
    running.end().await;
}

#[tokio::test]
async fn no_server_at_all_is_told_at_once() {
    let mut server = Server::start(&[]).await;
    server.kill();
    let options = RedisOptions::new(server.url().parse().unwrap());
    let error = RedisJobs::connect(options).await.unwrap_err();
    assert!(error.is_retryable());
    assert!(czo_core::describe(&error).contains("127.0.0.1"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_runs_jobs_too() {
    let server =
        Server::start(&["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]).await;
    server.say(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).await;
    until("the cluster is up", async || {
        let info = server.say(&["CLUSTER", "INFO"]).await.into_string().unwrap();
        info.contains("cluster_state:ok")
    })
    .await;
    let jobs = connect(&server.url().replace("redis://", "redis-cluster://"), &prefix()).await;
    let jobs = Arc::new(jobs);
    let ran = Arc::<Mutex<HashSet<u32>>>::default();
    let running = worker(&jobs, &ran).spawn();
    let enqueued = jobs.enqueue((0..500).map(numbered).collect()).await.unwrap();
    until("all ran", async || ran.lock().unwrap().len() == 500).await;
    running.end().await;
    let record = jobs.get(enqueued[0].id).await.unwrap().unwrap();
    assert_eq!((record.name, record.state), (Numbered::NAME, JobState::Succeeded));
    assert_eq!(jobs.purge(&JobFilter::all(), 1_000).await.unwrap(), 500);
}

#[tokio::test]
async fn a_queue_that_is_dropped_leaves_no_connection() {
    let server = Server::start(&[]).await;
    let jobs = connect(&server.url(), &prefix()).await;
    czo_core::JobSource::wait(&jobs, &[Numbered::NAME], 1).await;
    let connections = async || {
        let list = server.say(&["CLIENT", "LIST"]).await.into_string().unwrap();
        list.lines().count()
    };
    assert!(connections().await >= 3);
    drop(jobs);
    until("only the one that asks is left", async || connections().await == 1).await;
}
