//! How long to step aside for others.

use std::time::Duration;

/// Pauses grow no longer than this.
const LONGEST: Duration = Duration::from_millis(100);

/// Waits before the next attempt: a random part of `first`, doubled with each attempt.
pub(crate) async fn pause(first: Duration, attempt: u32) {
    let longest = first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST);
    // The last bits of a random UUID are as random as any; no generator for them alone.
    let [random, ..] = uuid::Uuid::new_v4().into_bytes();
    tokio::time::sleep(longest.mul_f64(f64::from(random) / 255.0)).await;
}
