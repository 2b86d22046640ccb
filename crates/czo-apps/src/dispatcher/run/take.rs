//! Taking webhooks that are nobody's.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use czo_repo::DatabaseError;

use super::Run;
use crate::AppWebhookId;
use crate::dispatcher::endpoint::Endpoint;
use crate::dispatcher::gate::Known;
use crate::dispatcher::store::{Found, Store};

/// Webhooks that are nobody's are looked for no more often than this.
const TAKE_AGAIN: Duration = Duration::from_millis(5);

/// Webhooks that were nobody's and are this process' own now.
#[derive(Debug)]
pub(super) struct Taken {
    webhooks: Vec<(AppWebhookId, Known)>,
    found: Result<Vec<Found>, DatabaseError>,
    /// How long it took to find them.
    took: Duration,
    /// Until when the leases hold.
    leased_until: Instant,
}

impl Run {
    /// Looks for webhooks that are nobody's, in a task of its own: all that have something are gone
    /// through for that, and those that fail have something for long. The others do not wait for it.
    pub(super) fn take(&mut self) {
        if !self.taking.is_empty() {
            self.takes_again = true;
            return;
        }
        if Instant::now() < self.take_from {
            self.alarm(self.take_from);
            return;
        }
        let room = self.options().endpoints.saturating_sub(self.endpoints.len());
        // Who has all its slots taken leaves webhooks to others.
        if room == 0 || self.attempts.len() >= self.options().concurrency {
            return;
        }
        let own = self.endpoints.keys().copied().collect();
        self.taking.spawn(take(self.store.clone(), own, self.options().lease, room));
    }

    /// Serves the webhooks that were taken.
    pub(super) fn was_taken(&mut self, taken: Result<Taken, DatabaseError>) {
        let now = Instant::now();
        let again = mem::take(&mut self.takes_again);
        let Taken { webhooks, found, took, leased_until } = match taken {
            Ok(taken) => taken,
            Err(error) => return self.heard(Err(error)),
        };
        // The more there is to look through, the less often.
        self.take_from = now + TAKE_AGAIN.max(took * 2);
        if again {
            // What was committed meanwhile it may not have seen.
            self.alarm(self.take_from);
        }
        // If this process stood still for so long, they are another's by now.
        if webhooks.is_empty() || now >= leased_until {
            return self.heard(Ok(()));
        }
        for (webhook, known) in &webhooks {
            let endpoint = Endpoint::new(known, self.options(), now);
            self.endpoints.insert(*webhook, endpoint);
        }
        self.look_at = now;
        let webhooks: Vec<_> = webhooks.into_iter().map(|(webhook, _)| webhook).collect();
        // What is not found out now is when the leases are renewed.
        let found = found.map(|found| self.learn(&webhooks, found));
        self.heard(found);
    }
}

async fn take(
    store: Arc<Store>,
    own: Vec<AppWebhookId>,
    lease: Duration,
    room: usize,
) -> Result<Taken, DatabaseError> {
    let began = Instant::now();
    let webhooks = store.take(&own, lease, room).await?;
    let took = began.elapsed();
    let ids: Vec<_> = webhooks.iter().map(|(webhook, _)| *webhook).collect();
    let found = if ids.is_empty() { Ok(Vec::new()) } else { store.find(&ids).await };
    Ok(Taken { webhooks, found, took, leased_until: began + lease })
}
