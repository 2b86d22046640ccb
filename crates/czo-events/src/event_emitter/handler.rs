//! What is called for an event.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use czo_core::HandlerError;
use stackfuture::StackFuture;

use crate::attempt::panic_message;

/// A handler's future of up to so many bytes is kept in place, a larger one in a box.
const IN_PLACE: usize = 96;

pub(super) type Outcome = Result<(), HandlerError>;

pub(crate) type HandlerFuture = StackFuture<'static, Outcome, IN_PLACE>;

/// What is called for an `E`. Whatever it does, it neither panics nor fails to answer.
pub(crate) trait Handler<E>: Send + Sync {
    fn call(&self, event: &Arc<E>) -> Call;
}

/// A call that has begun.
pub(crate) enum Call {
    Done(Outcome),
    UnderWay(HandlerFuture),
}

impl Call {
    pub(super) async fn outcome(self) -> Outcome {
        match self {
            Self::Done(outcome) => outcome,
            Self::UnderWay(future) => caught(future).await,
        }
    }
}

/// What a handler says; that it panicked, if it did. Its end is its own affair too.
#[inline]
pub(super) async fn caught(future: HandlerFuture) -> Outcome {
    let mut slot = pin!(Some(future));
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| {
            let Some(future) = slot.as_mut().as_pin_mut() else { return Poll::Pending };
            let outcome = ready!(future.poll(cx));
            slot.set(None);
            Poll::Ready(outcome)
        }))
        .unwrap_or_else(|panic| {
            // A second panic of the same handler changes nothing.
            let _ = catch_unwind(AssertUnwindSafe(|| slot.set(None)));
            Poll::Ready(panicked(&*panic))
        })
    })
    .await
}

fn panicked(panic: &(dyn Any + Send)) -> Outcome {
    Err(HandlerError::retryable(panic_message(panic)))
}

pub(super) struct AsyncHandler<H>(pub(super) H);

impl<E, H, F> Handler<E> for AsyncHandler<H>
where
    E: Send + Sync + 'static,
    H: Fn(Arc<E>) -> F + Send + Sync,
    F: Future<Output = Outcome> + Send + 'static,
{
    fn call(&self, event: &Arc<E>) -> Call {
        match catch_unwind(AssertUnwindSafe(|| (self.0)(event.clone()))) {
            Ok(future) => Call::UnderWay(StackFuture::from_or_box(future)),
            Err(panic) => Call::Done(panicked(&*panic)),
        }
    }
}

pub(super) struct SyncHandler<H>(pub(super) H);

impl<E, H> Handler<E> for SyncHandler<H>
where
    E: Send + Sync,
    H: Fn(&E) -> Outcome + Send + Sync,
{
    fn call(&self, event: &Arc<E>) -> Call {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.0)(event)));
        Call::Done(outcome.unwrap_or_else(|panic| panicked(&*panic)))
    }
}
