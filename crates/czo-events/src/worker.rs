//! The task of one subscription: it takes from the queue of its group and runs the handler.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use czo_core::{EventHandler, Group, HandlerError};
use futures_util::{FutureExt, StreamExt, stream};
use tracing::Instrument;

use crate::group_queue::{Delivery, GroupQueue, Member};

/// Runs `handler` for what `member` takes, until the member is stopped or its queue ends.
pub(crate) async fn work_off(
    queue: Arc<GroupQueue>,
    member: Arc<Member>,
    handler: Arc<dyn EventHandler>,
    concurrency: usize,
) {
    stream::unfold(0, |seen| queue.next(&member, seen))
        .for_each_concurrent(concurrency.max(1), |delivery| {
            handle(&*handler, queue.group(), delivery)
        })
        .await;
}

/// Runs the handler for one event; whatever happens in it ends here.
async fn handle(handler: &dyn EventHandler, group: &Group, delivery: Delivery) {
    let event = &delivery.event;
    let span = tracing::debug_span!(
        "handle_event",
        group = group.as_str(),
        event.r#type = event.event_type.as_str(),
        event.id = %event.id,
        correlation_id = event.correlation_id.as_str(),
    );
    let started = Instant::now();
    let handling = event.context().scope(handler.handle(event.clone()));
    let outcome = AssertUnwindSafe(handling)
        .catch_unwind()
        .instrument(span.clone())
        .await
        .unwrap_or_else(|panic| Err(HandlerError::permanent(panic_message(&*panic))));
    if let Err(error) = &outcome {
        span.in_scope(|| tracing::error!(%error, "an event handler failed"));
    }
    metrics::histogram!(
        "czo_eventbus_handler_duration_seconds",
        "group" => group.to_string(),
        "outcome" => if outcome.is_ok() { "ok" } else { "error" },
    )
    .record(started.elapsed());
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", text.unwrap_or("without a message"))
}
