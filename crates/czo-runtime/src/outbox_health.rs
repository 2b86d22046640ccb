//! The outbox in the health report.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use czo_core::{Health, HealthCheck};
use czo_outbox::RelayHealth;

/// The health of the relay of this process, once there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutboxHealth {
    relay: Arc<OnceLock<RelayHealth>>,
}

impl OutboxHealth {
    /// Says from now on how this relay is. The first one that is named counts.
    pub(crate) fn is_of(&self, relay: RelayHealth) {
        let _ = self.relay.set(relay);
    }
}

#[async_trait]
impl HealthCheck for OutboxHealth {
    fn name(&self) -> &str {
        "outbox"
    }

    async fn check(&self) -> Health {
        match self.relay.get() {
            Some(relay) => relay.check().await,
            None => Health::up().with_detail("no relay in this process, others publish its events"),
        }
    }
}
