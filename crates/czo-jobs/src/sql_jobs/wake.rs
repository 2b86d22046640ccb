//! When a worker looks for jobs again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use czo_core::describe;
use czo_repo::Database;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

/// The channel of notifications.
const CHANNEL: &str = "czo_jobs";

/// The first pause of a worker that found nothing; it doubles each time.
const SHORTEST: Duration = Duration::from_millis(20);

/// The longest pause: how late a job of another process begins at most.
const LONGEST: Duration = Duration::from_secs(1);

/// Other processes are told this often at most, however many jobs there are.
const TELL_AGAIN: Duration = Duration::from_millis(10);

/// Wakes the workers of this process, and on PostgreSQL those of others.
#[derive(Debug, Default)]
pub(super) struct Wake {
    here: Arc<Notify>,
    others: Arc<Others>,
    /// Hears what other processes tell, once somebody waits here.
    listener: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// What other processes are to be told.
#[derive(Debug, Default)]
struct Others {
    /// Whether a task tells them.
    is_telling: AtomicBool,
    has_news: AtomicBool,
}

impl Wake {
    /// There may be something to do.
    pub(super) fn all(&self, database: &Database) {
        wake(&self.here);
        if database.is_sqlite() {
            return;
        }
        self.others.has_news.store(true, Ordering::SeqCst);
        if !self.others.is_telling.swap(true, Ordering::SeqCst) {
            tokio::spawn(tell(database.clone(), self.others.clone()));
        }
    }

    /// Waits until there may be something to do, at most for `longest`.
    pub(super) async fn wait(&self, database: &Database, longest: Duration) {
        if !database.is_sqlite() {
            self.listen(database);
        }
        // Nothing in time is an answer too.
        let _ = tokio::time::timeout(longest, self.here.notified()).await;
    }

    fn listen(&self, database: &Database) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        // Begun anew where the runtime of the last one has ended.
        if listener.as_ref().is_none_or(AbortOnDropHandle::is_finished) {
            let (here, mut notifications) = (self.here.clone(), database.listen(CHANNEL));
            *listener = Some(AbortOnDropHandle::new(tokio::spawn(async move {
                loop {
                    notifications.next().await;
                    wake(&here);
                }
            })));
        }
    }
}

fn wake(waiting: &Notify) {
    waiting.notify_waiters();
    // For a worker that looked before this and does not wait yet.
    waiting.notify_one();
}

/// Tells the others while there is news.
async fn tell(database: Database, others: Arc<Others>) {
    loop {
        while others.has_news.swap(false, Ordering::SeqCst) {
            if let Err(error) = database.notify(CHANNEL).await {
                // They look by themselves.
                tracing::debug!(error = describe(&error), "other processes are not told of jobs");
            }
            tokio::time::sleep(TELL_AGAIN).await;
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

/// How long a worker pauses that found nothing so many times in a row.
pub(super) fn pause(idle: u32) -> Duration {
    SHORTEST.saturating_mul(1 << idle.min(16)).min(LONGEST)
}
