//! A hook that is about to be registered.

use std::sync::Arc;
use std::time::Duration;

use czo_core::RequestContext;

use crate::action::{Action, AsyncFunction, AsyncFunctionWith, Closure, Owned};
use crate::chain::{Entry, Options, Save};
use crate::measure::Durations;
use crate::name::is_well_formed;
use crate::{
    After, Before, HookHandle, HookPoint, HookRegistry, Phase, RegisterError, SendAsyncFn2,
    SendAsyncFn3,
};

/// How long an async hook may take, if nothing else is said.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// A hook that is about to be registered: how it runs, and then what it does.
///
/// What it does is one of
///
/// - a closure that does not wait, for [`register`](Self::register);
/// - an `async fn`, or an async closure that captures nothing, for
///   [`register_async`](Self::register_async);
/// - either of these with something of its own (a client, a database), for
///   [`register_async_with`](Self::register_async_with).
#[must_use = "a hook is registered by `register`, `register_async` or `register_async_with`"]
pub struct HookBuilder<'r, P: HookPoint, K: Phase<P>> {
    registry: &'r HookRegistry,
    options: Options,
    save: Option<Save<K::Value>>,
}

impl<'r, P: HookPoint, K: Phase<P>> HookBuilder<'r, P, K> {
    pub(crate) fn new(registry: &'r HookRegistry, name: &str) -> Self {
        let options = Options {
            name: Arc::from(name),
            priority: 0,
            runs_before: Vec::new(),
            runs_after: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
        };
        Self { registry, options, save: None }
    }

    /// Runs earlier than hooks of a lower priority, unless a constraint says otherwise. The
    /// default is 0.
    pub fn priority(mut self, priority: i32) -> Self {
        self.options.priority = priority;
        self
    }

    /// Runs before the hook of this name, of the same point and phase. There need not be one yet,
    /// or ever.
    pub fn runs_before(mut self, hook: impl Into<String>) -> Self {
        self.options.runs_before.push(hook.into());
        self
    }

    /// Runs after the hook of this name, of the same point and phase. There need not be one yet,
    /// or ever.
    pub fn runs_after(mut self, hook: impl Into<String>) -> Self {
        self.options.runs_after.push(hook.into());
        self
    }

    /// How long the hook may take; [`DEFAULT_TIMEOUT`] if nothing is said. When the time is up the
    /// hook is dropped where it waits. **Limit**: code that does not wait can't be interrupted,
    /// neither in a closure nor between two `.await`s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// Registers a closure that does not wait.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]; nothing is registered then.
    pub fn register<F>(self, hook: F) -> Result<HookHandle, RegisterError>
    where
        F: Fn(&RequestContext, K::Lent<'_>) -> K::Answer + Send + Sync + 'static,
    {
        self.add(Box::new(Closure(hook)))
    }

    /// Registers an `async fn`, or an async closure that captures nothing. Its future must be
    /// `Send`.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    pub fn register_async<F>(self, hook: F) -> Result<HookHandle, RegisterError>
    where
        // The first bound tells the compiler the types of an async closure's arguments, the
        // second that its future is `Send`; neither can say both.
        F: AsyncFn(&RequestContext, K::Lent<'_>) -> K::Answer
            + for<'a> SendAsyncFn2<&'a RequestContext, K::Lent<'a>, K::Answer>
            + Send
            + Sync
            + 'static,
    {
        self.add(Box::new(AsyncFunction(hook)))
    }

    /// Registers an `async fn`, or an async closure that captures nothing, together with what it
    /// is given first at every call. Its future must be `Send`.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
    pub fn register_async_with<S, F>(self, state: S, hook: F) -> Result<HookHandle, RegisterError>
    where
        S: Send + Sync + 'static,
        F: AsyncFn(&S, &RequestContext, K::Lent<'_>) -> K::Answer
            + for<'a> SendAsyncFn3<&'a S, &'a RequestContext, K::Lent<'a>, K::Answer>
            + Send
            + Sync
            + 'static,
    {
        self.add(Box::new(AsyncFunctionWith(state, hook)))
    }

    fn add(self, action: Box<dyn Action<P, K>>) -> Result<HookHandle, RegisterError> {
        let Self { registry, options, save } = self;
        let action = Owned::new(action);
        let names = options.runs_before.iter().chain(&options.runs_after).map(String::as_str);
        for name in std::iter::once(&*options.name).chain(names) {
            if !is_well_formed(name) {
                return Err(RegisterError::Malformed { point: P::NAME, name: name.to_owned() });
            }
        }
        let point = registry.point_to_register::<P>()?;
        let name = options.name.clone();
        let entry = Arc::new(Entry { options, save, action, durations: Durations::default() });
        point.add(&entry)?;

        // Weak, so that neither the registry nor what the hook owns lives for the handle's sake.
        let (point, entry) = (Arc::downgrade(&point), Arc::downgrade(&entry));
        Ok(HookHandle::new(name, move || {
            if let Some(point) = point.upgrade() {
                point.remove(&entry);
            }
        }))
    }
}

impl<P: HookPoint> HookBuilder<'_, P, Before>
where
    P::Input: Clone,
{
    /// When the hook fails, panics or takes too long, the run goes on as if it were not there:
    /// the input is what it was before the hook. Costs a copy of the input for every run. A
    /// refusal still refuses.
    pub fn fail_open(mut self) -> Self {
        self.save = Some(P::Input::clone);
        self
    }
}

impl<P: HookPoint> HookBuilder<'_, P, After>
where
    P::Output: Clone,
{
    /// When the hook fails, panics or takes too long, the run goes on as if it were not there:
    /// the result is what it was before the hook. Costs a copy of the result for every run.
    pub fn fail_open(mut self) -> Self {
        self.save = Some(P::Output::clone);
        self
    }
}

impl<P: HookPoint, K: Phase<P>> std::fmt::Debug for HookBuilder<'_, P, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookBuilder")
            .field("point", &P::NAME)
            .field("phase", &K::PHASE)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
