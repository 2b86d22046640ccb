//! Keeps the jobs of a worker its own.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{JobSource, describe};
use tokio::time::{Instant, MissedTickBehavior};

use super::held::HeldJobs;

/// A cancellation is heard, and progress stored, this soon.
const LONGEST: Duration = Duration::from_secs(1);

/// Renews the leases of what is held, until it is dropped.
pub(super) async fn keep(source: Arc<dyn JobSource>, held: Arc<HeldJobs>, lease: Duration) {
    let mut beat = tokio::time::interval(LONGEST.min(lease / 3));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let renewals = held.renewals();
        if renewals.is_empty() {
            continue;
        }
        let since = Instant::now();
        // In time for another, or two, before the leases are over.
        match tokio::time::timeout(lease / 3, source.renew(&renewals, lease)).await {
            Ok(Ok(standings)) => held.renewed(&renewals, &standings, since),
            Ok(Err(error)) => {
                tracing::warn!(error = describe(&error), "leases of jobs cannot be renewed");
            }
            Err(_) => tracing::warn!("leases of jobs cannot be renewed in time"),
        }
        held.give_up(lease);
    }
}
