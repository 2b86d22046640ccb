//! Tells the source how attempts ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use czo_core::{Classified, Finished, JobError, JobSource, describe};
use tokio::sync::{Notify, mpsc};

/// How many ends are told at once, at most.
const AT_ONCE: usize = 500;

/// The pause after a failure; it doubles each time, up to a second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What waits to be told.
#[derive(Default)]
pub(super) struct Untold {
    count: AtomicUsize,
    told: Notify,
}

impl Untold {
    pub(super) fn add(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Waits until something was told.
    pub(super) async fn some_told(&self) {
        self.told.notified().await;
    }
}

/// Tells what comes, as much at once as came meanwhile, until nothing more can come.
pub(super) async fn tell(
    source: Arc<dyn JobSource>,
    mut ended: mpsc::UnboundedReceiver<Finished>,
    untold: Arc<Untold>,
    patience: Duration,
) {
    let mut batch = Vec::new();
    while ended.recv_many(&mut batch, AT_ONCE).await > 0 {
        // In one order everywhere, so that two statements wait for each other, not both for ever.
        batch.sort_by_key(|finished| finished.ticket.id);
        tell_batch(&*source, &batch, patience).await;
        untold.count.fetch_sub(batch.len(), Ordering::Relaxed);
        untold.told.notify_one();
        batch.clear();
    }
}

async fn tell_batch(source: &dyn JobSource, batch: &[Finished], patience: Duration) {
    let Err(error) = until_told(source, batch, patience).await else { return };
    if batch.len() == 1 {
        return not_taken(&error, &batch[0]);
    }
    tracing::warn!(error = describe(&error), "the ends of jobs are told one by one");
    for finished in batch {
        if let Err(error) = until_told(source, std::slice::from_ref(finished), patience).await {
            not_taken(&error, finished);
        }
    }
}

/// It waits again when its lease is over.
fn not_taken(error: &JobError, finished: &Finished) {
    let (error, id) = (describe(error), finished.ticket.id);
    tracing::error!(job.id = %id, error, "the end of a job was not taken");
}

/// Tells these, again and again while that may help.
async fn until_told(
    source: &dyn JobSource,
    batch: &[Finished],
    mut patience: Duration,
) -> Result<(), JobError> {
    let mut pause = FIRST_PAUSE;
    loop {
        let told = tokio::time::timeout(patience, source.finish(batch)).await;
        let told = told.unwrap_or_else(|late| {
            // A store that is slow, and does not hang, is done in the end.
            patience = patience.saturating_mul(2);
            Err(JobError::Unavailable(Box::new(late)))
        });
        match told {
            Ok(lost) => {
                for ticket in lost {
                    tracing::warn!(job.id = %ticket.id, "a job ended that another worker has");
                }
                return Ok(());
            }
            Err(error) if error.is_retryable() => {
                tracing::warn!(error = describe(&error), "the ends of jobs cannot be told");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
            Err(error) => return Err(error),
        }
    }
}
