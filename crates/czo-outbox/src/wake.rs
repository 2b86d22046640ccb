//! Tells relays that there is something to publish.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::store::{Store, Stream};

/// What relays of all processes listen to.
pub(crate) fn channel(stream: Stream) -> &'static str {
    match stream {
        Stream::Main => "czo_outbox",
        Stream::Mirror => "czo_outbox_mirror",
    }
}

/// Other processes are told no more often than this.
const PAUSE: Duration = Duration::from_millis(5);

/// Tells relays that there is something to publish: those of this process at once, those of
/// others through the database, outside of the transaction that wrote.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    here: Notify,
    elsewhere: Arc<Notify>,
    /// Whether a relay of this process publishes everything, so that nobody else need know.
    all_here: AtomicBool,
    teller: AtomicBool,
}

impl Wake {
    /// There is something to publish.
    pub(crate) fn wake(&self, store: &Store) {
        let (database, channel) = (store.database(), channel(store.stream()));
        self.here.notify_one();
        if database.is_sqlite() || self.all_here.load(Ordering::Relaxed) {
            return;
        }
        if !self.teller.swap(true, Ordering::AcqRel) {
            let (elsewhere, database) = (Arc::downgrade(&self.elsewhere), database.clone());
            tokio::spawn(async move {
                while let Some(elsewhere) = elsewhere.upgrade() {
                    // Ends soon after the last `Wake` has gone.
                    let woken = tokio::time::timeout(Duration::from_secs(1), elsewhere.notified());
                    if woken.await.is_err() {
                        continue;
                    }
                    if let Err(error) = database.notify(channel).await {
                        tracing::debug!(%error, "other relays were not told of events");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        self.elsewhere.notify_one();
    }

    /// Returns once there may be something to publish since the last call.
    pub(crate) async fn woken(&self) {
        self.here.notified().await;
    }

    pub(crate) fn set_all_here(&self, all: bool) {
        self.all_here.store(all, Ordering::Relaxed);
    }
}
