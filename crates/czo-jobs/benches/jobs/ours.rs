//! Jobs through a queue of czo.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use czo_core::{Job, JobAdmin, JobFilter, JobName, JobQueue, JobSource, JobState, NewJob};
use czo_jobs::Worker;
use serde::{Deserialize, Serialize};

use crate::{BATCH, CONCURRENCY};

#[derive(Serialize, Deserialize)]
struct Nothing {
    number: usize,
}

impl Job for Nothing {
    const NAME: JobName = JobName::from_static("bench.nothing");
}

/// Enqueues and runs so many jobs.
pub(crate) async fn turn<Q>(queue: Q, jobs: usize) -> Result<Duration>
where
    Q: JobQueue + JobSource + JobAdmin + Clone + 'static,
{
    let called = Arc::new(AtomicUsize::new(0));
    let counted = called.clone();
    let worker = Worker::new(Arc::new(queue.clone()))
        .concurrency(CONCURRENCY)
        .handle_fn(move |_: Nothing, _ctx| {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok(()))
        })
        .spawn();
    let start = Instant::now();
    for first in (0..jobs).step_by(BATCH) {
        let batch = first..(first + BATCH).min(jobs);
        let new = batch.map(|number| NewJob::of(&Nothing { number }));
        queue.enqueue(new.collect::<Result<_, _>>()?).await?;
    }
    while called.load(Ordering::Relaxed) < jobs {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    worker.end().await;
    let took = start.elapsed();
    // A fast error is no figure; and each round finds the same table.
    let not_well =
        JobFilter::all().state(JobState::Waiting).state(JobState::Running).state(JobState::Dead);
    ensure!(queue.counts(&not_well).await?.is_empty(), "some jobs did not succeed");
    while queue.purge(&JobFilter::all(), 10_000).await? > 0 {}
    Ok(took)
}
