//! The event bus that a configuration says.

use std::sync::Arc;

use czo_core::{Clock, DeadLetters, EventBus};
use czo_events::{InProcessBus, ParityLedger};

use crate::config::{EventBusConfig, EventBusProvider};

/// An event bus, and what people see of it.
#[derive(Debug)]
pub(crate) struct OpenBus {
    pub(crate) bus: Arc<dyn EventBus>,
    /// What its groups gave up.
    pub(crate) dead_letters: Arc<dyn DeadLetters>,
    /// What became of the events on both buses, where they are given to two.
    pub(crate) parity: Option<ParityLedger>,
}

impl EventBusConfig {
    /// The bus, with nobody listening yet.
    pub(crate) fn open(&self, clock: &Arc<dyn Clock>) -> OpenBus {
        match self.provider {
            EventBusProvider::InProcess => {
                let bus = Arc::new(InProcessBus::with_clock(clock.clone()));
                OpenBus { bus: bus.clone(), dead_letters: bus, parity: None }
            }
        }
    }
}
