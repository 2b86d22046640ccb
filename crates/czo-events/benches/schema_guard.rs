//! What it costs to check an event against its schema before a handler gets it.
//!
//! `cargo bench -p czo-events --bench schema_guard` prints nanoseconds for one event.

#![expect(clippy::print_stdout, reason = "figures go to standard output")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use czo_core::{
    BusError, DomainEvent, Event, EventBus, EventCatalogue, EventFactory, EventHandler, Group,
    Health, RequestContext, SubscribeOptions, Subscription, SystemClock, SystemIds, TopicPattern,
    handler_fn,
};
use czo_events::SchemaGuard;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const EVENTS: u32 = 200_000;
const ROUNDS: usize = 7;

/// The shape of the catalogue's `ProductCreated`.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.created", version = 1)]
#[serde(rename_all = "camelCase")]
struct ProductCreated {
    product_id: czo_core::ShopId,
    handle: String,
    title: String,
}

/// A bus that gives away the handler it was given.
#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<Option<Arc<dyn EventHandler>>>>);

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keeper")
    }
}

#[async_trait]
impl EventBus for Keeper {
    async fn publish(&self, _: DomainEvent) -> Result<(), BusError> {
        Ok(())
    }

    async fn publish_batch(&self, _: Vec<DomainEvent>) -> Result<(), BusError> {
        Ok(())
    }

    async fn subscribe(
        &self,
        _: TopicPattern,
        _: Group,
        handler: Arc<dyn EventHandler>,
        _: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        *self.0.lock().unwrap() = Some(handler);
        Ok(Subscription::new(|| {}))
    }

    async fn shutdown(&self, _: Duration) -> Result<(), BusError> {
        Ok(())
    }

    async fn health(&self) -> Health {
        Health::up()
    }
}

async fn handler_on(bus: &dyn EventBus, keeper: &Keeper) -> Arc<dyn EventHandler> {
    let nothing = Arc::new(handler_fn(|event: Arc<DomainEvent>| async move {
        black_box(event);
        Ok(())
    }));
    let group = "bench.nothing".parse().unwrap();
    let options = SubscribeOptions::default();
    bus.subscribe(TopicPattern::all(), group, nothing, options).await.unwrap().detach();
    keeper.0.lock().unwrap().take().unwrap()
}

/// Nanoseconds for one event: the best of several rounds.
async fn measure(handler: &dyn EventHandler, event: &Arc<DomainEvent>) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..EVENTS {
            handler.handle(event.clone()).await.unwrap();
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS));
    }
    best
}

fn main() {
    let mut catalogue = EventCatalogue::default();
    catalogue.add::<ProductCreated>("catalog").unwrap();
    let keeper = Keeper::default();
    let guard = SchemaGuard::new(Arc::new(keeper.clone()), &catalogue).unwrap();
    let events = EventFactory::new("catalog", Arc::new(SystemClock), Arc::new(SystemIds));
    let payload = ProductCreated {
        product_id: czo_core::ShopId::generate(&SystemIds),
        handle: "ocean-blue-shirt".to_owned(),
        title: "Ocean Blue Shirt".to_owned(),
    };
    let ctx = RequestContext::system(&SystemIds);
    let event = Arc::new(events.event(&ctx, &payload).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let bare = handler_on(&keeper, &keeper).await;
        let guarded = handler_on(&guard, &keeper).await;
        let (bare, guarded) = (measure(&*bare, &event).await, measure(&*guarded, &event).await);
        println!("figure events_handle_bare_ns {bare:.0}");
        println!("figure events_handle_guarded_ns {guarded:.0}");
        println!("figure events_schema_check_ns {:.0}", guarded - bare);
    });
}
