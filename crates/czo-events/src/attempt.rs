//! One attempt of a handler at an event.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use czo_core::{DomainEvent, EventHandler, Group, HandlerError};
use futures_util::FutureExt;
use tracing::Instrument;

/// Lets `handler` try `event`, as every bus does: in the context of the event, in a span, measured,
/// and a panic is an error that may pass. `number` is 1 for the first attempt. For providers of
/// [`EventBus`](czo_core::EventBus).
///
/// # Errors
///
/// What the handler said, or its panic.
pub async fn attempt(
    handler: &dyn EventHandler,
    event: &Arc<DomainEvent>,
    group: &Group,
    number: u32,
) -> Result<(), HandlerError> {
    let span = tracing::debug_span!(
        "handle_event",
        group = group.as_str(),
        event.r#type = event.event_type.as_str(),
        event.id = %event.id,
        attempt = number,
        correlation_id = event.correlation_id.as_str(),
    );
    let started = Instant::now();
    let handling = async { handler.handle(event.clone()).await };
    let outcome = AssertUnwindSafe(event.context().scope(handling))
        .catch_unwind()
        .instrument(span)
        .await
        // Nothing is known about it, so it is tried again like what may pass.
        .unwrap_or_else(|panic| Err(HandlerError::retryable(panic_message(&*panic))));
    metrics::histogram!(
        "czo_eventbus_handler_duration_seconds",
        "group" => group.to_string(),
        "outcome" => if outcome.is_ok() { "ok" } else { "error" },
    )
    .record(started.elapsed());
    outcome
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", text.unwrap_or("without a message"))
}
