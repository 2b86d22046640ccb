//! A bus that fails, loses and repeats as told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, DomainEvent, EventBus, EventHandler, Group, Health, Settlement,
    SubscribeOptions, Subscription, TopicPattern,
};
use czo_events::InProcessBus;

/// The number of no event.
const NONE: u64 = u64::MAX;

/// A bus in memory that fails, loses and repeats as told.
#[derive(Clone, Debug)]
pub(crate) struct FaultyBus {
    bus: InProcessBus,
    faults: Arc<Faults>,
}

#[derive(Debug)]
struct Faults {
    fails: AtomicBool,
    repeats: AtomicBool,
    overloaded: AtomicBool,
    refuses: AtomicBool,
    unroutable: AtomicBool,
    lost: AtomicU64,
    taken: Mutex<Vec<u64>>,
}

impl Default for FaultyBus {
    fn default() -> Self {
        let faults = Faults {
            fails: AtomicBool::new(false),
            repeats: AtomicBool::new(false),
            overloaded: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
            unroutable: AtomicBool::new(false),
            lost: AtomicU64::new(NONE),
            taken: Mutex::default(),
        };
        Self { bus: InProcessBus::new(), faults: Arc::new(faults) }
    }
}

impl FaultyBus {
    /// Whether everything fails from now on.
    pub(crate) fn fail(&self, fails: bool) {
        self.faults.fails.store(fails, Ordering::SeqCst);
    }

    /// Whether every event is brought twice from now on.
    pub(crate) fn repeat(&self, repeats: bool) {
        self.faults.repeats.store(repeats, Ordering::SeqCst);
    }

    /// Whether some group is full from now on, which the others do not notice.
    pub(crate) fn overload(&self, overloaded: bool) {
        self.faults.overloaded.store(overloaded, Ordering::SeqCst);
    }

    /// Whether every event is refused for good from now on.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.faults.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Whether nobody is there for any event from now on.
    pub(crate) fn be_unroutable(&self, unroutable: bool) {
        self.faults.unroutable.store(unroutable, Ordering::SeqCst);
    }

    /// Takes the event of this number and never brings it.
    pub(crate) fn lose(&self, number: u64) {
        self.faults.lost.store(number, Ordering::SeqCst);
    }

    /// The numbers that were taken.
    pub(crate) fn taken(&self) -> Vec<u64> {
        self.faults.taken.lock().unwrap().clone()
    }

    fn check(&self) -> Result<(), BusError> {
        if self.faults.fails.load(Ordering::SeqCst) {
            return Err(BusError::Unavailable { reason: "of the test".to_owned() });
        }
        Ok(())
    }
}

#[async_trait]
impl EventBus for FaultyBus {
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError> {
        self.publish_batch(vec![event]).await
    }

    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError> {
        self.check()?;
        if self.faults.refuses.load(Ordering::SeqCst) {
            return Err(BusError::Refused { reason: "of the test".to_owned() });
        }
        for event in events {
            if self.faults.unroutable.load(Ordering::SeqCst) {
                return Err(BusError::Unroutable { event_type: event.event_type });
            }
            let number = event.data["number"].as_u64().unwrap();
            if number != self.faults.lost.load(Ordering::SeqCst) {
                if self.faults.repeats.load(Ordering::SeqCst) {
                    self.bus.publish(event.clone()).await?;
                }
                self.bus.publish(event).await?;
            }
            self.faults.taken.lock().unwrap().push(number);
        }
        if self.faults.overloaded.load(Ordering::SeqCst) {
            let group = "of.the.test".parse().unwrap();
            return Err(BusError::Overloaded { group, waiting: 1 });
        }
        Ok(())
    }

    async fn relay(&self, event: DomainEvent, _: &Audience) -> Result<Settlement, BusError> {
        self.publish(event).await?;
        Ok(Settlement::settled())
    }

    async fn subscribe(
        &self,
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        self.check()?;
        self.bus.subscribe(pattern, group, handler, options).await
    }

    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError> {
        self.bus.shutdown(deadline).await
    }

    async fn health(&self) -> Health {
        self.bus.health().await
    }
}
