//! The contract of every event bus.

use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use thiserror::Error;

use crate::{Classified, DomainEvent, ErrorKind, Event, Health, TopicPattern, describe};

/// Carries events from whoever publishes to every group that subscribed.
///
/// It is held as `Arc<dyn EventBus>`, hence `async_trait`; conveniences are in [`EventBusExt`].
///
/// **Delivery.** An event goes once to every group with a matching subscription; the
/// subscriptions of one group share its events between them. How often it is tried, and whether
/// it survives the process, is the provider's promise and stands in its documentation. Handlers
/// must be idempotent by [`DomainEvent::id`].
///
/// **Order.** Events published one after the other by one task reach a subscription in that
/// order when its concurrency is 1, the default.
///
/// **Back pressure.** A group that takes no more for now keeps an event from no other group:
/// `publish` fails with [`BusError::Overloaded`] after the others got it. Publishing it again
/// gives it to those a second time, with the same id.
///
/// **Cancellation.** Dropping the future of `publish` leaves the event published or not
/// published, and the caller does not learn which. Published means to every group but those
/// that take no more.
///
/// **Threads.** All methods may be called at the same time from any task, also from inside a
/// handler.
#[async_trait]
pub trait EventBus: Send + Sync + fmt::Debug {
    /// Hands `event` over. `Ok` means that the provider has taken responsibility for it, not
    /// that a handler has run.
    async fn publish(&self, event: DomainEvent) -> Result<(), BusError>;

    /// Hands several events over, in order. On [`BusError::Overloaded`], the groups that take no
    /// more lack some of them, and the others have some or all, as the provider documents. On any
    /// other error, and when the future is dropped, a prefix of them may be published.
    async fn publish_batch(&self, events: Vec<DomainEvent>) -> Result<(), BusError>;

    /// Runs `handler` for every event that matches `pattern`, until the subscription is dropped
    /// or the bus shuts down.
    ///
    /// The group is a stable name: on a broker it is the queue, so that events wait for it while
    /// nobody listens.
    async fn subscribe(
        &self,
        pattern: TopicPattern,
        group: Group,
        handler: Arc<dyn EventHandler>,
        options: SubscribeOptions,
    ) -> Result<Subscription, BusError>;

    /// Stops taking events and waits until those taken are handled, at most for `deadline`.
    ///
    /// # Errors
    ///
    /// [`BusError::DrainTimedOut`] with the number of events left behind.
    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError>;

    /// How well the bus is.
    async fn health(&self) -> Health;
}

/// What a subscription runs for an event.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// Handles one event. It may be called again with the same event, and a panic counts as an
    /// error.
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), HandlerError>;
}

/// Why a handler did not handle an event.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct HandlerError {
    message: String,
    retryable: bool,
}

impl HandlerError {
    /// It may work when tried again: a timeout, a lost connection.
    #[must_use]
    pub fn retryable(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), retryable: true }
    }

    /// It will never work: the event makes no sense to this handler.
    #[must_use]
    pub fn permanent(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), retryable: false }
    }

    /// Whether trying again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }
}

impl<E: Classified> From<E> for HandlerError {
    fn from(error: E) -> Self {
        // With its causes: the error itself ends here.
        Self { message: describe(&error), retryable: error.is_retryable() }
    }
}

/// The stable name of a group of subscribers, such as `catalog.inventory`: segments of
/// `[a-z][a-z0-9_]*` separated by dots, 200 bytes at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Group(String);

/// Text that is not the name of a group.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a group name: expected segments of a-z, 0-9 and _, each starting with a letter, separated by dots, 200 bytes at most"
)]
pub struct GroupError(String);

impl Group {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Group {
    type Err = GroupError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.len() <= 200
            && text.split('.').all(|segment| {
                segment.starts_with(|c: char| c.is_ascii_lowercase())
                    && segment.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            });
        if fits { Ok(Self(text.to_owned())) } else { Err(GroupError(text.to_owned())) }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a subscription is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscribeOptions {
    /// How many handlers of this subscription may run at once; 0 counts as 1. Default 1, which
    /// keeps order.
    pub concurrency: usize,
}

impl Default for SubscribeOptions {
    fn default() -> Self {
        Self { concurrency: 1 }
    }
}

impl SubscribeOptions {
    /// Lets up to `handlers` (at least 1) of this subscription run at once, giving up order.
    #[must_use]
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.concurrency = handlers.max(1);
        self
    }
}

/// A running subscription: dropping it, or [`cancel`](Self::cancel), ends it. What was handed to
/// a handler is finished; what waits stays for the other subscriptions of the group. Whether it
/// waits for a later one when there is none is the provider's promise.
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    cancel: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Subscription {
    /// A subscription that ends by calling `cancel`. For providers.
    pub fn new(cancel: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self { cancel: Some(Box::new(cancel)) }
    }

    /// Ends the subscription.
    pub fn cancel(self) {}

    /// Lets the subscription run for as long as the bus does.
    pub fn detach(mut self) {
        self.cancel = None;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(cancel) = self.cancel.take() {
            cancel();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// Why a bus did not do as asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BusError {
    /// The bus has been shut down.
    #[error("the event bus is shut down")]
    Closed,
    /// A group is so far behind that it takes no more for now. It did not get the event; the
    /// others did. When several groups did not, this is one of them.
    #[error("group `{group}` is {waiting} events behind and takes no more for now")]
    Overloaded {
        /// The group that is behind.
        group: Group,
        /// How many of its events wait.
        waiting: usize,
    },
    /// Draining took longer than the caller would wait.
    #[error("{left} events were not handled before the deadline")]
    DrainTimedOut {
        /// How many events were left behind.
        left: usize,
    },
}

impl Classified for BusError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }

    fn is_retryable(&self) -> bool {
        matches!(self, Self::Overloaded { .. })
    }
}

/// Conveniences over every [`EventBus`].
pub trait EventBusExt: EventBus {
    /// Runs `handler` with the decoded payload of every `E`.
    ///
    /// An event of this type with another version or shape is a permanent error of the handler.
    fn on<E, H, F>(
        &self,
        group: Group,
        handler: H,
    ) -> impl Future<Output = Result<Subscription, BusError>> + Send
    where
        E: Event,
        H: Fn(E, Arc<DomainEvent>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let handler = Arc::new(handler_fn(move |event: Arc<DomainEvent>| {
            let decoded = event.decode::<E>().map(|payload| handler(payload, event));
            async move {
                match decoded {
                    Ok(handling) => handling.await,
                    Err(error) => Err(HandlerError::permanent(error)),
                }
            }
        }));
        self.subscribe(E::TYPE.into(), group, handler, SubscribeOptions::default())
    }
}

impl<B: EventBus + ?Sized> EventBusExt for B {}

/// A handler made of a function.
pub fn handler_fn<H, F>(function: H) -> impl EventHandler
where
    H: Fn(Arc<DomainEvent>) -> F + Send + Sync,
    F: Future<Output = Result<(), HandlerError>> + Send,
{
    HandlerFn(function)
}

struct HandlerFn<H>(H);

#[async_trait]
impl<H, F> EventHandler for HandlerFn<H>
where
    H: Fn(Arc<DomainEvent>) -> F + Send + Sync,
    F: Future<Output = Result<(), HandlerError>> + Send,
{
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), HandlerError> {
        (self.0)(event).await
    }
}
