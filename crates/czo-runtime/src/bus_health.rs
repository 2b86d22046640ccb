//! The event bus in the health report.

use std::sync::Arc;

use async_trait::async_trait;
use czo_core::{EventBus, Health, HealthCheck};

/// The health of an [`EventBus`].
#[derive(Debug)]
pub(crate) struct BusHealth(pub(crate) Arc<dyn EventBus>);

#[async_trait]
impl HealthCheck for BusHealth {
    fn name(&self) -> &str {
        "event_bus"
    }

    async fn check(&self) -> Health {
        self.0.health().await
    }
}
