//! Waiting for something that another process does.

use std::time::{Duration, Instant};

/// How long anything may take; far more than it does.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to leave the processor to others before looking again.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until there is something to see, and fails when there still is nothing after a long time.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
