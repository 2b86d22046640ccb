//! What the service wants to know of products.

use std::sync::Arc;

use czo_core::{
    BusError, DomainEvent, EventBus, HandlerError, SubscribeOptions, Subscription, handler_fn,
};
use serde::Deserialize;

use crate::Index;

/// The group of the service: the name of its queue.
pub const GROUP: &str = "search.indexing";

/// The events it wants.
pub const PATTERN: &str = "product.item.*";

/// What it reads of an event of the catalogue. It has no code in common with it: the envelope and
/// these fields are the contract.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    product_id: String,
    handle: String,
    title: Option<String>,
}

/// Keeps the index up to date, from now on and as long as the bus lives.
///
/// # Errors
///
/// Those of [`EventBus::subscribe`].
pub async fn subscribe(bus: &dyn EventBus, index: Index) -> Result<Subscription, BusError> {
    let handler = handler_fn(move |event: Arc<DomainEvent>| {
        let index = index.clone();
        async move { take_over(&index, &event).await }
    });
    let pattern = PATTERN.parse().expect("a constant of the right form");
    let group = GROUP.parse().expect("a constant of the right form");
    bus.subscribe(pattern, group, Arc::new(handler), SubscribeOptions::default()).await
}

/// The same event twice changes nothing, as handlers must be.
async fn take_over(index: &Index, event: &DomainEvent) -> Result<(), HandlerError> {
    let told = Told::deserialize(&event.data).map_err(HandlerError::permanent)?;
    match event.event_type.as_str() {
        "product.item.deleted" => index.forget(&told.product_id).await?,
        _ => index.remember(&told.product_id, &told.handle, told.title.as_deref()).await?,
    }
    tracing::info!(
        event.r#type = event.event_type.as_str(),
        handle = told.handle,
        correlation_id = event.correlation_id.as_str(),
        "indexed"
    );
    Ok(())
}
