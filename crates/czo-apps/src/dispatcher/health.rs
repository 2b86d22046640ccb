//! How a dispatcher is.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{Health, HealthCheck};
use tokio::sync::watch;

use crate::WebhookDeliveries;

/// How long counting may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a dispatcher is.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// How many webhooks are its own.
    pub(super) endpoints: usize,
    /// Of how many of them the breaker is open.
    pub(super) open: usize,
    /// Why it can't work.
    pub(super) trouble: Option<String>,
}

/// The health of a [`WebhookDispatcher`](crate::WebhookDispatcher): whether it can work, how many
/// deliveries wait, and how many were given up. What a receiver does is no matter of it.
#[derive(Clone, Debug)]
pub struct DispatcherHealth {
    deliveries: WebhookDeliveries,
    standing: watch::Receiver<Standing>,
}

impl DispatcherHealth {
    pub(super) fn new(deliveries: WebhookDeliveries, standing: watch::Receiver<Standing>) -> Self {
        Self { deliveries, standing }
    }
}

#[async_trait]
impl HealthCheck for DispatcherHealth {
    fn name(&self) -> &str {
        "webhooks"
    }

    async fn check(&self) -> Health {
        if self.standing.has_changed().is_err() {
            return Health::down("the dispatcher has ended: deliveries wait for another");
        }
        let standing = self.standing.borrow().clone();
        if let Some(trouble) = standing.trouble {
            return Health::down(format!("deliveries wait: {trouble}"));
        }
        let counts = tokio::time::timeout(PATIENCE, self.deliveries.counts()).await;
        let Ok(Ok(counts)) = counts else {
            return Health::degraded("deliveries cannot be counted");
        };
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let measures = [
            ("waiting", counts.waiting),
            ("dead", counts.dead),
            ("endpoints", number(standing.endpoints)),
            ("open_breakers", number(standing.open)),
        ];
        let detail = format!("{} deliveries wait, {} were given up", counts.waiting, counts.dead);
        let measures: BTreeMap<_, _> =
            measures.into_iter().map(|(name, measure)| (name.to_owned(), measure)).collect();
        Health::up().with_detail(detail).with_measures(measures)
    }
}
