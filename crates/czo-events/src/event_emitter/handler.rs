//! What is called for an event.

use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use czo_core::HandlerError;

use crate::worker::panic_message;

/// What is called for an `E`. Whatever it does, it neither panics nor fails to answer.
pub(crate) trait Handler<E>: Send + Sync {
    fn call(&self, event: &Arc<E>) -> Call;
}

/// A call that has begun.
pub(crate) enum Call {
    Done(Ready<Result<(), HandlerError>>),
    UnderWay(Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>),
}

impl Future for Call {
    type Output = Result<(), HandlerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Done(outcome) => Pin::new(outcome).poll(cx),
            Self::UnderWay(future) => catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)))
                .unwrap_or_else(|panic| Poll::Ready(Err(panicked(&*panic)))),
        }
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> HandlerError {
    HandlerError::retryable(panic_message(panic))
}

pub(crate) struct AsyncHandler<H>(pub(crate) H);

impl<E, H, F> Handler<E> for AsyncHandler<H>
where
    H: Fn(Arc<E>) -> F + Send + Sync,
    F: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    fn call(&self, event: &Arc<E>) -> Call {
        match catch_unwind(AssertUnwindSafe(|| (self.0)(event.clone()))) {
            Ok(future) => Call::UnderWay(Box::pin(future)),
            Err(panic) => Call::Done(ready(Err(panicked(&*panic)))),
        }
    }
}

pub(crate) struct SyncHandler<H>(pub(crate) H);

impl<E, H> Handler<E> for SyncHandler<H>
where
    H: Fn(&E) -> Result<(), HandlerError> + Send + Sync,
{
    fn call(&self, event: &Arc<E>) -> Call {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.0)(event)));
        Call::Done(ready(outcome.unwrap_or_else(|panic| Err(panicked(&*panic)))))
    }
}
