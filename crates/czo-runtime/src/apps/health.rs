//! Webhooks in the health report.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use czo_apps::DispatcherHealth;
use czo_core::{Health, HealthCheck};

/// The health of the dispatcher of this process, once there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct WebhooksHealth {
    dispatcher: Arc<Mutex<Option<DispatcherHealth>>>,
}

impl WebhooksHealth {
    /// Says from now on how this dispatcher is.
    pub(crate) fn is_of(&self, dispatcher: DispatcherHealth) {
        *self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(dispatcher);
    }
}

#[async_trait]
impl HealthCheck for WebhooksHealth {
    fn name(&self) -> &str {
        "webhooks"
    }

    async fn check(&self) -> Health {
        let dispatcher = self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match dispatcher {
            Some(dispatcher) => dispatcher.check().await,
            None => Health::up().with_detail("no dispatcher in this process, others send"),
        }
    }
}
