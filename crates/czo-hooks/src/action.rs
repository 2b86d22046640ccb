//! What a hook does, whatever it was made of.

use std::future::Future;
use std::pin::Pin;

use czo_core::RequestContext;

use crate::call::discard;
use crate::{HookPoint, Phase};

/// What a hook does. Held as `dyn`: each is of another type.
pub(crate) trait Action<P: HookPoint, K: Phase<P>>: Send + Sync {
    /// Starts it.
    fn call<'a>(&'a self, ctx: &'a RequestContext, lent: K::Lent<'a>) -> Called<'a, K::Answer>;
}

/// What a hook does, and owns. Where dropping that panics, the panic ends here: whoever drops it
/// may be any run, if it was the last that had the hook.
pub(crate) struct Owned<P: HookPoint, K: Phase<P>>(Option<Box<dyn Action<P, K>>>);

impl<P: HookPoint, K: Phase<P>> Owned<P, K> {
    pub(crate) fn new(action: Box<dyn Action<P, K>>) -> Self {
        Self(Some(action))
    }

    pub(crate) fn get(&self) -> &dyn Action<P, K> {
        self.0.as_deref().expect("only dropping takes it")
    }
}

impl<P: HookPoint, K: Phase<P>> Drop for Owned<P, K> {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}

/// What starting a hook led to.
pub(crate) enum Called<'a, R> {
    /// It is done.
    Done(R),
    /// It goes on.
    Pending(Pin<Box<dyn Future<Output = R> + Send + 'a>>),
}

/// An async function of two arguments whose future is `Send`: every `async fn`, and every async
/// closure that captures nothing. Nobody implements it by hand.
#[diagnostic::on_unimplemented(
    message = "this is not an async function of these arguments whose future is `Send`",
    note = "an async closure may not capture anything: hand it in with `register_async_with`"
)]
pub trait SendAsyncFn2<A, B, R>: Fn(A, B) -> Self::Future {
    /// What it returns.
    type Future: Future<Output = R> + Send;
}

impl<A, B, R, F, T> SendAsyncFn2<A, B, R> for F
where
    F: Fn(A, B) -> T,
    T: Future<Output = R> + Send,
{
    type Future = T;
}

/// As [`SendAsyncFn2`], of three arguments.
#[diagnostic::on_unimplemented(
    message = "this is not an async function of these arguments whose future is `Send`",
    note = "an async closure may not capture anything: put it into the state that is handed in"
)]
pub trait SendAsyncFn3<A, B, C, R>: Fn(A, B, C) -> Self::Future {
    /// What it returns.
    type Future: Future<Output = R> + Send;
}

impl<A, B, C, R, F, T> SendAsyncFn3<A, B, C, R> for F
where
    F: Fn(A, B, C) -> T,
    T: Future<Output = R> + Send,
{
    type Future = T;
}

/// A closure that does not wait.
pub(crate) struct Closure<F>(pub(crate) F);

/// An async function.
pub(crate) struct AsyncFunction<F>(pub(crate) F);

/// An async function of something that the hook owns.
pub(crate) struct AsyncFunctionWith<S, F>(pub(crate) S, pub(crate) F);

impl<P, K, F> Action<P, K> for Closure<F>
where
    P: HookPoint,
    K: Phase<P>,
    F: Fn(&RequestContext, K::Lent<'_>) -> K::Answer + Send + Sync,
{
    fn call<'a>(&'a self, ctx: &'a RequestContext, lent: K::Lent<'a>) -> Called<'a, K::Answer> {
        Called::Done((self.0)(ctx, lent))
    }
}

impl<P, K, F> Action<P, K> for AsyncFunction<F>
where
    P: HookPoint,
    K: Phase<P>,
    F: for<'a> SendAsyncFn2<&'a RequestContext, K::Lent<'a>, K::Answer> + Send + Sync + 'static,
{
    fn call<'a>(&'a self, ctx: &'a RequestContext, lent: K::Lent<'a>) -> Called<'a, K::Answer> {
        Called::Pending(Box::pin((self.0)(ctx, lent)))
    }
}

impl<P, K, S, F> Action<P, K> for AsyncFunctionWith<S, F>
where
    P: HookPoint,
    K: Phase<P>,
    S: Send + Sync + 'static,
    F: for<'a> SendAsyncFn3<&'a S, &'a RequestContext, K::Lent<'a>, K::Answer>
        + Send
        + Sync
        + 'static,
{
    fn call<'a>(&'a self, ctx: &'a RequestContext, lent: K::Lent<'a>) -> Called<'a, K::Answer> {
        Called::Pending(Box::pin((self.1)(&self.0, ctx, lent)))
    }
}
