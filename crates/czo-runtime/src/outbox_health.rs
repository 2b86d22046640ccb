//! The outbox in the health report.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use czo_core::{Health, HealthCheck};
use czo_outbox::RelayHealth;

/// The health of a relay of this process, once there is one.
#[derive(Clone, Debug)]
pub(crate) struct OutboxHealth {
    name: &'static str,
    relay: Arc<Mutex<Option<RelayHealth>>>,
}

impl OutboxHealth {
    /// What is called so in the report.
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name, relay: Arc::default() }
    }

    /// Says from now on how this relay is.
    pub(crate) fn is_of(&self, relay: RelayHealth) {
        *self.relay.lock().unwrap_or_else(PoisonError::into_inner) = Some(relay);
    }
}

#[async_trait]
impl HealthCheck for OutboxHealth {
    fn name(&self) -> &str {
        self.name
    }

    async fn check(&self) -> Health {
        let relay = self.relay.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match relay {
            Some(relay) => relay.check().await,
            None => Health::up().with_detail("no relay in this process, others publish its events"),
        }
    }
}
