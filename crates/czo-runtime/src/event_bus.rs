//! The event bus that a configuration says.

use std::sync::Arc;

use czo_core::{Clock, DeadLetters, EventBus, Group};
use czo_eventbus_amqp::{AmqpBus, AmqpDeadLetters, AmqpOptions, system_groups};
use czo_events::{DualWriteBus, InProcessBus, ParityLedger};

use crate::EventTopology;
use crate::config::{ConfigError, EventBusConfig, EventBusProvider};

/// An event bus, and what people see of it.
#[derive(Debug)]
pub(crate) struct OpenBus {
    pub(crate) bus: Arc<dyn EventBus>,
    pub(crate) dead_letters: DeadLetterSource,
    /// RabbitMQ, where it has a part in it.
    pub(crate) broker: Option<Arc<dyn EventBus>>,
    /// What becomes of the events that a dual write keeps for RabbitMQ.
    pub(crate) kept: KeptForBroker,
    /// What became of the events on both buses, where they are given to two.
    pub(crate) parity: Option<ParityLedger>,
}

/// What becomes of the events that a dual write keeps for RabbitMQ, in the mirror of the outbox.
#[derive(Clone, Debug)]
pub(crate) enum KeptForBroker {
    /// They stay, for when it has a part in it again.
    Stay,
    /// It is given them, beside what the bus in memory is given.
    GoBeside(Arc<dyn EventBus>),
    /// It has taken over, and is given them before anything newer.
    GoFirst(Arc<dyn EventBus>),
}

/// Where the dead letters of a bus are.
#[derive(Debug)]
pub(crate) enum DeadLetterSource {
    Memory(Arc<dyn DeadLetters>),
    Broker(Box<AmqpOptions>),
}

impl EventBusConfig {
    /// The bus, with nobody listening yet. With RabbitMQ it needs a tokio runtime; it works before
    /// the broker answers.
    pub(crate) fn open(&self, clock: &Arc<dyn Clock>) -> Result<OpenBus, ConfigError> {
        if self.falls_back() && !self.is_apart {
            tracing::warn!(
                "events stay in the memory of this process: `event_bus.rabbitmq.url` is not set, \
                 and `event_bus.fallback` is true"
            );
        }
        let options = if self.is_apart { None } else { self.amqp_options()? };
        if let Some(options) =
            options.clone().filter(|_| self.provider == EventBusProvider::RabbitMq)
        {
            let bus: Arc<dyn EventBus> = Arc::new(AmqpBus::new(options.clone()));
            let dead_letters = DeadLetterSource::Broker(Box::new(options));
            let kept = KeptForBroker::GoFirst(bus.clone());
            let broker = Some(bus.clone());
            return Ok(OpenBus { bus, dead_letters, broker, kept, parity: None });
        }
        let local = Arc::new(InProcessBus::with_clock(clock.clone()));
        let dead_letters = DeadLetterSource::Memory(local.clone());
        let Some(options) = options else {
            let kept = KeptForBroker::Stay;
            return Ok(OpenBus { bus: local, dead_letters, broker: None, kept, parity: None });
        };
        let broker: Arc<dyn EventBus> = Arc::new(AmqpBus::new(options));
        let both = DualWriteBus::with_outbox(local, broker.clone());
        let (parity, kept) =
            (Some(both.ledger().clone()), KeptForBroker::GoBeside(both.broker_side()));
        Ok(OpenBus { bus: Arc::new(both), dead_letters, broker: Some(broker), kept, parity })
    }
}

impl DeadLetterSource {
    /// The dead letters of the groups of a program, and of the whole system.
    pub(crate) fn open(self, topology: &EventTopology) -> Arc<dyn DeadLetters> {
        match self {
            Self::Memory(letters) => letters,
            Self::Broker(options) => Arc::new(on_the_broker(*options, topology)),
        }
    }
}

/// The dead letters of the groups of a program, and of the whole system, on RabbitMQ.
pub(crate) fn on_the_broker(options: AmqpOptions, topology: &EventTopology) -> AmqpDeadLetters {
    let own = topology.consumers.iter().map(|consumer| consumer.group.clone());
    let others = system_groups().into_iter().map(|wish| wish.group);
    AmqpDeadLetters::new(options, own.chain(others).collect::<Vec<Group>>())
}
