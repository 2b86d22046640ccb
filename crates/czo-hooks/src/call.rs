//! One hook is called; whatever happens in it ends here.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use czo_core::RequestContext;
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use crate::action::Called;
use crate::chain::Entry;
use crate::refusal::{BoxError, Refusal};
use crate::{HookPoint, Phase};

/// How a hook did not go through.
#[derive(Debug)]
pub(crate) enum Fault {
    Refused(Box<Refusal>),
    Failed(BoxError),
    Panicked(String),
    TimedOut(Duration),
}

/// A hook that was called.
pub(crate) enum Call<'a, R> {
    Done(Result<R, Fault>),
    Waiting(Waiting<'a, R>),
}

/// A hook that goes on.
pub(crate) struct Waiting<'a, R> {
    /// Nothing once it is done.
    hook: Option<Pin<Box<dyn Future<Output = R> + Send + 'a>>>,
    timeout: Duration,
}

impl<P: HookPoint, K: Phase<P>> Entry<P, K> {
    /// Calls the hook. Panics become faults.
    pub(crate) fn call<'a>(
        &'a self,
        ctx: &'a RequestContext,
        value: &'a mut K::Value,
    ) -> Call<'a, K::Answer> {
        match caught(|| self.action.get().call(ctx, K::lend(value))) {
            Ok(Called::Done(answer)) => Call::Done(Ok(answer)),
            Ok(Called::Pending(hook)) => {
                Call::Waiting(Waiting { hook: Some(hook), timeout: self.options.timeout })
            }
            Err(panicked) => Call::Done(Err(panicked)),
        }
    }

    /// A copy of what the hook is about to change, if the hook is fail-open.
    pub(crate) fn saved(&self, value: &K::Value) -> Result<Option<K::Value>, Fault> {
        match self.save {
            Some(save) => caught(|| save(value)).map(Some),
            None => Ok(None),
        }
    }
}

impl<R> Waiting<'_, R> {
    /// Waits for the answer, for as long as the hook may take. Panics become faults.
    ///
    /// The first look needs no timer, so a hook that does not wait costs none.
    pub(crate) async fn finish(mut self) -> Result<R, Fault> {
        let timeout = self.timeout;
        let start = Instant::now();
        let mut timer = None;
        let answer = std::future::poll_fn(|cx| {
            let hook = self.hook.as_mut().expect("it is there until it is done");
            match caught(|| hook.as_mut().poll(cx)) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(answer)) => return Poll::Ready(Ok(answer)),
                Err(panicked) => return Poll::Ready(Err(panicked)),
            }
            // Unconstrained: a hook that is always ready for more has used up what this task may
            // do at a time whenever it gets here, so the timer would never be looked at.
            let timer = timer.get_or_insert_with(|| {
                let left = timeout.saturating_sub(start.elapsed());
                Box::pin(unconstrained(tokio::time::sleep(left)))
            });
            timer.as_mut().poll(cx).map(|()| Err(Fault::TimedOut(timeout)))
        })
        .await;
        // What it leaves behind may panic too.
        let hook = self.hook.take();
        match caught(|| drop(hook)) {
            Ok(()) => answer,
            Err(panicked) => {
                discard(answer);
                Err(panicked)
            }
        }
    }
}

impl<R> Drop for Waiting<'_, R> {
    /// The run was dropped while the hook waited.
    fn drop(&mut self) {
        discard(self.hook.take());
    }
}

/// Runs `work`; a panic in it is a fault.
pub(crate) fn caught<R>(work: impl FnOnce() -> R) -> Result<R, Fault> {
    // What a panic may leave half done is the value that was lent, and that is put back or given
    // up; what the hook keeps for itself is its own affair, as it is with a mutex.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = message(&*panic);
        discard(panic);
        Fault::Panicked(message)
    })
}

/// Drops what a hook made; a panic in that ends here.
pub(crate) fn discard<T>(left: T) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(left))) {
        // Dropping it might panic again, and so on.
        std::mem::forget(panic);
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a message").to_owned()
}
