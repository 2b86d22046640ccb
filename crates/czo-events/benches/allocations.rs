//! How often telling and publishing an event allocates.
//!
//! A program of its own: counting slows every allocation, so nothing is timed here.

#![expect(clippy::print_stdout, reason = "figures go to standard output")]

use std::sync::Arc;
use std::time::Duration;

use czo_core::{
    Event, EventBus, EventFactory, RequestContext, SubscribeOptions, SystemClock, SystemIds,
    handler_fn,
};
use czo_events::{EventEmitter, InProcessBus};
use futures_util::FutureExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A product was created.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event("product.item.created", version = 1)]
struct Created {
    title: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let emitter = EventEmitter::new();
    emitter.on(|_: Arc<u64>| async { Ok(()) }).detach();
    emitter.on_sync(|_: &u32| Ok(())).detach();
    // The first of each type looks who listens.
    let _ = (emitter.emit(1_u64).now_or_never(), emitter.emit(1_u32).now_or_never());
    figure("events_emit_one_async_allocations", || emitter.emit(1_u64).now_or_never().is_some())?;
    figure("events_emit_one_allocations", || emitter.emit(1_u32).now_or_never().is_some())?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let bus = InProcessBus::new();
        let handler = Arc::new(handler_fn(|_| async { Ok(()) }));
        let (pattern, group) = ("product.#".parse()?, "search.products".parse()?);
        let options = SubscribeOptions::default();
        bus.subscribe(pattern, group, handler, options).await?.detach();
        let events = EventFactory::new("catalog", Arc::new(SystemClock), Arc::new(SystemIds));
        let payload = Created { title: "A shirt".to_owned() };
        let mut event = Some(events.event(&RequestContext::system(&SystemIds), &payload)?);
        // The first one finds its way.
        bus.publish(events.event(&RequestContext::system(&SystemIds), &payload)?).await?;
        figure("events_publish_allocations", || {
            event.take().is_some_and(|event| bus.publish(event).now_or_never().is_some())
        })?;
        Ok(bus.shutdown(Duration::from_secs(10)).await?)
    })
}

/// Prints how often `work` allocates.
fn figure(name: &str, work: impl FnOnce() -> bool) -> Result<(), &'static str> {
    let mut done = false;
    let counted = allocation_counter::measure(|| done = work());
    println!("figure {name} {}", counted.count_total);
    if done { Ok(()) } else { Err("it had to wait") }
}
