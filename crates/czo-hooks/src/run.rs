//! An operation runs with its hooks.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use czo_core::RequestContext;
use tracing::Instrument;

use crate::call::{Call, Fault, caught, discard};
use crate::chain::{Chain, Entries, Point};
use crate::measure::{Outcome, Stopwatch};
use crate::phase::Change;
use crate::{HookError, HookPhase, HookPoint};

/// How many runs with hooks may be inside of each other, in one task.
pub const MAX_DEPTH: usize = 16;

tokio::task_local! {
    /// How many runs with hooks are around this one.
    static DEPTH: usize;
}

/// The hooks of one point, for the owner of the operation to keep. Cheap to clone; always those
/// that are registered now.
pub struct Hooks<P: HookPoint> {
    point: Arc<Point<P>>,
}

impl<P: HookPoint> Hooks<P> {
    pub(crate) fn new(point: Arc<Point<P>>) -> Self {
        Self { point }
    }

    /// Runs `op` on `input`, with the hooks that are registered when it is called: those before
    /// it, `op`, those after it. With no hooks it is `op(input)` and one load.
    ///
    /// The first hook before it that refuses, or fails and is not fail-open, ends the run without
    /// `op`. One after it that fails and is not fail-open makes the run fail, but what `op` did
    /// stands. Every error, of `op` or of a hook, is shown to the hooks on errors; the first that
    /// answers with a result makes the run succeed with it as it is, without the hooks after.
    /// Only a refusal can't be recovered from, and [`HookError::TooDeep`] is not shown: of the run
    /// that is too deep no hook is called.
    ///
    /// **Cancellation.** Dropping the future drops what runs at that moment; nothing further
    /// runs.
    ///
    /// **Nesting.** Hooks and `op` may run points, this one too, at most [`MAX_DEPTH`] deep. That
    /// is counted within one task: what a hook spawns begins at none again.
    ///
    /// # Errors
    ///
    /// What `op` fails with, or what [`HookPoint::Error`] makes of a [`HookError`].
    ///
    /// # Panics
    ///
    /// When an async hook has to wait outside of a tokio runtime with a timer. Panics of hooks
    /// become errors; one of `op` goes on to the caller.
    pub async fn run(
        &self,
        ctx: &RequestContext,
        input: P::Input,
        op: impl AsyncFnOnce(P::Input) -> Result<P::Output, P::Error>,
    ) -> Result<P::Output, P::Error> {
        let Some(chain) = self.point.chain.read() else { return op(input).await };
        // In a box and a function of their own, so that whoever has no hooks carries neither
        // their state nor their code around.
        let mut hooked = Box::pin(run(chain, ctx, input, op));
        poll_fn(|cx| poll_apart(hooked.as_mut(), cx)).await
    }

    /// Whether nobody has registered a hook.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.point.chain.is_occupied()
    }
}

#[inline(never)]
fn poll_apart<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    future.poll(cx)
}

async fn run<P: HookPoint>(
    chain: Arc<Chain<P>>,
    ctx: &RequestContext,
    input: P::Input,
    op: impl AsyncFnOnce(P::Input) -> Result<P::Output, P::Error>,
) -> Result<P::Output, P::Error> {
    let depth = DEPTH.try_with(|depth| *depth).unwrap_or(0);
    if depth == MAX_DEPTH {
        return Err(HookError::TooDeep { point: P::NAME, depth }.into());
    }
    let span = tracing::info_span!("run_hooks", hook.point = P::NAME);
    DEPTH.scope(depth + 1, run_with(&chain, ctx, input, op)).instrument(span).await
}

async fn run_with<P: HookPoint>(
    chain: &Chain<P>,
    ctx: &RequestContext,
    mut input: P::Input,
    op: impl AsyncFnOnce(P::Input) -> Result<P::Output, P::Error>,
) -> Result<P::Output, P::Error> {
    if let Err(error) = change(&chain.before, ctx, &mut input).await {
        let refused = matches!(error, HookError::Refused { .. });
        return recover(chain, ctx, error.into(), !refused).await;
    }
    let mut output = match op(input).await {
        Ok(output) => output,
        Err(error) => return recover(chain, ctx, error, true).await,
    };
    match change(&chain.after, ctx, &mut output).await {
        Ok(()) => Ok(output),
        Err(error) => recover(chain, ctx, error.into(), true).await,
    }
}

/// Lets the hooks change `value`, one after the other.
async fn change<P: HookPoint, K: Change<P>>(
    hooks: &Entries<P, K>,
    ctx: &RequestContext,
    value: &mut K::Value,
) -> Result<(), HookError> {
    if hooks.is_empty() {
        return Ok(());
    }
    let mut watch = Stopwatch::start();
    for hook in hooks {
        let (saved, answer) = match hook.saved(value) {
            Ok(saved) => match hook.call(ctx, value) {
                Call::Done(answer) => (saved, answer),
                Call::Waiting(hook) => (saved, hook.finish().await),
            },
            // It did not even start, so nothing is to be put back.
            Err(fault) => (None, Err(fault)),
        };
        let result = answer.and_then(K::verdict);
        watch.lap(hook, Outcome::of(&result));
        let Err(fault) = result else { continue };
        let refused = matches!(fault, Fault::Refused(_));
        let error = HookError::new(P::NAME, hook.options.name.clone(), K::PHASE, fault);
        if refused || hook.save.is_none() {
            return Err(error);
        }
        if let Some(saved) = saved {
            *value = saved;
        }
        let error = told(error);
        tracing::warn!(error, "a fail-open hook was passed over");
    }
    Ok(())
}

/// The text of an error that goes no further. What a hook failed with is the hook's code too.
fn told(error: HookError) -> String {
    let text = caught(|| czo_core::describe(&error)).unwrap_or_else(|_| error.to_string());
    discard(error);
    text
}

/// Shows `error` to the hooks, until one has a result instead.
async fn recover<P: HookPoint>(
    chain: &Chain<P>,
    ctx: &RequestContext,
    mut error: P::Error,
    recoverable: bool,
) -> Result<P::Output, P::Error> {
    if chain.on_error.is_empty() {
        return Err(error);
    }
    let mut watch = Stopwatch::start();
    for hook in &chain.on_error {
        let result = match hook.call(ctx, &mut error) {
            Call::Done(answer) => answer,
            Call::Waiting(hook) => hook.finish().await,
        };
        watch.lap(hook, Outcome::of(&result));
        match result {
            Ok(Some(output)) if recoverable => {
                discard(error);
                return Ok(output);
            }
            Ok(unused) => discard(unused),
            Err(fault) => {
                let (name, phase) = (hook.options.name.clone(), HookPhase::OnError);
                let failed = HookError::new(P::NAME, name, phase, fault);
                let failed = told(failed);
                tracing::warn!(error = failed, "the first error stays");
            }
        }
    }
    Err(error)
}

impl<P: HookPoint> Clone for Hooks<P> {
    fn clone(&self) -> Self {
        Self { point: self.point.clone() }
    }
}

impl<P: HookPoint> fmt::Debug for Hooks<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hooks").field(&self.point).finish()
    }
}
