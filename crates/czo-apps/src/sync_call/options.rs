//! What can be set.

use std::time::Duration;

/// What can be set of [`SyncWebhooks`](crate::SyncWebhooks). How long an app is waited for is not:
/// its manifest says that.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SyncOptions {
    /// How many bytes an answer may have. Default 256 KiB.
    pub response_limit: usize,
    /// How many calls of one webhook may be under way at once in this process; more fail at once.
    /// Default 64.
    pub per_webhook: usize,
    /// After how many failures in a row a webhook's breaker opens. Default 5.
    pub breaker_failures: u32,
    /// For how long it opens the first time; twice as long each time after. Default 5 s.
    pub breaker_pause: Duration,
    /// For how long it opens at most. Default 60 s.
    pub longest_breaker_pause: Duration,
    /// For how long a last good answer counts. Default 1 hour.
    pub keep_last_good: Duration,
    /// How many bytes of last good answers are kept, of all webhooks together; those that were not
    /// used for longest go first. Default 16 MiB.
    pub last_good_bytes: usize,
    /// How long signers are kept before [`SigningKeys`](crate::SigningKeys) is asked again.
    /// Default 10 s.
    pub keep_signers: Duration,
}

impl Default for SyncOptions {
    fn default() -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        Self {
            response_limit: 256 * 1024,
            per_webhook: 64,
            breaker_failures: 5,
            breaker_pause: SECOND * 5,
            longest_breaker_pause: SECOND * 60,
            keep_last_good: SECOND * 3_600,
            last_good_bytes: 16 * 1024 * 1024,
            keep_signers: SECOND * 10,
        }
    }
}
