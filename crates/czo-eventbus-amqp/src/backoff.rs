//! Waiting longer each time.

use std::time::Duration;

use uuid::Uuid;

const FIRST: Duration = Duration::from_millis(50);

const LONGEST: Duration = Duration::from_secs(5);

/// Waits longer each time, up to five seconds, and never quite as long as somebody else.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Waits twice as long as before, of which a random part, up to a half, is left out.
    pub(crate) async fn wait(&mut self) {
        let pause = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let random = f64::from(Uuid::new_v4().as_bytes()[0]) / 255.0;
        tokio::time::sleep(pause.mul_f64(1.0 - random / 2.0)).await;
    }
}
