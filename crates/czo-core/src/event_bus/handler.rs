//! What a subscription runs for an event.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use thiserror::Error;

use crate::{Classified, DomainEvent, Event, describe};

/// What a subscription runs for an event.
#[async_trait]
pub trait EventHandler: Send + Sync {
    /// Handles one event. It may be called again with the same event, and a panic counts as an
    /// error.
    async fn handle(&self, event: Arc<DomainEvent>) -> Result<(), HandlerError>;
}

/// Why a handler did not handle an event or a job.
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

/// A handler made of a function of the decoded payload.
///
/// Older versions are read through the upcasters of `E`. An event of another type, of a newer
/// version or of another shape is a permanent error.
pub fn typed_handler<E, H, F>(function: H) -> impl EventHandler
where
    E: Event,
    H: Fn(E, Arc<DomainEvent>) -> F + Send + Sync,
    F: Future<Output = Result<(), HandlerError>> + Send,
{
    handler_fn(move |event: Arc<DomainEvent>| {
        let decoded = event.decode::<E>().map(|payload| function(payload, event));
        async move { decoded?.await }
    })
}
