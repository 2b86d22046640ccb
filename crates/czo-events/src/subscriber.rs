//! One subscription: a queue and the task that empties it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use czo_core::{DomainEvent, EventHandler, Group, HandlerError, SubscribeOptions, TopicPattern};
use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::in_process_bus::Unhandled;

/// One subscription of a group.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) pattern: TopicPattern,
    pub(crate) group: Group,
    queue: mpsc::Sender<Delivery>,
    stop: CancellationToken,
}

/// An event on its way to one handler. It counts as unhandled until it is dropped.
#[derive(Debug)]
pub(crate) struct Delivery {
    event: Arc<DomainEvent>,
    unhandled: Arc<Unhandled>,
}

impl Delivery {
    pub(crate) fn new(event: Arc<DomainEvent>, unhandled: Arc<Unhandled>) -> Self {
        unhandled.add();
        Self { event, unhandled }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.unhandled.remove();
    }
}

impl Subscriber {
    /// Starts the task that runs `handler`.
    pub(crate) fn start(
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
        capacity: usize,
    ) -> Arc<Self> {
        let (queue, deliveries) = mpsc::channel(capacity);
        let stop = CancellationToken::new();
        let work = work_off(deliveries, handler, group.clone(), options, stop.clone());
        tokio::spawn(work);
        Arc::new(Self { pattern, group, queue, stop })
    }

    /// A place in the queue, as soon as there is one; `None` once stopped.
    pub(crate) async fn reserve(&self) -> Option<mpsc::OwnedPermit<Delivery>> {
        self.queue.clone().reserve_owned().await.ok()
    }

    /// Lets running handlers finish and drops what waits.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// How many events wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

async fn work_off(
    deliveries: mpsc::Receiver<Delivery>,
    handler: Arc<dyn EventHandler>,
    group: Group,
    options: SubscribeOptions,
    stop: CancellationToken,
) {
    stream::unfold(deliveries, |mut deliveries| async {
        Some((deliveries.recv().await?, deliveries))
    })
    .take_until(stop.cancelled())
    .for_each_concurrent(options.concurrency, |delivery| handle(&*handler, &group, delivery))
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
