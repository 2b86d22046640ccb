//! What becomes of a delivery after an attempt.

use std::time::{Duration, Instant};

use super::Run;
use crate::dispatcher::attempt::{Attempted, Outcome};
use crate::dispatcher::endpoint::Target;
use crate::dispatcher::gate::Went;
use crate::dispatcher::settle::{BURIED_AT_ONCE, End, Ended, Settlement, Written};
use crate::{AppWebhookId, DeliveryState};

const GONE: &str = "the receiver answered that it is gone (410)";

impl Run {
    /// Notes how an attempt ended, and has it written.
    pub(super) fn finish(&mut self, attempted: Attempted) {
        let Attempted { delivery, outcome, error, log } = attempted;
        let (webhook, now) = (delivery.webhook, Instant::now());
        measure(outcome, log.as_ref().map(|log| log.duration));
        let is_retry = delivery.attempts > 0;
        if is_retry {
            let waited = self.has_most_retries();
            self.running_retries = self.running_retries.saturating_sub(1);
            if waited {
                self.all_are_ready();
            }
        }
        if let Some(endpoint) = self.endpoints.get_mut(&webhook) {
            let running =
                if is_retry { &mut endpoint.running_retries } else { &mut endpoint.running_firsts };
            *running = running.saturating_sub(1);
            endpoint.used = now;
        }
        let (attempts, sent) = match outcome {
            Outcome::Filtered | Outcome::Postponed { .. } => (delivery.attempts, delivery.sent),
            _ => (delivery.attempts.saturating_add(1), delivery.sent.saturating_add(1)),
        };
        let end = match outcome {
            Outcome::Delivered => End::Done(DeliveryState::Delivered),
            Outcome::Filtered => End::Done(DeliveryState::Filtered),
            Outcome::Gone => End::Done(DeliveryState::Dead),
            Outcome::Postponed { by } => End::Again { after: by },
            Outcome::Failed { not_before, .. } => match self.options().delay(attempts) {
                Some(delay) => End::Again { after: delay.max(not_before) },
                None => End::Done(DeliveryState::Dead),
            },
        };
        if let End::Again { after } = end {
            // Rounded up: the database counts milliseconds.
            self.alarm(now + after + Duration::from_millis(2));
        }
        if end == End::Done(DeliveryState::Dead) {
            let (id, error) = (delivery.id, error.as_deref().unwrap_or_default());
            tracing::warn!(%id, %webhook, error, "a delivery was given up");
        }
        self.settle(Settlement::Ended(Box::new(Ended {
            position: delivery.position,
            id: delivery.id,
            webhook,
            lane: delivery.lane,
            end,
            attempts,
            sent,
            was_sent: delivery.sent,
            error,
            log,
        })));
        match outcome {
            Outcome::Delivered => self.note(webhook, Went::Well),
            Outcome::Failed { went, .. } => self.note(webhook, went),
            Outcome::Gone => self.disable(webhook, GONE.to_owned()),
            Outcome::Filtered | Outcome::Postponed { .. } => {}
        }
        self.is_ready(webhook);
    }

    fn note(&mut self, webhook: AppWebhookId, went: Went) {
        let (options, now) = (self.shared.options.clone(), Instant::now());
        let Some(endpoint) = self.endpoints.get_mut(&webhook) else { return };
        let change = endpoint.gate.note(went, &options, now);
        let failing = endpoint.gate.failing(now).unwrap_or_default();
        if let Some(opens_at) = endpoint.gate.opens_at(now) {
            endpoint.clear();
            self.alarm(opens_at);
        }
        let Some(change) = change else { return };
        if change.trips > 0 {
            let pause = change.open.as_secs();
            tracing::warn!(%webhook, failures = change.failures, pause, "a webhook's breaker is open");
        } else {
            tracing::info!(%webhook, "a webhook's breaker is closed");
        }
        self.settle(Settlement::Breaker { webhook, change });
        if failing >= options.disable_after {
            let hours = failing.as_secs() / 3_600;
            self.disable(webhook, format!("nothing was delivered for {hours} hours"));
        }
    }

    fn disable(&mut self, webhook: AppWebhookId, reason: String) {
        if let Some(endpoint) = self.endpoints.get_mut(&webhook) {
            endpoint.target =
                Target::Closed { reason: format!("the webhook is disabled: {reason}") };
            endpoint.clear();
        }
        tracing::warn!(%webhook, reason, "a webhook is disabled");
        self.settle(Settlement::Disable { webhook, reason });
    }

    /// Forgets what was written, and reads on.
    pub(super) fn was_written(&mut self, written: Written) {
        self.unwritten = self.unwritten.saturating_sub(written.settlements);
        let now = Instant::now();
        for (webhook, position, is_of_lane) in written.positions {
            let Some(endpoint) = self.endpoints.get_mut(&webhook) else { continue };
            endpoint.have.remove(&position);
            if matches!(endpoint.target, Target::Closed { .. }) {
                self.bury(webhook);
            } else if endpoint.has_more || is_of_lane {
                // Behind it there may be the next one of its lane.
                self.look_at = now;
            }
        }
        for (webhook, buried) in written.buried {
            let Some(endpoint) = self.endpoints.get_mut(&webhook) else { continue };
            endpoint.is_burying = false;
            if buried > 0 {
                tracing::warn!(%webhook, buried, "deliveries of a closed webhook were given up");
            }
            if buried >= BURIED_AT_ONCE {
                self.bury(webhook);
            }
        }
    }
}

fn measure(outcome: Outcome, duration: Option<Duration>) {
    let outcome = match outcome {
        Outcome::Delivered => "delivered",
        Outcome::Filtered => "filtered",
        Outcome::Gone => "gone",
        Outcome::Failed { went: Went::Throttled { .. }, .. } => "throttled",
        Outcome::Failed { .. } => "failed",
        Outcome::Postponed { .. } => "postponed",
    };
    metrics::counter!("czo_webhook_attempts_total", "outcome" => outcome).increment(1);
    if let Some(duration) = duration {
        metrics::histogram!("czo_webhook_delivery_duration_seconds", "outcome" => outcome)
            .record(duration.as_secs_f64());
    }
}
