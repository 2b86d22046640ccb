//! What the emitter promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod later;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use czo_core::{HandlerError, Subscription};
use czo_events::EventEmitter;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

struct Pinged(usize);

struct Ponged;

/// What handlers wrote down, in their order.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap().push(note.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// A handler that writes down its name and the number.
    fn listen(&self, emitter: &EventEmitter, name: &'static str) -> Subscription {
        let notes = self.clone();
        emitter.on(move |event: Arc<Pinged>| {
            let notes = notes.clone();
            async move {
                tokio::task::yield_now().await;
                notes.add(format!("{name} {}", event.0));
                Ok(())
            }
        })
    }
}

#[tokio::test]
async fn handlers_of_the_type_are_called_in_the_order_of_registration() {
    let (emitter, notes) = (EventEmitter::new(), Notes::default());
    let _subscriptions = ["a", "b", "c"].map(|name| notes.listen(&emitter, name));
    let report = emitter.emit(Pinged(1)).await;
    assert!(report.is_ok());
    assert_eq!(report.handled, 3);
    assert_eq!(notes.take(), ["a 1", "b 1", "c 1"]);
    assert_eq!(emitter.emit(Ponged).await.handled, 0);
    assert!(notes.take().is_empty());
}

#[tokio::test]
async fn one_that_fails_or_panics_stops_no_other_and_all_errors_are_reported() {
    let (emitter, notes) = (EventEmitter::new(), Notes::default());
    let _fails =
        emitter.on(|_: Arc<Pinged>| async { Err(HandlerError::permanent("first failure")) });
    let _panics = emitter.on(|_: Arc<Pinged>| async { panic!("in the future") });
    let _panics_at_once = emitter.on(|event: Arc<Pinged>| {
        assert!(event.0 != 1, "before the future");
        async { Ok(()) }
    });
    let _sync = emitter.on_sync(|_: &Pinged| panic!("without a future"));
    let _last = notes.listen(&emitter, "last");
    for at_once in [false, true] {
        let report = if at_once {
            emitter.emit_concurrently(Pinged(1)).await
        } else {
            emitter.emit(Pinged(1)).await
        };
        assert_eq!(report.handled, 5);
        let errors: Vec<_> = report.errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            [
                "first failure",
                "the handler panicked: in the future",
                "the handler panicked: before the future",
                "the handler panicked: without a future",
            ]
        );
        assert_eq!(notes.take(), ["last 1"]);
    }
}

#[tokio::test]
async fn concurrent_handlers_run_at_once() {
    let (emitter, both) = (EventEmitter::new(), Arc::new(Barrier::new(2)));
    let listen = || {
        let both = both.clone();
        emitter.on(move |_: Arc<Pinged>| {
            let both = both.clone();
            async move {
                both.wait().await;
                Ok(())
            }
        })
    };
    let _subscriptions = (listen(), listen());
    assert_eq!(emitter.emit_concurrently(Pinged(1)).await.handled, 2);
}

#[tokio::test]
async fn once_is_called_once_however_many_are_emitted_at_once() {
    let (emitter, called) = (EventEmitter::new(), Arc::new(AtomicUsize::new(0)));
    let counter = called.clone();
    let _subscription = emitter.once(move |_: Arc<Pinged>| {
        counter.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::task::yield_now().await;
            Ok(())
        }
    });
    let mut emitting = JoinSet::new();
    for number in 0..10 {
        let emitter = emitter.clone();
        emitting.spawn(async move { emitter.emit(Pinged(number)).await.handled });
    }
    assert_eq!(emitting.join_all().await.into_iter().sum::<usize>(), 1);
    assert_eq!(called.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_cancelled_a_dropped_and_an_off_subscription_are_called_no_more() {
    let (emitter, notes) = (EventEmitter::new(), Notes::default());
    notes.listen(&emitter, "cancelled").cancel();
    drop(notes.listen(&emitter, "dropped"));
    notes.listen(&emitter, "kept").detach();
    assert_eq!(emitter.emit(Pinged(1)).await.handled, 1);
    assert_eq!(notes.take(), ["kept 1"]);
    emitter.off::<Pinged>();
    emitter.off::<Ponged>();
    assert_eq!(emitter.emit(Pinged(2)).await.handled, 0);
}

#[tokio::test]
async fn one_that_is_cancelled_while_an_event_is_emitted_is_not_called_for_it() {
    let (emitter, notes) = (EventEmitter::new(), Notes::default());
    let second = Arc::new(Mutex::new(None::<Subscription>));
    let cancels = second.clone();
    let _first = emitter.on(move |_: Arc<Pinged>| {
        cancels.lock().unwrap().take();
        async { Ok(()) }
    });
    *second.lock().unwrap() = Some(notes.listen(&emitter, "second"));
    assert_eq!(emitter.emit(Pinged(1)).await.handled, 1);
    assert!(notes.take().is_empty());
}

#[tokio::test]
async fn a_handler_may_cancel_itself_register_others_and_emit() {
    let (emitter, notes) = (EventEmitter::new(), Notes::default());
    let own = Arc::new(Mutex::new(None::<Subscription>));
    let (itself, again, inner) = (own.clone(), emitter.clone(), notes.clone());
    *own.lock().unwrap() = Some(emitter.on(move |event: Arc<Pinged>| {
        drop(itself.lock().unwrap().take());
        let (again, inner) = (again.clone(), inner.clone());
        async move {
            inner.listen(&again, "inner").detach();
            assert_eq!(again.emit(Pinged(event.0 + 1)).await.handled, 1);
            Ok(())
        }
    }));
    assert!(emitter.emit(Pinged(1)).await.is_ok());
    assert!(emitter.emit(Pinged(5)).await.is_ok());
    assert_eq!(notes.take(), ["inner 2", "inner 5"]);
}

#[tokio::test]
async fn emit_async_does_not_make_the_caller_wait() {
    let (emitter, gate) = (EventEmitter::new(), Arc::new(tokio::sync::Semaphore::new(0)));
    let held = gate.clone();
    let _subscription = emitter.on(move |_: Arc<Pinged>| {
        let held = held.clone();
        async move {
            held.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    let report = emitter.emit_async(Pinged(1));
    assert!(!report.is_finished());
    gate.add_permits(1);
    assert_eq!(report.await.unwrap().handled, 1);
}

#[tokio::test]
async fn a_subscription_may_outlive_its_emitter() {
    let emitter = EventEmitter::new();
    let held = Arc::new(());
    let kept = held.clone();
    let subscription = emitter.on(move |_: Arc<Pinged>| {
        let _kept = &kept;
        async { Ok(()) }
    });
    drop(emitter);
    assert_eq!(Arc::strong_count(&held), 1, "the handler is gone with the emitter");
    subscription.cancel();
}

#[tokio::test]
async fn ten_thousand_handlers_come_and_go() {
    let (emitter, called) = (EventEmitter::new(), Arc::new(AtomicUsize::new(0)));
    let mut subscriptions: Vec<_> = (0..10_000)
        .map(|_| {
            let called = called.clone();
            emitter.on_sync(move |_: &Pinged| {
                called.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
        })
        .collect();
    assert_eq!(emitter.emit(Pinged(1)).await.handled, 10_000);
    subscriptions.truncate(10);
    assert_eq!(emitter.emit(Pinged(1)).await.handled, 10);
    assert_eq!(called.load(Ordering::SeqCst), 10_010);
}

#[test]
fn an_emitter_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<EventEmitter>();
}
