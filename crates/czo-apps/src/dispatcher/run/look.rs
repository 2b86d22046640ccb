//! Finding what is due.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use czo_repo::DatabaseError;

use super::Run;
use crate::AppWebhookId;
use crate::dispatcher::attempt::Delivery;
use crate::dispatcher::endpoint::Target;
use crate::dispatcher::settle::{End, Ended, Settlement};
use crate::dispatcher::store::{Found, Wanted};

/// How long something that can't be read now is left.
const LATER: Duration = Duration::from_millis(20);

impl Run {
    /// Reads what is due of its own and starts it, and then has webhooks looked for that are
    /// nobody's. Says whether the database was asked for something that is due.
    pub(super) async fn look(&mut self) -> Result<bool, DatabaseError> {
        let was_asked = self.read().await?;
        self.start();
        self.take();
        Ok(was_asked)
    }

    /// Learns what webhooks are.
    async fn load(&mut self, webhooks: &[AppWebhookId]) -> Result<(), DatabaseError> {
        if webhooks.is_empty() {
            return Ok(());
        }
        let found = self.store.find(webhooks).await?;
        self.learn(webhooks, found);
        Ok(())
    }

    /// Notes what webhooks are.
    pub(super) fn learn(&mut self, webhooks: &[AppWebhookId], found: Vec<Found>) {
        let found: HashMap<_, _> = found.into_iter().map(|found| (found.webhook, found)).collect();
        for webhook in webhooks {
            if let Some(endpoint) = self.endpoints.get_mut(webhook) {
                endpoint.target = Target::of(found.get(webhook));
            }
            self.bury(*webhook);
        }
    }

    /// Gives up what waits for a webhook that is not served, once nothing of it is in memory.
    pub(super) fn bury(&mut self, webhook: AppWebhookId) {
        let Some(endpoint) = self.endpoints.get_mut(&webhook) else { return };
        let Target::Closed { reason } = endpoint.target.clone() else { return };
        endpoint.clear();
        if endpoint.is_idle() && !self.is_draining {
            endpoint.is_burying = true;
            self.settle(Settlement::Bury { webhook, reason });
        }
    }

    async fn read(&mut self) -> Result<bool, DatabaseError> {
        let now = Instant::now();
        let options = self.shared.options.clone();
        let (mut wanted, mut except, mut alarms) = (Vec::new(), Vec::new(), Vec::new());
        for (webhook, endpoint) in &mut self.endpoints {
            let (firsts, retries) = endpoint.wanted(&options, now);
            if firsts > 0 {
                wanted.push(Wanted { webhook: *webhook, firsts, retries });
                except.extend(endpoint.have.iter().copied());
            } else {
                // It is full, or nothing may be sent to it: nobody knows what there is.
                endpoint.has_more = true;
                alarms.extend(endpoint.gate.opens_at(now));
            }
        }
        alarms.into_iter().for_each(|at| self.alarm(at));
        if wanted.is_empty() {
            return Ok(false);
        }
        let deliveries = self.store.read(&wanted, &except).await?;
        let mut counts: HashMap<AppWebhookId, (usize, usize)> = HashMap::new();
        for delivery in &deliveries {
            let (firsts, retries) = counts.entry(delivery.webhook).or_default();
            *(if delivery.attempts == 0 { firsts } else { retries }) += 1;
        }
        for wanted in wanted {
            let (firsts, retries) = counts.remove(&wanted.webhook).unwrap_or_default();
            if let Some(endpoint) = self.endpoints.get_mut(&wanted.webhook) {
                endpoint.has_more =
                    firsts >= wanted.firsts || (wanted.retries > 0 && retries >= wanted.retries);
            }
        }
        for delivery in deliveries {
            self.queue(delivery);
        }
        Ok(true)
    }

    fn queue(&mut self, delivery: Delivery) {
        let webhook = delivery.webhook;
        let Some(endpoint) = self.endpoints.get_mut(&webhook) else { return };
        endpoint.used = Instant::now();
        if !delivery.is_behind {
            endpoint.queue(delivery);
            self.is_ready(webhook);
            return;
        }
        endpoint.have.insert(delivery.position);
        self.settle(Settlement::Ended(Box::new(Ended {
            position: delivery.position,
            id: delivery.id,
            webhook,
            lane: delivery.lane,
            end: End::Held,
            attempts: delivery.attempts,
            sent: delivery.sent,
            was_sent: delivery.sent,
            error: None,
            log: None,
        })));
    }

    /// Says that its webhooks are its own, gives back those without deliveries, and learns what has
    /// changed of the others.
    pub(super) async fn renew(&mut self) -> Result<(), DatabaseError> {
        let began = Instant::now();
        let idle = self.options().idle;
        let free = self.endpoints.iter().filter(|(_, endpoint)| {
            endpoint.is_idle() && began.duration_since(endpoint.used) >= idle
        });
        let free: Vec<_> = free.map(|(webhook, _)| *webhook).collect();
        self.store.release(&free).await?;
        for webhook in &free {
            self.endpoints.remove(webhook);
            self.shared.signers.forget(*webhook);
        }
        let own = self.store.renew(self.options().lease).await?;
        self.leased_until = began + self.options().lease;
        // Of those that were lost, what is under way ends; another has them.
        self.endpoints.retain(|webhook, _| own.contains(webhook));
        // What is closed is not opened here: that it is disabled may not be written yet. It is given
        // back soon, and looked at by whoever takes it.
        let open = self.endpoints.iter();
        let open = open.filter(|(_, endpoint)| !matches!(endpoint.target, Target::Closed { .. }));
        let open: Vec<_> = open.map(|(webhook, _)| *webhook).collect();
        self.load(&open).await?;
        // Something given back may have come due at that moment.
        self.alarm(Instant::now() + LATER);
        Ok(())
    }
}
