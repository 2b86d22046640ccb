//! Typed events within one process.

mod handler;
mod later;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use czo_core::{HandlerError, JobQueue, Subscription};
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use self::handler::{AsyncHandler, Call, Handler, SyncHandler, caught};
pub use self::later::{EmitOptions, Emitted};
use crate::listeners::{Listener, Listeners};

/// Tells handlers in this process of typed events, and waits for them. Clones are the same
/// emitter.
///
/// Any type can be an event. Handlers are called in the order they were registered, each with
/// the same `Arc` of the event. One that fails or panics stops no other, and every failure is
/// reported to whoever emits. Nothing is stored, tried again or sent elsewhere, but for
/// [`emit_async_with`](Self::emit_async_with) and a queue: that is what an event bus is for.
///
/// **Cancellation.** Dropping the future of [`emit`](Self::emit) drops the handler that runs, and
/// calls no further one.
///
/// **Threads.** Everything may be called at any time from any thread, from within handlers too. A
/// handler that is registered while an event is emitted may or may not get that one. Emitting
/// takes no lock, unless somebody came or went since the last time.
///
/// ```
/// use std::sync::Arc;
///
/// use czo_events::EventEmitter;
///
/// struct CartEmptied {
///     cart: u32,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let emitter = EventEmitter::new();
/// let subscription = emitter.on(|event: Arc<CartEmptied>| async move {
///     println!("cart {} is empty", event.cart);
///     Ok(())
/// });
///
/// let report = emitter.emit(CartEmptied { cart: 7 }).await;
/// assert_eq!((report.handled, report.errors.len()), (1, 0));
///
/// subscription.cancel();
/// assert_eq!(emitter.emit(CartEmptied { cart: 8 }).await.handled, 0);
/// # });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct EventEmitter {
    shared: Arc<Shared>,
    /// Where what is emitted later goes.
    queue: Option<Arc<dyn JobQueue>>,
}

/// The listeners of each type, as `Arc<ListenersOf<E>>`.
type Types = HashMap<TypeId, Arc<dyn Any + Send + Sync>, BuildHasherDefault<IsHash>>;

type ListenersOf<E> = Listeners<dyn Handler<E>>;

type Current<E> = Arc<Vec<Arc<Listener<dyn Handler<E>>>>>;

#[derive(Default)]
struct Shared {
    types: ArcSwap<Types>,
    /// Held while a type is added.
    adding: Mutex<()>,
}

/// What came of an event.
#[derive(Debug, Default)]
#[must_use = "the failures of handlers are reported here and nowhere else"]
#[non_exhaustive]
pub struct EmitReport {
    /// How many handlers were called.
    pub handled: usize,
    /// What those said that failed, in the order of registration.
    pub errors: Vec<HandlerError>,
}

impl EmitReport {
    /// Whether every handler went well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.errors.is_empty()
    }

    fn add(&mut self, outcome: Result<(), HandlerError>) {
        self.handled += 1;
        if let Err(error) = outcome {
            self.errors.push(error);
        }
    }
}

impl EventEmitter {
    /// An emitter that nobody listens to.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `handler` for every `E`, until the subscription is dropped or cancelled; once that
    /// returns, no further call begins.
    pub fn on<E, H, F>(&self, handler: H) -> Subscription
    where
        E: Send + Sync + 'static,
        H: Fn(Arc<E>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.add(Box::new(AsyncHandler(handler)), false)
    }

    /// As [`on`](Self::on), for a handler that has nothing to wait for.
    pub fn on_sync<E, H>(&self, handler: H) -> Subscription
    where
        E: Send + Sync + 'static,
        H: Fn(&E) -> Result<(), HandlerError> + Send + Sync + 'static,
    {
        self.add(Box::new(SyncHandler(handler)), false)
    }

    /// Calls `handler` for the next `E` only, however many are emitted at once.
    pub fn once<E, H, F>(&self, handler: H) -> Subscription
    where
        E: Send + Sync + 'static,
        H: Fn(Arc<E>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.add(Box::new(AsyncHandler(handler)), true)
    }

    /// Ends every subscription to `E`.
    pub fn off<E: Send + Sync + 'static>(&self) {
        if let Some(listeners) = self.known::<E>() {
            listeners.clear();
        }
    }

    /// Calls the handlers of `E`, one after the other.
    pub async fn emit<E: Send + Sync + 'static>(&self, event: E) -> EmitReport {
        let mut report = EmitReport::default();
        let Some(current) = self.current::<E>() else { return report };
        if current.is_empty() {
            return report;
        }
        let event = Arc::new(event);
        for listener in current.iter().filter(|listener| listener.is_called()) {
            if listener.is_once() {
                self.forget::<E>();
            }
            // Not by `Call::outcome`: what is done is not to wait for a future.
            let outcome = match listener.handler.call(&event) {
                Call::Done(outcome) => outcome,
                Call::UnderWay(future) => caught(future).await,
            };
            report.add(outcome);
        }
        report
    }

    /// As [`emit`](Self::emit), of an event that others have too.
    async fn emit_shared<E: Send + Sync + 'static>(&self, event: &Arc<E>) -> EmitReport {
        let mut report = EmitReport::default();
        let Some(current) = self.current::<E>() else { return report };
        for listener in current.iter().filter(|listener| listener.is_called()) {
            if listener.is_once() {
                self.forget::<E>();
            }
            report.add(listener.handler.call(event).outcome().await);
        }
        report
    }

    /// Calls the handlers of `E`, all at once, in this task.
    pub async fn emit_concurrently<E: Send + Sync + 'static>(&self, event: E) -> EmitReport {
        let mut report = EmitReport::default();
        let Some(current) = self.current::<E>() else { return report };
        let event = Arc::new(event);
        let called = current.iter().filter(|listener| listener.is_called());
        let calls: Vec<_> =
            called.map(|listener| listener.handler.call(&event).outcome()).collect();
        if current.iter().any(|listener| listener.is_once()) {
            self.forget::<E>();
        }
        join_all(calls).await.into_iter().for_each(|outcome| report.add(outcome));
        report
    }

    /// As [`emit`](Self::emit), in a task of its own: whoever emits need not wait, and may drop
    /// the handle. [`emit_async_with`](Self::emit_async_with) has options. Panics outside of a tokio
    /// runtime.
    pub fn emit_async<E: Send + Sync + 'static>(&self, event: E) -> JoinHandle<EmitReport> {
        let emitter = self.clone();
        tokio::spawn(async move { emitter.emit(event).await })
    }

    fn add<E: Send + Sync + 'static>(
        &self,
        handler: Box<dyn Handler<E>>,
        once: bool,
    ) -> Subscription {
        let listeners = self.known_or_added::<E>();
        let listener = Arc::downgrade(&listeners.add(handler, once));
        // Weak: a subscription must not keep alive what outlives it.
        let listeners = Arc::downgrade(&listeners);
        Subscription::new(move || {
            if let (Some(listeners), Some(listener)) = (listeners.upgrade(), listener.upgrade()) {
                listeners.remove(&listener);
            }
        })
    }

    /// Those who listen to `E` now.
    fn current<E: Send + Sync + 'static>(&self) -> Option<Current<E>> {
        let types = self.shared.types.load();
        let listeners = types.get(&TypeId::of::<E>())?.downcast_ref::<ListenersOf<E>>()?;
        Some(listeners.current())
    }

    /// Takes out those who listened once and were called.
    fn forget<E: Send + Sync + 'static>(&self) {
        if let Some(listeners) = self.known::<E>() {
            listeners.forget();
        }
    }

    fn known<E: Send + Sync + 'static>(&self) -> Option<Arc<ListenersOf<E>>> {
        let listeners = self.shared.types.load().get(&TypeId::of::<E>())?.clone();
        listeners.downcast().ok()
    }

    fn known_or_added<E: Send + Sync + 'static>(&self) -> Arc<ListenersOf<E>> {
        let _adding = self.shared.adding.lock().unwrap_or_else(PoisonError::into_inner);
        self.known().unwrap_or_else(|| {
            let listeners = Arc::<ListenersOf<E>>::default();
            let mut types = Types::clone(&self.shared.types.load());
            types.insert(TypeId::of::<E>(), listeners.clone());
            self.shared.types.store(Arc::new(types));
            listeners
        })
    }
}

impl fmt::Debug for EventEmitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventEmitter").field("types", &self.shared.types.load().len()).finish()
    }
}

/// A `TypeId` is a hash already.
#[derive(Default)]
struct IsHash(u64);

impl Hasher for IsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
