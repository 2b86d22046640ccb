//! A domain event to one of a thousand subscriptions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use czo_core::{
    DomainEvent, Event, EventBus, EventFactory, RequestContext, SubscribeOptions, SystemClock,
    SystemIds, handler_fn,
};
use czo_events::InProcessBus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, figure, median};

/// How many subscriptions there are.
const SUBSCRIPTIONS: usize = 1_000;

/// How many events a turn has; fewer than fit into the queue of a group.
const TURN: u32 = 500;

/// A product was created.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.created", version = 1)]
struct Created {
    product: String,
    title: String,
}

pub(crate) async fn measure(rounds: usize) -> Result<(), Error> {
    eprintln!("publishing to one of a thousand subscriptions");
    let (bus, handled) = (InProcessBus::new(), Arc::new(AtomicUsize::new(0)));
    for number in 0..SUBSCRIPTIONS {
        let handled = handled.clone();
        let handler = handler_fn(move |_| {
            handled.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok(()))
        });
        // One wants the event; of the others every third has a wildcard.
        let pattern = match (number, number % 3) {
            (0, _) => "product.*.created".to_owned(),
            (_, 0) => format!("domain_{number}.#"),
            _ => format!("domain_{number}.item.created"),
        };
        let (pattern, group) = (pattern.parse()?, format!("group.n{number}").parse()?);
        let options = SubscribeOptions::default();
        bus.subscribe(pattern, group, Arc::new(handler), options).await?.detach();
    }
    let payload = Created { product: "prod_1".to_owned(), title: "A shirt".to_owned() };
    let event = EventFactory::new("catalog", Arc::new(SystemClock), Arc::new(SystemIds))
        .event(&RequestContext::system(&SystemIds), &payload)?;

    let (mut took, mut through) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let before = handled.load(Ordering::Relaxed);
        let events: Vec<_> = (0..TURN).map(|_| event.clone()).collect();
        let publishing = publish(&bus, events).await?;
        let start = Instant::now();
        while handled.load(Ordering::Relaxed) < before + TURN as usize {
            tokio::task::yield_now().await;
        }
        if round > 0 {
            took.push(each(publishing));
            through.push(each(publishing + start.elapsed()));
        }
    }
    figure("events_publish_1000_subs_ns", median(took));
    figure("events_publish_and_handle_1000_subs_ns", median(through));
    Ok(bus.shutdown(Duration::from_secs(10)).await?)
}

/// How long the publishing takes; the handlers, which are other tasks of this thread, run when
/// that waits, which it does now and then to give them their turn.
async fn publish(bus: &InProcessBus, events: Vec<DomainEvent>) -> Result<Duration, Error> {
    let bus: &dyn EventBus = bus;
    let start = Instant::now();
    for event in events {
        // Without tokio's budget, which would let handlers run in between.
        tokio::task::unconstrained(bus.publish(event)).await?;
    }
    Ok(start.elapsed())
}

fn each(took: Duration) -> f64 {
    took.as_secs_f64() * 1e9 / f64::from(TURN)
}
