//! The event bus in the health report.

use std::sync::Arc;

use async_trait::async_trait;
use czo_core::{EventBus, Health, HealthCheck};

/// The health of an [`EventBus`].
#[derive(Debug)]
pub(crate) struct BusHealth {
    name: &'static str,
    bus: Arc<dyn EventBus>,
}

impl BusHealth {
    /// Of the bus of the program.
    pub(crate) fn of(bus: &Arc<dyn EventBus>) -> Self {
        Self { name: "event_bus", bus: bus.clone() }
    }

    /// Of RabbitMQ, with the depths of its queues.
    pub(crate) fn of_rabbitmq(broker: &Arc<dyn EventBus>) -> Self {
        Self { name: "rabbitmq", bus: broker.clone() }
    }
}

#[async_trait]
impl HealthCheck for BusHealth {
    fn name(&self) -> &str {
        self.name
    }

    async fn check(&self) -> Health {
        self.bus.health().await
    }
}
