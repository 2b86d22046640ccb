//! Handling an event once, whatever arrives how often.

use std::sync::Arc;

use async_trait::async_trait;
use czo_core::{
    DomainEvent, EventBus, EventHandler, Group, HandlerError, SubscribeOptions, Subscription,
    TopicPattern,
};
use czo_repo::{Database, DatabaseError, UnitOfWork};
use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, Statement};
use thiserror::Error;

use crate::OutboxError;

/// What runs once for an event.
#[async_trait]
pub trait OnceHandler: Send + Sync {
    /// Handles one event. All it writes goes through `tx`, which is committed together with the
    /// note that the event was handled; when it fails, neither is. What it does elsewhere may
    /// happen several times, as with every handler.
    async fn handle(&self, event: &DomainEvent, tx: &UnitOfWork) -> Result<(), HandlerError>;
}

/// A handler made of a function.
///
/// ```
/// # use czo_outbox::once_fn;
/// # use sea_orm::ConnectionTrait;
/// let count = once_fn(|event, tx| {
///     Box::pin(async move {
///         tracing::info!(%event.id, "counted");
///         tx.execute_unprepared("UPDATE counter SET value = value + 1").await.map_err(czo_repo::DatabaseError::from)?;
///         Ok(())
///     })
/// });
/// ```
pub fn once_fn<H>(function: H) -> impl OnceHandler
where
    H: for<'a> Fn(&'a DomainEvent, &'a UnitOfWork) -> BoxFuture<'a, Result<(), HandlerError>>
        + Send
        + Sync,
{
    OnceFn(function)
}

struct OnceFn<H>(H);

#[async_trait]
impl<H> OnceHandler for OnceFn<H>
where
    H: for<'a> Fn(&'a DomainEvent, &'a UnitOfWork) -> BoxFuture<'a, Result<(), HandlerError>>
        + Send
        + Sync,
{
    async fn handle(&self, event: &DomainEvent, tx: &UnitOfWork) -> Result<(), HandlerError> {
        (self.0)(event, tx).await
    }
}

/// Remembers which group has handled which event, in the transaction of what the handler wrote.
///
/// **Promise.** Of an event that arrives several times, at once or one after the other, in one
/// process or several, a group's handler has one effect on the database.
///
/// **Limits.** It remembers for [`keep_inbox`](crate::OutboxOptions::keep_inbox); what arrives
/// after that is handled again. Only what is written through the unit of work counts.
#[derive(Clone, Debug)]
pub struct Inbox {
    database: Database,
}

/// Why an event was not handled, within its transaction.
#[derive(Debug, Error)]
enum OnceError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Handler(HandlerError),
}

/// Waits for another one that handles the same event, and does nothing once that has.
const REMEMBER: &str = "INSERT INTO inbox_event (consumer, event_id, handled_at) \
                        VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

impl Inbox {
    /// The inbox of `database`, whose tables `czo_migrations::outbox()` makes.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self { database: database.clone() }
    }

    /// Makes a handler for `group` that runs `handler` once for each event.
    #[must_use]
    pub fn handler<H: OnceHandler + 'static>(
        &self,
        group: Group,
        handler: H,
    ) -> impl EventHandler + use<H> {
        Once { database: self.database.clone(), group, handler: Arc::new(handler) }
    }

    /// Subscribes `group` to `bus`, and runs `handler` once for each event that matches.
    ///
    /// # Errors
    ///
    /// Those of [`EventBus::subscribe`].
    pub async fn subscribe_idempotent(
        &self,
        bus: &dyn EventBus,
        pattern: TopicPattern,
        group: Group,
        options: SubscribeOptions,
        handler: impl OnceHandler + 'static,
    ) -> Result<Subscription, OutboxError> {
        let once = Arc::new(self.handler(group.clone(), handler));
        Ok(bus.subscribe(pattern, group, once, options).await?)
    }
}

struct Once {
    database: Database,
    group: Group,
    handler: Arc<dyn OnceHandler>,
}

#[async_trait]
impl EventHandler for Once {
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), HandlerError> {
        let outcome = self
            .database
            .transaction(async |tx| {
                if !self.is_new(tx, &event).await? {
                    tracing::debug!(event.id = %event.id, group = %self.group, "handled before");
                    return Ok(());
                }
                self.handler.handle(&event, tx).await.map_err(OnceError::Handler)
            })
            .await;
        match outcome {
            Ok(()) => Ok(()),
            Err(OnceError::Handler(error)) => Err(error),
            Err(OnceError::Database(error)) => Err(error.into()),
        }
    }
}

impl Once {
    async fn is_new(&self, tx: &UnitOfWork, event: &DomainEvent) -> Result<bool, DatabaseError> {
        let now = self.database.now();
        let values = [self.group.to_string().into(), event.id.uuid().into(), now.into()];
        let remember = Statement::from_sql_and_values(tx.get_database_backend(), REMEMBER, values);
        Ok(tx.execute_raw(remember).await?.rows_affected() == 1)
    }
}
