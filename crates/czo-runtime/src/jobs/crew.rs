//! Those who do the jobs of this process.

use std::sync::Arc;
use std::time::Duration;

use czo_jobs::{Drained, Worker};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{JobStores, JobTasks};
use crate::config::JobsConfig;

/// Those who do the jobs of this process, and who look after its schedules. Dropped, they end
/// without anybody to wait for them.
pub(crate) struct Crew {
    end: watch::Sender<bool>,
    workers: Vec<JoinHandle<Drained>>,
}

impl Crew {
    /// They begin. Of each place where jobs are kept, so many run at once as `config` says; when told
    /// to end, they get `drain`.
    pub(crate) fn start(
        stores: &JobStores,
        tasks: &JobTasks,
        config: &JobsConfig,
        drain: Duration,
    ) -> Self {
        let (end, _) = watch::channel(false);
        let mut admin = Some(Arc::new(stores.clone()));
        let mut workers = Vec::new();
        for source in stores.sources() {
            let mut worker = Worker::new(source).concurrency(config.concurrency);
            worker = worker.lease(config.lease()).drain_for(drain);
            // One tells how many wait, everywhere.
            if let Some(admin) = admin.take() {
                worker = worker.count_waiting(admin);
            }
            let told = told(end.subscribe());
            workers.push(tokio::spawn(tasks.attach(worker).run(told)));
        }
        tokio::spawn(tasks.schedules().run(told(end.subscribe())));
        Self { end, workers }
    }

    /// Tells them to end: they take nothing more.
    pub(crate) fn stop(&self) {
        self.end.send_replace(true);
    }

    /// Tells them to end, and waits until they have, at most for `deadline`. What was not done by
    /// then is done elsewhere when its lease is over.
    pub(crate) async fn ended(self, deadline: Duration) {
        self.stop();
        let ended = async {
            for worker in self.workers {
                match worker.await {
                    Ok(Drained { aborted: 0, .. }) => {}
                    Ok(Drained { aborted, .. }) => {
                        tracing::info!(
                            jobs = aborted,
                            "jobs are left to other workers and the next start"
                        );
                    }
                    Err(error) => tracing::error!(%error, "a worker did not end in good order"),
                }
            }
        };
        if tokio::time::timeout(deadline, ended).await.is_err() {
            tracing::warn!("the jobs were not ended in time");
        }
    }
}

/// Ready when they are told to end, or nobody is left who could tell them.
async fn told(mut end: watch::Receiver<bool>) {
    // Both mean the same.
    let _ = end.wait_for(|end| *end).await;
}
