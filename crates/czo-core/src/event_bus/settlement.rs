//! When an event can no longer be lost.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::BusError;

/// When an event can no longer be lost with this process.
///
/// It is ready with `Ok` once a broker has confirmed the event or, where the bus is memory, once
/// every group that was to get it has handled it, has given it up to its dead letters, or has
/// left. It is ready with an error when the bus gave the event up before: some groups may have
/// handled it then, and whoever keeps it hands it over again.
///
/// Dropping it changes nothing about the delivery. Once it was ready it is not to be polled again.
#[must_use = "the event may be lost until this is ready"]
pub struct Settlement {
    /// Nothing when there is nothing to wait for.
    pending: Option<Pin<Box<Pending>>>,
}

type Pending = dyn Future<Output = Result<(), BusError>> + Send;

impl Settlement {
    /// That of an event which can't be lost any more. For providers that are durable when they
    /// return.
    pub fn settled() -> Self {
        Self { pending: None }
    }

    /// That of an event which can't be lost once `future` is ready with `Ok`. For providers.
    pub fn new(future: impl Future<Output = Result<(), BusError>> + Send + 'static) -> Self {
        Self { pending: Some(Box::pin(future)) }
    }
}

impl Future for Settlement {
    type Output = Result<(), BusError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.pending {
            Some(future) => future.as_mut().poll(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settlement").field("is_pending", &self.pending.is_some()).finish()
    }
}
