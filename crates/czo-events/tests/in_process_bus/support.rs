//! Events that carry a number, and handlers that collect or hold them.

use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    DomainEvent, Event, EventBus, EventFactory, EventHandler, RequestContext, SubscribeOptions,
    Subscription, SystemClock, SystemIds, handler_fn,
};
use czo_events::InProcessBus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("test.number.counted", version = 1)]
pub(crate) struct Counted {
    pub(crate) number: usize,
}

/// The same under another name.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event("test.number.skipped", version = 1)]
pub(crate) struct Skipped {
    pub(crate) number: usize,
}

pub(crate) fn counted(number: usize) -> DomainEvent {
    event(&Counted { number })
}

pub(crate) fn skipped(number: usize) -> DomainEvent {
    event(&Skipped { number })
}

fn event(payload: &impl Event) -> DomainEvent {
    EventFactory::new("test", Arc::new(SystemClock), Arc::new(SystemIds))
        .event(&RequestContext::system(&SystemIds), payload)
        .unwrap()
}

pub(crate) fn number_of(event: &DomainEvent) -> usize {
    event
        .decode::<Counted>()
        .map_or_else(|_| event.decode::<Skipped>().unwrap().number, |counted| counted.number)
}

pub(crate) async fn subscribe(
    bus: &InProcessBus,
    pattern: &str,
    group: &str,
    handler: impl EventHandler + 'static,
) -> Subscription {
    let (pattern, group) = (pattern.parse().unwrap(), group.parse().unwrap());
    bus.subscribe(pattern, group, Arc::new(handler), SubscribeOptions::default()).await.unwrap()
}

/// The numbers of all events that a new subscription gets.
pub(crate) async fn collect(
    bus: &InProcessBus,
    pattern: &str,
    group: &str,
) -> mpsc::UnboundedReceiver<usize> {
    let (sender, numbers) = mpsc::unbounded_channel();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let _ = sender.send(number_of(&event));
        async { Ok(()) }
    });
    subscribe(bus, pattern, group, handler).await.detach();
    numbers
}

/// As [`collect`], with handlers that each take a permit of `gate` before they end.
pub(crate) async fn collect_behind(
    bus: &InProcessBus,
    pattern: &str,
    group: &str,
    gate: &Arc<Semaphore>,
) -> (Subscription, mpsc::UnboundedReceiver<usize>) {
    let (sender, numbers) = mpsc::unbounded_channel();
    let gate = gate.clone();
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let _ = sender.send(number_of(&event));
        let gate = gate.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    (subscribe(bus, pattern, group, handler).await, numbers)
}

/// A gate that lets nobody through.
pub(crate) fn closed_gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

pub(crate) fn open(gate: &Semaphore) {
    gate.add_permits(1_000_000);
}

/// Everything that was received by now.
pub(crate) fn received(numbers: &mut mpsc::UnboundedReceiver<usize>) -> Vec<usize> {
    std::iter::from_fn(|| numbers.try_recv().ok()).collect()
}

/// Everything that is received until the bus is drained.
pub(crate) async fn drain(
    bus: &InProcessBus,
    numbers: &mut mpsc::UnboundedReceiver<usize>,
) -> Vec<usize> {
    bus.shutdown(Duration::from_secs(10)).await.ok();
    received(numbers)
}
