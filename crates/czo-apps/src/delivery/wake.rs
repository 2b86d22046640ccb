//! Tells dispatchers that there is something to deliver.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use czo_core::describe;
use czo_repo::Database;
use tokio::sync::Notify;

/// What dispatchers of all processes listen to.
pub(crate) const CHANNEL: &str = "czo_webhooks";

/// Other processes are told no more often than this.
const PAUSE: Duration = Duration::from_millis(5);

/// Tells dispatchers that there is something to deliver: the one of this process at once, those of
/// others through the database, after the commit and outside of any transaction.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    here: Notify,
    others: Arc<Others>,
}

#[derive(Debug, Default)]
struct Others {
    has_news: AtomicBool,
    is_telling: AtomicBool,
}

impl Wake {
    /// There is something to deliver.
    pub(crate) fn wake(&self, database: &Database) {
        self.here.notify_one();
        if database.is_sqlite() {
            return;
        }
        self.others.has_news.store(true, Ordering::SeqCst);
        if !self.others.is_telling.swap(true, Ordering::SeqCst) {
            tokio::spawn(tell(database.clone(), self.others.clone()));
        }
    }

    /// There is something to deliver, said another process.
    pub(crate) fn here(&self) {
        self.here.notify_one();
    }

    /// Returns once there may be something to deliver since the last call.
    pub(crate) async fn woken(&self) {
        self.here.notified().await;
    }
}

/// Tells the others while there is news.
async fn tell(database: Database, others: Arc<Others>) {
    loop {
        while others.has_news.swap(false, Ordering::SeqCst) {
            if let Err(error) = database.notify(CHANNEL).await {
                // They look by themselves.
                let error = describe(&error);
                tracing::debug!(error, "other processes are not told of deliveries");
            }
            tokio::time::sleep(PAUSE).await;
        }
        others.is_telling.store(false, Ordering::SeqCst);
        // News that came in between found somebody telling.
        let is_over = !others.has_news.load(Ordering::SeqCst)
            || others.is_telling.swap(true, Ordering::SeqCst);
        if is_over {
            return;
        }
    }
}
