//! What it costs to check an event against its schema before a handler gets it.

use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use czo_core::{
    Audience, BusError, DomainEvent, Event, EventBus, EventCatalogue, EventFactory, EventHandler,
    Group, Health, RequestContext, Settlement, SubscribeOptions, Subscription, SystemClock,
    SystemIds, TopicPattern, handler_fn,
};
use czo_events::SchemaGuard;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, figure, median};

/// How many events a turn has.
const TURN: u32 = 2_000;

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

    async fn relay(&self, _: DomainEvent, _: &Audience) -> Result<Settlement, BusError> {
        Ok(Settlement::settled())
    }

    async fn subscribe(
        &self,
        _: TopicPattern,
        _: Group,
        handler: Arc<dyn EventHandler>,
        _: SubscribeOptions,
    ) -> Result<Subscription, BusError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(handler);
        Ok(Subscription::new(|| {}))
    }

    async fn shutdown(&self, _: Duration) -> Result<(), BusError> {
        Ok(())
    }

    async fn health(&self) -> Health {
        Health::up()
    }
}

async fn handler_on(bus: &dyn EventBus, keeper: &Keeper) -> Result<Arc<dyn EventHandler>, Error> {
    let nothing = Arc::new(handler_fn(|event: Arc<DomainEvent>| async move {
        black_box(event);
        Ok(())
    }));
    let (group, options) = ("bench.nothing".parse()?, SubscribeOptions::default());
    bus.subscribe(TopicPattern::all(), group, nothing, options).await?.detach();
    let kept = keeper.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(kept.ok_or("the bus was not asked")?)
}

/// One turn, in nanoseconds an event.
async fn turn(handler: &dyn EventHandler, event: &Arc<DomainEvent>) -> Result<f64, Error> {
    let start = Instant::now();
    for _ in 0..TURN {
        handler.handle(event.clone()).await?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e9 / f64::from(TURN))
}

pub(crate) async fn measure(rounds: usize) -> Result<(), Error> {
    eprintln!("checking against a schema");
    let mut catalogue = EventCatalogue::default();
    catalogue.add::<ProductCreated>("catalog")?;
    let keeper = Keeper::default();
    let guard = SchemaGuard::new(Arc::new(keeper.clone()), &catalogue)?;
    let events = EventFactory::new("catalog", Arc::new(SystemClock), Arc::new(SystemIds));
    let payload = ProductCreated {
        product_id: czo_core::ShopId::generate(&SystemIds),
        handle: "ocean-blue-shirt".to_owned(),
        title: "Ocean Blue Shirt".to_owned(),
    };
    let event = Arc::new(events.event(&RequestContext::system(&SystemIds), &payload)?);
    let (bare, guarded) = (handler_on(&keeper, &keeper).await?, handler_on(&guard, &keeper).await?);
    let (mut alone, mut more) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let bare = turn(&*bare, &event).await?;
        alone.push(bare);
        more.push(turn(&*guarded, &event).await? - bare);
    }
    figure("events_handle_bare_ns", median(alone));
    figure("events_schema_check_ns", median(more));
    Ok(())
}
