//! The bus does what every bus must.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, Classified, DeadLetter, DeadLetterFilter, DeadLetters, DomainEvent,
    EventBus, EventHandler, Group, Health, RetryPolicy, Settlement, SubscribeOptions, Subscription,
    TopicPattern,
};
use czo_eventbus_amqp::{AmqpBus, AmqpDeadLetters, AmqpOptions, Names, QueueKind};
use czo_testkit::{BusUnderTest, bus_conformance};
use tokio::time::Instant;

use crate::support::{PATIENCE, delete_all, options};

/// The names of the groups of the suite.
const GROUPS: &[&str] = &["failing", "panicking", "typed", "ordered", "one", "two"];

/// After which times the events of the suite are tried again.
const RETRIES: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_millis(600), Duration::from_millis(900)];

fn over(options: AmqpOptions) -> BusUnderTest {
    let groups = GROUPS.iter().map(|group| group.parse::<Group>().unwrap());
    // Many tests share the broker, which may stand still while it makes and deletes their queues.
    let options = options.confirm_timeout(PATIENCE);
    let letters = AmqpDeadLetters::new(options.clone(), groups);
    let remains = Remains { names: options.names.clone(), groups: Mutex::default() };
    let remains = Arc::new(remains);
    let bus = Observed { bus: AmqpBus::new(options), remains: remains.clone() };
    BusUnderTest {
        bus: Arc::new(bus),
        dead_letters: Arc::new(Patient { letters, _remains: remains }),
        retry: RetryPolicy::after(RETRIES),
        many: 100,
        is_durable: true,
    }
}

/// What a test leaves on the broker, which is taken away with the last handle. A quorum queue keeps
/// three files open, and a broker that has as many as it may takes nothing for a minute.
#[derive(Debug)]
struct Remains {
    names: Names,
    groups: Mutex<BTreeSet<Group>>,
}

impl Drop for Remains {
    fn drop(&mut self) {
        let groups = self.groups.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (names, groups) = (self.names.clone(), std::mem::take(groups));
        // In a runtime of its own: that of the test may be ending.
        let tidying = thread::spawn(move || -> io::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(delete_all(&names, groups, &RETRIES));
            Ok(())
        });
        // A broker that does not answer keeps them.
        let _ = tidying.join();
    }
}

/// The bus, and which groups it was asked for.
#[derive(Debug)]
struct Observed {
    bus: AmqpBus,
    remains: Arc<Remains>,
}

#[async_trait]
impl EventBus for Observed {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        self.bus.publish(event).await
    }

    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        self.bus.publish_batch(events).await
    }

    async fn relay(&self, event: DomainEvent, audience: &Audience) -> Result<Settlement, BusError> {
        self.bus.relay(event, audience).await
    }

    async fn subscribe(
        &self,
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        let groups = &self.remains.groups;
        groups.lock().unwrap_or_else(PoisonError::into_inner).insert(group.clone());
        self.bus.subscribe(pattern, group, handler, options).await
    }

    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError> {
        self.bus.shutdown(deadline).await
    }

    async fn health(&self) -> Health {
        self.bus.health().await
    }
}

/// Asks again where another time may be better, as a person would.
#[derive(Debug)]
struct Patient {
    letters: AmqpDeadLetters,
    _remains: Arc<Remains>,
}

#[async_trait]
impl DeadLetters for Patient {
    async fn list(
        &self,
        filter: &DeadLetterFilter,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, BusError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.letters.list(filter, limit).await {
                Err(error) if error.is_retryable() && Instant::now() < until => {}
                answer => return answer,
            }
        }
    }

    async fn redrive(&self, filter: &DeadLetterFilter, limit: usize) -> Result<usize, BusError> {
        // What it has done before it failed, nobody says: it is not asked again.
        self.letters.redrive(filter, limit).await
    }

    async fn purge(&self, filter: &DeadLetterFilter) -> Result<usize, BusError> {
        self.letters.purge(filter).await
    }
}

mod quorum {
    use super::*;

    bus_conformance!(real_time, async || over(options()));
}

mod classic {
    use super::*;

    bus_conformance!(real_time, async || over(options().queue_kind(QueueKind::Classic)));
}
