//! The contract of every event bus.

mod audience;
mod dead_letter;
mod error;
mod group;
mod handler;
mod options;
mod settlement;
mod subscription;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use self::audience::Audience;
pub use self::dead_letter::{
    DeadContent, DeadLetter, DeadLetterFilter, DeadLetters, Failure, UnreadableMessage,
};
pub use self::error::BusError;
pub use self::group::{Group, GroupError};
pub use self::handler::{EventHandler, HandlerError, handler_fn, typed_handler};
pub use self::options::{RetryPolicy, SubscribeOptions};
pub use self::settlement::Settlement;
pub use self::subscription::Subscription;
use crate::{DomainEvent, Event, Health, TopicPattern};

/// Carries events from whoever publishes to every group that subscribed.
///
/// It is held as `Arc<dyn EventBus>`, hence `async_trait`; conveniences are in [`EventBusExt`].
///
/// **Delivery.** An event goes once to every group with a matching subscription; the
/// subscriptions of one group share its events between them. Whether it survives the process is
/// the provider's promise and stands in its documentation. Handlers must be idempotent by
/// [`DomainEvent::id`].
///
/// **Failure.** An event whose handler fails steps aside and is tried again by the schedule of
/// [`RetryPolicy`]; after the last attempt, or at once when the error is permanent, it goes to the
/// [dead letters](DeadLetters) of its group with the reason. A panic of a handler is a failure
/// like any other.
///
/// **Order.** Events published one after the other by one task are first given to a subscription
/// in that order when its concurrency is 1, the default. Events with the same
/// [ordering key](SubscribeOptions::ordered_by) are handled one after the other in that order by
/// the group as a whole, whatever its concurrency, also while one of them waits to be tried
/// again.
///
/// **Back pressure.** A group that takes no more for now keeps an event from no other group:
/// `publish` fails with [`BusError::Overloaded`] after the others got it. Publishing it again
/// gives it to those a second time, with the same id.
///
/// **Settlement.** Whoever keeps an event elsewhere, as the outbox does, hands it over by `relay`
/// and hears from its [`Settlement`] when to let it go.
///
/// **Cancellation.** Dropping the future of `publish` or `relay` leaves the event published or not
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

    /// Hands `event` over for a relay, which keeps it until the settlement, and hands it over
    /// again when that is an error. `Ok` means what it means for [`publish`](Self::publish), with
    /// which it shares order and back pressure. An event that no subscription of the audience
    /// matches is settled at once.
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Self::publish), and [`BusError::UnknownGroup`] when the audience is a
    /// group that nobody serves.
    async fn relay(&self, event: DomainEvent, audience: &Audience) -> Result<Settlement, BusError>;

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

    /// Stops taking events and waits until those taken are handled, at most for `deadline`. Where
    /// a broker has them, those count that handlers have begun with; the others stay with it.
    ///
    /// # Errors
    ///
    /// [`BusError::DrainTimedOut`] with the number of events left behind.
    async fn shutdown(&self, deadline: Duration) -> Result<(), BusError>;

    /// How well the bus is.
    async fn health(&self) -> Health;
}

/// Conveniences over every [`EventBus`].
pub trait EventBusExt: EventBus {
    /// Runs `handler` with the decoded payload of every `E`, with the default options.
    ///
    /// See [`typed_handler`] for versions and shapes.
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
        self.on_with(group, SubscribeOptions::default(), handler)
    }

    /// As [`on`](Self::on), with options of your own.
    fn on_with<E, H, F>(
        &self,
        group: Group,
        options: SubscribeOptions,
        handler: H,
    ) -> impl Future<Output = Result<Subscription, BusError>> + Send
    where
        E: Event,
        H: Fn(E, Arc<DomainEvent>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let handler = Arc::new(typed_handler(handler));
        self.subscribe(E::TYPE.into(), group, handler, options)
    }
}

impl<B: EventBus + ?Sized> EventBusExt for B {}
